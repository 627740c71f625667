"""Blocks on many machines: dask sends them, this module says what a block is over there.

A worker has the package installed and compiles the kernel for its own processor, with the lanes
and the rounding of the machine that asks: the bits are the same. dask sees to everything else: a
block whose worker dies is run by another, workers that come late get their share.
"""

from __future__ import annotations

import contextlib
import platform
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sdengine.errors import Message, SDError
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
            raise SDError(Message(told, name=platform.node(), own=own, here=here))
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


@dataclass(frozen=True)
class Cluster:
    """Workers of dask: ``local:8``, eight processes of this machine, or a scheduler's address."""

    address: str

    def run(
        self, kernel: Kernel, work: Work, indexes: Sequence[int], count: Count | None = None
    ) -> Iterator[tuple[int, Values]]:
        """Yield blocks as workers finish them. Raises SDError where there is no such cluster."""
        if not indexes:
            return
        few = kernel.program.kept is not None
        made = (kernel.lanes, few, kernel.made_for, versions())
        with _client(self.address) as client:
            from distributed import wait

            # A task of its own, not data lent to some workers: when they die it is made again.
            parcel = client.submit(_same, Parcel(work, work.key(kernel), *made), pure=False)
            threads = max(sum(client.nthreads().values()), 1)

            def submit(index: int) -> Any:
                return client.submit(run_block, parcel, index, pure=False, retries=0)

            def first_done(futures: Sequence[Any]) -> Sequence[Any]:
                return list(wait(futures, return_when="FIRST_COMPLETED").done)

            for index, values in in_turn(submit, indexes, AHEAD * threads, first_done):
                if count:
                    count(work.runs(index))
                yield index, values


@contextlib.contextmanager
def _client(address: str) -> Iterator[Any]:
    """Yield a client of the cluster; one of this machine ends with it."""
    try:
        import dask
        from distributed import Client, LocalCluster
    except ImportError:
        told = "--cluster needs dask: pip install '.[cluster]'"
        raise SDError(Message(told)) from None
    with contextlib.ExitStack() as stack:
        # Not the current folder: dask would leave its scratch space there.
        place = stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True))
        stack.enter_context(
            dask.config.set(
                {
                    "temporary-directory": place,
                    "distributed.scheduler.allowed-failures": RETRIES,
                    "distributed.comm.timeouts.connect": TIMEOUT,
                }
            )
        )
        if not address.startswith(LOCAL):
            try:
                yield stack.enter_context(Client(address, timeout=TIMEOUT))
            except OSError:
                told = "--cluster {address}: no scheduler of dask answers there"
                raise SDError(Message(told, address=address)) from None
            return
        workers = address.removeprefix(LOCAL)
        if not workers.isdigit() or not int(workers):
            told = '--cluster "{address}": write local:8, or the address of a scheduler, tcp://…'
            raise SDError(Message(told, address=address))
        local = LocalCluster(
            n_workers=int(workers),
            threads_per_worker=1,
            processes=True,
            dashboard_address=None,
            silence_logs=50,
        )
        yield stack.enter_context(Client(stack.enter_context(local)))
