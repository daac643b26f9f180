/** Where the phone is: follows its positions while a screen asks, and keeps the best of the last moments. */

import { onBeforeUnmount, onMounted, reactive } from "vue";

import type { components } from "../generated/api.js";
import type { Fix } from "../src/lib/queue.js";

export interface Position {
  readonly lon: number;
  readonly lat: number;
  readonly accuracyM: number;
  /** By the phone's wall clock, as the platform dates it. */
  readonly at: number;
}

export type Trouble = "denied" | "unavailable" | "timeout";

export interface Places {
  last: Position | null;
  trouble: Trouble | null;
  recent: Position[];
}

/** As many fixes as a tap sends, out of so many seconds. */
const WINDOW = 5;
const WINDOW_MS = 15_000;

/** Follow the position as long as the component is shown. */
export function usePlaces(): Places {
  const places = reactive<Places>({ last: null, trouble: null, recent: [] });
  let watch: number | null = null;
  const follow = (): void => {
    if (watch !== null || !("geolocation" in navigator)) return;
    watch = navigator.geolocation.watchPosition(
      (found) => {
        const { longitude, latitude, accuracy } = found.coords;
        const position = { lon: longitude, lat: latitude, accuracyM: accuracy, at: found.timestamp };
        places.last = position;
        places.trouble = null;
        places.recent = [...places.recent, position].filter((one) => position.at - one.at < WINDOW_MS).slice(-WINDOW);
      },
      (error) => {
        places.trouble = error.code === error.PERMISSION_DENIED ? "denied" : error.code === error.TIMEOUT ? "timeout" : "unavailable";
        if (places.trouble === "denied") places.last = null;
      },
      { enableHighAccuracy: true, maximumAge: 2_000, timeout: 20_000 },
    );
  };
  const rest = (): void => {
    if (watch !== null) navigator.geolocation.clearWatch(watch);
    watch = null;
  };
  const turn = (): void => {
    if (document.visibilityState === "visible") follow();
    else rest();
  };
  onMounted(() => {
    if (!("geolocation" in navigator)) places.trouble = "unavailable";
    follow();
    document.addEventListener("visibilitychange", turn);
  });
  onBeforeUnmount(() => {
    rest();
    document.removeEventListener("visibilitychange", turn);
  });
  return places;
}

/** Nobody waits longer for a first position. */
const FIRST_WITHIN_MS = 12_000;

/** Wait for a first position; what asks for one too early would be judged as having none. Comes back without one as well. */
export async function firstPlace(places: Places): Promise<void> {
  const until = performance.now() + FIRST_WITHIN_MS;
  while (places.last === null && places.trouble !== "denied" && performance.now() < until) await new Promise((done) => setTimeout(done, 50));
}

/** Spell positions as the queue and the server take them; their age counts at `now`. */
export function fixesOf(recent: readonly Position[], now: number): Fix[] {
  return recent.map((one) => ({
    lon: one.lon,
    lat: one.lat,
    crs: "wgs84",
    accuracyM: one.accuracyM,
    platform: "web",
    ageMs: Math.max(0, now - one.at),
  }));
}

/** Spell fixes as the API takes them. */
export function wireFixes(fixes: readonly Fix[]): components["schemas"]["FixIn"][] {
  return fixes.map((fix) => ({
    lon: fix.lon,
    lat: fix.lat,
    crs: fix.crs,
    accuracy_m: fix.accuracyM,
    platform: fix.platform,
    provider: fix.provider ?? "unknown",
    age_s: Math.round(fix.ageMs ?? 0) / 1000,
    mock: fix.mock ?? false,
  }));
}
