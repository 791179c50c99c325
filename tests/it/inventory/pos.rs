//! What a point of sale reads (inventory 8).

use serde_json::json;

use super::{cheese, with};
use crate::common::shop::Shop;

const PIXEL: &str = "data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAACAkQBADs=";

#[test]
fn a_point_of_sale_reads_all_and_is_told_when_nothing_is_new() {
    let shop = Shop::new();
    let food = json!({ "name": "Food", "name_i18n": { "de": "Essen" } });
    let food = shop.numbered("/private/categories", &food, "category_id");
    let more = json!({
        "categories": [food], "image": PIXEL, "taxes": [{ "name": "VAT", "tax": "KUDOS:0.1" }], "minimum_age": 16,
    });
    shop.stock(&with(cheese(), &more));
    shop.stock(&with(cheese(), &json!({ "product_id": "air", "total_stock": -1 })));
    let pos = shop.place.token("admin", "order-pos");
    let ask = || shop.daemon.ask("GET", "/private/pos").token(&pos);
    let reply = ask().send();
    let plain = json!({
        "product_name": "Cheese", "description": "Cheese", "description_i18n": {}, "unit": "Piece",
        "unit_allow_fraction": false, "unit_precision_level": 0, "unit_price": ["KUDOS:2"], "price": "KUDOS:2",
    });
    assert_eq!(
        reply.json(),
        json!({
            "products": [
                with(plain.clone(), &json!({
                    "product_serial": 1, "product_id": "cheese", "categories": [food], "image": PIXEL,
                    "taxes": [{ "name": "VAT", "tax": "KUDOS:0.1" }], "minimum_age": 16,
                    "total_stock": 10, "unit_total_stock": "10", "available": 10, "unit_available": "10",
                })),
                with(plain, &json!({ "product_serial": 2, "product_id": "air", "categories": [0] })),
            ],
            "categories": [
                { "id": 0, "name": "default" }, { "id": food, "name": "Food", "name_i18n": { "de": "Essen" } },
            ],
        })
    );
    let tag = reply.headers["etag"].clone();
    let known = |tag: &str| ask().header("If-None-Match", tag).send();
    let same = known(&tag);
    assert_eq!((same.status, same.text.as_str(), &same.headers["etag"]), (304, "", &tag));
    // Another picture is news, and so is a sale.
    let other = PIXEL.replace("image/gif", "image/png").replace("AQ", "Ag");
    assert_eq!(shop.patch("/private/products/cheese", &json!({ "image": other })).status, 204);
    let news = known(&tag);
    assert_eq!((news.status, &news.json()["products"][0]["image"]), (200, &json!(other)));
    let tag = news.headers["etag"].clone();
    shop.sold(&json!({
        "order": { "summary": "x" }, "inventory_products": [{ "product_id": "cheese", "quantity": 1 }],
    }));
    let news = known(&tag);
    assert_eq!((news.status, &news.json()["products"][0]["available"]), (200, &json!(9)));
    assert_eq!(shop.daemon.get("/private/pos").failure(), (401, 2015));
}

#[test]
fn a_point_of_sale_of_2024_is_set_up_by_the_password() {
    let shop = Shop::new();
    shop.place.passwd("admin", "correct horse");
    shop.stock(&with(cheese(), &json!({ "image": PIXEL })));
    let ask = || shop.daemon.ask("GET", "/private/pos-2024.json");
    let reply = ask().basic("admin", "correct horse").send();
    let mut body = reply.json();
    let key = body["config"]["api_key"].take().as_str().unwrap().to_owned();
    assert_eq!(
        body,
        json!({
            "config": { "base_url": "https://shop.example/", "api_key": null },
            "categories": [{ "id": 0, "name": "default" }],
            "products": [{
                "product_id": "cheese", "description": "Cheese", "price": "KUDOS:2", "image": PIXEL,
                "categories": [0],
            }],
        })
    );
    assert!(key.starts_with("secret-token:"), "{key}");
    // It sells with that, and reads nothing of the shop's accounts.
    let sale = json!({ "order": { "summary": "x", "amount": "KUDOS:2" } });
    let sold = shop.daemon.ask("POST", "/private/orders").token(&key).json(&sale).send();
    assert_eq!(sold.status, 200, "{sold:?}");
    let accounts = shop.daemon.ask("GET", "/private/accounts").token(&key).send();
    assert_eq!(accounts.failure(), (403, 16));
    let refreshable = shop.place.token("admin", "all:refreshable");
    assert_eq!(ask().token(&refreshable).send().status, 200);
    assert_eq!(ask().token(&shop.token).send().failure(), (403, 16));
    for wrong in [ask(), ask().basic("admin", "wrong"), ask().basic("shop", "correct horse")] {
        assert_eq!(wrong.send().failure(), (401, 2015));
    }
}
