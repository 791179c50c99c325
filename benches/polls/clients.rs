//! What clients do at the same time, and how long they wait for it. The same for tilld and for what
//! it is compared with.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::harness::client::Conn;
use crate::harness::measure::{CLIENTS, Rate, Watch, percentile, together};
use crate::harness::process::Server;
use crate::harness::shop::{Shop, Visit};

/// Connections that are being made at the same time.
const OPENING: usize = 32;
/// Those who pay when payments come at a steady rate; more than can be under way.
const TILLS: usize = 16;

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

/// Lets these wait, and wakes them by payments at a steady rate. A client that was answered waits for
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
