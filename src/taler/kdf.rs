//! Hashes, and keys derived from them (crypto 3 and 9.2).
//!
//! Taler's HKDF extracts with HMAC-SHA-512 and expands with HMAC-SHA-256. Texts that are hashed
//! carry the zero byte at which C ends them.

use hkdf::Hkdf;
use num_bigint::BigUint;
use sha2::{Digest, Sha256, Sha512};

use super::base32::{HashCode, Salt, ShortHash};

/// Longest output of one derivation, in bytes: 255 blocks of SHA-256.
pub const MAX_OUTPUT: usize = 255 * 32;

/// SHA-512.
pub fn sha512(bytes: &[u8]) -> HashCode {
    HashCode::new(Sha512::digest(bytes).into())
}

/// The first half of SHA-512, which is another thing than SHA-512/256.
pub fn short_hash(bytes: &[u8]) -> ShortHash {
    let mut half = [0; 32];
    for (to, from) in half.iter_mut().zip(sha512(bytes).as_bytes()) {
        *to = *from;
    }
    ShortHash::new(half)
}

/// `text` and the zero byte at its end.
pub fn terminated(text: &str) -> Vec<u8> {
    [text.as_bytes(), &[0]].concat()
}

/// Fills `out` with bytes derived from `ikm` (crypto 3.2). More than [`MAX_OUTPUT`] bytes cannot be
/// had; what is beyond stays as it was.
pub fn hkdf_into(out: &mut [u8], salt: &[u8], ikm: &[u8], info: &[u8]) {
    let (prk, _) = Hkdf::<Sha512>::extract(Some(salt), ikm);
    let length = out.len().min(MAX_OUTPUT);
    // Neither can fail: the key has 64 bytes, and the length was just bounded.
    if let (Ok(hkdf), Some(out)) = (Hkdf::<Sha256>::from_prk(&prk), out.get_mut(..length)) {
        let done = hkdf.expand(info, out);
        debug_assert!(done.is_ok(), "the length is bounded");
    }
}

/// `length` bytes derived from `ikm`, at most [`MAX_OUTPUT`].
pub fn hkdf(length: usize, salt: &[u8], ikm: &[u8], info: &[u8]) -> Vec<u8> {
    let mut out = vec![0; length.min(MAX_OUTPUT)];
    hkdf_into(&mut out, salt, ikm, info);
    out
}

/// A number below `modulus`, derived from `ikm` (crypto 3.3); `None` for a modulus of 0, or in the
/// 65,536 rounds of which not one is ever expected to be the last.
pub fn kdf_mod(modulus: &BigUint, salt: &[u8], ikm: &[u8], info: &[u8]) -> Option<BigUint> {
    let bits = modulus.bits();
    let length = usize::try_from(bits.checked_sub(1)? / 8).ok()?.checked_add(1)?;
    if length > MAX_OUTPUT {
        return None;
    }
    let top = BigUint::from(2_u8).pow(u32::try_from(bits).ok()?);
    (0..=u16::MAX).find_map(|round| {
        let info = [info, &round.to_be_bytes()].concat();
        let number = BigUint::from_bytes_be(&hkdf(length, salt, ikm, &info));
        #[expect(clippy::arithmetic_side_effects, reason = "a power of two is not 0")]
        let number = number % &top;
        (number < *modulus).then_some(number)
    })
}

/// The salted hash by which contracts name an account (crypto 9.2).
pub fn h_wire(payto: &str, salt: &Salt) -> HashCode {
    let mut out = [0; 64];
    hkdf_into(&mut out, salt.as_bytes(), &terminated(payto), b"merchant-wire-signature");
    HashCode::new(out)
}

/// The hash of a payto URI as it stands, or of its normal form (crypto 9.2).
pub fn payto_hash(payto: &str) -> ShortHash {
    short_hash(&terminated(payto))
}

#[cfg(test)]
mod tests {
    use super::*;
    use data_encoding::HEXLOWER;
    use serde_json::Value;

    #[test]
    fn the_vectors_hold() {
        let entries: Vec<Value> =
            serde_json::from_str(include_str!("../../tests/vectors/kdf.json")).unwrap();
        for entry in &entries {
            let hex =
                |name: &str| HEXLOWER.decode(entry[name].as_str().unwrap().as_bytes()).unwrap();
            let (salt, ikm, info) = (hex("salt_hex"), hex("ikm_hex"), hex("info_hex"));
            let out = match entry["op"].as_str().unwrap() {
                "kdf" => {
                    let length = entry["length"].as_u64().unwrap().try_into().unwrap();
                    hkdf(length, &salt, &ikm, &info)
                }
                "kdf_mod" => {
                    let modulus = BigUint::from_bytes_be(&hex("modulus_hex"));
                    kdf_mod(&modulus, &salt, &ikm, &info).unwrap().to_bytes_be()
                }
                other => panic!("unknown op {other}"),
            };
            assert_eq!(entry["expect"], "ok");
            assert_eq!(HEXLOWER.encode(&out), entry["out_hex"], "{}", entry["id"]);
        }
        assert_eq!(entries.len(), 23);
    }

    #[test]
    fn a_modulus_of_zero_has_nothing_below_it() {
        assert_eq!(kdf_mod(&BigUint::ZERO, b"", b"", b""), None);
        assert_eq!(hkdf(MAX_OUTPUT + 1, b"", b"", b"").len(), MAX_OUTPUT);
    }

    #[test]
    fn an_accounts_hash_is_that_of_the_vectors() {
        let entries: Vec<Value> =
            serde_json::from_str(include_str!("../../tests/vectors/h_wire.json")).unwrap();
        for entry in &entries {
            let text = |name: &str| entry[name].as_str().unwrap();
            let ours = h_wire(text("payto_uri"), &Salt::parse(text("wire_salt")).unwrap());
            assert_eq!(ours.to_string(), text("h_wire"), "{}", entry["id"]);
            match text("expect") {
                "ok" => {}
                "wrong" => assert_ne!(ours.to_string(), text("wrong_h_wire")),
                other => panic!("unknown expectation {other}"),
            }
        }
        assert_eq!(entries.len(), 14);
    }
}
