//! Reserves: any client can top them up; the holder of the key withdraws coins (crypto 14.7).

use std::collections::HashSet;

use rusqlite::{Connection, OptionalExtension, named_params};
use serde::{Deserialize, Serialize};

use super::failure::Failure;
use super::faults::FaultAction;
use super::keys::{Denomination, Operation};
use super::money::Money;
use super::{Sandbox, sql};
use taler::amount::Amount;
use taler::base32::HashCode;
use taler::coin::denomination::envelope_hash;
use taler::coin::rsa::{BlindSignature, BlindedMessage};
use taler::sign::wallet::ReserveWithdraw;
use taler::sign::{PublicKey, Signature, Statement};

/// Most coins that one request withdraws.
const MAX_PLANCHETS: usize = 64;

/// Asks for play money.
#[derive(Deserialize)]
pub(super) struct TopUp {
    reserve_pub: PublicKey,
    amount: Amount,
}

/// Asks for coins.
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

#[derive(Deserialize)]
#[serde(tag = "cipher")]
enum CoinEnvelope {
    #[serde(rename = "RSA")]
    Rsa { rsa_blinded_planchet: BlindedMessage },
}

/// What came of a withdrawal.
#[derive(Serialize)]
pub(super) struct Withdrawn {
    ev_sigs: Vec<Signed>,
}

#[derive(Serialize)]
struct Signed {
    ev_sig: EnvelopeSignature,
}

#[derive(Serialize)]
#[serde(tag = "cipher")]
enum EnvelopeSignature {
    #[serde(rename = "RSA")]
    Rsa { blinded_rsa_signature: BlindSignature },
}

/// A planchet whose reserve has signed it.
struct Checked<'a> {
    denomination: &'a Denomination,
    h_coin_ev: HashCode,
    blinded: BlindedMessage,
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
        self.0.file.change(|tx| {
            tx.prepare_cached(sql!("reserves/top_up"))?.execute(named_params! {
                ":reserve_pub": asked.reserve_pub,
                ":amount": units,
            })?;
            Ok(find(tx, money, &asked.reserve_pub)?.balance)
        })
    }

    /// What a reserve has. Blocks.
    pub(super) fn balance(&self, reserve: &PublicKey) -> Result<Amount, Failure> {
        self.0.file.look(|db| Ok(find(db, self.0.money, reserve)?.balance))
    }

    /// Signs all of the hidden coins and has the reserve pay for them, or does nothing of it. What
    /// was signed before is signed again for nothing. Blocks.
    pub(super) fn withdraw(
        &self,
        reserve_pub: &PublicKey,
        asked: &Withdrawal,
        act: FaultAction,
    ) -> Result<Withdrawn, Failure> {
        if !(1..=MAX_PLANCHETS).contains(&asked.planchets.len()) {
            return Err(Failure::Malformed(format!("planchets: 1 to {MAX_PLANCHETS}")));
        }
        let mut seen = HashSet::new();
        if !asked.planchets.iter().all(|planchet| seen.insert(h_coin_ev(planchet))) {
            return Err(Failure::Malformed("planchets: one of them twice".into()));
        }
        let (now, money, keys) = (self.now(), self.0.money, self.keys());
        let (reserve, earlier) = self.0.file.look(|db| {
            let earlier: Result<Vec<_>, _> = asked
                .planchets
                .iter()
                .map(|planchet| find_withdrawal(db, &h_coin_ev(planchet)))
                .collect();
            Ok::<_, Failure>((find(db, money, reserve_pub)?, earlier?))
        })?;

        // To sign takes long, so nobody is kept from the file meanwhile.
        let mut coins = Vec::new();
        let mut signatures = Vec::new();
        let mut due = Amount::zero(self.0.settings.currency);
        for (planchet, earlier) in asked.planchets.iter().zip(earlier) {
            if let Some((owner, signature)) = earlier {
                if owner != reserve.serial {
                    return Err(Failure::PlanchetTaken);
                }
                signatures.push(signature);
                continue;
            }
            let h_denom = &planchet.denom_pub_hash;
            if act == FaultAction::DenominationUnknown {
                return Err(keys.unknown(h_denom, now)?);
            }
            let denomination = keys.denomination(h_denom, Operation::Withdraw, now)?;
            let coin = check(reserve_pub, planchet, denomination)?;
            due = due.checked_add(&coin.price).map_err(|_| TOO_MUCH)?;
            if money.units(&due)? > money.units(&reserve.balance)? {
                return Err(Failure::ReserveTooSmall(reserve.balance));
            }
            let signature = denomination.key.sign_blind(&coin.blinded).ok_or_else(|| {
                Failure::Malformed("rsa_blinded_planchet: not below the modulus".into())
            })?;
            signatures.push(signature.clone());
            coins.push((coin, signature));
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
        let signed = |blinded_rsa_signature| Signed {
            ev_sig: EnvelopeSignature::Rsa { blinded_rsa_signature },
        };
        Ok(Withdrawn { ev_sigs: signatures.into_iter().map(signed).collect() })
    }
}

const TOO_MUCH: Failure = Failure::Bug("a sum beyond all amounts");

/// Makes another number of a signature.
fn bend(signature: &mut BlindSignature) {
    let mut bytes = signature.as_bytes().to_vec();
    if let Some(last) = bytes.last_mut() {
        *last ^= 2;
    }
    if let Ok(bent) = BlindSignature::from_bytes(&bytes) {
        *signature = bent;
    }
}

fn h_coin_ev(planchet: &Planchet) -> HashCode {
    let CoinEnvelope::Rsa { rsa_blinded_planchet } = &planchet.coin_ev;
    envelope_hash(&planchet.denom_pub_hash, rsa_blinded_planchet)
}

/// Whether the reserve's owner wants this planchet for its price.
fn check<'a>(
    reserve: &PublicKey,
    planchet: &Planchet,
    denomination: &'a Denomination,
) -> Result<Checked<'a>, Failure> {
    let kind = &denomination.kind;
    let price = kind.value.checked_add(&kind.fee_withdraw).map_err(|_| TOO_MUCH)?;
    let CoinEnvelope::Rsa { rsa_blinded_planchet } = &planchet.coin_ev;
    let h_coin_ev = h_coin_ev(planchet);
    let statement = ReserveWithdraw {
        amount_with_fee: price.to_nbo(),
        h_denom: denomination.h_denom,
        h_coin_ev,
    };
    if !statement.verify(reserve, &planchet.reserve_sig) {
        return Err(Failure::ReserveSignature);
    }
    Ok(Checked { denomination, h_coin_ev, blinded: rsa_blinded_planchet.clone(), price })
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
