//! Whatever nonsense is sent, and wherever: the daemon says what is wrong with it, in Taler's words
//! and soon, and its data stays consistent.
//!
//! The requests are made from the tables of routes, so that a route that comes later is asked the
//! same things: with the members of all others, until it gets a line in [`sample`].

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use reqwest::Method;
use reqwest::blocking::Client;
use serde_json::{Value, json};
use tilld::http::{Access, EVERYWHERE, LEGACY, ROOT, RouteSpec};

use crate::common::{Daemon, Place, client};

const IBAN: &str = "payto://iban/DE75512108001245126199?receiver-name=Shop";
const NONCE: &str = "8307MFV7XKCZ2QQTTJ5RCKX613WVXNBTRTE41XSJMZAT49742QD0";
const PAGE: &str = "https://shop.example/article";
/// No answer may take longer, while polls wait one second at most.
const LIMIT: Duration = Duration::from_secs(5);

/// A shop with an order that is paid, one that is claimed, a template and a session.
struct Target {
    place: Place,
    /// Behind a lock, so that many can ask at once.
    daemon: Mutex<Daemon>,
    address: String,
    client: Client,
    token: String,
    /// The contract of the claimed order.
    h_contract: String,
    /// The contract of the paid one, and its receipt.
    h_paid: String,
    sig: String,
}

impl Target {
    fn open() -> Self {
        let place = Place::new();
        for instance in ["admin", "bar"] {
            place.instance(instance);
            place.ok(&["account", "add", instance, IBAN]);
        }
        let token = place.token("admin", "all");
        let daemon = place.start_with(&[("TILLD_POLLS__MAX_WAIT_S", "1")]);
        let client = client().timeout(LIMIT).build().unwrap();
        let (h_contract, h_paid, sig) = Default::default();
        let address = daemon.address.clone();
        let daemon = Mutex::new(daemon);
        let mut target = Self { place, daemon, address, client, token, h_contract, h_paid, sig };

        for path in [
            "/private/categories",
            "/private/groups",
            "/private/pots",
            "/private/units",
            "/private/products",
        ] {
            let row = EVERYWHERE.iter().find(|row| is(row, "POST", path)).unwrap();
            let mut sample = target.sample(row);
            for name in ["name", "group_name", "pot_name", "unit", "product_id"] {
                if sample[name].is_string() {
                    sample[name] = json!("T");
                }
            }
            target.post(path, &sample);
        }
        let today = EVERYWHERE.iter().find(|row| is(row, "POST", "/private/orders")).unwrap();
        let mut sample = target.sample(today);
        for order_id in ["PAID", "CLAIMED"] {
            sample["order"]["order_id"] = json!(order_id);
            let made = target.post("/private/orders", &sample);
            let claim = json!({ "nonce": NONCE, "token": made["token"] });
            let claimed = target.post(&format!("/orders/{order_id}/claim"), &claim);
            let terms = &claimed["contract_terms"];
            let hash = taler::contract::contract_hash(terms).unwrap();
            let kept = if order_id == "PAID" { &mut target.h_paid } else { &mut target.h_contract };
            *kept = hash.to_string();
        }
        let pay = "/private/orders/{id}/payments";
        let pay = EVERYWHERE.iter().find(|row| is(row, "POST", pay)).unwrap();
        let receipt = target.post("/private/orders/PAID/payments", &target.sample(pay));
        target.sig = receipt["sig"].as_str().unwrap().to_owned();
        let template = EVERYWHERE.iter().find(|row| is(row, "POST", "/private/templates")).unwrap();
        let mut template = target.sample(template);
        template["template_id"] = json!("T");
        target.post("/private/templates", &template);
        let device = EVERYWHERE.iter().find(|row| is(row, "POST", "/private/otp-devices")).unwrap();
        target.post("/private/otp-devices", &target.sample(device));
        let webhook = EVERYWHERE.iter().find(|row| is(row, "POST", "/private/webhooks")).unwrap();
        target.post("/private/webhooks", &target.sample(webhook));
        target
    }

    fn post(&self, path: &str, body: &Value) -> Value {
        let reply =
            self.daemon.lock().unwrap().ask("POST", path).token(&self.token).json(body).send();
        assert!(reply.status < 300, "{path}: {reply:?}");
        if reply.text.is_empty() { Value::Null } else { reply.json() }
    }

    /// The path of `row` with `id` in its blank, or with the name of something that is there.
    fn path(&self, row: &RouteSpec, id: Option<&str>) -> String {
        let there = match row.path {
            // What is deleted is not there for those who come later.
            path if row.method == "DELETE" && !path.contains("orders") => "99999",
            path if path.starts_with("/private/orders") => "PAID",
            "/orders/{id}/paid" | "/orders/{id}/abort" | "/orders/{id}/refund" => "PAID",
            path if path.starts_with("/orders") => "CLAIMED",
            path if path.contains("/sessions") => "S1",
            path if path.contains("/templates") => "T",
            path if path.starts_with("/private/products") || path.starts_with("/private/units") => {
                "T"
            }
            "/private/categories/{id}" | "/private/groups/{id}" | "/private/pots/{id}" => "1",
            path if path.contains("/otp-devices") => "M",
            path if path.contains("/webhooks") => "W",
            path if path.contains("/accounts") => return path.replace("{id}", &"0".repeat(103)),
            path if path.contains("/instances") => "bar",
            _ => "99999",
        };
        row.path
            .replace("{id}", id.unwrap_or(there))
            .replace("{serial}", "1")
            .replace("{slug}", "x")
    }

    /// A good body for `row`.
    fn sample(&self, row: &RouteSpec) -> Value {
        let order = || {
            json!({
                "amount": "KUDOS:5", "summary": "Tea", "fulfillment_url": PAGE, "order_id": null,
                "max_fee": "KUDOS:1", "timestamp": null, "pay_deadline": { "t_s": "never" },
                "refund_deadline": null, "wire_transfer_deadline": null, "delivery_date": null,
                "auto_refund": { "d_us": 1 }, "minimum_age": 5, "extra": { "a": 1 }, "mine": [1], "$forgettable": { "mine": true },
                "summary_i18n": { "de": "Tee" }, "delivery_location": { "town": "Bern" },
                "products": [{
                    "description": "Tea", "quantity": 1, "price": "KUDOS:5", "image": "",
                    "taxes": [{ "name": "VAT", "tax": "KUDOS:1" }],
                }],
            })
        };
        match (row.method, row.path) {
            ("GET" | "DELETE", _) => Value::Null,
            ("POST", "/order") => json!({ "order": order(), "instance": "default" }),
            ("POST", "/private/orders") => json!({
                "order": order(), "refund_delay": { "d_us": 86_400_000_000_u64 },
                "payment_target": "iban", "session_id": "S1", "create_token": true,
                "lock_uuids": ["U"], "otp_id": null,
                "inventory_products": [{
                    "product_id": "T", "quantity": 1, "unit_quantity": "1", "product_money_pot": 1,
                }],
            }),
            ("POST", "/private/accounts/{id}/kycauth") => {
                json!({ "exchange_url": "https://exchange.example/" })
            }
            ("POST", "/private/transfers") => json!({
                "credit_amount": "KUDOS:1", "wtid": "0".repeat(52), "payto_uri": IBAN,
                "exchange_url": "https://exchange.example/",
            }),
            ("PATCH", "/private/orders/{id}/forget") => json!({ "fields": ["$.mine"] }),
            ("POST", "/private/orders/{id}/payments") => json!({
                "method": "cash", "reference": "7", "session_id": "S1", "amount": "KUDOS:5",
            }),
            ("POST", "/private/orders/{id}/refund") => {
                json!({ "refund": "KUDOS:1", "reason": "broken" })
            }
            ("POST", "/refund") => {
                json!({ "order_id": "PAID", "refund": "KUDOS:1", "reason": "broken", "instance": "admin" })
            }
            ("POST", "/orders/{id}/claim") => json!({ "nonce": NONCE, "token": "0".repeat(26) }),
            ("POST", "/orders/{id}/pay") => json!({
                "session_id": "S1", "wallet_data": { "choice_index": 0 },
                "coins": [{
                    "coin_pub": NONCE, "coin_sig": "0".repeat(103), "h_denom": "0".repeat(103),
                    "ub_sig": { "cipher": "RSA", "rsa_signature": "G40G" },
                    "contribution": "KUDOS:5", "exchange_url": "https://exchange.example/",
                    "minimum_age_sig": null, "age_commitment": null, "h_age_commitment": null,
                }],
            }),
            ("POST", "/orders/{id}/abort") => json!({
                "h_contract": self.h_paid,
                "coins": [{ "coin_pub": NONCE, "contribution": "KUDOS:5" }],
            }),
            ("POST", "/orders/{id}/refund") => json!({ "h_contract": self.h_paid }),
            ("POST", "/orders/{id}/unclaim") => json!({
                "nonce": NONCE, "h_contract": self.h_paid, "unclaim_sig": "0".repeat(103),
            }),
            ("POST", "/orders/{id}/paid") => json!({
                "sig": self.sig, "h_contract": self.h_paid, "session_id": "S1",
            }),
            (_, "/private/templates" | "/private/templates/{id}") => json!({
                "template_id": "T", "template_description": "Tea", "otp_id": null,
                "template_contract": {
                    "template_type": "paivana", "summary": "Tea", "amount": "KUDOS:5",
                    "currency": "KUDOS", "pay_duration": { "d_us": 60_000_000 }, "minimum_age": 5,
                    "request_tip": true, "website_regex": ".*", "choices": [{ "amount": "KUDOS:5" }],
                },
                "editable_defaults": null,
            }),
            (_, "/private/otp-devices" | "/private/otp-devices/{id}") => json!({
                "otp_device_id": "M", "otp_device_description": "machine", "otp_ctr": null,
                "otp_key": "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", "otp_algorithm": 1,
            }),
            (_, "/private/webhooks" | "/private/webhooks/{id}") => json!({
                "webhook_id": "W", "event_type": "category_added", "http_method": "POST",
                "url": "https://shop.example/{{category_name}}", "header_template": "X-A: {{a}}",
                "body_template": "{\"name\":\"{{category_name}}\"}",
            }),
            ("POST", "/private/webhooks/{id}/redeliver") => json!({ "since": { "t_s": 1 } }),
            ("POST", "/private/webhooks/{id}/secret") => json!({ "keep_old_s": 5 }),
            ("POST", path) if path.starts_with("/private/webhooks/") => json!({}),
            ("POST", "/templates/{id}") => json!({
                "template_type": "paivana", "summary": "Tea", "amount": "KUDOS:6",
                "tip": "KUDOS:1", "website": PAGE, "paivana_id": "S1",
            }),
            // What files of their own test. Passwords are slow to hash.
            (_, path) if path.contains("instances") || path == "/private" => json!({}),
            (_, "/private/token" | "/private/auth" | "/private/accounts/{id}") => json!({}),
            (_, "/private/accounts" | "/forgot-password") => json!({}),
            ("POST", "/private/products/{id}/lock") => json!({
                "lock_uuid": "U", "duration": { "d_us": 1 }, "quantity": 1, "unit_quantity": "1",
            }),
            (method, "/private/products" | "/private/products/{id}") => json!({
                "product_id": method, "product_name": "Tea", "description": "Tea", "description_i18n": { "de": "Tee" },
                "categories": [1], "unit": "Piece", "unit_allow_fraction": true, "unit_precision_level": 2,
                "unit_total_stock": "-1", "total_stock": -1, "unit_total_lost": "0", "total_lost": 0,
                "unit_price": ["KUDOS:1"], "price": "KUDOS:1", "price_is_net": true, "product_group_id": 1,
                "money_pot_id": 1, "image": "data:image/gif;base64,R0lGODlhAQABAAAAACw=",
                "taxes": [{ "name": "VAT", "tax": "KUDOS:0.1" }], "address": { "town": "Bern" },
                "next_restock": { "t_s": 0 }, "minimum_age": 5,
            }),
            (method, "/private/categories" | "/private/categories/{id}") => {
                json!({ "name": method, "name_i18n": { "de": "Tee" } })
            }
            (method, "/private/groups" | "/private/groups/{id}") => {
                json!({ "group_name": method, "description": "x" })
            }
            (method, "/private/pots" | "/private/pots/{id}") => json!({
                "pot_name": method, "description": "x", "expected_pot_totals": null, "new_pot_totals": ["KUDOS:1"],
            }),
            (method, "/private/units" | "/private/units/{id}") => json!({
                "unit": method, "unit_name_long": "x", "unit_name_short": "x", "unit_name_long_i18n": { "de": "x" },
                "unit_name_short_i18n": { "de": "x" }, "unit_allow_fraction": true, "unit_precision_level": 2,
                "unit_active": true,
            }),
            // A route that is not known here.
            (_, _) => json!({
                "amount": "KUDOS:5", "summary": "Tea", "order_id": "PAID", "refund": "KUDOS:1",
                "reason": "x", "session_id": "S1", "timeout_ms": 0, "description": "x", "id": "x",
                "name": "x", "nonce": NONCE, "h_contract": self.h_contract, "coins": [{}],
                "order": order(), "template_id": "T", "fulfillment_url": PAGE, "fields": ["$.a"],
            }),
        }
    }

    /// Asks, and checks that the answer is one; its status and Taler code.
    fn ask(&self, method: &str, path: &str, body: Option<Vec<u8>>) -> (u16, u64) {
        let shown: String = path.chars().take(300).collect();
        let text = body.as_ref().map(|body| String::from_utf8_lossy(&body[..body.len().min(900)]));
        let what = format!("{method} {shown} {}", text.unwrap_or_default());
        let url = format!("{}{path}", self.address);
        let mut request = self.client.request(Method::from_bytes(method.as_bytes()).unwrap(), url);
        request = request.header("Authorization", format!("Bearer {}", self.token));
        if let Some(body) = body {
            request = request.body(body);
        }
        let response = request.send().unwrap_or_else(|error| panic!("{what}: {error}"));
        let status = response.status().as_u16();
        if status < 400 {
            return (status, 0);
        }
        let answer = response.text().unwrap();
        let body: Value =
            serde_json::from_str(&answer).unwrap_or_else(|_| panic!("{what}: {status} {answer}"));
        // What is to be paid is no mistake.
        if status == 402 && body["taler_pay_uri"].is_string() {
            return (402, 0);
        }
        let code = body["code"].as_u64().unwrap_or_else(|| panic!("{what}: {answer}"));
        assert!(body["hint"].as_str().is_some_and(|hint| !hint.is_empty()), "{what}: {answer}");
        assert!(status < 500 || (status, code) == (501, 76), "{what}: {answer}");
        (status, code)
    }

    /// The daemon has suffered no harm.
    fn close(self) {
        let daemon = self.daemon.into_inner().unwrap();
        assert_eq!(daemon.get("/config").status, 200);
        let order = daemon.ask("GET", "/private/orders/PAID").token(&self.token).send();
        assert_eq!(order.json()["order_status"], "paid");
        let lines: Vec<String> = daemon.lines.lock().unwrap().try_iter().collect();
        let bad = lines.iter().filter(|line| line.contains("ERROR") || line.contains("panicked"));
        assert_eq!(bad.collect::<Vec<_>>(), [""; 0]);
        assert_eq!(daemon.stop(), 0);
        self.place.ok(&["check"]);
    }
}

fn is(row: &RouteSpec, method: &str, path: &str) -> bool {
    (row.method, row.path) == (method, path)
}

/// Does `what` with every one of `rows`, several at a time: some requests wait.
fn with_each(rows: impl Iterator<Item = &'static RouteSpec>, what: impl Fn(&RouteSpec) + Sync) {
    let rows = Mutex::new(rows.collect::<Vec<_>>());
    let next = || rows.lock().unwrap().pop();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                while let Some(row) = next() {
                    what(row);
                }
            });
        }
    });
}

/// Every route, but for those that would close the shop.
fn rows() -> impl Iterator<Item = &'static RouteSpec> {
    let closes = |row: &RouteSpec| {
        row.method == "DELETE" && ["/private", "/private/token"].contains(&row.path)
    };
    EVERYWHERE.iter().chain(ROOT).chain(LEGACY).filter(move |row| !closes(row))
}

/// Whether the path is one of today, or those of 2019 are linked.
fn is_there(path: &str) -> bool {
    cfg!(feature = "legacy") || !(path == "/order" || path.contains("-payment?"))
}

fn has_body(row: &RouteSpec) -> bool {
    !["GET", "DELETE"].contains(&row.method)
}

/// Does what the body says matter? These two are told all by their path.
fn reads_body(row: &RouteSpec) -> bool {
    let path = row.path;
    has_body(row) && !(path.ends_with("{id}/test") || path.ends_with("{serial}/redeliver"))
}

/// JSON that is hardly ever what is wanted.
fn values() -> Vec<String> {
    let mut values: Vec<String> = [
        "null",
        "true",
        "0",
        "-1",
        "1.5",
        "1e400",
        "-0",
        "18446744073709551616",
        "99999999999999999999999",
        r#""""#,
        r#"" ""#,
        r#""\u0000""#,
        r#""a\u0000b""#,
        r#""\ud800""#,
        r#""💩""#,
        r#""\n""#,
        r#""1""#,
        r#""never""#,
        r#""KUDOS:-1""#,
        r#""KUDOS:1e3""#,
        r#""KUDOS:99999999999999999999""#,
        r#""KUDOS:0.000000001""#,
        r#""X:1""#,
        r#""EUR:1""#,
        r#""https://a b/""#,
        r#""javascript:alert(1)""#,
        r#""/Date(99999999999999999999)/""#,
        "[]",
        "{}",
        "[null]",
        r#"{"a":1,"a":2}"#,
        r#"{"":{}}"#,
        r#"{"t_s":-1}"#,
        r#"{"t_s":1e9}"#,
        r#"{"t_s":18446744073709551616}"#,
        r#"{"t_s":"never"}"#,
        r#"{"t_ms":-5}"#,
        r#"{"d_us":-1}"#,
        r#"{"d_us":"forever"}"#,
        r#"{"d_us":9007199254740992}"#,
        r#"["$..*"]"#,
        r#"["$"]"#,
        r#"["(((((((((("]"#,
        r#""((((((((((""#,
        r#""(a{1000}){1000}""#,
    ]
    .map(str::to_owned)
    .into();
    values.push(format!("\"{}\"", "x".repeat(5000)));
    values.push(format!("\"https://shop.example/{}\"", "x".repeat(5000)));
    values.push("[".repeat(100) + &"]".repeat(100));
    values.push("{\"a\":".repeat(100) + "1" + &"}".repeat(100));
    values
}

/// The places in `value`, as JSON pointers.
fn places(value: &Value, here: &str, found: &mut Vec<String>) {
    let members: Vec<(String, &Value)> = match value {
        Value::Object(members) => members.iter().map(|(n, v)| (n.clone(), v)).collect(),
        Value::Array(list) => list.iter().enumerate().map(|(at, v)| (at.to_string(), v)).collect(),
        _ => Vec::new(),
    };
    for (name, inner) in members {
        let there = format!("{here}/{name}");
        places(inner, &there, found);
        found.push(there);
    }
}

/// `sample` with everything wrong about it that can be, one thing at a time.
fn spoiled(sample: &Value) -> Vec<String> {
    let mut pointers = Vec::new();
    places(sample, "", &mut pointers);
    let mut bodies = Vec::new();
    for pointer in pointers {
        let mut body = sample.clone();
        *body.pointer_mut(&pointer).unwrap() = json!("@");
        let text = body.to_string();
        bodies.extend(values().iter().map(|value| text.replace("\"@\"", value)));
        // Left out, and there twice.
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        let mut body = sample.clone();
        if let Some(Value::Object(members)) = body.pointer_mut(parent) {
            members.remove(name);
            bodies.push(body.to_string());
        }
        bodies.push(text.replace("\"@\"", &format!("null,\"{name}\":1")));
    }
    bodies
}

#[test]
fn no_body_is_too_strange_to_be_answered() {
    let target = Target::open();
    let asked = AtomicUsize::new(0);
    with_each(rows().filter(|row| has_body(row)), |row| {
        let path = target.path(row, None);
        let sample = target.sample(row);
        for body in spoiled(&sample) {
            target.ask(row.method, &path, Some(body.into_bytes()));
            asked.fetch_add(1, Ordering::Relaxed);
        }
    });
    let asked = asked.into_inner();
    assert!(asked > 3000, "{asked}");
    target.close();
}

#[test]
fn what_is_spoiled_here_was_good_before() {
    let target = Target::open();
    let mut good = 0;
    for row in rows().filter(|row| has_body(row)) {
        let sample = target.sample(row);
        let (status, code) =
            target.ask(row.method, &target.path(row, None), Some(sample.to_string().into_bytes()));
        // Read to the end, and refused for what it says.
        let read = [
            ("/orders/{id}/claim", 404, 2300),
            ("/orders/{id}/pay", 400, 2025),
            ("/orders/{id}/abort", 412, 2254),
            ("/orders/{id}/unclaim", 403, 2303),
            ("/private/accounts/{id}/kycauth", 404, 2022),
        ];
        let claim = read.contains(&(row.path, status, code));
        let unread = (status, code) == (403, 2015) || [410, 501].contains(&status);
        let elsewhere = sample == json!({});
        assert!(status < 300 || claim || unread || elsewhere, "{row:?}: {status} {code}");
        good += u32::from(status < 300);
    }
    assert!(good >= 10, "{good}");
    target.close();
}

#[test]
fn what_is_no_object_is_no_body() {
    let target = Target::open();
    let nested = |open: &str, close: &str| open.repeat(100) + "1" + &close.repeat(100);
    for row in rows().filter(|row| reads_body(row)) {
        let path = target.path(row, None);
        for body in [
            &b""[..],
            b" ",
            b"null",
            b"5",
            b"\"x\"",
            b"[]",
            b"[{}]",
            b"{",
            b"{}}",
            b"{\"a\"}",
            b"{'a':1}",
            b"{\"a\":NaN}",
            b"\xff",
            b"\xef\xbb\xbf{}",
            b"{\"a\":\"\xff\"}",
            b"{\"a\xc3\x28\":1}",
            b"{\"a\":\"\0\"}",
            b"\0",
            b"\xfe\xff\0{\0}",
            nested("[", "]").as_bytes(),
            nested("{\"a\":", "}").as_bytes(),
            nested("{\"order\":", "}").as_bytes(),
            "[".repeat(10_000).as_bytes(),
        ] {
            let (status, code) = target.ask(row.method, &path, Some(body.to_vec()));
            let what = format!("{row:?} {:?}: {status} {code}", String::from_utf8_lossy(body));
            // A handler that reads no body refuses none.
            let refused = (400..500).contains(&status) || status == 501;
            // The mark before an object is no part of it, and these need no member.
            let needs_none =
                row.path.ends_with("/secret") || row.method == "PATCH" && status == 204;
            let is_object = body.ends_with(b"{}") && needs_none;
            assert!(refused || is_object, "{what}");
        }
    }
    target.close();
}

#[test]
fn a_body_that_is_too_long_is_told_so_at_every_route() {
    let target = Target::open();
    for row in rows().filter(|row| has_body(row)) {
        let length = match row.access {
            // The coins of a payment.
            Access::Public if row.path.ends_with("/pay") || row.path.ends_with("/abort") => 600_000,
            // Behind the token of the special instance, it is as `POST /management/instances`.
            Access::Public if row.path == "/instances" => 1_200_000,
            Access::Public
            | Access::AnySession
            | Access::Session(_)
            | Access::SessionBackground(_)
            | Access::Till(_)
            | Access::TillBackground(_) => 70_000,
            Access::AnyToken | Access::Private(_) | Access::Management(_) => 1_200_000,
        };
        let body = format!("{{\"pad\":\"{}\"}}", "x".repeat(length)).into_bytes();
        let answer = target.ask(row.method, &target.path(row, None), Some(body));
        // Some know what to say before they read.
        assert!(
            answer == (413, 32) || [401, 403, 410, 501].contains(&answer.0),
            "{row:?} {answer:?}"
        );
    }
    let order = format!("{{\"pad\":\"{}\"}}", "x".repeat(600_000)).into_bytes();
    for path in ["/private/orders", "/order"].into_iter().filter(|path| is_there(path)) {
        assert_eq!(target.ask("POST", path, Some(order.clone())), (413, 32));
    }
    target.close();
}

#[test]
fn what_json_readers_would_smooth_over_makes_no_contract() {
    let target = Target::open();
    let paths = [("/private/orders", 2502), ("/order", 1007)];
    for (path, code) in paths.into_iter().filter(|(path, _)| is_there(path)) {
        let row = EVERYWHERE.iter().chain(LEGACY).find(|row| is(row, "POST", path)).unwrap();
        let text = target.sample(row).to_string();
        assert_eq!(target.ask("POST", path, Some(text.clone().into_bytes())), (200, 0));
        for (good, bad) in [
            ("\"order\":{", "\"order\":{\"amount\":\"KUDOS:2\","),
            ("\"mine\":[1]", "\"mine\":[1.5]"),
            ("\"mine\":[1]", "\"mine\":[1e2]"),
            ("\"mine\":[1]", "\"mine\":[{\"a\":1,\"a\":1}]"),
            ("\"mine\":[1]", "\"mine\":[9007199254740993]"),
        ] {
            assert!(text.contains(good));
            let body = text.replace(good, bad).into_bytes();
            assert_eq!(target.ask("POST", path, Some(body)), (400, code), "{path} {bad}");
        }
    }
    target.close();
}

/// Parameters of queries that somebody reads, with good values.
fn parameters(target: &Target, row: &RouteSpec) -> Vec<(&'static str, String)> {
    let hash = target.h_contract.as_str();
    let all = [
        ("order_id", "CLAIMED"),
        ("h_contract", hash),
        ("session_id", "S1"),
        ("fulfillment_url", PAGE),
        ("token", "00000000000000000000000000"),
        ("nonce", NONCE),
        ("refund", "KUDOS:0"),
        ("timeout", "0"),
        ("timeout_ms", "0"),
        ("await_refund_obtained", "no"),
        ("allow_refunded_for_repurchase", "no"),
        ("contract_url", "https://shop.example/c"),
        ("instance", "admin"),
        ("limit", "-5"),
        ("offset", "1000"),
        ("delta", "-5"),
        ("start", "1000"),
        ("date", "1900000000"),
        ("date_s", "1"),
        ("max_age", "1000"),
        ("ordering", "ascending"),
        ("paid", "all"),
        ("refunded", "all"),
        ("wired", "all"),
        ("expected", "all"),
        ("verified", "all"),
        ("confirmed", "all"),
        ("before", "1"),
        ("after", "1"),
        ("by", "ANY"),
        ("summary_filter", "Tea"),
        ("lp_not_etag", "x"),
        ("force", "no"),
        ("purge", "no"),
        ("payment_target", "iban"),
        ("token_validity_ms", "1000"),
    ];
    // Bodies come with few; asked for everything, a POST would only be slow.
    let few = ["instance", "payment_target", "token_validity_ms", "purge", "limit", "offset"];
    let dull = ["config", "exchanges", "terms", "privacy", "agpl", "account", "instances", "token"];
    let dull = has_body(row) || dull.iter().any(|word| row.path.contains(word));
    let all = all.into_iter().filter(|(name, _)| !dull || few.contains(name));
    all.map(|(name, value)| (name, taler::web::query_value(value).to_string())).collect()
}

#[test]
fn no_query_is_too_strange_to_be_answered() {
    let target = Target::open();
    let long = "x".repeat(5000);
    let digits = "9".repeat(400);
    with_each(rows().filter(|row| row.method != "DELETE" || row.path.contains("{id}")), |row| {
        let path = target.path(row, None);
        let good = parameters(&target, row);
        for (name, value) in &good {
            let others: Vec<_> =
                good.iter().filter(|(n, _)| n != name).map(|(n, v)| format!("{n}={v}")).collect();
            let mut queries = vec![
                String::new(),
                (*name).to_owned(),
                format!("{name}=={value}"),
                format!("{name}={value}&{name}={value}"),
                format!("{name}={value}&{name}=%00"),
                format!("{name}=%00&{name}={value}"),
            ];
            for bad in [
                "",
                "-1",
                "-9223372036854775808",
                "9223372036854775807",
                "9223372036854775808",
                "99999999999999999999999",
                "1e9",
                "1.5",
                "+1",
                "%2B1",
                "%00",
                "a%00b",
                "%FF",
                "%C3%28",
                "%",
                "%zz",
                "%2",
                "%F0%9F%92%A9",
                "null",
                "[]",
                "a/b",
                "..",
                "%0d%0aX:1",
                "KUDOS:-1",
                "EUR:1",
                "KUDOS:99999999999999999999",
                "http://",
                "yes",
                &long,
                &digits,
            ] {
                queries.push(format!("{name}={bad}"));
            }
            for query in queries {
                let query = format!("{query}&{}", others.join("&"));
                let body = has_body(row).then(|| target.sample(row).to_string().into_bytes());
                target.ask(row.method, &format!("{path}?{query}"), body);
            }
        }
        // A legal time, and hours too long.
        for name in ["timeout", "timeout_ms"] {
            if !has_body(row) {
                let good: Vec<_> = good.iter().filter(|(n, _)| !n.starts_with("timeout")).collect();
                let others: Vec<_> = good.iter().map(|(n, v)| format!("{n}={v}")).collect();
                let query = format!("{name}=1000000000&{}", others.join("&"));
                target.ask(row.method, &format!("{path}?{query}"), None);
            }
        }
        let many = "a=b&".repeat(101);
        assert_eq!(target.ask(row.method, &format!("{path}?{many}"), None), (400, 26));
        let long = "x".repeat(9000);
        assert_eq!(target.ask(row.method, &format!("{path}?{long}"), None), (414, 31));
    });
    target.close();
}

#[test]
fn times_that_are_none_are_refused_wherever_one_can_wait() {
    let target = Target::open();
    let hash = &target.h_contract;
    let paths = [
        "/private/orders?".to_owned(),
        "/private/orders/CLAIMED?".into(),
        format!("/orders/CLAIMED?h_contract={hash}&"),
        format!("/sessions/S1?fulfillment_url={PAGE}&"),
        "/check-payment?order_id=CLAIMED&".into(),
        format!("/poll-payment?order_id=CLAIMED&h_contract={hash}&"),
    ];
    for path in paths.into_iter().filter(|path| is_there(path)) {
        let code = if path.contains("payment") { 1009 } else { 26 };
        let digits = "9".repeat(23);
        for bad in ["-1", "1e9", "1.5", "x", "%00", "%2B1", "0x1", &digits] {
            let asked = target.ask("GET", &format!("{path}timeout_ms={bad}"), None);
            assert_eq!(asked, (400, code), "{path}timeout_ms={bad}");
        }
    }
    target.close();
}

#[test]
fn no_path_is_too_strange_to_be_answered() {
    let target = Target::open();
    let long = "x".repeat(5000);
    for row in rows() {
        for bad in [
            "%00",
            "a%00b",
            "%FF",
            "%C3%28",
            "%",
            "%zz",
            "%2",
            "a%2Fb",
            "%2F",
            "%25",
            "%2500",
            "%25FF",
            "%F0%9F%92%A9",
            "+",
            "a%20b",
            "%20",
            "%0d%0aX:1",
            "..%2f..%2f",
            "%E2%80%AE",
            "nope",
            "-1",
            "99999999999999999999999",
            "'",
            "\"",
            "{id}",
            "*",
            &long,
        ] {
            let body = || has_body(row).then(|| target.sample(row).to_string().into_bytes());
            let mut paths = vec![format!("/instances/{bad}{}", target.path(row, None))];
            if row.path.contains("{id}") {
                paths.push(target.path(row, Some(bad)));
                paths.push(format!("/instances/bar{}", target.path(row, Some(bad))));
            }
            if LEGACY.iter().any(|old| old.path == row.path) {
                paths.push(format!("/public/instances/{bad}{}", row.path));
                paths.push(format!("/public{}{bad}", row.path));
            }
            for path in paths {
                target.ask(row.method, &path, body());
            }
        }
    }
    target.close();
}

#[test]
fn invalid_names_are_distinguished_from_unknown_ones() {
    let target = Target::open();
    for row in rows().filter(|row| row.path.contains("{id}") && row.access == Access::Public) {
        for bad in ["%00", "%FF", "a%00b"] {
            let body = has_body(row).then(|| target.sample(row).to_string().into_bytes());
            let answer = target.ask(row.method, &target.path(row, Some(bad)), body);
            let text = row.path.starts_with("/sessions") || row.path.ends_with("/image");
            let expected = if text && bad != "%FF" { (400, 26) } else { (400, 29) };
            assert!(answer == expected || answer == (501, 76), "{row:?} {bad}: {answer:?}");
        }
    }
    target.close();
}

#[test]
fn raw_bytes_in_a_head_do_no_harm() {
    let target = Target::open();
    for line in [
        &b"GET /orders/\xff HTTP/1.1"[..],
        b"GET /orders/CLAIMED?token=\xff HTTP/1.1",
        b"GET /public/poll-payment?order_id=\xc3\x28 HTTP/1.1",
        b"GET /orders/\0 HTTP/1.1",
        b"GET /sessions/S1?fulfillment_url=\0 HTTP/1.1",
        b"GET orders HTTP/1.1",
        b"GET http://other.example/orders/CLAIMED HTTP/1.1",
        b"GET //orders//CLAIMED// HTTP/1.1",
        b"GET /orders/../private/orders HTTP/1.1",
        b"GET /public/../order HTTP/1.1",
        b"GET * HTTP/1.1",
        b"OPTIONS * HTTP/1.1",
        b"CONNECT other.example:443 HTTP/1.1",
        b"GET /orders/CLAIMED#x HTTP/1.1",
        b"GET /\xf0\x9f\x92\xa9 HTTP/1.1",
        b"POST /order HTTP/1.1\r\nContent-Length: -1",
        b"POST /order HTTP/1.1\r\nContent-Length: 99999999999999999999",
        b"POST /order HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 5",
        b"GET /orders/CLAIMED HTTP/1.1\r\nAuthorization: \xff\xfe",
        b"GET /check-payment?order_id=CLAIMED HTTP/1.1\r\nAuthorization: ApiKey \xff",
        b"GET /orders/CLAIMED HTTP/9.9",
    ] {
        let mut head = line.to_vec();
        head.extend(b"\r\nHost: x\r\nConnection: close\r\n\r\n");
        let answer = target.daemon.lock().unwrap().raw(&head);
        let shown = String::from_utf8_lossy(line);
        let status = answer.split(' ').nth(1).unwrap_or("400");
        assert!(status.parse::<u16>().is_ok_and(|status| status < 500), "{shown}: {answer}");
    }
    target.close();
}
