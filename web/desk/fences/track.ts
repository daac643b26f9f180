/** A track that is walked with a phone: which fixes count, how exact they are, and the file that the server thins. Pure. */

import { distance, type Position } from "./ground.js";

export interface Fix {
  readonly lon: number;
  readonly lat: number;
  readonly accuracy_m: number;
  /** Milliseconds since 1970. */
  readonly at: number;
}

export interface Track {
  readonly fixes: readonly Fix[];
  /** Fixes that were too vague to be drawn by. */
  readonly vague: number;
}

export const NO_TRACK: Track = { fixes: [], vague: 0 };
/** A fix that says to be worse than this tells nothing about where an edge runs. */
export const VAGUE_M = 30;
/** The server's limit of a file leaves room for more than a day at a fix a second. */
export const MOST_FIXES = 50_000;
/** Who ends so near to where he began went round. */
const ROUND_M = 40;
const LEAST_FIXES = 3;

export function walked(track: Track, fix: Fix): Track {
  if (!(fix.accuracy_m <= VAGUE_M)) return { ...track, vague: track.vague + 1 };
  if (track.fixes.length >= MOST_FIXES) return track;
  return { ...track, fixes: [...track.fixes, fix] };
}

const place = (fix: Fix): Position => [fix.lon, fix.lat];

export function pointsOf(track: Track): Position[] {
  return track.fixes.map(place);
}

/** The way between the fixes, in metres. */
export function wayOf(track: Track): number {
  return track.fixes.reduce((sum, fix, at) => (at === 0 ? 0 : sum + distance(place(track.fixes[at - 1] as Fix), place(fix))), 0);
}

/** What half, and nine tenths, of the fixes are not worse than, in metres, as the phone says; null without any. */
export function accuracyOf(track: Track): { readonly median_m: number; readonly most_m: number } | null {
  const sorted = track.fixes.map((one) => one.accuracy_m).sort((a, b) => a - b);
  if (sorted.length === 0) return null;
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] as number;
  return { median_m: at(0.5), most_m: at(0.9) };
}

export function isEnough(track: Track): boolean {
  return track.fixes.length >= LEAST_FIXES;
}

/** Whether the walk ended where it began, so that it goes round something. */
export function isRound(track: Track): boolean {
  const [first, last] = [track.fixes[0], track.fixes.at(-1)];
  if (first === undefined || last === undefined || track.fixes.length < 4) return false;
  return distance(place(first), place(last)) <= ROUND_M && wayOf(track) > 3 * ROUND_M;
}

/** The track as GPX 1.1, whose numbers are WGS-84. */
export function gpxOf(track: Track): string {
  const rows = track.fixes.map((one) => `<trkpt lat="${one.lat}" lon="${one.lon}"><time>${new Date(one.at).toISOString()}</time></trkpt>`);
  return `<?xml version="1.0" encoding="UTF-8"?><gpx version="1.1" creator="daogang" xmlns="http://www.topografix.com/GPX/1/1"><trk><trkseg>${rows.join("")}</trkseg></trk></gpx>`;
}

/** Read what was kept of a track; anything else is none. */
export function readTrack(text: string | null): Track {
  try {
    const found = JSON.parse(text ?? "null") as Partial<Track> | null;
    const isFix = (one: Partial<Fix>): boolean => [one.lon, one.lat, one.accuracy_m, one.at].every(Number.isFinite);
    return Array.isArray(found?.fixes) && found.fixes.every(isFix) ? { fixes: found.fixes, vague: Number(found.vague) || 0 } : NO_TRACK;
  } catch {
    return NO_TRACK;
  }
}
