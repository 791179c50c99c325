//! Encodings, hashes and signatures of GNU Taler: bytes in, bytes out.
//!
//! This floor knows the alphabet in which wallets, merchants and exchanges talk, and nothing of
//! what they talk about: no amounts, no identifiers, no clock, no disk, no randomness of its own.
//! Whoever wants an amount signed hands in its 24 bytes.
//!
//! | room | follows |
//! | --- | --- |
//! | [`base32`] | crypto 1: binary values as text |
//! | [`canonical`] | crypto 4.1: JSON that all programs write alike |
//! | [`coin`] | crypto 10 and 11: denominations, the blind signatures that make coins, ages |
//! | [`contract`] | crypto 4.2 and 4.3: the hash of a contract, and what it may forget |
//! | [`hash`] | crypto 3.1, 4.4 and 9.2: SHA-512 in Taler's several manners |
//! | [`kdf`] | crypto 3.2 and 3.3: key derivation with two hashes |
//! | `object` | objects of JSON are read from objects only |
//! | [`sign`] | crypto 5 to 8: Ed25519, the purpose header, and every message that is signed |
//!
//! Every room is tested against `tests/vectors/`, results of independent implementations.

#![warn(clippy::arithmetic_side_effects)]

pub mod base32;
pub mod canonical;
pub mod coin;
pub mod contract;
pub mod hash;
pub mod kdf;
pub(crate) mod object;
pub mod sign;
#[cfg(test)]
pub(crate) mod vectors;
