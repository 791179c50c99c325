//! An article behind a paywall, as in Paivana (merchant-api 4.4): opening it creates
//! no order. The visitor's wallet creates one from a template, for this visitor and this page, and the
//! page asks the till whether its visitor has paid.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use super::Demo;
use super::catalog;
use super::demo_wallet::Contents;
use super::failure::Failure;
use super::form::Form;
use super::front::POUR;
use super::merchant_client::{MerchantClient, PurchaseState};
use super::page;
use super::purchase::Sealed;
use super::reader::Reader;
use super::visitor::Visitor;
use taler::amount::Amount;
use taler::ids::TemplateId;
use taler::taler_uri::PayTemplate;
use ui::Messages;
use ui::qr::Link;

/// What the form for withdrawing calls this page.
pub(super) const BACK: &str = "article";

#[derive(Template)]
#[template(path = "demo/pages/article.html")]
struct Article<'a> {
    reader: Reader,
    messages: &'a Messages,
}

#[derive(Template)]
#[template(path = "demo/pages/paywall.html")]
struct Paywall<'a> {
    reader: Reader,
    messages: &'a Messages,
    csrf_token: &'a str,
    is_open: bool,
    wallet: Contents,
    /// Whether there is enough in the wallet.
    covers: bool,
    pour: String,
    back: &'static str,
    price: String,
    link: Link,
    poll: String,
}

/// `GET /shop/article`
pub(super) async fn article(
    demo: Data<Demo>,
    request: HttpRequest,
) -> Result<HttpResponse, Failure> {
    let visitor = Visitor::of(&request, &demo)?;
    let (reader, messages) = (visitor.reader, visitor.reader.messages());
    if has_paid(&demo, &visitor).await? {
        return page::shown(&Article { reader, messages }, &visitor);
    }
    let wallet = demo.0.wallet.contents().await?;
    let price = Amount::parse(catalog::ARTICLE_PRICE);
    let paywall = Paywall {
        covers: price.is_ok_and(|price| wallet.covers(&price)),
        pour: reader.price(POUR),
        back: BACK,
        reader,
        messages,
        csrf_token: &visitor.csrf_token,
        is_open: demo.is_open().await,
        wallet,
        price: reader.price(catalog::ARTICLE_PRICE),
        link: Link::to(uri(&demo, &visitor)?),
        poll: MerchantClient::session_poll(&here(&demo), &visitor.session),
    };
    page::shown(&paywall, &visitor)
}

/// `POST /shop/article/pay`, with the demo wallet.
pub(super) async fn pay(
    demo: Data<Demo>,
    request: HttpRequest,
    form: Form<Sealed>,
) -> Result<HttpResponse, Failure> {
    let visitor = Visitor::of(&request, &demo)?;
    visitor.check(&request, &demo, &form.csrf_token)?;
    if !has_paid(&demo, &visitor).await? {
        demo.0.wallet.use_template(uri(&demo, &visitor)?, None).await?;
    }
    Ok(page::go(&here(&demo)))
}

/// The article's own address: what is bought.
fn here(demo: &Demo) -> String {
    demo.url(&["article"])
}

/// What the visitor's wallet opens.
fn uri(demo: &Demo, visitor: &Visitor) -> Result<String, Failure> {
    let template =
        TemplateId::parse(catalog::ARTICLE).map_err(|bad| Failure::Till(bad.to_string()))?;
    let params = vec![
        ("session_id".to_owned(), visitor.session.as_str().to_owned()),
        ("fulfillment_url".to_owned(), here(demo)),
    ];
    Ok(PayTemplate { base: demo.0.base_url.clone(), template, params }.to_string())
}

/// Whether the visitor has an order for the article that is paid and not refunded. Everybody can
/// ask the till who has paid; the shop asks with its token once more, as a paywall must.
async fn has_paid(demo: &Demo, visitor: &Visitor) -> Result<bool, Failure> {
    let Some(order) = demo.0.merchant.paid_for(&here(demo), &visitor.session).await? else {
        return Ok(false);
    };
    Ok(match demo.0.merchant.order_state(&order, &visitor.session).await? {
        Some(PurchaseState::Paid(sale)) => !sale.is_undone(),
        _ => false,
    })
}
