//! Orders and contracts. They have no struct in the program: a contract keeps every member that the shop
//! has written, so an order is read as it stands (`model/contract.rs`), and described here.

use serde_json::{Map, Value, json};
use taler::openapi::{clean, fulfillment};

use super::schema::*;
use crate::model::contract::{MAX_PRODUCTS, MAX_TEXT as ORDER_TEXT};
use taler::canonical::MAX_INTEGER;
use taler::coin::age::MAX_AGE;
use taler::time::MAX_MICROS;

/// A time before a hundred years from now, whenever that is, in seconds since 1970 (in 2125): a document
/// cannot reckon.
const NEAR_ENOUGH_S: u64 = 4_900_000_000;

/// What orders and contracts are made of, by name.
pub(super) fn components() -> Map<String, Value> {
    let all = [
        (
            "ContractValue",
            described(contract_value(), "Any value that a contract may hold.", json!("text")),
        ),
        (
            "OrderDuration",
            described(
                contract_object(number_or(
                    "d_us",
                    MAX_MICROS,
                    "forever",
                    "Microseconds, or forever.",
                    3_600_000_000,
                )),
                "A duration. d_ms, in milliseconds, is read in its place, as older clients send it.",
                json!({ "d_us": 3_600_000_000_u64 }),
            ),
        ),
        (
            "OrderTimestamp",
            described(
                contract_object(number_or(
                    "t_s",
                    NEAR_ENOUGH_S,
                    "never",
                    "Seconds since 1970 (UTC), or never.",
                    4_070_908_800,
                )),
                "A time. t_ms, in milliseconds, is read in its place, as older clients send it.",
                json!({ "t_s": 4_070_908_800_u64 }),
            ),
        ),
        (
            "Product",
            described(
                product(),
                "A product of an order.",
                json!({ "description": "A cup of coffee" }),
            ),
        ),
        (
            "Translations",
            described(
                translations(),
                "A text in other languages, by their tags.",
                json!({ "de": "Zwei Kaffee" }),
            ),
        ),
        (
            "WalletDatum",
            described(
                wallet_datum(),
                "Any value that a wallet may sign along with its coins.",
                json!(0),
            ),
        ),
    ];
    all.into_iter().map(|(name, schema)| (name.to_owned(), schema)).collect()
}

/// `schema`, and what it means.
pub(super) fn told(mut schema: Value, about: &str) -> Value {
    schema["description"] = about.into();
    schema
}

fn described(schema: Value, about: &str, of: Value) -> Value {
    told(example(schema, of), about)
}

/// `schema`, and an example of it.
pub(super) fn example(mut schema: Value, of: impl Into<Value>) -> Value {
    schema["examples"] = json!([of.into()]);
    schema
}

/// An object of one member, a whole number up to `most` or `word`.
fn number_or(member: &str, most: u64, word: &str, about: &str, of: u64) -> Value {
    object([(member, described(any_of([number(0, most), one_of([word])]), about, json!(of)))])
}

/// A value that may be in a contract, under a name that wallets can read.
fn contract_value() -> Value {
    let most = i64::try_from(MAX_INTEGER).unwrap();
    any_of([
        json!({ "type": ["boolean", "null"] }),
        json!({ "type": "integer", "minimum": -most, "maximum": MAX_INTEGER }),
        json!({ "type": "string", "pattern": r"^[^\u0000]*$" }),
        list(named("ContractValue"), None),
        contract_object(anything()),
    ])
}

/// `object`, of which every member may be in a contract.
fn contract_object(mut object: Value) -> Value {
    object["propertyNames"] =
        json!({ "type": "string", "pattern": r"^(?:[A-Za-z0-9_]+|\$forgettable)$" });
    object["additionalProperties"] = named("ContractValue");
    object
}

/// A value that a wallet may sign along with its coins: as in a contract, but any name will do.
fn wallet_datum() -> Value {
    let mut datum = contract_value();
    datum["anyOf"][3] = list(named("WalletDatum"), None);
    datum["anyOf"][4] = wallet_data();
    datum
}

/// What a wallet may sign along with its coins.
pub(super) fn wallet_data() -> Value {
    let mut data = map(named("WalletDatum"));
    data["propertyNames"] = json!({ "type": "string", "pattern": r"^[\u0001-\u007f]*$" });
    data
}

/// A text in other languages.
pub(super) fn translations() -> Value {
    let mut texts = map(json!({ "type": "string", "pattern": r"^[^\u0000]*$" }));
    texts["propertyNames"] = json!({ "type": "string", "pattern": "^[A-Za-z0-9_]+$" });
    texts
}

/// An order as a shop writes it. Other members are kept as they are, if a contract may have them.
pub(super) fn order() -> Value {
    let order = object([
        (
            "amount?",
            told(
                named("Amount"),
                "The price, all taxes included. Without it, the sum of the products' prices, and the tip.",
            ),
        ),
        (
            "summary",
            told(example(clean(ORDER_TEXT), "Two coffees"), "What is bought, in one line."),
        ),
        (
            "version?",
            told(json!({ "type": "integer", "enum": [0] }), "The version of the contract: 0."),
        ),
        ("order_id?", told(named("OrderId"), "The order's name. Without it, tilld makes one.")),
        ("summary_i18n?", told(named("Translations"), "The summary in other languages.")),
        (
            "fulfillment_url?",
            told(
                example(
                    fulfillment("fulfillment-url-of-order"),
                    "https://shop.example/${ORDER_ID}",
                ),
                "Where the customer finds what was bought. `${ORDER_ID}` stands for the order's name.",
            ),
        ),
        (
            "fulfillment_message?",
            told(
                example(clean(ORDER_TEXT), "Collect it at the counter."),
                "What the customer reads after paying, if there is no page.",
            ),
        ),
        (
            "fulfillment_message_i18n?",
            told(named("Translations"), "That message in other languages."),
        ),
        (
            "public_reorder_url?",
            told(named("WebAddress"), "Where a customer makes a new order of the same."),
        ),
        (
            "minimum_age?",
            told(
                example(number(0, MAX_AGE.into()), 18),
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
        (
            "delivery_location?",
            described(
                any_of([named("ContractValue")]),
                "Where it is delivered.",
                json!({ "town": "Dresden" }),
            ),
        ),
        (
            "auto_refund?",
            told(named("OrderDuration"), "For how long wallets look for refunds by themselves."),
        ),
        ("max_fee?", told(named("Amount"), "How much of the deposit fees the shop bears.")),
        ("tip?", told(named("Amount"), "How much of the price is a tip.")),
        ("merchant_base_url?", told(named("BaseUrl"), "The address of this backend for wallets.")),
        (
            "order_default_money_pot?",
            told(
                json!({ "type": "integer", "examples": [1] }),
                "The pot for what is booked to no other. No wallet sees it.",
            ),
        ),
        (
            "extra?",
            told(
                example(contract_object(anything()), json!({ "table": 7 })),
                "Whatever the shop wants to keep with the order.",
            ),
        ),
    ]);
    contract_object(order)
}

/// A product of an order.
pub(super) fn product() -> Value {
    let product = contract_object(object([
        ("product_name?", told(example(clean(ORDER_TEXT), "Coffee"), "The product's name.")),
        (
            "description?",
            told(example(clean(ORDER_TEXT), "A cup of coffee"), "The product in words."),
        ),
        ("price?", told(named("Amount"), "What it costs.")),
        ("prices?", told(list(named("Amount"), None), "What it costs, in several currencies.")),
        (
            "product_money_pot?",
            told(
                json!({ "type": "integer", "examples": [1] }),
                "The pot that its price is booked to. No wallet sees it.",
            ),
        ),
        (
            "taxes?",
            told(
                list(
                    contract_object(object([("tax?", told(named("Amount"), "How much it is."))])),
                    None,
                ),
                "The taxes in the price.",
            ),
        ),
    ]));
    let named = |member: &str| {
        object([(
            member,
            told(
                json!({ "type": "string", "examples": ["A cup of coffee"] }),
                "It must be there, or the other one.",
            ),
        )])
    };
    both(product, any_of([named("description"), named("product_name")]))
}

/// An order as shops of 2019 wrote it.
pub(super) fn order_2019() -> Value {
    let mut order = order();
    let time = |member: &str, endless: &str, words: &str, (unit, most): (&str, u64)| {
        let about = "Milliseconds, or without end.";
        any_of([
            named(member),
            contract_object(number_or(unit, most, endless, about, 3_600_000)),
            json!({ "type": "string", "pattern": words }),
        ])
    };
    // Up to the time that is near enough.
    let seconds = "(?:[0-9]{1,9}|[1-3][0-9]{9}|4[0-8][0-9]{8})";
    let date = format!(r"^(?:/(?:never|forever|end of time)/|/Date\({seconds}\)/)$");
    let delay = r"^(?:/forever/|/Delay\([0-9]{1,9}\)/)$";
    for name in
        ["timestamp", "pay_deadline", "refund_deadline", "wire_transfer_deadline", "delivery_date"]
    {
        let about = order["properties"][name]["description"].take();
        order["properties"][name] =
            time("OrderTimestamp", "never", &date, ("t_ms", NEAR_ENOUGH_S * 1000));
        order["properties"][name]["description"] = about;
    }
    let about = order["properties"]["auto_refund"]["description"].take();
    order["properties"]["auto_refund"] =
        time("OrderDuration", "forever", delay, ("d_ms", MAX_MICROS / 1000));
    order["properties"]["auto_refund"]["description"] = about;
    // Both must be there, so they cannot be null.
    order["properties"]["amount"] = told(named("Amount"), "The price, all taxes included.");
    order["properties"]["fulfillment_url"]["type"] = json!("string");
    order["required"] = json!(["amount", "summary", "fulfillment_url"]);
    order
}

/// A contract: the order, completed.
pub(super) fn contract_terms() -> Value {
    object([
        ("order_id", told(named("OrderId"), "The order's name.")),
        ("amount", told(named("Amount"), "The price.")),
        ("max_fee", told(named("Amount"), "How much of the deposit fees the shop bears.")),
        ("summary", told(named("Summary"), "What is bought, in one line.")),
        ("timestamp", told(named("Timestamp"), "When the contract was made.")),
        ("pay_deadline", told(named("Timestamp"), "Until when it can be paid.")),
        ("refund_deadline", told(named("Timestamp"), "Until when the shop can refund it.")),
        (
            "wire_transfer_deadline",
            told(named("Timestamp"), "Until when the exchange wires the money."),
        ),
        ("merchant_base_url", told(named("BaseUrl"), "The address of the shop's backend.")),
        ("merchant_pub", told(named("EddsaPublicKey"), "The shop's key.")),
        ("merchant", told(object([("name", told(named("ShopName"), "Its name."))]), "The shop.")),
        ("h_wire", told(named("HashCode"), "Names the account that the money goes to.")),
        ("wire_method", told(named("WireMethod"), "The kind of that account, such as `iban`.")),
        (
            "products",
            told(example(list(anything(), None), json!([])), "What is bought, in detail."),
        ),
        (
            "exchanges",
            told(
                list(
                    object([
                        ("url", told(named("BaseUrl"), "Its address.")),
                        ("master_pub", told(named("EddsaPublicKey"), "Its master key.")),
                        (
                            "priority",
                            told(
                                json!({ "type": "integer", "examples": [1024] }),
                                "The higher, the more the shop likes it.",
                            ),
                        ),
                    ]),
                    None,
                ),
                "The exchanges whose coins are taken.",
            ),
        ),
        (
            "nonce?",
            told(named("EddsaPublicKey"), "The key of the wallet that has claimed the order."),
        ),
        (
            "fulfillment_url?",
            told(named("FulfillmentUrl"), "Where the customer finds what was bought."),
        ),
    ])
}
