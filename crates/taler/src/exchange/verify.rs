//! How an exchange's list is verified, from the master key down (crypto 8.1 to 8.6, 14.1).

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::answer::{self, Answer};
use super::keys::{Keys, SigningKey, WireFee};
use super::{Denomination, Fees, Limit, Stefan, Trusted, WireAccount};
use crate::amount::{Amount, Currency};
use crate::base32::HashCode;
use crate::canonical;
use crate::coin::age::AgeMask;
use crate::coin::denomination::DenominationKey;
use crate::payto::Payto;
use crate::sign::exchange::{
    Account, DenominationValidity, GlobalFees, KeySet, SigningKeyValidity, WireFees,
};
use crate::sign::{PublicKey, Signature, Statement};
use crate::time::Timestamp;
use crate::web::BaseUrl;

/// The oldest protocol that we speak: since 17 the accounts stand in the list.
const OLDEST: u32 = 17;
/// The newest protocol that we know.
const NEWEST: u32 = 30;

/// Most denominations in a list. Exchanges have some hundreds; each takes about two kilobytes.
const MAX_DENOMINATIONS: usize = 8192;
/// Most signing keys, accounts, wire methods and the like in a list; of limits, so many are read.
const MAX_OTHERS: usize = 1024;
/// Most restrictions of an account, in each direction.
const MAX_RESTRICTIONS: usize = 64;
/// Most characters of a text of the exchange's that we repeat.
const MAX_QUOTE: usize = 80;

/// Why an exchange's list is not believed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadKeys {
    /// It is not what `GET /keys` answers; what is wrong.
    #[error("its keys cannot be read: {0}")]
    Shape(String),
    /// It has more of something than we look at.
    #[error("its keys have too many {0}")]
    TooMany(&'static str),
    /// The exchange speaks no version of the protocol that we do.
    #[error("it speaks version {0} of the protocol, we {oldest} to {newest}", oldest = OLDEST, newest = NEWEST)]
    Version(String),
    /// The exchange says that it is another one, at this address.
    #[error("it calls itself {0}")]
    BaseUrl(String),
    /// The exchange's coins are in this other currency.
    #[error("its currency is {0}")]
    Currency(String),
    /// The exchange's master key is another one.
    #[error("its master public key is {0}")]
    MasterKey(PublicKey),
    /// Something is not signed by whom it must be.
    #[error("{0} is not signed as it must be")]
    Unsigned(&'static str),
    /// No denomination in it can be used.
    #[error("it has no denomination that can be used")]
    NoDenomination,
    /// None of its signing keys signs now, so that nothing the exchange says could be believed.
    #[error("none of its signing keys is good now")]
    NoSigningKey,
}

/// Reads and verifies; see [`Keys::read`].
pub(super) fn read(trusted: &Trusted, json: &[u8]) -> Result<Keys, BadKeys> {
    let answer: Answer<'_> = serde_json::from_slice(json).map_err(shape)?;
    check_identity(trusted, &answer)?;
    let master = trusted.master_public_key;
    let signing_keys = signing_keys(&master, &answer.signkeys)?;
    let list = Denominations::read(trusted, &answer)?;
    check_list(&answer, &signing_keys, &list.master_sigs)?;
    check_global_fees(&master, &answer.global_fees)?;
    let wire_fees = wire_fees(trusted, answer.wire_fees)?;
    let accounts = accounts(&master, answer.accounts)?;
    let hard_limits = understood(&answer.hard_limits).map(|limit: answer::Limit<'_>| Limit {
        operation: limit.operation_type.into(),
        threshold: limit.threshold,
        timeframe: limit.timeframe,
        is_soft: limit.soft_limit,
    });
    let hard_limits = hard_limits.filter(|limit| *limit.threshold.currency() == trusted.currency);
    let zero_limits = understood(&answer.zero_limits)
        .map(|limit: answer::ZeroLimit<'_>| limit.operation_type.into());
    let stefan = match (answer.stefan_abs, answer.stefan_log, answer.stefan_lin) {
        (Some(abs), Some(log), Some(lin)) => {
            let sensible = [abs, log].iter().all(|amount| *amount.currency() == trusted.currency)
                && lin.is_finite()
                && lin >= 0.0;
            sensible.then_some(Stefan { abs, log, lin })
        }
        _ => None,
    };
    Ok(Keys {
        version: answer.version.into(),
        issued: answer.list_issue_date,
        signing_keys,
        denominations: list.good,
        left_out: list.left_out,
        accounts,
        wire_fees,
        hard_limits: hard_limits.collect(),
        zero_limits: zero_limits.collect(),
        stefan,
        tiny_amount: answer.tiny_amount.filter(|tiny| *tiny.currency() == trusted.currency),
    })
}

/// Whom an exchange at `base_url` says that it is. Nothing of it is verified.
pub(super) fn introduction(base_url: &BaseUrl, json: &[u8]) -> Result<Trusted, BadKeys> {
    #[derive(Deserialize)]
    struct Introduction<'a> {
        #[serde(borrow)]
        currency: answer::Text<'a>,
        master_public_key: PublicKey,
    }
    let Introduction { currency, master_public_key } =
        serde_json::from_slice(json).map_err(shape)?;
    let currency = Currency::parse(&currency).map_err(|_| BadKeys::Currency(quote(&currency)))?;
    Ok(Trusted { base_url: base_url.clone(), master_public_key, currency })
}

/// Checks that it is the exchange that is trusted, and that it speaks a version that we do.
fn check_identity(trusted: &Trusted, answer: &Answer<'_>) -> Result<(), BadKeys> {
    if !speaks(&answer.version) {
        return Err(BadKeys::Version(quote(&answer.version)));
    }
    if BaseUrl::parse(&*answer.base_url).ok().as_ref() != Some(&trusted.base_url) {
        return Err(BadKeys::BaseUrl(quote(&answer.base_url)));
    }
    if Currency::parse(&answer.currency).ok() != Some(trusted.currency) {
        return Err(BadKeys::Currency(quote(&answer.currency)));
    }
    if answer.master_public_key != trusted.master_public_key {
        return Err(BadKeys::MasterKey(answer.master_public_key));
    }
    Ok(())
}

/// Whether we and an exchange of this version have one in common (crypto 14).
fn speaks(version: &str) -> bool {
    let mut parts = version.splitn(3, ':').map(|part| part.parse::<u32>().ok());
    let (Some(Some(current)), Some(Some(_)), Some(Some(age))) =
        (parts.next(), parts.next(), parts.next())
    else {
        return false;
    };
    current >= OLDEST && current.saturating_sub(age) <= NEWEST && age <= current
}

fn signing_keys(
    master: &PublicKey,
    list: &[answer::SigningKey],
) -> Result<Vec<SigningKey>, BadKeys> {
    at_most(MAX_OTHERS, list.len(), "signing keys")?;
    let verified = list.iter().map(|key| {
        let statement = SigningKeyValidity {
            start_us: key.stamp_start.to_micros(),
            expire_us: key.stamp_expire.to_micros(),
            end_us: key.stamp_end.to_micros(),
            key: key.key,
        };
        signed(statement.verify(master, &key.master_sig), "a signing key")?;
        Ok(SigningKey {
            key: key.key,
            start: key.stamp_start,
            expire: key.stamp_expire,
            end: key.stamp_end,
        })
    });
    verified.collect()
}

/// What came of the list's denominations.
struct Denominations {
    good: BTreeMap<HashCode, Denomination>,
    left_out: usize,
    /// Of all, in the order of the answer: also of those that are left out.
    master_sigs: Vec<Signature>,
}

impl Denominations {
    fn read(trusted: &Trusted, answer: &Answer<'_>) -> Result<Self, BadKeys> {
        at_most(MAX_DENOMINATIONS, answer.denominations.len(), "denominations")?;
        // However many have been revoked over the years: each one left out would be good again.
        let revoked: BTreeSet<HashCode> = answer
            .recoup
            .iter()
            .filter_map(|entry| serde_json::from_str::<answer::Revoked>(entry.get()).ok())
            .map(|revoked| revoked.h_denom_pub)
            .collect();
        let mut all = Self { good: BTreeMap::new(), left_out: 0, master_sigs: Vec::new() };
        for group in &answer.denominations {
            all.add_group(trusted, group, &revoked)?;
        }
        if all.good.is_empty() {
            return Err(BadKeys::NoDenomination);
        }
        Ok(all)
    }

    fn add_group(
        &mut self,
        trusted: &Trusted,
        group: &RawValue,
        revoked: &BTreeSet<HashCode>,
    ) -> Result<(), BadKeys> {
        let any: answer::AnyGroup<'_> = serde_json::from_str(group.get()).map_err(shape)?;
        let count = self.master_sigs.len().saturating_add(any.denoms.len());
        at_most(MAX_DENOMINATIONS, count, "denominations")?;
        let cipher = Cipher::of(&any.cipher);
        let terms = serde_json::from_str::<answer::Group>(group.get())
            .ok()
            .filter(|terms| has_currency(terms, trusted.currency));
        for denomination in any.denoms {
            let answer::AnyDenomination { master_sig } =
                serde_json::from_str(denomination.get()).map_err(shape)?;
            self.master_sigs.push(master_sig);
            // A cipher that is not known is no fault of the exchange's, and not counted.
            let Some((cipher, has_ages)) = cipher else { continue };
            let found = terms.as_ref().and_then(|terms| {
                let ages = match (has_ages, terms.age_mask) {
                    (true, Some(mask)) => AgeMask::new(mask),
                    (true, None) => return None,
                    (false, _) => AgeMask::NONE,
                };
                let found = serde_json::from_str(denomination.get()).ok()?;
                verified(trusted, terms, ages, cipher, found, &master_sig)
            });
            match found {
                Some(mut good) => {
                    good.is_revoked = revoked.contains(&good.h_denom);
                    self.good.entry(good.h_denom).or_insert(good);
                }
                None => self.left_out = self.left_out.saturating_add(1),
            }
        }
        Ok(())
    }
}

/// How a denomination signs.
#[derive(Clone, Copy)]
enum Cipher {
    Rsa,
    Cs,
}

impl Cipher {
    /// The cipher that a group names, and whether its coins have ages.
    fn of(name: &str) -> Option<(Self, bool)> {
        match name {
            "RSA" => Some((Self::Rsa, false)),
            "CS" => Some((Self::Cs, false)),
            "RSA+age_restricted" => Some((Self::Rsa, true)),
            "CS+age_restricted" => Some((Self::Cs, true)),
            _ => None,
        }
    }
}

fn has_currency(terms: &answer::Group, currency: Currency) -> bool {
    let amounts =
        [terms.value, terms.fee_withdraw, terms.fee_deposit, terms.fee_refresh, terms.fee_refund];
    amounts.iter().all(|amount| *amount.currency() == currency)
}

/// The denomination, if the master key has signed it.
fn verified(
    trusted: &Trusted,
    terms: &answer::Group,
    ages: AgeMask,
    cipher: Cipher,
    found: answer::Denomination,
    master_sig: &Signature,
) -> Option<Denomination> {
    let key = match cipher {
        Cipher::Rsa => DenominationKey::Rsa(found.rsa_pub?),
        Cipher::Cs => DenominationKey::Cs(found.cs_pub?),
    };
    let h_denom = key.hash(ages);
    let statement = DenominationValidity {
        master_pub: trusted.master_public_key,
        start_us: found.stamp_start.to_micros(),
        expire_withdraw_us: found.stamp_expire_withdraw.to_micros(),
        expire_deposit_us: found.stamp_expire_deposit.to_micros(),
        expire_legal_us: found.stamp_expire_legal.to_micros(),
        value: terms.value.to_nbo(),
        fee_withdraw: terms.fee_withdraw.to_nbo(),
        fee_deposit: terms.fee_deposit.to_nbo(),
        fee_refresh: terms.fee_refresh.to_nbo(),
        fee_refund: terms.fee_refund.to_nbo(),
        h_denom,
    };
    statement.verify(&trusted.master_public_key, master_sig).then_some(Denomination {
        h_denom,
        key,
        ages,
        value: terms.value,
        fees: Fees {
            withdraw: terms.fee_withdraw,
            deposit: terms.fee_deposit,
            refresh: terms.fee_refresh,
            refund: terms.fee_refund,
        },
        start: found.stamp_start,
        expire_withdraw: found.stamp_expire_withdraw,
        expire_deposit: found.stamp_expire_deposit,
        expire_legal: found.stamp_expire_legal,
        is_lost: found.lost,
        is_revoked: false,
    })
}

/// Nobody on the way has taken a denomination out of the list.
fn check_list(
    answer: &Answer<'_>,
    signing_keys: &[SigningKey],
    master_sigs: &[Signature],
) -> Result<(), BadKeys> {
    let list_issue_date_us = answer.list_issue_date.to_micros();
    let statement = KeySet { list_issue_date_us, master_sigs };
    let is_known = signing_keys.iter().any(|key| key.key == answer.exchange_pub);
    let holds = is_known && statement.verify(&answer.exchange_pub, &answer.exchange_sig);
    signed(holds, "the list of denominations")
}

fn check_global_fees(master: &PublicKey, list: &[answer::GlobalFees]) -> Result<(), BadKeys> {
    at_most(MAX_OTHERS, list.len(), "global fees")?;
    list.iter().try_for_each(|fees| {
        let statement = GlobalFees {
            start_us: fees.start_date.to_micros(),
            end_us: fees.end_date.to_micros(),
            purse_timeout_us: fees.purse_timeout.to_micros(),
            history_expiration_us: fees.history_expiration.to_micros(),
            history_fee: fees.history_fee.to_nbo(),
            account_fee: fees.account_fee.to_nbo(),
            purse_fee: fees.purse_fee.to_nbo(),
            purse_account_limit: fees.purse_account_limit,
        };
        signed(statement.verify(master, &fees.master_sig), "a global fee")
    })
}

fn wire_fees(
    trusted: &Trusted,
    answer: BTreeMap<String, Vec<answer::WireFee>>,
) -> Result<BTreeMap<String, Vec<WireFee>>, BadKeys> {
    at_most(MAX_OTHERS, answer.values().map(|list| list.len().max(1)).sum(), "wire fees")?;
    let mut fees = BTreeMap::new();
    for (method, list) in answer {
        let verified: Result<Vec<_>, BadKeys> =
            list.iter().map(|fee| wire_fee(trusted, &method, fee)).collect();
        fees.insert(method, verified?);
    }
    Ok(fees)
}

fn wire_fee(trusted: &Trusted, method: &str, fee: &answer::WireFee) -> Result<WireFee, BadKeys> {
    let statement = WireFees {
        method,
        start_us: fee.start_date.to_micros(),
        end_us: fee.end_date.to_micros(),
        wire_fee: fee.wire_fee.to_nbo(),
        closing_fee: fee.closing_fee.to_nbo(),
    };
    signed(statement.verify(&trusted.master_public_key, &fee.sig), "a wire fee")?;
    let same = |amount: Amount| *amount.currency() == trusted.currency;
    if !same(fee.wire_fee) || !same(fee.closing_fee) {
        return Err(BadKeys::Shape("a wire fee is in another currency".into()));
    }
    let (start, end): (Timestamp, Timestamp) = (fee.start_date, fee.end_date);
    Ok(WireFee { start, end, wire_fee: fee.wire_fee, closing_fee: fee.closing_fee })
}

fn accounts(
    master: &PublicKey,
    list: Vec<answer::Account<'_>>,
) -> Result<Vec<WireAccount>, BadKeys> {
    at_most(MAX_OTHERS, list.len(), "accounts")?;
    let mut accounts = Vec::new();
    for account in list {
        for restrictions in [&account.debit_restrictions, &account.credit_restrictions] {
            at_most(MAX_RESTRICTIONS, restrictions.len(), "restrictions of an account")?;
        }
        let hash = |restrictions: &[serde_json::Value]| {
            canonical::json_hash(&restrictions.to_vec().into()).map_err(shape)
        };
        let statement = Account {
            payto: &account.payto_uri,
            conversion_url: account.conversion_url.as_deref(),
            h_debit_restrictions: hash(&account.debit_restrictions)?,
            h_credit_restrictions: hash(&account.credit_restrictions)?,
        };
        signed(statement.verify(master, &account.master_sig), "an account")?;
        // An account that we cannot read cannot pay us; the others may.
        if let Ok(payto) = Payto::parse(&*account.payto_uri) {
            accounts.push(WireAccount::new(payto, account));
        }
    }
    Ok(accounts)
}

/// Those entries of a list that nobody signs which we understand: an odd one is no reason to do
/// without the exchange.
fn understood<'a, T: Deserialize<'a>>(list: &[&'a RawValue]) -> impl Iterator<Item = T> {
    list.iter().take(MAX_OTHERS).filter_map(|entry| serde_json::from_str(entry.get()).ok())
}

fn signed(holds: bool, what: &'static str) -> Result<(), BadKeys> {
    if holds { Ok(()) } else { Err(BadKeys::Unsigned(what)) }
}

fn at_most(most: usize, count: usize, what: &'static str) -> Result<(), BadKeys> {
    if count <= most { Ok(()) } else { Err(BadKeys::TooMany(what)) }
}

fn shape(error: impl fmt::Display) -> BadKeys {
    BadKeys::Shape(quote(&error.to_string()))
}

/// As much of `text` as a line of a log bears, without control characters.
fn quote(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(MAX_QUOTE).collect()
}
