/** The clocks of a phone: one that anybody can set, and one that nobody can. */

export interface Clocks {
  /** Wall clock, in milliseconds since 1970-01-01 UTC. */
  wall(): number;
  /** Milliseconds of a clock that only goes forward. */
  mono(): number;
  /** Names the time for which `mono` counts. */
  readonly boot: string;
  /** `boot`: counts while the phone sleeps, until it is switched off. `page`: dies with the page. */
  readonly kind: "boot" | "page";
}

/** What the clocks show, all at one moment. */
export interface Reading {
  readonly at: number;
  readonly mono_ms: number;
  readonly boot: string;
}

/** The clocks of a page; make them once for each page. */
export function pageClocks(): Clocks {
  return {
    wall: () => Math.trunc(Date.now()),
    mono: () => Math.trunc(performance.now()),
    boot: crypto.randomUUID(),
    kind: "page",
  };
}

export function read(clocks: Clocks): Reading {
  return { at: clocks.wall(), mono_ms: clocks.mono(), boot: clocks.boot };
}
