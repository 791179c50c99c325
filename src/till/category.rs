//! Use cases of categories of products (inventory 7).

use super::inventory_error::InventoryError;
use super::inventory_events::{tell_category_added, tell_category_deleted, tell_category_updated};
use super::lookup::still_there;
use super::{Error, Principal, Till};
use crate::model::category::{Category, FilledCategory, NewCategory};
use crate::store::categories;

/// Most categories of a shop. They are listed all at once.
pub(super) const MAX_CATEGORIES: i64 = 1000;

impl Till {
    /// All categories of the principal's shop.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn categories(&self, principal: &Principal) -> Result<Vec<Category>, Error> {
        let instance = principal.instance.serial;
        self.store.read(move |db| Ok(categories::list(db, instance)?)).await
    }

    /// One of them, with the products in it.
    ///
    /// # Errors
    /// [`InventoryError::CategoryUnknown`].
    pub async fn category(
        &self,
        principal: &Principal,
        serial: i64,
    ) -> Result<FilledCategory, Error> {
        let instance = principal.instance.serial;
        self.store
            .read(move |db| {
                let category = categories::find(db, instance, serial)?
                    .ok_or(InventoryError::CategoryUnknown(serial))?;
                Ok(FilledCategory { category, products: categories::products(db, serial)? })
            })
            .await
    }

    /// Keeps a new category; its number.
    ///
    /// # Errors
    /// [`Error::InvalidField`], [`InventoryError::CategoryExists`], [`InventoryError::Full`].
    pub async fn add_category(
        &self,
        principal: &Principal,
        new: NewCategory,
    ) -> Result<i64, Error> {
        new.check()?;
        let now = self.clock.now();
        let (instance, shop) = (principal.instance.serial, principal.instance.id.clone());
        self.store
            .write(move |tx| {
                still_there(tx, instance, &shop)?;
                if categories::count(tx, instance)? >= MAX_CATEGORIES {
                    return Err(InventoryError::Full("categories").into());
                }
                let made = categories::insert(tx, instance, &new)?;
                let serial = made.ok_or(InventoryError::CategoryExists)?;
                tell_category_added(tx, instance, serial, &new, now)?;
                Ok(serial)
            })
            .await
    }

    /// Gives a category another name.
    ///
    /// # Errors
    /// [`Error::InvalidField`], [`InventoryError::CategoryUnknown`], [`InventoryError::CategoryExists`].
    pub async fn change_category(
        &self,
        principal: &Principal,
        serial: i64,
        new: NewCategory,
    ) -> Result<(), Error> {
        new.check()?;
        let (instance, now) = (principal.instance.serial, self.clock.now());
        self.store
            .write(move |tx| {
                let there = categories::find(tx, instance, serial)?;
                let old = there.ok_or(InventoryError::CategoryUnknown(serial))?.details;
                if categories::is_name_taken(tx, instance, serial, &new.name)? {
                    return Err(InventoryError::CategoryExists.into());
                }
                categories::update(tx, instance, serial, &new)?;
                tell_category_updated(tx, instance, serial, &old, &new, now)
            })
            .await
    }

    /// Deletes a category. Its products stay.
    ///
    /// # Errors
    /// [`InventoryError::CategoryUnknown`].
    pub async fn delete_category(&self, principal: &Principal, serial: i64) -> Result<(), Error> {
        let (instance, now) = (principal.instance.serial, self.clock.now());
        self.store
            .write(move |tx| {
                let there = categories::find(tx, instance, serial)?;
                let old = there.ok_or(InventoryError::CategoryUnknown(serial))?.details;
                categories::delete(tx, instance, serial)?;
                tell_category_deleted(tx, instance, serial, &old, now)
            })
            .await
    }
}
