//! Tokens: asked for, listed, taken back.

use serde_json::{Value, json};

use super::operation::{Operation, delete, get, post};
use super::schema::*;
use crate::till::access::{MAX_DESCRIPTION, WEB_SESSION_PREFIX};

/// The shop's note; some are the back office's.
fn description() -> Value {
    let mut note = text(MAX_DESCRIPTION);
    note["pattern"] = format!("^(?!{WEB_SESSION_PREFIX})").into();
    note
}

pub(super) fn all() -> Vec<Operation> {
    vec![
        post("/private/token", "A token, for a password or an older token")
            .takes(wish([
                ("scope", named("TokenScope")),
                ("refreshable?", flag()),
                ("duration?", duration()),
                ("description?", description()),
            ]))
            .gives(200, "The token, which is told only now. For a token, it ends after 90 days at the latest.", issued())
            .refuses(&[401, 403, 429]),
        delete("/private/token", "Ends the token that is shown").done(204, "It is good no more."),
        get("/private/tokens", "The list of tokens, without their values, newest first")
            .ask("limit", rows())
            .ask("offset", serial())
            .gives(200, "The tokens.", report([("tokens", listed(row()))]))
            .done(204, "There are none here."),
        delete("/private/tokens/{id}", "Ends a token")
            .in_id(serial())
            .done(204, "It is good no more.")
            .refuses(&[404]),
    ]
}

/// What whoever has asked for a token gets.
pub(super) fn issued() -> Value {
    report([
        ("access_token", named("Token")),
        ("token", named("Token")),
        ("scope", named("TokenScope")),
        ("expiration", time()),
        ("refreshable", flag()),
    ])
}

fn row() -> Value {
    report([
        ("serial", integer()),
        ("creation_time", time()),
        ("expiration", time()),
        ("scope", named("TokenScope")),
        ("refreshable", flag()),
        ("description?", json!({ "type": "string" })),
    ])
}
