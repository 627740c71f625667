"""Words of figures and their captions, in Chinese and English."""

from __future__ import annotations

from collections.abc import Mapping

WORDS: Mapping[str, Mapping[str, str]] = {
    "median": {"zh": "中位数", "en": "median"},
    "band": {"zh": "中央{share}%区间", "en": "central {share}%"},
    "axis": {"zh": "{name}，{unit}{key}", "en": "{name}, {unit}{key}"},
    "under": {"zh": "{axis}：{scenario}情景", "en": "{axis}: {scenario}"},
    "target": {"zh": "目标：{text}", "en": "Target: {text}"},
    "target_short": {"zh": "目标", "en": "target"},
    "target_p": {"zh": "目标（左上\n为达标概率）", "en": "target (top left:\nits probability)"},
    "start": {
        "zh": "{year}起点：k×{measure}，中位数与90%区间",
        "en": "{year}, start: k × {measure}, median and 90% band",
    },
    "p_strip": {
        "zh": "各{unit}{beyond}的概率，%（竖线：抽样误差95%区间）",
        "en": "Probability of {beyond} by {unit}, % (line: 95% Monte Carlo)",
    },
    "history": {
        "zh": "{measure}，{unit}：另一口径，仅供对照，不与上图同轴",
        "en": "{measure}, {unit}: another measure, for reference, not on the axis above",
    },
    "known": {"zh": "信息截止前", "en": "known at the information date"},
    "later": {"zh": "其后，未用于预测", "en": "later, not used"},
    "note": {
        "zh": "色带为逐年样本分位数，并非单一路径的包络。",
        "en": "Bands are pointwise sample quantiles, not envelopes of paths.",
    },
    "conditions": {
        "zh": "{date}；先验组：{prior}；{n}个成员；{fitted}。",
        "en": "{date}; prior set: {prior}; {n} members; {fitted}.",
    },
    "no_history": {"zh": "无同口径统计", "en": "no matching statistics"},
    "p": {"zh": "达标概率{p}%", "en": "P {p}%"},
    "baseline": {"zh": "{name}中位数", "en": "{name}, median"},
    "effects_axis": {
        "zh": "{year}{name}的同成员配对差（对照：{against}），{unit}",
        "en": "Paired difference in {year} from {against}, {name}, {unit}",
    },
    "levers": {"zh": "政策工具", "en": "Levers"},
    "stresses": {"zh": "压力情景（横轴另设）", "en": "Stresses (an axis of their own)"},
    "helped": {"zh": "上升\n成员", "en": "share\nthat rise"},
    "effects_note": {
        "zh": "色块：成员分布；横线：5%至95%；圆点：中位数；上升：升幅超过中位水平的万分之一。",
        "en": "Blue: members; line: 5 to 95%; dot: median; rise: by over 1/10,000 of the median"
        " level; ≈0: not distinguishable from zero.",
    },
    "outlay_note": {
        "zh": "财政支出（{unit}）为累计至{year}的新增额；每单位支出：平均效果除以平均支出。",
        "en": " Outlay ({unit}): added, cumulative through {year}; per outlay: mean effect over"
        " mean outlay.",
    },
    "median_head": {"zh": "中位数", "en": "median"},
    "outlay": {"zh": "财政\n支出", "en": "outlay"},
    "per_outlay": {"zh": "每单位\n支出", "en": "per\noutlay"},
    "not_distinct": {"zh": "与零无\n显著差别", "en": "≈0"},
}

CAPTIONS: Mapping[str, Mapping[str, str]] = {
    "fan": {
        "zh": "{name}：{scenario}情景的扇形图。中央30%、60%、90%区间与中位数；点划线为目标；"
        "下栏为各年超过目标值的概率。{omitted}",
        "en": "{name}: fan under {scenario}. Central 30, 60 and 90% bands and median; dash-dot:"
        " target; beneath: probability of passing the target's value in each year.{omitted}",
    },
    "sectors": {
        "zh": "各产业的扇形图（{scenario}情景；纵轴各自独立，{unit}）。"
        "菱形为目标。各产业均无同口径统计。",
        "en": "Fans by sector ({scenario}; independent vertical axes, {unit}). Diamonds: targets."
        " No sector has statistics on this measure.",
    },
    "scenarios": {
        "zh": "各情景下的{name}（纵轴相同，{unit}）。点线为{scenario}的中位数，百分数为达标概率。",
        "en": "{name} by scenario (one vertical axis, {unit}). Dotted: median of {scenario};"
        " percentages: probability of meeting the target.",
    },
    "effects": {
        "zh": "政策工具的效果：{year}{name}与{scenario}情景的同成员配对差的分布（{unit}）。"
        "半提琴形为成员分布，横线为5%至95%，圆点为中位数。",
        "en": "Effects of levers: distribution over members of the paired difference from"
        " {scenario} in {year} ({name}, {unit}). Half violin: members; line: 5 to"
        " 95%; dot: median.",
    },
    "page": {"zh": "（第{page}页，共{pages}页）", "en": " (Page {page} of {pages}.)"},
    "omitted": {
        "zh": "另有{n}个早于横轴的观测未画出（{years}年）。",
        "en": " Observations before the axis are not drawn ({years}).",
    },
}


def say(word: str, lang: str, **values: object) -> str:
    """Return one of WORDS filled in."""
    return WORDS[word][lang].format(**values)
