//! The error page of the back office.

use actix_web::HttpResponse;
use askama::Template;

use super::super::error::{Failure, Row};
use super::super::pages;
use super::super::pages::page::PageContext;
use super::answer::shown;
use crate::till::Error as TillError;
use ui::Messages;

#[derive(Template)]
#[template(path = "http/backoffice/problem.html")]
struct Problem<'a> {
    context: &'a PageContext,
    messages: &'a Messages,
    title: &'a str,
    text: &'a str,
    mark: String,
}

/// The page for `failure`; its JSON answer, with the number of the request, if there is none.
pub(in crate::http) fn problem(
    failure: &Failure,
    context: &PageContext,
    request_id: &str,
) -> HttpResponse {
    let json = failure.answer(request_id);
    let messages = context.messages();
    let Row { status, code, .. } = failure.row();
    let (title, text) = match failure {
        Failure::Forged => (messages.forged_title, messages.forged),
        Failure::Till(TillError::TooManyAttempts(_) | TillError::Overloaded) => {
            (messages.refused_title, messages.too_many_attempts)
        }
        _ => match status {
            401 => (messages.signed_out_title, messages.signed_out),
            403 => (messages.refused_title, messages.not_permitted),
            404 => (messages.not_found_title, messages.office_not_found),
            400..=499 => (messages.refused_title, messages.refused),
            _ => (messages.broken_title, messages.broken),
        },
    };
    let mark = format!("{status} · {code} · {request_id}");
    let page = Problem { context, messages, title, text, mark };
    let page = shown(json.status(), context, &page);
    pages::instead(json, page)
}
