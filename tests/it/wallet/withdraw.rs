//! Money comes in.

use playground::sandbox::{Fault, FaultAction, Faults};
use playground::wallet::Error;
use taler::amount::Currency;
use taler::exchange::Trusted;
use taler::web::BaseUrl;

use super::Customer;
use crate::common::exchange::{Exchange, fresh_key, kudos, times};

fn at_withdrawals(fault: impl Into<Fault>) -> Faults {
    Faults { withdraw: Some(fault.into()), ..Faults::default() }
}

#[test]
fn what_is_withdrawn_is_there_to_the_last_hundredth() {
    let exchange = Exchange::start();
    let mut customer = Customer::new();
    assert_eq!(customer.has(), "KUDOS:0");
    assert_eq!(customer.withdraw(&exchange, "23.45").unwrap(), kudos("23.45"));
    assert_eq!(customer.has(), "KUDOS:23.45");
    assert_eq!(customer.withdraw(&exchange, "0.01").unwrap(), kudos("23.46"));
    customer.restart();
    assert_eq!(customer.has(), "KUDOS:23.46");
    let ledger = exchange.ledger();
    assert_eq!((&ledger["coins"], &ledger["reserves"]), (&"KUDOS:23.46".into(), &"KUDOS:0".into()));
}

#[test]
fn many_coins_come_in_several_requests() {
    let exchange = Exchange::with(|settings| settings.denominations.truncate(1));
    exchange.keys();
    let customer = Customer::with(&exchange, "1.3");
    assert_eq!(customer.has(), "KUDOS:1.3");
    assert_eq!(exchange.ledger()["coins"], "KUDOS:1.3");
}

#[test]
fn what_cannot_be_withdrawn_is_refused_before_anything_happens() {
    let exchange = Exchange::start();
    let customer = Customer::new();
    assert!(matches!(customer.withdraw(&exchange, "0.005"), Err(Error::NoSuchCoins(_))));
    assert!(matches!(customer.withdraw(&exchange, "0"), Err(Error::NoSuchCoins(_))));
    let url = BaseUrl::parse(exchange.base_url()).unwrap();
    let euros = "EUR:1".parse().unwrap();
    let refused = customer.runtime.block_on(customer.wallet.withdraw(&url, euros));
    assert!(matches!(refused, Err(Error::InvalidField(_))), "{refused:?}");
    assert_eq!(customer.has(), "KUDOS:0");
    assert_eq!(exchange.ledger()["topped_up"], "KUDOS:0");
}

#[test]
fn more_than_the_exchange_gives_away_at_once_leaves_nothing_behind() {
    let exchange = Exchange::start();
    let customer = Customer::new();
    let refused = customer.withdraw(&exchange, "1001");
    assert!(matches!(refused, Err(Error::Refused { code: 26, .. })), "{refused:?}");
    assert_eq!(customer.has(), "KUDOS:0");
    customer.finish().unwrap();
    assert_eq!(customer.withdraw(&exchange, "2").unwrap(), kudos("2"));
}

#[test]
fn a_withdrawal_that_failed_is_finished_later_and_paid_once() {
    let exchange = Exchange::start();
    for act in [
        FaultAction::Status(503),
        FaultAction::LoseAnswer,
        FaultAction::FailAfterwards(500),
        FaultAction::NotJson,
    ] {
        let mut customer = Customer::new();
        exchange.misbehave(at_withdrawals(act));
        assert!(customer.withdraw(&exchange, "2").is_err(), "{act:?}");
        assert_eq!(customer.balance(), ("KUDOS:0".into(), "KUDOS:2".into()), "{act:?}");
        customer.restart();
        assert!(customer.finish().is_err(), "{act:?}");
        exchange.behave();
        customer.finish().unwrap();
        assert_eq!(customer.has(), "KUDOS:2", "{act:?}");
    }
    let ledger = exchange.ledger();
    assert_eq!((&ledger["coins"], &ledger["reserves"]), (&"KUDOS:8".into(), &"KUDOS:0".into()));
}

#[test]
fn a_coin_that_is_signed_wrongly_is_no_coin() {
    let exchange = Exchange::start();
    let customer = Customer::new();
    exchange.misbehave(at_withdrawals(times(1, FaultAction::WrongSignature)));
    let refused = customer.withdraw(&exchange, "2");
    assert!(matches!(refused, Err(Error::Nonsense(_))), "{refused:?}");
    assert_eq!(customer.balance(), ("KUDOS:0".into(), "KUDOS:2".into()));
    // The next call finds the true signature.
    assert_eq!(customer.withdraw(&exchange, "1").unwrap(), kudos("3"));
}

#[test]
fn an_exchange_keeps_the_master_key_that_it_was_met_with() {
    let exchange = Exchange::start();
    let customer = Customer::with(&exchange, "1");
    exchange
        .misbehave(Faults { keys: Some(FaultAction::OtherMasterKey.into()), ..Faults::default() });
    let refused = customer.withdraw(&exchange, "1");
    assert!(matches!(refused, Err(Error::Keys(..))), "{refused:?}");

    // A customer who knows the key can say so beforehand.
    let other = Customer::new();
    let trusted = |key| Trusted {
        base_url: BaseUrl::parse(exchange.base_url()).unwrap(),
        master_public_key: key,
        currency: Currency::parse("KUDOS").unwrap(),
    };
    let trust = |key| other.runtime.block_on(other.wallet.trust(&trusted(key)));
    trust(exchange.master_key()).unwrap();
    trust(exchange.master_key()).unwrap();
    assert!(trust(fresh_key().public_key()).is_err());
    assert!(other.withdraw(&exchange, "1").is_err());
    exchange.behave();
    assert_eq!(other.withdraw(&exchange, "1").unwrap(), kudos("1"));
}

#[test]
fn a_withdrawal_cut_short_at_any_moment_loses_nothing() {
    let exchange = Exchange::start();
    let url = BaseUrl::parse(exchange.base_url()).unwrap();
    let mut customer = Customer::new();
    let mut looks = 0;
    loop {
        looks += 1;
        let done = customer.cut(looks, async |wallet| {
            wallet.withdraw(&url, kudos("0.04")).await.unwrap();
        });
        customer.finish().unwrap();
        // Every penny that the exchange gave is in the wallet.
        let ledger = exchange.ledger();
        assert_eq!(ledger["coins"], customer.has(), "cut after {looks} looks");
        assert_eq!(ledger["reserves"], "KUDOS:0", "cut after {looks} looks");
        if done.is_some() {
            break;
        }
    }
    assert!(looks > 8, "it was cut {looks} times only");
}
