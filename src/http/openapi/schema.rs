//! Schemas of values. Limits come from the types that parse them, so that they cannot differ.
//!
//! A member's name that ends in `?` may be missing. What clients send may then be null as well,
//! which is the same; tilld itself sends no null for a missing member.

#![expect(clippy::needless_pass_by_value, reason = "schemas are written where they are used")]

use serde_json::{Map, Value, json};
pub(super) use taler::openapi::{base32, clean, fulfillment, up_to, word};

use crate::model::contract;
use crate::model::instance::{MAX_LINE, MAX_LOGO};
use crate::till::MAX_PASSWORD;
use taler::amount::{Amount, Currency};
use taler::base32::HashCode;
use taler::canonical::MAX_INTEGER;
use taler::ids::{InstanceId, OrderId, SessionId, TemplateId};
use taler::payto::Payto;
use taler::sign::{PublicKey, Signature};
use taler::template;
use taler::time::{LONGEST_DELAY_US, MAX_DIGITS, MAX_MICROS, MAX_SECS, RelativeTime, Timestamp};
use taler::web::{BaseUrl, FulfillmentUrl};
use utoipa::ToSchema;

/// Any text of at most `most` characters.
pub(super) fn text(most: usize) -> Value {
    json!({ "type": "string", "maxLength": most })
}

/// One of these words.
pub(super) fn one_of<T: AsRef<str>>(messages: impl IntoIterator<Item = T>) -> Value {
    let messages: Vec<_> = messages.into_iter().map(|word| word.as_ref().to_owned()).collect();
    json!({ "type": "string", "enum": messages })
}

/// One of these words in any case.
pub(super) fn any_case(messages: &[&str]) -> Value {
    let letter = |c: char| format!("[{}{}]", c.to_ascii_lowercase(), c.to_ascii_uppercase());
    let word = |word: &&str| -> String {
        word.chars().map(|c| if c.is_alphabetic() { letter(c) } else { c.to_string() }).collect()
    };
    let messages: Vec<String> = messages.iter().map(word).collect();
    json!({ "type": "string", "pattern": format!("^(?:{})$", messages.join("|")) })
}

/// Any of these.
pub(super) fn any_of(schemas: impl IntoIterator<Item = Value>) -> Value {
    json!({ "anyOf": schemas.into_iter().collect::<Vec<_>>() })
}

/// `schema`, or null.
fn or_null(mut schema: Value) -> Value {
    if let Some(kind) = schema.get("type").and_then(Value::as_str).map(str::to_owned) {
        schema["type"] = json!([kind, "null"]);
        if let Some(Value::Array(messages)) = schema.get_mut("enum") {
            messages.push(Value::Null);
        }
        return schema;
    }
    if let Some(Value::Array(schemas)) = schema.get_mut("anyOf") {
        schemas.push(json!({ "type": "null" }));
        return schema;
    }
    let about = schema.as_object_mut().and_then(|members| members.remove("description"));
    let mut schema = any_of([schema, json!({ "type": "null" })]);
    if let Some(about) = about {
        schema["description"] = about;
    }
    schema
}

/// A list of up to `most` things.
pub(super) fn list(item: Value, most: Option<usize>) -> Value {
    let mut schema = json!({ "type": "array", "items": item });
    if let Some(most) = most {
        schema["maxItems"] = json!(most);
    }
    schema
}

/// A list as tilld sends it.
pub(super) fn listed(item: Value) -> Value {
    list(item, None)
}

/// An object whose members all look alike.
pub(super) fn map(value: Value) -> Value {
    json!({ "type": "object", "additionalProperties": value })
}

/// Any value.
pub(super) fn any() -> Value {
    json!({ "type": ["null", "boolean", "number", "string", "array", "object"] })
}

/// Any object.
pub(super) fn anything() -> Value {
    json!({ "type": "object" })
}

/// An object as clients send it.
pub(super) fn wish<const N: usize>(members: [(&str, Value); N]) -> Value {
    object(members, or_null)
}

/// An object as tilld sends it.
pub(super) fn report<const N: usize>(members: [(&str, Value); N]) -> Value {
    object(members, |schema| schema)
}

fn object<const N: usize>(members: [(&str, Value); N], optional: fn(Value) -> Value) -> Value {
    let (mut properties, mut required) = (Map::new(), Vec::new());
    for (name, schema) in members {
        match name.strip_suffix('?') {
            Some(name) => properties.insert(name.into(), optional(schema)),
            None => {
                required.push(name);
                properties.insert(name.into(), schema)
            }
        };
    }
    let mut schema = json!({ "type": "object", "properties": properties });
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    schema
}

/// One object with the members of both.
pub(super) fn joined(mut one: Value, other: Value) -> Value {
    for (name, schema) in other["properties"].as_object().into_iter().flatten() {
        one["properties"][name] = schema.clone();
    }
    let required = [&one, &other].map(|object| object["required"].as_array().cloned());
    one["required"] = json!(required.into_iter().flatten().flatten().collect::<Vec<_>>());
    one
}

/// All of `one` and all of `other`.
pub(super) fn both(one: Value, other: Value) -> Value {
    json!({ "allOf": [one, other] })
}

/// The schema kept under this name.
pub(super) fn named(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

pub(super) fn amount() -> Value {
    named("Amount")
}

pub(super) fn time() -> Value {
    named("Timestamp")
}

pub(super) fn duration() -> Value {
    named("RelativeTime")
}

pub(super) fn hash() -> Value {
    named("HashCode")
}

pub(super) fn key() -> Value {
    named("EddsaPublicKey")
}

pub(super) fn flag() -> Value {
    json!({ "type": "boolean" })
}

/// A whole number between these.
pub(super) fn number(least: u64, most: u64) -> Value {
    json!({ "type": "integer", "minimum": least, "maximum": most })
}

/// Any whole number.
pub(super) fn integer() -> Value {
    json!({ "type": "integer" })
}

/// A whole number of 64 bits.
pub(super) fn serial() -> Value {
    json!({ "type": "integer", "format": "int64", "minimum": i64::MIN, "maximum": i64::MAX })
}

/// How many rows, and in which direction; not zero.
pub(super) fn rows() -> Value {
    any_of([
        json!({ "type": "integer", "minimum": 1, "maximum": i64::MAX }),
        json!({ "type": "integer", "minimum": i64::MIN, "maximum": -1 }),
    ])
}

/// Digits of a time in a query.
pub(super) fn digits() -> Value {
    word("[0-9]+", 1, MAX_DIGITS)
}

/// Yes or no in a query.
pub(super) fn yes() -> Value {
    any_case(&["yes", "no", "true", "false", "1", "0"])
}

/// An address by which something is reached on the web.
pub(super) fn web_address(most: usize) -> Value {
    json!({ "type": "string", "format": "web-address", "pattern": ":", "maxLength": most })
}

/// Seconds since 1970 in a query.
pub(super) fn seconds() -> Value {
    word(&up_to(MAX_SECS), 1, MAX_DIGITS)
}

pub(super) fn order_id() -> Value {
    named("OrderId")
}

pub(super) fn template_id() -> Value {
    named("TemplateId")
}

pub(super) fn instance_id() -> Value {
    named("InstanceId")
}

pub(super) fn fulfillment_url() -> Value {
    named("FulfillmentUrl")
}

pub(super) fn base_url() -> Value {
    named("BaseUrl")
}

/// A kind of bank account, as in payto URIs. Another text names none, and U+0000 can be in no hash.
pub(super) fn wire_method() -> Value {
    word("[A-Za-z0-9._-]+", 1, 64)
}

pub(super) fn line() -> Value {
    clean(MAX_LINE)
}

/// A value that may be in a contract, under a name that wallets can read.
fn contract_value() -> Value {
    let whole = json!({ "type": "integer", "minimum": -i64::try_from(MAX_INTEGER).unwrap(), "maximum": MAX_INTEGER });
    any_of([
        json!({ "type": ["boolean", "null"] }),
        whole,
        json!({ "type": "string", "pattern": r"^[^\u0000]*$" }),
        listed(named("ContractValue")),
        contract_object(anything()),
    ])
}

/// `object`, of which every member may be in a contract.
pub(super) fn contract_object(mut object: Value) -> Value {
    object["propertyNames"] =
        json!({ "type": "string", "pattern": r"^(?:[A-Za-z0-9_]+|\$forgettable)$" });
    object["additionalProperties"] = named("ContractValue");
    object
}

/// A value that a wallet may sign along with its coins: as in a contract, but any name will do.
fn wallet_datum() -> Value {
    let mut datum = contract_value();
    datum["anyOf"][3] = listed(named("WalletDatum"));
    datum["anyOf"][4] = map(named("WalletDatum"));
    datum["anyOf"][4]["propertyNames"] =
        json!({ "type": "string", "pattern": r"^[\u0001-\u007f]*$" });
    datum
}

/// A text in other languages.
fn translations() -> Value {
    let mut texts = map(json!({ "type": "string", "pattern": r"^[^\u0000]*$" }));
    texts["propertyNames"] = json!({ "type": "string", "pattern": "^[A-Za-z0-9_]+$" });
    texts
}

fn location() -> Value {
    wish([
        ("country?", line()),
        ("country_subdivision?", line()),
        ("district?", line()),
        ("town?", line()),
        ("town_location?", line()),
        ("post_code?", line()),
        ("street?", line()),
        ("building_name?", line()),
        ("building_number?", line()),
        ("address_lines?", list(line(), Some(7))),
    ])
}

/// What every refusal says.
fn problem() -> Value {
    report([
        ("code", json!({ "type": "integer", "description": "A code of Taler's list." })),
        ("hint", json!({ "type": "string", "description": "The code in words." })),
        ("detail?", json!({ "type": "string", "description": "What is special about this case." })),
        ("request_id", json!({ "type": "string", "description": "As in the log." })),
        ("exchange_url?", json!({ "type": "string" })),
        ("exchange_http_status?", integer()),
        ("exchange_code?", integer()),
        ("exchange_reply?", any()),
        ("exchange_base_urls?", listed(json!({ "type": "string" }))),
    ])
}

/// A refusal as shops of 2019 read it.
fn problem_2019() -> Value {
    both(
        named("Problem"),
        report([
            ("error", json!({ "type": "string", "description": "The hint once more." })),
            ("ec", json!({ "type": "integer", "description": "The code of today." })),
            ("parameter?", json!({ "type": "string", "description": "Which parameter." })),
            ("field?", json!({ "type": "string", "description": "Which member of the order." })),
        ]),
    )
}

/// A time before a hundred years from now, whenever that is, in seconds since 1970 (in 2125): a document
/// cannot reckon.
pub(super) const NEAR_ENOUGH_S: u64 = 4_900_000_000;
/// The shortest time that a contract counts, in microseconds.
pub(super) const SECOND_US: u64 = 1_000_000;

/// A type of the protocol.
fn one<T: ToSchema>() -> (String, Value) {
    (T::name().into(), serde_json::to_value(T::schema()).unwrap())
}

/// Everything that has a name, but for what operations derive from structs.
pub(super) fn components() -> Map<String, Value> {
    let or_word = |member: &str, least: u64, most: u64, word: &str| {
        let mut schema = wish([(member, any_of([number(least, most), one_of([word])]))]);
        let unit = member.split('_').next().unwrap_or_default();
        schema["description"] =
            format!("{unit}_ms, in milliseconds, is read in its place, as older clients send it.")
                .into();
        schema
    };
    let all = [
        ("ClaimToken", base32(16)),
        ("ContractValue", contract_value()),
        ("Delay", wish([("d_us", number(0, LONGEST_DELAY_US))])),
        (
            "Image",
            any_of([word("", 0, 0), word(r"data:image/[^;]*;base64,[A-Za-z0-9+/=]*", 1, MAX_LOGO)]),
        ),
        ("Location", location()),
        ("OrderDuration", contract_object(or_word("d_us", 0, MAX_MICROS, "forever"))),
        ("OrderTimestamp", contract_object(or_word("t_s", 0, NEAR_ENOUGH_S, "never"))),
        ("Password", json!({ "type": "string", "minLength": 1, "maxLength": MAX_PASSWORD })),
        ("Problem", problem()),
        ("Problem2019", problem_2019()),
        ("Product", super::contract::product()),
        (
            "Rounding",
            one_of(["NONE", "SECOND", "MINUTE", "HOUR", "DAY", "WEEK", "MONTH", "QUARTER", "YEAR"]),
        ),
        ("Translations", translations()),
        ("WalletDatum", wallet_datum()),
        ("TemplateContract", super::templates::contract()),
        ("TimeToPay", or_word("d_us", SECOND_US, LONGEST_DELAY_US, "forever")),
    ];
    let all = all.into_iter().map(|(name, schema)| (name.to_owned(), schema));
    all.chain([
        one::<Amount>(),
        one::<BaseUrl>(),
        one::<Currency>(),
        one::<FulfillmentUrl>(),
        one::<HashCode>(),
        one::<InstanceId>(),
        one::<OrderId>(),
        one::<Payto>(),
        one::<PublicKey>(),
        one::<RelativeTime>(),
        one::<SessionId>(),
        one::<Signature>(),
        one::<TemplateId>(),
        one::<Timestamp>(),
    ])
    .collect()
}

/// Longest text in an order.
pub(super) const ORDER_TEXT: usize = contract::MAX_TEXT;
/// Longest text in a template.
pub(super) const TEMPLATE_TEXT: usize = template::MAX_TEXT;
