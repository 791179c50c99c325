//! What exchanges said of their keys, for the next start. The text is as untrusted as when it came.

use rusqlite::{Connection, OptionalExtension, named_params};

use super::{Result, Tx, sql};
use taler::exchange::Trusted;
use taler::time::Timestamp;

/// A list of keys as it came.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct KeptKeys {
    /// The answer to `GET /keys`.
    pub text: String,
    /// When it came.
    pub fetched_at: Timestamp,
    /// Until when it is good.
    pub expires: Timestamp,
}

/// What was kept of `exchange`, under the same master key.
///
/// # Errors
/// [`super::Error::Sqlite`].
pub fn keys(db: &Connection, exchange: &Trusted) -> Result<Option<KeptKeys>> {
    let mut statement = db.prepare_cached(sql!("exchange_keys/find"))?;
    let params = named_params! {
        ":base_url": exchange.base_url,
        ":master_pub": exchange.master_public_key,
    };
    let read = |row: &rusqlite::Row<'_>| {
        Ok(KeptKeys {
            text: row.get("keys")?,
            fetched_at: row.get("fetched_at")?,
            expires: row.get("expires")?,
        })
    };
    Ok(statement.query_row(params, read).optional()?)
}

/// Keeps the keys of `exchange` in place of earlier ones.
///
/// # Errors
/// [`super::Error::Sqlite`], [`super::Error::Full`].
pub fn keep_keys(
    tx: &mut Tx<'_>,
    exchange: &Trusted,
    text: &str,
    fetched_at: Timestamp,
    expires: Timestamp,
) -> Result<()> {
    tx.prepare_cached(sql!("exchange_keys/keep"))?.execute(named_params! {
        ":base_url": exchange.base_url,
        ":master_pub": exchange.master_public_key,
        ":keys": text,
        ":fetched_at": fetched_at,
        ":expires": expires,
    })?;
    Ok(())
}
