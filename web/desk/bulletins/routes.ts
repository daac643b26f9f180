/** Screens of bulletins. */

import type { Area } from "../areas.js";

export const area: Area = {
  name: "bulletins",
  label: { "zh-CN": "通报", en: "Bulletins" },
  path: "/bulletins",
  place: 30,
  scopes: ["reports.read"],
  routes: [
    { path: "/bulletins", component: () => import("../screens/BulletinList.vue") },
    { path: "/bulletins/draft", component: () => import("../screens/BulletinPage.vue") },
    { path: "/bulletins/:bulletin", component: () => import("../screens/BulletinPage.vue") },
  ],
};
