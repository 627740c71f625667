"""A model of the size and kinds of a public climate model, its numbers invented: regions and
sectors with yearly paths, greenhouse gases, a carbon cycle of layers, heat and sea level."""

from __future__ import annotations

from pathlib import Path

import numpy as np

REGIONS, GASES, SECTORS, LAYERS = 7, 13, 12, 5
START, STOP, STEP = 1850, 2100, 0.25

HEAD = """{UTF-8}
:MACRO: RAMPED(from, to, begin, length)
RAMPED = from + (to - from)*MIN(1, MAX(0, (Time$ - begin)/length))~~|
:END OF MACRO:
:MACRO: SATURATED(x, half)
SATURATED = x/(x + half)~~|
:END OF MACRO:
:MACRO: FOLLOWED(x, delay)
FOLLOWED = INTEG((x - FOLLOWED)/delay, x)~~|
:END OF MACRO:
"""

GROUPS = """
one year=1~~|
policy start=2025~~|
policy length=40~~|
in group[region,group]=1,0,0;1,0,0;1,0,0;0,1,0;0,1,0;0,0,1;0,0,1;~~|
ambition[region]=0.3,0.3,0.25,0.2,0.2,0.1,0.1~~|
population path year=Time/one year~~|
population[region]=population path[region](population path year)~~|
population in group[group]=
    VECTOR SELECT(in group[region!,group],population[region!],0,0,1)~~|
world population=SUM(population[region!])~~|
"""

SECTOR = """
activity per head {s}[region]=activity path {s}[region](Time/one year)~~|
activity {s}[region]=population[region]*activity per head {s}[region]*income effect {s}~~|
income effect {s}=RAMPED(1,{income:.3f},policy start,policy length)~~|
initial intensity {s}[region]={intensity:.3f}~~|
saving {s}={saving:.4f}~~|
intensity {s}[region]=INTEG(-intensity {s}[region]*(saving {s}+pressed {s}[region]),
    initial intensity {s}[region])~~|
price {s}=RAMPED(0,{price:.2f},policy start,policy length)~~|
half price {s}={half:.2f}~~|
pressed {s}[region]=ambition[region]*0.05*SATURATED(price {s},half price {s})~~|
energy {s}[region]=activity {s}[region]*intensity {s}[region]~~|
wanted capacity {s}[region]=energy {s}[region]*(1+reserve {s})~~|
reserve {s}={reserve:.3f}~~|
capacity {s}[region]=INTEG(building {s}[region]-retiring {s}[region],wanted capacity {s}[region])~~|
plant life {s}={life:.1f}~~|
building time {s}={build:.2f}~~|
retiring {s}[region]=capacity {s}[region]/plant life {s}~~|
gap {s}[region]=wanted capacity {s}[region]-capacity {s}[region]~~|
building {s}[region]=MAX(0,retiring {s}[region]+gap {s}[region]/building time {s})~~|
used {s}[region]=MIN(energy {s}[region],capacity {s}[region])~~|
clean share {s}[region]=INTEG(
    (wanted clean {s}[region]-clean share {s}[region])/plant life {s},0.05)~~|
wanted clean {s}[region]=MIN(0.95,0.05+SATURATED(price {s},half price {s})*ambition[region]*2)~~|
dirty {s}[region]=used {s}[region]*(1-clean share {s}[region])~~|
carbon factor {s}={carbon:.4f}~~|
carbon of {s}[region]=dirty {s}[region]*carbon factor {s}~~|
carbon of {s} in group[group]=
    VECTOR SELECT(in group[region!,group],carbon of {s}[region!],0,0,1)~~|
carbon of {s} at start[region]=
    SAMPLE IF TRUE(Time<=policy start,carbon of {s}[region],carbon of {s}[region])~~|
change of {s}[region]=ZIDZ(carbon of {s}[region],carbon of {s} at start[region])~~|
felt change of {s}[region]=SMOOTH3(change of {s}[region],building time {s})~~|
world carbon of {s}=SUM(carbon of {s}[region!])~~|
highest carbon of {s}=VMAX(carbon of {s}[region!])~~|
energy per head {s}[region]=energy {s}[region]/population[region]~~|
outlay {s}[region]=building {s}[region]*unit cost {s}*(1-learned {s})~~|
unit cost {s}={cost:.2f}~~|
built {s}=INTEG(SUM(building {s}[region!]),1)~~|
learned {s}=0.5*SATURATED(built {s},half built {s})~~|
half built {s}={built:.1f}~~|
"""

GAS = """
reference {g}[region]=path {g}[region](Time/one year)~~|
cut start {g}[region]=policy start~~|
cut rate {g}[region]=ambition[region]*{cut:.3f}~~|
level {g}[region]=SAMPLE IF TRUE(Time<=cut start {g}[region],reference {g}[region],
    reference {g}[region])~~|
years of cut {g}[region]=MAX(0,Time-cut start {g}[region])~~|
left {g}[region]=level {g}[region]*EXP(-cut rate {g}[region]*years of cut {g}[region])~~|
emitted {g}[region]=IF THEN ELSE(Time>cut start {g}[region],
    MIN(left {g}[region],reference {g}[region]),reference {g}[region])~~|
emitted {g} in group[group]=VECTOR SELECT(in group[region!,group],emitted {g}[region!],0,0,1)~~|
world {g}=SUM(emitted {g}[region!])~~|
so far {g}[region]=INTEG(emitted {g}[region],0)~~|
share {g}[region]=ZIDZ(emitted {g}[region],world {g})~~|
life {g}={life:.1f}~~|
life now {g}=life {g}*(1+0.02*heat response)~~|
natural {g}={natural:.3f}~~|
burden {g}=INTEG(world {g}+natural {g}-uptake {g},natural {g}*life {g})~~|
uptake {g}=burden {g}/life now {g}~~|
per burden {g}={per:.4f}~~|
concentration {g}=burden {g}*per burden {g}~~|
concentration {g} at start=INITIAL(concentration {g})~~|
efficiency {g}={efficiency:.4f}~~|
forcing {g}=efficiency {g}*(SQRT(concentration {g})-SQRT(concentration {g} at start))~~|
perceived {g}=FOLLOWED(forcing {g},5)~~|
"""

CORE = """
heat response=MAX(0,warming)~~|
fossil carbon={fossil}~~|
land path year=Time/one year~~|
land carbon[region]=land path[region](land path year)
    *(1-0.5*ambition[region]*RAMPED(0,1,policy start,policy length))~~|
carbon in=fossil carbon+SUM(land carbon[region!])~~|
preindustrial air=590~~|
air=INTEG(carbon in-into plants+out of plants-into sea+out of soil,preindustrial air)~~|
ppm per gigaton=0.4695~~|
carbon dioxide=air*ppm per gigaton~~|
plants at start=550~~|
fertilisation=0.42~~|
growth at start=60~~|
into plants=growth at start*(1+fertilisation*LN(air/preindustrial air))*(1-0.01*heat response)~~|
plant life=plants at start/growth at start~~|
plants=INTEG(into plants-dying,plants at start)~~|
dying=plants/plant life~~|
humification=0.43~~|
out of plants=dying*(1-humification)~~|
soil life=40~~|
soil=INTEG(dying*humification-out of soil,growth at start*humification*soil life)~~|
out of soil=soil/soil life*(1+0.01*heat response)~~|
revelle=9.7~~|
mixed at start=1000~~|
mixed wanted=mixed at start*(air/preindustrial air)^(1/(revelle+0.004*(air-preindustrial air)))~~|
mixing time=9~~|
into sea=(mixed wanted-mixed)/mixing time~~|
mixed=INTEG(into sea-down[l1],mixed at start)~~|
depth[layer]=300,300,1300,1800,1800~~|
mixed depth=100~~|
eddy=4400~~|
deep at start[layer]=mixed at start*depth[layer]/mixed depth~~|
deep[upper]=INTEG(down[upper]-down[lower],deep at start[upper])~~|
deep[l5]=INTEG(down[l5],deep at start[l5])~~|
dense[layer]=deep[layer]/depth[layer]~~|
down[l1]=eddy/200*(mixed/mixed depth-dense[l1])~~|
down[lower]=eddy/1500*(dense[upper]-dense[lower])~~|
carbon forcing=5.35*LN(air/preindustrial air)~~|
other forcing={forcing}~~|
aerosol forcing=aerosol path(Time/one year)~~|
total forcing=carbon forcing+other forcing+aerosol forcing
    +IF THEN ELSE(Time>eruption,-eruption size,0)*EXP(-MAX(0,Time-eruption)/2)~~|
eruption=2031.3~~|
eruption size=1.5~~|
sensitivity=3~~|
feedback=3.7/sensitivity~~|
surface capacity=10~~|
warming=INTEG((total forcing-feedback*warming-heat down[l1])/surface capacity,0)~~|
heat exchange=0.7~~|
heat[upper]=INTEG(heat down[upper]-heat down[lower],0)~~|
heat[l5]=INTEG(heat down[l5],0)~~|
warm[layer]=heat[layer]/(depth[layer]*0.13)~~|
heat down[l1]=heat exchange*(warming-warm[l1])~~|
heat down[lower]=heat exchange/4*(warm[upper]-warm[lower])~~|
sea level=INTEG(sensitive sea*warming+sea jump,0)~~|
sensitive sea=3.2~~|
sea jump=IF THEN ELSE(warming>2,0.6*(warming-2),0)~~|
first year above[sill]=SAMPLE IF TRUE(warming<height[sill],Time,0)~~|
height[sill]=0.5,1,1.5,2~~|
damage[region]=MIN(0.9,0.0026*heat response^2*(1+ambition[region]))~~|
worst damage=VMAX(damage[region!])~~|
"""


def _path(name: str, x: np.ndarray, y: np.ndarray) -> str:
    pairs = ",".join(f"({a:g},{b:.5g})" for a, b in zip(x, y, strict=True))
    return f"{name}({pairs})~~|\n"


def climate(path: Path, *, seed: int = 4) -> Path:
    """Write the model: 900 variables, most of them over regions, 10,000 points of paths."""
    rng = np.random.default_rng(seed)
    yearly = np.arange(START, STOP + 1, 5.0)
    elements = {"region": "r", "group": "g", "layer": "l", "sill": "h"}
    sizes = {"region": REGIONS, "group": 3, "layer": LAYERS, "sill": 4}
    lines = [HEAD]
    for name, letter in elements.items():
        lines.append(f"{name}: {','.join(f'{letter}{i + 1}' for i in range(sizes[name]))}~~|\n")
    lines += ["upper: l1,l2,l3,l4 -> lower~~|\n", "lower: l2,l3,l4,l5~~|\n", GROUPS]

    def paths(name: str, x: np.ndarray, top: float) -> None:
        for r in range(REGIONS):
            shape = 1 / (1 + np.exp(-(x - rng.uniform(1960, 2030)) / rng.uniform(15, 40)))
            wave = 1 + 0.05 * np.sin(x / rng.uniform(3, 9))
            lines.append(_path(f"{name}[r{r + 1}]", x, top * (0.05 + shape) * wave))

    paths("population path", yearly, 1.2)
    paths("land path", yearly, 0.2)
    span = np.arange(START, STOP + 1, 1.0)
    lines.append(_path("aerosol path", span, -0.9 * np.exp(-(((span - 1990) / 60) ** 2))))
    for s in (f"s{i + 1}" for i in range(SECTORS)):
        paths(f"activity path {s}", yearly, 4)
        names = (
            "income",
            "intensity",
            "saving",
            "price",
            "half",
            "reserve",
            "life",
            "build",
            "carbon",
            "cost",
            "built",
        )
        middle = (1.2, 0.3, 0.004, 60, 50, 0.15, 30, 4, 0.05, 9, 300)
        drawn = {n: m * rng.uniform(0.7, 1.3) for n, m in zip(names, middle, strict=True)}
        lines.append(SECTOR.format(s=s, **drawn))
    for g in (f"gas{i + 1}" for i in range(GASES)):
        paths(f"path {g}", yearly, 1)
        names = ("cut", "life", "natural", "per", "efficiency")
        middle = (0.05, 40.0, 0.5, 0.05, 0.12)
        drawn = {n: m * rng.uniform(0.5, 1.5) for n, m in zip(names, middle, strict=True)}
        lines.append(GAS.format(g=g, **drawn))
    lines.append(
        CORE.format(
            fossil="+".join(f"world carbon of s{i + 1}" for i in range(SECTORS)),
            forcing="+".join(f"forcing gas{i + 1}" for i in range(GASES)),
        )
    )
    lines.append(
        f"INITIAL TIME={START}~~|\nFINAL TIME={STOP}~~|\nTIME STEP={STEP}~~|\nSAVEPER=1~~|\n"
    )
    path.write_text("".join(lines), encoding="utf-8")
    return path
