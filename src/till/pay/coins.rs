//! A wallet pays with coins (merchant-api 3.5).
//!
//! ```text
//! check ──▶ finish coins that were sent before ──▶ store the others ──▶ deposit those, exchange by
//! exchange ──▶ store each confirmation ──▶ record
//! ```
//!
//! Coins are stored before they are sent, and each confirmation when it comes: whenever the daemon
//! ends, the database tells what to do next. The confirmation that completes the price and the
//! order's payment are one transaction; a coin that is confirmed for an order already paid is
//! refunded. [`super::fate`] decides about coins that were sent and have no answer.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::check::{MAX_COINS, PaymentContext, Refusal};
use super::fate::Fate;
use super::ledger::OrderLedger;
use super::paid::SignedContract;
use super::pending_deposit::{NotTaken, PendingDeposit};
use super::{PaidContract, PaidWith, record};
use crate::exchange::{self, Exchange, NotConfirmed, Sendings};
use crate::model::account::Account;
use crate::model::contract::PaymentTerms;
use crate::model::instance::Instance;
use crate::model::order::{Order, OrderSerial, Paid};
use crate::store::coin_refunds::{self, Outcome};
use crate::store::deposits::{self, Confirmation, Deposit, NewDeposit};
use crate::store::kyc::{self, AccountAtExchange};
use crate::store::{self, accounts, instances, orders, partial_payments};
use crate::till::exchange_error::ExchangeError;
use crate::till::exchange_refunds::refund_coins;
use crate::till::lookup::{order_again, still_there};
use crate::till::settlement::CoinSettlement;
use crate::till::{Error, Till};
use taler::amount::Amount;
use taler::base32::HashCode;
use taler::coin::permission::Coin;
use taler::exchange::Keys;
use taler::ids::{InstanceId, OrderId, SessionId};
use taler::payment::{Part, TooLittle, covers};
use taler::sign::merchant::ContractOffer;
use taler::sign::{PublicKey, Signature, Statement};
use taler::time::Timestamp;
use taler::web::BaseUrl;

/// Most coins in one request to an exchange (crypto 14.2).
const MAX_BATCH: usize = 64;
/// How long a wallet whose coins one exchange has permanently refused waits for what others say of theirs:
/// long enough for any that is well, so that what it hears is the whole outcome.
const OTHERS: Duration = Duration::from_secs(2);

/// A wallet's payment.
#[derive(Clone, Debug)]
pub struct CoinPayment {
    /// The coins.
    pub coins: Vec<Coin>,
    /// The session that the payment shall count for; the order's own when `None`.
    pub session: Option<SessionId>,
    /// Hash of what the wallet signed along with the coins.
    pub wallet_data_hash: Option<HashCode>,
}

/// The outcome of a payment with coins.
#[derive(Clone, Debug)]
pub struct PaidByCoins {
    /// The shop's signature that the contract is paid.
    pub sig: Signature,
    /// The codes of the order's device at the time of the payment; see otp 3.
    pub pos_confirmation: Option<String>,
}

impl Till {
    /// Pays an order with coins: deposits them, and records the payment once they cover the price.
    /// The same coins again give the same answer, and are deposited once.
    ///
    /// # Errors
    /// [`Error::OrderUnknown`] also for an unclaimed order, [`Error::AlreadyPaid`] when it is paid
    /// in another way, [`Error::OfferExpired`], [`Error::Refused`] when it will not go with these
    /// coins, [`Error::Exchange`] when an exchange does not take them.
    pub async fn pay(
        &self,
        instance: &InstanceId,
        order_id: OrderId,
        wish: CoinPayment,
    ) -> Result<PaidByCoins, Error> {
        let shop = self.shop(instance)?;
        let (serial, paid_id) = (shop.serial, order_id.clone());
        let till = self.clone();
        // In a task of its own: a wallet that hangs up drops its request, and money must not stop
        // half way.
        let (refused, mut refusals) = mpsc::channel(1);
        let mut task =
            tokio::spawn(async move { till.take_coins(shop, order_id, wish, refused).await });
        let done = tokio::select! {
            biased;
            done = &mut task => done,
            // The payment fails. Answers of other exchanges are stored when they come, but the
            // wallet need not wait for one that hangs.
            Some(exchange_error) = refusals.recv() => match timeout(OTHERS, &mut task).await {
                Ok(done) => done,
                Err(_) => return Err(exchange_error.into()),
            },
        };
        let SignedContract { sig, has_otp_device } =
            done.unwrap_or(Err(Error::Store(store::Error::Panicked)))?;
        let pos_confirmation = self.pos_confirmation(serial, &paid_id, has_otp_device)?;
        Ok(PaidByCoins { sig, pos_confirmation })
    }

    async fn take_coins(
        &self,
        shop: Instance,
        order_id: OrderId,
        wish: CoinPayment,
        refused: mpsc::Sender<ExchangeError>,
    ) -> Result<SignedContract, Error> {
        let ledger = self.ledger_of(shop.serial, &order_id)?;
        let serial = ledger.order.serial;
        let key = shop.signing_key.ok_or_else(|| Error::InstanceDeleted(shop.id.clone()))?;
        let claim = ledger.order.claim.as_ref();
        let h_contract = claim.ok_or_else(|| Error::OrderUnknown(order_id.clone()))?.h_contract;
        if let Some(paid) = self.paid_before(&ledger, &h_contract, &wish.coins)? {
            return Ok(paid.sign(&key));
        }
        let session = match &wish.session {
            Some(session) => Some(ledger.order.meant_session(session.clone())),
            None => ledger.order.session.clone(),
        };
        let context = PaymentContext {
            contract: PaymentTerms::read(&ledger.contract)
                .map_err(|bad| Error::Damaged(bad.to_string()))?,
            h_contract,
            merchant_pub: shop.public_key,
            wallet_data_hash: wish.wallet_data_hash,
            now: self.clock.now(),
        };
        let h_wire = context.contract.h_wire;
        let account = self.store.read_in_place(|db| accounts::find(db, shop.serial, &h_wire))?;
        let account = account.ok_or_else(|| Error::Damaged("its account is gone".into()))?;
        // Everything that needs no lock comes before it: a request with invalid coins, or one that waits for
        // the keys of an exchange that is down, delays no other.
        let (coins, keys) =
            self.checked(&ledger, &context, &account, &wish.coins, session.clone()).await?;
        let _lock = self.locks.take(serial).await.ok_or(Error::Overloaded)?;
        // Also where the coins were sent before, which may have been elsewhere.
        let mut urls: BTreeSet<BaseUrl> = keys.keys().cloned().collect();
        urls.extend(ledger.exchanges_of(&wish.coins));
        let (ledger, _at_exchanges) = loop {
            let mut at_exchanges = Vec::new();
            for url in &urls {
                at_exchanges.push(self.locks.take_at(serial, url).await.ok_or(Error::Overloaded)?);
            }
            // Others had their turns meanwhile, and may have sent coins to exchanges whose turns were
            // not taken. No more are sent anew as long as this order's turn is held.
            let ledger = self.ledger(serial, &order_id)?;
            let before = urls.len();
            urls.extend(ledger.exchanges_of(&wish.coins));
            if urls.len() == before {
                break (ledger, at_exchanges);
            }
        };
        if let Some(paid) = self.paid_before(&ledger, &h_contract, &wish.coins)? {
            return Ok(paid.sign(&key));
        }
        let coins = still_wanted(&ledger, &context, &keys, &wish.coins, coins)?;
        let pending = PendingDeposit {
            instance: shop.serial,
            shop: shop.id,
            order: serial,
            order_id: order_id.clone(),
            context,
            account,
            key: key.clone(),
            session,
            refused: Some(refused),
        };
        let (sent, fresh) = sent_before(&ledger, coins);
        let has_sent = !sent.is_empty();
        let fresh = [fresh, self.finish_sent(&pending, sent).await?].concat();
        if has_sent {
            // What the exchange has confirmed by now may be other than what the wallet offers.
            let ledger = self.ledger(serial, &order_id)?;
            if let Some(paid) = PaidContract::of(&ledger.order) {
                let same = ledger.is_paid_with(&wish.coins);
                return if same { Ok(paid.sign(&key)) } else { Err(Error::AlreadyPaid(order_id)) };
            }
            suffice(&ledger, &pending.context, &fresh)?;
        }
        self.pending(&pending, fresh, &keys).await?;
        self.receipt_of(serial, &order_id, &h_contract, &wish.coins).map(|paid| paid.sign(&key))
    }

    /// The contract, if it is paid with these coins already; `None` while it can be paid.
    ///
    /// # Errors
    /// [`Error::AlreadyPaid`] when it is paid in another way, [`Error::OfferExpired`],
    /// [`Error::OrderUnknown`] when the wallet gave the order back and another one has it.
    fn paid_before(
        &self,
        ledger: &OrderLedger,
        h_contract: &HashCode,
        coins: &[Coin],
    ) -> Result<Option<PaidContract>, Error> {
        let order_id = || ledger.order.order_id.clone();
        if !ledger.order.hash_fits(Some(h_contract)) {
            return Err(Error::OrderUnknown(order_id()));
        }
        match PaidContract::of(&ledger.order) {
            Some(paid) if ledger.is_paid_with(coins) => Ok(Some(paid)),
            Some(_) => Err(Error::AlreadyPaid(order_id())),
            None if ledger.order.is_expired(self.clock.now()) => {
                Err(Error::OfferExpired(order_id()))
            }
            None => Ok(None),
        }
    }

    /// The contract that these coins have just paid.
    ///
    /// # Errors
    /// When it is not paid all the same: coins were refunded meanwhile, since the order was called
    /// off, say.
    fn receipt_of(
        &self,
        serial: OrderSerial,
        order_id: &OrderId,
        h_contract: &HashCode,
        coins: &[Coin],
    ) -> Result<PaidContract, Error> {
        let order = self.store.read_in_place(|db| orders::find_by_serial(db, serial))?;
        let order = order.filter(|order| order.hash_fits(Some(h_contract)));
        let order = order.ok_or_else(|| Error::OrderUnknown(order_id.clone()))?;
        if let Some(paid) = PaidContract::of(&order) {
            return Ok(paid);
        }
        let ledger = self.ledger(serial, order_id)?;
        let returned = coins.iter().find(|coin| ledger.has_returned(&coin.coin_pub));
        Err(match returned {
            Some(coin) => Refusal::Refunded(coin.coin_pub).into(),
            None => Refusal::TooLittle(TooLittle::Price).into(),
        })
    }

    /// Checks everything that can be checked before an exchange is asked; the coins that are still
    /// to be deposited, and the keys of their exchanges.
    async fn checked(
        &self,
        ledger: &OrderLedger,
        context: &PaymentContext,
        account: &Account,
        coins: &[Coin],
        session: Option<SessionId>,
    ) -> Result<(Vec<NewDeposit>, BTreeMap<BaseUrl, Arc<Keys>>), Error> {
        let price = ledger.order.amount;
        if coins.len() > MAX_COINS {
            return Err(Refusal::TooMany.into());
        }
        let mut seen = HashSet::new();
        for coin in coins {
            if !seen.insert(*coin.coin_pub.as_bytes()) {
                return Err(Refusal::Twice(coin.coin_pub).into());
            }
            if coin.contribution.currency() != price.currency() {
                return Err(Refusal::Currency.into());
            }
        }
        not_returned(ledger, coins)?;
        // Coins that the exchange has are not sent again.
        let fresh = |coin: &&Coin| !ledger.has_confirmed(&coin.coin_pub);
        let fresh: Vec<Coin> = coins.iter().filter(fresh).cloned().collect();
        let keys = self.keys_of(&fresh, context, account).await?;
        let (context, keys, priced) = {
            let (context, keys) = (context.clone(), keys);
            // Some tens of microseconds for each coin, which other requests should not wait for.
            tokio::task::spawn_blocking(move || {
                let priced = priced(fresh, &context, &keys, session.as_ref());
                (context, keys, priced)
            })
            .await
            .map_err(|_| Error::Store(store::Error::Panicked))?
        };
        let fresh = still_wanted(ledger, &context, &keys, coins, priced?)?;
        Ok((fresh, keys))
    }

    /// The keys of all exchanges that issued `coins`, each trusted with their currency and able to
    /// pay to `account`.
    async fn keys_of(
        &self,
        coins: &[Coin],
        context: &PaymentContext,
        account: &Account,
    ) -> Result<BTreeMap<BaseUrl, Arc<Keys>>, Error> {
        let mut wanted: BTreeMap<&BaseUrl, Vec<HashCode>> = BTreeMap::new();
        for coin in coins {
            wanted.entry(&coin.exchange_url).or_default().push(coin.h_denom);
        }
        let currency = *context.contract.max_fee.currency();
        let ask = wanted.into_iter().map(|(url, denominations)| async move {
            // One that was removed meanwhile still counts for contracts that name it.
            let named = context.contract.exchanges.iter().any(|named| named.url == *url);
            let exchange = self.exchange_for(url, named);
            let exchange = exchange.filter(|there| there.trusted().currency == currency);
            let exchange = exchange.ok_or_else(|| Refusal::Untrusted(url.clone()))?;
            let keys = exchange.keys_with(&denominations).await;
            let keys = keys.map_err(|error| ExchangeError::at(url, error))?;
            match keys.may_pay(&account.payto_uri) {
                true => Ok::<_, Error>((url.clone(), keys)),
                false => Err(Refusal::WireMethod(url.clone()).into()),
            }
        });
        join_all(ask).await.into_iter().collect()
    }

    /// Finishes coins of a payment that were sent before without an answer, each as it was sent
    /// then. Those are left to be sent anew that were sent with another permission, and of which it
    /// is certain now that the exchange does not have them.
    async fn finish_sent(
        &self,
        pending: &PendingDeposit,
        coins: Vec<(Deposit, NewDeposit)>,
    ) -> Result<Vec<NewDeposit>, Error> {
        let mut groups: BTreeMap<BaseUrl, Vec<(Deposit, NewDeposit)>> = BTreeMap::new();
        for coin in coins {
            groups.entry(coin.0.what.coin.exchange_url.clone()).or_default().push(coin);
        }
        let finishing = groups.into_values().map(|group| async move {
            let mut anew = Vec::new();
            for (there, offered) in group {
                let is_same = is_same_permission(&there.what, &offered);
                match self.finish_coin(pending, &there).await? {
                    Fate::Confirmed => {}
                    Fate::Absent(_) if !is_same => anew.push(offered),
                    Fate::Unknown(_) if !is_same => {
                        return Err(Refusal::Unsettled(offered.coin.coin_pub).into());
                    }
                    // The exchange says so of what the wallet offers once more.
                    Fate::Absent(exchange_error) | Fate::Unknown(exchange_error) => {
                        return Err(exchange_error.into());
                    }
                }
            }
            Ok(anew)
        });
        // Each exchange is asked to its end: what it has taken is kept even if another one refuses.
        let anew: Result<Vec<_>, Error> = join_all(finishing).await.into_iter().collect();
        Ok(anew?.concat())
    }

    /// Deposits coins of which no exchange has any, and records the payment once they and those
    /// confirmed before cover the price.
    pub(super) async fn pending(
        &self,
        pending: &PendingDeposit,
        coins: Vec<NewDeposit>,
        keys: &BTreeMap<BaseUrl, Arc<Keys>>,
    ) -> Result<(), Error> {
        let now = self.clock.now();
        let (order, order_id) = (pending.order, pending.order_id.clone());
        let (instance, shop) = (pending.instance, pending.shop.clone());
        let kept: Vec<Deposit> = self
            .store
            .write(move |tx| {
                // Nothing is begun for what was deleted, or paid in cash, since it was looked at.
                still_there(tx, instance, &shop)?;
                let there = order_again(tx, order, &order_id)?;
                if there.paid.is_some() {
                    return Err(Error::AlreadyPaid(order_id));
                }
                let keep = |what: NewDeposit| {
                    let serial = deposits::insert(tx, order, &what, now)?;
                    let serial = serial.ok_or(Refusal::Unsettled(what.coin.coin_pub))?;
                    Ok(Deposit { serial, what, confirmation: None, sent_at: None })
                };
                coins.into_iter().map(keep).collect()
            })
            .await?;
        if kept.is_empty() {
            // All coins were confirmed before, or there is nothing to pay.
            return match self.book(pending, Vec::new(), None).await? {
                Booked::Paid(_) | Booked::More => Ok(()),
                Booked::Late => Err(Error::AlreadyPaid(pending.order_id.clone())),
            };
        }
        let mut batches: BTreeMap<&BaseUrl, Vec<&Deposit>> = BTreeMap::new();
        for coin in &kept {
            batches.entry(&coin.what.coin.exchange_url).or_default().push(coin);
        }
        let deposits = batches.into_iter().map(|(url, coins)| async move {
            let mut chunks = coins.chunks(MAX_BATCH);
            while let Some(chunk) = chunks.next() {
                let sent = self.send_new(pending, url, keys, chunk, now).await;
                let Err(problem) = sent else { continue };
                // What is left of them was not sent. Where it is only a matter of time, it will be.
                let will_be = matches!(&problem, Error::Exchange(why) if !why.cause.is_final());
                let rest: Vec<_> = chunks.flatten().map(|coin| coin.serial).collect();
                self.store
                    .write(move |tx| {
                        rest.iter().try_for_each(|coin| {
                            if !will_be {
                                deposits::drop(tx, *coin, Some(now))?;
                            }
                            // One that is to be refunded stays in the ledger, and was not sent either.
                            deposits::not_sent(tx, *coin, now, None)
                        })
                    })
                    .await
                    .map_err(|error: store::Error| Error::from(error))?;
                return Err(problem);
            }
            Ok(())
        });
        // Each exchange is asked to its end: what it has taken is kept even if another one refuses.
        join_all(deposits).await.into_iter().collect()
    }

    /// Deposits coins of one exchange that were kept at `now` and never sent before.
    async fn send_new(
        &self,
        pending: &PendingDeposit,
        url: &BaseUrl,
        keys: &BTreeMap<BaseUrl, Arc<Keys>>,
        coins: &[&Deposit],
        now: Timestamp,
    ) -> Result<(), Error> {
        let exchange = self.exchange(url).ok_or_else(|| Refusal::Untrusted(url.clone()))?;
        let keys = keys.get(url).ok_or_else(|| Refusal::Untrusted(url.clone()))?;
        match self.deposit(pending, &exchange, keys, coins, now).await? {
            Ok(Booked::Late) => Err(Error::AlreadyPaid(pending.order_id.clone())),
            Ok(Booked::Paid(_) | Booked::More) => Ok(()),
            Err(NotTaken { exchange_error, .. }) => Err(exchange_error.into()),
        }
    }

    /// Deposits some coins of one exchange, and keeps what it says. In the database they are marked as
    /// sent at `now`; their own `sent_at` is what was known before. After a refusal those are
    /// dropped that were never sent before, and nothing is said of the others.
    pub(super) async fn deposit(
        &self,
        pending: &PendingDeposit,
        exchange: &Exchange,
        keys: &Keys,
        coins: &[&Deposit],
        now: Timestamp,
    ) -> Result<Result<Booked, NotTaken>, Error> {
        if let Some(error) = self.not_needed(pending, coins)? {
            self.take_back_sending(coins, now).await?;
            return Err(error);
        }
        let contract = &pending.context.contract;
        let h_contract = pending.context.h_contract;
        let request = exchange::Deposit {
            payto: pending.account.payto_uri.clone(),
            wire_salt: pending.account.salt,
            merchant_pub: pending.context.merchant_pub,
            merchant_sig: ContractOffer { h_contract }.sign(&pending.key),
            h_contract,
            h_wire: contract.h_wire,
            wallet_data_hash: pending.context.wallet_data_hash,
            timestamp: contract.timestamp,
            refund_deadline: Some(contract.refund_deadline),
            wire_transfer_deadline: contract.wire_transfer_deadline,
            coins: coins.iter().map(|coin| coin.what.coin.clone()).collect(),
        };
        let NotConfirmed { error, sent } = match exchange.deposit(keys, &request).await {
            Ok(confirmed) => {
                self.note_answer(&exchange.trusted().base_url);
                let confirmation = Confirmation {
                    exchange_timestamp: confirmed.exchange_timestamp,
                    exchange_pub: confirmed.exchange_pub,
                    exchange_sig: confirmed.exchange_sig,
                };
                let names = coins.iter().map(|coin| coin.what.coin.coin_pub).collect();
                let pair = pending.pair(exchange);
                return Ok(Ok(self.book(pending, names, Some((confirmation, pair))).await?));
            }
            Err(failed) => failed,
        };
        let exchange_error = ExchangeError::at(&exchange.trusted().base_url, error);
        // All or nothing: the exchange has taken none of them now (crypto 14.2). Were there several
        // requests, one before may have been carried out, or may yet be.
        let is_refused = sent == Sendings::One && exchange_error.cause.is_final();
        let is_unsent = is_refused || sent == Sendings::None;
        let (pair, ask) = (pending.pair(exchange), exchange_error.ask(self.clock.now()));
        let coins: Vec<_> = coins.iter().map(|coin| (coin.serial, coin.sent_at)).collect();
        if is_unsent || ask.is_some() {
            self.store
                .write(move |tx| {
                    // The shop may be gone by now.
                    let there = instances::is_deleted(tx, pair.instance)?.is_some();
                    if let Some(ask) = ask.filter(|_| there) {
                        kyc::ask(tx, &pair, &ask)?;
                    }
                    for (serial, before) in coins {
                        match (is_refused, before) {
                            (true, None) => deposits::drop(tx, serial, Some(now))?,
                            _ if is_unsent => deposits::not_sent(tx, serial, now, before)?,
                            _ => {}
                        }
                    }
                    Ok(())
                })
                .await
                .map_err(|error: store::Error| Error::from(error))?;
        }
        if exchange_error.cause.is_final()
            && let Some(refused) = &pending.refused
        {
            // An earlier refusal is reported to the wallet.
            let _ = refused.try_send(exchange_error.clone());
        }
        Ok(Err(NotTaken { exchange_error, is_refused }))
    }

    /// Why these coins need not be sent any more, if that is so: the order was paid in cash after they
    /// were kept, or they are to be refunded. What may have been sent before is asked back, not sent
    /// once more.
    pub(super) fn not_needed(
        &self,
        pending: &PendingDeposit,
        coins: &[&Deposit],
    ) -> Result<Option<Error>, Error> {
        if !self.store.read_in_place(|db| coin_refunds::are_there(db, pending.order))? {
            return Ok(None);
        }
        let ledger = self.ledger(pending.order, &pending.order_id)?;
        let returned = coins.iter().find(|coin| ledger.has_returned(&coin.what.coin.coin_pub));
        Ok(match (ledger.order.paid, returned) {
            (Some(_), Some(_)) => Some(Error::AlreadyPaid(pending.order_id.clone())),
            (None, Some(coin)) => Some(Refusal::Refunded(coin.what.coin.coin_pub).into()),
            (_, None) => None,
        })
    }

    /// Remembers that coins were not sent at `now` after all.
    async fn take_back_sending(&self, coins: &[&Deposit], now: Timestamp) -> Result<(), Error> {
        let coins: Vec<_> = coins.iter().map(|coin| (coin.serial, coin.sent_at)).collect();
        let write = self.store.write(move |tx| {
            let mut coins = coins.into_iter();
            coins.try_for_each(|(serial, before)| deposits::not_sent(tx, serial, now, before))
        });
        write.await.map_err(|error: store::Error| error.into())
    }

    /// Keeps the exchange's confirmation for `coins`. If they complete the price, the order is paid
    /// in the same transaction; if it was paid in another way, they are refunded.
    async fn book(
        &self,
        pending: &PendingDeposit,
        coins: Vec<PublicKey>,
        confirmed: Option<(Confirmation, AccountAtExchange)>,
    ) -> Result<Booked, Error> {
        let (order, order_id) = (pending.order, pending.order_id.clone());
        let (session, max_fee) = (pending.session.clone(), pending.context.contract.max_fee);
        let now = self.clock.now();
        let mut settlement = CoinSettlement {
            h_wire: pending.context.contract.h_wire,
            deadline: pending.context.contract.wire_transfer_deadline,
            exchanges: Vec::new(),
        };
        let due = settlement.due(order, now);
        self.store
            .write(move |tx| {
                let there = order_again(tx, order, &order_id)?;
                if let Some((confirmation, pair)) = &confirmed {
                    kyc::clear(tx, pair)?;
                    for coin in &coins {
                        deposits::confirm(tx, order, coin, confirmation)?;
                    }
                }
                let ledger = OrderLedger::of(tx, there)?;
                if ledger.order.paid.is_some() {
                    let late = |deposit: &&Deposit| coins.contains(&deposit.what.coin.coin_pub);
                    refund_coins(tx, ledger.collected().filter(late), now)?;
                    return Ok(Booked::Late);
                }
                let parts: Vec<Part> =
                    ledger.collected().map(|deposit| part(&deposit.what)).collect();
                if covers(&ledger.order.amount, &max_fee, &parts).is_err() {
                    if !parts.is_empty() {
                        partial_payments::insert(tx, order)?;
                    }
                    return Ok(Booked::More);
                }
                partial_payments::delete(tx, order)?;
                let exchanges = ledger.collected().map(|deposit| &deposit.what.coin.exchange_url);
                settlement.exchanges = exchanges.cloned().collect();
                settlement.exchanges.sort();
                settlement.exchanges.dedup();
                let paid_with = PaidWith::Coins(&settlement);
                record(tx, &ledger.order, &Paid { at: now, session }, paid_with, None)?;
                Ok::<_, Error>(Booked::Paid(ledger.order.amount))
            })
            .await
            .inspect(|booked| match booked {
                Booked::Paid(amount) => {
                    log::info!("order {}: paid {amount} with a wallet", pending.order_id);
                    self.note_settlement(due);
                }
                Booked::More => {}
                Booked::Late => {
                    self.pending_work.notify_one();
                }
            })
    }

    /// Finds out whether the exchange at `url` has the coins of an order that were sent to it without an
    /// answer, and sends those that could not be sent: the daemon ended, or the exchange was not there.
    /// The wallet need not be there; it has given its permission. When the order is paid in another way,
    /// or its payment is being aborted, nothing more is deposited for it, and what may have been sent
    /// is asked back.
    pub(in crate::till) async fn resume(
        &self,
        serial: OrderSerial,
        url: &BaseUrl,
    ) -> Result<(), Error> {
        let order = self.store.read_in_place(|db| orders::find_by_serial(db, serial))?;
        let Some(Order { order_id, instance, .. }) = order else { return Ok(()) };
        // The task that works on it now finishes it, or leaves it for the next run.
        if self.locks.is_taken_at(serial, url) {
            return Ok(());
        }
        let _lock = self.locks.take_at(serial, url).await.ok_or(Error::Overloaded)?;
        let ledger = self.ledger(serial, &order_id)?;
        let open: Vec<Deposit> = ledger.unconfirmed_at(url).cloned().collect();
        let (false, Some(claim)) = (open.is_empty(), &ledger.order.claim) else { return Ok(()) };
        if ledger.order.paid.is_some() {
            let now = self.clock.now();
            self.store.write(move |tx| refund_coins(tx, open.iter(), now)).await?;
            self.pending_work.notify_one();
            return Ok(());
        }
        let h_contract = claim.h_contract;
        let shop = self.store.read_in_place(|db| instances::find_by_serial(db, instance))?;
        let Some((shop, merchant_pub, key)) =
            shop.and_then(|shop| Some((shop.id, shop.public_key, shop.signing_key?)))
        else {
            return Ok(());
        };
        let contract = PaymentTerms::read(&ledger.contract);
        let contract = contract.map_err(|bad| Error::Damaged(bad.to_string()))?;
        let account =
            self.store.read_in_place(|db| accounts::find(db, instance, &contract.h_wire))?;
        let account = account.ok_or_else(|| Error::Damaged("its account is gone".into()))?;
        let context = PaymentContext {
            contract,
            h_contract,
            merchant_pub,
            // Each coin has its own.
            wallet_data_hash: None,
            now: self.clock.now(),
        };
        let pending = PendingDeposit {
            instance,
            shop,
            order: serial,
            order_id,
            context,
            account,
            key,
            session: None,
            refused: None,
        };
        let finished = async {
            self.settle_sent(&pending, &ledger, url).await?;
            // With those that are there now, the others may not be needed any more.
            let ledger = self.ledger(serial, &pending.order_id)?;
            self.send_unsent(&pending, &ledger, url).await
        };
        match finished.await {
            // The coins go back on their own, or were not sent.
            Err(Error::AlreadyPaid(_) | Error::Refused(Refusal::Refunded(_))) | Ok(()) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Sends the coins of an order that could not be sent to the exchange at `url` before.
    async fn send_unsent(
        &self,
        pending: &PendingDeposit,
        ledger: &OrderLedger,
        url: &BaseUrl,
    ) -> Result<(), Error> {
        let unsent = ledger.unconfirmed_at(url).filter(|deposit| deposit.sent_at.is_none());
        if ledger.order.paid.is_some() || ledger.is_being_called_off() {
            let unsent: Vec<_> = unsent.map(|deposit| deposit.serial).collect();
            let write = self.store.write(move |tx| {
                unsent.iter().try_for_each(|coin| deposits::drop(tx, *coin, None))
            });
            return write.await.map_err(|error: store::Error| error.into());
        }
        // Those that the wallet sent together stay together.
        let mut groups: HashMap<_, Vec<NewDeposit>> = HashMap::new();
        for Deposit { what, .. } in unsent {
            let data = what.wallet_data_hash.map(|hash| *hash.as_bytes());
            groups.entry((data, what.session.clone())).or_default().push(what.clone());
        }
        for coins in groups.into_values() {
            let Some(first) = coins.first() else { continue };
            let pending = pending.for_coin(first);
            let permitted: Vec<Coin> = coins.iter().map(|coin| coin.coin.clone()).collect();
            let keys = self.keys_of(&permitted, &pending.context, &pending.account).await?;
            self.pending(&pending, coins, &keys).await?;
        }
        Ok(())
    }
}

/// The result of recording a confirmation.
#[derive(Clone, Copy, Debug)]
pub(super) enum Booked {
    /// It completed the price, which is this.
    Paid(Amount),
    /// More is to come.
    More,
    /// The order was paid in another way meanwhile; the coins are refunded.
    Late,
}

/// Whether none of `coins` is refunded because of a failed earlier payment.
///
/// # Errors
/// [`Refusal::Refunded`]; [`Refusal::Unsettled`] while the exchange has not said whether it had the coin:
/// perhaps there is nothing to give back, and then it may pay once that is known.
fn not_returned(ledger: &OrderLedger, coins: &[Coin]) -> Result<(), Refusal> {
    for coin in coins {
        let Some(there) = ledger.deposit_of(&coin.coin_pub) else { continue };
        match (ledger.giving_back(there), &there.confirmation) {
            (None, _) => {}
            (Some(Outcome::Open), None) => return Err(Refusal::Unsettled(coin.coin_pub)),
            (Some(_), _) => return Err(Refusal::Refunded(coin.coin_pub)),
        }
    }
    Ok(())
}

/// The coins that are still to be deposited for a payment with `all`, of those that were checked: not
/// those that the exchange has confirmed. They must suffice, together with those that it has.
///
/// # Errors
/// [`Refusal`].
fn still_wanted(
    ledger: &OrderLedger,
    context: &PaymentContext,
    keys: &BTreeMap<BaseUrl, Arc<Keys>>,
    all: &[Coin],
    checked: Vec<NewDeposit>,
) -> Result<Vec<NewDeposit>, Refusal> {
    not_returned(ledger, all)?;
    let fresh = |what: &NewDeposit| !ledger.has_confirmed(&what.coin.coin_pub);
    let fresh: Vec<NewDeposit> = checked.into_iter().filter(fresh).collect();
    within_limits(ledger, &fresh, keys)?;
    suffice(ledger, context, &fresh)?;
    Ok(fresh)
}

/// Coins of a payment that were sent before and have no answer, as they were sent and as they are
/// offered now; and the others.
fn sent_before(
    ledger: &OrderLedger,
    offered: Vec<NewDeposit>,
) -> (Vec<(Deposit, NewDeposit)>, Vec<NewDeposit>) {
    let (mut sent, mut fresh) = (Vec::new(), Vec::new());
    for coin in offered {
        let same = |there: &&Deposit| there.what.coin.coin_pub == coin.coin.coin_pub;
        match ledger.deposits.iter().find(same).filter(|there| there.sent_at.is_some()) {
            Some(there) => sent.push((there.clone(), coin)),
            None => fresh.push(coin),
        }
    }
    (sent, fresh)
}

/// Whether a coin permits the same to the exchange. Another signature of the same words is the same.
fn is_same_permission(one: &NewDeposit, other: &NewDeposit) -> bool {
    one.wallet_data_hash == other.wallet_data_hash
        && one.coin.contribution == other.coin.contribution
        && one.coin.exchange_url == other.coin.exchange_url
        && one.coin.h_denom == other.coin.h_denom
        && one.coin.h_age_commitment == other.coin.h_age_commitment
}

/// Whether `coins` cover the price, together with those that the exchange has confirmed.
fn suffice(
    ledger: &OrderLedger,
    context: &PaymentContext,
    coins: &[NewDeposit],
) -> Result<(), Refusal> {
    let collected = ledger.collected().map(|deposit| part(&deposit.what));
    let parts: Vec<Part> = collected.chain(coins.iter().map(part)).collect();
    covers(&ledger.order.amount, &context.contract.max_fee, &parts).map_err(Refusal::TooLittle)
}

fn part(coin: &NewDeposit) -> Part {
    Part { contribution: coin.coin.contribution, deposit_fee: coin.deposit_fee }
}

/// Whether each exchange lets a shop take so much of its coins at a time, those that it has taken
/// before for this order included.
fn within_limits(
    ledger: &OrderLedger,
    fresh: &[NewDeposit],
    keys: &BTreeMap<BaseUrl, Arc<Keys>>,
) -> Result<(), Refusal> {
    for (url, keys) in keys {
        let Some(most) = keys.most_deposited() else { continue };
        let coins = ledger.collected().map(|deposit| &deposit.what).chain(fresh);
        let meant = coins.filter(|what| what.coin.exchange_url == *url);
        let sum = Amount::sum(*most.currency(), meant.map(|what| &what.coin.contribution));
        if !sum.and_then(|sum| sum.try_cmp(&most)).is_ok_and(Ordering::is_le) {
            return Err(Refusal::BeyondLimit(url.clone()));
        }
    }
    Ok(())
}

/// The coins with their fees, each checked.
fn priced(
    coins: Vec<Coin>,
    context: &PaymentContext,
    keys: &BTreeMap<BaseUrl, Arc<Keys>>,
    session: Option<&SessionId>,
) -> Result<Vec<NewDeposit>, Error> {
    let priced = |mut coin: Coin| {
        let keys = keys.get(&coin.exchange_url);
        let denomination = keys.and_then(|keys| keys.denomination(&coin.h_denom));
        let denomination = denomination.ok_or(Refusal::DenominationUnknown(coin.h_denom))?;
        context.check(&mut coin, denomination)?;
        Ok(NewDeposit {
            coin,
            deposit_fee: denomination.fees.deposit,
            refund_fee: denomination.fees.refund,
            wallet_data_hash: context.wallet_data_hash,
            session: session.cloned(),
        })
    };
    coins.into_iter().map(priced).collect()
}
