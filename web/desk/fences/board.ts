/** The map that fences are drawn on: MapLibre with a grid of its own beneath and terra-draw above. Loaded only where a map is. */

import type { FeatureCollection } from "geojson";
import {
  AttributionControl,
  GeoJSONSource,
  Map as GroundMap,
  Marker,
  NavigationControl,
  ScaleControl,
  setWorkerUrl,
  type StyleSpecification,
} from "maplibre-gl";
import "maplibre-gl/dist/maplibre-gl.css";
import workerUrl from "maplibre-gl/dist/maplibre-gl-worker.mjs?url";
import {
  TerraDraw,
  TerraDrawLineStringMode,
  TerraDrawPointMode,
  TerraDrawPolygonMode,
  TerraDrawSelectMode,
  type GeoJSONStoreFeatures,
  type HexColor,
} from "terra-draw";
import { TerraDrawMapLibreGLAdapter } from "terra-draw-maplibre-gl-adapter";

import type { Position } from "./ground.js";
import { chainageLabels, grid, strips, type Box } from "./looks.js";
import { nextId, rounded, type Figure, type Plan, type Role } from "./plan.js";

setWorkerUrl(workerUrl);

/** What a shown figure is, in the property `look` of its feature. */
export type Look = "in_force" | "version" | "gained" | "lost" | "axis";
export type Tool = "hand" | Role;

export interface BoardEvents {
  /** A figure was finished with the tool of the moment. */
  drawn(figure: Figure): void;
  /** Points of a figure were moved, added or taken away. */
  moved(id: number, points: readonly Position[]): void;
  /** The grid's squares have this side now. */
  gridded(every_m: number): void;
}

const COLOURS: Readonly<Record<Role, HexColor>> = { outer: "#0b6e99", hole: "#b3261e", line: "#0b3d5c", area: "#6a4c93", centre: "#0b3d5c" };
const LOOKS: Readonly<Record<Look, string>> = { in_force: "#44606e", version: "#0b6e99", gained: "#1a7f37", lost: "#b3261e", axis: "#0b3d5c" };
const EMPTY: FeatureCollection = { type: "FeatureCollection", features: [] };
/** Wuhan, where nothing is known yet. */
const FIRST_VIEW = { center: [114.3, 30.58] as [number, number], zoom: 11 };
const MOST_ZOOM = 21;
const FIT = { padding: 56, maxZoom: 18, duration: 0 };
const doubling = (name: string): unknown => ["interpolate", ["exponential", 2], ["zoom"], 0, ["get", name], 24, ["*", ["get", name], 2 ** 24]];
const byLook = (values: Readonly<Record<Look, unknown>>): unknown => [
  "match",
  ["get", "look"],
  ...Object.entries(values).flat(),
  values.version,
];

function style(): StyleSpecification {
  // Strips are far longer than they are wide: simplified as usual they lose whole bends.
  const source = { type: "geojson" as const, data: EMPTY, tolerance: 0 };
  return {
    version: 8,
    sources: { grid: source, shown: source, strips: source },
    layers: [
      { id: "paper", type: "background", paint: { "background-color": "#f7f9fa" } },
      { id: "grid", type: "line", source: "grid", paint: { "line-color": ["case", ["get", "strong"], "#c3d0d8", "#e1e8ec"] } },
      {
        id: "shown-areas",
        type: "fill",
        source: "shown",
        filter: ["==", ["geometry-type"], "Polygon"],
        paint: {
          "fill-color": byLook(LOOKS) as string,
          "fill-opacity": byLook({ in_force: 0.1, version: 0.2, gained: 0.35, lost: 0.35, axis: 0 }) as number,
        },
      },
      {
        id: "shown-edges",
        type: "line",
        source: "shown",
        filter: ["!=", ["get", "look"], "in_force"],
        paint: { "line-color": byLook(LOOKS) as string, "line-width": 2 },
      },
      {
        id: "shown-in-force",
        type: "line",
        source: "shown",
        filter: ["==", ["get", "look"], "in_force"],
        paint: { "line-color": LOOKS.in_force, "line-width": 2, "line-dasharray": [3, 2] },
      },
      {
        id: "strip",
        type: "line",
        source: "strips",
        filter: ["==", ["geometry-type"], "LineString"],
        layout: { "line-join": "miter" },
        paint: {
          "line-color": COLOURS.outer,
          "line-opacity": 0.25,
          "line-width": doubling("width_px") as number,
          "line-offset": doubling("offset_px") as number,
        },
      },
      {
        id: "disc",
        type: "fill",
        source: "strips",
        filter: ["==", ["geometry-type"], "Polygon"],
        paint: { "fill-color": COLOURS.outer, "fill-opacity": 0.25, "fill-outline-color": COLOURS.outer },
      },
    ],
  };
}

const colourOf = (feature: GeoJSONStoreFeatures): HexColor => COLOURS[(feature.properties["role"] as Role | undefined) ?? "outer"];

function drawingTool(map: GroundMap, drawn: () => HexColor): TerraDraw {
  const colour = (feature: GeoJSONStoreFeatures): HexColor => (feature.properties["role"] === undefined ? drawn() : colourOf(feature));
  const snapping = { toCoordinate: true, toLine: true };
  const movable = { feature: { draggable: true, coordinates: { draggable: true, deletable: true, midpoints: true } } };
  return new TerraDraw({
    adapter: new TerraDrawMapLibreGLAdapter({ map }),
    idStrategy: { isValidId: (id) => typeof id === "number", getId: nextId },
    modes: [
      new TerraDrawPolygonMode({ snapping, styles: { fillColor: colour, fillOpacity: 0.25, outlineColor: colour, outlineWidth: 2 } }),
      new TerraDrawLineStringMode({ snapping, styles: { lineStringColor: colour, lineStringWidth: 3 } }),
      new TerraDrawPointMode({ styles: { pointColor: colour, pointWidth: 7, pointOutlineWidth: 2, pointOutlineColor: "#ffffff" } }),
      new TerraDrawSelectMode({
        // Figures are taken away with their own button, so that a key cannot lose them.
        keyEvents: null,
        flags: { polygon: movable, linestring: movable, point: movable },
        styles: { selectedPolygonColor: colourOf, selectedPolygonOutlineColor: colourOf, selectedLineStringColor: colourOf },
      }),
    ],
  });
}

const MODE_OF: Readonly<Record<Role, string>> = { outer: "polygon", hole: "polygon", area: "polygon", line: "linestring", centre: "point" };

function featureOf(figure: Figure): GeoJSONStoreFeatures {
  const points = figure.points.map((at) => [...at]);
  const properties = { mode: MODE_OF[figure.role], role: figure.role };
  const told = { type: "Feature" as const, id: figure.id, properties };
  if (figure.role === "centre") return { ...told, geometry: { type: "Point", coordinates: points[0] as number[] } };
  if (figure.role === "line") return { ...told, geometry: { type: "LineString", coordinates: points } };
  return { ...told, geometry: { type: "Polygon", coordinates: [[...points, points[0] as number[]]] } };
}

function pointsOf({ geometry }: GeoJSONStoreFeatures): Position[] {
  if (geometry.type === "Point") return [rounded(geometry.coordinates)];
  if (geometry.type === "LineString") return geometry.coordinates.map(rounded);
  return (geometry.coordinates[0] ?? []).slice(0, -1).map(rounded);
}

export class Board {
  private readonly map: GroundMap;
  private draw: TerraDraw | null = null;
  private plan: Plan | null = null;
  private role: Role = "outer";
  private labels: Marker[] = [];
  private isFilling = false;
  /** Settles when the map can be drawn on. */
  readonly ready: Promise<void>;

  /** Throws where the browser cannot draw maps (no WebGL). */
  constructor(
    container: HTMLElement,
    private readonly events: BoardEvents,
    words: Readonly<Record<string, string>>,
  ) {
    this.map = new GroundMap({ container, style: style(), ...FIRST_VIEW, maxZoom: MOST_ZOOM, attributionControl: false, locale: words });
    this.map.addControl(new NavigationControl({ showCompass: false }), "top-right");
    this.map.addControl(new ScaleControl({ maxWidth: 160 }), "bottom-left");
    this.map.addControl(new AttributionControl({ compact: true }), "bottom-right");
    this.map.dragRotate.disable();
    this.map.touchZoomRotate.disableRotation();
    this.map.keyboard.disableRotation();
    this.map.on("moveend", () => this.refresh());
    this.ready = new Promise((settle) => {
      this.map.once("load", () => {
        this.refresh();
        settle();
      });
    });
  }

  /** Show figures that cannot be touched; each has a `look`. */
  show(shown: FeatureCollection): void {
    this.source("shown").setData(shown);
  }

  /** Show a plan that can be drawn on. */
  put(plan: Plan): void {
    this.plan = plan;
    const draw = this.drawing();
    const features = plan.figures.map(featureOf);
    const isSame = JSON.stringify(features.map((one) => [one.id, one.geometry])) === JSON.stringify(this.stored().map((one) => [one.id, one.geometry]));
    if (!isSame) {
      this.isFilling = true;
      const mode = draw.getMode();
      draw.clear();
      draw.addFeatures(features);
      draw.setMode(mode);
      this.isFilling = false;
    }
    this.derive();
  }

  use(tool: Tool): void {
    const draw = this.drawing();
    if (tool !== "hand") this.role = tool;
    draw.setMode(tool === "hand" ? "select" : MODE_OF[tool]);
  }

  /** Mark a figure so that its points can be moved. */
  select(id: number): void {
    const draw = this.drawing();
    if (draw.hasFeature(id)) draw.selectFeature(id);
  }

  fit(box: Box): void {
    this.map.fitBounds([box.west, box.south, box.east, box.north], FIT);
  }

  leave(): void {
    this.draw?.stop();
    this.map.remove();
  }

  private source(name: "grid" | "shown" | "strips"): GeoJSONSource {
    return this.map.getSource(name) as GeoJSONSource;
  }

  private stored(): GeoJSONStoreFeatures[] {
    const known = new Set(this.plan?.figures.map((one) => one.id));
    return this.drawing()
      .getSnapshot()
      .filter((one) => known.has(one.id as number));
  }

  private drawing(): TerraDraw {
    if (this.draw !== null) return this.draw;
    const draw = drawingTool(this.map, () => COLOURS[this.role]);
    draw.start();
    draw.setMode("select");
    draw.on("finish", (id, { action }) => {
      const feature = draw.getSnapshotFeature(id);
      if (feature === undefined) return;
      if (action !== "draw") return this.events.moved(id as number, pointsOf(feature));
      draw.updateFeatureProperties(id, { role: this.role });
      this.events.drawn({ id: id as number, role: this.role, points: pointsOf(feature) });
    });
    draw.on("change", () => {
      if (!this.isFilling) this.derive();
    });
    this.draw = draw;
    return draw;
  }

  /** Strip, disc and labels of what stands on the map this moment, also while it is dragged. */
  private derive(): void {
    if (this.plan === null) return;
    const points = new Map(this.stored().map((one) => [one.id as number, pointsOf(one)]));
    const figures = this.plan.figures.map((one) => ({ ...one, points: points.get(one.id) ?? one.points }));
    this.source("strips").setData(strips({ ...this.plan, figures }));
    this.label(figures.find((one) => one.role === "line")?.points ?? [], this.plan.start_m);
  }

  private box(): Box {
    const bounds = this.map.getBounds();
    return { west: bounds.getWest(), south: bounds.getSouth(), east: bounds.getEast(), north: bounds.getNorth() };
  }

  private label(line: readonly Position[], start_m: number): void {
    for (const one of this.labels) one.remove();
    this.labels = chainageLabels(line, start_m, this.map.getZoom(), this.box()).map(({ at, text }) => {
      const element = document.createElement("span");
      element.className = "chainage";
      element.textContent = text;
      return new Marker({ element, anchor: "bottom", offset: [0, -6] }).setLngLat([at[0], at[1]]).addTo(this.map);
    });
  }

  private refresh(): void {
    const { lines, every_m } = grid(this.box(), this.map.getZoom());
    this.source("grid").setData(lines);
    this.events.gridded(every_m);
    this.derive();
  }
}
