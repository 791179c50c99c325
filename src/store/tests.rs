//! The writer's promises, at close quarters; what can be seen from outside is tested from there.

use std::sync::Mutex;
use std::sync::mpsc::channel;

use futures_util::future::join_all;
use rusqlite::named_params;
use rusqlite::types::Null;

use super::*;
use crate::model::access::{NewToken, TokenKind, TokenScope};
use crate::model::business_day::{BusinessDay, EndHour, ZoneName};
use crate::model::instance::{InstanceSerial, InstanceSettings, NewInstance, RoundingInterval};
use crate::model::order::NewOrder;
use taler::base32::HashCode;
use taler::ids::InstanceId;
use taler::sign::SigningKey;
use taler::time::{RelativeTime, Timestamp};

pub(super) struct Fixture {
    pub(super) dir: tempfile::TempDir,
    pub(super) store: Store,
    pub(super) instance: InstanceSerial,
}

fn business_day() -> BusinessDay {
    let zone = ZoneName::parse("Europe/Zurich").ok();
    BusinessDay { zone, end_hour: EndHour::new(4).unwrap() }
}

/// A store with one instance in it.
pub(super) async fn fixture(options: Options) -> Fixture {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(&dir.path().join("tilld.db"), Role::Daemon, options).unwrap();
    let new = NewInstance {
        id: InstanceId::admin(),
        settings: InstanceSettings {
            name: "Shop".into(),
            email: None,
            phone_number: None,
            website: None,
            logo: None,
            address: Default::default(),
            jurisdiction: Default::default(),
            use_stefan: true,
            default_pay_delay: RelativeTime::ZERO,
            default_refund_delay: RelativeTime::FOREVER,
            default_wire_transfer_delay: RelativeTime::ZERO,
            default_wire_transfer_rounding_interval: RoundingInterval::Quarter,
            business_day: business_day(),
        },
        signing_key: SigningKey::from_seed([7; 32]),
        password_hash: None,
        created_at: Timestamp::ZERO,
    };
    let instance = store.write(move |tx| instances::insert(tx, &new)).await.unwrap().unwrap();
    Fixture { dir, store, instance }
}

/// An order of 5 KUDOS that nobody has taken.
pub(super) fn order(name: &str) -> NewOrder {
    NewOrder {
        order_id: name.parse().unwrap(),
        request_hash: HashCode::ZERO,
        terms: "{}".into(),
        claim_token: None,
        timestamp: Timestamp::ZERO,
        created_at: Timestamp::ZERO,
        pay_deadline: Timestamp::NEVER,
        refund_deadline: Timestamp::NEVER,
        amount: "KUDOS:5".parse().unwrap(),
        summary: String::new(),
        base_url: "http://localhost/".parse().unwrap(),
        fulfillment_url: None,
        session: None,
        by_stranger: false,
        otp_device: None,
    }
}

fn token(number: u8) -> NewToken {
    NewToken {
        hash: [number; 32],
        scope: "all:refreshable".parse::<TokenScope>().unwrap(),
        kind: TokenKind::Api,
        created_at: Timestamp::ZERO,
        expires_at: Timestamp::NEVER,
        description: None,
    }
}

impl Fixture {
    /// Creates a token, in a change of its own.
    pub(super) async fn insert(&self, number: u8) -> Result<Option<i64>> {
        let instance = self.instance;
        self.store.write(move |tx| tokens::insert(tx, instance, &token(number))).await
    }

    /// The numbers of all tokens.
    pub(super) async fn tokens(&self) -> Vec<i64> {
        let instance = self.instance;
        let list = self.store.read(move |db| tokens::list(db, instance, 100, None)).await.unwrap();
        list.into_iter().map(|token| token.serial).collect()
    }

    /// Keeps the writer busy until the answer is dropped.
    fn hold(&self) -> std::sync::mpsc::Sender<()> {
        let (release, wait) = channel::<()>();
        let (say, started) = channel();
        let answer = self.store.0.writer.submit::<(), Error, _>(Lane::First, move |_| {
            say.send(()).unwrap();
            let _ = wait.recv();
            Ok(())
        });
        drop(answer.unwrap());
        started.recv().unwrap();
        release
    }
}

#[actix_web::test]
async fn everything_of_an_instance_survives_the_columns() {
    let f = fixture(Options::default()).await;
    let found =
        f.store.read(|db| instances::find(db, &InstanceId::admin())).await.unwrap().unwrap();
    assert_eq!(found.serial, f.instance);
    assert_eq!(found.settings.default_refund_delay, RelativeTime::FOREVER);
    let rounding = found.settings.default_wire_transfer_rounding_interval;
    assert_eq!(rounding, RoundingInterval::Quarter);
    assert_eq!(found.settings.business_day, business_day());
    assert_eq!(found.signing_key.unwrap().seed(), &[7; 32]);
    assert_eq!(found.public_key, SigningKey::from_seed([7; 32]).public_key());
    f.insert(1).await.unwrap();
    let found = f.store.read(|db| tokens::find(db, &[1; 32])).await.unwrap().unwrap();
    assert_eq!((found.hash, found.instance), ([1; 32], f.instance));
    assert_eq!(found.token.expires_at, Timestamp::NEVER);
    assert!(found.token.scope.refreshable);
}

#[actix_web::test]
async fn the_second_time_is_told_from_the_first() {
    let f = fixture(Options::default()).await;
    assert_eq!(f.insert(1).await.unwrap(), Some(1));
    assert_eq!(f.insert(1).await.unwrap(), None);
    assert_eq!(f.tokens().await, [1]);
}

#[actix_web::test]
async fn one_failing_change_spoils_no_other_of_its_batch() {
    let f = fixture(Options::default()).await;
    let before = f.store.stats();
    let instance = f.instance;
    let release = f.hold();
    let refused = f.store.write::<(), Error>(move |tx| {
        tokens::insert(tx, instance, &token(2))?;
        Err(Error::Exists("on purpose".into()))
    });
    let panicked = f.store.write::<(), Error>(move |tx| {
        tokens::insert(tx, instance, &token(3))?;
        panic!("on purpose")
    });
    let (first, refused, panicked, last, ()) = tokio::join!(
        f.insert(1),
        refused,
        panicked,
        f.insert(4),
        // Polled last, so that all four wait by now.
        async { drop(release) }
    );
    assert!(first.unwrap().is_some() && last.unwrap().is_some());
    assert!(matches!(refused, Err(Error::Exists(_))));
    assert!(matches!(panicked, Err(Error::Panicked)));
    assert_eq!(f.tokens().await.len(), 2);
    assert!(f.store.read(|db| tokens::find(db, &[2; 32])).await.unwrap().is_none());
    assert!(f.store.read(|db| tokens::find(db, &[3; 32])).await.unwrap().is_none());
    // The one that held, and the four together.
    assert_eq!(f.store.stats().batches, before.batches + 2);
}

#[actix_web::test]
async fn a_change_that_fails_alone_leaves_nothing() {
    let f = fixture(Options::default()).await;
    let instance = f.instance;
    let refused = f.store.write::<(), Error>(move |tx| {
        tokens::insert(tx, instance, &token(2))?;
        Err(Error::Busy)
    });
    assert!(matches!(refused.await, Err(Error::Busy)));
    assert_eq!(f.tokens().await, [0_i64; 0]);
    assert_eq!(f.insert(2).await.unwrap(), Some(1));
}

#[actix_web::test]
async fn a_full_queue_is_told_at_once_and_nothing_is_lost() {
    let f = fixture(Options { write_queue: 2, ..Options::default() }).await;
    let release = f.hold();
    let (one, two, three, ()) = tokio::join!(
        f.insert(1),
        f.insert(2),
        async {
            let third = f.insert(3).await;
            assert_eq!(f.store.stats().queued, 2);
            third
        },
        async { drop(release) }
    );
    assert!(matches!(three, Err(Error::Busy)));
    assert!(one.unwrap().is_some() && two.unwrap().is_some());
    assert_eq!(f.tokens().await.len(), 2);
    assert!(f.insert(3).await.unwrap().is_some());
}

/// A change that notes when it is made, and in which transaction.
async fn noted(
    store: &Store,
    lane: Lane,
    name: &'static str,
    done: &Arc<Mutex<Vec<(&'static str, u64)>>>,
) -> Result<()> {
    let (done, counting) = (done.clone(), store.clone());
    let note = move |_: &mut Tx<'_>| {
        done.lock().unwrap().push((name, counting.stats().batches));
        Ok(())
    };
    store.write_in(lane, note).await
}

#[actix_web::test]
async fn strangers_fill_a_quarter_of_the_queue_and_no_more() {
    let f = fixture(Options { write_queue: 8, ..Options::default() }).await;
    let release = f.hold();
    let done = Arc::default();
    let strangers = join_all((0..5).map(|_| noted(&f.store, Lane::Strangers, "stranger", &done)));
    let shop = join_all((0..7).map(|_| noted(&f.store, Lane::First, "shop", &done)));
    let (strangers, shop, ()) = tokio::join!(strangers, shop, async { drop(release) });
    let reported = |answers: &[Result<()>]| answers.iter().filter(|answer| answer.is_ok()).count();
    assert_eq!((reported(&strangers), reported(&shop)), (2, 6));
    let refused = |answer: &Result<()>| answer.is_ok() || matches!(answer, Err(Error::Busy));
    assert!(strangers.iter().chain(&shop).all(refused));
}

#[actix_web::test]
async fn the_shop_goes_first_and_strangers_have_a_part_of_each_transaction() {
    let f = fixture(Options { write_queue: 4096, ..Options::default() }).await;
    let release = f.hold();
    let done = Arc::default();
    let strangers = join_all((0..300).map(|_| noted(&f.store, Lane::Strangers, "stranger", &done)));
    let shop = join_all((0..900).map(|_| noted(&f.store, Lane::First, "shop", &done)));
    let (_, _, ()) = tokio::join!(strangers, shop, async { drop(release) });
    let done = done.lock().unwrap();
    let before = done[0].1;
    // Each transaction: how many of the shop's, then how many of strangers'.
    let of = |batch: u64| done.iter().filter(move |(_, at)| *at == before + batch).map(|(n, _)| *n);
    let runs = |batch: u64| {
        let (shop, strangers): (Vec<_>, Vec<_>) = of(batch).partition(|name| *name == "shop");
        let in_turn = [vec!["shop"; shop.len()], vec!["stranger"; strangers.len()]].concat();
        assert_eq!(of(batch).collect::<Vec<_>>(), in_turn);
        (shop.len(), strangers.len())
    };
    assert_eq!([runs(0), runs(1), runs(2)], [(384, 128), (384, 128), (132, 44)]);
}

#[actix_web::test]
async fn strangers_alone_have_no_more_than_their_part_of_a_transaction() {
    let f = fixture(Options { write_queue: 1024, ..Options::default() }).await;
    let release = f.hold();
    let done = Arc::default();
    let strangers = join_all((0..256).map(|_| noted(&f.store, Lane::Strangers, "stranger", &done)));
    let (answers, ()) = tokio::join!(strangers, async { drop(release) });
    assert!(answers.iter().all(Result::is_ok));
    let done = done.lock().unwrap();
    assert_eq!(done.iter().filter(|(_, batch)| *batch == done[0].1).count(), 128);
}

#[actix_web::test]
async fn a_caller_that_goes_away_does_not_stop_its_change() {
    let f = fixture(Options::default()).await;
    let release = f.hold();
    {
        let mut insert = std::pin::pin!(f.insert(1));
        // Asked once, so that the change waits; then dropped.
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        assert!(insert.as_mut().poll(&mut context).is_pending());
    }
    drop(release);
    f.insert(2).await.unwrap();
    assert_eq!(f.tokens().await.len(), 2);
}

#[actix_web::test]
async fn a_full_disk_is_said_and_got_over() {
    let f = fixture(Options::default()).await;
    let limit = |pages: u32| {
        f.store.write::<(), Error>(move |tx| Ok(tx.pragma_update(None, "max_page_count", pages)?))
    };
    limit(1).await.unwrap();
    let instance = f.instance;
    let big = f.store.write::<(), Error>(move |tx| {
        for number in 0..200 {
            let description = Some("x".repeat(4000));
            tokens::insert(tx, instance, &NewToken { description, ..token(number) })?;
        }
        Ok(())
    });
    assert!(matches!(big.await, Err(Error::Full)));
    assert_eq!(f.tokens().await, [0_i64; 0]);
    limit(1_000_000).await.unwrap();
    assert!(f.insert(1).await.unwrap().is_some());
}

#[actix_web::test]
async fn what_is_confirmed_is_there_when_the_file_is_opened_again() {
    let f = fixture(Options::default()).await;
    f.insert(1).await.unwrap();
    f.store.close();
    assert!(matches!(f.insert(2).await, Err(Error::Closed)));
    f.store.close();
    let guest = Store::open(f.store.path(), Role::Guest, Options::default()).unwrap();
    let found = guest.read(|db| tokens::find(db, &[1; 32])).await.unwrap();
    assert!(found.is_some());
}

#[actix_web::test]
async fn the_log_is_written_over_and_does_not_grow_for_ever() {
    let f = fixture(Options::default()).await;
    let path = paths::with_suffix(f.store.path(), "-wal");
    let instance = f.instance;
    // Each round adds at least 100 pages; in time the log must be far behind their sum.
    let written_over =
        |round: u64| std::fs::metadata(&path).unwrap().len() < round * 100 * 4096 / 2;
    for round in 1..5_000_u32 {
        f.store
            .write::<(), Error>(move |tx| {
                for number in 0..100_u32 {
                    let text = "x".repeat(4000);
                    tx.prepare_cached(sql!("tokens/insert"))?.execute(named_params! {
                        ":instance": instance, ":hash": random_hash(round, number),
                        ":scope": "all", ":kind": "api", ":browser": Null, ":created_at_s": 0,
                        ":expires_at_s": 0, ":description": text,
                    })?;
                }
                Ok(())
            })
            .await
            .unwrap();
        if round > 50 && written_over(round.into()) {
            return;
        }
    }
    panic!("the log only grew");
}

#[actix_web::test]
async fn one_that_fills_the_disk_takes_nothing_of_the_next_batch_with_it() {
    let f = fixture(Options::default()).await;
    let limit = |pages: u32| {
        f.store.write::<(), Error>(move |tx| Ok(tx.pragma_update(None, "max_page_count", pages)?))
    };
    limit(1).await.unwrap();
    let instance = f.instance;
    let release = f.hold();
    let big = f.store.write::<(), Error>(move |tx| {
        for number in 10..200 {
            let description = Some("x".repeat(4000));
            tokens::insert(tx, instance, &NewToken { description, ..token(number) })?;
        }
        Ok(())
    });
    let (one, big, two, ()) = tokio::join!(f.insert(1), big, f.insert(2), async { drop(release) });
    assert!(matches!(big, Err(Error::Full)), "{big:?}");
    // Each of the others is there, or its caller was told that it is not.
    let reported = [one, two].into_iter().filter(|answer| answer.is_ok()).count();
    assert_eq!(f.tokens().await.len(), reported);
    limit(1_000_000).await.unwrap();
    assert!(f.insert(3).await.unwrap().is_some());
}

#[actix_web::test]
async fn a_reader_whose_turn_does_not_come_is_told_so() {
    let f = fixture(Options { readers: 1, ..Options::default() }).await;
    let (release, wait) = channel::<()>();
    let slow = f.store.read::<(), Error>(move |_| {
        let _ = wait.recv();
        Ok(())
    });
    let (slow, refused) = tokio::join!(slow, async {
        let refused = f.store.read::<(), Error>(|_| Ok(())).await;
        drop(release);
        refused
    });
    assert!(matches!(refused, Err(Error::Busy)));
    slow.unwrap();
    f.store.read::<(), Error>(|_| Ok(())).await.unwrap();
}

#[actix_web::test]
async fn a_reader_writes_nothing_and_its_panic_is_its_own() {
    let f = fixture(Options { readers: 1, ..Options::default() }).await;
    let sneaky = f.store.read::<(), Error>(|db| Ok(db.execute_batch("DELETE FROM instances")?));
    assert!(matches!(sneaky.await, Err(Error::Sqlite(_))));
    let broken = f.store.read::<(), Error>(|_| panic!("on purpose"));
    assert!(matches!(broken.await, Err(Error::Panicked)));
    assert!(f.store.read(|db| instances::find(db, &InstanceId::admin())).await.unwrap().is_some());
}

#[actix_web::test]
async fn a_long_read_does_not_delay_the_end() {
    let f = fixture(Options::default()).await;
    let reader = Connection::open(f.store.path()).unwrap();
    reader.execute_batch("BEGIN; SELECT count(*) FROM instances;").unwrap();
    f.insert(1).await.unwrap();
    let started = std::time::Instant::now();
    f.store.close();
    assert!(started.elapsed() < Duration::from_secs(1));
}

fn random_hash(round: u32, number: u32) -> [u8; 32] {
    use sha2::Digest;
    sha2::Sha256::digest([round.to_be_bytes(), number.to_be_bytes()].concat()).into()
}
