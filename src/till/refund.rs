//! The use case of granting a refund, as a new total (merchant-api 2.7). Refunds of coins
//! are sent by `exchange_refunds.rs`.

use std::cmp::Ordering;

use super::lookup::order;
use super::pay::ledger::OrderLedger;
use super::webhooks::tell_refunded;
use super::{Error, Principal, Till};
use crate::model::invalid_field::InvalidField;
use crate::model::order::{Order, Refund, RefundSerial, RefundState};
use crate::store::coin_refunds::{self, NewCoinRefund};
use crate::store::{Tx, orders, refunds};
use taler::amount::Amount;
use taler::characters::is_clean;
use taler::ids::{InstanceId, OrderId};
use taler::payment::{CannotSpread, spread};
use taler::sign::PublicKey;
use taler::time::Timestamp;
use taler::web::BaseUrl;

/// Longest reason, in characters.
pub(crate) const MAX_REASON: usize = 1024;

/// What to do when a total is smaller than the one granted before.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Smaller {
    /// Refuse it, so that mistakes surface.
    Refuse,
    /// Leave all as it is; the rule of 2020.
    Ignore,
}

/// A refund that the shop wants to grant.
#[derive(Clone, Debug)]
pub struct GrantRefund {
    /// All refunds of the order together, from now on.
    pub total: Amount,
    /// The shop's reason; the customer does not see it.
    pub reason: String,
    /// What to do when it is smaller than the one before.
    pub smaller: Smaller,
}

/// Checks the reason of a refund.
pub(super) fn check_reason(reason: &str) -> Result<(), InvalidField> {
    match reason.chars().count() <= MAX_REASON && is_clean(reason) {
        true => Ok(()),
        false => Err(InvalidField("reason")),
    }
}

impl Till {
    /// An order with the totals of its refunds, for the customer, and the key of its shop.
    ///
    /// # Errors
    /// [`Error::OrderUnknown`].
    pub fn refunds_of(
        &self,
        instance: &InstanceId,
        order_id: &OrderId,
    ) -> Result<(Order, PublicKey), Error> {
        let shop = self.shop(instance)?;
        let order = self.store.read_in_place(|db| order(db, shop.serial, order_id))?;
        Ok((order, shop.public_key))
    }

    /// Raises the refunds of an order to a total; the same total again changes nothing. Returns
    /// the order in its new state.
    ///
    /// # Errors
    /// [`Error::OrderUnknown`], [`Error::RefundOfUnpaid`], [`Error::RefundCurrency`],
    /// [`Error::RefundInconsistent`], [`Error::RefundNotAllowed`], [`Error::RefundTooLate`],
    /// [`Error::RefundBelowFee`], [`Error::RefundBeyondLimit`].
    pub async fn grant_refund(
        &self,
        principal: &Principal,
        order_id: OrderId,
        wish: GrantRefund,
    ) -> Result<Order, Error> {
        check_reason(&wish.reason)?;
        let serial = principal.instance.serial;
        let (now, limits) = (self.clock.now(), self.refund_limits());
        let (order, granted) = self
            .store
            .write(move |tx| {
                let order = order(tx, serial, &order_id)?;
                if order.paid.is_none() {
                    return Err(Error::RefundOfUnpaid);
                }
                let foreign = |_| Error::RefundCurrency;
                let order_of = wish.total.try_cmp(&order.refund_granted).map_err(foreign)?;
                if order_of.is_eq() || (order_of.is_lt() && wish.smaller == Smaller::Ignore) {
                    return Ok((order, None));
                }
                if order.refund_deadline <= order.timestamp {
                    return Err(Error::RefundNotAllowed);
                }
                if order.refund_deadline <= now {
                    return Err(Error::RefundTooLate);
                }
                if order_of.is_lt() || wish.total.try_cmp(&order.amount).map_err(foreign)?.is_gt() {
                    return Err(Error::RefundInconsistent);
                }
                let amount = wish
                    .total
                    .checked_sub(&order.refund_granted)
                    .map_err(|_| Error::RefundInconsistent)?;
                let ledger = OrderLedger::of(tx, order)?;
                // Money that came over the counter goes back over the counter (decision 5).
                let taken = ledger.at_counter;
                let state = if taken { RefundState::Taken } else { RefundState::Pending };
                let refund = Refund { amount, reason: wish.reason, granted_at: now, state };
                let grant = refunds::insert(tx, ledger.order.serial, &refund)?;
                if !taken {
                    take_from_coins(tx, &ledger, grant, &amount, now, &limits)?;
                }
                let mut order = ledger.order;
                order.refund_granted = wish.total;
                if taken {
                    order.refund_taken = wish.total;
                }
                orders::set_refunds(tx, &order)?;
                tell_refunded(tx, &order, &refund, &wish.total)?;
                Ok((order, Some(amount)))
            })
            .await?;
        if let Some(amount) = granted {
            log::info!("order {}: granted a refund of {amount}", order.order_id);
        }
        Ok(order)
    }
}

/// The most that exchanges give back at a time; those without a limit are not in it.
type Limits = Vec<(BaseUrl, Amount)>;

/// Takes a granted refund from the order's coins. It waits there for the wallet to fetch it.
fn take_from_coins(
    tx: &mut Tx<'_>,
    ledger: &OrderLedger,
    grant: RefundSerial,
    amount: &Amount,
    now: Timestamp,
    limits: &Limits,
) -> Result<(), Error> {
    let (wired, coins): (Vec<_>, Vec<_>) =
        ledger.collected().partition(|deposit| ledger.was_wired(deposit));
    let rests = coins.iter().map(|deposit| ledger.rest(deposit)).collect::<Result<Vec<_>, _>>();
    let parts = spread(amount, &rests?).map_err(|CannotSpread| match wired.is_empty() {
        true => Error::RefundBelowFee,
        false => Error::RefundTooLate,
    })?;
    for (url, most) in limits {
        let of_exchange = parts.iter().filter(|(place, _)| {
            coins.get(*place).is_some_and(|deposit| deposit.what.coin.exchange_url == *url)
        });
        let sum = Amount::sum(*amount.currency(), of_exchange.map(|(_, part)| part));
        if sum.and_then(|sum| sum.try_cmp(most)).is_ok_and(Ordering::is_gt) {
            return Err(Error::RefundBeyondLimit);
        }
    }
    for (place, amount) in parts {
        let Some(deposit) = coins.get(place) else { continue };
        let new = NewCoinRefund {
            deposit: deposit.serial,
            grant: Some(grant),
            amount,
            made_at: now,
            wanted: false,
        };
        coin_refunds::insert(tx, &new)?;
    }
    Ok(())
}
