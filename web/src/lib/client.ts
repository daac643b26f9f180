/** The whole for an app: writes punches down at once and sends them as soon as there is a way. */

import { Api, Refused, type Access } from "./api.js";
import { waitAfter } from "./backoff.js";
import { pageClocks, type Clocks } from "./clocks.js";
import { exportQueue, type ExportedQueue } from "./export.js";
import { fetchPack } from "./pack.js";
import { isUnanswered, Photos } from "./photos.js";
import { Proofs } from "./proofs.js";
import { Queue, type Punch } from "./queue.js";
import { ensureKey } from "./registration.js";
import { Store, type FieldPack, type StoredItem } from "./store.js";
import { sync, type Synced } from "./sync.js";
import { isOlder } from "./versions.js";

export interface Options extends Access {
  /** Version of the app, as the item names it. */
  readonly app: string;
  /** Name of the database; one for each person who uses the phone. */
  readonly database?: string;
  readonly clocks?: Clocks;
  /** Told of every attempt: what it did, or why it will be made again, and when. */
  readonly onAttempt?: (attempt: Attempt) => void;
}

export type Attempt = ({ readonly done: Synced } | { readonly error: unknown; readonly againInMs: number }) & {
  /** By `performance.now()`. */
  readonly begunAt: number;
  /** Whether the last of its requests met an answer, whatever it says, or nobody; null where there was nothing to ask. */
  readonly isReached: boolean | null;
};

export class Client {
  readonly store: Store;
  readonly clocks: Clocks;
  readonly queue: Queue;
  readonly photos: Photos;
  readonly proofs: Proofs;
  private readonly api: Api;
  private least: string | null = null;
  private failures = 0;
  private timer: ReturnType<typeof setTimeout> | null = null;
  private isRunning = false;
  private isBusy = false;
  private isAsked = false;

  constructor(private readonly options: Options) {
    this.store = new Store(options.database ?? "daogang");
    this.clocks = options.clocks ?? pageClocks();
    this.api = new Api(options);
    this.queue = new Queue(this.store, this.clocks, options.app);
    this.photos = new Photos(this.store, options);
    this.proofs = new Proofs(this.store, this.clocks, this.api, options);
  }

  /** Fetch what is needed for days without network; also shows the server the phone's key. */
  async prepare(): Promise<FieldPack> {
    // Without this the browser may clear the storage when it runs short. It may say no.
    await navigator.storage.persist();
    await ensureKey(this.store, this.clocks, this.api);
    const pack = await fetchPack(this.store, this.clocks, this.api);
    this.least = pack.min_version ?? this.least;
    return pack;
  }

  /** Write a punch down; it is safe when this resolves, and sent in its time. */
  async punch(punch: Punch): Promise<StoredItem> {
    const item = await this.queue.add(punch);
    this.wake();
    return item;
  }

  /**
   * Send what there is, now and once; see `sync`. Proofs of presence go before the punches that name them, photos follow.
   * Punches wait for no proof: one that comes later has its punch ruled on anew.
   */
  async syncOnce(): Promise<Synced> {
    let trouble: unknown = null;
    try {
      await this.proofs.send();
    } catch (error) {
      trouble = error;
    }
    const done = await sync(this.store, this.clocks, this.api, this.queue);
    this.least = done.minVersion ?? this.least;
    await this.photos.send();
    if (trouble !== null) throw trouble;
    return done;
  }

  /** Return what waits as signed files, for the project admin to hand in where this phone cannot send; see `exportQueue`. */
  async exportQueue(): Promise<ExportedQueue[]> {
    return exportQueue(this.store, this.clocks, this.queue);
  }

  /** Whether the server asks for a later version of the app than this one. Nothing is refused to an older one. */
  get isOutdated(): boolean {
    return this.least !== null && isOlder(this.options.app, this.least);
  }

  /** Send whenever there is something and a way, until `stop`. */
  start(): void {
    if (this.isRunning) return;
    this.isRunning = true;
    addEventListener("online", this.wake);
    document.addEventListener("visibilitychange", this.wake);
    this.wake();
  }

  stop(): void {
    this.isRunning = false;
    removeEventListener("online", this.wake);
    document.removeEventListener("visibilitychange", this.wake);
    this.cancel();
  }

  /** Try at once: something was added, or the network may be back. That it is there, only an answer proves. */
  private readonly wake = (): void => {
    if (!this.isRunning) return;
    this.cancel();
    if (this.isBusy) {
      this.isAsked = true;
      return;
    }
    void this.attempt();
  };

  private async attempt(): Promise<void> {
    this.isBusy = true;
    this.isAsked = false;
    this.api.isReached = null;
    const begunAt = performance.now();
    let wait: number | null = null;
    try {
      const done = await this.syncOnce();
      this.failures = 0;
      if (done.waiting > 0) wait = waitAfter(1);
      this.options.onAttempt?.({ done, begunAt, isReached: this.api.isReached });
    } catch (error) {
      this.failures += 1;
      wait = waitAfter(this.failures, error instanceof Refused ? error.retryAfterMs : 0);
      // What failed first may have been answered to by the end; photos go last, by ways of their own.
      const isReached = isUnanswered(error) ? false : this.api.isReached;
      this.options.onAttempt?.({ error, againInMs: wait, begunAt, isReached });
    } finally {
      this.isBusy = false;
    }
    if (!this.isRunning) return;
    if (this.isAsked) this.wake();
    else if (wait !== null) this.timer = setTimeout(this.wake, wait);
  }

  private cancel(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
  }
}
