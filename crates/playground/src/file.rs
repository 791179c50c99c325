//! An SQLite file with one connection. Every commit is on the disk before
//! the caller continues.

use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags, Transaction, TransactionBehavior};

use system::steps;

/// Statements that are kept prepared; more than there are in any file.
const CACHED_STATEMENTS: usize = 64;

/// What a file is for.
pub(crate) struct Kind {
    /// Marks the file in SQLite's header.
    pub(crate) application_id: u32,
    /// The schema, oldest step first. A released step is never edited.
    pub(crate) steps: &'static [&'static str],
    /// How long to wait for another process that is busy with the file, or is just closing it.
    pub(crate) busy_timeout: Duration,
    /// Whether several processes may have it open.
    pub(crate) is_shared: bool,
}

/// Why a file cannot be opened.
#[derive(Debug)]
pub(crate) enum BadFile {
    /// It is there, but of another kind.
    Foreign(PathBuf),
    /// It was written by a newer program.
    Newer(PathBuf),
    /// It was written by a development version, before the first release.
    Unreleased(PathBuf),
    /// It cannot be made or opened.
    Open(PathBuf, io::Error),
    /// Another process has it open.
    InUse(PathBuf),
    /// It cannot have a write-ahead log where it lies.
    NoLog(PathBuf),
    /// SQLite could not do it.
    Sqlite(rusqlite::Error),
}

impl From<rusqlite::Error> for BadFile {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

/// The open file.
pub(crate) struct File(Mutex<Connection>);

impl File {
    /// Opens the file, making it or bringing it up to date as needed.
    pub(crate) fn open(path: &Path, kind: &Kind) -> Result<Self, BadFile> {
        // It holds private keys or money; SQLite gives its log the rights of the file.
        OpenOptions::new()
            .create(true)
            .append(true)
            .mode(0o600)
            .open(path)
            .map_err(|error| BadFile::Open(path.to_owned(), error))?;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut db = Connection::open_with_flags(path, flags)?;
        db.busy_timeout(kind.busy_timeout)?;
        db.set_prepared_statement_cache_capacity(CACHED_STATEMENTS);
        inspect(&db, path, kind)?;
        if !kind.is_shared {
            // Before the log is touched, so that two processes cannot both believe to have the file.
            db.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
        }
        let mode: String =
            db.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
        if mode != "wal" {
            return Err(BadFile::NoLog(path.to_owned()));
        }
        db.pragma_update(None, "synchronous", "FULL")?;
        db.pragma_update(None, "foreign_keys", true)?;
        steps::take(&mut db, kind.steps, Some(kind.application_id))?;
        if !kind.is_shared {
            // The lock is taken with the first transaction, even if there is nothing to do.
            db.transaction_with_behavior(TransactionBehavior::Exclusive)?.commit()?;
        }
        Ok(Self(Mutex::new(db)))
    }

    /// Has `work` change the file: wholly and durably, or not at all. Blocks.
    pub(crate) fn change<T, E: From<rusqlite::Error>>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        // What somebody who panicked left half done is undone already.
        let mut db = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let tx = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let done = work(&tx)?;
        tx.commit()?;
        Ok(done)
    }

    /// Has `work` look at the file as it is at one moment. Blocks.
    pub(crate) fn look<T, E: From<rusqlite::Error>>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut db = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let tx = db.transaction()?;
        work(&tx)
    }
}

/// Checks that the file is of this kind, or empty, and not newer than this program.
fn inspect(db: &Connection, path: &Path, kind: &Kind) -> Result<(), BadFile> {
    let number = |pragma: &str| -> rusqlite::Result<u32> {
        db.pragma_query_value(None, pragma, |row| row.get(0))
    };
    let pages = number("page_count").map_err(|error| match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => {
            BadFile::Foreign(path.to_owned())
        }
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) if !kind.is_shared => {
            BadFile::InUse(path.to_owned())
        }
        _ => error.into(),
    })?;
    if pages > 0 && number("application_id")? != kind.application_id {
        return Err(BadFile::Foreign(path.to_owned()));
    }
    match steps::taken(db)? {
        version if steps::is_unreleased(version) => Err(BadFile::Unreleased(path.to_owned())),
        version if version > steps::version_of(kind.steps) => Err(BadFile::Newer(path.to_owned())),
        _ => Ok(()),
    }
}
