//! Describes instances, their accounts and their KYC status.

use serde_json::{Value, json};

use super::operation::{Operation, delete, get, patch, post};
use super::schema::*;
use crate::model::instance::MAX_LINE;
use crate::till::KycStatus;
use taler::time::LONGEST_DELAY_US;

/// What an instance does with itself.
pub(super) fn own() -> Vec<Operation> {
    vec![
        get("/private", "The instance's settings").gives(200, "The settings.", shown()),
        patch("/private", "Writes the instance's settings anew")
            .takes(changed())
            .done(204, "They are changed."),
        delete(
            "/private",
            "Deletes the instance; with purge, all that it ever had. While coins or \
             refunds of it are under way that is refused, and says how many there are; by force \
             they are given back, and its key is kept until the last refund is answered",
        )
        .ask("purge", yes())
        .ask("force", yes())
        .done(204, "It is gone, or goes when the last refund is answered.")
        .refuses(&[409]),
        post("/private/auth", "A new password")
            .takes(named("Auth"))
            .done(204, "It counts from now on."),
        kyc(get("/private/kyc", "How exchanges stand to the instance's accounts")),
        post("/forgot-password", "Passwords are reset on the server: tilld passwd INSTANCE")
            .refuses(&[404, 501]),
    ]
}

/// What the special instance does with all.
pub(super) fn management() -> Vec<Operation> {
    let one = "/management/instances/{id}";
    vec![
        get("/management/instances", "The list of instances").gives(
            200,
            "The instances.",
            report([(
                "instances",
                listed(report([
                    ("id", instance_id()),
                    ("name", json!({ "type": "string" })),
                    ("merchant_pub", key()),
                    ("payment_targets", listed(json!({ "type": "string" }))),
                    ("deleted", flag()),
                    ("website?", json!({ "type": "string" })),
                    ("logo?", named("Image")),
                ])),
            )]),
        ),
        post("/management/instances", "Makes an instance; the same once more changes nothing")
            .ask("token_validity_ms", digits())
            .takes(joined(wish([("id", instance_id()), ("auth", named("Auth"))]), changed()))
            .done(204, "It is made.")
            .gives(200, "It is made, and this is a token for it.", named("TokenAnswer"))
            .refuses(&[409, 429]),
        get(one, "An instance's settings")
            .in_id(instance_id())
            .gives(200, "The settings.", shown())
            .refuses(&[404]),
        patch(one, "Writes an instance's settings anew")
            .in_id(instance_id())
            .takes(changed())
            .done(204, "They are changed.")
            .refuses(&[404, 409]),
        delete(one, "Deletes an instance; with purge, all that it ever had. While coins or refunds of \
             it are under way that is refused, and says how many there are; by force they are given \
             back, and its key is kept until the last refund is answered")
            .in_id(instance_id())
            .ask("purge", yes())
            .ask("force", yes())
            .done(204, "It is gone, or goes when the last refund is answered.")
            .refuses(&[404, 409]),
        post("/management/instances/{id}/auth", "A new password for an instance")
            .in_id(instance_id())
            .takes(named("Auth"))
            .done(204, "It counts from now on.")
            .refuses(&[404]),
        kyc(get("/management/instances/{id}/kyc", "How exchanges stand to an instance's accounts")
            .in_id(instance_id())
            .refuses(&[404])),
        post("/instances", "Instances are made by the operator only").refuses(&[403]),
    ]
}

/// How an instance's owner gets in.
pub(super) fn auth() -> Value {
    let method = || ("method", one_of(["token"]));
    let mut token = wish([method(), ("token", named("Token"))]);
    token["properties"]["password"] = json!({ "type": "null" });
    any_of([wish([method(), ("password", named("Password"))]), token])
}

/// Anything but a character that is blank.
const NO_BLANK: &str =
    r"[^\u0000\u0009-\u000d\u0020\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]";

fn with(mut text: Value, pattern: &str) -> Value {
    text["pattern"] = json!(pattern);
    text
}

fn changed() -> Value {
    let ending = || named("Delay");
    wish([
        ("name", with(line(), &format!(r"^[^\u0000]*{NO_BLANK}[^\u0000]*$"))),
        ("email?", with(line(), r"^[^\u0000]*@[^\u0000]*$")),
        ("phone_number?", line()),
        ("website?", web_address(MAX_LINE)),
        ("logo?", named("Image")),
        ("address?", named("Location")),
        ("jurisdiction?", named("Location")),
        ("use_stefan?", flag()),
        ("default_pay_delay?", wish([("d_us", number(SECOND_US, LONGEST_DELAY_US))])),
        ("default_refund_delay?", ending()),
        ("default_wire_transfer_delay?", ending()),
        ("default_wire_transfer_rounding_interval?", named("Rounding")),
    ])
}

fn shown() -> Value {
    report([
        ("name", json!({ "type": "string" })),
        ("merchant_pub", key()),
        ("address", named("Location")),
        ("jurisdiction", named("Location")),
        ("use_stefan", flag()),
        ("default_wire_transfer_delay", duration()),
        ("default_pay_delay", duration()),
        ("default_refund_delay", duration()),
        ("default_wire_transfer_rounding_interval", named("Rounding")),
        ("auth", report([("method", one_of(["token"]))])),
        ("email?", json!({ "type": "string" })),
        ("phone_number?", json!({ "type": "string" })),
        ("website?", json!({ "type": "string" })),
        ("logo?", named("Image")),
    ])
}

fn kyc(operation: Operation) -> Operation {
    let limit = report([
        ("operation_type", json!({ "type": "string" })),
        ("timeframe", duration()),
        ("threshold", amount()),
        ("soft_limit", flag()),
    ]);
    let row = report([
        ("status", one_of(KycStatus::ALL.iter().map(|status| status.as_str()))),
        ("payto_uri", named("Payto")),
        ("h_wire", hash()),
        ("exchange_url", base_url()),
        ("exchange_currency", named("Currency")),
        ("exchange_http_status", integer()),
        ("no_keys", flag()),
        ("auth_conflict", flag()),
        ("limits", listed(limit)),
        ("exchange_code?", integer()),
        ("payto_kycauths?", listed(json!({ "type": "string", "pattern": "^payto://" }))),
    ]);
    operation
        .ask("h_wire", hash())
        .ask("exchange_url", base_url())
        .ask("lpt", one_of(["1", "2", "3"]))
        .ask_text("lp_status")
        .ask_text("lp_not_status")
        .ask("timeout_ms", digits())
        .gives(200, "Each account with each exchange.", report([("kyc_data", listed(row))]))
        .done(204, "There are no accounts or no exchanges.")
}
