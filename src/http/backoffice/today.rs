//! Today's sales, for cashiers: what was sold, by whom, and its receipt.

use actix_web::http::StatusCode;
use actix_web::web::Data;
use askama::Template;

use super::super::error::Answer;
use super::super::pages::page::PageContext;
use super::super::pages::receipt::method_text;
use super::answer::shown;
use super::web_session::WebSession;
use crate::till::Till;
use taler::amount::Amount;
use ui::Messages;
use ui::formatted_time::FormattedTime;

/// A sale.
struct SaleRow {
    id: String,
    summary: String,
    amount: String,
    /// What was given back of it.
    refunded: Option<String>,
    at: FormattedTime,
    method: String,
    cashier: Option<String>,
}

#[derive(Template)]
#[template(path = "http/backoffice/today.html")]
struct TodayPage<'a> {
    context: &'a PageContext,
    messages: &'a Messages,
    web_session: &'a WebSession,
    rows: Vec<SaleRow>,
}

/// `GET /webui/today`.
pub(in crate::http) async fn page(till: Data<Till>, web_session: WebSession) -> Answer {
    let messages = web_session.messages();
    let money = |amount: &Amount| web_session.money(amount, till.policy());
    let sales = till.sales_today(web_session.principal()).await?;
    let rows = sales.into_iter().map(|sale| SaleRow {
        id: sale.order.order_id.to_string(),
        amount: money(&sale.order.amount),
        refunded: (!sale.order.refund_granted.is_zero()).then(|| money(&sale.order.refund_granted)),
        at: web_session
            .formatted_time(sale.order.paid.as_ref().map_or(sale.order.timestamp, |paid| paid.at)),
        method: match &sale.counter {
            Some(counter) => method_text(counter.method.as_str(), messages),
            None => messages.by_wallet.to_owned(),
        },
        cashier: sale.cashier,
        summary: sale.order.summary,
    });
    let page = TodayPage {
        context: web_session.context(),
        messages,
        web_session: &web_session,
        rows: rows.collect(),
    };
    shown(StatusCode::OK, web_session.context(), &page)
}
