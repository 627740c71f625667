"use strict";
// The ensemble behind the page: workers that carry the members, and what they have computed.

// ── the ensemble ───────────────────────────────────────────────────────────────────────────

const pool = { workers: [], pending: new Map(), next: 1, last: {} }; // last: the settings drawn
const KEPT = 3; // results held at once: what was seen lately comes back without a run
const found = new Map(); // key of (set, settings) → the result of its first members, or of all
const RANK = { first: 0, rest: 1, sets: 2, surface: 3 }; // what a worker does before what

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

// Asks for f64x2.relaxed_madd, which multiplies and adds in one.
const FUSED = new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10,
  19, 1, 17, 0, 65, 0, 253, 15, 65, 0, 253, 15, 65, 0, 253, 15, 253, 135, 2, 11]);

async function begin() {
  if (!study) return stop("damaged");
  if (typeof WebAssembly !== "object" || !WebAssembly.validate(SIMD)) return stop("no-simd");
  if (typeof DecompressionStream === "undefined") return stop("old-browser");
  const kernel = WebAssembly.validate(FUSED) ? "wasm-fused" : "wasm";
  let code;
  const blobs = {};
  try {
    code = await bytesOf(kernel);
    for (const set of study.sets) blobs[set.id] = await bytesOf(`draws-${set.id}`);
    for (const [id, bytes] of [[kernel, code], ...study.sets.map((s) => [`draws-${s.id}`, blobs[s.id]])]) {
      const hash = await digestOf(bytes);
      if (hash && hash !== study.digests[id]) return stop("damaged");
    }
  } catch { return stop("damaged"); }
  const module = await WebAssembly.compile(code);
  const source = URL.createObjectURL(new Blob([$("worker").textContent], { type: "text/javascript" }));
  const count = Math.max(1, Math.min(8, navigator.hardwareConcurrency || 2));
  const sets = Object.fromEntries(study.sets.map((set) => [set.id, set]));
  for (let w = 0; w < count; w++) {
    const worker = new Worker(source);
    worker.onmessage = ({ data }) => receive(w, data);
    worker.onerror = (event) => {
      for (const id of [...pool.pending.keys()]) receive(w, { kind: "failed", id, message: event.message });
    };
    worker.postMessage({ kind: "begin", module, program: study.program, sets });
    pool.workers.push(worker);
  }
  for (const set of study.sets) deal(set, numbersOf(blobs[set.id]));
  URL.revokeObjectURL(source);
  readLink();
  ask();
  paint();
}

const SHARED = 12; // blocks of a stage that any worker may take: so that all end at the same time

// Deals a set's members in two stages, the first of every replicate, which answer while a slider moves, and
// the rest; each stage in groups: one for each worker, and blocks that all of them hold.
function deal(set, draws) {
  const members = study.members, size = members / study.replicates;
  const first = Math.max(1, Math.min(size, Math.round(study.first / study.replicates)));
  const stages = [[], []];
  for (let m = 0; m < members; m++) stages[m % size < first ? 0 : 1].push(m);
  set.stages = stages.map((ids) => ids.length);
  set.groups = stages.map((ids, stage) => groupsOf(ids).map(({ ids: own, worker }, number) => {
    const parts = set.slots.map((_, i) => Float32Array.from(own, (m) => draws[i * members + m]));
    for (const one of worker === null ? pool.workers : [pool.workers[worker]])
      one.postMessage({ kind: "members", set: set.id, group: `${stage} ${number}`, ids: own, draws: parts });
    return worker;
  }));
}

function groupsOf(ids) {
  const { lanes } = study.program, count = pool.workers.length, blocks = Math.ceil(ids.length / lanes);
  const shared = Math.min(SHARED, Math.floor(blocks / 3)), share = Math.ceil((blocks - shared) / count) * lanes;
  const own = pool.workers.map((_, worker) => ({ worker, ids: ids.slice(worker * share, (worker + 1) * share) }));
  const rest = ids.slice(count * share);
  for (let m = 0; m < rest.length; m += lanes) own.push({ worker: null, ids: rest.slice(m, m + lanes) });
  return own;
}

const keyOf = (set, settings) => `${set}|${JSON.stringify(Object.entries(settings).sort())}`;

// Runs a stage of members under some settings; resolves to its groups' parts, {ids, values}, or to
// null where a later question of the same lane has taken its place, or a worker failed.
function run(set, settings, stage, lane, rank, limits = false) {
  const id = pool.next++, events = eventsOf(study, settings);
  for (const [other, job] of pool.pending)
    if (job.lane === lane) { job.resolve(null); pool.pending.delete(other); }
  const groups = study.sets.find((one) => one.id === set).groups[stage], shared = [];
  const send = (worker, number) => pool.workers[worker].postMessage({ kind: "run", id, lane, rank, set, group: `${stage} ${number}`, number,
    settings: events, sums: limits ? undefined : study.sums });
  // What a worker has run before it takes first: it still has its beginning.
  const next = (worker) => {
    const own = shared.findIndex((number) => number % pool.workers.length === worker);
    if (shared.length) send(worker, ...shared.splice(own < 0 ? shared.length - 1 : own, 1));
  };
  return new Promise((resolve) => {
    pool.pending.set(id, { lane, resolve, left: groups.length, parts: [], next });
    groups.forEach((worker, number) => { if (worker === null) shared.push(number); else send(worker, number); });
    pool.workers.forEach((_, worker) => next(worker)); // so that none waits for its next
  });
}

function receive(worker, data) {
  const job = pool.pending.get(data.id);
  if (data.kind === "failed") tell("failed", { why: data.message });
  if (!job) return;
  if (data.kind === "failed") { pool.pending.delete(data.id); job.resolve(null); return; }
  job.parts[data.number] = data;
  job.next(worker);
  if (--job.left) return;
  pool.pending.delete(data.id);
  job.resolve(job.parts);
}

// A result: its name, the members' numbers, the replicate of each, and the parts of its groups, one
// after the other: {ids, values (block, year, series, lane), width}. It has the series of limits where the
// workers were asked for them.
function resultFrom(parts) {
  const ids = parts.flatMap((part) => part.ids);
  return { name: pool.next++, ids, parts, limits: parts.every((part) => part.width === study.series), replicate: ids.map((m) => Math.floor(m / (study.members / study.replicates))) };
}

// The same result of its first members alone: so that two are compared member by member.
function firstOf(result, count) {
  if (!result || result.ids.length <= count) return result;
  return once(result, `first ${count}`, () =>
    ({ ...result, name: `${result.name} ${count}`, ids: result.ids.slice(0, count), replicate: result.replicate.slice(0, count) }));
}

const isWhole = (result) => result.ids.length === study.members;

// Whether a result is there, of the first members (stage 0) or of all (1), with what limits them or without.
function isHeld(result, stage, limits) { return Boolean(result) && (!stage || isWhole(result)) && (!limits || result.limits); }

// Has such a result in `found`; null where overtaken.
async function have(set, settings, stage, lane, rank, limits = false) {
  const key = keyOf(set, settings), held = found.get(key);
  if (!isHeld(held, stage, limits)) {
    const parts = await run(set, settings, stage, lane, rank, limits);
    if (!parts) return null;
    const first = stage ? (found.get(key) || held).parts.slice(0, study.sets[0].groups[0].length) : [];
    found.set(key, resultFrom([...first, ...parts]));
  }
  const shown = [{}, state.settings, pool.last, ...(state.other ? [state.other] : [])];
  const needed = [key, ...shown.map((one) => keyOf(state.set, one)), ...study.sets.map((one) => keyOf(one.id, state.settings))];
  for (const one of [...found.keys()]) if (found.size > KEPT && !needed.includes(one)) found.delete(one);
  return found.get(key);
}

// What the views need, first members first, then all; told when drawn, for whoever measures.
// While the first members are at work a further move waits for them, so that the page is redrawn
// again and again while a slider slides; it takes the place of anything else.
let asked = 0, busy = false, again = false;
async function ask() {
  if (!pool.workers.length) return;
  if (busy) { again = true; return; }
  const mine = ++asked, began = performance.now(), settings = structuredClone(state.settings);
  const moved = Object.keys(settings).length > 0;
  const wanted = [...(moved ? [[{}, "base"]] : []), [settings, "now", state.view === "limits"], ...(state.other ? [[state.other, "other"]] : [])];
  fadeSoon();
  for (const stage of [0, 1]) {
    busy = stage === 0;
    let got = true;
    for (const [one, lane, limits] of wanted) {
      got = got && (isHeld(resultOf(one), stage, limits) || await have(state.set, one, stage, lane, stage ? RANK.rest : RANK.first, limits));
      if (stage && (!got || mine !== asked)) return;
    }
    busy = false;
    if (got) {
      pool.last = settings;
      fade(false);
      paintFound();
      document.dispatchEvent(new CustomEvent("drawn", { detail: { stage, ms: performance.now() - began } }));
    }
    if (again) { again = false; ask(); return; }
    if (!got) return;
  }
  await askOthers(mine, settings, 0);
  fill();
  await askOthers(mine, settings, 1);
}

// The same settings under the other prior sets: named beside the answer.
async function askOthers(mine, settings, stage) {
  for (const set of study.sets) {
    if (mine !== asked) return;
    if (set.id !== state.set && (await have(set.id, settings, stage, `set ${set.id}`, RANK.sets))) paintHead();
  }
}

const resultOf = (settings, set = state.set) => found.get(keyOf(set, settings)) || null;

// What is drawn: the settings of now, or the last ones that are computed.
const shownResult = () => resultOf(state.settings) || resultOf(pool.last);

// One series in one year, member by member.
function values(result, series, year) {
  const out = new Float64Array(result.ids.length), number = study.years.indexOf(year);
  let at = 0;
  for (const part of result.parts) {
    if (at === out.length) break; // the first members alone
    readInto(out, at, part, series, number);
    at += part.ids.length;
  }
  return out;
}
