//! Ages: how a coin's owner proves to be old enough, and tells no more (crypto 11).
//!
//! A denomination divides ages into groups. A coin of it carries one public key for each group but
//! the lowest; parents keep from their child the private keys of groups that it has not reached.
//! A signature with a group's key proves membership. The signature is over the age that the
//! contract demands, so it proves nothing else.
//!
//! When a coin is changed, the keys of the new coins grow from those of the old one and the secret that
//! the coins share. So a new coin is as old as the old one, and who sees both does not see that.

use std::fmt;

use curve25519_dalek::edwards::{CompressedEdwardsY, EdwardsPoint};
use curve25519_dalek::scalar::{Scalar, clamp_integer};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::refresh::SharedSecret;
use crate::base32::ShortHash;
use crate::sign::wallet::AgeAttestation;
use crate::sign::{self, PublicKey, Signature, Statement};
use crate::{hash, kdf};

/// Oldest age that can be asked for.
pub const MAX_AGE: u8 = 120;

/// At which ages the groups of a denomination begin: bit `k` says that one begins at `k` years.
/// Bit 0 is always set, but in [`AgeMask::NONE`].
///
/// ```
/// use taler::coin::age::AgeMask;
/// let ages = AgeMask::new(1 | 1 << 8 | 1 << 18);
/// assert_eq!([7, 8, 17, 18, 99].map(|age| ages.group_of(age)), [0, 1, 1, 2, 2]);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AgeMask(u32);

impl AgeMask {
    /// The denomination knows no ages: its coins need no proof, and have none.
    pub const NONE: Self = Self(0);

    /// Takes the bits as they are.
    pub const fn new(bits: u32) -> Self {
        Self(bits)
    }

    /// The bits.
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// The group of this age in years, counted from 0: how many begin at 1 up to this age.
    pub const fn group_of(self, age: u32) -> u32 {
        let above = u32::MAX.unbounded_shl(age.saturating_add(1));
        (self.0 & !above & !1).count_ones()
    }

    /// How many groups there are above the lowest: as many keys has a commitment.
    pub const fn upper_groups(self) -> u32 {
        self.group_of(u32::MAX)
    }
}

/// The keys of a coin's age groups, all but the lowest one's. None if the coin knows no ages.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AgeCommitment(Vec<PublicKey>);

impl AgeCommitment {
    /// Takes the keys, youngest group first.
    pub const fn new(keys: Vec<PublicKey>) -> Self {
        Self(keys)
    }

    /// The keys, youngest group first.
    pub fn keys(&self) -> &[PublicKey] {
        &self.0
    }

    /// The keys of the coins that come of this one with the shared secret. `None` if a key is none.
    pub fn derive(&self, shared: &SharedSecret) -> Option<Self> {
        let derived = self.0.iter().map(|key| {
            let point = CompressedEdwardsY(*key.as_bytes()).decompress()?;
            let (_, factor) = step(key, shared);
            #[expect(
                clippy::arithmetic_side_effects,
                reason = "points go round, they do not overflow"
            )]
            let point = point * *factor;
            Some(PublicKey::new(point.compress().to_bytes()))
        });
        derived.collect::<Option<_>>().map(Self)
    }

    /// What stands for the commitment in coin and deposit: `h_age_commitment`. All zeros if there
    /// are no keys.
    pub fn hash(&self) -> ShortHash {
        if self.0.is_empty() {
            return ShortHash::ZERO;
        }
        hash::shorten(&hash::sha512_all(self.0.iter().map(AsRef::as_ref)))
    }

    /// Whether the coin's owner has at least this age, in years. In the lowest group, and so for
    /// denominations that know no ages, there is nothing to prove. Above, the commitment must have
    /// exactly the keys that the denomination asks for, and the proof be by the key of the age's
    /// group.
    ///
    /// That the commitment is the coin's, only the coin's signature says: check it with the hash.
    pub fn proves(&self, ages: AgeMask, age: u32, proof: Option<&Signature>) -> bool {
        let Some(before) = ages.group_of(age).checked_sub(1) else {
            return true;
        };
        let complete = usize::try_from(ages.upper_groups()) == Ok(self.0.len());
        let key = usize::try_from(before).ok().and_then(|place| self.0.get(place));
        let statement = AgeAttestation { age_mask: ages.bits(), age };
        match (key, proof) {
            (Some(key), Some(proof)) => complete && statement.verify(key, proof),
            (None, _) | (_, None) => false,
        }
    }
}

/// What leads from a key to that of the next coin: as bytes, and as the number that they are.
fn step(key: &PublicKey, shared: &SharedSecret) -> (Zeroizing<[u8; 64]>, Zeroizing<Scalar>) {
    let raw = Zeroizing::new(kdf::hkdf(b"edx25519-derivation", key.as_ref(), shared.as_bytes()));
    let factor = Zeroizing::new(Scalar::from_bytes_mod_order_wide(&raw));
    (raw, factor)
}

/// The private key of an age group. It signs like an Ed25519 key, but is no seed: so that others can
/// grow from it whose public keys grow from its public key alike (Edx25519). It never shows itself, and
/// is wiped when dropped.
#[derive(Clone)]
pub struct AgeKey {
    number: Zeroizing<Scalar>,
    prefix: Zeroizing<[u8; 32]>,
}

impl AgeKey {
    /// The key that grows from these 32 random bytes.
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        let hash = Zeroizing::new(*hash::sha512(seed).as_bytes());
        let (halves, _) = hash.as_chunks::<32>();
        let half = |at: usize| halves.get(at).copied().unwrap_or_default();
        Self::from_parts(half(0), half(1))
    }

    /// Takes the number, little-endian, and the prefix of the hashes.
    pub(super) fn from_parts(number: [u8; 32], prefix: [u8; 32]) -> Self {
        let number = Scalar::from_bytes_mod_order(clamp_integer(number));
        Self { number: Zeroizing::new(number), prefix: Zeroizing::new(prefix) }
    }

    /// The key by which others check what this one signed.
    pub fn public_key(&self) -> PublicKey {
        PublicKey::new(EdwardsPoint::mul_base(&self.number).compress().to_bytes())
    }

    /// The key of the coins that come of this one with the shared secret.
    #[must_use]
    pub fn derive(&self, shared: &SharedSecret) -> Self {
        let (raw, factor) = step(&self.public_key(), shared);
        let prefix = hash::sha512_all([&self.prefix[..], &raw[..]]);
        #[expect(
            clippy::arithmetic_side_effects,
            reason = "scalars go round, they do not overflow"
        )]
        let number = Zeroizing::new(*self.number * *factor);
        Self { number, prefix: Zeroizing::new(*hash::shorten(&prefix).as_bytes()) }
    }

    /// Signs a statement.
    #[expect(clippy::arithmetic_side_effects, reason = "scalars go round, they do not overflow")]
    pub fn sign<S: Statement>(&self, statement: &S) -> Signature {
        let message = sign::message(S::PURPOSE.number(), &statement.body());
        let public = self.public_key();
        let nonce = hash::sha512_all([&self.prefix[..], &message]);
        let nonce = Zeroizing::new(Scalar::from_bytes_mod_order_wide(nonce.as_bytes()));
        let r = EdwardsPoint::mul_base(&nonce).compress().to_bytes();
        let challenge = hash::sha512_all([&r[..], public.as_ref(), &message]);
        let challenge = Scalar::from_bytes_mod_order_wide(challenge.as_bytes());
        let s = *nonce + challenge * *self.number;
        let mut signature = [0; 64];
        for (to, from) in signature.iter_mut().zip(r.into_iter().chain(s.to_bytes())) {
            *to = from;
        }
        Signature::new(signature)
    }
}

impl fmt::Debug for AgeKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AgeKey(***)")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::sign::SigningKey;
    use crate::vectors::{self, Entry};

    #[test]
    fn every_vector_holds() {
        let file = include_str!("../../tests/vectors/age_restriction.json");
        vectors::each(file, 27, |entry| {
            let ages: AgeMask = entry.read("age_mask");
            let age = |member| u32::try_from(entry.number(member)).unwrap();
            match entry.kind() {
                ("age_group", "ok") => {
                    assert_eq!(ages.group_of(age("age")), age("group"), "{}", entry.id());
                    if !entry.get("group_starts").is_null() {
                        let starts: Vec<u32> = entry.read("group_starts");
                        let bits = starts.iter().fold(0, |bits, start| bits | (1 << start));
                        assert_eq!(ages, AgeMask::new(bits), "{}", entry.id());
                    }
                }
                ("commitment_hash", "ok") => {
                    let commitment: AgeCommitment = entry.read("age_commitment");
                    let hash = entry.bytes("h_age_commitment");
                    assert_eq!(commitment.hash(), hash, "{}", entry.id());
                }
                ("attest", "valid") => {
                    let group = ages.group_of(age("minimum_age"));
                    assert_eq!(group, age("group"), "{}", entry.id());
                    if !entry.get("signed_message_hex").is_null() {
                        let age = age("minimum_age");
                        let body = AgeAttestation { age_mask: ages.bits(), age }.body();
                        let message = [&[0, 0, 0, 16, 0, 0, 4, 0xb7], &body[..]].concat();
                        assert_eq!(message, entry.hex("signed_message_hex"), "{}", entry.id());
                    }
                    assert!(attests(entry), "{}", entry.id());
                }
                ("attest", "invalid") => assert!(!attests(entry), "{}", entry.id()),
                _ => entry.unknown(),
            }
        });
    }

    fn attests(entry: &Entry) -> bool {
        let commitment: AgeCommitment = entry.read("age_commitment");
        let proof: Signature = entry.read("minimum_age_sig");
        let age = u32::try_from(entry.number("minimum_age")).unwrap();
        commitment.proves(entry.read("age_mask"), age, Some(&proof))
    }

    fn keys(count: u8) -> Vec<SigningKey> {
        (1..=count).map(|n| SigningKey::from_seed([n; 32])).collect()
    }

    fn commitment(keys: &[SigningKey]) -> AgeCommitment {
        AgeCommitment::new(keys.iter().map(SigningKey::public_key).collect())
    }

    #[test]
    fn a_commitment_with_more_or_fewer_keys_than_groups_proves_nothing() {
        let ages = AgeMask::new(1 | 1 << 8 | 1 << 18);
        let keys = keys(3);
        let proof = AgeAttestation { age_mask: ages.bits(), age: 8 }.sign(&keys[0]);
        assert!(commitment(&keys[..2]).proves(ages, 8, Some(&proof)));
        assert!(!commitment(&keys[..2]).proves(ages, 8, None));
        for count in [0, 1, 3] {
            assert!(!commitment(&keys[..count]).proves(ages, 8, Some(&proof)), "{count}");
        }
        // But where nothing is to be proven, nobody counts.
        assert!(commitment(&keys).proves(ages, 7, None));
        assert!(AgeCommitment::default().proves(AgeMask::NONE, 99, None));
    }

    proptest! {
        #[test]
        fn groups_grow_with_age_and_end_with_the_last(bits: u32, age: u32, near in 0u32..40) {
            let ages = AgeMask::new(bits);
            for age in [age, near] {
                let by_hand = (1..=age.min(31)).filter(|k| bits & (1 << k) != 0).count();
                prop_assert_eq!(usize::try_from(ages.group_of(age)), Ok(by_hand));
                prop_assert!(ages.group_of(age) <= ages.upper_groups());
            }
        }

        #[test]
        fn a_proof_is_for_its_age_only(bits: u32, age in 1u32..32, other in 1u32..32) {
            let ages = AgeMask::new(bits | 1 | 1 << age | 1 << other);
            let keys = keys(u8::try_from(ages.upper_groups()).unwrap());
            let commitment = commitment(&keys);
            let group = usize::try_from(ages.group_of(age)).unwrap();
            let key = &keys[group.checked_sub(1).unwrap()];
            let proof = AgeAttestation { age_mask: ages.bits(), age }.sign(key);
            prop_assert!(commitment.proves(ages, age, Some(&proof)));
            prop_assert_eq!(commitment.proves(ages, other, Some(&proof)), age == other);
            let json = serde_json::to_string(&commitment).unwrap();
            prop_assert_eq!(serde_json::from_str::<AgeCommitment>(&json).unwrap(), commitment);
        }
    }
}
