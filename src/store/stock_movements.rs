//! Changes of stocks by hand, the newest ones of each product.

use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Connection, Row, named_params};

use super::{Result, Tx, sql};
use crate::model::product::ProductSerial;
use crate::model::stock::{StockDifference, StockMovement, StockReason};

impl ToSql for StockReason {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.as_str().into())
    }
}

impl FromSql for StockReason {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        Self::of(value.as_str()?).ok_or(FromSqlError::InvalidType)
    }
}

/// Keeps a change, and forgets those of the product that are older than the newest `most`. The `serial` of
/// `movement` does not count.
///
/// # Errors
/// [`super::Error::Sqlite`], [`super::Error::Full`].
pub fn insert(
    tx: &mut Tx<'_>,
    product: ProductSerial,
    movement: &StockMovement,
    most: u32,
) -> Result<()> {
    tx.prepare_cached(sql!("stock_movements/insert"))?.execute(named_params! {
        ":product_serial": product,
        ":at_s": movement.at,
        ":reason": movement.reason,
        ":change_u": movement.change.0,
        ":left_u": movement.left,
        ":who": movement.who,
        ":note": movement.note,
    })?;
    tx.prepare_cached(sql!("stock_movements/forget_oldest"))?
        .execute(named_params! { ":product_serial": product, ":most": most })?;
    Ok(())
}

/// The newest changes of a product before the one numbered `before`, the newest first, at most so many.
///
/// # Errors
/// [`super::Error::Sqlite`].
pub fn list(
    db: &Connection,
    product: ProductSerial,
    before: Option<i64>,
    limit: u32,
) -> Result<Vec<StockMovement>> {
    let mut statement = db.prepare_cached(sql!("stock_movements/list"))?;
    let params = named_params! {
        ":product_serial": product,
        ":before": before.unwrap_or(i64::MAX),
        ":limit": limit,
    };
    let rows = statement.query_map(params, read_movement)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

fn read_movement(row: &Row<'_>) -> rusqlite::Result<StockMovement> {
    Ok(StockMovement {
        serial: row.get("serial")?,
        at: row.get("at_s")?,
        reason: row.get("reason")?,
        change: StockDifference(row.get("change_u")?),
        left: row.get("left_u")?,
        who: row.get("who")?,
        note: row.get("note")?,
    })
}
