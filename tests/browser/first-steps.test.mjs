// From an empty database to a till that trusts an exchange: every button of the pages for that is pressed.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Browser } from "./actors/browser.mjs";
import { Demo, Till } from "./actors/till.mjs";

let demo, browser;
before(async () => { [demo, browser] = await Promise.all([Demo.open(), Browser.open()]); });
after(async () => { await browser?.close(); await demo?.close(); });

for (const javaScriptEnabled of [true, false]) {
  test(`a shop is made by its link and trusts an exchange, ${javaScriptEnabled ? "with" : "without"} script`, async () => {
    const till = await Till.empty();
    const page = await browser.visitor({ javaScriptEnabled });
    const at = (path) => page.waitForURL(`${till.url}/webui/${path}`);
    const press = (name) => page.getByRole("button", { name }).click();
    try {
      // Who wants to sign in is led to where the first shop is made.
      await page.goto(`${till.url}/webui/`);
      await at("setup");
      await page.goto(till.link);
      const code = till.link.split("#")[1];
      if (javaScriptEnabled) assert.equal(await page.inputValue("#code"), code);
      else await page.fill("#code", code);
      for (const summary of await page.locator("summary").all()) await summary.click();
      await page.fill("#name", "The bar");
      await page.fill("#new", till.password);
      await page.fill("#again", till.password);
      await press("Create the shop");
      await at("check-list");

      // Each step that is to be done has a way to where it is done.
      const list = page.url();
      const ways = await page.locator("main a").evaluateAll((links) => links.map((link) => link.getAttribute("href")));
      assert.ok(ways.length >= 5, ways.join());
      for (const href of ways) {
        await page.locator(`main a[href=${JSON.stringify(href)}]`).first().click();
        assert.notEqual(page.url(), list);
        await page.goto(list);
      }

      await page.goto(`${till.url}/webui/exchanges`);
      await page.selectOption("#known", "");
      await page.fill("#url", demo.exchange);
      await press("Ask the exchange");
      const key = await page.locator("main dd code").textContent();
      assert.match(key, /^[0-9A-Z]{52}$/);
      await page.getByRole("link", { name: "Exchanges" }).last().click();
      await at("exchanges");
      assert.equal(till.run("exchange", "list"), "", "nothing is trusted by looking");
      await page.selectOption("#known", "");
      await page.fill("#url", demo.exchange);
      await press("Ask the exchange");
      await page.locator("main form button").click();
      await page.locator("ul.items", { hasText: demo.exchange }).waitFor();
      assert.ok(till.run("exchange", "list").includes(`${demo.exchange}\tKUDOS\t${key}\tdatabase`));

      await page.locator('form[action$="exchanges/remove"] button').click();
      await page.locator(".badge.over").waitFor();
      assert.ok(till.run("exchange", "list").endsWith("\tremoved"));
    } finally {
      await page.context().close();
      await till.close();
    }
  });
}
