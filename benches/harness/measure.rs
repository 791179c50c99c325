//! Ways of measuring that several sections share. The same for tilld and for what it is compared with.

use std::cell::Cell;
use std::future::Future;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Instant;

use tokio::task::LocalSet;

use crate::harness::client::Conn;
use crate::harness::process::Server;
use crate::harness::shop::{Order, Shop, Visit};

/// Clients that ask at the same time.
pub(crate) const CLIENTS: usize = 64;

/// Does `work` for each client at the same time; what they brought.
pub(crate) async fn together<T: 'static, F: Future<Output = T> + 'static>(
    clients: usize,
    work: impl Fn(usize) -> F,
) -> Vec<T> {
    let local = LocalSet::new();
    let tasks: Vec<_> = (0..clients).map(|client| local.spawn_local(work(client))).collect();
    local
        .run_until(async {
            let mut brought = Vec::with_capacity(clients);
            for task in tasks {
                brought.push(task.await.unwrap());
            }
            brought
        })
        .await
}

/// What many clients got out of a server.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Rate {
    count: usize,
    took_s: f64,
    cpu_s: f64,
}

impl Rate {
    pub(crate) fn per_second(self) -> f64 {
        self.count as f64 / self.took_s
    }

    /// The server's time for each request, in microseconds.
    pub(crate) fn cpu_us(self) -> f64 {
        self.cpu_s * 1_000_000.0 / self.count as f64
    }

    /// Both together, as if one had followed the other.
    pub(crate) fn and(self, other: Self) -> Self {
        Self {
            count: self.count + other.count,
            took_s: self.took_s + other.took_s,
            cpu_s: self.cpu_s + other.cpu_s,
        }
    }
}

/// Looks at the clock and at a server's processor time.
pub(crate) struct Watch<'a> {
    server: &'a Server,
    pub(crate) started: Instant,
    cpu_s: f64,
}

impl<'a> Watch<'a> {
    pub(crate) fn on(server: &'a Server) -> Self {
        Self { server, started: Instant::now(), cpu_s: server.cpu() }
    }

    pub(crate) fn rate(&self, count: usize) -> Rate {
        let took_s = self.started.elapsed().as_secs_f64();
        Rate { count, took_s, cpu_s: self.server.cpu() - self.cpu_s }
    }
}

/// [`CLIENTS`] make so many orders.
pub(crate) async fn make_orders(
    server: &Server,
    shop: &Rc<Shop>,
    count: usize,
) -> (Vec<Order>, Rate) {
    let at = server.address;
    let left = Rc::new(Cell::new(count));
    let watch = Watch::on(server);
    let orders = together(CLIENTS, |_| {
        let (shop, left) = (shop.clone(), left.clone());
        async move {
            let mut conn = Conn::open(at).await;
            let mut orders = Vec::new();
            while left.get() > 0 {
                left.set(left.get() - 1);
                orders.push(shop.make(Visit::new(), &mut conn).await);
            }
            orders
        }
    })
    .await;
    let orders: Vec<Order> = orders.into_iter().flatten().collect();
    let rate = watch.rate(orders.len());
    (orders, rate)
}

/// How long each of these payments takes, one after the other, in microseconds.
pub(crate) async fn pay_alone(at: SocketAddr, payments: &[Vec<u8>]) -> Vec<f64> {
    let mut conn = Conn::open(at).await;
    let mut took = Vec::with_capacity(payments.len());
    for payment in payments {
        let started = Instant::now();
        conn.get(payment).await;
        took.push(started.elapsed().as_secs_f64() * 1_000_000.0);
    }
    took
}

/// The value that so many in a hundred are not above.
pub(crate) fn percentile(values: &mut [f64], share: usize) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values[(values.len() * share / 100).min(values.len() - 1)]
}
