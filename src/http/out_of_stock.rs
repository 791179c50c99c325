//! What an answer says beside code and hint where there is less of a product than was asked for (inventory 5).

use serde::Serialize;

use crate::till::InventoryError;
use taler::ids::ProductId;
use taler::quantity::DecimalQuantity;
use taler::time::Timestamp;

/// The answer where there is less of a product than was asked for, beside code and hint.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(super) struct OutOfStock {
    /// The product of which there is too little.
    #[cfg_attr(test, schema(required = false))]
    product_id: ProductId,
    /// The whole number of `unit_requested_quantity`, for clients of before protocol 25.
    #[cfg_attr(test, schema(required = false, example = 3))]
    requested_quantity: i64,
    /// The whole number of `unit_available_quantity`.
    #[cfg_attr(test, schema(required = false, example = 1))]
    available_quantity: i64,
    /// How much was asked for.
    #[cfg_attr(test, schema(required = false))]
    unit_requested_quantity: DecimalQuantity,
    /// How much there is.
    #[cfg_attr(test, schema(required = false))]
    unit_available_quantity: DecimalQuantity,
    /// When there is more. It is missing if that is not known.
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
