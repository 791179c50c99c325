//! Somebody else holds the file for a while: reading goes on, writing waits or is told when to come
//! back, and afterwards all goes on by itself.

use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use rusqlite::Connection;

use crate::book::{Answer, Counter};
use crate::common::shop::Shop;
use crate::trade::{CUSTOMERS, Queue};

/// The longest that anybody may be kept waiting: as long as the lock, and some time to work.
const MARGIN: Duration = Duration::from_secs(4);

/// Customers come while the file is held for so long; how many of their steps were refused.
fn held(how: &str, lasting: Duration) -> usize {
    let shop = Shop::new();
    let mut queues: Vec<_> = (0..CUSTOMERS)
        .map(|n| Queue::new(format!("held-{n}"), 77 + u64::try_from(n).unwrap()))
        .collect();
    let (done, dones) = channel();
    let (freed, is_free) = channel::<()>();
    let is_free = std::sync::Mutex::new(is_free);
    let refused = std::sync::atomic::AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for queue in &mut queues {
            let (shop, done, is_free, refused) = (&shop, done.clone(), &is_free, &refused);
            scope.spawn(move || {
                let till = Counter::new(&shop.daemon.address, &shop.token);
                queue.serve(&till, None, &done, |answer| {
                    if let Answer::NotNow(status, code) = answer {
                        assert_eq!((*status, *code), (503, 55));
                        refused.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                    }
                    *answer != Answer::Done || is_free.lock().unwrap().try_recv().is_err()
                });
            });
        }
        drop(done);
        for _ in 0..20 {
            dones.recv().unwrap();
        }
        let other = Connection::open(shop.place.db()).unwrap();
        other.busy_timeout(MARGIN).unwrap();
        other.execute_batch(how).unwrap();
        // Answers of what was written before are still under way.
        while dones.recv_timeout(Duration::from_millis(200)).is_ok() {}
        let begun = Instant::now();
        // Nobody writes; everybody may read.
        while let Some(rest) = lasting.checked_sub(begun.elapsed()) {
            for path in ["/private", "/private/orders", "/config"] {
                let asked = Instant::now();
                assert_eq!(shop.get(path).status, 200, "{path}");
                assert!(asked.elapsed() < MARGIN / 2, "{path}: {:?}", asked.elapsed());
            }
            let done = dones.recv_timeout(rest.min(Duration::from_millis(50)));
            assert_eq!(done, Err(RecvTimeoutError::Timeout), "written under a lock");
        }
        other.execute_batch("ROLLBACK").unwrap();
        drop(other);
        // By itself, and soon.
        for _ in 0..40 {
            assert!(dones.recv_timeout(MARGIN).is_ok(), "it does not go on");
        }
        for _ in 0..CUSTOMERS {
            freed.send(()).unwrap();
        }
        for () in dones {}
    });
    let till = Counter::new(&shop.daemon.address, &shop.token);
    for sale in queues.iter().flat_map(|queue| &queue.sales) {
        assert_eq!(sale.broken(&till, None), [""; 0]);
    }
    shop.place.ok(&["check"]);
    refused.into_inner()
}

#[test]
fn a_file_that_is_held_for_a_second_only_makes_writers_wait() {
    for how in ["BEGIN IMMEDIATE", "BEGIN EXCLUSIVE"] {
        assert_eq!(held(how, Duration::from_secs(1)), 0, "{how}");
    }
}

#[test]
fn a_file_that_is_held_for_five_seconds_may_be_a_refusal_and_then_all_goes_on() {
    held("BEGIN EXCLUSIVE", Duration::from_secs(5));
}

#[test]
fn a_file_that_is_held_for_longer_is_a_refusal_and_then_all_goes_on() {
    assert!(held("BEGIN IMMEDIATE", Duration::from_secs(7)) > 0);
}
