/** One tap: asked of the server at once, or written down on the phone where there is no way to it. */

import type { components } from "../generated/api.js";
import { Refused } from "../src/lib/api.js";
import { uuid7 } from "../src/lib/bytes.js";
import type { Fix } from "../src/lib/queue.js";
import { LoggedOut } from "../src/shared/session.js";
import { wireFixes } from "./position.js";
import { client, countQueue, http, reached } from "./state.js";

type Schemas = components["schemas"];
export type Receipt = Schemas["CheckInAnswer"];
export type Outcome = Receipt["outcome"];

export interface Tap {
  readonly projectId: string | null;
  readonly fixes: readonly Fix[];
  readonly noFixReason: "denied" | "timeout" | "unavailable" | null;
  readonly photos: readonly string[];
  readonly proofId: string | null;
}

export type Came = { readonly receipt: Receipt } | { readonly savedAt: Date; readonly eventId: string };

/** A server that takes longer is no help to somebody at a gate. */
const PATIENCE_MS = 12_000;

/**
 * Check in. The event id is made once and goes along wherever the tap goes: a request whose answer was lost and the item of
 * the queue are one punch. Throws Refused where the server said no for good. `hurry` ends the waiting for an answer.
 */
export async function checkIn(tap: Tap, hurry: AbortSignal): Promise<Came> {
  const now = new Date();
  const eventId = uuid7(now.getTime());
  const begunAt = performance.now();
  if (!(await hasArrived(tap.proofId, hurry)) && tap.projectId !== null) return save(tap, tap.projectId, eventId, now);
  try {
    const receipt = await http.ask("post", "/mobile/v1/check-ins", {
      body: bodyOf(tap, eventId, now),
      signal: AbortSignal.any([hurry, AbortSignal.timeout(PATIENCE_MS)]),
    });
    reached(true);
    // Photos follow by the library, as those of the queue do.
    if (tap.photos.length > 0) void client().photos.send().then(countQueue, () => undefined);
    return { receipt };
  } catch (error) {
    if (error instanceof Refused && !error.isPassing) throw error;
    if (tap.projectId === null) throw error; // the queue has to name a project
    reached(error instanceof Refused || error instanceof LoggedOut, begunAt);
    return save(tap, tap.projectId, eventId, now);
  }
}

/**
 * See to it that the server knows the proof that a tap takes; false where it cannot be reached now. What was kept without
 * network goes before the tap: asked for a proof that it does not know, a site that requires one would refuse.
 * Throws Refused where the server takes it for no proof.
 */
async function hasArrived(proofId: string | null, hurry: AbortSignal): Promise<boolean> {
  if (proofId === null) return true;
  const { proofs, store } = client();
  const isWaiting = async (): Promise<boolean> => ((await store.proofs.get(proofId))?.shown ?? null) !== null;
  if (await isWaiting()) {
    const begunAt = performance.now();
    const ended = AbortSignal.any([hurry, AbortSignal.timeout(PATIENCE_MS)]);
    const patience = new Promise<void>((done) => {
      ended.addEventListener("abort", () => {
        done();
      });
    });
    await Promise.race([proofs.send().catch(() => undefined), patience]);
    reached(!(await isWaiting()), begunAt);
  }
  const found = await store.proofs.get(proofId);
  if (found?.refusal) throw new Refused(422, found.refusal.code, found.refusal.title, 0, found.refusal.advice);
  return (found?.shown ?? null) === null;
}

async function save(tap: Tap, projectId: string, eventId: string, at: Date): Promise<Came> {
  await client().punch({
    eventId,
    projectId,
    fixes: tap.fixes,
    photos: tap.photos,
    ...(tap.noFixReason === null ? {} : { noFixReason: tap.noFixReason }),
    ...(tap.proofId === null ? {} : { proofId: tap.proofId }),
  });
  await countQueue();
  return { savedAt: at, eventId };
}

function bodyOf(tap: Tap, eventId: string, at: Date): Schemas["CheckInRequest"] {
  return {
    event_id: eventId,
    claimed_at: at.toISOString(),
    ...(tap.projectId === null ? {} : { project_id: tap.projectId }),
    fixes: wireFixes(tap.fixes),
    ...(tap.noFixReason === null ? {} : { no_fix_reason: tap.noFixReason }),
    ...(tap.photos.length === 0 ? {} : { photos: [...tap.photos] }),
    ...(tap.proofId === null ? {} : { proof_id: tap.proofId }),
  };
}
