// Answers what the desk's proof code says of proofs: {"inclusion": […], "consistency": […], "heads": […], "leaves": […]} on standard input.
import { readFileSync } from "node:fs";
import { webcrypto } from "node:crypto";

import { build } from "esbuild";

globalThis.crypto ??= webcrypto;
const entry = `export * from "./desk/ledger/proof.ts"; export * from "./desk/ledger/leaf.ts";`;
const made = await build({ stdin: { contents: entry, resolveDir: process.cwd(), loader: "ts" }, bundle: true, format: "esm", write: false, logLevel: "error" });
const proof = await import(`data:text/javascript;base64,${Buffer.from(made.outputFiles[0].contents).toString("base64")}`);
const asked = JSON.parse(readFileSync(0, "utf8"));
const hexOf = (bytes) => (bytes === null ? null : Buffer.from(bytes).toString("hex"));
const said = { inclusion: [], consistency: [], heads: [], leaves: [] };
for (const { leaf, index, size, path } of asked.inclusion) {
  said.inclusion.push(hexOf(await proof.rootOf(await proof.leafHash(proof.fromHex(leaf)), index, size, path.map(proof.fromHex))));
}
for (const { old, oldRoot, size, root, path } of asked.consistency) {
  said.consistency.push(await proof.isGrown(old, proof.fromHex(oldRoot), size, proof.fromHex(root), path.map(proof.fromHex)));
}
for (const { note, origin, keys } of asked.heads) {
  const head = await proof.readHead(note, origin, keys).catch((error) => error.fault ?? String(error));
  said.heads.push(typeof head === "string" ? head : { size: head.size, root: hexOf(head.root), kid: head.kid });
}
for (const leaf of asked.leaves) said.leaves.push(Object.fromEntries(proof.readLeaf(leaf).map(({ name, value }) => [name, value])));
process.stdout.write(JSON.stringify(said));
