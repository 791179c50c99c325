//! Encodings, hashes and signatures of GNU Taler.
