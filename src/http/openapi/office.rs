//! Describes the back office: pages and their forms.
//!
//! They are for browsers, and no API: the inputs of a form may change
//! with its page. So their descriptions are generated from the table alone.

use serde_json::json;

use super::operation::Operation;
use super::schema::{instance_id, order_id, serial, template_id};
use crate::http::{Access, OFFICE};

pub(super) fn all() -> Vec<Operation> {
    OFFICE
        .iter()
        .map(|row| {
            let summary = match (row.method, row.access) {
                ("GET", Access::SessionBackground(_)) => "A part of a page, once there is news",
                ("GET", _) => "A page",
                _ => "A page's form; leads to another page, or shows it again with what is wrong",
            };
            let mut operation = Operation::new(row.method, row.path, summary);
            if let Some((room, _)) = row.path.split_once("/{id}") {
                operation = operation.in_id(match room {
                    "/orders" | "/till" => order_id(),
                    "/templates" => template_id(),
                    "/instances" => instance_id(),
                    "/tokens" => serial(),
                    _ => json!({ "type": "string", "minLength": 1 }),
                });
            }
            if row.method == "POST" {
                operation = operation.takes_form(json!({
                    "type": "object",
                    "properties": { "csrf": { "type": "string" } },
                    "required": ["csrf"],
                    "additionalProperties": { "type": "string" },
                }));
                operation = operation.refuses(&[403, 409, 410, 429, 451, 501]);
            }
            let operation = operation
                .shows(200, "The page.", "text/html")
                .done(303, "Another page is to be looked at, such as that for signing in.")
                .with(303, "Location", true)
                .refuses(&[403, 404]);
            let operation = match row.access {
                Access::SessionBackground(_) => {
                    operation.done(204, "There is no news.").shows(200, "", "text/plain")
                }
                _ => operation,
            };
            match row.path {
                "/export-file" => ["text/csv", "application/json"]
                    .into_iter()
                    .fold(operation, |operation, media| operation.shows(200, "", media)),
                _ => operation,
            }
        })
        .collect()
}
