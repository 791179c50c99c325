//! How the sandbox answers valid and invalid requests.

use serde_json::{Value, json};

use super::{Merchant, failure, read};
use crate::common::Reply;
use crate::common::exchange::refresh::Refresh;
use crate::common::exchange::{Exchange, Planchet, fresh_key};
use crate::common::shop::Shop;

#[test]
fn a_coin_and_its_exchange_are_what_a_till_reads() {
    let exchange = Exchange::start();
    let purchase = Merchant::new().purchase(&exchange, "a book");
    let coin = exchange.coin("0.5");
    let read: taler::coin::permission::Coin = read(&coin.paying(&exchange, &purchase, "0.4"));
    assert_eq!(read.exchange_url.as_str(), exchange.base_url());
    assert_eq!(read.ub_sig, coin.ub_sig);

    let till = Shop::configured(&exchange.trusted());
    let config = till.daemon.get("/config").json();
    let trusted = &config["exchanges"][0];
    assert_eq!(trusted["base_url"], exchange.base_url());
    assert_eq!(trusted["master_pub"], json!(exchange.master_key()));
}

#[test]
fn it_says_what_it_is() {
    let exchange = Exchange::start();
    let config = exchange.get("config").json();
    assert_eq!(config["name"], "taler-exchange");
    assert_eq!(config["version"], exchange.keys()["version"]);
    assert_eq!(config["currency"], "KUDOS");
    let root = exchange.get("");
    assert!(root.status == 200 && root.text.contains("play money"), "{root:?}");
    assert_eq!(root.headers["access-control-allow-origin"], "*");
}

#[test]
fn what_makes_no_sense_gets_a_code() {
    let exchange = Exchange::start();
    for path in ["key", "keys/", "reserves", "sandbox", "coins//refund", "deposits/a/b/c"] {
        assert_eq!(failure(&exchange.get(path)), (404, 21), "{path}");
    }
    assert_eq!(failure(&exchange.post("keys", &json!({}))), (405, 20));
    assert_eq!(failure(&exchange.get("batch-deposit")), (405, 20));
    let client = crate::common::client().build().unwrap();
    let send = |body: Vec<u8>, encoding: &'static str| -> Reply {
        let url = format!("{}batch-deposit", exchange.base_url());
        let mut request = client.post(url).body(body);
        if !encoding.is_empty() {
            request = request.header("Content-Encoding", encoding);
        }
        Reply::of(request.send().unwrap())
    };
    for bad in ["", "{", "[1,", "{\"a\" 1}", "\u{0}"] {
        assert_eq!(failure(&send(bad.into(), "")), (400, 22), "{bad:?}");
    }
    for bad in ["7", "null", "[]", "\"x\"", "{\"coins\": 7}"] {
        let (status, code) = failure(&send(bad.into(), ""));
        assert_eq!((status, code), (400, 22), "{bad:?}");
    }
    assert_eq!(failure(&send(vec![0xFF, 0xFE], "")), (400, 22));
    assert_eq!(failure(&send(vec![b' '; (1 << 20) + 1], "")), (413, 32));
    assert_eq!(failure(&send(b"{}".to_vec(), "deflate")), (400, 28));
    assert_eq!(failure(&send(b"{}".to_vec(), "br")), (400, 28));
    assert_eq!(failure(&send(deflated(&vec![b' '; 2 << 20]), "deflate")), (413, 32));
}

#[test]
fn a_body_may_be_compressed() {
    let exchange = Exchange::start();
    let shop = Merchant::new();
    let (coin, purchase) = (exchange.coin("1"), shop.purchase(&exchange, "a book"));
    let request: Value = shop.request(&purchase, &[coin.deposited(&purchase, "1")]);
    let client = crate::common::client().build().unwrap();
    let answer = client
        .post(format!("{}batch-deposit", exchange.base_url()))
        .header("Content-Encoding", "deflate")
        .body(deflated(request.to_string().as_bytes()))
        .send();
    assert_eq!(answer.unwrap().status(), 200);
}

fn deflated(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn what_was_answered_survives_a_power_cut() {
    let exchange = Exchange::start();
    let shop = Merchant::new();
    let (coin, purchase) = (exchange.coin("2"), shop.purchase(&exchange, "a book"));
    let request = shop.request(&purchase, &[coin.deposited(&purchase, "2")]);
    let reserve = exchange.reserve("7");
    assert_eq!(exchange.after_power_cut().balance(&reserve), "KUDOS:7");
    let planchets = [Planchet::new(&reserve, fresh_key(), &exchange.denomination("5"), None)];
    let withdrawn = exchange.withdraw(&reserve, &planchets);
    assert_eq!(withdrawn.status, 200, "{withdrawn:?}");
    let after = exchange.after_power_cut();
    assert_eq!(after.withdraw(&reserve, &planchets).text, withdrawn.text);
    assert_eq!(after.balance(&reserve), "KUDOS:1.99");
    let deposited = exchange.post("batch-deposit", &request);
    assert_eq!(deposited.status, 200, "{deposited:?}");
    let after = exchange.after_power_cut();
    assert_eq!(after.account_of(&coin)["left"], "KUDOS:0");
    assert_eq!(after.post("batch-deposit", &request).text, deposited.text);
    let refunded = shop.refund(&exchange, &coin, &purchase, "1", 1);
    assert_eq!(refunded.status, 200, "{refunded:?}");
    let after = exchange.after_power_cut();
    assert_eq!(after.account_of(&coin)["left"], "KUDOS:0.99");
    assert_eq!(shop.refund(&after, &coin, &purchase, "1", 1).text, refunded.text);
    assert_eq!(after.ledger(), exchange.ledger());
}

#[test]
fn a_request_with_one_odd_member_is_refused_and_does_nothing() {
    let exchange = Exchange::start();
    let shop = Merchant::new();
    let (coin, purchase) = (exchange.coin("1"), shop.purchase(&exchange, "a book"));
    let reserve = exchange.reserve("5");
    let planchet = Planchet::new(&reserve, fresh_key(), &exchange.denomination("1"), None);
    let melted = exchange.coin("1");
    let refresh = |is_new| Refresh::aged(is_new, &melted, &[exchange.denomination("0.1")], None);
    let requests = [
        ("batch-deposit".into(), shop.request(&purchase, &[coin.deposited(&purchase, "1")])),
        (
            format!("coins/{}/refund", coin.key.public_key()),
            shop.refund_request(&coin, &purchase, "0.5", 1),
        ),
        (
            format!("reserves/{}/batch-withdraw", reserve.key.public_key()),
            json!({ "planchets": [planchet.body] }),
        ),
        (refresh(false).melt_path, refresh(false).melt),
        (refresh(true).melt_path, refresh(true).melt),
        (
            "sandbox/reserves".into(),
            json!({ "reserve_pub": reserve.key.public_key(), "amount": "KUDOS:1" }),
        ),
    ];
    let long = "0".repeat(10_000);
    let odd = [
        json!(null),
        json!(true),
        json!(-1),
        json!(0.5),
        json!(u64::MAX),
        json!(""),
        json!("\u{0}"),
        json!("é"),
        json!(long),
        json!([]),
        json!({}),
        json!([[[]]]),
        json!({ "t_s": -1 }),
        json!({ "t_s": u64::MAX }),
        json!({ "cipher": "RSA", "rsa_signature": "" }),
        json!({ "cipher": "RSA", "rsa_signature": long }),
        json!({ "cipher": "RSA", "rsa_blinded_planchet": "00" }),
        json!("KUDOS:-1"),
        json!("KUDOS:4503599627370496"),
    ];
    // These may be left out, and null is as good as nothing.
    let optional = ["merchant_sig", "refund_deadline"];
    // So is no transfer key at all: that was another generation.
    let not_served = ["transfer_pubs"];
    for (path, request) in &requests {
        for place in places(request) {
            for value in &odd {
                if value.is_null() && optional.iter().any(|name| place.ends_with(name)) {
                    continue;
                }
                let mut request = request.clone();
                *request.pointer_mut(&place).unwrap() = value.clone();
                let (status, code) = failure(&exchange.post(path, &request));
                if status == 501 && not_served.iter().any(|name| place.ends_with(name)) {
                    continue;
                }
                assert!((400..500).contains(&status) && code > 0, "{path} {place} {value}");
            }
        }
    }
    assert_eq!(exchange.balance(&reserve), "KUDOS:5");
    assert_eq!(exchange.ledger()["merchants"], "KUDOS:0");
}

/// Pointers to all values within a value.
fn places(value: &Value) -> Vec<String> {
    let below: Vec<(String, &Value)> = match value {
        Value::Object(members) => members.iter().map(|(k, v)| (k.clone(), v)).collect(),
        Value::Array(items) => {
            items.iter().enumerate().map(|(n, item)| (n.to_string(), item)).collect()
        }
        _ => Vec::new(),
    };
    let mut places = Vec::new();
    for (name, value) in below {
        places.push(format!("/{name}"));
        places.extend(places_within(&name, value));
    }
    places
}

fn places_within(name: &str, value: &Value) -> Vec<String> {
    places(value).into_iter().map(|place| format!("/{name}{place}")).collect()
}
