"use strict";
// The views: each turns results into HTML with its chart and its table.

// ── views ──────────────────────────────────────────────────────────────────────────────────

// The views that this study has something to show in.
function viewsShown() {
  const needs = { chance: study.targets.length, surface: study.targets.length && study.levers.length > 1,
    compare: study.scenarios.length, limits: study.limits.length, parts: study.parts.length };
  return VIEWS.filter((view) => needs[view] ?? true);
}

function paintTabs() {
  const shown = viewsShown();
  const text = shown.map((view) => `<button role="tab" id="tab-${view}" aria-controls="view" aria-selected="${view === state.view}" tabindex="${view === state.view ? 0 : -1}">${escapeText(t(`view-${view}`))}</button>`).join("");
  const focused = $("tabs").contains(document.activeElement);
  if (!write($("tabs"), text)) return;
  if (focused) $(`tab-${state.view}`).focus();
  shown.forEach((view, i) => {
    $(`tab-${view}`).addEventListener("click", () => show(view));
    $(`tab-${view}`).addEventListener("keydown", (e) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[e.key];
      if (step) { show(shown[(i + step + shown.length) % shown.length]); $(`tab-${state.view}`).focus(); e.preventDefault(); }
    });
  });
}

function show(view) {
  state.view = view;
  writeLink();
  paint();
  fill();
  if (view === "limits") ask(); // series that no other view needs
}

function paintView() {
  const now = shownResult(), base = now && firstOf(resultOf({}), now.ids.length);
  $("view").setAttribute("aria-labelledby", `tab-${state.view}`);
  if (!now || !base || base.ids.length < now.ids.length) return;
  const pieces = PAINT[state.view](now, base), view = $("view");
  while (view.children.length > pieces.length) view.lastChild.remove();
  pieces.forEach((piece, i) => writePiece(view.children[i] || view.appendChild(document.createElement("div")), piece));
  requestAnimationFrame(tellWide);
}

// Writes a piece of a view that has changed; what is open or chosen in it stays so.
function writePiece(place, piece) {
  const open = place.querySelector("details[open]"), focused = place.contains(document.activeElement) && document.activeElement.dataset.pick;
  if (!write(place, piece)) return;
  const [details, select] = ["details", `[data-pick="${focused}"]`].map((one) => place.querySelector(one));
  if (open && details) details.open = true;
  if (focused && select) select.focus();
}

function tellWide() {
  for (const place of $("view").querySelectorAll(".scroll"))
    if (place.scrollWidth > place.clientWidth) place.dataset.wide = t("wide");
}

function pick(what, value) {
  if (what === "outcome") state.outcome = value;
  if (what === "x") state.axes = [value, state.axes[1]];
  if (what === "y") state.axes = [state.axes[0], value];
  writeLink();
  paint();
  fill();
}

let room = 0; // the width of the view, measured when it changes: to ask for it is to lay out the page
const width = () => Math.max(300, Math.min(1100, (room ||= $("view").clientWidth) || 700));
const saveButtons = (names) => `<p class="noprint">${names.map((name) => `<button data-save="${name}">${escapeText(t(`save-${name}`))}</button>`).join(" ")}</p>`;
const outcomePick = (chosen = outcomeOf(state.outcome), known = study.outcomes) => `<label class="noprint">${escapeText(t("outcome"))} <select data-pick="outcome">${known.map((one) => option(one.id, label(one.label), chosen.id)).join("")}</select></label>`;
const SHARES = [0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95];
const fanOf = (result, series) => once(result, `fan ${series}`, () =>
  study.years.map((year) => quantiles(values(result, series, year), SHARES)));

// The outcomes whose limits are carried: those with shares of their own, and sums of them.
function limited(outcome) {
  const { cells } = study.limits[0].parts[0];
  return outcome && (outcome.id in cells || (outcome.made.length > 0 && outcome.made.every((id) => id in cells))) ? outcome : null;
}

// Mean shares by year of one factor; of a sum, a member's share is the mean of its parts' shares,
// weighted by their size in the year.
const sharesOf = (result, part, outcome) => once(result, `shares ${part.cells[Object.keys(part.cells)[0]]} ${outcome.id}`, () =>
  study.years.map((year) => {
    if (outcome.id in part.cells) return meanOf(values(result, part.cells[outcome.id], year), []).mean;
    const above = new Float64Array(result.ids.length), below = new Float64Array(result.ids.length);
    for (const id of outcome.made) {
      const weight = values(result, outcomeOf(id).series, year), share = values(result, part.cells[id], year);
      for (let m = 0; m < above.length; m++) { above[m] += share[m] * weight[m]; below[m] += weight[m]; }
    }
    return meanOf(above.map((one, m) => one / below[m]), []).mean;
  }));

function marksOf(outcome) {
  return study.targets.filter((one) => !one.joint.length && one.series === outcome.series && study.years.includes(one.year))
    .map((one) => ({ year: one.year, value: one.comparator === "about" ? one.low : one.value, text: short(one.value, 4), official: one.official }));
}

function measureOf(outcome) {
  return [label(outcome.label), label(outcome.unit), label(outcome.measure)].filter(Boolean).join(" · ");
}

function table(head, rows, name = head.join(", ")) {
  return `<div class="scroll" tabindex="0" role="region" aria-label="${escapeText(name)}"><table><thead><tr>${head.map((h) => `<th scope="col">${escapeText(h)}</th>`).join("")}</tr></thead><tbody>${rows
    .map((row) => `<tr>${row.map((cell, i) => (i ? `<td>${escapeText(cell)}</td>` : `<th scope="row">${escapeText(cell)}</th>`)).join("")}</tr>`).join("")}</tbody></table></div>`;
}

const withUnit = (one) => (state.lang === "zh" ? `${label(one.label)}（${label(one.unit)}）` : `${label(one.label)} (${label(one.unit)})`);
const amountOf = (value, unit) => `${short(value, 2)}${state.lang === "zh" ? "" : " "}${label(unit)}`;
const bandOf = (one) => `${signed(one.low)}\u00a0…\u00a0${signed(one.high)}`;
const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);
const figures = (head, rows) => `<details><summary>${escapeText(t("as-table"))}</summary>${table(head, rows)}</details>`;

const PAINT = {
  fan(now, base) {
    const outcome = outcomeOf(state.outcome), moved = Object.keys(state.settings).length;
    const bands = fanOf(now, outcome.series), behind = moved ? fanOf(base, outcome.series) : null;
    const chart = fanChart({ width: width(), height: Math.min(430, Math.max(260, width() * 0.5)), years: study.years, now: bands,
      base: behind, marks: marksOf(outcome), unit: measureOf(outcome), label: t("fan-label", { outcome: label(outcome.label) }), xTitle: study.yearly ? "" : times() });
    const keys = `<p class="small"><span class="key" style="background:var(--b50)"></span>${escapeText(t("key-50"))}<span class="key" style="background:var(--b80)"></span>${escapeText(t("key-80"))}<span class="key" style="background:var(--b90)"></span>${escapeText(t("key-90"))}<span class="key l"></span>${escapeText(t("key-median"))}${moved ? `<span class="key l d"></span>${escapeText(t("key-base"))}` : ""}${marksOf(outcome).length ? `<span class="key l t"></span>${escapeText(t("key-target"))}` : ""}</p>`;
    const rows = study.years.map((year, i) => [String(year), ...bands[i].map((v) => short(v, 4)), short(bands[i][6] - bands[i][0], 4)]);
    return [`${outcomePick()}<h2>${escapeText(measureOf(outcome))}</h2><p class="note">${escapeText(t("fan-says"))}</p>`, chart, keys,
      figures([times(), ...SHARES.map((q) => `${100 * q}%`), t("width")], rows), saveButtons(["csv", "svg", "png"])];
  },
  chance(now, base) {
    const target = targetOf(state.target), rows = [];
    let chart = "";
    if (!target.joint.length) {
      const points = (result) => study.years.map((year) => { const p = chance(result, target, year); return [year, p.mean, p.se]; });
      const lines = [{ className: "now", points: points(now) }];
      if (Object.keys(state.settings).length) lines.unshift({ className: "base", points: points(base), shift: -0.12 });
      chart = `<h2>${escapeText(t("chance-by-year", { name: label(target.bare), target: label(target.condition) }))}</h2>` + dotChart({ width: width(), height: 260, xs: study.years, xTitle: study.yearly ? "" : times(), xLabels: yearLabels(study.years, width() - 80),
        rows: lines, range: [0, 1], percent: true, label: t("chance-by-year", { name: label(target.bare), target: label(target.condition) }) });
      if (lines.length > 1)
        chart += `<p class="small"><span class="key l" style="border-color:var(--accent)"></span>${escapeText(t("now"))}<span class="key l d"></span>${escapeText(t("baseline"))}</p>`;
    }
    for (const one of study.targets) {
      const a = chance(now, one), b = chance(base, one);
      rows.push([nameOf(one), label(one.condition), sayChance(a), sayChance(b)]);
    }
    return [chart, `<h3>${escapeText(t("every-target"))}</h3><p class="note">${escapeText(t("chance-says"))}</p>`,
      table([t("target"), t("condition"), t("now"), t("baseline")], rows), saveButtons(["csv", "svg", "png"])];
  },
  effect(now, base) {
    if (!Object.keys(state.settings).length) return [`<p>${escapeText(t("move-first"))}</p>`];
    const outcome = outcomeOf(state.outcome), rows = [];
    for (const year of study.horizons) {
      const one = paired(now, base, outcome.series, year);
      rows.push([moment(year), sayEffect(one), signed(one.median), bandOf(one), percent(one.helped)]);
    }
    const felt = paired(now, base, outcome.series, study.horizons[study.horizons.length - 1]).felt;
    const year = study.horizons[study.horizons.length - 1], paid = study.payers.map((payer) => [payer, paired(now, base, payer.series, year, { summed: true })]);
    const cost = study.payers.length ? `<h3>${escapeText(t("cost", { year: moment(year) }))}</h3>${table([t("payer"), t("cost-mean"), t("cost-band")],
      paid.map(([payer, one]) => [withUnit(payer), distinct(one) ? withError(one.mean, one.se) : t("about-zero"), bandOf(one)]))}` : "";
    const whole = paired(now, base, outcome.series, year, { summed: true }), { purses, both, per } = perOutlay(whole, paid);
    const aside = per && purses.find((one) => one.kind !== per.kind && one.paid);
    const told = both ? t("per-both") + (Object.keys(state.settings).length > 1 ? t("per-one") : "") : per ? t(`per-${per.kind}`, { value: withError(per.value, per.se), year: moment(year) }) + (aside ? t(`beside-${aside.kind}`, { value: withError(aside.sum, aside.se), unit: label(study.payers[0].unit) }) : "") : "";
    const chart = dotChart({ width: width(), height: 240, xs: study.years, xTitle: study.yearly ? "" : times(), xLabels: yearLabels(study.years, width() - 80), zero: true, yTitle: measureOf(outcome),
      rows: [{ className: "now", points: study.years.map((y) => { const one = paired(now, base, outcome.series, y); return [y, one.mean, one.se]; }) }],
      range: rangeOf(study.years.map((y) => paired(now, base, outcome.series, y))), label: t("effect-label", { outcome: label(outcome.label) }) });
    return [`${outcomePick()}<h2>${escapeText(t("effect-head", { outcome: measureOf(outcome) }))}</h2><p class="note">${escapeText(t("effect-says"))}</p>`, chart,
      table([times(), t("effect-mean"), t("effect-median"), t("effect-band"), t("helped")], rows),
      `<p class="note">${escapeText(t("helped-says", { year: moment(year), amount: amountOf(felt, outcome.unit) }))}</p>`, `${cost}<p>${escapeText(told)}</p>`, saveButtons(["csv", "svg", "png"])];
  },
  surface() {
    const [x, y] = state.axes.map((id) => leverOf.get(id)), pickers = ["x", "y"].map((axis, i) => `<label>${escapeText(t(`axis-${axis}`))} <select data-pick="${axis}">${study.levers.map((one) => option(one.id, label(one.label), state.axes[i])).join("")}</select></label>`).join(" ");
    const held = surface.key === surfaceKey() ? surface : { cells: null };
    const xs = levelsOf(x), ys = levelsOf(y), cells = held.cells || ys.map(() => xs.map(() => NaN));
    const target = targetOf(state.target);
    const chart = surfaceChart({ width: Math.min(width(), 760), height: Math.min(440, width() * 0.62), xs, ys, cells, percent: true,
      xTitle: withUnit(x), yTitle: withUnit(y), says: [x, y].map((lever) => (value) => amount(lever, value)), label: t("surface-label", { target: label(target.question) }) });
    return [`<div class="bar noprint">${pickers}</div><h2>${escapeText(t("surface-head", { target: label(target.question) }))}</h2>`,
      `<p class="note">${escapeText(surfaceSays(held))}</p>`, chart, saveButtons(["csv", "svg", "png"])];
  },
  limits(now) {
    if (!now.limits) return [`<p>${escapeText(t("running"))}</p>`];
    const outcome = limited(outcomeOf(state.outcome)) || study.outcomes.find(limited);
    const says = `<h2>${escapeText(t("limits-head", { outcome: label(outcome.label) }))}</h2><p class="note">${escapeText(t("limits-say"))}</p>`;
    return [outcomePick(outcome, study.outcomes.filter(limited)) + says, ...study.limits.map(({ label: name, parts }) => {
      const shares = parts.map((part) => ({ name: label(part.label), values: sharesOf(now, part, outcome) }));
      const keys = shares.map((part, i) => `<span class="key p${i % 6}" style="background:var(--p${i % 6})"></span>${escapeText(part.name)}`).join("");
      return `<h3>${escapeText(capital(label(name)))}</h3>${stackChart({ width: width(), height: 230, years: study.years, parts: shares, label: `${label(outcome.label)}: ${label(name)}` })}<p class="small">${keys}</p>${figures([times(), ...shares.map((s) => s.name)], study.years.map((year, i) => [String(year), ...shares.map((s) => percent(s.values[i]))]))}`;
    }), saveButtons(["csv"])];
  },
  parts(now, base) {
    const moved = Object.keys(state.settings).length;
    return [`<p class="note">${escapeText(t("parts-say"))}</p>`, `<div class="grid">${study.parts.map((id) => {
      const outcome = outcomeOf(id);
      return `<div><h3>${escapeText(label(outcome.label))}</h3>${fanChart({ width: 230, height: 150, years: study.years, now: fanOf(now, outcome.series), base: moved ? fanOf(base, outcome.series) : null, marks: marksOf(outcome).map((m) => ({ ...m, text: "" })), unit: label(outcome.unit), label: t("fan-label", { outcome: label(outcome.label) }), xTitle: study.yearly ? "" : times() })}</div>`;
    }).join("")}</div>`];
  },
  compare(now, base) {
    const outcome = outcomeOf(state.outcome), year = study.horizons[study.horizons.length - 1];
    const money = study.payers.length ? label(study.payers[0].unit) : "";
    const rows = compared.rows.map(({ scenario, rest, ...one }) => ({ ...one, name: label(scenario.title) }))
      .sort((a, b) => (b.per?.kind === "treasury" ? b.per.value : -Infinity) - (a.per?.kind === "treasury" ? a.per.value : -Infinity) || b.at.mean - a.at.mean);
    const purse = (row, kind) => { const one = row.purses.find((p) => p.kind === kind); return one.paid ? withError(one.sum, one.se) : t("about-zero"); };
    const target = targetOf(state.target);
    const kinds = ["treasury", "forgone"].filter((kind) => study.payers.some((payer) => payer.kind === kind));
    const head = [t("scenario"), t("compare-chance", { target: label(target?.name) }), ...kinds.map((kind) => t(`compare-per-${kind}`)),
      ...kinds.map((kind) => t(`compare-${kind}`, { year: moment(year), unit: money })), t("compare-at", { year: moment(year) }), t("compare-sum", { year: moment(year) })];
    const shown = rows.map((row) => [row.name, target ? sayChance(row.chance) : "–",
      ...kinds.map((kind) => (row.both ? t("compare-both") : row.per?.kind === kind ? withError(row.per.value, row.per.se) : "–")),
      ...kinds.map((kind) => purse(row, kind)), sayEffect(row.at), sayEffect(row.whole)]);
    const first = firstOf(base, study.sets[0].stages[0]);
    shown.unshift([t("baseline"), target ? sayChance(chance(first, target)) : "–", ...head.slice(2).map(() => "–")]);
    const left = compared.wanted - compared.rows.length, seconds = Math.ceil((left * (performance.now() - compared.began)) / 1000 / (compared.rows.length || 1));
    return [`${outcomePick()}<h2>${escapeText(t("compare-head", { outcome: measureOf(outcome) }))}</h2><p class="note">${escapeText(t("compare-says", { members: base.ids.length < study.sets[0].stages[0] ? base.ids.length : study.sets[0].stages[0] }))}</p>`,
      `${left > 0 ? `<p>${escapeText(compared.rows.length ? t("compare-left", { left, seconds }) : t("running"))}</p>` : ""}<div class="sets">${table(head, shown)}</div>`];
  },
  sides(now, base) {
    if (!state.other) return [`<p>${escapeText(t("sides-first"))}</p>`];
    const other = firstOf(resultOf(state.other), now.ids.length);
    if (!other || other.ids.length < now.ids.length) return [`<p>${escapeText(t("running"))}</p>`];
    const outcome = outcomeOf(state.outcome), rows = study.horizons.map((year) => {
      const one = paired(now, other, outcome.series, year);
      return [moment(year), sayEffect(one), signed(one.median), percent(one.helped)];
    });
    const asked = targetOf(state.target), same = keyOf("", state.settings) === keyOf("", state.other);
    const between = (one) => { const found = pointsBetween(now, other, one); return same || !found.mean ? "0" : withError(found.mean, found.se); };
    const targets = study.targets.filter((one) => one.headline || one === asked).map((one) => [nameOf(one), sayChance(chance(other, one)), sayChance(chance(now, one)), between(one)]);
    const verdict = same ? t("sides-same") : !asked ? "" : t(distinct(pointsBetween(now, other, asked)) ? "sides-apart" : "sides-alike", { target: label(asked.question), points: between(asked) });
    const last = study.horizons[study.horizons.length - 1], unit = study.payers.length ? label(study.payers[0].unit) : "";
    const purses = [other, now].map((one) => perOutlay(paired(one, base, outcome.series, last, { summed: true }),
      study.payers.map((payer) => [payer, paired(one, base, payer.series, last, { summed: true })])).purses);
    const cost = study.payers.length ? table([t("payer"), t("side-a"), t("side-b")], ["treasury", "forgone"].map((kind, k) =>
      [t(`compare-${kind}`, { year: moment(last), unit }), ...purses.map((both) => (both[k].paid ? withError(both[k].sum, both[k].se) : t("about-zero")))])) : "";
    const fan = (result, name) => `<div><h3>${escapeText(name)}</h3>${fanChart({ width: Math.max(300, width() / 2 - 20), height: 260, years: study.years, now: fanOf(result, outcome.series), base: fanOf(base, outcome.series), marks: marksOf(outcome), unit: measureOf(outcome), label: name, xTitle: study.yearly ? "" : times() })}</div>`;
    return [outcomePick(), `<p><strong>${escapeText(verdict)}</strong></p><div class="two">${fan(other, t("side-a"))}${fan(now, t("side-b"))}</div><h3>${escapeText(t("b-minus-a", { outcome: measureOf(outcome) }))}</h3>${table([times(), t("effect-mean"), t("effect-median"), t("helped")], rows)}
      ${table([t("target"), t("side-a"), t("side-b"), t("b-minus-a-points")], targets)}${cost}<div class="two"><div><h3>${escapeText(t("side-a"))}</h3>${setTable(state.other, t("side-a"))}</div><div><h3>${escapeText(t("side-b"))}</h3>${setTable(state.settings, t("side-b"))}</div></div>`];
  },
  set() {
    return [`<h2>${escapeText(t("view-set"))}</h2><p class="note">${escapeText(t("set-says"))}</p>${setTable(state.settings)}`,
      `<p>${escapeText(t("reproduce", { command: commandNow() }))}</p>`, saveButtons(["toml"])];
  },
};

// What each purse pays more, and the effect for each unit of the larger: nobody can divide it
// between two, so there is none where the smaller is no aside of the larger (as
// sdensemble.results.results.purse_charged has it). {purses, both, per: {kind, value, se} or null}
function perOutlay(whole, paid) {
  const purses = ["treasury", "forgone"].map((kind) => {
    const own = paid.filter(([payer]) => payer.kind === kind).map(([, one]) => one);
    const sum = own.reduce((total, one) => total + one.mean, 0);
    const parts = whole.parts.map((_, r) => own.reduce((total, one) => total + one.parts[r], 0));
    const se = parts.length > 1 ? spread(parts) : NaN;
    return { kind, sum, se, parts, paid: Math.abs(sum) >= Math.max(study.purse.least, 2 * (se || 0)) };
  });
  const [larger, smaller] = [...purses].sort((a, b) => Math.abs(b.sum) - Math.abs(a.sum));
  const both = Math.abs(smaller.sum) >= Math.max(study.purse.least, study.purse.aside * Math.abs(larger.sum));
  const per = !both && larger.paid && larger.sum > 0 && distinct(whole)
    ? { kind: larger.kind, value: whole.mean / larger.sum, se: ratioError(whole.parts, larger.parts) } : null;
  return { purses, both, per };
}

function rangeOf(effects) {
  const ends = effects.flatMap(({ mean, se }) => [mean - 2 * (se || 0), mean + 2 * (se || 0)]).filter(Number.isFinite);
  const low = Math.min(0, ...ends), high = Math.max(0, ...ends), room = (high - low) * 0.08 || 1;
  return [low - room, high + room];
}

// When something begins to hold, in words where a year is cut in half.
function sayTime(time) {
  if (time <= study.clock.start) return t("whole-time");
  return study.yearly && time % 1 === 0.5 ? t("half-way", { year: Math.floor(time) }) : String(time);
}

function setTable(settings, name = t("view-set")) {
  const rows = Object.entries(settings).map(([id, { times, values: held }]) => {
    const lever = leverOf.get(id) || study.constants[id];
    const told = (value) => (lever.share ? `${value} (${amount(lever, value)})` : String(value));
    return [label(lever.label), held.map(told).join(" → "), label(lever.unit), amount(lever, lever.value, 4), times.map(sayTime).join(" → ")];
  });
  return rows.length ? `<div class="sets">${table([t("lever"), t("value"), t("unit"), t("own-value"), t("from")], rows, name)}</div>` : `<p>${escapeText(t("nothing-set"))}</p>`;
}

// ── the study's scenarios side by side, each against the baseline ──────────────────────────

const compared = { key: "", rows: [], wanted: 0, filling: false, began: 0 };

const comparedKey = () => JSON.stringify([state.set, state.outcome, state.target]);

async function fillCompared() {
  const key = comparedKey();
  if (compared.key === key && (compared.filling || compared.rows.length === compared.wanted)) return;
  Object.assign(compared, { key, rows: [], wanted: study.scenarios.length, filling: true, began: performance.now() });
  const outcome = outcomeOf(state.outcome), year = study.horizons[study.horizons.length - 1];
  for (const scenario of study.scenarios) {
    const parts = await run(state.set, settingsOf(scenario), 0, "compare", RANK.surface);
    if (!parts || compared.key !== key || comparedKey() !== key || state.view !== "compare") {
      if (compared.key === key) Object.assign(compared, { key: "", filling: false });
      return;
    }
    const result = resultFrom(parts), base = firstOf(resultOf({}), result.ids.length);
    const paid = study.payers.map((payer) => [payer, paired(result, base, payer.series, year, { summed: true })]);
    const whole = paired(result, base, outcome.series, year, { summed: true });
    const target = targetOf(state.target);
    compared.rows.push({ scenario, chance: target && chance(result, target), at: paired(result, base, outcome.series, year), whole, ...perOutlay(whole, paid), ...(scenario.stress ? { per: null, both: false } : {}) });
    paintView();
  }
  compared.filling = false;
}

// What is filled in while one waits.
function fill() {
  if (state.view === "surface") fillSurface();
  if (state.view === "compare") fillCompared();
}

// ── the surface of two levers ──────────────────────────────────────────────────────────────

const surface = { key: "", cells: null, se: NaN };

function surfaceSays({ se }) {
  const members = study.sets[0].stages[0];
  return se > 0 ? t("surface-error", { members, se: short(100 * se, 2) }) : t("surface-says", { members });
}

const LEVELS = 6;

function levelsOf(lever) {
  const top = lever.reach;
  return Array.from({ length: LEVELS }, (_, i) => rounded(lever.low + ((top - lever.low) * i) / (LEVELS - 1), lever));
}

function surfaceKey() {
  const rest = Object.fromEntries(Object.entries(state.settings).filter(([id]) => !state.axes.includes(id)));
  return JSON.stringify([state.set, state.target, state.axes, rest]);
}

async function fillSurface() {
  const key = surfaceKey();
  if (surface.key === key && surface.filling) return;
  if (surface.key === key && surface.cells && surface.cells.flat().every(Number.isFinite)) return;
  const [x, y] = state.axes.map((id) => leverOf.get(id)), xs = levelsOf(x), ys = levelsOf(y);
  Object.assign(surface, { key, cells: ys.map(() => xs.map(() => NaN)), se: NaN, filling: true });
  for (let j = 0; j < ys.length; j++)
    for (let i = 0; i < xs.length; i++) {
      const settings = structuredClone(state.settings);
      for (const [lever, value] of [[x, xs[i]], [y, ys[j]]]) {
        delete settings[lever.id];
        if (value !== lever.value) settings[lever.id] = { times: [state.settings[lever.id]?.times[0] ?? lever.start], values: [value] };
      }
      const parts = await run(state.set, settings, 0, "surface", RANK.surface);
      if (!parts || surface.key !== key || surfaceKey() !== key || state.view !== "surface") { surface.filling = false; return; }
      const { mean, se } = chance(resultFrom(parts), targetOf(state.target));
      surface.cells[j][i] = mean;
      if (!(se <= surface.se) && se > 0) surface.se = se;
      paintView();
    }
  surface.filling = false;
}

