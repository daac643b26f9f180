/** Fetches the field pack: all that the phone needs for days without network. */

import { keepAnchor, Waiting, type Anchor } from "./anchors.js";
import type { Api } from "./api.js";
import type { Clocks } from "./clocks.js";
import type { FieldPack, Store } from "./store.js";

/** Fetch what is new and return the whole pack. Throws Refused, or TypeError without network. */
export async function fetchPack(store: Store, clocks: Clocks, api: Api): Promise<FieldPack> {
  const stored = await store.packs.get("pack");
  const has = (stored?.pack.fences ?? []).map((fence) => `has=${encodeURIComponent(fence.version_id)}`);
  const headers: Record<string, string> = stored === undefined ? {} : { "If-None-Match": stored.etag };
  const waiting = new Waiting(clocks);
  const answer = await api.ask("GET", `/mobile/v1/field-pack?${has.join("&")}`, undefined, headers);
  const when = waiting.ended();
  if (answer.status === 304 && stored !== undefined) {
    const anchor = answer.headers.get("X-Daogang-Anchor");
    if (anchor !== null) await keepAnchor(store, JSON.parse(anchor) as Anchor, when);
    return stored.pack;
  }
  const sent = (await answer.json()) as FieldPack & { anchor: Anchor };
  const dropped = new Set(sent.dropped);
  const kept = (stored?.pack.fences ?? []).filter((fence) => !dropped.has(fence.version_id));
  const pack: FieldPack = { ...sent, fences: [...kept, ...sent.fences] };
  await store.packs.put({ id: "pack", etag: answer.headers.get("ETag") ?? "", pack });
  await keepAnchor(store, sent.anchor, when);
  return pack;
}
