//! A shop without a daemon: its till inside the test, with a file and a clock that can be moved, so
//! that minutes pass at once and jobs are done when they are asked for.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rusqlite::{Connection, OpenFlags};
use serde_json::{Value, json};
use system::clock::Clock;
use taler::amount::Amount;
use taler::base32::HashCode;
use taler::coin::permission::Coin as PayingCoin;
use taler::contract::contract_hash;
use taler::exchange::Trusted;
use taler::ids::{InstanceId, OrderId};
use taler::sign::{PublicKey, Signature};
use taler::time::RelativeTime;
use taler::web::BaseUrl;
use tempfile::TempDir;
use tilld::exchange::Times;
use tilld::hub::{Hub, Limits};
use tilld::model::order::{CounterPayment, PaymentMethod, Topic};
use tilld::store::{Durability, Options, Role, Store};
use tilld::till::{
    Aborted, CoinPayment, CollectedRefunds, CreateAccount, CreateInstance, CreateOrder, Error,
    GrantRefund, ManualPayment, Policy, Principal, Repurchase, Smaller, Status, StatusQuery,
    StrangerLimits, Till, WaitLimit, WireState,
};

use crate::common::exchange::{AHEAD, Coin, Exchange, Purchase, fresh_key};
use crate::common::shop::now;
use crate::common::{PATIENCE, terms};

/// Where the shop's money goes.
pub(super) const ACCOUNT: &str = "payto://x-taler-bank/localhost/shop?receiver-name=Shop";

/// A shop's till inside the test.
pub(super) struct Inside {
    dir: TempDir,
    /// How many seconds its clock is ahead of ours.
    ahead: Arc<AtomicU64>,
    trusted: Vec<Trusted>,
    running: Option<Running>,
}

struct Running {
    runtime: tokio::runtime::Runtime,
    store: Store,
    till: Till,
}

/// An order that a wallet has claimed.
#[derive(Clone, Debug)]
pub(super) struct Deal {
    pub(super) id: OrderId,
    pub(super) purchase: Purchase,
    pub(super) terms: Value,
}

/// A coin of an exchange, and how much of it is given.
pub(super) type Given<'a> = (&'a Exchange, &'a Coin, &'a str);

impl Inside {
    /// A shop that trusts these exchanges, in their order.
    pub(super) fn trusting(exchanges: &[&Exchange]) -> Self {
        let trusted = exchanges.iter().map(|exchange| Trusted {
            base_url: BaseUrl::parse(exchange.base_url()).unwrap(),
            master_public_key: exchange.master_key(),
            currency: "KUDOS".parse().unwrap(),
        });
        let mut inside = Self {
            dir: tempfile::tempdir().unwrap(),
            // Its clock is the exchanges'.
            ahead: Arc::new(AHEAD.into()),
            trusted: trusted.collect(),
            running: None,
        };
        inside.open();
        inside.run(async |till| {
            let id = InstanceId::admin();
            let settings = till.plain_settings("Shop");
            till.create_instance(CreateInstance { id: id.clone(), settings, auth: None })
                .await
                .unwrap();
            let principal = till.admit_operator(&id).await.unwrap();
            let payto_uri = ACCOUNT.parse().unwrap();
            let wish = CreateAccount { payto_uri, details: Default::default() };
            till.add_account(&principal, wish).await.unwrap();
        });
        inside
    }

    fn open(&mut self) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let hub = Hub::new(Limits::default());
        let listeners = hub.clone();
        let options = Options { durability: Durability::None, readers: 1, ..Options::default() };
        let announce = move |topic: &Topic| listeners.wake(topic);
        let file = self.dir.path().join("tilld.db");
        // A task that has just ended may hold the file for a moment longer.
        let started = Instant::now();
        let store = loop {
            let announce = announce.clone();
            match Store::open_announcing(&file, Role::Daemon, options, announce) {
                Ok(store) => break store,
                Err(error) => assert!(started.elapsed() < PATIENCE, "{error}"),
            }
            std::thread::park_timeout(Duration::from_millis(5));
        };
        let terms = Policy {
            exchanges: self.trusted.clone(),
            exchange_times: Times {
                attempts: 1,
                request: Duration::from_secs(10),
                ..Times::default()
            },
            default_wire_transfer_delay: RelativeTime::from_secs(10 * 86_400).unwrap(),
            strangers: StrangerLimits {
                network_burst: NonZeroU32::MAX,
                network_per_minute: NonZeroU32::MAX,
                ..terms().strangers
            },
            ..terms()
        };
        let ahead = self.ahead.clone();
        let clock =
            Clock::in_leaps(move || Duration::from_secs(now() + ahead.load(Ordering::Relaxed)));
        let till = Till::new(store.clone(), hub, terms, clock);
        self.running = Some(Running { runtime, store, till });
    }

    /// Ends the till, whatever it is doing, and starts it again on its file.
    pub(super) fn restart(&mut self) {
        let Running { runtime, store, till } = self.running.take().unwrap();
        // What its tasks were doing ends here and now.
        runtime.shutdown_timeout(Duration::from_secs(5));
        drop(till);
        store.close();
        drop(store);
        self.open();
    }

    pub(super) fn run<T>(&self, work: impl AsyncFnOnce(&Till) -> T) -> T {
        let Running { runtime, till, .. } = self.running.as_ref().unwrap();
        runtime.block_on(work(till))
    }

    /// Lets time pass, for the till.
    pub(super) fn pass(&self, seconds: u64) {
        self.ahead.fetch_add(seconds, Ordering::Relaxed);
    }

    /// What time it is for the till, in seconds since 1970.
    pub(super) fn now(&self) -> u64 {
        now() + self.ahead.load(Ordering::Relaxed)
    }

    async fn principal(till: &Till) -> Principal {
        till.admit_operator(&InstanceId::admin()).await.unwrap()
    }

    /// An order over so much, claimed by a wallet.
    pub(super) fn deal(&self, amount: &str) -> Deal {
        let order = json!({
            "summary": "tea", "amount": format!("KUDOS:{amount}"), "max_fee": "KUDOS:1",
            "fulfillment_message": "here",
        });
        let wish = CreateOrder {
            order: order.as_object().unwrap().clone(),
            refund_delay: Some(RelativeTime::from_secs(5 * 86_400).unwrap()),
            payment_target: None,
            session: None,
            with_token: false,
            cart: Default::default(),
            otp_id: None,
        };
        let base = BaseUrl::parse("https://shop.example/").unwrap();
        self.run(async |till| {
            let principal = Self::principal(till).await;
            let id = till.create_order(&principal, wish, &base).await.unwrap().order_id;
            let nonce = fresh_key().public_key();
            let claimed =
                till.claim(&InstanceId::admin(), id.clone(), nonce, None, None).await.unwrap();
            let terms: Value = serde_json::from_str(&claimed.contract).unwrap();
            let seconds = |name: &str| terms[name]["t_s"].as_u64().unwrap();
            let text = |name: &str| terms[name].as_str().unwrap();
            let purchase = Purchase {
                h_contract: contract_hash(&terms).unwrap(),
                h_wire: text("h_wire").parse().unwrap(),
                timestamp_s: seconds("timestamp"),
                refund_deadline_s: seconds("refund_deadline"),
                merchant_pub: text("merchant_pub").parse().unwrap(),
                wallet_data_hash: None,
            };
            Deal { id, purchase, terms }
        })
    }

    /// A wallet pays; what it is told.
    pub(super) fn pay(&self, deal: &Deal, given: &[Given<'_>]) -> Result<Signature, Error> {
        self.pay_with(deal, None, given)
    }

    /// The same, and the wallet signs something along with the coins.
    pub(super) fn pay_with(
        &self,
        deal: &Deal,
        wallet_data_hash: Option<HashCode>,
        given: &[Given<'_>],
    ) -> Result<Signature, Error> {
        self.pay_wish(deal, wish(deal, wallet_data_hash, given))
    }

    /// A wallet pays with what it has ready.
    pub(super) fn pay_wish(&self, deal: &Deal, wish: CoinPayment) -> Result<Signature, Error> {
        self.run(async |till| {
            let paid = till.pay(&InstanceId::admin(), deal.id.clone(), wish).await;
            paid.map(|paid| paid.sig)
        })
    }

    /// A wallet pays, and the till ends after so long and is started again.
    pub(super) fn pay_and_kill(
        &mut self,
        deal: &Deal,
        wallet_data_hash: Option<HashCode>,
        given: &[Given<'_>],
        after: Duration,
    ) {
        let wish = wish(deal, wallet_data_hash, given);
        self.run(async |till| {
            let admin = InstanceId::admin();
            let paying = till.pay(&admin, deal.id.clone(), wish);
            let _ = tokio::time::timeout(after, paying).await;
        });
        self.restart();
    }

    /// A wallet calls its payment off; what became of each coin.
    pub(super) fn abort(&self, deal: &Deal, coins: &[&Coin]) -> Result<Vec<Aborted>, Error> {
        let coins: Vec<PublicKey> = coins.iter().map(|coin| coin.key.public_key()).collect();
        let hash = deal.purchase.h_contract;
        self.run(async |till| till.abort(&InstanceId::admin(), deal.id.clone(), hash, coins).await)
    }

    /// The order is paid in cash.
    pub(super) fn cash(&self, deal: &Deal) -> Result<(), Error> {
        let payment =
            CounterPayment { method: PaymentMethod::parse("cash").unwrap(), reference: None };
        let wish = ManualPayment { payment, session: None, amount: None, given: None };
        self.run(async |till| {
            let principal = Self::principal(till).await;
            till.record_payment(&principal, deal.id.clone(), wish).await.map(|_| ())
        })
    }

    /// The shop grants refunds up to a total.
    pub(super) fn grant(&self, deal: &Deal, total: &str) -> Result<(), Error> {
        let total = Amount::parse(format!("KUDOS:{total}")).unwrap();
        let wish = GrantRefund { total, reason: "cold".into(), smaller: Smaller::Ignore };
        self.run(async |till| {
            let principal = Self::principal(till).await;
            till.grant_refund(&principal, deal.id.clone(), wish).await.map(|_| ())
        })
    }

    /// The wallet fetches its refunds.
    pub(super) fn pick_up(&self, deal: &Deal) -> Result<Option<CollectedRefunds>, Error> {
        let hash = deal.purchase.h_contract;
        self.run(async |till| {
            till.collect_refunds(&InstanceId::admin(), deal.id.clone(), Some(hash)).await
        })
    }

    /// Does what the clock would have done.
    pub(super) fn job(&self) {
        self.run(async |till| {
            for work in till.pending_work().await? {
                till.finish(work).await;
            }
            Ok::<_, Error>(())
        })
        .unwrap();
    }

    /// Asks exchanges what is due, as the clock would have it done.
    pub(super) fn settle(&self) {
        self.run(async |till| {
            loop {
                let visits = till.due_settlements().unwrap().visits;
                if visits.is_empty() {
                    return;
                }
                for visit in visits {
                    till.settle(visit).await;
                }
            }
        });
    }

    /// Asks exchanges how the account stands, as the clock would have it done.
    pub(super) fn check_kyc(&self) {
        self.run(async |till| till.check_kyc().await.unwrap());
    }

    /// How long the job that asks exchanges would sleep now.
    pub(super) fn next_look(&self) -> Duration {
        self.run(async |till| till.due_settlements().unwrap().wait)
    }

    /// How the money of an order stands.
    pub(super) fn wire(&self, deal: &Deal) -> WireState {
        let ask = StatusQuery {
            order_id: deal.id.clone(),
            session: None,
            repurchase: Repurchase::default(),
        };
        self.run(async |till| {
            let principal = Self::principal(till).await;
            let no_news = None::<fn(&Status) -> bool>;
            till.order_status(&principal, ask, WaitLimit::NONE, no_news).await.unwrap().wire
        })
    }

    /// What arrived by each transfer, and what it cost.
    pub(super) fn totals(&self) -> Vec<(String, String)> {
        let books = self.books();
        let mut totals =
            books.prepare_cached("SELECT total, wire_fee FROM expected_transfers").unwrap();
        let rows = totals.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        rows.map(Result::unwrap).collect()
    }

    /// Has the till not follow an order's money, as that of a payment that came to nothing.
    pub(super) fn forget_settlement(&self, deal: &Deal) {
        let books = Connection::open(self.dir.path().join("tilld.db")).unwrap();
        let statement = "DELETE FROM settlements WHERE order_serial =
            (SELECT serial FROM orders WHERE order_id = ?)";
        let mut statement = books.prepare_cached(statement).unwrap();
        assert_eq!(statement.execute([deal.id.as_str()]).unwrap(), 1);
    }

    fn books(&self) -> Connection {
        let file = self.dir.path().join("tilld.db");
        Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap()
    }

    pub(super) fn count(&self, statement: &str) -> i64 {
        self.books().query_row(statement, [], |row| row.get(0)).unwrap()
    }

    /// How many coins have no confirmation and are not given back, and how many refunds are open.
    pub(super) fn unfinished(&self) -> (i64, i64) {
        let coins = self.count(
            "SELECT count(*) FROM deposits WHERE exchange_sig IS NULL AND serial NOT IN
            (SELECT deposit_serial FROM coin_refunds)",
        );
        let refunds = self.count(
            "SELECT count(*) FROM coin_refunds
            WHERE requested = 1 AND exchange_sig IS NULL AND refused_status IS NULL",
        );
        (coins, refunds)
    }

    pub(super) fn is_paid(&self, deal: &Deal) -> bool {
        let statement = "SELECT paid_at_s IS NOT NULL FROM orders WHERE order_id = ?";
        self.books().query_row(statement, [deal.id.as_str()], |row| row.get(0)).unwrap()
    }

    /// How much of an order was refunded, in units of 10⁻⁸; whether it was paid in cash, and at all.
    pub(super) fn sale(&self, deal: &Deal) -> (i64, bool, bool) {
        let statement = "SELECT refund_granted, paid_at_s IS NOT NULL,
                EXISTS (SELECT 1 FROM payments WHERE order_serial = serial)
            FROM orders WHERE order_id = ?";
        let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
        let (granted, is_paid, is_cash): (String, bool, bool) =
            self.books().query_row(statement, [deal.id.as_str()], read).unwrap();
        (units(&granted), is_cash, is_paid)
    }

    /// Coins that were sent at this second and have no answer, as they were sent: the order's name,
    /// the coin as JSON, and what the wallet signed along.
    pub(super) fn sent_now(&self) -> Vec<(String, Value, Option<HashCode>)> {
        let books = self.books();
        let mut sent = books
            .prepare_cached(
                "SELECT order_id, coin, wallet_data_hash FROM deposits
                JOIN orders ON orders.serial = order_serial
                WHERE exchange_sig IS NULL AND sent_at_s = ?",
            )
            .unwrap();
        let at = i64::try_from(self.now()).unwrap();
        let rows = sent.query_map([at], |row| {
            let (coin, data): (String, Option<[u8; 64]>) = (row.get(1)?, row.get(2)?);
            Ok((row.get(0)?, serde_json::from_str(&coin).unwrap(), data.map(HashCode::new)))
        });
        rows.unwrap().map(Result::unwrap).collect()
    }

    /// What the shop has of each coin for each contract by its own books: what it gave, less what
    /// was given back, in units of 10⁻⁸.
    pub(super) fn held(&self) -> BTreeMap<([u8; 32], [u8; 64]), i64> {
        let books = self.books();
        let mut held = BTreeMap::new();
        let mut rows = books
            .prepare_cached(
                "SELECT deposits.serial, coin_pub, h_contract, coin ->> 'contribution',
                    deposits.exchange_sig IS NOT NULL FROM deposits
                JOIN orders ON orders.serial = order_serial",
            )
            .unwrap();
        let mut rows = rows.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            let serial: i64 = row.get(0).unwrap();
            let given = units(&row.get::<_, String>(3).unwrap());
            let mut backs = books
                .prepare_cached(
                    "SELECT amount FROM coin_refunds
                    WHERE deposit_serial = ? AND exchange_sig IS NOT NULL",
                )
                .unwrap();
            let backs = backs.query_map([serial], |row| row.get::<_, String>(0)).unwrap();
            let back: Vec<i64> = backs.map(|back| units(&back.unwrap())).collect();
            // One that is given back was there, confirmed or not.
            let was_there = row.get(4).unwrap() || !back.is_empty();
            let left = given - back.iter().sum::<i64>();
            if was_there && left != 0 {
                held.insert((row.get(1).unwrap(), row.get(2).unwrap()), left);
            }
        }
        held
    }

    /// What an exchange would be asked by the till: this coin, as it is in the books.
    pub(super) fn request(&self, deal: &Deal, coin: &Value, data: Option<HashCode>) -> Value {
        let salt = self.run(async |till| {
            let principal = Self::principal(till).await;
            till.accounts(&principal).await.unwrap()[0].salt
        });
        let mut coin = coin.clone();
        coin["denom_pub_hash"] = coin["h_denom"].take();
        let mut body = json!({
            "merchant_payto_uri": ACCOUNT,
            "wire_salt": salt,
            "merchant_pub": deal.purchase.merchant_pub,
            "h_contract_terms": deal.purchase.h_contract,
            "timestamp": deal.terms["timestamp"],
            "refund_deadline": deal.terms["refund_deadline"],
            "wire_transfer_deadline": deal.terms["wire_transfer_deadline"],
            "coins": [coin],
        });
        if let Some(data) = data {
            body["wallet_data_hash"] = json!(data);
        }
        body
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        if let Some(Running { runtime, store, .. }) = self.running.take() {
            runtime.shutdown_timeout(Duration::from_secs(5));
            store.close();
        }
    }
}

/// What a wallet sends with these coins.
pub(super) fn offer(deal: &Deal, given: &[Given<'_>]) -> CoinPayment {
    wish(deal, None, given)
}

fn wish(deal: &Deal, wallet_data_hash: Option<HashCode>, given: &[Given<'_>]) -> CoinPayment {
    let purchase = Purchase { wallet_data_hash, ..deal.purchase.clone() };
    let coins = given.iter().map(|(exchange, coin, part)| -> PayingCoin {
        serde_json::from_value(coin.paying(exchange, &purchase, part)).unwrap()
    });
    CoinPayment { coins: coins.collect(), session: None, wallet_data_hash }
}

/// An amount in units of 10⁻⁸.
pub(super) fn units(amount: &str) -> i64 {
    let amount = Amount::parse(amount).unwrap();
    i64::try_from(amount.value() * 100_000_000 + u64::from(amount.fraction())).unwrap()
}
