//! A new password for the shop.

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use askama::Template;

use super::super::Settings;
use super::super::error::Answer;
use super::super::origin::client;
use super::super::pages::Frame;
use super::form::{Form, Typed};
use super::seat::Seat;
use super::shown;
use super::tokens::refused;
use crate::till::{Password, Till};
use ui::Words;

#[derive(Template)]
#[template(path = "http/office/password.html")]
struct Page<'a> {
    frame: &'a Frame,
    words: &'a Words,
    seat: &'a Seat,
    typed: &'a Typed,
}

fn ask(seat: &Seat, status: StatusCode, typed: &Typed) -> Answer {
    let page = Page { frame: seat.frame(), words: seat.words(), seat, typed };
    shown(status, seat.frame(), &page)
}

/// `GET /webui/password`.
pub(in crate::http) async fn page(seat: Seat) -> Answer {
    ask(&seat, StatusCode::OK, &Typed::default())
}

/// The password that was typed into `name` to be a new one; `None`, and `typed` says why.
pub(super) fn chosen(typed: &mut Typed, name: &'static str, words: &Words) -> Option<Password> {
    match Password::parse(typed.form().raw(name)) {
        Ok(password) if !password.is_short() => return Some(password),
        Err(_) if !typed.form().raw(name).is_empty() => typed.complain(name, words.too_long),
        Ok(_) | Err(_) => typed.complain(name, words.password_too_short),
    }
    None
}

/// The new password that was typed twice, into `new` and `again`; `None`, and `typed` says why.
pub(super) fn chosen_twice(typed: &mut Typed, words: &Words) -> Option<Password> {
    let new = chosen(typed, "new", words)?;
    if typed.form().raw("new") != typed.form().raw("again") {
        typed.complain("again", words.passwords_differ);
        return None;
    }
    Some(new)
}

/// The password that somebody shows in `name` to be who they are; `None`, and `typed` says why.
pub(super) fn shown_in(typed: &mut Typed, name: &'static str, words: &Words) -> Option<Password> {
    let password = Password::parse(typed.form().raw(name)).ok();
    if password.is_none() {
        typed.complain(name, words.password_needed);
    }
    password
}

/// `POST /webui/password`.
pub(in crate::http) async fn change(
    request: HttpRequest,
    till: Data<Till>,
    settings: Data<Settings>,
    seat: Seat,
    form: Form,
) -> Answer {
    let words = seat.words();
    let mut typed = Typed::of(form);
    let old = shown_in(&mut typed, "old", words);
    let new = chosen_twice(&mut typed, words);
    let mut status = StatusCode::BAD_REQUEST;
    if let (Some(old), Some(new)) = (old, new) {
        let peer = client(&request, &settings);
        match till.change_password(seat.clerk(), old, new, peer).await {
            Ok(()) => return Ok(seat.go("password", Some("password-changed"))),
            Err(error) => status = refused(&mut typed, "old", error, words)?,
        }
    }
    ask(&seat, status, &typed)
}
