//! What a template fixes. It keeps every member that the shop wrote, so it is read as it stands
//! ([`TemplateContract::parse`]) and described here.

use serde_json::{Map, Value, json};

use super::{SECOND_US, clean, schema};
use crate::coin::age::MAX_AGE;
use crate::template::{MAX_PATTERN, MAX_SELECTED, MAX_TEXT, TemplateContract};
use crate::time::LONGEST_DELAY_US;

schema!(
    TemplateContract,
    "TemplateContract",
    json!({ "anyOf": [fixed_order(), cart(), paywall("amount"), paywall("choices")] }),
    "What a template fixes about its orders. Other members are kept as they are.",
    json!({ "template_type": "fixed-order", "summary": "A cup of coffee", "amount": "KUDOS:2.50" }),
);

/// A price and a summary, each fixed or open.
fn fixed_order() -> Value {
    let kind = json!({
        "type": ["string", "null"], "enum": ["fixed-order", null],
        "description": "The type of the template. Without it, `fixed-order`.",
    });
    object(
        "A price and a summary, each fixed or open.",
        common().into_iter().chain([("template_type", kind)]),
        &[],
    )
}

/// A choice from the inventory.
fn cart() -> Value {
    let kind = json!({
        "type": "string", "enum": ["inventory-cart"], "description": "The type of the template.",
    });
    let amount = json!({
        "type": "null", "examples": [null], "description": "No price: the products have theirs.",
    });
    let flag = |about: &str| json!({ "type": ["boolean", "null"], "description": about });
    let list = |items: Value, about: &str| json!({ "type": ["array", "null"], "items": items, "maxItems": MAX_SELECTED, "description": about });
    let number = json!({
        "type": "integer", "format": "int64", "minimum": i64::MIN, "maximum": i64::MAX,
        "examples": [1],
    });
    let product = json!({ "$ref": "#/components/schemas/ProductId" });
    let own = [
        ("template_type", kind),
        ("amount", amount),
        ("selected_all", flag("Whether it offers all products. Without it, no.")),
        ("selected_categories", list(number, "Numbers of categories of which it offers all.")),
        ("selected_products", list(product, "Names of products that it offers.")),
        (
            "choose_one",
            flag("Whether the customer takes one piece of one product. Without it, no."),
        ),
    ];
    let mut members: Map<String, Value> =
        common().into_iter().map(|(name, member)| (name.to_owned(), member)).collect();
    members.extend(own.map(|(name, member)| (name.to_owned(), member)));
    object(
        "A choice from the inventory; the products say what is paid.",
        members,
        &["template_type"],
    )
}

/// Access to pages. The price is in the member `needed`, and may be in the other one as well.
fn paywall(needed: &str) -> Value {
    let kind = json!({
        "type": "string", "enum": ["paivana"], "description": "The type of the template.",
    });
    let pages = json!({
        "type": ["string", "null"], "format": "regex-lite", "maxLength": MAX_PATTERN,
        "description": "A regular expression for the addresses of the pages; without it, all pages.",
        "examples": ["^https://news\\.example/"],
    });
    let mut choices = json!({
        "type": ["array", "null"], "items": choice(), "minItems": 1, "maxItems": 1,
        "description": "The price, as the only choice.",
    });
    let mut members: Map<String, Value> =
        common().into_iter().map(|(name, member)| (name.to_owned(), member)).collect();
    if needed == "choices" {
        set(&mut choices, "type", json!("array"));
    } else {
        members.insert("amount".into(), reference("Amount", "The price."));
    }
    let own = [("template_type", kind), ("website_regex", pages), ("choices", choices)];
    members.extend(own.map(|(name, member)| (name.to_owned(), member)));
    object("Access to pages behind a paywall.", members, &["template_type", needed])
}

/// The one price of a paywall.
fn choice() -> Value {
    let none = |about: &str| json!({ "type": ["array", "null"], "items": { "type": "object" }, "maxItems": 0, "description": about });
    object(
        "A price.",
        [
            ("amount", reference("Amount", "The price.")),
            ("max_fee", or_null("Amount", "How much of the deposit fees the shop bears.")),
            ("inputs", none("Tokens that are taken. tilld takes none.")),
            ("outputs", none("Tokens that are given. tilld gives none.")),
        ],
        &["amount"],
    )
}

/// Members of every type.
fn common() -> [(&'static str, Value); 6] {
    let mut summary = clean(MAX_TEXT);
    set(&mut summary, "type", json!(["string", "null"]));
    set(
        &mut summary,
        "description",
        json!("What is bought, in one line. Without it, the customer says it."),
    );
    set(&mut summary, "examples", json!(["A cup of coffee"]));
    [
        ("summary", summary),
        ("currency", or_null("Currency", "The currency to pay in, where the price is open.")),
        ("amount", or_null("Amount", "The price. Without it, the customer says it.")),
        (
            "pay_duration",
            json!({
                "type": ["object", "null"],
                "description": "For how long an order can be paid. Without it, the instance's default counts. \
                    d_ms, in milliseconds, is read in the place of d_us, as older clients send it.",
                "properties": { "d_us": {
                    "description": "Microseconds, or forever.",
                    "anyOf": [
                        { "type": "integer", "minimum": SECOND_US, "maximum": LONGEST_DELAY_US },
                        { "type": "string", "enum": ["forever"] },
                    ],
                    "examples": [3_600_000_000_u64],
                } },
                "required": ["d_us"],
            }),
        ),
        (
            "minimum_age",
            json!({
                "type": ["integer", "null"], "minimum": 0, "maximum": MAX_AGE, "examples": [18],
                "description": "How old the customer must be, in years; 0 asks for nothing.",
            }),
        ),
        (
            "request_tip",
            json!({
                "type": ["boolean", "null"],
                "description": "Whether the customer may add a tip. Without it, no.",
            }),
        ),
    ]
}

fn object<K: Into<String>>(
    about: &str,
    members: impl IntoIterator<Item = (K, Value)>,
    required: &[&str],
) -> Value {
    let members: Map<String, Value> =
        members.into_iter().map(|(name, member)| (name.into(), member)).collect();
    let mut schema = json!({ "type": "object", "description": about, "properties": members });
    if !required.is_empty() {
        set(&mut schema, "required", json!(required));
    }
    schema
}

fn reference(name: &str, about: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}"), "description": about })
}

fn or_null(name: &str, about: &str) -> Value {
    json!({
        "anyOf": [{ "$ref": format!("#/components/schemas/{name}") }, { "type": "null" }],
        "description": about,
    })
}

fn set(schema: &mut Value, name: &str, value: Value) {
    if let Value::Object(members) = schema {
        members.insert(name.to_owned(), value);
    }
}
