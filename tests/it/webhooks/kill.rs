//! Whenever the daemon is killed, and whatever the receiver does meanwhile: what was confirmed is told at
//! least once, and nothing is told that has not happened.

use std::collections::BTreeSet;

use serde_json::json;

use super::sink::{Manners, Sink, says};
use super::{log, names, shop};
use crate::common::rng::Dice;
use crate::common::shop::plain;

#[test]
fn whenever_the_daemon_is_killed_each_payment_is_told_at_least_once_and_none_too_early() {
    let (mut shop, sink) = (shop(), Sink::start());
    names(&shop, &sink, "c", "order_created");
    names(&shop, &sink, "p", "pay");
    let mut rng = Dice(0xB00C);
    let elsewhere = Sink::start();
    let manners = [
        says(204),
        says(500),
        Manners::Hangs,
        Manners::Says(302, format!("Location: {}\r\n", elsewhere.url("/")), String::new()),
        Manners::Streams,
        Manners::Closes,
    ];
    let (mut made, mut paid) = (BTreeSet::new(), BTreeSet::new());
    for round in 0..20 {
        sink.behave(manners[round % manners.len()].clone());
        for _ in 0..2 {
            let (id, _) = shop.made(&plain("tea", "KUDOS:1"));
            made.insert(id.clone());
            if shop.pay(&id, &json!({ "method": "cash" })).status == 200 {
                paid.insert(id);
            }
        }
        // One whose answer nobody hears.
        let (id, _) = shop.made(&plain("tea", "KUDOS:1"));
        made.insert(id.clone());
        let path = format!("/private/orders/{id}/payments");
        let request = shop.daemon.ask("POST", &path).token(&shop.token);
        let request = request.json(&json!({ "method": "cash" })).request;
        let asked = std::thread::spawn(move || drop(request.send()));
        std::thread::park_timeout(std::time::Duration::from_micros(rng.below(12_000)));
        shop = shop.restarted();
        asked.join().unwrap();
        if shop.status(&id, "")["order_status"] == "paid" {
            paid.insert(id);
        }
    }
    sink.behave(says(200));
    // What has failed would wait for its time.
    for hook in ["c", "p"] {
        for delivery in log(&shop, hook) {
            if delivery["state"] == "waiting" {
                let serial = &delivery["delivery_serial"];
                let path = format!("/private/webhooks/{hook}/deliveries/{serial}/redeliver");
                assert_eq!(shop.post(&path, &json!({})).status, 202);
            }
        }
    }
    for hook in ["c", "p"] {
        crate::common::eventually("all is delivered", || {
            log(&shop, hook).iter().all(|one| one["state"] == "delivered")
        });
    }
    let heard = sink.heard();
    let told = |path: &str| -> BTreeSet<String> {
        heard.iter().filter(|one| one.path == path).map(|one| one.body.clone()).collect()
    };
    assert_eq!(told("/c"), made);
    assert_eq!(told("/p"), paid);
    assert!(elsewhere.heard().is_empty());
    // One event, one name, however often it was told.
    let names: BTreeSet<_> = heard.iter().map(|one| &one.headers["webhook-id"]).collect();
    assert_eq!(names.len(), made.len() + paid.len());
    let findings = shop.place.run(&["check"]);
    assert!(findings.status.success(), "{findings:?}");
}
