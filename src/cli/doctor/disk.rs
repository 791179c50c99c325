//! Checks the free space at the database, and the permissions of its folder and file.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use rustix::fs::{Access, access, statvfs};

use super::Finding;

/// One megabyte, in bytes (decimal, as disks are sold).
const MB: u64 = 1_000_000;
/// Free bytes below which the check warns.
const LITTLE: u64 = 100 * MB;
/// Free bytes below which the check fails: a busy hour may fill the disk.
const NONE: u64 = 10 * MB;

/// Checks disk and permissions at the database `path`; the file need not exist yet.
pub(super) fn check(path: &Path) -> Vec<Finding> {
    let file = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let folder = match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    };
    let mode = match fs::metadata(&folder) {
        Ok(metadata) if metadata.is_dir() => metadata.permissions().mode(),
        Ok(_) | Err(_) => {
            return vec![Finding::Fail(
                format!("disk: the folder {} does not exist", folder.display()),
                format!(
                    "create it: mkdir -m 700 {}; or set database.path to the database",
                    quoted(&folder)
                ),
            )];
        }
    };
    let free = statvfs(&folder).map(|found| found.f_bavail.saturating_mul(found.f_frsize));
    let writable = access(&folder, Access::WRITE_OK | Access::EXEC_OK).is_ok();
    let mut findings = vec![space(&folder, free.ok()), folder_rights(&folder, writable, mode)];
    if let Ok(metadata) = fs::metadata(&file) {
        findings.push(file_rights(&file, metadata.permissions().mode()));
    }
    findings
}

/// Judges the free space in `folder`, in bytes.
fn space(folder: &Path, free: Option<u64>) -> Finding {
    let name = folder.display();
    let remedy =
        || format!("free space on the disk of {name}; to see its use: df -h {}", quoted(folder));
    match free {
        None => Finding::Warn(
            format!("disk: the free space at {name} is unknown"),
            format!("to see it: df -h {}", quoted(folder)),
        ),
        Some(free) if free < NONE => {
            Finding::Fail(format!("disk: only {} MB free at {name}", free / MB), remedy())
        }
        Some(free) if free < LITTLE => {
            Finding::Warn(format!("disk: {} MB free at {name}", free / MB), remedy())
        }
        Some(free) => Finding::Ok(format!("disk: {} MB free at {name}", free / MB)),
    }
}

/// Judges the permissions of `folder`: write access for us, none for others.
fn folder_rights(folder: &Path, writable: bool, mode: u32) -> Finding {
    let name = folder.display();
    if !writable {
        return Finding::Fail(
            format!("folder: {name} is not writable, but the database writes its log there"),
            format!("run tilld as the owner of {name}, or: chmod u+rwx {}", quoted(folder)),
        );
    }
    let shown = mode & 0o7777;
    if mode & 0o022 != 0 {
        return Finding::Warn(
            format!("folder: other users can change files in {name} (mode {shown:04o})"),
            "give the database a folder of its own with mode 700, and set database.path to it"
                .into(),
        );
    }
    if mode & 0o077 != 0 {
        return Finding::Warn(
            format!("folder: other users can list {name} (mode {shown:04o})"),
            format!("if only tilld uses the folder: chmod 700 {}", quoted(folder)),
        );
    }
    Finding::Ok(format!("folder: only the owner can read and write {name}"))
}

/// Judges the permissions of the database file: only its owner may read it.
fn file_rights(file: &Path, mode: u32) -> Finding {
    let name = file.display();
    let shown = mode & 0o7777;
    match mode & 0o077 {
        0 => Finding::Ok(format!("file: only the owner can read {name}")),
        _ => Finding::Fail(
            format!(
                "file: other users can access {name}, which contains secret keys (mode {shown:04o})"
            ),
            format!("chmod 600 {}", quoted(file)),
        ),
    }
}

/// `path`, quoted for a shell.
fn quoted(path: &Path) -> String {
    format!("'{}'", path.display().to_string().replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn little_room_is_a_warning_and_none_a_failure() {
        let found = |free| space(Path::new("/srv"), Some(free));
        assert!(matches!(found(LITTLE), Finding::Ok(_)));
        assert!(matches!(found(LITTLE - 1), Finding::Warn(..)));
        assert!(matches!(found(NONE), Finding::Warn(..)));
        assert!(matches!(found(NONE - 1), Finding::Fail(..)));
        assert!(matches!(space(Path::new("/srv"), None), Finding::Warn(..)));
    }

    #[test]
    fn rights_beyond_the_owners_are_told() {
        let folder = |writable, mode| folder_rights(Path::new("/srv"), writable, mode);
        assert!(matches!(folder(true, 0o40700), Finding::Ok(_)));
        assert!(matches!(folder(true, 0o40755), Finding::Warn(..)));
        // No advice to restrict a folder that all users share.
        let Finding::Warn(_, remedy) = folder(true, 0o41777) else { panic!() };
        assert!(!remedy.contains("chmod"), "{remedy}");
        assert!(matches!(folder(false, 0o40700), Finding::Fail(..)));
        let file = |mode| file_rights(Path::new("/srv/tilld.db"), mode);
        assert!(matches!(file(0o100_600), Finding::Ok(_)));
        assert!(matches!(file(0o100_640), Finding::Fail(..)));
        assert!(matches!(file(0o100_604), Finding::Fail(..)));
    }

    #[test]
    fn a_name_with_a_quote_stays_one_word_of_the_shell() {
        assert_eq!(quoted(Path::new("/srv/Jane's $till")), r"'/srv/Jane'\''s $till'");
    }

    #[test]
    fn a_folder_that_is_missing_is_named_and_a_file_that_is_missing_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let [Finding::Fail(sentence, _)] = &check(&dir.path().join("no/tilld.db"))[..] else {
            panic!()
        };
        assert!(sentence.contains("/no does not exist"), "{sentence}");
        let found = check(&dir.path().join("tilld.db"));
        assert_eq!(found.len(), 2, "{found:?}");
    }
}
