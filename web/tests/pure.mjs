// Calls functions of pure TypeScript files: a line of standard input {"file": "desk/fences/tiles.ts", "calls": [["name", [argument, …]], …]},
// a line of standard output their answers as JSON, typed arrays as lists; or {"trouble": "…"}.
import { createInterface } from "node:readline";

import { build } from "esbuild";

const modules = new Map();

async function load(file) {
  const made = await build({ entryPoints: [file], bundle: true, write: false, format: "esm", platform: "neutral", logLevel: "error" });
  return import(`data:text/javascript;base64,${Buffer.from(made.outputFiles[0].contents).toString("base64")}`);
}

const plain = (value) => (ArrayBuffer.isView(value) ? [...value] : (value ?? null));

async function answer({ file, calls }) {
  if (!modules.has(file)) modules.set(file, await load(file));
  return calls.map(([name, given]) => plain(modules.get(file)[name](...given)));
}

for await (const line of createInterface({ input: process.stdin })) {
  const said = await answer(JSON.parse(line)).catch((error) => ({ trouble: String(error?.stack ?? error) }));
  process.stdout.write(`${JSON.stringify(said)}\n`);
}
