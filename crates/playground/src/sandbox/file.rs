//! The sandbox's one SQLite file. It is opened by one process at a time, spoken to through one
//! connection, and every commit is on the disk before anybody is answered.

use std::path::Path;
use std::time::Duration;

use super::{Error, sql};
use crate::file::{BadFile, File, Kind};
use system::steps;

/// Marks a file as a sandbox's, in SQLite's header: "tbox".
const APPLICATION_ID: u32 = 0x7462_6F78;
/// How long to wait for a process that is just closing the file.
const BUSY_TIMEOUT: Duration = Duration::from_secs(2);

/// The schema, oldest step first. A released step is never edited.
const STEPS: &[&str] = &[
    sql!("migrations/0001_keys"),
    sql!("migrations/0002_reserves"),
    sql!("migrations/0003_coins"),
    sql!("migrations/0004_deposits"),
    sql!("migrations/0005_accounts"),
    sql!("migrations/0006_melts"),
];

/// The version of a file that has taken all steps.
pub const VERSION: u32 = steps::version_of(STEPS);

const KIND: Kind = Kind {
    application_id: APPLICATION_ID,
    steps: STEPS,
    busy_timeout: BUSY_TIMEOUT,
    is_shared: false,
};

/// Opens the file, making it or bringing it up to date as needed.
pub(super) fn open(path: &Path) -> Result<File, Error> {
    File::open(path, &KIND).map_err(|bad| match bad {
        BadFile::Foreign(path) => Error::Foreign(path),
        BadFile::Newer(path) => Error::Newer(path),
        BadFile::Unreleased(path) => Error::Unreleased(path),
        BadFile::Open(path, error) => Error::Open(path, error),
        BadFile::InUse(path) => Error::InUse(path),
        BadFile::NoLog(path) => Error::NoLog(path),
        BadFile::Sqlite(error) => Error::Sqlite(error),
    })
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use rusqlite::{Connection, Transaction};

    use super::*;

    #[test]
    fn a_file_of_somebody_else_is_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let letter = dir.path().join("letter.txt");
        fs::write(&letter, "dear customer, we are writing to you".repeat(40)).unwrap();
        assert!(matches!(open(&letter), Err(Error::Foreign(_))));
        assert!(fs::read_to_string(&letter).unwrap().starts_with("dear customer"));
        let other = dir.path().join("other.db");
        Connection::open(&other).unwrap().execute_batch("CREATE TABLE t (x)").unwrap();
        let before = fs::read(&other).unwrap();
        assert!(matches!(open(&other), Err(Error::Foreign(_))));
        assert!(fs::read(&other).unwrap() == before);
    }

    #[test]
    fn a_new_file_is_for_its_owner_and_opens_again() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("sandbox.db");
        drop(open(&path).unwrap());
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let file = open(&path).unwrap();
        let pragma = |name| file.look(|db| db.pragma_query_value(None, name, |row| row.get(0)));
        assert_eq!(pragma("user_version"), Ok(VERSION));
        assert_eq!(pragma("synchronous"), Ok(2), "every commit is on the disk");
        assert_eq!(pragma("foreign_keys"), Ok(1));
    }

    #[test]
    fn nobody_else_can_have_the_file_open() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("sandbox.db");
        let _first = open(&path).unwrap();
        assert!(matches!(open(&path), Err(Error::InUse(_))));
    }

    #[test]
    fn what_fails_half_way_leaves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let file = open(&dir.path().join("sandbox.db")).unwrap();
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

    #[test]
    fn coins_of_an_older_file_have_their_history() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("sandbox.db");
        let old = Kind { steps: &STEPS[..5], ..KIND };
        let file = File::open(&path, &old).unwrap();
        let rows = "
            INSERT INTO denominations VALUES
                (1, zeroblob(64), 100, 0, 0, 0, 0, 0, zeroblob(9), zeroblob(9), 0, 1, 2, 3, 4);
            INSERT INTO coins VALUES (1, zeroblob(32), 1, '', zeroblob(32), 100, 60, 20);
            INSERT INTO batches VALUES (1, zeroblob(64), zeroblob(32), zeroblob(64), zeroblob(64),
                '', NULL, 1, 0, 2, 3, zeroblob(32), zeroblob(64));
            INSERT INTO deposits VALUES
                (7, 1, 1, zeroblob(32), zeroblob(64), 60, 0, zeroblob(64), 20, NULL);
            INSERT INTO refunds VALUES (9, 7, zeroblob(8), 20, 0, zeroblob(32), zeroblob(64));";
        file.change(|tx| tx.execute_batch(rows)).unwrap();
        drop(file);
        let file = open(&path).unwrap();
        let history = "SELECT coin, coalesce(deposit, 0), coalesce(refund, 0) FROM coin_history
            ORDER BY serial";
        let found: Result<Vec<(i64, i64, i64)>, rusqlite::Error> = file.look(|db| {
            let mut statement = db.prepare_cached(history)?;
            let rows =
                statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
            rows.collect()
        });
        assert_eq!(found.unwrap(), [(1, 7, 0), (1, 0, 9)]);
    }
}
