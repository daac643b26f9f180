/** Speaks HTTP with the server; an answer that is a problem becomes an error with its code. */

export interface Access {
  /** Origin of the server, without a slash at the end. */
  readonly baseUrl: string;
  /** An access token of this moment; renewing it is the app's business. */
  accessToken(): Promise<string>;
  /** Language of titles and advice. */
  readonly language?: string;
}

/** The server refused; `code` is stable. Without an answer `fetch` throws TypeError instead. */
export class Refused extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    readonly title: string,
    readonly retryAfterMs: number,
    /** What to do next, in the caller's language; empty where something between us and the server answered. */
    readonly advice = "",
  ) {
    super(`${status} ${code}`);
  }

  /** Whether the same request may succeed later. */
  get isPassing(): boolean {
    return this.status === 429 || this.status >= 500;
  }
}

export class Api {
  /** Whether the last request met an answer, whatever it says, or nobody; null before the first. */
  isReached: boolean | null = null;

  constructor(readonly access: Access) {}

  /** Ask in the name of the one who is logged in. */
  async ask(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Response> {
    const token = await this.access.accessToken();
    const told: Record<string, string> = { ...headers, Authorization: `Bearer ${token}` };
    if (body !== undefined) told["Content-Type"] = "application/json";
    return this.send(method, path, told, body === undefined ? null : JSON.stringify(body));
  }

  async send(method: string, path: string, headers: Record<string, string>, body: string | FormData | null): Promise<Response> {
    const language = this.access.language ?? "zh-CN";
    const asking = { method, headers: { ...headers, "Accept-Language": language }, body, cache: "no-store", redirect: "error" } as const;
    const response = await fetch(this.access.baseUrl + path, asking).catch((error: unknown) => {
      this.isReached = false;
      throw error;
    });
    this.isReached = true;
    if (response.ok || response.status === 304) return response;
    throw await refusal(response);
  }
}

export async function refusal(response: Response): Promise<Refused> {
  const seconds = Number(response.headers.get("Retry-After") ?? "0");
  const waits = Number.isFinite(seconds) ? seconds * 1000 : 0;
  let told: unknown = null;
  try {
    told = await response.json();
  } catch {
    // What stands between, a proxy or a captive portal, answers in its own words.
  }
  const member = (name: string): string => {
    const value: unknown = typeof told === "object" && told !== null ? Reflect.get(told, name) : undefined;
    return typeof value === "string" ? value : "";
  };
  return new Refused(response.status, member("code"), member("title"), waits, member("advice"));
}
