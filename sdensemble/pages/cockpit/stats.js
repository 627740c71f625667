"use strict";
// Means, shares and quantiles over members, with the error of sdensemble.results.estimate: the
// spread of the means of independent replicates.

function replicateMeans(values, replicate) {
  const sum = [], count = [];
  for (let i = 0; i < replicate.length; i++) {
    if (!Number.isFinite(values[i])) continue;
    const r = replicate[i];
    sum[r] = (sum[r] || 0) + values[i];
    count[r] = (count[r] || 0) + 1;
  }
  return sum.map((total, r) => total / count[r]).filter(Number.isFinite);
}

function standardError(values, replicate) {
  let parts = replicateMeans(values, replicate);
  if (parts.length < 2) parts = Array.from(values).filter(Number.isFinite);
  if (parts.length < 2) return NaN;
  return spread(parts);
}

// {mean, se, members} of the finite values.
function meanOf(values, replicate) {
  let sum = 0, members = 0;
  for (const value of values) if (Number.isFinite(value)) { sum += value; members += 1; }
  return { mean: sum / members, se: standardError(values, replicate), members };
}

const spread = (parts) => {
  const mean = parts.reduce((a, b) => a + b, 0) / parts.length;
  return Math.sqrt(parts.reduce((a, b) => a + (b - mean) ** 2, 0) / (parts.length - 1) / parts.length);
};

// The error of a ratio of two means, from their replicates, each left out in turn (jackknife).
function ratioError(above, below) {
  const n = above.length, sum = (parts) => parts.reduce((a, b) => a + b, 0), [top, bottom] = [sum(above), sum(below)];
  return (n - 1) * spread(above.map((one, i) => (top - one) / (bottom - below[i])));
}

// {mean, se, hits, members} of a share; where nothing or everything hits, se is NaN: the page
// then says how large the share can be at most, 1 - 0.05^(1/n).
function shareOf(hit, replicate) {
  const hits = hit.reduce((a, b) => a + b, 0), n = hit.length, mean = hits / n;
  let se = standardError(hit, replicate);
  if (hits === 0 || hits === n) se = NaN;
  else if (!(se > 0)) se = Math.sqrt((mean * (1 - mean)) / n);
  return { mean, se, hits, members: n, most: hits === 0 ? 1 - 0.05 ** (1 / n) : NaN };
}

// One series in one year of some members as a worker ran them, from `at` on in `out`; both by number.
function readInto(out, at, { ids, values, width }, series, year) {
  const { lanes } = study.program, years = study.years.length;
  for (let m = 0; m < ids.length; m += lanes) {
    const from = (((m / lanes) * years + year) * width + series) * lanes;
    for (let lane = 0; lane < lanes && m + lane < ids.length; lane++) out[at + m + lane] = values[from + lane];
  }
}

// What was made of a result under a name, made once: the baseline's is asked for at every move.
const made = new WeakMap();
function once(result, name, make) {
  if (!made.has(result)) made.set(result, new Map());
  const known = made.get(result);
  if (!known.has(name)) known.set(name, make());
  return known.get(name);
}

// Sample quantiles by linear interpolation; NaN where no value is finite.
function quantiles(values, shares) {
  const sorted = Float64Array.from(values).filter(Number.isFinite).sort();
  if (!sorted.length) return shares.map(() => NaN);
  return shares.map((share) => {
    const at = share * (sorted.length - 1), below = Math.floor(at);
    const above = Math.min(below + 1, sorted.length - 1);
    return sorted[below] + (at - below) * (sorted[above] - sorted[below]);
  });
}

if (typeof module !== "undefined") module.exports = { meanOf, shareOf, quantiles };
