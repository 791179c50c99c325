//! What a point of sale shows: all products and categories at once (inventory 8).

use super::product::MAX_PRODUCTS;
use super::{Error, Principal, Till};
use crate::model::category::Category;
use crate::model::product::Product;
use crate::store::categories;
use crate::store::products::{self, Pictures};

/// Everything that a shop sells.
#[derive(Clone, Debug)]
pub struct PointOfSale {
    /// The products, the oldest first.
    pub products: Vec<Product>,
    /// The categories, the oldest first.
    pub categories: Vec<Category>,
}

/// Whether pictures come along. They may be megabytes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum WithPictures {
    /// Their hashes only.
    No,
    /// All of them.
    Yes,
}

impl Till {
    /// Everything that the principal's shop sells.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn point_of_sale(
        &self,
        principal: &Principal,
        pictures: WithPictures,
    ) -> Result<PointOfSale, Error> {
        let (instance, now) = (principal.instance.serial, self.clock.now());
        let pictures = match pictures {
            WithPictures::No => Pictures::Without,
            WithPictures::Yes => Pictures::ALL,
        };
        self.store
            .read(move |db| {
                Ok(PointOfSale {
                    products: products::all(db, instance, now, pictures, MAX_PRODUCTS)?,
                    categories: categories::list(db, instance)?,
                })
            })
            .await
    }
}
