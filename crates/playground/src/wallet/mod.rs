//! A wallet: it withdraws coins from an exchange, pays shops with them, changes what is left of them, and
//! takes refunds.
//!
//! It is independent of the daemon, like any customer's wallet: it speaks the Taler protocol over HTTP, to the
//! till and to exchanges, and knows nothing of either but what they answer. It is there for the
//! demonstration (`tilld wallet …`, the demo shop's button) and for tests. The one thing that no
//! other wallet does is to top up a reserve without a bank, which only the sandbox exchange allows
//! (crypto 14.7).
//!
//! Its money is in one file. Every secret is in the file before anything of it is sent, every coin
//! is booked as spent before a shop sees it, and every request can be repeated: whatever is cut
//! short, even by a power cut, is finished by the next call (merchant-api 3.1).

mod coins;
mod contract;
mod failure;
mod file;
mod history;
mod pay;
mod purchases;
mod receipt;
mod refresh;
mod refreshes;
mod refund;
mod selection;
mod template;
mod wire;
mod withdraw;

use std::fmt;
use std::fs::{self, OpenOptions, TryLockError};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::{Connection, Transaction};
use tokio::sync::{Mutex, MutexGuard};
use tokio::time::Instant;

pub use self::failure::Error;
use self::file::File;
pub use self::file::VERSION;
pub use self::history::{Entry, Event};
pub use self::pay::{How, Paid, PayOptions};
pub use self::refresh::Changed;
pub use self::refreshes::Generation;
pub use self::refund::Refunded;
use self::wire::Http;
pub use self::withdraw::Balance;
use system::clock::Clock;
use system::log_limit;

/// The text of one statement, by the places of its files below `sql/wallet/`.
macro_rules! sql {
    ($name:literal $(+ $more:literal)*) => {
        system::statement!("/sql/wallet/", $name $(+ $more)*)
    };
}
use sql;

/// For how long a request is repeated that may succeed later.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long to wait for another call, of this process or another one, to be done.
const TURN: Duration = Duration::from_secs(60);
/// How often to look whether another process is done.
const LOOK: Duration = Duration::from_millis(20);

/// A customer's wallet. Cheap to clone; all clones are one wallet.
///
/// Calls that speak with others happen one after another, also across processes. A call whose future
/// is dropped is as one that was cut short: nothing is lost, and the next one finishes it.
#[derive(Clone)]
pub struct Wallet(Arc<Inner>);

struct Inner {
    file: File,
    http: Http,
    clock: Clock,
    patience: Duration,
    /// How exchanges are spoken to that know both ways; `None`: in the newer one.
    generation: Option<Generation>,
    turn: Mutex<()>,
    lock: fs::File,
}

/// Nobody else moves this wallet's money while it lives.
struct WalletLock<'a> {
    wallet: &'a Inner,
    _here: MutexGuard<'a, ()>,
}

impl Drop for WalletLock<'_> {
    fn drop(&mut self) {
        // If the lock cannot be released now, it is when the process ends.
        let _ = self.wallet.lock.unlock();
    }
}

impl Wallet {
    /// Opens the wallet in the folder `dir`, making folder and wallet if there is none. Blocks, but
    /// speaks with nobody.
    ///
    /// # Errors
    /// Every way in which the file can be unfit has its own [`Error`].
    pub fn open(dir: &Path, clock: Clock) -> Result<Self, Error> {
        let file = File::open(dir)?;
        let path = dir.join("wallet.lock");
        let lock = OpenOptions::new().create(true).append(true).mode(0o600).open(&path);
        let lock = lock.map_err(|error| Error::Open(path, error))?;
        Ok(Self(Arc::new(Inner {
            file,
            http: Http::default(),
            clock,
            patience: PATIENCE,
            generation: None,
            turn: Mutex::new(()),
            lock,
        })))
    }

    /// The wallet in the folder `dir`, as by [`Self::open`], that repeats requests only for so long.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn open_impatient(dir: &Path, clock: Clock, patience: Duration) -> Result<Self, Error> {
        let Self(inner) = Self::open(dir, clock)?;
        let inner = Arc::into_inner(inner).ok_or(Error::Stopping)?;
        Ok(Self(Arc::new(Inner { patience, ..inner })))
    }

    /// The same wallet, which speaks in this way with exchanges that know both. For one that nobody uses
    /// yet.
    ///
    /// # Errors
    /// [`Error::Stopping`] when it has clones.
    pub fn speaking(self, generation: Generation) -> Result<Self, Error> {
        let inner = Arc::into_inner(self.0).ok_or(Error::Stopping)?;
        Ok(Self(Arc::new(Inner { generation: Some(generation), ..inner })))
    }

    /// Finishes what was cut short: withdrawals, changes of coins, payments that were sent, payments called off. Each
    /// is tried once. Every other call that speaks with somebody does this first.
    ///
    /// # Errors
    /// The first thing that could not be finished; it stays as it is, for another time.
    pub async fn finish_pending(&self) -> Result<(), Error> {
        let _turn = self.turn().await?;
        self.finish().await
    }

    async fn finish(&self) -> Result<(), Error> {
        let withdrawn = self.finish_withdrawals().await;
        let changed = self.finish_refreshes().await;
        let paid = self.finish_payments().await;
        withdrawn.and(changed).and(paid)
    }

    /// Begins a call: waits for its turn and finishes what was cut short, as far as it can be.
    async fn begin(&self) -> Result<WalletLock<'_>, Error> {
        let turn = self.turn().await?;
        if let Err(error) = self.finish().await {
            let line = format_args!("wallet: something earlier is not finished yet: {error}");
            log_limit::warn("times that a wallet had something unfinished", line);
        }
        Ok(turn)
    }

    async fn turn(&self) -> Result<WalletLock<'_>, Error> {
        let wallet: &Inner = &self.0;
        let end = Instant::now() + TURN;
        let here = tokio::time::timeout_at(end, wallet.turn.lock()).await;
        let here = here.map_err(|_| Error::Busy)?;
        loop {
            match wallet.lock.try_lock() {
                Ok(()) => return Ok(WalletLock { wallet, _here: here }),
                Err(TryLockError::WouldBlock) if Instant::now() < end => {
                    tokio::time::sleep(LOOK).await;
                }
                Err(TryLockError::WouldBlock) => return Err(Error::Busy),
                Err(TryLockError::Error(error)) => {
                    return Err(Error::Open("wallet.lock".into(), error));
                }
            }
        }
    }

    /// Has `work` change the file, where it may block; it is finished even if nobody waits for it.
    async fn change<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let inner = self.0.clone();
        blocking(move || inner.file.change(work)).await
    }

    /// Has `work` look at the file, where it may block.
    async fn look<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let inner = self.0.clone();
        blocking(move || inner.file.look(work)).await
    }
}

impl fmt::Debug for Wallet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Wallet")
    }
}

/// Has `work` done where it may block.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    system::blocking(work).await.unwrap_or(Err(Error::Stopping))
}
