/** Says beforehand where a position lies to the fences of a project; the server decides by the published ones. */

import { chainageLabel, compassPoint, placed, type CompassPoint, type LonLat, type Placed } from "../src/shared/fieldcopy.js";
import type { Position } from "./position.js";
import type { Fence } from "./state.js";

export interface Foreseen {
  readonly kind: "inside" | "edge" | "outside";
  readonly fence: Fence;
  readonly placed: Placed;
  readonly chainage: string | null;
  readonly direction: CompassPoint;
}

/** Measure a position against the fences, and tell of the one that is best for the person; null without any. */
export function foresee(fences: readonly Fence[], position: Position | null): Foreseen | null {
  if (position === null) return null;
  const here: LonLat = [position.lon, position.lat];
  const seen = fences.map((fence) => ({ fence, placed: placed(fence.copy, here) }));
  const best = seen.sort((one, other) => depth(other.placed) - depth(one.placed))[0];
  if (best === undefined) return null;
  const axis = best.fence.copy.axis;
  const chainage = axis === null || best.placed.chainageM === null ? null : chainageLabel(axis, best.placed.chainageM);
  // Within the copy's own error or the position's, neither side is sure.
  const isSure = best.placed.distanceM > Math.max(position.accuracyM, best.fence.copy.deviation_m);
  const kind = isSure ? (best.placed.isInside ? "inside" : "outside") : best.placed.isInside ? "inside" : "edge";
  return { kind, fence: best.fence, placed: best.placed, chainage, direction: compassPoint(best.placed.toEdge) };
}

function depth(one: Placed): number {
  return one.isInside ? one.distanceM : -one.distanceM;
}
