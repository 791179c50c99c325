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
use actix_web::web::{Data, Path};
use actix_web::{Error, HttpResponse, HttpResponseBuilder};
use askama::Template;
use tokio::time::timeout;

use super::Demo;
use super::failure::Failure;
use super::visitor::Visitor;
use crate::page::POLICY;
use crate::page::files::File;

/// How long a request may take: a form that trickles in, a wallet that waits for its turn.
const LONGEST: Duration = Duration::from_secs(90);

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

#[derive(Template)]
#[template(path = "demo/pages/problem.html")]
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

/// `GET /shop/style.css`, `GET /shop/poll.js`
pub(super) async fn file(name: Path<String>) -> Result<HttpResponse, Failure> {
    let file = File::named(&name).ok_or(Failure::NotHere)?;
    // Another version of the program may have another one.
    let mut answer = HttpResponse::Ok();
    answer.insert_header((CACHE_CONTROL, "no-cache")).content_type(file.kind);
    Ok(answer.body(file.text))
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
