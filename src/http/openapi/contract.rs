//! Orders and contracts. They have no struct in the program: a contract keeps every member that the shop
//! has written, so an order is read as it stands (`model/contract.rs`), and described here.

use serde_json::{Value, json};

use super::schema::*;
use crate::model::contract::MAX_PRODUCTS;
use taler::coin::age::MAX_AGE;

/// `schema`, and what it means.
pub(super) fn told(mut schema: Value, about: &str) -> Value {
    schema["description"] = about.into();
    schema
}

/// What a wallet may sign along with its coins.
pub(super) fn wallet_data() -> Value {
    let mut data = map(named("WalletDatum"));
    data["propertyNames"] = json!({ "type": "string", "pattern": r"^[\u0001-\u007f]*$" });
    data
}

/// An order as a shop writes it. Other members are kept as they are, if a contract may have them.
pub(super) fn order() -> Value {
    let order = wish([
        (
            "amount?",
            told(
                amount(),
                "The price, all taxes included. Without it, the sum of the products' prices, and the tip.",
            ),
        ),
        ("summary", told(clean(ORDER_TEXT), "What is bought, in one line.")),
        (
            "version?",
            told(json!({ "type": "integer", "enum": [0] }), "The version of the contract: 0."),
        ),
        ("order_id?", told(order_id(), "The order's name. Without it, tilld makes one.")),
        ("summary_i18n?", told(named("Translations"), "The summary in other languages.")),
        (
            "fulfillment_url?",
            told(
                fulfillment("fulfillment-url-of-order"),
                "Where the customer finds what was bought. `${ORDER_ID}` stands for the order's name.",
            ),
        ),
        (
            "fulfillment_message?",
            told(clean(ORDER_TEXT), "What the customer reads after paying, if there is no page."),
        ),
        (
            "fulfillment_message_i18n?",
            told(named("Translations"), "That message in other languages."),
        ),
        (
            "public_reorder_url?",
            told(web_address(1 << 16), "Where a customer makes a new order of the same."),
        ),
        (
            "minimum_age?",
            told(
                number(0, MAX_AGE.into()),
                "How old the customer must be, in years; 0 asks for nothing.",
            ),
        ),
        (
            "products?",
            told(list(named("Product"), Some(MAX_PRODUCTS)), "What is bought, in detail."),
        ),
        (
            "timestamp?",
            told(named("OrderTimestamp"), "When the contract is made. Without it, now."),
        ),
        ("pay_deadline?", told(named("OrderTimestamp"), "Until when the order can be paid.")),
        ("refund_deadline?", told(named("OrderTimestamp"), "Until when the shop can refund it.")),
        (
            "wire_transfer_deadline?",
            told(named("OrderTimestamp"), "Until when the exchange wires the money."),
        ),
        ("delivery_date?", told(named("OrderTimestamp"), "When it is delivered.")),
        ("delivery_location?", told(named("ContractValue"), "Where it is delivered.")),
        (
            "auto_refund?",
            told(named("OrderDuration"), "For how long wallets look for refunds by themselves."),
        ),
        ("max_fee?", told(amount(), "How much of the deposit fees the shop bears.")),
        ("tip?", told(amount(), "How much of the price is a tip.")),
        ("merchant_base_url?", told(base_url(), "The address of this backend for wallets.")),
        (
            "order_default_money_pot?",
            told(
                json!({ "type": "integer" }),
                "The pot for what is booked to no other. No wallet sees it.",
            ),
        ),
        (
            "extra?",
            told(contract_object(anything()), "Whatever the shop wants to keep with the order."),
        ),
    ]);
    contract_object(order)
}

/// A product of an order.
pub(super) fn product() -> Value {
    let product = contract_object(wish([
        ("product_name?", told(clean(ORDER_TEXT), "The product's name.")),
        ("description?", told(clean(ORDER_TEXT), "The product in words.")),
        ("price?", told(amount(), "What it costs.")),
        ("prices?", told(list(amount(), None), "What it costs, in several currencies.")),
        (
            "product_money_pot?",
            told(
                json!({ "type": "integer" }),
                "The pot that its price is booked to. No wallet sees it.",
            ),
        ),
        (
            "taxes?",
            told(
                list(contract_object(wish([("tax?", told(amount(), "How much it is."))])), None),
                "The taxes in the price.",
            ),
        ),
    ]));
    let named = |member: &str| {
        report([(member, told(json!({ "type": "string" }), "It must be there, or the other one."))])
    };
    both(product, any_of([named("description"), named("product_name")]))
}

/// A contract: the order, completed.
pub(super) fn contract_terms() -> Value {
    report([
        ("order_id", told(order_id(), "The order's name.")),
        ("amount", told(amount(), "The price.")),
        ("max_fee", told(amount(), "How much of the deposit fees the shop bears.")),
        ("summary", told(json!({ "type": "string" }), "What is bought, in one line.")),
        ("timestamp", told(time(), "When the contract was made.")),
        ("pay_deadline", told(time(), "Until when it can be paid.")),
        ("refund_deadline", told(time(), "Until when the shop can refund it.")),
        ("wire_transfer_deadline", told(time(), "Until when the exchange wires the money.")),
        ("merchant_base_url", told(base_url(), "The address of the shop's backend.")),
        ("merchant_pub", told(key(), "The shop's key.")),
        (
            "merchant",
            told(report([("name", told(json!({ "type": "string" }), "Its name."))]), "The shop."),
        ),
        ("h_wire", told(hash(), "Names the account that the money goes to.")),
        (
            "wire_method",
            told(json!({ "type": "string" }), "The kind of that account, such as `iban`."),
        ),
        ("products", told(listed(anything()), "What is bought, in detail.")),
        (
            "exchanges",
            told(
                listed(report([
                    ("url", told(base_url(), "Its address.")),
                    ("master_pub", told(key(), "Its master key.")),
                    ("priority", told(integer(), "The higher, the more the shop likes it.")),
                ])),
                "The exchanges whose coins are taken.",
            ),
        ),
        ("nonce?", told(key(), "The key of the wallet that has claimed the order.")),
        ("fulfillment_url?", told(fulfillment_url(), "Where the customer finds what was bought.")),
    ])
}
