//! Money comes back.

use playground::sandbox::{FaultAction, Faults};
use playground::wallet::Error;
use serde_json::json;

use super::Customer;
use crate::common::exchange::{Exchange, kudos, times};
use crate::common::merchant::{Merchant, Trouble};

fn shop() -> (Exchange, Merchant) {
    let exchange = Exchange::start();
    let merchant = Merchant::start(&exchange);
    (exchange, merchant)
}

#[test]
fn a_refund_comes_back_once_less_its_fee_and_can_be_spent_again() {
    let (exchange, merchant) = shop();
    let mut customer = Customer::with(&exchange, "0.4");
    let uri = merchant.order(&exchange, "O-1", "0.4", &json!({}));
    customer.pay(&uri).unwrap();
    assert_eq!(customer.has(), "KUDOS:0");

    // Small coins have no fees.
    merchant.grant("O-1", 0, 1, "0.01");
    let refunded = customer.refund(&merchant.refund_uri("O-1")).unwrap();
    assert_eq!((refunded.arrived, refunded.granted), (kudos("0.01"), kudos("0.01")));
    assert_eq!((refunded.missing, customer.has()), (0, "KUDOS:0.01".into()));
    customer.restart();
    let again = customer.refund(&merchant.refund_uri("O-1")).unwrap();
    assert_eq!((again.arrived, customer.has()), (kudos("0"), "KUDOS:0.01".into()));

    let uri = merchant.order(&exchange, "O-2", "0.01", &json!({}));
    customer.pay(&uri).unwrap();
    assert_eq!(exchange.ledger()["coins"], "KUDOS:0");
}

#[test]
fn a_large_coin_loses_the_refund_fee() {
    let (exchange, merchant) = shop();
    let customer = Customer::with(&exchange, "5");
    customer.pay(&merchant.order(&exchange, "O-1", "2", &json!({ "max_fee": "KUDOS:1" }))).unwrap();
    merchant.grant("O-1", 0, 1, "1");
    let refunded = customer.refund(&merchant.refund_uri("O-1")).unwrap();
    assert_eq!(refunded.arrived, kudos("0.99"));
    assert_eq!(exchange.ledger()["coins"], customer.has());
}

#[test]
fn a_refund_that_the_exchange_has_not_signed_is_none() {
    let (exchange, merchant) = shop();
    let customer = Customer::with(&exchange, "1");
    customer.pay(&merchant.order(&exchange, "O-1", "0.3", &json!({}))).unwrap();
    let left = customer.has();
    // The coin of a half loses a hundredth.
    merchant.grant("O-1", 0, 1, "0.02");
    for act in [FaultAction::WrongSignature, FaultAction::UnknownSigningKey] {
        exchange.misbehave(Faults { refund: Some(times(1, act)), ..Faults::default() });
        let refused = customer.refund(&merchant.refund_uri("O-1"));
        assert!(matches!(refused, Err(Error::Nonsense(_))), "{refused:?}");
        assert_eq!(customer.has(), left);
    }
    exchange.misbehave(Faults {
        refund: Some(times(1, FaultAction::Status(503))),
        ..Faults::default()
    });
    assert_eq!(customer.refund(&merchant.refund_uri("O-1")).unwrap().missing, 1);
    // What the exchange has paid to the shop is not to be waited for.
    exchange.misbehave(Faults {
        refund: Some(times(1, FaultAction::Status(410))),
        ..Faults::default()
    });
    let refunded = customer.refund(&merchant.refund_uri("O-1")).unwrap();
    assert_eq!((refunded.missing, refunded.refused), (0, 1));
    assert_eq!(customer.refund(&merchant.refund_uri("O-1")).unwrap().arrived, kudos("0.01"));
}

#[test]
fn what_was_not_bought_is_not_refunded() {
    let (exchange, merchant) = shop();
    let customer = Customer::with(&exchange, "1");
    merchant.order(&exchange, "O-1", "1", &json!({}));
    assert!(matches!(customer.refund(&merchant.refund_uri("O-1")), Err(Error::NotBought)));
    assert!(matches!(customer.abort(&merchant.uri("O-1", "")), Err(Error::NotBought)));
    assert!(matches!(customer.refund(&merchant.uri("O-1", "")), Err(Error::Uri(_))));
}

#[test]
fn a_payment_that_is_called_off_comes_back_on_the_exchanges_word() {
    let (exchange, merchant) = shop();
    let customer = Customer::with(&exchange, "1");
    let uri = merchant.order(&exchange, "O-1", "0.4", &json!({}));
    // The coins arrive, and nobody says so.
    merchant.fail("pay", &[Trouble::Afterwards(500, json!({ "code": 53, "hint": "no" }))]);
    assert!(matches!(customer.pay(&uri), Err(Error::Pending(_))));
    let booked = customer.has();

    exchange.misbehave(Faults {
        refund: Some(times(1, FaultAction::Status(503))),
        ..Faults::default()
    });
    assert!(customer.abort(&uri).is_err());
    assert_eq!(customer.has(), booked);
    customer.finish().unwrap();
    // But for the fee of the refund.
    assert_eq!(customer.has(), "KUDOS:0.99");
    assert_eq!(exchange.ledger()["coins"], "KUDOS:0.99");
    let again = customer.abort(&uri).unwrap_err().to_string();
    assert_eq!(again, "the payment was called off: you called it off");
    let again = customer.pay(&uri).unwrap_err().to_string();
    assert_eq!(again, "the payment was called off: you called it off");
}
