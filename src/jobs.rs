//! Background jobs: the use cases that run by time and not by request.
//!
//! Each exchange's keys are fetched soon after the start and again before they expire, so
//! that no payment waits for them. Every job is a loop that ends when it is dropped;
//! every job can be interrupted at any point.

use std::time::Duration;

use futures_util::stream::{FuturesUnordered, StreamExt};

use crate::till::{Exchange, Till};
use system::log_limit;

/// Longest sleep; limits the delay after the clock was set.
const MAX_KEY_INTERVAL: Duration = Duration::from_secs(3600);
/// Shortest sleep, whatever expiry an exchange states.
const MIN_KEY_INTERVAL: Duration = Duration::from_secs(1);
/// Backoff after the first failure of an exchange; it doubles with each further one.
const KEY_RETRY: Duration = Duration::from_secs(30);
/// Longest backoff.
const MAX_KEY_RETRY: Duration = Duration::from_secs(600);

/// Interval between checks for pending work.
const PENDING_INTERVAL: Duration = Duration::from_secs(30);
/// Interval between looks whether an account is to be checked at an exchange: they read a few rows.
const KYC_INTERVAL: Duration = Duration::from_secs(60);
/// Interval at which the current time is stored, so that the next start notices a clock that jumped.
/// Half an hour wears out no SD card, and is well below the jump that is noticed.
const TIME_INTERVAL: Duration = Duration::from_secs(1800);

/// Interval between checks whether a command has added or removed an exchange: an operator who adds one
/// tries it at once, and the check only reads a few rows.
const EXCHANGES: Duration = Duration::from_secs(5);

/// Interval between checks for expired orders, old deliveries and free pages.
const DELETION_INTERVAL: Duration = Duration::from_secs(600);
/// Pause between two batches of deletions, so that other writes get their turn.
const BATCH_PAUSE: Duration = Duration::from_millis(100);

/// Runs all jobs until it is dropped.
pub async fn run(till: Till) {
    tokio::join!(
        keep_all_fresh(&till),
        resume_pending(&till),
        record_time(&till),
        till.tell_webhooks(),
        follow_money(&till),
        check_kyc(&till),
        delete_unpaid(&till)
    );
}

/// Deletes expired unpaid orders of templates and old deliveries to webhooks, and returns free pages to the
/// disk.
async fn delete_unpaid(till: &Till) {
    loop {
        let deleted = till.delete_expired_orders().await;
        let deleted = deleted.inspect_err(|error| {
            log::warn!("unpaid orders of templates could not be deleted: {error}");
        });
        let old = till.delete_old_deliveries().await.inspect_err(|error| {
            log::warn!("old deliveries to webhooks could not be deleted: {error}");
        });
        let given = till.give_space_back().await.inspect_err(|error| {
            log::warn!("free pages could not be returned to the disk: {error}");
        });
        // Nothing is hurried while the store has trouble.
        let more = match (deleted, old, given) {
            (Ok(deleted), Ok(old), Ok(given)) => deleted || old || given,
            _ => false,
        };
        tokio::time::sleep(if more { BATCH_PAUSE } else { DELETION_INTERVAL }).await;
    }
}

/// Completes unfinished payments and refunds, after the start
/// and at intervals. The work of one exchange does not wait for another: its group
/// starts when it is due. There is at most one running group an exchange.
async fn resume_pending(till: &Till) {
    let mut groups = FuturesUnordered::new();
    loop {
        match till.pending_work().await {
            Ok(due) => groups.extend(due.into_iter().map(|group| till.finish(group))),
            Err(error) => {
                let line = format_args!("pending work failed: {error}");
                log_limit::warn("failures of pending work", line);
            }
        }
        let next = tokio::time::sleep(PENDING_INTERVAL);
        tokio::pin!(next);
        loop {
            tokio::select! {
                () = &mut next => break,
                () = till.work_added() => break,
                // The next check finds work added for this exchange meanwhile.
                Some(()) = groups.next() => {}
            }
        }
    }
}

/// Asks exchanges how the shops' accounts stand, where that matters.
async fn check_kyc(till: &Till) {
    loop {
        tokio::time::sleep(KYC_INTERVAL).await;
        if let Err(error) = till.check_kyc().await {
            let line = format_args!("accounts could not be checked: {error}");
            log_limit::warn("failures to check accounts", line);
        }
    }
}

/// Follows the money of paid orders to the bank. It wakes only when something is due; exchanges are asked beside
/// each other.
async fn follow_money(till: &Till) {
    let mut visits = FuturesUnordered::new();
    loop {
        let wait = match till.due_settlements() {
            Ok(due) => {
                visits.extend(due.visits.into_iter().map(|visit| till.settle(visit)));
                due.wait
            }
            Err(error) => {
                let line = format_args!("money on its way could not be looked up: {error}");
                log_limit::warn("failures to look up money on its way", line);
                PENDING_INTERVAL
            }
        };
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = till.settlement_added() => {}
            Some(()) = visits.next() => {}
        }
    }
}

/// Stores the current time at intervals. Not at the start: it was stored before, or is with the next
/// token created.
async fn record_time(till: &Till) {
    loop {
        tokio::time::sleep(TIME_INTERVAL).await;
        if let Err(error) = till.keep_time().await {
            log::warn!("the current time could not be stored: {error}");
        }
    }
}

/// Keeps the keys of all offered exchanges up to date, as exchanges are added and removed.
async fn keep_all_fresh(till: &Till) {
    let (mut running, mut loops) = (Vec::<Exchange>::new(), FuturesUnordered::new());
    loop {
        if let Err(error) = till.read_exchanges() {
            let line = format_args!("the trusted exchanges could not be read: {error}");
            log_limit::warn("failures to read the exchanges", line);
        }
        for exchange in till.offered_exchanges() {
            let is_known = |one: &Exchange| one.trusted() == exchange.trusted();
            if !running.iter().any(is_known) {
                running.push(exchange.clone());
                loops.push(refresh_keys(till, exchange));
            }
        }
        let next = tokio::time::sleep(EXCHANGES);
        tokio::pin!(next);
        loop {
            tokio::select! {
                () = &mut next => break,
                () = till.exchanges_changed() => break,
                Some(gone) = loops.next() => {
                    running.retain(|one| one.trusted() != gone.trusted());
                }
            }
        }
    }
}

/// Keeps one exchange's keys up to date while it is offered.
async fn refresh_keys(till: &Till, exchange: Exchange) -> Exchange {
    let mut pause = KEY_RETRY;
    while let Some(refreshed) = till.refresh_exchange(&exchange).await {
        let wait = match refreshed.failed {
            true => refreshed.wait.max(pause),
            false => refreshed.wait,
        };
        pause = match refreshed.failed {
            true => pause.saturating_mul(2).min(MAX_KEY_RETRY),
            false => KEY_RETRY,
        };
        tokio::time::sleep(wait.clamp(MIN_KEY_INTERVAL, MAX_KEY_INTERVAL)).await;
    }
    exchange
}
