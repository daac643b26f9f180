/** The screen of make-ups, leave and appeals. */

import type { Area } from "../areas.js";

export const area: Area = {
  name: "requests",
  label: { "zh-CN": "申请", en: "Requests" },
  path: "/requests",
  place: 55,
  scopes: ["requests.read"],
  routes: [
    { path: "/requests", component: () => import("../screens/RequestQueue.vue") },
  ],
};
