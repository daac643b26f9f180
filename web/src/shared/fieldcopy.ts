/** Reads the copies of fences that phones keep, and measures a position against them, as docs/field-copy.md says. */

/** Longitude and latitude in degrees, WGS-84. */
export type LonLat = readonly [lon: number, lat: number];
/** Metres to the east and to the north of a place. */
export type Metres = readonly [east: number, north: number];

export interface FieldCopy {
  readonly scale: number;
  readonly parts: readonly (readonly (readonly number[])[])[];
  readonly axis: FieldAxis | null;
  readonly deviation_m: number;
}

export interface FieldAxis {
  readonly line: readonly number[];
  readonly chainage_dm: readonly number[];
  readonly prefix?: string;
  readonly branches?: readonly { readonly mark: string; readonly from_m: number; readonly label_m: number }[];
}

/** What a position is to a fence; metres. `toEdge` leads from it to the nearest place of the boundary. */
export interface Placed {
  readonly isInside: boolean;
  readonly distanceM: number;
  readonly toEdge: Metres;
  /** Of the nearest place of the alignment, continuous; null without one. */
  readonly chainageM: number | null;
}

/** Add up `[lon, lat, step_lon, step_lat, …]`. */
export function unrolled(steps: readonly number[], scale: number): LonLat[] {
  const places: LonLat[] = [];
  let lon = 0;
  let lat = 0;
  for (let place = 0; place + 1 < steps.length; place += 2) {
    lon += steps[place] ?? 0;
    lat += steps[place + 1] ?? 0;
    places.push([lon / scale, lat / scale]);
  }
  return places;
}

const AXIS_M = 6_378_137;
const E2 = 0.006_694_379_990_14;
const RADIANS = Math.PI / 180;

/** Return what turns degrees into metres around a place: radii of curvature of the WGS-84 ellipsoid there. */
export function around(centre: LonLat): (place: LonLat) => Metres {
  const sine = Math.sin(centre[1] * RADIANS);
  const curve = 1 - E2 * sine * sine;
  const north = ((AXIS_M * (1 - E2)) / curve ** 1.5) * RADIANS;
  const east = (AXIS_M / Math.sqrt(curve)) * Math.cos(centre[1] * RADIANS) * RADIANS;
  return (place) => [(place[0] - centre[0]) * east, (place[1] - centre[1]) * north];
}

/** The boundary's rings and the alignment in metres around a place; what is drawn and measured. */
export interface Around {
  readonly parts: readonly (readonly (readonly Metres[])[])[];
  readonly axis: readonly Metres[];
}

export function laidAround(copy: FieldCopy, centre: LonLat): Around {
  const metres = around(centre);
  return {
    parts: copy.parts.map((rings) => rings.map((ring) => unrolled(ring, copy.scale).map(metres))),
    axis: copy.axis === null ? [] : unrolled(copy.axis.line, copy.scale).map(metres),
  };
}

/** Measure a position against a fence. */
export function placed(copy: FieldCopy, position: LonLat): Placed {
  const { parts, axis } = laidAround(copy, position);
  let isInside = false;
  let nearest: Metres = [Infinity, Infinity];
  for (const rings of parts) {
    let isWithin = false;
    for (const ring of rings) {
      for (const [from, to] of edges(ring, true)) {
        if (crosses(from, to)) isWithin = !isWithin;
        const foot = nearestOn(from, to).foot;
        if (Math.hypot(...foot) < Math.hypot(...nearest)) nearest = foot;
      }
    }
    isInside ||= isWithin;
  }
  return { isInside, distanceM: Math.hypot(...nearest), toEdge: nearest, chainageM: along(copy, axis) };
}

function along(copy: FieldCopy, axis: readonly Metres[]): number | null {
  if (copy.axis === null) return null;
  const chainages = summed(copy.axis.chainage_dm);
  let [least, found] = [Infinity, 0];
  let place = 0;
  for (const [from, to] of edges(axis, false)) {
    const { foot, share } = nearestOn(from, to);
    const distance = Math.hypot(...foot);
    if (distance < least) {
      const first = chainages[place] ?? 0;
      const next = chainages[place + 1] ?? first;
      [least, found] = [distance, (first + (next - first) * share) / 10];
    }
    place += 1;
  }
  return found;
}

function summed(steps: readonly number[]): number[] {
  let sum = 0;
  return steps.map((step) => (sum += step));
}

function* edges(line: readonly Metres[], isClosed: boolean): Generator<readonly [Metres, Metres]> {
  for (let place = 0; place + 1 < line.length; place += 1) {
    const [from, to] = [line[place], line[place + 1]];
    if (from !== undefined && to !== undefined) yield [from, to];
  }
  const [first, last] = [line[0], line.at(-1)];
  if (isClosed && first !== undefined && last !== undefined) yield [last, first];
}

/** Whether the ray from the origin to the east crosses an edge. */
function crosses(from: Metres, to: Metres): boolean {
  if (from[1] > 0 === to[1] > 0) return false;
  return from[0] + ((0 - from[1]) * (to[0] - from[0])) / (to[1] - from[1]) > 0;
}

/** The place of an edge that is nearest to the origin, and which share of the edge lies before it. */
function nearestOn(from: Metres, to: Metres): { foot: Metres; share: number } {
  const [dx, dy] = [to[0] - from[0], to[1] - from[1]];
  const length = dx * dx + dy * dy;
  const share = length === 0 ? 0 : Math.min(1, Math.max(0, -(from[0] * dx + from[1] * dy) / length));
  return { foot: [from[0] + share * dx, from[1] + share * dy], share };
}

/** Below this the last digit of a label that is told in millimetres decides nothing. */
const ROUNDED_M = 0.000_500_1;

/**
 * Spell a continuous chainage as its label in whole metres, `K3+420`, as geofences/stationing.py does: a label that does
 * not exist is never spelled, and one that stands twice has its branch's mark. How long the last branch is the copy does
 * not tell; it is taken as endless.
 */
export function chainageLabel(axis: FieldAxis, chainageM: number): string {
  const told = axis.branches ?? [];
  const branches = told.map((one, place) => ({ ...one, longM: (told[place + 1]?.from_m ?? Infinity) - one.from_m }));
  const branch = branches.filter((one) => one.from_m <= chainageM).at(-1) ?? branches[0];
  if (branch === undefined) return spelled(axis, chainageM, 0);
  const stands = (label: number) => (one: typeof branch) => label >= one.label_m - ROUNDED_M && label <= one.label_m + one.longM + ROUNDED_M;
  const exact = branch.label_m + Math.min(Math.max(chainageM - branch.from_m, 0), branch.longM);
  let [label, decimals] = [exact, 0];
  for (; decimals < 3; decimals += 1) {
    const unit = 10 ** decimals;
    const near = [Math.round, Math.floor, Math.ceil].map((rounding) => rounding(exact * unit) / unit).find((one) => stands(one)(branch));
    if (near === undefined) continue; // a branch shorter than the unit
    label = near;
    break;
  }
  return spelled(axis, label, decimals) + (branches.filter(stands(label)).length > 1 ? branch.mark : "");
}

function spelled(axis: FieldAxis, metres: number, decimals: number): string {
  const unit = 10 ** decimals;
  const whole = Math.round(metres * unit);
  const [kilometres, rest] = [Math.floor(whole / (1000 * unit)), whole % (1000 * unit)];
  const digits = (rest / unit).toFixed(decimals).padStart(decimals === 0 ? 3 : 4 + decimals, "0");
  return `${axis.prefix ?? "K"}${kilometres}+${digits}`;
}

const POINTS = ["N", "NE", "E", "SE", "S", "SW", "W", "NW"] as const;
export type CompassPoint = (typeof POINTS)[number];

/** The point of the compass to which a way leads. */
export function compassPoint(way: Metres): CompassPoint {
  const turn = Math.round(Math.atan2(way[0], way[1]) / (Math.PI / 4));
  return POINTS[(turn + 8) % 8] ?? "N";
}
