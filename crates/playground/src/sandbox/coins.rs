//! Coins that the exchange has seen, and what they paid.

use rusqlite::{Connection, OptionalExtension, Transaction, named_params};
use serde_json::{Value, json};

use super::failure::{AgeConflict, EarlierCoin, Failure};
use super::keys::{Denomination, Keys};
use super::money::Money;
use super::{Sandbox, sql};
use taler::base32::{HashCode, ShortHash};
use taler::coin::denomination::CoinSignature;
use taler::sign::PublicKey;
use taler::time::Timestamp;

/// A coin that was spent, wholly or in part. Amounts are columns.
pub(super) struct Known {
    pub(super) serial: i64,
    pub(super) denomination: i64,
    ub_sig: String,
    h_age_commitment: ShortHash,
    value: i64,
    spent: i64,
    refunded: i64,
}

impl Known {
    /// What can still be spent.
    pub(super) const fn left(&self) -> i64 {
        self.value.saturating_sub(self.spent).saturating_add(self.refunded)
    }
}

/// What became of a coin, by the number of its row.
pub(super) enum Event {
    Deposit(i64),
    Refund(i64),
    Melt(i64),
}

/// What names deposits: which coin paid whom for what. With another permission the same coin pays
/// for the same contract once more.
pub(super) struct DepositKey {
    pub(super) coin: i64,
    pub(super) merchant_pub: PublicKey,
    pub(super) h_contract: HashCode,
}

/// What a coin paid for a contract. Amounts are columns.
pub(super) struct Deposit {
    pub(super) serial: i64,
    pub(super) contribution: i64,
    pub(super) fee: i64,
    pub(super) is_wired: bool,
    pub(super) h_wire: HashCode,
    pub(super) payto: String,
    pub(super) wire_deadline: Timestamp,
}

/// Makes a coin known, if it is not.
pub(super) fn introduce(
    tx: &Transaction<'_>,
    money: Money,
    coin: &PublicKey,
    denomination: &Denomination,
    ub_sig: &CoinSignature,
    h_age_commitment: ShortHash,
) -> Result<(), Failure> {
    let ub_sig = serde_json::to_string(ub_sig).map_err(|_| Failure::Bug("a coin is no JSON"))?;
    tx.prepare_cached(sql!("coins/insert"))?.execute(named_params! {
        ":coin_pub": coin,
        ":denomination": denomination.serial,
        ":ub_sig": ub_sig,
        ":h_age_commitment": h_age_commitment,
        ":value": money.units(&denomination.kind.value)?,
    })?;
    Ok(())
}

/// Keeps what became of a coin, so that its owner can ask for all of it in order.
pub(super) fn record(tx: &Transaction<'_>, coin: i64, event: &Event) -> Result<(), Failure> {
    let (deposit, refund, melt) = match event {
        Event::Deposit(serial) => (Some(serial), None, None),
        Event::Refund(serial) => (None, Some(serial), None),
        Event::Melt(serial) => (None, None, Some(serial)),
    };
    tx.prepare_cached(sql!("history/insert"))?.execute(named_params! {
        ":coin": coin,
        ":deposit": deposit,
        ":refund": refund,
        ":melt": melt,
    })?;
    Ok(())
}

/// The coin of this name, if it was ever spent.
pub(super) fn find(db: &Connection, coin: &PublicKey) -> Result<Option<Known>, Failure> {
    let found = db.prepare_cached(sql!("coins/find"))?.query_row(
        named_params! { ":coin_pub": coin },
        |row| {
            Ok(Known {
                serial: row.get("serial")?,
                denomination: row.get("denomination")?,
                ub_sig: row.get("ub_sig")?,
                h_age_commitment: row.get("h_age_commitment")?,
                value: row.get("value")?,
                spent: row.get("spent")?,
                refunded: row.get("refunded")?,
            })
        },
    );
    Ok(found.optional()?)
}

impl Known {
    /// Whether the coin is of this denomination and age.
    ///
    /// # Errors
    /// [`Failure::OtherDenomination`], [`Failure::OtherAge`].
    pub(super) fn is_that(
        &self,
        name: &PublicKey,
        denomination: &Denomination,
        h_age_commitment: ShortHash,
        keys: &Keys,
    ) -> Result<(), Failure> {
        if self.denomination != denomination.serial {
            let earlier = keys.denominations.iter().find(|d| d.serial == self.denomination);
            let earlier = earlier.ok_or(Failure::Bug("a denomination is lost"))?;
            let ub_sig = serde_json::from_str(&self.ub_sig)
                .map_err(|_| Failure::Bug("the file holds a coin that is none"))?;
            return Err(Failure::OtherDenomination(Box::new(EarlierCoin {
                coin: *name,
                ages: earlier.kind.ages,
                key: earlier.key.public_key().clone(),
                ub_sig,
            })));
        }
        if self.h_age_commitment != h_age_commitment {
            return Err(Failure::OtherAge(Box::new(AgeConflict {
                coin: *name,
                h_denom: denomination.h_denom,
                expected: self.h_age_commitment,
            })));
        }
        Ok(())
    }
}

/// The deposits of this name, the first one first.
pub(super) fn find_deposits(db: &Connection, key: &DepositKey) -> Result<Vec<Deposit>, Failure> {
    let mut statement = db.prepare_cached(sql!("deposits/find"))?;
    let found = statement.query_map(
        named_params! {
            ":coin": key.coin,
            ":merchant_pub": key.merchant_pub,
            ":h_contract": key.h_contract,
        },
        |row| {
            Ok(Deposit {
                serial: row.get("serial")?,
                contribution: row.get("contribution")?,
                fee: row.get("fee")?,
                is_wired: row.get("is_wired")?,
                h_wire: row.get("h_wire")?,
                payto: row.get("payto")?,
                wire_deadline: row.get("wire_deadline_s")?,
            })
        },
    )?;
    Ok(found.collect::<Result<_, _>>()?)
}

impl Sandbox {
    /// What became of a coin's value, for tests and the curious. Blocks.
    pub(super) fn coin(&self, coin: &PublicKey) -> Result<Value, Failure> {
        let known = self.0.file.look(|db| find(db, coin))?.ok_or(Failure::CoinUnknown)?;
        let amount = |units| self.0.money.amount(units);
        Ok(json!({
            "value": amount(known.value)?,
            "spent": amount(known.spent)?,
            "refunded": amount(known.refunded)?,
            "left": amount(known.left())?,
        }))
    }
}
