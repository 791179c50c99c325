//! Handler of sessions: whether a visitor has paid for a page (merchant-api 4.1).
//!
//! Scripts on paywalls' pages of other origins ask it. They know no
//! order; often before there is one.

use actix_web::HttpResponse;
use actix_web::web::Data;
use serde_json::json;

use super::error::{Answer, Failure};
use super::extract::{InstanceParam, LongPoll, PathId, QueryParams};
use crate::model::order::SessionKey;
use crate::till::{Purchase, Till};
use taler::ids::SessionId;

/// `GET /sessions/$SESSION_ID`.
pub(super) async fn status(
    till: Data<Till>,
    InstanceParam(instance): InstanceParam,
    PathId(session): PathId<String>,
    params: QueryParams,
    LongPoll(wait_limit): LongPoll,
) -> Answer {
    let session = SessionId::parse(session).map_err(|_| Failure::Malformed("session_id".into()))?;
    let key = SessionKey { session, fulfillment_url: params.need("fulfillment_url")? };
    drop(params);
    let (mut answer, order_id) = match till.await_session(&instance, key, wait_limit).await? {
        Purchase::Paid(order_id) => (HttpResponse::Ok(), order_id),
        Purchase::Unpaid(order_id) => (HttpResponse::Accepted(), order_id),
    };
    Ok(answer.json(json!({ "order_id": order_id })))
}
