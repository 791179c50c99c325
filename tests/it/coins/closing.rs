//! A shop that is deleted while money of it is under way: that is refused with what there is, and by
//! force nothing is lost, since the key stays until the last refund is answered.

use playground::sandbox::{Fault, FaultAction, Faults};
use rusqlite::{Connection, OpenFlags};
use serde_json::{Value, json};

use super::cash::count;
use super::{Claimed, await_account, claimed, order, refused, shop_with};
use crate::common::exchange::{Coin, Exchange};
use crate::common::shop::Shop;
use crate::common::{PATIENCE, Place, Reply, eventually};

/// A shop with one of everything that is under way, at an exchange that answers nothing any more.
struct Open {
    shop: Shop,
    exchange: Exchange,
    /// Sent without an answer; the exchange has it.
    lost: Coin,
    /// Taken for an order that is not paid.
    part: Coin,
    /// Of a refund that nobody collected.
    refunded: Coin,
    sold: Claimed,
}

fn fails() -> Faults {
    let fault = Some(Fault::from(FaultAction::Status(503)));
    Faults { deposit: fault, refund: fault, ..Faults::default() }
}

impl Open {
    fn new() -> Self {
        let exchange = Exchange::start();
        let settings = "[exchanges]\nrequest_timeout_s = 5\nattempts = 1";
        let shop = shop_with(&exchange, settings);
        let sold = claimed(&shop, &order("1"));
        let refunded = exchange.coin("1");
        sold.paid(&shop, &exchange, &[(&refunded, "1")]);
        assert_eq!(shop.refund(&sold.id, "KUDOS:1").status, 200);

        // The first part is confirmed by the background after its answer was lost.
        let open = claimed(&shop, &order("3"));
        let (part, more) = (exchange.coin("1"), exchange.coin("2"));
        exchange.deposits(FaultAction::LoseAnswer);
        let body = open.payment(&exchange, &[(&part, "1"), (&more, "2")]);
        refused(&open.pay(&shop, &body), 502, 2012);
        let lost = more;
        exchange.misbehave(fails());
        // Of the two coins one is known to be there.
        confirm(&shop, &part);
        Self { shop, exchange, lost, part, refunded, sold }
    }

    fn delete(&self, query: &str) -> Reply {
        self.shop.delete(&format!("/private{query}"))
    }

    fn key_is_there(&self) -> bool {
        count(&self.shop, "instances WHERE private_key IS NOT NULL") == 1
    }
}

/// Has the shop know what only the exchange knows: that a coin is there, but not enough.
fn confirm(shop: &Shop, coin: &Coin) {
    let db =
        Connection::open_with_flags(shop.place.db(), OpenFlags::SQLITE_OPEN_READ_WRITE).unwrap();
    db.busy_timeout(PATIENCE).unwrap();
    let key: String =
        coin.key.public_key().as_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    db.execute_batch(&format!(
        "UPDATE deposits SET exchange_timestamp_s = 1, exchange_pub = zeroblob(32),
             exchange_sig = zeroblob(64)
         WHERE coin_pub = x'{key}';
         INSERT INTO partial_payments
         SELECT order_serial FROM deposits WHERE coin_pub = x'{key}';"
    ))
    .unwrap();
}

fn said(reply: &Reply) -> Value {
    let body = reply.json();
    json!([body["open_deposits"], body["part_paid_orders"], body["open_refunds"]])
}

#[test]
fn a_shop_with_money_under_way_is_deleted_by_force_only_and_keeps_its_key_until_all_is_answered() {
    let open = Open::new();
    for query in ["", "?purge=yes", "?force=no"] {
        let reply = open.delete(query);
        assert_eq!(reply.failure(), (409, 2520), "{reply:?}");
        assert_eq!(said(&reply), json!([1, 1, 1]), "{reply:?}");
    }
    let (status, words) = open.shop.place.fails(&["instance", "delete", "admin"]);
    assert_eq!(status, 1);
    assert!(words.contains("1 coins without an answer") && words.contains("--force"), "{words}");
    assert_eq!(open.shop.status(&open.sold.id, "")["order_status"], "paid");

    assert_eq!(open.delete("?force=yes").status, 204);
    // Nobody can use it any more, and yet it has its key.
    assert_eq!(open.delete("").failure(), (404, 2016));
    assert_eq!(open.sold.pick_up(&open.shop).failure(), (404, 2016));
    assert!(open.key_is_there());
    open.shop.place.ok(&["check"]);
    // Not to be removed either, before that is done.
    let (_, words) = open.shop.place.fails(&["instance", "delete", "admin", "--purge"]);
    assert!(words.contains("3 refunds not collected or not answered"), "{words}");

    open.exchange.behave();
    let Open { shop, exchange, lost, part, refunded, .. } = open;
    let shop = shop.restarted();
    await_account(&exchange, &lost, "refunded", "KUDOS:1.99");
    await_account(&exchange, &part, "refunded", "KUDOS:0.99");
    await_account(&exchange, &refunded, "refunded", "KUDOS:0.99");
    eventually("the key goes", || count(&shop, "instances WHERE private_key IS NOT NULL") == 0);
    assert_eq!(count(&shop, "orders"), 2);
    shop.place.ok(&["check"]);
    shop.place.ok(&["instance", "delete", "admin", "--purge"]);
    assert_eq!(count(&shop, "orders"), 0);
}

#[test]
fn a_shop_that_is_purged_by_force_is_gone_when_its_last_refund_is_answered() {
    let open = Open::new();
    let said = open.shop.place.ok(&["instance", "delete", "admin", "--purge", "--force"]);
    assert!(said.contains("3 open refunds"), "{said}");
    assert_eq!(count(&open.shop, "instances"), 1);
    open.exchange.behave();
    let Open { shop, exchange, lost, part, refunded, .. } = open;
    let shop = shop.restarted();
    eventually("all of it goes", || count(&shop, "instances") == 0);
    for (coin, back) in [(lost, "KUDOS:1.99"), (part, "KUDOS:0.99"), (refunded, "KUDOS:0.99")] {
        assert_eq!(exchange.account_of(&coin)["refunded"], back);
    }
    assert_eq!(count(&shop, "orders") + count(&shop, "deposits") + count(&shop, "tokens"), 0);
    shop.place.ok(&["check"]);
}

#[test]
fn a_check_tells_what_is_open_for_a_shop_without_its_key() {
    let Open { shop, sold, .. } = Open::new();
    let place: &Place = &shop.place;
    let db = Connection::open_with_flags(place.db(), OpenFlags::SQLITE_OPEN_READ_WRITE).unwrap();
    db.busy_timeout(PATIENCE).unwrap();
    // As releases before this one deleted shops.
    db.execute_batch("DELETE FROM tokens; UPDATE instances SET private_key = NULL").unwrap();
    let output = place.run(&["check"]);
    assert!(!output.status.success());
    let said =
        String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
    let owes = format!("order {} owes a refund, and instance admin has no key any more", sold.id);
    assert!(said.contains(&owes), "{said}");
    assert!(said.contains("has a coin without an answer, and instance admin has no key"), "{said}");
    // Nothing can be asked for, so by force it goes at once.
    place.fails(&["instance", "delete", "admin", "--purge"]);
    place.ok(&["instance", "delete", "admin", "--purge", "--force"]);
    place.ok(&["check"]);
}
