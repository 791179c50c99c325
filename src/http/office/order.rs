//! One order: how it stands, what happened, and what can be done with it.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use askama::Template;

use super::super::error::{Answer, Failure};
use super::super::extract::{Params, Seg};
use super::super::orders::{pay_uri, refund_uri, status_query};
use super::super::pages::Frame;
use super::form::{Form, Typed};
use super::seat::Seat;
use super::standing::Standing;
use super::{PATIENCE, explain, shown};
use crate::model::order::{CounterPayment, Order, PaymentMethod, PaymentReference, RefundState};
use crate::till::{
    CounterWish, Error, History, Patience, RefundWish, Repurchase, Smaller, Status, StatusAsk, Till,
};
use taler::amount::Amount;
use taler::ids::OrderId;
use ui::moment::Moment;
use ui::qr::Link;
use ui::words::filled;
use ui::{Words, money};

/// The name of a way to pay, and its text.
type Way = (&'static str, fn(&Words) -> &'static str);

/// How customers pay at the counter.
const METHODS: &[Way] = &[
    ("cash", |words| words.by_cash),
    ("card", |words| words.by_card),
    ("bank", |words| words.by_bank),
    ("other", |words| words.by_other),
];

/// Something that happened.
struct Event {
    at: Option<Moment>,
    what: String,
    detail: String,
}

/// A way to pay at the counter.
struct Method {
    name: &'static str,
    text: &'static str,
}

/// What the page says of the order.
struct View {
    id: String,
    summary: String,
    amount: String,
    standing: Standing,
    word: &'static str,
    tag: String,
    events: Vec<Event>,
    /// For the customer: to pay, or to fetch a refund.
    code: Option<Link>,
    /// The customer's page.
    page: String,
    pay_deadline: Option<Moment>,
    refund_deadline: Moment,
    /// What the shop must give back in another way.
    refused: Option<String>,
    /// What can still be given back, as it is read and as it is typed.
    left: Option<(String, String)>,
    granted: String,
    can_be_paid: bool,
    can_be_deleted: bool,
    needs_force: bool,
}

#[derive(Template)]
#[template(path = "http/office/order.html")]
struct Page<'a> {
    frame: &'a Frame,
    words: &'a Words,
    seat: &'a Seat,
    view: &'a View,
    refund: &'a Typed,
    pay: &'a Typed,
    delete: &'a Typed,
    methods: Vec<Method>,
    live: String,
}

/// What was typed into one of the forms, if it was refused.
#[derive(Default)]
struct Tried {
    refund: Option<Typed>,
    pay: Option<Typed>,
    delete: Option<Typed>,
}

/// Changes when anything that the page shows of the order does.
pub(super) fn tag(order: &Order, standing: Standing) -> String {
    let claimed = order.claim.is_some();
    let refused = order.refund_refused.map_or_else(String::new, |refused| refused.to_string());
    let totals = format!("{}-{}-{refused}", order.refund_granted, order.refund_taken);
    let totals = totals.replace(':', "");
    format!("{standing:?}-{claimed}-{totals}")
}

fn view(seat: &Seat, till: &Till, history: &History) -> View {
    let History { order, claimed_at, counter, refunds, .. } = history;
    let (words, now) = (seat.words(), till.now());
    let money = |amount: &Amount| seat.money(amount, till.terms());
    let standing = Standing::of(order, now);
    let event = |at, what: &str, detail: String| Event { at, what: what.to_owned(), detail };
    let mut events =
        vec![event(Some(seat.moment(order.created_at)), words.was_made, String::new())];
    if let (Some(_), true) = (&order.claim, counter.is_none() || claimed_at.is_some()) {
        events.push(event(claimed_at.map(|at| seat.moment(at)), words.was_claimed, String::new()));
    }
    if let Some(paid) = &order.paid {
        let how = match counter {
            None => words.by_wallet.to_owned(),
            Some(CounterPayment { method, reference }) => {
                let known = METHODS.iter().find(|(name, _)| *name == method.as_str());
                let mut how = match known {
                    Some((_, text)) => text(words).to_owned(),
                    None => method.as_str().to_owned(),
                };
                if let Some(reference) = reference {
                    how.push_str(": ");
                    how.push_str(reference.as_str());
                }
                how
            }
        };
        events.push(event(Some(seat.moment(paid.at)), words.was_paid, how));
    }
    for refund in refunds {
        let state = match refund.state {
            RefundState::Taken => words.refund_fetched.to_owned(),
            RefundState::Pending => words.refund_not_fetched.to_owned(),
            RefundState::Refused(refusal) => {
                let code = refusal.code.map_or_else(String::new, |code| format!("/{code}"));
                let reason = format!("{}{code}", refusal.status);
                filled(words.refund_refused_by, &[&money(&refusal.amount), &reason])
            }
        };
        let what = format!("{}: {} ({state})", words.was_refunded, money(&refund.amount));
        events.push(event(Some(seat.moment(refund.granted_at)), &what, refund.reason.clone()));
    }
    let left = order.amount.checked_sub(&order.refund_granted).ok().filter(|left| !left.is_zero());
    let visitor = seat.frame().visitor;
    let is_open = order.paid.is_none();
    let expired = order.is_expired(now);
    let code = match (is_open, order.is_refund_pending()) {
        (true, _) if !expired => Some(Link::to(pay_uri(order, None))),
        (false, true) => Some(Link::to(refund_uri(order))),
        _ => None,
    };
    View {
        id: order.order_id.to_string(),
        summary: order.summary.clone(),
        amount: money(&order.amount),
        standing,
        word: standing.word(words),
        tag: tag(order, standing),
        events,
        code,
        // By its path: what the order calls our address may be another place.
        page: format!(
            "{}orders/{}{}",
            seat.frame().base_of(&seat.clerk().instance().id),
            order.order_id,
            status_query(order, None)
        ),
        pay_deadline: is_open.then(|| seat.moment(order.pay_deadline)),
        refund_deadline: seat.moment(order.refund_deadline),
        refused: order
            .refund_refused
            .map(|refused| filled(words.refund_refused_hint, &[&money(&refused)])),
        left: left
            .filter(|_| order.is_refundable(now))
            .map(|left| (money(&left), money::number(&left, visitor))),
        granted: order.refund_granted.to_string(),
        can_be_paid: is_open,
        can_be_deleted: is_open,
        needs_force: order.claim.is_some() && !expired,
    }
}

fn show(seat: &Seat, till: &Till, order_id: &OrderId, status: StatusCode, tried: Tried) -> Answer {
    let history = till.history(seat.clerk(), order_id)?;
    let view = view(seat, till, &history);
    let words = seat.words();
    let refund = tried.refund.unwrap_or_else(|| {
        let left = view.left.as_ref().map_or("", |(_, number)| number.as_str());
        Typed::suggesting(&[("amount", left)])
    });
    let methods = METHODS.iter().map(|(name, text)| Method { name, text: text(words) }).collect();
    let page = Page {
        frame: seat.frame(),
        words,
        seat,
        live: seat.path(&format!("orders/{order_id}/live")),
        refund: &refund,
        pay: &tried.pay.unwrap_or_default(),
        delete: &tried.delete.unwrap_or_default(),
        methods,
        view: &view,
    };
    shown(status, seat.frame(), &page)
}

/// `GET /webui/orders/$ORDER_ID`.
pub(in crate::http) async fn page(
    till: Data<Till>,
    seat: Seat,
    Seg(order_id): Seg<OrderId>,
) -> Answer {
    show(&seat, &till, &order_id, StatusCode::OK, Tried::default())
}

/// `GET /webui/orders/$ORDER_ID/live`: 200 as soon as the order stands otherwise than the page says
/// with `tag`, so that it is worth while to look at it again; 204 when nothing happens.
pub(in crate::http) async fn live(
    till: Data<Till>,
    seat: Seat,
    Seg(order_id): Seg<OrderId>,
    params: Params,
    super::Client(client): super::Client,
) -> Answer {
    let known = params.text("tag").unwrap_or_default().to_owned();
    let now_is = |order: &Order| tag(order, Standing::of(order, till.now()));
    let ask = StatusAsk { order_id, session: None, repurchase: Repurchase::All };
    let is_news = |status: &Status| now_is(&status.order) != known;
    let patience = Patience::lasting(PATIENCE, client);
    let status = till.order_status(seat.clerk(), ask, patience, Some(is_news)).await?;
    Ok(match now_is(&status.order) == known {
        true => HttpResponse::NoContent().finish(),
        false => HttpResponse::Ok().content_type("text/plain; charset=utf-8").body("changed"),
    })
}

/// `POST /webui/orders/$ORDER_ID/refund`: so much more is given back.
pub(in crate::http) async fn refund(
    till: Data<Till>,
    seat: Seat,
    Seg(order_id): Seg<OrderId>,
    form: Form,
) -> Answer {
    let words = seat.words();
    let History { order, .. } = till.history(seat.clerk(), &order_id)?;
    let mut typed = Typed::of(form);
    let currency = till.specification(order.amount.currency());
    let amount = explain::amount(&mut typed, "amount", &currency, words);
    if typed.form().text("reason").is_empty() {
        typed.complain("reason", words.reason_needed);
    }
    let mut status = StatusCode::BAD_REQUEST;
    if let (Some(amount), true) = (amount, typed.is_good()) {
        status = StatusCode::CONFLICT;
        // The page said what was granted then. A form that is sent twice, or from two desks, must
        // not give back twice.
        if typed.value("granted") != order.refund_granted.to_string() {
            typed.complain("", words.refunded_meanwhile);
        } else {
            let total = order.refund_granted.checked_add(&amount);
            let total = total.map_err(|_| Error::RefundInconsistent)?;
            let reason = typed.form().text("reason").to_owned();
            // The same total again would change nothing, so it is no refund by mistake.
            let wish = RefundWish { total, reason, smaller: Smaller::Refuse };
            match till.grant_refund(seat.clerk(), order_id.clone(), wish).await {
                Ok(_) => return Ok(seat.go(&format!("orders/{order_id}"), Some("refunded"))),
                Err(Error::Unfit(_)) => typed.complain("reason", words.too_long),
                Err(error) => refuse(&mut typed, error, words)?,
            }
        }
    }
    let tried = Tried { refund: Some(typed), ..Tried::default() };
    show(&seat, &till, &order_id, status, tried)
}

/// `POST /webui/orders/$ORDER_ID/payments`: the money was taken at the counter.
pub(in crate::http) async fn pay(
    till: Data<Till>,
    seat: Seat,
    Seg(order_id): Seg<OrderId>,
    form: Form,
) -> Answer {
    let words = seat.words();
    let mut typed = Typed::of(form);
    let method = PaymentMethod::parse(typed.form().text("method"));
    let reference = typed.form().some("reference").map(PaymentReference::parse).transpose();
    if method.is_err() {
        typed.complain("method", words.method_needed);
    }
    if reference.is_err() {
        typed.complain("reference", words.too_long);
    }
    let mut status = StatusCode::BAD_REQUEST;
    if let (Ok(method), Ok(reference)) = (method, reference) {
        status = StatusCode::CONFLICT;
        let payment = CounterPayment { method, reference };
        let wish = CounterWish { payment, session: None, amount: None };
        match till.record_payment(seat.clerk(), order_id.clone(), wish).await {
            Ok(_) => return Ok(seat.go(&format!("orders/{order_id}"), Some("paid"))),
            Err(error) => refuse(&mut typed, error, words)?,
        }
    }
    let tried = Tried { pay: Some(typed), ..Tried::default() };
    show(&seat, &till, &order_id, status, tried)
}

/// `POST /webui/orders/$ORDER_ID/delete`.
pub(in crate::http) async fn delete(
    till: Data<Till>,
    seat: Seat,
    Seg(order_id): Seg<OrderId>,
    form: Form,
) -> Answer {
    let force = form.has("force");
    let mut typed = Typed::of(form);
    match till.delete_order(seat.clerk(), order_id.clone(), force).await {
        Ok(()) => Ok(seat.go("orders", Some("deleted"))),
        Err(error) => {
            refuse(&mut typed, error, seat.words())?;
            let tried = Tried { delete: Some(typed), ..Tried::default() };
            show(&seat, &till, &order_id, StatusCode::CONFLICT, tried)
        }
    }
}

/// Says beside the form why it did not go; what no page can mend stays a failure.
pub(super) fn refuse(typed: &mut Typed, error: Error, words: &Words) -> Result<(), Failure> {
    let text = explain::refusal(&error, words).ok_or(error)?;
    typed.complain("", text);
    Ok(())
}
