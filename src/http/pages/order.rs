//! The customer's page of an order: unpaid, paid, refunded (merchant-api 3.4).
//!
//! The same use case as for the API gives its state; the page only formats it. The state
//! may change at any moment: `poll.js` waits for that, and without script the page reloads
//! itself.

use actix_web::http::StatusCode;
use actix_web::http::header::{LOCATION, VARY};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use super::super::error::{Answer, Failure};
use super::super::extract::QueryParams;
use super::super::orders::query::ask;
use super::super::orders::{pay_uri, refund_uri};
use super::super::settings::Settings;
use super::items::{OrderItems, shortened};
use super::page::{Link, PageContext, shown, with_uri};
use super::receipt::{self, Copy, Paper, ReceiptView};
use super::tax_rows::{TaxRow, plain_tax_rows};
use crate::model::business_day::Calendar;
use crate::model::order::{Order, Refunded};
use crate::till::{Error, PublicStatus, Till, WaitLimit};
use taler::amount::Amount;
use taler::ids::{InstanceId, OrderId, SessionId};
use taler::web::{FulfillmentUrl, web_link};
use ui::formatted_time::{FormattedTime, span};
use ui::messages::filled;
use ui::{Messages, money};

/// Said by a page that loads itself again: this browser was waiting.
const WAITED: &str = "waited";
/// How soon and how late a receipt without script looks for refunds again, in seconds: after a tenth
/// of the time since the payment, so that one that was forgotten in a browser costs ever less.
const RECEIPT_S: (u64, u64) = (30, 3600);
/// Most characters of a summary in a title.
const MAX_TITLE: usize = 100;

/// An order that can be paid.
#[derive(Template)]
#[template(path = "http/pages/unpaid.html")]
struct Unpaid<'a> {
    context: &'a PageContext,
    messages: &'a Messages,
    title: String,
    order: &'a OrderId,
    items: OrderItems,
    amount: String,
    link: Link<'a>,
    left: Option<Left>,
    is_claimed: bool,
    /// Paid already, for another session.
    is_paid_elsewhere: bool,
    /// The query that asks again.
    again: String,
}

/// How long it can be paid.
struct Left {
    secs: u64,
    text: String,
}

/// An order that is paid.
#[derive(Template)]
#[template(path = "http/pages/paid.html")]
struct Paid<'a> {
    context: &'a PageContext,
    messages: &'a Messages,
    title: String,
    order: &'a OrderId,
    items: OrderItems,
    amount: String,
    at: FormattedTime,
    go_on: Option<String>,
    message: Option<String>,
    /// What was refunded in all, as a sum and as a sentence.
    refunded: Option<(String, String)>,
    /// What waits to be collected, and how.
    refund: Option<(String, Link<'a>)>,
    again: String,
    live: Option<Live>,
    taxes: Vec<TaxRow>,
    currency: String,
    /// The query of the receipt for the printer.
    print: String,
}

/// A receipt for the printer.
#[derive(Template)]
#[template(path = "http/pages/printed_receipt.html")]
struct PrintedReceipt<'a> {
    context: &'a PageContext,
    messages: &'a Messages,
    copies: Vec<ReceiptView>,
    paper: Paper,
    papers: Vec<receipt::Choice>,
    /// Where the receipt is as text, and how wide it is.
    texts: Vec<(String, String)>,
    back: String,
}

/// A receipt that may change: for refunds it is not too late.
struct Live {
    /// What was refunded so far, as the API writes it.
    refunded: String,
    /// How long that can become more, in seconds.
    secs: u64,
    /// After how many seconds a page without script looks again.
    again_secs: u64,
}

/// What is to be printed of a receipt.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Printed {
    /// A sheet of paper.
    On(Paper),
    /// Text with so many characters in a line.
    Text(usize),
}

impl Printed {
    fn of(name: &str) -> Result<Self, Failure> {
        let text = receipt::WIDTHS.into_iter().find(|width| name == format!("text-{width}"));
        let paper = Paper::named(name).map(Self::On);
        text.map(Self::Text).or(paper).ok_or_else(|| Failure::Malformed("print".into()))
    }
}

/// What every page of an order is made with.
struct Maker<'a> {
    context: PageContext,
    till: &'a Till,
    /// The query that the page was asked with.
    query: &'a str,
    /// The shop's.
    calendar: Calendar,
}

/// `GET /orders/$ORDER_ID`, for people. It waits for nothing: a browser shows nothing meanwhile.
pub(in crate::http) async fn order(
    request: &HttpRequest,
    till: &Till,
    settings: &Settings,
    instance: &InstanceId,
    order_id: OrderId,
    params: &QueryParams,
) -> Answer {
    // A credential that cannot be read is a wrong one: perhaps half of the link was lost.
    let mut ask = ask(order_id.clone(), params).map_err(|failure| match failure {
        Failure::Malformed(name) if ["token", "h_contract"].contains(&name.as_str()) => {
            Error::OrderUnknown(order_id).into()
        }
        other => other,
    })?;
    // These only say what to wait for.
    (ask.refund, ask.await_refund_obtained) = (None, false);
    let session = ask.session.clone();
    let print = params.text("print").map(Printed::of).transpose()?;
    let maker = Maker {
        context: PageContext::of(request, settings),
        till,
        query: request.query_string(),
        calendar: till.calendar(instance)?,
    };
    match till.public_order(instance, ask, WaitLimit::NONE).await? {
        PublicStatus::Elsewhere { url, .. } => sent(&url),
        // It is paid, in another session, and money waits for the customer: that comes first.
        PublicStatus::Unpaid(order, _) if order.is_refund_pending() => maker.paid(&order),
        PublicStatus::Unpaid(order, Some(_)) => match &order.fulfillment_url {
            // The order that the session has paid for leads to the same page.
            Some(url) => sent(url.as_str()),
            None => maker.unpaid(&order, session.as_ref()),
        },
        PublicStatus::Unpaid(order, None) => maker.unpaid(&order, session.as_ref()),
        PublicStatus::Paid(order) if print.is_some() => maker.receipt(&order, print),
        PublicStatus::Paid(order) => match go_on(&order) {
            Some(url) if params.yes(WAITED)? && order.refund_collectable().is_zero() => sent(&url),
            _ => maker.paid(&order),
        },
    }
}

/// Sends the browser to `url`, which a shop has written.
fn sent(url: &str) -> Answer {
    let url = web_link(url).ok_or_else(|| Failure::Bug(format!("no web address: {url}")))?;
    Ok(HttpResponse::Found()
        .insert_header((LOCATION, url))
        .insert_header((VARY, "Accept, Accept-Language"))
        .finish())
}

/// Where the customer finds what was bought.
fn go_on(order: &Order) -> Option<String> {
    order.fulfillment_url.as_ref().map(FulfillmentUrl::as_str).and_then(web_link)
}

impl Maker<'_> {
    fn unpaid(&self, order: &Order, session: Option<&SessionId>) -> Answer {
        let (messages, items) = (self.context.messages(), self.items(order)?);
        let uri = pay_uri(order, session);
        let left = order.pay_deadline.saturating_since(self.till.now());
        let left = left.duration().filter(|_| order.paid.is_none()).map(|duration| Left {
            secs: duration.as_secs(),
            text: span(left, self.context.locale),
        });
        let page = Unpaid {
            title: filled(messages.pay_title, &[&shortened(&items.summary, MAX_TITLE)]),
            order: &order.order_id,
            amount: self.money(&order.amount),
            link: Link::to(uri.clone(), messages.qr_pay),
            left,
            is_claimed: order.claim.is_some() && order.paid.is_none(),
            is_paid_elsewhere: order.paid.is_some(),
            again: self.again(),
            context: &self.context,
            messages,
            items,
        };
        with_uri(shown(StatusCode::PAYMENT_REQUIRED, &self.context, &page)?, uri)
    }

    fn paid(&self, order: &Order) -> Answer {
        let (messages, items) = (self.context.messages(), self.items(order)?);
        let uri = order.is_refund_pending().then(|| refund_uri(order));
        // What an exchange permanently refuses is not promised here: the shop gives it back otherwise.
        let (waiting, back) = (order.refund_waiting(), order.refund_collectable());
        let refunded = match Refunded::of(&back, &order.amount) {
            Refunded::No => None,
            Refunded::Partly => Some(filled(messages.refunded_partly, &[&self.money(&back)])),
            Refunded::Wholly => Some(messages.refunded_wholly.to_owned()),
        };
        let title = match &uri {
            Some(_) => filled(messages.refund_title, &[&self.money(&waiting)]),
            None => filled(messages.paid_title, &[&shortened(&items.summary, MAX_TITLE)]),
        };
        let message = order.fulfillment_url.as_ref().and_then(FulfillmentUrl::message);
        let page = Paid {
            title,
            order: &order.order_id,
            amount: self.money(&order.amount),
            at: FormattedTime::of(
                order.paid.as_ref().map_or(order.timestamp, |paid| paid.at),
                self.calendar.zone(),
                self.context.locale,
            ),
            go_on: go_on(order),
            message: items.message.clone().or(message),
            refunded: refunded.map(|text| (self.money(&back), text)),
            refund: uri.clone().map(|uri| {
                let heading = filled(messages.refund_title, &[&self.money(&waiting)]);
                (heading, Link::to(uri, messages.qr_refund))
            }),
            again: self.again(),
            live: self.live(order).filter(|_| uri.is_none()),
            taxes: self.tax_rows(order)?,
            currency: order.amount.currency().to_string(),
            print: format!("?{}", self.query_with("print", Paper::default().name())),
            context: &self.context,
            messages,
            items,
        };
        let answer = shown(StatusCode::OK, &self.context, &page)?;
        match uri {
            Some(uri) => with_uri(answer, uri),
            None => Ok(answer),
        }
    }

    /// The receipt of a paid order, to be printed.
    fn receipt(&self, order: &Order, print: Option<Printed>) -> Answer {
        let content = self.till.customers_receipt(order)?;
        let time = |at| FormattedTime::of(at, self.calendar.zone(), self.context.locale);
        let currencies = &self.till.policy().currencies;
        let view =
            ReceiptView::of(&content, Copy::Customer, &time, currencies, self.context.locale);
        let paper = match print {
            Some(Printed::Text(width)) => {
                return receipt::as_text(&[view], width, self.context.messages());
            }
            Some(Printed::On(paper)) => paper,
            None => Paper::default(),
        };
        let own = |name: &str| format!("?{}", self.query_with("print", name));
        let links = Paper::ALL.map(|one| receipt::Choice {
            href: own(one.name()),
            text: one.name_for_people().to_owned(),
            is_chosen: one == paper,
        });
        let texts = receipt::WIDTHS.map(|width| (own(&format!("text-{width}")), width.to_string()));
        let back = format!("?{}", self.query_without("print"));
        let page = PrintedReceipt {
            context: &self.context,
            messages: self.context.messages(),
            copies: vec![view],
            paper,
            papers: links.into(),
            texts: texts.into(),
            back,
        };
        shown(StatusCode::OK, &self.context, &page)
    }

    /// The page's query without the parameter `name`.
    fn query_without(&self, name: &str) -> String {
        let mark = format!("{name}=");
        let own = self.query.split('&').filter(|pair| !pair.is_empty() && !pair.starts_with(&mark));
        own.collect::<Vec<_>>().join("&")
    }

    /// The page's query with another value of the parameter `name`.
    fn query_with(&self, name: &str, value: &str) -> String {
        let rest = self.query_without(name);
        let mark = if rest.is_empty() { "" } else { "&" };
        format!("{rest}{mark}{name}={value}")
    }

    /// What there is to wait for on the receipt of `order`; `None`: nothing any more.
    fn live(&self, order: &Order) -> Option<Live> {
        let now = self.till.now();
        let paid = order.paid.as_ref().filter(|_| order.is_refundable(now))?;
        let (soonest, latest) = RECEIPT_S;
        let age = now.saturating_since(paid.at).duration().unwrap_or_default();
        let left = order.refund_deadline.saturating_since(now).duration();
        Some(Live {
            refunded: order.refund_collectable().to_string(),
            // "Forever" needs no timer.
            secs: left.map_or(u64::from(u32::MAX), |left| left.as_secs()),
            again_secs: (age.as_secs() / 10).clamp(soonest, latest),
        })
    }

    fn items(&self, order: &Order) -> Result<OrderItems, Failure> {
        let terms = self.till.order_terms(order)?;
        let currencies = &self.till.policy().currencies;
        Ok(OrderItems::of(&terms, &order.summary, currencies, self.context.locale))
    }

    /// Net, tax and gross of each rate, if the order says of taxes.
    fn tax_rows(&self, order: &Order) -> Result<Vec<TaxRow>, Failure> {
        let taxes = self.till.customers_receipt(order)?.taxes;
        let currencies = &self.till.policy().currencies;
        Ok(match taxes.says_taxes() {
            true => plain_tax_rows(&taxes, currencies, self.context.locale),
            false => Vec::new(),
        })
    }

    fn money(&self, amount: &Amount) -> String {
        money::show(amount, &self.till.policy().currencies, self.context.locale)
    }

    /// The query with which a page without script asks again.
    fn again(&self) -> String {
        format!("?{}", self.query_with(WAITED, "yes"))
    }
}
