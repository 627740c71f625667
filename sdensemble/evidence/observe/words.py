"""What ``observe add`` says, in Chinese and English."""

from __future__ import annotations

from collections.abc import Mapping

WORDS: Mapping[str, Mapping[str, str]] = {
    # ── of a file ──
    "unreadable": {"zh": "读不出来：{why}", "en": "cannot be read — {why}"},
    "old excel": {
        "zh": "是旧式 .xls（或加了密码）：请在 Excel 或 WPS 中另存为 .xlsx，或 CSV",
        "en": "an old .xls, or protected by a password: save it as .xlsx or CSV",
    },
    "not excel": {"zh": "不是可读的 Excel 文件：{why}", "en": "not a readable Excel file: {why}"},
    "encoding": {
        "zh": "既不是 UTF-8 也不是 GBK：请用其中一种编码另存",
        "en": "neither UTF-8 nor GBK: save it as one of the two",
    },
    "no rows": {"zh": "表头以下没有数据", "en": "no rows below the header"},
    "no column": {
        "zh": "没有“{name}”一列（前{n}行中可识别的表头：{shown}）",
        "en": 'no column "{name}" in the first {n} rows (headers understood: {shown})',
    },
    "two columns": {
        "zh": "有两列都表示“{name}”：{columns}",
        "en": 'two columns mean "{name}": {columns}',
    },
    "missing": {
        "zh": "有的行没有“{name}”：加一列，或用 {option} 给出",
        "en": "{name} is missing in some row: add a column, or give {option}",
    },
    # ── while it works ──
    "fitting": {
        "zh": "重新拟合{n}次，每次{particles}个粒子，双核约一至三分钟；中断则什么都不写入。",
        "en": "Refitting {n} times with {particles} particles, one to three minutes each on two"
        " cores; interrupted, nothing is written.",
    },
    "fitted": {"zh": "已拟合：{row}", "en": "fitted: {row}"},
    # ── of a cell ──
    "line": {"zh": "{file} 第{line}行", "en": "{file} line {line}"},
    "column": {"zh": "，“{header}”列（{letter}）", "en": ', column "{header}" ({letter})'},
    "blank": {
        "zh": "空白（若是公式，请在 Excel 中保存一次使其有值）",
        "en": "blank (a formula has a value only once Excel has saved it)",
    },
    "no number": {
        "zh": "“{text}”不是数：只写数，“约”等字写到备注里",
        "en": '"{text}" is no number: write the number alone, words such as "about" in a note',
    },
    "commas": {
        "zh": "“{text}”的逗号不是千位分隔",
        "en": '"{text}": these commas do not part thousands',
    },
    "not above": {"zh": "{text}：必须大于0", "en": "{text}: a figure must be above 0"},
    "no year": {
        "zh": "“{text}”不是年份（如 2023、2023年、2023年上半年）",
        "en": '"{text}" is no year (2023, 2023年, 2023H1)',
    },
    "no date": {
        "zh": "“{text}”不是日期（如 2023-01-29、2023年1月29日、2023-01）",
        "en": '"{text}" is no date (2023-01-29, 2023年1月29日, 2023-01)',
    },
    "no day": {
        "zh": "“{text}”不是某一天（如 2023-06-30、2023年6月30日）",
        "en": '"{text}" is no day (2023-06-30, 2023年6月30日)',
    },
    "two units": {
        "zh": "“{text}”写明{cell}，而单位一项为{unit}",
        "en": '"{text}" is in {cell}, while the unit given is {unit}',
    },
    "unit": {
        "zh": "单位是{unit}，而“{series}”用{wanted}：请换算后再加",
        "en": "in {unit}, while {series} is in {wanted}: convert it first",
    },
    # ── of a row ──
    "no measure": {
        "zh": "本研究没有口径“{name}”{hint}",
        "en": 'no measure "{name}" in this study{hint}',
    },
    "near": {"zh": "——是否指 {names}？", "en": " — did you mean {names}?"},
    "there are": {"zh": "（有：{names}）", "en": " (there are: {names})"},
    "many measures": {
        "zh": "“{name}”可指 {names}：请写其中一个",
        "en": '"{name}" may be {names}: write one of them',
    },
    "no sector": {
        "zh": "“{measure}”只有 {known} 的数据，没有“{sector}”",
        "en": '"{measure}" is known of {known}, not of "{sector}"',
    },
    "which sector": {
        "zh": "空白：“{measure}”有 {known} 的数据，请写明是哪一个",
        "en": "blank: {measure} is known of {known}, say of which",
    },
    "no unit": {"zh": "没有单位", "en": "no unit is given"},
    "plan": {
        "zh": "“{name}”是目标或规划数，不是观测值：不能作为历史数据",
        "en": '"{name}" is a target or plan, not an observation: it is never history',
    },
    "derived": {
        "zh": "“{name}”是推算数，不是观测值：不能作为历史数据",
        "en": '"{name}" is derived from other figures, not observed: it is never history',
    },
    "other year": {
        "zh": "期末 {end} 不在 {year} 年",
        "en": "the period ends on {end}, which is not in {year}",
    },
    "too early": {
        "zh": "公布日期 {published} 早于期末 {end}：那一期还没结束；时点数或部分时期的数，"
        "请加“期末”列写明截止日",
        "en": "published {published}, before the period ends on {end}; of a day, or of part of a"
        " year, say in a column period_end when it ends",
    },
    "future": {"zh": "{what} {day} 在今天之后", "en": "{what} {day} lies in the future"},
    "clash": {
        "zh": "{series} {year}：同一时期、同一公布日期已有另一个值 {other}（{where}），"
        "此处为 {value}；若为修订，请写修订的公布日期",
        "en": "{series} {year}: {value}, but another value {other} of the same period and date of"
        " publication stands in {where}; a revision needs its own date of publication",
    },
    # ── what was done ──
    "nothing new": {
        "zh": "没有新的数：{n}行均已在历史数据中（数值与公布日期相同）",
        "en": "nothing new: {n} rows are in the history already (same value, same date)",
    },
    "left out": {
        "zh": "已在历史数据中、未重复写入：第{lines}行。",
        "en": "Already in the history and not written again: line {lines}.",
    },
    "moved": {
        "zh": "新数据使概率如何变化（变化以百分点计；每个编号列只加那一个数，末两列为全部重新拟合；"
        "±为抽样误差）：",
        "en": "Which number moved which probability (moves in points; a numbered column adds that"
        " number alone, the last two are the full refit; ± is Monte Carlo error):",
    },
    "before": {"zh": "此前", "en": "before"},
    "after": {"zh": "全部", "en": "all"},
    "change": {"zh": "变化", "en": "moved"},
    "none fitted": {
        "zh": "没有一个新数参与拟合：不重新拟合，概率不变。",
        "en": "No new number is fitted: nothing was refitted, no probability moves.",
    },
    "no effect": {"zh": "≈0 ±{se}（不能与零区分）", "en": "≈0 ±{se} (not distinguishable)"},
    "small effect": {"zh": "{sign}不到1", "en": "{sign}under 1"},
    "key": {
        "zh": "P的条件：口径 {measure}；范围 {scope}；价格 {prices}；先验组 {priors}；"
        "情景 {scenario}；结构 {models}；模型 {model}；事件：",
        "en": "P is conditional on: measure {measure}; scope {scope}; prices {prices}; priors"
        " {priors}; scenario {scenario}; structure {models}; model {model}; of the events:",
    },
    "across": {
        "zh": "此前与其后是同一问题在两个信息日下的概率"
        "（{first}，公布至 {known}，{draws} → {last}，{draws_after}）："
        "这是有意跨信息日的比较，其余条件全同；"
        "两次拟合设置与随机种子相同（{particles}个粒子，种子 {seed}）。",
        "en": "Before and after are the same question on two information dates ({first}, published"
        " to {known}, {draws} → {last}, {draws_after}): a deliberate comparison across information"
        " dates, all else of the key is equal, and so are the settings and seeds of the fits"
        " ({particles} particles, seed {seed}).",
    },
    "prior": {"zh": "先验", "en": "prior"},
    "posterior": {"zh": "后验 {digest}", "en": "posterior {digest}"},
    "not fitted": {"zh": "{row}：未参与拟合——{why}", "en": "{row}: not fitted: {why}"},
    "no term": {
        "zh": "fit.toml 中没有用到该序列的项",
        "en": "no term of fit.toml is of this series",
    },
    "part of a year": {"zh": "不是全年数（期末 {end}）", "en": "part of a year (it ends {end})"},
    "not this year": {
        "zh": "拟合项不取 {year} 年",
        "en": "the terms of this series do not take {year}",
    },
    "stands": {
        "zh": "该期另有公布更晚的值 {value}（{published}），信息集仍用它",
        "en": "a value published later stands, and the vintage uses it: {value} ({published})",
    },
    "revises": {
        "zh": "{row}：修订，此前为 {old:g}（{published}）；信息集今用 {new:g}",
        "en": "{row}: revises {old:g} ({published}); the vintage now uses {new:g}",
    },
    "confirms": {
        "zh": "{row}：与此前的值相同（{published}），公布更晚",
        "en": "{row}: the value known before ({published}), published again",
    },
    "kept": {
        "zh": "写入 {path}：{n}行，批次 {batch}（旧行一概保留）。记录：{log}",
        "en": "{n} rows written to {path}, batch {batch} (no row was overwritten). Log: {log}",
    },
    "posterior kept": {
        "zh": "后验写入 {path}（{n}个粒子）。",
        "en": "Posterior written to {path} ({n} particles).",
    },
    "larger stays": {
        "zh": "{path} 有 {more} 个粒子，不以较小的代替；"
        "本次后验（{n}个）写入 {other}。用 {command} 重做大的。",
        "en": "{path} holds {more} particles and is not replaced by fewer; this posterior ({n}) is"
        " in {other}. To renew the larger: {command}",
    },
    "changed": {
        "zh": "{path} 在拟合期间被改动：没有写入，请重新运行",
        "en": "{path} was changed while this was fitted: nothing was written, run it again",
    },
    # ── questions ──
    "ask measure": {"zh": "口径（如 {shown}）", "en": "measure (such as {shown})"},
    "ask sector": {"zh": "范围（{shown}）", "en": "sector ({shown})"},
    "ask unit": {"zh": "单位（如 {shown}）", "en": "unit (such as {shown})"},
    "ask published_on": {
        "zh": "公布日期（如 2023-01-29、2023-01 或 2023）",
        "en": "published on (2023-01-29, 2023-01 or 2023)",
    },
    "measure": {"zh": "口径", "en": "measure"},
    "sector": {"zh": "范围", "en": "sector"},
    "unit of": {"zh": "单位", "en": "unit"},
    "published_on": {"zh": "公布日期", "en": "published_on"},
    "time": {"zh": "年份", "en": "time"},
    "value": {"zh": "数值", "en": "value"},
    "period_end": {"zh": "期末", "en": "period_end"},
}


def tell(key: str, lang: str, **values: object) -> str:
    """Return one of WORDS filled in."""
    return WORDS[key][lang].format(**values)


class Bad(ValueError):
    """Something wrong in a cell: a key of WORDS and what fills it."""

    def __init__(self, key: str, **values: object):
        super().__init__(key)
        self.key, self.values = key, values

    def said(self, lang: str) -> str:
        """Return it in a language."""
        return tell(self.key, lang, **self.values)
