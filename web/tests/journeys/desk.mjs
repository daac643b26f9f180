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
  await page.getByText(about.project).waitFor();
  return { heard, faults: await faults(page) };
}
