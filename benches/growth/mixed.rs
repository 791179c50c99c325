//! Everything at once, for a while: orders are made, waited for, looked at, paid and given back.

use std::rc::Rc;
use std::time::{Duration, Instant};

use crate::growth::asks;
use crate::harness::client::Conn;
use crate::harness::measure::{CLIENTS, Watch, percentile, together};
use crate::harness::process::Server;
use crate::harness::shop::{Shop, Visit};
use crate::harness::table::{Bar, Table};

/// Requests of a story.
const REQUESTS: usize = 7;

/// [`CLIENTS`] tell the whole story of an order, one after the other.
pub(crate) async fn measure(shop: &Rc<Shop>, daemon: &Server, time: Duration, table: &mut Table) {
    let at = daemon.address;
    let watch = Watch::on(daemon);
    let started = Instant::now();
    let took = together(CLIENTS, |client| {
        let shop = shop.clone();
        async move {
            let mut took = Vec::new();
            let (mut conn, mut waiter) = (Conn::open(at).await, Conn::open(at).await);
            while started.elapsed() < time {
                let visit = Visit::new();
                let begun = Instant::now();
                waiter.send(&visit.poll()).await;
                let order = shop.make(visit, &mut conn).await;
                conn.get(&asks::status(&shop, &order)).await;
                conn.get(&shop.pay(&order)).await;
                assert_eq!(waiter.answer_soon().await, 200, "{}", waiter.text());
                conn.get(&order.ask_session()).await;
                conn.get(&asks::status(&shop, &order)).await;
                // One in eight brings it back; the others see how business is going.
                let last = match client % 8 {
                    0 => asks::refund(&shop, &order),
                    _ => asks::latest(&shop),
                };
                conn.get(&last).await;
                took.push(begun.elapsed().as_secs_f64() * 1000.0);
            }
            took
        }
    })
    .await;
    let mut took: Vec<f64> = took.into_iter().flatten().collect();
    let rate = watch.rate(took.len() * REQUESTS);
    table.add("everything at once, requests/s", rate.per_second(), None, Bar::None);
    table.add("  processor time of a request, µs", rate.cpu_us(), None, Bar::None);
    for share in [50, 99] {
        let name = format!("  p{share} of an order's story, {REQUESTS} requests, ms");
        table.add(&name, percentile(&mut took, share), None, Bar::None);
    }
}
