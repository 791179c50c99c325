//! What a shop keeps of its products, and of how they are sorted and counted.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{cheese, refused, with};
use crate::common::shop::Shop;

/// A picture of one pixel.
const PIXEL: &str = "data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAACAkQBADs=";

#[test]
fn a_product_is_kept_shown_changed_and_deleted() {
    let shop = Shop::new();
    assert_eq!(shop.get("/private/products").json(), json!({ "products": [] }));
    for _ in 0..2 {
        shop.stock(&cheese());
    }
    let plain = json!({
        "product_name": "Cheese", "description": "Cheese", "description_i18n": {}, "categories": [],
        "unit": "Piece", "unit_allow_fraction": false, "unit_precision_level": 0,
        "unit_total_stock": "10", "total_stock": 10, "unit_total_sold": "0", "total_sold": 0,
        "unit_total_lost": "0", "total_lost": 0, "unit_available": "10",
        "unit_price": ["KUDOS:2"], "price": "KUDOS:2", "price_is_net": false, "image": "", "taxes": [],
    });
    assert_eq!(shop.product("cheese"), plain);
    let other = with(cheese(), &json!({ "price": "KUDOS:3" }));
    assert_eq!(shop.post("/private/products", &other).failure(), (409, 2650));

    let category = shop.numbered("/private/categories", &json!({ "name": "Food" }), "category_id");
    let group = json!({ "group_name": "G", "description": "x" });
    let group = shop.numbered("/private/groups", &group, "group_serial_id");
    let pot = json!({ "pot_name": "P", "description": "x" });
    let pot = shop.numbered("/private/pots", &pot, "pot_serial_id");
    let change = json!({
        "product_name": "Emmental", "description_i18n": { "de": "Käse" }, "categories": [category, category],
        "unit": "WeightUnitKg", "unit_total_stock": "12.5", "total_stock": 12, "unit_total_lost": "0.25",
        "unit_price": ["KUDOS:3", "EUR:2.5"], "price": "KUDOS:3.0", "price_is_net": true,
        "product_group_id": group, "money_pot_id": pot, "image": PIXEL,
        "taxes": [{ "name": "VAT", "tax": "KUDOS:0.2" }], "address": { "town": "Bern" },
        "next_restock": { "t_s": 4_000_000_000_u64 }, "minimum_age": 16,
    });
    let reply = shop.patch("/private/products/cheese", &change);
    assert_eq!((reply.status, reply.text.as_str()), (204, ""));
    let hash = data_encoding::HEXLOWER
        .encode(&Sha256::digest(PIXEL.split_once("base64,").unwrap().1.as_bytes()));
    let all = with(
        plain,
        &json!({
            "product_name": "Emmental", "description_i18n": { "de": "Käse" }, "categories": [category],
            "unit": "WeightUnitKg", "unit_allow_fraction": true, "unit_precision_level": 3,
            "unit_total_stock": "12.5", "total_stock": 12, "unit_total_lost": "0.25", "total_lost": 0,
            "unit_available": "12.25", "unit_price": ["KUDOS:3", "EUR:2.5"], "price": "KUDOS:3",
            "price_is_net": true, "product_group_id": group, "money_pot_id": pot,
            "image": PIXEL, "image_hash": hash, "taxes": [{ "name": "VAT", "tax": "KUDOS:0.2" }],
            "address": { "town": "Bern" }, "next_restock": { "t_s": 4_000_000_000_u64 }, "minimum_age": 16,
        }),
    );
    assert_eq!(shop.product("cheese"), all);
    // What is not said stays, and what is shown can be sent again.
    assert_eq!(shop.patch("/private/products/cheese", &json!({})).status, 204);
    assert_eq!(shop.patch("/private/products/cheese", &all).status, 204);
    assert_eq!(shop.product("cheese"), all);
    // A client that knows of one price leaves the others alone.
    assert_eq!(shop.patch("/private/products/cheese", &json!({ "price": "KUDOS:4" })).status, 204);
    assert_eq!(shop.product("cheese")["unit_price"], json!(["KUDOS:4", "EUR:2.5"]));
    assert_eq!(shop.patch("/private/products/cheese", &json!({ "image": "" })).status, 204);
    assert_eq!(shop.product("cheese")["image"], "");

    let gone = shop.delete("/private/products/cheese");
    assert_eq!((gone.status, gone.text.as_str()), (204, ""));
    for reply in [
        shop.get("/private/products/cheese"),
        shop.patch("/private/products/cheese", &json!({})),
        shop.delete("/private/products/cheese"),
        shop.post(
            "/private/products/cheese/lock",
            &json!({ "lock_uuid": "u", "duration": { "d_us": 1_000_000 } }),
        ),
    ] {
        assert_eq!(refused(&reply), ((404, 2006), "cheese".to_owned()));
    }
}

#[test]
fn a_product_goes_by_the_name_that_other_programs_have_for_it() {
    let shop = Shop::new();
    let name = "Käse 1/2 (mild)";
    shop.stock(&with(cheese(), &json!({ "product_id": name })));
    let path = "/private/products/K%C3%A4se%201%2F2%20%28mild%29";
    assert_eq!(shop.get(path).status, 200);
    assert_eq!(shop.patch(path, &json!({ "description": "x" })).status, 204);
    assert_eq!(shop.delete(path).status, 204);
    let bad = with(cheese(), &json!({ "product_id": "a\nb" }));
    assert_eq!(refused(&shop.post("/private/products", &bad)), ((400, 26), "product_id".into()));
}

#[test]
fn what_makes_no_product_is_refused_with_its_reason() {
    let shop = Shop::new();
    let long = format!("data:image/png;base64,{}", "A".repeat(600 * 1024));
    for (more, refusal, detail) in [
        (json!({ "product_id": null }), (400, 25), "product_id"),
        (json!({ "description": null }), (400, 25), "description"),
        (json!({ "unit": null }), (400, 25), "unit"),
        (json!({ "total_stock": null }), (400, 25), "unit_total_stock"),
        (json!({ "price": null }), (400, 25), "unit_price"),
        (json!({ "total_stock": -2 }), (400, 26), "unit_total_stock"),
        (json!({ "unit_total_stock": "11" }), (400, 26), "unit_total_stock"),
        (json!({ "total_stock": null, "unit_total_stock": "1.5" }), (400, 26), "unit_total_stock"),
        (json!({ "unit_price": ["KUDOS:3"] }), (400, 26), "price"),
        (json!({ "unit_price": ["KUDOS:2", "KUDOS:3"] }), (400, 26), "unit_price"),
        (json!({ "price": null, "unit_price": [] }), (400, 26), "unit_price"),
        (json!({ "unit": "x".repeat(81) }), (400, 26), "unit"),
        (json!({ "description_i18n": { "de-CH": "x" } }), (400, 26), "description_i18n"),
        (json!({ "image": "data:text/html;base64,AAAA" }), (400, 26), "image"),
        (json!({ "image": long }), (400, 26), "image"),
        (json!({ "minimum_age": 121 }), (400, 26), "minimum_age"),
        // Also where it would count for nothing.
        (json!({ "unit_precision_level": 7 }), (400, 26), "unit_precision_level"),
        (json!({ "taxes": [{ "name": "VAT" }] }), (400, 25), "taxes[0].tax"),
        (json!({ "categories": [7] }), (404, 2003), "7"),
        (json!({ "product_group_id": 8 }), (404, 2036), "8"),
        (json!({ "money_pot_id": 9 }), (404, 2037), "9"),
    ] {
        let reply = shop.post("/private/products", &with(cheese(), &more));
        assert_eq!(refused(&reply), (refusal, detail.to_owned()), "{more}");
    }
    assert_eq!(shop.get("/private/products").json(), json!({ "products": [] }));
}

#[test]
fn counters_of_stock_only_grow() {
    let shop = Shop::new();
    shop.stock(&cheese());
    let patch = |body: Value| shop.patch("/private/products/cheese", &body);
    assert_eq!(patch(json!({ "total_stock": 9 })).failure(), (409, 2662));
    assert_eq!(patch(json!({ "total_lost": 11 })).failure(), (400, 2661));
    assert_eq!(patch(json!({ "total_lost": 2 })).status, 204);
    assert_eq!(patch(json!({ "total_lost": 2 })).status, 204);
    assert_eq!(patch(json!({ "total_lost": 1 })).failure(), (409, 2660));
    assert_eq!(patch(json!({ "total_stock": -1 })).status, 204);
    assert_eq!(shop.counters("cheese"), ["-1", "0", "2", "-1"]);
    assert_eq!(patch(json!({ "total_stock": 5 })).status, 204);
    assert_eq!(shop.counters("cheese"), ["5", "0", "2", "3"]);
}

/// The bodies as its code of 2026 sends them: nulls, counters in `POST` too, all members in `PATCH`.
#[test]
fn dolibarr_keeps_its_products_here() {
    let shop = Shop::new();
    let category = shop.numbered("/private/categories", &json!({ "name": "Food" }), "category_id");
    let mut body = json!({
        "product_id": "PROD 1/ä", "product_name": "Brot", "description": "", "description_i18n": null,
        "unit": "u", "price": "KUDOS:3.50", "image": null, "taxes": null, "categories": [category],
        "total_stock": 4, "total_sold": 0, "total_lost": 0, "address": null, "next_restock": null,
        "minimum_age": null,
    });
    for _ in 0..2 {
        shop.stock(&body);
    }
    let path = "/private/products/PROD%201%2F%C3%A4";
    assert_eq!(shop.get(path).json()["product_name"], "Brot");
    body.as_object_mut().unwrap().remove("product_id");
    body["total_stock"] = json!(6);
    assert_eq!(shop.patch(path, &body).status, 204);
    assert_eq!(shop.get(path).json()["total_stock"], 6);
    // It sends what is present; once something was sold that is less than was ever stocked.
    body["total_stock"] = json!(5);
    let refused = shop.patch(path, &body);
    assert_eq!(refused.failure(), (409, 2662));
    assert!(refused.json()["hint"].as_str().unwrap().contains("ever stocked"));
}

#[test]
fn products_are_listed_by_page_and_by_what_they_are() {
    let shop = Shop::new();
    let food = shop.numbered("/private/categories", &json!({ "name": "Food" }), "category_id");
    let group = json!({ "group_name": "G", "description": "" });
    let group = shop.numbered("/private/groups", &group, "group_serial_id");
    for number in 1..=25 {
        let more = json!({
            "product_id": format!("p{number}"), "product_name": format!("Äpfel {number}"),
            "description": format!("Sorte {number}"),
            "categories": if number % 2 == 0 { json!([food]) } else { json!([]) },
            "product_group_id": if number % 5 == 0 { json!(group) } else { Value::Null },
        });
        shop.stock(&with(cheese(), &more));
    }
    let list = |query: &str| -> Vec<(String, i64)> {
        let reply = shop.get(&format!("/private/products{query}"));
        assert_eq!(reply.status, 200, "{reply:?}");
        let products = reply.json()["products"].as_array().unwrap().clone();
        let row = |row: &Value| {
            (
                row["product_id"].as_str().unwrap().to_owned(),
                row["product_serial"].as_i64().unwrap(),
            )
        };
        products.iter().map(row).collect()
    };
    let names = |query: &str| list(query).into_iter().map(|(name, _)| name).collect::<Vec<_>>();
    let first = list("");
    assert_eq!(first.len(), 20);
    assert_eq!(first[0].0, "p1");
    let next = format!("?offset={}", first[19].1);
    assert_eq!(names(&next), ["p21", "p22", "p23", "p24", "p25"]);
    assert_eq!(names("?limit=-2"), ["p25", "p24"]);
    assert_eq!(names(&format!("?limit=-2&offset={}", first[2].1)), ["p2", "p1"]);
    assert_eq!(names(&format!("?limit=3&category_filter={food}")), ["p2", "p4", "p6"]);
    assert_eq!(names(&format!("?product_group_serial={group}&limit=-1")), ["p25"]);
    assert_eq!(names("?name_filter=%C3%A4PFEL%201&limit=3"), ["p1", "p10", "p11"]);
    assert_eq!(names("?description_filter=SORTE%2024"), ["p24"]);
    assert_eq!(shop.get("/private/products?limit=0").failure(), (400, 26));
}

#[test]
fn a_picture_is_public_by_its_hash_and_goes_with_its_last_product() {
    let shop = Shop::new();
    let pictured = |id: &str| with(cheese(), &json!({ "product_id": id, "image": PIXEL }));
    shop.stock(&pictured("a"));
    shop.stock(&pictured("b"));
    let hash = |text: &str| data_encoding::HEXLOWER.encode(&Sha256::digest(text.as_bytes()));
    let data = hash(PIXEL.split_once("base64,").unwrap().1);
    assert_eq!(shop.product("a")["image_hash"], data.as_str());
    let image = |hash: &str| shop.daemon.get(&format!("/products/{hash}/image"));
    for hash in [data.clone(), data.to_uppercase(), hash(PIXEL)] {
        let reply = image(&hash);
        assert_eq!((reply.status, reply.json()), (200, json!({ "image": PIXEL })));
        assert_eq!(reply.headers["content-type"], "application/json");
        assert_eq!(reply.headers["cache-control"], "public, max-age=31536000, immutable");
        assert_eq!(reply.headers["access-control-allow-origin"], "*");
    }
    assert_eq!(image("xyz").failure(), (400, 26));
    assert_eq!(image(&hash("nothing")).failure(), (404, 21));
    assert_eq!(shop.delete("/private/products/a").status, 204);
    assert_eq!(image(&data).status, 200);
    assert_eq!(shop.patch("/private/products/b", &json!({ "image": "" })).status, 204);
    assert_eq!(image(&data).failure(), (404, 21));
}

#[test]
fn pictures_of_a_shop_take_no_more_than_their_room() {
    let shop = Shop::new();
    let picture = |number: usize| {
        let data = format!("{number:04}{}", "A".repeat(614_000));
        let more = json!({ "product_id": format!("p{number}"), "image": format!("data:image/png;base64,{data}") });
        shop.post("/private/products", &with(cheese(), &more))
    };
    let kept = (0..).take_while(|number| picture(*number).status == 204).count();
    assert_eq!(kept, 109, "64 MiB of pictures of 614,026 bytes");
    let full = picture(kept);
    assert_eq!(refused(&full), ((507, 52), "bytes of pictures".to_owned()));
    // The same picture again takes no room.
    let more = json!({ "product_id": "same", "image": shop.product("p0")["image"] });
    shop.stock(&with(cheese(), &more));
}

#[test]
fn categories_are_kept_and_their_products_outlive_them() {
    let shop = Shop::new();
    assert_eq!(shop.get("/private/categories").json(), json!({ "categories": [] }));
    let food = json!({ "name": "Food", "name_i18n": { "de": "Essen" } });
    let id = shop.numbered("/private/categories", &food, "category_id");
    assert!(id > 0);
    assert_eq!(shop.post("/private/categories", &food).failure(), (409, 2651));
    let drink = shop.numbered("/private/categories", &json!({ "name": "Drink" }), "category_id");
    shop.stock(&with(cheese(), &json!({ "categories": [id] })));
    let rows = json!({ "categories": [
        { "category_id": id, "name": "Food", "name_i18n": { "de": "Essen" }, "product_count": 1 },
        { "category_id": drink, "name": "Drink", "product_count": 0 },
    ] });
    assert_eq!(shop.get("/private/categories").json(), rows);
    let path = format!("/private/categories/{id}");
    let shown = json!({ "name": "Food", "name_i18n": { "de": "Essen" }, "products": [{ "product_id": "cheese" }] });
    assert_eq!(shop.get(&path).json(), shown);
    assert_eq!(shop.patch(&path, &json!({ "name": "Drink" })).failure(), (409, 2651));
    assert_eq!(shop.patch(&path, &json!({ "name": "Meals" })).status, 204);
    assert_eq!(
        shop.get(&path).json(),
        json!({ "name": "Meals", "products": [{ "product_id": "cheese" }] })
    );
    assert_eq!(shop.delete(&path).status, 204);
    assert_eq!(shop.product("cheese")["categories"], json!([]));
    for reply in [shop.get(&path), shop.patch(&path, &json!({ "name": "x" })), shop.delete(&path)] {
        assert_eq!(refused(&reply), ((404, 2003), id.to_string()));
    }
    // Numbers are not used again.
    let next = shop.numbered("/private/categories", &json!({ "name": "Food" }), "category_id");
    assert!(next > drink);
    assert_eq!(shop.post("/private/categories", &json!({ "name": "" })).failure(), (400, 26));
    assert_eq!(shop.get("/private/categories/x").failure(), (400, 29));
}

#[test]
fn a_shop_has_a_thousand_categories_and_no_more() {
    let shop = Shop::new();
    let bodies: Vec<_> = (0..1000).map(|number| json!({ "name": format!("c{number}") })).collect();
    for part in bodies.chunks(50) {
        for reply in shop.at_once("/private/categories", part) {
            assert_eq!(reply.status, 200, "{reply:?}");
        }
    }
    let full = shop.post("/private/categories", &json!({ "name": "more" }));
    assert_eq!(refused(&full), ((507, 52), "categories".to_owned()));
}

#[test]
fn units_that_are_built_in_keep_their_names() {
    let shop = Shop::new();
    let kilo = shop.get("/private/units/WeightUnitKg").json();
    assert_eq!(
        kilo,
        json!({
            "unit": "WeightUnitKg", "unit_name_long": "kilogram", "unit_name_short": "kg",
            "unit_allow_fraction": true, "unit_precision_level": 3, "unit_active": true, "unit_builtin": true,
        })
    );
    let path = "/private/units/WeightUnitKg";
    assert_eq!(shop.patch(path, &json!({ "unit_name_short": "k" })).failure(), (409, 2033));
    assert_eq!(shop.delete(path).failure(), (409, 2033));
    let again = with(kilo.clone(), &json!({ "unit_precision_level": 1 }));
    assert_eq!(shop.post("/private/units", &again).failure(), (409, 2033));
    let change = json!({ "unit_active": false, "unit_precision_level": 1 });
    assert_eq!(shop.patch(path, &change).status, 204);
    assert_eq!(shop.get(path).json(), with(kilo, &change));
    // New products are as fine as their unit.
    let more = json!({ "unit": "WeightUnitKg", "total_stock": null, "unit_total_stock": "1.25" });
    let reply = shop.post("/private/products", &with(cheese(), &more));
    assert_eq!(refused(&reply), ((400, 26), "unit_total_stock".to_owned()));
    assert_eq!(shop.get("/private/units/Parsec").failure(), (404, 2004));
}

#[test]
fn a_shop_makes_units_of_its_own() {
    let shop = Shop::new();
    let list = || {
        let units = shop.get("/private/units").json()["units"].as_array().unwrap().clone();
        units.iter().map(|unit| unit["unit"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let builtin = list();
    assert!(builtin.is_sorted() && builtin.contains(&"Piece".to_owned()));
    let crate_ = json!({
        "unit": "Crate of 6", "unit_name_long": "crate", "unit_name_short": "cr",
        "unit_name_long_i18n": { "de": "Kiste" }, "unit_precision_level": 2,
    });
    for _ in 0..2 {
        assert_eq!(shop.post("/private/units", &crate_).status, 204);
    }
    assert_eq!(list().len(), builtin.len() + 1);
    let path = "/private/units/Crate%20of%206";
    let shown = with(
        crate_,
        &json!({
            "unit_allow_fraction": false, "unit_precision_level": 0, "unit_active": true, "unit_builtin": false,
        }),
    );
    assert_eq!(shop.get(path).json(), shown);
    let change =
        json!({ "unit_allow_fraction": true, "unit_precision_level": 1, "unit_active": false });
    assert_eq!(shop.patch(path, &change).status, 204);
    assert_eq!(shop.get(path).json(), with(shown, &change));
    assert_eq!(shop.delete(path).status, 204);
    for reply in [shop.get(path), shop.patch(path, &json!({})), shop.delete(path)] {
        assert_eq!(reply.failure(), (404, 2004));
    }
    assert_eq!(list(), builtin);
}

#[test]
fn groups_and_pots_are_labels_with_names_of_their_own() {
    let shop = Shop::new();
    for (path, list, name, serial, made, unknown, taken) in [
        ("/private/groups", "groups", "group_name", "group_serial", "group_serial_id", 2036, 2690),
        ("/private/pots", "pots", "pot_name", "pot_serial", "pot_serial_id", 2037, 2691),
    ] {
        let body = |text: &str| json!({ name: text, "description": "x" });
        let [first, second] = ["one", "two"].map(|text| shop.numbered(path, &body(text), made));
        assert_eq!(shop.post(path, &body("one")).failure(), (409, taken));
        let row = |id: i64, text: &str| json!({ serial: id, name: text, "description": "x" });
        assert_eq!(shop.get(path).json()[list], json!([row(second, "two"), row(first, "one")]));
        let oldest = shop.get(&format!("{path}?limit=1")).json();
        assert_eq!(oldest[list], json!([row(first, "one")]));
        let own = format!("{path}/{first}");
        assert_eq!(shop.patch(&own, &body("two")).failure(), (409, taken));
        assert_eq!(shop.patch(&own, &body("three")).status, 204);
        assert_eq!(shop.delete(&own).status, 204);
        let gone = [shop.patch(&own, &body("x")), shop.delete(&own)];
        for reply in gone {
            assert_eq!(refused(&reply), ((404, unknown), first.to_string()));
        }
        assert_eq!(shop.get(&format!("{path}?limit=0")).failure(), (400, 26));
    }
}

#[test]
fn the_totals_of_a_pot_are_set_by_those_who_know_them() {
    let shop = Shop::new();
    let body = json!({ "pot_name": "tips", "description": "x" });
    let id = shop.numbered("/private/pots", &body, "pot_serial_id");
    let path = format!("/private/pots/{id}");
    assert_eq!(
        shop.get(&path).json(),
        json!({ "pot_name": "tips", "description": "x", "pot_totals": [] })
    );
    let set = json!({ "expected_pot_totals": [], "new_pot_totals": ["KUDOS:2", "EUR:1"] });
    assert_eq!(shop.patch(&path, &set).status, 204);
    assert_eq!(shop.get(&path).json()["pot_totals"], json!(["EUR:1", "KUDOS:2"]));
    assert_eq!(shop.patch(&path, &set).failure(), (409, 2692));
    let twice = json!({ "new_pot_totals": ["KUDOS:2", "KUDOS:1"] });
    assert_eq!(refused(&shop.patch(&path, &twice)), ((400, 26), "new_pot_totals".to_owned()));
    let reset =
        json!({ "expected_pot_totals": ["KUDOS:2.0", "EUR:1", "CHF:0"], "new_pot_totals": [] });
    assert_eq!(shop.patch(&path, &reset).status, 204);
    assert_eq!(shop.get(&path).json()["pot_totals"], json!([]));
}

#[test]
fn what_a_purged_shop_has_goes_with_it_and_what_another_has_stays() {
    let shop = Shop::new();
    shop.place.instance("bar");
    let token = shop.place.token("bar", "all");
    let pictured = with(cheese(), &json!({ "image": PIXEL }));
    let at = |path: &str| format!("/instances/bar/private/{path}");
    let post = |path: &str, body: &Value| {
        let reply = shop.daemon.ask("POST", &at(path)).token(&token).json(body).send();
        assert!(reply.status < 300, "{reply:?}");
        reply
    };
    let pot = post("pots", &json!({ "pot_name": "p", "description": "x" })).json();
    let category = post("categories", &json!({ "name": "c" })).json();
    let more =
        json!({ "money_pot_id": pot["pot_serial_id"], "categories": [category["category_id"]] });
    post("products", &with(pictured.clone(), &more));
    let lock = json!({ "lock_uuid": "u", "duration": { "d_us": 60_000_000 } });
    post("products/cheese/lock", &lock);
    shop.stock(&pictured);
    assert_eq!(shop.delete("/management/instances/bar?purge=yes").status, 204);
    assert_eq!(shop.product("cheese")["image"], PIXEL);
    let hash = shop.product("cheese")["image_hash"].as_str().unwrap().to_owned();
    assert_eq!(shop.daemon.get(&format!("/products/{hash}/image")).status, 200);
    shop.place.ok(&["check"]);
}
