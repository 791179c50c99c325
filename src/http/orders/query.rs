//! What a wallet or browser asks about an order, for the API and for the page.

use serde::Deserialize;

use super::super::error::Failure;
use super::super::extract::QueryParams;
#[cfg(test)]
use super::super::openapi;
use crate::model::order::ClaimToken;
use crate::till::{Credential, PublicStatusQuery, Repurchase};
use taler::amount::Amount;
use taler::base32::HashCode;
use taler::ids::{OrderId, SessionId};

/// What a wallet or browser asks about an order.
#[derive(Deserialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(super) struct PublicOrderQuery {
    /// The hash of the contract. Who shows it has claimed the order.
    h_contract: Option<HashCode>,
    /// The order's claim token, for a client that has not claimed it.
    #[cfg_attr(test, schema(value_type = Option<openapi::values::ClaimToken>))]
    token: Option<ClaimToken>,
    /// The session that must have paid: another session's payment does not count.
    session_id: Option<SessionId>,
    /// With `timeout_ms`: wait until more than this is refunded.
    refund: Option<Amount>,
    /// With `timeout_ms`: wait until the wallet has fetched all that is refunded.
    #[serde(default)]
    #[cfg_attr(test, schema(value_type = openapi::values::YesNo))]
    await_refund_obtained: bool,
    /// Whether an order that was refunded counts as a purchase of the same page.
    #[serde(default)]
    #[cfg_attr(test, schema(value_type = openapi::values::YesNo))]
    allow_refunded_for_repurchase: bool,
}

/// What a query asks about an order.
pub(in crate::http) fn ask(
    order_id: OrderId,
    params: &QueryParams,
) -> Result<PublicStatusQuery, Failure> {
    let asked: PublicOrderQuery = params.read()?;
    Ok(PublicStatusQuery {
        order_id,
        credential: Credential { h_contract: asked.h_contract, token: asked.token },
        session: asked.session_id,
        repurchase: repurchase(asked.allow_refunded_for_repurchase),
        refund: asked.refund,
        await_refund_obtained: asked.await_refund_obtained,
    })
}

/// What counts as bought before, as the client wishes.
pub(super) fn repurchase(refunded_count: bool) -> Repurchase {
    if refunded_count { Repurchase::All } else { Repurchase::Unrefunded }
}
