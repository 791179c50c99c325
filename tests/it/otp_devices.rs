//! Machines that show one-time codes: keeping them, and the codes of their orders (otp 1 to 4).

use serde_json::{Value, json};
use taler::amount::Amount;
use taler::otp::{self, OtpAlgorithm, OtpKey};
use taler::time::Timestamp;

use crate::common::exchange::Exchange;
use crate::common::shop::{Shop, now};

const KEY: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
const DEVICES: &str = "/private/otp-devices";

fn device(id: &str, algorithm: &Value) -> Value {
    json!({
        "otp_device_id": id,
        "otp_device_description": "coffee machine",
        "otp_key": KEY,
        "otp_algorithm": algorithm,
    })
}

fn add(shop: &Shop, body: &Value) {
    let reply = shop.post(DEVICES, body);
    assert_eq!(reply.status, 204, "{reply:?}");
}

/// The codes that a machine with `KEY` shows about a payment at `paid_at_s`.
fn codes(algorithm: OtpAlgorithm, price: &str, paid_at_s: u64) -> String {
    let key = OtpKey::parse(KEY).unwrap();
    let price = Amount::parse(price).unwrap();
    otp::confirmation(&key, algorithm, Some(&price), Timestamp::from_secs(paid_at_s).unwrap())
        .unwrap()
}

/// Does `told` hold the codes of a payment that was made between `began` and now?
#[track_caller]
fn are_codes_since(began: u64, told: &Value, algorithm: OtpAlgorithm, price: &str) {
    let told = told.as_str().unwrap_or_else(|| panic!("no codes: {told}"));
    assert!((began..=now()).any(|at| codes(algorithm, price, at) == told), "{told}");
}

#[test]
fn every_vector_holds_through_the_api() {
    let shop = Shop::new();
    let vectors: Vec<Value> =
        serde_json::from_str(include_str!("../../crates/taler/tests/vectors/totp.json")).unwrap();
    assert_eq!(vectors.len(), 23);
    for vector in vectors {
        let id = vector["id"].as_str().unwrap();
        let mut body = device(id, &vector["pos_algorithm"]);
        body["otp_key"] = vector["pos_key"].clone();
        let added = shop.post(DEVICES, &body);
        let is_of_key = vector["expect"] == "error"
            && vector["amount"].is_null()
            && vector["pos_algorithm"] == 1;
        if is_of_key {
            assert_eq!(added.failure(), (400, 26), "{id}");
            assert!(added.text.contains("otp_key"), "{added:?}");
            continue;
        }
        assert_eq!(added.status, 204, "{id}: {added:?}");
        let price =
            vector["amount"].as_str().map_or(String::new(), |price| format!("&price={price}"));
        let time = &vector["time_s"];
        let shown = shop.get(&format!("{DEVICES}/{id}?faketime={time}{price}")).json();
        assert_eq!(shown["otp_timestamp"], *time, "{id}");
        assert_eq!(shown["otp_algorithm"], vector["pos_algorithm"], "{id}");
        let code = shown.get("otp_code").unwrap_or(&Value::Null);
        assert_eq!(*code, vector["current_code"], "{id}: {shown}");
    }
}

#[test]
fn a_device_is_kept_changed_and_deleted() {
    let shop = Shop::new();
    add(&shop, &device("m1", &json!("TOTP_WITHOUT_PRICE")));
    // The same again, also by the algorithm's number and with members that say nothing.
    let mut again = device("m1", &json!(1));
    again["otp_ctr"] = Value::Null;
    add(&shop, &again);
    again["otp_ctr"] = json!(3);
    assert_eq!(shop.post(DEVICES, &again).failure(), (409, 2851));
    let list = shop.get(DEVICES).json();
    let row = json!({ "otp_device_id": "m1", "device_description": "coffee machine" });
    assert_eq!(list, json!({ "otp_devices": [row] }));

    let path = format!("{DEVICES}/m1");
    let shown = shop.get(&path).json();
    assert_eq!(shown["otp_algorithm"], 1);
    assert_eq!(shown["otp_ctr"], 0);
    assert!(shown["otp_timestamp"].as_u64().unwrap().abs_diff(now()) < 60);
    assert_eq!(shown["otp_code"].as_str().unwrap().len(), 8);
    assert!(!shown.to_string().contains(KEY), "{shown}");

    // What is not said stays; another algorithm is refused, the same one is not.
    let at_59 = || shop.get(&format!("{path}?faketime=59")).json()["otp_code"].clone();
    let change = json!({ "otp_device_description": "tea", "otp_key": null, "otp_algorithm": 1 });
    assert_eq!(shop.patch(&path, &change).status, 204);
    assert_eq!(at_59(), "94287082");
    let other = json!({ "otp_device_description": "tea", "otp_algorithm": "TOTP_WITH_PRICE" });
    assert_eq!(shop.patch(&path, &other).failure(), (409, 2852));
    let new_key = json!({ "otp_device_description": "tea", "otp_key": "JBSWY3DPEHPK3PXP" });
    assert_eq!(shop.patch(&path, &new_key).status, 204);
    assert_ne!(at_59(), "94287082");
    assert_eq!(shop.get(&path).json()["device_description"], "tea");
    assert_eq!(shop.patch(&path, &json!({})).failure(), (400, 25));

    assert_eq!(shop.delete(&path).status, 204);
    for reply in [shop.delete(&path), shop.get(&path), shop.patch(&path, &change)] {
        assert_eq!(reply.failure(), (404, 2021));
    }
}

#[test]
fn what_is_no_device_is_refused() {
    let shop = Shop::new();
    let with = |name: &str, value: Value| {
        let mut body = device("m1", &json!(1));
        body[name] = value;
        shop.post(DEVICES, &body).failure()
    };
    for name in ["otp_device_id", "otp_device_description", "otp_key", "otp_algorithm"] {
        assert_eq!(with(name, Value::Null), (400, 25), "{name}");
    }
    for (name, value) in [
        ("otp_device_id", json!("a b")),
        ("otp_device_id", json!("x".repeat(65))),
        ("otp_device_description", json!("x".repeat(1025))),
        ("otp_key", json!("")),
        ("otp_key", json!("A".repeat(129))),
        ("otp_algorithm", json!(3)),
        ("otp_algorithm", json!("totp_with_price")),
        ("otp_ctr", json!(-1)),
        ("otp_ctr", json!(1_u64 << 53)),
    ] {
        assert_eq!(with(name, value.clone()), (400, 26), "{name}: {value}");
    }
    add(&shop, &device("m1", &json!(2)));
    for query in ["faketime=-1", "faketime=x", "price=5", "price=EUR:-1"] {
        let reply = shop.get(&format!("{DEVICES}/m1?{query}"));
        assert_eq!(reply.failure(), (400, 26), "{query}");
    }
}

#[test]
fn a_shop_has_at_most_two_hundred_devices() {
    let shop = Shop::new();
    for n in 0..200 {
        add(&shop, &device(&format!("m{n}"), &json!(1)));
    }
    assert_eq!(shop.post(DEVICES, &device("one-more", &json!(1))).failure(), (507, 52));
    add(&shop, &device("m7", &json!(1)));
    assert_eq!(shop.delete(&format!("{DEVICES}/m7")).status, 204);
    add(&shop, &device("one-more", &json!(1)));
}

#[test]
fn payment_and_receipt_have_the_codes_of_the_time_of_payment() {
    let exchange = Exchange::start();
    let account = "payto://x-taler-bank/localhost/shop?receiver-name=Shop";
    let shop = Shop::configured_at(account, &exchange.trusted());
    add(&shop, &device("m1", &json!("TOTP_WITH_PRICE")));
    let mut request = crate::coins::order("5");
    request["otp_id"] = json!("m1");
    let claimed = crate::coins::claimed(&shop, &request);
    let coin = exchange.coin("5");
    let payment = claimed.payment(&exchange, &[(&coin, "5")]);
    let began = now();
    let paid = claimed.pay(&shop, &payment).json();
    are_codes_since(began, &paid["pos_confirmation"], OtpAlgorithm::WithPrice, "KUDOS:5");

    // Again, as a receipt, and after a restart: the same codes, whatever the time is.
    let shop = shop.restarted();
    assert_eq!(claimed.pay(&shop, &payment).json(), paid);
    let receipt = json!({
        "sig": paid["sig"], "h_contract": claimed.contract.h_contract, "session_id": "S2",
    });
    let path = format!("/orders/{}/paid", claimed.id);
    let replayed = || shop.strange_post(&path, &receipt).json();
    assert_eq!(replayed()["pos_confirmation"], paid["pos_confirmation"]);

    // The holder of the link need not be the customer at the machine.
    for accept in ["application/json", "text/html"] {
        let path = format!("/orders/{}?h_contract={}", claimed.id, claimed.contract.h_contract);
        let seen = shop.daemon.ask("GET", &path).header("Accept", accept).send();
        assert_eq!(seen.status, 200);
        let code = paid["pos_confirmation"].as_str().unwrap().lines().nth(2).unwrap();
        assert!(!seen.text.contains(code), "{}", seen.text);
    }

    // A new key makes new codes; without the device there are none.
    let new_key = json!({ "otp_device_description": "x", "otp_key": "JBSWY3DPEHPK3PXP" });
    assert_eq!(shop.patch(&format!("{DEVICES}/m1"), &new_key).status, 204);
    assert_ne!(replayed()["pos_confirmation"], paid["pos_confirmation"]);
    assert_eq!(shop.delete(&format!("{DEVICES}/m1")).status, 204);
    assert_eq!(replayed(), json!({ "refunded": false }));
    assert_eq!(claimed.pay(&shop, &payment).json(), json!({ "sig": paid["sig"] }));
}

#[test]
fn the_staff_at_the_counter_can_compare_codes_too() {
    let shop = Shop::new();
    add(&shop, &device("m1", &json!(1)));
    add(&shop, &device("none", &json!(0)));
    let order = |device: &str| json!({ "order": { "summary": "tea", "amount": "KUDOS:2" }, "otp_id": device });
    let (id, _) = shop.made(&order("m1"));
    let began = now();
    let paid = shop.pay(&id, &json!({ "method": "cash" })).json();
    are_codes_since(began, &paid["pos_confirmation"], OtpAlgorithm::WithoutPrice, "KUDOS:2");
    assert_eq!(shop.pay(&id, &json!({ "method": "cash" })).json(), paid);

    let (id, _) = shop.made(&order("none"));
    let paid = shop.pay(&id, &json!({ "method": "cash" })).json();
    assert!(paid.get("pos_confirmation").is_none(), "{paid}");
    assert_eq!(shop.order(&order("unknown")).failure(), (404, 2021));
    assert_eq!(shop.order(&order("no name")).failure(), (400, 26));
}

#[test]
fn a_template_gives_its_device_to_its_orders() {
    let shop = Shop::new();
    add(&shop, &device("m1", &json!(1)));
    let mut template = json!({
        "template_id": "coffee",
        "template_description": "coffee",
        "template_contract": { "summary": "coffee", "amount": "KUDOS:2" },
        "otp_id": "m1",
    });
    let add_template = |template: &Value| shop.post("/private/templates", template);
    assert_eq!(add_template(&template).status, 204);
    assert_eq!(add_template(&template).status, 204);
    let private = || shop.get("/private/templates/coffee").json();
    assert_eq!(private()["otp_id"], "m1");
    let public = shop.daemon.ask("GET", "/templates/coffee").send();
    assert!(!public.text.contains("otp"), "{}", public.text);

    let sold = || {
        let made = shop.strange_post("/templates/coffee", &json!({ "summary": null })).json();
        let id = made["order_id"].as_str().unwrap().to_owned();
        shop.pay(&id, &json!({ "method": "cash" })).json()
    };
    let began = now();
    are_codes_since(began, &sold()["pos_confirmation"], OtpAlgorithm::WithoutPrice, "KUDOS:2");

    // Another device makes it another template; none clears it.
    template["otp_id"] = json!("m2");
    assert_eq!(add_template(&template).failure(), (404, 2021));
    template["otp_id"] = Value::Null;
    assert_eq!(add_template(&template).failure(), (409, 2850));
    assert_eq!(shop.patch("/private/templates/coffee", &template).status, 204);
    assert!(private().get("otp_id").is_none());
    assert!(sold().get("pos_confirmation").is_none());

    // A device that is deleted takes nothing along.
    template["otp_id"] = json!("m1");
    assert_eq!(shop.patch("/private/templates/coffee", &template).status, 204);
    assert_eq!(shop.delete(&format!("{DEVICES}/m1")).status, 204);
    assert!(private().get("otp_id").is_none());
    assert!(sold().get("pos_confirmation").is_none());
}

#[test]
fn the_key_of_a_device_is_in_no_log_and_no_answer() {
    let shop = Shop::with(&[("TILLD_LOG__LEVEL", "debug")]);
    add(&shop, &device("m1", &json!(1)));
    let mut wrong = device("m2", &json!(1));
    wrong["otp_key"] = json!(format!("{KEY}1"));
    let refused = shop.post(DEVICES, &wrong);
    assert_eq!(refused.failure(), (400, 26));
    let mut told = refused.text + &shop.get(&format!("{DEVICES}/m1")).text + &shop.metrics();
    let lines = shop.daemon.lines.lock().unwrap();
    while let Ok(line) = lines.try_recv() {
        told += &line;
    }
    assert!(told.contains("otp-devices"), "the log was looked at");
    assert!(!told.contains(KEY), "{told}");
}
