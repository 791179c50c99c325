//! Read-only inspection of the file: it neither creates it, nor migrates it, nor checkpoints it.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::header::{FileState, inspect};
use super::open::check_whole;
use super::paths::{resolve, with_suffix};
use super::{BUSY_TIMEOUT, Error, Read, Result, migrations, snapshot, sql};
use taler::time::Timestamp;

/// What must be encoded in the path of SQLite's addresses of files.
const PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'.').remove(b'-').remove(b'_');

/// The file, open for reading only.
#[derive(Debug)]
pub struct Inspection {
    connection: Connection,
    path: PathBuf,
    version: u32,
}

/// Opens the file at `path` to look at it, also while a daemon runs; `None` if there is none. A
/// small file is checked on the way, of a large one only what holds it together.
///
/// # Errors
/// As [`super::Store::open`], but for an older file, which can be looked at.
pub fn inspect_copy(path: &Path) -> Result<Option<Inspection>> {
    let path = resolve(path)?;
    if inspect(&path)? == FileState::Nothing {
        return Ok(None);
    }
    let connection = connect(&path)?;
    check_whole(&connection, &path)?;
    let version = migrations::version(&connection)?;
    Ok(Some(Inspection { connection, path, version }))
}

fn connect(path: &Path) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_NOFOLLOW;
    // Even a reader would put a log beside a file that has none. Where nobody has the file open, it
    // is read as immutable. A process that opens it at this moment writes to the log
    // first, and moves that into the file only later, when the look is long over.
    let in_use = ["-wal", "-shm"].iter().any(|suffix| with_suffix(path, suffix).exists());
    let opened = if in_use {
        Connection::open_with_flags(path, flags)
    } else {
        let encoded = percent_encode(path.as_os_str().as_bytes(), PATH);
        let address = format!("file:{encoded}?immutable=1");
        Connection::open_with_flags(address, flags | OpenFlags::SQLITE_OPEN_URI)
    };
    let connection = opened.map_err(|error| Error::Open(path.to_owned(), error.to_string()))?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    // The log stays as it is when the look is over.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    Ok(connection)
}

impl Inspection {
    /// Runs `work` on a snapshot of the file. Not for a file of another version: its tables
    /// may be others.
    ///
    /// # Errors
    /// What `work` says.
    pub fn read<T>(&self, work: impl FnOnce(&Read<'_>) -> Result<T>) -> Result<T> {
        snapshot(&self.connection, work)
    }

    /// Where the file is, with links resolved.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The file's version; [`super::VERSION`] is ours, and newer ones are refused.
    pub const fn version(&self) -> u32 {
        self.version
    }

    /// How large the log beside the file is, in bytes.
    pub fn log_bytes(&self) -> u64 {
        fs::metadata(with_suffix(&self.path, "-wal")).map_or(0, |log| log.len())
    }

    /// When something last happened that is in the file; see [`newest`].
    ///
    /// # Errors
    /// [`Error::Sqlite`].
    pub fn newest(&self) -> Result<Option<Timestamp>> {
        self.read(|db| newest(db))
    }
}

/// When the last order was made or paid, or the last refund granted, whichever is later; `None` before
/// the first. No true clock says less, unless an untrue one said more then; that is forgotten with the
/// next order.
///
/// # Errors
/// [`Error::Sqlite`].
pub fn newest(db: &Connection) -> Result<Option<Timestamp>> {
    let mut statement = db.prepare_cached(sql!("check/newest"))?;
    let newest: Option<i64> = statement.query_row([], |row| row.get("newest_s"))?;
    let newest = newest.and_then(|secs| u64::try_from(secs).ok());
    Ok(newest.and_then(|secs| Timestamp::from_secs(secs).ok()))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::store::tests::fixture;
    use crate::store::{Options, VERSION, instances};

    /// Every file in the folder of `path`, but for SQLite's index of the log, which is memory.
    fn folder(path: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
        let names =
            fs::read_dir(path.parent().unwrap()).unwrap().map(|entry| entry.unwrap().path());
        let kept = names.filter(|name| !name.to_string_lossy().ends_with("-shm"));
        kept.map(|name| (name.clone(), fs::read(&name).unwrap())).collect()
    }

    fn sees_everything(look: &Inspection) {
        assert_eq!(look.version(), VERSION);
        assert_eq!(look.read(|db| instances::list(db)).unwrap().len(), 1);
        assert_eq!(look.newest().unwrap(), None);
    }

    #[actix_web::test]
    async fn a_file_that_is_closed_is_seen_whole_and_nothing_is_put_beside_it() {
        let f = fixture(Options::default()).await;
        let path = f.store.path().to_owned();
        f.store.close();
        drop(f.store);
        let before = folder(&path);
        sees_everything(&inspect_copy(&path).unwrap().unwrap());
        assert!(folder(&path) == before);
        assert!(!with_suffix(&path, "-shm").exists());
    }

    #[actix_web::test]
    async fn what_a_crash_left_in_the_log_is_seen_and_stays_there() {
        let f = fixture(Options::default()).await;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a %3f?#.db");
        for suffix in ["", "-wal"] {
            fs::copy(with_suffix(f.store.path(), suffix), with_suffix(&path, suffix)).unwrap();
        }
        let before = folder(&path);
        let found = inspect_copy(&path).unwrap().unwrap();
        sees_everything(&found);
        assert!(found.log_bytes() > 0);
        drop(found);
        assert!(folder(&path) == before);
    }

    #[test]
    fn what_is_not_there_is_not_made_and_what_is_not_ours_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("odd ?name%.db");
        assert!(inspect_copy(&path).unwrap().is_none());
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
        fs::write(&path, "dear customer").unwrap();
        assert!(matches!(inspect_copy(&path), Err(Error::Foreign(_))));
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[actix_web::test]
    async fn a_closed_file_with_an_odd_name_is_found() {
        let f = fixture(Options::default()).await;
        let from = f.store.path().to_owned();
        f.store.close();
        drop(f.store);
        let path = from.with_file_name("a %3f?#é.db");
        fs::rename(&from, &path).unwrap();
        sees_everything(&inspect_copy(&path).unwrap().unwrap());
    }
}
