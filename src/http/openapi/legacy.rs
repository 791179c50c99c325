//! The API of 2019.

use serde_json::{Value, json};

use super::operation::{Operation, get, post};
use super::schema::*;
use crate::till::MAX_REASON;
use taler::time::{MAX_DIGITS_2019, MAX_MICROS};

pub(super) fn all() -> Vec<Operation> {
    let timeout = || word("[0-9]+", 1, MAX_DIGITS_2019);
    let gone = |operation: Operation| operation.refuses(&[410]);
    vec![
        post("/order", "Makes an order")
            .ask("payment_target", wire_method())
            .takes(wish([
                ("order", named("Order2019")),
                ("instance?", json!({ "type": "string" })),
            ]))
            .gives(200, "The order is made.", report([("order_id", order_id())]))
            .refuses(&[404, 409, 451, 501]),
        get("/check-payment", "How an order stands")
            .demand("order_id", order_id())
            .ask_text("instance")
            .ask("session_id", named("SessionId"))
            .ask("timeout", timeout())
            .ask("timeout_ms", digits())
            .ask_text("contract_url")
            .gives(200, "The order, paid or not.", status())
            .refuses(&[404]),
        post("/refund", "Grants refunds: all of them together, from now on")
            .takes(wish([
                ("order_id", order_id()),
                ("refund", amount()),
                ("reason", clean(MAX_REASON)),
                ("instance?", json!({ "type": "string" })),
            ]))
            .gives(
                200,
                "It is granted.",
                report([
                    ("h_contract_terms", hash()),
                    ("taler_refund_uri", json!({ "type": "string" })),
                    ("taler_refund_url", json!({ "type": "string" })),
                    ("refund_redirect_url", json!({ "type": "string" })),
                ]),
            )
            .refuses(&[404, 409, 410, 451]),
        get("/history", "Orders that are paid")
            .ask_text("instance")
            .ask("date", seconds())
            .ask("delta", rows())
            .ask("start", serial())
            .ask("order_id", order_id())
            .ask_text("ordering")
            .gives(
                200,
                "The orders; as a bare list if one was asked for by name.",
                any_of([report([("history", listed(row()))]), listed(row())]),
            ),
        get("/poll-payment", "How an order stands, for its wallet")
            .demand("order_id", order_id())
            .demand("h_contract", hash())
            .ask_text("instance")
            .ask("session_id", named("SessionId"))
            .ask("timeout", timeout())
            .ask("timeout_ms", digits())
            .ask("refund", amount())
            .ask_text("contract_url")
            .gives(200, "The order, paid or not.", status())
            .refuses(&[404]),
        get("/proposal", "A wallet takes the order, and gets the signed contract")
            .demand("order_id", order_id())
            .demand("nonce", base32(32))
            .ask("token", named("ClaimToken"))
            .ask_text("instance")
            .gives(200, "The contract.", named("ClaimedContract"))
            .refuses(&[404, 429, 507]),
        get("/refund", "A wallet fetches what the shop has granted")
            .demand("order_id", order_id())
            .ask("h_contract", hash())
            .ask_text("instance")
            .gives(
                200,
                "What became of each coin; the contract's hash for a client that shows it.",
                report([
                    ("refunds", listed(anything())),
                    ("merchant_pub", key()),
                    ("h_contract_terms?", hash()),
                ]),
            )
            .refuses(&[403, 404]),
        gone(post("/pay", "Coins of 2019 are no more")),
        get("/config", "The protocol, the currencies, the exchanges")
            .ask_text("instance")
            .gives(200, "The settings that clients need.", super::shop::config())
            .refuses(&[404]),
        gone(post("/tip-pickup", "Tips are no more")),
        gone(get("/tip-pickup", "Tips are no more")),
        gone(post("/tip-authorize", "Tips are no more")),
        gone(get("/tip-query", "Tips are no more")),
        gone(post("/tip-query", "Tips are no more")),
    ]
}

/// An order as shops of 2019 wrote it.
pub(super) fn order() -> Value {
    let mut order = super::contract::order();
    let time = |member: &str, endless: &str, messages: &str, (unit, most): (&str, u64)| {
        any_of([
            named(member),
            contract_object(report([(unit, any_of([number(0, most), one_of([endless])]))])),
            json!({ "type": "string", "pattern": messages }),
        ])
    };
    // Up to the time that is near enough.
    let seconds = "(?:[0-9]{1,9}|[1-3][0-9]{9}|4[0-8][0-9]{8})";
    let date = format!(r"^(?:/(?:never|forever|end of time)/|/Date\({seconds}\)/)$");
    let delay = r"^(?:/forever/|/Delay\([0-9]{1,9}\)/)$";
    for name in
        ["timestamp", "pay_deadline", "refund_deadline", "wire_transfer_deadline", "delivery_date"]
    {
        order["properties"][name] =
            time("OrderTimestamp", "never", &date, ("t_ms", NEAR_ENOUGH_S * 1000));
    }
    order["properties"]["auto_refund"] =
        time("OrderDuration", "forever", delay, ("d_ms", MAX_MICROS / 1000));
    // It must be there, so it cannot be null.
    order["properties"]["fulfillment_url"]["type"] = json!("string");
    order["required"] = json!(["amount", "summary", "fulfillment_url"]);
    order
}

fn status() -> Value {
    any_of([
        report([
            ("paid", json!({ "type": "boolean", "enum": [true] })),
            ("refunded", flag()),
            ("refund_amount?", amount()),
            ("contract_terms?", named("ContractTerms")),
        ]),
        report([
            ("paid", json!({ "type": "boolean", "enum": [false] })),
            ("taler_pay_uri", json!({ "type": "string" })),
            ("contract_url", json!({ "type": "string" })),
            ("already_paid_order_id?", order_id()),
        ]),
    ])
}

fn row() -> Value {
    report([
        ("row_id", integer()),
        ("order_id", order_id()),
        ("amount", amount()),
        ("timestamp", report([("t_ms", integer()), ("t_s", integer())])),
        ("instance", json!({ "type": "string" })),
        ("summary", json!({ "type": "string" })),
    ])
}
