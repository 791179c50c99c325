//! Exchanges do not wait for each other: what one of them owes comes while another one hangs.

use playground::sandbox::{Fault, FaultAction, Faults};
use serde_json::json;

use super::{Claimed, await_account, claimed, order, refused, shop_with};
use crate::common::exchange::{Coin, Exchange};
use crate::common::shop::Shop;

/// An order over three of which `first` has a coin of one, without an answer, and `second` one of two.
fn of_both(shop: &Shop, first: &Exchange, second: &Exchange) -> (Claimed, Coin) {
    let claimed = claimed(shop, &order("3"));
    let (lost, taken) = (first.coin("1"), second.coin("2"));
    let mut body = claimed.payment(first, &[(&lost, "1")]);
    let more = claimed.payment(second, &[(&taken, "2")])["coins"][0].clone();
    body["coins"].as_array_mut().unwrap().push(more);
    refused(&claimed.pay(shop, &body), 502, 2012);
    assert_eq!(second.account_of(&taken)["spent"], "KUDOS:2");
    (claimed, taken)
}

#[test]
fn an_exchange_that_hangs_keeps_no_other_from_giving_back() {
    let [hanging, quick] = [Exchange::start(), Exchange::start()];
    // In the background each request to the one that hangs takes longer than this test waits for all.
    let settings = "[exchanges]\nrequest_timeout_s = 15\nattempts = 1\n";
    let shop = shop_with(&hanging, &format!("{settings}{}", quick.trusted()));
    hanging.deposits(FaultAction::LoseAnswer);
    // Five orders whose coins are at the one.
    for _ in 0..5 {
        let open = claimed(&shop, &order("1"));
        let coin = hanging.coin("1");
        refused(&open.pay(&shop, &open.payment(&hanging, &[(&coin, "1")])), 502, 2012);
    }
    // A refund that the other one owes, and did not make when it was asked.
    let sold = claimed(&shop, &order("1"));
    let coin = quick.coin("1");
    sold.paid(&shop, &quick, &[(&coin, "1")]);
    assert_eq!(shop.refund(&sold.id, "KUDOS:1").status, 200);
    quick.misbehave(Faults { refund: Some(FaultAction::Status(503).into()), ..Faults::default() });
    assert_eq!(sold.pick_up(&shop).json()["refunds"][0]["type"], "failure");
    // And an order with coins of both, which is paid in cash.
    let (mixed, part) = of_both(&shop, &hanging, &quick);
    let hangs = Fault { delay_ms: 60_000, ..Fault::default() };
    let all = Faults { deposit: Some(hangs), refund: Some(hangs), ..Faults::default() };
    hanging.misbehave(all);
    assert_eq!(shop.pay(&mixed.id, &json!({ "method": "cash" })).status, 200);

    quick.behave();
    let shop = shop.restarted();
    await_account(&quick, &coin, "refunded", "KUDOS:0.99");
    await_account(&quick, &part, "refunded", "KUDOS:1.99");
    drop(shop);
}

#[test]
fn a_wallet_gets_what_one_exchange_gives_back_though_another_hangs() {
    let [hanging, quick] = [Exchange::start(), Exchange::start()];
    let settings = "[exchanges]\nrequest_timeout_s = 2\nattempts = 1\n";
    let shop = shop_with(&hanging, &format!("{settings}{}", quick.trusted()));
    let sold = claimed(&shop, &order("3"));
    // Of the one that hangs there are so many coins that asking for one after the other would take
    // longer than anybody waits.
    let coins: Vec<_> = (0..20).map(|_| hanging.coin("0.1")).collect();
    let parts: Vec<_> = coins.iter().map(|coin| (coin, "0.1")).collect();
    let other = quick.coin("1");
    let mut body = sold.payment(&hanging, &parts);
    let more = sold.payment(&quick, &[(&other, "1")])["coins"][0].clone();
    body["coins"].as_array_mut().unwrap().push(more);
    let reply = sold.pay(&shop, &body);
    assert_eq!(reply.status, 200, "{reply:?}");
    assert_eq!(shop.refund(&sold.id, "KUDOS:3").status, 200);
    let hangs = Fault { delay_ms: 60_000, ..Fault::default() };
    hanging.misbehave(Faults { refund: Some(hangs), ..Faults::default() });
    let reply = sold.pick_up(&shop);
    let refunds = reply.json()["refunds"].as_array().unwrap().clone();
    let of = |kind: &str| refunds.iter().filter(|refund| refund["type"] == kind).count();
    assert_eq!((of("success"), of("failure")), (1, 20), "{reply:?}");
    assert_eq!(quick.account_of(&other)["refunded"], "KUDOS:0.99");
}

#[test]
fn a_wallet_hears_at_once_that_a_coin_is_refused_though_another_exchange_hangs() {
    let [hanging, quick] = [Exchange::start(), Exchange::start()];
    // Longer than this test waits for any answer.
    let settings = "[exchanges]\nrequest_timeout_s = 60\nattempts = 1\n";
    let shop = shop_with(&hanging, &format!("{settings}{}", quick.trusted()));
    let claimed = claimed(&shop, &order("3"));
    let (silent, spent) = (hanging.coin("1"), quick.coin("2"));
    let mut body = claimed.payment(&hanging, &[(&silent, "1")]);
    let more = claimed.payment(&quick, &[(&spent, "2")])["coins"][0].clone();
    body["coins"].as_array_mut().unwrap().push(more);
    hanging.deposits(Fault { delay_ms: 60_000, ..Fault::default() });
    quick.deposits(FaultAction::DoubleSpending);
    let reply = claimed.pay(&shop, &body);
    refused(&reply, 409, 2150);
    assert_eq!(reply.json()["exchange_url"], quick.base_url());
}
