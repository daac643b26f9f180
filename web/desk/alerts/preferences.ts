/** How an account is told of alerts: the kinds that can be muted, and times of day as the API spells them. */

import type { Answer } from "../../src/shared/http.js";

export type Preferences = Answer<"get", "/admin/v1/me/alert-preferences">;
export type Kind = Preferences["muted"][number];

/** Each kind once, in the order in which they are shown; one that is missing here does not compile. */
const SHOWN: Readonly<Record<Kind, true>> = {
  post_empty: true,
  posts_empty: true,
  absent_days: true,
  forecast_low: true,
  gate_down: true,
  gate_mute: true,
  gate_declared: true,
  outage_long: true,
  forgery_signs: true,
  fence_tolerance: true,
  review_ageing: true,
  request_waiting: true,
  request_moved: true,
  ruling_made: true,
  bulletin_issued: true,
  platform_trouble: true,
};
export const KINDS = Object.keys(SHOWN) as readonly Kind[];
export const SEVERITIES = ["info", "warning", "critical"] as const;

/** A field's `22:00` as the API takes it; a field that was cleared keeps what was there. */
export function timeOf(field: string, before: string): string {
  if (field === "") return before;
  return field.length === 5 ? `${field}:00` : field;
}

/** The same preferences with a kind muted, or not any more. */
export function muting(preferences: Preferences, kind: Kind, isMuted: boolean): Preferences {
  const others = preferences.muted.filter((one) => one !== kind);
  return { ...preferences, muted: isMuted ? [...others, kind] : others };
}
