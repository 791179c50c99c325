//! Payments: the only place where an order becomes paid, and where a payment follows its customer
//! into another session (merchant-api 3.6, decisions 4, 9 and 11).
//!
//! [`counter`] records payments outside of Taler, [`coins`] payments of wallets; [`check`] has the rules
//! for coins, [`ledger`] the stored deposits and refunds, and [`fate`] the handling of coins
//! without an answer.

mod check;
mod coins;
mod counter;
mod fate;
pub(super) mod ledger;
mod paid;
mod pending_deposit;

use super::claim::Binding;
use super::inventory_events::tell_sold;
use super::lookup::order;
use super::settlement::CoinSettlement;
use super::webhooks::tell_paid;
use super::{Error, Till};
use crate::model::order::{Order, Paid};
use crate::store::payments::{self, PaymentRow};
use crate::store::settlements::{self, NewSettlement};
use crate::store::{self, Lane, Tx, order_products, orders};
use taler::base32::HashCode;
use taler::ids::{InstanceId, OrderId, SessionId};
use taler::sign::Signature;
use taler::time::Timestamp;

#[cfg(all(test, feature = "legacy"))]
pub(crate) use check::MAX_COINS;
pub use check::Refusal;
pub use coins::{CoinPayment, PaidByCoins};
pub use counter::{ManualPayment, Receipt};
pub(super) use ledger::deposited;
use paid::{PaidContract, is_receipt};

/// How a receipt stands that was shown again.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Replayed {
    /// Whether something of the order was refunded.
    pub refunded: bool,
    /// The codes of its device at the time of the payment; see otp 3.
    pub pos_confirmation: Option<String>,
}

impl Till {
    /// Binds the payment of an order to `session` from now on; a client that shows the receipt may
    /// ask for that. Without a session nothing changes.
    ///
    /// # Errors
    /// [`Error::ReceiptWrong`], [`Error::OrderUnknown`] also for an unpaid order,
    /// [`Error::ContractMismatch`].
    pub async fn replay(
        &self,
        instance: &InstanceId,
        order_id: OrderId,
        h_contract: HashCode,
        receipt: Signature,
        session: Option<SessionId>,
    ) -> Result<Replayed, Error> {
        let shop = self.shop(instance)?;
        let serial = shop.serial;
        if !is_receipt(h_contract, &shop.public_key, &receipt) {
            return Err(Error::ReceiptWrong);
        }
        let there = self.store.read_in_place(|db| order(db, serial, &order_id))?;
        let pos_confirmation = self.pos_confirmation(serial, &order_id, there.has_otp_device)?;
        let Some(session) = paid_as(&there, &h_contract, session)? else {
            let refunded = !there.refund_collectable().is_zero();
            return Ok(Replayed { refunded, pos_confirmation });
        };
        let refunded = self
            .store
            .write_in(Lane::Strangers, move |tx| {
                let there = order(tx, serial, &order_id)?;
                if let Some(session) = paid_as(&there, &h_contract, Some(session))? {
                    orders::bind_session(tx, &there, &session)?;
                }
                Ok::<_, Error>(!there.refund_collectable().is_zero())
            })
            .await?;
        Ok(Replayed { refunded, pos_confirmation })
    }
}

/// The session that a replay would bind `order` to; `None` when nothing would change.
fn paid_as(
    order: &Order,
    h_contract: &HashCode,
    session: Option<SessionId>,
) -> Result<Option<SessionId>, Error> {
    if order.claim.as_ref().is_some_and(|claim| claim.h_contract != *h_contract) {
        return Err(Error::ContractMismatch);
    }
    let paid = order.paid.as_ref().ok_or_else(|| Error::OrderUnknown(order.order_id.clone()))?;
    let meant = session.map(|session| order.meant_session(session));
    Ok(meant.filter(|meant| paid.session.as_ref() != Some(meant)))
}

/// By what means an order is paid.
#[derive(Clone, Copy)]
enum PaidWith<'a> {
    /// Outside of Taler.
    Counter(&'a PaymentRow),
    /// By coins, which are kept already; what exchanges will have to wire for them.
    Coins(&'a CoinSettlement),
}

/// The payment path: an order becomes paid here and nowhere else. One transaction contains the
/// payment, the order's state and its session, what it takes of the inventory and brings to pots, what exchanges
/// have to wire, and for an unclaimed order the contract of `binding`; the store wakes waiting requests after the commit. Returns the contract that is paid now.
fn record(
    tx: &mut Tx<'_>,
    order: &Order,
    paid: &Paid,
    paid_with: PaidWith<'_>,
    binding: Option<&Binding>,
) -> Result<PaidContract, Error> {
    let (claim, binding) = match (&order.claim, binding) {
        (Some(claim), _) => (claim, None),
        (None, Some(binding)) => (&binding.claim, Some((&binding.claim, &*binding.contract))),
        // It was claimed just now, and unclaimed at the same moment.
        (None, None) => return Err(Error::Store(store::Error::Busy)),
    };
    if order.paid.is_some() {
        return Err(Error::AlreadyPaid(order.order_id.clone()));
    }
    if let PaidWith::Counter(kept) = paid_with {
        payments::insert(tx, order.serial, kept)?;
    }
    let refundable_until = match paid_with {
        // What was taken at the counter goes back there, whenever that is: no exchange is waiting for it.
        PaidWith::Counter(_) => Timestamp::NEVER,
        PaidWith::Coins(_) => order.refund_deadline,
    };
    let marked = orders::mark_paid(tx, order, paid, refundable_until, binding)?;
    if marked {
        let sold = order_products::sell(tx, order.serial)?;
        tell_sold(tx, order.instance, &sold, paid.at)?;
        tell_paid(tx, order, paid)?;
        if let PaidWith::Coins(settlement) = paid_with {
            let due = settlement.due(order.serial, paid.at);
            for exchange_url in &settlement.exchanges {
                let (order, instance) = (order.serial, order.instance);
                let h_wire = settlement.h_wire;
                let new = NewSettlement { order, exchange_url, instance, h_wire, due };
                settlements::insert(tx, &new)?;
            }
        }
    }
    let after = Order { claim: Some(claim.clone()), paid: Some(paid.clone()), ..order.clone() };
    let contract = PaidContract::of(&after).filter(|_| marked);
    contract.ok_or_else(|| Error::AlreadyPaid(order.order_id.clone()))
}
