//! Units of a shop, and what it has changed of those that are built in.

use rusqlite::{Connection, OptionalExtension, Row, named_params};

use super::columns::Json;
use super::{Result, Tx, sql};
use crate::model::instance::InstanceSerial;
use crate::model::unit::Unit;

/// The units that have a row, by their names.
///
/// # Errors
/// [`super::Error::Sqlite`].
pub fn list(db: &Connection, instance: InstanceSerial) -> Result<Vec<Unit>> {
    let mut statement = db.prepare_cached(sql!("units/columns" + "units/list"))?;
    let rows = statement.query_map(named_params! { ":instance": instance }, read_unit)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// The row of this unit.
///
/// # Errors
/// [`super::Error::Sqlite`].
pub fn find(db: &Connection, instance: InstanceSerial, unit: &str) -> Result<Option<Unit>> {
    let mut statement = db.prepare_cached(sql!("units/columns" + "units/find"))?;
    let params = named_params! { ":instance": instance, ":unit": unit };
    Ok(statement.query_row(params, read_unit).optional()?)
}

fn read_unit(row: &Row<'_>) -> rusqlite::Result<Unit> {
    let Json(name_long_i18n) = row.get("name_long_i18n")?;
    let Json(name_short_i18n) = row.get("name_short_i18n")?;
    Ok(Unit {
        unit: row.get("unit")?,
        name_long: row.get("name_long")?,
        name_short: row.get("name_short")?,
        name_long_i18n,
        name_short_i18n,
        allow_fraction: row.get("allow_fraction")?,
        precision: row.get("precision_level")?,
        is_active: row.get("is_active")?,
    })
}

/// How many units have a row.
///
/// # Errors
/// [`super::Error::Sqlite`].
pub fn count(db: &Connection, instance: InstanceSerial) -> Result<i64> {
    let mut statement = db.prepare_cached(sql!("units/count"))?;
    Ok(statement.query_row(named_params! { ":instance": instance }, |row| row.get(0))?)
}

/// Keeps a unit, or writes it anew.
///
/// # Errors
/// [`super::Error::Sqlite`], [`super::Error::Full`].
pub fn upsert(tx: &mut Tx<'_>, instance: InstanceSerial, unit: &Unit) -> Result<()> {
    tx.prepare_cached(sql!("units/upsert"))?.execute(named_params! {
        ":instance": instance,
        ":unit": unit.unit,
        ":name_long": unit.name_long,
        ":name_short": unit.name_short,
        ":name_long_i18n": Json(&unit.name_long_i18n),
        ":name_short_i18n": Json(&unit.name_short_i18n),
        ":allow_fraction": unit.allow_fraction,
        ":precision": unit.precision,
        ":is_active": unit.is_active,
    })?;
    Ok(())
}

/// Deletes a unit; `false` if it has no row. Products that are counted in it stay as they are.
///
/// # Errors
/// [`super::Error::Sqlite`], [`super::Error::Full`].
pub fn delete(tx: &mut Tx<'_>, instance: InstanceSerial, unit: &str) -> Result<bool> {
    let changed = tx
        .prepare_cached(sql!("units/delete"))?
        .execute(named_params! { ":instance": instance, ":unit": unit })?;
    Ok(changed > 0)
}
