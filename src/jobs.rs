//! The clock's door: what the till does without being asked.
//!
//! Each exchange's keys are fetched soon after the start and again before they are out of date, so
//! that no payment waits for them. Every job is a loop of its own that ends when it is dropped;
//! nothing it does must be finished.

use std::time::Duration;

use futures_util::stream::{FuturesUnordered, StreamExt};

use crate::till::{Exchange, Till};
use system::log_limit;

/// How long is slept at most: a clock may have been set meanwhile.
const MAX_KEY_INTERVAL: Duration = Duration::from_secs(3600);
/// How long is slept at least, whatever an exchange says.
const MIN_KEY_INTERVAL: Duration = Duration::from_secs(1);
/// How long an exchange that fails is left alone, the first time; twice as long each time after.
const KEY_RETRY: Duration = Duration::from_secs(30);
/// How long it is left alone at most.
const MAX_KEY_RETRY: Duration = Duration::from_secs(600);

/// How often what is unfinished with exchanges is looked after.
const PENDING_INTERVAL: Duration = Duration::from_secs(30);
/// How often it is kept what time it is, so that a clock that jumps is noticed after the next start.
/// Once in half an hour wears out no card, and is well within the jump that is noticed.
const TIME_INTERVAL: Duration = Duration::from_secs(1800);

/// How often it is looked whether a command has added or removed an exchange: whoever has added one
/// tries it at once, and it costs no more than reading a few rows.
const EXCHANGES: Duration = Duration::from_secs(5);

/// How often it is looked whether something is to be deleted, and room to be given back.
const DELETION_INTERVAL: Duration = Duration::from_secs(600);
/// How long is waited between one part of that and the next, so that others come in between.
const BATCH_PAUSE: Duration = Duration::from_millis(100);

/// Does all jobs, until it is dropped.
pub async fn run(till: Till) {
    tokio::join!(
        keep_all_fresh(&till),
        resume_pending(&till),
        record_time(&till),
        delete_unpaid(&till)
    );
}

/// Deletes what strangers have left behind, and gives the room of what was deleted back to the disk.
async fn delete_unpaid(till: &Till) {
    loop {
        let deleted = till.delete_expired_orders().await;
        let deleted = deleted.inspect_err(|error| {
            log::warn!("unpaid orders of templates could not be deleted: {error}");
        });
        let given = till.give_space_back().await.inspect_err(|error| {
            log::warn!("room could not be given back to the disk: {error}");
        });
        let more = matches!((&deleted, &given), (Ok(true), Ok(_)) | (Ok(_), Ok(true)));
        tokio::time::sleep(if more { BATCH_PAUSE } else { DELETION_INTERVAL }).await;
    }
}

/// Finishes payments and refunds that were begun: after the start, when something was left over,
/// and from time to time. What is unfinished with one exchange does not wait for another one: its group
/// is begun when it is due, whatever the others are doing. There is one group an exchange at most.
async fn resume_pending(till: &Till) {
    let mut groups = FuturesUnordered::new();
    loop {
        match till.pending_work().await {
            Ok(due) => groups.extend(due.into_iter().map(|group| till.finish(group))),
            Err(error) => {
                let line = format_args!("what is unfinished could not be looked after: {error}");
                log_limit::warn("times that unfinished work could not be looked after", line);
            }
        }
        let next = tokio::time::sleep(PENDING_INTERVAL);
        tokio::pin!(next);
        loop {
            tokio::select! {
                () = &mut next => break,
                () = till.errand() => break,
                // What came for this exchange meanwhile is found by the next look.
                Some(()) = groups.next() => {}
            }
        }
    }
}

/// Keeps what time it is, from time to time. Not at the start: it was kept before, or is with the next
/// token that is made.
async fn record_time(till: &Till) {
    loop {
        tokio::time::sleep(TIME_INTERVAL).await;
        if let Err(error) = till.keep_time().await {
            log::warn!("what time it is could not be kept: {error}");
        }
    }
}

/// Keeps the keys of all exchanges at hand that are offered, whichever those are by and by.
async fn keep_all_fresh(till: &Till) {
    let (mut running, mut loops) = (Vec::<Exchange>::new(), FuturesUnordered::new());
    loop {
        if let Err(error) = till.read_exchanges() {
            let line = format_args!("which exchanges are trusted could not be read: {error}");
            log_limit::warn("times that exchanges could not be read", line);
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

/// Keeps one exchange's keys at hand, until it is not offered any more.
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
