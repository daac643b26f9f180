/** A log-in that outlives the page: tokens kept here, renewed by one page at a time. */

import { ref, type Ref } from "vue";

import { Refused, refusal } from "../lib/api.js";
import { oneAtATime } from "../lib/locks.js";
import { language } from "./words.js";

export interface Tokens {
  readonly access_token: string;
  readonly refresh_token: string;
  readonly account_id: string;
  readonly person_id: string | null;
  readonly roles: readonly string[];
  readonly scopes: readonly string[];
}

interface Kept extends Tokens {
  /** By this machine's clock, whatever it shows; only the time since then is counted. */
  readonly got_at: number;
}

/** Nobody is logged in here, or not any more. */
export class LoggedOut extends Error {}

/** Tokens hold for 15 minutes. */
const RENEW_AFTER_MS = 12 * 60_000;

export class Session {
  /** Who is logged in; null: nobody. */
  readonly who: Ref<Tokens | null>;

  constructor(
    private readonly name: string,
    private readonly refreshPath: "/mobile/v1/session/refresh" | "/admin/v1/session/refresh",
  ) {
    this.who = ref(this.read());
    addEventListener("storage", (event) => {
      if (event.key === this.place) this.who.value = this.read();
    });
  }

  keep(tokens: Tokens): void {
    const { access_token, refresh_token, account_id, person_id, roles, scopes } = tokens;
    const kept: Kept = { access_token, refresh_token, account_id, person_id, roles, scopes, got_at: Date.now() };
    localStorage.setItem(this.place, JSON.stringify(kept));
    this.who.value = kept;
  }

  forget(): void {
    localStorage.removeItem(this.place);
    this.who.value = null;
  }

  /**
   * Return an access token of this moment; `stale` is one that the server did not take. Throws LoggedOut when there is no
   * log-in, or when the server has ended it; TypeError without network.
   */
  async token(stale?: string): Promise<string> {
    const kept = this.read();
    if (kept === null) throw new LoggedOut();
    if (isFresh(kept) && kept.access_token !== stale) return kept.access_token;
    return oneAtATime(`session.${this.name}`, async () => {
      const now = this.read(); // another page may have renewed it meanwhile
      if (now === null) throw new LoggedOut();
      if (isFresh(now) && now.access_token !== stale) return now.access_token;
      return this.renew(now);
    });
  }

  private async renew(kept: Kept): Promise<string> {
    const response = await fetch(this.refreshPath, {
      method: "POST",
      headers: { "Content-Type": "application/json", "Accept-Language": language.value },
      body: JSON.stringify({ refresh_token: kept.refresh_token }),
      cache: "no-store",
    });
    if (!response.ok) {
      const refused = await refusal(response);
      if (refused.status !== 401) throw refused;
      this.forget();
      throw new LoggedOut();
    }
    const renewed = (await response.json()) as Tokens;
    this.keep(renewed);
    return renewed.access_token;
  }

  private get place(): string {
    return `daogang.session.${this.name}`;
  }

  private read(): Kept | null {
    const text = localStorage.getItem(this.place);
    return text === null ? null : (JSON.parse(text) as Kept);
  }
}

function isFresh(kept: Kept): boolean {
  const age = Date.now() - kept.got_at;
  return age >= 0 && age < RENEW_AFTER_MS;
}

/** What to tell of an error: its title, code and advice. */
export interface Told {
  readonly title: string;
  readonly code: string;
  readonly advice: string;
}

/** Tell an error in words; `own` has those for what the server did not say itself. */
export function told(error: unknown, own: { readonly offline: Told; readonly loggedOut: Told; readonly unexpected: Told }): Told {
  if (error instanceof Refused && error.title !== "") {
    return { title: error.title, code: error.code, advice: error.advice };
  }
  if (error instanceof LoggedOut) return own.loggedOut;
  if (error instanceof TypeError || error instanceof Refused) return own.offline;
  if (error instanceof DOMException && error.name === "TimeoutError") return own.offline;
  return { ...own.unexpected, code: error instanceof Error ? error.name : own.unexpected.code };
}
