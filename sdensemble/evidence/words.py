"""What calibrate, backtest, audit and observe print, in Chinese and English."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from sdensemble.evidence.diagnose import Check, Diagnosis
from sdensemble.evidence.posterior import Posterior
from sdensemble.evidence.pull import Pull
from sdensemble.inputs.fit import without_term
from sdensemble.inputs.history import Vintage, information
from sdensemble.outputs.text import width, wrap
from sdensemble.outputs.words import information_date, label, target_name
from sdensemble.study import Study

WORDS: Mapping[str, Mapping[str, str]] = {
    "fitted": {
        "zh": "拟合：{date}，{n}个观测值，先验组 {priors}，情景 {scenario}。后验编号 {digest}。",
        "en": "Fit: {date}, {n} figures, prior set {priors}, scenario {scenario}. Posterior"
        " {digest}.",
    },
    "sampler": {
        "zh": "抽样：{chains}组×{particles}个粒子（互异{distinct}个），{stages}个温度，{moves}步；"
        "信息量最大的10个参数的有效样本数中位数约{effective:.0f}；"
        "对数证据 {evidence:.2f}（误差 {error:.2f}）。",
        "en": "Sampler: {chains} runs of {particles} particles ({distinct} distinct), {stages}"
        " powers, {moves} moves; median effective size of the ten best informed numbers about"
        " {effective:.0f}; log evidence {evidence:.2f} (error {error:.2f}).",
    },
    "stuck": {
        "zh": "警告：抽样在 {n} 个温度上未充分混合（残留相关 {memory:.2f}），请加大 --particles。",
        "en": "Warning: at {n} powers the moves ended before they had mixed (correlation left"
        " {memory:.2f}): take more --particles.",
    },
    "shrinkage": {
        "zh": "数据让{some}个参数的方差缩小10%以上（超出两倍误差），其余{rest}个只有先验：",
        "en": "The data shrink the variance of {some} numbers by more than a tenth, by two errors;"
        " the other {rest} are prior only:",
    },
    "loo": {
        "zh": "后验预测用新的偏差（只由该序列其余的数推出），不用为该数本身求得的偏差；"
        "留一PIT出自略去该数的后验，近0或近1表示该数出人意料（括号：权重只值这么多个样本，不足100时标出）。",
        "en": "The posterior predictive takes a fresh discrepancy, known from the series' other"
        " figures alone; the leave-one-out PIT is of a posterior without the figure: near 0 or 1 it"
        " came as a surprise (in brackets: what the weights are worth, where below 100 draws).",
    },
    "checks": {"zh": "观测值与预测分布：", "en": "Figures against their predictive distributions:"},
    "profiles": {
        "zh": "剖面似然（先验 ±2 个标准差内对数似然的落差；小于1.92为平坦，不可识别）：",
        "en": "Profile likelihood (its fall within two prior sd; below 1.92 it is flat, not"
        " identified):",
    },
    "theil": {
        "zh": "Theil 统计量（对数；点数很少，只作描述）：",
        "en": "Theil statistics (in logs; few points, descriptive only):",
    },
    "shocks": {
        "zh": "冲击自{when:g}年起抽取；此前由各序列的偏差过程代替。",
        "en": "Shocks are drawn from {when:g} on; before, each series' discrepancy stands in.",
    },
    "lacks": {
        "zh": "该信息日缺以下已结束时期的数据（当时未公布）：{rows}",
        "en": "Of periods already over, this vintage lacks what was not yet published: {rows}",
    },
    "skipped": {
        "zh": "模型没有相应变量、未参与拟合的序列：{rows}",
        "en": "Series left out because the model lacks their variable: {rows}",
    },
    "pull": {
        "zh": "每个观测值对概率的拉动（有它与没有它的概率之差，百分点；按留一权重计算，"
        "±为抽样误差，括号内为权重相当的样本数，不足100时只能粗略参考）：",
        "en": "What each figure does to the probabilities (P with it less P without it, in points;"
        " by leave-one-out weights, ± Monte Carlo error; in brackets the draws the weights are"
        " worth: below 100 it is a rough guess):",
    },
    "cut": {"zh": "0（只用于估计口径）", "en": "0 (informs scope only)"},
    "number": {"zh": "参数", "en": "number"},
    "prior": {"zh": "先验 5/50/95%", "en": "prior 5/50/95%"},
    "posterior": {"zh": "后验 5/50/95%", "en": "posterior 5/50/95%"},
    "shrink": {"zh": "收缩", "en": "shrinkage"},
    "effective": {"zh": "有效样本", "en": "effective"},
    "series": {"zh": "序列", "en": "series"},
    "year": {"zh": "年份", "en": "year"},
    "value": {"zh": "观测值", "en": "figure"},
    "pit": {"zh": "先验PIT", "en": "prior PIT"},
    "loo pit": {"zh": "留一PIT", "en": "leave-one-out PIT"},
    "residual": {"zh": "残差", "en": "residual"},
    "discrepancy": {"zh": "偏差", "en": "discrepancy"},
    "fall": {"zh": "落差", "en": "fall"},
    "verdict": {"zh": "结论", "en": "verdict"},
    "flat": {"zh": "平坦", "en": "flat"},
    "identified": {"zh": "可识别", "en": "identified"},
    "bias": {"zh": "偏差份额", "en": "bias"},
    "variation": {"zh": "变动份额", "en": "variation"},
    "covariation": {"zh": "协动份额", "en": "covariation"},
    "no backtest": {
        "zh": "没有可以回测的观测值：没有任何年份之后还有同口径数据。",
        "en": "Nothing to test: no year has a later figure of a fitted series.",
    },
    "backtest": {
        "zh": "滚动起点回测（只用起点年末以前时期的数据拟合，再预测其后每个数；区间为90%）：",
        "en": "Rolling origin: fitted to periods up to the origin's end, each later figure forecast"
        " (90% interval):",
    },
    "origin": {"zh": "起点", "en": "origin"},
    "who": {"zh": "方法", "en": "method"},
    "forecast": {"zh": "预测 5/50/95%", "en": "forecast 5/50/95%"},
    "log score": {"zh": "对数得分", "en": "log score"},
    "model": {"zh": "本模型", "en": "this model"},
    "by horizon": {
        "zh": "各序列、各期限的平均CRPS（对数，约等于相对误差，越小越好）：",
        "en": "Mean CRPS by series and horizon (in logs, about the relative error; smaller is"
        " better):",
    },
    "horizon": {"zh": "期限（年）", "en": "years ahead"},
    "figures": {"zh": "点数", "en": "figures"},
    "model best": {"zh": "本模型最好", "en": "this model is best"},
    "naive best": {"zh": "{who}胜过本模型", "en": "{who} beats this model"},
    "tie": {"zh": "与{who}不分高下", "en": "tied with {who}"},
    "same figures": {
        "zh": "结论只比较双方都预测了的数；括号内为点数，少于本模型时标出。"
        "差额不超过抽样误差的两倍为不分高下。",
        "en": "Verdicts compare the figures both have forecast; in brackets how many, where fewer"
        " than the model's. Within two Monte Carlo errors it is a tie.",
    },
    "rivals' error": {
        "zh": "可比方法的误差为假设：一年期对数标准差 {sd}，随期限的平方根增大。",
        "en": "The rivals' error is assumed: sd of the log {sd} a year ahead, growing with the root"
        " of the horizon.",
    },
    "no rival": {"zh": "无可比方法", "en": "no rival"},
    "coverage": {
        "zh": "{who}：{n}个预测，50/80/95%区间实际覆盖 {a}/{b}/{c}，平均对数得分 {log}。",
        "en": "{who}: {n} forecasts; 50/80/95% intervals hold {a}/{b}/{c}; mean log score {log}.",
    },
    "audit": {
        "zh": "审计：意见出台时（{date}）的预测与其后各项统计（政策按“{scenario}”实施）：",
        "en": "Audit: the forecast as of the opinion's issue ({date}) against every later statistic"
        " (policy as in “{scenario}”):",
    },
    "split": {
        "zh": "偏离的分解（对数点×100，观测值与事前中位数之差；按先验换成后验的Shapley分摊）：",
        "en": "The miss split (log points × 100, figure over ex ante median; Shapley shares of"
        " going"
        " from prior to posterior):",
    },
    "miss": {"zh": "合计偏离", "en": "miss"},
    "shocks word": {"zh": "冲击", "en": "shocks"},
    "scope word": {"zh": "口径常差", "en": "constant bias of scope"},
    "outside word": {"zh": "模型以外（口径变动等）", "en": "outside the model"},
    "other word": {"zh": "其他参数", "en": "other numbers"},
    "zero discrepancy": {
        "zh": "按设定为0：冲击、模型以外（这些序列没有偏差过程）：{rows}",
        "en": "0 by construction: shocks and outside the model, of series without a discrepancy:"
        " {rows}",
    },
    "zero shocks": {
        "zh": "按设定为0：冲击（偏差过程中没有代表冲击的部分）：{rows}",
        "en": "0 by construction: shocks, where no part of the discrepancy stands for them: {rows}",
    },
    "zero bias": {
        "zh": "口径一项只含参数、按设定没有口径常差：{rows}",
        "en": "0 by construction: constant bias of scope (what scope has there is its numbers'):"
        " {rows}",
    },
    "shapley": {
        "zh": "分摊时部分参数取先验、部分取后验，二者在组间相互独立：后验中各组之间的相关因此丢失。"
        "“模型以外”是口径变动与模型遗漏。",
        "en": "Mixed sets take some groups from the prior and some from the posterior, as if"
        " independent: the posterior's dependence between groups is lost. Outside the model are"
        " changes of scope and what the model leaves out.",
    },
    "left out": {
        "zh": "另有{n}行后来的统计没有拟合项，未作预测：",
        "en": "{n} rows of later statistics have no term and were not forecast:",
    },
    "why no measure": {
        "zh": "没有该口径与范围的拟合项：",
        "en": "no term of this measure and sector: ",
    },
    "why part of a year": {
        "zh": "时期止于年中，没有拟合项采用：",
        "en": "ends within a year, and no term takes it: part of a year, or a day: ",
    },
    "why out of time": {
        "zh": "在模型时间以外，或为模型的起点：",
        "en": "outside the model's time, or what it starts from: ",
    },
    "kept ahead": {
        "zh": "从滤波状态继续运行至{end}年：既有政策按估计的执行率延续（{name}，{unit}，5/50/95%；"
        "加新工具用 --scenario）：",
        "en": "On from the filtered state to {end}: past levers at their estimates ({name}, {unit},"
        " 5/50/95%; new ones with --scenario):",
    },
    "left": {"zh": "统计误差", "en": "error of the figure"},
    "counterfactual": {
        "zh": "无政策反事实（同一组后验与冲击；“{scenario}”减“{baseline}”，{unit}，5/50/95%）：",
        "en": "Counterfactual without the policy (same posterior, same shocks; “{scenario}” less"
        " “{baseline}”, {unit}, 5/50/95%):",
    },
    "ahead": {
        "zh": "从滤波状态继续运行至{end}年：既有政策按估计的执行率延续，“{scenario}”的工具自"
        "{start:g}年起启用（{name}，{unit}，5/50/95%）：",
        "en": "On from the filtered state to {end}: past levers at their estimates, those of"
        " “{scenario}” from {start:g} on ({name}, {unit}, 5/50/95%):",
    },
    "kept on": {"zh": "既有政策延续", "en": "past levers kept"},
    "new": {"zh": "加新工具", "en": "with the new levers"},
    "difference": {"zh": "差额", "en": "difference"},
    "weights": {
        "zh": "结构变体（留出对数得分之和、均匀先验下的堆叠权重）：",
        "en": "Structures (sum of held-out log scores; stacking weights under a uniform prior):",
    },
    "same": {
        "zh": "没有改变任何设定、不另计权重的变体：",
        "en": "Variants that change nothing and have no weight of their own: ",
    },
    "variant": {"zh": "变体", "en": "variant"},
    "weight": {"zh": "权重", "en": "weight"},
    "range": {
        "zh": "各变体 {name} 从 {low:.0%} 到 {high:.0%}；按权重混合 {mixed:.0%}。",
        "en": "{name}: from {low:.0%} to {high:.0%} over the variants; {mixed:.0%} in the mixture.",
    },
    "unit": {"zh": "单位", "en": "unit"},
    "from prior": {"zh": "无（先验）", "en": "none (the prior)"},
    "fitting": {
        "zh": "没有已存的后验（{vintage}）：用{n}个观测值拟合",
        "en": "no posterior of {vintage} is stored: fitting {n} figures",
    },
    "forecast of": {
        "zh": "预测：{date}，政策按“{scenario}”，先验组 {priors}，后验 {posterior}（5/50/95%）。",
        "en": "Forecast: {date}, policy as in “{scenario}”, prior set {priors}, posterior"
        " {posterior} (5/50/95%).",
    },
    "kind statistic": {
        "zh": "将公布的统计数（含统计误差、口径常差与模型偏差）：",
        "en": "Figures as they would be published (error, bias of scope and discrepancy included):",
    },
    "kind model": {
        "zh": "模型自身变量（不含统计误差与偏差，不可与统计数直接比较）：",
        "en": "The model's own variables (no error and no discrepancy: not to be compared with a"
        " published figure):",
    },
    "no term": {
        "zh": "该信息日有{n}行观测没有对应的拟合项，不参与拟合与评分：{rows}",
        "en": "{n} rows of this vintage have no term and are neither fitted nor scored: {rows}",
    },
    "more measures": {"zh": "另有{n}种口径", "en": "and {n} other measures"},
    "rmse": {"zh": "均方根误差", "en": "rms error"},
}


LABEL = 60
"""Columns a label may take in a table."""


def say(key: str, lang: str, **values: object) -> str:
    """Return one of WORDS filled in."""
    return WORDS[key][lang].format(**values)


def columns(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return rows as lines with aligned columns; wide characters count two."""
    widths = [max(width(row[i]) for row in rows) for i in range(len(rows[0]))]
    return [
        "  "
        + "  ".join(
            cell + " " * (wide - width(cell)) for cell, wide in zip(row, widths, strict=True)
        ).rstrip()
        for row in rows
    ]


def three(values: Sequence[float]) -> str:
    """Return three quantiles with as many digits as are worth reading.

    >>> three([0.12345, 999.7, 12345.6])
    '0.123 / 1000 / 12346'
    """
    return " / ".join(f"{v:.3g}" if abs(v) < 999.5 else f"{v:.0f}" for v in values)


def calibration_text(
    study: Study, posterior: Posterior, diagnosis: Diagnosis, known: Vintage, lang: str
) -> str:
    """Return what a calibration learned, as lines for the terminal."""
    informed = [one for one in diagnosis.learned if not one.prior_only]
    informed.sort(key=lambda one: -one.shrinkage)
    fit, dated = study.fit, information(study.history, known.name)
    scenario = study.lived.title[lang] if study.lived else "-"
    date = information_date(dated, lang, study.report.issued)
    lines = [
        say("fitted", lang, date=date, n=len(posterior.figures),
            priors=posterior.bound.prior_set, scenario=scenario, digest=posterior.digest),
        say("sampler", lang, chains=posterior.replicates, particles=posterior.particles,
            stages=len(posterior.stages), moves=diagnosis.moves, distinct=diagnosis.distinct,
            effective=diagnosis.effective,
            evidence=diagnosis.evidence, error=diagnosis.evidence_error),
        say("shocks", lang, when=posterior.forecast_from),
    ]  # fmt: skip
    late = [stage for stage in posterior.stages if stage.memory > 0.25]
    if late:
        lines.append(say("stuck", lang, n=len(late), memory=diagnosis.worst_memory))
    if fit and fit.skipped:
        lines.append(say("skipped", lang, rows=", ".join(fit.skipped)))
    if known.lacks:
        shown = ", ".join(f"{row.id or row.measure} ({why})" for row, why in known.lacks)
        lines.append(say("lacks", lang, rows=shown))
    lines += no_term_line(study, known, lang)
    rest = len(diagnosis.learned) - len(informed)
    lines += ["", say("shrinkage", lang, some=len(informed), rest=rest)]
    head = [say(key, lang) for key in ("number", "prior", "posterior", "shrink", "effective")]
    lines += columns(
        [head]
        + [
            [label_of(study, one.name, lang), three(one.prior), three(one.posterior),
             f"{one.shrinkage:.2f} ±{one.error:.2f}", f"{one.effective:.0f}"]
            for one in informed
        ]
    )  # fmt: skip
    lines += ["", say("checks", lang), *_check_lines(study, diagnosis, lang),
              say("loo", lang)]  # fmt: skip
    if diagnosis.profiles:
        lines += ["", say("profiles", lang), *_profile_lines(study, diagnosis, lang)]
    if diagnosis.theil:
        lines += ["", say("theil", lang), *_theil_lines(study, diagnosis, lang)]
    return "\n".join(lines)


def pull_text(study: Study, pulled: Mapping[str, Sequence[Pull]], lang: str) -> str:
    """Return what each figure does to P of each target, a row a figure."""
    targets = {t.id: target_name(t, lang) for t in study.targets}
    first = next(iter(pulled.values()), ())
    head = [say(key, lang) for key in ("series", "year", "value")]
    rows = [[*head, *(f"{targets[name]} {own[0].given:.0%}" for name, own in pulled.items())]]
    for i, one in enumerate(first):
        value = f"{one.value:g} {study.report.unit_label(one.unit, lang)}"
        cells = [_pulled(own[i], lang) for own in pulled.values()]
        rows.append([series_title(study, one.series, lang), str(one.year), value, *cells])
    return "\n".join([say("pull", lang), *columns(rows)]) if first else ""


def _pulled(one: Pull, lang: str) -> str:
    if one.cut:
        return say("cut", lang)
    shown = f"{100 * one.pull:+.1f} ±{100 * one.error:.1f}".replace("-", "−")
    return f"{shown} ({one.effective:.0f})"


def label_of(study: Study, name: str, lang: str) -> str:
    """Return a number of the priors as people write it: the constant's label with its element.

    Of a label that explains, the part before the colon, cut at a word to LABEL columns.
    """
    constant, _, element = name.partition("[")
    variable = study.model.variables.get(constant)
    note = variable.note if variable else None
    label = (note.zh if lang == "zh" else note.en) if note else ""
    label = label.split("：" if lang == "zh" else ": ")[0] or constant
    if width(label) > LABEL:
        label = wrap(label, LABEL)[0] + "…"
    if not element:
        return label
    inside = element.removesuffix("]")
    if variable is not None and len(variable.dims) == 1:
        inside = study.model.element_label(variable.dims[0], inside, lang)
    return f"{label}（{inside}）" if lang == "zh" else f"{label} ({inside})"


def series_title(study: Study, name: str, lang: str) -> str:
    """Return a series as people write it, from its name ``measure/sector``."""
    for term in study.fit.terms if study.fit else ():
        if term.name == name:
            return term.title[lang]
    return name


def no_term_line(study: Study, known: Vintage, lang: str, most: int = 6) -> list[str]:
    """Return a line that names, by measure, the rows of a vintage no term speaks of, if any."""
    if study.fit is None:
        return []
    rows = without_term(study.fit.terms, known.fitted(), study.model)
    if not rows:
        return []
    counts = Counter(row.measure for row in rows).most_common()
    shown = [
        f"{label(study.report, name, lang)}" + (f" ×{n}" if n > 1 else "")
        for name, n in counts[:most]
    ]
    if len(counts) > most:
        shown.append(say("more measures", lang, n=len(counts) - most))
    return [say("no term", lang, n=len(rows), rows=("、" if lang == "zh" else ", ").join(shown))]


def _check_lines(study: Study, diagnosis: Diagnosis, lang: str) -> list[str]:
    head = [
        say(key, lang)
        for key in (
            "series",
            "year",
            "value",
            "prior",
            "posterior",
            "pit",
            "loo pit",
            "residual",
            "discrepancy",
        )
    ]
    return columns(
        [head]
        + [
            [series_title(study, one.series, lang), str(one.year),
             f"{one.value:g} {study.report.unit_label(one.unit, lang)}",
             three(one.prior), three(one.posterior), f"{one.pit:.2f}", _loo(one),
             f"{one.residual:+.3f}", f"{one.discrepancy:+.3f}"]
            for one in diagnosis.checks
        ]
    )  # fmt: skip


def _loo(one: Check) -> str:
    few = f" ({one.effective:.0f})" if one.effective < 100 else ""
    return f"{one.posterior_pit:.2f}{few}"


def _profile_lines(study: Study, diagnosis: Diagnosis, lang: str) -> list[str]:
    rows = [[say(key, lang) for key in ("number", "fall", "verdict")]]
    for one in diagnosis.profiles:
        fall = max(one.likelihood) - min(one.likelihood)
        rows.append(
            [
                label_of(study, one.name, lang),
                f"{fall:.2f}",
                say("flat" if one.flat else "identified", lang),
            ]
        )
    return columns(rows)


def _theil_lines(study: Study, diagnosis: Diagnosis, lang: str) -> list[str]:
    rows = [[say(key, lang) for key in ("series", "rmse", "bias", "variation", "covariation")]]
    for one in diagnosis.theil:
        rows.append(
            [series_title(study, one.series, lang), f"{one.error**0.5:.3f}", f"{one.bias:.2f}",
             f"{one.variation:.2f}", f"{one.covariation:.2f}"]
        )  # fmt: skip
    return columns(rows)
