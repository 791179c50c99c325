//! The wall clock, and whether it is plausible.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use taler::time::Timestamp;

/// What tilld tells the time by: contracts, tokens and people need the wall clock.
#[derive(Clone)]
pub struct Clock {
    now: Arc<dyn Fn() -> Duration + Send + Sync>,
    /// For a clock in leaps: a moment, and what the clock said then.
    start: Option<(Instant, Duration)>,
}

impl Clock {
    /// The machine's own clock.
    pub fn system() -> Self {
        Self::from_fn(|| {
            #[expect(clippy::disallowed_methods, reason = "this is the one clock")]
            let since_1970 = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
            since_1970.unwrap_or_default()
        })
    }

    /// A clock that says whatever `now` says: the time since 1970. When that changes by more than the
    /// time that has passed, the clock has jumped.
    pub fn from_fn(now: impl Fn() -> Duration + Send + Sync + 'static) -> Self {
        Self { now: Arc::new(now), start: None }
    }

    /// A clock that says whatever `now` says, and by which time passes: it leaps, and never jumps. For
    /// tests in which days pass.
    pub fn in_leaps(now: impl Fn() -> Duration + Send + Sync + 'static) -> Self {
        let start = (Instant::now(), now());
        Self { now: Arc::new(now), start: Some(start) }
    }

    /// What time it is, in whole seconds.
    pub fn now(&self) -> Timestamp {
        Timestamp::from_secs((self.now)().as_secs()).unwrap_or(Timestamp::NEVER)
    }

    /// How long it is until `time`; nothing if that is over, and `None` if it never comes.
    pub fn until(&self, time: Timestamp) -> Option<Duration> {
        Some(Duration::from_secs(time.secs()?).saturating_sub((self.now)()))
    }

    /// This moment, by which it is measured how much time passes.
    pub fn instant(&self) -> Instant {
        match self.start {
            None => Instant::now(),
            Some((at, then)) => at.checked_add((self.now)().saturating_sub(then)).unwrap_or(at),
        }
    }
}

/// The variable that names the machine's time zone, for this process.
const TZ: &str = "TZ";
/// The machine's time zone.
const LOCALTIME: &str = "/etc/localtime";

/// The machine's time zone; UTC where none is set.
pub fn time_zone() -> jiff::tz::TimeZone {
    jiff::tz::TimeZone::system()
}

/// What is wrong with the time zone that is set, as a sentence with what to do; `None` if it is one, or
/// if none is set, which is UTC.
pub fn zone_problem() -> Option<String> {
    let named = std::env::var(TZ).ok().filter(|name| !name.is_empty());
    let is_utc = |name: &str| ["UTC", "Etc/UTC", "GMT"].contains(&name.trim_start_matches(':'));
    if named.as_deref().is_some_and(is_utc) || jiff::tz::TimeZone::try_system().is_ok() {
        return None;
    }
    let what = match named {
        Some(name) => format!("the time zone {TZ}={name} is not known here"),
        None => {
            std::fs::symlink_metadata(LOCALTIME).ok()?;
            // A link to UTC is as good where there is nothing at its end.
            let target = std::fs::read_link(LOCALTIME).unwrap_or_default();
            if target.file_name().and_then(|name| name.to_str()).is_some_and(is_utc) {
                return None;
            }
            format!("the time zone in {LOCALTIME} cannot be read")
        }
    };
    Some(format!(
        "{what}, so times are shown in UTC; name one like Europe/Berlin, and see that the package tzdata is \
         installed"
    ))
}

/// The first second of 2024: it was later when this was written.
pub const EARLIEST_PLAUSIBLE_S: u64 = 1_704_067_200;
/// Tolerated difference between clocks, in seconds.
pub const CLOCK_TOLERANCE_S: u64 = 60;

/// Why a clock cannot be right.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ClockProblem {
    /// Its time is before this program was written: it was not set since the machine started.
    NeverSet,
    /// Something has happened that many seconds later than it says; or it was wrong then.
    Behind(u64),
}

/// What speaks against a clock that says `now`, when the latest thing known happened at `newest`.
pub fn clock_problem(now: Timestamp, newest: Option<Timestamp>) -> Option<ClockProblem> {
    let now_s = now.secs().unwrap_or(u64::MAX);
    if now_s < EARLIEST_PLAUSIBLE_S {
        return Some(ClockProblem::NeverSet);
    }
    let behind = newest.and_then(Timestamp::secs)?.saturating_sub(now_s);
    (behind > CLOCK_TOLERANCE_S).then_some(ClockProblem::Behind(behind))
}

/// By how many seconds a clock may differ from what a [`ClockMonitor`] expects, and has not jumped. The
/// daemon keeps what time it is every half an hour, so after a quick restart an honest clock is half an
/// hour ahead of that; the rest is for clocks that are set.
pub const JUMP_S: u64 = 2 * 3600;
/// For how many seconds a clock that has jumped must go right before it is believed: as long as it has
/// jumped, and no longer than this, so that a till that is switched off at night believes its clock
/// every day.
pub const LONGEST_PROOF_S: u64 = 4 * 3600;

/// Whether a clock may be believed where believing a wrong one could not be undone.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ClockState {
    /// It may.
    Sure,
    /// It says a time before this program was written.
    NeverSet,
    /// It differs from what was expected, and has not gone right for long enough since.
    Jumped {
        /// By how many seconds.
        by_s: u64,
        /// For how many seconds in all it must go right before it is believed.
        proof_s: u64,
    },
}

/// Compares a clock with time that only passes. What it saw last is no floor: a clock that has jumped,
/// in either direction, is believed once it has gone right for a while.
#[derive(Debug)]
pub struct ClockMonitor {
    /// What the clock said when it was believed last, and when that was.
    seen: (Timestamp, Instant),
    /// By how many seconds it has jumped since, and when that was noticed.
    jumped: Option<(i128, Instant)>,
    /// What waits for the clock was told of since.
    is_told: bool,
}

impl ClockMonitor {
    /// A witness to whom it was `seen`, `at` this moment.
    pub const fn new(seen: Timestamp, at: Instant) -> Self {
        Self { seen: (seen, at), jumped: None, is_told: false }
    }

    /// Whether something waits for the clock for the first time since it was believed last; for the log.
    pub const fn is_first_to_wait(&mut self) -> bool {
        !std::mem::replace(&mut self.is_told, true)
    }

    /// Whether a clock is believed that says `now`, `at` this moment; and if it has jumped, whether that is news.
    pub fn judge(&mut self, now: Timestamp, at: Instant) -> (ClockState, bool) {
        let now_s = now.secs().unwrap_or(u64::MAX);
        if now_s < EARLIEST_PLAUSIBLE_S {
            return (ClockState::NeverSet, false);
        }
        let (seen, seen_at) = self.seen;
        let passed_s = at.saturating_duration_since(seen_at).as_secs();
        let expected = i128::from(seen.secs().unwrap_or(u64::MAX)) + i128::from(passed_s);
        let jump = i128::from(now_s) - expected;
        let is_small = |jump: i128| jump.unsigned_abs() <= u128::from(JUMP_S);
        let known = self.jumped.filter(|(before, _)| is_small(jump - before));
        let (_, since) = known.unwrap_or((jump, at));
        let by_s = u64::try_from(jump.unsigned_abs()).unwrap_or(u64::MAX);
        let proof_s = by_s.min(LONGEST_PROOF_S);
        let is_proven = at.saturating_duration_since(since).as_secs() >= proof_s;
        if is_small(jump) || is_proven {
            *self = Self::new(now, at);
            return (ClockState::Sure, false);
        }
        self.jumped = Some(known.unwrap_or((jump, at)));
        (ClockState::Jumped { by_s, proof_s }, known.is_none())
    }
}

/// A time for people.
pub fn show(time: Timestamp) -> String {
    let secs = time.secs().and_then(|secs| i64::try_from(secs).ok());
    match secs.and_then(|secs| jiff::Timestamp::from_second(secs).ok()) {
        Some(time) => time.to_string(),
        None => "never".into(),
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY_S: u64 = 86_400;
    const NOW_S: u64 = EARLIEST_PLAUSIBLE_S + 1_000 * DAY_S;

    /// A clock, and time that passes.
    struct Watch {
        witness: ClockMonitor,
        said_s: u64,
        at: Instant,
    }

    impl Watch {
        fn new() -> Self {
            let (said_s, at) = (NOW_S, Instant::now());
            let seen = Timestamp::from_secs(said_s).unwrap();
            Self { witness: ClockMonitor::new(seen, at), said_s, at }
        }

        fn pass(&mut self, secs: u64) {
            self.said_s += secs;
            self.at += Duration::from_secs(secs);
        }

        fn is_sure(&mut self) -> bool {
            let now = Timestamp::from_secs(self.said_s).unwrap();
            self.witness.judge(now, self.at).0 == ClockState::Sure
        }
    }

    #[test]
    fn a_steady_clock_is_believed_after_any_time() {
        let mut watch = Watch::new();
        for secs in [0, 1, 3_600, 400 * DAY_S] {
            watch.pass(secs);
            assert!(watch.is_sure());
        }
        // It may be set a little.
        watch.said_s += JUMP_S;
        assert!(watch.is_sure());
        watch.said_s -= JUMP_S;
        assert!(watch.is_sure());
    }

    #[test]
    fn a_clock_that_jumps_is_not_believed_and_is_at_once_when_it_is_right_again() {
        for ahead in [JUMP_S + 1, 200 * DAY_S] {
            let mut watch = Watch::new();
            watch.said_s += ahead;
            assert!(!watch.is_sure());
            watch.pass(60);
            assert!(!watch.is_sure());
            watch.said_s -= ahead;
            assert!(watch.is_sure());
        }
        let mut watch = Watch::new();
        watch.said_s -= 200 * DAY_S;
        assert!(!watch.is_sure());
    }

    #[test]
    fn a_jump_that_stays_is_believed_after_a_while_so_no_wrong_date_sticks() {
        let mut watch = Watch::new();
        watch.said_s += 200 * DAY_S;
        assert!(!watch.is_sure());
        watch.pass(LONGEST_PROOF_S - 1);
        assert!(!watch.is_sure());
        watch.pass(1);
        assert!(watch.is_sure());
        // It was wrong after all: back to the truth is a jump like any other.
        watch.said_s -= 200 * DAY_S;
        assert!(!watch.is_sure());
        watch.pass(LONGEST_PROOF_S);
        assert!(watch.is_sure());
    }

    #[test]
    fn a_clock_that_keeps_jumping_proves_nothing() {
        let mut watch = Watch::new();
        for _ in 0..10 {
            watch.said_s += 10 * DAY_S;
            assert!(!watch.is_sure());
            watch.pass(LONGEST_PROOF_S - 1);
            assert!(!watch.is_sure());
        }
    }

    #[test]
    fn a_clock_that_was_never_set_proves_nothing_either() {
        let mut witness = ClockMonitor::new(Timestamp::from_secs(NOW_S).unwrap(), Instant::now());
        let mut at = Instant::now();
        for _ in 0..3 {
            assert_eq!(
                witness.judge(Timestamp::from_secs(60).unwrap(), at).0,
                ClockState::NeverSet
            );
            at += Duration::from_secs(DAY_S);
        }
    }

    #[test]
    fn a_jump_is_news_once() {
        let (seen, at) = (Timestamp::from_secs(NOW_S).unwrap(), Instant::now());
        let mut witness = ClockMonitor::new(seen, at);
        let later = Timestamp::from_secs(NOW_S + DAY_S).unwrap();
        let jumped = ClockState::Jumped { by_s: DAY_S, proof_s: LONGEST_PROOF_S };
        assert_eq!(witness.judge(later, at), (jumped, true));
        assert_eq!(witness.judge(later, at), (jumped, false));
    }
}
