/** Keeps the last answers of a few screens on the phone, so that they can be read without network, with their age. */

import { session, VERSION } from "./state.js";

const PREFIX = "daogang.kept.";

/** Something that was answered, and when. */
export interface Kept<T> {
  readonly at: string;
  readonly value: T;
}

function place(name: string): string {
  return `${PREFIX}${session.who.value?.person_id ?? "nobody"}.${name}`;
}

/** Keep an answer; a full storage keeps nothing and breaks nothing. */
export function keep<T>(name: string, value: T): Kept<T> {
  const made = { at: new Date().toISOString(), version: VERSION, value };
  try {
    localStorage.setItem(place(name), JSON.stringify(made));
  } catch {
    // What was kept before goes on.
  }
  return made;
}

/** Return what was kept by this version of the app. */
export function kept<T>(name: string): Kept<T> | null {
  const text = localStorage.getItem(place(name));
  if (text === null) return null;
  const found = JSON.parse(text) as Kept<T> & { readonly version: string };
  return found.version === VERSION ? found : null;
}

export function drop(name: string): void {
  localStorage.removeItem(place(name));
}

/** At log-out nothing of anybody stays. */
export function dropAll(): void {
  for (const name of Object.keys(localStorage)) if (name.startsWith(PREFIX)) localStorage.removeItem(name);
}
