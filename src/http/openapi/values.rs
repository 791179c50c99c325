//! Values that have a name in the API document and no type of their own in the program: texts with a
//! limit, words of a query, and what contracts may hold.

use serde_json::{Value, json};
use taler::coin::age::MAX_AGE;
use taler::openapi::{SECOND_US, base32, clean, quantity, schema, special, up_to, word};
use taler::quantity::DecimalQuantity;

use super::contract::{self, example, told, translations};
use super::schema::{any_case, any_of, both, list, named, number, object, one_of, text};
use crate::http::extract::{SessionOrNone, YesNoAll};
use crate::http::orders::shop::MAX_PATHS;
use crate::http::products::MAX_UUID;
use crate::model::access::{Scope, TokenScope};
use crate::model::account::MAX_SUBJECT;
use crate::model::contract::MAX_TEXT as ORDER_TEXT;
use crate::model::instance::{MAX_LINE, MAX_LOGO};
use crate::model::order::{MAX_METHOD, MAX_REFERENCE, PaymentMethod, PaymentReference};
use crate::model::otp_device::MAX_DEVICE_DESCRIPTION;
use crate::model::product::{
    IMAGE_KINDS, MAX_CATEGORIES, MAX_IMAGE, MAX_LANGUAGES, MAX_PRECISION, MAX_PRICES, MAX_TEXT,
    MAX_UNIT,
};
use crate::model::webhook;
use crate::till::access::{MAX_DESCRIPTION, MAX_TOKEN, PREFIX};
use crate::till::{KycStatus, MAX_LOCK_UUIDS, MAX_OLD_SECRET_S, MAX_PASSWORD, MAX_REASON};
use crate::webhook::template::{MAX_BODY_TEMPLATE, MAX_HEADER_TEMPLATE, MAX_URL};
use taler::ids::MAX_SESSION;
use taler::template::MAX_TEXT as TEMPLATE_TEXT;
use taler::time::{LONGEST_DELAY_US, MAX_DIGITS, MAX_DIGITS_2019, MAX_SECS};

/// Anything but a character that is blank.
const NO_BLANK: &str =
    r"[^\u0000\u0009-\u000d\u0020\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]";

/// Types that stand for a value in the document only.
macro_rules! values {
    ($($name:ident: $schema:expr, $about:expr, $example:expr;)*) => {
        $(
            pub(in crate::http) struct $name;
            schema!($name, stringify!($name), $schema, $about, $example);
        )*
    };
}

/// `schema` with another pattern.
fn with(mut schema: Value, pattern: &str) -> Value {
    schema["pattern"] = json!(pattern);
    schema
}

/// An address by which something is reached on the web.
fn web_address(most: usize) -> Value {
    json!({ "type": "string", "format": "web-address", "pattern": ":", "maxLength": most })
}

/// A delay of at least `least_us` and at most a hundred years.
fn delay(least_us: u64) -> Value {
    let whole = json!({ "type": "integer", "minimum": least_us, "maximum": LONGEST_DELAY_US });
    object([("d_us", told(example(whole, 86_400_000_000_u64), "Microseconds."))])
}

// Orders and contracts.
values! {
    Order: contract::order(),
        "Deadlines lie in the future, the time to pay is over before refunds are, and those before \
         the money is wired. All amounts are in one currency. Members named in `$forgettable` can \
         be forgotten later. Other members become part of the contract as they are.",
        json!({ "amount": "KUDOS:4.50", "summary": "Two coffees" });
    Order2019: contract::order_2019(),
        "An order as shops of 2019 wrote it. Times have three forms. Other members are those of today.",
        json!({
            "amount": "KUDOS:4.50", "summary": "Two coffees",
            "fulfillment_url": "https://shop.example/article/7",
        });
    ContractTerms: contract::contract_terms(),
        "A contract: the order, completed.",
        json!({
            "order_id": "2026.120-03PJ2M8A5H7XE", "amount": "KUDOS:4.50", "summary": "Two coffees",
            "max_fee": "KUDOS:0.10", "timestamp": { "t_s": 1_777_550_000 },
            "pay_deadline": { "t_s": 1_777_636_400 }, "refund_deadline": { "t_s": 1_777_636_400 },
            "wire_transfer_deadline": { "t_s": 1_777_722_800 },
            "merchant_base_url": "https://shop.example/", "merchant_pub": "0".repeat(52),
            "merchant": { "name": "Corner Shop" }, "h_wire": "0".repeat(103), "wire_method": "iban",
            "products": [], "exchanges": [{
                "url": "https://exchange.example/", "master_pub": "0".repeat(52), "priority": 1024,
            }],
        });
    WalletData: contract::wallet_data(),
        "Any members that can be hashed.",
        json!({ "choice_index": 0 });
    ContractPaths: list(special("contract-path", r"\$.+", 4096), Some(MAX_PATHS)),
        "Paths into a contract.", json!(["$.products[0].description"]);
    Reason: clean(MAX_REASON), "A reason in words, of up to 1,024 characters.", json!("The cup was broken");
    Summary: clean(ORDER_TEXT), "What is bought, in one line.", json!("Two coffees");
    ClaimToken: base32(16), "An order's claim token: 16 bytes as base32 text.", json!("0".repeat(26));
    RefundNumber: json!({ "type": "integer", "minimum": 0 }),
        "Tells the refunds of a coin apart.", json!(1);
    PayUri: json!({ "type": "string", "format": "uri", "pattern": "^taler(\\+http)?://pay/" }),
        "The address by which a wallet pays.", json!("taler://pay/shop.example/2026.120-03PJ2M8A5H7XE/");
    RefundUri: json!({ "type": "string", "format": "uri", "pattern": "^taler(\\+http)?://refund/" }),
        "The address by which a wallet fetches refunds.",
        json!("taler://refund/shop.example/2026.120-03PJ2M8A5H7XE/");
    StatusUrl: json!({ "type": "string", "format": "uri", "pattern": "^https?://" }),
        "Where a browser sees how an order stands.",
        json!("https://shop.example/orders/2026.120-03PJ2M8A5H7XE");
    WebAddress: web_address(1 << 16), "An address by which something is reached on the web.",
        json!("https://shop.example/again");
    Unpaid: one_of(["unpaid"]), "It is not paid.", json!("unpaid");
    Claimed: one_of(["claimed"]), "A wallet has claimed it.", json!("claimed");
    Paid: one_of(["paid"]), "It is paid.", json!("paid");
    Success: one_of(["success"]), "The exchange has given the coin back.", json!("success");
    Failed: one_of(["failure"]), "The exchange has not given the coin back.", json!("failure");
    Undeposited: one_of(["undeposited"]), "The coin was never deposited.", json!("undeposited");
}

// Texts, numbers and words of many resources.
values! {
    AnyObject: json!({ "type": "object" }), "Any object.", json!({});
    AnyText: json!({ "type": "string" }), "Any text.", json!("text");
    OfficeForm: json!({
            "type": "object",
            "properties": { "csrf": {
                "type": "string", "description": "What shows that the form is from a page of ours.",
                "examples": ["0".repeat(52)],
            } },
            "required": ["csrf"],
            "additionalProperties": { "type": "string" },
        }), "A form of the back office. Its inputs may change with its page.",
        json!({ "csrf": "0".repeat(52) });
    AnySegment: json!({ "type": "string", "minLength": 1 }), "Any segment of a path.", json!("1");
    FileName: word("[A-Za-z0-9.-]+", 1, 64), "A file's name.", json!("style.css");
    Null: json!({ "type": "null" }), "Nothing.", json!(null);
    Yes: json!({ "type": "boolean", "enum": [true] }), "Yes.", json!(true);
    No: json!({ "type": "boolean", "enum": [false] }), "No.", json!(false);
    Rows: any_of([
            json!({ "type": "integer", "minimum": 1, "maximum": i64::MAX }),
            json!({ "type": "integer", "minimum": i64::MIN, "maximum": -1 }),
        ]), "How many rows, and in which direction; not zero.", json!(-20);
    Offset: json!({ "type": "integer", "minimum": 0, "maximum": i64::MAX }),
        "The number of a row.", json!(1000);
    Serial: json!({ "type": "integer", "format": "int64", "minimum": i64::MIN, "maximum": i64::MAX }),
        "A number of 64 bits.", json!(17);
    Seconds: word(&up_to(MAX_SECS), 1, MAX_DIGITS), "Seconds since 1970 (UTC).", json!("1781337600");
    Milliseconds: word("[0-9]+", 1, MAX_DIGITS), "Milliseconds.", json!("2000");
    WaitSeconds: word("[0-9]+", 1, MAX_DIGITS_2019), "Seconds.", json!("2");
    YesNo: any_case(&["yes", "no", "true", "false", "1", "0"]), "Yes or no.", json!("yes");
    HttpStatus: json!({ "type": "integer", "minimum": 0, "maximum": 999 }),
        "A status of HTTP; 0 stands for none.", json!(200);
    ErrorCode: json!({ "type": "integer", "minimum": 0, "maximum": u32::MAX }),
        "A code of Taler's list; 0 stands for none.", json!(2005);
    BackendName: one_of(["taler-merchant"]), "The name of the protocol's backend.", json!("taler-merchant");
    ProtocolVersion: word("[0-9]+:[0-9]+:[0-9]+", 5, 32),
        "A version: current, revision, age.", json!("27:0:26");
}

// Instances, accounts and tokens.
values! {
    Token: word(&format!("{PREFIX}[!-~]+"), PREFIX.len() + 1, PREFIX.len() + MAX_TOKEN),
        "A token, `secret-token:` included.", json!("secret-token:4XRVA8C6");
    TokenNote: text(MAX_DESCRIPTION), "A note about a token.", json!("web shop");
    Password: json!({ "type": "string", "minLength": 1, "maxLength": MAX_PASSWORD }),
        "A password: up to 1,024 characters.", json!("correct horse battery staple");
    ShopName: with(clean(MAX_LINE), &format!(r"^[^\u0000]*{NO_BLANK}[^\u0000]*$")),
        "A shop's name: up to 512 characters, and not only blanks.", json!("Corner Shop");
    EmailAddress: with(clean(MAX_LINE), r"^[^\u0000]*@[^\u0000]*$"),
        "An e-mail address: up to 512 characters.", json!("shop@example.com");
    PhoneNumber: clean(MAX_LINE), "A telephone number: up to 512 characters.", json!("+49 351 123456");
    Website: web_address(MAX_LINE), "A web site: up to 512 characters.", json!("https://shop.example/");
    Image: any_of([word("", 0, 0), word(r"data:image/[^;]*;base64,[A-Za-z0-9+/=]*", 1, MAX_LOGO)]),
        "A picture as a data URL of up to 600 KiB, or an empty text for none.",
        json!("data:image/png;base64,iVBORw0KGgo=");
    PayDelay: delay(SECOND_US), "A time to pay: a second to a hundred years.",
        json!({ "d_us": 86_400_000_000_u64 });
    Delay: delay(0), "A time of at most a hundred years.", json!({ "d_us": 86_400_000_000_u64 });
    WireMethod: word("[A-Za-z0-9._-]+", 1, 64), "A kind of bank account, as in payto URIs.", json!("iban");
    Subject: text(MAX_SUBJECT), "An addition to the subject of transfers.", json!("shop 1");
    TransferUri: json!({ "type": "string", "format": "uri", "pattern": "^payto://" }),
        "A transfer as a payto URI, with its amount and subject.",
        json!("payto://iban/DE75512108001245126199?receiver-name=Exchange&amount=KUDOS:0.01&message=KYC:0000");
    KycState: one_of(KycStatus::ALL.iter().map(|status| status.as_str())),
        "What an exchange requires of an account, or why it is not heard.", json!("ready");
    FacadeCredentials: any_of([
            object([("type", told(one_of(["none"]), "Nothing is asked for."))]),
            object([
                ("type", told(one_of(["basic"]), "A name and a password.")),
                ("username", told(shown("shop"), "The name.")),
                ("password", told(shown("secret"), "The password.")),
            ]),
            object([
                ("type", told(one_of(["bearer"]), "A token.")),
                ("token", told(shown("secret"), "The token.")),
            ]),
        ]), "How tilld identifies itself to the bank.", json!({ "type": "none" });
}

// Machines that show one-time codes.
values! {
    DeviceNote: text(MAX_DEVICE_DESCRIPTION), "A note about a device.", json!("coffee machine");
    OtpCounter: json!({ "type": "integer", "minimum": 0, "maximum": u32::MAX }),
        "A counter; no code depends on it.", json!(0);
    HeaderLine: json!({ "type": "string" }), "A header: its name, a colon and its value.",
        json!("Content-Type: application/json");
    OtpCode: word("[0-9]+", 8, 8), "A code of eight digits.", json!("94287082");
    OtpCodes: word(r"[0-9]{8}(?:\n[0-9]{8}){4}", 44, 44),
        "Five codes of eight digits, a line each: from a minute before to a minute after.",
        json!("84755224\n84755224\n94287082\n37359152\n26969429");
}

// The inventory.
values! {
    ProductText: clean(MAX_TEXT), "A text about a product, of up to 4,096 characters.", json!("From the Alps");
    ProductName: word(r"[^\u0000]+", 1, MAX_TEXT), "A name, of up to 4,096 characters.", json!("Cheese");
    Line: clean(MAX_LINE), "A line of up to 512 characters.", json!("VAT 7 %");
    UnitName: clean(MAX_UNIT), "A unit's name, of up to 80 characters.", json!("WeightUnitKg");
    NewUnitName: word(r"[^\u0000]+", 1, MAX_UNIT), "A unit's name, of 1 to 80 characters.", json!("Crate");
    ProductTranslations: product_translations(),
        "A text in other languages, by their tags of letters, digits and `_`.", json!({ "de": "Käse" });
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
}

// Webhooks.
values! {
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
}

// Templates.
values! {
    TemplateNote: clean(TEMPLATE_TEXT), "A note about a template: up to 4,096 characters.", json!("Coffee");
    TemplateText: clean(TEMPLATE_TEXT), "A text of up to 4,096 characters.", json!("A cup of coffee");
    CompleteContract: complete_contract(),
        "What a template fixes, completed. One for carts has what it offers beside, for wallets.",
        json!({
            "template_type": "fixed-order", "summary": "A cup of coffee", "amount": "KUDOS:2.50",
            "minimum_age": 0, "pay_duration": { "d_us": 86_400_000_000_u64 },
        });
    EditableDefaults: editable_defaults(),
        "What wallets suggest for members that a template does not fix.", json!({ "amount": "KUDOS:2.50" });
}

fn complete_contract() -> Value {
    let payload = told(named("InventoryPayload"), "What a template for carts offers, for wallets.");
    let beside = json!({ "type": "object", "properties": { "inventory_payload": payload } });
    both(named("TemplateContract"), beside)
}

/// A text with an example.
fn shown(example: &str) -> Value {
    json!({ "type": "string", "examples": [example] })
}

fn editable_defaults() -> Value {
    // No order comes of an open price of zero.
    let price = json!({ "allOf": [
        named("Amount"), { "type": "string", "pattern": "^(?![^:]*:0*(\\.0*)?$)" },
    ], "examples": ["KUDOS:2.50"] });
    json!({
        "type": "object",
        "properties": {
            "amount": told(
                any_of([price, word("[A-Za-z]{1,11}:", 2, 12)]),
                "A price that is not zero; or a currency with a colon, and no number.",
            ),
            // Null is no value here; it is not added to what has several forms.
            "currency": told(
                example(any_of([clean(TEMPLATE_TEXT)]), "KUDOS"),
                "A currency: up to 4,096 characters.",
            ),
            "summary": told(any_of([named("TemplateText")]), "What is bought."),
        },
        "additionalProperties": false,
    })
}

/// The largest whole quantity that is certainly taken.
fn whole() -> u64 {
    DecimalQuantity::MAX.whole()
}

fn category_number() -> Value {
    json!({ "type": "integer", "format": "int64", "minimum": i64::MIN, "maximum": i64::MAX })
}

fn product_translations() -> Value {
    let mut texts = translations();
    texts["maxProperties"] = json!(MAX_LANGUAGES);
    texts["propertyNames"]["minLength"] = json!(1);
    texts["propertyNames"]["maxLength"] = json!(MAX_LANGUAGES);
    texts["additionalProperties"]["maxLength"] = json!(MAX_TEXT);
    texts
}

fn prices() -> Value {
    let mut prices = list(named("Amount"), Some(MAX_PRICES));
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
