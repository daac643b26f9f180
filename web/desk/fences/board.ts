/** The map that fences are drawn on: MapLibre with a grid and perhaps a base map beneath, terra-draw above. Loaded only where a map is. */

import type { FeatureCollection } from "geojson";
import { addProtocol, AttributionControl, GeoJSONSource, Map as GroundMap, Marker, NavigationControl, ScaleControl, setWorkerUrl } from "maplibre-gl";
import "maplibre-gl/dist/maplibre-gl.css";
import workerUrl from "maplibre-gl/dist/maplibre-gl-worker.mjs?url";
import type { GeoJSONStoreFeatures, TerraDraw } from "terra-draw";

import { Grips } from "./grips.js";
import { drawingTool, featureOf, MODE_OF, pointsOf } from "./drawing_tool.js";
import { metresPerDegree, type Position } from "./ground.js";
import type { Handle } from "./handles.js";
import { COLOURS, groundLayers, style } from "./ground_style.js";
import { answer, PROTOCOL, type BaseMap } from "./ground_tiles.js";
import { chainageLabels, grid, metresPerPixel, strips, type Box } from "./looks.js";
import { axisOf, type Figure, type Plan, type Role } from "./plan.js";
import { pathsIn, snapped, type Path } from "./snapping.js";

export type { Look } from "./ground_style.js";

setWorkerUrl(workerUrl);
addProtocol(PROTOCOL, answer);

export type Tool = "hand" | Role;

export interface BoardEvents {
  /** A figure was finished with the tool of the moment. */
  drawn(figure: Figure): void;
  /** Points of a figure were moved, added or taken away. */
  moved(id: number, points: readonly Position[]): void;
  /** A measure was changed by its handle. */
  measured(plan: Plan): void;
  /** The grid's squares have this side now. */
  gridded(every_m: number): void;
  /** Tiles of the base map are there, or could not be had. */
  grounded(isThere: boolean): void;
}

/** Wuhan, where nothing is known yet. */
const FIRST_VIEW = { center: [114.3, 30.58] as [number, number], zoom: 11 };
const MOST_ZOOM = 21;
/** The pointer takes what is shown when it is so near. */
const SNAP_PX = 12;
const FIT = { padding: 56, maxZoom: 18, duration: 0 };

export class Board {
  private readonly map: GroundMap;
  private draw: TerraDraw | null = null;
  private plan: Plan | null = null;
  private role: Role = "outer";
  private labels: Marker[] = [];
  private isFilling = false;
  private neighbours: readonly Path[] = [];
  private snaps = true;
  /** What came of the base map's tiles since the map was last moved. */
  private tiles = { loaded: 0, failed: 0 };
  private readonly grips: Grips;
  private readonly spot: Marker;
  /** Settles when the map can be drawn on. */
  readonly ready: Promise<void>;

  /** Throws where the browser cannot draw maps (no WebGL). */
  constructor(
    container: HTMLElement,
    private readonly events: BoardEvents,
    words: Readonly<Record<string, string>>,
    tell: (handle: Handle) => string,
    private readonly base: BaseMap | null = null,
  ) {
    this.map = new GroundMap({ container, style: style(base), ...FIRST_VIEW, maxZoom: MOST_ZOOM, attributionControl: false, locale: words });
    this.map.addControl(new NavigationControl({ showCompass: false }), "top-right");
    this.map.addControl(new ScaleControl({ maxWidth: 160 }), "bottom-left");
    this.map.addControl(new AttributionControl({ compact: true }), "bottom-right");
    this.map.dragRotate.disable();
    this.map.touchZoomRotate.disableRotation();
    this.map.keyboard.disableRotation();
    this.grips = new Grips(
      this.map,
      {
        tried: (plan) => this.derive(plan),
        set: (plan) => this.events.measured(plan),
      },
      tell,
    );
    const spot = document.createElement("div");
    spot.className = "spot";
    this.spot = new Marker({ element: spot });
    this.map.on("moveend", () => this.refresh());
    const isGround = (sourceId: unknown): boolean => String(sourceId).startsWith("ground-");
    this.map.on("movestart", () => (this.tiles = { loaded: 0, failed: 0 }));
    this.map.on("sourcedata", ({ sourceId, tile }) => {
      if (isGround(sourceId) && tile !== undefined) this.tiles.loaded += 1;
    });
    this.map.on("error", ({ error, ...about }) => {
      if (!isGround((about as { sourceId?: string }).sourceId)) return console.error(error);
      this.tiles.failed += 1;
      this.events.grounded(false);
    });
    // A tile that failed counts as loaded to the map: what is told of it stays until others come.
    this.map.on("idle", () => {
      const isThere = base !== null && groundLayers(base).every((name) => this.map.isSourceLoaded(name));
      if (isThere && this.tiles.failed === 0 && this.tiles.loaded > 0) this.events.grounded(true);
    });
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
    this.neighbours = pathsIn(shown);
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

  /** Let points of what is drawn jump to what is shown, or not. */
  snap(isOn: boolean): void {
    this.snaps = isOn;
  }

  /** Mark one place, and bring it into view; null: none. */
  mark(at: Position | null): void {
    if (at === null) {
      this.spot.remove();
      return;
    }
    this.spot.setLngLat([at[0], at[1]]).addTo(this.map);
    if (!this.map.getBounds().contains([at[0], at[1]])) this.map.panTo([at[0], at[1]], { animate: false });
  }

  /** Show the base map or leave it away. */
  lay(isShown: boolean): void {
    for (const name of groundLayers(this.base)) this.map.setLayoutProperty(name, "visibility", isShown ? "visible" : "none");
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
    const draw = drawingTool(this.map, () => COLOURS[this.role], (at) => this.near(at));
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

  /** What is shown near a position, as seen at this zoom. */
  private near(at: Position): Position | null {
    if (!this.snaps) return null;
    const reach_m = SNAP_PX * metresPerPixel(this.map.getZoom(), at[1]);
    const [east, north] = metresPerDegree(at[1]);
    return snapped(at, this.neighbours, [reach_m / east, reach_m / north]);
  }

  /** Strip, disc, labels and handles of what stands on the map this moment, also while it is dragged. */
  private derive(tried: Plan | null = null): void {
    const plan = tried ?? this.plan;
    if (plan === null) return;
    const points = new Map(this.stored().map((one) => [one.id as number, pointsOf(one)]));
    const now = { ...plan, figures: plan.figures.map((one) => ({ ...one, points: points.get(one.id) ?? one.points })) };
    const strip = strips(now);
    const axis = now.on === null ? null : axisOf(now);
    if (axis !== null) {
      strip.features.push({ type: "Feature", properties: { axis: true }, geometry: { type: "LineString", coordinates: axis.points.map((at) => [...at]) } });
    }
    this.source("strips").setData(strip);
    this.label(now);
    this.grips.put(tried === null ? now : this.plan, this.box());
  }

  private box(): Box {
    const bounds = this.map.getBounds();
    return { west: bounds.getWest(), south: bounds.getSouth(), east: bounds.getEast(), north: bounds.getNorth() };
  }

  private label(plan: Plan): void {
    for (const one of this.labels) one.remove();
    this.labels = chainageLabels(plan, this.map.getZoom(), this.box()).map(({ at, text }) => {
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
