/** How figures and instants of fences are told. */

import { language } from "../../src/shared/words.js";
import type { components } from "../../generated/api.js";

export type Version = components["schemas"]["VersionAnswer"];

/** Colours of Element Plus' tags for the states of a version. */
export const TAGS: Readonly<Record<Version["state"], "info" | "warning" | "success">> = {
  draft: "info",
  submitted: "warning",
  published: "success",
  superseded: "info",
  withdrawn: "info",
};

export function number(value: number, decimals = 0): string {
  return new Intl.NumberFormat(language.value, { maximumFractionDigits: decimals }).format(value);
}

/** An instant in a project's time zone. */
export function instant(text: string, timeZone: string): string {
  return new Intl.DateTimeFormat(language.value, { dateStyle: "medium", timeStyle: "short", timeZone }).format(new Date(text));
}
