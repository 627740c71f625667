"""Shows what a policy lays out where, as a table and beside the targets it concerns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sdengine.syntax import Model
from sdensemble.inputs.regions import COLUMNS, Place, elements_of, products_at
from sdensemble.inputs.report import ReportSpec
from sdensemble.inputs.targets import Target
from sdensemble.outputs.tables import Row
from sdensemble.outputs.text import table, wrap
from sdensemble.outputs.words import target_name

COLUMN = 60
"""Columns a cell of products may take on a terminal before it is folded."""

HEADS = {"zh": ("产业", "区域", "布局产品"), "en": ("Industry", "Region", "Products laid out")}
TEXTS = {
    "zh": "{n}处布局；原文未给任何数量，不进入任何方程。来源：{source}",
    "en": "{n} places; the text gives no quantity, and no equation uses them. Source: {source}",
}
LAYOUT = {
    "zh": "基地与用地各项所属产业的布局区域（原文未给数量，不进入方程；产品见 regions.csv）",
    "en": "Regions laid out for the industries of base and land rows (no quantity in the text, used"
    " by no equation; products in regions.csv)",
}
LAYOUT_CSV = {
    "regions_zh": ("所属产业的布局区域（中文）", "regions laid out for the industry (Chinese)"),
    "regions_en": ("所属产业的布局区域（英文）", "regions laid out for the industry (English)"),
}
REGIONS_CSV = {
    "id": ("标识", "identifier"),
    "range": ("下标范围", "range of the model"),
    "element": ("产业标识", "industry identifier"),
    "element_zh": ("产业（中文）", "industry (Chinese)"),
    "element_en": ("产业（英文）", "industry (English)"),
    "region": ("区域标识", "region identifier"),
    "region_zh": ("区域（中文）", "region (Chinese)"),
    "region_en": ("区域（英文）", "region (English)"),
    "product_zh": ("布局产品（中文）", "product laid out (Chinese)"),
    "product_en": ("布局产品（英文）", "product laid out (English)"),
    "materials_zh": ("依托原料（中文）", "raw materials relied on (Chinese)"),
    "source": ("来源", "source"),
    "note": ("说明", "note"),
}


Layout = Mapping[str, tuple[Place, ...]]
"""Target → one place of each region laid out for its industry."""


def layout(targets: Sequence[Target], places: Sequence[Place], spec: ReportSpec) -> Layout:
    """Return, for each target of bases or land, the regions laid out for its industry.

    Which units are of bases and land is said in the report's ``[layout]``.
    """
    found: dict[str, tuple[Place, ...]] = {}
    for target in targets:
        if target.unit not in spec.layout_units or target.joint:
            continue
        first = {p.region: p for p in reversed(places) if p.element == target.entity}
        if first:
            found[target.id] = tuple(sorted(first.values(), key=places.index))
    return found


def layout_cells(target: Target, laid: Layout) -> Row:
    """Return the cells of a table that name a target's regions; none where it has none."""
    held = laid.get(target.id, ())
    return {
        f"regions_{lang}": ("、" if lang == "zh" else "; ").join(p.name(lang) for p in held)
        for lang in ("zh", "en")
    }


def layout_text(
    targets: Sequence[Target], laid: Layout, lang: str, columns: int = 110
) -> list[str]:
    """Return lines naming the regions of each industry's targets of bases and land."""
    groups: dict[tuple[str, ...], list[str]] = {}
    for target in targets:
        if target.id in laid:
            regions = tuple(p.name(lang) for p in laid[target.id])
            groups.setdefault(regions, []).append(target_name(target, lang))
    if not groups:
        return []
    comma, colon = ("、", "：") if lang == "zh" else (", ", ": ")
    lines = wrap(LAYOUT[lang], columns)
    for regions, names in groups.items():
        told = f"{comma.join(names)}{colon}{comma.join(regions)}"
        lines += [f"  {line}" for line in wrap(told, columns - 2)]
    return lines


def places_text(places: Sequence[Place], model: Model, lang: str) -> str:
    """Return the places as a table for the terminal, and what they are."""
    rows = [list(HEADS[lang])]
    for range_name, element in elements_of(places):
        first = model.element_label(range_name, element, lang)
        for region in dict.fromkeys(p.region for p in places if p.element == element):
            name = next(p.name(lang) for p in places if p.region == region)
            comma = "、" if lang == "zh" else ", "
            shown = comma.join(products_at(places, element, region, lang))
            for place, line in enumerate(wrap(shown, COLUMN)):
                rows.append([first, name if place == 0 else "", line])
                first = ""
    sources = "; ".join(dict.fromkeys(p.source for p in places))
    note = TEXTS[lang].format(n=len(places), source=sources)
    return "\n".join([*table(rows, left=3), "", *wrap(note, 100)])


def place_rows(places: Sequence[Place], model: Model) -> list[Row]:
    """Return the places as rows of a CSV, with the labels of the model."""
    return [
        {name: getattr(one, name) for name in COLUMNS}
        | {"product_zh": one.product("zh")}
        | {
            f"element_{lang}": model.element_label(one.range, one.element, lang)
            for lang in ("zh", "en")
        }
        for one in places
    ]
