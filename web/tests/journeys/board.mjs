// Journeys of those who supervise: board and alerts. `about`: {"base_url", "username", "password", …}.
import { faults, staffAt } from "./common.mjs";
import { deskOf } from "./desk.mjs";
import { enter, packed, phoneOf, tap } from "./phone.mjs";

async function isLive(page) {
  await page.locator(".live-mark.live").waitFor();
}

/** Nothing wider than the screen of a phone; returns what keeps people out there. */
async function onAPhone(page) {
  const size = page.viewportSize();
  await page.setViewportSize({ width: 390, height: 844 });
  const widest = await page.evaluate(() => document.documentElement.scrollWidth);
  const found = await faults(page);
  await page.setViewportSize(size);
  return { widest, faults: found };
}

/** A gate goes down while the district looks at the board: phone let in, counted, backlog merged; nothing is reloaded. */
export async function gateDown(open, about) {
  const { context, page, heard } = await deskOf(open, about);
  await page.getByRole("heading", { level: 1, name: "实时看板" }).waitFor();
  await isLive(page);
  const found = { city: await faults(page) };
  const city = await onAPhone(page);
  // One district alone is open from the beginning.
  const opener = page.locator(".opener").first();
  if ((await opener.getAttribute("aria-expanded")) === "false") await opener.click();
  await page.locator(".sites").getByRole("link", { name: about.project }).click();
  await page.locator(".lines").waitFor();
  await isLive(page);
  let isReloaded = false;
  page.on("framenavigated", () => (isReloaded = true));
  const row = page.locator(".lines tbody tr").filter({ hasText: about.person });
  const before = await row.innerText();

  const ask = await staffAt(context, about.admin);
  const [outage] = await ask(`/projects/${about.project_id}/gate-outages`, about.declaration);
  const card = page.locator(".outage").filter({ hasText: about.gate });
  await card.getByText("手机打卡已放行").waitFor();
  const down = await card.innerText();
  const gate = await page.locator(".gates li").filter({ hasText: about.gate }).innerText();
  found.down = await faults(page);
  const site = await onAPhone(page);

  const phone = await phoneOf(open, about.phone);
  await enter(phone.page, about.phone);
  await packed(phone.page);
  const came = await tap(phone.page);
  await row.getByText("已到岗").waitFor();
  const after = await row.innerText();

  await ask(`/projects/${about.project_id}/gate-outages/${outage.id}/withdrawal`, { reason: "供电恢复" });
  await card.getByText("申报撤回").waitFor();
  const { path, body, headers } = about.batch;
  const sent = await context.request.post(`${about.base_url}${path}`, { data: body, headers });
  const [result] = (await sent.json()).results;
  await card.getByText("已补传 1 条").waitFor();
  await row.getByText("手机、闸机").or(row.getByText("闸机、手机")).waitFor();
  const merged = await row.innerText();
  const over = await card.innerText();
  const wasReloaded = isReloaded;

  await row.getByRole("link", { name: about.person }).click();
  const punches = page.locator(".punch");
  await punches.nth(1).waitFor();
  const told = await punches.allInnerTexts();
  const byPhone = punches.filter({ hasText: "手机" }).first();
  await byPhone.getByRole("button", { name: "查看依据" }).click();
  await byPhone.locator(".checks").waitFor();
  const evidence = await byPhone.locator(".evidence").innerText();
  const counts = await page.locator(".punch.counts").count();
  found.person = await faults(page);
  const person = await onAPhone(page);
  return {
    before, down, gate, came, after, merged, over, told, evidence, counts, wasReloaded,
    result: result.status,
    widest: Math.max(city.widest, site.widest, person.widest),
    heard: [...heard, ...phone.heard],
    faults: { ...found, cityPhone: city.faults, sitePhone: site.faults, personPhone: person.faults },
  };
}

/** Wait until the menu says that so many alerts are unread; none are not counted. */
async function unread(page, count) {
  const told = count === 0 ? "" : String(count);
  await page.waitForFunction((wanted) => (document.querySelector("nav .count")?.firstChild?.textContent ?? "") === wanted, told);
}

/** Mute a rule and name somebody who is told instead, with what is refused; both are taken back. */
async function settings(page) {
  await page.getByRole("link", { name: "提醒设置" }).click();
  const rule = page.getByLabel("故障报备");
  const keep = async () => {
    await page.getByRole("button", { name: "保存设置" }).click();
    await page.getByText("已保存").waitFor();
  };
  await rule.check();
  await keep();
  await page.reload();
  await rule.waitFor();
  const isMuted = await rule.isChecked();
  await page.getByLabel("代收人的账号").fill("nobody");
  await page.getByRole("button", { name: "指定代收人" }).click();
  const refused = await page.getByRole("alert").innerText();
  await page.getByLabel("代收人的账号").fill("city");
  await page.getByRole("button", { name: "指定代收人" }).click();
  const line = page.locator(".delegations .line").first();
  await line.getByText("代收中").waitFor();
  const delegated = await line.innerText();
  const found = await faults(page);
  const phone = await onAPhone(page);
  await line.getByRole("button", { name: "提前结束" }).click();
  await line.getByText("已提前结束").waitFor();
  await rule.uncheck();
  await keep();
  return { isMuted, refused, delegated, widest: phone.widest, faults: { settings: found, settingsPhone: phone.faults } };
}

/** An alert comes in while the inbox is open; it is read, acknowledged, resolved with a note. Then how one is told. */
export async function acknowledge(open, about) {
  const { context, page, heard } = await deskOf(open, about);
  await page.getByRole("link", { name: "提醒" }).click();
  await page.getByRole("heading", { level: 1, name: "提醒" }).waitFor();
  await page.locator(".entries, .empty").first().waitFor();
  const found = { inbox: await faults(page) };
  const before = Number((await page.locator("h1 + .hint").innerText()).match(/\d+/)?.[0] ?? 0);
  await unread(page, before);
  const ask = await staffAt(context, about.admin);
  const [outage] = await ask(`/projects/${about.project_id}/gate-outages`, about.declaration);
  const entry = page.locator(".entries li").filter({ hasText: about.gate });
  await entry.waitFor(); // nobody has reloaded: the live feed told
  await unread(page, before + 1);
  const told = await entry.innerText();
  const inbox = await onAPhone(page);
  await entry.getByRole("link").click();
  const state = page.locator("[data-state]");
  await state.getByText("待确认").waitFor();
  const me = page.locator(".told tbody tr").filter({ hasText: about.name });
  await me.waitFor();
  await unread(page, before);
  const seen = await me.innerText();
  found.page = await faults(page);
  await page.getByRole("button", { name: "确认：我来处理" }).click();
  await state.getByText("已确认").waitFor();
  await me.locator("td").nth(2).getByText("–").waitFor({ state: "detached" });
  const acknowledged = await me.innerText();
  const detail = await onAPhone(page);
  await page.getByRole("button", { name: "解决…" }).click();
  await page.getByLabel("处理结果（写入记录）").fill("已换电源");
  await page.getByRole("button", { name: "标为已解决" }).click();
  await state.getByText("已解决").waitFor();
  const steps = await page.locator(".steps").first().innerText();
  await page.getByRole("link", { name: "提醒" }).first().click();
  await page.locator(".entries, .empty").first().waitFor();
  await entry.waitFor({ state: "detached" });
  await page.getByText("全部", { exact: true }).click();
  await entry.waitFor();
  const kept = await entry.innerText();
  const own = await settings(page);
  await ask(`/projects/${about.project_id}/gate-outages/${outage.id}/withdrawal`, { reason: "供电恢复" });
  return {
    told, seen, acknowledged, steps, kept, own, heard,
    widest: Math.max(inbox.widest, detail.widest, own.widest),
    faults: { ...found, ...own.faults, inboxPhone: inbox.faults, pagePhone: detail.faults },
  };
}

/** Take a picture of every screen: today with a gate that is down, and the demo's day before. */
export async function gallery(open, about) {
  const { context, page, heard } = await deskOf(open, about);
  await page.setViewportSize({ width: 1440, height: 900 });
  const found = {};
  const picture = async (name, ready, from = "body") => {
    await page.locator(ready).first().waitFor();
    const shot = async (as) => {
      await page.evaluate((top) => (document.querySelector(top) ?? document.body).scrollIntoView(), from);
      await page.screenshot({ path: `${about.folder}/desk-${as}.png` });
      found[as] = await faults(page);
    };
    await shot(name);
    await page.setViewportSize({ width: 390, height: 844 });
    await shot(`${name}-phone`);
    await page.setViewportSize({ width: 1440, height: 900 });
  };
  await isLive(page);
  const ask = await staffAt(context, about.admin);
  await ask(`/projects/${about.project_id}/gate-outages`, about.declaration);
  await picture("board", ".outage");
  await page.goto(`${about.base_url}/desk/board?on=${about.on}`);
  await page.getByText("历史日期").waitFor();
  await page.locator(".sites").getByRole("link", { name: about.project }).click();
  await picture("board-project", ".outage");
  await page.getByRole("link", { name: about.person }).first().click();
  const punch = page.locator(".punch.counts").filter({ hasText: "手机" }).first();
  await punch.getByRole("button", { name: "查看依据" }).click();
  await picture("board-person", ".checks", ".punch:has(.checks)");
  await page.getByRole("link", { name: "提醒" }).click();
  await page.locator(".entries li").filter({ hasText: about.gate }).waitFor();
  await picture("alerts", ".entries");
  await page.locator(".entries li").filter({ hasText: about.gate }).getByRole("link").click();
  await picture("alert", ".told tbody tr");
  return { heard, faults: found };
}
