"use strict";
// The worker: carries some members of the ensemble and runs them under the settings asked for.
// Every member meets the same draws and the same shocks under every setting.

// Members in blocks as wide as the kernel: what each draws at the start and what shocks it meets.
// The last block is filled up with the last member.
class Members {
  constructor(set, { ids, draws }, lanes) {
    this.set = set;
    this.ids = ids;
    this.lanes = lanes;
    const drawn = set.slots.map((slot, i) => ({ step: -1, slot, values: draws[i] }));
    const rows = [...drawn, ...forcingRows(set.forcing, ids)], last = ids.length - 1;
    this.events = [...set.fixed.map(([slot, value]) => [-1, slot, -1, value]),
      ...rows.map(({ step, slot }, row) => [step, slot, row, 0])];
    this.height = rows.length;
    this.blocks = [];
    for (let first = 0; first < ids.length; first += lanes) {
      const block = new Float64Array(rows.length * lanes);
      rows.forEach(({ values }, row) => {
        for (let lane = 0; lane < lanes; lane++) block[row * lanes + lane] = values[Math.min(first + lane, last)];
      });
      this.blocks.push(block);
    }
    this.marks = []; // see markFor
    this.before = null; // the settings of the run before
  }

  // Events in order of step; what a person sets comes last and so holds. They are those of every group of a
  // set, and laid out once.
  with(settings) {
    const key = JSON.stringify(settings);
    if (this.set.key !== key) {
      const events = [...this.events, ...settings.map(([step, slot, value]) => [step, slot, -1, value])].sort(([a], [b]) => a - b);
      Object.assign(this.set, { key, laid: events });
    }
    return this.set.laid;
  }

  // Where these settings part from those of the run before: a mark holds, block by block, what
  // every run with the same settings until `step` has in common. None where they part at once.
  markFor(settings, saves, sums) {
    const before = this.before;
    this.before = settings;
    if (!before) return null;
    const apart = [...differing(before, settings), ...differing(settings, before)];
    const step = Math.min(...apart.map(([one]) => one)) - 1;
    if (!(step > 0 && step < saves[saves.length - 1])) return null;
    const key = JSON.stringify([sums, step, settings.filter(([one]) => one <= step)]);
    const mark = this.marks.find((one) => one.key === key)
      || { key, step, at: saves.findLastIndex((one) => one <= step), blocks: [] };
    this.marks = [mark, ...this.marks.filter((one) => one !== mark)].slice(0, MARKS);
    return mark;
  }
}

const MARKS = 2; // held at once for each group of members

function differing(some, others) {
  const known = new Set(others.map(String));
  return some.filter((event) => !known.has(String(event)));
}

// One run of all members under settings, block by block. `values` are (block, year, series, lane): values at the
// end of each year first, then those integrated over each year; of these only the first `sums`.
class Run {
  constructor(kernel, members, settings, sums = kernel.layout.numbers.n_totals) {
    const { numbers: { n_report: ends }, arrays, remembers } = kernel.layout;
    const saves = arrays.saves.values.slice(0, -1); // behind the last stands -1
    Object.assign(this, { kernel, members, ends, sums, saves, next: 0, years: saves.length - 1, width: ends + sums });
    this.events = members.with(settings);
    this.mark = remembers === null ? null : members.markFor(settings, saves, sums);
    this.values = new Float64Array(members.blocks.length * this.years * this.width * members.lanes);
    this.resume();
  }

  // Takes the kernel back from a run that had it in between.
  resume() {
    if (this.kernel.events !== this.events) this.kernel.setEvents(this.events);
  }

  get finished() { return this.next === this.members.blocks.length; }

  // Computes the next block. The year in which a run goes on is summed in two parts.
  step() {
    const { members, mark, next, saves, years } = this, rows = members.blocks[next];
    if (!mark) this.take(this.block(rows, saves), 0, years);
    else {
      const { at, step } = mark, within = step > saves[at];
      mark.blocks[next] ||= this.begun(rows, within ? [...saves.slice(0, at + 1), step] : saves.slice(0, at + 1));
      const { state, ...found } = mark.blocks[next];
      this.take(found, 0, at);
      this.take(this.block(rows, [step, ...saves.slice(at + 1)], state), at, years);
      if (within) this.add(found.totals, at);
    }
    this.next += 1;
  }

  block(rows, kept, state = null) { return this.kernel.block(rows, kept, state, this.sums); }

  // What a mark holds of a block: what was kept, and the state at the last step.
  begun(rows, kept) {
    const { report, totals } = this.block(rows, kept), { members: { lanes }, ends, sums } = this, count = kept.length * lanes;
    return { report: report.slice(0, count * ends), totals: totals.slice(0, count * sums), state: this.kernel.state() };
  }

  // Puts the years first..last - 1 of a block in their place; found begins at the start of `first`.
  take({ report, totals }, first, last) {
    const { lanes } = this.members, ends = this.ends * lanes, sums = this.sums * lanes;
    for (let y = first, from = 1; y < last; y++, from++) {
      this.values.set(report.subarray(from * ends, (from + 1) * ends), this.place(y));
      this.values.set(totals.subarray(from * sums, (from + 1) * sums), this.place(y) + ends);
    }
  }

  // Adds what was summed of year `y` before a run went on.
  add(totals, y) {
    const { lanes } = this.members, to = this.place(y) + this.ends * lanes, count = this.sums * lanes;
    for (let i = 0; i < count; i++) this.values[to + i] += totals[(y + 1) * count + i];
  }

  // Where a year of the block at work stands.
  place(year) { return (this.next * this.years + year) * this.width * this.members.lanes; }

  get found() { return { ids: this.members.ids, values: this.values, width: this.width }; }
}

function runMembers(kernel, members, settings) {
  const run = new Run(kernel, members, settings);
  while (!run.finished) run.step();
  return run.found;
}

// Milliseconds of work between two looks at the messages; at the first members no look is taken: a later move
// waits for them.
const SPELL = 8;

// Answers messages: "begin" brings the module, "members" a group of a set's, "run" a
// job: one group. The job of least rank is worked at first; a new question of a lane takes the place of its old.
function serve(port) {
  let kernel = null, module = null, program = null, sets = {}, jobs = [], busy = false;
  const groups = {};
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = () => work();
  const answer = (job, found, transfer = []) => port.postMessage({ id: job.id, number: job.number, ...found }, transfer);

  function begun(job) {
    const group = groups[`${job.set} ${job.group}`];
    group.made ||= new Members(sets[job.set], group.given, program.lanes);
    group.given = null;
    const most = { rows: group.made.height, events: group.made.events.length + 4096 };
    if (!kernel || kernel.most.rows < most.rows || kernel.most.events < most.events)
      kernel = new Kernel(module, program, most);
    return new Run(kernel, group.made, job.settings, job.sums);
  }

  function work() {
    busy = false;
    if (!jobs.length) return;
    const job = jobs.reduce((best, one) => (one.rank < best.rank ? one : best));
    try {
      job.run ||= begun(job);
      job.run.resume();
      const until = performance.now() + SPELL;
      while (!job.run.finished && (job.rank === 0 || performance.now() < until)) job.run.step();
      if (job.run.finished) answer(job, { kind: "done", ...job.run.found }, [job.run.values.buffer]);
    } catch (error) {
      job.run = { finished: true };
      answer(job, { kind: "failed", message: String((error && error.message) || error) });
    }
    if (job.run.finished) jobs = jobs.filter((one) => one !== job);
    wake();
  }

  function wake() {
    if (!busy && jobs.length) { busy = true; port2.postMessage(0); }
  }

  port.onmessage = ({ data }) => {
    if (data.kind === "begin") ({ module, program, sets } = data);
    else if (data.kind === "members") groups[`${data.set} ${data.group}`] = { given: data, made: null };
    else {
      jobs = jobs.filter((one) => one.lane !== data.lane || one.id === data.id);
      jobs.push(data);
      if (data.rank === 0 && !busy) work();
      else wake();
    }
  };
}

if (typeof WorkerGlobalScope !== "undefined" && self instanceof WorkerGlobalScope) serve(self);

if (typeof module !== "undefined") module.exports = { Members, runMembers };
