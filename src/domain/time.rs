//! Points in time and spans of time, with "never" and "forever" (merchant-api 1.4, crypto 2.2).
//!
//! Contracts know whole seconds; spans are counted in microseconds. Both fit the protocol's 64-bit
//! binary form, where all bits set stand for the end of time.

use std::fmt;
use std::time::Duration;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Microseconds in a second.
const MICROS: u64 = 1_000_000;
/// Greatest integer that every JSON reader keeps exact: 2^53 − 1.
const MAX_EXACT: u64 = (1 << 53) - 1;
/// Latest point in time, in seconds: what still fits the binary form, which counts microseconds.
const MAX_SECS: u64 = u64::MAX / MICROS - 1;

/// The text or number is no time.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct BadTime;

impl fmt::Display for BadTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a time")
    }
}

impl std::error::Error for BadTime {}

/// A number, or the word for "no end", as both stand in JSON.
#[derive(Deserialize, Serialize)]
#[serde(untagged)]
enum Wire {
    Number(u64),
    Word(String),
}

/// A whole second since 1970, or never.
///
/// ```
/// use tilld::domain::time::Timestamp;
/// let noon: Timestamp = serde_json::from_str(r#"{"t_s":43200}"#).unwrap();
/// assert!(noon < Timestamp::NEVER);
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Timestamp(u64);

impl Timestamp {
    /// The end of time, later than every other.
    pub const NEVER: Self = Self(u64::MAX);
    /// The first of January 1970.
    pub const EPOCH: Self = Self(0);

    /// So many seconds after 1970.
    ///
    /// # Errors
    /// [`BadTime`] for what the binary form cannot hold, half a million years from now.
    pub fn from_secs(seconds: u64) -> Result<Self, BadTime> {
        if seconds <= MAX_SECS { Ok(Self(seconds)) } else { Err(BadTime) }
    }

    /// Seconds after 1970; `None` for never.
    pub fn secs(self) -> Option<u64> {
        (!self.is_never()).then_some(self.0)
    }

    /// Is this the end of time?
    pub fn is_never(self) -> bool {
        self == Self::NEVER
    }

    /// Microseconds after 1970 as in signed messages; all bits set for never.
    pub fn to_micros(self) -> u64 {
        self.0.saturating_mul(MICROS)
    }

    /// The point in time `span` later, in whole seconds, a begun one counted; never for ever after,
    /// and for what is too far away to be named.
    pub fn saturating_add(self, span: RelativeTime) -> Self {
        let (Some(start), Some(micros)) = (self.secs(), span.micros()) else { return Self::NEVER };
        Self::from_secs(start.saturating_add(micros.div_ceil(MICROS))).unwrap_or(Self::NEVER)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Object {
            t_s: Wire,
        }
        let t_s = self.secs().map_or_else(|| Wire::Word("never".into()), Wire::Number);
        Object { t_s }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Object {
            t_s: Wire,
        }
        match Object::deserialize(deserializer)?.t_s {
            Wire::Number(seconds) => Self::from_secs(seconds).map_err(D::Error::custom),
            Wire::Word(word) if word == "never" => Ok(Self::NEVER),
            Wire::Word(_) => Err(D::Error::custom(BadTime)),
        }
    }
}

/// A span of microseconds, or forever.
///
/// ```
/// use tilld::domain::time::RelativeTime;
/// assert_eq!(RelativeTime::parse_millis("1500").unwrap().micros(), Some(1_500_000));
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct RelativeTime(u64);

impl RelativeTime {
    /// Without an end.
    pub const FOREVER: Self = Self(u64::MAX);
    /// No time at all.
    pub const ZERO: Self = Self(0);

    /// So many microseconds.
    ///
    /// # Errors
    /// [`BadTime`] beyond 2^53 − 1, which JSON cannot carry exactly.
    pub fn from_micros(micros: u64) -> Result<Self, BadTime> {
        if micros <= MAX_EXACT { Ok(Self(micros)) } else { Err(BadTime) }
    }

    /// So many seconds.
    ///
    /// # Errors
    /// [`BadTime`] as [`RelativeTime::from_micros`].
    pub fn from_secs(seconds: u64) -> Result<Self, BadTime> {
        Self::from_micros(seconds.checked_mul(MICROS).ok_or(BadTime)?)
    }

    /// The microseconds; `None` for forever.
    pub fn micros(self) -> Option<u64> {
        (self != Self::FOREVER).then_some(self.0)
    }

    /// The span to wait; `None` for forever.
    pub fn to_duration(self) -> Option<Duration> {
        self.micros().map(Duration::from_micros)
    }

    /// A query parameter like `timeout_ms`: milliseconds, digits only (merchant-api 1.9).
    ///
    /// # Errors
    /// [`BadTime`] for anything else, and for more than 2^53 − 1 microseconds.
    pub fn parse_millis(text: &str) -> Result<Self, BadTime> {
        Self::from_micros(digits(text)?.checked_mul(1000).ok_or(BadTime)?)
    }

    /// A query parameter like the `timeout` of 2019: seconds, digits only.
    ///
    /// # Errors
    /// [`BadTime`] for anything else, and for more than 2^53 − 1 microseconds.
    pub fn parse_secs(text: &str) -> Result<Self, BadTime> {
        Self::from_secs(digits(text)?)
    }
}

/// A number of digits and nothing else; `+5` is none.
fn digits(text: &str) -> Result<u64, BadTime> {
    let fits = (1..=20).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    if fits { text.parse().map_err(|_| BadTime) } else { Err(BadTime) }
}

impl Serialize for RelativeTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Object {
            d_us: Wire,
        }
        let d_us = self.micros().map_or_else(|| Wire::Word("forever".into()), Wire::Number);
        Object { d_us }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for RelativeTime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Object {
            d_us: Wire,
        }
        match Object::deserialize(deserializer)?.d_us {
            Wire::Number(micros) => Self::from_micros(micros).map_err(D::Error::custom),
            Wire::Word(word) if word == "forever" => Ok(Self::FOREVER),
            Wire::Word(_) => Err(D::Error::custom(BadTime)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_ends_of_time_have_words() {
        assert_eq!(serde_json::to_string(&Timestamp::NEVER).unwrap(), r#"{"t_s":"never"}"#);
        assert_eq!(serde_json::to_string(&RelativeTime::FOREVER).unwrap(), r#"{"d_us":"forever"}"#);
        for bad in [
            r#"{"t_s":-1}"#,
            r#"{"t_s":1.5}"#,
            r#"{"t_s":"forever"}"#,
            "5",
            "{}",
            r#"{"t_s":18446744073709551615}"#,
        ] {
            assert!(serde_json::from_str::<Timestamp>(bad).is_err(), "{bad}");
        }
        for bad in [r#"{"d_us":-1}"#, r#"{"d_us":"never"}"#, r#"{"d_us":9007199254740992}"#] {
            assert!(serde_json::from_str::<RelativeTime>(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_begun_second_counts() {
        let at = |s| Timestamp::from_secs(s).unwrap();
        let span = |us| RelativeTime::from_micros(us).unwrap();
        assert_eq!(at(10).saturating_add(span(1)), at(11));
        assert_eq!(at(10).saturating_add(span(1_000_000)), at(11));
        assert_eq!(at(10).saturating_add(RelativeTime::FOREVER), Timestamp::NEVER);
        assert_eq!(at(MAX_SECS).saturating_add(span(1)), Timestamp::NEVER);
        assert_eq!(Timestamp::NEVER.saturating_add(RelativeTime::ZERO), Timestamp::NEVER);
        assert_eq!(Timestamp::NEVER.to_micros(), u64::MAX);
    }

    proptest! {
        #[test]
        fn times_survive_the_wire(seconds in 0..=MAX_SECS, micros in 0..=MAX_EXACT) {
            let time = Timestamp::from_secs(seconds).unwrap();
            let text = serde_json::to_string(&time).unwrap();
            prop_assert_eq!(serde_json::from_str::<Timestamp>(&text).unwrap(), time);
            prop_assert_eq!(Some(time.to_micros()), seconds.checked_mul(MICROS));
            let span = RelativeTime::from_micros(micros).unwrap();
            let text = serde_json::to_string(&span).unwrap();
            prop_assert_eq!(serde_json::from_str::<RelativeTime>(&text).unwrap(), span);
            prop_assert!(time.saturating_add(span) >= time);
        }

        #[test]
        fn numbers_beyond_the_limits_are_refused(n in any::<u64>()) {
            prop_assert_eq!(Timestamp::from_secs(n).is_ok(), n <= MAX_SECS);
            prop_assert_eq!(RelativeTime::from_micros(n).is_ok(), n <= MAX_EXACT);
            prop_assert_eq!(RelativeTime::parse_millis(&n.to_string()).is_ok(), n <= MAX_EXACT / 1000);
        }

        #[test]
        fn no_text_panics(text in "\\PC*") {
            let _ = RelativeTime::parse_millis(&text);
            let _ = RelativeTime::parse_secs(&text);
            let _ = serde_json::from_str::<Timestamp>(&text);
        }
    }
}
