//! What durable writes and reads cost, beside what the same disk can do in the same run.
//!
//! `cargo bench --bench store` prints one table; `-- --quick` takes shorter rounds. Rounds of all
//! kinds are interleaved and medians shown, because machines are noisy. Figures are files' and
//! threads' own: the database lies below `target/`, on a disk.

#![expect(
    clippy::unwrap_used,
    clippy::as_conversions,
    clippy::float_arithmetic,
    clippy::indexing_slicing,
    reason = "a benchmark may stop at the first surprise, and divides"
)]

mod payment;

use std::fs::{File, OpenOptions};
use std::future::Future;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Waker};
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::{Connection, TransactionBehavior, named_params};
use tilld::store::{Durability, Error, Options, Role, Store, Tx};

use crate::payment::{ORDERS, pay};

const READ: &str = "SELECT paid FROM bench_orders WHERE id = :id";
fn main() {
    let quick = std::env::args().any(|arg| arg == "--quick");
    let round = Duration::from_millis(if quick { 300 } else { 1500 });
    let rounds = if quick { 3 } else { 5 };
    let folder = tempfile::Builder::new()
        .prefix("bench-")
        .tempdir_in(concat!(env!("CARGO_MANIFEST_DIR"), "/target"))
        .unwrap();
    let mut table = Table::default();

    let full = open(&folder.path().join("full.db"), Durability::Full);
    let off = open(&folder.path().join("off.db"), Durability::None);
    let direct = folder.path().join("direct.db");
    drop(open(&direct, Durability::Full));

    // The steady state: the log has its size, and is written over from now on.
    for store in [&full, &off] {
        writes(store, 64, round);
    }
    transaction_each(&direct, 16, round);
    for _ in 0..rounds {
        table.add("fdatasync/s, 4 kB overwritten", fdatasync(folder.path(), round, true));
        table.add("fdatasync/s, 4 kB appended", fdatasync(folder.path(), round, false));
        table.add("durable writes/s, 1 submitter", writes_alone(&full, round));
        for submitters in [16, 64, 256] {
            let name = format!("durable writes/s, {submitters} submitters");
            table.add(&name, writes(&full, submitters, round));
        }
        table.add("writes/s without durability, 64 submitters", writes(&off, 64, round));
        table.add("a transaction each, 1 thread", transaction_each(&direct, 1, round));
        table.add("a transaction each, 16 threads", transaction_each(&direct, 16, round));
        table.add("point reads/s through the pool, 16 readers", reads(&full, 16, round));
    }
    let latency = latencies(&full, 64, round * rounds);

    println!("{:44} {:>10} {:>10} {:>10}", "", "median", "min", "max");
    for (name, values) in &table.0 {
        let (min, max) = (values.iter().min().unwrap(), values.iter().max().unwrap());
        println!("{name:44} {:>10} {min:>10} {max:>10}", median(values));
    }
    println!(
        "commit latency, 64 submitters: p50 {:.2} ms, p99 {:.2} ms, longest {:.2} ms; \
         log {} pages",
        latency.p50, latency.p99, latency.longest, latency.wal_pages
    );
    println!();
    let get = |name: &str| median(&table.0.iter().find(|(n, _)| n == name).unwrap().1) as f64;
    let sync = get("fdatasync/s, 4 kB overwritten");
    let at_64 = get("durable writes/s, 64 submitters");
    let bars = [
        ("64 submitters / fdatasync", at_64 / sync, 2.5),
        (
            "64 submitters / without durability",
            at_64 / get("writes/s without durability, 64 submitters"),
            0.5,
        ),
        ("64 submitters / a transaction each", at_64 / get("a transaction each, 16 threads"), 4.0),
        ("1 submitter / fdatasync", get("durable writes/s, 1 submitter") / sync, 0.75),
    ];
    for (name, value, bar) in bars {
        let verdict = if value >= bar { "ok" } else { "MISSED" };
        println!("{name:44} {value:>10.2}   at least {bar}: {verdict}");
    }
    // What SQLite does by itself, without a queue and a thread in between, is the most to hope for.
    let alone = get("a transaction each, 1 thread");
    println!("{:44} {:>10.2}   for comparison", "SQLite by itself / fdatasync", alone / sync);
    let verdict = if latency.longest <= 20.0 { "ok" } else { "MISSED" };
    println!("{:44} {:>10.2}   at most 20 ms: {verdict}", "longest commit", latency.longest);
    process_figures(folder.path());
}

#[derive(Default)]
struct Table(Vec<(String, Vec<u64>)>);

impl Table {
    fn add(&mut self, name: &str, value: u64) {
        match self.0.iter_mut().find(|(known, _)| known == name) {
            Some((_, values)) => values.push(value),
            None => self.0.push((name.to_owned(), vec![value])),
        }
    }
}

fn median(values: &[u64]) -> u64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    sorted[sorted.len() / 2]
}

fn per_second(count: u64, took: Duration) -> u64 {
    (count as f64 / took.as_secs_f64()) as u64
}

/// How often the disk can promise that 4 kB are on it.
fn fdatasync(folder: &Path, round: Duration, overwrite: bool) -> u64 {
    let path = folder.join("raw");
    let file = File::create(&path).unwrap();
    let page = [7_u8; 4096];
    let span = if overwrite { 1024 } else { u64::MAX };
    if overwrite {
        (0..span).for_each(|at| file.write_all_at(&page, at * 4096).unwrap());
        file.sync_all().unwrap();
    }
    let started = Instant::now();
    let mut count = 0;
    while started.elapsed() < round {
        file.write_all_at(&page, (count % span) * 4096).unwrap();
        file.sync_data().unwrap();
        count += 1;
    }
    let result = per_second(count, started.elapsed());
    std::fs::remove_file(path).unwrap();
    result
}

fn open(path: &Path, durability: Durability) -> Store {
    let options = Options { durability, ..Options::default() };
    let store = Store::open(path, Role::Daemon, options).unwrap();
    payment::prepare(path);
    store
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

/// One thread that makes a payment after the other. It watches for each answer instead of going to
/// sleep, so that what is measured is the writer, not how fast the system wakes a thread.
fn writes_alone(store: &Store, round: Duration) -> u64 {
    let mut context = Context::from_waker(Waker::noop());
    let started = Instant::now();
    let mut count = 0;
    while started.elapsed() < round {
        let mut write = pin!(write_one(store.clone()));
        while write.as_mut().poll(&mut context).is_pending() {
            std::hint::spin_loop();
        }
        count += 1;
    }
    per_second(count, started.elapsed())
}

/// Has so many `clients` do `work` again and again, each waiting for the end of one before the next:
/// what all of them brought, and how long it took. `work` is told whose it is, and how many that one
/// has done before.
fn together<T: Send + 'static, F: Future<Output = T> + Send>(
    clients: usize,
    round: Duration,
    work: impl Fn(u64, u64) -> F + Clone + Send + 'static,
) -> (Vec<T>, Duration) {
    runtime().block_on(async {
        let started = Instant::now();
        let tasks: Vec<_> = (0..clients)
            .map(|client| {
                let work = work.clone();
                tokio::spawn(async move {
                    let mut brought = Vec::new();
                    while started.elapsed() < round {
                        brought.push(work(client as u64, brought.len() as u64).await);
                    }
                    brought
                })
            })
            .collect();
        let mut all = Vec::new();
        for task in tasks {
            all.extend(task.await.unwrap());
        }
        (all, started.elapsed())
    })
}

/// `submitters` tasks, each of which awaits its own payment before it makes the next.
fn writes(store: &Store, submitters: usize, round: Duration) -> u64 {
    let store = store.clone();
    let (written, took) = together(submitters, round, move |_, _| write_one(store.clone()));
    per_second(written.len() as u64, took)
}

async fn write_one(store: Store) {
    let number = payment::next();
    store.write(move |tx: &mut Tx<'_>| pay(tx, number).map_err(Error::from)).await.unwrap();
}

/// The textbook's way: each thread its own connection, each payment its own transaction.
fn transaction_each(path: &Path, threads: usize, round: Duration) -> u64 {
    let count = Arc::new(AtomicU64::new(0));
    let started = Instant::now();
    let workers: Vec<_> = (0..threads)
        .map(|_| {
            let (path, count) = (path.to_owned(), count.clone());
            thread::spawn(move || {
                let mut db = Connection::open(path).unwrap();
                db.busy_timeout(Duration::from_secs(30)).unwrap();
                db.pragma_update(None, "synchronous", "FULL").unwrap();
                while started.elapsed() < round {
                    let number = payment::next();
                    let tx = db.transaction_with_behavior(TransactionBehavior::Immediate).unwrap();
                    pay(&tx, number).unwrap();
                    tx.commit().unwrap();
                    count.fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .collect();
    workers.into_iter().for_each(|worker| worker.join().unwrap());
    per_second(count.load(Ordering::Relaxed), started.elapsed())
}

/// `readers` tasks that look orders up by their id.
fn reads(store: &Store, readers: usize, round: Duration) -> u64 {
    let store = store.clone();
    let (read, took) = together(readers, round, move |reader, count| {
        let store = store.clone();
        async move {
            let id = format!("order-{}", (count * 7919 + reader) % ORDERS + 1);
            store
                .read::<(), Error>(move |db| {
                    let mut read = db.prepare_cached(READ)?;
                    read.query_row(named_params! { ":id": id }, |row| row.get::<_, i64>("paid"))?;
                    Ok(())
                })
                .await
                .unwrap();
        }
    });
    per_second(read.len() as u64, took)
}

struct Latency {
    p50: f64,
    p99: f64,
    longest: f64,
    wal_pages: u64,
}

/// How long each of `submitters` waits for its payment, once the store is warm.
fn latencies(store: &Store, submitters: usize, round: Duration) -> Latency {
    let own = store.clone();
    let (mut took, _) = together(submitters, round, move |_, _| {
        let store = own.clone();
        async move {
            let started = Instant::now();
            write_one(store).await;
            started.elapsed().as_secs_f64() * 1000.0
        }
    });
    took.sort_unstable_by(f64::total_cmp);
    let at = |share: usize| took[(took.len() * share / 1000).min(took.len() - 1)];
    Latency {
        p50: at(500),
        p99: at(990),
        longest: *took.last().unwrap(),
        wal_pages: store.stats().wal_pages,
    }
}

/// Start to first answer, memory when idle, and the size of the program.
fn process_figures(folder: &Path) {
    use std::io::{BufRead, BufReader, Read, Write};
    use std::net::TcpStream;
    use std::process::{Command, Stdio};

    let program = env!("CARGO_BIN_EXE_tilld");
    let mut starts = Vec::new();
    let mut idle_kb = 0;
    for _ in 0..5 {
        let started = Instant::now();
        let mut daemon = Command::new(program)
            .args(["serve", "--listen", "127.0.0.1:0", "--database"])
            .arg(folder.join("start.db"))
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(daemon.stderr.take().unwrap()).lines();
        let line = lines.find(|l| l.as_ref().unwrap().contains("listening at")).unwrap().unwrap();
        let address = line.rsplit("http://").next().unwrap().trim_end_matches('/').to_owned();
        let mut stream = TcpStream::connect(&address).unwrap();
        stream.write_all(b"GET /config HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        starts.push(started.elapsed().as_micros() as u64);
        let status = std::fs::read_to_string(format!("/proc/{}/status", daemon.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS")).unwrap();
        idle_kb = line.split_whitespace().nth(1).unwrap().parse().unwrap();
        daemon.kill().unwrap();
        daemon.wait().unwrap();
    }
    let start = median(&starts) as f64 / 1000.0;
    let idle = f64::from(idle_kb) / 1000.0;
    let size = OpenOptions::new().read(true).open(program).unwrap().metadata().unwrap().len();
    let size = size as f64 / 1_000_000.0;
    for (name, value, bar, unit) in [
        ("start to first answer", start, 100.0, "ms"),
        ("memory when idle", idle, 12.0, "MB"),
        ("size of the program", size, 10.0, "MB"),
    ] {
        let verdict = if value < bar { "ok" } else { "MISSED" };
        println!("{name:44} {value:>10.2}   less than {bar} {unit}: {verdict}");
    }
}
