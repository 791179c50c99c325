//! Bank accounts as payto addresses (crypto 9.1, merchant-api 1.4).
//!
//! An account is kept byte for byte as the shop gave it, because contracts and exchanges hash that
//! text. The rules of a type of account are checked once, when it comes in: the check digits of an
//! IBAN, the host of a bank that speaks Taler's own protocol.

use percent_encoding::percent_decode_str;

use crate::base32::{HashCode, Salt, ShortHash};
use crate::hash;

use super::text::{bad_text, text_value};

bad_text! {
    /// This text is no usable account; the sentence says what is wrong with it.
    BadPayto
}

/// Longest account, in bytes.
pub const MAX_PAYTO: usize = 1024;

/// A bank account with its holder's name (a *full* payto address).
///
/// ```
/// use taler::payto::Payto;
/// let shop = Payto::parse("payto://iban/DE75512108001245126199?receiver-name=My+Shop").unwrap();
/// assert_eq!(shop.wire_method(), "iban");
/// assert_eq!(shop.receiver_name().as_deref(), Some("My Shop"));
/// assert!(Payto::parse("payto://iban/DE75512108001245126198?receiver-name=My+Shop").is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Payto {
    text: String,
    method: String,
}

impl Payto {
    /// Reads an account. `iban` and `x-taler-bank` are checked through and need a receiver's name;
    /// accounts of other types are taken as they are.
    ///
    /// # Errors
    /// When the text is no payto address, is beyond 1024 bytes, or breaks the rules of its type.
    pub fn parse(text: impl Into<String>) -> Result<Self, BadPayto> {
        let text = text.into();
        if text.len() > MAX_PAYTO {
            return Err(BadPayto("a payto address has at most 1024 bytes"));
        }
        if !text.bytes().all(|b| b.is_ascii_alphanumeric() || b"/:$&?!-_.,;=*+%~@()[]".contains(&b))
        {
            return Err(BadPayto("a payto address has a character that must be encoded"));
        }
        let parts =
            Parts::of(&text).ok_or(BadPayto("a payto address reads payto://TYPE/ACCOUNT"))?;
        let method = parts.method.to_ascii_lowercase();
        match method.as_str() {
            "iban" => check_iban(parts.target)?,
            "x-taler-bank" => check_taler_bank(parts.target)?,
            _ => {}
        }
        let name = receiver_name(parts.query);
        if matches!(method.as_str(), "iban" | "x-taler-bank")
            && name.as_ref().is_none_or(|name| name.is_empty())
        {
            return Err(BadPayto("the parameter receiver-name is missing"));
        }
        // Encoded bytes that are no UTF-8 read as U+FFFD.
        if name.is_some_and(|name| name.contains(|c: char| c.is_control() || c == '\u{fffd}')) {
            return Err(BadPayto("a payto address has a character that must be encoded"));
        }
        Ok(Self { text, method })
    }

    /// The account as it was given.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The type of the account in lower case, which contracts call the wire method.
    pub fn wire_method(&self) -> &str {
        &self.method
    }

    /// The name of the account's holder, decoded.
    pub fn receiver_name(&self) -> Option<String> {
        receiver_name(Parts::of(&self.text)?.query)
    }

    /// The account without its holder and in one spelling, as exchanges compare accounts.
    pub fn normalized(&self) -> String {
        let Some(Parts { target, .. }) = Parts::of(&self.text) else { return String::new() };
        let target = match self.method.as_str() {
            "iban" => iban_of(target).1.to_ascii_uppercase(),
            "x-taler-bank" => {
                let (host, rest) = target.split_once('/').unwrap_or((target, ""));
                format!("{}/{rest}", host.to_ascii_lowercase())
            }
            "upi" | "ilp" => target.to_ascii_lowercase(),
            _ => target.to_owned(),
        };
        format!("payto://{}/{target}", self.method)
    }

    /// The hash of the normalised text, by which an exchange asks who the account's owner is.
    pub fn normalized_hash(&self) -> ShortHash {
        hash::payto_hash(&self.normalized())
    }

    /// The salted hash in contracts.
    pub fn h_wire(&self, salt: &Salt) -> HashCode {
        hash::h_wire(&self.text, salt)
    }
}

text_value!(Payto, BadPayto);

/// The pieces of a payto address.
struct Parts<'a> {
    method: &'a str,
    target: &'a str,
    query: &'a str,
}

impl<'a> Parts<'a> {
    fn of(text: &'a str) -> Option<Self> {
        let (scheme, rest) = text.split_once("://")?;
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (method, target) = path.split_once('/')?;
        let fits = |b: u8| b.is_ascii_alphanumeric() || b"-._".contains(&b);
        let good = scheme.eq_ignore_ascii_case("payto")
            && !method.is_empty()
            && method.bytes().all(fits)
            && !target.is_empty();
        good.then_some(Self { method, target, query })
    }
}

fn receiver_name(query: &str) -> Option<String> {
    let value = query.split('&').find_map(|pair| pair.strip_prefix("receiver-name="))?;
    Some(percent_decode_str(&value.replace('+', " ")).decode_utf8_lossy().into_owned())
}

/// The bank's code, if there is one, and the account number.
fn iban_of(target: &str) -> (Option<&str>, &str) {
    match target.rsplit_once('/') {
        Some((bic, iban)) => (Some(bic), iban),
        None => (None, target),
    }
}

fn check_iban(target: &str) -> Result<(), BadPayto> {
    let (bic, iban) = iban_of(target);
    if bic.is_some_and(|bic| bic.is_empty() || !bic.bytes().all(|b| b.is_ascii_alphanumeric())) {
        return Err(BadPayto("an IBAN account reads payto://iban/BIC/IBAN or payto://iban/IBAN"));
    }
    let length = iban
        .get(..2)
        .and_then(|country| IBAN_LENGTHS.iter().find(|(code, _)| *code == country))
        .map(|(_, length)| *length)
        .ok_or(BadPayto("the IBAN begins with the code of no country that has IBANs"))?;
    if iban.len() != length {
        return Err(BadPayto("the IBAN has the wrong length for its country"));
    }
    if remainder(iban) != Some(1) {
        return Err(BadPayto("the check digits of the IBAN are wrong"));
    }
    Ok(())
}

/// The number that an IBAN stands for, modulo 97: the first four characters go to the end, and a
/// letter counts as two digits from A = 10 on. `None` when a character is neither.
fn remainder(iban: &str) -> Option<u32> {
    let (head, tail) = iban.split_at_checked(4)?;
    tail.chars().chain(head.chars()).try_fold(0u32, |sum, c| {
        let digit = c.to_digit(36)?;
        let shift = if digit < 10 { 10 } else { 100 };
        sum.checked_mul(shift)?.checked_add(digit)?.checked_rem(97)
    })
}

/// How long the IBANs of each country are, as the standard's registry says.
#[rustfmt::skip]
const IBAN_LENGTHS: [(&str, usize); 89] = [
    ("AD", 24), ("AE", 23), ("AL", 28), ("AT", 20), ("AZ", 28), ("BA", 20), ("BE", 16), ("BG", 22),
    ("BH", 22), ("BI", 27), ("BR", 29), ("BY", 28), ("CH", 21), ("CR", 22), ("CY", 28), ("CZ", 24),
    ("DE", 22), ("DJ", 27), ("DK", 18), ("DO", 28), ("EE", 20), ("EG", 29), ("ES", 24), ("FI", 18),
    ("FK", 18), ("FO", 18), ("FR", 27), ("GB", 22), ("GE", 22), ("GI", 23), ("GL", 18), ("GR", 27),
    ("GT", 28), ("HN", 28), ("HR", 21), ("HU", 28), ("IE", 22), ("IL", 23), ("IQ", 23), ("IS", 26),
    ("IT", 27), ("JO", 30), ("KW", 30), ("KZ", 20), ("LB", 28), ("LC", 32), ("LI", 21), ("LT", 20),
    ("LU", 20), ("LV", 21), ("LY", 25), ("MC", 27), ("MD", 24), ("ME", 22), ("MK", 19), ("MN", 20),
    ("MR", 27), ("MT", 31), ("MU", 30), ("NI", 28), ("NL", 18), ("NO", 15), ("OM", 23), ("PK", 24),
    ("PL", 28), ("PS", 29), ("PT", 25), ("QA", 29), ("RO", 24), ("RS", 22), ("RU", 33), ("SA", 24),
    ("SC", 31), ("SD", 18), ("SE", 24), ("SI", 19), ("SK", 24), ("SM", 27), ("SO", 23), ("ST", 25),
    ("SV", 28), ("TL", 23), ("TN", 24), ("TR", 26), ("UA", 29), ("VA", 22), ("VG", 24), ("XK", 20),
    ("YE", 30),
];

fn check_taler_bank(target: &str) -> Result<(), BadPayto> {
    let (host, path) = target.split_once('/').ok_or(BadPayto("the account's name is missing"))?;
    if path.is_empty() || path.ends_with('/') {
        return Err(BadPayto("the account's name is missing"));
    }
    let (host, port) = host.split_once(':').unwrap_or((host, "0"));
    if port.is_empty() || !port.bytes().all(|b| b.is_ascii_digit()) || port.parse::<u16>().is_err()
    {
        return Err(BadPayto("the port of the bank is no number up to 65535"));
    }
    let fits = |b: u8| b.is_ascii_alphanumeric() || b"-_.".contains(&b);
    if host.starts_with('-') || !host.bytes().all(fits) || host.split('.').any(str::is_empty) {
        return Err(BadPayto("the host of the bank is no domain name"));
    }
    Ok(())
}

#[cfg(test)]
#[expect(clippy::arithmetic_side_effects, reason = "a sum that overflows fails its test")]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::vectors;

    #[test]
    fn every_vector_holds() {
        vectors::each(include_str!("../tests/vectors/payto.json"), 26, |entry| {
            let parsed = Payto::parse(entry.text("payto_uri"));
            match entry.kind() {
                ("", "ok") => {
                    let payto = parsed.unwrap_or_else(|_| entry.fails());
                    assert_eq!(payto.as_str(), entry.text("payto_uri"), "{}", entry.id());
                    assert_eq!(payto.normalized(), entry.text("normalized"), "{}", entry.id());
                    assert_eq!(
                        hash::payto_hash(payto.as_str()),
                        entry.bytes("full_payto_hash"),
                        "{}",
                        entry.id()
                    );
                    assert_eq!(
                        payto.normalized_hash(),
                        entry.bytes("normalized_payto_hash"),
                        "{}",
                        entry.id()
                    );
                }
                ("", "error") => assert!(parsed.is_err(), "{}", entry.id()),
                _ => entry.unknown(),
            }
        });
    }

    #[test]
    fn the_salted_hash_is_that_of_the_full_text() {
        let payto = Payto::parse("payto://void/a?receiver-name=x").unwrap();
        let salt = Salt::new([7; 16]);
        assert_eq!(payto.h_wire(&salt), hash::h_wire("payto://void/a?receiver-name=x", &salt));
    }

    #[test]
    fn a_name_has_characters_that_people_can_read() {
        for bad in ["%00", "A%0AB", "A%1b[31mB", "%7f", "%c2%80", "%ff"] {
            let payto = |start: &str| Payto::parse(format!("payto://{start}?receiver-name={bad}"));
            assert!(payto("iban/DE75512108001245126199").is_err(), "{bad}");
            assert!(payto("void/a").is_err(), "{bad}");
        }
        let named = "payto://iban/DE75512108001245126199?receiver-name=M%C3%BCller+%26+S%C3%B6hne";
        assert_eq!(Payto::parse(named).unwrap().receiver_name().as_deref(), Some("Müller & Söhne"));
    }

    #[test]
    fn parts_that_no_vector_shows() {
        let good = "payto://iban/DE75512108001245126199?receiver-name=A%20B%2BC&message=x";
        assert_eq!(Payto::parse(good).unwrap().receiver_name().as_deref(), Some("A B+C"));
        // Letters of an account number count too, in either case.
        for iban in ["GB82WEST12345698765432", "FR1420041010050500013M02606", "NL91abna0417164300"]
        {
            let payto = Payto::parse(format!("payto://iban/{iban}?receiver-name=X")).unwrap();
            let upper = format!("payto://iban/{}", iban.to_uppercase());
            assert_eq!(payto.normalized(), upper);
        }
        assert_eq!(Payto::parse("payto://void/a").unwrap().receiver_name(), None);
        for bad in [
            "payto://iban/DE75512108001245126199?receiver-name=",
            "payto://iban/A/B/DE75512108001245126199?receiver-name=X",
            "payto://iban//DE75512108001245126199?receiver-name=X",
            "payto://iban/DE7551210800124512619900?receiver-name=X",
            "payto://iban/?receiver-name=X",
            "payto://iban/D?receiver-name=X",
            "payto://x-taler-bank/bank.example/?receiver-name=X",
            "payto://x-taler-bank//a?receiver-name=X",
            "payto://x-taler-bank/bank.example:99999/a?receiver-name=X",
            "payto://x-taler-bank/bank.example:+80/a?receiver-name=X",
            "payto:///a?receiver-name=X",
            "payto://void/",
            "payto://void?/a",
            "",
        ] {
            assert!(Payto::parse(bad).is_err(), "{bad}");
        }
        assert!(Payto::parse(format!("payto://void/{}", "x".repeat(1100))).is_err());
    }

    #[test]
    fn the_table_of_countries_is_in_order() {
        assert!(IBAN_LENGTHS.is_sorted());
        assert!(IBAN_LENGTHS.iter().all(|(_, length)| (15..=34).contains(length)));
    }

    proptest! {
        #[test]
        fn text_and_wire_give_the_account_back(
            host in "[a-z0-9]{1,9}(\\.[a-z]{1,5}){0,2}(:[0-9]{1,4})?",
            account in "[A-Za-z0-9-]{1,12}",
            name in "[A-Za-z+]{1,12}",
        ) {
            let text = format!("payto://x-taler-bank/{host}/{account}?receiver-name={name}");
            let payto = Payto::parse(text.clone()).unwrap();
            prop_assert_eq!(payto.to_string(), text);
            prop_assert_eq!(payto.receiver_name().unwrap(), name.replace('+', " "));
            let json = serde_json::to_string(&payto).unwrap();
            prop_assert_eq!(serde_json::from_str::<Payto>(&json).unwrap(), payto);
        }

        #[test]
        fn one_wrong_digit_is_noticed(at in 4usize..22, digit in 0u8..10) {
            let mut iban = b"DE75512108001245126199".to_vec();
            prop_assume!(iban[at] != b'0' + digit);
            iban[at] = b'0' + digit;
            prop_assert!(check_iban(std::str::from_utf8(&iban).unwrap()).is_err());
        }

        #[test]
        fn no_text_panics(text in "\\PC*", tail in "[ -~\\u{e9}]{0,30}") {
            for text in [
                text,
                tail.clone(),
                format!("payto://{tail}"),
                format!("payto://iban/{tail}?receiver-name=x"),
                format!("payto://iban/DE{tail}?receiver-name=x"),
                format!("payto://x-taler-bank/{tail}?receiver-name=x"),
            ] {
                if let Ok(payto) = Payto::parse(text) {
                    let _ = (payto.normalized(), payto.receiver_name());
                }
            }
        }
    }
}
