//! Refresh: one coin is changed into others that nobody can link to it (refresh 1 to 4).
//!
//! The wallet *melts* a coin. It commits to three candidates ([`KAPPA`]) for all new coins; the
//! exchange says which one stays hidden, and the wallet *reveals* how the other two came about. All
//! new coins grow from the old coin's key by a Diffie-Hellman exchange with *transfer keys*. So whoever
//! has the old coin can find the new ones, and change cannot serve to pay somebody else in secret.
//!
//! There are two generations. Up to protocol 25 the wallet chooses one transfer key a candidate, sends only
//! the commitment, and reveals the keys. Since protocol 32 there is one a coin, all of them grow from
//! one seed a candidate, the wallet sends all candidates at once, and reveals the seeds. How a coin
//! grows from the shared secret is the same in both.
//!
//! What the messages sign is in [`sign::wallet`](crate::sign::wallet). Here are no amounts and no
//! denominations: callers hand in hashes and bytes.

use std::fmt;

use curve25519_dalek::edwards::CompressedEdwardsY;
use curve25519_dalek::montgomery::MontgomeryPoint;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::cs::CsWithdrawValues;
use super::envelope::CoinEnvelope;
use super::rsa::BlindingSecret;
use crate::base32::{Bytes, HashCode};
use crate::sign::{AmountBytes, PublicKey, SigningKey};
use crate::{hash, kdf};

/// How many candidates a wallet commits to, of which it reveals all but one.
pub const KAPPA: usize = 3;

/// Most coins that can come of one: a list of their transfer keys must fit one derivation.
pub const MAX_NEW_COINS: usize = 64;

/// The public half of a [`TransferKey`], 32 bytes.
pub type TransferPublicKey = Bytes<32>;

/// A key of X25519, to be used once: what it shares with the old coin is what new coins grow from. It
/// never shows itself, and is wiped when dropped. In JSON, as a wallet reveals it, it is 32 bytes.
#[derive(Clone, Serialize, Deserialize)]
#[serde(try_from = "Bytes<32>", into = "Bytes<32>")]
pub struct TransferKey(Zeroizing<[u8; 32]>);

impl TransferKey {
    /// Takes the bytes; any will do.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The bytes, to be revealed and for nothing else.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The public key.
    pub fn public_key(&self) -> TransferPublicKey {
        Bytes::new(MontgomeryPoint::mul_base_clamped(*self.0).to_bytes())
    }

    /// What the key shares with a coin. `None` if the coin's key is none.
    pub fn shared(&self, coin: &PublicKey) -> Option<SharedSecret> {
        let point = CompressedEdwardsY(*coin.as_bytes()).decompress()?;
        Some(SharedSecret::of(&point.to_montgomery().mul_clamped(*self.0)))
    }
}

impl From<Bytes<32>> for TransferKey {
    fn from(bytes: Bytes<32>) -> Self {
        Self::new(*bytes.as_bytes())
    }
}

impl From<TransferKey> for Bytes<32> {
    fn from(key: TransferKey) -> Self {
        Self::new(*key.0)
    }
}

impl fmt::Debug for TransferKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TransferKey(***)")
    }
}

/// What a transfer key and the old coin share. It never shows itself, and is wiped when dropped.
#[derive(Clone)]
pub struct SharedSecret(Zeroizing<[u8; 64]>);

impl SharedSecret {
    /// The same from the other side: of the old coin's key and a public transfer key. That is how an
    /// owner finds coins again (link).
    pub fn of_coin(coin: &SigningKey, transfer: &TransferPublicKey) -> Self {
        // The number of an Ed25519 key is in the first half of the hash of its seed.
        let hash = Zeroizing::new(*hash::sha512(coin.seed()).as_bytes());
        let number = Zeroizing::new(hash.first_chunk::<32>().copied().unwrap_or_default());
        Self::of(&MontgomeryPoint(*transfer.as_bytes()).mul_clamped(*number))
    }

    fn of(point: &MontgomeryPoint) -> Self {
        Self(Zeroizing::new(*hash::sha512(point.as_bytes()).as_bytes()))
    }

    /// The bytes, for derivations.
    pub(super) fn as_bytes(&self) -> &[u8; 64] {
        &self.0
    }

    /// What the new coin at this place grows from.
    fn coin_seed(&self, place: u32) -> Zeroizing<[u8; 32]> {
        let info = b"taler-coin-derivation";
        Zeroizing::new(kdf::hkdf(&place.to_be_bytes(), &*self.0, info))
    }

    /// The secrets of the new coin at this place, counted from 0, for an RSA denomination.
    pub fn rsa_coin(&self, place: u32) -> FreshCoin {
        let seed = self.coin_seed(place);
        FreshCoin {
            key: SigningKey::from_seed(kdf::hkdf(b"coin", &*seed, b"")),
            blinding: BlindingSecret::new(kdf::hkdf(b"bks", &*seed, b"")),
        }
    }

    /// The same for a Clause-Schnorr denomination, which has said two points before.
    pub fn cs_coin(&self, place: u32, values: &CsWithdrawValues) -> FreshCoin {
        let seed = self.coin_seed(place);
        let info = [*values.r_pub_0.as_bytes(), *values.r_pub_1.as_bytes()].concat();
        FreshCoin {
            key: SigningKey::from_seed(kdf::hkdf(b"coin", &*seed, &info)),
            blinding: BlindingSecret::new(kdf::hkdf(b"bseed", &*seed, &info)),
        }
    }
}

impl fmt::Debug for SharedSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SharedSecret(***)")
    }
}

/// The secrets of a coin to be.
#[derive(Clone, Debug)]
pub struct FreshCoin {
    /// Its key.
    pub key: SigningKey,
    /// What hides it until it is signed.
    pub blinding: BlindingSecret,
}

/// The secret of a wallet from which all of a refresh up to protocol 25 grows: `rms` on the wire, where
/// it only appears if new coins are of Clause-Schnorr.
pub type RefreshSecret = Bytes<32>;

/// The transfer keys of the three candidates, up to protocol 25. Others would do as well: the exchange
/// only sees the results.
pub fn transfer_keys(coin: &SigningKey, secret: &RefreshSecret) -> [TransferKey; KAPPA] {
    let info = [secret.as_bytes(), &b"taler-transfer-priv-derivation"[..]].concat();
    [0_u32, 1, 2].map(|k| TransferKey::new(kdf::hkdf(&k.to_be_bytes(), coin.seed(), &info)))
}

/// The wallet's nonce for the new Clause-Schnorr coin at this place.
pub fn cs_nonce(secret: &RefreshSecret, place: u32) -> Bytes<32> {
    Bytes::new(kdf::hkdf(&place.to_be_bytes(), b"refresh-n", secret.as_bytes()))
}

/// What a wallet commits to up to protocol 25: `rc` on the wire.
#[derive(Clone, Copy, Debug)]
pub struct Commitment<'a> {
    /// The wallet's secret, only if a new coin is of Clause-Schnorr.
    pub secret: Option<&'a RefreshSecret>,
    /// The public transfer keys of the candidates.
    pub transfer_pubs: &'a [TransferPublicKey; KAPPA],
    /// The denominations of the new coins.
    pub h_denoms: &'a [HashCode],
    /// The old coin.
    pub coin: &'a PublicKey,
    /// What is taken off it, all fees included.
    pub value_with_fee: &'a AmountBytes,
    /// The new coins of each candidate, blinded.
    pub candidates: [&'a [CoinEnvelope]; KAPPA],
}

impl Commitment<'_> {
    /// The hash that names it.
    pub fn hash(&self) -> HashCode {
        let envelopes: Vec<_> =
            self.candidates.iter().copied().flatten().map(CoinEnvelope::to_bytes).collect();
        let secret = self.secret.map(AsRef::as_ref);
        let transfer_pubs = self.transfer_pubs.iter().map(AsRef::as_ref);
        let h_denoms = self.h_denoms.iter().map(AsRef::as_ref);
        let fixed = [self.coin.as_ref(), &self.value_with_fee[..]];
        hash::sha512_all(
            secret
                .into_iter()
                .chain(transfer_pubs)
                .chain(h_denoms)
                .chain(fixed)
                .chain(envelopes.iter().map(Vec::as_slice)),
        )
    }
}

/// The secret of a wallet from which all of a refresh since protocol 32 grows, together with the old
/// coin's key. It is sent with the melt.
pub type RefreshSeed = HashCode;

/// What one candidate grows from since protocol 32. It never shows itself, and is wiped when dropped. In
/// JSON, as a wallet reveals it, it is 64 bytes.
#[derive(Clone, Serialize, Deserialize)]
#[serde(try_from = "HashCode", into = "HashCode")]
pub struct BatchSeed(Zeroizing<[u8; 64]>);

impl BatchSeed {
    /// The seeds of the three candidates.
    pub fn of_coin(coin: &SigningKey, seed: &RefreshSeed) -> [Self; KAPPA] {
        let salt = b"refresh-batch-seeds";
        let all = Zeroizing::new(kdf::hkdf::<{ 64 * KAPPA }>(salt, seed.as_ref(), coin.seed()));
        let (seeds, _) = all.as_chunks::<64>();
        [0, 1, 2].map(|k: usize| Self(Zeroizing::new(seeds.get(k).copied().unwrap_or([0; 64]))))
    }

    /// One transfer key for each of `count` new coins. `None` if that is more than [`MAX_NEW_COINS`].
    pub fn transfer_keys(&self, count: usize) -> Option<Vec<TransferKey>> {
        if count > MAX_NEW_COINS {
            return None;
        }
        let mut all = Zeroizing::new(vec![0; count.checked_mul(32)?]);
        kdf::hkdf_into(&mut all, b"refresh-transfer-private-keys", &*self.0, &[])?;
        let (keys, _) = all.as_chunks::<32>();
        Some(keys.iter().copied().map(TransferKey::new).collect())
    }
}

impl From<HashCode> for BatchSeed {
    fn from(bytes: HashCode) -> Self {
        Self(Zeroizing::new(*bytes.as_bytes()))
    }
}

impl From<BatchSeed> for HashCode {
    fn from(seed: BatchSeed) -> Self {
        Self::new(*seed.0)
    }
}

impl fmt::Debug for BatchSeed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BatchSeed(***)")
    }
}

/// What stands for all new coins of one candidate, since protocol 32: the hash of their hashes.
pub fn planchets_hash(h_coin_evs: &[HashCode]) -> HashCode {
    hash::sha512_all(h_coin_evs.iter().map(AsRef::as_ref))
}

/// What a wallet commits to since protocol 32: `rc` on the wire.
#[derive(Clone, Copy, Debug)]
pub struct SeededCommitment<'a> {
    /// The wallet's seed.
    pub seed: &'a RefreshSeed,
    /// The old coin.
    pub coin: &'a PublicKey,
    /// What is taken off it, all fees included.
    pub value_with_fee: &'a AmountBytes,
    /// [`planchets_hash`] of each candidate.
    pub candidates: &'a [HashCode; KAPPA],
}

impl SeededCommitment<'_> {
    /// The hash that names it.
    pub fn hash(&self) -> HashCode {
        // The seed of Clause-Schnorr would come second.
        let fixed =
            [self.seed.as_ref(), &[0; 32][..], self.coin.as_ref(), &self.value_with_fee[..]];
        hash::sha512_all(fixed.into_iter().chain(self.candidates.iter().map(AsRef::as_ref)))
    }
}

#[cfg(test)]
mod tests;
