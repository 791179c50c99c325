//! What receipts say of a shop besides its name and address.

use rusqlite::{Connection, OptionalExtension as _, named_params};

use super::{Result, Tx, sql};
use crate::model::instance::InstanceSerial;

/// Under which number the shop pays its taxes; `None` if it did not say.
///
/// # Errors
/// [`super::Error::Sqlite`].
pub fn tax_number(db: &Connection, instance: InstanceSerial) -> Result<Option<String>> {
    let mut statement = db.prepare_cached(sql!("receipts/tax_number"))?;
    let params = named_params! { ":instance": instance };
    Ok(statement.query_row(params, |row| row.get("tax_number")).optional()?)
}

/// Keeps the number under which the shop pays its taxes, or that it says none.
///
/// # Errors
/// [`super::Error::Sqlite`], [`super::Error::Full`].
pub fn set_tax_number(
    tx: &mut Tx<'_>,
    instance: InstanceSerial,
    tax_number: Option<&str>,
) -> Result<()> {
    match tax_number {
        Some(tax_number) => {
            let params = named_params! { ":instance": instance, ":tax_number": tax_number };
            tx.prepare_cached(sql!("receipts/set_tax_number"))?.execute(params)?;
        }
        None => {
            let params = named_params! { ":instance": instance };
            tx.prepare_cached(sql!("receipts/delete"))?.execute(params)?;
        }
    }
    Ok(())
}
