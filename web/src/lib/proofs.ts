/** Keeps what shows presence until the server has it: frames of a face check, and site codes that were scanned. */

import { Refused, type Access, type Api } from "./api.js";
import { uuid7 } from "./bytes.js";
import type { Clocks } from "./clocks.js";
import { oneAtATime } from "./locks.js";
import type { Store, StoredProof } from "./store.js";

/** What a face check without network answers: the steps of a challenge that the phone had ahead, with a picture of each. */
export interface TakenFrames {
  readonly challengeId: string;
  readonly projectId: string;
  readonly nonce: string;
  /** Steps in their order, each with the clock that nobody can set. */
  readonly about: readonly { readonly step: string; readonly at_ms: number }[];
  readonly pictures: readonly Blob[];
}

/** Nothing of a later attempt would be different: what was shown is no proof. */
const FINAL = new Set([400, 404, 409, 410, 413, 415, 422]);

/** Only the server ends a proof, by a code of its own; what stands between, a proxy or a captive portal, has none. */
function isFinal(error: unknown): error is Refused {
  return error instanceof Refused && FINAL.has(error.status) && error.code !== "";
}

const DAY_MS = 24 * 3_600_000;
/** So long what became of a proof is kept to be read. */
const TOLD_MS = 3 * DAY_MS;

export class Proofs {
  constructor(
    private readonly store: Store,
    private readonly clocks: Clocks,
    private readonly api: Api,
    private readonly access: Access,
  ) {}

  /** Keep the frames of a challenge; its id is that of the proof, which a punch may name before anything was judged. */
  async addFrames(taken: TakenFrames): Promise<string> {
    const { challengeId, projectId, nonce, about, pictures } = taken;
    const shown = { nonce, about, pictures };
    await this.store.proofs.add({ id: challengeId, way: "face", projectId, madeAt: this.clocks.wall(), shown, answer: null, refusal: null });
    return challengeId;
  }

  /** Keep a site code that was scanned; return the id that the proof will have. */
  async addScan(projectId: string, code: string): Promise<string> {
    const madeAt = this.clocks.wall();
    const id = uuid7(madeAt);
    await this.store.proofs.add({ id, way: "site_qr", projectId, madeAt, shown: { code }, answer: null, refusal: null });
    return id;
  }

  /** Those that the server has not judged yet, oldest first. */
  async waiting(): Promise<StoredProof[]> {
    const found = await this.store.proofs.orderBy("madeAt").toArray();
    return found.filter((one) => one.shown !== null);
  }

  /** Forget frames that were not sent: the person no longer agrees to face checks. */
  async dropFrames(): Promise<void> {
    await this.store.proofs.filter((one) => one.way === "face").delete();
  }

  /**
   * Send all that wait; returns how many were judged. Pictures leave the phone's storage with the answer. One that the
   * server does not take is kept with its words and holds up no other. Throws Refused, or TypeError without network,
   * where a later attempt may succeed.
   */
  async send(): Promise<number> {
    return oneAtATime("proofs", async () => {
      const old = this.clocks.wall() - TOLD_MS;
      await this.store.proofs.filter((one) => one.shown === null && one.madeAt < old).delete();
      let sent = 0;
      for (const one of await this.waiting()) {
        try {
          await this.store.proofs.update(one.id, { answer: await this.sendOne(one), shown: null });
          sent += 1;
        } catch (error) {
          if (!isFinal(error)) throw error;
          const refusal = { code: error.code, title: error.title, advice: error.advice };
          await this.store.proofs.update(one.id, { refusal, shown: null });
        }
      }
      return sent;
    });
  }

  private async sendOne(one: StoredProof): Promise<NonNullable<StoredProof["answer"]>> {
    const shown = one.shown;
    if (shown === null) throw new Error("there is nothing to send");
    const headers = { Authorization: `Bearer ${await this.access.accessToken()}` };
    if ("code" in shown) {
      const body = JSON.stringify({ project_id: one.projectId, code: shown.code, proof_id: one.id });
      const path = "/mobile/v1/presence/site-code-proofs";
      const response = await this.api.send("POST", path, { ...headers, "Content-Type": "application/json" }, body);
      const told = (await response.json()) as { outcome: string; title: string; advice: string };
      return { outcome: told.outcome, title: told.title, advice: told.advice };
    }
    const form = new FormData();
    form.append("about", JSON.stringify({ nonce: shown.nonce, frames: shown.about, made_at: new Date(one.madeAt).toISOString() }));
    for (const [place, picture] of shown.pictures.entries()) form.append("frame", picture, `${place}.jpg`);
    const response = await this.api.send("POST", `/mobile/v1/liveness/challenges/${one.id}/frames`, headers, form);
    const told = (await response.json()) as { outcome: string; reasons: { title: string; advice: string }[] };
    return { outcome: told.outcome, title: told.reasons[0]?.title ?? "", advice: told.reasons[0]?.advice ?? "" };
  }
}
