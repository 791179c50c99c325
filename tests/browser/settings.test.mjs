// The shop's settings in a browser: templates, accounts, tokens, password, status, shops.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { Browser, decoded, isGood } from "./actors/browser.mjs";
import { Till } from "./actors/till.mjs";

let till, browser;
before(async () => { [till, browser] = await Promise.all([Till.open(), Browser.open()]); });
after(async () => { await browser?.close(); await till?.close(); });

const HOSTILE = `<img src=x onerror=alert(1)>"'&{{7*7}}`;

/** Somebody who has signed in by typing the password. */
async function clerk(options = {}, at = till, password = at.password) {
  const page = await browser.visitor(options);
  await page.goto(`${at.url}/webui/orders`);
  await page.fill("#password", password);
  await page.click("main button");
  await page.waitForURL(`${at.url}/webui/orders`);
  return page;
}

test("every page of the settings is good in both languages", async () => {
  await till.ask("POST", "/private/templates", {
    template_id: "hostile", template_description: HOSTILE,
    template_contract: { template_type: "fixed-order", summary: HOSTILE, amount: "KUDOS:1234.5" },
  });
  await till.ask("POST", "/private/accounts", {
    payto_uri: `payto://iban/CH9300762011623852957?receiver-name=${encodeURIComponent(HOSTILE).replace(/'/g, "%27")}`,
  });
  till.run("instance", "add", "bar", "--name", HOSTILE);
  for (const [locale, language] of [["en-GB", "en"], ["de-DE", "de"]]) {
    const page = await clerk({ locale });
    for (const [name, path] of [
      ["templates", "templates"], ["new-template", "new-template"], ["template", "templates/hostile"],
      ["accounts", "accounts"], ["tokens", "tokens"], ["details", "details"], ["password", "password"], ["status", "status"],
      ["instances", "instances"], ["instance", "instances/bar"], ["own-instance", "instances/admin"],
    ]) {
      await page.goto(`${till.url}/webui/${path}`);
      for (const details of await page.locator("details").all()) {
        await details.evaluate((one) => { one.open = true; });
      }
      await isGood(page, `settings-${name}-${language}`);
    }
    // What is refused, on the page that it is refused with.
    await page.goto(`${till.url}/webui/accounts`);
    await page.fill("#iban", "DE75512108001245126198");
    await page.fill("#holder", HOSTILE);
    await page.click("main form button:has-text('Add'), main form button:has-text('Hinzufügen')");
    await page.locator("#iban-wrong").waitFor();
    assert.equal(await page.inputValue("#holder"), HOSTILE);
    await isGood(page, `settings-accounts-wrong-${language}`);
    await page.context().close();
  }
});

for (const javaScriptEnabled of [true, false]) {
  const how = javaScriptEnabled ? "" : " without script";

  test(`a template is typed in, and its code hangs at the counter${how}`, async () => {
    const id = javaScriptEnabled ? "coffee" : "tea";
    const page = await clerk({ javaScriptEnabled });
    await page.click("nav >> text=Templates");
    await page.click("text=New template");
    await page.fill("#description", "At the counter");
    await page.fill("#id", id);
    await page.fill("#summary", "A hot drink");
    await page.fill("#amount", "2,50");
    await page.click("text=Save");
    await page.waitForURL(/\/webui\/templates\/.*said=kept/);
    assert.equal(await page.textContent("h1"), "At the counter");
    const uri = `taler+http://pay-template/${new URL(till.url).host}/${id}`;
    assert.equal(await page.textContent(".uri code"), uri);
    assert.equal(await decoded(page.locator("svg.qr")), uri);
    const sheets = await page.locator("a[href*=print]").evaluateAll((all) => all.map((one) => one.getAttribute("href")));
    assert.deepEqual(sheets, [`/templates/${id}?print=a6`, `/templates/${id}?print=a4`]);
    const kept = await till.ask("GET", `/private/templates/${id}`);
    assert.deepEqual(kept.template_contract,
      { template_type: "fixed-order", summary: "A hot drink", amount: "KUDOS:2.5", minimum_age: 0,
        pay_duration: { d_us: 86400e6 } });
    await page.click("#delete summary");
    await page.click("text=Delete this template");
    await page.waitForURL(/said=gone/);
    assert.deepEqual(page.complaints, []);
    await page.context().close();
  });
}

test("a device is paired by the code of a new token", async () => {
  const page = await clerk();
  await page.goto(`${till.url}/webui/tokens`);
  await page.fill("#description", "Tablet");
  await page.selectOption("#scope", "order-pos");
  await page.fill("#password", "not this one");
  await page.click("text=Create the token");
  assert.match(await page.textContent("#password-wrong"), /not the password/);
  assert.equal(await page.inputValue("#description"), "Tablet");
  assert.equal(await page.inputValue("#password"), "");
  await page.fill("#password", till.password);
  await page.click("text=Create the token");
  await page.locator("#fresh").waitFor();
  await isGood(page, "settings-token-made");
  await page.setViewportSize({ width: 1280, height: 900 });
  const pairing = JSON.parse(await decoded(page.locator("#fresh svg.qr")));
  assert.deepEqual(pairing, {
    base_url: `${till.url}/`, token: await page.textContent("#token"),
  });
  // What the device has is enough to sell.
  const headers = { Authorization: `Bearer ${pairing.token}` };
  const orders = () => fetch(new URL("private/orders", pairing.base_url), { headers });
  assert.equal((await orders()).status, 200);
  assert.equal((await fetch(new URL("private/accounts", pairing.base_url), { headers })).status, 403);
  // Who loads the page again is shown no second token, and no first one either.
  await page.reload();
  await page.getByText("was shown before").waitFor();
  assert.ok(!(await page.content()).includes("secret-token:"));
  await page.goto(`${till.url}/webui/tokens`);
  assert.ok(!(await page.content()).includes(pairing.token));
  // Revoking asks first.
  await page.locator("li", { hasText: "Tablet" }).getByRole("link").click();
  await isGood(page, "settings-revoke");
  assert.equal((await orders()).status, 200);
  await page.getByRole("button", { name: "Revoke" }).click();
  await page.waitForURL(/said=revoked/);
  assert.equal((await orders()).status, 401);
  await page.context().close();
});

test("a password is changed, and other browsers are out", async () => {
  const other = await Till.open();
  try {
    const [page, left] = [await clerk({}, other), await clerk({}, other)];
    await page.goto(`${other.url}/webui/password`);
    const type = async (old, fresh, again) => {
      await page.fill("#old", old);
      await page.fill("#new", fresh);
      await page.fill("#again", again);
      await page.click("main form button");
    };
    await type("wrong horse", "battery staple", "battery staple");
    assert.match(await page.textContent("#old-wrong"), /not the password/);
    await type(other.password, "battery staple", "battery stable");
    assert.match(await page.textContent("#again-wrong"), /not the same/);
    await type(other.password, "battery staple", "battery staple");
    await page.waitForURL(/said=password-changed/);
    await left.goto(`${other.url}/webui/orders`);
    assert.match(left.url(), /sign-in/);
    await page.goto(`${other.url}/webui/orders`);
    assert.equal(page.url(), `${other.url}/webui/orders`);
    await (await clerk({}, other, "battery staple")).context().close();
  } finally {
    await other.close();
  }
});

test("a shop is made, and its keeper signs in but sees no other shops", async () => {
  const page = await clerk();
  await page.click("nav >> text=Shops");
  await page.fill("#name", "The Pub");
  await page.fill("#id", "pub");
  await page.fill("#password", "correct horse");
  await page.click("text=Create the shop");
  await page.waitForURL(/\/instances\/pub/);
  const keeper = await browser.visitor();
  await keeper.goto(`${till.url}/webui/status`);
  await keeper.fill("#instance", "pub");
  await keeper.fill("#password", "correct horse");
  await keeper.click("main button");
  await keeper.waitForURL(`${till.url}/webui/status`);
  assert.equal(await keeper.textContent("header .shop"), "The Pub");
  assert.equal(await keeper.locator("nav >> text=Shops").count(), 0);
  await isGood(keeper, "settings-status-of-another");
  assert.equal((await keeper.goto(`${till.url}/webui/instances`)).status(), 403);
  await isGood(keeper, "settings-not-permitted");
  for (const one of [page, keeper]) await one.context().close();
});

test("a shopkeeper who has lost the password gets a new one, and corrects the shop's address", async () => {
  till.run("instance", "add", "inn", "--name", "The Inn");
  const page = await clerk();
  await page.goto(`${till.url}/webui/instances/inn`);
  await page.click("#reset summary");
  const type = async (fresh, own) => {
    await page.fill("#new", fresh);
    await page.fill("#again", fresh);
    await page.fill("#own", own);
    await page.click("#reset button");
  };
  await type("battery staple", "wrong horse");
  assert.match(await page.textContent("#own-wrong"), /not the password/);
  assert.equal(await page.inputValue("#new"), "");
  await isGood(page, "settings-reset-wrong", { again: false });
  await type("battery staple", till.password);
  await page.waitForURL(/said=password-reset/);
  await page.click("#details summary");
  await page.fill("#town", "Bern");
  await page.click("#details button");
  await page.waitForURL(/said=kept/);

  const keeper = await browser.visitor();
  await keeper.goto(`${till.url}/webui/details`);
  await keeper.fill("#instance", "inn");
  await keeper.fill("#password", "battery staple");
  await keeper.click("main button");
  await keeper.waitForURL(`${till.url}/webui/details`);
  assert.equal(await keeper.inputValue("#town"), "Bern");
  await keeper.fill("#name", HOSTILE);
  await keeper.fill("#email", "inn@example.org");
  await keeper.click("main form.stack button");
  await keeper.waitForURL(/said=kept/);
  assert.equal(await keeper.textContent("header .shop"), HOSTILE);
  const kept = await till.ask("GET", "/management/instances/inn");
  assert.deepEqual([kept.name, kept.email, kept.address], [HOSTILE, "inn@example.org", { town: "Bern" }]);
  for (const one of [page, keeper]) {
    assert.deepEqual(one.complaints, []);
    await one.context().close();
  }
});

test("the status page of a till without its exchange is good", async () => {
  const folder = mkdtempSync(join(tmpdir(), "tilld-settings-"));
  const key = "8307MFV7XKCZ2QQTTJ5RCKX613WVXNBTRTE41XSJMZAT49742QD0";
  writeFileSync(join(folder, "tilld.toml"),
    `[[exchange]]\nbase_url = "http://127.0.0.1:9/"\nmaster_public_key = "${key}"\ncurrency = "KUDOS"\n`);
  const alone = await Till.open({ env: { TILLD_CONFIG: join(folder, "tilld.toml") } });
  try {
    const page = await clerk({}, alone);
    await page.goto(`${alone.url}/webui/status`);
    for (let left = 50; !(await page.content()).includes("could not be reached"); left -= 1) {
      assert.ok(left > 0, await page.textContent("main"));
      await page.reload();
    }
    await isGood(page, "settings-status-alone");
  } finally {
    await alone.close();
    rmSync(folder, { recursive: true, force: true });
  }
});
