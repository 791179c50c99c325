//! Orders for which exchanges have taken coins, but not enough of them.

use rusqlite::{Connection, named_params};

use super::{Result, Tx, sql};
use crate::model::order::OrderSerial;
use taler::time::Timestamp;

/// Remembers that coins were taken for an order that is not paid yet.
///
/// # Errors
/// [`super::Error::Sqlite`], [`super::Error::Full`].
pub fn insert(tx: &mut Tx<'_>, order: OrderSerial) -> Result<()> {
    tx.prepare_cached(sql!("partial_payments/insert"))?
        .execute(named_params! { ":order_serial": order })?;
    Ok(())
}

/// Forgets it: the order is paid, or its coins go back.
///
/// # Errors
/// [`super::Error::Sqlite`], [`super::Error::Full`].
pub fn delete(tx: &mut Tx<'_>, order: OrderSerial) -> Result<()> {
    tx.prepare_cached(sql!("partial_payments/delete"))?
        .execute(named_params! { ":order_serial": order })?;
    Ok(())
}

/// The orders whose time to pay is over.
///
/// # Errors
/// [`super::Error::Sqlite`].
pub fn expired(db: &Connection, now: Timestamp) -> Result<Vec<OrderSerial>> {
    let mut statement = db.prepare_cached(sql!("partial_payments/expired"))?;
    let rows = statement.query_map(named_params! { ":now": now }, |row| row.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
