//! A busy day in a few moments: several customers at once, who make orders, claim, pay, come back in
//! other sessions and get money back, until the till stops answering.

use std::sync::mpsc::Sender;
use std::thread;

use crate::book::{Answer, Counter, Means, Sale};
use crate::common::exchange::{Coin, Exchange};
use crate::common::rng::Dice;
use crate::common::shop::Shop;

/// Customers at the same time.
pub(crate) const CUSTOMERS: usize = 4;

/// One customer after another, as one thread sees them.
pub(crate) struct Queue {
    name: String,
    rng: Dice,
    /// What is over, and what is under way.
    pub(crate) sales: Vec<Sale>,
    /// For those who pay with coins.
    pub(crate) coins: Vec<Coin>,
}

impl Queue {
    pub(crate) fn new(name: String, seed: u64) -> Self {
        // Nothing comes of nothing.
        Self { name, rng: Dice(seed | 1), sales: Vec::new(), coins: Vec::new() }
    }

    /// Serves until nobody answers, or as long as `go_on` says so; each step that was done is told.
    pub(crate) fn serve(
        &mut self,
        till: &Counter,
        exchange: Option<&Exchange>,
        done: &Sender<()>,
        go_on: impl Fn(&Answer) -> bool,
    ) {
        loop {
            let roll = self.rng.below(100);
            let step = self.sales.last().and_then(|sale| sale.next(roll));
            let Some(step) = step else {
                let id = format!("{}-{}", self.name, self.sales.len());
                let means =
                    self.coins.pop().map_or(Means::Cash, |coin| Means::Coin(Box::new(coin)));
                self.sales.push(Sale::new(id, means));
                continue;
            };
            let answer = self.sales.last_mut().unwrap().take(step, till, exchange);
            if answer == Answer::Done && done.send(()).is_err() {
                return;
            }
            if answer == Answer::Nobody || !go_on(&answer) {
                return;
            }
        }
    }
}

/// All queues are served at the same time, while `meanwhile` happens.
pub(crate) fn rush<T>(
    queues: &mut [Queue],
    shop: &Shop,
    exchange: Option<&Exchange>,
    done: Sender<()>,
    meanwhile: impl FnOnce() -> T,
) -> T {
    thread::scope(|scope| {
        for queue in queues {
            let done = done.clone();
            let till = Counter::new(&shop.daemon.address, &shop.token);
            scope.spawn(move || queue.serve(&till, exchange, &done, |_| true));
        }
        drop(done);
        meanwhile()
    })
}
