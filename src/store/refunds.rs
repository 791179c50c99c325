//! Refunds, grant by grant. Their totals stand with the order.

use rusqlite::{Connection, named_params};

use super::{Result, Tx, coin_refunds, sql};
use crate::model::order::{OrderSerial, Refund, RefundSerial, RefundState};
use taler::amount::Amount;
use taler::time::Timestamp;

/// All refunds of an order, the oldest first.
///
/// # Errors
/// [`super::Error::Sqlite`].
pub fn list(db: &Connection, order: OrderSerial) -> Result<Vec<Refund>> {
    let mut statement = db.prepare_cached(sql!("refunds/list"))?;
    let rows = statement.query_map(named_params! { ":order_serial": order }, |row| {
        let state = match row.get::<_, Option<i64>>("collected_at_s")? {
            Some(_) => RefundState::Taken,
            None => RefundState::Pending,
        };
        let (serial, is_open): (RefundSerial, bool) = (row.get("serial")?, row.get("is_open")?);
        let refund = Refund {
            amount: row.get("amount")?,
            reason: row.get("reason")?,
            granted_at: row.get("granted_at_s")?,
            state,
        };
        Ok((serial, is_open, refund))
    })?;
    let refunds: Vec<_> = rows.collect::<rusqlite::Result<_>>()?;
    if refunds.iter().all(|(_, is_open, refund)| *is_open || refund.state == RefundState::Taken) {
        return Ok(refunds.into_iter().map(|(.., refund)| refund).collect());
    }
    let refused = coin_refunds::refused(db, order)?;
    let with_state = |(serial, is_open, mut refund): (RefundSerial, bool, Refund)| {
        let refusal = refused.iter().find(|(of, _)| *of == serial);
        if let (false, Some((_, refusal))) = (is_open, refusal) {
            refund.state = RefundState::Refused(*refusal);
        }
        refund
    };
    Ok(refunds.into_iter().map(with_state).collect())
}

/// Number and amount of each refund of an order, the oldest first.
///
/// # Errors
/// [`super::Error::Sqlite`].
pub fn amounts(db: &Connection, order: OrderSerial) -> Result<Vec<(i64, Amount)>> {
    let mut statement = db.prepare_cached(sql!("refunds/amounts"))?;
    let rows = statement.query_map(named_params! { ":order_serial": order }, |row| {
        Ok((row.get("serial")?, row.get("amount")?))
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Keeps a refund; its number.
///
/// # Errors
/// [`super::Error::Sqlite`], [`super::Error::Full`].
pub fn insert(tx: &mut Tx<'_>, order: OrderSerial, refund: &Refund) -> Result<RefundSerial> {
    let is_taken = refund.state == RefundState::Taken;
    let taken_at: Option<Timestamp> = is_taken.then_some(refund.granted_at);
    tx.prepare_cached(sql!("refunds/insert"))?.execute(named_params! {
        ":order_serial": order,
        ":amount": refund.amount,
        ":reason": refund.reason,
        ":granted_at_s": refund.granted_at,
        ":collected_at_s": taken_at,
    })?;
    Ok(RefundSerial(tx.last_insert_rowid()))
}

/// Keeps that the customer has a refund now.
///
/// # Errors
/// [`super::Error::Sqlite`], [`super::Error::Full`].
pub fn mark_collected(tx: &mut Tx<'_>, serial: RefundSerial, at: Timestamp) -> Result<()> {
    tx.prepare_cached(sql!("refunds/mark_collected"))?
        .execute(named_params! { ":serial": serial, ":collected_at_s": at })?;
    Ok(())
}
