//! Reveals: a wallet shows how all candidates but one came about, and gets the new coins of the hidden one
//! signed (refresh 3 to 5).
//!
//! What was revealed is computed again and must lead to the commitment of the melt. A wrong reveal spoils
//! nothing: the right one is taken afterwards. The same one again gets the same signatures.

use rusqlite::{Connection, named_params};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::coins;
use super::failure::Failure;
use super::faults::FaultAction;
use super::keys::Denomination;
use super::melts::{self, Melt};
use super::{Sandbox, sql};
use taler::base32::{HashCode, ShortHash};
use taler::coin::age::AgeCommitment;
use taler::coin::coin_hash;
use taler::coin::envelope::{CoinEnvelope, EnvelopeSignature};
use taler::coin::refresh::{
    BatchSeed, Commitment, KAPPA, MAX_NEW_COINS, SeededCommitment, SharedSecret, TransferKey,
    TransferPublicKey, planchets_hash,
};
use taler::coin::rsa::BlindSignature;
use taler::sign::wallet::CoinLink;
use taler::sign::{PublicKey, Signature, Statement};

/// Most melts of one coin whose new coins are listed.
const MAX_LINKED: i64 = 64;

/// Shows what a wallet committed to, as up to protocol 25. The commitment is in the path.
#[derive(Deserialize)]
pub(super) struct Request {
    transfer_pub: TransferPublicKey,
    transfer_privs: Vec<TransferKey>,
    coin_evs: Vec<CoinEnvelope>,
    new_denoms_h: Vec<HashCode>,
    link_sigs: Vec<Signature>,
    #[serde(default)]
    old_age_commitment: Option<AgeCommitment>,
}

/// Shows what a wallet committed to, as since protocol 32.
#[derive(Deserialize)]
pub(super) struct SeededRequest {
    rc: HashCode,
    #[serde(default)]
    batch_seeds: Option<Vec<BatchSeed>>,
    /// From memory, so that it may have another name as well.
    #[serde(default, alias = "old_age_commitment")]
    age_commitment: Option<AgeCommitment>,
}

/// The signed coins of a reveal, in the order of the request.
pub(super) struct Revealed(Vec<EnvelopeSignature>);

#[derive(Serialize)]
struct Wrapped<'a> {
    ev_sig: &'a EnvelopeSignature,
}

impl Revealed {
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

/// The new coins of a melt, as they are to be signed.
struct NewCoins<'a> {
    denominations: Vec<&'a Denomination>,
    envelopes: &'a [CoinEnvelope],
    link_sigs: Option<&'a [Signature]>,
    transfer_pub: Option<TransferPublicKey>,
}

/// The blinded coin that grows from a shared secret, as an honest wallet makes it.
fn candidate(
    shared: &SharedSecret,
    place: usize,
    denomination: &Denomination,
    ages: Option<&AgeCommitment>,
) -> Result<CoinEnvelope, Failure> {
    let place = u32::try_from(place).map_err(|_| Failure::NewCoins)?;
    let coin = shared.rsa_coin(place);
    let ages = ages.map(|old| old.derive(shared).ok_or(Failure::AgeCommitment)).transpose()?;
    let hash = ages.as_ref().map(AgeCommitment::hash);
    let message = coin_hash(&coin.key.public_key(), hash.as_ref());
    let blinded = denomination.key.public_key().blind(&message, &coin.blinding);
    let rsa_blinded_planchet = blinded.ok_or(Failure::Bug("a key that is not honest"))?;
    Ok(CoinEnvelope::Rsa { rsa_blinded_planchet })
}

/// The age commitment of a coin, if it has one; the one that is shown must be it.
fn ages_of(melt: &Melt, shown: Option<&AgeCommitment>) -> Result<Option<AgeCommitment>, Failure> {
    if melt.h_age_commitment == ShortHash::ZERO {
        return Ok(None);
    }
    match shown {
        Some(shown) if shown.hash() == melt.h_age_commitment => Ok(Some(shown.clone())),
        Some(_) | None => Err(Failure::AgeCommitment),
    }
}

/// What is revealed, in its place among the candidates; the hidden one's place stays empty.
fn placed<T: Clone>(hidden: usize, revealed: &[T]) -> [Option<T>; KAPPA] {
    let mut revealed = revealed.iter();
    let mut all = [const { None }; KAPPA];
    for (_, place) in all.iter_mut().enumerate().filter(|(at, _)| *at != hidden) {
        *place = revealed.next().cloned();
    }
    all
}

impl Sandbox {
    /// Signs the new coins of a melt. Blocks.
    pub(super) fn reveal(
        &self,
        commitment: &HashCode,
        asked: &Request,
        act: FaultAction,
    ) -> Result<Revealed, Failure> {
        let (now, keys) = (self.now(), self.keys());
        if asked.transfer_privs.len() != KAPPA.saturating_sub(1) {
            return Err(Failure::TransferKeys);
        }
        if !(1..=MAX_NEW_COINS).contains(&asked.new_denoms_h.len()) {
            return Err(Failure::NewCoins);
        }
        let sizes = [asked.coin_evs.len(), asked.link_sigs.len()];
        if sizes.iter().any(|size| *size != asked.new_denoms_h.len()) {
            return Err(Failure::RevealSizes);
        }
        let melt = self.0.file.look(|db| melts::find(db, commitment))?;
        let melt = melt.filter(|melt| melt.candidates.is_none()).ok_or(Failure::MeltUnknown)?;
        let denominations: Result<Vec<_>, _> = asked
            .new_denoms_h
            .iter()
            .map(|h_denom| keys.denomination(h_denom, melt.operation(), now))
            .collect();
        let denominations = denominations?;
        let ages = ages_of(&melt, asked.old_age_commitment.as_ref())?;
        let coin = &melt.coin_pub;
        for ((h_denom, envelope), signature) in
            asked.new_denoms_h.iter().zip(&asked.coin_evs).zip(&asked.link_sigs)
        {
            let link = CoinLink {
                h_denom: *h_denom,
                transfer_pub: asked.transfer_pub,
                h_coin_ev: envelope.hash(h_denom),
            };
            if !link.verify(coin, signature) {
                return Err(Failure::LinkSignature);
            }
        }
        let fee = self.0.money.amount(melt.fee)?;
        let paid = self.0.money.amount(melt.amount)?;
        let cost = melts::cost(fee, &denominations)?;
        if cost.try_cmp(&paid).map_err(|_| Failure::Currency)?.is_gt() {
            return Err(Failure::RevealCost);
        }
        let mut transfer_pubs = [asked.transfer_pub; KAPPA];
        let mut candidates: [Vec<CoinEnvelope>; KAPPA] = [const { Vec::new() }; KAPPA];
        let revealed = placed(melt.hidden(), &asked.transfer_privs);
        for ((key, transfer_pub), row) in
            revealed.iter().zip(&mut transfer_pubs).zip(&mut candidates)
        {
            let Some(key) = key else {
                row.clone_from(&asked.coin_evs);
                continue;
            };
            *transfer_pub = key.public_key();
            let shared = key.shared(coin).ok_or(Failure::Bug("a coin that is no key"))?;
            for (place, denomination) in denominations.iter().enumerate() {
                row.push(candidate(&shared, place, denomination, ages.as_ref())?);
            }
        }
        let expected = Commitment {
            secret: None,
            transfer_pubs: &transfer_pubs,
            h_denoms: &asked.new_denoms_h,
            coin,
            value_with_fee: &paid.to_nbo(),
            candidates: candidates.each_ref().map(Vec::as_slice),
        }
        .hash();
        if expected != *commitment {
            return Err(Failure::RevealMismatch(Box::new(expected)));
        }
        let new = NewCoins {
            denominations,
            envelopes: &asked.coin_evs,
            link_sigs: Some(&asked.link_sigs),
            transfer_pub: Some(asked.transfer_pub),
        };
        self.sign_new(&melt, &new, act)
    }

    /// The same as since protocol 32. Blocks.
    pub(super) fn reveal_seeded(
        &self,
        asked: &SeededRequest,
        act: FaultAction,
    ) -> Result<Revealed, Failure> {
        let (now, keys) = (self.now(), self.keys());
        let Some(batch_seeds) = &asked.batch_seeds else {
            return Err(Failure::NotServed("reveals by signatures, as before protocol 32"));
        };
        if batch_seeds.len() != KAPPA.saturating_sub(1) {
            return Err(Failure::TransferKeys);
        }
        let melt = self.0.file.look(|db| melts::find(db, &asked.rc))?;
        let melt = melt.ok_or(Failure::MeltUnknown)?;
        let said = melt.candidates.as_ref().ok_or(Failure::MeltUnknown)?;
        let denominations: Result<Vec<_>, _> = said
            .denoms_h
            .iter()
            .map(|h_denom| keys.denomination(h_denom, melt.operation(), now))
            .collect();
        let denominations = denominations?;
        let ages = ages_of(&melt, asked.age_commitment.as_ref())?;
        let coin = &melt.coin_pub;
        let mut hashes = [HashCode::ZERO; KAPPA];
        for (hash, seed) in hashes.iter_mut().zip(placed(melt.hidden(), batch_seeds)) {
            let envelopes = match seed {
                Some(seed) => grown(&seed, coin, &denominations, ages.as_ref())?,
                None => said.coin_evs.clone(),
            };
            let h_coin_evs: Vec<_> = envelopes
                .iter()
                .zip(&said.denoms_h)
                .map(|(ev, h_denom)| ev.hash(h_denom))
                .collect();
            *hash = planchets_hash(&h_coin_evs);
        }
        let expected = SeededCommitment {
            seed: &said.refresh_seed,
            coin,
            value_with_fee: &self.0.money.amount(melt.amount)?.to_nbo(),
            candidates: &hashes,
        }
        .hash();
        if expected != asked.rc {
            return Err(Failure::RevealMismatch(Box::new(expected)));
        }
        let new = NewCoins {
            denominations,
            envelopes: &said.coin_evs,
            link_sigs: None,
            transfer_pub: None,
        };
        self.sign_new(&melt, &new, act)
    }

    /// Signs the new coins, or gives the signatures again.
    fn sign_new(
        &self,
        melt: &Melt,
        new: &NewCoins<'_>,
        act: FaultAction,
    ) -> Result<Revealed, Failure> {
        let mut signatures = if melt.is_revealed {
            self.0.file.look(|db| kept(db, melt.serial))?
        } else {
            // To sign takes long, so nobody is kept from the file meanwhile.
            let signed: Result<Vec<_>, _> = new
                .denominations
                .iter()
                .zip(new.envelopes)
                .map(|(denomination, envelope)| denomination.sign(envelope))
                .collect();
            let signed = signed?;
            self.0.file.change(|tx| {
                if !melts::reveal(tx, melt.serial, new.transfer_pub.as_ref())? {
                    // The same request came twice at the same time.
                    return kept(tx, melt.serial);
                }
                let mut insert = tx.prepare_cached(sql!("melts/insert_coin"))?;
                for (place, (denomination, signature)) in
                    new.denominations.iter().zip(&signed).enumerate()
                {
                    let link_sig = new.link_sigs.and_then(|all| all.get(place));
                    insert.execute(named_params! {
                        ":melt": melt.serial,
                        ":place": i64::try_from(place).unwrap_or(i64::MAX),
                        ":denomination": denomination.serial,
                        ":ev_sig": signature.as_bytes(),
                        ":link_sig": link_sig.map(Signature::as_bytes),
                    })?;
                }
                Ok(signed)
            })?
        };
        if act == FaultAction::WrongSignature {
            signatures.iter_mut().for_each(super::reserves::bend);
        }
        let wrap = |blinded_rsa_signature| EnvelopeSignature::Rsa { blinded_rsa_signature };
        Ok(Revealed(signatures.into_iter().map(wrap).collect()))
    }

    /// The new coins of a coin, for an owner who looks for them; as up to protocol 25. Blocks.
    pub(super) fn link(&self, coin: &PublicKey) -> Result<Value, Failure> {
        let keys = self.keys();
        let melts = self.0.file.look(|db| {
            let known = coins::find(db, coin)?.ok_or(Failure::LinkUnknown)?;
            let mut linked = db.prepare_cached(sql!("melts/linked"))?;
            let mut rows =
                linked.query(named_params! { ":coin": known.serial, ":limit": MAX_LINKED })?;
            let mut melts = Vec::new();
            while let Some(row) = rows.next()? {
                let (serial, transfer_pub): (i64, TransferPublicKey) =
                    (row.get("serial")?, row.get("transfer_pub")?);
                let mut coins = db.prepare_cached(sql!("melts/coins"))?;
                let mut rows = coins.query(named_params! { ":melt": serial })?;
                let mut new_coins = Vec::new();
                while let Some(row) = rows.next()? {
                    let (serial, link_sig): (i64, Option<[u8; 64]>) =
                        (row.get("denomination")?, row.get("link_sig")?);
                    let signature: Vec<u8> = row.get("ev_sig")?;
                    let signature =
                        BlindSignature::from_bytes(&signature).map_err(|_| NO_SIGNATURE)?;
                    let denomination = keys.denominations.iter().find(|d| d.serial == serial);
                    let denomination =
                        denomination.ok_or(Failure::Bug("a denomination is lost"))?;
                    new_coins.push(json!({
                        "denom_pub": {
                            "cipher": "RSA",
                            "age_mask": denomination.kind.ages,
                            "rsa_pub": denomination.key.public_key(),
                        },
                        "ev_sig": EnvelopeSignature::Rsa { blinded_rsa_signature: signature },
                        "ewv": { "cipher": "RSA" },
                        "coin_idx": new_coins.len(),
                        "link_sig": link_sig.map(Signature::new),
                    }));
                }
                melts.push(json!({ "transfer_pub": transfer_pub, "new_coins": new_coins }));
            }
            Ok::<_, Failure>(melts)
        })?;
        if melts.is_empty() { Err(Failure::LinkUnknown) } else { Ok(melts.into()) }
    }
}

/// The blinded coins that grow from a seed of a wallet.
fn grown(
    seed: &BatchSeed,
    coin: &PublicKey,
    denominations: &[&Denomination],
    ages: Option<&AgeCommitment>,
) -> Result<Vec<CoinEnvelope>, Failure> {
    let keys = seed.transfer_keys(denominations.len()).ok_or(Failure::NewCoins)?;
    let mut envelopes = Vec::new();
    for (place, (key, denomination)) in keys.iter().zip(denominations).enumerate() {
        let shared = key.shared(coin).ok_or(Failure::Bug("a coin that is no key"))?;
        envelopes.push(candidate(&shared, place, denomination, ages)?);
    }
    Ok(envelopes)
}

const NO_SIGNATURE: Failure = Failure::Bug("the file holds a signature that is none");

/// The signatures of the new coins, as they were given.
pub(super) fn kept(db: &Connection, melt: i64) -> Result<Vec<BlindSignature>, Failure> {
    let mut coins = db.prepare_cached(sql!("melts/coins"))?;
    let mut rows = coins.query(named_params! { ":melt": melt })?;
    let mut signatures = Vec::new();
    while let Some(row) = rows.next()? {
        let signature: Vec<u8> = row.get("ev_sig")?;
        signatures.push(BlindSignature::from_bytes(&signature).map_err(|_| NO_SIGNATURE)?);
    }
    Ok(signatures)
}
