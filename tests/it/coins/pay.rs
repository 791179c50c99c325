//! Wallets pay: what is checked, what the exchange is asked, what is kept (merchant-api 3.5).

use playground::sandbox::{Fault, FaultAction};
use serde_json::{Value, json};
use taler::base32::HashCode;
use taler::coin::age::AgeMask;
use taler::sign::merchant::PaymentOk;
use taler::sign::{Signature, SigningKey, Statement};

use super::{await_account, claimed, market, order, refused, shop_with};
use crate::common::exchange::{Exchange, Purchase, kudos, times};

#[test]
fn coins_pay_for_an_order_and_are_deposited_once() {
    let (shop, exchange) = market();
    let claimed = claimed(&shop, &order("5"));
    let (five, half) = (exchange.coin("5"), exchange.coin("0.5"));
    let coins = [(&five, "4.75"), (&half, "0.25")];
    let sig = claimed.paid(&shop, &exchange, &coins);
    let paid = PaymentOk { h_contract: claimed.h_contract() };
    let signature: Signature = sig.parse().unwrap();
    assert!(paid.verify(&claimed.merchant_pub(), &signature));
    assert_eq!(exchange.account_of(&five)["spent"], "KUDOS:4.75");
    assert_eq!(shop.status(&claimed.id, "")["order_status"], "paid");
    assert_eq!(shop.seen(&claimed.id, &claimed.query()).status, 200);

    // Again, in another order, and after a restart: the same answer, and nothing is spent twice.
    let again = claimed.paid(&shop, &exchange, &[(&half, "0.25"), (&five, "4.75")]);
    assert_eq!(again, sig);
    let shop = shop.restarted();
    assert_eq!(claimed.paid(&shop, &exchange, &coins), sig);
    assert_eq!(exchange.account_of(&five)["spent"], "KUDOS:4.75");
    assert_eq!(exchange.account_of(&half)["spent"], "KUDOS:0.25");

    // Other coins come too late and are not even sent.
    let other = exchange.coin("5");
    let reply = claimed.pay(&shop, &claimed.payment(&exchange, &[(&other, "5")]));
    refused(&reply, 409, 2160);
    assert_eq!(exchange.get(&format!("sandbox/coins/{}", other.key.public_key())).status, 404);
}

#[test]
fn a_parked_poll_is_answered_by_a_payment_with_coins() {
    let (shop, exchange) = market();
    let claimed = claimed(&shop, &order("2"));
    let coin = exchange.coin("2");
    let url = "fulfillment_url=https%3A%2F%2Fshop.example%2Ftea&timeout_ms=20000";
    let reply = shop.parked_while(&format!("/sessions/S1?{url}"), || {
        claimed.paid(&shop, &exchange, &[(&coin, "2")]);
    });
    assert_eq!((reply.status, reply.json()["order_id"].clone()), (200, json!(claimed.id)));
}

#[test]
fn coins_that_cannot_pay_are_refused_with_their_reason() {
    let (shop, exchange) = market();
    let claimed = claimed(&shop, &order("5"));
    let (five, one) = (exchange.coin("5"), exchange.coin("1"));
    let pay = |body: &Value| claimed.pay(&shop, body);
    let with = |change: &dyn Fn(&mut Value)| {
        let mut body = claimed.payment(&exchange, &[(&five, "5")]);
        change(&mut body["coins"][0]);
        pay(&body)
    };
    refused(&pay(&json!({})), 400, 25);
    refused(&pay(&json!({ "coins": 5 })), 400, 26);
    // A nested member that is missing is named by its path, with the code of one that is missing.
    let missing = pay(&json!({ "coins": [{}] }));
    refused(&missing, 400, 25);
    assert_eq!(missing.json()["detail"], "coins[0].coin_pub");
    refused(&pay(&json!({ "coins": [] })), 400, 2156);
    let twice = claimed.payment(&exchange, &[(&five, "3"), (&five, "2")]);
    refused(&pay(&twice), 400, 26);
    refused(&pay(&claimed.payment(&exchange, &[(&one, "1")])), 400, 2156);
    refused(&pay(&claimed.payment(&exchange, &[(&five, "4"), (&one, "1.01")])), 400, 2156);
    refused(&with(&|coin| coin["exchange_url"] = json!("https://other.example/")), 400, 2025);
    refused(&with(&|coin| coin["h_denom"] = json!(HashCode::new([9; 64]))), 400, 2151);
    refused(&with(&|coin| coin["contribution"] = json!("EUR:5")), 409, 2024);
    refused(&with(&|coin| coin["contribution"] = json!("KUDOS:4.99")), 403, 2157);
    refused(&with(&|coin| coin["coin_sig"] = json!(Signature::new([1; 64]))), 403, 2157);
    refused(&with(&|coin| coin["ub_sig"] = json!(one.ub_sig)), 403, 2157);
    refused(&with(&|coin| coin["coin_pub"] = json!(one.key.public_key())), 403, 2157);
    let unknown = shop.strange_post("/orders/nothing/pay", &json!({ "coins": [] }));
    refused(&unknown, 404, 2005);
    let (unclaimed, _) = shop.made(&order("5"));
    let reply = shop.strange_post(&format!("/orders/{unclaimed}/pay"), &json!({ "coins": [] }));
    refused(&reply, 404, 2005);
    // Nothing of all this has reached the exchange, or stands in the way.
    assert_eq!(exchange.get(&format!("sandbox/coins/{}", five.key.public_key())).status, 404);
    claimed.paid(&shop, &exchange, &[(&five, "5")]);
}

#[test]
fn fees_beyond_what_the_shop_bears_are_the_customers() {
    let (shop, exchange) = market();
    let mut request = order("5");
    request["order"]["max_fee"] = json!("KUDOS:0");
    let claimed = claimed(&shop, &request);
    let coin = exchange.coin("10");
    let fee = coin.denomination.fee_deposit;
    assert!(!fee.is_zero());
    refused(&claimed.pay(&shop, &claimed.payment(&exchange, &[(&coin, "5")])), 400, 2155);
    let with_fee = kudos("5").checked_add(&fee).unwrap().to_string();
    let part = with_fee.trim_start_matches("KUDOS:");
    claimed.paid(&shop, &exchange, &[(&coin, part)]);
}

#[test]
fn data_that_the_wallet_signed_along_are_covered() {
    let (shop, exchange) = market();
    let claimed = claimed(&shop, &order("1"));
    let coin = exchange.coin("1");
    let data = json!({ "choice_index": 0 });
    let hash = taler::canonical::json_hash(&data).unwrap();
    let purchase = Purchase { wallet_data_hash: Some(hash), ..claimed.purchase() };
    let coins = json!([coin.paying(&exchange, &purchase, "1")]);
    let without = json!({ "coins": coins });
    refused(&claimed.pay(&shop, &without), 403, 2157);
    let reply = claimed.pay(&shop, &json!({ "coins": coins, "wallet_data": data }));
    assert_eq!(reply.status, 200, "{reply:?}");
}

#[test]
fn an_offer_that_has_expired_takes_no_coins() {
    let (shop, exchange) = market();
    let mut request = order("1");
    request["order"]["pay_deadline"] = json!({ "t_s": crate::common::shop::now() + 1 });
    let claimed = claimed(&shop, &request);
    let coin = exchange.coin("1");
    let path = format!("/orders/{}{}&timeout_ms=5000", claimed.id, claimed.query());
    assert_eq!(shop.daemon.get(&path).status, 410);
    refused(&claimed.pay(&shop, &claimed.payment(&exchange, &[(&coin, "1")])), 410, 2161);
}

#[test]
fn a_coin_spent_elsewhere_is_named_and_the_others_stay() {
    let (shop, exchange) = market();
    let first = claimed(&shop, &order("1"));
    let (one, two) = (exchange.coin("1"), exchange.coin("2"));
    first.paid(&shop, &exchange, &[(&one, "1")]);
    let second = claimed(&shop, &order("3"));
    let reply = second.pay(&shop, &second.payment(&exchange, &[(&one, "1"), (&two, "2")]));
    refused(&reply, 409, 2150);
    let body = reply.json();
    assert_eq!(body["exchange_url"], exchange.base_url());
    assert_eq!(
        (&body["exchange_http_status"], &body["exchange_code"]),
        (&json!(409), &json!(1012))
    );
    assert_eq!(body["exchange_reply"]["coin_pub"], json!(one.key.public_key()));
    let other = exchange.coin("1");
    second.paid(&shop, &exchange, &[(&other, "1"), (&two, "2")]);
}

#[test]
fn an_exchange_that_stumbles_is_asked_again_while_the_wallet_waits() {
    let (shop, exchange) = market();
    for act in [
        FaultAction::Status(503),
        FaultAction::LoseAnswer,
        FaultAction::FailAfterwards(500),
        FaultAction::NotJson,
    ] {
        let claimed = claimed(&shop, &order("1"));
        let coin = exchange.coin("1");
        exchange.deposits(times(1, act));
        claimed.paid(&shop, &exchange, &[(&coin, "1")]);
        assert_eq!(exchange.account_of(&coin)["spent"], "KUDOS:1");
    }
}

#[test]
fn a_payment_at_the_counter_wins_over_coins_whose_answer_was_lost() {
    let exchange = Exchange::start();
    let shop = shop_with(&exchange, "[exchanges]\nrequest_timeout_s = 1\nattempts = 1");
    let claimed = claimed(&shop, &order("1"));
    let coin = exchange.coin("1");
    let body = claimed.payment(&exchange, &[(&coin, "1")]);
    exchange.deposits(FaultAction::LoseAnswer);
    assert_eq!(claimed.pay(&shop, &body).status, 502);
    let reply = shop.pay(&claimed.id, &json!({ "method": "cash" }));
    assert_eq!(reply.status, 200, "{reply:?}");
    exchange.behave();
    // The daemon finds out by itself that the exchange has the coin, and gives it back.
    refused(&claimed.pay(&shop, &body), 409, 2160);
    let shop = shop.restarted();
    await_account(&exchange, &coin, "refunded", "KUDOS:0.99");
    assert_eq!(shop.status(&claimed.id, "")["refund_amount"], "KUDOS:0");
}

#[test]
fn a_payment_that_the_daemon_did_not_live_to_see_is_finished_by_the_next() {
    let exchange = Exchange::start();
    let shop = shop_with(&exchange, "[exchanges]\nrequest_timeout_s = 1\nattempts = 1");
    let claimed = claimed(&shop, &order("1"));
    let coin = exchange.coin("1");
    exchange.deposits(FaultAction::LoseAnswer);
    assert_eq!(claimed.pay(&shop, &claimed.payment(&exchange, &[(&coin, "1")])).status, 502);
    exchange.behave();
    let shop = shop.restarted();
    let path = format!("/orders/{}{}&timeout_ms=20000", claimed.id, claimed.query());
    assert_eq!(shop.daemon.get(&path).status, 200);
    let session = "/sessions/S1?fulfillment_url=https%3A%2F%2Fshop.example%2Ftea";
    assert_eq!(shop.daemon.get(session).status, 200);
}

#[test]
fn an_age_is_asked_for_only_of_coins_that_tell_it() {
    let (shop, exchange) = market();
    let mut request = order("1");
    request["order"]["minimum_age"] = json!(18);
    let claimed = claimed(&shop, &request);
    let kinds = exchange.denominations();
    let young = kinds.iter().find(|kind| kind.ages != AgeMask::NONE).unwrap();
    let keys: Vec<_> = (0..young.ages.upper_groups())
        .map(|group| SigningKey::from_seed([u8::try_from(group).unwrap() + 1; 32]))
        .collect();
    let public: Vec<_> = keys.iter().map(SigningKey::public_key).collect();
    let commitment = taler::coin::age::AgeCommitment::new(public.clone());
    let coin = exchange.coin_of(young, Some(commitment.hash()));
    let proof = taler::sign::wallet::AgeAttestation { age_mask: young.ages.bits(), age: 18 };
    let group = usize::try_from(young.ages.group_of(18)).unwrap();
    let mut body = claimed.payment(&exchange, &[(&coin, "1")]);
    body["coins"][0].as_object_mut().unwrap().remove("h_age_commitment");
    refused(&claimed.pay(&shop, &body), 400, 2171);
    body["coins"][0]["age_commitment"] = json!(public[1..]);
    refused(&claimed.pay(&shop, &body), 400, 2172);
    body["coins"][0]["age_commitment"] = json!(public);
    refused(&claimed.pay(&shop, &body), 400, 2173);
    body["coins"][0]["minimum_age_sig"] = json!(proof.sign(&keys[group - 1]));
    let reply = claimed.pay(&shop, &body);
    assert_eq!(reply.status, 200, "{reply:?}");

    // A contract that asks for no age only wants to know the commitment's hash.
    let open = self::claimed(&shop, &order("1"));
    let coin = exchange.coin_of(young, Some(commitment.hash()));
    let mut body = open.payment(&exchange, &[(&coin, "1")]);
    let hash = body["coins"][0].as_object_mut().unwrap().remove("h_age_commitment").unwrap();
    refused(&open.pay(&shop, &body), 400, 2174);
    body["coins"][0]["h_age_commitment"] = hash;
    assert_eq!(open.pay(&shop, &body).status, 200);
}

#[test]
fn many_coins_are_deposited_in_batches_that_are_confirmed_with_one_time() {
    let (shop, exchange) = market();
    let claimed = claimed(&shop, &order("0.65"));
    let coins: Vec<_> = (0..65).map(|_| exchange.coin("0.01")).collect();
    let parts: Vec<_> = coins.iter().map(|coin| (coin, "0.01")).collect();
    // So late that the clock has gone on between the two.
    exchange.deposits(Fault { delay_ms: 1_100, ..Fault::default() });
    claimed.paid(&shop, &exchange, &parts);
    let db = rusqlite::Connection::open(shop.place.db()).unwrap();
    let count = |column: &str| -> i64 {
        let statement = format!("SELECT count(DISTINCT {column}) FROM deposits");
        db.query_row(&statement, [], |row| row.get(0)).unwrap()
    };
    assert_eq!(
        [count("coin_pub"), count("exchange_sig"), count("exchange_timestamp_s")],
        [65, 2, 1]
    );
}
