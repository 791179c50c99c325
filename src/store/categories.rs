//! Categories of products, by their numbers.

use rusqlite::{Connection, OptionalExtension, Row, named_params};

use super::columns::Json;
use super::{Result, Tx, sql};
use crate::model::category::{Category, NewCategory};
use crate::model::instance::InstanceSerial;
use taler::ids::ProductId;

/// All categories, the oldest first.
///
/// # Errors
/// [`super::Error::Sqlite`].
pub fn list(db: &Connection, instance: InstanceSerial) -> Result<Vec<Category>> {
    let mut statement = db.prepare_cached(sql!("categories/columns" + "categories/list"))?;
    let rows = statement.query_map(named_params! { ":instance": instance }, read_category)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// The category with this number.
///
/// # Errors
/// [`super::Error::Sqlite`].
pub fn find(db: &Connection, instance: InstanceSerial, serial: i64) -> Result<Option<Category>> {
    let mut statement = db.prepare_cached(sql!("categories/columns" + "categories/find"))?;
    let params = named_params! { ":instance": instance, ":category_serial": serial };
    Ok(statement.query_row(params, read_category).optional()?)
}

fn read_category(row: &Row<'_>) -> rusqlite::Result<Category> {
    let Json(name_i18n) = row.get("name_i18n")?;
    Ok(Category {
        serial: row.get("serial")?,
        details: NewCategory { name: row.get("name")?, name_i18n },
        product_count: row.get("product_count")?,
    })
}

/// The names of the products in a category, the oldest first.
///
/// # Errors
/// [`super::Error::Sqlite`].
pub fn products(db: &Connection, serial: i64) -> Result<Vec<ProductId>> {
    let mut statement = db.prepare_cached(sql!("products/of_category"))?;
    let params = named_params! { ":category_serial": serial };
    let rows = statement.query_map(params, |row| row.get("product_id"))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Is there a category with this number?
///
/// # Errors
/// [`super::Error::Sqlite`].
pub fn is_there(db: &Connection, instance: InstanceSerial, serial: i64) -> Result<bool> {
    let mut statement = db.prepare_cached(sql!("categories/is_there"))?;
    Ok(statement.exists(named_params! { ":instance": instance, ":category_serial": serial })?)
}

/// How many categories the shop has.
///
/// # Errors
/// [`super::Error::Sqlite`].
pub fn count(db: &Connection, instance: InstanceSerial) -> Result<i64> {
    let mut statement = db.prepare_cached(sql!("categories/count"))?;
    Ok(statement.query_row(named_params! { ":instance": instance }, |row| row.get(0))?)
}

/// Keeps a new category; its number, or `None` if there is one of this name.
///
/// # Errors
/// [`super::Error::Sqlite`], [`super::Error::Full`].
pub fn insert(tx: &mut Tx<'_>, instance: InstanceSerial, new: &NewCategory) -> Result<Option<i64>> {
    let changed = tx.prepare_cached(sql!("categories/insert"))?.execute(named_params! {
        ":instance": instance,
        ":name": new.name,
        ":name_i18n": Json(&new.name_i18n),
    })?;
    Ok((changed > 0).then(|| tx.last_insert_rowid()))
}

/// Is another category than this one called so?
///
/// # Errors
/// [`super::Error::Sqlite`].
pub fn is_name_taken(
    db: &Connection,
    instance: InstanceSerial,
    serial: i64,
    name: &str,
) -> Result<bool> {
    let mut statement = db.prepare_cached(sql!("categories/is_name_taken"))?;
    let params = named_params! { ":instance": instance, ":category_serial": serial, ":name": name };
    Ok(statement.exists(params)?)
}

/// Writes a category anew; `false` if there is none with this number.
///
/// # Errors
/// [`super::Error::Sqlite`], also when another one is called so; [`super::Error::Full`].
pub fn update(
    tx: &mut Tx<'_>,
    instance: InstanceSerial,
    serial: i64,
    new: &NewCategory,
) -> Result<bool> {
    let changed = tx.prepare_cached(sql!("categories/update"))?.execute(named_params! {
        ":instance": instance,
        ":category_serial": serial,
        ":name": new.name,
        ":name_i18n": Json(&new.name_i18n),
    })?;
    Ok(changed > 0)
}

/// Deletes a category; `false` if there is none with this number. Its products stay.
///
/// # Errors
/// [`super::Error::Sqlite`], [`super::Error::Full`].
pub fn delete(tx: &mut Tx<'_>, instance: InstanceSerial, serial: i64) -> Result<bool> {
    let changed = tx
        .prepare_cached(sql!("categories/delete"))?
        .execute(named_params! { ":instance": instance, ":category_serial": serial })?;
    Ok(changed > 0)
}
