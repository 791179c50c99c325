//! What wallets on phones and in browsers ask of the exchange besides coins: texts, waiting, methods
//! (real-wallets 5.1).

use std::thread;
use std::time::Instant;

use reqwest::Method;
use serde_json::json;
use taler::base32::HashCode;
use taler::sign::Purpose;

use super::failure;
use crate::common::exchange::{Exchange, Planchet, Reserve, fresh_key, kudos};
use crate::common::{Reply, client};

fn send(exchange: &Exchange, method: Method, path: &str, headers: &[(&str, &str)]) -> Reply {
    let url = format!("{}{path}", exchange.base_url());
    let mut request = client().build().unwrap().request(method, url);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    Reply::of(request.send().unwrap())
}

#[test]
fn terms_and_privacy_are_texts_that_are_fetched_once() {
    let exchange = Exchange::start();
    for (path, word) in [("terms", "worth nothing"), ("privacy", "It keeps")] {
        let reply = exchange.get(path);
        assert_eq!(reply.status, 200);
        assert!(reply.headers["content-type"].starts_with("text/plain"));
        assert!(reply.text.contains(word), "{reply:?}");
        assert_eq!(reply.headers["taler-terms-version"], "sandbox-v1");
        assert_eq!(reply.headers["avail-languages"], "en");
        let tag = &reply.headers["etag"];
        for known in [tag.as_str(), &format!("W/{tag}"), &format!("\"x\", {tag}"), "*"] {
            let again = send(&exchange, Method::GET, path, &[("If-None-Match", known)]);
            assert_eq!((again.status, again.text.as_str()), (304, ""), "{known}");
            assert_eq!(&again.headers["etag"], tag);
        }
        let other = send(&exchange, Method::GET, path, &[("If-None-Match", "\"x\"")]);
        assert_eq!(other.status, 200);
        let exposed = &reply.headers["access-control-expose-headers"];
        assert!(exposed.contains("Taler-Terms-Version"), "{exposed}");
    }
}

#[test]
fn every_path_has_head_and_options() {
    let exchange = Exchange::start();
    exchange.keys();
    for path in ["", "config", "keys", "terms", "privacy", "sandbox/ledger"] {
        let (get, head) = (exchange.get(path), send(&exchange, Method::HEAD, path, &[]));
        assert_eq!((head.status, head.text.as_str()), (get.status, ""), "{path}");
        assert_eq!(head.headers["content-type"], get.headers["content-type"], "{path}");
        let options = send(&exchange, Method::OPTIONS, path, &[("Origin", "https://a.example")]);
        assert_eq!((options.status, options.text.as_str()), (204, ""), "{path}");
        assert_eq!(options.headers["allow"], "GET, HEAD, OPTIONS");
        assert_eq!(options.headers["access-control-allow-origin"], "*");
    }
    for path in ["melt", "reveal-melt", "withdraw", "batch-deposit", "csr-melt"] {
        let options = send(&exchange, Method::OPTIONS, path, &[]);
        assert_eq!(options.status, 204, "{path}");
        assert!(options.headers["access-control-allow-methods"].contains("POST"), "{path}");
        let allowed = &options.headers["access-control-allow-headers"];
        assert!(allowed.contains("Content-Type") && allowed.contains("History"), "{allowed}");
    }
    assert_eq!(failure(&send(&exchange, Method::OPTIONS, "nothing", &[])), (404, 21));
    assert_eq!(failure(&send(&exchange, Method::DELETE, "config", &[])), (405, 20));
}

#[test]
fn what_the_protocol_has_and_the_sandbox_does_not_is_no_404() {
    let exchange = Exchange::start();
    let key = fresh_key().public_key();
    for path in [
        format!("purses/{key}/create"),
        format!("contracts/{key}"),
        format!("reserves/{key}/purse"),
        format!("reserves/{key}/history"),
        format!("coins/{key}/recoup"),
        "csr-withdraw".into(),
        "blinding-prepare".into(),
        "kyc-wallet".into(),
        "reveal-withdraw".into(),
    ] {
        for method in [Method::GET, Method::POST] {
            assert_eq!(failure(&send(&exchange, method, &path, &[])), (501, 76), "{path}");
        }
    }
}

#[test]
fn a_wallet_waits_for_its_money() {
    let exchange = Exchange::start();
    let reserve = Reserve::new();
    let name = reserve.key.public_key();
    assert_eq!(failure(&exchange.get(&format!("reserves/{name}"))), (404, 1027));
    assert_eq!(failure(&exchange.get(&format!("reserves/{name}?timeout_ms=10"))), (404, 1027));
    assert_eq!(failure(&exchange.get(&format!("reserves/{name}?timeout_ms=x"))), (400, 26));
    thread::scope(|scope| {
        let waits = scope.spawn(|| {
            let started = Instant::now();
            let reply = exchange.get(&format!("reserves/{name}?timeout_ms=25000"));
            (reply, started.elapsed())
        });
        // Money for somebody else wakes it, and is none of its own.
        exchange.reserve("3");
        assert_eq!(exchange.top_up(&reserve, "7").status, 200);
        let (reply, waited) = waits.join().unwrap();
        assert_eq!(reply.json(), json!({ "balance": "KUDOS:7" }));
        assert!(waited.as_secs() < 20, "{waited:?}");
    });
    // What is there is told at once.
    let reply = exchange.get(&format!("reserves/{name}?timeout_ms=25000"));
    assert_eq!(reply.json()["balance"], "KUDOS:7");
}

#[test]
fn one_signature_withdraws_many_coins() {
    let exchange = Exchange::start();
    let reserve = exchange.reserve("10");
    let kinds = [exchange.denomination("5"), exchange.denomination("0.5")];
    let planchets: Vec<_> =
        kinds.iter().map(|kind| Planchet::new(&reserve, fresh_key(), kind, None)).collect();
    let request = |value: &str, fee: &str| {
        let hashes: Vec<u8> = planchets.iter().flat_map(Planchet::h_coin_ev).collect();
        let words = [
            &kudos(value).to_nbo()[..],
            &kudos(fee).to_nbo(),
            taler::hash::sha512(&hashes).as_ref(),
            &[0; 40],
        ]
        .concat();
        json!({
            "cipher": "ED25519", "reserve_pub": reserve.key.public_key(),
            "denoms_h": planchets.iter().map(|one| &one.body["denom_pub_hash"]).collect::<Vec<_>>(),
            "coin_evs": planchets.iter().map(|one| &one.body["coin_ev"]).collect::<Vec<_>>(),
            "reserve_sig": reserve.key.sign(Purpose::WalletReserveWithdraw, &words),
            "a_member_of_tomorrow": true,
        })
    };
    assert_eq!(failure(&exchange.post("withdraw", &request("5.5", "0"))), (403, 1154));
    let right = request("5.5", "0.01");
    let reply = exchange.post("withdraw", &right);
    assert_eq!(reply.status, 200, "{reply:?}");
    let signed = reply.json();
    for (at, planchet) in planchets.iter().enumerate() {
        let wrapped = json!({ "ev_sig": signed["ev_sigs"][at] });
        assert!(planchet.coin(&wrapped).is_good());
    }
    assert_eq!(exchange.balance(&reserve), "KUDOS:4.49");
    // Again costs nothing; nor does the old way to the same coins.
    assert_eq!(exchange.post("withdraw", &right).text, reply.text);
    let old = exchange.withdraw(&reserve, &planchets).json();
    assert_eq!(old["ev_sigs"][0]["ev_sig"], signed["ev_sigs"][0]);
    assert_eq!(exchange.balance(&reserve), "KUDOS:4.49");
    let with = |member: &str, value: serde_json::Value| {
        let mut request = right.clone();
        request[member] = value;
        failure(&exchange.post("withdraw", &request))
    };
    assert_eq!(with("cipher", json!("RSA")), (400, 26));
    assert_eq!(with("coin_evs", json!([])), (400, 26));
    assert_eq!(with("max_age", json!(14)), (501, 76));
    assert_eq!(with("blinding_seed", json!("x")), (501, 76));
    assert_eq!(with("denoms_h", json!([HashCode::ZERO, HashCode::ZERO])), (404, 1005));
    let stranger = Reserve::new().key.public_key();
    assert_eq!(with("reserve_pub", json!(stranger)), (403, 1154));
}

#[test]
fn it_has_an_account_at_a_bank_beside_that_of_play_money() {
    let exchange = Exchange::start();
    let keys = exchange.keys();
    let paytos: Vec<_> = keys["accounts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|account| account["payto_uri"].as_str().unwrap().split('/').nth(2).unwrap())
        .collect();
    // Old wallets look at the first one only.
    assert_eq!(paytos, ["x-taler-bank", "iban"]);
}
