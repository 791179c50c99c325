//! Why a use case of the inventory failed.

use crate::model::product::Shortage;
use taler::ids::ProductId;

/// Why a use case of products, categories, units, groups or pots failed.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum InventoryError {
    /// The shop has no such product.
    #[error("there is no product {}", .0.as_str())]
    ProductUnknown(ProductId),
    /// The name belongs to a product with other details.
    #[error("a product {} with other details exists", .0.as_str())]
    ProductExists(ProductId),
    /// The product is locked for a customer or reserved by an unpaid order.
    #[error("the product {} is reserved", .0.as_str())]
    ProductHeld(ProductId),
    /// There is less of the product than was asked for.
    #[error("there are {} of the product {}, not {}", .0.available, .0.product_id.as_str(), .0.requested)]
    OutOfStock(Box<Shortage>),
    /// What was ever lost of a product cannot become less.
    #[error("total_lost cannot become less")]
    LostReduced,
    /// More would be lost of a product than was there.
    #[error("more would be lost than was there")]
    LostBeyondStock,
    /// What was ever stocked of a product cannot become less.
    #[error("total_stock cannot become less")]
    StockReduced,
    /// The shop has no such category.
    #[error("there is no category {0}")]
    CategoryUnknown(i64),
    /// Another category is called so.
    #[error("another category is called so")]
    CategoryExists,
    /// The shop has no such unit.
    #[error("there is no such unit")]
    UnitUnknown,
    /// The unit is built in: it can neither be renamed nor removed.
    #[error("the unit is built in")]
    UnitBuiltin,
    /// The shop has no such group.
    #[error("there is no group {0}")]
    GroupUnknown(i64),
    /// Another group is called so.
    #[error("another group is called so")]
    GroupExists,
    /// The shop has no such pot.
    #[error("there is no pot {0}")]
    PotUnknown(i64),
    /// Another pot is called so.
    #[error("another pot is called so")]
    PotExists,
    /// There is something else in the pot than was expected.
    #[error("the pot has other totals")]
    PotChanged,
    /// No product has a picture with this hash.
    #[error("there is no such picture")]
    ImageUnknown,
    /// The shop has as many of this as it may have.
    #[error("the shop has too many {0}")]
    Full(&'static str),
}
