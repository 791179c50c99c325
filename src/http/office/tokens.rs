//! Tokens: made for programs and devices, shown once, listed, taken back.
//!
//! As in the API, a new token wants the password: a desk that somebody has left must not give away
//! keys that last longer than the visit.

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use askama::Template;
use serde_json::json;

use super::super::Settings;
use super::super::error::Answer;
use super::super::extract::{Params, Seg};
use super::super::origin::{base_url, client};
use super::super::pages::Frame;
use super::form::{Form, Typed};
use super::password::shown_in;
use super::seat::Seat;
use super::shown;
use crate::model::access::{Scope, Token, TokenScope};
use crate::till::{Error, Issued, Till, TokenWish, browser_of};
use taler::time::{RelativeTime, Timestamp};
use taler::web::BaseUrl;
use ui::Words;
use ui::moment::{self, Moment};
use ui::qr::Qr;

/// How many tokens are on a page.
const PAGE: i64 = 50;
/// Longest note that people type, in bytes.
const MAX_NOTE: usize = 400;
/// How long a token may live, in seconds; the last one is good for ever.
const LIVES: &[(&str, Option<u64>)] = &[
    ("86400", Some(86_400)),
    ("604800", Some(604_800)),
    ("2592000", Some(2_592_000)),
    ("31536000", Some(31_536_000)),
    ("forever", None),
];
/// For what tokens are made here. The others are other names for everything.
const SCOPES: &[Scope] = &[
    Scope::OrderSimple,
    Scope::OrderPos,
    Scope::OrderMgmt,
    Scope::OrderFull,
    Scope::ReadOnly,
    Scope::All,
];

/// A token as the page lists it.
struct Row {
    serial: i64,
    description: String,
    scope: String,
    made: Moment,
    expires: Moment,
    used: Option<Moment>,
    /// Does somebody sit in the back office by it? Then the description is their browser's name.
    is_seat: bool,
    /// Is it the one by which the visitor sits here?
    is_own: bool,
    is_over: bool,
}

impl Row {
    fn of(token: Token, seat: &Seat, now: Timestamp) -> Self {
        let browser = browser_of(&token).map(str::to_owned);
        Self {
            serial: token.serial,
            scope: scope(token.scope, seat.words()),
            made: seat.moment(token.created_at),
            expires: seat.moment(token.expires_at),
            used: token.last_used_at.map(|at| seat.moment(at)),
            is_own: seat.clerk().token() == Some(token.serial),
            is_over: token.expires_at <= now,
            is_seat: browser.is_some(),
            description: browser.or(token.description).unwrap_or_default(),
        }
    }
}

/// A token just made: all that is ever shown of it.
struct Fresh {
    token: String,
    base_url: String,
    scope: String,
    expires: Moment,
    /// Both, for the camera of the device that shall use it.
    qr: Option<Qr>,
    /// Does the address name this very machine?
    is_local: bool,
}

#[derive(Template)]
#[template(path = "http/office/tokens.html")]
struct Page<'a> {
    frame: &'a Frame,
    words: &'a Words,
    seat: &'a Seat,
    typed: &'a Typed,
    fresh: Option<Fresh>,
    /// Was the page asked for that shows a token, after it had shown it?
    is_shown_before: bool,
    rows: Vec<Row>,
    older: Option<String>,
    scopes: Vec<(&'static str, String)>,
    lives: Vec<(&'static str, String)>,
}

/// Asks before a token is revoked.
#[derive(Template)]
#[template(path = "http/office/revoke.html")]
struct Revoke<'a> {
    frame: &'a Frame,
    words: &'a Words,
    seat: &'a Seat,
    row: Row,
}

/// What a page of tokens shows beside its list.
#[derive(Default)]
struct Beside {
    fresh: Option<Fresh>,
    is_shown_before: bool,
    before: Option<i64>,
}

/// What a token is good for, in plain words and in the API's.
fn scope(scope: TokenScope, words: &Words) -> String {
    let plain = match scope.scope {
        Scope::ReadOnly => words.scope_read,
        Scope::OrderSimple => words.scope_simple,
        Scope::OrderPos => words.scope_pos,
        Scope::OrderMgmt => words.scope_mgmt,
        Scope::OrderFull => words.scope_full,
        Scope::Spa | Scope::All | Scope::Write => words.scope_all,
    };
    format!("{plain} ({scope})")
}

/// How long a token of this life lasts, as the visitor reads it.
fn life(secs: Option<u64>, seat: &Seat) -> String {
    let life = secs.map_or(Ok(RelativeTime::FOREVER), RelativeTime::from_secs);
    moment::span(life.unwrap_or(RelativeTime::FOREVER), seat.frame().visitor)
}

async fn ask(
    seat: &Seat,
    till: &Till,
    status: StatusCode,
    typed: &Typed,
    beside: Beside,
) -> Answer {
    let (words, now) = (seat.words(), till.now());
    let Beside { fresh, is_shown_before, before } = beside;
    let mut tokens = till.tokens(seat.clerk(), -PAGE - 1, before).await?;
    let most = usize::try_from(PAGE).unwrap_or(usize::MAX);
    let has_more = tokens.len() > most;
    tokens.truncate(most);
    let older = tokens.last().filter(|_| has_more);
    let older = older.map(|last| seat.path(&format!("tokens?before={}", last.serial)));
    let all = |scope| TokenScope { scope, refreshable: false };
    let page = Page {
        frame: seat.frame(),
        words,
        seat,
        typed,
        fresh,
        is_shown_before,
        rows: tokens.into_iter().map(|token| Row::of(token, seat, now)).collect(),
        older,
        scopes: SCOPES.iter().map(|one| (one.as_str(), scope(all(*one), words))).collect(),
        lives: LIVES.iter().map(|(name, secs)| (*name, life(*secs, seat))).collect(),
    };
    shown(status, seat.frame(), &page)
}

/// `GET /webui/tokens`, those before the one numbered `before`; with `fresh`, the token just made, which
/// is shown once.
pub(in crate::http) async fn page(
    request: HttpRequest,
    till: Data<Till>,
    settings: Data<Settings>,
    seat: Seat,
    params: Params,
) -> Answer {
    let typed = Typed::suggesting(&[("life", "2592000")]);
    let mut beside = Beside { before: params.get("before")?, ..Beside::default() };
    if let Some(mark) = params.text("fresh") {
        let base_url = base_url(&request, &settings, &seat.clerk().instance().id)?;
        let issued = settings.forms.tokens.take(mark);
        beside.fresh = issued.map(|issued| fresh(&seat, &issued, &base_url));
        beside.is_shown_before = beside.fresh.is_none();
    }
    ask(&seat, &till, StatusCode::OK, &typed, beside).await
}

/// What the device's camera sees: where the API is, and the token for it.
fn pairing(base_url: &str, token: &str) -> String {
    json!({ "base_url": base_url, "token": token }).to_string()
}

/// `POST /webui/tokens`: leads to the only page that ever shows the token. Its address cannot be guessed,
/// and shows nothing any more when it is loaded again.
pub(in crate::http) async fn create(
    request: HttpRequest,
    till: Data<Till>,
    settings: Data<Settings>,
    seat: Seat,
    form: Form,
) -> Answer {
    let words = seat.words();
    let mut typed = Typed::of(form);
    let description = typed.form().text("description").to_owned();
    if description.is_empty() {
        typed.complain("description", words.note_needed);
    } else if description.len() > MAX_NOTE {
        typed.complain("description", words.too_long);
    }
    let scope = SCOPES.iter().find(|scope| typed.chose("scope", scope.as_str()));
    let life = LIVES.iter().find(|(name, _)| typed.chose("life", name));
    if scope.is_none() {
        typed.complain("scope", words.choose_one);
    }
    if life.is_none() {
        typed.complain("life", words.choose_one);
    }
    let password = shown_in(&mut typed, "password", words);
    let mut status = StatusCode::BAD_REQUEST;
    if let (Some(scope), Some((_, secs)), Some(password), true) =
        (scope, life, password, typed.is_good())
    {
        let duration = secs.map_or(Ok(RelativeTime::FOREVER), RelativeTime::from_secs);
        let wish = TokenWish {
            scope: TokenScope { scope: *scope, refreshable: false },
            duration: duration.ok(),
            description: Some(description),
        };
        let instance = &seat.clerk().instance().id;
        let peer = client(&request, &settings);
        match till.log_in(instance, password, peer, wish).await {
            Ok(issued) => {
                let mark = till.door_mark()?;
                settings.forms.tokens.put(mark.clone(), issued);
                return Ok(seat.go(&format!("tokens?fresh={mark}"), None));
            }
            Err(error) => {
                status = refused(&mut typed, "password", error, words)?;
            }
        }
    }
    ask(&seat, &till, status, &typed, Beside::default()).await
}

fn fresh(seat: &Seat, issued: &Issued, base_url: &BaseUrl) -> Fresh {
    let token = issued.key.reveal();
    Fresh {
        token: token.to_owned(),
        base_url: base_url.to_string(),
        scope: scope(issued.scope, seat.words()),
        expires: seat.moment(issued.expires_at),
        qr: Qr::of(&pairing(base_url.as_str(), token)),
        is_local: base_url.names_this_machine(),
    }
}

/// Says beside the input `name` why a password was not taken, and answers the status for it.
pub(super) fn refused(
    typed: &mut Typed,
    name: &'static str,
    error: Error,
    words: &Words,
) -> Result<StatusCode, Error> {
    match error {
        Error::NotAuthorized => {
            typed.complain(name, words.not_the_password);
            Ok(StatusCode::FORBIDDEN)
        }
        Error::TooManyAttempts(_) | Error::Crowded => {
            typed.complain(name, words.too_many_attempts);
            Ok(StatusCode::TOO_MANY_REQUESTS)
        }
        other => Err(other),
    }
}

/// `GET /webui/tokens/$SERIAL/revoke`: is it meant?
pub(in crate::http) async fn ask_to_revoke(
    till: Data<Till>,
    seat: Seat,
    Seg(serial): Seg<String>,
) -> Answer {
    let serial: i64 = serial.parse().map_err(|_| Error::TokenUnknown(0))?;
    let found = till.tokens(seat.clerk(), -1, serial.checked_add(1)).await?;
    let token = found.into_iter().find(|token| token.serial == serial);
    let token = token.ok_or(Error::TokenUnknown(serial))?;
    let row = Row::of(token, &seat, till.now());
    let page = Revoke { frame: seat.frame(), words: seat.words(), seat: &seat, row };
    shown(StatusCode::OK, seat.frame(), &page)
}

/// `POST /webui/tokens/$SERIAL/revoke`. Whoever takes back the token of their own seat is out.
pub(in crate::http) async fn revoke(
    till: Data<Till>,
    seat: Seat,
    Seg(serial): Seg<String>,
    _form: Form,
) -> Answer {
    let serial = serial.parse().map_err(|_| Error::TokenUnknown(0))?;
    match till.revoke_token(seat.clerk(), serial).await {
        // A form that is sent twice has done what it should.
        Ok(()) | Err(Error::TokenUnknown(_)) => Ok(seat.go("tokens", Some("revoked"))),
        Err(other) => Err(other.into()),
    }
}
