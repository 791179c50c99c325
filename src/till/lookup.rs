//! Orders by name or number, for all use cases that need one to be there.

use super::Error;
use crate::model::instance::InstanceSerial;
use crate::model::order::{Order, OrderSerial};
use crate::store::{Read, orders};
use taler::ids::OrderId;

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
