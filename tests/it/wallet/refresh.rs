//! Change: what is left of a coin becomes new coins, whatever goes wrong, and a wallet stays small.

use playground::sandbox::{FaultAction, Faults, Generations};
use playground::wallet::{Changed, Error, Event, Generation, Wallet};
use rusqlite::Connection;
use serde_json::json;

use super::{Customer, cut};
use crate::common::exchange::{Exchange, times};
use crate::common::merchant::Merchant;

/// How a wallet speaks that may speak in both ways.
const BOTH: [Generation; 2] = [Generation::Old, Generation::New];

impl Customer {
    /// What is left of each coin that can be spent, and what it was worth when new.
    fn coins(&self) -> Vec<(String, String)> {
        let file = Connection::open(self.dir.path().join("wallet.sqlite")).unwrap();
        let mut coins = file
            .prepare_cached(
                "SELECT remaining, value FROM coins
                JOIN denominations ON denominations.serial = denomination
                WHERE remaining IS NOT NULL",
            )
            .unwrap();
        let rows = coins.query_map([], |row| Ok((row.get(0)?, row.get(1)?)));
        rows.unwrap().collect::<Result<_, _>>().unwrap()
    }

    fn dirty(&self) -> usize {
        self.coins().iter().filter(|(remaining, value)| remaining != value).count()
    }
}

/// A customer who has paid two of five, in a wallet that speaks so.
fn with_change(exchange: &Exchange, merchant: &Merchant, speaks: Generation) -> Customer {
    let customer = Customer::new().speaking(speaks);
    customer.withdraw(exchange, "5").unwrap();
    let order = format!("O-{}", merchant.count("claim"));
    let uri = merchant.order(exchange, &order, "1.3", &json!({ "max_fee": "KUDOS:1" }));
    customer.pay(&uri).unwrap();
    assert!(customer.dirty() > 0);
    customer
}

#[test]
fn what_is_left_of_a_coin_becomes_new_coins_worth_as_much_but_for_the_fee() {
    let exchange = Exchange::start();
    let merchant = Merchant::start(&exchange);
    for speaks in BOTH {
        let customer = with_change(&exchange, &merchant, speaks);
        let (before, fees) = (customer.has(), exchange.ledger()["fees"].clone());
        assert_eq!(customer.refresh().unwrap(), Changed { coins: 1, refused: 0 });
        assert_eq!(customer.dirty(), 0);
        let (after, more) = (customer.has(), exchange.ledger()["fees"].clone());
        assert_ne!(before, after, "a large coin has a fee");
        assert_ne!(fees, more);
        // Nothing is left to do, and the change pays.
        assert_eq!(customer.refresh().unwrap(), Changed::default());
        let uri = merchant.order(&exchange, &format!("P-{speaks:?}"), "0.3", &json!({}));
        customer.pay(&uri).unwrap();
        let history = customer.wallet.history().unwrap();
        let changes = history.iter().filter(|entry| matches!(entry.event, Event::Change { .. }));
        assert_eq!(changes.count(), 1);
    }
    let ledger = exchange.ledger();
    assert_eq!(ledger["melting"], "KUDOS:0");
}

#[test]
fn an_exchange_of_the_old_generation_changes_coins_too() {
    let exchange = Exchange::start_with(|settings| settings.generations = Generations::Old);
    let merchant = Merchant::start(&exchange);
    let customer = with_change(&exchange, &merchant, Generation::New);
    assert_eq!(customer.refresh().unwrap().coins, 1);
    assert_eq!(exchange.ledger()["coins"], customer.has());
}

#[test]
fn a_change_that_is_cut_short_is_gone_on_with_from_the_file() {
    let exchange = Exchange::start();
    let merchant = Merchant::start(&exchange);
    for speaks in BOTH {
        let mut cuts = 0;
        for looks in 0..200 {
            let mut customer = with_change(&exchange, &merchant, speaks);
            let done = customer.runtime.block_on(cut(looks, customer.wallet.refresh()));
            customer.restart();
            // Whoever has the folder has the change: its secrets are in the file.
            let copy = customer.copy();
            copy.finish().unwrap();
            customer.finish().unwrap();
            assert_eq!(copy.coins(), customer.coins());
            customer.refresh().unwrap();
            assert_eq!(customer.dirty(), 0, "after {looks} looks");
            if done.is_some() {
                break;
            }
            cuts += 1;
        }
        assert!(cuts > 3, "only {cuts} cuts");
    }
    let ledger = exchange.ledger();
    assert_eq!(ledger["melting"], "KUDOS:0");
}

#[test]
fn a_change_survives_whatever_the_exchange_does() {
    let exchange = Exchange::start();
    let merchant = Merchant::start(&exchange);
    let acts = [
        FaultAction::Status(503),
        FaultAction::LoseAnswer,
        FaultAction::FailAfterwards(500),
        FaultAction::NotJson,
        FaultAction::WrongSignature,
    ];
    for speaks in BOTH {
        for act in acts {
            let customer = with_change(&exchange, &merchant, speaks);
            exchange.misbehave(Faults { melt: Some(times(1, act)), ..Faults::default() });
            assert!(customer.refresh().is_err(), "{act:?}");
            exchange.misbehave(Faults { reveal: Some(times(1, act)), ..Faults::default() });
            assert!(customer.finish().is_err(), "{act:?}");
            customer.finish().unwrap();
            assert_eq!(customer.dirty(), 0, "{act:?}");
        }
    }
    let ledger = exchange.ledger();
    assert_eq!(ledger["melting"], "KUDOS:0");
}

#[test]
fn a_coin_that_the_exchange_does_not_change_can_be_spent_as_it_is() {
    let exchange = Exchange::start();
    let merchant = Merchant::start(&exchange);
    for speaks in BOTH {
        for act in
            [FaultAction::Status(501), FaultAction::Status(404), FaultAction::DenominationUnknown]
        {
            let customer = with_change(&exchange, &merchant, speaks);
            let before = customer.has();
            exchange.misbehave(Faults { melt: Some(times(1, act)), ..Faults::default() });
            assert_eq!(customer.refresh().unwrap(), Changed { coins: 0, refused: 1 }, "{act:?}");
            assert_eq!(customer.has(), before);
            assert_eq!(customer.dirty(), 1);
            assert_eq!(customer.refresh().unwrap().coins, 1);
        }
        // One that was spent elsewhere is not used again.
        let customer = with_change(&exchange, &merchant, speaks);
        let double = Some(times(1, FaultAction::DoubleSpending));
        exchange.misbehave(Faults { melt: double, ..Faults::default() });
        assert_eq!(customer.refresh().unwrap().refused, 1);
        assert_eq!(customer.refresh().unwrap(), Changed::default());
    }
}

#[test]
fn a_wallet_that_pays_two_hundred_times_never_holds_many_coins() {
    let exchange = Exchange::start();
    let merchant = Merchant::start(&exchange);
    for speaks in BOTH {
        let customer = Customer::new().speaking(speaks);
        customer.withdraw(&exchange, "50").unwrap();
        let (mut most, mut dice) = (0, crate::common::rng::Dice(0x200));
        for number in 0..200 {
            let cents = 1 + dice.below(32);
            let id = format!("{speaks:?}-{number}");
            let more = json!({ "max_fee": "KUDOS:0.02" });
            let uri = merchant.order(&exchange, &id, &format!("0.{cents:02}"), &more);
            customer.pay(&uri).unwrap();
            customer.refresh().unwrap();
            most = most.max(customer.coins().len());
        }
        assert!(most <= 64, "{speaks:?}: {most} coins");
        assert!(most > 10, "{speaks:?}: {most} coins is too few for a test");
        // It never paid with the same coin twice without changing it.
        assert!(customer.dirty() < 8, "{:?}", customer.coins());
    }
}

#[test]
fn a_wallet_that_has_clones_cannot_learn_to_speak() {
    let customer = Customer::new();
    let clone: Wallet = customer.wallet.clone();
    assert!(matches!(customer.wallet.speaking(Generation::Old), Err(Error::Stopping)));
    assert_eq!(clone.balance().unwrap(), []);
}
