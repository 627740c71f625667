"""A small study of known truth: a trade that grows, its price, and what is reported of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from sdengine.streams import Stream

MODEL = """{UTF-8}
growth=0.08 ~1/Year [0,0.4]~ 中文: 增速; EN: growth; source: test|
price growth=0.02 ~1/Year [0,0.2]~ 中文: 价格增速; EN: price growth; source: test|
start level=100 ~Ton/Year [10,1000]~ 中文: 起点; EN: start level; source: test|
ratio=0.9 ~Dmnl [0.1,2]~ 中文: 口径比; EN: ratio; source: test|
nuisance=1 ~Dmnl [-10,10]~ 中文: 无关; EN: nuisance; source: test|
luck=0 ~Dmnl [-2,2]~ 中文: 运气; EN: luck; source: test|
Level=INTEG(Level*growth, start level) ~Ton/Year ~ 中文: 水平; EN: level|
Price=INTEG(Price*price growth, 1) ~Dmnl ~ 中文: 价格; EN: price|
trade=Level*EXP(luck) ~Ton/Year ~ 中文: 贸易; EN: trade|
sales=trade*Price/ratio*EXP(0*nuisance) ~Ton/Year ~ 中文: 销售; EN: sales|
INITIAL TIME=2019~Year~|
FINAL TIME=2031~Year~|
TIME STEP=0.25~Year~|
SAVEPER=TIME STEP~Year~|
"""
PRIOR = """
[[prior]]
constant = "{name}"
distribution = "{kind}"
{keys}
unit = "{unit}"
basis = "ASSUMPTION: test"
kind = "structural"
assumption = true
"""
FIT = """
scenario = "baseline"
screened = ["growth", "nuisance"]
[[term]]
measure = "sales"
sector = "total"
title = { zh = "销售额", en = "Sales" }
variable = "sales"
unit = "Ton"
sd = 0.03
discrepancy_sd = 0.03
half_life = 2.0
leads = true
basis = "test"
[[term]]
measure = "volume"
sector = "total"
variable = "trade"
unit = "Ton"
sd = 0.02
bias_sd = 0.02
basis = "test"
[[group]]
name = "demand"
title = { zh = "需求", en = "demand" }
constants = ["growth", "start *"]
[[baseline]]
name = "last growth"
kind = "last growth"
sd = 0.05
basis = "test"
"""
FORCING = """
[[process]]
name = "luck"
drives = "luck"
form = "ar1"
sd = 0.05
half_life = 1.0
unit = "Dmnl"
basis = "ASSUMPTION: test"
known_on = "2018-12-31"
assumption = true
"""
HEAD = "time,sector,measure,value,unit,source,period_end,published_on,id,url,role,note,batch\n"
REPORT = """
as_of = "through-2019"
[headline]
variable = "sales"
zh = "销售额"
en = "Sales"
question = "sales_2025"
"""
TARGETS = (
    "id,zh,en,variable,element,aggregate,year,comparator,value,unit,measure,scope,price_basis,"
    "section,joint,headline,note\n"
    "sales_2025,销售额,Sales,sales,,annual,2025,>=,260,Ton,sales,,,,,1,\n"
)


def line(year: int, measure: str, value: float, published: str = "", **more: str) -> str:
    """Return one line of a history file."""
    role = more.get("role", "observed")
    return (
        f"{year},total,{measure},{value:.6g},Ton,test,{year}-12-31,"
        f"{published or f'{year + 1}-03-01'},,,{role},,\n"
    )


def truth_figures(truth: dict[str, float], years: range, seed: int) -> str:
    """Return history lines made from a truth, with the errors the fit file states."""
    noise = Stream(seed, "figures").normal([0], steps=2 * len(years))[:, 0, 0]
    bias = 0.02 * Stream(seed, "bias").normal([0])[0, 0, 0]
    lines = []
    for i, year in enumerate(years):
        times = np.arange(0, 1.001, 0.25) + (year - 2019)
        level = truth["start"] * (1 + truth["growth"] * 0.25) ** (4 * times)
        price = (1 + 0.02 * 0.25) ** (4 * times)
        volume, sales = np.trapezoid(level, times), np.trapezoid(level * price, times)
        lines.append(line(year, "sales", sales / truth["ratio"] * np.exp(0.03 * noise[2 * i])))
        lines.append(line(year, "volume", volume * np.exp(0.02 * noise[2 * i + 1] + bias)))
    return "".join(lines)


def make_study(folder: Path, history: str = "") -> Path:
    """Write the small study into a folder with Chinese characters and return it."""
    folder = folder / "小 研究"
    for name in ("model", "calibration", "scenarios", "outputs"):
        (folder / name).mkdir(parents=True)
    (folder / "model" / "trade.mdl").write_text(MODEL, "utf-8")
    priors = [
        ("growth", "triangular", "low = 0\nmode = 0.08\nhigh = 0.2", "1/Year"),
        ("start level", "lognormal", "median = 100\nlog_sd = 0.15", "Ton/Year"),
        ("ratio", "uniform", "low = 0.7\nhigh = 1.1", "Dmnl"),
        ("nuisance", "normal", "mean = 0\nsd = 1", "Dmnl"),
    ]
    text = "".join(PRIOR.format(name=n, kind=k, keys=p, unit=u) for n, k, p, u in priors)
    (folder / "calibration" / "priors.toml").write_text(text, "utf-8")
    (folder / "calibration" / "fit.toml").write_text(FIT, "utf-8")
    (folder / "calibration" / "forcing.toml").write_text(FORCING, "utf-8")
    (folder / "calibration" / "history.csv").write_text(HEAD + history, "utf-8-sig")
    title = '[title]\nzh = "{0}"\nen = "{0}"\n[purpose]\nzh = "x"\nen = "x"\n'
    (folder / "scenarios" / "baseline.toml").write_text(
        "order = 1\n" + title.format("base"), "utf-8"
    )
    more = '[world]\n"price growth" = { value = 0.05, start = 2020, unit = "1/Year" }\n'
    (folder / "scenarios" / "dear.toml").write_text(
        "order = 2\n" + title.format("dear") + more, "utf-8"
    )
    (folder / "scenarios" / "targets.csv").write_text(TARGETS, "utf-8")
    (folder / "outputs" / "report.toml").write_text(REPORT, "utf-8")
    return folder
