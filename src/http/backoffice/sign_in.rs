//! Signing in and out.

use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderValue, RETRY_AFTER, SET_COOKIE};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use super::super::error::{Answer, Failure};
use super::super::extract::QueryParams;
use super::super::origin::client;
use super::super::pages::page::PageContext;
use super::super::settings::Settings;
use super::answer::{go, shown};
use super::cookie::{Cookie, Transport, browser};
use super::csrf::{csrf_before_login, on_page};
use super::flash;
use super::form::{Form, FormState};
use super::till_device::is_till;
use super::web_session::WebSession;
use crate::till::{Activity, ApiToken, Error, IssuedToken, Password, Till};
use taler::ids::InstanceId;
use ui::Messages;

/// Longest place to come back to, in bytes.
const MAX_PLACE: usize = 512;

/// Why the sign-in page is shown.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Why {
    /// They have not yet.
    New,
    /// They did nothing for long, or had been here for very long.
    Over,
}

/// The address of the sign-in page for `request`, which leads back afterwards.
pub(super) fn place(request: &HttpRequest, why: Why) -> String {
    let mut place = String::from("webui/sign-in");
    let here = request.uri().path_and_query().map_or("", |both| both.as_str());
    let here = here.trim_start_matches('/').trim_end_matches('/');
    let back = (request.method() == actix_web::http::Method::GET && is_own_place(here))
        .then_some(here)
        .filter(|here| *here != "webui");
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    if let Some(back) = back {
        query.append_pair("next", back);
    }
    if why == Why::Over {
        query.append_pair("why", "over");
    }
    let query = query.finish();
    if !query.is_empty() {
        place.push('?');
        place.push_str(&query);
    }
    place
}

/// Whether `place` is one of the back office's own, to be put behind the daemon's root.
fn is_own_place(place: &str) -> bool {
    let plain = place.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    let below = place.strip_prefix("webui");
    let ours = below.is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?']));
    let path = place.split('?').next().unwrap_or_default();
    plain && ours && place.len() <= MAX_PLACE && !path.split('/').any(|part| part == "..")
}

#[derive(Template)]
#[template(path = "http/backoffice/sign_in.html")]
struct SignInPage<'a> {
    context: &'a PageContext,
    messages: &'a Messages,
    typed: &'a FormState,
    csrf: String,
    flash: Option<&'a str>,
    is_plain: bool,
}

/// `GET /webui/sign-in`.
pub(in crate::http) async fn page(
    request: HttpRequest,
    till: Data<Till>,
    settings: Data<Settings>,
    params: QueryParams,
) -> Answer {
    let context = PageContext::of(&request, &settings);
    if till.is_without_instance()? {
        // There is no instance yet.
        return Ok(go(&context, "webui/setup"));
    }
    if params.text("as") != Some("owner") && is_till(&request, &till, &settings)? {
        return Ok(go(&context, "webui/cashier"));
    }
    let next = params.text("next").filter(|place| is_own_place(place)).unwrap_or_default();
    let typed = FormState::suggesting(&[("instance", "admin"), ("next", next)]);
    let flash = match params.text("why") {
        Some("over") => Some(context.messages().session_expired),
        _ => flash::of(&request, context.messages()),
    };
    ask(&request, &till, &settings, &context, StatusCode::OK, &typed, flash)
}

/// Shows the form, with the cookie that it needs.
fn ask(
    request: &HttpRequest,
    till: &Till,
    settings: &Settings,
    context: &PageContext,
    status: StatusCode,
    typed: &FormState,
    flash: Option<&str>,
) -> Answer {
    let Doorway { csrf, is_plain, cookie } = Doorway::of(request, till, settings)?;
    let page = SignInPage { context, messages: context.messages(), typed, csrf, flash, is_plain };
    let mut answer = shown(status, context, &page)?;
    if let Some(cookie) = cookie {
        answer.headers_mut().append(SET_COOKIE, cookie);
    }
    Ok(answer)
}

/// What a form needs without a web session.
pub(super) struct Doorway {
    /// What the form carries in `csrf`.
    pub(super) csrf: String,
    /// Whether others on the network can read along.
    pub(super) is_plain: bool,
    /// The cookie that the form needs.
    pub(super) cookie: Option<HeaderValue>,
}

impl Doorway {
    pub(super) fn of(
        request: &HttpRequest,
        till: &Till,
        settings: &Settings,
    ) -> Result<Self, Failure> {
        let way = Transport::of(request, settings);
        let pre_session = match Cookie::PreSession.read(request, &way) {
            Some(pre_session) => pre_session,
            None => till.random_token()?,
        };
        Ok(Self {
            csrf: on_page(&csrf_before_login(&pre_session), &till.random_token()?),
            is_plain: way.is_plain(),
            cookie: Cookie::PreSession.set(&way, &pre_session),
        })
    }
}

/// Redirects to `next` after the sign-in, with the cookie of the web session.
pub(super) fn entered(
    request: &HttpRequest,
    settings: &Settings,
    context: &PageContext,
    issued: &IssuedToken,
    next: &str,
) -> Answer {
    let way = Transport::of(request, settings);
    let mut answer = go(context, next);
    let cookie = Cookie::Session.set(&way, issued.key.reveal());
    let cookie = cookie.ok_or_else(|| Failure::Bug("the token fits no cookie".into()))?;
    answer.headers_mut().append(SET_COOKIE, cookie);
    if let Some(cleared) = Cookie::PreSession.clear(&way) {
        answer.headers_mut().append(SET_COOKIE, cleared);
    }
    Ok(answer)
}

/// `POST /webui/sign-in`: a password for a web session.
pub(in crate::http) async fn submit(
    request: HttpRequest,
    till: Data<Till>,
    settings: Data<Settings>,
    form: Form,
) -> Answer {
    let context = PageContext::of(&request, &settings);
    let messages = context.messages();
    let client = client(&request, &settings);
    let instance = InstanceId::parse(form.text("instance"));
    let password = Password::parse(form.raw("password"));
    let issued = match (instance, password) {
        (Ok(instance), Ok(password)) => {
            till.sign_in(&instance, password, client, browser(&request)).await
        }
        _ => Err(Error::NotAuthorized),
    };
    let next = form.some("next").filter(|place| is_own_place(place)).unwrap_or("webui").to_owned();
    let mut typed = FormState::of(form);
    let status = match issued {
        Ok(issued) => {
            let way = Transport::of(&request, &settings);
            end_web_session(&till, Cookie::Session.read(&request, &way)).await?;
            return entered(&request, &settings, &context, &issued, &next);
        }
        // The answer does not say which of the two was wrong.
        Err(Error::NotAuthorized | Error::InstanceUnknown(_) | Error::InstanceDeleted(_)) => {
            typed.add_error("", messages.wrong_password);
            StatusCode::FORBIDDEN
        }
        Err(Error::TooManyAttempts(wait)) => {
            typed.add_error("", messages.too_many_attempts);
            let status = StatusCode::TOO_MANY_REQUESTS;
            let mut answer = ask(&request, &till, &settings, &context, status, &typed, None)?;
            let wait = HeaderValue::from(wait.as_secs().saturating_add(1));
            answer.headers_mut().insert(RETRY_AFTER, wait);
            return Ok(answer);
        }
        Err(other) => return Err(other.into()),
    };
    ask(&request, &till, &settings, &context, status, &typed, None)
}

/// Ends the web session of `cookie`, if there is one, so that a browser has one at most.
pub(super) async fn end_web_session(till: &Till, cookie: Option<String>) -> Result<(), Error> {
    let Some(key) = cookie.and_then(|text| ApiToken::parse(&text).ok()) else { return Ok(()) };
    let Ok(principal) = till.admit_session(&key, None, Activity::Background) else { return Ok(()) };
    match till.log_out(&principal).await {
        Ok(()) | Err(Error::TokenUnknown(_)) => Ok(()),
        Err(other) => Err(other),
    }
}

/// `POST /webui/sign-out`: revokes the web session's token.
pub(in crate::http) async fn leave(
    request: HttpRequest,
    till: Data<Till>,
    settings: Data<Settings>,
    web_session: WebSession,
    _form: Form,
) -> Answer {
    match till.log_out(web_session.principal()).await {
        Ok(()) | Err(Error::TokenUnknown(_)) => {}
        Err(other) => return Err(other.into()),
    }
    let mut answer: HttpResponse = web_session.go("sign-in", Some("signed-out"));
    if let Some(cleared) = Cookie::Session.clear(&Transport::of(&request, &settings)) {
        answer.headers_mut().append(SET_COOKIE, cleared);
    }
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_comes_back_to_places_of_the_office_only() {
        for place in ["webui", "webui/orders", "webui/orders?paid=yes&q=a%20b"] {
            assert!(is_own_place(place), "{place}");
        }
        let long = format!("webui/{}", "x".repeat(MAX_PLACE));
        for place in [
            "",
            "/webui",
            "//evil.example",
            "webuix",
            "orders",
            "webui/../private",
            "webui\\x",
            "webui/a b",
            "https://evil.example/",
            "webui/\n",
            &long,
        ] {
            assert!(!is_own_place(place), "{place}");
        }
    }
}
