/** What is derived from a plan for the eye: strip, disc, chainage labels, and the grid beneath. Pure. */

import type { Feature, FeatureCollection } from "geojson";

import { along, chainageLabel, disc, metresPerDegree, niceAbove, type Position } from "./ground.js";
import { axisOf, lineLength, pieceOf, type Plan } from "./plan.js";
import { labelOf } from "./stations.js";

export interface Box {
  readonly west: number;
  readonly south: number;
  readonly east: number;
  readonly north: number;
}

export interface Label {
  readonly at: Position;
  readonly text: string;
}

const EQUATOR_M = 2 * Math.PI * 6_378_137;
const TILE_PX = 512;
const LABEL_EVERY_PX = 110;
const GRID_EVERY_PX = 70;
/** So much of the way to the next label stays free at the ends. */
const CLEAR = 0.6;

/** Metres that a pixel spans at a zoom and latitude. */
export function metresPerPixel(zoom: number, lat: number): number {
  return (EQUATOR_M * Math.cos((lat * Math.PI) / 180)) / (TILE_PX * 2 ** zoom);
}

const coordinates = (points: readonly Position[]): number[][] => points.map((at) => [...at]);

/**
 * Strip and disc as features. A strip's stretch is a line with `width_px` and `offset_px` (to the right) as at zoom 0, which
 * the map doubles with every zoom: what is seen while drawing; what is judged by is made by the server.
 */
export function strips(plan: Plan): FeatureCollection {
  const features: Feature[] = [];
  const centre = plan.figures.find((one) => one.role === "centre")?.points[0];
  if (plan.kind === "circle" && centre !== undefined && plan.radius_m > 0) {
    const ring = coordinates(disc(centre, plan.radius_m));
    features.push({ type: "Feature", properties: {}, geometry: { type: "Polygon", coordinates: [ring] } });
  }
  const length = lineLength(plan);
  const widths = [...plan.widths].sort((a, b) => a.from_m - b.from_m);
  for (const [place, width] of widths.entries()) {
    const end = Math.min(widths[place + 1]?.from_m ?? length, length);
    if (end <= width.from_m) continue;
    const part = pieceOf(plan, width.from_m, end);
    const perMetre = 1 / metresPerPixel(0, (part[0] as Position)[1]);
    features.push({
      type: "Feature",
      properties: {
        width_px: (width.left_m + width.right_m) * perMetre,
        offset_px: ((width.right_m - width.left_m) / 2) * perMetre,
      },
      geometry: { type: "LineString", coordinates: coordinates(part) },
    });
  }
  return { type: "FeatureCollection", features };
}

/** Chainages along a plan's centreline, so far apart that they can be read; only those within a box, the ends always. */
export function chainageLabels(plan: Plan, zoom: number, box: Box): Label[] {
  const axis = axisOf(plan);
  if (axis === null) return [];
  const { points, measures } = axis;
  const length = measures.at(-1) as number;
  const { on, start_m } = plan;
  const first_m = on === null ? start_m : on.from_m;
  const every = niceAbove(LABEL_EVERY_PX * metresPerPixel(zoom, (points[0] as Position)[1]));
  const labels: Label[] = [];
  const add = (metres: number): void => {
    const at = along(points, measures, metres);
    if (at[0] < box.west || at[0] > box.east || at[1] < box.south || at[1] > box.north) return;
    labels.push({ at, text: on === null ? chainageLabel(metres + start_m) : labelOf(on.line, on.from_m + metres, metres === length).replace(/\.000/, "") });
  };
  add(0);
  for (let mark = Math.ceil((first_m + every * CLEAR) / every) * every; mark - first_m < length - every * CLEAR; mark += every) {
    add(mark - first_m);
  }
  add(length);
  return labels;
}

/** Lines of a grid in metres, and how far they are apart. It stays where it is while the map is moved. */
export function grid(box: Box, zoom: number): { readonly lines: FeatureCollection; readonly every_m: number } {
  // One measure for a tenth of a degree: at its edges the squares are off by less than a pixel in a hundred.
  const lat = Math.round(((box.south + box.north) / 2) * 10) / 10;
  const every_m = niceAbove(GRID_EVERY_PX * metresPerPixel(zoom, lat));
  const [east, north] = metresPerDegree(lat);
  const [across, up] = [every_m / east, every_m / north];
  const features: Feature[] = [];
  const add = (from: Position, to: Position, isStrong: boolean): void => {
    features.push({
      type: "Feature",
      properties: { strong: isStrong },
      geometry: { type: "LineString", coordinates: coordinates([from, to]) },
    });
  };
  for (let n = Math.ceil(box.west / across); n * across <= box.east; n += 1) {
    add([n * across, box.south], [n * across, box.north], n % 5 === 0);
  }
  for (let n = Math.ceil(box.south / up); n * up <= box.north; n += 1) {
    add([box.west, n * up], [box.east, n * up], n % 5 === 0);
  }
  return { lines: { type: "FeatureCollection", features }, every_m };
}

/** The box around positions; null without any. */
export function boxOf(points: readonly (readonly number[])[]): Box | null {
  if (points.length === 0) return null;
  const lons = points.map((at) => at[0] as number);
  const lats = points.map((at) => at[1] as number);
  const least = (numbers: readonly number[]): number => numbers.reduce((a, b) => Math.min(a, b));
  const most = (numbers: readonly number[]): number => numbers.reduce((a, b) => Math.max(a, b));
  return { west: least(lons), south: least(lats), east: most(lons), north: most(lats) };
}

/** The box around a plan with its widths; null where nothing is drawn. */
export function boxOfPlan(plan: Plan): Box | null {
  const points: (readonly number[])[] = plan.figures.flatMap((one) => (one.role === "centre" ? disc(one.points[0] as Position, plan.radius_m, 8) : one.points));
  return boxOf([...points, ...(plan.on === null ? [] : (axisOf(plan)?.points ?? []))]);
}

