//! Stock that is locked for customers who have not ordered yet. A lock ends by itself; its row goes with the
//! next lock of the same product.

use rusqlite::{Connection, named_params};

use super::{Result, Tx, sql};
use crate::model::instance::InstanceSerial;
use crate::model::product::ProductSerial;
use taler::quantity::DecimalQuantity;
use taler::time::Timestamp;

/// Keeps a new lock.
///
/// # Errors
/// [`super::Error::Sqlite`], also when there is one of this name; [`super::Error::Full`].
pub fn insert(
    tx: &mut Tx<'_>,
    instance: InstanceSerial,
    product: ProductSerial,
    uuid: &str,
    quantity: DecimalQuantity,
    expires_at: Timestamp,
) -> Result<()> {
    tx.prepare_cached(sql!("locks/insert"))?.execute(named_params! {
        ":product_serial": product,
        ":uuid": uuid,
        ":instance": instance,
        ":quantity_u": quantity,
        ":expires_at_s": expires_at,
    })?;
    Ok(())
}

/// Ends a lock, if there is one of this name.
///
/// # Errors
/// [`super::Error::Sqlite`], [`super::Error::Full`].
pub fn delete(tx: &mut Tx<'_>, product: ProductSerial, uuid: &str) -> Result<()> {
    tx.prepare_cached(sql!("locks/delete"))?
        .execute(named_params! { ":product_serial": product, ":uuid": uuid })?;
    Ok(())
}

/// Deletes the locks of a product that have ended by `now`.
///
/// # Errors
/// [`super::Error::Sqlite`], [`super::Error::Full`].
pub fn delete_expired(tx: &mut Tx<'_>, product: ProductSerial, now: Timestamp) -> Result<()> {
    tx.prepare_cached(sql!("locks/delete_expired"))?
        .execute(named_params! { ":product_serial": product, ":now_s": now })?;
    Ok(())
}

/// Ends all locks of this name, whatever products they hold.
///
/// # Errors
/// [`super::Error::Sqlite`], [`super::Error::Full`].
pub fn release(tx: &mut Tx<'_>, instance: InstanceSerial, uuid: &str) -> Result<()> {
    tx.prepare_cached(sql!("locks/release"))?
        .execute(named_params! { ":instance": instance, ":uuid": uuid })?;
    Ok(())
}

/// How many locks a product has.
///
/// # Errors
/// [`super::Error::Sqlite`].
pub fn count(db: &Connection, product: ProductSerial) -> Result<i64> {
    let mut statement = db.prepare_cached(sql!("locks/count"))?;
    Ok(statement.query_row(named_params! { ":product_serial": product }, |row| row.get(0))?)
}
