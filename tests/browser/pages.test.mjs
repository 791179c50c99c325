// Pages that everybody may come across.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Browser, isGood } from "./actors/browser.mjs";
import { Till } from "./actors/till.mjs";

let till, browser;
before(async () => { [till, browser] = await Promise.all([Till.open(), Browser.open()]); });
after(async () => { await browser?.close(); await till?.close(); });

test("a link that leads nowhere says so in the reader's language", async () => {
  for (const [locale, title] of [["en-GB", "Page not found"], ["de-DE", "Seite nicht gefunden"]]) {
    const page = await browser.visitor({ locale });
    const answer = await page.goto(`${till.url}/orders/nothing`);
    assert.equal(answer.status(), 404);
    assert.equal(await page.title(), title);
    await isGood(page, `not-found-${locale}`);
    await page.context().close();
  }
});
