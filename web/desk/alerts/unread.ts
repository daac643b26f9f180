/** How many alerts the account has not read: counted at the log-in, with each screen, when the feed tells of one, and now and then. */

import { ref, type Ref } from "vue";

import { http, session } from "../state.js";

const count = ref(0);
export const unread: Readonly<Ref<number>> = count;
let underWay: Promise<void> | null = null;
let isWanted = false;

/** Take over a count that a screen has just been told; what is under way may be older, and is asked for once more. */
export function keepUnread(told: number): void {
  count.value = told;
  if (underWay !== null) isWanted = true;
}

async function ask(): Promise<void> {
  try {
    count.value = (await http.ask("get", "/admin/v1/alerts", { query: { limit: 1 } })).unread;
  } catch {
    // The menu is no place for what went wrong: the inbox asks the same and tells it.
  }
}

/** Count anew; what is asked for meanwhile is asked once more, so that no older answer stays. */
export async function countUnread(): Promise<void> {
  if (session.who.value?.scopes.includes("alerts.read") !== true) {
    count.value = 0;
    return;
  }
  isWanted = true;
  if (underWay !== null) return underWay;
  underWay = (async () => {
    while (isWanted) {
      isWanted = false;
      await ask();
    }
    underWay = null;
  })();
  return underWay;
}
