//! Codes by which the owner of a machine without network sees that a customer has paid (crypto 12, otp 3).
//!
//! Machine and backend share a key. After the payment the wallet shows five codes of the backend, for the
//! minute before and after the payment; one of them is what the machine shows. The code is that of RFC 6238
//! with HMAC-SHA-1, steps of 30 s and eight digits.

use std::fmt;

use hmac::digest::KeyInit;
use hmac::{Hmac, Mac};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha1::Sha1;
use zeroize::Zeroizing;

use super::amount::Amount;
use super::kdf;
use super::text::bad_text;
use super::time::Timestamp;

/// For how long one code is shown, in seconds.
pub const STEP_S: u64 = 30;

/// Longest key, in characters of base32: 640 bits.
pub const MAX_KEY: usize = 128;

/// Fewest bytes of a key that is hard to guess: RFC 4226 asks for 128 bits.
pub const SAFE_KEY_BYTES: usize = 16;

/// The codes in a confirmation: so many steps before and after the payment.
const STEPS_AROUND: u64 = 2;

bad_text! {
    /// This text is no key; the sentence says what is wrong with it.
    BadOtpKey
}

/// The secret that a machine and the backend share. It does not print itself, and is wiped from memory.
#[derive(Clone, Eq, PartialEq)]
pub struct OtpKey(Zeroizing<Vec<u8>>);

impl OtpKey {
    /// Reads a key in base32 of RFC 3548: `A` to `Z` in either case and `2` to `7`, then at most two `=`.
    /// Bits at the end that make no byte are dropped.
    ///
    /// # Errors
    /// For other characters, for less than one byte, and beyond [`MAX_KEY`] characters.
    pub fn parse(text: &str) -> Result<Self, BadOtpKey> {
        if text.len() > MAX_KEY {
            return Err(BadOtpKey("a key has at most 128 characters"));
        }
        let symbols = text.strip_suffix('=').unwrap_or(text);
        let symbols = symbols.strip_suffix('=').unwrap_or(symbols);
        let mut key = Zeroizing::new(Vec::with_capacity(MAX_KEY));
        let (mut bits, mut count) = (0u32, 0u32);
        for symbol in symbols.bytes() {
            let value = match symbol.to_ascii_uppercase() {
                letter @ b'A'..=b'Z' => letter.wrapping_sub(b'A'),
                digit @ b'2'..=b'7' => digit.wrapping_sub(b'2').wrapping_add(26),
                _ => return Err(BadOtpKey("a key has only letters and the digits 2 to 7")),
            };
            bits = ((bits << 5) | u32::from(value)) & 0xfff;
            count = count.wrapping_add(5);
            if let Some(rest) = count.checked_sub(8) {
                count = rest;
                let [.., byte] = (bits >> rest).to_be_bytes();
                key.push(byte);
            }
        }
        Self::from_bytes(&key)
    }

    /// The key of these bytes.
    ///
    /// # Errors
    /// When there are none.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, BadOtpKey> {
        match bytes.is_empty() {
            true => Err(BadOtpKey("a key has at least two characters")),
            false => Ok(Self(Zeroizing::new(bytes.to_owned()))),
        }
    }

    /// The bytes, to be stored.
    pub fn reveal(&self) -> &[u8] {
        &self.0
    }

    /// The key in base32, to be shown once to the owner of the machine.
    pub fn reveal_text(&self) -> Zeroizing<String> {
        Zeroizing::new(data_encoding::BASE32_NOPAD.encode(&self.0))
    }
}

impl fmt::Debug for OtpKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OtpKey(***)")
    }
}

impl<'de> Deserialize<'de> for OtpKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Zeroizing::new(String::deserialize(deserializer)?);
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

/// What goes into a code. In JSON a number, or since protocol 7 the name; tilld writes the number.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum OtpAlgorithm {
    /// 0, `NONE`: there are no codes.
    None,
    /// 1, `TOTP_WITHOUT_PRICE`: the time.
    WithoutPrice,
    /// 2, `TOTP_WITH_PRICE`: the time and the price, so that a code for a cheaper order is another.
    WithPrice,
}

impl OtpAlgorithm {
    /// Every algorithm, with its number and its name.
    pub const ALL: [(Self, u8, &'static str); 3] = [
        (Self::None, 0, "NONE"),
        (Self::WithoutPrice, 1, "TOTP_WITHOUT_PRICE"),
        (Self::WithPrice, 2, "TOTP_WITH_PRICE"),
    ];

    /// Its number in JSON and in the database.
    pub fn number(self) -> u8 {
        Self::ALL.iter().find(|(known, ..)| *known == self).map_or(0, |&(_, number, _)| number)
    }

    /// The algorithm of this number.
    pub fn from_number(number: u64) -> Option<Self> {
        let known = Self::ALL.iter().find(|(_, known, _)| u64::from(*known) == number);
        known.map(|&(algorithm, ..)| algorithm)
    }

    fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(.., known)| *known == name).map(|&(algorithm, ..)| algorithm)
    }
}

impl Serialize for OtpAlgorithm {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u8(self.number())
    }
}

impl<'de> Deserialize<'de> for OtpAlgorithm {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;

        impl serde::de::Visitor<'_> for Either {
            type Value = OtpAlgorithm;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("0, 1, 2 or the name of an algorithm")
            }

            fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<OtpAlgorithm, E> {
                OtpAlgorithm::from_number(number).ok_or_else(|| E::custom("no such algorithm"))
            }

            fn visit_str<E: serde::de::Error>(self, name: &str) -> Result<OtpAlgorithm, E> {
                OtpAlgorithm::from_name(name).ok_or_else(|| E::custom("no such algorithm"))
            }
        }

        deserializer.deserialize_any(Either)
    }
}

/// The code that a machine with `key` shows at `time`; `None` without an algorithm, or where the price
/// goes into the code and there is none.
pub fn code(
    key: &OtpKey,
    algorithm: OtpAlgorithm,
    price: Option<&Amount>,
    time: Timestamp,
) -> Option<String> {
    let codes = Codes::new(key, algorithm, price)?;
    Some(codes.at_step(step(time)))
}

/// The codes from one minute before `time` to one minute after it, the oldest first, a line each; `None`
/// as in [`code`].
pub fn confirmation(
    key: &OtpKey,
    algorithm: OtpAlgorithm,
    price: Option<&Amount>,
    time: Timestamp,
) -> Option<String> {
    let codes = Codes::new(key, algorithm, price)?;
    let step = step(time);
    // Times before 1970 have the first code.
    let before = (1..=STEPS_AROUND).rev().map(|back| step.saturating_sub(back));
    let after = (0..=STEPS_AROUND).map(|ahead| step.saturating_add(ahead));
    let lines: Vec<String> = before.chain(after).map(|step| codes.at_step(step)).collect();
    Some(lines.join("\n"))
}

/// The number of the step that `time` is in.
fn step(time: Timestamp) -> u64 {
    time.secs().unwrap_or(u64::MAX) / STEP_S
}

/// The codes of one key and price.
struct Codes(Hmac<Sha1>);

impl Codes {
    fn new(key: &OtpKey, algorithm: OtpAlgorithm, price: Option<&Amount>) -> Option<Self> {
        let mac = match algorithm {
            OtpAlgorithm::None => return None,
            OtpAlgorithm::WithoutPrice => Hmac::new_from_slice(key.reveal()),
            OtpAlgorithm::WithPrice => {
                let mixed = Zeroizing::new(kdf::hkdf::<64>(&price?.to_nbo(), key.reveal(), b""));
                Hmac::new_from_slice(&*mixed)
            }
        };
        mac.ok().map(Self)
    }

    fn at_step(&self, step: u64) -> String {
        let mut mac = self.0.clone();
        mac.update(&step.to_be_bytes());
        let hash = mac.finalize().into_bytes();
        // RFC 4226, 5.3: the last four bits say where the four bytes begin, of which the first bit does
        // not count.
        let start = usize::from(hash.last().copied().unwrap_or(0) & 0x0f);
        let taken = hash.iter().skip(start).take(4);
        let number = taken.fold(0u32, |number, &byte| (number << 8) | u32::from(byte));
        format!("{:08}", (number & 0x7fff_ffff) % 100_000_000)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::vectors;

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_secs(seconds).unwrap()
    }

    #[test]
    fn every_vector_holds() {
        vectors::each(include_str!("../tests/vectors/totp.json"), 23, |entry| {
            let algorithm: OtpAlgorithm = entry.read("pos_algorithm");
            let amount: Option<Amount> = entry.read("amount");
            let time = at(entry.number("time_s"));
            let key = OtpKey::parse(entry.text("pos_key"));
            let made = key.as_ref().ok().map(|key| {
                (
                    confirmation(key, algorithm, amount.as_ref(), time),
                    code(key, algorithm, amount.as_ref(), time),
                )
            });
            match entry.text("expect") {
                "ok" => {
                    let (confirmation, code) = made.unwrap_or_else(|| entry.fails());
                    assert_eq!(confirmation.as_deref(), Some(entry.text("pos_confirmation")));
                    assert_eq!(code.as_deref(), Some(entry.text("current_code")));
                }
                "none" => assert_eq!(made, Some((None, None)), "{}", entry.id()),
                // The key is no key, or the amount is missing.
                "error" => assert!(matches!(made, None | Some((None, None))), "{}", entry.id()),
                _ => entry.unknown(),
            }
        });
    }

    #[test]
    fn keys_that_are_none_are_refused() {
        for bad in ["", "A", "=", "AA===", "=AA", "A A", "A0", "Ä", "AAA-AAAA"] {
            assert!(OtpKey::parse(bad).is_err(), "{bad}");
        }
        assert!(OtpKey::parse(&"A".repeat(MAX_KEY)).is_ok());
        assert!(OtpKey::parse(&"A".repeat(MAX_KEY + 1)).is_err());
        assert_eq!(format!("{:?}", OtpKey::parse("GEZDGNBV").unwrap()), "OtpKey(***)");
    }

    #[test]
    fn algorithms_are_numbers_or_names() {
        for (algorithm, number, name) in OtpAlgorithm::ALL {
            let read = |json: &str| serde_json::from_str::<OtpAlgorithm>(json).ok();
            assert_eq!(read(&number.to_string()), Some(algorithm));
            assert_eq!(read(&format!("\"{name}\"")), Some(algorithm));
            assert_eq!(serde_json::to_string(&algorithm).unwrap(), number.to_string());
        }
        for bad in ["3", "-1", "\"\"", "\"totp_with_price\"", "null", "1.0", "[1]"] {
            assert!(serde_json::from_str::<OtpAlgorithm>(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn no_time_is_beyond_codes() {
        let key = OtpKey::parse("GEZDGNBVGY3TQOJQ").unwrap();
        let last = confirmation(&key, OtpAlgorithm::WithoutPrice, None, Timestamp::NEVER).unwrap();
        assert_eq!(last.lines().count(), 5);
    }

    proptest! {
        #[test]
        fn a_key_comes_back_from_its_text(bytes in prop::collection::vec(any::<u8>(), 1..80)) {
            let key = OtpKey::from_bytes(&bytes).unwrap();
            prop_assert_eq!(&OtpKey::parse(&key.reveal_text()).unwrap(), &key);
            let small = key.reveal_text().to_ascii_lowercase();
            prop_assert_eq!(OtpKey::parse(&small).unwrap(), key);
        }

        #[test]
        fn the_code_of_the_time_is_in_the_middle(bytes in prop::collection::vec(any::<u8>(), 1..40), seconds in 0u64..1 << 40) {
            let key = OtpKey::from_bytes(&bytes).unwrap();
            let five = confirmation(&key, OtpAlgorithm::WithoutPrice, None, at(seconds)).unwrap();
            let now = code(&key, OtpAlgorithm::WithoutPrice, None, at(seconds)).unwrap();
            prop_assert_eq!(five.lines().nth(2), Some(&*now));
            prop_assert!(five.lines().all(|line| line.len() == 8 && line.bytes().all(|b| b.is_ascii_digit())));
        }

        #[test]
        fn no_text_panics(text in "\\PC*") {
            let _ = OtpKey::parse(&text);
        }
    }
}
