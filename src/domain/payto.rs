//! Bank accounts as URIs (RFC 8905; crypto 9.1).
//!
//! Kept byte for byte, because hashes are over the text. What the exchange would refuse is refused
//! here already, so that a shopkeeper hears of a typing mistake before the first customer pays.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::taler::base32::{HashCode, Salt, ShortHash};
use crate::taler::kdf;

/// Longest URI, in bytes.
const MAX_URI: usize = 2048;
/// Countries whose IBANs exist (ISO 3166 codes, from the IBAN registry).
const COUNTRIES: &str = "AD AE AL AT AZ BA BE BG BH BI BR BY CH CR CY CZ DE DJ DK DO EE EG ES FI FK \
    FO FR GB GE GI GL GR GT HN HR HU IE IL IQ IS IT JO KW KZ LB LC LI LT LU LV LY MC MD ME MK MN MR \
    MT MU NI NL NO OM PK PL PS PT QA RO RS RU SA SC SD SE SI SK SM SO ST SV TL TN TR UA VA VG XK YE";

/// Why a text is no full payto URI.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum BadPayto {
    /// It does not begin with `payto://TYPE/`.
    Form,
    /// It holds a character that no such URI may hold.
    Character,
    /// It is longer than 2048 bytes.
    TooLong,
    /// It does not say whose account it is.
    NoReceiverName,
    /// The IBAN's country, length or check digits are wrong.
    Iban,
    /// The bank's host, port or the account are missing or malformed.
    Bank,
}

impl fmt::Display for BadPayto {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Form => "it must begin with payto://TYPE/",
            Self::Character => "it holds a character that must be percent-encoded",
            Self::TooLong => "it is too long",
            Self::NoReceiverName => "the owner's name is missing (?receiver-name=…)",
            Self::Iban => "the IBAN is wrong",
            Self::Bank => "the bank's host or the account's name is wrong",
        })
    }
}

impl std::error::Error for BadPayto {}

/// A full payto URI, `receiver-name` included, just as it was given.
///
/// ```
/// use tilld::domain::payto::Payto;
/// let account = Payto::parse("payto://iban/DE75512108001245126199?receiver-name=Shop").unwrap();
/// assert_eq!(account.wire_method(), "iban");
/// ```
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct Payto(String);

/// The pieces of a payto URI.
struct Parts<'a> {
    kind: &'a str,
    path: &'a str,
    query: &'a str,
}

fn split(text: &str) -> Option<Parts<'_>> {
    let (scheme, rest) = text.split_once("://")?;
    let (address, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (kind, path) = address.split_once('/')?;
    let named = scheme.eq_ignore_ascii_case("payto") && !kind.is_empty();
    named.then_some(Parts { kind, path, query })
}

impl Payto {
    /// The only way in.
    ///
    /// # Errors
    /// [`BadPayto`] says what is wrong.
    pub fn parse(text: impl Into<String>) -> Result<Self, BadPayto> {
        let text = text.into();
        if text.len() > MAX_URI {
            return Err(BadPayto::TooLong);
        }
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b"/:$&?!-_.,;=*+%~@()[]".contains(&b);
        if !text.bytes().all(allowed) {
            return Err(BadPayto::Character);
        }
        let parts = split(&text).ok_or(BadPayto::Form)?;
        if parts.kind.eq_ignore_ascii_case("iban") {
            check_iban(last_segment(parts.path))?;
        } else if parts.kind.eq_ignore_ascii_case("x-taler-bank") {
            check_bank(parts.path)?;
        }
        // Contracts name the shop's account in full, of whatever kind it is.
        if receiver_name(parts.query).is_none() {
            return Err(BadPayto::NoReceiverName);
        }
        Ok(Self(text))
    }

    /// The URI as it was given.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The kind of account in lower case: what contracts call `wire_method`.
    pub fn wire_method(&self) -> String {
        split(&self.0).map(|parts| parts.kind.to_ascii_lowercase()).unwrap_or_default()
    }

    /// Whose account it is, decoded.
    pub fn receiver_name(&self) -> String {
        split(&self.0).and_then(|parts| receiver_name(parts.query)).unwrap_or_default()
    }

    /// The form by which authorities compare accounts: without query, and in lower case as far as
    /// case means nothing (crypto 9.1).
    pub fn normalized(&self) -> String {
        let Some(Parts { kind, path, .. }) = split(&self.0) else { return String::new() };
        let kind = kind.to_ascii_lowercase();
        let path = match kind.as_str() {
            "iban" => last_segment(path).to_ascii_uppercase(),
            "upi" | "ilp" => path.to_ascii_lowercase(),
            "x-taler-bank" => match path.split_once('/') {
                Some((host, account)) => format!("{}/{account}", host.to_ascii_lowercase()),
                None => path.to_ascii_lowercase(),
            },
            _ => path.to_owned(),
        };
        format!("payto://{kind}/{path}")
    }

    /// The salted hash by which contracts name the account (crypto 9.2).
    pub fn h_wire(&self, salt: &Salt) -> HashCode {
        kdf::h_wire(&self.0, salt)
    }

    /// The hash of the URI as it stands (crypto 9.2).
    pub fn full_hash(&self) -> ShortHash {
        kdf::payto_hash(&self.0)
    }

    /// The hash of the normal form, by which authorities name the account (crypto 9.2).
    pub fn normalized_hash(&self) -> ShortHash {
        kdf::payto_hash(&self.normalized())
    }
}

fn last_segment(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or_default()
}

fn receiver_name(query: &str) -> Option<String> {
    url::form_urlencoded::parse(query.as_bytes())
        .find(|(name, value)| name == "receiver-name" && !value.is_empty())
        .map(|(_, value)| value.into_owned())
}

/// Country, length and the two check digits (ISO 13616: the number, its first four characters moved
/// to the end and letters read as 10 to 35, leaves 1 when divided by 97).
fn check_iban(iban: &str) -> Result<(), BadPayto> {
    let country = iban.get(..2).ok_or(BadPayto::Iban)?;
    let known = COUNTRIES.split_ascii_whitespace().any(|code| code == country);
    let (head, tail) = iban.split_at_checked(4).ok_or(BadPayto::Iban)?;
    if !known || !(15..=34).contains(&iban.len()) {
        return Err(BadPayto::Iban);
    }
    let rest = tail.chars().chain(head.chars()).try_fold(0_u32, |rest, c| {
        let digit = c.to_digit(36)?;
        let shift = if digit < 10 { 10 } else { 100 };
        // Below 97 × 100 + 35, so nothing can overflow.
        rest.checked_mul(shift)?.checked_add(digit)?.checked_rem(97)
    });
    if rest == Some(1) { Ok(()) } else { Err(BadPayto::Iban) }
}

/// `HOST[:PORT]/[PATH/]ACCOUNT`
fn check_bank(path: &str) -> Result<(), BadPayto> {
    let (authority, account) = path.split_once('/').ok_or(BadPayto::Bank)?;
    let (host, port) = match authority.split_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (authority, None),
    };
    let labels = host.split('.').all(|label| !label.is_empty());
    let plain = host.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b));
    let port =
        port.is_none_or(|p| (1..=5).contains(&p.len()) && p.bytes().all(|b| b.is_ascii_digit()));
    let fits =
        labels && plain && port && !host.starts_with('-') && !last_segment(account).is_empty();
    if fits { Ok(()) } else { Err(BadPayto::Bank) }
}

impl FromStr for Payto {
    type Err = BadPayto;

    fn from_str(text: &str) -> Result<Self, BadPayto> {
        Self::parse(text)
    }
}

impl TryFrom<String> for Payto {
    type Error = BadPayto;

    fn try_from(text: String) -> Result<Self, BadPayto> {
        Self::parse(text)
    }
}

impl From<Payto> for String {
    fn from(payto: Payto) -> Self {
        payto.0
    }
}

impl fmt::Display for Payto {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::Value;

    #[test]
    fn the_vectors_hold() {
        let entries: Vec<Value> =
            serde_json::from_str(include_str!("../../tests/vectors/payto.json")).unwrap();
        for entry in &entries {
            let (id, uri) = (&entry["id"], entry["payto_uri"].as_str().unwrap());
            match entry["expect"].as_str().unwrap() {
                "ok" => {
                    let payto = Payto::parse(uri).unwrap_or_else(|bad| panic!("{id}: {bad}"));
                    assert_eq!(payto.normalized(), entry["normalized"], "{id}");
                    let hashes =
                        [payto.full_hash(), payto.normalized_hash()].map(|h| h.to_string());
                    assert_eq!(hashes[0], entry["full_payto_hash"], "{id}");
                    assert_eq!(hashes[1], entry["normalized_payto_hash"], "{id}");
                }
                "error" => assert!(Payto::parse(uri).is_err(), "{id}"),
                other => panic!("unknown expectation {other}"),
            }
        }
        assert_eq!(entries.len(), 26);
    }

    #[test]
    fn a_name_is_read_decoded() {
        let payto = Payto::parse("payto://void/x?receiver-name=Caf%C3%A9+Moka").unwrap();
        assert_eq!(payto.receiver_name(), "Café Moka");
        assert_eq!(Payto::parse("payto://void/x").unwrap_err(), BadPayto::NoReceiverName);
    }

    proptest! {
        #[test]
        fn a_flipped_digit_is_noticed(at in 2_usize..22, digit in 0_u8..10) {
            let good = "DE75512108001245126199".to_owned();
            let mut bytes = good.clone().into_bytes();
            bytes[at] = b"0123456789"[usize::from(digit)];
            let iban = String::from_utf8(bytes).unwrap();
            prop_assert_eq!(check_iban(&iban).is_ok(), iban == good);
        }

        #[test]
        fn no_text_panics(text in "(payto://(iban|x-taler-bank|upi)/)?[ -~]{0,60}") {
            if let Ok(payto) = Payto::parse(text.clone()) {
                prop_assert_eq!(payto.as_str(), text.as_str());
                let _ = (payto.normalized(), payto.receiver_name(), payto.wire_method());
            }
        }

        #[test]
        fn no_unicode_panics(text in "\\PC*") {
            prop_assert!(check_iban(&text).is_err());
            let _ = (Payto::parse(text.clone()), check_bank(&text));
        }
    }
}
