//! Instants and times left, as people read them.

use jiff::tz::TimeZone;

use super::locale::{Language, Locale};
use taler::time::{RelativeTime, Timestamp};

/// An instant, for `<time datetime="…">…</time>`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct FormattedTime {
    /// For programs, in UTC: `2026-11-21T14:05:00Z`. Empty for what never comes.
    pub iso: String,
    /// For people, with the zone: `2026-11-21 15:05 CET`, `21.11.2026, 15:05 CET`.
    pub text: String,
}

impl FormattedTime {
    /// `timestamp` as `visitor` reads it in `zone`.
    pub fn of(timestamp: Timestamp, zone: &TimeZone, locale: Locale) -> Self {
        let formatted_time = timestamp
            .secs()
            .and_then(|secs| jiff::Timestamp::from_second(i64::try_from(secs).ok()?).ok());
        let Some(formatted_time) = formatted_time else {
            return Self { iso: String::new(), text: locale.messages().never.to_owned() };
        };
        let there = formatted_time.to_zoned(zone.clone());
        let pattern = match locale.language {
            Language::English => "%Y-%m-%d %H:%M %Z",
            Language::German => "%d.%m.%Y, %H:%M %Z",
        };
        Self { iso: formatted_time.to_string(), text: there.strftime(pattern).to_string() }
    }
}

/// A time span in its largest unit, never more than there is: `29 minutes`, `2 days`.
pub fn span(length: RelativeTime, locale: Locale) -> String {
    let messages = locale.messages();
    let Some(length) = length.duration() else { return messages.forever.to_owned() };
    let secs = length.as_secs();
    let (count, one, many) = match secs {
        0..60 => (secs, messages.second, messages.seconds),
        60..3600 => (secs / 60, messages.minute, messages.minutes),
        3600..172_800 => (secs / 3600, messages.hour, messages.hours),
        _ => (secs / 86_400, messages.day, messages.days),
    };
    format!("{count}\u{a0}{}", if count == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_is_read_by_people_and_programs() {
        let at = Timestamp::from_secs(1_795_269_900).unwrap();
        let of = |language| FormattedTime::of(at, &TimeZone::UTC, Locale::of(language));
        assert_eq!(of("en").iso, "2026-11-21T14:05:00Z");
        assert_eq!(of("en").text, "2026-11-21 14:05 UTC");
        assert_eq!(of("de").text, "21.11.2026, 14:05 UTC");
        let never = FormattedTime::of(Timestamp::NEVER, &TimeZone::UTC, Locale::of("de"));
        assert_eq!((never.iso.as_str(), never.text.as_str()), ("", "nie"));
    }

    #[test]
    fn a_span_is_told_in_its_largest_unit() {
        let of = |secs| span(RelativeTime::from_secs(secs).unwrap(), Locale::of("en"));
        let reported: Vec<_> = [1, 59, 60, 3599, 7300, 172_800].map(of).to_vec();
        let plain: Vec<_> = reported.iter().map(|text| text.replace('\u{a0}', " ")).collect();
        assert_eq!(
            plain,
            ["1 second", "59 seconds", "1 minute", "59 minutes", "2 hours", "2 days"]
        );
        assert_eq!(span(RelativeTime::FOREVER, Locale::of("de")), "für immer");
    }
}
