//! Blind Schnorr signatures: the other cipher of coins, as yet rare (crypto 10.5).
//!
//! The points are those of Ed25519, but the hashes and the byte order of the challenge are Taler's own.
//!
//! To have a coin signed, a wallet needs two points of the exchange beforehand, which belong to a nonce
//! of the wallet. It hides the coin behind both; the exchange signs one of them, and says which.

use std::fmt;

use curve25519_dalek::edwards::{CompressedEdwardsY, EdwardsPoint};
use curve25519_dalek::scalar::{Scalar, clamp_integer};
use curve25519_dalek::traits::IsIdentity;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::rsa::BlindingSecret;
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

/// What an exchange tells a wallet before it signs a coin: two points that belong to the wallet's nonce.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct CsWithdrawValues {
    /// The first point.
    pub r_pub_0: Bytes<32>,
    /// The second point.
    pub r_pub_1: Bytes<32>,
}

/// A message as a wallet sends it to be signed, hidden behind both points.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct CsBlindedMessage {
    /// To which the exchange's two points belong.
    #[serde(rename = "cs_nonce")]
    pub nonce: Bytes<32>,
    /// The challenge for the first point, a number, little-endian.
    #[serde(rename = "cs_blinded_c0")]
    pub c0: Bytes<32>,
    /// The challenge for the second point.
    #[serde(rename = "cs_blinded_c1")]
    pub c1: Bytes<32>,
}

/// The signature over one of the two challenges, before what hides it is taken off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct CsBlindSignature {
    /// Which challenge was signed, 0 or 1.
    pub b: u8,
    /// A number, little-endian.
    pub s: Bytes<32>,
}

/// What hides a message behind one of the points.
struct Cover {
    alpha: Zeroizing<Scalar>,
    beta: Zeroizing<Scalar>,
}

impl Cover {
    /// The covers of both points; they grow from the wallet's secret.
    fn both(secret: &BlindingSecret) -> [Self; 2] {
        let raw = Zeroizing::new(kdf::hkdf::<128>(b"alphabeta", secret.as_bytes(), b""));
        let (numbers, _) = raw.as_chunks::<32>();
        let number = |at: usize| {
            let bytes = numbers.get(at).copied().unwrap_or_default();
            Zeroizing::new(Scalar::from_bytes_mod_order(clamp_integer(bytes)))
        };
        [Self { alpha: number(0), beta: number(1) }, Self { alpha: number(2), beta: number(3) }]
    }

    /// The exchange's point, hidden.
    #[expect(clippy::arithmetic_side_effects, reason = "points go round, they do not overflow")]
    fn hide(&self, r_pub: &Bytes<32>, key: &EdwardsPoint) -> Option<Bytes<32>> {
        let point = CompressedEdwardsY(*r_pub.as_bytes()).decompress()?;
        let hidden = point + EdwardsPoint::mul_base(&self.alpha) + key * *self.beta;
        Some(Bytes::new(hidden.compress().to_bytes()))
    }
}

impl CsPublicKey {
    /// Hides the message behind both points, to have it signed. `None` where key or points are no such
    /// thing.
    pub fn blind(
        &self,
        message: &HashCode,
        secret: &BlindingSecret,
        values: &CsWithdrawValues,
        nonce: Bytes<32>,
    ) -> Option<CsBlindedMessage> {
        let key = self.point()?;
        let [first, second] = Cover::both(secret);
        let hidden = |cover: &Cover, r_pub: &Bytes<32>| {
            let challenge = self.challenge(message, &cover.hide(r_pub, &key)?)?;
            #[expect(
                clippy::arithmetic_side_effects,
                reason = "scalars go round, they do not overflow"
            )]
            let hidden = challenge + *cover.beta;
            Some(Bytes::new(hidden.to_bytes()))
        };
        let c0 = hidden(&first, &values.r_pub_0)?;
        let c1 = hidden(&second, &values.r_pub_1)?;
        Some(CsBlindedMessage { nonce, c0, c1 })
    }

    /// Takes off what [`Self::blind`] put on. Whether what remains is a signature, only
    /// [`Self::verify`] tells. `None` if what was signed is no such thing.
    pub fn unblind(
        &self,
        signed: &CsBlindSignature,
        secret: &BlindingSecret,
        values: &CsWithdrawValues,
    ) -> Option<CsSignature> {
        let key = self.point()?;
        let [first, second] = Cover::both(secret);
        let (cover, r_pub) = match signed.b {
            0 => (first, values.r_pub_0),
            1 => (second, values.r_pub_1),
            _ => return None,
        };
        let s: Option<Scalar> = Scalar::from_canonical_bytes(*signed.s.as_bytes()).into();
        #[expect(
            clippy::arithmetic_side_effects,
            reason = "scalars go round, they do not overflow"
        )]
        let s = s? + *cover.alpha;
        Some(CsSignature { r: cover.hide(&r_pub, &key)?, s: Bytes::new(s.to_bytes()) })
    }
}

/// The private key of a denomination. It never shows itself, and is wiped when dropped.
#[derive(Clone)]
pub struct CsPrivateKey(Zeroizing<Scalar>);

impl CsPrivateKey {
    /// The key that grows from these 32 random bytes.
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        let wide = Zeroizing::new(kdf::hkdf::<64>(b"tilld: a Clause-Schnorr key", seed, b""));
        Self(Zeroizing::new(Scalar::from_bytes_mod_order_wide(&wide)))
    }

    /// The key by which others check what this one signed.
    pub fn public_key(&self) -> CsPublicKey {
        CsPublicKey::new(EdwardsPoint::mul_base(&self.0).compress().to_bytes())
    }

    /// The two points that belong to a wallet's nonce. The same nonce has the same points.
    pub fn withdraw_values(&self, nonce: &Bytes<32>) -> CsWithdrawValues {
        let [r_pub_0, r_pub_1] = [0, 1].map(|at| {
            Bytes::new(EdwardsPoint::mul_base(&self.secret(nonce, at)).compress().to_bytes())
        });
        CsWithdrawValues { r_pub_0, r_pub_1 }
    }

    /// Signs one of the two challenges, which one the wallet cannot choose. A nonce is signed once: the
    /// caller must refuse another message with the same one, because two signatures with the same point
    /// give the key away. Which of the two is signed depends on the nonce alone, for the same reason.
    ///
    /// `None` if a challenge is no number below the order.
    pub fn sign_blind(&self, message: &CsBlindedMessage) -> Option<CsBlindSignature> {
        let toss: [u8; 1] =
            kdf::hkdf(b"tilld: which challenge", self.0.as_bytes(), message.nonce.as_ref());
        let [b] = toss.map(|byte| byte & 1);
        let challenge = if b == 0 { message.c0 } else { message.c1 };
        let challenge: Option<Scalar> = Scalar::from_canonical_bytes(*challenge.as_bytes()).into();
        #[expect(
            clippy::arithmetic_side_effects,
            reason = "scalars go round, they do not overflow"
        )]
        let s = *self.secret(&message.nonce, b) + challenge? * *self.0;
        Some(CsBlindSignature { b, s: Bytes::new(s.to_bytes()) })
    }

    /// The secret number behind one of the two points.
    fn secret(&self, nonce: &Bytes<32>, at: u8) -> Zeroizing<Scalar> {
        let ikm = Zeroizing::new([&self.0.as_bytes()[..], nonce.as_bytes()].concat());
        let wide = Zeroizing::new(kdf::hkdf::<64>(b"tilld: a point to sign with", &ikm, &[at]));
        Zeroizing::new(Scalar::from_bytes_mod_order_wide(&wide))
    }
}

impl fmt::Debug for CsPrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CsPrivateKey(***)")
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
