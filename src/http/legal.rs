//! Handlers of the shop's terms of service and privacy policy (merchant-api 1.8).

use actix_web::HttpRequest;
use actix_web::web::Data;

use super::error::Answer;
use super::extract::ExistingInstance;
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
