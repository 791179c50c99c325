// The back office in a browser: what a shopkeeper does in a day.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Browser, decoded, isGood } from "./actors/browser.mjs";
import { Till } from "./actors/till.mjs";

let till, browser;
before(async () => { [till, browser] = await Promise.all([Till.open(), Browser.open()]); });
after(async () => { await browser?.close(); await till?.close(); });

/** Somebody who has signed in by typing the password. */
async function clerk(options = {}) {
  const page = await browser.visitor(options);
  await page.goto(`${till.url}/webui/orders`);
  await page.fill("#password", till.password);
  await page.click("main button");
  await page.waitForURL(`${till.url}/webui/orders`);
  return page;
}

const LANGUAGES = [["en-GB", "en"], ["de-DE", "de"]];
const HOSTILE = `<img src=x onerror=alert(1)>"'&{{7*7}}`;

test("every page is good in both languages", async () => {
  const open = await till.order({ summary: "Bread and butter", amount: "KUDOS:4.5" });
  const paid = await till.order({ summary: HOSTILE, amount: "KUDOS:1234.5" }, { refund_delay: { d_us: 86400e6 } });
  await till.pay(paid.id, "KUDOS:1234.5");
  await till.ask("POST", `/private/orders/${paid.id}/refund`, { refund: "KUDOS:0.5", reason: HOSTILE });
  for (const [locale, language] of LANGUAGES) {
    const stranger = await browser.visitor({ locale });
    await stranger.goto(`${till.url}/webui`);
    await isGood(stranger, `office-sign-in-${language}`);
    await stranger.goto(`${till.url}/webui/nothing`);
    await isGood(stranger, `office-nothing-${language}`);
    await stranger.context().close();

    const page = await clerk({ locale });
    for (const [name, path] of [
      ["orders", "orders"], ["orders-none", "orders?q=nowhere"], ["order-open", `orders/${open.id}`],
      ["order-paid", `orders/${paid.id}`], ["new-order", "new-order"], ["till", "till"],
      ["sale-open", `till/${open.id}`], ["sale-paid", `till/${paid.id}`], ["export", "export"],
      ["export-wrong", "export?from=2026-01-02&until=2026-01-01&zone=UTC"],
    ]) {
      await page.goto(`${till.url}/webui/${path}`);
      for (const details of await page.locator("details").all()) {
        await details.evaluate((one) => { one.open = true; });
      }
      await isGood(page, `office-${name}-${language}`);
    }
    await page.context().close();
  }
});

test("what was typed is there again beside what is wrong with it", async () => {
  const page = await clerk();
  await page.goto(`${till.url}/webui/new-order`);
  await page.fill("#summary", HOSTILE);
  await page.fill("#amount", "1.234,50");
  await page.click("main form button");
  assert.equal(await page.inputValue("#summary"), HOSTILE);
  assert.equal(await page.inputValue("#amount"), "1.234,50");
  assert.match(await page.textContent("#amount-wrong"), /an amount like/);
  await page.fill("#amount", "12,50");
  await page.click("main form button");
  await page.waitForURL(/\/webui\/orders\//);
  assert.equal(await page.textContent("h1"), HOSTILE);
  assert.match(await page.textContent(".price"), /12\.50/);
  const uri = await page.textContent(".uri code");
  await page.setViewportSize({ width: 1280, height: 900 });
  assert.equal(await decoded(page.locator("svg.qr")), uri);
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test("the list shows a payment without being loaded again", async () => {
  const order = await till.order({ summary: "Live bread", amount: "KUDOS:2" });
  const page = await clerk();
  const row = page.locator("li", { hasText: order.id });
  await row.getByText("unpaid").waitFor();
  await page.evaluate(() => { globalThis.mark = "still here"; });
  await till.pay(order.id, "KUDOS:2");
  await row.getByText("paid", { exact: true }).waitFor({ timeout: 10_000 });
  const other = await till.order({ summary: "Newer bread", amount: "KUDOS:3" });
  await page.locator("li", { hasText: other.id }).waitFor({ timeout: 10_000 });
  assert.equal(await page.evaluate(() => globalThis.mark), "still here");
  await page.context().close();
});

for (const javaScriptEnabled of [true, false]) {
  const how = javaScriptEnabled ? "" : " without script";

  test(`a refund is granted with its reason${how}`, async () => {
    const order = await till.order({ summary: "Cake", amount: "KUDOS:10" }, { refund_delay: { d_us: 86400e6 } });
    await till.pay(order.id, "KUDOS:10");
    const page = await clerk({ javaScriptEnabled });
    await page.goto(`${till.url}/webui/orders/${order.id}`);
    await page.click("#refund summary");
    assert.match(await page.textContent("#refund"), /10\.00/);
    await page.fill("#amount", "2,5");
    await page.fill("#reason", "Stale");
    await page.click("#refund button");
    await page.waitForURL(/said=refunded/);
    assert.match(await page.textContent(".events"), /2\.50.*Stale/s);
    await page.click("#refund summary");
    assert.equal(await page.inputValue("#amount"), "7.5");
    await page.fill("#amount", "8");
    await page.fill("#reason", "All of it");
    await page.click("#refund button");
    assert.match(await page.textContent("[role=alert]"), /more than the price/);
    assert.equal(await page.inputValue("#reason"), "All of it");
    const status = await till.ask("GET", `/private/orders/${order.id}`);
    assert.equal(status.refund_amount, "KUDOS:2.5");
    await page.context().close();
  });

  test(`a sale at the till turns to paid${how}`, async () => {
    const page = await clerk({ javaScriptEnabled });
    await page.goto(`${till.url}/webui/till`);
    if (javaScriptEnabled) {
      for (const key of ["3", ".", "7", "5", "back", "5"]) await page.click(`[data-key="${key}"]`);
      assert.equal(await page.inputValue("#amount"), "3.75");
    } else {
      await page.fill("#amount", "3,75");
    }
    await page.click("text=Charge");
    await page.waitForURL(/\/webui\/till\/./);
    const id = page.url().split("/").pop();
    assert.equal(await page.textContent("h1"), "3.75\u00a0KUDOS");
    if (javaScriptEnabled) {
      await page.evaluate(() => { globalThis.mark = "still here"; });
      assert.equal(await decoded(page.locator("svg.qr")), await page.textContent(".uri code"));
    }
    await till.pay(id, "KUDOS:3.75");
    await page.locator(".sale.done .stamp").waitFor({ timeout: 15_000 });
    if (javaScriptEnabled) assert.equal(await page.evaluate(() => globalThis.mark), "still here");
    await page.click("text=Next sale");
    await page.waitForURL(`${till.url}/webui/till`);
    assert.deepEqual(page.complaints, []);
    await page.context().close();
  });

  test(`a customer pays in cash, and another one goes away${how}`, async () => {
    const page = await clerk({ javaScriptEnabled });
    await page.goto(`${till.url}/webui/till`);
    await page.fill("#amount", "5");
    await page.click(".extras summary");
    await page.fill("#summary", "Soup");
    await page.click("text=Charge");
    await page.waitForURL(/\/webui\/till\/./);
    await page.click("[data-cash-open]");
    if (javaScriptEnabled) await page.click("text=Paid in cash");
    await page.locator(".stamp").waitFor();
    await page.click("text=Next sale");
    await page.fill("#amount", "6");
    await page.click("text=Charge");
    await page.waitForURL(/\/webui\/till\/./);
    const id = page.url().split("/").pop();
    await page.click("text=Cancel");
    await page.waitForURL(/said=cancelled/);
    const gone = await fetch(`${till.url}/private/orders/${id}`, { headers: { Authorization: `Bearer ${till.token}` } });
    assert.equal(gone.status, 404);
    await page.context().close();
  });
}

for (const isMuted of [false, true]) {
  test(`a sale ${isMuted ? "is silent" : "sounds"} when it is paid${isMuted ? ", if the clerk wants that" : ""}`, async () => {
    const page = await clerk();
    // The browser's own loudspeaker, listened to: which tones are begun, and in what state it is then.
    await page.addInitScript(() => {
      globalThis.tones = [];
      const { start } = OscillatorNode.prototype;
      OscillatorNode.prototype.start = function (at) {
        globalThis.tones.push({ pitch: this.frequency.value, state: this.context.state, later: at - this.context.currentTime });
        return start.call(this, at);
      };
    });
    await page.goto(`${till.url}/webui/till`);
    await page.click("text=Today");
    const sound = page.getByLabel("Sound when paid");
    assert.ok(await sound.isChecked());
    if (isMuted) await sound.uncheck();
    await page.fill("#amount", "4");
    await page.click("text=Charge");
    await page.waitForURL(/\/webui\/till\/./);
    // It is remembered from page to page.
    assert.equal(await sound.isChecked(), !isMuted);
    await page.click("h1");
    await till.pay(page.url().split("/").pop(), "KUDOS:4");
    await page.locator(".sale.done .stamp").waitFor({ timeout: 15_000 });
    const tones = await page.evaluate(() => globalThis.tones);
    if (isMuted) {
      assert.deepEqual(tones, []);
    } else {
      assert.deepEqual(tones.map(({ pitch, state }) => [pitch, state]), [[660, "running"], [880, "running"]]);
      assert.ok(tones[0].later < tones[1].later && tones[1].later < 1, JSON.stringify(tones));
    }
    assert.deepEqual(page.complaints, []);
    await page.context().close();
  });
}

test("a sign-in without its token, or from elsewhere, is refused", async () => {
  const page = await browser.visitor();
  await page.goto(`${till.url}/webui/sign-in`);
  await page.evaluate(() => { document.querySelector("[name=csrf]").value = "forged"; });
  await page.fill("#password", till.password);
  const [answer] = await Promise.all([
    page.waitForResponse((one) => one.request().method() === "POST"), page.click("main button"),
  ]);
  assert.equal(answer.status(), 403);
  assert.match(await page.textContent("h1"), /not sent from here/);

  // The same form, on a page of another site.
  await page.goto(`${till.url}/webui/sign-in`);
  const csrf = await page.getAttribute("[name=csrf]", "value");
  await page.route("http://evil.example/", (route) => route.fulfill({
    contentType: "text/html",
    body: `<form method="post" action="${till.url}/webui/sign-in"><input name="csrf" value="${csrf}">
      <input name="instance" value="admin"><input name="password" value="${till.password}"><button>Win</button></form>`,
  }));
  await page.goto("http://evil.example/");
  const [foreign] = await Promise.all([
    page.waitForResponse((one) => one.request().method() === "POST"), page.click("button"),
  ]);
  assert.equal(foreign.status(), 403);
  const cookies = await page.context().cookies(till.url);
  assert.ok(!cookies.some((cookie) => /^__Host-tilld(-\d+)?$/.test(cookie.name)));
  await page.context().close();
});

test("a shopkeeper who signs out is out, and the cookie is not for scripts", async () => {
  const page = await clerk();
  const cookie = (await page.context().cookies()).find((one) => /^__Host-tilld(-\d+)?$/.test(one.name));
  assert.deepEqual([cookie.httpOnly, cookie.secure, cookie.sameSite], [true, true, "Strict"]);
  await page.click("text=Sign out");
  await page.waitForURL(/said=signed-out/);
  await page.context().addCookies([cookie]);
  await page.goto(`${till.url}/webui/orders`);
  assert.match(page.url(), /sign-in/);
  await page.context().close();
});
