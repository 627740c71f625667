"""What calibrate, backtest, audit and observe print, in Chinese and English."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sdensemble.calibration.diagnose import Diagnosis
from sdensemble.calibration.posterior import Posterior
from sdensemble.history import Vintage, information
from sdensemble.outputs.text import width
from sdensemble.outputs.words import information_date
from sdensemble.study import Study

WORDS: Mapping[str, Mapping[str, str]] = {
    "fitted": {
        "zh": "拟合：{date}，{n}个观测值，先验组 {priors}，情景 {scenario}。后验编号 {digest}。",
        "en": "Fit: {date}, {n} figures, prior set {priors}, scenario {scenario}. Posterior"
        " {digest}.",
    },
    "sampler": {
        "zh": "抽样：{chains}组×{particles}个粒子，{stages}个温度，{moves}步；信息量最大的10个参"
        "数的有效样本数中位数"
        "约{effective:.0f}；对数证据 {evidence:.2f}（误差 {error:.2f}）。",
        "en": "Sampler: {chains} runs of {particles} particles, {stages} powers, {moves} moves;"
        " median"
        " effective size of the ten best informed numbers about {effective:.0f}; log evidence"
        " {evidence:.2f} (error {error:.2f}).",
    },
    "stuck": {
        "zh": "警告：抽样在 {n} 个温度上未充分混合（残留相关 {memory:.2f}），请加大 --particles。",
        "en": "Warning: at {n} powers the moves ended before they had mixed (correlation left"
        " {memory:.2f}): take more --particles.",
    },
    "shrinkage": {
        "zh": "数据让{some}个参数的方差缩小10%以上，其余{rest}个只有先验（收缩小于0.1）：",
        "en": "The data shrink the variance of {some} numbers by a tenth or more; the other"
        " {rest} are"
        " prior only (shrinkage below 0.1):",
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
    "number": {"zh": "参数", "en": "number"},
    "prior": {"zh": "先验 5/50/95%", "en": "prior 5/50/95%"},
    "posterior": {"zh": "后验 5/50/95%", "en": "posterior 5/50/95%"},
    "shrink": {"zh": "收缩", "en": "shrinkage"},
    "effective": {"zh": "有效样本", "en": "effective"},
    "series": {"zh": "序列", "en": "series"},
    "year": {"zh": "年份", "en": "year"},
    "value": {"zh": "观测值", "en": "figure"},
    "pit": {"zh": "先验PIT", "en": "prior PIT"},
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
    "rmse": {"zh": "均方根误差", "en": "rms error"},
}


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
    """Return three quantiles with as many digits as are worth reading."""
    return " / ".join(f"{value:.3g}" if abs(value) < 1000 else f"{value:.0f}" for value in values)


def calibration_text(
    study: Study, posterior: Posterior, diagnosis: Diagnosis, known: Vintage, lang: str
) -> str:
    """Return what a calibration learned, as lines for the terminal."""
    informed = [one for one in diagnosis.learned if not one.prior_only]
    informed.sort(key=lambda one: -one.shrinkage)
    fit, dated = study.fit, information(study.history, known.name)
    scenario = study.lived.title[lang] if study.lived else "-"
    lines = [
        say("fitted", lang, date=information_date(dated, lang), n=len(posterior.figures),
            priors=posterior.bound.prior_set, scenario=scenario, digest=posterior.digest),
        say("sampler", lang, chains=posterior.replicates, particles=posterior.particles,
            stages=len(posterior.stages), moves=diagnosis.moves, effective=diagnosis.effective,
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
    rest = len(diagnosis.learned) - len(informed)
    lines += ["", say("shrinkage", lang, some=len(informed), rest=rest)]
    head = [say(key, lang) for key in ("number", "prior", "posterior", "shrink", "effective")]
    lines += columns(
        [head]
        + [
            [label_of(study, one.name, lang), three(one.prior), three(one.posterior),
             f"{one.shrinkage:.2f}", f"{one.effective:.0f}"]
            for one in informed
        ]
    )  # fmt: skip
    lines += ["", say("checks", lang), *_check_lines(study, diagnosis, lang)]
    if diagnosis.profiles:
        lines += ["", say("profiles", lang), *_profile_lines(study, diagnosis, lang)]
    if diagnosis.theil:
        lines += ["", say("theil", lang), *_theil_lines(study, diagnosis, lang)]
    return "\n".join(lines)


def label_of(study: Study, name: str, lang: str) -> str:
    """Return a number of the priors as people write it: the constant's label with its element."""
    constant, _, element = name.partition("[")
    note = study.model[constant].note if constant in study.model else None
    label = (note.zh if lang == "zh" else note.en) if note else ""
    if not label or width(label) > 48:  # an explanation more than a name
        label = constant
    return f"{label}{'[' + element if element else ''}"


def series_title(study: Study, name: str, lang: str) -> str:
    """Return a series as people write it, from its name ``measure/sector``."""
    for term in study.fit.terms if study.fit else ():
        if term.name == name:
            return term.title[lang]
    return name


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
            "residual",
            "discrepancy",
        )
    ]
    return columns(
        [head]
        + [
            [series_title(study, one.series, lang), str(one.year), f"{one.value:g} {one.unit}",
             three(one.prior), three(one.posterior), f"{one.pit:.2f}", f"{one.residual:+.3f}",
             f"{one.discrepancy:+.3f}"]
            for one in diagnosis.checks
        ]
    )  # fmt: skip


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
