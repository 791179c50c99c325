//! Withdraws coins: tops up a reserve without a bank, as only a sandbox allows, and
//! withdraws coins from it (crypto 14.7, real-wallets 5.1).
//!
//! Reserve and coins are in the file before the exchange hears of them. Their secrets stay the same
//! however often they are sent, so the exchange signs them once and is paid once.

use std::time::Duration;

use rusqlite::Connection;
use serde::Deserialize;
use serde_json::{Value, json};

use super::coins::{self, Fresh, Planchet, Withdrawal};
use super::refreshes::{self, Generation};
use super::{Error, Wallet, blocking, selection};
use taler::amount::{Amount, Currency};
use taler::coin::coin_hash;
use taler::coin::denomination::{CoinSignature, DenominationKey};
use taler::coin::envelope::{CoinEnvelope, EnvelopeSignature};
use taler::exchange::{Denomination, Keys, Trusted};
use taler::sign::wallet::{BatchWithdraw, ReserveWithdraw};
use taler::sign::{PublicKey, SigningKey, Statement};
use taler::web::BaseUrl;

/// Most coins in one request.
const BATCH: usize = 64;

/// The money of one exchange.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Balance {
    /// Who issued it.
    pub exchange: BaseUrl,
    /// What can be spent.
    pub available: Amount,
    /// What is being withdrawn, or changed.
    pub expected: Amount,
}

/// What an exchange says of itself, before anything is believed.
#[derive(Deserialize)]
struct Introduction {
    master_public_key: PublicKey,
    currency: String,
}

/// The answer to a question about a reserve, and to a top-up.
#[derive(Deserialize)]
struct Reserve {
    balance: Amount,
}

#[derive(Deserialize)]
struct Withdrawn {
    ev_sigs: Vec<Signed>,
}

/// A signature, which exchanges up to protocol 25 wrap in an object of its own.
#[derive(Deserialize)]
#[serde(untagged)]
enum Signed {
    Wrapped { ev_sig: EnvelopeSignature },
    Plain(EnvelopeSignature),
}

impl Wallet {
    /// Takes it that the exchange has this master key. Otherwise the key is learnt from the exchange
    /// when it is met, and is expected from then on.
    ///
    /// # Errors
    /// [`Error::InvalidField`] when the exchange is known with another key or currency.
    pub async fn trust(&self, exchange: &Trusted) -> Result<(), Error> {
        let exchange = exchange.clone();
        self.change(move |tx| {
            coins::insert_exchange(tx, &exchange)?;
            match coins::exchange(tx, &exchange.base_url)? {
                Some((_, known)) if known == exchange => Ok(()),
                Some(_) | None => {
                    Err(Error::InvalidField("the wallet knows this exchange with another key"))
                }
            }
        })
        .await
    }

    /// Withdraws coins that are worth exactly `amount`, among them small ones for change; the fees
    /// come on top, out of what the reserve is topped up with. Returns what the wallet then has of
    /// this exchange.
    ///
    /// # Errors
    /// Whatever is wrong with the exchange or its answers; [`Error::NoSuchCoins`]. A withdrawal that
    /// was begun is finished by the next call.
    pub async fn withdraw(&self, exchange: &BaseUrl, amount: Amount) -> Result<Amount, Error> {
        let _turn = self.begin().await?;
        let keys = self.keys(exchange, self.0.patience).await?;
        let generation = self.generation(&keys);
        let (exchange, now) = (exchange.clone(), self.0.clock.now());
        let url = exchange.clone();
        let withdrawal = self
            .change(move |tx| {
                let known = coins::exchange(tx, &url)?;
                let (number, trusted) = known.ok_or(Error::Damaged("an exchange"))?;
                if trusted.currency != *amount.currency() {
                    return Err(Error::InvalidField("the exchange deals in another currency"));
                }
                let kinds = selection::plan(keys.denominations(), &amount, now)?;
                let (price, coins) = (price(&kinds, &amount)?, fresh(kinds)?);
                let reserve = SigningKey::from_seed(system::random()?);
                let how = (generation, now);
                coins::add_withdrawal(tx, number, &reserve, &price, &coins, how)
            })
            .await?;
        self.finish_withdrawal(withdrawal, self.0.patience).await?;
        let balance = self.balance_of(&exchange).await?;
        Ok(balance.map_or(Amount::zero(*amount.currency()), |balance| balance.available))
    }

    /// What the wallet has, by exchange. Exchanges of which it has nothing are left out. Blocks, but
    /// speaks with nobody.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn balance(&self) -> Result<Vec<Balance>, Error> {
        self.0.file.look(balances)
    }

    async fn balance_of(&self, exchange: &BaseUrl) -> Result<Option<Balance>, Error> {
        let all = self.look(balances).await?;
        Ok(all.into_iter().find(|balance| balance.exchange == *exchange))
    }

    /// The exchange's list of keys, verified with the master key that it always had.
    pub(super) async fn keys(&self, exchange: &BaseUrl, patience: Duration) -> Result<Keys, Error> {
        let reply = self.0.http.insist_get(&exchange.join(&["keys"]), patience).await?;
        if reply.status != 200 {
            return Err(reply.refusal());
        }
        let bytes = reply.bytes();
        let exchange = exchange.clone();
        let url = exchange.clone();
        let known = self.look(move |db| coins::exchange(db, &url)).await?;
        let is_new = known.is_none();
        let (keys, trusted) = blocking(move || {
            let trusted = match known {
                Some((_, trusted)) => trusted,
                None => {
                    let said: Introduction = serde_json::from_slice(&bytes)
                        .map_err(|_| Error::Nonsense("this is no exchange"))?;
                    Trusted {
                        base_url: exchange.clone(),
                        master_public_key: said.master_public_key,
                        currency: Currency::parse(said.currency)
                            .map_err(|_| Error::Nonsense("the exchange's currency is none"))?,
                    }
                }
            };
            let keys =
                Keys::read(&trusted, &bytes).map_err(|error| Error::Keys(exchange, error))?;
            Ok((keys, trusted))
        })
        .await?;
        if is_new {
            self.change(move |tx| coins::insert_exchange(tx, &trusted)).await?;
        }
        Ok(keys)
    }

    pub(super) async fn finish_withdrawals(&self) -> Result<(), Error> {
        let mut done = Ok(());
        for serial in self.look(coins::open_withdrawals).await? {
            done = done.and(self.finish_withdrawal(serial, Duration::ZERO).await);
        }
        done
    }

    async fn finish_withdrawal(&self, serial: i64, patience: Duration) -> Result<(), Error> {
        let withdrawal = self.look(move |db| coins::withdrawal(db, serial)).await?;
        if !withdrawal.is_topped_up {
            self.top_up(serial, &withdrawal, patience).await?;
            self.change(move |tx| coins::topped_up(tx, serial)).await?;
        }
        let reserve = withdrawal.reserve.public_key().to_string();
        let generation = withdrawal.generation;
        let url = match generation {
            Generation::Old => withdrawal.exchange.join(&["reserves", &reserve, "batch-withdraw"]),
            Generation::New => withdrawal.exchange.join(&["withdraw"]),
        };
        loop {
            let mut planchets = self.look(move |db| coins::planchets(db, serial)).await?;
            planchets.truncate(BATCH);
            if planchets.is_empty() {
                return Ok(());
            }
            let key = withdrawal.reserve.clone();
            let (planchets, body) = blocking(move || {
                let body = match generation {
                    Generation::Old => request(&planchets, &key)?,
                    Generation::New => batch_request(&planchets, &key)?,
                };
                Ok((planchets, body))
            })
            .await?;
            let reply = self.0.http.insist_post(&url, &body, patience).await?;
            let withdrawn: Withdrawn = reply.success()?;
            let coins = blocking(move || unblinded(planchets, withdrawn)).await?;
            self.change(move |tx| coins::signed(tx, serial, &coins)).await?;
        }
    }

    /// Brings the reserve to what the withdrawal costs. A top-up cannot be repeated, so what is there
    /// is asked for first: nothing has been withdrawn yet.
    async fn top_up(
        &self,
        serial: i64,
        withdrawal: &Withdrawal,
        patience: Duration,
    ) -> Result<(), Error> {
        let reserve = withdrawal.reserve.public_key();
        let url = withdrawal.exchange.join(&["reserves", &reserve.to_string()]);
        let reply = self.0.http.insist_get(&url, patience).await?;
        let there = match reply.status {
            404 => Amount::zero(*withdrawal.price.currency()),
            _ => reply.success::<Reserve>()?.balance,
        };
        if there.try_cmp(&withdrawal.price)?.is_ge() {
            return Ok(());
        }
        let missing = withdrawal.price.checked_sub(&there)?;
        let url = withdrawal.exchange.join(&["sandbox", "reserves"]);
        let body = json!({ "reserve_pub": reserve, "amount": missing });
        let reply = self.0.http.post(&url, &body).await?;
        let is_final = (400..500).contains(&reply.status) && !reply.passes();
        if is_final && there.is_zero() {
            self.change(move |tx| coins::give_up(tx, serial)).await?;
        }
        if reply.status == 404 {
            return Err(Error::InvalidField(
                "money comes from a bank there; only a sandbox gives it away",
            ));
        }
        reply.success::<Reserve>().map(|_| ())
    }
}

/// What the coins cost, their fees included.
fn price(kinds: &[Denomination], amount: &Amount) -> Result<Amount, Error> {
    let fees = Amount::sum(*amount.currency(), kinds.iter().map(|kind| &kind.fees.withdraw))?;
    Ok(amount.checked_add(&fees)?)
}

fn fresh(kinds: Vec<Denomination>) -> Result<Vec<Fresh>, Error> {
    let fresh = |denomination| {
        let coin = SigningKey::from_seed(system::random()?);
        Ok(Fresh { denomination, coin, blinding: system::random()? })
    };
    kinds.into_iter().map(fresh).collect()
}

/// The coin as it is sent to be signed.
fn envelope(planchet: &Planchet) -> Result<CoinEnvelope, Error> {
    let message = coin_hash(&planchet.coin.public_key(), None);
    let blinded = planchet.key.blind(&message, &planchet.secret);
    let rsa_blinded_planchet =
        blinded.ok_or(Error::Nonsense("the denomination's key is not honest"))?;
    Ok(CoinEnvelope::Rsa { rsa_blinded_planchet })
}

/// The request to sign these planchets, as up to protocol 25.
fn request(planchets: &[Planchet], reserve: &SigningKey) -> Result<Value, Error> {
    let mut list = Vec::new();
    for planchet in planchets {
        let envelope = envelope(planchet)?;
        let wish = ReserveWithdraw {
            amount_with_fee: planchet.value.checked_add(&planchet.fee_withdraw)?.to_nbo(),
            h_denom: planchet.h_denom,
            h_coin_ev: envelope.hash(&planchet.h_denom),
        };
        list.push(json!({
            "denom_pub_hash": planchet.h_denom,
            "coin_ev": envelope,
            "reserve_sig": wish.sign(reserve),
        }));
    }
    Ok(json!({ "planchets": list }))
}

/// The same as since protocol 26, with one signature for all.
fn batch_request(planchets: &[Planchet], reserve: &SigningKey) -> Result<Value, Error> {
    let Some(currency) = planchets.first().map(|planchet| *planchet.value.currency()) else {
        return Err(Error::Damaged("a withdrawal without coins"));
    };
    let (mut h_denoms, mut envelopes, mut hashes) = (Vec::new(), Vec::new(), Vec::new());
    for planchet in planchets {
        let envelope = envelope(planchet)?;
        hashes.push(envelope.hash(&planchet.h_denom));
        h_denoms.push(planchet.h_denom);
        envelopes.push(envelope);
    }
    let value = Amount::sum(currency, planchets.iter().map(|planchet| &planchet.value))?;
    let fee = Amount::sum(currency, planchets.iter().map(|planchet| &planchet.fee_withdraw))?;
    let wish = BatchWithdraw { value: value.to_nbo(), fee: fee.to_nbo(), h_coin_evs: &hashes };
    Ok(json!({
        "cipher": "ED25519",
        "reserve_pub": reserve.public_key(),
        "denoms_h": h_denoms,
        "coin_evs": envelopes,
        "reserve_sig": wish.sign(reserve),
    }))
}

/// The coins that planchets become with what the exchange has signed.
fn unblinded(
    planchets: Vec<Planchet>,
    withdrawn: Withdrawn,
) -> Result<Vec<(i64, CoinSignature, Amount)>, Error> {
    const WRONG: Error = Error::Nonsense("the exchange has signed a coin wrongly");
    if planchets.len() != withdrawn.ev_sigs.len() {
        return Err(WRONG);
    }
    let mut coins = Vec::new();
    for (planchet, signed) in planchets.into_iter().zip(withdrawn.ev_sigs) {
        let (Signed::Wrapped { ev_sig } | Signed::Plain(ev_sig)) = signed;
        let EnvelopeSignature::Rsa { blinded_rsa_signature } = ev_sig else { return Err(WRONG) };
        let unblinded = planchet.key.unblind(&blinded_rsa_signature, &planchet.secret);
        let ub_sig = CoinSignature::Rsa { rsa_signature: unblinded.ok_or(WRONG)? };
        let message = coin_hash(&planchet.coin.public_key(), None);
        if !DenominationKey::Rsa(planchet.key).verify(&message, &ub_sig) {
            return Err(WRONG);
        }
        coins.push((planchet.serial, ub_sig, planchet.value));
    }
    Ok(coins)
}

/// What there is and what is on its way, by exchange.
fn balances(db: &Connection) -> Result<Vec<Balance>, Error> {
    let expected = [coins::expected(db)?, refreshes::expected(db)?].concat();
    sums(coins::balances(db)?, expected)
}

/// Sums by exchange.
fn sums(
    available: Vec<(BaseUrl, Amount)>,
    expected: Vec<(BaseUrl, Amount)>,
) -> Result<Vec<Balance>, Error> {
    let mut balances: Vec<Balance> = Vec::new();
    let available = available.into_iter().map(|(url, amount)| (url, amount, true));
    let expected = expected.into_iter().map(|(url, amount)| (url, amount, false));
    for (exchange, amount, is_here) in available.chain(expected) {
        if !balances.iter().any(|balance| balance.exchange == exchange) {
            let zero = Amount::zero(*amount.currency());
            let exchange = exchange.clone();
            balances.push(Balance { exchange, available: zero, expected: zero });
        }
        for balance in balances.iter_mut().filter(|balance| balance.exchange == exchange) {
            let sum = if is_here { &mut balance.available } else { &mut balance.expected };
            *sum = sum.checked_add(&amount)?;
        }
    }
    Ok(balances)
}
