//! The till: an amount is typed, the customer's phone reads the code, and the page says that it is
//! paid. Cash goes the same way, so the day's total has it all.

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use askama::Template;
use serde_json::{Map, json};

use super::super::Settings;
use super::super::error::Answer;
use super::super::extract::Seg;
use super::super::orders::pay_uri;
use super::super::pages::Frame;
use super::form::{Form, Typed};
use super::new_order::make;
use super::order::{refuse, tag};
use super::seat::Seat;
use super::standing::Standing;
use super::{explain, shown};
use crate::model::order::{CounterPayment, Order, PaymentMethod};
use crate::till::{Books, CounterWish, Error, Till, Total};
use taler::amount::{Amount, Currency};
use taler::ids::OrderId;
use ui::Words;
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
    pub(super) fn of(total: &Total, seat: &Seat, till: &Till) -> Self {
        let money = |amount: &Amount| seat.money(amount, till.terms());
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
#[template(path = "http/office/till.html")]
struct Keypad<'a> {
    frame: &'a Frame,
    words: &'a Words,
    seat: &'a Seat,
    typed: &'a Typed,
    currencies: Vec<String>,
    mark: char,
    digits: u8,
    sums: Vec<Sum>,
}

#[derive(Template)]
#[template(path = "http/office/sale.html")]
struct Sale<'a> {
    frame: &'a Frame,
    words: &'a Words,
    seat: &'a Seat,
    id: String,
    summary: String,
    amount: String,
    is_paid: bool,
    is_over: bool,
    standing: Standing,
    word: &'static str,
    code: Option<Link>,
    tag: String,
    live: String,
    again: String,
    wrong: Option<&'static str>,
}

async fn keypad(seat: &Seat, till: &Till, status: StatusCode, typed: &Typed) -> Answer {
    let calendar = seat.calendar();
    let range = calendar.day_of(till.now()).and_then(|day| {
        let from = calendar.start_of(day, 0)?;
        Some(Books { from, until: calendar.start_of(day, 1)? })
    });
    let totals = match range {
        Some(books) => till.totals(seat.clerk(), books).await?,
        None => Vec::new(),
    };
    let currencies = explain::currencies(till);
    let digits = currencies.iter().map(|one| till.specification(one).input_digits()).max();
    let page = Keypad {
        frame: seat.frame(),
        words: seat.words(),
        seat,
        typed,
        digits: digits.unwrap_or_default(),
        currencies: currencies.iter().map(Currency::to_string).collect(),
        mark: seat.frame().visitor.decimal,
        sums: totals.iter().map(|total| Sum::of(total, seat, till)).collect(),
    };
    shown(status, seat.frame(), &page)
}

/// `GET /webui/till`.
pub(in crate::http) async fn page(till: Data<Till>, seat: Seat) -> Answer {
    keypad(&seat, &till, StatusCode::OK, &Typed::default()).await
}

/// `POST /webui/till`: a sale begins.
pub(in crate::http) async fn begin(
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
    let summary = typed.form().some("summary").unwrap_or(words.a_sale).to_owned();
    if summary.len() > MAX_TEXT {
        typed.complain("summary", words.too_long);
    }
    let mut status = StatusCode::BAD_REQUEST;
    if let (Some(amount), true) = (amount, typed.is_good()) {
        let order = Map::from_iter([("summary".to_owned(), json!(summary))]);
        match make(&request, &till, &settings, &seat, order, &amount, None).await? {
            Ok(made) => return Ok(seat.go(&format!("till/{}", made.order_id), None)),
            Err(error) => refuse(&mut typed, error, words)?,
        }
        status = StatusCode::CONFLICT;
    }
    keypad(&seat, &till, status, &typed).await
}

fn show(
    seat: &Seat,
    till: &Till,
    order: &Order,
    status: StatusCode,
    wrong: Option<&'static str>,
) -> Answer {
    let now = till.now();
    let standing = Standing::of(order, now);
    let (is_paid, is_over) = (order.paid.is_some(), order.is_expired(now));
    let page = Sale {
        frame: seat.frame(),
        words: seat.words(),
        seat,
        id: order.order_id.to_string(),
        summary: order.summary.clone(),
        amount: seat.money(&order.amount, till.terms()),
        is_paid,
        is_over,
        standing,
        word: standing.word(seat.words()),
        code: (!is_paid && !is_over).then(|| Link::to(pay_uri(order, None))),
        tag: tag(order, standing),
        live: seat.path(&format!("orders/{}/live", order.order_id)),
        again: seat.path(&format!("till/{}?again=yes", order.order_id)),
        wrong,
    };
    shown(status, seat.frame(), &page)
}

/// `GET /webui/till/$ORDER_ID`: a sale, for the customer to pay.
pub(in crate::http) async fn sale(
    till: Data<Till>,
    seat: Seat,
    Seg(order_id): Seg<OrderId>,
) -> Answer {
    let history = till.history(seat.clerk(), &order_id)?;
    show(&seat, &till, &history.order, StatusCode::OK, None)
}

/// `POST /webui/till/$ORDER_ID/cash`: the customer paid in cash.
pub(in crate::http) async fn cash(
    till: Data<Till>,
    seat: Seat,
    Seg(order_id): Seg<OrderId>,
    _form: Form,
) -> Answer {
    let method = PaymentMethod::parse("cash").map_err(|_| crate::model::unfit::Unfit("method"));
    let payment = CounterPayment { method: method.map_err(Error::from)?, reference: None };
    let wish = CounterWish { payment, session: None, amount: None };
    match till.record_payment(seat.clerk(), order_id.clone(), wish).await {
        Ok(_) => Ok(seat.go(&format!("till/{order_id}"), None)),
        Err(error) => refused(&seat, &till, &order_id, error),
    }
}

/// `POST /webui/till/$ORDER_ID/cancel`: the customer does not want it after all.
pub(in crate::http) async fn cancel(
    till: Data<Till>,
    seat: Seat,
    Seg(order_id): Seg<OrderId>,
    _form: Form,
) -> Answer {
    // By force: the customer stands there and says so. What is paid, or being paid, stays.
    match till.delete_order(seat.clerk(), order_id.clone(), true).await {
        Ok(()) | Err(Error::OrderUnknown(_)) => Ok(seat.go("till", Some("cancelled"))),
        Err(error) => refused(&seat, &till, &order_id, error),
    }
}

fn refused(seat: &Seat, till: &Till, order_id: &OrderId, error: Error) -> Answer {
    let text = explain::refusal(&error, seat.words()).ok_or(error)?;
    let history = till.history(seat.clerk(), order_id)?;
    show(seat, till, &history.order, StatusCode::CONFLICT, Some(text))
}
