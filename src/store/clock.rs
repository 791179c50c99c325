//! What time it was when the daemon last ran with a clock that could be believed.

use rusqlite::{Connection, OptionalExtension, named_params};

use super::{Result, Tx, sql};
use taler::time::Timestamp;

/// When that was; `None` before the first time.
///
/// # Errors
/// [`super::Error::Sqlite`].
pub fn find(db: &Connection) -> Result<Option<Timestamp>> {
    let mut statement = db.prepare_cached(sql!("clock/find"))?;
    Ok(statement.query_row([], |row| row.get("seen_at_s")).optional()?)
}

/// Keeps that it is `now`.
///
/// # Errors
/// [`super::Error::Sqlite`], [`super::Error::Full`].
pub fn upsert(tx: &mut Tx<'_>, now: Timestamp) -> Result<()> {
    tx.prepare_cached(sql!("clock/upsert"))?.execute(named_params! { ":seen_at_s": now })?;
    Ok(())
}
