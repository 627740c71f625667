"""Blocks on workers of dask: the bits of one machine, whatever becomes of the workers."""

import contextlib
import gc
import os
import signal
import warnings
from dataclasses import replace

import numpy as np
import pytest

from sdengine.errors import SDError
from sdengine.kernel import compile_model
from sdensemble.ensemble import cluster
from sdensemble.ensemble.blocks import Threads, Work, block
from sdensemble.ensemble.cluster import Cluster, Parcel, kernel_of
from sdensemble.ensemble.draws import draw
from sdensemble.ensemble.kept import Kept

pytestmark = pytest.mark.filterwarnings("ignore")  # dask leaves sockets open for a while
KEEP = {"teacup temperature": "end", "heat loss to room": "annual"}


@pytest.fixture(autouse=True)
def tidy():
    """Collect what dask leaves while its warnings are no errors."""
    yield
    gc.collect()


@pytest.fixture(scope="module")
def work(cup):
    draws = draw(cup.priors(), cup.model, 1024, seed=7)
    return Work(cup.model, cup.scenarios, draws, None, KEEP, range(30), 8, 16)


@pytest.fixture(scope="module")
def workers(tmp_path_factory):
    dask = pytest.importorskip("dask", reason="dask is not installed")
    distributed = pytest.importorskip("distributed", reason="dask is not installed")
    place = str(tmp_path_factory.mktemp("dask"))
    with (
        dask.config.set({"temporary-directory": place}),
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=None, silence_logs=50
        ) as made,
    ):
        yield made
    with warnings.catch_warnings():  # no test is running any more whose filter would hold
        warnings.simplefilter("ignore")
        gc.collect()


def collect(runner, kernel, work, midway=lambda number: None):
    found = {}
    for number, (index, values) in enumerate(runner.run(kernel, work, range(len(work)))):
        found[index] = values
        midway(number)
    return found


def same(one, other):
    return sorted(one) == sorted(other) and all(
        np.array_equal(values, other[index][name])
        for index, block in one.items()
        for name, values in block.items()
    )


def test_blocks_of_a_cluster_are_those_of_one_machine(kernel, work):
    distributed = pytest.importorskip("distributed", reason="dask is not installed")
    how = {"processes": False, "dashboard_address": None, "silence_logs": 50}
    with (
        distributed.LocalCluster(n_workers=1, threads_per_worker=1, **how) as made,
        contextlib.closing(Cluster(made.scheduler_address)) as by,  # else it is everybody's
    ):
        found = collect(by, kernel, work)
    assert same(found, collect(Threads(2), kernel, work))


@pytest.mark.full
def test_workers_killed_in_the_middle_and_come_late_give_the_bits_of_one_machine(
    kernel, work, workers, tmp_path
):
    pids = [worker.pid for worker in workers.workers.values()]

    def midway(number):
        if number == 4:
            os.kill(pids[0], signal.SIGKILL)
        if number == 20:
            workers.scale(3)
        if number == 40:
            os.kill(pids[1], signal.SIGKILL)

    # The parcel is on the way to one worker when it dies: the scheduler makes it again.
    by = Kept(Cluster(workers.scheduler_address), tmp_path, "a", patience=0)
    found = collect(by, kernel, work, midway)
    assert same(found, collect(Threads(2), kernel, work))
    assert len(list(tmp_path.glob(".a.unfinished/*/*"))) == 64
    by.done()
    assert list(tmp_path.iterdir()) == []


def test_a_parcel_has_the_senders_rounding_on_another_processor(cup, kernel, work, monkeypatch):
    monkeypatch.setattr(cluster, "_kernels", {})
    other = replace(kernel.made_for, fused=not kernel.made_for.fused)
    theirs = compile_model(cup.model, rounds_as=other)
    parcel = Parcel(work, "theirs", theirs.lanes, False, other, cluster.versions())
    assert kernel_of(parcel).made_for.fused is other.fused
    assert same({0: block(kernel_of(parcel), work, 0)}, {0: block(theirs, work, 0)})
    few = Parcel(work, "few", kernel.lanes, True, kernel.made_for, cluster.versions())
    assert kernel_of(few).program.kept is not None
    assert same({3: block(kernel_of(few), work, 3)}, {3: block(kernel, work, 3)})


def test_a_worker_of_another_version_is_refused(kernel, work, monkeypatch):
    monkeypatch.setattr(cluster, "_kernels", {})
    versions = ("sdensemble 0.0", *cluster.versions()[1:])
    with pytest.raises(SDError, match=r"this machine sdensemble 0\.0, .* last digits may differ"):
        kernel_of(Parcel(work, "old", kernel.lanes, False, kernel.made_for, versions))


@pytest.mark.parametrize(
    ("address", "what"),
    [
        ("local:", "write local:8"),
        ("local:no", "write local:8"),
        pytest.param("tcp://127.0.0.1:9", "no sched", marks=pytest.mark.full),
    ],
)
def test_a_cluster_that_is_none_is_told(kernel, work, address, what, monkeypatch):
    pytest.importorskip("distributed", reason="dask is not installed")
    monkeypatch.setattr(cluster, "TIMEOUT", "1s")
    with pytest.raises(SDError, match=what):
        collect(Cluster(address), kernel, work)
