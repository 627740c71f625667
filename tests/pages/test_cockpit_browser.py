"""The cockpit in a real Chromium with the network cut: sliders, links, exports, keyboard, axe.

Needs Debian's chromium and `pip install -e '.[browser]'`.
"""

from __future__ import annotations

import base64
import gzip
import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.cockpit import QUIET
from sdengine import compile_model
from sdensemble.evidence.members import choose_members
from sdensemble.inputs.scenarios import read_scenario
from sdensemble.pages.cockpit.carried import planes
from sdensemble.study import open_study
from sdensemble.verbs.cockpit import model_page, study_page
from sdensemble.verbs.run_options import RunOptions

pytestmark = pytest.mark.full
CHROMIUM = shutil.which("chromium")
MEMBERS = 128


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("cockpit") / "teacup 'quoted' 茶.html"
    study = open_study(Path("examples/teacup"))
    path.write_text(
        study_page(RunOptions(study=study, members=MEMBERS, lang="en")), encoding="utf-8"
    )
    return path


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    sync = pytest.importorskip("playwright.sync_api")
    assert CHROMIUM, "install Debian's chromium"
    with sync.sync_playwright() as play:
        found = play.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield found
        found.close()


@pytest.fixture
def tab(browser: Any) -> Iterator[Any]:
    context = browser.new_context(offline=True, accept_downloads=True)
    page = context.new_page()
    page.faults = []
    page.on("pageerror", lambda error: page.faults.append(str(error)))
    page.on("console", lambda m: page.faults.append(m.text) if m.type == "error" else None)
    page.on(
        "request",
        lambda r: None if re.match("file:|blob:|data:", r.url) else page.faults.append(r.url),
    )
    page.add_init_script(
        "window.drawn = []; document.addEventListener('drawn', (e) => drawn.push(e.detail));"
    )
    yield page
    assert page.faults == []
    context.close()


def until(tab: Any, true: str) -> None:
    """Wait until an expression holds; the page itself allows no text to be run as code."""
    for _ in range(600):
        if tab.evaluate(true):
            return
        tab.wait_for_timeout(50)
    raise AssertionError(f"never: {true}")


def opened(tab: Any, file: Path, link: str = "") -> None:
    tab.goto(file.as_uri() + link)
    until(tab, "drawn.some((one) => one.stage === 1)")


def settled(tab: Any) -> None:
    """Wait until everything asked for is drawn."""
    tab.wait_for_timeout(50)
    until(tab, "pool.pending.size === 0 && resultOf(state.settings)?.ids.length === study.members")
    tab.wait_for_timeout(100)


def test_every_slider_moves_the_answer_and_undo_takes_it_back(tab: Any, file: Path) -> None:
    opened(tab, file)
    before = tab.inner_text("#answer")
    for slider in tab.query_selector_all("input[type=range]"):
        slider.evaluate(
            "(one) => { one.value = one.max; one.dispatchEvent(new Event('input'));"
            " one.dispatchEvent(new Event('change')); }"
        )
        settled(tab)
        assert tab.inner_text("#answer") != before
        tab.click("#undo")
        settled(tab)
        assert tab.inner_text("#answer") == before


def test_a_link_brings_back_every_setting(tab: Any, file: Path) -> None:
    opened(tab, file)
    tab.fill("input.number >> nth=0", "0.625")
    tab.press("input.number >> nth=0", "Enter")
    tab.click("#tab-chance")
    settled(tab)
    link, answer = tab.evaluate("location.hash"), tab.inner_text("#answer")
    tab.goto("about:blank")
    opened(tab, file, link)
    settled(tab)
    assert tab.inner_text("#answer") == answer
    assert tab.evaluate("state.view") == "chance"
    assert tab.input_value("input.number >> nth=0") == "0.625"


def test_a_saved_scenario_gives_a_run_the_numbers_of_the_page(
    tab: Any, file: Path, tmp_path: Path
) -> None:
    opened(tab, file)
    tab.fill("input.number >> nth=0", "0.7")
    tab.press("input.number >> nth=0", "Enter")
    settled(tab)
    with tab.expect_download() as waiting:
        tab.click("#save-toml")
    waiting.value.save_as(tmp_path / "cockpit.toml")
    tab.click("#tab-fan")
    with tab.expect_download() as waiting:
        tab.click("[data-save=csv]")
    waiting.value.save_as(tmp_path / "cockpit.csv")
    study = open_study(Path("examples/teacup"))
    scenario = read_scenario(tmp_path / "cockpit.toml", study.model)
    members = choose_members(study, "", MEMBERS, seed=1)
    headline = study.report.headline.whole.variable
    data = members.run(compile_model(study.model), [scenario], {headline: "end"})
    rows = (tmp_path / "cockpit.csv").read_text(encoding="utf-8-sig").splitlines()
    found = [line.split(",") for line in rows if ",As set now," in line]
    means = {int(row[2]): float(row[11]) for row in found if len(row) > 11 and row[2]}
    values = data[headline].values[0]
    assert len(means) == values.shape[1]
    for year, mean in means.items():
        assert mean == pytest.approx(float(np.mean(values[:, year])), rel=1e-9)


@pytest.mark.parametrize("width", [360, 1280])
def test_no_view_has_a_serious_finding_of_axe_or_runs_out_of_the_screen(
    browser: Any, file: Path, width: int
) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    context = browser.new_context(
        offline=True, bypass_csp=True, viewport={"width": width, "height": 800}
    )
    tab = context.new_page()
    tab.add_init_script(
        "window.drawn = []; document.addEventListener('drawn', (e) => drawn.push(e.detail));"
    )
    opened(tab, file)
    for view in tab.evaluate("VIEWS"):
        if not tab.query_selector(f"#tab-{view}"):
            continue
        for dark in (False, True):
            tab.evaluate(f"state.dark = {str(dark).lower()}; show({view!r})")
            tab.wait_for_timeout(400)
            found = axe.run(tab).response["violations"]
            bad = [one["id"] for one in found if one["impact"] in ("serious", "critical")]
            assert not bad, (view, dark, bad)
            root = "document.documentElement"
            assert tab.evaluate(f"{root}.scrollWidth <= {root}.clientWidth"), view
    context.close()


def test_a_slide_is_redrawn_on_its_way_and_ends_with_what_was_set_last(
    tab: Any, file: Path
) -> None:
    opened(tab, file)
    seen = len(tab.evaluate("drawn"))
    slide = """(one) => new Promise((done) => { let moves = 0; const timer = setInterval(() => {
      one.value = Number(one.max) * (moves + 1) / 60; one.dispatchEvent(new Event('input'));
      if (++moves === 30) { clearInterval(timer); one.dispatchEvent(new Event('change')); done(); }
    }, 10); })"""
    tab.query_selector("input[type=range]").evaluate(slide)
    settled(tab)
    assert len(tab.evaluate("drawn")) > seen + 3
    lever = tab.evaluate("study.levers[0].id")
    held = tab.evaluate(f"state.settings[{lever!r}].values[0]")
    assert str(held) == tab.input_value("input.number >> nth=0")
    slid = tab.inner_text("#answer")
    tab.fill("input.number >> nth=0", "0.9")
    tab.press("input.number >> nth=0", "Enter")
    settled(tab)
    tab.fill("input.number >> nth=0", str(held))
    tab.press("input.number >> nth=0", "Enter")
    settled(tab)
    assert tab.inner_text("#answer") == slid


def test_every_scenario_stands_in_the_table_with_its_effect(tab: Any, file: Path) -> None:
    opened(tab, file)
    tab.click("#tab-compare")
    until(tab, "compared.rows.length > 0 && compared.rows.length === compared.wanted")
    rows = tab.query_selector_all("#view tbody tr")
    assert len(rows) == tab.evaluate("study.scenarios.length") + 1  # the baseline stands first
    assert "Baseline" in rows[0].inner_text()


def test_a_worker_that_fails_is_told_and_the_next_move_is_answered(tab: Any, file: Path) -> None:
    opened(tab, file)
    tab.evaluate(
        "change(() => setLever(study.levers[0].id, 0.25));"
        "receive(0, { kind: 'failed', id: [...pool.pending.keys()].pop(), message: 'no room' })"
    )
    assert "no room" in tab.inner_text("#problem")
    tab.wait_for_timeout(300)
    tab.evaluate("change(() => setLever(study.levers[0].id, 0.75))")
    settled(tab)


def test_every_view_of_a_model_file_alone_is_drawn(tab: Any, tmp_path: Path) -> None:
    page = tmp_path / "model.html"
    page.write_text(model_page(Path("examples/teacup/model/teacup.mdl"), "en"), encoding="utf-8")
    opened(tab, page)
    tab.fill("input.number >> nth=0", "0.625")
    tab.press("input.number >> nth=0", "Enter")
    settled(tab)
    for view in tab.evaluate("viewsShown()"):
        tab.click(f"#tab-{view}")
        assert not re.search("NaN|undefined", tab.inner_text("#view")), view


def test_the_keyboard_alone_reaches_levers_and_views(tab: Any, file: Path) -> None:
    opened(tab, file)
    tab.focus("#tab-fan")
    tab.keyboard.press("ArrowRight")
    assert tab.evaluate("state.view") == "chance"
    tab.focus("input[type=range] >> nth=0")
    before = tab.inner_text("#answer")
    tab.keyboard.press("End")
    settled(tab)
    assert tab.inner_text("#answer") != before


def test_both_languages_are_switched_in_place(tab: Any, file: Path) -> None:
    opened(tab, file)
    tab.click("#language")
    assert tab.evaluate("document.documentElement.lang") == "zh-CN"
    assert "茶温" in tab.inner_text("#answer")


def test_what_is_typed_out_of_its_limits_is_refused_beside_it(tab: Any, file: Path) -> None:
    opened(tab, file)
    tab.fill("input.number >> nth=0", "99")
    tab.press("input.number >> nth=0", "Enter")
    assert "must lie from" in tab.inner_text(".lever >> nth=0")
    assert tab.evaluate("Object.keys(state.settings).length") == 0


@pytest.mark.parametrize("typed", ["0,5", "abc", ""])
def test_what_is_no_number_is_refused_beside_it(tab: Any, file: Path, typed: str) -> None:
    opened(tab, file)
    tab.fill("#v-0", "0.25")
    tab.press("#v-0", "Enter")
    for box in ("#v-0", "#y-0"):
        before = tab.input_value(box)
        tab.fill(box, typed)
        tab.press(box, "Tab")
        assert "type a number" in tab.inner_text(".lever >> nth=0")
        assert tab.input_value(box) == before
    assert tab.evaluate("state.settings[study.levers[0].id].values[0]") == 0.25


def test_resetting_takes_back_the_settings_alone_and_a_changed_scenario_says_so(
    tab: Any, file: Path
) -> None:
    opened(tab, file)
    name = tab.evaluate("study.scenarios[0].id")
    tab.select_option("#pick-scenario", name)
    chosen = "document.querySelector('#pick-scenario').selectedOptions[0].textContent"
    assert "(changed)" not in tab.evaluate(chosen)
    tab.fill("#v-0", "0.35")
    tab.press("#v-0", "Enter")
    assert tab.evaluate(chosen).endswith(" (changed)")
    tab.click("#keep-a")
    tab.click("#reset")
    held = "[state.scenario, state.other !== null, Object.keys(state.settings).length]"
    assert tab.evaluate(held) == ["", True, 0]  # what is compared with stays: B is set anew
    tab.click("#undo")
    assert tab.input_value("#v-0") == "0.35"
    assert tab.evaluate("[state.scenario, state.other !== null]") == [name, True]
    tab.evaluate("writeLink()")
    link = tab.evaluate("location.hash")
    tab.goto("about:blank")
    opened(tab, file, link)
    assert tab.evaluate("[state.scenario, state.other !== null]") == [name, True]


def test_a_share_is_typed_as_a_number_or_in_percent(tab: Any, file: Path) -> None:
    opened(tab, file)
    assert "0% to 100%" in tab.inner_text(".lever >> nth=0")
    tab.fill("#v-0", "12.5%")
    tab.press("#v-0", "Enter")
    assert tab.evaluate("state.settings[study.levers[0].id].values[0]") == 0.125


def test_first_numbers_are_told_as_provisional(tab: Any, file: Path) -> None:
    tab.goto(file.as_uri())
    until(tab, "drawn.length > 0")
    tab.evaluate("study.members *= 2; paintHead()")
    assert "Provisional (128 members)" in tab.inner_text("#caveats")


def test_a_file_cut_off_on_its_way_says_so(tab: Any, file: Path, tmp_path: Path) -> None:
    cut = tmp_path / "cut.html"
    text = file.read_text(encoding="utf-8")
    cut.write_text(text[: text.index('id="wasm"')], encoding="utf-8")
    tab.goto(cut.as_uri())
    tab.wait_for_selector("#incomplete", state="visible")
    assert "file is incomplete" in tab.inner_text("#incomplete")
    opened(tab, file)
    assert not tab.query_selector("#incomplete")


@pytest.mark.parametrize(
    ("link", "said"),
    [
        ("#nonsense", "cannot be read"),
        ("other", "another version of the model"),
        ("wild", "outside its limits"),
    ],
)
def test_a_bad_link_is_told_and_changes_nothing(tab: Any, file: Path, link: str, said: str) -> None:
    digest = re.search(r'"digest":"(\w+)"', file.read_text(encoding="utf-8"))[1]
    held: dict[str, Any] = {"d": digest, "x": {"lid": {"times": [0], "values": [7]}}}
    if link == "other":
        held["d"] = "0" * 12
    if not link.startswith("#"):
        link = "#" + base64.urlsafe_b64encode(json.dumps(held).encode()).decode().rstrip("=")
    opened(tab, file, link)
    assert said in tab.inner_text("#problem")
    assert tab.evaluate("Object.keys(state.settings).length") == 0


def test_a_damaged_file_is_told(tab: Any, file: Path, tmp_path: Path) -> None:
    text = file.read_text(encoding="utf-8")
    blob = re.search(r'id="draws-prior">([^<]*)<', text)[1]
    data = bytearray(gzip.decompress(base64.b64decode(blob)))
    data[5] ^= 1
    broken = tmp_path / "broken.html"
    new = base64.b64encode(gzip.compress(bytes(data), 9, mtime=0)).decode()
    broken.write_text(text.replace(blob, new), encoding="utf-8")
    tab.goto(broken.as_uri())
    tab.wait_for_selector("#problem:not([hidden])")
    assert "damaged" in tab.inner_text("#problem")
    assert tab.inner_text("#answer") == ""
    assert tab.evaluate("document.querySelector('#levers').inert")


def test_a_browser_without_vector_instructions_is_told(tab: Any, file: Path) -> None:
    tab.add_init_script("WebAssembly.validate = () => false;")
    tab.goto(file.as_uri())
    tab.wait_for_selector("#problem:not([hidden])")
    assert "lacks WebAssembly SIMD" in tab.inner_text("#problem")


def test_members_that_are_not_numbers_are_counted_and_freeze_nothing(
    tab: Any, file: Path, tmp_path: Path
) -> None:
    text = file.read_text(encoding="utf-8")
    blob = re.search(r'id="draws-prior">([^<]*)<', text)[1]
    held = np.frombuffer(gzip.decompress(base64.b64decode(blob)), np.uint8)
    draws = np.frombuffer(held.reshape(4, -1).T.tobytes(), "<f4").copy()
    draws.reshape(-1, MEMBERS)[:, 3] = np.nan
    facts = text.replace(blob, base64.b64encode(gzip.compress(planes(draws.tobytes()))).decode())
    import hashlib

    old = hashlib.sha256(gzip.decompress(base64.b64decode(blob))).hexdigest()
    lost = tmp_path / "lost.html"
    new = hashlib.sha256(planes(draws.tobytes())).hexdigest()
    lost.write_text(facts.replace(old, new), encoding="utf-8")
    opened(tab, lost)
    assert "members gave no result" in tab.inner_text("#answer")
