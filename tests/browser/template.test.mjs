// A template's page: the form that makes an order, the code for wallets, the sheet for the counter.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Browser, decoded, isGood } from "./actors/browser.mjs";
import { Till } from "./actors/till.mjs";

const HOSTILE = `"><script>alert(1)</script>&{{7*7}}`;

let till, browser;
before(async () => { [till, browser] = await Promise.all([Till.open(), Browser.open()]); });
after(async () => { await browser?.close(); await till?.close(); });

async function keep(id, template_contract, editable_defaults) {
  await till.ask("POST", "/private/templates", {
    template_id: id, template_description: "a note of the shop's", template_contract, editable_defaults,
  });
  return `${till.url}/templates/${id}`;
}

const uri = (id) => `taler+http://pay-template/${till.url.replace("http://", "")}/${id}`;

async function opened(url, options = {}) {
  const page = await browser.visitor(options);
  await page.goto(url);
  return page;
}

test("a fixed template is ordered with one button, also without script", async () => {
  const url = await keep("coffee", { summary: "A coffee", amount: "KUDOS:2.5" });
  for (const locale of ["en-GB", "de-DE"]) {
    const page = await opened(url, { locale });
    assert.equal(await decoded(page.locator(".qr")), uri("coffee"));
    assert.equal(await page.getAttribute("a.quiet", "href"), uri("coffee"));
    assert.ok(!(await page.content()).includes("a note of the shop's"));
    await isGood(page, `template-fixed-${locale}`);
    await page.context().close();
  }
  const page = await opened(url, { javaScriptEnabled: false });
  await page.getByRole("button").click();
  assert.match(page.url(), /\/orders\/[^/]+\?token=/);
  assert.equal(await page.textContent("h1"), "A coffee");
  assert.equal(await page.textContent(".price").then((text) => text.slice(0, 4)), "2.50");
  await page.context().close();
});

test("what is open is typed as people write it", async () => {
  const url = await keep("tea", { currency: "KUDOS" }, { summary: "Tea", amount: "KUDOS:3.5" });
  const page = await opened(url, { locale: "de-DE" });
  assert.equal(await page.inputValue("#amount"), "3,50");
  assert.equal(await page.inputValue("#summary"), "Tea");
  await page.fill("#amount", "1.234,5");
  await page.fill("#summary", "Sehr viel Tee");
  await isGood(page, "template-open-de-DE");
  await page.getByRole("button").click();
  assert.equal(await page.textContent("h1"), "Sehr viel Tee");
  assert.match(await page.textContent(".price"), /^1234,50/);
  await page.context().close();
});

test("what cannot be an order is asked for again, with the reason", async () => {
  const url = await keep("open", { request_tip: true });
  for (const [locale, name] of [["en-GB", /how much/], ["de-DE", /wie viel/]]) {
    const page = await opened(url, { locale });
    await page.fill("#summary", HOSTILE);
    await page.fill("#amount", `7${HOSTILE}`);
    await page.getByRole("button").click();
    assert.equal(page.url(), url);
    assert.match(await page.textContent("#amount-fault"), name);
    assert.equal(await page.getAttribute("#amount", "aria-invalid"), "true");
    assert.equal(await page.inputValue("#amount"), `7${HOSTILE}`);
    assert.equal(await page.inputValue("#summary"), HOSTILE);
    await isGood(page, `template-refused-${locale}`, { again: false });
    await page.fill("#amount", "7");
    await page.fill("#tip", "-1");
    await page.getByRole("button").click();
    assert.match(await page.textContent("#tip-fault"), name);
    await page.fill("#tip", "1.5");
    await page.getByRole("button").click();
    assert.equal(await page.textContent("h1"), HOSTILE);
    assert.match(await page.textContent(".price"), /^8[.,]50/);
    await page.context().close();
  }
});

test("a template of a paywall has no form", async () => {
  const url = await keep("wall", { template_type: "paivana", summary: "Article", choices: [{ amount: "KUDOS:1" }] });
  const page = await opened(url);
  assert.equal(await page.locator("form, .qr").count(), 0);
  await isGood(page, "template-paywall");
  await page.context().close();
});

test("a sheet for the counter is as large as its paper and has the code", async () => {
  const url = await keep("sheet", { summary: `Coffee ${HOSTILE}`, amount: "KUDOS:2.5" });
  for (const [size, width, height] of [["a6", 298, 420], ["a4", 595, 842]]) {
    const page = await opened(url);
    await page.getByRole("link", { name: size.toUpperCase() }).click();
    assert.equal(await decoded(page.locator(".qr")), uri("sheet"));
    await isGood(page, `sheet-${size}`);
    const pdf = (await page.pdf({ preferCSSPageSize: true })).toString("latin1");
    const boxes = [...pdf.matchAll(/\/MediaBox\s*\[\s*0\s+0\s+([\d.]+)\s+([\d.]+)/g)];
    assert.equal(boxes.length, 1, `${size} is one page`);
    assert.ok(Math.abs(boxes[0][1] - width) < 2 && Math.abs(boxes[0][2] - height) < 2, boxes[0][0]);
    await page.context().close();
  }
  const open = await opened(`${await keep("jar", { summary: "For the kitty" })}?print=a6`, { locale: "de-DE" });
  assert.equal(await open.textContent(".price"), "Sie sagen, wie viel");
  await isGood(open, "sheet-open-de-DE");
  await open.context().close();
});

test("the front page says what this is", async () => {
  for (const locale of ["en-GB", "de-DE"]) {
    const page = await opened(`${till.url}/`, { locale });
    assert.equal(await page.textContent("code"), `${till.url}/`);
    await isGood(page, `home-${locale}`);
    await page.context().close();
  }
});
