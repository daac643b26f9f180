// Journeys of presence shown with and without network. `about` as in phone.mjs; `staff`: {"username", "password"} of the site's office.
import { faults } from "./common.mjs";
import { enter, isButtonWhole, packed, phoneOf } from "./phone.mjs";

/** Set up a code for a gate, as the office does; return what tells the code that its screen shows now. */
async function screenOf(about) {
  const call = async (method, path, body, token) => {
    const headers = { "Content-Type": "application/json", ...(token ? { Authorization: `Bearer ${token}` } : {}) };
    const answer = await fetch(about.base_url + path, { method, headers, body: body && JSON.stringify(body) });
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    return answer.json();
  };
  const { access_token: token } = await call("POST", "/admin/v1/session", { username: about.staff.username, password: about.staff.password });
  const made = await call("POST", `/admin/v1/projects/${about.project_id}/site-codes`, { name: about.gate }, token);
  return async () => (await call("GET", `${made.screen_path}/shown`)).code;
}

const picture = (about) => async (page, name) => {
  if (about.folder === undefined) return;
  await page.screenshot({ path: `${about.folder}/phone-${name}.png` });
};

/** The browser's own reader of codes, which this Chromium has not: it sees what is held before the camera. */
const READER = () => {
  window.held = null;
  window.BarcodeDetector = class {
    async detect(source) {
      if (!(source instanceof HTMLVideoElement) || source.videoWidth === 0 || window.held === null) return [];
      return [{ rawValue: window.held }];
    }
  };
};

async function withoutNetwork(context, page) {
  await page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined));
  await page.waitForFunction(() => navigator.serviceWorker.controller !== null);
  await context.setOffline(true);
}

/**
 * The network is back in one stroke: an attempt whose proof met none sends no punch either. It would be taken all the same,
 * and ruled on anew when the proof is there; here the proof that is asked for at `path` goes before.
 */
async function withNetwork(context, page, path) {
  let isProofSent = false;
  page.on("response", (one) => (isProofSent ||= one.ok() && path.test(one.url())));
  await page.route("**/mobile/v1/sync", (route) => (isProofSent ? route.fallback() : route.abort("internetdisconnected")));
  await context.setOffline(false);
  await page.evaluate(() => dispatchEvent(new Event("online")));
}

/** A site code is scanned by the camera; the next one without network, whose scan goes before its punch. */
export async function byScan(open, about) {
  const { context, page, heard } = await phoneOf(open, about);
  await context.addInitScript(READER);
  const shot = picture(about);
  await enter(page, about);
  await packed(page);
  const shown = await screenOf(about);
  await page.getByRole("link", { name: "核验本人到场" }).click();
  await page.getByRole("button", { name: "现场二维码" }).click();
  await page.locator(".finder video").waitFor({ state: "visible" });
  const scanning = await faults(page);
  await shot(page, "scan");
  await page.evaluate((code) => { window.held = code; }, await shown());
  await page.locator(".tap .note").waitFor();
  const ready = await page.locator(".tap .note").innerText();
  await page.locator(".where.inside").waitFor();
  await page.locator("button.big").click();
  await page.locator(".came").waitFor();
  const came = await page.locator(".came").innerText();
  // The same code is taken once: the next one is another gate's, and typed; nothing is held before the camera any more.
  await page.evaluate(() => { window.held = null; });
  const other = await screenOf({ ...about, gate: about.other_gate });
  const code = await other();
  await withoutNetwork(context, page);
  await page.getByRole("link", { name: "核验本人到场" }).click();
  await page.getByRole("button", { name: "现场二维码" }).click();
  await page.getByLabel("二维码内容").fill(code);
  await page.getByRole("button", { name: "提交" }).click();
  await page.locator(".tap .note.kept").waitFor();
  const kept = await page.locator(".tap .note.kept").innerText();
  await page.locator(".where.inside").waitFor();
  await page.locator("button.big").click();
  await page.locator(".came.saved").waitFor();
  await page.getByRole("link", { name: "记录" }).click();
  await page.getByText("待上传核验").waitFor();
  const waiting = await page.locator(".card").first().innerText();
  const offline = await faults(page);
  await withNetwork(context, page, /\/presence\/site-code-proofs$/);
  await page.getByText("核验通过").waitFor();
  await page.getByText("已连接").waitFor();
  return { ready, came, kept, waiting, heard, faults: { scanning, offline } };
}

/** A face check without network: what the phone had ahead is asked for, kept with the tap, sent before it. */
export async function faceWithoutNetwork(open, about) {
  const { context, page, heard } = await phoneOf(open, about);
  const shot = picture(about);
  await enter(page, about);
  await packed(page);
  await page.getByRole("link", { name: "我的" }).click();
  await page.getByRole("link", { name: "隐私与同意" }).click();
  await page.getByRole("button", { name: "阅读并同意" }).first().click();
  await page.locator(".consent .counted").first().waitFor();
  const fetched = page.waitForResponse((one) => one.url().endsWith("/liveness/challenges-ahead") && one.ok());
  await page.goto(`${about.base_url}/app/face`);
  await (await fetched).finished();
  await page.getByRole("button", { name: "开始" }).and(page.locator(":enabled")).waitFor();
  await page.waitForFunction(() => Object.keys(localStorage).some((name) => name.includes(".challenges.")));
  await withoutNetwork(context, page);
  // The page's clock is turned, so that nobody waits; it begins where the journey's seconds are over already.
  await page.clock.install({ time: Date.now() - 60_000 });
  await page.reload();
  await page.getByText("本机还有 3 道备用题").waitFor();
  await page.getByRole("button", { name: "开始" }).and(page.locator(":enabled")).waitFor();
  const told = await page.locator("main .note").innerText();
  const state = await page.locator(".state").innerText();
  const found = { ready: await faults(page) };
  await shot(page, "face-offline");
  await page.getByRole("button", { name: "开始" }).click();
  const steps = [];
  for (let step = 1; step <= 5; step += 1) {
    await page.getByText(`第 ${step} 步，共 5 步`).waitFor();
    steps.push(await page.locator(".ask strong").innerText());
    for (let tick = 0; tick < 33; tick += 1) await page.clock.runFor(100);
  }
  await page.locator(".tap .note.kept").waitFor();
  const kept = await page.locator(".tap .note.kept").innerText();
  await page.clock.resume();
  await page.locator(".where.inside").waitFor();
  const isWhole = await isButtonWhole(page);
  await shot(page, "proof-kept");
  await page.locator("button.big").click();
  await page.locator(".came.saved").waitFor();
  await page.getByRole("link", { name: "记录" }).click();
  await page.getByText("待上传核验").waitFor();
  found.records = await faults(page);
  await shot(page, "kept");
  await withNetwork(context, page, /\/liveness\/challenges\/[^/]+\/frames$/);
  await page.getByText("待上传核验").waitFor({ state: "detached" });
  await page.getByText("已连接").waitFor();
  const judged = await page.locator(".card").first().innerText();
  return { told, state, steps, kept, isWhole, judged, heard, faults: found };
}
