//! Opening the file: whose is it, is it whole, is it ours to write?
//!
//! What is not fit is refused before SQLite opens it for writing, so that it stays as it was. A new
//! file is made complete under another name and then renamed, so that a file at the right place
//! always is a database of ours.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::{BUSY_TIMEOUT, CACHED_STATEMENTS, Error, Result, Role, VERSION, migrations};

/// Marks a file as ours, in SQLite's header: "tild".
pub(super) const APPLICATION_ID: u32 = 0x7469_6C64;
/// Files up to this size, in bytes, are read whole and checked each time they are opened.
const CHECKED_WHOLE: u64 = 8 * 1024 * 1024;

/// An open file, before the store is built around it.
pub(super) struct Opened {
    /// Where it is, with links resolved.
    pub(super) path: PathBuf,
    /// For writing.
    pub(super) connection: Connection,
    /// The daemon's lock.
    pub(super) lock: Option<File>,
}

pub(super) fn open(path: &Path, role: Role) -> Result<Opened> {
    let path = resolve(path)?;
    let lock = match role {
        Role::Daemon => Some(lock(&path)?),
        Role::Guest => None,
    };
    match inspect(&path)? {
        Found::Nothing => {
            let _own = match lock {
                None => Some(self::lock(&path)?),
                Some(_) => None,
            };
            // Somebody else may have been faster.
            if inspect(&path)? == Found::Nothing {
                create(&path)?;
            }
        }
        Found::Ours => {}
    }
    let mut connection = connect(&path)?;
    if let Err(error) = check_whole(&connection, &path) {
        // Leave the file as it is: closing would move the log into it.
        let _ = connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true);
        return Err(error);
    }
    if migrations::version(&connection)? != VERSION {
        let _own = match lock {
            Some(_) => None,
            None => Some(self::lock(&path).map_err(|error| match error {
                Error::AlreadyRunning(path) => Error::OlderDaemon(path),
                other => other,
            })?),
        };
        migrations::migrate(&mut connection, &path)?;
    }
    Ok(Opened { path, connection, lock })
}

/// `path` with links resolved, so that all ways to a file meet the same lock.
pub(super) fn resolve(path: &Path) -> Result<PathBuf> {
    let failed = |error: std::io::Error| Error::Open(path.to_owned(), error.to_string());
    match fs::canonicalize(path) {
        Ok(resolved) => Ok(resolved),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let name = path.file_name().ok_or_else(|| {
                Error::Open(path.to_owned(), "there is no file's name in it".into())
            })?;
            let folder = match path.parent() {
                Some(folder) if !folder.as_os_str().is_empty() => folder,
                _ => Path::new("."),
            };
            Ok(fs::canonicalize(folder).map_err(failed)?.join(name))
        }
        Err(error) => Err(failed(error)),
    }
}

/// `path` with `suffix` at its end.
pub(super) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// The right to be the daemon of the file at `path`, for as long as the answer lives.
pub(super) fn lock(path: &Path) -> Result<File> {
    let failed = |error: std::io::Error| Error::Open(with_suffix(path, ".lock"), error.to_string());
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(0o600)
        .open(with_suffix(path, ".lock"))
        .map_err(|error| match error.kind() {
            ErrorKind::ReadOnlyFilesystem | ErrorKind::PermissionDenied => {
                Error::ReadOnly(path.to_owned())
            }
            _ => failed(error),
        })?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Error::AlreadyRunning(path.to_owned())),
        Err(TryLockError::Error(error)) => Err(failed(error)),
    }
}

/// What stands at a path.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum Found {
    /// Nothing, or an empty file.
    Nothing,
    /// A database of ours that can be written.
    Ours,
}

/// Looks at the file without SQLite, which might change it.
pub(super) fn inspect(path: &Path) -> Result<Found> {
    let metadata = match fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Found::Nothing),
        Err(error) => return Err(Error::Open(path.to_owned(), error.to_string())),
    };
    if !metadata.is_file() {
        return Err(Error::Foreign(path.to_owned()));
    }
    // Root may write even then, but whoever took the right away meant it.
    if metadata.permissions().readonly() {
        return Err(Error::ReadOnly(path.to_owned()));
    }
    let mut file =
        OpenOptions::new().read(true).write(true).open(path).map_err(|error| {
            match error.kind() {
                ErrorKind::ReadOnlyFilesystem | ErrorKind::PermissionDenied => {
                    Error::ReadOnly(path.to_owned())
                }
                _ => Error::Open(path.to_owned(), error.to_string()),
            }
        })?;
    if metadata.len() == 0 {
        return Ok(Found::Nothing);
    }
    let mut header = Vec::new();
    file.by_ref()
        .take(100)
        .read_to_end(&mut header)
        .map_err(|error| Error::Open(path.to_owned(), error.to_string()))?;
    if header.len() < 100 || !header.starts_with(b"SQLite format 3\0") {
        return Err(Error::Foreign(path.to_owned()));
    }
    let number = |at: usize| {
        let bytes = header.get(at..at.saturating_add(4)).and_then(|b| b.try_into().ok());
        bytes.map_or(0, u32::from_be_bytes)
    };
    if number(68) != APPLICATION_ID {
        return Err(Error::Foreign(path.to_owned()));
    }
    if number(60) > VERSION {
        return Err(Error::Newer(path.to_owned(), number(60), VERSION));
    }
    // Two bytes hold the page's size, 1 for 65536; the pages are counted in a header that is true
    // when its two change counters agree, and complete when no log waits beside the file.
    let page = match number(14) & 0xFFFF_0000 {
        0x0001_0000 => 65_536,
        _ => u64::from(u16::from_be_bytes([
            header.get(16).copied().unwrap_or_default(),
            header.get(17).copied().unwrap_or_default(),
        ])),
    };
    let log = fs::metadata(with_suffix(path, "-wal")).map_or(0, |log| log.len());
    let promised = u64::from(number(28)).saturating_mul(page);
    if log == 0 && number(24) == number(92) && metadata.len() < promised {
        let what = format!("{} bytes are missing at its end", promised - metadata.len());
        return Err(Error::Corrupt(path.to_owned(), what));
    }
    Ok(Found::Ours)
}

/// Makes a complete, empty database at `path`.
fn create(path: &Path) -> Result<()> {
    let failed = |error: std::io::Error| match error.kind() {
        ErrorKind::ReadOnlyFilesystem | ErrorKind::PermissionDenied => {
            Error::ReadOnly(path.to_owned())
        }
        _ => Error::Open(path.to_owned(), error.to_string()),
    };
    let new = with_suffix(path, ".new");
    for stale in [new.clone(), with_suffix(&new, "-wal"), with_suffix(&new, "-shm")] {
        match fs::remove_file(stale) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(failed(error)),
            _ => {}
        }
    }
    // SQLite gives its log the rights of the file, so this keeps both from strangers.
    let file =
        OpenOptions::new().create_new(true).write(true).mode(0o600).open(&new).map_err(failed)?;
    let mut connection = connect(&new)?;
    connection.pragma_update(None, "application_id", APPLICATION_ID)?;
    migrations::migrate(&mut connection, &new)?;
    connection.pragma_update(None, "wal_checkpoint", "TRUNCATE")?;
    connection.close().map_err(|(_, error)| error)?;
    file.sync_all().map_err(failed)?;
    fs::rename(&new, path).map_err(failed)?;
    sync_folder(path).map_err(failed)
}

/// Makes durable which names the folder of `path` holds.
pub(super) fn sync_folder(path: &Path) -> std::io::Result<()> {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => File::open(folder)?.sync_all(),
        _ => File::open(".")?.sync_all(),
    }
}

/// A connection for writing: write-ahead log, every commit on the disk.
pub(super) fn connect(path: &Path) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)
        .map_err(|error| Error::Open(path.to_owned(), error.to_string()))?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_prepared_statement_cache_capacity(CACHED_STATEMENTS);
    let mode: String = connection
        .pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))
        .map_err(|error| damaged(path, error))?;
    if mode != "wal" {
        return Err(Error::Open(path.to_owned(), format!("no write-ahead log here ({mode})")));
    }
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    Ok(connection)
}

/// Is the file whole? A small one is read through; of a large one, only what holds it together.
fn check_whole(connection: &Connection, path: &Path) -> Result<()> {
    let length = fs::metadata(path).map_or(0, |metadata| metadata.len());
    let verdict = if length <= CHECKED_WHOLE {
        connection.pragma_query_value(None, "quick_check", |row| row.get::<_, String>(0))
    } else {
        connection.query_row("SELECT 'ok' FROM sqlite_schema LIMIT 1", [], |row| row.get(0))
    };
    match verdict {
        Ok(verdict) if verdict == "ok" => Ok(()),
        Ok(verdict) => Err(Error::Corrupt(path.to_owned(), verdict)),
        Err(error) => Err(damaged(path, error)),
    }
}

fn damaged(path: &Path, error: rusqlite::Error) -> Error {
    use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase};
    match error.sqlite_error_code() {
        Some(DatabaseCorrupt | NotADatabase) => Error::Corrupt(path.to_owned(), error.to_string()),
        _ => error.into(),
    }
}
