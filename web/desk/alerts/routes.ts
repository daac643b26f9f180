/** Screens of the alerts that somebody was told of. */

import type { Area } from "../areas.js";

export const area: Area = {
  name: "alerts",
  label: { "zh-CN": "提醒", en: "Alerts" },
  path: "/alerts",
  place: 20,
  scopes: ["alerts.read"],
  routes: [
    { path: "/alerts", component: () => import("./AlertInbox.vue") },
    { path: "/alerts/:group", component: () => import("./AlertPage.vue") },
  ],
};
