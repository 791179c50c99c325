//! A wallet pays with coins (merchant-api 3.5).
//!
//! ```text
//! check ──▶ keep the coins ──▶ deposit, exchange by exchange ──▶ keep each confirmation ──▶ record
//! ```
//!
//! Coins are kept before they are sent, and each confirmation when it comes: whenever the daemon
//! ends, what is kept tells what to do next. Sending a coin again changes nothing, so whoever is not
//! sure sends again. The confirmation that completes the price and the order's payment are one
//! transaction; a coin that is confirmed for an order already paid is given back.

use std::cmp::Ordering;
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use futures_util::future::join_all;

use super::books::Books;
use super::check::{Bill, MAX_COINS, Refusal};
use super::{Means, record};
use crate::domain::account::Account;
use crate::domain::amount::Amount;
use crate::domain::coin::Coin;
use crate::domain::contract::Payable;
use crate::domain::exchange::Keys;
use crate::domain::ids::{InstanceId, OrderId, SessionId};
use crate::domain::instance::{Instance, InstanceSerial};
use crate::domain::order::{Order, OrderSerial, Paid};
use crate::domain::payment::{Part, covers};
use crate::domain::web::BaseUrl;
use crate::exchange::{self, Exchange};
use crate::store::deposits::{self, Confirmation, Deposit, NewDeposit};
use crate::store::kyc::{self, Pair};
use crate::store::{self, accounts, instances, orders, part_paid};
use crate::taler::base32::HashCode;
use crate::taler::sign::merchant::{ContractOffer, PaymentOk};
use crate::taler::sign::{PublicKey, Signature, Statement};
use crate::till::give_back::give_back;
use crate::till::trouble::Trouble;
use crate::till::wait::order;
use crate::till::{Error, Till};

/// Most coins in one request to an exchange (crypto 14.2).
const MAX_BATCH: usize = 64;

/// What a wallet pays with.
#[derive(Clone, Debug)]
pub struct CoinWish {
    /// The coins.
    pub coins: Vec<Coin>,
    /// The session that the payment shall count for; the order's own when `None`.
    pub session: Option<SessionId>,
    /// Hash of what the wallet signed along with the coins.
    pub wallet_data_hash: Option<HashCode>,
}

/// Coins that are to be deposited, and all that is needed for it.
struct Charge {
    instance: InstanceSerial,
    order: OrderSerial,
    order_id: OrderId,
    bill: Bill,
    account: Account,
    merchant_sig: Signature,
    session: Option<SessionId>,
    coins: Vec<NewDeposit>,
}

impl Charge {
    /// The account, as this exchange sees it.
    fn pair(&self, exchange: &Exchange) -> Pair {
        Pair {
            instance: self.instance,
            h_wire: self.account.h_wire,
            exchange_url: exchange.trusted().base_url.clone(),
        }
    }
}

impl Till {
    /// Pays an order with coins: deposits them, and records the payment once they cover the price.
    /// The same coins again give the same answer, and are deposited once. The shop's signature that
    /// the contract is paid.
    ///
    /// # Errors
    /// [`Error::OrderUnknown`] also for an unclaimed order, [`Error::AlreadyPaid`] when it is paid
    /// in another way, [`Error::OfferExpired`], [`Error::Refused`] when it will not go with these
    /// coins, [`Error::Exchange`] when an exchange does not take them.
    pub async fn pay(
        &self,
        instance: &InstanceId,
        order_id: OrderId,
        wish: CoinWish,
    ) -> Result<Signature, Error> {
        let shop = self.shop(instance)?;
        let till = self.clone();
        // In a task of its own: a wallet that hangs up drops its request, and money must not stop
        // half way.
        let task = tokio::spawn(async move { till.take_coins(shop, order_id, wish).await });
        task.await.unwrap_or(Err(Error::Store(store::Error::Panicked)))
    }

    async fn take_coins(
        &self,
        shop: Instance,
        order_id: OrderId,
        wish: CoinWish,
    ) -> Result<Signature, Error> {
        let serial = self.store.glance(|db| order(db, shop.serial, &order_id))?.serial;
        let _turn = self.turns.take(serial).await.ok_or(Error::Crowded)?;
        let books = self.books(serial, &order_id)?;
        let claim = books.order.claim.as_ref();
        let claim = claim.ok_or_else(|| Error::OrderUnknown(order_id.clone()))?;
        let h_contract = claim.h_contract;
        let key = shop.signing_key.ok_or_else(|| Error::InstanceDeleted(shop.id.clone()))?;
        let sig = PaymentOk { h_contract }.sign(&key);
        if books.order.paid.is_some() {
            let same = books.is_paid_with(&wish.coins);
            return if same { Ok(sig) } else { Err(Error::AlreadyPaid(order_id)) };
        }
        if books.order.is_expired(self.clock.now()) {
            return Err(Error::OfferExpired(order_id));
        }
        let session = match &wish.session {
            Some(session) => Some(books.order.meant_session(session.clone())),
            None => books.order.session.clone(),
        };
        let bill = Bill {
            contract: Payable::read(&books.contract)
                .map_err(|bad| Error::Damaged(bad.to_string()))?,
            h_contract,
            merchant_pub: shop.public_key,
            wallet_data_hash: wish.wallet_data_hash,
            now: self.clock.now(),
        };
        let h_wire = bill.contract.h_wire;
        let account = self.store.glance(|db| accounts::find(db, shop.serial, &h_wire))?;
        let account = account.ok_or_else(|| Error::Damaged("its account is gone".into()))?;
        let (coins, keys) = self.checked(&books, &bill, &account, wish, session.clone()).await?;
        let merchant_sig = ContractOffer { h_contract }.sign(&key);
        let (instance, order) = (shop.serial, serial);
        let charge =
            Charge { instance, order, order_id, bill, account, merchant_sig, session, coins };
        self.charge(charge, &keys).await?;
        Ok(sig)
    }

    /// Checks everything that can be checked before an exchange is asked; the coins that are still
    /// to be deposited, and the keys of their exchanges.
    async fn checked(
        &self,
        books: &Books,
        bill: &Bill,
        account: &Account,
        wish: CoinWish,
        session: Option<SessionId>,
    ) -> Result<(Vec<NewDeposit>, BTreeMap<BaseUrl, Arc<Keys>>), Error> {
        let price = books.order.amount;
        if wish.coins.len() > MAX_COINS {
            return Err(Refusal::TooMany.into());
        }
        let mut seen = HashSet::new();
        for coin in &wish.coins {
            if !seen.insert(*coin.coin_pub.as_bytes()) {
                return Err(Refusal::Twice(coin.coin_pub).into());
            }
            if coin.contribution.currency() != price.currency() {
                return Err(Refusal::Currency.into());
            }
        }
        let known = |coin: &Coin| {
            books.deposits.iter().find(|deposit| deposit.what.coin.coin_pub == coin.coin_pub)
        };
        if let Some(coin) =
            wish.coins.iter().find(|coin| known(coin).is_some_and(|there| books.is_returned(there)))
        {
            return Err(Refusal::Refunded(coin.coin_pub).into());
        }
        // What the exchange has is not sent again.
        let fresh = |coin: &Coin| known(coin).is_none_or(|there| there.confirmation.is_none());
        let fresh: Vec<Coin> = wish.coins.into_iter().filter(fresh).collect();
        let keys = self.keys_of(&fresh, bill, account).await?;
        let (bill, keys, coins) = {
            let (bill, keys) = (bill.clone(), keys);
            // Some tens of microseconds for each coin, which other requests should not wait for.
            tokio::task::spawn_blocking(move || {
                let coins = priced(fresh, &bill, &keys, session.as_ref());
                (bill, keys, coins)
            })
            .await
            .map_err(|_| Error::Store(store::Error::Panicked))?
        };
        let coins = coins?;
        within_limits(books, &coins, &keys)?;
        let parts: Vec<Part> = books
            .collected()
            .map(|deposit| part(&deposit.what))
            .chain(coins.iter().map(part))
            .collect();
        covers(&price, &bill.contract.max_fee, &parts).map_err(Refusal::TooLittle)?;
        Ok((coins, keys))
    }

    /// The keys of all exchanges that issued `coins`, each trusted with their currency and able to
    /// pay to `account`.
    async fn keys_of(
        &self,
        coins: &[Coin],
        bill: &Bill,
        account: &Account,
    ) -> Result<BTreeMap<BaseUrl, Arc<Keys>>, Error> {
        let mut wanted: BTreeMap<&BaseUrl, Vec<HashCode>> = BTreeMap::new();
        for coin in coins {
            wanted.entry(&coin.exchange_url).or_default().push(coin.h_denom);
        }
        let currency = *bill.contract.max_fee.currency();
        let ask = wanted.into_iter().map(|(url, denominations)| async move {
            let exchange = self.exchange(url).filter(|there| there.trusted().currency == currency);
            let exchange = exchange.ok_or_else(|| Refusal::Untrusted(url.clone()))?;
            let keys = exchange.keys_with(&denominations).await;
            let keys = keys.map_err(|error| Trouble::at(url, error))?;
            match keys.may_pay(&account.payto_uri) {
                true => Ok::<_, Error>((url.clone(), keys)),
                false => Err(Refusal::WireMethod(url.clone()).into()),
            }
        });
        join_all(ask).await.into_iter().collect()
    }

    /// Deposits coins, and records the payment once they cover the price.
    async fn charge(
        &self,
        charge: Charge,
        keys: &BTreeMap<BaseUrl, Arc<Keys>>,
    ) -> Result<(), Error> {
        let (order, coins) = (charge.order, charge.coins.clone());
        self.store
            .write(move |tx| coins.iter().try_for_each(|coin| deposits::keep(tx, order, coin)))
            .await
            .map_err(|error: store::Error| Error::from(error))?;
        if charge.coins.is_empty() {
            // All coins were confirmed before, or there is nothing to pay.
            return self.book(&charge, Vec::new(), None).await;
        }
        let mut batches: BTreeMap<&BaseUrl, Vec<&NewDeposit>> = BTreeMap::new();
        for coin in &charge.coins {
            batches.entry(&coin.coin.exchange_url).or_default().push(coin);
        }
        let charge = &charge;
        let deposits = batches.into_iter().map(|(url, coins)| async move {
            let exchange = self.exchange(url).ok_or_else(|| Refusal::Untrusted(url.clone()))?;
            let keys = keys.get(url).ok_or_else(|| Refusal::Untrusted(url.clone()))?;
            for coins in coins.chunks(MAX_BATCH) {
                self.deposit(charge, exchange, keys, coins).await?;
            }
            Ok(())
        });
        // Each exchange is asked to its end: what it has taken is kept even if another one refuses.
        join_all(deposits).await.into_iter().collect()
    }

    /// Deposits some coins of one exchange, and keeps what it says.
    async fn deposit(
        &self,
        charge: &Charge,
        exchange: &Exchange,
        keys: &Keys,
        coins: &[&NewDeposit],
    ) -> Result<(), Error> {
        let contract = &charge.bill.contract;
        let request = exchange::Deposit {
            payto: charge.account.payto_uri.clone(),
            wire_salt: charge.account.salt,
            merchant_pub: charge.bill.merchant_pub,
            merchant_sig: charge.merchant_sig,
            h_contract: charge.bill.h_contract,
            h_wire: contract.h_wire,
            wallet_data_hash: charge.bill.wallet_data_hash,
            timestamp: contract.timestamp,
            refund_deadline: Some(contract.refund_deadline),
            wire_transfer_deadline: contract.wire_transfer_deadline,
            coins: coins.iter().map(|coin| coin.coin.clone()).collect(),
        };
        let names: Vec<PublicKey> = coins.iter().map(|coin| coin.coin.coin_pub).collect();
        match exchange.deposit(keys, &request).await {
            Ok(confirmed) => {
                let confirmation = Confirmation {
                    exchange_timestamp: confirmed.exchange_timestamp,
                    exchange_pub: confirmed.exchange_pub,
                    exchange_sig: confirmed.exchange_sig,
                };
                self.book(charge, names, Some((confirmation, charge.pair(exchange)))).await
            }
            Err(error) => {
                let trouble = Trouble::at(&exchange.trusted().base_url, error);
                if trouble.is_final() {
                    // All or nothing: the exchange has none of them (crypto 14.2).
                    let (order, pair) = (charge.order, charge.pair(exchange));
                    let ask = trouble.ask(self.clock.now());
                    self.store
                        .write(move |tx| {
                            if let Some(ask) = ask {
                                kyc::ask(tx, &pair, &ask)?;
                            }
                            names.iter().try_for_each(|coin| deposits::drop(tx, order, coin))
                        })
                        .await
                        .map_err(|error: store::Error| Error::from(error))?;
                }
                Err(trouble.into())
            }
        }
    }

    /// Keeps the exchange's confirmation for `coins`. If they complete the price, the order is paid
    /// in the same transaction; if it was paid in another way, they are given back.
    async fn book(
        &self,
        charge: &Charge,
        coins: Vec<PublicKey>,
        confirmed: Option<(Confirmation, Pair)>,
    ) -> Result<(), Error> {
        let (order, order_id) = (charge.order, charge.order_id.clone());
        let (session, max_fee) = (charge.session.clone(), charge.bill.contract.max_fee);
        let now = self.clock.now();
        self.store
            .write(move |tx| {
                let there = orders::find_by_serial(tx, order)?;
                let there = there.ok_or_else(|| Error::OrderUnknown(order_id.clone()))?;
                if let Some((confirmation, pair)) = &confirmed {
                    kyc::clear(tx, pair)?;
                    for coin in &coins {
                        deposits::confirm(tx, order, coin, confirmation)?;
                    }
                }
                let books = Books::of(tx, there)?;
                if books.order.paid.is_some() {
                    let late = |deposit: &&Deposit| coins.contains(&deposit.what.coin.coin_pub);
                    give_back(tx, books.collected().filter(late), now)?;
                    return Ok(Booked::Late);
                }
                let parts: Vec<Part> =
                    books.collected().map(|deposit| part(&deposit.what)).collect();
                if covers(&books.order.amount, &max_fee, &parts).is_err() {
                    if !parts.is_empty() {
                        part_paid::insert(tx, order)?;
                    }
                    return Ok(Booked::More);
                }
                part_paid::delete(tx, order)?;
                record(tx, &books.order, &Paid { at: now, session }, Means::Coins, None)?;
                Ok::<_, Error>(Booked::Paid(books.order.amount))
            })
            .await
            .and_then(|booked| match booked {
                Booked::Paid(amount) => {
                    log::info!("order {}: {amount} paid with a wallet", charge.order_id);
                    Ok(())
                }
                Booked::More => Ok(()),
                Booked::Late => {
                    self.errands.notify_one();
                    Err(Error::AlreadyPaid(charge.order_id.clone()))
                }
            })
    }

    /// Sends the coins of an order again of which nobody knows whether the exchange has them: the
    /// daemon ended, or the exchange did not answer. The wallet need not be there; it has given its
    /// permission.
    pub(in crate::till) async fn resume(&self, serial: OrderSerial) -> Result<(), Error> {
        let order = self.store.glance(|db| orders::find_by_serial(db, serial))?;
        let Some(Order { order_id, instance, .. }) = order else { return Ok(()) };
        // Whoever is at it now will finish it, or leave it for the next time.
        if self.turns.is_taken(serial) {
            return Ok(());
        }
        let _turn = self.turns.take(serial).await.ok_or(Error::Crowded)?;
        let books = self.books(serial, &order_id)?;
        let open = books.deposits.iter().filter(|deposit| deposit.confirmation.is_none());
        let coins: Vec<NewDeposit> = open.map(|deposit| deposit.what.clone()).collect();
        let (Some(first), Some(claim)) = (coins.first(), &books.order.claim) else { return Ok(()) };
        let h_contract = claim.h_contract;
        let shop = self.store.glance(|db| instances::find_by_serial(db, instance))?;
        let Some((shop, key)) = shop.and_then(|shop| Some((shop.public_key, shop.signing_key?)))
        else {
            return Ok(());
        };
        let contract = Payable::read(&books.contract);
        let contract = contract.map_err(|bad| Error::Damaged(bad.to_string()))?;
        let account = self.store.glance(|db| accounts::find(db, instance, &contract.h_wire))?;
        let account = account.ok_or_else(|| Error::Damaged("its account is gone".into()))?;
        let bill = Bill {
            contract,
            h_contract,
            merchant_pub: shop,
            wallet_data_hash: first.wallet_data_hash,
            now: self.clock.now(),
        };
        let session = first.session.clone();
        let permitted: Vec<Coin> = coins.iter().map(|coin| coin.coin.clone()).collect();
        let keys = self.keys_of(&permitted, &bill, &account).await?;
        let merchant_sig = ContractOffer { h_contract }.sign(&key);
        let order = serial;
        let charge =
            Charge { instance, order, order_id, bill, account, merchant_sig, session, coins };
        match self.charge(charge, &keys).await {
            // The coins go back on their own.
            Err(Error::AlreadyPaid(_)) | Ok(()) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

/// What became of a confirmation.
enum Booked {
    /// It completed the price, which is this.
    Paid(Amount),
    /// More is to come.
    More,
    /// The order was paid in another way meanwhile; the coins are given back.
    Late,
}

fn part(coin: &NewDeposit) -> Part {
    Part { contribution: coin.coin.contribution, deposit_fee: coin.deposit_fee }
}

/// Whether each exchange lets a shop take so much of its coins at a time, those that it has taken
/// before for this order included.
fn within_limits(
    books: &Books,
    fresh: &[NewDeposit],
    keys: &BTreeMap<BaseUrl, Arc<Keys>>,
) -> Result<(), Refusal> {
    for (url, keys) in keys {
        let Some(most) = keys.most_deposited() else { continue };
        let coins = books.collected().map(|deposit| &deposit.what).chain(fresh);
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
    bill: &Bill,
    keys: &BTreeMap<BaseUrl, Arc<Keys>>,
    session: Option<&SessionId>,
) -> Result<Vec<NewDeposit>, Error> {
    let priced = |mut coin: Coin| {
        let keys = keys.get(&coin.exchange_url);
        let denomination = keys.and_then(|keys| keys.denomination(&coin.h_denom));
        let denomination = denomination.ok_or(Refusal::DenominationUnknown(coin.h_denom))?;
        bill.check(&mut coin, denomination)?;
        Ok(NewDeposit {
            coin,
            deposit_fee: denomination.fees.deposit,
            refund_fee: denomination.fees.refund,
            wallet_data_hash: bill.wallet_data_hash,
            session: session.cloned(),
        })
    };
    coins.into_iter().map(priced).collect()
}
