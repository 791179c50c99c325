//! Payment against poll, a hundred thousand times: whichever comes first, who waits is told.
//!
//! Done inside one process, on the till itself, because that is where such a race is won or lost;
//! durability is left to other tests, so that the disk does not set the pace.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::json;
use system::clock::Clock;
use taler::base32::HashCode;
use taler::ids::{InstanceId, OrderId, SessionId};
use taler::time::Timestamp;
use taler::web::{BaseUrl, FulfillmentUrl};
use tilld::hub::{Hub, Limits};
use tilld::model::order::{ClaimToken, CounterPayment, NewOrder, PaymentMethod, SessionKey, Topic};
use tilld::store::{Durability, Options, Role, Store, orders};
use tilld::till::{
    CreateInstance, Credential, ManualPayment, Principal, PublicStatus, PublicStatusQuery,
    Purchase, Repurchase, Till, WaitLimit,
};
use tokio::runtime::Builder;

use crate::common::terms;

/// What every order here is opened with.
const TOKEN: ClaimToken = ClaimToken::new([7; 16]);
/// Races in all.
const RACES: usize = 100_000;
/// Threads that race.
const THREADS: usize = 4;
/// Races that each thread runs at a time.
const AT_A_TIME: usize = 25;
/// Longer than any race can take; a poll that ends with it was not woken.
const TOO_LONG: Duration = Duration::from_secs(60);

fn page() -> FulfillmentUrl {
    FulfillmentUrl::parse("https://news.example/a").unwrap()
}

fn key(name: &str) -> SessionKey {
    SessionKey { session: SessionId::parse(name).unwrap(), fulfillment_url: page() }
}

/// A till that keeps its promises but for power cuts, and how many wakes it has announced.
async fn till(folder: &std::path::Path) -> (Till, Store, Arc<Principal>) {
    let hub = Hub::new(Limits::default());
    let listeners = hub.clone();
    let options = Options { durability: Durability::None, ..Options::default() };
    let announce = move |topic: &Topic| listeners.wake(topic);
    let store =
        Store::open_announcing(&folder.join("tilld.db"), Role::Daemon, options, announce).unwrap();
    let till = Till::new(store.clone(), hub, terms(), Clock::system());
    let id = InstanceId::admin();
    let settings = till.plain_settings("Shop");
    till.create_instance(CreateInstance { id: id.clone(), settings, auth: None }).await.unwrap();
    let principal = till.admit_operator(&id).await.unwrap();
    (till, store, Arc::new(principal))
}

/// Keeps `count` orders called `NAME-0` and so on, each for the session of its own name.
async fn stock(store: &Store, principal: &Principal, name: &str, count: usize) {
    let (name, instance) = (name.to_owned(), principal.instance().serial);
    let made = store.write::<_, tilld::store::Error>(move |tx| {
        for number in 0..count {
            let id = format!("{name}-{number}");
            let new = NewOrder {
                order_id: OrderId::parse(id.as_str()).unwrap(),
                request_hash: HashCode::ZERO,
                terms: json!({ "order_id": id }).to_string(),
                claim_token: Some(TOKEN),
                timestamp: Timestamp::ZERO,
                created_at: Timestamp::ZERO,
                pay_deadline: Timestamp::NEVER,
                refund_deadline: Timestamp::ZERO,
                amount: "KUDOS:1".parse().unwrap(),
                summary: String::new(),
                base_url: BaseUrl::parse("http://localhost/").unwrap(),
                fulfillment_url: Some(page()),
                session: Some(SessionId::parse(id).unwrap()),
                by_stranger: false,
                otp_device: None,
            };
            assert!(orders::insert(tx, instance, &new)?);
        }
        Ok(())
    });
    made.await.unwrap();
}

async fn pay(till: &Till, principal: &Principal, name: &str) {
    let payment = CounterPayment { method: PaymentMethod::parse("cash").unwrap(), reference: None };
    let wish = ManualPayment { payment, session: None, amount: None, given: None };
    till.record_payment(principal, OrderId::parse(name).unwrap(), wish).await.unwrap();
}

/// Waits for the order in one of two ways, and says whether it is seen paid.
async fn is_seen_paid(till: &Till, name: &str, by_session: bool, patience: WaitLimit) -> bool {
    let admin = InstanceId::admin();
    let order_id = OrderId::parse(name).unwrap();
    if by_session {
        let seen = till.await_session(&admin, key(name), patience).await.unwrap();
        return seen == Purchase::Paid(order_id);
    }
    let ask = PublicStatusQuery {
        order_id,
        credential: Credential { token: Some(TOKEN), h_contract: None },
        session: None,
        repurchase: Repurchase::default(),
        refund: None,
        await_refund_obtained: false,
    };
    matches!(till.public_order(&admin, ask, patience).await.unwrap(), PublicStatus::Paid(_))
}

/// Runs `race` so many times on several threads at once.
fn race<F: Future<Output = ()> + 'static>(
    till: &Till,
    principal: &Arc<Principal>,
    store: &Store,
    count: usize,
    race: impl Fn(Till, Arc<Principal>, String, usize) -> F + Send + Copy + 'static,
) {
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let (till, principal, store) = (till.clone(), principal.clone(), store.clone());
            scope.spawn(move || {
                let runtime = Builder::new_current_thread().enable_time().build().unwrap();
                runtime.block_on(async {
                    for round in 0..count / THREADS / AT_A_TIME {
                        let name = format!("{thread}-{round}");
                        stock(&store, &principal, &name, AT_A_TIME).await;
                        let racing = (0..AT_A_TIME).map(|number| {
                            race(
                                till.clone(),
                                principal.clone(),
                                format!("{name}-{number}"),
                                number,
                            )
                        });
                        futures_util::future::join_all(racing).await;
                    }
                });
            });
        }
    });
}

fn prepared() -> (tempfile::TempDir, Till, Store, Arc<Principal>) {
    let folder = tempfile::tempdir().unwrap();
    let runtime = Builder::new_current_thread().enable_time().build().unwrap();
    let (till, store, principal) = runtime.block_on(till(folder.path()));
    (folder, till, store, principal)
}

#[test]
fn no_payment_is_missed_in_any_order() {
    let (_folder, till, store, principal) = prepared();
    race(&till, &principal, &store, RACES, |till, principal, name, number| async move {
        let patience = WaitLimit::lasting(TOO_LONG, None);
        let polling = async {
            // Some come a little later, so that both orders of events occur.
            for _ in 0..number % 7 {
                tokio::task::yield_now().await;
            }
            is_seen_paid(&till, &name, number % 2 == 0, patience).await
        };
        let paying = async {
            for _ in 0..number % 5 {
                tokio::task::yield_now().await;
            }
            pay(&till, &principal, &name).await;
        };
        let both = async { tokio::join!(polling, paying).0 };
        // Half of the poll's own time: one that was not woken ends too late.
        let seen = tokio::time::timeout(TOO_LONG / 2, both).await;
        assert!(seen.expect("a payment was missed"), "{name}");
    });
    assert_eq!(till.hub_stats().parked, 0);
    assert_eq!(till.hub_stats().topics, 0);
}

#[test]
fn a_payment_in_the_instant_of_the_timeout_is_answered_truly() {
    let (_folder, till, store, principal) = prepared();
    let late = Arc::new(AtomicUsize::new(0));
    let counted: &'static Arc<AtomicUsize> = Box::leak(Box::new(late.clone()));
    race(&till, &principal, &store, 2_000, move |till, principal, name, number| async move {
        // The patience ends just about when the payment is recorded.
        let patience = WaitLimit::lasting(
            Duration::from_micros(200) * (1 + u32::try_from(number).unwrap()),
            None,
        );
        let polling = is_seen_paid(&till, &name, true, patience);
        let (seen, ()) = tokio::join!(polling, pay(&till, &principal, &name));
        // Whatever it saw: from now on it is paid.
        assert!(is_seen_paid(&till, &name, true, WaitLimit::NONE).await, "{name}");
        if !seen {
            counted.fetch_add(1, Ordering::Relaxed);
        }
    });
    let late = late.load(Ordering::Relaxed);
    assert!((1..2_000).contains(&late), "both must occur: {late}");
    assert_eq!(till.hub_stats().parked, 0);
}
