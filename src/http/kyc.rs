//! Handler of the KYC status: what exchanges require before they pay (merchant-api 6.5).

use actix_web::HttpResponse;
use actix_web::web::Data;
use serde_json::{Value, json};

use super::error::{Answer, Failure};
use super::extract::{self, LongPoll, PathId, QueryParams};
use crate::till::{Kyc, KycAsk, KycStatus, KycTransfer, Principal, Till, WaitLimit};
use taler::exchange::Limit;
use taler::ids::InstanceId;

/// `GET /private/kyc`.
pub(super) async fn own(
    till: Data<Till>,
    extract::Authorized(principal): extract::Authorized,
    params: QueryParams,
    LongPoll(wait_limit): LongPoll,
) -> Answer {
    answer(&till, &principal, &params, wait_limit).await
}

/// `GET /management/instances/$ID/kyc`.
pub(super) async fn of(
    till: Data<Till>,
    extract::Authorized(_clerk): extract::Authorized,
    PathId(id): PathId<InstanceId>,
    params: QueryParams,
    LongPoll(wait_limit): LongPoll,
) -> Answer {
    let principal = till.admit_operator(&id).await?;
    answer(&till, &principal, &params, wait_limit).await
}

/// Answers at once, or when an account has the state that `lp_status`, `lp_not_status` or the older `lpt` ask
/// for.
async fn answer(
    till: &Till,
    principal: &Principal,
    params: &QueryParams,
    wait_limit: WaitLimit,
) -> Answer {
    let text = |name: &str| params.text(name).map(str::to_owned);
    let (mut until, mut until_not) = (text("lp_status"), text("lp_not_status"));
    match params.text("lpt") {
        None => {}
        // The transfer by which the account shows whose it is has arrived.
        Some("1") => until_not = until_not.or(Some(KycStatus::WireRequired.as_str().into())),
        // "Review in progress" is over; exchanges do not tell us that one has begun.
        Some("2") => {}
        // It may be paid to.
        Some("3") => until = until.or(Some(KycStatus::Ready.as_str().into())),
        Some(_) => return Err(Failure::Malformed("lpt".into())),
    }
    let (h_wire, exchange_url) = (params.get("h_wire")?, params.get("exchange_url")?);
    let ask = KycAsk { h_wire, exchange_url, until, until_not };
    let found = till.kyc(principal, &ask, wait_limit).await?;
    if found.is_empty() {
        return Ok(HttpResponse::NoContent().finish());
    }
    let rows: Vec<_> = found.iter().map(row).collect();
    Ok(HttpResponse::Ok().json(json!({ "kyc_data": rows })))
}

fn row(kyc: &Kyc) -> Value {
    let limits: Vec<_> = kyc.limits.iter().map(limit).collect();
    let heard = kyc.ask.as_ref().map_or_else(|| silence(kyc.status), |ask| ask.status);
    let mut row = json!({
        "status": kyc.status.as_str(),
        "payto_uri": kyc.account.payto_uri,
        "h_wire": kyc.account.h_wire,
        "exchange_url": kyc.exchange_url,
        "exchange_currency": kyc.currency,
        "exchange_http_status": heard,
        "no_keys": kyc.status == KycStatus::NoKeys,
        "auth_conflict": false,
        "limits": limits,
    });
    let Value::Object(members) = &mut row else { return row };
    if let Some(code) = kyc.ask.as_ref().and_then(|ask| ask.code) {
        members.insert("exchange_code".into(), json!(code));
    }
    if !kyc.transfers.is_empty() {
        let payto: Vec<_> = kyc.transfers.iter().map(KycTransfer::payto_uri).collect();
        members.insert("payto_kycauths".into(), json!(payto));
    }
    row
}

/// The status of an exchange that requires nothing: as if it had answered now.
fn silence(status: KycStatus) -> u16 {
    match status {
        KycStatus::Ready | KycStatus::WireImpossible => 200,
        KycStatus::Required | KycStatus::WireRequired => 451,
        KycStatus::Timeout => 504,
        KycStatus::NoKeys | KycStatus::Unreachable | KycStatus::ExchangeInternal => 0,
    }
}

fn limit(limit: &Limit) -> Value {
    json!({
        "operation_type": limit.operation,
        "timeframe": limit.timeframe,
        "threshold": limit.threshold,
        "soft_limit": limit.is_soft,
    })
}
