//! Groups and money pots of a shop: rows that have a name of their own and a description.

use rusqlite::{Connection, OptionalExtension, Row, named_params};

use super::{Result, Tx, sql};
use crate::model::instance::InstanceSerial;
use crate::model::label::{Label, Labelled};

/// The statements for the rows of one table.
#[derive(Debug)]
pub struct Labels {
    newer: &'static str,
    older: &'static str,
    find: &'static str,
    count: &'static str,
    insert: &'static str,
    is_name_taken: &'static str,
    update: &'static str,
    delete: &'static str,
}

/// Groups of products: labels by which a shop sorts them for itself.
pub const GROUPS: Labels = Labels {
    newer: sql!("groups/columns" + "groups/newer"),
    older: sql!("groups/columns" + "groups/older"),
    find: sql!("groups/columns" + "groups/find"),
    count: sql!("groups/count"),
    insert: sql!("groups/insert"),
    is_name_taken: sql!("groups/is_name_taken"),
    update: sql!("groups/update"),
    delete: sql!("groups/delete"),
};

/// Money pots. What is in them: [`super::pots`].
pub const POTS: Labels = Labels {
    newer: sql!("pots/columns" + "pots/newer"),
    older: sql!("pots/columns" + "pots/older"),
    find: sql!("pots/columns" + "pots/find"),
    count: sql!("pots/count"),
    insert: sql!("pots/insert"),
    is_name_taken: sql!("pots/is_name_taken"),
    update: sql!("pots/update"),
    delete: sql!("pots/delete"),
};

impl Labels {
    /// Rows beyond `offset` (exclusive): those with higher numbers for a positive `limit`, those with lower
    /// ones, highest first, for a negative one.
    ///
    /// # Errors
    /// [`super::Error::Sqlite`].
    pub fn list(
        &self,
        db: &Connection,
        instance: InstanceSerial,
        limit: i64,
        offset: Option<i64>,
    ) -> Result<Vec<Labelled>> {
        let newer = limit > 0;
        let mut statement = db.prepare_cached(match newer {
            true => self.newer,
            false => self.older,
        })?;
        let params = named_params! {
            ":instance": instance,
            ":offset": offset.unwrap_or(if newer { 0 } else { i64::MAX }),
            ":limit": limit.saturating_abs(),
        };
        let rows = statement.query_map(params, read_row)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// The row with this number.
    ///
    /// # Errors
    /// [`super::Error::Sqlite`].
    pub fn find(
        &self,
        db: &Connection,
        instance: InstanceSerial,
        serial: i64,
    ) -> Result<Option<Labelled>> {
        let mut statement = db.prepare_cached(self.find)?;
        let params = named_params! { ":instance": instance, ":serial": serial };
        Ok(statement.query_row(params, read_row).optional()?)
    }

    /// How many rows the shop has.
    ///
    /// # Errors
    /// [`super::Error::Sqlite`].
    pub fn count(&self, db: &Connection, instance: InstanceSerial) -> Result<i64> {
        let mut statement = db.prepare_cached(self.count)?;
        Ok(statement.query_row(named_params! { ":instance": instance }, |row| row.get(0))?)
    }

    /// Keeps a new row; its number, or `None` if there is one of this name.
    ///
    /// # Errors
    /// [`super::Error::Sqlite`], [`super::Error::Full`].
    pub fn insert(
        &self,
        tx: &mut Tx<'_>,
        instance: InstanceSerial,
        label: &Label,
    ) -> Result<Option<i64>> {
        let changed = tx.prepare_cached(self.insert)?.execute(named_params! {
            ":instance": instance,
            ":name": label.name,
            ":description": label.description,
        })?;
        Ok((changed > 0).then(|| tx.last_insert_rowid()))
    }

    /// Is another row than this one called so?
    ///
    /// # Errors
    /// [`super::Error::Sqlite`].
    pub fn is_name_taken(
        &self,
        db: &Connection,
        instance: InstanceSerial,
        serial: i64,
        name: &str,
    ) -> Result<bool> {
        let mut statement = db.prepare_cached(self.is_name_taken)?;
        let params = named_params! { ":instance": instance, ":serial": serial, ":name": name };
        Ok(statement.exists(params)?)
    }

    /// Writes a row anew; `false` if there is none with this number.
    ///
    /// # Errors
    /// [`super::Error::Sqlite`], also when another one is called so; [`super::Error::Full`].
    pub fn update(
        &self,
        tx: &mut Tx<'_>,
        instance: InstanceSerial,
        serial: i64,
        label: &Label,
    ) -> Result<bool> {
        let changed = tx.prepare_cached(self.update)?.execute(named_params! {
            ":instance": instance,
            ":serial": serial,
            ":name": label.name,
            ":description": label.description,
        })?;
        Ok(changed > 0)
    }

    /// Deletes a row; `false` if there is none with this number. Its products stay.
    ///
    /// # Errors
    /// [`super::Error::Sqlite`], [`super::Error::Full`].
    pub fn delete(&self, tx: &mut Tx<'_>, instance: InstanceSerial, serial: i64) -> Result<bool> {
        let changed = tx
            .prepare_cached(self.delete)?
            .execute(named_params! { ":instance": instance, ":serial": serial })?;
        Ok(changed > 0)
    }
}

fn read_row(row: &Row<'_>) -> rusqlite::Result<Labelled> {
    let label = Label { name: row.get("name")?, description: row.get("description")? };
    Ok(Labelled { serial: row.get("serial")?, label })
}
