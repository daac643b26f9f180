/** The desk's live feed, and how a screen keeps up with it. */

import { onScopeDispose } from "vue";

import { LiveFeed, type Happening } from "../src/shared/live.js";
import { http } from "./state.js";

export const live = new LiveFeed(http);

/** What happens in a burst is loaded once. */
const BURST_MS = 300;
/** Where much happens, a screen is loaded anew no more often than that … */
const SPACING_MS = 2000;
/** … nor sooner than so many times what it took, up to a while: a large city's board must not be asked for all the time. */
const TIMES_TAKEN = 5;
const MOST_SPACING_MS = 15_000;
/** A row can be missed now and then (docs/live-feed.md): load anew all the same. */
const ANEW_MS = 5 * 60_000;

const overhearing = new Set<() => void>();

/** Be told of alerts while a screen has the feed open anyway; this opens none. Ends with the scope that calls it. */
export function overhear(told: () => void): void {
  overhearing.add(told);
  onScopeDispose(() => overhearing.delete(told));
}

/** Load anew when something happens that concerns the screen that calls this, and now and then; never twice at once. */
export function keepUp(concerns: (happened: Happening) => boolean, load: () => Promise<unknown>): void {
  let isWaiting = false;
  let isLoading = false;
  let nextAt = -Infinity;
  let timer: ReturnType<typeof setTimeout> | undefined;

  function plan(): void {
    isWaiting = true;
    if (timer !== undefined || isLoading) return;
    timer = setTimeout(() => void run(), Math.max(BURST_MS, nextAt - performance.now()));
  }

  async function run(): Promise<void> {
    timer = undefined;
    isWaiting = false;
    isLoading = true;
    const begunAt = performance.now();
    try {
      await load();
    } finally {
      const took = performance.now() - begunAt;
      nextAt = begunAt + Math.min(MOST_SPACING_MS, Math.max(SPACING_MS, TIMES_TAKEN * took));
      isLoading = false;
      if (isWaiting) plan();
    }
  }

  const stop = live.follow((happened) => {
    if (happened === "lost" || concerns(happened)) plan();
    if (happened === "lost" || happened.kind === "alert") overhearing.forEach((told) => told());
  });
  const anew = setInterval(plan, ANEW_MS);
  onScopeDispose(() => {
    stop();
    clearInterval(anew);
    clearTimeout(timer);
    isWaiting = false;
  });
}
