//! Deposits: coins that pay a merchant, all of a request or none (crypto 14.2).
//!
//! What is signed by coin and denomination is checked before the file is touched, because it takes
//! longest. Then one transaction looks at what each coin has left, takes it, and keeps the
//! confirmation, so that the same request gets the same bytes forever.
//!
//! As the exchange of December 2024 does: a coin that is twice in a request is taken once, though the
//! confirmation counts it twice; all requests of one contract carry the time of the first; the same
//! coin with another amount pays once more.

use rusqlite::{OptionalExtension, Transaction, named_params};
use serde::{Deserialize, Serialize};

use super::accounts::Owner;
use super::coins;
use super::failure::Failure;
use super::faults::FaultAction;
use super::keys::{Denomination, Keys, Operation};
use super::list::WIRE_METHODS;
use super::{Sandbox, sql};
use taler::amount::Amount;
use taler::base32::{HashCode, Salt, ShortHash};
use taler::coin::coin_hash;
use taler::coin::denomination::CoinSignature;
use taler::hash;
use taler::payto::Payto;
use taler::sign::exchange::DepositConfirmation;
use taler::sign::merchant::ContractOffer;
use taler::sign::wallet::DepositPermission;
use taler::sign::{PublicKey, Signature, Statement};
use taler::time::Timestamp;

/// Most coins of one request.
const MAX_COINS: usize = 64;

/// Asks for coins to be taken.
#[derive(Deserialize, Serialize)]
pub(super) struct Request {
    merchant_payto_uri: String,
    wire_salt: Salt,
    merchant_pub: PublicKey,
    /// The merchant's signature under the contract; it was not sent before protocol 22.
    #[serde(default)]
    merchant_sig: Option<Signature>,
    h_contract_terms: HashCode,
    #[serde(default)]
    wallet_data_hash: Option<HashCode>,
    timestamp: Timestamp,
    #[serde(default)]
    refund_deadline: Option<Timestamp>,
    wire_transfer_deadline: Timestamp,
    #[serde(default)]
    policy: Option<serde_json::Value>,
    #[serde(default)]
    policy_details: Option<serde_json::Value>,
    coins: Vec<DepositedCoin>,
}

/// A coin, and how much of it is spent.
#[derive(Deserialize, Serialize)]
struct DepositedCoin {
    coin_pub: PublicKey,
    denom_pub_hash: HashCode,
    ub_sig: CoinSignature,
    contribution: Amount,
    coin_sig: Signature,
    #[serde(default)]
    h_age_commitment: Option<ShortHash>,
}

/// The merchant's answer.
#[derive(Serialize)]
pub(super) struct Confirmed {
    exchange_timestamp: Timestamp,
    exchange_pub: PublicKey,
    exchange_sig: Signature,
}

/// A request whose form is right.
struct Checked<'a> {
    asked: &'a Request,
    payto: Payto,
    h_wire: HashCode,
    /// Zero when there is none, as in signatures.
    refund_deadline: Timestamp,
    /// Tells the same request again.
    hash: HashCode,
}

impl Request {
    /// Whether it makes sense, before anything of it is looked up.
    fn check(&self) -> Result<Checked<'_>, Failure> {
        let payto = Payto::parse(self.merchant_payto_uri.as_str())
            .ok()
            .filter(|payto| payto.receiver_name().is_some())
            .ok_or(Failure::Field("merchant_payto_uri".into()))?;
        if !WIRE_METHODS.contains(&payto.wire_method()) {
            return Err(Failure::WireMethod);
        }
        if self.policy.is_some() || self.policy_details.is_some() {
            return Err(Failure::Policy);
        }
        let refund_deadline = self.refund_deadline.unwrap_or(Timestamp::ZERO);
        if self.wire_transfer_deadline.is_never() {
            return Err(Failure::WireNever);
        }
        if refund_deadline > self.wire_transfer_deadline {
            return Err(Failure::RefundAfterWire);
        }
        if !(1..=MAX_COINS).contains(&self.coins.len()) {
            return Err(Failure::Malformed("coins".into()));
        }
        let offer = ContractOffer { h_contract: self.h_contract_terms };
        if self.merchant_sig.is_some_and(|sig| !offer.verify(&self.merchant_pub, &sig)) {
            return Err(Failure::Malformed("merchant_sig".into()));
        }
        let text = serde_json::to_vec(self).map_err(|_| Failure::Bug("a request is no JSON"))?;
        let h_wire = payto.h_wire(&self.wire_salt);
        Ok(Checked { asked: self, payto, h_wire, refund_deadline, hash: hash::sha512(&text) })
    }
}

impl Checked<'_> {
    /// The coin's denomination, if it and the coin's owner have signed what they must.
    fn verify<'k>(
        &self,
        coin: &DepositedCoin,
        keys: &'k Keys,
        now: Timestamp,
    ) -> Result<&'k Denomination, Failure> {
        let name = coin.coin_pub;
        let denomination = keys.denomination(&coin.denom_pub_hash, Operation::Deposit, now)?;
        let (value, fee) = (denomination.kind.value, denomination.kind.fee_deposit);
        let wrong = |_| Failure::Field("contribution".into());
        if coin.contribution.try_cmp(&value).map_err(wrong)?.is_gt() {
            return Err(Failure::AboveValue);
        }
        if coin.contribution.try_cmp(&fee).map_err(wrong)?.is_lt() || coin.contribution.is_zero() {
            return Err(Failure::BelowFee);
        }
        let permission = DepositPermission {
            h_contract: self.asked.h_contract_terms,
            h_age_commitment: coin.h_age_commitment,
            h_policy: None,
            h_wire: self.h_wire,
            h_denom: coin.denom_pub_hash,
            timestamp_us: self.asked.timestamp.to_micros(),
            refund_deadline_us: self.refund_deadline.to_micros(),
            contribution: coin.contribution.to_nbo(),
            deposit_fee: fee.to_nbo(),
            merchant_pub: self.asked.merchant_pub,
            wallet_data_hash: self.asked.wallet_data_hash,
        };
        if !permission.verify(&name, &coin.coin_sig) {
            return Err(Failure::CoinSignature(name));
        }
        let message = coin_hash(&name, coin.h_age_commitment.as_ref());
        let is_signed = match &coin.ub_sig {
            CoinSignature::Rsa { rsa_signature } => {
                denomination.key.public_key().verify(&message, rsa_signature)
            }
            CoinSignature::Cs(_) => false,
        };
        if is_signed { Ok(denomination) } else { Err(Failure::DenominationSignature) }
    }

    /// What the merchant gets of all coins, the fees taken off.
    fn total(&self, keys: &Keys) -> Result<Amount, Failure> {
        let nets: Result<Vec<_>, _> = self
            .asked
            .coins
            .iter()
            .map(|coin| {
                let same = |d: &&Denomination| d.h_denom == coin.denom_pub_hash;
                let kind = keys.denominations.iter().find(same).map(|d| d.kind);
                let fee = kind.ok_or(Failure::Bug("a denomination is lost"))?.fee_deposit;
                coin.contribution.checked_sub(&fee).map_err(|_| Failure::BelowFee)
            })
            .collect();
        let nets = nets?;
        let currency = nets.first().map(|net| *net.currency());
        let currency = currency.ok_or(Failure::Bug("a request without coins"))?;
        Amount::sum(currency, &nets).map_err(|_| Failure::Bug("a sum beyond all amounts"))
    }

    /// The words of the confirmation.
    fn confirmation<'s>(
        &self,
        at: Timestamp,
        total: Amount,
        coin_sigs: &'s [Signature],
    ) -> DepositConfirmation<'s> {
        DepositConfirmation {
            h_contract: self.asked.h_contract_terms,
            h_wire: self.h_wire,
            h_policy: None,
            exchange_timestamp_us: at.to_micros(),
            wire_transfer_deadline_us: self.asked.wire_transfer_deadline.to_micros(),
            refund_deadline_us: self.refund_deadline.to_micros(),
            total: total.to_nbo(),
            coin_sigs,
            merchant_pub: self.asked.merchant_pub,
        }
    }

    /// Takes what the coin pays, unless it has paid it before; `batch` is where it came first.
    fn debit(
        &self,
        tx: &Transaction<'_>,
        coin: &DepositedCoin,
        denomination: &Denomination,
        (sandbox, keys, batch): (&Sandbox, &Keys, i64),
    ) -> Result<(), Failure> {
        let money = sandbox.0.money;
        let name = coin.coin_pub;
        let age = coin.h_age_commitment.unwrap_or(ShortHash::ZERO);
        coins::introduce(tx, money, &name, denomination, &coin.ub_sig, age)?;
        let known = coins::find(tx, &name)?.ok_or(Failure::Bug("a coin is lost"))?;
        known.is_that(&name, denomination, age, keys)?;
        let contribution = money.units(&coin.contribution)?;
        let is_there = tx.prepare_cached(sql!("deposits/is_there"))?.query_row(
            named_params! {
                ":coin": known.serial,
                ":merchant_pub": self.asked.merchant_pub,
                ":h_contract": self.asked.h_contract_terms,
                ":coin_sig": coin.coin_sig.as_bytes(),
            },
            |row| row.get("is_there"),
        )?;
        if is_there {
            return Ok(());
        }
        let spent = tx.prepare_cached(sql!("coins/spend"))?.execute(named_params! {
            ":serial": known.serial,
            ":contribution": contribution,
        })?;
        if spent == 0 {
            return Err(Failure::InsufficientFunds(name, denomination.h_denom));
        }
        tx.prepare_cached(sql!("deposits/insert"))?.execute(named_params! {
            ":batch": batch,
            ":coin": known.serial,
            ":merchant_pub": self.asked.merchant_pub,
            ":h_contract": self.asked.h_contract_terms,
            ":contribution": contribution,
            ":fee": money.units(&denomination.kind.fee_deposit)?,
            ":coin_sig": coin.coin_sig.as_bytes(),
        })?;
        coins::record(tx, known.serial, &coins::Event::Deposit(tx.last_insert_rowid()))
    }

    /// Keeps the request and what it is told; its number.
    fn insert(&self, tx: &Transaction<'_>, reported: &Confirmed) -> Result<i64, Failure> {
        tx.prepare_cached(sql!("deposits/insert_batch"))?.execute(named_params! {
            ":request_hash": self.hash,
            ":merchant_pub": self.asked.merchant_pub,
            ":h_contract": self.asked.h_contract_terms,
            ":h_wire": self.h_wire,
            ":payto": self.payto.as_str(),
            ":wallet_data_hash": self.asked.wallet_data_hash,
            ":timestamp_s": self.asked.timestamp,
            ":refund_deadline_s": self.refund_deadline,
            ":wire_deadline_s": self.asked.wire_transfer_deadline,
            ":confirmed_at_s": reported.exchange_timestamp,
            ":exchange_pub": reported.exchange_pub,
            ":exchange_sig": reported.exchange_sig.as_bytes(),
        })?;
        Ok(tx.last_insert_rowid())
    }

    /// When the exchange took the first coins for this contract; `None` if these are the first.
    ///
    /// # Errors
    /// [`Failure::OtherDetails`] when those were for another account or time.
    fn begun(&self, tx: &Transaction<'_>) -> Result<Option<Timestamp>, Failure> {
        let found = tx.prepare_cached(sql!("deposits/of_contract"))?.query_row(
            named_params! {
                ":merchant_pub": self.asked.merchant_pub,
                ":h_contract": self.asked.h_contract_terms,
            },
            |row| {
                let h_wire: HashCode = row.get("h_wire")?;
                let same = h_wire == self.h_wire
                    && row.get::<_, String>("payto")? == self.payto.as_str()
                    && row.get::<_, Timestamp>("timestamp_s")? == self.asked.timestamp
                    && row.get::<_, Timestamp>("refund_deadline_s")? == self.refund_deadline
                    && row.get::<_, Timestamp>("wire_deadline_s")?
                        == self.asked.wire_transfer_deadline;
                Ok((same, h_wire, row.get("confirmed_at_s")?))
            },
        );
        match found.optional()? {
            Some((false, h_wire, _)) => Err(Failure::OtherDetails(Box::new(h_wire))),
            Some((true, _, at)) => Ok(Some(at)),
            None => Ok(None),
        }
    }

    /// The earlier answer to the same request.
    fn earlier(&self, tx: &Transaction<'_>) -> Result<Option<Confirmed>, Failure> {
        let found = tx.prepare_cached(sql!("deposits/find_batch"))?.query_row(
            named_params! { ":request_hash": self.hash },
            |row| {
                Ok(Confirmed {
                    exchange_timestamp: row.get("confirmed_at_s")?,
                    exchange_pub: row.get("exchange_pub")?,
                    exchange_sig: Signature::new(row.get("exchange_sig")?),
                })
            },
        );
        Ok(found.optional()?)
    }
}

impl Sandbox {
    /// Takes all coins of the request, or none. The same request again changes nothing and is told
    /// the same. Blocks.
    pub(super) fn deposit(&self, asked: &Request, act: FaultAction) -> Result<Confirmed, Failure> {
        let checked = asked.check()?;
        let (now, keys) = (self.now(), self.keys());
        act.apply(checked.payto.normalized_hash(), Some(asked.merchant_pub))?;
        if let Some(coin) = asked.coins.first() {
            match act {
                FaultAction::DenominationUnknown => {
                    return Err(keys.unknown(&coin.denom_pub_hash, now)?);
                }
                FaultAction::DoubleSpending => {
                    return Err(Failure::InsufficientFunds(coin.coin_pub, coin.denom_pub_hash));
                }
                _ => {}
            }
        }
        let reported = match self.0.file.look(|db| checked.earlier(db))? {
            Some(reported) => reported,
            None => self.deposit_anew(&checked, &keys, now)?,
        };
        // Only now may the answer become a lie: what was kept is the truth.
        let coin_sigs: Vec<_> = asked.coins.iter().map(|coin| coin.coin_sig).collect();
        let total = checked.total(&keys)?;
        let statement = checked.confirmation(reported.exchange_timestamp, total, &coin_sigs);
        let signed = (reported.exchange_pub, reported.exchange_sig);
        let (exchange_pub, exchange_sig) = act.signed(&statement, signed)?;
        Ok(Confirmed { exchange_pub, exchange_sig, ..reported })
    }

    fn deposit_anew(
        &self,
        checked: &Checked<'_>,
        keys: &Keys,
        now: Timestamp,
    ) -> Result<Confirmed, Failure> {
        let coins = &checked.asked.coins;
        let denominations: Result<Vec<_>, _> =
            coins.iter().map(|coin| checked.verify(coin, keys, now)).collect();
        let denominations = denominations?;
        let coin_sigs: Vec<_> = coins.iter().map(|coin| coin.coin_sig).collect();
        let (total, signing) = (checked.total(keys)?, keys.signing_at(now)?);
        let owner = Owner { payto: &checked.payto, merchant_pub: checked.asked.merchant_pub };
        self.meet_owner(&owner)?;
        self.0.file.change(|tx| {
            // The same request may have come twice at the same time.
            if let Some(earlier) = checked.earlier(tx)? {
                return Ok(earlier);
            }
            let at = checked.begun(tx)?.unwrap_or(now);
            self.allow(tx, &owner, coins.iter().map(|coin| &coin.contribution), now)?;
            let statement = checked.confirmation(at, total, &coin_sigs);
            let (exchange_pub, exchange_sig) = signing.sign(&statement);
            let reported = Confirmed { exchange_timestamp: at, exchange_pub, exchange_sig };
            let batch = checked.insert(tx, &reported)?;
            for (coin, denomination) in coins.iter().zip(denominations) {
                checked.debit(tx, coin, denomination, (self, keys, batch))?;
            }
            Ok(reported)
        })
    }
}
