// The page of webhooks in a browser, with a receiver on this machine.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { Browser, isGood } from "./actors/browser.mjs";
import { Till } from "./actors/till.mjs";

const HOSTILE = `<img src=x onerror=alert(1)>"'&{{summary}}`;

/** A shop's program: what it was sent, and what it answers. */
class Receiver {
  static async open() {
    const receiver = new Receiver();
    receiver.calls = [];
    receiver.status = 204;
    receiver.server = createServer(async (request, response) => {
      const body = Buffer.concat(await request.toArray()).toString();
      receiver.calls.push({ headers: request.headers, body });
      response.writeHead(receiver.status).end();
      receiver.server.emit("call");
    });
    receiver.server.listen(0, "127.0.0.1");
    await once(receiver.server, "listening");
    receiver.url = `http://127.0.0.1:${receiver.server.address().port}/hook`;
    return receiver;
  }

  /** The first call that `fits`, now or later. */
  async call(fits) {
    for (;;) {
      const found = this.calls.find(fits);
      if (found) return found;
      await once(this.server, "call");
    }
  }

  close() {
    this.server.close();
    this.server.closeAllConnections();
  }
}

let till, browser, receiver;
before(async () => {
  [till, browser, receiver] = await Promise.all([
    Till.open({ env: { TILLD_WEBHOOKS__ALLOW: "localhost" } }), Browser.open(), Receiver.open(),
  ]);
});
after(async () => { await browser?.close(); await till?.close(); receiver?.close(); });

/** Does the call have a signature by this secret? */
function isSigned({ headers, body }, secret) {
  const key = Buffer.from(secret.replace("whsec_", ""), "base64");
  const content = `${headers["webhook-id"]}.${headers["webhook-timestamp"]}.${body}`;
  const ours = `v1,${createHmac("sha256", key).update(content).digest("base64")}`;
  return headers["webhook-signature"].split(" ").includes(ours);
}

/** Somebody who has signed in by typing the password. */
async function clerk(options = {}) {
  const page = await browser.visitor(options);
  await page.goto(`${till.url}/webui/orders`);
  await page.fill("#password", till.password);
  await page.click("main button");
  await page.waitForURL(`${till.url}/webui/orders`);
  return page;
}

async function sold() {
  const order = await till.order({ summary: HOSTILE, amount: "KUDOS:2" });
  await till.pay(order.id, "KUDOS:2");
  return order.id;
}

/** Loads the page again until it shows this text in its log. */
async function shown(page, text) {
  for (;;) {
    await page.goto(page.url().split("?")[0]);
    if (await page.locator("#log", { hasText: text }).count()) return;
  }
}

for (const javaScriptEnabled of [true, false]) {
  const how = javaScriptEnabled ? "" : " without script";

  test(`a webhook is added, tried, sent again, changed and deleted${how}`, async () => {
    const id = javaScriptEnabled ? "paid" : "paid-2";
    receiver.calls = [];
    receiver.status = 204;
    const page = await clerk({ javaScriptEnabled });
    await page.click("nav >> text=Webhooks");
    await page.click("text=New webhook");
    await page.fill("#id", id);
    await page.fill("#url", "http://10.0.0.1/");
    await page.click("text=Save");
    assert.match(await page.textContent("#url-wrong"), /may not be called/);
    await page.fill("#url", receiver.url);
    await page.click("details summary");
    await page.fill("#body_template", `{"order":"{{order_id}}","text":"{{summary}}"`);
    await page.fill("#header_template", "Host: other.example");
    await page.click("text=Save");
    assert.match(await page.textContent("#header_template-wrong"), /tilld sets itself/);
    await page.fill("#body_template", `{"order":"{{order_id}}",\n"text":"{{summary}}"}`);
    await page.fill("#header_template", "X-Shop: 17\nX-Order: {{order_id}}");
    await page.click("text=Save");
    await page.waitForURL(/fresh=/);
    const secret = await page.textContent("#secret");
    assert.match(secret, /^whsec_[A-Za-z0-9+/]{43}=$/);
    await page.reload();
    assert.equal(await page.locator("#secret").count(), 0);
    assert.match(await page.textContent("main .note[role=status]"), /shown before/);

    await page.click("text=Send a test");
    await page.waitForURL(/tested=/);
    assert.match(await page.textContent("#tested"), /took the call.*204/s);
    const tried = await receiver.call(({ headers }) => headers["webhook-test"] === "yes");
    assert.ok(isSigned(tried, secret));
    assert.ok((await page.textContent("#tested")).includes(tried.headers["webhook-id"]));
    assert.match(JSON.parse(tried.body).order, /^TEST-/);

    const order = await sold();
    const call = await receiver.call(({ headers }) => headers["x-order"] === order);
    assert.ok(isSigned(call, secret));
    assert.deepEqual(JSON.parse(call.body), { order, text: HOSTILE });
    await shown(page, "delivered");
    assert.equal(await page.locator("#log a").first().textContent(), order);

    receiver.calls = [];
    await page.click("#log >> text=Send again");
    await page.waitForURL(/said=resent/);
    const again = await receiver.call(({ headers }) => headers["x-order"] === order);
    assert.equal(again.headers["webhook-id"], call.headers["webhook-id"]);

    await page.click("#renew summary");
    await page.click("text=Make a new secret");
    await page.waitForURL(/fresh=/);
    const newer = await page.textContent("#secret");
    assert.notEqual(newer, secret);
    await page.click("text=I have it");
    const next = await sold();
    const both = await receiver.call(({ headers }) => headers["x-order"] === next);
    assert.ok(isSigned(both, secret) && isSigned(both, newer));

    // The receiver wants no more; then it does.
    receiver.status = 410;
    await sold();
    await shown(page, "wants no more calls");
    assert.match(await page.textContent("#state"), /out of use/);
    receiver.status = 204;
    await page.click("text=Use it again");
    await page.waitForURL(/said=kept/);
    assert.doesNotMatch(await page.textContent("#state"), /out of use/);

    await page.goto(`${till.url}/webui/webhooks`);
    assert.match(await page.textContent("main"), new RegExp(`${id}.*An order is paid`, "s"));
    await page.click(`main >> text="${id}"`);
    await page.selectOption("#event_type", "refund");
    await page.click("text=Save");
    await page.waitForURL(/said=kept/);
    assert.equal((await till.ask("GET", `/private/webhooks/${id}`)).event_type, "refund");
    await page.click("#delete summary");
    await page.click("text=Delete the webhook");
    await page.waitForURL(/said=gone/);
    assert.deepEqual((await till.ask("GET", "/private/webhooks")).webhooks, []);
    assert.deepEqual(page.complaints, []);
    await page.context().close();
  });
}

test("every page of webhooks is good in both languages", async () => {
  receiver.status = 401;
  await till.ask("POST", "/private/webhooks", {
    webhook_id: "hostile.~:@-hostile-hostile-hostile-hostile-hostile-hostile", event_type: "pay", http_method: "POST",
    url: `${receiver.url}/${"long".repeat(60)}?o={{order_id}}`, body_template: HOSTILE, header_template: "X-A: {{order_id}}",
  });
  const path = "webhooks/hostile.~:@-hostile-hostile-hostile-hostile-hostile-hostile";
  await sold();
  await receiver.call(({ headers }) => headers["x-a"]?.startsWith("20"));
  for (const [locale, language] of [["en-GB", "en"], ["de-DE", "de"]]) {
    const page = await clerk({ locale });
    await page.goto(`${till.url}/webui/${path}`);
    await shown(page, "401");
    for (const [name, place] of [["list", "webhooks"], ["new", "new-webhook"], ["one", path], ["status", "status"]]) {
      await page.goto(`${till.url}/webui/${place}`);
      for (const details of await page.locator("details").all()) {
        await details.evaluate((one) => { one.open = true; });
      }
      await isGood(page, `webhooks-${name}-${language}`);
    }
    await page.goto(`${till.url}/webui/${path}`);
    await page.click("#state form button");
    await page.waitForURL(/tested=/);
    await page.locator("#tested .note.bad").waitFor();
    await isGood(page, `webhooks-tested-${language}`, { again: false });
    await page.goto(`${till.url}/webui/${path}`);
    await page.click("#renew summary");
    await page.click("#renew button");
    await page.waitForURL(/fresh=/);
    await isGood(page, `webhooks-secret-${language}`, { again: false });
    await page.context().close();
  }
});
