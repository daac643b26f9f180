/** The screens of the desk. */

import { createRouter, createWebHistory } from "vue-router";

import LogIn from "./screens/LogIn.vue";
import { session } from "./state.js";

export const router = createRouter({
  history: createWebHistory("/desk/"),
  routes: [
    { path: "/", component: () => import("./screens/Projects.vue") },
    { path: "/projects/:project/fences", component: () => import("./screens/FenceList.vue") },
    { path: "/projects/:project/fences/draw", component: () => import("./screens/FenceEditor.vue") },
    { path: "/projects/:project/fences/import", component: () => import("./screens/FenceImport.vue") },
    { path: "/projects/:project/fences/:fence", component: () => import("./screens/FencePage.vue") },
    { path: "/projects/:project/fences/:fence/draw", component: () => import("./screens/FenceEditor.vue") },
    { path: "/log-in", component: LogIn, meta: { isOpen: true } },
    { path: "/:rest(.*)", redirect: "/" },
  ],
});

router.beforeEach((to) => {
  if (session.who.value === null && to.meta["isOpen"] !== true) return "/log-in";
  return true;
});
