// Keeps one Chromium and plays journeys in it: an order a line on standard input, an answer a line on standard output.
// Order: {"journey": "phone.firstCheckIn", "about": {…}}. Answer: {"seen": …} or {"trouble": "…", "picture": "…"}.
import { createInterface } from "node:readline";

import { chromium } from "playwright-core";

import * as board from "./journeys/board.mjs";
import * as desk from "./journeys/desk.mjs";
import * as evidence from "./journeys/evidence.mjs";
import * as fences from "./journeys/fences.mjs";
import * as library from "./journeys/library.mjs";
import * as maps from "./journeys/maps.mjs";
import * as offices from "./journeys/offices.mjs";
import * as phone from "./journeys/phone.mjs";
import * as presence from "./journeys/presence.mjs";
import * as push from "./journeys/push.mjs";
import * as requests from "./journeys/requests.mjs";
import { patience, slowMo, underStrain } from "./strain.mjs";

const JOURNEYS = { board, desk, evidence, fences, library, maps, offices, phone, presence, push, requests };
const [executablePath, pictures] = process.argv.slice(2);
const browser = await chromium.launch({
  executablePath,
  headless: true,
  slowMo,
  args: [
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--font-render-hinting=none",
  ],
});

async function play({ journey, about }) {
  const [app, name] = journey.split(".");
  const contexts = [];
  const open = async (more = {}) => {
    const context = await browser.newContext({ locale: "zh-CN", timezoneId: "Asia/Shanghai", ...more });
    context.setDefaultTimeout(20_000 * patience);
    contexts.push(context);
    return underStrain(context);
  };
  try {
    return { seen: (await JOURNEYS[app][name](open, about)) ?? null };
  } catch (error) {
    const page = contexts.at(-1)?.pages().at(-1);
    const picture = page === undefined ? null : `${pictures}/${journey}.png`;
    if (picture !== null) await page.screenshot({ path: picture }).catch(() => undefined);
    return { trouble: String(error?.stack ?? error), picture, text: await page?.innerText("body").catch(() => null) };
  } finally {
    for (const context of contexts) await context.close();
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(await play(JSON.parse(line)))}\n`);
}
await browser.close();
