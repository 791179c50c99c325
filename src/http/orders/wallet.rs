//! Orders, from the side of wallets and browsers (merchant-api 3). Nobody shows a token of the shop
//! here; what shows that one may ask is the order's claim token, or the hash of its contract.

use actix_web::HttpResponse;
use actix_web::web::Data;
use serde_json::json;

use super::super::error::{Answer, Failure};
use super::super::extract::{At, Body, Params, Seg, Waiting};
use super::shop::repurchase;
use super::{TALER, pay_uri, put, refund_uri, terms};
use crate::domain::ids::{OrderId, SessionId};
use crate::till::{Credential, PublicAsk, Sight, Till};

/// `GET /orders/$ORDER_ID`.
pub(in crate::http) async fn status(
    till: Data<Till>,
    At(instance): At,
    Seg(order_id): Seg<OrderId>,
    params: Params,
    Waiting(patience): Waiting,
) -> Answer {
    let session: Option<SessionId> = params.get("session_id")?;
    let ask = PublicAsk {
        order_id,
        credential: Credential {
            h_contract: params.get("h_contract")?,
            token: params.get("token")?,
        },
        session: session.clone(),
        repurchase: repurchase(&params)?,
        refund: params.get("refund")?,
        await_refund_obtained: params.yes("await_refund_obtained")?,
    };
    drop(params);
    Ok(match till.public_order(&instance, ask, patience).await? {
        Sight::Elsewhere { url, fulfillment_url } => {
            let mut body = json!({ "public_reorder_url": url });
            put(&mut body, "fulfillment_url", fulfillment_url);
            HttpResponse::Accepted().json(body)
        }
        Sight::Unpaid(order, before) => {
            let uri = pay_uri(&order, session.as_ref());
            let mut body = json!({ "taler_pay_uri": uri });
            put(&mut body, "fulfillment_url", order.fulfillment_url);
            put(&mut body, "already_paid_order_id", before);
            HttpResponse::PaymentRequired().insert_header((TALER, uri)).json(body)
        }
        Sight::Paid(order) => {
            let mut response = HttpResponse::Ok();
            if order.is_refund_pending() {
                response.insert_header((TALER, refund_uri(&order)));
            }
            let mut body = json!({
                "refunded": !order.refund_granted.is_zero(),
                "refund_pending": order.is_refund_pending(),
                "refund_amount": order.refund_granted,
                "refund_taken": order.refund_taken,
            });
            put(&mut body, "fulfillment_url", order.fulfillment_url);
            response.json(body)
        }
    })
}

/// `POST /orders/$ORDER_ID/claim`.
pub(in crate::http) async fn claim(
    till: Data<Till>,
    At(instance): At,
    Seg(order_id): Seg<OrderId>,
    body: Body,
) -> Answer {
    let mut fields = body.fields().await?;
    let (nonce, token) = (fields.need("nonce")?, fields.get("token")?);
    let claimed = till.claim(&instance, order_id, nonce, token).await?;
    Ok(HttpResponse::Ok().json(json!({
        "contract_terms": terms(&claimed.contract)?,
        "sig": claimed.sig,
    })))
}

/// `POST /orders/$ORDER_ID/paid`: a receipt shown again, in another session.
pub(in crate::http) async fn paid(
    till: Data<Till>,
    At(instance): At,
    Seg(order_id): Seg<OrderId>,
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

/// What needs an exchange: `pay`, `abort`, `refund`, `unclaim`.
pub(in crate::http) async fn coins() -> Answer {
    Err(Failure::NotImplemented("payments with coins"))
}
