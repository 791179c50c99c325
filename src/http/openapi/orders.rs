//! Describes orders: for shops, and for wallets and browsers.

use serde_json::{Value, json};

use super::operation::{Operation, delete, get, patch, post};
use super::schema::*;
use crate::http::orders::shop::MAX_PATHS;
use crate::model::contract::MAX_PRODUCTS;
use crate::till::MAX_REASON;
use taler::coin::age::MAX_AGE;

/// What the shop asks for.
pub(super) fn shop() -> Vec<Operation> {
    vec![
        get("/private/orders", "The list of orders, as far as they fit, newest first")
            .ask("paid", maybe())
            .ask("refunded", maybe())
            .ask("wired", maybe())
            .ask("limit", rows())
            .ask("delta", rows())
            .ask("offset", number(0, i64::MAX.unsigned_abs()))
            .ask("start", number(0, i64::MAX.unsigned_abs()))
            .ask("date_s", seconds())
            .ask("max_age", digits())
            .ask("timeout_ms", digits())
            .ask("session_id", named("SessionId"))
            .ask("fulfillment_url", fulfillment_url())
            .ask_text("summary_filter")
            .gives(200, "The orders.", report([("orders", listed(row()))]))
            .refuses(&[406]),
        post("/private/orders", "Makes an order; the same once more changes nothing")
            .takes(wish([
                ("order", named("Order")),
                ("refund_delay?", duration()),
                ("payment_target?", json!({ "type": "string" })),
                ("session_id?", session_or_none()),
                ("create_token?", flag()),
                ("lock_uuids?", list(json!({ "type": "string" }), None)),
                ("inventory_products?", list(anything(), None)),
                ("otp_id?", json!({ "type": "string" })),
            ]))
            .gives(200, "The order is made.", made())
            .refuses(&[404, 409, 451, 501]),
        get("/private/orders/{id}", "How an order stands")
            .at(order_id())
            .ask("session_id", named("SessionId"))
            .ask("timeout_ms", digits())
            .ask_text("lp_not_etag")
            .ask("allow_refunded_for_repurchase", yes())
            .header("If-None-Match")
            .gives(200, "The order, unpaid, claimed or paid.", status())
            .with(200, "ETag", true)
            .done(304, "It stands as the client knows.")
            .with(304, "ETag", true)
            .refuses(&[404]),
        delete("/private/orders/{id}", "Forgets an order that is not paid")
            .at(order_id())
            .ask("force", yes())
            .done(204, "It is gone.")
            .refuses(&[404, 409]),
        patch("/private/orders/{id}/forget", "Forgets parts of a contract")
            .at(order_id())
            .takes(wish([(
                "fields",
                list(special("contract-path", r"\$.+", 4096), Some(MAX_PATHS)),
            )]))
            .done(200, "They are forgotten.")
            .done(204, "They were forgotten before.")
            .refuses(&[404, 409]),
        post("/private/orders/{id}/payments", "Records a payment taken at the counter")
            .at(order_id())
            .takes(wish([
                ("method", named("PaymentMethod")),
                ("reference?", named("PaymentReference")),
                ("session_id?", session_or_none()),
                ("amount?", amount()),
            ]))
            .gives(
                200,
                "The order is paid.",
                report([
                    ("order_id", order_id()),
                    ("method", named("PaymentMethod")),
                    ("amount", amount()),
                    ("paid_at", time()),
                    ("sig", signature()),
                    ("reference?", named("PaymentReference")),
                    ("session_id?", named("SessionId")),
                ]),
            )
            .refuses(&[404, 409]),
        post("/private/orders/{id}/refund", "Grants refunds: all of them together, from now on")
            .at(order_id())
            .takes(wish([("refund", amount()), ("reason", clean(MAX_REASON))]))
            .gives(
                200,
                "It is granted.",
                report([("taler_refund_uri", json!({ "type": "string" })), ("h_contract", hash())]),
            )
            .refuses(&[404, 409, 410, 451]),
    ]
}

/// What wallets and browsers ask for.
pub(super) fn wallet() -> Vec<Operation> {
    vec![
        get("/orders/{id}", "How an order stands; to browsers as a page")
            .at(order_id())
            .ask("h_contract", hash())
            .ask("token", named("ClaimToken"))
            .ask("session_id", named("SessionId"))
            .ask("timeout_ms", digits())
            .ask("refund", amount())
            .ask("await_refund_obtained", yes())
            .ask("allow_refunded_for_repurchase", yes())
            .gives(
                200,
                "It is paid.",
                report([
                    ("refunded", flag()),
                    ("refund_pending", flag()),
                    ("refund_amount", amount()),
                    ("refund_taken", amount()),
                    ("fulfillment_url?", fulfillment_url()),
                ]),
            )
            .shows(200, "", "text/html")
            .with(200, "Taler", false)
            .gives(
                202,
                "It is another wallet's; there is a place to go to.",
                report([
                    ("public_reorder_url", json!({ "type": "string" })),
                    ("fulfillment_url?", fulfillment_url()),
                ]),
            )
            .done(302, "To browsers: what was bought is there.")
            .with(302, "Location", true)
            .done(303, "To browsers: what was bought is there.")
            .with(303, "Location", true)
            .gives(
                402,
                "It is to be paid.",
                report([
                    ("taler_pay_uri", json!({ "type": "string" })),
                    ("fulfillment_url?", fulfillment_url()),
                    ("already_paid_order_id?", order_id()),
                ]),
            )
            .shows(402, "", "text/html")
            .with(402, "Taler", true)
            .refuses(&[403, 404, 410]),
        post("/orders/{id}/claim", "A wallet takes the order, and gets the signed contract")
            .at(order_id())
            .takes(wish([("nonce", key()), ("token?", named("ClaimToken"))]))
            .gives(200, "The contract.", claimed())
            .refuses(&[404, 409, 429]),
        post("/orders/{id}/pay", "A wallet pays with coins")
            .at(order_id())
            .takes(wish([
                ("coins", list(named("Coin"), Some(COINS))),
                ("session_id?", session_or_none()),
                ("wallet_data?", contract_value_object()),
            ]))
            .gives(200, "It is paid.", report([("sig", signature())]))
            .refuses(&[402, 403, 404, 409, 410, 451, 502, 504]),
        post("/orders/{id}/paid", "A wallet shows its receipt in another session")
            .at(order_id())
            .takes(wish([
                ("sig", signature()),
                ("h_contract", hash()),
                ("session_id", session_or_none()),
            ]))
            .gives(200, "The payment counts for that session now.", report([("refunded", flag())]))
            .refuses(&[403, 404]),
        post("/orders/{id}/abort", "A wallet wants coins of an incomplete payment back")
            .at(order_id())
            .takes(wish([
                ("h_contract", hash()),
                (
                    "coins",
                    json!({
                        "type": "array", "items": wish([("coin_pub", key())]), "minItems": 1,
                    }),
                ),
            ]))
            .gives(200, "What became of each coin.", report([("refunds", listed(outcome(&[])))]))
            .refuses(&[403, 404, 412]),
        post("/orders/{id}/refund", "A wallet fetches what the shop has granted")
            .at(order_id())
            .takes(wish([("h_contract", hash())]))
            .gives(
                200,
                "What became of each coin.",
                report([
                    ("refund_amount", amount()),
                    ("merchant_pub", key()),
                    (
                        "refunds",
                        listed(outcome(&[
                            "rtransaction_id",
                            "coin_pub",
                            "refund_amount",
                            "execution_time",
                        ])),
                    ),
                ]),
            )
            .done(204, "There is nothing to be had.")
            .refuses(&[403, 404, 410]),
        post("/orders/{id}/unclaim", "A wallet gives an order back that it has not paid")
            .at(order_id())
            .takes(wish([("nonce", key()), ("h_contract", hash()), ("unclaim_sig", signature())]))
            .done(204, "It can be claimed again.")
            .refuses(&[403, 404, 429]),
    ]
}

/// What whoever has made an order gets.
pub(super) fn made() -> Value {
    report([("order_id", order_id()), ("pay_deadline", time()), ("token?", named("ClaimToken"))])
}

/// What whoever has claimed an order gets.
pub(super) fn claimed() -> Value {
    report([("contract_terms", named("ContractTerms")), ("sig", signature())])
}

fn contract_value_object() -> Value {
    let mut data = map(named("WalletDatum"));
    data["propertyNames"] = json!({ "type": "string", "pattern": r"^[\u0001-\u007f]*$" });
    data
}

/// An order as a shop writes it. Other members are kept as they are, if a contract may have them.
pub(super) fn order() -> Value {
    let mut order = wish([
        ("amount", amount()),
        ("summary", clean(ORDER_TEXT)),
        ("version?", json!({ "type": "integer", "enum": [0] })),
        ("order_id?", order_id()),
        ("summary_i18n?", named("Translations")),
        ("fulfillment_url?", fulfillment("fulfillment-url-of-order")),
        ("fulfillment_message?", clean(ORDER_TEXT)),
        ("fulfillment_message_i18n?", named("Translations")),
        ("public_reorder_url?", web_address(1 << 16)),
        ("minimum_age?", number(0, MAX_AGE.into())),
        ("products?", list(named("Product"), Some(MAX_PRODUCTS))),
        ("timestamp?", named("OrderTimestamp")),
        ("pay_deadline?", named("OrderTimestamp")),
        ("refund_deadline?", named("OrderTimestamp")),
        ("wire_transfer_deadline?", named("OrderTimestamp")),
        ("delivery_date?", named("OrderTimestamp")),
        ("delivery_location?", named("ContractValue")),
        ("auto_refund?", named("OrderDuration")),
        ("max_fee?", amount()),
        ("tip?", amount()),
        ("merchant_base_url?", base_url()),
        ("extra?", contract_object(anything())),
    ]);
    order["description"] = json!(
        "Deadlines lie in the future, the time to pay is over before refunds are, and those before \
         the money is wired. All amounts are in one currency. Members named in `$forgettable` can \
         be forgotten later."
    );
    contract_object(order)
}

/// A product of an order.
pub(super) fn product() -> Value {
    let product = contract_object(wish([
        ("product_name?", clean(ORDER_TEXT)),
        ("description?", clean(ORDER_TEXT)),
        ("price?", amount()),
        ("prices?", list(amount(), None)),
        ("taxes?", list(contract_object(wish([("tax?", amount())])), None)),
    ]));
    let named = |member: &str| report([(member, json!({ "type": "string" }))]);
    both(product, any_of([named("description"), named("product_name")]))
}

/// A contract: the order, completed.
pub(super) fn contract_terms() -> Value {
    report([
        ("order_id", order_id()),
        ("amount", amount()),
        ("max_fee", amount()),
        ("summary", json!({ "type": "string" })),
        ("timestamp", time()),
        ("pay_deadline", time()),
        ("refund_deadline", time()),
        ("wire_transfer_deadline", time()),
        ("merchant_base_url", base_url()),
        ("merchant_pub", key()),
        ("merchant", report([("name", json!({ "type": "string" }))])),
        ("h_wire", hash()),
        ("wire_method", json!({ "type": "string" })),
        ("products", listed(anything())),
        (
            "exchanges",
            listed(report([("url", base_url()), ("master_pub", key()), ("priority", integer())])),
        ),
        ("nonce?", key()),
        ("fulfillment_url?", fulfillment_url()),
    ])
}

fn row() -> Value {
    report([
        ("order_id", order_id()),
        ("row_id", integer()),
        ("timestamp", time()),
        ("amount", amount()),
        ("summary", json!({ "type": "string" })),
        ("refundable", flag()),
        ("paid", flag()),
        ("order_status_url", json!({ "type": "string" })),
        ("refund_amount?", amount()),
        ("pending_refund_amount?", amount()),
    ])
}

fn status() -> Value {
    let state = |word: &str| one_of([word]);
    let url = || json!({ "type": "string" });
    any_of([
        report([
            ("order_status", state("unpaid")),
            ("taler_pay_uri", url()),
            ("order_status_url", url()),
            ("creation_time", time()),
            ("summary", json!({ "type": "string" })),
            ("pay_deadline", time()),
            ("total_amount", amount()),
            ("proto_contract_terms", named("ContractTerms")),
            ("already_paid_order_id?", order_id()),
            ("already_paid_fulfillment_url?", fulfillment_url()),
        ]),
        report([
            ("order_status", state("claimed")),
            ("contract_terms", named("ContractTerms")),
            ("order_status_url", url()),
        ]),
        report([
            ("order_status", state("paid")),
            ("refunded", flag()),
            ("refund_pending", flag()),
            ("refund_amount", amount()),
            ("wired", flag()),
            ("deposit_total", amount()),
            ("exchange_code", integer()),
            ("exchange_http_status", integer()),
            ("contract_terms", named("ContractTerms")),
            ("last_payment", time()),
            ("wire_details", listed(anything())),
            ("wire_reports", listed(anything())),
            (
                "refund_details",
                listed(report([
                    ("reason", json!({ "type": "string" })),
                    ("pending", flag()),
                    ("timestamp", time()),
                    ("amount", amount()),
                    ("refused_amount?", amount()),
                    ("exchange_http_status?", integer()),
                    ("exchange_code?", integer()),
                ])),
            ),
            ("order_status_url", url()),
        ]),
    ])
}

/// What became of a coin; `more` members say which one.
fn outcome(more: &[&str]) -> Value {
    let which = |name: &&str| match *name {
        "coin_pub" => key(),
        "refund_amount" => amount(),
        "execution_time" => time(),
        _ => integer(),
    };
    let mut ways = [
        report([
            ("type", one_of(["success"])),
            ("exchange_status", integer()),
            ("exchange_pub", key()),
            ("exchange_sig", signature()),
        ]),
        report([
            ("type", one_of(["failure"])),
            ("exchange_status", integer()),
            ("exchange_code", integer()),
            ("exchange_reply", anything()),
        ]),
        report([("type", one_of(["undeposited"]))]),
    ];
    for way in &mut ways {
        for name in more {
            way["properties"][*name] = which(name);
            if let Some(Value::Array(required)) = way.get_mut("required") {
                required.push(json!(name));
            }
        }
    }
    let ways = ways.into_iter();
    any_of(ways.filter(|way| {
        more.is_empty() || way["properties"]["type"]["enum"] != json!(["undeposited"])
    }))
}
