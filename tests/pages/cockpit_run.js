// Runs a page's members in Node by a kernel: a folder with facts.json and the blobs gets out.bin, the values
// (series, year, member) of the first prior set under the settings of facts.test, and the
// scenario file the page would save.
"use strict";
const fs = require("fs");
const path = require("path");
const vm = require("vm");

const folder = process.argv[2];
const page = path.resolve(__dirname, "../../sdensemble/pages/cockpit");
const source = ["kernel", "forcing", "ensemble", "settings", "stats"]
  .map((name) => fs.readFileSync(path.join(page, `${name}.js`), "utf8")).join("\n");
vm.runInThisContext(`${source}\nObject.assign(globalThis, { Kernel, Members, runMembers, eventsOf, tomlOf, meanOf, quantiles, numbersOf, readInto });`);

const facts = JSON.parse(fs.readFileSync(path.join(folder, "facts.json"), "utf8"));
const set = facts.sets[0];
const draws = numbersOf(fs.readFileSync(path.join(folder, `draws-${set.id}`)));
const ids = Array.from({ length: facts.members }, (_, m) => m);
const members = new Members(set, { ids, draws: set.slots.map((_, i) => Float64Array.from(ids, (m) => draws[i * ids.length + m])) }, facts.program.lanes);
const events = eventsOf(facts, facts.test);
require("v8").setFlagsFromString("--experimental-wasm-relaxed-simd"); // Node 20 hides it
const module_ = new WebAssembly.Module(fs.readFileSync(path.join(folder, process.argv[3])));
const kernel = new Kernel(module_, facts.program, { rows: members.height, events: members.events.length + events.length });
runMembers(kernel, members, []); // as in a page, where the baseline comes first,
runMembers(kernel, members, events); // what has been set leaves a mark where the two part,
const begun = process.hrtime.bigint();
members.before = [];
const found = runMembers(kernel, members, events); // and this one goes on from there
const micro = Number(process.hrtime.bigint() - begun) / 1e3 / ids.length;
const values = new Float64Array(facts.series * facts.years.length * ids.length);
globalThis.study = facts;
for (let row = 0; row < facts.series * facts.years.length; row++)
  readInto(values, row * ids.length, found, Math.floor(row / facts.years.length), row % facts.years.length);
fs.writeFileSync(path.join(folder, "out.bin"), Buffer.from(values.buffer));
fs.writeFileSync(path.join(folder, "cockpit.toml"), tomlOf(facts, facts.test, { zh: "试", en: "Test" }));
const replicate = ids.map((m) => Math.floor(m / (facts.members / facts.replicates)));
const first = values.subarray(0, ids.length);
console.log(JSON.stringify({ micro, mean: meanOf(first, replicate), quantiles: quantiles(first, [0.05, 0.5, 0.95]) }));
