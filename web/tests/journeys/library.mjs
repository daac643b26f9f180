// Parts of the phone library in a page of their own, with answers as the journey gives them; no server is asked.
import { build } from "esbuild";

const ORIGIN = "http://localhost";
const HOUR_MS = 3_600_000;

/** A page that has the library's parts as `lib`, and clocks that the journey turns. */
async function pageOf(context) {
  const page = await context.newPage();
  await page.goto(`${ORIGIN}/app/`);
  await page.evaluate(() => {
    window.now = 1_773_600_000_000;
    const clocks = { wall: () => window.now, mono: () => 0, boot: "one", kind: "page" };
    const access = { baseUrl: location.origin, accessToken: async () => "token" };
    window.proofs = new lib.Proofs(new lib.Store("proofs"), clocks, new lib.Api(access), access);
    window.kept = async () => {
      const found = await proofs.store.proofs.orderBy("madeAt").toArray();
      return found.map(({ id, way, shown, answer, refusal }) => ({ id, way, isShown: shown !== null, answer, refusal }));
    };
    window.sent = () => proofs.send().catch((error) => ({ error: error.constructor.name, status: error.status ?? null }));
    window.frames = (challengeId) =>
      proofs.addFrames({
        challengeId,
        projectId: "project",
        nonce: "nonce",
        about: [{ step: "front", at_ms: 5 }, { step: "left", at_ms: 1800 }],
        pictures: [new Blob(["first"], { type: "image/jpeg" }), new Blob(["second"], { type: "image/jpeg" })],
      });
  });
  return page;
}

/** Proofs of presence on a phone: kept, sent once and in their order, told of, forgotten. */
export async function proofs(open) {
  const entry = `export { Proofs } from "./src/lib/proofs.js"; export { Store } from "./src/lib/store.js"; export { Api } from "./src/lib/api.js";`;
  const stdin = { contents: entry, resolveDir: process.cwd(), loader: "ts" };
  const made = await build({ stdin, bundle: true, format: "iife", globalName: "lib", write: false, logLevel: "error" });
  const context = await open();
  const asked = [];
  let answers = [];
  await context.route(`${ORIGIN}/**`, async (route) => {
    const request = route.request();
    const path = new URL(request.url()).pathname;
    if (path === "/app/") return route.fulfill({ contentType: "text/html", body: "<!doctype html><title>app</title><script src='lib.js'></script>" });
    if (path === "/app/lib.js") return route.fulfill({ contentType: "text/javascript", body: made.outputFiles[0].text });
    const { authorization, "content-type": type } = request.headers();
    asked.push({ path, authorization, type, body: request.postData() });
    const answer = answers.shift();
    if (answer === undefined) return route.abort("internetdisconnected");
    return route.fulfill(answer);
  });
  const json = (status, told) => ({ status, contentType: "application/json", body: JSON.stringify(told) });
  const passed = json(200, { outcome: "passed", title: "passed", advice: "", reasons: [{ title: "all moves", advice: "go on" }] });
  const problem = (status, code) => json(status, { code, title: `title of ${code}`, advice: `advice of ${code}` });

  const page = await pageOf(context);
  const other = await pageOf(context);
  const seen = { asked };
  const scan = (code, later = 0) => page.evaluate(([text, by]) => { now += by; return proofs.addScan("project", text); }, [code, later]);
  const round = async (name, ...given) => {
    answers = given;
    const from = asked.length;
    const told = await page.evaluate(() => sent());
    seen[name] = { told, paths: asked.slice(from).map(({ path }) => path), left: answers.length, kept: await page.evaluate(() => kept()) };
  };

  seen.first = await scan("code 1");
  await page.evaluate(() => { now += 1000; return frames("challenge"); });
  seen.second = await scan("code 2", 1000);
  seen.order = await page.evaluate(async () => (await proofs.waiting()).map(({ id }) => id));
  await round("offline");
  // What stands between answers in the server's place: nothing is over by that.
  await round("portal", { status: 404, contentType: "text/html", body: "<h1>Welcome to the hotel</h1>" });
  await round("login", problem(401, "session.expired"));
  await round("busy", passed, problem(503, "database.busy"));
  await round("ended", problem(410, "liveness.challenge_expired"), passed);
  await round("nothing");
  // Two pages of one app, at once.
  seen.third = await scan("code 3", 1000);
  answers = [passed, passed];
  const from = asked.length;
  seen.both = await Promise.all([page, other].map((one) => one.evaluate(() => sent())));
  seen.bothAsked = asked.length - from;
  // Read for three days, and then forgotten; what waits never is.
  seen.fourth = await scan("code 4", 4 * 24 * HOUR_MS);
  await round("later");
  await page.evaluate(() => frames("another"));
  await page.evaluate(() => proofs.dropFrames());
  seen.dropped = await page.evaluate(() => kept());
  return seen;
}
