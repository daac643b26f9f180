/** Exports a queue that cannot be sent: signed files that the project admin hands in for the phone. */

import { type Clocks } from "./clocks.js";
import { sign, SYNC } from "./keys.js";
import type { Queue } from "./queue.js";
import type { Store } from "./store.js";
import { bodyOf, fitting } from "./sync.js";

/** A file is spelled once more on its way, as text within JSON. */
const MOST_BYTES = 400_000;

/** What `POST /admin/v1/projects/{project_id}/phone-queues` takes. */
export interface ExportedQueue {
  readonly key: string;
  readonly signature: string;
  readonly body: string;
}

/**
 * Return the queue as files, oldest punches first; as many as it takes for each to fit into one call. The items stay in
 * the queue: what was handed in is answered as a duplicate when it is sent after all. Each file is signed by the key of the
 * items in it, so that a queue goes over a re-key.
 */
export async function exportQueue(store: Store, clocks: Clocks, queue: Queue): Promise<ExportedQueue[]> {
  const files: ExportedQueue[] = [];
  let rest = await queue.waiting();
  for (let first = rest[0]; first !== undefined; first = rest[0]) {
    const name = first.key;
    const another = rest.findIndex((item) => item.key !== name);
    const batch = fitting(another === -1 ? rest : rest.slice(0, another), MOST_BYTES);
    rest = rest.slice(batch.length);
    const key = await store.keys.get(name);
    if (key === undefined) throw new Error("the key of a queued item is not here");
    const ids = [...new Set(batch.flatMap((item) => item.anchorId ?? []))];
    const tokens = (await store.anchors.bulkGet(ids)).flatMap((anchor) => anchor?.token ?? []);
    const items = batch.map((item) => ({ item: item.text, signature: item.signature }));
    const body = bodyOf(items, tokens, clocks);
    files.push({ key: key.id, signature: await sign(key.privateKey, SYNC, body), body });
  }
  return files;
}
