/** What a day of my month is, in one word and one colour. */

import type { components } from "../generated/api.js";

type Schemas = components["schemas"];
export type MyMonth = Schemas["MyMonth"];
export type Rate = Schemas["ExplainedRate"];
export type Day = Rate["days"][number];
export type DayState = "today" | "valid_day" | "covered_day" | "part_day" | "provisional_day" | "short_day" | "absent_day" | "not_due_day";

/** A day's credit in thousandths that is the whole day. */
const WHOLE = 1000;

/** Punches of a day that do not count; a month that an earlier version kept does not tell of them. */
export function unsettledOf(day: Day): Day["unsettled"] {
  return (day.unsettled as Day["unsettled"] | undefined) ?? [];
}

/** Sum a day up. What is not over yet is no shortfall. */
export function stateOf(day: Day): DayState {
  if (!day.passed) return "today";
  if (day.covered > 0) return "covered_day";
  if (day.credit >= WHOLE) return "valid_day";
  if (day.credit > 0) return "part_day";
  if (!day.due) return "not_due_day";
  if (day.likely > 0) return "provisional_day";
  return day.entries.length > 0 ? "short_day" : "absent_day";
}

/** Days that are over and the one that is on, latest first. */
export function daysToShow(rate: Rate): readonly Day[] {
  const next = rate.days.find((day) => !day.passed);
  return rate.days.filter((day) => day.passed || (day === next && day.on <= dayAfter(rate.until))).reverse();
}

function dayAfter(day: string): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + 24 * 3_600_000).toISOString().slice(0, 10);
}

/** Spell thousandths of days as days: whole, or with what is left of them. */
export function spelledDays(thousandths: number): string {
  return String(Math.round(thousandths / 10) / 100);
}

/** Spell thousandths as a percentage with one digit; the server rounded it down. */
export function percent(thousandths: number): string {
  return `${Math.floor(thousandths / 10)}.${thousandths % 10}%`;
}
