//! Days of deliveries in a moment: a till inside the test, whose clock leaps.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tempfile::TempDir;
use tilld::hub::{Hub, Limits};
use tilld::model::order::{CounterPayment, Topic};
use tilld::model::webhook::{Delivery, DeliveryState, DisabledWhy, WebhookSettings, WebhookStatus};
use tilld::store::{Durability, Options, Role, Store};
use tilld::till::{
    CreateAccount, CreateInstance, CreateOrder, ManualPayment, Policy, Principal, Till,
    WebhookPolicy,
};
use tilld::webhook::AddressGuard;

use super::sink::{Sink, says};
use crate::common::shop::{BASE, IBAN, now, plain};
use crate::common::{PATIENCE, terms};
use system::clock::Clock;
use taler::ids::{InstanceId, OrderId, WebhookId};
use taler::web::BaseUrl;

/// A till with one webhook for payments, and its receiver.
struct Inside {
    till: Till,
    hub: Hub,
    principal: Principal,
    /// By how many seconds the clock has leapt.
    ahead: Arc<AtomicU64>,
    sink: Sink,
    store: Store,
    _dir: TempDir,
}

fn id() -> WebhookId {
    WebhookId::parse("w").unwrap()
}

impl Inside {
    async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let hub = Hub::new(Limits::default());
        let ears = hub.clone();
        let options = Options { durability: Durability::None, ..Options::default() };
        let announce = move |topic: &Topic| ears.wake(topic);
        let file = dir.path().join("tilld.db");
        let store = Store::open_announcing(&file, Role::Daemon, options, announce).unwrap();
        let ahead = Arc::new(AtomicU64::new(0));
        let till = till(&store, &hub, &ahead);
        let admin = InstanceId::admin();
        let settings = till.plain_settings("Shop");
        till.create_instance(CreateInstance { id: admin.clone(), settings, auth: None })
            .await
            .unwrap();
        let principal = till.admit_operator(&admin).await.unwrap();
        let wish = CreateAccount { payto_uri: IBAN.parse().unwrap(), details: Default::default() };
        till.add_account(&principal, wish).await.unwrap();
        let sink = Sink::start();
        let settings = WebhookSettings {
            event_type: "pay".parse().unwrap(),
            url: sink.url("/w"),
            http_method: "POST".parse().unwrap(),
            header_template: None,
            body_template: Some("{{order_id}}".into()),
        };
        till.add_webhook(&principal, id(), settings).await.unwrap();
        Self { till, hub, principal, ahead, sink, store, _dir: dir }
    }

    async fn sold(&self) -> OrderId {
        let wish = CreateOrder {
            order: plain("tea", "KUDOS:1")["order"].as_object().unwrap().clone(),
            refund_delay: None,
            payment_target: None,
            session: None,
            with_token: false,
            cart: Default::default(),
            otp_id: None,
        };
        let base = BaseUrl::parse(BASE).unwrap();
        let made = self.till.create_order(&self.principal, wish, &base).await.unwrap();
        let payment = CounterPayment { method: "cash".parse().unwrap(), reference: None };
        let wish = ManualPayment { payment, session: None, amount: None, given: None };
        self.till.record_payment(&self.principal, made.order_id.clone(), wish).await.unwrap();
        made.order_id
    }

    /// So much time passes; who sleeps does not notice until the hub wakes it.
    fn pass(&self, seconds: u64) {
        self.ahead.fetch_add(seconds, Ordering::Relaxed);
        self.hub.wake(&Topic::Webhooks);
    }

    async fn log(&self) -> Vec<Delivery> {
        self.till.webhook_deliveries(&self.principal, id(), None, None, 1_000).await.unwrap()
    }

    async fn status(&self) -> WebhookStatus {
        self.till.webhook(&self.principal, id()).await.unwrap()
    }

    /// Waits until the log says so.
    async fn until(&self, what: &str, is_so: impl Fn(&[Delivery]) -> bool) -> Vec<Delivery> {
        let started = Instant::now();
        loop {
            let log = self.log().await;
            if is_so(&log) {
                return log;
            }
            assert!(started.elapsed() < PATIENCE, "never: {what}: {log:?}");
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    /// Lets so many attempts of the newest delivery fail, each as soon as it is due.
    async fn fail(&self, attempts: std::ops::RangeInclusive<u32>) {
        for attempt in attempts {
            self.until("it has failed", |log| log[0].attempts >= attempt).await;
            self.pass(86_400 + 20_000);
        }
    }
}

/// A till on this file, whose clock has leapt by so much.
fn till(store: &Store, hub: &Hub, ahead: &Arc<AtomicU64>) -> Till {
    let allow = vec!["localhost".parse().unwrap()];
    let guard = AddressGuard { allow, ..AddressGuard::default() };
    let webhooks = WebhookPolicy { guard, ..WebhookPolicy::default() };
    let own = ahead.clone();
    let clock = Clock::in_leaps(move || Duration::from_secs(now() + own.load(Ordering::Relaxed)));
    Till::new(store.clone(), hub.clone(), Policy { webhooks, ..terms() }, clock)
}

/// Runs the sender beside `work`.
fn with_sender(work: impl AsyncFnOnce(&Inside)) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let inside = runtime.block_on(async {
        let inside = Inside::new().await;
        tokio::select! {
            () = inside.till.tell_webhooks() => unreachable!("it never ends"),
            () = work(&inside) => {}
        }
        inside
    });
    drop(runtime);
    inside.store.close();
}

#[test]
fn after_three_failures_later_events_overtake_and_after_twelve_it_is_given_up() {
    with_sender(async |inside| {
        inside.sink.behave(says(500));
        let first = inside.sold().await;
        for attempt in 1..=2 {
            inside.until("it has failed", |log| log[0].attempts == attempt).await;
            inside.pass(40);
        }
        inside.until("it has failed", |log| log[0].attempts == 3).await;
        inside.sink.behave(says(200));
        let second = inside.sold().await;
        let log = inside
            .until("the later one overtakes", |log| log[0].state == DeliveryState::Delivered)
            .await;
        let of_first = |log: &[Delivery]| {
            let found = log.iter().find(|one| one.order_id.as_ref() == Some(&first));
            found.map(|one| (one.state, one.attempts)).unwrap()
        };
        assert_eq!(of_first(&log), (DeliveryState::Waiting, 3));
        let heard = inside.sink.heard();
        assert_eq!(heard.last().unwrap().body, second.as_str());

        for attempt in 4..=12 {
            inside.sink.behave(says(500));
            inside.pass(110_000);
            inside.until("it has failed again", |log| of_first(log).1 == attempt).await;
            // A success in between: else the webhook would be taken out of use.
            inside.sink.behave(says(200));
            inside.sold().await;
            inside.until("a success", |log| log[0].state == DeliveryState::Delivered).await;
        }
        assert_eq!(of_first(&inside.log().await), (DeliveryState::GivenUp, 12));
    });
}

#[test]
fn a_webhook_that_fails_for_five_days_is_taken_out_of_use_and_resumed() {
    with_sender(async |inside| {
        inside.sink.behave(says(500));
        inside.sold().await;
        inside.fail(1..=5).await;
        let log = inside
            .until("it is cancelled or given up", |log| log[0].state != DeliveryState::Waiting)
            .await;
        let status = inside.status().await;
        assert!(!status.webhook.active);
        assert_eq!(status.webhook.disabled_why, Some(DisabledWhy::Failing));
        assert_eq!((log[0].state, log[0].attempts), (DeliveryState::Cancelled, 6));
        let before = inside.sink.heard().len();
        inside.sold().await;
        assert_eq!(inside.log().await.len(), 1, "nothing is written for it");

        inside.sink.behave(says(200));
        inside.till.resume_webhook(&inside.principal, id()).await.unwrap();
        let since = taler::time::Timestamp::ZERO;
        let count = inside.till.redeliver_since(&inside.principal, id(), since).await.unwrap();
        assert_eq!(count, 1);
        inside.until("it is delivered", |log| log[0].state == DeliveryState::Delivered).await;
        assert_eq!(inside.sink.heard().len(), before + 1);
    });
}

#[test]
fn the_log_keeps_what_was_delivered_for_a_week_and_other_ends_for_two_months() {
    with_sender(async |inside| {
        inside.sold().await;
        inside.until("it is delivered", |log| log[0].state == DeliveryState::Delivered).await;
        inside.sink.behave(says(410));
        inside.sold().await;
        inside.until("it is given up", |log| log[0].state == DeliveryState::GivenUp).await;
        for (days, left) in [(6, 2), (2, 1), (51, 1), (2, 0)] {
            inside.pass(days * 86_400);
            while inside.till.delete_old_deliveries().await.unwrap() {}
            assert_eq!(inside.log().await.len(), left, "{days}");
        }
    });
}

#[test]
fn a_clock_that_was_ahead_before_a_restart_delays_no_delivery() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let inside = runtime.block_on(async {
        let inside = Inside::new().await;
        inside.ahead.store(10 * 86_400, Ordering::Relaxed);
        inside.sink.behave(says(500));
        let order = inside.sold().await;
        tokio::select! {
            () = inside.till.tell_webhooks() => unreachable!("it never ends"),
            _ = inside.until("it has failed", |log| log[0].attempts == 1) => {}
        }
        inside.sink.behave(says(200));
        // The clock is right again.
        let ahead = Arc::new(AtomicU64::new(0));
        let right = till(&inside.store, &inside.hub, &ahead);
        tokio::select! {
            () = right.tell_webhooks() => unreachable!("it never ends"),
            () = async {
                let soon = |log: &[Delivery]| log[0].next_attempt.unwrap().secs().unwrap() <= now() + 7;
                inside.until("it is rescheduled", soon).await;
                ahead.store(10, Ordering::Relaxed);
                inside.hub.wake(&Topic::Webhooks);
                inside.until("it is delivered", |log| log[0].state == DeliveryState::Delivered).await;
            } => {}
        }
        assert_eq!(inside.sink.heard().last().unwrap().body, order.as_str());
        inside
    });
    drop(runtime);
    inside.store.close();
}
