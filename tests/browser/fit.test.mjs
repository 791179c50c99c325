// Pages fit those who use them: the till on small screens, text of twice the size, keyboards, slow networks.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { gzipSync } from "node:zlib";
import { after, before, test } from "node:test";
import { Browser, isGood } from "./actors/browser.mjs";
import { Till } from "./actors/till.mjs";

let till, browser;
before(async () => { [till, browser] = await Promise.all([Till.open(), Browser.open()]); });
after(async () => { await browser?.close(); await till?.close(); });

async function clerk(options = {}) {
  const page = await browser.visitor(options);
  await page.goto(`${till.url}/webui/orders`);
  await page.fill("#password", till.password);
  await page.click("main button");
  await page.waitForURL(`${till.url}/webui/orders`);
  return page;
}

const SCREENS = [{ width: 360, height: 640 }, { width: 1024, height: 600 }];

for (const viewport of SCREENS) {
  test(`what a clerk presses is in sight at ${viewport.width}×${viewport.height}`, async () => {
    for (const locale of ["en-GB", "de-DE"]) {
      const page = await clerk({ locale, viewport });
      const isInSight = async (locator, what) => {
        const box = await locator.boundingBox();
        assert.ok(box && box.y >= 0 && box.y + box.height <= viewport.height, `${what}: ${JSON.stringify(box)}`);
      };
      await page.goto(`${till.url}/webui/till`);
      assert.equal(await page.locator("nav").count(), 0, "no navigation");
      await isInSight(page.locator("#amount"), "the amount");
      await isInSight(page.locator("[data-key=back]"), "the last key");
      await isInSight(page.locator(".pay button.large"), "Charge");
      await isInSight(page.locator(".pay [data-cash-open]"), "Cash");
      await page.fill("#amount", "12345.5");
      await page.locator(".pay button.large").click();
      await page.waitForURL(/\/webui\/till\/./);
      await isInSight(page.locator("svg.qr"), "the code");
      await isInSight(page.locator("[data-cash-open]"), "Cash");
      await isInSight(page.locator("form[action$=cancel] button"), "Cancel");
      await page.locator("[data-cash-open]").click();
      await isInSight(page.locator("dialog [value=cash]"), "Paid in cash");
      await page.locator("dialog [value=cash]").click();
      await page.locator(".stamp").waitFor();
      await isInSight(page.locator("a.large"), "Next sale");
      assert.deepEqual(page.complaints, []);
      await page.context().close();
    }
  });
}

test("an amount is typed and charged without a pointer", async () => {
  const page = await clerk({ locale: "de-DE" });
  await page.goto(`${till.url}/webui/till`);
  await page.keyboard.type(",5");
  assert.equal(await page.inputValue("#amount"), ",5");
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/webui\/till\/./);
  assert.equal(await page.textContent("h1"), "0,50\u00a0KUDOS");
  // A key that was clicked does not swallow what is typed next.
  await page.goto(`${till.url}/webui/till`);
  await page.click('[data-key="7"]');
  await page.keyboard.type("8.901");
  assert.equal(await page.inputValue("#amount"), "78.90", "no more digits than the currency has");
  await page.evaluate(() => document.activeElement.blur());
  await page.keyboard.press("Backspace");
  assert.equal(await page.inputValue("#amount"), "78.9");
  await page.evaluate(() => document.activeElement.blur());
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/webui\/till\/./);
  assert.equal(await page.textContent("h1"), "78,90\u00a0KUDOS");
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test("the keypad takes no more digits than the currency has", async () => {
  const page = await clerk();
  await page.goto(`${till.url}/webui/till`);
  for (const key of ["1", ".", "2", "3", "4", ".", "5"]) await page.click(`[data-key="${key}"]`);
  assert.equal(await page.inputValue("#amount"), "1.23");
  await page.context().close();
});

/** Words that are broken in the middle, and how wide the page is. */
const looked = (page) => page.evaluate(() => {
  const broken = new Set();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const parent = node.parentElement;
    if (!parent.checkVisibility() || parent.closest("code, .unseen, .aside, option, svg, noscript")) continue;
    for (const { 0: word, index } of node.data.matchAll(/(?<![\p{L}\d._:/@-])\p{L}{2,}(?![\d_:/@]|[.-][\p{L}\d])/gu)) {
      const range = document.createRange();
      range.setStart(node, index);
      range.setEnd(node, index + word.length);
      const lines = new Set([...range.getClientRects()].filter((box) => box.width > 0).map((box) => Math.round(box.top)));
      if (lines.size > 1) broken.add(word);
    }
  }
  return { broken: [...broken], width: document.documentElement.scrollWidth };
});

test("text breaks no word and leaves no page wider than the screen, also twice as large", async () => {
  const open = await till.order({ summary: "Bread and butter", amount: "KUDOS:12345.5", products: [
    { description: "Strawberries", quantity: 2, price: "KUDOS:12345.5" }] });
  const paid = await till.order({ summary: "Cheese", amount: "KUDOS:20" }, { refund_delay: { d_us: 86400e6 } });
  await till.pay(paid.id, "KUDOS:20");
  await till.ask("POST", "/private/templates", { template_id: "coffee", template_description: "Coffee",
    template_contract: { summary: "A coffee", amount: "KUDOS:2.5" } });
  await till.ask("POST", "/private/products", { product_id: "jam", description: "Strawberry jam", unit: "Piece", price: "KUDOS:2.5",
    total_stock: 9, image: "data:image/gif;base64,R0lGODlhAQABAAAAACw=" });
  const faults = [];
  for (const locale of ["en-GB", "de-DE"]) {
    const page = await clerk({ locale, viewport: SCREENS[0] });
    const session = await page.context().newCDPSession(page);
    for (const size of [16, 32]) for (const path of [open.path, paid.path, "/", "/templates/coffee", "/webui/orders", `/webui/orders/${open.id}`,
      `/webui/orders/${paid.id}`, "/webui/till", `/webui/till/${open.id}`, "/webui/new-order", "/webui/export", "/webui/templates",
      "/webui/templates/coffee", "/webui/accounts", "/webui/tokens", "/webui/webhooks", "/webui/new-webhook", "/webui/details", "/webui/password", "/webui/status", "/webui/instances",
      "/webui/products", "/webui/new-product", "/webui/categories", "/webui/product-import", "/webui/otp-devices", "/webui/new-otp-device"]) {
      await session.send("Page.setFontSizes", { fontSizes: { standard: size, fixed: size - 3 } });
      await page.goto(`${till.url}${path}`);
      assert.equal(await page.evaluate(() => getComputedStyle(document.documentElement).fontSize), `${size}px`);
      const { broken, width } = await looked(page);
      if (broken.length > 0 || width > SCREENS[0].width) faults.push(`${locale} ${size} ${path}: ${width} wide, ${broken.join()}`);
    }
    await page.context().close();
  }
  assert.deepEqual(faults, []);
});

test("times stay in the reader's zone when the page turns over", async () => {
  const order = await till.order({ summary: "Cheese", amount: "KUDOS:20" }, { refund_delay: { d_us: 86400e6 } });
  await till.pay(order.id, "KUDOS:20");
  const page = await browser.visitor({ timezoneId: "Asia/Tokyo", locale: "de-DE" });
  await page.goto(`${till.url}${order.path}`);
  const time = page.locator(".facts time");
  const before = await time.textContent();
  assert.ok(!before.includes("UTC"), before);
  // Every text that the time ever has, however shortly.
  await page.evaluate(() => {
    globalThis.texts = [];
    const note = () => globalThis.texts.push(document.querySelector(".facts time")?.textContent);
    new MutationObserver(note).observe(document.body, { childList: true, subtree: true, characterData: true });
  });
  for (const refund of ["KUDOS:1", "KUDOS:2", "KUDOS:3"]) {
    await till.ask("POST", `/private/orders/${order.id}/refund`, { refund, reason: "Mould" });
    await page.getByText(new RegExp(`${refund.slice(6)},00`)).first().waitFor({ timeout: 20_000 });
    assert.equal(await time.textContent(), before);
  }
  const texts = await page.evaluate(() => [...new Set(globalThis.texts)]);
  assert.deepEqual(texts.filter((text) => text && text !== before), []);
  await page.context().close();
});

test("a line of the basket says that its price is the line's total", async () => {
  const order = await till.order({ summary: "Tea", amount: "KUDOS:5", products: [{ description: "Tea", quantity: 2, price: "KUDOS:5" }] });
  for (const [locale, heading] of [["en-GB", "Total"], ["de-DE", "Summe"]]) {
    const page = await browser.visitor({ locale });
    await page.goto(`${till.url}${order.path}`);
    assert.deepEqual((await page.locator("th").allTextContents()).at(-1), heading);
    assert.match(await page.locator("td").last().textContent(), /^5[.,]00/);
    await page.context().close();
  }
});

test("a visitor is told when the till does not answer, and when it does again", async () => {
  const order = await till.order({ summary: "Bread", amount: "KUDOS:2" });
  const [customer, office, sale] = [await browser.visitor(), await clerk(), await clerk()];
  await customer.goto(`${till.url}${order.path}`);
  await office.goto(`${till.url}/webui/orders`);
  await sale.goto(`${till.url}/webui/till/${order.id}`);
  const pages = [customer, office, sale];
  for (const page of pages) assert.equal(await page.locator("[data-offline]").isVisible(), false);
  const port = new URL(till.url).port;
  await till.stop();
  for (const page of pages) await page.locator("[data-offline]").waitFor({ timeout: 20_000 });
  await isGood(customer, "offline", { again: false }).catch((error) => {
    // The page cannot be fetched again now; how it looks was seen to above.
    if (!/ECONNREFUSED|connect/.test(String(error))) throw error;
  });
  await till.start(port);
  for (const page of pages) {
    // As a browser says when the network is back; without it they find out by themselves, only later.
    await page.evaluate(() => dispatchEvent(new Event("online")));
    await page.locator("[data-offline]").waitFor({ state: "hidden", timeout: 40_000 });
  }
  for (const page of pages) await page.context().close();
});

test("a page comes with little over a slow network", async () => {
  const order = await till.order({ summary: "Bread", amount: "KUDOS:2" });
  const weigh = async (page, path) => {
    const html = await (await page.goto(`${till.url}${path}`, { waitUntil: "load" })).text();
    const files = await page.evaluate(() => performance.getEntriesByType("resource").map(({ name }) => name));
    const bodies = await Promise.all(files.filter((name) => name.includes("/files/"))
      .map(async (name) => (await fetch(name)).text()));
    assert.ok(bodies.length >= 2, files.join());
    return [html, ...bodies].reduce((sum, body) => sum + gzipSync(body).length, 0);
  };
  const customer = await browser.visitor();
  assert.ok(await weigh(customer, order.path) < 20_000);
  const page = await clerk();
  assert.ok(await weigh(page, "/webui/till") < 24_000);
  for (const one of [customer, page]) await one.context().close();
});

test("codes that name this very machine say so, and so does the status page", async () => {
  const order = await till.order({ summary: "Bread", amount: "KUDOS:2" });
  await till.ask("POST", "/private/templates", { template_id: "tea", template_description: "Tea",
    template_contract: { summary: "Tea", amount: "KUDOS:2.5" } });
  const page = await clerk();
  for (const path of [order.path, "/templates/tea", "/templates/tea?print=a6", `/webui/orders/${order.id}`,
    `/webui/till/${order.id}`, "/webui/templates/tea"]) {
    await page.goto(`${till.url}${path}`);
    assert.equal(await page.getByText("This code contains the address of this machine").count(), 1, path);
  }
  await page.goto(`${till.url}/webui/status`);
  assert.equal(await page.getByText("is that of this machine (127.0.0.1)").count(), 1);
  await page.context().close();
});

test("what a paywall's template shows for a page opens it for a customer who has paid", async () => {
  await till.ask("POST", "/private/templates", { template_id: "wall", template_description: "Wall",
    template_contract: { template_type: "paivana", summary: "Article", choices: [{ amount: "KUDOS:1" }] } });
  const page = await clerk();
  await page.goto(`${till.url}/webui/templates/wall`);
  assert.equal(await page.locator("svg.qr, a[href*=print]").count(), 0);
  await isGood(page, "office-paywall");
  const [snippet, check] = await page.locator("pre").allTextContents();

  // Another site, with the snippet in its page.
  const news = createServer((_, answer) => answer.setHeader("Content-Type", "text/html; charset=utf-8")
    .end(`<!doctype html><title>News</title>${snippet.replace("…", "The whole story.")}`));
  await new Promise((done) => { news.listen(0, "127.0.0.1", done); });
  const site = `http://127.0.0.1:${news.address().port}/article`;
  const reader = await browser.visitor();
  await reader.goto(site);
  const uri = new URL(await reader.getAttribute("#pay-with-taler", "href"));
  assert.ok(uri.href.startsWith(`taler+http://pay-template/${new URL(till.url).host}/wall?`), uri.href);
  const session = uri.searchParams.get("session_id");
  assert.equal(uri.searchParams.get("fulfillment_url"), site);
  assert.equal(await reader.getByText("The whole story.").isVisible(), false);
  // What a wallet does with the link; the money is taken at the counter.
  const made = await (await fetch(`${till.url}/templates/wall`, { method: "POST", headers: { Accept: "application/json" },
    body: JSON.stringify({ template_type: "paivana", website: site, paivana_id: session }) })).json();
  await till.pay(made.order_id, "KUDOS:1");
  await reader.getByText("The whole story.").waitFor({ timeout: 20_000 });
  const address = check.match(/'(http[^']*)'/)[1].replace("SESSION", session).replace("PAGE", encodeURIComponent(site));
  const sold = await (await fetch(address, { headers: { Authorization: `Bearer ${till.token}` } })).json();
  assert.deepEqual(sold.orders.map((one) => one.order_id), [made.order_id]);
  news.close();
  for (const one of [page, reader]) await one.context().close();
});
