/** The screen of punches that wait for a ruling. */

import type { Area } from "../areas.js";

export const area: Area = {
  name: "reviews",
  label: { "zh-CN": "待认定", en: "Reviews" },
  path: "/reviews",
  place: 50,
  scopes: ["ledger.rule"],
  routes: [
    { path: "/reviews", component: () => import("../screens/ReviewQueue.vue") },
  ],
};
