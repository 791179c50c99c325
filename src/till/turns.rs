//! Turns: one at a time works on the coins of an order.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{Mutex as Turnstile, OwnedMutexGuard};

use crate::domain::order::OrderSerial;

/// Most orders whose coins are worked on, or waited for, at the same time.
const MAX_AT_ONCE: usize = 1024;

/// Who works on which order. Cheap to clone; all clones are one.
#[derive(Clone, Debug, Default)]
pub(super) struct Turns(Arc<Mutex<Waiting>>);

type Waiting = HashMap<OrderSerial, Arc<Turnstile<()>>>;

/// A turn; over when dropped.
#[derive(Debug)]
pub(super) struct Turn {
    turns: Turns,
    order: OrderSerial,
    guard: Option<OwnedMutexGuard<()>>,
}

impl Turns {
    /// Waits for a turn with `order`; `None` when too many are under way.
    pub(super) async fn take(&self, order: OrderSerial) -> Option<Turn> {
        let turnstile = {
            let mut waiting = self.waiting();
            if waiting.len() >= MAX_AT_ONCE && !waiting.contains_key(&order) {
                return None;
            }
            waiting.entry(order).or_default().clone()
        };
        // Made first, so that whoever stops waiting leaves nothing behind.
        let mut turn = Turn { turns: self.clone(), order, guard: None };
        turn.guard = Some(turnstile.lock_owned().await);
        Some(turn)
    }

    /// Is somebody working on `order`, or waiting to?
    pub(super) fn is_taken(&self, order: OrderSerial) -> bool {
        self.waiting().contains_key(&order)
    }

    fn waiting(&self) -> std::sync::MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut waiting = self.turns.waiting();
        self.guard.take();
        // Whoever waits holds it too.
        if waiting.get(&self.order).is_some_and(|turnstile| Arc::strong_count(turnstile) == 1) {
            waiting.remove(&self.order);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[actix_web::test]
    async fn one_at_a_time_has_a_turn_and_nothing_is_left_behind() {
        let turns = Turns::default();
        let (first, other) = (OrderSerial(1), OrderSerial(2));
        let turn = turns.take(first).await.unwrap();
        assert!(turns.take(other).await.is_some());
        let waiting = tokio::spawn({
            let turns = turns.clone();
            async move { turns.take(first).await.is_some() }
        });
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        drop(turn);
        assert!(waiting.await.unwrap());
        assert!(!turns.is_taken(first));
        assert!(turns.waiting().is_empty());
    }

    #[actix_web::test]
    async fn whoever_stops_waiting_leaves_nothing_behind() {
        let turns = Turns::default();
        let turn = turns.take(OrderSerial(1)).await.unwrap();
        let waiting = tokio::spawn({
            let turns = turns.clone();
            async move { turns.take(OrderSerial(1)).await }
        });
        tokio::task::yield_now().await;
        waiting.abort();
        assert!(waiting.await.unwrap_err().is_cancelled());
        drop(turn);
        assert!(turns.waiting().is_empty());
    }
}
