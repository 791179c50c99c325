//! Collects refunds that the shop grants, and aborts incomplete payments
//! (merchant-api 3.7 and 3.8). What counts is the exchange's signature, not the shop's word.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;
use serde_json::json;

use super::contract::Contract;
use super::purchases::{self, Purchase, Spending, State};
use super::{Error, Wallet};
use taler::amount::Amount;
use taler::exchange::Keys;
use taler::ids::OrderId;
use taler::sign::exchange::RefundConfirmation;
use taler::sign::{PublicKey, Signature, Statement};
use taler::taler_uri::Refund;
use taler::web::BaseUrl;

/// The shop's word that it knows nothing of the order, or of a payment for it.
const UNKNOWN: [u32; 4] = [2000, 2005, 2253, 2300];
/// The shop's word that the order is paid and not to be called off.
const COMPLETE: u32 = 2254;
/// The status with which an exchange refuses a refund for good: it has paid the shop already.
const WIRED: u16 = 410;
/// The number of refunds that come of calling a payment off.
const ABORT_ID: u64 = 0;
/// How many purchases are looked at for refunds that a shop grants by itself.
const MAX_RECENT: i64 = 64;

/// A refund was picked up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refunded {
    /// The refunded order's ID.
    pub order: OrderId,
    /// What the shop calls it.
    pub summary: String,
    /// What the shop has granted in all.
    pub granted: Amount,
    /// What came back to the coins now, the exchange's fees taken off; nothing if it was there.
    pub arrived: Amount,
    /// How many coins' refunds the exchange has not confirmed yet.
    pub missing: usize,
    /// How many coins' refunds the exchange permanently refuses: the shop gives that back otherwise.
    pub refused: usize,
}

#[derive(Deserialize)]
struct RefundResponse {
    refund_amount: Amount,
    refunds: Vec<CoinRefund>,
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum CoinRefund {
    Success {
        exchange_pub: PublicKey,
        exchange_sig: Signature,
        rtransaction_id: u64,
        coin_pub: PublicKey,
        refund_amount: Amount,
    },
    Failure {
        #[serde(default)]
        exchange_status: u16,
    },
}

#[derive(Deserialize)]
struct AbortResponse {
    refunds: Vec<AbortStatus>,
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum AbortStatus {
    Success { exchange_pub: PublicKey, exchange_sig: Signature },
    Failure { exchange_status: u16 },
    Undeposited {},
}

/// The exchange's word that so much of a coin was refunded.
struct Confirmed {
    spending: Spending,
    confirmation: RefundConfirmation,
    amount: Amount,
    signer: PublicKey,
    sig: Signature,
}

/// What came of a refund.
pub(super) struct Collected {
    granted: Amount,
    arrived: Amount,
    missing: usize,
    refused: usize,
}

impl Wallet {
    /// Picks up what a `taler://refund/…` address announces. The coins can be spent again.
    ///
    /// # Errors
    /// [`Error::NotBought`] when this wallet has not paid for the order; whatever is wrong with the
    /// shop's or the exchange's answers.
    pub async fn refund(&self, uri: &str) -> Result<Refunded, Error> {
        let Refund { base, order } = Refund::parse(uri)?;
        let _turn = self.begin().await?;
        let wanted = order.clone();
        let found = self.look(move |db| purchases::find(db, &base, &wanted)).await?;
        let paid = found.filter(|purchase| purchase.state == State::Paid);
        let purchase = paid.ok_or(Error::NotBought)?;
        let contract = purchase.contract()?;
        let collected = self.collect(&purchase, &contract, self.0.patience).await?;
        Ok(Refunded {
            order,
            summary: contract.terms.summary,
            granted: collected.granted,
            arrived: collected.arrived,
            missing: collected.missing,
            refused: collected.refused,
        })
    }

    /// Picks up refunds that shops have promised in their contracts to grant by themselves, as long as
    /// they may (`auto_refund`). Returns what came back to the coins now.
    ///
    /// # Errors
    /// The first thing that went wrong; the other shops are asked all the same.
    pub async fn collect_auto_refunds(&self) -> Result<Vec<Refunded>, Error> {
        let _turn = self.begin().await?;
        let now = self.0.clock.now();
        let (mut arrived, mut failed) = (Vec::new(), None);
        for purchase in self.look(|db| purchases::recent(db, MAX_RECENT)).await? {
            let contract = purchase.contract()?;
            let until = contract
                .terms
                .auto_refund
                .map(|wait| contract.terms.timestamp.saturating_add(wait));
            if until.is_none_or(|until| until < now) {
                continue;
            }
            match self.collect(&purchase, &contract, self.0.patience).await {
                Ok(collected) if collected.arrived.is_zero() => {}
                Ok(collected) => arrived.push(Refunded {
                    order: purchase.order,
                    summary: contract.terms.summary,
                    granted: collected.granted,
                    arrived: collected.arrived,
                    missing: collected.missing,
                    refused: collected.refused,
                }),
                Err(error) => failed = failed.or(Some(error)),
            }
        }
        failed.map_or(Ok(arrived), Err)
    }

    /// Asks the shop for refunds, and keeps those that an exchange has signed.
    pub(super) async fn collect(
        &self,
        purchase: &Purchase,
        contract: &Contract,
        patience: Duration,
    ) -> Result<Collected, Error> {
        let zero = Amount::zero(*contract.terms.amount.currency());
        let body = json!({ "h_contract": contract.hash });
        let reply = self.0.http.insist_post(&purchase.url("refund"), &body, patience).await?;
        if reply.status == 204 {
            return Ok(Collected { granted: zero, arrived: zero, missing: 0, refused: 0 });
        }
        let RefundResponse { refund_amount: granted, refunds } = reply.success()?;
        if granted.currency() != zero.currency() {
            return Err(Error::Nonsense("the refund is in another currency"));
        }
        let serial = purchase.serial;
        let spendings = self.look(move |db| purchases::spendings(db, serial)).await?;
        let (mut confirmed, mut missing, mut refused) = (Vec::new(), 0_usize, 0_usize);
        for refund in refunds {
            let (exchange_pub, exchange_sig, rtransaction_id, coin_pub, refund_amount) =
                match refund {
                    CoinRefund::Success {
                        exchange_pub,
                        exchange_sig,
                        rtransaction_id,
                        coin_pub,
                        refund_amount,
                    } => (exchange_pub, exchange_sig, rtransaction_id, coin_pub, refund_amount),
                    CoinRefund::Failure { exchange_status: WIRED } => {
                        refused = refused.saturating_add(1);
                        continue;
                    }
                    CoinRefund::Failure { .. } => {
                        missing = missing.saturating_add(1);
                        continue;
                    }
                };
            let ours = spendings.iter().find(|spending| spending.coin_pub == coin_pub);
            // Another wallet may have paid, too.
            let Some(spending) = ours.cloned() else { continue };
            let confirmation = RefundConfirmation {
                h_contract: contract.hash,
                coin_pub,
                merchant_pub: contract.terms.merchant_pub,
                rtransaction_id,
                amount: refund_amount.to_nbo(),
            };
            let (amount, signer, sig) = (refund_amount, exchange_pub, exchange_sig);
            confirmed.push(Confirmed { spending, confirmation, amount, signer, sig });
        }
        let arrived = self.store_refunds(confirmed, zero, patience).await?;
        Ok(Collected { granted, arrived, missing, refused })
    }

    /// Books refunds, if keys of the coins' exchanges have signed all of them. Returns what is new.
    async fn store_refunds(
        &self,
        confirmed: Vec<Confirmed>,
        zero: Amount,
        patience: Duration,
    ) -> Result<Amount, Error> {
        let now = self.0.clock.now();
        let mut keys: BTreeMap<BaseUrl, Keys> = BTreeMap::new();
        for one in &confirmed {
            let exchange = &one.spending.exchange;
            if !keys.contains_key(exchange) {
                keys.insert(exchange.clone(), self.keys(exchange, patience).await?);
            }
            let is_known =
                keys.get(exchange).is_some_and(|keys| keys.is_evidence(&one.signer, now));
            if !is_known || !one.confirmation.verify(&one.signer, &one.sig) {
                return Err(Error::Nonsense("the exchange has not signed the refund"));
            }
        }
        self.change(move |tx| {
            let mut arrived = zero;
            for one in confirmed {
                let Confirmed { spending, confirmation, amount, signer, sig } = one;
                let net = purchases::refunded(
                    tx,
                    &spending,
                    &confirmation,
                    &amount,
                    (&signer, &sig),
                    now,
                )?;
                arrived = arrived.checked_add(&net.unwrap_or(zero))?;
            }
            Ok(arrived)
        })
        .await
    }

    /// Asks the shop what it has of a payment that is called off, and takes back the rest.
    pub(super) async fn finish_abort(
        &self,
        purchase: &Purchase,
        patience: Duration,
    ) -> Result<(), Error> {
        let (serial, contract) = (purchase.serial, purchase.contract()?);
        let spendings = self.look(move |db| purchases::spendings(db, serial)).await?;
        if spendings.is_empty() {
            return self.release_rest(purchase).await;
        }
        let coins: Vec<_> = spendings
            .iter()
            .map(|spending| {
                json!({
                    "coin_pub": spending.coin_pub,
                    "contribution": spending.contribution,
                    "exchange_url": spending.exchange,
                })
            })
            .collect();
        let body = json!({ "h_contract": contract.hash, "coins": coins });
        let reply = self.0.http.insist_post(&purchase.url("abort"), &body, patience).await?;
        match (reply.status, reply.code()) {
            (404, code) if UNKNOWN.contains(&code) => return self.release_rest(purchase).await,
            (412, COMPLETE) => {
                // Then it will give us the receipt.
                self.change(move |tx| purchases::set_state(tx, serial, State::Paying, None))
                    .await?;
                return Err(reply.refusal());
            }
            _ => {}
        }
        let AbortResponse { refunds } = reply.success()?;
        if refunds.len() != spendings.len() {
            return Err(Error::Nonsense("the shop has not said what became of each coin"));
        }
        let (mut confirmed, mut free, mut is_open) = (Vec::new(), Vec::new(), false);
        for (spending, status) in spendings.into_iter().zip(refunds) {
            match status {
                AbortStatus::Success { exchange_pub: signer, exchange_sig: sig } => {
                    let amount = spending.contribution;
                    let confirmation = RefundConfirmation {
                        h_contract: contract.hash,
                        coin_pub: spending.coin_pub,
                        merchant_pub: contract.terms.merchant_pub,
                        rtransaction_id: ABORT_ID,
                        amount: amount.to_nbo(),
                    };
                    confirmed.push(Confirmed { spending, confirmation, amount, signer, sig });
                }
                // The exchange has never seen it. Should that be a lie, the next shop finds out, and
                // the coin is not used again.
                AbortStatus::Undeposited {} | AbortStatus::Failure { exchange_status: 404 } => {
                    free.push(spending);
                }
                AbortStatus::Failure { exchange_status: 0 | 408 | 429 | 500.. } => is_open = true,
                AbortStatus::Failure { exchange_status } => log::warn!(
                    "wallet: the exchange keeps {} of a payment that was called off [{exchange_status}]",
                    spending.contribution
                ),
            }
        }
        let zero = Amount::zero(*contract.terms.amount.currency());
        self.store_refunds(confirmed, zero, patience).await?;
        self.change(move |tx| {
            free.iter().try_for_each(|spending| purchases::release(tx, spending))?;
            if is_open { Ok(()) } else { close(tx, serial) }
        })
        .await?;
        if is_open {
            return Err(Error::Nonsense("the exchange has not answered the shop yet"));
        }
        Ok(())
    }

    /// Nothing of the payment is anywhere else, but for what an exchange has spoken of.
    pub(super) async fn release_rest(&self, purchase: &Purchase) -> Result<(), Error> {
        let serial = purchase.serial;
        self.change(move |tx| {
            for spending in purchases::spendings(tx, serial)? {
                purchases::release(tx, &spending)?;
            }
            close(tx, serial)
        })
        .await
    }
}

/// A payment is called off. If the exchange never heard of it, the order can be paid once more;
/// otherwise coins and contract would be the same as before, which exchanges take for a repetition.
fn close(tx: &rusqlite::Transaction<'_>, purchase: i64) -> Result<(), Error> {
    let is_free = purchases::spendings(tx, purchase)?.is_empty();
    let state = if is_free { State::Claimed } else { State::Aborted };
    purchases::set_state(tx, purchase, state, None)
}
