//! The layout of all pages and their security headers: nothing is loaded from elsewhere, nothing is
//! written into a page but by its template, which escapes.

use std::time::Duration;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::InternalError;
use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_LANGUAGE, COOKIE, HOST, HeaderMap, HeaderName, HeaderValue, LOCATION,
    ORIGIN, SET_COOKIE, VARY,
};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::web::{Data, Path};
use actix_web::{Error, HttpResponse, HttpResponseBuilder, ResponseError};
use askama::Template;
use tokio::time::timeout;

use super::Demo;
use super::failure::Failure;
use super::form;
use super::reader::Reader;
use super::visitor::Visitor;
use net::header::{protect, protect_page};
use ui::files::File;
use ui::once::{self, Submission};
use ui::{Messages, POLICY};

/// How long a request may take: a form that trickles in, a wallet that waits for its turn.
const LONGEST: Duration = Duration::from_secs(90);

#[derive(Template)]
#[template(path = "demo/pages/problem.html")]
struct Problem<'a> {
    reader: Reader,
    messages: &'a Messages,
    text: String,
    detail: Option<String>,
}

/// A page that tells `reader` what went wrong.
pub(super) fn problem(failure: &Failure, reader: Reader) -> HttpResponse {
    let (text, detail) = (failure.text(reader), failure.detail());
    let mut answer = match (Problem { reader, messages: reader.messages(), text, detail }).render()
    {
        Ok(html) => html_of(HttpResponse::build(failure.status_code()), html, reader),
        Err(_) => HttpResponse::new(StatusCode::INTERNAL_SERVER_ERROR),
    };
    security_headers(answer.headers_mut());
    answer
}

/// A page for a visitor, whose visit it prolongs.
pub(super) fn shown(page: &impl Template, visitor: &Visitor) -> Result<HttpResponse, Failure> {
    let html = page.render().map_err(|error| Failure::Till(error.to_string()))?;
    let mut answer = HttpResponse::Ok();
    answer.insert_header((SET_COOKIE, visitor.cookie()));
    Ok(html_of(answer, html, visitor.reader))
}

fn html_of(mut answer: HttpResponseBuilder, html: String, reader: Reader) -> HttpResponse {
    answer
        .insert_header((CONTENT_LANGUAGE, reader.language()))
        .insert_header((VARY, "Accept-Language"))
        .content_type("text/html; charset=utf-8")
        .body(html)
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
    Ok(answer.body(file.content))
}

/// Around every answer of the shop: it has one address only, so that no other site can pose as it,
/// what goes wrong is said in the reader's words, and browsers are told what its pages may do.
pub(super) async fn around(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let reader = Reader::of(request.headers());
    let own = request.app_data::<Data<Demo>>().map(|demo| demo.0.base_url.clone());
    let own = own.ok_or(Failure::NotHere)?;
    let host = own.host_and_path().trim_end_matches('/');
    let is_ours =
        request.headers().get(HOST).is_some_and(|value| value.as_bytes() == host.as_bytes());
    let mut response = if is_ours {
        let Ok(answer) = timeout(LONGEST, once(request, next)).await else {
            // The request is gone, and with it the place that another answer could be put in.
            let page = problem(&Failure::Late, reader);
            return Err(InternalError::from_response(Failure::Late, page).into());
        };
        render_failure(answer?, reader)
    } else if matches!(*request.method(), Method::GET | Method::HEAD) {
        let here = format!("{}shop/", own.as_str());
        request.into_response(go(&here))
    } else {
        request.into_response(problem(&Failure::Stranger, reader))
    };
    security_headers(response.headers_mut());
    Ok(response)
}

/// Has `request` answered; a form that was sent before, by where it led then. What was begun is finished
/// even if the browser hangs up, as it does when somebody clicks twice.
async fn once(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let demo = request.app_data::<Data<Demo>>().cloned();
    let Some(demo) = demo.filter(|_| *request.method() == Method::POST) else {
        return Ok(next.call(request).await?.map_into_boxed_body());
    };
    let body = form::taken(&mut request).await?;
    // What another visitor or another site sends is another form, and refused by the handler that takes it.
    let mut sent = body.to_vec();
    for name in [COOKIE, ORIGIN, HeaderName::from_static("sec-fetch-site")] {
        let value = request.headers().get(name).map_or(&b""[..], |value| value.as_bytes());
        sent.push(0);
        sent.extend_from_slice(value);
    }
    let ticket = match demo.0.forms.begin(once::key(request.path(), &sent)).await {
        Submission::Again(place) => return Ok(request.into_response(go(&place))),
        Submission::First(ticket) => ticket,
    };
    form::put_back(&mut request, body);
    let work = actix_web::rt::spawn(async move {
        let response = next.call(request).await?.map_into_boxed_body();
        let place = response.headers().get(LOCATION).and_then(|place| place.to_str().ok());
        if let Some(place) = place.filter(|_| response.status() == StatusCode::SEE_OTHER) {
            ticket.led_to(place.to_owned());
        }
        Ok(response)
    });
    work.await.unwrap_or_else(|error| Err(Failure::Till(error.to_string()).into()))
}

/// The answer, with what went wrong said to its reader and told to the log.
fn render_failure(response: ServiceResponse<BoxBody>, reader: Reader) -> ServiceResponse<BoxBody> {
    let failure = response.response().error().and_then(|error| error.as_error::<Failure>());
    let Some(page) = failure.map(|failure| {
        failure.log();
        problem(failure, reader)
    }) else {
        return response;
    };
    response.into_response(page)
}

/// What browsers may do with what we send.
fn security_headers(headers: &mut HeaderMap) {
    protect_page(headers, POLICY, "same-origin");
    protect(headers, POLICY, "same-origin");
    let opener = HeaderName::from_static("cross-origin-opener-policy");
    headers.insert(opener, HeaderValue::from_static("same-origin"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_wrong_is_written_without_markup() {
        let reader = Reader::default();
        let (text, detail) = (String::new(), Some("<script>\"'&".to_owned()));
        let page = Problem { reader, messages: reader.messages(), text, detail }.render().unwrap();
        assert!(page.contains("&#60;script&#62;"), "{page}");
        assert!(!page.contains("<script>"), "{page}");
    }
}
