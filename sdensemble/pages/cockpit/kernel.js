"use strict";
// Runs a compiled model over blocks of members. The module is a kernel of sdengine as
// WebAssembly; `program` says how its memory is laid out and which slot holds what.

const LIBRARY = {
  sin: Math.sin, cos: Math.cos, tan: Math.tan, sinh: Math.sinh, cosh: Math.cosh,
  tanh: Math.tanh, asin: Math.asin, acos: Math.acos, atan: Math.atan,
  erfc: complementaryError, lgamma: logGamma,
};

// erfc: the power series of erf below 2, the continued fraction of erfc above
// (Abramowitz and Stegun 7.1.6 and 7.1.14). Relative error below 2e-14 below 12.
function complementaryError(x) {
  if (Number.isNaN(x)) return NaN;
  if (x < 0) return 2 - complementaryError(-x);
  if (x > 27) return 0;
  if (x < 2) {
    let term = x, sum = x;
    for (let n = 1; n < 200 && term > 1e-18 * sum; n++) {
      term *= (2 * x * x) / (2 * n + 1);
      sum += term;
    }
    return 1 - (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
  }
  let tail = 0;
  for (let n = 120; n > 0; n--) tail = n / 2 / (x + tail);
  return Math.exp(-x * x) / Math.sqrt(Math.PI) / (x + tail);
}

// ln |gamma(x)|: Stirling's series after shifting the argument above 15; reflection below 0.5.
function logGamma(x) {
  if (x < 0.5) return Math.log(Math.PI / Math.abs(Math.sin(Math.PI * x))) - logGamma(1 - x);
  let shift = 1, z = x;
  while (z < 15) shift *= z++;
  const inverse = 1 / z, square = inverse * inverse;
  const series = inverse * (1 / 12 - square * (1 / 360 - square * (1 / 1260 - square * (1 / 1680
    - square * (1 / 1188 - square * (691 / 360360))))));
  return (z - 0.5) * Math.log(z) - z + 0.5 * Math.log(2 * Math.PI) + series - Math.log(shift);
}

const PAGE = 65536;

// One instance of the module with a memory of its own. `most` are the numbers of rows, events
// and feeds that a block may have.
class Kernel {
  constructor(module, program, most) {
    this.program = program;
    const { lanes, steps, every } = program;
    const saved = steps / every + 1;
    this.saved = saved;
    const sizes = {
      W: program.workspace * lanes,
      history: Math.max(program.fixed * (steps + 1) * lanes, 1),
      defaults: program.defaults.length,
      rows: Math.max(most.rows, 1) * lanes,
      events: 3 * Math.max(most.events, 1),
      event_values: Math.max(most.events, 1),
      feeds: Math.max(program.feeds.length, 3),
      feed_values: Math.max(program.feedValues.length, 1),
      feed_rows: lanes,
      flags: Math.max(program.loops, 1),
      report: Math.max(program.report.length, 1),
      totals: Math.max(program.totals.length, 1),
      sums: Math.max(program.totals.length, 1) * lanes,
      out: Math.max(saved * program.report.length * lanes, 1),
      out_totals: Math.max(saved * program.totals.length * lanes, 1),
      bad: lanes,
    };
    let at = Math.ceil((program.constantsEnd + PAGE) / 64) * 64; // the stack lies below
    const top = at;
    this.place = {};
    for (const [name, size] of Object.entries(sizes)) {
      this.place[name] = at;
      at = Math.ceil((at + 8 * size) / 64) * 64;
    }
    this.memory = new WebAssembly.Memory({ initial: Math.ceil(at / PAGE) + 1 });
    const stack = new WebAssembly.Global({ value: "i32", mutable: true }, top - 64);
    const table = new WebAssembly.Table({ initial: 1, element: "anyfunc" });
    const env = {
      __linear_memory: this.memory, __stack_pointer: stack, __indirect_function_table: table,
      ...LIBRARY,
    };
    this.run = new WebAssembly.Instance(module, { env }).exports.run;
    this.doubles = (name, size = sizes[name]) =>
      new Float64Array(this.memory.buffer, this.place[name], size);
    this.whole = (name, size = sizes[name]) =>
      new BigInt64Array(this.memory.buffer, this.place[name], size);
    this.doubles("defaults").set(program.defaults.map((v) => (v === null ? NaN : v)));
    this.whole("report").set(program.report.map(BigInt));
    this.whole("totals").set(program.totals.map(BigInt));
    this.whole("feeds").set(program.feeds.map(BigInt));
    this.doubles("feed_values").set(program.feedValues);
    this.numbers = {
      stride: lanes, m0: 0, n_events: 0, n_feeds: program.feeds.length / 3,
      n_report: program.report.length, n_totals: program.totals.length, steps, every,
    };
  }

  // Sets what happens in the blocks to come: events are [step, slot, row or -1, value], in
  // ascending order of step. Where two meet in one slot at one step the later one holds.
  setEvents(events) {
    const table = this.whole("events"), values = this.doubles("event_values");
    const flags = this.whole("flags");
    flags.set(this.program.switched.map((one) => 2n * BigInt(one)));
    events.forEach(([step, slot, row, value], i) => {
      table[3 * i] = BigInt(step);
      table[3 * i + 1] = BigInt(slot);
      table[3 * i + 2] = BigInt(row);
      values[i] = value;
      if (step > 0) for (const loop of this.program.waiting[slot] || []) flags[loop] |= 1n;
    });
    this.numbers.n_events = events.length;
  }

  // Runs one block; `rows` are its own values, row after row, `lanes` wide. Returns views that
  // hold until the next block: report (saved, report, lane), totals (saved, totals, lane), bad.
  block(rows) {
    this.doubles("rows", rows.length).set(rows);
    this.whole("bad").fill(-1n);
    const pointers = this.program.pointers;
    this.run(...this.program.signature.map((name) =>
      pointers.includes(name) ? this.place[name] : BigInt(this.numbers[name])));
    return { report: this.doubles("out"), totals: this.doubles("out_totals"), bad: this.whole("bad") };
  }
}
