/** The screens of the phone app; all but the first are fetched when they are opened, or by the worker beforehand. */

import { createRouter, createWebHistory } from "vue-router";

import CheckIn from "./screens/CheckIn.vue";
import LogIn from "./screens/LogIn.vue";
import { session } from "./state.js";

export const router = createRouter({
  history: createWebHistory("/app/"),
  routes: [
    { path: "/", component: CheckIn },
    { path: "/log-in", component: LogIn, meta: { isOpen: true } },
    { path: "/photo", component: () => import("./screens/TakePhoto.vue") },
    { path: "/ways", component: () => import("./screens/ShowWays.vue") },
    { path: "/face", component: () => import("./screens/CheckFace.vue") },
    { path: "/records", component: () => import("./screens/ShowRecords.vue") },
    { path: "/punches", component: () => import("./screens/ShowPunches.vue") },
    { path: "/requests", component: () => import("./screens/ShowRequests.vue") },
    { path: "/requests/make-up", component: () => import("./screens/FileMakeUp.vue") },
    { path: "/requests/leave", component: () => import("./screens/FileLeave.vue") },
    { path: "/requests/appeal", component: () => import("./screens/FileAppeal.vue") },
    { path: "/requests/:id", component: () => import("./screens/ShowRequest.vue") },
    { path: "/notices", component: () => import("./screens/ShowNotices.vue") },
    { path: "/me", component: () => import("./screens/ShowMe.vue") },
    { path: "/privacy", component: () => import("./screens/ShowPrivacy.vue") },
    { path: "/witness", component: () => import("./screens/BeWitness.vue") },
    { path: "/:rest(.*)", redirect: "/" },
  ],
});

router.beforeEach((to) => {
  if (session.who.value === null && to.meta["isOpen"] !== true) return "/log-in";
  return true;
});
