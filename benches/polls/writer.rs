//! The store's writer with nothing in front of it: [`CLIENTS`] who do nothing but submit.

use std::path::Path;
use std::time::{Duration, Instant};

use taler::base32;
use taler::ids::{InstanceId, OrderId, SessionId};
use taler::web::FulfillmentUrl;
use tilld::model::order::NewOrder;
use tilld::store::{Error, Options, Role, Store, Tx, instances, orders};

use crate::harness::measure::{CLIENTS, together};
use crate::harness::payment;
use crate::harness::shop::{Order, Shop, Visit};

/// How many payments it makes durable in a second: the very figure of the section `store`.
pub(crate) async fn payments(database: &Path, round: Duration) -> f64 {
    let store = Store::open(database, Role::Daemon, Options::default()).unwrap();
    payment::prepare(database);
    submit(&store, round, move || {
        let number = payment::next();
        move |tx: &mut Tx<'_>| payment::pay(tx, number).map_err(Error::from)
    })
    .await
}

/// How many orders, just as `shop` has made `made`. Its daemon must not be running.
pub(crate) async fn orders(folder: &Path, shop: &Shop, made: &Order, round: Duration) -> f64 {
    let admin = InstanceId::parse("admin").unwrap();
    let find = |store: &Store| {
        store.read_in_place(|db| instances::serial_of(db, &admin)).unwrap().unwrap().0
    };
    let past = Store::open(&shop.database, Role::Daemon, Options::default()).unwrap();
    let (instance, name) = (find(&past), OrderId::parse(made.id.as_str()).unwrap());
    let (order, terms) = past
        .read_in_place::<_, Error>(|db| {
            let order = orders::find(db, instance, &name)?.unwrap();
            let terms = orders::terms(db, order.serial)?;
            Ok((order, terms))
        })
        .unwrap();
    past.close();
    let day = made.id.split('-').next().unwrap().to_owned();

    let empty = Shop::open(folder);
    let store = Store::open(&empty.database, Role::Daemon, Options::default()).unwrap();
    let instance = find(&store);
    submit(&store, round, move || {
        let visit = Visit::new();
        let chance = base32::encode(&visit.chance().to_be_bytes());
        let new = NewOrder {
            order_id: OrderId::parse(format!("{day}-{chance}")).unwrap(),
            request_hash: order.request_hash,
            terms: terms.clone(),
            claim_token: order.claim_token,
            timestamp: order.timestamp,
            created_at: order.created_at,
            pay_deadline: order.pay_deadline,
            refund_deadline: order.refund_deadline,
            amount: order.amount,
            summary: order.summary.clone(),
            base_url: order.base_url.clone(),
            fulfillment_url: Some(FulfillmentUrl::parse(visit.url()).unwrap()),
            session: Some(SessionId::parse(visit.session()).unwrap()),
            by_stranger: false,
            otp_device: None,
        };
        move |tx: &mut Tx<'_>| orders::insert(tx, instance, &new).map(|kept| assert!(kept))
    })
    .await
}

/// How many of these changes the writer of `store` makes durable in a second.
async fn submit<W>(store: &Store, round: Duration, change: impl Fn() -> W + Clone + 'static) -> f64
where
    W: FnOnce(&mut Tx<'_>) -> Result<(), Error> + Send + 'static,
{
    let started = Instant::now();
    let counts = together(CLIENTS, |_| {
        let (store, change) = (store.clone(), change.clone());
        async move {
            let mut count = 0;
            while started.elapsed() < round {
                store.write(change()).await.unwrap();
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
