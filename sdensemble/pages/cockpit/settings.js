"use strict";
// What a person sets: {key: {times, values}}, each value holding from its time until the next; and
// what becomes of it, for the kernel, in a scenario file and out of a link.

// [step, slot, value] for the kernel; what is set from the start stands before the first step.
function eventsOf(study, settings) {
  const { start, step } = study.clock, events = [];
  for (const [key, { times, values }] of Object.entries(settings))
    times.forEach((time, i) => {
      const at = time <= start ? -1 : Math.max(Math.ceil((time - start) / step - 1e-6), 0);
      for (const slot of study.settable[key]) events.push([at, slot, values[i]]);
    });
  return events;
}

// Numbers of float32 from their four planes of bytes.
function numbersOf(planes) {
  const count = planes.length / 4, bytes = new Uint8Array(planes.length);
  for (let plane = 0; plane < 4; plane++)
    for (let i = 0; i < count; i++) bytes[4 * i + plane] = planes[plane * count + i];
  return new Float32Array(bytes.buffer);
}

function settingsOf(scenario) {
  return Object.fromEntries(scenario.settings.map(({ id, times, values }) => [id, { times, values }]));
}

// A scenario file that `run` reads; `titles` maps a language to its title, `notes` are comments.
function tomlOf(study, settings, titles, notes = []) {
  const quote = (text) => JSON.stringify(text);
  const line = ([key, { times, values }]) => {
    const unit = quote(study.units[key]);
    const levels = times.length === 1 ? `value = ${values[0]}, start = ${times[0]}`
      : `by_year = { ${times.map((time, i) => `${quote(String(time))} = ${values[i]}`).join(", ")} }`;
    return `${quote(key)} = { ${levels}, unit = ${unit} }`;
  };
  const block = (head, kinds) => {
    const lines = Object.entries(settings).filter(([key]) => kinds.includes(study.kinds[key])).map(line);
    return lines.length ? `\n[${head}]\n${lines.join("\n")}\n` : "";
  };
  const title = Object.entries(titles).map(([lang, text]) => `${lang} = ${quote(text)}\n`).join("");
  const comments = notes.map((one) => `# ${one.replace(/\s+/g, " ")}\n`).join("");
  return `${comments}[title]\n${title}${block("levers", ["lever"])}${block("world", ["world"])}`;
}

// Settings from outside, such as a link: {sound, dropped}. What is unknown, or outside its limits
// or the model's time, is dropped by name.
function soundSettings(study, given) {
  const sound = {}, dropped = [];
  const known = { ...study.constants, ...Object.fromEntries(study.levers.map((one) => [one.id, one])) };
  for (const [key, one] of Object.entries(given || {})) {
    const limits = known[key], { times, values } = one || {};
    const fits = limits && Array.isArray(times) && Array.isArray(values) && times.length === values.length
      && times.length > 0 && times.every((v) => Number.isFinite(v) && v >= study.clock.start && v < study.clock.stop)
      && values.every((v) => Number.isFinite(v) && v >= (limits.low ?? -Infinity) && v <= (limits.high ?? Infinity));
    if (fits) sound[key] = { times: [...times], values: [...values] };
    else dropped.push(key);
  }
  return { sound, dropped };
}

if (typeof module !== "undefined") module.exports = { eventsOf, tomlOf, soundSettings, numbersOf };
