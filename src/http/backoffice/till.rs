//! The till page: the shopkeeper types an amount, the customer's phone scans the code, and the page shows that it is
//! paid. Cash is recorded in the same way, so that the day's total is complete.

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use askama::Template;
use serde_json::{Map, json};

use super::super::error::Answer;
use super::super::extract::PathId;
use super::super::orders::pay_uri;
use super::super::pages::page::PageContext;
use super::super::settings::Settings;
use super::answer::shown;
use super::form::{Form, FormState};
use super::messages;
use super::new_order::make;
use super::order::{refuse, tag};
use super::order_badge::OrderBadge;
use super::web_session::WebSession;
use crate::model::order::{CounterPayment, Order, PaymentMethod};
use crate::till::{DateRange, Error, ManualPayment, Till, Total};
use taler::amount::{Amount, Currency};
use taler::ids::OrderId;
use ui::Messages;
use ui::qr::Link;

/// Longest text on a sale that people type, in bytes.
const MAX_TEXT: usize = 200;

/// A day's total in one currency, as the visitor reads it.
pub(super) struct Sum {
    pub(super) payments: u64,
    pub(super) paid: String,
    pub(super) refunds: u64,
    pub(super) refunded: String,
    pub(super) rest: String,
}

impl Sum {
    pub(super) fn of(total: &Total, web_session: &WebSession, till: &Till) -> Self {
        let money = |amount: &Amount| web_session.money(amount, till.policy());
        let rest = match (total.rest(), total.lack()) {
            (Some(rest), _) => money(&rest),
            (None, Some(lack)) => format!("−{}", money(&lack)),
            (None, None) => String::new(),
        };
        Self {
            payments: total.payments,
            paid: money(&total.paid),
            refunds: total.refunds,
            refunded: money(&total.refunded),
            rest,
        }
    }
}

#[derive(Template)]
#[template(path = "http/backoffice/till.html")]
struct Keypad<'a> {
    context: &'a PageContext,
    messages: &'a Messages,
    web_session: &'a WebSession,
    typed: &'a FormState,
    currencies: Vec<String>,
    mark: char,
    digits: u8,
    sums: Vec<Sum>,
}

#[derive(Template)]
#[template(path = "http/backoffice/sale.html")]
struct Sale<'a> {
    context: &'a PageContext,
    messages: &'a Messages,
    web_session: &'a WebSession,
    id: String,
    summary: String,
    amount: String,
    is_paid: bool,
    is_over: bool,
    standing: OrderBadge,
    word: &'static str,
    code: Option<Link>,
    tag: String,
    live: String,
    again: String,
    wrong: Option<&'static str>,
}

async fn keypad(
    web_session: &WebSession,
    till: &Till,
    status: StatusCode,
    typed: &FormState,
) -> Answer {
    let calendar = web_session.calendar();
    let range = calendar.day_of(till.now()).and_then(|day| {
        let from = calendar.start_of(day, 0)?;
        Some(DateRange { from, until: calendar.start_of(day, 1)? })
    });
    let totals = match range {
        Some(range) => till.totals(web_session.principal(), range).await?,
        None => Vec::new(),
    };
    let currencies = messages::currencies(till);
    let digits = currencies.iter().map(|one| till.specification(one).input_digits()).max();
    let page = Keypad {
        context: web_session.context(),
        messages: web_session.messages(),
        web_session,
        typed,
        digits: digits.unwrap_or_default(),
        currencies: currencies.iter().map(Currency::to_string).collect(),
        mark: web_session.context().locale.decimal,
        sums: totals.iter().map(|total| Sum::of(total, web_session, till)).collect(),
    };
    shown(status, web_session.context(), &page)
}

/// `GET /webui/till`.
pub(in crate::http) async fn page(till: Data<Till>, web_session: WebSession) -> Answer {
    keypad(&web_session, &till, StatusCode::OK, &FormState::default()).await
}

/// `POST /webui/till`: a sale begins.
pub(in crate::http) async fn begin(
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
    let summary = typed.form().some("summary").unwrap_or(messages.a_sale).to_owned();
    if summary.len() > MAX_TEXT {
        typed.add_error("summary", messages.too_long);
    }
    let mut status = StatusCode::BAD_REQUEST;
    if let (Some(amount), true) = (amount, typed.is_good()) {
        let order = Map::from_iter([("summary".to_owned(), json!(summary))]);
        match make(&request, &till, &settings, &web_session, order, &amount, None).await? {
            Ok(made) => return Ok(web_session.go(&format!("till/{}", made.order_id), None)),
            Err(error) => refuse(&mut typed, error, messages)?,
        }
        status = StatusCode::CONFLICT;
    }
    keypad(&web_session, &till, status, &typed).await
}

fn show(
    web_session: &WebSession,
    till: &Till,
    order: &Order,
    status: StatusCode,
    wrong: Option<&'static str>,
) -> Answer {
    let now = till.now();
    let standing = OrderBadge::of(order, now);
    let (is_paid, is_over) = (order.paid.is_some(), order.is_expired(now));
    let page = Sale {
        context: web_session.context(),
        messages: web_session.messages(),
        web_session,
        id: order.order_id.to_string(),
        summary: order.summary.clone(),
        amount: web_session.money(&order.amount, till.policy()),
        is_paid,
        is_over,
        standing,
        word: standing.word(web_session.messages()),
        code: (!is_paid && !is_over).then(|| Link::to(pay_uri(order, None))),
        tag: tag(order, standing),
        live: web_session.path(&format!("orders/{}/live", order.order_id)),
        again: web_session.path(&format!("till/{}?again=yes", order.order_id)),
        wrong,
    };
    shown(status, web_session.context(), &page)
}

/// `GET /webui/till/$ORDER_ID`: a sale, for the customer to pay.
pub(in crate::http) async fn sale(
    till: Data<Till>,
    web_session: WebSession,
    PathId(order_id): PathId<OrderId>,
) -> Answer {
    let history = till.history(web_session.principal(), &order_id)?;
    show(&web_session, &till, &history.order, StatusCode::OK, None)
}

/// `POST /webui/till/$ORDER_ID/cash`: the customer paid in cash.
pub(in crate::http) async fn cash(
    till: Data<Till>,
    web_session: WebSession,
    PathId(order_id): PathId<OrderId>,
    _form: Form,
) -> Answer {
    let method = PaymentMethod::parse("cash")
        .map_err(|_| crate::model::invalid_field::InvalidField("method"));
    let payment = CounterPayment { method: method.map_err(Error::from)?, reference: None };
    let wish = ManualPayment { payment, session: None, amount: None };
    match till.record_payment(web_session.principal(), order_id.clone(), wish).await {
        Ok(_) => Ok(web_session.go(&format!("till/{order_id}"), None)),
        Err(error) => refused(&web_session, &till, &order_id, error),
    }
}

/// `POST /webui/till/$ORDER_ID/cancel`: the customer does not want it after all.
pub(in crate::http) async fn cancel(
    till: Data<Till>,
    web_session: WebSession,
    PathId(order_id): PathId<OrderId>,
    _form: Form,
) -> Answer {
    // By force, as the customer at the counter wants it. An order that is paid, or being paid, stays.
    match till.delete_order(web_session.principal(), order_id.clone(), true).await {
        Ok(()) | Err(Error::OrderUnknown(_)) => Ok(web_session.go("till", Some("cancelled"))),
        Err(error) => refused(&web_session, &till, &order_id, error),
    }
}

fn refused(web_session: &WebSession, till: &Till, order_id: &OrderId, error: Error) -> Answer {
    let text = messages::refusal(&error, web_session.messages()).ok_or(error)?;
    let history = till.history(web_session.principal(), order_id)?;
    show(web_session, till, &history.order, StatusCode::CONFLICT, Some(text))
}
