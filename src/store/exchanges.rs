//! What exchanges said of their keys, for the next start (the text is as untrusted as when it came),
//! and which exchanges are trusted besides those in the settings.

use rusqlite::{Connection, OptionalExtension, named_params};

use super::{Result, Tx, sql};
use taler::exchange::Trusted;
use taler::time::Timestamp;
use taler::web::BaseUrl;

/// A list of keys as it came.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct KeysRow {
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
pub fn keys(db: &Connection, exchange: &Trusted) -> Result<Option<KeysRow>> {
    let mut statement = db.prepare_cached(sql!("exchange_keys/find"))?;
    let params = named_params! {
        ":base_url": exchange.base_url,
        ":master_pub": exchange.master_public_key,
    };
    let read = |row: &rusqlite::Row<'_>| {
        Ok(KeysRow {
            text: row.get("keys")?,
            fetched_at: row.get("fetched_at_s")?,
            expires: row.get("expires_at_s")?,
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
    tx.prepare_cached(sql!("exchange_keys/upsert"))?.execute(named_params! {
        ":base_url": exchange.base_url,
        ":master_pub": exchange.master_public_key,
        ":keys": text,
        ":fetched_at_s": fetched_at,
        ":expires_at_s": expires,
    })?;
    Ok(())
}

/// An exchange that the operator added while the daemon runs.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct KeptExchange {
    /// Whom the operator trusts.
    pub trusted: Trusted,
    /// No new order offers it; what was begun with it is finished.
    pub is_removed: bool,
}

/// All of them, removed ones too, in the order in which they were added.
///
/// # Errors
/// [`super::Error::Sqlite`].
pub fn list(db: &Connection) -> Result<Vec<KeptExchange>> {
    let mut statement = db.prepare_cached(sql!("trusted_exchanges/list"))?;
    let read = |row: &rusqlite::Row<'_>| {
        let trusted = Trusted {
            base_url: row.get("base_url")?,
            master_public_key: row.get("master_pub")?,
            currency: row.get("currency")?,
        };
        Ok(KeptExchange { trusted, is_removed: row.get("is_removed")? })
    };
    let rows = statement.query_map([], read)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Keeps `exchange`; in place of another entry of its address, if there is one.
///
/// # Errors
/// [`super::Error::Sqlite`], [`super::Error::Full`].
pub fn keep(tx: &mut Tx<'_>, exchange: &Trusted, now: Timestamp) -> Result<()> {
    tx.prepare_cached(sql!("trusted_exchanges/upsert"))?.execute(named_params! {
        ":base_url": exchange.base_url,
        ":master_pub": exchange.master_public_key,
        ":currency": exchange.currency,
        ":added_at_s": now,
    })?;
    Ok(())
}

/// Stops offering the exchange at `base_url` in new orders; `true` if they did until now.
///
/// # Errors
/// [`super::Error::Sqlite`], [`super::Error::Full`].
pub fn remove(tx: &mut Tx<'_>, base_url: &BaseUrl, now: Timestamp) -> Result<bool> {
    let changed = tx
        .prepare_cached(sql!("trusted_exchanges/remove"))?
        .execute(named_params! { ":base_url": base_url, ":removed_at_s": now })?;
    Ok(changed > 0)
}
