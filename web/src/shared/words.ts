/** Words of a screen in the reader's language: small catalogues of our own, zh-CN first. */

import { ref, type Ref } from "vue";

import { joinedIn, type Mark } from "./marks.js";

export type Language = "zh-CN" | "en";
export type Values = Readonly<Record<string, string | number>>;

const KEPT = "daogang.language";

/** The language that was chosen here, else the first of the browser's that we have, else zh-CN. */
export function preferredLanguage(): Language {
  const chosen = localStorage.getItem(KEPT);
  if (chosen === "zh-CN" || chosen === "en") return chosen;
  for (const wanted of navigator.languages) {
    if (wanted.toLowerCase().startsWith("zh")) return "zh-CN";
    if (wanted.toLowerCase().startsWith("en")) return "en";
  }
  return "zh-CN";
}

/** The language of all that is shown now. */
export const language: Ref<Language> = ref(preferredLanguage());

export function chooseLanguage(chosen: Language): void {
  localStorage.setItem(KEPT, chosen);
  language.value = chosen;
  document.documentElement.lang = chosen;
}

/** Put values into the places of a text, `{name}` each. */
export function filled(text: string, values: Values = {}): string {
  return text.replaceAll(/\{([a-z_]+)\}/g, (place, name: string) => String(values[name] ?? place));
}

/** Put parts beside each other with the mark of the language of the moment; names unless told. */
export function joined(parts: readonly string[], mark: Mark = "names"): string {
  return joinedIn(language.value, parts, mark);
}

/** Return what says a text by its key, in the language of the moment; both catalogues have the same keys. */
export function speaker<Key extends string>(
  catalogues: Readonly<Record<Language, Readonly<Record<Key, string>>>>,
): (key: Key, values?: Values) => string {
  return (key, values) => filled(catalogues[language.value][key], values);
}
