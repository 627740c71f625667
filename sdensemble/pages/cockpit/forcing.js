"use strict";
// The random processes that push a model's constants about: the same numbers as
// sdensemble.ensemble.forcing, from the same addresses (seed, process, element, member, step).

const WEYL = [0x9e3779b9, 0xbb67ae85];

// Returns the high and low words of a product of two 32-bit numbers.
function multiply(a, b) {
  const al = a & 0xffff, ah = a >>> 16, bl = b & 0xffff, bh = b >>> 16;
  const low = al * bl, middle = ah * bl + (low >>> 16), cross = al * bh + (middle & 0xffff);
  return [(ah * bh + Math.floor(middle / 65536) + Math.floor(cross / 65536)) >>> 0,
    Math.imul(a, b) >>> 0];
}

// Philox4x32-10 (Salmon et al. 2011): four words from a counter and a key.
function philox(c0, c1, c2, c3, [k0, k1]) {
  for (let round = 0; round < 10; round++) {
    const [h0, l0] = multiply(0xd2511f53, c0), [h1, l1] = multiply(0xcd9e8d57, c2);
    [c0, c1, c2, c3] = [(h1 ^ c1 ^ k0) >>> 0, l1, (h0 ^ c3 ^ k1) >>> 0, l0];
    k0 = (k0 + WEYL[0]) >>> 0;
    k1 = (k1 + WEYL[1]) >>> 0;
  }
  return [c0, c1, c2, c3];
}

// (k + 1/2) / 2^52 of the 52 bits of two words: never 0 and never 1.
const unit = (high, low) => (high * 1048576 + (low >>> 12) + 0.5) * 2 ** -52;

// Uniform numbers of a stream, shape (step, element, member), steps counted from `first`.
function uniform(key, members, steps, elements, first) {
  const n = members.length, out = new Float64Array(steps * elements * n);
  for (let pair = first >> 1; 2 * pair < first + steps; pair++)
    for (let e = 0; e < elements; e++)
      for (let m = 0; m < n; m++) {
        const words = philox(members[m], e, pair, 0, key);
        for (const odd of [0, 1]) {
          const step = 2 * pair + odd - first;
          if (step >= 0 && step < steps)
            out[(step * elements + e) * n + m] = unit(words[2 * odd], words[2 * odd + 1]);
        }
      }
  return out;
}

// The standard normal quantile: Wichura (1988), algorithm AS 241, PPND16.
const QUANTILE = [
  [[3.387132872796366608, 133.14166789178437745, 1971.5909503065514427, 13731.693765509461125,
    45921.953931549871457, 67265.770927008700853, 33430.575583588128105, 2509.0809287301226727],
  [1, 42.313330701600911252, 687.1870074920579083, 5394.1960214247511077, 21213.794301586595867,
    39307.89580009271061, 28729.085735721942674, 5226.495278852854561]],
  [[1.42343711074968357734, 4.6303378461565452959, 5.7694972214606914055, 3.64784832476320460504,
    1.27045825245236838258, 0.24178072517745061177, 0.0227238449892691845833, 7.7454501427834140764e-4],
  [1, 2.05319162663775882187, 1.6763848301838038494, 0.68976733498510000455, 0.14810397642748007459,
    0.0151986665636164571966, 5.475938084995344946e-4, 1.05075007164441684324e-9]],
  [[6.6579046435011037772, 5.4637849111641143699, 1.7848265399172913358, 0.29656057182850489123,
    0.026532189526576123093, 0.0012426609473880784386, 2.71155556874348757815e-5, 2.01033439929228813265e-7],
  [1, 0.59983220655588793769, 0.13692988092273580531, 0.0148753612908506148525, 7.868691311456132591e-4,
    1.8463183175100546818e-5, 1.4215117583164458887e-7, 2.04426310338993978564e-15]],
];
const polynomial = (terms, x) => terms.reduceRight((sum, term) => sum * x + term, 0);
const quotient = ([top, bottom], x) => polynomial(top, x) / polynomial(bottom, x);

function normalQuantile(p) {
  const off = p - 0.5;
  if (Math.abs(off) <= 0.425) return off * quotient(QUANTILE[0], 0.180625 - off * off);
  const far = Math.sqrt(-Math.log(Math.min(p, 1 - p)));
  const tail = far <= 5 ? quotient(QUANTILE[1], far - 1.6) : quotient(QUANTILE[2], far - 5);
  return off < 0 ? -tail : tail;
}

const normal = (...address) => uniform(...address).map(normalQuantile);

function between(key, members, [low, high]) {
  return uniform(key, members, 1, 1, 0).map((u) => low + (high - low) * u);
}

// A first-order autoregression of stationary variance 1, in the place of its noise.
function autoregress(noise, width, phi, stationary) {
  const push = Math.sqrt(1 - phi * phi);
  if (!stationary) noise.fill(0, 0, width);
  for (let i = width; i < noise.length; i++) noise[i] = phi * noise[i - width] + push * noise[i];
  return noise;
}

const FORMS = {
  ar1(p, grid) {
    const phi = 0.5 ** (grid.hold / p.half_life), n = grid.members.length;
    const width = grid.elements * n;
    const sd = between(p.keys.sd, grid.members, p.sd);
    const address = [grid.members, grid.steps, grid.elements, grid.first];
    const own = autoregress(normal(p.keys.own, ...address), width, phi, p.stationary);
    if (p.common) {
      const shared = autoregress(normal(p.keys.common, grid.members, grid.steps, 1, grid.first), n,
        phi, p.stationary);
      for (let i = 0; i < own.length; i++)
        own[i] = Math.sqrt(p.common) * shared[Math.floor(i / width) * n + (i % n)]
          + Math.sqrt(1 - p.common) * own[i];
    }
    for (let i = 0; i < own.length; i++) {
      const step = Math.floor(i / width), s = sd[i % n];
      own[i] *= s;
      if (p.mean_corrected) own[i] -= (p.stationary ? 1 : 1 - phi ** (2 * step)) * (s * s / 2);
    }
    return own;
  },
  cycle(p, grid) {
    const n = grid.members.length, width = grid.elements * n;
    const damping = 0.5 ** (grid.hold / p.half_life), second = -(damping ** 2);
    const period = between(p.keys.period, grid.members, p.period);
    const sd = between(p.keys.sd, grid.members, p.sd);
    const first = period.map((one) => 2 * damping * Math.cos((2 * Math.PI * grid.hold) / one));
    const push = first.map((f) => Math.sqrt(((1 + second) * ((1 - second) ** 2 - f * f)) / (1 - second)));
    const noise = normal(p.keys.own, grid.members, grid.steps, grid.elements, grid.first);
    const x = new Float64Array(noise.length), before = new Float64Array(width);
    const reached = new Float64Array(grid.steps * n);
    if (p.stationary) {
      before.set(normal(p.keys.before, grid.members, 1, grid.elements, grid.first));
      for (let i = 0; i < width; i++) {
        const alike = first[i % n] / (1 - second);
        x[i] = alike * before[i] + Math.sqrt(1 - alike * alike) * noise[i];
      }
      reached.fill(1);
    }
    const effect = Float64Array.from(push), earlier = new Float64Array(n);
    for (let step = 1; step < grid.steps; step++) {
      for (let i = 0; i < width; i++) {
        const at = step * width + i, past = step > 1 ? x[at - 2 * width] : before[i];
        x[at] = first[i % n] * x[at - width] + second * past + push[i % n] * noise[at];
      }
      if (!p.stationary)
        for (let m = 0; m < n; m++) {
          reached[step * n + m] = reached[(step - 1) * n + m] + effect[m] ** 2;
          [effect[m], earlier[m]] = [first[m] * effect[m] + second * earlier[m], effect[m]];
        }
    }
    for (let i = 0; i < x.length; i++) {
      const s = sd[i % n];
      x[i] *= s;
      if (p.mean_corrected) x[i] -= reached[Math.floor(i / width) * n + (i % n)] * (s * s / 2);
    }
    return x;
  },
  jump(p, grid) {
    const width = grid.elements * grid.members.length;
    const fading = 0.5 ** (grid.hold / p.recovery_half_life), chance = -Math.expm1(-p.rate * grid.hold);
    const address = [grid.members, grid.steps, grid.elements, grid.first];
    const arrives = uniform(p.keys.own, ...address), sizes = uniform(p.keys.size, ...address);
    const [low, high] = p.size, larger = low < 0 ? Math.min : Math.max;
    for (let i = 0; i < sizes.length; i++)
      sizes[i] = i >= width && arrives[i] < chance ? low + (high - low) * sizes[i] : 0;
    for (let i = width; i < sizes.length; i++) sizes[i] = larger(sizes[i], fading * sizes[i - width]);
    return sizes;
  },
  markov(p, grid) {
    const width = grid.elements * grid.members.length;
    const changes = uniform(p.keys.own, grid.members, grid.steps, grid.elements, grid.first);
    const side = uniform(p.keys.side, grid.members, 1, grid.elements, grid.first);
    const begun = new Uint8Array(width), odd = new Uint8Array(width);
    return changes.map((u, i) => {
      const at = i % width, change = i < width ? p.stationary : u < grid.hold / p.stay;
      if (change) { begun[at] = 1; odd[at] ^= 1; }
      return begun[at] ? p.size * (side[at] < 0.5 ? 1 : -1) * (odd[at] ? 1 : -1) : 0;
    });
  },
};

// What a study's processes make of the constants they drive, as rows of members: one
// {step, slot, values} for each time of the grid and element.
function forcingRows(forcing, members) {
  const n = members.length, driven = new Map();
  for (const process of forcing.processes) {
    const steps = process.steps.length;
    const grid = { hold: forcing.hold, first: forcing.first, steps, elements: process.cells.length, members };
    if (!driven.has(process.drives)) {
      const rows = process.steps.map((step) =>
        process.slots.map((slot, i) => ({ step, slot, values: new Float64Array(n).fill(process.defaults[i]) })));
      driven.set(process.drives, rows);
    }
    const rows = driven.get(process.drives), path = FORMS[process.form](process, grid);
    for (let t = 0; t < steps; t++)
      process.cells.forEach((cell, e) => {
        const values = rows[t][cell].values;
        for (let m = 0; m < n; m++) values[m] += path[(t * grid.elements + e) * n + m];
      });
  }
  return [...driven.values()].flat(2);
}

if (typeof module !== "undefined") module.exports = { forcingRows, normalQuantile };
