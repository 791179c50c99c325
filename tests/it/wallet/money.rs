//! Money is neither made nor lost, by whomever things are cut short: a true wallet, a true till and a
//! true exchange, at random.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use playground::sandbox::{FaultAction, Faults};
use playground::wallet::{Error, Generation, PayOptions};
use rusqlite::{Connection, OpenFlags};
use serde_json::{Value, json};
use taler::amount::Amount;
use taler::sign::PublicKey;
use taler::web::BaseUrl;
use tempfile::TempDir;

use super::Customer;
use crate::common::eventually;
use crate::common::exchange::{AHEAD, Exchange, kudos, times};
use crate::common::rng::Dice;
use crate::common::{Daemon, Place, tilld};

const STEPS: usize = 1_000;

/// Everything that there is.
struct World {
    exchange: Exchange,
    place: Place,
    token: String,
    daemon: Option<Daemon>,
    /// Where the daemon is found, each time it is there.
    address: String,
    /// One speaks as old wallets do, one as new ones, one as it likes.
    customers: [Customer; 3],
    /// Whose turn it is.
    turn: usize,
    rng: Dice,
    sales: Vec<Sale>,
}

/// An order, and how much of it the shop has given back, in hundredths.
struct Sale {
    id: String,
    price: u64,
    granted: u64,
}

fn cents(cents: u64) -> String {
    format!("{}.{:02}", cents / 100, cents % 100)
}

impl World {
    fn new(seed: u64) -> Self {
        let exchange = Exchange::start();
        // All have the clock of this machine.
        exchange.turn_back(AHEAD);
        let place = Place::new();
        place.instance("admin");
        let account = "payto://x-taler-bank/bank.example/shop?receiver-name=Shop";
        place.ok(&["account", "add", "admin", account]);
        let token = place.token("admin", "all");
        let settings =
            format!("[exchanges]\nrequest_timeout_s = 1\nattempts = 1\n{}", exchange.trusted());
        std::fs::write(place.dir.path().join("tilld.toml"), settings).unwrap();
        let customer = || Customer::at(TempDir::new().unwrap(), 0);
        let customers = [
            customer().speaking(Generation::Old),
            customer().speaking(Generation::New),
            customer(),
        ];
        let mut world = Self {
            exchange,
            place,
            token,
            daemon: None,
            address: "http://127.0.0.1:0".into(),
            customers,
            turn: 0,
            rng: Dice(seed),
            sales: Vec::new(),
        };
        world.open_shop();
        world
    }

    /// Starts the daemon, which must not run.
    fn open_shop(&mut self) {
        let mut command = tilld();
        command.arg("--database").arg(self.place.db()).arg("serve");
        command.env("TILLD_CONFIG", self.place.dir.path().join("tilld.toml"));
        command.env("TILLD_SERVER__LISTEN", self.address.trim_start_matches("http://"));
        let daemon = Daemon::start(command);
        self.address.clone_from(&daemon.address);
        self.daemon = Some(daemon);
    }

    /// Whose turn it is.
    fn customer(&mut self) -> &mut Customer {
        &mut self.customers[self.turn]
    }

    fn daemon(&self) -> &Daemon {
        self.daemon.as_ref().unwrap()
    }

    fn post(&self, path: &str, body: &Value) -> Value {
        let reply = self.daemon().ask("POST", path).token(&self.token).json(body).send();
        assert_eq!(reply.status, 200, "{path}: {reply:?}");
        reply.json()
    }

    fn uri(&self, action: &str, id: &str) -> String {
        format!("taler+http://{action}/{}/{id}/", self.address.trim_start_matches("http://"))
    }

    /// The shop offers something; where it is paid.
    fn offer(&mut self) -> String {
        let price = self.rng.below(60) + 1;
        let made = self.post(
            "/private/orders",
            &json!({
                "order": {
                    "summary": "Tea", "amount": format!("KUDOS:{}", cents(price)),
                    "max_fee": "KUDOS:0.01", "fulfillment_message": "Here it is.",
                },
                "refund_delay": { "d_us": 3_600_000_000_u64 },
                "create_token": false,
            }),
        );
        let id = made["order_id"].as_str().unwrap().to_owned();
        let uri = self.uri("pay", &id);
        self.sales.push(Sale { id, price, granted: 0 });
        uri
    }

    /// The shop gives something back, if it has sold anything lately; where it is fetched.
    fn grant(&mut self) -> Option<String> {
        let latest = self.sales.len().checked_sub(1)?;
        let at = latest - self.rng.place(self.sales.len().min(8));
        let more = 1 + self.rng.below(5);
        let Sale { id, price, granted } = &self.sales[at];
        let (id, total) = (id.clone(), (granted + more).min(*price));
        let body = json!({ "refund": format!("KUDOS:{}", cents(total)), "reason": "cold" });
        let path = format!("/private/orders/{id}/refund");
        let reply = self.daemon().ask("POST", &path).token(&self.token).json(&body).send();
        match reply.status {
            200 => self.sales[at].granted = total,
            // It is not paid, or the fee would eat the refund.
            409 => {}
            _ => panic!("{reply:?}"),
        }
        Some(self.uri("refund", &id))
    }

    /// Some order's address, of late.
    fn some_order(&mut self) -> Option<String> {
        let latest = self.sales.len().checked_sub(1)?;
        let at = latest - self.rng.place(self.sales.len().min(8));
        Some(self.uri("pay", &self.sales[at].id))
    }

    /// Something goes wrong at the exchange, once or twice.
    fn misbehave(&mut self) {
        let acts = [
            FaultAction::Status(503),
            FaultAction::LoseAnswer,
            FaultAction::FailAfterwards(500),
            FaultAction::NotJson,
            FaultAction::WrongSignature,
        ];
        let fault = Some(times(1 + u32::from(self.rng.below(2) == 0), acts[self.rng.place(5)]));
        self.exchange.misbehave(match self.rng.below(9) {
            0 => Faults { withdraw: fault, ..Faults::default() },
            1 | 2 => Faults { deposit: fault, ..Faults::default() },
            3 | 4 => Faults { melt: fault, ..Faults::default() },
            5 | 6 => Faults { reveal: fault, ..Faults::default() },
            _ => Faults { refund: fault, ..Faults::default() },
        });
    }

    /// One step of somebody; what it was.
    fn step(&mut self) -> String {
        self.turn = self.rng.place(self.customers.len());
        let step = self.step_of_one();
        format!("{} {step}", self.turn)
    }

    fn step_of_one(&mut self) -> String {
        let poor = self.customer().balance().0.parse::<Amount>().unwrap();
        if poor.try_cmp(&kudos("1")).unwrap().is_lt() && self.rng.below(3) > 0 {
            let amount = cents(50 + self.rng.below(300));
            if self.rng.below(3) == 0 {
                let (url, looks) = (self.exchange.base_url().to_owned(), self.rng.place(60));
                let url = BaseUrl::parse(url).unwrap();
                let wish = kudos(&amount);
                let done = self
                    .customer()
                    .cut(looks, async |wallet| wallet.withdraw(&url, wish).await.map(|_| ()));
                return format!("withdrew {amount}, cut after {looks} looks: {}", told(done));
            }
            let done = self.customers[self.turn].withdraw(&self.exchange, &amount);
            return format!("withdrew {amount}: {}", told(Some(done)));
        }
        match self.rng.below(64) {
            0..=9 => {
                let uri = self.offer();
                format!("paid {uri}: {}", told(Some(self.customer().pay(&uri))))
            }
            10..=16 => {
                let (uri, looks) = (self.offer(), self.rng.place(60));
                let done = self
                    .customer()
                    .cut(looks, async |wallet| wallet.pay(&uri, PayOptions::default()).await);
                format!("paid {uri}, cut after {looks} looks: {}", told(done))
            }
            17..=19 | 44 => self.some_order().map_or("nothing".into(), |uri| {
                format!("paid {uri} again: {}", told(Some(self.customer().pay(&uri))))
            }),
            20..=23 | 40..=42 => self.call_off(),
            24..=29 => self.grant().map_or("nothing".into(), |uri| {
                format!("fetched {uri}: {}", told(Some(self.customer().refund(&uri))))
            }),
            30..=33 => self.grant().map_or("nothing".into(), |uri| {
                let looks = self.rng.place(60);
                let done = self.customer().cut(looks, async |wallet| wallet.refund(&uri).await);
                format!("fetched {uri}, cut after {looks} looks: {}", told(done))
            }),
            34..=36 => {
                self.misbehave();
                "the exchange misbehaves".into()
            }
            37 | 38 => {
                self.exchange.behave();
                format!("the exchange behaves, finished: {}", told(Some(self.customer().finish())))
            }
            43 => self.kill(),
            45..=50 => format!("changed: {}", told(Some(self.customer().refresh()))),
            51..=55 => {
                let looks = self.rng.place(60);
                let done = self.customer().cut(looks, async |wallet| wallet.refresh().await);
                format!("changed, cut after {looks} looks: {}", told(done))
            }
            _ => self.some_order().map_or("nothing".into(), |uri| {
                format!("paid {uri} again: {}", told(Some(self.customer().pay(&uri))))
            }),
        }
    }

    /// A payment hangs, and is called off.
    fn call_off(&mut self) -> String {
        let uri = self.offer();
        let acts = [
            FaultAction::Status(503),
            FaultAction::LoseAnswer,
            FaultAction::FailAfterwards(500),
            FaultAction::NotJson,
        ];
        self.exchange.deposits(acts[self.rng.place(4)]);
        let paid = told(Some(self.customer().pay(&uri)));
        self.exchange.behave();
        if self.rng.below(3) == 0 {
            let refund = Some(times(1, acts[self.rng.place(4)]));
            self.exchange.misbehave(Faults { refund, ..Faults::default() });
        }
        let looks = self.rng.place(60);
        let done = self.customer().cut(looks, async |wallet| wallet.abort(&uri).await);
        format!("paid {uri}: {paid}; called off, cut after {looks} looks: {}", told(done))
    }

    /// The daemon is killed while the wallet pays, or fetches a refund.
    fn kill(&mut self) -> String {
        let is_refund = self.rng.below(2) == 0;
        let uri = if is_refund { self.grant() } else { Some(self.offer()) };
        let Some(uri) = uri else { return "nothing".into() };
        let after = Duration::from_micros(self.rng.below(30_000));
        let mut daemon = self.daemon.take().unwrap();
        let customer = &self.customers[self.turn];
        let done = std::thread::scope(|scope| {
            let killer = scope.spawn(move || {
                std::thread::park_timeout(after);
                daemon.child.kill().unwrap();
                daemon.child.wait().unwrap();
            });
            let done = match is_refund {
                true => told(Some(customer.refund(&uri))),
                false => told(Some(customer.pay(&uri))),
            };
            killer.join().unwrap();
            done
        });
        self.open_shop();
        format!("{uri}, the daemon killed after {after:?}: {done}")
    }

    /// Lets everybody finish what was begun.
    fn finish(&mut self) {
        self.exchange.behave();
        self.daemon.take().unwrap().kill();
        // So much time passes that no request can be on its way any more.
        let long_ago = "UPDATE deposits SET sent_at_s = sent_at_s - 3600";
        let books = Connection::open(self.place.db()).unwrap();
        books.prepare_cached(long_ago).unwrap().execute([]).unwrap();
        drop(books);
        self.open_shop();
        let books = self.books();
        let open = |statement: &str| books.query_row(statement, [], |row| row.get::<_, i64>(0));
        eventually("what the till has begun", || {
            // Of a coin that is to be given back, its refund is the answer.
            let sent = "SELECT count(*) FROM deposits WHERE exchange_sig IS NULL
                AND serial NOT IN (SELECT deposit_serial FROM coin_refunds)";
            let back = "SELECT count(*) FROM coin_refunds WHERE requested = 1
                AND exchange_sig IS NULL AND refused_status IS NULL";
            open(sent).unwrap() == 0 && open(back).unwrap() == 0
        });
        for customer in &self.customers {
            for _ in 0..3 {
                // What the shop refuses is called off, and told as a failure.
                let _ = customer.finish();
            }
            customer.finish().unwrap();
        }
        for sale in self.sales.iter().filter(|sale| sale.granted > 0) {
            let mut buyers = 0;
            for customer in &self.customers {
                match customer.refund(&self.uri("refund", &sale.id)) {
                    Ok(fetched) => assert_eq!(fetched.missing, 0, "{}", sale.id),
                    Err(Error::NotBought) => continue,
                    Err(other) => panic!("{}: {other:?}", sale.id),
                }
                buyers += 1;
            }
            assert_eq!(buyers, 1, "{}", sale.id);
        }
    }

    fn books(&self) -> Connection {
        read(&self.place.db())
    }

    /// What the shop has earned by its own books, in units.
    fn earned(&self) -> u64 {
        let books = self.books();
        let mut coins: BTreeMap<i64, (u64, u64)> = BTreeMap::new();
        let mut deposits = books
            .prepare_cached(
                // What is given back was there, confirmed or not.
                "SELECT serial, coin ->> 'contribution', deposit_fee FROM deposits
                WHERE exchange_sig IS NOT NULL OR serial IN (
                    SELECT deposit_serial FROM coin_refunds WHERE exchange_sig IS NOT NULL
                )",
            )
            .unwrap();
        let mut rows = deposits.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            let amount = |at| units(&row.get::<_, String>(at).unwrap());
            coins.insert(row.get(0).unwrap(), (amount(1), amount(2)));
        }
        let mut refunds = books
            .prepare_cached(
                "SELECT deposit_serial, amount FROM coin_refunds WHERE exchange_sig IS NOT NULL",
            )
            .unwrap();
        let mut rows = refunds.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            let back = units(&row.get::<_, String>(1).unwrap());
            coins.get_mut(&row.get(0).unwrap()).unwrap().0 -= back;
        }
        // What is left pays the fee first, as far as it goes.
        coins.values().map(|(left, fee)| left - fee.min(left)).sum()
    }

    /// Adds everything up.
    fn check(&self) {
        let ledger = self.exchange.ledger();
        let of = |name: &str| units(ledger[name].as_str().unwrap());
        let has: u64 = self.customers.iter().map(|customer| units(&customer.has())).sum();
        let earned = self.earned();
        let parts = [has, earned, of("reserves"), of("fees")];
        assert_eq!(parts.iter().sum::<u64>(), of("topped_up"), "{parts:?}: {ledger}");
        assert_eq!(has, of("coins"), "{ledger}");
        let merchants = ledger["by_merchant"].as_object().unwrap();
        assert_eq!(merchants.len(), 1);
        assert_eq!(units(merchants.values().next().unwrap().as_str().unwrap()), earned);

        assert_eq!(of("melting"), 0, "{ledger}");

        // Coin by coin.
        let (mut spent, mut changed) = (0, 0);
        for customer in &self.customers {
            let wallet = read(&customer.dir.path().join("wallet.sqlite"));
            let mut coins = wallet
                .prepare_cached(
                    "SELECT coin_pub, remaining, is_doubted, value, refresh FROM coins
                    JOIN denominations ON denominations.serial = denomination
                    WHERE ub_sig IS NOT NULL",
                )
                .unwrap();
            let mut rows = coins.query([]).unwrap();
            while let Some(row) = rows.next().unwrap() {
                let key = PublicKey::new(row.get(0).unwrap());
                let ours = row.get::<_, Option<String>>(1).unwrap().map_or(0, |text| units(&text));
                let reply = self.exchange.get(&format!("sandbox/coins/{key}"));
                let theirs = match reply.status {
                    404 => units(&row.get::<_, String>(3).unwrap()),
                    _ => units(reply.json()["left"].as_str().unwrap()),
                };
                spent += u64::from(reply.status == 200);
                changed += u64::from(row.get::<_, Option<i64>>(4).unwrap().is_some());
                assert_eq!((ours, row.get(2).unwrap()), (theirs, false), "{key}");
            }
        }
        assert!(spent > 20, "only {spent} coins were ever spent");
        assert!(changed > 20, "only {changed} coins are change");
    }
}

fn read(path: &std::path::Path) -> Connection {
    Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap()
}

/// An amount in units of 10⁻⁸.
fn units(amount: &str) -> u64 {
    let amount = Amount::parse(amount).unwrap();
    amount.value() * 100_000_000 + u64::from(amount.fraction())
}

/// What became of something that may fail, but not in every way.
fn told<T>(done: Option<Result<T, Error>>) -> String
where
    T: fmt::Debug,
{
    match done {
        None => "cut".into(),
        Some(Ok(_)) => "done".into(),
        Some(Err(error @ (Error::Damaged(_) | Error::Busy))) => panic!("{error}"),
        Some(Err(error)) => error.to_string(),
    }
}

#[test]
fn wallet_till_and_exchange_agree_to_the_last_unit_after_a_thousand_random_steps() {
    let seed = 0x5EED;
    let mut world = World::new(seed);
    let mut story = Vec::new();
    let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        for step in 0..STEPS {
            story.push(format!("{step}: {}", world.step()));
        }
        world.finish();
        world.check();
    }));
    if let Err(panic) = done {
        println!("seed {seed:#x}\n{}", story.join("\n"));
        std::panic::resume_unwind(panic);
    }
    let findings = world.place.run(&["check"]);
    assert!(findings.status.success(), "{findings:?}");
}
