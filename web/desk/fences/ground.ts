/** Metres on the ground between positions (lon, lat in degrees, WGS-84), good to a millimetre in a kilometre. Pure. */

export type Position = readonly [number, number];

const HALF_AXIS_M = 6_378_137;
const FLATTENING = 1 / 298.257223563;
const ECCENTRICITY2 = FLATTENING * (2 - FLATTENING);
const DEGREE = Math.PI / 180;

/** Metres per degree at a latitude: [along the parallel, along the meridian] (radii of curvature of the ellipsoid). */
export function metresPerDegree(lat: number): readonly [number, number] {
  const sine = Math.sin(lat * DEGREE);
  const root = Math.sqrt(1 - ECCENTRICITY2 * sine * sine);
  return [(HALF_AXIS_M / root) * Math.cos(lat * DEGREE) * DEGREE, ((HALF_AXIS_M * (1 - ECCENTRICITY2)) / root ** 3) * DEGREE];
}

/** East and north in metres from one position to another. */
export function step(from: Position, to: Position): readonly [number, number] {
  const [east, north] = metresPerDegree((from[1] + to[1]) / 2);
  return [(to[0] - from[0]) * east, (to[1] - from[1]) * north];
}

export function distance(from: Position, to: Position): number {
  return Math.hypot(...step(from, to));
}

/** The distance from the first point to each point, in metres. */
export function runs(line: readonly Position[]): number[] {
  const sums = [0];
  for (let place = 1; place < line.length; place += 1) {
    sums.push((sums[place - 1] as number) + distance(line[place - 1] as Position, line[place] as Position));
  }
  return sums;
}

/** The position at a distance from the first point; beyond an end it is that end. */
export function along(line: readonly Position[], sums: readonly number[], metres: number): Position {
  const last = line.length - 1;
  if (metres <= 0 || last < 1) return line[0] as Position;
  let place = 1;
  while (place < last && (sums[place] as number) < metres) place += 1;
  const [a, b] = [line[place - 1] as Position, line[place] as Position];
  const [begin, end] = [sums[place - 1] as number, sums[place] as number];
  const share = end === begin ? 0 : Math.min(1, (metres - begin) / (end - begin));
  return [a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share];
}

/** The piece of a line between two distances from its first point. */
export function piece(line: readonly Position[], from: number, to: number): Position[] {
  const sums = runs(line);
  const inner = line.filter((_, place) => (sums[place] as number) > from && (sums[place] as number) < to);
  return [along(line, sums, from), ...inner, along(line, sums, to)];
}

/** A ring about a centre, closed. */
export function disc(centre: Position, radius: number, corners = 96): Position[] {
  const [east, north] = metresPerDegree(centre[1]);
  const ring: Position[] = [];
  for (let corner = 0; corner <= corners; corner += 1) {
    const angle = ((corner % corners) / corners) * 2 * Math.PI;
    ring.push([centre[0] + (radius * Math.cos(angle)) / east, centre[1] + (radius * Math.sin(angle)) / north]);
  }
  return ring;
}

/** A chainage as it is spoken: K12+345, with millimetres only where there are any. */
export function chainageLabel(metres: number): string {
  const rounded = Math.round(metres * 1000) / 1000;
  const kilometres = Math.floor(rounded / 1000);
  const rest = rounded - kilometres * 1000;
  const [whole, part] = rest.toFixed(3).split(".") as [string, string];
  return `K${kilometres}+${whole.padStart(3, "0")}${part === "000" ? "" : `.${part}`}`;
}

/** The least of 1, 2, 5, 10, … that is not below a number. */
export function niceAbove(least: number): number {
  const power = 10 ** Math.floor(Math.log10(least));
  return ([1, 2, 5].find((one) => one * power >= least * (1 - 1e-9)) ?? 10) * power;
}

/** Whether a position lies in a ring (even-odd). */
export function isInRing(at: Position, ring: readonly Position[]): boolean {
  let isIn = false;
  for (let place = 0, before = ring.length - 1; place < ring.length; before = place, place += 1) {
    const [a, b] = [ring[place] as Position, ring[before] as Position];
    if (a[1] > at[1] !== b[1] > at[1] && at[0] < ((b[0] - a[0]) * (at[1] - a[1])) / (b[1] - a[1]) + a[0]) isIn = !isIn;
  }
  return isIn;
}
