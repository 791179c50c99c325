//! Handlers of orders for wallets and browsers (merchant-api 3). These requests carry no token of the shop;
//! the order's claim token, or the hash of its contract, authorizes them.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::super::error::{Answer, Failure, stated_status};
#[cfg(test)]
use super::super::extract::LongPollQuery;
use super::super::extract::{Body, InstanceParam, LongPoll, PathId, QueryParams, SessionOrNone};
#[cfg(test)]
use super::super::openapi::{
    self,
    operation::{Operation, get, post},
};
use super::super::origin::client;
use super::super::pages;
use super::super::pages::page::is_wanted;
use super::super::settings::Settings;
#[cfg(test)]
use super::query::PublicOrderQuery;
use super::query::ask;
use super::{TALER, pay_uri, refund_uri, terms};
use crate::model::order::ClaimToken;
use crate::till::{
    Aborted, CoinPayment, CollectedRefund, ExchangeError, Outcome, PaidByCoins, PublicStatus,
    Replayed, Till,
};
use taler::amount::Amount;
use taler::base32::HashCode;
use taler::canonical;
use taler::coin::permission::Coin;
use taler::ids::OrderId;
use taler::sign::{PublicKey, Signature};
use taler::time::Timestamp;
use taler::web::FulfillmentUrl;

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
    if is_wanted(&request) {
        return pages::order(&request, &till, &settings, &instance, order_id, &params).await;
    }
    let ask = ask(order_id, &params)?;
    let session = ask.session.clone();
    let LongPoll(wait_limit) = waiting?;
    drop(params);
    Ok(match till.public_order(&instance, ask, wait_limit).await? {
        PublicStatus::Elsewhere { url, fulfillment_url } => HttpResponse::Accepted()
            .json(SoldElsewhere { public_reorder_url: url, fulfillment_url }),
        PublicStatus::Unpaid(order, before) => {
            let uri = pay_uri(&order, session.as_ref());
            HttpResponse::PaymentRequired().insert_header((TALER, uri.clone())).json(ToBePaid {
                taler_pay_uri: uri,
                fulfillment_url: order.fulfillment_url,
                already_paid_order_id: before,
            })
        }
        PublicStatus::Paid(order) => {
            let mut response = HttpResponse::Ok();
            if order.is_refund_pending() {
                response.insert_header((TALER, refund_uri(&order)));
            }
            response.json(PaidForWallet {
                refunded: !order.refund_collectable().is_zero(),
                refund_pending: order.is_refund_pending(),
                refund_amount: order.refund_collectable(),
                refund_taken: order.refund_taken,
                fulfillment_url: order.fulfillment_url,
            })
        }
    })
}

/// An order that another wallet has, and where there is another one.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct SoldElsewhere {
    /// Where the shop makes a new order of the same.
    #[cfg_attr(test, schema(value_type = openapi::values::WebAddress))]
    public_reorder_url: String,
    /// Where the customer finds what was bought.
    #[serde(skip_serializing_if = "Option::is_none")]
    fulfillment_url: Option<FulfillmentUrl>,
}

/// An order that is to be paid.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct ToBePaid {
    /// The address by which a wallet pays it. The header `Taler` says the same.
    #[cfg_attr(test, schema(value_type = openapi::values::PayUri))]
    taler_pay_uri: String,
    /// Where the customer finds what is bought.
    #[serde(skip_serializing_if = "Option::is_none")]
    fulfillment_url: Option<FulfillmentUrl>,
    /// The order by which this session has paid for the same page.
    #[serde(skip_serializing_if = "Option::is_none")]
    already_paid_order_id: Option<OrderId>,
}

/// An order that is paid.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct PaidForWallet {
    /// Whether something was refunded that a wallet can fetch.
    refunded: bool,
    /// Whether something of it is still to be fetched.
    refund_pending: bool,
    /// What was refunded that a wallet can fetch, all refunds together.
    refund_amount: Amount,
    /// What of it a wallet has fetched.
    refund_taken: Amount,
    /// Where the customer finds what was bought.
    #[serde(skip_serializing_if = "Option::is_none")]
    fulfillment_url: Option<FulfillmentUrl>,
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
    let Claim { nonce, token } = body.read().await?;
    let client = client(&request, &settings);
    let claimed = till.claim(&instance, order_id, nonce, token, client).await?;
    Ok(HttpResponse::Ok()
        .json(ClaimedContract { contract_terms: terms(&claimed.contract)?, sig: claimed.sig }))
}

/// A wallet's claim.
#[derive(Deserialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct Claim {
    /// A fresh key of the wallet, which becomes part of the contract.
    nonce: PublicKey,
    /// The claim token, if the order has one.
    #[cfg_attr(test, schema(value_type = Option<openapi::values::ClaimToken>))]
    token: Option<ClaimToken>,
}

/// A contract for the wallet that has claimed the order.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(in crate::http) struct ClaimedContract {
    /// The contract.
    #[cfg_attr(test, schema(value_type = openapi::values::ContractTerms))]
    pub(in crate::http) contract_terms: Value,
    /// The shop's signature over the contract's hash.
    pub(in crate::http) sig: Signature,
}

/// A receipt shown in another session.
#[derive(Deserialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct ReceiptReplay {
    /// The shop's signature that the contract is paid.
    sig: Signature,
    /// The hash of the contract.
    h_contract: HashCode,
    /// The session that the payment shall count for. It must be said; an empty text names none.
    session_id: SessionOrNone,
}

/// How a replayed receipt stands.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct ReceiptStatus {
    /// Whether the shop has refunded something of the order.
    refunded: bool,
    /// The codes that the order's device shows about the time of the payment, a line each.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schema(value_type = Option<openapi::values::OtpCodes>))]
    pos_confirmation: Option<String>,
}

/// `POST /orders/$ORDER_ID/paid`: a receipt shown again, in another session.
pub(in crate::http) async fn paid(
    till: Data<Till>,
    InstanceParam(instance): InstanceParam,
    PathId(order_id): PathId<OrderId>,
    body: Body,
) -> Answer {
    let ReceiptReplay { sig, h_contract, session_id } = body.read().await?;
    let Replayed { refunded, pos_confirmation } =
        till.replay(&instance, order_id, h_contract, sig, session_id.0).await?;
    Ok(HttpResponse::Ok().json(ReceiptStatus { refunded, pos_confirmation }))
}

/// A payment with coins.
#[derive(Deserialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct Payment {
    /// The coins: at most 256, each once, in the price's currency.
    #[cfg_attr(test, schema(max_items = 256))]
    coins: Vec<Coin>,
    /// The session that the payment counts for. An empty text names none.
    #[serde(default)]
    session_id: SessionOrNone,
    /// What the wallet signs along with its coins.
    #[cfg_attr(test, schema(value_type = Option<openapi::values::WalletData>))]
    wallet_data: Option<Map<String, Value>>,
}

/// A payment that is complete.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct PaymentReceipt {
    /// The shop's signature that the contract is paid.
    sig: Signature,
    /// The codes that the order's device shows about the time of the payment, a line each.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schema(value_type = Option<openapi::values::OtpCodes>))]
    pos_confirmation: Option<String>,
}

/// `POST /orders/$ORDER_ID/pay`.
pub(in crate::http) async fn pay(
    till: Data<Till>,
    InstanceParam(instance): InstanceParam,
    PathId(order_id): PathId<OrderId>,
    body: Body,
) -> Answer {
    let Payment { coins, session_id, wallet_data } = body.read().await?;
    let wallet_data_hash = wallet_data
        .map(|data| canonical::json_hash(&Value::Object(data)))
        .transpose()
        .map_err(|bad| Failure::Malformed(format!("wallet_data: {bad}")))?;
    let wish = CoinPayment { coins, session: session_id.0, wallet_data_hash };
    let PaidByCoins { sig, pos_confirmation } = till.pay(&instance, order_id, wish).await?;
    Ok(HttpResponse::Ok().json(PaymentReceipt { sig, pos_confirmation }))
}

/// A coin of a payment that is to be aborted. What it was to pay is known here already.
#[derive(Deserialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct AbortedCoin {
    /// The coin's key, which names it.
    coin_pub: PublicKey,
}

/// A payment to be aborted.
#[derive(Deserialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct Abort {
    /// The hash of the contract.
    h_contract: HashCode,
    /// The coins that are to be given back; at least one.
    #[cfg_attr(test, schema(min_items = 1))]
    coins: Vec<AbortedCoin>,
}

/// What became of the coins of an aborted payment.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct AbortAnswer {
    /// The coins, in the order in which they were named.
    refunds: Vec<AbortOutcome>,
}

/// What became of a coin of an aborted payment.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
#[serde(untagged)]
enum AbortOutcome {
    /// The exchange has given it back.
    Success(CoinReturned),
    /// The exchange has not given it back, or not yet.
    Failure(CoinRefused),
    /// It was never deposited: the wallet still has it.
    Undeposited(CoinKept),
}

/// A coin that the exchange has given back.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct CoinReturned {
    /// `success`.
    #[serde(rename = "type")]
    #[cfg_attr(test, schema(value_type = openapi::values::Success))]
    kind: &'static str,
    /// The HTTP status of the exchange's answer: 200.
    #[cfg_attr(test, schema(value_type = openapi::values::HttpStatus))]
    exchange_status: u16,
    /// The key by which the exchange has signed.
    exchange_pub: PublicKey,
    /// The exchange's signature that it gives the coin back.
    exchange_sig: Signature,
}

/// A coin that the exchange has not given back, or not yet. Wallets of 2022 ask for all members.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct CoinRefused {
    /// `failure`.
    #[serde(rename = "type")]
    #[cfg_attr(test, schema(value_type = openapi::values::Failed))]
    kind: &'static str,
    /// The HTTP status of the exchange's answer; 504 if there was none.
    #[cfg_attr(test, schema(value_type = openapi::values::HttpStatus))]
    exchange_status: u16,
    /// The Taler code of its answer; 0 if it gave none.
    #[cfg_attr(test, schema(value_type = openapi::values::ErrorCode))]
    exchange_code: u32,
    /// Its answer; an empty object if there was none.
    #[cfg_attr(test, schema(value_type = openapi::values::AnyObject))]
    exchange_reply: Value,
}

/// A coin that was never deposited.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct CoinKept {
    /// `undeposited`.
    #[serde(rename = "type")]
    #[cfg_attr(test, schema(value_type = openapi::values::Undeposited))]
    kind: &'static str,
}

/// `POST /orders/$ORDER_ID/abort`.
pub(in crate::http) async fn abort(
    till: Data<Till>,
    InstanceParam(instance): InstanceParam,
    PathId(order_id): PathId<OrderId>,
    body: Body,
) -> Answer {
    let Abort { h_contract, coins } = body.read().await?;
    if coins.is_empty() {
        return Err(Failure::NothingToAbort);
    }
    let coins = coins.into_iter().map(|coin| coin.coin_pub).collect();
    let aborted = till.abort(&instance, order_id, h_contract, coins).await?;
    let refunds = aborted.into_iter().map(aborted_coin).collect();
    Ok(HttpResponse::Ok().json(AbortAnswer { refunds }))
}

/// What became of an aborted coin.
fn aborted_coin(aborted: Aborted) -> AbortOutcome {
    match aborted {
        Aborted::Done { exchange_pub, exchange_sig } => {
            AbortOutcome::Success(returned(exchange_pub, exchange_sig))
        }
        Aborted::Refused { status, code, reply } => {
            AbortOutcome::Failure(refused(status, code, reply))
        }
        Aborted::Open(exchange_error) => AbortOutcome::Failure(open(exchange_error.as_ref())),
        Aborted::Undeposited => AbortOutcome::Undeposited(CoinKept { kind: "undeposited" }),
    }
}

fn returned(exchange_pub: PublicKey, exchange_sig: Signature) -> CoinReturned {
    CoinReturned { kind: "success", exchange_status: 200, exchange_pub, exchange_sig }
}

fn refused(status: u16, code: Option<u32>, reply: Value) -> CoinRefused {
    CoinRefused {
        kind: "failure",
        exchange_status: status,
        exchange_code: code.unwrap_or(0),
        exchange_reply: object(reply),
    }
}

/// A coin that is not refunded yet, and what the exchange has said to it.
fn open(exchange_error: Option<&ExchangeError>) -> CoinRefused {
    let cause = exchange_error.map(|exchange_error| &exchange_error.cause);
    let reply = cause.and_then(|cause| cause.reply()).cloned().unwrap_or_default();
    refused(stated_status(exchange_error), cause.and_then(|cause| cause.code()), reply)
}

/// `reply`, or an empty object if it is none.
fn object(reply: Value) -> Value {
    if reply.is_object() { reply } else { Value::Object(Map::new()) }
}

/// `POST /orders/$ORDER_ID/refund`: a wallet fetches what the shop has granted.
pub(in crate::http) async fn refund(
    till: Data<Till>,
    InstanceParam(instance): InstanceParam,
    PathId(order_id): PathId<OrderId>,
    body: Body,
) -> Answer {
    let RefundCollection { h_contract } = body.read().await?;
    let picked = till.collect_refunds(&instance, order_id, Some(h_contract)).await?;
    let Some(picked) = picked else { return Ok(HttpResponse::NoContent().finish()) };
    Ok(HttpResponse::Ok().json(CollectedCoins {
        refund_amount: picked.order.refund_collectable(),
        merchant_pub: picked.merchant_pub,
        refunds: picked.refunds.iter().map(coin_refund).collect(),
    }))
}

/// A wallet that fetches refunds.
#[derive(Deserialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct RefundCollection {
    /// The hash of the contract.
    h_contract: HashCode,
}

/// What a wallet gets of the refunds of an order.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct CollectedCoins {
    /// What was refunded, all refunds of the order together.
    refund_amount: Amount,
    /// The shop's key, with which the refunds were asked for.
    merchant_pub: PublicKey,
    /// The refunds, coin by coin.
    refunds: Vec<CoinRefund>,
}

/// A coin's refund as its wallet gets it.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
#[serde(untagged)]
pub(in crate::http) enum CoinRefund {
    /// The exchange has given it back.
    Success(CoinRefundReturned),
    /// The exchange has not given it back, or not yet.
    Failure(CoinRefundRefused),
}

/// A refund of a coin that the exchange has made.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(in crate::http) struct CoinRefundReturned {
    /// Tells the refunds of a coin apart.
    #[cfg_attr(test, schema(value_type = openapi::values::RefundNumber))]
    pub(in crate::http) rtransaction_id: u64,
    /// The coin's key, which names it.
    pub(in crate::http) coin_pub: PublicKey,
    /// How much of the coin, the refund fee included.
    pub(in crate::http) refund_amount: Amount,
    /// When the shop granted it.
    execution_time: Timestamp,
    /// `success`.
    #[serde(rename = "type")]
    #[cfg_attr(test, schema(value_type = openapi::values::Success))]
    kind: &'static str,
    /// The HTTP status of the exchange's answer: 200.
    #[cfg_attr(test, schema(value_type = openapi::values::HttpStatus))]
    pub(in crate::http) exchange_status: u16,
    /// The key by which the exchange has signed.
    pub(in crate::http) exchange_pub: PublicKey,
    /// The exchange's signature that it gives the coin back.
    pub(in crate::http) exchange_sig: Signature,
}

/// A refund of a coin that the exchange has not made, or not yet.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(in crate::http) struct CoinRefundRefused {
    /// Tells the refunds of a coin apart.
    #[cfg_attr(test, schema(value_type = openapi::values::RefundNumber))]
    pub(in crate::http) rtransaction_id: u64,
    /// The coin's key, which names it.
    pub(in crate::http) coin_pub: PublicKey,
    /// How much of the coin, the refund fee included.
    pub(in crate::http) refund_amount: Amount,
    /// When the shop granted it.
    execution_time: Timestamp,
    /// `failure`.
    #[serde(rename = "type")]
    #[cfg_attr(test, schema(value_type = openapi::values::Failed))]
    kind: &'static str,
    /// The HTTP status of the exchange's answer; 504 if there was none.
    #[cfg_attr(test, schema(value_type = openapi::values::HttpStatus))]
    pub(in crate::http) exchange_status: u16,
    /// The Taler code of its answer; 0 if it gave none.
    #[cfg_attr(test, schema(value_type = openapi::values::ErrorCode))]
    pub(in crate::http) exchange_code: u32,
    /// Its answer; an empty object if there was none.
    #[cfg_attr(test, schema(value_type = openapi::values::AnyObject))]
    pub(in crate::http) exchange_reply: Value,
}

/// A coin's refund as its wallet gets it.
pub(in crate::http) fn coin_refund(picked: &CollectedRefund) -> CoinRefund {
    let CollectedRefund { refund, exchange_error, .. } = picked;
    let (rtransaction_id, coin_pub) = (refund.rtransaction_id, refund.coin.coin_pub);
    let (refund_amount, execution_time) = (refund.amount, refund.made_at);
    let failure = |refused: CoinRefused| {
        let CoinRefused { kind, exchange_status, exchange_code, exchange_reply } = refused;
        CoinRefund::Failure(CoinRefundRefused {
            rtransaction_id,
            coin_pub,
            refund_amount,
            execution_time,
            kind,
            exchange_status,
            exchange_code,
            exchange_reply,
        })
    };
    match (&refund.outcome, exchange_error) {
        (Outcome::Done { exchange_pub, exchange_sig }, _) => {
            let CoinReturned { kind, exchange_status, exchange_pub, exchange_sig } =
                returned(*exchange_pub, *exchange_sig);
            CoinRefund::Success(CoinRefundReturned {
                rtransaction_id,
                coin_pub,
                refund_amount,
                execution_time,
                kind,
                exchange_status,
                exchange_pub,
                exchange_sig,
            })
        }
        (Outcome::Refused { status, code, reply }, _) => {
            failure(refused(*status, *code, reply.clone()))
        }
        (Outcome::Open, exchange_error) => failure(open(exchange_error.as_ref())),
    }
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
    let Unclaim { nonce, h_contract, unclaim_sig } = body.read().await?;
    let client = client(&request, &settings);
    till.unclaim(&instance, order_id, nonce, h_contract, unclaim_sig, client).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// A wallet that gives an order back.
#[derive(Deserialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct Unclaim {
    /// The key by which the wallet has claimed the order.
    nonce: PublicKey,
    /// The hash of the contract.
    h_contract: HashCode,
    /// The signature of that key over the hash.
    unclaim_sig: Signature,
}

/// How the API document describes these routes.
#[cfg(test)]
pub(in crate::http) fn operations() -> Vec<Operation> {
    const NAMED: &str = "The order's name.";
    const NOBODY: &[&str] = &["InstanceUnknown", "InstanceDeleted"];
    vec![
        get("/orders/{id}", "How an order stands; to browsers as a page")
            .at::<OrderId>(NAMED)
            .asks::<PublicOrderQuery>()
            .asks::<LongPollQuery>()
            .answers::<PaidForWallet>(200, "It is paid.")
            .shows(200, "", "text/html")
            .with(200, "Taler", false)
            .answers::<SoldElsewhere>(202, "It is another wallet's; there is a place to go to.")
            .done(302, "To browsers: what was bought is there.")
            .with(302, "Location", true)
            .done(303, "To browsers: what was bought is there.")
            .with(303, "Location", true)
            .answers::<ToBePaid>(402, "It is to be paid.")
            .shows(402, "", "text/html")
            .with(402, "Taler", true)
            .fails(NOBODY)
            .fails(&["OrderUnknown", "TokenWrong", "HashWrong", "OfferExpired", "InvalidField"]),
        post("/orders/{id}/claim", "A wallet takes the order, and gets the signed contract")
            .at::<OrderId>(NAMED)
            .reads::<Claim>()
            .answers::<ClaimedContract>(200, "The contract.")
            .fails(NOBODY)
            .fails(&["ClaimUnknown", "AlreadyClaimed", "TooManyWrites", "DiskReserve"]),
        post("/orders/{id}/pay", "A wallet pays with coins")
            .at::<OrderId>(NAMED)
            .reads::<Payment>()
            .answers::<PaymentReceipt>(200, "It is paid.")
            .fails(NOBODY)
            .fails(&[
                "OrderUnknown",
                "AlreadyPaid",
                "OfferExpired",
                "Refusal",
                "ExchangeErrorKind",
            ]),
        post("/orders/{id}/paid", "A wallet shows its receipt in another session")
            .at::<OrderId>(NAMED)
            .reads::<ReceiptReplay>()
            .answers::<ReceiptStatus>(200, "The payment counts for that session now.")
            .fails(NOBODY)
            .fails(&["OrderUnknown", "ReceiptWrong", "ContractMismatch"]),
        post("/orders/{id}/abort", "A wallet wants coins of an incomplete payment back")
            .at::<OrderId>(NAMED)
            .reads::<Abort>()
            .answers::<AbortAnswer>(200, "What became of each coin.")
            .fails(NOBODY)
            .fails(&["ContractUnknown", "AbortOfUnknown", "AbortOfOther", "PaymentComplete"])
            .fails(&["NothingToAbort"]),
        post("/orders/{id}/refund", "A wallet fetches what the shop has granted")
            .at::<OrderId>(NAMED)
            .reads::<RefundCollection>()
            .answers::<CollectedCoins>(200, "What became of each coin.")
            .done(204, "There is nothing to be had.")
            .fails(NOBODY)
            .fails(&["OrderUnknown", "OtherContract"]),
        post("/orders/{id}/unclaim", "A wallet gives an order back that it has not paid")
            .at::<OrderId>(NAMED)
            .reads::<Unclaim>()
            .done(204, "It can be claimed again.")
            .fails(NOBODY)
            .fails(&["ClaimUnknown", "UnclaimSignature", "TooManyWrites", "DiskReserve"]),
    ]
}
