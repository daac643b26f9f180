// What journeys of both apps do.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** Bring what moves to its end: text that is still fading in has less contrast than it will have. */
async function settled(page) {
  await page.waitForFunction(() => {
    const moving = document.getAnimations().filter((one) => Number.isFinite(one.effect?.getComputedTiming().endTime));
    for (const one of moving) one.finish();
    return moving.length === 0 && document.querySelector("[class*=-enter-active], [class*=-leave-active]") === null;
  });
}

/** Faults that keep people from using a page, as axe-core finds them: [rule, where]. The phone is read in sunlight: 7:1 there. */
export async function faults(page) {
  await settled(page);
  // The content policy lets no foreign script in; the debugger's own evaluation is not bound by it.
  await page.evaluate(AXE);
  const rules = { "color-contrast-enhanced": { enabled: new URL(page.url()).pathname.startsWith("/app/") } };
  const found = await page.evaluate((rules) => axe.run(document, { rules, resultTypes: ["violations"] }), rules);
  return found.violations
    .filter((one) => ["serious", "critical"].includes(one.impact))
    .map((one) => [one.id, one.nodes.map((node) => `${node.target.join(" ")}: ${node.failureSummary ?? ""}`)]);
}

/** What the console and the content policy complained of while a page was open. */
export function complaints(page) {
  const heard = [];
  page.on("pageerror", (error) => heard.push(`error: ${error.message}`));
  page.on("console", (message) => {
    if (message.type() === "error" && !/Failed to load resource|net::ERR/.test(message.text())) heard.push(message.text());
  });
  return heard;
}

/** The codes that were sent to a number, oldest first. */
export function codesOf(outbox, number) {
  const sent = readFileSync(outbox, "utf8").split("\n").filter((line) => line.includes(`"${number}"`));
  return sent.map((line) => JSON.parse(line).code);
}

/** Ask the API in the name of staff, beside the pages: by POST where there is something to send. */
export async function staffAt(context, about) {
  const { username, password } = about;
  const answer = await context.request.post(`${about.base_url}/admin/v1/session`, { data: { username, password } });
  const { access_token } = await answer.json();
  return async (path, data) => {
    const request = { headers: { Authorization: `Bearer ${access_token}` }, ...(data === undefined ? {} : { data }) };
    const told = await context.request.fetch(`${about.base_url}/admin/v1${path}`, { method: data === undefined ? "GET" : "POST", ...request });
    if (!told.ok()) throw new Error(`${path}: ${await told.text()}`);
    return told.json();
  };
}
