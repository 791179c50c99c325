//! Copies an open database to a new file, checked and durable, and chooses names for copies.

use std::fs::{self, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags, named_params};

use super::header::APPLICATION_ID;
use super::paths::{folder, remove_with_logs, sync_folder, with_suffix};
use super::{Error, Result};

/// Says of an error of the operating system at which file it happened.
pub(super) fn failed(path: &Path) -> impl Fn(std::io::Error) -> Error {
    move |error| Error::Open(path.to_owned(), error.to_string())
}

/// Copies the database at `path`, on which `connection` is open, to the new file `dest`.
pub(super) fn copy(connection: &Connection, path: &Path, dest: &Path) -> Result<()> {
    if fs::symlink_metadata(dest).is_ok() {
        return Err(Error::Exists(dest.to_owned()));
    }
    let name = dest.file_name().ok_or_else(|| Error::Exists(dest.to_owned()))?;
    let dest = &fs::canonicalize(folder(dest)).map_err(failed(dest))?.join(name);
    let part = with_suffix(dest, ".part");
    let done = write_copy(connection, path, &part).and_then(|()| {
        // A hard link, unlike a rename, never replaces a file that appeared meanwhile.
        match fs::hard_link(&part, dest) {
            Ok(()) => fs::remove_file(&part).map_err(failed(&part))?,
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                return Err(Error::Exists(dest.to_owned()));
            }
            Err(_) => fs::rename(&part, dest).map_err(failed(dest))?,
        }
        sync_folder(dest).map_err(failed(dest))
    });
    if done.is_err() {
        // An incomplete copy is removed.
        let _ = remove_with_logs(&part);
    }
    done
}

/// Writes a copy of the database at `path`, checks it, and makes it durable.
///
/// Only what is in tables is copied, so that what was deleted is in no copy, and a copy is as small as
/// it can be. It is of one moment, whatever is written meanwhile.
pub(super) fn write_copy(connection: &Connection, path: &Path, part: &Path) -> Result<()> {
    remove_with_logs(part).map_err(failed(part))?;
    let file = OpenOptions::new()
        .create_new(true)
        .write(true)
        .mode(0o600)
        .open(part)
        .map_err(failed(part))?;
    // Where files of older versions do not give free pages back, their copies do.
    if connection.pragma_query_value(None, "auto_vacuum", |row| row.get::<_, i64>(0))? == 0 {
        connection.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
    }
    // SQLite takes the file because it is empty. A full name is none of its addresses (`file:…`).
    let full = std::path::absolute(part).map_err(failed(part))?;
    let name = full
        .to_str()
        .ok_or_else(|| Error::Open(part.to_owned(), "SQLite needs a path in UTF-8".into()))?;
    let mut vacuum = connection.prepare_cached("VACUUM INTO :name")?;
    vacuum.execute(named_params! { ":name": name }).map_err(|error| Error::in_file(path, error))?;
    drop(vacuum);
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NOFOLLOW;
    let copy = Connection::open_with_flags(part, flags)?;
    copy.pragma_update(None, "journal_mode", "WAL")?;
    let verdict: String = copy.pragma_query_value(None, "integrity_check", |row| row.get(0))?;
    if verdict != "ok" {
        return Err(Error::Corrupt(path.to_owned(), verdict));
    }
    let id: u32 = copy.pragma_query_value(None, "application_id", |row| row.get(0))?;
    if id != APPLICATION_ID {
        return Err(Error::Foreign(path.to_owned()));
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
