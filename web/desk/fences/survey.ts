/** What a file with fences was found to hold, as figures for the map. Pure. */

import type { Feature, Geometry } from "geojson";

import type { components } from "../../generated/api.js";
import { shownFrom } from "./datums.js";
import { disc, type Position } from "./ground.js";
import { looking } from "./shown.js";

export type Survey = components["schemas"]["SurveyAnswer"];
type SurveyFigure = Survey["figures"][number];

const SYSTEMS = ["wgs84", "cgcs2000", "gcj02", "bd09", "EPSG:4547", "EPSG:4546", "EPSG:4526"] as const;
export const OFFERED_SYSTEMS: readonly string[] = SYSTEMS;

function rectangle({ west, south, east, north }: components["schemas"]["Bounds"]): Geometry {
  return { type: "Polygon", coordinates: [[[west, south], [east, south], [east, north], [west, north], [west, south]]] };
}

function drawn(figure: SurveyFigure, move: (at: Position) => Position): Feature[] {
  const { shape } = figure;
  if (shape === null) return [];
  const place = (points: readonly (readonly number[])[]): number[][] => points.map((at) => [...move([at[0] as number, at[1] as number])]);
  if (shape.kind === "polygon") {
    return shape.coordinates.map((rings) => looking("version", { type: "Polygon", coordinates: rings.map(place) }));
  }
  if (shape.kind === "corridor") return [looking("axis", { type: "LineString", coordinates: place(shape.coordinates) })];
  if (shape.kind === "aligned_corridor") return [];
  const centre = move(shape.coordinates);
  return [looking("version", { type: "Polygon", coordinates: [disc(centre, shape.radius_m).map((at) => [...at])] })];
}

/** The figures where they would lie; of systems that only the server converts, the boxes around them. */
export function surveyFeatures(survey: Survey): Feature[] {
  const move = survey.crs === null ? null : shownFrom(survey.crs);
  return survey.figures.flatMap((figure) => {
    const exact = move === null ? [] : drawn(figure, move);
    if (exact.length > 0) return exact;
    return figure.bounds === null ? [] : [looking("version", rectangle(figure.bounds))];
  });
}

/** Whether every figure can become a fence. */
export function isReady(survey: Survey): boolean {
  return survey.figures.length > 0 && survey.figures.every((one) => one.shape !== null && one.problem === null);
}
