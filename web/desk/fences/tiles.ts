/** Where the pixels of a WGS-84 tile lie in tiles of another datum (Web Mercator scheme, 256 px). Pure. */

import { gcj02FromWgs84 } from "./datums.js";

export const TILE_PX = 256;
/** The way is exact at the corners of so many cells a side, and even between them; how exact: docs/fence-editor.md. */
export const CELLS = 16;

export interface TileName {
  readonly z: number;
  readonly x: number;
  readonly y: number;
}

/** Longitude and latitude of a place in pixels of the world at a zoom, from its north-western corner. */
export function positionOf(z: number, px: number, py: number): readonly [number, number] {
  const world = TILE_PX * 2 ** z;
  return [(px / world) * 360 - 180, (Math.atan(Math.sinh(Math.PI * (1 - (2 * py) / world))) * 180) / Math.PI];
}

export function pixelOf(z: number, [lon, lat]: readonly [number, number]): readonly [number, number] {
  const world = TILE_PX * 2 ** z;
  return [((lon + 180) / 360) * world, ((1 - Math.asinh(Math.tan((lat * Math.PI) / 180)) / Math.PI) / 2) * world];
}

/** For each corner of the cells of a WGS-84 tile, row by row, the pixel of the world of GCJ-02 that belongs there. */
export function cornersInGcj02({ z, x, y }: TileName): Float64Array {
  const corners = new Float64Array((CELLS + 1) ** 2 * 2);
  for (let place = 0, row = 0; row <= CELLS; row += 1) {
    for (let column = 0; column <= CELLS; column += 1) {
      const px = (x + column / CELLS) * TILE_PX;
      const py = (y + row / CELLS) * TILE_PX;
      corners.set(pixelOf(z, gcj02FromWgs84(positionOf(z, px, py))), place);
      place += 2;
    }
  }
  return corners;
}

/** The pixel of the world of GCJ-02 for a place of the tile in pixels from its corner. */
export function sourceOf(corners: Float64Array, px: number, py: number): readonly [number, number] {
  const [across, down] = [(px / TILE_PX) * CELLS, (py / TILE_PX) * CELLS];
  const column = Math.min(Math.floor(across), CELLS - 1);
  const row = Math.min(Math.floor(down), CELLS - 1);
  const [u, v] = [across - column, down - row];
  const at = (r: number, c: number, axis: number): number => corners[(r * (CELLS + 1) + c) * 2 + axis] as number;
  const between = (axis: number): number =>
    (at(row, column, axis) * (1 - u) + at(row, column + 1, axis) * u) * (1 - v) +
    (at(row + 1, column, axis) * (1 - u) + at(row + 1, column + 1, axis) * u) * v;
  return [between(0), between(1)];
}

/** The tiles whose pixels are needed, north-west to south-east. */
export function tilesFor(corners: Float64Array, z: number): TileName[] {
  const side = (axis: 0 | 1): [number, number] => {
    const all = corners.filter((_, place) => place % 2 === axis);
    const most = 2 ** z - 1;
    const tile = (px: number): number => Math.min(Math.max(Math.floor(px / TILE_PX), 0), most);
    // A pixel more: its neighbours are mixed in.
    return [tile(Math.min(...all) - 1), tile(Math.max(...all) + 1)];
  };
  const [[west, east], [north, south]] = [side(0), side(1)];
  const found: TileName[] = [];
  for (let y = north; y <= south; y += 1) for (let x = west; x <= east; x += 1) found.push({ z, x, y });
  return found;
}

/** Read the tile's pixels out of a picture of the needed ones, whose corner is at (`left`, `top`) of the world. */
export function resampled(corners: Float64Array, picture: ImageData, left: number, top: number): ImageData {
  const made = new ImageData(TILE_PX, TILE_PX);
  const [from, to] = [picture.data, made.data];
  const [mostX, mostY] = [picture.width - 1, picture.height - 1];
  const hold = (value: number, most: number): number => Math.min(Math.max(value, 0), most);
  for (let row = 0, place = 0; row < TILE_PX; row += 1) {
    for (let column = 0; column < TILE_PX; column += 1, place += 4) {
      const [sourceX, sourceY] = sourceOf(corners, column + 0.5, row + 0.5);
      const [x, y] = [sourceX - left - 0.5, sourceY - top - 0.5];
      const [x0, y0] = [hold(Math.floor(x), mostX), hold(Math.floor(y), mostY)];
      const [x1, y1] = [hold(x0 + 1, mostX), hold(y0 + 1, mostY)];
      const [u, v] = [hold(x - x0, 1), hold(y - y0, 1)];
      const [a, b] = [(y0 * picture.width + x0) * 4, (y0 * picture.width + x1) * 4];
      const [c, d] = [(y1 * picture.width + x0) * 4, (y1 * picture.width + x1) * 4];
      for (let band = 0; band < 4; band += 1) {
        const upper = (from[a + band] as number) * (1 - u) + (from[b + band] as number) * u;
        const lower = (from[c + band] as number) * (1 - u) + (from[d + band] as number) * u;
        to[place + band] = upper * (1 - v) + lower * v;
      }
    }
  }
  return made;
}

/** Where a grid of places of a tile, `every` pixels apart, comes from; for tests: [px, py, source px, source py] each. */
export function waysOf(tile: TileName, every: number): number[][] {
  const corners = cornersInGcj02(tile);
  const found: number[][] = [];
  for (let py = every / 2; py < TILE_PX; py += every) {
    for (let px = every / 2; px < TILE_PX; px += every) found.push([px, py, ...sourceOf(corners, px, py)]);
  }
  return found;
}
