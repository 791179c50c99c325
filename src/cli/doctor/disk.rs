//! Checks the free space at the database, and the permissions of its folder and file.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use rustix::fs::{Access, access, statvfs};

use super::Line;
use crate::till::{Finding, Severity};

/// One megabyte, in bytes (decimal, as disks are sold).
const MB: u64 = 1_000_000;

/// Checks disk and permissions at the database `path`; the file need not exist yet.
pub(super) fn check(path: &Path) -> Vec<Line> {
    let file = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let folder = match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    };
    let mode = match fs::metadata(&folder) {
        Ok(metadata) if metadata.is_dir() => metadata.permissions().mode(),
        Ok(_) | Err(_) => {
            return vec![Line::Fail(
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
fn space(folder: &Path, free: Option<u64>) -> Line {
    let name = folder.display();
    let finding = Finding::Disk(free);
    let Some(free) = free else {
        return Line::of(
            &finding,
            format!("disk: the free space at {name} is unknown"),
            format!("to see it: df -h {}", quoted(folder)),
        );
    };
    let only = if finding.severity() == Severity::Failure { "only " } else { "" };
    Line::of(
        &finding,
        format!("disk: {only}{} MB free at {name}", free / MB),
        format!("free space on the disk of {name}; to see its use: df -h {}", quoted(folder)),
    )
}

/// Judges the permissions of `folder`: write access for us, none for others.
fn folder_rights(folder: &Path, writable: bool, mode: u32) -> Line {
    let name = folder.display();
    if !writable {
        return Line::Fail(
            format!("folder: {name} is not writable, but the database writes its log there"),
            format!("run tilld as the owner of {name}, or: chmod u+rwx {}", quoted(folder)),
        );
    }
    let shown = mode & 0o7777;
    if mode & 0o022 != 0 {
        return Line::Warn(
            format!("folder: other users can change files in {name} (mode {shown:04o})"),
            "give the database a folder of its own with mode 700, and set database.path to it"
                .into(),
        );
    }
    if mode & 0o077 != 0 {
        return Line::Warn(
            format!("folder: other users can list {name} (mode {shown:04o})"),
            format!("if only tilld uses the folder: chmod 700 {}", quoted(folder)),
        );
    }
    Line::Ok(format!("folder: only the owner can read and write {name}"))
}

/// Judges the permissions of the database file: only its owner may read it.
fn file_rights(file: &Path, mode: u32) -> Line {
    let name = file.display();
    let shown = mode & 0o7777;
    match mode & 0o077 {
        0 => Line::Ok(format!("file: only the owner can read {name}")),
        _ => Line::Fail(
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
        assert!(matches!(found(100 * MB), Line::Ok(_)));
        assert!(matches!(found(99 * MB), Line::Warn(..)));
        assert!(matches!(found(9 * MB), Line::Fail(said, _) if said.contains("only 9 MB")));
        assert!(matches!(space(Path::new("/srv"), None), Line::Warn(..)));
    }

    #[test]
    fn rights_beyond_the_owners_are_told() {
        let folder = |writable, mode| folder_rights(Path::new("/srv"), writable, mode);
        assert!(matches!(folder(true, 0o40700), Line::Ok(_)));
        assert!(matches!(folder(true, 0o40755), Line::Warn(..)));
        // No advice to restrict a folder that all users share.
        let Line::Warn(_, remedy) = folder(true, 0o41777) else { panic!() };
        assert!(!remedy.contains("chmod"), "{remedy}");
        assert!(matches!(folder(false, 0o40700), Line::Fail(..)));
        let file = |mode| file_rights(Path::new("/srv/tilld.db"), mode);
        assert!(matches!(file(0o100_600), Line::Ok(_)));
        assert!(matches!(file(0o100_640), Line::Fail(..)));
        assert!(matches!(file(0o100_604), Line::Fail(..)));
    }

    #[test]
    fn a_name_with_a_quote_stays_one_word_of_the_shell() {
        assert_eq!(quoted(Path::new("/srv/Jane's $till")), r"'/srv/Jane'\''s $till'");
    }

    #[test]
    fn a_folder_that_is_missing_is_named_and_a_file_that_is_missing_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let [Line::Fail(sentence, _)] = &check(&dir.path().join("no/tilld.db"))[..] else {
            panic!()
        };
        assert!(sentence.contains("/no does not exist"), "{sentence}");
        let found = check(&dir.path().join("tilld.db"));
        assert_eq!(found.len(), 2, "{found:?}");
    }
}
