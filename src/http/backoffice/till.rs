//! The till page: the shopkeeper chooses products or types an amount. The customer's phone scans the code, and the page
//! shows that it is paid; or the money is taken in cash, by card or in another way, and recorded, so that the day's total
//! is complete. A sale that was taken at the counter just now can be undone.

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use askama::Template;
use serde_json::{Value, json};

use super::super::error::{Answer, Failure};
use super::super::extract::PathId;
use super::super::orders::pay_uri;
use super::super::origin::base_url;
use super::super::pages::page::PageContext;
use super::super::settings::Settings;
use super::answer::shown;
use super::cart_form::{self, METHODS, SaleForm};
use super::form::{Form, FormState};
use super::messages;
use super::order::{method_name, refuse, tag};
use super::order_badge::OrderBadge;
use super::tiles::Tiles;
use super::web_session::WebSession;
use crate::model::contract::BadOrder;
use crate::model::order::{CounterPayment, PaymentMethod};
use crate::till::{
    CreateOrder, DateRange, Error, History, InventoryError, ManualPayment, Till, Total,
    WithPictures,
};
use system::log_limit;
use taler::amount::{Amount, Currency};
use taler::ids::OrderId;
use ui::Messages;
use ui::messages::filled;
use ui::qr::Link;

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
struct TillPage<'a> {
    context: &'a PageContext,
    messages: &'a Messages,
    web_session: &'a WebSession,
    typed: &'a FormState,
    /// By which the browser keeps the sales of this shop apart from those of others.
    shop: String,
    currencies: Vec<String>,
    /// How the script writes amounts in each of them, as JSON.
    signs: String,
    mark: char,
    group: char,
    digits: u8,
    sums: Vec<Sum>,
    shelf: Tiles,
}

#[derive(Template)]
#[template(path = "http/backoffice/sale.html")]
struct SalePage<'a> {
    context: &'a PageContext,
    messages: &'a Messages,
    web_session: &'a WebSession,
    typed: &'a FormState,
    id: String,
    summary: String,
    amount: String,
    /// The price as the script reads it, its currency's sign, and digits behind the dot.
    price: String,
    sign: String,
    digits: u8,
    mark: char,
    group: char,
    is_paid: bool,
    is_undone: bool,
    is_over: bool,
    standing: OrderBadge,
    word: &'static str,
    /// How it was paid at the counter.
    how: Option<String>,
    /// What the customer handed over, and what goes back.
    given: Option<(String, String)>,
    can_be_undone: bool,
    code: Option<Link>,
    tag: String,
    live: String,
    again: String,
}

async fn till_page(
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
    let sold = till.point_of_sale(web_session.principal(), WithPictures::No).await?;
    let units = till.units(web_session.principal()).await?;
    let sign = |currency: &Currency| {
        let specification = till.specification(currency);
        json!({
            "code": currency,
            "sign": specification.sign(),
            "digits": specification.input_digits(),
        })
    };
    let locale = web_session.context().locale;
    let page = TillPage {
        context: web_session.context(),
        messages: web_session.messages(),
        web_session,
        typed,
        shop: web_session.principal().instance().id.to_string(),
        digits: digits.unwrap_or_default(),
        mark: locale.decimal,
        group: locale.group,
        sums: totals.iter().map(|total| Sum::of(total, web_session, till)).collect(),
        shelf: Tiles::of(sold, &units, &currencies, web_session, till),
        signs: Value::Array(currencies.iter().map(sign).collect()).to_string(),
        currencies: currencies.iter().map(Currency::to_string).collect(),
    };
    shown(status, web_session.context(), &page)
}

/// `GET /webui/till`.
pub(in crate::http) async fn page(till: Data<Till>, web_session: WebSession) -> Answer {
    till_page(&web_session, &till, StatusCode::OK, &FormState::default()).await
}

/// `POST /webui/till`: a sale begins; with a way to pay at the counter it also ends.
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
    let Some(sale) = cart_form::read(&mut typed, &currency, messages) else {
        return till_page(&web_session, &till, StatusCode::BAD_REQUEST, &typed).await;
    };
    let SaleForm { order, cart, method, given } = sale;
    let wish = CreateOrder {
        order,
        refund_delay: None,
        payment_target: None,
        session: None,
        with_token: true,
        cart,
        otp_id: None,
    };
    let principal = web_session.principal();
    let base_url = base_url(&request, &settings, &principal.instance().id)?;
    let made = match till.create_order(principal, wish, &base_url).await {
        Ok(made) => made,
        Err(error) => {
            let status = refuse_cart(&web_session, &till, &mut typed, error).await?;
            return till_page(&web_session, &till, status, &typed).await;
        }
    };
    let place = format!("till/{}", made.order_id);
    let Some(method) = method else { return Ok(web_session.go(&place, None)) };
    let payment = CounterPayment { method, reference: None };
    let wish = ManualPayment { payment, session: None, amount: None, given };
    // The sale is there, and its page can record the payment; the form sent again would make another one.
    let said = match till.record_payment(principal, made.order_id, wish).await {
        Ok(_) => None,
        Err(error) => {
            let line = format_args!("a payment at the till was not recorded: {error}");
            log_limit::warn("payments at the till that were not recorded", line);
            Some("unrecorded")
        }
    };
    Ok(web_session.go(&place, said))
}

/// Says beside the form why the sale was not made, and the status that says the same.
async fn refuse_cart(
    web_session: &WebSession,
    till: &Till,
    typed: &mut FormState,
    error: Error,
) -> Result<StatusCode, Failure> {
    let messages = web_session.messages();
    match error {
        Error::Inventory(InventoryError::OutOfStock(shortage)) => {
            let id = &shortage.product_id;
            let known = till.product(web_session.principal(), id.clone()).await;
            let name = known.map_or_else(|_| id.as_str().to_owned(), |there| there.details.name);
            let text = match shortage.available.is_zero() {
                true => filled(messages.sold_out_named, &[&name]),
                false => filled(messages.too_few_left, &[&name, &shortage.available.to_string()]),
            };
            typed.add_error("", text);
            return Ok(StatusCode::GONE);
        }
        Error::Inventory(InventoryError::ProductUnknown(id)) => {
            typed.add_error("", filled(messages.product_gone, &[id.as_str()]));
        }
        Error::TemplateInput(_) => typed.add_error("", messages.prices_changed),
        Error::Order(BadOrder::Unpriced) if typed.form().some("discount").is_some() => {
            typed.add_error("discount", messages.discount_too_large);
        }
        Error::Order(BadOrder::Unpriced) => typed.add_error("", messages.not_in_currency),
        Error::InvalidField(_) => typed.add_error("", messages.cart_unreadable),
        error => refuse(typed, error, messages)?,
    }
    Ok(StatusCode::CONFLICT)
}

fn show(
    web_session: &WebSession,
    till: &Till,
    history: &History,
    status: StatusCode,
    typed: &FormState,
) -> Answer {
    let (now, messages) = (till.now(), web_session.messages());
    let History { order, counter, .. } = history;
    let standing = OrderBadge::of(order, now);
    let (is_paid, is_over) = (order.paid.is_some(), order.is_expired(now));
    let money = |amount: &Amount| web_session.money(amount, till.policy());
    let specification = till.specification(order.amount.currency());
    let page = SalePage {
        context: web_session.context(),
        messages,
        web_session,
        typed,
        id: order.order_id.to_string(),
        summary: order.summary.clone(),
        amount: money(&order.amount),
        price: order.amount.to_string(),
        sign: specification.sign().to_owned(),
        digits: specification.input_digits(),
        mark: web_session.context().locale.decimal,
        group: web_session.context().locale.group,
        is_paid,
        is_undone: is_paid && standing == OrderBadge::Refunded,
        is_over,
        standing,
        word: standing.word(messages),
        how: counter.as_ref().map(|kept| method_name(&kept.payment.method, messages).to_owned()),
        given: counter.as_ref().and_then(|kept| {
            let (given, change) = kept.given.zip(kept.change())?;
            Some((money(&given), money(&change)))
        }),
        can_be_undone: counter.is_some() && till.can_be_undone(order),
        code: (!is_paid && !is_over).then(|| Link::to(pay_uri(order, None))),
        tag: tag(order, standing),
        live: web_session.path(&format!("orders/{}/live", order.order_id)),
        again: web_session.path(&format!("till/{}?again=yes", order.order_id)),
    };
    shown(status, web_session.context(), &page)
}

/// `GET /webui/till/$ORDER_ID`: a sale, for the customer to pay; once it is paid, with change and receipt.
pub(in crate::http) async fn sale(
    till: Data<Till>,
    web_session: WebSession,
    PathId(order_id): PathId<OrderId>,
) -> Answer {
    let history = till.history(web_session.principal(), &order_id)?;
    show(&web_session, &till, &history, StatusCode::OK, &FormState::default())
}

/// `POST /webui/till/$ORDER_ID/payment`: the customer paid at the counter.
pub(in crate::http) async fn pay(
    till: Data<Till>,
    web_session: WebSession,
    PathId(order_id): PathId<OrderId>,
    form: Form,
) -> Answer {
    let messages = web_session.messages();
    let history = till.history(web_session.principal(), &order_id)?;
    let mut typed = FormState::of(form);
    let method = typed.form().some("method").filter(|method| METHODS.contains(method));
    let method = method.and_then(|method| PaymentMethod::parse(method).ok());
    if method.is_none() {
        typed.add_error("", messages.method_needed);
    }
    let currency = till.specification(history.order.amount.currency());
    let given = cart_form::some_amount(&mut typed, "given", &currency, messages);
    if given.is_some_and(|given| given.checked_sub(&history.order.amount).is_err()) {
        typed.add_error("given", messages.given_too_little);
    }
    let mut status = StatusCode::BAD_REQUEST;
    if let (Some(method), true) = (method, typed.is_good()) {
        let payment = CounterPayment { method, reference: None };
        let wish = ManualPayment { payment, session: None, amount: None, given };
        match till.record_payment(web_session.principal(), order_id.clone(), wish).await {
            Ok(_) => return Ok(web_session.go(&format!("till/{order_id}"), None)),
            Err(error) => refuse(&mut typed, error, messages)?,
        }
        status = StatusCode::CONFLICT;
    }
    let history = till.history(web_session.principal(), &order_id)?;
    show(&web_session, &till, &history, status, &typed)
}

/// `POST /webui/till/$ORDER_ID/undo`: it was a mistake, or the customer brings it back at once.
pub(in crate::http) async fn undo(
    till: Data<Till>,
    web_session: WebSession,
    PathId(order_id): PathId<OrderId>,
    _form: Form,
) -> Answer {
    let messages = web_session.messages();
    let reason = messages.undone_reason.to_owned();
    match till.undo_sale(web_session.principal(), order_id.clone(), reason).await {
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
    let mut typed = FormState::default();
    refuse(&mut typed, error, web_session.messages())?;
    let history = till.history(web_session.principal(), order_id)?;
    show(web_session, till, &history, StatusCode::CONFLICT, &typed)
}
