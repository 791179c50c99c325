//! Cash beside coins: a payment at the counter is taken at once, whatever a wallet's coins are doing,
//! and coins that were not needed go back (decision 4). An order that is deleted while it is paid is
//! an order that is not there.

use std::thread::JoinHandle;

use playground::sandbox::{Fault, FaultAction, Faults};
use rusqlite::{Connection, OpenFlags};
use serde_json::{Value, json};

use super::{Claimed, await_account, claimed, market, order, refused, shop_with};
use crate::common::exchange::Exchange;
use crate::common::shop::Shop;
use crate::common::{Reply, eventually};

const IMPATIENT: &str = "[exchanges]\nrequest_timeout_s = 15\nattempts = 1";

/// How many rows a table of the shop has.
pub(super) fn count(shop: &Shop, rows: &str) -> i64 {
    let db = Connection::open_with_flags(shop.place.db(), OpenFlags::SQLITE_OPEN_READ_ONLY);
    let db = db.unwrap();
    db.busy_timeout(crate::common::PATIENCE).unwrap();
    db.query_row(&format!("SELECT count(*) FROM {rows}"), [], |row| row.get(0)).unwrap()
}

/// Has a wallet pay, without waiting for the answer.
fn paying(shop: &Shop, claimed: &Claimed, body: &Value) -> JoinHandle<Reply> {
    let request =
        shop.daemon.ask("POST", &format!("/orders/{}/pay", claimed.id)).json(body).request;
    std::thread::spawn(move || Reply::of(request.send().unwrap()))
}

#[test]
fn cash_is_taken_at_once_while_a_wallets_payment_hangs_at_an_exchange() {
    let exchange = Exchange::start();
    let shop = shop_with(&exchange, IMPATIENT);
    let claimed = claimed(&shop, &order("1"));
    let coin = exchange.coin("1");
    exchange.deposits(Fault { delay_ms: 4_000, ..Fault::default() });
    let wallet = paying(&shop, &claimed, &claimed.payment(&exchange, &[(&coin, "1")]));
    eventually("the coin is kept, and sent", || count(&shop, "deposits") == 1);

    let reply = shop.pay(&claimed.id, &json!({ "method": "cash" }));
    assert_eq!(reply.status, 200, "{reply:?}");
    assert!(!wallet.is_finished());
    assert_eq!(shop.status(&claimed.id, "")["order_status"], "paid");
    // The coin arrives late, and goes back.
    refused(&wallet.join().unwrap(), 409, 2160);
    await_account(&exchange, &coin, "refunded", "KUDOS:0.99");
    let status = shop.status(&claimed.id, "");
    assert_eq!((&status["refunded"], &status["refund_amount"]), (&json!(false), &json!("KUDOS:0")));
    shop.place.ok(&["check"]);
}

#[test]
fn a_coin_that_never_arrived_is_not_deposited_once_cash_was_taken() {
    let exchange = Exchange::start();
    let shop = shop_with(&exchange, IMPATIENT);
    let [unseen, lost] = [FaultAction::Status(503), FaultAction::LoseAnswer].map(|act| {
        let claimed = claimed(&shop, &order("1"));
        let coin = exchange.coin("1");
        exchange.deposits(act);
        let reply = claimed.pay(&shop, &claimed.payment(&exchange, &[(&coin, "1")]));
        assert_eq!(reply.status, 502, "{reply:?}");
        exchange.misbehave(Faults {
            refund: Some(FaultAction::Status(503).into()),
            ..Faults::default()
        });
        assert_eq!(shop.pay(&claimed.id, &json!({ "method": "cash" })).status, 200);
        coin
    });
    exchange.behave();
    // What the exchange has goes back, and what it does not have stays where it is: nobody pays for
    // depositing it and giving it back.
    let shop = shop.restarted();
    await_account(&exchange, &lost, "refunded", "KUDOS:0.99");
    let path = format!("sandbox/coins/{}", unseen.key.public_key());
    assert_eq!(exchange.get(&path).status, 404);
    let elsewhere = claimed(&shop, &order("1"));
    elsewhere.paid(&shop, &exchange, &[(&unseen, "1")]);
}

#[test]
fn a_coin_without_an_answer_is_asked_back_when_others_have_paid() {
    let exchange = Exchange::start();
    let shop = shop_with(&exchange, IMPATIENT);
    let claimed = claimed(&shop, &order("1"));
    let (lost, other) = (exchange.coin("1"), exchange.coin("1"));
    exchange.deposits(FaultAction::LoseAnswer);
    refused(&claimed.pay(&shop, &claimed.payment(&exchange, &[(&lost, "1")])), 502, 2012);
    exchange.behave();
    claimed.paid(&shop, &exchange, &[(&other, "1")]);
    let shop = shop.restarted();
    await_account(&exchange, &lost, "refunded", "KUDOS:0.99");
    assert_eq!(exchange.account_of(&other)["refunded"], "KUDOS:0");
    assert_eq!(shop.status(&claimed.id, "")["refund_amount"], "KUDOS:0");
}

#[test]
fn a_payment_that_cannot_pay_is_refused_at_once_while_another_hangs() {
    let exchange = Exchange::start();
    let shop = shop_with(&exchange, IMPATIENT);
    let claimed = claimed(&shop, &order("1"));
    let coin = exchange.coin("1");
    exchange.deposits(Fault { delay_ms: 4_000, ..Fault::default() });
    let wallet = paying(&shop, &claimed, &claimed.payment(&exchange, &[(&coin, "1")]));
    eventually("the coin is kept, and sent", || count(&shop, "deposits") == 1);
    // None of these waits for its turn, and so keeps nobody else waiting for theirs.
    refused(&claimed.pay(&shop, &json!({ "coins": [] })), 400, 2156);
    let mut forged = claimed.payment(&exchange, &[(&exchange.coin("1"), "1")]);
    forged["coins"][0]["coin_sig"] = json!("0".repeat(103));
    refused(&claimed.pay(&shop, &forged), 403, 2157);
    let (unclaimed, _) = shop.made(&order("1"));
    let path = format!("/orders/{unclaimed}/pay");
    refused(&shop.strange_post(&path, &json!({ "coins": [] })), 404, 2005);
    assert!(!wallet.is_finished());
    assert_eq!(wallet.join().unwrap().status, 200);
}

#[test]
fn an_order_that_is_deleted_while_it_is_paid_is_not_there_or_stays() {
    let (shop, exchange) = market();
    let (mut gone, mut kept) = (0, 0);
    for _ in 0..12 {
        let claimed = claimed(&shop, &order("1"));
        let coins: Vec<_> = (0..3).map(|_| exchange.coin("1")).collect();
        let coins: Vec<_> = coins.iter().map(|coin| (coin, "0.5")).collect();
        let wallet = paying(&shop, &claimed, &claimed.payment(&exchange, &coins));
        let deleted = shop.delete(&format!("/private/orders/{}?force=yes", claimed.id));
        let paid = wallet.join().unwrap();
        match (deleted.status, paid.status) {
            (204, 404) => {
                assert_eq!(paid.failure(), (404, 2005));
                gone += 1;
            }
            (409, 200) => {
                assert_eq!(deleted.failure(), (409, 2521));
                kept += 1;
            }
            _ => panic!("{deleted:?} {paid:?}"),
        }
    }
    assert_eq!(gone + kept, 12);
    shop.place.ok(&["check"]);
}
