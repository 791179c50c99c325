//! The setup code that creates the first instance, and the instances that have hidden their check list.

use rusqlite::{Connection, OptionalExtension, named_params};

use super::{Result, Tx, sql};
use crate::model::instance::InstanceSerial;
use taler::base32::HashCode;
use taler::time::Timestamp;

/// The stored part of the setup code.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct KeptCode {
    /// Its hash; the code itself is not stored.
    pub hash: HashCode,
    /// When it expires.
    pub expires_at: Timestamp,
}

/// The latest code, valid or expired; `None` if there is none.
///
/// # Errors
/// [`super::Error::Sqlite`].
pub fn code(db: &Connection) -> Result<Option<KeptCode>> {
    let mut statement = db.prepare_cached(sql!("setup_code/find"))?;
    let read = |row: &rusqlite::Row<'_>| {
        Ok(KeptCode { hash: row.get("code_hash")?, expires_at: row.get("expires_at_s")? })
    };
    Ok(statement.query_row([], read).optional()?)
}

/// Stores a code, replacing the previous one.
///
/// # Errors
/// [`super::Error::Sqlite`], [`super::Error::Full`].
pub fn keep_code(tx: &mut Tx<'_>, code: &KeptCode) -> Result<()> {
    tx.prepare_cached(sql!("setup_code/keep"))?
        .execute(named_params! { ":code_hash": code.hash, ":expires_at_s": code.expires_at })?;
    Ok(())
}

/// Deletes the code.
///
/// # Errors
/// [`super::Error::Sqlite`].
pub(super) fn delete_code(tx: &mut Tx<'_>) -> Result<()> {
    tx.prepare_cached(sql!("setup_code/delete"))?.execute([])?;
    Ok(())
}

/// Whether `instance` has hidden its check list.
///
/// # Errors
/// [`super::Error::Sqlite`].
pub fn is_check_list_hidden(db: &Connection, instance: InstanceSerial) -> Result<bool> {
    let mut statement = db.prepare_cached(sql!("hidden_check_lists/find"))?;
    Ok(statement.exists(named_params! { ":instance": instance })?)
}

/// Hides the check list of `instance`.
///
/// # Errors
/// [`super::Error::Sqlite`], [`super::Error::Full`].
pub fn hide_check_list(tx: &mut Tx<'_>, instance: InstanceSerial, now: Timestamp) -> Result<()> {
    tx.prepare_cached(sql!("hidden_check_lists/upsert"))?
        .execute(named_params! { ":instance": instance, ":hidden_at_s": now })?;
    Ok(())
}
