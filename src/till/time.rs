//! Whether the clock may be believed where something would be deleted or given back for good because
//! its time is over. A clock that was wrong for an hour must not have forfeited anything: what is only
//! refused is possible again once the clock is right.

use std::sync::{MutexGuard, PoisonError};

use super::{Error, Till};
use crate::store::{self, Store, clock};
use system::clock::{Clock, ClockMonitor, ClockState};
use taler::time::Timestamp;

/// A witness of what time it is, which knows what the database saw last: the time that was kept, or
/// when there is none, that of the newest order or refund.
pub(super) fn witness(store: &Store, the_clock: &Clock) -> ClockMonitor {
    let seen = store.read_in_place::<_, store::Error>(|db| match clock::find(db)? {
        Some(seen) => Ok(Some(seen)),
        None => store::newest(db),
    });
    let seen = seen.unwrap_or_else(|error: store::Error| {
        log::warn!("the last known time cannot be read: {error}");
        None
    });
    ClockMonitor::new(seen.unwrap_or_else(|| the_clock.now()), the_clock.instant())
}

impl Till {
    /// Whether something may be deleted, or refunded for good, only because the clock says that its time is
    /// over. Not while the clock cannot be right, or has jumped and not gone right for a while since.
    pub(super) fn is_time_sure(&self) -> bool {
        self.judge_time().1 == ClockState::Sure
    }

    /// Keeps what time it is, if that is sure. For the daemon, from time to time; it is kept with every
    /// token that is made, too, so that there is a time before anything can be forfeited.
    ///
    /// # Errors
    /// Errors of the store.
    pub async fn keep_time(&self) -> Result<(), Error> {
        let (now, verdict) = self.judge_time();
        match verdict {
            ClockState::Sure => self.store.write(move |tx| Ok(clock::upsert(tx, now)?)).await,
            ClockState::NeverSet | ClockState::Jumped { .. } => Ok(()),
        }
    }

    /// Whether work waits for a verified clock and this is not logged yet. True once for each jump.
    pub(super) fn is_first_to_wait_for_clock(&self) -> bool {
        self.witness().is_first_to_wait()
    }

    fn witness(&self) -> MutexGuard<'_, ClockMonitor> {
        self.witness.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn judge_time(&self) -> (Timestamp, ClockState) {
        let now = self.clock.now();
        let (verdict, is_news) = self.witness().judge(now, self.clock.instant());
        if let (ClockState::Jumped { by_s, proof_s }, true) = (verdict, is_news) {
            log::info!(
                "the clock differs by {by_s} s from the last known time; nothing is deleted by age \
                 until it has run steadily for {proof_s} s"
            );
        }
        (now, verdict)
    }
}
