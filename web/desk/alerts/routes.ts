/** Screens of the alerts that somebody was told of. */

import type { Area } from "../areas.js";
import { countUnread, unread } from "./unread.js";

export const area: Area = {
  name: "alerts",
  label: { "zh-CN": "提醒", en: "Alerts" },
  path: "/alerts",
  place: 20,
  scopes: ["alerts.read"],
  count: { of: unread, label: { "zh-CN": "条未读", en: "unread" }, refresh: countUnread },
  routes: [
    { path: "/alerts", component: () => import("./AlertInbox.vue") },
    { path: "/alerts/settings", component: () => import("./AlertSettings.vue") },
    { path: "/alerts/:group", component: () => import("./AlertPage.vue") },
  ],
};
