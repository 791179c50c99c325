//! Describes the public information about the backend, and the operator's routes.

use serde_json::{Value, json};

use super::operation::{Operation, get};
use super::schema::*;
use ui::files::FILES;

pub(super) fn public() -> Vec<Operation> {
    let mut file = get("/files/{id}", "Style, scripts and pictures of the pages")
        .in_id(word("[A-Za-z0-9.-]+", 1, 64))
        .header("If-None-Match")
        .done(304, "It is as the client knows.");
    for one in FILES {
        file = file.shows(200, "The file.", one.kind.split(';').next().unwrap());
    }
    vec![
        get("/", "What this is; to browsers as a page")
            .shows(200, "What this is.", "text/plain")
            .shows(200, "", "text/html")
            .refuses(&[404]),
        get("/agpl", "Where the source code is, or the licence")
            .shows(200, "The licence.", "text/plain")
            .done(302, "The source code is there.")
            .with(302, "Location", true),
        file.refuses(&[404]),
        get("/config", "The protocol, the currencies, the exchanges")
            .gives(200, "The settings that clients need.", config())
            .refuses(&[404]),
        get("/exchanges", "The trusted exchanges, and how they were last seen")
            .gives(200, "The exchanges.", report([("exchanges", listed(exchange()))]))
            .refuses(&[404]),
        document("/terms", "The shop's terms of service"),
        document("/privacy", "The shop's privacy policy"),
    ]
}

/// What the operator's listener answers.
pub(super) fn admin() -> Vec<Operation> {
    let media = "application/openmetrics-text";
    vec![
        get("/livez", "The process answers").shows(200, "It does.", "text/plain"),
        get("/readyz", "The store can be read and written").shows(200, "It can.", "text/plain"),
        get("/metrics", "Numbers for Prometheus").shows(200, "The numbers.", media),
        get("/openapi.json", "This document").gives(200, "The document.", anything()),
    ]
}

fn document(path: &'static str, summary: &'static str) -> Operation {
    ["text/markdown", "text/plain", "text/html"]
        .into_iter()
        .fold(get(path, summary), |operation, media| {
            operation.shows(200, "The document, in the language and form that suit best.", media)
        })
        .header("Accept-Language")
        .header("If-None-Match")
        .with(200, "ETag", true)
        .with(200, "Taler-Terms-Version", true)
        .done(304, "It is as the client knows.")
        .refuses(&[404, 406])
}

/// What `/config` says, today and in 2019.
pub(super) fn config() -> Value {
    let currency = report([
        ("name", json!({ "type": "string" })),
        ("currency", named("Currency")),
        ("num_fractional_input_digits", integer()),
        ("num_fractional_normal_digits", integer()),
        ("num_fractional_trailing_zero_digits", integer()),
        ("alt_unit_names", map(json!({ "type": "string" }))),
        ("common_amounts", listed(named("Amount"))),
    ]);
    let exchange =
        report([("base_url", base_url()), ("currency", named("Currency")), ("master_pub", key())]);
    report([
        ("name", one_of(["taler-merchant"])),
        ("version", word("[0-9]+:[0-9]+:[0-9]+", 5, 32)),
        ("implementation", json!({ "type": "string" })),
        ("build_version", json!({ "type": "string" })),
        ("currency", named("Currency")),
        ("currencies", map(currency)),
        ("exchanges", listed(exchange)),
        ("have_self_provisioning", flag()),
        ("have_donau", flag()),
        ("mandatory_tan_channels", listed(json!({ "type": "string" }))),
        ("payment_target_types", json!({ "type": "string" })),
        ("default_pay_delay", duration()),
        ("default_refund_delay", duration()),
        ("default_wire_transfer_delay", duration()),
        ("default_wire_transfer_rounding_interval", named("Rounding")),
        ("default_persona", json!({ "type": "string" })),
        ("report_generators", map(json!({ "type": "string" }))),
    ])
}

fn exchange() -> Value {
    report([
        ("exchange_url", base_url()),
        ("next_download", time()),
        ("keys_http_status", integer()),
        ("keys_ec", integer()),
        ("keys_expiration?", time()),
        ("keys_downloaded?", time()),
        ("problem?", json!({ "type": "string" })),
    ])
}
