//! Encodings, hashes and signatures of GNU Taler: bytes in, bytes out.
//!
//! No clock, no I/O, no randomness of its own, and nothing of amounts or names: those come as bytes.
//! Each file follows a chapter of the byte-level specification: `base32` 1, `kdf` 3 and 9.2,
//! `canonical` 4, `sign` 5 to 8.

#![warn(clippy::arithmetic_side_effects)]

pub mod base32;
pub mod kdf;
pub mod sign;
