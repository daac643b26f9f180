/** Compares versions of apps. */

/** Tell whether a version, numbers with points between them, is below another one; what follows the numbers is passed over. */
export function isOlder(version: string, least: string): boolean {
  const own = numbers(version);
  const wanted = numbers(least);
  for (let place = 0; place < Math.max(own.length, wanted.length); place += 1) {
    const difference = (own[place] ?? 0) - (wanted[place] ?? 0);
    if (difference !== 0) return difference < 0;
  }
  return false;
}

function numbers(version: string): number[] {
  return (/^[0-9]+(?:\.[0-9]+)*/.exec(version)?.[0] ?? "0").split(".").map(Number);
}
