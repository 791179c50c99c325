//! Money: a currency and an exact number (crypto 2.1, merchant-api 1.4).
//!
//! An amount counts in units of 10⁻⁸ of its currency, up to 2^52 whole ones. Arithmetic is exact or
//! an error: nothing rounds, wraps, saturates or goes below zero, and no two currencies mix.

use std::cmp::Ordering;
use std::fmt;

use super::quantity::DecimalQuantity;
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

    /// The price of `quantity` where this is the price of one, rounded half up to one unit of 10⁻⁸.
    ///
    /// # Errors
    /// When it exceeds what an amount can be.
    pub fn checked_scale(&self, quantity: DecimalQuantity) -> Result<Self, AmountError> {
        let millionths = self.units.checked_mul(quantity.millionths().into());
        self.with(millionths.and_then(|product| half_up(product, 1_000_000)))
    }

    /// The amount rounded half up to so many digits behind the dot.
    ///
    /// # Errors
    /// When it exceeds what an amount can be.
    pub fn rounded(&self, digits: u8) -> Result<Self, AmountError> {
        let step = step_of(digits);
        self.with(half_up(self.units, step).and_then(|steps| steps.checked_mul(step)))
    }

    /// The amount times `numerator` / `denominator`, rounded half up, once, to so many digits behind the dot.
    ///
    /// # Errors
    /// When `denominator` is zero, or the result exceeds what an amount can be.
    pub fn checked_ratio(
        &self,
        numerator: u64,
        denominator: u64,
        digits: u8,
    ) -> Result<Self, AmountError> {
        let step = step_of(digits);
        let product = self.units.checked_mul(numerator.into()).ok_or(AmountError::TooLarge)?;
        let divisor = step.checked_mul(denominator.into()).ok_or(AmountError::TooLarge)?;
        if divisor == 0 {
            return Err(AmountError::DivisionByZero);
        }
        self.with(half_up(product, divisor).and_then(|steps| steps.checked_mul(step)))
    }

    /// What belongs to `part` of this, where all of it belongs to `whole`: rounded half up to so many digits
    /// behind the dot, or to one unit of 10⁻⁸ where one of the three has more digits.
    ///
    /// # Errors
    /// When `part` exceeds `whole`, or `whole` is nothing; when currencies differ.
    pub fn share(&self, part: &Self, whole: &Self, digits: u8) -> Result<Self, AmountError> {
        self.same_currency(part)?;
        whole.checked_sub(part)?;
        let step = common_step(digits, [self, part, whole]);
        let (quotient, rest) = multiplied_and_divided(self.units, part.units, whole.units)
            .ok_or(AmountError::DivisionByZero)?;
        let (steps, below) = (quotient.checked_div(step), quotient.checked_rem(step));
        let (Some(steps), Some(below)) = (steps, below) else {
            return Err(AmountError::DivisionByZero);
        };
        // One unit is whole.units parts; half a step is step * whole.units / 2 of them.
        let twice_below = below.saturating_mul(2);
        let rounds_up = match step.checked_sub(twice_below) {
            None | Some(0) => true,
            // Only the parts of the last unit can reach the half then.
            Some(1) => rest.saturating_mul(2) >= whole.units,
            Some(_) => false,
        };
        let steps = steps.saturating_add(rounds_up.into());
        self.with(steps.checked_mul(step))
    }

    /// Divides the amount in proportion to `weights`. Each part is rounded down to so many digits behind
    /// the dot, and what is left goes, a step each, to the parts that lost most, the first of equal ones. The
    /// step is one unit of 10⁻⁸ where the amount or a weight has more digits. Together the parts are the
    /// amount, and none exceeds its weight unless the amount exceeds all weights together.
    ///
    /// ```
    /// use taler::amount::Amount;
    /// let amount = |text| Amount::parse(text).unwrap();
    /// let parts = amount("EUR:1").split(&[amount("EUR:1"), amount("EUR:1"), amount("EUR:1")], 2);
    /// assert_eq!(parts.unwrap(), [amount("EUR:0.34"), amount("EUR:0.33"), amount("EUR:0.33")]);
    /// ```
    ///
    /// # Errors
    /// When something is to be divided and all weights are zero; when currencies differ.
    pub fn split(&self, weights: &[Self], digits: u8) -> Result<Vec<Self>, AmountError> {
        weights.iter().try_for_each(|weight| self.same_currency(weight))?;
        if self.is_zero() {
            return Ok(vec![*self; weights.len()]);
        }
        let step = common_step(digits, weights.iter().chain([self]));
        let steps = |units: u128| units.checked_div(step).unwrap_or_default();
        let whole = weights.iter().fold(0_u128, |sum, weight| sum.saturating_add(weight.units));
        let mut parts = Vec::with_capacity(weights.len());
        let mut left = steps(self.units);
        for weight in weights {
            let (part, rest) =
                multiplied_and_divided(steps(self.units), steps(weight.units), steps(whole))
                    .ok_or(AmountError::DivisionByZero)?;
            left = left.saturating_sub(part);
            parts.push((part, rest));
        }
        let mut losers: Vec<(u128, &mut u128)> =
            parts.iter_mut().map(|(part, rest)| (*rest, part)).collect();
        losers.sort_by_key(|(rest, _)| std::cmp::Reverse(*rest));
        for (_, part) in losers {
            if left > 0 {
                *part = part.saturating_add(1);
                left = left.saturating_sub(1);
            }
        }
        parts.into_iter().map(|(part, _)| self.with(part.checked_mul(step))).collect()
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

/// `number` divided by `divisor`, rounded half up.
fn half_up(number: u128, divisor: u128) -> Option<u128> {
    number.checked_add(divisor.checked_div(2)?)?.checked_div(divisor)
}

/// The smallest amount with so many digits behind the dot, in units.
fn step_of(digits: u8) -> u128 {
    let dropped = u32::try_from(DIGITS).unwrap_or_default().saturating_sub(digits.into());
    10_u128.saturating_pow(dropped)
}

/// The same, or one unit if not all amounts are multiples of it.
fn common_step<'a>(digits: u8, amounts: impl IntoIterator<Item = &'a Amount>) -> u128 {
    let step = step_of(digits);
    let fits = |amount: &Amount| amount.units.checked_rem(step) == Some(0);
    if amounts.into_iter().all(fits) { step } else { 1 }
}

/// `a * b / c` and what is left of the division, whatever the size of the product; `None` if `c` is zero.
/// It takes the bits of `b` one after the other, so no number in between exceeds `2 * c + a`, and each of the three
/// is below 2^90.
fn multiplied_and_divided(a: u128, b: u128, c: u128) -> Option<(u128, u128)> {
    let (mut quotient, mut rest) = (0_u128, 0_u128);
    for bit in (0..u128::BITS.saturating_sub(b.leading_zeros())).rev() {
        let added = if b.checked_shr(bit)? & 1 == 1 { a } else { 0 };
        rest = rest.checked_mul(2)?.checked_add(added)?;
        quotient = quotient.checked_mul(2)?.checked_add(rest.checked_div(c)?)?;
        rest = rest.checked_rem(c)?;
    }
    (c > 0).then_some((quotient, rest))
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

    #[test]
    fn a_price_is_rounded_half_up() {
        let line = |price: &str, quantity: &str, digits| {
            let quantity = DecimalQuantity::parse(quantity).unwrap();
            let price = Amount::parse(price).unwrap().checked_scale(quantity).unwrap();
            price.rounded(digits).unwrap().to_string()
        };
        assert_eq!(line("EUR:3.33", "1.5", 2), "EUR:5");
        assert_eq!(line("EUR:3.33", "1.5", 3), "EUR:4.995");
        assert_eq!(line("EUR:3.33", "1.49999", 2), "EUR:4.99");
        assert_eq!(line("EUR:0.00000001", "0.5", 8), "EUR:0.00000001");
        assert_eq!(line("EUR:0.00000001", "0.499999", 8), "EUR:0");
        assert_eq!(line("JPY:99.5", "1", 0), "JPY:100");
        let most = Amount::largest("EUR".parse().unwrap());
        assert_eq!(most.checked_scale(DecimalQuantity::MAX), Err(AmountError::TooLarge));
    }

    #[test]
    fn parts_are_rounded_to_the_digits_of_the_currency() {
        let amount = |text: &str| Amount::parse(text).unwrap();
        let ratio = |text: &str, numerator, denominator, digits| {
            amount(text).checked_ratio(numerator, denominator, digits).map(|part| part.to_string())
        };
        // 19 per cent in 1.19, and in 1.
        assert_eq!(ratio("EUR:1.19", 19, 119, 2), Ok("EUR:0.19".into()));
        assert_eq!(ratio("EUR:1", 19, 119, 2), Ok("EUR:0.16".into()));
        assert_eq!(ratio("EUR:1", 19, 119, 8), Ok("EUR:0.15966387".into()));
        assert_eq!(ratio("EUR:0.01", 1, 2, 2), Ok("EUR:0.01".into()));
        assert_eq!(ratio("EUR:1", 1, 0, 2), Err(AmountError::DivisionByZero));
        assert_eq!(
            Amount::largest("EUR".parse().unwrap()).checked_ratio(2, 1, 2),
            Err(AmountError::TooLarge)
        );
        let share = |tax: &str, part: &str, whole: &str| {
            amount(tax).share(&amount(part), &amount(whole), 2).map(|part| part.to_string())
        };
        assert_eq!(share("EUR:0.19", "EUR:0.60", "EUR:1.19"), Ok("EUR:0.1".into()));
        assert_eq!(share("EUR:0.03", "EUR:0.5", "EUR:1"), Ok("EUR:0.02".into()));
        assert_eq!(share("EUR:0.0019", "EUR:1", "EUR:2"), Ok("EUR:0.00095".into()));
        assert_eq!(share("EUR:1", "EUR:3", "EUR:2"), Err(AmountError::Negative));
        assert_eq!(share("EUR:1", "EUR:0", "EUR:0"), Err(AmountError::DivisionByZero));
        assert_eq!(share("EUR:1", "USD:1", "EUR:2"), Err(AmountError::CurrencyMismatch));
        let split = |whole: &str, weights: &[&str]| {
            let weights: Vec<_> = weights.iter().map(|weight| amount(weight)).collect();
            amount(whole).split(&weights, 2)
        };
        assert_eq!(split("EUR:1", &["EUR:0"]), Err(AmountError::DivisionByZero));
        assert_eq!(split("EUR:1", &["USD:1"]), Err(AmountError::CurrencyMismatch));
        assert_eq!(split("EUR:0", &["EUR:0"]), Ok(vec![amount("EUR:0")]));
        assert_eq!(
            split("EUR:0.05", &["EUR:1", "EUR:2"]),
            Ok(vec![amount("EUR:0.02"), amount("EUR:0.03")])
        );
        assert_eq!(
            split("EUR:0.001", &["EUR:1", "EUR:2"]),
            Ok(vec![amount("EUR:0.00033333"), amount("EUR:0.00066667")])
        );
    }

    proptest! {
        #[test]
        fn parts_are_the_whole_and_none_exceeds_its_weight(
            weights in proptest::collection::vec((0..=MAX_VALUE, 0..UNITS), 1..9),
            cut in any::<u64>(),
            digits in 0..=8_u8,
            on_step: bool,
        ) {
            let euro = Currency::parse("EUR").unwrap();
            let weights: Vec<Amount> = weights
                .into_iter()
                .map(|(value, fraction)| {
                    let exact = Amount::from_parts(euro, value >> 4, fraction).unwrap();
                    if on_step { exact.rounded(digits).unwrap() } else { exact }
                })
                .collect();
            let all = Amount::sum(euro, &weights).unwrap();
            let wide = multiplied_and_divided(all.units, cut.into(), u64::MAX.into()).unwrap().0;
            let amount = Amount { units: wide, ..all };
            let amount = if on_step { amount.rounded(digits).unwrap() } else { amount };
            let amount = if amount.units > all.units { all } else { amount };
            if !all.is_zero() {
                let parts = amount.split(&weights, digits).unwrap();
                prop_assert_eq!(Amount::sum(euro, &parts), Ok(amount));
                for (part, weight) in parts.iter().zip(&weights) {
                    prop_assert!(part.units <= weight.units);
                    if on_step {
                        prop_assert_eq!(part.units % step_of(digits), 0);
                    }
                    if !weight.is_zero() {
                        // Something of it, its tax say, is shared with it, and the rest as well.
                        let tax = weight.checked_ratio(19, 119, digits).unwrap();
                        let tax_part = tax.share(part, weight, digits).unwrap();
                        prop_assert!(tax_part.units <= tax.units.min(part.units));
                        let net = weight.checked_sub(&tax).unwrap();
                        prop_assert!(net.checked_sub(&part.checked_sub(&tax_part).unwrap()).is_ok());
                    }
                }
            }
        }

        #[test]
        fn long_division_agrees_with_the_machines(a: u64, b: u64, c in 1..=u64::MAX) {
            let product = u128::from(a) * u128::from(b);
            let expected = Some((product / u128::from(c), product % u128::from(c)));
            prop_assert_eq!(multiplied_and_divided(a.into(), b.into(), c.into()), expected);
        }

        #[test]
        fn a_scaled_amount_is_that_of_wider_numbers(
            value in 0..1_u64 << 20,
            fraction in 0..UNITS,
            millionths in 0..1_u64 << 40,
            digits in 0..=8_u8,
        ) {
            let amount = Amount::from_parts("EUR".parse().unwrap(), value, fraction).unwrap();
            let quantity = DecimalQuantity::from_millionths(millionths).unwrap();
            let units = u128::from(value) * u128::from(UNITS) + u128::from(fraction);
            let exact = units * u128::from(millionths);
            let scaled = amount.checked_scale(quantity).unwrap();
            prop_assert_eq!(scaled.units, (exact + 500_000) / 1_000_000);
            let step = 10_u128.pow(8 - u32::from(digits));
            let rounded = scaled.rounded(digits).unwrap();
            prop_assert_eq!(rounded.units % step, 0);
            prop_assert!(rounded.units.abs_diff(scaled.units) * 2 <= step);
        }

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
