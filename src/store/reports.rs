//! The books of an instance: what was ordered, paid and given back in a range of time, a page at a
//! time, the oldest first.

use rusqlite::{Connection, Row, named_params};

use super::orders::read_order;
use super::{Result, sql};
use crate::model::instance::InstanceSerial;
use crate::model::order::{CounterPayment, Order, OrderSerial};
use taler::amount::Amount;
use taler::ids::OrderId;
use taler::time::Timestamp;

/// Where a page begins, and where the range ends.
#[derive(Clone, Copy, Debug)]
pub struct Range {
    /// The first second.
    pub from: Timestamp,
    /// The first second that is too late.
    pub until: Timestamp,
    /// Of those at `from`, only entries beyond this one.
    pub beyond: i64,
}

/// An order that was paid.
#[derive(Clone, Debug)]
pub struct PaidOrder {
    /// The order with its current state.
    pub order: Order,
    /// How it was paid at the counter; `None`: with coins.
    pub counter: Option<CounterPayment>,
}

/// A refund that was granted.
#[derive(Clone, Debug)]
pub struct GrantedRefund {
    /// Names it inside the store.
    pub serial: i64,
    /// Of which order.
    pub order: OrderSerial,
    /// The order's name.
    pub order_id: OrderId,
    /// What had been bought.
    pub summary: String,
    /// The order's price.
    pub price: Amount,
    /// The refunded amount.
    pub amount: Amount,
    /// Why, in the shop's words.
    pub reason: String,
    /// When it was granted, to the second.
    pub granted_at: Timestamp,
    /// When the customer got it.
    pub taken_at: Option<Timestamp>,
    /// Whether it was paid at the counter, and so refunded there.
    pub at_counter: bool,
}

fn page<T>(
    db: &Connection,
    statement: &str,
    instance: InstanceSerial,
    range: Range,
    limit: u32,
    read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
) -> Result<Vec<T>> {
    let mut statement = db.prepare_cached(statement)?;
    let params = named_params! {
        ":instance": instance,
        ":at_s": range.from,
        ":serial": range.beyond,
        ":until_s": range.until,
        ":limit": limit,
    };
    Ok(statement.query_map(params, read)?.collect::<rusqlite::Result<_>>()?)
}

/// Orders by when they were made; at most `limit`.
///
/// # Errors
/// [`super::Error::Sqlite`].
pub fn created(
    db: &Connection,
    instance: InstanceSerial,
    range: Range,
    limit: u32,
) -> Result<Vec<Order>> {
    page(db, sql!("orders/columns" + "orders/created_between"), instance, range, limit, read_order)
}

/// Orders by when they were paid; at most `limit`.
///
/// # Errors
/// [`super::Error::Sqlite`].
pub fn paid(
    db: &Connection,
    instance: InstanceSerial,
    range: Range,
    limit: u32,
) -> Result<Vec<PaidOrder>> {
    page(db, sql!("orders/paid_between"), instance, range, limit, |row| {
        let method: Option<_> = row.get("method")?;
        let counter = match method {
            Some(method) => Some(CounterPayment { method, reference: row.get("reference")? }),
            None => None,
        };
        Ok(PaidOrder { order: read_order(row)?, counter })
    })
}

/// Refunds by when they were granted; at most `limit`.
///
/// # Errors
/// [`super::Error::Sqlite`].
pub fn refunded(
    db: &Connection,
    instance: InstanceSerial,
    range: Range,
    limit: u32,
) -> Result<Vec<GrantedRefund>> {
    page(db, sql!("refunds/granted_between"), instance, range, limit, |row| {
        Ok(GrantedRefund {
            serial: row.get("serial")?,
            order: row.get("order_serial")?,
            order_id: row.get("order_id")?,
            summary: row.get("summary")?,
            price: row.get("price")?,
            amount: row.get("amount")?,
            reason: row.get("reason")?,
            granted_at: row.get("granted_at_s")?,
            taken_at: row.get("collected_at_s")?,
            at_counter: row.get::<_, Option<String>>("method")?.is_some(),
        })
    })
}
