// Journeys of the desk's base map. `about`: {"base_url", "username", "password", "project", "at", "picture"}.
import { faults } from "./common.mjs";
import { fencesOf, mapOf } from "./fences.mjs";

/** The new fence of a circle at `about.at`, so that this place is in the middle of the map. */
async function circleAt(open, about) {
  const { page, heard } = await fencesOf(open, about);
  await page.getByRole("button", { name: "新画围栏" }).click();
  await mapOf(page, page.getByLabel("围栏名称"));
  await page.getByText("圆形", { exact: true }).click();
  await page.getByLabel("半径（米）").fill("20");
  await page.getByLabel("半径（米）").blur();
  await page.getByRole("button", { name: "按坐标录入" }).click();
  await page.getByLabel("圆心的坐标").fill(about.at.join(", "));
  await page.getByRole("button", { name: "应用坐标" }).click();
  await page.getByText("服务器核对").waitFor();
  return { page, heard };
}

/** Tiles of GCJ-02 beneath a fence of WGS-84; left away and shown again; then the service fails. */
export async function overTiles(open, about) {
  const { page, heard } = await circleAt(open, about);
  await page.locator(".ground-map[data-base=shown]").waitFor();
  const picture = await page.locator(".ground-map canvas").first().screenshot();
  const attribution = await page.locator(".attribution").innerText();
  if (about.folder !== undefined) await page.screenshot({ path: `${about.folder}/desk-fence-base-map.png` });
  const found = { map: await faults(page) };
  await page.getByLabel("底图").uncheck();
  await page.locator(".attribution").waitFor({ state: "detached" });
  await page.getByLabel("底图").check();
  await page.route("**/*.png?*", (route) => route.abort());
  await page.getByRole("button", { name: "缩小" }).click();
  const failed = page.locator(".base-failed");
  await failed.waitFor();
  const told = await failed.innerText();
  found.failed = await faults(page);
  return { picture: picture.toString("base64"), attribution, told, heard, faults: found };
}

/** Without a base map: everything that the page asks for, by its origin. */
export async function withoutTiles(open, about) {
  const asked = [];
  const opened = async (more) => {
    const context = await open(more);
    context.on("request", (request) => asked.push(new URL(request.url()).origin));
    return context;
  };
  const { page, heard } = await circleAt(opened, about);
  const state = await page.locator(".ground-map").getAttribute("data-base");
  return { state, origins: [...new Set(asked)], heard, faults: await faults(page) };
}

/** Where a place is on a map that was fitted to a box with `PADDING` pixels around it: both in degrees. */
function pixelIn(map, [[west, south], [east, north]], at) {
  const PADDING = 56;
  const across = (lon) => lon / 360;
  const down = (lat) => -Math.asinh(Math.tan((lat * Math.PI) / 180)) / (2 * Math.PI);
  const scale = Math.min((map.width - 2 * PADDING) / (across(east) - across(west)), (map.height - 2 * PADDING) / (down(south) - down(north)));
  const middle = [(across(east) + across(west)) / 2, (down(south) + down(north)) / 2];
  return [map.x + map.width / 2 + (across(at[0]) - middle[0]) * scale, map.y + map.height / 2 + (down(at[1]) - middle[1]) * scale];
}

async function enter(page, label, points) {
  await page.getByRole("button", { name: "按坐标录入" }).click();
  await page.getByLabel(label).fill(points.map((at) => at.join(", ")).join("\n"));
  await page.getByRole("button", { name: "应用坐标" }).click();
}

/** Wait until the server told another outcome than before, and return it. */
async function rechecked(page, before) {
  await page.waitForFunction((was) => {
    const told = document.querySelector(".outcome")?.innerText ?? "";
    return told.includes("服务器核对") && told !== was;
  }, before);
  return page.locator(".outcome").innerText();
}

/** A corridor cut out of an alignment by chainages, its half-width and its beginning set by handles, then drawn further. */
export async function alongAlignment(open, about) {
  const { page, heard } = await fencesOf(open, about);
  await page.getByRole("button", { name: "新画围栏" }).click();
  await mapOf(page, page.getByLabel("围栏名称"));
  await page.getByLabel("围栏名称").fill(about.name);
  await page.getByText("走廊", { exact: true }).click();
  const runs = page.getByLabel("沿什么画");
  await runs.locator("option").nth(1).waitFor({ state: "attached" });
  await runs.selectOption({ index: 1 });
  const begin = page.getByLabel("自里程");
  await begin.fill("K99+000");
  await begin.blur();
  const nowhere = await page.getByRole("alert").innerText();
  await begin.fill(about.from);
  await begin.blur();
  await page.getByLabel("至里程").fill(about.to);
  await page.getByLabel("至里程").blur();
  await page.getByRole("slider", { name: `止点 ${about.to}` }).waitFor();
  const told = [await rechecked(page, "")];
  const labels = await page.locator(".chainage").allInnerTexts();
  const left = page.getByRole("slider", { name: /^左半宽/ });
  const grip = await left.boundingBox();
  const middle = await page.locator(".ground-map").boundingBox();
  const hand = [grip.x + grip.width / 2, grip.y + grip.height / 2];
  await page.mouse.move(...hand);
  await page.mouse.down();
  // Away from the line, so that it becomes wider: the strip's middle is in the middle of the map.
  const away = [hand[0] - middle.x - middle.width / 2, hand[1] - middle.y - middle.height / 2];
  const length = Math.hypot(...away) || 1;
  await page.mouse.move(hand[0] + (away[0] / length) * 40, hand[1] + (away[1] / length) * 40, { steps: 6 });
  await page.mouse.up();
  await page.getByRole("slider", { name: "左半宽 20 米" }).waitFor({ state: "detached" });
  const dragged = Number(await left.getAttribute("aria-valuenow"));
  told.push(await rechecked(page, told[0]));
  await left.focus();
  await page.keyboard.press("Shift+ArrowUp");
  await page.getByRole("slider", { name: `左半宽 ${dragged + 10} 米` }).waitFor();
  await page.getByRole("slider", { name: /^起点/ }).focus();
  await page.keyboard.press("Shift+ArrowRight");
  const later = await page.getByRole("slider", { name: /^起点/ }).getAttribute("aria-valuetext");
  told.push(await rechecked(page, told[1]));
  const found = { editor: await faults(page) };
  await page.getByRole("button", { name: "存为草稿" }).click();
  await mapOf(page, page.locator(".versions"));
  const facts = await page.locator(".facts").innerText();
  await page.getByRole("button", { name: "在此基础上画新版本" }).click();
  await mapOf(page, page.getByLabel("沿什么画"));
  await page.getByRole("slider", { name: `起点 ${later}` }).waitFor();
  const again = [await begin.inputValue(), await page.getByLabel("至里程").inputValue(), await page.getByLabel("左侧").inputValue()];
  await page.getByRole("link", { name: "返回" }).click();
  await page.locator(".versions").waitFor();
  await page.getByRole("button", { name: "撤回", exact: true }).click();
  await page.locator(".versions").getByText("已撤回").waitFor();
  return { nowhere, told, labels, dragged, later, facts, again, heard, faults: found };
}

/** A centreline whose points are put in, moved and taken out by keys; then a boundary whose corner jumps to a neighbour's. The neighbour has hours, and is published for later. */
export async function byKeysAndSnapping(open, about) {
  const { page, heard } = await fencesOf(open, about);
  const list = page.url();
  await page.getByRole("button", { name: "新画围栏" }).click();
  await mapOf(page, page.getByLabel("围栏名称"));
  await page.getByLabel("围栏名称").fill(about.name);
  await enter(page, "边界的坐标", about.ring);
  await page.getByLabel("全天").uncheck();
  await page.getByLabel("结束").fill("21:30");
  await page.getByLabel("结束").blur();
  const told = await rechecked(page, "");
  await page.getByRole("button", { name: "存为草稿" }).click();
  await mapOf(page, page.locator(".versions"));
  await page.goto(`${list}/draw`);
  const map = await mapOf(page, page.getByLabel("围栏名称"));
  // A boundary of the same box, its corners off the neighbour's: the map is fitted to it.
  const [[west, south], , [east, north]] = about.ring;
  const [lon, lat] = [(west + east) / 2, (south + north) / 2];
  await enter(page, "边界的坐标", [[west, lat], [lon, south], [east, lat], [lon, north]]);
  await page.getByRole("button", { name: "画边界" }).click();
  const corner = pixelIn(map, [about.ring[0], about.ring[2]], about.ring[2]);
  const places = [[corner[0] - 4, corner[1] + 3], [corner[0] - 90, corner[1] + 60], [corner[0] - 20, corner[1] + 110]];
  for (const at of [...places, places[0]]) {
    await page.mouse.move(...at, { steps: 4 });
    await page.mouse.click(...at);
  }
  const jumped = (await page.getByLabel("边界的坐标").inputValue()).split("\n");
  await page.getByText("走廊", { exact: true }).click();
  await enter(page, "中线的坐标", about.line);
  const steps = page.getByRole("group", { name: "逐点调整" });
  const points = page.getByLabel("中线的坐标");
  await steps.getByRole("button", { name: "插入一点" }).click();
  await steps.getByText("第 2 点，共 3 点").waitFor();
  const lines = [await points.inputValue()];
  await steps.getByRole("button", { name: "插入一点" }).focus();
  await page.keyboard.press("Shift+ArrowUp");
  lines.push(await points.inputValue());
  await page.locator(".spot").waitFor();
  const found = { steps: await faults(page) };
  await steps.getByRole("button", { name: "删除此点" }).click();
  await steps.getByText("第 2 点，共 2 点").waitFor();
  lines.push(await points.inputValue());
  page.once("dialog", (dialog) => dialog.accept().catch(() => undefined));
  await page.goto(list);
  await page.getByRole("link", { name: about.name }).click();
  await page.getByRole("button", { name: "提交待发布" }).click();
  await page.getByRole("button", { name: "发布…" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("定在以后的时间").check();
  await dialog.getByLabel("生效时间").fill(about.later);
  const confirm = dialog.getByRole("button", { name: /^确认发布，.*08:00 生效$/ });
  await confirm.waitFor();
  found.dialog = await faults(page);
  await confirm.click();
  await dialog.waitFor({ state: "detached" });
  await page.locator(".versions").getByText("已发布").waitFor();
  const facts = await page.locator(".facts").innerText();
  await page.getByRole("button", { name: "撤回", exact: true }).click();
  await page.locator(".versions").getByText("已撤回").waitFor();
  return { told, facts, jumped, lines: lines.map((text) => text.split("\n")), heard, faults: found };
}

/** A way walked with a phone in hand: vague positions left out, kept when the page is dropped, thinned into a centreline. */
export async function walkToDraw(open, about) {
  let place = null;
  const [first] = about.way;
  const opened = async (more) => {
    place = await open({ ...more, permissions: ["geolocation"], geolocation: first });
    return place;
  };
  const { page, heard } = await fencesOf(opened, about);
  await page.getByRole("button", { name: "走一圈来画" }).click();
  await page.setViewportSize({ width: 390, height: 844 });
  await mapOf(page, page.getByText("用手机沿线路或边界走一遍"));
  const found = { before: await faults(page) };
  const count = (number) => page.locator(".walk .figures-row dd").first().filter({ hasText: new RegExp(`^${number}$`) }).waitFor();
  await page.getByRole("button", { name: "开始记录" }).click();
  await count(1);
  const half = about.way.length >> 1;
  for (const [step, at] of about.way.slice(0, half).entries()) {
    if (step === 0) continue;
    await place.setGeolocation(at);
    await count(step + 1);
  }
  await place.setGeolocation({ ...about.way[half], accuracy: 80 });
  await page.getByText("没有采用").waitFor();
  const vague = await page.locator(".walk .note").innerText();
  await page.getByRole("button", { name: "暂停" }).click();
  await page.reload();
  await count(half);
  await page.getByRole("button", { name: "继续记录" }).click();
  for (const [step, at] of about.way.slice(half).entries()) {
    await place.setGeolocation(at);
    await count(half + step + 1);
  }
  const told = await page.locator(".walk").innerText();
  found.walked = await faults(page);
  await page.getByRole("button", { name: "用作中线" }).click();
  await page.setViewportSize({ width: 1280, height: 800 });
  await mapOf(page, page.getByLabel("沿什么画"));
  const note = await page.locator(".panel .note").innerText();
  const checked = await rechecked(page, "");
  await page.locator(".figures li button").first().click();
  const points = (await page.getByLabel("中线的坐标").inputValue()).split("\n");
  const width = await page.getByLabel("左侧").inputValue();
  found.editor = await faults(page);
  return { vague, told, note, checked, points, width, heard, faults: found };
}

/** Pictures into `about.folder`: a corridor on an alignment, the question before its publication, a walk on a phone. */
export async function gallery(open, about) {
  let place = null;
  const first = { latitude: about.line[0][1], longitude: about.line[0][0], accuracy: 5 };
  const opened = async (more) => {
    place = await open({ ...more, permissions: ["geolocation"], geolocation: first });
    return place;
  };
  const { page, heard } = await fencesOf(opened, about);
  const list = page.url();
  await page.setViewportSize({ width: 1440, height: 900 });
  const found = {};
  const picture = async (name, of) => {
    found[name] = await faults(page);
    await page.waitForLoadState("networkidle");
    await page.screenshot({ path: `${about.folder}/desk-${name}.png` });
    await of?.();
  };
  await page.getByRole("button", { name: "新画围栏" }).click();
  await mapOf(page, page.getByLabel("围栏名称"));
  await page.getByLabel("围栏名称").fill("二标段");
  await page.getByText("走廊", { exact: true }).click();
  const runs = page.getByLabel("沿什么画");
  await runs.locator("option").nth(1).waitFor({ state: "attached" });
  await runs.selectOption({ index: 1 });
  await page.getByLabel("自里程").fill("K12+300");
  await page.getByLabel("至里程").fill("K12+900");
  await page.getByLabel("至里程").blur();
  await page.getByRole("button", { name: "增加一段" }).click();
  await page.getByLabel("左侧").nth(1).fill("45");
  await page.getByLabel("左侧").nth(1).blur();
  await page.getByRole("slider", { name: /^变宽处/ }).waitFor();
  await rechecked(page, "");
  await picture("fence-aligned");
  await page.getByRole("button", { name: "存为草稿" }).click();
  await mapOf(page, page.locator(".versions"));
  await page.getByRole("button", { name: "提交待发布" }).click();
  await page.getByRole("button", { name: "发布…" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("定在以后的时间").check();
  await dialog.getByLabel("生效时间").waitFor();
  await picture("fence-publish", () => dialog.getByRole("button", { name: "取消" }).click());
  await page.getByRole("button", { name: "撤回", exact: true }).click();
  await page.locator(".versions").getByText("已撤回").waitFor();
  await page.goto(`${list}/walk`);
  await page.setViewportSize({ width: 390, height: 844 });
  await page.getByRole("button", { name: "开始记录" }).click();
  const count = page.locator(".walk .figures-row dd").first();
  for (let step = 1; step <= 8; step += 1) {
    await count.filter({ hasText: new RegExp(`^${step}$`) }).waitFor();
    await place.setGeolocation({ ...first, longitude: first.longitude + step * 0.0002, latitude: first.latitude + (step % 3) * 0.0001 });
  }
  await count.filter({ hasText: /^9$/ }).waitFor();
  await page.getByRole("button", { name: "暂停" }).click();
  await picture("fence-walk");
  return { heard, faults: found };
}
