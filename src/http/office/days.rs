//! Days as people name them, in a time zone: where they begin, also when the clock is changed.

use jiff::ToSpan;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use taler::time::Timestamp;

/// When the day `later` days after the one that `text` names, like `2026-11-21`, begins in `zone`.
/// `None` if it names none.
pub(super) fn start(text: &str, later: i64, zone: &TimeZone) -> Option<Timestamp> {
    start_of(text.parse().ok()?, later, zone)
}

/// When the day `later` days after `date` begins in `zone`.
pub(super) fn start_of(date: Date, later: i64, zone: &TimeZone) -> Option<Timestamp> {
    let begin = date.checked_add(later.days()).ok()?.to_zoned(zone.clone()).ok()?;
    Timestamp::from_secs(u64::try_from(begin.timestamp().as_second()).ok()?).ok()
}

/// The day that `at` lies in, in `zone`.
pub(super) fn of(at: Timestamp, zone: &TimeZone) -> Option<Date> {
    let at = jiff::Timestamp::from_second(i64::try_from(at.secs()?).ok()?).ok()?;
    Some(at.to_zoned(zone.clone()).date())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_as_long_as_its_zone_says() {
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        let hours = |day: &str| {
            let (begin, end) = (start(day, 0, &zone).unwrap(), start(day, 1, &zone).unwrap());
            (end.secs().unwrap() - begin.secs().unwrap()) / 3600
        };
        assert_eq!(hours("2026-03-28"), 24);
        assert_eq!(hours("2026-03-29"), 23);
        assert_eq!(hours("2026-10-25"), 25);
        let begin = start("2026-10-25", 0, &zone).unwrap();
        assert_eq!(begin.secs(), Some(1_792_879_200));
        assert_eq!(of(begin, &zone).unwrap().to_string(), "2026-10-25");
        assert_eq!(start("yesterday", 0, &zone), None);
        assert_eq!(start("1900-01-01", 0, &zone), None);
    }
}
