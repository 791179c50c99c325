//! The sandbox's one SQLite file. It is opened by one process at a time, spoken to through one
//! connection, and every commit is on the disk before anybody is answered.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Mutex;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags, Transaction, TransactionBehavior};

use super::{Error, held, sql};
use system::steps;

/// Marks a file as a sandbox's, in SQLite's header: "tbox".
const APPLICATION_ID: u32 = 0x7462_6F78;
/// How long to wait for a process that is just closing the file.
const BUSY_TIMEOUT: Duration = Duration::from_secs(2);
/// Statements that are kept prepared; more than there are.
const CACHED_STATEMENTS: usize = 64;

/// The schema, oldest step first. A released step is never edited.
const STEPS: &[&str] = &[
    sql!("migrations/0001_keys"),
    sql!("migrations/0002_reserves"),
    sql!("migrations/0003_coins"),
    sql!("migrations/0004_deposits"),
    sql!("migrations/0005_real_exchange"),
];

/// The version of a file that has taken all steps.
pub const VERSION: u32 = steps::version_of(STEPS);

/// The open file.
pub(super) struct File(Mutex<Connection>);

impl File {
    /// Opens the file, making it or bringing it up to date as needed.
    pub(super) fn open(path: &Path) -> Result<Self, Error> {
        // It holds private keys; SQLite gives its log the rights of the file.
        OpenOptions::new()
            .create(true)
            .append(true)
            .mode(0o600)
            .open(path)
            .map_err(|error| Error::Open(path.to_owned(), error))?;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut db = Connection::open_with_flags(path, flags)?;
        db.busy_timeout(BUSY_TIMEOUT)?;
        db.set_prepared_statement_cache_capacity(CACHED_STATEMENTS);
        inspect(&db, path)?;
        // Before the log is touched, so that two processes cannot both believe to have the file.
        db.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
        let mode: String =
            db.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
        if mode != "wal" {
            return Err(Error::NoLog(path.to_owned()));
        }
        db.pragma_update(None, "synchronous", "FULL")?;
        db.pragma_update(None, "foreign_keys", true)?;
        steps::take(&mut db, STEPS, Some(APPLICATION_ID))?;
        // The lock is taken with the first transaction, even if there is nothing to do.
        db.transaction_with_behavior(TransactionBehavior::Exclusive)?.commit()?;
        Ok(Self(Mutex::new(db)))
    }

    /// Has `work` change the file: wholly and durably, or not at all. Blocks.
    pub(super) fn change<T, E: From<rusqlite::Error>>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut db = held(&self.0);
        let tx = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let done = work(&tx)?;
        tx.commit()?;
        Ok(done)
    }

    /// Has `work` look at the file as it is at one moment. Blocks.
    pub(super) fn look<T, E: From<rusqlite::Error>>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut db = held(&self.0);
        let tx = db.transaction()?;
        work(&tx)
    }
}

/// Is the file a sandbox's, or empty, and not newer than this program?
fn inspect(db: &Connection, path: &Path) -> Result<(), Error> {
    let number = |pragma: &str| -> rusqlite::Result<u32> {
        db.pragma_query_value(None, pragma, |row| row.get(0))
    };
    let pages = number("page_count").map_err(|error| match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => {
            Error::Foreign(path.to_owned())
        }
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Error::InUse(path.to_owned()),
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
        let letter = dir.path().join("letter.txt");
        fs::write(&letter, "dear customer, we are writing to you".repeat(40)).unwrap();
        assert!(matches!(File::open(&letter), Err(Error::Foreign(_))));
        assert!(fs::read_to_string(&letter).unwrap().starts_with("dear customer"));
        let other = dir.path().join("other.db");
        Connection::open(&other).unwrap().execute_batch("CREATE TABLE t (x)").unwrap();
        let before = fs::read(&other).unwrap();
        assert!(matches!(File::open(&other), Err(Error::Foreign(_))));
        assert!(fs::read(&other).unwrap() == before);
    }

    #[test]
    fn a_new_file_is_for_its_owner_and_opens_again() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("sandbox.db");
        drop(File::open(&path).unwrap());
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let file = File::open(&path).unwrap();
        let pragma = |name| file.look(|db| db.pragma_query_value(None, name, |row| row.get(0)));
        assert_eq!(pragma("user_version"), Ok(VERSION));
        assert_eq!(pragma("synchronous"), Ok(2), "every commit is on the disk");
        assert_eq!(pragma("foreign_keys"), Ok(1));
    }

    #[test]
    fn nobody_else_can_have_the_file_open() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("sandbox.db");
        let _first = File::open(&path).unwrap();
        assert!(matches!(File::open(&path), Err(Error::InUse(_))));
    }

    #[test]
    fn what_fails_half_way_leaves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let file = File::open(&dir.path().join("sandbox.db")).unwrap();
        let insert = |tx: &Transaction<'_>| {
            tx.execute_batch("INSERT INTO reserves VALUES (1, zeroblob(32), 5, 0)")
        };
        let failed: rusqlite::Result<()> = file.change(|tx| {
            insert(tx)?;
            Err(rusqlite::Error::InvalidQuery)
        });
        assert!(failed.is_err());
        file.change(insert).unwrap();
    }
}
