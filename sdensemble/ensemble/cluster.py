"""Blocks on many machines: dask sends them, this module says what a block is over there.

A worker has the package installed and compiles the kernel for its own processor, with the lanes
and the rounding of the machine that asks: the bits are the same. dask sees to everything else: a
block whose worker dies is run by another, workers that come late get their share.
"""

from __future__ import annotations

import contextlib
import platform
import signal
import tempfile
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sdengine.errors import SDError
from sdengine.kernel import Kernel, compile_model
from sdengine.native.jit import compiler, processor
from sdengine.native.llvm import Processor
from sdensemble import __version__
from sdensemble.ensemble.blocks import Count, Values, Work, block, in_turn

LOCAL = "local:"
AHEAD = 4
"""Blocks on the way for each thread of the workers: enough that none waits for the next."""
TIMEOUT = "10s"
"""How long a scheduler may take to answer."""
RETRIES = 20
"""Workers that may die with a block before it is held to be the block's fault."""


@dataclass(frozen=True, eq=False)
class Parcel:
    """What a worker needs of an ensemble: the work, and how its kernel is compiled."""

    work: Work
    key: str
    lanes: int
    few: bool
    made_for: Processor
    versions: tuple[str, ...]


def versions() -> tuple[str, ...]:
    """Return what must agree between machines for their bits to: package, compiler, machine."""
    return (f"sdensemble {__version__}", f"llvmlite {compiler()}", platform.machine())


_kernels: dict[str, Kernel] = {}


def kernel_of(parcel: Parcel) -> Kernel:
    """Return a worker's own kernel of a parcel, compiled once: its bits are the sender's.

    Raises SDError where the worker has another version or machine.
    """
    if parcel.key not in _kernels:
        if versions() != parcel.versions:
            told = "worker {name} has {own}, this machine {here}: their last digits may differ"
            own, here = ", ".join(versions()), ", ".join(parcel.versions)
            raise SDError(told, name=platform.node(), own=own, here=here)
        # Only a fused multiply-add changes bits; the rest is the worker's own best.
        made_for = replace(processor(), fused=parcel.made_for.fused)
        kernel = compile_model(parcel.work.model, lanes=parcel.lanes, rounds_as=made_for)
        _kernels[parcel.key] = kernel.only(parcel.work.keep) if parcel.few else kernel
    return _kernels[parcel.key]


def run_block(parcel: Parcel, index: int) -> Values:
    """Return a block of a parcel's ensemble, on a worker."""
    return block(kernel_of(parcel), parcel.work, index)


def _same(parcel: Parcel) -> Parcel:
    return parcel


class Cluster:
    """Workers of dask: ``local:8``, eight processes of this machine, or a scheduler's address.

    They are called when the first block is run, and let go by ``close``.
    """

    def __init__(self, address: str):
        self.address, self.held = address, contextlib.ExitStack()
        self.client: Any = None

    def run(
        self, kernel: Kernel, work: Work, indexes: Sequence[int], count: Count | None = None
    ) -> Iterator[tuple[int, Values]]:
        """Yield blocks as workers finish them. Raises SDError where there is no such cluster."""
        if not indexes:
            return
        if self.client is None:
            self.client = _client(self.address, self.held)
        from distributed import wait

        client, few = self.client, kernel.program.kept is not None
        made = (kernel.lanes, few, kernel.made_for, versions())
        # A task of its own, not data lent to some workers: when they die it is made again.
        sent = replace(work, into=None)
        parcel = client.submit(_same, Parcel(sent, work.key(kernel), *made), pure=False)
        threads = max(sum(client.nthreads().values()), 1)

        def submit(index: int) -> Any:
            return client.submit(run_block, parcel, index, pure=False)

        def first_done(futures: Sequence[Any]) -> Sequence[Any]:
            return list(wait(futures, return_when="FIRST_COMPLETED").done)

        for index, values in in_turn(submit, indexes, AHEAD * threads, first_done):
            if count:
                count(work.runs(index))
            yield index, values

    def close(self) -> None:
        """Let the workers go; those of this machine end."""
        self.client = None
        self.held.close()


def _client(address: str, held: contextlib.ExitStack) -> Any:
    """Return a client of the cluster; ``held`` ends it, and a cluster of this machine."""
    try:
        import dask
        from distributed import Client, LocalCluster
    except ImportError:
        told = "--cluster needs dask: pip install '.[cluster]'"
        raise SDError(told) from None
    # Not the current folder: dask would leave its scratch space there.
    place = held.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True))
    settings = {
        "temporary-directory": place,
        "distributed.scheduler.allowed-failures": RETRIES,
        "distributed.comm.timeouts.connect": TIMEOUT,
    }
    held.enter_context(dask.config.set(settings))
    if not address.startswith(LOCAL):
        try:
            return held.enter_context(Client(address, timeout=TIMEOUT))
        except (OSError, ValueError):
            told = "--cluster {address}: no scheduler of dask answers there"
            raise SDError(told, address=address) from None
    workers = address.removeprefix(LOCAL)
    if not workers.isdigit() or not int(workers):
        told = '--cluster "{address}": write local:8, or the address of a scheduler, tcp://…'
        raise SDError(told, address=address)
    how: dict[str, Any] = {"dashboard_address": None, "silence_logs": 50, "processes": True}
    with _deaf():
        made = LocalCluster(n_workers=int(workers), threads_per_worker=1, **how)
    return held.enter_context(Client(held.enter_context(made)))


@contextlib.contextmanager
def _deaf() -> Iterator[None]:
    """Start processes that do not hear Ctrl-C: this one does, and ends them."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    heard = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, heard)
