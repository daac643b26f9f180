/** The app's files on the phone: they are there without network, and renewed as a whole when there is a new build. */

import { cleanupOutdatedCaches, createHandlerBoundToURL, precacheAndRoute } from "workbox-precaching";
import { NavigationRoute, registerRoute } from "workbox-routing";

declare const self: ServiceWorkerGlobalScope & { __WB_MANIFEST: { url: string; revision: string | null }[] };

precacheAndRoute(self.__WB_MANIFEST);
cleanupOutdatedCaches();
registerRoute(new NavigationRoute(createHandlerBoundToURL("index.html")));

// A new build takes over when the app says so, between two taps and never within one.
self.addEventListener("message", (event) => {
  if (event.data === "take over") void self.skipWaiting();
});

self.addEventListener("activate", (event) => {
  event.waitUntil(self.clients.claim());
});

interface Pushed {
  readonly title?: string;
  readonly body?: string;
}

self.addEventListener("push", (event) => {
  let pushed: Pushed = {};
  try {
    pushed = (event.data?.json() ?? {}) as Pushed;
  } catch {
    // A push without words still says that there is something in the inbox.
  }
  const title = pushed.title ?? "到岗";
  event.waitUntil(self.registration.showNotification(title, { body: pushed.body ?? "", icon: "icon-192.png", lang: "zh-CN" }));
});

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(
    self.clients.matchAll({ type: "window" }).then(async (pages) => {
      const page = pages[0];
      if (page === undefined) await self.clients.openWindow("/app/notices");
      else await page.focus();
    }),
  );
});
