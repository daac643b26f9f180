/** The way through the desk: its areas' screens, the log-in before them, and who may go where. */

import { ref } from "vue";
import { createRouter, createWebHistory } from "vue-router";

import type { Told } from "../src/shared/session.js";
import { areaRoutes, areasFor, isAllowed } from "./areas.js";
import LogIn from "./screens/LogIn.vue";
import { session } from "./state.js";
import { errorWords } from "./words/index.js";

export const router = createRouter({
  history: createWebHistory("/desk/"),
  routes: [
    ...areaRoutes(),
    { path: "/", component: () => import("./screens/NoAreas.vue") },
    { path: "/log-in", component: LogIn, meta: { isOpen: true } },
    { path: "/:rest(.*)", redirect: "/" },
  ],
  scrollBehavior: (_to, _from, saved) => saved ?? { top: 0 },
});

/** A screen is on its way. */
export const isTurning = ref(false);
/** Why a screen did not come: its files are loaded when it is first opened. */
export const turnedDown = ref<Told | null>(null);

router.beforeEach((to) => {
  const who = session.who.value;
  if (to.meta["isOpen"] === true) return true;
  if (who === null) return { path: "/log-in", query: to.path === "/" ? {} : { to: to.fullPath } };
  const wanted = to.meta["scopes"] as readonly string[] | undefined;
  const first = areasFor(who.scopes)[0]?.path ?? "/";
  if (to.path === "/") return first === "/" ? true : first;
  if (wanted !== undefined && !isAllowed(who.scopes, wanted)) return first;
  isTurning.value = true;
  turnedDown.value = null;
  return true;
});
router.afterEach(() => {
  isTurning.value = false;
});
router.onError((error) => {
  isTurning.value = false;
  turnedDown.value = errorWords(error);
});
