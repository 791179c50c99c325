//! The ledger, for tests: all money that was topped up is in a reserve, in a coin, between a melt and its
//! reveal, with a merchant, or was paid as a fee.
//!
//! Each sum comes from other rows: reserves and withdrawals count what went out, coins what they
//! have left, deposits, refunds and melts what arrived. That they agree says that no row was forgotten.

use rusqlite::{Transaction, named_params};
use serde_json::{Map, Value, json};

use super::failure::Failure;
use super::{Sandbox, sql};
use taler::sign::PublicKey;

/// Most merchants that are listed one by one.
const MAX_MERCHANTS: i64 = 1_000;

impl Sandbox {
    /// The answer to `GET /sandbox/ledger`. `by_merchant` is before wire fees. Blocks.
    pub(super) fn ledger(&self) -> Result<Value, Failure> {
        self.0.file.look(|db| {
            let amount = |units| self.0.money.amount(units);
            let [topped_up, reserves] = row(db, sql!("ledger/reserves"))?;
            let [withdrawn, withdraw_fees] = row(db, sql!("ledger/withdrawn"))?;
            let [spent] = row(db, sql!("ledger/spent"))?;
            let [left, deposit_fees] = row(db, sql!("ledger/deposited"))?;
            let [refund_fees] = row(db, sql!("ledger/refund_fees"))?;
            let [wire_fees] = row(db, sql!("ledger/wire_fees"))?;
            let [melted, unrevealed] = row(db, sql!("ledger/melted"))?;
            let [refreshed] = row(db, sql!("ledger/fresh_coins"))?;
            // What a melt took and neither became a coin nor will is a fee.
            let refresh_fees =
                melted.checked_sub(unrevealed).and_then(|n| n.checked_sub(refreshed));
            let merchants = left.checked_sub(deposit_fees).and_then(|n| n.checked_sub(wire_fees));
            let fees = refresh_fees.and_then(|refresh_fees| {
                [deposit_fees, refund_fees, wire_fees, refresh_fees]
                    .into_iter()
                    .try_fold(withdraw_fees, i64::checked_add)
            });
            let coins = withdrawn.checked_add(refreshed).and_then(|n| n.checked_sub(spent));
            let (Some(merchants), Some(fees), Some(coins)) = (merchants, fees, coins) else {
                return Err(Failure::Bug("a sum beyond all amounts"));
            };
            Ok(json!({
                "topped_up": amount(topped_up)?,
                "reserves": amount(reserves)?,
                "coins": amount(coins)?,
                "melting": amount(unrevealed)?,
                "merchants": amount(merchants)?,
                "by_merchant": self.by_merchant(db)?,
                "fees": amount(fees)?,
            }))
        })
    }

    fn by_merchant(&self, db: &Transaction<'_>) -> Result<Map<String, Value>, Failure> {
        let mut statement = db.prepare_cached(sql!("ledger/merchants"))?;
        let mut rows = statement.query(named_params! { ":limit": MAX_MERCHANTS })?;
        let mut merchants = Map::new();
        while let Some(row) = rows.next()? {
            let merchant: PublicKey = row.get("merchant_pub")?;
            let earned = self.0.money.column(row, "earned")?;
            merchants.insert(merchant.to_string(), json!(earned));
        }
        Ok(merchants)
    }
}

/// The numbers of the only row.
fn row<const N: usize>(db: &Transaction<'_>, statement: &str) -> Result<[i64; N], Failure> {
    let mut statement = db.prepare_cached(statement)?;
    Ok(statement.query_row([], |row| {
        let mut numbers = [0; N];
        for (at, number) in numbers.iter_mut().enumerate() {
            *number = row.get(at)?;
        }
        Ok(numbers)
    })?)
}
