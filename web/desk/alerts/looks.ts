/** How alerts look, and which screen of the desk shows what one rests on. */

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

/** The screen that shows what a path of the API answers; null where there is none. */
export function screenOf(path: string): string | null {
  for (const [shape, screen] of SCREENS) {
    const found = shape.exec(path);
    if (found !== null) return screen(found.slice(1));
  }
  return null;
}
