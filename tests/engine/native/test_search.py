"""Curves that are searched: bit for bit what is written out, whatever the points and lanes."""

from __future__ import annotations

import numpy as np
import pytest

from sdengine import kernel as kernels
from sdengine.ir import Curve
from sdengine.native import loops, search
from sdengine.native.emit import emit
from sdengine.native.llvm import Processor
from sdengine.native.plan import make_plan
from sdengine.program.interpreter import run_reference
from sdengine.program.lower import lower
from sdensemble import compile_model, read_model

RNG = np.random.default_rng(11)
POINTS = {
    "whole": np.arange(40.0),
    "every five years": 1900 + 5.0 * np.arange(30),
    "fives": np.arange(30) * 5.0,
    "tenths, which no double is": np.arange(33) / 10,
    "thirds": np.arange(25) / 3,
    "logarithmic": np.exp(np.linspace(-2, 8, 50)),
    "with steps": np.sort(np.r_[np.arange(24.0), RNG.integers(0, 24, 8)]),
    "a step at each end": np.array([0.0, 0, 1, 2, 5, 7, 7]),
    "anywhere": np.sort(RNG.uniform(-3, 40, 47)),
    "one": np.array([2.0]),
    "two": np.array([-1.0, 3.0]),
}
READ = {
    "held": "t{i}(a{i})",
    "extrapolated": "LOOKUP EXTRAPOLATE(t{i},a{i})",
    "backward": "LOOKUP BACKWARD(t{i},a{i})",
    "forward": "LOOKUP FORWARD(t{i},a{i})",
    "area": "LOOKUP AREA(t{i},0,a{i})",
}


def pairs(x, y) -> str:
    return ",".join(f"({a!r},{b!r})" for a, b in zip(x.tolist(), y.tolist(), strict=True))


@pytest.fixture
def curves(write_model):
    """A model of every kind of points and of reading, its arguments per member, the names."""
    lines, constants, names = [], {}, []
    for i, x in enumerate(POINTS.values()):
        lines += [f"t{i}({pairs(x, np.cumsum(RNG.normal(size=len(x))))})~~|", f"c{i}=0~~|"]
        lines += [f"a{i}=SQRT(Time)*0+c{i}~~|"]
        lines += [f"{how} {i}={text.format(i=i)}~~|" for how, text in READ.items()]
        names += [f"{how} {i}" for how in READ]
        span = np.ptp(x) + 1
        between = RNG.uniform(x[0] - span / 4, x[-1] + span / 4, 60)
        beside = np.r_[x, np.nextafter(x, -np.inf), np.nextafter(x, np.inf)]
        constants[f"c{i}"] = np.resize(np.r_[between, beside, 1e300, -1e300], 203)
    model = read_model(write_model("\n".join(lines), step=1.0, stop=1.0))
    return model, constants, names


def bits(kernel, constants, names) -> list[bytes]:
    run = kernel.run(constants, report=names)
    return [run.values[name].tobytes() for name in names]


def test_a_searched_curve_has_every_bit_of_one_written_out(curves, monkeypatch):
    model, constants, names = curves
    monkeypatch.setattr(loops, "MOST_WRITTEN", 10**6)
    written = bits(compile_model(model), constants, names)
    monkeypatch.setattr(loops, "MOST_WRITTEN", 0)
    for few in (0, 18, 10**6):
        monkeypatch.setattr(search, "FEW", few)
        for lanes in (8, 16) if few == 18 else (8,):
            assert bits(compile_model(model, lanes=lanes), constants, names) == written
    monkeypatch.setattr(kernels, "processor", lambda: Processor(fused=False, permutes=False))
    assert bits(compile_model(model), constants, names) == written


def test_every_way_of_searching_is_used():
    found = {search.Curves().shape_of((Curve.of(x, x),)) for x in POINTS.values()}
    assert {shape.kind for shape in found} == {"few", "even", "uneven"}
    assert {shape.count for shape in found if shape.kind == "even"} == {0, 1}


def test_arguments_that_are_no_number_or_endless_do_not_leave_the_table(curves):
    model, _, names = curves
    kernel = compile_model(model)
    for i in range(len(POINTS)):
        kernel.program.defaults[kernel.program.where(f"c{i}")] = np.nan
    run = kernel.run(report=names, members=3)
    held = [run.values[n] for n in names if not n.startswith("area")]
    assert all(np.isnan(values).all() for values in held)
    for i in range(len(POINTS)):
        kernel.program.defaults[kernel.program.where(f"c{i}")] = -np.inf
    run = kernel.run(report=names, members=3)
    assert all(np.isfinite(run.values[n]).all() for n in names if n.startswith("held"))


def test_long_tables_agree_with_the_definition_member_by_member(write_model):
    x = np.arange(400.0)
    path = write_model(
        f"t({pairs(x, 10 + 5 * np.sin(x / 7))})~~|\nc=1~~|\ns=INTEG(t(Time*40+s*c)-s,3)~~|"
    )
    kernel = compile_model(read_model(path))
    constants = {"c": np.linspace(0.5, 30, 40)}
    run = kernel.run(constants, report=["s"])
    state = run_reference(kernel.program, constants, members=40)
    np.testing.assert_allclose(
        run.values["s"], state[:, kernel.program.where("s")], rtol=1e-12, atol=0
    )


def test_a_table_for_each_element_is_chosen_inside_any_reduction(write_model):
    path = write_model(
        "c: c1,c2,c3~~|\ng: g1,g2~~|\nd[c,g]=1,0;0,1;1,1;~~|\n"
        "p[c1]((0,1),(10,11))~~|\np[c2]((0,2),(10,12))~~|\np[c3]((0,3),(10,13))~~|\n"
        "year=1~~|\n"
        "by select[g]=VECTOR SELECT(d[c!,g],p[c!](Time/year)*d[c!,g],0,0,1)~~|\n"
        "by sum[g]=SUM(p[c!](Time/year)*d[c!,g])~~|",
        step=1.0,
        stop=4.0,
    )
    run = compile_model(read_model(path)).run(report=["by select", "by sum"])
    for values in run.values.values():
        np.testing.assert_array_equal(values[::2, :, 0].T, [[4, 8, 12], [5, 9, 13]])


def test_the_text_of_a_kernel_grows_with_points_as_the_file_does(write_model):
    sizes = []
    for points in (100, 1000):
        x = np.arange(points) * 1.0
        path = write_model(
            "".join(f"t{i}({pairs(x, x * i)})~~|\ny{i}=t{i}(Time)~~|\n" for i in (1, 2))
        )
        plan = make_plan(lower(read_model(path)))
        text = emit(plan, 16, Processor(fused=True, permutes=True))
        sizes.append(len(text))
    assert (sizes[1] - sizes[0]) / (2 * 900) < 70  # two doubles and their commas a point
