//! Faults of an exchange, and the errors that wallet and shop get.

use playground::sandbox::{Fault, FaultAction, Faults};
use serde_json::{Value, json};

use super::{Claimed, claimed, confirmed, order, refused, shop_with};
use crate::common::eventually;
use crate::common::exchange::{Coin, Exchange};
use crate::common::shop::Shop;

#[test]
fn every_way_of_misbehaving_has_its_answer() {
    let exchange = Exchange::start();
    let shop = shop_with(&exchange, "[exchanges]\nrequest_timeout_s = 1\nattempts = 2");
    let quick = |act| Fault { act, ..Fault::default() };
    for (fault, status, code) in [
        (quick(FaultAction::Status(500)), 502, 2014),
        (quick(FaultAction::Status(503)), 502, 2014),
        (quick(FaultAction::NotJson), 502, 2013),
        (quick(FaultAction::LoseAnswer), 502, 2012),
        (quick(FaultAction::FailAfterwards(500)), 502, 2014),
        (quick(FaultAction::WrongSignature), 502, 2013),
        (quick(FaultAction::UnknownSigningKey), 502, 2013),
        (quick(FaultAction::KycRequired), 451, 2186),
        (quick(FaultAction::Frozen), 451, 2186),
        (quick(FaultAction::DenominationUnknown), 400, 2151),
        (quick(FaultAction::DoubleSpending), 409, 2150),
        (Fault { act: FaultAction::Behave, delay_ms: 20_000, times: None }, 504, 2011),
    ] {
        let claimed = claimed(&shop, &order("1"));
        let coin = exchange.coin("1");
        let body = claimed.payment(&exchange, &[(&coin, "1")]);
        exchange.deposits(fault);
        let reply = claimed.pay(&shop, &body);
        refused(&reply, status, code);
        assert_eq!(reply.json()["exchange_url"], exchange.base_url());
        assert_eq!(shop.status(&claimed.id, "")["order_status"], "claimed", "{fault:?}");
        // Once the exchange behaves, the same request goes through, and the coin is spent once.
        exchange.behave();
        let reply = claimed.pay(&shop, &body);
        assert_eq!(reply.status, 200, "after {fault:?}: {reply:?}");
        assert_eq!(exchange.account_of(&coin)["spent"], "KUDOS:1");
    }
}

#[test]
fn an_exchange_that_is_down_is_said_once_and_not_for_every_wallet() {
    let exchange = Exchange::start();
    let shop = shop_with(&exchange, "[exchanges]\nrequest_timeout_s = 1\nattempts = 1");
    let coin = exchange.coin("1");
    let claimed = claimed(&shop, &order("1"));
    let body = claimed.payment(&exchange, &[(&coin, "1")]);
    exchange.deposits(Fault { act: FaultAction::Status(503), ..Fault::default() });
    (0..20).for_each(|_| refused(&claimed.pay(&shop, &body), 502, 2014));
    exchange.behave();
    assert_eq!(claimed.pay(&shop, &body).status, 200);

    shop.daemon.signal("TERM");
    let lines: Vec<String> = shop.daemon.lines.lock().unwrap().iter().collect();
    let of = |text: &str| lines.iter().filter(|line| line.contains(text)).count();
    let url = exchange.base_url();
    assert_eq!(of(&format!("exchange {url}: it does not do what it is asked")), 1, "{lines:?}");
    assert_eq!(of(&format!("exchange {url}: it answers again")), 1, "{lines:?}");
    assert_eq!(of("/pay: 502"), 1, "{lines:?}");
    assert_eq!(of("19 more in the last minute: "), 1, "{lines:?}");
}

/// A shop that nothing has been sold in yet, an order that somebody has claimed, and its payment.
struct Offer {
    exchange: Exchange,
    shop: Shop,
    claimed: Claimed,
    body: Value,
}

impl Offer {
    /// With an exchange whose keys go wrong before anybody has seen them.
    fn with_keys(fault: Fault) -> Self {
        let exchange = Exchange::start();
        let coin = exchange.coin("1");
        exchange.misbehave(Faults { keys: Some(fault), ..Faults::default() });
        let shop = shop_with(&exchange, "[exchanges]\nrequest_timeout_s = 1\nattempts = 1");
        // Orders wait for no exchange.
        let claimed = claimed(&shop, &order("1"));
        let body = claimed.payment(&exchange, &[(&coin, "1")]);
        Self { exchange, shop, claimed, body }
    }

    /// With a coin's refund that is granted, and an exchange where refunds go wrong from now on.
    fn refunded(fault: Fault) -> (Self, Coin) {
        let exchange = Exchange::start();
        let coin = exchange.coin("1");
        let shop = shop_with(&exchange, "[exchanges]\nrequest_timeout_s = 1\nattempts = 1");
        let claimed = claimed(&shop, &order("1"));
        let body = claimed.payment(&exchange, &[(&coin, "1")]);
        assert_eq!(claimed.pay(&shop, &body).status, 200);
        assert_eq!(shop.refund(&claimed.id, "KUDOS:1").status, 200);
        exchange.misbehave(Faults { refund: Some(fault), ..Faults::default() });
        (Self { exchange, shop, claimed, body }, coin)
    }
}

#[test]
fn keys_that_cannot_be_had_or_believed_take_no_coins_until_they_can() {
    let slow = Fault { delay_ms: 3_000, ..Fault::default() };
    let cases: Vec<(Fault, u64, (u16, u64), &str)> = vec![
        (FaultAction::Status(500).into(), 2014, (500, 50), "it answered 500, code 50"),
        (FaultAction::Status(404).into(), 2170, (404, 50), "it answered 404, code 50"),
        (FaultAction::NotJson.into(), 2010, (200, 0), "its keys cannot be read: "),
        (FaultAction::LoseAnswer.into(), 2012, (0, 0), "it is unreachable: "),
        (FaultAction::FailAfterwards(502).into(), 2014, (502, 50), "it answered 502, code 50"),
        (
            FaultAction::WrongSignature.into(),
            2010,
            (200, 0),
            "the list of denominations is not signed",
        ),
        (
            FaultAction::UnknownSigningKey.into(),
            2010,
            (200, 0),
            "the list of denominations is not signed",
        ),
        (
            FaultAction::ExpiredSigningKeys.into(),
            2010,
            (200, 0),
            "none of its signing keys is good now",
        ),
        (FaultAction::OtherMasterKey.into(), 2002, (200, 0), "its master public key is "),
    ];
    let mut offers = Vec::new();
    for (fault, code, (status, ec), problem) in cases {
        let offer = Offer::with_keys(fault);
        let Offer { exchange, shop, claimed, body } = &offer;
        let reply = claimed.pay(shop, body);
        refused(&reply, 502, code);
        let told = reply.json();
        assert_eq!(told["exchange_url"], exchange.base_url(), "{fault:?}");
        let state = shop.daemon.get("/exchanges").json()["exchanges"][0].clone();
        assert_eq!(state["keys_http_status"], status, "{fault:?}: {state}");
        assert_eq!(state["keys_ec"], ec, "{fault:?}: {state}");
        assert_eq!(state["keys_downloaded"], Value::Null, "{fault:?}");
        assert!(state["problem"].as_str().unwrap().starts_with(problem), "{fault:?}: {state}");
        assert_eq!(shop.status(&claimed.id, "")["order_status"], "claimed");
        assert_eq!(shop.daemon.get("/config").status, 200);
        // With a counter beside it the shop goes on selling.
        let (other, _) = shop.made(&order("2"));
        assert_eq!(shop.pay(&other, &json!({ "method": "cash" })).status, 200);
        exchange.behave();
        offers.push((offer, fault));
    }
    // An exchange that fails is left alone for some seconds; then the same payment goes through.
    for (Offer { shop, claimed, body, .. }, fault) in &offers {
        eventually(&format!("the keys after {fault:?}"), || claimed.pay(shop, body).status == 200);
        assert_eq!(shop.daemon.get("/exchanges").json()["exchanges"][0]["problem"], Value::Null);
    }
    // Slow keys are waited for: they are fetched rarely, and are large.
    let Offer { shop, claimed, body, .. } = &Offer::with_keys(slow);
    assert_eq!(claimed.pay(shop, body).status, 200);
    // That denominations have expired is the exchange's word, and as good as its keys are.
    let Offer { shop, claimed, body, .. } =
        &Offer::with_keys(FaultAction::ExpiredDenominations.into());
    refused(&claimed.pay(shop, body), 410, 2165);
    let state = shop.daemon.get("/exchanges").json()["exchanges"][0].clone();
    assert_eq!((&state["problem"], &state["keys_ec"]), (&Value::Null, &json!(0)));
}

#[test]
fn a_refund_that_an_exchange_does_not_make_is_told_and_made_once_it_behaves() {
    let cases: Vec<(Fault, (u16, u64))> = vec![
        (FaultAction::Status(500).into(), (500, 50)),
        (FaultAction::Status(503).into(), (503, 50)),
        // Not in the exchange's own words: it may be a closed port.
        (FaultAction::Status(404).into(), (404, 50)),
        (FaultAction::NotJson.into(), (502, 0)),
        (FaultAction::LoseAnswer.into(), (504, 0)),
        (FaultAction::FailAfterwards(500).into(), (500, 50)),
        (FaultAction::WrongSignature.into(), (502, 0)),
        (FaultAction::UnknownSigningKey.into(), (502, 0)),
        (FaultAction::KycRequired.into(), (451, 1028)),
        (FaultAction::Frozen.into(), (451, 1036)),
        (Fault { delay_ms: 20_000, ..Fault::default() }, (504, 0)),
    ];
    for (fault, (status, code)) in cases {
        let (Offer { exchange, shop, claimed, .. }, coin) = Offer::refunded(fault);
        let reply = claimed.pick_up(&shop);
        assert_eq!(reply.status, 200, "{reply:?}");
        let refund = &reply.json()["refunds"][0];
        assert_eq!(
            (&refund["type"], &refund["exchange_status"], &refund["exchange_code"]),
            (&json!("failure"), &json!(status), &json!(code)),
            "{fault:?}"
        );
        let seen = shop.status(&claimed.id, "");
        assert_eq!(
            (&seen["refunded"], &seen["refund_pending"], &seen["refund_amount"]),
            (&json!(true), &json!(true), &json!("KUDOS:1")),
            "{fault:?}"
        );
        exchange.behave();
        let reply = claimed.pick_up(&shop);
        confirmed(&claimed, &reply.json()["refunds"][0]);
        assert_eq!(shop.status(&claimed.id, "")["refund_pending"], false, "{fault:?}");
        assert_eq!(exchange.account_of(&coin)["refunded"], "KUDOS:0.99", "{fault:?}");
    }
}

#[test]
fn a_switch_that_makes_no_sense_is_refused() {
    let exchange = Exchange::start();
    for (endpoint, acts) in [
        ("keys", &["kyc_required", "frozen", "denomination_unknown", "double_spending"][..]),
        ("deposit", &["expired_signing_keys", "expired_denominations", "other_master_key"]),
        (
            "refund",
            &[
                "expired_signing_keys",
                "expired_denominations",
                "other_master_key",
                "denomination_unknown",
                "double_spending",
            ],
        ),
        ("withdraw", &["unknown_signing_key", "expired_denominations", "double_spending"]),
    ] {
        for act in acts {
            let reply = exchange.post("sandbox/faults", &json!({ endpoint: { "act": act } }));
            refused(&reply, 400, 26);
        }
    }
    assert_eq!(exchange.get("keys").status, 200);
}
