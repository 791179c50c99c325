//! Use cases of orders: create, list, forget parts of terms, delete (merchant-api 2).

use serde_json::{Map, Value, json};

use super::cart::Cart;
use super::lookup::{order, still_there};
use super::wait::WaitLimit;
use super::webhooks::tell_created;
use super::{Error, Principal, Till, otp_device, read_terms};
use crate::exchange::Exchange;
use crate::model::account::Account;
use crate::model::cashier::CashierSerial;
use crate::model::contract::{self, BadOrder, ExchangeOffer, Frame, Terms};
use crate::model::instance::Instance;
use crate::model::order::{ClaimToken, NewOrder, Order, Topic};
use crate::store::orders::{self, Filter};
use crate::store::{Lane, Tx, accounts, cashiers, deposits};
use system::random;
use taler::amount::{Amount, Currency};
use taler::base32::{self, Bytes, HashCode};
use taler::canonical;
use taler::contract::{Forgot, forget};
use taler::ids::{InstanceId, OrderId, OtpDeviceId, SessionId};
use taler::path::ContractPath;
use taler::time::{RelativeTime, Timestamp};
use taler::web::BaseUrl;

/// Priority of every exchange in contracts; all are equal.
const PRIORITY: u16 = 1024;
/// How long a paid order must be kept: ten years, in seconds.
const RETENTION_S: u64 = 10 * 365 * 86_400;
/// Most orders in one list.
pub const MAX_LIST: i64 = 1024;

/// The request to create an order.
#[derive(Clone, Debug)]
pub struct CreateOrder {
    /// As the shop wrote it.
    pub order: Map<String, Value>,
    /// Refund delay, unless the order has one.
    pub refund_delay: Option<RelativeTime>,
    /// The kind of account that the money shall go to.
    pub payment_target: Option<String>,
    /// The session that it is for.
    pub session: Option<SessionId>,
    /// Whether claiming needs a claim token.
    pub with_token: bool,
    /// What it takes of the inventory.
    pub cart: Cart,
    /// The device whose codes the customer gets after paying.
    pub otp_id: Option<OtpDeviceId>,
}

impl CreateOrder {
    /// By which the same wish is known again, whatever defaults were put in meanwhile.
    fn hash(&self) -> Result<HashCode, Error> {
        let mut all = json!({
            "order": self.order,
            "refund_delay": self.refund_delay,
            "payment_target": self.payment_target,
            "session_id": self.session,
            "create_token": self.with_token,
            "otp_id": self.otp_id,
        });
        self.cart.describe(&mut all);
        canonical::json_hash(&all).map_err(|bad| BadOrder::Shape(bad.to_string()).into())
    }
}

/// An order just made, or made by the same wish before.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CreatedOrder {
    /// The order ID, unique within the instance.
    pub order_id: OrderId,
    /// Its claim token.
    pub token: Option<ClaimToken>,
    /// Until when it can be paid.
    pub pay_deadline: Timestamp,
}

impl From<&Order> for CreatedOrder {
    fn from(order: &Order) -> Self {
        Self {
            order_id: order.order_id.clone(),
            token: order.claim_token,
            pay_deadline: order.pay_deadline,
        }
    }
}

/// Which part of a list is wanted.
#[derive(Clone, Debug)]
pub struct Paging {
    /// The filter.
    pub filter: Filter,
    /// Most orders returned; negative: older ones, newest first.
    pub limit: i64,
    /// Beyond which one.
    pub offset: Option<i64>,
}

impl Till {
    /// Creates an order for the principal's shop. Asked again with the same name and content, it gives
    /// the same answer.
    ///
    /// # Errors
    /// [`Error::Order`], [`Error::NoAccount`], [`Error::NoExchange`], [`Error::NoneCanWire`],
    /// [`Error::BeyondLimits`], [`Error::OrderExists`], [`Error::OtpDeviceUnknown`]; of [`super::InventoryError`]
    /// `ProductUnknown`, `PotUnknown` and `OutOfStock`.
    pub async fn create_order(
        &self,
        principal: &Principal,
        wish: CreateOrder,
        base_url: &BaseUrl,
    ) -> Result<CreatedOrder, Error> {
        let seller = principal.seller();
        self.make_order(&principal.instance, wish, base_url, Lane::First, seller).await
    }

    /// The same for any client that may create orders there, in the client's lane to the writer.
    pub(super) async fn make_order(
        &self,
        instance: &Instance,
        wish: CreateOrder,
        base_url: &BaseUrl,
        lane: Lane,
        seller: Option<CashierSerial>,
    ) -> Result<CreatedOrder, Error> {
        let request_hash = wish.hash()?;
        let serial = instance.serial;
        let given = contract::order_id(&wish.order)?;
        let (there, accounts) = self.store.read_in_place(|db| {
            let there = match &given {
                Some(order_id) => orders::find(db, serial, order_id)?,
                None => None,
            };
            Ok::<_, Error>((there, accounts::list(db, serial)?))
        })?;
        // Before anything is checked: what was good the first time may be too late by now.
        if let Some(there) = there {
            return same(&there, &request_hash);
        }
        let target = wish.payment_target.as_deref();
        let suits = |account: &Account| {
            let method = account.payto_uri.wire_method();
            account.active && target.is_none_or(|target| target.eq_ignore_ascii_case(method))
        };
        let accounts: Vec<Account> = accounts.into_iter().filter(suits).collect();
        if accounts.is_empty() {
            return Err(Error::NoAccount(instance.id.clone()));
        }
        let now = self.clock.now();
        let mut order_members = wish.order;
        let reservation = self.fill_cart(instance, &mut order_members, wish.cart, now).await?;
        let token = match wish.with_token {
            true => Some(ClaimToken::new(random::<16>()?)),
            false => None,
        };
        let terms = Terms::complete(
            order_members,
            Frame {
                instance,
                base_url,
                now,
                fresh_id: fresh_id(now, token.is_some())?,
                refund_delay: wish.refund_delay,
            },
        )?;
        self.check_currency(terms.amount.currency())?;
        let mut no_randomness = false;
        let (account, offers) = self.account_for(&terms, &accounts)?;
        let proposal = terms.proposal(account, &offers, &mut || {
            random::<32>().map(Bytes::new).unwrap_or_else(|_| {
                no_randomness = true;
                Bytes::ZERO
            })
        })?;
        if no_randomness {
            return Err(Error::NoRandomness);
        }
        let otp_id = wish.otp_id;
        let mut new = NewOrder {
            order_id: terms.order_id,
            request_hash,
            terms: proposal,
            claim_token: token,
            timestamp: terms.timestamp,
            created_at: now,
            pay_deadline: terms.pay_deadline,
            refund_deadline: terms.refundable_until,
            amount: terms.amount,
            summary: terms.summary,
            base_url: terms.base_url,
            fulfillment_url: terms.fulfillment_url,
            session: wish.session,
            by_stranger: lane == Lane::Strangers,
            otp_device: None,
        };
        let till = self.clone();
        let shop = instance.id.clone();
        self.store
            .write_in(lane, move |tx| {
                still_there(tx, serial, &shop)?;
                if new.by_stranger {
                    // Others may have been faster.
                    till.check_open_orders(tx, serial)?;
                }
                new.otp_device = otp_device::named(tx, serial, otp_id.as_ref())?;
                if !orders::insert(tx, serial, &new)? {
                    // Another request was faster.
                    return same(&order(tx, serial, &new.order_id)?, &request_hash);
                }
                if !reservation.is_empty() {
                    let made = order(tx, serial, &new.order_id)?.serial;
                    reservation.keep(tx, serial, made, now, new.pay_deadline)?;
                }
                if let Some(cashier) = seller {
                    let made = order(tx, serial, &new.order_id)?.serial;
                    cashiers::set_seller(tx, made, cashier)?;
                }
                tell_created(tx, serial, &new.order_id, now)?;
                Ok(CreatedOrder {
                    order_id: new.order_id,
                    token: new.claim_token,
                    pay_deadline: new.pay_deadline,
                })
            })
            .await
    }

    /// The account that the money of an order goes to, and the exchanges whose coins it can be paid with:
    /// those of its currency that can, as far as is known, pay that account. The first account that
    /// an exchange is known to pay is taken, else the first that one may be able to pay. Without any
    /// exchange at all, orders can be paid at the counter (decision 1). No exchange is contacted: an order
    /// waits for no network.
    fn account_for<'a>(
        &self,
        terms: &Terms,
        accounts: &'a [Account],
    ) -> Result<(&'a Account, Vec<ExchangeOffer>), Error> {
        let offered = self.offered_exchanges();
        let in_currency: Vec<_> = offered
            .iter()
            .filter(|exchange| exchange.trusted().currency == *terms.amount.currency())
            .collect();
        if in_currency.is_empty() {
            return match (accounts.first(), offered.is_empty()) {
                (Some(account), true) => Ok((account, Vec::new())),
                _ => Err(Error::NoExchange),
            };
        }
        let can_pay = |exchange: &Exchange, account: &Account, must_be_known: bool| {
            let reaches = Self::may_reach(exchange, &account.payto_uri);
            reaches && (!must_be_known || exchange.known_keys().is_some())
        };
        let mut failure = Error::NoneCanWire;
        for must_be_known in [true, false] {
            for account in accounts {
                if !in_currency.iter().any(|one| can_pay(one, account, must_be_known)) {
                    continue;
                }
                let offers = offers(&in_currency, account, terms.amount.currency());
                match is_beyond(&terms.amount, &offers) {
                    true => failure = Error::BeyondLimits,
                    false => return Ok((account, offers)),
                }
            }
        }
        Err(failure)
    }

    /// Orders of the principal's shop; with a wait limit, as soon as there are any.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn orders(
        &self,
        principal: &Principal,
        page: Paging,
        wait_limit: WaitLimit,
    ) -> Result<Vec<Order>, Error> {
        self.orders_when(principal, page, wait_limit, |found| !found.is_empty()).await
    }

    /// Orders of the principal's shop; with a wait limit, as soon as `is_news` says so of them.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn orders_when(
        &self,
        principal: &Principal,
        page: Paging,
        wait_limit: WaitLimit,
        is_news: impl Fn(&[Order]) -> bool,
    ) -> Result<Vec<Order>, Error> {
        let serial = principal.instance.serial;
        self.wait_slowly(wait_limit, Topic::Orders(serial), || {
            let Paging { filter, limit, offset } = page.clone();
            let limit = limit.clamp(-MAX_LIST, MAX_LIST);
            let found = self
                .store
                .read(move |db| Ok::<_, Error>(orders::list(db, serial, &filter, limit, offset)?));
            let is_news = &is_news;
            async move { found.await.map(|found| (is_news(&found), found)) }
        })
        .await
    }

    /// An order of the principal's shop, if it is there and paid.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn paid_order(
        &self,
        principal: &Principal,
        order_id: &OrderId,
    ) -> Result<Option<Order>, Error> {
        let serial = principal.instance.serial;
        let found = self.store.read_in_place(|db| orders::find(db, serial, order_id))?;
        Ok(found.filter(|order| order.paid.is_some()))
    }

    /// The terms of an order that a use case has returned, so that the client may see them.
    ///
    /// # Errors
    /// [`Error::OrderUnknown`] when it was deleted meanwhile.
    pub fn order_terms(&self, shown: &Order) -> Result<Map<String, Value>, Error> {
        let text = self.store.read_in_place(|db| {
            let there = order(db, shown.instance, &shown.order_id)?;
            Ok::<_, Error>(orders::terms(db, there.serial)?)
        })?;
        match read_terms(&text)? {
            Value::Object(terms) => Ok(terms),
            _ => Err(Error::Damaged("the terms of an order are no object".into())),
        }
    }

    /// Forgets parts of an order's contract, of which only hashes are left; its own hash stays.
    /// `false` if all of them were forgotten before.
    ///
    /// # Errors
    /// [`Error::OrderUnknown`], [`Error::NotForgettable`].
    pub async fn forget(
        &self,
        principal: &Principal,
        order_id: OrderId,
        paths: Vec<ContractPath>,
    ) -> Result<bool, Error> {
        let serial = principal.instance.serial;
        self.store
            .write(move |tx| {
                let order = order(tx, serial, &order_id)?;
                let mut terms = read_terms(&orders::terms(tx, order.serial)?)?;
                let mut forgot = false;
                let meant: Vec<_> = paths.iter().flat_map(|path| path.matches(&terms)).collect();
                for path in meant {
                    let steps: Vec<&str> = path.iter().map(String::as_str).collect();
                    match forget(&mut terms, &steps) {
                        Ok(Forgot::Now) => forgot = true,
                        Ok(Forgot::Before | Forgot::Nothing) => {}
                        Err(bad) => return Err(Error::NotForgettable(bad.to_string())),
                    }
                }
                if forgot {
                    let text = canonical::canonical(&terms)
                        .map_err(|bad| Error::Damaged(bad.to_string()))?;
                    orders::set_terms(tx, &order, &text)?;
                }
                Ok(forgot)
            })
            .await
    }

    /// Deletes an order. One that a wallet has claimed and may still pay goes only by force, and a
    /// paid one not before its time, unless nothing was paid for it (decision 24).
    ///
    /// # Errors
    /// [`Error::OrderUnknown`], [`Error::AwaitingPayment`], [`Error::MustBeKept`].
    pub async fn delete_order(
        &self,
        principal: &Principal,
        order_id: OrderId,
        force: bool,
    ) -> Result<(), Error> {
        let serial = principal.instance.serial;
        let (now, is_sure) = (self.clock.now(), self.is_time_sure());
        let there = self.store.read_in_place(|db| order(db, serial, &order_id))?;
        self.check_visible(principal, &there)?;
        self.store
            .write(move |tx: &mut Tx<'_>| {
                let order = order(tx, serial, &order_id)?;
                if let Some(paid) = order.paid.as_ref().filter(|_| !order.amount.is_zero()) {
                    let kept = now.saturating_since(paid.at);
                    let must = RelativeTime::from_secs(RETENTION_S);
                    if !is_sure || must.is_ok_and(|must| kept < must) {
                        return Err(Error::MustBeKept);
                    }
                } else if order.paid.is_none()
                    && order.claim.is_some()
                    && !order.is_expired(now)
                    && !force
                {
                    return Err(Error::AwaitingPayment);
                } else if deposits::are_there(tx, order.serial)? {
                    // Coins were sent to an exchange; what becomes of them must stay in the ledger.
                    return Err(Error::MustBeKept);
                }
                Ok(orders::delete(tx, &order)?)
            })
            .await
    }

    /// The instance called `id`, as orders need it: alive, with all its settings.
    pub(super) fn shop(&self, id: &InstanceId) -> Result<Instance, Error> {
        super::alive(self.store.read_in_place(|db| crate::store::instances::find(db, id))?, id)
    }
}

/// The answer to a wish that was fulfilled before, if it is the same.
fn same(there: &Order, request_hash: &HashCode) -> Result<CreatedOrder, Error> {
    match there.request_hash == *request_hash {
        true => Ok(there.into()),
        false => Err(Error::OrderExists(there.order_id.clone())),
    }
}

/// Those of `exchanges` that may be able to pay `account`, as contracts name them.
fn offers(exchanges: &[&Exchange], account: &Account, currency: &Currency) -> Vec<ExchangeOffer> {
    let reach = exchanges.iter().filter(|exchange| Till::may_reach(exchange, &account.payto_uri));
    reach
        .map(|exchange| ExchangeOffer {
            url: exchange.trusted().base_url.clone(),
            master_pub: exchange.trusted().master_public_key,
            priority: PRIORITY,
            max_contribution: exchange
                .known_keys()
                .and_then(|keys| keys.most_deposited())
                .unwrap_or(Amount::largest(*currency)),
        })
        .collect()
}

/// Whether a price is more than can be paid with coins of all these exchanges together.
fn is_beyond(price: &Amount, offers: &[ExchangeOffer]) -> bool {
    let limits = offers.iter().map(|offer| &offer.max_contribution);
    // A sum that no amount can be is enough for any price.
    Amount::sum(*price.currency(), limits)
        .is_ok_and(|sum| sum.try_cmp(price).is_ok_and(std::cmp::Ordering::is_lt))
}

/// An unguessable order ID: the date, and 64 random bits, or 128 where no token protects the
/// order.
fn fresh_id(now: Timestamp, has_token: bool) -> Result<OrderId, Error> {
    let day = now
        .secs()
        .and_then(|secs| jiff::Timestamp::from_second(i64::try_from(secs).ok()?).ok())
        .map(|moment| moment.to_zoned(jiff::tz::TimeZone::UTC).date());
    let day =
        day.map_or_else(String::new, |day| format!("{:04}.{:03}-", day.year(), day.day_of_year()));
    let chance = match has_token {
        true => base32::encode(&random::<8>()?),
        false => base32::encode(&random::<16>()?),
    };
    OrderId::parse(day + &chance).map_err(|_| BadOrder::OrderId.into())
}
