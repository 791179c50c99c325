// What a shopkeeper does with an export: opens it with a spreadsheet, in German and in English, and adds it up.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { Browser } from "./actors/browser.mjs";
import { Till } from "./actors/till.mjs";

let till, browser, folder;
before(async () => {
  folder = mkdtempSync(join(tmpdir(), "tilld-export-"));
  [till, browser] = await Promise.all([Till.open({ env: { TZ: "Europe/Berlin" } }), Browser.open()]);
});
after(async () => {
  await browser?.close();
  await till?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** LibreOffice's numbers of languages. */
const LANGUAGES = { "de-DE": 1031, "en-US": 1033 };
const SALES = [["0012", "KUDOS:1234.5"], ["1-2", "KUDOS:0.1"], ["2026.01", "KUDOS:0.20000001"], ["=A1+1x", "KUDOS:7"]];
const DAYS = "from=2020-01-01&until=2100-01-01&zone=Europe%2FBerlin";

/** Has LibreOffice open `name` and write each of its sheets down: texts in quotes, numbers without. */
function opened(name, importFilter = []) {
  const output = "csv:Text - txt - csv (StarCalc):44,34,76,1,,1033,true,true,false,false,false,-1";
  execFileSync("soffice", ["--headless", `-env:UserInstallation=file://${folder}/profile`, ...importFilter,
    "--convert-to", output, "--outdir", join(folder, "out"), join(folder, name)], { stdio: "pipe" });
  const stem = name.replace(/\.[^.]*$/, "");
  return (sheet = stem) => readFileSync(join(folder, "out", `${stem}-${sheet}.csv`), "utf8").trim().split("\n")
    .map((line) => line.match(/("(?:[^"]|"")*"|[^,]*)(,|$)/g).map((cell) => cell.replace(/,$/, "")));
}

/** The sum of a column, in hundred-millionths; every cell of it must be a number. */
function sum(rows, column) {
  const at = rows[0].indexOf(`"${column}"`);
  assert.notEqual(at, -1, `there is a column ${column}: ${rows[0]}`);
  return rows.slice(1).reduce((total, row) => {
    assert.match(row[at], /^-?\d+(\.\d+)?$/, `${row[at]} is a number`);
    const [whole, fraction = ""] = row[at].split(".");
    return total + BigInt(whole) * 100_000_000n + BigInt(fraction.padEnd(8, "0").slice(0, 8));
  }, 0n);
}

const EXPECTED = 124_180_000_001n;

test("LibreOffice adds an export up to what the books say, in German and in English", async () => {
  for (const [id, amount] of SALES.slice(0, 3)) {
    await till.order({ order_id: id, summary: `Sale ${id}`, amount });
    await till.pay(id, amount);
  }
  const { id } = await till.order({ summary: "=1+1", amount: SALES[3][1] });
  await till.pay(id, SALES[3][1]);
  for (const [locale, language] of Object.entries(LANGUAGES)) {
    const page = await browser.visitor({ locale });
    await page.goto(`${till.url}/webui/orders`);
    await page.fill("#password", till.password);
    await page.click("main button");
    await page.waitForURL(`${till.url}/webui/orders`);
    await page.goto(`${till.url}/webui/export?${DAYS}`);
    const links = await page.locator(".downloads a").evaluateAll((all) => all.map((one) => one.href));
    const file = async (ledger, format) => {
      const link = links.find((one) => one.includes(`ledger=${ledger}&format=${format}&`));
      assert.ok(link, `the page links ${ledger} as ${format}`);
      const name = `${ledger}-${format}-${locale}.${format.replace("local-", "")}`;
      // From the page itself: a secure cookie is sent by the browser only.
      const answer = await page.evaluate(async (address) => {
        const got = await fetch(address);
        return { status: got.status, bytes: [...new Uint8Array(await got.arrayBuffer())] };
      }, link);
      assert.equal(answer.status, 200);
      writeFileSync(join(folder, name), Buffer.from(answer.bytes));
      return name;
    };
    for (const format of ["xlsx", "ods"]) {
      const workbook = opened(await file("all", format));
      for (const ledger of ["orders", "payments"]) {
        assert.equal(sum(workbook(ledger), "amount"), EXPECTED, `${ledger}, ${format}, ${locale}`);
        // Names and summaries are texts, whatever they look like; times are times.
        const rows = workbook(ledger).slice(1);
        assert.deepEqual(rows.slice(0, 3).map((row) => row[0]), ['"0012"', '"1-2"', '"2026.01"']);
        assert.equal(rows[3][2], '"=1+1"');
        for (const row of rows) assert.match(row[1], /^(?!")/, "a time is no text");
      }
      assert.equal(workbook("refunds").length, 1, "a ledger without entries has its heading");
    }

    const separator = locale.startsWith("de") ? 59 : 44;
    const asLocal = [`--infilter=CSV:${separator},34,76,1,,${language},false,true`];
    const local = opened(await file("payments", "local-csv"), asLocal)();
    assert.equal(sum(local, "amount"), EXPECTED, `payments for spreadsheets, ${locale}`);
    assert.deepEqual(page.complaints, []);
    await page.context().close();
  }
});
