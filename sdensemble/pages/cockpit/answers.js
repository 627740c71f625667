"use strict";
// What the page says of the computed members: targets met, and paired effects.

// ── targets and effects ────────────────────────────────────────────────────────────────────

const targetOf = (id) => study.targets.find((one) => one.id === id);
const outcomeOf = (id) => study.outcomes.find((one) => one.id === id);

// Which members meet a target: {hit, lost}; a joint one where all its parts are met.
function event(result, target, year = target.year) {
  return once(result, `event ${target.id} ${year}`, () => newEvent(result, target, year));
}

function newEvent(result, target, year) {
  if (target.joint.length) {
    const parts = target.joint.map((id) => event(result, targetOf(id)));
    const n = result.ids.length, hit = new Uint8Array(n), lost = new Uint8Array(n);
    for (let m = 0; m < n; m++) {
      const missed = parts.some((part) => !part.hit[m] && !part.lost[m]);
      lost[m] = !missed && parts.some((part) => part.lost[m]) ? 1 : 0;
      hit[m] = !missed && !lost[m] ? 1 : 0;
    }
    return { hit, lost };
  }
  const found = values(result, target.series, year);
  const beyond = target.comparator === ">" ? (v) => v > target.value
    : target.comparator === ">=" ? (v) => v >= target.value
    : (v) => v >= target.low && v <= target.high;
  return { hit: Uint8Array.from(found, beyond), lost: Uint8Array.from(found, (v) => !Number.isFinite(v)) };
}

function chance(result, target, year = target.year) {
  return once(result, `chance ${target.id} ${year}`, () => {
    const { hit, lost } = event(result, target, year), { replicate } = result;
    if (!lost.includes(1)) return { ...shareOf(hit, replicate), lost: 0 };
    const kept = [];
    for (let m = 0; m < hit.length; m++) if (!lost[m]) kept.push(m);
    return { ...shareOf(kept.map((m) => hit[m]), kept.map((m) => replicate[m])), lost: hit.length - kept.length };
  });
}

function sayChance({ mean, se, hits, members, most, lost }) {
  let out;
  if (hits === 0) out = t("p-none", { most: `${Math.ceil(1e4 * most) / 100}%` });
  else if (hits === members) out = t("p-all", { least: `${Math.floor(1e4 * 0.05 ** (1 / members)) / 100}%` });
  else out = withPoints(percent(mean, se), se);
  return lost ? `${out}${state.lang === "zh" ? "" : " "}${t("lost", { lost })}` : out;
}

// A share in whole points, in fives or tens where its error is that large, as a run tells it.
function percent(share, se = 0) {
  if (!Number.isFinite(share)) return "–";
  if (share < 0.005) return "<1%";
  if (share > 0.995) return ">99%";
  const step = se >= 0.1 ? 10 : se >= 0.025 ? 5 : 1, found = step * Math.round((100 * share) / step);
  return found === 0 ? `<${step}%` : found === 100 ? `>${100 - step}%` : `${found}%`;
}

// Beside "<1%" no error is told.
const withPoints = (text, se) => (/^\d/.test(text) && Number.isFinite(se) ? `${text} ±${Math.max(1, Math.ceil(100 * se - 1e-9))}` : text);

// What settings add to the chance of a target, in points, member by member.
function pointsBetween(now, base, target) {
  const a = event(now, target), b = event(base, target);
  return meanOf(Float64Array.from(a.hit, (hit, m) => (a.lost[m] || b.lost[m] ? NaN : 100 * (hit - b.hit[m]))), now.replicate);
}

// The paired difference of two results in one series and year, or summed up to the year.
function paired(now, base, series, year, { summed = false } = {}) {
  return once(now, `less ${base.name} ${series} ${year} ${summed}`, () => newlyPaired(now, base, series, year, summed));
}

function newlyPaired(now, base, series, year, summed) {
  const years = summed ? study.years.filter((one) => one <= year) : [year];
  const out = new Float64Array(now.ids.length);
  for (const one of years) {
    const a = values(now, series, one), b = values(base, series, one);
    for (let m = 0; m < out.length; m++) out[m] += a[m] - b[m];
  }
  const told = meanOf(out, now.replicate), [low, median, high] = quantiles(out, [0.05, 0.5, 0.95]);
  const kept = Array.from(out).filter(Number.isFinite);
  const felt = Math.abs(quantiles(values(base, series, year), [0.5])[0]) * study.felt;
  return { ...told, parts: replicateMeans(out, now.replicate), low, median, high, felt, helped: kept.filter((v) => v > felt).length / kept.length };
}

const distinct = ({ mean, se }) => mean !== 0 && Math.abs(mean) >= 2 * se;
const signedText = (value, text) => (Number(text) ? (value > 0 ? "+" : "−") : "") + text;
const signed = (value, digits = 3) => signedText(value, short(Math.abs(value), digits));

// A value with its error: the error to its first digit, the value as far as that reaches.
function withError(value, se) {
  const [told, error] = bothOf(value, se);
  return error ? `${told} ±${error}` : told;
}

function bothOf(value, se) {
  if (!(se > 0)) return [signed(value), ""];
  const places = Math.min(6, Math.max(0, -Math.floor(Math.log10(se))));
  return [signedText(value, Math.abs(value).toFixed(places)), se.toFixed(places)];
}

const sayEffect = (one) => (distinct(one) ? withError(one.mean, one.se) : t("not-distinct"));

