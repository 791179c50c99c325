//! How often a password may be tried.
//!
//! Who is named by an address has attempts of their own, counted per instance and network: when they
//! are used up, the next is refused. A proxy that names nobody makes all its clients look alike, and
//! so does whatever else connects from the machine itself; to refuse them would lock the owner out
//! with everybody else's wrong passwords. They share a second count per instance, which makes each
//! attempt wait for its turn instead. A right password gives its attempt back, so that a program that
//! signs in for each order is never stopped.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::{Error, neighbourhood};
use crate::domain::ids::InstanceId;

/// Attempts that may be made at once.
pub(super) const BURST: u32 = 10;
/// How long until a named client may make one more attempt.
pub(super) const REFILL: Duration = Duration::from_secs(6);
/// How long one attempt waits after the other where clients are not named: no slower than a person
/// types, and 86,400 guesses a day.
pub(super) const TURN: Duration = Duration::from_secs(1);
/// The longest wait for a turn; beyond it an attempt is refused, so that few requests wait.
pub(super) const LONGEST_WAIT: Duration = Duration::from_secs(15);
/// Counts beyond which those of quiet clients are forgotten. When all are busy, new clients are
/// counted with those who are not named.
const REMEMBERED: usize = 10_000;

/// Whose attempts are counted together: those on an instance from a network, or from nobody named.
type Key = (InstanceId, Option<IpAddr>);

/// An attempt that was counted, and how long it must wait before it is made.
#[derive(Debug)]
#[must_use = "the attempt must wait for its turn"]
pub(super) struct Attempt {
    key: Key,
    /// Nothing for a named client.
    pub(super) wait: Duration,
}

/// All counts. For each key: when all its attempts will have been refilled.
#[derive(Debug, Default)]
pub(super) struct Attempts(Mutex<HashMap<Key, Instant>>);

impl Attempts {
    /// Counts an attempt on `instance` by `client`, `None` where nobody says who it is.
    ///
    /// # Errors
    /// [`Error::TooManyAttempts`] with the time to wait.
    pub(super) fn count(
        &self,
        now: Instant,
        instance: &InstanceId,
        client: Option<IpAddr>,
    ) -> Result<Attempt, Error> {
        let named = client.filter(|ip| !ip.to_canonical().is_loopback());
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= REMEMBERED {
            known.retain(|_, full_at| *full_at > now);
        }
        let mut key = (instance.clone(), neighbourhood(named));
        if known.len() >= REMEMBERED && !known.contains_key(&key) {
            key.1 = None;
        }
        let full_at = known.get(&key).copied().unwrap_or(now).max(now);
        let used = full_at.saturating_duration_since(now);
        let (refill, allowed) = match key.1 {
            Some(_) => (REFILL, Duration::ZERO),
            None => (TURN, LONGEST_WAIT),
        };
        // The last of the burst may be made at once.
        let wait = used.saturating_sub(refill * (BURST - 1));
        if wait > allowed {
            return Err(Error::TooManyAttempts(wait.saturating_sub(allowed)));
        }
        known.insert(key.clone(), full_at + refill);
        Ok(Attempt { key, wait })
    }

    /// Gives an attempt back: the password was right.
    pub(super) fn give_back(&self, attempt: &Attempt) {
        let refill = if attempt.key.1.is_some() { REFILL } else { TURN };
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(full_at) = known.get_mut(&attempt.key)
            && let Some(earlier) = full_at.checked_sub(refill)
        {
            *full_at = earlier;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shop() -> InstanceId {
        InstanceId::parse("shop").unwrap()
    }

    fn ip(text: &str) -> Option<IpAddr> {
        Some(text.parse().unwrap())
    }

    #[test]
    fn attempts_run_out_for_one_neighbour_and_not_for_another() {
        let (attempts, now) = (Attempts::default(), Instant::now());
        for _ in 0..BURST {
            let attempt = attempts.count(now, &shop(), ip("2001:db8::1")).unwrap();
            assert_eq!(attempt.wait, Duration::ZERO);
        }
        let Err(Error::TooManyAttempts(wait)) = attempts.count(now, &shop(), ip("2001:db8::2"))
        else {
            panic!("the same network shares its attempts");
        };
        assert_eq!(wait, REFILL);
        let _ = attempts.count(now, &shop(), ip("2001:db8:0:1::1")).unwrap();
        let _ = attempts.count(now, &InstanceId::parse("bar").unwrap(), ip("2001:db8::1")).unwrap();
        let _ = attempts.count(now + REFILL, &shop(), ip("2001:db8::1")).unwrap();
    }

    #[test]
    fn who_is_not_named_waits_and_is_not_refused() {
        for client in [None, ip("127.0.0.1"), ip("::1"), ip("::ffff:127.0.0.1")] {
            let (attempts, now) = (Attempts::default(), Instant::now());
            let waits: Vec<_> = (0..BURST + 2)
                .map(|_| attempts.count(now, &shop(), client).unwrap().wait)
                .collect();
            assert_eq!(waits[9..], [Duration::ZERO, TURN, TURN * 2], "{client:?}");
            // Nobody waits for long, and so few wait.
            let refused = (0..1000).find_map(|_| attempts.count(now, &shop(), client).err());
            assert!(matches!(refused, Some(Error::TooManyAttempts(wait)) if wait == TURN));
            // What the others do is nothing to somebody with an address.
            let named = attempts.count(now, &shop(), ip("192.0.2.1")).unwrap();
            assert_eq!(named.wait, Duration::ZERO);
        }
    }

    #[test]
    fn a_right_password_gives_its_attempt_back() {
        for client in [None, ip("192.0.2.1")] {
            let (attempts, now) = (Attempts::default(), Instant::now());
            for _ in 0..1000 {
                let attempt = attempts.count(now, &shop(), client).unwrap();
                assert_eq!(attempt.wait, Duration::ZERO, "{client:?}");
                attempts.give_back(&attempt);
            }
        }
    }

    #[test]
    fn the_counts_take_no_more_room_than_they_may() {
        let (attempts, now) = (Attempts::default(), Instant::now());
        let network = |n: u32| Some(IpAddr::from(std::net::Ipv4Addr::from(0x0b00_0000 + n)));
        for n in 0..20_000 {
            let _ = attempts.count(now, &shop(), network(n));
        }
        assert!(attempts.0.lock().unwrap().len() <= REMEMBERED + 1);
        // Whose counts are full again makes room.
        let _ = attempts.count(now + REFILL * BURST, &shop(), network(30_000)).unwrap();
        assert!(attempts.0.lock().unwrap().len() <= 2);
    }
}
