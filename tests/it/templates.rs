//! Templates: kept by the shop, filled in by customers' wallets.

use serde_json::{Value, json};

use crate::common::Reply;
use crate::common::shop::{Shop, now};

/// A page behind a paywall.
const PAGE: &str = "https://news.example/a7";

/// A template with these terms.
fn template(id: &str, contract: &Value) -> Value {
    json!({ "template_id": id, "template_description": "A note", "template_contract": contract })
}

/// Keeps a template, which must go well.
fn keep(shop: &Shop, id: &str, contract: &Value) {
    let reply = shop.post("/private/templates", &template(id, contract));
    assert_eq!((reply.status, reply.text.as_str()), (204, ""), "{contract}");
}

/// What a customer's wallet posts.
fn fill(shop: &Shop, id: &str, body: &Value) -> Reply {
    shop.strange_post(&format!("/templates/{id}"), body)
}

/// The terms of the order that comes of a template.
fn terms(shop: &Shop, reply: &Reply) -> Value {
    assert_eq!(reply.status, 200, "{reply:?}");
    let id = reply.json()["order_id"].as_str().unwrap().to_owned();
    shop.status(&id, "")["proto_contract_terms"].clone()
}

/// A paywall's terms.
fn wall() -> Value {
    json!({
        "template_type": "paivana", "summary": "Article",
        "website_regex": "^https://news\\.example/", "choices": [{ "amount": "KUDOS:1" }],
    })
}

/// What the wallet of a reader posts.
fn reader(session: &str) -> Value {
    json!({ "template_type": "paivana", "website": PAGE, "paivana_id": session })
}

#[test]
fn a_template_is_kept_shown_changed_and_deleted() {
    let shop = Shop::new();
    assert_eq!(shop.get("/private/templates").json(), json!({ "templates": [] }));
    let contract = json!({
        "template_type": "fixed-order", "summary": "Tea", "currency": "KUDOS",
        "minimum_age": 0, "pay_duration": { "d_us": 60_000_000 }, "own": [1],
    });
    let mut tea = template("tea", &contract);
    tea["editable_defaults"] = json!({ "amount": "KUDOS:2" });
    tea["otp_id"] = Value::Null;
    for _ in 0..2 {
        let reply = shop.post("/private/templates", &tea);
        assert_eq!((reply.status, reply.text.as_str()), (204, ""));
    }
    let completed = |contract: &Value| {
        let mut contract = contract.clone();
        contract["template_type"] = json!("fixed-order");
        for (name, value) in
            [("minimum_age", json!(0)), ("pay_duration", json!({ "d_us": 86_400_000_000_u64 }))]
        {
            let members = contract.as_object_mut().unwrap();
            members.entry(name).or_insert(value);
        }
        contract
    };
    let public = json!({
        "template_contract": completed(&contract), "editable_defaults": { "amount": "KUDOS:2" },
        "required_currency": "KUDOS",
    });
    let mut private = public.clone();
    private["template_description"] = json!("A note");

    assert_eq!(shop.get("/private/templates/tea").json(), private);
    let shown = shop.daemon.get("/templates/tea");
    assert_eq!((shown.status, shown.json()), (200, public));
    let row = json!({ "template_id": "tea", "template_description": "A note" });
    assert_eq!(shop.get("/private/templates").json(), json!({ "templates": [row] }));

    let mut other = tea.clone();
    other["template_description"] = json!("Another note");
    assert_eq!(shop.post("/private/templates", &other).failure(), (409, 2850));
    let fixed = json!({ "summary": "Rum", "amount": "KUDOS:5.0" });
    let change = json!({ "template_description": "Rum!", "template_contract": fixed });
    let changed = shop.patch("/private/templates/tea", &change);
    assert_eq!((changed.status, changed.text.as_str()), (204, ""));
    // All of it is new; what is not said is gone.
    let changed = shop.get("/private/templates/tea").json();
    assert_eq!(
        changed,
        json!({ "template_description": "Rum!", "template_contract": completed(&fixed) })
    );
    let public = json!({ "template_contract": completed(&fixed) });
    assert_eq!(shop.daemon.get("/templates/tea").json(), public);

    let gone = shop.delete("/private/templates/tea");
    assert_eq!((gone.status, gone.text.as_str()), (204, ""));
    assert_eq!(shop.get("/private/templates").json(), json!({ "templates": [] }));
}

#[test]
fn a_template_that_is_not_there_is_unknown_to_all() {
    let shop = Shop::new();
    let body = json!({ "template_description": "x", "template_contract": {} });
    assert_eq!(shop.get("/private/templates/none").failure(), (404, 2018));
    assert_eq!(shop.patch("/private/templates/none", &body).failure(), (404, 2018));
    assert_eq!(shop.delete("/private/templates/none").failure(), (404, 2018));
    assert_eq!(shop.daemon.get("/templates/none").failure(), (404, 2018));
    assert_eq!(fill(&shop, "none", &json!({})).failure(), (404, 2018));
    assert_eq!(shop.daemon.get("/templates/a%20b").failure(), (400, 29));
    assert_eq!(shop.daemon.get("/instances/nobody/templates/none").failure(), (404, 2000));

    keep(&shop, "tea", &json!({}));
    shop.place.instance("bar");
    assert_eq!(shop.daemon.get("/instances/bar/templates/tea").failure(), (404, 2018));
}

#[test]
fn a_template_that_makes_no_sense_is_refused_with_its_reason() {
    let shop = Shop::new();
    keep(&shop, "there", &json!({ "summary": "Tea" }));
    let two = json!([{ "amount": "KUDOS:1" }, { "amount": "KUDOS:2" }]);
    let with_input = json!([{ "amount": "KUDOS:1", "inputs": [{ "type": "token" }] }]);
    let paivana = |name: &str, value: Value| {
        let mut contract = wall();
        contract[name] = value;
        contract
    };
    for (contract, refusal, detail) in [
        (Value::Null, (400, 25), "template_contract"),
        (json!(5), (400, 26), "template_contract"),
        (json!({ "template_type": "free" }), (400, 26), "template_type"),
        (json!({ "summary": 5 }), (400, 26), "summary"),
        (json!({ "summary": "x".repeat(4097) }), (400, 26), "summary"),
        (json!({ "amount": "much" }), (400, 26), "amount"),
        (json!({ "currency": "5" }), (400, 26), "currency"),
        (json!({ "currency": "EUR", "amount": "KUDOS:1" }), (400, 26), "currency"),
        (json!({ "pay_duration": 5 }), (400, 26), "pay_duration"),
        (json!({ "minimum_age": -1 }), (400, 26), "minimum_age"),
        (json!({ "minimum_age": 121 }), (400, 26), "minimum_age"),
        (json!({ "request_tip": 1 }), (400, 26), "request_tip"),
        (paivana("website_regex", json!("(")), (400, 26), "website_regex"),
        (paivana("website_regex", json!("x".repeat(1025))), (400, 26), "website_regex"),
        (paivana("website_regex", json!("(x{1000}){1000}")), (400, 26), "website_regex"),
        (paivana("choices", json!([])), (400, 26), "choices"),
        (paivana("choices", Value::Null), (400, 25), "choices"),
        (paivana("choices", json!([{}])), (400, 25), "amount"),
        (paivana("choices", two), (501, 76), "templates with several choices"),
        (paivana("choices", with_input), (501, 76), "templates with several choices"),
    ] {
        let body = template("new", &contract);
        for reply in
            [shop.post("/private/templates", &body), shop.patch("/private/templates/there", &body)]
        {
            assert_eq!(reply.failure(), refusal, "{contract}");
            assert_eq!(reply.json()["detail"], detail, "{contract}");
        }
    }

    let good = template("new", &json!({ "summary": "Tea" }));
    for (name, value, refusal) in [
        ("template_id", Value::Null, (400, 25)),
        ("template_id", json!("a/b"), (400, 26)),
        ("template_description", Value::Null, (400, 25)),
        ("template_description", json!(5), (400, 26)),
        ("template_description", json!("x".repeat(4097)), (400, 26)),
        ("editable_defaults", json!(5), (400, 26)),
        ("editable_defaults", json!({ "summary": "Rum" }), (400, 26)),
        ("editable_defaults", json!({ "amount": 5 }), (400, 26)),
        // Customers' orders of it would be refused.
        ("editable_defaults", json!({ "amount": "KUDOS:0" }), (400, 26)),
        ("editable_defaults", json!({ "amount": "MARK:1" }), (409, 2024)),
        ("template_contract", json!({ "summary": "Tea", "amount": "MARK:1" }), (409, 2024)),
        ("template_contract", json!({ "summary": "Tea", "currency": "MARK" }), (409, 2024)),
        ("editable_defaults", json!({ "minimum_age": 5 }), (400, 26)),
        ("otp_id", json!("device"), (404, 2021)),
    ] {
        let mut body = good.clone();
        body[name] = value;
        assert_eq!(shop.post("/private/templates", &body).failure(), refusal, "{body}");
        if name != "template_id" {
            let change = shop.patch("/private/templates/there", &body);
            assert_eq!(change.failure(), refusal, "{body}");
        }
    }
    assert_eq!(shop.get("/private/templates/new").failure(), (404, 2018));
    let there = shop.daemon.get("/templates/there").json();
    assert_eq!(there["template_contract"]["summary"], "Tea");
    assert_eq!(there["template_contract"].get("amount"), None);
}

#[test]
fn a_customer_says_what_the_shop_leaves_open() {
    let shop = Shop::new();
    keep(&shop, "open", &json!({ "minimum_age": 16, "pay_duration": { "d_us": 60_000_000 } }));

    let body = json!({ "summary": "Tea", "amount": "KUDOS:2.50", "unknown": 1 });
    let reply = fill(&shop, "open", &body);

    let contract = terms(&shop, &reply);
    let made = reply.json();
    let token = made["token"].as_str().unwrap();
    let id = made["order_id"].as_str().unwrap();
    assert_eq!(token.len(), 26);
    let deadline = contract["pay_deadline"].clone();
    assert_eq!(made, json!({ "order_id": id, "token": token, "pay_deadline": deadline }));
    assert_eq!((&contract["summary"], &contract["amount"]), (&json!("Tea"), &json!("KUDOS:2.5")));
    assert_eq!(contract["minimum_age"], 16);
    let time = contract["timestamp"]["t_s"].as_u64().unwrap();
    assert!(now().abs_diff(time) < 30);
    assert!(deadline["t_s"].as_u64().unwrap().abs_diff(time + 60) < 30);
    shop.claimed(id, token);
    assert_ne!(fill(&shop, "open", &body).json()["order_id"], id);

    let form = |text: &'static str| {
        let ask = shop.daemon.ask("POST", "/templates/open");
        ask.header("Content-Type", "application/x-www-form-urlencoded; charset=UTF-8")
            .body(text)
            .send()
    };
    let contract = terms(&shop, &form("summary=Tea+%26+cake&amount=KUDOS%3A1.5&tip="));
    let said = (&contract["summary"], &contract["amount"]);
    assert_eq!(said, (&json!("Tea & cake"), &json!("KUDOS:1.5")));
    assert_eq!(form("summary=Tea&amount=much").failure(), (400, 26));
    assert_eq!(form("summary=&amount=KUDOS:1").failure(), (409, 2863));
    // Some tools call everything a form.
    assert_eq!(form(r#"{"summary":"Tea","amount":"KUDOS:1"}"#).status, 200);
}

#[test]
fn what_the_shop_fixes_the_customer_cannot_change() {
    let shop = Shop::new();
    keep(&shop, "fixed", &json!({ "summary": "Tea", "amount": "KUDOS:2.50" }));
    keep(&shop, "open", &json!({ "currency": "KUDOS" }));
    keep(&shop, "tip", &json!({ "summary": "Tea", "amount": "KUDOS:2", "request_tip": true }));

    for same in [
        json!({}),
        json!({ "template_type": "fixed-order" }),
        json!({ "summary": "Tea", "amount": "KUDOS:2.5" }),
    ] {
        let contract = terms(&shop, &fill(&shop, "fixed", &same));
        let said = (&contract["summary"], &contract["amount"]);
        assert_eq!(said, (&json!("Tea"), &json!("KUDOS:2.5")), "{same}");
    }
    let tipped = json!({ "amount": "KUDOS:3", "tip": "KUDOS:1.00" });
    let contract = terms(&shop, &fill(&shop, "tip", &tipped));
    assert_eq!((&contract["amount"], &contract["tip"]), (&json!("KUDOS:3"), &json!("KUDOS:1")));

    for (id, body, refusal) in [
        ("fixed", json!({ "amount": "KUDOS:2" }), (409, 2860)),
        ("tip", json!({ "amount": "KUDOS:2", "tip": "KUDOS:1" }), (409, 2860)),
        ("fixed", json!({ "summary": "Rum" }), (409, 2861)),
        ("open", json!({ "summary": "Tea" }), (409, 2862)),
        ("open", json!({ "amount": "KUDOS:1" }), (409, 2863)),
        ("fixed", json!({ "template_type": "paivana" }), (409, 2864)),
        ("fixed", json!({ "template_type": "inventory-cart" }), (409, 2864)),
        ("fixed", json!({ "amount": "EUR:2.50" }), (409, 2024)),
        ("open", json!({ "summary": "Tea", "amount": "EUR:1" }), (409, 2024)),
        ("tip", json!({ "tip": "EUR:1" }), (409, 2024)),
        ("fixed", json!({ "tip": "KUDOS:1" }), (400, 26)),
        ("fixed", json!({ "amount": 5 }), (400, 26)),
        ("fixed", json!({ "template_type": "free" }), (400, 26)),
        ("open", json!({ "summary": "x".repeat(4097), "amount": "KUDOS:1" }), (400, 26)),
    ] {
        assert_eq!(fill(&shop, id, &body).failure(), refusal, "{id} {body}");
    }
    let long = json!({ "summary": "x".repeat(70_000) });
    assert_eq!(fill(&shop, "open", &long).failure(), (413, 32));
    let broken = shop.daemon.ask("POST", "/templates/fixed").body("{").send();
    assert_eq!(broken.failure(), (400, 22));
}

#[test]
fn an_order_of_a_template_meets_what_every_order_meets() {
    let shop = Shop::new();
    // Two of an older version, which took them.
    keep(&shop, "odd", &json!({ "summary": "Tea", "amount": "EUR:7" }));
    keep(
        &shop,
        "late",
        &json!({ "summary": "Tea", "amount": "KUDOS:1", "pay_duration": { "d_us": 1_000_001 } }),
    );
    let file = rusqlite::Connection::open(shop.place.db()).unwrap();
    file.busy_timeout(crate::common::PATIENCE).unwrap();
    let sql = "UPDATE templates SET contract = replace(contract, '1000001', '0');
        UPDATE templates SET contract = replace(contract, 'EUR:7', 'XYZ:1')";
    file.execute_batch(sql).unwrap();
    keep(&shop, "tea", &json!({ "summary": "Tea", "amount": "KUDOS:1" }));
    assert_eq!(fill(&shop, "odd", &json!({})).failure(), (409, 2024));
    assert_eq!(fill(&shop, "late", &json!({})).failure(), (400, 2507));
    let account = shop.get("/private/accounts").json()["accounts"][0]["h_wire"].clone();
    shop.delete(&format!("/private/accounts/{}", account.as_str().unwrap()));
    assert_eq!(fill(&shop, "tea", &json!({})).failure(), (404, 2500));
}

#[test]
fn a_reader_gets_an_order_for_the_page_and_session() {
    let shop = Shop::new();
    keep(&shop, "wall", &wall());
    let sessions = |session: &str| {
        let url = "https%3A%2F%2Fnews.example%2Fa7";
        shop.daemon.get(&format!("/sessions/{session}?fulfillment_url={url}"))
    };
    assert_eq!(sessions("1-x_y").failure(), (404, 2038));

    let reply = fill(&shop, "wall", &reader("1-x_y"));

    let contract = terms(&shop, &reply);
    let id = reply.json()["order_id"].as_str().unwrap().to_owned();
    assert_eq!(contract["fulfillment_url"], PAGE);
    assert_eq!(contract["amount"], "KUDOS:1");
    assert_eq!(contract.get("choices"), None);
    let waiting = sessions("1-x_y");
    assert_eq!((waiting.status, waiting.json()), (202, json!({ "order_id": id })));
    assert_eq!(sessions("1-z").failure(), (404, 2038));
    assert_eq!(shop.pay(&id, &json!({ "method": "cash" })).status, 200);
    let paid = sessions("1-x_y");
    assert_eq!((paid.status, paid.json()), (200, json!({ "order_id": id })));
}

#[test]
fn a_reader_who_leaves_something_out_or_is_elsewhere_gets_none() {
    let shop = Shop::new();
    keep(&shop, "wall", &wall());
    keep(
        &shop,
        "any",
        &json!({ "template_type": "paivana", "summary": "Article", "amount": "KUDOS:2" }),
    );
    for (name, value, refusal, detail) in [
        ("website", Value::Null, (400, 25), "website"),
        ("paivana_id", Value::Null, (400, 25), "paivana_id"),
        ("website", json!("https://evil.example/?https://news.example/"), (400, 26), "website"),
        ("website", json!("no address"), (400, 26), "website"),
        ("website", json!(5), (400, 26), "website"),
        ("paivana_id", json!(5), (400, 26), "paivana_id"),
        ("paivana_id", json!(""), (400, 26), "paivana_id"),
        ("template_type", Value::Null, (409, 2864), "template_type"),
        ("amount", json!("KUDOS:2"), (409, 2860), "amount"),
    ] {
        let mut body = reader("1-x");
        body[name] = value;
        let reply = fill(&shop, "wall", &body);
        assert_eq!(reply.failure(), refusal, "{body}");
        assert_eq!(reply.json()["detail"], detail, "{body}");
    }
    assert_eq!(shop.get("/private/orders").json(), json!({ "orders": [] }));

    let mut body = reader("1-x");
    body["website"] = json!("https://evil.example/");
    let contract = terms(&shop, &fill(&shop, "any", &body));
    assert_eq!(contract["fulfillment_url"], "https://evil.example/");
    assert_eq!(contract["amount"], "KUDOS:2");
}
