"use strict";
// Links that hold every setting, and the files a person can save.

// ── links and files ────────────────────────────────────────────────────────────────────────

function writeLink() {
  const held = { d: study.digest, v: state.view, s: state.set, o: state.outcome, t: state.target, l: state.lang, a: state.axes,
    n: state.scenario, x: state.settings, b: state.other };
  const text = btoa(unescape(encodeURIComponent(JSON.stringify(held)))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  history.replaceState(null, "", `#${text}`);
}

// A browser takes its time over an address: after the members have been at work.
let linking = 0;
function linkSoon() {
  clearTimeout(linking);
  linking = setTimeout(writeLink, 300);
}

function readLink() {
  if (location.hash.length < 3) return;
  try {
    const text = location.hash.slice(1).replace(/-/g, "+").replace(/_/g, "/");
    const held = JSON.parse(decodeURIComponent(escape(atob(text))));
    if (held.d !== study.digest) return tell("other-digest", { theirs: String(held.d).slice(0, 12), mine: study.digest.slice(0, 12) });
    const clean = (given) => {
      const { sound, dropped } = soundSettings(study, given);
      if (dropped.length) tell("link-dropped", { lever: dropped.join(", ") });
      return sound;
    };
    if (viewsShown().includes(held.v)) state.view = held.v;
    if (study.sets.some((one) => one.id === held.s)) state.set = held.s;
    if (outcomeOf(held.o)) state.outcome = held.o;
    if (targetOf(held.t)) state.target = held.t;
    if (held.l in words) state.lang = held.l;
    if (Array.isArray(held.a) && held.a.length === 2 && held.a.every((id) => leverOf.has(id))) state.axes = held.a;
    state.scenario = study.scenarios.some((one) => one.id === held.n) ? held.n : "";
    state.settings = clean(held.x);
    state.other = held.b ? clean(held.b) : null;
  } catch { tell("bad-link"); }
}

async function copyLink() {
  writeLink();
  try { await navigator.clipboard.writeText(location.href); note(t("link-copied")); } catch { prompt(t("copy-this"), location.href); }
}

// What a saved file says of where its numbers come from, line by line.
function notesNow() {
  const target = targetOf(state.target), set = setNow(), now = shownResult();
  const line = (key, text) => (state.lang === "zh" ? `${t(key)}：${text}` : `${t(key)}: ${text}`);
  return [$("title").textContent, ...(target ? [line("target", nameOf(target)), t("measure", { measure: label(target.measure) })] : []),
    line("set", label(set.name)), ...study.caveats.map((one) => one[state.lang]), label(set.says),
    ...(now && study.members > 1 ? [sayMembers(now)] : []), line("model-digest", study.digest), line("command", set.command)].filter(Boolean);
}

const titles = () => Object.fromEntries(Object.keys(words).map((lang) => [lang, words[lang]["toml-title"]]));

function save(name, content, type) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(content instanceof Blob ? content : new Blob([content], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

function cell(value) {
  const text = String(value);
  const safe = /^[=+\-@\t\r]/.test(text) && !Number.isFinite(Number(text)) ? `'${text}` : text;
  return /[",\n]/.test(safe) ? `"${safe.replace(/"/g, '""')}"` : safe;
}

const SAVE = {
  csv() {
    const now = resultOf(state.settings), base = now && firstOf(resultOf({}), now.ids.length);
    if (!now || !base) return;
    const both = [[t("now"), now], [t("baseline"), base]], prior = label(setNow().name);
    const rows = [[t("outcome"), t("unit"), times(), t("settings"), ...SHARES.map((q) => `${100 * q}%`), t("mean"), t("members"), t("measure-head"), t("set")]];
    for (const [name, result] of both)
      for (const outcome of study.outcomes)
        for (const year of study.years) {
          const found = values(result, outcome.series, year);
          rows.push([label(outcome.label), label(outcome.unit), year, name, ...quantiles(found, SHARES), meanOf(found, []).mean, result.ids.length, label(outcome.measure), prior]);
        }
    rows.push([], [t("target"), t("condition"), times(), t("settings"), t("view-chance"), t("standard-error"), t("hits"), t("members"), t("measure-head"), t("set")]);
    for (const [name, result] of both)
      for (const target of study.targets) {
        const p = chance(result, target);
        rows.push([label(target.name), label(target.condition), target.year, name, p.mean, p.se, p.hits, p.members, label(target.measure), prior]);
      }
    rows.push([], ...notesNow().map((line) => [line]));
    save("cockpit.csv", `\ufeff${rows.map((row) => row.map(cell).join(",")).join("\r\n")}`, "text/csv");
  },
  toml() { save("cockpit.toml", tomlOf(study, state.settings, titles(), notesNow()), "application/toml"); },
  svg() { const text = chartText(); if (text) save("cockpit.svg", text, "image/svg+xml"); },
  png() {
    const text = chartText();
    if (!text) return;
    const image = new Image();
    image.onload = () => {
      const canvas = document.createElement("canvas");
      canvas.width = image.width * 3;
      canvas.height = image.height * 3;
      const context = canvas.getContext("2d");
      context.fillStyle = "#ffffff";
      context.fillRect(0, 0, canvas.width, canvas.height);
      context.drawImage(image, 0, 0, canvas.width, canvas.height);
      canvas.toBlob((blob) => save("cockpit.png", blob));
    };
    image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`;
  },
};

// The chart on view with its style written into it, so that it stands alone.
function chartText() {
  const chart = $("view").querySelector("svg");
  if (!chart) return "";
  const copy = chart.cloneNode(true), theirs = copy.querySelectorAll("*");
  const root = document.documentElement, dark = root.hasAttribute("data-dark");
  root.removeAttribute("data-dark"); // a saved chart lies on white
  chart.querySelectorAll("*").forEach((element, i) => {
    const style = getComputedStyle(element);
    for (const name of ["fill", "stroke", "stroke-width", "stroke-dasharray", "font-size", "font-weight", "font-family", "paint-order"])
      theirs[i].setAttribute(name, style.getPropertyValue(name));
  });
  const legend = legendOf(Number(copy.getAttribute("viewBox").split(" ")[3]) + 13);
  root.toggleAttribute("data-dark", dark);
  const [, , w, h] = copy.getAttribute("viewBox").split(" ").map(Number);
  const notes = [$("answer").textContent, ...notesNow().filter((line, i) => i && !line.includes(commandNow()))]
    .flatMap((line) => wrapped(line, w - 8)).map((line, i) => svgText(line, 4, h + (legend ? 31 : 13) + 14 * i));
  const height = h + (legend ? 24 : 6) + 14 * notes.length;
  copy.setAttribute("viewBox", `0 0 ${w} ${height}`);
  copy.setAttribute("height", height);
  const text = new XMLSerializer().serializeToString(copy);
  return text.replace("</svg>", `${legend}${notes.join("")}</svg>`);
}

const svgText = (text, x, y) => `<text x="${x}" y="${y}" font-size="10" font-family="system-ui, sans-serif" fill="#57606a">${escapeText(text)}</text>`;
const widthOf = (text) => Array.from(text).reduce((sum, one) => sum + (one > "\u2e7f" ? 10.5 : 6), 0);

// A line in as many as fit a width, at 10 pixels a letter: between words, or between Chinese signs.
function wrapped(line, most) {
  const out = [""];
  for (const piece of line.match(/[\u2e80-\uffff]|[^\s\u2e80-\uffff]+\s*|\s+/g) || []) {
    if (widthOf(out[out.length - 1] + piece) > most && out[out.length - 1]) out.push("");
    out[out.length - 1] += piece;
  }
  return out;
}

// The keys under the chart on view, as SVG in one line at height y; they are HTML on the page.
function legendOf(y) {
  const first = $("view").querySelector("p.small .key");
  let x = 4, out = "";
  for (const key of first ? first.parentElement.querySelectorAll(".key") : []) {
    const style = getComputedStyle(key), text = key.nextSibling.textContent, thick = parseFloat(style.borderTopWidth);
    out += key.classList.contains("l")
      ? `<line x1="${x}" x2="${x + 20}" y1="${y - 4}" y2="${y - 4}" stroke="${style.borderTopColor}" stroke-width="${thick}"${style.borderTopStyle === "dashed" ? ' stroke-dasharray="5 4"' : ""}/>`
      : `<rect x="${x}" y="${y - 9}" width="14" height="10" fill="${style.backgroundColor}" stroke="#d0d7de"/>`;
    out += svgText(text, x + 25, y);
    x += 37 + widthOf(text);
  }
  return out;
}
