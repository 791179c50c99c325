//! Payments that were taken outside of Taler.

use rusqlite::{Connection, OptionalExtension, named_params};

use super::{Result, Tx, sql};
use crate::model::order::{CounterPayment, OrderSerial};
use taler::amount::Amount;
use taler::ids::SessionId;
use taler::time::Timestamp;

/// A payment as it is kept.
#[derive(Clone, Debug)]
pub struct PaymentRow {
    /// How it was made.
    pub payment: CounterPayment,
    /// What was paid.
    pub amount: Amount,
    /// What the customer handed over, at least the amount; `None`: nobody said.
    pub given: Option<Amount>,
    /// The session that it was made for.
    pub session: Option<SessionId>,
    /// When the payment was complete, to the second.
    pub paid_at: Timestamp,
}

impl PaymentRow {
    /// What the customer gets back of what was handed over; `None`: nobody said what that was.
    pub fn change(&self) -> Option<Amount> {
        self.given.as_ref()?.checked_sub(&self.amount).ok()
    }
}

/// The payment of an order, if it was taken outside of Taler.
///
/// # Errors
/// [`super::Error::Sqlite`].
pub fn find(db: &Connection, order: OrderSerial) -> Result<Option<PaymentRow>> {
    let mut statement = db.prepare_cached(sql!("payments/find"))?;
    let read = |row: &rusqlite::Row<'_>| {
        Ok(PaymentRow {
            payment: CounterPayment {
                method: row.get("method")?,
                reference: row.get("reference")?,
            },
            amount: row.get("amount")?,
            given: row.get("given")?,
            session: row.get("session_id")?,
            paid_at: row.get("paid_at_s")?,
        })
    };
    Ok(statement.query_row(named_params! { ":order_serial": order }, read).optional()?)
}

/// Keeps a payment.
///
/// # Errors
/// [`super::Error::Sqlite`], also when the order has one; [`super::Error::Full`].
pub fn insert(tx: &mut Tx<'_>, order: OrderSerial, kept: &PaymentRow) -> Result<()> {
    tx.prepare_cached(sql!("payments/insert"))?.execute(named_params! {
        ":order_serial": order,
        ":method": kept.payment.method,
        ":reference": kept.payment.reference,
        ":amount": kept.amount,
        ":given": kept.given,
        ":session_id": kept.session,
        ":paid_at_s": kept.paid_at,
    })?;
    Ok(())
}
