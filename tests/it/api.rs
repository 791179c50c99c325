//! The description of the API, and what was found by holding the daemon to it (`tests/api`).

use serde_json::{Value, json};

use crate::common::document::complaint;
use crate::common::{Place, client};

const IBAN: &str = "payto://iban/DE75512108001245126199?receiver-name=Shop";

#[test]
fn the_operators_listener_shows_the_document_that_is_kept() {
    let place = Place::new();
    let daemon = place.start_with(&[("TILLD_ADMIN__LISTEN", "127.0.0.1:0")]);
    let address = format!("{}/openapi.json", daemon.admin.as_ref().unwrap());
    let answer = client().build().unwrap().get(address).send().unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["content-type"], "application/json");
    assert!(answer.text().unwrap() == include_str!("../../docs/openapi.json"));
    // It is not for the world.
    assert_eq!(daemon.get("/openapi.json").status, 404);
}

/// Every answer that a test gets by [`crate::common::Ask::send`] is held to the document.
#[test]
fn an_answer_that_the_document_does_not_know_is_found() {
    let said = |method, path, status, code| complaint(method, path, status, Some(code)).is_some();
    assert!(!said("GET", "/sessions/S1?fulfillment_url=x", 404, 2038));
    // A code of another operation, and a status of none.
    assert!(said("GET", "/sessions/S1?fulfillment_url=x", 404, 2005));
    assert!(said("GET", "/instances/shop/sessions/S1", 409, 2038));
    assert!(said("POST", "/private/orders/1/refund", 409, 2160));
    // There are no such paths and methods.
    assert!(!said("GET", "/nowhere", 404, 21));
    assert!(!said("PUT", "/config", 405, 20));
}

#[cfg(feature = "legacy")]
#[test]
fn unknown_members_are_ignored_in_bodies_of_2019_too() {
    let place = Place::new();
    place.instance("admin");
    place.ok(&["account", "add", "admin", IBAN]);
    let token = place.token("admin", "all");
    let daemon = place.start();
    let ask = |path: &str, body: &str| {
        let request = daemon.ask("POST", path).token(&token);
        request.body(body.as_bytes().to_vec()).send()
    };
    let order = r#""order": { "order_id": "1", "summary": "Tea", "amount": "KUDOS:5",
        "fulfillment_url": "https://shop.example/" }"#;
    let made = ask("/order", &format!(r#"{{ {order}, "größe": 1.5 }}"#));
    assert_eq!(made.status, 200, "{made:?}");
    let paid = daemon.ask("POST", "/private/orders/1/payments").token(&token);
    assert_eq!(paid.json(&json!({ "method": "cash" })).send().status, 200);
    let refund = r#"{ "order_id": "1", "refund": "KUDOS:1", "reason": "cold", "größe": 1.5 }"#;
    let granted = ask("/refund", refund);
    assert_eq!(granted.status, 200, "{granted:?}");
    // What becomes a contract is read to the letter.
    let odd = order.replace(r#""1""#, r#""2", "größe": 1"#);
    assert_eq!(ask("/order", &format!("{{ {odd} }}")).failure(), (400, 1007));
}

#[test]
fn an_instance_that_is_not_there_tells_nothing_of_the_shop() {
    let place = Place::new();
    place.instance("shop");
    let terms = place.dir.path().join("terms.md");
    std::fs::write(&terms, "# Terms").unwrap();
    let terms = terms.to_str().unwrap();
    let daemon =
        place.start_with(&[("TILLD_LEGAL__TERMS", terms), ("TILLD_LEGAL__PRIVACY", terms)]);
    for document in ["", "config", "exchanges", "terms", "privacy"] {
        // The root answers before its own instance is made.
        for there in ["", "/instances/shop", "/instances/admin"] {
            assert_eq!(daemon.get(&format!("{there}/{document}")).status, 200, "{there}");
        }
        let nobody = daemon.get(&format!("/instances/nobody/{document}"));
        assert_eq!(nobody.failure(), (404, 2000));
        let none = daemon.get(&format!("/instances/no,name/{document}"));
        assert_eq!(none.failure(), (400, 29));
    }
}

#[test]
fn a_list_is_not_read_as_an_object() {
    let place = Place::new();
    place.instance("admin");
    place.ok(&["account", "add", "admin", IBAN]);
    let token = place.token("admin", "all");
    let daemon = place.start();
    let ask = |method: &str, path: &str, body: Value| {
        daemon.ask(method, path).token(&token).json(&body).send()
    };
    let order = |name: &str, value: Value| {
        let mut order = json!({ "summary": "Tea", "amount": "KUDOS:5" });
        order[name] = value;
        json!({ "order": order })
    };
    for (method, path, body) in [
        ("POST", "/private/orders", order("pay_deadline", json!([4_000_000_000_u64]))),
        ("POST", "/private/orders", order("auto_refund", json!([1]))),
        ("PATCH", "/private", json!({ "name": "Shop", "address": [] })),
        ("PATCH", "/private", json!({ "name": "Shop", "jurisdiction": ["DE"] })),
        ("PATCH", "/private", json!({ "name": "Shop", "default_pay_delay": [60_000_000] })),
    ] {
        let answer = ask(method, path, body.clone());
        assert_eq!(answer.status, 400, "{body}: {answer:?}");
        assert!(answer.json()["code"].is_u64());
    }
    assert_eq!(ask("PATCH", "/private", json!({ "name": "Shop", "address": {} })).status, 204);
}
