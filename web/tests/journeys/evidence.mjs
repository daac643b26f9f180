// Journeys of bulletins, rates, reviews, requests, the ledger and registers. `about`: {"base_url", "username", "password", …}.
import { faults } from "./common.mjs";
import { deskOf } from "./desk.mjs";

/** Wait until the screen asks nothing of the server any more: a screen that is there already, not one that a link leads to. */
export async function settled(page) {
  await page.waitForFunction(() => document.querySelector(".wait") === null); // there may be several
}

/** Open an area by the menu. Its screen may have to be loaded first: until then the one before stands, and waits for nothing. */
export async function area(page, name) {
  const link = page.getByRole("navigation").getByRole("link", { name, exact: true });
  const path = await link.getAttribute("href");
  await link.click();
  await page.waitForURL((url) => url.pathname === path);
  await settled(page);
}

async function drawn(page) {
  await page.locator(".chart-place[data-ready=true]").nth(1).waitFor();
}

/** What a row of a table says, by the heads of its columns. */
async function rowOf(page, text) {
  const table = page.locator("table").filter({ has: page.getByRole("row").filter({ hasText: text }) }).first();
  const heads = await table.locator("thead th").allInnerTexts();
  const cells = await table.locator("tbody tr").filter({ hasText: text }).first().locator("th, td").allInnerTexts();
  return Object.fromEntries(heads.map((head, place) => [head, cells[place]]));
}

async function fileOf(page, button) {
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: button }).click()]);
  const chunks = [];
  for await (const chunk of await download.createReadStream()) chunks.push(chunk);
  const content = Buffer.concat(chunks);
  return { name: download.suggestedFilename(), begins: content.subarray(0, 4).toString("latin1"), bytes: content.length };
}

/** A bulletin, its files, and behind a figure of it the project, the person, the day with its punches and the rule. */
export async function readBulletin(open, about) {
  const { page, heard } = await deskOf(open, about);
  await area(page, "通报");
  const found = { list: await faults(page) };
  await page.locator(".line a").filter({ hasText: about.on }).filter({ hasText: "全市" }).click();
  await drawn(page);
  const cards = await page.locator(".figure-card").allInnerTexts();
  const standing = await page.locator(".bulletin > .figures-row").innerText();
  const ranking = await rowOf(page, about.district);
  const charts = await page.getByRole("img").evaluateAll((all) => all.map((one) => one.getAttribute("aria-label")));
  const digest = (await page.locator(".facts").first().innerText()).match(/[0-9a-f]{64}$/)?.[0];
  found.bulletin = await faults(page);
  const files = { pdf: await fileOf(page, "下载 PDF"), xlsx: await fileOf(page, "下载 Excel") };
  await settled(page);
  const failing = page.locator(".line.project").filter({ hasText: about.project });
  const short = await failing.innerText();
  await failing.getByRole("link", { name: about.project }).click();
  await page.getByRole("heading", { level: 1, name: "项目到岗率" }).waitFor();
  await page.locator("tbody tr").first().waitFor();
  const people = await page.locator("tbody tr").count();
  const person = await rowOf(page, about.person);
  found.project = await faults(page);
  const day = page.locator(`.day[data-on="${about.on}"]`);
  await page.locator("tbody").getByRole("link", { name: about.doubted }).click();
  await day.waitFor();
  const unsettled = await day.locator(".entries p").allInnerTexts();
  await page.goBack();
  await page.locator("tbody tr").first().waitFor();
  await page.locator("tbody").getByRole("link", { name: about.person }).click();
  await day.waitFor();
  const told = await day.innerText();
  const explained = await page.getByRole("heading", { level: 1 }).innerText();
  await page.locator(".rule-words summary").click();
  const rules = await page.locator(".rule-words").innerText();
  found.person = await faults(page);
  await page.setViewportSize({ width: 390, height: 844 });
  const widest = await page.evaluate(() => document.documentElement.scrollWidth);
  found.phone = await faults(page);
  await page.goBack();
  await page.locator("tbody tr").first().waitFor();
  await page.goBack();
  await drawn(page);
  const widestBulletin = await page.evaluate(() => document.documentElement.scrollWidth);
  return { cards, standing, ranking, charts, digest, files, short, people, person, told, unsettled, explained, rules, widest: Math.max(widest, widestBulletin), heard, faults: found };
}

/** Choose a punch in review, look at its evidence and place, decide with a note; see the ruling proved, and a forgery found out. */
export async function decideAndProve(open, about) {
  const { context, page, heard } = await deskOf(open, about);
  await area(page, "待认定");
  const card = page.locator(".review").filter({ hasText: about.person }).filter({ hasText: about.reason });
  await card.getByRole("button", { name: "依据与地图" }).click();
  await card.locator(".ground-map[data-ready=true]").waitFor();
  const evidence = await card.locator(".evidence").innerText();
  const found = { reviews: await faults(page) };
  await card.getByRole("checkbox").check();
  await page.getByRole("button", { name: "认定选中的 1 条…" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.waitFor();
  const asked = await dialog.innerText();
  const isHeld = await dialog.getByRole("button", { name: "确认认定 1 条" }).isDisabled();
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "detached" });
  await card.getByRole("button", { name: "认定…" }).click();
  await dialog.getByLabel("不计入").check();
  await dialog.getByLabel("意见").fill(about.note);
  found.dialog = await faults(page);
  await card.getByRole("link", { name: "账本证明" }).evaluate((link) => sessionStorage.setItem("to", link.href));
  await dialog.getByRole("button", { name: "确认认定 1 条" }).click();
  await page.getByText("已认定 1 / 1 条").waitFor();
  await card.waitFor({ state: "detached" });
  const remains = await card.count();

  const place = await page.evaluate(() => sessionStorage.getItem("to"));
  await page.goto(place);
  await page.locator(".leaf").first().waitFor();
  await settled(page);
  const proof = { head: await page.locator(".verdict-line").first().innerText(), told: await page.locator(".proof").innerText() };
  await page.locator(".leaf summary").first().click();
  proof.leaf = await page.locator(".leaf").first().innerText();
  found.ledger = await faults(page);

  const forged = {};
  const tamper = async (name, url, change) => {
    await page.route(url, async (route) => {
      const answer = await route.fetch();
      await route.fulfill({ response: answer, json: change(await answer.json()) });
    });
    await page.reload();
    await page.locator(".verdict-line.bad").first().waitFor();
    await settled(page);
    forged[name] = await page.locator(".verdict-line.bad").allInnerTexts();
    await page.unroute(url);
  };
  const flipped = (base64) => {
    const bytes = Buffer.from(base64, "base64");
    bytes[bytes.length - 1] ^= 1;
    return bytes.toString("base64");
  };
  await tamper("leaf", "**/proof", (file) => ({ ...file, entries: file.entries.map((one) => ({ ...one, leaf: flipped(one.leaf) })) }));
  await tamper("head", "**/ledger/head", (head) => ({ ...head, note: head.note.replace(/signed_at 20../, "signed_at 1999") }));
  await page.evaluate(() => {
    const kept = JSON.parse(localStorage.getItem("daogang.ledger.head"));
    localStorage.setItem("daogang.ledger.head", JSON.stringify({ ...kept, root: kept.root.replaceAll(/[0-9a-f]/g, "0") }));
  });
  await page.reload();
  await page.locator(".verdict-line.bad").first().waitFor();
  await settled(page);
  forged.memory = await page.locator(".verdict-line.bad").allInnerTexts();
  await context.setOffline(true);
  await page.getByRole("button", { name: "取证明并核对" }).click();
  const offline = await page.getByRole("alert").filter({ hasText: "连接不上服务器" }).innerText();
  await context.setOffline(false);
  return { evidence, asked, isHeld, remains, proof, forged, offline, heard, faults: found };
}

/** Pictures of every screen of these areas into `about.folder`. */
export async function gallery(open, about) {
  const { page, heard } = await deskOf(open, about);
  const found = {};
  const widest = {};
  const picture = async (name) => {
    await settled(page);
    await page.waitForLoadState("networkidle");
    await page.screenshot({ path: `${about.folder}/desk-${name}.png`, fullPage: about.whole === true });
    found[name] = await faults(page);
    widest[name] = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  };
  for (const [width, height, ending] of [[1440, 900, ""], [390, 844, "-phone"]]) {
    await page.setViewportSize({ width, height });
    const to = (path) => page.goto(`${about.base_url}/desk${path}`);
    await to("/bulletins");
    await page.locator(".line a").first().waitFor();
    if (ending === "") await picture("bulletins");
    await page.locator(".line a").first().click();
    await drawn(page);
    await picture(`bulletin${ending}`);
    await page.locator(".line.project a").first().click();
    await page.locator("tbody tr").first().waitFor();
    if (ending === "") await picture("rates");
    await page.locator("tbody").getByRole("link", { name: about.person }).click();
    await page.locator(".day.valid").first().scrollIntoViewIfNeeded();
    await picture(`rate-explained${ending}`);
    await to("/rules");
    await page.locator(".card details").first().waitFor();
    if (ending === "") await picture("rules");
    await to("/reviews");
    await page.locator(".review").filter({ hasText: about.reviewed }).getByRole("button", { name: "依据与地图" }).click();
    await page.locator(".ground-map[data-ready=true]").waitFor();
    await page.locator(".evidence").scrollIntoViewIfNeeded();
    await picture(`reviews${ending}`);
    await page.locator(".review").filter({ hasText: about.reviewed }).getByRole("link", { name: "账本证明" }).click();
    await page.locator(".leaf").first().waitFor();
    await picture(`ledger${ending}`);
    await to("/requests");
    await page.locator(".review button").first().click();
    await page.locator(".steps").waitFor();
    if (ending === "") await picture("requests");
    await to("/keys");
    await page.locator("tbody button").first().click();
    await page.locator(".steps").first().waitFor();
    if (ending === "") await picture("keys");
  }
  return { heard, widest, faults: found };
}
