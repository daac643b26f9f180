/** What the phone app knows: who is logged in, the field pack, the queue; one object for all screens. */

import { computed, reactive, ref, shallowRef } from "vue";

import type { components } from "../generated/api.js";
import { Refused } from "../src/lib/api.js";
import { Client, type Attempt } from "../src/lib/client.js";
import type { StoredItem } from "../src/lib/store.js";
import { Http } from "../src/shared/http.js";
import { LoggedOut, Session, type Tokens } from "../src/shared/session.js";
import { language } from "../src/shared/words.js";

type Schemas = components["schemas"];
export type Project = Schemas["PackProject"];
export type Pack = Schemas["FieldPackAnswer"];
export type Fence = Schemas["PackFence"];

/** The version that the queue's items and the server's lists name. */
export const VERSION = "1.0.0";

export const session = new Session("phone", "/mobile/v1/session/refresh");
export const http = new Http({ token: (stale) => session.token(stale), language: () => language.value });

export const field = reactive({
  /** Whether the last attempt to reach the server succeeded; null before the first. */
  isReached: null as boolean | null,
  waiting: 0,
  photosWaiting: 0,
  proofsWaiting: 0,
  isSending: false,
  isOutdated: false,
  /** The new phone waits for somebody's confirmation. */
  awaitsConfirmation: localStorage.getItem("daogang.awaits") === "1",
});
export const rejected = shallowRef<readonly StoredItem[]>([]);
export const pack = shallowRef<Pack | null>(null);
export const chosenProject = ref(localStorage.getItem("daogang.project") ?? "");
/** A proof of presence; `isKept`: it lies on this phone, and nobody has judged it yet. */
export type Proof = Schemas["ProofAnswer"] & { readonly isKept?: boolean };
/** What the next tap takes. */
export const proof = shallowRef<Proof | null>(null);

export const project = computed<Project | null>(() => {
  const projects = pack.value?.projects ?? [];
  return projects.find((one) => one.project_id === chosenProject.value) ?? projects[0] ?? null;
});

export function chooseProject(id: string): void {
  chosenProject.value = id;
  localStorage.setItem("daogang.project", id);
}

/** The fences of a project that are in force at an instant. */
export function fencesOf(one: Project | null, at: Date): readonly Fence[] {
  const held = pack.value;
  if (held === null || one === null) return [];
  const now = at.getTime();
  const inForce = new Set(
    held.periods
      .filter((period) => Date.parse(period.valid_from) <= now)
      .filter((period) => period.valid_until === null || now < Date.parse(period.valid_until))
      .map((period) => period.version_id),
  );
  return held.fences.filter((fence) => fence.project_id === one.project_id && inForce.has(fence.version_id));
}

let opened: { readonly person: string; readonly client: Client } | null = null;

/** The queue and keys of whoever is logged in, kept apart for each person of this phone. */
export function client(): Client {
  const person = session.who.value?.person_id ?? "nobody";
  if (opened?.person === person) return opened.client;
  opened?.client.stop();
  const made = new Client({
    baseUrl: location.origin,
    app: VERSION,
    database: `daogang-${person}`,
    accessToken: () => session.token(),
    language: language.value,
    onAttempt: heard,
  });
  opened = { person, client: made };
  return made;
}

function heard(attempt: Attempt): void {
  // An attempt that had nothing to send asked nobody: it proves no network.
  if (attempt.isReached !== null) reached(attempt.isReached, attempt.begunAt);
  field.isOutdated = client().isOutdated;
  void countQueue();
}

let answeredAt = -Infinity;

/**
 * Note whether the server was reached; `begunAt`: since when it was asked, by `performance.now()`. What fails after
 * another request was answered, but was asked before, proves nothing of now: it may have hung since there was no network.
 */
export function reached(isReached: boolean, begunAt = performance.now()): void {
  if (isReached) answeredAt = performance.now();
  else if (begunAt < answeredAt) return;
  field.isReached = isReached;
}

export async function countQueue(): Promise<void> {
  const { queue, store, proofs } = client();
  field.proofsWaiting = (await proofs.waiting()).length;
  field.waiting = (await queue.waiting()).length;
  field.photosWaiting = await store.photos.count();
  rejected.value = await queue.rejected();
}

/** Begin with what is on the phone, then fetch what is new; never waits for the network. */
export async function wakeUp(): Promise<void> {
  if (session.who.value === null) return;
  const phone = client();
  pack.value = ((await phone.store.packs.get("pack"))?.pack as Pack | undefined) ?? null;
  await countQueue();
  phone.start();
  addEventListener("online", askAgain);
  await refreshPack();
}

/** The network may be back: only an answer tells. */
function askAgain(): void {
  if (session.who.value !== null) void refreshPack();
}

/** Fetch the field pack; without network the old one goes on. */
export async function refreshPack(): Promise<void> {
  const begunAt = performance.now();
  try {
    pack.value = (await client().prepare()) as unknown as Pack;
    field.isOutdated = client().isOutdated;
    reached(true);
  } catch (error) {
    if (!(error instanceof LoggedOut)) reached(error instanceof Refused, begunAt);
  }
}

export function loggedIn(tokens: Tokens & { readonly awaits_confirmation: boolean }): void {
  session.keep(tokens);
  field.awaitsConfirmation = tokens.awaits_confirmation;
  localStorage.setItem("daogang.awaits", tokens.awaits_confirmation ? "1" : "0");
  void wakeUp();
}

/** Names this installation of the app to the server; made once. */
export function installId(): string {
  const kept = localStorage.getItem("daogang.install");
  if (kept !== null) return kept;
  const made = crypto.randomUUID();
  localStorage.setItem("daogang.install", made);
  return made;
}
