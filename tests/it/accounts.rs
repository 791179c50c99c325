//! Bank accounts.

use serde_json::{Value, json};

use crate::common::Place;

const IBAN: &str = "payto://iban/DE75512108001245126199?receiver-name=Shop";

#[test]
fn an_account_keeps_its_hash_for_ever() {
    let place = Place::new();
    place.instance("admin");
    let token = place.token("admin", "all");
    let daemon = place.start();
    let ask = |method: &str, path: &str, body: Value| {
        let ask = daemon.ask(method, &format!("/private/accounts{path}")).token(&token);
        if body.is_null() { ask.send() } else { ask.json(&body).send() }
    };
    let add = |body: Value| ask("POST", "", body);

    let first = add(json!({ "payto_uri": IBAN }));
    assert_eq!(first.status, 200);
    let first = first.json();
    let h_wire = first["h_wire"].as_str().unwrap().to_owned();
    assert_eq!((h_wire.len(), first["salt"].as_str().unwrap().len()), (103, 26));
    let salt = taler::base32::Salt::parse(first["salt"].as_str().unwrap()).unwrap();
    let payto = taler::payto::Payto::parse(IBAN).unwrap();
    assert_eq!(payto.h_wire(&salt).to_string(), h_wire);
    assert_eq!(add(json!({ "payto_uri": IBAN })).json(), first);

    let facade = json!({
        "credit_facade_url": "https://bank.example/in/",
        "credit_facade_credentials": { "type": "basic", "username": "u", "password": "hunter2" },
    });
    let mut with_facade = facade.clone();
    with_facade["payto_uri"] = json!(IBAN);
    assert_eq!(add(with_facade).failure(), (409, 2627));
    assert_eq!(ask("PATCH", &format!("/{h_wire}"), facade).status, 204);
    let shown = ask("GET", &format!("/{}", h_wire.to_lowercase()), Value::Null);
    assert!(!shown.text.contains("hunter2"));
    assert_eq!(shown.json()["credit_facade_url"], "https://bank.example/in/");
    assert_eq!(shown.json()["active"], true);

    assert_eq!(ask("DELETE", &format!("/{h_wire}"), Value::Null).status, 204);
    assert_eq!(ask("DELETE", &format!("/{h_wire}"), Value::Null).failure(), (404, 2626));
    let list = ask("GET", "", Value::Null).json();
    assert_eq!(list["accounts"], json!([{ "payto_uri": IBAN, "h_wire": h_wire, "active": false }]));
    assert_eq!(add(json!({ "payto_uri": IBAN })).json(), first);
    assert_eq!(ask("GET", "", Value::Null).json()["accounts"][0]["active"], true);
}

#[test]
fn a_typing_mistake_is_found_before_a_customer_pays() {
    let place = Place::new();
    place.instance("admin");
    let token = place.token("admin", "all");
    let daemon = place.start();
    let add = |body: Value| {
        daemon.ask("POST", "/private/accounts").token(&token).json(&body).send().failure()
    };
    assert_eq!(add(json!({})), (400, 25));
    assert_eq!(add(json!({ "payto_uri": 5 })), (400, 26));
    for wrong in [
        "DE75512108001245126199",
        "payto://iban/DE75512108001245126198?receiver-name=Shop",
        "payto://iban/DE75512108001245126199",
        "payto://bitcoin/bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4",
        "payto://x-taler-bank/bank.example?receiver-name=Shop",
    ] {
        assert_eq!(add(json!({ "payto_uri": wrong })), (400, 24), "{wrong}");
    }
    let kind = json!({ "payto_uri": IBAN, "credit_facade_credentials": { "type": 0 } });
    assert_eq!(add(kind), (400, 26), "a kind is a word");
    let url = json!({ "payto_uri": IBAN, "credit_facade_url": "bank" });
    assert_eq!(add(url), (400, 26));
    let show = |id: &str| {
        daemon.ask("GET", &format!("/private/accounts/{id}")).token(&token).send().failure()
    };
    assert_eq!(show("nonsense"), (400, 2023));
    assert_eq!(show(&"0".repeat(103)), (404, 2022));
}
