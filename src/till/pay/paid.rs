//! The shop's signature that a contract is paid. It is created only from a paid order:
//! there is no other way to a [`PaidContract`], and no other module signs the statement
//! (`tests/it/layers.rs`).

use crate::model::order::Order;
use taler::base32::HashCode;
use taler::sign::{PublicKey, Signature, SigningKey, Statement, merchant::PaymentOk};

/// The contract of an order that is paid.
#[derive(Clone, Copy, Debug)]
pub(super) struct PaidContract {
    statement: PaymentOk,
    /// Whether its customer gets the codes of a device as well.
    has_otp_device: bool,
}

/// What the customer of a paid order gets, but for the codes of a device.
#[derive(Clone, Copy, Debug)]
pub(super) struct SignedContract {
    /// The shop's signature that the contract is paid.
    pub(super) sig: Signature,
    /// Whether there are codes of a device as well.
    pub(super) has_otp_device: bool,
}

impl PaidContract {
    /// The contract of `order`; `None` while that is not paid.
    pub(super) fn of(order: &Order) -> Option<Self> {
        let (_, claim) = order.paid.as_ref().zip(order.claim.as_ref())?;
        let statement = PaymentOk { h_contract: claim.h_contract };
        Some(Self { statement, has_otp_device: order.has_otp_device })
    }

    /// The receipt, by the shop's key.
    pub(super) fn sign(&self, key: &SigningKey) -> SignedContract {
        SignedContract { sig: self.statement.sign(key), has_otp_device: self.has_otp_device }
    }
}

/// Whether the shop with this key has signed that the contract with this hash is paid.
pub(super) fn is_receipt(h_contract: HashCode, shop: &PublicKey, receipt: &Signature) -> bool {
    PaymentOk { h_contract }.verify(shop, receipt)
}
