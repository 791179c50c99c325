//! The money's way from an exchange to the shop's bank account (settlement 1).
//!
//! Three facts about a transfer are independent: that an exchange has named it for a coin (*expected*), that it
//! was seen on the account (*confirmed*), and that the exchange's signed list of what it paid for fits what the
//! shop knows (*verified*).

use taler::sign::PublicKey;

/// Names a bank account inside the store.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct AccountSerial(pub i64);

/// Names a transfer that an exchange has named, or that it was asked about.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct ExpectedTransferSerial(pub i64);

/// Names a transfer that has arrived.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct TransferSerial(pub i64);

/// By what it is known that a transfer has arrived.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum TransferSource {
    /// A program of the shop's has said so.
    Api,
}

impl TransferSource {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Api => "api",
        }
    }
}

/// State of what an exchange has to wire for one order.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum SettlementState {
    /// It has not wired all, as far as is known.
    Open,
    /// It has wired all.
    Wired,
    /// It wires nothing: all was refunded, or the shop was deleted.
    Nothing,
}

impl SettlementState {
    /// The number of it, as it is kept.
    pub const fn number(self) -> i64 {
        match self {
            Self::Open => 0,
            Self::Wired => 1,
            Self::Nothing => 2,
        }
    }

    /// The state of this number.
    pub const fn of(number: i64) -> Option<Self> {
        match number {
            0 => Some(Self::Open),
            1 => Some(Self::Wired),
            2 => Some(Self::Nothing),
            _ => None,
        }
    }
}

/// What is wrong with money that an exchange has to wire.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Trouble {
    /// Taler's code for it.
    pub code: u32,
    /// The coin that it is about, if it is about one.
    pub coin: Option<PublicKey>,
    /// HTTP status of the exchange's answer, if it gave one.
    pub status: Option<u16>,
    /// The exchange's own code, if it gave one.
    pub exchange_code: Option<u32>,
}

/// The exchange's keys are missing.
pub const AWAITING_KEYS: u32 = 2258;
/// The exchange has not wired yet what is due.
pub const AWAITING_LIST: u32 = 2259;
/// The address is not that of an exchange that the shop trusts.
pub const NO_EXCHANGE: u32 = 2260;
/// The exchange does not know the transfer.
pub const TRANSFER_NOT_FOUND: u32 = 2261;
/// The exchange asks for fewer requests.
pub const RATE_LIMITED: u32 = 2262;
/// The exchange does not answer, or not now.
pub const TRANSIENT_FAILURE: u32 = 2263;
/// The exchange's answer cannot be accepted.
pub const HARD_FAILURE: u32 = 2264;
/// The exchange signs with a key that is not among its keys.
pub const SIGNING_KEY_UNKNOWN: u32 = 2029;
/// What arrived is not what the exchange says to have transferred.
pub const AMOUNTS_DIFFER: u32 = 2552;
/// The exchange contradicts itself about a coin.
pub const CONFLICTING_REPORTS: u32 = 2553;
/// What the exchange says of a coin or transfer is not what the shop knows.
pub const CONFLICTING_TRANSFERS: u32 = 2563;
/// The exchange wants to know more of the shop before it wires (its own code).
pub const KYC_REQUIRED: u32 = 1028;

/// What is wrong, in words for the shop.
pub const fn hint(code: u32) -> &'static str {
    match code {
        AWAITING_KEYS => "the exchange's keys are missing",
        AWAITING_LIST => "the exchange has not wired the money yet",
        NO_EXCHANGE => "the exchange is not among the trusted ones",
        TRANSFER_NOT_FOUND => "the exchange does not know the transfer",
        RATE_LIMITED => "the exchange asks for fewer requests",
        TRANSIENT_FAILURE => "the exchange does not answer at present",
        HARD_FAILURE => "the exchange's answer cannot be accepted",
        SIGNING_KEY_UNKNOWN => "the exchange's answer is signed by an unknown key",
        2014 => "the deposits of the transfer do not add up to its total",
        AMOUNTS_DIFFER => "what arrived is not what the exchange says to have transferred",
        CONFLICTING_REPORTS => "the exchange contradicts itself about a coin",
        2554 => "the wire fee is not the one that the exchange publishes",
        2558 => "the transfer went to another account",
        CONFLICTING_TRANSFERS => "the exchange's list is not what the shop knows",
        _ => "the money has not arrived as it should",
    }
}
