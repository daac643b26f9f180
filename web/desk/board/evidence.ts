/** Says of a punch what was checked and what was not, from what the ledger and the proofs hold. */

import type { Answer } from "../../src/shared/http.js";
import { say, sayCode } from "./words.js";

export type PunchFile = Answer<"get", "/admin/v1/projects/{project_id}/punches/{punch_id}">;
export type Photo = Answer<"get", "/admin/v1/projects/{project_id}/punches/{punch_id}/photos">[number];
export type Proof = Answer<"get", "/admin/v1/projects/{project_id}/presence-proofs">["items"][number];
export type Finding = "checked" | "unsure" | "failed" | "not_checked";

export interface Check {
  readonly what: "place" | "time" | "device" | "photo" | "presence" | "gate";
  readonly finding: Finding;
  readonly told: string;
}

const TIMES: Readonly<Record<string, Finding>> = {
  online: "checked",
  anchored: "checked",
  bracketed: "checked",
  device: "checked",
  claimed: "unsure",
  suspect: "unsure",
  quarantined: "failed",
};
const DEVICES: Readonly<Record<string, Finding>> = {
  signed: "checked",
  phone_key: "checked",
  attested_key: "checked",
  phone: "checked",
  token: "unsure",
  session: "unsure",
};
const PROOFS: Readonly<Record<Proof["outcome"], Finding>> = {
  passed: "checked",
  review: "unsure",
  failed: "failed",
  not_evaluated: "not_checked",
};
const LEAST_SHARE = 0.05;

/** Every check that there is, in the order in which a supervisor asks. */
export function checksOf(file: PunchFile, photos: readonly Photo[], proof: Proof | null): readonly Check[] {
  const { punch } = file;
  const checks: Check[] = [place(file)];
  checks.push({ what: "time", finding: TIMES[punch.time_quality] ?? "not_checked", told: sayCode("time", punch.time_quality) });
  checks.push({ what: "device", finding: DEVICES[file.trust] ?? "not_checked", told: sayCode("device", file.trust) });
  if (punch.source === "gate") {
    const granted = file.granted === null ? "unknown" : file.granted ? "yes" : "no";
    const told = say("gate_method", { method: file.method ?? "–", granted: say(`granted_${granted}`) });
    checks.push({ what: "gate", finding: granted === "yes" ? "checked" : granted === "no" ? "failed" : "not_checked", told });
    if (photos.length === 0) return checks;
  }
  if (photos.length === 0) checks.push({ what: "photo", finding: "not_checked", told: say("photo_none") });
  for (const photo of photos) checks.push({ what: "photo", ...photoFinding(photo) });
  if (punch.source !== "phone") return checks;
  const told = proof === null ? say("presence_none") : say(`presence_${proof.outcome}`, { way: say(`way_${proof.way}`) });
  return [...checks, { what: "presence", finding: proof === null ? "not_checked" : PROOFS[proof.outcome], told }];
}

function place(file: PunchFile): Check {
  const { punch } = file;
  if (punch.source === "gate") return { what: "place", finding: "checked", told: say("place_by_gate") };
  if (punch.signed_distance_m === null) return { what: "place", finding: "not_checked", told: say("place_none") };
  const metres = Math.round(Math.abs(punch.signed_distance_m));
  const accuracy = punch.accuracy_m === null ? "–" : Math.round(punch.accuracy_m);
  const isInside = punch.signed_distance_m >= 0;
  const percent = punch.probability === null ? "–" : Math.round(punch.probability * 100);
  const told = [isInside ? say("place_inside", { metres, accuracy }) : say("place_outside", { metres, accuracy, percent })];
  if (punch.chainage_m !== null) {
    told.push(say("place_chainage", { chainage: Math.round(punch.chainage_m), offset: (punch.offset_m ?? 0).toFixed(1) }));
  }
  const isLikely = punch.probability === null ? isInside : punch.probability >= 0.5;
  const isOut = punch.probability !== null && punch.probability < LEAST_SHARE;
  return { what: "place", finding: isLikely ? "checked" : isOut ? "failed" : "unsure", told: told.join(" · ") };
}

function photoFinding(photo: Photo): Omit<Check, "what"> {
  if (photo.state === "awaited") return { finding: "not_checked", told: say("photo_awaited") };
  if (photo.state === "deleted") return { finding: "not_checked", told: say("photo_deleted") };
  if (photo.state === "refused") return { finding: "failed", told: say("photo_refused", { why: photo.title ?? photo.reason ?? "" }) };
  const notes = [say("photo_kept"), ...photo.notes.map((note) => note.title)];
  if (photo.face === "not_evaluated") notes.push(say("photo_face_not_evaluated"));
  return { finding: "checked", told: notes.join(" · ") };
}
