/** Keeps the server's time as it came in, with what the phone's clocks showed then. */

import { read, type Clocks, type Reading } from "./clocks.js";
import type { Store } from "./store.js";

/** As the server sends it. */
export interface Anchor {
  readonly id: string;
  readonly server_time_ms: number;
  readonly expires_at_ms: number;
  readonly token: string;
}

/** Times a request, so that its anchor can be kept: begin before it is sent. */
export class Waiting {
  private readonly from: number;

  constructor(private readonly clocks: Clocks) {
    this.from = clocks.mono();
  }

  /** The answer is here. */
  ended(): { seen: Reading; waitedMs: number } {
    const seen = read(this.clocks);
    return { seen, waitedMs: seen.mono_ms - this.from };
  }
}

/** Keep an anchor as the newest, and drop those that no item names. One that was waited for too long says too little. */
export async function keepAnchor(store: Store, anchor: Anchor, when: { seen: Reading; waitedMs: number }): Promise<void> {
  if (when.waitedMs > LONGEST_WAIT_MS) return;
  await store.transaction("rw", store.anchors, store.items, async () => {
    const newest = await store.newestAnchor();
    await store.anchors.put({
      id: anchor.id,
      token: anchor.token,
      serverTimeMs: anchor.server_time_ms,
      expiresAtMs: anchor.expires_at_ms,
      ...when,
      order: (newest?.order ?? 0) + 1,
    });
    const named = new Set(await store.items.orderBy("anchorId").uniqueKeys());
    await store.anchors.filter((one) => one.id !== anchor.id && !named.has(one.id)).delete();
  });
}

const LONGEST_WAIT_MS = 120_000;
