"""A daemon with a shop in it, and requests that could come from its shopkeeper and its customers' wallets."""

import json
import os
import re
import struct
import subprocess
import tempfile
import threading

import requests
from nacl.signing import SigningKey

IBAN = "payto://iban/DE75512108001245126199?receiver-name=Shop"
SPARE = "payto://iban/CH9300762011623852957?receiver-name=Shop"
PAGE = "https://shop.example/article"
#: Where nobody listens.
NOBODY = "http://127.0.0.1:1024/hook"
PASSWORD = "correct horse"
PICTURE = "data:image/gif;base64,R0lGODlhAQABAAAAACw="
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def base32(data):
    """Crockford's base32 as Taler writes it."""
    bits = "".join(f"{byte:08b}" for byte in data)
    bits += "0" * (-len(bits) % 5)
    return "".join(ALPHABET[int(bits[at : at + 5], 2)] for at in range(0, len(bits), 5))


def unbase32(text):
    bits = "".join(f"{ALPHABET.index(letter):05b}" for letter in text)
    return bytes(int(bits[at : at + 8], 2) for at in range(0, len(bits) - 7, 8))


class Daemon:
    """A running tilld with the instances `admin`, `shop` and `spare`."""

    def __init__(self, program):
        self.program = program
        self.room = tempfile.TemporaryDirectory(prefix="tilld-api-")
        clean = {name: value for name, value in os.environ.items() if not name.startswith("TILLD_")}
        self.env = clean | {
            "TILLD_DATABASE__PATH": f"{self.room.name}/tilld.db",
            "TILLD_SERVER__LISTEN": "127.0.0.1:0",
            "TILLD_ADMIN__LISTEN": "127.0.0.1:0",
            "TILLD_LOG__LEVEL": "info",
            # Past this, polls are answered at once: nobody waits in vain for what does not happen.
            "TILLD_POLLS__MAX_TOTAL": "0",
            # So that wrong passwords are those of one client, who is refused after a few: see the headers in
            # schemathesis.toml. Whom nobody names would be slowed down instead.
            "TILLD_SERVER__TRUSTED_PROXIES": "127.0.0.1",
            # All wallets are on this machine.
            "TILLD_STRANGERS__NETWORK_BURST": "1000000",
            "TILLD_STRANGERS__NETWORK_PER_MINUTE": "1000000",
            "TILLD_STRANGERS__TEMPLATE_BURST": "1000000",
            "TILLD_STRANGERS__TEMPLATE_PER_MINUTE": "1000000",
            "TILLD_STRANGERS__MAX_OPEN_ORDERS": "1000000",
            # A receiver of webhooks that is not there.
            "TILLD_WEBHOOKS__ALLOW": "localhost",
            "TILLD_LEGAL__TERMS": f"{self.room.name}/terms.md",
            "TILLD_LEGAL__PRIVACY": f"{self.room.name}/terms.md",
        }
        with open(f"{self.room.name}/terms.md", "w") as file:
            file.write("# Terms\n")
        for instance in ("admin", "shop", "spare"):
            self.tell("instance", "add", instance, "--create", "--password-file", "-", say=PASSWORD)
            for account in (IBAN, SPARE):
                self.tell("account", "add", instance, account)
        self.tokens = {name: self.token(name) for name in ("admin", "shop", "spare")}
        self.process = subprocess.Popen(
            [program, "serve"], env=self.env, stderr=subprocess.PIPE, text=True
        )
        self.url = self.admin = None
        for line in self.process.stderr:
            if found := re.search(r"listening at (\S+?)/?$", line.strip()):
                self.url = found[1]
            if found := re.search(r"metrics at (\S+?)/metrics$", line.strip()):
                self.admin = found[1]
            if "ready, database" in line:
                break
        if not self.url:
            raise SystemExit("the daemon did not start")
        self.errors = []
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        """Keeps what the daemon complains of; it says nothing else at this level."""
        for line in self.process.stderr:
            if "ERROR" in line or "panicked" in line:
                self.errors.append(line.rstrip())

    def tell(self, *words, say=None):
        done = subprocess.run(
            [self.program, *words], env=self.env, input=say, text=True, capture_output=True
        )
        if done.returncode:
            raise SystemExit(f"{words}: {done.stderr}")
        return done.stdout.strip()

    def token(self, instance):
        return self.tell("token", "create", instance, "--scope", "all:refreshable")

    def stop(self):
        self.process.terminate()
        self.process.wait(10)
        self.room.cleanup()


class Shop:
    """One instance, from inside and outside."""

    def __init__(self, url, instance, token):
        self.base = url if instance == "admin" else f"{url}/instances/{instance}"
        self.root, self.instance, self.token = url, instance, token
        self.session = requests.Session()
        self.session.trust_env = False
        self.key = SigningKey(bytes(32))
        self.nonce = base32(bytes(self.key.verify_key))

    def ask(self, method, path, body=None, good=(200, 204)):
        header = {"Authorization": f"Bearer {self.token}"}
        answer = self.session.request(method, self.base + path, json=body, headers=header)
        if answer.status_code not in good:
            raise RuntimeError(f"{method} {path}: {answer.status_code} {answer.text}")
        return answer.json() if answer.content else None

    def order(self, **more):
        """Makes an order; its name and token."""
        order = {"summary": "Tea", "amount": "KUDOS:5", "fulfillment_url": PAGE}
        order |= {"extra": {"a": 1}, "$forgettable": {"extra": True}} | more
        made = self.ask("POST", "/private/orders", {"order": order, "session_id": "S1"})
        return {"order_id": made["order_id"], "token": made["token"]}

    def claimed(self, **more):
        """Makes an order and claims it; its name, token and contract's hash."""
        order = self.order(**more)
        claim = {"nonce": self.nonce, "token": order["token"]}
        self.ask("POST", f"/orders/{order['order_id']}/claim", claim)
        page = self.ask("GET", f"/private/orders/{order['order_id']}")
        order["h_contract"] = re.search("h_contract=(\\w+)", page["order_status_url"])[1]
        return order

    def paid(self, **more):
        """Makes an order that is paid at the counter; with its receipt."""
        order = self.claimed(**more)
        receipt = self.ask("POST", f"/private/orders/{order['order_id']}/payments", {"method": "cash"})
        return order | {"sig": receipt["sig"]}

    def refunded(self):
        """Makes an order of which a part was given back."""
        order = self.paid()
        refund = {"refund": "KUDOS:1", "reason": "cold"}
        self.ask("POST", f"/private/orders/{order['order_id']}/refund", refund)
        return order

    def unclaim_signature(self, h_contract):
        message = struct.pack(">II", 72, 1223) + unbase32(h_contract)
        return base32(self.key.sign(message).signature)

    def fresh_token(self):
        """A token that may end; for those that end by what is tried."""
        return self.ask("POST", "/private/token", {"scope": "readonly"})["access_token"]

    def product(self, name, **more):
        """Adds a product, unless an earlier run has."""
        product = {"product_id": name, "description": name, "unit": "Piece", "total_stock": -1, "price": "KUDOS:1"}
        self.ask("POST", "/private/products", product | more, good=(204, 409))
        return name

    def numbered(self, path, name, number, **more):
        """A new category, group or pot; its number."""
        body = {name: f"{number} {os.urandom(8).hex()}", "description": "x"} | more
        return self.ask("POST", path, body)[number]

    def transfer(self, wtid):
        """Says that a transfer has arrived; its number."""
        body = {"credit_amount": "KUDOS:1", "wtid": wtid, "payto_uri": IBAN,
                "exchange_url": "https://exchange.example/"}
        self.ask("POST", "/private/transfers", body, (204, 409))
        return self.ask("GET", "/private/transfers?limit=-1")["transfers"][0]["transfer_serial_id"]

    def unit(self, name):
        """Adds a unit."""
        self.ask("POST", "/private/units", {"unit": name, "unit_name_long": name, "unit_name_short": name})
        return name

    def stock(self):
        """A product, a category, a group, a pot and a unit."""
        self.product("tea", image=PICTURE)
        self.unit("Crate")
        self.category = self.numbered("/private/categories", "name", "category_id")
        self.group = self.numbered("/private/groups", "group_name", "group_serial_id")
        self.pot = self.numbered("/private/pots", "pot_name", "pot_serial_id")
        cart = {"template_type": "inventory-cart", "summary": "Cart", "selected_products": ["tea"]}
        template = {"template_id": "cart", "template_description": "x", "template_contract": cart}
        self.ask("POST", "/private/templates", template, good=(204, 409))

    def furnish(self):
        """An order in each state, a template of each kind, and their names."""
        paywall = {"template_type": "paivana", "amount": "KUDOS:1", "summary": "Page"}
        for name, contract in {"open": {"request_tip": True}, "mine": {}, "paywall": paywall}.items():
            template = {"template_id": name, "template_description": name, "template_contract": contract}
            # An earlier run has made them.
            self.ask("POST", "/private/templates", template, good=(204, 409))
        self.stock()
        for name, kind in {"there": "order_created", "mine": "category_added"}.items():
            webhook = {"webhook_id": name, "event_type": kind, "url": NOBODY, "http_method": "POST"}
            self.ask("POST", "/private/webhooks", webhook, good=(204, 409))
        accounts = self.ask("GET", "/private/accounts")["accounts"]
        spare = next(account for account in accounts if account["payto_uri"] == SPARE)
        return {"spare": spare["h_wire"], "accounts": [account["h_wire"] for account in accounts]}
