// An order's page: to be paid, paid, given back, over; live, and without script.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Browser, decoded, hide, isGood, unhide } from "./actors/browser.mjs";
import { Till } from "./actors/till.mjs";

const LANGUAGES = ["en-GB", "de-DE"];
const HOSTILE = `<script>document.title="owned"</script><img src=x onerror=alert(1)>"'&{{7*7}}`;

let till, browser;
before(async () => { [till, browser] = await Promise.all([Till.open(), Browser.open()]); });
after(async () => { await browser?.close(); await till?.close(); });

/** An order for tea. */
function tea(more = {}) {
  return till.order({ summary: "Two teas", amount: "KUDOS:5", ...more });
}

/** What the API tells of an order that is not paid. */
async function payUri(order, more = "") {
  const answer = await fetch(till.url + order.path + more, { headers: { Accept: "application/json" } });
  return (await answer.json()).taler_pay_uri;
}

async function opened(order, options = {}) {
  const page = await browser.visitor(options);
  const answer = await page.goto(till.url + order.path);
  return { page, answer };
}

/** Marks the page, so that one that was loaded anew can be told from it. */
const mark = (page) => page.evaluate(() => { globalThis.marked = true; });
const isMarked = (page) => page.evaluate(() => globalThis.marked === true);

/** Waits until a poll of the page has reached the till. */
const polled = (page) => page.waitForRequest((request) => /timeout_ms/.test(request.url()));

async function claim(order) {
  const nonce = "0".repeat(51) + "G";
  const answer = await fetch(`${till.url}/orders/${order.id}/claim`, {
    method: "POST", body: JSON.stringify({ nonce, token: order.token }),
  });
  assert.equal(answer.status, 200, await answer.text());
}

/** Gives back some of an order paid at the counter, as if to a wallet that has not collected it. */
const paidTitle = /^(Paid|Bezahlt): /;

test("an order to be paid is a good page in each language", async () => {
  const products = [
    { description: "Earl Grey, the large pot", quantity: 2, unit: "pots", price: "KUDOS:4.5" },
    { description: "Scone", quantity: 1, price: "KUDOS:0.5" },
  ];
  for (const locale of LANGUAGES) {
    const order = await tea({ products });
    const { page, answer } = await opened(order, { locale });
    assert.equal(answer.status(), 402);
    assert.equal(answer.headers()["content-language"], locale.slice(0, 2));
    const uri = await payUri(order);
    assert.equal(answer.headers().taler, uri);
    assert.equal(await page.getAttribute("meta[name=taler-uri]", "content"), uri);
    assert.equal(await page.getAttribute("a.button", "href"), uri);
    assert.equal(await decoded(page.locator(".qr")), uri);
    assert.match(await page.textContent(".price"), locale === "de-DE" ? /^5,00/ : /^5\.00/);
    await page.waitForFunction(() => /\d/.test(document.querySelector("[data-left]").textContent));
    await isGood(page, `order-unpaid-${locale}`);
    await page.context().close();
  }
});

test("the code is for the session that the page is asked for", async () => {
  const order = await tea({ fulfillment_url: "https://shop.example/a" });
  const session = "&session_id=S%2F1%20%26";
  const page = await browser.visitor();
  await page.goto(till.url + order.path + session);
  const uri = await payUri(order, session);
  assert.match(uri, /\/S%2F1%20%26\?c=/);
  assert.equal(await decoded(page.locator(".qr")), uri);
  await page.context().close();
});

test("a claimed order says so, and can still be paid", async () => {
  for (const locale of LANGUAGES) {
    const order = await tea();
    await claim(order);
    const { page, answer } = await opened(order, { locale });
    assert.equal(answer.status(), 402);
    assert.equal(await page.locator(".note").count(), 1);
    assert.equal(await decoded(page.locator(".qr")), await payUri(order));
    await isGood(page, `order-claimed-${locale}`);
    await page.context().close();
  }
});

test("the page turns to paid without being loaded anew", async () => {
  for (const locale of LANGUAGES) {
    const order = await tea({ fulfillment_message: "Your tea comes at once." });
    const page = await browser.visitor({ locale });
    await Promise.all([polled(page), page.goto(till.url + order.path)]);
    await mark(page);
    await page.locator("main a.button").focus();
    await till.pay(order.id, "KUDOS:5");
    await page.waitForFunction(() => document.querySelector(".note.good"));
    assert.match(await page.title(), paidTitle);
    assert.equal(await page.textContent(".note.good"), "Your tea comes at once.");
    assert.ok(await isMarked(page), "it is the same page");
    assert.equal(await page.evaluate(() => document.activeElement.tagName), "H1");
    assert.match(await page.textContent(".unseen[role=status]"), paidTitle);
    assert.equal(await page.locator("meta[name=taler-uri]").count(), 0);
    await isGood(page, `order-paid-${locale}`);
    await page.context().close();
  }
});

test("without script the page loads itself again, and so turns to paid", async () => {
  const order = await tea();
  const { page } = await opened(order, { javaScriptEnabled: false });
  const refresh = await page.getAttribute("noscript meta[http-equiv=refresh]", "content");
  assert.match(refresh, /^5;url=\?token=.*&waited=yes$/);
  await till.pay(order.id, "KUDOS:5");
  await page.getByRole("heading", { name: "Paid. Thank you!" }).waitFor({ timeout: 15_000 });
  // From then on it is only a refund that could be news.
  assert.equal(await page.getAttribute("meta[http-equiv=refresh]", "content"), "30");
  await page.context().close();
});

test("the page turns to paid after the till was away", async () => {
  const own = await Till.open();
  try {
    const order = await own.order({ summary: "Tea", amount: "KUDOS:5" });
    const page = await browser.visitor();
    await Promise.all([polled(page), page.goto(own.url + order.path)]);
    await mark(page);
    await own.stop("SIGKILL");
    await page.waitForEvent("requestfailed");
    await own.start(new URL(own.url).port);
    await own.pay(order.id, "KUDOS:5");
    await page.waitForFunction(() => document.title.startsWith("Paid: "));
    assert.ok(await isMarked(page));
    await page.context().close();
  } finally {
    await own.close();
  }
});

test("the page turns to paid when the network returns", async () => {
  const order = await tea();
  const page = await browser.visitor();
  await Promise.all([polled(page), page.goto(till.url + order.path)]);
  await mark(page);
  await page.context().setOffline(true);
  // What was asked before is still answered, but what is asked then is not.
  await Promise.all([page.waitForEvent("requestfailed"), till.pay(order.id, "KUDOS:5")]);
  assert.equal(await page.title(), "To pay: Two teas");
  await page.context().setOffline(false);
  await page.waitForFunction(() => document.title.startsWith("Paid: "));
  assert.ok(await isMarked(page));
  await page.context().close();
});

test("a page that comes back into view asks at once", async () => {
  const order = await tea();
  const page = await browser.visitor();
  await Promise.all([polled(page), page.goto(till.url + order.path)]);
  await mark(page);
  // What is open now never gets an answer, as on a phone that slept.
  let asleep = true;
  await page.route(/timeout_ms/, (route) => (asleep ? undefined : route.continue()));
  await hide(page);
  await Promise.all([polled(page), unhide(page)]);
  await hide(page);
  await till.pay(order.id, "KUDOS:5");
  asleep = false;
  assert.equal(await page.title(), "To pay: Two teas");
  await unhide(page);
  await page.waitForFunction(() => document.title.startsWith("Paid: "));
  assert.ok(await isMarked(page));
  await page.context().close();
});

test("a browser that was waiting is sent on to what was bought, and no other", async () => {
  const goods = `${till.url}/config?goods`;
  for (const javaScriptEnabled of [true, false]) {
    const order = await tea({ fulfillment_url: goods });
    const page = await browser.visitor({ javaScriptEnabled });
    await page.goto(till.url + order.path);
    await till.pay(order.id, "KUDOS:5");
    await page.waitForURL(goods, { timeout: 15_000 });
    await page.goto(till.url + order.path);
    assert.match(await page.title(), paidTitle);
    assert.equal(await page.getAttribute("a.button", "href"), goods);
    await page.context().close();
  }
});

test("an order whose time is over turns to a page that says so", async () => {
  for (const locale of LANGUAGES) {
    const pay_deadline = { t_s: Math.floor(Date.now() / 1000) + 4 };
    const order = await tea({ pay_deadline });
    const { page } = await opened(order, { locale });
    await mark(page);
    await page.waitForFunction(() => /has passed$|ist um$/.test(document.title), null, { timeout: 15_000 });
    assert.ok(await isMarked(page));
    assert.equal((await page.reload()).status(), 410);
    await isGood(page, `order-expired-${locale}`);
    await page.context().close();
  }
});

test("an order without token that a wallet takes and pays still turns to paid", async () => {
  const order = await till.order({ summary: "Tea", amount: "KUDOS:5" }, { create_token: false });
  const page = await browser.visitor();
  await Promise.all([polled(page), page.goto(till.url + order.path)]);
  await claim(order);
  await till.pay(order.id, "KUDOS:5");
  await page.getByRole("heading", { name: "Paid. Thank you!" }).waitFor();
  assert.ok((await page.textContent("main")).includes("Tea"), "its bare address stays open");
  await page.context().close();
});

test("a browser that slept while a wallet took its order without token still turns to paid", async () => {
  const order = await till.order({ summary: "Tea", amount: "KUDOS:5" }, { create_token: false });
  const page = await browser.visitor();
  await Promise.all([polled(page), page.goto(till.url + order.path)]);
  await mark(page);
  // What it has asked is lost.
  await page.context().setOffline(true);
  await claim(order);
  const asked = page.waitForRequest((request) => request.url().includes("timeout_ms"));
  await page.context().setOffline(false);
  await asked;
  await till.pay(order.id, "KUDOS:5");
  await page.getByRole("heading", { name: "Paid. Thank you!" }).waitFor({ timeout: 20_000 });
  assert.ok(await isMarked(page), "it is the same page");
  await page.context().close();
});

test("without script, an order without token is seen to be taken, and then paid", async () => {
  for (const locale of LANGUAGES) {
    const order = await till.order({ summary: "Tea", amount: "KUDOS:5" }, { create_token: false });
    const { page } = await opened(order, { javaScriptEnabled: false, locale });
    await claim(order);
    await page.locator(".note").waitFor({ timeout: 15_000 });
    assert.match(await page.textContent(".note"), /opened this order|diese Bestellung geöffnet/);
    await till.pay(order.id, "KUDOS:5");
    await page.getByRole("heading", { name: /^(Paid|Bezahlt)/ }).waitFor({ timeout: 15_000 });
    const address = page.url();
    await page.context().close();
    const other = await browser.visitor({ locale });
    await other.goto(address);
    await isGood(other, `order-bare-${locale}`);
    await other.context().close();
  }
});

test("a receipt that is open tells of a refund when it is granted", async () => {
  for (const locale of LANGUAGES) {
    const order = await tea();
    await till.pay(order.id, "KUDOS:5");
    const page = await browser.visitor({ locale });
    await Promise.all([polled(page), page.goto(till.url + order.path)]);
    await mark(page);
    const give = (refund) => till.ask("POST", `/private/orders/${order.id}/refund`, { refund, reason: "cold" });
    await Promise.all([polled(page), give("KUDOS:2")]);
    await page.locator(".note", { hasText: /^2[.,]00/ }).waitFor();
    // And of the next one, in its turn.
    await give("KUDOS:5");
    await page.locator(".note", { hasText: /^(All|Alles) / }).waitFor();
    assert.ok(await isMarked(page), "it is the same page");
    assert.equal(await page.locator("[data-poll]").count(), 0);
    await page.context().close();
  }
});

test("without script a receipt looks for a refund now and then", async () => {
  const order = await tea();
  await till.pay(order.id, "KUDOS:5");
  const { page } = await opened(order, { javaScriptEnabled: false });
  assert.equal(await page.getAttribute("noscript meta[http-equiv=refresh]", "content"), "30");
  await page.context().close();
});

test("a receipt that nobody looks at asks nothing", async () => {
  const order = await tea();
  await till.pay(order.id, "KUDOS:5");
  const page = await browser.visitor();
  await page.clock.install();
  let asked = 0, open = 0;
  const isQuestion = (request) => /timeout_ms/.test(request.url());
  page.on("request", (request) => { if (isQuestion(request)) { asked += 1; open += 1; } });
  for (const end of ["requestfinished", "requestfailed"]) {
    page.on(end, (request) => { if (isQuestion(request)) open -= 1; });
  }
  // A till with less patience, so that one question ends and the next would come soon.
  await page.route(/timeout_ms/, (route) => route.continue({ url: route.request().url().replace(/timeout_ms=\d+/, "timeout_ms=300") }));
  await Promise.all([polled(page), page.goto(till.url + order.path)]);
  // Lets time pass, once what is asked is answered; what is asked then is asked before what this asks.
  const ask = () => page.evaluate(() => fetch("/config").then((answer) => answer.text()));
  const pass = async (time) => {
    for (let left = 3; left > 0; left -= 1) {
      while (open > 0) await ask();
      await page.clock.fastForward(time);
      await ask();
    }
  };
  await pass("00:40");
  assert.ok(asked > 1, "as long as somebody looks, it goes on asking");
  // Out of sight there is no other question until somebody looks again.
  await hide(page);
  await pass("00:30");
  const before = asked;
  await pass("01:00");
  assert.equal(asked, before);
  await Promise.all([polled(page), unhide(page)]);
  // In sight, but for long without anybody who comes to look: no other, until somebody does.
  await pass("06:00");
  const idle = asked;
  await pass("05:00");
  assert.equal(asked, idle);
  await page.context().setOffline(true);
  await Promise.all([polled(page), page.context().setOffline(false)]);
  await page.context().close();
});

test("a receipt whose time for refunds is over asks nothing", async () => {
  const late = await till.order({ summary: "Tea", amount: "KUDOS:5" });
  await till.pay(late.id, "KUDOS:5");
  // Cash goes back at any time.
  till.refundableFor(late.id, -1);
  const { page } = await opened(late);
  assert.equal(await page.locator("[data-poll], meta[http-equiv=refresh]").count(), 0);
  await page.context().close();
  // One whose time runs out while it is open stops by itself.
  const short = await till.order({ summary: "Tea", amount: "KUDOS:5" });
  await till.pay(short.id, "KUDOS:5");
  till.refundableFor(short.id, 3600);
  const open = await browser.visitor();
  await open.clock.install();
  await Promise.all([polled(open), open.goto(till.url + short.path)]);
  await Promise.all([open.waitForEvent("requestfailed"), hide(open)]);
  await open.clock.fastForward("02:00:00");
  let asked = 0;
  open.on("request", () => { asked += 1; });
  await unhide(open);
  await open.clock.runFor(10_000);
  assert.equal(asked, 0);
  await open.context().close();
});

test("what was given back at the counter is told", async () => {
  for (const [locale, sum] of [["en-GB", "2.00"], ["de-DE", "2,00"]]) {
    const order = await tea();
    await till.pay(order.id, "KUDOS:5");
    await till.ask("POST", `/private/orders/${order.id}/refund`, { refund: "KUDOS:2", reason: "cold" });
    const { page } = await opened(order, { locale });
    assert.ok((await page.textContent(".note")).startsWith(sum));
    await isGood(page, `order-refunded-partly-${locale}`);
    await till.ask("POST", `/private/orders/${order.id}/refund`, { refund: "KUDOS:5", reason: "spilt" });
    await page.reload();
    assert.match(await page.textContent(".note"), /^(All|Alles) /);
    await isGood(page, `order-refunded-${locale}`);
    await page.context().close();
  }
});

test("what shops write is shown as it is and does nothing", async () => {
  await till.ask("POST", "/management/instances", {
    id: "hostile", name: HOSTILE, auth: { method: "token", password: "x" }, address: {},
    jurisdiction: {}, use_stefan: true,
    default_pay_delay: { d_us: 3_600_000_000 }, default_refund_delay: { d_us: 3_600_000_000 },
    default_wire_transfer_delay: { d_us: 3_600_000_000 },
  });
  till.run("account", "add", "hostile", "payto://iban/DE75512108001245126199?receiver-name=Shop");
  const token = till.run("token", "create", "hostile", "--scope", "all");
  const send = (path, body) => fetch(`${till.url}/instances/hostile/private/orders${path}`, {
    method: "POST", headers: { Authorization: `Bearer ${token}` }, body: JSON.stringify(body),
  });
  const order = {
    summary: HOSTILE, amount: "KUDOS:1", fulfillment_message: HOSTILE,
    products: [{ description: HOSTILE, quantity: 1, unit: HOSTILE, price: "KUDOS:1" }, { description: "x".repeat(4000) }],
  };
  for (const url of ["javascript:alert(1)", "data:text/html,<script>alert(1)</script>"]) {
    assert.equal((await send("", { order: { ...order, fulfillment_url: url } })).status, 400);
  }
  const made = await (await send("", { order })).json();
  const page = await browser.visitor();
  await page.goto(`${till.url}/instances/hostile/orders/${made.order_id}?token=${made.token}&x=%22%3E%3Cscript%3E`);
  assert.equal(await page.textContent("h1"), HOSTILE);
  assert.equal(await page.textContent("header p"), HOSTILE);
  assert.equal(await page.textContent("tbody td"), HOSTILE);
  await isGood(page, "order-hostile");
  const paid = await send(`/${made.order_id}/payments`, { method: "cash", amount: "KUDOS:1" });
  assert.equal(paid.status, 200);
  await page.waitForFunction(() => document.querySelector(".note.good"));
  assert.equal(await page.textContent(".note.good"), HOSTILE);
  assert.equal(await page.title(), `Paid: ${HOSTILE}`);
  assert.equal(await page.locator("main script, main img").count(), 0);
  await isGood(page, "order-hostile-paid");
  // An address with quotes stays an address.
  const link = `https://shop.example/"><script>alert(1)</script>`;
  const other = await (await send("", { order: { ...order, fulfillment_url: link } })).json();
  await send(`/${other.order_id}/payments`, { method: "cash", amount: "KUDOS:1" });
  await page.goto(`${till.url}/instances/hostile/orders/${other.order_id}?token=${other.token}`);
  assert.equal(await page.getAttribute("a.button", "href"), "https://shop.example/%22%3E%3Cscript%3Ealert(1)%3C/script%3E");
  await isGood(page, "order-hostile-link");
  await page.context().close();
});

test("a wrong token and an unknown order look the same", async () => {
  const order = await tea();
  const seen = [];
  for (const path of [`/orders/${order.id}?token=${"0".repeat(26)}`, `/orders/${order.id}`, "/orders/none"]) {
    const page = await browser.visitor();
    const answer = await page.goto(till.url + path);
    seen.push([answer.status(), await page.content()]);
    await page.context().close();
  }
  assert.deepEqual(seen[0], seen[2]);
  assert.deepEqual(seen[1], seen[2]);
});
