/** The drawing tool of the map: terra-draw with the modes that figures need, and figures as its features. */

import type { Map as GroundMap } from "maplibre-gl";
import {
  TerraDraw,
  TerraDrawLineStringMode,
  TerraDrawPointMode,
  TerraDrawPolygonMode,
  TerraDrawSelectMode,
  type GeoJSONStoreFeatures,
  type HexColor,
} from "terra-draw";
import { TerraDrawMapLibreGLAdapter } from "terra-draw-maplibre-gl-adapter";

import type { Position } from "./ground.js";
import { COLOURS } from "./ground_style.js";
import { nextId, rounded, type Figure, type Role } from "./plan.js";

const colourOf = (feature: GeoJSONStoreFeatures): HexColor => COLOURS[(feature.properties["role"] as Role | undefined) ?? "outer"];

export function drawingTool(map: GroundMap, drawn: () => HexColor, near: (at: Position) => Position | null): TerraDraw {
  const colour = (feature: GeoJSONStoreFeatures): HexColor => (feature.properties["role"] === undefined ? drawn() : colourOf(feature));
  const toCustom = ({ lng, lat }: { lng: number; lat: number }): [number, number] | undefined => {
    const found = near([lng, lat]);
    return found === null ? undefined : [...rounded(found)];
  };
  const snapping = { toCoordinate: true, toLine: true, toCustom };
  const movable = { feature: { draggable: true, coordinates: { draggable: true, deletable: true, midpoints: true, snappable: { toCustom } } } };
  return new TerraDraw({
    adapter: new TerraDrawMapLibreGLAdapter({ map }),
    idStrategy: { isValidId: (id) => typeof id === "number", getId: nextId },
    modes: [
      new TerraDrawPolygonMode({ snapping, styles: { fillColor: colour, fillOpacity: 0.25, outlineColor: colour, outlineWidth: 2 } }),
      new TerraDrawLineStringMode({ snapping, styles: { lineStringColor: colour, lineStringWidth: 3 } }),
      new TerraDrawPointMode({ styles: { pointColor: colour, pointWidth: 7, pointOutlineWidth: 2, pointOutlineColor: "#ffffff" } }),
      new TerraDrawSelectMode({
        // Figures are taken away with their own button, so that a key cannot lose them.
        keyEvents: null,
        flags: { polygon: movable, linestring: movable, point: movable },
        styles: { selectedPolygonColor: colourOf, selectedPolygonOutlineColor: colourOf, selectedLineStringColor: colourOf },
      }),
    ],
  });
}

export const MODE_OF: Readonly<Record<Role, string>> = { outer: "polygon", hole: "polygon", area: "polygon", line: "linestring", centre: "point" };

export function featureOf(figure: Figure): GeoJSONStoreFeatures {
  const points = figure.points.map((at) => [...at]);
  const properties = { mode: MODE_OF[figure.role], role: figure.role };
  const told = { type: "Feature" as const, id: figure.id, properties };
  if (figure.role === "centre") return { ...told, geometry: { type: "Point", coordinates: points[0] as number[] } };
  if (figure.role === "line") return { ...told, geometry: { type: "LineString", coordinates: points } };
  return { ...told, geometry: { type: "Polygon", coordinates: [[...points, points[0] as number[]]] } };
}

export function pointsOf({ geometry }: GeoJSONStoreFeatures): Position[] {
  if (geometry.type === "Point") return [rounded(geometry.coordinates)];
  if (geometry.type === "LineString") return geometry.coordinates.map(rounded);
  return (geometry.coordinates[0] ?? []).slice(0, -1).map(rounded);
}
