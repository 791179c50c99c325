//! Times and durations as Taler counts them (crypto 2.2, merchant-api 1.4).
//!
//! A [`Timestamp`] is a whole second since 1970, or never; a [`RelativeTime`] is a number of
//! microseconds, or forever. Never lies after every second, forever is longer than every number,
//! and adding either to anything gives never. "Now" is always an argument: the domain has no clock.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::text::bad_text;
use crate::object::Members;

bad_text! {
    /// This is no time that Taler can express; the sentence says why.
    BadTime
}

/// Microseconds in a second.
const MICROS: u64 = 1_000_000;

/// Milliseconds in a second.
const MILLIS: u64 = 1_000;

/// Microseconds in a millisecond.
const MICROS_OF_MILLI: u64 = 1_000;

/// The last second whose microseconds still fit 64 bits beside the mark for never.
pub const MAX_SECS: u64 = u64::MAX / MICROS;

/// The longest duration: the largest integer that JSON can carry exactly, some 285 years.
pub const MAX_MICROS: u64 = (1 << 53) - 1;

/// Stands in memory and in signatures for never and forever.
const ENDLESS: u64 = u64::MAX;

/// Longest text that is looked at when a time comes as digits; 2^64 has 20.
pub const MAX_DIGITS: usize = 20;

/// The same for the seconds of 2019, which had 32 bits (legacy-2019 16).
pub const MAX_DIGITS_2019: usize = 10;

/// A second since 1970, or never. On the wire `{"t_s": 1781337600}` or `{"t_s": "never"}`; what clients of
/// before 2022 send, `{"t_ms": 1781337600000}`, is read as well, parts of a second dropped.
///
/// ```
/// use taler::time::{RelativeTime, Timestamp};
/// let start = Timestamp::from_secs(1_781_337_600).unwrap();
/// let end = start.saturating_add(RelativeTime::from_secs(60).unwrap());
/// assert_eq!(end.secs(), Some(1_781_337_660));
/// assert!(end < Timestamp::NEVER);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(u64);

impl Timestamp {
    /// The time that does not come.
    pub const NEVER: Self = Self(ENDLESS);

    /// The first second of 1970.
    pub const ZERO: Self = Self(0);

    /// Takes seconds since 1970.
    ///
    /// # Errors
    /// When the second has no binary form, in the year 586,512 or later.
    pub const fn from_secs(secs: u64) -> Result<Self, BadTime> {
        if secs > MAX_SECS {
            return Err(BadTime("a timestamp is at most 18446744073709 seconds"));
        }
        Ok(Self(secs))
    }

    /// Reads seconds as the digits of a query parameter.
    ///
    /// # Errors
    /// When there is anything but digits, or as in [`Timestamp::from_secs`].
    pub fn parse_secs(text: &str) -> Result<Self, BadTime> {
        Self::from_secs(digits(text, MAX_DIGITS)?.ok_or(BadTime("too far in the future"))?)
    }

    /// Seconds since 1970; `None` is never.
    pub const fn secs(self) -> Option<u64> {
        if self.is_never() { None } else { Some(self.0) }
    }

    /// Whether the time does not come.
    pub const fn is_never(self) -> bool {
        self.0 == ENDLESS
    }

    /// The time that much later; parts of a second are dropped. What cannot be expressed is never.
    pub fn saturating_add(self, later: RelativeTime) -> Self {
        let sum = || self.secs()?.checked_add(later.micros()?.checked_div(MICROS)?);
        sum().and_then(|secs| Self::from_secs(secs).ok()).unwrap_or(Self::NEVER)
    }

    /// How long after `earlier` this is; zero if it is not after it, and forever if it is never.
    pub fn saturating_since(self, earlier: Self) -> RelativeTime {
        let Some(secs) = self.secs() else { return RelativeTime::FOREVER };
        // A difference beyond 285 years is as good as forever to a program that waits for it.
        RelativeTime::from_secs(secs.saturating_sub(earlier.0)).unwrap_or(RelativeTime::FOREVER)
    }

    /// Microseconds since 1970, all bits set for never: the binary form in signed messages.
    pub const fn to_micros(self) -> u64 {
        self.0.saturating_mul(MICROS)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Wire {
            #[serde(serialize_with = "write_never")]
            t_s: Option<u64>,
        }

        Wire { t_s: self.secs() }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(expecting = "a timestamp such as {\"t_s\": 1781337600}")]
        struct Wire {
            #[serde(default, deserialize_with = "read_never")]
            t_s: Option<Option<u64>>,
            #[serde(default, deserialize_with = "read_never")]
            t_ms: Option<Option<u64>>,
        }

        let Wire { t_s, t_ms } = Wire::deserialize(Members(deserializer))?;
        let secs = match (t_s, t_ms) {
            (Some(secs), _) => secs,
            (None, Some(millis)) => millis.map(|millis| millis / MILLIS),
            (None, None) => return Err(de::Error::missing_field("t_s")),
        };
        match secs {
            Some(secs) => Self::from_secs(secs).map_err(de::Error::custom),
            None => Ok(Self::NEVER),
        }
    }
}

/// A duration in microseconds, or forever. On the wire `{"d_us": 3600000000}` or
/// `{"d_us": "forever"}`; what clients of before 2022 send, `{"d_ms": 3600000}`, is read as well.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RelativeTime(u64);

impl RelativeTime {
    /// Longer than any number.
    pub const FOREVER: Self = Self(ENDLESS);

    /// No time at all.
    pub const ZERO: Self = Self(0);

    /// Takes microseconds.
    ///
    /// # Errors
    /// Above 2^53 − 1, the largest integer that every JSON parser keeps exact.
    pub const fn from_micros(micros: u64) -> Result<Self, BadTime> {
        if micros > MAX_MICROS {
            return Err(BadTime("a duration is at most 9007199254740991 microseconds"));
        }
        Ok(Self(micros))
    }

    /// Takes seconds.
    ///
    /// # Errors
    /// As in [`RelativeTime::from_micros`].
    pub const fn from_secs(secs: u64) -> Result<Self, BadTime> {
        Self::from_micros(secs.saturating_mul(MICROS))
    }

    /// Reads milliseconds as the digits of a query parameter (`timeout_ms`). A number too large
    /// for a duration is forever.
    ///
    /// # Errors
    /// When there is anything but one to twenty digits.
    pub fn parse_millis(text: &str) -> Result<Self, BadTime> {
        Ok(Self::from_digits(digits(text, MAX_DIGITS)?, 1_000))
    }

    /// Reads seconds as the digits of a query parameter (`timeout` of 2019). A number too large
    /// for a duration is forever.
    ///
    /// # Errors
    /// When there is anything but one to ten digits.
    pub fn parse_secs(text: &str) -> Result<Self, BadTime> {
        Ok(Self::from_digits(digits(text, MAX_DIGITS_2019)?, MICROS))
    }

    /// Microseconds; `None` is forever.
    pub const fn micros(self) -> Option<u64> {
        if self.is_forever() { None } else { Some(self.0) }
    }

    /// Whether it has no end.
    pub const fn is_forever(self) -> bool {
        self.0 == ENDLESS
    }

    /// Microseconds, all bits set for forever: the binary form in signed messages.
    pub const fn to_micros(self) -> u64 {
        self.0
    }

    /// As the standard library's duration; `None` is forever.
    pub fn duration(self) -> Option<Duration> {
        self.micros().map(Duration::from_micros)
    }

    fn from_digits(number: Option<u64>, micros: u64) -> Self {
        number
            .and_then(|number| number.checked_mul(micros))
            .and_then(|micros| Self::from_micros(micros).ok())
            .unwrap_or(Self::FOREVER)
    }
}

/// The shortest time that makes a difference in a contract.
pub const SECOND: RelativeTime = RelativeTime(MICROS);

/// The longest time that a contract may look ahead: a hundred years. What is beyond was most likely meant
/// in another unit.
pub const LONGEST_DELAY: RelativeTime = RelativeTime(LONGEST_DELAY_US);
/// The same, in microseconds.
pub const LONGEST_DELAY_US: u64 = 100 * 366 * 86_400 * MICROS;

impl TryFrom<Duration> for RelativeTime {
    type Error = BadTime;

    fn try_from(duration: Duration) -> Result<Self, BadTime> {
        Self::from_micros(u64::try_from(duration.as_micros()).unwrap_or(ENDLESS))
    }
}

impl Serialize for RelativeTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Wire {
            #[serde(serialize_with = "write_forever")]
            d_us: Option<u64>,
        }

        Wire { d_us: self.micros() }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for RelativeTime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(expecting = "a duration such as {\"d_us\": 3600000000}")]
        struct Wire {
            #[serde(default, deserialize_with = "read_forever")]
            d_us: Option<Option<u64>>,
            #[serde(default, deserialize_with = "read_forever")]
            d_ms: Option<Option<u64>>,
        }

        let Wire { d_us, d_ms } = Wire::deserialize(Members(deserializer))?;
        let micros = match (d_us, d_ms) {
            (Some(micros), _) => micros,
            // What is beyond 64 bits is beyond the longest duration as well.
            (None, Some(millis)) => millis.map(|millis| millis.saturating_mul(MICROS_OF_MILLI)),
            (None, None) => return Err(de::Error::missing_field("d_us")),
        };
        match micros {
            Some(micros) => Self::from_micros(micros).map_err(de::Error::custom),
            None => Ok(Self::FOREVER),
        }
    }
}

/// The number that these digits write; `None` is one beyond 64 bits.
fn digits(text: &str, most: usize) -> Result<Option<u64>, BadTime> {
    let is_number = (1..=most).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    if is_number { Ok(text.parse().ok()) } else { Err(BadTime("a time is written in digits only")) }
}

fn write_never<S: Serializer>(number: &Option<u64>, serializer: S) -> Result<S::Ok, S::Error> {
    write_or(number, "never", serializer)
}

fn write_forever<S: Serializer>(number: &Option<u64>, serializer: S) -> Result<S::Ok, S::Error> {
    write_or(number, "forever", serializer)
}

fn write_or<S: Serializer>(
    number: &Option<u64>,
    word: &'static str,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match number {
        Some(number) => serializer.serialize_u64(*number),
        None => serializer.serialize_str(word),
    }
}

/// What a member holds: a number, or `None` for the word in its place.
type Held<D> = Result<Option<Option<u64>>, D>;

fn read_never<'de, D: Deserializer<'de>>(deserializer: D) -> Held<D::Error> {
    deserializer.deserialize_any(NumberOr("never")).map(Some)
}

fn read_forever<'de, D: Deserializer<'de>>(deserializer: D) -> Held<D::Error> {
    deserializer.deserialize_any(NumberOr("forever")).map(Some)
}

/// Reads a whole number, or the one word allowed in its place (which gives `None`).
struct NumberOr(&'static str);

impl de::Visitor<'_> for NumberOr {
    type Value = Option<u64>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a whole number, not negative, or \"{}\"", self.0)
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Option<u64>, E> {
        Ok(Some(number))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Option<u64>, E> {
        if text == self.0 {
            return Ok(None);
        }
        Err(E::invalid_value(de::Unexpected::Str(text), &self))
    }
}

#[cfg(test)]
#[expect(clippy::arithmetic_side_effects, reason = "a sum that overflows fails its test")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(secs: u64) -> Timestamp {
        Timestamp::from_secs(secs).unwrap()
    }

    #[test]
    fn the_wire_forms_are_those_of_the_protocol() {
        for (time, json) in [
            (at(1_781_337_600), r#"{"t_s":1781337600}"#),
            (at(0), r#"{"t_s":0}"#),
            (Timestamp::NEVER, r#"{"t_s":"never"}"#),
        ] {
            assert_eq!(serde_json::to_string(&time).unwrap(), json);
            assert_eq!(serde_json::from_str::<Timestamp>(json).unwrap(), time);
        }
        for (time, json) in [
            (RelativeTime::from_secs(3600).unwrap(), r#"{"d_us":3600000000}"#),
            (RelativeTime::FOREVER, r#"{"d_us":"forever"}"#),
        ] {
            assert_eq!(serde_json::to_string(&time).unwrap(), json);
            assert_eq!(serde_json::from_str::<RelativeTime>(json).unwrap(), time);
        }
    }

    #[test]
    fn anything_else_on_the_wire_is_refused() {
        for json in [
            "{}",
            "7",
            r#""never""#,
            r#"{"t_s":-1}"#,
            r#"{"t_s":1.0}"#,
            r#"{"t_s":1.5}"#,
            r#"{"t_s":1e3}"#,
            r#"{"t_s":"1"}"#,
            r#"{"t_s":"forever"}"#,
            r#"{"t_s":null}"#,
            r#"{"t_s":null,"t_ms":1}"#,
            r#"{"t_ms":-1}"#,
            r#"{"t_ms":"forever"}"#,
            r#"{"t_ms":18446744073709551615}"#,
            r#"{"t_ms":18446744073709551616}"#,
            r#"{"t_s":18446744073710}"#,
            r#"{"t_s":18446744073709551615}"#,
            r#"{"t_s":18446744073709551616}"#,
        ] {
            assert!(serde_json::from_str::<Timestamp>(json).is_err(), "{json}");
        }
        for json in [
            "{}",
            r#"{"d_us":"never"}"#,
            r#"{"d_us":-1}"#,
            r#"{"d_us":0.5}"#,
            r#"{"d_us":9007199254740992}"#,
            r#"{"d_ms":-1}"#,
            r#"{"d_ms":"never"}"#,
            r#"{"d_ms":9007199254741}"#,
            r#"{"d_ms":18446744073709551615}"#,
        ] {
            assert!(serde_json::from_str::<RelativeTime>(json).is_err(), "{json}");
        }
    }

    /// The `WooCommerce` plug-in of 2021 sends `refund_delay` as `d_ms`.
    #[test]
    fn milliseconds_of_older_clients_are_read() {
        for (json, time) in [
            (r#"{"t_ms":1781337600999}"#, at(1_781_337_600)),
            (r#"{"t_ms":0}"#, at(0)),
            (r#"{"t_ms":"never"}"#, Timestamp::NEVER),
            (r#"{"t_s":5,"t_ms":9000}"#, at(5)),
        ] {
            assert_eq!(serde_json::from_str::<Timestamp>(json).ok(), Some(time), "{json}");
        }
        for (json, time) in [
            (r#"{"d_ms":1}"#, RelativeTime::from_micros(1000).unwrap()),
            (r#"{"d_ms":86400000}"#, RelativeTime::from_secs(86_400).unwrap()),
            (r#"{"d_ms":"forever"}"#, RelativeTime::FOREVER),
            (r#"{"d_us":5,"d_ms":9}"#, RelativeTime::from_micros(5).unwrap()),
        ] {
            assert_eq!(serde_json::from_str::<RelativeTime>(json).ok(), Some(time), "{json}");
        }
    }

    #[test]
    fn never_is_last_and_has_its_own_bits() {
        let last = at(MAX_SECS);
        assert!(last < Timestamp::NEVER);
        assert!(last.to_micros() < Timestamp::NEVER.to_micros());
        assert_eq!(Timestamp::NEVER.to_micros(), u64::MAX);
        assert_eq!(last.saturating_add(RelativeTime::from_secs(1).unwrap()), Timestamp::NEVER);
        assert_eq!(at(1).saturating_add(RelativeTime::FOREVER), Timestamp::NEVER);
        assert_eq!(Timestamp::NEVER.saturating_add(RelativeTime::ZERO), Timestamp::NEVER);
        assert_eq!(Timestamp::NEVER.saturating_since(at(1)), RelativeTime::FOREVER);
        assert_eq!(at(1).saturating_since(Timestamp::NEVER), RelativeTime::ZERO);
        assert!(Timestamp::from_secs(MAX_SECS + 1).is_err());
    }

    #[test]
    fn query_times_are_digits() {
        let millis = |text| RelativeTime::parse_millis(text);
        assert_eq!(millis("0"), Ok(RelativeTime::ZERO));
        assert_eq!(millis("30000"), RelativeTime::from_secs(30));
        assert_eq!(millis("99999999999999999999"), Ok(RelativeTime::FOREVER));
        assert_eq!(RelativeTime::parse_secs("30"), RelativeTime::from_secs(30));
        assert_eq!(RelativeTime::parse_secs("9999999999"), Ok(RelativeTime::FOREVER));
        assert!(RelativeTime::parse_secs("00000000001").is_err());
        for bad in [
            "",
            " 1",
            "1 ",
            "-1",
            "+1",
            "1.0",
            "1e3",
            "10x",
            "forever",
            "١",
            "000000000000000000000",
        ] {
            assert!(millis(bad).is_err(), "{bad}");
            assert!(RelativeTime::parse_secs(bad).is_err(), "{bad}");
            assert!(Timestamp::parse_secs(bad).is_err(), "{bad}");
        }
        assert_eq!(Timestamp::parse_secs("1781337600"), Ok(at(1_781_337_600)));
        assert!(Timestamp::parse_secs("18446744073710").is_err());
    }

    proptest! {
        #[test]
        fn wire_and_text_give_the_time_back(secs in 0..=MAX_SECS, micros in 0..=MAX_MICROS) {
            let json = serde_json::to_string(&at(secs)).unwrap();
            prop_assert_eq!(serde_json::from_str::<Timestamp>(&json).unwrap(), at(secs));
            prop_assert_eq!(Timestamp::parse_secs(&secs.to_string()), Ok(at(secs)));
            let length = RelativeTime::from_micros(micros).unwrap();
            let json = serde_json::to_string(&length).unwrap();
            prop_assert_eq!(serde_json::from_str::<RelativeTime>(&json).unwrap(), length);
            prop_assert_eq!(RelativeTime::try_from(length.duration().unwrap()), Ok(length));
        }

        #[test]
        fn arithmetic_agrees_with_wider_numbers(secs in 0..=MAX_SECS, other in 0..=MAX_SECS, micros in 0..=MAX_MICROS) {
            let sum = u128::from(secs) + u128::from(micros) / u128::from(MICROS);
            let expected = u64::try_from(sum).ok().and_then(|sum| Timestamp::from_secs(sum).ok());
            let length = RelativeTime::from_micros(micros).unwrap();
            prop_assert_eq!(at(secs).saturating_add(length), expected.unwrap_or(Timestamp::NEVER));
            prop_assert_eq!(u128::from(at(secs).to_micros()), u128::from(secs) * u128::from(MICROS));

            let apart = (i128::from(secs) - i128::from(other)).max(0) * i128::from(MICROS);
            let expected = if apart > i128::from(MAX_MICROS) { None } else { u64::try_from(apart).ok() };
            prop_assert_eq!(at(secs).saturating_since(at(other)).micros(), expected);
        }

        #[test]
        fn digits_agree_with_wider_numbers(number: u64) {
            let micros = u128::from(number) * 1000;
            let expected = if micros > u128::from(MAX_MICROS) { None } else { u64::try_from(micros).ok() };
            prop_assert_eq!(RelativeTime::parse_millis(&number.to_string()).unwrap().micros(), expected);
        }

        #[test]
        fn no_text_panics(text in "\\PC*", digits in "[0-9]{0,25}") {
            for text in [&text, &digits] {
                let _ = RelativeTime::parse_millis(text);
                let _ = RelativeTime::parse_secs(text);
                let _ = Timestamp::parse_secs(text);
                let _ = serde_json::from_str::<Timestamp>(text);
                let _ = serde_json::from_str::<Timestamp>(&format!("{{\"t_s\":{text}}}"));
                let _ = serde_json::from_str::<RelativeTime>(&format!("{{\"d_us\":{text}}}"));
            }
        }
    }
}
