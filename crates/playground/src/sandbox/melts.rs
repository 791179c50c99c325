//! Melts: a coin is to be changed into others, and the exchange says which candidate stays hidden
//! (refresh 3 to 5).
//!
//! Both generations take the value off the old coin and answer alike. Up to protocol 25 the exchange learns
//! of the new coins only when they are revealed, and a commitment is named by the wallet. Since protocol
//! 32 the wallet sends all candidates, and the exchange computes the commitment.

use rusqlite::{Connection, OptionalExtension, Transaction, named_params};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::coins::{self, Event};
use super::failure::Failure;
use super::faults::FaultAction;
use super::keys::{Denomination, Keys, Operation};
use super::{Sandbox, sql};
use taler::amount::Amount;
use taler::base32::{HashCode, ShortHash};
use taler::coin::coin_hash;
use taler::coin::denomination::{CoinSignature, DenominationKey};
use taler::coin::envelope::CoinEnvelope;
use taler::coin::refresh::{
    KAPPA, MAX_NEW_COINS, RefreshSeed, SeededCommitment, TransferPublicKey, planchets_hash,
};
use taler::sign::exchange::MeltConfirmation;
use taler::sign::wallet::CoinMelt;
use taler::sign::{PublicKey, Signature, Statement};

/// Asks for a coin to be melted, as up to protocol 25. The coin is in the path.
#[derive(Deserialize)]
pub(super) struct Request {
    denom_pub_hash: HashCode,
    denom_sig: CoinSignature,
    confirm_sig: Signature,
    value_with_fee: Amount,
    rc: HashCode,
    #[serde(default)]
    age_commitment_hash: Option<ShortHash>,
}

/// Asks for a coin to be melted, as since protocol 32. Names in part from memory, so that some may
/// have another one as well.
#[derive(Deserialize)]
pub(super) struct SeededRequest {
    old_coin_pub: PublicKey,
    old_denom_pub_h: HashCode,
    #[serde(alias = "denom_sig")]
    old_denom_sig: CoinSignature,
    #[serde(default, alias = "age_commitment_hash")]
    old_age_commitment_h: Option<ShortHash>,
    refresh_seed: RefreshSeed,
    #[serde(default)]
    blinding_seed: Option<Value>,
    value_with_fee: Amount,
    denoms_h: Vec<HashCode>,
    coin_evs: Vec<Vec<CoinEnvelope>>,
    #[serde(default)]
    transfer_pubs: Option<Vec<Vec<TransferPublicKey>>>,
    confirm_sig: Signature,
}

/// What a wallet is told of a melt.
#[derive(Serialize)]
pub(super) struct Confirmed {
    noreveal_index: u32,
    exchange_sig: Signature,
    exchange_pub: PublicKey,
}

/// What a melt of protocol 32 says of the new coins, as far as it is needed later.
#[derive(Deserialize, Serialize)]
pub(super) struct Candidates {
    pub(super) refresh_seed: RefreshSeed,
    pub(super) denoms_h: Vec<HashCode>,
    /// The envelopes that are signed: those of the hidden candidate.
    pub(super) coin_evs: Vec<CoinEnvelope>,
    /// The transfer keys of all candidates, for owners who look for their coins.
    pub(super) transfer_pubs: Vec<Vec<TransferPublicKey>>,
}

/// A melt that was made. Amounts are columns.
pub(super) struct Melt {
    pub(super) serial: i64,
    pub(super) coin_pub: PublicKey,
    /// Zeros if the coin has none.
    pub(super) h_age_commitment: ShortHash,
    pub(super) amount: i64,
    pub(super) fee: i64,
    pub(super) noreveal_index: u32,
    reported: (PublicKey, Signature),
    pub(super) candidates: Option<Candidates>,
    pub(super) is_revealed: bool,
}

impl Melt {
    /// Which candidate stays hidden.
    pub(super) fn hidden(&self) -> usize {
        usize::try_from(self.noreveal_index).unwrap_or_default()
    }

    /// What is done with the denominations of the new coins: once they are signed, the signatures are
    /// given again for as long as somebody asks.
    pub(super) const fn operation(&self) -> Operation {
        if self.is_revealed { Operation::Repeat } else { Operation::Withdraw }
    }
}

/// A melt whose coin has signed it.
struct Checked<'a> {
    coin: PublicKey,
    ub_sig: &'a CoinSignature,
    h_age_commitment: ShortHash,
    denomination: &'a Denomination,
    value_with_fee: Amount,
    confirm_sig: Signature,
    commitment: HashCode,
}

/// The old coin as a request shows it.
struct OldCoin<'a> {
    coin: PublicKey,
    h_denom: HashCode,
    ub_sig: &'a CoinSignature,
    h_age_commitment: Option<ShortHash>,
    value_with_fee: Amount,
    confirm_sig: Signature,
}

impl<'a> OldCoin<'a> {
    /// Whether denomination and coin have signed what they must.
    fn check(
        &self,
        sandbox: &Sandbox,
        keys: &'a Keys,
        (commitment, operation): (HashCode, Operation),
    ) -> Result<Checked<'a>, Failure> {
        let now = sandbox.now();
        // That the coin is none comes before what its denomination is not good for.
        let known = keys.denominations.iter().find(|d| d.h_denom == self.h_denom);
        let Some(known) = known else { return Err(keys.unknown(&self.h_denom, now)?) };
        let message = coin_hash(&self.coin, self.h_age_commitment.as_ref());
        let key = DenominationKey::Rsa(known.key.public_key().clone());
        if !key.verify(&message, self.ub_sig) {
            return Err(Failure::DenominationSignature);
        }
        let denomination = keys.denomination(&self.h_denom, operation, now)?;
        let fee = denomination.kind.fee_refresh;
        let wrong = |_| Failure::Field("value_with_fee".into());
        if self.value_with_fee.try_cmp(&fee).map_err(wrong)?.is_lt()
            || self.value_with_fee.is_zero()
        {
            return Err(Failure::MeltBelowFee);
        }
        let permission = CoinMelt {
            commitment,
            h_denom: self.h_denom,
            h_age_commitment: self.h_age_commitment,
            value_with_fee: self.value_with_fee.to_nbo(),
            fee_refresh: fee.to_nbo(),
        };
        if !permission.verify(&self.coin, &self.confirm_sig) {
            return Err(Failure::MeltSignature);
        }
        Ok(Checked {
            coin: self.coin,
            ub_sig: self.ub_sig,
            h_age_commitment: self.h_age_commitment.unwrap_or(ShortHash::ZERO),
            denomination,
            value_with_fee: self.value_with_fee,
            confirm_sig: self.confirm_sig,
            commitment,
        })
    }
}

impl SeededRequest {
    /// The transfer keys, if the lists have the sizes that they must have.
    fn transfer_pubs(&self) -> Result<&[Vec<TransferPublicKey>], Failure> {
        if self.blinding_seed.is_some() {
            return Err(Failure::NotServed("there are no Clause-Schnorr denominations"));
        }
        let Some(transfer_pubs) = &self.transfer_pubs else {
            return Err(Failure::NotServed("melts without transfer keys, as before protocol 32"));
        };
        let count = self.denoms_h.len();
        if !(1..=MAX_NEW_COINS).contains(&count) {
            return Err(Failure::NewCoins);
        }
        let fits = |length: usize| length == count;
        if self.coin_evs.len() != KAPPA || !self.coin_evs.iter().all(|row| fits(row.len())) {
            return Err(Failure::Malformed(
                "coin_evs: three lists, each as long as denoms_h".into(),
            ));
        }
        if transfer_pubs.len() != KAPPA || !transfer_pubs.iter().all(|row| fits(row.len())) {
            let words = "transfer_pubs: three lists, each as long as denoms_h";
            return Err(Failure::Malformed(words.into()));
        }
        Ok(transfer_pubs)
    }

    fn commitment(&self) -> HashCode {
        let hash_of = |row: &Vec<CoinEnvelope>| {
            let hashes: Vec<_> =
                row.iter().zip(&self.denoms_h).map(|(ev, h_denom)| ev.hash(h_denom)).collect();
            planchets_hash(&hashes)
        };
        let mut candidates = [HashCode::ZERO; KAPPA];
        for (to, row) in candidates.iter_mut().zip(&self.coin_evs) {
            *to = hash_of(row);
        }
        SeededCommitment {
            seed: &self.refresh_seed,
            coin: &self.old_coin_pub,
            value_with_fee: &self.value_with_fee.to_nbo(),
            candidates: &candidates,
        }
        .hash()
    }
}

impl Sandbox {
    /// Takes what is to be changed off a coin. The same commitment again changes nothing, whatever else
    /// the request says, and is told the same. Blocks.
    pub(super) fn melt(
        &self,
        coin: &PublicKey,
        asked: &Request,
        act: FaultAction,
    ) -> Result<Confirmed, Failure> {
        let keys = self.keys();
        let old = OldCoin {
            coin: *coin,
            h_denom: asked.denom_pub_hash,
            ub_sig: &asked.denom_sig,
            h_age_commitment: asked.age_commitment_hash,
            value_with_fee: asked.value_with_fee,
            confirm_sig: asked.confirm_sig,
        };
        self.fail_melt(&old, &keys, act)?;
        let checked = old.check(self, &keys, (asked.rc, self.melt_operation(&asked.rc)?))?;
        let melt = self.melt_coin(&checked, &keys, |_| None)?;
        answer(&melt, asked.rc, act)
    }

    /// The same as since protocol 32: the request has all candidates. Blocks.
    pub(super) fn melt_seeded(
        &self,
        asked: &SeededRequest,
        act: FaultAction,
    ) -> Result<Confirmed, Failure> {
        let (keys, now) = (self.keys(), self.now());
        let transfer_pubs = asked.transfer_pubs()?;
        let old = OldCoin {
            coin: asked.old_coin_pub,
            h_denom: asked.old_denom_pub_h,
            ub_sig: &asked.old_denom_sig,
            h_age_commitment: asked.old_age_commitment_h,
            value_with_fee: asked.value_with_fee,
            confirm_sig: asked.confirm_sig,
        };
        self.fail_melt(&old, &keys, act)?;
        let commitment = asked.commitment();
        let operation = self.melt_operation(&commitment)?;
        let checked = old.check(self, &keys, (commitment, operation))?;
        let issue = if operation == Operation::Repeat { operation } else { Operation::Withdraw };
        let new: Result<Vec<_>, _> =
            asked.denoms_h.iter().map(|h_denom| keys.denomination(h_denom, issue, now)).collect();
        let cost = cost(checked.denomination.kind.fee_refresh, &new?)?;
        if cost != asked.value_with_fee {
            return Err(Failure::Malformed(format!("value_with_fee: not {cost}, what it costs")));
        }
        let candidates = |hidden: usize| {
            Some(Candidates {
                refresh_seed: asked.refresh_seed,
                denoms_h: asked.denoms_h.clone(),
                coin_evs: asked.coin_evs.get(hidden)?.clone(),
                transfer_pubs: transfer_pubs.to_vec(),
            })
        };
        let melt = self.melt_coin(&checked, &keys, candidates)?;
        answer(&melt, commitment, act)
    }

    /// What is done with the old coin's denomination: what was melted before is told again for as long
    /// as somebody asks.
    fn melt_operation(&self, commitment: &HashCode) -> Result<Operation, Failure> {
        let earlier = self.0.file.look(|db| find(db, commitment))?;
        Ok(if earlier.is_some() { Operation::Repeat } else { Operation::Melt })
    }

    /// Fails if it is to.
    fn fail_melt(&self, old: &OldCoin<'_>, keys: &Keys, act: FaultAction) -> Result<(), Failure> {
        match act {
            FaultAction::DenominationUnknown => Err(keys.unknown(&old.h_denom, self.now())?),
            FaultAction::DoubleSpending => Err(Failure::InsufficientFunds(old.coin, old.h_denom)),
            _ => Ok(()),
        }
    }

    /// The melt of this commitment: the earlier one, or a new one, of which `candidates` says what is
    /// to be kept once it is known which candidate stays hidden.
    fn melt_coin(
        &self,
        checked: &Checked<'_>,
        keys: &Keys,
        candidates: impl Fn(usize) -> Option<Candidates>,
    ) -> Result<Melt, Failure> {
        let money = self.0.money;
        let (amount, fee) = (
            money.units(&checked.value_with_fee)?,
            money.units(&checked.denomination.kind.fee_refresh)?,
        );
        let toss: [u8; 8] = system::random()?;
        let kappa = u64::try_from(KAPPA).unwrap_or(1);
        let hidden = u64::from_be_bytes(toss).checked_rem(kappa).unwrap_or_default();
        let noreveal_index = u32::try_from(hidden).unwrap_or_default();
        let statement = MeltConfirmation { commitment: checked.commitment, noreveal_index };
        let (exchange_pub, exchange_sig) = keys.signing_at(self.now())?.sign(&statement);
        let candidates = candidates(usize::try_from(noreveal_index).unwrap_or_default());
        let candidates = candidates.map(|kept| serde_json::to_string(&kept)).transpose();
        let candidates = candidates.map_err(|_| Failure::Bug("candidates are no JSON"))?;
        self.0.file.change(|tx| {
            if let Some(earlier) = find(tx, &checked.commitment)? {
                return Ok(earlier);
            }
            let (name, denomination) = (checked.coin, checked.denomination);
            coins::introduce(
                tx,
                money,
                &name,
                denomination,
                checked.ub_sig,
                checked.h_age_commitment,
            )?;
            let known = coins::find(tx, &name)?.ok_or(Failure::Bug("a coin is lost"))?;
            known.is_that(&name, denomination, checked.h_age_commitment, keys)?;
            let spent = tx.prepare_cached(sql!("coins/spend"))?.execute(named_params! {
                ":serial": known.serial,
                ":contribution": amount,
            })?;
            if spent == 0 {
                return Err(Failure::InsufficientFunds(name, denomination.h_denom));
            }
            tx.prepare_cached(sql!("melts/insert"))?.execute(named_params! {
                ":commitment": checked.commitment,
                ":coin": known.serial,
                ":amount": amount,
                ":fee": fee,
                ":coin_sig": checked.confirm_sig.as_bytes(),
                ":noreveal_index": noreveal_index,
                ":exchange_pub": exchange_pub,
                ":exchange_sig": exchange_sig.as_bytes(),
                ":candidates": candidates,
            })?;
            coins::record(tx, known.serial, &Event::Melt(tx.last_insert_rowid()))?;
            find(tx, &checked.commitment)?.ok_or(Failure::Bug("a melt is lost"))
        })
    }
}

/// What new coins of these denominations cost, the refresh fee of the old one included.
pub(super) fn cost(fee_refresh: Amount, new: &[&Denomination]) -> Result<Amount, Failure> {
    let too_much = |_| Failure::Bug("a sum beyond all amounts");
    new.iter().try_fold(fee_refresh, |sum, denomination| {
        let kind = &denomination.kind;
        let sum = sum.checked_add(&kind.value).map_err(too_much)?;
        sum.checked_add(&kind.fee_withdraw).map_err(too_much)
    })
}

/// What is said of a melt; only now may it become a lie.
fn answer(melt: &Melt, commitment: HashCode, act: FaultAction) -> Result<Confirmed, Failure> {
    let statement = MeltConfirmation { commitment, noreveal_index: melt.noreveal_index };
    let (exchange_pub, exchange_sig) = act.signed(&statement, melt.reported)?;
    Ok(Confirmed { noreveal_index: melt.noreveal_index, exchange_sig, exchange_pub })
}

/// The melt of this commitment.
pub(super) fn find(db: &Connection, commitment: &HashCode) -> Result<Option<Melt>, Failure> {
    let found = db.prepare_cached(sql!("melts/find"))?.query_row(
        named_params! { ":commitment": commitment },
        |row| {
            let candidates: Option<String> = row.get("candidates")?;
            Ok((
                Melt {
                    serial: row.get("serial")?,
                    coin_pub: row.get("coin_pub")?,
                    h_age_commitment: row.get("h_age_commitment")?,
                    amount: row.get("amount")?,
                    fee: row.get("fee")?,
                    noreveal_index: row.get("noreveal_index")?,
                    reported: (row.get("exchange_pub")?, Signature::new(row.get("exchange_sig")?)),
                    candidates: None,
                    is_revealed: row.get("is_revealed")?,
                },
                candidates,
            ))
        },
    );
    let Some((melt, candidates)) = found.optional()? else { return Ok(None) };
    let candidates = candidates.map(|text| serde_json::from_str(&text)).transpose();
    let candidates =
        candidates.map_err(|_| Failure::Bug("the file holds candidates that are none"))?;
    Ok(Some(Melt { candidates, ..melt }))
}

/// Keeps that a melt is revealed; `false` if it was before.
pub(super) fn reveal(
    tx: &Transaction<'_>,
    melt: i64,
    transfer_pub: Option<&TransferPublicKey>,
) -> Result<bool, Failure> {
    let revealed = tx
        .prepare_cached(sql!("melts/reveal"))?
        .execute(named_params! { ":serial": melt, ":transfer_pub": transfer_pub })?;
    Ok(revealed > 0)
}
