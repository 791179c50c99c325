//! Reads headers of requests.

use actix_web::HttpRequest;
use actix_web::http::header::{HeaderMap, HeaderName};

/// A header's text, if it is there and is text.
pub(super) fn header(request: &HttpRequest, name: impl Into<HeaderName>) -> Option<&str> {
    request.headers().get(name.into())?.to_str().ok()
}

/// Whether the body is a page's form.
pub(super) fn is_form(request: &HttpRequest) -> bool {
    net::header::is_form(request.headers())
}

/// Size of the headers in bytes.
pub(super) fn head_length(headers: &HeaderMap) -> usize {
    headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum()
}
