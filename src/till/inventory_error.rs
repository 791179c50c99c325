//! Why a use case of the inventory failed.

use std::fmt;

use crate::model::product::Shortage;
use taler::ids::ProductId;

/// Why a use case of products, categories, units, groups or pots failed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum InventoryError {
    /// The shop has no such product.
    ProductUnknown(ProductId),
    /// The name belongs to a product with other details.
    ProductExists(ProductId),
    /// The product is locked for a customer or reserved by an unpaid order.
    ProductHeld(ProductId),
    /// There is less of the product than was asked for.
    OutOfStock(Box<Shortage>),
    /// What was ever lost of a product cannot become less.
    LostReduced,
    /// More would be lost of a product than was there.
    LostBeyondStock,
    /// What was ever stocked of a product cannot become less.
    StockReduced,
    /// The shop has no such category.
    CategoryUnknown(i64),
    /// Another category is called so.
    CategoryExists,
    /// The shop has no such unit.
    UnitUnknown,
    /// The unit is built in: it can neither be renamed nor removed.
    UnitBuiltin,
    /// The shop has no such group.
    GroupUnknown(i64),
    /// Another group is called so.
    GroupExists,
    /// The shop has no such pot.
    PotUnknown(i64),
    /// Another pot is called so.
    PotExists,
    /// There is something else in the pot than was expected.
    PotChanged,
    /// No product has a picture with this hash.
    ImageUnknown,
    /// The shop has as many of this as it may have.
    Full(&'static str),
}

impl fmt::Display for InventoryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ProductUnknown(id) => write!(f, "there is no product {}", id.as_str()),
            Self::ProductExists(id) => {
                write!(f, "a product {} with other details exists", id.as_str())
            }
            Self::ProductHeld(id) => write!(f, "the product {} is reserved", id.as_str()),
            Self::OutOfStock(shortage) => write!(
                f,
                "there are {} of the product {}, not {}",
                shortage.available,
                shortage.product_id.as_str(),
                shortage.requested
            ),
            Self::LostReduced => f.write_str("total_lost cannot become less"),
            Self::LostBeyondStock => f.write_str("more would be lost than was there"),
            Self::StockReduced => f.write_str("total_stock cannot become less"),
            Self::CategoryUnknown(serial) => write!(f, "there is no category {serial}"),
            Self::CategoryExists => f.write_str("another category is called so"),
            Self::UnitUnknown => f.write_str("there is no such unit"),
            Self::UnitBuiltin => f.write_str("the unit is built in"),
            Self::GroupUnknown(serial) => write!(f, "there is no group {serial}"),
            Self::GroupExists => f.write_str("another group is called so"),
            Self::PotUnknown(serial) => write!(f, "there is no pot {serial}"),
            Self::PotExists => f.write_str("another pot is called so"),
            Self::PotChanged => f.write_str("the pot has other totals"),
            Self::ImageUnknown => f.write_str("there is no such picture"),
            Self::Full(what) => write!(f, "the shop has too many {what}"),
        }
    }
}

impl std::error::Error for InventoryError {}
