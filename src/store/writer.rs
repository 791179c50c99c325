//! The one writer: gathers what waits into one transaction, commits, then answers.
//!
//! A commit costs the same whether one change is in it or a hundred, so those who come while one is
//! being written share the next. Each change has a savepoint of its own: one that fails, or panics,
//! affects no other. No caller is answered before the transaction is durable.
//!
//! Changes wait in one of two lanes. Public changes have the second one, a part of the queue and
//! a part of each transaction; however many they are, the shop and its payments have capacity and go
//! first.

use std::collections::VecDeque;
use std::fmt;
use std::ops::Deref;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rusqlite::Connection;
use tokio::sync::oneshot;

use super::checkpoint::{Checkpointer, warn_unmoved};
use super::{Durability, Error, Options, OutboxLimits, Read, Result, Role};
use crate::model::order::Topic;
use system::log_limit;

/// Most changes in one transaction; more would make the first of them wait too long.
const MAX_BATCH: usize = 512;
/// Most public changes in one transaction: a quarter, so that three quarters are left for others
/// however many public changes there are, and that public changes have some however much is sold.
const STRANGERS_BATCH: usize = MAX_BATCH / 4;
/// The public lane may fill one part in this many of the queue.
const STRANGERS_QUEUE: usize = 4;
/// How long the writer looks for more work before it sleeps.
const SPIN_BEFORE_PARK: Duration = Duration::from_micros(60);
/// Pages in the log at which SQLite itself would move them into the file, if all else failed.
const LAST_RESORT_PAGES: u32 = 32_768;

/// How long readers may delay the last checkpoint.
const LAST_WAIT: Duration = Duration::from_millis(250);

/// Called after a commit with each announced topic.
pub(super) type Announce = Box<dyn Fn(&Topic) + Send>;

/// The lane in which a change waits, by its cause.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Lane {
    /// The shop, a payment, an exchange's confirmation, the daemon itself.
    First,
    /// Clients without a token that do not pay: they create orders of templates, claim them,
    /// unclaim them.
    Strangers,
}

/// A transaction in progress; only its holder can write.
pub struct Tx<'a> {
    read: Read<'a>,
    announcements: &'a mut Vec<Topic>,
    outbox: OutboxLimits,
}

impl Tx<'_> {
    /// Wakes the subscribers of `topics` once the change is durable; if the change is
    /// rolled back, no one is woken.
    pub fn announce(&mut self, topics: impl IntoIterator<Item = Topic>) {
        self.announcements.extend(topics);
    }

    /// How much may wait to be told to webhooks.
    pub(super) fn outbox(&self) -> OutboxLimits {
        self.outbox
    }
}

/// What is written can be read at once.
impl<'a> Deref for Tx<'a> {
    type Target = Read<'a>;

    fn deref(&self) -> &Read<'a> {
        &self.read
    }
}

impl fmt::Debug for Tx<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tx")
    }
}

/// A queued change with its caller.
trait Job: Send {
    /// Runs the change; `false`: roll it back.
    fn run(&mut self, tx: &mut Tx<'_>) -> bool;
    /// Answers the caller, once the transaction is committed or rolled back.
    fn answer(self: Box<Self>, committed: Option<&Failed>);
}

/// Why a whole transaction was rolled back, for each of its callers.
enum Failed {
    /// SQLite undid everything while one of the changes was made: the disk is full, say.
    RolledBack,
    Busy,
    Full,
    Other(String),
}

impl Failed {
    fn error(&self) -> Error {
        match self {
            Self::RolledBack | Self::Busy => Error::Busy,
            Self::Full => Error::Full,
            Self::Other(what) => Error::Commit(what.clone()),
        }
    }
}

impl From<rusqlite::Error> for Failed {
    fn from(error: rusqlite::Error) -> Self {
        match Error::from(error) {
            Error::Busy => Self::Busy,
            Error::Full => Self::Full,
            other => Self::Other(other.to_string()),
        }
    }
}

struct TypedJob<T, E, F> {
    work: Option<F>,
    result: Option<std::result::Result<T, E>>,
    reply: oneshot::Sender<std::result::Result<T, E>>,
}

impl<T, E, F> Job for TypedJob<T, E, F>
where
    T: Send,
    E: From<Error> + Send,
    F: FnOnce(&mut Tx<'_>) -> std::result::Result<T, E> + Send,
{
    fn run(&mut self, tx: &mut Tx<'_>) -> bool {
        let Some(work) = self.work.take() else { return false };
        // What a panic leaves half done in the database is undone with the savepoint.
        let result = catch_unwind(AssertUnwindSafe(|| work(tx)))
            .unwrap_or_else(|_| Err(Error::Panicked.into()));
        let good = result.is_ok();
        self.result = Some(result);
        good
    }

    fn answer(self: Box<Self>, failed: Option<&Failed>) {
        let result = match (failed, self.result) {
            (None, Some(result)) => result,
            (None, None) => Err(Error::Panicked.into()),
            // Whose fault it was hears the cause; the others lost nothing and may try again.
            (Some(Failed::RolledBack), Some(Err(own))) => Err(own),
            // Even a refusal may have rested on what another change of the batch had written.
            (Some(failed), _) => Err(failed.error().into()),
        };
        // The caller may be gone; the change stays.
        let _ = self.reply.send(result);
    }
}

/// How the writer is doing.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Stats {
    /// Changes that wait.
    pub queued: u64,
    /// Changes made since the start.
    pub jobs: u64,
    /// Transactions committed since the start.
    pub batches: u64,
    /// How long the last transaction took, in microseconds.
    pub last_commit_us: u64,
    /// The longest transaction since the start, in microseconds.
    pub longest_commit_us: u64,
    /// Pages in the write-ahead log when it was last looked at.
    pub wal_pages: u64,
}

#[derive(Default)]
struct Counters {
    queued: AtomicU64,
    jobs: AtomicU64,
    batches: AtomicU64,
    last_commit_us: AtomicU64,
    longest_commit_us: AtomicU64,
}

/// What waits, in two lanes.
struct WaitingJobs {
    first: VecDeque<Box<dyn Job>>,
    strangers: VecDeque<Box<dyn Job>>,
    /// How many may wait in both together.
    room: usize,
    is_closed: bool,
    /// Whether the writer sleeps until a change comes.
    is_asleep: bool,
}

impl WaitingJobs {
    fn count(&self) -> usize {
        self.first.len().saturating_add(self.strangers.len())
    }

    /// Puts a change into its lane, unless it is full.
    fn push(&mut self, lane: Lane, job: Box<dyn Job>) -> Result<()> {
        if self.is_closed {
            return Err(Error::Closed);
        }
        if self.count() >= self.room {
            return Err(Error::Busy);
        }
        match lane {
            Lane::First => self.first.push_back(job),
            Lane::Strangers if self.strangers.len() < (self.room / STRANGERS_QUEUE).max(1) => {
                self.strangers.push_back(job);
            }
            Lane::Strangers => return Err(Error::Busy),
        }
        Ok(())
    }

    /// The next transaction's changes: the shop's lane, then the public one. Neither can fill it alone
    /// while the other waits.
    fn batch(&mut self) -> Vec<Box<dyn Job>> {
        let strangers = self.strangers.len().min(STRANGERS_BATCH);
        let first = self.first.len().min(MAX_BATCH.saturating_sub(strangers));
        self.first.drain(..first).chain(self.strangers.drain(..strangers)).collect()
    }
}

/// Where changes wait for the writer.
struct Queue {
    waiting: Mutex<WaitingJobs>,
    came: Condvar,
    counters: Arc<Counters>,
}

impl Queue {
    fn new(room: usize, counters: Arc<Counters>) -> Self {
        let waiting = WaitingJobs {
            first: VecDeque::new(),
            strangers: VecDeque::new(),
            room,
            is_closed: false,
            is_asleep: false,
        };
        Self { waiting: Mutex::new(waiting), came: Condvar::new(), counters }
    }

    fn waiting(&self) -> MutexGuard<'_, WaitingJobs> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, lane: Lane, job: Box<dyn Job>) -> Result<()> {
        let mut waiting = self.waiting();
        waiting.push(lane, job)?;
        self.counters.queued.fetch_add(1, Ordering::Release);
        let wake = std::mem::take(&mut waiting.is_asleep);
        drop(waiting);
        if wake {
            self.came.notify_one();
        }
        Ok(())
    }

    /// Refuses further changes.
    fn close(&self) {
        self.waiting().is_closed = true;
        self.came.notify_one();
    }

    /// The next transaction's changes, after one of so many; `None` when the queue is closed and empty.
    /// Callers that were just answered often write again at once, so the writer spins a little before it
    /// sleeps: to be woken would take longer. A single caller takes longer to come back than that, and
    /// spinning would only keep the processor from it.
    fn next(&self, before: usize) -> Option<Vec<Box<dyn Job>>> {
        if before > 1 {
            let started = Instant::now();
            while self.counters.queued.load(Ordering::Acquire) == 0
                && started.elapsed() < SPIN_BEFORE_PARK
            {
                std::hint::spin_loop();
            }
        }
        let mut waiting = self.waiting();
        while waiting.count() == 0 {
            if waiting.is_closed {
                return None;
            }
            waiting.is_asleep = true;
            waiting = self.came.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
        waiting.is_asleep = false;
        Some(waiting.batch())
    }
}

/// The writer's handle.
pub(super) struct Writer {
    queue: Arc<Queue>,
    thread: Mutex<Option<JoinHandle<()>>>,
    counters: Arc<Counters>,
    checkpointer: Arc<Checkpointer>,
}

impl Writer {
    /// Starts the writer over `connection`.
    pub(super) fn start(
        connection: Connection,
        path: &Path,
        role: Role,
        options: Options,
        announce: Announce,
    ) -> Result<Self> {
        connection.pragma_update(None, "wal_autocheckpoint", LAST_RESORT_PAGES)?;
        if options.durability == Durability::None {
            connection.pragma_update(None, "synchronous", "OFF")?;
        }
        let counters = Arc::new(Counters::default());
        let queue = Arc::new(Queue::new(options.write_queue, counters.clone()));
        let checkpointer = Checkpointer::start(path, options.durability)?;
        let writer_loop = WriterLoop {
            connection,
            queue: queue.clone(),
            role,
            announce,
            counters: counters.clone(),
            checkpointer: checkpointer.clone(),
            outbox: options.outbox,
        };
        let thread = thread::Builder::new()
            .name("writer".into())
            .spawn(move || writer_loop.work())
            .map_err(|error| Error::Open(path.to_owned(), error.to_string()))?;
        Ok(Self { queue, thread: Mutex::new(Some(thread)), counters, checkpointer })
    }

    /// Puts a change into a lane of the queue. The answer comes when it is durable.
    pub(super) fn submit<T, E, F>(
        &self,
        lane: Lane,
        work: F,
    ) -> Result<oneshot::Receiver<std::result::Result<T, E>>>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
        F: FnOnce(&mut Tx<'_>) -> std::result::Result<T, E> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        self.queue.push(lane, Box::new(TypedJob { work: Some(work), result: None, reply }))?;
        Ok(answer)
    }

    pub(super) fn stats(&self) -> Stats {
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Stats {
            queued: get(&self.counters.queued),
            jobs: get(&self.counters.jobs),
            batches: get(&self.counters.batches),
            last_commit_us: get(&self.counters.last_commit_us),
            longest_commit_us: get(&self.counters.longest_commit_us),
            wal_pages: self.checkpointer.pages(),
        }
    }

    /// How many transactions were committed.
    pub(super) fn commits(&self) -> u64 {
        self.counters.batches.load(Ordering::Acquire)
    }

    /// Finishes what waits and stops.
    pub(super) fn close(&self) {
        self.queue.close();
        self.checkpointer.stop();
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            // It catches every panic of a job; should it have panicked itself, it is as stopped.
            let _ = thread.join();
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.close();
    }
}

/// State of the writer's thread.
struct WriterLoop {
    connection: Connection,
    queue: Arc<Queue>,
    role: Role,
    announce: Announce,
    counters: Arc<Counters>,
    checkpointer: Arc<Checkpointer>,
    outbox: OutboxLimits,
}

impl WriterLoop {
    fn work(self) {
        let mut before = 0;
        while let Some(batch) = self.queue.next(before) {
            before = batch.len();
            self.run_batch(batch);
            if self.checkpointer.asks_for_wrap() {
                self.restart_wal();
            }
        }
        // Nothing waits any more; leave a tidy file, unless somebody reads it for long. A guest would
        // make the daemon wait for that.
        if self.role == Role::Daemon {
            let _ = self.connection.busy_timeout(LAST_WAIT);
            let _ = self.connection.pragma_update(None, "wal_checkpoint", "TRUNCATE");
        }
    }

    /// Makes all changes of `batch` in one transaction, and answers each.
    fn run_batch(&self, mut batch: Vec<Box<dyn Job>>) {
        let started = Instant::now();
        let count = u64::try_from(batch.len()).unwrap_or(u64::MAX);
        let counters = &self.counters;
        counters.queued.fetch_sub(count, Ordering::Relaxed);
        let mut announcements = Vec::new();
        let outcome = self.transact(&mut batch, &mut announcements);
        if outcome.is_err() && !self.connection.is_autocommit() {
            // SQLite undoes some failures itself, others not.
            let _ = self.connection.execute_batch("ROLLBACK");
        }
        let took = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
        counters.last_commit_us.store(took, Ordering::Relaxed);
        counters.longest_commit_us.fetch_max(took, Ordering::Relaxed);
        counters.jobs.fetch_add(count, Ordering::Relaxed);
        if outcome.is_ok() {
            // Before any subscriber is woken: see `Store::commits`.
            counters.batches.fetch_add(1, Ordering::Release);
            self.checkpointer.written(count);
            // Before the answers: a caller that is answered can rely on the others being woken.
            for topic in &announcements {
                (self.announce)(topic);
            }
        }
        let failed = outcome.err();
        if let Some(Failed::Other(what)) = &failed {
            let line = format_args!("a transaction of {count} changes was rolled back: {what}");
            log_limit::error("transactions rolled back", line);
        }
        for job in batch {
            job.answer(failed.as_ref());
        }
    }

    fn transact(
        &self,
        batch: &mut [Box<dyn Job>],
        announcements: &mut Vec<Topic>,
    ) -> std::result::Result<(), Failed> {
        let say = |statement: &str| super::execute(&self.connection, statement);
        say("BEGIN IMMEDIATE")?;
        let alone = batch.len() == 1;
        let mut anything = false;
        for job in batch {
            // One that is alone has the whole transaction to itself.
            if !alone {
                say("SAVEPOINT job")?;
            }
            let reported = announcements.len();
            let mut tx = Tx { read: Read(&self.connection), announcements, outbox: self.outbox };
            let good = job.run(&mut tx);
            if self.connection.is_autocommit() {
                return Err(Failed::RolledBack);
            }
            anything |= good;
            if !good {
                announcements.truncate(reported);
            }
            if !alone {
                if !good {
                    say("ROLLBACK TO job")?;
                }
                say("RELEASE job")?;
            }
        }
        say(if anything { "COMMIT" } else { "ROLLBACK" })?;
        Ok(())
    }

    /// Moves what is left of the log into the file while nothing is being added, so that the log
    /// starts again from its beginning.
    fn restart_wal(&self) {
        let moved = self.connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| {
            Ok((row.get::<_, i64>(1)?, row.get::<_, i64>(2)?))
        });
        match moved {
            Ok((log, moved)) => self.checkpointer.wrapped(log, moved),
            Err(error) => warn_unmoved(&error),
        }
    }
}
