//! The page with the list of orders.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use askama::Template;

use super::super::error::{Answer, Failure};
use super::super::extract::QueryParams;
use super::super::pages::page::PageContext;
use super::answer::{Client, PATIENCE, shown};
use super::order_badge::OrderBadge;
use super::web_session::WebSession;
use crate::model::business_day::Calendar;
use crate::model::order::Order;
use crate::till::{Error, Filter, Paging, Repurchase, StatusQuery, Till, WaitLimit};
use taler::hash;
use taler::ids::OrderId;
use taler::time::Timestamp;
use ui::Messages;
use ui::formatted_time::FormattedTime;

/// Orders on one page.
const ON_PAGE: i64 = 25;

/// What the visitor wants to see.
#[derive(Clone, Debug, Default)]
struct ListQuery {
    show: String,
    text: String,
    from: String,
    until: String,
    /// Whether orders are left out that a wallet claimed which had bought the same before.
    hides_bought: bool,
    older: Option<i64>,
    newer: Option<i64>,
}

/// An order as the list shows it.
struct OrderRow {
    href: String,
    id: String,
    summary: String,
    amount: String,
    refunded: Option<String>,
    made: FormattedTime,
    standing: OrderBadge,
    word: &'static str,
}

/// A part of the list, the newest first.
struct OrderList {
    rows: Vec<OrderRow>,
    /// Changes when anything that is shown does.
    tag: String,
    newer: Option<String>,
    older: Option<String>,
}

#[derive(Template)]
#[template(path = "http/backoffice/orders.html")]
struct OrdersPage<'a> {
    context: &'a PageContext,
    messages: &'a Messages,
    web_session: &'a WebSession,
    ask: &'a ListQuery,
    list: &'a OrderList,
    live: String,
    wrong: Option<&'a str>,
}

#[derive(Template)]
#[template(path = "http/backoffice/order_rows.html")]
struct OrderRows<'a> {
    messages: &'a Messages,
    list: &'a OrderList,
}

impl ListQuery {
    fn of(params: &QueryParams) -> Result<Self, Failure> {
        let own = |name| params.text(name).unwrap_or_default().trim().to_owned();
        Ok(Self {
            show: own("show"),
            text: own("q"),
            from: own("from"),
            until: own("until"),
            hides_bought: params.text("bought").is_some_and(|text| text == "hide"),
            older: params.get("older")?,
            newer: params.get("newer")?,
        })
    }

    /// The query by which the same is asked, with what `more` adds.
    fn query(&self, more: &[(&str, &str)]) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        let mut all = vec![
            ("show", self.show.as_str()),
            ("q", self.text.as_str()),
            ("from", self.from.as_str()),
            ("until", self.until.as_str()),
            ("bought", if self.hides_bought { "hide" } else { "" }),
        ];
        all.extend_from_slice(more);
        all.retain(|(_, value)| !value.is_empty());
        query.extend_pairs(all);
        query.finish()
    }

    /// `None` when a date is none.
    fn filter(&self, calendar: &Calendar) -> Option<Filter> {
        let day = |text: &str, later: i64| match text.is_empty() {
            true => Some(None),
            false => calendar.start(text, later).map(Some),
        };
        let (paid, refunded) = match self.show.as_str() {
            "unpaid" => (Some(false), None),
            "paid" => (Some(true), None),
            "refunded" => (None, Some(true)),
            _ => (None, None),
        };
        // The store's bounds are exclusive.
        let before_start = |at: Timestamp| {
            Timestamp::from_secs(at.secs().unwrap_or_default().saturating_sub(1)).ok()
        };
        Some(Filter {
            paid,
            refunded,
            after: day(&self.from, 0)?.and_then(before_start),
            before: day(&self.until, 1)?,
            summary: Some(self.text.clone()).filter(|text| !text.is_empty()),
            bought_before: self.hides_bought.then_some(false),
            ..Filter::default()
        })
    }

    /// The part of the list, with one more order than is shown.
    fn page(&self, calendar: &Calendar) -> Option<Paging> {
        let more = ON_PAGE + 1;
        let (limit, offset) = match (self.newer, self.older) {
            (Some(newer), _) => (more, Some(newer)),
            (None, older) => (-more, older),
        };
        Some(Paging { filter: self.filter(calendar)?, limit, offset })
    }
}

/// What tells one look of the list from another.
fn tag(orders: &[Order], now: Timestamp) -> String {
    let mut text = String::new();
    for order in orders {
        let standing = OrderBadge::of(order, now);
        text.push_str(&format!("{} {standing:?} {};", order.serial.0, order.refund_granted));
    }
    let hash = hash::sha512(text.as_bytes()).to_string();
    hash.get(..16).unwrap_or(&hash).to_owned()
}

fn list(
    web_session: &WebSession,
    till: &Till,
    ask: &ListQuery,
    mut orders: Vec<Order>,
) -> OrderList {
    let now = till.now();
    let tag = tag(&orders, now);
    let on_page = usize::try_from(ON_PAGE).unwrap_or(usize::MAX);
    let has_more = orders.len() > on_page;
    orders.truncate(on_page);
    let (has_newer, has_older) = match ask.newer {
        Some(_) => {
            orders.reverse();
            (has_more, true)
        }
        None => (ask.older.is_some(), has_more),
    };
    let at = |name: &str, order: Option<&Order>| {
        let serial = order?.serial.0.to_string();
        Some(web_session.path(&format!("orders?{}", ask.query(&[(name, serial.as_str())]))))
    };
    let newer = has_newer.then(|| at("newer", orders.first())).flatten();
    let older = has_older.then(|| at("older", orders.last())).flatten();
    let messages = web_session.messages();
    let rows = orders
        .iter()
        .map(|order| {
            let standing = OrderBadge::of(order, now);
            OrderRow {
                href: web_session.path(&format!("orders/{}", order.order_id)),
                id: order.order_id.to_string(),
                summary: order.summary.clone(),
                amount: web_session.money(&order.amount, till.policy()),
                refunded: (!order.refund_granted.is_zero())
                    .then(|| web_session.money(&order.refund_granted, till.policy())),
                made: web_session.formatted_time(order.created_at),
                standing,
                word: standing.word(messages),
            }
        })
        .collect();
    OrderList { rows, tag, newer, older }
}

/// `GET /webui/orders`.
pub(in crate::http) async fn page(
    till: Data<Till>,
    web_session: WebSession,
    params: QueryParams,
) -> Answer {
    let ask = ListQuery::of(&params)?;
    // An order ID in the search field leads to that order.
    if let Ok(order_id) = OrderId::parse(ask.text.clone()) {
        let status = StatusQuery { order_id, session: None, repurchase: Repurchase::All };
        let never = None::<fn(&crate::till::Status) -> bool>;
        match till.order_status(web_session.principal(), status, WaitLimit::NONE, never).await {
            Ok(found) => {
                return Ok(web_session.go(&format!("orders/{}", found.order.order_id), None));
            }
            Err(Error::OrderUnknown(_)) => {}
            Err(other) => return Err(other.into()),
        }
    }
    let messages = web_session.messages();
    let (orders, wrong) = match ask.page(web_session.calendar()) {
        Some(page) => (till.orders(web_session.principal(), page, WaitLimit::NONE).await?, None),
        None => (Vec::new(), Some(messages.no_date)),
    };
    let list = list(&web_session, &till, &ask, orders);
    let place = |name: &str, serial: Option<i64>| serial.map(|s| (name.to_owned(), s.to_string()));
    let place = place("newer", ask.newer).or(place("older", ask.older));
    let more: Vec<_> = place.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    let live = web_session.path(&format!("orders-live?{}", ask.query(&more)));
    let status = if wrong.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    let context = web_session.context();
    let page = OrdersPage {
        context,
        messages,
        web_session: &web_session,
        ask: &ask,
        list: &list,
        live,
        wrong,
    };
    shown(status, context, &page)
}

/// `GET /webui/orders-live`: the rows of the list, as soon as they differ from those with the tag
/// that the page has; 204 when nothing happens.
pub(in crate::http) async fn live(
    till: Data<Till>,
    web_session: WebSession,
    params: QueryParams,
    Client(client): Client,
) -> Answer {
    let ask = ListQuery::of(&params)?;
    let known = params.text("tag").unwrap_or_default().to_owned();
    let page = ask.page(web_session.calendar()).ok_or_else(|| Failure::Malformed("from".into()))?;
    let wait_limit = WaitLimit::lasting(PATIENCE, client);
    let is_news = |orders: &[Order]| tag(orders, till.now()) != known;
    let orders = till.orders_when(web_session.principal(), page, wait_limit, is_news).await?;
    let list = list(&web_session, &till, &ask, orders);
    if list.tag == known {
        return Ok(HttpResponse::NoContent().finish());
    }
    shown(
        StatusCode::OK,
        web_session.context(),
        &OrderRows { messages: web_session.messages(), list: &list },
    )
}
