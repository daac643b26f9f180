/** Screens of projects and their fences. */

import type { Area } from "../areas.js";

export const area: Area = {
  name: "projects",
  label: { "zh-CN": "工程项目", en: "Projects" },
  path: "/projects",
  place: 80,
  scopes: ["sites.read"],
  routes: [
    { path: "/projects", component: () => import("../screens/Projects.vue") },
    { path: "/projects/:project/fences", component: () => import("../screens/FenceList.vue") },
    { path: "/projects/:project/fences/draw", component: () => import("../screens/FenceEditor.vue") },
    { path: "/projects/:project/fences/import", component: () => import("../screens/FenceImport.vue") },
    { path: "/projects/:project/fences/walk", component: () => import("../screens/FenceWalk.vue") },
    { path: "/projects/:project/fences/:fence", component: () => import("../screens/FencePage.vue") },
    { path: "/projects/:project/fences/:fence/draw", component: () => import("../screens/FenceEditor.vue") },
  ],
};
