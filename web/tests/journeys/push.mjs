// The journey of notices that are pushed: refused, allowed later, without a push service, then with one that is stood in for.
import { faults } from "./common.mjs";
import { enter, packed, phoneOf } from "./phone.mjs";

/**
 * The browser's push service, which is not there: it gives an address that a real one would give, with a real key, and
 * keeps it over a reload.
 */
const SERVICE = () => {
  const base64 = (bytes) => btoa(String.fromCharCode(...new Uint8Array(bytes))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  const PLACE = "stand-in.subscription";
  const held = () => {
    const kept = JSON.parse(localStorage.getItem(PLACE));
    return kept && { endpoint: kept.endpoint, toJSON: () => kept, unsubscribe: async () => localStorage.removeItem(PLACE) === undefined };
  };
  PushManager.prototype.getSubscription = async () => held();
  PushManager.prototype.subscribe = async (options) => {
    window.subscribedWith = options;
    const pair = await crypto.subtle.generateKey({ name: "ECDH", namedCurve: "P-256" }, true, ["deriveBits"]);
    const keys = { p256dh: base64(await crypto.subtle.exportKey("raw", pair.publicKey)), auth: base64(crypto.getRandomValues(new Uint8Array(16))) };
    localStorage.setItem(PLACE, JSON.stringify({ endpoint: `https://updates.push.services.mozilla.com/wpush/v2/${crypto.randomUUID()}`, keys }));
    return held();
  };
  window.isHeld = () => held() !== null;
};

/** A browser whose push service fails, each time in another way. */
const FAILING = {
  refuses: () => {
    ServiceWorkerContainer.prototype.getRegistration = () => Promise.reject(new DOMException("no", "SecurityError"));
  },
  hangs: () => {
    ServiceWorkerContainer.prototype.getRegistration = () => new Promise(() => undefined);
  },
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
  await page.addInitScript(SERVICE);
  // The server does not take the address: the browser must not keep it either, nor the page say "on" when it is opened again.
  const ADDRESS = "**/mobile/v1/me/push-address";
  await context.route(ADDRESS, (route) => route.fulfill({ status: 503, body: "{}" }));
  await turn.click();
  await page.locator(".push .problem").waitFor();
  const unnamed = [await turn.isChecked(), await page.evaluate(() => window.isHeld())];
  await context.unroute(ADDRESS);
  await page.reload();
  await page.locator(".push.off").waitFor();
  unnamed.push(await turn.isChecked());
  await page.evaluate(() => PushManager.prototype.subscribe({})); // as one that the browser would not end
  await page.reload();
  await page.waitForFunction(() => document.querySelector(".push.off [aria-busy=false]:enabled") !== null && !window.isHeld());
  unnamed.push(await turn.isChecked());
  await turn.click();
  await page.locator(".push.unsent").waitFor();
  const on = await box.innerText();
  const key = await page.evaluate(() => window.subscribedWith);
  const published = await (await fetch(`${about.base_url}/.well-known/web-push.json`)).json();
  found.on = await faults(page);
  await shot("push-on");
  await page.reload();
  await page.locator(".push.unsent").waitFor();
  const reopened = await box.innerText();
  // A server that pushes, and one that does not answer.
  const READY = "**/health/ready";
  await context.route(READY, (route) => route.fulfill({ json: { status: "ok", channels: { web_push: "on" } } }));
  await page.reload();
  await page.locator(".push.on").waitFor();
  const sent = await box.innerText();
  await context.unroute(READY);
  await context.route(ADDRESS, (route) => route.abort());
  await page.reload();
  await page.locator(".push.unasked").waitFor();
  const unasked = await box.innerText();
  found.unasked = await faults(page);
  await context.unroute(ADDRESS);
  const shown = await brought(context, page, JSON.stringify({ title: "闸机故障", body: "盾构井入口可用手机打卡" }));
  // With the log-in the subscription ends, here and there.
  await page.getByRole("link", { name: "我的" }).click();
  await page.getByRole("button", { name: "退出登录" }).click();
  await page.getByLabel("手机号").waitFor();
  await page.waitForFunction(() => !window.isHeld());
  return { before, asked, aside, denied, isShut, missing, isOn, on, isSameKey: key.applicationServerKey === published.public_key, isVisible: key.userVisibleOnly, shown, unnamed, reopened, sent, unasked, heard: heard.filter((one) => !/incognito/.test(one)), faults: found };
}

/** Log in and out where the browser's push service fails; `about.how` says how. */
export async function pushFails(open, about) {
  const { page, heard } = await phoneOf(open, about);
  await page.addInitScript(FAILING[about.how]);
  await enter(page, about);
  await packed(page);
  await page.evaluate(() => localStorage.setItem("daogang.kept.somebody.month", "{}"));
  const kept = () => page.evaluate(() => Object.keys(localStorage).filter((name) => /^daogang\.(session|kept)\./.test(name)).sort());
  const before = await kept();
  await page.getByRole("link", { name: "我的" }).click();
  await page.getByRole("button", { name: "退出登录" }).click();
  await page.getByLabel("手机号").waitFor();
  return { before, after: await kept(), heard };
}
