//! Checks that the database exists, is undamaged and has the right version, and that it is backed up.

use std::path::Path;

use super::Finding;
use crate::store::storage_info::StorageInfo;
use crate::store::{self, Error, Inspection, VERSION};
use taler::time::Timestamp;

/// One megabyte, in bytes.
const MB: u64 = 1_000_000;
/// Size of the write-ahead log, in bytes, from which it is too large: twice the size to which it
/// shrinks.
const LARGE_LOG: u64 = 128 * MB;

/// Judges the database at `path`.
pub(super) fn check(path: &Path, inspection: &store::Result<Option<Inspection>>) -> Vec<Finding> {
    match inspection {
        Err(error) => vec![refused(error)],
        Ok(None) => vec![Finding::Fail(
            format!("database: none at {}", path.display()),
            "if it is elsewhere, name it with --database FILE or database.path; else create one: \
             tilld serve; or: tilld passwd admin --create"
                .into(),
        )],
        Ok(Some(inspection)) => {
            vec![version(inspection.path(), inspection.version()), log(inspection.log_bytes())]
        }
    }
}

/// Compares the schema `version` of the file at `path` with ours.
fn version(path: &Path, version: u32) -> Finding {
    let path = path.display();
    match version == VERSION {
        true => Finding::Ok(format!(
            "database: {path} opens, a quick check finds no errors, schema {version} (tilld check \
             reads all of it)"
        )),
        false => Finding::Warn(
            format!(
                "database: {path} has schema {version}, this tilld needs {VERSION}; accounts \
                 were not checked"
            ),
            "restart the daemon: it copies the file and migrates it".into(),
        ),
    }
}

/// Judges the age of the last backup.
pub(super) fn backup(found: StorageInfo, now: Timestamp) -> Finding {
    let remedy = || {
        "make one each day by systemd or cron: tilld backup /another/disk/till.db; with the package: \
         systemctl enable --now tilld-backup.timer"
            .to_owned()
    };
    let Some(last) = found.last_backup else {
        return Finding::Warn("backup: none was ever made with \"tilld backup\"".into(), remedy());
    };
    let age = now.saturating_since(last);
    let hours = age.duration().unwrap_or_default().as_secs() / 3600;
    match found.is_backup_old(now) {
        true => Finding::Warn(format!("backup: the last one is {} days old", hours / 24), remedy()),
        false => Finding::Ok(format!("backup: the last one is {hours} hours old")),
    }
}

/// Judges the size of the write-ahead log, in bytes.
fn log(bytes: u64) -> Finding {
    match bytes > LARGE_LOG {
        true => Finding::Warn(
            format!("log: {} MB are not yet moved into the database", bytes / MB),
            "restart the daemon; if that does not help, find other programs that keep the \
             database open"
                .into(),
        ),
        false => Finding::Ok(format!("log: {} MB", bytes / MB)),
    }
}

/// Reports why the database cannot be read.
pub(super) fn refused(error: &Error) -> Finding {
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
    Finding::Fail(format!("database: {error}"), remedy.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_older_file_is_a_warning_and_a_missing_one_a_failure() {
        let path = Path::new("/srv/tilld.db");
        assert!(matches!(version(path, VERSION), Finding::Ok(_)));
        assert!(matches!(version(path, VERSION - 1), Finding::Warn(..)));
        assert!(matches!(check(path, &Ok(None))[..], [Finding::Fail(..)]));
        let newer = Err(Error::Newer(path.into(), VERSION + 1, VERSION));
        assert!(matches!(check(path, &newer)[..], [Finding::Fail(..)]));
    }

    #[test]
    fn a_log_that_does_not_shrink_is_told() {
        assert!(matches!(log(LARGE_LOG), Finding::Ok(_)));
        assert!(matches!(log(LARGE_LOG + 1), Finding::Warn(..)));
    }
}
