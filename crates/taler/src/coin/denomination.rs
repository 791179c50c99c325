//! Denominations: keys that say how much a coin is worth (crypto 10.4).
//!
//! A denomination is named by the hash of its key, its cipher and its age groups. Exchanges do
//! not send this hash: readers of their list compute it. What a denomination is worth, and
//! until when, is in the list and not known here.

use serde::{Deserialize, Serialize};

use super::age::AgeMask;
use super::cs::{CsPublicKey, CsSignature};
use super::envelope::{CS, RSA};
use super::rsa::{BlindedMessage, RsaPublicKey, RsaSignature};
use crate::base32::HashCode;
use crate::hash;
use crate::object::object;

/// The public key of a denomination, of either cipher.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum DenominationKey {
    /// Signs with RSA, as nearly all do.
    Rsa(RsaPublicKey),
    /// Signs with Clause-Schnorr.
    Cs(CsPublicKey),
}

impl DenominationKey {
    /// The hash that names the denomination: `h_denom_pub`.
    pub fn hash(&self, ages: AgeMask) -> HashCode {
        let (cipher, key) = match self {
            Self::Rsa(key) => (RSA, key.as_bytes()),
            Self::Cs(key) => (CS, key.as_ref()),
        };
        hash::sha512_all([&ages.bits().to_be_bytes()[..], &cipher.to_be_bytes(), key])
    }

    /// Whether this denomination signed the coin with this [`coin_hash`](super::coin_hash). A
    /// signature of the other cipher holds for nothing.
    pub fn verify(&self, coin_hash: &HashCode, signature: &CoinSignature) -> bool {
        match (self, signature) {
            (Self::Rsa(key), CoinSignature::Rsa { rsa_signature }) => {
                key.verify(coin_hash, rsa_signature)
            }
            (Self::Cs(key), CoinSignature::Cs(signature)) => key.verify(coin_hash, signature),
            (Self::Rsa(_), CoinSignature::Cs(_)) | (Self::Cs(_), CoinSignature::Rsa { .. }) => {
                false
            }
        }
    }
}

/// What makes a key a coin: the signature of its denomination, `ub_sig` on the wire.
///
/// ```
/// use taler::coin::denomination::CoinSignature;
/// let json = r#"{"cipher":"RSA","rsa_signature":"G40G"}"#;
/// let signature: CoinSignature = serde_json::from_str(json)?;
/// assert_eq!(serde_json::to_string(&signature)?, json);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(remote = "Self", tag = "cipher")]
pub enum CoinSignature {
    /// Of an RSA denomination.
    #[serde(rename = "RSA")]
    Rsa {
        /// The signature.
        rsa_signature: RsaSignature,
    },
    /// Of a Clause-Schnorr denomination.
    #[serde(rename = "CS")]
    Cs(CsSignature),
}

object!(CoinSignature, tag "cipher", written);

/// The hash of a hidden coin, over which a reserve's owner signs a withdrawal: `h_coin_ev`
/// (crypto 14.7).
pub fn envelope_hash(h_denom: &HashCode, blinded: &BlindedMessage) -> HashCode {
    hash::sha512_all([h_denom.as_ref(), &RSA.to_be_bytes(), blinded.as_bytes()])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base32::Bytes;
    use crate::vectors::{self, Entry};

    fn key(entry: &Entry) -> DenominationKey {
        match entry.text("cipher") {
            "RSA" => DenominationKey::Rsa(entry.read("rsa_public_key")),
            "CS" => DenominationKey::Cs(entry.read("cs_public_key")),
            _ => entry.unknown(),
        }
    }

    #[test]
    fn a_cipher_is_named_by_a_word() {
        let read = |cipher: &str| {
            let text = format!(r#"{{"rsa_signature":"G40G","cipher":{cipher}}}"#);
            serde_json::from_str::<CoinSignature>(&text).is_ok()
        };
        assert!(read("\"RSA\""));
        for bad in ["0", "null", "[\"RSA\"]", "\"rsa\""] {
            assert!(!read(bad), "{bad}");
        }
    }

    #[test]
    fn every_vector_of_hashes_holds() {
        let file = include_str!("../../tests/vectors/denom_hash.json");
        vectors::each(file, 11, |entry| {
            let (key, ages) = (key(entry), entry.read("age_mask"));
            let hash = key.hash(ages);
            assert_eq!(hash, entry.bytes("h_denom_pub"), "{}", entry.id());
            if let DenominationKey::Rsa(key) = &key {
                assert_eq!(u64::from(key.bits()), entry.number("modulus_bits"), "{}", entry.id());
            }
            let preimage = hash::sha512(&entry.hex("hashed_hex"));
            match entry.kind() {
                ("", "ok") => assert_eq!(hash, preimage, "{}", entry.id()),
                ("", "wrong") => {
                    assert_eq!(preimage, entry.bytes("wrong_h_denom_pub"), "{}", entry.id());
                    assert_ne!(hash, preimage, "{}", entry.id());
                }
                _ => entry.unknown(),
            }
        });
    }

    #[test]
    fn coins_of_both_ciphers_hold_for_their_own_denomination() {
        let message = |entry: &Entry| {
            let bytes: [u8; 64] = entry.hex("message_hash_hex").try_into().unwrap();
            HashCode::new(bytes)
        };
        let cs = CoinSignature::Cs(CsSignature { r: Bytes::ZERO, s: Bytes::ZERO });
        let file = include_str!("../../tests/vectors/rsa_fdh.json");
        vectors::each(file, 34, |entry| {
            if let ("flow", "valid") = entry.kind() {
                let key = DenominationKey::Rsa(entry.read("rsa_public_key"));
                let rsa_signature = entry.read("rsa_signature");
                assert!(key.verify(&message(entry), &CoinSignature::Rsa { rsa_signature }));
                assert!(!key.verify(&message(entry), &cs));
            }
        });
        let rsa_signature = RsaSignature::from_bytes(&[1]).unwrap();
        let rsa = CoinSignature::Rsa { rsa_signature };
        let file = include_str!("../../tests/vectors/cs_verify.json");
        vectors::each(file, 11, |entry| {
            let key = DenominationKey::Cs(entry.read("cs_public_key"));
            let json = serde_json::json!({
                "cipher": "CS",
                "cs_signature_r": entry.get("cs_signature_r"),
                "cs_signature_s": entry.get("cs_signature_s"),
            });
            let signature: CoinSignature = serde_json::from_value(json.clone()).unwrap();
            assert_eq!(serde_json::to_value(&signature).unwrap(), json, "{}", entry.id());
            let valid = entry.text("expect") == "valid";
            assert_eq!(key.verify(&message(entry), &signature), valid, "{}", entry.id());
            assert!(!key.verify(&message(entry), &rsa), "{}", entry.id());
        });
    }

    #[test]
    fn a_coin_signature_of_another_shape_is_refused() {
        for json in [
            r#"{"rsa_signature":"G40G"}"#,
            r#"{"cipher":"DSA","rsa_signature":"G40G"}"#,
            r#"{"cipher":"RSA","rsa_signature":""}"#,
            r#"{"cipher":"RSA","rsa_signature":"!"}"#,
            r#"{"cipher":"CS","rsa_signature":"G40G"}"#,
            r#"{"cipher":"CS","cs_signature_r":"G40G","cs_signature_s":"G40G"}"#,
            r#""G40G""#,
            r#"["RSA","G40G"]"#,
        ] {
            assert!(serde_json::from_str::<CoinSignature>(json).is_err(), "{json}");
        }
    }

    #[test]
    fn a_hidden_coin_is_hashed_with_denomination_and_cipher() {
        let blinded = BlindedMessage::from_bytes(&[0, 7, 8]).unwrap();
        let pieces = [&[0; 64][..], &[0, 0, 0, 1, 7, 8]].concat();
        assert_eq!(envelope_hash(&HashCode::ZERO, &blinded), hash::sha512(&pieces));
    }
}
