//! What webhooks are told of products and categories, in the transaction that changes them (webhooks 2).

use serde_json::{Map, Value, json};

use super::Error;
use crate::model::category::NewCategory;
use crate::model::instance::InstanceSerial;
use crate::model::product::{Product, ProductSerial};
use crate::model::webhook::{Event, EventType};
use crate::store::products::Pictures;
use crate::store::{Read, Tx, products, webhooks};
use taler::ids::ProductId;
use taler::quantity::DecimalQuantity;
use taler::time::Timestamp;

/// A product as it was before a change, if a webhook wants to hear of that.
pub(super) struct Before(Option<Product>);

impl Before {
    /// The product as it is now, with its picture.
    pub(super) fn of(
        db: &Read<'_>,
        instance: InstanceSerial,
        id: &ProductId,
        kind: EventType,
        now: Timestamp,
    ) -> Result<Self, Error> {
        if !webhooks::is_wanted(db, instance, kind)? {
            return Ok(Self(None));
        }
        Ok(Self(products::find(db, instance, id, now, Pictures::ALL)?))
    }

    /// Tells that it was deleted.
    pub(super) fn tell_deleted(
        self,
        tx: &mut Tx<'_>,
        instance: InstanceSerial,
        now: Timestamp,
    ) -> Result<(), Error> {
        let Some(old) = self.0 else { return Ok(()) };
        tell(tx, instance, EventType::InventoryDeleted, now, || all_of(&old))
    }

    /// Tells that it was changed.
    pub(super) fn tell_updated(
        self,
        tx: &mut Tx<'_>,
        instance: InstanceSerial,
        now: Timestamp,
    ) -> Result<(), Error> {
        let Some(old) = self.0 else { return Ok(()) };
        let new = products::find(tx, instance, &old.id, now, Pictures::ALL)?;
        match new {
            Some(new) => tell_change(tx, instance, &old, &new, now),
            None => Ok(()),
        }
    }
}

/// Tells that a product was added.
pub(super) fn tell_added(
    tx: &mut Tx<'_>,
    instance: InstanceSerial,
    id: &ProductId,
    now: Timestamp,
) -> Result<(), Error> {
    let kind = EventType::InventoryAdded;
    let Some(new) = Before::of(tx, instance, id, kind, now)?.0 else { return Ok(()) };
    tell(tx, instance, kind, now, || all_of(&new))
}

/// Tells that so much more of these products counts as sold, once for each.
pub(super) fn tell_sold(
    tx: &mut Tx<'_>,
    instance: InstanceSerial,
    sold: &[(ProductSerial, DecimalQuantity)],
    now: Timestamp,
) -> Result<(), Error> {
    if sold.is_empty() || !webhooks::is_wanted(tx, instance, EventType::InventoryUpdated)? {
        return Ok(());
    }
    for (serial, quantity) in sold {
        let Some(new) = products::find_by_serial(tx, *serial, now, Pictures::ALL)? else {
            continue;
        };
        let old = Product { sold: new.sold.saturating_sub(*quantity), ..new.clone() };
        tell_change(tx, instance, &old, &new, now)?;
    }
    Ok(())
}

/// Tells that so much of these products is in stock again, once for each.
pub(super) fn tell_returned(
    tx: &mut Tx<'_>,
    instance: InstanceSerial,
    returned: &[(ProductSerial, DecimalQuantity)],
    now: Timestamp,
) -> Result<(), Error> {
    if returned.is_empty() || !webhooks::is_wanted(tx, instance, EventType::InventoryUpdated)? {
        return Ok(());
    }
    for (serial, quantity) in returned {
        let Some(new) = products::find_by_serial(tx, *serial, now, Pictures::ALL)? else {
            continue;
        };
        let mut old = new.clone();
        old.details.total_stock =
            old.details.total_stock.map(|stock| stock.saturating_sub(*quantity));
        tell_change(tx, instance, &old, &new, now)?;
    }
    Ok(())
}

fn tell_change(
    tx: &mut Tx<'_>,
    instance: InstanceSerial,
    old: &Product,
    new: &Product,
    now: Timestamp,
) -> Result<(), Error> {
    tell(tx, instance, EventType::InventoryUpdated, now, || {
        let mut all = all_of(new);
        let before = details_of(old).into_iter();
        all.extend(before.map(|(name, value)| (format!("old_{name}"), value)));
        all
    })
}

/// Tells that a category was added.
pub(super) fn tell_category_added(
    tx: &mut Tx<'_>,
    instance: InstanceSerial,
    serial: i64,
    new: &NewCategory,
    now: Timestamp,
) -> Result<(), Error> {
    tell(tx, instance, EventType::CategoryAdded, now, || {
        members([
            ("category_serial", json!(serial)),
            ("category_name", json!(new.name)),
            ("merchant_serial", json!(instance.0)),
        ])
    })
}

/// Tells that a category was changed.
pub(super) fn tell_category_updated(
    tx: &mut Tx<'_>,
    instance: InstanceSerial,
    serial: i64,
    old: &NewCategory,
    new: &NewCategory,
    now: Timestamp,
) -> Result<(), Error> {
    tell(tx, instance, EventType::CategoryUpdated, now, || {
        members([
            ("category_serial", json!(serial)),
            ("old_category_name", json!(old.name)),
            ("category_name", json!(new.name)),
            ("category_name_i18n", json!(new.name_i18n)),
            ("old_category_name_i18n", json!(old.name_i18n)),
        ])
    })
}

/// Tells that a category was deleted.
pub(super) fn tell_category_deleted(
    tx: &mut Tx<'_>,
    instance: InstanceSerial,
    serial: i64,
    old: &NewCategory,
    now: Timestamp,
) -> Result<(), Error> {
    tell(tx, instance, EventType::CategoryDeleted, now, || {
        members([("category_serial", json!(serial)), ("category_name", json!(old.name))])
    })
}

fn tell(
    tx: &mut Tx<'_>,
    instance: InstanceSerial,
    kind: EventType,
    now: Timestamp,
    variables: impl FnOnce() -> Map<String, Value>,
) -> Result<(), Error> {
    let event = || Event { at: now, order: None, variables: variables() };
    Ok(webhooks::enqueue(tx, instance, kind, event)?)
}

/// All variables of a product.
fn all_of(product: &Product) -> Map<String, Value> {
    let mut all = details_of(product);
    all.insert("product_serial".into(), json!(product.serial.0));
    all.insert("product_id".into(), json!(product.id));
    all
}

/// The variables of a product but for its names. Quantities are those of clients of before protocol 25.
fn details_of(product: &Product) -> Map<String, Value> {
    let details = &product.details;
    let whole = |quantity: DecimalQuantity| json!(quantity.whole());
    members([
        ("description", json!(details.description)),
        ("description_i18n", json!(details.description_i18n)),
        ("unit", json!(details.unit)),
        ("image", json!(product.image.as_ref().map_or("", |image| image.as_str()))),
        ("taxes", json!(details.taxes)),
        ("price", json!(details.prices.first())),
        ("total_stock", details.total_stock.map_or(json!(-1), whole)),
        ("total_sold", whole(product.sold)),
        ("total_lost", whole(details.total_lost)),
        ("address", json!(details.address)),
        ("next_restock", json!(details.next_restock)),
        ("minimum_age", json!(details.minimum_age)),
    ])
}

fn members<const N: usize>(members: [(&str, Value); N]) -> Map<String, Value> {
    members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}
