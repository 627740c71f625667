"use strict";
// Links that hold every setting, and the files a person can save.

// ── links and files ────────────────────────────────────────────────────────────────────────

function writeLink() {
  const held = { d: study.digest, v: state.view, s: state.set, o: state.outcome, t: state.target, l: state.lang, a: state.axes,
    x: state.settings, b: state.other };
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
    state.settings = clean(held.x);
    state.other = held.b ? clean(held.b) : null;
  } catch { tell("bad-link"); }
}

async function copyLink() {
  writeLink();
  try { await navigator.clipboard.writeText(location.href); note(t("link-copied")); } catch { prompt(t("copy-this"), location.href); }
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
    const rows = [["outcome", "unit", "year", "settings", ...SHARES.map((q) => `q${100 * q}`), "mean", "members"]];
    for (const [name, result] of [["now", now], ["baseline", base]])
      for (const outcome of study.outcomes)
        for (const year of study.years) {
          const found = values(result, outcome.series, year);
          rows.push([label(outcome.label), label(outcome.unit), year, name, ...quantiles(found, SHARES), meanOf(found, []).mean, result.ids.length]);
        }
    rows.push([], ["target", "condition", "", "settings", "P", "standard error", "hits", "members"]);
    for (const [name, result] of [["now", now], ["baseline", base]])
      for (const target of study.targets) {
        const p = chance(result, target);
        rows.push([label(target.name), label(target.condition), "", name, p.mean, p.se, p.hits, p.members]);
      }
    rows.push([], ["digest", study.digest], ["set", state.set], ["command", study.command]);
    save("cockpit.csv", `\ufeff${rows.map((row) => row.map(cell).join(",")).join("\r\n")}`, "text/csv");
  },
  toml() { save("cockpit.toml", tomlOf(study, state.settings, titles()), "application/toml"); },
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
  root.toggleAttribute("data-dark", dark);
  const [, , w, h] = copy.getAttribute("viewBox").split(" ").map(Number);
  copy.setAttribute("viewBox", `0 0 ${w} ${h + 18}`);
  copy.setAttribute("height", h + 18);
  const foot = document.createElementNS("http://www.w3.org/2000/svg", "text");
  foot.setAttribute("x", 4);
  foot.setAttribute("y", h + 13);
  foot.setAttribute("font-size", "10");
  foot.setAttribute("fill", "#57606a");
  foot.textContent = `${label(study.title)} · ${study.digest.slice(0, 12)}`;
  copy.append(foot);
  return new XMLSerializer().serializeToString(copy);
}

