//! Random histories of payments, against two exchanges that lose answers, refuse, and come back: at
//! the end the exchanges' records are, coin by coin, what the shop was paid.
//!
//! A round is a shop of its own with a handful of coins and many orders, whose histories are mixed.
//! When a round fails it prints its seed and its story; `TILLD_MODEL_SEED=0x…` plays just that one.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::Duration;

use playground::sandbox::{Fault, FaultAction, Faults, Settings};
use serde_json::Value;
use taler::base32::HashCode;
use taler::sign::PublicKey;
use tilld::till::{Aborted, Error, Outcome, Refusal};

use super::inside::{Deal, Inside, units};
use crate::common::exchange::{Coin, Denomination, Exchange, Planchet, fresh_key};
use crate::common::rng::Dice;

/// Rounds, and the orders in each: 2,000 histories.
const ROUNDS: u64 = 40;
const DEALS: usize = 50;
/// Steps in a round.
const STEPS: usize = 400;
/// Coins of each exchange in a round.
const COINS: usize = 12;
/// How long the test's own late requests are on their way at most, in seconds.
const LATEST: u64 = 10 * 60;
/// Longer than the till takes any request to be on its way.
const LONG: u64 = 16 * 60;

/// What a wallet offered once: the coins by their places, how much of each, and what it signed along.
#[derive(Clone, Debug)]
struct Offer {
    coins: Vec<(usize, String)>,
    data: Option<HashCode>,
}

/// A request that an exchange has yet to carry out.
struct Late {
    sent_at: u64,
    exchange: usize,
    body: Value,
}

struct Round<'a> {
    shop: Inside,
    exchanges: &'a [Exchange; 2],
    coins: Vec<(usize, Coin)>,
    deals: Vec<(Deal, Vec<Offer>)>,
    late: Vec<Late>,
    rng: Dice,
    story: Vec<String>,
    /// What happened, and how often.
    tally: BTreeMap<&'static str, usize>,
}

/// What must happen in all rounds together, and how often at least, or they would prove little.
const MUST_HAPPEN: &[(&str, usize)] = &[
    ("paid", 400),
    ("refused by an exchange", 400),
    ("unsettled", 20),
    ("given back before", 5),
    ("aborted: done", 50),
    ("aborted: undeposited", 50),
    ("late and carried out", 40),
    ("killed while it was paid", 40),
    ("refund fetched", 10),
    ("paid in cash", 50),
];

fn few(settings: &mut Settings) {
    settings.denominations.retain(|kind| kind.value.to_string() == "KUDOS:2");
}

/// Coins fresh from a reserve.
fn withdrawn(exchange: &Exchange, denomination: &Denomination, count: usize) -> Vec<Coin> {
    let reserve = exchange.reserve("100");
    let planchet = |_| Planchet::new(&reserve, fresh_key(), denomination, None);
    let planchets: Vec<_> = (0..count).map(planchet).collect();
    let reply = exchange.withdraw(&reserve, &planchets);
    assert_eq!(reply.status, 200, "{reply:?}");
    let signed = reply.json()["ev_sigs"].clone();
    let coin = |(place, planchet): (usize, &Planchet)| planchet.coin(&signed[place]);
    planchets.iter().enumerate().map(coin).collect()
}

fn cents(cents: u64) -> String {
    format!("{}.{:02}", cents / 100, cents % 100)
}

impl<'a> Round<'a> {
    fn new(exchanges: &'a [Exchange; 2], kinds: &[Denomination; 2], seed: u64) -> Self {
        let shop = Inside::trusting(&[&exchanges[0], &exchanges[1]]);
        let both = [0, 1].into_iter();
        let coins = both.flat_map(|place| {
            let coins = withdrawn(&exchanges[place], &kinds[place], COINS);
            coins.into_iter().map(move |coin| (place, coin))
        });
        let coins = coins.collect();
        let (rng, tally) = (Dice(seed), BTreeMap::new());
        Self { shop, exchanges, coins, deals: vec![], late: vec![], rng, story: vec![], tally }
    }

    fn happened(&mut self, what: &'static str) {
        *self.tally.entry(what).or_default() += 1;
    }

    /// An order, a new one or one of the last ones.
    fn some_deal(&mut self) -> usize {
        let due = self.deals.len() * STEPS / DEALS;
        let is_due = self.deals.len() < DEALS && (due <= self.story.len() || self.deals.is_empty());
        if is_due {
            let price = cents(30 + self.rng.below(70));
            self.deals.push((self.shop.deal(&price), Vec::new()));
        }
        let back = self.rng.place(self.deals.len().min(6));
        self.deals.len() - 1 - back
    }

    fn price(&self, deal: usize) -> u64 {
        let price = units(self.deals[deal].0.terms["amount"].as_str().unwrap());
        u64::try_from(price).unwrap() / 1_000_000
    }

    /// Something that a wallet signs along.
    fn some_data(&mut self) -> HashCode {
        HashCode::new([u8::try_from(self.rng.below(3)).unwrap() + 1; 64])
    }

    /// What a wallet comes up with for an order.
    fn offer(&mut self, deal: usize) -> Offer {
        let before = &self.deals[deal].1;
        if !before.is_empty() && self.rng.below(2) == 0 {
            let mut offer = before[self.rng.place(before.len())].clone();
            match self.rng.below(4) {
                // The same once more, or with something else.
                0 => offer.data = Some(self.some_data()),
                1 => {
                    let place = self.rng.place(offer.coins.len());
                    offer.coins[place].1 = cents(1 + self.rng.below(110));
                }
                _ => {}
            }
            return offer;
        }
        let data = match self.rng.below(3) {
            0 => Some(self.some_data()),
            _ => None,
        };
        let (price, more) = (self.price(deal), self.rng.below(3));
        let mut coins = Vec::new();
        let first = self.rng.place(self.coins.len());
        match self.rng.below(3) {
            0 => {
                let second = (first + 1 + self.rng.place(self.coins.len() - 1)) % self.coins.len();
                let part = 5 + self.rng.below(price - 10);
                coins.push((first, cents(part)));
                coins.push((second, cents(price - part + more)));
            }
            _ => coins.push((first, cents(price + more))),
        }
        Offer { coins, data }
    }

    fn faults(&mut self) -> [(Option<FaultAction>, Option<FaultAction>); 2] {
        let deposits = [
            FaultAction::LoseAnswer,
            FaultAction::Status(503),
            FaultAction::FailAfterwards(500),
            FaultAction::KycRequired,
            FaultAction::DoubleSpending,
            FaultAction::DenominationUnknown,
            FaultAction::NotJson,
            FaultAction::WrongSignature,
        ];
        let refunds = [FaultAction::LoseAnswer, FaultAction::Status(503), FaultAction::KycRequired];
        [(); 2].map(|()| {
            let deposit = (self.rng.below(2) == 0).then(|| deposits[self.rng.place(8)]);
            let refund = (self.rng.below(4) == 0).then(|| refunds[self.rng.place(3)]);
            (deposit, refund)
        })
    }

    /// The exchanges behave in other ways from now on.
    fn misbehave(&mut self) -> String {
        let faults = self.faults();
        for (exchange, (deposit, refund)) in self.exchanges.iter().zip(faults) {
            let (deposit, refund) = (deposit.map(Fault::from), refund.map(Fault::from));
            exchange.misbehave(Faults { deposit, refund, ..Faults::default() });
        }
        format!("{faults:?}")
    }

    fn behave(&self) {
        self.exchanges.iter().for_each(Exchange::behave);
    }

    /// What was just sent to an exchange that did nothing may yet be carried out there.
    fn remember_late(&mut self) {
        if self.rng.below(3) > 0 {
            return;
        }
        for (order, coin, data) in self.shop.sent_now() {
            let Some((deal, _)) = self.deals.iter().find(|(deal, _)| deal.id.as_str() == order)
            else {
                continue;
            };
            let of = |exchange: &Exchange| coin["exchange_url"] == exchange.base_url();
            let exchange = self.exchanges.iter().position(of).unwrap();
            let body = self.shop.request(deal, &coin, data);
            self.late.push(Late { sent_at: self.shop.now(), exchange, body });
        }
    }

    /// One of the late requests is carried out.
    fn arrive(&mut self) -> String {
        let now = self.shop.now();
        self.late.retain(|late| now < late.sent_at + LATEST);
        if self.late.is_empty() {
            return "nothing arrives".into();
        }
        let place = self.rng.place(self.late.len());
        let late = self.late.swap_remove(place);
        let reply = self.exchanges[late.exchange].try_post("batch-deposit", &late.body);
        if reply.as_ref().is_ok_and(|reply| reply.status == 200) {
            self.happened("late and carried out");
        }
        format!("a late request: {:?}", reply.map(|reply| reply.status))
    }

    fn given<'s>(&'s self, offer: &'s Offer) -> Vec<(&'s Exchange, &'s Coin, &'s str)> {
        let given = |(place, part): &'s (usize, String)| {
            let (exchange, coin) = &self.coins[*place];
            (&self.exchanges[*exchange], coin, part.as_str())
        };
        offer.coins.iter().map(given).collect()
    }

    fn pay(&mut self) -> String {
        let deal = self.some_deal();
        let offer = self.offer(deal);
        self.deals[deal].1.push(offer.clone());
        let was_paid = self.shop.is_paid(&self.deals[deal].0);
        let told = self.shop.pay_with(&self.deals[deal].0, offer.data, &self.given(&offer));
        let is_paid = self.shop.is_paid(&self.deals[deal].0);
        assert!(is_paid || told.is_err(), "a receipt for an order that is not paid: {offer:?}");
        if let Err(Error::Damaged(_) | Error::Store(_)) = told {
            panic!("{told:?}");
        }
        if told.is_err() && !was_paid {
            self.remember_late();
        }
        match &told {
            Ok(_) if !was_paid => self.happened("paid"),
            Err(Error::Exchange(_)) => self.happened("refused by an exchange"),
            Err(Error::Refused(Refusal::Unsettled(_))) => self.happened("unsettled"),
            Err(Error::Refused(Refusal::Refunded(_))) => self.happened("given back before"),
            _ => {}
        }
        let told = told.map(|_| ()).map_err(|error| error.to_string());
        format!("order {deal} is paid with {offer:?}: {told:?}")
    }

    fn abort(&mut self) -> String {
        let deal = self.some_deal();
        let (dealt, offers) = &self.deals[deal];
        let Some(offer) = offers.last() else { return "nothing".into() };
        let coins: Vec<&Coin> =
            offer.coins.iter().map(|(place, _)| &self.coins[*place].1).collect();
        let told = self.shop.abort(dealt, &coins);
        let offer = offer.clone();
        let told = match told {
            Ok(told) => {
                for one in &told {
                    match one {
                        Aborted::Done { .. } => self.happened("aborted: done"),
                        Aborted::Refused { .. } | Aborted::Open(_) => {}
                        Aborted::Undeposited => self.happened("aborted: undeposited"),
                    }
                }
                told.iter().map(kind).collect::<Vec<_>>().join(", ")
            }
            Err(error) => error.to_string(),
        };
        format!("order {deal} is called off, {offer:?}: {told}")
    }

    fn kill(&mut self) -> String {
        let deal = self.some_deal();
        let offer = self.offer(deal);
        self.deals[deal].1.push(offer.clone());
        let after = Duration::from_micros(self.rng.below(12_000));
        let dealt = self.deals[deal].0.clone();
        let coins = self.coins.clone();
        let given: Vec<_> = offer
            .coins
            .iter()
            .map(|(place, part)| (&self.exchanges[coins[*place].0], &coins[*place].1, &**part))
            .collect();
        self.shop.pay_and_kill(&dealt, offer.data, &given, after);
        self.happened("killed while it was paid");
        format!("order {deal} is paid with {offer:?}, and the till ends after {after:?}")
    }

    fn refund(&mut self) -> String {
        let deal = self.some_deal();
        let total = cents(2 + self.rng.below(self.price(deal) - 2));
        let dealt = &self.deals[deal].0.clone();
        let granted = self.shop.grant(dealt, &total).map_err(|error| error.to_string());
        let fetched = match self.rng.below(2) {
            0 => String::new(),
            _ => match self.shop.pick_up(dealt) {
                Ok(Some(picked)) => {
                    let done = |outcome: &Outcome| matches!(outcome, Outcome::Done { .. });
                    let done =
                        picked.refunds.iter().filter(|one| done(&one.refund.outcome)).count();
                    if done > 0 {
                        self.happened("refund fetched");
                    }
                    format!("fetched {done} of {}", picked.refunds.len())
                }
                other => format!("fetched {other:?}"),
            },
        };
        format!("order {deal} is refunded {total}: {granted:?} {fetched}")
    }

    fn step(&mut self) {
        let what = match self.rng.below(40) {
            0..=15 => self.pay(),
            16..=20 => self.abort(),
            21..=24 => self.misbehave(),
            25..=27 => {
                self.behave();
                "the exchanges behave".into()
            }
            28..=30 => {
                self.shop.job();
                "the job runs".into()
            }
            31..=32 => {
                let secs = self.rng.below(LONG);
                self.shop.pass(secs);
                format!("{secs} s pass")
            }
            33 => {
                let deal = self.some_deal();
                let told = self.shop.cash(&self.deals[deal].0).map_err(|error| error.to_string());
                if told.is_ok() {
                    self.happened("paid in cash");
                }
                format!("order {deal} is paid in cash: {told:?}")
            }
            34..=35 => self.refund(),
            36..=38 => self.arrive(),
            _ => match self.rng.below(3) {
                0 => {
                    self.shop.restart();
                    "the till is restarted".into()
                }
                _ => self.kill(),
            },
        };
        self.story.push(what);
    }

    /// Everything comes to its end: the exchanges behave, and the time to pay is over.
    fn finish(&mut self) {
        self.behave();
        self.late.clear();
        for pause in [LONG, LONG, 2 * 86_400, LONG] {
            self.shop.pass(pause);
            self.shop.job();
            self.shop.job();
        }
        for deal in 0..self.deals.len() {
            // What the shop granted and nobody has fetched yet.
            self.shop.pick_up(&self.deals[deal].0).unwrap();
        }
        assert_eq!(self.shop.unfinished(), (0, 0));
    }

    fn check(&self) {
        let keys: Vec<[u8; 32]> =
            self.coins.iter().map(|(_, coin)| *coin.key.public_key().as_bytes()).collect();
        let mut theirs = BTreeMap::new();
        for exchange in self.exchanges {
            theirs.extend(exchange.held().into_iter().filter(|((coin, _), _)| keys.contains(coin)));
        }
        let ours = self.shop.held();
        let other = |one: &BTreeMap<_, i64>, two: &BTreeMap<_, i64>| -> Vec<_> {
            let differs =
                |(key, units): &(&([u8; 32], [u8; 64]), &i64)| two.get(*key) != Some(*units);
            one.iter()
                .filter(differs)
                .map(|((coin, _), units)| (PublicKey::new(*coin), *units))
                .collect()
        };
        let (till, exchanges) = (other(&ours, &theirs), other(&theirs, &ours));
        assert!(
            till.is_empty() && exchanges.is_empty(),
            "only the till has {till:?}, only the exchanges have {exchanges:?}"
        );
        // Of an order that is not paid with coins, nothing is kept; of one that is, enough.
        for (place, (deal, _)) in self.deals.iter().enumerate() {
            let ours =
                theirs.iter().filter(|((_, hash), _)| hash == deal.purchase.h_contract.as_bytes());
            let kept: i64 = ours.map(|(_, units)| units).sum();
            let (granted, is_cash, is_paid) = self.shop.sale(deal);
            let price = units(deal.terms["amount"].as_str().unwrap());
            match is_paid && !is_cash {
                true => assert!(kept >= price - granted, "order {place} kept {kept}"),
                false => assert_eq!(kept, 0, "order {place} is not paid with coins"),
            }
        }
    }
}

fn kind(aborted: &Aborted) -> String {
    match aborted {
        Aborted::Done { .. } => "done".into(),
        Aborted::Refused { status, .. } => format!("refused with {status}"),
        Aborted::Open(problem) => format!("open: {problem:?}"),
        Aborted::Undeposited => "undeposited".into(),
    }
}

#[test]
fn exchanges_have_of_each_coin_what_the_shop_was_paid_after_two_thousand_random_histories() {
    let exchanges = [Exchange::with(few), Exchange::with(few)];
    let kinds = [0, 1].map(|place| exchanges[place].denomination("2"));
    let only = std::env::var("TILLD_MODEL_SEED").ok();
    let only = only.map(|seed| u64::from_str_radix(seed.trim_start_matches("0x"), 16).unwrap());
    let seeds: Vec<u64> = match only {
        Some(seed) => vec![seed],
        None => (1..=ROUNDS).map(|round| round.wrapping_mul(0x9E37_79B9_7F4A_7C15)).collect(),
    };
    let mut tally: BTreeMap<&str, usize> = BTreeMap::new();
    for seed in &seeds {
        let mut round = Round::new(&exchanges, &kinds, *seed);
        let done = catch_unwind(AssertUnwindSafe(|| {
            while round.story.len() < STEPS {
                round.step();
            }
            round.finish();
            round.check();
        }));
        if let Err(panic) = done {
            let story: Vec<_> =
                round.story.iter().enumerate().map(|(at, step)| format!("{at}: {step}")).collect();
            println!("TILLD_MODEL_SEED={seed:#x}\n{}", story.join("\n"));
            resume_unwind(panic);
        }
        for (what, times) in round.tally {
            *tally.entry(what).or_default() += times;
        }
    }
    println!("{tally:?}");
    for (what, least) in MUST_HAPPEN.iter().filter(|_| seeds.len() > 1) {
        assert!(tally.get(what).is_some_and(|times| times >= least), "{what}: {tally:?}");
    }
}
