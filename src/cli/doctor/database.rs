//! Checks that the database exists, is undamaged and has the right version, and that it is backed up.

use std::path::Path;

use super::Line;
use crate::store::storage_info::StorageInfo;
use crate::store::{Error, Inspection, VERSION};
use crate::till::{BackupAge, Finding};
use taler::time::Timestamp;

/// One megabyte, in bytes.
const MB: u64 = 1_000_000;
/// Size of the write-ahead log, in bytes, from which it is too large: twice the size to which it
/// shrinks.
const LARGE_LOG: u64 = 128 * MB;

/// Judges the database at `path`.
pub(super) fn check(path: &Path, inspection: Option<&Inspection>, database: &Finding) -> Vec<Line> {
    if let Some(refused) = refused(database) {
        return vec![refused];
    }
    match inspection {
        None => vec![Line::Fail(
            format!("database: none at {}", path.display()),
            "if it is elsewhere, name it with --database FILE or database.path; else create one: \
             tilld serve; or: tilld passwd admin --create"
                .into(),
        )],
        Some(inspection) => {
            vec![version(inspection.path(), inspection.version()), log(inspection.log_bytes())]
        }
    }
}

/// Compares the schema `version` of the file at `path` with ours.
fn version(path: &Path, version: u32) -> Line {
    let path = path.display();
    match version == VERSION {
        true => Line::Ok(format!(
            "database: {path} opens, a quick check finds no errors, schema {version} (tilld check \
             reads all of it)"
        )),
        false => Line::Warn(
            format!(
                "database: {path} has schema {version}, this tilld needs {VERSION}; accounts \
                 were not checked"
            ),
            "restart the daemon: it copies the file and migrates it".into(),
        ),
    }
}

/// Says how old the last backup is.
pub(super) fn backup(found: StorageInfo, now: Timestamp) -> Line {
    let finding = Finding::backup(found.last_backup, now);
    let sentence = match finding {
        Finding::Backup(BackupAge::Old(secs)) => {
            format!("backup: the last one is {} days old", secs / 86_400)
        }
        Finding::Backup(BackupAge::Recent(secs)) => {
            format!("backup: the last one is {} hours old", secs / 3600)
        }
        _ => "backup: none was ever made with \"tilld backup\"".into(),
    };
    Line::of(
        &finding,
        sentence,
        "make one each day by systemd or cron: tilld backup /another/disk/till-$(date +%F).db; with the package: \
         systemctl enable --now tilld-backup.timer",
    )
}

/// Judges the size of the write-ahead log, in bytes.
fn log(bytes: u64) -> Line {
    match bytes > LARGE_LOG {
        true => Line::Warn(
            format!("log: {} MB are not yet moved into the database", bytes / MB),
            "restart the daemon; if that does not help, find other programs that keep the \
             database open"
                .into(),
        ),
        false => Line::Ok(format!("log: {} MB", bytes / MB)),
    }
}

/// Reports why the database cannot be read, if it cannot.
pub(super) fn refused(database: &Finding) -> Option<Line> {
    let Finding::Database(Some(error)) = database else { return None };
    let remedy = match error {
        Error::Foreign(_) => "name the right file with --database FILE or database.path",
        Error::Newer(..) => "install the newer tilld again, or restore a backup of before",
        Error::Unreleased(_) => {
            "name a new file with --database FILE or database.path, or move this one away; what is \
             in it can be read with the tilld that made it"
        }
        Error::ReadOnly(_) => {
            "run tilld as the owner of the file, or: chmod 600 FILE; and check that \
             the disk is not mounted read-only"
        }
        Error::Corrupt(..) => "stop the daemon, keep a copy of the file, then: tilld restore FILE",
        Error::Missing(_) => "name the right file with --database FILE or database.path",
        Error::Open(..) => "check the path and its permissions",
        Error::Busy | Error::AlreadyRunning(_) | Error::OlderDaemon(_) => "try again in a moment",
        Error::Full => "free space on the disk",
        Error::Exists(_)
        | Error::Closed
        | Error::Commit(_)
        | Error::Sqlite(_)
        | Error::Panicked => "check the file: tilld check",
    };
    Some(Line::of(database, format!("database: {error}"), remedy))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_older_file_is_a_warning_and_a_missing_one_a_failure() {
        let path = Path::new("/srv/tilld.db");
        assert!(matches!(version(path, VERSION), Line::Ok(_)));
        assert!(matches!(version(path, VERSION - 1), Line::Warn(..)));
        assert!(matches!(check(path, None, &Finding::Database(None))[..], [Line::Fail(..)]));
        let newer = Finding::Database(Some(Error::Newer(path.into(), VERSION + 1, VERSION)));
        assert!(matches!(check(path, None, &newer)[..], [Line::Fail(..)]));
    }

    #[test]
    fn a_log_that_does_not_shrink_is_told() {
        assert!(matches!(log(LARGE_LOG), Line::Ok(_)));
        assert!(matches!(log(LARGE_LOG + 1), Line::Warn(..)));
    }
}
