/** Registers the service worker, and tells when a new build waits to take over. */

import { ref, shallowRef } from "vue";

const waiting = shallowRef<ServiceWorker | null>(null);
/** Whether a new build is on the phone and waits for a word. */
export const update = ref(false);

export async function register(): Promise<void> {
  if (!("serviceWorker" in navigator) || import.meta.env.DEV) return;
  const registration = await navigator.serviceWorker.register("/app/worker.js", { scope: "/app/" });
  const look = (worker: ServiceWorker | null): void => {
    if (worker === null || navigator.serviceWorker.controller === null) return; // the first one has nothing to take over
    waiting.value = worker;
    update.value = true;
  };
  look(registration.waiting);
  registration.addEventListener("updatefound", () => {
    const worker = registration.installing;
    worker?.addEventListener("statechange", () => {
      if (worker.state === "installed") look(registration.waiting);
    });
  });
}

export function takeOver(): void {
  navigator.serviceWorker.addEventListener("controllerchange", () => {
    location.reload();
  });
  waiting.value?.postMessage("take over");
}
