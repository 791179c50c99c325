//! The till page: what a cart costs, what it takes of the inventory, how it is paid, and how a sale is undone.

use serde_json::{Value, json};

use super::{Page, Visitor, office, store, tamper};
use crate::common::shop::Shop;

/// A shop with tea, of which there are five, and cheese by the kilogram.
fn tea_shop() -> (Shop, Visitor) {
    let shop = office();
    for product in [
        json!({ "product_id": "tea", "description": "Tea", "unit": "Piece", "price": "KUDOS:2.5", "total_stock": 5 }),
        json!({ "product_id": "blue cheese", "description": "Blue cheese", "unit": "WeightUnitKg",
            "unit_price": ["KUDOS:3.33", "EUR:4"], "total_stock": -1 }),
    ] {
        assert_eq!(shop.post("/private/products", &product).status, 204);
    }
    let clerk = Visitor::seated(&shop.daemon.address, "admin");
    (shop, clerk)
}

/// The order that a form led to.
fn order_of(page: &Page) -> String {
    assert_eq!(page.status, 303, "{page:?}");
    let id = page.location().strip_prefix("/webui/till/").unwrap();
    assert!(!id.contains('?'), "{page:?}");
    id.to_owned()
}

fn stock(shop: &Shop, id: &str) -> (Value, Value) {
    let product = shop.get(&format!("/private/products/{id}")).json();
    (product["total_stock"].clone(), product["total_sold"].clone())
}

#[test]
fn a_cart_is_priced_by_the_server_and_paid_in_cash_with_change() {
    let (shop, clerk) = tea_shop();
    let inputs = [
        ("line", "2 tea"),
        ("line", "1.5 blue cheese"),
        ("own", "0.5 Bag"),
        ("discount", "10%"),
        ("tip", "1"),
        ("total", "10.45"),
        ("names", "2 × Tea, Blue cheese"),
        ("method", "cash"),
        ("given", "20"),
    ];
    let id = order_of(&clerk.post("/webui/till", &inputs));
    let order = shop.status(&id, "");
    assert_eq!(order["order_status"], "paid");
    assert_eq!(order["x_payment"], json!({ "method": "cash", "given": "KUDOS:20" }));
    let contract = &order["contract_terms"];
    // 1.5 × 3.33 is 4.995 and rounded up; a tenth of 10.50 is 1.05.
    let lines: Vec<&Value> =
        contract["products"].as_array().unwrap().iter().map(|line| &line["price"]).collect();
    assert_eq!(lines, ["KUDOS:0.5", "KUDOS:5", "KUDOS:5"]);
    assert_eq!((&contract["amount"], &contract["tip"]), (&json!("KUDOS:10.45"), &json!("KUDOS:1")));
    assert_eq!(contract["summary"], "2 × Tea, Blue cheese");
    assert_eq!(stock(&shop, "tea"), (json!(5), json!(2)));
    for path in ["till", "orders"] {
        let page = clerk.get(&format!("/webui/{path}/{id}"));
        for text in ["20.00\u{a0}KUDOS", "9.55\u{a0}KUDOS", "in cash"] {
            assert!(page.text.contains(text), "{path}: {text}: {}", page.text);
        }
    }
    let ledger =
        "/webui/export-file?ledger=payments&format=csv&from=2020-01-01&until=2100-01-01&zone=UTC";
    let ledger = clerk.get(ledger).text;
    assert!(ledger.contains(",10.45,cash,,"), "{ledger}");
}

#[test]
fn a_cart_may_wait_for_a_wallet_and_be_paid_otherwise_after_all() {
    let (shop, clerk) = tea_shop();
    let id = order_of(&clerk.post("/webui/till", &[("line", "1 tea"), ("amount", "0.5")]));
    assert_eq!(shop.status(&id, "")["order_status"], "unpaid");
    let page = clerk.get(&format!("/webui/till/{id}"));
    assert!(page.text.contains("3.00\u{a0}KUDOS") && page.text.contains("taler://pay"), "{page:?}");
    let path = format!("/webui/till/{id}/payment");
    for (inputs, why) in [
        (vec![("method", "cash"), ("given", "2.99")], "less than the price"),
        (vec![("method", "cash"), ("given", "x")], "type an amount"),
        (vec![("method", "taler")], "say how it was paid"),
        (vec![], "say how it was paid"),
    ] {
        let page = clerk.post(&path, &inputs);
        assert_eq!(page.status, 400, "{inputs:?}");
        assert!(page.text.contains(why), "{inputs:?}: {}", page.text);
    }
    assert_eq!(clerk.post(&path, &[("method", "card")]).status, 303);
    assert_eq!(shop.status(&id, "")["x_payment"], json!({ "method": "card" }));
    assert!(clerk.get(&format!("/webui/till/{id}")).text.contains("by card"));
}

#[test]
fn a_price_alone_needs_no_lines() {
    let (shop, clerk) = tea_shop();
    let id = order_of(&clerk.post("/webui/till", &[("amount", "3"), ("summary", "Soup")]));
    let contract = &shop.status(&id, "")["proto_contract_terms"];
    assert_eq!((&contract["amount"], &contract["summary"]), (&json!("KUDOS:3"), &json!("Soup")));
    assert_eq!(contract["products"], json!([]));
    // With a discount there is one, or nobody could see what was taken off.
    let inputs = [("amount", "3"), ("summary", "Soup"), ("discount", "0.50"), ("method", "other")];
    let id = order_of(&clerk.post("/webui/till", &inputs));
    let order = shop.status(&id, "");
    let contract = &order["contract_terms"];
    assert_eq!(contract["amount"], "KUDOS:2.5");
    assert_eq!(
        contract["products"],
        json!([{ "description": "Soup", "quantity": 1, "price": "KUDOS:3" }])
    );
    assert_eq!(order["x_payment"], json!({ "method": "other" }));
}

#[test]
fn what_is_sold_out_is_said_and_nothing_is_sold() {
    let (shop, clerk) = tea_shop();
    let page = clerk.post("/webui/till", &[("line", "6 tea"), ("method", "cash")]);
    assert_eq!(page.status, 410, "{page:?}");
    assert!(page.text.contains("Too few of: Tea. There are 5 left."), "{}", page.text);
    assert_eq!(clerk.post("/webui/till", &[("line", "5 tea"), ("method", "cash")]).status, 303);
    let page = clerk.post("/webui/till", &[("line", "1 tea")]);
    assert!(page.status == 410 && page.text.contains("Sold out: Tea"), "{page:?}");
    assert!(page.text.contains("data-sold-out disabled"), "{}", page.text);
    assert_eq!(stock(&shop, "tea"), (json!(5), json!(5)));
    assert_eq!(shop.get("/private/orders").json()["orders"].as_array().unwrap().len(), 1);
}

#[test]
fn a_sale_is_not_made_at_another_price_than_was_shown() {
    let (shop, clerk) = tea_shop();
    let inputs = [("line", "2 tea"), ("total", "5"), ("method", "cash")];
    assert_eq!(shop.patch("/private/products/tea", &json!({ "price": "KUDOS:3" })).status, 204);
    let page = clerk.post("/webui/till", &inputs);
    assert!(page.status == 409 && page.text.contains("A price has changed"), "{page:?}");
    assert_eq!(shop.get("/private/orders").json()["orders"], json!([]));
    assert_eq!(
        clerk.post("/webui/till", &[("line", "2 tea"), ("total", "6"), ("method", "cash")]).status,
        303
    );
}

#[test]
fn what_makes_no_sense_is_said_beside_the_form() {
    let (shop, clerk) = tea_shop();
    let many: Vec<(&str, &str)> = vec![("line", "1 tea"); 81];
    let tea = ("line", "1 tea");
    for (inputs, status, why) in [
        (vec![], 400, "type an amount"),
        (vec![("amount", "x")], 400, "type an amount"),
        (vec![tea, ("amount", "x")], 400, "type an amount"),
        (vec![tea, ("discount", "x")], 400, "type an amount"),
        (vec![tea, ("discount", "101%")], 400, "per cent up to 100"),
        (vec![tea, ("tip", "0.001")], 400, "at most 2 digits"),
        (
            vec![tea, ("total", "2.5"), ("given", "2"), ("method", "cash")],
            400,
            "less than the price",
        ),
        (vec![("line", "tea")], 400, "cannot be sold"),
        (vec![("line", "0 tea")], 400, "cannot be sold"),
        (vec![("own", "2")], 400, "cannot be sold"),
        (vec![("own", "0 Bag")], 400, "cannot be sold"),
        (many, 400, "too long"),
        (vec![("line", "1.5 tea")], 409, "cannot be sold"),
        (vec![("line", "1 coffee")], 409, "not there any more: coffee"),
        (vec![tea, ("discount", "2.5")], 409, "leaves nothing to pay"),
        (vec![tea, ("discount", "100%")], 409, "leaves nothing to pay"),
    ] {
        let page = clerk.post("/webui/till", &inputs);
        assert_eq!(page.status, status, "{inputs:?}");
        assert!(page.text.contains(why), "{inputs:?}: {}", page.text);
    }
    assert_eq!(shop.get("/private/orders").json()["orders"], json!([]));
}

#[test]
fn a_sale_at_the_counter_is_undone_once_and_soon() {
    let (shop, clerk) = tea_shop();
    let sold = |method| {
        let inputs = [("line", "2 tea"), ("line", "0.25 blue cheese"), ("method", method)];
        order_of(&clerk.post("/webui/till", &inputs))
    };
    for method in ["cash", "card", "other"] {
        let before = stock(&shop, "tea");
        let id = sold(method);
        let path = format!("/webui/till/{id}/undo");
        assert!(clerk.get(&format!("/webui/till/{id}")).text.contains(&path));
        assert_eq!(clerk.post(&path, &[]).status, 303);
        // What was sold stays sold, what was refunded is there again.
        let (total, counted) = (before.0.as_i64().unwrap(), before.1.as_i64().unwrap());
        assert_eq!(stock(&shop, "tea"), (json!(total + 2), json!(counted + 2)), "{method}");
        assert_eq!(stock(&shop, "blue%20cheese").0, -1);
        let order = shop.status(&id, "");
        assert_eq!(order["refund_amount"], order["contract_terms"]["amount"]);
        assert_eq!(order["refund_details"][0]["reason"], "Undone at the till");
        assert_eq!(order["refund_details"][0]["pending"], false);
        let page = clerk.get(&format!("/webui/till/{id}"));
        assert!(page.text.contains("give the money back") && !page.text.contains(&path));
        let again = clerk.post(&path, &[]);
        assert_eq!(again.status, 409, "{again:?}");
        assert_eq!(stock(&shop, "tea"), (json!(total + 2), json!(counted + 2)), "once");
    }
    // The day's sums are right: what came in went out.
    let page = clerk.get("/webui/till");
    assert!(page.text.contains("Paid (3)") && page.text.contains("Refunded (3)"), "{}", page.text);
    assert!(page.text.contains("0.00\u{a0}KUDOS"), "{}", page.text);

    let late = sold("cash");
    tamper(
        &store(&shop.place),
        &format!("UPDATE orders SET paid_at_s = paid_at_s - 901 WHERE order_id = '{late}'"),
    );
    let path = format!("/webui/till/{late}/undo");
    assert!(!clerk.get(&format!("/webui/till/{late}")).text.contains(&path));
    assert_eq!(clerk.post(&path, &[]).status, 409);

    // What somebody has refunded already, and what is not paid.
    let partly = sold("cash");
    assert_eq!(shop.refund(&partly, "KUDOS:1").status, 200);
    assert_eq!(clerk.post(&format!("/webui/till/{partly}/undo"), &[]).status, 409);
    let open = order_of(&clerk.post("/webui/till", &[("amount", "3")]));
    assert_eq!(clerk.post(&format!("/webui/till/{open}/undo"), &[]).status, 409);
    assert_eq!(shop.status(&open, "")["order_status"], "unpaid");
}

#[test]
fn what_the_customer_gives_is_no_less_than_the_price() {
    let (shop, _) = tea_shop();
    let (id, _) = shop.made(&json!({ "order": { "summary": "Tea", "amount": "KUDOS:2.5" } }));
    let path = format!("/private/orders/{id}/payments");
    for given in ["KUDOS:2.49", "EUR:5"] {
        let reply = shop.post(&path, &json!({ "method": "cash", "given": given }));
        assert_eq!(reply.status, 400, "{given}: {reply:?}");
    }
    let paid = json!({ "method": "cash", "given": "KUDOS:5" });
    let reply = shop.post(&path, &paid);
    assert_eq!((reply.status, &reply.json()["given"]), (200, &json!("KUDOS:5")), "{reply:?}");
    // Once more, and the first answer counts.
    let reply = shop.post(&path, &json!({ "method": "cash", "given": "KUDOS:10" }));
    assert_eq!((reply.status, &reply.json()["given"]), (200, &json!("KUDOS:5")), "{reply:?}");
}

#[test]
fn a_picture_is_a_picture_and_can_do_nothing() {
    let (shop, clerk) = tea_shop();
    let svg = "data:image/svg+xml;base64,PHN2ZyB4bWxucz0iaHR0cDovL3d3dy53My5vcmcvMjAwMC9zdmciPjxzY3JpcHQ+YWxlcnQoMSk8L3NjcmlwdD48L3N2Zz4=";
    assert_eq!(shop.patch("/private/products/tea", &json!({ "image": svg })).status, 204);
    let hash = shop.get("/private/products/tea").json()["image_hash"].as_str().unwrap().to_owned();
    let path = format!("/webui/pictures/{hash}");
    assert!(clerk.get("/webui/till").text.contains(&format!("src=\"{path}\"")));
    let picture = clerk.get(&path);
    assert_eq!(picture.status, 200);
    assert_eq!(
        picture.text,
        "<svg xmlns=\"http://www.w3.org/2000/svg\"><script>alert(1)</script></svg>"
    );
    for (name, value) in [
        ("content-type", "image/svg+xml"),
        ("cache-control", "private, max-age=31536000, immutable"),
        ("content-disposition", "attachment"),
        ("x-content-type-options", "nosniff"),
    ] {
        assert_eq!(picture.headers[name], value, "{name}");
    }
    let policy = &picture.headers["content-security-policy"];
    assert!(policy.starts_with("default-src 'none'") && policy.contains("sandbox"), "{policy}");
    for bad in ["/webui/pictures/x", &path.replace(&hash[..2], "zz"), &format!("{path}00")] {
        assert_eq!(clerk.get(bad).status, 404, "{bad}");
    }
}

#[test]
fn products_without_a_price_in_our_currency_are_not_offered() {
    let (shop, clerk) = tea_shop();
    for (id, price) in [("free", "KUDOS:0"), ("foreign", "CHF:2")] {
        let product = json!({ "product_id": id, "description": id, "unit": "Piece", "price": price, "total_stock": -1 });
        assert_eq!(shop.post("/private/products", &product).status, 204);
    }
    let page = clerk.get("/webui/till");
    assert!(
        page.text.contains("value=\"1 blue cheese\"") && page.text.contains(" / kg"),
        "{}",
        page.text
    );
    assert!(!page.text.contains("1 free") && !page.text.contains("1 foreign"), "{}", page.text);
    // What is net is shown and sold with its taxes.
    let net = json!({ "price_is_net": true, "taxes": [{ "name": "VAT", "tax": "KUDOS:0.48" }] });
    assert_eq!(shop.patch("/private/products/tea", &net).status, 204);
    let page = clerk.get("/webui/till");
    assert!(
        page.text.contains("KUDOS:2.5+0.48") && page.text.contains("2.98\u{a0}KUDOS"),
        "{}",
        page.text
    );
    let id = order_of(&clerk.post("/webui/till", &[("line", "3 tea"), ("total", "8.94")]));
    assert_eq!(shop.status(&id, "")["total_amount"], "KUDOS:8.94");
}
