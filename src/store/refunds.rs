//! Refunds, grant by grant. Their totals stand with the order.

use rusqlite::{Connection, named_params};

use super::{Result, Tx, sql};
use crate::domain::order::{OrderSerial, Refund, RefundSerial};
use crate::domain::time::Timestamp;

/// All refunds of an order, the oldest first.
///
/// # Errors
/// [`super::Error::Sqlite`].
pub fn list(db: &Connection, order: OrderSerial) -> Result<Vec<Refund>> {
    let mut statement = db.prepare_cached(sql!("refunds/list"))?;
    let rows = statement.query_map(named_params! { ":order_serial": order }, |row| {
        Ok(Refund {
            amount: row.get("amount")?,
            reason: row.get("reason")?,
            granted_at: row.get("granted_at_s")?,
            taken: row.get::<_, Option<i64>>("taken_at_s")?.is_some(),
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Keeps a refund; its number.
///
/// # Errors
/// [`super::Error::Sqlite`], [`super::Error::Full`].
pub fn insert(tx: &mut Tx<'_>, order: OrderSerial, refund: &Refund) -> Result<RefundSerial> {
    let taken_at: Option<Timestamp> = refund.taken.then_some(refund.granted_at);
    tx.prepare_cached(sql!("refunds/insert"))?.execute(named_params! {
        ":order_serial": order,
        ":amount": refund.amount,
        ":reason": refund.reason,
        ":granted_at_s": refund.granted_at,
        ":taken_at_s": taken_at,
    })?;
    Ok(RefundSerial(tx.last_insert_rowid()))
}

/// Keeps that the customer has a refund now.
///
/// # Errors
/// [`super::Error::Sqlite`], [`super::Error::Full`].
pub fn take(tx: &mut Tx<'_>, serial: RefundSerial, at: Timestamp) -> Result<()> {
    tx.prepare_cached(sql!("refunds/take"))?
        .execute(named_params! { ":serial": serial, ":taken_at_s": at })?;
    Ok(())
}
