/** Challenges for face checks that lie on the phone for where there is no network: fetched ahead, each used once. */

import { drop, keep, kept } from "./kept.js";
import { http, pack } from "./state.js";

export interface Challenge {
  readonly challenge_id: string;
  readonly nonce: string;
  readonly steps: readonly string[];
  readonly expires_at: string;
}

/** So many are worth the fetch. */
const ENOUGH = 3;
const place = (projectId: string): string => `challenges.${projectId}`;

/** Those that are good still, the one that ends first in front. */
export function challengesAhead(projectId: string): readonly Challenge[] {
  const used = new Set(kept<readonly string[]>("challenges-used")?.value);
  const packed = pack.value?.projects.find((one) => one.project_id === projectId)?.challenges ?? [];
  const found = new Map([...packed, ...(kept<readonly Challenge[]>(place(projectId))?.value ?? [])].map((one) => [one.challenge_id, one]));
  return [...found.values()]
    .filter((one) => !used.has(one.challenge_id) && Date.parse(one.expires_at) > Date.now())
    .sort((one, other) => Date.parse(one.expires_at) - Date.parse(other.expires_at));
}

/** Take the next one: from now on it is used, whatever comes of it. */
export function takeChallenge(projectId: string): Challenge | null {
  const next = challengesAhead(projectId)[0];
  if (next === undefined) return null;
  keep("challenges-used", [...(kept<readonly string[]>("challenges-used")?.value ?? []), next.challenge_id].slice(-50));
  return next;
}

/** Fetch what is missing, for somebody who agreed to face checks. Throws Refused, or TypeError without network. */
export async function fetchChallenges(projectId: string): Promise<void> {
  if (challengesAhead(projectId).length >= ENOUGH) return;
  const { challenges } = await http.ask("post", "/mobile/v1/liveness/challenges-ahead", { body: { project_id: projectId } });
  const plain = challenges.map(({ challenge_id, nonce, steps, expires_at }) => ({ challenge_id, nonce, steps: steps.map((one) => one.step), expires_at }));
  keep(place(projectId), plain);
}

/** The person no longer agrees to face checks. */
export function dropChallenges(): void {
  for (const one of pack.value?.projects ?? []) drop(place(one.project_id));
}
