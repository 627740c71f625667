"use strict";
// Means, shares and quantiles over members, with the error of sdensemble.results.estimate: the
// spread of the means of independent replicates.

function replicateMeans(values, replicate) {
  const sum = new Map();
  values.forEach((value, i) => {
    if (!Number.isFinite(value)) return;
    const found = sum.get(replicate[i]) || [0, 0];
    sum.set(replicate[i], [found[0] + value, found[1] + 1]);
  });
  return [...sum.values()].map(([total, count]) => total / count);
}

function standardError(values, replicate) {
  let parts = replicateMeans(values, replicate);
  if (parts.length < 2) parts = Array.from(values).filter(Number.isFinite);
  if (parts.length < 2) return NaN;
  const mean = parts.reduce((a, b) => a + b, 0) / parts.length;
  const variance = parts.reduce((a, b) => a + (b - mean) ** 2, 0) / (parts.length - 1);
  return Math.sqrt(variance / parts.length);
}

// {mean, se, members} of the finite values.
function meanOf(values, replicate) {
  const kept = Array.from(values).filter(Number.isFinite);
  const mean = kept.reduce((a, b) => a + b, 0) / kept.length;
  return { mean, se: standardError(values, replicate), members: kept.length };
}

// {mean, se, hits, members} of a share; where nothing or everything hits, se is NaN: the page
// then says how large the share can be at most, 1 - 0.05^(1/n).
function shareOf(hit, replicate) {
  const values = Float64Array.from(hit, Number);
  const hits = values.reduce((a, b) => a + b, 0), n = values.length, mean = hits / n;
  let se = standardError(values, replicate);
  if (hits === 0 || hits === n) se = NaN;
  else if (!(se > 0)) se = Math.sqrt((mean * (1 - mean)) / n);
  return { mean, se, hits, members: n, most: hits === 0 ? 1 - 0.05 ** (1 / n) : NaN };
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
