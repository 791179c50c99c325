//! Is the file ours, whole, and of our version?

use std::path::Path;

use super::Finding;
use crate::store::storage_info::StorageInfo;
use crate::store::{self, Error, Inspection, VERSION};
use taler::time::Timestamp;

/// A megabyte.
const MB: u64 = 1_000_000;
/// Beyond so many bytes the log has grown past what a busy shop needs: twice the size to which it
/// shrinks.
const LARGE_LOG: u64 = 128 * MB;

/// What a look at the database at `path` showed.
pub(super) fn check(path: &Path, look: &store::Result<Option<Inspection>>) -> Vec<Finding> {
    match look {
        Err(error) => vec![refused(error)],
        Ok(None) => vec![Finding::Fail(
            format!("database: there is none at {}", path.display()),
            "if it is elsewhere, say where with --database FILE or database.path; else make one: \
             tilld serve; or: tilld passwd admin --create"
                .into(),
        )],
        Ok(Some(look)) => vec![version(look.path(), look.version()), log(look.log_bytes())],
    }
}

/// The file at `path` has been brought up to `version`.
fn version(path: &Path, version: u32) -> Finding {
    let path = path.display();
    match version == VERSION {
        true => Finding::Ok(format!(
            "database: {path} opens and is whole at a glance, version {version} (tilld check \
             reads all of it)"
        )),
        false => Finding::Warn(
            format!(
                "database: {path} is of version {version}, this tilld wants {VERSION}; accounts \
                 were not looked at"
            ),
            "restart the daemon: it copies the file and brings it up to date".into(),
        ),
    }
}

/// When the last good copy was made, if ever one was.
pub(super) fn backup(found: StorageInfo, now: Timestamp) -> Finding {
    let remedy = || {
        "make one each day, by systemd or cron: tilld backup /another/disk/till.db; the package does \
         with: systemctl enable --now tilld-backup.timer"
            .to_owned()
    };
    let Some(last) = found.last_backup else {
        return Finding::Warn("backup: \"tilld backup\" has never made one".into(), remedy());
    };
    let age = now.saturating_since(last);
    let hours = age.duration().unwrap_or_default().as_secs() / 3600;
    match found.is_backup_old(now) {
        true => Finding::Warn(format!("backup: the last one is {} days old", hours / 24), remedy()),
        false => Finding::Ok(format!("backup: the last one is {hours} hours old")),
    }
}

/// The log beside the file has so many bytes.
fn log(bytes: u64) -> Finding {
    match bytes > LARGE_LOG {
        true => Finding::Warn(
            format!("log: {} MB wait to be moved into the database", bytes / MB),
            "restart the daemon; if that does not help, look for programs that keep the \
             database open"
                .into(),
        ),
        false => Finding::Ok(format!("log: {} MB", bytes / MB)),
    }
}

/// The database cannot be looked at.
pub(super) fn refused(error: &Error) -> Finding {
    let remedy = match error {
        Error::Foreign(_) => "name the right file with --database FILE or database.path",
        Error::Newer(..) => "install the newer tilld again, or restore a backup of before",
        Error::Unreleased(_) => {
            "name a new file with --database FILE or database.path, or move this one away; what is \
             in it can be read with the tilld that made it"
        }
        Error::ReadOnly(_) => {
            "run tilld as the owner of the file, or give it back: chmod 600 FILE, and see that \
             the disk is not mounted read-only"
        }
        Error::Corrupt(..) => "stop the daemon, keep a copy of the file, then: tilld restore FILE",
        Error::Missing(_) => "name the right file with --database FILE or database.path",
        Error::Open(..) => "see that the path is right, and that tilld may go there",
        Error::Busy | Error::AlreadyRunning(_) | Error::OlderDaemon(_) => "try again in a moment",
        Error::Full => "make room on the disk",
        Error::Exists(_)
        | Error::Closed
        | Error::Commit(_)
        | Error::Sqlite(_)
        | Error::Panicked => "see what is wrong with the file: tilld check",
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
