/** The desk's live feed, and how a screen keeps up with it. */

import { onScopeDispose } from "vue";

import { LiveFeed, type Happening } from "../src/shared/live.js";
import { spaced } from "./spacing.js";
import { http } from "./state.js";

export const live = new LiveFeed(http);

/** A row can be missed now and then (docs/live-feed.md): load anew all the same. */
const ANEW_MS = 5 * 60_000;

const overhearing = new Set<() => void>();

/** Be told of alerts while a screen has the feed open anyway; this opens none. Ends with the scope that calls it. */
export function overhear(told: () => void): void {
  overhearing.add(told);
  onScopeDispose(() => overhearing.delete(told));
}

/** Load anew, spaced, when something happens that concerns the screen that calls this, and now and then. */
export function keepUp(concerns: (happened: Happening) => boolean, load: () => Promise<unknown>): void {
  const { plan, stop: rest } = spaced(load);
  const stop = live.follow((happened) => {
    if (happened === "lost" || concerns(happened)) plan();
    if (happened === "lost" || happened.kind === "alert") overhearing.forEach((told) => told());
  });
  const anew = setInterval(plan, ANEW_MS);
  onScopeDispose(() => {
    stop();
    clearInterval(anew);
    rest();
  });
}
