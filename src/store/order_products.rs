//! What of the inventory an order takes, and to which pots its payment is booked.
//!
//! While a row is open it reserves stock until the order's pay deadline: nothing has to happen at that time.
//! With the payment it is closed and counts as sold.

use rusqlite::{Connection, named_params};

use super::{Result, Tx, pots, products, sql};
use crate::model::order::OrderSerial;
use crate::model::product::ProductSerial;
use crate::model::stock::SoldLine;
use taler::amount::Amount;
use taler::quantity::DecimalQuantity;
use taler::time::Timestamp;

/// Does an order's line hold stock before it is paid?
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Hold {
    /// Until the order's pay deadline.
    Reserved,
    /// No: it only counts as sold with the payment.
    AtPayment,
}

/// Keeps what an order takes: its lines, each with the product and its quantity.
///
/// # Errors
/// [`super::Error::Sqlite`], [`super::Error::Full`].
pub fn insert(
    tx: &mut Tx<'_>,
    order: OrderSerial,
    lines: &[(ProductSerial, DecimalQuantity, Hold)],
    pay_deadline: Timestamp,
) -> Result<()> {
    let mut statement = tx.prepare_cached(sql!("order_products/insert"))?;
    for (line, (product, quantity, hold)) in (0_i64..).zip(lines) {
        statement.execute(named_params! {
            ":order_serial": order,
            ":line": line,
            ":product_serial": product,
            ":quantity_u": quantity,
            ":is_reserved": *hold == Hold::Reserved,
            ":expires_at_s": pay_deadline,
        })?;
    }
    Ok(())
}

/// Keeps to which pots an order's payment is booked, each once.
///
/// # Errors
/// [`super::Error::Sqlite`], [`super::Error::Full`].
pub fn insert_pots(tx: &mut Tx<'_>, order: OrderSerial, shares: &[(i64, Amount)]) -> Result<()> {
    let mut statement = tx.prepare_cached(sql!("order_pots/insert"))?;
    for (pot, amount) in shares {
        statement.execute(named_params! {
            ":order_serial": order,
            ":pot_serial": pot,
            ":amount": amount,
        })?;
    }
    Ok(())
}

/// Counts what an order takes as sold, and books its payment to its pots. Called once, with the payment. The
/// products that count as sold now, and how much of each.
///
/// # Errors
/// [`super::Error::Sqlite`], [`super::Error::Full`].
pub fn sell(tx: &mut Tx<'_>, order: OrderSerial) -> Result<Vec<(ProductSerial, DecimalQuantity)>> {
    let params = named_params! { ":order_serial": order };
    // Most orders of web shops have neither: one question instead of two.
    let has_any = tx
        .prepare_cached(sql!("order_products/has_any"))?
        .query_row(params, |row| row.get::<_, bool>(0))?;
    if !has_any {
        return Ok(Vec::new());
    }
    let mut statement = tx.prepare_cached(sql!("order_products/open"))?;
    let rows = statement
        .query_map(params, |row| Ok((row.get("product_serial")?, row.get("quantity_u")?)))?;
    let open: Vec<(ProductSerial, DecimalQuantity)> = rows.collect::<rusqlite::Result<_>>()?;
    drop(statement);
    for (product, quantity) in &open {
        products::add_sold(tx, *product, *quantity)?;
    }
    let sold = by_product(&open);
    if !open.is_empty() {
        tx.prepare_cached(sql!("order_products/close"))?.execute(params)?;
    }
    let mut statement = tx.prepare_cached(sql!("order_pots/list"))?;
    let rows =
        statement.query_map(params, |row| Ok((row.get("pot_serial")?, row.get("amount")?)))?;
    let shares: Vec<(i64, Amount)> = rows.collect::<rusqlite::Result<_>>()?;
    drop(statement);
    for (pot, amount) in &shares {
        pots::add(tx, *pot, amount)?;
    }
    Ok(sold)
}

/// Puts what an order took back into stock, where stock is counted: what was ever stocked becomes more, for what was
/// sold never becomes less (inventory 4). The products, and how much of each. Calling it once is up to the caller.
///
/// # Errors
/// [`super::Error::Sqlite`], [`super::Error::Full`].
pub fn put_back(
    tx: &mut Tx<'_>,
    order: OrderSerial,
) -> Result<Vec<(ProductSerial, DecimalQuantity)>> {
    let mut statement = tx.prepare_cached(sql!("order_products/sold"))?;
    let rows = statement.query_map(named_params! { ":order_serial": order }, |row| {
        Ok((row.get("product_serial")?, row.get("quantity_u")?))
    })?;
    let lines: Vec<(ProductSerial, DecimalQuantity)> = rows.collect::<rusqlite::Result<_>>()?;
    drop(statement);
    for (product, quantity) in &lines {
        products::add_stock(tx, *product, *quantity)?;
    }
    // Nobody can put it back once more.
    tx.prepare_cached(sql!("order_products/return_all"))?
        .execute(named_params! { ":order_serial": order })?;
    Ok(by_product(&lines))
}

/// The sum of each product's lines.
fn by_product(lines: &[(ProductSerial, DecimalQuantity)]) -> Vec<(ProductSerial, DecimalQuantity)> {
    let mut sums: Vec<(ProductSerial, DecimalQuantity)> = Vec::new();
    for (product, quantity) in lines {
        match sums.iter_mut().find(|(known, _)| known == product) {
            Some((_, sum)) => *sum = sum.saturating_add(*quantity),
            None => sums.push((*product, *quantity)),
        }
    }
    sums
}

/// Is any of a product locked for a customer, or reserved by an open order?
///
/// # Errors
/// [`super::Error::Sqlite`].
pub fn is_held(db: &Connection, product: ProductSerial, now: Timestamp) -> Result<bool> {
    let mut statement = db.prepare_cached(sql!("order_products/is_held"))?;
    Ok(statement.exists(named_params! { ":product_serial": product, ":now_s": now })?)
}

/// The lines of a paid order whose products are counted.
///
/// # Errors
/// [`super::Error::Sqlite`].
pub fn sold_lines(db: &Connection, order: OrderSerial) -> Result<Vec<SoldLine>> {
    let mut statement = db.prepare_cached(sql!("order_products/lines"))?;
    let rows = statement.query_map(named_params! { ":order_serial": order }, |row| {
        Ok(SoldLine {
            line: row.get("line")?,
            product: row.get("product_serial")?,
            product_id: row.get("product_id")?,
            name: row.get("name")?,
            sold: row.get("quantity_u")?,
            returned: row.get("returned_u")?,
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Counts so much more of a paid order's line as returned; `false` if that is more than was sold.
///
/// # Errors
/// [`super::Error::Sqlite`], [`super::Error::Full`].
pub fn add_returned(
    tx: &mut Tx<'_>,
    order: OrderSerial,
    line: i64,
    quantity: DecimalQuantity,
) -> Result<bool> {
    let changed =
        tx.prepare_cached(sql!("order_products/add_returned"))?.execute(named_params! {
            ":order_serial": order,
            ":line": line,
            ":quantity_u": quantity,
        })?;
    Ok(changed > 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::product::{Prices, ProductChange, UnitDefaults};
    use crate::store::products::Pictures;
    use crate::store::tests::{fixture, order};
    use crate::store::{Error, Options, orders};
    use taler::ids::ProductId;

    /// With ten thousand open orders the stock is still that of the rows, and each payment changes it once.
    #[actix_web::test]
    async fn the_stock_is_right_beside_ten_thousand_open_orders() {
        const ORDERS: u64 = 10_000;
        let f = fixture(Options::default()).await;
        let instance = f.instance;
        let id = ProductId::parse("tea").unwrap();
        let wish = ProductChange {
            description: Some("Tea".into()),
            total_stock: Some(DecimalQuantity::from_whole(2 * ORDERS).ok()),
            prices: Some(Prices::First("KUDOS:1".parse().unwrap())),
            ..ProductChange::default()
        };
        let details = wish.of(None, UnitDefaults::default());
        let (now, later) = (Timestamp::from_secs(1000), Timestamp::from_secs(2000));
        let (now, later) = (now.unwrap(), later.unwrap());
        let tea = id.clone();
        f.store
            .write::<_, Error>(move |tx| {
                products::insert(tx, instance, &tea, &details, None)?;
                let serial =
                    products::find(tx, instance, &tea, now, Pictures::Without)?.unwrap().serial;
                for number in 0..ORDERS {
                    let new = order(&format!("o{number}"));
                    orders::insert(tx, instance, &new)?;
                    let made = orders::find(tx, instance, &new.order_id)?.unwrap().serial;
                    let lines = [(serial, DecimalQuantity::ONE, Hold::Reserved)];
                    insert(tx, made, &lines, later)?;
                    // The first half is paid, and counted once however often that is asked for.
                    if number < ORDERS / 2 {
                        assert_eq!(sell(tx, made)?.len(), 1);
                        assert!(sell(tx, made)?.is_empty());
                    }
                }
                Ok(())
            })
            .await
            .unwrap();
        let product = |at| {
            let found = f
                .store
                .read_in_place(|db| products::find(db, instance, &id, at, Pictures::Without));
            let found = found.unwrap().unwrap();
            (found.sold.whole(), found.held.whole(), found.available().unwrap().whole())
        };
        assert_eq!(product(now), (5000, 5000, 10_000));
        assert_eq!(product(later), (5000, 0, 15_000));
    }
}
