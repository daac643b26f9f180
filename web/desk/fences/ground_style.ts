/** What the map looks like: the base map if there is one, paper, grid, shown figures, strips. */

import type { FeatureCollection } from "geojson";
import type { StyleSpecification } from "maplibre-gl";
import type { HexColor } from "terra-draw";

import { groundSources, type BaseMap } from "./ground_tiles.js";
import type { Role } from "./plan.js";

/** What a shown figure is, in the property `look` of its feature. */
export type Look = "in_force" | "version" | "gained" | "lost" | "axis";

export const COLOURS: Readonly<Record<Role, HexColor>> = { outer: "#0b6e99", hole: "#b3261e", line: "#0b3d5c", area: "#6a4c93", centre: "#0b3d5c" };
const LOOKS: Readonly<Record<Look, string>> = { in_force: "#44606e", version: "#0b6e99", gained: "#1a7f37", lost: "#b3261e", axis: "#0b3d5c" };
const EMPTY: FeatureCollection = { type: "FeatureCollection", features: [] };
const doubling = (name: string): unknown => ["interpolate", ["exponential", 2], ["zoom"], 0, ["get", name], 24, ["*", ["get", name], 2 ** 24]];
const byLook = (values: Readonly<Record<Look, unknown>>): unknown => [
  "match",
  ["get", "look"],
  ...Object.entries(values).flat(),
  values.version,
];

/** Names of the base map's layers, lowest first. */
export const groundLayers = (base: BaseMap | null): string[] => (base?.tiles ?? []).map((_, place) => `ground-${place}`);

export function style(base: BaseMap | null): StyleSpecification {
  // Strips are far longer than they are wide: simplified as usual they lose whole bends.
  const source = { type: "geojson" as const, data: EMPTY, tolerance: 0 };
  const names = groundLayers(base);
  const sources = base === null ? [] : groundSources(base);
  return {
    version: 8,
    sources: { ...Object.fromEntries(sources.map((one, place) => [names[place], one])), grid: source, shown: source, strips: source },
    layers: [
      { id: "paper", type: "background", paint: { "background-color": "#f7f9fa" } },
      ...names.map((name) => ({ id: name, type: "raster" as const, source: name, paint: { "raster-fade-duration": 0 } })),
      { id: "grid", type: "line", source: "grid", paint: { "line-color": ["case", ["get", "strong"], "#c3d0d8", "#e1e8ec"] } },
      {
        id: "shown-areas",
        type: "fill",
        source: "shown",
        filter: ["==", ["geometry-type"], "Polygon"],
        paint: {
          "fill-color": byLook(LOOKS) as string,
          "fill-opacity": byLook({ in_force: 0.1, version: 0.2, gained: 0.35, lost: 0.35, axis: 0 }) as number,
        },
      },
      {
        id: "shown-edges",
        type: "line",
        source: "shown",
        filter: ["!=", ["get", "look"], "in_force"],
        paint: { "line-color": byLook(LOOKS) as string, "line-width": 2 },
      },
      {
        id: "shown-in-force",
        type: "line",
        source: "shown",
        filter: ["==", ["get", "look"], "in_force"],
        paint: { "line-color": LOOKS.in_force, "line-width": 2, "line-dasharray": [3, 2] },
      },
      {
        id: "strip",
        type: "line",
        source: "strips",
        filter: ["all", ["==", ["geometry-type"], "LineString"], ["!", ["has", "axis"]]],
        layout: { "line-join": "miter" },
        paint: {
          "line-color": COLOURS.outer,
          "line-opacity": 0.25,
          "line-width": doubling("width_px") as number,
          "line-offset": doubling("offset_px") as number,
        },
      },
      {
        id: "on-alignment",
        type: "line",
        source: "strips",
        filter: ["has", "axis"],
        paint: { "line-color": COLOURS.line, "line-width": 3 },
      },
      {
        id: "disc",
        type: "fill",
        source: "strips",
        filter: ["==", ["geometry-type"], "Polygon"],
        paint: { "fill-color": COLOURS.outer, "fill-opacity": 0.25, "fill-outline-color": COLOURS.outer },
      },
    ],
  };
}
