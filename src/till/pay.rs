//! Payments: the one place where an order becomes paid, and where a payment follows its customer
//! into another session (merchant-api 3.6, decisions 4, 9 and 11).

use super::claim::Binding;
use super::wait::order;
use super::{Clerk, Error, Till};
use crate::domain::amount::Amount;
use crate::domain::ids::{InstanceId, OrderId, SessionId};
use crate::domain::order::{CounterPayment, Order, Paid};
use crate::domain::unfit::Unfit;
use crate::machine::random;
use crate::store::payments::{self, Kept};
use crate::store::{Tx, orders};
use crate::taler::base32::HashCode;
use crate::taler::sign::{PublicKey, Signature, Statement, merchant::PaymentOk};

/// A payment that the shop has taken outside of Taler.
#[derive(Clone, Debug)]
pub struct CounterWish {
    /// How.
    pub payment: CounterPayment,
    /// The session that it shall count for; the order's own when `None`.
    pub session: Option<SessionId>,
    /// What was paid; must be the price.
    pub amount: Option<Amount>,
}

/// What a payment leaves in the hands of who made it.
#[derive(Clone, Debug)]
pub struct Receipt {
    /// What was paid.
    pub order_id: OrderId,
    /// How, how much, when and for whom.
    pub kept: Kept,
    /// The shop's signature that the contract is paid.
    pub sig: Signature,
}

impl Till {
    /// Records a payment that was taken at the counter. The same payment again gives the same
    /// receipt.
    ///
    /// # Errors
    /// [`Error::OrderUnknown`], [`Error::Unfit`] for an amount that is not the price,
    /// [`Error::AlreadyPaid`] for another payment of a paid order.
    pub async fn record_payment(
        &self,
        clerk: &Clerk,
        order_id: OrderId,
        wish: CounterWish,
    ) -> Result<Receipt, Error> {
        let serial = clerk.instance.serial;
        let (there, terms) = self.store.glance(|db| {
            let there = order(db, serial, &order_id)?;
            let terms = orders::terms(db, there.serial)?;
            Ok::<_, Error>((there, terms))
        })?;
        if wish.amount.is_some_and(|amount| amount != there.amount) {
            return Err(Unfit("amount").into());
        }
        // Nobody has the private key to these random bytes, so no wallet can claim to be the payer.
        let binding = match there.claim {
            Some(_) => None,
            None => Some(Binding::of(&terms, PublicKey::new(random::<32>()?))?),
        };
        let now = self.clock.now();
        let (kept, h_contract) = self
            .store
            .write(move |tx| {
                let there = order(tx, serial, &order_id)?;
                let kept = Kept {
                    payment: wish.payment,
                    amount: there.amount,
                    session: wish.session.or_else(|| there.session.clone()),
                    paid_at: now,
                };
                record(tx, &there, kept, binding.as_ref())
            })
            .await?;
        let instance = &clerk.instance;
        let key = instance.signing_key.as_ref();
        let key = key.ok_or_else(|| Error::InstanceDeleted(instance.id.clone()))?;
        let sig = PaymentOk { h_contract }.sign(key);
        Ok(Receipt { order_id: there.order_id, kept, sig })
    }

    /// Has the payment of an order count for `session` from now on; whoever shows the receipt may
    /// ask for that. Without a session nothing changes. Says whether something was refunded.
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
    ) -> Result<bool, Error> {
        let shop = self.shop(instance)?;
        let serial = shop.serial;
        if !(PaymentOk { h_contract }.verify(&shop.public_key, &receipt)) {
            return Err(Error::ReceiptWrong);
        }
        let there = self.store.glance(|db| order(db, serial, &order_id))?;
        let Some(session) = paid_as(&there, &h_contract, session)? else {
            return Ok(!there.refund_granted.is_zero());
        };
        self.store
            .write(move |tx| {
                let there = order(tx, serial, &order_id)?;
                if let Some(session) = paid_as(&there, &h_contract, Some(session))? {
                    orders::bind_session(tx, &there, &session)?;
                }
                Ok(!there.refund_granted.is_zero())
            })
            .await
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

/// THE payment path: an order becomes paid here and nowhere else. In one transaction stand the
/// payment, the order's state and its session, and for an order that nobody has claimed the contract
/// of `binding`; who waits is told by the store after the commit. The payment as it was kept, which
/// for the same one again is that of the first time, and the contract's hash.
fn record(
    tx: &mut Tx<'_>,
    order: &Order,
    kept: Kept,
    binding: Option<&Binding>,
) -> Result<(Kept, HashCode), Error> {
    let (claim, binding) = match (&order.claim, binding) {
        (Some(claim), _) => (claim, None),
        (None, Some(binding)) => (&binding.claim, Some((&binding.claim, &*binding.contract))),
        // It was claimed just now; whoever gave it back did so this very moment.
        (None, None) => return Err(Error::Store(crate::store::Error::Busy)),
    };
    if order.paid.is_some() {
        return match payments::find(tx, order.serial)? {
            Some(before) if before.payment == kept.payment => Ok((before, claim.h_contract)),
            _ => Err(Error::AlreadyPaid(order.order_id.clone())),
        };
    }
    payments::insert(tx, order.serial, &kept)?;
    let paid = Paid { at: kept.paid_at, session: kept.session.clone() };
    orders::mark_paid(tx, order, &paid, binding)?;
    Ok((kept, claim.h_contract))
}
