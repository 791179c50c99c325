//! Changes coins of which something was spent into new ones that nobody can link to them (refresh
//! 3 and 4, decision 179).
//!
//! What a coin is to become, and the seed of it, are in the file before the exchange hears of it, and
//! its value is off the old coin. All secrets of the new coins grow from the seed and the old coin's
//! key, so that whatever is cut short is gone on with from the file, with the very same requests.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};

use super::refreshes::{self, DirtyCoin, Generation, NewCoin, Planned, Refresh};
use super::{Error, Wallet, blocking, coins, selection};
use system::log_limit;
use taler::base32::{Bytes, HashCode};
use taler::coin::coin_hash;
use taler::coin::denomination::{CoinSignature, DenominationKey};
use taler::coin::envelope::{CoinEnvelope, EnvelopeSignature};
use taler::coin::refresh::{
    BatchSeed, Commitment, FreshCoin, KAPPA, SeededCommitment, SharedSecret, TransferKey,
    TransferPublicKey, planchets_hash, transfer_keys,
};
use taler::exchange::Keys;
use taler::sign::exchange::MeltConfirmation;
use taler::sign::wallet::{CoinLink, CoinMelt};
use taler::sign::{PublicKey, Signature, SigningKey, Statement};
use taler::web::BaseUrl;

/// The newest protocol of the old generation.
const LAST_OLD: u32 = 25;
/// The oldest protocol of the new one that we speak.
const FIRST_NEW: u32 = 32;
/// The exchange's word that the coin was spent before.
const DOUBLE_SPENT: u32 = 1012;

const DISHONEST: Error = Error::Nonsense("the denomination's key is not honest");
const WRONG: Error = Error::Nonsense("the exchange has signed a coin wrongly");

/// What came of changing coins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Changed {
    /// How many coins were changed.
    pub coins: usize,
    /// How many the exchange does not change; they can be spent as they are.
    pub refused: usize,
}

#[derive(Deserialize)]
struct Melted {
    noreveal_index: u32,
    exchange_pub: PublicKey,
    exchange_sig: Signature,
}

#[derive(Deserialize)]
struct Revealed {
    ev_sigs: Vec<Signed>,
}

/// A signature, which exchanges up to protocol 25 wrap in an object of its own.
#[derive(Deserialize)]
#[serde(untagged)]
enum Signed {
    Wrapped { ev_sig: EnvelopeSignature },
    Plain(EnvelopeSignature),
}

/// One of the ways in which the new coins could come about.
struct Candidate {
    transfer: Vec<TransferKey>,
    coins: Vec<FreshCoin>,
    envelopes: Vec<CoinEnvelope>,
}

/// Everything that a wallet says in a refresh.
struct Conversation {
    commitment: HashCode,
    candidates: [Candidate; KAPPA],
    /// What is revealed of each candidate in the new generation.
    seeds: [BatchSeed; KAPPA],
    confirm_sig: Signature,
}

impl Wallet {
    /// How to speak with an exchange: as it was asked for, else in the newest way that it knows.
    pub(super) fn generation(&self, keys: &Keys) -> Generation {
        generation_of(keys.version(), self.0.generation)
    }

    /// Changes all coins of which something was spent, so that what is left cannot be traced. Those of
    /// which the change would cost more than half are left as they are.
    ///
    /// # Errors
    /// Whatever is wrong with an exchange or its answers. A change that was begun is finished by the
    /// next call.
    pub async fn refresh(&self) -> Result<Changed, Error> {
        let _turn = self.begin().await?;
        let dirty = self.look(refreshes::dirty).await?;
        let mut by_exchange: BTreeMap<BaseUrl, Vec<DirtyCoin>> = BTreeMap::new();
        for coin in dirty {
            by_exchange.entry(coin.exchange.clone()).or_default().push(coin);
        }
        let mut done = Changed::default();
        for (exchange, dirty) in by_exchange {
            let keys = self.keys(&exchange, self.0.patience).await?;
            for coin in dirty {
                let Some(serial) = self.plan_refresh(&keys, &exchange, &coin).await? else {
                    continue;
                };
                match self.finish_refresh(serial, &keys, self.0.patience).await? {
                    true => done.coins = done.coins.saturating_add(1),
                    false => done.refused = done.refused.saturating_add(1),
                }
            }
        }
        Ok(done)
    }

    /// Keeps what the coin is to become; the number of the change, if it is worth it.
    async fn plan_refresh(
        &self,
        keys: &Keys,
        exchange: &BaseUrl,
        coin: &DirtyCoin,
    ) -> Result<Option<i64>, Error> {
        let now = self.0.clock.now();
        let Some(kind) = keys.denomination(&coin.h_denom).filter(|kind| kind.is_spendable(now))
        else {
            return Ok(None);
        };
        let fee = kind.fees.refresh;
        let chosen = selection::change(keys.denominations(), &coin.remaining, &fee, now)?;
        let Some((kinds, cost)) = chosen else { return Ok(None) };
        let planned = Planned {
            coin: coin.coin,
            generation: self.generation(keys),
            seed: HashCode::new(system::random()?),
            amount: cost.checked_add(&fee)?,
            fee,
            kinds,
        };
        let url = exchange.clone();
        let begin = move |tx: &rusqlite::Transaction<'_>| {
            let known = coins::exchange(tx, &url)?;
            let (number, _) = known.ok_or(Error::Damaged("an exchange"))?;
            refreshes::begin(tx, number, &planned, now)
        };
        self.change(begin).await.map(Some)
    }

    pub(super) async fn finish_refreshes(&self) -> Result<(), Error> {
        let mut done = Ok(());
        for serial in self.look(refreshes::open).await? {
            done = done.and(self.resume_refresh(serial).await);
        }
        done
    }

    async fn resume_refresh(&self, serial: i64) -> Result<(), Error> {
        let refresh = self.look(move |db| refreshes::find(db, serial)).await?;
        let keys = self.keys(&refresh.exchange, Duration::ZERO).await?;
        self.finish_refresh(serial, &keys, Duration::ZERO).await.map(|_| ())
    }

    /// Goes on with a change as far as it goes. `false` if the exchange does not change the coin.
    async fn finish_refresh(
        &self,
        serial: i64,
        keys: &Keys,
        patience: Duration,
    ) -> Result<bool, Error> {
        let refresh = self.look(move |db| refreshes::find(db, serial)).await?;
        let (refresh, talk) = blocking(move || {
            let talk = Conversation::of(&refresh)?;
            Ok((refresh, talk))
        })
        .await?;
        let hidden = match refresh.noreveal_index {
            Some(hidden) => hidden,
            None => match self.melt(&refresh, &talk, keys, patience).await? {
                Some(hidden) => hidden,
                None => return Ok(false),
            },
        };
        let (url, body) = talk.reveal(&refresh, hidden)?;
        let reply = self.0.http.insist_post(&url, &body, patience).await?;
        let revealed: Revealed = reply.success()?;
        self.change_done(refresh, talk, hidden, revealed).await?;
        Ok(true)
    }

    /// Has the exchange take the old coin; which candidate stays hidden. `None` if it refuses for good.
    async fn melt(
        &self,
        refresh: &Refresh,
        talk: &Conversation,
        keys: &Keys,
        patience: Duration,
    ) -> Result<Option<u32>, Error> {
        let (url, body) = talk.melt(refresh);
        let reply = self.0.http.insist_post(&url, &body, patience).await?;
        let serial = refresh.serial;
        if (400..=501).contains(&reply.status) && !reply.passes() {
            let is_spent = reply.status == 409 && reply.code() == DOUBLE_SPENT;
            let coin = refresh.coin;
            let line =
                format_args!("wallet: the exchange does not change a coin: {}", reply.refusal());
            log_limit::warn("coins that an exchange does not change", line);
            self.change(move |tx| {
                let refresh = refreshes::find(tx, serial)?;
                refreshes::refused(tx, &refresh)?;
                if is_spent { coins::mark_suspect(tx, coin) } else { Ok(()) }
            })
            .await?;
            return Ok(None);
        }
        let melted: Melted = reply.success()?;
        let confirmation =
            MeltConfirmation { commitment: talk.commitment, noreveal_index: melted.noreveal_index };
        let is_known = keys.is_evidence(&melted.exchange_pub, self.0.clock.now());
        if !is_known || !confirmation.verify(&melted.exchange_pub, &melted.exchange_sig) {
            return Err(Error::Nonsense("the exchange has not signed the melt"));
        }
        if usize::try_from(melted.noreveal_index).map_or(true, |index| index >= KAPPA) {
            return Err(Error::Nonsense("the exchange hides a candidate that is none"));
        }
        self.change(move |tx| refreshes::melted(tx, serial, melted.noreveal_index)).await?;
        Ok(Some(melted.noreveal_index))
    }

    /// Keeps the new coins.
    async fn change_done(
        &self,
        refresh: Refresh,
        talk: Conversation,
        hidden: u32,
        revealed: Revealed,
    ) -> Result<(), Error> {
        let (refresh, signed) = blocking(move || {
            let signed = talk.unblinded(&refresh, hidden, revealed)?;
            Ok((refresh, signed))
        })
        .await?;
        self.change(move |tx| refreshes::finish(tx, &refresh, &signed)).await
    }
}

/// How to speak with an exchange of this version (`current:revision:age`), if it is asked for so.
fn generation_of(version: &str, wish: Option<Generation>) -> Generation {
    let mut parts = version.splitn(3, ':').map(|part| part.parse::<u32>().ok());
    let current = parts.next().flatten().unwrap_or_default();
    let oldest = current.saturating_sub(parts.nth(1).flatten().unwrap_or_default());
    let (knows_old, knows_new) = (oldest <= LAST_OLD, current >= FIRST_NEW && oldest <= FIRST_NEW);
    match wish {
        Some(Generation::Old) if knows_old => Generation::Old,
        _ if knows_new => Generation::New,
        Some(_) | None => Generation::Old,
    }
}

impl Candidate {
    fn new(
        transfer: Vec<TransferKey>,
        shared: &[SharedSecret],
        new: &[NewCoin],
    ) -> Result<Self, Error> {
        let (mut coins, mut envelopes) = (Vec::new(), Vec::new());
        for ((place, shared), one) in (0_u32..).zip(shared).zip(new) {
            let coin = shared.rsa_coin(place);
            let message = coin_hash(&coin.key.public_key(), None);
            let rsa_blinded_planchet = one.key.blind(&message, &coin.blinding).ok_or(DISHONEST)?;
            envelopes.push(CoinEnvelope::Rsa { rsa_blinded_planchet });
            coins.push(coin);
        }
        Ok(Self { transfer, coins, envelopes })
    }

    fn hashes(&self, new: &[NewCoin]) -> Vec<HashCode> {
        self.envelopes.iter().zip(new).map(|(ev, one)| ev.hash(&one.h_denom)).collect()
    }

    fn transfer_pubs(&self) -> Vec<TransferPublicKey> {
        self.transfer.iter().map(TransferKey::public_key).collect()
    }

    /// The only transfer key of the old generation.
    fn only_transfer_pub(&self) -> TransferPublicKey {
        self.transfer.first().map_or(Bytes::ZERO, TransferKey::public_key)
    }
}

impl Conversation {
    /// All of it grows from the seed and the old coin. Takes a while.
    fn of(refresh: &Refresh) -> Result<Self, Error> {
        const DAMAGED: Error = Error::Damaged("a coin's key");
        let (new, coin_pub) = (&refresh.new, &refresh.coin_pub);
        let h_denoms: Vec<_> = new.iter().map(|one| one.h_denom).collect();
        let value_with_fee = refresh.amount.to_nbo();
        let seeds = BatchSeed::of_coin(&refresh.key, &refresh.seed);
        let candidates = match refresh.generation {
            Generation::Old => {
                let secret = Bytes::new(*refresh.seed.as_bytes().first_chunk().ok_or(DAMAGED)?);
                let mut candidates = Vec::new();
                for key in transfer_keys(&refresh.key, &secret) {
                    let shared = key.shared(coin_pub).ok_or(DAMAGED)?;
                    let shared = vec![shared; new.len()];
                    candidates.push(Candidate::new(vec![key], &shared, new)?);
                }
                candidates
            }
            Generation::New => {
                let mut candidates = Vec::new();
                for seed in &seeds {
                    let keys = seed.transfer_keys(new.len()).ok_or(Error::Damaged("a refresh"))?;
                    let shared: Option<Vec<_>> =
                        keys.iter().map(|key| key.shared(coin_pub)).collect();
                    candidates.push(Candidate::new(keys, &shared.ok_or(DAMAGED)?, new)?);
                }
                candidates
            }
        };
        let candidates: [Candidate; KAPPA] = candidates.try_into().map_err(|_| DAMAGED)?;
        let commitment = match refresh.generation {
            Generation::Old => Commitment {
                secret: None,
                transfer_pubs: &candidates.each_ref().map(Candidate::only_transfer_pub),
                h_denoms: &h_denoms,
                coin: coin_pub,
                value_with_fee: &value_with_fee,
                candidates: candidates.each_ref().map(|one| one.envelopes.as_slice()),
            }
            .hash(),
            Generation::New => SeededCommitment {
                seed: &refresh.seed,
                coin: coin_pub,
                value_with_fee: &value_with_fee,
                candidates: &candidates.each_ref().map(|one| planchets_hash(&one.hashes(new))),
            }
            .hash(),
        };
        let permission = CoinMelt {
            commitment,
            h_denom: refresh.h_denom,
            h_age_commitment: None,
            value_with_fee,
            fee_refresh: refresh.fee.to_nbo(),
        };
        let confirm_sig = permission.sign(&refresh.key);
        Ok(Self { commitment, candidates, seeds, confirm_sig })
    }

    /// The first request, and where it goes.
    fn melt(&self, refresh: &Refresh) -> (String, Value) {
        let coin = &refresh.coin_pub;
        match refresh.generation {
            Generation::Old => (
                refresh.exchange.join(&["coins", &coin.to_string(), "melt"]),
                json!({
                    "denom_pub_hash": refresh.h_denom,
                    "denom_sig": refresh.ub_sig,
                    "confirm_sig": self.confirm_sig,
                    "value_with_fee": refresh.amount,
                    "rc": self.commitment,
                }),
            ),
            Generation::New => (
                refresh.exchange.join(&["melt"]),
                json!({
                    "old_coin_pub": coin,
                    "old_denom_pub_h": refresh.h_denom,
                    "old_denom_sig": refresh.ub_sig,
                    "refresh_seed": refresh.seed,
                    "value_with_fee": refresh.amount,
                    "denoms_h": refresh.new.iter().map(|one| one.h_denom).collect::<Vec<_>>(),
                    "coin_evs": self.candidates.each_ref().map(|one| &one.envelopes),
                    "transfer_pubs": self.candidates.each_ref().map(Candidate::transfer_pubs),
                    "confirm_sig": self.confirm_sig,
                }),
            ),
        }
    }

    /// The candidate that stays hidden.
    fn hidden(&self, hidden: u32) -> Result<&Candidate, Error> {
        let at = usize::try_from(hidden).ok();
        at.and_then(|at| self.candidates.get(at)).ok_or(Error::Damaged("a refresh"))
    }

    /// The second request, and where it goes.
    fn reveal(&self, refresh: &Refresh, hidden: u32) -> Result<(String, Value), Error> {
        let chosen = self.hidden(hidden)?;
        let is_revealed = |at: &usize| u32::try_from(*at).is_ok_and(|at| at != hidden);
        Ok(match refresh.generation {
            Generation::Old => {
                let privs: Vec<_> = self
                    .candidates
                    .iter()
                    .enumerate()
                    .filter(|(at, _)| is_revealed(at))
                    .filter_map(|(_, one)| one.transfer.first())
                    .collect();
                let transfer_pub = chosen.only_transfer_pub();
                let link_sigs: Vec<_> = chosen
                    .hashes(&refresh.new)
                    .into_iter()
                    .zip(&refresh.new)
                    .map(|(h_coin_ev, one)| {
                        CoinLink { h_denom: one.h_denom, transfer_pub, h_coin_ev }
                            .sign(&refresh.key)
                    })
                    .collect();
                (
                    refresh.exchange.join(&["refreshes", &self.commitment.to_string(), "reveal"]),
                    json!({
                        "transfer_pub": transfer_pub,
                        "transfer_privs": privs,
                        "coin_evs": chosen.envelopes,
                        "new_denoms_h":
                            refresh.new.iter().map(|one| one.h_denom).collect::<Vec<_>>(),
                        "link_sigs": link_sigs,
                    }),
                )
            }
            Generation::New => {
                let seeds: Vec<_> = self
                    .seeds
                    .iter()
                    .enumerate()
                    .filter(|(at, _)| is_revealed(at))
                    .map(|(_, seed)| seed)
                    .collect();
                (
                    refresh.exchange.join(&["reveal-melt"]),
                    json!({ "rc": self.commitment, "batch_seeds": seeds }),
                )
            }
        })
    }

    /// The new coins, of what the exchange has signed.
    fn unblinded(
        &self,
        refresh: &Refresh,
        hidden: u32,
        revealed: Revealed,
    ) -> Result<Vec<(SigningKey, CoinSignature)>, Error> {
        let chosen = self.hidden(hidden)?;
        if revealed.ev_sigs.len() != refresh.new.len() {
            return Err(WRONG);
        }
        let mut signed = Vec::new();
        for ((coin, one), signature) in chosen.coins.iter().zip(&refresh.new).zip(revealed.ev_sigs)
        {
            let (Signed::Wrapped { ev_sig } | Signed::Plain(ev_sig)) = signature;
            let EnvelopeSignature::Rsa { blinded_rsa_signature } = ev_sig else {
                return Err(WRONG);
            };
            let rsa_signature = one.key.unblind(&blinded_rsa_signature, &coin.blinding);
            let ub_sig = CoinSignature::Rsa { rsa_signature: rsa_signature.ok_or(WRONG)? };
            let message = coin_hash(&coin.key.public_key(), None);
            if !DenominationKey::Rsa(one.key.clone()).verify(&message, &ub_sig) {
                return Err(WRONG);
            }
            signed.push((coin.key.clone(), ub_sig));
        }
        Ok(signed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exchange_is_spoken_to_in_the_newest_way_that_both_know() {
        use Generation::{New, Old};
        for (version, usual, wished) in [
            ("23:0:6", Old, Old),
            ("12:0:1", Old, Old),
            ("31:0:8", Old, Old),
            ("32:0:9", New, Old),
            ("35:2:10", New, Old),
            ("40:0:8", New, New),
            ("32", New, New),
            // Neither is known to fit; the older one is what most understand.
            ("40:0:3", Old, Old),
            ("", Old, Old),
            ("x:y:z", Old, Old),
        ] {
            assert_eq!(generation_of(version, None), usual, "{version}");
            assert_eq!(generation_of(version, Some(Old)), wished, "{version}");
            assert_eq!(generation_of(version, Some(New)), usual, "{version}");
        }
    }
}
