"""Files that are broken on purpose: an error in words or a right answer, never anything else."""

from __future__ import annotations

import re
import subprocess
import sys
import time
import warnings

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sdengine.native.emit import emit
from sdengine.native.llvm import Processor
from sdengine.native.plan import make_plan
from sdengine.program.lower import lower
from sdensemble import SDError, compile_model, read_model
from tests.fuzz.mangle import PIECES
from tests.fuzz.models import CLOCK, SPECIAL, VENSIM, XMILE


def attempt(path):
    """Read, compile and run a few steps; only an SDError may stop it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            model = read_model(path)
            kernel = compile_model(model, lanes=4, use_cache=False)
            names = [n for n in kernel.program.slots if n in model.variables][:20]
            return kernel.run(report=names, members=3, steps=2)
        except SDError:
            return None


def edits():
    where = st.floats(0, 1)
    return st.lists(
        st.one_of(
            st.tuples(st.just("cut"), where, st.just("")),
            st.tuples(st.just("put"), where, st.sampled_from(PIECES)),
            st.tuples(st.just("drop"), where, st.integers(1, 40)),
            st.tuples(st.just("twice"), where, st.integers(1, 80)),
        ),
        min_size=1,
        max_size=4,
    )


def mangled(text: str, changes) -> str:
    for what, where, extra in changes:
        at = int(where * len(text))
        if what == "cut":
            text = text[:at] if at > len(text) // 2 else text[at:]
        elif what == "put":
            text = text[:at] + extra + text[at:]
        elif what == "drop":
            text = text[:at] + text[at + extra :]
        else:
            text = text[: at + extra] + text[at:]
    return text


@settings(max_examples=80, deadline=30_000, suppress_health_check=list(HealthCheck))
@given(st.sampled_from([("m.mdl", VENSIM), ("m.xmile", XMILE)]), edits())
def test_a_mangled_file_ends_in_an_error_or_a_run(tmp_path_factory, file, changes):
    name, text = file
    path = tmp_path_factory.mktemp("fuzz") / name
    path.write_text(mangled(text, changes), encoding="utf-8", errors="surrogatepass")
    attempt(path)


@settings(max_examples=40, deadline=30_000, suppress_health_check=list(HealthCheck))
@given(st.binary(max_size=300), st.sampled_from([".mdl", ".xmile", ".stmx"]))
def test_bytes_that_are_no_model_end_in_an_error(tmp_path_factory, data, ending):
    path = tmp_path_factory.mktemp("bytes") / f"m{ending}"
    path.write_bytes(data)
    attempt(path)


@pytest.mark.parametrize(("name", "text"), [("m.mdl", VENSIM), ("m.xmile", XMILE)])
def test_the_whole_files_do_run(tmp_path, name, text):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    run = attempt(path)
    assert run is not None
    assert all(np.isfinite(values).all() for values in run.values.values())


def test_the_special_stocks_whole_are_taken(tmp_path):
    (tmp_path / "m.xmile").write_text(SPECIAL, encoding="utf-8")
    assert lower(read_model(tmp_path / "m.xmile")).stocks


@pytest.mark.parametrize("share", np.linspace(0.02, 0.98, 25).tolist())
@pytest.mark.parametrize(("name", "text"), [("m.mdl", VENSIM), ("m.xmile", XMILE)])
def test_a_file_cut_short_is_never_taken_for_a_whole_one(tmp_path, name, text, share):
    path = tmp_path / name
    path.write_text(text[: int(share * len(text))], encoding="utf-8")
    assert attempt(path) is None


# ── names ──────────────────────────────────────────────────────────────────────────────────

NAMES = [
    'zqxname"; ret void }',
    "zqxname %v1 = fadd double",
    "zqxname @run(ptr)",
    "zqxname!0 = !{}",
    "zqxname\\0A\\22",
    "zqxname'); import os; os.system('true') #",
    "zqxname {brace} | bar ~ tilde",
    "zqxname <script>&amp;",
    "zqxname " + "long " * 2000,
    "zqxname 变量 \u202e\u0000",
    "zqxname __class__",
]


@pytest.mark.parametrize("name", NAMES)
def test_no_name_reaches_the_generated_code(tmp_path, name):
    quoted = '"' + name.replace('"', '\\"') + '"'
    path = tmp_path / "names.mdl"
    path.write_text(
        "{UTF-8}\n"
        f"zqxrange: zqxone,zqxtwo~~|\n{quoted}=1.5~~|\nzqxt((0,0),(1,2))~~|\n"
        f"zqxS[zqxrange]=INTEG({quoted}*zqxt(Time), {quoted})~~|\n"
        f"zqxy=SUM(zqxS[zqxrange!])+{quoted}+RANDOM 0 1()~~|\n" + CLOCK,
        encoding="utf-8",
    )
    try:
        model = read_model(path)
    except SDError:
        return  # refused: also fine
    code = emit(make_plan(lower(model)), 16, Processor(fused=False, permutes=False)).casefold()
    assert "zqx" not in code
    assert path.stem not in code
    run = compile_model(model, use_cache=False).run(report=["zqxS"])
    assert run.values["zqxS"][0, 0, 0] == 1.5


@pytest.mark.parametrize(
    "lookup",
    [
        "t([__import__('pathlib').Path('{mark}').touch()],(0,0),(1,1))",
        "t([(0,0)-(10,10),open('{mark}','w')],(0,0),(1,1))",
    ],
)
@pytest.mark.parametrize("use", ["{t}~~|\ny=t(Time)~~|\n", "y=WITH LOOKUP(Time,({inner}))~~|\n"])
def test_nothing_in_a_file_is_run(tmp_path, lookup, use):
    mark = tmp_path / "mark"
    told = lookup.replace("{mark}", mark.as_posix())
    text = use.replace("{t}", told).replace("{inner}", told[2:-1])
    path = tmp_path / "run.mdl"
    path.write_text("{UTF-8}\n" + text + CLOCK, encoding="utf-8")
    assert attempt(path) is None
    assert not mark.exists()


def test_the_oracle_does_not_run_text_of_the_file_either(tmp_path):
    """PySD's own reading evaluates the limits of a graphical function; in the oracle too."""
    mark = tmp_path / "ran"
    path = tmp_path / "attack.mdl"
    attack = f"t([__import__('pathlib').Path('{mark}').touch()],(0,0),(1,1))"
    path.write_text("{UTF-8}\n" + attack + "~~|\n" + CLOCK, encoding="utf-8")
    code = (
        "import sys; from pathlib import Path; from sdensemble import read_model\n"
        "from sdengine.oracle.pysd import Oracle\n"
        "from sdengine.syntax import Clock, Model\n"
        f"Oracle(Model(Path({str(path)!r}), '', Clock(0, 1, 1, 1), {{}}, {{}}))\n"
    )
    subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=120, check=False)
    assert not mark.exists()


# ── size ───────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("s: (e1-e2000)~~|\nx[s]=1~~|\ny[s]=VECTOR RANK(x[s],1)~~|\nz[s]=y[s]~~|", None),
        ("s: (e1-e9000)~~|\nx[s]=Time~~|\ny[s]=VECTOR RANK(x[s],1)~~|", "terms"),
        ("s: (e1-e3000)~~|\nt: (f1-f3000)~~|\nx[s,t]=1~~|", "elements"),
        ("s: (e1-e9000)~~|\nt: (f1-f9000)~~|\nx[s]=Time~~|\ny[t]=SUM(x[s!])+t~~|", "terms"),
        ("s: (e1-e999999999)~~|\nx[s]=1~~|", "subscript range"),
        ("x=" + "(" * 3000 + "1" + ")" * 3000 + "~~|", None),
        ("x=" + "+".join(["Time"] * 4000) + "~~|", None),  # Python 3.12 on: not twice as many
        ("x=" + "-" * 3000 + "1~~|", None),
        ("x=" + "MAX(1," * 3000 + "Time" + ")" * 3000 + "~~|", None),
    ],
)
def test_what_is_too_large_is_refused_and_soon(tmp_path, text, words):
    path = tmp_path / "large.mdl"
    path.write_text("{UTF-8}\n" + text + "\n" + CLOCK, encoding="utf-8")
    start = time.perf_counter()
    if words is None:
        lower(read_model(path))
    else:
        with pytest.raises(SDError) as caught:
            compile_model(read_model(path), use_cache=False)
        assert re.search(words, str(caught.value))
    assert time.perf_counter() - start < 30


@pytest.mark.parametrize(
    ("clock", "words"),
    [
        ("FINAL TIME=1e300", "steps from start to end"),
        ("FINAL TIME=1e999", "too large"),
        ("FINAL TIME=-5", "not lie before INITIAL TIME"),
    ],
)
def test_a_clock_without_end_is_refused(tmp_path, clock, words):
    path = tmp_path / "clock.mdl"
    path.write_text("{UTF-8}\nx=Time~~|\n" + CLOCK.replace("FINAL TIME=2", clock), encoding="utf-8")
    with pytest.raises(SDError, match=words):
        read_model(path)


@pytest.mark.parametrize("seed", ["SINH(1e300)", "0/0"])
def test_a_seed_that_is_no_number_is_refused(tmp_path, seed):
    path = tmp_path / "seed.mdl"
    path.write_text(f"{{UTF-8}}\nx=RANDOM UNIFORM(0,1,{seed})~~|\n" + CLOCK, encoding="utf-8")
    with pytest.raises(SDError, match="the seed of a random function must be one constant"):
        lower(read_model(path))


@pytest.mark.parametrize(
    "call",
    [
        "VECTOR SELECT(1,v[e!],0,3^1e300,0)",
        "VECTOR SELECT(1,v[e!],0,0,3^1e300)",
        "VECTOR LOOKUP(v[e1],15,10,30,3^1e300)",
        "VECTOR ELM MAP(v[e1],3^1e300)",
    ],
)
def test_a_choice_that_is_no_number_is_refused_or_chooses_nothing(tmp_path, call):
    path = tmp_path / "choice.mdl"
    path.write_text(f"{{UTF-8}}\ne: e1,e2~~|\nv[e]=1,2~~|\nx={call}~~|\n" + CLOCK, "utf-8")
    attempt(path)
