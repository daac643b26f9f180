/** Says the words of the board. */

import { board as en } from "../words/board.en.js";
import { board as zh } from "../words/board.zh-CN.js";
import { withWords } from "../words/index.js";

export type BoardKey = keyof typeof zh;
export const say = withWords<BoardKey>(zh, en);

/** Say what a code of the API means; a code without words stands for itself. */
export function sayCode(prefix: string, code: string): string {
  const key = `${prefix}_${code}`;
  return key in zh ? say(key as BoardKey) : code;
}
