//! The wallet's one SQLite file, `wallet.sqlite`. Several processes may have it open, and every
//! commit is on the disk before anything that follows from it is said to anybody.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, Transaction};

use super::{Error, sql};
use crate::file::{self, BadFile, Kind};
use system::steps;

/// Marks a file as a wallet's, in SQLite's header: "twal".
const APPLICATION_ID: u32 = 0x7477_616C;
/// How long to wait for another process that is just writing.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// The schema, oldest step first. A released step is never edited.
const STEPS: &[&str] = &[
    sql!("migrations/0001_exchanges"),
    sql!("migrations/0002_coins"),
    sql!("migrations/0003_purchases"),
    sql!("migrations/0004_refreshes"),
];

/// The version of a file that has taken all steps.
pub const VERSION: u32 = steps::version_of(STEPS);

const KIND: Kind = Kind {
    application_id: APPLICATION_ID,
    steps: STEPS,
    busy_timeout: BUSY_TIMEOUT,
    is_shared: true,
};

/// The open file.
pub(super) struct File(file::File);

impl File {
    /// Opens the wallet in `dir`, making folder and file or bringing the file up to date as needed.
    pub(super) fn open(dir: &Path) -> Result<Self, Error> {
        let path = dir.join("wallet.sqlite");
        let made = DirBuilder::new().recursive(true).mode(0o700).create(dir);
        made.map_err(|error| Error::Open(path.clone(), error))?;
        let opened = file::File::open(&path, &KIND).map_err(|bad| match bad {
            BadFile::Foreign(path) => Error::Foreign(path),
            BadFile::Newer(path) => Error::Newer(path),
            BadFile::Unreleased(path) => Error::Unreleased(path),
            BadFile::Open(path, error) => Error::Open(path, error),
            BadFile::InUse(_) => Error::Busy,
            BadFile::NoLog(path) => Error::NoLog(path),
            BadFile::Sqlite(error) => Error::Sqlite(error),
        })?;
        Ok(Self(opened))
    }

    /// Has `work` change the file: wholly and durably, or not at all. Blocks.
    pub(super) fn change<T>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.0.change(work)
    }

    /// Has `work` look at the file as it is at one moment. Blocks.
    pub(super) fn look<T>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.0.look(|tx| work(tx))
    }
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

    #[test]
    fn a_file_of_a_development_version_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let file = File::open(dir.path()).unwrap();
        file.change(|tx| Ok(tx.pragma_update(None, "user_version", 3)?)).unwrap();
        drop(file);
        let refused = File::open(dir.path()).err().unwrap();
        assert!(matches!(refused, Error::Unreleased(_)));
        assert!(refused.to_string().contains("development version"), "{refused}");
    }
}
