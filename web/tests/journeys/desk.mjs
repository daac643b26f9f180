// Journeys of the desk. `about`: {"base_url", "username", "password", …}.
import { complaints, faults } from "./common.mjs";

export const SIZE = { width: 1280, height: 800 };

export async function deskOf(open, about) {
  const context = await open({ viewport: SIZE });
  const page = await context.newPage();
  const heard = complaints(page);
  await page.goto(`${about.base_url}/desk/`);
  await page.getByLabel("账号").fill(about.username);
  await page.getByLabel("密码").fill(about.password);
  await page.getByRole("button", { name: "登录", exact: true }).click();
  await page.getByRole("button", { name: "退出登录" }).waitFor();
  return { context, page, heard };
}

export async function logIn(open, about) {
  const { page, heard } = await deskOf(open, about);
  await page.getByRole("link", { name: "工程项目" }).click();
  await page.getByText(about.project).waitFor();
  return { heard, faults: await faults(page) };
}

/** The menu at a desktop and on a phone, by mouse and by keyboard, in both languages; a link that was sent. */
export async function menu(open, about) {
  const { page, heard } = await deskOf(open, about);
  const nav = page.getByRole("navigation");
  await nav.getByRole("link", { name: "工程项目" }).waitFor();
  const areas = await nav.getByRole("link").allInnerTexts();
  await page.setViewportSize({ width: 390, height: 844 });
  const wasHidden = !(await nav.isVisible());
  await page.getByRole("button", { name: "菜单" }).press("Enter");
  await nav.getByRole("link", { name: "工程项目" }).waitFor();
  const found = { phone: await faults(page) };
  const widest = await page.evaluate(() => document.documentElement.scrollWidth);
  await nav.getByRole("link", { name: "工程项目" }).press("Enter");
  await page.getByRole("heading", { level: 1, name: "工程项目" }).waitFor();
  await nav.waitFor({ state: "hidden" });
  await page.getByRole("button", { name: "English" }).click();
  await page.getByRole("heading", { level: 1, name: "Projects" }).waitFor();
  const title = await page.title();
  await page.getByRole("button", { name: "Log out" }).click();
  await page.getByLabel("Account").waitFor();
  await page.goto(`${about.base_url}/desk/projects?page=sent`);
  await page.getByLabel("Account").fill(about.username);
  await page.getByLabel("Password").fill(about.password);
  await page.getByRole("button", { name: "Log in", exact: true }).click();
  await page.getByRole("heading", { level: 1, name: "Projects" }).waitFor();
  const sent = page.url().slice(about.base_url.length);
  return { areas, wasHidden, widest, title, sent, heard, faults: found };
}
