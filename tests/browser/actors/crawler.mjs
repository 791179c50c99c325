// Clicks every link and every button that a visitor finds, and complains about whatever does not work.
import assert from "node:assert/strict";

/** Statuses of pages: 402 is how an order says that it is to be paid. */
const GOOD_PAGE = new Set([200, 402]);
/** Statuses of what pages ask by themselves. */
const GOOD_PART = new Set([200, 202, 204, 206, 302, 303, 304, 402]);
/** Where links may lead outside; nobody is asked there. */
const OUTSIDE = ["www.taler.net", "docs.taler.net", "www.gnu.org", "github.com"];
const SIGN_IN = "/webui/sign-in";
const PATIENCE_MS = 20_000;
/** A safety net: pages and buttons of one visit. */
const MOST_VISITS = 900;

export class Crawler {
  /**
   * `origin`: where the daemon is. `fill(field, page)`: what is typed into a required or empty field,
   * given as `{ name, action, path, value, required }`; undefined leaves it. `rank(action)`: the larger,
   * the later a button is pressed. `isInside(path)`: are the links of this page followed? `skip(button)`: is this
   * one left alone? `signIn(page)` is called when a page wants it.
   */
  constructor(page, { origin, fill = () => undefined, rank = () => 0, isInside = () => true, skip = () => false, signIn }) {
    Object.assign(this, { page, origin, fill, rank, isInside, skip, signIn });
    /** Method and path of everything that was asked for, without query. */
    this.asked = new Set();
    /** What was wrong. */
    this.faults = [];
    this.trail = []; // what was done
    this.links = []; // [page, href]
    this.linked = new Set(); // addresses that some link led to
    this.buttons = new Map(); // key → { rank, places, isPressed }
    this.visits = 0;
  }

  async start() {
    const { page } = this;
    await page.exposeFunction("pageIsShown", () => this.shown?.());
    await page.addInitScript(() => addEventListener("till-shown", () => globalThis.pageIsShown()));
    await page.context().route((url) => url.origin !== this.origin, (route) => {
      const { hostname } = new URL(route.request().url());
      if (!OUTSIDE.includes(hostname)) this.faults.push(`a link leads to ${hostname}`);
      return route.fulfill({ contentType: "text/html", body: "<title>elsewhere</title>" });
    });
    // Some are answered late, when the page is left already.
    page.on("request", (request) => {
      const url = new URL(request.url());
      if (url.origin === this.origin) this.asked.add(`${request.method()} ${url.pathname}`);
    });
    page.on("response", (answer) => {
      const url = new URL(answer.url());
      if (url.origin !== this.origin) return;
      const request = answer.request();
      const good = request.isNavigationRequest() ? [...GOOD_PAGE, 302, 303] : [...GOOD_PART];
      // What was there when its button was found may have gone by another button, and its page asks for news.
      if (answer.status() === 404 && (this.isBack || url.pathname.endsWith("/live"))) return;
      if (!good.includes(answer.status())) {
        this.fault(`${request.method()} ${url.pathname}${url.search} is ${answer.status()}`);
      }
    });
    page.on("dialog", (dialog) => { this.fault(`a dialog: ${dialog.message()}`); dialog.dismiss(); });
  }

  set doing(text) { this.trail.push(text); }

  get doing() { return this.trail.at(-1); }

  fault(text) {
    this.faults.push(`${text} (at ${this.page.url().replace(this.origin, "")}, after ${this.doing})`);
  }

  /** Follows everything from `start` on. */
  async crawl(...start) {
    for (const path of start) {
      await this.open(path);
      await this.look();
    }
    for (;;) {
      assert.ok((this.visits += 1) < MOST_VISITS, "the crawl comes to an end");
      const link = this.links.shift();
      if (link) {
        await this.follow(...link);
        continue;
      }
      const next = [...this.buttons.values()].filter((one) => !one.isPressed && one.places.length > 0)
        .sort((one, other) => one.rank - other.rank)[0];
      if (!next) break;
      await this.press(next);
    }
    for (const [key, { isPressed, why }] of this.buttons) {
      if (!isPressed) this.faults.push(`nobody could press ${key}: ${why}`);
    }
    if (this.faults.length > 0 && process.env.TRAIL) console.error(this.trail.join("\n"));
    this.faults.push(...this.page.complaints.map((text) => `the console says: ${text}`));
    return this.faults;
  }

  /** `isBack`: it was there before. */
  async open(path, isBack = false) {
    this.doing = `opening ${path}`;
    this.isBack = isBack;
    await this.page.goto(new URL(path, this.origin).href);
    this.isBack = false;
    if (this.signIn && new URL(this.page.url()).pathname === SIGN_IN && !path.startsWith(SIGN_IN)) {
      await this.gone(() => this.signIn(this.page));
    }
  }

  /** Reads what can be clicked on the page that is shown. */
  async look() {
    const { page } = this;
    const here = address(page.url());
    const { pathname } = new URL(page.url());
    if (new URL(page.url()).origin !== this.origin || !this.isInside(pathname)) return;
    const found = await page.evaluate(() => {
      for (const details of document.querySelectorAll("details")) details.open = true;
      const isSeen = (one) => one.checkVisibility({ visibilityProperty: true });
      return {
        links: [...document.querySelectorAll("a")].filter(isSeen).map((one) => [one.getAttribute("href"), one.href]),
        dead: [...document.querySelectorAll('a:not([href]), a[href=""], a[href="#"], area')].map((one) => one.outerHTML),
        anchors: [...document.querySelectorAll('a[href^="#"]')].map((one) => one.getAttribute("href").slice(1))
          .filter((id) => !document.getElementById(id)),
        buttons: [...document.querySelectorAll("button, summary, input[type=submit]")].filter(isSeen).map((one) => ({
          text: one.textContent.trim().replace(/\s+/g, " "),
          kind: one.localName === "summary" ? "summary" : one.type,
          isOff: Boolean(one.disabled),
          action: one.form ? new URL(one.getAttribute("formaction") ?? one.form.action, location.href).pathname : "",
        })),
      };
    });
    for (const html of found.dead) this.fault(`a dead link: ${html}`);
    for (const id of found.anchors) this.fault(`a link to #${id}, which is not there`);
    for (const button of found.buttons.filter((one) => !one.isOff)) {
      // What stands on every page does the same everywhere.
      const place = button.action.endsWith("/sign-out") ? "" : pattern(pathname);
      const key = `${place} ${button.kind} ${pattern(button.action)} “${button.text.replace(/\d+/g, "N")}”`;
      if (this.skip(button)) continue;
      const known = this.buttons.get(key) ?? { key, rank: this.rank(button.action), places: [], isPressed: false };
      if (!known.places.some((place) => place.here === here)) known.places.push({ here, ...button });
      this.buttons.set(key, known);
    }
    for (const [href, target] of found.links) {
      if (href.startsWith("#")) continue;
      const to = target.startsWith(this.origin) ? address(target) : target;
      if (this.linked.has(to)) continue;
      this.linked.add(to);
      this.links.push([here, href]);
    }
  }

  async follow(here, href) {
    const { page } = this;
    if (address(page.url()) !== here) await this.open(here, true);
    this.doing = `the link ${href} of ${here}`;
    await page.evaluate(() => { for (const one of document.querySelectorAll("details")) one.open = true; });
    const link = page.locator(`a[href=${JSON.stringify(href)}]:visible`).first();
    if (await link.count() === 0) {
      // A list that has moved on meanwhile; what it led to is still asked for.
      await this.open(new URL(href, page.url()).href);
      return this.look();
    }
    // Boxes that lie over the page would cover it.
    await link.evaluate((node) => {
      for (const one of document.querySelectorAll("details")) one.open = one.contains(node);
    });
    const target = new URL(href, page.url());
    const isForWallet = /^taler(\+http)?:/.test(href);
    if (isForWallet) {
      assert.match(href, /^taler(\+http)?:\/\/(pay|pay-template|refund)\/[^/]+\/./);
      // Not for real: where no wallet is, the browser asks what to do, and swallows what is clicked next.
      await link.click({ trial: true });
      return undefined;
    }
    if (href.includes("export-file") || await link.getAttribute("download") !== null) {
      const clicked = async (timeout) =>
        (await Promise.all([page.waitForEvent("download", { timeout }), link.click()]))[0];
      // Chromium lets the eleventh of many downloads in a row fall, without a word.
      const download = await clicked(5_000).catch(() => clicked(PATIENCE_MS));
      await download.cancel();
      // The browser tells of no request that it makes a file of.
      this.asked.add(`GET ${target.pathname}`);
      return undefined;
    }
    await this.gone(() => link.click());
    const isPage = await page.evaluate(() => document.contentType === "text/html");
    if (isPage && !(await page.title())) this.fault("a page without title");
    await this.look();
    return undefined;
  }

  /** Does what makes the browser go elsewhere, and waits until it is there. */
  async gone(action) {
    const { page } = this;
    // The till shows its next page without loading it, and says so.
    const shown = new Promise((done) => { this.shown = done; });
    const loaded = page.waitForEvent("load", { timeout: PATIENCE_MS });
    const first = Promise.race([loaded, shown]).catch(() => this.fault("nothing happens"));
    await Promise.all([first, action()]);
  }

  async press(button) {
    const { page } = this;
    const { here, kind, text, action } = button.places.shift();
    await this.open(here, true);
    this.doing = `${button.key} of ${here}`;
    await page.evaluate(() => { for (const one of document.querySelectorAll("details")) one.open = true; });
    const search = async () => {
      const all = await page.locator("button:visible, summary:visible, input[type=submit]:visible").all();
      const states = await Promise.all(all.map((one) => one.evaluate((node) => ({
        text: node.textContent.trim().replace(/\s+/g, " "),
        action: node.form ? new URL(node.getAttribute("formaction") ?? node.form.action, location.href).pathname : "",
        isEnabled: !node.disabled,
      })).catch(() => null)));
      return all[states.findIndex((one) => one?.text === text && one.action === action && one.isEnabled)];
    };
    let found = await search();
    if (!found) {
      // The basket may have had something in it when the page was looked at.
      const tile = page.locator("button.tile:enabled:visible").first();
      if (await tile.count() > 0) {
        await page.evaluate(() => { for (const one of document.querySelectorAll("details")) one.open = false; });
        await tile.click();
        found = await search();
      }
    }
    if (!found) {
      button.why = `${here} does not have it any more, or it is not enabled`;
      return;
    }
    // Boxes that lie over the page would cover it.
    const it = await found.elementHandle();
    await it.evaluate((node) => {
      for (const one of document.querySelectorAll("details")) one.open = one.contains(node) || node.form?.contains(one) === true;
    });
    if (kind === "summary") {
      await it.click();
      const isOpen = await it.evaluate((node) => node.parentElement.open);
      if (isOpen) this.fault("a summary that does not close");
    } else if (kind === "submit") {
      await this.type(it);
      await this.gone(() => it.click());
      await this.look();
    } else {
      await it.click();
    }
    button.isPressed = true;
  }

  /** Fills in the form of `submit` as somebody would who means it. */
  async type(submit) {
    const { page } = this;
    const form = await submit.evaluateHandle((node) => node.form);
    for (const field of await form.$$("input:not([type=hidden]), textarea, select")) {
      const about = await field.evaluate((node) => ({
        name: node.name, type: node.type, value: node.value, required: node.required,
        action: new URL(node.form.action).pathname, path: location.pathname,
      }));
      // What is behind a tab or in a closed dialog nobody types into.
      if (!about.name || !(await field.isVisible())) continue;
      const typed = this.fill(about);
      if (typed === undefined) continue;
      if (typed === true) await field.check();
      else if (about.type === "select-one") await field.selectOption(typed);
      else await field.fill(typed);
    }
    await page.evaluate(() => 0);
  }
}

/** The address below the origin, without what is said of something just done. */
function address(url) {
  const { pathname, search } = new URL(url);
  const query = new URLSearchParams(search);
  query.delete("said");
  query.delete("news");
  const text = query.toString();
  return pathname + (text && `?${text}`);
}

const FIXED = new Set(["webui", "orders", "orders-live", "live", "refund", "payments", "delete", "new-order", "till", "payment", "undo", "pictures",
  "cancel", "export", "export-file", "templates", "new-template", "accounts", "retire", "use", "tokens", "revoke", "webhooks", "new-webhook", "secret", "test", "resume", "resend", "details",
  "check-list", "exchanges", "new-exchange", "remove", "receipt", "today", "cashier", "cashiers", "pin", "till-devices", "setup", "password", "status", "instances", "purge", "sign-in", "sign-out", "shop", "withdraw", "tip", "buy", "pay", "collect",
  "products", "new-product", "stock", "pictures", "categories", "product-import", "apply", "product-export", "return",
  "otp-devices", "new-otp-device", "key", "goods", "article", "files", "terms", "privacy", "agpl", ""]);

/** A path with its names replaced, as the route tables write it. */
export function pattern(path, fixed = FIXED) {
  return path.split("/").map((part) => (fixed.has(part) ? part : "{id}")).join("/");
}
