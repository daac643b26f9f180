/** What the ways to show presence have in common where nobody answers. */

import { client, countQueue, proof, type Proof } from "./state.js";
import { say } from "./words/index.js";

/** So long a punch may take a proof, as the server has it for those that it judges at once. */
const TAKEN_WITHIN_MS = 10 * 60_000;

/** Whether nobody answered; an answer of the server's, whatever it says, is one. */
export function isUnanswered(error: unknown): boolean {
  return error instanceof TypeError || (error instanceof DOMException && error.name === "TimeoutError");
}

/** Keep on the phone what nobody could judge, and have the next tap name it; it counts as not checked until then. */
export async function keepForTheNextTap(way: Proof["way"], add: (kept: ReturnType<typeof client>["proofs"]) => Promise<string>): Promise<void> {
  const proofId = await add(client().proofs);
  await countQueue();
  const now = Date.now();
  proof.value = {
    proof_id: proofId,
    way,
    outcome: "not_evaluated",
    made_at: new Date(now).toISOString(),
    expires_at: expiryOf(now),
    title: say("proof_kept"),
    advice: say("proof_kept_advice"),
    isKept: true,
  };
}

/** Until when a tap may take a proof of an instant, milliseconds since 1970-01-01 UTC. */
export function expiryOf(madeAt: number): string {
  return new Date(madeAt + TAKEN_WITHIN_MS).toISOString();
}
