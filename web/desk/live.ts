/** The desk's live feed, and how a screen keeps up with it. */

import { onScopeDispose } from "vue";

import { LiveFeed, type Happening } from "../src/shared/live.js";
import { http } from "./state.js";

export const live = new LiveFeed(http);

/** What happens in a burst is loaded once. */
const BURST_MS = 300;
/** Where much happens, a screen is loaded anew no more often than that. */
const SPACING_MS = 2000;
/** A row can be missed now and then (docs/live-feed.md): load anew all the same. */
const ANEW_MS = 5 * 60_000;

/** Load anew when something happens that concerns the screen that calls this, and now and then; never twice at once. */
export function keepUp(concerns: (happened: Happening) => boolean, load: () => Promise<unknown>): void {
  let isWaiting = false;
  let isLoading = false;
  let begunAt = -Infinity;
  let timer: ReturnType<typeof setTimeout> | undefined;

  function plan(): void {
    isWaiting = true;
    if (timer !== undefined || isLoading) return;
    timer = setTimeout(() => void run(), Math.max(BURST_MS, begunAt + SPACING_MS - performance.now()));
  }

  async function run(): Promise<void> {
    timer = undefined;
    isWaiting = false;
    isLoading = true;
    begunAt = performance.now();
    try {
      await load();
    } finally {
      isLoading = false;
      if (isWaiting) plan();
    }
  }

  const stop = live.follow((happened) => {
    if (happened === "lost" || concerns(happened)) plan();
  });
  const anew = setInterval(plan, ANEW_MS);
  onScopeDispose(() => {
    stop();
    clearInterval(anew);
    clearTimeout(timer);
    isWaiting = false;
  });
}
