//! Hashes: SHA-512, and what Taler makes of it.
//!
//! Texts are hashed with a NUL byte behind them, as the C programs of the network see them
//! (crypto 3.1); [`text_hash`] does that, so that no caller can forget it. Accounts have two
//! hashes: a plain one that names them to an exchange, and a salted one in contracts
//! (crypto 9.2).

use sha2::{Digest, Sha512};

use super::base32::{HashCode, Salt, ShortHash};
use super::kdf;

/// SHA-512 of these bytes.
pub fn sha512(bytes: &[u8]) -> HashCode {
    HashCode::new(Sha512::digest(bytes).into())
}

/// SHA-512 of several pieces, one after another.
pub fn sha512_all<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> HashCode {
    let mut hash = Sha512::new();
    for piece in pieces {
        hash.update(piece);
    }
    HashCode::new(hash.finalize().into())
}

/// SHA-512 of a text and the NUL byte behind it.
pub fn text_hash(text: &str) -> HashCode {
    sha512_all([text.as_bytes(), &[0]])
}

/// The first half of a hash (not SHA-512/256, which is another function).
pub fn shorten(hash: &HashCode) -> ShortHash {
    let (half, _) = hash.as_bytes().split_at(32);
    let mut short = [0; 32];
    short.copy_from_slice(half);
    ShortHash::new(short)
}

/// The hash by which an exchange names an account, over the full or the normalised payto text
/// (crypto 9.2).
pub fn payto_hash(payto: &str) -> ShortHash {
    shorten(&text_hash(payto))
}

/// The salted hash of a merchant's account, as contracts carry it (crypto 9.2).
pub fn h_wire(payto: &str, salt: &Salt) -> HashCode {
    let text = [payto.as_bytes(), &[0]].concat();
    HashCode::new(kdf::hkdf(salt.as_bytes(), &text, b"merchant-wire-signature"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vectors;

    #[test]
    fn every_vector_of_account_hashes_holds() {
        vectors::each(include_str!("../tests/vectors/h_wire.json"), 14, |entry| {
            let hash = h_wire(entry.text("payto_uri"), &entry.bytes("wire_salt"));
            assert_eq!(hash, entry.bytes("h_wire"), "{}", entry.id());
            match entry.kind() {
                ("", "ok") => {}
                ("", "wrong") => assert_ne!(hash, entry.bytes("wrong_h_wire"), "{}", entry.id()),
                _ => entry.unknown(),
            }
        });
    }

    #[test]
    fn pieces_hash_like_the_whole() {
        assert_eq!(sha512_all([&b"ab"[..], b"", b"c"]), sha512(b"abc"));
        assert_eq!(text_hash("abc"), sha512(b"abc\0"));
    }
}
