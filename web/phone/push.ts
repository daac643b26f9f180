/** Has alerts pushed to this browser: the person's own switch, with the browser's permission. */

import { http, session } from "./state.js";

/**
 * How pushing stands: `unable` is a browser without it, `denied` one that was told not to, `missing` one whose push
 * service does not answer; `unsent` is set up here while the server has the channel off.
 */
export type PushState = "unable" | "off" | "on" | "unsent" | "denied" | "missing";

function canPush(): boolean {
  return "serviceWorker" in navigator && "PushManager" in window && "Notification" in window;
}

async function subscription(): Promise<PushSubscription | null> {
  const registration = await navigator.serviceWorker.getRegistration("/app/");
  return (await registration?.pushManager.getSubscription()) ?? null;
}

/** How it stands now, by what the browser says; asks nobody. */
export async function pushState(): Promise<PushState> {
  if (!canPush()) return "unable";
  if (Notification.permission === "denied") return "denied";
  return Notification.permission === "granted" && (await subscription()) !== null ? "on" : "off";
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
  await name(made, key_id);
  return (await isSent()) ? "on" : "unsent";
}

async function name(made: PushSubscription, keyId: string): Promise<void> {
  const told = made.toJSON();
  await http.ask("put", "/mobile/v1/me/push-address", {
    body: { kind: "web_push", key_id: keyId, endpoint: made.endpoint, p256dh: told.keys?.["p256dh"] ?? "", auth: told.keys?.["auth"] ?? "" },
  });
}

/** Whether the server sends to browsers at all; its readiness says so. */
async function isSent(): Promise<boolean> {
  try {
    const ready = await http.ask("get", "/health/ready", { open: true });
    return ready.channels?.["web_push"] === "on";
  } catch {
    return true; // that it is not ready for punches says nothing of pushing
  }
}

/** Take the address back from the server, then from the browser's push service. */
export async function stopPushing(): Promise<PushState> {
  if (session.who.value !== null) await http.ask("delete", "/mobile/v1/me/push-address");
  await forgetHere();
  return "off";
}

/** End the subscription in this browser: who logs in next is asked anew. Without network it stays, and nothing is sent to it. */
export async function forgetHere(): Promise<void> {
  if (!canPush()) return;
  await (await subscription())?.unsubscribe().catch(() => false);
}
