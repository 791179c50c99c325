//! The owner's page of cashiers, and of the browsers at which they may sign in.

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::http::header::SET_COOKIE;
use actix_web::web::Data;
use askama::Template;

use super::super::error::{Answer, Failure};
use super::super::extract::PathId;
use super::super::origin::client;
use super::super::pages::page::PageContext;
use super::super::settings::Settings;
use super::answer::shown;
use super::cookie::{Cookie, Transport, browser};
use super::form::{Form, FormState};
use super::password::{refused, shown_in};
use super::web_session::WebSession;
use crate::model::cashier::{CashierName, CashierSerial};
use crate::till::{Added, Error, Till};
use ui::Messages;
use ui::formatted_time::FormattedTime;

/// A cashier in the list.
struct CashierRow {
    serial: i64,
    name: String,
    added: FormattedTime,
    /// Until when no PIN is looked at.
    locked_until: Option<FormattedTime>,
    /// Whether what was typed as its new PIN is none.
    is_wrong: bool,
}

/// A browser in the list.
struct DeviceRow {
    serial: i64,
    browser: String,
    added: FormattedTime,
}

#[derive(Template)]
#[template(path = "http/backoffice/cashiers.html")]
struct CashiersPage<'a> {
    context: &'a PageContext,
    messages: &'a Messages,
    web_session: &'a WebSession,
    cashiers: Vec<CashierRow>,
    devices: Vec<DeviceRow>,
    added: &'a FormState,
    device: &'a FormState,
}

/// What was typed into one of the forms, if it was refused.
#[derive(Default)]
struct Tried {
    added: FormState,
    device: FormState,
    /// The cashier whose new PIN is none.
    wrong_pin: Option<i64>,
}

fn ask(web_session: &WebSession, till: &Till, status: StatusCode, tried: &Tried) -> Answer {
    let (principal, now) = (web_session.principal(), till.now());
    let cashiers = till.cashiers(principal)?.into_iter().map(|one| CashierRow {
        serial: one.serial.0,
        is_wrong: tried.wrong_pin == Some(one.serial.0),
        added: web_session.formatted_time(one.created_at),
        locked_until: one
            .locked_until
            .filter(|until| *until > now)
            .map(|until| web_session.formatted_time(until)),
        name: one.name,
    });
    let devices = till.till_devices(principal)?.into_iter().map(|one| DeviceRow {
        serial: one.serial,
        added: web_session.formatted_time(one.created_at),
        browser: one.browser,
    });
    let page = CashiersPage {
        context: web_session.context(),
        messages: web_session.messages(),
        web_session,
        cashiers: cashiers.collect(),
        devices: devices.collect(),
        added: &tried.added,
        device: &tried.device,
    };
    shown(status, web_session.context(), &page)
}

/// `GET /webui/cashiers`.
pub(in crate::http) async fn page(till: Data<Till>, web_session: WebSession) -> Answer {
    ask(&web_session, &till, StatusCode::OK, &Tried::default())
}

/// `POST /webui/cashiers`.
pub(in crate::http) async fn add(till: Data<Till>, web_session: WebSession, form: Form) -> Answer {
    let messages = web_session.messages();
    let mut typed = FormState::of(form);
    let name = CashierName::parse(typed.form().text("name"));
    let mut status = StatusCode::BAD_REQUEST;
    match name {
        Err(_) => typed.add_error("name", messages.cashier_name_needed),
        Ok(name) => {
            let pin = typed.form().text("pin").to_owned();
            match till.add_cashier(web_session.principal(), name, &pin).await {
                Ok(Added::Done(())) => return Ok(web_session.go("cashiers", Some("kept"))),
                Ok(Added::NameTaken) => {
                    status = StatusCode::CONFLICT;
                    typed.add_error("name", messages.cashier_name_taken);
                }
                Ok(Added::TooMany) => {
                    status = StatusCode::CONFLICT;
                    typed.add_error("", messages.too_many_cashiers);
                }
                Err(Error::InvalidField(_)) => typed.add_error("pin", messages.no_pin),
                Err(other) => return Err(other.into()),
            }
        }
    }
    ask(&web_session, &till, status, &Tried { added: typed, ..Tried::default() })
}

fn number(text: &str) -> Result<i64, Failure> {
    text.parse().map_err(|_| Failure::Path)
}

/// `POST /webui/cashiers/$SERIAL/pin`: another PIN, which also ends a lock.
pub(in crate::http) async fn set_pin(
    till: Data<Till>,
    web_session: WebSession,
    PathId(serial): PathId<String>,
    form: Form,
) -> Answer {
    let serial = number(&serial)?;
    let cashier = CashierSerial(serial);
    match till.set_pin(web_session.principal(), cashier, form.text("pin")).await {
        Ok(true) => Ok(web_session.go("cashiers", Some("kept"))),
        Ok(false) => Err(Failure::Path),
        Err(Error::InvalidField(_)) => {
            let tried = Tried { wrong_pin: Some(serial), ..Tried::default() };
            ask(&web_session, &till, StatusCode::BAD_REQUEST, &tried)
        }
        Err(other) => Err(other.into()),
    }
}

/// `POST /webui/cashiers/$SERIAL/remove`.
pub(in crate::http) async fn remove(
    till: Data<Till>,
    web_session: WebSession,
    PathId(serial): PathId<String>,
    _form: Form,
) -> Answer {
    // A form that is sent twice has done what it should.
    till.remove_cashier(web_session.principal(), CashierSerial(number(&serial)?)).await?;
    Ok(web_session.go("cashiers", Some("deleted-cashier")))
}

/// `POST /webui/till-devices`: cashiers may sign in at this browser.
pub(in crate::http) async fn add_device(
    request: HttpRequest,
    till: Data<Till>,
    settings: Data<Settings>,
    web_session: WebSession,
    form: Form,
) -> Answer {
    let messages = web_session.messages();
    let mut typed = FormState::of(form);
    let mut status = StatusCode::BAD_REQUEST;
    if let Some(password) = shown_in(&mut typed, "password", messages) {
        let (principal, client) = (web_session.principal(), client(&request, &settings));
        match till.add_till_device(principal, password, client, browser(&request)).await {
            Ok(Added::Done(secret)) => {
                let mut answer = web_session.go("cashiers", Some("till-added"));
                let way = Transport::of(&request, &settings);
                let cookie = Cookie::Device.set(&way, &secret);
                let cookie = cookie.ok_or_else(|| Failure::Bug("it fits no cookie".into()))?;
                answer.headers_mut().append(SET_COOKIE, cookie);
                return Ok(answer);
            }
            Ok(Added::NameTaken | Added::TooMany) => {
                status = StatusCode::CONFLICT;
                typed.add_error("", messages.too_many_tills);
            }
            Err(error) => status = refused(&mut typed, "password", error, messages)?,
        }
    }
    ask(&web_session, &till, status, &Tried { device: typed, ..Tried::default() })
}

/// `POST /webui/till-devices/$SERIAL/remove`.
pub(in crate::http) async fn remove_device(
    till: Data<Till>,
    web_session: WebSession,
    PathId(serial): PathId<String>,
    _form: Form,
) -> Answer {
    // A form that is sent twice has done what it should.
    till.remove_till_device(web_session.principal(), number(&serial)?).await?;
    Ok(web_session.go("cashiers", Some("deleted-till")))
}
