/** Says the phone app's words in the language of the moment. */

import { speaker } from "../../src/shared/words.js";
import type { Told } from "../../src/shared/session.js";
import { told } from "../../src/shared/session.js";
import { en } from "./en.js";
import { presence as enPresence } from "./presence.en.js";
import { presence as zhPresence } from "./presence.zh-CN.js";
import { requests as enRequests } from "./requests.en.js";
import { requests as zhRequests } from "./requests.zh-CN.js";
import { zh, type Key as FirstKey } from "./zh-CN.js";

export type Key = FirstKey | keyof typeof zhRequests | keyof typeof zhPresence;
export const say = speaker<Key>({ "zh-CN": { ...zh, ...zhRequests, ...zhPresence }, en: { ...en, ...enRequests, ...enPresence } });

/** Tell an error: the server's own words where it said some, else ours. */
export function errorWords(error: unknown): Told {
  const own = (name: "offline" | "logged_out" | "unexpected"): Told => ({
    title: say(`${name}_title`),
    advice: say(`${name}_advice`),
    code: `app.${name}`,
  });
  return told(error, { offline: own("offline"), loggedOut: own("logged_out"), unexpected: own("unexpected") });
}
