// Plays what happens to a phone in a real Chromium, and prints what the phone saw.
// Standard input: {"base_url", "token", "project_id", "bundle", "chromium", "folder", "vectors"}.
import { readFileSync } from "node:fs";
import { chromium } from "playwright-core";

import { slowMo, underStrain } from "./strain.mjs";

const order = JSON.parse(readFileSync(0, "utf8"));
const bundle = readFileSync(order.bundle, "utf8");
const ORIGIN = order.base_url;
const PAGE = `${ORIGIN}/app/`;

/** A browser with the storage of one phone; `kill` is what a phone does to a browser without memory. */
class Phone {
  static async open(folder, before) {
    const phone = new Phone();
    const started = await chromium.launchPersistentContext(`${order.folder}/${folder}`, {
      executablePath: order.chromium,
      headless: true,
      slowMo,
      args: ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"],
    });
    phone.context = underStrain(started);
    // The app's own files are on the phone: they are there without network too.
    await phone.context.route(`${PAGE}**`, (route) =>
      route.request().url().endsWith(".js")
        ? route.fulfill({ contentType: "text/javascript", body: bundle })
        : route.fulfill({ contentType: "text/html", body: "<!doctype html><title>app</title><script src='daogang.js'></script>" }),
    );
    await phone.turnPage(before);
    return phone;
  }

  /** Open the app anew in the same browser: another page, another monotonic clock. */
  async turnPage(before) {
    if (this.page) await this.page.close();
    this.page = await this.context.newPage();
    if (before) await this.page.addInitScript(before);
    await this.page.goto(PAGE);
    await this.page.evaluate(
      ({ baseUrl, token }) => {
        window.attempts = [];
        window.client = new daogang.Client({ baseUrl, app: "1.0.0", accessToken: async () => token, onAttempt: (one) => attempts.push(one) });
      },
      { baseUrl: ORIGIN, token: order.token },
    );
  }

  run(work, ...values) {
    return this.page.evaluate(work, ...values);
  }

  /** Tap `count` times; returns the event ids. */
  tap(count = 1, more = {}) {
    return this.run(
      async ({ count, projectId, more }) => {
        const made = [];
        for (let n = 0; n < count; n += 1) {
          const fixes = [{ lon: 114.0, lat: 30.6, crs: "wgs84", accuracyM: 8, platform: "web" }];
          made.push((await client.punch({ projectId, fixes, ...more })).eventId);
        }
        return made;
      },
      { count, projectId: order.project_id, more },
    );
  }

  waiting() {
    return this.run(async () => (await client.queue.waiting()).length);
  }

  untilSent() {
    return this.run(async () => {
      while ((await client.queue.waiting()).length > 0) await new Promise((done) => setTimeout(done, 50));
    });
  }

  receipts() {
    return this.run(async () => {
      const found = await client.store.receipts.toArray();
      return Object.fromEntries(found.map((one) => [one.eventId, [one.status, one.punch]]));
    });
  }

  async kill() {
    await this.context.close();
  }
}

const scenarios = {
  /** What the protocol's page says, letter by letter. */
  async vectors() {
    const phone = await Phone.open("vectors");
    const found = await phone.run(async (vectors) => {
      const bytes = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (one) => one.charCodeAt(0));
      const key = await crypto.subtle.importKey("jwk", vectors.key.jwk, { name: "ECDSA", namedCurve: "P-256" }, true, ["verify"]);
      const isSigned = (label, text, signature) =>
        crypto.subtle.verify({ name: "ECDSA", hash: "SHA-256" }, key, bytes(signature), daogang.message(label, text));
      const checks = { thumbprint: (await daogang.thumbprint(vectors.key.jwk)) === vectors.key.thumbprint };
      const registration = `${vectors.registration.challenge}\n${vectors.key.thumbprint}`;
      checks.registration =
        daogang.hex(daogang.message(daogang.KEY, registration)) === vectors.registration.signed_message_hex &&
        (await isSigned(daogang.KEY, registration, vectors.registration.signature));
      for (const [place, item] of vectors.items.entries()) {
        checks[`item ${place}`] =
          daogang.canonical(JSON.parse(item.text)) === item.text &&
          (await daogang.digestOf(item.text)) === item.digest &&
          daogang.hex(daogang.message(daogang.ITEM, item.text)) === item.signed_message_hex &&
          (await isSigned(daogang.ITEM, item.text, item.signature));
      }
      checks.call =
        daogang.hex(daogang.message(daogang.SYNC, vectors.call.body)) === vectors.call.signed_message_hex &&
        (await isSigned(daogang.SYNC, vectors.call.body, vectors.call.signature));
      checks["altered is not signed"] = !(await isSigned(daogang.ITEM, vectors.refused.altered.text, vectors.refused.altered.signature));
      for (const [place, text] of vectors.refused.spelled_otherwise.entries()) {
        let spelled;
        try {
          spelled = daogang.canonical(JSON.parse(text));
        } catch {
          spelled = null;
        }
        checks[`spelled otherwise ${place}`] = spelled !== text;
      }
      for (const wrong of [1.5, NaN, Infinity, 2 ** 53, "\ud800"]) {
        let isRefused = false;
        try {
          daogang.canonical(wrong);
        } catch (error) {
          isRefused = error instanceof TypeError;
        }
        checks[`no spelling for ${String(wrong).toWellFormed?.() ?? wrong}`] = isRefused;
      }
      const own = await daogang.makeKey();
      let isKept = false;
      try {
        await crypto.subtle.exportKey("jwk", own.privateKey);
      } catch {
        isKept = true;
      }
      checks["the private key cannot be read"] = isKept && !own.privateKey.extractable;
      return checks;
    }, order.vectors);
    await phone.kill();
    return found;
  },

  /** Spell any value as the server does. */
  async spelling() {
    const phone = await Phone.open("spelling");
    const spelled = await phone.run((values) => values.map((value) => daogang.canonical(value)), order.values);
    await phone.kill();
    return { spelled };
  },

  /** Network off, taps, network on. */
  async network() {
    const phone = await Phone.open("network");
    await phone.run(() => client.prepare());
    await phone.context.setOffline(true);
    const events = await phone.tap(5);
    const failed = await phone.run(() => client.syncOnce().then(() => "went through", (error) => error.name));
    const before = await phone.waiting();
    await phone.run(() => client.start());
    await phone.context.setOffline(false);
    await phone.untilSent();
    events.push(...(await phone.tap(2)));
    await phone.untilSent();
    const receipts = await phone.receipts();
    const again = await phone.run(() => client.syncOnce());
    // A proof that meets no network holds up no punch, and one that was answered in the end is no failure of the network.
    await phone.context.route("**/presence/site-code-proofs", (route) => route.abort("internetdisconnected"));
    await phone.run((project) => client.proofs.addScan(project, "code"), order.project_id);
    await phone.run(() => void (attempts.length = 0));
    events.push(...(await phone.tap(1)));
    await phone.untilSent();
    // One that was under way before the tap had nothing but the proof to send.
    await phone.page.waitForFunction(() => attempts.some((one) => "error" in one && one.isReached));
    const late = await phone.receipts();
    await phone.kill();
    return { events, failed, before, receipts: { ...receipts, ...late }, again };
  },

  /** The page dies after the server has recorded and before the phone knows; then the whole browser. */
  async killed() {
    let phone = await Phone.open("killed");
    await phone.run(() => client.prepare());
    await phone.context.setOffline(true);
    const events = await phone.tap(4);
    await phone.context.setOffline(false);
    let answered;
    const wasAnswered = new Promise((done) => (answered = done));
    await phone.context.route("**/mobile/v1/sync", async (route) => {
      await route.fetch(); // recorded; the answer never gets to the page
      answered();
    });
    void phone.run(() => client.syncOnce()).catch(() => undefined);
    await wasAnswered;
    await phone.page.close();
    await phone.kill();
    phone = await Phone.open("killed");
    const left = await phone.waiting();
    events.push(...(await phone.tap(1)));
    const done = await phone.run(() => client.syncOnce());
    const receipts = await phone.receipts();
    await phone.kill();
    return { events, left, done, receipts };
  },

  /** Two pages of one app tap and sync at once. */
  async pages() {
    const phone = await Phone.open("pages");
    await phone.run(() => client.prepare());
    const first = phone.page;
    phone.page = null;
    await phone.turnPage();
    const second = phone.page;
    const tapOn = (page) => {
      phone.page = page;
      return phone.tap(10);
    };
    const events = (await Promise.all([tapOn(first), tapOn(second)])).flat();
    await Promise.all([first, second].map((page) => page.evaluate(() => client.syncOnce())));
    const receipts = await phone.receipts();
    await phone.kill();
    return { events, receipts, left: 0 };
  },

  /** The browser throws the storage away: key, queue and chain are gone. */
  async cleared() {
    const phone = await Phone.open("cleared");
    await phone.run(() => client.prepare());
    const kept = await phone.tap(2);
    await phone.run(() => client.syncOnce());
    await phone.context.setOffline(true);
    const lost = await phone.tap(1);
    const tools = await phone.context.newCDPSession(phone.page);
    await tools.send("Storage.clearDataForOrigin", { origin: ORIGIN, storageTypes: "all" });
    await phone.context.setOffline(false);
    await phone.turnPage();
    const left = await phone.waiting();
    await phone.run(() => client.prepare());
    const after = await phone.tap(2);
    await phone.run(() => client.syncOnce());
    const receipts = await phone.receipts();
    await phone.kill();
    return { kept, lost, left, after, receipts };
  },

  /** Somebody sets the wall clock three hours on, and back, between the taps. */
  async clock() {
    const phone = await Phone.open("clock", () => {
      const now = Date.now.bind(Date);
      window.ahead = 0;
      Date.now = () => now() + window.ahead;
    });
    await phone.run(() => client.prepare());
    await phone.context.setOffline(true);
    const times = [];
    const events = [];
    for (const ahead of [0, 3 * 3_600_000, -3_600_000]) {
      await phone.run((by) => (window.ahead = by), ahead);
      times.push(Date.now());
      events.push(...(await phone.tap(1)));
    }
    await phone.context.setOffline(false);
    const done = await phone.run(() => client.syncOnce());
    const receipts = await phone.receipts();
    await phone.kill();
    return { events, times, done, receipts };
  },

  /** A photo goes up after the punch that names it, and leaves the phone. */
  async photo() {
    const phone = await Phone.open("photo");
    await phone.run(() => client.prepare());
    const name = await phone.run(() => {
      const bytes = Uint8Array.from({ length: 300_000 }, (_, place) => (place * 7919) % 251);
      return client.photos.add(new Blob([bytes], { type: "image/jpeg" }));
    });
    const events = await phone.tap(1, { photos: [name] });
    const missing = (await phone.run(() => client.syncOnce())).missingPhotos;
    const left = await phone.run(() => client.store.photos.count());
    const length = await phone.run(async ({ path, token }) => {
      const answer = await fetch(path, { headers: { Authorization: `Bearer ${token}` } });
      return (await answer.arrayBuffer()).byteLength;
    }, { path: `/mobile/v1/photos/${name}`, token: order.token });
    await phone.kill();
    return { events, name, missing, left, length };
  },

  /** A queue leaves the phone as files, and is sent after all. */
  async exported() {
    const phone = await Phone.open("exported");
    await phone.run(() => client.prepare());
    await phone.context.setOffline(true);
    const events = await phone.tap(3);
    const files = await phone.run(() => client.exportQueue());
    const left = await phone.waiting();
    await phone.context.setOffline(false);
    const handed = [];
    for (const file of files) {
      const headers = {
        "Content-Type": "application/json",
        "X-Daogang-Phone-Key": file.key,
        "X-Daogang-Phone-Signature": file.signature,
      };
      const answer = await fetch(`${ORIGIN}/mobile/v1/sync`, { method: "POST", headers, body: file.body });
      handed.push(...(await answer.json()).results.map((one) => one.status));
    }
    const done = await phone.run(() => client.syncOnce());
    const receipts = await phone.receipts();
    await phone.kill();
    return { events, files: files.length, left, handed, done, receipts };
  },

  /** More packs were fetched between the taps than one call may name. */
  async anchors() {
    const phone = await Phone.open("anchors");
    const events = [];
    for (let n = 0; n < 60; n += 1) {
      await phone.run(() => client.prepare());
      events.push(...(await phone.tap(1)));
    }
    const files = await phone.run(() => client.exportQueue());
    const done = await phone.run(() => client.syncOnce());
    const receipts = await phone.receipts();
    await phone.kill();
    return { events, files: files.length, done, receipts };
  },

  /** The log-in has ended: queue and photo go up all the same, by the key. */
  async loggedOut() {
    const phone = await Phone.open("loggedOut");
    await phone.run(() => client.prepare());
    await phone.turnPage();
    const name = await phone.run(async () => {
      const bytes = Uint8Array.from({ length: 200_000 }, (_, place) => (place * 31) % 251);
      window.client = new daogang.Client({
        baseUrl: location.origin,
        app: "1.0.0",
        accessToken: async () => {
          throw new Error("nobody is logged in");
        },
      });
      return client.photos.add(new Blob([bytes], { type: "image/jpeg" }));
    });
    const early = await phone.run(() => client.photos.send());
    const events = await phone.tap(1, { photos: [name] });
    await phone.run(() => client.syncOnce());
    const left = await phone.run(() => client.store.photos.count());
    const receipts = await phone.receipts();
    await phone.kill();
    return { events, early, left, receipts };
  },

  /** Which versions are older. */
  async versions() {
    const phone = await Phone.open("versions");
    await phone.run(() => client.prepare());
    const outdated = await phone.run(() => client.isOutdated);
    const older = await phone.run(
      (pairs) => pairs.map(([one, other]) => daogang.isOlder(one, other)),
      order.pairs,
    );
    await phone.kill();
    return { outdated, older };
  },

  /** The server is busy, then takes the queue; and never more often than it said. */
  async busy() {
    const phone = await Phone.open("busy");
    await phone.run(() => client.prepare());
    const events = await phone.tap(1);
    const at = [];
    await phone.context.route("**/mobile/v1/sync", async (route) => {
      at.push(performance.now());
      if (at.length < 3) await route.fulfill({ status: 503, headers: { "Retry-After": "1" }, body: "{}" });
      else await route.continue();
    });
    await phone.run(() => client.start());
    await phone.untilSent();
    const receipts = await phone.receipts();
    await phone.kill();
    return { events, receipts, attempts: at.length, gaps: at.slice(1).map((one, place) => one - at[place]) };
  },
};

console.log(JSON.stringify(await scenarios[order.scenario]()));
