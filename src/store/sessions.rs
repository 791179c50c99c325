//! What a session has bought, or is about to.

use rusqlite::{Connection, OptionalExtension, named_params};

use super::{Result, sql};
use crate::model::instance::InstanceSerial;
use crate::model::order::{Order, Refunded, SessionKey};
use taler::ids::OrderId;
use taler::time::Timestamp;

/// The newest order that is paid for this session and page, and not wholly refunded.
///
/// # Errors
/// [`super::Error::Sqlite`].
pub fn paid(
    db: &Connection,
    instance: InstanceSerial,
    key: &SessionKey,
) -> Result<Option<OrderId>> {
    let params = named_params! {
        ":instance": instance,
        ":session_id": key.session,
        ":fulfillment_url": key.fulfillment_url,
        ":most_refunded": Refunded::Partly,
    };
    let mut statement = db.prepare_cached(sql!("sessions/paid"))?;
    Ok(statement.query_row(params, |row| row.get("order_id")).optional()?)
}

/// The newest order that was made for this session and page and could still become paid for it: it
/// waits for its payment, or its payment counts for another session now.
///
/// # Errors
/// [`super::Error::Sqlite`].
pub fn unpaid(
    db: &Connection,
    instance: InstanceSerial,
    key: &SessionKey,
    now: Timestamp,
) -> Result<Option<OrderId>> {
    let params = named_params! {
        ":instance": instance,
        ":session_id": key.session,
        ":fulfillment_url": key.fulfillment_url,
        ":now_s": now,
    };
    let mut statement = db.prepare_cached(sql!("sessions/unpaid"))?;
    Ok(statement.query_row(params, |row| row.get("order_id")).optional()?)
}

/// The newest order other than `order` that is paid for this session and page, and refunded at most
/// so far.
///
/// # Errors
/// [`super::Error::Sqlite`].
pub fn bought_before(
    db: &Connection,
    order: &Order,
    key: &SessionKey,
    most_refunded: Refunded,
) -> Result<Option<OrderId>> {
    let params = named_params! {
        ":instance": order.instance,
        ":session_id": key.session,
        ":fulfillment_url": key.fulfillment_url,
        ":most_refunded": most_refunded,
        ":order_serial": order.serial,
    };
    let mut statement = db.prepare_cached(sql!("sessions/bought_before"))?;
    Ok(statement.query_row(params, |row| row.get("order_id")).optional()?)
}
