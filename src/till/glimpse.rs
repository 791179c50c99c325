//! What a browser had seen of an order before a wallet took it.
//!
//! An order without claim token may be looked at by everybody who knows its name, until a wallet
//! claims it; from then on only the contract's hash opens it (merchant-api 3.4). A program that was
//! waiting just goes on. A page without script cannot: it asks anew. So the page puts a mark into its
//! own link that nobody else can make, and by it learns two more things, and nothing that it did not
//! show before: that a wallet has the order, and that it is paid.

use rusqlite::Connection;
use subtle::ConstantTimeEq;

use super::wait::order;
use super::{Error, Till};
use crate::domain::ids::{InstanceId, OrderId};
use crate::domain::order::Order;
use crate::store::instances;
use crate::taler::base32::Bytes;
use crate::taler::kdf::hkdf;

/// Shows that an order was looked at when everybody could.
pub type Glimpse = Bytes<32>;

/// What whoever has a glimpse is told.
#[derive(Clone, Debug)]
pub enum Glimpsed {
    /// It is not paid yet.
    Unpaid(Box<Order>),
    /// It is paid, and more is nobody's business but the customer's.
    Paid,
}

impl Till {
    /// The mark for whoever looks at `order` now; `None` if it has a claim token, which does as well.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn glimpse(&self, order: &Order) -> Result<Option<Glimpse>, Error> {
        self.store.glance(|db| of(db, order))
    }

    /// How an order stands for whoever shows this glimpse of it.
    ///
    /// # Errors
    /// [`Error::OrderUnknown`], [`Error::InstanceUnknown`]; [`Error::HashWrong`] when the glimpse is
    /// not of this order; [`Error::OfferExpired`].
    pub fn glimpsed(
        &self,
        instance: &InstanceId,
        order_id: &OrderId,
        shown: &Glimpse,
    ) -> Result<Glimpsed, Error> {
        let instance = self.serial(instance)?;
        self.store.glance(|db| {
            let order = order(db, instance, order_id)?;
            let own = of(db, &order)?.ok_or(Error::HashWrong)?;
            if !bool::from(own.as_bytes().ct_eq(shown.as_bytes())) {
                return Err(Error::HashWrong);
            }
            if order.is_expired(self.clock.now()) {
                return Err(Error::OfferExpired(order.order_id));
            }
            Ok(match order.paid {
                Some(_) => Glimpsed::Paid,
                None => Glimpsed::Unpaid(Box::new(order)),
            })
        })
    }
}

fn of(db: &Connection, order: &Order) -> Result<Option<Glimpse>, Error> {
    if order.claim_token.is_some() {
        return Ok(None);
    }
    let instance = instances::find_by_serial(db, order.instance)?;
    // A shop that is gone shows nothing any more.
    let Some(key) = instance.and_then(|instance| instance.signing_key) else { return Ok(None) };
    // Names are used again when an order was deleted; not in the same second, with the same number.
    let made = order.created_at.secs().unwrap_or_default().to_be_bytes();
    let serial = order.serial.0.to_be_bytes();
    let info = [&made, &serial, order.order_id.as_str().as_bytes()].concat();
    Ok(Some(Glimpse::new(hkdf(b"tilld glimpse of an order", key.seed(), &info))))
}
