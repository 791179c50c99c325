//! Translates an order of the 2019 API to today's format (legacy-2019 1, 5 and 16).

use serde_json::{Map, Value, json};

use super::super::error::Failure;
use crate::model::contract::BadOrder;
use crate::till;
use taler::time::RelativeTime;

/// Members that were times.
const TIMES: &[&str] =
    &["timestamp", "refund_deadline", "pay_deadline", "wire_transfer_deadline", "delivery_date"];
/// Parts of an address: then, and now.
const ADDRESS: &[(&str, &str)] = &[
    ("country", "country"),
    ("city", "town"),
    ("state", "country_subdivision"),
    ("region", "country_subdivision"),
    ("province", "country_subdivision"),
    ("zip_code", "post_code"),
    ("street", "street"),
    ("street_number", "building_number"),
];

/// The order in today's words, and how long it can be refunded if it says so by having no time for
/// that at all.
///
/// # Errors
/// When a required member is missing, or a time cannot be read.
pub(super) fn today(
    mut order: Map<String, Value>,
) -> Result<(Map<String, Value>, Option<RelativeTime>), Failure> {
    let bad = |what: &str| Failure::from(till::Error::from(BadOrder::Shape(what.into())));
    if order.get("fulfillment_url").is_none_or(|url| !url.is_string()) {
        return Err(bad("fulfillment_url is missing"));
    }
    for name in TIMES {
        if let Some(value) = order.get_mut(*name) {
            *value = time(value).ok_or_else(|| bad(name))?;
        }
    }
    if let Some(value) = order.get_mut("auto_refund") {
        *value = duration(value).ok_or_else(|| bad("auto_refund"))?;
    }
    let mut refund_delay = None;
    if order.get("refund_deadline") == Some(&json!({ "t_s": 0 })) {
        order.remove("refund_deadline");
        refund_delay = Some(RelativeTime::ZERO);
    }
    for gone in ["max_wire_fee", "wire_fee_amortization", "auditors", "H_wire"] {
        order.remove(gone);
    }
    let locations = order.remove("locations");
    let label = order.get("delivery_location").and_then(Value::as_str);
    if let Some(place) = label.and_then(|label| locations.as_ref()?.get(label)?.as_object()) {
        let place = address(place);
        order.insert("delivery_location".into(), place);
    }
    for product in order.get_mut("products").and_then(Value::as_array_mut).into_iter().flatten() {
        let count = product.get("quantity").and_then(Value::as_str).map(str::parse::<u64>);
        if let (Some(Ok(count)), Some(members)) = (count, product.as_object_mut()) {
            members.insert("quantity".into(), count.into());
        }
    }
    Ok((order, refund_delay))
}

fn address(old: &Map<String, Value>) -> Value {
    let mut place = Map::new();
    for (then, now) in ADDRESS {
        if let Some(value) = old.get(*then).filter(|value| value.is_string()) {
            place.entry(*now).or_insert_with(|| value.clone());
        }
    }
    Value::Object(place)
}

/// A time in any of its three forms, as today's.
fn time(value: &Value) -> Option<Value> {
    if let Some(text) = value.as_str() {
        return match text {
            "/never/" | "/forever/" | "/end of time/" => Some(json!({ "t_s": "never" })),
            _ => {
                let seconds = text.strip_prefix("/Date(")?.strip_suffix(")/")?;
                Some(json!({ "t_s": seconds.parse::<u64>().ok()? }))
            }
        };
    }
    match value.get("t_ms") {
        None => Some(value.clone()),
        Some(Value::String(never)) if never == "never" => Some(json!({ "t_s": "never" })),
        Some(ms) => Some(json!({ "t_s": ms.as_u64()?.checked_div(1000)? })),
    }
}

/// A duration in any of its three forms, as today's.
fn duration(value: &Value) -> Option<Value> {
    if let Some(text) = value.as_str() {
        if text == "/forever/" {
            return Some(json!({ "d_us": "forever" }));
        }
        let seconds: u64 = text.strip_prefix("/Delay(")?.strip_suffix(")/")?.parse().ok()?;
        return Some(json!({ "d_us": seconds.checked_mul(1_000_000)? }));
    }
    match value.get("d_ms") {
        None => Some(value.clone()),
        Some(Value::String(forever)) if forever == "forever" => Some(json!({ "d_us": "forever" })),
        Some(ms) => Some(json!({ "d_us": ms.as_u64()?.checked_mul(1000)? })),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_had_three_forms() {
        for (then, now) in [
            (json!("/Date(1572652800)/"), Some(json!({ "t_s": 1_572_652_800 }))),
            (json!({ "t_ms": 1_572_652_800_999_u64 }), Some(json!({ "t_s": 1_572_652_800 }))),
            (json!({ "t_s": 5 }), Some(json!({ "t_s": 5 }))),
            (json!("/never/"), Some(json!({ "t_s": "never" }))),
            (json!("/end of time/"), Some(json!({ "t_s": "never" }))),
            (json!({ "t_ms": "never" }), Some(json!({ "t_s": "never" }))),
            (json!("/Date(-1)/"), None),
            (json!("yesterday"), None),
            (json!({ "t_ms": -1 }), None),
        ] {
            assert_eq!(time(&then), now, "{then}");
        }
        assert_eq!(duration(&json!("/Delay(60)/")), Some(json!({ "d_us": 60_000_000 })));
        assert_eq!(duration(&json!({ "d_ms": 5 })), Some(json!({ "d_us": 5000 })));
        assert_eq!(duration(&json!("/forever/")), Some(json!({ "d_us": "forever" })));
        assert_eq!(duration(&json!({ "d_ms": u64::MAX })), None);
    }

    #[test]
    fn an_old_order_becomes_one_of_today() {
        let Value::Object(old) = json!({
            "amount": "KUDOS:1", "summary": "x", "fulfillment_url": "https://shop.example/",
            "refund_deadline": "/Date(0)/", "max_wire_fee": "KUDOS:1", "wire_fee_amortization": 3,
            "locations": { "home": { "city": "Bern", "zip_code": "3000", "state": "BE" } },
            "delivery_location": "home",
            "products": [{ "description": "x", "quantity": "2" }, { "description": "y" }],
            "extra": { "a": 1 }, "mine": "kept"
        }) else {
            panic!("an object")
        };
        let (new, delay) = today(old).ok().unwrap();
        assert_eq!(delay, Some(RelativeTime::ZERO));
        assert_eq!(
            Value::Object(new),
            json!({
                "amount": "KUDOS:1", "summary": "x", "fulfillment_url": "https://shop.example/",
                "delivery_location": { "town": "Bern", "post_code": "3000", "country_subdivision": "BE" },
                "products": [{ "description": "x", "quantity": 2 }, { "description": "y" }],
                "extra": { "a": 1 }, "mine": "kept"
            })
        );
    }
}
