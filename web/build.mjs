// Builds both apps into dist/: packs what packs well, and lists every file for the server. Takes the old build's place
// only when it is whole. With --only=app or --only=desk the other app is taken over from the build that is there.
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { extname, join, relative, resolve, sep } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

import { build } from "vite";

import { configurations } from "./vite.config.mjs";

const OUT = resolve(import.meta.dirname ?? new URL(".", import.meta.url).pathname, "dist");
/** Of this build alone: two at once do not take each other's files. */
const MAKING = `${OUT}.${process.pid}.new`;
const TYPES = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".css": "text/css",
  ".json": "application/json",
  ".webmanifest": "application/manifest+json",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".woff2": "font/woff2",
};
const PACKED = new Set([".html", ".js", ".mjs", ".css", ".json", ".webmanifest", ".svg"]);
/** Below this a packing saves nothing worth a request's work. */
const LEAST_BYTES = 500;
const LARGE_BYTES = 400_000;

function* filesOf(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* filesOf(path);
    else yield path;
  }
}

function pack(path) {
  const kind = extname(path);
  const type = TYPES[kind];
  if (type === undefined) throw new Error(`no media type is known for ${path}`);
  const content = readFileSync(path);
  const encodings = [];
  if (PACKED.has(kind) && content.length >= LEAST_BYTES) {
    const quality = content.length > LARGE_BYTES ? 9 : 11;
    writeFileSync(`${path}.br`, brotliCompressSync(content, { params: { [constants.BROTLI_PARAM_QUALITY]: quality } }));
    writeFileSync(`${path}.gz`, gzipSync(content, { level: 9 }));
    encodings.push("br", "gzip");
  }
  const tag = createHash("sha256").update(content).digest("base64url").slice(0, 22);
  return { type, tag, immutable: path.split(sep).includes("assets"), encodings };
}

rmSync(MAKING, { recursive: true, force: true });
mkdirSync(MAKING);
const only = process.argv.find((one) => one.startsWith("--only="))?.slice("--only=".length);
for (const [place, app] of ["app", "desk"].entries()) {
  if (only === undefined || only === app) await build(configurations(MAKING)[place]);
  else if (existsSync(join(OUT, app))) cpSync(join(OUT, app), join(MAKING, app), { recursive: true });
}
const list = {};
for (const path of [...filesOf(MAKING)]) {
  if (path.endsWith(".br") || path.endsWith(".gz")) continue;
  list[relative(MAKING, path).split(sep).join("/")] = pack(path);
}
writeFileSync(join(MAKING, "files.json"), JSON.stringify(list, null, 1));
rmSync(OUT, { recursive: true, force: true });
renameSync(MAKING, OUT);
const bytes = Object.keys(list).reduce((sum, name) => sum + statSync(join(OUT, name)).size, 0);
console.log(`${Object.keys(list).length} files, ${Math.round(bytes / 1000)} kB`);
