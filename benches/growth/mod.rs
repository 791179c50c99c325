//! What a till's past costs it: the same questions and changes over a store that has kept a thousand
//! orders, a hundred thousand, a million; how large its file is, and how soon it answers after a
//! start. And how long it bears everything at once.
//!
//! All daemons run side by side and are asked in turn, so that the machine's moods meet them alike;
//! what counts is each one's ratio to the smallest. In a hurry, a hundred thousand are enough.

mod asks;
mod mixed;

use std::path::Path;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::harness::client::{Conn, get};
use crate::harness::measure::{make_orders, pay_alone, percentile, together};
use crate::harness::process::Server;
use crate::harness::shop::{Order, Shop, Visit};
use crate::harness::table::{Bar, Table};
use crate::harness::{folder, runtime};

/// Orders that are asked about.
const ASKED: usize = 512;
/// How often each of them is asked about, in each round.
const AGAIN: usize = 8;
/// Orders that are made in each round.
const MADE: usize = 2000;
/// Who asks at the same time: enough to keep all cores awake. What wakes one, or does not, would
/// be most of what a single client sees.
const AT_ONCE: usize = 8;
/// What a start leaves for later is done by then.
const SETTLED: Duration = Duration::from_secs(2);
/// Rounds.
const ROUNDS: usize = 5;
/// How much slower a till may become: "flat within a quarter".
const FLAT: f64 = 1.25;

/// A shop with a past.
struct Old {
    /// How many orders it has had, in words.
    name: &'static str,
    folder: TempDir,
    shop: Rc<Shop>,
    daemon: Server,
    /// Some of its orders, paid.
    some: Vec<Order>,
}

impl Old {
    async fn new(name: &'static str, orders: usize, table: &mut Table) -> Self {
        eprintln!("  {name} orders");
        let folder = folder();
        let shop = Rc::new(Shop::open(folder.path()));
        let daemon = shop.daemon();
        let empty = size(folder.path());
        let (made, _) = make_orders(&daemon, &shop, orders).await;
        let step = (made.len() / ASKED).max(1);
        let some: Vec<_> = made.into_iter().step_by(step).take(ASKED).collect();
        let mut conn = Conn::open(daemon.address).await;
        for order in &some {
            conn.get(&shop.pay(order)).await;
        }
        daemon.stop();
        let each = (size(folder.path()) - empty) / orders as f64;
        table.add(&format!("file of an order, bytes, {name}"), each, None, Bar::None);
        let daemon = shop.daemon();
        Self { name, folder, shop, daemon, some }
    }

    /// Stopped and started again; how long that takes from its start to an answer, in milliseconds.
    async fn restarted(self) -> (Self, f64) {
        let Self { name, folder, shop, daemon, some } = self;
        daemon.stop();
        // The system forgets what it has of the file.
        let file = std::fs::File::open(folder.path().join("tilld.db")).unwrap();
        rustix::fs::fadvise(&file, 0, None, rustix::fs::Advice::DontNeed).unwrap();
        let started = Instant::now();
        let daemon = shop.daemon();
        let mut conn = Conn::open(daemon.address).await;
        assert_eq!(conn.ask(&get("/config")).await, 200);
        let took = started.elapsed().as_secs_f64() * 1000.0;
        (Self { name, folder, shop, daemon, some }, took)
    }

    /// The usual time of each of these requests, in microseconds.
    async fn usual(&self, requests: &Rc<Vec<Vec<u8>>>) -> f64 {
        let at = self.daemon.address;
        let took = together(AT_ONCE, |client| {
            let requests = requests.clone();
            async move {
                let mine: Vec<_> = requests.iter().skip(client).step_by(AT_ONCE).cloned().collect();
                pay_alone(at, &mine).await
            }
        });
        percentile(&mut took.await.concat(), 50)
    }

    /// The same of questions that have been asked before: since the start, the system reads the file
    /// again, and the first client to ask pays for that.
    async fn usual_again(&self, questions: Vec<Vec<u8>>) -> f64 {
        let count = questions.len() * AGAIN;
        self.usual(&Rc::new(questions.clone())).await;
        self.usual(&Rc::new(questions.into_iter().cycle().take(count).collect())).await
    }
}

/// How large the database in `folder` is, in bytes.
fn size(folder: &Path) -> f64 {
    std::fs::metadata(folder.join("tilld.db")).unwrap().len() as f64
}

/// What is measured, and of whom.
type Figures = Vec<(&'static str, Vec<f64>)>;

/// Everyone is asked; another one comes first each time, for that may be a disadvantage.
async fn round(shops: &[Old], number: usize) -> Figures {
    let mut figures: Figures = ["status", "session", "latest orders", "new order"]
        .map(|name| (name, vec![0.0; shops.len()]))
        .into();
    for turn in 0..shops.len() {
        let place = (number + turn) % shops.len();
        let old = &shops[place];
        let shop = &old.shop;
        let status: Vec<_> = old.some.iter().map(|order| asks::status(shop, order)).collect();
        let sessions: Vec<_> = old.some.iter().map(Order::ask_session).collect();
        let lists = vec![asks::latest(shop); ASKED];
        let orders: Vec<_> = (0..MADE).map(|_| shop.order(Visit::new())).collect();
        for (what, questions) in [status, sessions, lists].into_iter().enumerate() {
            figures[what].1[place] = old.usual_again(questions).await;
        }
        figures[3].1[place] = old.usual(&Rc::new(orders)).await;
    }
    figures
}

async fn measure_all(quick: bool, table: &mut Table) {
    let sizes = [("1 k", 1_000), ("100 k", 100_000), ("1 M", 1_000_000)];
    let mut shops = Vec::new();
    for (name, orders) in &sizes[..if quick { 2 } else { 3 }] {
        shops.push(Old::new(name, *orders, table).await);
    }
    for number in 1..=ROUNDS {
        eprintln!("  round {number} of {ROUNDS}");
        for (what, values) in round(&shops, number).await {
            for (old, value) in shops.iter().zip(&values) {
                let beside = Some((shops[0].name, values[0]));
                let name = format!("{what}, µs, {} orders", old.name);
                table.add(&name, *value, beside, Bar::TimesAtMost(FLAT));
            }
        }
        let mut started = Vec::new();
        for old in shops {
            let (old, took) = old.restarted().await;
            table.add(&format!("cold start, ms, {} orders", old.name), took, None, Bar::None);
            started.push(old);
        }
        shops = started;
        tokio::time::sleep(SETTLED).await;
    }
    let seconds = if quick { 5 } else { 60 };
    eprintln!("  everything at once, {seconds} s");
    let largest = shops.pop().unwrap();
    let (shop, daemon) = (&largest.shop, &largest.daemon);
    mixed::measure(shop, daemon, Duration::from_secs(seconds), table).await;
}

pub(crate) fn measure(quick: bool, table: &mut Table) {
    runtime().block_on(Box::pin(measure_all(quick, table)));
}
