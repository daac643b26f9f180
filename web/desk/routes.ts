/** The screens of the desk. */

import { createRouter, createWebHistory } from "vue-router";

import LogIn from "./screens/LogIn.vue";
import { session } from "./state.js";

export const router = createRouter({
  history: createWebHistory("/desk/"),
  routes: [
    { path: "/", component: () => import("./screens/Projects.vue") },
    { path: "/log-in", component: LogIn, meta: { isOpen: true } },
    { path: "/:rest(.*)", redirect: "/" },
  ],
});

router.beforeEach((to) => {
  if (session.who.value === null && to.meta["isOpen"] !== true) return "/log-in";
  return true;
});
