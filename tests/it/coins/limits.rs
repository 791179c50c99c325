//! Limits of exchanges (merchant-api 2.1, 2.7 and 3.5).

use playground::sandbox::HardLimit;
use serde_json::{Value, json};

use super::{Claimed, claimed, order, refused, shop_with};
use crate::common::eventually;
use crate::common::exchange::{Exchange, kudos};
use crate::common::shop::Shop;

fn limited(limits: &[(&'static str, &str)]) -> Exchange {
    let limit = |(operation, threshold): &(&'static str, &str)| HardLimit {
        operation,
        threshold: kudos(threshold),
    };
    Exchange::start_with(|settings| settings.hard_limits = limits.iter().map(limit).collect())
}

fn await_keys(shop: &Shop) {
    eventually("keys", || {
        let states = shop.daemon.get("/exchanges").json();
        let states = states["exchanges"].as_array().unwrap();
        states.iter().all(|state| !state["keys_downloaded"].is_null())
    });
}

fn pay(claimed: &Claimed, shop: &Shop, exchange: &Exchange, values: &[&str]) -> (u16, Value) {
    let coins: Vec<_> = values.iter().map(|value| (exchange.coin(value), *value)).collect();
    let coins: Vec<_> = coins.iter().map(|(coin, value)| (coin, *value)).collect();
    let reply = claimed.pay(shop, &claimed.payment(exchange, &coins));
    // What is beyond a limit is not even sent.
    let sent = exchange.get(&format!("sandbox/coins/{}", coins[0].0.key.public_key())).status;
    assert_eq!(sent == 200, reply.status == 200, "{reply:?}");
    (reply.status, reply.json()["code"].clone())
}

#[test]
fn a_price_beyond_all_limits_is_no_offer() {
    let (one, two) =
        (limited(&[("DEPOSIT", "3"), ("TRANSACTION", "9")]), limited(&[("DEPOSIT", "2")]));
    let shop = shop_with(&one, &two.trusted());
    await_keys(&shop);
    refused(&shop.order(&order("5.01")), 451, 2513);
    // Coins of both can pay this, and contracts say how much of which.
    let claimed = claimed(&shop, &order("5"));
    let offered = claimed.contract.terms["exchanges"].as_array().unwrap();
    let most = |exchange: &Exchange| {
        let meant = offered.iter().find(|offer| offer["url"] == exchange.base_url());
        meant.unwrap()["max_contribution"].clone()
    };
    assert_eq!((most(&one), most(&two)), (json!("KUDOS:3"), json!("KUDOS:2")));
    assert_eq!(pay(&claimed, &shop, &one, &["5"]), (400, json!(2184)));
    let coins = [one.coin("2"), one.coin("1"), two.coin("2")];
    let mut body = claimed.payment(&one, &[(&coins[0], "2"), (&coins[1], "1")]);
    let other = claimed.payment(&two, &[(&coins[2], "2")])["coins"][0].clone();
    body["coins"].as_array_mut().unwrap().push(other);
    let reply = claimed.pay(&shop, &body);
    assert_eq!(reply.status, 200, "{reply:?}");
}

#[test]
fn coins_beyond_a_limit_stay_with_their_owner_however_many_they_are() {
    // The order is made before anything is known of the limit.
    let exchange = limited(&[("TRANSACTION", "2.5"), ("WITHDRAW", "0.1")]);
    let free = Exchange::start();
    let shop = shop_with(&exchange, &free.trusted());
    await_keys(&shop);
    let claimed = claimed(&shop, &order("3"));
    assert_eq!(pay(&claimed, &shop, &exchange, &["1", "1", "1"]), (400, json!(2184)));
    assert_eq!(shop.status(&claimed.id, "")["order_status"], "claimed");
    assert_eq!(pay(&claimed, &shop, &free, &["2", "1"]).0, 200);
    // Up to the limit, and nothing beyond.
    let just = self::claimed(&shop, &order("2.5"));
    assert_eq!(pay(&just, &shop, &exchange, &["2", "0.5"]).0, 200);
}

#[test]
fn a_refund_beyond_a_limit_is_not_granted() {
    let exchange = limited(&[("REFUND", "1")]);
    let shop = shop_with(&exchange, "");
    let claimed = claimed(&shop, &order("3"));
    let coin = exchange.coin("5");
    claimed.paid(&shop, &exchange, &[(&coin, "3")]);
    refused(&shop.refund(&claimed.id, "KUDOS:1.01"), 451, 2512);
    assert_eq!(shop.status(&claimed.id, "")["refund_amount"], "KUDOS:0");
    assert_eq!(shop.refund(&claimed.id, "KUDOS:1").status, 200);
    assert_eq!(shop.refund(&claimed.id, "KUDOS:2").status, 200);
    assert_eq!(claimed.pick_up(&shop).json()["refunds"].as_array().unwrap().len(), 2);
    assert_eq!(exchange.account_of(&coin)["refunded"], "KUDOS:1.98");
}
