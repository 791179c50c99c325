//! What only the machine can give: the time of day, and randomness.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::domain::time::Timestamp;

/// What tilld tells the time by: contracts, tokens and people need the wall clock.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> Duration + Send + Sync>);

impl Clock {
    /// The machine's own clock.
    pub fn system() -> Self {
        Self::from_fn(|| {
            #[expect(clippy::disallowed_methods, reason = "this is the one clock")]
            let since_1970 = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
            since_1970.unwrap_or_default()
        })
    }

    /// A clock that says whatever `now` says: the time since 1970.
    pub fn from_fn(now: impl Fn() -> Duration + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    /// What time it is, in whole seconds.
    pub fn now(&self) -> Timestamp {
        Timestamp::from_secs((self.0)().as_secs()).unwrap_or(Timestamp::NEVER)
    }

    /// How long it is until `time`; nothing if that is over, and `None` if it never comes.
    pub fn until(&self, time: Timestamp) -> Option<Duration> {
        Some(Duration::from_secs(time.secs()?).saturating_sub((self.0)()))
    }
}

/// The variable that names the machine's time zone, for this process.
const TZ: &str = "TZ";
/// The machine's time zone, for everybody.
const LOCALTIME: &str = "/etc/localtime";

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
pub const BUILT_S: u64 = 1_704_067_200;
/// By how many seconds clocks may differ and nobody minds.
pub const MINUTE_S: u64 = 60;

/// Why a clock cannot be right.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Doubt {
    /// It says a time before this program was written: nobody has set it since the power came.
    NeverSet,
    /// Something has happened that many seconds later than it says; or it was wrong then.
    Behind(u64),
}

/// What speaks against a clock that says `now`, when the latest thing known happened at `newest`.
pub fn doubt(now: Timestamp, newest: Option<Timestamp>) -> Option<Doubt> {
    let now_s = now.secs().unwrap_or(u64::MAX);
    if now_s < BUILT_S {
        return Some(Doubt::NeverSet);
    }
    let behind = newest.and_then(Timestamp::secs)?.saturating_sub(now_s);
    (behind > MINUTE_S).then_some(Doubt::Behind(behind))
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

/// The machine has no randomness to give.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct NoRandomness;

impl fmt::Display for NoRandomness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the system gives no random numbers")
    }
}

impl std::error::Error for NoRandomness {}

/// `N` bytes of the system's randomness.
///
/// # Errors
/// [`NoRandomness`], as on a machine that has just been started for the first time.
pub fn random<const N: usize>() -> Result<[u8; N], NoRandomness> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|_| NoRandomness)?;
    Ok(bytes)
}
