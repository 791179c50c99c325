//! The error page for customers.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use askama::Template;

use super::super::error::{Answer, Failure, Row};
use super::page::{PageContext, shown};
use crate::till::Error;

#[derive(Template)]
#[template(path = "http/pages/problem.html")]
struct Problem<'a> {
    context: &'a PageContext,
    title: &'a str,
    text: &'a str,
    mark: String,
}

/// The page for `failure`; its JSON answer, with the number of the request, if there is none.
///
/// A client without the right credential sees the same as for an unknown resource, so that no client
/// learns which orders there are (decision 3).
pub(in crate::http) fn problem(
    failure: &Failure,
    context: &PageContext,
    request_id: &str,
) -> HttpResponse {
    let json = failure.answer(request_id);
    let messages = context.messages();
    let Row { status, code, .. } = failure.row();
    let (title, text) = match status {
        _ if matches!(failure, Failure::Till(Error::OfferExpired(_))) => {
            (messages.expired_title, messages.expired)
        }
        429 => (messages.too_much_title, messages.too_much),
        401 | 403 | 404 => (messages.not_found_title, messages.not_found),
        410 => (messages.gone_title, messages.gone),
        400..=499 => (messages.refused_title, messages.refused),
        _ => (messages.broken_title, messages.broken),
    };
    let secret = matches!(status, 401 | 403 | 404);
    let mark = if secret { String::new() } else { format!("{status} · {code} · {request_id}") };
    let page = Problem { context, title, text, mark };
    let status = if status == 401 || status == 403 { StatusCode::NOT_FOUND } else { json.status() };
    instead(json, shown(status, context, &page))
}

/// A refusal's `page` in the place of its `json`, with what else the answer carries (`Allow`,
/// `Retry-After`); the JSON itself if there is no page.
pub(in crate::http) fn instead(json: HttpResponse, page: Answer) -> HttpResponse {
    let Ok(mut answer) = page else { return json };
    for (name, value) in json.headers() {
        if !answer.headers().contains_key(name) {
            answer.headers_mut().insert(name.clone(), value.clone());
        }
    }
    answer
}
