/** What is being drawn: figures and their measures, read from the API's drawings and written as them again. Pure. */

import type { components } from "../../generated/api.js";
import { isInRing, piece, runs, type Position } from "./ground.js";
import { chainageOf, cut, endOf, labelOf, startOf, type Line } from "./stations.js";

type Schemas = components["schemas"];
export type Drawing = Schemas["VersionDetailAnswer"]["shape"];
export type Purpose = Schemas["AreaDrawing"]["purpose"];
export type Kind = "polygon" | "corridor" | "circle";
/** `outer` a boundary, `hole` cut out of it, `line` a centreline, `area` beside a corridor, `centre` of a circle. */
export type Role = "outer" | "hole" | "line" | "area" | "centre";

export interface Figure {
  readonly id: number;
  readonly role: Role;
  /** Rings without their first point at the end. */
  readonly points: readonly Position[];
  readonly name?: string;
  readonly purpose?: Purpose;
}

/** From its beginning to the next one's the corridor is so wide, in metres. */
export interface Width {
  readonly from_m: number;
  readonly left_m: number;
  readonly right_m: number;
}

/** The part of an alignment that a corridor is drawn on, in metres of continuous chainage. */
export interface Stretch {
  readonly line: Line;
  readonly from_m: number;
  readonly to_m: number;
}

export interface Plan {
  readonly kind: Kind;
  /** A corridor's centreline is this, instead of a figure of its own. */
  readonly on: Stretch | null;
  readonly figures: readonly Figure[];
  readonly radius_m: number;
  readonly start_m: number;
  readonly cap: "flat" | "round";
  /** As drawn; null: the same as at the beginning. */
  readonly cap_end: "flat" | "round" | null;
  readonly widths: readonly Width[];
}

export const LEAST_POINTS: Readonly<Record<Role, number>> = { outer: 3, hole: 3, area: 3, line: 2, centre: 1 };
/** What each kind may consist of; the first is needed. */
export const ROLES: Readonly<Record<Kind, readonly Role[]>> = {
  polygon: ["outer", "hole"],
  corridor: ["line", "area", "hole"],
  circle: ["centre"],
};
export const PURPOSES: readonly Purpose[] = ["camp", "portal", "shaft", "spoil_ground", "access_road", "other"];
/** Degrees with these decimals are 0.1 mm; the map's drawing tool takes no more. */
const DECIMALS = 9;

let lastId = 0;
export function nextId(): number {
  lastId += 1;
  return lastId;
}

export function emptyPlan(kind: Kind): Plan {
  return {
    kind,
    on: null,
    figures: [],
    radius_m: 100,
    start_m: 0,
    cap: "flat",
    cap_end: null,
    widths: [{ from_m: 0, left_m: 20, right_m: 20 }],
  };
}

export function rounded(at: readonly number[]): Position {
  return [Number((at[0] as number).toFixed(DECIMALS)), Number((at[1] as number).toFixed(DECIMALS))];
}

/** What may be drawn now: the centreline is no figure where an alignment is it. */
export function rolesOf(plan: Plan): readonly Role[] {
  return plan.on === null ? ROLES[plan.kind] : ROLES[plan.kind].filter((one) => one !== "line");
}

/** Lay a corridor's centreline on an alignment, all of it at first; null: draw one. Widths begin anew where they lie no more. */
export function laidOn(plan: Plan, on: Stretch | null): Plan {
  const figures = on === null ? plan.figures : plan.figures.filter((one) => one.role !== "line");
  const length = on === null ? Infinity : on.to_m - on.from_m;
  const widths = plan.widths.filter((one, place) => place === 0 || one.from_m < length);
  return { ...plan, on, figures, widths };
}

/** Whether all is there that the kind needs. */
export function isWhole(plan: Plan): boolean {
  if (plan.on !== null) return plan.on.to_m > plan.on.from_m;
  return plan.figures.some((one) => one.role === ROLES[plan.kind][0] && one.points.length >= LEAST_POINTS[one.role]);
}

/** The figures that can stand only once are replaced, others are added. */
export function withFigure(plan: Plan, figure: Figure): Plan {
  const isOnly = figure.role === "line" || figure.role === "centre";
  const others = plan.figures.filter((one) => one.id !== figure.id && !(isOnly && one.role === figure.role));
  return { ...plan, figures: [...others, figure] };
}

export function withPoints(plan: Plan, id: number, points: readonly Position[]): Plan {
  return { ...plan, figures: plan.figures.map((one) => (one.id === id ? { ...one, points } : one)) };
}

export function without(plan: Plan, id: number): Plan {
  return { ...plan, figures: plan.figures.filter((one) => one.id !== id) };
}

const closed = (points: readonly Position[]): [number, number][] =>
  [...points, points[0] as Position].map((at) => [at[0], at[1]]);

/** Write a whole plan as the API's drawing. A hole belongs to the first boundary that its first point lies in. */
export function drawingOf(plan: Plan): Drawing {
  const of = (role: Role): Figure[] => plan.figures.filter((one) => one.role === role);
  if (plan.kind === "circle") {
    const at = of("centre")[0]?.points[0] as Position;
    return { kind: "circle", coordinates: [at[0], at[1]], radius_m: plan.radius_m };
  }
  if (plan.kind === "polygon") {
    const outers = of("outer");
    const polygons = outers.map((outer) => [closed(outer.points)]);
    for (const hole of of("hole")) {
      // One that lies in none goes to the first: the server says then what is wrong and where.
      const place = outers.findIndex((outer) => isInRing(hole.points[0] as Position, outer.points));
      polygons[Math.max(place, 0)]?.push(closed(hole.points));
    }
    return { kind: "polygon", coordinates: polygons };
  }
  const widths = [...plan.widths].sort((a, b) => a.from_m - b.from_m);
  const rest = {
    cap: plan.cap,
    cap_end: plan.cap_end,
    areas: of("area").map((one) => ({ coordinates: [closed(one.points)], name: one.name ?? "", purpose: one.purpose ?? "other" })),
    exclusions: of("hole").map((one) => ({ coordinates: [closed(one.points)], name: one.name ?? "" })),
  };
  if (plan.on !== null) {
    const { line, from_m, to_m } = plan.on;
    return {
      kind: "aligned_corridor",
      alignment_id: line.alignment_id,
      alignment_version: line.version,
      begin: from_m === startOf(line) ? null : labelOf(line, from_m),
      end: to_m === endOf(line) ? null : labelOf(line, to_m, true),
      widths: widths.map(({ left_m, right_m, ...one }, place) => ({ begin: place === 0 ? null : labelOf(line, from_m + one.from_m), left_m, right_m })),
      ...rest,
    };
  }
  const line = of("line")[0]?.points ?? [];
  return {
    kind: "corridor",
    coordinates: line.map((at) => [at[0], at[1]]),
    start_m: plan.start_m,
    widths: widths.map((one, place) => ({ ...one, to_m: widths[place + 1]?.from_m ?? null })),
    ...rest,
  };
}

/** Why a drawing can be shown but not taken further here. */
export type Hindrance = "system" | "holes_in_areas" | "point";

/** What keeps a version from being edited here; null: nothing does. CGCS2000 is taken as equal to WGS-84. */
export function hindrance(drawing: Drawing, crs: string): Hindrance | null {
  if (drawing.kind === "point") return "point";
  if (crs !== "wgs84" && crs !== "cgcs2000") return "system";
  if (drawing.kind === "corridor" || drawing.kind === "aligned_corridor") {
    const rings = [...(drawing.areas ?? []), ...(drawing.exclusions ?? [])].map((one) => one.coordinates.length);
    if (rings.some((count) => count !== 1)) return "holes_in_areas";
  }
  return null;
}

type Points = readonly (readonly number[])[];

function opened(ring: Points): Position[] {
  const points = ring.map(rounded);
  const [first, last] = [points[0], points.at(-1)];
  return points.length > 1 && first?.[0] === last?.[0] && first?.[1] === last?.[1] ? points.slice(0, -1) : points;
}

/** The alignment's line that a drawing needs to be read; null: none. */
export function neededLine(drawing: Drawing): { readonly alignment_id: string; readonly version: number } | null {
  if (drawing.kind !== "aligned_corridor") return null;
  return { alignment_id: drawing.alignment_id, version: drawing.alignment_version ?? 1 };
}

function besideStrip(drawing: { readonly areas?: Schemas["AreaDrawing"][]; readonly exclusions?: Schemas["ExclusionDrawing"][] }): Figure[] {
  return [
    ...(drawing.areas ?? []).map((one): Figure => ({
      id: nextId(),
      role: "area",
      points: opened(one.coordinates[0] as unknown as Points),
      name: one.name ?? "",
      purpose: one.purpose,
    })),
    ...(drawing.exclusions ?? []).map((one): Figure => ({
      id: nextId(),
      role: "hole",
      points: opened(one.coordinates[0] as unknown as Points),
      name: one.name ?? "",
    })),
  ];
}

/** Read a drawing that nothing hinders from being edited; a corridor on an alignment needs its line. */
export function planOf(drawing: Drawing, line: Line | null = null): Plan {
  if (drawing.kind === "circle") {
    const at = rounded(drawing.coordinates as unknown as number[]);
    return { ...emptyPlan("circle"), radius_m: drawing.radius_m, figures: [{ id: nextId(), role: "centre", points: [at] }] };
  }
  if (drawing.kind === "polygon") {
    const polygons = drawing.coordinates as unknown as readonly (readonly Points[])[];
    const figures = polygons.flatMap((rings) =>
      rings.map((ring, place): Figure => ({ id: nextId(), role: place === 0 ? "outer" : "hole", points: opened(ring) })),
    );
    return { ...emptyPlan("polygon"), figures };
  }
  if (drawing.kind === "aligned_corridor" && line !== null) {
    const read = (label: string | null | undefined, otherwise: number): number => {
      const found = label == null ? otherwise : chainageOf(line, label);
      if (typeof found !== "number") throw new Error(`${label} is no label of ${line.name}`);
      return found;
    };
    const from_m = read(drawing.begin, startOf(line));
    return {
      ...emptyPlan("corridor"),
      on: { line, from_m, to_m: read(drawing.end, endOf(line)) },
      cap: drawing.cap ?? "flat",
      cap_end: drawing.cap_end ?? null,
      widths: drawing.widths.map((one) => ({ from_m: read(one.begin, from_m) - from_m, left_m: one.left_m, right_m: one.right_m })),
      figures: besideStrip(drawing),
    };
  }
  if (drawing.kind !== "corridor") throw new Error(`a drawing of kind ${drawing.kind} cannot be edited here`);
  const points = (drawing.coordinates as unknown as Points).map(rounded);
  return {
    ...emptyPlan("corridor"),
    start_m: drawing.start_m ?? 0,
    cap: drawing.cap ?? "flat",
    cap_end: drawing.cap_end ?? null,
    widths: drawing.widths.map((one) => ({ from_m: one.from_m ?? 0, left_m: one.left_m, right_m: one.right_m })),
    figures: [{ id: nextId(), role: "line", points }, ...besideStrip(drawing)],
  };
}

/** Positions as text, one a line, longitude first. */
export function spelledPoints(points: readonly Position[]): string {
  return points.map((at) => `${at[0]}, ${at[1]}`).join("\n");
}

/** Read positions, one a line; a number is the line that cannot be read, counted from 1. */
export function readPoints(text: string): Position[] | number {
  const points: Position[] = [];
  for (const [place, line] of text.split("\n").entries()) {
    if (line.trim() === "") continue;
    const numbers = line.trim().split(/[\s,，;；]+/).map(Number);
    if (numbers.length !== 2 || !numbers.every(Number.isFinite)) return place + 1;
    points.push(rounded(numbers));
  }
  return points;
}

/** The centreline with what is measured along it from its beginning, in metres; null without one. */
export function axisOf(plan: Plan): { readonly points: readonly Position[]; readonly measures: readonly number[] } | null {
  if (plan.kind !== "corridor") return null;
  if (plan.on === null) {
    const points = plan.figures.find((one) => one.role === "line")?.points ?? [];
    return points.length < 2 ? null : { points, measures: runs(points) };
  }
  const { line, from_m, to_m } = plan.on;
  if (to_m <= from_m) return null;
  const inner = line.chainages.filter((one) => one > from_m && one < to_m);
  return { points: cut(line, from_m, to_m), measures: [0, ...inner.map((one) => one - from_m), to_m - from_m] };
}

/** The piece of the centreline between two measures along it. */
export function pieceOf(plan: Plan, from_m: number, to_m: number): Position[] {
  if (plan.on !== null) return cut(plan.on.line, plan.on.from_m + from_m, plan.on.from_m + to_m);
  return piece(axisOf(plan)?.points ?? [], from_m, to_m);
}

/** The length of the centreline in metres; 0 without one. */
export function lineLength(plan: Plan): number {
  return axisOf(plan)?.measures.at(-1) ?? 0;
}
