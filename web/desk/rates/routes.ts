/** Screens of on-post rates and their rules. */

import type { Area } from "../areas.js";

export const area: Area = {
  name: "rates",
  label: { "zh-CN": "到岗率", en: "Rates" },
  path: "/rates",
  place: 40,
  scopes: ["attendance.read"],
  routes: [
    { path: "/rates", component: () => import("../screens/CityRates.vue") },
    { path: "/projects/:project/rates", component: () => import("../screens/ProjectRates.vue") },
    { path: "/projects/:project/people/:person/rates", component: () => import("../screens/PersonRate.vue") },
    { path: "/rules", component: () => import("../screens/RuleSets.vue") },
  ],
};
