//! The SQLite database: read through a pool of connections, written by one thread.
//!
//! Callers pass closures. A write closure runs in a transaction, which is durable before its caller
//! gets an answer, or is rolled back as a whole. Statements are in `sql/`, one a file; each
//! aggregate has a module of functions over them. The store knows nothing of HTTP, and waits for
//! nothing but the disk.

pub mod accounts;
pub mod addresses;
mod backup;
pub mod cashiers;
pub mod categories;
mod check;
mod checkpoint;
pub mod clock;
pub mod coin_refunds;
mod columns;
mod copy;
pub mod deposits;
pub mod exchanges;
mod header;
pub mod images;
mod inspect;
pub mod instances;
pub mod kyc;
pub mod labels;
pub mod locks;
pub mod logos;
mod migrations;
mod open;
pub mod order_products;
pub mod orders;
pub mod otp_devices;
pub mod partial_payments;
mod paths;
pub mod payments;
pub mod pots;
pub mod products;
pub mod receipts;
pub mod refunds;
pub mod reports;
pub mod sessions;
pub mod settlements;
pub mod setup;
mod space;
pub mod spool;
pub mod statistics;
pub mod stock_movements;
pub mod storage_info;
pub mod templates;
pub mod tokens;
pub mod transfers;
pub mod units;
pub mod webhooks;
mod writer;

use std::cell::RefCell;
use std::fmt;
use std::fs::File;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use r2d2::PooledConnection;
use r2d2_sqlite::SqliteConnectionManager;
use rusqlite::{Connection, ErrorCode, OpenFlags};
use scheduled_thread_pool::ScheduledThreadPool;
use tokio::sync::Semaphore;
use tokio::time::timeout;

pub use self::backup::{backup, remove_staged, restore, stage};
pub use self::check::check;
pub use self::inspect::{Inspection, inspect_copy, newest};
pub use self::migrations::VERSION;
use self::writer::Writer;
pub use self::writer::{Lane, Stats, Tx};
use crate::model::order::Topic;
use system::log_limit;

/// The text of one statement, by the paths of its files below `sql/`.
macro_rules! sql {
    ($name:literal $(+ $more:literal)*) => {
        system::statement!("/sql/", $name $(+ $more)*)
    };
}
use sql;

/// How long to wait while another process writes to the file.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a reader waits for a permit, and then for a connection.
const POOL_TIMEOUT: Duration = Duration::from_secs(2);
/// Prepared statements that each connection caches; more than exist.
const CACHED_STATEMENTS: usize = 256;
/// Threads that may read in place, each with a connection of its own; see [`Store::read_in_place`].
const READING_THREADS: u32 = 32;

/// Why the store cannot do something.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Another daemon has this file open.
    #[error("a tilld daemon is already running on {0}")]
    AlreadyRunning(PathBuf),
    /// The file is not a database of tilld.
    #[error("{0} is not a database of tilld; it was not changed")]
    Foreign(PathBuf),
    /// The file was written by a newer tilld; its schema version and ours.
    #[error(
        "{0} was written by a newer tilld (schema {1}, this one supports {2}); \
         it was not changed"
    )]
    Newer(PathBuf, u32, u32),
    /// The file was made by a development version, before the first release.
    #[error(
        "{0} was made by a development version of tilld, from before 0.1.0, and cannot be \
         used by this one; it was left as it is"
    )]
    Unreleased(PathBuf),
    /// The file has an older schema, and an older daemon is running on it.
    #[error("an older tilld daemon is running on {0}; restart it first")]
    OlderDaemon(PathBuf),
    /// The file cannot be written.
    #[error("{0} is not writable")]
    ReadOnly(PathBuf),
    /// The file is damaged.
    #[error(
        "{0} is damaged ({1}); it was not changed; restore a backup with: \
         tilld restore FILE"
    )]
    Corrupt(PathBuf, String),
    /// The file, or one beside it, cannot be opened, created or renamed.
    #[error("cannot open {0}: {1}")]
    Open(PathBuf, String),
    /// There is no file, and the caller's role does not create one.
    #[error("no database at {0}")]
    Missing(PathBuf),
    /// A file with the name of the new one exists.
    #[error("{0} exists already")]
    Exists(PathBuf),
    /// A queue or lock was busy for too long; a retry may succeed.
    #[error("the database is busy")]
    Busy,
    /// The store is closing.
    #[error("the database is closing")]
    Closed,
    /// The disk is full.
    #[error("the disk is full")]
    Full,
    /// The commit failed; the change was rolled back.
    #[error("a commit failed: {0}")]
    Commit(String),
    /// Another error of SQLite.
    #[error("database: {0}")]
    Sqlite(rusqlite::Error),
    /// A bug: the closure panicked; its change was rolled back.
    #[error("a bug interrupted work on the database")]
    Panicked,
}

/// The result of a store function.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// What SQLite says of the file at `path`: that it is damaged, or something else.
    fn in_file(path: &Path, error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                Self::Corrupt(path.to_owned(), error.to_string())
            }
            _ => error.into(),
        }
    }

    /// Whether the file itself is the cause, so that retries fail until the operator acts.
    pub fn is_unusable(&self) -> bool {
        match self {
            Self::Foreign(_)
            | Self::Newer(..)
            | Self::Unreleased(_)
            | Self::OlderDaemon(_)
            | Self::ReadOnly(_)
            | Self::Corrupt(..)
            | Self::Missing(_)
            | Self::Open(..) => true,
            // Damage found only when the page was read, or permissions lost meanwhile.
            Self::Sqlite(error) => matches!(
                error.sqlite_error_code(),
                Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase | ErrorCode::ReadOnly)
            ),
            Self::AlreadyRunning(_)
            | Self::Exists(_)
            | Self::Busy
            | Self::Closed
            | Self::Full
            | Self::Commit(_)
            | Self::Panicked => false,
        }
    }
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::Full,
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy,
            _ => Self::Sqlite(error),
        }
    }
}

/// The kind of process that opens the file.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Role {
    /// The daemon; at most one a file.
    Daemon,
    /// A command. It does not create the file.
    Guest,
    /// A command that creates the file if there is none.
    Creator,
}

/// Sizes and durability of the store.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Number of read connections.
    pub readers: u32,
    /// Most changes in the writer's queue.
    pub write_queue: usize,
    /// Whether a change is on the disk before it is confirmed. Only benchmarks turn this off.
    pub durability: Durability,
    /// How much may wait to be told to webhooks.
    pub outbox: OutboxLimits,
}

/// How much may wait to be told to webhooks (webhooks 5.5).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct OutboxLimits {
    /// Most deliveries of an instance that wait.
    pub max_waiting: u32,
    /// Most bytes of variables of an instance's events that wait.
    pub max_variables_bytes: u64,
    /// Free bytes on the disk without which no event is written: the rest is for what has happened, payments
    /// before all.
    pub disk_reserve_bytes: u64,
}

impl Default for OutboxLimits {
    fn default() -> Self {
        Self { max_waiting: 10_000, max_variables_bytes: 32 << 20, disk_reserve_bytes: 1_000_000 }
    }
}

/// What a confirmed change survives.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Durability {
    /// A power cut.
    Full,
    /// Only a crash of the process. Benchmarks use it to measure the cost of durability.
    None,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            readers: 4,
            write_queue: 1024,
            durability: Durability::Full,
            outbox: OutboxLimits::default(),
        }
    }
}

/// The open database. Cheap to clone; all clones share it.
#[derive(Clone)]
pub struct Store(Arc<Inner>);

struct Inner {
    /// Distinguishes the stores of one process.
    number: u64,
    path: PathBuf,
    pool: r2d2::Pool<SqliteConnectionManager>,
    /// One permit a connection: readers wait here without blocking a thread.
    turns: Arc<Semaphore>,
    writer: Writer,
    /// The daemon's lock, held while it runs.
    lock: Option<File>,
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Store({})", self.0.path.display())
    }
}

/// Where the daemon listens that has the database at `path`, as `http://ADDRESS/` or `unix:PATH`; empty if
/// none runs.
pub fn listened_addresses(path: &Path) -> Vec<String> {
    paths::resolve(path).map(|path| paths::read_addresses(&path)).unwrap_or_default()
}

impl Store {
    /// Opens the file at `path`; creates or migrates it if necessary.
    ///
    /// # Errors
    /// Each reason to refuse a file has its own [`Error`]; the file is then unchanged.
    // Not twice in one process while other processes have the file open; see `header::inspect`.
    pub fn open(path: &Path, role: Role, options: Options) -> Result<Self> {
        Self::open_announcing(path, role, options, |_| {})
    }

    /// As [`Store::open`]; `announce` is called with each topic that changed, after the
    /// commit and before any caller is answered. It must be quick: the writer waits for it.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub fn open_announcing(
        path: &Path,
        role: Role,
        options: Options,
        announce: impl Fn(&Topic) + Send + 'static,
    ) -> Result<Self> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let opened = open::open(path, role)?;
        let manager = SqliteConnectionManager::file(&opened.path)
            .with_flags(
                OpenFlags::SQLITE_OPEN_READ_WRITE
                    | OpenFlags::SQLITE_OPEN_NO_MUTEX
                    | OpenFlags::SQLITE_OPEN_NOFOLLOW,
            )
            .with_init(|connection| {
                connection.busy_timeout(BUSY_TIMEOUT)?;
                connection.set_prepared_statement_cache_capacity(CACHED_STATEMENTS);
                connection.pragma_update(None, "query_only", true)
            });
        let readers = options.readers.max(1);
        let turns = Arc::new(Semaphore::new(usize::try_from(readers).unwrap_or(1)));
        let pool = r2d2::Pool::builder()
            // The pool rarely opens a connection; one thread is enough, the default is three.
            .thread_pool(Arc::new(ScheduledThreadPool::new(1)))
            .max_size(readers.saturating_add(READING_THREADS))
            .min_idle(Some(1))
            .test_on_check_out(false)
            .idle_timeout(None)
            .max_lifetime(None)
            .connection_timeout(POOL_TIMEOUT)
            .build(manager)
            .map_err(|error| Error::Open(opened.path.clone(), error.to_string()))?;
        let announce = Box::new(announce);
        let writer = Writer::start(opened.connection, &opened.path, role, options, announce)?;
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let (path, lock) = (opened.path, opened.lock);
        Ok(Self(Arc::new(Inner { number, path, pool, turns, writer, lock })))
    }

    /// Notes for commands on this machine at which addresses the daemon listens, see
    /// [`listened_addresses`]. Does nothing for others than the daemon.
    ///
    /// # Errors
    /// When the lock's file cannot be written: commands then know the addresses of the settings only.
    pub fn note_addresses(&self, addresses: &[String]) -> std::io::Result<()> {
        self.0.lock.as_ref().map_or(Ok(()), |lock| paths::write_addresses(lock, addresses))
    }

    /// As [`Store::read`], but on the calling thread, with a connection that the thread keeps. For
    /// single index lookups: to move those to another thread costs more than the
    /// lookup. Everything longer belongs into [`Store::read`].
    ///
    /// # Errors
    /// The error of `work`; [`Error::Busy`] when more threads read in place than there are connections.
    pub fn read_in_place<T, E: From<Error>>(
        &self,
        work: impl FnOnce(&Read<'_>) -> std::result::Result<T, E>,
    ) -> std::result::Result<T, E> {
        thread_local! {
            static OWN: RefCell<Vec<(u64, PooledConnection<SqliteConnectionManager>)>> =
                const { RefCell::new(Vec::new()) };
        }
        OWN.with(|own| {
            // Taken out meanwhile, so that a nested call opens another connection instead of finding a lock.
            let mut kept = own.take();
            let number = self.0.number;
            let connection = match kept.iter().position(|(owner, _)| *owner == number) {
                Some(at) => kept.swap_remove(at).1,
                None => self.0.pool.get().map_err(|_| Error::Busy)?,
            };
            let result = snapshot(&connection, work);
            kept.push((number, connection));
            own.replace(kept);
            result
        })
    }

    /// Runs `work` with a read connection on a thread that may block; it sees a snapshot of the database at
    /// one moment. Needs a runtime with a timer.
    ///
    /// # Errors
    /// The error of `work`; [`Error::Busy`] when no connection was free in time.
    pub async fn read<T, E>(
        &self,
        work: impl FnOnce(&Read<'_>) -> std::result::Result<T, E> + Send + 'static,
    ) -> std::result::Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        let Ok(Ok(turn)) = timeout(POOL_TIMEOUT, self.0.turns.clone().acquire_owned()).await else {
            return Err(Error::Busy.into());
        };
        let pool = self.0.pool.clone();
        let reading = system::blocking(move || {
            // Held until the connection is returned, even if the caller is gone.
            let _turn = turn;
            let connection = pool.get().map_err(|_| Error::Busy.into());
            connection.and_then(|connection| snapshot(&connection, work))
        });
        reading.await.unwrap_or_else(|| Err(Error::Panicked.into()))
    }

    /// Runs `work` in a transaction of the writer, and answers once that is durable. If
    /// `work` fails, its changes are rolled back. A caller that is dropped does not stop it.
    ///
    /// # Errors
    /// The error of `work`; [`Error::Busy`] at once when the queue is full; [`Error::Full`],
    /// [`Error::Commit`], [`Error::Closed`].
    pub fn write<T, E>(
        &self,
        work: impl FnOnce(&mut Tx<'_>) -> std::result::Result<T, E> + Send + 'static,
    ) -> impl Future<Output = std::result::Result<T, E>>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        self.write_in(Lane::First, work)
    }

    /// As [`Store::write`], for a change in this lane.
    ///
    /// # Errors
    /// As [`Store::write`]; [`Error::Busy`] also when the lane alone is full.
    pub async fn write_in<T, E>(
        &self,
        lane: Lane,
        work: impl FnOnce(&mut Tx<'_>) -> std::result::Result<T, E> + Send + 'static,
    ) -> std::result::Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        let answer = self.0.writer.submit(lane, work)?;
        answer.await.unwrap_or_else(|_| Err(Error::Closed.into()))
    }

    /// Writes as [`Store::write`] does, but does not wait, and drops the result:
    /// for timestamps that may get lost.
    ///
    /// # Errors
    /// [`Error::Busy`] when the queue is full; [`Error::Closed`].
    pub fn write_behind(
        &self,
        work: impl FnOnce(&mut Tx<'_>) -> Result<()> + Send + 'static,
    ) -> Result<()> {
        self.0.writer.submit::<_, Error, _>(Lane::First, work).map(drop)
    }

    /// Checks that the store can be read and written.
    ///
    /// # Errors
    /// The first error met.
    pub async fn healthy(&self) -> Result<()> {
        self.read::<_, Error>(|db| {
            let mut statement = db.prepare_cached("SELECT 1")?;
            Ok(statement.query_row([], |_| Ok(()))?)
        })
        .await?;
        // A transaction without changes does not touch the disk, but shows that the writer runs.
        self.write(|_| Ok(())).await
    }

    /// Number of committed transactions. It grows before the announcement: a caller that reads
    /// it, queries, subscribes and finds it unchanged has missed nothing between query and
    /// subscription.
    pub fn commits(&self) -> u64 {
        self.0.writer.commits()
    }

    /// The writer's counters.
    pub fn stats(&self) -> Stats {
        self.0.writer.stats()
    }

    /// Path of the file, with links resolved.
    pub fn path(&self) -> &Path {
        &self.0.path
    }

    /// Completes the queued changes, refuses new ones, and checkpoints the log. A second call does nothing.
    pub fn close(&self) {
        self.0.writer.close();
    }
}

/// A snapshot of the file. Its holder can read, by the functions of the store.
pub struct Read<'a>(&'a Connection);

/// For the store's own functions; other modules name no type of rusqlite.
impl Deref for Read<'_> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        self.0
    }
}

impl fmt::Debug for Read<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Read")
    }
}

/// Runs `work` on one snapshot, however many statements it takes: a payment that
/// commits between two of them would be seen by halves.
fn snapshot<T, E: From<Error>>(
    connection: &Connection,
    work: impl FnOnce(&Read<'_>) -> std::result::Result<T, E>,
) -> std::result::Result<T, E> {
    /// Ends the snapshot, whether the work succeeded or not.
    struct End<'a>(&'a Connection);

    impl Drop for End<'_> {
        fn drop(&mut self) {
            // Nothing was written, so nothing can be lost.
            if let Err(error) = execute(self.0, "COMMIT") {
                let line = format_args!("a read transaction could not be ended: {error}");
                log_limit::error("read transactions that could not be ended", line);
            }
        }
    }

    execute(connection, "BEGIN DEFERRED").map_err(Error::from)?;
    let _end = End(connection);
    work(&Read(connection))
}

fn execute(connection: &Connection, statement: &str) -> rusqlite::Result<()> {
    connection.prepare_cached(statement)?.raw_execute().map(drop)
}

#[cfg(test)]
mod tests;
