//! The shop's signature that a contract is paid. It is created only from a paid order:
//! there is no other way to a [`PaidContract`], and no other module signs the statement
//! (`tests/it/layers.rs`).

use crate::model::order::Order;
use taler::base32::HashCode;
use taler::sign::{PublicKey, Signature, SigningKey, Statement, merchant::PaymentOk};

/// The contract of an order that is paid.
#[derive(Clone, Copy, Debug)]
pub(super) struct PaidContract(PaymentOk);

impl PaidContract {
    /// The contract of `order`; `None` while that is not paid.
    pub(super) fn of(order: &Order) -> Option<Self> {
        let (_, claim) = order.paid.as_ref().zip(order.claim.as_ref())?;
        Some(Self(PaymentOk { h_contract: claim.h_contract }))
    }

    /// The receipt, by the shop's key.
    pub(super) fn sign(&self, key: &SigningKey) -> Signature {
        self.0.sign(key)
    }
}

/// Whether the shop with this key has signed that the contract with this hash is paid.
pub(super) fn is_receipt(h_contract: HashCode, shop: &PublicKey, receipt: &Signature) -> bool {
    PaymentOk { h_contract }.verify(shop, receipt)
}
