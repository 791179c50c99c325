//! Hidden coins and what is signed of them: `coin_ev` and `ev_sig` on the wire (crypto 14.7).
//!
//! A wallet sends a coin in an envelope, in a withdrawal as in a refresh. The exchange names the
//! envelope by its hash and signs what is inside without seeing it. Both ciphers have their own form.

use serde::{Deserialize, Serialize};

use super::cs::{CsBlindSignature, CsBlindedMessage};
use super::rsa::{BlindSignature, BlindedMessage};
use crate::base32::HashCode;
use crate::hash;
use crate::object::object;

/// The number of RSA in hashes.
pub(super) const RSA: u32 = 1;

/// The number of Clause-Schnorr in hashes.
pub(super) const CS: u32 = 2;

/// A coin as a wallet sends it to be signed.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(remote = "Self", tag = "cipher")]
pub enum CoinEnvelope {
    /// For an RSA denomination.
    #[serde(rename = "RSA")]
    Rsa {
        /// The hidden message.
        rsa_blinded_planchet: BlindedMessage,
    },
    /// For a Clause-Schnorr denomination.
    #[serde(rename = "CS")]
    Cs(CsBlindedMessage),
}

object!(CoinEnvelope, tag "cipher", written);

impl CoinEnvelope {
    /// The hash that names the envelope for a denomination: `h_coin_ev`.
    ///
    /// It is over the full hash of the denomination, as a wallet of 2022 and an exchange of 2024
    /// compute it. The draft LSD0009 prints a hash of the key alone there (decision 178).
    pub fn hash(&self, h_denom: &HashCode) -> HashCode {
        hash::sha512_all([h_denom.as_ref(), &self.to_bytes()])
    }

    /// The number of the cipher, and what is inside.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        match self {
            Self::Rsa { rsa_blinded_planchet } => {
                [&RSA.to_be_bytes(), rsa_blinded_planchet.as_bytes()].concat()
            }
            Self::Cs(message) => [
                &CS.to_be_bytes()[..],
                message.c0.as_ref(),
                message.c1.as_ref(),
                message.nonce.as_ref(),
            ]
            .concat(),
        }
    }
}

/// The signature of a hidden coin, before the wallet takes off what hides it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(remote = "Self", tag = "cipher")]
pub enum EnvelopeSignature {
    /// By an RSA denomination.
    #[serde(rename = "RSA")]
    Rsa {
        /// The signature.
        blinded_rsa_signature: BlindSignature,
    },
    /// By a Clause-Schnorr denomination.
    #[serde(rename = "CS")]
    Cs(CsBlindSignature),
}

object!(EnvelopeSignature, tag "cipher", written);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::coin::denomination::envelope_hash;

    #[test]
    fn an_rsa_envelope_has_the_hash_of_its_message() {
        let message = BlindedMessage::from_bytes(&[7, 8]).unwrap();
        let h_denom = hash::sha512(b"denomination");
        let envelope = CoinEnvelope::Rsa { rsa_blinded_planchet: message.clone() };
        assert_eq!(envelope.hash(&h_denom), envelope_hash(&h_denom, &message));
    }

    #[test]
    fn both_ciphers_are_read_as_they_are_written() {
        let zero = "0".repeat(52);
        for json in [
            r#"{"cipher":"RSA","rsa_blinded_planchet":"G40G"}"#.to_owned(),
            format!(
                r#"{{"cipher":"CS","cs_nonce":"{zero}","cs_blinded_c0":"{zero}","cs_blinded_c1":"{zero}"}}"#
            ),
        ] {
            let envelope: CoinEnvelope = serde_json::from_str(&json).unwrap();
            assert_eq!(serde_json::to_string(&envelope).unwrap(), json);
        }
        for json in [
            r#"{"cipher":"RSA","blinded_rsa_signature":"G40G"}"#.to_owned(),
            format!(r#"{{"cipher":"CS","b":1,"s":"{zero}"}}"#),
        ] {
            let signature: EnvelopeSignature = serde_json::from_str(&json).unwrap();
            assert_eq!(serde_json::to_string(&signature).unwrap(), json);
        }
    }

    #[test]
    fn an_envelope_of_another_shape_is_refused() {
        for json in [
            r#"{"rsa_blinded_planchet":"G40G"}"#,
            r#"{"cipher":"CS","rsa_blinded_planchet":"G40G"}"#,
            r#"{"cipher":"RSA","rsa_blinded_planchet":""}"#,
            r#"["RSA","G40G"]"#,
        ] {
            assert!(serde_json::from_str::<CoinEnvelope>(json).is_err(), "{json}");
        }
    }
}
