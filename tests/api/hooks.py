"""What no document can say: the names of what is there, and which values make sense together.

Schemathesis makes requests of docs/openapi.json as it is. Before one is sent, those parts of it that are
as the document allows are turned into what could come from a real client, three times out of four. Parts
that are meant to be wrong stay as they are.
"""

import atexit
import json
import os
from collections import Counter

import schemathesis
from hypothesis import strategies as st
from schemathesis.core.parameters import ParameterLocation as Place

from shop import IBAN, NOBODY, PAGE, SPARE, Shop

SHOP = Shop(os.environ["TILLD_URL"], os.environ["TILLD_INSTANCE"], os.environ["TILLD_TOKEN"])
THERE = SHOP.furnish()
TURNS = Counter()
INSTANCE = "/instances/{instance}"
#: What browsers see as pages.
PAGED = {form + path for form in ("", INSTANCE) for path in ("/orders/{id}", "/templates/{id}")} | {"/", INSTANCE}
#: Where a name that was met by chance could end what others need, or a template be another one.
GUARDED = ("/management/", "/accounts/", "/tokens/", "/templates/", "/webhooks")
#: A time that does not come while this runs.
FAR = 4_000_000_000

# Texts with rules that no pattern can tell.
URLS = ["https://shop.example/", "http://127.0.0.1:8080/a/", "HTTPS://Shop.Example:443/b/"]
schemathesis.openapi.format("base-url", st.sampled_from(URLS))
PAGES = URLS + [PAGE, "http://[::1]/x?y=z#f", "taler://fulfillment-success/Thank+you"]
schemathesis.openapi.format("fulfillment-url", st.sampled_from(PAGES))
schemathesis.openapi.format("fulfillment-url-of-order", st.sampled_from([*PAGES, "https://x.example/${ORDER_ID}"]))
schemathesis.openapi.format("web-address", st.sampled_from([*URLS, "http:x.example", " https://x.example/a b"]))
PAYTO = [IBAN, SPARE, "payto://x-taler-bank/bank.example/shop?receiver-name=A", "PAYTO://void/x?receiver-name=%41"]
schemathesis.openapi.format("payto", st.sampled_from(PAYTO))
HOOKS = ["https://shop.example/hook", "HTTPS://Shop.Example:8443/{{order_id}}?a={{ amount }}", "http://127.0.0.1:1024/"]
schemathesis.openapi.format("webhook-url", st.sampled_from(HOOKS))
LINES = ["X-Order: {{order_id}}", "Content-Type: application/json\nX-A: b", "A: {{{reason}}}\r\n\r\nB:"]
schemathesis.openapi.format("webhook-headers", st.sampled_from(LINES))
BODIES = ['{"a":"{{order_id}}","b":{{contract}}}', "{{order_id}}|{{wtid}}", "{{#a}}{{.}}{{/a}}{{^a}}no{{/a}}{{! x }}", "a } b"]
schemathesis.openapi.format("webhook-body", st.sampled_from(BODIES))
PATHS = ["$.extra", "$.extra.a", "$.products[*].price", "$.products[0].taxes[1].tax", "$.summary"]
schemathesis.openapi.format("contract-path", st.sampled_from(PATHS))
schemathesis.openapi.format("regex-lite", st.sampled_from(["", "^https://", "a|b", "[a-z]+/(x|y){2,3}$", r"\."]))
schemathesis.openapi.format("rsa-number", st.sampled_from(["G40G", "1", "81QK6E"]))


def keep(makers):
    """One order of each kind, made when the first is asked for."""
    made = {}

    def one(turn):
        kind = list(makers)[turn % len(makers)]
        if kind not in made:
            made[kind] = makers[kind]()
        return made[kind]

    return one


ANY_ORDER = keep({
    "unpaid": SHOP.order, "claimed": SHOP.claimed, "paid": SHOP.paid, "refunded": SHOP.refunded,
    "elsewhere": lambda: SHOP.claimed(public_reorder_url="https://shop.example/again"),
})
PAID = keep({"paid": SHOP.paid, "refunded": SHOP.refunded})
CLAIMED = keep({"claimed": SHOP.claimed})
FREE = keep({"free": lambda: SHOP.claimed(amount="KUDOS:0", order_id="free")})
FORGETFUL = keep({"paid": SHOP.paid})


#: No stock that could be below an earlier one, and no twin of another number.
NEW_STOCK = {
    "total_stock": -1, "unit_total_stock": "-1", "total_lost": None, "unit_total_lost": None, "product_name": "Tea",
    "image": "data:image/gif;base64,R0lGODlhAQABAAAAACw=",
}


def otp_device(name):
    """A machine that shows one-time codes."""
    note = {"otp_device_id": name, "otp_device_description": "x"}
    return note | {"otp_key": "JBSWY3DPEHPK3PXP", "otp_algorithm": 1}


def fill(case, turn):
    """What a real client would say here: the path's name, members of the query, members of the body."""
    method, path = case.operation.method.upper(), case.operation.path
    path = path.removeprefix("/public").removeprefix(INSTANCE) or "/"
    if path.startswith("/webui"):
        return office(path, turn)
    match method, path:
        case "GET", "/orders/{id}":
            order = ANY_ORDER(turn)
            proof = {"h_contract": order["h_contract"]} if "h_contract" in order and turn % 2 else {"token": order["token"]}
            return order["order_id"], proof, {}
        case "POST", "/orders/{id}/claim":
            order = SHOP.order()
            return order["order_id"], {}, {"nonce": SHOP.nonce, "token": order["token"]}
        case "POST", "/orders/{id}/pay":
            return FREE(0)["order_id"], {}, {"coins": []}
        case "POST", "/orders/{id}/paid":
            order = PAID(turn)
            return order["order_id"], {}, {"sig": order["sig"], "h_contract": order["h_contract"]}
        case "POST", "/orders/{id}/abort":
            order = CLAIMED(0)
            return order["order_id"], {}, {"h_contract": order["h_contract"]}
        case "POST", "/orders/{id}/refund":
            order = PAID(turn)
            return order["order_id"], {}, {"h_contract": order["h_contract"]}
        case "POST", "/orders/{id}/unclaim":
            order = SHOP.claimed()
            signature = SHOP.unclaim_signature(order["h_contract"])
            return order["order_id"], {}, {"nonce": SHOP.nonce, "h_contract": order["h_contract"], "unclaim_sig": signature}
        case "GET", "/private/orders/{id}":
            return ANY_ORDER(turn)["order_id"], {}, {}
        case "DELETE", "/private/orders/{id}":
            return SHOP.order()["order_id"], {}, {}
        case "PATCH", "/private/orders/{id}/forget":
            return FORGETFUL(0)["order_id"], {}, {"fields": ["$.extra"]} if turn % 2 else {}
        case "POST", "/private/orders/{id}/payments":
            return SHOP.order()["order_id"], {}, {}
        case "POST", "/private/orders/{id}/refund":
            return SHOP.paid()["order_id"], {}, {"refund": f"KUDOS:{turn % 6}"}
        case "POST", "/private/transfers":
            return None, {}, {"payto_uri": IBAN, "wtid": f"{turn:052}"}
        case "DELETE", "/private/transfers/{id}":
            return SHOP.transfer(f"{turn:052}"), {}, {}
        case "GET", "/sessions/{id}":
            return "S1", {"fulfillment_url": PAGE}, {}
        case "GET", "/private/templates/{id}":
            return "open" if turn % 2 else "paywall", {}, {}
        case "PATCH", "/private/templates/{id}":
            return "mine", {}, {}
        case "DELETE", "/private/templates/{id}":
            body = {"template_id": f"gone{turn}", "template_description": "x", "template_contract": {}}
            SHOP.ask("POST", "/private/templates", body)
            return f"gone{turn}", {}, {}
        case "GET", "/templates/{id}":
            return "open" if turn % 2 else "paywall", {"print": "A6" if turn % 3 else ""}, {}
        case "POST", "/templates/{id}":
            if turn % 2:
                return "open", {}, {"template_type": None, "summary": "Tea", "amount": "KUDOS:5", "tip": "KUDOS:1"}
            fixed = {"template_type": "paivana", "summary": None, "amount": None, "tip": None}
            return "paywall", {}, fixed | {"website": PAGE, "paivana_id": f"S{turn}"}
        case "GET" | "PATCH", "/private/products/{id}":
            return "tea", {}, NEW_STOCK if method == "PATCH" else {}
        case "DELETE", "/private/products/{id}":
            return SHOP.product(f"gone{turn}"), {}, {}
        case "POST", "/private/products/{id}/lock":
            return "tea", {}, {}
        case "GET" | "PATCH", "/private/categories/{id}":
            return SHOP.category, {}, {}
        case "DELETE", "/private/categories/{id}":
            return SHOP.numbered("/private/categories", "name", "category_id"), {}, {}
        case "GET" | "PATCH", "/private/units/{id}":
            return "Crate", {}, {}
        case "DELETE", "/private/units/{id}":
            return SHOP.unit(f"gone{turn}"), {}, {}
        case "PATCH", "/private/groups/{id}":
            return SHOP.group, {}, {}
        case "DELETE", "/private/groups/{id}":
            return SHOP.numbered("/private/groups", "group_name", "group_serial_id"), {}, {}
        case "GET" | "PATCH", "/private/pots/{id}":
            return SHOP.pot, {}, {}
        case "DELETE", "/private/pots/{id}":
            return SHOP.numbered("/private/pots", "pot_name", "pot_serial_id"), {}, {}
        case "GET", "/products/{id}/image":
            return SHOP.ask("GET", "/private/products/tea")["image_hash"], {}, {}
        case "GET" | "PATCH", "/private/accounts/{id}":
            return THERE["accounts"][turn % 2], {}, {}
        case "DELETE", "/private/accounts/{id}":
            return THERE["spare"], {}, {}
        case "DELETE", "/private/tokens/{id}":
            SHOP.fresh_token()
            return SHOP.ask("GET", "/private/tokens?limit=-1")["tokens"][0]["serial"], {}, {}
        case "POST", "/private/otp-devices":
            if turn % 50 == 49:
                # A shop has room for so many.
                for device in SHOP.ask("GET", "/private/otp-devices")["otp_devices"]:
                    SHOP.ask("DELETE", f"/private/otp-devices/{device['otp_device_id']}")
            return None, {}, {}
        case "GET" | "PATCH", "/private/otp-devices/{id}":
            SHOP.ask("POST", "/private/otp-devices", otp_device("kept"), (204, 409))
            return "kept", {}, {"otp_algorithm": 1}
        case "DELETE", "/private/otp-devices/{id}":
            SHOP.ask("POST", "/private/otp-devices", otp_device(f"gone{turn}"))
            return f"gone{turn}", {}, {}
        case "POST", "/private/webhooks":
            # No more than an instance may have.
            return None, {}, {"webhook_id": f"hook{turn % 20}"}
        case "PATCH", "/private/webhooks/{id}":
            return "mine", {}, {}
        case "DELETE", "/private/webhooks/{id}":
            # The same one again is no other, should it not have been deleted.
            webhook = {"webhook_id": f"gone{turn % 10}", "event_type": "pay", "url": NOBODY, "http_method": "POST"}
            SHOP.ask("POST", "/private/webhooks", webhook, (204, 409))
            return f"gone{turn % 10}", {}, {}
        case _, path if path.startswith("/private/webhooks/{id}"):
            return "there", {}, {}
        case "GET", "/files/{id}":
            return ["style.css", "poll.js", "icon.svg"][turn % 3], {}, {}
        case "GET", "/management/instances/{id}" | "/management/instances/{id}/kyc":
            return "shop", {}, {}
        case "PATCH", "/management/instances/{id}":
            return "spare", {}, {}
        case "POST", "/management/instances/{id}/auth":
            return "spare", {}, {}
        case "DELETE", "/management/instances/{id}":
            auth = {"method": "token", "token": f"secret-token:gone{turn}"}
            SHOP.ask("POST", "/management/instances", {"id": f"gone{turn}", "name": "x", "auth": auth})
            return f"gone{turn}", {}, {}
        # 2019
        case "GET", "/check-payment":
            return None, {"order_id": ANY_ORDER(turn)["order_id"]}, {}
        case "GET", "/poll-payment":
            order = PAID(turn) if turn % 2 else CLAIMED(0)
            return None, {"order_id": order["order_id"], "h_contract": order["h_contract"]}, {}
        case "GET", "/proposal":
            order = SHOP.order()
            return None, {"order_id": order["order_id"], "token": order["token"], "nonce": SHOP.nonce}, {}
        case "POST", "/refund":
            return None, {}, {"order_id": SHOP.paid()["order_id"], "refund": f"KUDOS:{turn % 6}"}
        case "GET", "/refund":
            return None, {"order_id": PAID(1)["order_id"]}, {}
    return None, {}, {}


def office(path, turn):
    name, csrf = None, {"csrf": os.environ["TILLD_CSRF"]}
    # What forms hold, of all of them together.
    form = csrf | {
        "amount": "5", "currency": "KUDOS", "summary": "Tea", "reason": "cold", "method": "cash", "total": "1",
        "template_id": "mine", "description": "x", "payto": IBAN, "name": "x", "scope": "readonly",
        "event_type": "pay", "http_method": "POST", "url": NOBODY, "algorithm": "time", "id": f"made{turn}",
        "reason": "delivery", "quantity": "1", "price": "2", "unit": "Piece",
        "table": "product_id,name,price\nimported,Milk,2\n", "line-0": "1", "returned": "0",
    }
    if path.startswith(("/webui/orders/{id}", "/webui/till/{id}")):
        name = SHOP.order()["order_id"] if turn % 2 else ANY_ORDER(turn)["order_id"]
    elif path.startswith("/webui/pictures/"):
        name = SHOP.ask("GET", "/private/products/tea")["image_hash"]
    elif path.startswith("/webui/templates/"):
        name = "open"
    elif path == "/webui/products/{id}/delete":
        product = {"product_id": f"gone{turn % 10}", "description": "x", "unit": "Piece", "total_stock": 1, "price": "KUDOS:1"}
        SHOP.ask("POST", "/private/products", product, (204, 409))
        name = SHOP.ask("GET", "/private/products?limit=-1")["products"][0]["product_serial"]
    elif path.startswith("/webui/products/"):
        name = SHOP.ask("GET", "/private/products?limit=1")["products"][0]["product_serial"]
    elif path == "/webui/categories/{id}/delete":
        name = SHOP.numbered("/private/categories", "name", "category_id")
    elif path.startswith("/webui/categories/"):
        name = SHOP.category
    elif path.startswith("/webui/otp-devices/"):
        name = "gone-of-office" if path.endswith("/delete") else "kept"
        SHOP.ask("POST", "/private/otp-devices", otp_device(name), (204, 409))
    elif path.startswith("/webui/accounts/"):
        name = THERE["spare"]
    elif path.startswith(("/webui/cashiers/", "/webui/till-devices/")):
        name = 10**9
    elif path.startswith("/webui/tokens/"):
        name = 10**9
    elif path == "/webui/webhooks/{id}/delete":
        webhook = {"webhook_id": f"gone{turn % 10}", "event_type": "pay", "url": NOBODY, "http_method": "POST"}
        SHOP.ask("POST", "/private/webhooks", webhook, (204, 409))
        name = f"gone{turn % 10}"
    elif path.startswith("/webui/webhooks/"):
        name = "there"
    elif path.startswith("/webui/instances/"):
        name = "spare"
    # In paths of pages all names are texts.
    return None if name is None else str(name), {}, form if turn % 2 else csrf


#: Members with rules that no pattern can tell, which some cases only know by their pattern.
KNOWN = {
    "exchange_url": URLS, "credit_facade_url": URLS, "merchant_base_url": URLS, "website": URLS,
    "public_reorder_url": URLS, "fulfillment_url": [*PAGES, "https://x.example/${ORDER_ID}"], "payto_uri": PAYTO,
    "website_regex": ["", "^https://", "a|b"], "rsa_signature": ["G40G"],
}


def known(value):
    """`value` with such members as real clients send them."""
    if isinstance(value, list):
        return [known(inner) for inner in value]
    if not isinstance(value, dict):
        return value
    return {
        name: KNOWN[name][len(inner) % len(KNOWN[name])]
        if name in KNOWN and isinstance(inner, str) and inner and inner not in KNOWN[name]
        else known(inner)
        for name, inner in value.items()
    }


def whole(value):
    """`value` with 1 for 1.0: to JSON Schema they are the same. And no number beyond all computers'."""
    if isinstance(value, dict):
        return {name: whole(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [whole(inner) for inner in value]
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return 1 if isinstance(value, int) and abs(value) > 10**300 else value


def in_kudos(value):
    """`value` with all amounts in one currency, and nothing marked that is not there."""
    if isinstance(value, dict):
        return {name: in_kudos(inner) for name, inner in value.items() if name != "$forgettable"}
    if isinstance(value, list):
        return [in_kudos(inner) for inner in value]
    if isinstance(value, str) and ":" in value and value.split(":")[0].isalpha() and value.isascii():
        number = value.split(":", 1)[1]
        if number.replace(".", "", 1).isdigit():
            return "KUDOS:" + number
    return value


def in_order(order):
    """An order whose times follow each other."""
    order = in_kudos(order)
    for place, name in enumerate(["delivery_date", "pay_deadline", "refund_deadline", "wire_transfer_deadline"]):
        order[name] = {"t_s": FAR + place}
    return order


def without_pots(order):
    """No order names a pot that is not there."""
    order.pop("order_default_money_pot", None)
    for product in order.get("products") or []:
        product.pop("product_money_pot", None)


def sensible_product(body):
    """A product whose members fit each other, and with nothing that is not there."""
    for name in ("product_group_id", "money_pot_id", "categories", "total_stock", "total_lost", "unit_precision_level"):
        body.pop(name, None)
    body |= {"unit_total_stock": "-1", "unit_allow_fraction": False}
    if body.get("unit_total_lost"):
        body["unit_total_lost"] = "0"
    prices = body.pop("unit_price", None) or []
    body["price"] = in_kudos(body.get("price") or (prices + ["KUDOS:1"])[0])
    if not body.get("product_name"):
        body["product_name"] = "Tea"


def sensible(case, body):
    """A body whose members fit each other."""
    path = case.operation.path.removeprefix("/public").removeprefix(INSTANCE)
    match case.operation.method.upper(), path:
        case "POST", "/private/orders" | "/order":
            body["order"] = in_order(body["order"])
            for name in ("otp_id", "payment_target", "instance"):
                body.pop(name, None)
            if path == "/order":
                body.pop("inventory_products", None)
            for line in body.get("inventory_products") or []:
                line |= {"product_id": "tea", "quantity": 1}
                for name in ("unit_quantity", "product_money_pot"):
                    line.pop(name, None)
            # A contract has so many products, wherever they come from.
            if own := body["order"].get("products"):
                body["order"]["products"] = own[:1024 - len(body.get("inventory_products") or [])]
            without_pots(body["order"])
            # Without a price, the products must say one.
            if not body["order"].get("amount"):
                body["order"]["amount"] = "KUDOS:5"
        case "POST", "/refund":
            body.pop("instance", None)
            body["refund"] = in_kudos(body["refund"])
        case "POST", "/private/orders/{id}/payments":
            body.pop("amount", None)
            # What was given is not below the price.
            if body.get("given"):
                body["given"] = "KUDOS:1000"
        case "PATCH", "/private/orders/{id}/forget":
            body["fields"] = [PATHS[len(path) % len(PATHS)] for path in body["fields"]]
        case "POST", "/orders/{id}/pay":
            # More have no room in a body.
            body["coins"] = body["coins"][:8]
        case "POST", "/templates/{id}":
            body.pop("tip", None)
            body.pop("inventory_selection", None)
        case "POST" | "PATCH", "/private/products" | "/private/products/{id}":
            sensible_product(body)
        case "POST", "/private/products/{id}/lock":
            body.pop("quantity", None)
            body["unit_quantity"] = "1"
        case "PATCH", "/private/pots/{id}":
            body.pop("expected_pot_totals", None)
            for name in ("new_pot_totals",):
                if body.get(name):
                    body[name] = [f"KUDOS:{len(body[name])}"]
        case "POST" | "PATCH", "/private/categories" | "/private/categories/{id}":
            body["name"] = f"{len(str(body))} {sum(TURNS.values())}"
        case "POST" | "PATCH", "/private/groups" | "/private/groups/{id}":
            body["group_name"] = f"{len(str(body))} {sum(TURNS.values())}"
        case "POST", "/private/units":
            # A shop has at most 200 of its own.
            body["unit"] = "Crate"
        case "POST", "/private/pots":
            body["pot_name"] = f"{len(str(body))} {sum(TURNS.values())}"
        case "POST", "/management/instances" | "/management/instances/{id}/auth" | "/private/auth":
            # One token opens one instance.
            auth = body.get("auth", body)
            if isinstance(auth.get("token"), str):
                auth["token"] = f"secret-token:{SHOP.instance}{sum(TURNS.values())}"
        case "POST" | "PATCH", "/private/webhooks" | "/private/webhooks/{id}":
            for name, good in {"url": HOOKS, "header_template": LINES, "body_template": BODIES}.items():
                if isinstance(body.get(name), str):
                    body[name] = good[len(body[name]) % len(good)]
        case "POST" | "PATCH", "/private/templates" | "/private/templates/{id}":
            body.pop("otp_id", None)
            contract = body["template_contract"] = in_kudos(body["template_contract"])
            for name in ("selected_categories", "selected_products"):
                if contract.get("template_type") == "inventory-cart":
                    contract.pop(name, None)
            if contract.get("currency"):
                contract["currency"] = "KUDOS"
            if contract.get("choices") and contract.get("amount"):
                contract["amount"] = contract["choices"][0]["amount"]
            if defaults := body.get("editable_defaults"):
                body["editable_defaults"] = {name: value for name, value in defaults.items() if name not in contract}
    return body


#: What went wrong while a request was prepared. Hypothesis would take it for noise, if it does not happen again,
#: and would end the operation's cases without a word.
BROKEN = []


@schemathesis.hook
def before_call(context, case, kwargs):
    if case.meta is None:
        return
    try:
        prepare(case)
    except Exception as error:
        BROKEN.append(f"{case.operation.label}: {error!r}")
        raise


def prepare(case):
    """Turns `case` into what a real client could send."""
    turn = TURNS[case.operation.label]
    TURNS[case.operation.label] += 1
    fits = lambda place: not case.meta.is_negative_at(place)
    names = case.path_parameters or {}
    if fits(Place.PATH) and "instance" in names:
        case.path_parameters["instance"] = SHOP.instance
    if case.operation.path.startswith("/webui"):
        case.headers["Origin"] = SHOP.root
    if fits(Place.QUERY):
        for member in ("exchange_url", "fulfillment_url"):
            if case.query.get(member):
                case.query[member] = known({member: case.query[member]})[member].replace("${ORDER_ID}", "")
        if case.query.get("refund"):
            case.query["refund"] = in_kudos(case.query["refund"])
    good_body = fits(Place.BODY) and isinstance(case.body, dict)
    if good_body:
        case.body = sensible(case, known(whole(case.body)))
    if turn % 4 == 3 and not any(room in case.operation.path for room in GUARDED):
        return
    name, query, body = fill(case, turn)
    if name is not None and fits(Place.PATH):
        case.path_parameters["id"] = name
        if "serial" in names:
            SHOP.order()
            case.path_parameters["serial"] = SHOP.ask("GET", f"/private/webhooks/{name}/deliveries?limit=1")["deliveries"][0]["delivery_serial"]
    if fits(Place.QUERY):
        case.query.update(query)
    if good_body:
        case.body.update(body)
    # Pages wait for nothing and so look at no parameter of waiting.
    if turn % 4 == 2 and all(fits(place) for place in Place if place != Place.UNKNOWN) and case.operation.path in PAGED:
        case.headers.setdefault("Accept", "text/html")


#: How often each operation was really answered: by phase and mode, and with which status.
CASES, ANSWERS = Counter(), Counter()


@schemathesis.hook
def after_call(context, case, response):
    name = case.operation.definition.raw["operationId"]
    if case.meta is not None:
        CASES[name, case.meta.phase.name.value, case.meta.generation.mode.value] += 1
    ANSWERS[name, str(response.status_code)] += 1


@atexit.register
def tell():
    """For check.py."""
    nested = {"cases": {}, "answers": {}, "broken": BROKEN}
    for (name, phase, mode), count in CASES.items():
        nested["cases"].setdefault(name, {})[f"{phase} {mode}"] = count
    for (name, status), count in ANSWERS.items():
        nested["answers"].setdefault(name, {})[status] = count
    with open(os.environ["TILLD_COUNTS"], "w") as file:
        json.dump(nested, file)
