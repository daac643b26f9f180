/** Where a punch in review was made, as the map shows it: the exact fix stays sealed, its square of the grid is told. */

import type { Feature } from "geojson";

import type { Answer } from "../../src/shared/http.js";
import { metresPerDegree } from "../fences/ground.js";
import { looking } from "../fences/shown.js";

export type PunchMap = Answer<"get", "/admin/v1/projects/{project_id}/punches/{punch_id}/map">;

const CORNER_STEPS = 16;

/** The square that the fix lies in, and all that a circle of the phone's accuracy reaches from anywhere in it. */
export function placeFeatures(map: PunchMap, accuracy_m: number | null): Feature[] {
  if (map.lon === null || map.lat === null) return [];
  const square = around(map.lon, map.lat, map.grid_degrees / 2, 0);
  const found = [looking("in_force", { type: "Polygon", coordinates: [square] })];
  if (accuracy_m !== null && accuracy_m > 0) {
    found.push(looking("lost", { type: "Polygon", coordinates: [around(map.lon, map.lat, map.grid_degrees / 2, accuracy_m)] }));
  }
  return found;
}

/** A square about a place (degrees) with a margin of metres about it, its corners round; closed. */
function around(lon: number, lat: number, half: number, margin_m: number): number[][] {
  const [east, north] = metresPerDegree(lat);
  const ring: number[][] = [];
  for (const [corner, [x, y]] of [[1, 1], [-1, 1], [-1, -1], [1, -1]].entries()) {
    for (let step = 0; step <= CORNER_STEPS; step += 1) {
      const angle = ((corner + step / CORNER_STEPS) * Math.PI) / 2;
      ring.push([lon + (x as number) * half + (margin_m * Math.cos(angle)) / east, lat + (y as number) * half + (margin_m * Math.sin(angle)) / north]);
    }
  }
  return [...ring, ring[0] as number[]];
}
