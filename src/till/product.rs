//! Use cases of products: add, change, list, delete, lock, show their pictures (inventory 2, 3 and 9).

use super::inventory_error::InventoryError;
use super::inventory_events::{Before, tell_added};
use super::lookup::still_there;
use super::{Error, Principal, Till};
use crate::model::instance::InstanceSerial;
use crate::model::invalid_field::InvalidField;
use crate::model::product::{
    Image, ImageSerial, Product, ProductChange, ProductDetails, ProductFilter, ProductSerial,
    Shortage, UnitDefaults,
};
use crate::model::unit;
use crate::model::webhook::EventType;
use crate::store::labels::{GROUPS, POTS};
use crate::store::products::Pictures;
use crate::store::{Read, Tx, categories, images, locks, order_products, products, units};
use taler::ids::ProductId;
use taler::quantity::DecimalQuantity;
use taler::time::{RelativeTime, Timestamp};

/// Most products of a shop. A point of sale shows all of them at once.
pub(super) const MAX_PRODUCTS: i64 = 10_000;
/// Most bytes of a shop's pictures together: 64 MiB, which a point of sale gets in one answer.
const MAX_IMAGE_BYTES: i64 = 64 << 20;
/// Most products in one list.
const MAX_PRODUCT_LIST: i64 = 1024;
/// Most locks of one product: every check of its stock adds them up.
const MAX_LOCKS: i64 = 1000;
/// The longest time that stock is locked without an order, in seconds: a day.
const LONGEST_LOCK_S: u64 = 86_400;

/// Which part of a list of products is wanted.
#[derive(Clone, Debug)]
pub struct ProductPaging {
    /// The filter.
    pub filter: ProductFilter,
    /// Most products returned; negative: those with lower numbers, highest first.
    pub limit: i64,
    /// Beyond which one.
    pub offset: Option<i64>,
}

/// The request to keep some of a product for a customer.
#[derive(Clone, Debug)]
pub struct LockProduct {
    /// The client's name for the customer; the lock of this name is replaced.
    pub uuid: String,
    /// For how long.
    pub duration: RelativeTime,
    /// How much; nothing ends the lock.
    pub quantity: DecimalQuantity,
}

/// Whether a product that is locked or reserved may be deleted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum HeldProduct {
    /// No.
    Keep,
    /// Yes; its locks go with it, and orders that have it can still be paid.
    Delete,
}

impl Till {
    /// Names and numbers of the principal's products.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn products(
        &self,
        principal: &Principal,
        page: ProductPaging,
    ) -> Result<Vec<(ProductId, ProductSerial)>, Error> {
        let instance = principal.instance.serial;
        let limit = page.limit.clamp(-MAX_PRODUCT_LIST, MAX_PRODUCT_LIST);
        self.store
            .read(move |db| Ok(products::list(db, instance, &page.filter, limit, page.offset)?))
            .await
    }

    /// One of the principal's products, with its picture.
    ///
    /// # Errors
    /// [`InventoryError::ProductUnknown`].
    pub async fn product(&self, principal: &Principal, id: ProductId) -> Result<Product, Error> {
        let (instance, now) = (principal.instance.serial, self.clock.now());
        self.store.read(move |db| product(db, instance, &id, now, Pictures::ALL)).await
    }

    /// Keeps a new product. The same one again is no error.
    ///
    /// # Errors
    /// [`Error::InvalidField`], and of [`InventoryError`] `ProductExists`, `CategoryUnknown`, `GroupUnknown`,
    /// `PotUnknown` and `Full`.
    pub async fn add_product(
        &self,
        principal: &Principal,
        id: ProductId,
        new: ProductChange,
    ) -> Result<(), Error> {
        let (instance, shop) = (principal.instance.serial, principal.instance.id.clone());
        let now = self.clock.now();
        self.store
            .write(move |tx| {
                still_there(tx, instance, &shop)?;
                let details = complete(tx, instance, &new, None)?;
                check_low_stock(&new, &details)?;
                let image = match new.image.flatten() {
                    Some(image) => Some(store_image(tx, instance, &image)?),
                    None => None,
                };
                if let Some(there) = products::find(tx, instance, &id, now, Pictures::Without)? {
                    return match there.details == details && there.image_serial == image {
                        true => Ok(()),
                        false => Err(InventoryError::ProductExists(id).into()),
                    };
                }
                if products::count(tx, instance)? >= MAX_PRODUCTS {
                    return Err(InventoryError::Full("products").into());
                }
                products::insert(tx, instance, &id, &details, image)?;
                let there = product(tx, instance, &id, now, Pictures::Without)?;
                products::set_categories(tx, there.serial, &details.categories)?;
                if let Some(low_stock) = new.low_stock {
                    products::set_low_stock(tx, there.serial, low_stock)?;
                }
                tell_added(tx, instance, &id, now)
            })
            .await
    }

    /// Changes a product; what is not said stays.
    ///
    /// # Errors
    /// [`Error::InvalidField`], and of [`InventoryError`] `ProductUnknown`, `LostReduced`, `LostBeyondStock`,
    /// `StockReduced`, `CategoryUnknown`, `GroupUnknown`, `PotUnknown` and `Full`.
    pub async fn change_product(
        &self,
        principal: &Principal,
        id: ProductId,
        change: ProductChange,
    ) -> Result<(), Error> {
        let (instance, now) = (principal.instance.serial, self.clock.now());
        self.store
            .write(move |tx| {
                let there = product(tx, instance, &id, now, Pictures::Without)?;
                let before = Before::of(tx, instance, &id, EventType::InventoryUpdated, now)?;
                let details = complete(tx, instance, &change, Some(&there.details))?;
                check_counters(&there, &details)?;
                check_low_stock(&change, &details)?;
                let image = match change.image {
                    None => there.image_serial,
                    Some(None) => None,
                    Some(Some(image)) => Some(store_image(tx, instance, &image)?),
                };
                products::update(tx, instance, &id, &details, image)?;
                if details.categories != there.details.categories {
                    products::set_categories(tx, there.serial, &details.categories)?;
                }
                if let Some(low_stock) = change.low_stock {
                    products::set_low_stock(tx, there.serial, low_stock)?;
                }
                if let Some(old) = there.image_serial.filter(|old| image != Some(*old)) {
                    images::delete_unused(tx, old)?;
                }
                before.tell_updated(tx, instance, now)
            })
            .await
    }

    /// Deletes a product. Contracts that have it stay as they are.
    ///
    /// # Errors
    /// [`InventoryError::ProductUnknown`], [`InventoryError::ProductHeld`].
    pub async fn delete_product(
        &self,
        principal: &Principal,
        id: ProductId,
        held: HeldProduct,
    ) -> Result<(), Error> {
        let (instance, now) = (principal.instance.serial, self.clock.now());
        self.store
            .write(move |tx| {
                let there = product(tx, instance, &id, now, Pictures::Without)?;
                if held == HeldProduct::Keep && order_products::is_held(tx, there.serial, now)? {
                    return Err(InventoryError::ProductHeld(id).into());
                }
                let before = Before::of(tx, instance, &id, EventType::InventoryDeleted, now)?;
                products::delete(tx, there.serial)?;
                if let Some(image) = there.image_serial {
                    images::delete_unused(tx, image)?;
                }
                before.tell_deleted(tx, instance, now)
            })
            .await
    }

    /// Locks some of a product for a customer, in the place of what was locked by the same name before.
    ///
    /// # Errors
    /// [`Error::InvalidField`], and of [`InventoryError`] `ProductUnknown`, `OutOfStock` and `Full`.
    pub async fn lock_product(
        &self,
        principal: &Principal,
        id: ProductId,
        wish: LockProduct,
    ) -> Result<(), Error> {
        let (instance, now) = (principal.instance.serial, self.clock.now());
        let longest = RelativeTime::from_secs(LONGEST_LOCK_S).unwrap_or(RelativeTime::ZERO);
        let expires_at = now.saturating_add(wish.duration.min(longest));
        self.store
            .write(move |tx| {
                let serial = product(tx, instance, &id, now, Pictures::Without)?.serial;
                locks::delete_expired(tx, serial, now)?;
                locks::delete(tx, serial, &wish.uuid)?;
                if wish.quantity.is_zero() {
                    return Ok(());
                }
                // As it is without the lock that is replaced.
                let there = product(tx, instance, &id, now, Pictures::Without)?;
                if wish.quantity.digits() > there.details.precision {
                    return Err(InvalidField("unit_quantity").into());
                }
                check_stock(&there, wish.quantity)?;
                if locks::count(tx, serial)? >= MAX_LOCKS {
                    return Err(InventoryError::Full("locks").into());
                }
                Ok(locks::insert(tx, instance, serial, &wish.uuid, wish.quantity, expires_at)?)
            })
            .await
    }

    /// The picture with this hash, of any shop: its address is public.
    ///
    /// # Errors
    /// [`InventoryError::ImageUnknown`].
    pub async fn image(&self, hash: [u8; 32]) -> Result<Image, Error> {
        let found = self.store.read(move |db| Ok::<_, Error>(images::by_hash(db, &hash)?)).await?;
        found.ok_or_else(|| InventoryError::ImageUnknown.into())
    }
}

/// The product of this name at `instance`.
///
/// # Errors
/// [`InventoryError::ProductUnknown`].
pub(super) fn product(
    db: &Read<'_>,
    instance: InstanceSerial,
    id: &ProductId,
    now: Timestamp,
    pictures: Pictures,
) -> Result<Product, Error> {
    let found = products::find(db, instance, id, now, pictures)?;
    found.ok_or_else(|| InventoryError::ProductUnknown(id.clone()).into())
}

/// Is there so much of `product`?
///
/// # Errors
/// [`InventoryError::OutOfStock`].
pub(super) fn check_stock(product: &Product, requested: DecimalQuantity) -> Result<(), Error> {
    match product.available() {
        Some(available) if available < requested => {
            let shortage = Shortage {
                product_id: product.id.clone(),
                requested,
                available,
                next_restock: product.details.next_restock,
            };
            Err(InventoryError::OutOfStock(Box::new(shortage)).into())
        }
        _ => Ok(()),
    }
}

/// What a product is after `change`, checked by itself and against the rest of the inventory.
fn complete(
    db: &Read<'_>,
    instance: InstanceSerial,
    change: &ProductChange,
    before: Option<&ProductDetails>,
) -> Result<ProductDetails, Error> {
    let unit = change.unit.as_deref().or(before.map(|old| old.unit.as_str())).unwrap_or_default();
    let details = change.of(before, unit_defaults(db, instance, unit)?);
    details.check()?;
    for serial in &details.categories {
        if !categories::is_there(db, instance, *serial)? {
            return Err(InventoryError::CategoryUnknown(*serial).into());
        }
    }
    if let Some(serial) = details.group
        && GROUPS.find(db, instance, serial)?.is_none()
    {
        return Err(InventoryError::GroupUnknown(serial).into());
    }
    if let Some(serial) = details.pot
        && POTS.find(db, instance, serial)?.is_none()
    {
        return Err(InventoryError::PotUnknown(serial).into());
    }
    Ok(details)
}

/// What holds for products of a unit that do not say so themselves. A word that is no unit of the shop is
/// counted in whole numbers.
pub(super) fn unit_defaults(
    db: &Read<'_>,
    instance: InstanceSerial,
    name: &str,
) -> Result<UnitDefaults, Error> {
    let own = units::find(db, instance, name)?;
    let found = own.or_else(|| unit::builtin().find(|unit| unit.unit == name));
    Ok(found.map_or_else(UnitDefaults::default, |unit| UnitDefaults {
        allow_fraction: unit.allow_fraction,
        precision: unit.precision,
    }))
}

/// Counters only grow, so that a change that comes twice does no harm (inventory 2).
fn check_counters(before: &Product, after: &ProductDetails) -> Result<(), Error> {
    if after.total_lost < before.details.total_lost {
        return Err(InventoryError::LostReduced.into());
    }
    let Some(stock) = after.total_stock else { return Ok(()) };
    if before.details.total_stock.is_some_and(|old| stock < old) {
        return Err(InventoryError::StockReduced.into());
    }
    let is_more = after.total_lost > before.details.total_lost;
    match is_more && after.total_lost > stock.saturating_sub(before.sold) {
        true => Err(InventoryError::LostBeyondStock.into()),
        false => Ok(()),
    }
}

/// A quantity from which on a product is low is as fine as its stock.
fn check_low_stock(change: &ProductChange, after: &ProductDetails) -> Result<(), InvalidField> {
    match change.low_stock.flatten() {
        Some(low_stock) if low_stock.digits() > after.precision => Err(InvalidField("low_stock")),
        _ => Ok(()),
    }
}

fn store_image(
    tx: &mut Tx<'_>,
    instance: InstanceSerial,
    image: &Image,
) -> Result<ImageSerial, Error> {
    let (serial, is_new) = images::store(tx, instance, image)?;
    if is_new && images::total(tx, instance)? > MAX_IMAGE_BYTES {
        return Err(InventoryError::Full("bytes of pictures").into());
    }
    Ok(serial)
}
