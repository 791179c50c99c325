//! Webhooks from outside: a daemon, a shop, and receivers on loopback that behave in all the ways that
//! receivers do (webhooks).

mod commands;
mod crud;
mod delivery;
mod events;
mod kill;
mod pages;
mod settled;
mod sink;
mod stock;
mod time;

use data_encoding::BASE64;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use self::sink::{Heard, Sink};
use crate::common::shop::Shop;

/// Receivers on this machine may be called.
const ALLOWED: &str = "[webhooks]\nallow = ['localhost']\n";

fn shop() -> Shop {
    Shop::configured(ALLOWED)
}

/// A webhook with a body of its own.
fn webhook(id: &str, event_type: &str, url: &str, body_template: &str) -> Value {
    json!({
        "webhook_id": id, "event_type": event_type, "url": url, "http_method": "POST",
        "body_template": body_template,
    })
}

fn added(shop: &Shop, webhook: &Value) {
    let reply = shop.post("/private/webhooks", webhook);
    assert_eq!(reply.status, 204, "{webhook} {reply:?}");
}

/// Adds a webhook that tells the sink of `event_type` at `/ID`, with the order's name as its body.
fn names(shop: &Shop, sink: &Sink, id: &str, event_type: &str) {
    added(shop, &webhook(id, event_type, &sink.url(&format!("/{id}")), "{{order_id}}"));
}

/// The log of a webhook, the newest deliveries first.
fn log(shop: &Shop, id: &str) -> Vec<Value> {
    let reply = shop.get(&format!("/private/webhooks/{id}/deliveries?limit=1000"));
    assert_eq!(reply.status, 200, "{reply:?}");
    reply.json()["deliveries"].as_array().unwrap().clone()
}

fn shown(shop: &Shop, id: &str) -> Value {
    let reply = shop.get(&format!("/private/webhooks/{id}"));
    assert_eq!(reply.status, 200, "{reply:?}");
    reply.json()
}

fn new_secret(shop: &Shop, id: &str, wish: &Value) -> String {
    let reply = shop.post(&format!("/private/webhooks/{id}/secret"), wish);
    assert_eq!(reply.status, 200, "{reply:?}");
    reply.json()["secret"].as_str().unwrap().to_owned()
}

/// The signature that a request must have by this secret, as Standard Webhooks says.
fn signature(heard: &Heard, secret: &str) -> String {
    let key = BASE64.decode(secret.strip_prefix("whsec_").unwrap().as_bytes()).unwrap();
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
    let head = format!("{}.{}.", heard.headers["webhook-id"], heard.headers["webhook-timestamp"]);
    mac.update(head.as_bytes());
    mac.update(heard.body.as_bytes());
    format!("v1,{}", BASE64.encode(&mac.finalize().into_bytes()))
}
