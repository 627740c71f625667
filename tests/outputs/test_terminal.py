import re
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from sdensemble.outputs.limit_tables import limits_of
from sdensemble.outputs.text import folded, table, terminal_columns, width, wrap
from sdensemble.results.results import per_outlay
from tests.outputs.synthetic import answer


def test_the_first_line_names_measure_information_date_and_prior_set(run):
    first = answer(run, "zh").splitlines()[0]
    for part in ("产值", "现价", "2019年口径不变", "信息截至2019年末", "历史先验", "校准之前"):
        assert part in first
    first = answer(run, "en").splitlines()[0]
    for part in ("output value", "information to the end of 2019", "history priors"):
        assert part in first


def test_columns_line_up_with_chinese_titles(run):
    lines = answer(run, "zh").splitlines()
    rows = lines[lines.index("") + 2 :][: 2 + 14]  # behind the table's title
    assert len({width(row) for row in rows}) == 1


def test_the_answer_is_said_in_words_over_both_prior_sets(run, results, plan):
    text = answer(run, "en")
    shares = [
        float((r.data["total nominal output"].sel(scenario="baseline", year=2025) > 3000).mean())
        for r in (results, plan)
    ]
    assert round(10 * min(shares)) != round(10 * max(shares))
    assert " in ten" in text
    assert "plan priors" in text
    assert "before calibration" in text
    assert "alone below 1%: Cosmetics" in text


def test_an_effect_below_two_standard_errors_is_not_printed_as_a_number(run, results):
    data = results.data.copy(deep=True)
    noise = np.random.default_rng(5).normal(0, 40, data.sizes["member"])
    noise -= noise.mean()
    data["total nominal output"].values[1] = data["total nominal output"].values[0] + noise[:, None]
    text = answer(run | {"dataset": data, "extra": None}, "zh")
    row = next(line for line in text.splitlines() if line.startswith("意见补助组合"))
    assert "≈0" in row


def test_lost_members_are_named_and_leave_bounds(run, results):
    data = results.data.copy(deep=True)
    data["total nominal output"].values[0, :26, 4:] = np.nan
    text = answer(run | {"dataset": data}, "zh")
    assert "26个样本出现非数值（total nominal output，最早在2023" in text
    row = next(line for line in text.splitlines() if line.startswith("基准 "))
    assert "–" in row.split("%")[0]


def test_one_scenario_alone_can_be_told(run, results):
    alone = results.data.sel(scenario=["baseline"])
    assert "基准" in answer(run | {"dataset": alone, "extra": None}, "zh")


def test_the_terminal_path_imports_no_matplotlib():
    code = "import sys, sdensemble.outputs; print('matplotlib' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


@pytest.mark.parametrize("text", ["一二三四，五六七八。九十", "one two three four five"])
def test_folded_text_keeps_every_word_and_fits(text):
    lines = wrap(text, 10)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert max(map(width, lines)) <= 12  # closing punctuation may hang


def test_a_table_pads_by_the_width_of_its_signs():
    assert table([["情景", "P"], ["a", "1"]])[2] == "a     1"


def test_cells_too_wide_alone_stand_on_several_lines():
    rows = [["name", "short", "long"], ["a", "1", "words " * 12]]
    lines = folded(rows, 40, left=3)
    assert max(map(width, lines)) <= 40
    assert " ".join(lines).split().count("words") == 12
    assert folded(rows, None, left=3) == table(rows, left=3)


def test_long_heads_stand_on_several_lines_and_their_unit_is_not_broken():
    rows = [
        ["情景", "每亿元财政支出的效果（亿元）", "Outlay of the treasury (亿元)"],
        ["甲", "1", "2"],
    ]
    lines = folded(rows, 40)
    assert max(map(width, lines)) <= 40
    head = lines[: next(i for i, line in enumerate(lines) if line.startswith("─"))]
    assert sum("（亿元）" in line for line in head) == sum("(亿元)" in line for line in head) == 1
    assert lines[-1].split() == ["甲", "1", "2"]


def test_text_that_goes_to_no_terminal_is_folded_all_the_same(capsys):
    assert terminal_columns() == 100


def test_the_effect_per_unit_of_outlay_stands_beside_the_outlay(run, results):
    lines = answer(run, "zh").splitlines()
    row = next(line for line in lines if line.startswith("品牌 "))
    moved = results.data["total nominal output"].sel(year=2025)
    effect = float((moved.sel(scenario="brand") - moved.sel(scenario="baseline")).mean())
    paid = sum(results.data[f"outlay {payer}"] for payer in ("province", "county"))
    outlay = float(paid.sel(scenario="brand", year=slice(2019, 2025)).sum("year").mean())
    assert float(row.split()[-1]) == pytest.approx(effect / outlay, rel=0.05)
    for title in ("汾酒停滞", "基准"):
        assert next(line for line in lines if line.startswith(f"{title} ")).endswith("—")


def test_packages_that_do_not_cost_the_same_are_said_to_with_their_means(run, results):
    said = "的平均支出不相等"
    assert said not in answer(run, "zh")

    def packages(*names):
        return [replace(s, package="x") if s.name in names else s for s in run["scenarios"]]

    text = answer(run | {"scenarios": packages("brand", "bases")}, "zh")
    assert said in text.replace("\n", "")
    base = results.scenario("baseline")
    low = results.payers_outlay(results.scenario("brand"), base, 2025).found.mean
    assert f"（{low:.3g}至" in text.replace("\n", "")
    alike = packages("plant-grants", "land-quota")  # of equal outlay in every member
    assert said not in answer(run | {"scenarios": alike}, "zh")


def test_english_keeps_the_unit_and_explains_it_once(run):
    text = answer(run, "en")
    assert "above 3000 亿元 in 2025 (亿元 = 100 million yuan)" in text
    assert text.count("100 million") == 1


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_table_too_wide_is_folded_and_says_the_same(run, lang):
    wide = answer(run, lang).splitlines()
    narrow = answer(run, lang, columns=80).splitlines()
    assert max(map(width, narrow)) <= 81  # closing punctuation may hang
    title = run["scenarios"][8].title[lang]
    row = next(line for line in wide if line.startswith(f"{title} "))
    parts = [line.removeprefix(title).split() for line in narrow if line.startswith(f"{title} ")]
    assert len(parts) > 1
    assert [cell for part in parts for cell in part] == row.removeprefix(title).split()


def test_the_answer_names_what_limits_the_group_largest_first(run, results):
    text = answer(run, "zh").replace("\n", "")
    said = "起制约作用的因素（基准情景，2025年，十大集群，按产出加权的占比）：产出——"
    found = re.search(f"{said}(.+?)。", text)
    shares = [float(s) for s in re.findall(r"(\d+)%", found[1])]
    assert shares == sorted(shares, reverse=True)
    assert sum(shares) == pytest.approx(100, abs=2)
    outcome, sets = limits_of(results, results.scenarios[0], 2025)
    assert outcome.id == "ten"
    assert sum(share for _, share in sets["output"]) == pytest.approx(1)


def test_nothing_is_divided_by_an_outlay_printed_as_zero(results):
    brand, base = results.scenario("brand"), results.scenario("baseline")
    effect = results.effect(results.spec.headline.whole, brand, base, 2025)
    outlay = results.payers_outlay(brand, base, 2025)
    assert per_outlay(effect, outlay) == effect.found.mean / outlay.found.mean
    tiny = replace(outlay, found=replace(outlay.found, mean=0.04, se=0.001))
    unclear = replace(outlay, found=replace(outlay.found, mean=5.0, se=3.0))
    assert per_outlay(effect, tiny) is per_outlay(effect, unclear) is None


def test_a_target_read_in_another_scope_is_told_beside_it(run, results):
    own, other = run["targets"][1], "total real output"
    own = replace(own, entity="province", quantity="output")
    read = replace(
        own,
        id="r",
        role="reference",
        scope="as_reported",
        variable=other,
        headline=False,
        reason_zh="依据后来的信息。",
        reason_en="later.",
    )
    targets = (run["targets"][0], own, *run["targets"][2:], read)
    text = answer(run | {"targets": targets}, "zh").replace("\n", "")
    p = results.event(replace(own, variable=other), results.scenarios[0]).probability()
    assert f"基准情景{round(100 * p.middle)}%，各情景" in text
    assert "依据后来的信息。" in text
    assert "另一口径" not in answer(run, "zh")
