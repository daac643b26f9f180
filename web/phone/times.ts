/** Spells instants and days as people of the site read them. */

import { language } from "../src/shared/words.js";
import { project } from "./state.js";

function zone(): string {
  return project.value?.time_zone ?? "Asia/Shanghai";
}

/** Hours and minutes at the site, with seconds if asked. */
export function clockTime(at: string | Date, seconds = false): string {
  const form = new Intl.DateTimeFormat(language.value, {
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
    timeZone: zone(),
    ...(seconds ? { second: "2-digit" } : {}),
  });
  return form.format(new Date(at));
}

/** Month and day with the time at the site. */
export function dayTime(at: string | Date): string {
  const form = new Intl.DateTimeFormat(language.value, { month: "numeric", day: "numeric", timeZone: zone() });
  return `${form.format(new Date(at))} ${clockTime(at)}`;
}

/** Year and month at the site, `2026-11`. */
export function monthOf(at: Date): string {
  const parts = new Intl.DateTimeFormat("en-CA", { year: "numeric", month: "2-digit", timeZone: zone() }).format(at);
  return parts.slice(0, 7);
}

export function monthName(month: string): string {
  const [year, number] = month.split("-").map(Number);
  const form = new Intl.DateTimeFormat(language.value, { year: "numeric", month: "long", timeZone: "UTC" });
  return form.format(new Date(Date.UTC(year ?? 2000, (number ?? 1) - 1, 15)));
}
