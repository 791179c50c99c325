//! Opens the database file after checking its type, integrity and permissions.
//!
//! An unsuitable file is refused before SQLite opens it for writing, so that it stays unchanged. A new
//! file is completed under another name and then renamed, so that a file at the path
//! is always a complete database.

use std::fs::{self, File, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::header::{APPLICATION_ID, FileState, cannot, inspect};
use super::paths::{lock, remove_logs, remove_with_logs, resolve, sync_folder, with_suffix};
use super::{BUSY_TIMEOUT, CACHED_STATEMENTS, Error, Result, Role, VERSION, copy, migrations};

/// Files up to this size, in bytes, are read whole and checked each time they are opened.
const CHECKED_WHOLE: u64 = 8 * 1024 * 1024;
/// Size in bytes to which the log is truncated after a rush. A busy shop needs less, so
/// in daily use the log is overwritten and not recreated.
const LOG_SIZE: u32 = 64 * 1024 * 1024;

/// An open file, before the store is built around it.
pub(super) struct Opened {
    /// Path, with links resolved.
    pub(super) path: PathBuf,
    /// The write connection.
    pub(super) connection: Connection,
    /// The daemon's lock.
    pub(super) lock: Option<File>,
}

pub(super) fn open(path: &Path, role: Role) -> Result<Opened> {
    let path = match resolve(path) {
        // Its folder may be missing too.
        Err(_) if role == Role::Guest && is_missing(path) => {
            return Err(Error::Missing(path.to_owned()));
        }
        resolved => resolved?,
    };
    // No lock file is created beside a file that is not ours.
    inspect(&path)?;
    let daemon = match role {
        Role::Daemon => Some(lock(&path)?),
        Role::Guest | Role::Creator => None,
    };
    match inspect(&path)? {
        FileState::Nothing if role == Role::Guest => return Err(Error::Missing(path)),
        FileState::Nothing => {
            let _own = match daemon {
                Some(_) => None,
                // The process that holds the lock is about to create the file.
                None => Some(lock(&path).map_err(|error| match error {
                    Error::AlreadyRunning(_) => Error::Busy,
                    other => other,
                })?),
            };
            // Another process may have created it meanwhile.
            if inspect(&path)? == FileState::Nothing {
                create(&path)?;
            }
        }
        FileState::Ours => {}
    }
    let mut connection = plain(&path)?;
    // A damaged file stays unchanged: closing it would move the log into it.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    check_whole(&connection, &path)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false)?;
    settle(&connection, &path)?;
    if migrations::version(&connection)? != VERSION {
        let _own = match daemon {
            Some(_) => None,
            None => Some(lock(&path).map_err(|error| match error {
                Error::AlreadyRunning(path) => Error::OlderDaemon(path),
                other => other,
            })?),
        };
        migrations::migrate(&mut connection, &path)?;
    }
    // Frees the memory of the pages that the check has read.
    connection.release_memory()?;
    Ok(Opened { path, connection, lock: daemon })
}

/// Creates a complete, empty database at `path`.
fn create(path: &Path) -> Result<()> {
    let failed = cannot(path);
    let new = with_suffix(path, ".new");
    remove_with_logs(&new).map_err(&failed)?;
    // SQLite gives its log the permissions of the file, so this protects both.
    let file =
        OpenOptions::new().create_new(true).write(true).mode(0o600).open(&new).map_err(&failed)?;
    let mut connection = plain(&new)?;
    // This setting takes effect only on an empty file, see `space`.
    connection.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
    settle(&connection, &new)?;
    connection.pragma_update(None, "application_id", APPLICATION_ID)?;
    migrations::migrate(&mut connection, &new)?;
    connection.pragma_update(None, "wal_checkpoint", "TRUNCATE")?;
    set_log_aside(&connection, path).map_err(&failed)?;
    connection.close().map_err(|(_, error)| error)?;
    file.sync_all().map_err(&failed)?;
    fs::rename(&new, path).map_err(&failed)?;
    sync_folder(path).map_err(failed)?;
    log::info!("created database {}, schema {VERSION}", path.display());
    Ok(())
}

/// Whether nothing exists at `path`; not if the path cannot be resolved.
fn is_missing(path: &Path) -> bool {
    fs::metadata(path).is_err_and(|error| error.kind() == ErrorKind::NotFound)
}

/// Renames the log of a deleted file, so that it is not taken for that of the new one. It is kept,
/// because it may contain data.
fn set_log_aside(clock: &Connection, path: &Path) -> std::io::Result<()> {
    let log = with_suffix(path, "-wal");
    if fs::symlink_metadata(&log).is_ok_and(|metadata| metadata.len() > 0) {
        let kept = copy::beside(clock, path, "orphan-wal").map_err(std::io::Error::other)?;
        fs::rename(&log, &kept)?;
        log::warn!("a write-ahead log without its database was renamed to {}", kept.display());
    }
    remove_logs(path)
}

/// Opens a write connection: write-ahead log, each commit synced to the disk.
pub(super) fn connect(path: &Path) -> Result<Connection> {
    let connection = plain(path)?;
    settle(&connection, path)?;
    Ok(connection)
}

/// A connection that has not touched the file yet.
fn plain(path: &Path) -> Result<Connection> {
    // The path has its links resolved; a link that appears now was placed after the check.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_NOFOLLOW;
    let connection = Connection::open_with_flags(path, flags)
        .map_err(|error| Error::Open(path.to_owned(), error.to_string()))?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_prepared_statement_cache_capacity(CACHED_STATEMENTS);
    Ok(connection)
}

/// Applies the settings of a write connection; some change the file.
fn settle(connection: &Connection, path: &Path) -> Result<()> {
    let mode: String = connection
        .pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))
        .map_err(|error| Error::in_file(path, error))?;
    if mode != "wal" {
        return Err(Error::Open(
            path.to_owned(),
            format!("write-ahead logging is not available ({mode})"),
        ));
    }
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "journal_size_limit", LOG_SIZE)?;
    // Deleted content, keys above all, is overwritten with zeros where that costs no extra write.
    connection.pragma_update(None, "secure_delete", "FAST")?;
    Ok(())
}

/// Checks the integrity of the file: all of a small one, only the schema of a large one.
pub(super) fn check_whole(connection: &Connection, path: &Path) -> Result<()> {
    let length = fs::metadata(path).map_or(0, |metadata| metadata.len());
    let verdict = if length <= CHECKED_WHOLE {
        connection.pragma_query_value(None, "quick_check", |row| row.get::<_, String>(0))
    } else {
        connection.query_row("SELECT 'ok' FROM sqlite_schema LIMIT 1", [], |row| row.get(0))
    };
    match verdict {
        Ok(verdict) if verdict == "ok" => Ok(()),
        Ok(verdict) => Err(Error::Corrupt(path.to_owned(), verdict)),
        Err(error) => Err(Error::in_file(path, error)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Options, Store, instances};
    use super::*;
    use crate::store::tests::fixture;
    use taler::ids::InstanceId;

    #[test]
    fn what_is_refused_gets_nothing_put_beside_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("letter.txt");
        fs::write(&path, "dear customer").unwrap();
        for role in [Role::Daemon, Role::Guest] {
            let refused = Store::open(&path, role, Options::default());
            assert!(matches!(refused, Err(Error::Foreign(_))));
        }
        let names = fs::read_dir(dir.path()).unwrap();
        assert_eq!(
            names.map(|entry| entry.unwrap().file_name()).collect::<Vec<_>>(),
            ["letter.txt"]
        );
    }

    #[test]
    fn a_link_to_a_file_to_come_leads_there_and_to_its_lock() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("real")).unwrap();
        let (link, real) = (dir.path().join("link.db"), dir.path().join("real/tilld.db"));
        std::os::unix::fs::symlink("real/tilld.db", &link).unwrap();
        let _daemon = Store::open(&link, Role::Daemon, Options::default()).unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert!(fs::symlink_metadata(&real).unwrap().is_file());
        let second = Store::open(&real, Role::Daemon, Options::default());
        assert!(matches!(second, Err(Error::AlreadyRunning(_))));
    }

    #[actix_web::test]
    async fn the_log_of_a_file_that_is_gone_is_not_read_into_the_new_one() {
        let f = fixture(Options::default()).await;
        let path = f.store.path().to_owned();
        let log = with_suffix(&path, "-wal");
        let content = fs::read(&log).unwrap();
        drop(f.store);
        fs::remove_file(&path).unwrap();
        fs::write(&log, &content).unwrap();

        let store = Store::open(&path, Role::Daemon, Options::default()).unwrap();

        let found = store.read(|db| instances::find(db, &InstanceId::admin())).await.unwrap();
        assert!(found.is_none());
        let names = fs::read_dir(f.dir.path()).unwrap().map(|entry| entry.unwrap());
        let kept = names.filter(|e| e.file_name().to_string_lossy().contains(".orphan-wal-"));
        let kept: Vec<_> = kept.map(|entry| fs::read(entry.path()).unwrap()).collect();
        assert!(kept == [content]);
    }

    #[actix_web::test]
    async fn a_damaged_file_stays_as_it_is_whatever_its_journal() {
        let f = fixture(Options::default()).await;
        let path = f.store.path().to_owned();
        drop(f.store);
        let mut content = fs::read(&path).unwrap();
        // Says that it has no write-ahead log, and has a page that is none.
        content[18..20].fill(1);
        content[4096..8192].fill(0xA5);
        fs::write(&path, &content).unwrap();
        for role in [Role::Daemon, Role::Guest] {
            let refused = Store::open(&path, role, Options::default());
            assert!(matches!(refused, Err(Error::Corrupt(..))), "{refused:?}");
            assert!(fs::read(&path).unwrap() == content);
        }
    }
}
