//! A cache of password checks, so that a shop which sends its password with every request
//! does not cost an argon2 hash each time.
//!
//! A text is known by a keyed hash of the instance, of the instance's stored password hash, and of the
//! text itself. The key is made at start and never leaves the memory. With a new password the stored
//! hash is another one, so nothing has to be forgotten then. Wrong texts are remembered as well: a
//! program that still uses a revoked token is refused without using up the
//! attempts that other clients share with it.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use tokio::sync::OnceCell;

use super::Error;
use crate::model::instance::InstanceSerial;
use system::random;

/// How long the result of a check is cached: as long as a shop with a wrong text waits at most until a
/// password that was set to that very text is believed, and short enough that a copy of the
/// memory holds little.
const LIFE: Duration = Duration::from_secs(300);
/// Most outcomes that are kept: some for each instance of a large daemon, in about 100 kB.
const MOST: usize = 1024;

/// Names a text that was shown as the password of an instance.
pub(super) type PasswordDigest = [u8; 32];

/// The outcome of a check: `true` if the password was right. Empty while it runs.
type Outcome = Arc<OnceCell<bool>>;

/// Outcomes of the last checks.
#[derive(Default)]
pub(super) struct VerifiedPasswords {
    key: OnceLock<[u8; 32]>,
    outcomes: Mutex<HashMap<PasswordDigest, (Outcome, Instant)>>,
}

impl fmt::Debug for VerifiedPasswords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Remembered")
    }
}

impl VerifiedPasswords {
    /// The mark of `password`, shown as that of the instance with this number, whose stored hash is
    /// `stored`.
    ///
    /// # Errors
    /// [`Error::NoRandomness`].
    pub(super) fn mark(
        &self,
        instance: InstanceSerial,
        stored: &str,
        password: &str,
    ) -> Result<PasswordDigest, Error> {
        let key = match self.key.get() {
            Some(key) => key,
            None => {
                let fresh = random::<32>()?;
                self.key.get_or_init(|| fresh)
            }
        };
        let mut mac = Hmac::<Sha256>::new_from_slice(key)
            .map_err(|error| Error::PasswordHash(error.to_string()))?;
        mac.update(&instance.0.to_be_bytes());
        // Neither the number nor the stored hash, which is plain text, can run into what follows.
        mac.update(stored.as_bytes());
        mac.update(&[0]);
        mac.update(password.as_bytes());
        Ok(mac.finalize().into_bytes().into())
    }

    /// The outcome of the last check of `mark`, or that of `check`. Those who come with the same mark
    /// meanwhile wait for the same check. One that fails is not remembered.
    ///
    /// # Errors
    /// As `check`.
    pub(super) async fn check(
        &self,
        mark: PasswordDigest,
        now: Instant,
        check: impl Future<Output = Result<bool, Error>>,
    ) -> Result<bool, Error> {
        let outcome = self.outcome(mark, now);
        let checked = outcome.get_or_try_init(|| check).await.copied();
        if checked.is_err() {
            self.forget(mark, &outcome);
        }
        checked
    }

    /// The entry of `mark`, created if missing.
    fn outcome(&self, mark: PasswordDigest, now: Instant) -> Outcome {
        let mut outcomes = self.outcomes.lock().unwrap_or_else(PoisonError::into_inner);
        // The mark is a keyed hash: how long it takes to find it tells nothing of the password.
        if let Some((outcome, until)) = outcomes.get(&mark)
            && *until > now
        {
            return outcome.clone();
        }
        if outcomes.len() >= MOST {
            outcomes.retain(|_, (_, until)| *until > now);
        }
        if outcomes.len() >= MOST {
            // A right password is kept before a wrong one, so that guesses cannot evict it.
            let worth = |outcome: &Outcome| outcome.get() == Some(&true);
            let least = outcomes
                .iter()
                .min_by_key(|(_, (outcome, until))| (worth(outcome), *until))
                .map(|(mark, _)| *mark);
            if let Some(least) = least {
                outcomes.remove(&least);
            }
        }
        let fresh = Outcome::default();
        outcomes.insert(mark, (fresh.clone(), now + LIFE));
        fresh
    }

    /// Removes a check that was cancelled, unless another request waits for it.
    fn forget(&self, mark: PasswordDigest, outcome: &Outcome) {
        let mut outcomes = self.outcomes.lock().unwrap_or_else(PoisonError::into_inner);
        let is_same = |(kept, _): &(Outcome, Instant)| Arc::ptr_eq(kept, outcome);
        if !outcome.initialized() && outcomes.get(&mark).is_some_and(is_same) {
            outcomes.remove(&mark);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    fn mark(remembered: &VerifiedPasswords, stored: &str, password: &str) -> PasswordDigest {
        remembered.mark(InstanceSerial(1), stored, password).unwrap()
    }

    #[actix_web::test]
    async fn the_same_text_is_checked_once_and_a_new_password_forgets_it() {
        let (remembered, now) = (VerifiedPasswords::default(), Instant::now());
        let checks = Cell::new(0);
        let check = |mark, right: bool| {
            let checks = &checks;
            remembered.check(mark, now, async move {
                checks.set(checks.get() + 1);
                Ok(right)
            })
        };
        for _ in 0..3 {
            assert!(check(mark(&remembered, "old", "correct horse"), true).await.unwrap());
            assert!(!check(mark(&remembered, "old", "battery"), false).await.unwrap());
        }
        assert_eq!(checks.get(), 2);
        // The password was changed: what was right is asked for again, and wrong now.
        assert!(!check(mark(&remembered, "new", "correct horse"), false).await.unwrap());
        assert_eq!(checks.get(), 3);
        let other = remembered.mark(InstanceSerial(2), "old", "correct horse").unwrap();
        assert_ne!(other, mark(&remembered, "old", "correct horse"));
        let elsewhere = VerifiedPasswords::default();
        assert_ne!(mark(&elsewhere, "old", "x"), mark(&remembered, "old", "x"));
    }

    #[actix_web::test]
    async fn those_who_come_at_once_wait_for_one_check() {
        let (remembered, now) = (VerifiedPasswords::default(), Instant::now());
        let mark = mark(&remembered, "stored", "password");
        let checks = Cell::new(0);
        let one = || {
            remembered.check(mark, now, async {
                checks.set(checks.get() + 1);
                tokio::task::yield_now().await;
                Ok(true)
            })
        };
        let all = tokio::join!(one(), one(), one(), one());
        assert!(all.0.unwrap() && all.1.unwrap() && all.2.unwrap() && all.3.unwrap());
        assert_eq!(checks.get(), 1);
    }

    #[actix_web::test]
    async fn a_check_that_did_not_take_place_is_made_again() {
        let (remembered, now) = (VerifiedPasswords::default(), Instant::now());
        let mark = mark(&remembered, "stored", "password");
        let refused = remembered.check(mark, now, async { Err(Error::Overloaded) }).await;
        assert!(matches!(refused, Err(Error::Overloaded)));
        assert!(remembered.outcomes.lock().unwrap().is_empty());
        assert!(remembered.check(mark, now, async { Ok(true) }).await.unwrap());
    }

    #[actix_web::test]
    async fn guessing_pushes_no_right_password_out() {
        let (remembered, now) = (VerifiedPasswords::default(), Instant::now());
        let right = mark(&remembered, "stored", "right");
        assert!(remembered.check(right, now, async { Ok(true) }).await.unwrap());
        for guess in 0..2 * MOST {
            let wrong = mark(&remembered, "stored", &guess.to_string());
            assert!(!remembered.check(wrong, now, async { Ok(false) }).await.unwrap());
        }
        assert_eq!(remembered.outcomes.lock().unwrap().len(), MOST);
        assert!(remembered.check(right, now, async { Ok(false) }).await.unwrap());
    }

    #[actix_web::test]
    async fn an_outcome_is_good_for_minutes() {
        let (remembered, now) = (VerifiedPasswords::default(), Instant::now());
        let mark = mark(&remembered, "stored", "password");
        let check = |now, right| remembered.check(mark, now, async move { Ok(right) });
        assert!(check(now, true).await.unwrap());
        assert!(check(now + LIFE - Duration::from_secs(1), false).await.unwrap());
        assert!(!check(now + LIFE, false).await.unwrap());
    }
}
