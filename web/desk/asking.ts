/** Asks the server one thing at a time for a screen: that it takes a while, how to leave it, what went wrong. */

import { onScopeDispose, ref, shallowRef, type Ref, type ShallowRef } from "vue";

import type { Told } from "../src/shared/session.js";
import { errorWords } from "./words/index.js";

export interface Asking {
  readonly isBusy: Ref<boolean>;
  /** What went wrong the last time. */
  readonly told: ShallowRef<Told | null>;
  /** Do what needs the server; whatever this asked before is left. Returns whether it was done. */
  run(work: (signal: AbortSignal) => Promise<void>): Promise<boolean>;
  /** Leave what is under way; nothing is told. */
  leave(): void;
}

/** For the screen that calls it: what is under way ends with the screen. */
export function asking(): Asking {
  const isBusy = ref(false);
  const told = shallowRef<Told | null>(null);
  let underWay: AbortController | null = null;

  function leave(): void {
    underWay?.abort();
    underWay = null;
    isBusy.value = false;
  }

  async function run(work: (signal: AbortSignal) => Promise<void>): Promise<boolean> {
    leave();
    const mine = new AbortController();
    underWay = mine;
    isBusy.value = true;
    told.value = null;
    try {
      await work(mine.signal);
      return !mine.signal.aborted;
    } catch (error) {
      if (!mine.signal.aborted) told.value = errorWords(error);
      return false;
    } finally {
      if (underWay === mine) leave();
    }
  }

  onScopeDispose(leave);
  return { isBusy, told, run, leave };
}
