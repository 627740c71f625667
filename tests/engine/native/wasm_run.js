// Runs one block of each kernel named on the command line: a folder with kernel.wasm and
// layout.json gets out.bin and totals.bin. The runner is the page's own.
"use strict";
const fs = require("fs");
const path = require("path");
const { Kernel } = require(path.resolve(__dirname, "../../../sdensemble/pages/cockpit/kernel.js"));
require("v8").setFlagsFromString("--experimental-wasm-relaxed-simd"); // Node 20 hides it

for (const folder of process.argv.slice(2)) {
  const layout = JSON.parse(fs.readFileSync(path.join(folder, "layout.json"), "utf8"));
  const module = new WebAssembly.Module(fs.readFileSync(path.join(folder, "kernel.wasm")));
  const { report, totals } = new Kernel(module, layout).block();
  for (const [name, values] of [["out", report], ["totals", totals]])
    fs.writeFileSync(path.join(folder, `${name}.bin`), Buffer.from(values.buffer, values.byteOffset, values.byteLength));
}
