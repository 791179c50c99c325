//! A sandbox exchange, for demonstrations and tests.
//!
//! It issues play money and takes it back. Its protocol is the true one, and so are its signatures
//! and its care for money; only a bank is missing, so anybody may top up a reserve. It refuses any
//! currency but KUDOS and TESTKUDOS. For tests it can misbehave on request ([`Faults`]).
//!
//! It shares only the protocol's types with the till: it has its own file, its
//! own tables below `sql/sandbox/`, and is used over HTTP only. The protocol
//! follows crypto 8, 10 and 14, as of exchanges of December 2024, and real-wallets 5 for wallets of
//! later protocols.

mod accounts;
mod coins;
mod deposits;
mod failure;
mod faults;
mod file;
mod history;
mod http;
mod keys;
mod ledger;
mod legal;
mod list;
mod melts;
mod minting;
mod money;
mod refunds;
mod reserves;
mod reveals;
mod settings;
mod transfers;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use actix_web::dev::HttpServiceFactory;
use tokio::sync::Notify;

pub use self::faults::{Fault, FaultAction, Faults};
pub use self::file::VERSION;
use self::keys::{Identity, Keys};
use self::minting::Minting;
use self::money::Money;
pub use self::settings::{Generations, HardLimit, KeyTimes, Kind, Settings};
use crate::file::File;
use system::NoRandomness;
use system::clock::Clock;
use taler::base32::HashCode;
use taler::sign::PublicKey;
use taler::time::Timestamp;
use taler::web::BaseUrl;

/// The text of one statement, by the places of its files below `sql/sandbox/`.
macro_rules! sql {
    ($name:literal $(+ $more:literal)*) => {
        system::statement!("/sql/sandbox/", $name $(+ $more)*)
    };
}
use sql;

/// Why a sandbox cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The currency is worth something; which it is.
    #[error("the sandbox deals in KUDOS and TESTKUDOS only, not in {0}")]
    RealMoney(String),
    /// A setting is invalid; the sentence says which.
    #[error("the sandbox cannot be set up so: {0}")]
    Setting(&'static str),
    /// The file is there, but is no sandbox.
    #[error("{0} is no sandbox of tilld")]
    Foreign(PathBuf),
    /// The file was written by a newer tilld.
    #[error("{0} was written by a newer tilld")]
    Newer(PathBuf),
    /// The file was written by a development version, before the first release.
    #[error("{0} was written by a development version of tilld, from before 0.1.0; move it away")]
    Unreleased(PathBuf),
    /// The file is that of a sandbox with another currency; which.
    #[error("the sandbox there deals in {0}")]
    OtherCurrency(String),
    /// The file cannot be made or opened.
    #[error("cannot open {0}: {1}")]
    Open(PathBuf, std::io::Error),
    /// Another process has the file open.
    #[error("{0} is in use")]
    InUse(PathBuf),
    /// The file cannot have a write-ahead log where it lies.
    #[error("{0} cannot have a write-ahead log")]
    NoLog(PathBuf),
    /// SQLite could not do it.
    #[error("database of the sandbox: {0}")]
    Sqlite(#[from] rusqlite::Error),
    /// The machine has no randomness for keys.
    #[error("{}", NoRandomness)]
    NoRandomness,
    /// The file holds a key that is none.
    #[error("the sandbox's file holds a key that is none")]
    BadKey,
}

impl Error {
    /// Whether the sandbox's file itself is what cannot be used.
    pub const fn is_unusable(&self) -> bool {
        matches!(
            self,
            Self::Foreign(_)
                | Self::Newer(_)
                | Self::Unreleased(_)
                | Self::OtherCurrency(_)
                | Self::Open(..)
                | Self::NoLog(_)
                | Self::BadKey
        )
    }
}

impl From<NoRandomness> for Error {
    fn from(NoRandomness: NoRandomness) -> Self {
        Self::NoRandomness
    }
}

/// An exchange of play money. Cheap to clone; all clones are one exchange.
#[derive(Clone)]
pub struct Sandbox(Arc<Inner>);

struct Inner {
    settings: Settings,
    clock: Clock,
    money: Money,
    file: File,
    identity: Identity,
    keys: Mutex<Arc<Keys>>,
    minting: Arc<Minting>,
    faults: Mutex<Faults>,
    /// How often it was asked what it has wired.
    questions: AtomicU64,
    /// Wakes those who wait for money in a reserve; whichever it is.
    topped_up: Notify,
    /// How many wait for that.
    waiting: AtomicUsize,
}

impl Sandbox {
    /// Opens the sandbox in `file`, making it if there is none. The master key is there at once and
    /// stays the same; denominations are made in the background the first time, and until they are,
    /// `/keys` says 503. Nobody else can have the file open.
    ///
    /// # Errors
    /// Every way in which settings or file can be unfit has its own [`Error`].
    pub fn open(file: &Path, settings: Settings, clock: Clock) -> Result<Self, Error> {
        settings.check()?;
        let money = Money(settings.currency);
        let file = file::open(file)?;
        let identity = Identity::of(&file, settings.currency, clock.now())?;
        let keys = Keys::load(&file, money)?;
        let sandbox = Self(Arc::new(Inner {
            settings,
            clock,
            money,
            file,
            identity,
            keys: Mutex::new(Arc::new(keys)),
            minting: Arc::default(),
            faults: Mutex::new(Faults::default()),
            questions: AtomicU64::new(0),
            topped_up: Notify::new(),
            waiting: AtomicUsize::new(0),
        }));
        sandbox.rotate_keys(sandbox.now())?;
        Ok(sandbox)
    }

    /// Where wallets and merchants find it.
    pub fn base_url(&self) -> &BaseUrl {
        &self.0.settings.base_url
    }

    /// The key that signs all others.
    pub fn master_public_key(&self) -> PublicKey {
        self.0.identity.master.public_key()
    }

    /// Whether there are denominations already.
    pub fn has_keys(&self) -> bool {
        !self.keys().denominations.is_empty()
    }

    /// Waits until the denominations that were missing are made. Blocks; a matter of seconds.
    pub fn await_keys(&self) {
        self.0.minting.wait();
    }

    /// Everything that wallets and merchants can reach, to be mounted below any prefix.
    pub fn routes(&self) -> impl HttpServiceFactory + use<> {
        http::routes(self.clone())
    }

    /// How often merchants have asked what became of deposits and what transfers paid for, since it was opened.
    pub fn questions(&self) -> u64 {
        self.0.questions.load(Ordering::Relaxed)
    }

    fn note_question(&self) {
        self.0.questions.fetch_add(1, Ordering::Relaxed);
    }

    /// From now on it misbehaves so; [`Faults::default`] ends it.
    ///
    /// # Errors
    /// [`Error::Setting`] when it could not happen where it is set.
    pub fn misbehave(&self, faults: Faults) -> Result<(), Error> {
        if !faults.make_sense() {
            return Err(Error::Setting("a fault cannot happen where it is set"));
        }
        *lock(&self.0.faults) = faults;
        Ok(())
    }

    /// Revokes a denomination: it is not listed any more, and its coins are refused. `false` if
    /// there is none of this name. Blocks.
    ///
    /// # Errors
    /// [`Error::Sqlite`].
    pub fn revoke(&self, h_denom: &HashCode) -> Result<bool, Error> {
        let revoked = self.0.file.change(|tx| keys::revoke(tx, h_denom))?;
        self.reload()?;
        Ok(revoked)
    }

    fn now(&self) -> Timestamp {
        self.0.clock.now()
    }

    /// The keys as they are now.
    fn keys(&self) -> Arc<Keys> {
        lock(&self.0.keys).clone()
    }
}

impl fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sandbox({})", self.base_url())
    }
}

/// The lock, even if somebody panicked with it: what they left half done in the file is undone, and
/// what is in memory is replaced whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use taler::amount::Currency;

    fn settings(currency: &str) -> Settings {
        let base = BaseUrl::parse("http://127.0.0.1:1/").unwrap();
        let mut settings = Settings::demo(Currency::parse(currency).unwrap(), base).unwrap();
        settings.denominations.truncate(1);
        Settings { key_bits: 1024, ..settings }
    }

    #[test]
    fn a_file_stays_the_same_exchange() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("sandbox.db");
        let open = |currency| Sandbox::open(&file, settings(currency), Clock::system());
        let first = open("KUDOS").unwrap();
        first.await_keys();
        let (master, keys) = (first.master_public_key(), first.keys());
        drop(first);
        let again = open("KUDOS").unwrap();
        assert_eq!(again.master_public_key(), master);
        let name = |keys: &Keys| keys.denominations.first().unwrap().h_denom;
        assert_eq!(name(&again.keys()), name(&keys));
        drop(again);
        assert!(matches!(open("TESTKUDOS"), Err(Error::OtherCurrency(has)) if has == "KUDOS"));
    }

    #[test]
    fn settings_that_make_no_sense_make_no_file() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("sandbox.db");
        let none = Settings { denominations: Vec::new(), ..settings("KUDOS") };
        let small = Settings { key_bits: 512, ..settings("KUDOS") };
        let mixed = Settings { wire_fee: settings("TESTKUDOS").wire_fee, ..settings("KUDOS") };
        for unfit in [none, small, mixed] {
            let refused = Sandbox::open(&file, unfit, Clock::system());
            assert!(matches!(refused, Err(Error::Setting(_))), "{refused:?}");
        }
        assert!(!file.exists());
    }
}
