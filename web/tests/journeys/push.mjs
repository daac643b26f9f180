// The journey of notices that are pushed: refused, allowed later, without a push service, then with one that is stood in for.
import { faults } from "./common.mjs";
import { enter, packed, phoneOf } from "./phone.mjs";

/** The browser's push service, which is not there: it gives an address that a real one would give, with a real key. */
const SERVICE = async () => {
  const base64 = (bytes) => btoa(String.fromCharCode(...new Uint8Array(bytes))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  const pair = await crypto.subtle.generateKey({ name: "ECDH", namedCurve: "P-256" }, true, ["deriveBits"]);
  const keys = { p256dh: base64(await crypto.subtle.exportKey("raw", pair.publicKey)), auth: base64(crypto.getRandomValues(new Uint8Array(16))) };
  const endpoint = `https://updates.push.services.mozilla.com/wpush/v2/${crypto.randomUUID()}`;
  window.held = null;
  PushManager.prototype.getSubscription = async () => window.held;
  PushManager.prototype.subscribe = async (options) => {
    window.subscribedWith = options;
    window.held = {
      endpoint,
      toJSON: () => ({ endpoint, keys }),
      unsubscribe: async () => {
        window.held = null;
        return true;
      },
    };
    return window.held;
  };
};

/** Have the browser's push service bring something to the app's worker; return what the browser showed for it. */
async function brought(context, page, data) {
  const devtools = await context.newCDPSession(page);
  const registered = new Promise((done) => {
    devtools.on("ServiceWorker.workerRegistrationUpdated", ({ registrations }) => {
      const found = registrations.find((one) => one.scopeURL.endsWith("/app/") && !one.isDeleted);
      if (found !== undefined) done(found.registrationId);
    });
  });
  // What is shown may be gone at once where there is no screen; the browser's own record of it stays.
  const shown = new Promise((done) => {
    devtools.on("BackgroundService.backgroundServiceEventReceived", ({ backgroundServiceEvent: event }) => {
      const told = Object.fromEntries(event.eventMetadata.map(({ key, value }) => [key, value]));
      if ("Title" in told) done([told.Title, told.Body]);
    });
  });
  await devtools.send("BackgroundService.startObserving", { service: "notifications" });
  await devtools.send("BackgroundService.setRecording", { shouldRecord: true, service: "notifications" });
  await devtools.send("ServiceWorker.enable");
  await devtools.send("ServiceWorker.deliverPushMessage", { origin: new URL(page.url()).origin, registrationId: await registered, data });
  const seen = await shown;
  await devtools.detach();
  return seen;
}

/** Answer in a person's place what the browser asks about notices: "prompt" puts it aside. */
async function answering(context, page) {
  const devtools = await context.newCDPSession(page);
  const { targetInfo } = await devtools.send("Target.getTargetInfo");
  const { browserContextId } = targetInfo;
  return (setting) => devtools.send("Browser.setPermission", { permission: { name: "notifications" }, setting, origin: new URL(page.url()).origin, browserContextId });
}

export async function noticesPushed(open, about) {
  const { context, page, heard } = await phoneOf(open, about);
  const shot = async (name) => {
    if (about.folder !== undefined) await page.screenshot({ path: `${about.folder}/phone-${name}.png` });
  };
  await enter(page, about);
  await packed(page);
  await page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined));
  const answer = await answering(context, page);
  await answer("prompt");
  await page.getByRole("link", { name: "通知" }).click();
  const box = page.locator(".push");
  const turn = page.getByRole("switch");
  await page.locator(".push.off").waitFor();
  const before = await box.innerText();
  const asked = await page.evaluate(() => Notification.permission);
  await turn.click();
  await page.waitForFunction(() => document.querySelector(".push [aria-busy=false]:enabled") !== null);
  const aside = [await box.getAttribute("class"), await turn.isChecked()];
  // The screen follows what is changed in the browser's settings.
  await answer("denied");
  await page.locator(".push.denied").waitFor();
  const denied = await box.innerText();
  const isShut = await turn.isDisabled();
  const found = { denied: await faults(page) };
  await shot("push-denied");
  await answer("granted");
  await page.locator(".push.off").waitFor();
  // What Chromium says in the console where it has no push service, as in a private window.
  await turn.click();
  await page.locator(".push.missing").waitFor();
  const missing = await box.innerText();
  const isOn = await turn.isChecked();
  await page.evaluate(SERVICE);
  await turn.click();
  await page.locator(".push.on, .push.unsent").waitFor();
  const on = await box.innerText();
  const key = await page.evaluate(() => window.subscribedWith);
  const published = await (await fetch(`${about.base_url}/.well-known/web-push.json`)).json();
  found.on = await faults(page);
  await shot("push-on");
  const shown = await brought(context, page, JSON.stringify({ title: "闸机故障", body: "盾构井入口可用手机打卡" }));
  // With the log-in the subscription ends, here and there.
  await page.getByRole("link", { name: "我的" }).click();
  await page.getByRole("button", { name: "退出登录" }).click();
  await page.getByLabel("手机号").waitFor();
  const isLeft = await page.evaluate(() => window.held !== null);
  return { before, asked, aside, denied, isShut, missing, isOn, on, isSameKey: key.applicationServerKey === published.public_key, isVisible: key.userVisibleOnly, shown, isLeft, heard: heard.filter((one) => !/incognito/.test(one)), faults: found };
}
