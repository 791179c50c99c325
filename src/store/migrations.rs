//! The database's migrations. They only go forward.
//!
//! A released migration is never edited. The file's `user_version` says which it has applied, see [`steps`].

use std::path::Path;

use rusqlite::Connection;

use super::{Error, Result, copy, sql};
use system::steps;

/// All migrations, oldest first.
pub(super) const STEPS: &[&str] = &[
    sql!("migrations/0001_instances"),
    sql!("migrations/0002_accounts"),
    sql!("migrations/0003_tokens"),
    sql!("migrations/0004_orders"),
    sql!("migrations/0005_deposits"),
    sql!("migrations/0006_templates"),
    sql!("migrations/0007_exchanges"),
    sql!("migrations/0008_setup"),
    sql!("migrations/0009_daemon"),
    sql!("migrations/0010_otp_devices"),
    sql!("migrations/0011_webhooks"),
    sql!("migrations/0012_inventory"),
    sql!("migrations/0013_counter"),
    sql!("migrations/0014_stock"),
    sql!("migrations/0015_receipts"),
    sql!("migrations/0016_cashiers"),
    sql!("migrations/0017_settlement"),
];

/// The schema version of this program: the number of migrations.
pub const VERSION: u32 = steps::version_of(STEPS);

/// Number of migrations applied to the file.
pub(super) fn version(connection: &Connection) -> Result<u32> {
    Ok(steps::taken(connection)?)
}

/// Applies the missing migrations, each in a transaction of its own. Before the first one, a file
/// with content is copied, and the copy is checked.
pub(super) fn migrate(connection: &mut Connection, path: &Path) -> Result<()> {
    let start = version(connection)?;
    if start > VERSION {
        return Err(Error::Newer(path.to_owned(), start, VERSION));
    }
    if steps::is_unreleased(start) {
        return Err(Error::Unreleased(path.to_owned()));
    }
    if start == VERSION {
        return Ok(());
    }
    if start > 0 {
        let dest = copy::beside(connection, path, &format!("before-v{VERSION}"))?;
        copy::copy(connection, path, &dest)?;
        log::info!("copied the database to {} before its migration", dest.display());
    }
    steps::take(connection, STEPS, None)?;
    if start > 0 {
        log::info!("migrated the database from schema {start} to {VERSION}");
    }
    Ok(())
}
