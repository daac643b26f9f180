/** How rates, days, posts and instants are told. */

import { language } from "../../src/shared/words.js";
import { COUNTRY_ZONE } from "../times.js";
import { isKey, say } from "../words/index.js";

export const NONE = "—";

/** Hundredths of a percent as bulletins have them; nothing due is no rate. */
export function rate(hundredths: number | null | undefined): string {
  return typeof hundredths === "number" ? `${(hundredths / 100).toFixed(2)}%` : say("nothing_due");
}

/** Thousandths as rates have them. */
export function permille(value: number | null | undefined): string {
  return typeof value === "number" ? `${(value / 10).toFixed(1)}%` : say("nothing_due");
}

/** Thousandths of days. */
export function credits(value: number): string {
  return count(value / 1000, 3);
}

export function count(value: number, decimals = 2): string {
  return new Intl.NumberFormat(language.value, { maximumFractionDigits: decimals }).format(value);
}

/** A change in hundredths of a percentage point, with its sign. */
export function points(value: number | null | undefined): string {
  if (typeof value !== "number") return say("no_change_known");
  return say("points", { value: `${value > 0 ? "+" : value < 0 ? "−" : "±"}${(Math.abs(value) / 100).toFixed(2)}` });
}

export function instant(text: string | null | undefined): string {
  if (typeof text !== "string") return NONE;
  return new Intl.DateTimeFormat(language.value, { dateStyle: "medium", timeStyle: "short", timeZone: COUNTRY_ZONE }).format(new Date(text));
}

export function span(first: string, last: string): string {
  return first === last ? first : say("days_between", { first, last });
}

export function hours(seconds: number): string {
  return say("hours", { value: count(seconds / 3600, 1) });
}

/** The words of a code, or the code where the catalogue has none. */
export function coded(prefix: string, code: string): string {
  const key = `${prefix}_${code}`;
  return isKey(key) ? say(key) : code;
}

export const postName = (kind: string): string => coded("post", kind);

/** The first and the last day of the month that a day lies in. */
export function monthOf(day: string): { readonly first: string; readonly last: string } {
  const [year, month] = day.split("-").map(Number) as [number, number];
  const last = new Date(Date.UTC(year, month, 0)).getUTCDate();
  const start = day.slice(0, 8);
  return { first: `${start}01`, last: `${start}${String(last).padStart(2, "0")}` };
}

/** Today, or some days before, in the city. */
export function dayAgo(days = 0): string {
  const parts = new Intl.DateTimeFormat("en-CA", { timeZone: COUNTRY_ZONE, year: "numeric", month: "2-digit", day: "2-digit" });
  return parts.format(new Date(Date.now() - days * 86_400_000));
}

/** A query's value where it is one text. */
export function asked(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
