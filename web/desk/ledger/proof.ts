/** Checks signed heads and proofs of the ledger's log with WebCrypto alone (RFC 9162, RFC 8032, C2SP checkpoints). */

export interface PublicKey {
  readonly kid: string;
  /** 32 bytes in base64url. */
  readonly x: string;
}

export interface Head {
  readonly origin: string;
  readonly size: number;
  readonly root: Uint8Array;
  readonly signedAt: string;
  /** The key that signed it. */
  readonly kid: string;
}

export interface Proved {
  readonly kind: string;
  readonly index: number;
  readonly leaf: string;
  readonly path: readonly string[];
}

/** Why something is not proved. */
export type Fault = "malformed" | "unknown_key" | "forged" | "unsupported" | "other_log";

export class Unproved extends Error {
  constructor(readonly fault: Fault) {
    super(fault);
  }
}

const HASH_BYTES = 32;
const ED25519 = { name: "Ed25519" } as const;

export function bytesOf(base64: string): Uint8Array<ArrayBuffer> {
  const plain = base64.replaceAll("-", "+").replaceAll("_", "/");
  return Uint8Array.from(atob(plain), (one) => one.charCodeAt(0));
}

export function fromHex(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

export function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, place) => byte === b[place]);
}

async function hash(...parts: readonly Uint8Array[]): Promise<Uint8Array<ArrayBuffer>> {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return new Uint8Array(await crypto.subtle.digest("SHA-256", whole));
}

export const leafHash = (leaf: Uint8Array): Promise<Uint8Array> => hash(Uint8Array.of(0), leaf);
const nodeHash = (left: Uint8Array, right: Uint8Array): Promise<Uint8Array> => hash(Uint8Array.of(1), left, right);

/** Read a head and see that one of the keys signed it; throws Unproved. `origin` is the log that it has to be of. */
export async function readHead(note: string, origin: string, keys: readonly PublicKey[]): Promise<Head> {
  const cut = note.indexOf("\n\n");
  const text = note.slice(0, cut + 1);
  const [name, size, root, signed] = text.split("\n");
  if (cut < 0 || name === undefined || root === undefined || signed === undefined || !/^(0|[1-9]\d{0,14})$/.test(size ?? "") || !signed.startsWith("signed_at ")) {
    throw new Unproved("malformed");
  }
  if (name !== origin) throw new Unproved("other_log");
  const signatures = note.slice(cut + 2).split("\n").filter((line) => line.startsWith(`\u2014 ${name} `));
  let isKnown = false;
  for (const line of signatures) {
    const told = bytesOf(line.slice(line.lastIndexOf(" ") + 1));
    for (const key of keys) {
      const bytes = bytesOf(key.x);
      const own = (await hash(new TextEncoder().encode(`${name}\n`), Uint8Array.of(1), bytes)).slice(0, 4);
      if (!isSame(own, told.slice(0, 4))) continue;
      isKnown = true;
      if (!(await isSigned(text, bytes, told.slice(4)))) continue;
      const rootBytes = bytesOf(root);
      if (rootBytes.length !== HASH_BYTES) throw new Unproved("malformed");
      return { origin: name, size: Number(size), root: rootBytes, signedAt: signed.slice("signed_at ".length), kid: key.kid };
    }
  }
  throw new Unproved(isKnown ? "forged" : "unknown_key");
}

async function isSigned(text: string, key: Uint8Array<ArrayBuffer>, signature: Uint8Array<ArrayBuffer>): Promise<boolean> {
  let imported: CryptoKey;
  try {
    imported = await crypto.subtle.importKey("raw", key, ED25519, false, ["verify"]);
  } catch (error) {
    // Older browsers do not know the algorithm; that is no fault of the proof.
    if (error instanceof DOMException && error.name === "NotSupportedError") throw new Unproved("unsupported");
    throw error;
  }
  return crypto.subtle.verify(ED25519, imported, signature, new TextEncoder().encode(text));
}

const half = (value: number): number => Math.floor(value / 2);

/** The root that a path leads to from a leaf's hash (RFC 9162, 2.1.3.2); null if the path has another length. */
export async function rootOf(leaf: Uint8Array, index: number, size: number, path: readonly Uint8Array[]): Promise<Uint8Array | null> {
  if (!Number.isSafeInteger(index) || index < 0 || index >= size) return null;
  let [place, last] = [index, size - 1];
  let found = leaf;
  for (const sibling of path) {
    if (last === 0) return null;
    if (place % 2 === 1 || place === last) {
      found = await nodeHash(sibling, found);
      while (place % 2 === 0 && place !== 0) [place, last] = [half(place), half(last)];
    } else {
      found = await nodeHash(found, sibling);
    }
    [place, last] = [half(place), half(last)];
  }
  return last === 0 ? found : null;
}

/** Whether a log of `newSize` leaves begins with the one of `oldSize` (RFC 9162, 2.1.4.2). */
export async function isGrown(oldSize: number, oldRoot: Uint8Array, newSize: number, newRoot: Uint8Array, path: readonly Uint8Array[]): Promise<boolean> {
  if (oldSize < 1 || oldSize > newSize) return false;
  if (oldSize === newSize) return path.length === 0 && isSame(oldRoot, newRoot);
  const isPower = Number.isInteger(Math.log2(oldSize));
  const [first, ...rest] = isPower ? [oldRoot, ...path] : path;
  if (first === undefined || path.length === 0) return false;
  let [place, last] = [oldSize - 1, newSize - 1];
  while (place % 2 === 1) [place, last] = [half(place), half(last)];
  let [before, after] = [first, first];
  for (const node of rest) {
    if (last === 0) return false;
    if (place % 2 === 1 || place === last) {
      [before, after] = [await nodeHash(node, before), await nodeHash(node, after)];
      while (place % 2 === 0 && place !== 0) [place, last] = [half(place), half(last)];
    } else {
      after = await nodeHash(after, node);
    }
    [place, last] = [half(place), half(last)];
  }
  return last === 0 && isSame(before, oldRoot) && isSame(after, newRoot);
}

/** Whether an entry of a proof file lies in the log of a head. */
export async function isHeld(entry: Proved, head: Head): Promise<boolean> {
  const root = await rootOf(await leafHash(bytesOf(entry.leaf)), entry.index, head.size, entry.path.map(fromHex));
  return root !== null && isSame(root, head.root);
}
