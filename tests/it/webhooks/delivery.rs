//! What a receiver answers decides what becomes of a delivery; the shop sees it and can send it again
//! (webhooks 4 and 5.4).

use serde_json::{Value, json};

use super::sink::{Manners, Sink, says};
use super::{added, log, names, new_secret, shop, shown, signature, webhook};
use crate::common::eventually;
use crate::common::shop::{Shop, plain};

fn sold(shop: &Shop) -> String {
    shop.sold(&plain("tea", "KUDOS:1"))
}

/// Waits until the log of a webhook says so of its newest delivery, and returns that.
fn newest(shop: &Shop, id: &str, what: &str, is_so: impl Fn(&Value) -> bool) -> Value {
    let mut found = Value::Null;
    eventually(what, || {
        found = log(shop, id).first().cloned().unwrap_or_default();
        is_so(&found)
    });
    found
}

fn failed(shop: &Shop, id: &str) -> Value {
    newest(shop, id, "an attempt has failed", |one| one["last_attempt"].is_object())
}

#[test]
fn a_delivery_that_fails_is_made_again_with_the_same_name_and_later_ones_wait_for_it() {
    let (shop, sink) = (shop(), Sink::start());
    names(&shop, &sink, "p", "pay");
    let secret = new_secret(&shop, "p", &json!({ "keep_old_s": 0 }));
    sink.behave(Manners::Says(500, String::new(), "down \u{7} for <b>now</b>".into()));
    let first = sold(&shop);
    sink.hears(1);
    let delivery = failed(&shop, "p");
    assert_eq!((&delivery["state"], &delivery["attempts"]), (&json!("waiting"), &json!(1)));
    assert_eq!(delivery["last_http_status"], 500);
    assert_eq!(delivery["answer_head"], "down  for <b>now</b>");
    assert_eq!(delivery["order_id"], first);
    let pause = delivery["next_attempt"]["t_s"].as_u64().unwrap()
        - delivery["last_attempt"]["t_s"].as_u64().unwrap();
    assert!((4..=7).contains(&pause), "{delivery}");
    assert!(shown(&shop, "p")["x_failing_since"].is_object());

    let second = sold(&shop);
    sink.behave(says(200));
    let heard = sink.hears(3);
    let bodies: Vec<_> = heard.iter().map(|one| one.body.clone()).collect();
    assert_eq!(bodies, [first.clone(), first, second], "the second one has waited");
    let ids: Vec<_> = heard.iter().map(|one| &one.headers["webhook-id"]).collect();
    assert!(ids[0] == ids[1] && ids[1] != ids[2]);
    for one in &heard {
        assert_eq!(one.headers["webhook-signature"], signature(one, &secret));
    }
    let done = newest(&shop, "p", "it is delivered", |one| one["state"] == "delivered");
    assert!(done.get("next_attempt").is_none() && done.get("last_error").is_none(), "{done}");
    let shown = shown(&shop, "p");
    assert!(shown.get("x_failing_since").is_none() && shown["x_last_success"].is_object());
    assert_eq!(shown["x_waiting"], 0);
}

#[test]
fn another_address_is_not_followed() {
    let (shop, sink, elsewhere) = (shop(), Sink::start(), Sink::start());
    names(&shop, &sink, "p", "pay");
    for status in [301, 307] {
        sink.behave(Manners::Says(
            status,
            format!("Location: {}\r\n", elsewhere.url("/")),
            String::new(),
        ));
        sold(&shop);
        let delivery = newest(&shop, "p", "it has failed", |one| one["last_http_status"] == status);
        assert_eq!(delivery["state"], "waiting");
        assert_eq!(shop.delete("/private/webhooks/p").status, 204);
        names(&shop, &sink, "p", "pay");
    }
    assert!(elsewhere.heard().is_empty());
}

#[test]
fn a_receiver_that_is_gone_is_told_no_more_until_the_shop_says_so() {
    let (shop, sink) = (shop(), Sink::start());
    names(&shop, &sink, "p", "pay");
    sink.behave(says(500));
    let first = sold(&shop);
    failed(&shop, "p");
    let second = sold(&shop);
    sink.behave(says(410));
    eventually("it is out of use", || shown(&shop, "p")["x_active"] == false);
    let status = shown(&shop, "p");
    assert_eq!((&status["x_disabled_why"], &status["x_waiting"]), (&json!("gone"), &json!(0)));
    let states: Vec<_> = log(&shop, "p").iter().map(|one| one["state"].clone()).collect();
    assert_eq!(states, ["cancelled", "given_up"]);
    let before = sink.heard().len();
    // Nothing is written for it.
    sold(&shop);
    assert_eq!(log(&shop, "p").len(), 2);

    sink.behave(says(200));
    let change = webhook("p", "pay", &sink.url("/p"), "{{order_id}}");
    assert_eq!(shop.patch("/private/webhooks/p", &change).status, 204);
    assert_eq!(shown(&shop, "p")["x_active"], true);
    let since = json!({ "since": { "t_s": 0 } });
    let again = shop.post("/private/webhooks/p/redeliver", &since);
    assert_eq!((again.status, again.json()), (202, json!({ "count": 2 })));
    let heard = sink.hears(before + 2);
    let bodies: Vec<_> = heard[before..].iter().map(|one| one.body.clone()).collect();
    assert_eq!(bodies, [first, second]);
}

#[test]
fn answers_without_an_end_and_none_at_all_are_cut() {
    let (shop, sink) = (shop(), Sink::start());
    names(&shop, &sink, "p", "pay");
    sink.behave(Manners::Streams);
    sold(&shop);
    let delivery = newest(&shop, "p", "it is delivered", |one| one["state"] == "delivered");
    assert_eq!(delivery["answer_head"].as_str().unwrap().len(), 256);
    assert!(delivery["took_ms"].as_u64().unwrap() < 5_000, "{delivery}");
    sink.behave(Manners::Closes);
    sold(&shop);
    let delivery = failed(&shop, "p");
    assert_eq!(delivery["state"], "waiting");
    assert!(delivery.get("last_http_status").is_none() && delivery["last_error"].is_string());
}

#[test]
fn a_receiver_says_when_it_wants_to_be_asked_again() {
    let (shop, sink) = (shop(), Sink::start());
    names(&shop, &sink, "p", "pay");
    for (status, expected) in [(429, 3_600), (503, 3_600), (500, 6)] {
        sink.behave(Manners::Says(status, "Retry-After: 3600\r\n".into(), String::new()));
        sold(&shop);
        let delivery = newest(&shop, "p", "it has failed", |one| one["last_http_status"] == status);
        let at = |name: &str| delivery[name]["t_s"].as_u64().unwrap();
        let pause = at("next_attempt") - at("last_attempt");
        let least = if expected == 6 { 4 } else { expected };
        assert!((least..=expected + 1).contains(&pause), "{status}: {delivery}");
        assert_eq!(shop.delete("/private/webhooks/p").status, 204);
        names(&shop, &sink, "p", "pay");
    }
}

#[test]
fn a_delivery_is_sent_again_when_the_shop_wants_it() {
    let (shop, sink) = (shop(), Sink::start());
    names(&shop, &sink, "p", "pay");
    sold(&shop);
    let delivery = newest(&shop, "p", "it is delivered", |one| one["state"] == "delivered");
    let serial = &delivery["delivery_serial"];
    let path = format!("/private/webhooks/p/deliveries/{serial}/redeliver");
    let again = shop.post(&path, &json!({}));
    assert_eq!((again.status, again.json()), (202, json!({ "delivery_serial": serial })));
    let heard = sink.hears(2);
    assert_eq!(heard[0].headers["webhook-id"], heard[1].headers["webhook-id"]);
    eventually("it is delivered", || log(&shop, "p")[0]["state"] == "delivered");
    // Not by the name of another webhook.
    names(&shop, &sink, "q", "pay");
    let path = format!("/private/webhooks/q/deliveries/{serial}/redeliver");
    assert_eq!(shop.post(&path, &json!({})).failure(), (404, 2020));
}

#[test]
fn a_test_call_is_made_up_answered_at_once_and_limited() {
    let (shop, sink) = (shop(), Sink::start());
    added(
        &shop,
        &webhook(
            "p",
            "pay",
            &sink.url("/{{order_id}}"),
            r#"{"id":"{{order_id}}","c":{{contract_terms}}}"#,
        ),
    );
    let secret = new_secret(&shop, "p", &json!({ "keep_old_s": 0 }));
    sink.behave(Manners::Says(404, String::new(), "no such order".into()));
    let reply = shop.post("/private/webhooks/p/test", &json!({}));
    assert_eq!(reply.status, 200, "{reply:?}");
    let told = reply.json();
    assert_eq!(
        (&told["http_status"], &told["answer_head"]),
        (&json!(404), &json!("no such order"))
    );
    assert!(told["error"].is_string() && told["took_ms"].is_u64(), "{told}");
    let heard = sink.hears(1).swap_remove(0);
    assert_eq!(heard.headers["webhook-test"], "yes");
    assert_eq!(heard.headers["webhook-signature"], signature(&heard, &secret));
    let id = heard.json()["id"].as_str().unwrap().to_owned();
    assert!(id.starts_with("TEST-"), "{id}");
    assert_eq!(shop.get(&format!("/private/orders/{id}")).failure(), (404, 2005));
    let request = &told["request"];
    assert_eq!(request["url"], sink.url(&format!("/{id}")));
    assert_eq!(request["body"], heard.body);
    assert!(request["headers"].as_array().unwrap().contains(&json!("webhook-test: yes")));
    // It is in no log, and the webhook is no worse for it.
    assert!(log(&shop, "p").is_empty() && shown(&shop, "p").get("x_failing_since").is_none());
    for _ in 1..6 {
        assert_eq!(shop.post("/private/webhooks/p/test", &json!({})).status, 200);
    }
    let refused = shop.post("/private/webhooks/p/test", &json!({}));
    assert_eq!(refused.failure(), (429, 2015));
    assert!(refused.headers["retry-after"].parse::<u64>().unwrap() <= 61);
    assert_eq!(shop.post("/private/webhooks/none/test", &json!({})).failure(), (404, 2019));
}

#[test]
fn while_a_secret_is_replaced_both_sign() {
    let (shop, sink) = (shop(), Sink::start());
    names(&shop, &sink, "p", "pay");
    let old = new_secret(&shop, "p", &json!({ "keep_old_s": 0 }));
    let new = new_secret(&shop, "p", &json!({}));
    sold(&shop);
    let heard = sink.hears(1).swap_remove(0);
    let both = format!("{} {}", signature(&heard, &new), signature(&heard, &old));
    assert_eq!(heard.headers["webhook-signature"], both);
    let newest = new_secret(&shop, "p", &json!({ "keep_old_s": 0 }));
    sold(&shop);
    let heard = sink.hears(2).swap_remove(1);
    assert_eq!(heard.headers["webhook-signature"], signature(&heard, &newest));
}

#[test]
fn a_host_is_called_once_at_a_time_and_in_the_order_of_events() {
    let (shop, sink) = (shop(), Sink::start());
    names(&shop, &sink, "one", "pay");
    names(&shop, &sink, "two", "pay");
    let orders: Vec<_> = (0..20).map(|_| sold(&shop)).collect();
    let heard = sink.hears(40);
    for path in ["/one", "/two"] {
        let told: Vec<_> =
            heard.iter().filter(|one| one.path == path).map(|one| one.body.clone()).collect();
        assert_eq!(told, orders, "{path}");
    }
    assert_eq!(sink.most_open(), 1);
}

#[test]
fn a_receiver_that_hangs_delays_no_other_and_no_stop() {
    let (shop, sink, silent) = (shop(), Sink::start(), Sink::start());
    silent.behave(Manners::Hangs);
    // The other name of this machine is another host.
    let url = format!("http://localhost:{}/s", silent.address.port());
    added(&shop, &webhook("silent", "pay", &url, "{{order_id}}"));
    names(&shop, &sink, "p", "pay");
    let order = sold(&shop);
    silent.hears(1);
    assert_eq!(sink.hears(1)[0].body, order);
    let begun = std::time::Instant::now();
    let Shop { daemon, .. } = shop;
    assert_eq!(daemon.stop(), 0);
    assert!(begun.elapsed() < std::time::Duration::from_secs(3), "{:?}", begun.elapsed());
}
