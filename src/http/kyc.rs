//! Handler of the KYC status: what exchanges require before they pay (merchant-api 6.5).

use actix_web::HttpResponse;
use actix_web::web::Data;
use serde::{Deserialize, Serialize};

use super::accounts::h_wire;
use super::error::Answer;
#[cfg(test)]
use super::extract::LongPollQuery;
use super::extract::{self, LongPoll, PathId, QueryParams};
#[cfg(test)]
use super::openapi::{
    operation::{Operation, get, post},
    values,
};
use crate::till::{Kyc, KycAsk, KycStatus, KycTransfer, Principal, Till, WaitLimit};
use taler::amount::{Amount, Currency};
use taler::base32::HashCode;
use taler::exchange::Limit;
use taler::ids::InstanceId;
use taler::payto::Payto;
use taler::time::{RelativeTime, Timestamp};
use taler::web::BaseUrl;

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

/// Which accounts and exchanges are listed, and what is waited for.
#[derive(Deserialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct KycQuery {
    /// Only the account that this hash names.
    h_wire: Option<HashCode>,
    /// Only the exchange with this base URL.
    exchange_url: Option<BaseUrl>,
    /// The older form of the two members below: 1 waits until no account is `kyc-wire-required`, 2 waits for
    /// nothing (exchanges do not tell when a review begins), 3 waits until an account is `ready`.
    lpt: Option<WaitTarget>,
    /// With `timeout_ms`: wait until an account at an exchange has this `status`.
    #[cfg_attr(test, schema(example = "ready"))]
    lp_status: Option<String>,
    /// With `timeout_ms`: wait until an account at an exchange has another `status` than this.
    #[cfg_attr(test, schema(example = "kyc-required"))]
    lp_not_status: Option<String>,
}

/// What a client waits for, as a number.
#[derive(Clone, Copy, Deserialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
enum WaitTarget {
    /// The transfer by which the account shows whose it is has arrived.
    #[serde(rename = "1")]
    AccountProven,
    /// The exchange is no longer reviewing. Exchanges do not tell us that a review has begun.
    #[serde(rename = "2")]
    ReviewOver,
    /// The account may be paid to.
    #[serde(rename = "3")]
    Ready,
}

/// Accounts with the state that each has at each exchange.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct KycList {
    /// One row for each account in use at each exchange.
    kyc_data: Vec<KycRow>,
}

/// State of one account at one exchange.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct KycRow {
    /// What the exchange requires: nothing (`ready`), to know whose the account is (`kyc-required`), or first a
    /// transfer from the account (`kyc-wire-required`). The other words say why it cannot pay, or is not heard.
    #[cfg_attr(test, schema(value_type = values::KycState))]
    status: &'static str,
    /// The account.
    payto_uri: Payto,
    /// The hash that names the account.
    h_wire: HashCode,
    /// The exchange.
    exchange_url: BaseUrl,
    /// The currency of the exchange's coins.
    exchange_currency: Currency,
    /// The HTTP status of the exchange's last answer about the account; 0 if it gave none.
    #[cfg_attr(test, schema(value_type = values::HttpStatus))]
    exchange_http_status: u16,
    /// Whether the exchange's keys are not known.
    no_keys: bool,
    /// Whether the exchange knows the account under another key than the instance's.
    auth_conflict: bool,
    /// Whether people at the exchange look at the account. It is missing if the exchange does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schema(example = false))]
    aml_review: Option<bool>,
    /// Opens the exchange's page for the account, `EXCHANGE/kyc-spa/ACCESS_TOKEN`. Who has it can answer in the
    /// shop's name. It is missing if nothing is asked, or the exchange has not said.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schema(example = "AM6CQ0DXC266RPSV2HN981FHFH3K93NAYR5GJ6MCJXA47236K5G0"))]
    access_token: Option<String>,
    /// How much the exchange lets pass.
    limits: Vec<AccountLimit>,
    /// The Taler code of the exchange's last answer about the account, if it gave one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schema(value_type = Option<values::ErrorCode>))]
    exchange_code: Option<u32>,
    /// Transfers to the exchange, as payto URIs with amount and subject. One of them shows it whose the account
    /// is. They are missing unless the exchange requires one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(test, schema(required = false, value_type = Vec<values::TransferUri>))]
    payto_kycauths: Vec<String>,
}

/// How much of something an exchange lets pass before it wants to know more.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct AccountLimit {
    /// What is limited, such as `DEPOSIT` or `REFUND`, in the exchange's words.
    #[cfg_attr(test, schema(example = "DEPOSIT"))]
    operation_type: String,
    /// The time in which so much may pass.
    timeframe: RelativeTime,
    /// How much may pass within that time.
    threshold: Amount,
    /// Whether the limit ends once the exchange knows whose the account is.
    soft_limit: bool,
}

/// Answers at once, or when an account has the state that `lp_status`, `lp_not_status` or the older `lpt` ask
/// for.
async fn answer(
    till: &Till,
    principal: &Principal,
    params: &QueryParams,
    wait_limit: WaitLimit,
) -> Answer {
    let KycQuery { h_wire, exchange_url, lpt, lp_status, lp_not_status } = params.read()?;
    let word = |status: KycStatus| Some(status.as_str().to_owned());
    let (mut until, mut until_not) = (lp_status, lp_not_status);
    match lpt {
        None | Some(WaitTarget::ReviewOver) => {}
        Some(WaitTarget::AccountProven) => {
            until_not = until_not.or_else(|| word(KycStatus::WireRequired));
        }
        Some(WaitTarget::Ready) => until = until.or_else(|| word(KycStatus::Ready)),
    }
    let ask = KycAsk { h_wire, exchange_url, until, until_not };
    let found = till.kyc(principal, &ask, wait_limit).await?;
    if found.is_empty() {
        return Ok(HttpResponse::NoContent().finish());
    }
    Ok(HttpResponse::Ok().json(KycList { kyc_data: found.into_iter().map(row).collect() }))
}

fn row(kyc: Kyc) -> KycRow {
    let said = kyc.ask.as_ref().map(|ask| &ask.reply);
    let heard = kyc.ask.as_ref().map_or_else(|| silence(kyc.status), |ask| ask.status);
    KycRow {
        status: kyc.status.as_str(),
        payto_uri: kyc.account.payto_uri,
        h_wire: kyc.account.h_wire,
        exchange_url: kyc.exchange_url,
        exchange_currency: kyc.currency,
        exchange_http_status: heard,
        no_keys: kyc.status == KycStatus::NoKeys,
        auth_conflict: kyc.is_key_conflict,
        aml_review: said.and_then(|reply| reply.get("aml_review")?.as_bool()),
        access_token: said.and_then(|reply| Some(reply.get("access_token")?.as_str()?.to_owned())),
        limits: kyc.limits.into_iter().map(limit).collect(),
        exchange_code: kyc.ask.and_then(|ask| ask.code),
        payto_kycauths: kyc.transfers.iter().map(KycTransfer::payto_uri).collect(),
    }
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

fn limit(limit: Limit) -> AccountLimit {
    AccountLimit {
        operation_type: limit.operation,
        timeframe: limit.timeframe,
        threshold: limit.threshold,
        soft_limit: limit.is_soft,
    }
}

/// The exchange that an account is shown to.
#[derive(Deserialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct KycAuthWish {
    /// The exchange's base URL.
    exchange_url: BaseUrl,
}

/// Transfers of which one shows an exchange whose the account is.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct KycAuthAnswer {
    /// The transfers. One of them is enough.
    wire_instructions: Vec<WireInstruction>,
}

/// A transfer from the account to the exchange.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct WireInstruction {
    /// How much.
    amount: Amount,
    /// To which account of the exchange.
    target_payto: Payto,
    /// With which subject.
    subject: TransferSubject,
    /// Until when it can be made.
    expiration: Timestamp,
}

/// The subject of a transfer.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct TransferSubject {
    /// `SIMPLE`: it is typed as it is.
    #[serde(rename = "type")]
    #[cfg_attr(test, schema(example = "SIMPLE"))]
    kind: &'static str,
    /// How much, once more.
    credit_amount: Amount,
    /// The text. It has the instance's public key in it.
    #[cfg_attr(test, schema(example = "KYC:X7X3Y5Q0JG2S42HGHSPSRF4MGQVJHS8Z5WY3ZRS27WVRCYC8X8EG"))]
    subject: String,
}

/// `POST /private/accounts/$H_WIRE/kycauth`: by which transfer the account shows whose it is.
pub(super) async fn transfers(
    till: Data<Till>,
    extract::Authorized(principal): extract::Authorized,
    PathId(id): PathId<String>,
    body: extract::Body,
) -> Answer {
    let h_wire = h_wire(&id)?;
    let KycAuthWish { exchange_url } = body.read().await?;
    let transfers = till.kyc_transfers(&principal, h_wire, &exchange_url).await?;
    let instruction = |transfer: KycTransfer| WireInstruction {
        amount: transfer.amount,
        target_payto: transfer.to,
        subject: TransferSubject {
            kind: "SIMPLE",
            credit_amount: transfer.amount,
            subject: transfer.subject,
        },
        expiration: Timestamp::NEVER,
    };
    let wire_instructions = transfers.into_iter().map(instruction).collect();
    Ok(HttpResponse::Ok().json(KycAuthAnswer { wire_instructions }))
}

/// How the API document describes the route of an instance.
#[cfg(test)]
pub(super) fn operations() -> Vec<Operation> {
    vec![
        described(get("/private/kyc", "How exchanges stand to the instance's accounts")),
        post("/private/accounts/{id}/kycauth", "By which transfer an account shows whose it is")
            .at::<HashCode>("The hash that names the account.")
            .reads::<KycAuthWish>()
            .answers::<KycAuthAnswer>(200, "The transfers; one is enough.")
            .fails(&["AccountUnknown", "HWire", "KycExchangeUnreachable", "Untrusted"]),
    ]
}

/// How the API document describes the route for the special instance.
#[cfg(test)]
pub(super) fn management() -> Vec<Operation> {
    let path = "/management/instances/{id}/kyc";
    vec![
        described(
            get(path, "How exchanges stand to an instance's accounts")
                .at::<InstanceId>("The instance."),
        )
        .fails(&["InstanceUnknown", "InstanceDeleted"]),
    ]
}

#[cfg(test)]
fn described(operation: Operation) -> Operation {
    operation
        .asks::<KycQuery>()
        .asks::<LongPollQuery>()
        .answers::<KycList>(200, "Each account in use with each exchange.")
        .done(204, "There are no accounts or no exchanges.")
}
