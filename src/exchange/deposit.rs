//! Deposits coins at an exchange and verifies its confirmation (crypto 8.7, 14.2).

use serde::Deserialize;
use serde_json::{Value, json};

use super::client::Sent;
use super::{Error, Exchange};
use taler::amount::Amount;
use taler::base32::{HashCode, Salt, ShortHash};
use taler::coin::age::AgeCommitment;
use taler::coin::permission::Coin;
use taler::exchange::Keys;
use taler::payto::Payto;
use taler::sign::exchange::DepositConfirmation;
use taler::sign::{PublicKey, Signature, Statement};
use taler::time::Timestamp;

/// Most coins in one deposit; a payment with more makes several.
pub const MAX_COINS: usize = 64;

/// Coins for a contract, all of one exchange.
#[derive(Clone, Debug)]
pub struct Deposit {
    /// Where the shop wants its money.
    pub payto: Payto,
    /// The salt of `h_wire`.
    pub wire_salt: Salt,
    /// The shop's key.
    pub merchant_pub: PublicKey,
    /// By it: the contract.
    pub merchant_sig: Signature,
    /// The contract.
    pub h_contract: HashCode,
    /// The shop's account, as the contract names it.
    pub h_wire: HashCode,
    /// What the wallet sent along, if anything.
    pub wallet_data_hash: Option<HashCode>,
    /// When the contract was made.
    pub timestamp: Timestamp,
    /// Until when the shop can refund; `None` if the contract does not say.
    pub refund_deadline: Option<Timestamp>,
    /// Until when the exchange must have paid.
    pub wire_transfer_deadline: Timestamp,
    /// The coins, at most [`MAX_COINS`].
    pub coins: Vec<Coin>,
}

/// The exchange's word that it took all the coins: evidence, to be kept with them.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
pub struct DepositConfirmed {
    /// With which key it signed.
    pub exchange_pub: PublicKey,
    /// The signature with that key.
    pub exchange_sig: Signature,
    /// When it took the coins.
    pub exchange_timestamp: Timestamp,
}

/// Why there is no confirmation, and what that says of the coins.
#[derive(Clone, Debug, PartialEq)]
pub struct NotConfirmed {
    /// What went wrong.
    pub error: Error,
    /// How often the request may have reached the exchange.
    pub sent: Sendings,
}

/// How often a request may have reached an exchange, as far as it matters: an answer speaks for the
/// one request that it answers, and for none before it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Sendings {
    /// Never: nothing was sent.
    None,
    /// Once.
    One,
    /// Several times, and not all were answered.
    Several,
}

impl Exchange {
    /// Deposits coins: all of them or none. Repeated unchanged it gives the same confirmation, so
    /// after an error that [may pass](Error::may_pass) it can and should be repeated, for the coins
    /// may be deposited.
    ///
    /// `keys` must know the denominations of all coins; what is wrong with coins otherwise is left
    /// for the exchange to say.
    ///
    /// # Errors
    /// [`Error::InvalidField`] before anything is sent; [`Error::Refused`] with the exchange's reasons;
    /// otherwise as everywhere. The error comes with the number of times that the request may have been received.
    pub async fn deposit(
        &self,
        keys: &Keys,
        deposit: &Deposit,
    ) -> Result<DepositConfirmed, NotConfirmed> {
        let sent = Sent::default();
        self.deposit_counted(keys, deposit, &sent).await.map_err(|error| {
            let sent = match sent.times() {
                0 => Sendings::None,
                1 => Sendings::One,
                _ => Sendings::Several,
            };
            NotConfirmed { error, sent }
        })
    }

    async fn deposit_counted(
        &self,
        keys: &Keys,
        deposit: &Deposit,
        sent: &Sent,
    ) -> Result<DepositConfirmed, Error> {
        let totals = totals(keys, deposit)?;
        let url = self.url(&["batch-deposit"]);
        let body = deposit.body();
        let reply = self.post_counted(&url, &body, sent).await;
        let reply = reply.inspect_err(|refusal| self.renew_keys_after(refusal))?;
        match self.confirmed(keys, deposit, totals, &reply).await {
            // The coins may be deposited all the same: the exchange gets a second chance to say so.
            Err(error @ (Error::Unconfirmed | Error::Malformed(_))) => {
                self.warn_unconfirmed(&error);
                let reply = self.post_counted(&url, &body, sent).await?;
                self.confirmed(keys, deposit, totals, &reply).await
            }
            outcome => outcome,
        }
    }

    async fn confirmed(
        &self,
        keys: &Keys,
        deposit: &Deposit,
        totals: Totals,
        reply: &Value,
    ) -> Result<DepositConfirmed, Error> {
        let confirmed = DepositConfirmed::deserialize(reply)
            .map_err(|error| Error::Malformed(error.to_string()))?;
        self.verify_signing_key(keys, &confirmed.exchange_pub, confirmed.exchange_timestamp)
            .await?;
        if deposit.holds(&confirmed, &totals.without_fees) {
            return Ok(confirmed);
        }
        if deposit.holds(&confirmed, &totals.with_fees) {
            log::info!("{}: deposit confirmations include fees", self.0.trusted.base_url);
            return Ok(confirmed);
        }
        Err(Error::Unconfirmed)
    }
}

/// What the coins bring, by either reading of the protocol (crypto 8.7).
#[derive(Clone, Copy)]
struct Totals {
    /// As exchanges count.
    without_fees: Amount,
    /// As the printed draft does.
    with_fees: Amount,
}

fn totals(keys: &Keys, deposit: &Deposit) -> Result<Totals, Error> {
    let coins = &deposit.coins;
    let Some(first) = coins.first() else { return Err(Error::InvalidField("there are no coins")) };
    if coins.len() > MAX_COINS {
        return Err(Error::InvalidField("there are too many coins for one deposit"));
    }
    if deposit.wire_transfer_deadline.is_never() {
        return Err(Error::InvalidField("the exchange would never have to pay"));
    }
    let unfit = |_| Error::InvalidField("the coins cannot be added up");
    let zero = Amount::zero(*first.contribution.currency());
    coins.iter().try_fold(Totals { without_fees: zero, with_fees: zero }, |totals, coin| {
        let denomination = keys
            .denomination(&coin.h_denom)
            .ok_or(Error::InvalidField("a coin's denomination is unknown"))?;
        let net = coin.contribution.checked_sub(&denomination.fees.deposit).map_err(|_| {
            Error::InvalidField("a coin's deposit fee is higher than what it brings")
        })?;
        Ok(Totals {
            without_fees: totals.without_fees.checked_add(&net).map_err(unfit)?,
            with_fees: totals.with_fees.checked_add(&coin.contribution).map_err(unfit)?,
        })
    })
}

impl Deposit {
    /// Whether the confirmation holds for this deposit and total.
    fn holds(&self, confirmed: &DepositConfirmed, total: &Amount) -> bool {
        let coin_sigs: Vec<_> = self.coins.iter().map(|coin| coin.coin_sig).collect();
        let statement = DepositConfirmation {
            h_contract: self.h_contract,
            h_wire: self.h_wire,
            h_policy: None,
            exchange_timestamp_us: confirmed.exchange_timestamp.to_micros(),
            wire_transfer_deadline_us: self.wire_transfer_deadline.to_micros(),
            refund_deadline_us: self.refund_deadline.map_or(0, Timestamp::to_micros),
            total: total.to_nbo(),
            coin_sigs: &coin_sigs,
            merchant_pub: self.merchant_pub,
        };
        statement.verify(&confirmed.exchange_pub, &confirmed.exchange_sig)
    }

    fn body(&self) -> Value {
        let mut body = json!({
            "merchant_payto_uri": self.payto,
            "wire_salt": self.wire_salt,
            "merchant_pub": self.merchant_pub,
            "merchant_sig": self.merchant_sig,
            "h_contract_terms": self.h_contract,
            "timestamp": self.timestamp,
            "wire_transfer_deadline": self.wire_transfer_deadline,
            "coins": self.coins.iter().map(coin).collect::<Vec<_>>(),
        });
        if let Value::Object(members) = &mut body {
            if let Some(hash) = self.wallet_data_hash {
                members.insert("wallet_data_hash".into(), json!(hash));
            }
            if let Some(deadline) = self.refund_deadline {
                members.insert("refund_deadline".into(), json!(deadline));
            }
        }
        body
    }
}

/// A coin as exchanges read it.
fn coin(coin: &Coin) -> Value {
    let mut body = json!({
        "coin_pub": coin.coin_pub,
        "denom_pub_hash": coin.h_denom,
        "ub_sig": coin.ub_sig,
        "contribution": coin.contribution,
        "coin_sig": coin.coin_sig,
    });
    // The keys determine it; a hash sent beside them is not used.
    let h_age_commitment = match &coin.age_commitment {
        Some(keys) => Some(AgeCommitment::new(keys.clone()).hash()),
        None => coin.h_age_commitment,
    };
    if let (Value::Object(members), Some(hash)) = (&mut body, h_age_commitment)
        && hash != ShortHash::ZERO
    {
        members.insert("h_age_commitment".into(), json!(hash));
    }
    body
}
