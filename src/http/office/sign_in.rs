//! Signing in and out.

use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderValue, RETRY_AFTER, SET_COOKIE};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use super::super::Settings;
use super::super::error::{Answer, Failure};
use super::super::extract::Params;
use super::super::origin::client;
use super::super::pages::Frame;
use super::cookie::{Cookie, Way, browser};
use super::form::{Form, Typed, on_page, seal_of_door};
use super::seat::Seat;
use super::{flash, go, shown};
use crate::till::{Error, Issued, Key, Password, Presence, Till};
use taler::ids::InstanceId;
use ui::Words;

/// Longest place to come back to, in bytes.
const MAX_PLACE: usize = 512;

/// Why somebody is to sign in.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Why {
    /// They have not yet.
    New,
    /// They did nothing for long, or had been here for very long.
    Over,
}

/// Where whoever sent `request` is sent to sign in, and whence they come back.
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

/// Is `place` one of the back office's own, to be put behind the daemon's root?
fn is_own_place(place: &str) -> bool {
    let plain = place.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    let below = place.strip_prefix("webui");
    let ours = below.is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?']));
    let path = place.split('?').next().unwrap_or_default();
    plain && ours && place.len() <= MAX_PLACE && !path.split('/').any(|part| part == "..")
}

#[derive(Template)]
#[template(path = "http/office/sign_in.html")]
struct Page<'a> {
    frame: &'a Frame,
    words: &'a Words,
    typed: &'a Typed,
    csrf: String,
    flash: Option<&'a str>,
    is_plain: bool,
}

/// `GET /webui/sign-in`.
pub(in crate::http) async fn page(
    request: HttpRequest,
    till: Data<Till>,
    settings: Data<Settings>,
    params: Params,
) -> Answer {
    let frame = Frame::of(&request, &settings);
    if till.is_without_instance()? {
        // There is nobody to sign in as.
        return Ok(go(&frame, "webui/setup"));
    }
    let next = params.text("next").filter(|place| is_own_place(place)).unwrap_or_default();
    let typed = Typed::suggesting(&[("instance", "admin"), ("next", next)]);
    let flash = match params.text("why") {
        Some("over") => Some(frame.words().seat_over),
        _ => flash::of(&request, frame.words()),
    };
    ask(&request, &till, &settings, &frame, StatusCode::OK, &typed, flash)
}

/// Shows the form, with the cookie that it needs.
fn ask(
    request: &HttpRequest,
    till: &Till,
    settings: &Settings,
    frame: &Frame,
    status: StatusCode,
    typed: &Typed,
    flash: Option<&str>,
) -> Answer {
    let Doorway { csrf, is_plain, cookie } = Doorway::of(request, till, settings)?;
    let page = Page { frame, words: frame.words(), typed, csrf, flash, is_plain };
    let mut answer = shown(status, frame, &page)?;
    if let Some(cookie) = cookie {
        answer.headers_mut().append(SET_COOKIE, cookie);
    }
    Ok(answer)
}

/// What a form needs of whoever has not signed in.
pub(super) struct Doorway {
    /// What the form carries in `csrf`.
    pub(super) csrf: String,
    /// Can others on the network read along?
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
        let way = Way::of(request, settings);
        let door = match Cookie::Door.read(request, &way) {
            Some(door) => door,
            None => till.door_mark()?,
        };
        Ok(Self {
            csrf: on_page(&seal_of_door(&door), &till.door_mark()?),
            is_plain: way.is_plain(),
            cookie: Cookie::Door.set(&way, &door),
        })
    }
}

/// Sends whoever has just signed in on to `next`, with the cookie of their seat.
pub(super) fn entered(
    request: &HttpRequest,
    settings: &Settings,
    frame: &Frame,
    issued: &Issued,
    next: &str,
) -> Answer {
    let way = Way::of(request, settings);
    let mut answer = go(frame, next);
    let cookie = Cookie::Seat.set(&way, issued.key.reveal());
    let cookie = cookie.ok_or_else(|| Failure::Bug("the token fits no cookie".into()))?;
    answer.headers_mut().append(SET_COOKIE, cookie);
    if let Some(cleared) = Cookie::Door.clear(&way) {
        answer.headers_mut().append(SET_COOKIE, cleared);
    }
    Ok(answer)
}

/// `POST /webui/sign-in`: a password for a seat.
pub(in crate::http) async fn submit(
    request: HttpRequest,
    till: Data<Till>,
    settings: Data<Settings>,
    form: Form,
) -> Answer {
    let frame = Frame::of(&request, &settings);
    let words = frame.words();
    let peer = client(&request, &settings);
    let instance = InstanceId::parse(form.text("instance"));
    let password = Password::parse(form.raw("password"));
    let issued = match (instance, password) {
        (Ok(instance), Ok(password)) => {
            till.sit_down(&instance, password, peer, browser(&request)).await
        }
        _ => Err(Error::NotAuthorized),
    };
    let next = form.some("next").filter(|place| is_own_place(place)).unwrap_or("webui").to_owned();
    let mut typed = Typed::of(form);
    let status = match issued {
        Ok(issued) => {
            let way = Way::of(&request, &settings);
            leave_seat(&till, Cookie::Seat.read(&request, &way)).await?;
            return entered(&request, &settings, &frame, &issued, &next);
        }
        // Which of the two was wrong is nobody's business.
        Err(Error::NotAuthorized | Error::InstanceUnknown(_) | Error::InstanceDeleted(_)) => {
            typed.complain("", words.wrong_password);
            StatusCode::FORBIDDEN
        }
        Err(Error::TooManyAttempts(wait)) => {
            typed.complain("", words.too_many_attempts);
            let status = StatusCode::TOO_MANY_REQUESTS;
            let mut answer = ask(&request, &till, &settings, &frame, status, &typed, None)?;
            let wait = HeaderValue::from(wait.as_secs().saturating_add(1));
            answer.headers_mut().insert(RETRY_AFTER, wait);
            return Ok(answer);
        }
        Err(other) => return Err(other.into()),
    };
    ask(&request, &till, &settings, &frame, status, &typed, None)
}

/// Ends the seat of `cookie`, if it holds one: whoever signs in again sits on one seat only.
async fn leave_seat(till: &Till, cookie: Option<String>) -> Result<(), Error> {
    let Some(key) = cookie.and_then(|text| Key::parse(&text).ok()) else { return Ok(()) };
    let Ok(clerk) = till.admit_seated(&key, None, Presence::Watching) else { return Ok(()) };
    match till.log_out(&clerk).await {
        Ok(()) | Err(Error::TokenUnknown(_)) => Ok(()),
        Err(other) => Err(other),
    }
}

/// `POST /webui/sign-out`: the seat's token ends.
pub(in crate::http) async fn leave(
    request: HttpRequest,
    till: Data<Till>,
    settings: Data<Settings>,
    seat: Seat,
    _form: Form,
) -> Answer {
    match till.log_out(seat.clerk()).await {
        Ok(()) | Err(Error::TokenUnknown(_)) => {}
        Err(other) => return Err(other.into()),
    }
    let mut answer: HttpResponse = seat.go("sign-in", Some("signed-out"));
    if let Some(cleared) = Cookie::Seat.clear(&Way::of(&request, &settings)) {
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
