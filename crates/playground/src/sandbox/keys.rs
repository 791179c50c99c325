//! The sandbox's keys, as they are kept: the master key, the keys that sign, the denominations.
//!
//! All of them stay in memory, expired ones too: coins and confirmations outlive them.

use rusqlite::{OptionalExtension, Row, Transaction, named_params};

use super::failure::{Evidence, Failure};
use super::money::Money;
use super::{Error, KeyTimes, Kind, sql};
use crate::file::File;
use taler::amount::Currency;
use taler::base32::HashCode;
use taler::coin::age::AgeMask;
use taler::coin::denomination::DenominationKey;
use taler::coin::envelope::CoinEnvelope;
use taler::coin::rsa::{BlindSignature, RsaPrivateKey, RsaPublicKey};
use taler::sign::exchange::{DenominationExpired, DenominationUnknown};
use taler::sign::{PublicKey, Signature, SigningKey, Statement};
use taler::time::Timestamp;

/// What never changes about an exchange.
pub(super) struct Identity {
    /// Vouches for all other keys. A real exchange would not have it on this machine.
    pub(super) master: SigningKey,
    /// When the exchange was made.
    pub(super) made_at: Timestamp,
}

impl Identity {
    /// As the file has it; made if it has none.
    pub(super) fn of(file: &File, currency: Currency, now: Timestamp) -> Result<Self, Error> {
        file.change(|tx| {
            let read = |row: &Row<'_>| Ok((row.get(0)?, row.get::<_, String>(1)?, row.get(2)?));
            let mut find = tx.prepare_cached(sql!("keys/identity"))?;
            if let Some((seed, found, made_at)) = find.query_row([], read).optional()? {
                if found != currency.as_str() {
                    return Err(Error::OtherCurrency(found));
                }
                return Ok(Self { master: SigningKey::from_seed(seed), made_at });
            }
            let seed: [u8; 32] = system::random()?;
            tx.prepare_cached(sql!("keys/insert_identity"))?.execute(named_params! {
                ":master_seed": seed,
                ":currency": currency.as_str(),
                ":made_at_s": now,
            })?;
            Ok(Self { master: SigningKey::from_seed(seed), made_at: now })
        })
    }
}

/// A key that signs what the exchange does.
pub(super) struct ExchangeKey {
    pub(super) key: SigningKey,
    pub(super) public: PublicKey,
    pub(super) start: Timestamp,
    pub(super) expire: Timestamp,
    pub(super) end: Timestamp,
}

impl ExchangeKey {
    /// Signs a statement: who did, and the signature.
    pub(super) fn sign<S: Statement>(&self, statement: &S) -> (PublicKey, Signature) {
        (self.public, statement.sign(&self.key))
    }
}

/// A denomination with its key.
pub(super) struct Denomination {
    pub(super) serial: i64,
    pub(super) kind: Kind,
    pub(super) key: RsaPrivateKey,
    pub(super) h_denom: HashCode,
    pub(super) start: Timestamp,
    pub(super) expire_withdraw: Timestamp,
    pub(super) expire_deposit: Timestamp,
    pub(super) expire_legal: Timestamp,
    pub(super) is_revoked: bool,
}

impl Denomination {
    /// Signs a hidden coin.
    ///
    /// # Errors
    /// [`Failure::Malformed`] when it is of another cipher or too large.
    pub(super) fn sign(&self, envelope: &CoinEnvelope) -> Result<BlindSignature, Failure> {
        let CoinEnvelope::Rsa { rsa_blinded_planchet } = envelope else {
            return Err(Failure::Malformed("coin_ev: not of the denomination's cipher".into()));
        };
        self.key
            .sign_blind(rsa_blinded_planchet)
            .ok_or_else(|| Failure::Malformed("rsa_blinded_planchet: not below the modulus".into()))
    }
}

/// The name of a denomination with this key.
pub(super) fn h_denom(key: &RsaPublicKey, ages: AgeMask) -> HashCode {
    DenominationKey::Rsa(key.clone()).hash(ages)
}

/// What somebody wants to do with a coin.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Operation {
    Withdraw,
    Deposit,
    Melt,
    /// Get again what was got before, at any time.
    Repeat,
}

/// All keys at one moment.
#[derive(Default)]
pub(super) struct Keys {
    pub(super) signing: Vec<ExchangeKey>,
    pub(super) denominations: Vec<Denomination>,
}

impl Keys {
    /// Reads all of the file's keys.
    pub(super) fn load(file: &File, money: Money) -> Result<Self, Error> {
        file.look(|db| {
            let mut keys = Self::default();
            let mut signing = db.prepare_cached(sql!("keys/signing_keys"))?;
            let mut rows = signing.raw_query();
            while let Some(row) = rows.next()? {
                let key = SigningKey::from_seed(row.get("seed")?);
                keys.signing.push(ExchangeKey {
                    public: key.public_key(),
                    key,
                    start: row.get("start_s")?,
                    expire: row.get("expire_s")?,
                    end: row.get("end_s")?,
                });
            }
            let mut denominations = db.prepare_cached(sql!("keys/denominations"))?;
            let mut rows = denominations.raw_query();
            while let Some(row) = rows.next()? {
                keys.denominations.push(read_denomination(row, money)?);
            }
            Ok(keys)
        })
    }

    /// The key that signs now. Of several the oldest, which everybody has heard of.
    pub(super) fn signing_at(&self, now: Timestamp) -> Result<&ExchangeKey, Failure> {
        let good = |key: &&ExchangeKey| key.start <= now && now < key.expire;
        self.signing.iter().find(good).ok_or(Failure::NoKeys)
    }

    /// The denomination of this name, if it is good for the operation now.
    ///
    /// # Errors
    /// [`Failure::DenominationUnknown`], [`Failure::DenominationNotYet`],
    /// [`Failure::DenominationExpired`] or [`Failure::DenominationRevoked`], with the exchange's
    /// word for it.
    pub(super) fn denomination(
        &self,
        h_denom: &HashCode,
        operation: Operation,
        now: Timestamp,
    ) -> Result<&Denomination, Failure> {
        let Some(found) = self.denominations.iter().find(|d| d.h_denom == *h_denom) else {
            return Err(self.unknown(h_denom, now)?);
        };
        let (end, words, name) = match operation {
            Operation::Withdraw => (found.expire_withdraw, *b"WITHDRAW", "WITHDRAW"),
            Operation::Deposit => (found.expire_deposit, DenominationExpired::DEPOSIT, "DEPOSIT"),
            Operation::Melt => (found.expire_deposit, *b"MELT\0\0\0\0", "MELT"),
            Operation::Repeat => return Ok(found),
        };
        if found.start <= now && now < end && !found.is_revoked {
            return Ok(found);
        }
        let statement = DenominationExpired {
            timestamp_us: now.to_micros(),
            operation: words,
            h_denom: *h_denom,
        };
        let (exchange_pub, exchange_sig) = self.signing_at(now)?.sign(&statement);
        let evidence = Box::new(Evidence {
            h_denom: *h_denom,
            timestamp: now,
            operation: Some(name),
            exchange_pub,
            exchange_sig,
        });
        Err(if found.is_revoked {
            Failure::DenominationRevoked(evidence)
        } else if now < found.start {
            Failure::DenominationNotYet(evidence)
        } else {
            Failure::DenominationExpired(evidence)
        })
    }

    /// The exchange's word that it does not know a denomination.
    pub(super) fn unknown(&self, h_denom: &HashCode, now: Timestamp) -> Result<Failure, Failure> {
        let statement = DenominationUnknown { timestamp_us: now.to_micros(), h_denom: *h_denom };
        let (exchange_pub, exchange_sig) = self.signing_at(now)?.sign(&statement);
        Ok(Failure::DenominationUnknown(Box::new(Evidence {
            h_denom: *h_denom,
            timestamp: now,
            operation: None,
            exchange_pub,
            exchange_sig,
        })))
    }

    /// Which of `kinds` have no denomination that goes on issuing for a while.
    pub(super) fn lacking(&self, kinds: &[Kind], times: &KeyTimes, now: Timestamp) -> Vec<Kind> {
        let soon = now.saturating_add(times.ahead);
        let is_there = |kind: &Kind| {
            let lasts =
                |d: &Denomination| d.start <= now && soon < d.expire_withdraw && !d.is_revoked;
            self.denominations.iter().any(|d| d.kind == *kind && lasts(d))
        };
        kinds.iter().filter(|kind| !is_there(kind)).copied().collect()
    }

    /// Whether there is a key that signs for a while yet.
    pub(super) fn can_sign(&self, times: &KeyTimes, now: Timestamp) -> bool {
        let soon = now.saturating_add(times.ahead);
        self.signing.iter().any(|key| key.start <= now && soon < key.expire)
    }
}

fn read_denomination(row: &Row<'_>, money: Money) -> Result<Denomination, Error> {
    let bad = |_: Failure| Error::BadKey;
    let column = |name| money.column(row, name).map_err(bad);
    let ages = AgeMask::new(row.get("age_mask")?);
    let public: Vec<u8> = row.get("public_key")?;
    let exponent: Vec<u8> = row.get("private_exponent")?;
    let public = RsaPublicKey::from_bytes(&public).map_err(|_| Error::BadKey)?;
    let h_denom = h_denom(&public, ages);
    Ok(Denomination {
        serial: row.get("serial")?,
        kind: Kind {
            value: column("value")?,
            fee_withdraw: column("fee_withdraw")?,
            fee_deposit: column("fee_deposit")?,
            fee_refresh: column("fee_refresh")?,
            fee_refund: column("fee_refund")?,
            ages,
        },
        key: RsaPrivateKey::from_exponent(public, &exponent).map_err(|_| Error::BadKey)?,
        h_denom,
        start: row.get("start_s")?,
        expire_withdraw: row.get("expire_withdraw_s")?,
        expire_deposit: row.get("expire_deposit_s")?,
        expire_legal: row.get("expire_legal_s")?,
        is_revoked: row.get("revoked")?,
    })
}

/// Keeps that a denomination is revoked; `false` if there is none of this name.
pub(super) fn revoke(tx: &Transaction<'_>, h_denom: &HashCode) -> Result<bool, Error> {
    let revoked =
        tx.prepare_cached(sql!("keys/revoke"))?.execute(named_params! { ":h_denom": h_denom })?;
    Ok(revoked > 0)
}

/// Keeps a key that signs from now on.
pub(super) fn insert_signing_key(
    tx: &Transaction<'_>,
    times: &KeyTimes,
    now: Timestamp,
) -> Result<(), Error> {
    let expire = now.saturating_add(times.sign);
    tx.prepare_cached(sql!("keys/insert_signing_key"))?.execute(named_params! {
        ":seed": system::random::<32>()?,
        ":start_s": now,
        ":expire_s": expire,
        ":end_s": expire.saturating_add(times.evidence),
    })?;
    Ok(())
}

/// Keeps a denomination that issues from now on.
pub(super) fn insert_denomination(
    tx: &Transaction<'_>,
    money: Money,
    kind: &Kind,
    key: &RsaPrivateKey,
    (times, now): (&KeyTimes, Timestamp),
) -> Result<(), Failure> {
    let expire_withdraw = now.saturating_add(times.issue);
    let expire_deposit = expire_withdraw.saturating_add(times.spend);
    tx.prepare_cached(sql!("keys/insert_denomination"))?.execute(named_params! {
        ":h_denom": h_denom(key.public_key(), kind.ages),
        ":value": money.units(&kind.value)?,
        ":fee_withdraw": money.units(&kind.fee_withdraw)?,
        ":fee_deposit": money.units(&kind.fee_deposit)?,
        ":fee_refresh": money.units(&kind.fee_refresh)?,
        ":fee_refund": money.units(&kind.fee_refund)?,
        ":age_mask": kind.ages.bits(),
        ":public_key": key.public_key().as_bytes(),
        ":private_exponent": *key.exponent(),
        ":start_s": now,
        ":expire_withdraw_s": expire_withdraw,
        ":expire_deposit_s": expire_deposit,
        ":expire_legal_s": expire_deposit.saturating_add(times.legal),
    })?;
    Ok(())
}
