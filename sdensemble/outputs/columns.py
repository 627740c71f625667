"""The columns of every CSV a run writes: identifier, meaning in Chinese and in English."""

from __future__ import annotations

from collections.abc import Mapping

Columns = Mapping[str, tuple[str, str]]

SCENARIO: Columns = {
    "scenario": ("情景标识", "scenario identifier"),
    "scenario_zh": ("情景（中文）", "scenario (Chinese)"),
    "scenario_en": ("情景（英文）", "scenario (English)"),
}
CONDITIONS: Columns = {
    "measure": ("口径；占比无口径时空白", "measure; blank for shares"),
    "scope": ("统计范围；不适用时空白", "scope; blank where there is none"),
    "price_basis": (
        "价格基准；财政支出为 nominal 当年额或 discounted 现值",
        "price basis; of outlay nominal or discounted (present value)",
    ),
    "as_of": ("信息截止", "information date"),
    "prior_set": ("先验组", "prior set"),
    "model_digest": ("模型摘要值", "model digest"),
    "model_set": ("结构（模型集）", "structure (model set)"),
    "posterior": (
        "参数所取后验的编号；prior 为先验",
        "digest of the posterior constants are drawn from; prior: of the prior",
    ),
}
OUTCOME: Columns = {
    "outcome": ("对象标识", "outcome identifier"),
    "outcome_zh": ("对象（中文）", "outcome (Chinese)"),
    "outcome_en": ("对象（英文）", "outcome (English)"),
}
UNIT: Columns = {
    "unit": ("单位（模型）", "unit (model)"),
    "unit_zh": ("单位（中文）", "unit (Chinese)"),
    "unit_en": ("单位（英文）", "unit (English)"),
}

PROBABILITIES: Columns = {
    "target": ("目标标识", "target identifier"),
    "target_zh": ("目标（中文）", "target (Chinese)"),
    "target_en": ("目标（英文）", "target (English)"),
    "role": (
        "类别：outcome 目标，reference 参照（并非政策目标）",
        "outcome (a target) or reference (no target of the policy)",
    ),
    **SCENARIO,
    "year": ("年份", "year"),
    "event": ("条件", "condition"),
    "comparator": (
        "比较符；about 指落在区间内",
        "comparator; about: inside the band",
    ),
    "value": ("目标值", "target value"),
    "band_low": (
        "区间下端：about 的下界，或幅度目标的下端（按下端计达标）",
        "lower end: of the band of about, or of a range, which is met at its lower end",
    ),
    "band_high": ("区间上端", "upper end of the band or range"),
    **UNIT,
    "p": ("达标概率；有缺失成员时空白", "probability; blank where members were lost"),
    "p_least": ("概率下限：缺失计为未达标", "lower bound: lost members counted as misses"),
    "p_most": ("概率上限：缺失计为达标", "upper bound: lost members counted as hits"),
    "low": ("95%区间下端", "lower end of the 95% interval"),
    "high": ("95%区间上端", "upper end of the 95% interval"),
    "mc_error": ("抽样标准误；无法估计时空白", "Monte Carlo standard error; blank where unknown"),
    "interval_method": ("区间算法", "how the interval was made"),
    "members": ("成员数", "members"),
    "lost_members": ("缺失（非数值）成员数", "lost (NaN) members"),
    "replicates": ("独立重复数", "independent replicates"),
    "in_words_zh": ("文字表述（中文）", "in words (Chinese)"),
    "in_words_en": ("文字表述（英文）", "in words (English)"),
    "shortfall": (
        "期望缺口 E[max(0, 目标值−实现值)]",
        "expected shortfall E[max(0, value − outcome)]",
    ),
    "shortfall_error": ("期望缺口的标准误", "standard error of the shortfall"),
    **CONDITIONS,
}
DIFFERENCES: Columns = {
    "kind": (
        "类别：probability 概率, output 产出, other_change 其他加工业变化（负为挤出）,"
        " outlay 财政支出",
        "probability, output, other_change (output outside the groups of the policy; negative:"
        " displacement) or outlay",
    ),
    **SCENARIO,
    "against": ("对照情景", "compared with"),
    "outcome": ("对象标识", "outcome identifier"),
    "outcome_zh": ("对象（中文）", "outcome (Chinese)"),
    "outcome_en": ("对象（英文）", "outcome (English)"),
    "year": ("年份（财政支出为累计至该年）", "year (outlay: cumulative through it)"),
    **UNIT,
    "difference": (
        "同成员配对差的均值：本情景减对照情景，正为增加",
        "mean paired difference: this scenario minus the one compared with; positive: a rise",
    ),
    "error": ("配对差的标准误", "standard error of the paired difference"),
    "low": ("均值95%区间下端", "lower end of the mean's 95% interval"),
    "high": ("均值95%区间上端", "upper end of the mean's 95% interval"),
    "median": ("成员间中位数", "median over members"),
    "q05": ("成员间5%分位", "5% quantile over members"),
    "q95": ("成员间95%分位", "95% quantile over members"),
    "share_helped": (
        "上升的成员占比：产出升幅须超过对照情景中位水平的万分之一，财政支出与概率为任何上升",
        "share of members that rise: output by more than 1/10,000 of the median level of the"
        " scenario compared with; outlay and probability by anything",
    ),
    "share_hurt": (
        "下降的成员占比：门槛同上",
        "share of members that fall, with the same threshold",
    ),
    "p_value": ("p值（t检验）", "p-value (t test)"),
    "p_value_holm": ("Holm校正后p值", "p-value after Holm's correction"),
    "verdict": ("判断", "verdict"),
    "verdict_zh": ("判断（中文）", "verdict (Chinese)"),
    "verdict_en": ("判断（英文）", "verdict (English)"),
    "pairs": ("配对成员数", "pairs"),
    **CONDITIONS,
}
GAP: Columns = {
    **SCENARIO,
    **OUTCOME,
    "target": ("目标标识", "target identifier"),
    "base_year": ("基年", "base year"),
    "year": ("目标年", "target year"),
    **UNIT,
    "base_mean": ("基年均值", "mean in the base year"),
    "mean": ("目标年均值", "mean in the target year"),
    "contribution": ("增量均值（对增长的贡献额）", "mean increase (contribution to growth)"),
    "contribution_q05": ("增量5%分位", "increase, 5% quantile"),
    "contribution_q95": ("增量95%分位", "increase, 95% quantile"),
    "contribution_points": (
        "对总量累计增速的贡献，百分点",
        "contribution to the whole's cumulative growth, percentage points",
    ),
    "contribution_share_percent": ("占总增量的比重，%", "share of the whole's increase, %"),
    "target_value": ("目标值", "target value"),
    "gap_mean": ("缺口均值（目标值−实现值；负为超出）", "mean gap (target − outcome)"),
    "shortfall": ("期望缺口 E[max(0, 缺口)]", "expected shortfall E[max(0, gap)]"),
    "required_growth_percent": (
        "达标所需年均增速中位数，%",
        "median yearly growth required from the base year, %",
    ),
    "required_growth_q05_percent": ("所需年均增速5%分位，%", "5% quantile of it, %"),
    "required_growth_q95_percent": ("所需年均增速95%分位，%", "95% quantile of it, %"),
    "growth_percent": ("实现的年均增速中位数，%", "median yearly growth of the run, %"),
    **CONDITIONS,
}
PROGRESS: Columns = {
    **SCENARIO,
    **OUTCOME,
    "target": ("目标标识", "target identifier"),
    "target_year": ("目标年", "target year"),
    "target_value": ("目标值", "target value"),
    **UNIT,
    "year": ("年份", "year"),
    "median": ("当年中位数", "median in the year"),
    "progress_percent": (
        "进度：已完成增量占应完成增量，%",
        "progress: share of the increase done, %",
    ),
    "schedule_percent": ("序时进度：已过时间占比，%", "schedule: share of the time passed, %"),
    "ahead_points": ("超前（负为滞后），百分点", "ahead of schedule, percentage points"),
    "required_growth_percent": (
        "此后达标尚需年均增速，%",
        "yearly growth still required after the year, %",
    ),
    **CONDITIONS,
}
BOTTLENECKS: Columns = {
    **SCENARIO,
    "set": ("制约组", "set of limits"),
    **OUTCOME,
    "year": ("年份；all 为全部年份", "year; all is every year"),
    "regime": ("制约因素标识", "limit identifier"),
    "regime_zh": ("制约因素（中文）", "limit (Chinese)"),
    "regime_en": ("制约因素（英文）", "limit (English)"),
    "unit": ("单位（比例）", "unit (a share)"),
    "mean_share": (
        "制约因素占比均值；合计与分组各行为成员内按当年产出加权的平均",
        "mean share of the limit; in rows of the whole and of groups the mean of a member's"
        " elements weighted by their output in the year",
    ),
    "share_largest": ("该因素占比最大的成员年比例", "share of member-years in which it is largest"),
    "member_years": ("成员年数", "member-years"),
    **CONDITIONS,
}
MONEY: Columns = {
    "per_treasury": (
        "每单位财政支出的效果（均值之比）；支出与零无显著差别时空白",
        "effect per unit of treasury money (ratio of means); blank where there is none to speak of",
    ),
    "per_treasury_error": ("其抽样标准误", "its Monte Carlo standard error"),
    "per_forgone": (
        "每单位让渡收益的效果（均值之比）",
        "effect per unit of revenue forgone (ratio of means)",
    ),
    "per_forgone_error": ("其抽样标准误", "its Monte Carlo standard error"),
}
HORIZONS: Columns = {
    **SCENARIO,
    "against": ("对照情景", "scenario compared with"),
    **OUTCOME,
    "year": ("截至年份", "year"),
    "span": ("year 当年，cumulative 累计至当年", "year: that year; cumulative: all years to it"),
    **UNIT,
    "difference": ("配对差均值", "mean paired difference"),
    "error": ("其抽样标准误", "its Monte Carlo standard error"),
    "low": ("95%区间下端", "lower end of the 95% interval"),
    "high": ("95%区间上端", "upper end of the 95% interval"),
    "median": ("配对差中位数", "median paired difference"),
    "q05": ("5%分位", "5% quantile"),
    "q95": ("95%分位", "95% quantile"),
    "share_helped": ("受益成员占比", "share of members helped"),
    "share_hurt": ("受损成员占比", "share of members hurt"),
    "pairs": ("配对数", "pairs"),
    "treasury": ("新增财政支出，累计", "added treasury money, cumulative"),
    "treasury_error": ("其抽样标准误", "its Monte Carlo standard error"),
    "forgone": (
        "新增让渡收益，累计（不是财政支出）",
        "added revenue forgone, cumulative (no outlay)",
    ),
    "forgone_error": ("其抽样标准误", "its Monte Carlo standard error"),
    **MONEY,
    **CONDITIONS,
}
CONDITIONAL: Columns = {
    "condition": ("条件标识", "condition identifier"),
    "condition_zh": ("条件（中文）", "condition (Chinese)"),
    "condition_en": ("条件（英文）", "condition (English)"),
    "part": ("分组序号", "number of the part"),
    "part_zh": ("分组（中文）", "part (Chinese)"),
    "part_en": ("分组（英文）", "part (English)"),
    "from": ("条件值下端", "from this value of the condition"),
    "to": ("条件值上端", "up to this value"),
    "share": ("成员占比", "share of members"),
    "members": ("成员数", "members"),
    "kind": ("probability 概率，effect 效果", "probability or effect"),
    **SCENARIO,
    **OUTCOME,
    "year": ("年份", "year"),
    **UNIT,
    "value": ("数值", "value"),
    "error": ("抽样标准误", "Monte Carlo standard error"),
    "median": ("配对差中位数", "median paired difference"),
    **MONEY,
    **CONDITIONS,
}
FILES: Mapping[str, Columns] = {
    "probabilities.csv": PROBABILITIES,
    "differences.csv": DIFFERENCES,
    "gap.csv": GAP,
    "progress.csv": PROGRESS,
    "bottlenecks.csv": BOTTLENECKS,
    "horizons.csv": HORIZONS,
    "conditions.csv": CONDITIONAL,
}
