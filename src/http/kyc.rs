//! What exchanges want to know before they pay (merchant-api 6.5).

use actix_web::HttpResponse;
use actix_web::web::Data;
use serde_json::{Value, json};

use super::error::Answer;
use super::extract::{self, Params, Seg};
use crate::domain::exchange::Limit;
use crate::domain::ids::InstanceId;
use crate::till::{Clerk, Kyc, KycStatus, Till};

/// `GET /private/kyc`.
pub(super) async fn own(
    till: Data<Till>,
    extract::Clerk(clerk): extract::Clerk,
    params: Params,
) -> Answer {
    answer(&till, &clerk, &params).await
}

/// `GET /management/instances/$ID/kyc`.
pub(super) async fn of(
    till: Data<Till>,
    extract::Clerk(_clerk): extract::Clerk,
    Seg(id): Seg<InstanceId>,
    params: Params,
) -> Answer {
    let clerk = till.admit_operator(&id).await?;
    answer(&till, &clerk, &params).await
}

async fn answer(till: &Till, clerk: &Clerk, params: &Params) -> Answer {
    let found = till.kyc(clerk, params.get("h_wire")?, params.get("exchange_url")?).await?;
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
    if let (Value::Object(row), Some(code)) = (&mut row, kyc.ask.as_ref().and_then(|ask| ask.code))
    {
        row.insert("exchange_code".into(), json!(code));
    }
    row
}

/// The status told of an exchange that has asked for nothing: as if it had been asked now.
fn silence(status: KycStatus) -> u16 {
    match status {
        KycStatus::Ready | KycStatus::WireImpossible => 200,
        KycStatus::Required | KycStatus::WireRequired => 451,
        KycStatus::Timeout => 504,
        KycStatus::NoKeys | KycStatus::Unreachable | KycStatus::Broken => 0,
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
