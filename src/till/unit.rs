//! Use cases of units (inventory 7). Those that are built in have a row only where a shop has changed them.

use std::collections::BTreeMap;

use super::inventory_error::InventoryError;
use super::lookup::still_there;
use super::{Error, Principal, Till};
use crate::model::instance::InstanceSerial;
use crate::model::unit::{self, Unit, UnitChange};
use crate::store::{Read, units};

/// Most units of a shop besides those that are built in. They are listed all at once.
const MAX_UNITS: i64 = 200;

impl Till {
    /// All units of the principal's shop, by their names.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn units(&self, principal: &Principal) -> Result<Vec<Unit>, Error> {
        let instance = principal.instance.serial;
        self.store.read(move |db| every_unit(db, instance)).await
    }

    /// One of them.
    ///
    /// # Errors
    /// [`InventoryError::UnitUnknown`].
    pub async fn unit(&self, principal: &Principal, name: String) -> Result<Unit, Error> {
        let instance = principal.instance.serial;
        self.store.read(move |db| one_unit(db, instance, &name)).await
    }

    /// Keeps a new unit, or writes one anew, which puts it into use again.
    ///
    /// # Errors
    /// [`Error::InvalidField`], [`InventoryError::UnitBuiltin`], [`InventoryError::Full`].
    pub async fn add_unit(&self, principal: &Principal, unit: Unit) -> Result<(), Error> {
        unit.check()?;
        if unit.is_builtin() {
            return Err(InventoryError::UnitBuiltin.into());
        }
        let (instance, shop) = (principal.instance.serial, principal.instance.id.clone());
        self.store
            .write(move |tx| {
                still_there(tx, instance, &shop)?;
                let is_new = units::find(tx, instance, &unit.unit)?.is_none();
                if is_new && units::count(tx, instance)? >= MAX_UNITS {
                    return Err(InventoryError::Full("units").into());
                }
                Ok(units::upsert(tx, instance, &unit)?)
            })
            .await
    }

    /// Changes a unit; what is not said stays.
    ///
    /// # Errors
    /// [`Error::InvalidField`], [`InventoryError::UnitUnknown`]; [`InventoryError::UnitBuiltin`] when one that
    /// is built in would be renamed.
    pub async fn change_unit(
        &self,
        principal: &Principal,
        name: String,
        change: UnitChange,
    ) -> Result<(), Error> {
        let instance = principal.instance.serial;
        self.store
            .write(move |tx| {
                let there = one_unit(tx, instance, &name)?;
                if there.is_builtin() && change.renames() {
                    return Err(InventoryError::UnitBuiltin.into());
                }
                let unit = change.of(there);
                unit.check()?;
                Ok(units::upsert(tx, instance, &unit)?)
            })
            .await
    }

    /// Deletes a unit. Products that are counted in it stay as they are.
    ///
    /// # Errors
    /// [`InventoryError::UnitUnknown`], [`InventoryError::UnitBuiltin`].
    pub async fn delete_unit(&self, principal: &Principal, name: String) -> Result<(), Error> {
        let instance = principal.instance.serial;
        self.store
            .write(move |tx| {
                if one_unit(tx, instance, &name)?.is_builtin() {
                    return Err(InventoryError::UnitBuiltin.into());
                }
                units::delete(tx, instance, &name)?;
                Ok(())
            })
            .await
    }
}

/// All units of a shop: those that are built in as it has changed them, and its own.
pub(super) fn every_unit(db: &Read<'_>, instance: InstanceSerial) -> Result<Vec<Unit>, Error> {
    let named = |unit: Unit| (unit.unit.clone(), unit);
    let mut all: BTreeMap<String, Unit> = unit::builtin().map(named).collect();
    all.extend(units::list(db, instance)?.into_iter().map(named));
    Ok(all.into_values().collect())
}

fn one_unit(db: &Read<'_>, instance: InstanceSerial, name: &str) -> Result<Unit, Error> {
    let own = units::find(db, instance, name)?;
    let found = own.or_else(|| unit::builtin().find(|unit| unit.unit == name));
    found.ok_or_else(|| InventoryError::UnitUnknown.into())
}
