//! The use case of undoing a sale that was taken at the counter just now (decision 161).
//!
//! Its payment stays in the books, and beside it stands a refund of all of it: what was paid stays paid, and the
//! sums of the day are right. What it took of the inventory is there again.

use super::inventory_events::tell_returned;
use super::lookup::order;
use super::refund::check_reason;
use super::webhooks::tell_refunded;
use super::{Error, Principal, Till};
use crate::model::order::{Order, Refund, RefundState};
use crate::store::{order_products, orders, payments, refunds};
use taler::ids::OrderId;
use taler::time::{RelativeTime, Timestamp};

/// For how long after its payment a sale can be undone, in seconds: as long as the customer may still stand there.
/// Later it takes a refund with a reason of its own.
const UNDO_S: u64 = 15 * 60;

/// Whether the sale, which was paid at the counter, can be undone now.
pub(super) fn can_be_undone(order: &Order, now: Timestamp) -> bool {
    let Some(paid) = &order.paid else { return false };
    let since = now.saturating_since(paid.at);
    let is_fresh = RelativeTime::from_secs(UNDO_S).is_ok_and(|bound| since <= bound);
    // A refund of nothing would leave no trace, by which it is known that the sale is undone.
    is_fresh && order.refund_granted.is_zero() && !order.amount.is_zero()
}

impl Till {
    /// Whether a sale that was paid at the counter can be undone.
    pub fn can_be_undone(&self, order: &Order) -> bool {
        can_be_undone(order, self.clock.now())
    }

    /// Undoes a sale that was paid at the counter: refunds all of it, and puts what it took back into stock. Works
    /// once, and not for long. Returns the order in its new state.
    ///
    /// # Errors
    /// [`Error::OrderUnknown`], [`Error::RefundOfUnpaid`], [`Error::RefundNotAllowed`] for a sale that a wallet
    /// paid, [`Error::RefundInconsistent`] when something of it was refunded already, [`Error::RefundTooLate`].
    pub async fn undo_sale(
        &self,
        principal: &Principal,
        order_id: OrderId,
        reason: String,
    ) -> Result<Order, Error> {
        check_reason(&reason)?;
        let serial = principal.instance.serial;
        let now = self.clock.now();
        let order = self
            .store
            .write(move |tx| {
                let mut order = order(tx, serial, &order_id)?;
                if order.paid.is_none() {
                    return Err(Error::RefundOfUnpaid);
                }
                if payments::find(tx, order.serial)?.is_none() {
                    return Err(Error::RefundNotAllowed);
                }
                if !order.refund_granted.is_zero() || order.amount.is_zero() {
                    return Err(Error::RefundInconsistent);
                }
                if !can_be_undone(&order, now) {
                    return Err(Error::RefundTooLate);
                }
                // Money that came over the counter goes back over the counter (decision 5).
                let refund = Refund {
                    amount: order.amount,
                    reason,
                    granted_at: now,
                    state: RefundState::Taken,
                };
                refunds::insert(tx, order.serial, &refund)?;
                order.refund_granted = order.amount;
                order.refund_taken = order.amount;
                orders::set_refunds(tx, &order)?;
                let returned = order_products::put_back(tx, order.serial)?;
                tell_returned(tx, serial, &returned, now)?;
                tell_refunded(tx, &order, &refund, &order.amount)?;
                Ok(order)
            })
            .await?;
        log::info!("order {}: the sale is undone, {} refunded", order.order_id, order.amount);
        Ok(order)
    }
}
