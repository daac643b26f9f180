/** Handles of a corridor's measures: half-widths, where a stretch of widths begins, and the ends on an alignment. Pure. */

import { along, metresPerDegree, step, type Position } from "./ground.js";
import { axisOf, type Plan, type Width } from "./plan.js";
import { beside, endOf, labelOf, startOf } from "./stations.js";

export type Grip = "left" | "right" | "from" | "begin" | "end";

export interface Handle {
  /** Stays the same while the handle is moved. */
  readonly name: string;
  readonly grip: Grip;
  readonly place: number;
  readonly at: Position;
  readonly value: number;
  readonly least: number;
  readonly most: number;
  /** The value as it is said where a number does not say it: a chainage. */
  readonly label: string | null;
}

const LEAST_M = 0.5;
const MOST_M = 500;
/** Stretches and corridors are at least so long. */
const SHORTEST_M = 1;
/** Of a stretch in view, handles of its widths stay off its ends by this share. */
const OFF_ENDS = 0.15;

const held = (value: number, least: number, most: number): number => Math.min(Math.max(value, least), most);

/** The unit vector [east, north] to the left of a path at a measure. */
function leftAt(points: readonly Position[], measures: readonly number[], metres: number): Position {
  const last = points.length - 1;
  let after = measures.findIndex((one) => one > metres);
  if (after <= 0) after = after === 0 ? 1 : last;
  const [x, y] = step(points[after - 1] as Position, points[after] as Position);
  const length = Math.hypot(x, y) || 1;
  return [-y / length, x / length];
}

function moved(at: Position, [east, north]: Position, metres: number): Position {
  const [perLon, perLat] = metresPerDegree(at[1]);
  return [at[0] + (east * metres) / perLon, at[1] + (north * metres) / perLat];
}

/** The handles of a plan; those of a stretch's widths stand as near to `middle` as it allows. */
export function handlesOf(plan: Plan, middle: Position): Handle[] {
  const axis = axisOf(plan);
  if (axis === null) return [];
  const { points, measures } = axis;
  const length = measures.at(-1) as number;
  const { on } = plan;
  const nearest = beside(points, measures, middle).along_m;
  const made: Handle[] = [];
  for (const [place, width] of plan.widths.entries()) {
    const until = Math.min(plan.widths[place + 1]?.from_m ?? length, length);
    if (until <= width.from_m) continue;
    const off = (until - width.from_m) * OFF_ENDS;
    const metres = held(nearest, width.from_m + off, until - off);
    const at = along(points, measures, metres);
    const left = leftAt(points, measures, metres);
    const size = { place, least: LEAST_M, most: MOST_M, label: null };
    made.push({ ...size, name: `left-${place}`, grip: "left", at: moved(at, left, width.left_m), value: width.left_m });
    made.push({ ...size, name: `right-${place}`, grip: "right", at: moved(at, left, -width.right_m), value: width.right_m });
    if (place === 0) continue;
    const least = (plan.widths[place - 1] as Width).from_m + SHORTEST_M;
    const label = on === null ? null : labelOf(on.line, on.from_m + width.from_m);
    made.push({ name: `from-${place}`, grip: "from", place, at: along(points, measures, width.from_m), value: width.from_m, least, most: until - SHORTEST_M, label });
  }
  if (on !== null) {
    const lastWidth = plan.widths.at(-1)?.from_m ?? 0;
    const first = (plan.widths[1]?.from_m ?? length) - SHORTEST_M;
    made.push({
      name: "begin", grip: "begin", place: 0, at: points[0] as Position, value: on.from_m,
      least: startOf(on.line), most: on.from_m + first, label: labelOf(on.line, on.from_m),
    });
    made.push({
      name: "end", grip: "end", place: 0, at: points.at(-1) as Position, value: on.to_m,
      least: on.from_m + lastWidth + SHORTEST_M, most: endOf(on.line), label: labelOf(on.line, on.to_m, true),
    });
  }
  return made;
}

/** The value that a handle has when it is dragged to a position: half-widths to half a metre, places to a metre. */
export function valueAt(plan: Plan, handle: Handle, at: Position): number {
  const { on } = plan;
  if ((handle.grip === "begin" || handle.grip === "end") && on !== null) {
    return Math.round(beside(on.line.points, on.line.chainages, at).along_m);
  }
  const axis = axisOf(plan);
  if (axis === null) return handle.value;
  const { along_m, left_m } = beside(axis.points, axis.measures, at);
  if (handle.grip === "from") return Math.round(along_m);
  return Math.round((handle.grip === "left" ? left_m : -left_m) * 2) / 2;
}

/** The plan with a handle's value changed; it is held between what the handle allows. */
export function withValue(plan: Plan, handle: Handle, wanted: number): Plan {
  const value = held(wanted, handle.least, handle.most);
  const { on } = plan;
  const widths = (change: Partial<Width>): Plan => ({
    ...plan,
    widths: plan.widths.map((one, place) => (place === handle.place ? { ...one, ...change } : one)),
  });
  switch (handle.grip) {
    case "left":
      return widths({ left_m: value });
    case "right":
      return widths({ right_m: value });
    case "from":
      return widths({ from_m: value });
    case "begin":
      if (on === null) return plan;
      // Stretches keep their place on the ground: they are measured from the beginning.
      return {
        ...plan,
        on: { ...on, from_m: value },
        widths: plan.widths.map((one, place) => (place === 0 ? one : { ...one, from_m: one.from_m - (value - on.from_m) })),
      };
    case "end":
      return on === null ? plan : { ...plan, on: { ...on, to_m: value } };
  }
}
