/** How long to wait before the next attempt. */

export const FIRST_MS = 1_000;
export const LONGEST_MS = 300_000;

/**
 * Return the wait after `failures` failed attempts in a row: doubled each time up to five minutes, the upper half of it
 * drawn, so that phones that lost the same network do not come back all at once. `retryAfterMs` is the server's own word,
 * which is never undercut.
 */
export function waitAfter(failures: number, retryAfterMs = 0, random: () => number = Math.random): number {
  const longest = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(failures - 1, 30));
  return Math.max(retryAfterMs, longest / 2 + (random() * longest) / 2);
}
