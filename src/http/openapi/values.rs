//! Values that have a name in the API document and no type of their own in the program: texts with a
//! limit, words of a query, and what contracts may hold.

use serde_json::json;
use taler::coin::age::MAX_AGE;
use taler::openapi::{base32, clean, quantity, schema, special, word};
use taler::quantity::DecimalQuantity;

use super::contract::{self, told};
use super::schema::{
    any_case, any_of, line, list, location, number, one_of, rows, seconds, text, translations,
    wire_method, wish,
};
use crate::http::extract::{SessionOrNone, YesNoAll};
use crate::http::orders::shop::MAX_PATHS;
use crate::http::products::MAX_UUID;
use crate::model::access::{Scope, TokenScope};
use crate::model::account::MAX_SUBJECT;
use crate::model::order::{MAX_METHOD, MAX_REFERENCE, PaymentMethod, PaymentReference};
use crate::model::otp_device::MAX_DEVICE_DESCRIPTION;
use crate::model::product::{
    IMAGE_KINDS, MAX_CATEGORIES, MAX_IMAGE, MAX_LANGUAGES, MAX_PRECISION, MAX_PRICES, MAX_TEXT,
    MAX_UNIT,
};
use crate::model::webhook;
use crate::till::access::{MAX_DESCRIPTION, MAX_TOKEN, PREFIX};
use crate::till::{MAX_LOCK_UUIDS, MAX_OLD_SECRET_S, MAX_REASON};
use crate::webhook::template::{MAX_BODY_TEMPLATE, MAX_HEADER_TEMPLATE, MAX_URL};
use taler::ids::MAX_SESSION;
use taler::time::MAX_DIGITS;

/// Types that stand for a value in the document only.
macro_rules! values {
    ($($name:ident: $schema:expr, $about:expr, $example:expr;)*) => {
        $(
            pub(in crate::http) struct $name;
            schema!($name, stringify!($name), $schema, $about, $example);
        )*
    };
}

values! {
    Order: contract::order(),
        "Deadlines lie in the future, the time to pay is over before refunds are, and those before \
         the money is wired. All amounts are in one currency. Members named in `$forgettable` can \
         be forgotten later. Other members become part of the contract as they are.",
        json!({ "amount": "KUDOS:4.50", "summary": "Two coffees" });
    ContractTerms: contract::contract_terms(),
        "A contract: the order, completed.",
        json!({ "order_id": "2026.120-03PJ2M8A5H7XE", "amount": "KUDOS:4.50" });
    WalletData: contract::wallet_data(),
        "Any members that can be hashed.",
        json!({ "choice_index": 0 });
    ContractPaths: list(special("contract-path", r"\$.+", 4096), Some(MAX_PATHS)),
        "Paths into a contract.", json!(["$.products[0].description"]);
    Reason: clean(MAX_REASON), "A reason in words, of up to 1,024 characters.", json!("The cup was broken");
    AnyObject: json!({ "type": "object" }), "Any object.", json!({});
    WireMethod: wire_method(), "A kind of bank account, as in payto URIs.", json!("iban");
    Rows: rows(), "How many rows, and in which direction; not zero.", json!(-20);
    Offset: json!({ "type": "integer", "minimum": 0, "maximum": i64::MAX }),
        "The number of a row.", json!(1000);
    Seconds: seconds(), "Seconds since 1970 (UTC).", json!("1781337600");
    Milliseconds: word("[0-9]+", 1, MAX_DIGITS), "Milliseconds.", json!("20000");
    YesNo: any_case(&["yes", "no", "true", "false", "1", "0"]), "Yes or no.", json!("yes");
    ClaimToken: base32(16), "An order's claim token: 16 bytes as base32 text.", json!("0".repeat(26));
    Token: word(&format!("{PREFIX}[!-~]+"), PREFIX.len() + 1, PREFIX.len() + MAX_TOKEN),
        "A token, `secret-token:` included.", json!("secret-token:4XRVA8C6");
    TokenNote: text(MAX_DESCRIPTION), "A note about a token.", json!("web shop");
    Serial: json!({ "type": "integer", "format": "int64", "minimum": i64::MIN, "maximum": i64::MAX }),
        "A number of 64 bits.", json!(17);
    DeviceNote: text(MAX_DEVICE_DESCRIPTION), "A note about a device.", json!("coffee machine");
    OtpCounter: json!({ "type": "integer", "minimum": 0, "maximum": u32::MAX }),
        "A counter; no code depends on it.", json!(0);
    OtpCode: word("[0-9]+", 8, 8), "A code of eight digits.", json!("94287082");
    Subject: text(MAX_SUBJECT), "An addition to the subject of transfers.", json!("shop 1");
    FacadeCredentials: any_of([
            wish([("type", told(one_of(["none"]), "Nothing is asked for."))]),
            wish([
                ("type", told(one_of(["basic"]), "A name and a password.")),
                ("username", told(json!({ "type": "string" }), "The name.")),
                ("password", told(json!({ "type": "string" }), "The password.")),
            ]),
            wish([
                ("type", told(one_of(["bearer"]), "A token.")),
                ("token", told(json!({ "type": "string" }), "The token.")),
            ]),
        ]), "How tilld identifies itself to the bank.", json!({ "type": "none" });
    ProductText: clean(MAX_TEXT), "A text about a product, of up to 4,096 characters.", json!("From the Alps");
    ProductName: word(r"[^\u0000]+", 1, MAX_TEXT), "A name, of up to 4,096 characters.", json!("Cheese");
    Line: line(), "A line of up to 512 characters.", json!("VAT 7 %");
    UnitName: clean(MAX_UNIT), "A unit's name, of up to 80 characters.", json!("WeightUnitKg");
    NewUnitName: word(r"[^\u0000]+", 1, MAX_UNIT), "A unit's name, of 1 to 80 characters.", json!("Crate");
    ProductTranslations: product_translations(),
        "A text in other languages, by their tags of letters, digits and `_`.", json!({ "de": "Käse" });
    Location: location(), "A postal address; every part may be missing.", json!({ "town": "Bern" });
    CategoryIds: list(category_number(), Some(MAX_CATEGORIES)), "Numbers of categories.", json!([1]);
    Precision: number(0, MAX_PRECISION.into()), "Digits behind the dot.", json!(3);
    Age: number(0, MAX_AGE.into()), "An age in years.", json!(18);
    WholeStock: json!({ "type": "integer", "minimum": -1, "maximum": whole() }),
        "A whole stock; -1: without end.", json!(10);
    WholeQuantity: number(0, whole()), "A whole quantity.", json!(2);
    StockText: any_of([quantity(), one_of(["-1"])]), "A stock; `-1`: without end.", json!("2.5");
    UnitPrices: prices(), "The price of one, in each currency; the first one is the usual one.", json!(["KUDOS:4.5"]);
    ProductImage: any_of([
            word("", 0, 0),
            word(&image(), 1, MAX_IMAGE),
        ]), "A picture as a data URL, or none: an empty text.", json!("data:image/gif;base64,R0lGODlhAQABAAAAACw=");
    ImageHash: word("[0-9A-Fa-f]{64}", 64, 64), "A SHA-256 hash in hexadecimal digits.", json!("ab".repeat(32));
    LockName: word(r"[^\u0000-\u001f\u007f-\u009f]+", 1, MAX_UUID), "The name of a lock.",
        json!("8d1b9a4e-6f7d-4d53-9d0c-0a6f5c2a7a11");
    LockNames: list(word(r"[^\u0000-\u001f\u007f-\u009f]+", 1, MAX_UUID), Some(MAX_LOCK_UUIDS)),
        "Names of locks.", json!(["8d1b9a4e-6f7d-4d53-9d0c-0a6f5c2a7a11"]);
    EventType: one_of(webhook::EventType::ALL.iter().map(|kind| kind.as_str())),
        "What a webhook is told of.", json!("pay");
    WebhookUrl: special("webhook-url", r"[Hh][Tt][Tt][Pp][Ss]?://.+", MAX_URL),
        "Where a webhook is told: an address, in which tags may stand behind the host.",
        json!("https://shop.example/taler/{{order_id}}");
    WebhookMethod: any_case(&["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"]),
        "An HTTP method.", json!("POST");
    HeaderTemplate: json!({ "type": "string", "format": "webhook-headers", "maxLength": MAX_HEADER_TEMPLATE }),
        "Headers, a line `Name: value` each, in which tags may stand.",
        json!("Content-Type: application/json\nX-Order: {{order_id}}");
    BodyTemplate: json!({ "type": "string", "format": "webhook-body", "maxLength": MAX_BODY_TEMPLATE }),
        "A body, in which tags may stand. In one that is a JSON object, values are written as JSON.",
        json!("{\"order\":\"{{order_id}}\"}");
    DeliveryState: one_of(webhook::DeliveryState::ALL.iter().map(|state| state.as_str())),
        "How far a delivery has come.", json!("waiting");
    Count: number(1, u64::from(u32::MAX)), "How many rows.", json!(20);
    KeepOld: number(0, MAX_OLD_SECRET_S), "Seconds, a month at most.", json!(86_400);
    Unpaid: one_of(["unpaid"]), "It is not paid.", json!("unpaid");
    Claimed: one_of(["claimed"]), "A wallet has claimed it.", json!("claimed");
    Paid: one_of(["paid"]), "It is paid.", json!("paid");
    Success: one_of(["success"]), "The exchange has given the coin back.", json!("success");
    Failed: one_of(["failure"]), "The exchange has not given the coin back.", json!("failure");
    Undeposited: one_of(["undeposited"]), "The coin was never deposited.", json!("undeposited");
}

/// The largest whole quantity that is certainly taken.
fn whole() -> u64 {
    DecimalQuantity::MAX.whole()
}

fn category_number() -> serde_json::Value {
    json!({ "type": "integer", "format": "int64", "minimum": i64::MIN, "maximum": i64::MAX })
}

fn product_translations() -> serde_json::Value {
    let mut texts = translations();
    texts["maxProperties"] = json!(MAX_LANGUAGES);
    texts["propertyNames"]["minLength"] = json!(1);
    texts["propertyNames"]["maxLength"] = json!(MAX_LANGUAGES);
    texts["additionalProperties"]["maxLength"] = json!(MAX_TEXT);
    texts
}

fn prices() -> serde_json::Value {
    let mut prices = list(super::schema::amount(), Some(MAX_PRICES));
    prices["minItems"] = json!(1);
    prices
}

/// What a picture's data URL looks like.
fn image() -> String {
    let kinds: Vec<_> = IMAGE_KINDS.iter().map(|kind| kind.replace('+', r"\+")).collect();
    format!("data:image/(?:{});base64,[A-Za-z0-9+/]+={{0,2}}", kinds.join("|"))
}

schema!(
    SessionOrNone,
    "SessionOrNone",
    word(r"[^\u0000-\u001f\u007f-\u009f]*", 0, MAX_SESSION),
    "A session, or none: an empty text names none.",
    "4f1c09",
);
schema!(
    YesNoAll,
    "YesNoAll",
    any_case(&["yes", "no", "true", "false", "1", "0", "all"]),
    "Yes, no, or either.",
    "all",
);
schema!(
    PaymentMethod,
    "PaymentMethod",
    word("[A-Za-z0-9_-]+", 1, MAX_METHOD),
    "How money reached the shop outside of Taler. Upper case is put in lower case.",
    "cash",
);
schema!(
    PaymentReference,
    "PaymentReference",
    word(r"[^\u0000-\u001f\u007f-\u009f]+", 1, MAX_REFERENCE),
    "The shop's own mark on a payment.",
    "receipt 17",
);
schema!(
    TokenScope,
    "TokenScope",
    one_of(Scope::EVERY.iter().flat_map(|s| [format!("{s}"), format!("{s}:refreshable")])),
    "What a token may do. With `:refreshable`, it can be traded for a fresh one.",
    "order-full",
);
