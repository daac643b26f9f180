/** The screen of the register of device keys. */

import type { Area } from "../areas.js";

export const area: Area = {
  name: "keys",
  label: { "zh-CN": "设备密钥", en: "Device keys" },
  path: "/keys",
  place: 95,
  scopes: ["gates.read"],
  routes: [
    { path: "/keys", component: () => import("../screens/KeyRegister.vue") },
  ],
};
