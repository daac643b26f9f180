/** How alerts look, and which screen of the desk shows what one rests on. */

import { dayOf } from "../board/days.js";

export const SEVERITIES = { info: "info", warning: "warning", critical: "danger" } as const;
export const STATES = { open: "danger", acknowledged: "success", snoozed: "info", resolved: "success" } as const;
export const DELIVERIES = {
  waiting: "info",
  delivered: "success",
  dead_address: "danger",
  failed: "danger",
  given_up: "danger",
  dropped: "info",
} as const;

const PROJECT = "/admin/v1/projects/([0-9a-f-]{36})";
const SCREENS: readonly (readonly [RegExp, (found: readonly string[]) => string])[] = [
  [new RegExp(`^${PROJECT}/people/([0-9a-f-]{36})/person-days/(\\d{4}-\\d\\d-\\d\\d)$`), ([project, person, on]) => `/board/projects/${project}/people/${person}?on=${on}`],
  [new RegExp(`^${PROJECT}/on-post\\?on=(\\d{4}-\\d\\d-\\d\\d)$`), ([project, on]) => `/board/projects/${project}?on=${on}`],
  [new RegExp(`^${PROJECT}/(?:on-post|gate-outages)$`), ([project]) => `/board/projects/${project}`],
  [new RegExp(`^${PROJECT}/fences/([0-9a-f-]{36})`), ([project, fence]) => `/projects/${project}/fences/${fence}`],
];

const PUNCH = new RegExp(`^${PROJECT}/punches/`);

interface About {
  readonly project_id: string;
  readonly person_id: string | null;
  readonly occurred_at: string;
  readonly evidence: readonly { readonly path: string }[];
}

/** The screens that show what an alert rests on; a punch is shown on its person's day. */
export function screensOf(alert: About): readonly string[] {
  const day = `/board/projects/${alert.project_id}/people/${alert.person_id}?on=${dayOf(Date.parse(alert.occurred_at))}`;
  const found = alert.evidence.flatMap((one) => (PUNCH.test(one.path) && alert.person_id !== null ? day : (screenOf(one.path) ?? [])));
  return [...new Set(found)];
}

/** The screen that shows what a path of the API answers; null where there is none. */
function screenOf(path: string): string | null {
  for (const [shape, screen] of SCREENS) {
    const found = shape.exec(path);
    if (found !== null) return screen(found.slice(1));
  }
  return null;
}
