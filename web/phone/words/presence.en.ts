/** Words of presence that is shown without network, in English. */

import type { presence as zh } from "./presence.zh-CN.js";

export const presence: Readonly<Record<keyof typeof zh, string>> = {
  stored_proofs: "Face moves and site codes to be checked: {count} (pictures are deleted when sent)",
  step_neutral: "Look straight ahead",
  step_turn_left: "Turn your head to your left",
  step_turn_right: "Turn your head to your right",
  step_look_up: "Look up",
  step_look_down: "Look down",
  step_open_mouth: "Open your mouth",
  face_offline: "No network: the moves are kept on this phone and not checked now. The server checks them later; until then a check-in may wait for review. What is asked could be seen beforehand, so its trust is noted as offline.",
  face_ahead: "{count} challenges are left on the phone, each good once.",
  face_none_ahead: "There is no network, and no challenge is left on the phone",
  face_none_ahead_advice: "Scan the site's code, or check in without. With your consent three challenges are fetched when you open this page with network.",
  proof_kept: "kept on this phone, not checked yet",
  proof_kept_advice: "It is sent and checked when there is a network; the server decides.",
  proof_waits: "waits to be checked",
  proof_refused: "not taken",
  proof_passed: "passed",
  proof_review: "in review",
  proof_failed: "failed",
  proof_not_evaluated: "not checked",
};
