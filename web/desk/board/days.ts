/** Days of a site: which one it is now, and between which instants one lies (days begin at the cutover). */

import { COUNTRY_ZONE } from "../times.js";

const CUTOVER = "04:00:00";
const HOUR_MS = 3_600_000;

/** Minutes of a local time `04:00:00`. */
function minutesOf(time: string): number {
  const [hours, minutes] = time.split(":").map(Number);
  return (hours ?? 0) * 60 + (minutes ?? 0);
}

/** The calendar's day of an instant in a zone, `2026-11-21`. */
function dateIn(at: number, zone: string): string {
  return new Intl.DateTimeFormat("en-CA", { year: "numeric", month: "2-digit", day: "2-digit", timeZone: zone }).format(at);
}

/** The site's day of an instant. */
export function dayOf(at: number, zone: string = COUNTRY_ZONE, cutover: string = CUTOVER): string {
  return dateIn(at - minutesOf(cutover) * 60_000, zone);
}

/** The site's day of this moment. */
export function todayOf(zone: string = COUNTRY_ZONE, cutover: string = CUTOVER): string {
  return dayOf(Date.now(), zone, cutover);
}

/** A day some days later, or earlier. */
export function daysLater(on: string, days: number): string {
  return new Date(Date.parse(`${on}T00:00:00Z`) + days * 24 * HOUR_MS).toISOString().slice(0, 10);
}

/** By how much a zone's clock is ahead of UTC at an instant, ms. */
function aheadMs(at: number, zone: string): number {
  const form = new Intl.DateTimeFormat("en-US", {
    timeZone: zone, hourCycle: "h23", year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric",
  });
  const part = Object.fromEntries(form.formatToParts(at).map((one) => [one.type, Number(one.value)]));
  const local = Date.UTC(part["year"] ?? 0, (part["month"] ?? 1) - 1, part["day"] ?? 1, part["hour"] ?? 0, part["minute"] ?? 0);
  return local - Math.floor(at / 60_000) * 60_000;
}

/** The instants between which a site's day lies: from the first until before the second. */
export function boundsOf(on: string, zone: string, cutover: string): readonly [from: number, until: number] {
  const beginning = (day: string): number => {
    const asIfUtc = Date.parse(`${day}T00:00:00Z`) + minutesOf(cutover) * 60_000;
    return asIfUtc - aheadMs(asIfUtc - aheadMs(asIfUtc, zone), zone);
  };
  return [beginning(on), beginning(daysLater(on, 1))];
}
