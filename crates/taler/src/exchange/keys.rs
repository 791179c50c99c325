//! The list of an exchange's keys, fees and accounts, verified.

use std::collections::{BTreeMap, BTreeSet};

use super::{BadKeys, Denomination, Limit, Stefan, Trusted, WireAccount, verify};
use crate::amount::Amount;
use crate::base32::HashCode;
use crate::payto::Payto;
use crate::sign::PublicKey;
use crate::time::{RelativeTime, Timestamp};
use crate::web::BaseUrl;

/// How far the clocks of an exchange and ours may be apart (crypto 8.1): an hour.
const SKEW_S: u64 = 3600;

/// What an exchange says of itself in `GET /keys`, as far as its master key has signed it.
#[derive(Clone, Debug)]
pub struct Keys {
    pub(super) version: String,
    pub(super) issued: Timestamp,
    pub(super) signing_keys: Vec<SigningKey>,
    pub(super) denominations: BTreeMap<HashCode, Denomination>,
    pub(super) left_out: usize,
    pub(super) accounts: Vec<WireAccount>,
    pub(super) wire_fees: BTreeMap<String, Vec<WireFee>>,
    pub(super) hard_limits: Vec<Limit>,
    pub(super) zero_limits: Vec<String>,
    pub(super) stefan: Option<Stefan>,
    pub(super) tiny_amount: Option<Amount>,
}

/// A key by which an exchange signs its answers.
#[derive(Clone, Copy, Debug)]
pub(super) struct SigningKey {
    pub(super) key: PublicKey,
    pub(super) start: Timestamp,
    pub(super) expire: Timestamp,
    pub(super) end: Timestamp,
}

/// What transfers by a wire method cost for a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WireFee {
    /// From when on.
    pub start: Timestamp,
    /// Until when.
    pub end: Timestamp,
    /// What a transfer to a shop costs.
    pub wire_fee: Amount,
    /// What a transfer of unspent money back to a customer costs.
    pub closing_fee: Amount,
}

impl Keys {
    /// Reads the answer to `GET /keys` and verifies it from the master key down.
    ///
    /// Takes a few milliseconds for each hundred denominations: not for a thread that others wait
    /// for.
    ///
    /// # Errors
    /// [`BadKeys`]: it is no such answer, or not of the exchange that is trusted, or something in it
    /// is not signed as it must be. A single denomination whose signature does not hold is left out
    /// instead, as one that nobody can use.
    pub fn read(trusted: &Trusted, json: &[u8]) -> Result<Self, BadKeys> {
        verify::read(trusted, json)
    }

    /// Reads the answer to `GET /keys` of an exchange at `base_url` that nobody trusts yet: by which
    /// master key, and in which currency, it says of itself what it says. All of it is verified from
    /// that master key down; whether the key is the right one is for the operator to compare.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn introduce(base_url: &BaseUrl, json: &[u8]) -> Result<(Trusted, Self), BadKeys> {
        let trusted = verify::introduction(base_url, json)?;
        let keys = verify::read(&trusted, json)?;
        Ok((trusted, keys))
    }

    /// The version of the protocol that the exchange speaks: `current:revision:age`.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Of when the list is, as the exchange says.
    pub const fn issued(&self) -> Timestamp {
        self.issued
    }

    /// The denomination that goes by this hash.
    pub fn denomination(&self, h_denom: &HashCode) -> Option<&Denomination> {
        self.denominations.get(h_denom)
    }

    /// All denominations, in no order that means anything.
    pub fn denominations(&self) -> impl ExactSizeIterator<Item = &Denomination> {
        self.denominations.values()
    }

    /// How many denominations were left out because the master key has not signed them, or
    /// because they are invalid.
    pub const fn left_out(&self) -> usize {
        self.left_out
    }

    /// Whether the exchange signs with this key at this time, give or take an hour.
    pub fn signing_key(&self, key: &PublicKey, at: Timestamp) -> bool {
        self.signing_keys
            .iter()
            .any(|known| known.key == *key && lies(at, known.start, known.expire))
    }

    /// Whether signatures by this key still count as evidence at this time, give or take an hour:
    /// it signs, or did.
    pub fn is_evidence(&self, key: &PublicKey, at: Timestamp) -> bool {
        self.signing_keys.iter().any(|known| known.key == *key && lies(at, known.start, known.end))
    }

    /// Whether the exchange has any key to sign with at this time, give or take an hour. If not, a
    /// newer list is needed before anything it says can be believed.
    pub fn can_sign(&self, at: Timestamp) -> bool {
        self.signing_keys.iter().any(|known| lies(at, known.start, known.expire))
    }

    /// The accounts that the exchange pays from.
    pub fn accounts(&self) -> &[WireAccount] {
        &self.accounts
    }

    /// The wire methods of those accounts, such as `iban`: it pays to accounts of the same ones.
    pub fn wire_methods(&self) -> BTreeSet<String> {
        self.accounts.iter().map(|account| account.payto.wire_method().to_owned()).collect()
    }

    /// Whether any of the exchange's accounts can pay `shop`.
    pub fn may_pay(&self, shop: &Payto) -> bool {
        self.accounts.iter().any(|account| account.may_pay(shop))
    }

    /// What transfers by this wire method cost at this time; `None` if the exchange does not say.
    pub fn wire_fee(&self, method: &str, at: Timestamp) -> Option<&WireFee> {
        self.wire_fees.get(method)?.iter().find(|fee| fee.start <= at && at < fee.end)
    }

    /// Amounts beyond which the exchange refuses, or wants to know with whom it deals.
    pub fn hard_limits(&self) -> &[Limit] {
        &self.hard_limits
    }

    /// The most that one shop may be paid with the exchange's coins at a time, whichever shop it is; `None`
    /// if there is no such limit.
    pub fn most_deposited(&self) -> Option<Amount> {
        self.most(&["DEPOSIT", "TRANSACTION"])
    }

    /// The most that one shop may give back to the exchange's coins at a time; `None` if there is no
    /// such limit.
    pub fn most_refunded(&self) -> Option<Amount> {
        self.most(&["REFUND"])
    }

    /// The lowest limit of these operations that does not go away whatever the exchange knows. What
    /// is beyond it is beyond it in any time, so that the time does not matter here.
    fn most(&self, operations: &[&str]) -> Option<Amount> {
        let hard = self.hard_limits.iter().filter(|limit| !limit.is_soft);
        let meant = hard.filter(|limit| operations.contains(&limit.operation.as_str()));
        // All are of one currency.
        meant
            .map(|limit| limit.threshold)
            .min_by_key(|threshold| (threshold.value(), threshold.fraction()))
    }

    /// Operations of which nothing is allowed before the exchange knows with whom it deals.
    pub fn zero_limits(&self) -> &[String] {
        &self.zero_limits
    }

    /// The smallest amount that the exchange sees fit to transfer, such as to show whose an account
    /// is; `None` if it does not say.
    pub const fn tiny_amount(&self) -> Option<&Amount> {
        self.tiny_amount.as_ref()
    }

    /// What payments are reckoned to cost; `None` if the exchange does not say.
    pub const fn stefan(&self) -> Option<&Stefan> {
        self.stefan.as_ref()
    }
}

/// Whether `at` lies from `start` to `end`, give or take an hour.
fn lies(at: Timestamp, start: Timestamp, end: Timestamp) -> bool {
    let later = |time: Timestamp| {
        time.saturating_add(RelativeTime::from_secs(SKEW_S).unwrap_or(RelativeTime::ZERO))
    };
    start <= later(at) && at < later(end)
}
