"""A daemon with webhooks, the guide's receivers, and one that keeps what it is sent for the scheme's libraries."""

import contextlib
import json
import os
import queue
import re
import socket
import subprocess
import tempfile
import threading
import time
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from standardwebhooks import Webhook, WebhookVerificationError

RECEIVERS = Path(__file__).parent.parent.parent / "docs/guide/webhook-receivers"
IBAN = "payto://iban/DE75512108001245126199?receiver-name=Shop"
#: Longest wait for anything, in seconds. Everything takes less than one.
PATIENCE = 20


def check(fact, what):
    if not fact:
        raise SystemExit(f"webhooks: {what}")


def ask(method, url, body=None, token=None, headers=()):
    """The status and the JSON of an answer."""
    request = urllib.request.Request(url, method=method, data=None if body is None else body.encode())
    for name, value in [*headers, *([("Authorization", f"Bearer {token}")] if token else [])]:
        request.add_header(name, value)
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return answer.status, json.loads(answer.read() or b"null")
    except urllib.error.HTTPError as error:
        return error.code, None


class Lines:
    """The lines that a program writes, as they come."""

    def __init__(self, stream):
        self.lines = queue.Queue()
        threading.Thread(target=self.read, args=(stream,), daemon=True).start()

    def read(self, stream):
        for line in stream:
            self.lines.put(line.rstrip())

    def find(self, pattern):
        """What the pattern finds in the first line that has it."""
        seen, end = [], time.monotonic() + PATIENCE
        while (left := end - time.monotonic()) > 0:
            with contextlib.suppress(queue.Empty):
                seen.append(self.lines.get(timeout=left))
                if found := re.search(pattern, seen[-1]):
                    return found
        raise SystemExit(f"webhooks: no line with {pattern!r}, but {seen}")


class Sink(ThreadingHTTPServer):
    """Takes all calls, and keeps them."""

    def __init__(self):
        self.calls = queue.Queue()
        super().__init__(("127.0.0.1", 0), Keeper)
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Keeper(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"])).decode()
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.calls.put((headers, body))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def await_port(port):
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise SystemExit(f"webhooks: nobody listens at {port}")


class Shop:
    """A running tilld with one shop."""

    def __init__(self, room, started):
        env = {name: value for name, value in os.environ.items() if not name.startswith("TILLD_")}
        self.env = env | {
            "TILLD_DATABASE__PATH": f"{room}/tilld.db",
            "TILLD_SERVER__LISTEN": "127.0.0.1:0",
            "TILLD_WEBHOOKS__ALLOW": "localhost",
        }
        self.tell("instance", "add", "admin", "--create", "--password-file", "-", say="correct horse")
        self.tell("account", "add", "admin", IBAN)
        self.token = self.tell("token", "create", "admin", "--scope", "all").strip()
        process = subprocess.Popen([os.environ["TILLD"], "serve"], env=self.env, stderr=subprocess.PIPE, text=True)
        started.callback(process.wait)
        started.callback(process.terminate)
        self.log = Lines(process.stderr)
        self.url = self.log.find(r"listening at (http://\S+)")[1]
        self.log.find("ready, database")

    def tell(self, *words, say=None):
        done = subprocess.run(
            [os.environ["TILLD"], *words], env=self.env, input=say, text=True, capture_output=True, check=False
        )
        check(done.returncode == 0, f"tilld {' '.join(words)}: {done.stderr}")
        return done.stdout

    def post(self, path, body, status):
        got, answer = ask("POST", f"{self.url}private/{path}", json.dumps(body), self.token)
        check(got == status, f"POST {path} answered {got}, not {status}")
        return answer

    def add_webhook(self, name, port, event="pay", **more):
        webhook = {"webhook_id": name, "event_type": event, "url": f"http://127.0.0.1:{port}/hook", "http_method": "POST"}
        self.post("webhooks", webhook | more, 204)
        return self.renew_secret(name)

    def renew_secret(self, name):
        return self.post(f"webhooks/{name}/secret", {}, 200)["secret"]

    def sell(self, summary):
        order = {"order": {"summary": summary, "amount": "KUDOS:1"}}
        name = self.post("orders", order, 200)["order_id"]
        self.post(f"orders/{name}/payments", {"method": "cash"}, 200)
        return name


def forged(port, headers, body):
    """What a receiver answers to a call that is not ours."""
    kept = [(name, value) for name, value in headers.items() if name.startswith(("webhook-", "content-type"))]
    return ask("POST", f"http://127.0.0.1:{port}/hook", body, headers=kept)[0]


def node_says(secret, headers, body):
    call = json.dumps({"secret": secret, "headers": headers, "body": body})
    done = subprocess.run(["node", os.environ["VERIFY"]], input=call, text=True, capture_output=True, check=True)
    return done.stdout.strip()


def is_genuine(secret, headers, body):
    """Whether the scheme's two libraries take the call; they must agree."""
    try:
        Webhook(secret).verify(body, headers)
        by_python = True
    except WebhookVerificationError:
        by_python = False
    check((node_says(secret, headers, body) == "genuine") == by_python, "the two libraries disagree")
    return by_python


def libraries_verify(shop):
    sink = Sink()
    template = '{"order":"{{order_id}}","contract":{{contract_terms}},"summary":"{{contract_terms.summary}}"}'
    old = shop.add_webhook("libraries", sink.server_port, body_template=template)
    summary = 'Tea "Earl" \\ </script>\n& more 🍵'
    order = shop.sell(summary)
    headers, body = sink.calls.get(timeout=PATIENCE)
    read = json.loads(body)
    check((read["order"], read["summary"], read["contract"]["summary"]) == (order, summary, summary), f"body {body}")
    check(is_genuine(old, headers, body), "a call is not taken")
    check(not is_genuine(old, headers, body.replace(order, "2026-X")), "a changed body is taken")
    check(not is_genuine(old, headers | {"webhook-id": "evt_other"}, body), "another event's id is taken")
    stale = headers | {"webhook-timestamp": str(int(headers["webhook-timestamp"]) - 600)}
    check(not is_genuine(old, stale, body), "another time is taken")
    # While a secret is replaced, receivers with either take a call.
    new = shop.renew_secret("libraries")
    check(new != old, "the secret stays")
    shop.sell("Coffee")
    headers, body = sink.calls.get(timeout=PATIENCE)
    for secret in (old, new):
        check(is_genuine(secret, headers, body), "a call with two signatures is not taken")
    print("webhooks: the libraries for Python and Node take what is ours, and nothing else")
    return headers, body


def receivers_take(shop, started, call):
    for name, command in (
        ("node", ["node", str(RECEIVERS / "receiver.mjs")]),
        ("python", ["python3", str(RECEIVERS / "receiver.py")]),
        ("php", ["php", "-S", "127.0.0.1:{port}", str(RECEIVERS / "receiver.php")]),
    ):
        port = free_port()
        secret = shop.add_webhook(name, port)
        env = os.environ | {"SECRET": secret, "API": shop.url, "TOKEN": shop.token, "PORT": str(port)}
        command = [word.format(port=port) for word in command]
        process = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        started.callback(process.wait)
        started.callback(process.terminate)
        lines = Lines(process.stdout)
        await_port(port)
        order = shop.sell(f"For {name}")
        lines.find(f"paid {order}")
        check(forged(port, *call) == 401, f"{name}: a call with another webhook's signature is taken")
        check(forged(port, {"content-type": "application/json"}, call[1]) == 401, f"{name}: a call without signature is taken")
        tested = shop.post(f"webhooks/{name}/test", {}, 200)
        check(tested.get("http_status") == 204, f"{name}: a test call is answered {tested}")
        print(f"webhooks: the receiver for {name} takes a payment, and refuses forged calls")


def main():
    with tempfile.TemporaryDirectory(prefix="tilld-webhooks-") as room, contextlib.ExitStack() as started:
        shop = Shop(room, started)
        receivers_take(shop, started, libraries_verify(shop))


main()
