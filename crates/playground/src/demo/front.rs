//! The front page: the goods, the tip jar, and the demo wallet's withdrawals.

use actix_web::web::{Data, Query};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use serde::Deserialize;

use super::catalog::{self, CATALOG, Good, TIP_JAR};
use super::demo_wallet::Contents;
use super::failure::Failure;
use super::form::Form;
use super::page;
use super::reader::Reader;
use super::visitor::Visitor;
use super::{Demo, article};
use taler::amount::Amount;
use taler::ids::{OrderId, TemplateId};
use taler::taler_uri::PayTemplate;
use ui::Messages;
use ui::qr::Link;

/// What the tap gives at a time.
pub(super) const POUR: &str = "KUDOS:50";

#[derive(Template)]
#[template(path = "demo/pages/front.html")]
struct Front<'a> {
    reader: Reader,
    messages: &'a Messages,
    csrf_token: &'a str,
    is_open: bool,
    news: Option<&'a str>,
    wallet: Contents,
    pour: String,
    catalog: &'static [Good],
    link: Link,
    tip: &'static str,
    article_price: String,
}

#[derive(Deserialize)]
pub(super) struct FrontQuery {
    news: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Faucet {
    csrf_token: String,
    /// The page to come back to, if it is not the front page: `article`, `orders/$ORDER_ID`.
    back: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Tip {
    csrf_token: String,
    amount: String,
}

/// `GET /shop`
pub(super) async fn to_front(demo: Data<Demo>) -> HttpResponse {
    page::go(&demo.url(&[""]))
}

/// `GET /shop/`
pub(super) async fn front(
    demo: Data<Demo>,
    request: HttpRequest,
    ask: Option<Query<FrontQuery>>,
) -> Result<HttpResponse, Failure> {
    let visitor = Visitor::of(&request, &demo)?;
    let (reader, messages) = (visitor.reader, visitor.reader.messages());
    let news = match ask.as_ref().and_then(|ask| ask.news.as_deref()) {
        Some("withdrawn") => Some(messages.demo_withdrawn),
        Some("tipped") => Some(messages.demo_tipped),
        _ => None,
    };
    let front = Front {
        reader,
        messages,
        csrf_token: &visitor.csrf_token,
        is_open: demo.is_open().await,
        news,
        wallet: demo.0.wallet.contents().await?,
        pour: reader.price(POUR),
        catalog: &CATALOG,
        link: Link::to(tip_jar(&demo)?),
        tip: catalog::TIP,
        article_price: reader.price(catalog::ARTICLE_PRICE),
    };
    page::shown(&front, &visitor)
}

/// What a wallet opens to tip; it asks its owner for the amount.
fn tip_jar(demo: &Demo) -> Result<String, Failure> {
    let template = TemplateId::parse(TIP_JAR).map_err(|bad| Failure::Till(bad.to_string()))?;
    Ok(PayTemplate { base: demo.0.base_url.clone(), template, params: Vec::new() }.to_string())
}

/// `POST /shop/withdraw`
pub(super) async fn withdraw(
    demo: Data<Demo>,
    request: HttpRequest,
    form: Form<Faucet>,
) -> Result<HttpResponse, Failure> {
    Visitor::of(&request, &demo)?.check(&request, &demo, &form.csrf_token)?;
    let amount = Amount::parse(POUR).map_err(|bad| Failure::Till(bad.to_string()))?;
    demo.0.wallet.withdraw(amount).await?;
    let back = form.back.as_deref().unwrap_or_default();
    let order = back.strip_prefix("orders/").and_then(|order| OrderId::parse(order).ok());
    Ok(page::go(&match order {
        Some(order) => demo.url(&["orders", order.as_str()]),
        None if back == article::BACK => demo.url(&[article::BACK]),
        None => format!("{}?news=withdrawn", demo.url(&[""])),
    }))
}

/// `POST /shop/tip`
pub(super) async fn tip(
    demo: Data<Demo>,
    request: HttpRequest,
    form: Form<Tip>,
) -> Result<HttpResponse, Failure> {
    let visitor = Visitor::of(&request, &demo)?;
    visitor.check(&request, &demo, &form.csrf_token)?;
    let amount = visitor.reader.typed(&form.amount).ok_or(Failure::Form)?;
    demo.0.wallet.use_template(tip_jar(&demo)?, Some(amount)).await?;
    Ok(page::go(&format!("{}?news=tipped", demo.url(&[""]))))
}
