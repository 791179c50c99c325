//! The files beside the file: names, links, the daemon's lock.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;
use rustix::io::Errno;

use super::{Error, Result};

/// Most links that are followed, one to the next; the system itself follows no more.
const MAX_LINKS: usize = 40;
/// For files that only tilld puts beside the database: a symbolic link in their place is not followed.
/// (The conversion cannot fail: the flag is a bit of an `int` of the system.)
pub(super) const NO_LINKS: i32 = OFlags::NOFOLLOW.bits().cast_signed();

/// `path` with links resolved, so that all ways to a file meet the same lock; also while the file is
/// still to be made.
pub(super) fn resolve(path: &Path) -> Result<PathBuf> {
    let failed = |error: std::io::Error| Error::Open(path.to_owned(), error.to_string());
    let mut path = path.to_owned();
    for _ in 0..MAX_LINKS {
        match fs::read_link(&path) {
            Ok(target) => path = path.parent().unwrap_or(Path::new("")).join(target),
            Err(_) => break,
        }
    }
    let path = path.as_path();
    match fs::canonicalize(path) {
        Ok(resolved) => Ok(resolved),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let name = path.file_name().ok_or_else(|| {
                Error::Open(path.to_owned(), "there is no file's name in it".into())
            })?;
            Ok(fs::canonicalize(folder(path)).map_err(failed)?.join(name))
        }
        Err(error) => Err(failed(error)),
    }
}

/// The folder that the file at `path` is in.
pub(super) fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// `path` with `suffix` at its end.
pub(super) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// The right to be the daemon of the file at `path`, for as long as the answer lives.
pub(super) fn lock(path: &Path) -> Result<File> {
    let failed = |error: std::io::Error| {
        let why = match error.raw_os_error() == Some(Errno::LOOP.raw_os_error()) {
            true => "it is a symbolic link, which tilld never puts there; remove it".to_owned(),
            false => error.to_string(),
        };
        Error::Open(with_suffix(path, ".lock"), why)
    };
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(0o600)
        .custom_flags(NO_LINKS)
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

/// Most bytes that are read of what the daemon has written into its lock.
const MAX_ADDRESSES: u64 = 4096;

/// Writes into the daemon's lock where the daemon listens, a line each.
pub(super) fn write_addresses(mut lock: &File, addresses: &[String]) -> std::io::Result<()> {
    lock.set_len(0)?;
    lock.write_all(addresses.join("\n").as_bytes())
}

/// What the daemon of the file at `path` has written into its lock; empty if none runs, or nothing can be read.
pub(super) fn read_addresses(path: &Path) -> Vec<String> {
    let read = || -> std::io::Result<String> {
        let path = with_suffix(path, ".lock");
        let file = OpenOptions::new().read(true).custom_flags(NO_LINKS).open(path)?;
        if file.try_lock_shared().is_ok() {
            return Ok(String::new());
        }
        let mut text = String::new();
        file.take(MAX_ADDRESSES).read_to_string(&mut text)?;
        Ok(text)
    };
    read().unwrap_or_default().lines().map(str::to_owned).collect()
}

/// Removes the file at `path`, if there is one, and what SQLite has put beside it.
pub(super) fn remove_with_logs(path: &Path) -> std::io::Result<()> {
    remove(path)?;
    remove_logs(path)
}

/// Removes what SQLite has put beside the file at `path`.
pub(super) fn remove_logs(path: &Path) -> std::io::Result<()> {
    ["-wal", "-shm", "-journal"].iter().try_for_each(|suffix| remove(&with_suffix(path, suffix)))
}

/// Removes the file or link at `path`, if there is one.
pub(super) fn remove(path: &Path) -> std::io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Makes durable which names the folder of `path` holds.
pub(super) fn sync_folder(path: &Path) -> std::io::Result<()> {
    File::open(folder(path))?.sync_all()
}
