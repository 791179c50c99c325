//! Limits the rate of password attempts.
//!
//! Clients with a known address have their own attempts, counted per instance and network: when they
//! are used up, the next is refused. Behind a proxy that sends no client address all clients look alike, and
//! so do programs on the machine itself; refusing them would lock the owner out
//! because of other clients' wrong passwords. They share a second count per instance, which delays each
//! attempt instead, the newest first: a client that comes after a burst of guesses does not
//! wait for all of them. A right password does not use up an attempt, so that a program that signs in for
//! each order is never stopped.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::{Error, rate_limit_key};
use taler::ids::InstanceId;

/// Attempts that may be made at once.
pub(super) const BURST: u32 = 10;
/// Time in which a client with a known address gains one more attempt.
pub(super) const REFILL: Duration = Duration::from_secs(6);
/// How long one attempt waits after the other where clients are not named: no slower than a person
/// types, and 86,400 guesses a day.
pub(super) const TURN: Duration = Duration::from_secs(1);
/// Most attempts on an instance that wait for their turn; then the oldest is refused.
const MAX_WAITING: usize = 16;
/// The longest wait for a turn.
const LONGEST_WAIT: Duration = Duration::from_secs(20);
/// Counts beyond which those of quiet clients are forgotten. When all are busy, new clients are
/// counted with those who are not named.
const REMEMBERED: usize = 10_000;

/// Attempts counted together: those on an instance from one network, or from all unknown addresses.
type Key = (InstanceId, Option<IpAddr>);

/// The attempts that are counted together.
#[derive(Debug)]
struct Count {
    /// When all attempts will have been refilled.
    full_at: Instant,
    /// The numbers of the attempts that wait, the newest last.
    waiting: VecDeque<u64>,
    /// The number of the next one.
    next: u64,
}

/// An attempt that was counted.
#[derive(Debug)]
#[must_use = "a right password gives it back"]
pub(super) struct Attempt(Key);

/// All counts.
#[derive(Debug, Default)]
pub(super) struct Attempts(Mutex<HashMap<Key, Count>>);

/// The first decision about an attempt.
#[derive(Debug)]
enum Begun<'a> {
    /// It may be made.
    AtOnce(Attempt),
    /// It must wait for its turn.
    Waits(Waiting<'a>),
}

/// A place among those that wait for their turn; given up when dropped.
#[derive(Debug)]
struct Waiting<'a> {
    attempts: &'a Attempts,
    key: Key,
    number: u64,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if let Some(count) = self.attempts.known().get_mut(&self.key) {
            count.waiting.retain(|number| *number != self.number);
        }
    }
}

impl Count {
    /// Time until an attempt is possible.
    fn wait(&self, now: Instant, refill: Duration) -> Duration {
        // The last of the burst may be made at once.
        self.full_at.saturating_duration_since(now).saturating_sub(refill * (BURST - 1))
    }

    fn take(&mut self, now: Instant, refill: Duration) {
        self.full_at = self.full_at.max(now) + refill;
    }
}

impl Attempts {
    /// Counts an attempt on `instance` by `client`; `None`: the address is unknown. Where clients
    /// are not named it waits for its turn.
    ///
    /// # Errors
    /// [`Error::TooManyAttempts`] with the time to wait.
    pub(super) async fn count(
        &self,
        instance: &InstanceId,
        client: Option<IpAddr>,
    ) -> Result<Attempt, Error> {
        let waiting = match self.begin(Instant::now(), instance, client)? {
            Begun::AtOnce(attempt) => return Ok(attempt),
            Begun::Waits(waiting) => waiting,
        };
        let begun = Instant::now();
        loop {
            let now = Instant::now();
            let pause = match self.lock(now, &waiting) {
                None => return Ok(Attempt(waiting.key.clone())),
                Some(pause) if now.saturating_duration_since(begun) < LONGEST_WAIT => pause?,
                Some(_) => return Err(Error::TooManyAttempts(TURN)),
            };
            tokio::time::sleep(pause).await;
        }
    }

    /// Counts an attempt that may be made at once, or gives it a place among those that wait.
    fn begin(
        &self,
        now: Instant,
        instance: &InstanceId,
        client: Option<IpAddr>,
    ) -> Result<Begun<'_>, Error> {
        let named = client.filter(|ip| !ip.to_canonical().is_loopback());
        let mut known = self.known();
        if known.len() >= REMEMBERED {
            known.retain(|_, count| count.full_at > now || !count.waiting.is_empty());
        }
        let mut key = (instance.clone(), rate_limit_key(named));
        if known.len() >= REMEMBERED && !known.contains_key(&key) {
            key.1 = None;
        }
        let new = || Count { full_at: now, waiting: VecDeque::new(), next: 0 };
        let count = known.entry(key.clone()).or_insert_with(new);
        let refill = refill(&key);
        let wait = count.wait(now, refill);
        if wait.is_zero() && count.waiting.is_empty() {
            count.take(now, refill);
            return Ok(Begun::AtOnce(Attempt(key)));
        }
        if key.1.is_some() {
            return Err(Error::TooManyAttempts(wait));
        }
        let number = count.next;
        count.next = count.next.wrapping_add(1);
        count.waiting.push_back(number);
        if count.waiting.len() > MAX_WAITING {
            count.waiting.pop_front();
        }
        Ok(Begun::Waits(Waiting { attempts: self, key, number }))
    }

    /// Takes the turn of who waits, `None`; or says how long to sleep before looking again.
    fn lock(&self, now: Instant, waiting: &Waiting<'_>) -> Option<Result<Duration, Error>> {
        let mut known = self.known();
        let count =
            known.get_mut(&waiting.key).filter(|count| count.waiting.contains(&waiting.number));
        let Some(count) = count else { return Some(Err(Error::TooManyAttempts(TURN))) };
        let wait = count.wait(now, TURN);
        if wait.is_zero() && count.waiting.back() == Some(&waiting.number) {
            count.take(now, TURN);
            return None;
        }
        // A newer attempt takes this turn; the next one is later.
        Some(Ok(if wait.is_zero() { TURN / 20 } else { wait }))
    }

    /// Gives an attempt back: the password was right.
    pub(super) fn give_back(&self, Attempt(key): &Attempt) {
        if let Some(count) = self.known().get_mut(key)
            && let Some(earlier) = count.full_at.checked_sub(refill(key))
        {
            count.full_at = earlier;
        }
    }

    fn known(&self) -> MutexGuard<'_, HashMap<Key, Count>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Time until one more attempt is possible.
fn refill(key: &Key) -> Duration {
    if key.1.is_some() { REFILL } else { TURN }
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

    /// Number of attempts possible at once before one must wait or is refused.
    fn at_once(attempts: &Attempts, now: Instant, client: Option<IpAddr>) -> usize {
        (0..1000)
            .take_while(|_| matches!(attempts.begin(now, &shop(), client), Ok(Begun::AtOnce(_))))
            .count()
    }

    #[test]
    fn attempts_run_out_for_one_neighbour_and_not_for_another() {
        let (attempts, now) = (Attempts::default(), Instant::now());
        assert_eq!(at_once(&attempts, now, ip("2001:db8::1")), 10);
        let Err(Error::TooManyAttempts(wait)) = attempts.begin(now, &shop(), ip("2001:db8::2"))
        else {
            panic!("the same network shares its attempts");
        };
        assert_eq!(wait, REFILL);
        assert_eq!(at_once(&attempts, now, ip("2001:db8:0:1::1")), 10);
        let bar = InstanceId::parse("bar").unwrap();
        assert!(matches!(attempts.begin(now, &bar, ip("2001:db8::1")), Ok(Begun::AtOnce(_))));
        assert_eq!(at_once(&attempts, now + REFILL, ip("2001:db8::1")), 1);
    }

    #[test]
    fn who_is_not_named_waits_the_newest_first() {
        for client in [None, ip("127.0.0.1"), ip("::1"), ip("::ffff:127.0.0.1")] {
            let (attempts, now) = (Attempts::default(), Instant::now());
            assert_eq!(at_once(&attempts, now, client), 10);
            let wait = || match attempts.begin(now, &shop(), client).unwrap() {
                Begun::Waits(waiting) => waiting,
                Begun::AtOnce(attempt) => panic!("{attempt:?} does not wait"),
            };
            let mut crowd: Vec<_> = (0..MAX_WAITING).map(|_| wait()).collect();
            let owner = wait();
            let later = now + TURN;
            // The oldest was refused for it.
            assert!(matches!(attempts.lock(later, &crowd[0]), Some(Err(_))), "{client:?}");
            // The owner is the newest, and need not wait for the others.
            assert!(matches!(attempts.lock(now, &owner), Some(Ok(wait)) if wait == TURN));
            assert!(matches!(attempts.lock(later, &crowd[1]), Some(Ok(_))));
            assert!(attempts.lock(later, &owner).is_none());
            drop(owner);
            // A client that hangs up delays no other.
            let last = crowd.pop().unwrap();
            assert!(matches!(attempts.lock(later + TURN, &crowd[5]), Some(Ok(_))));
            drop(last);
            let next = crowd.last().unwrap();
            assert!(attempts.lock(later + TURN, next).is_none());
            // They do not affect clients with a known address.
            assert_eq!(at_once(&attempts, now, ip("192.0.2.1")), 10);
        }
    }

    #[test]
    fn a_right_password_gives_its_attempt_back() {
        for client in [None, ip("192.0.2.1")] {
            let (attempts, now) = (Attempts::default(), Instant::now());
            for _ in 0..1000 {
                match attempts.begin(now, &shop(), client).unwrap() {
                    Begun::AtOnce(attempt) => attempts.give_back(&attempt),
                    Begun::Waits(_) => panic!("{client:?} must wait"),
                }
            }
        }
    }

    #[test]
    fn the_counts_take_no_more_room_than_they_may() {
        let (attempts, now) = (Attempts::default(), Instant::now());
        let network = |n: u32| Some(IpAddr::from(std::net::Ipv4Addr::from(0x0b00_0000 + n)));
        for n in 0..11_000 {
            let _ = attempts.begin(now, &shop(), network(n));
        }
        assert!(attempts.known().len() <= REMEMBERED + 1);
        // Counts that are full again are removed.
        let later = now + REFILL * BURST;
        assert!(matches!(attempts.begin(later, &shop(), network(30_000)), Ok(Begun::AtOnce(_))));
        assert!(attempts.known().len() <= 2);
    }
}
