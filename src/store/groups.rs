//! Groups of products: labels by which a shop sorts them for itself.

use rusqlite::{Connection, OptionalExtension, Row, named_params};

use super::{Result, Tx, sql};
use crate::model::instance::InstanceSerial;
use crate::model::label::{Label, Labelled};

/// Groups beyond `offset` (exclusive): those with higher numbers for a positive `limit`, those with lower
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
        true => sql!("groups/columns" + "groups/newer"),
        false => sql!("groups/columns" + "groups/older"),
    })?;
    let params = named_params! {
        ":instance": instance,
        ":offset": offset.unwrap_or(if newer { 0 } else { i64::MAX }),
        ":limit": limit.saturating_abs(),
    };
    let rows = statement.query_map(params, read_row)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// The group with this number.
///
/// # Errors
/// [`super::Error::Sqlite`].
pub fn find(db: &Connection, instance: InstanceSerial, serial: i64) -> Result<Option<Labelled>> {
    let mut statement = db.prepare_cached(sql!("groups/columns" + "groups/find"))?;
    let params = named_params! { ":instance": instance, ":serial": serial };
    Ok(statement.query_row(params, read_row).optional()?)
}

fn read_row(row: &Row<'_>) -> rusqlite::Result<Labelled> {
    let label = Label { name: row.get("name")?, description: row.get("description")? };
    Ok(Labelled { serial: row.get("serial")?, label })
}

/// How many groups the shop has.
///
/// # Errors
/// [`super::Error::Sqlite`].
pub fn count(db: &Connection, instance: InstanceSerial) -> Result<i64> {
    let mut statement = db.prepare_cached(sql!("groups/count"))?;
    Ok(statement.query_row(named_params! { ":instance": instance }, |row| row.get(0))?)
}

/// Keeps a new group; its number, or `None` if there is one of this name.
///
/// # Errors
/// [`super::Error::Sqlite`], [`super::Error::Full`].
pub fn insert(tx: &mut Tx<'_>, instance: InstanceSerial, label: &Label) -> Result<Option<i64>> {
    let changed = tx.prepare_cached(sql!("groups/insert"))?.execute(named_params! {
        ":instance": instance,
        ":name": label.name,
        ":description": label.description,
    })?;
    Ok((changed > 0).then(|| tx.last_insert_rowid()))
}

/// Is another group than this one called so?
///
/// # Errors
/// [`super::Error::Sqlite`].
pub fn is_name_taken(
    db: &Connection,
    instance: InstanceSerial,
    serial: i64,
    name: &str,
) -> Result<bool> {
    let mut statement = db.prepare_cached(sql!("groups/is_name_taken"))?;
    let params = named_params! { ":instance": instance, ":serial": serial, ":name": name };
    Ok(statement.exists(params)?)
}

/// Writes a group anew; `false` if there is none with this number.
///
/// # Errors
/// [`super::Error::Sqlite`], also when another one is called so; [`super::Error::Full`].
pub fn update(
    tx: &mut Tx<'_>,
    instance: InstanceSerial,
    serial: i64,
    label: &Label,
) -> Result<bool> {
    let changed = tx.prepare_cached(sql!("groups/update"))?.execute(named_params! {
        ":instance": instance,
        ":serial": serial,
        ":name": label.name,
        ":description": label.description,
    })?;
    Ok(changed > 0)
}

/// Deletes a group; `false` if there is none with this number. Its products stay.
///
/// # Errors
/// [`super::Error::Sqlite`], [`super::Error::Full`].
pub fn delete(tx: &mut Tx<'_>, instance: InstanceSerial, serial: i64) -> Result<bool> {
    let changed = tx
        .prepare_cached(sql!("groups/delete"))?
        .execute(named_params! { ":instance": instance, ":serial": serial })?;
    Ok(changed > 0)
}
