//! The last time at which the daemon ran with a plausible clock.

use rusqlite::{Connection, OptionalExtension, named_params};

use super::{Result, Tx, sql};
use taler::time::Timestamp;

/// That time; `None` before the first.
///
/// # Errors
/// [`super::Error::Sqlite`].
pub fn find(db: &Connection) -> Result<Option<Timestamp>> {
    let mut statement = db.prepare_cached(sql!("clock/find"))?;
    Ok(statement.query_row([], |row| row.get("seen_at_s")).optional()?)
}

/// Stores `now`.
///
/// # Errors
/// [`super::Error::Sqlite`], [`super::Error::Full`].
pub fn upsert(tx: &mut Tx<'_>, now: Timestamp) -> Result<()> {
    tx.prepare_cached(sql!("clock/upsert"))?.execute(named_params! { ":seen_at_s": now })?;
    Ok(())
}
