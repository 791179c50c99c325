//! When an exchange is asked about money that it should have wired (settlement 4).

use std::time::Duration;

use crate::model::order::OrderSerial;
use taler::time::{RelativeTime, Timestamp};

/// Most seconds that are waited beyond a deadline, so that not all shops ask at the same moment.
const MAX_JITTER_S: u64 = 600;
/// A prime number that spreads the numbers of orders over those seconds. A migration has it, too.
const SPREAD: u64 = 7919;
/// Waits after failures in a row, in seconds.
const RETRIES_S: [u64; 6] = [60, 300, 1_800, 7_200, 21_600, 86_400];
/// First wait for an exchange that has not wired yet what is due, in seconds; each next one is twice as long.
const FIRST_WAIT_S: u64 = 600;
/// Longest wait, in seconds.
const LONGEST_WAIT_S: u64 = 86_400;

/// When exchanges are asked about an order that is paid at `now` and must be wired until `deadline`. It is the
/// same after every restart.
pub(super) fn first(order: OrderSerial, deadline: Timestamp, now: Timestamp) -> Timestamp {
    later(deadline, jitter(order, seconds_until(deadline, now)))
}

/// When an exchange is asked again that means to wire at `execution_time`, after so many vain questions.
pub(super) fn again(
    order: OrderSerial,
    execution_time: Timestamp,
    tries: u32,
    now: Timestamp,
) -> Timestamp {
    let ahead = seconds_until(execution_time, now);
    let wait = FIRST_WAIT_S.saturating_mul(2_u64.saturating_pow(tries)).min(LONGEST_WAIT_S);
    // What an exchange says of next year is looked at tomorrow all the same.
    let announced =
        ahead.saturating_add(jitter(order, ahead)).min(LONGEST_WAIT_S.saturating_mul(30));
    later(now, wait.max(announced))
}

/// Until when no order of the account of one that is not wired yet is asked for.
pub(super) fn account_rest(now: Timestamp) -> Timestamp {
    later(now, FIRST_WAIT_S)
}

/// The wait after a failure, after so many in a row.
pub(super) fn retry(failures: u32) -> Duration {
    let place = usize::try_from(failures).unwrap_or(usize::MAX);
    let last = RETRIES_S.last().copied().unwrap_or(LONGEST_WAIT_S);
    Duration::from_secs(RETRIES_S.get(place).copied().unwrap_or(last))
}

/// The time after a failure, after so many in a row.
pub(super) fn retry_at(failures: u32, now: Timestamp) -> Timestamp {
    later(now, retry(failures).as_secs())
}

/// A day later: for what will hardly change.
pub(super) fn tomorrow(now: Timestamp) -> Timestamp {
    later(now, LONGEST_WAIT_S)
}

/// Some seconds, a tenth of the time until then at most: who waits for days can wait for minutes more.
fn jitter(order: OrderSerial, ahead_s: u64) -> u64 {
    let most = MAX_JITTER_S.min(ahead_s / 10);
    order.0.unsigned_abs().wrapping_mul(SPREAD).checked_rem(most.saturating_add(1)).unwrap_or(0)
}

fn seconds_until(time: Timestamp, now: Timestamp) -> u64 {
    time.secs().unwrap_or_default().saturating_sub(now.secs().unwrap_or_default())
}

fn later(time: Timestamp, seconds: u64) -> Timestamp {
    time.saturating_add(RelativeTime::from_secs(seconds).unwrap_or(RelativeTime::FOREVER))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(secs: u64) -> Timestamp {
        Timestamp::from_secs(secs).unwrap()
    }

    #[test]
    fn orders_are_asked_for_some_minutes_after_their_deadline_each_at_its_own_time() {
        let day = 86_400;
        let dues: std::collections::BTreeSet<_> =
            (1..=100).map(|order| first(OrderSerial(order), at(3 * day), at(0)).secs()).collect();
        assert_eq!(dues.len(), 100);
        assert!(dues.iter().flatten().all(|due| (3 * day..=3 * day + 600).contains(due)));
        // Who is wired within seconds is asked for within seconds.
        assert_eq!(first(OrderSerial(7), at(5), at(0)), at(5));
        assert_eq!(first(OrderSerial(7), at(5), at(9)), at(5));
    }

    #[test]
    fn an_exchange_that_is_late_is_asked_ever_more_rarely() {
        let waits: Vec<_> = (0..9)
            .map(|tries| again(OrderSerial(1), at(0), tries, at(0)).secs().unwrap())
            .collect();
        let expected = [600, 1_200, 2_400, 4_800, 9_600, 19_200, 38_400, 76_800, 86_400];
        assert_eq!(waits, expected);
        // It says when it wires: then, and some seconds later.
        let announced = again(OrderSerial(3), at(50_000), 0, at(0)).secs().unwrap();
        assert!((50_000..=50_600).contains(&announced));
        assert!(again(OrderSerial(3), Timestamp::NEVER, 0, at(0)).secs().is_some());
    }
}
