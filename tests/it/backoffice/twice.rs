//! A form acts once, however often it is sent.

use std::net::TcpListener;
use std::thread;

use rusqlite::Connection;
use rusqlite::types::Value as Cell;
use serde_json::{Value, json};
use tilld::http::{OFFICE, RouteSpec};

use super::{PASSWORD, Page, Visitor, office, store};
use crate::common::fake_peer::{Exchange, Manners};
use crate::common::shop::{IBAN, Shop};
use crate::inventory::{cheese, with};

const OTHER_IBAN: &str = "CH9300762011623852957";

/// Everything that the store holds, but for when somebody was seen last, and what the daemon fetches
/// when it is time.
fn contents(db: &Connection) -> Vec<String> {
    let mut names =
        db.prepare_cached("SELECT name FROM sqlite_master WHERE type = 'table'").unwrap();
    let names: Vec<String> =
        names.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    let mut rows = Vec::new();
    for name in names.iter().filter(|name| *name != "exchange_keys") {
        let mut table = db.prepare_cached(&format!("SELECT * FROM \"{name}\"")).unwrap();
        let columns: Vec<String> = table.column_names().iter().map(|&c| c.to_owned()).collect();
        let mut found = table.query([]).unwrap();
        while let Some(row) = found.next().unwrap() {
            let cells =
                columns.iter().enumerate().filter(|(_, column)| !column.contains("last_used"));
            let cells: Vec<Cell> = cells.map(|(at, _)| row.get(at).unwrap()).collect();
            rows.push(format!("{name} {cells:?}"));
        }
    }
    rows
}

fn order(shop: &Shop) -> String {
    let body = json!({ "order": { "summary": "Bread", "amount": "EUR:7" },
        "refund_delay": { "d_us": 86_400_000_000_u64 } });
    shop.made(&body).0
}

fn paid(shop: &Shop) -> String {
    shop.sold(&json!({ "order": { "summary": "Wine", "amount": "EUR:7" },
        "refund_delay": { "d_us": 86_400_000_000_u64 } }))
}

fn h_wire(shop: &Shop, iban: &str, is_active: bool) -> String {
    let payto = format!("payto://iban/{iban}?receiver-name=Shop");
    shop.post("/private/accounts", &json!({ "payto_uri": payto }));
    let accounts = shop.get("/private/accounts").json();
    let found = accounts["accounts"].as_array().unwrap().iter();
    let found = found.into_iter().find(|one| one["payto_uri"] == payto.as_str()).unwrap();
    let h_wire = found["h_wire"].as_str().unwrap().to_owned();
    if !is_active {
        assert_eq!(shop.delete(&format!("/private/accounts/{h_wire}")).status, 204);
    }
    h_wire
}

fn template(shop: &Shop, id: &str) -> String {
    let body = json!({ "template_id": id, "template_description": "Tea",
        "template_contract": { "summary": "Tea", "amount": "KUDOS:2" } });
    assert_eq!(shop.post("/private/templates", &body).status, 204);
    id.to_owned()
}

/// An exchange that tells its keys: its address and its master key.
fn exchange() -> (String, String) {
    let exchange = Exchange::start();
    exchange.behave(Manners::Tells(exchange.keys(&exchange.master, "")));
    (format!("http://{}/", exchange.address), exchange.master.public_key().to_string())
}

/// Where nobody listens; a call ends at once.
fn nobody() -> String {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    format!("http://{free}/hook")
}

/// A webhook of what does not happen here.
fn webhook(shop: &Shop, id: &str) -> String {
    let body = json!({ "webhook_id": id, "event_type": "order_settled", "url": nobody(), "http_method": "POST" });
    assert_eq!(shop.post("/private/webhooks", &body).status, 204);
    id.to_owned()
}

/// Lets a webhook be one whose receiver wants no more calls.
fn gone(db: &Connection, id: &str) {
    let gone = "UPDATE webhooks SET active = 0, disabled_why = 'gone' WHERE webhook_id = ?1";
    assert_eq!(db.prepare_cached(gone).unwrap().execute([id]).unwrap(), 1);
}

/// Lets a webhook have a call that was given up. It must be out of use, or the daemon sends it.
fn given_up(db: &Connection, id: &str) {
    for made in [
        "INSERT INTO webhook_events (instance_serial, event_type, event_id, at_s, variables)
            SELECT instance_serial, event_type, randomblob(16), 1, '{}' FROM webhooks WHERE webhook_id = ?1",
        "INSERT INTO webhook_deliveries (webhook_serial, event_serial, state, attempts, scheduled_at_s, ended_at_s)
            SELECT serial, last_insert_rowid(), 2, 12, 1, 1 FROM webhooks WHERE webhook_id = ?1",
    ] {
        assert_eq!(db.prepare_cached(made).unwrap().execute([id]).unwrap(), 1);
    }
}

/// The number of a new product.
fn product(shop: &Shop, id: &str) -> String {
    shop.stock(&with(cheese(), &json!({ "product_id": id })));
    let all = shop.get("/private/products?limit=-1").json();
    all["products"][0]["product_serial"].to_string()
}

fn category(shop: &Shop, name: &str) -> String {
    shop.numbered("/private/categories", &json!({ "name": name }), "category_id").to_string()
}

fn device(shop: &Shop, id: &str) -> String {
    let body = json!({ "otp_device_id": id, "otp_device_description": "Machine",
        "otp_key": "GEZDGNBVGY3TQOJQ", "otp_algorithm": 1 });
    assert_eq!(shop.post("/private/otp-devices", &body).status, 204);
    id.to_owned()
}

fn last_token(shop: &Shop) -> i64 {
    shop.place.token("admin", "readonly");
    let tokens: Value = shop.get("/private/tokens?limit=-1").json();
    tokens["tokens"][0]["serial"].as_i64().unwrap()
}

/// Makes what the form of `path` is about; where it is sent, and what is typed into it.
fn prepared(shop: &Shop, path: &str) -> (String, Vec<(&'static str, String)>) {
    let typed = |inputs: &[(&'static str, &str)]| {
        inputs.iter().map(|(name, value)| (*name, (*value).to_owned())).collect::<Vec<_>>()
    };
    let tea = [
        ("description", "Tea"),
        ("summary", "Tea"),
        ("summary_by", "shop"),
        ("amount", "2"),
        ("amount_by", "shop"),
        ("kind", "fixed-order"),
    ];
    let (id, inputs) = match path {
        "/orders/{id}/refund" => {
            (paid(shop), typed(&[("granted", "EUR:0"), ("amount", "2"), ("reason", "Cork")]))
        }
        "/orders/{id}/payments" => (order(shop), typed(&[("method", "card"), ("reference", "17")])),
        "/orders/{id}/delete" => (order(shop), typed(&[])),
        "/new-order" => (String::new(), typed(&[("summary", "Bread"), ("amount", "3")])),
        "/till" => (String::new(), typed(&[("amount", "3")])),
        "/till/{id}/payment" => (order(shop), typed(&[("method", "cash"), ("given", "10")])),
        "/till/{id}/cancel" => (order(shop), typed(&[])),
        "/till/{id}/undo" => (paid(shop), typed(&[])),
        "/new-template" => (String::new(), typed(&[&[("id", "fresh")][..], &tea].concat())),
        "/templates/{id}" => (template(shop, "changed"), typed(&tea)),
        "/templates/{id}/delete" => (template(shop, "deleted"), typed(&[])),
        "/accounts" => (String::new(), typed(&[("iban", OTHER_IBAN), ("holder", "Shop")])),
        "/accounts/{id}/retire" => (h_wire(shop, "DE89370400440532013000", true), typed(&[])),
        "/accounts/{id}/use" => (h_wire(shop, "GB29NWBK60161331926819", false), typed(&[])),
        "/tokens" => (
            String::new(),
            typed(&[
                ("description", "Tablet"),
                ("scope", "order-pos"),
                ("life", "86400"),
                ("password", PASSWORD),
            ]),
        ),
        "/cashiers" => (String::new(), typed(&[("name", "Ada"), ("pin", "4711")])),
        "/cashiers/{id}/pin" | "/cashiers/{id}/remove" => {
            let db = store(&shop.place);
            let made = "INSERT INTO cashiers (instance_serial, name, pin_hash, created_at_s)
                SELECT serial, ?1, 'x', 1 FROM instances WHERE id = 'admin'";
            assert_eq!(db.prepare_cached(made).unwrap().execute([path]).unwrap(), 1);
            (db.last_insert_rowid().to_string(), typed(&[("pin", "4711")]))
        }
        "/till-devices" => (String::new(), typed(&[("password", PASSWORD)])),
        "/till-devices/{id}/remove" => {
            let db = store(&shop.place);
            let made = "INSERT INTO till_devices (instance_serial, hash, browser, created_at_s)
                SELECT serial, randomblob(32), ?1, 1 FROM instances WHERE id = 'admin'";
            assert_eq!(db.prepare_cached(made).unwrap().execute([path]).unwrap(), 1);
            (db.last_insert_rowid().to_string(), typed(&[]))
        }
        "/tokens/{id}/revoke" => (last_token(shop).to_string(), typed(&[])),
        "/new-webhook" => (
            String::new(),
            typed(&[
                ("id", "fresh"),
                ("event_type", "order_settled"),
                ("url", "https://shop.example/hook"),
                ("http_method", "POST"),
            ]),
        ),
        "/webhooks/{id}" => (
            webhook(shop, "changed"),
            typed(&[("event_type", "category_added"), ("url", &nobody()), ("http_method", "POST")]),
        ),
        "/webhooks/{id}/secret"
        | "/webhooks/{id}/test"
        | "/webhooks/{id}/resume"
        | "/webhooks/{id}/resend"
        | "/webhooks/{id}/delete" => {
            let name = path.rsplit('/').next().unwrap();
            let id = webhook(shop, name);
            let db = store(&shop.place);
            match name {
                "resume" => gone(&db, &id),
                "resend" => {
                    gone(&db, &id);
                    given_up(&db, &id);
                }
                _ => {}
            }
            (id, typed(&[]))
        }
        "/orders/{id}/return" => {
            shop.stock(&with(cheese(), &json!({ "product_id": "returned" })));
            let sold = shop.sold(&json!({
                "order": { "summary": "Cheese" },
                "inventory_products": [{ "product_id": "returned", "quantity": 2 }],
            }));
            (sold, typed(&[("line-0", "1"), ("returned", "0")]))
        }
        "/new-product" => (
            String::new(),
            typed(&[("id", "fresh"), ("name", "Bread"), ("price", "2"), ("unit", "Piece")]),
        ),
        "/products/{id}" => (product(shop, "changed"), typed(&[("name", "Bread"), ("price", "3")])),
        "/products/{id}/stock" => {
            (product(shop, "stocked"), typed(&[("reason", "delivery"), ("quantity", "2")]))
        }
        "/products/{id}/delete" => (product(shop, "deleted"), typed(&[])),
        "/categories" => (String::new(), typed(&[("name", "Drinks")])),
        "/categories/{id}" => (category(shop, "Changed"), typed(&[("name", "Food")])),
        "/categories/{id}/delete" => (category(shop, "Deleted"), typed(&[])),
        "/product-import" => {
            (String::new(), typed(&[("table", "product_id;name;price\nimported;Milk;2\n")]))
        }
        "/product-import/apply" => {
            let clerk = Visitor::seated(&shop.daemon.address, "admin");
            let table = [("table", "product_id;name;price\nimported;Milk;2\n")];
            let page = clerk.get(clerk.post("/webui/product-import", &table).location());
            let hidden = |name: &str| {
                let (_, rest) = page.text.split_once(&format!("name=\"{name}\" value=\"")).unwrap();
                rest.split('"').next().unwrap().to_owned()
            };
            let inputs = [("mark", &*hidden("mark")), ("fingerprint", &*hidden("fingerprint"))];
            (String::new(), typed(&inputs))
        }
        "/new-otp-device" => (
            String::new(),
            typed(&[("id", "fresh"), ("description", "Hall"), ("algorithm", "time")]),
        ),
        "/otp-devices/{id}" => (device(shop, "changed"), typed(&[("description", "Hall")])),
        "/otp-devices/{id}/key" => (device(shop, "renewed"), typed(&[("algorithm", "price")])),
        "/otp-devices/{id}/delete" => (device(shop, "deleted"), typed(&[])),
        "/details" => (String::new(), typed(&[("name", "The shop")])),
        "/password" => (
            String::new(),
            typed(&[("old", PASSWORD), ("new", "battery staple"), ("again", "battery staple")]),
        ),
        "/check-list" => (String::new(), typed(&[])),
        "/exchanges" => (String::new(), typed(&[("url", &exchange().0)])),
        "/exchanges/remove" => {
            let (url, _) = exchange();
            shop.place.ok(&["exchange", "add", &url, "--yes"]);
            (String::new(), typed(&[("base_url", &url)]))
        }
        "/new-exchange" => {
            let (url, key) = exchange();
            (String::new(), typed(&[("url", &url), ("key", &key)]))
        }
        "/instances" => {
            (String::new(), typed(&[("name", "Bar"), ("id", "bar"), ("password", "correct horse")]))
        }
        "/instances/{id}"
        | "/instances/{id}/password"
        | "/instances/{id}/delete"
        | "/instances/{id}/purge" => {
            let name = path.rsplit('/').next().unwrap().replace("{id}", "changed");
            shop.place.instance(&name);
            if name == "purge" {
                assert_eq!(shop.delete(&format!("/management/instances/{name}")).status, 204);
            }
            let inputs = match name.as_str() {
                "password" => typed(&[
                    ("new", "battery staple"),
                    ("again", "battery staple"),
                    ("own", PASSWORD),
                ]),
                "changed" => typed(&[("name", "Inn")]),
                _ => typed(&[("confirm", &name), ("force", "yes")]),
            };
            (name, inputs)
        }
        other => panic!("how is the form of {other} filled in?"),
    };
    (format!("/webui{}", path.replace("{id}", &id)), inputs)
}

fn led_alike(path: &str, first: &Page, second: &Page) {
    assert_eq!(first.status, 303, "{path}: {first:?}");
    assert_eq!((second.status, second.location()), (303, first.location()), "{path}: {second:?}");
}

#[test]
fn every_form_of_the_office_acts_once_however_often_it_is_sent() {
    let forms = OFFICE.iter().filter(|row| row.method == "POST");
    // Those who sign in and out have tests of their own; and after the password is another one, no form
    // that asks for it can be filled in as here.
    let forms = forms.filter(|row| !row.path.starts_with("/sign-"));
    let forms = forms.filter(|row| !["/setup", "/cashier"].contains(&row.path));
    let (late, early): (Vec<&RouteSpec>, Vec<&RouteSpec>) =
        forms.partition(|row| row.path == "/password");
    let shop = Shop::configured("[webhooks]\nallow = ['localhost']\n");
    shop.place.passwd("admin", PASSWORD);
    shop.post("/private/accounts", &json!({ "payto_uri": IBAN }));
    let clerk = Visitor::seated(&shop.daemon.address, "admin");
    let db = store(&shop.place);
    for (at, row) in early.into_iter().chain(late).enumerate() {
        let (path, inputs) = prepared(&shop, row.path);
        let inputs: Vec<_> = inputs.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let csrf = format!("{}.page{at}", clerk.csrf.split('.').next().unwrap());
        let before = contents(&db);
        // Both clicks of a double click are under way together.
        let send = || clerk.post_from(&csrf, &path, &inputs);
        let (first, second) = thread::scope(|scope| {
            let other = scope.spawn(send);
            (send(), other.join().unwrap())
        });
        led_alike(&path, &first, &second);
        let after = contents(&db);
        let idle = [
            "/details",
            "/templates/{id}",
            "/instances/{id}",
            "/exchanges",
            "/webhooks/{id}/test",
            "/product-import",
        ];
        assert!(after != before || idle.contains(&row.path), "{path} does something");
        // By "back" and "reload", later.
        led_alike(&path, &first, &send());
        assert_eq!(contents(&db), after, "{path}: nothing is done again");
        // The same from another page is meant; how the till takes it is its own affair.
        if ["/till", "/new-order", "/tokens"].contains(&row.path) {
            let again = clerk.post(&path, &inputs);
            assert_eq!(again.status, 303, "{again:?}");
            assert_ne!(again.location(), first.location());
            assert!(contents(&db).len() > after.len(), "{path} acts for another page");
        }
    }
}

#[test]
fn what_was_typed_wrong_may_be_sent_again() {
    let shop = office();
    let clerk = Visitor::seated(&shop.daemon.address, "admin");
    let csrf = format!("{}.page", clerk.csrf.split('.').next().unwrap());
    let empty = [("summary", "Bread"), ("amount", "")];
    for _ in 0..2 {
        assert_eq!(clerk.post_from(&csrf, "/webui/new-order", &empty).status, 400);
    }
    let good = [("summary", "Bread"), ("amount", "3")];
    assert_eq!(clerk.post_from(&csrf, "/webui/new-order", &good).status, 303);
}

#[test]
fn a_double_click_on_sign_in_makes_one_web_session() {
    let shop = office();
    let mut visitor = Visitor::of(&shop.daemon.address);
    let page = visitor.get("/webui/sign-in");
    visitor.cookies = page.cookie("__Host-tilld-presession").into_iter().collect();
    let (csrf, inputs) = (page.csrf(), [("instance", "admin"), ("password", PASSWORD)]);
    let send = || visitor.post_from(&csrf, "/webui/sign-in", &inputs);
    let (first, second) = thread::scope(|scope| {
        let other = scope.spawn(send);
        (send(), other.join().unwrap())
    });
    led_alike("sign-in", &first, &second);
    assert!(first.cookie("__Host-tilld").is_some());
    assert_eq!(first.cookie("__Host-tilld"), second.cookie("__Host-tilld"));
    let tokens = shop.get("/private/tokens?limit=-9").json();
    let web_sessions = tokens["tokens"].as_array().unwrap().iter();
    let web_sessions = web_sessions
        .filter(|one| one["description"].as_str().is_some_and(|d| d.starts_with("web: ")));
    assert_eq!(web_sessions.count(), 1, "{tokens}");
}

#[test]
fn a_customers_form_makes_one_order() {
    let shop = office();
    let id = template(&shop, "tea");
    let customer = Visitor::of(&shop.daemon.address);
    let accept = [("Accept", "text/html")];
    let path = format!("/templates/{id}");
    let page = customer.ask("GET", &path, None, &accept);
    let once = |page: &Page| {
        let (_, rest) = page.text.split_once("name=\"once\" value=\"").unwrap();
        rest.split('"').next().unwrap().to_owned()
    };
    let send = |once: &str| customer.ask("POST", &path, Some(&[("once", once)]), &accept);
    let (first, second) = (send(&once(&page)), send(&once(&page)));
    led_alike(&path, &first, &second);
    let other = send(&once(&customer.ask("GET", &path, None, &accept)));
    assert_ne!(other.location(), first.location());
    let orders = shop.get("/private/orders").json()["orders"].as_array().unwrap().len();
    assert_eq!(orders, 2);
}

#[test]
fn a_new_token_is_shown_once_and_revoking_asks_first() {
    let shop = office();
    let clerk = Visitor::seated(&shop.daemon.address, "admin");
    let inputs = [
        ("description", "Tablet"),
        ("scope", "order-pos"),
        ("life", "86400"),
        ("password", PASSWORD),
    ];
    let made = clerk.post("/webui/tokens", &inputs);
    assert_eq!(made.status, 303, "{made:?}");
    let page = clerk.get(made.location());
    assert!(page.text.contains("id=\"token\">secret-token:"), "{}", page.text);
    let again = clerk.get(made.location());
    assert!(!again.text.contains("secret-token:"), "{}", again.text);
    assert!(again.text.contains("was shown before"), "{}", again.text);

    let tokens =
        || shop.get("/private/tokens?limit=-9").json()["tokens"].as_array().unwrap().clone();
    let serial =
        tokens().iter().find(|one| one["description"] == "Tablet").unwrap()["serial"].clone();
    let page = clerk.get("/webui/tokens");
    let place = format!("/webui/tokens/{serial}/revoke");
    assert!(page.text.contains(&format!("href=\"{place}\"")), "{}", page.text);
    assert!(!page.text.contains(&format!("action=\"{place}\"")), "{}", page.text);
    let asked = clerk.get(&place);
    assert!(
        asked.text.contains("Revoke this token?") && asked.text.contains("Tablet"),
        "{}",
        asked.text
    );
    assert!(tokens().iter().any(|one| one["serial"] == serial), "nothing is done yet");
    assert_eq!(clerk.post(&place, &[]).status, 303);
    assert!(!tokens().iter().any(|one| one["serial"] == serial));
    assert_eq!(clerk.get(&place).status, 404);
}

#[test]
fn orders_that_a_customer_had_bought_before_can_be_left_out() {
    let shop = office();
    let page = "https://shop.example/article";
    let order = |session: &str| {
        json!({ "order": { "summary": "Article", "amount": "EUR:1", "fulfillment_url": page },
        "session_id": session })
    };
    let bought = shop.sold(&order("S1"));
    let (ghost, token) = shop.made(&order("S1"));
    let (other, other_token) = shop.made(&order("S2"));
    shop.claimed(&ghost, &token);
    shop.claimed(&other, &other_token);
    let (open, _) = shop.made(&order("S1"));
    let clerk = Visitor::seated(&shop.daemon.address, "admin");
    let all = clerk.get("/webui/orders").text;
    let some = clerk.get("/webui/orders?bought=hide").text;
    for id in [&bought, &other, &open] {
        assert!(all.contains(id) && some.contains(id), "{id}");
    }
    assert!(all.contains(&ghost) && !some.contains(&ghost), "{ghost}");
    assert!(some.contains("bought=hide"), "the live list leaves them out, too");
}
