//! What it costs a payment that webhooks are told of it: two shops side by side, one of which has three
//! webhooks whose receiver answers at once.

mod receiver;

use std::cell::RefCell;
use std::rc::Rc;

use serde_json::json;

use crate::harness::client::{Conn, post_as_shop};
use crate::harness::measure::{CLIENTS, Watch, make_orders, pay_alone, percentile, together};
use crate::harness::process::Server;
use crate::harness::shop::Shop;
use crate::harness::table::{Bar, Table};
use crate::harness::{folder, runtime};

/// A receiver on this machine may be called.
const ALLOWED: &str = "[webhooks]\nallow = ['localhost']\n";
/// Where the shops' money goes.
const ACCOUNT: &str = "payto://iban/DE75512108001245126199?receiver-name=Shop";

/// What one round brought.
struct Figures {
    /// The usual time of a payment alone, in microseconds.
    alone_us: f64,
    /// Payments a second by many at the same time.
    per_second: f64,
}

pub(crate) fn measure(quick: bool, table: &mut Table) {
    let (rounds, count) = if quick { (2, 400) } else { (5, 2_000) };
    let folders = [folder(), folder()];
    let shops = folders
        .each_ref()
        .map(|folder| Rc::new(Shop::open_at(folder.path(), ACCOUNT, Some(ALLOWED))));
    let daemons = shops.each_ref().map(|shop| shop.daemon());
    let receiver = receiver::start();
    let runtime = runtime();
    runtime.block_on(async {
        let mut conn = Conn::open(daemons[1].address).await;
        for name in ["one", "two", "three"] {
            let hook = json!({
                "webhook_id": name, "event_type": "pay", "http_method": "POST",
                "url": format!("http://{receiver}/{name}"),
            });
            let request = post_as_shop(&shops[1].token, "/private/webhooks", &hook.to_string());
            assert_eq!(conn.ask(&request).await, 204, "{}", conn.text());
        }
    });
    for number in 1..=rounds {
        eprintln!("  round {number} of {rounds}");
        let [without, with] =
            [0, 1].map(|at| runtime.block_on(Box::pin(round(&shops[at], &daemons[at], count))));
        let beside = Some(("without", without.alone_us));
        table.add(
            "a payment with three webhooks, µs",
            with.alone_us,
            beside,
            Bar::TimesAtMost(1.25),
        );
        let beside = Some(("without", without.per_second));
        table.add(
            "payments/s with three webhooks",
            with.per_second,
            beside,
            Bar::TimesAtLeast(0.8),
        );
    }
}

async fn round(shop: &Rc<Shop>, daemon: &Server, count: usize) -> Figures {
    let (orders, _) = make_orders(daemon, shop, count).await;
    let mut alone: Vec<_> = orders.iter().map(|order| shop.pay(order)).collect();
    let many = alone.split_off(count / 4);
    let paid = many.len();
    let alone_us = percentile(&mut pay_alone(daemon.address, &alone).await, 50);
    let watch = Watch::on(daemon);
    let waiting = Rc::new(RefCell::new(many.into_iter()));
    let at = daemon.address;
    together(CLIENTS, |_| {
        let waiting = waiting.clone();
        async move {
            let mut conn = Conn::open(at).await;
            loop {
                let Some(request) = waiting.borrow_mut().next() else { return };
                assert_eq!(conn.ask(&request).await, 200, "{}", conn.text());
            }
        }
    })
    .await;
    Figures { alone_us, per_second: watch.rate(paid).per_second() }
}
