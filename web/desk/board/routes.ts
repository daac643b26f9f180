/** Screens of the supervisors' board. */

import type { Area } from "../areas.js";

export const area: Area = {
  name: "board",
  label: { "zh-CN": "实时看板", en: "Live board" },
  path: "/board",
  place: 10,
  scopes: ["attendance.read"],
  routes: [
    { path: "/board", component: () => import("./CityBoard.vue") },
    { path: "/board/projects/:project", component: () => import("./ProjectBoard.vue") },
    { path: "/board/projects/:project/people/:person", component: () => import("./PersonDay.vue") },
  ],
};
