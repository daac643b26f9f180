/** Areas of the desk: what each is called, whom it is for, and its screens; `routes.ts` of a folder beside this file states one. */

import type { Ref } from "vue";
import type { RouteRecordRaw } from "vue-router";

import type { Language } from "../src/shared/words.js";

/** How many things wait in an area, shown beside its entry; `label` says of what. */
export interface AreaCount {
  readonly of: Readonly<Ref<number>>;
  readonly label: Readonly<Record<Language, string>>;
  refresh(): Promise<void>;
}

export interface Area {
  readonly name: string;
  readonly label: Readonly<Record<Language, string>>;
  /** Where the menu leads. */
  readonly path: string;
  /** Order in the menu; the first area that an account may enter is where it begins. */
  readonly place: number;
  /** Whoever has one of these scopes may enter. */
  readonly scopes: readonly string[];
  readonly count?: AreaCount;
  /** A screen with needs of its own names them in `meta.scopes`. */
  readonly routes: readonly RouteRecordRaw[];
}

const found = import.meta.glob<{ readonly area: Area }>("./*/routes.ts", { eager: true });
export const AREAS: readonly Area[] = Object.values(found)
  .map((one) => one.area)
  .sort((a, b) => a.place - b.place);

/** Whether somebody with these scopes has one of those that are wanted. */
export function isAllowed(held: readonly string[] | undefined, wanted: readonly string[]): boolean {
  return wanted.some((scope) => held?.includes(scope) ?? false);
}

/** The areas of somebody with these scopes, in the order of the menu. */
export function areasFor(held: readonly string[] | undefined): readonly Area[] {
  return AREAS.filter((area) => isAllowed(held, area.scopes));
}

/** The screens of all areas; each knows its area, and whom it is for. */
export function areaRoutes(): RouteRecordRaw[] {
  return AREAS.flatMap((area) => area.routes.map((route) => ({ ...route, meta: { scopes: area.scopes, ...route.meta, area: area.name } })));
}
