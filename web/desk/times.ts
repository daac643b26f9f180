/** Spells instants and days as people of a site read them; without a site's zone, that of the country. */

import { language } from "../src/shared/words.js";

export const COUNTRY_ZONE = "Asia/Shanghai";

/** Hours and minutes, with seconds if asked. */
export function clockTime(at: string, zone: string = COUNTRY_ZONE, seconds = false): string {
  const form = new Intl.DateTimeFormat(language.value, {
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
    timeZone: zone,
    ...(seconds ? { second: "2-digit" } : {}),
  });
  return form.format(new Date(at));
}

/** Month and day with the time. */
export function dayTime(at: string, zone: string = COUNTRY_ZONE): string {
  const form = new Intl.DateTimeFormat(language.value, { month: "numeric", day: "numeric", timeZone: zone });
  return `${form.format(new Date(at))} ${clockTime(at, zone)}`;
}

/** A day of the calendar, given as `2026-11-21`, with its day of the week. */
export function dayName(on: string): string {
  const form = new Intl.DateTimeFormat(language.value, { year: "numeric", month: "long", day: "numeric", weekday: "short", timeZone: "UTC" });
  return form.format(new Date(`${on}T00:00:00Z`));
}

/** A span in seconds as hours and minutes, `7:45`. */
export function spanText(seconds: number): string {
  const minutes = Math.floor(seconds / 60);
  return `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, "0")}`;
}
