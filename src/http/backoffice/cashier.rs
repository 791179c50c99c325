//! Where a cashier signs in: a name to choose and a PIN, in a browser that the owner has made a till.

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderValue, RETRY_AFTER, SET_COOKIE};
use actix_web::web::Data;
use askama::Template;

use super::super::error::Answer;
use super::super::origin::client;
use super::super::pages::page::PageContext;
use super::super::settings::Settings;
use super::answer::{go, shown};
use super::cookie::{Cookie, Transport, browser};
use super::form::{Form, FormState};
use super::sign_in::{Doorway, end_web_session, entered};
use super::till_device::till_of;
use crate::model::cashier::CashierSerial;
use crate::till::{Error, Till};
use ui::Messages;

#[derive(Template)]
#[template(path = "http/backoffice/cashier.html")]
struct CashierPage<'a> {
    context: &'a PageContext,
    messages: &'a Messages,
    typed: &'a FormState,
    csrf: String,
    is_plain: bool,
    shop: String,
    /// Number and name of each cashier.
    names: Vec<(String, String)>,
}

fn ask(
    request: &HttpRequest,
    till: &Till,
    settings: &Settings,
    status: StatusCode,
    typed: &FormState,
) -> Answer {
    let context = PageContext::of(request, settings);
    let Some((_, instance, cashiers)) = till_of(request, till, settings)? else {
        // The owner makes a browser a till.
        return Ok(go(&context, "webui/sign-in?as=owner"));
    };
    let Doorway { csrf, is_plain, cookie } = Doorway::of(request, till, settings)?;
    let names = cashiers.into_iter().map(|one| (one.serial.0.to_string(), one.name)).collect();
    let page = CashierPage {
        context: &context,
        messages: context.messages(),
        typed,
        csrf,
        is_plain,
        shop: instance.settings.name,
        names,
    };
    let mut answer = shown(status, &context, &page)?;
    if let Some(cookie) = cookie {
        answer.headers_mut().append(SET_COOKIE, cookie);
    }
    Ok(answer)
}

/// `GET /webui/cashier`.
pub(in crate::http) async fn page(
    request: HttpRequest,
    till: Data<Till>,
    settings: Data<Settings>,
) -> Answer {
    ask(&request, &till, &settings, StatusCode::OK, &FormState::default())
}

/// `POST /webui/cashier`: a PIN for a web session.
pub(in crate::http) async fn submit(
    request: HttpRequest,
    till: Data<Till>,
    settings: Data<Settings>,
    form: Form,
) -> Answer {
    let context = PageContext::of(&request, &settings);
    let messages = context.messages();
    let way = Transport::of(&request, &settings);
    let secret = Cookie::Device.read(&request, &way).unwrap_or_default();
    let cashier = form.text("cashier").parse().map(CashierSerial);
    let pin = form.text("pin").to_owned();
    let issued = match cashier {
        Ok(cashier) => {
            let client = client(&request, &settings);
            till.sign_in_cashier(&secret, cashier, &pin, client, browser(&request)).await
        }
        Err(_) => Err(Error::NotAuthorized),
    };
    let mut typed = FormState::of(form);
    match issued {
        Ok(issued) => {
            end_web_session(&till, Cookie::Session.read(&request, &way)).await?;
            entered(&request, &settings, &context, &issued, "webui/till")
        }
        Err(Error::NotAuthorized) => {
            typed.add_error("pin", messages.wrong_pin);
            ask(&request, &till, &settings, StatusCode::FORBIDDEN, &typed)
        }
        Err(Error::TooManyAttempts(wait)) => {
            typed.add_error("", messages.cashier_locked);
            let status = StatusCode::TOO_MANY_REQUESTS;
            let mut answer = ask(&request, &till, &settings, status, &typed)?;
            let wait = HeaderValue::from(wait.as_secs().saturating_add(1));
            answer.headers_mut().insert(RETRY_AFTER, wait);
            Ok(answer)
        }
        Err(Error::Overloaded) => {
            typed.add_error("", messages.too_many_attempts);
            ask(&request, &till, &settings, StatusCode::TOO_MANY_REQUESTS, &typed)
        }
        Err(other) => Err(other.into()),
    }
}
