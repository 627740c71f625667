"use strict";
// The ensemble behind the page: workers that carry the members, and what they have computed.

// ── the ensemble ───────────────────────────────────────────────────────────────────────────

const pool = { workers: [], pending: new Map(), next: 1, failed: "" };
const KEPT = 5; // results held at once: what was seen lately comes back without a run
const found = new Map(); // key of (set, settings) → {few, all}: results of the first members, of all

async function bytesOf(id) {
  const raw = Uint8Array.from(atob($(id).textContent.trim()), (c) => c.charCodeAt(0));
  const stream = new Blob([raw]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

async function digestOf(bytes) {
  if (!(globalThis.crypto && crypto.subtle)) return null;
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(hash, (b) => b.toString(16).padStart(2, "0")).join("");
}

const SIMD = new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10,
  10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11]);

async function begin() {
  if (!study) return tell("damaged");
  if (typeof WebAssembly !== "object" || !WebAssembly.validate(SIMD)) return tell("no-simd");
  if (typeof DecompressionStream === "undefined") return tell("old-browser");
  let code;
  const blobs = {};
  try {
    code = await bytesOf("wasm");
    for (const set of study.sets) blobs[set.id] = await bytesOf(`draws-${set.id}`);
    for (const [id, bytes] of [["wasm", code], ...study.sets.map((s) => [`draws-${s.id}`, blobs[s.id]])]) {
      const hash = await digestOf(bytes);
      if (hash && hash !== study.digests[id]) return tell("damaged");
    }
  } catch { return tell("damaged"); }
  const module = await WebAssembly.compile(code);
  const source = URL.createObjectURL(new Blob([$("worker").textContent], { type: "text/javascript" }));
  const count = Math.max(1, Math.min(8, navigator.hardwareConcurrency || 2));
  const sets = Object.fromEntries(study.sets.map((set) => [set.id, set]));
  for (let w = 0; w < count; w++) {
    const worker = new Worker(source);
    worker.onmessage = ({ data }) => receive(data);
    worker.onerror = (event) => { pool.failed = event.message; tell("failed", { why: event.message }); };
    worker.postMessage({ kind: "begin", module, program: study.program, sets });
    pool.workers.push(worker);
  }
  for (const set of study.sets) deal(set, numbersOf(blobs[set.id]));
  URL.revokeObjectURL(source);
  readLink();
  ask();
  paint();
}

// Gives each worker its members of one set, in two stages: the first of every replicate, which
// answer while a slider moves, and the rest.
function deal(set, draws) {
  const members = study.members, size = members / study.replicates;
  const first = Math.max(1, Math.min(size, Math.round(study.first / study.replicates)));
  const stages = [[], []];
  for (let m = 0; m < members; m++) stages[m % size < first ? 0 : 1].push(m);
  set.stages = stages.map((ids) => ids.length);
  stages.forEach((ids, stage) => {
    const lanes = study.program.lanes, count = pool.workers.length;
    const share = Math.ceil(ids.length / count / lanes) * lanes || 1;
    pool.workers.forEach((worker, w) => {
      const own = ids.slice(w * share, (w + 1) * share);
      const parts = set.slots.map((_, i) => Float64Array.from(own, (m) => draws[i * members + m]));
      worker.postMessage({ kind: "members", set: set.id, stage, ids: own, draws: parts });
    });
  });
}

const keyOf = (set, settings) => `${set}|${JSON.stringify(Object.entries(settings).sort())}`;

// Runs a stage of members under some settings; resolves to {ids, values} or null where a later
// question of the same lane has taken its place.
function run(set, settings, stage, lane) {
  const id = pool.next++, events = eventsOf(study, settings);
  for (const [other, job] of pool.pending)
    if (job.lane === lane) { job.resolve(null); pool.pending.delete(other); }
  return new Promise((resolve) => {
    pool.pending.set(id, { lane, resolve, left: pool.workers.length, parts: [] });
    for (const worker of pool.workers)
      worker.postMessage({ kind: "run", id, lane, set, stage, settings: events });
  });
}

function receive(data) {
  if (data.kind === "failed") { tell("failed", { why: data.message }); return; }
  const job = pool.pending.get(data.id);
  if (!job) return;
  job.parts.push(data);
  if (--job.left) return;
  pool.pending.delete(data.id);
  const ids = [], series = study.series, years = study.years.length;
  for (const part of job.parts) ids.push(...part.ids);
  const values = new Float64Array(series * years * ids.length);
  let base = 0;
  for (const part of job.parts) {
    for (const { from, to, values: got } of part.parts) {
      const count = to - from;
      for (let row = 0; row < series * years; row++)
        values.set(got.subarray(row * count, (row + 1) * count), row * ids.length + base + from);
    }
    base += part.ids.length;
  }
  job.resolve({ ids, values });
}

function joined(few, rest) {
  const ids = [...few.ids, ...rest.ids], rows = few.values.length / few.ids.length;
  const values = new Float64Array(rows * ids.length);
  for (let row = 0; row < rows; row++) {
    values.set(few.values.subarray(row * few.ids.length, (row + 1) * few.ids.length), row * ids.length);
    values.set(rest.values.subarray(row * rest.ids.length, (row + 1) * rest.ids.length), row * ids.length + few.ids.length);
  }
  return { ids, values };
}

async function stage(set, settings, number, lane) {
  const key = keyOf(set, settings);
  const held = found.get(key) || {};
  if (number === 0 && !held.few) {
    const few = await run(set, settings, 0, lane);
    if (!few) return null;
    found.set(key, { ...found.get(key), few });
  }
  if (number === 1 && !held.all) {
    const { few } = found.get(key);
    const size = study.sets.find((one) => one.id === set).stages[1];
    const rest = size ? await run(set, settings, 1, lane) : { ids: [], values: new Float64Array(0) };
    if (!rest) return null;
    found.set(key, { few, all: rest.ids.length ? joined(few, rest) : few });
  }
  const needed = [key, keyOf(state.set, {}), keyOf(state.set, state.settings), ...(state.other ? [keyOf(state.set, state.other)] : [])];
  for (const one of found.keys()) if (found.size > KEPT && !needed.includes(one)) found.delete(one);
  return found.get(key);
}

// What the views need, coarse first, then whole; told when drawn, for whoever measures.
let asked = 0;
async function ask() {
  if (!pool.workers.length) return;
  const mine = ++asked, begun = performance.now(), settings = structuredClone(state.settings);
  const wanted = [[{}, "base"], [settings, "now"], ...(state.other ? [[state.other, "other"]] : [])];
  for (const number of [0, 1]) {
    for (const [one, lane] of wanted) {
      const got = await stage(state.set, one, number, lane);
      if (!got || mine !== asked) return;
    }
    paint();
    document.dispatchEvent(new CustomEvent("drawn", { detail: { stage: number, ms: performance.now() - begun } }));
  }
  askOthers(mine, settings);
  if (state.view === "surface") fillSurface();
}

// The same settings under the other prior sets, by the first members: named beside the answer.
async function askOthers(mine, settings) {
  for (const set of study.sets) {
    if (set.id === state.set) continue;
    if (!(await stage(set.id, settings, 0, `set ${set.id}`)) || mine !== asked) return;
    paintHead();
  }
}

function resultOf(settings, set = state.set) {
  const held = found.get(keyOf(set, settings));
  return held ? held.all || held.few : null;
}

function values(result, series, year) {
  const n = result.ids.length, at = (series * study.years.length + study.years.indexOf(year)) * n;
  return result.values.subarray(at, at + n);
}

const replicateOf = (result) => result.ids.map((m) => Math.floor(m / (study.members / study.replicates)));

