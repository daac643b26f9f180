/** The screen of the ledger's proofs. */

import type { Area } from "../areas.js";

export const area: Area = {
  name: "ledger",
  label: { "zh-CN": "账本校验", en: "Ledger" },
  path: "/ledger",
  place: 90,
  scopes: ["ledger.read"],
  routes: [
    { path: "/ledger", component: () => import("../screens/LedgerProof.vue") },
  ],
};
