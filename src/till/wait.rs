//! Long polling: the state of an order or session now, after a change, or at a deadline.
//!
//! Every wait has the same steps: query; if the answer could still improve and the client
//! waits, subscribe, query again if anything was committed meanwhile, wait, query again. Without the
//! query after subscribing, a payment that commits between the two would be missed. While it waits, a poll holds a
//! listener and a deadline: no connection, no thread, no lock (merchant-api 1.9, decisions 6, 9 to
//! 12 and 15).

use std::cell::Cell;
use std::net::IpAddr;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::lookup::order;
use super::pay::deposited;
use super::settlement::{WireState, wire_state};
use super::{Error, Principal, Till, rate_limit_key};
use crate::model::instance::InstanceSerial;
use crate::model::order::{ClaimToken, Order, Refund, Refunded, SessionKey, Topic};
use crate::store::payments::{self, PaymentRow};
use crate::store::{Read, instances, orders, refunds, sessions};
use taler::amount::Amount;
use taler::base32::HashCode;
use taler::ids::{InstanceId, OrderId, SessionId};
use taler::time::Timestamp;
use taler::web::FulfillmentUrl;

/// How long a client waits, and its address for the limits.
#[derive(Clone, Copy, Debug, Default)]
pub struct WaitLimit {
    until: Option<Instant>,
    client: Option<IpAddr>,
}

impl WaitLimit {
    /// No patience: the answer is given at once.
    pub const NONE: Self = Self { until: None, client: None };

    /// Waits so long, from now; `client` is counted, `None` is not.
    pub fn lasting(wait: Duration, client: Option<IpAddr>) -> Self {
        let until = (!wait.is_zero()).then(|| Instant::now().checked_add(wait)).flatten();
        Self { until, client: rate_limit_key(client) }
    }
}

/// The result of a query.
struct Snapshot<T> {
    now: T,
    /// The topic to wait for; `None` when this is the final answer.
    better: Option<WakeOn>,
}

/// The topic of a change that may improve the answer.
struct WakeOn {
    topic: Topic,
    also: Option<Topic>,
    /// When time alone changes the answer.
    changes_at: Option<Timestamp>,
}

/// Which of a session's earlier purchases make buying again needless (decision 12).
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Repurchase {
    /// Those of which nothing was refunded.
    #[default]
    Unrefunded,
    /// Those of which something is left; the rule of 2019.
    NotWhollyRefunded,
    /// All, refunded ones too.
    All,
}

impl Repurchase {
    fn most_refunded(self) -> Refunded {
        match self {
            Self::Unrefunded => Refunded::No,
            Self::NotWhollyRefunded => Refunded::Partly,
            Self::All => Refunded::Wholly,
        }
    }
}

/// A shop's question about an order.
#[derive(Clone, Debug)]
pub struct StatusQuery {
    /// The order ID within the instance.
    pub order_id: OrderId,
    /// The session that it must be paid for.
    pub session: Option<SessionId>,
    /// Whether an earlier purchase counts (repurchase).
    pub repurchase: Repurchase,
}

/// The state of an order for its shop.
#[derive(Clone, Debug)]
pub struct Status {
    /// The order, without its terms.
    pub order: Order,
    /// The payment state.
    pub state: PaymentState,
    /// Its terms as canonical JSON.
    pub terms: String,
    /// Its refunds, oldest first.
    pub refunds: Vec<Refund>,
    /// How it was paid at the counter; `None`: with coins, or not.
    pub counter: Option<PaymentRow>,
    /// Amount that exchanges have confirmed to owe the shop for it.
    pub deposited: Amount,
    /// How its money stands on its way to the shop's account.
    pub wire: WireState,
}

/// The state of an order for a client.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum PaymentState {
    /// To be paid, or to be brought into the session by its wallet.
    Unpaid,
    /// The session has paid for the same page already, with another order.
    PaidBefore(OrderId),
    /// A wallet has claimed it and may pay.
    Claimed,
    /// Paid.
    Paid,
}

/// The credential with which a browser or wallet accesses an order.
#[derive(Clone, Debug, Default)]
pub struct Credential {
    /// The hash of its contract.
    pub h_contract: Option<HashCode>,
    /// Its claim token.
    pub token: Option<ClaimToken>,
}

/// A browser's or wallet's question about an order.
#[derive(Clone, Debug)]
pub struct PublicStatusQuery {
    /// The order ID within the instance.
    pub order_id: OrderId,
    /// Why it may ask.
    pub credential: Credential,
    /// The session that it must be paid for.
    pub session: Option<SessionId>,
    /// Whether an earlier purchase counts (repurchase).
    pub repurchase: Repurchase,
    /// Wait for refunds above this.
    pub refund: Option<Amount>,
    /// Wait until the customer has all refunds.
    pub await_refund_obtained: bool,
}

/// The state of an order for a browser or wallet.
#[derive(Clone, Debug)]
pub enum PublicStatus {
    /// Another wallet has claimed it; the URL where the client gets its own order.
    Elsewhere {
        /// URL of the page that creates an own order.
        url: String,
        /// The order's page, if that is it.
        fulfillment_url: Option<FulfillmentUrl>,
    },
    /// It is to be paid; or the session has paid for the same page with another order.
    Unpaid(Order, Option<OrderId>),
    /// It is paid.
    Paid(Order),
}

/// A question of the 2019 API about a contract (legacy-2019 3).
#[derive(Clone, Debug)]
pub struct Poll2019 {
    /// Which order.
    pub order_id: OrderId,
    /// Its contract's hash, which shows that the customer asks.
    pub h_contract: HashCode,
    /// The session that it must be paid for.
    pub session: Option<SessionId>,
    /// Wait for refunds above this.
    pub refund: Option<Amount>,
}

/// The purchase of a session.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Purchase {
    /// This order is paid for it.
    Paid(OrderId),
    /// This order was made for it and is not.
    Unpaid(OrderId),
}

/// The instance that is asked about. Its number is looked up with the first look, and kept.
struct InstanceRef<'a> {
    id: &'a InstanceId,
    serial: Cell<Option<InstanceSerial>>,
}

impl<'a> InstanceRef<'a> {
    fn called(id: &'a InstanceId) -> Self {
        Self { id, serial: Cell::new(None) }
    }

    fn serial(&self, db: &Read<'_>) -> Result<InstanceSerial, Error> {
        if let Some(serial) = self.serial.get() {
            return Ok(serial);
        }
        match instances::serial_of(db, self.id)? {
            None => Err(Error::InstanceUnknown(self.id.clone())),
            Some((_, true)) => Err(Error::InstanceDeleted(self.id.clone())),
            Some((serial, false)) => {
                self.serial.set(Some(serial));
                Ok(serial)
            }
        }
    }
}

impl Till {
    /// The number of the instance called `id`.
    pub(super) fn serial(&self, id: &InstanceId) -> Result<InstanceSerial, Error> {
        self.store.read_in_place(|db| InstanceRef::called(id).serial(db))
    }

    /// The state of an order of the principal's shop. With a wait limit: as soon as it is paid (in the
    /// session, if one is asked for), or, with `is_news`, as soon as that says yes.
    ///
    /// # Errors
    /// [`Error::OrderUnknown`].
    pub async fn order_status(
        &self,
        principal: &Principal,
        ask: StatusQuery,
        wait_limit: WaitLimit,
        is_news: Option<impl Fn(&Status) -> bool>,
    ) -> Result<Status, Error> {
        let instance = principal.instance.serial;
        let query = |db: &Read<'_>| {
            let order = order(db, instance, &ask.order_id)?;
            self.check_visible(principal, &order)?;
            let key = order.repurchase_key(ask.session.as_ref());
            let state = payment_state(db, &order, key.as_ref(), &ask)?;
            let deposited = match state {
                PaymentState::Paid => deposited(db, &order)?,
                _ => Amount::zero(*order.amount.currency()),
            };
            let wire = match state {
                PaymentState::Paid => wire_state(db, &order, |url| self.exchange(url).is_some())?,
                _ => WireState::default(),
            };
            let counter = match state {
                PaymentState::Paid => payments::find(db, order.serial)?,
                _ => None,
            };
            let status = Status {
                terms: orders::terms(db, order.serial)?,
                refunds: refunds::list(db, order.serial)?,
                order,
                state,
                counter,
                deposited,
                wire,
            };
            let enough = match &is_news {
                Some(is_news) => is_news(&status),
                None => matches!(status.state, PaymentState::Paid | PaymentState::PaidBefore(_)),
            };
            let wake_on = || WakeOn {
                topic: Topic::Order(instance, ask.order_id.clone()),
                also: key.map(|key| Topic::Session(instance, key)),
                changes_at: None,
            };
            let better = (!enough).then(wake_on);
            Ok(Snapshot { now: status, better })
        };
        self.wait(wait_limit, query).await
    }

    /// The state of an order for a browser or wallet with access to it.
    ///
    /// # Errors
    /// [`Error::OrderUnknown`], [`Error::TokenWrong`], [`Error::HashWrong`],
    /// [`Error::OfferExpired`], [`Error::InvalidField`] for a refund in another currency.
    pub async fn public_order(
        &self,
        instance: &InstanceId,
        ask: PublicStatusQuery,
        wait_limit: WaitLimit,
    ) -> Result<PublicStatus, Error> {
        let instance_ref = InstanceRef::called(instance);
        // Who may know once may go on waiting, even if a wallet claims the order meanwhile.
        let admitted = Cell::new(false);
        let query = |db: &Read<'_>| {
            let instance = instance_ref.serial(db)?;
            let order = order(db, instance, &ask.order_id)?;
            if !admitted.get() {
                if let Err(error) = admit(&order, &ask.credential) {
                    return elsewhere(db, &order)?
                        .map_or(Err(error), |now| Ok(Snapshot { now, better: None }));
                }
                admitted.set(true);
            }
            let mut wake_on = WakeOn {
                topic: Topic::Order(instance, ask.order_id.clone()),
                also: None,
                changes_at: None,
            };
            // A refund in a foreign currency is refused now, not when the order is paid.
            let enough = ask.has_its_refunds(&order)?;
            if order.is_paid_for(ask.session.as_ref()) {
                return Ok(Snapshot {
                    now: PublicStatus::Paid(order),
                    better: (!enough).then_some(wake_on),
                });
            }
            if order.is_expired(self.clock.now()) {
                return Err(Error::OfferExpired(order.order_id));
            }
            if let Some(key) = order.repurchase_key(ask.session.as_ref()) {
                let before =
                    sessions::bought_before(db, &order, &key, ask.repurchase.most_refunded())?;
                if before.is_some() {
                    return Ok(Snapshot { now: PublicStatus::Unpaid(order, before), better: None });
                }
                wake_on.also = Some(Topic::Session(instance, key));
            }
            wake_on.changes_at = order.paid.is_none().then_some(order.pay_deadline);
            Ok(Snapshot { now: PublicStatus::Unpaid(order, None), better: Some(wake_on) })
        };
        self.wait(wait_limit, query).await
    }

    /// Whether a contract is paid, by the rules of 2019.
    ///
    /// # Errors
    /// [`Error::ContractUnknown`] when order and hash do not belong together, [`Error::InvalidField`] for
    /// a refund in another currency.
    pub async fn poll_2019(
        &self,
        instance: &InstanceId,
        ask: Poll2019,
        wait_limit: WaitLimit,
    ) -> Result<(Order, PaymentState), Error> {
        let instance_ref = InstanceRef::called(instance);
        let query = |db: &Read<'_>| {
            let instance = instance_ref.serial(db)?;
            let found = orders::find(db, instance, &ask.order_id)?;
            let order = found
                .filter(|order| order.hash_fits(Some(&ask.h_contract)))
                .ok_or(Error::ContractUnknown)?;
            // A refund that cannot be granted is refused now, not when the order is paid.
            let enough = exceeds(&order, ask.refund.as_ref())?;
            let mut wake_on = WakeOn {
                topic: Topic::Order(instance, ask.order_id.clone()),
                also: None,
                changes_at: None,
            };
            if order.is_paid_for(ask.session.as_ref()) {
                let better = (!enough).then_some(wake_on);
                return Ok(Snapshot { now: (order, PaymentState::Paid), better });
            }
            if let Some(key) = order.repurchase_key(ask.session.as_ref()) {
                let most_refunded = Repurchase::NotWhollyRefunded.most_refunded();
                let before = sessions::bought_before(db, &order, &key, most_refunded)?;
                if let Some(before) = before {
                    return Ok(Snapshot {
                        now: (order, PaymentState::PaidBefore(before)),
                        better: None,
                    });
                }
                wake_on.also = Some(Topic::Session(instance, key));
            }
            wake_on.changes_at = order.paid.is_none().then_some(order.pay_deadline);
            let expired = order.is_expired(self.clock.now());
            let better = (!expired).then_some(wake_on);
            Ok(Snapshot { now: (order, PaymentState::Unpaid), better })
        };
        self.wait(wait_limit, query).await
    }

    /// The purchase of a page by a session. With a wait limit, it waits until it has paid, even while
    /// there is no order yet: a paywall asks before the customer's wallet has made one.
    ///
    /// # Errors
    /// [`Error::SessionUnknown`] when at the end no order was made for it.
    pub async fn await_session(
        &self,
        instance: &InstanceId,
        key: SessionKey,
        wait_limit: WaitLimit,
    ) -> Result<Purchase, Error> {
        let instance_ref = InstanceRef::called(instance);
        let query = |db: &Read<'_>| {
            let instance = instance_ref.serial(db)?;
            if let Some(order_id) = sessions::paid(db, instance, &key)? {
                return Ok(Snapshot { now: Some(Purchase::Paid(order_id)), better: None });
            }
            let unpaid = sessions::unpaid(db, instance, &key, self.clock.now())?;
            let topic = Topic::Session(instance, key.clone());
            Ok(Snapshot {
                now: unpaid.map(Purchase::Unpaid),
                better: Some(WakeOn { topic, also: None, changes_at: None }),
            })
        };
        self.wait(wait_limit, query).await?.ok_or(Error::SessionUnknown)
    }

    /// Looks until what is seen is good enough, or patience ends.
    async fn wait<T>(
        &self,
        wait_limit: WaitLimit,
        query: impl Fn(&Read<'_>) -> Result<Snapshot<T>, Error>,
    ) -> Result<T, Error> {
        // In blocks of their own: what was seen shall not be kept while nothing happens.
        let (mut listener, until, mut next) = {
            let commits = self.store.commits();
            let snapshot = self.store.read_in_place(&query)?;
            let (Some(wake_on), Some(until)) = (snapshot.better, wait_limit.until) else {
                return Ok(snapshot.now);
            };
            // When too many wait already, or the daemon stops, this is the answer.
            let Some(listener) = self.hub.listen(wake_on.topic, wake_on.also, wait_limit.client)
            else {
                return Ok(snapshot.now);
            };
            // A commit between query and subscription woke no one, but was counted.
            let missed = self.store.commits() != commits;
            let next = if missed { Instant::now() } else { self.next(wake_on.changes_at, until) };
            (listener, until, next)
        };
        let mut last = false;
        loop {
            tokio::select! {
                open = listener.woken() => last = !open,
                () = sleep_until(next) => {}
            }
            let snapshot = self.store.read_in_place(&query)?;
            let Some(wake_on) = snapshot.better else { return Ok(snapshot.now) };
            if last || Instant::now() >= until {
                return Ok(snapshot.now);
            }
            next = self.next(wake_on.changes_at, until);
        }
    }

    /// When to query again without a wake: when time alone changes the answer, or at the end.
    fn next(&self, changes_at: Option<Timestamp>, until: Instant) -> Instant {
        let changes = changes_at.and_then(|at| self.clock.until(at));
        let changes = changes.and_then(|wait| Instant::now().checked_add(wait));
        changes.map_or(until, |changes| changes.min(until))
    }
}

impl Till {
    /// As [`Till::wait`], for looks that take longer and say themselves whether they are enough.
    pub(super) async fn wait_slowly<T, F: Future<Output = Result<(bool, T), Error>>>(
        &self,
        wait_limit: WaitLimit,
        topic: Topic,
        query: impl Fn() -> F,
    ) -> Result<T, Error> {
        let mut listener = match wait_limit.until {
            // Before the first query, which is the only one that most requests need.
            Some(_) => self.hub.listen(topic, None, wait_limit.client),
            None => None,
        };
        let mut last = false;
        loop {
            let (enough, snapshot) = query().await?;
            let (false, false, Some(until), Some(listener)) =
                (enough, last, wait_limit.until, &mut listener)
            else {
                return Ok(snapshot);
            };
            if Instant::now() >= until {
                return Ok(snapshot);
            }
            drop(snapshot);
            tokio::select! {
                open = listener.woken() => last = !open,
                () = sleep_until(until) => last = true,
            }
        }
    }
}

impl PublicStatusQuery {
    /// Whether the refunds that the client waits for are there.
    fn has_its_refunds(&self, order: &Order) -> Result<bool, Error> {
        let obtained = !(self.await_refund_obtained && order.is_refund_pending());
        Ok(obtained && exceeds(order, self.refund.as_ref())?)
    }
}

/// Whether the order's refunds exceed `refund`. Always true without a refund to wait for.
fn exceeds(order: &Order, refund: Option<&Amount>) -> Result<bool, Error> {
    let Some(refund) = refund else { return Ok(true) };
    let compared = order.refund_collectable().try_cmp(refund);
    compared
        .map(std::cmp::Ordering::is_gt)
        .map_err(|_| Error::InvalidField(super::InvalidField("refund")))
}

fn payment_state(
    db: &Read<'_>,
    order: &Order,
    key: Option<&SessionKey>,
    ask: &StatusQuery,
) -> Result<PaymentState, Error> {
    if order.is_paid_for(ask.session.as_ref()) {
        return Ok(PaymentState::Paid);
    }
    if let Some(key) = key
        && let Some(before) =
            sessions::bought_before(db, order, key, ask.repurchase.most_refunded())?
    {
        return Ok(PaymentState::PaidBefore(before));
    }
    // Paid for another session: the wallet is offered to bring it into this one.
    let claimed = order.claim.is_some() && order.paid.is_none();
    Ok(if claimed { PaymentState::Claimed } else { PaymentState::Unpaid })
}

/// Whether `credential` gives access to `order`. One without a claim token is open to every client that
/// knows its name, in every state: shops mail its bare address to their customers (merchant-api 3.4,
/// decisions 2 and 3). Only a client that shows a hash learns that it is wrong.
fn admit(order: &Order, credential: &Credential) -> Result<(), Error> {
    let token = order.token_fits(credential.token.as_ref());
    let asks_by_hash = order.claim.is_some() && credential.h_contract.is_some();
    let open = token.is_none() && !asks_by_hash;
    if open || token == Some(true) || order.hash_fits(credential.h_contract.as_ref()) {
        return Ok(());
    }
    if credential.h_contract.is_some() || token.is_none() {
        Err(Error::HashWrong)
    } else {
        Err(Error::TokenWrong)
    }
}

/// Where a client is redirected that visits an order claimed by another wallet.
fn elsewhere(db: &Read<'_>, order: &Order) -> Result<Option<PublicStatus>, Error> {
    if order.claim.is_none() {
        return Ok(None);
    }
    let terms = super::read_terms(&orders::terms(db, order.serial)?)?;
    if let Some(url) = terms.get("public_reorder_url").and_then(serde_json::Value::as_str) {
        return Ok(Some(PublicStatus::Elsewhere { url: url.to_owned(), fulfillment_url: None }));
    }
    let page = order.fulfillment_url.as_ref().filter(|url| order.paid.is_some() && url.is_web());
    Ok(page.map(|url| PublicStatus::Elsewhere {
        url: url.to_string(),
        fulfillment_url: Some(url.clone()),
    }))
}
