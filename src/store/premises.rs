//! Where the file lies: how large it is, whether there is room for more, and whether there is a copy
//! beside it.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use rustix::fs::statvfs;

use super::Store;
use super::paths::with_suffix;
use crate::domain::time::Timestamp;

/// The folder beside the file into which the packages' daily job puts copies, and how their names
/// begin and end.
const BACKUPS: &str = "backups";
const BACKUP_START: &str = "tilld-";
const BACKUP_END: &str = ".db";

/// What can be told of the file without opening it.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Premises {
    /// The size of the file and of its log, in bytes.
    pub database_bytes: u64,
    /// How many bytes are left for us on the disk; `None` where that cannot be told.
    pub free_bytes: Option<u64>,
    /// When the newest copy in the folder `backups` was made; `None` if there is none.
    pub last_backup: Option<Timestamp>,
}

impl Store {
    /// Looks around. It may block.
    pub fn premises(&self) -> Premises {
        around(self.path())
    }
}

fn around(path: &Path) -> Premises {
    let size = |path: &Path| fs::metadata(path).map_or(0, |file| file.len());
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    };
    Premises {
        database_bytes: size(path).saturating_add(size(&with_suffix(path, "-wal"))),
        free_bytes: statvfs(&folder)
            .ok()
            .map(|found| found.f_bavail.saturating_mul(found.f_frsize)),
        last_backup: last_backup(&folder.join(BACKUPS)),
    }
}

/// When the newest backup in `folder` was written.
fn last_backup(folder: &Path) -> Option<Timestamp> {
    let entries = fs::read_dir(folder).ok()?.filter_map(Result::ok);
    let written = entries.filter_map(|entry| {
        let name = entry.file_name().into_string().ok()?;
        let is_backup = name.starts_with(BACKUP_START) && name.ends_with(BACKUP_END);
        let file = entry.metadata().ok().filter(|file| is_backup && file.is_file())?;
        let since_1970 = file.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
        Timestamp::from_secs(since_1970.as_secs()).ok()
    });
    written.max()
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_newest_backup_counts_and_nothing_else_in_its_folder() {
        let dir = tempfile::tempdir().unwrap();
        let (file, folder) = (dir.path().join("tilld.db"), dir.path().join(BACKUPS));
        fs::write(&file, "12345").unwrap();
        fs::write(dir.path().join("tilld.db-wal"), "123").unwrap();
        let found = around(&file);
        assert_eq!((found.database_bytes, found.last_backup), (8, None));
        assert!(found.free_bytes.is_some());

        fs::create_dir(&folder).unwrap();
        assert_eq!(around(&file).last_backup, None);
        fs::create_dir(folder.join("tilld-folder.db")).unwrap();
        for (name, secs) in [
            ("tilld-2026-11-20T030000Z.db", 2_000),
            ("tilld-2026-11-19T030000Z.db", 1_000),
            ("tilld-2026-11-21T030000Z.db.part", 9_000),
            ("other.db", 9_000),
        ] {
            let backup = File::create(folder.join(name)).unwrap();
            backup.set_modified(UNIX_EPOCH + Duration::from_secs(secs)).unwrap();
        }
        assert_eq!(around(&file).last_backup, Some(Timestamp::from_secs(2_000).unwrap()));
    }
}
