"""A study small enough to be solved by hand: a town with a grant and a land lever.

Output at the end of a year is ``base`` + ``shift`` + what grants and land have built since 2021:
grants build pull × budget a year, land 0.02 a mu of what is taken, and no more is taken than firms
want. Every uncertain number is normal or uniform, so probabilities have closed forms.
"""

from __future__ import annotations

from pathlib import Path

from sdensemble.study import Study, open_study

MODEL = """{UTF-8}
base output=
	100
	~	Yi/Year [0,300]
	~	中文: 基数; EN: Output without any programme; ASSUMPTION
	|

shift=
	0
	~	Yi/Year [-200,200]
	~	中文: 扰动; EN: What shocks add; ASSUMPTION
	|

grant budget=
	0
	~	Yi/Year [0,10]
	~	中文: 补助资金; EN: Grants a year (lever; the default is the baseline); ASSUMPTION
	|

grant pull=
	0.5
	~	1/Year [0,3]
	~	中文: 补助成效; EN: Output a year for a yuan of grants; ASSUMPTION
	|

land release=
	0
	~	Mu/Year [0,200]
	~	中文: 土地供给; EN: Land released a year (lever; the default is the baseline); ASSUMPTION
	|

land wanted=
	60
	~	Mu/Year [0,400]
	~	中文: 用地需求; EN: Land that firms would take a year; ASSUMPTION
	|

land pull=
	0.02
	~	Yi/(Year*Mu) [0,1]
	~	中文: 用地成效; EN: Output for a mu taken; ASSUMPTION
	|

land price=
	0.01
	~	Yi/Mu [0,1]
	~	中文: 地价; EN: Price of a mu that is not charged; ASSUMPTION
	|

land taken=
	MIN(land release,land wanted)
	~	Mu/Year
	~	中文: 实际用地; EN: Land taken
	|

land binds=
	IF THEN ELSE(land wanted>100,1,0)
	~	Dmnl
	~	中文: 用地受限; EN: Whether firms want more than there is
	|

Built= INTEG (
	grant pull*grant budget+land pull*land taken,
		0)
	~	Yi/Year
	~	中文: 新增; EN: Output built by programmes
	|

output=
	base output+shift+Built
	~	Yi/Year
	~	中文: 产值; EN: Output
	|

grants paid=
	grant budget
	~	Yi/Year
	~	中文: 补助支出; EN: Grants paid
	|

land revenue forgone=
	land price*land taken
	~	Yi/Year
	~	中文: 让渡土地收益; EN: Land revenue forgone
	|

********************************************************
	.Control
********************************************************~
		Simulation Control Parameters
	|

FINAL TIME=
	2031
	~	Year
	~	中文: 结束; EN: End
	|

INITIAL TIME=
	2020
	~	Year
	~	中文: 起始; EN: Start
	|

SAVEPER=
	TIME STEP
	~	Year
	~	中文: 保存; EN: Saved
	|

TIME STEP=
	0.25
	~	Year
	~	中文: 步长; EN: Step
	|
"""
PRIOR = """[[prior]]
constant = "{name}"
distribution = "{kind}"
{numbers}
unit = "{unit}"
basis = "ASSUMPTION: made for tests"
kind = "structural"
assumption = true
sets = {sets}

"""
FILES = {
    "scenarios/baseline.toml": 'order = 1\n[title]\nzh = "基准"\nen = "Baseline"\n',
    "scenarios/grants.toml": 'order = 2\n[title]\nzh = "补助"\nen = "Grants"\n[levers]\n'
    '"grant budget" = { value = 2.0, start = 2021.0, unit = "Yi/Year" }\n',
    "scenarios/land.toml": 'order = 3\n[title]\nzh = "土地"\nen = "Land"\n[levers]\n'
    '"land release" = { value = 100.0, start = 2021.0, unit = "Mu/Year" }\n',
    "scenarios/both.toml": 'order = 4\n[title]\nzh = "两项并用"\nen = "Both"\n[levers]\n'
    '"grant budget" = { value = 2.0, start = 2021.0, unit = "Yi/Year" }\n'
    '"land release" = { value = 100.0, start = 2021.0, unit = "Mu/Year" }\n',
    "scenarios/targets.csv": "id,zh,en,variable,element,aggregate,year,comparator,value,unit,"
    "measure,scope,price_basis,section,joint,headline,note\n"
    "goal,产值,Output,output,,end,2025,>,110,Yi/Year,output_value,constant,current,,,1,\n"
    "low,低目标,Low goal,output,,end,2025,>,90,Yi/Year,output_value,wide,current,,,,\n",
    "calibration/forcing.toml": '[[process]]\nname = "weather"\ndrives = "shift"\nform = "ar1"\n'
    'sd = [2, 2]\nhalf_life = 2\nunit = "Yi/Year"\nbasis = "ASSUMPTION: made for tests"\n'
    'kind = "structural"\nassumption = true\n',
    "variants/strong-land.toml": 'order = 1\nquestion = "land"\n[title]\nzh = "用地更强"\n'
    'en = "Stronger land"\n[settings]\n"land pull" = { value = 0.08, unit = "Yi/(Year*Mu)" }\n',
    "outputs/report.toml": '[headline]\nvariable = "output"\naggregate = "end"\nzh = "产值"\n'
    'en = "Output"\nquestion = "goal"\n'
    '[[payer]]\nid = "town"\nvariable = "grants paid"\nzh = "财政"\nen = "Treasury"\n'
    '[[payer]]\nid = "land"\nvariable = "land revenue forgone"\nforgone = true\n'
    'zh = "让渡土地收益"\n'
    'en = "Land revenue forgone"\n'
    '[units]\n"Yi/Year" = { zh = "亿元/年", en = "亿元 a year" }\n'
    '"Yi" = { zh = "亿元", en = "亿元" }\n'
    '"Mu/Year" = { zh = "亩/年", en = "mu a year" }\n"Mu" = { zh = "亩", en = "mu" }\n'
    '"Yi/Mu" = { zh = "亿元/亩", en = "亿元 a mu" }\n',
    "scenarios/questions/land-or-grants.toml": 'target = "goal"\nyears = [2025, 2029]\nlevels = 5\n'
    '[title]\nzh = "补助与用地"\nen = "Grants against land"\n'
    '[[side]]\nlever = "grant budget"\nunit = "Yi/Year"\nlevel = 2.0\nhigh = 8.0\nstart = 2021.0\n'
    'zh = "补助"\nen = "Grants"\n'
    '[[side]]\nlever = "land release"\nunit = "Mu/Year"\nlevel = 100.0\nhigh = 200.0\n'
    "start = 2021.0\n"
    'zh = "用地"\nen = "Land"\n'
    '[used]\nvariable = "land taken"\nzh = "实际用地"\nen = "Land taken"\n'
    '[[cost]]\nid = "free"\nprice = 0\nkind = "none"\nzh = "不计地价"\nen = "Free"\n'
    '[[cost]]\nid = "service"\nprice = 0.002\nkind = "treasury"\nzh = "配套"\nen = "Servicing"\n'
    '[[cost]]\nid = "price"\nprice = 0.01\nkind = "forgone"\nmain = true\n'
    'zh = "地价"\nen = "Price"\n'
    '[condition]\nvariable = "land binds"\nfrom = 2021\nto = 2025\nlow = 0.1\nhigh = 0.5\n'
    'zh = "用地受限"\nen = "Land binds"\n',
}


def _priors() -> str:
    both = '["history", "plan"]'
    rows = [
        ("base output", "normal", "mean = 100\nsd = 10", "Yi/Year", '["history"]'),
        ("base output", "normal", "mean = 105\nsd = 10", "Yi/Year", '["plan"]'),
        ("grant pull", "uniform", "low = 0.2\nhigh = 0.8", "1/Year", both),
        ("land wanted", "uniform", "low = 20\nhigh = 180", "Mu/Year", both),
    ]
    return "".join(
        PRIOR.format(name=name, kind=kind, numbers=numbers, unit=unit, sets=sets)
        for name, kind, numbers, unit, sets in rows
    )


def make_town(folder: Path) -> Study:
    """Write the study into a folder and return it, read."""
    for name, text in {
        **FILES,
        "model/town.mdl": MODEL,
        "calibration/priors.toml": _priors(),
    }.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return open_study(folder)
