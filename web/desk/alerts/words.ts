/** Says the words of alerts. */

import { alerts as en } from "../words/alerts.en.js";
import { alerts as zh } from "../words/alerts.zh-CN.js";
import { withWords } from "../words/index.js";

export type AlertKey = keyof typeof zh;
export const say = withWords<AlertKey>(zh, en);

/** Say what a code of the API means; a code without words stands for itself. */
export function sayCode(prefix: string, code: string): string {
  const key = `${prefix}_${code}`;
  return key in zh ? say(key as AlertKey) : code;
}
