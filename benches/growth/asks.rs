//! What the shop asks.

use crate::harness::client::{get_as_shop, post_as_shop};
use crate::harness::shop::{Order, Shop};

/// How an order stands.
pub(crate) fn status(shop: &Shop, order: &Order) -> Vec<u8> {
    get_as_shop(&shop.token, &format!("/private/orders/{}", order.id))
}

/// The latest orders.
pub(crate) fn latest(shop: &Shop) -> Vec<u8> {
    get_as_shop(&shop.token, "/private/orders?limit=-20")
}

/// That what was paid be given back.
pub(crate) fn refund(shop: &Shop, order: &Order) -> Vec<u8> {
    let path = format!("/private/orders/{}/refund", order.id);
    post_as_shop(&shop.token, &path, r#"{"refund":"KUDOS:1","reason":"returned"}"#)
}
