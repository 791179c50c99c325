//! How all pages look, and what browsers may do with them: nothing comes from elsewhere, nothing is
//! written into a page but by its template, which escapes.

use std::fmt;
use std::time::Duration;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HOST, HeaderName, HeaderValue, LOCATION,
    REFERRER_POLICY, SET_COOKIE, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{Error, HttpResponse, HttpResponseBuilder};
use askama::Template;
use qrcode::{Color, EcLevel, QrCode};
use tokio::time::timeout;

use super::Demo;
use super::failure::Failure;
use super::visitor::Visitor;

/// What pages may load and do.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; \
                      connect-src 'self'; form-action 'self'; base-uri 'none'; \
                      frame-ancestors 'none'";
/// How long a request may take: a form that trickles in, a wallet that waits for its turn.
const LONGEST: Duration = Duration::from_secs(90);
/// White modules around a QR code, so that it is found.
const QUIET: usize = 4;

/// An amount as people write it: `KUDOS:2.5` is 2.50 KUDOS.
pub(super) fn money(amount: impl fmt::Display) -> String {
    let text = amount.to_string();
    match text.split_once(':') {
        Some((currency, number)) => match number.split_once('.') {
            Some((_, cents)) if cents.len() == 1 => format!("{number}0 {currency}"),
            _ => format!("{number} {currency}"),
        },
        None => text,
    }
}

/// An address as a picture for the camera of a phone.
pub(super) struct Qr {
    /// How wide and high it is, in modules.
    pub(super) size: usize,
    /// The dark modules, as the outline of an SVG path.
    pub(super) path: String,
}

impl Qr {
    /// The picture of `text`; `None` if it is too long for one.
    pub(super) fn of(text: &str) -> Option<Self> {
        let code = QrCode::with_error_correction_level(text, EcLevel::L).ok()?;
        let width = code.width();
        let mut path = String::new();
        for (y, row) in code.to_colors().chunks(width).enumerate() {
            let mut x = 0;
            // One stroke for neighbours in a row.
            for run in row.chunk_by(|one, next| one == next) {
                if run.first() == Some(&Color::Dark) {
                    let (left, top, length) = (x + QUIET, y + QUIET, run.len());
                    path.push_str(&format!("M{left} {top}h{length}v1h-{length}z"));
                }
                x += run.len();
            }
        }
        Some(Self { size: width + 2 * QUIET, path })
    }
}

/// A link for a wallet, as picture and as text.
pub(super) struct Link {
    pub(super) uri: String,
    pub(super) qr: Option<Qr>,
}

impl Link {
    pub(super) fn to(uri: String) -> Self {
        Self { qr: Qr::of(&uri), uri }
    }
}

#[derive(Template)]
#[template(path = "problem.html")]
struct Problem<'a> {
    text: &'a str,
}

/// A page that says what went wrong.
pub(super) fn problem(status: StatusCode, text: &str) -> HttpResponse {
    match (Problem { text }).render() {
        Ok(html) => html_of(HttpResponse::build(status), html),
        Err(_) => HttpResponse::new(StatusCode::INTERNAL_SERVER_ERROR),
    }
}

/// A page for a visitor, whose visit it prolongs.
pub(super) fn shown(page: &impl Template, visitor: &Visitor) -> Result<HttpResponse, Failure> {
    let html = page.render().map_err(|error| Failure::Till(error.to_string()))?;
    let mut answer = HttpResponse::Ok();
    answer.insert_header((SET_COOKIE, visitor.cookie()));
    Ok(html_of(answer, html))
}

fn html_of(mut answer: HttpResponseBuilder, html: String) -> HttpResponse {
    answer.content_type("text/html; charset=utf-8").body(html)
}

/// Sends the browser to another page of ours, to be fetched anew.
pub(super) fn go(url: &str) -> HttpResponse {
    HttpResponse::SeeOther().insert_header((LOCATION, url)).finish()
}

/// `GET /shop/style.css`
pub(super) async fn style() -> HttpResponse {
    file("text/css; charset=utf-8", include_str!("pages/style.css"))
}

/// `GET /shop/script.js`
pub(super) async fn script() -> HttpResponse {
    file("text/javascript; charset=utf-8", include_str!("pages/script.js"))
}

fn file(kind: &str, text: &'static str) -> HttpResponse {
    // Another version of the program may have another one.
    HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-cache")).content_type(kind).body(text)
}

/// Around every answer of the shop: it has one address only, so that no other site can pose as it,
/// and browsers are told what its pages may do.
pub(super) async fn around(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let own = request.app_data::<Data<Demo>>().map(|demo| demo.0.base_url.clone());
    let own = own.ok_or(Failure::NotHere)?;
    let host = own.host_and_path().trim_end_matches('/');
    let is_ours =
        request.headers().get(HOST).is_some_and(|value| value.as_bytes() == host.as_bytes());
    let mut response = if is_ours {
        let answer = timeout(LONGEST, next.call(request)).await;
        answer.map_err(|_| Failure::Late)??.map_into_boxed_body()
    } else if matches!(*request.method(), Method::GET | Method::HEAD) {
        let here = format!("{}shop/", own.as_str());
        request.into_response(go(&here))
    } else {
        let failure: Error = Failure::Stranger.into();
        request.error_response(failure)
    };
    let headers = response.headers_mut();
    for (name, value) in [
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (X_FRAME_OPTIONS, "DENY"),
        (REFERRER_POLICY, "same-origin"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if !headers.contains_key(CACHE_CONTROL) {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_qr_code_has_its_corners_and_a_quiet_border() {
        let qr = Qr::of("taler+http://pay/127.0.0.1:9966/2026.001-0123456789ABC/S?c=X").unwrap();
        // The finder pattern's upper edge, left and right, seven modules wide.
        assert!(qr.path.starts_with("M4 4h7v1h-7z"), "{}", qr.path);
        let right = format!("M{} 4h7v1h-7z", qr.size - QUIET - 7);
        assert!(qr.path.contains(&right), "{}", qr.path);
        assert!(Qr::of(&"x".repeat(8000)).is_none());
    }

    #[test]
    fn amounts_are_written_as_people_do() {
        assert_eq!(money("KUDOS:2.5"), "2.50 KUDOS");
        assert_eq!(money("KUDOS:0.05"), "0.05 KUDOS");
        assert_eq!(money("KUDOS:12"), "12 KUDOS");
    }

    #[test]
    fn what_goes_wrong_is_written_without_markup() {
        let page = Problem { text: "<script>\"'&" }.render().unwrap();
        assert!(page.contains("&#60;script&#62;"), "{page}");
        assert!(!page.contains("<script>"), "{page}");
    }
}
