//! How each figure is taken. The same ways for tilld and for what it is compared with.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::net::SocketAddr;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use tilld::store::{Error, Options, Role, Store, Tx};
use tokio::task::LocalSet;

use crate::client::Conn;
use crate::payment;
use crate::process::Server;
use crate::shop::{Order, Shop, Visit};

/// Clients that ask at the same time.
pub(crate) const CLIENTS: usize = 64;
/// Connections that are being made at the same time.
const OPENING: usize = 32;
/// Those who pay when payments come at a steady rate; more than can be under way.
const TILLS: usize = 16;

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

/// Lets each of `requests` wait, on a connection of its own; the connections in the same order.
pub(crate) async fn park(at: SocketAddr, requests: Vec<Vec<u8>>) -> Vec<Conn> {
    let waiting = Rc::new(RefCell::new(requests.into_iter().enumerate()));
    let parked = together(OPENING, |_| {
        let waiting = waiting.clone();
        async move {
            let mut parked = Vec::new();
            loop {
                let Some((place, request)) = waiting.borrow_mut().next() else { return parked };
                let mut conn = Conn::open(at).await;
                conn.send(&request).await;
                parked.push((place, conn));
            }
        }
    })
    .await;
    let mut parked: Vec<_> = parked.into_iter().flatten().collect();
    parked.sort_unstable_by_key(|(place, _)| *place);
    parked.into_iter().map(|(_, conn)| conn).collect()
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
    started: Instant,
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

/// [`CLIENTS`] ask one of `requests` after the other, for a while.
pub(crate) async fn ask(server: &Server, requests: &Rc<Vec<Vec<u8>>>, round: Duration) -> Rate {
    let at = server.address;
    // So that making connections is not measured.
    let conns = together(CLIENTS, |_| Conn::open(at)).await;
    let conns = Rc::new(RefCell::new(conns));
    let watch = Watch::on(server);
    let started = watch.started;
    let counts = together(CLIENTS, |client| {
        let (requests, mut conn) = (requests.clone(), conns.borrow_mut().pop().unwrap());
        async move {
            let mut count = 0;
            // Not all the same at the same time.
            let mut next = client * requests.len() / CLIENTS;
            while started.elapsed() < round {
                let status = conn.ask(&requests[next % requests.len()]).await;
                assert!((200..300).contains(&status), "{status}: {}", conn.text());
                next += 1;
                count += 1;
            }
            count
        }
    })
    .await;
    watch.rate(counts.into_iter().sum())
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

/// How many payments the store's writer makes durable in a second for [`CLIENTS`] who do nothing but
/// submit them: the very figure of the benchmark `store`.
pub(crate) async fn write(database: &Path, round: Duration) -> f64 {
    let store = Store::open(database, Role::Daemon, Options::default()).unwrap();
    payment::prepare(database);
    let started = Instant::now();
    let counts = together(CLIENTS, |_| {
        let store = store.clone();
        async move {
            let mut count = 0;
            while started.elapsed() < round {
                let number = payment::next();
                let change = move |tx: &mut Tx<'_>| payment::pay(tx, number).map_err(Error::from);
                store.write(change).await.unwrap();
                count += 1;
            }
            count
        }
    })
    .await;
    let rate = f64::from(counts.into_iter().sum::<u32>()) / started.elapsed().as_secs_f64();
    store.close();
    rate
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

/// Who waits, and what wakes it.
pub(crate) struct Pair {
    pub(crate) poll: Vec<u8>,
    pub(crate) payment: Vec<u8>,
}

/// [`CLIENTS`] pay, each for somebody who began to wait one payment earlier, and go on when both
/// have their answers. Beside the rate: how long after the payer each waiter was told.
pub(crate) async fn pay_and_wake(server: &Server, pairs: Vec<Pair>) -> (Rate, Wakes) {
    let at = server.address;
    let count = pairs.len();
    let pairs = Rc::new(RefCell::new(pairs.into_iter()));
    let watch = Watch::on(server);
    let lags = together(CLIENTS, |_| {
        let pairs = pairs.clone();
        async move {
            let mut payer = Conn::open(at).await;
            let (mut waiter, mut other) = (Conn::open(at).await, Conn::open(at).await);
            let mut lags = Vec::new();
            let Some(mut pair) = pairs.borrow_mut().next() else { return lags };
            waiter.send(&pair.poll).await;
            loop {
                let next = pairs.borrow_mut().next();
                if let Some(next) = &next {
                    other.send(&next.poll).await;
                }
                payer.send(&pair.payment).await;
                lags.push(lag(&mut payer, &mut waiter).await);
                let Some(next) = next else { return lags };
                pair = next;
                std::mem::swap(&mut waiter, &mut other);
            }
        }
    })
    .await;
    let rate = watch.rate(count);
    (rate, Wakes::of(lags.into_iter().flatten().collect()))
}

/// How long after the payer's last byte the waiter has its last one, in milliseconds; none if it
/// was told first.
async fn lag(payer: &mut Conn, waiter: &mut Conn) -> f64 {
    let payer = async {
        assert_eq!(payer.answer_soon().await, 200, "{}", payer.text());
        Instant::now()
    };
    let waiter = async {
        assert_eq!(waiter.answer_soon().await, 200, "{}", waiter.text());
        Instant::now()
    };
    let (paid, told) = tokio::join!(payer, waiter);
    told.saturating_duration_since(paid).as_secs_f64() * 1000.0
}

/// How long after the payment's answer waiters have theirs, in milliseconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wakes {
    pub(crate) p50: f64,
    pub(crate) p99: f64,
}

impl Wakes {
    fn of(mut lags: Vec<f64>) -> Self {
        Self { p50: percentile(&mut lags, 50), p99: percentile(&mut lags, 99) }
    }
}

/// The value that so many in a hundred are not above.
pub(crate) fn percentile(values: &mut [f64], share: usize) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values[(values.len() * share / 100).min(values.len() - 1)]
}

/// Somebody who waits for a payment yet to be made.
pub(crate) enum Subject {
    /// For one that only needs to be made.
    Known(Pair),
    /// In a session for which there is no order yet.
    Session(Visit),
}

impl Subject {
    /// The request that waits for it.
    fn poll(&self) -> Vec<u8> {
        match self {
            Self::Known(pair) => pair.poll.clone(),
            Self::Session(visit) => visit.poll(),
        }
    }
}

/// Lets these wait, and wakes them by payments at a steady rate. Whoever was told waits for
/// something else, so that always as many wait.
pub(crate) async fn wakes(
    server: &Server,
    shop: &Rc<Shop>,
    subjects: Vec<Subject>,
    per_second: u32,
) -> Wakes {
    let at = server.address;
    let all = server.parked().await + subjects.len();
    let conns = park(at, subjects.iter().map(Subject::poll).collect()).await;
    server.await_parked(all).await;
    let pause = Duration::from_secs(1) / per_second;
    let begin = Instant::now();
    let subjects: Vec<_> = subjects.into_iter().zip(conns).map(Some).collect();
    let subjects = Rc::new(RefCell::new(subjects));
    let told = together(TILLS, |till| {
        let (shop, subjects) = (shop.clone(), subjects.clone());
        async move {
            let mut payer = Conn::open(at).await;
            let (mut lags, mut conns) = (Vec::new(), Vec::new());
            for turn in (till..).step_by(TILLS) {
                let subject = subjects.borrow_mut().get_mut(turn).and_then(Option::take);
                let Some((subject, mut conn)) = subject else { break };
                tokio::time::sleep_until((begin + pause * turn as u32).into()).await;
                let payment = match subject {
                    Subject::Known(pair) => pair.payment,
                    Subject::Session(visit) => shop.pay(&shop.make(visit, &mut payer).await),
                };
                payer.send(&payment).await;
                lags.push(lag(&mut payer, &mut conn).await);
                conn.send(&Visit::new().poll()).await;
                conns.push(conn);
            }
            (lags, conns)
        }
    })
    .await;
    let lags = told.into_iter().flat_map(|(lags, _conns)| lags);
    Wakes::of(lags.collect())
}

/// As many busy threads as there are processors; idle again when dropped.
pub(crate) struct Busy {
    enough: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Busy {
    pub(crate) fn new() -> Self {
        let enough = Arc::new(AtomicBool::new(false));
        let spin = || {
            let enough = enough.clone();
            thread::spawn(move || {
                while !enough.load(Ordering::Relaxed) {
                    std::hint::spin_loop();
                }
            })
        };
        let threads = (0..thread::available_parallelism().unwrap().get()).map(|_| spin()).collect();
        Self { enough, threads }
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.enough.store(true, Ordering::Relaxed);
        self.threads.drain(..).for_each(|thread| thread.join().unwrap());
    }
}
