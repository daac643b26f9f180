/** An alignment of the project for the eye: labels along it, pieces of it. What is stored is cut by the server (geofences/stationing.py). Pure. */

import type { components } from "../../generated/api.js";
import { chainageLabel, step, type Position } from "./ground.js";

type Geometry = components["schemas"]["AlignmentGeometryAnswer"];

/** A part between two breaks: continuous chainages of its ends, and the number of the label at its beginning. */
interface Branch {
  readonly mark: string;
  readonly from_m: number;
  readonly to_m: number;
  readonly label_m: number;
}

export interface Line {
  readonly alignment_id: string;
  readonly version: number;
  readonly name: string;
  readonly prefix: string;
  readonly branches: readonly Branch[];
  readonly points: readonly Position[];
  readonly chainages: readonly number[];
}

const LABEL = /^([A-Z]{0,4}K)(\d{1,4})\+(\d{3}(?:\.\d{1,3})?)\(?([A-Z]{0,2})\)?$/;
const WIDE: Readonly<Record<string, string>> = { "＋": "+", "（": "(", "）": ")", "．": "." };
/** Half of a label's last digit, as the server has it. */
const ROUNDED_M = 0.0005001;

function parted(label: string): { readonly prefix: string; readonly metres: number; readonly mark: string } | null {
  const plain = label.replaceAll(/\s/g, "").toUpperCase().replaceAll(/[＋（）．]/g, (sign) => WIDE[sign] as string);
  const found = LABEL.exec(plain);
  return found === null ? null : { prefix: found[1] as string, metres: Number(found[2]) * 1000 + Number(found[3]), mark: found[4] as string };
}

export function lineOf(alignment_id: string, name: string, prefix: string, { version, coordinates }: Geometry): Line {
  const branches = version.line.branches.map((one) => ({ ...one, label_m: parted(one.begin)?.metres ?? one.from_m }));
  const points = coordinates.map((at): Position => [at[0] as number, at[1] as number]);
  return { alignment_id, version: version.number, name, prefix, branches, points, chainages: coordinates.map((at) => at[2] as number) };
}

export const startOf = (line: Line): number => line.chainages[0] as number;
export const endOf = (line: Line): number => line.chainages.at(-1) as number;

const stands = (branch: Branch, label_m: number): boolean =>
  label_m >= branch.label_m - ROUNDED_M && label_m <= branch.label_m + branch.to_m - branch.from_m + ROUNDED_M;

/** The label of a continuous chainage; at a break that of the part ahead, as the end of a range that of the part behind. */
export function labelOf(line: Line, chainage_m: number, isEnd = false): string {
  const held = Math.min(Math.max(chainage_m, startOf(line)), endOf(line));
  const behind = isEnd ? line.branches.find((one) => one.to_m === held) : undefined;
  const branch = behind ?? [...line.branches].reverse().find((one) => held >= one.from_m) ?? (line.branches[0] as Branch);
  const label_m = Math.round((branch.label_m + held - branch.from_m) * 1000) / 1000;
  const isTwice = line.branches.filter((one) => stands(one, label_m)).length > 1;
  // Always with its decimals: the server's own spelling.
  const spoken = chainageLabel(label_m).slice(1);
  return `${line.prefix}${spoken.includes(".") ? spoken : `${spoken}.000`}${isTwice ? branch.mark : ""}`;
}

/** Why a label says no chainage: it is none of this line, it stands nowhere on it, or at several places (told). */
export type Unread = { readonly why: "no_label" | "nowhere" } | { readonly why: "twice"; readonly meant: readonly string[] };

/** The continuous chainage that a label means. */
export function chainageOf(line: Line, label: string): number | Unread {
  const asked = parted(label);
  if (asked === null || asked.prefix !== line.prefix) return { why: "no_label" };
  const found = line.branches.filter((one) => stands(one, asked.metres));
  const meant = asked.mark === "" ? found : found.filter((one) => one.mark === asked.mark);
  if (meant.length > 1) return { why: "twice", meant: meant.map((one) => `${label.trim()}${one.mark}`) };
  const [only] = meant;
  if (only === undefined) return { why: "nowhere" };
  return Math.min(Math.max(only.from_m + asked.metres - only.label_m, only.from_m), only.to_m);
}

/** The place of a chainage; beyond an end it is that end. */
export function placeAt(line: Line, chainage_m: number): Position {
  const last = line.chainages.length - 1;
  let after = line.chainages.findIndex((one) => one >= chainage_m);
  if (after === -1) after = last;
  if (after === 0) return line.points[0] as Position;
  const [begin, end] = [line.chainages[after - 1] as number, line.chainages[after] as number];
  const share = Math.min(1, (chainage_m - begin) / (end - begin));
  const [a, b] = [line.points[after - 1] as Position, line.points[after] as Position];
  return [a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share];
}

/** The piece of a line between two chainages. */
export function cut(line: Line, from_m: number, to_m: number): Position[] {
  const inner = line.points.filter((_, place) => (line.chainages[place] as number) > from_m && (line.chainages[place] as number) < to_m);
  return [placeAt(line, from_m), ...inner, placeAt(line, to_m)];
}

/** Where a position lies beside a path with a measure at its points: that measure, and metres to the left of it (right: negative). */
export function beside(points: readonly Position[], measures: readonly number[], at: Position): { readonly along_m: number; readonly left_m: number } {
  let found = { along_m: measures[0] as number, left_m: 0 };
  let nearest = Infinity;
  for (let place = 1; place < points.length; place += 1) {
    const from = points[place - 1] as Position;
    const [x, y] = step(from, points[place] as Position);
    const [dx, dy] = step(from, at);
    const square = x * x + y * y;
    if (square === 0) continue;
    const share = Math.min(1, Math.max(0, (dx * x + dy * y) / square));
    const away = Math.hypot(dx - share * x, dy - share * y);
    if (away >= nearest) continue;
    nearest = away;
    const [begin, end] = [measures[place - 1] as number, measures[place] as number];
    found = { along_m: begin + (end - begin) * share, left_m: (x * dy - y * dx) / Math.sqrt(square) };
  }
  return found;
}
