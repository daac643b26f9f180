// Journeys of the phone app. `about`: {"base_url", "number", "install_id", "outbox", "place": {"longitude", "latitude", "accuracy"}, …}.
import { codesOf, complaints, faults } from "./common.mjs";

export const SIZE = { width: 360, height: 740 };

/** The fake camera shows everybody the same pictures, and the server knows pictures that were sent before: each gets a mark. */
const MARKED = () => {
  const draw = CanvasRenderingContext2D.prototype.drawImage;
  CanvasRenderingContext2D.prototype.drawImage = function (...given) {
    draw.apply(this, given);
    for (const [place, value] of crypto.getRandomValues(new Uint8Array(48)).entries()) {
      this.fillStyle = `rgb(${value}, ${value}, ${value})`;
      this.fillRect((place % 8) * 16, Math.floor(place / 8) * 16, 16, 16);
    }
  };
};

/** Open a phone with storage of its own. */
export async function phoneOf(open, about, more = {}) {
  const context = await open({
    viewport: SIZE,
    deviceScaleFactor: 2,
    isMobile: true,
    hasTouch: true,
    geolocation: about.place,
    permissions: ["geolocation", "camera"],
    ...more,
  });
  if (about.install_id) {
    await context.addInitScript((id) => localStorage.setItem("daogang.install", id), about.install_id);
  }
  await context.addInitScript(MARKED);
  const page = await context.newPage();
  return { context, page, heard: complaints(page) };
}

/** Log in with a code by SMS. */
export async function enter(page, about) {
  await page.goto(`${about.base_url}/app/`);
  await page.getByLabel("手机号").fill(about.number);
  const before = codesOf(about.outbox, about.number).length;
  await page.getByRole("button", { name: "获取验证码" }).click();
  let codes = [];
  const until = Date.now() + 60_000;
  while (codes.length <= before) {
    if (Date.now() > until) throw new Error(`no code came to ${about.number}: is there an account with this number?`);
    if ((await page.locator(".problem").count()) > 0) throw new Error(await page.locator(".problem").innerText());
    await page.waitForTimeout(25); // the message leaves after the answer; the journey's own time is bounded
    codes = codesOf(about.outbox, about.number);
  }
  await page.getByLabel("短信验证码").fill(codes.at(-1));
  await page.getByRole("button", { name: "登录", exact: true }).click();
  await page.getByRole("button", { name: "打卡", exact: true }).waitFor();
}

/** Wait until the fences are on the phone. */
export async function packed(page) {
  await page.locator(".sketch .area").first().waitFor({ state: "attached" });
}

export async function tap(page) {
  await page.locator("button.big").click();
  await page.locator(".came, .problem").first().waitFor();
  return page.locator(".came, .problem").first().innerText();
}

/** Whether the button that the app is for is seen whole, above the tabs. */
export const isButtonWhole = (page) =>
  page.evaluate(() => document.querySelector("button.big").getBoundingClientRect().bottom <= document.querySelector(".tabs").getBoundingClientRect().top);

/** What cannot be hit with gloves: [words, height in px] of what is lower than 48 px. */
const low = (page) =>
  page.evaluate(() => {
    const shown = (one) => (one.matches("[type=checkbox], [type=radio]") ? (one.closest("label") ?? one) : one).getBoundingClientRect();
    const all = [...document.querySelectorAll("button, a, input, select, textarea, summary")].map((one) => [one.innerText || one.id, Math.round(shown(one).height)]);
    return all.filter(([, height]) => height > 0 && height < 48);
  });

/** Whether something is cut off at the side where the reader wants text half as large again. */
async function cutWithLargeText(page) {
  return page.evaluate(() => {
    const root = document.documentElement;
    root.style.fontSize = `${1.5 * parseFloat(getComputedStyle(root).fontSize)}px`;
    const cut = [root, ...document.querySelectorAll("main, main .card, main .card *")].filter((one) => one.scrollWidth > one.clientWidth + 1 && one.clientWidth > 0 && getComputedStyle(one).overflowX !== "auto" && getComputedStyle(one).display !== "inline" && !one.closest("svg"));
    root.style.fontSize = "";
    return cut.map((one) => `${one.tagName} ${one.className}`);
  });
}

/** Take a picture of every screen into a folder; `made` gets their names. */
export async function gallery(open, about) {
  const { context, page, heard } = await phoneOf(open, about);
  const [found, tight, cut] = [{}, {}, {}];
  const picture = async (name) => {
    await page.waitForLoadState("networkidle");
    await page.screenshot({ path: `${about.folder}/phone-${name}.png` });
    found[name] = await faults(page);
    tight[name] = await low(page);
    cut[name] = await cutWithLargeText(page);
  };
  const go = async (path, ready) => {
    await page.evaluate((to) => {
      history.pushState({}, "", to);
      dispatchEvent(new PopStateEvent("popstate", { state: {} }));
    }, `/app${path}`);
    await page.locator(ready).first().waitFor();
  };
  await page.goto(`${about.base_url}/app/`);
  await page.getByLabel("手机号").waitFor();
  await picture("log-in");
  await context.setGeolocation(about.outside);
  await enter(page, about);
  await packed(page);
  await page.locator(".where.outside").waitFor();
  await picture("outside");
  await tap(page);
  await picture("refused");
  await context.setGeolocation(about.place);
  await page.locator(".where.inside").waitFor();
  await page.getByRole("button", { name: "再打一次卡" }).waitFor();
  await page.locator("button.big").click();
  await page.locator(".came.counted").waitFor();
  await picture("counted");
  await page.reload();
  await page.locator(".where.inside").waitFor();
  await picture("check-in");
  await go("/ways", ".ways");
  await picture("ways");
  await go("/photo", ".finder video");
  await page.getByRole("button", { name: "拍照" }).and(page.locator(":enabled")).waitFor();
  await picture("photo");
  await go("/records", ".figures");
  await picture("month");
  await go("/punches", "main > h2");
  await page.locator("main > .card .lines .split").first().waitFor();
  await picture("punches");
  await go("/notices", "main h2");
  await page.getByText("没有通知").waitFor();
  await picture("notices");
  await go("/me", ".card h2");
  await picture("me");
  await go("/privacy", ".consent");
  await picture("privacy");
  await page.locator(".consent").first().getByRole("button").click();
  await page.locator(".consent .counted").first().waitFor();
  await go("/face", ".face video");
  await page.getByRole("button", { name: "开始" }).and(page.locator(":enabled")).waitFor();
  await picture("face");
  await go("/", ".where.inside");
  await page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined));
  await page.waitForFunction(() => navigator.serviceWorker.controller !== null);
  await context.setOffline(true);
  await page.locator("button.big").click();
  await page.locator(".came.saved").waitFor();
  await picture("offline");
  await context.setOffline(false);
  return { faults: found, low: tight, cut, heard };
}

export async function firstCheckIn(open, about) {
  const { page, heard } = await phoneOf(open, about);
  await page.goto(`${about.base_url}/app/`);
  await page.getByLabel("手机号").waitFor();
  const found = { logIn: await faults(page) };
  await enter(page, about);
  await packed(page);
  await page.locator(".where.inside").waitFor();
  const where = await page.locator(".where").innerText();
  found.home = await faults(page);
  const came = await tap(page);
  found.came = await faults(page);
  const widest = await page.evaluate(() => document.documentElement.scrollWidth);
  const targets = await low(page);
  // A phone of ten years ago: what the app is for is seen whole, above the tabs.
  await page.setViewportSize({ width: 360, height: 640 });
  await page.reload();
  await page.locator(".where.inside").waitFor();
  const isWhole = await isButtonWhole(page);
  return { where, came, heard, faults: found, widest, targets, isWhole };
}

export async function refusedOutside(open, about) {
  const { context, page, heard } = await phoneOf(open, about);
  await enter(page, about);
  await packed(page);
  await page.locator(".where.outside").waitFor();
  const where = await page.locator(".where").innerText();
  const refused = await tap(page);
  const found = await faults(page);
  await context.setGeolocation(about.inside);
  await page.locator(".where.inside").waitFor();
  await page.getByRole("button", { name: "走到开阔处，再定位一次" }).click();
  await page.locator(".came.counted").waitFor();
  return { where, refused, counted: await page.locator(".came").innerText(), heard, faults: found };
}

export async function offlineDay(open, about) {
  const { context, page, heard } = await phoneOf(open, about);
  await enter(page, about);
  await packed(page);
  await page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined));
  await page.waitForFunction(() => navigator.serviceWorker.controller !== null);
  await context.setOffline(true);
  const saved = [];
  for (let count = 1; count <= 3; count += 1) {
    // Each morning the phone is switched on anew: page, worker and scripts come from the phone.
    await page.reload();
    await page.locator(".where.inside").waitFor();
    await page.locator("button.big").click();
    await page.locator(".came.saved").waitFor();
    await page.getByText(`已存本机 ${count} 条，待上传`).first().waitFor();
    saved.push(await page.locator(".came").innerText());
  }
  const state = await page.locator(".state").innerText();
  const found = await faults(page);
  await page.reload();
  await page.getByText("已存本机 3 条，待上传").first().waitFor();
  await context.setOffline(false);
  await page.evaluate(() => dispatchEvent(new Event("online")));
  await page.getByText("已连接").waitFor();
  return { saved, state, heard, faults: found };
}

export async function lostAnswer(open, about) {
  const { page, heard } = await phoneOf(open, about);
  await enter(page, about);
  await packed(page);
  let isLost = false;
  await page.route("**/mobile/v1/check-ins", async (route) => {
    await route.fetch(); // the server has it, the phone never hears of it
    isLost = true;
    await route.abort("connectionreset");
  });
  await page.locator("button.big").click();
  await page.locator(".came.counted").waitFor(); // out of the queue, whose answer is the same punch
  return { isLost, came: await page.locator(".came").innerText(), heard };
}

/** A photo of the site goes along with the tap: the punch waits for it, and has it in the end. */
export async function photoAlong(open, about) {
  const { page, heard } = await phoneOf(open, about);
  await enter(page, about);
  await packed(page);
  await page.getByRole("link", { name: "拍现场照片" }).click();
  await page.getByRole("button", { name: "拍照" }).and(page.locator(":enabled")).click();
  await page.getByRole("button", { name: "使用这张照片打卡" }).click();
  await page.getByText("将随本次打卡上传 1 张照片").waitFor();
  await page.locator(".where.inside").waitFor();
  const sent = page.waitForResponse((one) => one.request().method() === "PATCH" && one.status() === 204);
  const came = await tap(page);
  await sent;
  return { came, heard, faults: await faults(page) };
}

/** A passkey of the phone, made and shown; the next tap takes the proof. */
export async function byPasskey(open, about) {
  const { context, page, heard } = await phoneOf(open, about);
  const devtools = await context.newCDPSession(page);
  await devtools.send("WebAuthn.enable");
  const options = { protocol: "ctap2", transport: "internal", hasResidentKey: true, hasUserVerification: true, isUserVerified: true };
  await devtools.send("WebAuthn.addVirtualAuthenticator", { options });
  await enter(page, about);
  await packed(page);
  await page.getByRole("link", { name: "核验本人到场" }).click();
  const found = await faults(page);
  await page.getByRole("button", { name: "通行密钥" }).click();
  await page.locator(".tap .note").waitFor();
  const ready = await page.locator(".tap .note").innerText();
  await page.locator(".where.inside").waitFor();
  return { ready, came: await tap(page), heard, faults: found };
}

/** A colleague confirms on his own phone that the person is there. */
export async function byWitness(open, about) {
  const one = await phoneOf(open, about);
  const other = await phoneOf(open, about.witness);
  await enter(one.page, about);
  await enter(other.page, about.witness);
  await packed(one.page);
  await one.page.locator(".where.inside").waitFor();
  await one.page.getByRole("link", { name: "核验本人到场" }).click();
  await one.page.getByRole("button", { name: "同事见证" }).click();
  const code = await one.page.locator(".code-big").innerText();
  await packed(other.page);
  await other.page.locator(".where.inside").waitFor();
  await other.page.getByRole("link", { name: "我的" }).click();
  await other.page.getByRole("link", { name: "为同事见证" }).click();
  await other.page.getByLabel("二维码内容").fill(code.trim());
  await other.page.getByRole("button", { name: "查看是谁" }).click();
  const who = await other.page.locator(".note").innerText();
  await other.page.getByRole("button", { name: "我当面看到此人，确认在场" }).click();
  await other.page.locator(".came.counted").waitFor();
  await one.page.locator(".tap .note").waitFor();
  const ready = await one.page.locator(".tap .note").innerText();
  await one.page.locator(".where.inside").waitFor();
  return { who, ready, came: await tap(one.page), heard: [...one.heard, ...other.heard], faults: await faults(other.page) };
}

/** Consent is given after reading and withdrawn with one more question. */
export async function consents(open, about) {
  const { page, heard } = await phoneOf(open, about);
  await enter(page, about);
  await page.getByRole("link", { name: "我的" }).click();
  await page.getByRole("link", { name: "隐私与同意" }).click();
  const first = page.locator(".consent").first();
  const text = await first.innerText();
  await first.getByRole("button", { name: "阅读并同意" }).click();
  await first.getByText("已同意", { exact: true }).waitFor();
  const given = await faults(page);
  await first.getByRole("button", { name: "撤回同意" }).click();
  const sure = await first.getByRole("alert").innerText();
  await first.getByRole("button", { name: "撤回同意" }).click();
  await first.getByText("未同意", { exact: true }).waitFor();
  return { text, sure, heard, faults: given };
}

/** The face check as it is asked for step by step; the page's clock is turned, so that nobody waits. */
export async function byFace(open, about) {
  const { page, heard } = await phoneOf(open, about);
  await enter(page, about);
  await packed(page);
  await page.getByRole("link", { name: "核验本人到场" }).click();
  await page.getByRole("link", { name: "人脸动作核验" }).click();
  // Screens are loaded when they are first asked for; until then the one before stands.
  await page.getByRole("link", { name: "我的同意" }).waitFor();
  const asked = await page.locator("main p").first().innerText();
  await page.getByRole("link", { name: "我的同意" }).click();
  for (let count = 1; count <= 2; count += 1) {
    await page.getByRole("button", { name: "阅读并同意" }).first().click();
    await page.locator(".consent .counted").nth(count - 1).waitFor();
  }
  await page.clock.install();
  await page.goto(`${about.base_url}/app/face`);
  await page.getByRole("button", { name: "开始" }).and(page.locator(":enabled")).click();
  const steps = [];
  for (let step = 1; step <= 5; step += 1) {
    await page.getByText(`第 ${step} 步，共 5 步`).waitFor();
    steps.push(await page.locator(".ask strong").innerText());
    if (step === 1) steps.faults = await faults(page);
    if (step === 2) await page.clock.fastForward(20_000); // called away between two moves: longer than a check may pause
    for (let tick = 0; tick < 33; tick += 1) await page.clock.runFor(100);
  }
  await page.locator(".tap .note, .problem").first().waitFor();
  return { asked, steps: [...steps], came: await page.locator(".tap .note, .problem").first().innerText(), heard, faults: steps.faults };
}
