//! What happens to products and categories is told once (webhooks 2).

use serde_json::{Value, json};

use super::sink::Sink;
use super::{added, shop, webhook};
use crate::inventory::{cheese, with};

/// A picture of one pixel.
const PIXEL: &str = "data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAACAkQBADs=";

#[test]
fn a_product_is_told_when_it_is_added_changed_sold_and_deleted() {
    let (shop, sink) = (shop(), Sink::start());
    let all = r#""serial":{{product_serial}},"id":"{{product_id}}","text":"{{description}}","i18n":{{description_i18n}},"unit":"{{unit}}","image":"{{image}}","taxes":{{taxes}},"price":"{{price}}","stock":{{total_stock}},"sold":{{total_sold}},"lost":{{total_lost}},"address":{{address}},"restock":{{next_restock}},"age":{{minimum_age}}"#;
    let old = r#","old_text":"{{old_description}}","old_stock":{{old_total_stock}},"old_sold":{{old_total_sold}},"old_lost":{{old_total_lost}}"#;
    for (event, more) in [("added", ""), ("updated", old), ("deleted", "")] {
        let body = format!(r#"{{"type":"{{{{webhook_type}}}}",{all}{more}}}"#);
        let event_type = format!("inventory_{event}");
        added(&shop, &webhook(event, &event_type, &sink.url("/"), &body));
    }
    let tea = with(
        cheese(),
        &json!({ "image": PIXEL, "taxes": [{ "name": "VAT", "tax": "KUDOS:0.1" }], "minimum_age": 5 }),
    );
    // The same product again is no news.
    for _ in 0..2 {
        shop.stock(&tea);
    }
    let plain = json!({
        "type": "inventory_added", "serial": 1, "id": "cheese", "text": "Cheese", "i18n": {}, "unit": "Piece",
        "image": PIXEL, "taxes": [{ "name": "VAT", "tax": "KUDOS:0.1" }], "price": "KUDOS:2", "stock": 10,
        "sold": 0, "lost": 0, "address": null, "restock": { "t_s": 0 }, "age": 5,
    });
    let nth = |count: usize| sink.hears(count)[count - 1].json();
    assert_eq!(nth(1), plain);

    let change = json!({ "description": "Käse \"1/2\"", "total_stock": 12, "total_lost": 1 });
    assert_eq!(shop.patch("/private/products/cheese", &change).status, 204);
    let changed = with(
        plain,
        &json!({
            "type": "inventory_updated", "text": "Käse \"1/2\"", "stock": 12, "lost": 1,
            "old_text": "Cheese", "old_stock": 10, "old_sold": 0, "old_lost": 0,
        }),
    );
    assert_eq!(nth(2), changed);

    // An order with several lines of it tells once, when it is paid.
    let line = |count: u64| json!({ "product_id": "cheese", "quantity": count });
    let request = json!({ "order": { "summary": "x" }, "inventory_products": [line(2), line(1)] });
    let (id, _) = shop.made(&request);
    for _ in 0..2 {
        assert_eq!(shop.pay(&id, &json!({ "method": "cash" })).status, 200);
    }
    let now = json!({
        "sold": 3, "old_sold": 0, "old_text": "Käse \"1/2\"", "old_stock": 12, "old_lost": 1,
    });
    let sold = with(changed, &now);
    assert_eq!(nth(3), sold);

    assert_eq!(shop.delete("/private/products/cheese").status, 204);
    let mut gone = with(sold, &json!({ "type": "inventory_deleted" }));
    gone.as_object_mut().unwrap().retain(|name, _| !name.starts_with("old_"));
    assert_eq!(nth(4), gone);
    assert_eq!(sink.heard().len(), 4);
}

#[test]
fn a_category_is_told_when_it_is_added_changed_and_deleted() {
    let (shop, sink) = (shop(), Sink::start());
    for (event, body) in [
        (
            "added",
            r#"{"id":{{category_serial}},"name":"{{category_name}}","shop":{{merchant_serial}}}"#,
        ),
        (
            "updated",
            r#"{"id":{{category_serial}},"name":"{{category_name}}","old":"{{old_category_name}}","i18n":{{category_name_i18n}},"old_i18n":{{old_category_name_i18n}}}"#,
        ),
        ("deleted", r#"{"id":{{category_serial}},"name":"{{category_name}}"}"#),
    ] {
        let event_type = format!("category_{event}");
        added(&shop, &webhook(event, &event_type, &sink.url("/"), body));
    }
    let nth = |count: usize| -> Value { sink.hears(count)[count - 1].json() };
    let food = json!({ "name": "Food", "name_i18n": { "de": "Essen" } });
    let id = shop.numbered("/private/categories", &food, "category_id");
    assert_eq!(nth(1), json!({ "id": id, "name": "Food", "shop": 1 }));
    let path = format!("/private/categories/{id}");
    assert_eq!(shop.patch(&path, &json!({ "name": "Meals" })).status, 204);
    let i18n = json!({ "de": "Essen" });
    let changed = json!({ "id": id, "name": "Meals", "old": "Food", "i18n": {}, "old_i18n": i18n });
    assert_eq!(nth(2), changed);
    assert_eq!(shop.delete(&path).status, 204);
    assert_eq!(nth(3), json!({ "id": id, "name": "Meals" }));
}
