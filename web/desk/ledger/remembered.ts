/** What this browser holds the log to: the public keys that it saw first, and the last head that it checked. */

import { hex } from "../../src/lib/bytes.js";
import { fromHex, type Head, type PublicKey } from "./proof.js";

const KEYS = "daogang.ledger.keys";
const HEAD = "daogang.ledger.head";

export interface Kept {
  readonly origin: string;
  readonly size: number;
  readonly root: Uint8Array;
}

/** Whether keys are told now that were not known when this browser first saw this log; first seen, they are kept. */
export function newKeys(origin: string, keys: readonly PublicKey[]): readonly PublicKey[] {
  const kept = JSON.parse(localStorage.getItem(KEYS) ?? "{}") as Record<string, readonly string[]>;
  const known = kept[origin];
  if (known === undefined) {
    localStorage.setItem(KEYS, JSON.stringify({ ...kept, [origin]: keys.map((one) => one.x) }));
    return [];
  }
  return keys.filter((one) => !known.includes(one.x));
}

/** From now on these keys are the known ones. */
export function trust(origin: string, keys: readonly PublicKey[]): void {
  const kept = JSON.parse(localStorage.getItem(KEYS) ?? "{}") as Record<string, readonly string[]>;
  localStorage.setItem(KEYS, JSON.stringify({ ...kept, [origin]: keys.map((one) => one.x) }));
}

export function lastHead(): Kept | null {
  const text = localStorage.getItem(HEAD);
  if (text === null) return null;
  const kept = JSON.parse(text) as { origin: string; size: number; root: string };
  return { origin: kept.origin, size: kept.size, root: fromHex(kept.root) };
}

export function keepHead(head: Head): void {
  localStorage.setItem(HEAD, JSON.stringify({ origin: head.origin, size: head.size, root: hex(head.root) }));
}
