//! Forms: reads the inputs, and checks that the form is from a page that we sent to this browser.
//!
//! Every form carries a CSRF token in its input `csrf`. In a web session it is derived from its API
//! token, so that no other site and no other web session has it; for the sign-in, from a cookie that the
//! browser got with the form. A form without its CSRF token is refused before its content is used.
//!
//! After the CSRF token comes an id of the page, by which a form that is sent twice is
//! recognized (`repeats`).

use std::future::Future;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpMessage, HttpRequest};

use super::super::error::Failure;
use super::super::extract::Body;
use super::super::headers::is_form;
use super::super::settings::Settings;
use super::cookie::{Cookie, Transport};
use super::csrf::{self, csrf_before_login};
use super::web_session::WebSession;

/// Most inputs of a form that are looked at.
const MAX_INPUTS: usize = 200;

/// A form that was sent, its CSRF token checked.
#[derive(Clone, Debug, Default)]
pub(in crate::http) struct Form(Vec<(String, String)>);

impl Form {
    /// What was typed into `name`, without blanks around it; empty if nothing was.
    pub(super) fn text(&self, name: &str) -> &str {
        self.raw(name).trim()
    }

    /// What was typed into `name`, as it is: passwords may begin with a blank.
    pub(super) fn raw(&self, name: &str) -> &str {
        self.0.iter().find(|(one, _)| one == name).map_or("", |(_, value)| value.as_str())
    }

    /// What was typed into `name`, if anything was.
    pub(super) fn some(&self, name: &str) -> Option<&str> {
        Some(self.text(name)).filter(|text| !text.is_empty())
    }

    /// Everything that was typed into inputs called `name`, as it is, in the order of the page.
    pub(super) fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0.iter().filter(move |(one, _)| one == name).map(|(_, value)| value.as_str())
    }

    /// Whether `name` is there at all, as a ticked box or a pressed button is.
    pub(super) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(one, _)| one == name)
    }
}

impl FromRequest for Form {
    type Error = Failure;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Failure>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let body = Body::from_request(request, payload).into_inner();
        let request = request.clone();
        Box::pin(async move {
            let csrf_base = expected(&request).ok_or(Failure::Forged)?;
            if !is_form(&request) {
                return Err(Failure::Forged);
            }
            let bytes = body?.bytes().await?;
            let pairs = url::form_urlencoded::parse(&bytes).into_owned().take(MAX_INPUTS);
            let form = Self(pairs.collect());
            if csrf::fits(form.raw("csrf"), &csrf_base) { Ok(form) } else { Err(Failure::Forged) }
        })
    }
}

/// The CSRF token that forms of this browser carry.
pub(super) fn expected(request: &HttpRequest) -> Option<String> {
    if let Some(web_session) = request.extensions().get::<WebSession>() {
        return Some(web_session.csrf_base().to_owned());
    }
    let settings = request.app_data::<Data<Settings>>()?;
    let way = Transport::of(request, settings);
    Cookie::PreSession.read(request, &way).map(|cookie| csrf_before_login(&cookie))
}

/// What was typed, and what is wrong with it: a page that shows a form again needs both.
#[derive(Clone, Debug, Default)]
pub(super) struct FormState {
    form: Form,
    complaints: Vec<(&'static str, String)>,
}

impl FormState {
    /// Of `form`, with which nothing is wrong yet.
    pub(super) fn of(form: Form) -> Self {
        Self { form, complaints: Vec::new() }
    }

    /// An empty form that already says something.
    pub(super) fn suggesting(pairs: &[(&str, &str)]) -> Self {
        let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Self::of(Form(pairs.iter().map(own).collect()))
    }

    /// Says what is wrong with the input `name`; with `""`, with the form as a whole.
    pub(super) fn add_error(&mut self, name: &'static str, text: impl Into<String>) {
        self.complaints.push((name, text.into()));
    }

    /// Whether nothing is wrong.
    pub(super) fn is_good(&self) -> bool {
        self.complaints.is_empty()
    }

    /// The form.
    pub(super) fn form(&self) -> &Form {
        &self.form
    }

    /// What was typed into `name`.
    pub(super) fn value(&self, name: &str) -> &str {
        self.form.raw(name)
    }

    /// Whether `value` was chosen for `name`.
    pub(super) fn chose(&self, name: &str, value: &str) -> bool {
        self.form.raw(name) == value
    }

    /// What is wrong with `name`.
    pub(super) fn error_for(&self, name: &str) -> Option<&str> {
        self.complaints.iter().find(|(one, _)| *one == name).map(|(_, text)| text.as_str())
    }
}
