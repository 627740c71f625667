"""The cockpit of a study: one HTML file in which the whole ensemble runs."""
from __future__ import annotations
import base64, json
from pathlib import Path
import numpy as np
from sdensemble.cockpit import pack as P
from sdensemble.cockpit.words import WORDS
from sdensemble.ensemble import whole_years
from sdensemble.job import Options, _draws, _plan, choose_draws
from sdensemble.kernel.compile import compile_model
from sdensemble.model.describe import levers
from sdensemble.scenarios.targets import ABOUT
from sdensemble.outputs.results import Results

HERE = Path(__file__).parent
LANGS = ("zh", "en")

def facts(study, options, first=256):
    model, spec = study.model, study.report
    kernel0 = compile_model(model, lanes=P.LANES)
    keep = {k.variable: k.aggregate for k in study.kept()}
    kernel = kernel0.only(keep)
    every, years = whole_years(model)
    series = P.series_of(model, keep)
    where = [int(kernel.program.where(n).ravel()[c]) for n, _, c in series]
    ends = sum(a == "end" for _, a, _ in series)
    module = P.wasm_module(kernel, lanes=P.LANES)
    program = P.program_facts(kernel, module, where[:ends], where[ends:], every, every * len(years))
    index = {(n, c): i for i, (n, _, c) in enumerate(series)}
    def cell(name, element):
        v = model[name]
        if not v.dims: return 0
        return list(model.elements(v.dims[0])).index(element)
    def unit(u): return {l: spec.unit_label(u, l) for l in LANGS}
    class _D: pass
    import xarray as xr
    results = Results(xr.Dataset(attrs={"prior_set": options.prior_set, "as_of": ""}), (), study.targets, spec, model)
    annual = lambda name: model[name].unit.removesuffix("/" + model.clock.unit) if keep[name] == "annual" else model[name].unit
    outcomes = []
    for o in results.outcomes():
        outcomes.append(dict(id=o.id, label=dict(o.label), unit=unit(annual(o.variable)), measure={l: "" for l in LANGS}, series=index[o.variable, cell(o.variable, o.element)]))
    by_series = {o["series"]: o["id"] for o in outcomes}
    targets = []
    for t in study.targets:
        s = None if t.joint else index[t.variable, cell(t.variable, t.element)]
        cmp = {">": "＞", ">=": "≥", ABOUT: "≈"}
        name = {"zh": t.zh, "en": t.en}
        if t.joint: cond = {l: " + ".join(t.joint) for l in LANGS}
        else: cond = {l: f"{cmp[t.comparator]}{t.value:g} {spec.unit_label(t.unit, l)}" + "".join(f"，{spec.labels.get(x,{}).get(l,x)}" for x in (t.measure, t.scope, t.price_basis) if x) for l in LANGS}
        q = {l: f"{name[l]} {'' if t.joint else cmp[t.comparator] + format(t.value, 'g') + ' ' + spec.unit_label(t.unit, l)}" for l in LANGS}
        targets.append(dict(id=t.id, name=name, condition=cond, question=q, series=s, outcome=by_series.get(s), year=results.year(t), comparator=t.comparator, value=t.value, low=t.low, high=t.high, joint=list(t.joint), headline=t.headline, official=t.role == "outcome"))
    used, starts = {}, {}
    key = lambda s: s.constant + (f"[{s.element}]" if s.element else "")
    for sc in study.scenarios:
        for s in sc.settings:
            used.setdefault(key(s), []).extend(s.values); starts.setdefault(key(s), []).append(s.times[0])
    lev, constants, settable, kinds, units = [], {}, {}, {}, {}
    def slots_of(s):
        w = kernel.program.where(s.constant)
        return [int(w[c]) for c in s.cells] if w.ndim else [int(w)]
    default = [sc for sc in study.choose(()) if 0 < len(sc.settings) <= 6]
    shown = {key(s) for sc in default for s in sc.settings}
    for n, v in enumerate(levers(model)):
        if v.dims: continue
        low, high = v.limits
        val = float(np.ravel(P.default_of(model, v))[0])
        r = P.reach(v, used.get(v.name, []))
        lev.append(dict(id=v.name, n=n, label={l: model.label(v.name, l) for l in LANGS}, unit=unit(v.unit or "Dmnl"), low=float(low), high=float(high), reach=r, value=val, start=min(starts.get(v.name, [model.clock.start])), shown=v.name in shown))
        settable[v.name] = [int(s) for s in kernel.program.where(v.name).ravel()]; kinds[v.name] = "lever"; units[v.name] = v.unit or "Dmnl"
    scen = []
    for sc in study.scenarios:
        ss = []
        for s in sc.settings:
            k = key(s)
            settable[k] = slots_of(s); kinds.setdefault(k, s.kind); units[k] = model[s.constant].unit or "Dmnl"
            v = model[s.constant]; low, high = v.limits
            constants[k] = dict(label={l: model.label(s.constant, l) + (f"[{s.element}]" if s.element else "") for l in LANGS}, unit=unit(v.unit or "Dmnl"), low=float(low), high=float(high), value=float(np.ravel(P.default_of(model, v))[0]))
            ss.append(dict(id=k, times=list(s.times), values=list(s.values)))
        scen.append(dict(id=sc.name, title=dict(sc.title), settings=ss))
    plan = _plan(study, options)
    sets, blobs = [], {"wasm": module}
    for name in plan:
        chosen = choose_draws(study, options, name)
        draws, forcing = _draws(study, options, chosen, name)
        slots, fixed, data = P.draw_facts(model, kernel, draws)
        blobs[f"draws-{name}"] = data
        says = {l: chosen.says(l) for l in LANGS}
        sets.append(dict(id=name, name={l: spec.labels.get(name, {}).get(l, name) for l in LANGS}, says=says, slots=slots, fixed=fixed, forcing=P.forcing_facts(forcing, model, kernel, options.seed)))
    question = spec.question(study.targets)
    limits = {}
    for r in spec.regimes:
        limits.setdefault(r.set, []).append(dict(label=dict(r.label), series=index.get((r.variable, 0))))
    limits = [dict(label={l: spec.labels.get(k, {}).get(l, k) for l in LANGS}, parts=v) for k, v in limits.items() if all(p["series"] is not None for p in v)]
    payers = [dict(id=p.id, label=dict(p.label), series=index[p.variable, 0], kind="forgone" if "land" in p.id else "treasury") for p in spec.payers]
    shown_levers = [l["id"] for l in lev if l["shown"]] or [l["id"] for l in lev]
    head = spec.headline
    command = f"python run_sim.py run --scenario scenario --members {options.members} --seed {options.seed}"
    f = dict(title=dict(head.whole.label), lang=options.lang, digest=model.digest, clock=dict(start=model.clock.start, stop=model.clock.stop, step=model.clock.step), years=list(years), members=options.members, replicates=16, first=first,
        program=program, series=series, outcomes=outcomes, parts=[o.id for o in results.components()], targets=targets, question=question.id, horizons=[y for y in (2025, 2028, 2030) if y in years] or [years[-1]],
        levers=lev, constants=constants, settable=settable, kinds=kinds, units=units, scenarios=scen, axes=(shown_levers * 2)[:2], sets=sets, limits=limits, payers=payers, caveats=[], words=WORDS, footer={l: f"{model.path.name} · {model.digest[:12]} · {command}" for l in LANGS}, command=command)
    f["digests"] = {k: P.digest(v) for k, v in blobs.items()}
    return f, blobs

def finite(value):
    """Return a value for JSON: what is not finite is null there."""
    if isinstance(value, dict): return {str(k): finite(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)): return [finite(v) for v in value]
    if isinstance(value, float) and not np.isfinite(value): return None
    return value

def write(study, options, out):
    f, blobs = facts(study, options)
    read = lambda n: (HERE / n).read_text(encoding="utf-8")
    safe = lambda text: text.replace("</", "<\\/")
    parts = dict(lang="zh-CN" if options.lang == "zh" else "en", title="cockpit", css=read("cockpit.css"), noscript="需要启用JavaScript。 JavaScript is needed.",
        study=json.dumps(finite(f), allow_nan=False, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c"),
        blobs="\n".join(f'<script type="application/gzip" id="{k}">{base64.b64encode(P.packed_bytes(v)).decode()}</script>' for k, v in blobs.items()),
        worker=read("kernel.js") + read("forcing.js") + read("ensemble.js"), app="".join(read(f"{n}.js") for n in ("stats", "charts", "pool", "answers", "views", "files", "app")))
    import re
    html = re.sub(r"@(\w+)", lambda m: parts[m[1]] if m[1] in parts else m[0], read("page.html"))
    Path(out).write_text(html, encoding="utf-8")
    return len(html)
