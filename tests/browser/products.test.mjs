// Products, their stock, tables of them, and devices for one-time codes, in a browser.
import assert from "node:assert/strict";
import { createHmac, randomBytes } from "node:crypto";
import { after, before, test } from "node:test";
import { PNG } from "pngjs";
import { Browser, decoded, isGood } from "./actors/browser.mjs";
import { Till } from "./actors/till.mjs";

const HOSTILE = `<img src=x onerror=alert(1)>"'&{{7*7}}`;

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

/** A picture of this size, of noise, so that no compression makes it small. */
function photo(width, height) {
  const png = new PNG({ width, height });
  randomBytes(png.data.length).copy(png.data);
  for (let at = 3; at < png.data.length; at += 4) png.data[at] = 255;
  return PNG.sync.write(png);
}

const file = (name, mimeType, buffer) => ({ name, mimeType, buffer: Buffer.from(buffer) });

/** The code of RFC 6238 with eight digits for a key in base32. */
function totp(key, seconds) {
  const bits = [...key].map((c) => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(c).toString(2).padStart(5, "0")).join("");
  const secret = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(seconds / 30)));
  const mac = createHmac("sha1", secret).update(counter).digest();
  return String((mac.readUInt32BE(mac.at(-1) & 15) & 0x7fffffff) % 1e8).padStart(8, "0");
}

test("a product is typed in on a phone, and its picture is made small", async () => {
  const page = await clerk();
  await page.click("nav >> text=Products");
  await page.click("text=Categories");
  await page.fill("#name", "Cheese and milk");
  await page.click("text=Save");
  await page.waitForURL(/said=kept/);
  await page.click("nav >> text=Products");
  await page.click("text=New product");
  await page.fill("#name", "Bergkäse");
  await page.fill("#price", "2,50");
  await page.selectOption("#unit", { label: "kilogram" });
  await page.fill("#stock", "12,5");
  await page.check("text=Cheese and milk");
  const large = photo(1600, 1200);
  assert.ok(large.length > 2_000_000, `${large.length}`);
  await page.setInputFiles("#picture", file("photo.png", "image/png", large));
  await page.locator("canvas.picture").waitFor();
  await page.click("summary:has-text('More')");
  await page.fill("#low_stock", "20");
  await page.fill("#tax_percent", "8,1");
  await isGood(page, "products-filled-in", { again: false });
  await page.click("main button[type=submit]:has-text('Save')");
  await page.waitForURL(/said=kept/);
  const product = await till.ask("GET", "/private/products/bergkaese");
  assert.deepEqual([product.price, product.unit_total_stock, product.unit, product.taxes[0].name],
    ["KUDOS:2.5", "12.5", "WeightUnitKg", "VAT 8.1 %"]);
  assert.match(product.image, /^data:image\/(webp|jpeg|png);base64,/);
  assert.ok(product.image.length < 614_400, `${product.image.length}`);
  const size = await page.locator("img.picture").evaluate(async (image) => {
    await image.decode();
    return [image.naturalWidth, image.naturalHeight];
  });
  assert.deepEqual(size, [512, 384]);
  assert.match(await page.textContent("#stock"), /12.5 kg.*low/s);

  await page.selectOption("#reason", "breakage");
  await page.fill("#quantity", "0.5");
  await page.fill("#note", "Mould");
  await page.click("text=Change the stock");
  await page.waitForURL(/said=stocked/);
  assert.match(await page.textContent("#stock"), /12 kg.*−0.5.*Broken or spoiled.*Mould/s);
  await page.goto(`${till.url}/webui/products?low=only`);
  assert.match(await page.textContent("main"), /Bergkäse.*low/s);
  await page.locator(".items img").evaluate((image) => image.decode());

  // What is no picture is said at once.
  await page.click("text=Bergkäse");
  await page.setInputFiles("#picture", file("notes.png", "image/png", "no picture"));
  await page.locator("[data-picture] [role=alert]:visible").waitFor();
  assert.equal(await page.inputValue("#picture"), "");
  await page.click("#delete summary");
  await page.click("text=Delete the product");
  await page.waitForURL(/said=gone/);
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test("without script a picture is taken as it is, if it is small enough", async () => {
  const page = await clerk({ javaScriptEnabled: false });
  const small = photo(80, 60);
  await page.goto(`${till.url}/webui/new-product`);
  await page.fill("#name", "Stamp");
  await page.fill("#price", "1");
  await page.setInputFiles("#picture", file("stamp.png", "image/png", small));
  await page.click("main button[type=submit]:has-text('Save')");
  await page.waitForURL(/said=kept/);
  const { image } = await till.ask("GET", "/private/products/stamp");
  assert.equal(image, `data:image/png;base64,${small.toString("base64")}`);
  await page.setInputFiles("#picture", file("photo.png", "image/png", photo(400, 400)));
  await page.click("main button[type=submit]:has-text('Save')");
  assert.match(await page.textContent("#picture-wrong"), /450 kB/);
  assert.equal((await till.ask("GET", "/private/products/stamp")).image, image);
  await page.context().close();
});

for (const javaScriptEnabled of [true, false]) {
  const how = javaScriptEnabled ? "" : " without script";

  test(`a table is looked at before it is taken over${how}`, async () => {
    const page = await clerk({ javaScriptEnabled, locale: "de-DE" });
    const id = javaScriptEnabled ? "4006381333931" : "4006381333948";
    const table = `Artikelnummer;Name;Preis;Bestand;Warengruppe\r\n${id};Milch;1,20;30;Kühlregal\r\n`;
    await page.goto(`${till.url}/webui/product-import`);
    await page.setInputFiles("#file", file("waren.csv", "text/csv", table.replace("1,20", "viel")));
    await page.click("text=Ansehen, was sich ändern würde");
    assert.match(await page.textContent("#faults"), /Zeile 2, Spalte price:/);
    await page.setInputFiles("#file", file("waren.csv", "text/csv", table));
    await page.click("text=Ansehen, was sich ändern würde");
    await page.waitForURL(/table=/);
    assert.match(await page.textContent("#preview"), /Milch.*neu.*1,20.*30/s);
    await assert.rejects(till.ask("GET", `/private/products/${id}`));
    await page.click("text=Übernehmen");
    await page.waitForURL(/said=imported/);
    assert.equal((await till.ask("GET", `/private/products/${id}`)).price, "KUDOS:1.2");
    await page.goto(`${till.url}/webui/product-import`);
    await page.click("summary:has-text('Oder die Tabelle')");
    await page.fill("#table", table.replaceAll(";", "\t"));
    await page.click("text=Ansehen, was sich ändern würde");
    await page.waitForURL(/table=/);
    assert.match(await page.textContent("#preview"), /ändert nichts/);
    // A spreadsheet that was taken away comes back as it is.
    await page.goto(`${till.url}/webui/product-import`);
    const [download] = await Promise.all([page.waitForEvent("download"), page.click("text=Tabelle (XLSX)")]);
    await page.setInputFiles("#file", await download.path().then(async (path) =>
      file("products.xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        (await import("node:fs")).readFileSync(path))));
    await page.click("text=Ansehen, was sich ändern würde");
    await page.waitForURL(/table=/);
    assert.match(await page.textContent("#preview"), /ändert nichts/);
    assert.deepEqual(page.complaints, []);
    await page.context().close();
  });

  test(`a code device is set up by its QR code, and a template uses it${how}`, async () => {
    const id = javaScriptEnabled ? "hall-1" : "hall-2";
    const page = await clerk({ javaScriptEnabled });
    await page.click("nav >> text=Code devices");
    await page.click("text=New device");
    await page.fill("#description", "Hall & stairs");
    await page.fill("#id", id);
    await page.click("text=Save");
    await page.waitForURL(/fresh=/);
    const key = await page.textContent("#otp-key");
    const scanned = new URL(await decoded(page.locator("#fresh svg.qr")));
    assert.equal(scanned.protocol, "otpauth:");
    assert.equal(decodeURIComponent(scanned.pathname.split("/").at(-1)), "Shop:Hall & stairs");
    assert.deepEqual(Object.fromEntries(scanned.searchParams),
      { secret: key, issuer: "Shop", algorithm: "SHA1", digits: "8", period: "30" });
    await page.reload();
    assert.equal(await page.locator("#otp-key").count(), 0);
    assert.match(await page.textContent("main .note[role=status]"), /shown before/);
    const shown = (await page.textContent(".onecode")).replace(/\s/g, "");
    const now = Date.now() / 1000;
    assert.ok([now, now - 30].some((at) => totp(key, at) === shown), shown);

    await page.goto(`${till.url}/webui/new-template`);
    await page.fill("#description", "Machine");
    await page.fill("#id", `machine-${id}`);
    await page.fill("#summary", "Coffee");
    await page.fill("#amount", "2");
    await page.click("summary:has-text('More')");
    await page.selectOption("#otp_id", id);
    await page.click("main button[type=submit]:has-text('Save')");
    await page.waitForURL(/said=kept/);
    assert.equal(await page.inputValue("#otp_id"), id);
    assert.equal((await till.ask("GET", `/private/templates/machine-${id}`)).otp_id, id);

    await page.goto(`${till.url}/webui/otp-devices/${id}`);
    await page.click("#renew summary");
    await page.selectOption("#renew select", "price");
    await page.click("text=Make a new key");
    await page.waitForURL(/fresh=/);
    assert.notEqual(await page.textContent("#otp-key"), key);
    assert.equal(await page.locator("#fresh svg.qr").count(), 0);
    assert.deepEqual(page.complaints, []);
    await page.context().close();
  });
}

test("the code on the page becomes the next one by itself", async () => {
  await till.ask("POST", "/private/otp-devices", { otp_device_id: "clock", otp_device_description: "Clock",
    otp_key: "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", otp_algorithm: 1 });
  const page = await clerk();
  await page.goto(`${till.url}/webui/otp-devices/clock`);
  const first = await page.textContent(".onecode");
  await page.waitForFunction((old) => document.querySelector(".onecode").textContent !== old, first, { timeout: 45_000 });
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test("what a customer brings back is put back beside the refund", async () => {
  await till.ask("POST", "/private/products",
    { product_id: "cup", description: "Cup", unit: "Piece", total_stock: 10, price: "KUDOS:5" });
  const order = await till.ask("POST", "/private/orders",
    { order: { summary: "Cups" }, inventory_products: [{ product_id: "cup", quantity: 3 }], refund_delay: { d_us: 86400e6 } });
  await till.pay(order.order_id, "KUDOS:15");
  const page = await clerk();
  await page.goto(`${till.url}/webui/orders/${order.order_id}`);
  await page.click("#return summary");
  await page.fill("#return input[type=text]", "2");
  await isGood(page, "products-return", { again: false });
  await page.click("#return button");
  await page.waitForURL(/said=stocked/);
  assert.equal((await till.ask("GET", "/private/products/cup")).unit_available, "9");
  await page.context().close();
});

test("every page of products and devices is good in both languages", async () => {
  const { category_id } = await till.ask("POST", "/private/categories", { name: HOSTILE });
  await till.ask("POST", "/private/products", { product_id: HOSTILE, product_name: HOSTILE, description: HOSTILE, unit: HOSTILE,
    total_stock: 0, price: "KUDOS:1234.5", categories: [category_id],
    image: `data:image/png;base64,${photo(20, 20).toString("base64")}` });
  const { products } = await till.ask("GET", "/private/products?limit=-1");
  const one = `products/${products[0].product_serial}`;
  await till.ask("POST", "/private/otp-devices", { otp_device_id: "hostile.:_-hostile", otp_device_description: HOSTILE,
    otp_key: "GEZDGNBV", otp_algorithm: 2 });
  for (const [locale, language] of [["en-GB", "en"], ["de-DE", "de"]]) {
    const page = await clerk({ locale });
    await page.goto(`${till.url}/webui/${one}`);
    await page.fill("#quantity", "3");
    await page.fill("#note", HOSTILE);
    await page.click("#stock button");
    await page.waitForURL(/said=stocked/);
    for (const [name, path] of [
      ["list", "products"], ["none", "products?q=nothing"], ["new", "new-product"], ["one", one], ["categories", "categories"],
      ["category", `categories/${category_id}`], ["import", "product-import"], ["devices", "otp-devices"],
      ["new-device", "new-otp-device"], ["device", "otp-devices/hostile.:_-hostile?price=2.5"],
    ]) {
      await page.goto(`${till.url}/webui/${path}`);
      for (const details of await page.locator("details").all()) {
        await details.evaluate((node) => { node.open = true; });
      }
      await isGood(page, `products-${name}-${language}`);
    }
    await page.goto(`${till.url}/webui/product-import`);
    await page.setInputFiles("#file", file("t.csv", "text/csv", `product_id,name,price\n"${HOSTILE.replaceAll('"', '""')}",New,2\nn-${language},Bread,2\n`));
    await page.click("#form button");
    await page.waitForURL(/table=/);
    await isGood(page, `products-preview-${language}`);
    await page.goto(`${till.url}/webui/new-product`);
    await page.fill("#name", "Tea");
    await page.fill("#price", "1.2.3");
    await page.click("main button[type=submit]");
    await page.locator("#price-wrong").waitFor();
    await isGood(page, `products-wrong-${language}`, { again: false });
    await page.goto(`${till.url}/webui/new-otp-device`);
    await page.fill("#description", HOSTILE);
    await page.fill("#id", `good-${language}`);
    await page.click("main form.stack button");
    await page.waitForURL(/fresh=/);
    await isGood(page, `products-key-${language}`, { again: false });
    assert.deepEqual(page.complaints, []);
    await page.context().close();
  }
});
