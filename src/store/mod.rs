//! The one SQLite file: opened with care, read through a pool, written by one thread.
//!
//! Reading and writing are handed closures. What a closure writes is durable before its caller
//! hears of it, and it happens whole or not at all. Statements stand in `sql/`, one a file; each
//! aggregate has a module of functions over them. The store knows nothing of HTTP, and waits for
//! nothing but the disk.

pub mod accounts;
pub mod addresses;
mod backup;
mod check;
mod checkpoint;
pub mod clock;
pub mod coin_refunds;
mod columns;
pub mod deposits;
pub mod exchanges;
mod header;
mod inspect;
pub mod instances;
pub mod kyc;
pub mod logos;
mod migrations;
mod open;
pub mod orders;
pub mod partial_payments;
mod paths;
pub mod payments;
pub mod refunds;
pub mod reports;
pub mod sessions;
pub mod setup;
mod space;
pub mod spool;
pub mod storage_info;
pub mod templates;
pub mod tokens;
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

/// The text of one statement, by the places of its files below `sql/`.
macro_rules! sql {
    ($name:literal $(+ $more:literal)*) => {
        system::statement!("/sql/", $name $(+ $more)*)
    };
}
use sql;

/// How long to wait while another process writes to the file.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a reader waits for its turn, and then for a connection.
const POOL_TIMEOUT: Duration = Duration::from_secs(2);
/// Statements that each connection keeps prepared; more than there are.
const CACHED_STATEMENTS: usize = 128;
/// Threads that may read in place, each with a connection of its own; see [`Store::read_in_place`].
const READING_THREADS: u32 = 32;

/// What can go wrong with the file.
#[derive(Debug)]
pub enum Error {
    /// A daemon has this file open already.
    AlreadyRunning(PathBuf),
    /// The file is there, but is no database of tilld.
    Foreign(PathBuf),
    /// The file was written by a newer tilld; its version and ours.
    Newer(PathBuf, u32, u32),
    /// The file was made by a development version, before the first release.
    Unreleased(PathBuf),
    /// The file is of an older version, and an older daemon runs on it.
    OlderDaemon(PathBuf),
    /// The file cannot be written.
    ReadOnly(PathBuf),
    /// The file is damaged.
    Corrupt(PathBuf, String),
    /// The file, or one beside it, cannot be opened, made or renamed.
    Open(PathBuf, String),
    /// There is no file, and whoever asked makes none.
    Missing(PathBuf),
    /// A file is in the way of a new one.
    Exists(PathBuf),
    /// Too much is going on; later it will go.
    Busy,
    /// The store is closing.
    Closed,
    /// The disk is full.
    Full,
    /// What was written could not be made durable, and was undone.
    Commit(String),
    /// SQLite could not do it.
    Sqlite(rusqlite::Error),
    /// A bug: the work on the store panicked, and was undone.
    Panicked,
}

/// What a function of the store answers.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// Is the file itself to blame, so that nothing will go until somebody sees to it?
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
            // Damage that showed only when the place was read, or rights lost meanwhile.
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

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AlreadyRunning(path) => {
                write!(f, "a tilld daemon is already running on {}", path.display())
            }
            Self::Foreign(path) => {
                write!(f, "{} is not a database of tilld; it was left as it is", path.display())
            }
            Self::Newer(path, found, ours) => write!(
                f,
                "{} was written by a newer tilld (version {found}, this one knows {ours}); \
                 it was left as it is",
                path.display()
            ),
            Self::Unreleased(path) => write!(
                f,
                "{} was made by a development version of tilld, from before 0.1.0, and cannot be \
                 used by this one; it was left as it is",
                path.display()
            ),
            Self::OlderDaemon(path) => write!(
                f,
                "an older tilld daemon is running on {}; restart it first",
                path.display()
            ),
            Self::ReadOnly(path) => write!(f, "{} cannot be written", path.display()),
            Self::Corrupt(path, what) => write!(
                f,
                "{} is damaged ({what}); it was left as it is; restore a backup with: \
                 tilld restore FILE",
                path.display()
            ),
            Self::Open(path, what) => write!(f, "cannot open {}: {what}", path.display()),
            Self::Missing(path) => write!(f, "there is no database at {}", path.display()),
            Self::Exists(path) => write!(f, "{} exists already", path.display()),
            Self::Busy => f.write_str("the database is busy"),
            Self::Closed => f.write_str("the database is being closed"),
            Self::Full => f.write_str("the disk is full"),
            Self::Commit(what) => write!(f, "a change could not be made durable: {what}"),
            Self::Sqlite(error) => write!(f, "database: {error}"),
            Self::Panicked => f.write_str("a bug interrupted work on the database"),
        }
    }
}

impl std::error::Error for Error {}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::Full,
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy,
            _ => Self::Sqlite(error),
        }
    }
}

/// Who opens the file.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Role {
    /// The daemon, of which there is one a file.
    Daemon,
    /// A command beside it. It makes no file.
    Guest,
    /// A command beside it that makes the file if there is none.
    Creator,
}

/// How the file is used.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Connections for reading.
    pub readers: u32,
    /// Changes that may wait for the writer.
    pub write_queue: usize,
    /// Is every change on the disk before it is confirmed? Only benchmarks say no.
    pub durability: Durability,
}

/// What a confirmation is worth.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Durability {
    /// It survives a power cut.
    Full,
    /// It does not. For measuring what durability costs, and for nothing else.
    None,
}

impl Default for Options {
    fn default() -> Self {
        Self { readers: 4, write_queue: 1024, durability: Durability::Full }
    }
}

/// The open file. Cheap to clone; all clones are one store.
#[derive(Clone)]
pub struct Store(Arc<Inner>);

struct Inner {
    /// Tells stores of one process apart.
    number: u64,
    path: PathBuf,
    pool: r2d2::Pool<SqliteConnectionManager>,
    /// As many turns as connections: readers wait here, where that costs no thread.
    turns: Arc<Semaphore>,
    writer: Writer,
    /// Held for as long as a daemon lives.
    _lock: Option<File>,
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Store({})", self.0.path.display())
    }
}

impl Store {
    /// Opens the file at `path`, making it or bringing it up to date as needed.
    ///
    /// # Errors
    /// Every way in which a file can be unfit has its own [`Error`]; the file is then as it was.
    // Not twice in one process while other processes have the file open; see `header::inspect`.
    pub fn open(path: &Path, role: Role, options: Options) -> Result<Self> {
        Self::open_announcing(path, role, options, |_| {})
    }

    /// As [`Store::open`]; `announce` is called with each topic of which there is news, after the
    /// commit and before anybody is answered. It must be quick: the writer waits for it.
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
            // It makes a connection now and then; three threads, as by default, would only sleep.
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
        let (path, _lock) = (opened.path, opened.lock);
        Ok(Self(Arc::new(Inner { number, path, pool, turns, writer, _lock })))
    }

    /// As [`Store::read`], but in place, with a connection that the calling thread keeps. For what
    /// one look into an index answers: to hand that to another thread would cost more than the
    /// reading itself. Everything longer belongs into [`Store::read`].
    ///
    /// # Errors
    /// What `work` says; [`Error::Busy`] when more threads glance than there are connections for.
    pub fn read_in_place<T, E: From<Error>>(
        &self,
        work: impl FnOnce(&Read<'_>) -> std::result::Result<T, E>,
    ) -> std::result::Result<T, E> {
        thread_local! {
            static OWN: RefCell<Vec<(u64, PooledConnection<SqliteConnectionManager>)>> =
                const { RefCell::new(Vec::new()) };
        }
        OWN.with(|own| {
            // Taken out meanwhile, so that a glance within a glance finds no lock but opens another.
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

    /// Reads: hands a connection to `work`, on a thread that may block; it sees the file as it is at
    /// one moment. Needs a runtime with a timer.
    ///
    /// # Errors
    /// What `work` says; [`Error::Busy`] when its turn did not come in time.
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
            // Kept until the connection is back, even if nobody waits for the answer any more.
            let _turn = turn;
            let connection = pool.get().map_err(|_| Error::Busy.into());
            connection.and_then(|connection| snapshot(&connection, work))
        });
        reading.await.unwrap_or_else(|| Err(Error::Panicked.into()))
    }

    /// Writes: has the one writer do `work` in a transaction, and answers once that is durable. If
    /// `work` fails, nothing of it remains. A caller that goes away does not stop it.
    ///
    /// # Errors
    /// What `work` says; [`Error::Busy`] at once when too many wait already; [`Error::Full`],
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

    /// The same for a change that waits in this lane.
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

    /// Writes as [`Store::write`] does, but nobody waits for it, and nobody learns what came of it:
    /// for marks that may get lost.
    ///
    /// # Errors
    /// [`Error::Busy`] when too many changes wait already; [`Error::Closed`].
    pub fn write_behind(
        &self,
        work: impl FnOnce(&mut Tx<'_>) -> Result<()> + Send + 'static,
    ) -> Result<()> {
        self.0.writer.submit::<_, Error, _>(Lane::First, work).map(drop)
    }

    /// Can the store be read and written?
    ///
    /// # Errors
    /// What stands in the way.
    pub async fn healthy(&self) -> Result<()> {
        self.read::<_, Error>(|db| {
            let mut statement = db.prepare_cached("SELECT 1")?;
            Ok(statement.query_row([], |_| Ok(()))?)
        })
        .await?;
        // A transaction that changes nothing touches no disk, but shows that the writer lives.
        self.write(|_| Ok(())).await
    }

    /// How many transactions were committed. It grows before anything is announced: whoever reads
    /// it, looks, begins to listen and finds it unchanged has missed nothing between look and
    /// listening.
    pub fn commits(&self) -> u64 {
        self.0.writer.commits()
    }

    /// How the writer is doing.
    pub fn stats(&self) -> Stats {
        self.0.writer.stats()
    }

    /// Where the file is, with links resolved.
    pub fn path(&self) -> &Path {
        &self.0.path
    }

    /// Finishes what waits, accepts nothing more, and tidies the file up. Done again, does nothing.
    pub fn close(&self) {
        self.0.writer.close();
    }
}

/// The file as it is at one moment. Whoever holds one may read, by the functions of the store.
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

/// Has `work` see the file as it is at one moment, however many statements it takes: a payment that
/// lands between two of them would be seen by halves.
fn snapshot<T, E: From<Error>>(
    connection: &Connection,
    work: impl FnOnce(&Read<'_>) -> std::result::Result<T, E>,
) -> std::result::Result<T, E> {
    /// Ends the snapshot, whatever becomes of the work.
    struct End<'a>(&'a Connection);

    impl Drop for End<'_> {
        fn drop(&mut self) {
            // Nothing was written, so there is nothing to be lost.
            if let Err(error) = execute(self.0, "COMMIT") {
                let line = format_args!("a reader cannot let go of the database: {error}");
                log_limit::error("readers that could not let go of the database", line);
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
