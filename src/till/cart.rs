//! What an order takes of the inventory: priced before the order is made, and reserved in the transaction that
//! makes it (inventory 4 and 5).

use serde_json::{Map, Value, json};

use super::inventory_error::InventoryError;
use super::product::{check_stock, product};
use super::{Error, Till};
use crate::model::cart::{self, CartItem, CartLine, Discount, MAX_CONTRACT_IMAGE, Pots, Pricing};
use crate::model::contract::MAX_PRODUCTS;
use crate::model::instance::{Instance, InstanceSerial};
use crate::model::invalid_field::InvalidField;
use crate::model::order::OrderSerial;
use crate::model::product::ProductSerial;
use crate::store::labels::POTS;
use crate::store::order_products::Hold;
use crate::store::products::Pictures;
use crate::store::{Read, Tx, locks, order_products, products};
use taler::amount::{Amount, Currency};
use taler::ids::ProductId;
use taler::quantity::DecimalQuantity;
use taler::template::TemplateMismatch;
use taler::time::Timestamp;

/// Most locks that an order takes over.
pub const MAX_LOCK_UUIDS: usize = 64;

/// What an order shall take of the inventory.
#[derive(Clone, Debug, Default)]
pub struct Cart {
    /// The lines, at most as many as an order has products.
    pub lines: Vec<CartLine>,
    /// The locks that the order takes over: they end with it, whatever they hold.
    pub lock_uuids: Vec<String>,
    /// What a customer who fills in a template, or the shop's own till, expects.
    pub offer: Option<CartOffer>,
    /// What is taken off, if the order says no price.
    pub discount: Option<Discount>,
}

/// What is expected of the price.
#[derive(Clone, Debug, Default)]
pub struct CartOffer {
    /// The price, tip included.
    pub amount: Option<Amount>,
    /// The only currency that is taken.
    pub currency: Option<Currency>,
}

impl Cart {
    /// Adds what must be the same when the order is asked for again.
    pub(super) fn describe(&self, wish: &mut Value) {
        let Value::Object(members) = wish else { return };
        if !self.lines.is_empty() {
            let line = |line: &CartLine| json!({ "product_id": line.product_id, "quantity": line.quantity, "pot": line.pot });
            let lines: Vec<Value> = self.lines.iter().map(line).collect();
            members.insert("inventory_products".into(), Value::Array(lines));
        }
        if !self.lock_uuids.is_empty() {
            members.insert("lock_uuids".into(), json!(self.lock_uuids));
        }
        match self.discount {
            None => {}
            Some(Discount::Amount(amount)) => {
                members.insert("discount".into(), json!(amount));
            }
            Some(Discount::Share(share)) => {
                members.insert("discount_share".into(), json!(share));
            }
        }
    }
}

/// What is to be reserved and booked with an order.
#[derive(Clone, Debug, Default)]
pub(super) struct Reservation {
    lock_uuids: Vec<String>,
    lines: Vec<(ProductId, ProductSerial, DecimalQuantity, Hold)>,
    shares: Vec<(i64, Amount)>,
}

impl Reservation {
    /// Whether there is nothing to be done with the order.
    pub(super) fn is_empty(&self) -> bool {
        self.lock_uuids.is_empty() && self.lines.is_empty() && self.shares.is_empty()
    }

    /// Ends the locks, checks that there is enough of everything, and keeps what the order takes: all of it, or
    /// nothing. The stock is read in the transaction that reserves it, so that no two orders get the same piece.
    ///
    /// # Errors
    /// [`InventoryError::OutOfStock`] for the first product that falls short; `ProductUnknown` and `PotUnknown`
    /// for what was deleted meanwhile.
    pub(super) fn keep(
        &self,
        tx: &mut Tx<'_>,
        instance: InstanceSerial,
        order: OrderSerial,
        now: Timestamp,
        pay_deadline: Timestamp,
    ) -> Result<(), Error> {
        for uuid in &self.lock_uuids {
            locks::release(tx, instance, uuid)?;
        }
        let mut sums: Vec<(&ProductId, ProductSerial, DecimalQuantity)> = Vec::new();
        for (id, serial, quantity, hold) in &self.lines {
            if *hold == Hold::AtPayment {
                continue;
            }
            match sums.iter_mut().find(|(_, known, _)| known == serial) {
                Some((_, _, sum)) => *sum = sum.saturating_add(*quantity),
                None => sums.push((id, *serial, *quantity)),
            }
        }
        for (id, serial, sum) in sums {
            let there = products::find_by_serial(tx, serial, now, Pictures::Without)?;
            let there = there.ok_or_else(|| InventoryError::ProductUnknown(id.clone()))?;
            check_stock(&there, sum)?;
        }
        let lines =
            self.lines.iter().map(|(_, serial, quantity, hold)| (*serial, *quantity, *hold));
        order_products::insert(tx, order, &lines.collect::<Vec<_>>(), pay_deadline)?;
        for (pot, _) in &self.shares {
            check_pot(tx, instance, *pot)?;
        }
        Ok(order_products::insert_pots(tx, order, &self.shares)?)
    }
}

/// What was read for a cart.
struct Found {
    items: Vec<CartItem>,
    /// Products that the order brings along and that the inventory knows, if these are counted.
    counted: Vec<(ProductId, ProductSerial, DecimalQuantity, Hold)>,
}

impl Till {
    /// Completes `order` by what `cart` takes of the inventory, and says what is to be reserved with it. An order that
    /// takes nothing reads nothing.
    ///
    /// # Errors
    /// [`Error::InvalidField`], [`Error::Order`], `ProductUnknown` and `PotUnknown` of [`InventoryError`];
    /// [`Error::TemplateInput`] when a customer expects another price.
    pub(super) async fn fill_cart(
        &self,
        instance: &Instance,
        order: &mut Map<String, Value>,
        cart: Cart,
        now: Timestamp,
    ) -> Result<Reservation, Error> {
        let named = Pots::take(order)?;
        if cart.lines.len() > MAX_PRODUCTS {
            return Err(InvalidField("inventory_products").into());
        }
        let known = match self.terms.stock_by_product_id {
            true => named_products(order),
            false => Vec::new(),
        };
        let pots: Vec<i64> =
            named.named().chain(cart.lines.iter().filter_map(|line| line.pot)).collect();
        let Cart { lines, lock_uuids, offer, discount } = cart;
        let serial = instance.serial;
        let found = match lines.is_empty() && known.is_empty() && pots.is_empty() {
            true => Found { items: Vec::new(), counted: Vec::new() },
            false => {
                self.store
                    .read(move |db| {
                        pots.iter().try_for_each(|pot| check_pot(db, serial, *pot))?;
                        Ok::<_, Error>(Found {
                            items: items(db, serial, lines, now)?,
                            counted: counted(db, serial, known, now)?,
                        })
                    })
                    .await?
            }
        };
        let pricing = Pricing {
            usual: self.terms.currency,
            only: offer.as_ref().and_then(|offer| offer.currency),
            discount,
            digits: &|currency: &Currency| self.specification(currency).input_digits(),
        };
        let shares = cart::complete(order, &found.items, &named, &pricing)?;
        if let Some(expected) = offer.and_then(|offer| offer.amount)
            && order.get("amount") != Some(&json!(expected))
        {
            return Err(TemplateMismatch::Amount.into());
        }
        let mut lines: Vec<_> = found
            .items
            .into_iter()
            .map(|item| (item.product.id, item.product.serial, item.quantity, Hold::Reserved))
            .collect();
        lines.extend(found.counted);
        Ok(Reservation { lock_uuids, lines, shares })
    }
}

fn check_pot(db: &Read<'_>, instance: InstanceSerial, pot: i64) -> Result<(), Error> {
    match POTS.find(db, instance, pot)? {
        Some(_) => Ok(()),
        None => Err(InventoryError::PotUnknown(pot).into()),
    }
}

/// The lines with their products.
fn items(
    db: &Read<'_>,
    instance: InstanceSerial,
    lines: Vec<CartLine>,
    now: Timestamp,
) -> Result<Vec<CartItem>, Error> {
    let pictures = Pictures::UpTo(MAX_CONTRACT_IMAGE);
    let item = |CartLine { product_id, quantity, pot }: CartLine| {
        let product = product(db, instance, &product_id, now, pictures)?;
        if quantity.is_zero() || quantity.digits() > product.details.precision {
            return Err(InvalidField("inventory_products").into());
        }
        let pot = pot.or(product.details.pot);
        Ok(CartItem { product, quantity, pot })
    };
    lines.into_iter().map(item).collect()
}

/// The products of the order itself that have a name and a quantity (inventory 8.2).
fn named_products(order: &Map<String, Value>) -> Vec<(ProductId, DecimalQuantity)> {
    let products = order.get("products").and_then(Value::as_array).into_iter().flatten();
    let named = products.take(MAX_PRODUCTS).filter_map(|product| {
        let id = ProductId::parse(product.get("product_id")?.as_str()?).ok()?;
        let quantity = match (product.get("unit_quantity"), product.get("quantity")) {
            (Some(Value::String(text)), _) => DecimalQuantity::parse(text).ok()?,
            (_, Some(count)) => DecimalQuantity::from_whole(count.as_u64()?).ok()?,
            _ => DecimalQuantity::ONE,
        };
        (!quantity.is_zero()).then_some((id, quantity))
    });
    named.collect()
}

/// Those of them that the inventory knows: they count as sold with the payment, and nothing is reserved.
fn counted(
    db: &Read<'_>,
    instance: InstanceSerial,
    named: Vec<(ProductId, DecimalQuantity)>,
    now: Timestamp,
) -> Result<Vec<(ProductId, ProductSerial, DecimalQuantity, Hold)>, Error> {
    let mut counted = Vec::new();
    for (id, quantity) in named {
        if let Some(there) = products::find(db, instance, &id, now, Pictures::Without)? {
            counted.push((id, there.serial, quantity, Hold::AtPayment));
        }
    }
    Ok(counted)
}
