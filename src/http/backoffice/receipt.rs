//! The receipt of a sale, for the printer at the counter.
//!
//! The browser remembers the paper that was chosen, and whether it prints by itself: both belong to the device and not to
//! the shop.

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::http::header::SET_COOKIE;
use actix_web::web::Data;
use askama::Template;

use super::super::error::{Answer, Failure};
use super::super::extract::{PathId, QueryParams};
use super::super::pages::page::PageContext;
use super::super::pages::receipt::{Choice, Copy, Paper, ReceiptView, WIDTHS, as_text};
use super::super::settings::Settings;
use super::answer::shown;
use super::cookie::{Cookie, Transport};
use super::web_session::WebSession;
use crate::till::Till;
use taler::ids::OrderId;
use ui::Messages;

/// Says in the cookie that receipts are printed as soon as they are opened.
const BY_ITSELF: &str = "-auto";

/// What holds for this browser.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Device {
    pub(super) paper: Paper,
    /// Whether receipts are printed as soon as they are opened.
    pub(super) prints_itself: bool,
}

impl Device {
    /// What the browser says.
    pub(super) fn of(request: &HttpRequest, settings: &Settings) -> Self {
        let value = Cookie::Receipt.read(request, &Transport::of(request, settings));
        let value = value.unwrap_or_default();
        let (paper, prints_itself) = match value.strip_suffix(BY_ITSELF) {
            Some(paper) => (paper, true),
            None => (value.as_str(), false),
        };
        Self { paper: Paper::named(paper).unwrap_or_default(), prints_itself }
    }

    fn value(self) -> String {
        let by_itself = if self.prints_itself { BY_ITSELF } else { "" };
        format!("{}{by_itself}", self.paper.name())
    }
}

/// Which copies are printed.
const KINDS: &[(&str, &[Copy])] = &[
    ("customer", &[Copy::Customer]),
    ("shop", &[Copy::Shop]),
    ("both", &[Copy::Customer, Copy::Shop]),
];

#[derive(Template)]
#[template(path = "http/backoffice/receipt.html")]
struct ReceiptPage<'a> {
    context: &'a PageContext,
    messages: &'a Messages,
    web_session: &'a WebSession,
    id: String,
    copies: Vec<ReceiptView>,
    paper: Paper,
    papers: Vec<Choice>,
    kinds: Vec<Choice>,
    texts: Vec<(String, String)>,
    prints_itself: bool,
    toggle: String,
}

/// `GET /webui/orders/$ORDER_ID/receipt`: on `paper`, for the customer, the shop or both (`copy`), or as text
/// (`columns`).
pub(in crate::http) async fn page(
    request: HttpRequest,
    till: Data<Till>,
    settings: Data<Settings>,
    web_session: WebSession,
    PathId(order_id): PathId<OrderId>,
    params: QueryParams,
) -> Answer {
    let malformed = |name: &str| Failure::Malformed(name.to_owned());
    let before = Device::of(&request, &settings);
    let mut device = before;
    if let Some(name) = params.text("paper") {
        device.paper = Paper::named(name).ok_or_else(|| malformed("paper"))?;
    }
    if params.text("by_itself").is_some() {
        device.prints_itself = params.yes("by_itself")?;
    }
    let kind = params.text("copy").unwrap_or("customer");
    let kind = KINDS.iter().find(|(name, _)| *name == kind).ok_or_else(|| malformed("copy"))?;
    let content = till.receipt(web_session.principal(), &order_id)?;
    let (locale, messages) = (web_session.context().locale, web_session.messages());
    let currencies = &till.policy().currencies;
    let time = |at| web_session.formatted_time(at);
    let copies: Vec<ReceiptView> = kind
        .1
        .iter()
        .map(|copy| ReceiptView::of(&content, *copy, &time, currencies, locale))
        .collect();
    if let Some(columns) = params.get::<usize>("columns")? {
        let width = WIDTHS.into_iter().find(|width| *width == columns);
        return as_text(&copies, width.ok_or_else(|| malformed("columns"))?, messages);
    }
    let link = |rest: &str| {
        format!("{}/{order_id}/receipt?copy={}&{rest}", web_session.path("orders"), kind.0)
    };
    let papers = Paper::ALL.map(|one| Choice {
        href: link(&format!("paper={}", one.name())),
        text: one.name_for_people().to_owned(),
        is_chosen: one == device.paper,
    });
    let names = [messages.customers_copy, messages.shops_copy, messages.both_copies];
    let kinds = KINDS.iter().zip(names).map(|((name, _), text)| Choice {
        href: format!("{}/{order_id}/receipt?copy={name}", web_session.path("orders")),
        text: text.to_owned(),
        is_chosen: *name == kind.0,
    });
    let toggle = if device.prints_itself { "no" } else { "yes" };
    let page = ReceiptPage {
        context: web_session.context(),
        messages,
        web_session: &web_session,
        id: order_id.to_string(),
        copies,
        paper: device.paper,
        papers: papers.into(),
        kinds: kinds.collect(),
        texts: WIDTHS.map(|width| (link(&format!("columns={width}")), width.to_string())).into(),
        prints_itself: device.prints_itself,
        toggle: link(&format!("by_itself={toggle}")),
    };
    let mut answer = shown(StatusCode::OK, web_session.context(), &page)?;
    if device != before {
        let way = Transport::of(&request, &settings);
        if let Some(cookie) = Cookie::Receipt.set(&way, &device.value()) {
            answer.headers_mut().append(SET_COOKIE, cookie);
        }
    }
    Ok(answer)
}
