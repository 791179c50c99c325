//! Money: a currency and an exact number (crypto 2.1, merchant-api 1.4).
//!
//! An amount counts in units of 10⁻⁸ of its currency, up to 2^52 whole ones. Arithmetic is exact or
//! an error: nothing rounds, wraps, saturates or goes below zero, and no two currencies mix.

use std::cmp::Ordering;
use std::fmt;

use super::text::{bad_text, text_value};

bad_text! {
    /// This text is no amount; the sentence says why.
    BadAmount
}

/// Units in one whole of a currency.
const UNITS: u32 = 100_000_000;

/// The largest number of wholes, 2^52; a fraction may still be added to it.
pub const MAX_VALUE: u64 = 1 << 52;

/// The largest amount in units.
const MAX_UNITS: u128 = 450_359_962_737_049_699_999_999;

/// The largest amount without a fraction, in units.
const LARGEST: u128 = 450_359_962_737_049_600_000_000;

/// Digits behind the dot.
pub const DIGITS: usize = 8;

/// Longest text that is looked at. What is needed is 37 characters; zeros may lead.
pub const MAX_TEXT: usize = 64;

/// Letters in the longest currency.
pub const MAX_CURRENCY: usize = 11;

/// The name of a currency: 1 to 11 letters. `EUR` and `eur` are different.
///
/// ```
/// use taler::amount::Currency;
/// assert_eq!(Currency::parse("KUDOS").unwrap().as_str(), "KUDOS");
/// assert!(Currency::parse("E1").is_err());
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency([u8; MAX_CURRENCY]);

impl Currency {
    /// Reads a name.
    ///
    /// # Errors
    /// For anything but 1 to 11 letters of ASCII.
    pub fn parse(text: impl AsRef<str>) -> Result<Self, BadAmount> {
        let text = text.as_ref().as_bytes();
        let mut name = [0; MAX_CURRENCY];
        match name.get_mut(..text.len()) {
            Some(room) if !text.is_empty() && text.iter().all(u8::is_ascii_alphabetic) => {
                room.copy_from_slice(text);
                Ok(Self(name))
            }
            Some(_) | None => Err(BadAmount("a currency has 1 to 11 letters")),
        }
    }

    /// The currency's name, as `EUR`.
    pub fn as_str(&self) -> &str {
        let letters = self.0.split(|letter| *letter == 0).next().unwrap_or_default();
        str::from_utf8(letters).unwrap_or_default()
    }
}

text_value!(Currency, BadAmount);

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// An amount of money, never negative. On the wire `"EUR:1.5"`.
///
/// Two amounts are equal when currency and number are; `EUR:1.5` and `EUR:1.50` are the same
/// amount, and both print as `EUR:1.5`. (Contracts hash the text, so code that writes an amount into
/// one writes it by this type, once.)
///
/// ```
/// use taler::amount::Amount;
/// let price = Amount::parse("EUR:1.50").unwrap();
/// let three = price.checked_mul(3).unwrap();
/// assert_eq!(three.to_string(), "EUR:4.5");
/// assert_eq!(three.checked_sub(&price).unwrap(), price.checked_add(&price).unwrap());
/// assert!(price.checked_sub(&three).is_err());
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Amount {
    currency: Currency,
    units: u128,
}

impl Amount {
    /// Nothing, in this currency.
    pub const fn zero(currency: Currency) -> Self {
        Self { currency, units: 0 }
    }

    /// More than anybody has, in this currency: the largest amount without a fraction.
    pub const fn largest(currency: Currency) -> Self {
        Self { currency, units: LARGEST }
    }

    /// Reads `CUR:VALUE` or `CUR:VALUE.FRACTION`.
    ///
    /// # Errors
    /// When the currency is none, when anything but digits stands around at most one dot, with no
    /// digit before or behind it, with more than eight behind it, or with more than 2^52 before it.
    pub fn parse(text: impl AsRef<str>) -> Result<Self, BadAmount> {
        let text = text.as_ref();
        if text.len() > MAX_TEXT {
            return Err(BadAmount("an amount has at most 64 characters"));
        }
        let (currency, number) =
            text.split_once(':').ok_or(BadAmount("an amount reads CURRENCY:VALUE"))?;
        let currency = Currency::parse(currency)?;
        let (value, fraction) = number.split_once('.').unwrap_or((number, "0"));
        if !is_number(value) || !is_number(fraction) {
            return Err(BadAmount("an amount's value is digits, with more behind one dot"));
        }
        if fraction.len() > DIGITS {
            return Err(BadAmount("an amount has at most 8 digits behind the dot"));
        }
        let value = value.parse().map_err(|_| TOO_LARGE)?;
        let fraction = format!("{fraction:0<DIGITS$}").parse().map_err(|_| TOO_LARGE)?;
        Self::from_parts(currency, value, fraction)
    }

    /// Puts an amount together of wholes and units of 10⁻⁸.
    ///
    /// # Errors
    /// With more than 2^52 wholes, or units that make a whole.
    pub fn from_parts(currency: Currency, value: u64, fraction: u32) -> Result<Self, BadAmount> {
        if value > MAX_VALUE || fraction >= UNITS {
            return Err(TOO_LARGE);
        }
        let wholes = u128::from(value).saturating_mul(UNITS.into());
        Ok(Self { currency, units: wholes.saturating_add(fraction.into()) })
    }

    /// The currency.
    pub const fn currency(&self) -> &Currency {
        &self.currency
    }

    /// The whole number of the amount.
    pub fn value(&self) -> u64 {
        u64::try_from(self.parts().0).unwrap_or(MAX_VALUE)
    }

    /// The rest, in units of 10⁻⁸: at most 99,999,999.
    pub fn fraction(&self) -> u32 {
        u32::try_from(self.parts().1).unwrap_or_default()
    }

    /// Whether it is nothing.
    pub const fn is_zero(&self) -> bool {
        self.units == 0
    }

    /// The sum.
    ///
    /// # Errors
    /// When currencies differ, or it exceeds what an amount can be.
    pub fn checked_add(&self, other: &Self) -> Result<Self, AmountError> {
        self.same_currency(other)?;
        self.with(self.units.checked_add(other.units))
    }

    /// The difference.
    ///
    /// # Errors
    /// When currencies differ, or `other` is more.
    pub fn checked_sub(&self, other: &Self) -> Result<Self, AmountError> {
        self.same_currency(other)?;
        let units = self.units.checked_sub(other.units).ok_or(AmountError::Negative)?;
        Ok(Self { units, ..*self })
    }

    /// The product with a number.
    ///
    /// # Errors
    /// When it exceeds what an amount can be.
    pub fn checked_mul(&self, times: u64) -> Result<Self, AmountError> {
        self.with(self.units.checked_mul(times.into()))
    }

    /// The `parts`-th part, and the rest below one unit dropped.
    ///
    /// # Errors
    /// When `parts` is zero.
    pub fn checked_div(&self, parts: u64) -> Result<Self, AmountError> {
        let units = self.units.checked_div(parts.into()).ok_or(AmountError::DivisionByZero)?;
        Ok(Self { units, ..*self })
    }

    /// The sum of many, nothing if there are none.
    ///
    /// # Errors
    /// When one has another currency than `currency`, or the sum exceeds what an amount can be.
    pub fn sum<'a>(
        currency: Currency,
        amounts: impl IntoIterator<Item = &'a Self>,
    ) -> Result<Self, AmountError> {
        amounts.into_iter().try_fold(Self::zero(currency), |sum, amount| sum.checked_add(amount))
    }

    /// Which of two is more.
    ///
    /// # Errors
    /// When currencies differ.
    pub fn try_cmp(&self, other: &Self) -> Result<Ordering, AmountError> {
        self.same_currency(other)?;
        Ok(self.units.cmp(&other.units))
    }

    /// The binary form in signed messages: value, fraction, currency filled with zeros.
    pub fn to_nbo(&self) -> [u8; 24] {
        let mut bytes = [0; 24];
        let fields =
            [&self.value().to_be_bytes()[..], &self.fraction().to_be_bytes(), &self.currency.0];
        for (to, from) in bytes.iter_mut().zip(fields.into_iter().flatten()) {
            *to = *from;
        }
        bytes
    }

    fn same_currency(&self, other: &Self) -> Result<(), AmountError> {
        if self.currency == other.currency { Ok(()) } else { Err(AmountError::CurrencyMismatch) }
    }

    fn with(&self, units: Option<u128>) -> Result<Self, AmountError> {
        let units = units.filter(|units| *units <= MAX_UNITS).ok_or(AmountError::TooLarge)?;
        Ok(Self { units, ..*self })
    }

    /// Wholes, and the units that are left.
    fn parts(&self) -> (u128, u128) {
        const WHOLE: u128 = 100_000_000;
        (self.units / WHOLE, self.units % WHOLE)
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (value, fraction) = self.parts();
        write!(f, "{}:{value}", self.currency)?;
        if fraction > 0 {
            write!(f, ".{}", format!("{fraction:0DIGITS$}").trim_end_matches('0'))?;
        }
        Ok(())
    }
}

impl fmt::Debug for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::str::FromStr for Amount {
    type Err = BadAmount;

    fn from_str(text: &str) -> Result<Self, BadAmount> {
        Self::parse(text)
    }
}

impl serde::Serialize for Amount {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Amount {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

/// Why amounts could not be reckoned with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AmountError {
    /// The two are of different currencies.
    #[error("the amounts have different currencies")]
    CurrencyMismatch,
    /// The result exceeds 2^52 wholes.
    #[error("the amount would be too large")]
    TooLarge,
    /// More would be taken than there is.
    #[error("the amount would be below zero")]
    Negative,
    /// Something was to be divided into no parts.
    #[error("an amount cannot be divided by zero")]
    DivisionByZero,
}

const TOO_LARGE: BadAmount = BadAmount("an amount is at most 4503599627370496 and a fraction");

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
#[expect(clippy::arithmetic_side_effects, reason = "a sum that overflows fails its test")]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::vectors::{self, Entry};

    #[test]
    fn every_vector_holds() {
        vectors::each(include_str!("../tests/vectors/amounts.json"), 79, |entry| {
            let amount = |member| -> Amount { entry.read(member) };
            match entry.kind() {
                ("parse", "ok") => parses(entry),
                ("parse", "error" | "error-by-specification") => {
                    assert!(Amount::parse(entry.text("input")).is_err(), "{}", entry.id());
                }
                // We accept letters of either case, and take them as they are.
                ("parse", "implementations-differ") => {
                    let input = entry.text("input");
                    let parsed = Amount::parse(input).unwrap_or_else(|_| entry.fails());
                    assert_eq!(parsed.to_string(), input, "{}", entry.id());
                    assert_eq!(Some(parsed.currency().as_str()), input.split(':').next());
                }
                ("add", "ok" | "error") => {
                    reckons(entry, amount("a").checked_add(&amount("b")));
                }
                ("sub", "ok" | "error") => {
                    reckons(entry, amount("a").checked_sub(&amount("b")));
                }
                ("divide", "ok") => reckons(entry, amount("a").checked_div(entry.number("n"))),
                ("multiply", "ok" | "error") => {
                    reckons(entry, amount("a").checked_mul(entry.number("n")));
                }
                ("cmp", "ok") => {
                    let order = match entry.get("result").as_i64() {
                        Some(-1) => Ordering::Less,
                        Some(0) => Ordering::Equal,
                        Some(1) => Ordering::Greater,
                        other => panic!("{}: no order {other:?}", entry.id()),
                    };
                    assert_eq!(amount("a").try_cmp(&amount("b")), Ok(order), "{}", entry.id());
                }
                ("cmp", "error") => {
                    let order = amount("a").try_cmp(&amount("b"));
                    assert_eq!(order, Err(AmountError::CurrencyMismatch), "{}", entry.id());
                }
                _ => entry.unknown(),
            }
        });
    }

    fn parses(entry: &Entry) {
        let amount = Amount::parse(entry.text("input")).unwrap_or_else(|_| entry.fails());
        assert_eq!(amount.currency().as_str(), entry.text("currency"), "{}", entry.id());
        assert_eq!(amount.value(), entry.number("value"), "{}", entry.id());
        assert_eq!(u64::from(amount.fraction()), entry.number("fraction"), "{}", entry.id());
        assert_eq!(amount.to_string(), entry.text("formatted"), "{}", entry.id());
        assert_eq!(amount.to_nbo().to_vec(), entry.hex("nbo_hex"), "{}", entry.id());
    }

    fn reckons(entry: &Entry, result: Result<Amount, AmountError>) {
        let expected = match (entry.text("expect"), entry.get("reason").as_str()) {
            ("ok", _) => Ok(entry.read("result")),
            ("error", Some("currency mismatch")) => Err(AmountError::CurrencyMismatch),
            ("error", Some("negative")) => Err(AmountError::Negative),
            ("error", Some("overflow")) => Err(AmountError::TooLarge),
            // The one entry without a reason is a product beyond the limit.
            ("error", None) => Err(AmountError::TooLarge),
            _ => entry.unknown(),
        };
        assert_eq!(result, expected, "{}", entry.id());
        if let Ok(result) = result {
            assert_eq!(result.to_string(), entry.text("result"), "{}", entry.id());
        }
    }

    #[test]
    fn limits_that_no_vector_shows() {
        let euro = Currency::parse("EUR").unwrap();
        assert!(Amount::from_parts(euro, MAX_VALUE, UNITS - 1).is_ok());
        assert!(Amount::from_parts(euro, MAX_VALUE + 1, 0).is_err());
        assert!(Amount::from_parts(euro, 0, UNITS).is_err());
        assert_eq!(u128::from(MAX_VALUE) * u128::from(UNITS) + u128::from(UNITS - 1), MAX_UNITS);
        let one = Amount::parse("EUR:1").unwrap();
        assert_eq!(one.checked_div(0), Err(AmountError::DivisionByZero));
        assert_eq!(one.checked_mul(u64::MAX), Err(AmountError::TooLarge));
        assert!(Amount::zero(euro).is_zero() && !one.is_zero());
        assert_eq!(Amount::sum(euro, [&one, &one]), one.checked_mul(2));
        assert_eq!(Amount::sum(euro, []), Ok(Amount::zero(euro)));
        let dollar = Amount::parse("USD:1").unwrap();
        assert_eq!(Amount::sum(euro, [&dollar]), Err(AmountError::CurrencyMismatch));
        for json in ["1.5", "null", r#""1.5""#, r#"{"value":1}"#] {
            assert!(serde_json::from_str::<Amount>(json).is_err(), "{json}");
        }
        assert!(Amount::parse(format!("EUR:{}1", "0".repeat(60))).is_err());
    }

    fn currencies() -> impl Strategy<Value = Currency> {
        "[A-Za-z]{1,11}".prop_map(|text| Currency::parse(text).unwrap())
    }

    fn amounts() -> impl Strategy<Value = Amount> {
        let currency = prop_oneof![Just("EUR"), Just("EUR"), Just("USD")];
        let value = prop_oneof![0..=MAX_VALUE, MAX_VALUE - 2..=MAX_VALUE, 0u64..3];
        (currency, value, 0..UNITS).prop_map(|(currency, value, fraction)| {
            Amount::from_parts(Currency::parse(currency).unwrap(), value, fraction).unwrap()
        })
    }

    /// What arithmetic on wide integers says the units of a result are.
    fn model(units: i128) -> Result<u128, AmountError> {
        let units = u128::try_from(units).map_err(|_| AmountError::Negative)?;
        if units > MAX_UNITS { Err(AmountError::TooLarge) } else { Ok(units) }
    }

    fn wide(amount: &Amount) -> i128 {
        i128::from(amount.value()) * i128::from(UNITS) + i128::from(amount.fraction())
    }

    proptest! {
        #[test]
        fn text_wire_and_bytes_give_the_amount_back(
            currency in currencies(),
            value in 0..=MAX_VALUE,
            fraction in 0..UNITS,
        ) {
            let amount = Amount::from_parts(currency, value, fraction).unwrap();
            prop_assert_eq!(amount.value(), value);
            prop_assert_eq!(amount.fraction(), fraction);
            prop_assert_eq!(Amount::parse(amount.to_string()), Ok(amount));
            let json = serde_json::to_string(&amount).unwrap();
            prop_assert_eq!(serde_json::from_str::<Amount>(&json).unwrap(), amount);
            let bytes = amount.to_nbo();
            prop_assert_eq!(&bytes[..8], &value.to_be_bytes());
            prop_assert_eq!(&bytes[8..12], &fraction.to_be_bytes());
            let name = String::from_utf8(bytes[12..23].to_vec()).unwrap();
            prop_assert_eq!(name.trim_end_matches('\0'), currency.as_str());
            prop_assert_eq!(bytes[23], 0);
            prop_assert_eq!(currency.to_string().parse::<Currency>(), Ok(currency));
            let json = serde_json::to_string(&currency).unwrap();
            prop_assert_eq!(serde_json::from_str::<Currency>(&json).unwrap(), currency);
        }

        #[test]
        fn arithmetic_agrees_with_wider_numbers(a in amounts(), b in amounts(), n: u64) {
            let units = |result: Result<Amount, AmountError>| result.map(|amount| amount.units);
            let differ = (a.currency() != b.currency()).then_some(AmountError::CurrencyMismatch);
            let agree = |expected| differ.map_or(expected, Err);
            prop_assert_eq!(units(a.checked_add(&b)), agree(model(wide(&a) + wide(&b))));
            prop_assert_eq!(units(a.checked_sub(&b)), agree(model(wide(&a) - wide(&b))));
            let order = differ.map_or(Ok(wide(&a).cmp(&wide(&b))), Err);
            prop_assert_eq!(a.try_cmp(&b), order);
            for n in [n, n % 5] {
                let product = wide(&a).checked_mul(i128::from(n));
                let expected = product.map_or(Err(AmountError::TooLarge), model);
                prop_assert_eq!(units(a.checked_mul(n)), expected);
                let quotient = wide(&a).checked_div(i128::from(n));
                let expected = quotient.map_or(Err(AmountError::DivisionByZero), model);
                prop_assert_eq!(units(a.checked_div(n)), expected);
            }
        }

        #[test]
        fn zeros_around_a_number_do_not_matter(value in 0..=MAX_VALUE, digits in "[0-9]{1,7}") {
            let plain = Amount::parse(format!("EUR:{value}.{digits}")).unwrap();
            prop_assert_eq!(Amount::parse(format!("EUR:000{value}.{digits}0")), Ok(plain));
        }

        #[test]
        fn no_text_panics(text in "\\PC*", number in "[A-Za-z]{0,12}:[0-9]{0,20}[.,]?[0-9]{0,10}", with in any::<char>()) {
            for text in [text, number.clone(), number.replace(':', &with.to_string()), format!("EUR:1{with}5")] {
                let _ = Currency::parse(&text);
                if let Ok(amount) = Amount::parse(&text) {
                    prop_assert_eq!(Amount::parse(amount.to_string()), Ok(amount));
                }
            }
        }
    }
}
