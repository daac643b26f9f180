/** Spaces loads: what is wanted in a burst is loaded once, never twice at once, and with a rest after each load. */

/** What happens in a burst is loaded once. */
const BURST_MS = 300;
/** After a load comes a rest, never shorter than this … */
const LEAST_REST_MS = 2000;
/** … nor than so many times what the load took, up to a while: a large city's board must not be asked for all the time. */
const TIMES_TAKEN = 4;
const MOST_REST_MS = 15_000;

/** How long nothing is loaded after a load that took so many milliseconds. */
export function restAfter(tookMs: number): number {
  return Math.min(MOST_REST_MS, Math.max(LEAST_REST_MS, TIMES_TAKEN * tookMs));
}

export interface Spaced {
  /** Load soon: at once after the burst, or when the rest is over. */
  plan(): void;
  /** Load no more; what is under way comes to its end. */
  stop(): void;
}

/** Space a load; one that fails is its caller's to tell, and rests as well. */
export function spaced(load: () => Promise<unknown>): Spaced {
  let isWaiting = false;
  let isLoading = false;
  let isOver = false;
  let nextAt = -Infinity;
  let timer: ReturnType<typeof setTimeout> | undefined;

  function plan(): void {
    if (isOver) return;
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
      const endedAt = performance.now();
      nextAt = endedAt + restAfter(endedAt - begunAt);
      isLoading = false;
      if (isWaiting) plan();
    }
  }

  function stop(): void {
    isOver = true;
    clearTimeout(timer);
  }

  return { plan, stop };
}
