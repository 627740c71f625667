"use strict";
// The worker: carries some members of the ensemble and runs them under the settings asked for.
// Every member meets the same draws and the same shocks under every setting.

// One member's inputs: what it draws at the start and what shocks it meets, as rows.
class Members {
  constructor(set, members) {
    this.ids = members.ids;
    const draws = set.slots.map((slot, i) => ({ step: -1, slot, values: members.draws[i] }));
    const fixed = set.fixed.map(([slot, value]) => [-1, slot, -1, value]);
    const shocks = forcingRows(set.forcing, members.ids);
    this.rows = [...draws, ...shocks];
    this.events = [...fixed, ...this.rows.map(({ step, slot }, row) => [step, slot, row, 0])];
  }

  // Events in order of step; what a person sets comes last and so holds.
  with(settings) {
    const all = [...this.events, ...settings.map(([step, slot, value]) => [step, slot, -1, value])];
    return all.map((event, i) => [event, i]).sort(([a, i], [b, j]) => a[0] - b[0] || i - j)
      .map(([event]) => event);
  }

  block(first, lanes) {
    const out = new Float64Array(this.rows.length * lanes), last = this.ids.length - 1;
    this.rows.forEach(({ values }, row) => {
      for (let lane = 0; lane < lanes; lane++)
        out[row * lanes + lane] = values[Math.min(first + lane, last)];
    });
    return out;
  }
}

// Runs members from..to under settings; returns values (series, year, member) of the variables
// kept: those at the end of each year first, then those integrated over each year.
function runMembers(kernel, members, settings, from, to) {
  const { lanes, numbers: { n_report: ends, n_totals: sums }, arrays } = kernel.layout;
  const years = arrays.saves.length - 2, count = to - from; // the start, and -1 behind the last
  const out = new Float64Array((ends + sums) * years * count);
  kernel.setEvents(members.with(settings));
  for (let first = from; first < to; first += lanes) {
    const found = kernel.block(members.block(first, lanes));
    const width = Math.min(lanes, to - first);
    const take = (values, slots, base) => {
      for (let s = 0; s < slots; s++)
        for (let y = 0; y < years; y++)
          for (let lane = 0; lane < width; lane++)
            out[((base + s) * years + y) * count + first - from + lane] =
              values[((y + 1) * slots + s) * lanes + lane];
    };
    take(found.report, ends, 0);
    take(found.totals, sums, ends);
  }
  return out;
}

const AT_ONCE = 32; // members between two looks at the messages

function serve(port) {
  let kernel = null, program = null, sets = {}, members = {}, latest = {};
  const pause = () => new Promise((resume) => {
    const channel = new MessageChannel();
    channel.port1.onmessage = () => { channel.port1.close(); resume(); };
    channel.port2.postMessage(0);
  });
  port.onmessage = async ({ data }) => {
    try {
      if (data.kind === "begin") {
        program = data.program;
        sets = data.sets;
        kernel = null;
        port.module = data.module;
      } else if (data.kind === "members") {
        const { set, stage } = data;
        (members[set] ||= {})[stage] = { given: data, made: null };
      } else if (data.kind === "run") {
        latest[data.lane] = data.id;
        const held = members[data.set][data.stage];
        held.made ||= new Members(sets[data.set], held.given);
        const { rows, events } = held.made;
        const most = { rows: rows.length, events: events.length + 4096 };
        if (!kernel || kernel.most.rows < most.rows || kernel.most.events < most.events)
          kernel = new Kernel(port.module, program, most);
        const total = held.made.ids.length, parts = [];
        for (let from = 0; from < total; from += AT_ONCE) {
          if (latest[data.lane] !== data.id) return;
          const to = Math.min(from + AT_ONCE, total);
          parts.push({ from, to, values: runMembers(kernel, held.made, data.settings, from, to) });
          if (to < total) await pause();
        }
        port.postMessage({ kind: "done", id: data.id, stage: data.stage, set: data.set,
          ids: held.made.ids, parts }, parts.map((part) => part.values.buffer));
      }
    } catch (error) {
      port.postMessage({ kind: "failed", id: data.id, message: String(error && error.message || error) });
    }
  };
}

if (typeof WorkerGlobalScope !== "undefined" && self instanceof WorkerGlobalScope) serve(self);

if (typeof module !== "undefined") module.exports = { Members, runMembers };
