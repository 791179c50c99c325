//! Thousands wait. When the daemon is stopped, each of them gets an answer; when somebody pays,
//! the right one hears of it, and at once.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::common::Daemon;
use crate::common::shop::Shop;
use crate::wire::{Wire, alone};

/// What issue 2 promises: told to stop, it is gone in less.
const END: Duration = Duration::from_secs(2);
/// Who hears later than this of a payment was not woken, but asked by chance.
const AT_ONCE: Duration = Duration::from_secs(5);
/// Threads that pay.
const PAYERS: usize = 4;
/// Connections that the daemon lets nobody wait on, so that there is always one to pay with.
const FOR_WORK: usize = 256;
/// Descriptors that a daemon keeps back from connections.
const RESERVE: usize = 128;

fn path(session: &str) -> String {
    format!(
        "/sessions/{session}?fulfillment_url=https%3A%2F%2Fshop.example%2Ftea&timeout_ms=600000"
    )
}

/// A shop in which just so many may wait, for ten minutes, and no others connect than are needed to
/// pay.
fn shop(size: usize) -> Shop {
    let connections = size + FOR_WORK;
    let (needed, limit) = (connections + RESERVE, rlimit::Resource::NOFILE.get_hard().unwrap());
    assert!(
        limit >= u64::try_from(needed).unwrap(),
        "a crowd of {size} takes {needed} descriptors, and the hard limit here is {limit} (ulimit -Hn)"
    );
    Shop::configured(&format!(
        "[server]\nmax_connections = {connections}\n\n[polls]\nmax_total = {size}\nmax_wait_s = 600\n"
    ))
}

/// So many who wait, each for a session of its own.
fn crowd(shop: &Shop, name: &str, size: usize) -> Vec<Wire> {
    let socket = shop.daemon.socket();
    (0..size)
        .map(|number| {
            let mut wire = Wire::to(&socket);
            wire.get(&path(&format!("{name}-{number}")));
            wire
        })
        .collect()
}

/// So many wait, the daemon is stopped, and they read what comes as soon as it comes. What went
/// wrong, as sentences.
fn ended_before(size: usize) -> Vec<String> {
    let shop = shop(size);
    let mut crowd = crowd(&shop, "S", size);
    shop.await_parked(size);
    let Shop { mut daemon, .. } = shop;
    let begun = Instant::now();
    daemon.signal("TERM");
    let mut bad: Vec<String> = crowd.iter_mut().filter_map(|wire| told(wire).err()).collect();
    let status = daemon.child.wait().unwrap();
    let took = begun.elapsed();
    if took >= END || status.code() != Some(0) {
        bad.push(format!("it ended with {status} after {took:?}"));
    }
    bad
}

/// Whether the whole of an answer comes, and then an orderly end.
fn told(wire: &mut Wire) -> Result<(), String> {
    let raw = wire.answer().map_err(|error| format!("no answer: {error}"))?;
    let whole = raw.status == 404 && raw.body.starts_with('{') && raw.body.ends_with('}');
    whole.then_some(()).ok_or_else(|| format!("an odd answer: {raw:?}"))?;
    wire.ends(END).map_err(|error| format!("after the answer: {error}"))
}

#[test]
fn five_thousand_parked_polls_are_answered_at_shutdown() {
    let _alone = alone();
    // A machine that is busy with other things may try again.
    let bad: Vec<_> =
        (0..3).map(|_| ended_before(5_000)).take_while(|bad| !bad.is_empty()).collect();
    let told = bad.iter().map(|bad| (bad.len(), bad.last()));
    assert!(bad.len() < 3, "{:?}", told.collect::<Vec<_>>());
}

/// `size` wait and so many payments are made in each second; who was paid for hears of it, and waits
/// again for somebody else's.
fn nobody_is_missed(size: usize, payments_a_second: usize, lasting: Duration) {
    let _alone = alone();
    let shop = shop(size);
    let mut crowds: Vec<_> =
        (0..PAYERS).map(|payer| crowd(&shop, &payer.to_string(), size / PAYERS)).collect();
    shop.await_parked(size);
    let pace = Duration::from_secs(1) / u32::try_from(payments_a_second / PAYERS).unwrap();
    let (heard, begun) = (AtomicUsize::new(0), Instant::now());
    std::thread::scope(|scope| {
        for (payer, crowd) in crowds.iter_mut().enumerate() {
            let (daemon, token, heard) = (&shop.daemon, &*shop.token, &heard);
            scope.spawn(move || {
                let mut sessions: Vec<_> =
                    (0..crowd.len()).map(|number| format!("{payer}-{number}")).collect();
                for round in 0.. {
                    let due = pace * round;
                    if due >= lasting {
                        return;
                    }
                    while let Some(early) = due.checked_sub(begun.elapsed()) {
                        std::thread::park_timeout(early);
                    }
                    let round = usize::try_from(round).unwrap();
                    let place = round * 7 % crowd.len();
                    let session = &mut sessions[place];
                    let order = sold(daemon, token, session);
                    let wire = &mut crowd[place];
                    wire.stream.set_read_timeout(Some(AT_ONCE)).unwrap();
                    let answer = wire.answer().unwrap_or_else(|error| {
                        panic!("{session} did not hear of its payment: {error:?}")
                    });
                    assert_eq!(answer.status, 200, "{session}: {answer:?}");
                    assert!(answer.body.contains(&order), "{session}: {answer:?}");
                    heard.fetch_add(1, Ordering::Relaxed);
                    *session = format!("{session}x");
                    wire.get(&path(session));
                }
            });
        }
    });
    let (heard, took) = (heard.into_inner(), begun.elapsed());
    let wanted = payments_a_second / PAYERS * PAYERS * usize::try_from(lasting.as_secs()).unwrap();
    assert!(heard >= wanted, "{heard} of {wanted}");
    println!("{heard} payments among {size} who wait, in {took:?}");
    // Everybody else still waits.
    shop.await_parked(size);
}

/// Makes an order for the session and records that it is paid in cash; its name.
fn sold(daemon: &Daemon, token: &str, session: &str) -> String {
    let post = |path: &str, body: &serde_json::Value| {
        let reply = daemon.ask("POST", path).token(token).json(body).send();
        assert_eq!(reply.status, 200, "{reply:?}");
        reply.json()
    };
    let made = post(
        "/private/orders",
        &json!({
            "order": { "summary": "tea", "amount": "KUDOS:1",
                "fulfillment_url": "https://shop.example/tea" },
            "session_id": session,
        }),
    );
    let id = made["order_id"].as_str().unwrap().to_owned();
    post(&format!("/private/orders/{id}/payments"), &json!({ "method": "cash" }));
    id
}

#[test]
fn among_three_thousand_who_wait_each_payment_is_heard_of_at_once() {
    nobody_is_missed(3_000, 40, Duration::from_secs(5));
}

#[test]
#[ignore = "long: a minute"]
fn among_ten_thousand_who_wait_a_hundred_payments_a_second_are_heard_of_at_once() {
    nobody_is_missed(10_000, 100, Duration::from_secs(60));
}
