/** Finds the corner, or else the edge, of what is shown that the pointer is near to. Pure. */

import type { FeatureCollection, Geometry } from "geojson";

import type { Position } from "./ground.js";

export type Path = readonly (readonly number[])[];

function pathsOf(geometry: Geometry): Path[] {
  switch (geometry.type) {
    case "LineString":
      return [geometry.coordinates];
    case "MultiLineString":
    case "Polygon":
      return geometry.coordinates;
    case "MultiPolygon":
      return geometry.coordinates.flat();
    case "GeometryCollection":
      return geometry.geometries.flatMap(pathsOf);
    default:
      return [];
  }
}

export const pathsIn = (shown: FeatureCollection): Path[] => shown.features.flatMap((one) => pathsOf(one.geometry));

/** The nearest corner within reach, else the nearest place of an edge, else null. The reach is degrees [east, north]. */
export function snapped(at: Position, paths: readonly Path[], [reachX, reachY]: Position): Position | null {
  let corner: Position | null = null;
  let edge: Position | null = null;
  let [toCorner, toEdge] = [1, 1];
  // In units of the reach: a circle on the ground is a circle here.
  const apart = (x: number, y: number): number => Math.hypot((x - at[0]) / reachX, (y - at[1]) / reachY);
  for (const path of paths) {
    for (let place = 0; place < path.length; place += 1) {
      const [x, y] = path[place] as [number, number];
      const away = apart(x, y);
      if (away < toCorner) [toCorner, corner] = [away, [x, y]];
      if (place === 0) continue;
      const [x0, y0] = path[place - 1] as [number, number];
      if (Math.max(x, x0) < at[0] - reachX || Math.min(x, x0) > at[0] + reachX) continue;
      if (Math.max(y, y0) < at[1] - reachY || Math.min(y, y0) > at[1] + reachY) continue;
      const [ex, ey] = [(x - x0) / reachX, (y - y0) / reachY];
      const square = ex * ex + ey * ey;
      if (square === 0) continue;
      const share = Math.min(1, Math.max(0, (((at[0] - x0) / reachX) * ex + ((at[1] - y0) / reachY) * ey) / square));
      const foot: Position = [x0 + (x - x0) * share, y0 + (y - y0) * share];
      const off = apart(...foot);
      if (off < toEdge) [toEdge, edge] = [off, foot];
    }
  }
  return corner ?? edge;
}
