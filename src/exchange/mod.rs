//! The HTTP client of one exchange (crypto 14).
//!
//! It fetches the exchange's keys, deposits coins, and refunds them. It accepts
//! only signed answers: the keys are verified from the master key down, and a deposit
//! counts only with a valid confirmation. Transient failures (a time-out, a server that restarts) are
//! retried, unchanged, within a bounded time; all requests here are idempotent.
//!
//! It stores nothing on disk; its caller stores the keys.
//!
//! | module | |
//! | --- | --- |
//! | `client` | one request: its limits, its repetitions |
//! | `key_cache` | the keys: fetched at need, kept for a while |
//! | `inspect` | the keys, fetched once and not cached |
//! | `reach` | whether it answers, said in the log when that changes |
//! | `meaning` | what a failure means, and whether it is for good |
//! | `deposit`, `refund`, `question`, `transfer`, `kyc_check` | what is asked of an exchange, and how its answer is checked |

mod client;
mod deposit;
#[cfg(test)]
mod fake_exchange;
mod inspect;
mod key_cache;
mod kyc_check;
mod meaning;
mod question;
mod reach;
#[cfg(test)]
mod real;
mod refund;
#[cfg(test)]
mod tests;
mod transfer;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use serde_json::Value;

use system::clock::Clock;
use taler::exchange::{BadKeys, Keys, Trusted};
use taler::sign::PublicKey;
use taler::time::Timestamp;

pub use client::{Http, Times};
pub use deposit::{Deposit, DepositConfirmed, MAX_COINS, NotConfirmed, Sendings};
pub use inspect::{Inspection, introduce};
pub use key_cache::{KeyState, PersistedKeys};
pub use kyc_check::{KEY_DIFFERS, KycState};
pub use meaning::{ANSWERED, ErrorKind, NO_SUCH_THING, NOT_YET, says_wired};
pub use question::{DEPOSIT_UNKNOWN, DepositState, NotWired, WhichDeposit, WiredDeposit};
pub use refund::{CoinRefund, RefundConfirmed};
pub use transfer::{KnownDeposit, ReportedDeposit, TransferFault, TransferReport, TransferTarget};

/// One exchange. Cheap to clone; all clones share its keys.
#[derive(Clone)]
pub struct Exchange(Arc<Inner>);

struct Inner {
    trusted: Trusted,
    http: Http,
    clock: Clock,
    key_cache: key_cache::KeyCache,
    /// Whether the last request went without an answer; see `reach`.
    is_silent: AtomicBool,
}

/// Why an exchange did not do what it was asked to.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Error {
    /// It did not answer in time, several times. What was asked may have happened.
    #[error("it did not answer in time")]
    Timeout,
    /// It cannot be reached; why.
    #[error("it is unreachable: {0}")]
    Unreachable(String),
    /// It answered something that is not JSON, with this HTTP status: a proxy, most likely.
    #[error("it answered {status} with something that is not JSON")]
    NotJson {
        /// The HTTP status.
        status: u16,
    },
    /// Its answer was larger than any good one is.
    #[error("its answer is too large")]
    TooLarge,
    /// It said no.
    #[error("it answered {status}{}", .code.map_or_else(String::new, |code| format!(", code {code}")))]
    Refused {
        /// The HTTP status.
        status: u16,
        /// Taler's code for the reason, if it gave one.
        code: Option<u32>,
        /// Its whole answer, in which there may be proof for the customer. At most 256 kB.
        reply: Value,
    },
    /// It said yes, but without what belongs to it; what is wrong.
    #[error("its answer is invalid: {0}")]
    Malformed(String),
    /// Its keys are not to be believed.
    #[error("{0}")]
    Keys(#[from] BadKeys),
    /// Its answer is signed by a key that is not among its signing keys, or not for this time.
    #[error("its answer is signed by {0}, which is not one of its signing keys")]
    UnknownSigningKey(PublicKey),
    /// Its signature does not hold for what was asked. It may have happened all the same.
    #[error("the signature of its answer is invalid")]
    Unconfirmed,
    /// What was to be asked is invalid; nothing was sent.
    #[error("{0}")]
    InvalidField(&'static str),
}

impl Error {
    /// Whether the same request may fare better later, so that nothing is decided yet.
    pub const fn may_pass(&self) -> bool {
        match self {
            Self::Timeout
            | Self::Unreachable(_)
            | Self::Malformed(_)
            | Self::UnknownSigningKey(_)
            | Self::Unconfirmed => true,
            // An exchange that has moved stays where it is.
            Self::NotJson { status } => !matches!(*status, 300..=399),
            Self::Refused { status, .. } => *status >= 500 || matches!(*status, 408 | 425 | 429),
            Self::TooLarge | Self::Keys(_) | Self::InvalidField(_) => false,
        }
    }

    /// The HTTP status of the answer, if there was one.
    pub const fn status(&self) -> Option<u16> {
        match self {
            Self::NotJson { status } | Self::Refused { status, .. } => Some(*status),
            Self::Malformed(_)
            | Self::Keys(_)
            | Self::UnknownSigningKey(_)
            | Self::Unconfirmed
            | Self::TooLarge => Some(200),
            Self::Timeout | Self::Unreachable(_) | Self::InvalidField(_) => None,
        }
    }

    /// Its own words, if it refused in JSON.
    pub const fn reply(&self) -> Option<&Value> {
        match self {
            Self::Refused { reply, .. } => Some(reply),
            Self::Timeout
            | Self::Unreachable(_)
            | Self::NotJson { .. }
            | Self::TooLarge
            | Self::Malformed(_)
            | Self::Keys(_)
            | Self::UnknownSigningKey(_)
            | Self::Unconfirmed
            | Self::InvalidField(_) => None,
        }
    }

    /// Taler's code, if the exchange gave one.
    pub const fn code(&self) -> Option<u32> {
        match self {
            Self::Refused { code, .. } => *code,
            Self::Timeout
            | Self::Unreachable(_)
            | Self::NotJson { .. }
            | Self::TooLarge
            | Self::Malformed(_)
            | Self::Keys(_)
            | Self::UnknownSigningKey(_)
            | Self::Unconfirmed
            | Self::InvalidField(_) => None,
        }
    }
}

impl fmt::Debug for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Exchange({})", self.0.trusted.base_url)
    }
}

impl Exchange {
    /// The exchange that the operator trusts, asked through `http`. `remembered` is what an
    /// earlier process was given to keep; it is verified anew when keys are first wanted, and
    /// ignored if it is not good. `remember` is called with every list that is fetched, on a thread
    /// that may block.
    pub fn new(
        trusted: Trusted,
        http: Http,
        clock: Clock,
        remembered: Option<PersistedKeys>,
        remember: impl Fn(&PersistedKeys) + Send + Sync + 'static,
    ) -> Self {
        let key_cache = key_cache::KeyCache::new(remembered, Arc::new(remember));
        let is_silent = AtomicBool::new(false);
        Self(Arc::new(Inner { trusted, http, clock, key_cache, is_silent }))
    }

    /// What the operator trusts.
    pub fn trusted(&self) -> &Trusted {
        &self.0.trusted
    }

    /// Asks for something below the exchange's address.
    fn url(&self, segments: &[&str]) -> String {
        self.trusted().base_url.join(segments)
    }

    /// Checks that this is one of the exchange's signing keys, now or (for a repeated answer) then. If not,
    /// the keys are asked for again, once.
    async fn verify_signing_key(
        &self,
        keys: &Keys,
        key: &PublicKey,
        then: Timestamp,
    ) -> Result<(), Error> {
        let now = self.0.clock.now();
        if signs(keys, key, now, then) {
            return Ok(());
        }
        let newer = self.newer_keys().await?;
        match signs(&newer, key, now, then) {
            true => Ok(()),
            false => Err(Error::UnknownSigningKey(*key)),
        }
    }
}

/// Whether `key` signs now, or did `then` and still counts.
fn signs(keys: &Keys, key: &PublicKey, now: Timestamp, then: Timestamp) -> bool {
    keys.signing_key(key, now) || (keys.signing_key(key, then) && keys.is_evidence(key, now))
}
