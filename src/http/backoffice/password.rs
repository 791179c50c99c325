//! The page that changes the shop's password.

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use askama::Template;

use super::super::error::Answer;
use super::super::origin::client;
use super::super::pages::page::PageContext;
use super::super::settings::Settings;
use super::answer::shown;
use super::form::{Form, FormState};
use super::web_session::WebSession;
use crate::till::{Error, Password, Till};
use ui::Messages;

#[derive(Template)]
#[template(path = "http/backoffice/password.html")]
struct PasswordPage<'a> {
    context: &'a PageContext,
    messages: &'a Messages,
    web_session: &'a WebSession,
    typed: &'a FormState,
}

fn ask(web_session: &WebSession, status: StatusCode, typed: &FormState) -> Answer {
    let page = PasswordPage {
        context: web_session.context(),
        messages: web_session.messages(),
        web_session,
        typed,
    };
    shown(status, web_session.context(), &page)
}

/// `GET /webui/password`.
pub(in crate::http) async fn page(web_session: WebSession) -> Answer {
    ask(&web_session, StatusCode::OK, &FormState::default())
}

/// The password that was typed into `name` to be a new one; `None`, and `typed` says why.
pub(super) fn chosen(
    typed: &mut FormState,
    name: &'static str,
    messages: &Messages,
) -> Option<Password> {
    match Password::parse(typed.form().raw(name)) {
        Ok(password) if !password.is_short() => return Some(password),
        Err(_) if !typed.form().raw(name).is_empty() => typed.add_error(name, messages.too_long),
        Ok(_) | Err(_) => typed.add_error(name, messages.password_too_short),
    }
    None
}

/// The new password that was typed twice, into `new` and `again`; `None`, and `typed` says why.
pub(super) fn chosen_twice(typed: &mut FormState, messages: &Messages) -> Option<Password> {
    let new = chosen(typed, "new", messages)?;
    if typed.form().raw("new") != typed.form().raw("again") {
        typed.add_error("again", messages.passwords_differ);
        return None;
    }
    Some(new)
}

/// The password typed in `name` to confirm an action; `None`, and `typed` says why.
pub(super) fn shown_in(
    typed: &mut FormState,
    name: &'static str,
    messages: &Messages,
) -> Option<Password> {
    let password = Password::parse(typed.form().raw(name)).ok();
    if password.is_none() {
        typed.add_error(name, messages.password_needed);
    }
    password
}

/// Says beside the input `name` why a password was not taken, and answers the status for it.
pub(super) fn refused(
    typed: &mut FormState,
    name: &'static str,
    error: Error,
    messages: &Messages,
) -> Result<StatusCode, Error> {
    match error {
        Error::NotAuthorized => {
            typed.add_error(name, messages.not_the_password);
            Ok(StatusCode::FORBIDDEN)
        }
        Error::TooManyAttempts(_) | Error::Overloaded => {
            typed.add_error(name, messages.too_many_attempts);
            Ok(StatusCode::TOO_MANY_REQUESTS)
        }
        other => Err(other),
    }
}

/// `POST /webui/password`.
pub(in crate::http) async fn change(
    request: HttpRequest,
    till: Data<Till>,
    settings: Data<Settings>,
    web_session: WebSession,
    form: Form,
) -> Answer {
    let messages = web_session.messages();
    let mut typed = FormState::of(form);
    let old = shown_in(&mut typed, "old", messages);
    let new = chosen_twice(&mut typed, messages);
    let mut status = StatusCode::BAD_REQUEST;
    if let (Some(old), Some(new)) = (old, new) {
        let client = client(&request, &settings);
        match till.change_password(web_session.principal(), old, new, client).await {
            Ok(()) => return Ok(web_session.go("password", Some("password-changed"))),
            Err(error) => status = refused(&mut typed, "old", error, messages)?,
        }
    }
    ask(&web_session, status, &typed)
}
