"use strict";
// The page: what is set, what is shown, and the ensemble behind it. Words come from the study's
// catalogues in both languages; nothing here knows which study it is.

const $ = (id) => document.getElementById(id);
$("incomplete")?.remove(); // what a file says of itself that was cut off before this line
const study = readJson("study");
const words = study ? study.words : {};

function readJson(id) {
  try { return JSON.parse($(id).textContent); } catch { return null; }
}

// ── state ──────────────────────────────────────────────────────────────────────────────────

const VIEWS = ["fan", "chance", "effect", "compare", "surface", "limits", "parts", "sides", "set"];
const state = {
  lang: study ? study.lang : "en", view: "fan", set: study ? study.sets[0].id : "",
  outcome: study ? study.outcomes[0].id : "", target: study ? study.question : "",
  settings: {}, scenario: "", other: null, axes: study ? study.axes : [], dark: null,
};
const past = [];

const t = (key, values = {}) => {
  const template = (words[state.lang] || {})[key];
  if (template === undefined) return key;
  return template.replace(/\{(\w+)\}/g, (all, name) => (name in values ? values[name] : all));
};
const label = (one) => (one && (one[state.lang] || one.en || one.zh)) || "";

// A time in words, and what a column of times is called: not every model counts in years.
const moment = (time) => label(study.moments[study.years.indexOf(time)]) || String(time);
const times = () => (study.yearly ? t("year") : capital(label(study.period)));

// What undo brings back.
const heldNow = () => JSON.stringify({ settings: state.settings, scenario: state.scenario, other: state.other });

function change(edit, { remember = true } = {}) {
  const before = heldNow();
  edit();
  const changed = before !== heldNow();
  if (remember && changed) {
    past.push(before);
    if (past.length > 200) past.shift();
  }
  ask(); // before all else, and it draws what it finds
  if (!changed) paintFound();
  paintAsked();
  linkSoon();
}

// ── settings: {key: {slots, times, values, name, unit, kind}} ──────────────────────────────

// What JSON cannot hold: a limit that is none.
for (const one of study ? [...study.levers, ...Object.values(study.constants)] : []) {
  one.low ??= -Infinity;
  one.high ??= Infinity;
}
const leverOf = new Map((study ? study.levers : []).map((lever) => [lever.id, lever]));

function setLever(id, value, start) {
  const lever = leverOf.get(id), held = state.settings[id];
  const from = start ?? (held ? held.times[0] : lever.start);
  if (value === lever.value) delete state.settings[id];
  else state.settings[id] = { times: [from], values: [value] };
}

// ── painting ───────────────────────────────────────────────────────────────────────────────

// Writes into a place what is new there: a browser lays out whatever is written, changed or not.
const written = new WeakMap();
function write(place, html) {
  if (written.get(place) === html) return false;
  written.set(place, html);
  place.innerHTML = html;
  return true;
}

function paint() {
  if (!study) return;
  paintFound();
  paintAsked();
}

// What hangs on the settings.
function paintAsked() {
  const root = document.documentElement, lang = state.lang === "zh" ? "zh-CN" : "en";
  if (root.lang !== lang) root.lang = lang;
  paintBar();
  paintLevers();
  paintTabs();
  write($("skip"), escapeText(t("skip")));
  write($("footer"), escapeText(`${study.model} · ${study.digest.slice(0, 12)} · ${commandNow()}`));
  write($("set-print"), `<h3>${escapeText(t("view-set"))}</h3>${setTable(state.settings)}`);
}

// What hangs on the members' results.
function paintFound() {
  const dark = state.dark ?? matchMedia("(prefers-color-scheme: dark)").matches;
  if (dark !== document.documentElement.hasAttribute("data-dark")) document.documentElement.toggleAttribute("data-dark", dark);
  paintHead();
  if (seen !== (seen = whatIsSeen())) paintView();
}

// Tells by its look that a picture is not that of the settings, where the members take long.
const LONG = 250; // milliseconds
let fading = 0;
function fadeSoon() { fading ||= setTimeout(fade, LONG, true); }
function fade(faded) {
  clearTimeout(fading);
  fading = 0;
  for (const place of ["view", "answer"]) $(place).classList.toggle("stale", faded);
}

// What a view hangs on. While the members are at work nothing of it changes, and nothing is drawn.
let seen = "";
function whatIsSeen() {
  const { settings, ...rest } = state, results = [shownResult(), resultOf({}), state.other && resultOf(state.other)];
  const told = ["set", "surface"].includes(state.view) ? settings : Object.keys(settings).length > 0;
  return JSON.stringify([rest, told, results.map((one) => one && one.name), document.documentElement.hasAttribute("data-dark")]);
}

const FIRST_LINES = 4; // below the answer; on a small screen the others are folded
$("rest").open = matchMedia("(min-width: 821px) and (min-height: 900px)").matches;
addEventListener("beforeprint", () => { $("rest").open = true; });

function paintHead() {
  const now = shownResult(), target = targetOf(state.target);
  const title = target ? t("title", { name: label(target.bare) }) : label(study.title);
  if (write($("title"), escapeText(title))) document.title = title;
  if (now) {
    write($("answer"), escapeText(target ? sayTarget(now, target) : sayOutcome(now)));
    const set = study.sets.find((one) => one.id === state.set);
    const lines = [target ? t("measure", { measure: label(target.measure) }) : "", study.members > 1 ? sayMembers(now) : "",
      ...(target && study.sets.length > 1 ? study.sets.map((one) => saySet(one, target)) : []), target ? sayReadings(now, target) : "", ...study.caveats.map((one) => one[state.lang]), label(set.says)];
    const told = lines.filter(Boolean).map((line) => `<li>${escapeText(line)}</li>`);
    write($("caveats"), told.slice(0, FIRST_LINES).join(""));
    write($("more-caveats"), told.slice(FIRST_LINES).join(""));
    write($("more-says"), escapeText(t("more-caveats", { n: told.length - FIRST_LINES })));
    $("rest").hidden = told.length <= FIRST_LINES;
  } else if (!pool.workers.length && !stopped) write($("answer"), escapeText(t("starting")));
}

// The answer in words: the chance of the target, over the prior sets where there are several, and
// what the settings do to it.
function sayTarget(now, target) {
  const found = study.sets.map((one) => resultOf(state.settings, one.id)).filter(Boolean).map((one) => chance(one, target));
  const means = found.map((one) => one.mean), ends = [Math.min(...means), Math.max(...means)].map((one) => percent(one));
  const several = found.length > 1 && ends[0] !== ends[1], target_ = label(target.question);
  const answer = several ? t("answer-range", { target: target_, low: ends[0], high: ends[1] }) : t("answer", { target: target_, p: sayChance(chance(now, target)) });
  const base = resultOf({});
  if (!Object.keys(state.settings).length || !base || base.ids.length < now.ids.length) return answer;
  const moved = pointsBetween(now, base, target), [points, se] = bothOf(moved.mean, moved.se);
  const set = several ? t("under", { set: label(study.sets.find((one) => one.id === state.set).name) }) : "";
  return [answer, `${set}${distinct(moved) ? t("answer-moved", { points, se }) : t("answer-same")}`].join(state.lang === "zh" ? "" : " ");
}

// How many members stand behind what is shown; while only the first do, that more are at work.
function sayMembers(now) {
  return isWhole(now) ? t("error-says", { members: now.ids.length }) : t("provisional", { members: now.ids.length, all: study.members });
}

// What one prior set gives under the same settings, and what it takes its numbers from.
function saySet(set, target) {
  const result = set.id === state.set ? shownResult() : resultOf(state.settings, set.id);
  const p = result ? sayChance(chance(result, target)) : t("running");
  return t(label(set.gloss) ? "of-set-says" : "of-set", { name: label(set.name), p, gloss: label(set.gloss), members: result ? result.ids.length : study.first });
}

// The same question by other measures or scopes.
function sayReadings(now, target) {
  if (!target.readings.length) return "";
  const each = target.readings.map(({ id, measure }) => t("reading", { measure: label(measure), p: sayChance(chance(now, targetOf(id))) }));
  return t("readings", { each: each.join(state.lang === "zh" ? "；" : "; ") });
}

function sayOutcome(now) {
  const outcome = outcomeOf(state.outcome), year = study.years[study.years.length - 1];
  const [middle] = quantiles(values(now, outcome.series, year), [0.5]);
  return t("outcome-now", { outcome: label(outcome.label), year: moment(year), value: short(middle, 4), unit: label(outcome.unit) });
}

function option(value, text, chosen) {
  return `<option value="${escapeText(value)}"${value === chosen ? " selected" : ""}>${escapeText(text)}</option>`;
}

// Targets in a list: the main ones, each outcome's own, and those of several or of another measure.
const GROUPS = { main: 0, other: 2, joint: 3, reference: 4 };
function nameOf(target) {
  const name = label(target.name);
  return target.joint.length || name.includes(target.year) ? name : `${name} ${target.year}`;
}

function paintBar() {
  const groups = [...new Set(study.targets.map((one) => one.group))].sort((a, b) => (GROUPS[a] ?? 1) - (GROUPS[b] ?? 1));
  const targets = groups.map((group) => `<optgroup label="${escapeText(outcomeOf(group) ? label(outcomeOf(group).label) : t(`group-${group}`))}">${study.targets
    .filter((one) => one.group === group).map((one) => option(one.id, nameOf(one), state.target)).join("")}</optgroup>`).join("");
  const sets = study.sets.map((one) => option(one.id, label(one.name), state.set)).join("");
  const scenarios = option("", t("choose-scenario"), state.scenario) + study.scenarios.map((one) => option(one.id, scenarioTitle(one), state.scenario)).join("");
  const bar = `${targets ? `<label>${escapeText(t("target"))} <select id="pick-target">${targets}</select></label>` : ""}
    ${study.sets.length > 1 ? `<label>${escapeText(t("set"))} <select id="pick-set">${sets}</select></label>` : ""}
    ${study.scenarios.length ? `<label>${escapeText(t("scenario"))} <select id="pick-scenario">${scenarios}</select></label>` : ""}
    <button id="undo"${past.length ? "" : " disabled"}>${escapeText(t("undo"))}</button>
    <button id="reset">${escapeText(t("reset"))}</button>
    <button id="keep-a">${escapeText(t(state.other ? "drop-a" : "keep-a"))}</button>
    <button id="copy-link">${escapeText(t("copy-link"))}</button>
    <button id="save-toml">${escapeText(t("save-toml"))}</button>
    <button id="language">${state.lang === "zh" ? "English" : "中文"}</button>
    <button id="dark" aria-pressed="${document.documentElement.hasAttribute("data-dark")}">${escapeText(t("dark"))}</button>`;
  const focus = document.activeElement && document.activeElement.id;
  if (!write($("bar"), bar)) return;
  if (focus && $(focus) && $("bar").contains($(focus))) $(focus).focus();
  const on = (id, kind, act) => $(id) && $(id).addEventListener(kind, act);
  on("pick-target", "change", (e) => change(() => {
    state.target = e.target.value;
    const target = targetOf(state.target);
    const outcome = outcomeOf(target.outcome) || outcomeOf(target.group);
    if (outcome) state.outcome = outcome.id;
  }, { remember: false }));
  on("pick-set", "change", (e) => change(() => { state.set = e.target.value; }, { remember: false }));
  on("pick-scenario", "change", (e) => {
    const scenario = study.scenarios.find((one) => one.id === e.target.value);
    if (scenario) change(() => { state.settings = settingsOf(scenario); state.scenario = scenario.id; });
  });
  on("undo", "click", undo);
  on("reset", "click", () => {
    change(() => { Object.assign(state, { settings: {}, scenario: "" }); });
    if ($("find-lever")) { $("find-lever").value = ""; findLever(); }
    for (const lever of study.levers) refuse(lever, "");
  });
  on("keep-a", "click", () => {
    change(() => { state.other = state.other ? null : structuredClone(state.settings); });
    if (state.other) note(t("kept"));
  });
  on("copy-link", "click", copyLink);
  on("save-toml", "click", () => SAVE.toml());
  on("language", "click", () => { state.lang = state.lang === "zh" ? "en" : "zh"; $("levers").dataset.lang = ""; writeLink(); paint(); });
  on("dark", "click", () => { state.dark = !document.documentElement.hasAttribute("data-dark"); paint(); });
}

// A scenario's title; of the one that was loaded, with what has become of it.
function scenarioTitle(scenario) {
  const moved = scenario.id === state.scenario && keyOf("", state.settings) !== keyOf("", settingsOf(scenario));
  return label(scenario.title) + (moved ? t("changed") : "");
}

function undo() {
  if (!past.length) return;
  const before = JSON.parse(past.pop());
  change(() => { Object.assign(state, before); }, { remember: false });
}

// ── levers ─────────────────────────────────────────────────────────────────────────────────

let sliding = null; // what was set when a slide began, so that undo takes it back as one

function paintLevers() {
  const box = $("levers");
  if (box.dataset.lang !== state.lang) {
    box.dataset.lang = state.lang;
    const one = (lever) => `<div class="lever" data-id="${escapeText(lever.id)}">
      <label for="s-${lever.n}">${escapeText(label(lever.label))}</label>
      <div class="row"><input type="range" id="s-${lever.n}" min="${lever.low}" max="${lever.reach}" step="any" aria-describedby="u-${lever.n}">
      <input type="text" inputmode="decimal" class="number" id="v-${lever.n}" aria-label="${escapeText(t("value-of", { lever: label(lever.label) }))}"></div>
      <div class="row unit"><span id="u-${lever.n}">${escapeText(label(lever.unit))} · ${escapeText(t("limits", { low: amount(lever, lever.low), high: amount(lever, lever.high, 4), own: amount(lever, lever.value) }))}${lever.share ? escapeText(t("share")) : ""}${lever.reach < lever.high ? escapeText(t("limits-slide", { reach: amount(lever, lever.reach, 4) })) : ""}</span></div>
      <div class="row unit"><label for="y-${lever.n}" style="font-weight:400">${escapeText(t("from"))}</label><input type="text" inputmode="decimal" class="number" id="y-${lever.n}" aria-label="${escapeText(t("from-of", { lever: label(lever.label) }))}"><span class="problem" role="alert"></span></div></div>`;
    const shown = study.levers.filter((lever) => lever.shown), more = study.levers.filter((lever) => !lever.shown);
    box.innerHTML = `<h2>${escapeText(t("levers"))}</h2><p class="small">${escapeText(t("levers-say") + (study.yearly ? t("half-says") : ""))}</p>${more.length ? `<input type="search" id="find-lever" placeholder="${escapeText(t("find-lever"))}" aria-label="${escapeText(t("find-lever"))}"><p class="note" id="none-found" role="status" hidden>${escapeText(t("none-found"))}</p>` : ""}${shown.map(one).join("")}` +
      (more.length ? `<details><summary>${escapeText(t("more-levers", { n: more.length }))}</summary>${more.map(one).join("")}</details>` : "");
    if ($("find-lever")) $("find-lever").addEventListener("input", findLever);
    for (const lever of study.levers) {
      const slider = $(`s-${lever.n}`), number = $(`v-${lever.n}`), year = $(`y-${lever.n}`);
      slider.addEventListener("input", () => {
        sliding ??= heldNow();
        setLever(lever.id, rounded(Number(slider.value), lever));
        ask();
        number.value = currentValue(lever);
      });
      slider.addEventListener("change", () => {
        if (sliding !== null) { past.push(sliding); sliding = null; }
        change(() => {}, { remember: false });
      });
      number.addEventListener("change", () => enter(lever, numberOf(number.value, lever.share), number));
      year.addEventListener("change", () => {
        const start = numberOf(year.value), { start: low, stop: high } = study.clock;
        if (!(start >= low && start < high)) {
          year.value = state.settings[lever.id] ? state.settings[lever.id].times[0] : lever.start;
          return refuse(lever, Number.isNaN(start) ? t("no-number") : t("bad-year", { low, high }), true);
        }
        refuse(lever, "");
        if (state.settings[lever.id]) change(() => setLever(lever.id, currentValue(lever), start));
        else lever.start = start;
      });
    }
  }
  for (const lever of study.levers) {
    const value = currentValue(lever), held = state.settings[lever.id];
    const boxes = { s: value, v: value, y: held ? held.times[0] : lever.start };
    for (const [letter, own] of Object.entries(boxes)) {
      const input = $(`${letter}-${lever.n}`);
      if (document.activeElement !== input && input.value !== String(own)) input.value = own;
    }
    const place = $(`s-${lever.n}`).closest(".lever");
    place.classList.toggle("moved", Boolean(held));
    if (held && held.times.length > 1) refuse(lever, t("by-year"));
    else if (!place.querySelector(".problem").dataset.typed) refuse(lever, "");
  }
}

// Shows the levers whose names, in any language, hold what is typed.
function findLever() {
  const typed = $("find-lever").value.trim().toLowerCase(), more = $("levers").querySelector("details");
  for (const lever of study.levers)
    $(`s-${lever.n}`).closest(".lever").hidden = !Object.values(lever.label).some((name) => name.toLowerCase().includes(typed));
  more.open = typed !== "";
  $("none-found").hidden = study.levers.some((lever) => !$(`s-${lever.n}`).closest(".lever").hidden);
}

const setNow = () => study.sets.find((one) => one.id === state.set);
const commandNow = () => setNow().command;

const currentValue = (lever) => {
  const held = state.settings[lever.id];
  return held ? held.values[held.values.length - 1] : lever.value;
};

// A slid value as people write one: three digits of the slider's reach.
function rounded(value, lever) {
  const unit = 10 ** Math.floor(Math.log10((lever.reach - lever.low) / 200 || 1));
  const near = Math.round(value / unit) * unit;
  return Math.min(Math.max(Number(near.toPrecision(12)), lever.low), lever.high);
}

// A lever's value as people write it: a share in %.
const amount = (lever, value, digits = 3) => (lever.share ? `${short(100 * value, digits)}%` : short(value, digits));

// What is typed as a number, full-width or not, a share also in %; NaN for all else, such as "2,5":
// one could mean by it two numbers or three.
function numberOf(typed, share = false) {
  const plain = typed.normalize("NFKC").trim().replace(/^[−–]/, "-");
  if (share && plain.endsWith("%")) return Number((numberOf(plain.slice(0, -1)) / 100).toPrecision(12));
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(plain) ? Number(plain) : NaN;
}

function enter(lever, value, input) {
  if (!(value >= lever.low && value <= lever.high)) {
    const limits = { low: amount(lever, lever.low, 4), high: amount(lever, lever.high, 4), unit: label(lever.unit) };
    refuse(lever, Number.isNaN(value) ? t("no-number") : t("bad-value", limits), true);
    input.value = currentValue(lever);
    return;
  }
  refuse(lever, "");
  change(() => setLever(lever.id, value));
}

function refuse(lever, why, typed = false) {
  const place = $(`s-${lever.n}`).closest(".lever").querySelector(".problem"), kept = typed && why ? "1" : "";
  if (place.textContent !== why) place.textContent = why;
  if ((place.dataset.typed ?? "") !== kept) place.dataset.typed = kept;
}

// ── messages ───────────────────────────────────────────────────────────────────────────────

function tell(key, given = {}) {
  const fallback = "This file is damaged: ask for it again. 文件已损坏，请重新索取。";
  $("problem").textContent = words[state.lang] ? t(key, given) : fallback;
  $("problem").hidden = false;
  $("problem").classList.remove("good");
}

// Tells why nothing can be computed; what asks for it is put out of reach.
let stopped = false;
function stop(key) {
  stopped = true;
  write($("answer"), "");
  for (const place of ["bar", "levers", "tabs", "view"]) $(place).inert = true;
  tell(key);
}

function note(text) {
  $("problem").textContent = text;
  $("problem").hidden = false;
  $("problem").classList.add("good");
  setTimeout(() => { $("problem").hidden = true; $("problem").classList.remove("good"); }, 9000);
}

document.addEventListener("keydown", (e) => {
  if ((e.ctrlKey || e.metaKey) && e.key === "z" && !["INPUT"].includes(document.activeElement.tagName)) { undo(); e.preventDefault(); }
});
$("view").addEventListener("click", (e) => {
  const button = e.target.closest("[data-save]");
  if (button) SAVE[button.dataset.save]();
});
$("view").addEventListener("change", (e) => {
  if (e.target.dataset.pick) pick(e.target.dataset.pick, e.target.value);
});
let resizing = 0;
new ResizeObserver(([{ contentRect }]) => {
  if (contentRect.width === room) return;
  clearTimeout(resizing);
  resizing = setTimeout(() => { room = contentRect.width; paintView(); }, room ? 120 : 0);
}).observe($("view"));
addEventListener("hashchange", () => { readLink(); ask(); paint(); });
$("skip").addEventListener("click", (e) => { e.preventDefault(); $("view").focus(); });
if (study) paint();
begin();
