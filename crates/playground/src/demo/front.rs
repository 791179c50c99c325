//! The front page: what there is, the tip jar, and the demo wallet's tap.

use actix_web::web::{Data, Query};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use serde::Deserialize;

use super::failure::Failure;
use super::form::Form;
use super::goods::{self, Good, SHELF, TIP_JAR};
use super::page;
use super::pocket::Contents;
use super::reader::Reader;
use super::visitor::Visitor;
use super::{Demo, article};
use taler::amount::Amount;
use taler::ids::{OrderId, TemplateId};
use taler::taler_uri::PayTemplate;
use ui::Words;
use ui::qr::Link;

/// What the tap gives at a time.
pub(super) const POUR: &str = "KUDOS:50";

#[derive(Template)]
#[template(path = "demo/pages/front.html")]
struct Front<'a> {
    reader: Reader,
    words: &'a Words,
    seal: &'a str,
    is_open: bool,
    news: Option<&'a str>,
    wallet: Contents,
    pour: String,
    shelf: &'static [Good],
    link: Link,
    tip: &'static str,
    article_price: String,
}

#[derive(Deserialize)]
pub(super) struct Ask {
    news: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Tap {
    seal: String,
    /// The page to come back to, if it is not the front page: `article`, `orders/$ORDER_ID`.
    back: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Tip {
    seal: String,
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
    ask: Option<Query<Ask>>,
) -> Result<HttpResponse, Failure> {
    let visitor = Visitor::of(&request, &demo)?;
    let (reader, words) = (visitor.reader, visitor.reader.words());
    let news = match ask.as_ref().and_then(|ask| ask.news.as_deref()) {
        Some("withdrawn") => Some(words.demo_withdrawn),
        Some("tipped") => Some(words.demo_tipped),
        _ => None,
    };
    let front = Front {
        reader,
        words,
        seal: &visitor.seal,
        is_open: demo.is_open().await,
        news,
        wallet: demo.0.pocket.contents().await?,
        pour: reader.price(POUR),
        shelf: &SHELF,
        link: Link::to(tip_jar(&demo)?),
        tip: goods::TIP,
        article_price: reader.price(goods::ARTICLE_PRICE),
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
    form: Form<Tap>,
) -> Result<HttpResponse, Failure> {
    Visitor::of(&request, &demo)?.check(&request, &demo, &form.seal)?;
    let amount = Amount::parse(POUR).map_err(|bad| Failure::Till(bad.to_string()))?;
    demo.0.pocket.withdraw(amount).await?;
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
    visitor.check(&request, &demo, &form.seal)?;
    let amount = visitor.reader.typed(&form.amount).ok_or(Failure::Form)?;
    demo.0.pocket.use_template(tip_jar(&demo)?, Some(amount)).await?;
    Ok(page::go(&format!("{}?news=tipped", demo.url(&[""]))))
}
