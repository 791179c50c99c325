// Receipts on paper, and cashiers at the till, in a browser.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { Browser, decoded, isGood } from "./actors/browser.mjs";
import { Till } from "./actors/till.mjs";

const PT_PER_MM = 72 / 25.4;
const PIN = "4711";
let till, browser, folder;
before(async () => {
  folder = mkdtempSync(join(tmpdir(), "tilld-receipts-"));
  [till, browser] = await Promise.all([Till.open(), Browser.open()]);
});
after(async () => {
  await browser?.close();
  await till?.close();
  rmSync(folder, { recursive: true, force: true });
});

const BASKET = {
  summary: "Tea and cake", amount: "KUDOS:21.34", tip: "KUDOS:1",
  products: [
    { product_name: "Green tea", quantity: 2, price: "KUDOS:11.9", taxes: [{ name: "VAT 19 %", tax: "KUDOS:1.9" }] },
    { product_name: "Cake", unit_quantity: "0.5", unit: "kg", price: "KUDOS:10.7",
      taxes: [{ name: "VAT 7 %", tax: "KUDOS:0.7" }] },
  ],
};

async function owner(options = {}) {
  const page = await browser.visitor(options);
  await page.goto(`${till.url}/webui/sign-in?as=owner`);
  await page.fill("#password", till.password);
  await page.click("main button");
  await page.waitForURL(/\/webui\/(orders|check-list)/);
  return page;
}

async function sold(order = BASKET) {
  const made = await till.order(order, { refund_delay: { d_us: 86400e6 } });
  await till.pay(made.id, order.amount);
  return made;
}

/** Pages and text of what `page` prints. */
async function printed(page, name) {
  const file = join(folder, `${name}.pdf`);
  writeFileSync(file, await page.pdf({ preferCSSPageSize: true, printBackground: true }));
  const facts = execFileSync("pdfinfo", [file]).toString();
  const size = facts.match(/Page size:\s+([\d.]+) x ([\d.]+)/);
  const text = execFileSync("pdftotext", ["-layout", file, "-"]).toString();
  return {
    pages: Number(facts.match(/Pages:\s+(\d+)/)[1]),
    width: Number(size[1]) / PT_PER_MM,
    height: Number(size[2]) / PT_PER_MM,
    lines: text.split(/[\n\f]/).map((line) => line.trim().replace(/\s+/g, " ")).filter(Boolean),
  };
}

test("a receipt on each paper says the same as its text", async () => {
  const { id } = await sold();
  await till.ask("POST", `/private/orders/${id}/refund`, { refund: "KUDOS:5", reason: "cold" });
  const page = await owner();
  await page.goto(`${till.url}/webui/details`);
  await page.fill("#street", "Main Street");
  await page.fill("#number", "5");
  await page.fill("#tax_number", "DE 123/456");
  await page.click("main form button");
  await page.waitForURL(/said=kept/);
  // The contract was made before the address was known; the tax number is the shop's present one.
  const text = await page.evaluate(async (path) => (await fetch(path)).text(), `/webui/orders/${id}/receipt?columns=48`);
  const told = text.split("\n").map((line) => line.trim().replace(/\s+/g, " "))
    .filter((line) => line && !/^[-=]+$/.test(line));
  for (const [paper, width, height] of [["58", 58, null], ["80", 80, null], ["a6", 105, 148]]) {
    await page.goto(`${till.url}/webui/orders/${id}/receipt?paper=${paper}`);
    await isGood(page, `receipt-${paper}`);
    await page.goto(`${till.url}/webui/orders/${id}/receipt`);
    assert.equal(await decoded(page.locator(".slip svg.qr")), (await till.ask("GET", `/private/orders/${id}`)).order_status_url);
    const paged = await printed(page, paper);
    assert.ok(Math.abs(paged.width - width) < 1, `${paper}: ${paged.width} mm wide`);
    if (height) assert.ok(Math.abs(paged.height - height) < 1, `${paper}: ${paged.height} mm high`);
    else assert.equal(paged.pages, 1, `a roll of ${paper} is one page, as long as the receipt`);
    const words = paged.lines.join(" ");
    for (const word of ["Print", "Paper", "Next sale"]) assert.ok(!words.includes(word), `${word} on ${paper}`);
    // A narrow paper breaks lines, and an amount stands beside the first line of its text: what remains are its words.
    const sorted = (lines) => lines.join(" ").split(/[ -]+/).filter(Boolean).sort();
    assert.deepEqual(sorted(paged.lines), sorted([...told, id]), `${paper} says what the text says`);
    const amounts = (text) => text.match(/−?[\d.,]+ KUDOS/g);
    assert.deepEqual(amounts(words), amounts(told.join(" ")), `the amounts on ${paper} are in the same order, and whole`);
  }
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test("both copies are on pages of their own, and without script a roll still prints", async () => {
  const { id } = await sold();
  const page = await owner({ javaScriptEnabled: false });
  await page.goto(`${till.url}/webui/orders/${id}/receipt?paper=58&copy=both`);
  const paged = await printed(page, "both");
  assert.equal(paged.pages, 2);
  assert.equal(paged.lines.filter((line) => line.includes("Green tea")).length, 2);
  assert.ok(paged.lines.some((line) => /shop's copy/i.test(line)));
  await page.context().close();
});

test("printing is a tap, and by itself where the device wants it", async () => {
  const { id } = await sold();
  const page = await owner();
  await page.addInitScript(() => { globalThis.prints = 0; globalThis.print = () => { globalThis.prints += 1; }; });
  await page.goto(`${till.url}/webui/till/${id}`);
  await page.click("main a:text-is('Receipt')");
  await page.waitForURL(/\/receipt$/);
  await page.click("[data-print]");
  assert.equal(await page.evaluate(() => globalThis.prints), 1);
  await page.click("text=Print receipts as soon as they are opened");
  await page.waitForURL(/by_itself=yes/);
  await page.goto(`${till.url}/webui/till/${id}`);
  await page.click("main a:text-is('Receipt')");
  await page.waitForFunction(() => globalThis.prints === 1);
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test("a customer prints the receipt from the order's page", async () => {
  const { id } = await sold();
  const url = new URL((await till.ask("GET", `/private/orders/${id}`)).order_status_url);
  for (const locale of ["en-GB", "de-DE"]) {
    const page = await browser.visitor({ locale });
    await page.goto(`${till.url}${url.pathname}${url.search}`);
    await isGood(page, `paid-with-taxes-${locale}`);
    await page.click("a[href*='print=80']");
    await isGood(page, `customers-receipt-${locale}`);
    const paged = await printed(page, `customer-${locale}`);
    assert.equal(paged.pages, 1);
    assert.ok(paged.lines.some((line) => line.includes("VAT 19 %")));
    await page.context().close();
  }
});

test("a cashier signs in with a PIN, sells, and is kept out elsewhere", async () => {
  const page = await owner();
  await page.goto(`${till.url}/webui/cashiers`);
  await isGood(page, "cashiers-none");
  await page.fill("#name", "Ada <b>");
  await page.fill("#pin", PIN);
  await page.click("#new button");
  await page.waitForURL(/said=kept/);
  await page.fill("#tills #password", till.password);
  await page.click("#tills form.stack button");
  await page.waitForURL(/said=till-added/);
  for (const details of await page.locator("details").all()) await details.evaluate((one) => { one.open = true; });
  await isGood(page, "cashiers");
  await page.click("text=Sign out");
  await page.goto(`${till.url}/webui/orders`);
  await page.waitForURL(/\/webui\/cashier$/);
  await isGood(page, "cashier-sign-in");
  await page.fill("#pin", "0000");
  await page.click("main button");
  await page.getByText("This is not the PIN.").waitFor();
  await page.fill("#pin", PIN);
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/webui\/till$/);
  await isGood(page, "cashier-till");
  await page.fill("#amount", "3");
  await page.click("text=Charge");
  await page.waitForURL(/\/webui\/till\/./);
  const id = page.url().split("/").pop();
  await till.pay(id, "KUDOS:3");
  await page.click("main a:text-is('Receipt')");
  await page.getByText("Ada <b>").waitFor();
  await page.goto(`${till.url}/webui/today`);
  await isGood(page, "today");
  assert.deepEqual(await page.locator("nav a").allTextContents(), ["Till", "Today"]);
  assert.match(await page.textContent("main"), /3\.00.*Ada <b>/s);
  for (const path of ["orders", `orders/${id}`, "export", "tokens", "cashiers", "details", "password"]) {
    const answer = await page.goto(`${till.url}/webui/${path}`);
    assert.equal(answer.status(), 403, path);
  }
  await isGood(page, "cashier-kept-out");
  await page.context().close();
});
