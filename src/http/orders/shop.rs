//! Handlers of orders for shops (merchant-api 2).

use actix_web::http::StatusCode;
use actix_web::http::header::{ACCEPT, ETAG};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::super::Settings;
use super::super::error::{Answer, Failure};
use super::super::etag;
use super::super::extract::{Authorized, Body, LongPoll, PathId, QueryParams, header};
use super::super::origin::base_url;
use super::{insert_some, made, pay_uri, refund_uri, status_url, terms};
use crate::model::contract::BadOrder;
use crate::model::order::{CounterPayment, Order, Refund, RefundState};
use crate::till::{
    self, CreateOrder, Filter, GrantRefund, ManualPayment, Paging, PaymentState, Repurchase,
    Smaller, Status, StatusQuery, Till,
};
use taler::ids::{OrderId, SessionId};
use taler::path::ContractPath;
use taler::time::{RelativeTime, Timestamp};
use taler::{base32, canonical};

/// Most paths in one request to forget.
pub(in crate::http) const MAX_PATHS: usize = 256;

/// `POST /private/orders`.
pub(in crate::http) async fn create(
    request: HttpRequest,
    till: Data<Till>,
    settings: Data<Settings>,
    Authorized(principal): Authorized,
    body: Body,
) -> Answer {
    let (mut fields, order) = body.fields_and_text("order").await?;
    let wish = CreateOrder {
        order: order_text(&order)?,
        refund_delay: fields.get("refund_delay")?,
        payment_target: fields.get("payment_target")?,
        session: fields.session("session_id")?,
        with_token: fields.get("create_token")?.unwrap_or(true),
    };
    fields.get::<Vec<String>>("lock_uuids")?;
    if fields.get::<Vec<Map<String, Value>>>("inventory_products")?.is_some_and(|p| !p.is_empty()) {
        return Err(till::Error::ProductUnknown.into());
    }
    if fields.get::<String>("otp_id")?.is_some() {
        return Err(till::Error::OtpDeviceUnknown.into());
    }
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
    let takes = header(&request, ACCEPT).is_none_or(|accept| {
        let kind = |range: &str| range.split(';').next().unwrap_or_default().trim().to_owned();
        let json = ["application/json", "application/*", "*/*", ""];
        accept.split(',').map(kind).any(|kind| json.contains(&kind.to_ascii_lowercase().as_str()))
    });
    if !takes {
        return Err(Failure::Format);
    }
    let limit = params.either("limit", "delta")?.unwrap_or(-20_i64);
    if limit == 0 {
        return Err(Failure::Malformed("limit".into()));
    }
    let offset = params.either("offset", "start")?;
    if offset.is_some_and(|offset: i64| offset < 0) {
        return Err(Failure::Malformed("offset".into()));
    }
    let now = till.now();
    let filter = Filter {
        paid: params.maybe("paid")?,
        refunded: params.maybe("refunded")?,
        wired: params.maybe("wired")?,
        after: after(&params, limit, now)?,
        before: None,
        session: params.get("session_id")?,
        fulfillment_url: params.get("fulfillment_url")?,
        summary: params.text("summary_filter").map(str::to_owned),
        bought_before: None,
    };
    let page = Paging { filter, limit, offset };
    let orders = till.orders(&principal, page, wait_limit).await?;
    let rows: Vec<_> = orders.iter().map(|order| row(order, now)).collect();
    Ok(HttpResponse::Ok().json(json!({ "orders": rows })))
}

/// The time after which orders are listed: the later of `date_s` and `max_age`.
fn after(params: &QueryParams, limit: i64, now: Timestamp) -> Result<Option<Timestamp>, Failure> {
    let date = params.text("date_s").map(Timestamp::parse_secs).transpose();
    let date = date.map_err(|_| Failure::Malformed("date_s".into()))?;
    let age = params.text("max_age").map(RelativeTime::parse_millis).transpose();
    let age = age.map_err(|_| Failure::Malformed("max_age".into()))?.filter(|_| limit > 0);
    let since = age.and_then(RelativeTime::duration).map(|age| {
        let seconds = now.secs().unwrap_or(0).saturating_sub(age.as_secs());
        Timestamp::from_secs(seconds).unwrap_or(Timestamp::ZERO)
    });
    Ok(date.max(since))
}

fn row(order: &Order, now: Timestamp) -> Value {
    let mut row = json!({
        "order_id": order.order_id,
        "row_id": order.serial.0,
        "timestamp": order.created_at,
        "amount": order.amount,
        "summary": order.summary,
        "refundable": order.is_refundable(now),
        "paid": order.paid.is_some(),
        "order_status_url": status_url(order, None),
    });
    if !order.refund_granted.is_zero() {
        insert_some(&mut row, "refund_amount", Some(order.refund_granted));
        insert_some(&mut row, "pending_refund_amount", Some(order.refund_waiting()));
    }
    row
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
    let session: Option<SessionId> = params.get("session_id")?;
    let ask = StatusQuery { order_id, session: session.clone(), repurchase: repurchase(&params)? };
    let known = params.text("lp_not_etag").map(|tag| tag.trim_matches('"').to_owned());
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

/// What counts as bought before, as the client wishes.
pub(in crate::http) fn repurchase(params: &QueryParams) -> Result<Repurchase, Failure> {
    Ok(match params.yes("allow_refunded_for_repurchase")? {
        true => Repurchase::All,
        false => Repurchase::Unrefunded,
    })
}

/// Tells one body from another (merchant-api 1.10).
fn tag(body: &str) -> String {
    let digest = Sha256::digest(body.as_bytes());
    base32::encode(digest.get(..16).unwrap_or_default())
}

fn status_body(status: &Status, session: Option<&SessionId>) -> Result<String, Failure> {
    let order = &status.order;
    let contract = terms(&status.terms)?;
    let url = status_url(order, session);
    let body = match &status.state {
        PaymentState::Paid => paid_body(status, &contract, &url),
        PaymentState::Claimed => json!({
            "order_status": "claimed",
            "contract_terms": contract,
            "order_status_url": url,
        }),
        PaymentState::Unpaid => unpaid_body(order, contract, &url, session, None),
        PaymentState::PaidBefore(before) => {
            unpaid_body(order, contract, &url, session, Some(before))
        }
    };
    Ok(body.to_string())
}

fn unpaid_body(
    order: &Order,
    mut contract: Value,
    url: &str,
    session: Option<&SessionId>,
    before: Option<&OrderId>,
) -> Value {
    if let Value::Object(members) = &mut contract {
        members.remove("nonce");
    }
    let mut body = json!({
        "order_status": "unpaid",
        "taler_pay_uri": pay_uri(order, session),
        "order_status_url": url,
        "creation_time": order.timestamp,
        "summary": order.summary,
        "pay_deadline": order.pay_deadline,
        "total_amount": order.amount,
        "proto_contract_terms": contract,
    });
    if let Some(before) = before {
        insert_some(&mut body, "already_paid_order_id", Some(before));
        insert_some(&mut body, "already_paid_fulfillment_url", order.fulfillment_url.as_ref());
    }
    body
}

fn paid_body(status: &Status, contract: &Value, url: &str) -> Value {
    let order = &status.order;
    let refunds: Vec<_> = status.refunds.iter().map(refund_detail).collect();
    // The last refusal for good is what an exchange has to say of the order.
    let refused = status.refunds.iter().rev().find_map(|refund| match refund.state {
        RefundState::Refused(refusal) => Some(refusal),
        RefundState::Pending | RefundState::Taken => None,
    });
    let (code, http_status) =
        refused.map_or((0, 0), |refusal| (refusal.code.unwrap_or(0), refusal.status));
    json!({
        "order_status": "paid",
        "refunded": !order.refund_granted.is_zero(),
        "refund_pending": order.is_refund_pending(),
        "refund_amount": order.refund_granted,
        "wired": false,
        "deposit_total": status.deposited,
        "exchange_code": code,
        "exchange_http_status": http_status,
        // Their names of before 2023, which the reference goes on sending.
        "exchange_ec": code,
        "exchange_hc": http_status,
        "contract_terms": contract,
        "last_payment": order.paid.as_ref().map(|paid| paid.at),
        "wire_details": [],
        "wire_reports": [],
        "refund_details": refunds,
        "order_status_url": url,
    })
}

/// A refund as its shop sees it. A refund that an exchange refuses permanently is not pending, and comes with
/// the exchange's reason: the shop gives it back in another way.
fn refund_detail(refund: &Refund) -> Value {
    let mut detail = json!({
        "reason": refund.reason,
        "pending": refund.state == RefundState::Pending,
        "timestamp": refund.granted_at,
        "amount": refund.amount,
    });
    if let RefundState::Refused(refusal) = refund.state {
        insert_some(&mut detail, "refused_amount", Some(refusal.amount));
        insert_some(&mut detail, "exchange_http_status", Some(refusal.status));
        insert_some(&mut detail, "exchange_code", Some(refusal.code.unwrap_or(0)));
    }
    detail
}

/// `PATCH /private/orders/$ORDER_ID/forget`.
pub(in crate::http) async fn forget(
    till: Data<Till>,
    Authorized(principal): Authorized,
    PathId(order_id): PathId<OrderId>,
    body: Body,
) -> Answer {
    let fields: Vec<String> = body.fields().await?.need("fields")?;
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
    till.delete_order(&principal, order_id, params.yes("force")?).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// `POST /private/orders/$ORDER_ID/payments`: money taken at the counter (decision 4).
pub(in crate::http) async fn record_payment(
    till: Data<Till>,
    Authorized(principal): Authorized,
    PathId(order_id): PathId<OrderId>,
    body: Body,
) -> Answer {
    let mut fields = body.fields().await?;
    let wish = ManualPayment {
        payment: CounterPayment {
            method: fields.need("method")?,
            reference: fields.get("reference")?,
        },
        session: fields.session("session_id")?,
        amount: fields.get("amount")?,
    };
    let receipt = till.record_payment(&principal, order_id, wish).await?;
    let mut body = json!({
        "order_id": receipt.order_id,
        "method": receipt.kept.payment.method,
        "amount": receipt.kept.amount,
        "paid_at": receipt.kept.paid_at,
        "sig": receipt.sig,
    });
    insert_some(&mut body, "reference", receipt.kept.payment.reference);
    insert_some(&mut body, "session_id", receipt.kept.session);
    Ok(HttpResponse::Ok().json(body))
}

/// `POST /private/orders/$ORDER_ID/refund`: a new total.
pub(in crate::http) async fn refund(
    till: Data<Till>,
    Authorized(principal): Authorized,
    PathId(order_id): PathId<OrderId>,
    body: Body,
) -> Answer {
    let mut fields = body.fields().await?;
    let wish = GrantRefund {
        total: fields.need("refund")?,
        reason: fields.need("reason")?,
        smaller: Smaller::Refuse,
    };
    let order = till.grant_refund(&principal, order_id, wish).await?;
    let h_contract = order.claim.as_ref().map(|claim| claim.h_contract);
    Ok(HttpResponse::Ok().json(json!({
        "taler_refund_uri": refund_uri(&order),
        "h_contract": h_contract,
    })))
}
