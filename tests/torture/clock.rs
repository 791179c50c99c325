//! Clocks that are wrong, and are set while the daemon runs: polls end when their time has passed, not
//! when the clock says so; nothing is over for good because a clock was wrong for a while; and the
//! doctor and the log say so.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::common::exchange::Exchange;
use crate::common::shop::{Shop, now, plain};
use crate::common::{Place, Reply, tilld};
use crate::shim;

const HOUR: i64 = 3_600;
const DAY: i64 = 86_400;
/// Longer than any poll here may last beyond its time, on a busy machine.
const MARGIN: Duration = Duration::from_secs(3);

/// A wall clock for a daemon.
struct Clock {
    dir: TempDir,
    file: File,
}

impl Clock {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("offset");
        let file = OpenOptions::new().write(true).create_new(true).open(path).unwrap();
        let this = Self { dir, file };
        this.set(0);
        this
    }

    /// So many seconds ahead of the true time; negative: behind.
    fn set(&self, offset: i64) {
        self.file.write_all_at(&offset.to_ne_bytes(), 0).unwrap();
    }

    /// As after a start without power: the first minute of 1970.
    fn never_set(&self) {
        self.set(10 - i64::try_from(now()).unwrap());
    }

    fn variables(&self) -> [(String, String); 2] {
        let file = self.dir.path().join("offset");
        [("LD_PRELOAD", shim::clock()), ("CLOCK_OFFSET", &file)]
            .map(|(name, path)| (name.to_owned(), path.to_str().unwrap().to_owned()))
    }

    /// A shop whose daemon goes by this clock.
    fn shop(&self, settings: &str) -> Shop {
        let variables = self.variables();
        let variables = variables.each_ref().map(|(name, value)| (&**name, &**value));
        let bank = "payto://x-taler-bank/localhost/shop?receiver-name=Shop";
        Shop::configured_in(bank, settings, &variables)
    }

    /// What the doctor says of this clock.
    fn doctor(&self, place: &Place) -> String {
        let mut command = tilld();
        command.arg("--database").arg(place.db()).arg("doctor").envs(self.variables());
        let said = String::from_utf8(command.output().unwrap().stdout).unwrap();
        let line = said.lines().find(|line| line.contains("  clock: "));
        line.unwrap_or_else(|| panic!("{said}")).to_owned()
    }
}

/// A `GET` that may wait, while `meanwhile` happens; the answer and how long it took.
fn polled(shop: &Shop, path: &str, meanwhile: impl FnOnce()) -> (Reply, Duration) {
    let begun = Instant::now();
    let reply = shop.parked_while(path, meanwhile);
    (reply, begun.elapsed())
}

fn waits(made: &str, wait: u64) -> [String; 3] {
    [
        format!("/private/orders/{made}?timeout_ms={wait}"),
        format!("/sessions/{made}?fulfillment_url=https%3A%2F%2Fshop.example%2F&timeout_ms={wait}"),
        format!("/private/orders?limit=20&offset=1000&timeout_ms={wait}"),
    ]
}

#[test]
fn a_poll_ends_on_time_however_the_clock_is_set_meanwhile() {
    let clock = Clock::new();
    let shop = clock.shop("");
    let (id, _) = shop.made(&json!({
        "order": { "summary": "tea", "amount": "KUDOS:1", "fulfillment_url": "https://shop.example/" },
        "session_id": "S",
    }));
    for offset in [-HOUR, DAY / 2, 10 - i64::try_from(now()).unwrap(), 0] {
        for path in waits(&id, 1_500) {
            let (reply, took) = polled(&shop, &path, || clock.set(offset));
            assert!(reply.status < 500, "{path}: {reply:?}");
            let wait = Duration::from_millis(1_450);
            assert!((wait..wait + MARGIN).contains(&took), "{path}, {offset} s: {took:?}");
        }
        // Who is paid for hears of it at once, whatever the time.
        let (other, _) = shop.made(&plain("cake", "KUDOS:2"));
        let (reply, took) = polled(&shop, &waits(&other, 20_000)[0], || {
            clock.set(-offset);
            assert_eq!(shop.pay(&other, &json!({ "method": "cash" })).status, 200);
        });
        assert_eq!(reply.json()["order_status"], "paid");
        assert!(took < Duration::from_secs(10), "{took:?}");
    }
}

fn secs(terms: &Value, name: &str) -> u64 {
    terms[name]["t_s"].as_u64().unwrap()
}

#[test]
fn what_is_over_while_the_clock_is_a_day_ahead_is_not_over_when_it_is_right_again() {
    let clock = Clock::new();
    let exchange = Exchange::start();
    let shop = clock.shop(&exchange.trusted());
    let order = json!({
        "order": { "summary": "tea", "amount": "KUDOS:1", "max_fee": "KUDOS:1" },
        "refund_delay": { "d_us": 7_200_000_000_u64 },
    });
    let (unpaid, token) = shop.made(&order);
    let (claimed, claim_token) = shop.made(&order);
    let contract = shop.claimed(&claimed, &claim_token);
    let paid = shop.sold(&order);
    let wish = json!({ "scope": "readonly", "duration": { "d_us": 3_600_000_000_u64 } });
    let long = shop.place.token("admin", "all:refreshable");
    let refresh = || shop.daemon.ask("POST", "/private/token").token(&long).json(&wish).send();
    let short = refresh().json()["access_token"].as_str().unwrap().to_owned();
    let admitted = || shop.daemon.ask("GET", "/private").token(&short).send().status;
    assert_eq!(admitted(), 200);

    clock.set(DAY + HOUR);
    assert_eq!(admitted(), 401);
    let gone = shop.seen(&unpaid, &format!("?token={token}"));
    assert!(gone.status >= 400, "{gone:?}");
    // What was paid at the counter goes back there, whenever that is.
    assert_eq!(shop.refund(&paid, "KUDOS:0.25").status, 200);
    // Much is done meanwhile; what is over is tidied up, if it is.
    assert_eq!(refresh().status, 200);
    shop.sold(&order);
    let shop = shop.restarted();

    clock.set(0);
    let admitted = shop.daemon.ask("GET", "/private").token(&short).send().status;
    assert_eq!(admitted, 200);
    let seen = shop.seen(&unpaid, &format!("?token={token}"));
    assert_eq!(seen.status, 402, "{seen:?}");
    assert_eq!(shop.claim(&unpaid, &token, &crate::common::shop::nonce(3)).status, 200);
    assert_eq!(shop.refund(&paid, "KUDOS:0.5").status, 200);
    let coin = exchange.coin("1");
    let coins = [coin.paying(&exchange, &contract.purchase(), "1")];
    let body = json!({ "coins": coins, "session_id": "S" });
    let reply = shop.strange_post(&format!("/orders/{claimed}/pay"), &body);
    assert_eq!(reply.status, 200, "{reply:?}");
    shop.place.ok(&["check"]);
}

#[test]
fn a_clock_that_is_set_back_an_hour_does_not_stop_sales() {
    let clock = Clock::new();
    let exchange = Exchange::start();
    // The exchange's keys are a moment old: an hour ago there were none.
    clock.set(HOUR);
    let shop = clock.shop(&exchange.trusted());
    let before = shop.sold(&json!({
        "order": { "summary": "tea", "amount": "KUDOS:1" },
        "refund_delay": { "d_us": 7_200_000_000_u64 },
    }));
    clock.set(0);
    let line = clock.doctor(&shop.place);
    assert!(line.starts_with("FAIL") && line.contains(" min later"), "{line}");
    let shop = shop.restarted();
    let said = &shop.daemon.greeting;
    assert!(said.contains("before the newest entry in the database"), "{said}");
    let (id, token) = shop.made(&json!({
        "order": { "summary": "tea", "amount": "KUDOS:1", "max_fee": "KUDOS:1" },
    }));
    let contract = shop.claimed(&id, &token);
    assert!(secs(&contract.terms, "timestamp").abs_diff(now()) < 30);
    assert!(secs(&contract.terms, "pay_deadline") > now());
    assert_eq!(shop.refund(&before, "KUDOS:0.5").status, 200);
    let coin = exchange.coin("1");
    let coins = [coin.paying(&exchange, &contract.purchase(), "1")];
    let body = json!({ "coins": coins, "session_id": "S" });
    let reply = shop.strange_post(&format!("/orders/{id}/pay"), &body);
    assert_eq!(reply.status, 200, "{reply:?}");

    assert_eq!(shop.status(&id, "")["order_status"], "paid");
    shop.place.ok(&["check"]);
}

#[test]
fn a_till_whose_clock_was_never_set_starts_says_so_and_sells_and_is_right_when_it_is_set() {
    let clock = Clock::new();
    let exchange = Exchange::start();
    let right = clock.shop(&exchange.trusted());
    assert!(!right.daemon.greeting.contains("clock"), "{}", right.daemon.greeting);
    let (waiting, token) = right.made(&json!({
        "order": { "summary": "tea", "amount": "KUDOS:1", "max_fee": "KUDOS:1" },
    }));
    let contract = right.claimed(&waiting, &token);
    clock.never_set();
    let shop = right.restarted();
    let said = &shop.daemon.greeting;
    assert!(said.contains("the clock says 1970-01-01"), "{said}");
    let line = clock.doctor(&shop.place);
    assert!(line.starts_with("FAIL") && line.contains("which is long ago"), "{line}");
    // Cash needs no clock.
    let sold = shop.sold(&plain("tea", "KUDOS:1"));
    assert_eq!(shop.status(&sold, "")["order_status"], "paid");
    // With coins it does not go, and that is said.
    let coin = exchange.coin("1");
    let coins = [coin.paying(&exchange, &contract.purchase(), "1")];
    let body = json!({ "coins": coins, "session_id": "S" });
    let pay = format!("/orders/{waiting}/pay");
    let refused = shop.strange_post(&pay, &body);
    assert!((400..600).contains(&refused.failure().0), "{refused:?}");

    clock.set(0);
    let reply = shop.strange_post(&pay, &body);
    assert_eq!(reply.status, 200, "{reply:?}");
    assert_eq!(shop.status(&sold, "")["order_status"], "paid");
    let shop = shop.restarted();
    assert_eq!(shop.status(&waiting, "")["order_status"], "paid");
    assert!(clock.doctor(&shop.place).starts_with("ok  "), "{}", clock.doctor(&shop.place));
    shop.place.ok(&["check"]);
}

#[test]
fn the_doctor_sees_by_any_newest_row_that_the_clock_went_back() {
    let clock = Clock::new();
    clock.set(-2 * DAY);
    let shop = clock.shop("");
    let paid = shop.sold(&json!({
        "order": { "summary": "tea", "amount": "KUDOS:1" },
        "refund_delay": { "d_us": 864_000_000_000_u64 },
    }));
    let (unpaid, _) = shop.made(&plain("cake", "KUDOS:1"));
    let well = || clock.doctor(&shop.place).starts_with("ok  ");
    assert!(well());
    // A day later an order is paid, and another day later money goes back.
    clock.set(-DAY);
    assert_eq!(shop.pay(&unpaid, &json!({ "method": "cash" })).status, 200);
    assert!(well());
    clock.set(-2 * DAY);
    assert!(!well(), "a payment of the future");
    clock.set(0);
    assert_eq!(shop.refund(&paid, "KUDOS:0.5").status, 200);
    assert!(well());
    clock.set(-DAY);
    assert!(!well(), "a refund of the future");
}

#[test]
fn tokens_survive_a_clock_that_was_far_ahead_for_one_sign_in() {
    let clock = Clock::new();
    let shop = clock.shop("");
    let quarter = json!({ "scope": "readonly", "duration": { "d_us": 90 * 86_400_000_000_u64 } });
    let long = shop.place.token("admin", "all:refreshable");
    let ask = |shop: &Shop| {
        let reply = shop.daemon.ask("POST", "/private/token").token(&long).json(&quarter).send();
        reply.json()["access_token"].as_str().unwrap().to_owned()
    };
    let token = ask(&shop);
    let status = |shop: &Shop| shop.daemon.ask("GET", "/private").token(&token).send();
    let status = |shop: &Shop| {
        let reply = status(shop);
        (reply.status, reply.json()["code"].as_u64().unwrap_or_default())
    };
    assert_eq!(status(&shop), (200, 0));
    clock.set(200 * DAY);
    assert_eq!(status(&shop), (401, 42), "it has expired, as far as is known");
    ask(&shop);
    // After a start, the daemon knows no more than what is in the file.
    let shop = shop.restarted();
    ask(&shop);
    // Selling makes the wrong time the newest in the file.
    shop.sold(&plain("tea", "KUDOS:1"));
    let shop = shop.restarted();
    ask(&shop);
    assert_eq!(status(&shop), (401, 42));
    clock.set(0);
    assert_eq!(status(&shop), (200, 0));
    let shop = shop.restarted();
    assert_eq!(status(&shop), (200, 0));
}

#[test]
fn part_of_a_payment_is_not_given_back_because_the_clock_jumped() {
    let clock = Clock::new();
    let exchange = Exchange::start();
    let shop = clock.shop(&exchange.trusted());
    let (id, token) = shop.made(&json!({
        "order": { "summary": "tea", "amount": "KUDOS:3", "max_fee": "KUDOS:1" },
    }));
    let contract = shop.claimed(&id, &token);
    // The exchange has taken one coin, and no more came yet.
    let coins = [exchange.coin("1"), exchange.coin("2")];
    let body = |coin: &crate::common::exchange::Coin, part: &str| json!({ "coins": [coin.paying(&exchange, &contract.purchase(), part)], "session_id": "S" });
    let db = rusqlite::Connection::open(shop.place.db()).unwrap();
    db.busy_timeout(crate::common::PATIENCE).unwrap();
    exchange.deposits(playground::sandbox::FaultAction::FailAfterwards(500));
    let mut both = body(&coins[0], "1");
    let other = body(&coins[1], "2")["coins"][0].clone();
    both["coins"].as_array_mut().unwrap().push(other);
    let pay = format!("/orders/{id}/pay");
    assert_eq!(shop.strange_post(&pay, &both).status, 502);
    db.execute_batch("INSERT INTO partial_payments SELECT max(serial) FROM orders").unwrap();

    clock.set(200 * DAY);
    let shop = shop.restarted();
    let told = |line: &String| line.contains("1 partially paid orders have expired, by this clock");
    let lines = shop.daemon.lines.lock().unwrap();
    let said = std::iter::from_fn(|| lines.recv_timeout(crate::common::PATIENCE).ok());
    let seen: Vec<String> = said.take_while(|line| !told(line)).collect();
    drop(lines);
    let open = |sql: &str| db.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!(open("SELECT count(*) FROM partial_payments"), 1, "{seen:?}");
    assert_eq!(open("SELECT count(*) FROM coin_refunds"), 0);
    clock.set(0);
    exchange.behave();
    let reply = shop.strange_post(&pay, &both);
    assert_eq!(reply.status, 200, "{reply:?}");
    shop.place.ok(&["check"]);
}
