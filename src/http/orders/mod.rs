//! Handlers of orders: `shop` for shops, `wallet` for wallets and browsers; and the addresses that both show.

pub(super) mod query;
pub(super) mod shop;
pub(super) mod wallet;

use actix_web::HttpResponse;
use actix_web::http::header::HeaderName;
use serde::Serialize;
use serde_json::Value;

use super::error::Failure;
use crate::model::order::{ClaimToken, Order};
use crate::till::CreatedOrder;
use taler::ids::{OrderId, SessionId};
use taler::taler_uri::{Pay, Refund};
use taler::time::Timestamp;

/// Tells a wallet beside the browser what to open (decision 13).
pub(super) const TALER: HeaderName = HeaderName::from_static("taler");

/// The address by which a wallet pays `order` for `session`, or for the session that it was made
/// for.
pub(super) fn pay_uri(order: &Order, session: Option<&SessionId>) -> String {
    let pay = Pay {
        base: order.base_url.clone(),
        order: order.order_id.clone(),
        session: session.or(order.session.as_ref()).cloned(),
        claim_token: order.claim_token.as_ref().map(ToString::to_string),
        ssid: None,
    };
    pay.to_string()
}

/// The address by which a wallet fetches refunds of `order`.
pub(super) fn refund_uri(order: &Order) -> String {
    Refund { base: order.base_url.clone(), order: order.order_id.clone() }.to_string()
}

/// The answer after an order was created by the shop or a customer's wallet.
pub(super) fn made(made: &CreatedOrder) -> HttpResponse {
    let CreatedOrder { order_id, pay_deadline, token } = made;
    HttpResponse::Ok().json(OrderCreated {
        order_id: order_id.clone(),
        pay_deadline: *pay_deadline,
        token: *token,
    })
}

/// An order that was made.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(super) struct OrderCreated {
    /// The order's name, which the shop has chosen or tilld has made.
    order_id: OrderId,
    /// Until when the order can be paid.
    pay_deadline: Timestamp,
    /// What a wallet must show to claim the order. It is missing if `create_token` was false.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schema(value_type = Option<super::openapi::values::ClaimToken>))]
    token: Option<ClaimToken>,
}

/// What can go wrong when an order is made, by the names of failures.
#[cfg(test)]
pub(super) const CREATION: &[&str] = &[
    "BadOrder",
    "BeyondLimits",
    "NoAccount",
    "NoExchange",
    "NoneCanWire",
    "OrderExists",
    "PotUnknown",
];

/// What can go wrong when a refund is granted, by the names of failures.
#[cfg(test)]
pub(super) const REFUNDING: &[&str] = &[
    "OrderUnknown",
    "RefundBelowFee",
    "RefundBeyondLimit",
    "RefundCurrency",
    "RefundInconsistent",
    "RefundNotAllowed",
    "RefundOfUnpaid",
    "RefundTooLate",
];

/// Terms as they are kept, to be put into an answer.
pub(super) fn terms(text: &str) -> Result<Value, Failure> {
    serde_json::from_str(text)
        .map_err(|error| crate::till::Error::Damaged(error.to_string()).into())
}
