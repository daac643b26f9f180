/** Sends photos over tus; the phone's copy is deleted only when the server has the whole of it. */

import { DetailedError, Upload } from "tus-js-client";

import type { Access } from "./api.js";
import { hex, sha256 } from "./bytes.js";
import { signedBy, UPLOAD, type PhoneKey } from "./keys.js";
import { oneAtATime } from "./locks.js";
import type { Store, StoredPhoto } from "./store.js";

/** So much is sent in one request: what a broken connection can lose. */
const CHUNK_BYTES = 128 * 1024;
const FORBIDDEN = 403;

export class Photos {
  constructor(
    private readonly store: Store,
    private readonly access: Access,
  ) {}

  /** Keep a photo (JPEG, PNG, WebP or HEIC by its `type`) and return its name, which goes into the punch. */
  async add(content: Blob): Promise<string> {
    const name = hex(await sha256(await content.arrayBuffer()));
    if ((await this.store.photos.get(name)) === undefined) {
      await this.store.photos.add({ sha256: name, content, url: null, refusedWith: null });
    }
    return name;
  }

  /**
   * Send all that are here; returns how many went through. One that the server does not take is kept and marked, so that
   * it holds up no other. Throws tus's error where a later attempt may succeed.
   */
  async send(): Promise<number> {
    return oneAtATime("photos", async () => {
      let sent = 0;
      for (const name of await this.store.photos.toCollection().primaryKeys()) {
        const photo = await this.store.photos.get(name);
        if (photo === undefined || photo.refusedWith !== null) continue;
        try {
          await this.sendOne(photo);
        } catch (error) {
          if (!(error instanceof DetailedError) || isPassing(error)) throw error;
          // Nothing waits for it that the server knows of: the punch has to come in first, or a log-in.
          if (error.originalResponse?.getStatus() === FORBIDDEN) continue;
          await this.store.photos.update(name, { refusedWith: error.originalResponse?.getStatus() ?? 0 });
          continue;
        }
        await this.store.photos.delete(name);
        sent += 1;
      }
      return sent;
    });
  }

  /** By whom requests are authorised: the one who is logged in, or, where nobody is, the phone's key. */
  private async authority(): Promise<{ readonly token: string } | PhoneKey> {
    try {
      return { token: await this.access.accessToken() };
    } catch (error) {
      const key = await this.store.currentKey();
      if (key?.isRegistered !== true) throw error;
      return key;
    }
  }

  private async sendOne(photo: StoredPhoto): Promise<void> {
    const authority = await this.authority();
    await new Promise<void>((done, failed) => {
      const upload = new Upload(photo.content, {
        endpoint: `${this.access.baseUrl}/mobile/v1/uploads`,
        uploadUrl: photo.url,
        chunkSize: CHUNK_BYTES,
        headers: "token" in authority ? { Authorization: `Bearer ${authority.token}` } : {},
        onBeforeRequest: async (request) => {
          if ("token" in authority) return;
          const path = new URL(request.getURL()).pathname;
          const told = [request.getHeader("Upload-Length") ?? "", request.getHeader("Upload-Metadata") ?? ""];
          const text = [request.getMethod(), path, ...told].join("\n");
          for (const [name, value] of Object.entries(await signedBy(authority, UPLOAD, text))) {
            request.setHeader(name, value);
          }
        },
        metadata: { sha256: photo.sha256, filetype: photo.content.type },
        // When to try again is decided in one place, for photos and punches alike.
        retryDelays: null,
        storeFingerprintForResuming: false,
        onUploadUrlAvailable: () => {
          void this.store.photos.update(photo.sha256, { url: upload.url });
        },
        onSuccess: () => {
          done();
        },
        onError: failed,
      });
      upload.start();
    });
  }
}

/** Whether nobody answered an upload. */
export function isUnanswered(error: unknown): boolean {
  return error instanceof DetailedError && (error.originalResponse?.getStatus() ?? 0) === 0;
}

/** Whether an upload may go through when it is tried again: after a log-in, a wait, or with a network. */
export function isPassing(error: DetailedError): boolean {
  const status = error.originalResponse?.getStatus() ?? 0;
  return status === 0 || status >= 500 || [401, 404, 409, 423, 429].includes(status);
}
