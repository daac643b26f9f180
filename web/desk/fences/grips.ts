/** The handles of a corridor on the map: dragged with a pointer, or moved with the arrow keys. */

import { Marker, type Map as GroundMap } from "maplibre-gl";

import type { Position } from "./ground.js";
import { handlesOf, valueAt, withValue, type Handle } from "./handles.js";
import type { Box } from "./looks.js";
import type { Plan } from "./plan.js";

/** Metres that an arrow key moves a handle, and with Shift. */
const STEP_M = 1;
const LONG_STEP_M = 10;
/** More would hide the map. */
const MOST = 40;
/** Handles nearer than this could not be told apart. */
const APART_PX = 16;
const KEYS: Readonly<Record<string, number>> = { ArrowUp: 1, ArrowRight: 1, ArrowDown: -1, ArrowLeft: -1 };

export interface GripEvents {
  /** A handle is on its way: the plan as it would be. */
  tried(plan: Plan): void;
  /** A handle was let go. */
  set(plan: Plan): void;
}

export class Grips {
  private markers = new Map<string, Marker>();
  private held: string | null = null;
  private plan: Plan | null = null;

  constructor(
    private readonly map: GroundMap,
    private readonly events: GripEvents,
    private readonly tell: (handle: Handle) => string,
  ) {}

  /** Put the handles of a plan that are in view; null: none. */
  put(plan: Plan | null, box: Box): void {
    this.plan = plan;
    if (this.held !== null) return;
    const middle = this.map.getCenter();
    const isIn = ([lon, lat]: Position): boolean => lon >= box.west && lon <= box.east && lat >= box.south && lat <= box.north;
    const all = plan === null ? [] : handlesOf(plan, [middle.lng, middle.lat]).filter((one) => isIn(one.at));
    const handles = this.apart(all).slice(0, MOST);
    const names = new Set(handles.map((one) => one.name));
    for (const [name, marker] of this.markers) {
      if (names.has(name)) continue;
      marker.remove();
      this.markers.delete(name);
    }
    for (const handle of handles) this.place(handle);
  }

  /** Those that can be taken one by one: places along the line first, widths where they are wide enough to be seen. */
  private apart(handles: readonly Handle[]): Handle[] {
    const isWidth = ({ grip }: Handle): boolean => grip === "left" || grip === "right";
    const taken: { readonly x: number; readonly y: number }[] = [];
    return [...handles.filter((one) => !isWidth(one)), ...handles.filter(isWidth)].filter((one) => {
      const { x, y } = this.map.project([one.at[0], one.at[1]]);
      if (taken.some((other) => Math.hypot(other.x - x, other.y - y) < APART_PX)) return false;
      taken.push({ x, y });
      return true;
    });
  }

  private place(handle: Handle): void {
    const known = this.markers.get(handle.name);
    const marker = known ?? this.made(handle.name, handle.grip);
    const element = marker.getElement();
    const told = this.tell(handle);
    element.setAttribute("aria-label", told);
    element.title = told;
    element.setAttribute("aria-valuenow", String(handle.value));
    element.setAttribute("aria-valuemin", String(handle.least));
    element.setAttribute("aria-valuemax", String(handle.most));
    if (handle.label !== null) element.setAttribute("aria-valuetext", handle.label);
    marker.setLngLat([handle.at[0], handle.at[1]]);
    if (known === undefined) marker.addTo(this.map);
  }

  private handle(name: string): Handle | undefined {
    const middle = this.map.getCenter();
    return this.plan === null ? undefined : handlesOf(this.plan, [middle.lng, middle.lat]).find((one) => one.name === name);
  }

  private made(name: string, grip: string): Marker {
    const element = document.createElement("div");
    element.className = `grip ${grip}`;
    element.setAttribute("role", "slider");
    element.tabIndex = 0;
    const marker = new Marker({ element, draggable: true });
    this.markers.set(name, marker);
    const changed = (): Plan | null => {
      const handle = this.handle(name);
      const { lng, lat } = marker.getLngLat();
      return handle === undefined || this.plan === null ? null : withValue(this.plan, handle, valueAt(this.plan, handle, [lng, lat]));
    };
    marker.on("dragstart", () => (this.held = name));
    marker.on("drag", () => {
      const next = changed();
      if (next !== null) this.events.tried(next);
    });
    marker.on("dragend", () => {
      const next = changed();
      this.held = null;
      if (next !== null) this.events.set(next);
    });
    element.addEventListener("keydown", (event) => {
      const sign = KEYS[event.key];
      const handle = this.handle(name);
      if (sign === undefined || handle === undefined || this.plan === null) return;
      event.preventDefault();
      event.stopPropagation();
      this.events.set(withValue(this.plan, handle, handle.value + sign * (event.shiftKey ? LONG_STEP_M : STEP_M)));
    });
    return marker;
  }
}
