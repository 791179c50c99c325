//! Blind Schnorr signatures: the other cipher of coins, as yet rare (crypto 10.5).
//!
//! Only what a merchant does is here, which is to check them. The points are those of Ed25519, but
//! the hashes and the byte order of the challenge are Taler's own.

use curve25519_dalek::edwards::{CompressedEdwardsY, EdwardsPoint};
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::IsIdentity;
use serde::{Deserialize, Serialize};

use crate::base32::{BadBase32, Bytes, HashCode};
use crate::{hash, kdf};

/// How many points the base point of Ed25519 generates, big-endian: 2²⁵² and something.
const ORDER: [u8; 32] = [
    0x10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x14, 0xde, 0xf9, 0xde, 0xa2, 0xf7, 0x9c,
    0xd6, 0x58, 0x12, 0x63, 0x1a, 0x5c, 0xf5, 0xd3, 0xed,
];

/// The public key of a denomination, 32 bytes. Whether they are a good key shows when a signature
/// is checked: a bad key verifies nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CsPublicKey(Bytes<32>);

/// A signature as a coin carries it, by the names that it has there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct CsSignature {
    /// A point.
    #[serde(rename = "cs_signature_r")]
    pub r: Bytes<32>,
    /// A number, little-endian.
    #[serde(rename = "cs_signature_s")]
    pub s: Bytes<32>,
}

impl CsPublicKey {
    /// Takes the bytes as they are.
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(Bytes::new(bytes))
    }

    /// The bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        self.0.as_bytes()
    }

    /// Reads base32 text.
    ///
    /// # Errors
    /// When the text is not that of 32 bytes.
    pub fn parse(text: &str) -> Result<Self, BadBase32> {
        Bytes::parse(text).map(Self)
    }

    /// Whether this key signed the message, for a coin [`coin_hash`](super::coin_hash).
    ///
    /// Keys of small or mixed order and numbers out of range hold for nothing, as with exchanges.
    pub fn verify(&self, message: &HashCode, signature: &CsSignature) -> bool {
        self.holds(message, signature).unwrap_or(false)
    }

    /// `None` where key, number or challenge are no such thing.
    fn holds(&self, message: &HashCode, signature: &CsSignature) -> Option<bool> {
        let point = self.point()?;
        let s = Option::from(Scalar::from_canonical_bytes(*signature.s.as_bytes()))?;
        let challenge = self.challenge(message, &signature.r)?;
        #[expect(
            clippy::arithmetic_side_effects,
            reason = "scalars go round, they do not overflow"
        )]
        let back = -challenge;
        // s·G − c·P is R, compared as bytes: so R needs no reading, and has but one spelling.
        let r = EdwardsPoint::vartime_double_scalar_mul_basepoint(&back, &point, &s);
        Some(r.compress().as_bytes() == signature.r.as_bytes())
    }

    /// The key as a point of prime order, spelt the one right way.
    fn point(&self) -> Option<EdwardsPoint> {
        let point = CompressedEdwardsY(*self.as_bytes()).decompress()?;
        let good = !point.is_identity()
            && point.is_torsion_free()
            && point.compress().as_bytes() == self.as_bytes();
        good.then_some(point)
    }

    /// The number that ties signature, key and message together.
    fn challenge(&self, message: &HashCode, r: &Bytes<32>) -> Option<Scalar> {
        let ikm = hash::sha512_all([r.as_ref(), message.as_ref()]);
        let number = kdf::kdf_mod(&ORDER, self.as_bytes(), ikm.as_ref(), b"Curve25519FDH")?;
        let mut bytes: [u8; 32] = number.try_into().ok()?;
        bytes.reverse();
        Option::from(Scalar::from_canonical_bytes(bytes))
    }
}

impl AsRef<[u8]> for CsPublicKey {
    fn as_ref(&self) -> &[u8] {
        self.as_bytes()
    }
}

#[cfg(test)]
mod tests {
    use curve25519_dalek::constants::EIGHT_TORSION;
    use proptest::prelude::*;

    use super::*;
    use crate::vectors;

    #[test]
    fn every_vector_holds() {
        let file = include_str!("../../tests/vectors/cs_verify.json");
        vectors::each(file, 11, |entry| {
            entry.of_the_only_kind();
            let key: CsPublicKey = entry.read("cs_public_key");
            let message: [u8; 64] = entry.hex("message_hash_hex").try_into().unwrap();
            let message = HashCode::new(message);
            let signature =
                CsSignature { r: entry.bytes("cs_signature_r"), s: entry.bytes("cs_signature_s") };
            match entry.text("expect") {
                "valid" => {
                    let challenge = key.challenge(&message, &signature.r).unwrap();
                    let ours = challenge.as_bytes()[..].to_vec();
                    assert_eq!(ours, entry.hex("challenge_hex"), "{}", entry.id());
                    assert!(key.verify(&message, &signature), "{}", entry.id());
                }
                "invalid" => assert!(!key.verify(&message, &signature), "{}", entry.id()),
                _ => entry.unknown(),
            }
        });
    }

    #[test]
    fn the_order_is_one_more_than_the_largest_scalar() {
        let mut largest = (Scalar::ZERO - Scalar::ONE).to_bytes();
        largest.reverse();
        assert_eq!(largest[31] + 1, ORDER[31]);
        assert_eq!(largest[..31], ORDER[..31]);
    }

    #[test]
    fn a_key_of_small_order_signs_nothing() {
        // With the identity as key, s·G == R holds for every message.
        let (s, message) = (Scalar::from(7u8), HashCode::ZERO);
        let r = Bytes::new(EdwardsPoint::mul_base(&s).compress().to_bytes());
        let signature = CsSignature { r, s: Bytes::new(s.to_bytes()) };
        for point in EIGHT_TORSION {
            let key = CsPublicKey::new(point.compress().to_bytes());
            assert_eq!(key.point(), None);
            assert!(!key.verify(&message, &signature));
        }
    }

    /// Signs as an exchange would if it were shown the coin.
    #[expect(clippy::arithmetic_side_effects, reason = "scalars go round, they do not overflow")]
    fn sign(key: &Scalar, nonce: &Scalar, message: &HashCode) -> (CsPublicKey, CsSignature) {
        let public = CsPublicKey::new(EdwardsPoint::mul_base(key).compress().to_bytes());
        let r = Bytes::new(EdwardsPoint::mul_base(nonce).compress().to_bytes());
        let s = nonce + public.challenge(message, &r).unwrap() * key;
        (public, CsSignature { r, s: Bytes::new(s.to_bytes()) })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn a_signature_holds_for_its_message_only(
            key: [u8; 32],
            nonce: [u8; 32],
            message: [u8; 32],
            at: prop::sample::Index,
        ) {
            let message = hash::sha512(&message);
            let key = Scalar::from_bytes_mod_order(key);
            let (public, signature) = sign(&key, &Scalar::from_bytes_mod_order(nonce), &message);
            prop_assert!(public.verify(&message, &signature));

            let mut bent = *message.as_bytes();
            bent[at.index(64)] ^= 1 << at.index(8);
            prop_assert!(!public.verify(&HashCode::new(bent), &signature));
            let bend = |bytes: &Bytes<32>| {
                let mut bent = *bytes.as_bytes();
                bent[at.index(32)] ^= 1 << at.index(8);
                Bytes::new(bent)
            };
            let bent = CsSignature { r: bend(&signature.r), ..signature };
            prop_assert!(!public.verify(&message, &bent));
            let bent = CsSignature { s: bend(&signature.s), ..signature };
            prop_assert!(!public.verify(&message, &bent));
            prop_assert!(!CsPublicKey(bend(&public.0)).verify(&message, &signature));

            let json = serde_json::to_string(&signature).unwrap();
            prop_assert_eq!(serde_json::from_str::<CsSignature>(&json).unwrap(), signature);
        }

        #[test]
        fn no_key_or_signature_panics(key: [u8; 32], r: [u8; 32], s: [u8; 32]) {
            let signature = CsSignature { r: Bytes::new(r), s: Bytes::new(s) };
            prop_assert!(!CsPublicKey::new(key).verify(&HashCode::ZERO, &signature));
        }
    }
}
