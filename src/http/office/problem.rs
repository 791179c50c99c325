//! A refusal as the shopkeeper reads it.

use actix_web::HttpResponse;
use askama::Template;

use super::super::error::Failure;
use super::super::pages::{self, Frame};
use super::shown;
use crate::till::Error as Verb;
use ui::Words;

#[derive(Template)]
#[template(path = "http/office/problem.html")]
struct Problem<'a> {
    frame: &'a Frame,
    words: &'a Words,
    title: &'a str,
    text: &'a str,
    mark: String,
}

/// The page for `failure`; its JSON answer, with the number of the request, if there is none.
pub(in crate::http) fn problem(failure: &Failure, frame: &Frame, request_id: &str) -> HttpResponse {
    let json = failure.answer(request_id);
    let words = frame.words();
    let (status, code, _) = failure.row();
    let (title, text) = match failure {
        Failure::Forged => (words.forged_title, words.forged),
        Failure::Till(Verb::TooManyAttempts(_) | Verb::Crowded) => {
            (words.refused_title, words.too_many_attempts)
        }
        _ => match status {
            401 => (words.signed_out_title, words.signed_out),
            403 => (words.refused_title, words.not_permitted),
            404 => (words.not_found_title, words.office_not_found),
            400..=499 => (words.refused_title, words.refused),
            _ => (words.broken_title, words.broken),
        },
    };
    let mark = format!("{status} · {code} · {request_id}");
    let page = Problem { frame, words, title, text, mark };
    let page = shown(json.status(), frame, &page);
    pages::instead(json, page)
}
