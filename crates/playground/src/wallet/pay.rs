//! Paying: an order is claimed, its contract checked, coins are booked and sent (merchant-api 3.1).
//!
//! Each step is in the file before it is taken, and each request can be repeated. So it does not
//! matter where a payment is cut short: it goes on with the same key, contract and coins.

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};

use super::contract::{Asked, Claimed, Contract};
use super::purchases::{self, Purchase, Spending, State};
use super::selection::{self, Price};
use super::wire::Reply;
use super::{Error, Wallet, blocking, coins};
use taler::amount::Amount;
use taler::coin::permission::Coin;
use taler::ids::{OrderId, SessionId};
use taler::sign::merchant::PaymentOk;
use taler::sign::wallet::{DepositPermission, OrderUnclaim};
use taler::sign::{PublicKey, Signature, SigningKey, Statement};
use taler::taler_uri::Pay;
use taler::time::Timestamp;
use taler::web::{BaseUrl, FulfillmentUrl};

/// The versions of the merchant's protocol that the wallet can deal with.
const VERSIONS: (u32, u32) = (12, 27);
/// The shop's word that a coin was spent before.
const DOUBLE_SPENT: u32 = 2150;
/// The shop's word that the order was paid, but not with these coins.
const ALREADY_PAID: u32 = 2160;
/// How often coins are replaced in one payment.
const MAX_REPLACED: usize = 16;

/// How to pay.
#[derive(Clone, Debug, Default)]
pub struct PayOptions {
    /// The visitor to bind the payment to, instead of the one in the address.
    pub session: Option<SessionId>,
}

/// How it comes that something is paid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum How {
    /// With coins, now.
    Now,
    /// This wallet had paid the order already; it is bound to the session that was asked for.
    Before,
    /// This wallet had paid another order for the same page; that one is bound to the session.
    Repurchase(OrderId),
}

/// Something is paid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paid {
    /// The order that was asked to be paid.
    pub order: OrderId,
    /// What the shop calls it.
    pub summary: String,
    /// The price.
    pub amount: Amount,
    /// What all coins gave for it, their fees included; nothing if it was paid before.
    pub spent: Amount,
    /// Where to find what is bought.
    pub fulfillment_url: Option<FulfillmentUrl>,
    /// With coins, or not.
    pub how: How,
}

#[derive(Deserialize)]
struct Config {
    name: String,
    version: String,
}

#[derive(Deserialize)]
struct PaymentResponse {
    sig: Signature,
}

/// What the shop passes on when a coin was spent before.
#[derive(Deserialize)]
struct DoubleSpent {
    exchange_reply: ExchangeReply,
}

#[derive(Deserialize)]
struct ExchangeReply {
    coin_pub: PublicKey,
}

impl Wallet {
    /// Pays what a `taler://pay/…` address asks for, with coins of exchanges that the shop takes.
    ///
    /// What this wallet has paid already is not paid again, neither the same order nor another one
    /// for the same page: its receipt is shown for the session instead.
    ///
    /// # Errors
    /// Whatever is wrong with the address, the offer or the money; [`Error::Pending`] when the coins
    /// are sent and there is no answer yet. When the shop permanently refuses, the payment is called off
    /// and the coins have their value again, as far as it was not spent.
    pub async fn pay(&self, uri: &str, options: PayOptions) -> Result<Paid, Error> {
        let mut pay = Pay::parse(uri)?;
        pay.session = options.session.or(pay.session);
        let _turn = self.begin().await?;
        self.pay_order(pay).await
    }

    /// Calls a payment off that has not arrived, and takes back what the shop has not spent of it.
    ///
    /// # Errors
    /// [`Error::NotBought`] when nothing was paid for this order, [`Error::AlreadyPaid`] when the payment
    /// has arrived, [`Error::CalledOff`] when that was done before; whatever keeps the shop from giving an
    /// answer, after which the next call goes on.
    pub async fn abort(&self, uri: &str) -> Result<(), Error> {
        let pay = Pay::parse(uri)?;
        let _turn = self.turn().await?;
        let Some(purchase) = self.purchase(&pay).await? else { return Err(Error::NotBought) };
        match purchase.state {
            State::Paying | State::Aborting => {}
            State::Claiming | State::Claimed => return Err(Error::NotBought),
            State::Paid => return Err(Error::AlreadyPaid),
            State::Aborted => {
                return Err(Error::CalledOff(purchase.reason.unwrap_or_default()));
            }
        }
        self.abort_purchase(&purchase, "you called it off").await?;
        self.finish_abort(&purchase, self.0.patience).await
    }

    /// Gives an order back that was claimed and not paid, so that another wallet can pay it.
    ///
    /// # Errors
    /// [`Error::NotBought`] when the order was not claimed, [`Error::AlreadyPaid`] when a payment was
    /// begun; whatever keeps the shop from taking it back.
    pub async fn unclaim(&self, uri: &str) -> Result<(), Error> {
        let pay = Pay::parse(uri)?;
        let _turn = self.turn().await?;
        let Some(purchase) = self.purchase(&pay).await? else { return Err(Error::NotBought) };
        match purchase.state {
            State::Claimed => {}
            State::Claiming => return Err(Error::NotBought),
            State::Paying | State::Paid => return Err(Error::AlreadyPaid),
            State::Aborting | State::Aborted => {
                return Err(Error::CalledOff(purchase.reason.unwrap_or_default()));
            }
        }
        let h_contract = purchase.contract()?.hash;
        let body = json!({
            "nonce": purchase.nonce.public_key(),
            "h_contract": h_contract,
            "unclaim_sig": OrderUnclaim { h_contract }.sign(&purchase.nonce),
        });
        let reply =
            self.0.http.insist_post(&purchase.url("unclaim"), &body, self.0.patience).await?;
        // The shop does not know it as ours: it was given back before, or has gone.
        if !matches!(reply.status, 204 | 404) {
            return Err(reply.refusal());
        }
        let serial = purchase.serial;
        self.change(move |tx| purchases::forget(tx, serial)).await
    }

    pub(super) async fn pay_order(&self, pay: Pay) -> Result<Paid, Error> {
        let purchase = match self.purchase(&pay).await? {
            Some(purchase) => purchase,
            None => self.claim_first(&pay).await?,
        };
        let purchase = match purchase.state {
            State::Claiming => self.claim(&purchase).await?,
            State::Claimed | State::Paying => purchase,
            State::Paid => return self.show_receipt(&pay, &purchase, How::Before).await,
            State::Aborting | State::Aborted => {
                return Err(Error::CalledOff(purchase.reason.unwrap_or_default()));
            }
        };
        let contract = purchase.contract()?;
        if purchase.state == State::Claimed {
            if let Some(old) = self.bought_before(&purchase, &contract).await? {
                let how = How::Repurchase(old.order.clone());
                return self.show_receipt(&pay, &old, how).await;
            }
            self.reserve_coins(&purchase, &contract, pay.session.clone()).await?;
        } else if pay.session.is_some() {
            let (serial, session) = (purchase.serial, pay.session.clone());
            self.change(move |tx| purchases::set_session(tx, serial, session.as_ref())).await?;
        }
        let Some(purchase) = self.purchase(&pay).await? else { return Err(Error::NotBought) };
        let spent = self.send_coins(&purchase, &contract, self.0.patience).await?;
        Ok(Paid {
            order: pay.order,
            summary: contract.terms.summary,
            amount: contract.terms.amount,
            spent,
            fulfillment_url: contract.terms.fulfillment_url,
            how: How::Now,
        })
    }

    async fn purchase(&self, pay: &Pay) -> Result<Option<Purchase>, Error> {
        let (base, order) = (pay.base.clone(), pay.order.clone());
        self.look(move |db| purchases::find(db, &base, &order)).await
    }

    /// Asks who is there, and keeps a fresh key to claim the order with.
    async fn claim_first(&self, pay: &Pay) -> Result<Purchase, Error> {
        self.greet(&pay.base).await?;
        let nonce = SigningKey::from_seed(system::random()?);
        let wish = pay.clone();
        self.change(move |tx| purchases::begin(tx, &wish, &nonce)).await?;
        self.purchase(pay).await?.ok_or(Error::Damaged("a purchase is gone"))
    }

    /// Checks that a shop answers, and that it speaks our protocol.
    pub(super) async fn greet(&self, base: &BaseUrl) -> Result<(), Error> {
        let reply = self.0.http.insist_get(&base.join(&["config"]), self.0.patience).await?;
        let config: Config = reply.success()?;
        if !config.name.eq_ignore_ascii_case("taler-merchant") {
            return Err(Error::Nonsense("this is no shop"));
        }
        let mut numbers = config.version.split(':').map(|number| number.parse::<u32>().ok());
        let (Some(Some(current)), Some(Some(age))) = (numbers.next(), numbers.nth(1)) else {
            return Err(Error::Nonsense("the shop's version is none"));
        };
        let (oldest, newest) = VERSIONS;
        if current < oldest || current.saturating_sub(age) > newest {
            return Err(Error::Nonsense("the shop speaks a version that we do not"));
        }
        Ok(())
    }

    async fn claim(&self, purchase: &Purchase) -> Result<Purchase, Error> {
        let nonce = purchase.nonce.public_key();
        let mut body = json!({ "nonce": nonce });
        if let (Some(token), Some(body)) = (&purchase.claim_token, body.as_object_mut()) {
            body.insert("token".into(), json!(token));
        }
        let reply = self.0.http.insist_post(&purchase.url("claim"), &body, self.0.patience).await?;
        let claimed: Claimed = reply.success()?;
        let asked = Asked { base: &purchase.base, order: &purchase.order, nonce: &nonce };
        let contract = Contract::of_claim(&claimed, &asked)?;
        let (serial, text) = (purchase.serial, contract.text.clone());
        self.change(move |tx| purchases::claimed(tx, serial, &contract, &claimed.sig)).await?;
        Ok(Purchase { state: State::Claimed, contract: Some(text), ..purchase.clone() })
    }

    /// Chooses coins and books them for the purchase.
    async fn reserve_coins(
        &self,
        purchase: &Purchase,
        contract: &Contract,
        session: Option<SessionId>,
    ) -> Result<(), Error> {
        let now = self.0.clock.now();
        if contract.terms.pay_deadline < now {
            return Err(Error::Expired);
        }
        let (serial, contract) = (purchase.serial, contract.clone());
        self.change(move |tx| {
            choose(tx, serial, &contract, &[], now)?;
            purchases::set_session(tx, serial, session.as_ref())?;
            purchases::set_state(tx, serial, State::Paying, None)
        })
        .await
    }

    /// Sends the booked coins until the shop takes them or permanently refuses. Returns what they gave.
    async fn send_coins(
        &self,
        purchase: &Purchase,
        contract: &Contract,
        patience: Duration,
    ) -> Result<Amount, Error> {
        let (serial, currency) = (purchase.serial, *contract.terms.amount.currency());
        for _ in 0..=MAX_REPLACED {
            let coins = self.look(move |db| purchases::spendings(db, serial)).await?;
            let (terms, session) = (contract.clone(), purchase.session.clone());
            let (coins, body) = blocking(move || {
                let body = payment(&coins, &terms, session.as_ref());
                Ok((coins, body))
            })
            .await?;
            let reply = self.0.http.insist_post(&purchase.url("pay"), &body, patience).await;
            let reply = reply.map_err(|error| Error::Pending(Box::new(error)))?;
            if reply.passes() {
                return Err(Error::Pending(Box::new(reply.refusal())));
            }
            if reply.status == 200 {
                let PaymentResponse { sig } = reply.json()?;
                let ok = PaymentOk { h_contract: contract.hash };
                if !ok.verify(&contract.terms.merchant_pub, &sig) {
                    // The shop has the coins; perhaps it finds its key again.
                    let complaint = Error::Nonsense("the shop's receipt is not signed");
                    return Err(Error::Pending(Box::new(complaint)));
                }
                self.change(move |tx| purchases::paid(tx, serial, &sig)).await?;
                return Ok(Amount::sum(currency, coins.iter().map(|coin| &coin.contribution))?);
            }
            let replaced = match double_spent(&reply, &coins) {
                Some(spent) => self.replace(purchase, contract, spent.clone()).await,
                None => Err(reply.refusal()),
            };
            if let Err(why) = replaced {
                self.abort_purchase(purchase, &why.to_string()).await?;
                if reply.code() == ALREADY_PAID {
                    // Coins that arrived all the same were refunded at once, which is no matter of
                    // aborting: the shop would only say that the order is paid.
                    self.collect(purchase, contract, patience).await?;
                    self.release_rest(purchase).await?;
                } else {
                    self.finish_abort(purchase, patience).await?;
                }
                return Err(why);
            }
        }
        let why = Error::Nonsense("the shop says of too many coins that they were spent before");
        self.abort_purchase(purchase, &why.to_string()).await?;
        self.finish_abort(purchase, patience).await?;
        Err(why)
    }

    /// Takes a coin out of a payment and others in. The rest of the payment stays: some of it may
    /// have arrived.
    async fn replace(
        &self,
        purchase: &Purchase,
        contract: &Contract,
        spent: Spending,
    ) -> Result<(), Error> {
        let (serial, contract, now) = (purchase.serial, contract.clone(), self.0.clock.now());
        let bad = spent.clone();
        let replaced = self
            .change(move |tx| {
                purchases::drop_coin(tx, &bad)?;
                let kept = purchases::spendings(tx, serial)?;
                choose(tx, serial, &contract, &kept, now)
            })
            .await;
        if replaced.is_err() {
            // There is nothing to take its place, but it is no good all the same.
            self.change(move |tx| purchases::drop_coin(tx, &spent)).await?;
        }
        replaced
    }

    async fn abort_purchase(&self, purchase: &Purchase, why: &str) -> Result<(), Error> {
        let (serial, why) = (purchase.serial, why.to_owned());
        self.change(move |tx| purchases::set_state(tx, serial, State::Aborting, Some(&why))).await
    }

    pub(super) async fn finish_payments(&self) -> Result<(), Error> {
        let mut done = Ok(());
        for purchase in self.look(purchases::open).await? {
            let finished = match purchase.state {
                State::Aborting => self.finish_abort(&purchase, Duration::ZERO).await,
                _ => {
                    let contract = purchase.contract()?;
                    self.send_coins(&purchase, &contract, Duration::ZERO).await.map(|_| ())
                }
            };
            done = done.and(finished);
        }
        done
    }
}

/// Chooses coins for what `kept` leaves of the price, and books them.
fn choose(
    tx: &rusqlite::Transaction<'_>,
    purchase: i64,
    contract: &Contract,
    kept: &[Spending],
    now: Timestamp,
) -> Result<(), Error> {
    let terms = &contract.terms;
    let mut coins = Vec::new();
    for accepted in &terms.exchanges {
        let (url, master) = (&accepted.url, &accepted.master_pub);
        for coin in coins::spendable(tx, url, master, terms.amount.currency(), now)? {
            // A coin is in a payment once, and a contract may name an exchange twice.
            let is_in = kept.iter().any(|spending| spending.coin == coin.coin)
                || coins.iter().any(|other: &selection::SpendableCoin| other.coin == coin.coin);
            if !is_in {
                coins.push(coin);
            }
        }
    }
    let price = Price {
        amount: terms.amount,
        max_fee: terms.max_fee,
        booked: kept.iter().map(Spending::part).collect(),
    };
    purchases::book(tx, purchase, &selection::choose(&coins, &price)?)
}

/// The request to pay with these coins; the same for the same coins.
fn payment(coins: &[Spending], contract: &Contract, session: Option<&SessionId>) -> Value {
    let terms = &contract.terms;
    let permitted = |spending: &Spending| {
        let permission = DepositPermission {
            h_contract: contract.hash,
            h_age_commitment: None,
            h_policy: None,
            h_wire: terms.h_wire,
            h_denom: spending.h_denom,
            timestamp_us: terms.timestamp.to_micros(),
            refund_deadline_us: terms.refund_deadline.map_or(0, Timestamp::to_micros),
            contribution: spending.contribution.to_nbo(),
            deposit_fee: spending.fee.to_nbo(),
            merchant_pub: terms.merchant_pub,
            wallet_data_hash: None,
        };
        Coin {
            coin_pub: spending.coin_pub,
            coin_sig: permission.sign(&spending.key),
            ub_sig: spending.ub_sig.clone(),
            h_denom: spending.h_denom,
            contribution: spending.contribution,
            exchange_url: spending.exchange.clone(),
            minimum_age_sig: None,
            age_commitment: None,
            h_age_commitment: None,
        }
    };
    let coins: Vec<Coin> = coins.iter().map(permitted).collect();
    json!({ "coins": coins, "session_id": session.map_or("", SessionId::as_str) })
}

/// Which of the coins the exchange says was spent before.
fn double_spent<'a>(reply: &Reply, coins: &'a [Spending]) -> Option<&'a Spending> {
    if reply.status != 409 || reply.code() != DOUBLE_SPENT {
        return None;
    }
    let DoubleSpent { exchange_reply } = reply.json().ok()?;
    coins.iter().find(|spending| spending.coin_pub == exchange_reply.coin_pub)
}
