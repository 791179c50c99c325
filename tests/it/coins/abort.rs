//! Payments that fail or are aborted (merchant-api 3.3 and 3.7).

use playground::sandbox::FaultAction;
use serde_json::{Value, json};
use taler::base32::HashCode;
use taler::sign::wallet::OrderUnclaim;
use taler::sign::{Signature, SigningKey, Statement};

use super::{Claimed, await_account, claimed, market, order, refused, shop_with};
use crate::common::exchange::{Coin, Exchange};
use crate::common::shop::{Shop, nonce};

#[test]
fn an_unfinished_payment_can_be_aborted() {
    let (shop, exchange) = market();
    let claimed = claimed(&shop, &order("3"));
    let (one, two, stranger) = (exchange.coin("1"), exchange.coin("2"), exchange.coin("1"));
    // One coin of two exchanges' worth: the payment needs both, and one of them is spent elsewhere.
    let elsewhere = self::claimed(&shop, &order("2"));
    elsewhere.paid(&shop, &exchange, &[(&two, "2")]);
    let first = claimed.payment(&exchange, &[(&one, "1"), (&two, "2")]);
    refused(&claimed.pay(&shop, &first), 409, 2150);
    // All or nothing: the exchange has taken neither.
    let reply = claimed.abort(&shop, &[&one, &stranger]);
    assert_eq!(reply.status, 200, "{reply:?}");
    let undeposited = json!({ "type": "undeposited" });
    assert_eq!(reply.json()["refunds"], json!([undeposited, undeposited]));

    // Now one is there, for its answer was lost.
    let exchange_only = claimed.payment(&exchange, &[(&one, "1"), (&exchange.coin("2"), "2")]);
    exchange.deposits(FaultAction::FailAfterwards(500));
    assert_eq!(claimed.pay(&shop, &exchange_only).status, 502);
    exchange.behave();
    let reply = claimed.abort(&shop, &[&one]);
    let aborted = &reply.json()["refunds"][0];
    assert_eq!((&aborted["type"], &aborted["exchange_status"]), (&json!("success"), &json!(200)));
    assert_eq!(exchange.account_of(&one)["refunded"], "KUDOS:0.99");
    let again = claimed.abort(&shop, &[&one]);
    assert_eq!(again.json(), reply.json());
    // It has had its chance.
    refused(&claimed.pay(&shop, &exchange_only), 402, 2167);
    assert_eq!(shop.status(&claimed.id, "")["order_status"], "claimed");
    claimed.paid(&shop, &exchange, &[(&exchange.coin("5"), "3")]);
    refused(&claimed.abort(&shop, &[&one]), 412, 2254);
}

#[test]
fn what_cannot_be_aborted_is_said_so() {
    let (shop, exchange) = market();
    let claimed = claimed(&shop, &order("3"));
    let coin = exchange.coin("1");
    refused(&claimed.abort(&shop, &[]), 400, 2256);
    let body = json!({
        "h_contract": HashCode::new([1; 64]),
        "coins": [{ "coin_pub": coin.key.public_key() }],
    });
    refused(&shop.strange_post(&format!("/orders/{}/abort", claimed.id), &body), 403, 2255);
    refused(&shop.strange_post("/orders/nothing/abort", &body), 404, 2253);
    let (unclaimed, _) = shop.made(&order("3"));
    refused(&shop.strange_post(&format!("/orders/{unclaimed}/abort"), &body), 404, 2253);
}

#[test]
fn a_wallet_gives_an_order_back_and_another_may_have_it() {
    let (shop, exchange) = market();
    let claimed = claimed(&shop, &order("1"));
    let path = format!("/orders/{}/unclaim", claimed.id);
    let body = |seed: u8, hash: HashCode| {
        let key = SigningKey::from_seed([seed; 32]);
        let unclaim_sig = OrderUnclaim { h_contract: hash }.sign(&key);
        json!({ "nonce": key.public_key(), "h_contract": hash, "unclaim_sig": unclaim_sig })
    };
    let mut forged = body(1, claimed.h_contract());
    forged["unclaim_sig"] = json!(Signature::new([1; 64]));
    refused(&shop.strange_post(&path, &forged), 403, 2303);
    refused(&shop.strange_post(&path, &body(2, claimed.h_contract())), 404, 2300);
    refused(&shop.strange_post(&path, &body(1, HashCode::new([7; 64]))), 404, 2300);
    let right = body(1, claimed.h_contract());
    refused(&shop.strange_post("/orders/nothing/unclaim", &right), 404, 2300);
    assert_eq!(shop.strange_post(&path, &right).status, 204);
    assert_eq!(shop.status(&claimed.id, "")["order_status"], "unpaid");
    assert_eq!(shop.claim(&claimed.id, &claimed.token, &nonce(2)).status, 200);
    refused(&shop.strange_post(&path, &right), 404, 2300);

    let paid = self::claimed(&shop, &order("1"));
    paid.paid(&shop, &exchange, &[(&exchange.coin("1"), "1")]);
    let path = format!("/orders/{}/unclaim", paid.id);
    refused(&shop.strange_post(&path, &body(1, paid.h_contract())), 404, 2300);
}

/// A shop with two exchanges, and an order of which the first one has taken its part of the coins.
fn half_paid(request: &Value) -> (Shop, [Exchange; 2], Claimed, Coin) {
    let exchanges = [Exchange::start(), Exchange::start()];
    let [willing, unwilling] = &exchanges;
    let shop = shop_with(willing, &unwilling.trusted());
    let claimed = claimed(&shop, request);
    let (kept, other) = (willing.coin("1"), unwilling.coin("2"));
    unwilling.deposits(FaultAction::DoubleSpending);
    let mut body = claimed.payment(willing, &[(&kept, "1")]);
    let more = claimed.payment(unwilling, &[(&other, "2")])["coins"][0].clone();
    body["coins"].as_array_mut().unwrap().push(more);
    refused(&claimed.pay(&shop, &body), 409, 2150);
    assert_eq!(willing.account_of(&kept)["spent"], "KUDOS:1");
    (shop, exchanges, claimed, kept)
}

#[test]
fn coins_that_did_not_suffice_in_time_go_back_by_themselves() {
    let mut request = order("3");
    request["order"]["pay_deadline"] = json!({ "t_s": crate::common::shop::now() + 5 });
    let (shop, [exchange, _], claimed, coin) = half_paid(&request);
    // While they can still be joined by others, they stay.
    let shop = shop.restarted();
    let path = format!("/orders/{}{}&timeout_ms=10000", claimed.id, claimed.query());
    assert_eq!(exchange.account_of(&coin)["refunded"], "KUDOS:0");
    assert_eq!(shop.daemon.get(&path).status, 410);
    let shop = shop.restarted();
    await_account(&exchange, &coin, "refunded", "KUDOS:0.99");
    // The wallet that calls its payment off hears of it, and nothing goes back twice.
    let aborted = claimed.abort(&shop, &[&coin]).json()["refunds"][0].clone();
    assert_eq!(aborted["type"], "success", "{aborted}");
    assert_eq!(exchange.account_of(&coin)["refunded"], "KUDOS:0.99");
    assert_eq!(shop.status(&claimed.id, "")["order_status"], "claimed");
}

#[test]
fn coins_that_did_not_suffice_go_back_when_the_counter_is_paid() {
    let (shop, [exchange, _], claimed, coin) = half_paid(&order("3"));
    assert_eq!(shop.pay(&claimed.id, &json!({ "method": "cash" })).status, 200);
    await_account(&exchange, &coin, "refunded", "KUDOS:0.99");
    assert_eq!(shop.status(&claimed.id, "")["refund_amount"], "KUDOS:0");
}

#[test]
fn coins_that_did_not_suffice_are_not_sent_again_when_others_join_them() {
    let (shop, [exchange, other], claimed, coin) = half_paid(&order("3"));
    other.behave();
    let joined = other.coin("2");
    let body = claimed.payment(&other, &[(&joined, "2")]);
    let reply = claimed.pay(&shop, &body);
    assert_eq!(reply.status, 200, "{reply:?}");
    let shop = shop.restarted();
    assert_eq!(shop.status(&claimed.id, "")["order_status"], "paid");
    assert_eq!(exchange.account_of(&coin)["refunded"], "KUDOS:0");
}
