//! What the protocol's values look like in an `OpenAPI` document, for programs that describe their API with
//! utoipa. Limits come from the types that read the values, so that they cannot drift.

mod template;

use std::borrow::Cow;

use serde_json::{Value, json};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::amount::{self, Amount, Currency};
use crate::base32::Bytes;
use crate::coin::denomination::CoinSignature;
use crate::ids::{
    InstanceId, MAX_INSTANCE, MAX_NAME, MAX_OTP_DEVICE, MAX_PRODUCT, MAX_SESSION, MAX_WEBHOOK,
    OrderId, OtpDeviceId, ProductId, SessionId, TemplateId, WebhookId,
};
use crate::otp::{self, OtpAlgorithm, OtpKey};
use crate::payto::{MAX_PAYTO, Payto};
use crate::quantity::DecimalQuantity;
use crate::sign::{PublicKey, Signature};
use crate::time::{MAX_MICROS, MAX_SECS, RelativeTime, Timestamp};
use crate::web::{BaseUrl, FulfillmentUrl, MAX_BASE, MAX_FULFILLMENT};

/// The shortest time that a contract counts, in microseconds: a second.
pub const SECOND_US: u64 = 1_000_000;
/// Longest RSA signature as base32 text, in characters: a key of 8192 bits.
const MAX_RSA: usize = 1646;

/// The schema that `json` is, with what it means and an example.
#[expect(clippy::expect_used, reason = "schemas are constants; a test makes each of them")]
pub fn described(mut json: Value, description: &str, example: Value) -> RefOr<Schema> {
    if let Value::Object(members) = &mut json {
        members.insert("description".into(), description.into());
        members.insert("examples".into(), Value::Array(vec![example]));
    }
    serde_json::from_value(json).expect("a schema")
}

/// Gives a type its name and its schema: `schema!(Type, "Name", schema, "meaning", example)`.
#[macro_export]
macro_rules! schema {
    ($type:ty, $name:expr, $schema:expr, $description:expr, $example:expr $(,)?) => {
        impl utoipa::PartialSchema for $type {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
                $crate::openapi::described($schema, $description, serde_json::json!($example))
            }
        }

        impl utoipa::ToSchema for $type {
            fn name() -> std::borrow::Cow<'static, str> {
                std::borrow::Cow::Borrowed($name)
            }
        }
    };
}

pub use schema;

/// Any text of at most `most` characters that a contract can hold: its hash ends with U+0000.
pub fn clean(most: usize) -> Value {
    json!({ "type": "string", "maxLength": most, "pattern": r"^[^\u0000]*$" })
}

/// A text of `least` to `most` characters that `pattern` matches from end to end.
pub fn word(pattern: &str, least: usize, most: usize) -> Value {
    json!({ "type": "string", "pattern": format!("^{pattern}$"), "minLength": least, "maxLength": most })
}

/// A text with rules that no pattern can tell; they have a name, and what `pattern` can tell holds.
pub fn special(format: &str, pattern: &str, most: usize) -> Value {
    let mut schema = word(pattern, 1, most);
    if let Value::Object(members) = &mut schema {
        members.insert("format".into(), format.into());
    }
    schema
}

/// Where a customer finds what was bought; `format` says whether it may have a blank to fill.
pub fn fulfillment(format: &str) -> Value {
    let schemes = "(?:[Hh][Tt][Tt][Pp][Ss]?|[Tt][Aa][Ll][Ee][Rr])";
    special(format, &format!("{schemes}:.+"), MAX_FULFILLMENT)
}

/// The base32 text of `bytes` bytes.
pub fn base32(bytes: usize) -> Value {
    let length = bytes.saturating_mul(8).div_ceil(5);
    word("[0-9A-Za-z]+", length, length)
}

/// Decimal digits of a number up to `most`; zeros may lead.
pub fn up_to(most: u64) -> String {
    let digits = most.to_string();
    let mut ways = Vec::new();
    if digits.len() > 1 {
        ways.push(format!("[0-9]{{1,{}}}", digits.len().saturating_sub(1)));
    }
    ways.push(digits.clone());
    for (place, digit) in digits.char_indices() {
        let Some(lower) = digit.to_digit(10).and_then(|digit| digit.checked_sub(1)) else {
            continue;
        };
        let rest = digits.len().saturating_sub(place).saturating_sub(1);
        let lower = if lower == 0 { "0".to_owned() } else { format!("[0-{lower}]") };
        let head = digits.get(..place).unwrap_or_default();
        ways.push(format!("{head}{lower}[0-9]{{{rest}}}"));
    }
    format!("0*(?:{})", ways.join("|"))
}

/// A quantity; the last few millionths below the largest one are left out.
pub fn quantity() -> Value {
    let most = DecimalQuantity::MAX.whole().saturating_sub(1);
    word(&format!(r"{}(?:\.[0-9]{{1,6}})?", up_to(most)), 1, crate::quantity::MAX_TEXT)
}

/// An object of one member, a whole number or `word`.
pub fn number_or(member: &str, least: u64, most: u64, word: &str, about: &str) -> Value {
    json!({
        "type": "object",
        "properties": { member: {
            "description": about,
            "anyOf": [
                { "type": "integer", "minimum": least, "maximum": most },
                { "type": "string", "enum": [word] },
            ],
        } },
        "required": [member],
    })
}

/// An order's or a template's name: not `.` or `..`, which would vanish from addresses.
fn name() -> Value {
    let plain = "[A-Za-z0-9_:-]";
    let any = "[A-Za-z0-9._:-]";
    word(&format!(r"(?:\.{{0,2}}{plain}{any}*|\.{{3}}{any}*)"), 1, MAX_NAME)
}

/// A webhook's name: not `.` or `..` either.
fn webhook_name() -> Value {
    let plain = "[A-Za-z0-9_~:@-]";
    let any = "[A-Za-z0-9._~:@-]";
    word(&format!(r"(?:\.{{0,2}}{plain}{any}*|\.{{3}}{any}*)"), 1, MAX_WEBHOOK)
}

fn currency() -> String {
    format!("[A-Za-z]{{1,{}}}", amount::MAX_CURRENCY)
}

schema!(
    Amount,
    "Amount",
    word(
        &format!(
            r"{}:{}(?:\.[0-9]{{1,{}}})?",
            currency(),
            up_to(amount::MAX_VALUE),
            amount::DIGITS
        ),
        3,
        amount::MAX_TEXT,
    ),
    "An amount of money: the currency, a colon, whole units, and up to eight digits after the point.",
    "KUDOS:4.50",
);
schema!(
    Currency,
    "Currency",
    word(&currency(), 1, amount::MAX_CURRENCY),
    "A currency's name in letters.",
    "KUDOS",
);
schema!(
    BaseUrl,
    "BaseUrl",
    special("base-url", "[Hh][Tt][Tt][Pp][Ss]?:.*/", MAX_BASE),
    "The address of a backend or an exchange. It ends with a slash.",
    "https://exchange.example/",
);
schema!(
    FulfillmentUrl,
    "FulfillmentUrl",
    fulfillment("fulfillment-url"),
    "Where the customer finds what was bought: an address with http, https or taler.",
    "https://shop.example/article/7",
);
schema!(
    OrderId,
    "OrderId",
    name(),
    "An order's name within its instance: 1 to 128 letters, digits, or . _ : -",
    "2026.120-03PJ2M8A5H7XE",
);
schema!(
    TemplateId,
    "TemplateId",
    name(),
    "A template's name within its instance: 1 to 128 letters, digits, or . _ : -",
    "coffee",
);
schema!(
    OtpDeviceId,
    "OtpDeviceId",
    word(r"(?:\.{0,2}[A-Za-z0-9_:-][A-Za-z0-9._:-]*|\.{3}[A-Za-z0-9._:-]*)", 1, MAX_OTP_DEVICE),
    "The name of a device for one-time codes within its instance: 1 to 64 letters, digits, or . _ : -",
    "machine-1",
);
schema!(
    OtpKey,
    "OtpKey",
    word("(?:[A-Za-z2-7]{2,128}|[A-Za-z2-7]{2,127}=|[A-Za-z2-7]{2,126}==)", 2, otp::MAX_KEY),
    "The secret of a device in base32 of RFC 3548: letters and the digits 2 to 7.",
    "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ",
);
schema!(
    OtpAlgorithm,
    "OtpAlgorithm",
    json!({ "anyOf": [
        { "type": "integer", "enum": OtpAlgorithm::ALL.map(|(_, number, _)| number) },
        { "type": "string", "enum": OtpAlgorithm::ALL.map(|(.., name)| name) },
    ] }),
    "How codes are made: 0 or NONE: not at all; 1 or TOTP_WITHOUT_PRICE: of the time; 2 or TOTP_WITH_PRICE: of time and price. Answers have the number.",
    1,
);
schema!(
    WebhookId,
    "WebhookId",
    webhook_name(),
    "A webhook's name within its instance: 1 to 64 letters, digits, or . _ ~ : @ -",
    "talerbarr_pay",
);
schema!(
    InstanceId,
    "InstanceId",
    word("[A-Za-z0-9][A-Za-z0-9_.@-]+", 2, MAX_INSTANCE),
    "An instance's name. Its case does not matter; `default` is read as `admin`.",
    "admin",
);
schema!(
    SessionId,
    "SessionId",
    word(r"[^\u0000-\u001f\u007f-\u009f]+", 1, MAX_SESSION),
    "A visitor's session as the shop calls it: up to 512 characters, no control characters.",
    "4f1c09",
);
schema!(
    Payto,
    "Payto",
    special(
        "payto",
        r"[Pp][Aa][Yy][Tt][Oo]://[A-Za-z0-9._-]+/[!-~]+[?&]receiver-name=[!-~]+",
        MAX_PAYTO,
    ),
    "A bank account as a payto URI (RFC 8905), with the owner's name.",
    "payto://iban/DE75512108001245126199?receiver-name=Corner+Shop",
);
schema!(
    ProductId,
    "ProductId",
    word(r"[^\u0000-\u001f\u007f-\u009f]+", 1, MAX_PRODUCT),
    "A product's name within its shop: up to 128 characters, no control characters.",
    "Käse 1/2",
);
schema!(
    DecimalQuantity,
    "DecimalQuantity",
    quantity(),
    "How much of a product: a number of up to 9,007,199,253 with up to six digits behind the dot.",
    "1.5",
);
schema!(
    PublicKey,
    "EddsaPublicKey",
    base32(32),
    "An Ed25519 public key: 32 bytes as base32 text.",
    "0000000000000000000000000000000000000000000000000000",
);
schema!(
    Signature,
    "EddsaSignature",
    base32(64),
    "An Ed25519 signature: 64 bytes as base32 text.",
    "0".repeat(103),
);
schema!(
    Timestamp,
    "Timestamp",
    number_or("t_s", 0, MAX_SECS, "never", "Seconds since 1970 (UTC), or never."),
    "A time. t_ms, in milliseconds, is read in its place, as older clients send it.",
    json!({ "t_s": 1_781_337_600 }),
);
schema!(
    RelativeTime,
    "RelativeTime",
    number_or("d_us", 0, MAX_MICROS, "forever", "Microseconds, or forever."),
    "A duration. d_ms, in milliseconds, is read in its place, as older clients send it.",
    json!({ "d_us": 3_600_000_000_u64 }),
);
schema!(
    CoinSignature,
    "CoinSignature",
    json!({ "anyOf": [
        {
            "type": "object",
            "properties": {
                "cipher": {
                    "type": "string", "enum": ["RSA"], "description": "The denomination's cipher.",
                },
                "rsa_signature": {
                    "type": "string", "format": "rsa-number", "pattern": "^[0-9A-Za-z]+$",
                    "minLength": 1, "maxLength": MAX_RSA, "examples": ["0G2"],
                    "description": "The unblinded RSA signature as base32 text.",
                },
            },
            "required": ["cipher", "rsa_signature"],
        },
        {
            "type": "object",
            "properties": {
                "cipher": {
                    "type": "string", "enum": ["CS"], "description": "The denomination's cipher.",
                },
                "cs_signature_r": described_base32("The point R, 32 bytes as base32 text."),
                "cs_signature_s": described_base32("The scalar s, 32 bytes as base32 text."),
            },
            "required": ["cipher", "cs_signature_r", "cs_signature_s"],
        },
    ] }),
    "The denomination's signature, which makes a coin of the key.",
    json!({ "cipher": "RSA", "rsa_signature": "0G2" }),
);

fn described_base32(about: &str) -> Value {
    let mut schema = base32(32);
    if let Value::Object(members) = &mut schema {
        members.insert("description".into(), about.into());
        members.insert("examples".into(), json!([crate::base32::encode(&[0; 32])]));
    }
    schema
}

impl<const N: usize> PartialSchema for Bytes<N> {
    fn schema() -> RefOr<Schema> {
        let zeros = crate::base32::encode(&[0; N]);
        described(base32(N), &format!("{N} bytes as base32 text."), json!(zeros))
    }
}

impl<const N: usize> ToSchema for Bytes<N> {
    fn name() -> Cow<'static, str> {
        match N {
            64 => "HashCode".into(),
            32 => "ShortHash".into(),
            16 => "Salt".into(),
            other => format!("Bytes{other}").into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template::TemplateContract;

    #[test]
    fn a_pattern_takes_numbers_up_to_its_limit_and_none_above() {
        let pattern = regex_lite::Regex::new(&format!("^{}$", up_to(4095))).unwrap();
        for number in 0..20_000 {
            assert_eq!(pattern.is_match(&number.to_string()), number <= 4095, "{number}");
        }
        assert!(
            pattern.is_match("0004095") && !pattern.is_match("0004096") && !pattern.is_match("")
        );
    }

    #[test]
    fn the_examples_are_what_their_types_read() {
        fn reads<T: ToSchema + serde::de::DeserializeOwned>() {
            let schema = serde_json::to_value(T::schema()).unwrap();
            let example = schema["examples"][0].clone();
            assert!(!schema["description"].as_str().unwrap().is_empty());
            assert!(
                serde_json::from_value::<T>(example.clone()).is_ok(),
                "{} {example}",
                T::name()
            );
        }
        reads::<Amount>();
        reads::<Currency>();
        reads::<BaseUrl>();
        reads::<FulfillmentUrl>();
        reads::<OrderId>();
        reads::<TemplateId>();
        reads::<ProductId>();
        reads::<DecimalQuantity>();
        reads::<OtpDeviceId>();
        reads::<OtpKey>();
        reads::<OtpAlgorithm>();
        reads::<WebhookId>();
        reads::<InstanceId>();
        reads::<SessionId>();
        reads::<Payto>();
        reads::<Timestamp>();
        reads::<RelativeTime>();
        reads::<Bytes<64>>();
        reads::<Bytes<32>>();
        reads::<Bytes<16>>();
        assert!(serde_json::to_value(CoinSignature::schema()).unwrap()["anyOf"].is_array());
        let contract = serde_json::to_value(TemplateContract::schema()).unwrap();
        let Value::Object(example) = contract["examples"][0].clone() else { panic!("an object") };
        assert!(TemplateContract::parse(example).is_ok());
    }
}
