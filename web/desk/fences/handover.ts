/** Hands a plan that was made elsewhere to the editor, once. */

import type { Plan } from "./plan.js";

export interface Brought {
  readonly plan: Plan;
  /** What the one who draws on should know of it. */
  readonly note: string;
}

let brought: Brought | null = null;

export function bring(one: Brought): void {
  brought = one;
}

export function takeBrought(): Brought | null {
  const found = brought;
  brought = null;
  return found;
}
