// The demo shop as a visitor with a browser uses it: everything in it is bought with a click.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Browser, decoded, isGood, tab } from "./actors/browser.mjs";
import { Demo } from "./actors/till.mjs";

const LONG = { timeout: 20_000 };

let demo, browser, page;
before(async () => {
  [demo, browser] = await Promise.all([Demo.open(), Browser.open()]);
  page = await browser.visitor();
  await page.goto(demo.shop);
  // The exchange makes its keys first; the page tries again by itself.
  await page.locator("form[action$=withdraw] button:enabled").waitFor(LONG);
});
after(async () => { await browser?.close(); await demo?.close(); });

const press = (name) => page.getByRole("button", { name }).click();

test("the demo wallet gets money", async () => {
  await isGood(page, "demo-empty");
  await press(/^Withdraw/);
  await page.getByText("The demo wallet has money now.").waitFor(LONG);
  await isGood(page, "demo-front");
});

test("everything on the shelf is bought with the demo wallet", async () => {
  const items = await page.locator("input[name=item]").evaluateAll((all) => all.map((one) => one.value));
  assert.ok(items.length >= 3, items.join());
  for (const item of items) {
    await page.goto(demo.shop);
    await page.locator(`form:has(input[value=${item}]) button`).click();
    assert.equal(await decoded(page.locator(".qr")), await page.getAttribute("meta[name=taler-uri]", "content"));
    await isGood(page, `demo-offer-${item}`);
    await press("Pay with the demo wallet");
    await page.getByText("It is paid. Thank you!").waitFor(LONG);
    await isGood(page, `demo-sale-${item}`);
    await page.getByRole("link", { name: "Take what you have bought" }).click();
    await page.waitForURL(/\/shop\/goods\//);
    await isGood(page, `demo-goods-${item}`);
  }
});

test("a page that waits turns to paid while another one pays", async () => {
  await page.goto(demo.shop);
  await page.locator("form:has(input[value=coffee]) button").click();
  await page.evaluate(() => { globalThis.marked = true; });
  const other = await tab(page.context());
  await other.goto(page.url());
  await other.getByRole("button", { name: "Pay with the demo wallet" }).click();
  await page.getByText("It is paid. Thank you!").waitFor(LONG);
  assert.equal(await page.evaluate(() => globalThis.marked), true, "it is the same page");
  // What is shown now is a page of its own: its forms are good, and it waits for a refund in turn.
  await other.goto(page.url());
  await other.getByRole("button", { name: "Refund half" }).click();
  const uri = await other.getAttribute(".uri a", "href");
  assert.equal(await decoded(other.locator(".qr")), uri);
  assert.match(uri, /^taler\+http:\/\/refund\//);
  await isGood(other, "demo-refund");
  await page.reload();
  await page.evaluate(() => { globalThis.marked = true; });
  await other.getByRole("button", { name: "Collect with the demo wallet" }).click();
  await page.getByText("of it went back to your wallet").waitFor(LONG);
  assert.equal(await page.evaluate(() => globalThis.marked), true, "it is the same page");
  await isGood(other, "demo-collected");
  await other.close();
});

test("the till's own page shows a refund of the demo, until the wallet has it", async () => {
  await page.goto(demo.shop);
  await page.locator("form:has(input[value=coffee]) button").click();
  await press("Pay with the demo wallet");
  await page.getByText("It is paid. Thank you!").waitFor(LONG);
  const id = page.url().split("/").pop();
  const headers = { Authorization: `Bearer ${demo.token}` };
  const own = await (await fetch(`${demo.api}private/orders/${id}`, { headers })).json();
  await press("Refund half");
  for (const locale of ["en-GB", "de-DE"]) {
    const visitor = await browser.visitor({ locale });
    const answer = await visitor.goto(own.order_status_url);
    assert.equal(answer.status(), 200);
    const uri = `taler+http://refund/${new URL(demo.api).host}/${id}/`;
    assert.equal(answer.headers().taler, uri);
    assert.equal(await visitor.getAttribute("meta[name=taler-uri]", "content"), uri);
    assert.equal(await decoded(visitor.locator(".qr")), uri);
    await isGood(visitor, `order-refund-${locale}`);
    await visitor.context().close();
  }
  const visitor = await browser.visitor();
  await visitor.goto(own.order_status_url);
  await visitor.evaluate(() => { globalThis.marked = true; });
  await press("Collect with the demo wallet");
  await visitor.getByRole("heading", { name: "Paid. Thank you!" }).waitFor(LONG);
  assert.equal(await visitor.evaluate(() => globalThis.marked), true, "it is the same page");
  assert.match(await visitor.textContent(".note"), /^1\.25.* was given back/);
  assert.equal(await visitor.locator("meta[name=taler-uri]").count(), 0);
  await visitor.context().close();
});

test("the article opens for a visitor who pays, while its page waits", async () => {
  await page.goto(demo.shop);
  await page.getByRole("link", { name: "Read it" }).click();
  await isGood(page, "demo-paywall");
  await page.evaluate(() => { globalThis.marked = true; });
  const other = await tab(page.context());
  await other.goto(page.url());
  await other.getByRole("button", { name: "Pay with the demo wallet" }).click();
  await page.getByText("You have paid for this article.").waitFor(LONG);
  assert.equal(await page.evaluate(() => globalThis.marked), true, "it is the same page");
  await isGood(page, "demo-article");
  await other.close();
});

test("the shop speaks German, and writes and reads numbers as Germans do", async () => {
  const guest = await browser.visitor({ locale: "de-DE" });
  await guest.goto(demo.shop);
  await isGood(guest, "demo-front-de");
  await guest.locator("form:has(input[value=coffee])").getByRole("button", { name: "Für 2,50\u00a0KUDOS kaufen" }).click();
  await guest.getByRole("heading", { name: "Eine Tasse Kaffee" }).waitFor(LONG);
  await isGood(guest, "demo-offer-de");
  const id = guest.url().split("/").pop();
  await guest.getByRole("button", { name: "Mit der Demo-Wallet bezahlen" }).click();
  await guest.getByText("Es ist bezahlt. Vielen Dank!").waitFor(LONG);
  await isGood(guest, "demo-sale-de");
  await guest.getByRole("link", { name: "Mitnehmen, was Sie gekauft haben" }).click();
  await guest.waitForURL(/\/shop\/goods\//);
  await isGood(guest, "demo-goods-de");
  // The till's own page has the shop's German name for it, too.
  const headers = { Authorization: `Bearer ${demo.token}` };
  const own = await (await fetch(`${demo.api}private/orders/${id}`, { headers })).json();
  await guest.goto(own.order_status_url);
  assert.match(await guest.textContent(".facts"), /Eine Tasse Kaffee/);
  await guest.goto(`${demo.shop}orders/${id}`);
  await guest.getByRole("button", { name: "Die Hälfte erstatten" }).click();
  await guest.getByRole("heading", { name: "1,25\u00a0KUDOS für Sie" }).waitFor(LONG);
  await isGood(guest, "demo-refund-de");
  await guest.getByRole("button", { name: "Mit der Demo-Wallet abholen" }).click();
  await guest.getByText("1,25\u00a0KUDOS davon gingen an Ihre Wallet zurück.").waitFor(LONG);
  await isGood(guest, "demo-collected-de");
  await guest.goto(`${demo.shop}article`);
  await isGood(guest, "demo-paywall-de");
  await guest.getByRole("button", { name: "Mit der Demo-Wallet bezahlen" }).click();
  await guest.getByText("Sie haben für diesen Artikel bezahlt.").waitFor(LONG);
  await isGood(guest, "demo-article-de");
  await guest.goto(demo.shop);
  await guest.fill("input[name=amount]", "1,5");
  await guest.getByRole("button", { name: "Trinkgeld" }).click();
  await guest.getByText("Vielen Dank für das Trinkgeld!").waitFor(LONG);
  await guest.fill("input[name=amount]", "9.999,5");
  await guest.getByRole("button", { name: "Trinkgeld" }).click();
  await guest.getByRole("alert").waitFor(LONG);
  await isGood(guest, "demo-problem-de", { again: false });
  await guest.goto(`${demo.shop}nothing`);
  await guest.getByText("Eine solche Seite gibt es in diesem Laden nicht.").waitFor(LONG);
  await isGood(guest, "demo-nothing-de");
  await guest.context().close();
});

test("the tip jar takes a tip", async () => {
  await page.goto(demo.shop);
  assert.match(await decoded(page.locator(".qr")), /^taler\+http:\/\/pay-template\//);
  await press("Tip with the demo wallet");
  await page.getByText("Thank you for the tip!").waitFor(LONG);
  await page.goto(`${demo.shop}nothing`);
  await isGood(page, "demo-nothing");
});
