/** The day that a board shows: that of its address, or today as it goes. */

import { computed, onMounted, onScopeDispose, ref, watch, type ComputedRef, type Ref } from "vue";
import { useRoute } from "vue-router";

import type { Happening } from "../../src/shared/live.js";
import { keepUp } from "../live.js";

const LOOK_EVERY_MS = 30_000;

export interface BoardDay {
  /** This moment, as of the last half minute. */
  readonly now: Ref<number>;
  readonly on: ComputedRef<string>;
  readonly isToday: ComputedRef<boolean>;
  /** What asks the API for that day. */
  readonly query: ComputedRef<{ on?: string }>;
  /** Load the day now, when it is another one, and when something happens today that concerns the board. */
  keep(concerns: (happened: Happening) => boolean, load: () => Promise<unknown>): void;
}

/** For the screen that calls it; `today` is the day of its site. */
export function boardDay(today: Readonly<Ref<string>>): BoardDay {
  const route = useRoute();
  const now = ref(Date.now());
  const on = computed(() => (typeof route.query["on"] === "string" ? route.query["on"] : today.value));
  const isToday = computed(() => on.value >= today.value);
  const query = computed(() => (isToday.value ? {} : { on: on.value }));
  const minute = setInterval(() => (now.value = Date.now()), LOOK_EVERY_MS);
  onScopeDispose(() => clearInterval(minute));

  function keep(concerns: (happened: Happening) => boolean, load: () => Promise<unknown>): void {
    watch(on, () => load());
    onMounted(() => load());
    keepUp((happened) => isToday.value && concerns(happened), load);
  }
  return { now, on, isToday, query, keep };
}
