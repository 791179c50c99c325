//! The form for a new order, and what it shares with the till page.

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use askama::Template;
use serde_json::{Map, Value, json};

use super::super::error::{Answer, Failure};
use super::super::origin::base_url;
use super::super::pages::page::PageContext;
use super::super::settings::Settings;
use super::answer::shown;
use super::form::{Form, FormState};
use super::messages;
use super::order::refuse;
use super::web_session::WebSession;
use crate::till::{CreateOrder, CreatedOrder, Error, Till};
use taler::amount::{Amount, Currency};
use taler::time::RelativeTime;
use taler::web::FulfillmentUrl;
use ui::Messages;

/// Longest text on an order that people type, in bytes.
const MAX_TEXT: usize = 500;
/// Longest time that people type, in days.
const MAX_DAYS: u64 = 3650;

#[derive(Template)]
#[template(path = "http/backoffice/new_order.html")]
struct NewOrderPage<'a> {
    context: &'a PageContext,
    messages: &'a Messages,
    web_session: &'a WebSession,
    typed: &'a FormState,
    currencies: Vec<String>,
}

/// Creates an order over `amount` for the principal's shop.
pub(super) async fn make(
    request: &HttpRequest,
    till: &Till,
    settings: &Settings,
    web_session: &WebSession,
    mut order: Map<String, Value>,
    amount: &Amount,
    refund_delay: Option<RelativeTime>,
) -> Result<Result<CreatedOrder, Error>, Failure> {
    order.insert("amount".into(), json!(amount));
    let wish = CreateOrder {
        order,
        refund_delay,
        payment_target: None,
        session: None,
        with_token: true,
        otp_id: None,
    };
    let base_url = base_url(request, settings, &web_session.principal().instance().id)?;
    Ok(till.create_order(web_session.principal(), wish, &base_url).await)
}

fn show(web_session: &WebSession, till: &Till, status: StatusCode, typed: &FormState) -> Answer {
    let page = NewOrderPage {
        context: web_session.context(),
        messages: web_session.messages(),
        web_session,
        typed,
        currencies: messages::currencies(till).iter().map(Currency::to_string).collect(),
    };
    shown(status, web_session.context(), &page)
}

/// `GET /webui/new-order`.
pub(in crate::http) async fn page(till: Data<Till>, web_session: WebSession) -> Answer {
    show(&web_session, &till, StatusCode::OK, &FormState::default())
}

/// A span of `unit` seconds each that was typed into `name`; `None` and no complaint if nothing was.
fn span(
    typed: &mut FormState,
    name: &'static str,
    unit: u64,
    messages: &Messages,
) -> Option<RelativeTime> {
    let text = typed.form().some(name)?.to_owned();
    let secs = text.parse::<u64>().ok().and_then(|count| count.checked_mul(unit));
    let span = secs.filter(|secs| *secs <= MAX_DAYS * 86_400);
    let span = span.and_then(|secs| RelativeTime::from_secs(secs).ok());
    if span.is_none() {
        typed.add_error(name, messages.no_count);
    }
    span
}

/// `POST /webui/new-order`.
pub(in crate::http) async fn submit(
    request: HttpRequest,
    till: Data<Till>,
    settings: Data<Settings>,
    web_session: WebSession,
    form: Form,
) -> Answer {
    let messages = web_session.messages();
    let mut typed = FormState::of(form);
    let currency = messages::currency(&mut typed, &messages::currencies(&till), &till, messages);
    let amount = messages::amount(&mut typed, "amount", &currency, messages);
    let mut order = Map::new();
    for (name, needed) in [("summary", true), ("fulfillment_message", false)] {
        let text = typed.form().text(name).to_owned();
        if text.is_empty() && needed {
            typed.add_error(name, messages.text_needed);
        } else if text.len() > MAX_TEXT {
            typed.add_error(name, messages.too_long);
        } else if !text.is_empty() {
            order.insert(name.into(), json!(text));
        }
    }
    if let Some(url) = typed.form().some("fulfillment_url").map(str::to_owned) {
        let is_web = FulfillmentUrl::parse(url.clone()).is_ok_and(|url| url.is_web());
        match is_web {
            true => drop(order.insert("fulfillment_url".into(), json!(url))),
            false => typed.add_error("fulfillment_url", messages.no_url),
        }
    }
    let refund_delay = span(&mut typed, "refund_days", 86_400, messages);
    if let Some(pay) = span(&mut typed, "pay_minutes", 60, messages) {
        if pay.duration().is_some_and(|pay| pay.is_zero()) {
            typed.add_error("pay_minutes", messages.no_count);
        }
        let deadline = till.now().saturating_add(pay);
        order.insert("pay_deadline".into(), json!(deadline));
    }
    let mut status = StatusCode::BAD_REQUEST;
    if let (Some(amount), true) = (amount, typed.is_good()) {
        match make(&request, &till, &settings, &web_session, order, &amount, refund_delay).await? {
            Ok(made) => {
                return Ok(web_session.go(&format!("orders/{}", made.order_id), Some("made")));
            }
            Err(error) => refuse(&mut typed, error, messages)?,
        }
        status = StatusCode::CONFLICT;
    }
    show(&web_session, &till, status, &typed)
}
