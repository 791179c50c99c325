//! One round: every figure once, each right beside what it is compared with.

use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use tokio::time::sleep;

use crate::harness::client::{Conn, get};
use crate::harness::measure::{CLIENTS, Rate, make_orders, pay_alone, percentile};
use crate::harness::process::{DESCRIPTORS, Server};
use crate::harness::shop::{Order, Shop, Visit};
use crate::harness::table::{Bar, Table};
use crate::polls::clients::{self, Busy, Pair, Subject, Wakes, park};
use crate::polls::{baseline, chain, writer};

/// A few polls, many, and about as many as [`DESCRIPTORS`] allow.
const FEW: usize = 1_000;
const MANY: usize = 10_000;
const MOST: usize = 19_000;
/// Descriptors that this process needs itself.
pub(crate) const NEEDED: usize = MOST + 4 * CLIENTS;
/// What a poll costs the C backend of 2020, in kB.
const BACKEND_2020_KB: f64 = 11.8;
/// Payments in a second while wakes are timed.
const STEADY: u32 = 100;
/// Payments before those that are timed one by one.
const WARM_UP: usize = 200;
/// How long memory may take to be given back once the polls are gone.
const DRAINED: Duration = Duration::from_secs(12);
/// Orders that are asked for to warm caches up; they fill those of SQLite.
const KNOWN: usize = 2_000;
/// Turns that two servers take with each other.
const SLICES: u32 = 5;
/// Orders and sessions that are asked about.
const ASKED: usize = 512;

/// How much is done in one round.
pub(crate) struct Plan {
    /// Payments timed one by one.
    pub(crate) alone: usize,
    /// Payments by many payers.
    pub(crate) paid: usize,
    /// Payments at a steady rate.
    pub(crate) steady: usize,
    /// How long answers at once are counted.
    pub(crate) asking: Duration,
    /// How long parked polls are watched.
    pub(crate) watching: Duration,
}

/// One round.
pub(crate) struct Round<'a> {
    pub(crate) folder: &'a Path,
    pub(crate) plan: &'a Plan,
    pub(crate) table: &'a mut Table,
}

/// The daemon, and the orders of its shop.
struct Scene {
    shop: Rc<Shop>,
    daemon: Server,
    /// Orders that are waited for, and never paid.
    waiting: Vec<Order>,
    /// Orders that nobody has used yet.
    free: Vec<Order>,
}

impl Round<'_> {
    pub(crate) async fn run(mut self) {
        let mut scene = self.orders().await;
        let crowd = self.memory(&scene).await;
        self.most(&mut scene, crowd).await;
        let chain = self.payments(&mut scene).await;
        self.wakes(&mut scene, chain).await;
        self.answers(&mut scene).await;
    }

    async fn orders(&mut self) -> Scene {
        eprintln!("  orders");
        let shop = Rc::new(Shop::open(self.folder));
        let Plan { alone, paid, steady, .. } = self.plan;
        let needed = MOST / 2 + 4 * (WARM_UP + alone) + 2 * (paid + steady) + ASKED;
        let writer = writer::payments(&self.folder.join("writes.db"), self.plan.asking).await;
        let daemon = shop.daemon();
        let (mut waiting, made) = make_orders(&daemon, &shop, needed).await;
        let beside = Some(("bare writer", writer));
        self.table.add("orders made/s", made.per_second(), beside, Bar::TimesAtLeast(0.5));
        daemon.stop();
        let second = self.folder.join("second");
        std::fs::create_dir(&second).unwrap();
        let writer = writer::orders(&second, &shop, &waiting[0], self.plan.asking).await;
        let beside = Some(("writer of orders", writer));
        self.table.add("  the same", made.per_second(), beside, Bar::None);
        self.table.add("  processor time of an order, µs", made.cpu_us(), None, Bar::None);
        let free = waiting.split_off(MOST / 2);
        // Memory is measured on a process that has done nothing yet.
        Scene { daemon: shop.daemon(), shop, waiting, free }
    }

    async fn memory(&mut self, scene: &Scene) -> Crowd {
        eprintln!("  memory");
        let known = scene.free.iter().take(KNOWN).map(Order::ask).collect::<Vec<_>>();
        let bare = baseline::sleeper();
        let bare = Crowd::gather(&bare, scene, &[get("/metrics")], self.plan).await;
        // Now, not later: they take descriptors.
        let Crowd { few_kb, many_kb, cpu_ms, .. } = bare;
        drop(bare.parked);
        let crowd = Crowd::gather(&scene.daemon, scene, &known, self.plan).await;
        let mut add = |name, value, bare, bar| {
            self.table.add(name, value, Some(("bare sleep", bare)), bar);
        };
        add("memory of a poll, 1,000 parked, kB", crowd.few_kb, few_kb, Bar::TimesAtMost(1.10));
        add("memory of a poll, 10,000 parked, kB", crowd.many_kb, many_kb, Bar::TimesAtMost(1.10));
        let beside = Some(("C backend of 2020", BACKEND_2020_KB));
        self.table.add("  the same", crowd.many_kb, beside, Bar::HopedBelow);
        let beside = Some(("bare sleep", cpu_ms));
        self.table.add("processor time, 10,000 parked, ms/s", crowd.cpu_ms, beside, Bar::None);
        crowd
    }

    async fn most(&mut self, scene: &mut Scene, mut crowd: Crowd) {
        eprintln!("  as many as can be");
        let at = scene.daemon.address;
        crowd.parked.extend(park(at, scene.polls(MANY..MOST)).await);
        scene.daemon.await_parked(MOST).await;
        let mut full = self.pay_alone(scene).await;
        let held = scene.daemon.parked().await as f64;
        let beside = Some(("descriptors", DESCRIPTORS as f64));
        self.table.add("polls held, payments served", held, beside, Bar::AtLeast(MOST as f64));
        drop(crowd.parked);
        scene.daemon.await_parked(0).await;
        sleep(DRAINED).await;
        let (after, beside) = (scene.daemon.rss() / 1000.0, Some(("before", crowd.before_mb)));
        self.table.add("memory after 19,000 polls, MB", after, beside, Bar::TimesAtMost(5.0));
        let mut empty = self.pay_alone(scene).await;

        // Once more, lest the disk has become slower meanwhile.
        let parked = park(at, scene.polls(0..MOST)).await;
        scene.daemon.await_parked(MOST).await;
        full.extend(self.pay_alone(scene).await);
        drop(parked);
        scene.daemon.await_parked(0).await;
        empty.extend(self.pay_alone(scene).await);
        let beside = Some(("none parked", percentile(&mut empty, 50)));
        let full = percentile(&mut full, 50);
        self.table.add("payment p50, 19,000 parked, µs", full, beside, Bar::TimesAtMost(1.2));
    }

    /// How long payments take when there is one at a time, in microseconds.
    async fn pay_alone(&self, scene: &mut Scene) -> Vec<f64> {
        let orders = scene.take(WARM_UP + self.plan.alone);
        let payments: Vec<_> = orders.iter().map(|order| scene.shop.pay(order)).collect();
        let took = pay_alone(scene.daemon.address, &payments).await;
        took[WARM_UP..].to_vec()
    }

    async fn payments(&mut self, scene: &mut Scene) -> Wakes {
        eprintln!("  payments");
        let (chain_few, chain_many, chain_wakes) = self.chain(&scene.shop).await;
        let at = scene.daemon.address;
        let mut parked = park(at, scene.polls(0..FEW)).await;
        scene.daemon.await_parked(FEW).await;
        let pairs = scene.pairs(self.plan.paid);
        let (few, _) = clients::pay_and_wake(&scene.daemon, pairs).await;
        parked.extend(park(at, scene.polls(FEW..MANY)).await);
        scene.daemon.await_parked(MANY).await;
        let pairs = scene.pairs(self.plan.paid);
        let (many, wakes) = clients::pay_and_wake(&scene.daemon, pairs).await;
        drop(parked);
        scene.daemon.await_parked(0).await;

        let mut add = |name, rate: Rate, chain: Rate| {
            let beside = Some(("bare chain", chain.per_second()));
            self.table.add(name, rate.per_second(), beside, Bar::TimesAtLeast(0.5));
        };
        add("payments/s, 64 payers, 1,000 parked", few, chain_few);
        add("payments/s, 64 payers, 10,000 parked", many, chain_many);
        let beside = Some(("1,000 parked", few.per_second()));
        self.table.add(
            "  the same, 10,000 parked",
            many.per_second(),
            beside,
            Bar::TimesAtLeast(0.8),
        );
        let beside = Some(("bare chain", chain_many.cpu_us()));
        self.table.add(
            "  processor time of a payment and a poll, µs",
            many.cpu_us(),
            beside,
            Bar::None,
        );
        self.add_wakes("64 payers", wakes, None, Bar::None);
        chain_wakes
    }

    /// The rates of the chain with few and with many parked, and its wakes when cores are busy.
    async fn chain(&self, shop: &Rc<Shop>) -> (Rate, Rate, Wakes) {
        let chain = baseline::chain(self.folder);
        let polls = |number: usize| (0..number as u64).map(chain::poll).collect();
        let mut next = MANY as u64;
        let mut pairs = |count: usize| -> Vec<Pair> {
            let these = next..next + count as u64;
            next = these.end;
            these.map(|id| Pair { poll: chain::poll(id), payment: chain::pay(id) }).collect()
        };
        let parked = park(chain.address, polls(FEW)).await;
        chain.await_parked(FEW).await;
        let (few, _) = clients::pay_and_wake(&chain, pairs(self.plan.paid)).await;
        drop(parked);
        chain.await_parked(0).await;
        let _parked = park(chain.address, polls(MANY)).await;
        chain.await_parked(MANY).await;
        let (many, _) = clients::pay_and_wake(&chain, pairs(self.plan.paid)).await;
        let _busy = Busy::new();
        let subjects = pairs(self.plan.steady).into_iter().map(Subject::Known).collect();
        (few, many, clients::wakes(&chain, shop, subjects, STEADY).await)
    }

    async fn wakes(&mut self, scene: &mut Scene, chain: Wakes) {
        eprintln!("  wakes");
        let at = scene.daemon.address;
        let parked = park(at, scene.polls(0..MANY - self.plan.steady)).await;
        scene.daemon.await_parked(parked.len()).await;
        let subjects = scene.subjects(self.plan.steady);
        let idle = clients::wakes(&scene.daemon, &scene.shop, subjects, STEADY).await;
        self.add_wakes("100 payments/s", idle, None, Bar::AtMost(2.0));
        scene.daemon.await_parked(parked.len()).await;
        let subjects = scene.subjects(self.plan.steady);
        let busy = Busy::new();
        let saturated = clients::wakes(&scene.daemon, &scene.shop, subjects, STEADY).await;
        drop(busy);
        self.add_wakes("the same, cores busy", saturated, Some(chain), Bar::AtMost(5.0));
        drop(parked);
        scene.daemon.await_parked(0).await;
    }

    fn add_wakes(&mut self, when: &str, wakes: Wakes, chain: Option<Wakes>, bar: Bar) {
        let mut add = |share, wake, chain: Option<f64>, bar| {
            let beside = chain.map(|chain| ("bare chain", chain));
            self.table.add(&format!("wake {share}, {when}, ms"), wake, beside, bar);
        };
        add("p50", wakes.p50, chain.map(|chain| chain.p50), Bar::None);
        add("p99", wakes.p99, chain.map(|chain| chain.p99), bar);
    }

    async fn answers(&mut self, scene: &mut Scene) {
        eprintln!("  answers at once");
        let orders = scene.take(ASKED);
        let (paid, unpaid) = orders.split_at(ASKED / 2);
        let mut conn = Conn::open(scene.daemon.address).await;
        for order in paid {
            conn.get(&scene.shop.pay(order)).await;
        }
        let mut polls = Vec::new();
        for order in unpaid {
            polls.push(scene.shop.poll_2019(order, &mut conn).await);
        }
        let sessions = orders.iter().map(Order::ask_session).collect();
        let greeter = baseline::greeter();
        for (name, requests) in [("session", sessions), ("poll-payment", polls)] {
            let requests: Rc<Vec<Vec<u8>>> = Rc::new(requests);
            conn.ask(&requests[0]).await;
            let hello = Rc::new(vec![baseline::hello(conn.body().len())]);
            let (mut bare, mut ours) = (Rate::default(), Rate::default());
            for _ in 0..SLICES {
                let slice = self.plan.asking / SLICES;
                bare = bare.and(clients::ask(&greeter, &hello, slice).await);
                ours = ours.and(clients::ask(&scene.daemon, &requests, slice).await);
            }
            let beside = Some(("bare hello", bare.per_second()));
            let title = format!("{name} requests/s, answered at once");
            self.table.add(&title, ours.per_second(), beside, Bar::TimesAtLeast(0.5));
            let beside = Some(("bare hello", bare.cpu_us()));
            let title = format!("  processor time of a {name}, µs");
            self.table.add(&title, ours.cpu_us(), beside, Bar::None);
        }
    }
}

/// Polls that wait at a server, and what they cost it.
struct Crowd {
    parked: Vec<Conn>,
    before_mb: f64,
    few_kb: f64,
    many_kb: f64,
    cpu_ms: f64,
}

impl Crowd {
    async fn gather(server: &Server, scene: &Scene, warm_up: &[Vec<u8>], plan: &Plan) -> Self {
        // What a process needs once, such as caches of a fixed size, is not the polls' cost.
        for _ in 0..4 {
            let mut conn = Conn::open(server.address).await;
            for request in warm_up.iter().cycle().take(KNOWN) {
                conn.ask(request).await;
            }
        }
        let before = server.rss();
        let mut parked = park(server.address, scene.polls(0..FEW)).await;
        server.await_parked(FEW).await;
        let few_kb = (server.rss() - before) / FEW as f64;
        parked.extend(park(server.address, scene.polls(FEW..MANY)).await);
        server.await_parked(MANY).await;
        let many_kb = (server.rss() - before) / MANY as f64;
        let cpu = server.cpu();
        sleep(plan.watching).await;
        let cpu_ms = (server.cpu() - cpu) * 1000.0 / plan.watching.as_secs_f64();
        Self { parked, before_mb: before / 1000.0, few_kb, many_kb, cpu_ms }
    }
}

impl Scene {
    fn take(&mut self, count: usize) -> Vec<Order> {
        self.free.split_off(self.free.len() - count)
    }

    /// Polls of which half wait for orders, and half in sessions for which there is none.
    fn polls(&self, which: std::ops::Range<usize>) -> Vec<Vec<u8>> {
        let poll = |number: usize| match number % 2 {
            0 => Visit::new().poll(),
            _ => self.waiting[number / 2].poll(),
        };
        which.map(poll).collect()
    }

    /// Payments of orders, and a poll for each.
    fn pairs(&mut self, count: usize) -> Vec<Pair> {
        let orders = self.take(count).into_iter().enumerate();
        let pair = |(number, order): (usize, Order)| {
            let poll = if number % 2 == 0 { order.poll() } else { order.poll_session() };
            Pair { poll, payment: self.shop.pay(&order) }
        };
        orders.map(pair).collect()
    }

    /// Half orders, half sessions for which there is none.
    fn subjects(&mut self, count: usize) -> Vec<Subject> {
        let orders = self.take(count / 2).into_iter();
        let known = |order: Order| {
            Subject::Known(Pair { poll: order.poll(), payment: self.shop.pay(&order) })
        };
        orders.flat_map(|order| [known(order), Subject::Session(Visit::new())]).collect()
    }
}
