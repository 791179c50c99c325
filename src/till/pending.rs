//! Completes pending work with exchanges in the background: coins of which it is not
//! known whether their exchange has them, refunds that no exchange has confirmed, coins of payments that
//! failed.
//!
//! The work is grouped by exchange. The groups run concurrently, so that an exchange that is down
//! does not delay work with others; an order with coins of several is in the group of each. An
//! exchange that does not answer is skipped for a while, with the rest of its group.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures_util::stream::{StreamExt, iter};

use super::{Error, Till};
use crate::model::order::OrderSerial;
use crate::store::{coin_refunds, deposits, instances, orders, partial_payments};
use taler::web::BaseUrl;

/// Orders that one exchange is asked about at the same time: enough to catch up quickly, and no burden
/// for a small exchange.
const AT_ONCE: usize = 4;
/// First backoff of an exchange that does not answer; it doubles with each further failure
/// after.
const FIRST_REST: Duration = Duration::from_secs(30);
/// Longest backoff: customers wait for their refunds once the exchange answers again.
const LONGEST_REST: Duration = Duration::from_secs(300);

/// Pending work with one exchange.
#[derive(Debug)]
pub struct PendingWork {
    exchange_url: BaseUrl,
    /// Orders with coins of which it is unknown whether the exchange has them.
    deposits: Vec<OrderSerial>,
    /// Orders with refunds that it has not answered.
    refunds: Vec<OrderSerial>,
    _visit: Visit,
}

/// State of the exchanges with background work. Cheap to clone; all clones share it.
#[derive(Clone, Debug, Default)]
pub(super) struct Contacts(Arc<Mutex<HashMap<BaseUrl, Contact>>>);

#[derive(Debug, Default)]
struct Contact {
    /// Its group is being worked on.
    is_busy: bool,
    /// There may be more for its group, which was found while that was worked on.
    has_more: bool,
    /// Number of consecutive requests without an answer.
    silences: u32,
    /// Until when it is left alone.
    rests_until: Option<Instant>,
}

/// An exchange's group is being worked on until this is dropped.
#[derive(Debug)]
struct Visit {
    contacts: Contacts,
    exchange_url: BaseUrl,
}

impl Drop for Visit {
    fn drop(&mut self) {
        if let Some(contact) = self.contacts.all().get_mut(&self.exchange_url) {
            contact.is_busy = false;
        }
    }
}

impl Contacts {
    fn all(&self) -> MutexGuard<'_, HashMap<BaseUrl, Contact>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins to work with an exchange; `None` while another task does, or during its backoff.
    fn visit(&self, url: &BaseUrl, now: Instant) -> Option<Visit> {
        let mut all = self.all();
        let contact = all.entry(url.clone()).or_default();
        let rests = contact.rests_until.is_some_and(|until| now < until);
        if contact.is_busy || rests {
            contact.has_more = contact.is_busy;
            return None;
        }
        (contact.is_busy, contact.has_more) = (true, false);
        drop(all);
        Some(Visit { contacts: self.clone(), exchange_url: url.clone() })
    }

    /// The exchange did not answer. For how long it is left alone now.
    fn rest(&self, url: &BaseUrl, now: Instant) -> Duration {
        let mut all = self.all();
        let contact = all.entry(url.clone()).or_default();
        let doubled = 2_u32.saturating_pow(contact.silences);
        let rest = FIRST_REST.saturating_mul(doubled).min(LONGEST_REST);
        contact.silences = contact.silences.saturating_add(1);
        contact.rests_until = now.checked_add(rest);
        rest
    }

    /// Whether more was found for the group of this exchange while it was worked on.
    fn has_more(&self, url: &BaseUrl) -> bool {
        self.all().get(url).is_some_and(|contact| contact.has_more)
    }

    /// Records that the exchange has answered any task. Whether it was in backoff until now.
    pub(super) fn answered(&self, url: &BaseUrl) -> bool {
        match self.all().get_mut(url) {
            Some(contact) => {
                contact.silences = 0;
                contact.rests_until.take().is_some()
            }
            None => false,
        }
    }
}

/// One order of a group, and what is to be done about it.
#[derive(Clone, Copy)]
enum Task {
    Deposit(OrderSerial),
    Refund(OrderSerial),
}

impl Task {
    const fn name(self) -> &'static str {
        match self {
            Self::Deposit(_) => "deposit not confirmed yet",
            Self::Refund(_) => "refund not answered yet",
        }
    }
}

impl Till {
    /// Pending work with exchanges that can be asked now, a group an exchange; the groups are for
    /// [`Till::finish`], beside each other. Done by the clock, and after a start.
    ///
    /// # Errors
    /// Errors of the store.
    pub async fn pending_work(&self) -> Result<Vec<PendingWork>, Error> {
        self.return_expired_parts().await?;
        if self.store.read(|db| Ok::<_, Error>(instances::is_any_deletion_open(db)?)).await? {
            self.store.write(|tx| Ok::<_, Error>(instances::finish_deletions(tx)?)).await?;
        }
        let found = self
            .store
            .read::<_, Error>(|db| Ok((deposits::unfinished(db)?, coin_refunds::open(db)?)));
        let (deposits, refunds) = found.await?;
        let mut groups: BTreeMap<BaseUrl, (Vec<OrderSerial>, Vec<OrderSerial>)> = BTreeMap::new();
        for (order, url) in deposits {
            groups.entry(url).or_default().0.push(order);
        }
        for (order, url) in refunds {
            groups.entry(url).or_default().1.push(order);
        }
        let now = self.clock.instant();
        let free = groups.into_iter().filter_map(|(exchange_url, (deposits, refunds))| {
            let _visit = self.contacts.visit(&exchange_url, now)?;
            Some(PendingWork { exchange_url, deposits, refunds, _visit })
        });
        Ok(free.collect())
    }

    /// Finishes what is unfinished with one exchange, as far as it answers.
    pub async fn finish(&self, work: PendingWork) {
        let (url, is_silent) = (&work.exchange_url, &AtomicBool::new(false));
        let counts = (work.deposits.len(), work.refunds.len());
        let deposits = work.deposits.iter().map(|order| Task::Deposit(*order));
        let tasks = deposits.chain(work.refunds.iter().map(|order| Task::Refund(*order)));
        iter(tasks)
            .map(|task| async move {
                if is_silent.load(Ordering::Relaxed) {
                    return;
                }
                if let Err(error) = Box::pin(self.finish_one(task, url)).await {
                    self.log_retry(task, url, &error, is_silent, counts);
                }
            })
            .buffer_unordered(AT_ONCE)
            .collect::<()>()
            .await;
        let url = url.clone();
        drop(work);
        if self.contacts.has_more(&url) {
            self.pending_work.notify_one();
        }
    }

    /// Logs why a task is not complete yet; for an exchange that does not answer only once, because the rest of
    /// its group waits then.
    fn log_retry(
        &self,
        task: Task,
        url: &BaseUrl,
        error: &Error,
        is_silent: &AtomicBool,
        (deposits, refunds): (usize, usize),
    ) {
        if !matches!(error, Error::Exchange(exchange_error) if exchange_error.cause.is_silence()) {
            let (what, Task::Deposit(order) | Task::Refund(order)) = (task.name(), task);
            let found = self.store.read_in_place(|db| orders::find_by_serial(db, order));
            let id =
                found.ok().flatten().map_or_else(String::new, |order| order.order_id.to_string());
            log::warn!("order {id} at {url}: {what}, retrying: {error}");
        } else if !is_silent.swap(true, Ordering::Relaxed) {
            let rest = self.contacts.rest(url, self.clock.instant()).as_secs();
            log::warn!(
                "{error}; {deposits} orders with unconfirmed deposits and {refunds} with unconfirmed \
                 refunds are waiting, retrying in {rest} s"
            );
        }
    }

    async fn finish_one(&self, task: Task, url: &BaseUrl) -> Result<(), Error> {
        match task {
            Task::Deposit(order) => self.resume(order, url).await,
            Task::Refund(order) => {
                let obstacles = self.send_refunds_to(order, url).await?;
                // That it has not seen a coin yet is no trouble: it is asked again until none can come.
                let obstacles = obstacles.into_iter().map(|(_, exchange_error)| exchange_error);
                let worst =
                    obstacles.filter(|exchange_error| !exchange_error.cause.was_never_there());
                match worst.max_by_key(|exchange_error| exchange_error.cause.is_silence()) {
                    Some(exchange_error) => Err(exchange_error.into()),
                    None => Ok(()),
                }
            }
        }
    }

    /// Gives the coins back of orders whose time to pay is over, if that is sure: what is refunded
    /// cannot be taken again when the clock turns out to have been wrong.
    async fn return_expired_parts(&self) -> Result<(), Error> {
        let now = self.clock.now();
        let expired = self.store.read(move |db| partial_payments::expired(db, now)).await?;
        if expired.is_empty() {
            return Ok(());
        }
        if !self.is_time_sure() {
            if self.is_first_to_wait_for_clock() {
                let count = expired.len();
                log::info!("{count} partially paid orders have expired, by this clock");
            }
            return Ok(());
        }
        for serial in expired {
            if let Err(error) = self.refund_incomplete(serial, now).await {
                log::warn!("coins of an expired order are not refunded yet, retrying: {error}");
            }
        }
        Ok(())
    }

    /// Keeps in mind that an exchange answers: what waits for it need not wait any longer.
    pub(super) fn note_answer(&self, url: &BaseUrl) {
        if self.contacts.answered(url) {
            self.pending_work.notify_one();
        }
    }

    /// Waits until there may be something for [`Till::pending_work`] before its time.
    pub async fn work_added(&self) {
        self.pending_work.notified().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(name: &str) -> BaseUrl {
        BaseUrl::parse(format!("https://{name}.example/")).unwrap()
    }

    #[test]
    fn an_exchange_that_does_not_answer_rests_longer_and_longer_and_others_do_not() {
        let contacts = Contacts::default();
        let (one, other) = (url("one"), url("two"));
        let (mut now, mut rests) = (Instant::now(), Vec::new());
        for _ in 0..6 {
            drop(contacts.visit(&one, now).unwrap());
            let rest = contacts.rest(&one, now);
            now += rest - Duration::from_millis(1);
            assert!(contacts.visit(&one, now).is_none() && contacts.visit(&other, now).is_some());
            now += Duration::from_millis(1);
            rests.push(rest.as_secs());
        }
        assert_eq!(rests, [30, 60, 120, 240, 300, 300]);
        // Any answer of the exchange ends its backoff.
        contacts.rest(&one, now);
        assert!(contacts.answered(&one) && !contacts.answered(&one) && !contacts.answered(&other));
        assert!(contacts.visit(&one, now).is_some());
        assert_eq!(contacts.rest(&one, now), FIRST_REST);
    }

    #[test]
    fn one_at_a_time_asks_an_exchange() {
        let (contacts, now) = (Contacts::default(), Instant::now());
        let visit = contacts.visit(&url("one"), now).unwrap();
        assert!(contacts.visit(&url("one"), now).is_none());
        assert!(contacts.visit(&url("two"), now).is_some());
        drop(visit);
        // Work added meanwhile is done at once.
        assert!(contacts.has_more(&url("one")) && !contacts.has_more(&url("two")));
        assert!(contacts.visit(&url("one"), now).is_some());
        assert!(!contacts.has_more(&url("one")));
    }
}
