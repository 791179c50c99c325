//! The page of API tokens: create, show once, list, revoke.
//!
//! As in the API, a new token needs the password: an unattended browser must not give away
//! keys that last longer than the visit.

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use askama::Template;
use serde_json::json;

use super::super::error::Answer;
use super::super::extract::{PathId, QueryParams};
use super::super::origin::{base_url, client};
use super::super::pages::page::PageContext;
use super::super::settings::Settings;
use super::answer::shown;
use super::form::{Form, FormState};
use super::password::{refused, shown_in};
use super::web_session::WebSession;
use crate::model::access::{Scope, Token, TokenScope};
use crate::till::{CreateToken, Error, IssuedToken, Till};
use taler::time::{RelativeTime, Timestamp};
use taler::web::BaseUrl;
use ui::Messages;
use ui::formatted_time::{self, FormattedTime};
use ui::qr::Qr;

/// How many tokens are on a page.
const PAGE: i64 = 50;
/// Longest note that people type, in bytes.
const MAX_NOTE: usize = 400;
/// How long a token may live, in seconds; the last one is good forever.
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
struct TokenRow {
    serial: i64,
    description: String,
    scope: String,
    made: FormattedTime,
    expires: FormattedTime,
    used: Option<FormattedTime>,
    /// Whether it is a web session. Then the description is the browser's name.
    is_web_session: bool,
    /// Whether it is that of the visitor's own web session.
    is_own: bool,
    is_over: bool,
}

impl TokenRow {
    fn of(token: Token, web_session: &WebSession, now: Timestamp) -> Self {
        let browser = token.kind.browser().map(str::to_owned);
        Self {
            serial: token.serial,
            scope: scope(token.scope, web_session.messages()),
            made: web_session.formatted_time(token.created_at),
            expires: web_session.formatted_time(token.expires_at),
            used: token.last_used_at.map(|at| web_session.formatted_time(at)),
            is_own: web_session.principal().token() == Some(token.serial),
            is_over: token.expires_at <= now,
            is_web_session: browser.is_some(),
            description: browser.or(token.description).unwrap_or_default(),
        }
    }
}

/// A token just made: all that is ever shown of it.
struct NewTokenView {
    token: String,
    base_url: String,
    scope: String,
    expires: FormattedTime,
    /// Both, for the camera of the device that shall use it.
    qr: Option<Qr>,
    /// Whether the address names the machine that asks.
    is_local: bool,
}

#[derive(Template)]
#[template(path = "http/backoffice/tokens.html")]
struct TokenPage<'a> {
    context: &'a PageContext,
    messages: &'a Messages,
    web_session: &'a WebSession,
    typed: &'a FormState,
    fresh: Option<NewTokenView>,
    /// Whether the page that shows a token was asked for again after it had shown it.
    is_shown_before: bool,
    rows: Vec<TokenRow>,
    older: Option<String>,
    scopes: Vec<(&'static str, String)>,
    lives: Vec<(&'static str, String)>,
}

/// Asks before a token is revoked.
#[derive(Template)]
#[template(path = "http/backoffice/revoke.html")]
struct RevokePage<'a> {
    context: &'a PageContext,
    messages: &'a Messages,
    web_session: &'a WebSession,
    row: TokenRow,
}

/// What a page of tokens shows beside its list.
#[derive(Default)]
struct TokenListState {
    fresh: Option<NewTokenView>,
    is_shown_before: bool,
    before: Option<i64>,
}

/// What a token is good for, in plain words and in the API's.
fn scope(scope: TokenScope, messages: &Messages) -> String {
    let plain = match scope.scope {
        Scope::ReadOnly => messages.scope_read,
        Scope::OrderSimple => messages.scope_simple,
        Scope::OrderPos => messages.scope_pos,
        Scope::OrderMgmt => messages.scope_mgmt,
        Scope::OrderFull => messages.scope_full,
        Scope::Spa | Scope::All | Scope::Write => messages.scope_all,
    };
    format!("{plain} ({scope})")
}

/// How long a token of this life lasts, as the visitor reads it.
fn life(secs: Option<u64>, web_session: &WebSession) -> String {
    let life = secs.map_or(Ok(RelativeTime::FOREVER), RelativeTime::from_secs);
    formatted_time::span(life.unwrap_or(RelativeTime::FOREVER), web_session.context().locale)
}

async fn ask(
    web_session: &WebSession,
    till: &Till,
    status: StatusCode,
    typed: &FormState,
    beside: TokenListState,
) -> Answer {
    let (messages, now) = (web_session.messages(), till.now());
    let TokenListState { fresh, is_shown_before, before } = beside;
    let mut tokens = till.tokens(web_session.principal(), -PAGE - 1, before).await?;
    let most = usize::try_from(PAGE).unwrap_or(usize::MAX);
    let has_more = tokens.len() > most;
    tokens.truncate(most);
    let older = tokens.last().filter(|_| has_more);
    let older = older.map(|last| web_session.path(&format!("tokens?before={}", last.serial)));
    let all = |scope| TokenScope { scope, refreshable: false };
    let page = TokenPage {
        context: web_session.context(),
        messages,
        web_session,
        typed,
        fresh,
        is_shown_before,
        rows: tokens.into_iter().map(|token| TokenRow::of(token, web_session, now)).collect(),
        older,
        scopes: SCOPES.iter().map(|one| (one.as_str(), scope(all(*one), messages))).collect(),
        lives: LIVES.iter().map(|(name, secs)| (*name, life(*secs, web_session))).collect(),
    };
    shown(status, web_session.context(), &page)
}

/// `GET /webui/tokens`, those before the one numbered `before`; with `fresh`, the token just made, which
/// is shown once.
pub(in crate::http) async fn page(
    request: HttpRequest,
    till: Data<Till>,
    settings: Data<Settings>,
    web_session: WebSession,
    params: QueryParams,
) -> Answer {
    let typed = FormState::suggesting(&[("life", "2592000")]);
    let mut beside = TokenListState { before: params.get("before")?, ..TokenListState::default() };
    if let Some(mark) = params.text("fresh") {
        let base_url = base_url(&request, &settings, &web_session.principal().instance().id)?;
        let issued = settings.forms.tokens.take(mark);
        beside.fresh = issued.map(|issued| fresh(&web_session, &issued, &base_url));
        beside.is_shown_before = beside.fresh.is_none();
    }
    ask(&web_session, &till, StatusCode::OK, &typed, beside).await
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
    web_session: WebSession,
    form: Form,
) -> Answer {
    let messages = web_session.messages();
    let mut typed = FormState::of(form);
    let description = typed.form().text("description").to_owned();
    if description.is_empty() {
        typed.add_error("description", messages.note_needed);
    } else if description.len() > MAX_NOTE {
        typed.add_error("description", messages.too_long);
    }
    let scope = SCOPES.iter().find(|scope| typed.chose("scope", scope.as_str()));
    let life = LIVES.iter().find(|(name, _)| typed.chose("life", name));
    if scope.is_none() {
        typed.add_error("scope", messages.choose_one);
    }
    if life.is_none() {
        typed.add_error("life", messages.choose_one);
    }
    let password = shown_in(&mut typed, "password", messages);
    let mut status = StatusCode::BAD_REQUEST;
    if let (Some(scope), Some((_, secs)), Some(password), true) =
        (scope, life, password, typed.is_good())
    {
        let duration = secs.map_or(Ok(RelativeTime::FOREVER), RelativeTime::from_secs);
        let wish = CreateToken {
            scope: TokenScope { scope: *scope, refreshable: false },
            duration: duration.ok(),
            description: Some(description),
        };
        let instance = &web_session.principal().instance().id;
        let client = client(&request, &settings);
        match till.log_in(instance, password, client, wish).await {
            Ok(issued) => {
                let mark = till.random_token()?;
                settings.forms.tokens.put(mark.clone(), issued);
                return Ok(web_session.go(&format!("tokens?fresh={mark}"), None));
            }
            Err(error) => {
                status = refused(&mut typed, "password", error, messages)?;
            }
        }
    }
    ask(&web_session, &till, status, &typed, TokenListState::default()).await
}

fn fresh(web_session: &WebSession, issued: &IssuedToken, base_url: &BaseUrl) -> NewTokenView {
    let token = issued.key.reveal();
    NewTokenView {
        token: token.to_owned(),
        base_url: base_url.to_string(),
        scope: scope(issued.scope, web_session.messages()),
        expires: web_session.formatted_time(issued.expires_at),
        qr: Qr::of(&pairing(base_url.as_str(), token)),
        is_local: base_url.names_this_machine(),
    }
}

/// `GET /webui/tokens/$SERIAL/revoke`: asks for confirmation.
pub(in crate::http) async fn ask_to_revoke(
    till: Data<Till>,
    web_session: WebSession,
    PathId(serial): PathId<String>,
) -> Answer {
    let serial: i64 = serial.parse().map_err(|_| Error::TokenUnknown(0))?;
    let found = till.tokens(web_session.principal(), -1, serial.checked_add(1)).await?;
    let token = found.into_iter().find(|token| token.serial == serial);
    let token = token.ok_or(Error::TokenUnknown(serial))?;
    let row = TokenRow::of(token, &web_session, till.now());
    let page = RevokePage {
        context: web_session.context(),
        messages: web_session.messages(),
        web_session: &web_session,
        row,
    };
    shown(StatusCode::OK, web_session.context(), &page)
}

/// `POST /webui/tokens/$SERIAL/revoke`. Revoking the own web session's token signs out.
pub(in crate::http) async fn revoke(
    till: Data<Till>,
    web_session: WebSession,
    PathId(serial): PathId<String>,
    _form: Form,
) -> Answer {
    let serial = serial.parse().map_err(|_| Error::TokenUnknown(0))?;
    match till.revoke_token(web_session.principal(), serial).await {
        // A form that is sent twice has done what it should.
        Ok(()) | Err(Error::TokenUnknown(_)) => Ok(web_session.go("tokens", Some("revoked"))),
        Err(other) => Err(other.into()),
    }
}
