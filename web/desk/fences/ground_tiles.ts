/** Fetches tiles of the base map and lays those of GCJ-02 where WGS-84 wants them. Loaded with the map. */

import type { RasterSourceSpecification } from "maplibre-gl";

import type { components } from "../../generated/api.js";
import { cornersInGcj02, resampled, TILE_PX, tilesFor, type TileName } from "./tiles.js";

export type BaseMap = components["schemas"]["BaseMapAnswer"];
const PROTOCOL = "ground";
/** Tiles of other datums that are kept, since each is asked for by up to four neighbours. */
const MOST_KEPT = 64;

const addressOf = (template: string, { z, x, y }: TileName): string =>
  template.replaceAll("{z}", String(z)).replaceAll("{x}", String(x)).replaceAll("{y}", String(y));

async function fetched(address: string, signal?: AbortSignal): Promise<ArrayBuffer> {
  // Map services give keys to sites and ask which one it is; they are told the site, never the page.
  const answer = await fetch(address, { referrerPolicy: "origin", credentials: "omit", signal: signal ?? null });
  // No tile is no fault: the sea has none, nor has land beyond the last zoom.
  if (answer.status === 204 || answer.status === 404) return new ArrayBuffer(0);
  if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
  return answer.arrayBuffer();
}

const kept = new Map<string, Promise<ImageBitmap | null>>();

function picture(address: string): Promise<ImageBitmap | null> {
  const known = kept.get(address);
  const found = known ?? fetched(address).then((bytes) => (bytes.byteLength === 0 ? null : createImageBitmap(new Blob([bytes]))));
  kept.delete(address);
  kept.set(address, found);
  // What failed is asked for anew the next time.
  if (known === undefined) found.catch(() => kept.delete(address));
  const oldest = kept.keys().next().value;
  if (kept.size > MOST_KEPT && oldest !== undefined) kept.delete(oldest);
  return found;
}

async function shifted(template: string, tile: TileName): Promise<ImageBitmap> {
  const corners = cornersInGcj02(tile);
  const needed = tilesFor(corners, tile.z);
  const first = needed[0] as TileName;
  const last = needed.at(-1) as TileName;
  const canvas = new OffscreenCanvas((last.x - first.x + 1) * TILE_PX, (last.y - first.y + 1) * TILE_PX);
  const pen = canvas.getContext("2d", { willReadFrequently: true }) as OffscreenCanvasRenderingContext2D;
  const pictures = await Promise.all(needed.map((one) => picture(addressOf(template, one))));
  for (const [place, one] of pictures.entries()) {
    const { x, y } = needed[place] as TileName;
    if (one !== null) pen.drawImage(one, (x - first.x) * TILE_PX, (y - first.y) * TILE_PX, TILE_PX, TILE_PX);
  }
  const all = pen.getImageData(0, 0, canvas.width, canvas.height);
  return createImageBitmap(resampled(corners, all, first.x * TILE_PX, first.y * TILE_PX));
}

/** What the map asks for instead of the service's own address. */
function named(template: string, datum: string): string {
  return `${PROTOCOL}://${datum}/{z}/{x}/{y}/${encodeURIComponent(template)}`;
}

/** Answers the map's questions for tiles; to be made known to the map once, under `PROTOCOL`. */
export async function answer({ url }: { readonly url: string }, { signal }: AbortController): Promise<{ data: ArrayBuffer | ImageBitmap }> {
  const [datum, z, x, y, template] = url.slice(`${PROTOCOL}://`.length).split("/") as [string, string, string, string, string];
  const tile = { z: Number(z), x: Number(x), y: Number(y) };
  const own = decodeURIComponent(template);
  return { data: datum === "gcj02" ? await shifted(own, tile) : await fetched(addressOf(own, tile), signal) };
}

/** The sources of a base map, lowest layer first. */
export function groundSources(base: BaseMap): RasterSourceSpecification[] {
  return base.tiles.map((template) => ({
    type: "raster",
    tiles: [named(template, base.datum ?? "wgs84")],
    tileSize: TILE_PX,
    maxzoom: base.most_zoom ?? 18,
  }));
}

export { PROTOCOL };
