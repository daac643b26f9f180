/** What bulletins say, as the screens show it. Pure. */

import type { components } from "../../generated/api.js";
import type { Chart } from "../evidence/charts.js";
import { count, rate } from "../evidence/told.js";
import { isKey, say } from "../words/index.js";

type Schemas = components["schemas"];
export type Content = Schemas["Content"];
export type DistrictLine = Schemas["DistrictLine"];
export type ProjectLine = Schemas["ProjectLine"];
export type Difference = Schemas["DifferenceLine"];

/** The posts whose rates stand beside that of all key posts. */
export const RANKED_POSTS = ["project_manager", "chief_supervisor", "safety_officer"] as const;
const VALID = "#24527a";
const STILL = "#e0a93f";
const STANDINGS = [
  ["met", "#2f7d55"],
  ["open", "#d29a2b"],
  ["failing", "#b23a32"],
  ["not_due", "#9aa5b1"],
] as const;
const FULL = 10_000;

/** Rates of the districts, and behind each what it would be if all that is open came out valid. */
export function ratesChart(content: Content): Chart {
  const shares = content.districts.map((one) => one.figures.all_posts);
  const still = shares.map((one) => (one.rate === null || one.rate_at_most === null ? null : (one.rate_at_most - one.rate) / 100));
  const isOpen = still.some((one) => one !== null && one > 0);
  const told = shares.map((one) => (one.rate_at_most !== one.rate ? say("bull_from_to", { rate: rate(one.rate), most: rate(one.rate_at_most) }) : rate(one.rate)));
  const bars = [{ name: say("bull_rate"), colour: VALID, values: shares.map((one) => (one.rate === null ? null : one.rate / 100)) }];
  return {
    categories: content.districts.map((one, place) => `${one.name}\n${told[place] ?? ""}`),
    unit: "%",
    most: FULL / 100,
    bars: isOpen ? [...bars, { name: say("bull_still"), colour: STILL, values: still }] : bars,
  };
}

/** Projects of the districts by how they stand. */
export function standingChart(content: Content): Chart {
  return {
    categories: content.districts.map((one) => one.name),
    unit: "",
    bars: STANDINGS.map(([standing, colour]) => ({
      name: say(`bull_${standing}`),
      colour,
      values: content.districts.map((one) => one.figures[standing] || null),
    })),
  };
}

/** Where two editions differ, in words: whose, what, and both values. */
export function toldDifference(one: Difference): { readonly where: string; readonly before: string; readonly after: string } {
  const names = one.path.filter((part) => !/^[0-9a-f-]{36}$/.test(part));
  const words = names.map((part) => (isKey(`bull_at_${part}`) ? say(`bull_at_${part}` as never) : isKey(`post_${part}`) ? say(`post_${part}` as never) : part));
  const last = names.at(-1) ?? "";
  return { where: [...(one.of === null ? [] : [one.of]), ...words].join(" · "), before: toldValue(last, one.before), after: toldValue(last, one.after) };
}

function toldValue(name: string, value: unknown): string {
  if (value === null || value === undefined) return say("bull_absent");
  if (typeof value === "number") return name.startsWith("rate") || name === "threshold" ? rate(value) : count(value);
  if (typeof value === "string") return value;
  return typeof value === "object" ? say("bull_present") : String(value);
}

/** The entries of a list that ids name, in their order. */
export function named(content: Content, ids: readonly string[]): DistrictLine[] {
  return ids.flatMap((id) => content.districts.filter((one) => one.district_id === id));
}
