//! Locks: at most one payment works on an order, and at most one task talks with an exchange about
//! the coins of an order.
//!
//! A payment takes the order's lock and then those at the exchanges of its coins, in the order of their
//! base URLs. Background work takes the lock at one exchange only, so that an exchange
//! that hangs does not delay the work with another one for the same order. A task that holds the lock at an
//! exchange never waits for the order's, so there is no deadlock.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{Mutex as Turnstile, OwnedMutexGuard};

use crate::model::order::OrderSerial;
use taler::web::BaseUrl;

/// Most turns that are taken, or waited for, at the same time.
const MAX_AT_ONCE: usize = 1024;

/// The locks in use. Cheap to clone; all clones share them.
#[derive(Clone, Debug, Default)]
pub(super) struct OrderLocks(Arc<Mutex<Waiting>>);

/// The subject of a lock: an order, or its coins at one exchange.
type Subject = (OrderSerial, Option<BaseUrl>);

type Waiting = HashMap<Subject, Arc<Turnstile<()>>>;

/// A turn; over when dropped.
#[derive(Debug)]
pub(super) struct OrderLock {
    locks: OrderLocks,
    subject: Subject,
    guard: Option<OwnedMutexGuard<()>>,
}

impl OrderLocks {
    /// Waits for the turn to pay `order`; `None` when too many are under way.
    pub(super) async fn take(&self, order: OrderSerial) -> Option<OrderLock> {
        self.take_of((order, None)).await
    }

    /// Waits for the turn to ask `exchange` about coins of `order`; `None` when too many are under
    /// way.
    pub(super) async fn take_at(
        &self,
        order: OrderSerial,
        exchange: &BaseUrl,
    ) -> Option<OrderLock> {
        self.take_of((order, Some(exchange.clone()))).await
    }

    async fn take_of(&self, subject: Subject) -> Option<OrderLock> {
        let turnstile = {
            let mut waiting = self.waiting();
            if waiting.len() >= MAX_AT_ONCE && !waiting.contains_key(&subject) {
                return None;
            }
            waiting.entry(subject.clone()).or_default().clone()
        };
        // Created first, so that a task that stops waiting leaves nothing behind.
        let mut lock = OrderLock { locks: self.clone(), subject, guard: None };
        lock.guard = Some(turnstile.lock_owned().await);
        Some(lock)
    }

    /// Whether any task holds or awaits a lock of `order`.
    pub(super) fn is_taken(&self, order: OrderSerial) -> bool {
        self.waiting().keys().any(|(taken, _)| *taken == order)
    }

    /// Whether any task holds or awaits the lock of `order` or its lock at `exchange`.
    pub(super) fn is_taken_at(&self, order: OrderSerial, exchange: &BaseUrl) -> bool {
        let waiting = self.waiting();
        [None, Some(exchange.clone())].into_iter().any(|at| waiting.contains_key(&(order, at)))
    }

    fn waiting(&self) -> std::sync::MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for OrderLock {
    fn drop(&mut self) {
        let mut waiting = self.locks.waiting();
        self.guard.take();
        // Waiting tasks hold a reference too.
        if waiting.get(&self.subject).is_some_and(|turnstile| Arc::strong_count(turnstile) == 1) {
            waiting.remove(&self.subject);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[actix_web::test]
    async fn exchanges_of_one_order_do_not_wait_for_each_other() {
        let locks = OrderLocks::default();
        let url = |name: &str| BaseUrl::parse(format!("https://{name}.example/")).unwrap();
        let order = OrderSerial(1);
        let at_one = locks.take_at(order, &url("one")).await.unwrap();
        assert!(locks.is_taken(order) && locks.is_taken_at(order, &url("one")));
        assert!(!locks.is_taken_at(order, &url("two")));
        let (at_other, payment) =
            (locks.take_at(order, &url("two")).await, locks.take(order).await);
        assert!(at_other.is_some() && payment.is_some());
        // A payment may be about to ask any exchange.
        drop((at_one, at_other));
        assert!(locks.is_taken_at(order, &url("two")));
        drop(payment);
        assert!(!locks.is_taken(order));
        assert!(locks.waiting().is_empty());
    }

    #[actix_web::test]
    async fn one_at_a_time_has_a_turn_and_nothing_is_left_behind() {
        let locks = OrderLocks::default();
        let (first, other) = (OrderSerial(1), OrderSerial(2));
        let lock = locks.take(first).await.unwrap();
        assert!(locks.take(other).await.is_some());
        let waiting = tokio::spawn({
            let locks = locks.clone();
            async move { locks.take(first).await.is_some() }
        });
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        drop(lock);
        assert!(waiting.await.unwrap());
        assert!(!locks.is_taken(first));
        assert!(locks.waiting().is_empty());
    }

    #[actix_web::test]
    async fn a_cancelled_wait_leaves_nothing_behind() {
        let locks = OrderLocks::default();
        let lock = locks.take(OrderSerial(1)).await.unwrap();
        let waiting = tokio::spawn({
            let locks = locks.clone();
            async move { locks.take(OrderSerial(1)).await }
        });
        tokio::task::yield_now().await;
        waiting.abort();
        assert!(waiting.await.unwrap_err().is_cancelled());
        drop(lock);
        assert!(locks.waiting().is_empty());
    }
}
