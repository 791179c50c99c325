//! Keys of exchanges that were fetched and that the operator has yet to compare, in memory and bounded.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use taler::exchange::Trusted;
use taler::web::BaseUrl;

/// How many fetched but not yet trusted exchanges are cached, and how long: while the operator
/// compares a key.
const MOST_ASKED: usize = 16;
const ASKED_LIFE: Duration = Duration::from_secs(30 * 60);

/// Fetched keys of exchanges that are not trusted yet.
#[derive(Debug, Default)]
pub(super) struct Introductions(Mutex<VecDeque<(Instant, Trusted)>>);

impl Introductions {
    /// Keeps `trusted` until it is compared; the oldest one goes if there are too many.
    pub(super) fn put(&self, trusted: Trusted) {
        let mut asked = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        asked.retain(|(_, other)| other.base_url != trusted.base_url);
        while asked.len() >= MOST_ASKED {
            asked.pop_front();
        }
        asked.push_back((Instant::now(), trusted));
    }

    /// What the exchange at `base_url` said of itself, if it was asked lately.
    pub(super) fn get(&self, base_url: &BaseUrl) -> Option<Trusted> {
        let asked = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut fresh = asked.iter().filter(|(since, _)| since.elapsed() < ASKED_LIFE);
        fresh.find(|(_, trusted)| trusted.base_url == *base_url).map(|(_, found)| found.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use taler::amount::Currency;
    use taler::sign::PublicKey;

    #[test]
    fn so_many_introductions_are_remembered_and_the_oldest_goes() {
        let trusted = |number: usize| Trusted {
            base_url: BaseUrl::parse(format!("https://e{number}.example/")).unwrap(),
            master_public_key: PublicKey::new([7; 32]),
            currency: Currency::parse("CHF").unwrap(),
        };
        let asked = Introductions::default();
        for number in 0..=MOST_ASKED {
            asked.put(trusted(number));
            // Asked twice, it is there once.
            asked.put(trusted(number));
        }
        assert_eq!(asked.get(&trusted(0).base_url), None);
        assert_eq!(asked.get(&trusted(1).base_url), Some(trusted(1)));
        assert_eq!(asked.0.lock().unwrap().len(), MOST_ASKED);
    }
}
