//! What is in money pots; [`super::labels::POTS`] are the pots themselves.

use rusqlite::{Connection, OptionalExtension, named_params};

use super::{Result, Tx, sql};
use taler::amount::{Amount, AmountError};

/// What is in a pot: an amount for each currency.
///
/// # Errors
/// [`super::Error::Sqlite`].
pub fn totals(db: &Connection, serial: i64) -> Result<Vec<Amount>> {
    let mut statement = db.prepare_cached(sql!("pots/totals"))?;
    let rows = statement.query_map(named_params! { ":serial": serial }, |row| row.get("amount"))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Has these amounts in a pot, and no others.
///
/// # Errors
/// [`super::Error::Sqlite`], [`super::Error::Full`].
pub fn set_totals(tx: &mut Tx<'_>, serial: i64, totals: &[Amount]) -> Result<()> {
    tx.prepare_cached(sql!("pots/clear"))?.execute(named_params! { ":serial": serial })?;
    for total in totals {
        set_total(tx, serial, total)?;
    }
    Ok(())
}

/// Books an amount to a pot. The sum is at most the largest amount.
///
/// # Errors
/// [`super::Error::Sqlite`], [`super::Error::Full`].
pub fn add(tx: &mut Tx<'_>, serial: i64, amount: &Amount) -> Result<()> {
    let mut find = tx.prepare_cached(sql!("pots/total"))?;
    let params = named_params! { ":serial": serial, ":currency": amount.currency() };
    let before: Option<Amount> = find.query_row(params, |row| row.get("amount")).optional()?;
    drop(find);
    let sum = before.map_or(Ok(*amount), |before| before.checked_add(amount));
    match sum {
        Ok(sum) => set_total(tx, serial, &sum),
        Err(AmountError::TooLarge) => set_total(tx, serial, &Amount::largest(*amount.currency())),
        // The row is that of the amount's currency, and sums are not below zero.
        Err(_) => Ok(()),
    }
}

fn set_total(tx: &mut Tx<'_>, serial: i64, total: &Amount) -> Result<()> {
    tx.prepare_cached(sql!("pots/set_total"))?.execute(named_params! {
        ":serial": serial,
        ":currency": total.currency(),
        ":amount": total,
    })?;
    Ok(())
}
