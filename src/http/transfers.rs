//! Handlers of transfers to the shop's accounts: those that have arrived, and those that exchanges have named
//! (settlement 3.1 and 3.2).

use std::collections::BTreeMap;

use actix_web::HttpResponse;
use actix_web::web::Data;
use serde::{Deserialize, Serialize};

use super::error::{Answer, Failure};
use super::extract::{Authorized, Body, PathId, QueryParams, YesNoAll};
#[cfg(test)]
use super::openapi::{
    self,
    operation::{Operation, delete, get, post},
};
use crate::model::transfer::{AMOUNTS_DIFFER, ExpectedTransferSerial, TransferSerial, hint};
use crate::till::{
    ConfirmTransfer, ConfirmedTransfer, ExpectedDetails, ExpectedTransfer, Till, TransferFilter,
    TransferredCoin,
};
use taler::amount::Amount;
use taler::base32::ShortHash;
use taler::ids::OrderId;
use taler::payto::Payto;
use taler::time::Timestamp;
use taler::web::BaseUrl;

/// Which part of a list of transfers is wanted.
#[derive(Deserialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct PartQuery {
    /// Only transfers to this account, as a payto URI. Which name its holder has there does not matter.
    payto_uri: Option<Payto>,
    /// Only transfers made before this time, in seconds since 1970.
    #[cfg_attr(test, schema(value_type = Option<openapi::values::Seconds>))]
    before: Option<String>,
    /// Only transfers made after this time, in seconds since 1970.
    #[cfg_attr(test, schema(value_type = Option<openapi::values::Seconds>))]
    after: Option<String>,
    /// How many: above zero the oldest first, below zero the newest first. Without it, -20; at most 1,024.
    #[cfg_attr(test, schema(value_type = Option<openapi::values::Rows>))]
    limit: Option<i64>,
    /// The number from which to go on. It is not listed itself.
    #[cfg_attr(test, schema(value_type = Option<openapi::values::Offset>))]
    offset: Option<i64>,
}

impl PartQuery {
    /// The filter, the limit and the offset.
    fn read(params: &QueryParams) -> Result<(TransferFilter, i64, Option<i64>), Failure> {
        let Self { payto_uri, before, after, limit, offset } = params.read()?;
        let time = |text: Option<String>, name: &str| {
            let time = text.as_deref().map(Timestamp::parse_secs).transpose();
            time.map_err(|_| Failure::Malformed(name.to_owned()))
        };
        let (before, after) = (time(before, "before")?, time(after, "after")?);
        if offset.is_some_and(|offset| offset < 0) {
            return Err(Failure::Malformed("offset".into()));
        }
        let filter = TransferFilter { payto_uri, before, after, ..TransferFilter::default() };
        match limit.unwrap_or(-20) {
            0 => Err(Failure::Malformed("limit".into())),
            limit => Ok((filter, limit, offset)),
        }
    }
}

/// Which confirmed transfers are listed.
#[derive(Deserialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct ConfirmedQuery {
    /// Only transfers that an exchange has named for an order, or only the others.
    #[serde(default)]
    expected: YesNoAll,
}

/// `GET /private/transfers`.
pub(super) async fn list(
    till: Data<Till>,
    Authorized(principal): Authorized,
    params: QueryParams,
) -> Answer {
    let (filter, limit, offset) = PartQuery::read(&params)?;
    let ConfirmedQuery { expected } = params.read()?;
    let filter = TransferFilter { expected: expected.0, ..filter };
    let found = till.transfers(&principal, filter, limit, offset).await?;
    let transfers = found.into_iter().map(TransferRow::of).collect();
    Ok(HttpResponse::Ok().json(TransferList { transfers }))
}

/// Some of the transfers that have arrived.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct TransferList {
    /// The transfers, in the direction that `limit` asks for.
    transfers: Vec<TransferRow>,
}

/// A transfer that has arrived.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct TransferRow {
    /// What arrived.
    credit_amount: Amount,
    /// The transfer's name, which its subject has.
    wtid: ShortHash,
    /// The account.
    payto_uri: Payto,
    /// The exchange that the subject names.
    exchange_url: BaseUrl,
    /// Its number, for `offset`.
    #[cfg_attr(test, schema(value_type = openapi::values::Serial))]
    transfer_serial_id: i64,
    /// When it arrived, as far as the shop has said.
    execution_time: Timestamp,
    /// Whether the exchange's signed list of what the transfer paid for fits what the shop knows. It is missing
    /// until the exchange has answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    verified: Option<bool>,
    /// Whether the transfer has arrived. It has.
    confirmed: bool,
    /// Whether an exchange has named the transfer for an order.
    expected: bool,
}

impl TransferRow {
    fn of(row: ConfirmedTransfer) -> Self {
        let is_whole = row.total.is_none_or(|total| total == row.credit_amount);
        Self {
            credit_amount: row.credit_amount,
            wtid: row.wtid,
            payto_uri: row.payto_uri,
            exchange_url: row.exchange_url,
            transfer_serial_id: row.serial.0,
            execution_time: row.execution_time,
            verified: row.validated.map(|validated| validated && is_whole),
            confirmed: true,
            expected: row.is_named,
        }
    }
}

/// A transfer that the shop has seen on its account.
#[derive(Deserialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct TransferWish {
    /// What arrived.
    credit_amount: Amount,
    /// The transfer's name, of its subject.
    wtid: ShortHash,
    /// The account. It must be one of the instance's; which name its holder has here does not matter.
    payto_uri: Payto,
    /// The exchange that the subject names.
    exchange_url: BaseUrl,
}

/// `POST /private/transfers`: the transfer has arrived.
pub(super) async fn confirm(
    till: Data<Till>,
    Authorized(principal): Authorized,
    body: Body,
) -> Answer {
    let TransferWish { credit_amount, wtid, payto_uri, exchange_url } = body.read().await?;
    let wish = ConfirmTransfer { credit_amount, wtid, payto_uri, exchange_url };
    till.confirm_transfer(&principal, wish).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// `DELETE /private/transfers/$SERIAL`.
pub(super) async fn remove(
    till: Data<Till>,
    Authorized(principal): Authorized,
    PathId(serial): PathId<i64>,
) -> Answer {
    till.delete_transfer(&principal, TransferSerial(serial)).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Which expected transfers are listed.
#[derive(Deserialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct ExpectedQuery {
    /// Only transfers whose list fits what the shop knows, or only the others.
    #[serde(default)]
    verified: YesNoAll,
    /// Only transfers that have arrived, or only the others.
    #[serde(default)]
    confirmed: YesNoAll,
}

/// `GET /private/incoming`.
pub(super) async fn incoming(
    till: Data<Till>,
    Authorized(principal): Authorized,
    params: QueryParams,
) -> Answer {
    let (filter, limit, offset) = PartQuery::read(&params)?;
    let ExpectedQuery { verified, confirmed } = params.read()?;
    let filter = TransferFilter { verified: verified.0, confirmed: confirmed.0, ..filter };
    let found = till.expected_transfers(&principal, filter, limit, offset).await?;
    let incoming = found.into_iter().map(ExpectedRow::of).collect();
    Ok(HttpResponse::Ok().json(ExpectedList { incoming }))
}

/// Some of the transfers that exchanges have named.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct ExpectedList {
    /// The transfers, in the direction that `limit` asks for.
    incoming: Vec<ExpectedRow>,
}

/// A transfer that an exchange has named for an order.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct ExpectedRow {
    /// What arrives, by the exchange's list.
    #[serde(skip_serializing_if = "Option::is_none")]
    expected_credit_amount: Option<Amount>,
    /// The transfer's name, which its subject has.
    wtid: ShortHash,
    /// The account.
    payto_uri: Payto,
    /// The exchange.
    exchange_url: BaseUrl,
    /// Its number, for `offset`.
    #[cfg_attr(test, schema(value_type = openapi::values::Serial))]
    expected_transfer_serial_id: i64,
    /// When it was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    execution_time: Option<Timestamp>,
    /// Whether the exchange's list fits what the shop knows.
    validated: bool,
    /// Whether the shop has seen it on its account.
    confirmed: bool,
    /// The HTTP status of the exchange's last answer about it; 0 if it gave none.
    #[cfg_attr(test, schema(value_type = openapi::values::HttpStatus))]
    last_http_status: u16,
    /// The Taler code of what is wrong; 0 if nothing is.
    #[cfg_attr(test, schema(value_type = openapi::values::ErrorCode))]
    last_ec: u32,
    /// The same in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schema(example = "the exchange does not know the transfer"))]
    last_error_detail: Option<String>,
}

impl ExpectedRow {
    fn of(row: ExpectedTransfer) -> Self {
        let differs = row.arrived.zip(row.total).is_some_and(|(arrived, total)| arrived != total);
        let (last_ec, last_error_detail) = match differs && row.last_code == 0 {
            true => (AMOUNTS_DIFFER, Some(hint(AMOUNTS_DIFFER).to_owned())),
            false => (row.last_code, row.last_detail),
        };
        Self {
            expected_credit_amount: row.total,
            wtid: row.wtid,
            payto_uri: row.payto_uri,
            exchange_url: row.exchange_url,
            expected_transfer_serial_id: row.serial.0,
            execution_time: row.execution_time,
            validated: row.validated == Some(true) && !differs,
            confirmed: row.arrived.is_some(),
            last_http_status: row.last_status,
            last_ec,
            last_error_detail,
        }
    }
}

/// A transfer that an exchange has named, with what it paid for.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct ExpectedShown {
    /// The orders that it paid for, by the exchange's list. It is missing without one.
    #[serde(skip_serializing_if = "Option::is_none")]
    reconciliation_details: Option<Vec<ReconciledOrder>>,
    /// What the transfer cost.
    #[serde(skip_serializing_if = "Option::is_none")]
    wire_fee: Option<Amount>,
    /// What arrives, by the exchange's list.
    #[serde(skip_serializing_if = "Option::is_none")]
    expected_credit_amount: Option<Amount>,
    /// The transfer's name, which its subject has.
    wtid: ShortHash,
    /// The account.
    payto_uri: Payto,
    /// The exchange.
    exchange_url: BaseUrl,
    /// When it was, or is to be, made.
    #[serde(skip_serializing_if = "Option::is_none")]
    expected_time: Option<Timestamp>,
    /// When it was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    execution_time: Option<Timestamp>,
}

/// What a transfer paid for one order.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct ReconciledOrder {
    /// The order.
    order_id: OrderId,
    /// What was left of its coins after refunds, deposit fees included.
    remaining_deposit: Amount,
    /// The deposit fees.
    deposit_fee: Amount,
    /// What was refunded of its coins.
    #[serde(skip_serializing_if = "Option::is_none")]
    refund_amount: Option<Amount>,
}

/// `GET /private/incoming/$ID`.
pub(super) async fn incoming_one(
    till: Data<Till>,
    Authorized(principal): Authorized,
    PathId(serial): PathId<i64>,
) -> Answer {
    let found = till.expected_transfer(&principal, ExpectedTransferSerial(serial)).await?;
    let ExpectedDetails { transfer, coins } = found;
    let is_listed = transfer.total.is_some();
    Ok(HttpResponse::Ok().json(ExpectedShown {
        reconciliation_details: if is_listed { Some(by_order(&coins)?) } else { None },
        wire_fee: transfer.wire_fee,
        expected_credit_amount: transfer.total,
        wtid: transfer.wtid,
        payto_uri: transfer.payto_uri,
        exchange_url: transfer.exchange_url,
        expected_time: transfer.execution_time,
        execution_time: transfer.execution_time,
    }))
}

/// The sums of each order, in the order of the list.
fn by_order(coins: &[TransferredCoin]) -> Result<Vec<ReconciledOrder>, Failure> {
    let mut orders: BTreeMap<i64, ReconciledOrder> = BTreeMap::new();
    for coin in coins {
        let Some((value, fee, refunded)) = coin.listed else { continue };
        let zero = Amount::zero(*value.currency());
        let row = orders.entry(coin.order.0).or_insert_with(|| ReconciledOrder {
            order_id: coin.order_id.clone(),
            remaining_deposit: zero,
            deposit_fee: zero,
            refund_amount: None,
        });
        let sum = |one: &Amount, other: &Amount| {
            one.checked_add(other).map_err(|_| Failure::Bug("a sum beyond all amounts".into()))
        };
        row.remaining_deposit = sum(&row.remaining_deposit, &value)?;
        row.deposit_fee = sum(&row.deposit_fee, &fee)?;
        if !refunded.is_zero() {
            row.refund_amount = Some(sum(&row.refund_amount.unwrap_or(zero), &refunded)?);
        }
    }
    Ok(orders.into_values().collect())
}

/// How the API document describes these routes.
#[cfg(test)]
pub(super) fn operations() -> Vec<Operation> {
    vec![
        get("/private/transfers", "The list of transfers that have arrived")
            .asks::<PartQuery>()
            .asks::<ConfirmedQuery>()
            .answers::<TransferList>(200, "The transfers."),
        post("/private/transfers", "Says that a transfer has arrived")
            .reads::<TransferWish>()
            .done(204, "It is kept. The same again changes nothing.")
            .fails(&["AccountUnknown", "TransferConflict", "Full"]),
        delete("/private/transfers/{id}", "Takes back that a transfer has arrived")
            .at::<openapi::values::Serial>("The transfer's number.")
            .done(204, "It is gone.")
            .fails(&["TransferUnknown", "TransferAnswered"]),
        get("/private/incoming", "The list of transfers that exchanges have named for orders")
            .asks::<PartQuery>()
            .asks::<ExpectedQuery>()
            .answers::<ExpectedList>(200, "The transfers."),
        get("/private/incoming/{id}", "A transfer and the orders that it paid for")
            .at::<openapi::values::Serial>("The transfer's number.")
            .answers::<ExpectedShown>(200, "The transfer.")
            .fails(&["ExpectedTransferUnknown"]),
    ]
}
