/** Figures that the API gives, as what the map shows. */

import type { Feature, FeatureCollection, Geometry } from "geojson";

import type { Http } from "../../src/shared/http.js";
import type { Look } from "./board.js";
import { boxOf, type Box } from "./looks.js";

/** All of China, where every fence lies. */
const EVERYWHERE = "73,3,135.5,54";
/** To half a pixel at this zoom: some 5 m, enough for seeing where fences lie. */
const OVERVIEW_ZOOM = 14;

export const NOTHING: FeatureCollection = { type: "FeatureCollection", features: [] };

export function looking(look: Look, geometry: Geometry): Feature {
  return { type: "Feature", properties: { look }, geometry };
}

export function joined(...features: readonly (readonly Feature[])[]): FeatureCollection {
  return { type: "FeatureCollection", features: features.flat() };
}

/** Area and centreline of a version, exactly. */
export async function versionFeatures(http: Http, project_id: string, fence_id: string, number: number, look: Look): Promise<Feature[]> {
  const path = { project_id, fence_id, number };
  const answer = await http.send("get", "/admin/v1/projects/{project_id}/fences/{fence_id}/versions/{number}/geojson", {
    path,
    query: { crs: "wgs84" },
  });
  const told = (await answer.json()) as FeatureCollection;
  return told.features.map((one) => looking(one.properties?.["role"] === "alignment" ? "axis" : look, one.geometry));
}

/** Fences of a project in force and, lighter, its drafts. */
export async function projectFeatures(http: Http, project_id: string): Promise<Feature[]> {
  const query = { bbox: EVERYWHERE, zoom: OVERVIEW_ZOOM, project_id, drafts_of: project_id };
  const answer = await http.send("get", "/admin/v1/fence-map", { query });
  const told = (await answer.json()) as FeatureCollection;
  return told.features.map((one) => {
    const isInForce = one.properties?.["state"] === "published";
    return looking(one.properties?.["part"] === "axis" ? "axis" : isInForce ? "version" : "in_force", one.geometry);
  });
}

function positionsOf(geometry: Geometry): number[][] {
  if (geometry.type === "GeometryCollection") return geometry.geometries.flatMap(positionsOf);
  const found: number[][] = [];
  const gather = (part: unknown): void => {
    if (!Array.isArray(part)) return;
    if (typeof part[0] === "number") found.push(part as number[]);
    else for (const one of part) gather(one);
  };
  gather(geometry.coordinates);
  return found;
}

/** The box around features; null without any. */
export function boxOfFeatures(features: readonly Feature[]): Box | null {
  return boxOf(features.flatMap((one) => positionsOf(one.geometry)));
}
