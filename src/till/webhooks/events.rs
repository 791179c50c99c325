//! What webhooks are told: the events of orders as they are written, and the variables of all events as
//! they are sent (webhooks 2).
//!
//! What may be another thing later is written with the event: a reason, an amount, the session of a payment.
//! The rest, the contract before all, is read of the order when the event is sent.

use serde_json::{Map, Value, json};

use crate::model::contract;
use crate::model::instance::InstanceSerial;
use crate::model::order::{Order, Paid, Refund};
use crate::model::webhook::{Event, EventType};
use crate::store::webhooks::{self, EventRow};
use crate::store::{Read, Tx, instances, orders};
use crate::till::lookup::order;
use crate::till::{Error, read_terms};
use taler::amount::Amount;
use taler::base32::ShortHash;
use taler::ids::{InstanceId, OrderId};
use taler::time::Timestamp;

/// Nanoseconds in a second: so the event `refund` tells its time.
const NANOSECONDS: u128 = 1_000_000_000;

/// Tells that an order was made, just now and in this transaction.
pub(in crate::till) fn tell_created(
    tx: &mut Tx<'_>,
    instance: InstanceSerial,
    order_id: &OrderId,
    now: Timestamp,
) -> Result<(), Error> {
    // The order is read only where somebody wants to hear of it.
    if !webhooks::is_wanted(tx, instance, EventType::OrderCreated)? {
        return Ok(());
    }
    let made = order(tx, instance, order_id)?;
    Ok(webhooks::enqueue(tx, instance, EventType::OrderCreated, || Event {
        at: now,
        order: Some(made.serial),
        variables: members([("order_id", json!(order_id))]),
    })?)
}

/// Tells that an order was paid, just now and in this transaction.
pub(in crate::till) fn tell_paid(tx: &mut Tx<'_>, order: &Order, paid: &Paid) -> Result<(), Error> {
    Ok(webhooks::enqueue(tx, order.instance, EventType::Pay, || Event {
        at: paid.at,
        order: Some(order.serial),
        variables: members([
            ("order_id", json!(order.order_id)),
            ("session_id", json!(paid.session)),
        ]),
    })?)
}

/// Tells that the refunds of an order rose by `refund` to `total`, just now and in this transaction.
pub(in crate::till) fn tell_refunded(
    tx: &mut Tx<'_>,
    order: &Order,
    refund: &Refund,
    total: &Amount,
) -> Result<(), Error> {
    Ok(webhooks::enqueue(tx, order.instance, EventType::Refund, || Event {
        at: refund.granted_at,
        order: Some(order.serial),
        variables: members([
            ("order_id", json!(order.order_id)),
            ("timestamp", nanoseconds(refund.granted_at)),
            ("refund_amount", json!(refund.amount)),
            ("refund_total", json!(total)),
            ("reason", json!(refund.reason)),
        ]),
    })?)
}

/// How an order's money was wired.
#[derive(Debug)]
pub(in crate::till) struct Settled {
    /// The transfers, the last one last.
    pub(in crate::till) wtids: Vec<ShortHash>,
    /// When the last one was made.
    pub(in crate::till) execution_time: Option<Timestamp>,
    /// What they brought for the order.
    pub(in crate::till) amount: Amount,
}

/// Tells that exchanges have wired all of an order's money, as is known just now and in this transaction.
pub(in crate::till) fn tell_settled(
    tx: &mut Tx<'_>,
    order: &Order,
    settled: &Settled,
    now: Timestamp,
) -> Result<(), Error> {
    Ok(webhooks::enqueue(tx, order.instance, EventType::OrderSettled, || Event {
        at: now,
        order: Some(order.serial),
        variables: members([
            ("order_id", json!(order.order_id)),
            ("wtid", json!(settled.wtids.last())),
            ("wtids", json!(settled.wtids)),
            ("execution_time", json!(settled.execution_time.and_then(iso_8601))),
            ("wired_amount", json!(settled.amount)),
        ]),
    })?)
}

/// A time as the documents write the one of a refund.
fn nanoseconds(at: Timestamp) -> Value {
    let nanoseconds = u128::from(at.secs().unwrap_or_default()).saturating_mul(NANOSECONDS);
    u64::try_from(nanoseconds).map_or(Value::Null, Value::from)
}

fn members<const N: usize>(members: [(&str, Value); N]) -> Map<String, Value> {
    members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// The variables of an event: what was written with it, what every event has, and what can be read of its
/// order now. An order that was deleted meanwhile has left only its name.
pub(super) fn variables(db: &Read<'_>, event: &EventRow) -> Result<Map<String, Value>, Error> {
    let shop = instances::find_by_serial(db, event.instance)?;
    let mut all = common(event.kind, &event.id.to_string(), event.at);
    all.insert("instance_id".into(), json!(shop.as_ref().map(|shop| &shop.id)));
    let order = match event.order {
        Some(serial) => orders::find_by_serial(db, serial)?,
        None => None,
    };
    if let Some(order) = order {
        of_order(&mut all, &order);
        let terms = orders::terms(db, order.serial)?;
        match event.kind {
            EventType::OrderCreated => {
                // As they were then: a wallet may have claimed the order since.
                let terms = contract::unbind(&terms);
                let terms = terms.map_err(|bad| Error::Damaged(bad.to_string()))?;
                all.insert("contract".into(), read_terms(&terms)?);
            }
            EventType::Pay | EventType::Refund => {
                all.insert("contract_terms".into(), read_terms(&terms)?);
            }
            // The documents have no contract in them.
            EventType::OrderSettled
            | EventType::CategoryAdded
            | EventType::CategoryUpdated
            | EventType::CategoryDeleted
            | EventType::InventoryAdded
            | EventType::InventoryUpdated
            | EventType::InventoryDeleted => {}
        }
    }
    all.extend(event.variables.clone());
    Ok(all)
}

/// What every event has, but for the shop's name.
fn common(kind: EventType, event_id: &str, at: Timestamp) -> Map<String, Value> {
    members([
        ("webhook_type", json!(kind.as_str())),
        ("event_id", json!(event_id)),
        ("event_time", json!(iso_8601(at))),
    ])
}

/// A time as RFC 3339 writes it, to the second.
fn iso_8601(at: Timestamp) -> Option<String> {
    let moment = jiff::Timestamp::from_second(i64::try_from(at.secs()?).ok()?).ok()?;
    Some(moment.to_string())
}

fn of_order(all: &mut Map<String, Value>, order: &Order) {
    let paid_session = order.paid.as_ref().and_then(|paid| paid.session.as_ref());
    all.extend(members([
        ("order_id", json!(order.order_id)),
        ("order_status_url", json!(order.status_url(None))),
        ("fulfillment_url", json!(order.fulfillment_url)),
        ("session_id", json!(paid_session.or(order.session.as_ref()))),
        ("amount", json!(order.amount)),
        ("summary", json!(order.summary)),
    ]));
}

/// The variables of an event that did not happen: all that one of this type has, with names that nothing
/// has, so that a receiver that asks for the order finds none.
pub(super) fn sample(
    kind: EventType,
    event_id: &str,
    instance: &InstanceId,
    now: Timestamp,
) -> Map<String, Value> {
    let mut all = common(kind, event_id, now);
    all.insert("instance_id".into(), json!(instance));
    let (amount, summary) = ("KUDOS:1", "TEST");
    let order_id = format!("TEST-{}", now.secs().unwrap_or_default());
    let terms = json!({ "order_id": order_id, "amount": amount, "summary": summary });
    let of_order = [
        ("order_id", json!(order_id)),
        ("order_status_url", Value::Null),
        ("fulfillment_url", Value::Null),
        ("session_id", Value::Null),
        ("amount", json!(amount)),
        ("summary", json!(summary)),
    ];
    let category = [
        ("category_serial", json!(0)),
        ("category_name", json!("TEST")),
        ("category_name_i18n", json!({})),
    ];
    let product = [
        ("product_serial", json!(0)),
        ("product_id", json!("TEST-product")),
        ("description", json!("TEST")),
        ("description_i18n", json!({})),
        ("unit", json!("Piece")),
        ("image", json!("")),
        ("taxes", json!([])),
        ("price", json!(amount)),
        ("total_stock", json!(1)),
        ("total_sold", json!(0)),
        ("total_lost", json!(0)),
        ("address", json!({})),
        ("next_restock", Value::Null),
        ("minimum_age", json!(0)),
    ];
    match kind {
        EventType::OrderCreated => {
            all.extend(members(of_order));
            all.insert("contract".into(), terms);
        }
        EventType::Pay => {
            all.extend(members(of_order));
            all.insert("contract_terms".into(), terms);
        }
        EventType::Refund => {
            all.extend(members(of_order));
            all.extend(members([
                ("timestamp", nanoseconds(now)),
                ("refund_amount", json!(amount)),
                ("refund_total", json!(amount)),
                ("reason", json!("TEST")),
                ("contract_terms", terms),
            ]));
        }
        EventType::OrderSettled => {
            all.extend(members(of_order));
            all.extend(members([
                ("wtid", json!("TEST")),
                ("wtids", json!(["TEST"])),
                ("execution_time", json!(iso_8601(now))),
                ("wired_amount", json!(amount)),
            ]));
        }
        EventType::CategoryAdded => {
            all.extend(members(category));
            all.insert("merchant_serial".into(), json!(0));
        }
        EventType::CategoryUpdated => {
            all.extend(members(category));
            all.extend(members([
                ("old_category_name", json!("TEST")),
                ("old_category_name_i18n", json!({})),
            ]));
        }
        EventType::CategoryDeleted => all.extend(members(category)),
        EventType::InventoryAdded | EventType::InventoryDeleted => all.extend(members(product)),
        EventType::InventoryUpdated => {
            let old = product.clone().into_iter();
            let old = old.filter(|(name, _)| !["product_serial", "product_id"].contains(name));
            all.extend(old.map(|(name, value)| (format!("old_{name}"), value)));
            all.extend(members(product));
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refund_tells_its_time_in_nanoseconds_as_documented() {
        let at = Timestamp::from_secs(1_764_472_845).unwrap();
        assert_eq!(nanoseconds(at), json!(1_764_472_845_000_000_000_u64));
        assert_eq!(iso_8601(at).unwrap(), "2025-11-30T03:20:45Z");
    }

    /// A template that works in a test works with what happens.
    #[test]
    fn a_test_has_every_variable_that_the_documents_name() {
        let order =
            ["order_id", "order_status_url", "fulfillment_url", "session_id", "amount", "summary"];
        let product = "product_serial product_id description description_i18n unit image taxes price \
            total_stock total_sold total_lost address next_restock minimum_age";
        let shop = InstanceId::admin();
        for &kind in EventType::ALL {
            let variables = sample(kind, "evt_1", &shop, Timestamp::from_secs(1).unwrap());
            let own: Vec<&str> = match kind {
                EventType::OrderCreated => vec!["contract"],
                EventType::Pay => vec!["contract_terms"],
                EventType::Refund => {
                    vec!["contract_terms", "timestamp", "refund_amount", "refund_total", "reason"]
                }
                EventType::OrderSettled => {
                    vec!["wtid", "wtids", "execution_time", "wired_amount"]
                }
                EventType::CategoryAdded => {
                    vec!["category_serial", "category_name", "merchant_serial"]
                }
                EventType::CategoryUpdated => {
                    vec!["old_category_name", "category_name_i18n", "old_category_name_i18n"]
                }
                EventType::CategoryDeleted => vec!["category_serial", "category_name"],
                EventType::InventoryAdded | EventType::InventoryDeleted => {
                    product.split_whitespace().collect()
                }
                EventType::InventoryUpdated => {
                    vec!["old_price", "old_taxes", "price", "product_id"]
                }
            };
            let of_order = order
                .iter()
                .filter(|_| kind.as_str().starts_with("order") || own[0] == "contract_terms");
            let common = ["webhook_type", "event_id", "event_time", "instance_id"];
            for name in own.iter().chain(of_order).chain(&common) {
                assert!(variables.contains_key(*name), "{kind}: {name}");
            }
        }
    }
}
