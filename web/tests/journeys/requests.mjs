// Journeys of my month and of requests on the phone. `about` as in phone.mjs, with `on`: the day of the demo, `2026-11-20`.
import { faults, staffAt } from "./common.mjs";
import { enter, packed, phoneOf } from "./phone.mjs";

/** What holds of every page on a phone: nothing to scroll sideways, no target that a glove misses. */
async function fit(page) {
  return page.evaluate(() => {
    const small = [...document.querySelectorAll("button, a, summary, select, textarea, .choices label, input:not([type=radio]):not([type=checkbox])")]
      .filter((one) => one.getClientRects().length > 0 && one.getBoundingClientRect().height < 44)
      .map((one) => one.innerText || one.id);
    return { widest: document.documentElement.scrollWidth, small };
  });
}

/** Open the records and the month of a day. */
export async function openMonth(page, on) {
  await page.getByRole("link", { name: "记录" }).click();
  await page.locator("[data-fresh=true]").first().waitFor();
  const wanted = `${Number(on.slice(0, 4))}年${Number(on.slice(5, 7))}月`;
  if ((await page.locator(".month h2").innerText()) === wanted) return;
  await page.getByRole("button", { name: "上个月" }).click();
  await page.locator(".month h2", { hasText: wanted }).waitFor();
  await page.locator("[data-fresh=true]").first().waitFor();
}

const picture = (about) => async (page, name) => {
  if (about.folder === undefined) return;
  await page.waitForLoadState("networkidle");
  await page.screenshot({ path: `${about.folder}/phone-${name}.png` });
};

/** From a day of my month that lacks a check-in to a request with a photo, and back. */
export async function makeUpFromTheMonth(open, about) {
  const { page, heard } = await phoneOf(open, about);
  const found = {};
  const fits = {};
  const look = async (name) => {
    found[name] = await faults(page);
    fits[name] = await fit(page);
  };
  const shot = picture(about);
  await enter(page, about);
  await packed(page);
  await openMonth(page, about.on);
  await look("month");
  const figures = await page.locator(".figures").first().innerText();
  const rules = page.getByText("按什么规则计算").first();
  await rules.click();
  const day = page.locator(`[data-day="${about.on}"]`);
  await day.getByRole("button").first().click();
  await day.locator(".taps p").first().waitFor();
  const why = await day.innerText();
  await look("day");
  await day.scrollIntoViewIfNeeded();
  await shot(page, "month-day");
  await day.getByRole("link", { name: "补这一天的卡" }).click();
  await page.getByText("本月还可补").waitFor();
  await page.getByRole("radio", { name: "其他" }).waitFor();
  const filled = await page.getByLabel("日期").inputValue();
  await page.getByRole("button", { name: "提交申请" }).click();
  const missing = await page.locator(".problem").innerText();
  await page.locator(".choices label", { hasText: "离岗" }).click();
  await page.getByLabel("时刻").fill("18:20");
  await page.locator(".choices label", { hasText: "其他" }).click();
  await page.getByText("这一事由必须附照片").waitFor();
  await look("form");
  await page.locator("main").evaluate((one) => one.scrollTo(0, 0));
  await shot(page, "make-up");
  await page.getByRole("button", { name: "拍一张" }).click();
  await page.getByRole("button", { name: "拍照" }).and(page.locator(":enabled")).click();
  await page.getByRole("img", { name: "第 1 张照片" }).waitFor();
  await page.getByLabel("说明").fill("隧道口停电，末次未能打卡");
  // The first answer is lost: what is filed is filed once all the same.
  let lost = 0;
  await page.route("**/mobile/v1/requests/make-ups", async (route) => {
    if (lost > 0) return route.continue();
    lost += 1;
    await route.fetch();
    return route.abort("connectionreset");
  });
  await page.getByRole("button", { name: "提交申请" }).click();
  await page.getByText("提交申请需要网络").waitFor();
  const offline = await page.locator(".problem").innerText();
  await page.getByRole("button", { name: "提交申请" }).click();
  await page.getByText("已提交", { exact: true }).waitFor();
  await page.getByText("附照片 1 张").waitFor();
  const filed = await page.locator("main").innerText();
  await look("filed");
  await shot(page, "request");
  await page.getByRole("link", { name: "我的申请" }).click();
  await page.locator(".lines .entry").first().waitFor();
  const listed = await page.locator(".lines").last().innerText();
  await look("list");
  await shot(page, "requests");
  await page.locator(".lines .entry").first().click();
  await page.getByRole("button", { name: "撤回申请" }).click();
  await page.getByRole("alert").waitFor();
  await page.getByRole("button", { name: "撤回申请" }).click();
  await page.locator(".tag", { hasText: "已撤回" }).waitFor();
  return { figures, why, filled, missing, offline, filed, listed, heard, faults: found, fits };
}

/** An appeal against a check-in that waits for a ruling, from its day; without network the list is as it was. */
export async function appealFromADay(open, about) {
  const { context, page, heard } = await phoneOf(open, about);
  const shot = picture(about);
  await enter(page, about);
  await packed(page);
  await openMonth(page, about.on);
  const day = page.locator(`[data-day="${about.on}"]`);
  await day.getByRole("button").first().click();
  await day.getByRole("link", { name: "对此申诉" }).first().click();
  await page.locator(".choices label.chosen").waitFor();
  const subject = await page.locator(".choices label.chosen").innerText();
  await page.locator(".choices label", { hasText: "当时在岗" }).click();
  const form = await faults(page);
  const fits = { form: await fit(page) };
  await shot(page, "appeal");
  await page.getByRole("button", { name: "提交申请" }).click();
  await page.getByText("已提交", { exact: true }).waitFor();
  await page.locator(".request").waitFor();
  const filed = await page.locator(".request").innerText();
  await page.getByRole("link", { name: "我的申请" }).click();
  await page.locator(".lines .entry").first().waitFor();
  await page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined));
  await page.waitForFunction(() => navigator.serviceWorker.controller !== null);
  await context.setOffline(true);
  await page.reload();
  await page.locator(".problem").waitFor();
  await page.locator(".lines .entry").first().waitFor();
  const offline = await page.locator("main").innerText();
  await page.getByRole("link", { name: "记录" }).click();
  await page.locator(".figures").first().waitFor();
  await page.locator(".problem").waitFor();
  const month = await page.locator(".problem").innerText();
  const found = { form, offline: await faults(page) };
  await context.setOffline(false);
  await page.getByRole("link", { name: "申请" }).first().click();
  await page.locator(".lines .entry").first().click();
  await page.getByRole("button", { name: "撤回申请" }).click();
  await page.getByRole("alert").waitFor();
  await page.getByRole("button", { name: "撤回申请" }).click();
  await page.locator(".tag", { hasText: "已撤回" }).waitFor();
  return { subject, filed, offline, month, heard, faults: found, fits };
}

/** Leave with a deputy, who says yes on his own phone; approved, it is ended early and then given up. */
export async function leaveWithADeputy(open, about) {
  const one = await phoneOf(open, about);
  const other = await phoneOf(open, about.deputy);
  const shot = picture(about);
  await enter(one.page, about);
  await packed(one.page);
  await one.page.getByRole("link", { name: "我的" }).click();
  await one.page.getByRole("link", { name: "补卡、请假、申诉" }).click();
  await one.page.getByText("还没有申请").waitFor();
  const found = { empty: await faults(one.page) };
  await shot(one.page, "requests-empty");
  await one.page.getByRole("link", { name: "请假" }).click();
  await one.page.locator(".choices label", { hasText: "因公外出" }).click();
  await one.page.getByLabel("第一天").fill(about.first);
  await one.page.getByLabel("最后一天").fill(about.last);
  await one.page.locator(".choices label", { hasText: about.deputy.name }).click();
  const quota = await one.page.locator("form .note").innerText();
  found.form = await faults(one.page);
  const fits = { form: await fit(one.page) };
  await shot(one.page, "leave");
  await one.page.getByRole("button", { name: "提交申请" }).click();
  await one.page.getByText("已提交", { exact: true }).waitFor();
  await one.page.locator(".request").waitFor();
  const filed = await one.page.locator(".request").innerText();
  await enter(other.page, about.deputy);
  await other.page.getByRole("link", { name: "记录" }).click();
  await other.page.getByRole("link", { name: "补卡、请假、申诉" }).click();
  await other.page.getByText("请我替岗").waitFor();
  found.deputy = await faults(other.page);
  await shot(other.page, "stand-in");
  await other.page.getByRole("button", { name: "同意替岗" }).click();
  await other.page.getByText("请我替岗").waitFor({ state: "detached" });
  await one.page.reload();
  await one.page.locator(".request .tag", { hasText: "待审批" }).waitFor();
  const confirmed = await one.page.locator(".steps").innerText();
  const ask = await staffAt(one.page.context(), about.office);
  const at = `/projects/${about.project_id}/requests/${new URL(one.page.url()).pathname.split("/").pop()}`;
  const { request } = await ask(at);
  await ask(`${at}/decision`, { approve: true, seq: request.seq, note: "同意" });
  await one.page.reload();
  await one.page.getByRole("button", { name: "提前结束请假" }).click();
  found.ending = await faults(one.page);
  fits.ending = await fit(one.page);
  await one.page.getByLabel("最后一个请假日").fill(about.first);
  await one.page.getByRole("button", { name: "结束请假", exact: true }).click();
  await one.page.getByText("已提前结束").waitFor();
  const ended = await one.page.locator("main").innerText();
  await one.page.getByRole("button", { name: "提前结束请假" }).click();
  await one.page.getByRole("button", { name: "一天都不休了" }).click();
  await one.page.locator(".tag", { hasText: "已撤回" }).waitFor();
  return { quota, filed, confirmed, ended, heard: [...one.heard, ...other.heard], faults: found, fits };
}
