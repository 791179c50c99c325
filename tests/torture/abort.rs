//! Clients that come and go at any point of a conversation leave nothing behind: no descriptor, no
//! memory, no listener.

use std::fs;
use std::io::Write;

use crate::common::eventually;
use crate::common::shop::Shop;
use crate::wire::{Wire, alone, descriptors};

/// How much more memory there may be afterwards, in bytes.
const GROWTH: u64 = 5 * 1024 * 1024;

/// How many files those may open who read the database, when there is more to do: two each.
const READERS: usize = 16;

/// Comes, gets so far, and goes, politely or not.
fn visit(socket: &str, number: usize) {
    let mut wire = Wire::to(socket);
    match number / 2 % 6 {
        0 => {}
        1 => wire.stream.write_all(b"GET /conf").unwrap(),
        2 => wire.get(&format!(
            "/sessions/S{number}?fulfillment_url=https%3A%2F%2Fshop.example%2F&timeout_ms=60000"
        )),
        3 => wire.get("/config"),
        4 => {
            let head = "POST /orders/x/claim HTTP/1.1\r\nHost: shop.example\r\n\
                        Content-Type: application/json\r\nContent-Length: 600\r\n\r\n{";
            wire.stream.write_all(head.as_bytes()).unwrap();
        }
        _ => {
            wire.get("/config");
            assert_eq!(wire.answer().unwrap().status, 200);
        }
    }
    if number.is_multiple_of(2) {
        wire.reset();
    }
}

/// Bytes of memory in use that are its own.
fn memory(shop: &Shop) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", shop.daemon.child.id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
}

fn nothing_is_left_of(visits: usize) {
    let _alone = alone();
    let shop = Shop::new();
    let socket = shop.daemon.socket();
    // What is kept for the next client is there after some.
    (0..600).for_each(|number| visit(&socket, number));
    shop.await_parked(0);
    let ((sockets, files), before) = (descriptors(&shop), memory(&shop));

    (0..visits).for_each(|number| visit(&socket, number));

    shop.await_parked(0);
    eventually("all connections are closed", || descriptors(&shop).0 <= sockets);
    assert!(descriptors(&shop).1 <= files + READERS, "{:?} of {files}", descriptors(&shop));
    eventually("the memory is given back", || memory(&shop) < before + GROWTH);
    println!("{visits} visits, {before} bytes before, {} after", memory(&shop));
}

#[test]
fn nothing_is_left_of_five_thousand_who_come_and_go() {
    nothing_is_left_of(5_000);
}

#[test]
#[ignore = "long: some minutes"]
fn nothing_is_left_of_a_hundred_thousand_who_come_and_go() {
    nothing_is_left_of(100_000);
}
