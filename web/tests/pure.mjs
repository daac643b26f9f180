// Calls functions of a pure TypeScript file: standard input {"file": "desk/fences/tiles.ts", "calls": [["name", [argument, …]], …]},
// standard output their answers as JSON, typed arrays as lists.
import { readFileSync } from "node:fs";

import { build } from "esbuild";

const { file, calls } = JSON.parse(readFileSync(0, "utf8"));
const made = await build({ entryPoints: [file], bundle: true, write: false, format: "esm", platform: "neutral", logLevel: "error" });
const module = await import(`data:text/javascript;base64,${Buffer.from(made.outputFiles[0].contents).toString("base64")}`);
const plain = (value) => (ArrayBuffer.isView(value) ? [...value] : (value ?? null));
process.stdout.write(JSON.stringify(calls.map(([name, given]) => plain(module[name](...given)))));
