//! Orders, from the shop's side and from the customer's.

use serde_json::{Value, json};
use taler::base32::HashCode;
use taler::contract::contract_hash;
use taler::sign::merchant::{ContractOffer, PaymentOk};
use taler::sign::{PublicKey, Signature, Statement};

use crate::common::Reply;
use crate::common::shop::{BASE, IBAN, Shop, nonce, now, plain};

/// A page that is sold.
const PAGE: &str = "https://news.example/a7";

/// An order of a page for a session.
fn page(session: &str) -> Value {
    let mut request = plain("Article", "KUDOS:2.50");
    request["order"]["fulfillment_url"] = json!(PAGE);
    request["session_id"] = json!(session);
    request
}

/// `plain`, with one member more.
fn with(name: &str, value: Value) -> Value {
    let mut request = plain("Tea", "KUDOS:2.50");
    request["order"][name] = value;
    request
}

fn at(seconds: u64) -> Value {
    json!({ "t_s": seconds })
}

fn seconds(timestamp: &Value) -> u64 {
    timestamp["t_s"].as_u64().unwrap()
}

fn h_contract(text: &str) -> HashCode {
    HashCode::parse(text).unwrap()
}

fn merchant_key(shop: &Shop) -> PublicKey {
    let text = shop.get("/private").json()["merchant_pub"].as_str().unwrap().to_owned();
    PublicKey::parse(&text).unwrap()
}

/// A hash that is no contract's.
fn no_hash() -> String {
    "0".repeat(103)
}

// Made.

#[test]
fn an_order_becomes_a_contract_with_all_its_defaults() {
    let shop = Shop::new();
    let settings = json!({
        "name": "Tea House", "email": "tea@tea.example", "website": "https://tea.example/",
        "address": { "town": "Kassel" }, "jurisdiction": { "country": "DE" },
        "default_pay_delay": { "d_us": 3_600_000_000_u64 },
        "default_refund_delay": { "d_us": 7_200_000_000_u64 },
        "default_wire_transfer_delay": { "d_us": 1_800_000_000_u64 },
        "default_wire_transfer_rounding_interval": "HOUR",
    });
    assert_eq!(shop.patch("/private", &settings).status, 204);
    let account = shop.get("/private/accounts").json()["accounts"][0]["h_wire"].clone();

    let reply = shop.order(&plain("Tea", "KUDOS:2.50"));

    let made = reply.json();
    let id = made["order_id"].as_str().unwrap();
    let terms = shop.status(id, "")["proto_contract_terms"].clone();
    let time = seconds(&terms["timestamp"]);
    assert!(now().abs_diff(time) < 30);
    assert_eq!(
        terms,
        json!({
            "amount": "KUDOS:2.5", "exchanges": [], "h_wire": account, "max_fee": "KUDOS:0",
            "version": 0, "minimum_age": 0, "auditors": [],
            "merchant": {
                "name": "Tea House", "email": "tea@tea.example", "website": "https://tea.example/",
                "address": { "town": "Kassel" }, "jurisdiction": { "country": "DE" },
            },
            "merchant_base_url": BASE, "merchant_pub": merchant_key(&shop).to_string(),
            "order_id": id, "pay_deadline": at(time + 3600), "products": [],
            "refund_deadline": at(time + 7200), "summary": "Tea", "timestamp": at(time),
            "wire_method": "iban",
            "wire_transfer_deadline": at((time + 9000).next_multiple_of(3600)),
        })
    );
    let token = made["token"].as_str().unwrap();
    assert_eq!((reply.status, token.len()), (200, 26));
    assert_eq!(made, json!({ "order_id": id, "token": token, "pay_deadline": at(time + 3600) }));
    let (date, chance) = id.split_once('-').unwrap();
    assert_eq!((date.len(), &date[4..5], chance.len()), (8, ".", 13));
}

#[test]
fn what_the_shop_says_itself_is_no_default() {
    let shop = Shop::new();
    let time = now() - 1000;
    let mut request = json!({
        "order": {
            "summary": "Tea", "amount": "KUDOS:3", "order_id": "T.1:a_b-c", "timestamp": at(time),
            "pay_deadline": at(time + 5000), "refund_deadline": at(time + 6000),
            "wire_transfer_deadline": at(time + 6000), "max_fee": "KUDOS:0.10",
            "merchant_base_url": "https://other.example/x/", "version": 0, "tip": "KUDOS:1.0",
            "minimum_age": 18, "auto_refund": { "d_us": 5 }, "extra": { "a": [1, null, true] },
            "summary_i18n": { "de": "Tee" }, "fulfillment_message": "Enjoy",
            "fulfillment_message_i18n": { "de": "Prost" }, "delivery_date": at(time + 9000),
            "public_reorder_url": "https://tea.example/", "nonce": "mine", "exchanges": [1],
        },
    });

    let (id, token) = shop.made(&request);

    let terms = shop.status(&id, "")["proto_contract_terms"].clone();
    let said = request["order"].as_object_mut().unwrap();
    for unwanted in ["version", "nonce", "exchanges"] {
        said.remove(unwanted);
    }
    said.insert("max_fee".into(), json!("KUDOS:0.1"));
    said.insert("tip".into(), json!("KUDOS:1"));
    for (name, value) in said {
        assert_eq!(terms[name], *value, "{name}");
    }
    assert_eq!(terms["exchanges"], json!([]));
    let uri = shop.status(&id, "")["taler_pay_uri"].clone();
    assert_eq!(uri, format!("taler://pay/other.example/x/{id}/?c={token}"));

    request = plain("Tea", "KUDOS:1");
    request["refund_delay"] = json!({ "d_us": 60_000_000 });
    let (id, _) = shop.made(&request);
    let terms = shop.status(&id, "")["proto_contract_terms"].clone();
    assert_eq!(seconds(&terms["refund_deadline"]), seconds(&terms["timestamp"]) + 60);
}

#[test]
fn the_orders_name_stands_in_its_fulfillment_url() {
    let shop = Shop::new();
    let url = json!("https://shop.example/${ORDER_ID}?o=${ORDER_ID}");
    let (id, token) = shop.made(&with("fulfillment_url", url));
    let url = format!("https://shop.example/{id}?o={id}");
    assert_eq!(shop.status(&id, "")["proto_contract_terms"]["fulfillment_url"], url);
    assert_eq!(shop.seen(&id, &format!("?token={token}")).json()["fulfillment_url"], url);
}

#[test]
fn an_order_without_a_token_has_an_unguessable_name() {
    let shop = Shop::new();
    let mut request = plain("Tea", "KUDOS:2");
    request["create_token"] = json!(false);
    let made = shop.order(&request).json();
    let id = made["order_id"].as_str().unwrap();
    assert_eq!(made.get("token"), None);
    assert_eq!(id.split_once('-').unwrap().1.len(), 26);
    assert_eq!(shop.status(id, "")["taler_pay_uri"], format!("taler://pay/shop.example/{id}/"));
    assert_eq!(shop.claim(id, "", &nonce(1)).status, 200);
}

#[test]
fn the_same_order_again_is_the_same_order_and_another_is_refused() {
    let shop = Shop::new();
    let mut request = with("order_id", json!("T1"));
    let first = shop.order(&request);
    assert_eq!(first.status, 200);
    assert_eq!(shop.order(&request).json(), first.json());
    // The same for a client that reads JSON.
    let text = r#"{ "order": {"order_id":"T1", "amount":"KUDOS:2.50","summary":"T\u0065a"} }"#;
    let again = shop.daemon.ask("POST", "/private/orders").token(&shop.token).body(text).send();
    assert_eq!(again.json(), first.json());
    shop.claimed("T1", first.json()["token"].as_str().unwrap());
    assert_eq!(shop.order(&request).json(), first.json());

    for (name, value) in [
        ("session_id", json!("S1")),
        ("create_token", json!(false)),
        ("refund_delay", json!({ "d_us": 1 })),
        ("payment_target", json!("iban")),
    ] {
        let mut other = request.clone();
        other[name] = value;
        assert_eq!(shop.order(&other).failure(), (409, 2503), "{name}");
    }
    request["order"]["amount"] = json!("KUDOS:2");
    assert_eq!(shop.order(&request).failure(), (409, 2503));

    let one = shop.made(&plain("Tea", "KUDOS:1"));
    assert_ne!(shop.made(&plain("Tea", "KUDOS:1")).0, one.0);
}

#[test]
fn what_a_shop_adds_of_its_own_stays_in_the_contract() {
    let shop = Shop::new();
    let request = json!({
        "order_id": "TOP", "colour": "green",
        "order": {
            "summary": "Tea", "amount": "KUDOS:5", "colour": { "deep": [1, { "er": "x" }] },
            "delivery_location": "Behind the house",
            "products": [{
                "description": "Pot", "price": "KUDOS:1.50", "prices": ["KUDOS:1.500"],
                "taxes": [{ "name": "VAT", "tax": "KUDOS:0.10", "rate": 7 }], "own": 1,
                "quantity": 2,
            }],
        },
    });

    let (id, _) = shop.made(&request);

    assert_ne!(id, "TOP");
    let terms = shop.status(&id, "")["proto_contract_terms"].clone();
    assert_eq!(terms["colour"], json!({ "deep": [1, { "er": "x" }] }));
    assert_eq!(terms["delivery_location"], "Behind the house");
    let product = json!({
        "description": "Pot", "price": "KUDOS:1.5", "prices": ["KUDOS:1.5"],
        "taxes": [{ "name": "VAT", "tax": "KUDOS:0.1", "rate": 7 }], "own": 1, "quantity": 2,
    });
    assert_eq!(terms["products"], json!([product]));
}

#[test]
fn an_order_that_makes_no_sense_is_refused_with_its_reason() {
    let shop = Shop::new();
    let (past, later) = (now() - 1000, now() + 1000);
    for (name, value, refusal) in [
        ("summary", Value::Null, (400, 2502)),
        ("summary", json!(5), (400, 2502)),
        ("summary", json!("x".repeat(4097)), (400, 2502)),
        ("amount", Value::Null, (400, 2502)),
        ("amount", json!("2.50"), (400, 2502)),
        ("amount", json!(2), (400, 2502)),
        ("extra", json!({ "rate": 0.5 }), (400, 2502)),
        ("extra", json!("text"), (400, 2502)),
        ("summary_i18n", json!({ "de-CH": "Tee" }), (400, 2502)),
        ("summary_i18n", json!({ "de": 5 }), (400, 2502)),
        ("fulfillment_url", json!("javascript:alert(1)"), (400, 2502)),
        ("public_reorder_url", json!("nowhere"), (400, 2502)),
        ("merchant_base_url", json!("https://shop.example/no-slash"), (400, 2502)),
        ("minimum_age", json!(121), (400, 2502)),
        ("products", json!([{}]), (400, 2502)),
        ("products", json!({}), (400, 2502)),
        ("timestamp", json!(5), (400, 2502)),
        ("amount", json!("KUDOS:4503599627370497"), (400, 2502)),
        ("amount", json!("KUDOS:-1"), (400, 2502)),
        ("my-own", json!(1), (400, 2502)),
        ("own", json!(9_007_199_254_740_992_u64), (400, 2502)),
        ("$forgettable", json!({ "nothing": true }), (400, 2502)),
        ("version", json!(2), (400, 12)),
        ("version", json!("x"), (400, 12)),
        ("version", json!(1), (501, 76)),
        ("refund_deadline", at(later + 9), (400, 2504)),
        ("delivery_date", at(past), (400, 2505)),
        ("wire_transfer_deadline", json!({ "t_s": "never" }), (400, 2506)),
        ("pay_deadline", at(past), (400, 2507)),
        ("timestamp", at(1000), (400, 2507)),
        ("refund_deadline", at(past), (400, 2508)),
        ("order_id", json!("a/b"), (400, 26)),
        ("order_id", json!("ä"), (400, 26)),
        ("order_id", json!("x".repeat(129)), (400, 26)),
        ("order_id", json!(5), (400, 26)),
        ("max_fee", json!("EUR:1"), (409, 2024)),
        ("tip", json!("EUR:1"), (409, 2024)),
        ("products", json!([{ "description": "x", "price": "EUR:1" }]), (409, 2024)),
        ("amount", json!("XYZ:1"), (409, 2024)),
        // Names of currencies are compared as they are.
        ("amount", json!("kudos:1"), (409, 2024)),
    ] {
        let mut request = with(name, value);
        if refusal.1 == 2504 {
            request["order"]["wire_transfer_deadline"] = at(later);
        }
        assert_eq!(shop.order(&request).failure(), refusal, "{request}");
    }

    for (name, value, refusal) in [
        ("order", Value::Null, (400, 25)),
        ("order", json!([]), (400, 2502)),
        ("lock_uuids", json!(5), (400, 26)),
        ("create_token", json!("no"), (400, 26)),
        ("refund_delay", json!(5), (400, 26)),
        ("session_id", json!("a\nb"), (400, 26)),
        ("session_id", json!("x".repeat(513)), (400, 26)),
        ("refund_delay", json!({ "d_us": "forever" }), (400, 2506)),
        ("inventory_products", json!([{ "product_id": "pot", "quantity": 1 }]), (404, 2006)),
        ("inventory_products", json!(5), (400, 26)),
        ("otp_id", json!("device"), (404, 2021)),
    ] {
        let mut request = plain("Tea", "KUDOS:1");
        request[name] = value;
        assert_eq!(shop.order(&request).failure(), refusal, "{request}");
    }

    let text = |text: &'static str| {
        shop.daemon.ask("POST", "/private/orders").token(&shop.token).body(text).send().failure()
    };
    let twice = r#"{"order":{"summary":"a","summary":"b","amount":"KUDOS:1"}}"#;
    assert_eq!(text(twice), (400, 2502));
    assert_eq!(text(r#"{"order":{"summary":"a","amount":"KUDOS:1","x":1.0}}"#), (400, 2502));
    assert_eq!(text(r#"{"order":"#), (400, 22));
    assert_eq!(text("{}"), (400, 25));
    assert_eq!(shop.get("/private/orders").json(), json!({ "orders": [] }));
}

#[test]
fn an_order_may_name_nothing_that_comes_to_no_harm() {
    let shop = Shop::new();
    let mut request = plain("Tea", "KUDOS:1.00");
    request["inventory_products"] = json!([]);
    request["create_token"] = Value::Null;
    request["lock_uuids"] = json!(["x"]);
    request["otp_id"] = Value::Null;
    request["session_id"] = json!("");
    request["order"]["fulfillment_url"] = Value::Null;
    request["order"]["order_id"] = Value::Null;
    request["order"]["pay_deadline"] = json!({ "t_s": "never" });
    let (id, token) = shop.made(&request);
    assert_eq!(token.len(), 26);
    let terms = shop.status(&id, "")["proto_contract_terms"].clone();
    assert_eq!(terms.get("fulfillment_url"), None);
    assert_eq!(terms["amount"], "KUDOS:1");
    assert_eq!(terms["pay_deadline"], json!({ "t_s": "never" }));
    let late = shop.seen(&id, &format!("?token={token}&timeout_ms=20"));
    assert_eq!(late.status, 402);
}

#[test]
fn of_many_at_once_one_wins_and_all_are_told_the_same() {
    let shop = Shop::new();
    let made = shop.at_once("/private/orders", &vec![with("order_id", json!("T1")); 8]);
    let first = made[0].json();
    for reply in &made {
        assert_eq!((reply.status, reply.json()), (200, first.clone()));
    }

    let claims: Vec<_> =
        (1..9).map(|n| json!({ "nonce": nonce(n), "token": first["token"] })).collect();
    let claimed = shop.at_once("/orders/T1/claim", &claims);
    let (won, lost): (Vec<_>, Vec<_>) = claimed.iter().partition(|reply| reply.status == 200);
    assert_eq!((won.len(), lost.len()), (1, 7));
    assert!(lost.iter().all(|reply| reply.failure() == (409, 2301)));
    let contract = shop.status("T1", "")["contract_terms"].clone();
    assert_eq!(won[0].json()["contract_terms"], contract);

    let payments: Vec<_> =
        (1..9).map(|n| json!({ "method": "cash", "reference": format!("{}", n % 4) })).collect();
    let paid = shop.at_once("/private/orders/T1/payments", &payments);
    let (won, lost): (Vec<_>, Vec<_>) = paid.iter().partition(|reply| reply.status == 200);
    assert_eq!((won.len(), lost.len()), (2, 6));
    assert_eq!(won[0].json(), won[1].json());
    assert!(lost.iter().all(|reply| reply.failure() == (409, 2160)));
}

#[test]
fn the_money_needs_an_account_to_go_to() {
    let shop = Shop::new();
    let mut request = plain("Tea", "KUDOS:1");
    request["payment_target"] = json!("IBAN");
    assert_eq!(shop.order(&request).status, 200);
    request["payment_target"] = json!("x-taler-bank");
    assert_eq!(shop.order(&request).failure(), (404, 2500));

    let account = shop.get("/private/accounts").json()["accounts"][0]["h_wire"].clone();
    let path = format!("/private/accounts/{}", account.as_str().unwrap());
    assert_eq!(shop.delete(&path).status, 204);
    let reply = shop.order(&plain("Tea", "KUDOS:1"));
    assert_eq!(reply.failure(), (404, 2500));
    let hint = reply.json()["hint"].as_str().unwrap().to_owned();
    assert!(hint.contains("tilld account add"), "{hint}");
}

#[test]
fn an_order_names_the_exchanges_that_have_coins_for_it() {
    let key = "8307MFV7XKCZ2QQTTJ5RCKX613WVXNBTRTE41XSJMZAT49742QD0";
    let shop = Shop::configured(&format!(
        "[[exchange]]\nbase_url = 'http://127.0.0.1:1/'\nmaster_public_key = '{key}'\n\
         currency = 'EUR'\n"
    ));
    assert_eq!(shop.order(&plain("Tea", "KUDOS:1")).failure(), (409, 2514));
    let (id, _) = shop.made(&plain("Tea", "EUR:1"));
    let exchange = json!({
        "url": "http://127.0.0.1:1/", "master_pub": key, "priority": 1024,
        "max_contribution": "EUR:4503599627370496",
    });
    assert_eq!(shop.status(&id, "")["proto_contract_terms"]["exchanges"], json!([exchange]));
}

#[test]
fn a_long_order_is_taken_and_a_longer_one_is_not() {
    let shop = Shop::new();
    let long = |bytes: usize| with("extra", json!({ "text": "x".repeat(bytes) }));
    assert_eq!(shop.order(&long(520_000)).status, 200);
    assert_eq!(shop.order(&long(525_000)).failure(), (413, 32));
    let (id, token) = shop.made(&plain("Tea", "KUDOS:1"));
    let huge = "x".repeat(70_000);
    assert_eq!(shop.claim(&id, &token, &huge).failure(), (413, 32));
}

// Listed.

/// Summaries in a list, as they come.
fn summaries(shop: &Shop, query: &str) -> Vec<String> {
    let reply = shop.get(&format!("/private/orders{query}"));
    assert_eq!(reply.status, 200, "{query}: {reply:?}");
    let list = reply.json();
    let rows = list["orders"].as_array().unwrap().iter();
    rows.map(|row| row["summary"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_list_has_the_state_of_each_order() {
    let shop = Shop::new();
    assert_eq!(shop.get("/private/orders").json(), json!({ "orders": [] }));
    let (unpaid, token) = shop.made(&page("S1"));
    let sold = shop.sold(&page("S2"));
    let refunded = shop.sold(&page("S3"));
    assert_eq!(shop.refund(&refunded, "KUDOS:1").status, 200);
    // What was paid at the counter can be given back there, whatever the contract says of coins.
    let mut strict = page("S4");
    strict["refund_delay"] = json!({ "d_us": 0 });
    let strict = shop.sold(&strict);

    let list = shop.get("/private/orders?limit=9").json();

    let hash = |id: &str| contract_hash(&shop.status(id, "")["contract_terms"]).unwrap();
    let row = |place: usize, id: &str, query: String| {
        let there = &list["orders"][place];
        json!({
            "order_id": id, "row_id": there["row_id"], "timestamp": there["timestamp"],
            "amount": "KUDOS:2.5", "summary": "Article", "refundable": true, "paid": true,
            "order_status_url": format!("{BASE}orders/{id}?{query}"),
        })
    };
    let mut rows = [
        row(0, &unpaid, format!("token={token}")),
        row(1, &sold, format!("h_contract={}", hash(&sold))),
        row(2, &refunded, format!("h_contract={}", hash(&refunded))),
        row(3, &strict, format!("h_contract={}", hash(&strict))),
    ];
    rows[0]["paid"] = json!(false);
    rows[0]["refundable"] = json!(false);
    rows[2]["refund_amount"] = json!("KUDOS:1");
    rows[2]["pending_refund_amount"] = json!("KUDOS:0");
    assert_eq!(list, json!({ "orders": rows }));
    let serials: Vec<_> = rows.iter().map(|row| row["row_id"].as_i64().unwrap()).collect();
    assert!(serials.is_sorted_by(|a, b| a < b), "{serials:?}");
    assert!(rows.iter().all(|row| now().abs_diff(seconds(&row["timestamp"])) < 30));

    assert_eq!(shop.refund(&refunded, "KUDOS:2.5").status, 200);
    let list = shop.get("/private/orders?refunded=yes").json();
    assert_eq!(list["orders"][0]["refundable"], false);
}

#[test]
fn a_list_shows_what_its_filters_let_pass() {
    let shop = Shop::new();
    let make = |summary: &str, session: &str, url: &str| {
        let mut request = plain(summary, "KUDOS:2");
        request["session_id"] = json!(session);
        request["order"]["fulfillment_url"] = json!(url);
        shop.made(&request).0
    };
    let (a, b) = ("https://news.example/a?x=1&y=2", "https://news.example/b");
    make("Green tea", "S1", a);
    let black = make("Black TEA", "S 2/ä", b);
    let coffee = make("Coffee", "S1", b);
    make("Käse 100%", "S3", a);
    for id in [&black, &coffee] {
        assert_eq!(shop.pay(id, &json!({ "method": "cash" })).status, 200);
    }
    assert_eq!(shop.refund(&coffee, "KUDOS:1").status, 200);
    let (before, after) = (now() - 1000, now() + 1000);

    let all = ["Käse 100%", "Coffee", "Black TEA", "Green tea"];
    let none: [&str; 0] = [];
    for (query, wanted) in [
        ("", &all[..]),
        ("?paid=all&refunded=ALL&wired=all", &all),
        ("?paid=yes", &["Coffee", "Black TEA"]),
        ("?paid=NO", &["Käse 100%", "Green tea"]),
        ("?refunded=YES", &["Coffee"]),
        ("?refunded=no", &["Käse 100%", "Black TEA", "Green tea"]),
        ("?wired=yes", &none),
        // Cash is never wired, and not waited for (decision 30).
        ("?wired=no", &["Käse 100%", "Green tea"]),
        ("?session_id=S1", &["Coffee", "Green tea"]),
        ("?session_id=S1&paid=yes", &["Coffee"]),
        ("?session_id=S%202%2F%C3%A4", &["Black TEA"]),
        ("?session_id=s1", &none),
        ("?session_id=S1&limit=5", &["Green tea", "Coffee"]),
        ("?fulfillment_url=https%3A%2F%2Fnews.example%2Fb", &["Coffee", "Black TEA"]),
        (
            "?fulfillment_url=https%3A%2F%2Fnews.example%2Fa%3Fx%3D1%26y%3D2",
            &["Käse 100%", "Green tea"],
        ),
        ("?fulfillment_url=https%3A%2F%2Fnews.example%2F", &none),
        ("?summary_filter=tea", &["Black TEA", "Green tea"]),
        ("?summary_filter=GREEN%20t", &["Green tea"]),
        ("?summary_filter=K%C3%84SE", &["Käse 100%"]),
        ("?summary_filter=%25", &["Käse 100%"]),
        ("?summary_filter=_", &none),
        (&format!("?date_s={before}"), &all),
        (&format!("?date_s={after}"), &none),
        ("?limit=9&max_age=3600000", &["Green tea", "Black TEA", "Coffee", "Käse 100%"]),
        ("?limit=9&max_age=0", &none),
        ("?limit=-9&max_age=0", &all),
        (&format!("?limit=9&max_age=3600000&date_s={after}"), &none),
        ("?unknown=1", &all),
    ] {
        assert_eq!(summaries(&shop, query), wanted, "{query}");
    }
    let made = seconds(&shop.get("/private/orders?limit=-1").json()["orders"][0]["timestamp"]);
    let same = format!("?limit=-1&date_s={made}");
    assert_eq!(summaries(&shop, &same), none, "{same}");
}

#[test]
fn a_list_can_be_leafed_through_in_both_directions() {
    let shop = Shop::new();
    for summary in ["1", "2", "3", "4"] {
        shop.made(&plain(summary, "KUDOS:1"));
    }
    let list = shop.get("/private/orders?limit=4").json();
    let row = |summary: usize| list["orders"][summary - 1]["row_id"].as_i64().unwrap();
    let (two, three) = (row(2), row(3));
    for (query, wanted) in [
        ("".to_owned(), &["4", "3", "2", "1"][..]),
        ("?limit=2".into(), &["1", "2"]),
        ("?limit=-2".into(), &["4", "3"]),
        ("?delta=-1".into(), &["4"]),
        ("?delta=1".into(), &["1"]),
        ("?delta=-1&limit=1".into(), &["1"]),
        (format!("?limit=-5&offset={three}"), &["2", "1"]),
        (format!("?limit=5&offset={two}"), &["3", "4"]),
        (format!("?delta=1&start={two}"), &["3"]),
        (format!("?delta=-200&start={two}"), &["1"]),
        (format!("?offset={two}"), &["1"]),
        ("?limit=9999999".into(), &["1", "2", "3", "4"]),
    ] {
        assert_eq!(summaries(&shop, &query), wanted, "{query}");
    }
    for n in 5..=21 {
        shop.made(&plain(&n.to_string(), "KUDOS:1"));
    }
    assert_eq!(summaries(&shop, "").len(), 20);
}

#[test]
fn a_list_that_makes_no_sense_is_refused() {
    let shop = Shop::new();
    for query in [
        "limit=0",
        "limit=x",
        "delta=0",
        "offset=x",
        "offset=-1",
        "start=x",
        "paid=maybe",
        "refunded=2",
        "wired=x",
        "date_s=x",
        "max_age=x&limit=1",
        "timeout_ms=x",
    ] {
        assert_eq!(shop.get(&format!("/private/orders?{query}")).failure(), (400, 26), "{query}");
    }
    let accept = |kind: &str| {
        shop.daemon.ask("GET", "/private/orders").token(&shop.token).header("Accept", kind).send()
    };
    assert_eq!(accept("application/pdf, text/html").failure(), (406, 78));
    assert_eq!(accept("application/vnd.ms-excel").failure(), (406, 78));
    for kind in ["application/json", "text/csv, application/json;q=0.5", "*/*", "application/*"] {
        assert_eq!(accept(kind).status, 200, "{kind}");
    }
}

#[test]
fn statistics_count_what_happened_and_of_what_they_do_not_know_nothing() {
    let shop = Shop::new();
    shop.made(&plain("tea", "KUDOS:1"));
    let sold = shop.sold(&plain("cake", "KUDOS:2.5"));
    shop.sold(&plain("cake", "KUDOS:2.5"));
    assert_eq!(shop.refund(&sold, "KUDOS:0.5").status, 200);
    let get = |path: &str| {
        let reply = shop.get(path);
        assert_eq!(reply.status, 200, "{reply:?}");
        reply.json()
    };
    let amounts = |slug: &str| get(&format!("/private/statistics-amount/{slug}"));
    let paid = amounts("payments-received-at-counter");
    let intervals = paid["intervals"].as_array().unwrap();
    assert_eq!(intervals.len(), 5);
    assert!(intervals.iter().all(|one| one["cumulative_amounts"] == json!(["KUDOS:5"])), "{paid}");
    let of = |range: &str| -> Vec<Value> {
        let buckets = paid["buckets"].as_array().unwrap().iter();
        buckets.filter(|bucket| bucket["range"] == range).cloned().collect()
    };
    // Over midnight there could be two of a day.
    for range in ["hour", "day", "week", "month", "quarter", "year"] {
        let buckets = of(range);
        assert!((1..=2).contains(&buckets.len()), "{range}: {paid}");
        assert!(seconds(&buckets[0]["start_time"]) <= now(), "{range}");
        assert!(seconds(&buckets[0]["end_time"]) > now() - 100, "{range}");
    }
    let refunds = amounts("refunds-granted");
    assert_eq!(refunds["intervals"][0]["cumulative_amounts"], json!(["KUDOS:0.5"]));
    let none = json!({ "buckets": [], "intervals": [] });
    assert_eq!(amounts("feelings"), none);
    let coins = amounts("payments-received-after-deposit-fee");
    assert_eq!((&coins["buckets"], coins["intervals"].as_array().unwrap().len()), (&json!([]), 5));

    for (slug, count) in [
        ("orders-created", 3),
        ("orders-paid", 2),
        // No wallet had them.
        ("orders-claimed", 0),
        ("orders-settled", 0),
        ("refunds-granted", 1),
    ] {
        let found = get(&format!("/private/statistics-counter/{slug}?by=INTERVAL"));
        assert_eq!(found["buckets"], json!([]), "{slug}");
        assert_eq!(found["intervals"][0]["cumulative_counter"], count, "{slug}: {found}");
    }
    let only = get("/private/statistics-counter/orders-paid?by=BUCKET");
    assert_eq!(only["intervals"], json!([]));
    let path = "/management/instances/admin/statistics-counter/orders-paid?by=BUCKET";
    assert_eq!(get(path), only);
    assert_eq!(shop.get("/private/statistics-amount/x?by=day").failure(), (400, 26));
}

#[test]
fn a_list_of_orders_is_there_as_csv_as_well() {
    let shop = Shop::new();
    let (first, _) = shop.made(&plain("tea, \"green\"", "KUDOS:1"));
    let paid = shop.sold(&plain("=1+1", "KUDOS:2.5"));
    let list = |query: &str| {
        let path = format!("/private/orders{query}");
        shop.daemon.ask("GET", &path).token(&shop.token).header("Accept", "text/csv").send()
    };
    let reply = list("?limit=5");
    assert_eq!(reply.headers["content-type"], "text/csv; charset=utf-8; header=present");
    let lines: Vec<_> = reply.text.split("\r\n").collect();
    assert_eq!(lines.len(), 4);
    let columns =
        "order_id,created_at,summary,currency,amount,state,paid_at,refunded,refund_fetched,cashier";
    assert_eq!(lines[0], columns);
    assert!(lines[1].starts_with(&format!("{first},")), "{lines:?}");
    assert!(lines[1].contains(",\"tea, \"\"green\"\"\",KUDOS,1,unpaid,,0,0"), "{lines:?}");
    // What a spreadsheet would reckon with is a text.
    assert!(
        lines[2].starts_with(&format!("{paid},")) && lines[2].contains(",'=1+1,KUDOS,2.5,paid,")
    );
    assert_eq!(list("?paid=yes&limit=5").text.split("\r\n").count(), 3, "filters count");
    assert_eq!(list("?limit=0").failure(), (400, 26));
}

#[test]
fn a_poll_on_the_list_is_answered_by_the_next_order_that_fits() {
    let shop = Shop::new();
    shop.made(&page("S1"));
    let row = shop.get("/private/orders").json()["orders"][0]["row_id"].clone();
    let mut made = String::new();

    let path = format!("/private/orders?limit=5&offset={row}&session_id=S2&timeout_ms=60000");
    let answer = shop.parked_while(&path, || {
        shop.made(&page("S3"));
        made = shop.made(&page("S2")).0;
    });

    let orders = answer.json()["orders"].as_array().unwrap().clone();
    assert_eq!((answer.status, orders.len()), (200, 1));
    assert_eq!(orders[0]["order_id"], made);
    let late = shop.get("/private/orders?limit=5&session_id=S9&timeout_ms=20");
    assert_eq!((late.status, late.json()), (200, json!({ "orders": [] })));
}

// Shown to the shop.

#[test]
fn an_order_shows_itself_unpaid_then_claimed_then_paid() {
    let shop = Shop::new();
    let (id, token) = shop.made(&page("S1"));
    let url = format!("{BASE}orders/{id}");

    let unpaid = shop.status(&id, "");
    let terms = &unpaid["proto_contract_terms"];
    let mut expected = json!({
        "order_status": "unpaid",
        "taler_pay_uri": format!("taler://pay/shop.example/{id}/S1?c={token}"),
        "order_status_url": format!("{url}?token={token}"),
        "creation_time": terms["timestamp"], "summary": "Article", "total_amount": "KUDOS:2.5",
        "pay_deadline": terms["pay_deadline"], "proto_contract_terms": terms,
    });
    assert_eq!(unpaid, expected);
    expected["taler_pay_uri"] = json!(format!("taler://pay/shop.example/{id}/a%2Fb%20c?c={token}"));
    expected["order_status_url"] = json!(format!("{url}?token={token}&session_id=a%2Fb%20c"));
    assert_eq!(shop.status(&id, "?session_id=a%2Fb+c"), expected);

    let contract = shop.claimed(&id, &token);
    let url = format!("{url}?h_contract={}", contract.h_contract);
    assert_eq!(
        shop.status(&id, ""),
        json!({
            "order_status": "claimed", "contract_terms": contract.terms, "order_status_url": url,
        })
    );

    let payment = shop.pay(&id, &json!({ "method": "cash" })).json();
    assert_eq!(
        shop.status(&id, ""),
        json!({
            "order_status": "paid", "refunded": false, "refund_pending": false,
            "refund_amount": "KUDOS:0", "wired": false, "deposit_total": "KUDOS:0",
            "exchange_code": 0, "exchange_http_status": 0, "exchange_ec": 0, "exchange_hc": 0,
            "contract_terms": contract.terms,
            "last_payment": payment["paid_at"], "wire_details": [], "wire_reports": [],
            "refund_details": [], "order_status_url": url, "x_payment": { "method": "cash" },
        })
    );
    let paid = shop.status(&id, "?session_id=S1");
    assert_eq!(paid["order_status"], "paid");
    assert_eq!(paid["order_status_url"], format!("{url}&session_id=S1"));

    let reply = shop.get(&format!("/private/orders/{id}"));
    assert_eq!(reply.headers["cache-control"], "no-store");
    let ignored = "?transfer=YES&h_contract=x&token=x&refund=x&await_refund_obtained=x";
    assert_eq!(shop.status(&id, ignored)["order_status"], "paid");
    assert_eq!(shop.get("/private/orders/NONE").failure(), (404, 2005));
    assert_eq!(shop.get("/private/orders/a%20b").failure(), (400, 29));
    let bad = format!("/private/orders/{id}?allow_refunded_for_repurchase=x");
    assert_eq!(shop.get(&bad).failure(), (400, 26));
}

#[test]
fn what_another_session_has_paid_is_unpaid_and_can_be_brought_here() {
    let shop = Shop::new();
    let (id, token) = shop.made(&page("S1"));
    shop.pay(&id, &json!({ "method": "cash" }));

    let here = shop.status(&id, "?session_id=S2");

    assert_eq!(here["order_status"], "unpaid");
    assert_eq!(here["taler_pay_uri"], format!("taler://pay/shop.example/{id}/S2?c={token}"));
    assert_eq!(here["proto_contract_terms"].get("nonce"), None);
    let seen = shop.seen(&id, &format!("?token={token}&session_id=S2"));
    let uri = format!("taler://pay/shop.example/{id}/S2?c={token}");
    assert_eq!((seen.status, &seen.headers["taler"]), (402, &uri));
}

#[test]
fn a_page_bought_before_need_not_be_bought_again_unless_refunded() {
    let shop = Shop::new();
    let old = shop.sold(&page("S1"));
    let (new, token) = shop.made(&page("S1"));
    let plain_new = shop.status(&new, "");
    assert_eq!(plain_new.get("already_paid_order_id"), None);

    let mut expected = plain_new;
    expected["order_status_url"] = json!(format!("{BASE}orders/{new}?token={token}&session_id=S1"));
    let not_bought = expected.clone();
    expected["already_paid_order_id"] = json!(old);
    expected["already_paid_fulfillment_url"] = json!(PAGE);
    assert_eq!(shop.status(&new, "?session_id=S1"), expected);
    // It is not waited for either.
    assert_eq!(shop.status(&new, "?session_id=S1&timeout_ms=60000"), expected);
    let uri = expected["taler_pay_uri"].clone();
    let seen = shop.seen(&new, &format!("?token={token}&session_id=S1"));
    let body = json!({
        "taler_pay_uri": uri, "fulfillment_url": PAGE, "already_paid_order_id": old,
    });
    assert_eq!((seen.status, seen.json()), (402, body.clone()));

    assert_eq!(shop.refund(&old, "KUDOS:0.5").status, 200);
    assert_eq!(shop.status(&new, "?session_id=S1"), not_bought);
    let all = "session_id=S1&allow_refunded_for_repurchase=YES";
    assert_eq!(shop.status(&new, &format!("?{all}")), expected);
    assert_eq!(shop.seen(&new, &format!("?token={token}&{all}")).json(), body);
    let seen = shop.seen(&new, &format!("?token={token}&session_id=S1"));
    assert_eq!(seen.json(), json!({ "taler_pay_uri": uri, "fulfillment_url": PAGE }));

    // Claimed, it says the same.
    shop.claimed(&new, &token);
    assert_eq!(shop.status(&new, &format!("?{all}"))["already_paid_order_id"], json!(old));
    assert_eq!(shop.status(&new, "?session_id=S1")["order_status"], "claimed");
}

#[test]
fn who_knows_the_answer_already_gets_none_until_it_changes() {
    let shop = Shop::new();
    let (id, token) = shop.made(&page("S1"));
    let path = format!("/private/orders/{id}");
    let known = |tag: &str| {
        shop.daemon.ask("GET", &path).token(&shop.token).header("If-None-Match", tag).send()
    };
    let tag = shop.get(&path).headers["etag"].clone();
    assert!(tag.starts_with('"') && tag.ends_with('"'), "{tag}");

    for same in [&tag, &format!("\"x\", W/{tag}"), "*"] {
        let reply = known(same);
        assert_eq!((reply.status, reply.text.as_str()), (304, ""), "{same}");
        assert_eq!(reply.headers["etag"], tag);
    }
    assert_eq!(known("\"x\"").status, 200);

    let tag = tag.trim_matches('"');
    let poll = format!("{path}?lp_not_etag={tag}&timeout_ms=60000");
    let answer = shop.parked_while(&poll, || drop(shop.claimed(&id, &token)));
    assert_eq!(answer.json()["order_status"], "claimed");
    // Who knows something older is told at once.
    assert_eq!(shop.get(&poll).json(), answer.json());
    assert_eq!(known(&format!("\"{tag}\"")).status, 200);
    let news = answer.headers["etag"].trim_matches('"');
    let late = shop.get(&format!("{path}?lp_not_etag=%22{news}%22&timeout_ms=20"));
    assert_eq!((late.status, late.json()), (200, answer.json()));
}

#[test]
fn a_poll_for_the_shop_is_answered_by_the_payment() {
    let shop = Shop::new();
    let (id, token) = shop.made(&page("S1"));
    let poll = format!("/private/orders/{id}?session_id=S1&timeout_ms=60000");
    let answer = shop.parked_while(&poll, || {
        shop.claimed(&id, &token);
        shop.pay(&id, &json!({ "method": "cash" }));
    });
    assert_eq!(answer.json()["order_status"], "paid");
}

// Thinned out, deleted.

#[test]
fn what_is_forgotten_leaves_the_contract_its_hash() {
    let shop = Shop::new();
    let request = json!({ "order": {
        "summary": "Tea", "amount": "KUDOS:1", "delivery_location": { "town": "Kassel" },
        "$forgettable": { "delivery_location": true },
        "products": [
            { "description": "Pot", "product_id": "1", "$forgettable": { "product_id": true } },
            { "description": "Cup", "product_id": "2", "$forgettable": { "product_id": true } },
            { "description": "Tin" },
        ],
    } });
    let (id, token) = shop.made(&request);
    let before = shop.claimed(&id, &token);
    assert_eq!(before.terms["delivery_location"], json!({ "town": "Kassel" }));
    let path = format!("/private/orders/{id}/forget");
    let forget = |fields: Value| shop.patch(&path, &json!({ "fields": fields }));

    // One that cannot be forgotten, and all stay.
    let mixed = forget(json!(["$.delivery_location", "$.summary"]));
    assert_eq!(mixed.failure(), (409, 2511));
    assert_eq!(forget(json!(["$.products[2].description"])).failure(), (409, 2511));
    assert_eq!(shop.claimed(&id, &token).terms, before.terms);
    for bad in ["delivery_location", "$", "$.", "$.products[x].product_id", "$.products[0]"] {
        assert_eq!(forget(json!([bad])).failure(), (400, 2510), "{bad}");
    }
    assert_eq!(forget(json!("$.summary")).failure(), (400, 26));
    assert_eq!(forget(Value::Null).failure(), (400, 25));
    assert_eq!(forget(json!(vec!["$.a"; 257])).failure(), (400, 26));
    let nowhere = shop.patch("/private/orders/NONE/forget", &json!({ "fields": ["$.a"] }));
    assert_eq!(nowhere.failure(), (404, 2005));

    let first = forget(json!(["$.delivery_location", "$.products[0].product_id", "$.nothing"]));
    assert_eq!((first.status, first.text.as_str()), (200, ""));
    let rest = forget(json!(["$.products[*].product_id"]));
    assert_eq!((rest.status, rest.text.as_str()), (200, ""));
    for again in ["$.products[*].product_id", "$.delivery_location", "$.delivery_location.town"] {
        assert_eq!(forget(json!([again])).status, 204, "{again}");
    }
    assert_eq!(forget(json!([])).status, 204);

    let after = shop.claimed(&id, &token);
    assert_eq!(after.terms.get("delivery_location"), None);
    for product in after.terms["products"].as_array().unwrap() {
        assert_eq!(product.get("product_id"), None);
    }
    assert_eq!((after.h_contract, after.sig), (before.h_contract, before.sig));
}

#[test]
fn an_order_is_deleted_unless_it_may_still_be_needed() {
    let shop = Shop::new();
    let delete = |id: &str, query: &str| shop.delete(&format!("/private/orders/{id}{query}"));
    let (unclaimed, token) = shop.made(&page("S1"));
    let gone = delete(&unclaimed, "");
    assert_eq!((gone.status, gone.text.as_str()), (204, ""));
    assert_eq!(delete(&unclaimed, "").failure(), (404, 2005));
    assert_eq!(shop.claim(&unclaimed, &token, &nonce(1)).failure(), (404, 2300));

    let (claimed, token) = shop.made(&page("S1"));
    shop.claimed(&claimed, &token);
    for query in ["", "?force=no"] {
        assert_eq!(delete(&claimed, query).failure(), (409, 2520), "{query}");
    }
    assert_eq!(delete(&claimed, "?force=maybe").failure(), (400, 26));
    assert_eq!(delete(&claimed, "?force=YES").status, 204);
    assert_eq!(shop.get(&format!("/private/orders/{claimed}")).failure(), (404, 2005));

    let paid = shop.sold(&page("S1"));
    for query in ["", "?force=YES"] {
        assert_eq!(delete(&paid, query).failure(), (409, 2521), "{query}");
    }
    assert_eq!(summaries(&shop, ""), ["Article"]);
}

#[test]
fn parts_of_unclaimed_orders_can_be_forgotten_too() {
    let shop = Shop::new();
    let mut request = with("extra", json!({ "note": "x" }));
    request["order"]["$forgettable"] = json!({ "extra": true });
    let (id, token) = shop.made(&request);
    let path = format!("/private/orders/{id}/forget");
    assert_eq!(shop.patch(&path, &json!({ "fields": ["$.extra"] })).status, 200);

    let contract = shop.claimed(&id, &token);

    assert_eq!(contract.terms.get("extra"), None);
    let sig = Signature::parse(&contract.sig).unwrap();
    let offer = ContractOffer { h_contract: h_contract(&contract.h_contract) };
    assert!(offer.verify(&merchant_key(&shop), &sig));
}

#[test]
fn a_name_is_free_again_when_its_order_is_deleted() {
    let shop = Shop::new();
    let (_, token) = shop.made(&with("order_id", json!("T1")));
    let poll = format!("/orders/T1?token={token}&timeout_ms=60000");
    let answer = shop.parked_while(&poll, || drop(shop.delete("/private/orders/T1")));
    assert_eq!(answer.failure(), (404, 2005));
    let (id, other) = shop.made(&with("order_id", json!("T1")));
    assert_eq!(id, "T1");
    assert_ne!(other, token);
}

// Claimed.

#[test]
fn a_wallet_gets_a_contract_that_the_shop_has_signed() {
    let shop = Shop::new();
    let (id, token) = shop.made(&page("S1"));
    let proposal = shop.status(&id, "")["proto_contract_terms"].clone();

    let reply = shop.claim(&id, &token, &nonce(1));

    let body = reply.json();
    let mut expected = proposal;
    expected["nonce"] = json!(nonce(1));
    assert_eq!((reply.status, &body["contract_terms"]), (200, &expected));
    assert_eq!(reply.headers["cache-control"], "no-store");
    let sig = Signature::parse(body["sig"].as_str().unwrap()).unwrap();
    let offer = ContractOffer { h_contract: contract_hash(&expected).unwrap() };
    assert!(offer.verify(&merchant_key(&shop), &sig));
    assert_eq!(body.as_object().unwrap().len(), 2);

    assert_eq!(shop.claim(&id, &token, &nonce(1)).json(), body);
    assert_eq!(shop.claim(&id, &token, &nonce(1).to_lowercase()).json(), body);
    assert_eq!(shop.claim(&id, &token, &nonce(2)).failure(), (409, 2301));
}

#[test]
fn a_guess_does_not_learn_what_was_wrong() {
    let shop = Shop::new();
    let (id, token) = shop.made(&page("S1"));
    let wrong = "0".repeat(26);
    let claims = |nonce: &str| {
        let hint = |reply: Reply| {
            assert_eq!(reply.failure(), (404, 2300));
            reply.json()["hint"].clone()
        };
        let unknown = hint(shop.claim("NONE", &token, nonce));
        assert_eq!(hint(shop.claim(&id, "", nonce)), unknown);
        assert_eq!(hint(shop.claim(&id, &wrong, nonce)), unknown);
    };
    claims(&nonce(1));
    shop.claimed(&id, &token);
    claims(&nonce(1));
    claims(&nonce(2));
}

#[test]
fn a_claim_that_makes_no_sense_is_refused() {
    let shop = Shop::new();
    let (id, token) = shop.made(&page("S1"));
    let claim = |body: Value| shop.strange_post(&format!("/orders/{id}/claim"), &body).failure();
    assert_eq!(claim(json!({ "token": token })), (400, 25));
    for bad in [json!("nope"), json!(5), json!(""), json!(no_hash())] {
        assert_eq!(claim(json!({ "nonce": bad, "token": token })), (400, 26), "{bad}");
    }
    assert_eq!(claim(json!({ "nonce": nonce(1), "token": 5 })), (400, 26));
    assert_eq!(claim(json!([])), (400, 26));
    let at = |path: &str| shop.strange_post(path, &json!({ "nonce": nonce(1) })).failure();
    assert_eq!(at("/orders/a%20b/claim"), (400, 29));
    assert_eq!(at("/instances/nobody/orders/x/claim"), (404, 2000));
    assert_eq!(shop.status(&id, "")["order_status"], "unpaid");
}

// Shown to the customer.

#[test]
fn an_unclaimed_order_is_shown_to_who_has_its_token() {
    let shop = Shop::new();
    let (id, token) = shop.made(&page("S1"));
    let wrong = "0".repeat(26);
    for (query, refusal) in [
        (String::new(), (403, 2105)),
        (format!("?token={wrong}"), (403, 2105)),
        (format!("?h_contract={}", no_hash()), (403, 2106)),
        ("?token=x".into(), (400, 26)),
        ("?h_contract=x".into(), (400, 26)),
        (format!("?token={token}&timeout_ms=x"), (400, 26)),
    ] {
        assert_eq!(shop.seen(&id, &query).failure(), refusal, "{query}");
    }
    assert_eq!(shop.seen("NONE", &format!("?token={token}")).failure(), (404, 2005));
    assert_eq!(shop.seen("a%20b", "").failure(), (400, 29));

    let seen = shop.seen(&id, &format!("?token={token}"));
    let uri = format!("taler://pay/shop.example/{id}/S1?c={token}");
    assert_eq!(seen.status, 402);
    assert_eq!(seen.json(), json!({ "taler_pay_uri": uri, "fulfillment_url": PAGE }));
    assert_eq!(seen.headers["taler"], uri);
    assert_eq!(seen.headers["cache-control"], "no-store");

    let mut open = plain("Tea", "KUDOS:1");
    open["create_token"] = json!(false);
    let (id, _) = shop.made(&open);
    let seen = shop.seen(&id, "");
    let uri = format!("taler://pay/shop.example/{id}/");
    assert_eq!((seen.status, seen.json()), (402, json!({ "taler_pay_uri": uri })));
}

#[test]
fn a_claimed_order_is_shown_to_who_has_its_hash_or_token() {
    let shop = Shop::new();
    let (id, token) = shop.made(&page("S1"));
    let contract = shop.claimed(&id, &token);
    let uri = format!("taler://pay/shop.example/{id}/S1?c={token}");
    for query in [
        format!("?h_contract={}", contract.h_contract),
        format!("?token={token}"),
        format!("?token={token}&h_contract={}", no_hash()),
    ] {
        let seen = shop.seen(&id, &query);
        let body = json!({ "taler_pay_uri": uri, "fulfillment_url": PAGE });
        assert_eq!((seen.status, seen.json()), (402, body), "{query}");
        assert_eq!(seen.headers["taler"], uri);
    }
    let wrong = "0".repeat(26);
    assert_eq!(shop.seen(&id, &format!("?token={wrong}")).failure(), (403, 2105));
    assert_eq!(shop.seen(&id, &format!("?h_contract={}", no_hash())).failure(), (403, 2106));

    let mut open = page("S1");
    open["create_token"] = json!(false);
    let (id, _) = shop.made(&open);
    shop.claimed(&id, "");
    for query in ["", &format!("?token={wrong}")] {
        assert_eq!(shop.seen(&id, query).status, 402, "{query}");
    }
    assert_eq!(shop.seen(&id, &format!("?h_contract={}", no_hash())).failure(), (403, 2106));
}

#[test]
fn a_strangers_order_leads_to_an_own_one() {
    let shop = Shop::new();
    let mut request = page("S1");
    request["order"]["public_reorder_url"] = json!("https://news.example/buy");
    let wrong = format!("?h_contract={}", no_hash());
    let (id, token) = shop.made(&request);
    assert_eq!(shop.seen(&id, "").failure(), (403, 2105));
    shop.claimed(&id, &token);
    for query in [&wrong, "", &format!("?token={}", "0".repeat(26))] {
        let seen = shop.seen(&id, query);
        let body = json!({ "public_reorder_url": "https://news.example/buy" });
        assert_eq!((seen.status, seen.json()), (202, body), "{query}");
    }

    let (id, token) = shop.made(&page("S1"));
    shop.claimed(&id, &token);
    assert_eq!(shop.seen(&id, &wrong).failure(), (403, 2106));
    shop.pay(&id, &json!({ "method": "cash" }));
    let seen = shop.seen(&id, &wrong);
    let body = json!({ "public_reorder_url": PAGE, "fulfillment_url": PAGE });
    assert_eq!((seen.status, seen.json()), (202, body));
}

#[test]
fn a_paid_order_says_what_was_given_back() {
    let shop = Shop::new();
    let (id, token) = shop.made(&page("S1"));
    let query = format!("?token={token}&session_id=S1");
    let poll = format!("/orders/{id}{query}&timeout_ms=60000");
    let pay = || drop(shop.pay(&id, &json!({ "method": "cash" })));

    let answer = shop.parked_while(&poll, pay);

    let mut paid = json!({
        "refunded": false, "refund_pending": false, "refund_amount": "KUDOS:0",
        "refund_taken": "KUDOS:0", "fulfillment_url": PAGE,
    });
    assert_eq!((answer.status, answer.json()), (200, paid.clone()));
    assert_eq!(answer.headers.get("taler"), None);
    assert_eq!(shop.seen(&id, &format!("{query}&await_refund_obtained=yes")).json(), paid);

    // A refund of no more than this is waited through.
    let poll = format!("/orders/{id}{query}&refund=KUDOS:1&timeout_ms=60000");
    let answer = shop.parked_while(&poll, || {
        assert_eq!(shop.refund(&id, "KUDOS:1").status, 200);
        assert_eq!(shop.refund(&id, "KUDOS:1.5").status, 200);
    });
    paid["refunded"] = json!(true);
    paid["refund_amount"] = json!("KUDOS:1.5");
    paid["refund_taken"] = json!("KUDOS:1.5");
    assert_eq!((answer.status, answer.json()), (200, paid.clone()));
    assert_eq!(shop.seen(&id, &format!("{query}&refund=EUR:1")).failure(), (400, 26));
    assert_eq!(shop.seen(&id, &format!("{query}&refund=x")).failure(), (400, 26));
    let late = shop.seen(&id, &format!("{query}&refund=KUDOS:2&timeout_ms=20"));
    assert_eq!((late.status, late.json()), (200, paid));
}

#[test]
fn when_the_time_to_pay_is_over_only_the_counter_takes_money() {
    let shop = Shop::new();
    let deadline = now() + 3;
    let mut request = page("S1");
    request["order"]["pay_deadline"] = at(deadline);
    let (claimed, claimed_token) = shop.made(&request);
    let contract = shop.claimed(&claimed, &claimed_token);
    request["order"]["order_id"] = json!("T1");
    let first = shop.order(&request).json();
    let token = first["token"].as_str().unwrap();

    let poll = format!("/orders/T1?token={token}&timeout_ms=60000");
    let answer = shop.parked_while(&poll, || {});

    assert_eq!(answer.failure(), (410, 2161));
    assert!(now() >= deadline);
    assert_eq!(shop.seen("T1", &format!("?token={token}")).failure(), (410, 2161));
    assert_eq!(shop.seen("T1", "").failure(), (403, 2105));
    let hash = format!("?h_contract={}", contract.h_contract);
    assert_eq!(shop.seen(&claimed, &hash).failure(), (410, 2161));
    assert_eq!(shop.status("T1", "")["order_status"], "unpaid");
    assert_eq!(shop.status(&claimed, "")["order_status"], "claimed");
    // Asked for again, it is what it was.
    assert_eq!(shop.order(&request).json(), first);
    // Nobody waits for it any more, but a wallet may still take the contract.
    let session = "/sessions/S1?fulfillment_url=https%3A%2F%2Fnews.example%2Fa7";
    assert_eq!(shop.daemon.get(session).failure(), (404, 2038));
    shop.claimed("T1", token);
    // A dead claim holds nothing.
    assert_eq!(shop.delete(&format!("/private/orders/{claimed}")).status, 204);

    assert_eq!(shop.pay("T1", &json!({ "method": "cash" })).status, 200);
    assert_eq!(shop.status("T1", "?session_id=S1")["order_status"], "paid");
    assert_eq!(shop.seen("T1", &format!("?token={token}")).status, 200);
    assert_eq!(shop.daemon.get(session).json(), json!({ "order_id": "T1" }));
}

// Paid, refunded.

#[test]
fn the_counter_gives_a_receipt_and_the_same_one_again() {
    let shop = Shop::new();
    let (id, token) = shop.made(&page("S1"));
    let contract = shop.claimed(&id, &token);
    let payment = json!({ "method": "Cash", "reference": "R-1", "amount": "KUDOS:2.50" });

    let reply = shop.pay(&id, &payment);

    let receipt = reply.json();
    assert_eq!(reply.status, 200);
    assert!(now().abs_diff(seconds(&receipt["paid_at"])) < 30);
    assert_eq!(
        receipt,
        json!({
            "order_id": id, "method": "cash", "reference": "R-1", "amount": "KUDOS:2.5",
            "paid_at": receipt["paid_at"], "session_id": "S1", "sig": receipt["sig"],
        })
    );
    let sig = Signature::parse(receipt["sig"].as_str().unwrap()).unwrap();
    let paid = PaymentOk { h_contract: h_contract(&contract.h_contract) };
    assert!(paid.verify(&merchant_key(&shop), &sig));

    for same in [
        payment,
        json!({ "method": "cash", "reference": "R-1" }),
        json!({ "method": "cash", "reference": "R-1", "session_id": "S2" }),
    ] {
        let again = shop.pay(&id, &same);
        assert_eq!((again.status, again.json()), (200, receipt.clone()), "{same}");
    }
    assert_eq!(shop.status(&id, "?session_id=S1")["order_status"], "paid");
    for other in [
        json!({ "method": "cash" }),
        json!({ "method": "cash", "reference": "R-2" }),
        json!({ "method": "card", "reference": "R-1" }),
    ] {
        assert_eq!(shop.pay(&id, &other).failure(), (409, 2160), "{other}");
    }
}

#[test]
fn an_order_that_no_wallet_has_claimed_gets_its_contract_at_the_counter() {
    let shop = Shop::new();
    let (id, token) = shop.made(&plain("Tea", "KUDOS:2"));

    let receipt = shop.pay(&id, &json!({ "method": "bank" })).json();

    let terms = shop.status(&id, "")["contract_terms"].clone();
    let contract = contract_hash(&terms).unwrap();
    let sig = Signature::parse(receipt["sig"].as_str().unwrap()).unwrap();
    assert!((PaymentOk { h_contract: contract }).verify(&merchant_key(&shop), &sig));
    assert_eq!(
        receipt,
        json!({
            "order_id": id, "method": "bank", "amount": "KUDOS:2",
            "paid_at": receipt["paid_at"], "sig": receipt["sig"],
        })
    );
    assert_eq!(shop.claim(&id, &token, &nonce(1)).failure(), (409, 2301));
    assert_eq!(shop.seen(&id, &format!("?h_contract={contract}")).status, 200);
    assert_eq!(shop.seen(&id, &format!("?token={token}")).status, 200);
}

#[test]
fn a_payment_counts_for_the_session_it_names_or_for_the_orders_own() {
    let shop = Shop::new();
    for (named, bound) in
        [(Value::Null, "S1"), (json!(""), "S1"), (json!("S1"), "S1"), (json!("S2"), "S2")]
    {
        let (id, _) = shop.made(&page("S1"));
        let receipt = shop.pay(&id, &json!({ "method": "cash", "session_id": named })).json();
        assert_eq!(receipt["session_id"], bound, "{named}");
        let status = shop.status(&id, &format!("?session_id={bound}"));
        assert_eq!(status["order_status"], "paid", "{named}");
    }
}

#[test]
fn a_payment_that_makes_no_sense_is_refused() {
    let shop = Shop::new();
    let (id, _) = shop.made(&page("S1"));
    for (payment, refusal, detail) in [
        (json!({}), (400, 25), "method"),
        (json!({ "method": 5 }), (400, 26), "method"),
        (json!({ "method": "taler" }), (400, 26), "method"),
        (json!({ "method": "two words" }), (400, 26), "method"),
        (json!({ "method": "cash", "reference": "" }), (400, 26), "reference"),
        (json!({ "method": "cash", "reference": 5 }), (400, 26), "reference"),
        (json!({ "method": "cash", "session_id": 5 }), (400, 26), "session_id"),
        (json!({ "method": "cash", "amount": "KUDOS:2.49" }), (400, 26), "amount"),
        (json!({ "method": "cash", "amount": "EUR:2.50" }), (400, 26), "amount"),
        (json!({ "method": "cash", "amount": "much" }), (400, 26), "amount"),
    ] {
        let reply = shop.pay(&id, &payment);
        assert_eq!(reply.failure(), refusal, "{payment}");
        assert_eq!(reply.json()["detail"], detail, "{payment}");
    }
    assert_eq!(shop.pay("NONE", &json!({ "method": "cash" })).failure(), (404, 2005));
    assert_eq!(shop.status(&id, "")["order_status"], "unpaid");
}

#[test]
fn a_refund_is_a_new_total_and_never_less_nor_above_the_price() {
    let shop = Shop::new();
    let id = shop.sold(&page("S1"));
    let hash = contract_hash(&shop.status(&id, "")["contract_terms"]).unwrap().to_string();
    let granted = json!({
        "taler_refund_uri": format!("taler://refund/shop.example/{id}/"), "h_contract": hash,
    });

    let zero = shop.refund(&id, "KUDOS:0");
    assert_eq!((zero.status, zero.json()), (200, granted.clone()));
    assert_eq!(shop.status(&id, "")["refund_details"], json!([]));
    for total in ["KUDOS:1", "KUDOS:1.00", "KUDOS:1.5"] {
        let reply = shop.refund(&id, total);
        assert_eq!((reply.status, reply.json()), (200, granted.clone()), "{total}");
    }
    for total in ["KUDOS:1", "KUDOS:0", "KUDOS:2.51"] {
        assert_eq!(shop.refund(&id, total).failure(), (409, 2530), "{total}");
    }
    assert_eq!(shop.refund(&id, "EUR:2").failure(), (409, 2024));

    let status = shop.status(&id, "");
    let times: Vec<_> = status["refund_details"].as_array().unwrap().iter().collect();
    let detail = |amount: &str, place: usize| {
        json!({
            "reason": "cold", "pending": false, "amount": amount,
            "timestamp": times[place]["timestamp"],
        })
    };
    assert_eq!(status["refund_details"], json!([detail("KUDOS:1", 0), detail("KUDOS:0.5", 1)]));
    assert_eq!(status["refunded"], true);
    assert_eq!(status["refund_pending"], false);
    assert_eq!(status["refund_amount"], "KUDOS:1.5");
    assert_eq!(status["deposit_total"], "KUDOS:0", "no exchange has taken anything");
    assert_eq!(shop.refund(&id, "KUDOS:2.5").status, 200);
}

#[test]
fn a_refund_that_cannot_be_is_refused_with_its_reason() {
    let shop = Shop::new();
    let (unpaid, token) = shop.made(&page("S1"));
    assert_eq!(shop.refund(&unpaid, "KUDOS:1").failure(), (409, 2531));
    shop.claimed(&unpaid, &token);
    assert_eq!(shop.refund(&unpaid, "KUDOS:1").failure(), (409, 2531));
    assert_eq!(shop.refund("NONE", "KUDOS:1").failure(), (404, 2005));

    let id = shop.sold(&page("S1"));
    let refund = |body: Value| shop.post(&format!("/private/orders/{id}/refund"), &body).failure();
    assert_eq!(refund(json!({ "refund": "KUDOS:1" })), (400, 25));
    assert_eq!(refund(json!({ "reason": "cold" })), (400, 25));
    assert_eq!(refund(json!({ "refund": 1, "reason": "cold" })), (400, 26));
    assert_eq!(refund(json!({ "refund": "1", "reason": "cold" })), (400, 26));
    assert_eq!(refund(json!({ "refund": "KUDOS:1", "reason": 5 })), (400, 26));
    assert_eq!(refund(json!({ "refund": "KUDOS:1", "reason": "x".repeat(1025) })), (400, 26));
    assert_eq!(shop.status(&id, "")["refunded"], false);
}

// Replayed.

/// An order that a wallet has claimed and that was paid in `session`: its name, the hash of its
/// contract, and the receipt's signature.
fn bought(shop: &Shop, session: &str) -> (String, String, String) {
    let (id, token) = shop.made(&page(session));
    let contract = shop.claimed(&id, &token);
    let receipt = shop.pay(&id, &json!({ "method": "cash" })).json();
    (id, contract.h_contract, receipt["sig"].as_str().unwrap().to_owned())
}

fn replay(shop: &Shop, id: &str, hash: &str, sig: &str, session: &str) -> Reply {
    let body = json!({ "sig": sig, "h_contract": hash, "session_id": session });
    shop.strange_post(&format!("/orders/{id}/paid"), &body)
}

#[test]
fn a_receipt_brings_the_purchase_into_another_session() {
    let shop = Shop::new();
    let (id, hash, sig) = bought(&shop, "S1");
    let stands = |session: &str| {
        let status = shop.status(&id, &format!("?session_id={session}"));
        status["order_status"].as_str().unwrap().to_owned()
    };

    let reply = replay(&shop, &id, &hash, &sig, "S2");

    assert_eq!((reply.status, reply.json()), (200, json!({ "refunded": false })));
    assert_eq!((stands("S2").as_str(), stands("S1").as_str()), ("paid", "unpaid"));
    // No session is no other session.
    assert_eq!(replay(&shop, &id, &hash, &sig, "").json(), json!({ "refunded": false }));
    assert_eq!((stands("S2").as_str(), stands("S1").as_str()), ("paid", "unpaid"));
    shop.refund(&id, "KUDOS:1");
    assert_eq!(replay(&shop, &id, &hash, &sig, "S1").json(), json!({ "refunded": true }));
    assert_eq!((stands("S2").as_str(), stands("S1").as_str()), ("unpaid", "paid"));
}

#[test]
fn a_wallet_that_forgot_to_decode_its_session_is_understood() {
    let shop = Shop::new();
    let (id, hash, sig) = bought(&shop, "my/session");
    let paid = |session: &str| {
        shop.status(&id, &format!("?session_id={session}"))["order_status"] == "paid"
    };
    assert_eq!(replay(&shop, &id, &hash, &sig, "S2").status, 200);
    assert!(paid("S2"));
    assert_eq!(replay(&shop, &id, &hash, &sig, "my%2Fsession").status, 200);
    assert!(paid("my%2Fsession") && !paid("my%252Fsession"));
    // Only the order's own session is meant so.
    assert_eq!(replay(&shop, &id, &hash, &sig, "an%2Fother").status, 200);
    assert!(paid("an%252Fother") && !paid("an%2Fother"));
}

#[test]
fn a_receipt_that_proves_nothing_is_refused() {
    let shop = Shop::new();
    let (id, hash, sig) = bought(&shop, "S1");
    let (other, other_hash, _) = bought(&shop, "S1");
    let (unpaid, token) = shop.made(&page("S1"));

    assert_eq!(replay(&shop, &id, &hash, &no_hash(), "S2").failure(), (403, 2201));
    assert_eq!(replay(&shop, &id, &other_hash, &sig, "S2").failure(), (403, 2201));
    assert_eq!(replay(&shop, "NONE", &hash, &no_hash(), "S2").failure(), (403, 2201));
    assert_eq!(replay(&shop, "NONE", &hash, &sig, "S2").failure(), (404, 2005));
    assert_eq!(replay(&shop, &unpaid, &hash, &sig, "S2").failure(), (404, 2005));
    assert_eq!(replay(&shop, &other, &hash, &sig, "S2").failure(), (400, 2200));
    shop.claimed(&unpaid, &token);
    assert_eq!(replay(&shop, &unpaid, &hash, &sig, "S2").failure(), (400, 2200));

    let paid = |body: Value| shop.strange_post(&format!("/orders/{id}/paid"), &body).failure();
    let good = json!({ "sig": sig, "h_contract": hash, "session_id": "S2" });
    for name in ["sig", "h_contract", "session_id"] {
        for (value, refusal) in [(Value::Null, (400, 25)), (json!(5), (400, 26))] {
            let mut body = good.clone();
            body[name] = value;
            assert_eq!(paid(body.clone()), refusal, "{body}");
        }
    }
    let mut body = good;
    body["sig"] = json!("x");
    assert_eq!(paid(body), (400, 26));
    assert_eq!(shop.status(&id, "?session_id=S1")["order_status"], "paid");
}

#[test]
fn the_orders_of_one_shop_are_no_others_business() {
    let shop = Shop::new();
    shop.place.instance("bar");
    let bar = shop.place.token("bar", "all");
    let (id, token) = shop.made(&page("S1"));
    let at_bar = |method: &str, path: &str| {
        shop.daemon.ask(method, &format!("/instances/bar{path}")).token(&bar).send()
    };
    assert_eq!(at_bar("GET", "/private/orders").json(), json!({ "orders": [] }));
    assert_eq!(at_bar("GET", &format!("/private/orders/{id}")).failure(), (404, 2005));
    assert_eq!(at_bar("DELETE", &format!("/private/orders/{id}")).failure(), (404, 2005));
    assert_eq!(at_bar("GET", &format!("/orders/{id}?token={token}")).failure(), (404, 2005));
    assert_eq!(shop.status(&id, "")["order_status"], "unpaid");

    shop.place.ok(&["account", "add", "bar", IBAN]);
    let body = with("order_id", json!(id));
    let ask = shop.daemon.ask("POST", "/instances/bar/private/orders").token(&bar);
    let token = ask.json(&body).send().json()["token"].as_str().unwrap().to_owned();
    let status = at_bar("GET", &format!("/private/orders/{id}")).json();
    let uri = format!("taler://pay/shop.example/instances/bar/{id}/?c={token}");
    assert_eq!(status["taler_pay_uri"], uri);
    let url = format!("{BASE}instances/bar/orders/{id}?token={token}");
    assert_eq!(status["order_status_url"], url);
    let base = format!("{BASE}instances/bar/");
    assert_eq!(status["proto_contract_terms"]["merchant_base_url"], base);

    assert_eq!(shop.delete("/management/instances/bar").status, 204);
    let path = format!("/instances/bar/orders/{id}");
    assert_eq!(shop.daemon.get(&format!("{path}?token={token}")).failure(), (404, 2016));
    let claim = json!({ "nonce": nonce(1), "token": token });
    assert_eq!(shop.strange_post(&format!("{path}/claim"), &claim).failure(), (404, 2016));
}
