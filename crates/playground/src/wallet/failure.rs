//! The wallet's errors, with messages for its owner.

use std::fmt;
use std::path::PathBuf;

use system::NoRandomness;
use taler::amount::{Amount, AmountError};
use taler::exchange::BadKeys;
use taler::taler_uri::BadUri;
use taler::web::BaseUrl;

/// Why a wallet could not.
#[derive(Debug)]
pub enum Error {
    /// The file is there, but is no wallet.
    Foreign(PathBuf),
    /// The file was written by a newer tilld.
    Newer(PathBuf),
    /// The file was written by a development version, before the first release.
    Unreleased(PathBuf),
    /// The file cannot be made or opened.
    Open(PathBuf, std::io::Error),
    /// The file cannot have a write-ahead log where it lies.
    NoLog(PathBuf),
    /// SQLite could not do it.
    Sqlite(rusqlite::Error),
    /// The file holds something that is not what it should be; what.
    Damaged(&'static str),
    /// The machine has no randomness for keys.
    NoRandomness,
    /// The process is being ended.
    Stopping,
    /// Another call has been busy with the wallet for too long.
    Busy,
    /// The text is no address for wallets, or not for this.
    Uri(BadUri),
    /// Something that was asked is invalid; the sentence says what.
    InvalidField(&'static str),
    /// Amounts cannot be reckoned with: they are too large, or of different currencies.
    Amount(AmountError),
    /// There is no answer from this address; why.
    Unreachable(String, String),
    /// The other side says no: HTTP status, Taler code (0 if there is none), and its words.
    Refused {
        /// The HTTP status.
        status: u16,
        /// The Taler error code; 0 if there is none.
        code: u32,
        /// Why, in the other side's words, made safe to be shown.
        hint: String,
    },
    /// The other side does not keep to the protocol; the sentence says in what.
    Nonsense(&'static str),
    /// The exchange's keys are not to be believed.
    Keys(BaseUrl, BadKeys),
    /// The amount cannot be made of the coins that the exchange issues now.
    NoSuchCoins(Amount),
    /// There is not enough money of an exchange that the shop takes, for this price and its fees.
    Poor(Amount),
    /// The money is there, but in more coins than a payment can have.
    TooManyCoins,
    /// The shop's offer has run out.
    Expired,
    /// The wallet never bought this.
    NotBought,
    /// The payment has arrived, so it cannot be called off.
    AlreadyPaid,
    /// The payment was aborted; why.
    CalledOff(String),
    /// The payment is on its way, and nobody knows yet whether it arrived. It is kept and sent again
    /// with the next call; why it is late.
    Pending(Box<Error>),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Foreign(path) => write!(f, "{} is no wallet of tilld", path.display()),
            Self::Newer(path) => write!(f, "{} was written by a newer tilld", path.display()),
            Self::Unreleased(path) => write!(
                f,
                "{} was written by a development version of tilld, from before 0.1.0; move it away",
                path.display()
            ),
            Self::Open(path, error) => write!(f, "cannot open {}: {error}", path.display()),
            Self::NoLog(path) => write!(f, "{} cannot have a write-ahead log", path.display()),
            Self::Sqlite(error) => write!(f, "database of the wallet: {error}"),
            Self::Damaged(what) => write!(f, "the wallet's file is damaged: {what}"),
            Self::NoRandomness => NoRandomness.fmt(f),
            Self::Stopping => f.write_str("we are stopping"),
            Self::Busy => f.write_str("the wallet is busy; try again"),
            Self::Uri(error) => error.fmt(f),
            Self::InvalidField(what) => f.write_str(what),
            Self::Amount(error) => error.fmt(f),
            Self::Unreachable(url, why) => write!(f, "no answer from {url}: {why}"),
            Self::Refused { status, code, hint } => {
                f.write_str("refused")?;
                if !hint.is_empty() {
                    write!(f, ": {hint}")?;
                }
                match code {
                    0 => write!(f, " [{status}]"),
                    code => write!(f, " [{status}/{code}]"),
                }
            }
            Self::Nonsense(what) => write!(f, "not believed: {what}"),
            Self::Keys(url, error) => write!(f, "the exchange {url} is not believed: {error}"),
            Self::NoSuchCoins(amount) => {
                write!(f, "the exchange has no coins that make {amount}; try another amount")
            }
            Self::Poor(price) => {
                write!(f, "not enough money for {price} from an exchange that the shop takes")
            }
            Self::TooManyCoins => f.write_str("the coins are too small for this price"),
            Self::Expired => f.write_str("the shop's offer has run out"),
            Self::NotBought => f.write_str("this wallet has not paid for that order"),
            Self::AlreadyPaid => f.write_str(
                "that order is paid, and a payment that has arrived cannot be called off; the shop can \
                 refund it, and then: tilld wallet refund",
            ),
            Self::CalledOff(why) => write!(f, "the payment was called off: {why}"),
            Self::Pending(why) => {
                write!(f, "the payment is on its way, and goes on with the next command ({why})")
            }
        }
    }
}

impl std::error::Error for Error {}

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

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl From<AmountError> for Error {
    fn from(error: AmountError) -> Self {
        Self::Amount(error)
    }
}

impl From<NoRandomness> for Error {
    fn from(NoRandomness: NoRandomness) -> Self {
        Self::NoRandomness
    }
}

impl From<BadUri> for Error {
    fn from(error: BadUri) -> Self {
        Self::Uri(error)
    }
}
