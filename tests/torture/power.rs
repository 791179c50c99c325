//! The power goes, again and again: whatever was answered is still true, whatever was not is there
//! wholly or not at all, and nothing is there twice.

use std::process::{Command, Stdio};
use std::sync::mpsc::channel;

use rusqlite::{Connection, OpenFlags};

use crate::book::Counter;
use crate::common::exchange::Exchange;
use crate::common::rng::Dice;
use crate::common::shop::Shop;
use crate::common::{PATIENCE, Place, tilld};
use crate::disk::{Disk, Loss};
use crate::trade::{CUSTOMERS, Queue, rush};

/// Where a bank account is that the sandbox pays to.
const BANK: &str = "payto://x-taler-bank/localhost/shop?receiver-name=Shop";

/// The number that this run's chance begins with; `TORTURE_SEED` has one come again.
fn seed() -> u64 {
    let wanted = std::env::var("TORTURE_SEED").ok().map(|seed| seed.parse().unwrap());
    let seed = wanted.unwrap_or_else(|| u64::from_ne_bytes(system::random().unwrap()));
    println!("TORTURE_SEED={seed}");
    seed | 1
}

/// A shop on a disk that forgets, and an exchange that does not.
struct ShopOnLossyDisk {
    exchange: Exchange,
    disk: Disk,
    shop: Option<Shop>,
    rng: Dice,
    /// Everybody who was ever served.
    queues: Vec<Queue>,
    rounds: usize,
}

/// How a round ends.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum End {
    /// The process is killed; the disk lives on.
    Kill,
    /// The power goes, and all that was not synced with it.
    Everything,
    /// The power goes, and some of it.
    Something,
}

/// When a round ends.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Moment {
    /// After so many answers.
    Answers(usize),
    /// In the midst of the so-manieth write or sync.
    Operations(u64),
    /// After so many answers it is stopped, and then in the midst of its so-manieth write.
    Leaving(usize, u64),
}

impl Moment {
    /// One of every kind in turn; every tenth is late enough for the log to be moved meanwhile.
    fn of(round: usize, rng: &mut Dice) -> Self {
        match round % 10 {
            9 => Self::Operations(2_000 + rng.below(4_000)),
            0 | 4 => Self::Leaving(10 + rng.place(40), rng.below(60)),
            1 | 3 | 5 | 7 => Self::Operations(10 + rng.below(400)),
            _ => Self::Answers(10 + rng.place(40)),
        }
    }
}

impl ShopOnLossyDisk {
    fn new(seed: u64) -> Self {
        let (exchange, disk) = (Exchange::start(), Disk::new());
        let variables = disk.variables();
        let variables: Vec<_> = variables.iter().map(|(name, value)| (&**name, &**value)).collect();
        let shop = Shop::configured_in(BANK, &exchange.trusted(), &variables);
        let (rng, queues) = (Dice(seed), Vec::new());
        Self { exchange, disk, shop: Some(shop), rng, queues, rounds: 0 }
    }

    fn shop(&self) -> &Shop {
        self.shop.as_ref().unwrap()
    }

    /// Customers come; in the midst of it the daemon ends in some way. How many steps were confirmed,
    /// and how much the disk has forgotten.
    fn round(&mut self, moment: Moment, end: End, coins: bool) -> (usize, usize) {
        let round = self.rounds;
        self.rounds += 1;
        // A client that was interrupted goes on, unless there are too many by now.
        let mut queues: Vec<_> = (0..CUSTOMERS)
            .map(|number| {
                let seed = self.rng.below(u64::MAX);
                let mut queue = Queue::new(format!("{round}-{number}"), seed);
                let left = self.queues.iter_mut().rev().take(CUSTOMERS);
                let left =
                    left.filter(|queue| queue.sales.last().is_some_and(|s| s.doubt.is_some()));
                queue.sales.extend(left.take(1).filter_map(|queue| queue.sales.pop()));
                queue
            })
            .collect();
        if coins {
            queues[0].coins = (0..3).map(|_| self.exchange.coin("1")).collect();
        }
        let answers = match moment {
            Moment::Answers(answers) | Moment::Leaving(answers, _) => answers,
            Moment::Operations(operations) => {
                self.disk.die_after(operations);
                usize::MAX
            }
        };
        let shop = self.shop.take().unwrap();
        let (done, dones) = channel();
        let heard = rush(&mut queues, &shop, Some(&self.exchange), done, || {
            let mut heard = 0;
            // Ends as well when all have given up, which is when the daemon is dead.
            while heard < answers && dones.recv_timeout(PATIENCE).is_ok() {
                heard += 1;
            }
            match moment {
                Moment::Answers(_) => shop.daemon.signal("KILL"),
                Moment::Operations(_) => {}
                Moment::Leaving(_, operations) => {
                    self.disk.die_after(operations);
                    shop.daemon.signal("TERM");
                    // Its last words end when it does.
                    shop.daemon.lines.lock().unwrap().iter().for_each(drop);
                }
            }
            heard
        });
        let confirmed = heard + dones.try_iter().count();
        let mut undone = 0;
        let (disk, rng) = (&self.disk, &mut self.rng);
        self.shop = Some(shop.restarted_after(|place| {
            undone = disk.cut(match end {
                End::Kill => Loss::Nothing,
                End::Everything => Loss::Everything,
                End::Something => Loss::Some(rng),
            });
            spoil_memory(place, end);
        }));
        self.queues.extend(queues);
        (confirmed, undone)
    }

    /// What was said since the `first`th queue and does not hold any more; and the file is whole.
    fn broken(&self, first: usize) -> Vec<String> {
        let shop = self.shop();
        let till = Counter::new(&shop.daemon.address, &shop.token);
        let sales = self.queues[first..].iter().flat_map(|queue| &queue.sales);
        let mut broken: Vec<_> =
            sales.flat_map(|sale| sale.broken(&till, Some(&self.exchange))).collect();
        let check = shop.place.run(&["check"]);
        if !check.status.success() {
            broken.push(format!("tilld check: {check:?}"));
        }
        broken.extend(doubled(&shop.place));
        broken
    }
}

/// The index of the log is memory: after a power cut nothing of it is left, and worse than nothing.
fn spoil_memory(place: &Place, end: End) {
    let index = place.dir.path().join("tilld.db-shm");
    if end != End::Kill && index.exists() {
        std::fs::write(index, [0xA5; 32 * 1024]).unwrap();
    }
}

/// Orders of the same name, and payments of the same order.
fn doubled(place: &Place) -> Vec<String> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY;
    let db = Connection::open_with_flags(place.db(), flags).unwrap();
    let mut twice = Vec::new();
    for (what, statement) in [
        (
            "order",
            "SELECT order_id FROM orders GROUP BY instance_serial, order_id HAVING count(*) > 1",
        ),
        ("payment", "SELECT order_serial FROM payments GROUP BY 1 HAVING count(*) > 1"),
        ("coin", "SELECT hex(coin_pub) FROM deposits GROUP BY coin_pub HAVING count(*) > 1"),
    ] {
        let mut statement = db.prepare_cached(statement).unwrap();
        let rows = statement.query_map([], |row| row.get::<_, rusqlite::types::Value>(0)).unwrap();
        twice.extend(rows.map(|row| format!("{what} {:?} is there twice", row.unwrap())));
    }
    twice
}

/// So many rounds, of every kind in turn; nothing may be broken.
fn nothing_is_lost_in(rounds: usize) {
    let mut outpost = ShopOnLossyDisk::new(seed());
    let (mut confirmed, mut forgotten) = (0, 0);
    for round in 0..rounds {
        let end = [End::Everything, End::Kill, End::Something][round % 3];
        let first = outpost.queues.len();
        let moment = Moment::of(round, &mut outpost.rng);
        let (more, undone) = outpost.round(moment, end, round % 5 == 0);
        confirmed += more;
        forgotten += undone;
        let broken = outpost.broken(first);
        assert!(broken.is_empty(), "round {round}, {moment:?}, {end:?}: {broken:#?}");
        if round % 100 == 99 {
            println!("{} rounds, {confirmed} answers", round + 1);
        }
    }
    // What was true once stays true.
    let broken = outpost.broken(0);
    assert!(broken.is_empty(), "at the end: {broken:#?}");
    assert!(confirmed > rounds * 10, "{confirmed} answers in {rounds} rounds");
    assert!(forgotten > rounds, "the disk forgot {forgotten} writes in {rounds} rounds");
    let doctor = outpost.shop().place.run(&["doctor"]);
    let said = String::from_utf8_lossy(&doctor.stdout).into_owned();
    assert!(said.contains("ok    database: "), "{said}");
}

#[test]
fn fifty_ends_by_kill_and_by_power_cut_lose_nothing_and_double_nothing() {
    nothing_is_lost_in(50);
}

#[test]
#[ignore = "long: a thousand rounds, a quarter of an hour or more"]
fn a_thousand_ends_by_kill_and_by_power_cut_lose_nothing_and_double_nothing() {
    nothing_is_lost_in(1_000);
}

#[test]
fn a_till_that_does_not_sync_its_commits_is_found_out() {
    let mut outpost = ShopOnLossyDisk::new(seed());
    for (moment, end) in [
        (Moment::Answers(40), End::Everything),
        (Moment::Operations(300), End::Everything),
        (Moment::Answers(40), End::Something),
    ] {
        outpost.disk.neglect_commits();
        let first = outpost.queues.len();
        let (confirmed, undone) = outpost.round(moment, end, false);
        assert!(confirmed > 0 && undone > 0, "{moment:?}: {confirmed} {undone}");
        let broken = outpost.broken(first);
        assert!(
            broken.iter().any(|broken| broken.contains("it was made")),
            "{moment:?}: {broken:?}"
        );
        // The file itself is whole: that is what NORMAL promises, and all.
        assert!(!broken.iter().any(|broken| broken.contains("check")), "{broken:#?}");
        // A client that was forgotten does not come again.
        outpost.queues.clear();
    }
}

/// Starts a daemon on a database to be; it may be killed before it is ready. Whether it became ready.
fn first_start(place: &Place, disk: &Disk) -> bool {
    let mut command: Command = tilld();
    command.arg("--database").arg(place.db()).arg("serve").envs(disk.variables());
    let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
    let lines = std::io::BufRead::lines(std::io::BufReader::new(child.stderr.take().unwrap()));
    let ready = lines.map_while(Result::ok).any(|line| line.contains("ready, database"));
    // Now or in a moment, if it is not dead already.
    let _ = child.kill();
    child.wait().unwrap();
    ready
}

#[test]
fn a_power_cut_during_the_very_first_start_leaves_a_whole_file_or_none() {
    let seed = seed();
    let count = {
        let (place, disk) = (Place::new(), Disk::new());
        assert!(first_start(&place, &disk));
        disk.operations()
    };
    assert!(count > 20, "{count} operations");
    let mut rng = Dice(seed);
    for round in 0..12 {
        let (place, disk) = (Place::new(), Disk::new());
        // Evenly spread, and the last ones fall behind its end.
        let after = round * count / 11 + rng.below(count / 11);
        disk.die_after(after);
        let ready = first_start(&place, &disk);
        assert_eq!(ready, after >= count, "{after} of {count}");
        disk.cut(if round % 2 == 0 { Loss::Everything } else { Loss::Some(&mut rng) });
        spoil_memory(&place, End::Everything);
        let there = place.db().exists();
        if there {
            place.ok(&["check"]);
        }
        assert!(there || !ready, "it was ready, and is gone");
        place.instance("admin");
        assert_eq!(place.start().get("/config").status, 200);
        place.ok(&["check"]);
    }
}
