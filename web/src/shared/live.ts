/** Follows the server's live feed (docs/live-feed.md): one stream for a page, taken up again where it broke off. */

import { ref, type Ref } from "vue";

import { Refused } from "../lib/api.js";
import { LoggedOut } from "./session.js";
import type { Http } from "./http.js";

/** Something that happened; what it is about has to be asked for. */
export interface Happening {
  readonly kind: string;
  readonly projectId: string | null;
  readonly subjectId: string;
}

/** `lost`: too much was missed, load everything anew. */
export type Listener = (happened: Happening | "lost") => void;
export type Standing = "joining" | "live" | "broken";

interface Told {
  readonly id: string;
  readonly event: string;
  readonly data: string;
}

const LONGEST_SILENCE_MS = 40_000; // the server is heard every 15 s
const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 30_000;

/** Take whole events off the beginning of what was read; returns them with what is left (HTML Standard, 9.2.6). */
export function takeEvents(read: string): { readonly events: readonly Told[]; readonly rest: string } {
  const blocks = read.split("\n\n");
  const rest = blocks.pop() ?? "";
  const events: Told[] = [];
  for (const block of blocks) {
    const fields = new Map<string, string>();
    for (const line of block.split("\n")) {
      const at = line.indexOf(":");
      if (at > 0) fields.set(line.slice(0, at), line.slice(at + 1).replace(/^ /, ""));
    }
    const event = fields.get("event");
    if (event !== undefined) events.push({ id: fields.get("id") ?? "", event, data: fields.get("data") ?? "{}" });
  }
  return { events, rest };
}

export class LiveFeed {
  readonly standing: Ref<Standing> = ref("joining");
  private readonly listeners = new Set<Listener>();
  private ending: AbortController | null = null;
  private last = "";

  constructor(private readonly http: Http) {}

  /** Be told from now on; the stream is open while anybody is. Returns how to stop. */
  follow(listener: Listener): () => void {
    this.listeners.add(listener);
    if (this.ending === null) {
      this.ending = new AbortController();
      void this.keepOn(this.ending.signal);
    }
    return () => {
      this.listeners.delete(listener);
      if (this.listeners.size > 0) return;
      this.ending?.abort();
      this.ending = null;
      this.last = "";
      this.standing.value = "joining";
    };
  }

  private async keepOn(ended: AbortSignal): Promise<void> {
    let pause = FIRST_PAUSE_MS;
    while (!ended.aborted) {
      try {
        await this.read(ended, () => (pause = FIRST_PAUSE_MS));
      } catch (error) {
        if (error instanceof LoggedOut) return;
        if (error instanceof Refused) pause = Math.max(pause, error.retryAfterMs);
      }
      if (ended.aborted) return;
      this.standing.value = "broken";
      await new Promise((done) => setTimeout(done, pause));
      pause = Math.min(pause * 2, LONGEST_PAUSE_MS);
    }
  }

  /** Read one stream to its end. */
  private async read(ended: AbortSignal, isHeard: () => void): Promise<void> {
    const silence = new AbortController();
    let timer = setTimeout(() => silence.abort(), LONGEST_SILENCE_MS);
    try {
      const response = await this.http.send("get", "/admin/v1/live", {
        headers: this.last === "" ? {} : { "Last-Event-ID": this.last },
        signal: either(ended, silence.signal),
      });
      const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
      if (reader === undefined) return;
      let read = "";
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return;
        clearTimeout(timer);
        timer = setTimeout(() => silence.abort(), LONGEST_SILENCE_MS);
        const taken = takeEvents(read + value);
        read = taken.rest;
        for (const one of taken.events) this.take(one);
        isHeard();
      }
    } finally {
      clearTimeout(timer);
    }
  }

  private take(one: Told): void {
    const isResumed = this.last !== "";
    if (one.id !== "") this.last = one.id;
    if (one.event === "hello") {
      this.standing.value = "live";
      if (!isResumed) this.tell("lost"); // what was loaded before the stream began may be old
      return;
    }
    if (one.event === "reset") {
      this.tell("lost");
      return;
    }
    const about = JSON.parse(one.data) as { readonly project_id?: string | null; readonly subject_id?: string };
    this.tell({ kind: one.event, projectId: about.project_id ?? null, subjectId: about.subject_id ?? "" });
  }

  private tell(happened: Happening | "lost"): void {
    for (const listener of [...this.listeners]) listener(happened);
  }
}

/** Ends with the first of two. */
function either(one: AbortSignal, other: AbortSignal): AbortSignal {
  const both = new AbortController();
  for (const signal of [one, other]) {
    if (signal.aborted) both.abort();
    signal.addEventListener("abort", () => both.abort(), { once: true });
  }
  return both.signal;
}
