/** Writes punches down: numbered, chained, signed, and on the disk before the person is told. */

import { base64url, digestOf, randomBytes, uuid7 } from "./bytes.js";
import { canonical, type Plain } from "./canonical.js";
import { read, type Clocks } from "./clocks.js";
import { ITEM, makeKey, sign } from "./keys.js";
import { oneAtATime } from "./locks.js";
import type { Store, StoredItem, StoredKey } from "./store.js";

/** A position in degrees and metres, as the browser or the phone gives it. */
export interface Fix {
  readonly lon: number;
  readonly lat: number;
  readonly crs: "wgs84" | "cgcs2000" | "gcj02" | "bd09";
  readonly accuracyM: number;
  readonly platform: "android" | "ios" | "web";
  readonly provider?: "gps" | "fused" | "network" | "unknown";
  readonly ageMs?: number;
  readonly mock?: boolean;
}

export interface Punch {
  readonly projectId: string;
  readonly fixes: readonly Fix[];
  readonly noFixReason?: string;
  readonly direction?: "in" | "out";
  /** SHA-256 in hexadecimal, as `Photos.add` returns them. */
  readonly photos?: readonly string[];
  /** The proof of presence that this punch takes, if there is one. */
  readonly proofId?: string;
  /** Of the tap, if it was tried on line before; else one is made. */
  readonly eventId?: string;
}

export class Queue {
  constructor(
    private readonly store: Store,
    private readonly clocks: Clocks,
    private readonly app: string,
  ) {}

  /** Write a punch down and return it; it is on the disk when this resolves. The same event id again is the same punch. */
  async add(punch: Punch): Promise<StoredItem> {
    const now = read(this.clocks); // the moment of the tap, not that of its turn
    const eventId = punch.eventId ?? uuid7(now.at);
    return oneAtATime("queue", async () => {
      const known = await this.store.items.get({ eventId });
      if (known !== undefined) return known;
      const key = await this.key();
      const anchor = await this.store.newestAnchor();
      const text = canonical({
        v: 1,
        key: key.id,
        counter: key.counter + 1,
        prev: key.prev,
        salt: base64url(randomBytes(16)),
        event_id: eventId,
        project_id: punch.projectId,
        at: now.at,
        mono_ms: now.mono_ms,
        boot: now.boot,
        clock: this.clocks.kind,
        anchor:
          anchor === undefined ? undefined : { id: anchor.id, ...anchor.seen, waited_ms: anchor.waitedMs },
        fixes: punch.fixes.map(spelledFix),
        no_fix_reason: punch.noFixReason,
        direction: punch.direction,
        photos: punch.photos?.length ? punch.photos : undefined,
        proof_id: punch.proofId,
        app: this.app,
      });
      const signature = await sign(key.privateKey, ITEM, text);
      const item = {
        eventId,
        key: key.id,
        counter: key.counter + 1,
        text,
        signature,
        anchorId: anchor?.id ?? null,
        state: "waiting" as const,
        refusal: null,
      };
      const next: StoredKey = { ...key, counter: item.counter, prev: await digestOf(text) };
      const seq = await this.store.transaction("rw", this.store.items, this.store.keys, async () => {
        const added = await this.store.items.add(item);
        await this.store.keys.put(next);
        return added;
      });
      return { ...item, seq };
    });
  }

  /** Those that wait to be sent, oldest first. */
  async waiting(limit = Infinity): Promise<StoredItem[]> {
    const found = await this.store.items.where("state").equals("waiting").sortBy("seq");
    return found.slice(0, limit);
  }

  /** Those that the server does not take, with what it said. */
  async rejected(): Promise<StoredItem[]> {
    return this.store.items.where("state").equals("rejected").sortBy("seq");
  }

  /** The key that signs now; made when there is none, also without network: it is registered before the first sync. */
  private async key(): Promise<StoredKey> {
    return (await this.store.currentKey()) ?? newKey(this.store, this.clocks);
  }
}

/** Make a key and begin its chain. */
export async function newKey(store: Store, clocks: Clocks): Promise<StoredKey> {
  const made = await makeKey();
  const last = await store.currentKey();
  const madeAt = Math.max(clocks.wall(), (last?.madeAt ?? 0) + 1); // whatever the wall clock was set to
  const stored: StoredKey = { ...made, isRegistered: false, counter: 0, prev: made.id, madeAt };
  await store.keys.add(stored);
  return stored;
}

function spelledFix(fix: Fix): Plain {
  return {
    lon_e7: Math.round(fix.lon * 1e7),
    lat_e7: Math.round(fix.lat * 1e7),
    crs: fix.crs,
    accuracy_mm: Math.round(fix.accuracyM * 1000),
    platform: fix.platform,
    provider: fix.provider,
    age_ms: fix.ageMs === undefined ? undefined : Math.round(fix.ageMs),
    mock: fix.mock,
  };
}
