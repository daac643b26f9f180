/** Registers the phone's key: shows the server that the private part is here. */

import { Refused, type Api } from "./api.js";
import type { Clocks } from "./clocks.js";
import { KEY, sign } from "./keys.js";
import { oneAtATime } from "./locks.js";
import { newKey } from "./queue.js";
import type { Store, StoredKey } from "./store.js";

/**
 * Return a key that the server knows. One that is here but not registered is registered, so that what it signed counts;
 * after a loss of storage there is none, and the new one takes the old one's place. Throws Refused, or TypeError without
 * network.
 */
export async function ensureKey(store: Store, clocks: Clocks, api: Api): Promise<StoredKey> {
  return oneAtATime("registration", async () => {
    const key = await oneAtATime("queue", async () => (await store.currentKey()) ?? newKey(store, clocks));
    if (key.isRegistered) return key;
    try {
      return await register(key, store, api);
    } catch (error) {
      if (!(error instanceof Refused) || error.code !== "offline.key_taken") throw error;
      // It was replaced at another place: what it signed is still taken, new punches need a new key.
      return register(await oneAtATime("queue", () => newKey(store, clocks)), store, api);
    }
  });
}

async function register(key: StoredKey, store: Store, api: Api): Promise<StoredKey> {
  const answer = await api.ask("POST", "/mobile/v1/phone/key-challenges");
  const { challenge } = (await answer.json()) as { challenge: string };
  const proof = await sign(key.privateKey, KEY, `${challenge}\n${key.id}`);
  await api.ask("POST", "/mobile/v1/phone/keys", { jwk: key.jwk, challenge, proof });
  await store.keys.update(key.id, { isRegistered: true });
  return { ...key, isRegistered: true };
}
