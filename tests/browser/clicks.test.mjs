// Every link and every button of every page is clicked: signed out and in, in both languages, with and
// without script, in the demo shop too. Nothing may lead nowhere, and no page may be left out.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { Browser } from "./actors/browser.mjs";
import { Crawler, pattern } from "./actors/crawler.mjs";
import { Demo, ROOT, Till } from "./actors/till.mjs";

const ACCOUNT = "payto://iban/DE89370400440532013000?receiver-name=Shop";
const RETIRED = "payto://iban/CH9300762011623852957?receiver-name=Shop";
const OTHER_IBAN = "GB29NWBK60161331926819";
/** Where webhooks go: nobody is there, which takes no time to find out. */
const NOBODY = "http://127.0.0.1:1999/hook";
const ENV = { TILLD_WEBHOOKS__ALLOW: "localhost" };
/** Both languages, and with and without script. No page has a link or button for one pair of both only. */
const WAYS = [{ locale: "en-GB", javaScriptEnabled: true }, { locale: "de-DE", javaScriptEnabled: false }];
/** Wide, so that all parts of the till are there at once; `till.test.mjs` looks at one at a time. */
const DESK = { width: 1280, height: 900 };
/** A test that hangs is ended; one on a busy machine is not. */
const TOO_LONG_MS = 600_000;
const named = ({ locale, javaScriptEnabled }) => `${locale}${javaScriptEnabled ? "" : " without script"}`;

/** The routes of the back office and of customers' pages, from the document that a test compares with the table. */
const spec = JSON.parse(readFileSync(join(ROOT, "docs", "openapi.json"), "utf8"));
const OFFICE = Object.entries(spec.paths).filter(([path]) => path.startsWith("/webui"))
  .flatMap(([path, methods]) => Object.keys(methods).filter((name) => ["get", "post"].includes(name))
    .map((method) => `${method.toUpperCase()} ${path}`));
/** What needs an exchange to ask, and what is there only before the first shop is made: `first-steps.test.mjs`
    presses that. */
const ELSEWHERE = (route) => /\/webui\/(setup|new-exchange|exchanges\/remove)$/.test(route) || route === "POST /webui/exchanges";
/** What pages ask only by their script. */
const BY_SCRIPT = (route) => /live$/.test(route);
/** The routes of the demo shop, from where they are mounted. */
const SHOP = [...readFileSync(join(ROOT, "crates", "playground", "src", "demo", "mod.rs"), "utf8")
  .matchAll(/\.service\((get|post)\("([^"]*)"/g)].map(([, method, path]) => `${method.toUpperCase()} /shop${path}`);
/** What visitors find who have not signed in. */
const PUBLIC = ["GET /", "GET /agpl", "GET /orders/{id}", "GET /templates/{id}", "POST /templates/{id}", "GET /webui/sign-in"];

test("the tables that the crawl is compared with are there", () => {
  assert.ok(OFFICE.length >= 45, OFFICE.join());
  assert.ok(SHOP.length >= 12, SHOP.join());
});

let browser;
before(async () => { browser = await Browser.open(); });
after(async () => { await browser?.close(); });

/** Something of everything that the pages can show. */
async function furnish(till) {
  for (const webhook_id of ["made", "gone"]) {
    await till.ask("POST", "/private/webhooks", { webhook_id, event_type: "order_created", url: NOBODY, http_method: "POST" });
  }
  const orders = {
    open: await till.order({ summary: "Bread", amount: "KUDOS:4.5" }),
    claimed: await till.order({ summary: "Butter", amount: "KUDOS:4.5" }),
    paid: await till.order({ summary: "Cheese", amount: "KUDOS:20" }, { refund_delay: { d_us: 86400e6 } }),
    refunded: await till.order({ summary: "Wine", amount: "KUDOS:30" }, { refund_delay: { d_us: 86400e6 } }),
    open2: await till.order({ summary: "Milk", amount: "KUDOS:4.5" }),
  };
  await till.ask("POST", `/orders/${orders.claimed.id}/claim`,
    { nonce: "0".repeat(52), token: orders.claimed.token });
  await till.pay(orders.paid.id, "KUDOS:20");
  await till.pay(orders.refunded.id, "KUDOS:30");
  await till.ask("POST", `/private/orders/${orders.refunded.id}/refund`, { refund: "KUDOS:0.5", reason: "Cork" });
  const { category_id } = await till.ask("POST", "/private/categories", { name: "Drinks" });
  await till.ask("POST", "/private/products", { product_id: "tea", description: "Tea", unit: "Piece", price: "KUDOS:2.5",
    total_stock: -1, categories: [category_id], image: "data:image/gif;base64,R0lGODlhAQABAAAAACw=" });
  const template = (template_id, template_contract, editable_defaults) => till.ask("POST", "/private/templates", {
    template_id, template_description: template_id, template_contract, editable_defaults });
  await template("coffee", { summary: "A coffee", amount: "KUDOS:2.5" });
  await template("kitty", { currency: "KUDOS", request_tip: true }, { summary: "For the kitty" });
  await template("wall", { template_type: "paivana", summary: "Article", choices: [{ amount: "KUDOS:1" }] });
  // A product with a picture, some of which was sold.
  await till.ask("POST", "/private/products", { product_id: "cup", description: "Cup", unit: "Piece", total_stock: 10,
    price: "KUDOS:5", image: "data:image/gif;base64,R0lGODlhAQABAAAAADs=" });
  const sold = await till.ask("POST", "/private/orders",
    { order: { summary: "Cups" }, inventory_products: [{ product_id: "cup", quantity: 3 }] });
  await till.pay(sold.order_id, "KUDOS:15");
  for (const payto_uri of [ACCOUNT, RETIRED]) await till.ask("POST", "/private/accounts", { payto_uri });
  const { accounts } = await till.ask("GET", "/private/accounts");
  const retired = accounts.find((one) => one.payto_uri.includes("CH93"));
  await till.ask("DELETE", `/private/accounts/${retired.h_wire}`);
  till.run("token", "create", "admin", "--scope", "order-pos");
  till.run("instance", "add", "bar", "--name", "The bar");
  till.run("instance", "add", "closed", "--name", "A shop that is no more");
  await till.ask("DELETE", "/management/instances/closed");
  // One whose receiver wanted no more calls.
  till.tamper("UPDATE webhooks SET active = 0, disabled_why = 'gone' WHERE webhook_id = ?", "gone");
  till.tamper("UPDATE webhook_deliveries SET state = 3, next_attempt_s = NULL, ended_at_s = 1 WHERE webhook_serial = "
    + "(SELECT serial FROM webhooks WHERE webhook_id = ?)", "gone");
  return orders;
}

let counter = 0;
/** What somebody types who means it. */
const typing = (till) => ({ name, type, action, value }) => {
  if (type === "checkbox") return true;
  // Files are chosen elsewhere, and a key is made where none is typed.
  if (type === "file" || name === "key") return undefined;
  // Of several the first is as good as any.
  if (type === "select-one") return undefined;
  // Before passwords: it is shown as one.
  if (name === "pin") return "471108";
  if (type === "password") return till.password;
  switch (name) {
    case "instance": return "admin";
    case "confirm": return action.split("/").at(-2);
    case "amount": case "price": return "1.5";
    case "quantity": case "line-0": return "1";
    case "table": return `product_id;name;price\nmade-${counter += 1};Milk;2\n`;
    case "tip": return "0.5";
    case "id": return `made-${counter += 1}`;
    case "iban": return OTHER_IBAN;
    case "url": return action.includes("webhook") ? NOBODY : value || `${name} ${counter += 1}`;
    case "payto": return `payto://x-taler-bank/bank.example/shop${counter += 1}?receiver-name=Shop`;
    case "zone": case "time_zone": return "UTC";
    case "discount": case "given": return undefined;
    case "email": case "phone_number": case "website": case "fulfillment_url": case "pay_minutes": case "refund_days":
    case "minimum_age": case "from": case "until": case "q": case "logo": case "body_template": case "header_template":
    case "stock": case "low_stock": case "tax_percent": case "tax_name": return undefined;
    default: return value || `${name} ${counter += 1}`;
  }
};

const signing = (instance, till) => async (page) => {
  await page.fill("#instance", instance);
  await page.fill("#password", till.password);
  await page.click("main button");
};

/** What takes something away is pressed later, and what ends the visit last. */
const rank = (action) => {
  const order = [/sign-out$/, /till-devices\/[^/]+\/remove$/, /cashiers\/[^/]+\/remove$/, /tokens\/[^/]+\/revoke$/, /purge$/, /delete$/, /cancel$/, /payment$/, /undo$/, /retire$/, /payments$/, /password$/];
  const at = order.findIndex((one) => one.test(action));
  return at < 0 ? 0 : order.length - at;
};

function reached(crawler, routes, where) {
  const asked = new Set([...crawler.asked].map((one) => {
    const [method, path] = one.split(" ");
    return `${method} ${pattern(path).replace(/\/$/, "")}`;
  }));
  const missing = routes.filter((route) => !asked.has(route.replace(/\/$/, "").replace(/\{\w+\}/g, "{id}")));
  assert.deepEqual(missing, [], `${where}: everything is reached`);
}

describe("clicks", { concurrency: 2 }, () => {
  for (const way of WAYS) {
    test(`every link and button of till and back office works: ${named(way)}`, { timeout: TOO_LONG_MS }, async () => {
      const till = await Till.open({ env: ENV });
      try {
        const orders = await furnish(till);
        const options = { origin: till.url, fill: typing(till), rank, signIn: signing("admin", till), skip: ({ action }) => action === "/webui/exchanges" };
        const page = await browser.visitor(way);
        const crawler = new Crawler(page, { ...options, signIn: undefined, skip: ({ action }) => action === "/webui/sign-in" });
        await crawler.start();
        const mailed = [...Object.values(orders).map(({ path }) => path), "/templates/coffee", "/templates/kitty", "/templates/wall"];
        assert.deepEqual(await crawler.crawl("/", ...mailed), [], "signed out");
        reached(crawler, PUBLIC, "signed out");

        // Every page of the office sends a stranger to the sign-in, and from there back.
        const signed = new Crawler(await browser.visitor({ ...way, viewport: DESK }), options);
        await signed.start();
        // Sales that are open are found by the session that made them; here others did.
        const sales = [orders.open, orders.open2, orders.claimed].map(({ id }) => `/webui/till/${id}`);
        const faults = await signed.crawl("/webui/", ...sales);
        assert.deepEqual(faults, [], "signed in");
        reached(signed, OFFICE.filter((route) => !ELSEWHERE(route) && (way.javaScriptEnabled || !BY_SCRIPT(route))), "signed in");
        for (const one of [page, signed.page]) await one.context().close();
      } finally {
        await till.close();
      }
    });
  }

  test("every link and button that the keeper of another shop finds works", { timeout: TOO_LONG_MS }, async () => {
    const till = await Till.open({ env: ENV });
    try {
      till.run("instance", "add", "bar", "--name", "The bar");
      till.run("account", "add", "bar", ACCOUNT);
      till.feed(`${till.password}\n`, "passwd", "bar", "--password-file", "-");
      const type = typing(till);
      const crawler = new Crawler(await browser.visitor({ viewport: DESK }), {
        origin: till.url, rank, signIn: signing("bar", till), fill: (field) => (field.name === "instance" ? "bar" : type(field)) });
      await crawler.start();
      const keys = { Authorization: `Bearer ${till.run("token", "create", "bar", "--scope", "all")}` };
      const sales = [];
      for (let left = 3; left > 0; left -= 1) {
        const answer = await fetch(`${till.url}/instances/bar/private/orders`, {
          method: "POST", headers: keys, body: JSON.stringify({ order: { summary: "Beer", amount: "KUDOS:4" } }) });
        sales.push(`/webui/till/${(await answer.json()).order_id}`);
      }
      assert.deepEqual(await crawler.crawl("/webui/", ...sales), []);
      reached(crawler, OFFICE.filter((route) => !ELSEWHERE(route) && !/instances|exchanges|accounts\/.*use|template.*delete|webhooks\/.*(resume|resend)|pictures|orders\/.*return/.test(route) && !/ \/webui\/templates\/\{id\}/.test(route)), "another shop");
      await crawler.page.context().close();
    } finally {
      await till.close();
    }
  });

  test("every link and button of the demo shop works", { timeout: TOO_LONG_MS }, async () => {
    const demo = await Demo.open();
    try {
      for (const way of WAYS) {
        const page = await browser.visitor(way);
        await page.goto(demo.shop);
        // The exchange makes its keys first; the page tries again by itself.
        await page.locator("form[action$=withdraw] button:enabled").first().waitFor({ timeout: 30_000 });
        // With an empty wallet hardly anything can be done.
        await page.locator("form[action$=withdraw] button:enabled").first().click();
        await page.waitForURL(/news=withdrawn/, { timeout: 30_000 });
        const crawler = new Crawler(page, {
          origin: new URL(demo.shop).origin,
          fill: ({ name, value }) => (name === "amount" ? "1" : value || undefined),
          rank,
          isInside: (path) => path.startsWith("/shop"),
        });
        await crawler.start();
        assert.deepEqual(await crawler.crawl("/shop/", "/shop"), [], named(way));
        reached(crawler, SHOP.filter((route) => !route.includes("files")), named(way));
        await page.context().close();
      }
    } finally {
      await demo.close();
    }
  });
});
