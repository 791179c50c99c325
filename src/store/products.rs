//! Products of the inventory, by their names. What is available is computed where a product is read, by one
//! statement, from its counters, its locks and the orders that are open at that time.

use rusqlite::{Connection, OptionalExtension, Row, named_params};

use super::columns::{Json, Positional};
use super::{Result, Tx, sql};
use crate::model::instance::InstanceSerial;
use crate::model::product::{ImageSerial, Product, ProductDetails, ProductFilter, ProductSerial};
use crate::model::stock::{LowStock, StockPage};
use taler::ids::ProductId;
use taler::quantity::DecimalQuantity;
use taler::time::Timestamp;

/// Which pictures come along when products are read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Pictures {
    /// None.
    Without,
    /// Those of up to so many bytes.
    UpTo(i64),
}

impl Pictures {
    /// All of them.
    pub const ALL: Self = Self::UpTo(i64::MAX);

    fn longest(self) -> i64 {
        match self {
            Self::Without => 0,
            Self::UpTo(bytes) => bytes,
        }
    }
}

/// The product of this name as it is at `now`.
///
/// # Errors
/// [`super::Error::Sqlite`].
pub fn find(
    db: &Connection,
    instance: InstanceSerial,
    id: &ProductId,
    now: Timestamp,
    pictures: Pictures,
) -> Result<Option<Product>> {
    let mut statement = db.prepare_cached(sql!("products/columns" + "products/find"))?;
    let params = named_params! {
        ":instance": instance,
        ":product_id": id,
        ":now_s": now,
        ":longest_image": pictures.longest(),
    };
    Ok(statement.query_row(params, read_product).optional()?)
}

/// The product with this number as it is at `now`.
///
/// # Errors
/// [`super::Error::Sqlite`].
pub fn find_by_serial(
    db: &Connection,
    serial: ProductSerial,
    now: Timestamp,
    pictures: Pictures,
) -> Result<Option<Product>> {
    let mut statement = db.prepare_cached(sql!("products/columns" + "products/find_by_serial"))?;
    let params = named_params! {
        ":product_serial": serial,
        ":now_s": now,
        ":longest_image": pictures.longest(),
    };
    Ok(statement.query_row(params, read_product).optional()?)
}

/// The product of the shop with this number as it is at `now`, without its picture.
///
/// # Errors
/// [`super::Error::Sqlite`].
pub fn find_numbered(
    db: &Connection,
    instance: InstanceSerial,
    serial: ProductSerial,
    now: Timestamp,
) -> Result<Option<Product>> {
    let mut statement = db.prepare_cached(sql!("products/columns" + "products/find_numbered"))?;
    let params = named_params! {
        ":product_serial": serial,
        ":instance": instance,
        ":now_s": now,
        ":longest_image": Pictures::Without.longest(),
    };
    Ok(statement.query_row(params, read_product).optional()?)
}

/// All products as they are at `now`, the oldest first, at most so many.
///
/// # Errors
/// [`super::Error::Sqlite`].
pub fn all(
    db: &Connection,
    instance: InstanceSerial,
    now: Timestamp,
    pictures: Pictures,
    limit: i64,
) -> Result<Vec<Product>> {
    let mut statement = db.prepare_cached(sql!("products/columns" + "products/all"))?;
    let params = named_params! {
        ":instance": instance,
        ":now_s": now,
        ":longest_image": pictures.longest(),
        ":limit": limit,
    };
    let rows = statement.query_map(params, read_product)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

fn read_product(row: &Row<'_>) -> rusqlite::Result<Product> {
    let mut columns = Positional::of(row);
    let (serial, id) = (columns.next()?, columns.next()?);
    let name = columns.next()?;
    let description = columns.next()?;
    let Json(description_i18n) = columns.next()?;
    let Json::<Vec<i64>>(mut categories) = columns.next()?;
    categories.sort_unstable();
    let details = ProductDetails {
        name,
        description,
        description_i18n,
        categories,
        unit: columns.next()?,
        allow_fraction: columns.next()?,
        precision: columns.next()?,
        total_stock: columns.next()?,
        total_lost: columns.next()?,
        prices: columns.next::<Json<_>>()?.0,
        price_is_net: columns.next()?,
        group: columns.next()?,
        pot: columns.next()?,
        taxes: columns.next::<Json<_>>()?.0,
        address: columns.next()?,
        next_restock: columns.next()?,
        minimum_age: columns.next()?,
    };
    Ok(Product {
        serial,
        id,
        details,
        sold: columns.next()?,
        held: columns.next()?,
        image_serial: columns.next()?,
        image_hash: columns.next()?,
        image: columns.next()?,
        low_stock: columns.next()?,
    })
}

/// Names and numbers of the products that `filter` lets pass, beyond `offset` (exclusive): those with higher
/// numbers for a positive `limit`, those with lower ones, highest first, for a negative one.
///
/// # Errors
/// [`super::Error::Sqlite`].
pub fn list(
    db: &Connection,
    instance: InstanceSerial,
    filter: &ProductFilter,
    limit: i64,
    offset: Option<i64>,
) -> Result<Vec<(ProductId, ProductSerial)>> {
    let newer = limit > 0;
    let mut statement = db.prepare_cached(match newer {
        true => sql!("products/newer" + "products/filters" + "products/oldest_first"),
        false => sql!("products/older" + "products/filters" + "products/newest_first"),
    })?;
    let folded = |text: &Option<String>| text.as_ref().map(|text| text.to_lowercase());
    let params = named_params! {
        ":instance": instance,
        ":offset": offset.unwrap_or(if newer { 0 } else { i64::MAX }),
        ":limit": limit.saturating_abs(),
        ":category": filter.category,
        ":group": filter.group,
        ":name": folded(&filter.name),
        ":description": folded(&filter.description),
    };
    let rows =
        statement.query_map(params, |row| Ok((row.get("product_id")?, row.get("serial")?)))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// The numbers of the products that the shop looks at: by their names, those that are low first if wanted.
///
/// # Errors
/// [`super::Error::Sqlite`].
pub fn page(
    db: &Connection,
    instance: InstanceSerial,
    page: &StockPage,
) -> Result<Vec<ProductSerial>> {
    let mut statement = db.prepare_cached(sql!("products/page"))?;
    let params = named_params! {
        ":instance": instance,
        ":category": page.category,
        ":text": page.text.as_ref().map(|text| text.to_lowercase()),
        ":only_low": page.low == LowStock::Only,
        ":low_first": page.low == LowStock::First,
        ":limit": page.limit,
        ":offset": page.offset,
    };
    let rows = statement.query_map(params, |row| row.get("serial"))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// How many products are low, see [`Product::is_low`].
///
/// # Errors
/// [`super::Error::Sqlite`].
pub fn count_low(db: &Connection, instance: InstanceSerial) -> Result<i64> {
    let mut statement = db.prepare_cached(sql!("products/count_low"))?;
    Ok(statement.query_row(named_params! { ":instance": instance }, |row| row.get(0))?)
}

/// Says from which quantity on a product is low; `None`: when nothing is left.
///
/// # Errors
/// [`super::Error::Sqlite`], [`super::Error::Full`].
pub fn set_low_stock(
    tx: &mut Tx<'_>,
    product: ProductSerial,
    low_stock: Option<DecimalQuantity>,
) -> Result<()> {
    tx.prepare_cached(sql!("products/set_low_stock"))?
        .execute(named_params! { ":product_serial": product, ":low_stock_u": low_stock })?;
    Ok(())
}

/// How many products the shop has.
///
/// # Errors
/// [`super::Error::Sqlite`].
pub fn count(db: &Connection, instance: InstanceSerial) -> Result<i64> {
    let mut statement = db.prepare_cached(sql!("products/count"))?;
    Ok(statement.query_row(named_params! { ":instance": instance }, |row| row.get(0))?)
}

/// Keeps a new product; `false` if there is one of this name.
///
/// # Errors
/// [`super::Error::Sqlite`], also for a category, group or pot that is not there; [`super::Error::Full`].
pub fn insert(
    tx: &mut Tx<'_>,
    instance: InstanceSerial,
    id: &ProductId,
    details: &ProductDetails,
    image: Option<ImageSerial>,
) -> Result<bool> {
    write(tx, sql!("products/insert"), instance, id, details, image)
}

/// Writes all that the shop says of a product anew; `false` if there is none of this name.
///
/// # Errors
/// As [`insert`].
pub fn update(
    tx: &mut Tx<'_>,
    instance: InstanceSerial,
    id: &ProductId,
    details: &ProductDetails,
    image: Option<ImageSerial>,
) -> Result<bool> {
    write(tx, sql!("products/update"), instance, id, details, image)
}

fn write(
    tx: &mut Tx<'_>,
    statement: &str,
    instance: InstanceSerial,
    id: &ProductId,
    details: &ProductDetails,
    image: Option<ImageSerial>,
) -> Result<bool> {
    let changed = tx.prepare_cached(statement)?.execute(named_params! {
        ":instance": instance,
        ":product_id": id,
        ":name": details.name,
        ":name_folded": details.name.to_lowercase(),
        ":description": details.description,
        ":description_folded": details.description.to_lowercase(),
        ":description_i18n": Json(&details.description_i18n),
        ":unit": details.unit,
        ":allow_fraction": details.allow_fraction,
        ":precision": details.precision,
        ":stock_u": details.total_stock,
        ":lost_u": details.total_lost,
        ":prices": Json(&details.prices),
        ":price_is_net": details.price_is_net,
        ":group": details.group,
        ":pot": details.pot,
        ":image_serial": image,
        ":taxes": Json(&details.taxes),
        ":address": details.address,
        ":next_restock_s": details.next_restock,
        ":minimum_age": details.minimum_age,
    })?;
    Ok(changed > 0)
}

/// Puts a product into these categories and no others.
///
/// # Errors
/// [`super::Error::Sqlite`], also for a category that is not there; [`super::Error::Full`].
pub fn set_categories(tx: &mut Tx<'_>, product: ProductSerial, categories: &[i64]) -> Result<()> {
    tx.prepare_cached(sql!("products/unlink"))?
        .execute(named_params! { ":product_serial": product })?;
    let mut link = tx.prepare_cached(sql!("products/link"))?;
    for category in categories {
        link.execute(named_params! { ":product_serial": product, ":category_serial": category })?;
    }
    Ok(())
}

/// Deletes a product and its locks. Orders that have it keep their contracts.
///
/// # Errors
/// [`super::Error::Sqlite`], [`super::Error::Full`].
pub fn delete(tx: &mut Tx<'_>, product: ProductSerial) -> Result<()> {
    tx.prepare_cached(sql!("products/delete"))?
        .execute(named_params! { ":product_serial": product })?;
    Ok(())
}

/// Counts so much more of a product as stocked, if its stock is counted; at most what a quantity can be.
///
/// # Errors
/// [`super::Error::Sqlite`], [`super::Error::Full`].
pub fn add_stock(tx: &mut Tx<'_>, product: ProductSerial, quantity: DecimalQuantity) -> Result<()> {
    tx.prepare_cached(sql!("products/add_stock"))?
        .execute(named_params! { ":product_serial": product, ":quantity_u": quantity })?;
    Ok(())
}

/// Counts so much more of a product as sold; at most what a quantity can be.
///
/// # Errors
/// [`super::Error::Sqlite`], [`super::Error::Full`].
pub fn add_sold(tx: &mut Tx<'_>, product: ProductSerial, quantity: DecimalQuantity) -> Result<()> {
    tx.prepare_cached(sql!("products/add_sold"))?
        .execute(named_params! { ":product_serial": product, ":quantity_u": quantity })?;
    Ok(())
}
