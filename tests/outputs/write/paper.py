"""A small paper and a small workbook with everything a writer may meet."""

from sdensemble.lang import joined
from sdensemble.outputs.document import Annex, Box, Document, Heading, Items, Paragraph, Ref
from sdensemble.outputs.figure import Axis, Band, Figure, Line, Panel, Target
from sdensemble.outputs.form import Number, Share, Whole
from sdensemble.outputs.table import Column, table_of
from sdensemble.outputs.workbook import Fan, Sentences, Sheet, Workbook

YEARS = tuple(float(year) for year in range(2019, 2026))
RUN = "a1b2c3d4"
FAN = Figure(
    "fan",
    {"zh": "杯温的扇形图", "en": "The fan"},
    (
        Panel(
            (
                Band(
                    YEARS, YEARS, tuple(y + 9 for y in YEARS), 0.9, {"zh": "中间90%", "en": "90%"}
                ),
                Line(
                    YEARS, tuple(y + 4 for y in YEARS), "median", {"zh": "中位数", "en": "median"}
                ),
                Target(2025.0, 2030.0, {"zh": "目标", "en": "target"}),
            ),
            y=Axis({"zh": "杯温", "en": "cup"}, "°C"),
        ),
    ),
    run=RUN,
)
COLUMNS = (
    Column("scenario", {"zh": "情景", "en": "Scenario"}),
    Column("p", {"zh": "达标概率", "en": "P"}, Share()),
    Column("median", {"zh": "中位数", "en": "Median"}, Number(places=0), "°C"),
)
ROWS = [
    {"scenario": {"zh": "基准", "en": "Baseline"}, "p": (0.74, 0.01), "median": 3359.25},
    {"scenario": {"zh": "=加盖", "en": "=Lid"}, "p": (0.35, 0.01), "median": 2860.5},
]
TABLE = table_of(
    "levers",
    {"zh": "对比", "en": "Compared"},
    COLUMNS,
    ROWS,
    notes=({"zh": "±为抽样误差。", "en": "± is sampling error."},),
    source={"zh": "模型", "en": "model"},
    run=RUN,
)
LONG = table_of("long", {"zh": "长表", "en": "Long"}, COLUMNS, ROWS * 40, run=RUN)
ANSWER = {"zh": "约三到七成（74% ±1）。", "en": "About three to seven in ten (74% ±1)."}
PAPER = Document(
    "paper",
    {"zh": "茶杯会凉吗", "en": "Will the cup cool?"},
    (
        Heading({"zh": "一、结论", "en": "Answer"}),
        Paragraph(ANSWER, "lead"),
        Paragraph(joined([{"zh": "见", "en": "See "}, Ref("levers"), ", ", Ref("fan")], "nothing")),
        TABLE,
        FAN,
        Items(({"zh": "甲", "en": "one"}, {"zh": "乙", "en": "two"})),
        Box("method", {"zh": "方法", "en": "Method"}, (Paragraph('#let <x> & "y" \\ [z]'),)),
        Annex("all", {"zh": "全部数据", "en": "All data"}, (LONG,)),
    ),
    subtitle={"zh": "副题", "en": "A subtitle"},
    date="2026-05-04",
    run=RUN,
)

QUANTILES = ("q05", "q25", "q50", "q75", "q95")
FAN_TABLE = table_of(
    "fan",
    {"zh": "扇形图数据", "en": "Fan data"},
    (
        Column("scenario", {"zh": "情景", "en": "Scenario"}),
        Column("outcome", {"zh": "产业", "en": "Outcome"}),
        Column("year", {"zh": "年份", "en": "Year"}, Whole()),
        *(Column(name, name, Number(places=1)) for name in QUANTILES),
        Column("target", {"zh": "目标", "en": "Target"}, Number(places=0)),
    ),
    [
        {
            "scenario": scenario,
            "outcome": outcome,
            "year": year,
            **{name: 100 * a + 10 * b + (year - 2019) + k for k, name in enumerate(QUANTILES)},
            "target": 30.0 if year == 2021 else None,
        }
        for a, scenario in enumerate(("base", "=lid"))
        for b, outcome in enumerate(("cup", "room"))
        for year in (2019, 2020, 2021)
    ],
    stub=3,
)
BOOK = Workbook(
    "book",
    {"zh": "结果", "en": "Results"},
    (
        Sheet("answer", {"zh": "结论", "en": "Answer"}, (Sentences((ANSWER, "=1+1"), ("a", "b")),)),
        Sheet("levers", {"zh": "情景对比", "en": "Levers: a/b?"}, (TABLE,)),
        Sheet(
            "fan",
            {"zh": "扇形图数据", "en": "Fan"},
            (
                Fan(
                    FAN_TABLE,
                    ("scenario", "outcome"),
                    "year",
                    (("q05", "q95", "90%"), ("q25", "q75", "50%")),
                    "q50",
                    "target",
                    "°C",
                ),
            ),
        ),
    ),
    date="2026-05-04",
    run=RUN,
)
