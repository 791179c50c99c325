//! Facts about the file and its disk: size, free space, and time of the last backup.

use std::fs;
use std::path::Path;

use rustix::fs::statvfs;

use super::Store;
use super::backup::note_of;
use super::paths::{folder, with_suffix};
use taler::time::Timestamp;

/// Facts about the file that need no open database.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct StorageInfo {
    /// The size of the file and of its log, in bytes.
    pub database_bytes: u64,
    /// Bytes free for us on the disk; `None` if unknown.
    pub free_bytes: Option<u64>,
    /// When `tilld backup` last made a copy and found it whole, wherever it put it; `None` if it never
    /// did.
    pub last_backup: Option<Timestamp>,
}

impl Store {
    /// Gathers the facts. It may block.
    pub fn storage_info(&self) -> StorageInfo {
        around(self.path())
    }

    /// Bytes free for us on the disk; `None` if unknown.
    pub fn free_bytes(&self) -> Option<u64> {
        free(self.path())
    }
}

/// The facts about the file at `path`. It may block.
pub fn around(path: &Path) -> StorageInfo {
    let size = |path: &Path| fs::metadata(path).map_or(0, |file| file.len());
    StorageInfo {
        database_bytes: size(path).saturating_add(size(&with_suffix(path, "-wal"))),
        free_bytes: free(path),
        last_backup: last_backup(path),
    }
}

/// Bytes free for us on the disk with the file at `path`; `None` if unknown.
pub(super) fn free(path: &Path) -> Option<u64> {
    let found = statvfs(folder(path)).ok()?;
    Some(found.f_bavail.saturating_mul(found.f_frsize))
}

/// When the file at `path` was copied last, as [`super::backup()`] has noted it.
fn last_backup(path: &Path) -> Option<Timestamp> {
    let note = fs::read_to_string(note_of(path)).ok()?;
    Timestamp::from_secs(note.split_whitespace().next()?.parse().ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_noted_of_the_last_backup_is_told_and_nothing_else_counts() {
        let dir = tempfile::tempdir().unwrap();
        let (file, folder) = (dir.path().join("tilld.db"), dir.path().join("backups"));
        fs::write(&file, "12345").unwrap();
        fs::write(dir.path().join("tilld.db-wal"), "123").unwrap();
        let found = around(&file);
        assert_eq!((found.database_bytes, found.last_backup), (8, None));
        assert!(found.free_bytes.is_some());

        // A file that looks like a backup may be anything, and of any time.
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("tilld-2026-11-20T030000Z.db"), "x").unwrap();
        assert_eq!(around(&file).last_backup, None);
        for (text, at) in [("2000 /backups/b.db\n", Some(2000)), ("", None), ("soon x", None)] {
            fs::write(note_of(&file), text).unwrap();
            let at = at.map(|secs| Timestamp::from_secs(secs).unwrap());
            assert_eq!(around(&file).last_backup, at, "{text}");
        }
    }
}
