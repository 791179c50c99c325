//! People without a token of the shop: what they can have written, how much of it, and what becomes
//! of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use reqwest::redirect;
use serde_json::{Map, Value, json};
use system::clock::Clock;
use taler::ids::{InstanceId, OrderId, TemplateId};
use taler::sign::wallet::OrderUnclaim;
use taler::sign::{SigningKey, Statement};
use taler::template::{Template, TemplateContract, TemplateInput};
use tilld::hub::{Hub, Limits};
use tilld::model::account::AccountDetails;
use tilld::model::order::{CounterPayment, PaymentMethod};
use tilld::store::{Options, Role, Store};
use tilld::till::{
    CreateAccount, CreateInstance, CreateOrder, Filter, ManualPayment, Paging, Principal,
    StrangerLimits, Till, WaitLimit,
};

use crate::common::shop::{BASE, IBAN, Shop, nonce, plain};
use crate::common::{PATIENCE, Reply, client, eventually};

/// What a browser asks for.
const PAGE: &str = "text/html,application/xhtml+xml,*/*;q=0.8";

/// A shop with a template that leaves the price open, one that does not, and one for nothing.
fn shop(variables: &[(&str, &str)]) -> Shop {
    let shop = Shop::with(variables);
    for (id, contract) in [
        ("open", json!({ "summary": "Tea", "currency": "KUDOS", "request_tip": true })),
        ("tea", json!({ "summary": "Tea", "amount": "KUDOS:1" })),
        ("free", json!({ "summary": "Water", "amount": "KUDOS:0" })),
    ] {
        let body = json!({
            "template_id": id, "template_description": "x", "template_contract": contract,
        });
        assert_eq!(shop.post("/private/templates", &body).status, 204);
    }
    shop
}

/// A form of a template's page, sent by a browser at `address`.
fn form(shop: &Shop, id: &str, fields: &str, address: &str) -> Reply {
    let client = client().timeout(PATIENCE).redirect(redirect::Policy::none()).build().unwrap();
    let request = client
        .post(format!("{}/templates/{id}", shop.daemon.address))
        .header("Accept", PAGE)
        .header("X-Forwarded-For", address)
        .header("Content-Type", "application/x-www-form-urlencoded");
    Reply::of(request.body(fields.to_owned()).send().unwrap())
}

/// What somebody at `address` posts.
fn post_from(shop: &Shop, address: &str, path: &str, body: &Value) -> Reply {
    shop.daemon.ask("POST", path).header("X-Forwarded-For", address).json(body).send()
}

#[test]
fn a_price_that_is_left_open_is_zero_by_no_way_in() {
    let shop = shop(&[]);
    for body in [
        json!({ "amount": "KUDOS:0" }),
        json!({ "amount": "KUDOS:0.00" }),
        json!({ "amount": "KUDOS:0", "tip": "KUDOS:0" }),
        json!({ "amount": "KUDOS:1", "tip": "KUDOS:1" }),
    ] {
        let reply = shop.strange_post("/templates/open", &body);
        assert_eq!(reply.failure(), (400, 26), "{body}");
        assert_eq!(reply.json()["detail"], "amount", "{body}");
    }
    for fields in ["amount=KUDOS%3A0", "amount=KUDOS%3A0.0&tip="] {
        let ask = shop.daemon.ask("POST", "/templates/open");
        let ask = ask.header("Content-Type", "application/x-www-form-urlencoded");
        assert_eq!(ask.body(fields).send().failure(), (400, 26), "{fields}");
    }
    for fields in ["amount=0", "amount=0.00", "amount=0&tip=0", "amount=0&tip=1", "amount="] {
        let reply = form(&shop, "open", fields, "192.0.2.1");
        assert_eq!(reply.status, 400, "{fields}: {}", reply.text);
    }
    assert_eq!(shop.get("/private/orders").json()["orders"], json!([]));

    // What the shop itself has made free is free.
    assert_eq!(shop.strange_post("/templates/free", &json!({})).status, 200);
    assert_eq!(form(&shop, "free", "", "192.0.2.1").status, 303);
    assert_eq!(shop.order(&plain("Water", "KUDOS:0")).status, 200);
}

#[test]
fn a_paid_order_may_be_deleted_if_nothing_was_paid_for_it() {
    let shop = shop(&[]);
    let (free, sold) = (shop.sold(&plain("Water", "KUDOS:0")), shop.sold(&plain("Tea", "KUDOS:1")));
    assert_eq!(shop.delete(&format!("/private/orders/{sold}")).failure(), (409, 2521));
    assert_eq!(shop.delete(&format!("/private/orders/{free}")).status, 204);
    assert_eq!(shop.get(&format!("/private/orders/{free}")).failure(), (404, 2005));
}

/// An order that a wallet can claim, or give back.
fn offered(shop: &Shop) -> (String, String) {
    shop.made(&plain("Tea", "KUDOS:1"))
}

/// Gives an order back that the wallet with the first nonce has claimed.
fn unclaim(shop: &Shop, id: &str, h_contract: &str, address: &str) -> Reply {
    let statement = OrderUnclaim { h_contract: h_contract.parse().unwrap() };
    let sig = statement.sign(&SigningKey::from_seed([1; 32]));
    let body = json!({ "nonce": nonce(1), "h_contract": h_contract, "unclaim_sig": sig });
    post_from(shop, address, &format!("/orders/{id}/unclaim"), &body)
}

/// A way in: its name, and what somebody at an address is answered there.
type Way<'a> = (&'static str, &'a dyn Fn(&str) -> Reply);

#[test]
fn one_network_has_its_share_by_every_way_in_and_others_have_theirs() {
    let shop = shop(&[
        ("TILLD_STRANGERS__NETWORK_BURST", "2"),
        ("TILLD_STRANGERS__NETWORK_PER_MINUTE", "1"),
    ]);
    let (claimed, token) = offered(&shop);
    let contract = {
        let body = json!({ "nonce": nonce(1), "token": token });
        let reply = post_from(&shop, "203.0.113.1", &format!("/orders/{claimed}/claim"), &body);
        assert_eq!(reply.status, 200, "{reply:?}");
        taler::contract::contract_hash(&reply.json()["contract_terms"]).unwrap().to_string()
    };
    let by_claim = |address: &str| {
        let (id, token) = offered(&shop);
        let body = json!({ "nonce": nonce(2), "token": token });
        post_from(&shop, address, &format!("/orders/{id}/claim"), &body)
    };
    let by_proposal = |address: &str| {
        let (id, token) = offered(&shop);
        let path = format!("/public/proposal?order_id={id}&nonce={}&token={token}", nonce(2));
        shop.daemon.ask("GET", &path).header("X-Forwarded-For", address).send()
    };
    let ways: [Way<'_>; 5] = [
        ("a wallet makes an order", &|at| post_from(&shop, at, "/templates/tea", &json!({}))),
        ("a browser makes an order", &|at| form(&shop, "tea", "", at)),
        ("a wallet claims an order", &by_claim),
        ("a wallet of 2019 claims an order", &by_proposal),
        ("a wallet gives an order back", &|at| unclaim(&shop, &claimed, &contract, at)),
    ];
    for (number, (name, way)) in ways.iter().enumerate() {
        if name.contains("2019") && !cfg!(feature = "legacy") {
            continue;
        }
        let (own, next) = (format!("2001:db8:{number}::1"), format!("2001:db8:{number}::2"));
        for address in [&own, &next] {
            let made = post_from(&shop, address, "/templates/tea", &json!({}));
            assert_eq!(made.status, 200, "{made:?}");
        }
        let refused = way(&own);
        assert_eq!(refused.status, 429, "{name}: {refused:?}");
        let wait: u64 = refused.headers["retry-after"].parse().unwrap();
        assert!((1..=61).contains(&wait), "{name}: {wait}");
        if refused.headers["content-type"] == "application/json" {
            assert_eq!(
                refused.json()["ec"].as_u64().or(refused.json()["code"].as_u64()),
                Some(2015)
            );
        }
        let elsewhere = way(&format!("198.51.100.{number}"));
        assert!([200, 204, 303].contains(&elsewhere.status), "{name}: {elsewhere:?}");
    }
    // A client that asks again for what is there already has nothing written.
    let body = json!({ "nonce": nonce(3), "token": offered(&shop).1 });
    for _ in 0..5 {
        let reply = post_from(&shop, "192.0.2.200", "/orders/none/claim", &body);
        assert_eq!(reply.failure(), (404, 2300));
    }
    assert_eq!(by_claim("192.0.2.200").status, 200);
    // The shop itself is not counted.
    for _ in 0..10 {
        shop.sold(&plain("Tea", "KUDOS:1"));
    }
}

#[test]
fn a_template_has_its_share_wherever_its_customers_are() {
    let shop = shop(&[
        ("TILLD_STRANGERS__TEMPLATE_BURST", "3"),
        ("TILLD_STRANGERS__TEMPLATE_PER_MINUTE", "1"),
    ]);
    let make = |id: &str, number: u8| {
        post_from(&shop, &format!("192.0.2.{number}"), &format!("/templates/{id}"), &json!({}))
    };
    for number in 0..3 {
        assert_eq!(make("tea", number).status, 200);
    }
    let refused = make("tea", 100);
    assert_eq!(refused.failure(), (429, 2015));
    assert!(refused.headers.contains_key("retry-after"));
    let refused = form(&shop, "tea", "", "192.0.2.101");
    assert_eq!(refused.status, 429);
    assert!(refused.text.contains("Too many requests"), "{}", refused.text);
    assert_eq!(make("free", 100).status, 200);
    assert_eq!(shop.get("/private/orders").json()["orders"].as_array().unwrap().len(), 4);
}

#[test]
fn unpaid_orders_of_strangers_have_a_cap_and_those_of_the_shop_have_none() {
    let shop = shop(&[("TILLD_STRANGERS__MAX_OPEN_ORDERS", "2")]);
    for _ in 0..5 {
        offered(&shop);
    }
    let make = || shop.strange_post("/templates/tea", &json!({}));
    let first = make().json()["order_id"].as_str().unwrap().to_owned();
    assert_eq!(make().status, 200);
    let refused = make();
    assert_eq!(refused.failure(), (429, 2015));
    assert_eq!(refused.headers["retry-after"], "60");
    assert_eq!(form(&shop, "tea", "", "192.0.2.1").status, 429);
    shop.sold(&plain("Tea", "KUDOS:1"));
    // One that is paid is open no more.
    assert_eq!(shop.pay(&first, &json!({ "method": "cash" })).status, 200);
    assert_eq!(make().status, 200);
    assert_eq!(make().failure(), (429, 2015));
}

#[test]
fn below_the_reserve_of_the_disk_strangers_write_nothing_and_the_shop_sells() {
    let shop = shop(&[("TILLD_STRANGERS__DISK_RESERVE_BYTES", "9000000000000000000")]);
    let (id, token) = offered(&shop);
    let path = format!("/orders/{id}/claim");
    for _ in 0..3 {
        assert_eq!(shop.strange_post("/templates/tea", &json!({})).failure(), (507, 52));
        let body = json!({ "nonce": nonce(1), "token": token });
        let refused = shop.strange_post(&path, &body);
        assert_eq!(refused.failure(), (507, 52));
        assert!(refused.headers.contains_key("retry-after"));
        let path = format!("/public/proposal?order_id={id}&nonce={}&token={token}", nonce(1));
        let expected = if cfg!(feature = "legacy") { 507 } else { 404 };
        assert_eq!(shop.daemon.get(&path).status, expected);
        assert_eq!(form(&shop, "tea", "", "192.0.2.1").status, 507);
        shop.sold(&plain("Tea", "KUDOS:1"));
    }
    assert_eq!(shop.pay(&id, &json!({ "method": "cash" })).status, 200);
    // The log is told once.
    shop.daemon.signal("TERM");
    let lines = shop.daemon.lines.lock().unwrap();
    let told = lines.iter().filter(|line| line.contains("bytes are free on the disk")).count();
    assert_eq!(told, 1);
}

#[test]
fn a_logo_is_stored_once_and_is_in_every_contract() {
    let shop = shop(&[]);
    let logo = format!("data:image/png;base64,{}", "iVBORw0KGgo/+AAA".repeat(24_000));
    let own = json!({
        "name": "Shop", "logo": logo, "address": {}, "jurisdiction": {}, "use_stefan": true,
        "default_pay_delay": { "d_us": 3_600_000_000_u64 },
        "default_wire_transfer_delay": { "d_us": 3_600_000_000_u64 },
    });
    let changed = shop.patch("/private", &own);
    assert_eq!(changed.status, 204, "{changed:?}");
    let orders: Vec<(String, String)> = (0..40)
        .map(|_| {
            let made = shop.strange_post("/templates/tea", &json!({})).json();
            let text = |name: &str| made[name].as_str().unwrap().to_owned();
            (text("order_id"), text("token"))
        })
        .collect();
    let (id, token) = &orders[0];
    assert_eq!(shop.status(id, "")["proto_contract_terms"]["merchant"]["logo"], logo);
    // The wallet hashes what it gets; the shop has the same contract in every state.
    let contract = shop.claimed(id, token);
    assert_eq!(contract.terms["merchant"]["logo"], logo);
    let again = shop.claimed(id, token);
    assert_eq!(again.h_contract, contract.h_contract);
    assert_eq!(shop.status(id, "")["contract_terms"], contract.terms);
    let seen = shop.seen(id, &format!("?h_contract={}", contract.h_contract));
    assert_eq!(seen.status, 402, "{seen:?}");
    assert_eq!(unclaim(&shop, id, &contract.h_contract, "192.0.2.1").status, 204);
    let contract = shop.claimed(id, token);
    assert_eq!(shop.pay(id, &json!({ "method": "cash" })).status, 200);
    assert_eq!(shop.status(id, "")["contract_terms"], contract.terms);
    // Paid before any wallet had it.
    let (unclaimed, _) = &orders[1];
    assert_eq!(shop.pay(unclaimed, &json!({ "method": "cash" })).status, 200);
    assert_eq!(shop.status(unclaimed, "")["contract_terms"]["merchant"]["logo"], logo);
    // An older contract keeps its own logo.
    let mut other = own;
    other["logo"] = json!("data:image/png;base64,AAAA");
    assert_eq!(shop.patch("/private", &other).status, 204);
    assert_eq!(shop.status(id, "")["contract_terms"], contract.terms);
    let (new, _) = offered(&shop);
    assert_eq!(shop.status(&new, "")["proto_contract_terms"]["merchant"]["logo"], other["logo"]);

    shop.place.ok(&["check"]);
    let Shop { place, daemon, .. } = shop;
    assert_eq!(daemon.stop(), 0);
    let size = std::fs::metadata(place.db()).unwrap().len();
    assert!(
        size < 2_500_000,
        "{size} bytes for {} orders and a logo of {}",
        orders.len(),
        logo.len()
    );
}

#[test]
fn a_contract_of_which_the_logo_is_forgotten_keeps_its_hash() {
    let shop = Shop::new();
    let logo = format!("data:image/png;base64,{}", "A".repeat(50_000));
    let own = json!({ "name": "Shop", "logo": logo, "address": {}, "jurisdiction": {},
        "use_stefan": true, "default_pay_delay": { "d_us": 3_600_000_000_u64 },
        "default_wire_transfer_delay": { "d_us": 3_600_000_000_u64 } });
    assert_eq!(shop.patch("/private", &own).status, 204);
    let wish = json!({ "order": {
        "summary": "tea", "amount": "KUDOS:1", "extra": { "name": "Ada", "$forgettable": { "name": true } },
    } });
    let (id, token) = shop.made(&wish);
    let contract = shop.claimed(&id, &token);
    assert_eq!(shop.pay(&id, &json!({ "method": "cash" })).status, 200);
    let forgotten =
        shop.patch(&format!("/private/orders/{id}/forget"), &json!({ "fields": ["$.extra.name"] }));
    assert_eq!(forgotten.status, 200, "{forgotten:?}");
    let left = shop.status(&id, "")["contract_terms"].clone();
    assert_eq!(left["merchant"]["logo"], logo);
    assert_eq!(left["extra"].get("name"), None);
    let hash = taler::contract::contract_hash(&left).unwrap().to_string();
    assert_eq!(hash, contract.h_contract);
    shop.place.ok(&["check"]);
}

#[test]
fn the_shipped_bounds_are_those_of_the_till() {
    let config = tilld::config::load(&Default::default()).unwrap().config;
    assert_eq!(tilld::server::policy(&config).unwrap().strangers, StrangerLimits::default());
}

/// A till in this process, whose clock the test sets.
struct Timed {
    till: Till,
    store: Store,
    clerk: Principal,
    seconds: Arc<AtomicU64>,
    _folder: tempfile::TempDir,
}

/// The time at which its shop opens.
const OPENING: u64 = 1_800_000_000;
const HOUR: u64 = 3_600;
const DAY: u64 = 24 * HOUR;

impl Timed {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store =
            Store::open(&folder.path().join("tilld.db"), Role::Daemon, Options::default()).unwrap();
        let config = tilld::config::load(&Default::default()).unwrap().config;
        let seconds = Arc::new(AtomicU64::new(OPENING));
        let own = seconds.clone();
        let clock = Clock::in_leaps(move || Duration::from_secs(own.load(Ordering::Relaxed)));
        let terms = tilld::server::policy(&config).unwrap();
        let till = Till::new(store.clone(), Hub::new(Limits::default()), terms, clock);
        let settings = till.plain_settings("Shop");
        let wish = CreateInstance { id: InstanceId::admin(), settings, auth: None };
        till.create_instance(wish).await.unwrap();
        let clerk = till.admit_operator(&InstanceId::admin()).await.unwrap();
        let payto_uri = IBAN.parse().unwrap();
        let wish = CreateAccount { payto_uri, details: AccountDetails::default() };
        till.add_account(&clerk, wish).await.unwrap();
        let Value::Object(members) = json!({
            "summary": "Tea", "amount": "KUDOS:1", "pay_duration": { "d_us": HOUR * 1_000_000 },
        }) else {
            panic!("an object")
        };
        let template = Template {
            id: TemplateId::parse("tea").unwrap(),
            description: "x".into(),
            contract: TemplateContract::parse(members).unwrap(),
            editable_defaults: None,
            otp_id: None,
        };
        till.add_template(&clerk, template).await.unwrap();
        Self { till, store, clerk, seconds, _folder: folder }
    }

    fn at(&self, seconds: u64) {
        self.seconds.store(seconds, Ordering::Relaxed);
    }

    /// A stranger makes an order.
    async fn stranger(&self) -> OrderId {
        let id = TemplateId::parse("tea").unwrap();
        let base = BASE.parse().unwrap();
        let admin = InstanceId::admin();
        let made = self.till.order_by_template(&admin, id, TemplateInput::default(), &base, None);
        made.await.unwrap().order_id
    }

    /// The shop makes an order, with an hour to pay it.
    async fn own(&self) -> OrderId {
        let mut order = Map::new();
        order.insert("summary".into(), json!("Tea"));
        order.insert("amount".into(), json!("KUDOS:1"));
        let deadline = self.seconds.load(Ordering::Relaxed) + HOUR;
        order.insert("pay_deadline".into(), json!({ "t_s": deadline }));
        let wish = CreateOrder {
            order,
            refund_delay: None,
            payment_target: None,
            session: None,
            with_token: true,
            cart: Default::default(),
            otp_id: None,
        };
        let base = BASE.parse().unwrap();
        let made = self.till.create_order(&self.clerk, wish, &base);
        made.await.unwrap().order_id
    }

    /// Everything is deleted whose time is over.
    async fn sweep(&self) {
        while self.till.delete_expired_orders().await.unwrap() {}
    }

    /// The orders that are there, oldest first.
    async fn orders(&self) -> Vec<OrderId> {
        let page = Paging { filter: Filter::default(), limit: 1000, offset: None };
        let orders = self.till.orders(&self.clerk, page, WaitLimit::NONE).await.unwrap();
        orders.into_iter().map(|order| order.order_id).collect()
    }
}

#[actix_web::test]
async fn unpaid_orders_of_strangers_are_deleted_a_day_after_their_deadline_and_no_others() {
    let shop = Timed::new().await;
    let (unpaid, paid, coins) =
        (shop.stranger().await, shop.stranger().await, shop.stranger().await);
    let own = shop.own().await;
    let payment = CounterPayment { method: PaymentMethod::parse("cash").unwrap(), reference: None };
    let wish = ManualPayment { payment, session: None, amount: None, given: None };
    shop.till.record_payment(&shop.clerk, paid.clone(), wish).await.unwrap();
    // A coin was sent for it, and nobody knows what became of that.
    let with_coin = coins.to_string();
    shop.store
        .write::<_, tilld::store::Error>(move |tx| {
            Ok(tx.execute_batch(&format!(
                "INSERT INTO deposits (order_serial, coin_pub, coin, deposit_fee, refund_fee)
                 SELECT serial, zeroblob(32), '{{}}', 'KUDOS:0', 'KUDOS:0' FROM orders
                 WHERE order_id = '{with_coin}'"
            ))?)
        })
        .await
        .unwrap();
    shop.at(OPENING + HOUR + DAY);
    shop.sweep().await;
    assert_eq!(shop.orders().await.len(), 4);
    let late = shop.stranger().await;
    shop.at(OPENING + HOUR + DAY + 1);
    shop.sweep().await;
    assert!(!shop.orders().await.contains(&unpaid));
    assert_eq!(shop.orders().await, [paid.clone(), coins.clone(), own.clone(), late]);
    shop.at(OPENING + 1000 * DAY);
    shop.sweep().await;
    assert_eq!(shop.orders().await, [paid, coins, own]);
}

#[actix_web::test]
async fn orders_of_strangers_are_deleted_a_few_at_a_time() {
    let shop = Timed::new().await;
    for _ in 0..80 {
        shop.own().await;
    }
    let strangers = "UPDATE orders SET by_stranger = 1";
    shop.store
        .write::<_, tilld::store::Error>(move |tx| Ok(tx.execute_batch(strangers)?))
        .await
        .unwrap();
    shop.at(OPENING + 10 * DAY);
    assert!(shop.till.delete_expired_orders().await.unwrap());
    assert_eq!(shop.orders().await.len(), 16);
    shop.sweep().await;
    assert_eq!(shop.orders().await.len(), 0);
}

#[actix_web::test]
async fn nothing_is_deleted_by_a_clock_that_cannot_be_right() {
    let shop = Timed::new().await;
    let order = shop.stranger().await;
    shop.at(OPENING + 30 * DAY);
    shop.own().await;
    // Something has happened later than it says.
    shop.at(OPENING + 10 * DAY);
    shop.sweep().await;
    assert!(shop.orders().await.contains(&order));
    shop.at(OPENING + 30 * DAY);
    shop.sweep().await;
    assert!(!shop.orders().await.contains(&order));
}

#[test]
fn the_daemon_looks_by_itself() {
    // Made a long time ago, as its own clock sees it.
    let shop = shop(&[]);
    assert_eq!(shop.strange_post("/templates/tea", &json!({})).status, 200);
    let kept = shop.order(&plain("Tea", "KUDOS:1"));
    assert_eq!(kept.status, 200);
    let shop = shop.restarted_after(|place| {
        let db = rusqlite::Connection::open(place.db()).unwrap();
        db.execute_batch("UPDATE orders SET pay_deadline_s = 1700000000").unwrap();
    });
    eventually("the order is deleted", || {
        shop.get("/private/orders").json()["orders"].as_array().unwrap().len() == 1
    });
}
