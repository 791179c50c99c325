//! Webhooks are added, shown, changed and deleted as documented (webhooks 1).

use serde_json::{Value, json};

use super::{added, shop, shown, webhook};
use crate::common::shop::Shop;

const URL: &str = "https://shop.example/hook";

#[test]
fn a_webhook_is_added_shown_replaced_and_deleted() {
    let shop = shop();
    assert_eq!(shop.get("/private/webhooks").json(), json!({ "webhooks": [] }));
    let hook = json!({
        "webhook_id": "Tryton-Webhook-1a2b3c4d-pay", "event_type": "pay", "url": URL,
        "http_method": "post", "header_template": "X-Key: a\nContent-Type: application/json",
        "body_template": "{\"event\": \"payment\", \"order_id\": \"{{order_id}}\"}",
    });
    added(&shop, &hook);
    // The same again, and other data.
    added(&shop, &hook);
    let mut other = hook.clone();
    other["url"] = json!("https://shop.example/other");
    assert_eq!(shop.post("/private/webhooks", &other).failure(), (409, 2900));
    added(&shop, &webhook("second", "order_created", URL, "x"));
    let rows = json!([
        { "webhook_id": "Tryton-Webhook-1a2b3c4d-pay", "event_type": "pay" },
        { "webhook_id": "second", "event_type": "order_created" },
    ]);
    assert_eq!(shop.get("/private/webhooks").json(), json!({ "webhooks": rows }));

    let path = "/private/webhooks/Tryton-Webhook-1a2b3c4d-pay";
    let mut expected = hook.clone();
    expected["http_method"] = json!("POST");
    expected.as_object_mut().unwrap().remove("webhook_id");
    expected["x_active"] = json!(true);
    expected["x_waiting"] = json!(0);
    assert_eq!(shop.get(path).json(), expected);

    // What is not said is cleared, and null is as none.
    let change = json!({
        "event_type": "refund", "url": URL, "http_method": "PUT", "header_template": null,
    });
    assert_eq!(shop.patch(path, &change).status, 204);
    let after = shop.get(path).json();
    assert_eq!(
        after,
        json!({ "event_type": "refund", "url": URL, "http_method": "PUT", "x_active": true, "x_waiting": 0 })
    );
    assert_eq!(shop.delete(path).status, 204);
    for reply in [shop.get(path), shop.delete(path), shop.patch(path, &change)] {
        assert_eq!(reply.failure(), (404, 2019));
    }
    assert_eq!(shop.get("/private/webhooks").json()["webhooks"].as_array().unwrap().len(), 1);
}

#[track_caller]
fn refused(shop: &Shop, change: &Value, status: u16, code: u64, named: &str) {
    let mut hook = webhook("w", "pay", URL, "x");
    for (name, value) in change.as_object().unwrap() {
        hook[name] = value.clone();
    }
    let reply = shop.post("/private/webhooks", &hook);
    assert_eq!(reply.failure(), (status, code), "{change}");
    assert!(reply.text.contains(named), "{change}: {reply:?}");
    assert_eq!(shop.get("/private/webhooks").json(), json!({ "webhooks": [] }));
}

#[test]
fn what_no_webhook_can_be_is_refused_and_named() {
    let shop = shop();
    for name in ["webhook_id", "event_type", "url", "http_method"] {
        refused(&shop, &json!({ name: null }), 400, 25, name);
        refused(&shop, &json!({ name: 5 }), 400, 26, name);
    }
    for (name, value) in [
        ("webhook_id", "a/b"),
        ("event_type", "order_pay"),
        ("http_method", "TRACE"),
        ("url", "ftp://shop.example/"),
        ("url", "https://{{order_id}}.example/"),
        ("url", "https://user@shop.example/"),
        ("url", "https://shop.example:25/"),
        ("url", "https://shop.example/{{order_id"),
        ("header_template", "no colon"),
        ("header_template", "Host: other.example"),
        ("header_template", "webhook-signature: v1,x"),
        ("body_template", "{{#a}}"),
    ] {
        refused(&shop, &json!({ name: value }), 400, 26, name);
    }
    refused(&shop, &json!({ "url": format!("{URL}/{}", "x".repeat(2_048)) }), 413, 32, "too long");
    let lines = "X-A: b\n".repeat(33);
    refused(&shop, &json!({ "header_template": lines }), 413, 32, "too long");
    refused(&shop, &json!({ "body_template": "x".repeat((64 << 10) + 1) }), 413, 32, "too long");
}

#[test]
fn the_operators_own_network_is_not_called_unless_the_operator_allows_it() {
    let closed = Shop::new();
    for url in [
        "http://127.0.0.1:8080/",
        "https://127.1/",
        "https://0x7f000001/",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://192.168.1.10/",
        "https://localhost/",
        "https://169.254.169.254/latest/",
        "http://shop.example/",
    ] {
        refused(&closed, &json!({ "url": url }), 400, 26, "url");
    }
    let open = shop();
    added(&open, &webhook("here", "pay", "http://127.0.0.1:8080/", "x"));
    refused_by(&open, "https://192.168.1.10/");
    // The daemon itself is never called.
    refused_by(&open, &format!("{}/", open.daemon.address));
}

fn refused_by(shop: &Shop, url: &str) {
    let reply = shop.post("/private/webhooks", &webhook("w", "pay", url, "x"));
    assert_eq!(reply.failure(), (400, 26), "{url}");
}

#[test]
fn an_instance_has_fifty_webhooks_at_most() {
    let shop = shop();
    for number in 0..50 {
        added(&shop, &webhook(&format!("w{number}"), "pay", URL, "x"));
    }
    let one_more = webhook("w50", "pay", URL, "x");
    assert_eq!(shop.post("/private/webhooks", &one_more).failure(), (507, 52));
    // One that is there is no more.
    added(&shop, &webhook("w7", "pay", URL, "x"));
    assert_eq!(shop.delete("/private/webhooks/w7").status, 204);
    added(&shop, &one_more);
}

#[test]
fn a_secret_is_shown_once_and_by_nothing_else() {
    let shop = shop();
    added(&shop, &webhook("w", "pay", URL, "x"));
    let secret = super::new_secret(&shop, "w", &json!({}));
    assert!(secret.starts_with("whsec_") && secret.len() == 50, "{secret}");
    assert_ne!(super::new_secret(&shop, "w", &json!({ "keep_old_s": 0 })), secret);
    let shown = shown(&shop, "w").to_string();
    assert!(!shown.contains("whsec_") && !shown.contains("secret"), "{shown}");
    let too_long = shop.post("/private/webhooks/w/secret", &json!({ "keep_old_s": 2_592_001 }));
    assert_eq!(too_long.failure(), (400, 26));
    assert_eq!(shop.post("/private/webhooks/none/secret", &json!({})).failure(), (404, 2019));
}

#[test]
fn a_log_says_what_it_cannot_find() {
    let shop = shop();
    added(&shop, &webhook("w", "pay", URL, "x"));
    let path = "/private/webhooks/w/deliveries";
    assert_eq!(shop.get(path).json(), json!({ "deliveries": [] }));
    assert_eq!(shop.get(&format!("{path}?state=given_up&limit=1&offset=5")).status, 200);
    for query in ["limit=0", "limit=-1", "state=lost", "offset=x"] {
        assert_eq!(shop.get(&format!("{path}?{query}")).failure(), (400, 26), "{query}");
    }
    assert_eq!(shop.get("/private/webhooks/none/deliveries").failure(), (404, 2019));
    assert_eq!(shop.post(&format!("{path}/5/redeliver"), &json!({})).failure(), (404, 2020));
    let since = json!({ "since": { "t_s": 0 } });
    let reply = shop.post("/private/webhooks/w/redeliver", &since);
    assert_eq!((reply.status, reply.json()), (202, json!({ "count": 0 })));
}
