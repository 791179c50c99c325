//! Copies of the file: made while the daemon runs, checked, and put back.

use std::fs::{self, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags};

use super::open::{Found, connect, inspect, lock, resolve, sync_folder, with_suffix};
use super::{BUSY_TIMEOUT, Error, Result};

fn failed(path: &Path) -> impl Fn(std::io::Error) -> Error {
    move |error| Error::Open(path.to_owned(), error.to_string())
}

/// Copies the database at `path` to the new file `dest`, also while a daemon runs. The copy is one
/// moment's state, is on the disk and was checked before it gets its name.
///
/// # Errors
/// [`Error::Exists`] for a `dest` that is there; otherwise as [`super::Store::open`].
pub fn backup(path: &Path, dest: &Path) -> Result<()> {
    let path = resolve(path)?;
    if inspect(&path)? == Found::Nothing {
        return Err(Error::Open(path, "there is no database".into()));
    }
    let connection = connect(&path)?;
    copy(&connection, dest)
}

/// Copies what `connection` is open on to the new file `dest`.
pub(super) fn copy(connection: &Connection, dest: &Path) -> Result<()> {
    if fs::symlink_metadata(dest).is_ok() {
        return Err(Error::Exists(dest.to_owned()));
    }
    let part = with_suffix(dest, ".part");
    let done = write_copy(connection, &part).and_then(|()| {
        fs::rename(&part, dest).map_err(failed(dest))?;
        sync_folder(dest).map_err(failed(dest))
    });
    if done.is_err() {
        // Half a copy is worse than none.
        let _ = fs::remove_file(&part);
    }
    done
}

/// Writes the copy, checks it, and makes it durable.
fn write_copy(connection: &Connection, part: &Path) -> Result<()> {
    let file = OpenOptions::new()
        .create(true)
        .truncate(true)
        .write(true)
        .mode(0o600)
        .open(part)
        .map_err(failed(part))?;
    let mut copy = Connection::open_with_flags(part, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    let backup = Backup::new(connection, &mut copy)?;
    // All pages in one step are one moment's state, whatever is written meanwhile.
    match backup.step(-1)? {
        StepResult::Done => {}
        _ => return Err(Error::Busy),
    }
    drop(backup);
    let verdict: String = copy.pragma_query_value(None, "integrity_check", |row| row.get(0))?;
    if verdict != "ok" {
        return Err(Error::Corrupt(part.to_owned(), verdict));
    }
    copy.close().map_err(|(_, error)| error)?;
    file.sync_all().map_err(failed(part))
}

/// A name beside `path` that says what the file is and when it was made (UTC).
pub(super) fn beside(connection: &Connection, path: &Path, what: &str) -> Result<PathBuf> {
    let mut statement = connection.prepare_cached("SELECT strftime('%Y%m%dT%H%M%SZ', 'now')")?;
    let time: String = statement.query_row([], |row| row.get(0))?;
    let mut candidate = with_suffix(path, &format!(".{what}-{time}"));
    for again in 2.. {
        if fs::symlink_metadata(&candidate).is_err() {
            break;
        }
        candidate = with_suffix(path, &format!(".{what}-{time}-{again}"));
    }
    Ok(candidate)
}

/// Puts the backup `src` in the place of the database at `path`. What was there is kept under the
/// name that is answered.
///
/// # Errors
/// [`Error::AlreadyRunning`] while a daemon runs; for `src`, as [`super::Store::open`].
pub fn restore(src: &Path, path: &Path) -> Result<Option<PathBuf>> {
    let path = resolve(path)?;
    let _lock = lock(&path)?;
    let src = resolve(src)?;
    // A backup on a medium that cannot be written is as good as any.
    match inspect(&src) {
        Ok(Found::Ours) | Err(Error::ReadOnly(_)) => {}
        Ok(Found::Nothing) => return Err(Error::Open(src, "there is no backup".into())),
        Err(other) => return Err(other),
    }
    let new = with_suffix(&path, ".restored");
    let source = open_source(&src)?;
    let done = write_copy(&source, &new).and_then(|()| put_in_place(&source, &new, &path));
    if done.is_err() {
        let _ = fs::remove_file(&new);
    }
    done
}

/// Opens a backup for reading, even where nothing can be written beside it.
fn open_source(src: &Path) -> Result<Connection> {
    let immutable = || -> Result<Connection> {
        let mut uri = url::Url::from_file_path(src)
            .map_err(|()| Error::Open(src.to_owned(), "not a full path".into()))?;
        uri.set_query(Some("immutable=1"));
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
        Ok(Connection::open_with_flags(uri.as_str(), flags)?)
    };
    let source = if fs::metadata(with_suffix(src, "-wal")).is_ok_and(|log| log.len() > 0) {
        // It was copied by hand with its log, or is in use: then its log counts.
        Connection::open_with_flags(src, OpenFlags::SQLITE_OPEN_READ_ONLY)?
    } else {
        immutable()?
    };
    source.busy_timeout(BUSY_TIMEOUT)?;
    Ok(source)
}

/// Gives the complete file `new` the name `path`, and what was there another.
fn put_in_place(clock: &Connection, new: &Path, path: &Path) -> Result<Option<PathBuf>> {
    let log = with_suffix(path, "-wal");
    let mut kept = None;
    if fs::symlink_metadata(path).is_ok() {
        // What waits in the log belongs into the old file, if that can be opened at all.
        if matches!(inspect(path), Ok(Found::Ours))
            && let Ok(old) = connect(path)
        {
            let _ = old.pragma_update(None, "wal_checkpoint", "TRUNCATE");
        }
        let name = beside(clock, path, "replaced")?;
        // By a link, so that there is always a file at `path`; else by a copy.
        if fs::hard_link(path, &name).is_err() {
            fs::copy(path, &name).map_err(failed(&name))?;
        }
        if fs::metadata(&log).is_ok_and(|log| log.len() > 0) {
            fs::rename(&log, with_suffix(&name, "-wal")).map_err(failed(&log))?;
        }
        kept = Some(name);
    }
    // The new file must not be read together with the old one's log.
    for stale in [log, with_suffix(path, "-shm")] {
        match fs::remove_file(&stale) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(failed(&stale)(error)),
            _ => {}
        }
    }
    fs::rename(new, path).map_err(failed(path))?;
    sync_folder(path).map_err(failed(path))?;
    Ok(kept)
}
