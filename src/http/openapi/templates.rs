//! Describes templates and sessions.

use serde_json::{Value, json};

use super::operation::{Operation, delete, get, patch, post};
use super::schema::*;
use taler::coin::age::MAX_AGE;
use taler::template::MAX_PATTERN;

pub(super) fn shop() -> Vec<Operation> {
    vec![
        get("/private/templates", "The list of templates").gives(
            200,
            "The templates.",
            report([(
                "templates",
                listed(report([
                    ("template_id", template_id()),
                    ("template_description", json!({ "type": "string" })),
                ])),
            )]),
        ),
        post("/private/templates", "Keeps a template; the same once more changes nothing")
            .takes(kept([("template_id", template_id())]))
            .done(204, "It is kept.")
            .refuses(&[404, 409, 501]),
        get("/private/templates/{id}", "A template")
            .in_id(template_id())
            .gives(
                200,
                "The template.",
                both(shown(), report([("template_description", json!({ "type": "string" }))])),
            )
            .refuses(&[404]),
        patch("/private/templates/{id}", "Writes all of a template anew")
            .in_id(template_id())
            .takes(kept([]))
            .done(204, "It is changed.")
            .refuses(&[404, 409, 501]),
        delete("/private/templates/{id}", "Removes a template; its orders stay")
            .in_id(template_id())
            .done(204, "It is gone.")
            .refuses(&[404]),
    ]
}

pub(super) fn wallet() -> Vec<Operation> {
    vec![
        get("/templates/{id}", "A template as wallets see it; to browsers as a page")
            .in_id(template_id())
            .ask_text("print")
            .gives(200, "The template.", shown())
            .shows(200, "", "text/html")
            .refuses(&[404]),
        post("/templates/{id}", "Makes an order of a template; browsers send a form")
            .in_id(template_id())
            .takes(wish([
                ("template_type?", one_of(["fixed-order", "inventory-cart", "paivana"])),
                ("summary?", clean(TEMPLATE_TEXT)),
                ("amount?", amount()),
                ("tip?", amount()),
                ("website?", fulfillment_url()),
                ("paivana_id?", named("SessionId")),
            ]))
            .gives(200, "The order is made.", named("OrderCreated"))
            .shows(200, "", "text/html")
            .done(303, "To browsers: the order is there.")
            .with(303, "Location", true)
            .refuses(&[404, 409, 429, 451]),
    ]
}

fn kept<const N: usize>(first: [(&str, Value); N]) -> Value {
    let mut schema = wish([
        ("template_description", clean(TEMPLATE_TEXT)),
        ("template_contract", named("TemplateContract")),
        (
            "editable_defaults?",
            json!({
                "type": "object",
                "properties": {
                    // No order comes of an open price of zero.
                    "amount": { "anyOf": [
                        { "allOf": [amount(), { "type": "string", "pattern": "^(?![^:]*:0*(\\.0*)?$)" }] },
                        word("[A-Za-z]{1,11}:", 2, 12),
                    ] },
                    "currency": clean(TEMPLATE_TEXT),
                    "summary": clean(TEMPLATE_TEXT),
                },
                "additionalProperties": false,
            }),
        ),
        ("otp_id?", named("OtpDeviceId")),
    ]);
    for (name, member) in first {
        schema["properties"][name] = member;
        if let Some(Value::Array(required)) = schema.get_mut("required") {
            required.push(json!(name));
        }
    }
    schema
}

/// What a template fixes. A paywall's names its price.
pub(super) fn contract() -> Value {
    let common = || {
        [
            ("summary?", clean(TEMPLATE_TEXT)),
            ("currency?", named("Currency")),
            ("amount?", amount()),
            ("pay_duration?", named("TimeToPay")),
            ("minimum_age?", number(0, MAX_AGE.into())),
            ("request_tip?", flag()),
        ]
    };
    let with = |more: Vec<(&str, Value)>| {
        let mut schema = wish(common());
        for (name, member) in more {
            schema["properties"][name] = member;
        }
        schema
    };
    let choice = wish([
        ("amount", amount()),
        ("max_fee?", amount()),
        ("inputs?", list(any(), Some(0))),
        ("outputs?", list(any(), Some(0))),
    ]);
    let mut fixed = with(vec![(
        "template_type",
        json!({ "type": ["string", "null"], "enum": ["fixed-order", null] }),
    )]);
    fixed["description"] = json!("A price and a summary, each fixed or open.");
    let paywall = |mut schema: Value, needs: &str| {
        schema["description"] = json!("Access to pages behind a paywall.");
        schema["required"] = json!(["template_type", needs]);
        schema
    };
    let website = || {
        let mut pattern = text(MAX_PATTERN);
        pattern["type"] = json!(["string", "null"]);
        pattern["format"] = json!("regex-lite");
        ("website_regex", pattern)
    };
    let kind = || ("template_type", one_of(["paivana"]));
    let choices =
        |most: Value| json!({ "type": most, "items": choice, "minItems": 1, "maxItems": 1 });
    let mut priced = with(vec![kind(), website(), ("choices", choices(json!(["array", "null"])))]);
    priced["properties"]["amount"] = amount();
    any_of([
        fixed,
        paywall(priced, "amount"),
        paywall(with(vec![kind(), website(), ("choices", choices(json!("array")))]), "choices"),
    ])
}

fn shown() -> Value {
    report([
        ("template_contract", named("TemplateContract")),
        ("editable_defaults?", anything()),
        ("required_currency?", named("Currency")),
    ])
}
