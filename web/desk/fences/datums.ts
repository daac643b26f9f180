/** GCJ-02 to WGS-84 for what is shown; what is stored is converted by the server (geofences/map_datums.py). Pure. */

import type { Position } from "./ground.js";

const AXIS = 6378245.0;
const ECCENTRICITY2 = 0.00669342162296594323;
const BOX = { west: 72.004, south: 0.8293, east: 137.8347, north: 55.8271 };
/** The error after four steps is below a micrometre, all over China. */
const STEPS = 4;

/** Degrees that GCJ-02 adds to a WGS-84 position: the formula that its public implementations share. */
function displacement([lon, lat]: Position): Position {
  if (lon < BOX.west || lon > BOX.east || lat < BOX.south || lat > BOX.north) return [0, 0];
  const [x, y] = [lon - 105, lat - 35];
  const { PI, sin, cos, sqrt, abs } = Math;
  const shared = ((20 * sin(6 * x * PI) + 20 * sin(2 * x * PI)) * 2) / 3;
  const north =
    -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * sqrt(abs(x)) + shared +
    ((20 * sin(y * PI) + 40 * sin((y / 3) * PI)) * 2) / 3 +
    ((160 * sin((y / 12) * PI) + 320 * sin((y * PI) / 30)) * 2) / 3;
  const east =
    300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * sqrt(abs(x)) + shared +
    ((20 * sin(x * PI) + 40 * sin((x / 3) * PI)) * 2) / 3 +
    ((150 * sin((x / 12) * PI) + 300 * sin((x / 30) * PI)) * 2) / 3;
  const angle = (lat / 180) * PI;
  const magic = 1 - ECCENTRICITY2 * sin(angle) ** 2;
  return [
    (east * 180) / ((AXIS / sqrt(magic)) * cos(angle) * PI),
    (north * 180) / (((AXIS * (1 - ECCENTRICITY2)) / (magic * sqrt(magic))) * PI),
  ];
}

export function gcj02FromWgs84(at: Position): Position {
  const [east, north] = displacement(at);
  return [at[0] + east, at[1] + north];
}

export function wgs84FromGcj02(at: Position): Position {
  let found = at;
  for (let step = 0; step < STEPS; step += 1) {
    const [east, north] = displacement(found);
    found = [at[0] - east, at[1] - north];
  }
  return found;
}

/** What brings positions of a system to WGS-84 for the eye; null: that is left to the server. */
export function shownFrom(crs: string): ((at: Position) => Position) | null {
  if (crs === "wgs84" || crs === "cgcs2000") return (at) => at;
  return crs === "gcj02" ? wgs84FromGcj02 : null;
}
