/** Says the desk's words in the language of the moment. */

import { speaker, type Values } from "../../src/shared/words.js";
import type { Told } from "../../src/shared/session.js";
import { told } from "../../src/shared/session.js";
import { en } from "./en.js";
import { zh, type Key } from "./zh-CN.js";

export type { Key } from "./zh-CN.js";
export const say = speaker<Key>({ "zh-CN": zh, en });

/** Words of an area, loaded with its screens, beside those of the desk. */
export function withWords<Own extends string>(
  zhOwn: Readonly<Record<Own, string>>,
  enOwn: Readonly<Record<Own, string>>,
): (key: Own | Key, values?: Values) => string {
  return speaker<Own | Key>({ "zh-CN": { ...zh, ...zhOwn }, en: { ...en, ...enOwn } });
}

/** Whether the catalogues have words under a name that was put together. */
export function isKey(name: string): name is Key {
  return name in zh;
}

/** Tell an error: the server's own words where it said some, else ours. */
export function errorWords(error: unknown): Told {
  const own = (name: "offline" | "logged_out" | "unexpected"): Told => ({
    title: say(`${name}_title`),
    advice: say(`${name}_advice`),
    code: `app.${name}`,
  });
  return told(error, { offline: own("offline"), loggedOut: own("logged_out"), unexpected: own("unexpected") });
}
