//! What durable writes and reads cost, beside what the same disk can do in the same run.
//!
//! Rounds of all kinds are interleaved. Figures are files' and threads' own. What the disk itself
//! takes of a payment made alone shows in how often it can promise as many bytes as that payment's
//! commit writes, with nothing else to do; what SQLite takes, in a transaction each by one thread,
//! which also moves the log into the file now and then.

mod disk;
mod program;
mod writes;

use std::path::Path;
use std::time::Duration;

use tilld::store::{Durability, Options, Role, Store};

use crate::harness::table::{Bar, Table};
use crate::harness::{folder, payment};
use crate::store::writes::Meanwhile::{Sleeps, Yields};

pub(crate) fn measure(quick: bool, table: &mut Table) {
    let round = Duration::from_millis(if quick { 300 } else { 1500 });
    let rounds = if quick { 3 } else { 5 };
    let folder = folder();
    let direct = folder.path().join("direct.db");
    drop(open(&direct, Durability::Full));
    let files = Files {
        full: open(&folder.path().join("full.db"), Durability::Full),
        off: open(&folder.path().join("off.db"), Durability::None),
        direct: &direct,
        folder: folder.path(),
        commit: disk::commit_bytes(folder.path()),
    };

    // The steady state: the log has its size, and is written over from now on.
    for store in [&files.full, &files.off] {
        writes::many(store, 64, round);
    }
    writes::transaction_each(&direct, 16, round);
    for number in 1..=rounds {
        eprintln!("  round {number} of {rounds}");
        files.measure(round, table);
    }
    // What was written without durability is still on its way to the disk, and none of this store's.
    rustix::fs::sync();
    let latency = writes::latencies(&files.full, 64, round * rounds);
    let mut add = |name, value, bar| table.add(name, value, None, bar);
    add("commit p50, 64 submitters, ms", latency.p50, Bar::None);
    add("commit p99, 64 submitters, ms", latency.p99, Bar::None);
    add("longest commit, 64 submitters, ms", latency.longest, Bar::AtMost(20.0));
    add("log after that, pages", files.full.stats().wal_pages as f64, Bar::None);
    add("a payment in the log, bytes", files.commit as f64, Bar::None);
    program::measure(folder.path(), table);
}

/// What is written to.
struct Files<'a> {
    full: Store,
    off: Store,
    direct: &'a Path,
    folder: &'a Path,
    /// Bytes that a payment's commit writes.
    commit: usize,
}

impl Files<'_> {
    /// One round.
    fn measure(&self, round: Duration, table: &mut Table) {
        let sync = disk::fdatasync(self.folder, 4096, round, true);
        let sync_commit = disk::fdatasync(self.folder, self.commit, round, true);
        let appended = disk::fdatasync(self.folder, 4096, round, false);
        let one = writes::alone(&self.full, round, Sleeps);
        let one_awake = writes::alone(&self.full, round, Yields);
        let note = writes::notes_alone(&self.full, round, Sleeps);
        let note_awake = writes::notes_alone(&self.full, round, Yields);
        let [at_16, at_64, at_256] =
            [16, 64, 256].map(|submitters| writes::many(&self.full, submitters, round));
        let off = writes::many(&self.off, 64, round);
        let each_1 = writes::transaction_each(self.direct, 1, round);
        let each_16 = writes::transaction_each(self.direct, 16, round);
        let reads = writes::reads(&self.full, 16, round);

        let mut add = |name, value, beside, bar| table.add(name, value, beside, bar);
        let fdatasync = Some(("fdatasync, 4 kB", sync));
        let its_bytes = Some(("fdatasync, its bytes", sync_commit));
        add("fdatasync/s, 4 kB overwritten", sync, None, Bar::None);
        add("fdatasync/s, 4 kB appended", appended, None, Bar::None);
        add("fdatasync/s, a payment's bytes overwritten", sync_commit, None, Bar::None);
        add("durable rows/s, 1 submitter", note, fdatasync, Bar::TimesAtLeast(0.75));
        add("durable rows/s, 1 submitter awake", note_awake, fdatasync, Bar::TimesAtLeast(0.75));
        add("durable payments/s, 1 submitter", one, fdatasync, Bar::TimesAtLeast(0.75));
        add("  the same", one, its_bytes, Bar::None);
        add("  the same", one, Some(("SQLite by itself", each_1)), Bar::None);
        add("durable payments/s, 1 submitter awake", one_awake, fdatasync, Bar::TimesAtLeast(0.75));
        add("  the same, awake", one_awake, its_bytes, Bar::None);
        add("durable payments/s, 16 submitters", at_16, None, Bar::None);
        add("durable payments/s, 64 submitters", at_64, fdatasync, Bar::TimesAtLeast(2.5));
        add("  the same", at_64, Some(("without durability", off)), Bar::TimesAtLeast(0.5));
        let beside = Some(("a transaction each", each_16));
        add("  the same", at_64, beside, Bar::TimesAtLeast(4.0));
        add("durable payments/s, 256 submitters", at_256, None, Bar::None);
        add("payments/s without durability, 64 submitters", off, None, Bar::None);
        add("a transaction each, 1 thread", each_1, fdatasync, Bar::None);
        add("a transaction each, 16 threads", each_16, None, Bar::None);
        add("point reads/s through the pool, 16 readers", reads, None, Bar::None);
    }
}

fn open(path: &Path, durability: Durability) -> Store {
    let options = Options { durability, ..Options::default() };
    let store = Store::open(path, Role::Daemon, options).unwrap();
    payment::prepare(path);
    store
}

fn per_second(count: u64, took: Duration) -> f64 {
    count as f64 / took.as_secs_f64()
}
