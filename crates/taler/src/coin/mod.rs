//! Coins: what makes a key worth money, and how that is checked (crypto 10 and 11).
//!
//! A coin is a key pair of a customer whose public key an exchange has signed *blindly*: without
//! seeing it, so that no one can trace the coin from withdrawal to payment. How much it is worth
//! depends on the key that signed it, the *denomination*. A coin may carry an *age commitment*, by
//! which its owner can prove to be old enough for a purchase, and nothing else.
//!
//! What a merchant needs is in [`denomination`]: the hash that names a denomination, and whether a
//! coin is one of it. The ciphers are [`rsa`] and [`cs`]; [`age`] has age commitments. For
//! the sandbox there is what exchanges and wallets do: make keys, blind, sign, unblind
//! ([`envelope`]), and change a coin into others ([`refresh`]).

pub mod age;
mod coprime;
pub mod cs;
pub mod denomination;
pub mod envelope;
pub mod permission;
pub mod refresh;
pub mod rsa;

use super::base32::{HashCode, ShortHash};
use super::hash;
use super::sign::PublicKey;

/// What a denomination signs to make a coin of a key: the hash of the key, and of the age
/// commitment if there is one (crypto 10.2). All zeros are no commitment, as in the messages of
/// wallets and exchanges. Tokens are signed likewise, never with a commitment (crypto 7.2).
pub fn coin_hash(coin: &PublicKey, h_age_commitment: Option<&ShortHash>) -> HashCode {
    match h_age_commitment {
        Some(commitment) if *commitment != ShortHash::ZERO => {
            hash::sha512_all([coin.as_ref(), commitment.as_ref()])
        }
        Some(_) | None => hash::sha512(coin.as_ref()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commitment_of_zeros_is_none() {
        let coin = PublicKey::new([7; 32]);
        assert_eq!(coin_hash(&coin, None), hash::sha512(&[7; 32]));
        assert_eq!(coin_hash(&coin, Some(&ShortHash::ZERO)), coin_hash(&coin, None));
        let commitment = ShortHash::new([8; 32]);
        let both = [[7; 32], [8; 32]].concat();
        assert_eq!(coin_hash(&coin, Some(&commitment)), hash::sha512(&both));
    }
}
