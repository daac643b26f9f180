// A strain that somebody puts on the browser's journeys, to find what depends on timing (docs/journeys.md); none by default.
const KINDS = ["hands", "asked", "answers", "processor"];
const given = Object.fromEntries((process.env.JOURNEYS_STRAIN ?? "").split(/\s+/).filter(Boolean).map((word) => word.split("=")));
const unknown = Object.keys(given).filter((name) => !KINDS.includes(name));
if (unknown.length > 0) throw new Error(`JOURNEYS_STRAIN knows ${KINDS.join(", ")}, not ${unknown.join(", ")}`);

/** How long the hands rest before each move, in ms: whoever looks comes after the page. */
export const slowMo = Number(given.hands ?? 0);
/** How many times as long a journey waits for what the page shows. */
export const patience = Object.keys(given).length > 0 ? 6 : 1;

/** Slow the page's processor down; hold each question to the API, or each answer, for a time out of a span, in ms. */
async function strained(page) {
  const devtools = await page.context().newCDPSession(page);
  if (given.processor) await devtools.send("Emulation.setCPUThrottlingRate", { rate: Number(given.processor) });
  const span = given.asked ?? given.answers;
  if (span === undefined) return page;
  const [least, most = least] = span.split("-").map(Number);
  devtools.on("Fetch.requestPaused", ({ requestId }) => {
    const goOn = () => devtools.send("Fetch.continueRequest", { requestId }).catch(() => undefined); // the page may be gone
    setTimeout(goOn, least + Math.random() * (most - least));
  });
  const requestStage = given.asked === undefined ? "Response" : "Request";
  await devtools.send("Fetch.enable", { patterns: ["mobile", "admin"].map((app) => ({ urlPattern: `*/${app}/v1/*`, requestStage })) });
  return page;
}

/** Put the strain on every page that a context opens from now on. */
export function underStrain(context) {
  const newPage = context.newPage.bind(context);
  if (patience > 1) context.newPage = async () => strained(await newPage());
  return context;
}
