/** Has alerts pushed to this browser: the person's own switch, with the browser's permission. */

import { http, session } from "./state.js";

/**
 * How pushing stands: `unable` is a browser without it, `denied` one that was told not to, `missing` one whose push
 * service does not answer; `unsent` is set up here while the server has the channel off, `unasked` is set up here while
 * the server did not say how it stands.
 */
export type PushState = "unable" | "off" | "on" | "unsent" | "unasked" | "denied" | "missing";

/** A browser's push service may never answer; nobody waits longer for it to forget. */
const FORGETS_WITHIN_MS = 2000;

function canPush(): boolean {
  return "serviceWorker" in navigator && "PushManager" in window && "Notification" in window;
}

async function subscription(): Promise<PushSubscription | null> {
  const registration = await navigator.serviceWorker.getRegistration("/app/");
  return (await registration?.pushManager.getSubscription()) ?? null;
}

/** How it stands now, by what the browser says; asks nobody. What is set up here is `unasked`: see `askedState`. */
export async function pushState(): Promise<PushState> {
  if (!canPush()) return "unable";
  if (Notification.permission === "denied") return "denied";
  if (Notification.permission !== "granted") return "off";
  try {
    return (await subscription()) === null ? "off" : "unasked";
  } catch {
    return "off"; // a browser that does not tell is subscribed anew
  }
}

/** How it stands by what the server says of what is set up here; `off` is one that it does not know. Throws nothing. */
export async function askedState(): Promise<PushState> {
  try {
    const [{ kind }, sent] = await Promise.all([http.ask("get", "/mobile/v1/me/push-address"), sending()]);
    return kind === "web_push" ? sent : "off";
  } catch {
    return "unasked";
  }
}

/** Call when the permission is changed in the browser's own settings; the answer ends that. */
export function onPermission(changed: () => void): () => void {
  let status: PermissionStatus | null = null;
  let isOver = false;
  void navigator.permissions?.query({ name: "notifications" }).then(
    (found) => {
      if (isOver) return;
      status = found;
      status.addEventListener("change", changed);
    },
    () => undefined,
  );
  return () => {
    isOver = true;
    status?.removeEventListener("change", changed);
  };
}

/** Ask the browser, subscribe with the server's key, and tell the server. Throws Refused, or TypeError without network. */
export async function pushHere(): Promise<PushState> {
  const answer = await Notification.requestPermission();
  if (answer !== "granted") return answer === "denied" ? "denied" : "off"; // put aside: it may be asked again
  const { public_key, key_id } = await http.ask("get", "/.well-known/web-push.json", { open: true });
  const registration = await navigator.serviceWorker.ready;
  let made: PushSubscription;
  try {
    made = await registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: public_key });
  } catch (error) {
    if (error instanceof DOMException) return "missing"; // no push service behind this browser
    throw error;
  }
  try {
    await name(made, key_id);
  } catch (error) {
    await forgetHere(); // the server may not know it: it must not look as if it did
    throw error;
  }
  return sending();
}

async function name(made: PushSubscription, keyId: string): Promise<void> {
  const told = made.toJSON();
  await http.ask("put", "/mobile/v1/me/push-address", {
    body: { kind: "web_push", key_id: keyId, endpoint: made.endpoint, p256dh: told.keys?.["p256dh"] ?? "", auth: told.keys?.["auth"] ?? "" },
  });
}

/** Whether the server sends to browsers at all; its readiness says so. */
async function sending(): Promise<"on" | "unsent" | "unasked"> {
  try {
    const ready = await http.ask("get", "/health/ready", { open: true });
    return ready.channels?.["web_push"] === "on" ? "on" : "unsent";
  } catch {
    return "unasked"; // that it is not ready for punches says nothing of pushing
  }
}

/** Take the address back from the server, then from the browser's push service. */
export async function stopPushing(): Promise<PushState> {
  if (session.who.value !== null) await http.ask("delete", "/mobile/v1/me/push-address");
  await forgetHere();
  return "off";
}

/**
 * End the subscription in this browser: who logs in next is asked anew. Never throws, and waits two seconds at most: a
 * subscription that stays, without network or because the browser refuses, is one that nothing is sent to.
 */
export async function forgetHere(): Promise<void> {
  if (!canPush()) return;
  let isOver = false;
  const forgetting = async (): Promise<void> => {
    const held = await subscription();
    if (!isOver) await held?.unsubscribe(); // what is found too late may be somebody else's by then
  };
  const late = new Promise<void>((done) => setTimeout(done, FORGETS_WITHIN_MS));
  await Promise.race([forgetting().catch(() => undefined), late]);
  isOver = true;
}
