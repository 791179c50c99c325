//! What a shop gives back, its wallets fetch (merchant-api 3.8).

use playground::sandbox::{FaultAction, Faults};
use serde_json::json;
use taler::base32::HashCode;

use super::{claimed, confirmed, market, order, refused, shop_with};
use crate::common::exchange::Exchange;

#[test]
fn a_refund_is_fetched_by_the_wallet_and_ends_its_wait() {
    let (shop, exchange) = market();
    let claimed = claimed(&shop, &order("5"));
    let (five, one) = (exchange.coin("5"), exchange.coin("1"));
    claimed.paid(&shop, &exchange, &[(&five, "4"), (&one, "1")]);

    let none = claimed.pick_up(&shop);
    assert_eq!((none.status, none.json()["refunds"].clone()), (200, json!([])));
    assert_eq!(shop.refund(&claimed.id, "KUDOS:4.5").status, 200);
    let seen = shop.seen(&claimed.id, &claimed.query()).json();
    assert_eq!((&seen["refund_pending"], &seen["refund_taken"]), (&json!(true), &json!("KUDOS:0")));
    // The exchange knows nothing before the wallet asks.
    assert_eq!(exchange.account_of(&five)["refunded"], "KUDOS:0");
    let waiting = format!(
        "/orders/{}{}&await_refund_obtained=yes&timeout_ms=20000",
        claimed.id,
        claimed.query()
    );
    let reply = shop.parked_while(&waiting, || {
        let reply = claimed.pick_up(&shop);
        assert_eq!(reply.status, 200, "{reply:?}");
        let body = reply.json();
        assert_eq!(body["refund_amount"], "KUDOS:4.5");
        assert_eq!(body["merchant_pub"], json!(claimed.merchant_pub()));
        let refunds = body["refunds"].as_array().unwrap();
        assert_eq!(refunds.len(), 2);
        for refund in refunds {
            assert_eq!(
                (&refund["type"], &refund["exchange_status"]),
                (&json!("success"), &json!(200))
            );
            confirmed(&claimed, refund);
        }
    });
    assert_eq!(reply.json()["refund_taken"], "KUDOS:4.5");
    // Less the fee, which the exchange keeps of each.
    assert_eq!(exchange.account_of(&five)["refunded"], "KUDOS:3.99");
    assert_eq!(exchange.account_of(&one)["refunded"], "KUDOS:0.49");
    // Again, and after a restart: the same signatures.
    let before = claimed.pick_up(&shop).json();
    let shop = shop.restarted();
    assert_eq!(claimed.pick_up(&shop).json(), before);
    // The rest.
    assert_eq!(shop.refund(&claimed.id, "KUDOS:5").status, 200);
    claimed.pick_up(&shop);
    assert_eq!(exchange.account_of(&one)["refunded"], "KUDOS:0.98");
    refused(&shop.refund(&claimed.id, "KUDOS:5.01"), 409, 2530);
}

#[test]
fn a_refund_that_the_exchange_does_not_answer_is_finished_later() {
    let exchange = Exchange::start();
    let shop = shop_with(&exchange, "[exchanges]\nrequest_timeout_s = 1\nattempts = 1");
    let claimed = claimed(&shop, &order("1"));
    let coin = exchange.coin("1");
    claimed.paid(&shop, &exchange, &[(&coin, "1")]);
    assert_eq!(shop.refund(&claimed.id, "KUDOS:1").status, 200);
    for (act, status) in [
        (FaultAction::Status(503), 503),
        (FaultAction::WrongSignature, 502),
        (FaultAction::LoseAnswer, 504),
    ] {
        exchange.misbehave(Faults { refund: Some(act.into()), ..Faults::default() });
        let reply = claimed.pick_up(&shop);
        assert_eq!(reply.status, 200, "{reply:?}");
        let refund = &reply.json()["refunds"][0];
        assert_eq!(
            (&refund["type"], &refund["exchange_status"]),
            (&json!("failure"), &json!(status))
        );
    }
    exchange.behave();
    // Nobody asks again but the daemon.
    let shop = shop.restarted();
    let path = format!(
        "/orders/{}{}&await_refund_obtained=yes&timeout_ms=20000",
        claimed.id,
        claimed.query()
    );
    assert_eq!(shop.daemon.get(&path).json()["refund_taken"], "KUDOS:1");
}

#[test]
fn a_refund_below_its_fee_is_refused_when_it_is_granted() {
    let (shop, exchange) = market();
    let claimed = claimed(&shop, &order("5"));
    let coin = exchange.coin("5");
    claimed.paid(&shop, &exchange, &[(&coin, "5")]);
    refused(&shop.refund(&claimed.id, "KUDOS:0.00000001"), 409, 2530);
    let wrong = json!({ "h_contract": HashCode::new([1; 64]) });
    refused(&shop.strange_post(&format!("/orders/{}/refund", claimed.id), &wrong), 403, 2009);
    refused(&shop.strange_post("/orders/nothing/refund", &wrong), 404, 2005);
}

#[test]
fn what_was_paid_in_cash_is_not_for_the_wallet_to_fetch() {
    let (shop, _exchange) = market();
    let claimed = claimed(&shop, &order("5"));
    assert_eq!(claimed.pick_up(&shop).status, 204);
    assert_eq!(shop.pay(&claimed.id, &json!({ "method": "cash" })).status, 200);
    assert_eq!(shop.refund(&claimed.id, "KUDOS:1").status, 200);
    assert_eq!(claimed.pick_up(&shop).status, 204);
}

#[cfg(feature = "legacy")]
#[test]
fn a_wallet_of_2020_has_its_refunds_made_by_the_old_path() {
    let (shop, exchange) = market();
    let claimed = claimed(&shop, &order("1"));
    let coin = exchange.coin("1");
    claimed.paid(&shop, &exchange, &[(&coin, "1")]);
    assert_eq!(shop.refund(&claimed.id, "KUDOS:0.4").status, 200);
    let hash = &claimed.contract.h_contract;
    let path = format!("/public/refund?order_id={}&h_contract={hash}", claimed.id);
    exchange
        .misbehave(Faults { refund: Some(FaultAction::KycRequired.into()), ..Faults::default() });
    let told = shop.daemon.get(&path).json();
    assert_eq!(told["merchant_pub"], json!(claimed.merchant_pub()));
    assert_eq!(told["h_contract_terms"], claimed.contract.h_contract);
    let row = &told["refunds"][0];
    assert_eq!((&row["exchange_http_status"], &row["exchange_code"]), (&json!(451), &json!(1028)));
    exchange.behave();
    let row = shop.daemon.get(&path).json()["refunds"][0].clone();
    confirmed(&claimed, &row);
    assert_eq!(
        (&row["exchange_http_status"], &row["refund_fee"]),
        (&json!(200), &json!("KUDOS:0.01"))
    );
    assert!(row.get("type").is_none());
    assert_eq!(exchange.account_of(&coin)["refunded"], "KUDOS:0.39");
    assert_eq!(shop.daemon.get(&path).json()["refunds"][0], row);
}
