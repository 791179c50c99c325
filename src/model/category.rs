//! Categories: where products stand in a point of sale (inventory 7).

use super::invalid_field::InvalidField;
use super::product::{MAX_TEXT, Translations, are_translations, is_text};
use taler::ids::ProductId;

/// A category as the shop writes it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct NewCategory {
    /// What it is called; no two of a shop are called alike.
    pub name: String,
    /// The same in other languages.
    pub name_i18n: Translations,
}

impl NewCategory {
    /// Checks lengths and forms.
    ///
    /// # Errors
    /// [`InvalidField`] names the first member that does not fit.
    pub fn check(&self) -> Result<(), InvalidField> {
        if self.name.is_empty() || !is_text(&self.name, MAX_TEXT) {
            return Err(InvalidField("name"));
        }
        match are_translations(&self.name_i18n) {
            true => Ok(()),
            false => Err(InvalidField("name_i18n")),
        }
    }
}

/// A category as it is kept.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Category {
    /// Its number, from 1.
    pub serial: i64,
    /// What it is called, also in other languages.
    pub details: NewCategory,
    /// How many products are in it.
    pub product_count: i64,
}

/// A category with the products in it.
#[derive(Clone, Debug)]
pub struct FilledCategory {
    /// The category.
    pub category: Category,
    /// Its products.
    pub products: Vec<ProductId>,
}
