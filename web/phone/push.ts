/** Has alerts pushed to this browser: the person's own switch, with the browser's permission. */

import { http } from "./state.js";

export function canPush(): boolean {
  return "serviceWorker" in navigator && "PushManager" in window && "Notification" in window;
}

async function subscription(): Promise<PushSubscription | null> {
  const registration = await navigator.serviceWorker.getRegistration("/app/");
  return (await registration?.pushManager.getSubscription()) ?? null;
}

export async function isPushed(): Promise<boolean> {
  return (await subscription()) !== null;
}

/** Ask the browser, subscribe with the server's key, and tell the server. Throws Refused, or TypeError without network. */
export async function pushHere(): Promise<"on" | "denied" | "missing"> {
  if ((await Notification.requestPermission()) !== "granted") return "denied";
  const { public_key, key_id } = await http.ask("get", "/.well-known/web-push.json", { open: true });
  const registration = await navigator.serviceWorker.ready;
  let made: PushSubscription;
  try {
    made = await registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: public_key });
  } catch (error) {
    if (error instanceof DOMException) return "missing"; // no push service behind this browser
    throw error;
  }
  const told = made.toJSON();
  await http.ask("put", "/mobile/v1/me/push-address", {
    body: { kind: "web_push", key_id, endpoint: made.endpoint, p256dh: told.keys?.["p256dh"] ?? "", auth: told.keys?.["auth"] ?? "" },
  });
  return "on";
}

export async function stopPushing(): Promise<void> {
  await (await subscription())?.unsubscribe();
  await http.ask("delete", "/mobile/v1/me/push-address");
}
