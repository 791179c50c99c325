// The till with products: sell, park, undo, give change, scan; by finger, by keys, without script, at the sizes of tills.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Browser, isGood } from "./actors/browser.mjs";
import { Till } from "./actors/till.mjs";

const SIZES = [{ width: 360, height: 640 }, { width: 1024, height: 600 }, { width: 1280, height: 720 }];
const sizeOf = ({ width, height }) => `${width}×${height}`;
const MONEY = (text) => `${text}\u00a0KUDOS`;
const svg = (colour) => `data:image/svg+xml;base64,${Buffer.from(
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8"><rect width="8" height="8" rx="3" fill="${colour}"/></svg>`).toString("base64")}`;

let till, browser;
before(async () => {
  [till, browser] = await Promise.all([Till.open(), Browser.open()]);
  const group = async (name) => (await till.ask("POST", "/private/categories", { name })).category_id;
  const [drinks, food] = [await group("Drinks"), await group("Food")];
  const product = (product_id, description, price, more) => till.ask("POST", "/private/products",
    { product_id, description, price: `KUDOS:${price}`, unit: "Piece", total_stock: -1, ...more });
  await product("tea", "Tea", "2.20", { categories: [drinks], image: svg("green") });
  await product("4006381333931", "Apple juice", "3", { categories: [drinks], image: svg("orange") });
  await product("cheese", "Mountain cheese", "21.50", { categories: [food], unit: "WeightUnitKg", total_stock: 8 });
  await product("cake", "Piece of cake", "3.40", { categories: [food], total_stock: 1, image: svg("red") });
  await product("mug", "Mug", "9.50", { total_stock: 0, minimum_age: 18 });
});
after(async () => { await browser?.close(); await till?.close(); });

async function clerk(options = {}) {
  const page = await browser.visitor(options);
  await page.goto(`${till.url}/webui/till`);
  await page.fill("#password", till.password);
  await page.click("main button");
  await page.waitForURL(`${till.url}/webui/till`);
  return page;
}

/** Brings a part of the till into view, where there is only one at a time. */
async function view(page, name) {
  const tab = page.locator(`[data-show=${name}]`);
  if (await tab.isVisible()) await tab.click();
}
const tile = (page, name) => page.locator(".tile", { hasText: name });
const total = (page) => page.locator("[data-total]").textContent();
const idOf = (page) => new URL(page.url()).pathname.split("/").pop();
const order = (id) => till.ask("GET", `/private/orders/${id}`);
const sold = async (id) => (await till.ask("GET", `/private/products/${id}`)).total_sold;

for (const viewport of SIZES) {
  test(`a cart is sold in cash with change, parked, and undone at ${sizeOf(viewport)}`, async () => {
    const page = await clerk({ viewport });
    const isInSight = async (locator, what) => {
      const box = await locator.boundingBox();
      assert.ok(box && box.y >= 0 && box.x >= 0 && box.y + box.height <= viewport.height && box.x + box.width <= viewport.width,
        `${what}: ${JSON.stringify(box)}`);
    };
    const charge = page.locator(".pay button.large"), cash = page.locator(".pay [data-cash-open]");
    // Whatever is looked at, what is to be paid and how is in sight, and the page need not be scrolled.
    for (const part of ["goods", "cart", "pad"]) {
      await view(page, part);
      for (const [locator, what] of [[charge, "Charge"], [cash, "Cash"], [page.locator("[data-total]"), "the total"]]) await isInSight(locator, `${part}: ${what}`);
      const { scrollHeight, clientHeight } = await page.evaluate(() => document.documentElement);
      assert.equal(await page.evaluate(() => document.documentElement.scrollHeight <= innerHeight), true, `${part}: ${scrollHeight} ${clientHeight}`);
    }
    await isInSight(page.locator("[data-key=add]"), "the last key");
    await isInSight(page.locator("#amount"), "the amount");

    // Products, by category and by search; a quantity; an amount of its own.
    await view(page, "goods");
    await page.click("text=Drinks");
    assert.equal(await tile(page, "Mountain cheese").isVisible(), false);
    await tile(page, "Tea").click();
    await tile(page, "Tea").click();
    await page.fill("#find", "chee");
    assert.equal(await tile(page, "Tea").isVisible(), false);
    await page.press("#find", "Enter");
    await view(page, "cart");
    assert.deepEqual(await page.locator(".lines .what").allTextContents(), ["Tea", "Mountain cheese"]);
    await page.locator(".lines input").nth(1).fill("0.3");
    assert.equal(await total(page), MONEY("10.85"));
    await view(page, "pad");
    for (const key of ["1", ".", "1", "5", "add"]) await page.click(`[data-key="${key}"]`);
    assert.equal(await total(page), MONEY("12.00"));
    await page.click(".extras summary");
    await page.fill("#discount", "10%");
    await page.fill("#tip", "0,20");
    assert.equal(await total(page), MONEY("11.00"));

    // Another customer first: this one is parked, also across a reload.
    await view(page, "cart");
    await page.click("[data-park]");
    assert.equal(await total(page), MONEY("0.00"));
    await view(page, "goods");
    await tile(page, "Apple juice").click();
    await page.reload();
    assert.equal(await total(page), MONEY("3.00"), "what is typed in is there again");
    await view(page, "cart");
    const parked = page.locator(".parked button");
    assert.deepEqual(await parked.allTextContents(), [`2 × Tea, 0.3 × Mountain cheese, Purchase · ${MONEY("11.00")}`]);
    await parked.click();
    assert.equal(await total(page), MONEY("11.00"));
    assert.deepEqual(await parked.allTextContents(), [`Apple juice · ${MONEY("3.00")}`]);

    // Cash: what is given, and what goes back.
    const before = Number(await sold("tea"));
    await cash.click();
    const dialog = page.locator("dialog[open]");
    await isInSight(dialog, "the dialog");
    await isInSight(dialog.locator("[value=cash]"), "Paid in cash");
    assert.equal(await dialog.locator("[data-due]").textContent(), MONEY("11.00"));
    await dialog.locator("[data-notes] button", { hasText: "20.00" }).click();
    assert.equal(await dialog.locator("[data-change]").textContent(), MONEY("9.00"));
    for (const key of ["back", "back", "5", "0"]) await dialog.locator(`[data-given-key="${key}"]`).click();
    assert.equal(await dialog.locator("[data-change]").textContent(), MONEY("39.00"));
    await page.evaluate(() => { globalThis.mark = "still here"; });
    await dialog.locator("[value=cash]").click();
    await page.locator(".stamp").waitFor();
    assert.deepEqual(await page.locator(".due dd").allTextContents(), [MONEY("50.00"), MONEY("39.00")]);
    await isInSight(page.locator("a.large"), "Next sale");
    await isInSight(page.locator(".due .back").last(), "the change");
    const id = idOf(page), paid = await order(id);
    assert.deepEqual(paid.x_payment, { method: "cash", given: "KUDOS:50" });
    assert.equal(paid.contract_terms.amount, "KUDOS:11");
    assert.equal(paid.contract_terms.tip, "KUDOS:0.2");
    assert.equal(paid.contract_terms.summary, "2 × Tea, 0.3 × Mountain cheese, Purchase");
    assert.equal(Number(await sold("tea")), before + 2);

    // It was a mistake.
    const stock = (await till.ask("GET", "/private/products/cheese")).unit_total_stock;
    await page.click("text=Undo this sale");
    await page.locator(".sale.undone").waitFor();
    assert.equal((await order(id)).refund_amount, "KUDOS:11");
    assert.equal((await till.ask("GET", "/private/products/cheese")).unit_total_stock, String(Math.round(stock * 10 + 3) / 10));
    assert.equal(await page.locator("text=Undo this sale").count(), 0);
    await page.click("text=Next sale");
    await page.waitForURL(`${till.url}/webui/till`);
    assert.equal(await page.evaluate(() => globalThis.mark), "still here", "no page was loaded");
    assert.equal(await total(page), MONEY("0.00"), "what is sold is no more in the cart");
    await view(page, "cart");
    assert.equal(await parked.count(), 1, "what is parked stays");
    assert.deepEqual(page.complaints, []);
    await page.context().close();
  });
}

test("everything is done by keys alone, and a scanner is heard wherever the focus is", async () => {
  const page = await clerk({ viewport: SIZES[1] });
  await page.keyboard.type("3");
  await page.keyboard.press("*");
  assert.equal(await page.textContent("[data-factor]"), "3 ×");
  await page.keyboard.press("/");
  await page.keyboard.type("tea");
  await page.keyboard.press("Enter");
  assert.equal(await total(page), MONEY("6.60"));
  /** What a scanner does: all keys at once, and Enter. */
  const scan = (code) => page.evaluate((keys) => {
    for (const key of keys) {
      const at = document.activeElement ?? document.body;
      const isTyped = at.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
      if (isTyped && key.length === 1 && at.matches("input")) at.setRangeText(key, at.value.length, at.value.length, "end");
      if (isTyped && key === "Enter") at.form?.requestSubmit();
    }
  }, [...code, "Enter"]);
  await page.focus("#amount");
  await page.keyboard.type("7");
  await page.click("#amount");
  await scan("4006381333931");
  assert.equal(await page.inputValue("#amount"), "7", "what was typed before stays");
  assert.equal(await total(page), MONEY("16.60"));
  await page.evaluate(() => document.activeElement.blur());
  await scan("4006381333931");
  assert.equal(await total(page), MONEY("19.60"));
  await page.focus("#find");
  await page.keyboard.type("4006381333931");
  await page.keyboard.press("Enter");
  assert.equal(await total(page), MONEY("22.60"));
  await page.click("#amount");
  await scan("4000000000000");
  assert.match(await page.textContent("[data-trouble]"), /No product has this code: 4000000000000/);
  // Cash by keys: Tab leads there, Enter opens, the amount is typed, Enter pays.
  await page.fill("#amount", "");
  await page.locator("[data-cash-open]").focus();
  await page.keyboard.press("Enter");
  await page.keyboard.type("20");
  assert.equal(await page.textContent("[data-change]"), MONEY("4.40"));
  await page.keyboard.press("Enter");
  await page.locator(".stamp").waitFor();
  assert.equal((await order(idOf(page))).x_payment.given, "KUDOS:20");
  await page.keyboard.press("Enter");
  await page.waitForURL(`${till.url}/webui/till`);
  await page.keyboard.type("1.5+");
  await page.keyboard.type("2");
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/webui\/till\/./);
  assert.equal(await page.textContent("h1"), MONEY("3.50"));
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test("what is sold out meanwhile is said, and the cart stays", async () => {
  const page = await clerk({ viewport: SIZES[1] });
  assert.ok(await tile(page, "Mug").isDisabled());
  assert.match(await tile(page, "Mug").textContent(), /sold out/);
  await tile(page, "Piece of cake").click();
  await tile(page, "Tea").click();
  await till.ask("POST", "/private/products/cake/lock", { lock_uuid: "other", duration: { d_us: 60e6 }, quantity: 1 });
  await page.click("text=Charge");
  await page.locator("[role=alert]", { hasText: "Sold out: Piece of cake" }).waitFor();
  assert.equal(await page.locator(".lines li").count(), 2);
  await page.locator(".lines [data-drop]").first().click();
  await page.click("text=Charge");
  await page.waitForURL(/\/webui\/till\/./);
  assert.equal(await page.textContent("h1"), MONEY("2.20"));
  await till.ask("POST", "/private/products/cake/lock", { lock_uuid: "other", duration: { d_us: 60e6 }, quantity: 0 });
  // Another way to pay after all, then a wallet's sale that is called off.
  await page.locator(".methods [value=card]").click();
  await page.locator(".stamp").waitFor();
  assert.match(await page.textContent(".stamp"), /by card/);
  await page.context().close();
});

test("a price that changed is not charged", async () => {
  const page = await clerk({ viewport: SIZES[1] });
  await tile(page, "Apple juice").click();
  await till.ask("PATCH", "/private/products/4006381333931", { price: "KUDOS:3.5" });
  await page.locator(".pay [value=other]").click();
  await page.locator("[role=alert]", { hasText: "A price has changed" }).waitFor();
  assert.equal(await total(page), MONEY("3.50"));
  await till.ask("PATCH", "/private/products/4006381333931", { price: "KUDOS:3" });
  await page.context().close();
});

test("without script a product and an amount are sold", async () => {
  const page = await clerk({ javaScriptEnabled: false, viewport: SIZES[1] });
  await tile(page, "Tea").click();
  await page.waitForURL(/\/webui\/till\/./);
  assert.equal(await page.textContent("h1"), MONEY("2.20"));
  await page.click("text=Cash");
  await page.locator(".stamp").waitFor();
  await page.click("text=Undo this sale");
  await page.locator(".sale.undone").waitFor();
  await page.click("text=Next sale");
  await page.fill("#amount", "3,75");
  await page.press("#amount", "Enter");
  await page.waitForURL(/\/webui\/till\/./);
  assert.equal(await page.textContent("h1"), MONEY("3.75"));
  await page.context().close();
});

for (const locale of ["en-GB", "de-DE"]) {
  test(`the pages of the till are valid and accessible: ${locale}`, async () => {
    const page = await clerk({ locale, viewport: SIZES[1] });
    await tile(page, "Tea").click();
    await tile(page, "Mountain cheese").click();
    await isGood(page, `till-products-${locale}`);
    await page.setViewportSize(SIZES[1]);
    await page.locator("[data-park]").click();
    await tile(page, "Tea").click();
    await page.locator("[data-cash-open]").click();
    await isGood(page, `till-cash-${locale}`);
    await page.setViewportSize(SIZES[1]);
    await page.fill("#given", "5");
    await page.locator("dialog [value=cash]").click();
    await page.locator(".stamp").waitFor();
    await isGood(page, `till-change-${locale}`);
    await page.context().close();
  });
}

test("the till can be installed", async () => {
  const page = await clerk();
  const manifest = await page.evaluate(async () => {
    const link = document.querySelector("link[rel=manifest]").href;
    const all = await (await fetch(link)).json();
    const icons = await Promise.all(all.icons.map(async ({ src, sizes, type }) => {
      const answer = await fetch(new URL(src, link));
      const picture = await createImageBitmap(type === "image/svg+xml" ? new ImageData(1, 1) : await answer.blob());
      return [answer.status, answer.headers.get("content-type"), type, sizes, `${picture.width}x${picture.height}`];
    }));
    return { ...all, start: new URL(all.start_url, link).pathname, icons };
  });
  assert.equal(manifest.start, "/webui/till");
  assert.equal(manifest.display, "fullscreen");
  for (const [status, kind, type, sizes, found] of manifest.icons) {
    assert.deepEqual([status, kind], [200, type]);
    if (type === "image/png") assert.equal(found, sizes);
  }
  assert.deepEqual(manifest.icons.map(([,,, sizes]) => sizes), ["192x192", "512x512", "512x512", "any"]);
  await page.context().close();
});

test("a thousand products are there in less than a second", async () => {
  const shop = await Till.open();
  try {
    const groups = [];
    for (const name of ["Bread", "Fruit", "Drinks", "Tools"]) groups.push((await shop.ask("POST", "/private/categories", { name })).category_id);
    for (let at = 0; at < 1000; at += 50) {
      await Promise.all(Array.from({ length: 50 }, (_, more) => shop.ask("POST", "/private/products", {
        product_id: `p${at + more}`, description: `Product number ${at + more}`, unit: "Piece", price: `KUDOS:${(at + more) % 50}.5`,
        total_stock: 100, categories: [groups[(at + more) % 4]], image: svg(`#${String(100000 + at + more).slice(-6)}`) })));
    }
    const page = await browser.visitor({ viewport: SIZES[2] });
    await page.goto(`${shop.url}/webui/till`);
    await page.fill("#password", shop.password);
    await page.click("main button");
    await page.waitForURL(`${shop.url}/webui/till`);
    const times = [];
    let pictures = 0;
    page.on("request", (request) => { pictures += request.url().includes("/pictures/"); });
    for (let turn = 0; turn < 3; turn += 1) {
      const begun = performance.now();
      await page.goto(`${shop.url}/webui/till`, { waitUntil: "load" });
      await page.locator("#amount:focus").waitFor();
      times.push(performance.now() - begun);
    }
    assert.equal(await page.locator(".tile").count(), 1000);
    assert.ok(Math.min(...times) < 1000, `${times.map(Math.round)} ms`);
    assert.ok(pictures < 400, `${pictures} pictures were fetched of 1000`);
    await page.click("text=Tools");
    assert.equal(await page.locator(".tile:visible").count(), 250);
    assert.deepEqual(page.complaints, []);
    await page.context().close();
  } finally {
    await shop.close();
  }
});
