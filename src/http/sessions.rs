//! Handler of sessions: whether a visitor has paid for a page (merchant-api 4.1).
//!
//! Scripts on paywalls' pages of other origins ask it. They know no
//! order; often before there is one.

use actix_web::HttpResponse;
use actix_web::web::Data;
use serde::{Deserialize, Serialize};

use super::error::{Answer, Failure};
#[cfg(test)]
use super::extract::LongPollQuery;
use super::extract::{InstanceParam, LongPoll, PathId, QueryParams};
#[cfg(test)]
use super::openapi::operation::{Operation, get};
use crate::model::order::SessionKey;
use crate::till::{Purchase, Till};
use taler::ids::{OrderId, SessionId};
use taler::web::FulfillmentUrl;

/// `GET /sessions/$SESSION_ID`.
pub(super) async fn status(
    till: Data<Till>,
    InstanceParam(instance): InstanceParam,
    PathId(session): PathId<String>,
    params: QueryParams,
    LongPoll(wait_limit): LongPoll,
) -> Answer {
    let session = SessionId::parse(session).map_err(|_| Failure::Malformed("session_id".into()))?;
    let SessionQuery { fulfillment_url } = params.read()?;
    drop(params);
    let key = SessionKey { session, fulfillment_url };
    let (mut answer, order_id) = match till.await_session(&instance, key, wait_limit).await? {
        Purchase::Paid(order_id) => (HttpResponse::Ok(), order_id),
        Purchase::Unpaid(order_id) => (HttpResponse::Accepted(), order_id),
    };
    Ok(answer.json(SessionStatus { order_id }))
}

/// Which page a visitor asks for.
#[derive(Deserialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct SessionQuery {
    /// The page, by its address without the session: the `fulfillment_url` of the orders that pay for it.
    fulfillment_url: FulfillmentUrl,
}

/// The order of a session.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct SessionStatus {
    /// The order that pays for the page (200), or that is to be paid (202).
    order_id: OrderId,
}

/// How the API document describes these routes.
#[cfg(test)]
pub(super) fn operations() -> Vec<Operation> {
    vec![
        get("/sessions/{id}", "Whether a visitor has paid for a page")
            .at::<SessionId>("The visitor's session.")
            .asks::<SessionQuery>()
            .asks::<LongPollQuery>()
            .answers::<SessionStatus>(200, "It is paid, by this order.")
            .answers::<SessionStatus>(202, "This order is to be paid.")
            .fails(&["InstanceUnknown", "InstanceDeleted", "SessionUnknown"]),
    ]
}
