//! A new order, typed into a form; and what it shares with the till.

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use askama::Template;
use serde_json::{Map, Value, json};

use super::super::Settings;
use super::super::error::{Answer, Failure};
use super::super::origin::base_url;
use super::super::pages::Frame;
use super::form::{Form, Typed};
use super::order::refuse;
use super::seat::Seat;
use super::{explain, shown};
use crate::till::{Error, Made, OrderWish, Till};
use taler::amount::{Amount, Currency};
use taler::time::RelativeTime;
use taler::web::FulfillmentUrl;
use ui::Words;

/// Longest text on an order that people type, in bytes.
const MAX_TEXT: usize = 500;
/// Longest time that people type, in days.
const MAX_DAYS: u64 = 3650;

#[derive(Template)]
#[template(path = "http/office/new_order.html")]
struct Page<'a> {
    frame: &'a Frame,
    words: &'a Words,
    seat: &'a Seat,
    typed: &'a Typed,
    currencies: Vec<String>,
}

/// Makes an order over `amount` for the clerk's shop.
pub(super) async fn make(
    request: &HttpRequest,
    till: &Till,
    settings: &Settings,
    seat: &Seat,
    mut order: Map<String, Value>,
    amount: &Amount,
    refund_delay: Option<RelativeTime>,
) -> Result<Result<Made, Error>, Failure> {
    order.insert("amount".into(), json!(amount));
    let wish =
        OrderWish { order, refund_delay, payment_target: None, session: None, with_token: true };
    let base_url = base_url(request, settings, &seat.clerk().instance().id)?;
    Ok(till.create_order(seat.clerk(), wish, &base_url).await)
}

fn show(seat: &Seat, till: &Till, status: StatusCode, typed: &Typed) -> Answer {
    let page = Page {
        frame: seat.frame(),
        words: seat.words(),
        seat,
        typed,
        currencies: explain::currencies(till).iter().map(Currency::to_string).collect(),
    };
    shown(status, seat.frame(), &page)
}

/// `GET /webui/new-order`.
pub(in crate::http) async fn page(till: Data<Till>, seat: Seat) -> Answer {
    show(&seat, &till, StatusCode::OK, &Typed::default())
}

/// A span of `unit` seconds each that was typed into `name`; `None` and no complaint if nothing was.
fn span(typed: &mut Typed, name: &'static str, unit: u64, words: &Words) -> Option<RelativeTime> {
    let text = typed.form().some(name)?.to_owned();
    let secs = text.parse::<u64>().ok().and_then(|count| count.checked_mul(unit));
    let span = secs.filter(|secs| *secs <= MAX_DAYS * 86_400);
    let span = span.and_then(|secs| RelativeTime::from_secs(secs).ok());
    if span.is_none() {
        typed.complain(name, words.no_count);
    }
    span
}

/// `POST /webui/new-order`.
pub(in crate::http) async fn submit(
    request: HttpRequest,
    till: Data<Till>,
    settings: Data<Settings>,
    seat: Seat,
    form: Form,
) -> Answer {
    let words = seat.words();
    let mut typed = Typed::of(form);
    let currency = explain::currency(&mut typed, &explain::currencies(&till), &till, words);
    let amount = explain::amount(&mut typed, "amount", &currency, words);
    let mut order = Map::new();
    for (name, needed) in [("summary", true), ("fulfillment_message", false)] {
        let text = typed.form().text(name).to_owned();
        if text.is_empty() && needed {
            typed.complain(name, words.text_needed);
        } else if text.len() > MAX_TEXT {
            typed.complain(name, words.too_long);
        } else if !text.is_empty() {
            order.insert(name.into(), json!(text));
        }
    }
    if let Some(url) = typed.form().some("fulfillment_url").map(str::to_owned) {
        let is_web = FulfillmentUrl::parse(url.clone()).is_ok_and(|url| url.is_web());
        match is_web {
            true => drop(order.insert("fulfillment_url".into(), json!(url))),
            false => typed.complain("fulfillment_url", words.no_url),
        }
    }
    let refund_delay = span(&mut typed, "refund_days", 86_400, words);
    if let Some(pay) = span(&mut typed, "pay_minutes", 60, words) {
        if pay.duration().is_some_and(|pay| pay.is_zero()) {
            typed.complain("pay_minutes", words.no_count);
        }
        let deadline = till.now().saturating_add(pay);
        order.insert("pay_deadline".into(), json!(deadline));
    }
    let mut status = StatusCode::BAD_REQUEST;
    if let (Some(amount), true) = (amount, typed.is_good()) {
        match make(&request, &till, &settings, &seat, order, &amount, refund_delay).await? {
            Ok(made) => return Ok(seat.go(&format!("orders/{}", made.order_id), Some("made"))),
            Err(error) => refuse(&mut typed, error, words)?,
        }
        status = StatusCode::CONFLICT;
    }
    show(&seat, &till, status, &typed)
}
