//! Checkpoints the write-ahead log on a thread of its own, without blocking the writer.
//!
//! If the writer did it, now and then a commit would wait for all of it. So a thread of its own
//! does, with a connection of its own: soon when much was written, after a while when little was,
//! and never while nothing is, so that an idle machine sleeps and its card is not worn. Under steady
//! load the log would still grow forever, because there is always something new at its end; then
//! the writer is asked to do the short rest itself, between two commits, and the log starts again
//! from its beginning.

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rusqlite::Connection;

use super::open::connect;
use super::{Durability, Error, Result};
use system::log_limit;

/// How long a few changes may stay in the log before they are moved.
const LAZY: Duration = Duration::from_secs(30);
/// How long to gather when much is written.
const EAGER: Duration = Duration::from_millis(200);
/// From how many changes on it is much.
const MANY: u64 = 256;
/// Pages in the log from which on the writer is asked to finish; of 4 kB each.
const WRAP_PAGES: i64 = 2_048;

#[derive(Default)]
struct State {
    written: u64,
    stopping: bool,
}

/// The checkpointer's handle, shared with the writer.
pub(super) struct Checkpointer {
    state: Mutex<State>,
    changed: Condvar,
    wrap: AtomicBool,
    pages: AtomicU64,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Checkpointer {
    pub(super) fn start(path: &Path, durability: Durability) -> Result<Arc<Self>> {
        let connection = connect(path)?;
        if durability == Durability::None {
            connection.pragma_update(None, "synchronous", "OFF")?;
        }
        let this = Arc::new(Self {
            state: Mutex::default(),
            changed: Condvar::new(),
            wrap: AtomicBool::new(false),
            pages: AtomicU64::new(0),
            thread: Mutex::new(None),
        });
        let own = this.clone();
        let thread = thread::Builder::new()
            .name("checkpoint".into())
            .spawn(move || own.work(&connection))
            .map_err(|error| Error::Open(path.to_owned(), error.to_string()))?;
        *this.thread.lock().unwrap_or_else(PoisonError::into_inner) = Some(thread);
        Ok(this)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The writer says: so many more changes are in the log.
    pub(super) fn written(&self, count: u64) {
        let mut state = self.state();
        let before = state.written;
        state.written = before.saturating_add(count);
        // Woken when there is something at all, and when it becomes much; not for each change.
        if before == 0 || (before < MANY && state.written >= MANY) {
            self.changed.notify_one();
        }
    }

    /// Whether the writer does the rest.
    pub(super) fn asks_for_wrap(&self) -> bool {
        self.wrap.load(Ordering::Relaxed)
    }

    /// The writer says: of so many pages in the log, so many are in the file.
    pub(super) fn wrapped(&self, log: i64, moved: i64) {
        if moved >= log {
            self.pages.store(0, Ordering::Relaxed);
        }
        // If a reader was in the way, the next round asks again.
        self.wrap.store(false, Ordering::Relaxed);
    }

    /// Pages in the log when it was last looked at.
    pub(super) fn pages(&self) -> u64 {
        self.pages.load(Ordering::Relaxed)
    }

    /// Ends the thread.
    pub(super) fn stop(&self) {
        self.state().stopping = true;
        self.changed.notify_one();
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            let _ = thread.join();
        }
    }

    fn work(&self, connection: &Connection) {
        loop {
            let state = self
                .changed
                .wait_while(self.state(), |state| state.written == 0 && !state.stopping)
                .unwrap_or_else(PoisonError::into_inner);
            let (state, _) = self
                .changed
                .wait_timeout_while(state, LAZY, |s| s.written < MANY && !s.stopping)
                .unwrap_or_else(PoisonError::into_inner);
            // Much is written: still let some gather, or the log would be moved all the time.
            let (mut state, _) = self
                .changed
                .wait_timeout_while(state, EAGER, |s| s.written >= MANY && !s.stopping)
                .unwrap_or_else(PoisonError::into_inner);
            if state.stopping {
                return;
            }
            state.written = 0;
            drop(state);
            match move_log(connection) {
                Ok(log) => {
                    self.pages.store(u64::try_from(log).unwrap_or(0), Ordering::Relaxed);
                    if log > WRAP_PAGES {
                        // What came meanwhile is moved once more, so that little is left to do for
                        // the writer, for which all changes wait.
                        let _ = move_log(connection);
                        self.wrap.store(true, Ordering::Relaxed);
                    }
                }
                Err(error) => warn_unmoved(&error),
            }
        }
    }
}

/// Logs a failed checkpoint.
pub(super) fn warn_unmoved(error: &rusqlite::Error) {
    let line = format_args!("checkpoint failed: {error}");
    log_limit::warn("failed checkpoints", line);
}

/// Moves what can be moved without waiting; how many pages the log has.
fn move_log(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| row.get(1))
}
