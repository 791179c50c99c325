//! Reserves: any client can top them up; the holder of the key withdraws coins (crypto 14.7,
//! real-wallets 5.1).

use std::collections::HashSet;

use rusqlite::{Connection, OptionalExtension, named_params};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::failure::Failure;
use super::faults::FaultAction;
use super::keys::{Denomination, Operation};
use super::money::Money;
use super::{Sandbox, sql};
use taler::amount::Amount;
use taler::base32::HashCode;
use taler::coin::envelope::{CoinEnvelope, EnvelopeSignature};
use taler::coin::rsa::BlindSignature;
use taler::sign::wallet::{BatchWithdraw, ReserveWithdraw};
use taler::sign::{PublicKey, Signature, Statement};

/// Most coins that one request withdraws.
const MAX_PLANCHETS: usize = 64;

/// Asks for play money.
#[derive(Deserialize)]
pub(super) struct TopUp {
    reserve_pub: PublicKey,
    amount: Amount,
}

/// Asks for coins, as up to protocol 25. The reserve is in the path.
#[derive(Deserialize)]
pub(super) struct Withdrawal {
    planchets: Vec<Planchet>,
}

/// A hidden coin.
#[derive(Deserialize)]
struct Planchet {
    denom_pub_hash: HashCode,
    coin_ev: CoinEnvelope,
    reserve_sig: Signature,
}

/// Asks for coins, as since protocol 26.
#[derive(Deserialize)]
pub(super) struct BatchWithdrawal {
    cipher: String,
    reserve_pub: PublicKey,
    denoms_h: Vec<HashCode>,
    coin_evs: Vec<CoinEnvelope>,
    reserve_sig: Signature,
    #[serde(default)]
    blinding_seed: Option<Value>,
    #[serde(default)]
    max_age: Option<Value>,
}

impl BatchWithdrawal {
    /// Whose reserve it is.
    pub(super) const fn reserve(&self) -> &PublicKey {
        &self.reserve_pub
    }
}

/// What came of a withdrawal.
pub(super) struct Withdrawn(Vec<EnvelopeSignature>);

#[derive(Serialize)]
struct Wrapped<'a> {
    ev_sig: &'a EnvelopeSignature,
}

impl Withdrawn {
    /// As up to protocol 25.
    pub(super) fn wrapped(&self) -> Value {
        let list: Vec<_> = self.0.iter().map(|ev_sig| Wrapped { ev_sig }).collect();
        json!({ "ev_sigs": list })
    }

    /// As since protocol 26.
    pub(super) fn plain(&self) -> Value {
        json!({ "ev_sigs": self.0 })
    }
}

/// A hidden coin that is to be signed.
struct Wanted<'a> {
    h_denom: HashCode,
    envelope: &'a CoinEnvelope,
    h_coin_ev: HashCode,
    /// The reserve's word for this coin, if it does not hold for all of them.
    reserve_sig: Option<Signature>,
}

impl<'a> Wanted<'a> {
    fn new(h_denom: HashCode, envelope: &'a CoinEnvelope, reserve_sig: Option<Signature>) -> Self {
        Self { h_denom, envelope, h_coin_ev: envelope.hash(&h_denom), reserve_sig }
    }

    /// What the coin costs, if the reserve's owner wants it.
    fn check(&self, reserve: &PublicKey, denomination: &Denomination) -> Result<Amount, Failure> {
        let kind = &denomination.kind;
        let price = kind.value.checked_add(&kind.fee_withdraw).map_err(|_| TOO_MUCH)?;
        let statement = ReserveWithdraw {
            amount_with_fee: price.to_nbo(),
            h_denom: denomination.h_denom,
            h_coin_ev: self.h_coin_ev,
        };
        match self.reserve_sig {
            Some(signature) if !statement.verify(reserve, &signature) => {
                Err(Failure::ReserveSignature)
            }
            Some(_) | None => Ok(price),
        }
    }
}

/// A coin that the reserve pays for.
struct Bought<'a> {
    denomination: &'a Denomination,
    h_coin_ev: HashCode,
    price: Amount,
}

impl Sandbox {
    /// Adds play money to a reserve, making it if there is none; what it has then. Blocks.
    pub(super) fn top_up(&self, asked: &TopUp) -> Result<Amount, Failure> {
        let (money, most) = (self.0.money, &self.0.settings.top_up);
        let units = money.units(&asked.amount)?;
        if units == 0 || units > money.units(most)? {
            return Err(Failure::Malformed(format!("amount: more than nothing, up to {most}")));
        }
        let balance = self.0.file.change(|tx| {
            tx.prepare_cached(sql!("reserves/top_up"))?.execute(named_params! {
                ":reserve_pub": asked.reserve_pub,
                ":amount": units,
            })?;
            Ok::<_, Failure>(find(tx, money, &asked.reserve_pub)?.balance)
        })?;
        self.0.topped_up.notify_waiters();
        Ok(balance)
    }

    /// What a reserve has. Blocks.
    pub(super) fn balance(&self, reserve: &PublicKey) -> Result<Amount, Failure> {
        self.0.file.look(|db| Ok(find(db, self.0.money, reserve)?.balance))
    }

    /// Signs all of the hidden coins and has the reserve pay for them, or does nothing of it. What
    /// was signed before is given again for nothing. Blocks.
    pub(super) fn withdraw(
        &self,
        reserve_pub: &PublicKey,
        asked: &Withdrawal,
        act: FaultAction,
    ) -> Result<Withdrawn, Failure> {
        let wanted: Vec<_> = asked
            .planchets
            .iter()
            .map(|one| Wanted::new(one.denom_pub_hash, &one.coin_ev, Some(one.reserve_sig)))
            .collect();
        self.withdraw_planchets(reserve_pub, &wanted, act)
    }

    /// The same as since protocol 26, with one signature for all. Blocks.
    pub(super) fn withdraw_batch(
        &self,
        asked: &BatchWithdrawal,
        act: FaultAction,
    ) -> Result<Withdrawn, Failure> {
        if asked.cipher != "ED25519" {
            return Err(Failure::Malformed("cipher: ED25519".into()));
        }
        if asked.max_age.is_some() || asked.blinding_seed.is_some() {
            return Err(Failure::NotServed("withdrawals with ages or Clause-Schnorr"));
        }
        if asked.denoms_h.len() != asked.coin_evs.len() {
            return Err(Failure::Malformed("coin_evs: as many as denoms_h".into()));
        }
        let wanted: Vec<_> = asked
            .denoms_h
            .iter()
            .zip(&asked.coin_evs)
            .map(|(h_denom, envelope)| Wanted::new(*h_denom, envelope, None))
            .collect();
        let (now, keys) = (self.now(), self.keys());
        let currency = self.0.settings.currency;
        let (mut value, mut fee) = (Amount::zero(currency), Amount::zero(currency));
        for one in &wanted {
            // What was withdrawn before may have expired meanwhile.
            let kind = keys.denomination(&one.h_denom, Operation::Repeat, now)?.kind;
            value = value.checked_add(&kind.value).map_err(|_| TOO_MUCH)?;
            fee = fee.checked_add(&kind.fee_withdraw).map_err(|_| TOO_MUCH)?;
        }
        let h_coin_evs: Vec<_> = wanted.iter().map(|one| one.h_coin_ev).collect();
        let statement =
            BatchWithdraw { value: value.to_nbo(), fee: fee.to_nbo(), h_coin_evs: &h_coin_evs };
        if !statement.verify(&asked.reserve_pub, &asked.reserve_sig) {
            return Err(Failure::ReserveSignature);
        }
        self.withdraw_planchets(&asked.reserve_pub, &wanted, act)
    }

    fn withdraw_planchets(
        &self,
        reserve_pub: &PublicKey,
        wanted: &[Wanted<'_>],
        act: FaultAction,
    ) -> Result<Withdrawn, Failure> {
        if !(1..=MAX_PLANCHETS).contains(&wanted.len()) {
            return Err(Failure::Malformed(format!("planchets: 1 to {MAX_PLANCHETS}")));
        }
        let mut seen = HashSet::new();
        if !wanted.iter().all(|one| seen.insert(one.h_coin_ev)) {
            return Err(Failure::Malformed("planchets: one of them twice".into()));
        }
        let (now, money, keys) = (self.now(), self.0.money, self.keys());
        let (reserve, earlier) = self.0.file.look(|db| {
            let earlier: Result<Vec<_>, _> =
                wanted.iter().map(|one| find_withdrawal(db, &one.h_coin_ev)).collect();
            Ok::<_, Failure>((find(db, money, reserve_pub)?, earlier?))
        })?;

        // To sign takes long, so nobody is kept from the file meanwhile.
        let mut coins = Vec::new();
        let mut signatures = Vec::new();
        let mut due = Amount::zero(self.0.settings.currency);
        for (one, earlier) in wanted.iter().zip(earlier) {
            if let Some((owner, signature)) = earlier {
                if owner != reserve.serial {
                    return Err(Failure::PlanchetTaken);
                }
                signatures.push(signature);
                continue;
            }
            if act == FaultAction::DenominationUnknown {
                return Err(keys.unknown(&one.h_denom, now)?);
            }
            let denomination = keys.denomination(&one.h_denom, Operation::Withdraw, now)?;
            let price = one.check(reserve_pub, denomination)?;
            due = due.checked_add(&price).map_err(|_| TOO_MUCH)?;
            if money.units(&due)? > money.units(&reserve.balance)? {
                return Err(Failure::ReserveTooSmall(reserve.balance));
            }
            let signature = denomination.sign(one.envelope)?;
            signatures.push(signature.clone());
            coins.push((Bought { denomination, h_coin_ev: one.h_coin_ev, price }, signature));
        }

        self.0.file.change(|tx| {
            for (coin, signature) in &coins {
                let is_new = tx.prepare_cached(sql!("reserves/insert_withdrawal"))?.execute(
                    named_params! {
                        ":h_coin_ev": coin.h_coin_ev,
                        ":reserve": reserve.serial,
                        ":denomination": coin.denomination.serial,
                        ":ev_sig": signature.as_bytes(),
                        ":made_at_s": now,
                    },
                )?;
                if is_new == 0 {
                    // The same request came twice at the same time; the other one has paid.
                    match find_withdrawal(tx, &coin.h_coin_ev)? {
                        Some((owner, _)) if owner == reserve.serial => continue,
                        Some(_) | None => return Err(Failure::PlanchetTaken),
                    }
                }
                let drawn = tx.prepare_cached(sql!("reserves/draw"))?.execute(named_params! {
                    ":serial": reserve.serial,
                    ":amount": money.units(&coin.price)?,
                })?;
                if drawn == 0 {
                    return Err(Failure::ReserveTooSmall(find(tx, money, reserve_pub)?.balance));
                }
            }
            Ok(())
        })?;
        if act == FaultAction::WrongSignature {
            signatures.iter_mut().for_each(bend);
        }
        let wrap = |blinded_rsa_signature| EnvelopeSignature::Rsa { blinded_rsa_signature };
        Ok(Withdrawn(signatures.into_iter().map(wrap).collect()))
    }
}

const TOO_MUCH: Failure = Failure::Bug("a sum beyond all amounts");

/// Makes another number of a signature.
pub(super) fn bend(signature: &mut BlindSignature) {
    let mut bytes = signature.as_bytes().to_vec();
    if let Some(last) = bytes.last_mut() {
        *last ^= 2;
    }
    if let Ok(bent) = BlindSignature::from_bytes(&bytes) {
        *signature = bent;
    }
}

/// A reserve as it is now.
struct Reserve {
    serial: i64,
    balance: Amount,
}

fn find(db: &Connection, money: Money, reserve: &PublicKey) -> Result<Reserve, Failure> {
    let found = db
        .prepare_cached(sql!("reserves/find"))?
        .query_row(named_params! { ":reserve_pub": reserve }, |row| {
            Ok((row.get("serial")?, row.get("balance")?))
        })
        .optional()?;
    let (serial, balance) = found.ok_or(Failure::ReserveUnknown)?;
    Ok(Reserve { serial, balance: money.amount(balance)? })
}

/// Whose reserve paid for this planchet, and the signature that it got.
fn find_withdrawal(
    db: &Connection,
    h_coin_ev: &HashCode,
) -> Result<Option<(i64, BlindSignature)>, Failure> {
    let found = db
        .prepare_cached(sql!("reserves/find_withdrawal"))?
        .query_row(named_params! { ":h_coin_ev": h_coin_ev }, |row| {
            Ok((row.get("reserve")?, row.get::<_, Vec<u8>>("ev_sig")?))
        })
        .optional()?;
    let Some((reserve, signature)) = found else { return Ok(None) };
    let signature = BlindSignature::from_bytes(&signature)
        .map_err(|_| Failure::Bug("the file holds a signature that is none"))?;
    Ok(Some((reserve, signature)))
}
