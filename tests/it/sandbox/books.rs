//! The sandbox's ledger adds up, whatever happens.

use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};
use taler::amount::Amount;

use super::{Merchant, read};
use crate::common::exchange::refresh::Refresh;
use crate::common::exchange::{Coin, Exchange, Planchet, Purchase, Reserve, fresh_key, kudos};

#[test]
fn the_sandbox_ledger_adds_up_after_anything() {
    let exchange = Exchange::start();
    let ledger = exchange.ledger();
    assert_eq!(ledger["topped_up"], "KUDOS:0");
    let coin = exchange.coin("20");
    assert_eq!(exchange.ledger()["coins"], "KUDOS:20");
    assert_eq!(exchange.ledger()["fees"], "KUDOS:0.01");
    let shop = Merchant::new();
    let purchase = shop.purchase(&exchange, "a book");
    assert_eq!(shop.deposit(&exchange, &purchase, &[coin.deposited(&purchase, "15")]).status, 200);
    let earned = json!({ purchase.merchant_pub.to_string(): "KUDOS:14.99" });
    assert_eq!(exchange.ledger()["by_merchant"], earned);
    // A whole refund leaves nothing to pay the deposit fee from.
    assert_eq!(shop.refund(&exchange, &coin, &purchase, "15", 7).status, 200);
    let ledger = exchange.ledger();
    assert_eq!(ledger["merchants"], "KUDOS:0");
    assert_eq!(ledger["fees"], "KUDOS:0.02");
    assert_eq!(ledger["coins"], "KUDOS:19.99");
    assert_eq!(ledger["reserves"], "KUDOS:0");
    assert_eq!(ledger["topped_up"], "KUDOS:20.01");
}

/// What may happen at an exchange. Numbers choose among what there is.
#[derive(Clone, Debug)]
enum Event {
    TopUp { reserve: usize, cents: u64 },
    Withdraw { reserve: usize, denominations: Vec<usize> },
    Deposit { coins: Vec<usize>, cents: u64, shop: usize, contract: u8 },
    Refund { deposit: usize, cents: u64, id: u64 },
    Melt { coin: usize, is_new: bool, denominations: Vec<usize> },
    Reveal { melt: usize },
    Track { deposit: usize },
    Pass { seconds: u64 },
    Restart,
}

fn event() -> impl Strategy<Value = Event> {
    let n = 0..64_usize;
    prop_oneof![
        2 => (n.clone(), 1..2_500_u64).prop_map(|(reserve, cents)| Event::TopUp { reserve, cents }),
        4 => (n.clone(), prop::collection::vec(n.clone(), 1..4))
            .prop_map(|(reserve, denominations)| Event::Withdraw { reserve, denominations }),
        8 => (prop::collection::vec(n.clone(), 1..4), 1..120_u64, n.clone(), 0..6_u8)
            .prop_map(|(coins, cents, shop, contract)| Event::Deposit { coins, cents, shop, contract }),
        6 => (n.clone(), 1..120_u64, 0..4_u64)
            .prop_map(|(deposit, cents, id)| Event::Refund { deposit, cents, id }),
        5 => (n.clone(), any::<bool>(), prop::collection::vec(0..5_usize, 1..4)).prop_map(
            |(coin, is_new, denominations)| Event::Melt { coin, is_new, denominations },
        ),
        5 => n.clone().prop_map(|melt| Event::Reveal { melt }),
        2 => n.prop_map(|deposit| Event::Track { deposit }),
        1 => (1..4_000_u64).prop_map(|seconds| Event::Pass { seconds }),
        1 => Just(Event::Restart),
    ]
}

/// An exchange and all who use it.
struct World {
    exchange: Exchange,
    shops: [Merchant; 2],
    reserves: Vec<Reserve>,
    coins: Vec<Coin>,
    deposits: Vec<(Coin, Purchase, usize)>,
    /// What was committed to, which candidate stays hidden, and whether it was revealed.
    melts: Vec<(Refresh, usize, bool)>,
    topped_up: Amount,
    done: usize,
}

fn cents(number: u64) -> String {
    format!("{}.{:02}", number / 100, number % 100)
}

impl World {
    fn happen(&mut self, event: Event) {
        match event {
            Event::TopUp { reserve, cents: number } => {
                let count = self.reserves.len();
                let reserve = &self.reserves[reserve % count];
                assert_eq!(self.exchange.top_up(reserve, &cents(number)).status, 200);
                self.topped_up = self.topped_up.checked_add(&kudos(&cents(number))).unwrap();
            }
            Event::Withdraw { reserve, denominations } => {
                let listed = self.exchange.denominations();
                let count = self.reserves.len();
                let reserve = &self.reserves[reserve % count];
                let planchets: Vec<_> = denominations
                    .iter()
                    .map(|n| Planchet::new(reserve, fresh_key(), &listed[n % listed.len()], None))
                    .collect();
                let reply = self.exchange.withdraw(reserve, &planchets);
                assert!([200, 404, 409].contains(&reply.status), "{reply:?}");
                if reply.status == 200 {
                    let signed = reply.json();
                    for (at, planchet) in planchets.iter().enumerate() {
                        self.coins.push(planchet.coin(&signed["ev_sigs"][at]));
                    }
                    self.done += 1;
                }
            }
            Event::Deposit { coins, cents: number, shop, contract } => {
                let Some(count) = self.coins.len().checked_sub(1) else { return };
                let at = shop % 2;
                let shop = &self.shops[at];
                let purchase = shop.purchase(&self.exchange, &format!("contract {contract}"));
                let coins: Vec<_> =
                    coins.iter().map(|n| self.coins[n % (count + 1)].clone()).collect();
                let deposited: Vec<_> =
                    coins.iter().map(|coin| coin.deposited(&purchase, &cents(number))).collect();
                let reply = shop.deposit(&self.exchange, &purchase, &deposited);
                assert!([200, 400, 409].contains(&reply.status), "{reply:?}");
                if reply.status == 200 {
                    let paid = coins.into_iter().map(|coin| (coin, purchase.clone(), at));
                    self.deposits.extend(paid);
                    self.done += 1;
                }
            }
            Event::Refund { deposit, cents: number, id } => {
                let Some((coin, purchase, shop)) = self.deposit(deposit) else { return };
                let shop = &self.shops[*shop];
                let reply = shop.refund(&self.exchange, coin, purchase, &cents(number), id);
                assert!([200, 400, 409, 410, 424].contains(&reply.status), "{reply:?}");
                self.done += usize::from(reply.status == 200);
            }
            Event::Melt { coin, is_new, denominations } => {
                let Some(at) = coin.checked_rem(self.coins.len()) else { return };
                let listed = self.exchange.denominations();
                // The smallest ones; of larger ones hardly any coin can be changed.
                let new: Vec<_> = denominations.iter().map(|n| listed[*n].clone()).collect();
                let refresh = Refresh::aged(is_new, &self.coins[at], &new, None);
                let reply = self.exchange.post(&refresh.melt_path, &refresh.melt);
                assert!([200, 409].contains(&reply.status), "{reply:?}");
                if reply.status == 200 {
                    let hidden = reply.json()["noreveal_index"].as_u64().unwrap();
                    self.melts.push((refresh, usize::try_from(hidden).unwrap(), false));
                    self.done += 1;
                }
            }
            Event::Reveal { melt } => {
                let Some(at) = melt.checked_rem(self.melts.len()) else { return };
                let (refresh, hidden, is_revealed) = &mut self.melts[at];
                let (path, body) = refresh.reveal(*hidden);
                let reply = self.exchange.post(&path, &body);
                assert_eq!(reply.status, 200, "{reply:?}");
                if !*is_revealed {
                    *is_revealed = true;
                    self.coins.extend(refresh.coins(*hidden, &reply.json()));
                }
            }
            Event::Track { deposit } => {
                let Some((coin, purchase, shop)) = self.deposit(deposit) else { return };
                let key = &self.shops[*shop].key;
                let reply = super::transfers::track(&self.exchange, key, purchase, coin);
                assert!([200, 202].contains(&reply.status), "{reply:?}");
            }
            Event::Pass { seconds } => self.exchange.pass(seconds),
            Event::Restart => self.exchange.restart(),
        }
    }

    fn deposit(&self, number: usize) -> Option<&(Coin, Purchase, usize)> {
        self.deposits.get(number.checked_rem(self.deposits.len())?)
    }

    /// Fails unless all money is somewhere, and only once.
    fn audit(&self) {
        let ledger = self.exchange.ledger();
        let amount = |value: &Value| -> Amount { read(value) };
        let parts =
            ["reserves", "coins", "melting", "merchants", "fees"].map(|part| amount(&ledger[part]));
        let sum = Amount::sum(*self.topped_up.currency(), &parts).unwrap();
        assert_eq!(sum, self.topped_up, "{ledger}");
        assert_eq!(amount(&ledger["topped_up"]), self.topped_up);
        // What the exchange says about each one agrees with its sums.
        let known = |coin: &Coin| {
            let path = format!("sandbox/coins/{}", coin.key.public_key());
            let reply = self.exchange.get(&path);
            if reply.status == 404 {
                coin.denomination.value
            } else {
                amount(&reply.json()["left"])
            }
        };
        let left: Vec<_> = self.coins.iter().map(known).collect();
        assert_eq!(Amount::sum(*self.topped_up.currency(), &left).unwrap(), parts[1]);
    }
}

#[test]
fn all_money_is_somewhere_after_hundreds_of_random_events() {
    let mut runner = TestRunner::new(ProptestConfig {
        cases: 3,
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    let done = std::cell::Cell::new(0);
    let events = prop::collection::vec(event(), 150);
    let run = |events: Vec<Event>| {
        let exchange = Exchange::start();
        let reserves: Vec<_> = ["20", "5"].map(|amount| exchange.reserve(amount)).into();
        let mut world = World {
            exchange,
            shops: [Merchant::new(), Merchant::new()],
            reserves,
            coins: Vec::new(),
            deposits: Vec::new(),
            melts: Vec::new(),
            topped_up: kudos("25"),
            done: 0,
        };
        for (number, event) in events.into_iter().enumerate() {
            world.happen(event);
            if number % 10 == 9 {
                world.audit();
            }
        }
        done.set(done.get() + world.done);
        Ok(())
    };
    runner.run(&events, run).unwrap();
    // Else it would have tested refusals only.
    assert!(done.get() > 60, "{}", done.get());
}
