//! Machines that show one-time codes, by their names.

use rusqlite::{Connection, OptionalExtension, Row, named_params};

use super::{Result, Tx, sql};
use crate::model::instance::InstanceSerial;
use crate::model::otp_device::{OtpDevice, OtpDeviceSerial};
use taler::amount::Amount;
use taler::ids::{OrderId, OtpDeviceId};
use taler::otp::{OtpAlgorithm, OtpKey};
use taler::time::Timestamp;

/// The device of this name, with its number.
///
/// # Errors
/// [`super::Error::Sqlite`].
pub fn find(
    db: &Connection,
    instance: InstanceSerial,
    id: &OtpDeviceId,
) -> Result<Option<(OtpDeviceSerial, OtpDevice)>> {
    let mut statement = db.prepare_cached(sql!("otp_devices/columns" + "otp_devices/find"))?;
    let params = named_params! { ":instance": instance, ":device_id": id };
    Ok(statement.query_row(params, read_device).optional()?)
}

/// All devices of `instance`, the oldest first.
///
/// # Errors
/// [`super::Error::Sqlite`].
pub fn list(db: &Connection, instance: InstanceSerial) -> Result<Vec<OtpDevice>> {
    let mut statement = db.prepare_cached(sql!("otp_devices/columns" + "otp_devices/list"))?;
    let rows = statement.query_map(named_params! { ":instance": instance }, read_device)?;
    Ok(rows.map(|row| row.map(|(_, device)| device)).collect::<rusqlite::Result<_>>()?)
}

/// How many devices `instance` has.
///
/// # Errors
/// [`super::Error::Sqlite`].
pub fn count(db: &Connection, instance: InstanceSerial) -> Result<u32> {
    let mut statement = db.prepare_cached(sql!("otp_devices/count"))?;
    Ok(statement.query_row(named_params! { ":instance": instance }, |row| row.get(0))?)
}

fn read_device(row: &Row<'_>) -> rusqlite::Result<(OtpDeviceSerial, OtpDevice)> {
    let device = OtpDevice {
        id: row.get("device_id")?,
        description: row.get("description")?,
        key: row.get("key")?,
        algorithm: row.get("algorithm")?,
        counter: row.get("ctr")?,
    };
    Ok((row.get("serial")?, device))
}

/// What the codes of an order are made of.
#[derive(Clone, Debug)]
pub struct OrderDevice {
    /// The name of its device.
    pub id: OtpDeviceId,
    /// The secret of its device.
    pub key: OtpKey,
    /// How the device makes codes.
    pub algorithm: OtpAlgorithm,
    /// The order's price.
    pub price: Amount,
    /// When the order was paid; `None`: it is not.
    pub paid_at: Option<Timestamp>,
}

/// The device of the order of this name; `None` if it has none, or there is no such order.
///
/// # Errors
/// [`super::Error::Sqlite`].
pub fn of_order(
    db: &Connection,
    instance: InstanceSerial,
    order_id: &OrderId,
) -> Result<Option<OrderDevice>> {
    let mut statement = db.prepare_cached(sql!("otp_devices/of_order"))?;
    let params = named_params! { ":instance": instance, ":order_id": order_id };
    let found = statement.query_row(params, |row| {
        Ok(OrderDevice {
            id: row.get("device_id")?,
            key: row.get("key")?,
            algorithm: row.get("algorithm")?,
            price: row.get("amount")?,
            paid_at: row.get("paid_at_s")?,
        })
    });
    Ok(found.optional()?)
}

/// Keeps a new device, whose name must be free.
///
/// # Errors
/// [`super::Error::Sqlite`], also when there is one of this name; [`super::Error::Full`].
pub fn insert(tx: &mut Tx<'_>, instance: InstanceSerial, device: &OtpDevice) -> Result<()> {
    tx.prepare_cached(sql!("otp_devices/insert"))?.execute(named_params! {
        ":instance": instance,
        ":device_id": device.id,
        ":description": device.description,
        ":key": device.key,
        ":algorithm": device.algorithm,
        ":ctr": device.counter,
    })?;
    Ok(())
}

/// Gives a device a new description, key and counter.
///
/// # Errors
/// [`super::Error::Sqlite`], [`super::Error::Full`].
pub fn update(tx: &mut Tx<'_>, instance: InstanceSerial, device: &OtpDevice) -> Result<()> {
    tx.prepare_cached(sql!("otp_devices/update"))?.execute(named_params! {
        ":instance": instance,
        ":device_id": device.id,
        ":description": device.description,
        ":key": device.key,
        ":algorithm": device.algorithm,
        ":ctr": device.counter,
    })?;
    Ok(())
}

/// Deletes a device; `false` if there is none of this name. Orders and templates that name it stay, without
/// codes.
///
/// # Errors
/// [`super::Error::Sqlite`], [`super::Error::Full`].
pub fn delete(tx: &mut Tx<'_>, instance: InstanceSerial, id: &OtpDeviceId) -> Result<bool> {
    let changed = tx
        .prepare_cached(sql!("otp_devices/delete"))?
        .execute(named_params! { ":instance": instance, ":device_id": id })?;
    Ok(changed > 0)
}
