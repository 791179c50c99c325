//! The wallet's one SQLite file, `wallet.sqlite`. Several processes may have it open, and every
//! commit is on the disk before anything that follows from it is said to anybody.

use std::fs::{DirBuilder, OpenOptions};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags, Transaction, TransactionBehavior};

use super::{Error, sql};
use system::steps;

/// Marks a file as a wallet's, in SQLite's header: "twal".
const APPLICATION_ID: u32 = 0x7477_616C;
/// How long to wait for another process that is just writing.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// Statements that are kept prepared; more than there are.
const CACHED_STATEMENTS: usize = 64;

/// The schema, oldest step first. A released step is never edited.
const STEPS: &[&str] = &[
    sql!("migrations/0001_exchanges"),
    sql!("migrations/0002_coins"),
    sql!("migrations/0003_purchases"),
];

/// The version of a file that has taken all steps.
pub const VERSION: u32 = steps::version_of(STEPS);

/// The open file.
pub(super) struct File(Mutex<Connection>);

impl File {
    /// Opens the wallet in `dir`, making folder and file or bringing the file up to date as needed.
    pub(super) fn open(dir: &Path) -> Result<Self, Error> {
        let path = dir.join("wallet.sqlite");
        let failed = |error| Error::Open(path.clone(), error);
        DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(failed)?;
        // It holds money; SQLite gives its log the rights of the file.
        OpenOptions::new().create(true).append(true).mode(0o600).open(&path).map_err(failed)?;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut db = Connection::open_with_flags(&path, flags)?;
        db.busy_timeout(BUSY_TIMEOUT)?;
        db.set_prepared_statement_cache_capacity(CACHED_STATEMENTS);
        inspect(&db, &path)?;
        let mode: String =
            db.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
        if mode != "wal" {
            return Err(Error::NoLog(path));
        }
        db.pragma_update(None, "synchronous", "FULL")?;
        db.pragma_update(None, "foreign_keys", true)?;
        steps::take(&mut db, STEPS, Some(APPLICATION_ID))?;
        Ok(Self(Mutex::new(db)))
    }

    /// Has `work` change the file: wholly and durably, or not at all. Blocks.
    pub(super) fn change<T>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        // What somebody who panicked left half done is undone already.
        let mut db = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let tx = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let done = work(&tx)?;
        tx.commit()?;
        Ok(done)
    }

    /// Has `work` look at the file as it is at one moment. Blocks.
    pub(super) fn look<T>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let mut db = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let tx = db.transaction()?;
        work(&tx)
    }
}

/// Is the file a wallet's, or empty, and not newer than this program?
fn inspect(db: &Connection, path: &Path) -> Result<(), Error> {
    let number = |pragma: &str| -> rusqlite::Result<u32> {
        db.pragma_query_value(None, pragma, |row| row.get(0))
    };
    let pages = number("page_count").map_err(|error| match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => {
            Error::Foreign(path.to_owned())
        }
        _ => error.into(),
    })?;
    if pages > 0 && number("application_id")? != APPLICATION_ID {
        return Err(Error::Foreign(path.to_owned()));
    }
    if steps::taken(db)? > VERSION { Err(Error::Newer(path.to_owned())) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_file_of_somebody_else_is_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("wallet.sqlite");
        Connection::open(&path).unwrap().execute_batch("CREATE TABLE t (x)").unwrap();
        let before = fs::read(&path).unwrap();
        assert!(matches!(File::open(dir.path()), Err(Error::Foreign(_))));
        assert!(fs::read(&path).unwrap() == before);
        fs::write(&path, "dear customer, we are writing to you".repeat(40)).unwrap();
        assert!(matches!(File::open(dir.path()), Err(Error::Foreign(_))));
        assert!(fs::read_to_string(&path).unwrap().starts_with("dear customer"));
    }

    #[test]
    fn a_new_file_is_for_its_owner_and_opens_twice() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("some/where");
        let first = File::open(&folder).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&folder), 0o700);
        assert_eq!(mode(&folder.join("wallet.sqlite")), 0o600);
        let second = File::open(&folder).unwrap();
        for file in [&first, &second] {
            let pragma = |name| {
                file.look(|db| Ok(db.pragma_query_value(None, name, |row| row.get::<_, u32>(0))?))
            };
            assert_eq!(pragma("user_version").unwrap(), VERSION);
            assert_eq!(pragma("synchronous").unwrap(), 2, "every commit is on the disk");
        }
    }

    #[test]
    fn a_file_of_a_newer_program_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let file = File::open(dir.path()).unwrap();
        file.change(|tx| Ok(tx.pragma_update(None, "user_version", VERSION + 1)?)).unwrap();
        drop(file);
        assert!(matches!(File::open(dir.path()), Err(Error::Newer(_))));
    }
}
