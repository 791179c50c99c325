//! Money pots, and what is in them.

use rusqlite::{Connection, OptionalExtension, Row, named_params};

use super::{Result, Tx, sql};
use crate::model::instance::InstanceSerial;
use crate::model::label::{Label, Labelled};
use taler::amount::{Amount, AmountError};

/// Pots beyond `offset` (exclusive): those with higher numbers for a positive `limit`, those with lower
/// ones, highest first, for a negative one.
///
/// # Errors
/// [`super::Error::Sqlite`].
pub fn list(
    db: &Connection,
    instance: InstanceSerial,
    limit: i64,
    offset: Option<i64>,
) -> Result<Vec<Labelled>> {
    let newer = limit > 0;
    let mut statement = db.prepare_cached(match newer {
        true => sql!("pots/columns" + "pots/newer"),
        false => sql!("pots/columns" + "pots/older"),
    })?;
    let params = named_params! {
        ":instance": instance,
        ":offset": offset.unwrap_or(if newer { 0 } else { i64::MAX }),
        ":limit": limit.saturating_abs(),
    };
    let rows = statement.query_map(params, read_row)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// The pot with this number.
///
/// # Errors
/// [`super::Error::Sqlite`].
pub fn find(db: &Connection, instance: InstanceSerial, serial: i64) -> Result<Option<Labelled>> {
    let mut statement = db.prepare_cached(sql!("pots/columns" + "pots/find"))?;
    let params = named_params! { ":instance": instance, ":serial": serial };
    Ok(statement.query_row(params, read_row).optional()?)
}

fn read_row(row: &Row<'_>) -> rusqlite::Result<Labelled> {
    let label = Label { name: row.get("name")?, description: row.get("description")? };
    Ok(Labelled { serial: row.get("serial")?, label })
}

/// How many pots the shop has.
///
/// # Errors
/// [`super::Error::Sqlite`].
pub fn count(db: &Connection, instance: InstanceSerial) -> Result<i64> {
    let mut statement = db.prepare_cached(sql!("pots/count"))?;
    Ok(statement.query_row(named_params! { ":instance": instance }, |row| row.get(0))?)
}

/// Keeps a new pot; its number, or `None` if there is one of this name.
///
/// # Errors
/// [`super::Error::Sqlite`], [`super::Error::Full`].
pub fn insert(tx: &mut Tx<'_>, instance: InstanceSerial, label: &Label) -> Result<Option<i64>> {
    let changed = tx.prepare_cached(sql!("pots/insert"))?.execute(named_params! {
        ":instance": instance,
        ":name": label.name,
        ":description": label.description,
    })?;
    Ok((changed > 0).then(|| tx.last_insert_rowid()))
}

/// Is another pot than this one called so?
///
/// # Errors
/// [`super::Error::Sqlite`].
pub fn is_name_taken(
    db: &Connection,
    instance: InstanceSerial,
    serial: i64,
    name: &str,
) -> Result<bool> {
    let mut statement = db.prepare_cached(sql!("pots/is_name_taken"))?;
    let params = named_params! { ":instance": instance, ":serial": serial, ":name": name };
    Ok(statement.exists(params)?)
}

/// Writes a pot anew; `false` if there is none with this number.
///
/// # Errors
/// [`super::Error::Sqlite`], also when another one is called so; [`super::Error::Full`].
pub fn update(
    tx: &mut Tx<'_>,
    instance: InstanceSerial,
    serial: i64,
    label: &Label,
) -> Result<bool> {
    let changed = tx.prepare_cached(sql!("pots/update"))?.execute(named_params! {
        ":instance": instance,
        ":serial": serial,
        ":name": label.name,
        ":description": label.description,
    })?;
    Ok(changed > 0)
}

/// Deletes a pot; `false` if there is none with this number. Its products stay.
///
/// # Errors
/// [`super::Error::Sqlite`], [`super::Error::Full`].
pub fn delete(tx: &mut Tx<'_>, instance: InstanceSerial, serial: i64) -> Result<bool> {
    let changed = tx
        .prepare_cached(sql!("pots/delete"))?
        .execute(named_params! { ":instance": instance, ":serial": serial })?;
    Ok(changed > 0)
}

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
