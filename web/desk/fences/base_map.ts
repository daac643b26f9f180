/** Which base map this installation shows; asked once for a page, anew after a failure. */

import { http } from "../state.js";
import type { BaseMap } from "./ground_tiles.js";

let asked: Promise<BaseMap> | null = null;

export function baseMap(): Promise<BaseMap> {
  asked ??= http.ask("get", "/admin/v1/base-map").catch((error: unknown) => {
    asked = null;
    throw error;
  });
  return asked;
}
