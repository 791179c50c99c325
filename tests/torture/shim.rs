//! The libraries that stand between the daemon and the machine, compiled when they are first needed.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// A disk that forgets what was not synced, is full, or ends the process.
pub(crate) fn disk() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| built("disk"))
}

/// A clock that can be set.
pub(crate) fn clock() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| built("clock"))
}

fn built(name: &str) -> PathBuf {
    let source = format!("{}/tests/torture/{name}.c", env!("CARGO_MANIFEST_DIR"));
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    // Under a name of its own first: another run of the tests may be using the finished one.
    let new = folder.join(format!("{name}-{}.so", std::process::id()));
    let output = Command::new("cc")
        .args(["-Wall", "-Wextra", "-Werror", "-O1", "-fPIC", "-shared", "-pthread", "-o"])
        .arg(&new)
        .arg(&source)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let library = folder.join(format!("{name}.so"));
    std::fs::rename(new, &library).unwrap();
    library
}
