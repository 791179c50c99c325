//! Orders and instances by name or number, for all use cases that need one to be there.

use super::Error;
use crate::model::instance::InstanceSerial;
use crate::model::order::{Order, OrderSerial};
use crate::store::{Read, Tx, instances, orders};
use taler::ids::{InstanceId, OrderId};

/// The order of this name at `instance`.
///
/// # Errors
/// [`Error::OrderUnknown`].
pub(super) fn order(
    db: &Read<'_>,
    instance: InstanceSerial,
    order_id: &OrderId,
) -> Result<Order, Error> {
    orders::find(db, instance, order_id)?.ok_or_else(|| Error::OrderUnknown(order_id.clone()))
}

/// The order of this number, which was found by its name before. It may be gone meanwhile.
///
/// # Errors
/// [`Error::OrderUnknown`].
pub(super) fn order_again(
    db: &Read<'_>,
    serial: OrderSerial,
    order_id: &OrderId,
) -> Result<Order, Error> {
    orders::find_by_serial(db, serial)?.ok_or_else(|| Error::OrderUnknown(order_id.clone()))
}

/// Checks that the principal's instance still exists. For every change that adds something to
/// it: it may have been deleted between look and change.
///
/// # Errors
/// [`Error::InstanceUnknown`], [`Error::InstanceDeleted`].
pub(super) fn still_there(
    tx: &Tx<'_>,
    serial: InstanceSerial,
    id: &InstanceId,
) -> Result<(), Error> {
    match instances::is_deleted(tx, serial)? {
        Some(false) => Ok(()),
        Some(true) => Err(Error::InstanceDeleted(id.clone())),
        None => Err(Error::InstanceUnknown(id.clone())),
    }
}
