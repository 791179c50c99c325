//! Describes the back office: pages and their forms.
//!
//! They are for browsers, and no API: the inputs of a form may change
//! with its page. So their descriptions are generated from the table alone.

use super::operation::Operation;
use super::values::{AnySegment, OfficeForm, Serial};
use crate::http::{Access, OFFICE, RouteSpec};
use crate::model::product::IMAGE_KINDS;
use taler::ids::{InstanceId, OrderId, TemplateId};

/// The route of pictures, which are no pages.
const PICTURES: &str = "/pictures/{id}";

pub(super) fn operations() -> Vec<Operation> {
    OFFICE.iter().map(operation).collect()
}

fn operation(row: &'static RouteSpec) -> Operation {
    let summary = match (row.method, row.access) {
        ("GET", _) if row.path == PICTURES => "The picture of a product",
        ("GET", Access::SessionBackground(_) | Access::TillBackground(_)) => {
            "A part of a page, once there is news"
        }
        ("GET", _) => "A page",
        _ => "A page's form; leads to another page, or shows it again with what is wrong",
    };
    let operation = named(Operation::new(row.method, row.path, summary));
    let operation = match row.method {
        "POST" => operation.reads_form::<OfficeForm>().refuses(&[403, 409, 410, 429, 451, 501]),
        _ => operation,
    };
    let operation = operation
        .shows(200, "The page.", "text/html")
        .done(303, "Another page is to be looked at, such as that for signing in.")
        .with(303, "Location", true)
        .refuses(&[403, 404]);
    let operation = match row.access {
        Access::SessionBackground(_) | Access::TillBackground(_) if row.path == PICTURES => {
            operation
        }
        Access::SessionBackground(_) | Access::TillBackground(_) => {
            operation.done(204, "There is no news.").shows(200, "", "text/plain")
        }
        _ => operation,
    };
    match row.path {
        "/orders/{id}/receipt" => operation.shows(200, "", "text/plain"),
        PICTURES => IMAGE_KINDS.iter().fold(operation, |operation, kind| {
            operation.shows(200, "The picture.", &format!("image/{kind}"))
        }),
        "/export-file" => ["text/csv", "application/json"]
            .into_iter()
            .fold(operation, |operation, media| operation.shows(200, "", media)),
        _ => operation,
    }
}

/// With the segment of its path, if it has one.
fn named(operation: Operation) -> Operation {
    match operation.path.split_once("/{id}").map(|(resource, _)| resource) {
        None => operation,
        Some("/orders" | "/till") => operation.at::<OrderId>("The order's name."),
        Some("/templates") => operation.at::<TemplateId>("The template's name."),
        Some("/instances") => operation.at::<InstanceId>("The instance."),
        Some("/cashiers" | "/till-devices") => operation.at::<Serial>("The number of the row."),
        Some("/tokens") => operation.at::<Serial>("The token's number."),
        Some(_) => operation.at::<AnySegment>("What the page is about."),
    }
}
