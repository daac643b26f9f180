/** Marks between names, phrases and sentences, which each language has its own of. Pure. */

import type { Language } from "./words.js";

const MARKS = {
  names: { "zh-CN": "、", en: ", " },
  phrases: { "zh-CN": "，", en: ", " },
  sentences: { "zh-CN": "；", en: "; " },
  /** Between what is spoken of and what is said of it. */
  telling: { "zh-CN": "：", en: ": " },
} as const satisfies Record<string, Record<Language, string>>;

export type Mark = keyof typeof MARKS;

/** Put parts beside each other with the mark of a language. */
export function joinedIn(language: Language, parts: readonly string[], mark: Mark): string {
  return parts.join(MARKS[mark][language]);
}
