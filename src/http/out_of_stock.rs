//! What an answer says beside code and hint where there is less of a product than was asked for (inventory 5).

use serde::Serialize;

use crate::till::InventoryError;
use taler::ids::ProductId;
use taler::quantity::DecimalQuantity;
use taler::time::Timestamp;

/// The answer where there is less of a product than was asked for, beside code and hint.
#[derive(Serialize)]
pub(super) struct OutOfStock {
    product_id: ProductId,
    requested_quantity: i64,
    available_quantity: i64,
    unit_requested_quantity: DecimalQuantity,
    unit_available_quantity: DecimalQuantity,
    #[serde(skip_serializing_if = "Option::is_none")]
    restock_expected: Option<Timestamp>,
}

impl OutOfStock {
    /// What `error` says of it, if it is of this kind.
    pub(super) fn of(error: &InventoryError) -> Option<Self> {
        let InventoryError::OutOfStock(shortage) = error else { return None };
        let restock = shortage.next_restock;
        Some(Self {
            product_id: shortage.product_id.clone(),
            requested_quantity: whole(shortage.requested),
            available_quantity: whole(shortage.available),
            unit_requested_quantity: shortage.requested,
            unit_available_quantity: shortage.available,
            restock_expected: Some(restock).filter(|time| *time != Timestamp::ZERO),
        })
    }
}

/// The whole number of a quantity, for clients of before protocol 25.
fn whole(quantity: DecimalQuantity) -> i64 {
    i64::try_from(quantity.whole()).unwrap_or(i64::MAX)
}
