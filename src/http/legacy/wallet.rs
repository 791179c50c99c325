//! What wallets and browsers of 2019 ask: claim an order, see how it stands, fetch its refunds (legacy-2019 6
//! and 7).

use actix_web::HttpResponse;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::super::error::{Answer, Failure};
#[cfg(test)]
use super::super::openapi::{
    operation::{Operation, get},
    values,
};
use super::super::orders::{terms, wallet};
use super::super::origin;
#[cfg(test)]
use super::InstanceQuery;
use super::{UnpaidOrder, Visit, refunded};
use crate::model::order::ClaimToken;
use crate::till::{CollectedRefund, PaymentState, Poll2019};
use taler::amount::Amount;
use taler::base32::{Bytes, HashCode};
use taler::ids::{OrderId, SessionId};
use taler::sign::{PublicKey, Signature};

/// Which order a wallet asks about.
#[derive(Deserialize)]
#[cfg_attr(test, derive(utoipa::ToSchema), schema(as = PollPaymentQuery2019))]
struct PollPaymentQuery {
    /// The order's name.
    order_id: OrderId,
    /// The hash of the contract.
    h_contract: HashCode,
    /// The session that must have paid: another session's payment does not count.
    session_id: Option<SessionId>,
    /// With `timeout`: wait until so much is refunded.
    refund: Option<Amount>,
    /// How long to wait, in seconds. tilld waits for at most 50 seconds (the setting `polls.max_wait_s`).
    #[cfg_attr(test, schema(value_type = Option<values::WaitSeconds>))]
    timeout: Option<String>,
    /// The same in milliseconds. It counts without `timeout`.
    #[cfg_attr(test, schema(value_type = Option<values::Milliseconds>))]
    timeout_ms: Option<String>,
    /// Where the contract is, if the shop sends wallets to an address of its own.
    #[cfg_attr(test, schema(example = "https://shop.example/contract/7"))]
    contract_url: Option<String>,
}

/// How an order stands, for its wallet.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema), schema(as = PolledOrder2019))]
#[serde(untagged)]
enum PolledOrder {
    /// It is paid.
    Paid(PolledPaidOrder),
    /// It is not paid.
    Unpaid(Box<UnpaidOrder>),
}

/// An order that is paid.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema), schema(as = PolledPaidOrder2019))]
struct PolledPaidOrder {
    /// True.
    #[cfg_attr(test, schema(value_type = values::Yes))]
    paid: bool,
    /// Whether the shop has refunded something of it.
    refunded: bool,
    /// What the shop has refunded, if it has.
    #[serde(skip_serializing_if = "Option::is_none")]
    refund_amount: Option<Amount>,
}

/// A wallet's claim.
#[derive(Deserialize)]
#[cfg_attr(test, derive(utoipa::ToSchema), schema(as = ProposalQuery2019))]
struct ProposalQuery {
    /// The order's name.
    order_id: OrderId,
    /// A fresh key of the wallet, which becomes part of the contract.
    #[cfg_attr(test, schema(value_type = PublicKey))]
    nonce: Bytes<32>,
    /// The order's claim token, if it has one.
    #[cfg_attr(test, schema(value_type = Option<values::ClaimToken>))]
    token: Option<ClaimToken>,
}

/// Which order's refunds a wallet fetches.
#[derive(Deserialize)]
#[cfg_attr(test, derive(utoipa::ToSchema), schema(as = CollectionQuery2019))]
struct CollectionQuery {
    /// The order's name.
    order_id: OrderId,
    /// The hash of the contract.
    h_contract: Option<HashCode>,
}

/// What a wallet gets of the refunds of an order.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema), schema(as = CollectedCoins2019))]
struct CollectedCoins {
    /// The refunds, coin by coin. What was paid at the counter goes back there and is not among them.
    refunds: Vec<CoinRefund>,
    /// The shop's key, with which the refunds were asked for.
    merchant_pub: PublicKey,
    /// The hash of the contract, for clients that show it.
    #[serde(skip_serializing_if = "Option::is_none")]
    h_contract_terms: Option<HashCode>,
}

impl Visit {
    /// `GET /public/poll-payment`.
    pub(super) async fn poll_payment(self) -> Answer {
        let instance = self.instance().await?;
        let asked: PollPaymentQuery = self.params.read()?;
        let wait_limit = self.wait_limit(asked.timeout.as_deref(), asked.timeout_ms.as_deref())?;
        let session = asked.session_id;
        let ask = Poll2019 {
            order_id: asked.order_id,
            h_contract: asked.h_contract,
            session: session.clone(),
            refund: asked.refund,
        };
        let (order, state) = self.till.poll_2019(&instance, ask, wait_limit).await?;
        let body = if state == PaymentState::Paid {
            PolledOrder::Paid(PolledPaidOrder {
                paid: true,
                refunded: refunded(&order).is_some(),
                refund_amount: refunded(&order),
            })
        } else {
            let session = session.as_ref();
            let unpaid = self.unpaid(&instance, &order, &state, session, asked.contract_url)?;
            PolledOrder::Unpaid(Box::new(unpaid))
        };
        Ok(HttpResponse::Ok().json(body))
    }

    /// `GET /public/proposal`: a claim.
    pub(super) async fn proposal(self) -> Answer {
        let instance = self.instance().await?;
        let ProposalQuery { order_id, nonce, token } = self.params.read()?;
        let nonce = PublicKey::new(*nonce.as_bytes());
        let client = origin::client(&self.request, &self.settings);
        let claimed = self.till.claim(&instance, order_id, nonce, token, client).await?;
        Ok(HttpResponse::Ok().json(wallet::ClaimedContract {
            contract_terms: terms(&claimed.contract)?,
            sig: claimed.sig,
        }))
    }

    /// `GET /public/refund`: coins that are refunded. Money from the counter goes back there. The
    /// contract's hash, which gives access to the order by today's API, is sent to a client that shows it.
    pub(super) async fn pick_up(self) -> Answer {
        let instance = self.instance().await?;
        let CollectionQuery { order_id, h_contract } = self.params.read()?;
        let (order, merchant_pub) = self.till.refunds_of(&instance, &order_id)?;
        if order.refund_granted.is_zero() {
            return Err(Failure::NoRefund);
        }
        let picked = self.till.collect_refunds(&instance, order_id, h_contract).await?;
        let picked = picked.map(|picked| picked.refunds).unwrap_or_default();
        Ok(HttpResponse::Ok().json(CollectedCoins {
            refunds: picked.iter().map(coin_refund).collect(),
            merchant_pub,
            h_contract_terms: h_contract,
        }))
    }
}

/// A coin's refund in the words of April 2020, when the backend redeemed it.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema), schema(as = CoinRefund2019))]
#[serde(untagged)]
enum CoinRefund {
    /// The exchange has given it back.
    Returned(CoinReturned),
    /// The exchange has not given it back, or not yet.
    Refused(CoinRefused),
}

/// A refund of a coin that the exchange has made.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema), schema(as = CoinReturned2019))]
struct CoinReturned {
    /// Tells the refunds of a coin apart.
    #[cfg_attr(test, schema(value_type = values::RefundNumber))]
    rtransaction_id: u64,
    /// The coin's key, which names it.
    coin_pub: PublicKey,
    /// How much of the coin, the refund fee included.
    refund_amount: Amount,
    /// The exchange's refund fee.
    refund_fee: Amount,
    /// The HTTP status of the exchange's answer: 200.
    #[cfg_attr(test, schema(value_type = values::HttpStatus))]
    exchange_http_status: u16,
    /// The key by which the exchange has signed.
    exchange_pub: PublicKey,
    /// The exchange's signature that it gives the coin back.
    exchange_sig: Signature,
}

/// A refund of a coin that the exchange has not made, or not yet.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema), schema(as = CoinRefused2019))]
struct CoinRefused {
    /// Tells the refunds of a coin apart.
    #[cfg_attr(test, schema(value_type = values::RefundNumber))]
    rtransaction_id: u64,
    /// The coin's key, which names it.
    coin_pub: PublicKey,
    /// How much of the coin, the refund fee included.
    refund_amount: Amount,
    /// The exchange's refund fee.
    refund_fee: Amount,
    /// The HTTP status of the exchange's answer; 504 if there was none.
    #[cfg_attr(test, schema(value_type = values::HttpStatus))]
    exchange_http_status: u16,
    /// The Taler code of its answer; 0 if it gave none.
    #[cfg_attr(test, schema(value_type = values::ErrorCode))]
    exchange_code: u32,
    /// Its answer; an empty object if there was none.
    #[cfg_attr(test, schema(value_type = values::AnyObject))]
    exchange_reply: Value,
}

fn coin_refund(picked: &CollectedRefund) -> CoinRefund {
    let refund_fee = picked.fee;
    match wallet::coin_refund(picked) {
        wallet::CoinRefund::Success(coin) => CoinRefund::Returned(CoinReturned {
            rtransaction_id: coin.rtransaction_id,
            coin_pub: coin.coin_pub,
            refund_amount: coin.refund_amount,
            refund_fee,
            exchange_http_status: coin.exchange_status,
            exchange_pub: coin.exchange_pub,
            exchange_sig: coin.exchange_sig,
        }),
        wallet::CoinRefund::Failure(coin) => CoinRefund::Refused(CoinRefused {
            rtransaction_id: coin.rtransaction_id,
            coin_pub: coin.coin_pub,
            refund_amount: coin.refund_amount,
            refund_fee,
            exchange_http_status: coin.exchange_status,
            exchange_code: coin.exchange_code,
            exchange_reply: coin.exchange_reply,
        }),
    }
}

/// How the API document describes these routes.
#[cfg(test)]
pub(super) fn operations() -> Vec<Operation> {
    const NOBODY: &[&str] = &["InstanceUnknown", "InstanceDeleted"];
    vec![
        get("/poll-payment", "How an order stands, for its wallet")
            .asks::<PollPaymentQuery>()
            .asks::<InstanceQuery>()
            .answers::<PolledOrder>(200, "The order, paid or not.")
            .fails(NOBODY)
            .fails(&["ContractUnknown", "InvalidField"]),
        get("/proposal", "A wallet takes the order, and gets the signed contract")
            .asks::<ProposalQuery>()
            .asks::<InstanceQuery>()
            .answers::<wallet::ClaimedContract>(200, "The contract.")
            .fails(NOBODY)
            .fails(&["ClaimUnknown", "AlreadyClaimed", "TooManyWrites", "DiskReserve"]),
        get("/refund", "A wallet fetches what the shop has granted")
            .asks::<CollectionQuery>()
            .asks::<InstanceQuery>()
            .answers::<CollectedCoins>(200, "What became of each coin.")
            .fails(NOBODY)
            .fails(&["OrderUnknown", "NoRefund", "OtherContract"]),
    ]
}
