//! Crockford's base32 as GNUnet reads it, and byte values of a fixed size (crypto 1).
//!
//! One value has several spellings: letters of either case, look-alikes, and leftover bits in the
//! last character that nobody looks at. So values are compared as bytes and always written anew.

use std::fmt;
use std::str::FromStr;
use std::sync::LazyLock;

use data_encoding::{Encoding, Specification};
use serde::{Deserialize, Serialize};

/// Longest text that is read, in characters. Nothing in the protocol comes near it but RSA keys.
const MAX_TEXT: usize = 8192;

static CROCKFORD: LazyLock<Encoding> = LazyLock::new(|| {
    let mut specification = Specification::new();
    specification.symbols.push_str("0123456789ABCDEFGHJKMNPQRSTVWXYZ");
    specification.translate.from.push_str("abcdefghjkmnpqrstvwxyzoOiIlLuU");
    specification.translate.to.push_str("ABCDEFGHJKMNPQRSTVWXYZ001111VV");
    specification.check_trailing_bits = false;
    #[expect(clippy::expect_used, reason = "the specification is constant, and every test uses it")]
    specification.encoding().expect("a sound specification")
});

/// The text is no base32 of the length that is wanted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct BadBase32;

impl fmt::Display for BadBase32 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not base32 of the right length")
    }
}

impl std::error::Error for BadBase32 {}

/// The text for `bytes`, in the one spelling that is always written.
pub fn encode(bytes: &[u8]) -> String {
    CROCKFORD.encode(bytes)
}

/// The bytes of `text`, as many as its length says.
///
/// # Errors
/// [`BadBase32`] for other characters, a length that no number of bytes has, or more than 8192
/// characters.
pub fn decode(text: &str) -> Result<Vec<u8>, BadBase32> {
    if text.len() > MAX_TEXT {
        return Err(BadBase32);
    }
    CROCKFORD.decode(text.as_bytes()).map_err(|_| BadBase32)
}

/// A byte value of fixed size, written in base32.
///
/// ```
/// use tilld::taler::base32::Bytes;
/// let value: Bytes<2> = "zzzO".parse().unwrap();
/// assert_eq!(value.to_string(), "ZZZ0");
/// ```
#[derive(Clone, Copy, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct Bytes<const N: usize>([u8; N]);

/// A SHA-512, or what is derived like one.
pub type HashCode = Bytes<64>;
/// The first half of a SHA-512.
pub type ShortHash = Bytes<32>;
/// What makes an account's hash unguessable.
pub type Salt = Bytes<16>;

impl<const N: usize> Bytes<N> {
    /// The value of these bytes.
    pub const fn new(bytes: [u8; N]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    pub const fn as_bytes(&self) -> &[u8; N] {
        &self.0
    }

    /// The value that `text` spells.
    ///
    /// # Errors
    /// [`BadBase32`] unless it has just the characters of `N` bytes.
    pub fn parse(text: &str) -> Result<Self, BadBase32> {
        decode(text)?.try_into().map(Self).map_err(|_| BadBase32)
    }
}

impl<const N: usize> FromStr for Bytes<N> {
    type Err = BadBase32;

    fn from_str(text: &str) -> Result<Self, BadBase32> {
        Self::parse(text)
    }
}

impl<const N: usize> TryFrom<String> for Bytes<N> {
    type Error = BadBase32;

    fn try_from(text: String) -> Result<Self, BadBase32> {
        Self::parse(&text)
    }
}

impl<const N: usize> From<Bytes<N>> for String {
    fn from(bytes: Bytes<N>) -> Self {
        encode(&bytes.0)
    }
}

impl<const N: usize> fmt::Display for Bytes<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&encode(&self.0))
    }
}

impl<const N: usize> fmt::Debug for Bytes<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
