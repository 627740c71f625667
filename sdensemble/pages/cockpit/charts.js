"use strict";
// Charts as SVG with real text. Each returns a string; numbers are plain values, words come in.

const escapeText = (text) => String(text).replace(/[&<>"']/g, (c) =>
  ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" })[c]);

// Round steps for an axis: about `count` of them from low to high.
function ticks(low, high, count = 5) {
  if (!(high > low)) return [low];
  const raw = (high - low) / count, power = 10 ** Math.floor(Math.log10(raw));
  const step = power * ([1, 2, 2.5, 5, 10].find((m) => m * power >= raw) || 10);
  const out = [];
  for (let v = Math.ceil(low / step - 1e-9) * step; v <= high + 1e-9 * step; v += step)
    out.push(Math.abs(v) < step * 1e-9 ? 0 : v);
  return out;
}

// A number with as many digits as its size deserves.
function short(value, digits = 3) {
  if (!Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  if (size >= 10 ** (digits - 1) || size === 0) return value.toFixed(0);
  const places = Math.min(6, Math.max(0, digits - 1 - Math.floor(Math.log10(size))));
  return String(Number(value.toFixed(places)));
}

class Plane {
  constructor(width, height, x, y, margin = { top: 18, right: 16, bottom: 34, left: 56 }) {
    Object.assign(this, { width, height, margin, x, y });
    this.parts = [];
  }
  px(v) {
    const { left, right } = this.margin, [a, b] = this.x;
    return left + ((v - a) / (b - a || 1)) * (this.width - left - right);
  }
  py(v) {
    const { top, bottom } = this.margin, [a, b] = this.y;
    return this.height - bottom - ((v - a) / (b - a || 1)) * (this.height - top - bottom);
  }
  add(text) { this.parts.push(text); return this; }
  text(x, y, words, { anchor = "start", className = "", rotate = 0 } = {}) {
    const turned = rotate ? ` transform="rotate(${rotate} ${x} ${y})"` : "";
    return this.add(`<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" text-anchor="${anchor}" class="${className}"${turned}>${escapeText(words)}</text>`);
  }
  line(points, className) {
    const path = points.filter(([, v]) => Number.isFinite(v))
      .map(([x, v], i) => `${i ? "L" : "M"}${this.px(x).toFixed(1)} ${this.py(v).toFixed(1)}`).join("");
    return this.add(`<path d="${path}" class="line ${className}"/>`);
  }
  band(low, high, className) {
    const there = high.map(([x, v]) => `${this.px(x).toFixed(1)} ${this.py(v).toFixed(1)}`);
    const back = [...low].reverse().map(([x, v]) => `${this.px(x).toFixed(1)} ${this.py(v).toFixed(1)}`);
    return this.add(`<path d="M${there.join("L")}L${back.join("L")}Z" class="band ${className}"/>`);
  }
  axes({ xLabels, yTitle, percent = false, xTitle = "" }) {
    const { left, right, bottom, top } = this.margin;
    for (const v of ticks(this.y[0], this.y[1], this.height < 180 ? 3 : 5)) {
      const y = this.py(v);
      this.add(`<line x1="${left}" x2="${this.width - right}" y1="${y.toFixed(1)}" y2="${y.toFixed(1)}" class="grid"/>`);
      this.text(left - 6, y + 4, percent ? `${Math.round(v * 100)}%` : short(v, 4), { anchor: "end", className: "tick" });
    }
    for (const [v, label] of xLabels)
      this.text(this.px(v), this.height - bottom + 16, label, { anchor: "middle", className: "tick" });
    if (yTitle) this.text(4, top - 6, yTitle, { className: "title" });
    if (xTitle) this.text(this.width - right, this.height - 4, xTitle, { anchor: "end", className: "title" });
    return this;
  }
  svg(label) {
    return `<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="${escapeText(label)}" viewBox="0 0 ${this.width} ${this.height}" width="${this.width}" height="${this.height}">${this.parts.join("")}</svg>`;
  }
}

// Years to label without their touching each other.
function yearLabels(years, width) {
  const every = Math.max(1, Math.ceil((years.length * 44) / width));
  return years.filter((_, i) => (years.length - 1 - i) % every === 0).map((y) => [y, String(y)]);
}

// The fan: bands of 90, 80 and 50 in a hundred around the median; the baseline as lines behind.
function fanChart({ width, height, years, now, base, marks, unit, label, xTitle }) {
  const shown = [...now.flat(), ...(base ? base.flat() : []), ...marks.map((m) => m.value)].filter(Number.isFinite);
  const low = Math.min(...shown), high = Math.max(...shown), room = (high - low) * 0.06 || 1;
  const plane = new Plane(width, height, [years[0], years[years.length - 1]], [Math.max(low - room, low < 0 ? -Infinity : 0), high + room]);
  plane.axes({ xLabels: yearLabels(years, width - 80), yTitle: unit, xTitle });
  const at = (rows, q) => years.map((year, i) => [year, rows[i][q]]);
  plane.band(at(now, 0), at(now, 6), "b90").band(at(now, 1), at(now, 5), "b80").band(at(now, 2), at(now, 4), "b50");
  if (base) plane.line(at(base, 0), "base edge").line(at(base, 6), "base edge").line(at(base, 3), "base");
  plane.line(at(now, 3), "median");
  for (const { year, value, text, official } of marks) {
    const x = plane.px(year), y = plane.py(value);
    plane.add(`<line x1="${(x - 9).toFixed(1)}" x2="${(x + 9).toFixed(1)}" y1="${y.toFixed(1)}" y2="${y.toFixed(1)}" class="target ${official ? "" : "example"}"><title>${escapeText(text)}</title></line>`);
    if (text) plane.text(x - 12, y - 6, text, { anchor: x > width / 2 ? "end" : "start", className: "mark" });
  }
  return plane.svg(label);
}

// Shares with their error by year: dots with whiskers of two standard errors.
function dotChart({ width, height, xs, xLabels, xTitle, rows, range, percent, yTitle, label, zero = false }) {
  const plane = new Plane(width, height, [Math.min(...xs) - 0.5, Math.max(...xs) + 0.5], range);
  plane.axes({ xLabels, xTitle, yTitle, percent });
  if (zero) plane.line([[plane.x[0], 0], [plane.x[1], 0]], "zero");
  for (const { className, points, shift = 0 } of rows) {
    plane.line(points.map(([x, v]) => [x + shift, v]), `${className} thin`);
    for (const [x, v, se] of points) {
      if (!Number.isFinite(v)) continue;
      const cx = plane.px(x + shift).toFixed(1);
      if (se > 0) plane.add(`<line x1="${cx}" x2="${cx}" y1="${plane.py(Math.min(v + 2 * se, range[1])).toFixed(1)}" y2="${plane.py(Math.max(v - 2 * se, range[0])).toFixed(1)}" class="whisker ${className}"/>`);
      plane.add(`<circle cx="${cx}" cy="${plane.py(v).toFixed(1)}" r="2.5" class="dot ${className}"/>`);
    }
  }
  return plane.svg(label);
}

// Shares that sum to one, stacked by year, each labelled where it is wide enough.
function stackChart({ width, height, years, parts, label }) {
  const plane = new Plane(width, height, [years[0] - 0.5, years[years.length - 1] + 0.5], [0, 1]);
  plane.axes({ xLabels: yearLabels(years, width - 80), percent: true });
  const half = Math.min(0.4, 0.5);
  years.forEach((year, i) => {
    let below = 0;
    parts.forEach(({ values, name }, k) => {
      const top = below + values[i];
      const x = plane.px(year - half), y = plane.py(top), h = plane.py(below) - y, w = plane.px(year + half) - x;
      if (h > 0) plane.add(`<rect x="${x.toFixed(1)}" y="${y.toFixed(1)}" width="${w.toFixed(1)}" height="${h.toFixed(1)}" class="part p${k % 6}"><title>${escapeText(`${year} ${name} ${(100 * values[i]).toFixed(0)}%`)}</title></rect>`);
      if (h > 14 && w > 26) plane.text(x + w / 2, y + h / 2 + 4, `${(100 * values[i]).toFixed(0)}`, { anchor: "middle", className: `inside i${k % 6}` });
      below = top;
    });
  });
  return plane.svg(label);
}

const LEAST_SHADE = 0.2; // so that differences within the sampling error look alike

// A grid of shares over two levers; each cell is shaded by its value and carries it.
function surfaceChart({ width, height, xs, ys, cells, xTitle, yTitle, percent, label, here, says }) {
  const margin = { top: 30, right: 12, bottom: 44, left: 66 };
  const plane = new Plane(width, height, [0, xs.length], [0, ys.length], margin);
  const known = cells.flat().filter(Number.isFinite), middle = (Math.min(...known) + Math.max(...known)) / 2;
  const reach = Math.max(Math.max(...known) - middle, LEAST_SHADE / 2), low = middle - reach, high = middle + reach;
  ys.forEach((y, j) => xs.forEach((x, i) => {
    const value = cells[j][i], px = plane.px(i), py = plane.py(j + 1);
    const w = plane.px(i + 1) - px, h = plane.py(j) - py;
    const share = Number.isFinite(value) && high > low ? (value - low) / (high - low) : 0;
    plane.add(`<rect x="${px.toFixed(1)}" y="${py.toFixed(1)}" width="${(w - 1).toFixed(1)}" height="${(h - 1).toFixed(1)}" class="cell" style="--share:${share.toFixed(3)}"/>`);
    if (Number.isFinite(value)) plane.text(px + w / 2, py + h / 2 + 4, percent ? `${(100 * value).toFixed(0)}%` : short(value), { anchor: "middle", className: `inside ${share > 0.85 ? "i0" : share > 0.65 ? "middle" : "dark"}` });
    else plane.text(px + w / 2, py + h / 2 + 4, "…", { anchor: "middle", className: "tick" });
  }));
  xs.forEach((x, i) => plane.text((plane.px(i) + plane.px(i + 1)) / 2, height - margin.bottom + 16, says[0](x), { anchor: "middle", className: "tick" }));
  ys.forEach((y, j) => plane.text(margin.left - 6, (plane.py(j) + plane.py(j + 1)) / 2 + 4, says[1](y), { anchor: "end", className: "tick" }));
  if (here) plane.add(`<circle cx="${plane.px(here[0]).toFixed(1)}" cy="${plane.py(here[1]).toFixed(1)}" r="5" class="here"/>`);
  plane.text(width - margin.right, height - 6, xTitle, { anchor: "end", className: "title" });
  plane.text(4, 14, yTitle, { className: "title" });
  return plane.svg(label);
}
