//! Money that goes back to the coins that it came from: refunds that wallets fetch, payments that are
//! aborted, payments that came too late (merchant-api 3.7 and 3.8, crypto 14.3).
//!
//! What is to be given back is kept before the exchange is asked, and asked for until it has
//! answered: at once, and then by the clock.

use super::pay::{Books, is_on_its_way};
use super::trouble::Trouble;
use super::wait::order;
use super::{Error, Till};
use crate::domain::amount::Amount;
use crate::domain::ids::{InstanceId, OrderId};
use crate::domain::instance::Instance;
use crate::domain::order::{Order, OrderSerial, RefundSerial};
use crate::domain::time::Timestamp;
use crate::exchange;
use crate::store::coin_refunds::{self, CoinRefund, CoinRefundSerial, NewCoinRefund, Outcome};
use crate::store::deposits::{self, Deposit};
use crate::store::{self, Tx, instances, orders, part_paid, refunds};
use crate::taler::base32::HashCode;
use crate::taler::sign::merchant::RefundRequest;
use crate::taler::sign::{PublicKey, Signature, Statement};

/// The status told of an exchange that gave no answer.
const NO_ANSWER: u16 = 504;

/// What a wallet gets that asks for its refunds.
#[derive(Debug)]
pub struct PickedUp {
    /// The order.
    pub order: Order,
    /// The shop's key, with which the refunds were asked for.
    pub merchant_pub: PublicKey,
    /// The refunds, coin by coin.
    pub refunds: Vec<PickedRefund>,
}

/// What a wallet gets for one coin.
#[derive(Debug)]
pub struct PickedRefund {
    /// The refund, with what the exchange has said to it.
    pub refund: CoinRefund,
    /// What the exchange takes of it.
    pub fee: Amount,
    /// What stood in the way just now.
    pub trouble: Option<Trouble>,
}

/// What became of a coin of an aborted payment.
#[derive(Debug)]
pub enum Aborted {
    /// It is given back.
    Done {
        /// The exchange's signing key.
        exchange_pub: PublicKey,
        /// Its signature.
        exchange_sig: Signature,
    },
    /// The exchange has not given it back, or not yet.
    Failed {
        /// The status of its answer; 504 if there was none.
        status: u16,
        /// Its code.
        code: Option<u32>,
        /// Its words.
        reply: serde_json::Value,
    },
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
    pub async fn pick_up_refunds(
        &self,
        instance: &InstanceId,
        order_id: OrderId,
        h_contract: Option<HashCode>,
    ) -> Result<Option<PickedUp>, Error> {
        let shop = self.shop(instance)?;
        let there = self.store.glance(|db| order(db, shop.serial, &order_id))?;
        if h_contract.is_some_and(|hash| !there.hash_fits(Some(&hash))) {
            return Err(Error::OtherContract);
        }
        let books = self.books(there.serial, &order_id)?;
        if books.order.paid.is_none() || books.collected().next().is_none() {
            return Ok(None);
        }
        let (till, serial, merchant_pub) = (self.clone(), there.serial, shop.public_key);
        // In a task of its own, as a payment is.
        let task = tokio::spawn(async move {
            till.store.write(move |tx| coin_refunds::want(tx, serial)).await?;
            till.send_refunds(serial, shop).await
        });
        let troubles = task.await.unwrap_or(Err(Error::Store(store::Error::Panicked)))?;
        let books = self.books(serial, &order_id)?;
        let trouble_of = |serial: CoinRefundSerial| {
            let found = troubles.iter().find(|(of, _)| *of == serial);
            found.map(|(_, trouble)| trouble.clone())
        };
        let granted = books.refunds.into_iter().filter(|refund| refund.grant.is_some());
        let refunds = granted.filter_map(|refund| {
            let deposit = books.deposits.iter().find(|deposit| deposit.serial == refund.deposit)?;
            let (trouble, fee) = (trouble_of(refund.serial), deposit.what.refund_fee);
            Some(PickedRefund { refund, fee, trouble })
        });
        Ok(Some(PickedUp { order: books.order, merchant_pub, refunds: refunds.collect() }))
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
        let found = self.store.glance(|db| orders::find(db, shop.serial, &order_id))?;
        let there = found.filter(|order| order.claim.is_some()).ok_or(Error::AbortOfUnknown)?;
        if !there.hash_fits(Some(&h_contract)) {
            return Err(Error::AbortOfOther);
        }
        let till = self.clone();
        let task =
            tokio::spawn(
                async move { till.abort_coins(shop, there.serial, order_id, coins).await },
            );
        task.await.unwrap_or(Err(Error::Store(store::Error::Panicked)))
    }

    async fn abort_coins(
        &self,
        shop: Instance,
        serial: OrderSerial,
        order_id: OrderId,
        coins: Vec<PublicKey>,
    ) -> Result<Vec<Aborted>, Error> {
        let turn = self.turns.take(serial).await.ok_or(Error::Crowded)?;
        let now = self.clock.now();
        let meant = coins.clone();
        let wanted = order_id.clone();
        self.store
            .write(move |tx| {
                let there = orders::find_by_serial(tx, serial)?;
                let books = Books::of(tx, there.ok_or(Error::OrderUnknown(wanted))?)?;
                if books.order.paid.is_some() {
                    return Err(Error::PaymentComplete);
                }
                let meant = |deposit: &&Deposit| meant.contains(&deposit.what.coin.coin_pub);
                let (sent, unsent): (Vec<_>, Vec<_>) =
                    books.deposits.iter().filter(meant).partition(|deposit| deposit.was_sent());
                for deposit in unsent {
                    deposits::drop(tx, deposit.serial, None)?;
                }
                give_back(tx, sent.into_iter(), now)
            })
            .await?;
        drop(turn);
        let troubles = self.send_refunds(serial, shop).await?;
        let books = self.books(serial, &order_id)?;
        let aborted = coins.iter().map(|coin| {
            let of_coin =
                |refund: &&CoinRefund| refund.coin.coin_pub == *coin && refund.grant.is_none();
            let Some(refund) = books.refunds.iter().find(of_coin) else {
                return Aborted::Undeposited;
            };
            match &refund.outcome {
                Outcome::Done { exchange_pub, exchange_sig } => {
                    Aborted::Done { exchange_pub: *exchange_pub, exchange_sig: *exchange_sig }
                }
                Outcome::Refused { status, code, reply } => {
                    Aborted::Failed { status: *status, code: *code, reply: reply.clone() }
                }
                Outcome::Open => {
                    let trouble = troubles.iter().find(|(of, _)| *of == refund.serial);
                    let (status, code, reply) = match trouble {
                        // Should it arrive there all the same, it is given back then.
                        Some((_, trouble)) if trouble.was_never_there() => {
                            return Aborted::Undeposited;
                        }
                        Some((_, trouble)) => {
                            let reply = trouble.reply.clone().unwrap_or_default();
                            (trouble.status(), trouble.code, reply)
                        }
                        None => (NO_ANSWER, None, serde_json::Value::Null),
                    };
                    Aborted::Failed { status, code, reply }
                }
            }
        });
        Ok(aborted.collect())
    }

    /// Asks the exchanges for all refunds of an order that are wanted and have no answer yet, and
    /// keeps what they say. What stood in the way of those that are still open.
    async fn send_refunds(
        &self,
        serial: OrderSerial,
        shop: Instance,
    ) -> Result<Vec<(CoinRefundSerial, Trouble)>, Error> {
        let _turn = self.turns.take(serial).await.ok_or(Error::Crowded)?;
        let Some(order) = self.store.glance(|db| orders::find_by_serial(db, serial))? else {
            return Ok(Vec::new());
        };
        let books = self.books(serial, &order.order_id)?;
        let key = shop.signing_key.ok_or(Error::InstanceDeleted(shop.id))?;
        let (Some(claim), merchant_pub) = (books.order.claim, shop.public_key) else {
            return Ok(Vec::new());
        };
        let h_contract = claim.h_contract;
        let mut troubles = Vec::new();
        for refund in books.refunds {
            if !refund.wanted || refund.outcome != Outcome::Open {
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
            let deposit = books.deposits.iter().find(|deposit| deposit.serial == refund.deposit);
            // An exchange may know nothing of a coin that it has not confirmed.
            let unconfirmed =
                deposit.filter(|deposit| refund.grant.is_none() && deposit.confirmation.is_none());
            match (self.ask_refund(&refund, &request).await, unconfirmed) {
                (Err(trouble), Some(deposit)) if trouble.was_never_there() => {
                    let now = self.clock.now();
                    if deposit.sent_at.is_some_and(|sent_at| is_on_its_way(sent_at, now)) {
                        troubles.push((refund.serial, trouble));
                    } else {
                        self.drop_unseen(deposit).await?;
                    }
                }
                (Err(trouble), _) => match refused_for_good(trouble) {
                    Ok(outcome) => self.settle(serial, refund, outcome).await?,
                    Err(trouble) => troubles.push((refund.serial, trouble)),
                },
                (Ok(outcome), _) => self.settle(serial, refund, outcome).await?,
            }
        }
        Ok(troubles)
    }

    /// Lets go of a coin that was to be given back, and that the exchange has never seen: it may pay
    /// as if it had not been here.
    async fn drop_unseen(&self, deposit: &Deposit) -> Result<(), Error> {
        let (serial, sent_at) = (deposit.serial, deposit.sent_at);
        let forgotten = self.store.write(move |tx| {
            coin_refunds::drop(tx, serial)?;
            deposits::drop(tx, serial, sent_at)
        });
        forgotten.await.map_err(|error: store::Error| error.into())
    }

    /// Asks an exchange for one refund; what it has done.
    async fn ask_refund(
        &self,
        refund: &CoinRefund,
        request: &exchange::CoinRefund,
    ) -> Result<Outcome, Trouble> {
        let url = &refund.coin.exchange_url;
        let Some(exchange) = self.exchange(url) else {
            // It was trusted once; until it is again, nobody can be asked.
            return Err(Trouble::at(url, exchange::Error::Unreachable("not trusted".into())));
        };
        let answer = async {
            let keys = exchange.keys().await?;
            exchange.refund(&keys, request).await
        };
        match answer.await {
            Ok(done) => Ok(Outcome::Done {
                exchange_pub: done.exchange_pub,
                exchange_sig: done.exchange_sig,
            }),
            Err(error) => Err(Trouble::at(url, error)),
        }
    }

    /// Keeps the exchange's answer to a refund; with the last one of a grant, the customer has it.
    async fn settle(
        &self,
        serial: OrderSerial,
        refund: CoinRefund,
        outcome: Outcome,
    ) -> Result<(), Error> {
        let now = self.clock.now();
        self.store
            .write(move |tx| {
                let Some(order) = orders::find_by_serial(tx, serial)? else { return Ok(()) };
                coin_refunds::settle(tx, refund.serial, &outcome)?;
                let mut books = Books::of(tx, order)?;
                if let Some(grant) = refund.grant
                    && books.has_grant(grant)
                {
                    refunds::take(tx, grant, now)?;
                }
                // What was given back over the counter is not counted here.
                if !books.at_counter {
                    books.order.refund_taken = books.taken()?;
                }
                Ok::<_, Error>(orders::set_refunds(tx, &books.order)?)
            })
            .await
    }

    /// Finishes what was begun with exchanges and has no end yet: coins of which nobody knows where
    /// they are, refunds that no exchange has answered. Done by the clock, and after a start.
    ///
    /// # Errors
    /// What the store says; an exchange that does not answer is asked again the next time.
    pub async fn run_errands(&self) -> Result<(), Error> {
        for serial in self.store.read(deposits::unfinished).await? {
            if let Err(error) = self.resume(serial).await {
                log::warn!("a payment is still unfinished: {error}");
            }
        }
        let now = self.clock.now();
        for serial in self.store.read(move |db| part_paid::expired(db, now)).await? {
            if let Err(error) = self.return_parts(serial, now).await {
                log::warn!("coins of a payment that came to nothing still lie there: {error}");
            }
        }
        for serial in self.store.read(coin_refunds::open).await? {
            let shop = self.store.glance::<_, Error>(|db| {
                let Some(order) = orders::find_by_serial(db, serial)? else { return Ok(None) };
                Ok(instances::find_by_serial(db, order.instance)?)
            })?;
            let Some(shop) = shop else { continue };
            match self.send_refunds(serial, shop).await {
                Ok(troubles) => {
                    for (_, trouble) in troubles {
                        log::warn!("a refund is still open: {trouble}");
                    }
                }
                Err(error) => log::warn!("a refund is still open: {error}"),
            }
        }
        Ok(())
    }

    /// Gives the coins of an order back that did not suffice in time: no others can join them any
    /// more, and a wallet that is gone for good never calls the payment off.
    async fn return_parts(&self, serial: OrderSerial, now: Timestamp) -> Result<(), Error> {
        // Whoever pays right now began in time, and may yet complete it.
        if self.turns.is_taken(serial) {
            return Ok(());
        }
        let _turn = self.turns.take(serial).await.ok_or(Error::Crowded)?;
        self.store
            .write(move |tx| {
                let Some(order) = orders::find_by_serial(tx, serial)? else { return Ok(()) };
                let books = Books::of(tx, order)?;
                if books.order.paid.is_none() {
                    give_back(tx, books.collected(), now)?;
                }
                Ok::<_, Error>(part_paid::delete(tx, serial)?)
            })
            .await
    }

    /// Waits until there is something to do for [`Till::run_errands`] before its time.
    pub async fn errand(&self) {
        self.errands.notified().await;
    }
}

impl Books {
    /// Has the customer all of this grant?
    fn has_grant(&self, grant: RefundSerial) -> bool {
        let mut parts = self.refunds.iter().filter(|refund| refund.grant == Some(grant));
        parts.all(|refund| matches!(refund.outcome, Outcome::Done { .. }))
    }

    /// All that the exchange has given back of what the shop granted.
    fn taken(&self) -> Result<Amount, Error> {
        let done = self.refunds.iter().filter(|refund| {
            refund.grant.is_some() && matches!(refund.outcome, Outcome::Done { .. })
        });
        let currency = *self.order.amount.currency();
        let sum = Amount::sum(currency, done.map(|refund| &refund.amount));
        sum.map_err(|_| Error::Damaged("its refunds cannot be added up".into()))
    }
}

/// The outcome, if the exchange will never make the refund.
fn refused_for_good(trouble: Trouble) -> Result<Outcome, Trouble> {
    match (trouble.is_final_for_refund(), trouble.http_status) {
        (true, Some(status)) => Ok(Outcome::Refused {
            status,
            code: trouble.code,
            reply: trouble.reply.unwrap_or_default(),
        }),
        _ => Err(trouble),
    }
}

/// Has whole coins given back: their payment came to nothing.
pub(super) fn give_back<'a>(
    tx: &mut Tx<'_>,
    coins: impl Iterator<Item = &'a Deposit>,
    now: Timestamp,
) -> Result<(), Error> {
    for deposit in coins {
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
