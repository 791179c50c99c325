//! The page of one order: its state, its history, and the actions on it.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use askama::Template;

use super::super::error::{Answer, Failure};
use super::super::extract::{PathId, QueryParams};
use super::super::orders::{pay_uri, refund_uri};
use super::super::pages::page::PageContext;
use super::answer::{Client, PATIENCE, shown};
use super::form::{Form, FormState};
use super::messages;
use super::order_badge::OrderBadge;
use super::products::{read_quantity, shown_quantity};
use super::tax_table::TaxTable;
use super::web_session::WebSession;
use crate::model::order::{CounterPayment, Order, PaymentMethod, PaymentReference, RefundState};
use crate::model::stock::SoldLine;
use crate::till::{
    Error, GrantRefund, History, ManualPayment, Repurchase, Smaller, Status, StatusQuery, Till,
    WaitLimit, returned,
};
use taler::amount::Amount;
use taler::ids::{OrderId, OtpDeviceId};
use ui::formatted_time::FormattedTime;
use ui::messages::filled;
use ui::qr::Link;
use ui::{Messages, money};

/// The name of a way to pay, and its text.
type PaymentMethodLabel = (&'static str, fn(&Messages) -> &'static str);

/// How customers pay at the counter.
const METHODS: &[PaymentMethodLabel] = &[
    ("cash", |messages| messages.by_cash),
    ("card", |messages| messages.by_card),
    ("bank", |messages| messages.by_bank),
    ("other", |messages| messages.by_other),
];

/// What people call a way to pay; the word itself if it is none of ours.
pub(super) fn method_name<'a>(method: &'a PaymentMethod, messages: &Messages) -> &'a str {
    let known = METHODS.iter().find(|(name, _)| *name == method.as_str());
    known.map_or(method.as_str(), |(_, text)| text(messages))
}

/// Something that happened.
struct Event {
    at: Option<FormattedTime>,
    what: String,
    detail: String,
}

/// A line of the order of which some can be put back into stock.
struct ReturnRow {
    /// The name of its input.
    input: String,
    name: String,
    id: String,
    /// How much of it can still come back.
    left: String,
    typed: String,
}

/// What can be put back into stock.
struct ReturnView {
    rows: Vec<ReturnRow>,
    /// How much was put back already, of all lines together.
    before: String,
    wrong: String,
}

/// A way to pay at the counter.
struct Method {
    name: &'static str,
    text: &'static str,
}

/// What the page says of the order.
struct OrderView {
    id: String,
    summary: String,
    amount: String,
    state: OrderBadge,
    word: &'static str,
    tag: String,
    events: Vec<Event>,
    /// For the customer: to pay, or to fetch a refund.
    code: Option<Link>,
    /// The customer's page.
    page: String,
    pay_deadline: Option<FormattedTime>,
    refund_deadline: FormattedTime,
    /// What the shop must give back in another way.
    refused: Option<String>,
    /// What can still be refunded, as it is read and as it is typed.
    left: Option<(String, String)>,
    granted: String,
    /// The cashier whose sale it is.
    cashier: Option<String>,
    taxes: Option<TaxTable>,
    can_be_paid: bool,
    can_be_deleted: bool,
    needs_force: bool,
}

#[derive(Template)]
#[template(path = "http/backoffice/order.html")]
struct OrderPage<'a> {
    context: &'a PageContext,
    messages: &'a Messages,
    web_session: &'a WebSession,
    view: &'a OrderView,
    refund: &'a FormState,
    pay: &'a FormState,
    delete: &'a FormState,
    methods: Vec<Method>,
    live: String,
    returns: Option<ReturnView>,
    /// The machine whose codes the customer gets.
    device: Option<OtpDeviceId>,
}

/// What was typed into one of the forms, if it was refused.
#[derive(Default)]
struct FailedAction {
    refund: Option<FormState>,
    pay: Option<FormState>,
    delete: Option<FormState>,
    put_back: Option<FormState>,
}

/// Changes when anything that the page shows of the order does.
pub(super) fn tag(order: &Order, state: OrderBadge) -> String {
    let claimed = order.claim.is_some();
    let refused = order.refund_refused.map_or_else(String::new, |refused| refused.to_string());
    let totals = format!("{}-{}-{refused}", order.refund_granted, order.refund_taken);
    let totals = totals.replace(':', "");
    format!("{state:?}-{claimed}-{totals}")
}

fn view(web_session: &WebSession, till: &Till, history: &History) -> OrderView {
    let History { order, claimed_at, counter, refunds, .. } = history;
    let (messages, now) = (web_session.messages(), till.now());
    let money = |amount: &Amount| web_session.money(amount, till.policy());
    let state = OrderBadge::of(order, now);
    let event = |at, what: &str, detail: String| Event { at, what: what.to_owned(), detail };
    let mut events = vec![event(
        Some(web_session.formatted_time(order.created_at)),
        messages.was_made,
        String::new(),
    )];
    if let (Some(_), true) = (&order.claim, counter.is_none() || claimed_at.is_some()) {
        events.push(event(
            claimed_at.map(|at| web_session.formatted_time(at)),
            messages.was_claimed,
            String::new(),
        ));
    }
    if let Some(paid) = &order.paid {
        let how = match counter {
            None => messages.by_wallet.to_owned(),
            Some(kept) => {
                let mut how = method_name(&kept.payment.method, messages).to_owned();
                if let Some(reference) = &kept.payment.reference {
                    how.push_str(": ");
                    how.push_str(reference.as_str());
                }
                if let Some((given, change)) = kept.given.zip(kept.change()) {
                    let said =
                        filled(messages.given_and_change, &[&money(&given), &money(&change)]);
                    how = format!("{how}; {said}");
                }
                how
            }
        };
        events.push(event(Some(web_session.formatted_time(paid.at)), messages.was_paid, how));
    }
    for refund in refunds {
        let state = match refund.state {
            RefundState::Taken => messages.refund_fetched.to_owned(),
            RefundState::Pending => messages.refund_not_fetched.to_owned(),
            RefundState::Refused(refusal) => {
                let code = refusal.code.map_or_else(String::new, |code| format!("/{code}"));
                let reason = format!("{}{code}", refusal.status);
                filled(messages.refund_refused_by, &[&money(&refusal.amount), &reason])
            }
        };
        let what = format!("{}: {} ({state})", messages.was_refunded, money(&refund.amount));
        events.push(event(
            Some(web_session.formatted_time(refund.granted_at)),
            &what,
            refund.reason.clone(),
        ));
    }
    let left = order.amount.checked_sub(&order.refund_granted).ok().filter(|left| !left.is_zero());
    let locale = web_session.context().locale;
    let is_open = order.paid.is_none();
    let expired = order.is_expired(now);
    let code = match (is_open, order.is_refund_pending()) {
        (true, _) if !expired => Some(Link::to(pay_uri(order, None))),
        (false, true) => Some(Link::to(refund_uri(order))),
        _ => None,
    };
    OrderView {
        id: order.order_id.to_string(),
        summary: order.summary.clone(),
        amount: money(&order.amount),
        state,
        word: state.word(messages),
        tag: tag(order, state),
        events,
        code,
        // By its path: what the order calls our address may be another place.
        page: format!(
            "{}orders/{}{}",
            web_session.context().base_of(&web_session.principal().instance().id),
            order.order_id,
            order.status_query(None)
        ),
        pay_deadline: is_open.then(|| web_session.formatted_time(order.pay_deadline)),
        refund_deadline: web_session.formatted_time(order.refund_deadline),
        refused: order
            .refund_refused
            .map(|refused| filled(messages.refund_refused_hint, &[&money(&refused)])),
        left: left
            .filter(|_| order.is_refundable(now))
            .map(|left| (money(&left), money::number(&left, locale))),
        granted: order.refund_granted.to_string(),
        cashier: history.cashier.clone(),
        taxes: TaxTable::of_order(&history.taxes, &history.taxes_left, web_session, till),
        can_be_paid: is_open,
        can_be_deleted: is_open,
        needs_force: order.claim.is_some() && !expired,
    }
}

fn show(
    web_session: &WebSession,
    till: &Till,
    order_id: &OrderId,
    status: StatusCode,
    tried: FailedAction,
) -> Answer {
    let history = till.history(web_session.principal(), order_id)?;
    let view = view(web_session, till, &history);
    let messages = web_session.messages();
    let refund = tried.refund.unwrap_or_else(|| {
        let left = view.left.as_ref().map_or("", |(_, number)| number.as_str());
        FormState::suggesting(&[("amount", left)])
    });
    let methods =
        METHODS.iter().map(|(name, text)| Method { name, text: text(messages) }).collect();
    let lines = till.sold_lines(web_session.principal(), order_id)?;
    let page = OrderPage {
        context: web_session.context(),
        messages,
        web_session,
        returns: return_view(&lines, tried.put_back.as_ref(), web_session),
        device: till.otp_device_of(web_session.principal(), order_id)?,
        live: web_session.path(&format!("orders/{order_id}/live")),
        refund: &refund,
        pay: &tried.pay.unwrap_or_default(),
        delete: &tried.delete.unwrap_or_default(),
        methods,
        view: &view,
    };
    shown(status, web_session.context(), &page)
}

/// What of these lines can be put back into stock; `None`: nothing, and nothing was tried.
fn return_view(
    lines: &[SoldLine],
    tried: Option<&FormState>,
    web_session: &WebSession,
) -> Option<ReturnView> {
    let (messages, locale) = (web_session.messages(), web_session.context().locale);
    let input = |line: i64| format!("line-{line}");
    let rows = lines.iter().filter(|line| !line.left().is_zero()).map(|line| ReturnRow {
        typed: tried.map(|tried| tried.value(&input(line.line)).to_owned()).unwrap_or_default(),
        input: input(line.line),
        name: line.name.clone(),
        id: line.product_id.to_string(),
        left: filled(messages.put_back_of, &[&shown_quantity(line.left(), locale)]),
    });
    let rows: Vec<_> = rows.collect();
    let wrong = tried.and_then(|tried| tried.error_for("")).unwrap_or_default().to_owned();
    let before = returned(lines).to_string();
    (!rows.is_empty() || !wrong.is_empty()).then_some(ReturnView { rows, before, wrong })
}

/// `POST /webui/orders/$ORDER_ID/return`: what the customer has brought back is put back into stock.
pub(in crate::http) async fn put_back(
    till: Data<Till>,
    web_session: WebSession,
    PathId(order_id): PathId<OrderId>,
    form: Form,
) -> Answer {
    let (messages, principal) = (web_session.messages(), web_session.principal());
    let mut typed = FormState::of(form);
    let (mut lines, mut wrong) = (Vec::new(), None);
    for line in till.sold_lines(principal, &order_id)? {
        match typed.form().some(&format!("line-{}", line.line)).map(read_quantity) {
            None => {}
            Some(Some(quantity)) if quantity.is_zero() => {}
            Some(Some(quantity)) => lines.push((line.line, quantity)),
            Some(None) => wrong = Some(messages.no_quantity),
        }
    }
    let mut status = StatusCode::BAD_REQUEST;
    if wrong.is_none() && lines.is_empty() {
        wrong = Some(messages.put_back_nothing);
    }
    if wrong.is_none() {
        status = StatusCode::CONFLICT;
        let before = read_quantity(typed.form().text("returned")).unwrap_or_default();
        match till.put_back(principal, order_id.clone(), lines, before).await {
            Ok(()) => return Ok(web_session.go(&format!("orders/{order_id}"), Some("stocked"))),
            Err(Error::InvalidField(field)) => {
                wrong = Some(match field.0 {
                    "returned" => messages.put_back_meanwhile,
                    "quantity" => messages.put_back_too_much,
                    _ => messages.stock_not_counted,
                });
            }
            Err(other) => return Err(other.into()),
        }
    }
    typed.add_error("", wrong.unwrap_or_default());
    let tried = FailedAction { put_back: Some(typed), ..FailedAction::default() };
    show(&web_session, &till, &order_id, status, tried)
}

/// `GET /webui/orders/$ORDER_ID`.
pub(in crate::http) async fn page(
    till: Data<Till>,
    web_session: WebSession,
    PathId(order_id): PathId<OrderId>,
) -> Answer {
    show(&web_session, &till, &order_id, StatusCode::OK, FailedAction::default())
}

/// `GET /webui/orders/$ORDER_ID/live`: 200 as soon as the order's state differs from the page's
/// with `tag`, so that it is worth while to look at it again; 204 when nothing happens.
pub(in crate::http) async fn live(
    till: Data<Till>,
    web_session: WebSession,
    PathId(order_id): PathId<OrderId>,
    params: QueryParams,
    Client(client): Client,
) -> Answer {
    let known = params.text("tag").unwrap_or_default().to_owned();
    let now_is = |order: &Order| tag(order, OrderBadge::of(order, till.now()));
    let ask = StatusQuery { order_id, session: None, repurchase: Repurchase::All };
    let is_news = |status: &Status| now_is(&status.order) != known;
    let wait_limit = WaitLimit::lasting(PATIENCE, client);
    let status = till.order_status(web_session.principal(), ask, wait_limit, Some(is_news)).await?;
    Ok(match now_is(&status.order) == known {
        true => HttpResponse::NoContent().finish(),
        false => HttpResponse::Ok().content_type("text/plain; charset=utf-8").body("changed"),
    })
}

/// `POST /webui/orders/$ORDER_ID/refund`: so much more is refunded.
pub(in crate::http) async fn refund(
    till: Data<Till>,
    web_session: WebSession,
    PathId(order_id): PathId<OrderId>,
    form: Form,
) -> Answer {
    let messages = web_session.messages();
    let History { order, .. } = till.history(web_session.principal(), &order_id)?;
    let mut typed = FormState::of(form);
    let currency = till.specification(order.amount.currency());
    let amount = messages::amount(&mut typed, "amount", &currency, messages);
    if typed.form().text("reason").is_empty() {
        typed.add_error("reason", messages.reason_needed);
    }
    let mut status = StatusCode::BAD_REQUEST;
    if let (Some(amount), true) = (amount, typed.is_good()) {
        status = StatusCode::CONFLICT;
        // The page said what was granted then. A form that is sent twice, or from two desks, must
        // not give back twice.
        if typed.value("granted") != order.refund_granted.to_string() {
            typed.add_error("", messages.refunded_meanwhile);
        } else {
            let total = order.refund_granted.checked_add(&amount);
            let total = total.map_err(|_| Error::RefundInconsistent)?;
            let reason = typed.form().text("reason").to_owned();
            // The same total again would change nothing, so it is no refund by mistake.
            let wish = GrantRefund { total, reason, smaller: Smaller::Refuse };
            match till.grant_refund(web_session.principal(), order_id.clone(), wish).await {
                Ok(_) => return Ok(web_session.go(&format!("orders/{order_id}"), Some("refunded"))),
                Err(Error::InvalidField(_)) => typed.add_error("reason", messages.too_long),
                Err(error) => refuse(&mut typed, error, messages)?,
            }
        }
    }
    let tried = FailedAction { refund: Some(typed), ..FailedAction::default() };
    show(&web_session, &till, &order_id, status, tried)
}

/// `POST /webui/orders/$ORDER_ID/payments`: the money was taken at the counter.
pub(in crate::http) async fn pay(
    till: Data<Till>,
    web_session: WebSession,
    PathId(order_id): PathId<OrderId>,
    form: Form,
) -> Answer {
    let messages = web_session.messages();
    let mut typed = FormState::of(form);
    let method = PaymentMethod::parse(typed.form().text("method"));
    let reference = typed.form().some("reference").map(PaymentReference::parse).transpose();
    if method.is_err() {
        typed.add_error("method", messages.method_needed);
    }
    if reference.is_err() {
        typed.add_error("reference", messages.too_long);
    }
    let mut status = StatusCode::BAD_REQUEST;
    if let (Ok(method), Ok(reference)) = (method, reference) {
        status = StatusCode::CONFLICT;
        let payment = CounterPayment { method, reference };
        let wish = ManualPayment { payment, session: None, amount: None, given: None };
        match till.record_payment(web_session.principal(), order_id.clone(), wish).await {
            Ok(_) => return Ok(web_session.go(&format!("orders/{order_id}"), Some("paid"))),
            Err(error) => refuse(&mut typed, error, messages)?,
        }
    }
    let tried = FailedAction { pay: Some(typed), ..FailedAction::default() };
    show(&web_session, &till, &order_id, status, tried)
}

/// `POST /webui/orders/$ORDER_ID/delete`.
pub(in crate::http) async fn delete(
    till: Data<Till>,
    web_session: WebSession,
    PathId(order_id): PathId<OrderId>,
    form: Form,
) -> Answer {
    let force = form.has("force");
    let mut typed = FormState::of(form);
    match till.delete_order(web_session.principal(), order_id.clone(), force).await {
        Ok(()) => Ok(web_session.go("orders", Some("deleted"))),
        Err(error) => {
            refuse(&mut typed, error, web_session.messages())?;
            let tried = FailedAction { delete: Some(typed), ..FailedAction::default() };
            show(&web_session, &till, &order_id, StatusCode::CONFLICT, tried)
        }
    }
}

/// Says beside the form why it did not go; what no page can mend stays a failure.
pub(super) fn refuse(
    typed: &mut FormState,
    error: Error,
    messages: &Messages,
) -> Result<(), Failure> {
    let text = messages::refusal(&error, messages).ok_or(error)?;
    typed.add_error("", text);
    Ok(())
}
