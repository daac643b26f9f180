// Journeys in which several offices have a part, and the person concerned. `about`: staff as {"base_url", "username", "password"} by office, …
import { faults } from "./common.mjs";
import { deskOf } from "./desk.mjs";
import { area, settled } from "./evidence.mjs";
import { fencesOf, mapOf } from "./fences.mjs";
import { enter, packed, phoneOf } from "./phone.mjs";
import { openMonth } from "./requests.mjs";

/** Draw up the district's bulletin of a day and issue it; leave it open. */
async function issue(page, about) {
  await area(page, "通报");
  const form = page.locator("form.ask");
  await form.getByLabel("日期").fill(about.on);
  await form.getByLabel("范围").selectOption({ label: about.district });
  await form.getByRole("button", { name: "打开草稿" }).click();
  await page.getByText("草稿（未签发）").waitFor();
  await page.getByLabel("我已核对，签发后不能改动").check();
  await page.getByRole("button", { name: "签发", exact: true }).click();
  await page.locator(".stamp").getByText("第 1 版").waitFor();
  await settled(page);
}

/** Ask for a make-up of a day by phone, from the month; stays on the request. */
async function ask(page, about, missed) {
  await openMonth(page, about.on);
  const day = page.locator(`[data-day="${about.on}"]`);
  await day.getByRole("button").first().click();
  await day.getByRole("link", { name: "补这一天的卡" }).click();
  await page.getByText("本月还可补").waitFor();
  await page.locator(".choices label", { hasText: missed.direction }).click();
  await page.getByLabel("时刻").fill(missed.at);
  await page.locator(".choices label", { hasText: missed.reason }).click();
  await page.getByLabel("说明").fill(missed.statement);
  await page.getByRole("button", { name: "提交申请" }).click();
  await page.getByText("已提交", { exact: true }).waitFor();
}

/** Take the next step of each request of somebody that waits for this office; return what was said of the first. */
async function takeSteps(page, about, note, button, count) {
  await area(page, "申请");
  const cards = page.locator(".review").filter({ hasText: about.name });
  let told = "";
  for (let left = count; left > 0; left -= 1) {
    await cards.nth(left - 1).waitFor();
    await cards.first().getByRole("button", { name: "打开" }).click();
    const form = cards.first().locator(".request-file");
    await form.getByLabel("意见").fill(note);
    if (told === "") told = await cards.first().innerText();
    await form.getByRole("button", { name: button, exact: true }).click();
    await cards.nth(left - 1).waitFor({ state: "detached" });
    await settled(page);
  }
  return told;
}

/** Two check-ins that were missed: asked for by phone, endorsed, approved, seen on the phone; then the bulletin is issued again and says what differs. */
export async function decideAndIssueAgain(open, about) {
  const district = await deskOf(open, about.district);
  await issue(district.page, about.bulletin);
  const found = { issued: await faults(district.page) };

  const phone = await phoneOf(open, about.person);
  await enter(phone.page, about.person);
  await packed(phone.page);
  for (const missed of about.missed) await ask(phone.page, about.person, missed);

  const site = await deskOf(open, about.site);
  const endorsed = await takeSteps(site.page, about.person, "闸机未录入，带班人员可证明。", "情况属实", about.missed.length);
  found.endorsed = await faults(site.page);
  const asked = await takeSteps(district.page, about.person, "核对门卫登记，同意补记。", "同意", about.missed.length);
  await district.page.getByRole("button", { name: "全部" }).click();
  await district.page.locator("button[aria-pressed=true]", { hasText: "全部" }).waitFor();
  await settled(district.page);
  const file = district.page.locator(".review").filter({ hasText: about.person.name }).first();
  await file.getByRole("button", { name: "打开" }).click();
  await file.locator(".steps li").nth(2).waitFor();
  const steps = await file.locator(".steps").innerText();
  found.decided = await faults(district.page);

  await phone.page.getByRole("link", { name: "我的申请" }).click();
  await phone.page.locator(".lines .entry").first().click();
  await phone.page.locator(".request .tag", { hasText: "已同意" }).waitFor(); // the list has such tags too
  const heardBack = await phone.page.locator("main").innerText();
  await openMonth(phone.page, about.person.on);
  const day = await phone.page.locator(`[data-day="${about.person.on}"]`).innerText();
  found.phone = await faults(phone.page);

  await area(district.page, "通报");
  await district.page.locator(".line a").filter({ hasText: about.bulletin.on }).filter({ hasText: about.bulletin.district }).click();
  await district.page.getByLabel("重新签发的理由").fill("补卡已批准");
  await district.page.getByRole("button", { name: "重新签发" }).click();
  await district.page.locator(".stamp").getByText("第 2 版").waitFor();
  await district.page.locator(".differs tbody tr").first().waitFor();
  await settled(district.page);
  const differences = await district.page.locator(".differs tbody tr").allInnerTexts();
  const editions = await district.page.locator(".editions .lines").innerText();
  found.again = await faults(district.page);
  return { endorsed, asked, steps, heardBack, day, differences, editions, heard: [...district.heard, ...phone.heard, ...site.heard], faults: found };
}

/** A fence that judged wrongly: its correction is looked at, proposed, and approved by another office; the ruling changes on the day. */
export async function correct(open, about) {
  const site = await fencesOf(open, { ...about.site, project: about.project });
  await site.page.getByRole("link", { name: about.fence }).click();
  await mapOf(site.page, site.page.locator(".versions"));
  await site.page.getByRole("button", { name: "提出更正…" }).click();
  await site.page.getByLabel("本应自何时起有效").fill(about.from);
  await site.page.getByLabel("至（可不填）").fill(about.until);
  await site.page.getByLabel("原因").fill(about.reason);
  await site.page.getByRole("button", { name: "查看会改变什么" }).click();
  const proposed = site.page.locator(".correction");
  await proposed.getByText("待批准").waitFor();
  await proposed.locator("table").waitFor();
  const looked = await proposed.innerText();
  const found = { proposed: await faults(site.page) };

  const district = await fencesOf(open, { ...about.district, project: about.project });
  await district.page.getByRole("link", { name: about.fence }).click();
  await mapOf(district.page, district.page.locator(".versions"));
  await district.page.locator(".corrections li button").click();
  const seen = district.page.locator(".correction");
  await seen.locator("table").waitFor();
  const before = await seen.innerText();
  await seen.getByRole("button", { name: "批准更正" }).click();
  await seen.getByText("已更正", { exact: true }).waitFor();
  await district.page.locator(".versions").getByText("已被替代").waitFor(); // its period is over: nothing stays in force
  await settled(district.page);
  found.applied = await faults(district.page);
  const applied = await seen.innerText();

  await district.page.goto(`${about.base_url}/desk/board/projects/${about.project_id}?on=${about.on}`);
  await district.page.getByRole("link", { name: about.person }).first().click();
  const punch = district.page.locator(".punch").filter({ hasText: about.at });
  await punch.waitFor();
  const day = await punch.innerText();
  found.day = await faults(district.page);
  return { looked, before, applied, day, heard: [...site.heard, ...district.heard], faults: found };
}

/** Ask for a month by a rule set's draft. What the page says of the waiting passes as soon as a worker is done. */
async function reckon(page, about, reason) {
  const form = page.locator("form.asked");
  await form.getByLabel("月份").fill(about.month);
  await form.getByLabel("按哪套规则").selectOption({ label: about.version });
  await form.getByLabel("理由").fill(reason);
  await form.getByRole("button", { name: "计算副本" }).click();
}

async function rulesOf(open, about) {
  const { page, heard } = await deskOf(open, about);
  await area(page, "到岗率");
  await page.getByRole("link", { name: "规则集" }).click();
  await page.locator("form.asked").waitFor();
  await settled(page);
  return { page, heard };
}

/** A month is reckoned anew while nothing works on it: what goes on is told, and can be left. */
export async function leaveReckoning(open, about) {
  const { page, heard } = await rulesOf(open, about);
  await reckon(page, about, about.reason);
  const wait = page.locator(".wait");
  await wait.getByText(/已等 [1-9]\d* 秒/).waitFor(); // it goes on being told
  const told = await wait.innerText();
  const found = { waits: await faults(page) };
  await wait.getByRole("button", { name: "取消" }).click();
  await wait.waitFor({ state: "detached" });
  const line = page.locator(".line").filter({ hasText: about.reason });
  await line.getByText("等待计算").waitFor();
  const isFree = await page.locator("form.asked").getByRole("button").isEnabled();
  return { told, left: await line.innerText(), isFree, heard, faults: found };
}

/** The same with somebody at work: one is left and found done in the list, one is waited for and compared. */
export async function seeReckoned(open, about) {
  const { page, heard } = await rulesOf(open, about);
  const line = (reason) => page.locator(".line").filter({ hasText: reason });
  await line(about.reason).getByText("已算完").waitFor();
  let tell;
  const told = new Promise((now) => (tell = now)); // a worker may be done before the page can be seen waiting: it hears later
  await page.route("**/admin/v1/rate-computations", async (route) => {
    if (route.request().method() === "GET") await told;
    await route.continue().catch(() => undefined); // the page has left what was held
  });
  await reckon(page, about, about.left);
  await line(about.left).getByText("等待计算").waitFor();
  await page.locator(".wait").getByRole("button", { name: "取消" }).click();
  tell();
  await line(about.left).getByText("已算完").waitFor(); // nobody has reloaded
  await reckon(page, about, about.again);
  await page.locator(".compared tbody tr").first().waitFor();
  const change = await page.locator(".compared").innerText();
  const found = { compared: await faults(page) };
  await page.locator(".compared").getByRole("button", { name: "发布这份副本" }).click();
  const refused = await page.getByRole("alert").innerText();
  await page.locator(".compared").getByRole("button", { name: "关闭" }).click();
  await line(about.reason).getByRole("button", { name: "看差异" }).click();
  await page.locator(".compared tbody tr").first().waitFor();
  return { told: change, refused, again: await page.locator(".compared h3").innerText(), heard, faults: found };
}
