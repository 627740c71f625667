"use strict";
// Runs a compiled model over blocks of members. The module is a kernel of sdengine as
// WebAssembly; `program` says how its memory is laid out and which slot holds what.

const LIBRARY = {
  sin: Math.sin, cos: Math.cos, tan: Math.tan, sinh: Math.sinh, cosh: Math.cosh,
  tanh: Math.tanh, asin: Math.asin, acos: Math.acos, atan: Math.atan,
  lgamma: logGamma,
};

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

// One instance of the module with a memory of its own, laid out as `layout` says (see
// sdengine.native.wasm). `most` are the numbers of rows and events that a caller will set, if any.
class Kernel {
  constructor(module, layout, most = null) {
    this.layout = layout;
    this.most = most;
    this.numbers = { ...layout.numbers };
    const lengths = Object.fromEntries(Object.entries(layout.arrays).map(([name, one]) => [name, one.length]));
    const remembers = layout.remembers || 0;
    Object.assign(lengths, { state: 3 * remembers, state_rows: remembers * layout.lanes });
    if (most)
      Object.assign(lengths, { rows: most.rows * layout.lanes, events: 3 * most.events, event_values: most.events });
    const top = Math.ceil((layout.constants_end + PAGE) / 64) * 64; // the stack lies below
    let at = top;
    this.place = {};
    for (const [name, length] of Object.entries(lengths)) {
      this.place[name] = at;
      at = Math.ceil((at + 8 * Math.max(length, 1)) / 64) * 64;
    }
    const memory = new WebAssembly.Memory({ initial: Math.ceil(at / PAGE) });
    this.view = Object.fromEntries(Object.entries(layout.arrays).map(([name, { kind }]) => [name,
      new (kind === "i64" ? BigInt64Array : Float64Array)(memory.buffer, this.place[name], lengths[name])]));
    for (const [name, { kind, values }] of Object.entries(layout.arrays))
      if (values && values.length <= lengths[name])
        this.view[name].set(kind === "i64" ? values.map(BigInt) : values.map((v) => (v === null ? NaN : v)));
    for (let slot = 0; slot < remembers; slot++) this.view.state.set([0n, BigInt(slot), BigInt(slot)], 3 * slot);
    this.flags = Array.from(this.view.flags);
    this.run = new WebAssembly.Instance(module, { env: {
      __linear_memory: memory,
      __stack_pointer: new WebAssembly.Global({ value: "i32", mutable: true }, top - 64),
      __indirect_function_table: new WebAssembly.Table({ initial: 1, element: "anyfunc" }),
      ...LIBRARY,
    } }).exports.run;
  }

  // Sets what happens in the blocks to come: events are [step, slot, row or -1, value], in
  // ascending order of step. Where two meet in one slot at one step the later one holds.
  setEvents(events) {
    const { events: table, event_values: values, flags } = this.view;
    this.events = events;
    flags.set(this.flags);
    events.forEach(([step, slot, row, value], i) => {
      table[3 * i] = BigInt(step);
      table[3 * i + 1] = BigInt(slot);
      table[3 * i + 2] = BigInt(row);
      values[i] = value;
      if (step > 0) for (const loop of this.layout.waiting[slot] || []) flags[loop] |= 1n;
    });
    this.numbers.n_events = events.length;
  }

  // Runs one block; `rows` are its own values, row after row, as wide as the block. It begins at
  // the first of the steps that are `kept` and ends at the last; a run from a later step than the
  // model's start goes on from the `state` that one until then had. Returns views that hold until
  // the next block: report (kept, report, lane) and the first `sums` of the totals (kept, totals, lane),
  // each summed since the step kept before.
  block(rows = [], kept = this.layout.arrays.saves.values.slice(0, -1), state = null, sums = this.numbers.n_totals) {
    this.view.rows.set(rows);
    this.view.bad.fill(-1n);
    this.view.saves.set([...kept, -1].map(BigInt));
    if (state) this.view.state_rows.set(state);
    const numbers = { ...this.numbers, n_totals: sums, begin: kept[0], steps: kept[kept.length - 1], n_state: state ? this.layout.remembers : 0 };
    this.run(...this.layout.signature.map((name) => (name in this.place ? this.place[name] : BigInt(numbers[name]))));
    return { report: this.view.out, totals: this.view.out_totals };
  }

  // What a run must be given to go on from the end of the last one.
  state() { return this.view.W.slice(0, this.layout.remembers * this.layout.lanes); }
}

if (typeof module !== "undefined") module.exports = { Kernel, logGamma };
