//! Buying: an order is created, paid by any wallet, and its goods are delivered; half of it can be
//! refunded. Each view asks the till for the order's state.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use serde::Deserialize;

use super::Demo;
use super::catalog;
use super::demo_wallet::Contents;
use super::failure::Failure;
use super::form::Form;
use super::front::POUR;
use super::merchant_client::{Offer, PurchaseState, Sale};
use super::page;
use super::reader::Reader;
use super::visitor::Visitor;
use taler::ids::OrderId;
use taler::taler_uri::Refund;
use ui::Messages;
use ui::qr::Link;

#[derive(Template)]
#[template(path = "demo/pages/offer.html")]
struct OfferPage<'a> {
    reader: Reader,
    messages: &'a Messages,
    csrf_token: &'a str,
    is_open: bool,
    wallet: Contents,
    /// Whether there is enough in the wallet.
    covers: bool,
    pour: String,
    back: String,
    order: &'a OrderId,
    summary: String,
    price: String,
    /// Nothing when the time to pay is over.
    link: Option<Link>,
    poll: String,
}

#[derive(Template)]
#[template(path = "demo/pages/sale.html")]
struct SalePage<'a> {
    reader: Reader,
    messages: &'a Messages,
    csrf_token: &'a str,
    order: &'a OrderId,
    summary: String,
    sale: &'a Sale,
    /// What the wallet opens to collect what is refunded.
    link: Option<Link>,
}

#[derive(Template)]
#[template(path = "demo/pages/goods.html")]
struct GoodsPage<'a> {
    reader: Reader,
    messages: &'a Messages,
    order: &'a OrderId,
    summary: String,
    delivery: &'a str,
}

#[derive(Deserialize)]
pub(super) struct Buy {
    csrf_token: String,
    item: String,
}

#[derive(Deserialize)]
pub(super) struct Sealed {
    pub(super) csrf_token: String,
}

/// `POST /shop/buy`
pub(super) async fn buy(
    demo: Data<Demo>,
    request: HttpRequest,
    form: Form<Buy>,
) -> Result<HttpResponse, Failure> {
    let visitor = Visitor::of(&request, &demo)?;
    visitor.check(&request, &demo, &form.csrf_token)?;
    let good = catalog::find(&form.item).ok_or(Failure::Form)?;
    // The till puts the order's name in.
    let goods = format!("{}/${{ORDER_ID}}", demo.url(&["goods"]));
    let order = demo.0.merchant.order(good, &goods, &visitor.session).await?;
    Ok(page::go(&demo.url(&["orders", order.as_str()])))
}

/// `GET /shop/orders/$ORDER_ID`
pub(super) async fn show(
    demo: Data<Demo>,
    request: HttpRequest,
    order: Path<String>,
) -> Result<HttpResponse, Failure> {
    let (visitor, order) = (Visitor::of(&request, &demo)?, named(&order)?);
    let (reader, messages) = (visitor.reader, visitor.reader.messages());
    match purchase_state(&demo, &order, &visitor).await? {
        PurchaseState::Open { summary, price, offer } => {
            let (link, poll) = match offer {
                Some(Offer { pay_uri, poll }) => (Some(Link::to(pay_uri)), poll),
                None => (None, String::new()),
            };
            let wallet = demo.0.wallet.contents().await?;
            let page = OfferPage {
                covers: wallet.covers(&price),
                pour: reader.price(POUR),
                back: format!("orders/{order}"),
                reader,
                messages,
                csrf_token: &visitor.csrf_token,
                is_open: demo.is_open().await,
                wallet,
                order: &order,
                summary: called(summary, messages),
                price: reader.money(&price),
                link,
                poll,
            };
            page::shown(&page, &visitor)
        }
        PurchaseState::Paid(sale) => {
            let link = sale.is_refund_pending.then(|| Link::to(refund_uri(&demo, &order)));
            let page = SalePage {
                reader,
                messages,
                csrf_token: &visitor.csrf_token,
                order: &order,
                summary: called(sale.summary.clone(), messages),
                sale: &sale,
                link,
            };
            page::shown(&page, &visitor)
        }
    }
}

/// `POST /shop/orders/$ORDER_ID/pay`, with the demo wallet.
pub(super) async fn pay(
    demo: Data<Demo>,
    request: HttpRequest,
    order: Path<String>,
    form: Form<Sealed>,
) -> Result<HttpResponse, Failure> {
    let (visitor, order) = (Visitor::of(&request, &demo)?, named(&order)?);
    visitor.check(&request, &demo, &form.csrf_token)?;
    match purchase_state(&demo, &order, &visitor).await? {
        PurchaseState::Open { offer: Some(offer), .. } => demo.0.wallet.pay(offer.pay_uri).await?,
        PurchaseState::Open { offer: None, .. } => return Err(Failure::TooLate),
        // The form was sent twice.
        PurchaseState::Paid(_) => {}
    }
    Ok(page::go(&demo.url(&["orders", order.as_str()])))
}

/// `POST /shop/orders/$ORDER_ID/refund`: the shop gives half of it back.
pub(super) async fn refund(
    demo: Data<Demo>,
    request: HttpRequest,
    order: Path<String>,
    form: Form<Sealed>,
) -> Result<HttpResponse, Failure> {
    let (visitor, order) = (Visitor::of(&request, &demo)?, named(&order)?);
    visitor.check(&request, &demo, &form.csrf_token)?;
    let sale = bought(&demo, &order, &visitor).await?.ok_or(Failure::TooLate)?;
    let half = sale.price.checked_div(2).map_err(|bad| Failure::Till(bad.to_string()))?;
    demo.0.merchant.refund(&order, &half).await?;
    Ok(page::go(&demo.url(&["orders", order.as_str()])))
}

/// `POST /shop/orders/$ORDER_ID/collect`: the demo wallet picks up what was refunded.
pub(super) async fn collect(
    demo: Data<Demo>,
    request: HttpRequest,
    order: Path<String>,
    form: Form<Sealed>,
) -> Result<HttpResponse, Failure> {
    let (visitor, order) = (Visitor::of(&request, &demo)?, named(&order)?);
    visitor.check(&request, &demo, &form.csrf_token)?;
    bought(&demo, &order, &visitor).await?.ok_or(Failure::TooLate)?;
    demo.0.wallet.collect(refund_uri(&demo, &order)).await?;
    Ok(page::go(&demo.url(&["orders", order.as_str()])))
}

/// `GET /shop/goods/$ORDER_ID`: what was bought, for a customer who paid and has not got it all back.
pub(super) async fn goods(
    demo: Data<Demo>,
    request: HttpRequest,
    order: Path<String>,
) -> Result<HttpResponse, Failure> {
    let (visitor, order) = (Visitor::of(&request, &demo)?, named(&order)?);
    match bought(&demo, &order, &visitor).await? {
        Some(sale) if !sale.is_undone() => {
            let (reader, messages) = (visitor.reader, visitor.reader.messages());
            let good = catalog::sold_as(&sale.summary);
            let page = GoodsPage {
                reader,
                messages,
                order: &order,
                summary: called(sale.summary, messages),
                delivery: good.map_or(messages.demo_is_yours, |good| good.delivery(messages)),
            };
            page::shown(&page, &visitor)
        }
        _ => Ok(page::go(&demo.url(&["orders", order.as_str()]))),
    }
}

/// What an order with this summary is about, in the visitor's words as far as we have any.
fn called(summary: String, messages: &Messages) -> String {
    catalog::sold_as(&summary).map_or(summary, |good| good.name(messages).to_owned())
}

fn named(order: &str) -> Result<OrderId, Failure> {
    OrderId::parse(order).map_err(|_| Failure::NotHere)
}

fn refund_uri(demo: &Demo, order: &OrderId) -> String {
    Refund { base: demo.0.base_url.clone(), order: order.clone() }.to_string()
}

async fn purchase_state(
    demo: &Demo,
    order: &OrderId,
    visitor: &Visitor,
) -> Result<PurchaseState, Failure> {
    demo.0.merchant.order_state(order, &visitor.session).await?.ok_or(Failure::NotHere)
}

/// The order, if the visitor has paid for it.
async fn bought(demo: &Demo, order: &OrderId, visitor: &Visitor) -> Result<Option<Sale>, Failure> {
    Ok(match purchase_state(demo, order, visitor).await? {
        PurchaseState::Paid(sale) => Some(sale),
        PurchaseState::Open { .. } => None,
    })
}
