//! The wallet, against a true exchange and true shops: money comes in, is spent once, comes back,
//! and is never lost, wherever things are cut short.

#[cfg(feature = "demo")]
pub(crate) mod command_line;
mod money;
mod pay;
mod refresh;
mod refund;
#[cfg(feature = "demo")]
mod till;
mod withdraw;

use std::fs;
use std::future::{Future, poll_fn};
use std::path::Path;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use playground::wallet::{Changed, Error, Generation, Paid, PayOptions, Refunded, Wallet};
use system::clock::Clock;
use taler::amount::Amount;
use taler::web::BaseUrl;
use tempfile::TempDir;

use crate::common::exchange::{AHEAD, Exchange, kudos};
use crate::common::shop::now;

/// A customer with a wallet of their own.
struct Customer {
    dir: TempDir,
    wallet: Wallet,
    runtime: tokio::runtime::Runtime,
    /// How many seconds its clock is ahead of ours.
    ahead: u64,
    /// How it speaks with exchanges that know both ways, if it does not choose.
    speaks: Option<Generation>,
}

/// Opens a wallet that takes a failure for one at once, so that tests see it.
fn open(dir: &Path, ahead: u64) -> Wallet {
    let clock = Clock::from_fn(move || Duration::from_secs(now() + ahead));
    Wallet::open_impatient(dir, clock, Duration::ZERO).unwrap()
}

impl Customer {
    fn new() -> Self {
        // Its clock is the exchange's.
        Self::at(tempfile::tempdir().unwrap(), AHEAD)
    }

    fn at(dir: TempDir, ahead: u64) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        Self { wallet: open(dir.path(), ahead), dir, runtime, ahead, speaks: None }
    }

    /// The same, who speaks so from now on.
    fn speaking(self, generation: Generation) -> Self {
        let mut customer = Self { speaks: Some(generation), ..self };
        customer.restart();
        customer
    }

    /// With so much money.
    fn with(exchange: &Exchange, amount: &str) -> Self {
        let customer = Self::new();
        customer.withdraw(exchange, amount).unwrap();
        customer
    }

    /// Somebody who has found a copy of the wallet.
    fn copy(&self) -> Self {
        let dir = tempfile::tempdir().unwrap();
        for name in ["wallet.sqlite", "wallet.sqlite-wal"] {
            fs::copy(self.dir.path().join(name), dir.path().join(name)).unwrap();
        }
        Self::at(dir, AHEAD)
    }

    /// Another program with the wallet in this folder.
    fn beside(dir: &Path) -> Self {
        Self { wallet: open(dir, AHEAD), ..Self::new() }
    }

    /// Ends the program and starts it again.
    fn restart(&mut self) {
        let wallet = open(self.dir.path(), self.ahead);
        self.wallet = match self.speaks {
            Some(generation) => wallet.speaking(generation).unwrap(),
            None => wallet,
        };
    }

    fn withdraw(&self, exchange: &Exchange, amount: &str) -> Result<Amount, Error> {
        let url = BaseUrl::parse(exchange.base_url()).unwrap();
        self.runtime.block_on(self.wallet.withdraw(&url, kudos(amount)))
    }

    fn pay(&self, uri: &str) -> Result<Paid, Error> {
        self.runtime.block_on(self.wallet.pay(uri, PayOptions::default()))
    }

    fn refund(&self, uri: &str) -> Result<Refunded, Error> {
        self.runtime.block_on(self.wallet.refund(uri))
    }

    fn abort(&self, uri: &str) -> Result<(), Error> {
        self.runtime.block_on(self.wallet.abort(uri))
    }

    fn refresh(&self) -> Result<Changed, Error> {
        self.runtime.block_on(self.wallet.refresh())
    }

    fn finish(&self) -> Result<(), Error> {
        self.runtime.block_on(self.wallet.finish_pending())
    }

    /// What can be spent, and what is on its way.
    fn balance(&self) -> (String, String) {
        match &self.wallet.balance().unwrap()[..] {
            [] => ("KUDOS:0".into(), "KUDOS:0".into()),
            [one] => (one.available.to_string(), one.expected.to_string()),
            more => panic!("{more:?}"),
        }
    }

    /// What can be spent, when nothing is on its way.
    fn has(&self) -> String {
        let (available, expected) = self.balance();
        assert_eq!(expected, "KUDOS:0");
        available
    }

    /// Does `work` until it has been looked at so many times; then the program ends in the middle.
    fn cut<T>(&mut self, looks: usize, work: impl AsyncFnOnce(&Wallet) -> T) -> Option<T> {
        let done = self.runtime.block_on(cut(looks, work(&self.wallet)));
        self.restart();
        done
    }
}

async fn cut<T>(mut looks: usize, work: impl Future<Output = T>) -> Option<T> {
    let mut work = pin!(work);
    poll_fn(|context| {
        if looks == 0 {
            return Poll::Ready(None);
        }
        looks -= 1;
        work.as_mut().poll(context).map(Some)
    })
    .await
}
