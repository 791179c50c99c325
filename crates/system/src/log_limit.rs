//! Log lines that clients can cause: the first of a kind is written at once, those that follow are
//! counted, and the count is written once a minute.
//!
//! A client that can cause a WARN or ERROR line by a request can fill a disk and hide other lines. So every
//! such line goes through here, with a text that names its kind. What happens once in a change of
//! state (an exchange fails, an exchange answers again) needs no limit and is logged as usual.

use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use log::Level;

/// How long lines of one kind are counted before the count is written.
pub const WINDOW: Duration = Duration::from_secs(60);

/// One kind of line that was written lately.
#[derive(Debug)]
struct Kind {
    level: Level,
    what: &'static str,
    /// When the last line about it was written.
    since: Instant,
    /// How many lines were not written since then.
    more: u64,
}

/// A count that is due to be written.
#[derive(Debug, Eq, PartialEq)]
struct Due {
    level: Level,
    what: &'static str,
    more: u64,
}

/// Which lines were written lately. Kinds are texts of the program, so there are few.
#[derive(Debug, Default)]
struct Limit(Mutex<Vec<Kind>>);

static LIMIT: Limit = Limit(Mutex::new(Vec::new()));

impl Limit {
    /// Notes that a line of this kind came up. `Some`: it is to be written, after the count of
    /// those before it, if there is one.
    fn note(&self, now: Instant, level: Level, what: &'static str) -> Option<Option<Due>> {
        let mut kinds = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = kinds.iter_mut().find(|kind| kind.level == level && kind.what == what);
        let Some(kind) = known else {
            kinds.push(Kind { level, what, since: now, more: 0 });
            return Some(None);
        };
        if now.saturating_duration_since(kind.since) < WINDOW {
            kind.more = kind.more.saturating_add(1);
            return None;
        }
        let more = std::mem::take(&mut kind.more);
        kind.since = now;
        Some((more > 0).then_some(Due { level, what, more }))
    }

    /// The counts that are due; with `all`, also those whose minute is not over.
    fn due(&self, now: Instant, all: bool) -> Vec<Due> {
        let mut kinds = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut due = Vec::new();
        kinds.retain_mut(|kind| {
            if !all && now.saturating_duration_since(kind.since) < WINDOW {
                return true;
            }
            let more = std::mem::take(&mut kind.more);
            kind.since = now;
            if more > 0 {
                due.push(Due { level: kind.level, what: kind.what, more });
            }
            more > 0
        });
        due
    }
}

impl Due {
    fn write(&self) {
        let Self { level, what, more } = self;
        log::log!(target: "tilld", *level, "{more} more in the last minute: {what}");
    }
}

/// Writes `line` unless one of its kind was written in the last minute; then it is counted. `what`
/// names the kind, in words that the count can be of: "wrong passwords".
pub fn log(level: Level, what: &'static str, line: fmt::Arguments<'_>) {
    if !log::log_enabled!(target: "tilld", level) {
        return;
    }
    if let Some(count) = LIMIT.note(Instant::now(), level, what) {
        if let Some(count) = count {
            count.write();
        }
        log::log!(target: "tilld", level, "{line}");
    }
}

/// As [`log()`], at the level WARN.
pub fn warn(what: &'static str, line: fmt::Arguments<'_>) {
    log(Level::Warn, what, line);
}

/// As [`log()`], at the level ERROR.
pub fn error(what: &'static str, line: fmt::Arguments<'_>) {
    log(Level::Error, what, line);
}

/// Writes the counts whose minute is over. Called each minute by the daemon.
pub fn write_counts() {
    LIMIT.due(Instant::now(), false).iter().for_each(Due::write);
}

/// Writes all counts, before the daemon ends.
pub fn write_all_counts() {
    LIMIT.due(Instant::now(), true).iter().for_each(Due::write);
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn the_first_line_is_written_and_a_flood_becomes_one_count_a_minute() {
        let limit = Limit::default();
        let start = Instant::now();
        let count = |more| Due { level: Level::Warn, what: "x", more };
        assert_eq!(limit.note(start, Level::Warn, "x"), Some(None));
        for _ in 0..50_000 {
            assert_eq!(limit.note(start + SECOND, Level::Warn, "x"), None);
        }
        assert_eq!(limit.due(start + SECOND, false), []);
        assert_eq!(limit.due(start + WINDOW, false), [count(50_000)]);
        // The count was this minute's line.
        assert_eq!(limit.note(start + WINDOW + SECOND, Level::Warn, "x"), None);
        let later = start + WINDOW + WINDOW;
        assert_eq!(limit.note(later, Level::Warn, "x"), Some(Some(count(1))));
        // A minute in which nothing happened is forgotten, and says nothing.
        assert_eq!(limit.due(later + WINDOW, false), []);
        assert_eq!(limit.note(later + WINDOW, Level::Warn, "x"), Some(None));
    }

    #[test]
    fn kinds_are_counted_apart_and_none_is_lost_at_the_end() {
        let limit = Limit::default();
        let start = Instant::now();
        for what in ["x", "y"] {
            for level in [Level::Warn, Level::Error] {
                assert_eq!(limit.note(start, level, what), Some(None));
                assert_eq!(limit.note(start, level, what), None);
            }
        }
        assert_eq!(limit.due(start, true).len(), 4);
        assert_eq!(limit.due(start, true), []);
    }
}
