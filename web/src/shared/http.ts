/** Asks the API with the types that the server's own document states; every refusal is a `Refused`. */

import type { paths } from "../../generated/api.js";
import { refusal, Refused } from "../lib/api.js";

type Method = "get" | "post" | "put" | "patch" | "delete";
/** The paths that a method may be asked of. */
export type PathOf<M extends Method> = {
  [P in keyof paths]: paths[P] extends Record<M, { responses: unknown }> ? P : never;
}[keyof paths];
type Operation<M extends Method, P extends PathOf<M>> = paths[P] extends Record<M, infer O> ? O : never;
type Good<R> = { [S in keyof R]: S extends 200 | 201 | 202 ? R[S] : never }[keyof R];
/** What a success answers. */
export type Answer<M extends Method, P extends PathOf<M>> =
  Operation<M, P> extends { responses: infer R }
    ? Good<R> extends { content: { "application/json": infer A } }
      ? A
      : undefined
    : never;
export type Body<M extends Method, P extends PathOf<M>> =
  Operation<M, P> extends { requestBody: { content: { "application/json": infer B } } } ? B : undefined;
type PathValues<M extends Method, P extends PathOf<M>> =
  Operation<M, P> extends { parameters: { path: infer V } } ? V : Readonly<Record<never, never>>;

export interface Request<M extends Method, P extends PathOf<M>> {
  readonly body?: Body<M, P>;
  /** A file in place of a body; the server finds out by its content what it is. */
  readonly file?: Blob;
  readonly path?: PathValues<M, P>;
  readonly query?: Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
  /** Ask without a log-in. */
  readonly open?: boolean;
}

export interface Caller {
  /** A token of this moment. `stale` is one that the server has just called too old. */
  token(stale?: string): Promise<string>;
  language(): string;
}

/** A token that ran out by the server's clock; ours may be wrong. */
const TOO_OLD = "identity.token_expired";

export class Http {
  constructor(private readonly caller: Caller) {}

  /** Ask and return what was answered; throws Refused, or TypeError without network. */
  async ask<M extends Method, P extends PathOf<M>>(method: M, path: P, request: Request<M, P> = {}): Promise<Answer<M, P>> {
    const response = await this.send(method, path, request);
    return (response.status === 204 ? undefined : await response.json()) as Answer<M, P>;
  }

  /** Ask and return the answer as it came. */
  async send<M extends Method, P extends PathOf<M>>(method: M, path: P, request: Request<M, P> = {}): Promise<Response> {
    const values = (request.path ?? {}) as Readonly<Record<string, string | number>>;
    const place = String(path).replaceAll(/\{([a-z_]+)\}/g, (_, name: string) => encodeURIComponent(String(values[name])));
    const body = request.file ?? (request.body === undefined ? null : JSON.stringify(request.body));
    const attempt = async (token: string | null): Promise<Response> => {
      const headers: Record<string, string> = { ...request.headers, "Accept-Language": this.caller.language() };
      if (token !== null) headers["Authorization"] = `Bearer ${token}`;
      if (body !== null) headers["Content-Type"] = request.file === undefined ? "application/json" : "application/octet-stream";
      const response = await fetch(place + spelledQuery(request.query), {
        method: method.toUpperCase(),
        headers,
        body,
        cache: "no-store",
        redirect: "error",
        credentials: "same-origin",
        signal: request.signal ?? null,
      });
      if (response.ok) return response;
      throw await refusal(response);
    };
    if (request.open === true) return attempt(null);
    const token = await this.caller.token();
    try {
      return await attempt(token);
    } catch (error) {
      if (!(error instanceof Refused) || error.code !== TOO_OLD) throw error;
      return attempt(await this.caller.token(token));
    }
  }
}

function spelledQuery(query: Request<"get", never>["query"]): string {
  const spelled = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value === undefined) continue;
    for (const one of Array.isArray(value) ? (value as readonly string[]) : [value]) spelled.append(name, String(one));
  }
  const text = spelled.toString();
  return text === "" ? "" : `?${text}`;
}
