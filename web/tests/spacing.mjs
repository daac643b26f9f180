// Plays the desk's spacing of loads by a clock that is turned. Standard input: {"takes": how long each load takes, ms, "wantedAt": when something
// happens, ms}; standard output: when each load began and ended, ms: [[began, ended], …].
import { readFileSync } from "node:fs";

import { build } from "esbuild";

const { takes, wantedAt } = JSON.parse(readFileSync(0, "utf8"));
let now = 0;
let last = 0;
const timers = new Map();
performance.now = () => now;
globalThis.setTimeout = (work, afterMs) => {
  timers.set((last += 1), { at: now + afterMs, work });
  return last;
};
globalThis.clearTimeout = (id) => timers.delete(id);

const made = await build({ entryPoints: ["desk/spacing.ts"], bundle: true, write: false, format: "esm", platform: "neutral", logLevel: "error" });
const { spaced } = await import(`data:text/javascript;base64,${Buffer.from(made.outputFiles[0].contents).toString("base64")}`);

const loads = [];
const { plan } = spaced(
  () =>
    new Promise((done) => {
      const load = [now];
      const tookMs = takes[Math.min(loads.push(load), takes.length) - 1];
      setTimeout(() => done(load.push(now)), tookMs);
    }),
);
for (const at of wantedAt) setTimeout(plan, at);
while (timers.size > 0) {
  const [id, next] = [...timers].reduce((first, one) => (one[1].at < first[1].at ? one : first));
  timers.delete(id);
  now = next.at;
  next.work();
  await new Promise(setImmediate); // what was waiting for the load goes on
}
console.log(JSON.stringify(loads));
