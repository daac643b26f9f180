/** Sends the queue: an item leaves it only when the server has said that it is recorded. */

import { keepAnchor, Waiting, type Anchor } from "./anchors.js";
import { Refused, type Api } from "./api.js";
import { utf8 } from "./bytes.js";
import { read, type Clocks } from "./clocks.js";
import { signedBy, SYNC } from "./keys.js";
import { oneAtATime } from "./locks.js";
import { Queue } from "./queue.js";
import { ensureKey } from "./registration.js";
import type { Store, StoredItem, StoredKey, StoredReceipt } from "./store.js";

const MOST_ITEMS = 200;
/** As many as the server takes in one call. */
const MOST_ANCHORS = 50;
/** A call may have 1 000 000 bytes; the rest is for what surrounds the items. */
const MOST_BYTES = 800_000;

interface Result {
  readonly status: "recorded" | "duplicate" | "conflict" | "rejected";
  readonly punch?: unknown;
  readonly code?: string | null;
  readonly title?: string | null;
  readonly advice?: string | null;
  readonly retry?: boolean;
}

interface Answer {
  readonly results: readonly Result[];
  readonly missing: { readonly counters: readonly (readonly [number, number])[]; readonly photos: readonly string[] };
  readonly anchor: Anchor | null;
  readonly min_version?: string;
}

/** What a sync did: items that left the queue, items that have to wait, photos that the server does not have. */
export interface Synced {
  readonly sent: number;
  readonly rejected: number;
  readonly waiting: number;
  readonly missingPhotos: readonly string[];
  /** What the app should be at least, as the server said last; null if it said nothing. */
  readonly minVersion: string | null;
}

/**
 * Send all that waits, oldest first. Any number of pages may call it at once; one sends, the others follow it.
 * Throws Refused, or TypeError without network; what was answered before that is done.
 */
export async function sync(store: Store, clocks: Clocks, api: Api, queue: Queue): Promise<Synced> {
  return oneAtATime("sync", async () => {
    const missing = new Set<string>();
    let minVersion: string | null = null;
    let sent = 0;
    let rejected = 0;
    for (let after = 0; ; ) {
      const batch = fitting((await queue.waiting()).filter((item) => item.seq > after));
      const last = batch.at(-1);
      if (last === undefined) break;
      after = last.seq; // one that has to wait is not sent twice in one go
      const done = await sendBatch(batch, store, clocks, api);
      sent += done.sent;
      rejected += done.rejected;
      minVersion = done.minVersion ?? minVersion;
      for (const photo of done.photos) missing.add(photo);
    }
    return { sent, rejected, waiting: (await queue.waiting()).length, missingPhotos: [...missing], minVersion };
  });
}

/** Take as many from the front as one call holds. */
export function fitting(items: readonly StoredItem[], mostBytes = MOST_BYTES): StoredItem[] {
  const taken: StoredItem[] = [];
  const anchors = new Set<string>();
  let bytes = 0;
  for (const item of items) {
    bytes += utf8(JSON.stringify({ item: item.text, signature: item.signature })).length + 1;
    if (item.anchorId !== null) anchors.add(item.anchorId);
    const isFull = taken.length === MOST_ITEMS || bytes > mostBytes || anchors.size > MOST_ANCHORS;
    if (isFull && taken.length > 0) break;
    taken.push(item);
  }
  return taken;
}

async function sendBatch(
  batch: readonly StoredItem[],
  store: Store,
  clocks: Clocks,
  api: Api,
): Promise<{ sent: number; rejected: number; photos: readonly string[]; minVersion: string | null }> {
  const ids = [...new Set(batch.flatMap((item) => item.anchorId ?? []))];
  const tokens = (await store.anchors.bulkGet(ids)).flatMap((anchor) => anchor?.token ?? []);
  const items = batch.map((item) => ({ item: item.text, signature: item.signature }));
  const waiting = new Waiting(clocks);
  const answer = await post(items, tokens, store, clocks, api);
  const when = waiting.ended();
  if (answer.results.length !== batch.length) throw new Error("the answer is not of this call");
  const done = await settle(batch, answer, store);
  if (answer.anchor !== null) await keepAnchor(store, answer.anchor, when);
  return { ...done, photos: answer.missing.photos, minVersion: answer.min_version ?? null };
}

/** Spell a call of this moment. */
export function bodyOf(
  items: readonly { item: string; signature: string }[],
  anchors: readonly string[],
  clocks: Clocks,
): string {
  const { at, ...clock } = read(clocks);
  return JSON.stringify({ sent_at: at, ...clock, anchors, items });
}

/** Post a body of this moment; a key that the server does not know (yet, or any more) is registered and used once. */
async function post(
  items: readonly { item: string; signature: string }[],
  anchors: readonly string[],
  store: Store,
  clocks: Clocks,
  api: Api,
): Promise<Answer> {
  const attempt = async (key: StoredKey): Promise<Answer> => {
    const body = bodyOf(items, anchors, clocks);
    const headers = { "Content-Type": "application/json", ...(await signedBy(key, SYNC, body)) };
    return (await (await api.send("POST", "/mobile/v1/sync", headers, body)).json()) as Answer;
  };
  const key = await ensureKey(store, clocks, api);
  try {
    return await attempt(key);
  } catch (error) {
    if (!(error instanceof Refused) || error.code !== "offline.key_unknown") throw error;
    await store.keys.update(key.id, { isRegistered: false });
    return attempt(await ensureKey(store, clocks, api));
  }
}

/** Write down what became of each item, all of it or, if the page dies, nothing: then the same is sent again. */
async function settle(
  batch: readonly StoredItem[],
  answer: Answer,
  store: Store,
): Promise<{ sent: number; rejected: number }> {
  let sent = 0;
  let rejected = 0;
  await store.transaction("rw", store.items, store.receipts, async () => {
    for (const [place, item] of batch.entries()) {
      const result = answer.results[place];
      if (result === undefined) continue;
      if (result.status === "rejected") {
        if (result.retry === true) continue;
        const refusal = { code: result.code ?? "", title: result.title ?? "", advice: result.advice ?? "" };
        await store.items.update(item.seq, { state: "rejected", refusal });
        rejected += 1;
      } else {
        const receipt: StoredReceipt = { eventId: item.eventId, status: result.status, punch: result.punch ?? null };
        await store.receipts.put(receipt);
        await store.items.delete(item.seq);
        sent += 1;
      }
    }
  });
  return { sent, rejected };
}
