//! What all sections play on: a shop with its daemon, clients, clocks, and the table.

pub(crate) mod client;
pub(crate) mod measure;
pub(crate) mod payment;
pub(crate) mod process;
pub(crate) mod shop;
pub(crate) mod table;

use std::path::Path;

use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};

/// A new folder on a disk, which the system's folder for temporary files may not be.
pub(crate) fn folder() -> TempDir {
    let target = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/target"));
    std::fs::create_dir_all(target).unwrap();
    tempfile::Builder::new().prefix("bench-").tempdir_in(target).unwrap()
}

/// What runs the clients: one thread, so that the processors are left to the server.
pub(crate) fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}
