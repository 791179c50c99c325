//! Binary values as text: Crockford's base32 as GNU Taler writes it (crypto 1).
//!
//! Keys, hashes and signatures travel as text of a known length. Several texts can mean the same
//! bytes (either case, `O` for `0`, stray bits at the end), so values are compared as bytes, and
//! what we print is always the one canonical spelling. [`Bytes`] is such a value of fixed size; it
//! says nothing about what the bytes are for.

use std::fmt;
use std::str::FromStr;
use std::sync::LazyLock;

use data_encoding::{Encoding, Specification};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Longest text that [`decode`] looks at; an RSA key of 8192 bits has 1,646 characters.
const MAX_TEXT: usize = 64 * 1024;

/// This text is not base32, or not of the length that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a base32 text of the right length")]
pub struct BadBase32;

/// A hash: the 64 bytes of SHA-512.
pub type HashCode = Bytes<64>;

/// The first 32 bytes of a SHA-512.
pub type ShortHash = Bytes<32>;

/// The salt of a bank account's hash, 16 bytes.
pub type Salt = Bytes<16>;

/// A binary value of `N` bytes, written as base32 text on the wire.
///
/// ```
/// use taler::base32::Bytes;
/// let value: Bytes<2> = "g40r".parse().unwrap();
/// assert_eq!(value.as_bytes(), &[0x81, 0x01]);
/// assert_eq!(value.to_string(), "G40G");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bytes<const N: usize>([u8; N]);

impl<const N: usize> Bytes<N> {
    /// All bytes zero; several signed structures use it for "there is none".
    pub const ZERO: Self = Self([0; N]);

    /// Takes the bytes as they are.
    pub const fn new(bytes: [u8; N]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    pub const fn as_bytes(&self) -> &[u8; N] {
        &self.0
    }

    /// Reads the text of a value of exactly `N` bytes.
    ///
    /// # Errors
    /// When the text has another length than `N` bytes need, or a character that base32 has not.
    pub fn parse(text: &str) -> Result<Self, BadBase32> {
        if text.len() != BASE32.encode_len(N) {
            return Err(BadBase32);
        }
        decode(text)?.try_into().map(Self).map_err(|_| BadBase32)
    }
}

impl<const N: usize> fmt::Display for Bytes<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        BASE32.encode_display(&self.0).fmt(f)
    }
}

impl<const N: usize> fmt::Debug for Bytes<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl<const N: usize> FromStr for Bytes<N> {
    type Err = BadBase32;

    fn from_str(text: &str) -> Result<Self, BadBase32> {
        Self::parse(text)
    }
}

impl<const N: usize> AsRef<[u8]> for Bytes<N> {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl<const N: usize> From<[u8; N]> for Bytes<N> {
    fn from(bytes: [u8; N]) -> Self {
        Self(bytes)
    }
}

impl<const N: usize> Serialize for Bytes<N> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de, const N: usize> Deserialize<'de> for Bytes<N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text<const N: usize>;

        impl<const N: usize> de::Visitor<'_> for Text<N> {
            type Value = Bytes<N>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{N} bytes as base32 text")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Bytes<N>, E> {
                Bytes::parse(text).map_err(|_| E::invalid_value(de::Unexpected::Str(text), &self))
            }
        }

        deserializer.deserialize_str(Text)
    }
}

/// The canonical text of these bytes.
pub fn encode(bytes: &[u8]) -> String {
    BASE32.encode(bytes)
}

/// Reads a text whose length says how many bytes it holds.
///
/// # Errors
/// When no whole number of bytes has a text of this length, at a character that base32 has not,
/// and for texts beyond any sensible size (64 KiB).
pub fn decode(text: &str) -> Result<Vec<u8>, BadBase32> {
    if text.len() > MAX_TEXT {
        return Err(BadBase32);
    }
    BASE32.decode(text.as_bytes()).map_err(|_| BadBase32)
}

static BASE32: LazyLock<Encoding> = LazyLock::new(|| {
    let mut taler = Specification::new();
    taler.symbols.push_str("0123456789ABCDEFGHJKMNPQRSTVWXYZ");
    taler.translate.from.push_str("abcdefghjkmnpqrstvwxyzoOiIlLuU");
    taler.translate.to.push_str("ABCDEFGHJKMNPQRSTVWXYZ001111VV");
    taler.check_trailing_bits = false;
    #[expect(clippy::expect_used, reason = "the specification is a constant, tried by every test")]
    taler.encoding().expect("a sound specification")
});

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::vectors::{self, Entry};

    #[test]
    fn every_vector_holds() {
        vectors::each(include_str!("../tests/vectors/base32.json"), 61, |entry| {
            let text = entry.text("text");
            match entry.kind() {
                ("encode", "ok") => assert_eq!(encode(&entry.hex("hex")), text, "{}", entry.id()),
                ("decode", "ok") => {
                    let (bytes, again) = sized(entry).unwrap_or_else(|_| entry.fails());
                    assert_eq!(bytes, entry.hex("hex"), "{}", entry.id());
                    assert_eq!(again, entry.text("canonical"), "{}", entry.id());
                }
                ("decode", "error") => assert_eq!(sized(entry), Err(BadBase32), "{}", entry.id()),
                ("decode_any", "ok") => {
                    assert_eq!(decode(text), Ok(entry.hex("hex")), "{}", entry.id());
                }
                ("decode_any", "error") => {
                    assert_eq!(decode(text), Err(BadBase32), "{}", entry.id());
                }
                _ => entry.unknown(),
            }
        });
    }

    /// Decodes into a field of the entry's size; gives the bytes and their text again.
    fn sized(entry: &Entry) -> Result<(Vec<u8>, String), BadBase32> {
        fn field<const N: usize>(text: &str) -> Result<(Vec<u8>, String), BadBase32> {
            Bytes::<N>::parse(text).map(|bytes| (bytes.as_bytes().to_vec(), bytes.to_string()))
        }
        let text = entry.text("text");
        match entry.number("size") {
            0 => field::<0>(text),
            5 => field::<5>(text),
            16 => field::<16>(text),
            31 => field::<31>(text),
            32 => field::<32>(text),
            33 => field::<33>(text),
            64 => field::<64>(text),
            size => panic!("{}: no field of {size} bytes here", entry.id()),
        }
    }

    #[test]
    fn a_json_value_of_another_kind_is_refused() {
        for json in ["7", "null", "[1,2]", r#""0""#, r#"{"a":1}"#] {
            assert!(serde_json::from_str::<Bytes<2>>(json).is_err(), "{json}");
        }
    }

    proptest! {
        #[test]
        fn text_and_wire_give_the_bytes_back(bytes: [u8; 32], any: Vec<u8>) {
            let value = Bytes::new(bytes);
            prop_assert_eq!(Bytes::parse(&value.to_string()), Ok(value));
            let json = serde_json::to_string(&value).unwrap();
            prop_assert_eq!(serde_json::from_str::<Bytes<32>>(&json).unwrap(), value);
            prop_assert_eq!(decode(&encode(&any)), Ok(any));
        }

        #[test]
        fn no_text_panics(text in "\\PC*", tail in "[0-9A-Za-z]{0,60}") {
            for text in [&text, &tail] {
                let _ = decode(text);
                let _ = Bytes::<16>::parse(text);
                if let Ok(value) = Bytes::<32>::parse(text) {
                    prop_assert_eq!(Bytes::parse(&value.to_string()), Ok(value));
                }
            }
        }
    }
}
