//! Use cases of groups of products (inventory 7).

use super::inventory_error::InventoryError;
use super::lookup::still_there;
use super::{Error, Principal, Till};
use crate::model::label::{Label, Labelled};
use crate::store::labels::GROUPS;

/// Most groups of products of a shop.
const MAX_GROUPS: i64 = 1000;
/// Most groups of products in one list.
const MAX_LIST: i64 = 1024;

impl Till {
    /// Groups of the principal's shop, beyond `offset`; a negative `limit` lists the newest first.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn groups(
        &self,
        principal: &Principal,
        limit: i64,
        offset: Option<i64>,
    ) -> Result<Vec<Labelled>, Error> {
        let (instance, limit) = (principal.instance.serial, limit.clamp(-MAX_LIST, MAX_LIST));
        self.store.read(move |db| Ok(GROUPS.list(db, instance, limit, offset)?)).await
    }

    /// Keeps a new group; its number.
    ///
    /// # Errors
    /// [`Error::InvalidField`], [`InventoryError::GroupExists`], [`InventoryError::Full`].
    pub async fn add_group(&self, principal: &Principal, label: Label) -> Result<i64, Error> {
        label.check("group_name")?;
        let (instance, shop) = (principal.instance.serial, principal.instance.id.clone());
        self.store
            .write(move |tx| {
                still_there(tx, instance, &shop)?;
                if GROUPS.count(tx, instance)? >= MAX_GROUPS {
                    return Err(InventoryError::Full("groups").into());
                }
                let made = GROUPS.insert(tx, instance, &label)?;
                made.ok_or_else(|| InventoryError::GroupExists.into())
            })
            .await
    }

    /// Writes a group anew.
    ///
    /// # Errors
    /// [`Error::InvalidField`], [`InventoryError::GroupUnknown`], [`InventoryError::GroupExists`].
    pub async fn change_group(
        &self,
        principal: &Principal,
        serial: i64,
        label: Label,
    ) -> Result<(), Error> {
        label.check("group_name")?;
        let instance = principal.instance.serial;
        self.store
            .write(move |tx| {
                if GROUPS.is_name_taken(tx, instance, serial, &label.name)? {
                    return Err(InventoryError::GroupExists.into());
                }
                match GROUPS.update(tx, instance, serial, &label)? {
                    true => Ok(()),
                    false => Err(InventoryError::GroupUnknown(serial).into()),
                }
            })
            .await
    }

    /// Deletes a group. Its products stay.
    ///
    /// # Errors
    /// [`InventoryError::GroupUnknown`].
    pub async fn delete_group(&self, principal: &Principal, serial: i64) -> Result<(), Error> {
        let instance = principal.instance.serial;
        self.store
            .write(move |tx| match GROUPS.delete(tx, instance, serial)? {
                true => Ok(()),
                false => Err(InventoryError::GroupUnknown(serial).into()),
            })
            .await
    }
}
