//! Several shops share a daemon: whatever one of them has, by whatever route it is shown, opens,
//! changes and tells nothing of another one.
//!
//! Two shops have something of every kind. Each row of each table is asked with what one has for
//! what the other has; then the other's rows in the store are what they were, and it still gets at
//! all of it itself, so that no refusal above was for another reason.

use std::collections::BTreeMap;

use rusqlite::Connection;
use rusqlite::types::Value as Cell;
use serde_json::{Value, json};
use taler::contract::contract_hash;
use taler::sign::wallet::OrderUnclaim;
use taler::sign::{SigningKey, Statement};
use tilld::http::{Access, EVERYWHERE, LEGACY, OFFICE, ROOT, RouteSpec};

use crate::backoffice::{PASSWORD, Visitor};
use crate::common::{Daemon, Place, Reply};

/// What a fulfillment URL of a shop begins with.
const GOODS: &str = "https://goods.example/";

/// A place with the shops `admin`, `bar` and `pub`, and its daemon.
struct ShopsOfADaemon {
    place: Place,
    daemon: Daemon,
}

/// One shop, and what it has of every kind.
struct Tenant {
    id: &'static str,
    token: String,
    /// An order that nobody has claimed, one that a wallet has, and one that is paid.
    orders: [Order; 3],
    session: String,
    goods: String,
    template: String,
    otp_device: String,
    /// A webhook that was told of one order.
    webhook: String,
    /// The hash that names its bank account.
    account: String,
    /// The number of its token.
    serial: String,
    web_session: Visitor,
    /// What it has of its inventory, by what addresses call it.
    inventory: BTreeMap<&'static str, String>,
    /// The number of its product.
    product_serial: String,
    /// The key of its customers' wallet.
    wallet: SigningKey,
    /// What must not be seen by anybody else.
    secrets: Vec<String>,
}

#[derive(Default)]
struct Order {
    id: String,
    claim_token: String,
    h_contract: String,
    sig: String,
}

impl ShopsOfADaemon {
    fn open() -> Self {
        let place = Place::new();
        for (instance, iban) in [
            ("admin", "DE75512108001245126199"),
            ("bar", "CH9300762011623852957"),
            ("pub", "GB29NWBK60161331926819"),
        ] {
            place.instance(instance);
            place.passwd(instance, PASSWORD);
            let payto = format!("payto://iban/{iban}?receiver-name={instance}");
            place.ok(&["account", "add", instance, &payto]);
        }
        let daemon = place.start();
        Self { place, daemon }
    }

    fn tenant(&self, id: &'static str, seed: u8) -> Tenant {
        let token = self.place.token(id, "all");
        let wallet = SigningKey::from_seed([seed; 32]);
        let (session, goods) = (format!("session-of-{id}"), format!("{GOODS}{id}"));
        let at = |path: &str| format!("/instances/{id}{path}");
        let post = |path: &str, body: &Value| {
            let reply = self.daemon.ask("POST", &at(path)).token(&token).json(body).send();
            assert!(reply.status < 300, "{path}: {reply:?}");
            reply
        };
        // Before there is a webhook that would be told of it.
        let numbered = |path: &str, name: &str, number: &str| {
            let body = json!({ name: format!("{number}-of-{id}"), "description": "x" });
            post(path, &body).json()[number].to_string()
        };
        // As if an exchange had named it: there is none here.
        let account = self.daemon.ask("GET", &at("/private/accounts")).token(&token).send().json();
        let transfer = json!({
            "credit_amount": "EUR:1", "wtid": wallet.public_key(), "exchange_url": "https://x.example/",
            "payto_uri": account["accounts"][0]["payto_uri"],
        });
        post("/private/transfers", &transfer);
        let db = Connection::open(self.place.db()).unwrap();
        db.execute_batch("UPDATE expected_transfers SET is_named = 1").unwrap();
        let transfers =
            self.daemon.ask("GET", &at("/private/transfers")).token(&token).send().json();
        let expected = self.daemon.ask("GET", &at("/private/incoming")).token(&token).send().json();
        let expected = &expected["incoming"][0]["expected_transfer_serial_id"];
        let product = format!("cheese-of-{id}");
        let unit = format!("unit-of-{id}");
        let mut inventory = BTreeMap::from([
            ("transfers", transfers["transfers"][0]["transfer_serial_id"].to_string()),
            ("incoming", expected.to_string()),
            ("categories", numbered("/private/categories", "name", "category_id")),
            ("groups", numbered("/private/groups", "group_name", "group_serial_id")),
            ("pots", numbered("/private/pots", "pot_name", "pot_serial_id")),
            ("units", unit.clone()),
            ("products", product.clone()),
        ]);
        let own = |kind: &str| inventory[kind].parse::<i64>().unwrap();
        post(
            "/private/units",
            &json!({ "unit": unit, "unit_name_long": "x", "unit_name_short": "x" }),
        );
        post(
            "/private/products",
            &json!({
                "product_id": product, "description": "x", "unit": unit, "total_stock": 5, "price": "EUR:1",
                "categories": [own("categories")], "product_group_id": own("groups"), "money_pot_id": own("pots"),
                "image": "data:image/gif;base64,R0lGODlhAQABAAAAACw=",
            }),
        );
        let lock = json!({ "lock_uuid": format!("lock-of-{id}"), "duration": { "d_us": 86_400_000_000_u64 } });
        post(&format!("/private/products/{product}/lock"), &lock);
        let products = self.daemon.ask("GET", &at("/private/products")).token(&token).send().json();
        let product_serial = products["products"][0]["product_serial"].to_string();
        let total = json!({ "new_pot_totals": ["EUR:1"] });
        let patch = self.daemon.ask("PATCH", &at(&format!("/private/pots/{}", inventory["pots"])));
        assert_eq!(patch.token(&token).json(&total).send().status, 204);
        let webhook = format!("hook-{seed}");
        let body = json!({ "webhook_id": webhook, "event_type": "order_created",
            "url": "https://shop.example/", "http_method": "POST",
            "header_template": format!("X-Key: key-of-{id}") });
        post("/private/webhooks", &body);
        let orders = [0, 1, 2].map(|step| {
            if step == 1 {
                // One delivery is enough.
                let other = json!({ "event_type": "category_added", "url": "https://shop.example/",
                    "http_method": "POST", "header_template": format!("X-Key: key-of-{id}") });
                let path = at(&format!("/private/webhooks/{webhook}"));
                let reply = self.daemon.ask("PATCH", &path).token(&token).json(&other).send();
                assert_eq!(reply.status, 204, "{reply:?}");
            }
            let wish = json!({
                "order": { "summary": format!("ale-of-{id}"), "amount": "EUR:31.41",
                    "fulfillment_url": goods },
                "session_id": session, "refund_delay": { "d_us": 86_400_000_000_u64 },
            });
            let made = post("/private/orders", &wish).json();
            let text = |name: &str| made[name].as_str().unwrap().to_owned();
            let mut order =
                Order { id: text("order_id"), claim_token: text("token"), ..Order::default() };
            if step > 0 {
                let body = json!({ "nonce": wallet.public_key(), "token": order.claim_token });
                let claimed = post(&format!("/orders/{}/claim", order.id), &body).json();
                order.h_contract = contract_hash(&claimed["contract_terms"]).unwrap().to_string();
            }
            if step > 1 {
                let body = json!({ "method": "bank", "reference": format!("mark-of-{id}"),
                    "session_id": session });
                let paid = post(&format!("/private/orders/{}/payments", order.id), &body).json();
                order.sig = paid["sig"].as_str().unwrap().to_owned();
                let body = json!({ "refund": "EUR:2.71", "reason": format!("reason-of-{id}") });
                post(&format!("/private/orders/{}/refund", order.id), &body);
            }
            order
        });
        let template = format!("ale-{id}");
        let body = json!({ "template_id": template, "template_description": format!("note-of-{id}"),
            "template_contract": { "summary": format!("offer-of-{id}"), "amount": "EUR:5" } });
        post("/private/templates", &body);
        let otp_device = format!("machine-{id}");
        let body = json!({ "otp_device_id": otp_device, "otp_algorithm": 1,
            "otp_device_description": format!("corner-of-{id}"),
            "otp_key": "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ" });
        post("/private/otp-devices", &body);
        let get = |path: &str| self.daemon.ask("GET", &at(path)).token(&token).send().json();
        let log = get(&format!("/private/webhooks/{webhook}/deliveries"));
        // See `at`.
        assert_eq!(log["deliveries"][0]["delivery_serial"], seed, "{log}");
        let accounts = get("/private/accounts");
        let account = accounts["accounts"][0]["h_wire"].as_str().unwrap().to_owned();
        let serial = get("/private/tokens")["tokens"][0]["serial"].to_string();
        let web_session = Visitor::seated(&self.daemon.address, id);
        let name = format!("cashier-of-{id}");
        let added = web_session.post("/webui/cashiers", &[("name", &name), ("pin", "4711")]);
        assert_eq!(added.status, 303, "{added:?}");
        let added = web_session.post("/webui/till-devices", &[("password", PASSWORD)]);
        assert_eq!(added.status, 303, "{added:?}");
        let db = Connection::open(self.place.db()).unwrap();
        for (kind, table) in [("cashiers", "cashiers"), ("till-devices", "till_devices")] {
            let newest = format!("SELECT CAST(max(serial) AS TEXT) FROM {table}");
            inventory.insert(kind, texts(&db, &newest).remove(0));
        }
        let own = [
            "ale-of-",
            "mark-of-",
            "reason-of-",
            "note-of-",
            "offer-of-",
            "corner-of-",
            "key-of-",
            "cashier-of-",
            "cheese-of-",
            "unit-of-",
            "lock-of-",
            "category_id-of-",
            "group_serial_id-of-",
            "pot_serial_id-of-",
        ];
        let mut secrets: Vec<String> = own.iter().map(|start| format!("{start}{id}")).collect();
        for order in &orders {
            secrets.extend([&order.claim_token, &order.h_contract, &order.sig].map(String::clone));
        }
        let payto = accounts["accounts"][0]["payto_uri"].as_str().unwrap().to_owned();
        // Where goods are is no secret: who comes by a link to another's order is sent there.
        secrets.extend([payto, account.clone(), session.clone(), token.clone()]);
        secrets.extend(orders.iter().map(|order| order.id.clone()));
        secrets.extend(web_session.cookies.iter().cloned());
        secrets.push(web_session.csrf.clone());
        secrets.retain(|secret| !secret.is_empty());
        Tenant {
            id,
            token,
            orders,
            session,
            goods,
            template,
            otp_device,
            webhook,
            account,
            serial,
            web_session,
            inventory,
            product_serial,
            wallet,
            secrets,
        }
    }

    /// Every row of the store that is the tenant's, as text; by table.
    fn rows_of(&self, tenant: &Tenant) -> BTreeMap<String, Vec<String>> {
        let db = Connection::open(self.place.db()).unwrap();
        let named = "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name";
        let mut all: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for table in texts(&db, named) {
            let columns = texts(&db, &format!("SELECT name FROM pragma_table_info('{table}')"));
            let has = |name: &str| columns.iter().any(|column| column == name);
            let own = format!("SELECT serial FROM instances WHERE id = '{}'", tenant.id);
            let orders = format!("SELECT serial FROM orders WHERE instance_serial = ({own})");
            let deposits = format!("SELECT serial FROM deposits WHERE order_serial IN ({orders})");
            let products = format!("SELECT serial FROM products WHERE instance_serial = ({own})");
            let pots = format!("SELECT serial FROM money_pots WHERE instance_serial = ({own})");
            let whose = if has("instance_serial") {
                format!("instance_serial = ({own})")
            } else if has("order_serial") {
                format!("order_serial IN ({orders})")
            } else if has("deposit_serial") {
                format!("deposit_serial IN ({deposits})")
            } else if has("product_serial") {
                format!("product_serial IN ({products})")
            } else if has("pot_serial") {
                format!("pot_serial IN ({pots})")
            } else if has("webhook_serial") {
                let webhooks =
                    format!("SELECT serial FROM webhooks WHERE instance_serial = ({own})");
                format!("webhook_serial IN ({webhooks})")
            } else if table == "instances" {
                format!("id = '{}'", tenant.id)
            } else {
                assert!(
                    [
                        "clock",
                        "exchange_keys",
                        "setup_code",
                        "sqlite_sequence",
                        "trusted_exchanges"
                    ]
                    .contains(&&*table),
                    "whose rows are those of {table}?"
                );
                continue;
            };
            // That a token was used is kept; by whom says the token. What the sender of webhooks writes has
            // its own time.
            let of_sender = [
                "state",
                "attempts",
                "next_attempt_s",
                "scheduled_at_s",
                "last_attempt_s",
                "last_http_status",
                "last_error",
                "took_ms",
                "answer_head",
                "ended_at_s",
                "last_success_s",
                "failing_since_s",
            ];
            let is_told = table.starts_with("webhook");
            let kept = columns.iter().filter(|column| {
                *column != "last_used_s" && !(is_told && of_sender.contains(&&***column))
            });
            let kept = kept.cloned().collect::<Vec<_>>().join(", ");
            let query = format!("SELECT {kept} FROM {table} WHERE {whose} ORDER BY 1");
            let mut statement = db.prepare_cached(&query).unwrap();
            let width = statement.column_count();
            let rows = statement.query_map([], |row| {
                (0..width).map(|column| row.get(column)).collect::<Result<Vec<Cell>, _>>()
            });
            let rows = rows.unwrap().map(|row| format!("{:?}", row.unwrap()));
            all.insert(table, rows.collect());
        }
        for table in [
            "accounts",
            "cashiers",
            "categories",
            "expected_transfers",
            "images",
            "instances",
            "money_pot_totals",
            "money_pots",
            "orders",
            "otp_devices",
            "payments",
            "product_categories",
            "product_groups",
            "product_locks",
            "products",
            "refunds",
            "templates",
            "till_devices",
            "transfers",
            "units",
        ] {
            assert!(!all[table].is_empty(), "{table} has nothing that could change");
        }
        all
    }

    /// Asks, and checks that the answer tells nothing of `other`.
    fn ask(&self, ask: &Ask<'_>, other: &Tenant) -> Reply {
        let mut request = self.daemon.ask(ask.method, &ask.path);
        if let Some(token) = ask.token {
            request = request.token(token);
        }
        if let Some(body) = &ask.body {
            request = request.json(body);
        }
        let reply = request.send();
        let said = format!("{} {:?}", ask.path, ask.body);
        other.is_kept_secret(&format!("{ask:?}"), &said, &format!("{reply:?}"));
        reply
    }
}

/// The first column of what is found.
fn texts(db: &Connection, query: &str) -> Vec<String> {
    let mut statement = db.prepare_cached(query).unwrap();
    let rows = statement.query_map([], |row| row.get(0)).unwrap();
    rows.map(Result::unwrap).collect()
}

#[derive(Debug)]
struct Ask<'a> {
    method: &'a str,
    path: String,
    token: Option<&'a str>,
    body: Option<Value>,
}

impl Tenant {
    /// Nothing of this tenant is in the answer but what was said in the question.
    fn is_kept_secret(&self, question: &str, said: &str, answer: &str) {
        for secret in self.secrets.iter().filter(|secret| !said.contains(*secret)) {
            assert!(!answer.contains(secret), "{question} told {secret}: {answer}");
        }
    }

    /// What of this tenant's the row can name by `{id}`; nothing if it names nothing.
    fn ids(&self, row: &RouteSpec) -> Vec<String> {
        let kind = row.path.split("/{id}").next().unwrap().rsplit('/').next().unwrap();
        match kind {
            _ if !row.path.contains("{id}") => Vec::new(),
            "orders" | "till" => self.orders.iter().map(|order| order.id.clone()).collect(),
            "sessions" => vec![self.session.clone()],
            "templates" => vec![self.template.clone()],
            "otp-devices" => vec![self.otp_device.clone()],
            "webhooks" => vec![self.webhook.clone()],
            "accounts" => vec![self.account.clone()],
            "tokens" => vec![self.serial.clone()],
            "instances" => vec![self.id.to_owned()],
            // What is counted, not whose it is.
            "statistics-amount" | "statistics-counter" => Vec::new(),
            // Pictures have no owner: their names are hashes of what is in them.
            "files" | "pictures" => Vec::new(),
            // Pages know products by their numbers.
            "products" if matches!(row.access, Access::Session(_)) => {
                vec![self.product_serial.clone()]
            }
            other if self.inventory.contains_key(other) => vec![self.inventory[other].clone()],
            other => panic!("what is named in {other}?"),
        }
    }

    /// What shows that one may know of an order, as far as this tenant's `n`th one has it.
    fn query(&self, n: usize) -> String {
        let order = &self.orders[n];
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.append_pair("fulfillment_url", &self.goods).append_pair("session_id", &self.session);
        query.append_pair("order_id", &order.id).append_pair("token", &order.claim_token);
        query.append_pair("nonce", &self.wallet.public_key().to_string());
        if !order.h_contract.is_empty() {
            query.append_pair("h_contract", &order.h_contract);
        }
        query.finish()
    }

    /// A body that makes sense to `row` and shows all that this tenant has for its `n`th order.
    fn body(&self, row: &RouteSpec, n: usize) -> Option<Value> {
        let order = &self.orders[n];
        let mut h_contract = order.h_contract.clone();
        if h_contract.is_empty() {
            h_contract = self.orders[1].h_contract.clone();
        }
        let sig = if order.sig.is_empty() { &self.orders[2].sig } else { &order.sig };
        let unclaim = OrderUnclaim { h_contract: h_contract.parse().unwrap() };
        Some(match (row.method, row.path) {
            ("GET" | "DELETE", _) => return None,
            (_, "/orders/{id}/refund" | "/orders/{id}/abort" | "/orders/{id}/paid") => json!({
                "h_contract": h_contract, "sig": sig, "session_id": self.session,
                "coins": [{ "coin_pub": self.wallet.public_key() }],
            }),
            (_, "/orders/{id}/pay") => json!({ "coins": [], "session_id": self.session }),
            (_, "/orders/{id}/claim") => {
                json!({ "nonce": self.wallet.public_key(), "token": order.claim_token })
            }
            (_, "/orders/{id}/unclaim") => json!({
                "nonce": self.wallet.public_key(), "h_contract": h_contract,
                "unclaim_sig": unclaim.sign(&self.wallet),
            }),
            (_, "/private/orders/{id}/forget") => json!({ "fields": ["$.summary"] }),
            (_, "/private/orders/{id}/payments") => json!({ "method": "cash" }),
            (_, "/private/orders/{id}/refund" | "/refund") => {
                json!({ "order_id": order.id, "refund": "EUR:3", "reason": "x" })
            }
            (_, "/private/products/{id}/lock") => {
                json!({ "lock_uuid": "x", "duration": { "d_us": 1_000_000 } })
            }
            (_, "/private/groups/{id}") => json!({ "group_name": "x", "description": "x" }),
            (_, "/private/accounts/{id}") => json!({ "extra_wire_subject_metadata": "x" }),
            (_, "/private/accounts/{id}/kycauth") => {
                json!({ "exchange_url": "https://x.example/" })
            }
            (_, "/private/templates/{id}") => {
                json!({ "template_description": "x", "template_contract": { "summary": "x" } })
            }
            (_, "/private/otp-devices/{id}") => json!({ "otp_device_description": "x" }),
            (_, "/private/webhooks/{id}") => {
                json!({ "event_type": "pay", "url": "https://x.example/", "http_method": "POST" })
            }
            (_, path) if path.starts_with("/private/webhooks/{id}/") => {
                json!({ "since": { "t_s": 0 }, "keep_old_s": 0 })
            }
            (_, "/private/auth" | "/management/instances/{id}/auth") => {
                json!({ "method": "token", "token": "secret-token:known-to-the-attacker" })
            }
            _ => json!({
                "name": "x",
                "order": { "summary": "x", "amount": "EUR:1", "fulfillment_url": "https://x.example/" },
            }),
        })
    }
}

/// The path of `row` at `instance`. A webhook has the number of its one delivery in its name.
fn at(instance: &str, row: &RouteSpec, id: &str) -> String {
    let serial = id.rsplit('-').next().unwrap();
    format!("/instances/{instance}{}", row.path.replace("{id}", id).replace("{serial}", serial))
}

fn two() -> (ShopsOfADaemon, Tenant, Tenant) {
    let daemon_of_shops = ShopsOfADaemon::open();
    let (bar, other) = (daemon_of_shops.tenant("bar", 1), daemon_of_shops.tenant("pub", 2));
    (daemon_of_shops, bar, other)
}

#[test]
fn what_one_tenant_holds_finds_nothing_of_another_at_its_own_address() {
    let (daemon_of_shops, bar, other) = two();
    let before = daemon_of_shops.rows_of(&other);
    for row in EVERYWHERE {
        for (n, id) in other.ids(row).iter().enumerate() {
            // With the other's own secrets, should somebody have got at them.
            let path = format!("{}?force=yes&{}", at("bar", row, id), other.query(n));
            let (token, body) = (Some(&*bar.token), other.body(row, n));
            let ask = Ask { method: row.method, path, token, body };
            let reply = daemon_of_shops.ask(&ask, &other);
            // A receipt is looked at before its order is.
            let by_receipt = row.path == "/orders/{id}/paid" && reply.status == 403;
            assert!(reply.status == 404 || by_receipt, "{row:?} {n}: {reply:?}");
        }
        if row.method == "GET" && !row.path.contains("{id}") {
            let path = format!("{}?limit=-1000&{}", at("bar", row, ""), other.query(2));
            let ask = Ask { method: "GET", path, token: Some(&bar.token), body: None };
            daemon_of_shops.ask(&ask, &other);
        }
    }
    assert_eq!(daemon_of_shops.rows_of(&other), before);
    the_owner_gets_at_everything(&daemon_of_shops, &other);
}

#[test]
fn what_one_tenant_holds_opens_nothing_at_the_address_of_another() {
    let (daemon_of_shops, bar, other) = two();
    let before = daemon_of_shops.rows_of(&other);
    let web_session = bar.web_session.cookies[0].split_once('=').unwrap().1.to_owned();
    let operator = daemon_of_shops.place.token("admin", "all");
    for row in EVERYWHERE {
        let mut ids = [other.ids(row), bar.ids(row)].concat();
        if ids.is_empty() {
            // It names nothing of a shop's, or a thing that each shop has.
            ids.push("x".to_owned());
        }
        for (n, id) in ids.iter().enumerate() {
            let path = format!("{}?force=yes&purge=yes&{}", at("pub", row, id), bar.query(n % 3));
            let body = bar.body(row, n % 3);
            for token in [&bar.token, &web_session, &operator] {
                let ask = Ask {
                    method: row.method,
                    path: path.clone(),
                    token: Some(token),
                    body: body.clone(),
                };
                let is_public = row.access == Access::Public;
                // What anybody may do is no matter of tenants: to look at an
                // offer, to take it, to pay for others.
                let is_offer = ["/templates/{id}", "/orders/{id}/pay"].contains(&row.path);
                if is_public && is_offer && other.ids(row).contains(id) {
                    continue;
                }
                let said = format!("{ask:?}");
                let reply = daemon_of_shops.ask(&ask, &other);
                match (is_public, row.path.contains("{id}")) {
                    (false, _) => assert_eq!(reply.failure(), (401, 2015), "{said}"),
                    (true, true) => {
                        let is_sent_on = row.path == "/orders/{id}" && reply.status == 202;
                        let refused = [400, 403, 404, 409].contains(&reply.status);
                        assert!(refused || is_sent_on, "{said}: {reply:?}");
                    }
                    (true, false) => {}
                }
            }
        }
    }
    // A password is for its own instance only, whichever name is given with it.
    daemon_of_shops.place.passwd("bar", "battery staple");
    for name in ["bar", "pub"] {
        let ask = daemon_of_shops.daemon.ask("POST", "/instances/pub/private/token");
        let reply = ask.basic(name, "battery staple").json(&json!({ "scope": "all" })).send();
        assert_eq!(reply.failure(), (401, 2015), "{name}");
    }
    assert_eq!(daemon_of_shops.rows_of(&other), before);
    the_owner_gets_at_everything(&daemon_of_shops, &other);
}

#[test]
fn a_tenant_is_no_operator() {
    let (daemon_of_shops, bar, other) = two();
    let before = daemon_of_shops.rows_of(&other);
    let web_session = bar.web_session.cookies[0].split_once('=').unwrap().1.to_owned();
    let mut closed = 0;
    for row in ROOT {
        for id in [other.id, "admin", "bar"] {
            for token in [&bar.token, &web_session] {
                let path = format!("{}?purge=yes", row.path.replace("{id}", id));
                let body = other.body(row, 0);
                let ask = Ask { method: row.method, path, token: Some(token), body };
                let reply = daemon_of_shops.ask(&ask, &other);
                if matches!(row.access, Access::Management(_)) {
                    assert_eq!(reply.failure(), (401, 2015), "{row:?} {id}");
                    closed += 1;
                }
            }
        }
    }
    assert!(closed >= 42, "{closed}");
    assert_eq!(daemon_of_shops.rows_of(&other), before);
    the_owner_gets_at_everything(&daemon_of_shops, &other);
}

#[test]
fn shops_of_2019_see_nothing_of_each_other_by_any_of_the_four_forms() {
    let (daemon_of_shops, bar, other) = two();
    let before = daemon_of_shops.rows_of(&other);
    for row in LEGACY {
        for n in 0..3 {
            for (prefix, instance) in [
                ("", ""),
                ("", "bar"),
                ("", "pub"),
                ("/public", "bar"),
                ("/public", "pub"),
                ("/instances/bar", ""),
                ("/instances/bar", "pub"),
                ("/instances/pub", ""),
                ("/instances/pub", "bar"),
                ("/public/instances/bar", ""),
                ("/public/instances/pub", ""),
            ] {
                // At the other's address with one's own secrets, else with the other's.
                let there = prefix.ends_with("pub") || instance == "pub";
                let whose = if there { &bar } else { &other };
                let mut query = whose.query(n);
                if there {
                    query = query.replace(&bar.orders[n].id, &other.orders[n].id);
                }
                let mut body = other.body(row, n);
                if !instance.is_empty() {
                    query.push_str(&format!("&instance={instance}"));
                    if let Some(body) = &mut body {
                        body["instance"] = json!(instance);
                    }
                }
                let path = format!("{prefix}{}?{query}", row.path);
                let (method, token) = (row.method, Some(&*bar.token));
                let ask = Ask { method, path, token, body };
                let said = format!("{ask:?}");
                let reply = daemon_of_shops.ask(&ask, &other);
                // One's own books, and what everybody may know.
                let is_own = ["/history", "/config", "/order"].contains(&row.path);
                assert!(is_own && !there || reply.status >= 400 || row.path == "/config", "{said}");
                if there && row.access != Access::Public {
                    assert!([400, 401, 404, 405].contains(&reply.status), "{said}: {reply:?}");
                }
            }
        }
    }
    assert_eq!(daemon_of_shops.rows_of(&other), before);
    the_owner_gets_at_everything(&daemon_of_shops, &other);
}

#[test]
fn a_web_session_of_one_shop_changes_nothing_of_another() {
    let (daemon_of_shops, bar, other) = two();
    let before = daemon_of_shops.rows_of(&other);
    let inputs = [
        ("amount", "3"),
        ("granted", "EUR:2.71"),
        ("method", "cash"),
        ("reason", "x"),
        ("force", "yes"),
        ("description", "x"),
        ("summary", "x"),
        ("summary_by", "shop"),
        ("amount_by", "shop"),
        ("kind", "fixed-order"),
        ("confirm", "pub"),
        ("pin", "1234"),
    ];
    // What ends the web session comes last, and what makes something makes it for the visitor's own shop.
    for row in OFFICE.iter().filter(|row| row.path != "/sign-out") {
        let mut ids = other.ids(row);
        if ids.is_empty() {
            ids.push(String::new());
        }
        for id in ids {
            let path = format!("/webui{}", row.path.replace("{id}", &id));
            let page = match row.method {
                "POST" => bar.web_session.post(&path, &inputs),
                _ => bar.web_session.get(&path),
            };
            let said = format!("{} {inputs:?}", path);
            other.is_kept_secret(&format!("{row:?}"), &said, &format!("{page:?}"));
            if row.path.starts_with("/instances") {
                assert_eq!(page.status, 403, "they are the operator's: {row:?}");
            } else if row.path.contains("{id}") {
                // Some forms answer as if what they are for were done already.
                let is_done = ["/cancel", "/revoke", "/retire", "/delete", "/remove"];
                let is_done = is_done.iter().any(|end| row.path.ends_with(end));
                assert!(page.status == 404 || is_done && page.status == 303, "{row:?} {page:?}");
            }
            if row.method == "POST" && row.access != Access::Public {
                // The CSRF token of one web session is for no form of another.
                for (cookies, csrf) in [
                    (&bar.web_session, &other.web_session.csrf),
                    (&other.web_session, &bar.web_session.csrf),
                ] {
                    let forged = [&inputs[..], &[("csrf", csrf.as_str())]].concat();
                    let origin = [("Origin", daemon_of_shops.daemon.address.as_str())];
                    let page = cookies.ask("POST", &path, Some(&forged), &origin);
                    assert_eq!(page.status, 403, "{row:?} {page:?}");
                }
            }
        }
    }
    assert_eq!(daemon_of_shops.rows_of(&other), before);
    the_owner_gets_at_everything(&daemon_of_shops, &other);
}

#[test]
fn a_tenant_that_goes_with_everything_takes_nothing_of_another() {
    let (daemon_of_shops, bar, other) = two();
    let before = daemon_of_shops.rows_of(&other);
    let ask =
        daemon_of_shops.daemon.ask("DELETE", "/instances/bar/private?purge=yes").token(&bar.token);
    assert_eq!(ask.send().status, 204);
    assert_eq!(bar.web_session.get("/webui/orders").status, 303, "its web sessions are gone");
    assert_eq!(daemon_of_shops.rows_of(&other), before);
    the_owner_gets_at_everything(&daemon_of_shops, &other);
}

/// Each row that names something lets its owner through with the very questions of above.
fn the_owner_gets_at_everything(daemon_of_shops: &ShopsOfADaemon, owner: &Tenant) {
    let names = |row: &&RouteSpec| {
        row.path.contains("{id}") && !row.path.starts_with("/private/statistics-")
    };
    let mut rows: Vec<_> = EVERYWHERE.iter().filter(names).collect();
    // What is deleted is gone for the others.
    rows.sort_by_key(|row| {
        ["GET", "PATCH", "POST", "DELETE"].iter().position(|m| *m == row.method)
    });
    for row in rows {
        let reaches = owner.ids(row).iter().enumerate().any(|(n, id)| {
            // The token is not taken back before the end.
            if (row.method, row.path) == ("DELETE", "/private/tokens/{id}") {
                return true;
            }
            let path = format!("{}?{}", at(owner.id, row, id), owner.query(n));
            let mut ask = daemon_of_shops.daemon.ask(row.method, &path).token(&owner.token);
            if let Some(body) = owner.body(row, n) {
                ask = ask.json(&body);
            }
            ![401, 403, 404].contains(&ask.send().status)
        });
        assert!(reaches, "{row:?}");
    }
    assert_eq!(owner.web_session.get("/webui/orders").status, 200);
    let path = format!("/instances/{}/private/tokens/{}", owner.id, owner.serial);
    assert_eq!(daemon_of_shops.daemon.ask("DELETE", &path).token(&owner.token).send().status, 204);
}
