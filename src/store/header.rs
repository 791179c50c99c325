//! Reads the file's header, before SQLite touches it, to tell whether it is a database of tilld.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read};
use std::path::Path;

use super::paths::with_suffix;
use super::{Error, Result, VERSION};
use system::steps;

/// Marks a file as ours, in SQLite's header: "tild".
pub(super) const APPLICATION_ID: u32 = 0x7469_6C64;

/// What is at a path.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum FileState {
    /// Nothing, or an empty file.
    Nothing,
    /// A writable database of tilld.
    Ours,
}

/// Inspects the file without SQLite, which might change it: whether it is a database of tilld, and writable.
///
/// Not to be done while this process has the file open: to close any descriptor of a file takes
/// away the locks that SQLite holds on it.
pub(super) fn inspect(path: &Path) -> Result<FileState> {
    let found = whose(path)?;
    let Ok(metadata) = fs::metadata(path) else { return Ok(found) };
    // Root could write anyway, but a read-only mode is respected.
    if metadata.permissions().readonly() {
        return Err(Error::ReadOnly(path.to_owned()));
    }
    match OpenOptions::new().write(true).open(path) {
        Ok(_) => Ok(found),
        Err(error) => Err(cannot(path)(error)),
    }
}

/// The reason why `path` cannot be written.
pub(super) fn cannot(path: &Path) -> impl Fn(std::io::Error) -> Error {
    move |error| match error.kind() {
        ErrorKind::ReadOnlyFilesystem | ErrorKind::PermissionDenied => {
            Error::ReadOnly(path.to_owned())
        }
        _ => Error::Open(path.to_owned(), error.to_string()),
    }
}

/// Checks that the file is a database of tilld and complete. Only reads it.
pub(super) fn whose(path: &Path) -> Result<FileState> {
    let metadata = match fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(FileState::Nothing),
        Err(error) => return Err(Error::Open(path.to_owned(), error.to_string())),
    };
    if !metadata.is_file() {
        return Err(Error::Foreign(path.to_owned()));
    }
    if metadata.len() == 0 {
        return Ok(FileState::Nothing);
    }
    let mut header = Vec::new();
    File::open(path)
        .map_err(|error| Error::Open(path.to_owned(), error.to_string()))?
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
    if steps::is_unreleased(number(60)) {
        return Err(Error::Unreleased(path.to_owned()));
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
    Ok(FileState::Ours)
}
