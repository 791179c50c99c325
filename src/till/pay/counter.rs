//! Payments at the counter, outside of Taler (decisions 4 and 5).

use super::super::claim::Binding;
use super::super::lookup::{order, still_there};
use super::super::{Error, Principal, Till};
use super::ledger::OrderLedger;
use super::paid::SignedContract;
use super::{PaidContract, PaidWith, record};
use crate::model::invalid_field::InvalidField;
use crate::model::order::{CounterPayment, Order, Paid};
use crate::store::payments::{self, PaymentRow};
use crate::store::{Tx, cashiers, deposits, orders, partial_payments};
use crate::till::exchange_refunds::refund_coins;
use system::random;
use taler::amount::Amount;
use taler::ids::{OrderId, SessionId};
use taler::sign::{PublicKey, Signature};
use taler::time::Timestamp;

/// A payment that the shop has taken outside of Taler.
#[derive(Clone, Debug)]
pub struct ManualPayment {
    /// How.
    pub payment: CounterPayment,
    /// The session that it shall count for; the order's own when `None`.
    pub session: Option<SessionId>,
    /// The amount paid; must be the price.
    pub amount: Option<Amount>,
    /// What the customer handed over: at least the price, the rest is change.
    pub given: Option<Amount>,
}

/// The receipt of a payment.
#[derive(Clone, Debug)]
pub struct Receipt {
    /// The amount paid.
    pub order_id: OrderId,
    /// How, how much, when and for whom.
    pub kept: PaymentRow,
    /// The shop's signature that the contract is paid.
    pub sig: Signature,
    /// The codes of the order's device at the time of the payment; see otp 3.
    pub pos_confirmation: Option<String>,
}

/// Coins are not accepted in addition to cash: confirmed ones are refunded; those without an
/// answer of their exchange are not deposited again, but refunded too. Whether there
/// are any.
fn return_coins(tx: &mut Tx<'_>, order: Order, now: Timestamp) -> Result<bool, Error> {
    if !deposits::are_there(tx, order.serial)? {
        return Ok(false);
    }
    let ledger = OrderLedger::of(tx, order)?;
    refund_coins(tx, ledger.not_returned(), now)?;
    partial_payments::delete(tx, ledger.order.serial)?;
    Ok(ledger.not_returned().next().is_some())
}

impl Till {
    /// Records a payment that was taken at the counter, whether or not a wallet is paying: the
    /// customer's cash is there, and coins that arrive later are refunded. The same payment again
    /// gives the same receipt.
    ///
    /// # Errors
    /// [`Error::OrderUnknown`], [`Error::InvalidField`] for an amount that is not the price and for less that was
    /// handed over,
    /// [`Error::AlreadyPaid`] for another payment of a paid order; [`Error::InstanceUnknown`] and
    /// [`Error::InstanceDeleted`] when the shop went meanwhile.
    pub async fn record_payment(
        &self,
        principal: &Principal,
        order_id: OrderId,
        wish: ManualPayment,
    ) -> Result<Receipt, Error> {
        let serial = principal.instance.serial;
        let (there, terms) = self.store.read_in_place(|db| {
            let there = order(db, serial, &order_id)?;
            let terms = orders::terms(db, there.serial)?;
            Ok::<_, Error>((there, terms))
        })?;
        self.check_visible(principal, &there)?;
        if wish.amount.is_some_and(|amount| amount != there.amount) {
            return Err(InvalidField("amount").into());
        }
        if wish.given.is_some_and(|given| given.checked_sub(&there.amount).is_err()) {
            return Err(InvalidField("given").into());
        }
        // No private key for these random bytes exists, so no wallet can claim to be the payer.
        let binding = match there.claim {
            Some(_) => None,
            None => Some(Binding::of(&terms, PublicKey::new(random::<32>()?))?),
        };
        let now = self.clock.now();
        let (shop, seller) = (principal.instance.id.clone(), principal.seller());
        let (kept, contract, has_coins, is_new) = self
            .store
            .write(move |tx| {
                still_there(tx, serial, &shop)?;
                let there = order(tx, serial, &order_id)?;
                let kept = PaymentRow {
                    payment: wish.payment,
                    amount: there.amount,
                    given: wish.given,
                    session: wish.session.or_else(|| there.session.clone()),
                    paid_at: now,
                };
                let paid = Paid { at: kept.paid_at, session: kept.session.clone() };
                match record(tx, &there, &paid, PaidWith::Counter(&kept), binding.as_ref()) {
                    Ok(contract) => {
                        if let Some(cashier) = seller {
                            cashiers::set_seller(tx, there.serial, cashier)?;
                        }
                        Ok((kept, contract, return_coins(tx, there, now)?, true))
                    }
                    Err(Error::AlreadyPaid(id)) => {
                        let before = payments::find(tx, there.serial)?;
                        let same = before.filter(|before| before.payment == kept.payment);
                        let contract = PaidContract::of(&there);
                        let (same, contract) = same.zip(contract).ok_or(Error::AlreadyPaid(id))?;
                        Ok((same, contract, false, false))
                    }
                    Err(error) => Err(error),
                }
            })
            .await?;
        if is_new {
            let method = kept.payment.method.as_str();
            log::info!("order {}: paid {} at the counter ({method})", there.order_id, kept.amount);
        }
        if has_coins {
            self.pending_work.notify_one();
        }
        let instance = &principal.instance;
        let key = instance.signing_key.as_ref();
        let key = key.ok_or_else(|| Error::InstanceDeleted(instance.id.clone()))?;
        let SignedContract { sig, has_otp_device } = contract.sign(key);
        let pos_confirmation = self.pos_confirmation(serial, &there.order_id, has_otp_device)?;
        Ok(Receipt { order_id: there.order_id, kept, sig, pos_confirmation })
    }
}
