// A shop with a running till: the real program, its own folder, a random port.
import { spawn, execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

export const ROOT = join(import.meta.dirname ?? new URL("..", import.meta.url).pathname, "..", "..", "..");
const PROGRAM = process.env.TILLD ?? join(ROOT, "target", "debug", "tilld");
const ACCOUNT = "payto://iban/DE75512108001245126199?receiver-name=Shop";

/** Starts `args` and waits for the first line for which `isReady` returns something. */
function started(args, env, stream, isReady) {
  const child = spawn(PROGRAM, args, { env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "pipe"] });
  child[stream === "stdout" ? "stderr" : "stdout"].resume();
  return new Promise((resolve, reject) => {
    let said = "";
    const lines = createInterface({ input: child[stream] });
    lines.on("line", (line) => {
      said += `${line}\n`;
      const ready = isReady(line, said);
      if (ready) resolve({ child, ready });
    });
    child.on("exit", (code) => reject(new Error(`it ended with ${code}: ${said}`)));
  });
}

export class Till {
  /** A till with the instance `admin`, its account, a password and a token for everything. */
  static async open({ env = {}, password = "correct horse", port = 0 } = {}) {
    const till = new Till();
    till.folder = mkdtempSync(join(tmpdir(), "tilld-browser-"));
    till.password = password;
    till.env = env;
    till.run("instance", "add", "admin", "--create", "--name", "Shop");
    till.run("account", "add", "admin", ACCOUNT);
    till.feed(`${password}\n`, "passwd", "admin", "--password-file", "-");
    till.token = till.run("token", "create", "admin", "--scope", "all");
    await till.start(port);
    return till;
  }

  /** A till without any shop, and the address of the link by which the first one is made. */
  static async empty() {
    const till = new Till();
    till.folder = mkdtempSync(join(tmpdir(), "tilld-browser-"));
    till.password = "correct horse";
    till.env = {};
    await till.start();
    // The command knows the settings' address only; the daemon has a random port.
    till.link = `${till.url}/webui/setup#${till.run("setup-link").match(/setup#(\w+)/)[1]}`;
    return till;
  }

  args(rest) {
    return ["--database", join(this.folder, "tilld.db"), ...rest];
  }

  /** Runs a command of tilld; what it printed. */
  run(...rest) {
    return this.feed("", ...rest);
  }

  feed(input, ...rest) {
    return execFileSync(PROGRAM, this.args(rest), { input, env: { ...process.env, ...this.env } })
      .toString().trim();
  }

  async start(port = 0) {
    // All wallets are on this machine.
    const env = {
      TILLD_SERVER__LISTEN: `127.0.0.1:${port}`, TILLD_STRANGERS__NETWORK_BURST: "1000000", ...this.env,
    };
    const { child, ready } = await started(this.args(["serve"]), env, "stderr", (line, said) =>
      line.includes("ready, database") && said.match(/listening at (\S+?)\/?\n/)?.[1]);
    this.child = child;
    // Secure cookies need https or "localhost" (Chromium: also 127.0.0.1).
    this.url = ready;
  }

  async stop(signal = "SIGTERM") {
    const gone = new Promise((resolve) => this.child.once("exit", resolve));
    this.child.kill(signal);
    await gone;
  }

  async close() {
    await this.stop("SIGKILL");
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Asks the API with the shop's token. */
  async ask(method, path, body) {
    const answer = await fetch(this.url + path, {
      method,
      headers: { Authorization: `Bearer ${this.token}`, Accept: "application/json" },
      body: body && JSON.stringify(body),
    });
    const text = await answer.text();
    if (!answer.ok && answer.status !== 402) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return text ? JSON.parse(text) : null;
  }

  /** Makes an order; `{ id, token, path }`, the path being its page's. */
  async order(order, more = {}) {
    const made = await this.ask("POST", "/private/orders", { order, ...more });
    const query = made.token ? `?token=${made.token}` : "";
    return { id: made.order_id, token: made.token, path: `/orders/${made.order_id}${query}` };
  }

  /** Changes the database behind the till's back; `sql` with `?` for `values`. */
  tamper(sql, ...values) {
    const script = "import json, sqlite3, sys\nwith sqlite3.connect(sys.argv[1]) as db: db.execute(sys.argv[2], json.loads(sys.argv[3]))";
    execFileSync("python3", ["-c", script, join(this.folder, "tilld.db"), sql, JSON.stringify(values)]);
  }

  /** Lets the time for refunds of an order end so many seconds from now, as that of one paid with coins does. */
  refundableFor(id, seconds) {
    const deadline = Math.floor(Date.now() / 1000) + seconds;
    this.tamper("UPDATE orders SET refund_deadline_s = ? WHERE order_id = ?", deadline, id);
  }

  /** Takes money for an order at the counter. */
  pay(id, amount) {
    return this.ask("POST", `/private/orders/${id}/payments`, { method: "cash", amount });
  }
}

export class Demo {
  /** `tilld demo`, with what it prints. */
  static async open() {
    const demo = new Demo();
    demo.folder = mkdtempSync(join(tmpdir(), "tilld-demo-"));
    const args = ["demo", "--listen", "127.0.0.1:0", "--data-dir", demo.folder];
    const { child, ready } = await started(args, {}, "stdout", (line, said) =>
      line.includes("play money") && Object.fromEntries(
        [...said.matchAll(/^(Shop|API|Exchange|Token): (\S+)$/gm)].map(([, name, value]) => [name.toLowerCase(), value])));
    return Object.assign(demo, ready, { child });
  }

  async close() {
    const gone = new Promise((resolve) => this.child.once("exit", resolve));
    this.child.kill("SIGTERM");
    await gone;
    rmSync(this.folder, { recursive: true, force: true });
  }
}
