//! Everything that happens to an order is told, once, in whatever way it happens (webhooks 2).

use serde_json::{Value, json};

use super::sink::{Heard, Sink};
use super::{ALLOWED, added, names, new_secret, shop, signature, webhook};
use crate::coins::claimed;
use crate::common::exchange::Exchange;
use crate::common::shop::{Shop, plain};

/// What breaks JSON, HTML and lines that are put together from it.
const HOSTILE: &str = "a \"quoted\" \\ </script> & \u{2028} \u{1F600}";

/// What was heard at a path.
fn at<'a>(heard: &'a [Heard], path: &str) -> Vec<&'a Heard> {
    heard.iter().filter(|one| one.path == path).collect()
}

#[test]
fn an_order_is_told_when_it_is_made_paid_and_refunded() {
    let (shop, sink) = (shop(), Sink::start());
    let created = r#"{"id":"{{order_id}}","contract":{{contract}},"shop":"{{instance_id}}"}"#;
    added(&shop, &webhook("c", "order_created", &sink.url("/c"), created));
    let paid = r#"{"event_type":"pay","order_id":"{{order_id}}","summary":"{{summary}}","contract_terms":{{contract_terms}}}"#;
    added(&shop, &webhook("p", "pay", &sink.url("/p?order={{order_id}}"), paid));
    let refunded = r#"{"timestamp":{{timestamp}},"refund_amount":"{{refund_amount}}","total":"{{refund_total}}","reason":"{{reason}}"}"#;
    added(&shop, &webhook("r", "refund", &sink.url("/r"), refunded));

    let mut request = plain(HOSTILE, "KUDOS:5");
    request["order"]["order_id"] = json!("o 1".replace(' ', "-"));
    request["refund_delay"] = json!({ "d_us": 86_400_000_000_u64 });
    let (id, token) = shop.made(&request);
    // The same wish again makes no other order.
    assert_eq!(shop.made(&request).0, id);
    let heard = sink.hears(1);
    let told = heard[0].json();
    assert_eq!((&told["id"], &told["shop"]), (&json!(id), &json!("admin")));
    assert_eq!(told["contract"]["summary"], HOSTILE);
    assert!(told["contract"].get("nonce").is_none());

    let contract = shop.claimed(&id, &token);
    assert_eq!(shop.pay(&id, &json!({ "method": "cash" })).status, 200);
    // The same payment again is no other payment.
    assert_eq!(shop.pay(&id, &json!({ "method": "cash" })).status, 200);
    let heard = sink.hears(2);
    assert_eq!(heard[1].path, format!("/p?order={id}"));
    let told = heard[1].json();
    assert_eq!((&told["order_id"], &told["summary"]), (&json!(id), &json!(HOSTILE)));
    assert_eq!(told["contract_terms"], contract.terms);

    for (total, count) in [("KUDOS:1", 3), ("KUDOS:1", 3), ("KUDOS:3.5", 4)] {
        let body = json!({ "refund": total, "reason": HOSTILE });
        assert_eq!(shop.post(&format!("/private/orders/{id}/refund"), &body).status, 200);
        assert_eq!(sink.hears(count).len(), count);
    }
    let heard = sink.hears(4);
    let rises: Vec<Value> = at(&heard, "/r").iter().map(|one| one.json()).collect();
    let amounts = |name: &str| rises.iter().map(|rise| rise[name].clone()).collect::<Vec<_>>();
    assert_eq!(amounts("refund_amount"), ["KUDOS:1", "KUDOS:2.5"]);
    assert_eq!(amounts("total"), ["KUDOS:1", "KUDOS:3.5"]);
    assert_eq!(amounts("reason"), [HOSTILE, HOSTILE]);
    // Nanoseconds since 1970.
    assert!(rises[0]["timestamp"].as_u64().unwrap() > 1_700_000_000_000_000_000);
}

#[test]
fn without_a_template_a_short_signed_object_is_sent() {
    let (shop, sink) = (shop(), Sink::start());
    let hook = json!({
        "webhook_id": "w", "event_type": "pay", "url": sink.url("/w"), "http_method": "POST",
        "header_template": "X-Order: {{order_id}}\nX-Summary: {{summary}}",
    });
    added(&shop, &hook);
    let secret = new_secret(&shop, "w", &json!({ "keep_old_s": 0 }));
    let id = shop.sold(&plain("tea", "KUDOS:5"));
    let heard = sink.hears(1).swap_remove(0);
    let body = heard.json();
    assert_eq!(body["type"], "order.paid");
    assert_eq!((heard.method.as_str(), heard.path.as_str()), ("POST", "/w"));
    let data = &body["data"];
    for (name, value) in
        [("event_type", "pay"), ("order_id", &id), ("amount", "KUDOS:5"), ("instance_id", "admin")]
    {
        assert_eq!(data[name], value, "{body}");
    }
    assert_eq!(data["event_id"], heard.headers["webhook-id"]);
    assert!(data["order_status_url"].as_str().unwrap().contains(&id));
    for (name, value) in
        [("content-type", "application/json"), ("x-order", &id), ("x-summary", "tea")]
    {
        assert_eq!(heard.headers[name], value);
    }
    assert!(heard.headers["user-agent"].starts_with("tilld/"));
    assert!(!heard.headers.contains_key("webhook-test"));
    assert_eq!(heard.headers["webhook-signature"], signature(&heard, &secret));
}

#[test]
fn orders_are_told_in_whatever_way_they_come_to_be() {
    let (shop, sink) = (shop(), Sink::start());
    names(&shop, &sink, "c", "order_created");
    let (own, _) = shop.made(&plain("tea", "KUDOS:5"));
    let template = json!({
        "template_id": "t", "template_description": "x",
        "template_contract": { "amount": "KUDOS:1", "summary": "tea", "minimum_age": 0 },
    });
    assert_eq!(shop.post("/private/templates", &template).status, 204);
    let made = shop.strange_post("/templates/t", &json!({}));
    assert_eq!(made.status, 200, "{made:?}");
    let of_template = made.json()["order_id"].as_str().unwrap().to_owned();
    let mut expected = vec![own, of_template];
    if cfg!(feature = "legacy") {
        let order = json!({
            "summary": "tea", "amount": "KUDOS:1", "fulfillment_url": "https://shop.example/",
        });
        let made = shop.post("/order", &json!({ "order": order }));
        assert_eq!(made.status, 200, "{made:?}");
        expected.push(made.json()["order_id"].as_str().unwrap().to_owned());
    }
    let heard = sink.hears(expected.len());
    assert_eq!(heard.iter().map(|one| one.body.clone()).collect::<Vec<_>>(), expected);
}

#[test]
fn a_payment_with_coins_is_told_and_each_refund_of_it() {
    let (exchange, sink) = (Exchange::start(), Sink::start());
    let account = "payto://x-taler-bank/localhost/shop?receiver-name=Shop";
    let shop = Shop::configured_at(account, &format!("{ALLOWED}\n{}", exchange.trusted()));
    names(&shop, &sink, "p", "pay");
    names(&shop, &sink, "r", "refund");
    let claimed = claimed(&shop, &crate::coins::order("1"));
    let coin = exchange.coin("1");
    let body = claimed.payment(&exchange, &[(&coin, "1")]);
    for _ in 0..2 {
        assert_eq!(claimed.pay(&shop, &body).status, 200);
    }
    assert_eq!(shop.refund(&claimed.id, "KUDOS:0.4").status, 200);
    // That the customer fetches it is told to nobody.
    assert_eq!(claimed.pick_up(&shop).status, 200);
    assert_eq!(shop.refund(&claimed.id, "KUDOS:0.6").status, 200);
    let heard = sink.hears(3);
    let paths: Vec<_> = heard.iter().map(|one| one.path.as_str()).collect();
    assert_eq!(paths, ["/p", "/r", "/r"]);
    assert!(heard.iter().all(|one| one.body == claimed.id));
    let ids: std::collections::BTreeSet<_> =
        heard.iter().map(|one| one.headers["webhook-id"].clone()).collect();
    assert_eq!(ids.len(), 3);
}

#[test]
fn one_event_has_one_name_for_all_webhooks_and_shops_hear_their_own() {
    let (shop, sink) = (shop(), Sink::start());
    names(&shop, &sink, "one", "pay");
    names(&shop, &sink, "two", "pay");
    shop.place.instance("other");
    let order = shop.sold(&plain("tea", "KUDOS:1"));
    let heard = sink.hears(2);
    assert_eq!(heard[0].headers["webhook-id"], heard[1].headers["webhook-id"]);
    assert!(heard.iter().all(|one| one.body == order));
    let token = shop.place.token("other", "all");
    let reply = shop.daemon.ask("GET", "/instances/other/private/webhooks").token(&token).send();
    assert_eq!(reply.json(), json!({ "webhooks": [] }));
    let reply =
        shop.daemon.ask("GET", "/instances/other/private/webhooks/one").token(&token).send();
    assert_eq!(reply.failure(), (404, 2019));
}
