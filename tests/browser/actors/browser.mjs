// A visitor with Debian's Chromium, and what must hold for every page that they see.
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { HtmlValidate } from "html-validate";
import jsQR from "jsqr";
import { PNG } from "pngjs";

const AXE = createRequire(import.meta.url).resolve("axe-core/axe.min.js");
const PHONE = { width: 360, height: 740 };
const DESK = { width: 1280, height: 800 };
const MOST_BYTES = 50_000;
/** Where pictures of pages go when somebody wants to look at them. */
const PICTURES = process.env.PICTURES;

const validator = new HtmlValidate({
  extends: ["html-validate:recommended"],
  rules: {
    "void-style": "off",
    "no-trailing-whitespace": "off",
    "doctype-style": "off",
    "attribute-boolean-style": "off",
    "attribute-empty-style": "off",
    "long-title": "off",
    "require-sri": "off",
    // For those without script there is no other way to see news.
    "meta-refresh": "off",
    // Names of orders and sessions have signs that this rule does not expect in ids.
    "valid-id": ["error", { relaxed: true }],
  },
});

export class Browser {
  static async open() {
    const browser = new Browser();
    browser.chromium = await chromium.launch({
      executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
      args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
        "--disable-background-networking", "--disable-component-update", "--disable-sync"],
    });
    return browser;
  }

  /** Somebody with a fresh profile; `options` as Playwright's newContext takes them. */
  async visitor(options = {}) {
    const context = await this.chromium.newContext({ viewport: PHONE, locale: "en-GB", ...options });
    return tab(context);
  }

  async close() {
    await this.chromium.close();
  }
}

/** Another page of the same visitor. */
export async function tab(context) {
  const page = await context.newPage();
  page.complaints = [];
  // What the policy forbids and what a script throws is a mistake of the page.
  page.on("console", (message) => {
    if (message.type() === "error" && !/Failed to load resource/.test(message.text())) {
      page.complaints.push(message.text());
    }
  });
  page.on("pageerror", (error) => page.complaints.push(String(error)));
  return page;
}

/** Puts `page` out of sight, as when another app is before it: its window is minimised, and the browser
 *  itself tells the page. */
export const hide = (page) => seen(page, "minimized", "hidden");

/** Brings `page` back into view. */
export const unhide = (page) => seen(page, "normal", "visible");

async function seen(page, windowState, visibility) {
  // Playwright holds every page in view, and only the session that does so can let go of it.
  const { _client: session } = page._connection.toImpl(page).delegate._mainFrameSession;
  await session.send("Emulation.setFocusEmulationEnabled", { enabled: false });
  const { windowId } = await session.send("Browser.getWindowForTarget");
  await session.send("Browser.setWindowBounds", { windowId, bounds: { windowState } });
  for (let left = 100; (await page.evaluate(() => document.visibilityState)) !== visibility; left -= 1) {
    assert.ok(left > 0, `the page is ${visibility}`);
  }
}

/** Checks what must hold for every page: valid, accessible, small, narrow enough, no complaint. What
 *  cannot be asked for again, like the answer to a form, is taken as it stands. */
export async function isGood(page, name, { again = true } = {}) {
  // Sent along by hand: unlike the browser, the client beside it takes no secure cookie to 127.0.0.1.
  const cookies = (await page.context().cookies()).map(({ name, value }) => `${name}=${value}`);
  const headers = { Accept: "text/html", ...(cookies.length && { Cookie: cookies.join("; ") }) };
  const answer = await page.request.get(page.url(), { headers });
  if (again) assert.equal(answer.url(), page.url(), `${name} is shown to a browser that asks again`);
  const html = again ? await answer.text() : await page.content();
  assert.ok(html.length < MOST_BYTES, `${name}: ${html.length} bytes`);
  assert.match(answer.headers()["content-security-policy"], /^default-src 'none'; /);
  const report = await validator.validateString(html, `${name}.html`);
  const errors = report.results.flatMap((result) => result.messages.map((m) => `${m.line}: ${m.ruleId}: ${m.message}`));
  assert.deepEqual(errors, [], `${name} is valid HTML`);

  // What a page's policy forbids is not forbidden to who looks through the protocol.
  const source = (await import("node:fs")).readFileSync(AXE, "utf8");
  await page.evaluate(source);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document));
  const faults = violations.map((v) => `${v.id}: ${v.help}: ${v.nodes.map((n) => n.html).join(" | ")}`);
  assert.deepEqual(faults, [], `${name} is accessible`);

  for (const viewport of [DESK, PHONE]) {
    await page.setViewportSize(viewport);
    const width = await page.evaluate(() => document.documentElement.scrollWidth);
    assert.ok(width <= viewport.width, `${name} is ${width} wide at ${viewport.width}`);
    if (PICTURES) {
      mkdirSync(PICTURES, { recursive: true });
      await page.screenshot({ path: join(PICTURES, `${name}-${viewport.width}.png`), fullPage: true });
    }
  }
  assert.deepEqual(page.complaints, [], `${name} runs without complaint`);
}

/** What the QR code in `locator` says. */
export async function decoded(locator) {
  const png = PNG.sync.read(await locator.screenshot());
  const found = jsQR(new Uint8ClampedArray(png.data), png.width, png.height);
  assert.ok(found, "a QR code is to be seen");
  return found.data;
}
