//! Cashiers, the browsers at which they sign in, and their sales.

use rusqlite::{Connection, OptionalExtension as _, Row, named_params};
use subtle::ConstantTimeEq as _;

use super::{Result, Tx, sql};
use crate::model::cashier::{Cashier, CashierName, CashierSerial, TillDevice};
use crate::model::instance::InstanceSerial;
use crate::model::order::OrderSerial;
use taler::time::Timestamp;

fn read_cashier(row: &Row<'_>) -> rusqlite::Result<Cashier> {
    Ok(Cashier {
        serial: CashierSerial(row.get("serial")?),
        instance: row.get("instance_serial")?,
        name: row.get("name")?,
        pin_hash: row.get("pin_hash")?,
        wrong_pins: row.get("wrong_pins")?,
        locked_until: row.get("locked_until_s")?,
        created_at: row.get("created_at_s")?,
    })
}

/// The cashier of this number.
///
/// # Errors
/// [`super::Error::Sqlite`].
fn find(db: &Connection, serial: CashierSerial) -> Result<Option<Cashier>> {
    let mut statement = db.prepare_cached(sql!("cashiers/columns" + "cashiers/find"))?;
    let params = named_params! { ":serial": serial.0 };
    Ok(statement.query_row(params, read_cashier).optional()?)
}

/// The same, if the cashier may sign in.
///
/// # Errors
/// [`super::Error::Sqlite`].
pub fn find_active(db: &Connection, serial: CashierSerial) -> Result<Option<Cashier>> {
    Ok(find(db, serial)?.filter(|cashier| cashier.pin_hash.is_some()))
}

/// The cashiers of a shop who may sign in, the oldest first.
///
/// # Errors
/// [`super::Error::Sqlite`].
pub fn list(db: &Connection, instance: InstanceSerial, limit: i64) -> Result<Vec<Cashier>> {
    let mut statement = db.prepare_cached(sql!("cashiers/columns" + "cashiers/list"))?;
    let params = named_params! { ":instance": instance, ":limit": limit };
    let rows = statement.query_map(params, read_cashier)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// How many cashiers of a shop may sign in.
///
/// # Errors
/// [`super::Error::Sqlite`].
pub fn count(db: &Connection, instance: InstanceSerial) -> Result<i64> {
    let mut statement = db.prepare_cached(sql!("cashiers/count"))?;
    let params = named_params! { ":instance": instance };
    Ok(statement.query_row(params, |row| row.get("count"))?)
}

/// Keeps a new cashier; `false` if one of this name may sign in already.
///
/// # Errors
/// [`super::Error::Sqlite`], [`super::Error::Full`].
pub fn insert(
    tx: &mut Tx<'_>,
    instance: InstanceSerial,
    name: &CashierName,
    pin_hash: &str,
    now: Timestamp,
) -> Result<bool> {
    let changed = tx.prepare_cached(sql!("cashiers/insert"))?.execute(named_params! {
        ":instance": instance,
        ":name": name.as_str(),
        ":pin_hash": pin_hash,
        ":created_at_s": now,
    })?;
    Ok(changed > 0)
}

/// Keeps another PIN of a cashier who may sign in, or that none is taken any more; no lock is left. `false` if there is no
/// such cashier.
///
/// # Errors
/// [`super::Error::Sqlite`], [`super::Error::Full`].
pub fn set_pin(
    tx: &mut Tx<'_>,
    instance: InstanceSerial,
    serial: CashierSerial,
    pin_hash: Option<&str>,
) -> Result<bool> {
    let changed = tx.prepare_cached(sql!("cashiers/set_pin"))?.execute(named_params! {
        ":instance": instance,
        ":serial": serial.0,
        ":pin_hash": pin_hash,
    })?;
    Ok(changed > 0)
}

/// Keeps how many wrong PINs there were, and until when none is looked at.
///
/// # Errors
/// [`super::Error::Sqlite`], [`super::Error::Full`].
pub fn count_wrong_pin(
    tx: &mut Tx<'_>,
    serial: CashierSerial,
    wrong_pins: u32,
    locked_until: Option<Timestamp>,
) -> Result<()> {
    tx.prepare_cached(sql!("cashiers/count_wrong_pin"))?.execute(named_params! {
        ":serial": serial.0,
        ":wrong_pins": wrong_pins,
        ":locked_until_s": locked_until,
    })?;
    Ok(())
}

/// Ends the web sessions of a cashier.
///
/// # Errors
/// [`super::Error::Sqlite`], [`super::Error::Full`].
pub fn end_sessions(tx: &mut Tx<'_>, serial: CashierSerial) -> Result<()> {
    let params = named_params! { ":cashier": serial.0 };
    tx.prepare_cached(sql!("tokens/delete_of_cashier"))?.execute(params)?;
    Ok(())
}

/// The browser whose cookie has this SHA-256, and for which shop.
///
/// # Errors
/// [`super::Error::Sqlite`].
pub fn device(db: &Connection, hash: &[u8; 32]) -> Result<Option<(InstanceSerial, TillDevice)>> {
    let mut statement = db.prepare_cached(sql!("till_devices/find"))?;
    let found = statement
        .query_row(named_params! { ":hash": hash }, |row| {
            Ok((row.get::<_, [u8; 32]>("hash")?, row.get("instance_serial")?, read_device(row)?))
        })
        .optional()?;
    // As for tokens: the index compares as fast as it can, this comparison takes the same time for all.
    Ok(found
        .filter(|(of, ..)| of.ct_eq(hash).into())
        .map(|(_, instance, device)| (instance, device)))
}

fn read_device(row: &Row<'_>) -> rusqlite::Result<TillDevice> {
    Ok(TillDevice {
        serial: row.get("serial")?,
        browser: row.get("browser")?,
        created_at: row.get("created_at_s")?,
    })
}

/// The browsers of a shop at which cashiers may sign in, the oldest first.
///
/// # Errors
/// [`super::Error::Sqlite`].
pub fn devices(db: &Connection, instance: InstanceSerial, limit: i64) -> Result<Vec<TillDevice>> {
    let mut statement = db.prepare_cached(sql!("till_devices/list"))?;
    let params = named_params! { ":instance": instance, ":limit": limit };
    let rows = statement.query_map(params, read_device)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// At how many browsers of a shop cashiers may sign in.
///
/// # Errors
/// [`super::Error::Sqlite`].
pub fn count_devices(db: &Connection, instance: InstanceSerial) -> Result<i64> {
    let mut statement = db.prepare_cached(sql!("till_devices/count"))?;
    let params = named_params! { ":instance": instance };
    Ok(statement.query_row(params, |row| row.get("count"))?)
}

/// Keeps that cashiers may sign in at a browser.
///
/// # Errors
/// [`super::Error::Sqlite`], [`super::Error::Full`].
pub fn insert_device(
    tx: &mut Tx<'_>,
    instance: InstanceSerial,
    hash: &[u8; 32],
    browser: &str,
    now: Timestamp,
) -> Result<i64> {
    tx.prepare_cached(sql!("till_devices/insert"))?.execute(named_params! {
        ":instance": instance,
        ":hash": hash,
        ":browser": browser,
        ":created_at_s": now,
    })?;
    Ok(tx.last_insert_rowid())
}

/// Forgets a browser; `false` if there is none of this number.
///
/// # Errors
/// [`super::Error::Sqlite`], [`super::Error::Full`].
pub fn delete_device(tx: &mut Tx<'_>, instance: InstanceSerial, serial: i64) -> Result<bool> {
    let params = named_params! { ":instance": instance, ":serial": serial };
    Ok(tx.prepare_cached(sql!("till_devices/delete"))?.execute(params)? > 0)
}

/// Keeps whose sale an order is.
///
/// # Errors
/// [`super::Error::Sqlite`], [`super::Error::Full`].
pub fn set_seller(tx: &mut Tx<'_>, order: OrderSerial, cashier: CashierSerial) -> Result<()> {
    let params = named_params! { ":order_serial": order, ":cashier": cashier.0 };
    tx.prepare_cached(sql!("order_cashiers/upsert"))?.execute(params)?;
    Ok(())
}

/// The name of the cashier whose sale an order is; `None`: nobody's.
///
/// # Errors
/// [`super::Error::Sqlite`].
pub fn seller(db: &Connection, order: OrderSerial) -> Result<Option<String>> {
    let mut statement = db.prepare_cached(sql!("order_cashiers/name"))?;
    let params = named_params! { ":order_serial": order };
    Ok(statement.query_row(params, |row| row.get("name")).optional()?)
}
