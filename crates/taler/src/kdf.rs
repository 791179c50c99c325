//! Key derivation: one secret or text in, as many well-mixed bytes out as are wanted.
//!
//! It is the HKDF of RFC 5869 with one peculiarity: it extracts with SHA-512 and expands with
//! SHA-256 (crypto 3.2). [`kdf_mod`] makes a number below a bound of it (crypto 3.3). The functions
//! take bytes as they are: the caller adds the NUL byte of a text where the protocol needs one.

use hkdf::hmac::Hmac;
use hkdf::{Hkdf, HmacImpl};
use sha2::{Sha256, Sha512};

/// Most bytes one derivation can give: 255 blocks of SHA-256.
pub const MAX_OUTPUT: usize = 8160;

/// Derives `N` bytes, `N` not above [`MAX_OUTPUT`] (else it does not compile).
pub fn hkdf<const N: usize>(salt: &[u8], ikm: &[u8], info: &[u8]) -> [u8; N] {
    const { assert!(N <= MAX_OUTPUT, "more than HKDF can give") };
    let mut out = [0; N];
    let filled = hkdf_into(&mut out, salt, ikm, &[info]);
    debug_assert!(filled.is_some(), "the length was checked when this was compiled");
    out
}

/// Derives as many bytes as `out` has room for; `info` is the concatenation of its pieces.
/// `None`, and `out` untouched, when that is more than [`MAX_OUTPUT`].
#[must_use]
pub fn hkdf_into(out: &mut [u8], salt: &[u8], ikm: &[u8], info: &[&[u8]]) -> Option<()> {
    let (prk, _) = Hkdf::<Sha512>::extract(Some(salt), ikm);
    let expander = Hkdf::<Sha256>::from_prk(&prk).ok()?;
    expander.expand_multi_info(info, out).ok()
}

/// Derives a number below `modulus`, as [`Salt::number_below`] does; for a salt that is used once.
#[must_use]
pub fn kdf_mod(modulus: &[u8], salt: &[u8], ikm: &[u8], info: &[u8]) -> Option<Vec<u8>> {
    Salt::new(salt).number_below(modulus, ikm, info)
}

/// A salt that is used again and again: what hashing it takes is done once.
#[derive(Clone)]
pub struct Salt(Hmac<Sha512>);

impl Salt {
    /// Takes the salt.
    #[must_use]
    pub fn new(salt: &[u8]) -> Self {
        Self(HmacImpl::new_from_slice(salt))
    }

    /// Derives a number below `modulus`; both are big-endian, and the number has as many bytes as
    /// the modulus has without leading zeros.
    ///
    /// How long it takes tells how many numbers were too large, and roughly by how much. Those are
    /// thrown away and say nothing of the one that is given, so the inputs may be secret.
    ///
    /// `None` when there is no number below the modulus, when the modulus is larger than
    /// [`MAX_OUTPUT`] bytes, or when none of 65,536 rounds hits the range (which has never been
    /// seen).
    #[must_use]
    pub fn number_below(&self, modulus: &[u8], ikm: &[u8], info: &[u8]) -> Option<Vec<u8>> {
        let zeros = modulus.iter().take_while(|&&byte| byte == 0).count();
        let (_, modulus) = modulus.split_at_checked(zeros)?;
        let keep = u8::MAX.unbounded_shr(modulus.first()?.leading_zeros());
        let mut extractor = self.0.clone();
        extractor.update(ikm);
        let expander = Hkdf::<Sha256>::from_prk(&extractor.finalize()).ok()?;
        let mut block = vec![0; modulus.len()];
        for round in 0..=u16::MAX {
            expander.expand_multi_info(&[info, &round.to_be_bytes()], &mut block).ok()?;
            if let Some(first) = block.first_mut() {
                *first &= keep;
            }
            // Of the same length, bytes compare as the numbers do.
            if *block < *modulus {
                return Some(block);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::vectors;

    #[test]
    fn every_vector_holds() {
        vectors::each(include_str!("../tests/vectors/kdf.json"), 23, |entry| {
            let (salt, ikm, info) =
                (entry.hex("salt_hex"), entry.hex("ikm_hex"), entry.hex("info_hex"));
            match entry.kind() {
                ("kdf", "ok") => {
                    let length = usize::try_from(entry.number("length")).unwrap();
                    let mut out = vec![0; length];
                    hkdf_into(&mut out, &salt, &ikm, &[&info]).unwrap_or_else(|| entry.fails());
                    assert_eq!(out, entry.hex("out_hex"), "{}", entry.id());
                }
                ("kdf_mod", "ok") => {
                    let modulus = entry.hex("modulus_hex");
                    let number =
                        kdf_mod(&modulus, &salt, &ikm, &info).unwrap_or_else(|| entry.fails());
                    assert_eq!(number.len(), modulus.len(), "{}", entry.id());
                    let number: Vec<u8> =
                        number.into_iter().skip_while(|&byte| byte == 0).collect();
                    assert_eq!(number, entry.hex("out_hex"), "{}", entry.id());
                }
                _ => entry.unknown(),
            }
        });
    }

    #[test]
    fn more_than_the_most_is_refused() {
        assert_eq!(hkdf_into(&mut [0; MAX_OUTPUT], b"", b"", &[]), Some(()));
        assert_eq!(hkdf_into(&mut [0; MAX_OUTPUT + 1], b"", b"", &[]), None);
        assert_eq!(kdf_mod(&[], b"", b"", b""), None);
        assert_eq!(kdf_mod(&[0, 0], b"", b"", b""), None);
        assert_eq!(kdf_mod(&[0, 1], b"", b"", b""), Some(vec![0]));
        assert_eq!(kdf_mod(&[1; MAX_OUTPUT + 1], b"", b"", b""), None);
    }

    proptest! {
        #[test]
        fn a_number_is_below_its_modulus(modulus in 1u64.., salt: Vec<u8>, ikm: Vec<u8>) {
            let number = kdf_mod(&modulus.to_be_bytes(), &salt, &ikm, b"info").unwrap();
            let number = number.into_iter().fold(0, |sum: u64, byte| (sum << 8) | u64::from(byte));
            prop_assert!(number < modulus);
        }

        #[test]
        fn pieces_of_info_are_one_text(salt: Vec<u8>, ikm: Vec<u8>, a: Vec<u8>, b: Vec<u8>) {
            let mut out = [0; 48];
            hkdf_into(&mut out, &salt, &ikm, &[&a, &b]).unwrap();
            prop_assert_eq!(out, hkdf::<48>(&salt, &ikm, &[a, b].concat()));
        }
    }
}
