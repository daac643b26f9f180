// Journeys of the fence editor. `about`: {"base_url", "username", "password", "project", …}.
import { complaints, faults } from "./common.mjs";
import { deskOf } from "./desk.mjs";

/** Open the fences of a project at the desk; questions of the page are answered with yes. */
export async function fencesOf(open, about) {
  const { page, heard } = await deskOf(open, about);
  page.on("dialog", (dialog) => dialog.accept());
  await page.getByRole("link", { name: "工程项目" }).click();
  const row = page.getByRole("row").filter({ hasText: about.project });
  await row.getByRole("link", { name: "电子围栏" }).click();
  await page.getByRole("heading", { level: 1, name: "电子围栏" }).waitFor();
  await page.getByText("正在加载…").waitFor({ state: "detached" });
  return { page, heard };
}

/** Where the map of a screen lies once it looks where it will look; `mark` is of that screen alone: the one left behind may have a map too. */
export async function mapOf(page, mark) {
  await mark.waitFor();
  await page.waitForFunction((loading) => !document.querySelector("main").innerText.includes(loading), "正在加载…");
  const map = page.locator(".ground-map[data-ready=true]");
  await map.waitFor();
  return map.boundingBox();
}

/** Click places of the map, given as shares of its width and height. */
async function clickAll(page, box, places) {
  for (const [across, down] of places) {
    const at = [box.x + across * box.width, box.y + down * box.height];
    await page.mouse.move(...at, { steps: 4 });
    await page.mouse.click(...at);
  }
}

/** Take a published version out of force, so that other journeys are judged as before. */
async function withdraw(page) {
  await page.getByRole("button", { name: "撤回", exact: true }).click();
  await page.locator(".versions").getByText("已撤回").first().waitFor();
}

async function checked(page) {
  await page.getByText("服务器核对").waitFor();
  return page.locator(".outcome").innerText();
}

async function saved(page) {
  await page.getByRole("button", { name: "存为草稿" }).click();
  await mapOf(page, page.locator(".versions"));
  return page.locator(".versions").innerText();
}

/** Hand a draft in and publish it; return what the question before told. */
async function publish(page) {
  await page.getByRole("button", { name: "提交待发布" }).click();
  await page.getByRole("button", { name: "发布…" }).click();
  const dialog = page.getByRole("dialog");
  const confirm = dialog.getByRole("button", { name: "确认发布，立即生效" });
  await dialog.locator(".publish p").filter({ hasNotText: "正在试算" }).first().waitFor();
  const told = await dialog.innerText();
  const found = await faults(page);
  await confirm.click();
  await dialog.waitFor({ state: "detached" });
  await page.locator(".versions").getByText("已发布").first().waitFor();
  return { told, faults: found };
}

/** A boundary drawn with the mouse, taken back and again, saved, submitted and published. */
export async function drawPolygon(open, about) {
  const { page, heard } = await fencesOf(open, about);
  const found = { list: await faults(page) };
  await page.getByRole("button", { name: "新画围栏" }).click();
  const box = await mapOf(page, page.getByLabel("围栏名称"));
  await page.getByRole("button", { name: "存为草稿" }).click();
  const unnamed = await page.getByRole("alert").innerText();
  await page.getByLabel("围栏名称").fill(about.name);
  await clickAll(page, box, [[0.3, 0.3], [0.7, 0.3], [0.7, 0.7], [0.3, 0.7], [0.3, 0.3]]);
  const drawn = await checked(page);
  const figures = await page.locator(".figures li").allInnerTexts();
  await page.getByRole("button", { name: "撤销" }).click();
  await page.getByText("还没有图形").waitFor();
  await page.getByRole("button", { name: "重做" }).click();
  await checked(page);
  await page.locator(".figures li button").first().click();
  const points = page.getByLabel("边界的坐标");
  const corners = [await points.inputValue()];
  await page.mouse.move(box.x + 0.3 * box.width, box.y + 0.3 * box.height, { steps: 4 });
  await page.mouse.down();
  await page.mouse.move(box.x + 0.2 * box.width, box.y + 0.2 * box.height, { steps: 8 });
  await page.mouse.up();
  await page.waitForFunction((was) => document.querySelector(".coordinates textarea")?.value !== was, corners[0]);
  corners.push(await points.inputValue());
  const dragged = await checked(page);
  found.editor = await faults(page);
  const draft = await saved(page);
  const asked = await publish(page);
  found.dialog = asked.faults;
  found.page = await faults(page);
  const published = await page.locator(".versions").innerText();
  await withdraw(page);
  return { unnamed, drawn, figures, corners, dragged, draft, asked: asked.told, published, heard, faults: found };
}

/** A corridor entered by coordinates, made wider on one side, tried on recorded punches, published. */
export async function drawCorridor(open, about) {
  const { page, heard } = await fencesOf(open, about);
  await page.getByRole("button", { name: "新画围栏" }).click();
  await mapOf(page, page.getByLabel("围栏名称"));
  await page.getByLabel("围栏名称").fill(about.name);
  await page.getByText("走廊", { exact: true }).click();
  await page.getByRole("button", { name: "按坐标录入" }).click();
  await page.getByLabel("中线的坐标").fill("这里不是坐标");
  await page.getByRole("button", { name: "应用坐标" }).click();
  const unread = await page.getByRole("alert").innerText();
  await page.getByLabel("中线的坐标").fill(about.line.map((at) => at.join(", ")).join("\n"));
  await page.getByRole("button", { name: "应用坐标" }).click();
  await page.getByLabel("左侧").fill("15");
  await page.getByLabel("右侧").fill("25");
  await page.getByLabel("起点里程（米）").fill(String(about.start_m));
  await page.getByLabel("起点里程（米）").blur();
  await page.locator(".chainage").filter({ hasText: `K${Math.floor(about.start_m / 1000)}+` }).first().waitFor();
  const drawn = await checked(page);
  const labels = await page.locator(".chainage").allInnerTexts();
  const found = { editor: await faults(page) };
  await saved(page);
  await page.getByRole("button", { name: "用打卡记录试算" }).click();
  await page.getByRole("button", { name: "用打卡记录试算" }).waitFor();
  await page.locator("[aria-live] .figures-row, [aria-live] > p").first().waitFor();
  const simulated = await page.locator("[aria-live]").last().innerText();
  const asked = await publish(page);
  found.dialog = asked.faults;
  found.page = await faults(page);
  const facts = await page.locator(".facts").innerText();
  await withdraw(page);
  return { unread, drawn, labels, simulated, facts, heard, faults: found };
}

/** A boundary that crosses itself: the server's problem is shown while drawing, and keeps no draft. */
export async function crossedBoundary(open, about) {
  const { page, heard } = await fencesOf(open, about);
  await page.getByRole("button", { name: "新画围栏" }).click();
  await mapOf(page, page.getByLabel("围栏名称"));
  await page.getByLabel("围栏名称").fill(about.name);
  await page.getByRole("button", { name: "按坐标录入" }).click();
  await page.getByLabel("边界的坐标").fill(about.ring.map((at) => at.join(", ")).join("\n"));
  await page.getByRole("button", { name: "应用坐标" }).click();
  const problem = await page.getByRole("alert").innerText();
  const found = { editor: await faults(page) };
  await page.getByRole("button", { name: "存为草稿" }).click();
  await page.locator(".el-alert").nth(1).waitFor();
  return { problem, stays: new URL(page.url()).pathname.endsWith("/draw"), heard, faults: found };
}

/** A narrower version of a corridor in force: what it loses and who would no longer count; kept as a draft, then dropped. */
export async function narrowerVersion(open, about) {
  const { page, heard } = await fencesOf(open, about);
  await page.getByRole("link", { name: about.name }).click();
  await page.getByRole("button", { name: "在此基础上画新版本" }).click();
  await mapOf(page, page.getByLabel("左侧"));
  await page.getByLabel("左侧").fill("1");
  await page.getByLabel("右侧").fill("1");
  await page.getByLabel("右侧").blur();
  await checked(page);
  const versions = await saved(page);
  await page.locator(".difference").waitFor();
  const difference = await page.locator(".difference").innerText();
  await page.getByRole("button", { name: "用打卡记录试算" }).click();
  await page.locator("table.small").waitFor();
  const people = await page.locator("table.small tbody tr").allInnerTexts();
  await page.getByRole("button", { name: "提出更正…" }).click();
  await page.getByRole("button", { name: "查看会改变什么" }).click();
  await page.getByText("请填写原因").waitFor();
  await page.getByLabel("原因").fill("画宽了");
  await page.getByRole("button", { name: "查看会改变什么" }).click();
  const correction = page.locator(".correction");
  await correction.getByText("待批准").waitFor();
  await correction.locator("table").waitFor();
  const corrected = await correction.innerText();
  const found = { page: await faults(page) };
  await correction.getByRole("button", { name: "放弃" }).click();
  await correction.getByText("已放弃").waitFor();
  const dropped = await correction.innerText();
  await withdraw(page);
  return { versions, difference, people, corrected, dropped, heard, faults: found };
}

/** A file of AMap's coordinates, dropped and declared as WGS-84: warned, nothing imported; declared rightly it becomes a draft. */
export async function importWrongDatum(open, about) {
  const { page, heard } = await fencesOf(open, about);
  await page.getByRole("button", { name: "导入文件" }).click();
  await mapOf(page, page.locator(".drop"));
  const dropped = await page.evaluateHandle((text) => {
    const data = new DataTransfer();
    data.items.add(new File([text], "区间.geojson", { type: "application/geo+json" }));
    return data;
  }, about.file);
  await page.locator(".drop").dispatchEvent("drop", { dataTransfer: dropped });
  await page.getByText("坐标系未知").waitFor();
  const undeclared = await page.locator(".outcome").innerText();
  await page.getByLabel("左半宽（米，线）").fill("20");
  await page.getByLabel("右半宽（米，线）").fill("20");
  const system = page.getByLabel("文件的坐标系");
  await system.fill("wgs84");
  await system.blur();
  await page.getByText("geofences.datum_suspected").waitFor();
  await page.getByText("正在读取文件…").waitFor({ state: "detached" });
  const warned = await page.locator(".outcome").innerText();
  const importing = page.getByRole("button", { name: "导入为草稿" });
  const isHeld = await importing.isDisabled();
  const found = { warned: await faults(page) };
  await system.fill("gcj02");
  await system.blur();
  await page.getByText("geofences.datum_suspected").waitFor({ state: "detached" });
  await page.locator(".found li").first().waitFor();
  const accepted = await page.locator(".outcome").innerText();
  await importing.click();
  await mapOf(page, page.locator(".facts"));
  const facts = await page.locator(".facts").innerText();
  found.page = await faults(page);
  await withdraw(page);
  return { undeclared, warned, isHeld, accepted, facts, heard, faults: found };
}

/** Pictures of every screen of the editor into `about.folder`. */
export async function gallery(open, about) {
  const { page, heard } = await fencesOf(open, about);
  await page.setViewportSize({ width: 1440, height: 900 });
  const found = {};
  const picture = async (name) => {
    await page.locator(".ground-map[data-ready=true]").waitFor();
    await page.waitForLoadState("networkidle");
    await page.screenshot({ path: `${about.folder}/desk-${name}.png` });
    found[name] = await faults(page);
  };
  const list = page.url();
  await page.getByRole("link", { name: about.name }).waitFor();
  await picture("fences");
  await page.getByRole("button", { name: "新画围栏" }).click();
  await mapOf(page, page.getByLabel("围栏名称"));
  await page.getByLabel("围栏名称").fill("施工便道");
  await page.getByText("走廊", { exact: true }).click();
  await page.getByRole("button", { name: "按坐标录入" }).click();
  await page.getByLabel("中线的坐标").fill(about.line.map((at) => at.join(", ")).join("\n"));
  await page.getByRole("button", { name: "应用坐标" }).click();
  await page.locator(".chainage").first().waitFor();
  await checked(page);
  await picture("fence-editor");
  await page.goto(list.replace(/fences$/, "fences/import"));
  await mapOf(page, page.locator(".drop"));
  await page.locator("input[type=file]").setInputFiles({ name: "区间.geojson", mimeType: "application/geo+json", buffer: Buffer.from(about.file) });
  await page.getByLabel("左半宽（米，线）").fill("20");
  await page.getByLabel("右半宽（米，线）").fill("20");
  await page.getByLabel("文件的坐标系").fill("wgs84");
  await page.getByLabel("文件的坐标系").blur();
  await page.getByText("geofences.datum_suspected").waitFor();
  await page.locator(".found li").first().waitFor();
  await picture("fence-import");
  await page.goto(list);
  await page.getByRole("link", { name: about.name }).click();
  await page.getByRole("button", { name: "在此基础上画新版本" }).click();
  await mapOf(page, page.getByLabel("左侧"));
  await page.getByLabel("左侧").fill("1");
  await page.getByLabel("右侧").fill("1");
  await page.getByLabel("右侧").blur();
  await checked(page);
  await saved(page);
  await page.getByRole("button", { name: "用打卡记录试算" }).click();
  await page.locator("table.small").waitFor();
  await picture("fence");
  await withdraw(page);
  return { heard, faults: found };
}
