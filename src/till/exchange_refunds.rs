//! Refunds coins at their exchanges: refunds that wallets collect, payments that are
//! aborted, coins that arrived too late (merchant-api 3.7 and 3.8, crypto 14.3).
//!
//! Each refund is stored before the exchange is asked, and the request is repeated until it has
//! answered: at once, and then by `pending`.

use std::collections::BTreeSet;
use std::fmt;

use futures_util::future::join_all;

use super::exchange_error::ExchangeError;
use super::lookup::{order, order_again};
use super::pay::ledger::OrderLedger;
use super::{Error, Till};
use crate::exchange;
use crate::model::order::{Order, OrderSerial, RefundSerial};
use crate::store::coin_refunds::{self, CoinRefund, CoinRefundSerial, NewCoinRefund, Outcome};
use crate::store::deposits::{self, Deposit};
use crate::store::{self, Lane, Tx, instances, orders, partial_payments, refunds};
use taler::amount::Amount;
use taler::base32::HashCode;
use taler::ids::{InstanceId, OrderId};
use taler::sign::merchant::RefundRequest;
use taler::sign::{PublicKey, Signature, Statement};
use taler::time::Timestamp;
use taler::web::BaseUrl;

/// The answer to a wallet that collects its refunds.
#[derive(Debug)]
pub struct CollectedRefunds {
    /// The refunded order.
    pub order: Order,
    /// The shop's key, with which the refunds were asked for.
    pub merchant_pub: PublicKey,
    /// The refunds, coin by coin.
    pub refunds: Vec<CollectedRefund>,
}

/// The result for one coin.
#[derive(Debug)]
pub struct CollectedRefund {
    /// The refund, with what the exchange has said to it.
    pub refund: CoinRefund,
    /// The exchange's refund fee.
    pub fee: Amount,
    /// The current obstacle; a retry may succeed.
    pub exchange_error: Option<ExchangeError>,
}

/// The result for a coin of an aborted payment.
#[derive(Debug)]
pub enum Aborted {
    /// It is refunded.
    Done {
        /// The exchange's signing key.
        exchange_pub: PublicKey,
        /// The exchange's signature of the refund.
        exchange_sig: Signature,
    },
    /// The exchange will never refund it.
    Refused {
        /// The HTTP status of its answer.
        status: u16,
        /// The exchange's error code.
        code: Option<u32>,
        /// The exchange's answer.
        reply: serde_json::Value,
    },
    /// It is not refunded yet; what stands in the way, if that is known.
    Open(Option<ExchangeError>),
    /// It was never deposited.
    Undeposited,
}

impl Till {
    /// Gives a wallet the refunds of its order: sends those to the exchange that are not there yet.
    /// Asked again, it gives the same answer. `None` when the order was not paid with coins. Wallets
    /// show by `h_contract` that the contract is theirs; those of 2019 knew only the order.
    ///
    /// # Errors
    /// [`Error::OrderUnknown`], [`Error::OtherContract`].
    pub async fn collect_refunds(
        &self,
        instance: &InstanceId,
        order_id: OrderId,
        h_contract: Option<HashCode>,
    ) -> Result<Option<CollectedRefunds>, Error> {
        let shop = self.shop(instance)?;
        let there = self.store.read_in_place(|db| order(db, shop.serial, &order_id))?;
        if h_contract.is_some_and(|hash| !there.hash_fits(Some(&hash))) {
            return Err(Error::OtherContract);
        }
        let ledger = self.ledger(there.serial, &order_id)?;
        if ledger.order.paid.is_none() || ledger.collected().next().is_none() {
            return Ok(None);
        }
        let (till, serial, merchant_pub) = (self.clone(), there.serial, shop.public_key);
        // In a task of its own, as a payment is.
        let task = tokio::spawn(async move {
            till.store
                .write_in(Lane::Strangers, move |tx| coin_refunds::request_all(tx, serial))
                .await?;
            till.send_refunds(serial).await
        });
        let obstacles = task.await.unwrap_or(Err(Error::Store(store::Error::Panicked)))?;
        let ledger = self.ledger(serial, &order_id)?;
        let trouble_of = |serial: CoinRefundSerial| {
            let found = obstacles.iter().find(|(of, _)| *of == serial);
            found.map(|(_, exchange_error)| exchange_error.clone())
        };
        let granted = ledger.refunds.into_iter().filter(|refund| refund.grant.is_some());
        let refunds = granted.filter_map(|refund| {
            let deposit =
                ledger.deposits.iter().find(|deposit| deposit.serial == refund.deposit)?;
            let (exchange_error, fee) = (trouble_of(refund.serial), deposit.what.refund_fee);
            Some(CollectedRefund { refund, fee, exchange_error })
        });
        Ok(Some(CollectedRefunds { order: ledger.order, merchant_pub, refunds: refunds.collect() }))
    }

    /// Gives coins of an unfinished payment back. What became of each, in the same order.
    ///
    /// # Errors
    /// [`Error::ContractUnknown`], [`Error::AbortOfOther`], [`Error::PaymentComplete`].
    pub async fn abort(
        &self,
        instance: &InstanceId,
        order_id: OrderId,
        h_contract: HashCode,
        coins: Vec<PublicKey>,
    ) -> Result<Vec<Aborted>, Error> {
        let shop = self.shop(instance)?;
        let found = self.store.read_in_place(|db| orders::find(db, shop.serial, &order_id))?;
        let there = found.filter(|order| order.claim.is_some()).ok_or(Error::AbortOfUnknown)?;
        if !there.hash_fits(Some(&h_contract)) {
            return Err(Error::AbortOfOther);
        }
        let till = self.clone();
        let task =
            tokio::spawn(async move { till.abort_coins(there.serial, order_id, coins).await });
        task.await.unwrap_or(Err(Error::Store(store::Error::Panicked)))
    }

    async fn abort_coins(
        &self,
        serial: OrderSerial,
        order_id: OrderId,
        coins: Vec<PublicKey>,
    ) -> Result<Vec<Aborted>, Error> {
        let lock = self.locks.take(serial).await.ok_or(Error::Overloaded)?;
        let now = self.clock.now();
        let meant = coins.clone();
        let wanted = order_id.clone();
        self.store
            .write_in(Lane::Strangers, move |tx| {
                let ledger = OrderLedger::of(tx, order_again(tx, serial, &wanted)?)?;
                if ledger.order.paid.is_some() {
                    return Err(Error::PaymentComplete);
                }
                let meant = |deposit: &&Deposit| meant.contains(&deposit.what.coin.coin_pub);
                refund_coins(tx, ledger.deposits.iter().filter(meant), now)
            })
            .await?;
        drop(lock);
        let obstacles = self.send_refunds(serial).await?;
        let ledger = self.ledger(serial, &order_id)?;
        let aborted = coins.iter().map(|coin| {
            let of_coin =
                |refund: &&CoinRefund| refund.coin.coin_pub == *coin && refund.grant.is_none();
            let Some(refund) = ledger.refunds.iter().find(of_coin) else {
                return Aborted::Undeposited;
            };
            match &refund.outcome {
                Outcome::Done { exchange_pub, exchange_sig } => {
                    Aborted::Done { exchange_pub: *exchange_pub, exchange_sig: *exchange_sig }
                }
                Outcome::Refused { status, code, reply } => {
                    Aborted::Refused { status: *status, code: *code, reply: reply.clone() }
                }
                Outcome::Open => {
                    let of_refund = obstacles.iter().find(|(of, _)| *of == refund.serial);
                    match of_refund.map(|(_, exchange_error)| exchange_error) {
                        // Should it arrive there all the same, it is refunded then.
                        Some(found) if found.cause.was_never_there() => Aborted::Undeposited,
                        found => Aborted::Open(found.cloned()),
                    }
                }
            }
        });
        Ok(aborted.collect())
    }

    /// Asks the exchanges for all refunds of an order that are wanted and have no answer yet, each for
    /// its own while the others are asked for theirs, and keeps what they say. What stood in the way of
    /// those that are still open.
    async fn send_refunds(
        &self,
        serial: OrderSerial,
    ) -> Result<Vec<(CoinRefundSerial, ExchangeError)>, Error> {
        let refunds = self.store.read_in_place(|db| coin_refunds::of_order(db, serial))?;
        let open = refunds.into_iter().filter(is_to_be_sent);
        let exchanges: BTreeSet<BaseUrl> = open.map(|refund| refund.coin.exchange_url).collect();
        let asked = exchanges.iter().map(|url| self.send_refunds_to(serial, url));
        let answers: Result<Vec<_>, _> = join_all(asked).await.into_iter().collect();
        Ok(answers?.into_iter().flatten().collect())
    }

    /// Asks the exchange at `url` for those refunds of an order, one after the other. One that does not
    /// answer is not asked for the others.
    pub(super) async fn send_refunds_to(
        &self,
        serial: OrderSerial,
        url: &BaseUrl,
    ) -> Result<Vec<(CoinRefundSerial, ExchangeError)>, Error> {
        let _lock = self.locks.take_at(serial, url).await.ok_or(Error::Overloaded)?;
        let found = self.store.read_in_place::<_, Error>(|db| {
            let Some(order) = orders::find_by_serial(db, serial)? else { return Ok(None) };
            let refunds = coin_refunds::of_order(db, serial)?;
            let deposits = deposits::of_order(db, serial)?;
            let key = instances::refund_key(db, order.instance)?;
            Ok(key.map(|key| (order, refunds, deposits, key)))
        })?;
        // Without the shop's key nothing can be asked for; `tilld check` says so.
        let Some((order, refunds, deposits, key)) = found else { return Ok(Vec::new()) };
        let Some(claim) = order.claim else { return Ok(Vec::new()) };
        let (h_contract, merchant_pub) = (claim.h_contract, key.public_key());
        let mut obstacles: Vec<(CoinRefundSerial, ExchangeError)> = Vec::new();
        let mut refused = Vec::new();
        let mut silent: Option<ExchangeError> = None;
        let open = refunds.into_iter().filter(is_to_be_sent);
        for refund in open.filter(|refund| refund.coin.exchange_url == *url) {
            if let Some(exchange_error) = &silent {
                obstacles.push((refund.serial, exchange_error.clone()));
                continue;
            }
            let request = RefundRequest {
                h_contract,
                coin_pub: refund.coin.coin_pub,
                rtransaction_id: refund.rtransaction_id,
                amount: refund.amount.to_nbo(),
            };
            let request = exchange::CoinRefund {
                coin_pub: refund.coin.coin_pub,
                h_contract,
                merchant_pub,
                rtransaction_id: refund.rtransaction_id,
                amount: refund.amount,
                merchant_sig: request.sign(&key),
            };
            let deposit = deposits.iter().find(|deposit| deposit.serial == refund.deposit);
            // An exchange may know nothing of a coin that it has not confirmed.
            let unconfirmed =
                deposit.filter(|deposit| refund.grant.is_none() && deposit.confirmation.is_none());
            match (self.ask_refund(&refund, &request).await, unconfirmed) {
                (Err(exchange_error), Some(deposit)) if exchange_error.cause.was_never_there() => {
                    if self.may_be_on_its_way(deposit) {
                        obstacles.push((refund.serial, exchange_error));
                    } else {
                        self.drop_unseen(deposit).await?;
                    }
                }
                (Err(exchange_error), _) => match refused_for_good(exchange_error) {
                    Ok(outcome) => {
                        RefusedRefund::add(&mut refused, &refund, &outcome);
                        self.record_outcome(serial, refund, outcome).await?;
                    }
                    Err(exchange_error) => {
                        silent = exchange_error.cause.is_silence().then(|| exchange_error.clone());
                        obstacles.push((refund.serial, exchange_error));
                    }
                },
                (Ok(outcome), _) => self.record_outcome(serial, refund, outcome).await?,
            }
        }
        for refusal in refused {
            log::warn!("order {}: {refusal}", order.order_id);
        }
        Ok(obstacles)
    }

    /// Lets go of a coin that was to be refunded, and that the exchange has never seen: it may pay
    /// as if it had not been here.
    async fn drop_unseen(&self, deposit: &Deposit) -> Result<(), Error> {
        let (serial, sent_at) = (deposit.serial, deposit.sent_at);
        let forgotten = self.store.write(move |tx| {
            coin_refunds::drop(tx, serial)?;
            deposits::drop(tx, serial, sent_at)?;
            // A deleted shop kept its key for this.
            instances::finish_deletions(tx)
        });
        forgotten.await.map_err(|error: store::Error| error.into())
    }

    /// Asks an exchange for one refund; what it has done.
    async fn ask_refund(
        &self,
        refund: &CoinRefund,
        request: &exchange::CoinRefund,
    ) -> Result<Outcome, ExchangeError> {
        let url = &refund.coin.exchange_url;
        let Some(exchange) = self.exchange(url) else {
            // The exchange is no longer trusted; it is not asked until it is trusted again.
            return Err(ExchangeError::at(url, exchange::Error::Unreachable("not trusted".into())));
        };
        let answer = async {
            let keys = exchange.keys().await?;
            exchange.refund(&keys, request).await
        };
        match answer.await {
            Ok(done) => {
                self.note_answer(url);
                Ok(Outcome::Done {
                    exchange_pub: done.exchange_pub,
                    exchange_sig: done.exchange_sig,
                })
            }
            Err(error) => Err(ExchangeError::at(url, error)),
        }
    }

    /// Keeps the exchange's answer to a refund; with the last one of a grant, the customer has it.
    async fn record_outcome(
        &self,
        serial: OrderSerial,
        refund: CoinRefund,
        outcome: Outcome,
    ) -> Result<(), Error> {
        let now = self.clock.now();
        self.store
            .write(move |tx| {
                let Some(order) = orders::find_by_serial(tx, serial)? else { return Ok(()) };
                coin_refunds::record_outcome(tx, refund.serial, &outcome)?;
                let mut ledger = OrderLedger::of(tx, order)?;
                if let Some(grant) = refund.grant
                    && ledger.has_grant(grant)
                {
                    refunds::mark_collected(tx, grant, now)?;
                }
                // What was refunded over the counter is not counted here.
                if !ledger.at_counter {
                    ledger.order.refund_taken = ledger.taken()?;
                    ledger.order.refund_refused = ledger.refused()?;
                }
                orders::set_refunds(tx, &ledger.order)?;
                // A deleted shop kept its key for this.
                Ok::<_, Error>(instances::finish_deletions(tx)?)
            })
            .await
    }

    /// Gives the coins of an order back that did not suffice in time: no others can join them any
    /// more, and a wallet that is gone for good never calls the payment off.
    pub(super) async fn refund_incomplete(
        &self,
        serial: OrderSerial,
        now: Timestamp,
    ) -> Result<(), Error> {
        // A payment in progress began in time and may still complete.
        if self.locks.is_taken(serial) {
            return Ok(());
        }
        let _lock = self.locks.take(serial).await.ok_or(Error::Overloaded)?;
        self.store
            .write(move |tx| {
                let Some(order) = orders::find_by_serial(tx, serial)? else { return Ok(()) };
                let ledger = OrderLedger::of(tx, order)?;
                if ledger.order.paid.is_none() {
                    refund_coins(tx, ledger.collected(), now)?;
                }
                Ok::<_, Error>(partial_payments::delete(tx, serial)?)
            })
            .await
    }
}

impl OrderLedger {
    /// Whether the customer has collected all of this grant.
    fn has_grant(&self, grant: RefundSerial) -> bool {
        let mut parts = self.refunds.iter().filter(|refund| refund.grant == Some(grant));
        parts.all(|refund| matches!(refund.outcome, Outcome::Done { .. }))
    }

    /// All that exchanges have permanently refused of what the shop granted; `None`: nothing.
    fn refused(&self) -> Result<Option<Amount>, Error> {
        let refused = self.refunds.iter().filter(|refund| {
            refund.grant.is_some() && matches!(refund.outcome, Outcome::Refused { .. })
        });
        let currency = *self.order.amount.currency();
        let sum = Amount::sum(currency, refused.map(|refund| &refund.amount));
        let sum = sum.map_err(|_| Error::Damaged("its refunds cannot be added up".into()))?;
        Ok(Some(sum).filter(|sum| !sum.is_zero()))
    }

    /// All that the exchange has refunded of what the shop granted.
    fn taken(&self) -> Result<Amount, Error> {
        let done = self.refunds.iter().filter(|refund| {
            refund.grant.is_some() && matches!(refund.outcome, Outcome::Done { .. })
        });
        let currency = *self.order.amount.currency();
        let sum = Amount::sum(currency, done.map(|refund| &refund.amount));
        sum.map_err(|_| Error::Damaged("its refunds cannot be added up".into()))
    }
}

/// Whether it is due and has no answer yet.
fn is_to_be_sent(refund: &CoinRefund) -> bool {
    refund.wanted && refund.outcome == Outcome::Open
}

/// What an exchange permanently refuses, and for the same reason, of the refunds that the shop has granted
/// of an order: a line of the log.
struct RefusedRefund {
    exchange_url: BaseUrl,
    amount: Amount,
    status: u16,
    code: Option<u32>,
}

impl RefusedRefund {
    /// Adds a coin's refund to the list, if the exchange permanently refuses it.
    fn add(reported: &mut Vec<Self>, refund: &CoinRefund, outcome: &Outcome) {
        let Outcome::Refused { status, code, .. } = outcome else { return };
        if refund.grant.is_none() {
            return;
        }
        let exchange_url = &refund.coin.exchange_url;
        let same = reported.iter_mut().find(|other| {
            other.exchange_url == *exchange_url && (other.status, other.code) == (*status, *code)
        });
        match same {
            Some(same) => {
                same.amount = same.amount.checked_add(&refund.amount).unwrap_or(same.amount);
            }
            None => reported.push(Self {
                exchange_url: exchange_url.clone(),
                amount: refund.amount,
                status: *status,
                code: *code,
            }),
        }
    }
}

impl fmt::Display for RefusedRefund {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { exchange_url, amount, status, code } = self;
        write!(f, "{exchange_url} permanently refused a refund of {amount} ({status}")?;
        if let Some(code) = code {
            write!(f, ", code {code}")?;
        }
        f.write_str("); the shop must refund it in another way")
    }
}

/// The outcome, if the exchange will never make the refund.
fn refused_for_good(exchange_error: ExchangeError) -> Result<Outcome, ExchangeError> {
    let is_final = exchange_error.cause.is_final_for_refund();
    match exchange_error.cause {
        exchange::Error::Refused { status, code, reply } if is_final => {
            Ok(Outcome::Refused { status, code, reply })
        }
        cause => Err(ExchangeError { cause, ..exchange_error }),
    }
}

/// Has whole coins refunded: their payment came to nothing. Those that were never sent to their
/// exchange are let go.
pub(super) fn refund_coins<'a>(
    tx: &mut Tx<'_>,
    coins: impl Iterator<Item = &'a Deposit>,
    now: Timestamp,
) -> Result<(), Error> {
    for deposit in coins {
        if !deposit.was_sent() {
            deposits::drop(tx, deposit.serial, None)?;
            continue;
        }
        let amount = deposit.what.coin.contribution;
        let refund = NewCoinRefund {
            deposit: deposit.serial,
            grant: None,
            amount,
            made_at: now,
            wanted: true,
        };
        coin_refunds::insert(tx, &refund)?;
    }
    Ok(())
}
