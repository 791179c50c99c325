//! The wallet's errors, with messages for its owner.

use std::path::PathBuf;

use system::NoRandomness;
use taler::amount::{Amount, AmountError};
use taler::exchange::BadKeys;
use taler::taler_uri::BadUri;
use taler::web::BaseUrl;

/// Why a wallet could not.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file is there, but is no wallet.
    #[error("{0} is no wallet of tilld")]
    Foreign(PathBuf),
    /// The file was written by a newer tilld.
    #[error("{0} was written by a newer tilld")]
    Newer(PathBuf),
    /// The file was written by a development version, before the first release.
    #[error("{0} was written by a development version of tilld, from before 0.1.0; move it away")]
    Unreleased(PathBuf),
    /// The file cannot be made or opened.
    #[error("cannot open {0}: {1}")]
    Open(PathBuf, std::io::Error),
    /// The file cannot have a write-ahead log where it lies.
    #[error("{0} cannot have a write-ahead log")]
    NoLog(PathBuf),
    /// SQLite could not do it.
    #[error("database of the wallet: {0}")]
    Sqlite(#[from] rusqlite::Error),
    /// The file holds something that is not what it should be; what.
    #[error("the wallet's file is damaged: {0}")]
    Damaged(&'static str),
    /// The machine has no randomness for keys.
    #[error("{}", NoRandomness)]
    NoRandomness,
    /// The process is being ended.
    #[error("we are stopping")]
    Stopping,
    /// Another call has been busy with the wallet for too long.
    #[error("the wallet is busy; try again")]
    Busy,
    /// The text is no address for wallets, or not for this.
    #[error("{0}")]
    Uri(#[from] BadUri),
    /// Something that was asked is invalid; the sentence says what.
    #[error("{0}")]
    InvalidField(&'static str),
    /// Amounts cannot be reckoned with: they are too large, or of different currencies.
    #[error("{0}")]
    Amount(#[from] AmountError),
    /// There is no answer from this address; why.
    #[error("no answer from {0}: {1}")]
    Unreachable(String, String),
    /// The other side says no: HTTP status, Taler code (0 if there is none), and its words.
    #[error("refused{} [{status}{}]", words(.hint), number(.code))]
    Refused {
        /// The HTTP status.
        status: u16,
        /// The Taler error code; 0 if there is none.
        code: u32,
        /// Why, in the other side's words, made safe to be shown.
        hint: String,
    },
    /// The other side does not keep to the protocol; the sentence says in what.
    #[error("not believed: {0}")]
    Nonsense(&'static str),
    /// The exchange's keys are not to be believed.
    #[error("the exchange {0} is not believed: {1}")]
    Keys(BaseUrl, BadKeys),
    /// The amount cannot be made of the coins that the exchange issues now.
    #[error("the exchange has no coins that make {0}; try another amount")]
    NoSuchCoins(Amount),
    /// There is not enough money of an exchange that the shop takes, for this price and its fees.
    #[error("not enough money for {0} from an exchange that the shop takes")]
    Poor(Amount),
    /// The money is there, but in more coins than a payment can have.
    #[error("the coins are too small for this price")]
    TooManyCoins,
    /// The shop's offer has run out.
    #[error("the shop's offer has run out")]
    Expired,
    /// The wallet never bought this.
    #[error("this wallet has not paid for that order")]
    NotBought,
    /// The payment has arrived, so it cannot be called off.
    #[error(
        "that order is paid, and a payment that has arrived cannot be called off; the shop can \
         refund it, and then: tilld wallet refund"
    )]
    AlreadyPaid,
    /// The payment was aborted; why.
    #[error("the payment was called off: {0}")]
    CalledOff(String),
    /// The payment is on its way, and nobody knows yet whether it arrived. It is kept and sent again
    /// with the next call; why it is late.
    #[error("the payment is on its way, and goes on with the next command ({0})")]
    Pending(Box<Error>),
}

/// The other side's words, behind a colon, if there are any.
fn words(hint: &str) -> String {
    if hint.is_empty() { String::new() } else { format!(": {hint}") }
}

/// The Taler code, behind a slash, if there is one.
fn number(code: &u32) -> String {
    if *code == 0 { String::new() } else { format!("/{code}") }
}

impl Error {
    /// Whether the wallet's file itself is what cannot be used.
    pub const fn is_unusable(&self) -> bool {
        matches!(
            self,
            Self::Foreign(_)
                | Self::Newer(_)
                | Self::Unreleased(_)
                | Self::Open(..)
                | Self::NoLog(_)
                | Self::Damaged(_)
        )
    }
}

impl From<NoRandomness> for Error {
    fn from(NoRandomness: NoRandomness) -> Self {
        Self::NoRandomness
    }
}
