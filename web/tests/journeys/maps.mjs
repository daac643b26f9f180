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
