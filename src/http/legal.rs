//! Handlers of the shop's terms of service and privacy policy (merchant-api 1.8).

use actix_web::HttpRequest;
use actix_web::web::Data;

use super::error::Answer;
use super::extract::ExistingInstance;
#[cfg(test)]
use super::openapi::operation::{Operation, get};
use super::settings::Settings;

/// `GET /terms`.
pub(super) async fn terms(
    request: HttpRequest,
    settings: Data<Settings>,
    _: ExistingInstance,
) -> Answer {
    settings.terms.answer(&request, "terms of service")
}

/// `GET /privacy`.
pub(super) async fn privacy(
    request: HttpRequest,
    settings: Data<Settings>,
    _: ExistingInstance,
) -> Answer {
    settings.privacy.answer(&request, "privacy policy")
}

/// How the API document describes these routes.
#[cfg(test)]
pub(super) fn operations() -> Vec<Operation> {
    let document = |path, summary| {
        ["text/markdown", "text/plain", "text/html"]
            .into_iter()
            .fold(get(path, summary), |operation, media| {
                operation.shows(
                    200,
                    "The document, in the language and form that suit best.",
                    media,
                )
            })
            .header("Accept-Language")
            .header("If-None-Match")
            .with(200, "ETag", true)
            .with(200, "Taler-Terms-Version", true)
            .done(304, "It is as the client knows.")
            .fails(&["NoDocument", "Format"])
    };
    vec![
        document("/terms", "The shop's terms of service"),
        document("/privacy", "The shop's privacy policy"),
    ]
}
