//! Follows the money of paid orders to the shop's bank account (settlement 4).
//!
//! When an exchange should have wired an order's money, it is asked about one of the order's coins. It names a
//! transfer, and the list of that names all other coins that it paid for: two requests for a transfer, however
//! many orders are in it. Coins that the list does not have are asked for singly.
//!
//! What is to be asked, and when, is in the database: whenever the daemon ends, the next one goes on there, and
//! to ask twice changes nothing. Who owes nothing is asked nothing.
//!
//! | module | |
//! | --- | --- |
//! | `schedule` | when an exchange is asked |
//! | `ask` | one question to an exchange |
//! | `list` | the list of a transfer, compared with what the shop knows |
//! | `book` | an order whose money is wired |
//! | `transfers` | transfers as the shop sees them |

mod ask;
mod book;
mod list;
mod schedule;
mod transfers;

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use super::{Error, Till};
use crate::exchange::Exchange;
use crate::model::order::OrderSerial;
use crate::store::{Read, settlements, transfers as transfer_rows};
use system::log_limit;
use taler::base32::HashCode;
use taler::time::Timestamp;
use taler::web::BaseUrl;

pub(super) use book::wire_state;
pub use book::{WireDetail, WireReport, WireState};
pub use transfers::{ConfirmTransfer, ExpectedDetails, MAX_TRANSFERS};

/// Longest sleep of the job: limits the delay after the clock was set. To wake costs a look at an index.
const LONGEST_SLEEP: Duration = Duration::from_secs(3600);
/// How long to sleep while the clock may be wrong: nothing is asked then, because what is due is not known.
const UNSURE_SLEEP: Duration = Duration::from_secs(60);
/// Time between two requests to one exchange in the long run: it has other shops.
const PACE: Duration = Duration::from_secs(1);
/// How much earlier a request may come if there were none before: so many are made at once that a small shop has
/// all its answers of a day.
const BURST: Duration = Duration::from_secs(9);

/// State of the job that follows the money. All clones of a till share it.
#[derive(Debug, Default)]
pub(super) struct Settling {
    /// Something is due earlier than the job knows.
    added: Notify,
    /// Until when the job sleeps, in seconds since 1970.
    sleeps_until_s: AtomicU64,
    contacts: Mutex<HashMap<BaseUrl, Contact>>,
}

#[derive(Debug, Default)]
struct Contact {
    is_busy: bool,
    /// How often in a row it has not answered.
    silences: u32,
    rests_until: Option<Instant>,
    /// When it may be asked next if there were no bursts.
    free_at: Option<Instant>,
}

impl Contact {
    /// When the next request may be made, which is counted.
    fn turn(&mut self, now: Instant) -> Instant {
        let at = self.free_at.map_or(now, |free| free.max(now));
        self.free_at = at.checked_add(PACE);
        at.checked_sub(BURST).map_or(now, |early| early.max(now))
    }
}

/// What one exchange is to be asked now; nobody else asks it until this is dropped.
#[derive(Debug)]
pub struct SettlementVisit {
    settling: Arc<Settling>,
    exchange: Exchange,
}

impl Drop for SettlementVisit {
    fn drop(&mut self) {
        self.settling.with(&self.exchange.trusted().base_url, |contact| contact.is_busy = false);
    }
}

/// Exchanges that are to be asked now, and when to look again.
#[derive(Debug)]
pub struct DueSettlements {
    /// The exchanges; each is for [`Till::settle`], beside the others.
    pub visits: Vec<SettlementVisit>,
    /// How long until there may be something else to do.
    pub wait: Duration,
}

impl Settling {
    fn all(&self) -> MutexGuard<'_, HashMap<BaseUrl, Contact>> {
        self.contacts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn with<T>(&self, url: &BaseUrl, act: impl FnOnce(&mut Contact) -> T) -> T {
        act(self.all().entry(url.clone()).or_default())
    }

    /// Begins to ask an exchange; else how long it is left alone, nothing while it is being asked.
    fn visit(
        self: &Arc<Self>,
        exchange: &Exchange,
        now: Instant,
    ) -> Result<SettlementVisit, Option<Duration>> {
        self.with(&exchange.trusted().base_url, |contact| {
            if contact.is_busy {
                return Err(None);
            }
            if let Some(until) = contact.rests_until.filter(|until| *until > now) {
                return Err(Some(until.saturating_duration_since(now)));
            }
            contact.is_busy = true;
            Ok(())
        })?;
        Ok(SettlementVisit { settling: self.clone(), exchange: exchange.clone() })
    }

    /// The exchange did not answer: for how long it is left alone now.
    fn rest(&self, url: &BaseUrl, now: Instant) -> Duration {
        self.with(url, |contact| {
            let rest = schedule::retry(contact.silences);
            contact.silences = contact.silences.saturating_add(1);
            contact.rests_until = now.checked_add(rest);
            rest
        })
    }

    /// The exchange has answered.
    fn answered(&self, url: &BaseUrl) {
        self.with(url, |contact| contact.silences = 0);
    }

    /// How long to wait until the exchange may be asked again, which is counted.
    fn pace(&self, url: &BaseUrl, now: Instant) -> Duration {
        self.with(url, |contact| contact.turn(now)).saturating_duration_since(now)
    }
}

/// What exchanges will have to wire for an order that is being paid with coins.
#[derive(Debug)]
pub(super) struct CoinSettlement {
    /// The account, as the contract names it.
    pub(super) h_wire: HashCode,
    /// Until when exchanges must wire.
    pub(super) deadline: Timestamp,
    /// The exchanges whose coins pay.
    pub(super) exchanges: Vec<BaseUrl>,
}

impl CoinSettlement {
    /// When the exchanges are asked about `order`, if that is paid `now`.
    pub(super) fn due(&self, order: OrderSerial, now: Timestamp) -> Timestamp {
        schedule::first(order, self.deadline, now)
    }
}

impl Till {
    /// The exchanges that are to be asked now about money that they should have wired. Done by the clock, and after a
    /// start.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn due_settlements(&self) -> Result<DueSettlements, Error> {
        // What is added from here on wakes, whenever it is due.
        self.settling.sleeps_until_s.store(u64::MAX, Ordering::SeqCst);
        let mut due = DueSettlements { visits: Vec::new(), wait: LONGEST_SLEEP };
        if !self.is_time_sure() {
            due.wait = UNSURE_SLEEP;
            return Ok(due);
        }
        let (now, instant) = (self.clock.now(), self.clock.instant());
        for exchange in self.known_exchanges() {
            let url = &exchange.trusted().base_url;
            let next = self.store.read_in_place(|db| next(db, url))?;
            let Some(wait) = next.and_then(|next| self.clock.until(next)) else { continue };
            let wait = match wait.is_zero() {
                false => wait,
                true => match self.settling.visit(&exchange, instant) {
                    Ok(visit) => {
                        due.visits.push(visit);
                        continue;
                    }
                    Err(Some(rest)) => rest,
                    // Its end wakes the job.
                    Err(None) => continue,
                },
            };
            due.wait = due.wait.min(wait);
        }
        let until = now.secs().unwrap_or_default().saturating_add(due.wait.as_secs());
        self.settling.sleeps_until_s.store(until, Ordering::SeqCst);
        Ok(due)
    }

    /// Asks one exchange whatever it is to be asked now, one question after the other, as long as it answers.
    pub async fn settle(&self, visit: SettlementVisit) {
        let url = &visit.exchange.trusted().base_url;
        loop {
            match Box::pin(self.ask_next(&visit.exchange)).await {
                Ok(true) => self.settling.answered(url),
                Ok(false) => return,
                Err(error) => {
                    let rest = self.settling.rest(url, self.clock.instant()).as_secs();
                    let line = format_args!(
                        "{url}: what was wired is not known, retrying in {rest} s: {error}"
                    );
                    log_limit::warn("exchanges that do not say what they have wired", line);
                    return;
                }
            }
        }
    }

    /// Waits until there may be something for [`Till::due_settlements`] before its time.
    pub async fn settlement_added(&self) {
        self.settling.added.notified().await;
    }

    /// Something is to be asked at `due`: the job wakes if it would sleep longer.
    pub(super) fn note_settlement(&self, due: Timestamp) {
        let due_s = due.secs().unwrap_or(u64::MAX);
        if due_s < self.settling.sleeps_until_s.load(Ordering::SeqCst) {
            self.settling.added.notify_one();
        }
    }
}

/// When an exchange is to be asked something next.
fn next(db: &Read<'_>, url: &BaseUrl) -> Result<Option<Timestamp>, Error> {
    let order = settlements::next_due(db, url)?;
    let list = transfer_rows::next_due(db, url)?;
    Ok(order.into_iter().chain(list).min())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(name: &str) -> BaseUrl {
        BaseUrl::parse(format!("https://{name}.example/")).unwrap()
    }

    #[test]
    fn an_exchange_that_does_not_answer_rests_a_day_at_most_and_others_do_not() {
        let settling = Settling::default();
        let now = Instant::now();
        let rests: Vec<_> = (0..8).map(|_| settling.rest(&url("one"), now).as_secs()).collect();
        assert_eq!(rests, [60, 300, 1_800, 7_200, 21_600, 86_400, 86_400, 86_400]);
        assert_eq!(settling.rest(&url("two"), now).as_secs(), 60);
        settling.answered(&url("one"));
        assert_eq!(settling.rest(&url("one"), now).as_secs(), 60);
    }

    #[test]
    fn an_exchange_is_asked_ten_times_at_once_and_then_once_a_second() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut contact = Contact::default();
        for seconds in std::iter::repeat_n(0, 10).chain(1..5) {
            assert_eq!(contact.turn(start), at(seconds));
        }
        // After a rest there is time for some again.
        for seconds in [7, 7, 7, 8] {
            assert_eq!(contact.turn(at(7)), at(seconds));
        }
    }
}
