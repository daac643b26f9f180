/** What the phone keeps, in IndexedDB through Dexie. Every write of it is flushed before it is told. */

import { Dexie, type EntityTable, type Table } from "dexie";

import type { Reading } from "./clocks.js";
import type { PhoneKey } from "./keys.js";

/** A key with its chain: the counter of its last item, and the digest that the next one names. */
export interface StoredKey extends PhoneKey {
  readonly isRegistered: boolean;
  readonly counter: number;
  readonly prev: string;
  readonly madeAt: number;
}

export interface StoredItem {
  readonly seq: number;
  readonly eventId: string;
  readonly key: string;
  readonly counter: number;
  /** Signed as it stands; never spelled again. */
  readonly text: string;
  readonly signature: string;
  readonly anchorId: string | null;
  readonly state: "waiting" | "rejected";
  /** Of a rejected one: what the server said, to be shown. */
  readonly refusal: Refusal | null;
}

export interface Refusal {
  readonly code: string;
  readonly title: string;
  readonly advice: string;
}

export interface StoredAnchor {
  readonly id: string;
  readonly token: string;
  readonly serverTimeMs: number;
  readonly expiresAtMs: number;
  /** What the clocks showed when it came in, and how long it was waited for. */
  readonly seen: Reading;
  readonly waitedMs: number;
  readonly order: number;
}

export interface StoredReceipt {
  readonly eventId: string;
  readonly status: "recorded" | "duplicate" | "conflict";
  readonly punch: unknown;
}

export interface StoredPhoto {
  readonly sha256: string;
  readonly content: Blob;
  /** Where its upload goes on. */
  readonly url: string | null;
  /** The status with which the server refused it for good. */
  readonly refusedWith: number | null;
}

/** What shows presence; `shown` until the server has judged it, then `answer`, or `refusal` where it takes it for none. */
export interface StoredProof {
  readonly id: string;
  readonly way: "face" | "site_qr";
  readonly projectId: string;
  readonly madeAt: number;
  readonly shown:
    | { readonly code: string }
    | { readonly nonce: string; readonly about: readonly { readonly step: string; readonly at_ms: number }[]; readonly pictures: readonly Blob[] }
    | null;
  readonly answer: { readonly outcome: string; readonly title: string; readonly advice: string } | null;
  readonly refusal: Refusal | null;
}

export interface StoredPack {
  readonly id: "pack";
  readonly etag: string;
  readonly pack: FieldPack;
}

/** The members that this library reads; the rest is kept for the app as it came. */
export interface FieldPack {
  readonly pack_id: string;
  readonly expires_at: string;
  readonly min_version?: string;
  readonly projects: readonly unknown[];
  readonly fences: readonly { readonly version_id: string }[];
  readonly dropped: readonly string[];
}

export class Store extends Dexie {
  declare keys: EntityTable<StoredKey, "id">;
  declare items: Table<StoredItem, number, Omit<StoredItem, "seq">>;
  declare anchors: EntityTable<StoredAnchor, "id">;
  declare receipts: EntityTable<StoredReceipt, "eventId">;
  declare photos: EntityTable<StoredPhoto, "sha256">;
  declare packs: EntityTable<StoredPack, "id">;
  declare proofs: EntityTable<StoredProof, "id">;

  constructor(name: string) {
    // A punch that was told as kept must survive the phone's battery.
    super(name, { chromeTransactionDurability: "strict" });
    this.version(1).stores({
      keys: "id, madeAt",
      items: "++seq, &eventId, &[key+counter], state, anchorId",
      anchors: "id, order",
      receipts: "eventId",
      photos: "sha256",
      packs: "id",
    });
    this.version(2).stores({ proofs: "id, madeAt" });
  }

  async currentKey(): Promise<StoredKey | undefined> {
    return this.keys.orderBy("madeAt").last();
  }

  async newestAnchor(): Promise<StoredAnchor | undefined> {
    return this.anchors.orderBy("order").last();
  }
}
