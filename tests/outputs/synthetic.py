"""A made-up study of the shape of a real one: 11 sectors, 14 scenarios, 16 replicates."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from sdengine.syntax import Call, Clock, Equation, Kind, Model, Note, Ref, Variable
from sdensemble.inputs.history import Observation
from sdensemble.inputs.read_report import read_report
from sdensemble.inputs.report import ReportSpec
from sdensemble.inputs.scenarios import Scenario, Setting
from sdensemble.inputs.targets import Target
from sdensemble.outputs.answer import answer as document
from sdensemble.outputs.run import all_results
from sdensemble.outputs.write.terminal import document_text
from sdensemble.results.results import Results

YEARS = np.arange(2019, 2031)
SECTORS = {
    "brewing": ("酿品", "Brewing", 300.0, 206.0),
    "beverages": ("饮品", "Beverages", 100.0, 66.0),
    "dairy": ("乳品", "Dairy", 100.0, 71.0),
    "staples": ("主食糕品", "Staples and pastry", 50.0, 27.0),
    "meat": ("肉制品", "Meat products", 300.0, 198.0),
    "fruit": ("果品", "Fruit products", 180.0, 104.0),
    "functional_food": ("功能食品", "Functional food", 50.0, 32.0),
    "health_food": ("保健食品", "Health food", 10.0, 5.6),
    "cosmetics": ("化妆品", "Cosmetics", 10.0, 1.2),
    "tcm": ("中药", "Chinese medicine", 100.0, 56.0),
    "other": ("十大集群以外的农产品加工业", "Other agro-processing", 1800.0, 1180.0),
}
TEN = tuple(name for name in SECTORS if name != "other")
SCENARIOS = {
    "baseline": ("基准", "Baseline", 0.0, 0.0),
    "opinion-bundle": ("意见补助组合", "Opinion's own bundle", 0.012, 9.0),
    "plant-grants": ("加工项目补助", "Plant grants", 0.008, 6.0),
    "land-quota": ("用地指标5%", "Land quota 5%", 0.003, 6.0),
    "land-and-grants": ("用地加补助", "Land and grants together", 0.012, 12.0),
    "interest-subsidy": ("贷款贴息", "Interest subsidy", 0.002, 3.0),
    "guarantee": ("融资担保", "Credit guarantee", 0.0009, 1.0),
    "bases": ("原料基地", "Raw-material bases", 0.010, 18.0),
    "brand": ("品牌", "Brand programme", 0.016, 4.0),
    "research": ("科研", "Research", 0.006, 3.0),
    "all": ("全部政策工具", "All levers", 0.045, 40.0),
    "fenjiu-stagnates": ("汾酒停滞", "Fenjiu stagnates", -0.020, 0.0),
    "pig-price-halves": ("猪价减半", "Pig prices halve", -0.009, 0.0),
    "one-year-delay": ("全部工具推迟一年", "All levers, a year late", 0.036, 34.0),
}
STRESSES = ("fenjiu-stagnates", "pig-price-halves")
REGIMES = ("raw", "capacity", "demand", "finance")

REPORT = """
keep = [{variable = "price level", aggregate = "mean"}]
[headline]
variable = "total nominal output"
zh = "全省"
en = "Province"
components = "nominal output"
range = "sector"
question = "total_2025"
real = "total real output"
groups = [
  {id = "ten", variable = "cluster nominal output", zh = "十大集群", en = "Ten clusters"},
  {id = "other", variable = "nominal output", element = "other", zh = "其余", en = "Other"},
]
[[regime]]
id = "raw"
set = "output"
variable = "output regime raw"
zh = "原料"
en = "raw material"
[[regime]]
id = "capacity"
set = "output"
variable = "output regime capacity"
zh = "产能"
en = "capacity"
[[regime]]
id = "demand"
set = "output"
variable = "output regime demand"
zh = "需求"
en = "demand"
[[regime]]
id = "finance"
set = "output"
variable = "output regime finance"
zh = "资金"
en = "finance"
[[payer]]
id = "province"
variable = "outlay province"
zh = "省级财政"
en = "province"
[[payer]]
id = "county"
variable = "outlay county"
zh = "市县财政"
en = "city and county"
[history]
file = "calibration/history.csv"
measure = "sales_revenue"
[units]
Yi = {zh = "亿元", en = "亿元", en_note = "亿元 = 100 million yuan"}
"Yi/Year" = {zh = "亿元/年", en = "亿元 a year", en_note = "亿元 = 100 million yuan"}
[labels]
all_firms = {zh = "全部企业", en = "all firms"}
"""


def variable(name: str, dims: tuple[str, ...] = (), unit: str = "Yi/Year") -> Variable:
    """Return a variable with no equation."""
    return Variable(name, Kind.AUXILIARY, dims, unit, (None, None), Note(), ())


def model() -> Model:
    """Return a model that names the synthetic series."""
    scalars = ["total nominal output", "total real output", "cluster nominal output"]
    scalars += ["outlay province", "outlay county", "price level"]
    ranged = ["nominal output", *(f"output regime {name}" for name in REGIMES)]
    found = [variable(name) for name in scalars] + [variable(name, ("sector",)) for name in ranged]
    part = Call("sum", (Ref("nominal output", ("cluster!",)),))
    found = [
        replace(v, equations=(Equation((), part),)) if v.name == "cluster nominal output" else v
        for v in found
    ]
    return Model(
        Path("made-up.mdl"),
        "abc123",
        Clock(2019.0, 2031.0, 1 / 32, 0.25, "Year"),
        {"sector": tuple(SECTORS), "cluster": TEN},
        {v.name: v for v in found},
        {("sector", key): {"zh": row[0], "en": row[1]} for key, row in SECTORS.items()},
    )


def scenarios(names: tuple[str, ...] = tuple(SCENARIOS)) -> tuple[Scenario, ...]:
    """Return scenarios of the shape their reader makes; the delay is compared with all."""
    return tuple(
        Scenario(
            name,
            order,
            {"zh": SCENARIOS[name][0], "en": SCENARIOS[name][1]},
            {"zh": "虚构", "en": "made up"},
            (Setting("x", None, (2020.5,), (1.0,), "world" if name in STRESSES else "lever"),),
            "all" if name == "one-year-delay" and "all" in names else "baseline",
        )
        for order, name in enumerate(names)
    )


def target(name: str, zh: str, en: str, variable: str, year: int, value: float, **other: Any):
    """Return a single target."""
    row = {
        "element": "",
        "aggregate": "annual",
        "comparator": ">=",
        "unit": "Yi",
        "measure": "output_value",
        "scope": "constant_2019",
        "price_basis": "nominal",
        "section": "一",
        "joint": (),
        "headline": False,
        "note": "",
    }
    return Target(id=name, zh=zh, en=en, variable=variable, year=year, value=value, **row | other)


def targets() -> tuple[Target, ...]:
    """Return targets of total, ten, other, each sector, and all eleven at once."""
    total, zh, en = "total nominal output", "全省农产品加工业产值", "Agro-processing output value"
    rows = [
        target("total_2022", f"{zh} 2022", f"{en} 2022", total, 2022, 2500.0, headline=True),
        target(
            "total_2025",
            f"{zh} 2025",
            f"{en} 2025",
            total,
            2025,
            3000.0,
            comparator=">",
            headline=True,
        ),
        target(
            "total_2030",
            f"{zh} 2030（示例）",
            f"{en} 2030 (example)",
            total,
            2030,
            3500.0,
            comparator=">",
            headline=True,
        ),
        target(
            "ten_2025",
            "十大集群合计 2025",
            "Ten clusters 2025",
            "cluster nominal output",
            2025,
            1200.0,
            headline=True,
        ),
    ]
    for key, (zh, en, value, _) in SECTORS.items():
        rows.append(
            target(
                f"{key}_2025",
                f"{zh} 2025",
                f"{en} 2025",
                "nominal output",
                2025,
                value,
                element=key,
                headline=key == "other",
            )
        )
    joint = tuple(f"{key}_2025" for key in SECTORS)
    last = target(
        "all_2025",
        "十一项同时达标",
        "All eleven at once",
        "",
        2025,
        0.0,
        joint=joint,
        headline=True,
    )
    return (*rows, replace(last, year=None, value=None, comparator="", aggregate="", unit=""))


def dataset(
    names: tuple[str, ...] = tuple(SCENARIOS),
    members: int = 256,
    seed: int = 1,
    growth: float = 0.065,
    prior_set: str = "history",
) -> xr.Dataset:
    """Return a made-up ensemble; every scenario on the same members."""
    rng = np.random.default_rng(seed)
    base = np.array([row[3] for row in SECTORS.values()])
    level = rng.lognormal(0.0, 0.07, members)
    trend = rng.normal(growth, 0.018, (members, 1)) + rng.normal(0, 0.01, (members, len(base)))
    walk = rng.normal(0, 0.02, (members, YEARS.size, len(base))).cumsum(axis=1)
    response = rng.gamma(2.0, 0.5, (members, 1, 1))
    time = (YEARS - YEARS[0])[None, :, None]
    data = np.empty((len(names), members, YEARS.size, len(base)))
    for index, name in enumerate(names):
        lift = SCENARIOS[name][2] * response * np.clip((time - 1) / 5, 0, 1)
        data[index] = base * level[:, None, None] * np.exp(trend[:, None] * time + walk + lift)
    ten = np.array([key != "other" for key in SECTORS])
    series = {
        "total nominal output": (data.sum(axis=3), "Yi", "annual"),
        "total real output": (data.sum(axis=3) / 1.018 ** (YEARS - 2019), "Yi", "annual"),
        "cluster nominal output": (data[..., ten].sum(axis=3), "Yi", "annual"),
        "price level": (np.broadcast_to(1.018 ** (YEARS - 2020.5), data.shape[:3]), "Dmnl", "mean"),
        "nominal output": (data, "Yi", "annual"),
    }
    paid = np.array([SCENARIOS[name][3] for name in names])[:, None, None]
    execution = rng.uniform(0.4, 0.9, (members, 1)) * (YEARS > 2019)
    for payer, part in (("province", 0.4), ("county", 0.6)):
        series[f"outlay {payer}"] = (part * paid / 5 * execution, "Yi", "annual")
    shares = rng.dirichlet((2, 3, 2, 1), size=data.shape)
    for index, name in enumerate(REGIMES):
        series[f"output regime {name}"] = (shares[..., index], "Dmnl", "mean")
    return xr.Dataset(
        {name: _array(*found) for name, found in series.items()},
        coords={
            "scenario": list(names),
            "member": np.arange(members),
            "year": YEARS,
            "sector": list(SECTORS),
            "replicate": ("member", np.repeat(np.arange(16), members // 16)),
        },
        attrs={
            "model": "made-up.mdl",
            "model_digest": "abc123",
            "prior_set": prior_set,
            "as_of": "through-2019",
            "seed": seed,
            "posterior": "prior",
            "model_set": "main",
        },
    )


def _array(values: np.ndarray, unit: str, aggregate: str) -> xr.Variable:
    dims = ("scenario", "member", "year", "sector")[: values.ndim]
    attrs = {"unit": unit, "zh": "虚构序列", "en": "made-up series", "aggregate": aggregate}
    return xr.Variable(dims, values, attrs)


def spec(folder: Path, text: str = REPORT) -> ReportSpec:
    """Return the report specification, read from a file written to ``folder``."""
    path = folder / "report.toml"
    path.write_text(text, encoding="utf-8")
    return read_report(path, model())


def results(folder: Path, names: tuple[str, ...] = tuple(SCENARIOS), **options) -> Results:
    """Return results over a synthetic ensemble."""
    data = dataset(names, **options)
    return Results(data, scenarios(names), targets(), spec(folder), model())


def history() -> tuple[Observation, ...]:
    """Return four observations of another measure, one outside the years drawn."""
    rows = [(2012, 822.0), (2019, 1935.5), (2020, 2186.0), (2021, 2620.0)]
    return tuple(
        Observation(year, "total", "sales_revenue", value, "Yi", "made up",
                    date(year, 12, 31), f"{year + 1}-08-01")
        for year, value in rows
    )  # fmt: skip


def every_of(run: dict[str, Any]) -> tuple[Results, ...]:
    """Return the results of the fixture ``run``, the first of the prior set asked for."""
    shared = [run[name] for name in ("dataset", "extra", "scenarios", "targets", "spec", "model")]
    return all_results(*shared)


def answer(run: dict[str, Any], lang: str, columns: int | None = None) -> str:
    """Return the answer of the fixture ``run`` as it stands on a terminal."""
    first, *others = every_of(run)
    return document_text(document(first, others, ()), lang, columns)
