//! Strangers by the thousand on a slow disk: the shop sells all the same.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::common::eventually;
use crate::common::shop::Shop;
use crate::disk::Disk;
use crate::wire::{Wire, alone};

/// How many strangers make orders of a template, each as soon as the last one is answered.
const STRANGERS: usize = 1_600;
/// Threads that are strangers.
const THREADS: usize = 16;
/// How long the disk takes to sync.
const SYNC: Duration = Duration::from_millis(150);
/// Sales in cash meanwhile.
const SALES: usize = 30;
/// After so long the test is over, however many were sold.
const LONGEST: Duration = Duration::from_secs(240);

/// Makes orders until it is over; how often each status was answered.
fn make_orders(socket: &str, is_over: &AtomicBool) -> BTreeMap<u16, usize> {
    let mut told = BTreeMap::new();
    let mut wires: Vec<Wire> = (0..STRANGERS / THREADS).map(|_| Wire::to(socket)).collect();
    while !is_over.load(Ordering::Relaxed) {
        wires.iter_mut().for_each(|wire| wire.post("/templates/tea", "{}"));
        for wire in &mut wires {
            *told.entry(wire.answer().unwrap().status).or_default() += 1;
        }
    }
    told
}

#[test]
fn on_a_slow_disk_the_shop_sells_among_sixteen_hundred_strangers_who_are_served_too() {
    let _alone = alone();
    let disk = Disk::new();
    let variables = disk.variables();
    let mut variables: Vec<_> = variables.iter().map(|(name, value)| (&**name, &**value)).collect();
    // What is asked here is who goes first, not how many there may be.
    variables.push(("TILLD_STRANGERS__MAX_OPEN_ORDERS", "1000000"));
    let shop = Shop::with(&variables);
    let template = json!({
        "template_id": "tea", "template_description": "x",
        "template_contract": { "summary": "Tea", "amount": "KUDOS:1" },
    });
    assert_eq!(shop.post("/private/templates", &template).status, 204);
    disk.slow(SYNC);

    let (is_over, told) = (AtomicBool::new(false), Mutex::new(BTreeMap::new()));
    let socket = shop.daemon.socket();
    let sold = std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                for (status, count) in make_orders(&socket, &is_over) {
                    *told.lock().unwrap().entry(status).or_insert(0) += count;
                }
            });
        }
        eventually("they fill what they may", || {
            let line =
                |line: &str| line.strip_prefix("tilld_store_queue_jobs ")?.parse::<usize>().ok();
            shop.metrics().lines().find_map(line).is_some_and(|queued| queued >= 100)
        });
        let begun = Instant::now();
        let sales: Vec<_> = (0..SALES)
            .take_while(|_| begun.elapsed() < LONGEST)
            .map(|_| {
                let order = json!({ "order": { "summary": "Tea", "amount": "KUDOS:1" } });
                let made = shop.order(&order);
                if made.status != 200 {
                    return made.status;
                }
                let id = made.json()["order_id"].as_str().unwrap().to_owned();
                shop.pay(&id, &json!({ "method": "cash" })).status
            })
            .collect();
        is_over.store(true, Ordering::Relaxed);
        println!("{} sales in {:?}", sales.len(), begun.elapsed());
        sales
    });
    let told = told.into_inner().unwrap();
    println!("strangers were told {told:?}");
    assert_eq!(sold, [200; SALES]);
    // They are served as well, and told to come back for the rest.
    assert!(told.get(&200).is_some_and(|count| *count >= SALES), "{told:?}");
    assert!(told.keys().all(|status| [200, 503].contains(status)), "{told:?}");
}
