//! Handlers of orders for shops (merchant-api 2).

use actix_web::http::StatusCode;
use actix_web::http::header::{ACCEPT, ETAG};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::super::backoffice::export::orders_csv;
use super::super::error::{Answer, Failure};
use super::super::etag;
#[cfg(test)]
use super::super::extract::LongPollQuery;
use super::super::extract::{
    Authorized, Body, LongPoll, PathId, QueryParams, SessionOrNone, YesNoAll,
};
use super::super::headers::header;
#[cfg(test)]
use super::super::openapi::{
    self,
    operation::{Operation, get, patch, post},
};
use super::super::origin::base_url;
use super::super::products::is_uuid;
use super::super::quantity::quantity;
use super::super::settings::Settings;
use super::query::repurchase;
#[cfg(test)]
use super::{CREATION, OrderCreated, REFUNDING};
use super::{made, pay_uri, refund_uri, terms};
use crate::model::cart::CartLine;
use crate::model::contract::BadOrder;
use crate::model::order::{
    CounterPayment, Order, PaymentMethod, PaymentReference, Refund, RefundState,
};
use crate::model::transfer::hint;
use crate::till::{
    self, Cart, CreateOrder, Filter, GrantRefund, MAX_LOCK_UUIDS, ManualPayment, Paging,
    PaymentState, Smaller, Status, StatusQuery, Till, WireDetail, WireReport,
};
use taler::amount::Amount;
use taler::base32::{HashCode, ShortHash};
use taler::canonical;
use taler::ids::{OrderId, OtpDeviceId, ProductId, SessionId};
use taler::path::ContractPath;
use taler::quantity::DecimalQuantity;
use taler::sign::{PublicKey, Signature};
use taler::time::{RelativeTime, Timestamp};
use taler::web::{BaseUrl, FulfillmentUrl};

/// Most paths in one request to forget.
pub(in crate::http) const MAX_PATHS: usize = 256;

/// An order to be made.
#[derive(Deserialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct OrderCreation {
    /// The order, of which the contract is made.
    #[cfg_attr(test, schema(value_type = openapi::values::Order))]
    order: String,
    /// For how long the order can be refunded once it is paid, if it says no `refund_deadline`.
    /// Without either, the instance's `default_refund_delay` counts.
    refund_delay: Option<RelativeTime>,
    /// Which kind of bank account the money shall go to, such as `iban`. Without it, the first account
    /// counts that an exchange can pay.
    #[cfg_attr(test, schema(value_type = Option<openapi::values::WireMethod>))]
    payment_target: Option<String>,
    /// The session of the visitor that the order is for. An empty text names none.
    #[serde(default)]
    session_id: SessionOrNone,
    /// Whether a wallet needs a token to claim the order. Without it, it does.
    create_token: Option<bool>,
    /// Locks of products that end with the order, whatever they hold: up to 64. Unknown ones are ignored.
    #[serde(default)]
    #[cfg_attr(test, schema(value_type = openapi::values::LockNames))]
    lock_uuids: Vec<String>,
    /// What is taken from the inventory: the products are added to the order's own, and reserved until its pay deadline.
    /// Both together are at most 1,024.
    #[serde(default)]
    #[cfg_attr(test, schema(max_items = 1024))]
    inventory_products: Vec<InventoryProduct>,
    /// The device whose one-time codes the customer gets after paying.
    otp_id: Option<OtpDeviceId>,
}

/// A product that is taken from the inventory.
#[derive(Deserialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct InventoryProduct {
    /// The product's name.
    product_id: ProductId,
    /// How much of it. It or `unit_quantity` must be there.
    #[cfg_attr(test, schema(value_type = Option<openapi::values::WholeQuantity>))]
    quantity: Option<i64>,
    /// The same with digits behind the dot.
    unit_quantity: Option<DecimalQuantity>,
    /// The pot that the line is booked to, in the place of the product's own.
    #[cfg_attr(test, schema(value_type = Option<openapi::values::Serial>))]
    product_money_pot: Option<i64>,
}

impl TryFrom<InventoryProduct> for CartLine {
    type Error = Failure;

    fn try_from(wish: InventoryProduct) -> Result<Self, Failure> {
        let quantity = quantity(wish.quantity, wish.unit_quantity, "inventory_products")?;
        Ok(Self {
            product_id: wish.product_id,
            quantity: quantity
                .ok_or(Failure::Missing("inventory_products.unit_quantity".into()))?,
            pot: wish.product_money_pot,
        })
    }
}

/// `POST /private/orders`.
pub(in crate::http) async fn create(
    request: HttpRequest,
    till: Data<Till>,
    settings: Data<Settings>,
    Authorized(principal): Authorized,
    body: Body,
) -> Answer {
    let body: OrderCreation = body.read_with_text("order").await?;
    if body.lock_uuids.len() > MAX_LOCK_UUIDS || !body.lock_uuids.iter().all(|uuid| is_uuid(uuid)) {
        return Err(Failure::Malformed("lock_uuids".into()));
    }
    let lines = body.inventory_products.into_iter().map(CartLine::try_from);
    let cart = Cart {
        lines: lines.collect::<Result<_, _>>()?,
        lock_uuids: body.lock_uuids,
        ..Cart::default()
    };
    let wish = CreateOrder {
        order: order_text(&body.order)?,
        refund_delay: body.refund_delay,
        payment_target: body.payment_target,
        session: body.session_id.0,
        with_token: body.create_token.unwrap_or(true),
        cart,
        otp_id: body.otp_id,
    };
    let base_url = base_url(&request, &settings, &principal.instance().id)?;
    Ok(made(&till.create_order(&principal, wish, &base_url).await?))
}

/// An order as the shop wrote it. It becomes a contract, so it is read more strictly than the rest.
pub(in crate::http) fn order_text(text: &str) -> Result<Map<String, Value>, Failure> {
    match canonical::parse(text) {
        Ok(Value::Object(order)) => Ok(order),
        Ok(_) => Err(till::Error::from(BadOrder::Shape("it is no object".into())).into()),
        Err(bad) => Err(till::Error::from(BadOrder::Shape(bad.to_string())).into()),
    }
}

/// `GET /private/orders`.
pub(in crate::http) async fn list(
    request: HttpRequest,
    till: Data<Till>,
    Authorized(principal): Authorized,
    params: QueryParams,
    LongPoll(wait_limit): LongPoll,
) -> Answer {
    let form = ListForm::accepted(&request).ok_or(Failure::Format)?;
    let ask: OrdersQuery = params.read()?;
    let limit = ask.limit.or(ask.delta).unwrap_or(-20);
    if limit == 0 {
        return Err(Failure::Malformed("limit".into()));
    }
    let offset = ask.offset.or(ask.start);
    if offset.is_some_and(|offset| offset < 0) {
        return Err(Failure::Malformed("offset".into()));
    }
    let now = till.now();
    let filter = Filter {
        paid: ask.paid.0,
        refunded: ask.refunded.0,
        wired: ask.wired.0,
        after: after(&ask, limit, now)?,
        before: None,
        session: ask.session_id,
        fulfillment_url: ask.fulfillment_url,
        summary: ask.summary_filter,
        bought_before: None,
    };
    let page = Paging { filter, limit, offset };
    let orders = till.orders(&principal, page, wait_limit).await?;
    match form {
        ListForm::Json => {
            let orders = orders.iter().map(|order| row(order, now)).collect();
            Ok(HttpResponse::Ok().json(OrderList { orders }))
        }
        ListForm::Csv => Ok(HttpResponse::Ok()
            .content_type("text/csv; charset=utf-8; header=present")
            .body(orders_csv(till.with_cashiers(orders).await?))),
    }
}

/// In which form a list of orders is answered.
#[derive(Clone, Copy, Eq, PartialEq)]
enum ListForm {
    Json,
    Csv,
}

impl ListForm {
    /// The form that the client takes: JSON if it takes both, or says nothing.
    fn accepted(request: &HttpRequest) -> Option<Self> {
        let Some(accept) = header(request, ACCEPT) else { return Some(Self::Json) };
        let kind =
            |range: &str| range.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let takes =
            |kinds: &[&str]| accept.split(',').map(kind).any(|kind| kinds.contains(&kind.as_str()));
        if takes(&["application/json", "application/*", "*/*", ""]) {
            return Some(Self::Json);
        }
        takes(&["text/csv", "text/*"]).then_some(Self::Csv)
    }
}

/// Which orders are listed.
#[derive(Deserialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct OrdersQuery {
    /// Only orders that are paid, or only those that are not. Without it, or with `all`: both.
    #[serde(default)]
    paid: YesNoAll,
    /// Only orders of which something was refunded, or only the others.
    #[serde(default)]
    refunded: YesNoAll,
    /// Only orders whose money has arrived, or only the others.
    #[serde(default)]
    wired: YesNoAll,
    /// How many orders: above zero the oldest first, below zero the newest first. Without it, -20.
    #[cfg_attr(test, schema(value_type = Option<openapi::values::Rows>))]
    limit: Option<i64>,
    /// The name of `limit` before protocol 13.
    #[cfg_attr(test, schema(value_type = Option<openapi::values::Rows>))]
    delta: Option<i64>,
    /// The `row_id` from which to go on. It is not listed itself.
    #[cfg_attr(test, schema(value_type = Option<openapi::values::Offset>))]
    offset: Option<i64>,
    /// The name of `offset` before protocol 13.
    #[cfg_attr(test, schema(value_type = Option<openapi::values::Offset>))]
    start: Option<i64>,
    /// Only orders made after this time, in seconds since 1970.
    #[cfg_attr(test, schema(value_type = Option<openapi::values::Seconds>))]
    date_s: Option<String>,
    /// Only orders not older than this, in milliseconds. It counts if `limit` is above zero.
    #[cfg_attr(test, schema(value_type = Option<openapi::values::Milliseconds>))]
    max_age: Option<String>,
    /// Only orders of this session.
    session_id: Option<SessionId>,
    /// Only orders with this `fulfillment_url`.
    fulfillment_url: Option<FulfillmentUrl>,
    /// Only orders whose summary contains this text. Case does not matter.
    #[cfg_attr(test, schema(example = "coffee"))]
    summary_filter: Option<String>,
}

/// Some of an instance's orders.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct OrderList {
    /// The orders, in the direction that `limit` asks for.
    orders: Vec<OrderRow>,
}

/// An order in the list.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct OrderRow {
    /// The order's name.
    order_id: OrderId,
    /// Its place in the list, for `offset`. Later orders have higher numbers.
    #[cfg_attr(test, schema(value_type = openapi::values::Serial))]
    row_id: i64,
    /// When it was made.
    timestamp: Timestamp,
    /// Its price.
    amount: Amount,
    /// What is bought, in one line.
    #[cfg_attr(test, schema(value_type = openapi::values::Summary))]
    summary: String,
    /// Whether the shop can refund it now.
    refundable: bool,
    /// Whether it is paid.
    paid: bool,
    /// Where a browser sees how it stands.
    #[cfg_attr(test, schema(value_type = openapi::values::StatusUrl))]
    order_status_url: String,
    /// What the shop has refunded, if it has.
    #[serde(skip_serializing_if = "Option::is_none")]
    refund_amount: Option<Amount>,
    /// What of it the customer's wallet has not yet fetched.
    #[serde(skip_serializing_if = "Option::is_none")]
    pending_refund_amount: Option<Amount>,
}

/// The time after which orders are listed: the later of `date_s` and `max_age`.
fn after(ask: &OrdersQuery, limit: i64, now: Timestamp) -> Result<Option<Timestamp>, Failure> {
    let date = ask.date_s.as_deref().map(Timestamp::parse_secs).transpose();
    let date = date.map_err(|_| Failure::Malformed("date_s".into()))?;
    let age = ask.max_age.as_deref().map(RelativeTime::parse_millis).transpose();
    let age = age.map_err(|_| Failure::Malformed("max_age".into()))?.filter(|_| limit > 0);
    let since = age.and_then(RelativeTime::duration).map(|age| {
        let seconds = now.secs().unwrap_or(0).saturating_sub(age.as_secs());
        Timestamp::from_secs(seconds).unwrap_or(Timestamp::ZERO)
    });
    Ok(date.max(since))
}

fn row(order: &Order, now: Timestamp) -> OrderRow {
    let is_refunded = !order.refund_granted.is_zero();
    OrderRow {
        order_id: order.order_id.clone(),
        row_id: order.serial.0,
        timestamp: order.created_at,
        amount: order.amount,
        summary: order.summary.clone(),
        refundable: order.is_refundable(now),
        paid: order.paid.is_some(),
        order_status_url: order.status_url(None),
        refund_amount: is_refunded.then_some(order.refund_granted),
        pending_refund_amount: is_refunded.then(|| order.refund_waiting()),
    }
}

/// `GET /private/orders/$ORDER_ID`.
pub(in crate::http) async fn status(
    request: HttpRequest,
    till: Data<Till>,
    Authorized(principal): Authorized,
    PathId(order_id): PathId<OrderId>,
    params: QueryParams,
    LongPoll(wait_limit): LongPoll,
) -> Answer {
    let asked: OrderStatusQuery = params.read()?;
    let session = asked.session_id;
    let repurchase = repurchase(asked.allow_refunded_for_repurchase);
    let ask = StatusQuery { order_id, session: session.clone(), repurchase };
    let known = asked.lp_not_etag.map(|tag| tag.trim_matches('"').to_owned());
    let is_news = known.map(|known| {
        let session = session.clone();
        move |status: &Status| {
            status_body(status, session.as_ref()).is_ok_and(|body| tag(&body) != known)
        }
    });
    let status = till.order_status(&principal, ask, wait_limit, is_news).await?;
    let body = status_body(&status, session.as_ref())?;
    let tag = tag(&body);
    let same = etag::is_known(&request, &tag);
    let status = if same { StatusCode::NOT_MODIFIED } else { StatusCode::OK };
    let mut response = HttpResponse::build(status);
    response.insert_header((ETAG, format!("\"{tag}\"")));
    Ok(match same {
        true => response.finish(),
        false => response.content_type("application/json").body(body),
    })
}

/// What is asked about an order.
#[derive(Deserialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct OrderStatusQuery {
    /// The session that must have paid: another session's payment does not count.
    session_id: Option<SessionId>,
    /// The `ETag` that the client knows. With `timeout_ms`, tilld waits until the answer has another one.
    #[cfg_attr(test, schema(example = "4C1S8V3M5T9X0B2R"))]
    lp_not_etag: Option<String>,
    /// Whether an order that was refunded counts as a purchase of the same page.
    #[serde(default)]
    #[cfg_attr(test, schema(value_type = openapi::values::YesNo))]
    allow_refunded_for_repurchase: bool,
}

/// How an order stands.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
#[serde(untagged)]
enum OrderStatus {
    /// It can be paid.
    Unpaid(Box<UnpaidOrder>),
    /// A wallet has it and has not paid it yet.
    Claimed(Box<ClaimedOrder>),
    /// It is paid.
    Paid(Box<PaidOrder>),
}

/// An order that nobody has claimed, or not by this session.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct UnpaidOrder {
    /// `unpaid`.
    #[cfg_attr(test, schema(value_type = openapi::values::Unpaid))]
    order_status: &'static str,
    /// The address by which a wallet pays it.
    #[cfg_attr(test, schema(value_type = openapi::values::PayUri))]
    taler_pay_uri: String,
    /// Where a browser sees how it stands.
    #[cfg_attr(test, schema(value_type = openapi::values::StatusUrl))]
    order_status_url: String,
    /// When its contract was made.
    creation_time: Timestamp,
    /// What is bought, in one line.
    #[cfg_attr(test, schema(value_type = openapi::values::Summary))]
    summary: String,
    /// Until when it can be paid.
    pay_deadline: Timestamp,
    /// Its price.
    total_amount: Amount,
    /// The contract without the nonce of the wallet that claims it.
    #[cfg_attr(test, schema(value_type = openapi::values::ContractTerms))]
    proto_contract_terms: Value,
    /// The order by which this session has paid for the same page.
    #[serde(skip_serializing_if = "Option::is_none")]
    already_paid_order_id: Option<OrderId>,
    /// The page that this session has paid for.
    #[serde(skip_serializing_if = "Option::is_none")]
    already_paid_fulfillment_url: Option<FulfillmentUrl>,
}

/// An order that a wallet has claimed.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct ClaimedOrder {
    /// `claimed`.
    #[cfg_attr(test, schema(value_type = openapi::values::Claimed))]
    order_status: &'static str,
    /// The contract.
    #[cfg_attr(test, schema(value_type = openapi::values::ContractTerms))]
    contract_terms: Value,
    /// Where a browser sees how it stands.
    #[cfg_attr(test, schema(value_type = openapi::values::StatusUrl))]
    order_status_url: String,
}

/// An order that is paid.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct PaidOrder {
    /// `paid`.
    #[cfg_attr(test, schema(value_type = openapi::values::Paid))]
    order_status: &'static str,
    /// Whether the shop has refunded something of it.
    refunded: bool,
    /// Whether the customer's wallet has something to fetch.
    refund_pending: bool,
    /// What the shop has refunded, all refunds together.
    refund_amount: Amount,
    /// Whether exchanges have wired all of the money: their signed lists have it, or the shop has seen it arrive.
    /// It stays false for an order that was not paid with coins.
    wired: bool,
    /// What was paid with coins, without deposit fees.
    deposit_total: Amount,
    /// The Taler code of the last refusal of a refund by an exchange; 0 if there is none.
    #[cfg_attr(test, schema(value_type = openapi::values::ErrorCode))]
    exchange_code: u32,
    /// The HTTP status of that refusal; 0 if there is none.
    #[cfg_attr(test, schema(value_type = openapi::values::HttpStatus))]
    exchange_http_status: u16,
    /// `exchange_code` by its name of before 2023.
    #[cfg_attr(test, schema(value_type = openapi::values::ErrorCode))]
    exchange_ec: u32,
    /// `exchange_http_status` by its name of before 2023.
    #[cfg_attr(test, schema(value_type = openapi::values::HttpStatus))]
    exchange_hc: u16,
    /// The contract.
    #[cfg_attr(test, schema(value_type = openapi::values::ContractTerms))]
    contract_terms: Value,
    /// When the last payment came.
    #[cfg_attr(test, schema(required = true))]
    last_payment: Option<Timestamp>,
    /// The transfers that paid for the order, as far as exchanges have named them.
    wire_details: Vec<TransferDetail>,
    /// What is wrong with money on its way.
    wire_reports: Vec<TransferReport>,
    /// The refunds, oldest first.
    refund_details: Vec<RefundDetail>,
    /// How the shop took the money itself. It is missing if a wallet paid.
    #[serde(skip_serializing_if = "Option::is_none")]
    x_payment: Option<CounterPaymentDetail>,
    /// Where a browser sees how it stands.
    #[cfg_attr(test, schema(value_type = openapi::values::StatusUrl))]
    order_status_url: String,
}

/// What one transfer paid for an order.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct TransferDetail {
    /// The exchange.
    exchange_url: BaseUrl,
    /// The transfer's name, which its subject has.
    wtid: ShortHash,
    /// When it was made.
    execution_time: Timestamp,
    /// What it brought for this order, after refunds and deposit fees.
    amount: Amount,
    /// The deposit fees. They are missing until the exchange has listed what the transfer paid for.
    #[serde(skip_serializing_if = "Option::is_none")]
    deposit_fee: Option<Amount>,
    /// Whether the shop has seen it on its account.
    confirmed: bool,
    /// The number of the transfer at `/private/incoming`.
    #[cfg_attr(test, schema(value_type = openapi::values::Serial))]
    expected_transfer_serial_id: i64,
}

/// What is wrong with money on its way.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct TransferReport {
    /// The Taler code for it.
    #[cfg_attr(test, schema(value_type = openapi::values::ErrorCode))]
    code: u32,
    /// The same in words.
    #[cfg_attr(test, schema(example = "the exchange has not wired the money yet"))]
    hint: &'static str,
    /// The exchange's own code; 0 if it gave none.
    #[cfg_attr(test, schema(value_type = openapi::values::ErrorCode))]
    exchange_code: u32,
    /// The HTTP status of the exchange's answer; 0 if it gave none.
    #[cfg_attr(test, schema(value_type = openapi::values::HttpStatus))]
    exchange_http_status: u16,
    /// The coin that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    coin_pub: Option<PublicKey>,
}

/// Money that the shop has taken at the counter.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct CounterPaymentDetail {
    /// How it was paid, such as `cash`.
    method: PaymentMethod,
    /// The shop's own mark on the payment.
    #[serde(skip_serializing_if = "Option::is_none")]
    reference: Option<PaymentReference>,
    /// What the customer handed over, if the shop said so. What is above the price went back as change.
    #[serde(skip_serializing_if = "Option::is_none")]
    given: Option<Amount>,
}

/// A refund as its shop sees it.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct RefundDetail {
    /// Why it was granted, in the shop's words.
    #[cfg_attr(test, schema(value_type = openapi::values::Reason))]
    reason: String,
    /// Whether the wallet has still to fetch it.
    pending: bool,
    /// When it was granted.
    timestamp: Timestamp,
    /// How much.
    amount: Amount,
    /// What of it an exchange has refused for good: the shop gives it back in another way.
    #[serde(skip_serializing_if = "Option::is_none")]
    refused_amount: Option<Amount>,
    /// The HTTP status of that refusal.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schema(value_type = Option<openapi::values::HttpStatus>))]
    exchange_http_status: Option<u16>,
    /// The Taler code of that refusal; 0 if the exchange gave none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schema(value_type = Option<openapi::values::ErrorCode>))]
    exchange_code: Option<u32>,
}

/// Tells one body from another.
fn tag(body: &str) -> String {
    etag::tag_of(body.as_bytes())
}

fn status_body(status: &Status, session: Option<&SessionId>) -> Result<String, Failure> {
    let order = &status.order;
    let contract_terms = terms(&status.terms)?;
    let order_status_url = order.status_url(session);
    let body = match &status.state {
        PaymentState::Paid => {
            OrderStatus::Paid(Box::new(paid_order(status, contract_terms, order_status_url)))
        }
        PaymentState::Claimed => OrderStatus::Claimed(Box::new(ClaimedOrder {
            order_status: "claimed",
            contract_terms,
            order_status_url,
        })),
        PaymentState::Unpaid => OrderStatus::Unpaid(Box::new(unpaid_order(
            order,
            contract_terms,
            order_status_url,
            session,
            None,
        ))),
        PaymentState::PaidBefore(before) => OrderStatus::Unpaid(Box::new(unpaid_order(
            order,
            contract_terms,
            order_status_url,
            session,
            Some(before),
        ))),
    };
    serde_json::to_string(&body).map_err(|error| Failure::Bug(error.to_string()))
}

fn unpaid_order(
    order: &Order,
    mut contract: Value,
    order_status_url: String,
    session: Option<&SessionId>,
    before: Option<&OrderId>,
) -> UnpaidOrder {
    if let Value::Object(members) = &mut contract {
        members.remove("nonce");
    }
    UnpaidOrder {
        order_status: "unpaid",
        taler_pay_uri: pay_uri(order, session),
        order_status_url,
        creation_time: order.timestamp,
        summary: order.summary.clone(),
        pay_deadline: order.pay_deadline,
        total_amount: order.amount,
        proto_contract_terms: contract,
        already_paid_order_id: before.cloned(),
        already_paid_fulfillment_url: before.and(order.fulfillment_url.clone()),
    }
}

fn paid_order(status: &Status, contract_terms: Value, order_status_url: String) -> PaidOrder {
    let order = &status.order;
    // The last refusal for good is what an exchange has to say of the order.
    let refused = status.refunds.iter().rev().find_map(|refund| match refund.state {
        RefundState::Refused(refusal) => Some(refusal),
        RefundState::Pending | RefundState::Taken => None,
    });
    // Without one, it is what went wrong last while its money was followed.
    let trouble = status.wire.reports.last().map(|report| report.trouble);
    let (code, http_status) = match (refused, trouble) {
        (Some(refusal), _) => (refusal.code.unwrap_or(0), refusal.status),
        (None, Some(trouble)) => (trouble.exchange_code.unwrap_or(0), trouble.status.unwrap_or(0)),
        (None, None) => (0, 0),
    };
    PaidOrder {
        order_status: "paid",
        refunded: !order.refund_granted.is_zero(),
        refund_pending: order.is_refund_pending(),
        refund_amount: order.refund_granted,
        wired: status.wire.is_wired,
        deposit_total: status.deposited,
        exchange_code: code,
        exchange_http_status: http_status,
        // The reference goes on sending these.
        exchange_ec: code,
        exchange_hc: http_status,
        contract_terms,
        last_payment: order.paid.as_ref().map(|paid| paid.at),
        wire_details: status.wire.details.iter().map(transfer_detail).collect(),
        wire_reports: status.wire.reports.iter().map(transfer_report).collect(),
        refund_details: status.refunds.iter().map(refund_detail).collect(),
        x_payment: status.counter.as_ref().map(|kept| CounterPaymentDetail {
            method: kept.payment.method.clone(),
            reference: kept.payment.reference.clone(),
            given: kept.given,
        }),
        order_status_url,
    }
}

fn transfer_detail(detail: &WireDetail) -> TransferDetail {
    TransferDetail {
        exchange_url: detail.exchange_url.clone(),
        wtid: detail.wtid,
        execution_time: detail.execution_time,
        amount: detail.amount,
        deposit_fee: detail.deposit_fee,
        confirmed: detail.is_confirmed,
        expected_transfer_serial_id: detail.transfer.0,
    }
}

fn transfer_report(report: &WireReport) -> TransferReport {
    let trouble = report.trouble;
    TransferReport {
        code: trouble.code,
        hint: hint(trouble.code),
        exchange_code: trouble.exchange_code.unwrap_or(0),
        exchange_http_status: trouble.status.unwrap_or(0),
        coin_pub: trouble.coin,
    }
}

/// A refund as its shop sees it. A refund that an exchange refuses permanently is not pending, and comes with
/// the exchange's reason: the shop gives it back in another way.
fn refund_detail(refund: &Refund) -> RefundDetail {
    let refused = match refund.state {
        RefundState::Refused(refusal) => Some(refusal),
        RefundState::Pending | RefundState::Taken => None,
    };
    RefundDetail {
        reason: refund.reason.clone(),
        pending: refund.state == RefundState::Pending,
        timestamp: refund.granted_at,
        amount: refund.amount,
        refused_amount: refused.map(|refusal| refusal.amount),
        exchange_http_status: refused.map(|refusal| refusal.status),
        exchange_code: refused.map(|refusal| refusal.code.unwrap_or(0)),
    }
}

/// What a contract shall forget.
#[derive(Deserialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct Forgetting {
    /// Up to 256 paths into the contract, such as `$.products[0].description`. The order must have named
    /// each of these members in `$forgettable`.
    #[cfg_attr(test, schema(value_type = openapi::values::ContractPaths))]
    fields: Vec<String>,
}

/// `PATCH /private/orders/$ORDER_ID/forget`.
pub(in crate::http) async fn forget(
    till: Data<Till>,
    Authorized(principal): Authorized,
    PathId(order_id): PathId<OrderId>,
    body: Body,
) -> Answer {
    let Forgetting { fields } = body.read().await?;
    if fields.len() > MAX_PATHS {
        return Err(Failure::Malformed("fields".into()));
    }
    let paths = fields.iter().map(|path| ContractPath::parse(path)).collect::<Result<_, _>>();
    let forgot = till.forget(&principal, order_id, paths.map_err(till::Error::from)?).await?;
    Ok(match forgot {
        true => HttpResponse::Ok().finish(),
        false => HttpResponse::NoContent().finish(),
    })
}

/// `DELETE /private/orders/$ORDER_ID`.
pub(in crate::http) async fn delete(
    till: Data<Till>,
    Authorized(principal): Authorized,
    PathId(order_id): PathId<OrderId>,
    params: QueryParams,
) -> Answer {
    let OrderDeletion { force } = params.read()?;
    till.delete_order(&principal, order_id, force).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// How an order is deleted.
#[derive(Deserialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct OrderDeletion {
    /// Whether an order is deleted that a wallet has claimed and may still pay.
    #[serde(default)]
    #[cfg_attr(test, schema(value_type = openapi::values::YesNo))]
    force: bool,
}

/// Money that the shop has taken at the counter.
#[derive(Deserialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct CounterPaymentRecord {
    /// How it was paid: a word of up to 32 letters, digits, `-` and `_`, such as `cash`; not `taler`.
    method: PaymentMethod,
    /// The shop's own mark on the payment, such as a receipt's number: up to 256 characters.
    reference: Option<PaymentReference>,
    /// The session that the payment counts for. Without it, or empty: that of the order.
    #[serde(default)]
    session_id: SessionOrNone,
    /// What was paid. It must be the order's price, which counts without it.
    amount: Option<Amount>,
    /// What the customer handed over: the price or more. The rest is change.
    given: Option<Amount>,
}

/// A payment at the counter that is recorded.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct CounterReceipt {
    /// The order that is paid now.
    order_id: OrderId,
    /// How it was paid.
    method: PaymentMethod,
    /// What was paid.
    amount: Amount,
    /// What the customer handed over, if the shop said so.
    #[serde(skip_serializing_if = "Option::is_none")]
    given: Option<Amount>,
    /// When it was recorded first.
    paid_at: Timestamp,
    /// The shop's signature that the contract is paid.
    sig: Signature,
    /// The shop's own mark on the payment.
    #[serde(skip_serializing_if = "Option::is_none")]
    reference: Option<PaymentReference>,
    /// The session that the payment counts for.
    #[serde(skip_serializing_if = "Option::is_none")]
    session_id: Option<SessionId>,
    /// The codes that the order's device shows about the time of the payment, a line each, so that the staff
    /// can compare as well.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schema(value_type = Option<openapi::values::OtpCodes>))]
    pos_confirmation: Option<String>,
}

/// `POST /private/orders/$ORDER_ID/payments`: money taken at the counter (decision 4).
pub(in crate::http) async fn record_payment(
    till: Data<Till>,
    Authorized(principal): Authorized,
    PathId(order_id): PathId<OrderId>,
    body: Body,
) -> Answer {
    let CounterPaymentRecord { method, reference, session_id, amount, given } = body.read().await?;
    let payment = CounterPayment { method, reference };
    let wish = ManualPayment { payment, session: session_id.0, amount, given };
    let receipt = till.record_payment(&principal, order_id, wish).await?;
    Ok(HttpResponse::Ok().json(CounterReceipt {
        order_id: receipt.order_id,
        method: receipt.kept.payment.method,
        amount: receipt.kept.amount,
        given: receipt.kept.given,
        paid_at: receipt.kept.paid_at,
        sig: receipt.sig,
        reference: receipt.kept.payment.reference,
        session_id: receipt.kept.session,
        pos_confirmation: receipt.pos_confirmation,
    }))
}

/// `POST /private/orders/$ORDER_ID/refund`: a new total.
pub(in crate::http) async fn refund(
    till: Data<Till>,
    Authorized(principal): Authorized,
    PathId(order_id): PathId<OrderId>,
    body: Body,
) -> Answer {
    let RefundRequest { refund, reason } = body.read().await?;
    let wish = GrantRefund { total: refund, reason, smaller: Smaller::Refuse };
    let order = till.grant_refund(&principal, order_id, wish).await?;
    let h_contract = order.claim.as_ref().map(|claim| claim.h_contract);
    Ok(HttpResponse::Ok().json(RefundGranted { taler_refund_uri: refund_uri(&order), h_contract }))
}

/// A refund to be granted.
#[derive(Deserialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct RefundRequest {
    /// What is refunded from now on, all refunds of the order together. It is at most the price and not
    /// below what was granted before.
    refund: Amount,
    /// Why, in the shop's words, for its own books: the customer does not see it.
    #[cfg_attr(test, schema(value_type = openapi::values::Reason))]
    reason: String,
}

/// A refund that is granted.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct RefundGranted {
    /// The address by which a wallet fetches it.
    #[cfg_attr(test, schema(value_type = openapi::values::RefundUri))]
    taler_refund_uri: String,
    /// The hash of the contract.
    #[cfg_attr(test, schema(required = true))]
    h_contract: Option<HashCode>,
}

/// How the API document describes these routes.
#[cfg(test)]
pub(in crate::http) fn operations() -> Vec<Operation> {
    vec![
        get("/private/orders", "The list of orders, as far as they fit, newest first")
            .asks::<OrdersQuery>()
            .asks::<LongPollQuery>()
            .answers::<OrderList>(200, "The orders.")
            .shows(200, "The orders.", "text/csv")
            .fails(&["Format"]),
        post("/private/orders", "Makes an order; the same once more changes nothing")
            .reads::<OrderCreation>()
            .answers::<OrderCreated>(200, "The order is made.")
            .fails(CREATION)
            .fails(&["OtpDeviceUnknown", "ProductUnknown", "OutOfStock"]),
        get("/private/orders/{id}", "How an order stands")
            .at::<OrderId>(NAMED)
            .asks::<OrderStatusQuery>()
            .asks::<LongPollQuery>()
            .header("If-None-Match")
            .answers::<OrderStatus>(200, "The order, unpaid, claimed or paid.")
            .with(200, "ETag", true)
            .done(304, "It stands as the client knows.")
            .with(304, "ETag", true)
            .fails(&["OrderUnknown"]),
        Operation::new("DELETE", "/private/orders/{id}", "Deletes an order that is not paid")
            .at::<OrderId>(NAMED)
            .asks::<OrderDeletion>()
            .done(204, "It is gone.")
            .fails(&["OrderUnknown", "AwaitingPayment", "MustBeKept"]),
        patch("/private/orders/{id}/forget", "Forgets parts of a contract")
            .at::<OrderId>(NAMED)
            .reads::<Forgetting>()
            .done(200, "They are forgotten.")
            .done(204, "They were forgotten before.")
            .fails(&["OrderUnknown", "ForgetPath", "NotForgettable"]),
        post("/private/orders/{id}/payments", "Records a payment taken at the counter")
            .at::<OrderId>(NAMED)
            .reads::<CounterPaymentRecord>()
            .answers::<CounterReceipt>(200, "The order is paid.")
            .fails(&["OrderUnknown", "AlreadyPaid", "InvalidField"]),
        post("/private/orders/{id}/refund", "Grants refunds: all of them together, from now on")
            .at::<OrderId>(NAMED)
            .reads::<RefundRequest>()
            .answers::<RefundGranted>(200, "It is granted.")
            .fails(REFUNDING),
    ]
}

/// What the segment of the path is.
#[cfg(test)]
const NAMED: &str = "The order's name.";
