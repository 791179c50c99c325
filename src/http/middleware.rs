//! Middleware of every request: request id, limits, and headers of every answer.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, HeaderMap, HeaderName, HeaderValue,
};
use actix_web::http::uri::PathAndQuery;
use actix_web::http::{Method, Uri};
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{Error, HttpRequest, HttpResponse};
use percent_encoding::percent_decode_str;

use super::error::Failure;
use super::headers::head_length;
use super::metrics::Metrics;
use super::pages::page::{PageContext, is_wanted};
use super::settings::Settings;
use super::{backoffice, pages};
use net::header::protect;
use taler::web::query_value;

/// Longest path and query, in bytes.
const MAX_URI: usize = 8 * 1024;
/// Longest headers, all together, in bytes.
const MAX_HEAD: usize = 16 * 1024;
/// Most parameters in a query.
const MAX_PAIRS: usize = 100;
/// Content security policy of answers that are not pages: nothing is allowed.
const NO_PAGE: &str = "default-src 'none'; object-src 'none'; base-uri 'none'; form-action 'none'; \
     frame-ancestors 'none'";

/// Which headers pages of other origins may send: those that the API reads, and those that HTTP
/// clients and tracing tools in pages commonly add. None of `X-Forwarded-…`: they are a proxy's.
const ALLOWED_HEADERS: &str = "Accept, Accept-Language, Authorization, Cache-Control, \
     Content-Encoding, Content-Language, Content-Type, If-Match, If-Modified-Since, If-None-Match, \
     Pragma, Prefer, Range, Taler-Challenge-Ids, Traceparent, User-Agent, X-Request-Id, \
     X-Requested-With";

/// The request id in log, header and error body.
struct RequestId(String);

impl RequestId {
    /// A number that no other request of this daemon has, and hardly one of another.
    fn next() -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        static START: std::sync::OnceLock<u32> = std::sync::OnceLock::new();
        let start = START.get_or_init(|| {
            // Without randomness the number is merely less unlikely to be met again.
            u32::from_be_bytes(system::random().unwrap_or_default())
        });
        Self(format!("{start:08x}-{:x}", COUNT.fetch_add(1, Ordering::Relaxed)))
    }
}

/// The outermost middleware; every answer passes it.
pub(super) async fn public(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let is_open = !backoffice::owns(request.path());
    respond(request, next, is_open).await
}

/// The outermost middleware of the operator's listener.
pub(super) async fn admin(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    respond(request, next, false).await
}

/// Takes a path as what it means: without slashes at its end, and with one where there are more. Few
/// requests need it, so the library's way, which searches every path with a pattern, is not taken.
pub(super) async fn normalize_path(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    if let Some(uri) = normalized(request.uri()) {
        request.match_info_mut().get_mut().update(&uri);
        request.head_mut().uri = uri;
    }
    next.call(request).await
}

/// The address with a tidy path; `None` when it is tidy.
fn normalized(uri: &Uri) -> Option<Uri> {
    let path = uri.path();
    if !path.contains("//") && (path.len() < 2 || !path.ends_with('/')) {
        return None;
    }
    let segments = path.split('/').filter(|segment| !segment.is_empty());
    let mut tidy: String = segments.flat_map(|segment| ["/", segment]).collect();
    if tidy.is_empty() {
        tidy.push('/');
    }
    if let Some(query) = uri.query() {
        tidy.push('?');
        tidy.push_str(query);
    }
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(PathAndQuery::try_from(tidy).ok()?);
    Uri::from_parts(parts).ok()
}

/// `is_open`: whether pages of other origins may send the request and read the answer.
async fn respond(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
    is_open: bool,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let id = RequestId::next();
    let started = Instant::now();
    let metrics = request.app_data::<Data<Metrics>>().cloned();
    let method = request.method().clone();

    let mut response = if let Some(failure) = refusal(&request) {
        failure.log(&id.0, &log_target(request.request()));
        request.into_response(failure.answer(&id.0))
    } else if method == Method::OPTIONS && is_open {
        request.into_response(preflight())
    } else {
        render_error(next.call(request).await?.map_into_boxed_body(), &id)
    };
    security_headers(response.headers_mut(), &id);
    if is_open {
        cors(response.headers_mut());
    }
    if let Some(metrics) = metrics {
        metrics.answered(&method, response.status(), started.elapsed());
    }
    if log::log_enabled!(log::Level::Debug) {
        let (line, status) = (log_target(response.request()), response.status().as_u16());
        log::debug!("{} {line}: {status} in {:?}", id.0, started.elapsed());
    }
    Ok(response)
}

/// For the log: which request this was. Queries may hold tokens and stay out, and so does the name
/// of a session, which is as good as a visitor's cookie.
fn log_target(request: &HttpRequest) -> String {
    let (method, path) = (request.method(), request.path());
    // As the router sees it, which decodes.
    let decoded = percent_decode_str(path).decode_utf8_lossy();
    let mut segments = decoded.split('/').filter(|segment| !segment.is_empty());
    if !segments.clone().any(|segment| segment == "sessions") {
        return format!("{method} {path}");
    }
    let before = segments.by_ref().take_while(|segment| *segment != "sessions");
    let before: String = before.map(|segment| format!("/{}", query_value(segment))).collect();
    format!("{method} {before}/sessions/***")
}

/// Why a request is refused before routing.
fn refusal(request: &ServiceRequest) -> Option<Failure> {
    let uri = request.uri();
    if uri.path_and_query().map_or(0, |both| both.as_str().len()) > MAX_URI {
        return Some(Failure::UriTooLong);
    }
    if head_length(request.headers()) > MAX_HEAD {
        return Some(Failure::HeadTooLong);
    }
    if request.query_string().split('&').count() > MAX_PAIRS {
        return Some(Failure::Malformed(format!("more than {MAX_PAIRS} query parameters")));
    }
    // The router would replace invalid UTF-8 by U+FFFD.
    if percent_decode_str(uri.path()).decode_utf8().is_err() {
        return Some(Failure::Segment);
    }
    None
}

/// A CORS preflight request.
fn preflight() -> HttpResponse {
    HttpResponse::NoContent()
        .insert_header((ACCESS_CONTROL_ALLOW_METHODS, "GET, HEAD, POST, PATCH, PUT, DELETE, *"))
        .insert_header((ACCESS_CONTROL_ALLOW_HEADERS, ALLOWED_HEADERS))
        .insert_header((ACCESS_CONTROL_MAX_AGE, "86400"))
        .finish()
}

/// The response, with its error rendered and logged.
fn render_error(response: ServiceResponse<BoxBody>, id: &RequestId) -> ServiceResponse<BoxBody> {
    let foreign;
    let failure = match response.response().error() {
        None => return response,
        Some(error) => match error.as_error::<Failure>() {
            Some(failure) => failure,
            None => {
                foreign = Failure::Bug(error.to_string());
                &foreign
            }
        },
    };
    let request = response.request();
    failure.log(&id.0, &log_target(request));
    let answer = match request.app_data::<Data<Settings>>() {
        Some(settings) if backoffice::owns(request.path()) => {
            backoffice::problem(failure, &PageContext::of(request, settings), &id.0)
        }
        Some(settings) if is_wanted(request) => {
            pages::problem(failure, &PageContext::of(request, settings), &id.0)
        }
        _ => failure.answer(&id.0),
    };
    response.into_response(answer)
}

/// Lets pages of other origins read the answer. The back office, which knows its visitors by a
/// cookie, is for its own pages only.
fn cors(headers: &mut HeaderMap) {
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(
        ACCESS_CONTROL_EXPOSE_HEADERS,
        HeaderValue::from_static(
            "*, ETag, Location, Taler, Paivana, Retry-After, WWW-Authenticate, X-Request-Id",
        ),
    );
}

/// Headers of every answer.
fn security_headers(headers: &mut HeaderMap, id: &RequestId) {
    // Pages and documents say themselves what they need; everything else is not for looking at. Addresses
    // hold the tokens of orders.
    protect(headers, NO_PAGE, "no-referrer");
    if let Ok(value) = HeaderValue::from_str(&id.0) {
        headers.insert(HeaderName::from_static("x-request-id"), value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slashes_too_many_mean_nothing() {
        for (sent, meant) in [
            ("/", None),
            ("/orders/a", None),
            ("/orders/a?x=//", None),
            ("/orders/a/", Some("/orders/a")),
            ("//orders///a//?x=//y/", Some("/orders/a?x=//y/")),
            ("///", Some("/")),
            ("//?", Some("/?")),
            ("http://shop.example/a/", Some("http://shop.example/a")),
        ] {
            let tidied = normalized(&sent.parse().unwrap());
            assert_eq!(tidied, meant.map(|uri| uri.parse().unwrap()), "{sent}");
        }
    }
}
