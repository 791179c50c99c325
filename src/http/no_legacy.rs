//! What stands in the place of `legacy` when that feature is off: there is no route of 2019.

use std::future::{Ready, ready};

use actix_web::HttpRequest;
use actix_web::web::ServiceConfig;

use super::error::{Answer, Failure};
use super::routes::RouteSpec;

/// Routes of 2019: none.
pub const LEGACY: &[RouteSpec] = &[];

/// No request came in by a route of 2019.
pub(super) fn row_of(_: &HttpRequest) -> Option<&'static RouteSpec> {
    None
}

/// Adds nothing to the router.
pub(super) fn mount_polls(_: &mut ServiceConfig) {}

/// Every request that no route takes: there is no such path.
pub(super) fn fallback() -> Ready<Answer> {
    ready(Err(Failure::Path))
}
