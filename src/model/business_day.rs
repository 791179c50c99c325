//! A shop's business day: its time zone and the hour at which it ends.
//!
//! A bar that closes at three counts the whole night as one day; its day ends at 04:00. The zone is a name
//! of the IANA time zone database. Which of them exist, the machine knows, and it may forget one when
//! its database is removed; the daemon's own zone is taken then.

use jiff::ToSpan;
use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;

use super::invalid_field::InvalidField;
use taler::text::bad_text;
use taler::time::Timestamp;

bad_text! {
    /// This text is no name of a time zone, or no hour; the sentence says what one looks like.
    BadBusinessDay
}

/// Longest name of a time zone, in bytes; the longest of the database has 32.
const MAX_NAME: usize = 64;

/// Names of UTC, which is known where no time zone database is installed, too. The last ones are those
/// that the library gives to a zone that it could not find, which it then takes for UTC.
const UTC: &[&str] = &["UTC", "Etc/UTC", "Z", "Zulu", "Etc/Zulu", "GMT", "Etc/GMT"];

/// The name of a time zone, as the IANA time zone database writes it. It may name none.
///
/// ```
/// use tilld::model::business_day::ZoneName;
/// assert!(ZoneName::parse("Europe/Zurich").unwrap().find().is_some());
/// assert!(ZoneName::parse("Mars/Olympus").unwrap().find().is_none());
/// assert!(ZoneName::parse("../etc/passwd").is_err());
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ZoneName(String);

impl ZoneName {
    /// Reads a name: 1 to 64 letters, digits and `/ _ + -`, the first one a letter.
    ///
    /// # Errors
    /// For any other text.
    pub fn parse(text: impl Into<String>) -> Result<Self, BadBusinessDay> {
        let text = text.into();
        let fits = |b: u8| b.is_ascii_alphanumeric() || b"/_+-".contains(&b);
        let is_name = text.starts_with(|c: char| c.is_ascii_alphabetic())
            && text.len() <= MAX_NAME
            && text.bytes().all(fits);
        match is_name {
            true => Ok(Self(text)),
            false => Err(BadBusinessDay("a time zone has a name like Europe/Zurich")),
        }
    }

    /// The name in the IANA database, as `Europe/Berlin`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The zone with this name; `None` if the machine knows none. UTC is always known.
    pub fn find(&self) -> Option<TimeZone> {
        let is_utc = UTC.iter().any(|known| known.eq_ignore_ascii_case(&self.0));
        if is_utc { Some(TimeZone::UTC) } else { TimeZone::get(&self.0).ok() }
    }
}

taler::text::text_value!(ZoneName, BadBusinessDay);

/// The hour at which one business day ends and the next one begins, 0 to 23.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct EndHour(u8);

impl EndHour {
    /// Takes an hour.
    ///
    /// # Errors
    /// When a day has no such hour.
    pub const fn new(hour: u8) -> Result<Self, BadBusinessDay> {
        match hour {
            0..=23 => Ok(Self(hour)),
            _ => Err(BadBusinessDay("a day ends at an hour from 0 to 23")),
        }
    }

    /// Reads the digits of an hour.
    ///
    /// # Errors
    /// For anything else.
    pub fn parse(text: &str) -> Result<Self, BadBusinessDay> {
        let is_short = (1..=2).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
        let hour = text.parse().ok().filter(|_| is_short);
        hour.map_or(Err(BadBusinessDay("a day ends at an hour from 0 to 23")), Self::new)
    }

    /// The hour.
    pub const fn hour(self) -> u8 {
        self.0
    }
}

/// When the days of a shop's reports begin and end.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct BusinessDay {
    /// The time zone; `None` is the daemon's.
    pub zone: Option<ZoneName>,
    /// The hour of its clock at which a day ends.
    pub end_hour: EndHour,
}

impl BusinessDay {
    /// Checks that the zone exists.
    ///
    /// # Errors
    /// [`InvalidField`] names `time_zone`.
    pub fn check(&self) -> Result<(), InvalidField> {
        match &self.zone {
            Some(zone) if zone.find().is_none() => Err(InvalidField("time_zone")),
            _ => Ok(()),
        }
    }

    /// The shop's days; `usual` is the daemon's time zone.
    pub fn calendar(&self, usual: &TimeZone) -> Calendar {
        let zone = self.zone.as_ref().and_then(ZoneName::find);
        Calendar { zone: zone.unwrap_or_else(|| usual.clone()), end_hour: self.end_hour }
    }
}

/// Says which business day a time belongs to, and when each begins.
#[derive(Clone, Debug)]
pub struct Calendar {
    zone: TimeZone,
    end_hour: EndHour,
}

impl Calendar {
    /// The time zone.
    pub fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// The zone's name; UTC's if it has none that can be found again.
    pub fn zone_name(&self) -> &str {
        let is_known = |name: &&str| ZoneName::parse(*name).is_ok_and(|name| name.find().is_some());
        self.zone.iana_name().filter(is_known).unwrap_or("UTC")
    }

    /// The days that end at the same hour in another zone.
    pub fn in_zone(&self, zone: TimeZone) -> Self {
        Self { zone, end_hour: self.end_hour }
    }

    /// When the business day `later` days after the one that `text` names, like `2026-11-21`, begins.
    /// `None` if it names none.
    pub fn start(&self, text: &str, later: i64) -> Option<Timestamp> {
        self.start_of(text.parse().ok()?, later)
    }

    /// When the business day `later` days after `date` begins. Where the clock leaves that hour out, it
    /// is when the clock goes on; where the clock shows it twice, the first of the two.
    pub fn start_of(&self, date: Date, later: i64) -> Option<Timestamp> {
        let hour = Time::new(i8::try_from(self.end_hour.0).ok()?, 0, 0, 0).ok()?;
        let date = date.checked_add(later.days()).ok()?;
        let begin = date.to_datetime(hour).to_zoned(self.zone.clone()).ok()?;
        Timestamp::from_secs(u64::try_from(begin.timestamp().as_second()).ok()?).ok()
    }

    /// The business day that `at` belongs to: the last one that had begun then.
    pub fn day_of(&self, at: Timestamp) -> Option<Date> {
        let moment = jiff::Timestamp::from_second(i64::try_from(at.secs()?).ok()?).ok()?;
        let shown = moment.to_zoned(self.zone.clone()).date();
        // The hour puts it a day back, a clock that is set by up to a day one more in either direction.
        (-2..=1_i64)
            .rev()
            .filter_map(|later| shown.checked_add(later.days()).ok())
            .find(|date| self.start_of(*date, 0).is_some_and(|begin| begin <= at))
    }
}

#[cfg(test)]
#[expect(clippy::arithmetic_side_effects, reason = "a sum that overflows fails its test")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn calendar(zone: &str, hour: u8) -> Calendar {
        let zone = Some(ZoneName::parse(zone).unwrap());
        let day = BusinessDay { zone, end_hour: EndHour::new(hour).unwrap() };
        day.check().unwrap();
        day.calendar(&TimeZone::UTC)
    }

    fn hours(calendar: &Calendar, day: &str) -> u64 {
        let begin = calendar.start(day, 0).unwrap().secs().unwrap();
        let end = calendar.start(day, 1).unwrap().secs().unwrap();
        assert_eq!((end - begin) % 3600, 0);
        (end - begin) / 3600
    }

    #[test]
    fn a_day_is_as_long_as_its_zone_says() {
        for (zone, hour, day, length) in [
            ("UTC", 0, "2026-03-29", 24),
            ("Europe/Berlin", 0, "2026-03-28", 24),
            ("Europe/Berlin", 0, "2026-03-29", 23),
            ("Europe/Berlin", 0, "2026-10-25", 25),
            // The clock is set at 02:00 and 03:00: that night belongs to the day before.
            ("Europe/Berlin", 4, "2026-03-28", 23),
            ("Europe/Berlin", 4, "2026-03-29", 24),
            ("Europe/Berlin", 4, "2026-10-24", 25),
            ("Europe/Berlin", 4, "2026-10-25", 24),
            // 02:00 is left out: the day ends when the clock goes on, at 03:00.
            ("Europe/Berlin", 2, "2026-03-28", 24),
            ("Europe/Berlin", 2, "2026-03-29", 23),
            // 02:00 comes twice: the day ends at the first of the two.
            ("Europe/Berlin", 2, "2026-10-24", 24),
            ("Europe/Berlin", 2, "2026-10-25", 25),
            ("America/New_York", 0, "2026-03-08", 23),
            ("America/New_York", 0, "2026-11-01", 25),
            ("America/New_York", 4, "2026-10-31", 25),
            ("America/New_York", 4, "2026-11-01", 24),
            // Samoa went over the date line and had no 30 December 2011.
            ("Pacific/Apia", 0, "2011-12-29", 24),
            ("Pacific/Apia", 0, "2011-12-30", 0),
            ("Pacific/Apia", 0, "2011-12-31", 24),
            ("Pacific/Apia", 4, "2011-12-29", 24),
            ("Pacific/Apia", 4, "2011-12-30", 0),
            // Midnight is left out, and the day begins at 01:00.
            ("America/Sao_Paulo", 0, "2018-11-04", 23),
            ("America/Sao_Paulo", 0, "2018-02-17", 25),
        ] {
            assert_eq!(hours(&calendar(zone, hour), day), length, "{zone} {hour} {day}");
        }
        // Half an hour is set there.
        let lord_howe = calendar("Australia/Lord_Howe", 0);
        let begin = lord_howe.start("2026-04-05", 0).unwrap().secs().unwrap();
        let end = lord_howe.start("2026-04-05", 1).unwrap().secs().unwrap();
        assert_eq!(end - begin, 24 * 3600 + 1800);
    }

    #[test]
    fn a_day_begins_at_the_shops_hour_in_the_shops_zone() {
        let berlin = calendar("Europe/Berlin", 0);
        let begin = berlin.start("2026-10-25", 0).unwrap();
        assert_eq!(begin.secs(), Some(1_792_879_200));
        assert_eq!(berlin.day_of(begin).unwrap().to_string(), "2026-10-25");
        let bar = calendar("Europe/Berlin", 4);
        assert_eq!(bar.day_of(begin).unwrap().to_string(), "2026-10-24");
        // That night has an hour more.
        let four = Timestamp::from_secs(1_792_879_200 + 5 * 3600).unwrap();
        let before = Timestamp::from_secs(1_792_879_200 + 5 * 3600 - 1).unwrap();
        assert_eq!(bar.start("2026-10-25", 0), Some(four));
        assert_eq!(bar.day_of(four).unwrap().to_string(), "2026-10-25");
        assert_eq!(bar.day_of(before).unwrap().to_string(), "2026-10-24");
        assert_eq!(berlin.start("yesterday", 0), None);
        assert_eq!(berlin.start("1900-01-01", 0), None);
        assert_eq!(berlin.day_of(Timestamp::NEVER), None);
    }

    #[test]
    fn without_a_zone_it_is_the_daemons() {
        let daemon = TimeZone::get("Asia/Tokyo").unwrap();
        assert_eq!(BusinessDay::default().calendar(&daemon).zone_name(), "Asia/Tokyo");
        let gone = BusinessDay { zone: ZoneName::parse("Mars/Olympus").ok(), ..Default::default() };
        assert_eq!(gone.check(), Err(InvalidField("time_zone")));
        assert_eq!(gone.calendar(&daemon).zone_name(), "Asia/Tokyo");
        let nameless = TimeZone::fixed(jiff::tz::offset(3));
        assert_eq!(BusinessDay::default().calendar(&nameless).zone_name(), "UTC");
    }

    #[test]
    fn utc_is_known_by_all_its_names() {
        for name in UTC.iter().copied().chain(["utc"]) {
            assert_eq!(ZoneName::parse(name).unwrap().find(), Some(TimeZone::UTC), "{name}");
        }
        for bad in ["", "/etc/passwd", "../x", "Europe/Zürich", " UTC", "1", &"a".repeat(65)] {
            assert!(ZoneName::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_hour_is_one_of_a_day() {
        assert_eq!(EndHour::parse("4"), EndHour::new(4));
        assert_eq!(EndHour::parse("04"), EndHour::new(4));
        assert_eq!(EndHour::parse("23").map(EndHour::hour), Ok(23));
        for bad in ["", "24", "-1", "+4", "4:00", " 4", "004", "256"] {
            assert!(EndHour::parse(bad).is_err(), "{bad}");
        }
    }

    proptest! {
        /// Every second belongs to one day, the one that has begun and has not ended.
        #[test]
        fn a_second_lies_in_its_own_day(
            secs in 86_400 * 3..4_000_000_000_u64,
            hour in 0..24_u8,
            zone in proptest::sample::select(vec![
                "UTC", "Europe/Berlin", "America/New_York", "Pacific/Apia", "America/Sao_Paulo",
                "Australia/Lord_Howe", "America/St_Johns", "Africa/Casablanca", "Asia/Kathmandu",
                "Pacific/Kiritimati", "Antarctica/Troll", "America/Havana",
            ]),
        ) {
            let calendar = calendar(zone, hour);
            let at = Timestamp::from_secs(secs).unwrap();
            let day = calendar.day_of(at).unwrap();
            prop_assert!(calendar.start_of(day, 0).unwrap() <= at);
            prop_assert!(at < calendar.start_of(day, 1).unwrap());
        }
    }
}
