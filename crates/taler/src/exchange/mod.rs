//! Exchanges as a shop sees them: whom it trusts, what coins they issue, where they pay from
//! (crypto 8 and 14.1).
//!
//! The operator trusts one thing: an exchange's master key. Everything else is in the list that the
//! exchange publishes, [`Keys`], and is believed as far as the master key has signed it. Code
//! that holds a [`Denomination`] or a [`WireAccount`] need not check it again.
//!
//! | module | |
//! | --- | --- |
//! | `keys` | the list, verified, and what can be asked of it |
//! | `verify` | how it is verified, from the master key down |
//! | `answer` | what it looks like on the wire |
//! | `account` | the exchange's bank accounts, and whom they may pay |

mod account;
mod answer;
mod keys;
#[cfg(any(test, feature = "samples"))]
#[expect(clippy::arithmetic_side_effects, reason = "a sum that overflows fails its test")]
pub mod sample;
#[cfg(test)]
#[expect(clippy::arithmetic_side_effects, reason = "a sum that overflows fails its test")]
mod tests;
mod verify;

use super::amount::{Amount, Currency};
use super::time::{RelativeTime, Timestamp};
use super::web::BaseUrl;
use crate::base32::HashCode;
use crate::coin::age::AgeMask;
use crate::coin::denomination::DenominationKey;
use crate::sign::PublicKey;

pub use account::WireAccount;
pub use keys::{Keys, WireFee};
pub use verify::BadKeys;

/// An exchange whose coins the shop takes: the operator's word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trusted {
    /// Where it is.
    pub base_url: BaseUrl,
    /// What its keys are verified with.
    pub master_public_key: PublicKey,
    /// What its coins are in.
    pub currency: Currency,
}

/// An exchange that many shops will want, so that nobody has to know its address by heart. Its key is
/// not here: it is fetched, and compared by the operator with what is published elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownExchange {
    /// Where it is.
    pub base_url: &'static str,
    /// What its coins are in.
    pub currency: &'static str,
    /// The page of its operator, where the key can be compared.
    pub operator: &'static str,
    /// Whether its coins are worth nothing.
    pub is_play_money: bool,
}

/// All of them.
pub const KNOWN_EXCHANGES: &[KnownExchange] = &[
    KnownExchange {
        base_url: "https://exchange.taler-ops.ch/",
        currency: "CHF",
        operator: "https://taler-ops.ch/",
        is_play_money: false,
    },
    KnownExchange {
        base_url: "https://exchange.demo.taler.net/",
        currency: "KUDOS",
        operator: "https://demo.taler.net/",
        is_play_money: true,
    },
];

/// What may be done with coins costs so much, each time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fees {
    /// To get a coin.
    pub withdraw: Amount,
    /// To pay with a coin.
    pub deposit: Amount,
    /// To change a coin.
    pub refresh: Amount,
    /// To give a coin's payment back.
    pub refund: Amount,
}

/// A kind of coin that an exchange issues. The master key has signed all of it, but for
/// `is_lost` and `is_revoked`, which the exchange only says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denomination {
    /// Names the denomination.
    pub h_denom: HashCode,
    /// What its coins are verified with.
    pub key: DenominationKey,
    /// The age groups of its coins.
    pub ages: AgeMask,
    /// What a coin is worth.
    pub value: Amount,
    /// What its coins cost.
    pub fees: Fees,
    /// From when on coins are issued.
    pub start: Timestamp,
    /// Until when coins are issued.
    pub expire_withdraw: Timestamp,
    /// Until when coins can be spent.
    pub expire_deposit: Timestamp,
    /// Until when the key is good as evidence.
    pub expire_legal: Timestamp,
    /// The exchange has lost the private key: no more coins are issued.
    pub is_lost: bool,
    /// The exchange has revoked the key: its coins are worth nothing to a shop.
    pub is_revoked: bool,
}

impl Denomination {
    /// Whether new coins of it are issued at this time.
    pub fn is_issued(&self, at: Timestamp) -> bool {
        !self.is_lost && !self.is_revoked && self.start <= at && at < self.expire_withdraw
    }

    /// Whether its coins can be spent at this time.
    pub fn is_spendable(&self, at: Timestamp) -> bool {
        !self.is_revoked && self.start <= at && at < self.expire_deposit
    }
}

/// How much of something an exchange lets pass before it wants to know with whom it deals.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limit {
    /// What is limited, as `DEPOSIT`, `AGGREGATE`, `TRANSACTION`, `REFUND`.
    pub operation: String,
    /// How much is free within the time.
    pub threshold: Amount,
    /// The time.
    pub timeframe: RelativeTime,
    /// Whether the limit goes away once the exchange knows; otherwise it stays.
    pub is_soft: bool,
}

/// What an exchange reckons that a payment costs: `abs + log·log₂(price / smallest coin) +
/// lin·price`, from which wallets and shops take what fees are usual.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stefan {
    /// What every payment costs.
    pub abs: Amount,
    /// What each doubling of the price costs more.
    pub log: Amount,
    /// Which part of the price it costs; not negative.
    pub lin: f64,
}
