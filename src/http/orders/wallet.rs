//! Handlers of orders for wallets and browsers (merchant-api 3). These requests carry no token of the shop;
//! the order's claim token, or the hash of its contract, authorizes them.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::super::error::{Answer, Failure};
use super::super::extract::{Body, InstanceParam, LongPoll, PathId, QueryParams};
use super::super::origin::client;
use super::super::{Settings, pages};
use super::shop::repurchase;
use super::{TALER, insert_some, pay_uri, refund_uri, terms};
use crate::till::{
    Aborted, CoinPayment, CollectedRefund, Credential, Outcome, PublicStatus, PublicStatusQuery,
    Till,
};
use taler::canonical;
use taler::ids::OrderId;
use taler::object::object;
use taler::sign::PublicKey;

/// The status stated for an exchange that gave no answer.
const NO_ANSWER: u16 = 504;

/// `GET /orders/$ORDER_ID`: as JSON, or as a page, which never waits.
pub(in crate::http) async fn status(
    request: HttpRequest,
    till: Data<Till>,
    settings: Data<Settings>,
    InstanceParam(instance): InstanceParam,
    PathId(order_id): PathId<OrderId>,
    params: QueryParams,
    waiting: Result<LongPoll, Failure>,
) -> Answer {
    if pages::is_wanted(&request) {
        return pages::order(&request, &till, &settings, &instance, order_id, &params).await;
    }
    let ask = ask(order_id, &params)?;
    let session = ask.session.clone();
    let LongPoll(wait_limit) = waiting?;
    drop(params);
    Ok(match till.public_order(&instance, ask, wait_limit).await? {
        PublicStatus::Elsewhere { url, fulfillment_url } => {
            let mut body = json!({ "public_reorder_url": url });
            insert_some(&mut body, "fulfillment_url", fulfillment_url);
            HttpResponse::Accepted().json(body)
        }
        PublicStatus::Unpaid(order, before) => {
            let uri = pay_uri(&order, session.as_ref());
            let mut body = json!({ "taler_pay_uri": uri });
            insert_some(&mut body, "fulfillment_url", order.fulfillment_url);
            insert_some(&mut body, "already_paid_order_id", before);
            HttpResponse::PaymentRequired().insert_header((TALER, uri)).json(body)
        }
        PublicStatus::Paid(order) => {
            let mut response = HttpResponse::Ok();
            if order.is_refund_pending() {
                response.insert_header((TALER, refund_uri(&order)));
            }
            let mut body = json!({
                "refunded": !order.refund_collectable().is_zero(),
                "refund_pending": order.is_refund_pending(),
                "refund_amount": order.refund_collectable(),
                "refund_taken": order.refund_taken,
            });
            insert_some(&mut body, "fulfillment_url", order.fulfillment_url);
            response.json(body)
        }
    })
}

/// What a query asks about an order.
pub(in crate::http) fn ask(
    order_id: OrderId,
    params: &QueryParams,
) -> Result<PublicStatusQuery, Failure> {
    Ok(PublicStatusQuery {
        order_id,
        credential: Credential {
            h_contract: params.get("h_contract")?,
            token: params.get("token")?,
        },
        session: params.get("session_id")?,
        repurchase: repurchase(params)?,
        refund: params.get("refund")?,
        await_refund_obtained: params.yes("await_refund_obtained")?,
    })
}

/// `POST /orders/$ORDER_ID/claim`.
pub(in crate::http) async fn claim(
    request: HttpRequest,
    till: Data<Till>,
    settings: Data<Settings>,
    InstanceParam(instance): InstanceParam,
    PathId(order_id): PathId<OrderId>,
    body: Body,
) -> Answer {
    let mut fields = body.fields().await?;
    let (nonce, token) = (fields.need("nonce")?, fields.get("token")?);
    let client = client(&request, &settings);
    let claimed = till.claim(&instance, order_id, nonce, token, client).await?;
    Ok(HttpResponse::Ok().json(json!({
        "contract_terms": terms(&claimed.contract)?,
        "sig": claimed.sig,
    })))
}

/// `POST /orders/$ORDER_ID/paid`: a receipt shown again, in another session.
pub(in crate::http) async fn paid(
    till: Data<Till>,
    InstanceParam(instance): InstanceParam,
    PathId(order_id): PathId<OrderId>,
    body: Body,
) -> Answer {
    let mut fields = body.fields().await?;
    let (sig, h_contract) = (fields.need("sig")?, fields.need("h_contract")?);
    // It must be said, but may be said to be none.
    if !fields.has("session_id") {
        return Err(Failure::Missing("session_id"));
    }
    let session = fields.session("session_id")?;
    let refunded = till.replay(&instance, order_id, h_contract, sig, session).await?;
    Ok(HttpResponse::Ok().json(json!({ "refunded": refunded })))
}

/// `POST /orders/$ORDER_ID/pay`.
pub(in crate::http) async fn pay(
    till: Data<Till>,
    InstanceParam(instance): InstanceParam,
    PathId(order_id): PathId<OrderId>,
    body: Body,
) -> Answer {
    let mut fields = body.fields().await?;
    let wallet_data: Option<Map<String, Value>> = fields.get("wallet_data")?;
    let wallet_data_hash = wallet_data
        .map(|data| canonical::json_hash(&Value::Object(data)))
        .transpose()
        .map_err(|bad| Failure::Malformed(format!("wallet_data: {bad}")))?;
    let wish = CoinPayment {
        coins: fields.need("coins")?,
        session: fields.session("session_id")?,
        wallet_data_hash,
    };
    let sig = till.pay(&instance, order_id, wish).await?;
    Ok(HttpResponse::Ok().json(json!({ "sig": sig })))
}

/// A coin of a payment that is to be aborted. What it was to pay is known here already.
#[derive(Deserialize)]
#[serde(remote = "Self")]
struct AbortedCoin {
    coin_pub: PublicKey,
}

object!(AbortedCoin);

/// `POST /orders/$ORDER_ID/abort`.
pub(in crate::http) async fn abort(
    till: Data<Till>,
    InstanceParam(instance): InstanceParam,
    PathId(order_id): PathId<OrderId>,
    body: Body,
) -> Answer {
    let mut fields = body.fields().await?;
    let (h_contract, coins) =
        (fields.need("h_contract")?, fields.need::<Vec<AbortedCoin>>("coins")?);
    if coins.is_empty() {
        return Err(Failure::NothingToAbort);
    }
    let coins = coins.into_iter().map(|coin| coin.coin_pub).collect();
    let aborted = till.abort(&instance, order_id, h_contract, coins).await?;
    let refunds: Vec<Value> = aborted.into_iter().map(aborted_coin).collect();
    Ok(HttpResponse::Ok().json(json!({ "refunds": refunds })))
}

/// What became of an aborted coin. Wallets of 2022 ask for all members of a failure.
fn aborted_coin(aborted: Aborted) -> Value {
    match aborted {
        Aborted::Done { exchange_pub, exchange_sig } => json!({
            "type": "success",
            "exchange_status": 200,
            "exchange_pub": exchange_pub,
            "exchange_sig": exchange_sig,
        }),
        Aborted::Failed { status, code, reply } => json!({
            "type": "failure",
            "exchange_status": status,
            "exchange_code": code.unwrap_or(0),
            "exchange_reply": object(reply),
        }),
        Aborted::Undeposited => json!({ "type": "undeposited" }),
    }
}

/// `reply`, or an empty object if it is none.
fn object(reply: Value) -> Value {
    if reply.is_object() { reply } else { json!({}) }
}

/// `POST /orders/$ORDER_ID/refund`: a wallet fetches what the shop has granted.
pub(in crate::http) async fn refund(
    till: Data<Till>,
    InstanceParam(instance): InstanceParam,
    PathId(order_id): PathId<OrderId>,
    body: Body,
) -> Answer {
    let mut fields = body.fields().await?;
    let h_contract = Some(fields.need("h_contract")?);
    let picked = till.collect_refunds(&instance, order_id, h_contract).await?;
    let Some(picked) = picked else { return Ok(HttpResponse::NoContent().finish()) };
    let refunds: Vec<Value> = picked.refunds.iter().map(coin_refund).collect();
    Ok(HttpResponse::Ok().json(json!({
        "refund_amount": picked.order.refund_collectable(),
        "merchant_pub": picked.merchant_pub,
        "refunds": refunds,
    })))
}

/// A coin's refund as its wallet gets it.
pub(in crate::http) fn coin_refund(picked: &CollectedRefund) -> Value {
    let CollectedRefund { refund, exchange_error, .. } = picked;
    let mut body = json!({
        "rtransaction_id": refund.rtransaction_id,
        "coin_pub": refund.coin.coin_pub,
        "refund_amount": refund.amount,
        "execution_time": refund.made_at,
    });
    let failure = |body: &mut Value, status: u16, code: Option<u32>, reply: Value| {
        insert_some(body, "type", Some("failure"));
        insert_some(body, "exchange_status", Some(status));
        insert_some(body, "exchange_code", Some(code.unwrap_or(0)));
        insert_some(body, "exchange_reply", Some(object(reply)));
    };
    match (&refund.outcome, exchange_error) {
        (Outcome::Done { exchange_pub, exchange_sig }, _) => {
            insert_some(&mut body, "type", Some("success"));
            insert_some(&mut body, "exchange_status", Some(200));
            insert_some(&mut body, "exchange_pub", Some(exchange_pub));
            insert_some(&mut body, "exchange_sig", Some(exchange_sig));
        }
        (Outcome::Refused { status, code, reply }, _) => {
            failure(&mut body, *status, *code, reply.clone());
        }
        (Outcome::Open, Some(exchange_error)) => {
            let reply = exchange_error.reply.clone().unwrap_or_default();
            failure(&mut body, exchange_error.status(), exchange_error.code, reply);
        }
        (Outcome::Open, None) => failure(&mut body, NO_ANSWER, None, Value::Null),
    }
    body
}

/// `POST /orders/$ORDER_ID/unclaim`.
pub(in crate::http) async fn unclaim(
    request: HttpRequest,
    till: Data<Till>,
    settings: Data<Settings>,
    InstanceParam(instance): InstanceParam,
    PathId(order_id): PathId<OrderId>,
    body: Body,
) -> Answer {
    let mut fields = body.fields().await?;
    let (nonce, h_contract) = (fields.need("nonce")?, fields.need("h_contract")?);
    let unclaim_sig = fields.need("unclaim_sig")?;
    let client = client(&request, &settings);
    till.unclaim(&instance, order_id, nonce, h_contract, unclaim_sig, client).await?;
    Ok(HttpResponse::NoContent().finish())
}
