//! What the disk can do by itself, and how much of it a payment asks for.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use tilld::store::Durability;

use crate::store::{open, per_second, writes};

/// How much of a file is written over and over.
const SPAN: u64 = 1024 * 4096;
/// Payments of which the usual one counts.
const PAYMENTS: usize = 101;

/// How often the disk can promise in a second that so many bytes are on it.
pub(super) fn fdatasync(folder: &Path, bytes: usize, round: Duration, overwrite: bool) -> f64 {
    let path = folder.join("raw");
    let file = File::create(&path).unwrap();
    let page = vec![7_u8; bytes];
    let length = bytes as u64;
    let span = if overwrite { SPAN / length } else { u64::MAX };
    if overwrite {
        (0..span).for_each(|at| file.write_all_at(&page, at * length).unwrap());
        file.sync_all().unwrap();
    }
    let started = Instant::now();
    let mut count = 0;
    while started.elapsed() < round {
        file.write_all_at(&page, (count % span) * length).unwrap();
        file.sync_data().unwrap();
        count += 1;
    }
    let result = per_second(count, started.elapsed());
    std::fs::remove_file(path).unwrap();
    result
}

/// How many bytes the commit of one payment writes to the log.
pub(super) fn commit_bytes(folder: &Path) -> usize {
    let path = folder.join("log.db");
    let store = open(&path, Durability::Full);
    // A log that starts from nothing grows by what is written; the next checkpoint is far away.
    let db = Connection::open(&path).unwrap();
    let busy: i64 = db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0)).unwrap();
    assert_eq!(busy, 0, "somebody is in the way of the checkpoint");
    let length = || std::fs::metadata(folder.join("log.db-wal")).unwrap().len();
    let mut grown: Vec<u64> = (0..PAYMENTS)
        .map(|_| {
            let before = length();
            writes::once(&store);
            length() - before
        })
        .collect();
    grown.sort_unstable();
    usize::try_from(grown[PAYMENTS / 2]).unwrap()
}
