//! Payments made durable by the store and in the textbook's way, and orders read.

use std::future::Future;
use std::path::Path;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use rusqlite::{Connection, TransactionBehavior, named_params};
use tilld::store::{Error, Store, Tx};

use crate::harness::measure::percentile;
use crate::harness::payment::{self, ORDERS, pay};
use crate::harness::runtime;
use crate::store::per_second;

const READ: &str = "SELECT paid FROM bench_orders WHERE id = :id";

/// What a lone submitter does until it has its answer.
#[derive(Clone, Copy)]
pub(super) enum Meanwhile {
    /// It sleeps, as a daemon with one customer does, and has to be woken.
    Sleeps,
    /// It lets others run and looks again, as a daemon does that has something else to do.
    Yields,
}

/// One thread that makes a payment after the other.
pub(super) fn alone(store: &Store, round: Duration, meanwhile: Meanwhile) -> f64 {
    one_after_the_other(round, meanwhile, || write_one(store.clone()))
}

/// One thread that writes a row after the other.
pub(super) fn notes_alone(store: &Store, round: Duration, meanwhile: Meanwhile) -> f64 {
    one_after_the_other(round, meanwhile, || async {
        store.write(|tx: &mut Tx<'_>| payment::note(tx).map_err(Error::from)).await.unwrap();
    })
}

fn one_after_the_other<F: Future<Output = ()>>(
    round: Duration,
    meanwhile: Meanwhile,
    work: impl Fn() -> F,
) -> f64 {
    let alarm = Waker::from(Arc::new(Alarm(thread::current())));
    let mut context = Context::from_waker(&alarm);
    let started = Instant::now();
    let mut count = 0;
    while started.elapsed() < round {
        let mut write = pin!(work());
        while write.as_mut().poll(&mut context).is_pending() {
            match meanwhile {
                Meanwhile::Sleeps => thread::park(),
                Meanwhile::Yields => thread::yield_now(),
            }
        }
        count += 1;
    }
    per_second(count, started.elapsed())
}

/// Wakes a thread.
struct Alarm(Thread);

impl Wake for Alarm {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// A single payment.
pub(super) fn once(store: &Store) {
    runtime().block_on(write_one(store.clone()));
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
pub(super) fn many(store: &Store, submitters: usize, round: Duration) -> f64 {
    let store = store.clone();
    let (written, took) = together(submitters, round, move |_, _| write_one(store.clone()));
    per_second(written.len() as u64, took)
}

async fn write_one(store: Store) {
    let number = payment::next();
    store.write(move |tx: &mut Tx<'_>| pay(tx, number).map_err(Error::from)).await.unwrap();
}

/// The textbook's way: each thread its own connection, each payment its own transaction.
pub(super) fn transaction_each(path: &Path, threads: usize, round: Duration) -> f64 {
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
pub(super) fn reads(store: &Store, readers: usize, round: Duration) -> f64 {
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

/// How long payments take, in milliseconds.
pub(super) struct Latency {
    pub(super) p50: f64,
    pub(super) p99: f64,
    pub(super) longest: f64,
}

/// How long each of `submitters` waits for its payment, once the store is warm.
pub(super) fn latencies(store: &Store, submitters: usize, round: Duration) -> Latency {
    let store = store.clone();
    let (mut took, _) = together(submitters, round, move |_, _| {
        let store = store.clone();
        async move {
            let started = Instant::now();
            write_one(store).await;
            started.elapsed().as_secs_f64() * 1000.0
        }
    });
    let mut at = |share| percentile(&mut took, share);
    Latency { p50: at(50), p99: at(99), longest: at(100) }
}
