//! Use cases of money pots (inventory 7).

use super::inventory_error::InventoryError;
use super::lookup::still_there;
use super::{Error, Principal, Till};
use crate::model::invalid_field::InvalidField;
use crate::model::label::{Label, Labelled};
use crate::store::labels::POTS;
use crate::store::pots;
use taler::amount::Amount;

/// Most money pots of a shop.
const MAX_POTS: i64 = 1000;
/// Most money pots in one list.
const MAX_LIST: i64 = 1024;
/// Most currencies that are said to be in one pot.
pub(crate) const MAX_TOTALS: usize = 64;

/// A pot, and what is in it.
#[derive(Clone, Debug)]
pub struct FilledPot {
    /// The pot.
    pub pot: Labelled,
    /// An amount for each currency.
    pub totals: Vec<Amount>,
}

/// What is to be changed about a pot; `None` stays as it is.
#[derive(Clone, Debug, Default)]
pub struct PotChange {
    /// What it is called.
    pub name: Option<String>,
    /// The shop's own note.
    pub description: Option<String>,
    /// What must be in it, or nothing is changed.
    pub expected_totals: Option<Vec<Amount>>,
    /// What shall be in it.
    pub new_totals: Option<Vec<Amount>>,
}

impl Till {
    /// Pots of the principal's shop, beyond `offset`; a negative `limit` lists the newest first.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn pots(
        &self,
        principal: &Principal,
        limit: i64,
        offset: Option<i64>,
    ) -> Result<Vec<Labelled>, Error> {
        let (instance, limit) = (principal.instance.serial, limit.clamp(-MAX_LIST, MAX_LIST));
        self.store.read(move |db| Ok(POTS.list(db, instance, limit, offset)?)).await
    }

    /// Keeps a new pot; its number.
    ///
    /// # Errors
    /// [`Error::InvalidField`], [`InventoryError::PotExists`], [`InventoryError::Full`].
    pub async fn add_pot(&self, principal: &Principal, label: Label) -> Result<i64, Error> {
        label.check("pot_name")?;
        let (instance, shop) = (principal.instance.serial, principal.instance.id.clone());
        self.store
            .write(move |tx| {
                still_there(tx, instance, &shop)?;
                if POTS.count(tx, instance)? >= MAX_POTS {
                    return Err(InventoryError::Full("pots").into());
                }
                let made = POTS.insert(tx, instance, &label)?;
                made.ok_or_else(|| InventoryError::PotExists.into())
            })
            .await
    }

    /// One of them, and what is in it.
    ///
    /// # Errors
    /// [`InventoryError::PotUnknown`].
    pub async fn pot(&self, principal: &Principal, serial: i64) -> Result<FilledPot, Error> {
        let instance = principal.instance.serial;
        self.store
            .read(move |db| {
                let pot = POTS.find(db, instance, serial)?;
                let pot = pot.ok_or(InventoryError::PotUnknown(serial))?;
                Ok(FilledPot { pot, totals: pots::totals(db, serial)? })
            })
            .await
    }

    /// Changes a pot; what is not said stays.
    ///
    /// # Errors
    /// [`Error::InvalidField`], and of [`InventoryError`] `PotUnknown`, `PotExists` and `PotChanged`.
    pub async fn change_pot(
        &self,
        principal: &Principal,
        serial: i64,
        change: PotChange,
    ) -> Result<(), Error> {
        let new_totals = change.new_totals.map(|totals| each_once("new_pot_totals", totals));
        let expected = change.expected_totals.map(|all| each_once("expected_pot_totals", all));
        let (new_totals, expected) = (new_totals.transpose()?, expected.transpose()?);
        let instance = principal.instance.serial;
        self.store
            .write(move |tx| {
                let there = POTS.find(tx, instance, serial)?;
                let Label { name, description } =
                    there.ok_or(InventoryError::PotUnknown(serial))?.label;
                let label = Label {
                    name: change.name.unwrap_or(name),
                    description: change.description.unwrap_or(description),
                };
                label.check("pot_name")?;
                if POTS.is_name_taken(tx, instance, serial, &label.name)? {
                    return Err(InventoryError::PotExists.into());
                }
                if let Some(expected) = expected
                    && each_once("pot_totals", pots::totals(tx, serial)?)? != expected
                {
                    return Err(InventoryError::PotChanged.into());
                }
                POTS.update(tx, instance, serial, &label)?;
                if let Some(totals) = new_totals {
                    pots::set_totals(tx, serial, &totals)?;
                }
                Ok(())
            })
            .await
    }

    /// Deletes a pot. Its products stay.
    ///
    /// # Errors
    /// [`InventoryError::PotUnknown`].
    pub async fn delete_pot(&self, principal: &Principal, serial: i64) -> Result<(), Error> {
        let instance = principal.instance.serial;
        self.store
            .write(move |tx| match POTS.delete(tx, instance, serial)? {
                true => Ok(()),
                false => Err(InventoryError::PotUnknown(serial).into()),
            })
            .await
    }
}

/// Amounts by their currencies, without those that are nothing; each currency may be named once.
fn each_once(member: &'static str, mut totals: Vec<Amount>) -> Result<Vec<Amount>, Error> {
    totals.sort_unstable_by_key(|total| *total.currency());
    let twice = totals
        .windows(2)
        .any(|pair| matches!(pair, [one, next] if one.currency() == next.currency()));
    if twice || totals.len() > MAX_TOTALS {
        return Err(InvalidField(member).into());
    }
    totals.retain(|total| !total.is_zero());
    Ok(totals)
}
