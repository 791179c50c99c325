//! Values that have a name in the API document and no type of their own in the program: texts with a
//! limit, words of a query, and what contracts may hold.

use serde_json::json;
use taler::openapi::{base32, clean, schema, special, word};

use super::contract::{self, told};
use super::schema::{
    any_case, any_of, list, number, one_of, rows, seconds, text, wire_method, wish,
};
use crate::http::extract::{SessionOrNone, YesNoAll};
use crate::http::orders::shop::MAX_PATHS;
use crate::model::access::{Scope, TokenScope};
use crate::model::account::MAX_SUBJECT;
use crate::model::order::{MAX_METHOD, MAX_REFERENCE, PaymentMethod, PaymentReference};
use crate::model::otp_device::MAX_DEVICE_DESCRIPTION;
use crate::model::webhook;
use crate::till::access::{MAX_DESCRIPTION, MAX_TOKEN, PREFIX};
use crate::till::{MAX_OLD_SECRET_S, MAX_REASON};
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
