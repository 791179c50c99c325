//! Bank accounts.

use rusqlite::{Connection, OptionalExtension, Row, named_params};

use super::{Result, Tx, sql};
use crate::model::account::{Account, AccountDetails};
use crate::model::instance::InstanceSerial;
use crate::model::transfer::AccountSerial;
use taler::base32::HashCode;
use taler::payto::Payto;

/// All accounts of `instance`, the oldest first.
///
/// # Errors
/// [`super::Error::Sqlite`].
pub fn list(db: &Connection, instance: InstanceSerial) -> Result<Vec<Account>> {
    let mut statement = db.prepare_cached(sql!("accounts/columns" + "accounts/list"))?;
    let rows = statement.query_map(named_params! { ":instance": instance }, read_account)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// The account that contracts call `h_wire`.
///
/// # Errors
/// [`super::Error::Sqlite`].
pub fn find(
    db: &Connection,
    instance: InstanceSerial,
    h_wire: &HashCode,
) -> Result<Option<Account>> {
    let mut statement = db.prepare_cached(sql!("accounts/columns" + "accounts/find"))?;
    let params = named_params! { ":instance": instance, ":h_wire": h_wire };
    Ok(statement.query_row(params, read_account).optional()?)
}

/// The account with this URI.
///
/// # Errors
/// [`super::Error::Sqlite`].
pub fn find_by_payto(
    db: &Connection,
    instance: InstanceSerial,
    payto_uri: &Payto,
) -> Result<Option<Account>> {
    let mut statement = db.prepare_cached(sql!("accounts/columns" + "accounts/find_by_payto"))?;
    let params = named_params! { ":instance": instance, ":payto_uri": payto_uri };
    Ok(statement.query_row(params, read_account).optional()?)
}

/// The number of the account that contracts call `h_wire`.
///
/// # Errors
/// [`super::Error::Sqlite`].
pub fn serial_of(
    db: &Connection,
    instance: InstanceSerial,
    h_wire: &HashCode,
) -> Result<Option<AccountSerial>> {
    let mut statement = db.prepare_cached(sql!("accounts/serial_of"))?;
    let params = named_params! { ":instance": instance, ":h_wire": h_wire };
    Ok(statement.query_row(params, |row| row.get(0)).optional()?)
}

fn read_account(row: &Row<'_>) -> rusqlite::Result<Account> {
    Ok(Account {
        payto_uri: row.get("payto_uri")?,
        salt: row.get("salt")?,
        h_wire: row.get("h_wire")?,
        active: row.get("active")?,
        details: AccountDetails {
            credit_facade_url: row.get("credit_facade_url")?,
            credit_facade_credentials: row.get("credit_facade_credentials")?,
            extra_wire_subject_metadata: row.get("extra_wire_subject_metadata")?,
        },
    })
}

/// Keeps a new account.
///
/// # Errors
/// [`super::Error::Sqlite`], also when the URI is there already; [`super::Error::Full`].
pub fn insert(tx: &mut Tx<'_>, instance: InstanceSerial, account: &Account) -> Result<()> {
    let details = &account.details;
    tx.prepare_cached(sql!("accounts/insert"))?.execute(named_params! {
        ":instance": instance,
        ":payto_uri": account.payto_uri,
        ":salt": account.salt,
        ":h_wire": account.h_wire,
        ":active": account.active,
        ":credit_facade_url": details.credit_facade_url,
        ":credit_facade_credentials": details.credit_facade_credentials,
        ":extra_wire_subject_metadata": details.extra_wire_subject_metadata,
    })?;
    Ok(())
}

/// Gives an account new details.
///
/// # Errors
/// [`super::Error::Sqlite`], [`super::Error::Full`].
pub fn update(
    tx: &mut Tx<'_>,
    instance: InstanceSerial,
    h_wire: &HashCode,
    details: &AccountDetails,
) -> Result<()> {
    tx.prepare_cached(sql!("accounts/update"))?.execute(named_params! {
        ":instance": instance,
        ":h_wire": h_wire,
        ":credit_facade_url": details.credit_facade_url,
        ":credit_facade_credentials": details.credit_facade_credentials,
        ":extra_wire_subject_metadata": details.extra_wire_subject_metadata,
    })?;
    Ok(())
}

/// Puts an account into use or out of it; `false` if it is not there or was so already.
///
/// # Errors
/// [`super::Error::Sqlite`], [`super::Error::Full`].
pub fn set_active(
    tx: &mut Tx<'_>,
    instance: InstanceSerial,
    h_wire: &HashCode,
    active: bool,
) -> Result<bool> {
    let changed = tx
        .prepare_cached(sql!("accounts/set_active"))?
        .execute(named_params! { ":instance": instance, ":h_wire": h_wire, ":active": active })?;
    Ok(changed > 0)
}
