//! Checks the machine's clock and time zone. Contracts, coins and tokens all depend on the time.

use super::Line;
use system::clock::{CLOCK_TOLERANCE_S, ClockProblem, clock_problem, show};
use taler::time::Timestamp;

/// Clock difference, in seconds, from which payments fail: exchanges allow an hour.
const HOUR_S: u64 = 3600;

const SET: &str = "set the clock, and keep it set: timedatectl set-ntp true";

/// By how many seconds `now` is ahead of an exchange's clock: of its `date` header or, if the keys were
/// `issued` in our future, of that time. `None` if neither is known.
pub(super) fn off_s(now: Timestamp, date: Option<Timestamp>, issued: Timestamp) -> Option<i64> {
    let then = date.or((issued > now).then_some(issued))?;
    i64::try_from(now.secs()?).ok()?.checked_sub(i64::try_from(then.secs()?).ok()?)
}

/// The time zone of the settings is unknown; `problem` says why and, after a semicolon, what to do.
pub(super) fn zone(problem: &str) -> Line {
    match problem.split_once("; ") {
        Some((what, remedy)) => Line::Warn(format!("time zone: {what}"), remedy.to_owned()),
        None => Line::Warn(format!("time zone: {problem}"), "install the package tzdata".into()),
    }
}

/// Judges the clock, which says `now`. `newest` is the time of the newest entry in the database. Each `off` is
/// the difference to one exchange's clock in seconds, positive if ours is ahead.
pub(super) fn check(now: Timestamp, newest: Option<Timestamp>, off: &[i64]) -> Line {
    let time = show(now);
    let problem = clock_problem(now, newest);
    if problem == Some(ClockProblem::NeverSet) {
        return Line::Fail(format!("clock: {time}, which is long ago"), SET.into());
    }
    // If one exchange agrees with our clock, the others are wrong.
    let off = off.iter().copied().min_by_key(|off| off.unsigned_abs());
    if let Some(off) = off.filter(|off| off.unsigned_abs() > CLOCK_TOLERANCE_S) {
        let direction = if off > 0 { "ahead of" } else { "behind" };
        let amount = amount(off.unsigned_abs());
        let sentence = format!("clock: {time}, {amount} {direction} the exchanges' clocks");
        return match off.unsigned_abs() > HOUR_S {
            true => Line::Fail(sentence, SET.into()),
            false => Line::Warn(sentence, SET.into()),
        };
    }
    match (problem, off) {
        (Some(ClockProblem::Behind(secs)), Some(_)) => Line::Warn(
            format!(
                "clock: {time}, which exchanges confirm, but the newest entry in the database is \
                 {} later; the clock was wrong then",
                amount(secs)
            ),
            "nothing to do; orders of that time expire late".into(),
        ),
        (Some(ClockProblem::Behind(secs)), None) => Line::Fail(
            format!(
                "clock: {time}, but the newest entry in the database is {} later",
                amount(secs)
            ),
            SET.into(),
        ),
        (Some(ClockProblem::NeverSet) | None, Some(_)) => {
            Line::Ok(format!("clock: {time}, which exchanges confirm"))
        }
        (Some(ClockProblem::NeverSet) | None, None) => Line::Ok(format!("clock: {time}")),
    }
}

fn amount(secs: u64) -> String {
    match secs {
        0..120 => format!("{secs} s"),
        120..7200 => format!("{} min", secs / 60),
        7200..172_800 => format!("{} h", secs / 3600),
        _ => format!("{} days", secs / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use system::clock::EARLIEST_PLAUSIBLE_S;

    fn at(secs: u64) -> Timestamp {
        Timestamp::from_secs(secs).unwrap()
    }

    const NOW: u64 = 1_800_000_000;

    #[test]
    fn a_clock_that_was_never_set_fails_whatever_else_is_known() {
        assert!(matches!(check(at(0), None, &[]), Line::Fail(..)));
        assert!(matches!(check(at(EARLIEST_PLAUSIBLE_S - 1), None, &[0]), Line::Fail(..)));
        assert!(matches!(check(at(EARLIEST_PLAUSIBLE_S), None, &[]), Line::Ok(_)));
    }

    #[test]
    fn a_minute_is_a_warning_and_an_hour_a_failure_in_either_direction() {
        for sign in [1, -1] {
            let found = |off: i64| check(at(NOW), None, &[off * sign]);
            assert!(matches!(found(60), Line::Ok(_)));
            assert!(matches!(found(61), Line::Warn(..)));
            assert!(matches!(found(3600), Line::Warn(..)));
            assert!(matches!(found(3601), Line::Fail(..)));
        }
        let Line::Fail(sentence, _) = check(at(NOW), None, &[-7200]) else { panic!() };
        assert!(sentence.contains("2 h behind"), "{sentence}");
    }

    #[test]
    fn the_exchange_that_agrees_most_is_believed() {
        assert!(matches!(check(at(NOW), None, &[99_999, -3, 5000]), Line::Ok(_)));
    }

    #[test]
    fn an_order_of_the_future_shows_a_clock_that_is_wrong_or_was() {
        assert!(matches!(check(at(NOW), Some(at(NOW + 60)), &[]), Line::Ok(_)));
        assert!(matches!(check(at(NOW), Some(at(NOW + 61)), &[]), Line::Fail(..)));
        assert!(matches!(check(at(NOW), Some(at(NOW + 61)), &[1]), Line::Warn(..)));
    }

    #[test]
    fn keys_tell_the_time_only_if_nothing_better_does() {
        assert_eq!(off_s(at(100), Some(at(90)), at(500)), Some(10));
        assert_eq!(off_s(at(100), None, at(500)), Some(-400));
        // An old list is no sign of anything.
        assert_eq!(off_s(at(100), None, at(50)), None);
        assert_eq!(off_s(Timestamp::NEVER, Some(at(1)), at(1)), None);
    }
}
