//! `POST /batch-deposit`.

use std::sync::Barrier;

use serde_json::json;

use super::{Merchant, confirms, denies_denomination, denies_time, failure};
use crate::common::exchange::{Coin, Exchange, Planchet, fresh_key, kudos};

#[test]
fn coins_are_deposited_once_and_confirmed_for_ever() {
    let mut exchange = Exchange::start();
    let shop = Merchant::new();
    let purchase = shop.purchase(&exchange, "a book");
    let (five, cents) = (exchange.coin("5"), exchange.coin("0.2"));
    let coins = [five.deposited(&purchase, "4"), cents.deposited(&purchase, "0.2")];
    let request = shop.request(&purchase, &coins);
    let reply = exchange.post("batch-deposit", &request);
    assert!(confirms(&exchange, &request, "4.19", &reply));

    exchange.pass(60);
    let again = exchange.post("batch-deposit", &request);
    assert_eq!((again.status, &again.text), (200, &reply.text));
    exchange.restart();
    let again = exchange.post("batch-deposit", &request);
    assert_eq!((again.status, &again.text), (200, &reply.text));

    let account = exchange.account_of(&five);
    assert_eq!(
        account,
        json!({ "value": "KUDOS:5", "spent": "KUDOS:4", "refunded": "KUDOS:0", "left": "KUDOS:1" })
    );

    // One of the coins in another request of the same merchant is not taken twice.
    let request = shop.request(&purchase, &coins[..1]);
    let reply = exchange.post("batch-deposit", &request);
    assert!(confirms(&exchange, &request, "3.99", &reply));
    assert_eq!(exchange.account_of(&five), account);
}

#[test]
fn a_coin_is_spent_in_parts_and_never_beyond_its_value() {
    let exchange = Exchange::start();
    let shop = Merchant::new();
    let (coin, other) = (exchange.coin("1"), exchange.coin("2"));
    let first = shop.purchase(&exchange, "a pen");
    assert_eq!(shop.deposit(&exchange, &first, &[coin.deposited(&first, "0.6")]).status, 200);
    let second = shop.purchase(&exchange, "ink");
    let coins = [other.deposited(&second, "1"), coin.deposited(&second, "0.41")];
    let reply = shop.deposit(&exchange, &second, &coins);
    assert_eq!(failure(&reply), (409, 1012));
    assert_eq!(reply.json()["coin_pub"], json!(coin.key.public_key()));
    assert_eq!(reply.json()["h_denom_pub"], json!(coin.denomination.h_denom));
    // All or nothing: the other coin was not touched.
    let reply = exchange.get(&format!("sandbox/coins/{}", other.key.public_key()));
    assert_eq!(failure(&reply), (404, 1019));
    assert_eq!(shop.deposit(&exchange, &second, &[coin.deposited(&second, "0.4")]).status, 200);
    assert_eq!(exchange.account_of(&coin)["left"], "KUDOS:0");
}

#[test]
fn every_mistake_has_its_code_and_takes_nothing() {
    let exchange = Exchange::start();
    let shop = Merchant::new();
    let (coin, purchase) = (exchange.coin("1"), shop.purchase(&exchange, "a book"));
    let good = coin.deposited(&purchase, "1");
    let request = shop.request(&purchase, std::slice::from_ref(&good));
    let wrong = |member: &str, value: serde_json::Value| {
        let mut request = request.clone();
        request[member] = value;
        failure(&exchange.post("batch-deposit", &request))
    };
    let wrong_coin = |member: &str, value: serde_json::Value| {
        let mut coin = good.clone();
        coin[member] = value;
        wrong("coins", json!([coin]))
    };
    let cs = json!({ "cipher": "CS", "cs_signature_r": fresh_key().public_key(),
        "cs_signature_s": fresh_key().public_key() });
    let never = json!({ "t_s": "never" });
    let many: Vec<_> = (0..65).map(|_| good.clone()).collect();

    assert_eq!(wrong("merchant_payto_uri", json!("payto://iban")), (400, 22));
    assert_eq!(
        wrong("merchant_payto_uri", json!("payto://bitcoin/abc?receiver-name=y")),
        (400, 1210)
    );
    assert_eq!(wrong("policy_details", json!({ "type": "escrow" })), (400, 1107));
    assert_eq!(wrong("wire_transfer_deadline", never.clone()), (400, 1209));
    assert_eq!(wrong("wire_transfer_deadline", json!({ "t_s": 7 })), (400, 1208));
    assert_eq!(wrong("refund_deadline", never), (400, 1208));
    assert_eq!(wrong("merchant_sig", good["coin_sig"].clone()), (400, 26));
    assert_eq!(wrong("merchant_pub", json!("?")), (400, 22));
    assert_eq!(wrong("wire_salt", json!(null)), (400, 22));
    assert_eq!(wrong("coins", json!([])), (400, 26));
    assert_eq!(wrong("coins", json!(many)), (400, 26));
    assert_eq!(wrong_coin("contribution", json!("KUDOS:1.01")), (400, 1021));
    assert_eq!(wrong_coin("contribution", json!("KUDOS:0.00999999")), (400, 1207));
    assert_eq!(wrong_coin("contribution", json!("EUR:1")), (400, 22));
    assert_eq!(wrong_coin("contribution", json!("KUDOS:0.5")), (403, 1205));
    assert_eq!(wrong_coin("coin_sig", json!(coin.permit(&purchase, &kudos("0.9")))), (403, 1205));
    assert_eq!(wrong_coin("coin_pub", json!(fresh_key().public_key())), (403, 1205));
    assert_eq!(wrong_coin("ub_sig", json!(exchange.coin("1").ub_sig)), (403, 1006));
    assert_eq!(wrong_coin("ub_sig", cs), (403, 1006));
    // What the coin has signed is for another time, account or wallet.
    assert_eq!(wrong("timestamp", json!({ "t_s": purchase.timestamp_s - 1 })), (403, 1205));
    assert_eq!(wrong("wire_salt", json!(super::Salt::ZERO)), (403, 1205));
    assert_eq!(wrong("wallet_data_hash", json!(purchase.h_contract)), (403, 1205));
    let mut request_without = request.clone();
    request_without.as_object_mut().unwrap().remove("h_contract_terms");
    assert_eq!(failure(&exchange.post("batch-deposit", &request_without)), (400, 22));

    let seen = exchange.get(&format!("sandbox/coins/{}", coin.key.public_key()));
    assert_eq!(failure(&seen), (404, 1019));
    // A merchant that is older than protocol 22 does not send its signature.
    let mut request_of_2024 = request.clone();
    request_of_2024.as_object_mut().unwrap().remove("merchant_sig");
    let reply = exchange.post("batch-deposit", &request_of_2024);
    assert!(confirms(&exchange, &request_of_2024, "0.99", &reply));
}

#[test]
fn an_unknown_denomination_is_denied_with_a_signature() {
    let exchange = Exchange::start();
    let shop = Merchant::new();
    let (mut coin, purchase) = (exchange.coin("1"), shop.purchase(&exchange, "a book"));
    coin.denomination.h_denom = purchase.h_contract;
    let reply = shop.deposit(&exchange, &purchase, &[coin.deposited(&purchase, "1")]);
    assert_eq!(failure(&reply), (404, 1005));
    assert!(denies_denomination(&reply));
}

#[test]
fn a_denomination_out_of_its_time_is_denied_with_a_signature() {
    let exchange = Exchange::with(|settings| settings.denominations.truncate(1));
    exchange.keys();
    let shop = Merchant::new();
    let coin = exchange.coin("0.01");
    exchange.turn_back(1_000);
    let purchase = shop.purchase(&exchange, "a sweet");
    let reply = shop.deposit(&exchange, &purchase, &[coin.deposited(&purchase, "0.01")]);
    assert_eq!(failure(&reply), (410, 1008));
    assert!(denies_time(&reply, "DEPOSIT"));
    exchange.pass(820 * 86_400 + 1_000);
    let reply = shop.deposit(&exchange, &purchase, &[coin.deposited(&purchase, "0.01")]);
    assert_eq!(failure(&reply), (410, 1009));
    assert!(denies_time(&reply, "DEPOSIT"));
}

#[test]
fn one_key_is_one_coin() {
    let exchange = Exchange::start();
    let shop = Merchant::new();
    let key = fresh_key();
    let reserve = exchange.reserve("3");
    let made = |value: &str| -> Coin {
        let denomination = exchange.denomination(value);
        let planchet = Planchet::new(&reserve, key.clone(), &denomination, None);
        let reply = exchange.withdraw(&reserve, std::slice::from_ref(&planchet));
        planchet.coin(&reply.json()["ev_sigs"][0])
    };
    let (one, two) = (made("1"), made("2"));
    let first = shop.purchase(&exchange, "a pen");
    assert_eq!(shop.deposit(&exchange, &first, &[one.deposited(&first, "0.5")]).status, 200);
    let second = shop.purchase(&exchange, "ink");
    let reply = shop.deposit(&exchange, &second, &[two.deposited(&second, "0.5")]);
    assert_eq!(failure(&reply), (409, 1003));
    let body = reply.json();
    assert_eq!(body["prev_denom_pub"]["rsa_public_key"], json!(one.denomination.key));
    assert_eq!(body["prev_denom_sig"], json!(one.ub_sig));
}

#[test]
fn a_coin_keeps_its_age() {
    let exchange = Exchange::start();
    let shop = Merchant::new();
    let denominations = exchange.denominations();
    let aged = denominations.iter().find(|d| d.ages.bits() != 0).unwrap();
    let commitments = [[1; 32], [2; 32]].map(|bytes| Some(bytes.into()));
    let key = fresh_key();
    let [young, old] = commitments.map(|h| exchange.coin_with(key.clone(), aged, h));
    let first = shop.purchase(&exchange, "cider");
    let request = shop.request(&first, &[young.deposited(&first, "0.5")]);
    let reply = exchange.post("batch-deposit", &request);
    assert!(confirms(&exchange, &request, "0.49", &reply));
    let second = shop.purchase(&exchange, "wine");
    let reply = shop.deposit(&exchange, &second, &[old.deposited(&second, "0.5")]);
    assert_eq!(failure(&reply), (409, 1015));
    assert_eq!(reply.json()["expected_age_commitment_hash"], json!(young.h_age_commitment));
    let without = Coin { h_age_commitment: None, ..young };
    let reply = shop.deposit(&exchange, &second, &[without.deposited(&second, "0.5")]);
    assert_eq!(failure(&reply), (403, 1006));
}

#[test]
fn of_many_that_spend_a_coin_at_once_only_its_value_is_taken() {
    let exchange = Exchange::start();
    let shop = Merchant::new();
    let coin = exchange.coin("1");
    let requests: Vec<_> = (0..8)
        .map(|n| {
            let purchase = shop.purchase(&exchange, &format!("thing {n}"));
            shop.request(&purchase, &[coin.deposited(&purchase, "0.4")])
        })
        .collect();
    let mut statuses = std::thread::scope(|scope| {
        let post = |request| exchange.post("batch-deposit", request).status;
        let sent: Vec<_> =
            requests.iter().map(|request| scope.spawn(move || post(request))).collect();
        sent.into_iter().map(|reply| reply.join().unwrap()).collect::<Vec<_>>()
    });
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 200, 409, 409, 409, 409, 409, 409]);
    assert_eq!(exchange.account_of(&coin)["left"], "KUDOS:0.2");
}

#[test]
fn the_same_request_at_the_same_time_is_one() {
    let exchange = Exchange::start();
    let shop = Merchant::new();
    // Many coins, so that the requests overlap while these are looked at.
    let coins: Vec<_> = (0..12).map(|_| exchange.coin("1")).collect();
    for round in 0..8 {
        let purchase = shop.purchase(&exchange, &format!("round {round}"));
        let deposited: Vec<_> = coins.iter().map(|c| c.deposited(&purchase, "0.1")).collect();
        let request = shop.request(&purchase, &deposited);
        let start = Barrier::new(4);
        let post = || {
            start.wait();
            exchange.post("batch-deposit", &request)
        };
        let replies = std::thread::scope(|scope| {
            let sent: Vec<_> = (0..4).map(|_| scope.spawn(post)).collect();
            sent.into_iter().map(|reply| reply.join().unwrap()).collect::<Vec<_>>()
        });
        for reply in &replies {
            assert_eq!((reply.status, &reply.text), (200, &replies[0].text));
        }
    }
    assert_eq!(exchange.account_of(&coins[0])["left"], "KUDOS:0.2");
}
