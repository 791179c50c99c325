//! Under which addresses the shops' own programs and browsers found the daemon.

use rusqlite::{Connection, named_params};

use super::{Result, Tx, sql};
use crate::model::instance::InstanceSerial;
use taler::time::Timestamp;
use taler::web::BaseUrl;

/// Most addresses that are kept of one instance; the oldest goes.
pub const MAX_ADDRESSES: u8 = 8;

/// Keeps that `instance` used the daemon at `root`.
///
/// # Errors
/// [`super::Error::Sqlite`].
pub fn upsert(
    tx: &mut Tx<'_>,
    instance: InstanceSerial,
    root: &BaseUrl,
    now: Timestamp,
) -> Result<()> {
    tx.prepare_cached(sql!("addresses/upsert"))?
        .execute(named_params! { ":instance": instance, ":root": root, ":now_s": now })?;
    tx.prepare_cached(sql!("addresses/forget_oldest"))?
        .execute(named_params! { ":instance": instance, ":most": MAX_ADDRESSES })?;
    Ok(())
}

/// The addresses that `instance` used, the latest first.
///
/// # Errors
/// [`super::Error::Sqlite`].
pub fn list(db: &Connection, instance: InstanceSerial) -> Result<Vec<BaseUrl>> {
    let mut statement = db.prepare_cached(sql!("addresses/list"))?;
    let rows =
        statement.query_map(named_params! { ":instance": instance }, |row| row.get("root"))?;
    Ok(rows.collect::<std::result::Result<_, _>>()?)
}
