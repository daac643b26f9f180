// Measures the phone app's first load on a slow phone: arguments are Chromium, the server and how often; medians are printed.
import { chromium } from "playwright-core";

const [executablePath, base, rounds] = process.argv.slice(2);
/** As the browser's own tools define fast 3G; a cheap phone of five years ago beside this machine. */
const NETWORK = { offline: false, latency: 150, downloadThroughput: 1.6e6 / 8, uploadThroughput: 0.75e6 / 8 };
const SLOWED = 6;

const browser = await chromium.launch({ executablePath, headless: true, args: ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"] });
const median = (numbers) => [...numbers].sort((one, other) => one - other)[Math.floor(numbers.length / 2)];

async function load(page) {
  const began = performance.now();
  await page.goto(`${base}/app/`);
  await page.locator("#number").waitFor();
  const ready = performance.now() - began;
  const paint = await page.evaluate(
    () =>
      new Promise((done) => {
        new PerformanceObserver((list) => done(list.getEntriesByName("first-contentful-paint")[0].startTime)).observe({ type: "paint", buffered: true });
      }),
  );
  return { paint, ready };
}

const [paints, readies, agains, weights] = [[], [], [], []];
for (let round = 0; round < Number(rounds); round += 1) {
  const context = await browser.newContext({ viewport: { width: 360, height: 740 }, deviceScaleFactor: 2, isMobile: true, locale: "zh-CN" });
  const page = await context.newPage();
  const devtools = await context.newCDPSession(page);
  let bytes = 0;
  let isFirst = true;
  devtools.on("Network.loadingFinished", (one) => {
    if (isFirst) bytes += one.encodedDataLength;
  });
  await devtools.send("Network.enable");
  await devtools.send("Network.emulateNetworkConditions", NETWORK);
  await devtools.send("Emulation.setCPUThrottlingRate", { rate: SLOWED });
  const { paint, ready } = await load(page);
  isFirst = false;
  paints.push(paint);
  readies.push(ready);
  weights.push(bytes / 1000);
  await page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined));
  await page.waitForFunction(() => navigator.serviceWorker.controller !== null);
  await context.setOffline(true);
  agains.push((await load(page)).ready);
  await context.close();
}
await browser.close();
const figures = { app_first_paint_ms: median(paints), app_ready_ms: median(readies), app_again_ms: median(agains), app_first_load_kb: median(weights) };
console.log(JSON.stringify(Object.fromEntries(Object.entries(figures).map(([name, value]) => [name, Math.round(value)]))));
