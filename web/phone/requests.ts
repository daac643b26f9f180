/** What a person asks for: drafts that survive a lost answer, photos that go first, instants at the site. */

import { onBeforeUnmount, reactive, watch } from "vue";

import type { components } from "../generated/api.js";
import { Refused } from "../src/lib/api.js";
import { drop, keep, kept } from "./kept.js";
import { client, countQueue, http, pack, project, reached, type Project } from "./state.js";
import { say } from "./words/index.js";

type Schemas = components["schemas"];
export type Request = Schemas["RequestOut"];
export type RequestFile = Schemas["RequestFile"];
export type Offer = Schemas["OfferOut"];
export type Punch = Schemas["PageOfPunchOut"]["items"][number];

/** As many photos as one request takes along here; the server would take nine. */
export const MOST_PHOTOS = 3;

/** A site's zone and the hour at which its days begin. */
export function siteOf(projectId: string): Pick<Project, "time_zone" | "cutover"> {
  const found = pack.value?.projects.find((one) => one.project_id === projectId) ?? project.value;
  return found ?? { time_zone: "Asia/Shanghai", cutover: "04:00" };
}

/** Return the instant of a wall-clock time at a site, whatever zone the phone is set to. */
export function instantAt(day: string, time: string, zone: string): string {
  const wanted = Date.parse(`${day}T${time}:00Z`);
  // Twice: the first guess may lie on the other side of a change of clocks.
  let found = wanted;
  for (let turn = 0; turn < 2; turn += 1) found = wanted - (wallClock(found, zone) - found);
  return new Date(found).toISOString();
}

/** Return the instant of a time of a day of attendance: what lies before the hour at which days begin is of the next morning. */
export function punchedAt(day: string, time: string, site: Pick<Project, "time_zone" | "cutover">): string {
  const isMorningAfter = time < site.cutover.slice(0, 5);
  const calendarDay = isMorningAfter ? new Date(Date.parse(`${day}T00:00:00Z`) + 24 * 3_600_000).toISOString().slice(0, 10) : day;
  return instantAt(calendarDay, time, site.time_zone);
}

/** What a wall clock of a zone shows at an instant, as if it were UTC. */
function wallClock(at: number, zone: string): number {
  const form = new Intl.DateTimeFormat("en-CA", {
    timeZone: zone, hourCycle: "h23", year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit",
  });
  const part = Object.fromEntries(form.formatToParts(at).map((one) => [one.type, one.value]));
  return Date.parse(`${part["year"]}-${part["month"]}-${part["day"]}T${part["hour"]}:${part["minute"]}:${part["second"]}Z`);
}

/** Return the calendar day and the time of an instant at a site. */
export function atSite(at: Date | string, zone: string): { readonly day: string; readonly time: string } {
  const text = new Date(wallClock(new Date(at).getTime(), zone)).toISOString();
  return { day: text.slice(0, 10), time: text.slice(11, 16) };
}

/** A form that is being filled in. Its id is made once, so that sending it again after a lost answer files nothing twice. */
export interface Draft<F extends object> {
  readonly fields: F;
  id(): string;
  /** It is filed, or given up. */
  end(): void;
  /** The id stands for something else on the server. */
  renew(): void;
}

/** Go on with what was filled in before for the same subject, or begin anew. */
export function useDraft<F extends object>(name: string, empty: F): Draft<F> {
  const place = `draft.${name}`;
  const before = kept<{ readonly id: string; readonly fields: F }>(place)?.value;
  let id = before?.id ?? crypto.randomUUID();
  let isEnded = false;
  const fields = reactive({ ...empty, ...before?.fields }) as F;
  const note = (): void => {
    if (!isEnded) keep(place, { id, fields });
  };
  watch(fields, note, { deep: true });
  return {
    fields,
    id: () => id,
    end: () => {
      isEnded = true;
      drop(place);
    },
    renew: () => {
      id = crypto.randomUUID();
      note();
    },
  };
}

/** Photos of a request: they go up before it, and those of a request that was never filed are not left to be sent. */
export function useEvidence(): { send(photos: readonly Blob[]): Promise<string[]>; filed(): void } {
  let added: string[] = [];
  const forget = (): void => {
    void client().store.photos.bulkDelete(added).then(countQueue);
  };
  onBeforeUnmount(() => {
    if (added.length > 0) forget();
  });
  return {
    async send(photos) {
      if (photos.length === 0) return [];
      const { store, photos: library } = client();
      const names: string[] = [];
      for (const one of photos) names.push(await library.add(one));
      added = names;
      try {
        await library.send();
      } catch {
        // Whatever broke the upload, the next try goes on where it stopped.
        throw new TypeError("PhotosDidNotArrive");
      }
      const left = (await store.photos.bulkGet(names)).find((one) => one !== undefined);
      await countQueue();
      if (left !== undefined) {
        forget();
        throw new Refused(left.refusedWith ?? 0, "app.photo_refused", say("evidence_refused"), 0, say("evidence_refused_advice"));
      }
      return names;
    },
    filed() {
      added = [];
    },
  };
}

/** Ask what a person can ask for on a project; the last answer is kept. */
export async function fetchOffer(projectId: string): Promise<Offer> {
  const offer = await http.ask("get", "/mobile/v1/projects/{project_id}/request-offer", { path: { project_id: projectId } });
  reached(true);
  return keep(`offer.${projectId}`, offer).value;
}

/** The days of a request as people read them. */
export function daysOf(one: Pick<Request, "first_on" | "last_on">): string {
  return one.first_on === one.last_on ? one.first_on : say("days_from_to", { first: one.first_on, last: one.last_on });
}

/** How a state is coloured. */
export function toneOf(state: Request["state"]): "counted" | "refused" | "review" | "pending" {
  if (state === "approved") return "counted";
  if (state === "rejected") return "refused";
  return state === "withdrawn" ? "pending" : "review";
}
