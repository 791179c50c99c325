//! Use cases of a shop's stock in the back office: look at it, change it by hand, put back what customers return.

use super::inventory_error::InventoryError;
use super::inventory_events::Before;
use super::lookup::order;
use super::{Error, Principal, Till};
use crate::model::instance::InstanceSerial;
use crate::model::invalid_field::InvalidField;
use crate::model::product::{Product, ProductDetails, ProductSerial, is_text};
use crate::model::stock::{
    BadMove, MAX_STOCK_NOTE, MoveStock, MovedStock, SoldLine, StockCounters, StockMovement,
    StockPage, StockReason,
};
use crate::model::webhook::EventType;
use crate::store::products::Pictures;
use crate::store::{Read, Tx, order_products, products, stock_movements};
use taler::ids::{OrderId, ProductId};
use taler::quantity::DecimalQuantity;
use taler::time::Timestamp;

/// How many changes of a product's stock are kept: several years of a shop that counts every week. A row has
/// about 100 bytes.
const MAX_MOVEMENTS: u32 = 1000;
/// Most products that are looked at together.
const MAX_PAGE: u32 = 200;
/// Most changes of a stock that are looked at together.
const MAX_MOVEMENT_PAGE: u32 = 200;

/// Some of a shop's products.
#[derive(Clone, Debug)]
pub struct ShownProducts {
    /// They, without pictures.
    pub products: Vec<Product>,
    /// How many products of the shop are low.
    pub low: i64,
}

/// Who changes a stock, and when.
#[derive(Clone, Debug)]
pub(super) struct Actor {
    pub(super) instance: InstanceSerial,
    /// As the shop calls them.
    pub(super) who: String,
    pub(super) now: Timestamp,
}

impl Till {
    /// The products of `page`.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn products_page(
        &self,
        principal: &Principal,
        page: StockPage,
    ) -> Result<ShownProducts, Error> {
        let (instance, now) = (principal.instance.serial, self.clock.now());
        let page = StockPage { limit: page.limit.min(MAX_PAGE), ..page };
        self.store
            .read(move |db| {
                let serials = products::page(db, instance, &page)?.into_iter();
                let found = serials
                    .map(|serial| products::find_by_serial(db, serial, now, Pictures::Without));
                let found: Result<Vec<Option<Product>>, _> = found.collect();
                let low = products::count_low(db, instance)?;
                Ok(ShownProducts { products: found?.into_iter().flatten().collect(), low })
            })
            .await
    }

    /// The product with this number, without its picture, and the changes of its stock by hand before the one
    /// numbered `before`, the newest first.
    ///
    /// # Errors
    /// [`InventoryError::ProductUnknown`].
    pub async fn product_with_movements(
        &self,
        principal: &Principal,
        serial: ProductSerial,
        before: Option<i64>,
        limit: u32,
    ) -> Result<(Product, Vec<StockMovement>), Error> {
        let (instance, now) = (principal.instance.serial, self.clock.now());
        let limit = limit.min(MAX_MOVEMENT_PAGE);
        self.store
            .read(move |db| {
                let product = numbered(db, instance, serial, now)?;
                let movements = stock_movements::list(db, product.serial, before, limit)?;
                Ok((product, movements))
            })
            .await
    }

    /// Changes a product's stock by hand.
    ///
    /// # Errors
    /// [`InventoryError::ProductUnknown`]; [`InventoryError::LostBeyondStock`] when there is less than would be
    /// gone; [`Error::InvalidField`]: `reason` where the stock is not counted, else what does not fit.
    pub async fn move_stock(
        &self,
        principal: &Principal,
        serial: ProductSerial,
        wish: MoveStock,
    ) -> Result<(), Error> {
        let actor = self.actor(principal);
        if !is_text(&wish.note, MAX_STOCK_NOTE) {
            return Err(InvalidField("note").into());
        }
        self.store
            .write(move |tx| {
                let there = numbered(tx, actor.instance, serial, actor.now)?;
                if wish.quantity.digits() > there.details.precision {
                    return Err(InvalidField("quantity").into());
                }
                change_stock(tx, &actor, &there, &wish)
            })
            .await
    }

    /// The lines of an order that can be put back into stock. None while it is not paid.
    ///
    /// # Errors
    /// [`Error::OrderUnknown`].
    pub fn sold_lines(
        &self,
        principal: &Principal,
        order_id: &OrderId,
    ) -> Result<Vec<SoldLine>, Error> {
        let instance = principal.instance.serial;
        self.store.read_in_place(|db| {
            let order = order(db, instance, order_id)?;
            Ok(order_products::sold_lines(db, order.serial)?)
        })
    }

    /// Puts back into stock what a customer has returned: so much of each of these lines of an order. `before`
    /// is how much of all lines together was returned when somebody looked, so that two of them do not put back
    /// the same pieces.
    ///
    /// # Errors
    /// [`Error::OrderUnknown`]; [`Error::InvalidField`]: `returned` where `before` is not right any more,
    /// `quantity` for more than was sold.
    pub async fn put_back(
        &self,
        principal: &Principal,
        order_id: OrderId,
        lines: Vec<(i64, DecimalQuantity)>,
        before: DecimalQuantity,
    ) -> Result<(), Error> {
        let actor = self.actor(principal);
        self.store
            .write(move |tx| {
                let serial = order(tx, actor.instance, &order_id)?.serial;
                let sold = order_products::sold_lines(tx, serial)?;
                if returned(&sold) != before {
                    return Err(InvalidField("returned").into());
                }
                for (line, quantity) in lines {
                    let known = sold.iter().find(|one| one.line == line);
                    let known = known.ok_or(InvalidField("quantity"))?;
                    if !order_products::add_returned(tx, serial, line, quantity)? {
                        return Err(InvalidField("quantity").into());
                    }
                    let there = numbered(tx, actor.instance, known.product, actor.now)?;
                    let note = order_id.to_string();
                    let wish = MoveStock { reason: StockReason::Return, quantity, note };
                    change_stock(tx, &actor, &there, &wish)?;
                }
                Ok(())
            })
            .await
    }

    /// The principal as the one who changes stocks now.
    pub(super) fn actor(&self, principal: &Principal) -> Actor {
        let who = principal.name();
        Actor { instance: principal.instance.serial, who, now: self.clock.now() }
    }
}

/// How much of these lines was put back already.
pub fn returned(lines: &[SoldLine]) -> DecimalQuantity {
    lines.iter().fold(DecimalQuantity::ZERO, |sum, line| sum.saturating_add(line.returned))
}

/// The product with this number at `instance`.
///
/// # Errors
/// [`InventoryError::ProductUnknown`].
pub(super) fn numbered(
    db: &Read<'_>,
    instance: InstanceSerial,
    serial: ProductSerial,
    now: Timestamp,
) -> Result<Product, Error> {
    if let Some(found) = products::find_numbered(db, instance, serial, now)? {
        return Ok(found);
    }
    // Where people look, the number is the name.
    let name = ProductId::parse(serial.0.to_string()).map_err(|_| InvalidField("id"))?;
    Err(InventoryError::ProductUnknown(name).into())
}

/// Changes the stock of `there`, keeps the change, and tells webhooks of it.
fn change_stock(
    tx: &mut Tx<'_>,
    actor: &Actor,
    there: &Product,
    wish: &MoveStock,
) -> Result<(), Error> {
    let (instance, now) = (actor.instance, actor.now);
    let before = Before::of(tx, instance, &there.id, EventType::InventoryUpdated, now)?;
    let moved = moved(there, wish)?;
    let details = ProductDetails {
        total_stock: moved.total_stock,
        total_lost: moved.total_lost,
        ..there.details.clone()
    };
    products::update(tx, instance, &there.id, &details, there.image_serial)?;
    keep_movement(tx, actor, there, &moved, wish)?;
    before.tell_updated(tx, instance, now)
}

/// What the stock of `there` becomes.
///
/// # Errors
/// As [`Till::move_stock`].
pub(super) fn moved(there: &Product, wish: &MoveStock) -> Result<MovedStock, Error> {
    let counters = StockCounters {
        total_stock: there.details.total_stock,
        sold: there.sold,
        total_lost: there.details.total_lost,
    };
    counters.moved(wish.reason, wish.quantity).map_err(|bad| match bad {
        BadMove::Uncounted => InvalidField("reason").into(),
        BadMove::TooMuch => InventoryError::LostBeyondStock.into(),
        BadMove::Invalid(field) => field.into(),
    })
}

/// Keeps that the stock of the product `before` was changed to `moved`.
pub(super) fn keep_movement(
    tx: &mut Tx<'_>,
    actor: &Actor,
    before: &Product,
    moved: &MovedStock,
    wish: &MoveStock,
) -> Result<(), Error> {
    let gone = before.sold.saturating_add(moved.total_lost);
    let movement = StockMovement {
        serial: 0,
        at: actor.now,
        reason: wish.reason,
        change: moved.change,
        left: moved.total_stock.map(|stock| stock.saturating_sub(gone)),
        who: actor.who.clone(),
        note: wish.note.clone(),
    };
    Ok(stock_movements::insert(tx, before.serial, &movement, MAX_MOVEMENTS)?)
}
