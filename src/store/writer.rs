//! The one writer: gathers what waits into one transaction, commits, then answers.
//!
//! A commit costs the same whether one change is in it or a hundred, so those who come while one is
//! being written share the next. Each change has a savepoint of its own: one that fails, or panics,
//! takes nothing else with it. Nobody is answered before the disk has it all.

use std::fmt;
use std::ops::Deref;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rusqlite::Connection;
use tokio::sync::oneshot;

use super::checkpoint::{Checkpointer, warn_unmoved};
use super::{Durability, Error, Options, Result, Role};
use crate::domain::order::Topic;
use crate::log_limit;

/// Most changes in one transaction; more would make the first of them wait too long.
const MAX_BATCH: usize = 512;
/// How long the writer looks for more work before it sleeps.
const LINGER: Duration = Duration::from_micros(60);
/// Pages in the log at which SQLite itself would move them into the file, if all else failed.
const LAST_RESORT_PAGES: u32 = 32_768;

/// How long others may keep the writer from tidying up at its end.
const LAST_WAIT: Duration = Duration::from_millis(250);

/// Told, after a commit, of each topic that something was announced to.
pub(super) type Announce = Box<dyn Fn(&Topic) + Send>;

/// A transaction under way. Whoever holds one may write.
pub struct Tx<'a> {
    connection: &'a Connection,
    news: &'a mut Vec<Topic>,
}

impl Tx<'_> {
    /// Tells those who wait for `topics` that there is news, once it is durable; if the change is
    /// undone, nobody is told.
    pub fn announce(&mut self, topics: impl IntoIterator<Item = Topic>) {
        self.news.extend(topics);
    }
}

impl Deref for Tx<'_> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        self.connection
    }
}

impl fmt::Debug for Tx<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tx")
    }
}

/// A change that waits, is made, and is answered.
trait Job: Send {
    /// Makes the change; `false`: undo it.
    fn run(&mut self, tx: &mut Tx<'_>) -> bool;
    /// Answers, once it is known what became of the transaction.
    fn answer(self: Box<Self>, committed: Option<&Failed>);
}

/// Why a whole transaction came to nothing, to be told to each who was in it.
enum Failed {
    /// SQLite undid everything while one of the changes was made: the disk is full, say.
    Undone,
    Busy,
    Full,
    Other(String),
}

impl Failed {
    fn error(&self) -> Error {
        match self {
            Self::Undone | Self::Busy => Error::Busy,
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

struct Typed<T, E, F> {
    work: Option<F>,
    result: Option<std::result::Result<T, E>>,
    reply: oneshot::Sender<std::result::Result<T, E>>,
}

impl<T, E, F> Job for Typed<T, E, F>
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
            (Some(Failed::Undone), Some(Err(own))) => Err(own),
            // Even a refusal may have rested on what another change of the batch had written.
            (Some(failed), _) => Err(failed.error().into()),
        };
        // Whoever asked may be gone; what was done stays done.
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

/// The writer's handle.
pub(super) struct Writer {
    queue: Mutex<Option<SyncSender<Box<dyn Job>>>>,
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
        let (queue, waiting) = sync_channel(options.write_queue);
        let counters = Arc::new(Counters::default());
        let checkpointer = Checkpointer::start(path, options.durability)?;
        let hand = Hand {
            connection,
            waiting,
            role,
            announce,
            counters: counters.clone(),
            checkpointer: checkpointer.clone(),
        };
        let thread = thread::Builder::new()
            .name("writer".into())
            .spawn(move || hand.work())
            .map_err(|error| Error::Open(path.to_owned(), error.to_string()))?;
        Ok(Self {
            queue: Mutex::new(Some(queue)),
            thread: Mutex::new(Some(thread)),
            counters,
            checkpointer,
        })
    }

    /// Puts a change into the queue. The answer comes when it is durable.
    pub(super) fn submit<T, E, F>(
        &self,
        work: F,
    ) -> Result<oneshot::Receiver<std::result::Result<T, E>>>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
        F: FnOnce(&mut Tx<'_>) -> std::result::Result<T, E> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let job = Box::new(Typed { work: Some(work), result: None, reply });
        let queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(queue) = queue.as_ref() else { return Err(Error::Closed) };
        // Counted before it is sent, or the writer might count it out first.
        self.counters.queued.fetch_add(1, Ordering::Relaxed);
        match queue.try_send(job) {
            Ok(()) => Ok(answer),
            Err(refused) => {
                self.counters.queued.fetch_sub(1, Ordering::Relaxed);
                Err(match refused {
                    TrySendError::Full(_) => Error::Busy,
                    TrySendError::Disconnected(_) => Error::Closed,
                })
            }
        }
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
        self.queue.lock().unwrap_or_else(PoisonError::into_inner).take();
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

/// What the writer's thread has in its hands.
struct Hand {
    connection: Connection,
    waiting: Receiver<Box<dyn Job>>,
    role: Role,
    announce: Announce,
    counters: Arc<Counters>,
    checkpointer: Arc<Checkpointer>,
}

impl Hand {
    fn work(self) {
        // Ends when the queue's other end is gone and the queue is empty.
        while let Some(first) = self.next() {
            let mut batch = vec![first];
            batch.extend(self.waiting.try_iter().take(MAX_BATCH - 1));
            self.take(batch);
            if self.checkpointer.asks_for_wrap() {
                self.wrap();
            }
        }
        // Nothing waits any more; leave a tidy file, unless somebody reads it for long. A guest would
        // make the daemon wait for that.
        if self.role == Role::Daemon {
            let _ = self.connection.busy_timeout(LAST_WAIT);
            let _ = self.connection.pragma_update(None, "wal_checkpoint", "TRUNCATE");
        }
    }

    /// The next change. Whoever was just answered often comes back at once, so it is looked for a
    /// little before the thread goes to sleep: to be woken would take longer.
    fn next(&self) -> Option<Box<dyn Job>> {
        let started = Instant::now();
        while started.elapsed() < LINGER {
            match self.waiting.try_recv() {
                Ok(job) => return Some(job),
                Err(TryRecvError::Empty) => std::hint::spin_loop(),
                Err(TryRecvError::Disconnected) => return None,
            }
        }
        self.waiting.recv().ok()
    }

    /// Makes all changes of `batch` in one transaction, and answers each.
    fn take(&self, mut batch: Vec<Box<dyn Job>>) {
        let started = Instant::now();
        let count = u64::try_from(batch.len()).unwrap_or(u64::MAX);
        let counters = &self.counters;
        counters.queued.fetch_sub(count, Ordering::Relaxed);
        let mut news = Vec::new();
        let outcome = self.transact(&mut batch, &mut news);
        if outcome.is_err() && !self.connection.is_autocommit() {
            // SQLite undoes some failures itself, others not.
            let _ = self.connection.execute_batch("ROLLBACK");
        }
        let took = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
        counters.last_commit_us.store(took, Ordering::Relaxed);
        counters.longest_commit_us.fetch_max(took, Ordering::Relaxed);
        counters.jobs.fetch_add(count, Ordering::Relaxed);
        if outcome.is_ok() {
            // Before anybody is woken: see `Store::commits`.
            counters.batches.fetch_add(1, Ordering::Release);
            self.checkpointer.written(count);
            // Before the answers: who is told that something happened can rely on the others knowing.
            for topic in &news {
                (self.announce)(topic);
            }
        }
        let failed = outcome.err();
        if let Some(Failed::Other(what)) = &failed {
            let line = format_args!("a transaction of {count} changes was undone: {what}");
            log_limit::error("transactions that were undone", line);
        }
        for job in batch {
            job.answer(failed.as_ref());
        }
    }

    fn transact(
        &self,
        batch: &mut [Box<dyn Job>],
        news: &mut Vec<Topic>,
    ) -> std::result::Result<(), Failed> {
        let say = |statement: &str| super::say(&self.connection, statement);
        say("BEGIN IMMEDIATE")?;
        let alone = batch.len() == 1;
        let mut anything = false;
        for job in batch {
            // One that is alone has the whole transaction to itself.
            if !alone {
                say("SAVEPOINT job")?;
            }
            let told = news.len();
            let mut tx = Tx { connection: &self.connection, news };
            let good = job.run(&mut tx);
            if self.connection.is_autocommit() {
                return Err(Failed::Undone);
            }
            anything |= good;
            if !good {
                news.truncate(told);
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
    fn wrap(&self) {
        let moved = self.connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| {
            Ok((row.get::<_, i64>(1)?, row.get::<_, i64>(2)?))
        });
        match moved {
            Ok((log, moved)) => self.checkpointer.wrapped(log, moved),
            Err(error) => warn_unmoved(&error),
        }
    }
}
