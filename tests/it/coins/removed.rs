//! An exchange that was added while the daemon ran, and removed again: nobody's coins are lost by it.

use serde_json::json;

use super::{claimed, order, refused};
use crate::common::eventually;
use crate::common::exchange::{Exchange, times};
use crate::common::shop::Shop;
use playground::sandbox::FaultAction;

/// A shop without an exchange.
fn shop() -> Shop {
    let account = "payto://x-taler-bank/localhost/shop?receiver-name=Shop";
    Shop::configured_at(account, "[exchanges]\nrequest_timeout_s = 1\nattempts = 1")
}

fn offers(shop: &Shop) -> usize {
    shop.daemon.get("/config").json()["exchanges"].as_array().unwrap().len()
}

fn add(shop: &Shop, exchange: &Exchange) {
    shop.place.ok(&["exchange", "add", exchange.base_url(), "--yes"]);
    eventually("the daemon has heard of it", || offers(shop) == 1);
    eventually("it has its keys", || {
        !shop.daemon.get("/exchanges").json()["exchanges"][0]["keys_downloaded"].is_null()
    });
}

fn remove(shop: &Shop, exchange: &Exchange) {
    shop.place.ok(&["exchange", "remove", exchange.base_url()]);
    eventually("the daemon has heard of it", || offers(shop) == 0);
}

#[test]
fn what_was_begun_with_an_exchange_is_finished_after_it_was_removed() {
    let (shop, exchange) = (shop(), Exchange::start());
    add(&shop, &exchange);
    let [paid, open, late] = [(); 3].map(|()| claimed(&shop, &order("1")));
    let [one, two, three, four] = [(); 4].map(|()| exchange.coin("1"));
    paid.paid(&shop, &exchange, &[(&one, "1")]);
    // Of a third one nobody knows whether the exchange has its coin.
    exchange.deposits(times(1, FaultAction::LoseAnswer));
    let lost = late.pay(&shop, &late.payment(&exchange, &[(&three, "1")]));
    assert_eq!(lost.status, 502, "{lost:?}");
    remove(&shop, &exchange);

    // A contract that names it can be paid with its coins, and coins that were sent are finished.
    open.paid(&shop, &exchange, &[(&two, "1")]);
    exchange.behave();
    late.paid(&shop, &exchange, &[(&three, "1")]);
    // What was sold is given back.
    assert_eq!(shop.refund(&paid.id, "KUDOS:1").status, 200);
    let refund = paid.pick_up(&shop).json();
    assert_eq!(refund["refunds"][0]["type"], "success", "{refund}");
    assert_eq!(exchange.account_of(&one)["refunded"], "KUDOS:0.99");

    // No new order offers it, and nobody pays a new order with it.
    let new = claimed(&shop, &order("1"));
    assert_eq!(new.contract.terms["exchanges"], json!([]));
    let reply = new.pay(&shop, &new.payment(&exchange, &[(&four, "1")]));
    refused(&reply, 400, 2025);
    // All of this after a restart, too.
    let shop = shop.restarted();
    assert_eq!(offers(&shop), 0);
    assert_eq!(shop.refund(&open.id, "KUDOS:1").status, 200);
    assert_eq!(open.pick_up(&shop).json()["refunds"][0]["type"], "success");
    // Trusted again, it is offered again.
    add(&shop, &exchange);
    let again = claimed(&shop, &order("1"));
    again.paid(&shop, &exchange, &[(&four, "1")]);
}

#[test]
fn an_address_gets_no_other_key_while_something_is_unfinished_there() {
    let (shop, exchange) = (shop(), Exchange::start());
    add(&shop, &exchange);
    let sale = claimed(&shop, &order("1"));
    let coin = exchange.coin("1");
    exchange.deposits(times(1_000, FaultAction::LoseAnswer));
    assert_eq!(sale.pay(&shop, &sale.payment(&exchange, &[(&coin, "1")])).status, 502);
    remove(&shop, &exchange);
    // As if it had been another exchange: what is kept of it has another key.
    let db = rusqlite::Connection::open(shop.place.db()).unwrap();
    db.busy_timeout(crate::common::PATIENCE).unwrap();
    db.execute_batch("UPDATE trusted_exchanges SET master_pub = zeroblob(32)").unwrap();
    let (status, said) = shop.place.fails(&["exchange", "add", exchange.base_url(), "--yes"]);
    assert_eq!(status, 1);
    assert!(said.contains("are not finished"), "{said}");
}
