//! Backup and restore: copies the database while the daemon runs, checks the copy, and restores it.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};

use super::copy::{beside, copy, failed, write_copy};
use super::header::{FileState, inspect, whose};
use super::open::connect;
use super::paths::{
    lock, remove, remove_logs, remove_with_logs, resolve, sync_folder, with_suffix,
};
use super::{BUSY_TIMEOUT, Error, Result};

/// Copies the database at `path` to the new file `dest`, also while a daemon runs. The copy is one
/// moment's state, is on the disk and was checked before it gets its name; then that is noted beside
/// the database, for [`super::storage_info`].
///
/// # Errors
/// [`Error::Exists`] for a `dest` that is there; otherwise as [`super::Store::open`].
pub fn backup(path: &Path, dest: &Path) -> Result<()> {
    let path = resolve(path)?;
    if inspect(&path)? == FileState::Nothing {
        return Err(Error::Missing(path));
    }
    let connection = connect(&path)?;
    // The copy has the state of this moment or a later one.
    let mut clock = connection.prepare_cached("SELECT unixepoch('now')")?;
    let begun: i64 = clock.query_row([], |row| row.get(0))?;
    copy(&connection, &path, dest)?;
    if let Err(error) = note(&path, begun, dest) {
        // The copy is good; without the record the operator is only asked for another one.
        log::warn!("the time of the backup could not be recorded: {error}");
    }
    Ok(())
}

/// Path of the file that records the last backup of the database at `path`.
pub(super) fn note_of(path: &Path) -> PathBuf {
    with_suffix(path, ".last-backup")
}

/// Notes that the database at `path` was copied to `dest`. Not in the database: to copy it is not to
/// change it, and one that was restored would speak of copies of another.
fn note(path: &Path, begun: i64, dest: &Path) -> std::io::Result<()> {
    let (note, part) = (note_of(path), with_suffix(&note_of(path), ".part"));
    remove(&part)?;
    let mut file = OpenOptions::new().create_new(true).write(true).mode(0o600).open(&part)?;
    let dest = fs::canonicalize(dest)?;
    // The name is for people who read the file.
    writeln!(file, "{begun} {}", dest.display())?;
    file.sync_all()?;
    fs::rename(&part, &note)?;
    sync_folder(&note)
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
    if whose(&src)? == FileState::Nothing {
        return Err(Error::Open(src, "there is no backup".into()));
    }
    let new = with_suffix(&path, ".restored");
    let source = open_source(&src)?;
    let done = write_copy(&source, &src, &new).and_then(|()| put_in_place(&source, &new, &path));
    if done.is_err() {
        let _ = remove_with_logs(&new);
    }
    done
}

/// Copies a backup that is open for reading, and its log if it has one, to beside the database at
/// `path`: for a user who may open the database but not the backup. Returns the copy's path; it
/// is to be removed with [`remove_staged`].
///
/// # Errors
/// [`Error::Open`], [`Error::Full`].
pub fn stage(backup: &mut File, log: Option<File>, path: &Path) -> Result<PathBuf> {
    let staged = with_suffix(&resolve(path)?, ".to-restore");
    remove_staged(&staged)?;
    let copied = copy_bytes(backup, &staged).and_then(|()| match log {
        Some(mut log) => copy_bytes(&mut log, &with_suffix(&staged, "-wal")),
        None => Ok(()),
    });
    if copied.is_err() {
        let _ = remove_staged(&staged);
    }
    copied.map(|()| staged)
}

/// Removes what [`stage`] has made.
///
/// # Errors
/// [`Error::Open`].
pub fn remove_staged(staged: &Path) -> Result<()> {
    remove_with_logs(staged).map_err(failed(staged))
}

/// Writes all of `from` to the new file `to`.
fn copy_bytes(from: &mut File, to: &Path) -> Result<()> {
    let mut written = || {
        let mut file = OpenOptions::new().create_new(true).write(true).mode(0o600).open(to)?;
        std::io::copy(from, &mut file)?;
        file.sync_all()
    };
    written().map_err(|error| match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Error::Full,
        _ => failed(to)(error),
    })
}

/// Opens a backup for reading, even where nothing can be written beside it.
fn open_source(src: &Path) -> Result<Connection> {
    let immutable = || -> Result<Connection> {
        let mut uri = url::Url::from_file_path(src)
            .map_err(|()| Error::Open(src.to_owned(), "not a full path".into()))?;
        uri.set_query(Some("immutable=1"));
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
            | OpenFlags::SQLITE_OPEN_URI
            | OpenFlags::SQLITE_OPEN_NOFOLLOW;
        Ok(Connection::open_with_flags(uri.as_str(), flags)?)
    };
    let source = if fs::metadata(with_suffix(src, "-wal")).is_ok_and(|log| log.len() > 0) {
        // It was copied by hand with its log, or is in use: then its log counts.
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NOFOLLOW;
        Connection::open_with_flags(src, flags)?
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
        if matches!(inspect(path), Ok(FileState::Ours))
            && let Ok(old) = connect(path)
        {
            let _ = old.pragma_update(None, "wal_checkpoint", "TRUNCATE");
        }
        let name = beside(clock, path, "replaced")?;
        // By a link, so that there is always a file at `path`; else by a copy.
        if fs::hard_link(path, &name).is_err() {
            copy_bytes(&mut File::open(path).map_err(failed(path))?, &name)?;
        }
        if fs::metadata(&log).is_ok_and(|log| log.len() > 0) {
            fs::rename(&log, with_suffix(&name, "-wal")).map_err(failed(&log))?;
        }
        kept = Some(name);
    }
    // The new file must not be read together with the old one's log.
    remove_logs(path).map_err(failed(path))?;
    fs::rename(new, path).map_err(failed(path))?;
    sync_folder(path).map_err(failed(path))?;
    Ok(kept)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::super::header::APPLICATION_ID;
    use super::super::{Options, Role, Store, VERSION};
    use super::*;
    use crate::store::tests::fixture;

    #[actix_web::test]
    async fn a_backup_stands_alone_and_nothing_is_left_beside_it() {
        let f = fixture(Options::default()).await;
        f.insert(1).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let (dest, part) = (folder.path().join("b.db"), folder.path().join("b.db.part"));
        // Of a backup that a power cut has interrupted, and anybody may read it.
        fs::write(&part, "half").unwrap();
        fs::set_permissions(&part, fs::Permissions::from_mode(0o644)).unwrap();

        backup(f.store.path(), &dest).unwrap();

        let names = fs::read_dir(folder.path()).unwrap();
        assert_eq!(names.map(|entry| entry.unwrap().file_name()).collect::<Vec<_>>(), ["b.db"]);
        assert_eq!(fs::metadata(&dest).unwrap().permissions().mode() & 0o777, 0o600);
        let header = fs::read(&dest).unwrap();
        assert_eq!(header[18..20], [2, 2], "it has a write-ahead log");
        assert_eq!(header[60..64], VERSION.to_be_bytes());
        assert_eq!(header[68..72], APPLICATION_ID.to_be_bytes());
        let copy = Store::open(&dest, Role::Daemon, Options::default()).unwrap();
        assert!(copy.read(|db| super::super::tokens::find(db, &[1; 32])).await.unwrap().is_some());
        let noted = f.store.storage_info().last_backup.unwrap();
        assert!(matches!(backup(f.store.path(), &dest), Err(Error::Exists(_))));
        assert_eq!(f.store.storage_info().last_backup, Some(noted), "a backup that failed is none");
        let note = fs::read_to_string(note_of(f.store.path())).unwrap();
        assert!(note.ends_with("/b.db\n"), "{note}");
    }

    #[actix_web::test]
    async fn a_backup_that_cannot_be_written_is_looked_at_all_the_same() {
        let f = fixture(Options::default()).await;
        let path = f.store.path().to_owned();
        let (foreign, newer) = (f.dir.path().join("foreign"), f.dir.path().join("newer"));
        backup(&path, &newer).unwrap();
        drop(f.store);
        let mut content = fs::read(&newer).unwrap();
        content[60..64].copy_from_slice(&(VERSION + 1).to_be_bytes());
        fs::write(&newer, &content).unwrap();
        content[68..72].fill(0);
        fs::write(&foreign, &content).unwrap();
        for src in [&foreign, &newer] {
            fs::set_permissions(src, fs::Permissions::from_mode(0o400)).unwrap();
        }
        let before = fs::read(&path).unwrap();
        assert!(matches!(restore(&foreign, &path), Err(Error::Foreign(_))));
        assert!(matches!(restore(&newer, &path), Err(Error::Newer(..))));
        assert!(fs::read(&path).unwrap() == before);
    }
}
