//! Templates of the type `inventory-cart`: a customer without an account fills a cart (inventory 6).

use serde_json::{Value, json};

use super::{cheese, refused, with};
use crate::common::Reply;
use crate::common::shop::{Shop, now};

/// Keeps a template for carts; the answer.
fn keep(shop: &Shop, id: &str, contract: &Value) -> Reply {
    let contract = with(json!({ "template_type": "inventory-cart" }), contract);
    let body =
        json!({ "template_id": id, "template_description": "x", "template_contract": contract });
    shop.post("/private/templates", &body)
}

/// What a wallet posts to take `lines` of a template.
fn take(shop: &Shop, id: &str, lines: &Value, more: &Value) -> Reply {
    let body = json!({ "template_type": "inventory-cart", "inventory_selection": lines });
    shop.strange_post(&format!("/templates/{id}"), &with(body, more))
}

/// A shop with cheese and bread, and a template for both.
fn market() -> Shop {
    let shop = Shop::new();
    let food = shop.numbered("/private/categories", &json!({ "name": "Food" }), "category_id");
    shop.numbered("/private/categories", &json!({ "name": "Empty" }), "category_id");
    let more = json!({ "categories": [food], "unit_price": ["KUDOS:2", "EUR:1"], "price": null });
    shop.stock(&with(cheese(), &more));
    let bread = json!({
        "product_id": "bread", "unit": "WeightUnitKg", "total_stock": null, "unit_total_stock": "2.5",
        "price": "KUDOS:3.33",
    });
    shop.stock(&with(cheese(), &bread));
    shop.stock(&with(cheese(), &json!({ "product_id": "wine", "price": "CHF:9" })));
    shop.stock(&with(cheese(), &json!({ "product_id": "open", "price": "KUDOS:0" })));
    shop.stock(&with(cheese(), &json!({ "product_id": "secret" })));
    let contract = json!({
        "summary": "Lunch", "selected_categories": [food],
        "selected_products": ["bread", "open", "wine", "cheese"], "request_tip": true,
    });
    assert_eq!(keep(&shop, "lunch", &contract).status, 204);
    shop
}

#[test]
fn a_template_shows_what_it_offers() {
    let shop = market();
    let reply = shop.daemon.get("/templates/lunch");
    assert_eq!(reply.status, 200);
    let contract = reply.json()["template_contract"].clone();
    assert_eq!(contract["pay_duration"], json!({ "d_us": 900_000_000 }));
    let product = |id: &str, more: Value| {
        let plain = json!({
            "product_id": id, "product_name": "Cheese", "description": "Cheese", "unit": "Piece",
            "unit_allow_fraction": false, "unit_precision_level": 0, "remaining_stock": "10", "categories": [],
        });
        with(plain, &more)
    };
    let unit = |unit: &str, long: &str, short: &str, precision: u8| {
        json!({
            "unit": unit, "unit_name_long": long, "unit_name_short": short,
            "unit_allow_fraction": precision > 0, "unit_precision_level": precision,
        })
    };
    assert_eq!(
        contract["inventory_payload"],
        json!({
            "products": [
                product("cheese", json!({ "categories": [1], "unit_prices": ["KUDOS:2", "EUR:1"] })),
                product("bread", json!({
                    "unit": "WeightUnitKg", "unit_allow_fraction": true, "unit_precision_level": 3,
                    "remaining_stock": "2.5", "unit_prices": ["KUDOS:3.33"],
                })),
                product("wine", json!({ "unit_prices": ["CHF:9"] })),
            ],
            "categories": [{ "category_id": 1, "category_name": "Food" }],
            "units": [unit("Piece", "piece", "pc", 0), unit("WeightUnitKg", "kilogram", "kg", 3)],
        })
    );
    let ask = || shop.daemon.ask("GET", "/templates/lunch");
    let tag = reply.headers["etag"].clone();
    let same = ask().header("If-None-Match", &tag).send();
    assert_eq!((same.status, same.text.as_str()), (304, ""));
    assert_eq!(
        take(&shop, "lunch", &json!([{ "product_id": "cheese", "quantity": "1" }]), &json!({}))
            .status,
        200
    );
    assert_eq!(ask().header("If-None-Match", &tag).send().status, 200);
    // The page for browsers has no form for it.
    let page = ask().header("Accept", "text/html").send();
    assert!(page.status == 200 && page.text.contains("taler://pay-template/"), "{page:?}");
    assert!(!page.text.contains("<form"), "{page:?}");
}

#[test]
fn a_customer_takes_what_is_offered_at_the_price_that_is_said() {
    let shop = market();
    let lines = json!([
        { "product_id": "cheese", "quantity": "2" }, { "product_id": "bread", "quantity": "1.5" },
    ]);
    let reply = take(&shop, "lunch", &lines, &json!({ "tip": "KUDOS:1", "amount": "KUDOS:10" }));
    assert_eq!(reply.status, 200, "{reply:?}");
    let id = reply.json()["order_id"].as_str().unwrap().to_owned();
    let status = shop.status(&id, "");
    let terms = &status["proto_contract_terms"];
    assert_eq!((&terms["amount"], &terms["tip"]), (&json!("KUDOS:10"), &json!("KUDOS:1")));
    assert_eq!(terms["summary"], "Lunch");
    assert_eq!(terms["products"][1]["price"], "KUDOS:5");
    // It keeps the goods for a quarter of an hour and no longer.
    let deadline = terms["pay_deadline"]["t_s"].as_u64().unwrap();
    assert!(deadline <= now() + 901, "{deadline}");
    assert_eq!(shop.counters("bread"), ["2.5", "0", "0", "1"]);
    assert_eq!(shop.pay(&id, &json!({ "method": "cash" })).status, 200);
    assert_eq!(shop.counters("bread"), ["2.5", "1.5", "0", "1"]);

    let one = |id: &str, quantity: &str| json!([{ "product_id": id, "quantity": quantity }]);
    for (lines, more, refusal) in [
        (one("cheese", "1"), json!({ "amount": "KUDOS:3" }), (409, 2860)),
        (one("cheese", "1"), json!({ "amount": "KUDOS:2", "tip": "KUDOS:1" }), (409, 2860)),
        (one("secret", "1"), json!({}), (409, 2865)),
        (one("open", "1"), json!({}), (409, 2865)),
        (one("nothing", "1"), json!({}), (404, 2006)),
        (json!([]), json!({}), (400, 25)),
        (json!([{ "product_id": "cheese" }]), json!({}), (400, 25)),
        (one("cheese", "-1"), json!({}), (400, 26)),
        (one("cheese", "0"), json!({}), (400, 26)),
        (one("cheese", "0.5"), json!({}), (400, 26)),
        (one("cheese", "11"), json!({}), (410, 2670)),
        (one("cheese", "1"), json!({ "template_type": "fixed-order" }), (409, 2864)),
        (one("cheese", "1"), json!({ "summary": "Rum" }), (409, 2861)),
    ] {
        let reply = take(&shop, "lunch", &lines, &more);
        assert_eq!(reply.failure(), refusal, "{lines} {more}");
    }
    // The currency is the customer's choice where the template and all products leave it.
    let euro = take(&shop, "lunch", &one("cheese", "1"), &json!({ "amount": "EUR:1" }));
    assert_eq!(euro.status, 200, "{euro:?}");
    let mixed = json!([
        { "product_id": "bread", "quantity": "0.1" }, { "product_id": "wine", "quantity": "1" },
    ]);
    assert_eq!(take(&shop, "lunch", &mixed, &json!({})).failure(), (409, 2866));
}

#[test]
fn one_of_many_is_exactly_one() {
    let shop = market();
    let contract =
        json!({ "summary": "x", "selected_all": true, "choose_one": true, "currency": "KUDOS" });
    assert_eq!(keep(&shop, "one", &contract).status, 204);
    let offered = shop.daemon.get("/templates/one").json();
    let products = offered["template_contract"]["inventory_payload"]["products"].clone();
    let names: Vec<_> =
        products.as_array().unwrap().iter().map(|one| one["product_id"].clone()).collect();
    // What costs nothing in its currency is not offered.
    assert_eq!(names, ["cheese", "bread", "secret"]);
    let line = |id: &str, quantity: &str| json!({ "product_id": id, "quantity": quantity });
    for lines in [json!([line("cheese", "2")]), json!([line("cheese", "1"), line("bread", "1")])] {
        let reply = take(&shop, "one", &lines, &json!({}));
        assert_eq!(refused(&reply), ((400, 26), "inventory_selection".to_owned()));
    }
    let foreign = take(&shop, "one", &json!([line("cheese", "1")]), &json!({ "amount": "EUR:1" }));
    assert_eq!(foreign.failure(), (409, 2024));
    assert_eq!(take(&shop, "one", &json!([line("wine", "1")]), &json!({})).failure(), (409, 2866));
    assert_eq!(take(&shop, "one", &json!([line("cheese", "1")]), &json!({})).status, 200);
}

#[test]
fn a_template_offers_only_what_there_is() {
    let shop = market();
    for (contract, refusal, detail) in [
        (json!({ "selected_categories": [99] }), (404, 2003), "99"),
        (json!({ "selected_products": ["nothing"] }), (404, 2006), "nothing"),
        (json!({ "amount": "KUDOS:1" }), (400, 26), "amount"),
        (json!({ "selected_products": [""] }), (400, 26), "selected_products"),
    ] {
        assert_eq!(
            refused(&keep(&shop, "t", &contract)),
            (refusal, detail.to_owned()),
            "{contract}"
        );
        let contract = with(json!({ "template_type": "inventory-cart" }), &contract);
        let body = json!({ "template_description": "x", "template_contract": contract });
        let reply = shop.patch("/private/templates/lunch", &body);
        assert_eq!(refused(&reply), (refusal, detail.to_owned()), "{body}");
    }
}

#[test]
fn a_cart_has_a_hundred_lines_and_no_more() {
    let shop = market();
    let lines =
        |count: usize| json!(vec![json!({ "product_id": "cheese", "quantity": "1" }); count]);
    let reply = take(&shop, "lunch", &lines(101), &json!({}));
    assert_eq!(refused(&reply), ((400, 26), "inventory_selection".to_owned()));
    assert_eq!(take(&shop, "lunch", &lines(100), &json!({})).failure(), (410, 2670));
    assert_eq!(take(&shop, "lunch", &lines(10), &json!({})).status, 200);
}
