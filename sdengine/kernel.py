"""Model → Kernel, and a Kernel's run: the table of contents of this room."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sdengine.errors import Message, SDError, did_you_mean
from sdengine.ir import Program
from sdengine.native.blocks import Blocks, Buffers, Memory, default_threads
from sdengine.native.jit import processor
from sdengine.native.llvm import Processor
from sdengine.native.loops import NARROW_BODY
from sdengine.native.made import Made, made
from sdengine.native.plan import make_plan
from sdengine.native.wasm import WasmKernel, wasm_kernel
from sdengine.program.final_time import settled
from sdengine.program.held import Held, State
from sdengine.program.inputs import (
    Given,
    Inputs,
    member_numbers,
    noise_rows,
    state_rows,
)
from sdengine.program.kept import Kept
from sdengine.program.lower import lower
from sdengine.program.prune import pruned
from sdengine.syntax import Model

MANY = 2**15  # runs of a member from which a kernel for some variables alone pays
LANES = (1, 2, 4, 8, 16, 32, 64)


def compile_model(
    model: Model,
    *,
    lanes: int | None = None,
    use_cache: bool = True,
    rounds_as: Processor | None = None,
) -> Kernel:
    """Return the model's Kernel: machine code that runs many members at once.

    The code is kept in the user's cache folder under a key made of what it computes and the
    processor it was made for; a second call loads it. ``lanes`` members run side by side, 1 to
    64 in powers of two (see ``lanes_for``). ``rounds_as`` is another processor whose rounding
    is taken, for its very bits. Raises SDError where the model holds a function or
    structure that is not supported, or a loop without a stock.

    >>> from sdensemble import compile_model, read_model
    >>> kernel = compile_model(read_model("examples/teacup/model/teacup.mdl"))
    >>> kernel.program.stocks
    1
    """
    if lanes is not None and (isinstance(lanes, bool) or lanes not in LANES):
        raise SDError(
            Message(
                "lanes must be one of {known}, not {lanes}",
                known=", ".join(map(str, LANES)),
                lanes=lanes,
            )
        )
    model = settled(model)
    return _compiled(model, lower(model), lanes, use_cache, rounds_as or processor())


def _compiled(
    model: Model, program: Program, lanes: int | None, use_cache: bool, made_for: Processor
) -> Kernel:
    return Kernel(model, program, made(program, lanes, made_for, use_cache=use_cache), made_for)


@dataclass(frozen=True, eq=False)
class Trajectories:
    """What a run kept.

    ``values[name]`` has shape (time, *dims, member), at ``times``. ``totals[name]`` has shape
    (interval, *dims, member): the integral from ``times[i]`` to ``times[i + 1]`` by the
    trapezium rule, in the variable's unit times the time unit. ``first_bad`` has one integer
    per member: the index in ``times`` at which a kept value or a stock was first not finite,
    or -1. ``state`` is what a run goes on from, where one was asked for.
    """

    times: NDArray[np.float64]
    values: Mapping[str, NDArray[np.float64]]
    totals: Mapping[str, NDArray[np.float64]]
    first_bad: NDArray[np.int64]
    state: State | None = None


@dataclass(frozen=True, eq=False)
class Kernel:
    """A compiled model. ``run`` is safe to call from several threads."""

    model: Model
    program: Program = field(repr=False)
    made: Made = field(repr=False)
    made_for: Processor
    whole: Kernel | None = field(default=None, repr=False)
    _known: dict[Any, Any] = field(default_factory=dict, init=False, repr=False)

    def __reduce__(self) -> tuple[Any, ...]:
        """Return what makes it anew: machine code is no matter for a pickle."""
        if self.whole is not None:
            raise TypeError("a kernel of some variables alone: pickle the whole one")
        return partial(compile_model, lanes=self.lanes, rounds_as=self.made_for), (self.model,)

    @property
    def digest(self) -> str:
        """A digest of what is computed: two kernels of one digest give the same bits."""
        return self.made.native.digest

    @property
    def lanes(self) -> int:
        """How many members run side by side."""
        return self.made.lanes

    @property
    def from_cache(self) -> bool:
        """Whether the machine code was compiled before."""
        return self.made.from_cache

    def only(self, names: Iterable[str], *, use_cache: bool = True) -> Kernel:
        """Return a kernel that computes what these variables hang on and keeps nothing else.

        Every bit of them is the same, in less time; compiling it is worth it for many members.
        Raises SDError naming a variable that is not in the model.

        >>> from sdensemble import compile_model, read_model
        >>> kernel = compile_model(read_model("examples/teacup/model/teacup.mdl"))
        >>> few = kernel.only(["teacup temperature"])
        >>> few.run(report=["teacup temperature"]).values["teacup temperature"].shape
        (31, 1)
        """
        names = frozenset(_listed(names))
        if names not in self._known:
            inputs = Inputs(self.model, self.program)
            found = self._named(sorted(names), inputs)
            inputs.problems.raise_if_any()
            few = pruned(self.program, found.named)
            made = _compiled(self.model, few, self.lanes, use_cache, self.made_for)
            self._known[names] = replace(made, whole=self.whole or self)
        return self._known[names]

    def best(self, names: Iterable[str], runs: int) -> Kernel:
        """Return what does so many runs of a member soonest: this kernel, or one of ``only``.

        One that is there already serves for few runs too.
        """
        names = frozenset(_listed(names))
        narrow = self.whole is None and (runs >= MANY or names in self._known)
        return self.only(names) if narrow else self

    def given(
        self, constants: Mapping[str, ArrayLike], held: Mapping[str, Held], members: int
    ) -> Given:
        """Return what many runs of the same members have in common, checked and laid out once.

        A ``run`` that is ``given`` it only adds what is its own, and has the bits of one that is
        told everything. Raises SDError as ``run`` does.
        """
        inputs = Inputs(self.model, self.program)
        inputs.read(constants, held)
        inputs.problems.raise_if_any()
        return inputs.laid(inputs.count(members), self.lanes)

    def run(
        self,
        constants: Mapping[str, ArrayLike] | None = None,
        held: Mapping[str, Held] | None = None,
        *,
        given: Given | None = None,
        report: Iterable[str] = (),
        totals: Iterable[str] = (),
        members: int | None = None,
        steps: int | None = None,
        every: int | None = None,
        threads: int | None = None,
        progress: Callable[[int], None] | None = None,
        ids: ArrayLike | None = None,
        state: State | None = None,
        keep_state: bool = False,
        into: Buffers | None = None,
    ) -> Trajectories:
        """Return the trajectories of all members.

        ``constants`` maps a constant to (*dims,) or (*dims, member); ``held`` maps a constant
        to values through time. ``report`` names variables kept at every saved time, ``totals``
        variables integrated between saved times; nothing else is kept. ``every`` is the number
        of steps between saved times (the file's SAVEPER without it), ``steps`` the number of
        steps to run. ``progress`` is called with the number of members just finished. ``ids``
        are the members' numbers, 0 and up without it: random functions hang on them. What was
        ``given`` beforehand comes before the run's own constants and schedules.

        ``keep_state`` keeps what the run must remember at its last step, as the result's
        ``state``; a run given that ``state`` goes on from there, under the constants of its own.
        Two such runs have the bits of one over both spans. What is kept is written ``into`` arrays
        of the caller's, where there are any (see Buffers).

        Same inputs, same bits, whatever ``threads`` is and however members are split into
        calls. Raises SDError listing every unknown name, wrong shape and value that is not
        finite.

        >>> from sdensemble import compile_model, read_model
        >>> kernel = compile_model(read_model("examples/teacup/model/teacup.mdl"))
        >>> run = kernel.run({"lid": [0, 0.5, 1]}, report=["teacup temperature"])
        >>> run.values["teacup temperature"].shape, run.times[-1]
        ((31, 3), np.float64(30.0))
        """
        if keep_state and self.whole is not None:  # this one has moved some stocks on already
            return self.whole.run(
                constants,
                held,
                given=given,
                report=report,
                totals=totals,
                members=members,
                steps=steps,
                every=every,
                threads=threads,
                progress=progress,
                ids=ids,
                state=state,
                keep_state=True,
                into=into,
            )
        inputs = Inputs(self.model, self.program, given)
        threads = inputs.whole("threads", threads, default_threads(), 1)
        shared, count, kept, summed = self._laid_out(
            inputs,
            {} if constants is None else constants,  # a table of pandas has no truth
            held or {},
            report,
            totals,
            members,
            steps,
            every,
            self.lanes,
            state=state,
            into=into,
        )
        stride = len(shared["bad"])
        if ids is None and state is not None:
            ids = state.ids
        numbers = member_numbers(ids, count, stride, self.program.name)
        memory = Memory.of(self.program, inputs.end, stride) if keep_state else None
        blocks = Blocks(self.made, self.program, shared)
        blocks.run(numbers, count, threads, progress=progress, state=state, memory=memory)
        return Trajectories(
            times=_times(self.program, shared["saves"][:-1]),
            values=dict(kept.apart(shared["out"], count)),
            totals=dict(summed.apart(shared["out_totals"][1:], count)),
            first_bad=shared["bad"][:count],
            state=memory.state(self.program, inputs.end, numbers, count) if memory else None,
        )

    def wasm(
        self,
        constants: Mapping[str, ArrayLike] | None = None,
        *,
        report: Iterable[str] = (),
        totals: Iterable[str] = (),
        steps: int | None = None,
        every: int | None = None,
        lanes: int = 4,
    ) -> WasmKernel:
        """Return the kernel for WebAssembly, its memory laid out for a block of ``lanes`` members.

        Arguments are those of ``run``; the block's members are the first ones. The module's
        values agree with ``run``'s to rounding. Raises SDError as ``run`` does, and where this
        LLVM writes no WebAssembly.

        >>> from sdengine import compile_model, read_model
        >>> kernel = compile_model(read_model("examples/teacup/model/teacup.mdl"))
        >>> kernel.wasm(report=["teacup temperature"]).module[1:4]
        b'asm'
        """
        inputs = Inputs(self.model, self.program)
        given = {name: np.asarray(value, float) for name, value in (constants or {}).items()}
        shared, *_ = self._laid_out(inputs, given, {}, report, totals, None, steps, every, lanes)
        members = np.arange(lanes)
        plan = make_plan(self.program, reciprocals=False, body=NARROW_BODY)
        layout = plan.layout
        scratch = {
            "flags": 2 * layout.waiting(layout.switches[:, 1]).astype(np.int64),
            "W": np.empty((plan.size + 2 * self.program.stocks) * lanes),
            "sums": np.empty(max(shared["n_totals"], 1) * lanes),
            "history": np.empty(len(self.program.fixed) * (shared["steps"] + 1) * lanes),
            "feed_rows": noise_rows(self.program, members, shared["steps"]),
        }
        arrays = {k: v for k, v in {**shared, **scratch}.items() if isinstance(v, np.ndarray)}
        return wasm_kernel(plan, arrays, {**shared, "m0": 0}, lanes=lanes)

    def _laid_out(
        self,
        inputs: Inputs,
        constants: Mapping[str, ArrayLike],
        held: Mapping[str, Held],
        report: Iterable[str],
        totals: Iterable[str],
        members: int | None,
        steps: int | None,
        every: int | None,
        lanes: int,
        *,
        state: State | None = None,
        into: Buffers | None = None,
    ) -> tuple[dict[str, Any], int, Kept, Kept]:
        """Return (what all blocks of a run share, the number of members, what is kept, and what
        is integrated)."""
        inputs.span(steps, state)
        saves = inputs.saves(every, self.model.clock)
        members = None if members is None else inputs.whole("members", members, 1, 1)
        inputs.problems.raise_if_any()
        inputs.read(constants, held)
        inputs.feed()
        kept, summed = self._named(report, inputs), self._named(totals, inputs)
        inputs.problems.raise_if_any()
        count = inputs.count(members)
        table = inputs.table(count, lanes)
        stride = table["stride"]
        remembered, rows = state_rows(state, lanes, stride)
        into = into or Buffers.of((len(saves),), len(kept.slots), len(summed.slots), stride)
        shared = {
            **table,
            "stride": into.totals.strides[-2] // 8,
            "defaults": self.program.defaults,
            "report": kept.looked_at,
            "n_report": len(kept.slots),
            "totals": summed.looked_at,
            "n_totals": len(summed.slots),
            "out": into.values,
            "out_totals": into.totals,
            "bad": np.full(stride, -1, np.int64),
            "steps": inputs.end,
            "saves": np.append(saves, -1),
            "begin": inputs.begin,
            "state": remembered,
            "n_state": rows.shape[1],
            "state_rows": rows,
            "flags": self._flags(inputs),
        }
        return shared, count, kept, summed

    def _flags(self, inputs: Inputs) -> NDArray[np.int64]:
        """Return for each invariant loop what can make it run again (see ``driver``)."""
        later = inputs.later()
        key = later.tobytes()
        if key not in self._known:
            layout = self.made.layout
            switched = layout.waiting(layout.switches[:, 1])
            self._known[key] = layout.waiting(later) + 2 * switched.astype(np.int64)
        return np.asarray(self._known[key])

    def _named(self, names: Iterable[str], inputs: Inputs) -> Kept:
        found = {}
        for name in _listed(names):
            written = self.model.name_of(name)
            if written is None or written not in self.program.slots:
                known = did_you_mean(name, self.program.slots)
                inputs.problems.add(
                    self.program.name,
                    Message('no variable "{name}" to keep{known}', name=name, known=known),
                )
            elif not self._keeps(written):
                inputs.problems.add(
                    self.program.name,
                    Message('"{written}" is not among what this kernel keeps', written=written),
                )
            else:
                found[written] = self.program.where(written)
        return Kept(self.program, found)

    def _keeps(self, name: str) -> bool:
        if name not in self._known:
            kept = self.program.kept
            held = kept is None or np.isin(self.program.where(name), kept).all()
            self._known[name] = bool(held)
        return bool(self._known[name])


def _listed(names: Iterable[str]) -> Iterable[str]:
    """Return names as they are; one alone, which is a row of letters too, as a list of one."""
    return (names,) if isinstance(names, str) else names


def _times(program: Program, saves: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the times of saved steps."""
    every = int(saves[1] - saves[0]) if len(saves) > 1 else 1
    if (np.diff(saves) == every).all() and not saves[0] % every:
        step = program.step * every  # so that a whole number of steps has a round time
        return np.asarray(program.start + step * (saves // every), np.float64)
    return np.asarray(program.start + program.step * saves, np.float64)
