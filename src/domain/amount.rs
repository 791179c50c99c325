//! Money: exact, never wrapping, never a float (merchant-api 1.4, crypto 2.1).
//!
//! An amount is a currency, a whole value up to 2^52 and a fraction in units of 10⁻⁸. Sums that do
//! not fit are errors, not the nearest thing that does.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Greatest whole value: 2^52.
pub const MAX_VALUE: u64 = 1 << 52;
/// Parts of a whole: a fraction counts 10⁻⁸.
pub const FRACTION_BASE: u32 = 100_000_000;
/// Most digits after the dot.
const FRACTION_DIGITS: usize = 8;
/// Longest currency name, in bytes.
const MAX_CURRENCY: usize = 11;

/// Why a text is no amount, or a sum cannot be had.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum AmountError {
    /// The currency is not 1 to 11 letters.
    Currency,
    /// The number is malformed, or the whole value exceeds 2^52.
    Number,
    /// The two amounts are in different currencies.
    CurrencyMismatch,
    /// The result exceeds 2^52.
    Overflow,
    /// The result would be less than nothing.
    Negative,
    /// Something was to be divided by zero.
    DivisionByZero,
}

impl fmt::Display for AmountError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Currency => "a currency has 1 to 11 letters",
            Self::Number => "not an amount like EUR:1.50",
            Self::CurrencyMismatch => "the currencies differ",
            Self::Overflow => "the amount is too large",
            Self::Negative => "the amount would be negative",
            Self::DivisionByZero => "division by zero",
        })
    }
}

impl std::error::Error for AmountError {}

/// Names a currency: 1 to 11 ASCII letters. Compared exactly: `eur` is not `EUR`.
#[derive(Clone, Copy, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct Currency {
    /// The letters, filled up with zeros, as in the binary form but for its last byte.
    letters: [u8; MAX_CURRENCY],
}

impl Currency {
    /// The only way in.
    ///
    /// # Errors
    /// [`AmountError::Currency`] for other lengths and characters.
    pub fn parse(text: &str) -> Result<Self, AmountError> {
        let mut letters = [0; MAX_CURRENCY];
        let bytes = text.as_bytes();
        let fits = !bytes.is_empty() && bytes.iter().all(u8::is_ascii_alphabetic);
        let place = letters.get_mut(..bytes.len()).filter(|_| fits);
        place.ok_or(AmountError::Currency)?.copy_from_slice(bytes);
        Ok(Self { letters })
    }

    /// The letters.
    pub fn as_str(&self) -> &str {
        let length = self.letters.iter().position(|b| *b == 0).unwrap_or(MAX_CURRENCY);
        // Only letters are ever put in, so neither can fail.
        self.letters.get(..length).and_then(|l| std::str::from_utf8(l).ok()).unwrap_or_default()
    }
}

impl FromStr for Currency {
    type Err = AmountError;

    fn from_str(text: &str) -> Result<Self, AmountError> {
        Self::parse(text)
    }
}

impl TryFrom<String> for Currency {
    type Error = AmountError;

    fn try_from(text: String) -> Result<Self, AmountError> {
        Self::parse(&text)
    }
}

impl From<Currency> for String {
    fn from(currency: Currency) -> Self {
        currency.as_str().to_owned()
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// An amount of money.
///
/// ```
/// use tilld::domain::amount::Amount;
/// let price: Amount = "EUR:1.50".parse().unwrap();
/// assert_eq!(price.times(3).unwrap().to_string(), "EUR:4.5");
/// ```
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct Amount {
    currency: Currency,
    /// At most 2^52.
    value: u64,
    /// Below 10⁸.
    fraction: u32,
}

impl Amount {
    /// Nothing, in `currency`.
    pub const fn zero(currency: Currency) -> Self {
        Self { currency, value: 0, fraction: 0 }
    }

    /// `value` wholes and `fraction` hundred-millionths.
    ///
    /// # Errors
    /// [`AmountError::Number`] when either is too large.
    pub fn new(currency: Currency, value: u64, fraction: u32) -> Result<Self, AmountError> {
        if value <= MAX_VALUE && fraction < FRACTION_BASE {
            Ok(Self { currency, value, fraction })
        } else {
            Err(AmountError::Number)
        }
    }

    /// Reads `CUR:VALUE[.FRACTION]`.
    ///
    /// # Errors
    /// [`AmountError::Currency`], [`AmountError::Number`].
    pub fn parse(text: &str) -> Result<Self, AmountError> {
        let (currency, number) = text.split_once(':').ok_or(AmountError::Number)?;
        let currency = Currency::parse(currency)?;
        let (value, fraction) = match number.split_once('.') {
            Some((value, fraction)) => (value, Some(fraction)),
            None => (number, None),
        };
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        if !digits(value) {
            return Err(AmountError::Number);
        }
        // Leading zeros are dropped, however many; only what is left has a length that counts.
        let value = match value.trim_start_matches('0') {
            "" => 0,
            significant => significant.parse().map_err(|_| AmountError::Number)?,
        };
        let fraction = match fraction {
            None => 0,
            Some(text) if digits(text) && text.len() <= FRACTION_DIGITS => {
                format!("{text:0<FRACTION_DIGITS$}").parse().map_err(|_| AmountError::Number)?
            }
            Some(_) => return Err(AmountError::Number),
        };
        Self::new(currency, value, fraction)
    }

    /// The currency.
    pub fn currency(&self) -> Currency {
        self.currency
    }

    /// The wholes.
    pub fn value(&self) -> u64 {
        self.value
    }

    /// What is beyond them, in 10⁻⁸.
    pub fn fraction(&self) -> u32 {
        self.fraction
    }

    /// Is it nothing?
    pub fn is_zero(&self) -> bool {
        self.value == 0 && self.fraction == 0
    }

    /// All of it in 10⁻⁸, which always fits.
    fn units(&self) -> u128 {
        let wholes = u128::from(self.value).saturating_mul(FRACTION_BASE.into());
        wholes.saturating_add(self.fraction.into())
    }

    fn of_units(currency: Currency, units: u128) -> Result<Self, AmountError> {
        let base = u128::from(FRACTION_BASE);
        let value = units.checked_div(base).and_then(|v| u64::try_from(v).ok());
        let fraction = units.checked_rem(base).and_then(|f| u32::try_from(f).ok());
        let (Some(value), Some(fraction)) = (value, fraction) else {
            return Err(AmountError::Overflow);
        };
        Self::new(currency, value, fraction).map_err(|_| AmountError::Overflow)
    }

    fn same_currency(&self, other: &Self) -> Result<(), AmountError> {
        if self.currency == other.currency { Ok(()) } else { Err(AmountError::CurrencyMismatch) }
    }

    /// The sum.
    ///
    /// # Errors
    /// [`AmountError::CurrencyMismatch`], [`AmountError::Overflow`].
    pub fn plus(&self, other: &Self) -> Result<Self, AmountError> {
        self.same_currency(other)?;
        Self::of_units(self.currency, self.units().saturating_add(other.units()))
    }

    /// The difference.
    ///
    /// # Errors
    /// [`AmountError::CurrencyMismatch`], [`AmountError::Negative`].
    pub fn minus(&self, other: &Self) -> Result<Self, AmountError> {
        self.same_currency(other)?;
        let units = self.units().checked_sub(other.units()).ok_or(AmountError::Negative)?;
        Self::of_units(self.currency, units)
    }

    /// The `factor`-fold, exactly.
    ///
    /// # Errors
    /// [`AmountError::Overflow`].
    pub fn times(&self, factor: u64) -> Result<Self, AmountError> {
        let units = self.units().checked_mul(factor.into()).ok_or(AmountError::Overflow)?;
        Self::of_units(self.currency, units)
    }

    /// One of `parts` equal parts, the rest below 10⁻⁸ dropped.
    ///
    /// # Errors
    /// [`AmountError::DivisionByZero`].
    pub fn split(&self, parts: u64) -> Result<Self, AmountError> {
        let units = self.units().checked_div(parts.into()).ok_or(AmountError::DivisionByZero)?;
        Self::of_units(self.currency, units)
    }

    /// Which of two is more.
    ///
    /// # Errors
    /// [`AmountError::CurrencyMismatch`].
    pub fn compare(&self, other: &Self) -> Result<Ordering, AmountError> {
        self.same_currency(other)?;
        Ok(self.units().cmp(&other.units()))
    }

    /// The form in signed messages: value (8 bytes), fraction (4), currency (12).
    pub fn to_nbo(&self) -> [u8; 24] {
        let mut bytes = [0; 24];
        let parts = self
            .value
            .to_be_bytes()
            .into_iter()
            .chain(self.fraction.to_be_bytes())
            .chain(self.currency.letters);
        for (to, from) in bytes.iter_mut().zip(parts) {
            *to = from;
        }
        bytes
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.currency, self.value)?;
        if self.fraction == 0 {
            return Ok(());
        }
        let digits = format!("{:0FRACTION_DIGITS$}", self.fraction);
        write!(f, ".{}", digits.trim_end_matches('0'))
    }
}

impl FromStr for Amount {
    type Err = AmountError;

    fn from_str(text: &str) -> Result<Self, AmountError> {
        Self::parse(text)
    }
}

impl TryFrom<String> for Amount {
    type Error = AmountError;

    fn try_from(text: String) -> Result<Self, AmountError> {
        Self::parse(&text)
    }
}

impl From<Amount> for String {
    fn from(amount: Amount) -> Self {
        amount.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use data_encoding::HEXLOWER;
    use proptest::prelude::*;
    use serde_json::Value;

    #[test]
    fn the_vectors_hold() {
        let entries: Vec<Value> =
            serde_json::from_str(include_str!("../../tests/vectors/amounts.json")).unwrap();
        for entry in &entries {
            check(entry);
        }
        assert_eq!(entries.len(), 79);
    }

    fn check(entry: &Value) {
        let id = &entry["id"];
        let amount = |name: &str| Amount::parse(entry[name].as_str().unwrap()).unwrap();
        let number = || entry["n"].as_u64().unwrap();
        let result = match entry["op"].as_str().unwrap() {
            "parse" => return check_parse(entry),
            "cmp" => {
                let order = amount("a").compare(&amount("b"));
                match entry["expect"].as_str().unwrap() {
                    "ok" => {
                        let result = entry["result"].as_i64().unwrap();
                        assert_eq!(order.unwrap(), result.cmp(&0), "{id}");
                    }
                    "error" => assert!(order.is_err(), "{id}"),
                    other => panic!("unknown expectation {other}"),
                }
                return;
            }
            "add" => amount("a").plus(&amount("b")),
            "sub" => amount("a").minus(&amount("b")),
            "divide" => amount("a").split(number()),
            "multiply" => amount("a").times(number()),
            other => panic!("unknown op {other}"),
        };
        match entry["expect"].as_str().unwrap() {
            "ok" => assert_eq!(result.unwrap().to_string(), entry["result"], "{id}"),
            "error" => assert!(result.is_err(), "{id}"),
            other => panic!("unknown expectation {other}"),
        }
    }

    fn check_parse(entry: &Value) {
        let (id, input) = (&entry["id"], entry["input"].as_str().unwrap());
        let parsed = Amount::parse(input);
        match entry["expect"].as_str().unwrap() {
            "ok" => {
                let amount = parsed.unwrap_or_else(|bad| panic!("{id}: {bad}"));
                assert_eq!(amount.currency().as_str(), entry["currency"], "{id}");
                assert_eq!(amount.value(), entry["value"], "{id}");
                assert_eq!(amount.fraction(), entry["fraction"], "{id}");
                assert_eq!(amount.to_string(), entry["formatted"], "{id}");
                assert_eq!(HEXLOWER.encode(&amount.to_nbo()), entry["nbo_hex"], "{id}");
            }
            "error" | "error-by-specification" => assert!(parsed.is_err(), "{id}: {input}"),
            // Letters of either case are read; which currency is meant is for the shop to say.
            "implementations-differ" => assert_eq!(parsed.unwrap().to_string(), input, "{id}"),
            other => panic!("unknown expectation {other}"),
        }
    }

    fn any_amount() -> impl Strategy<Value = Amount> {
        ("[A-Za-z]{1,11}", 0..=MAX_VALUE, 0..FRACTION_BASE).prop_map(
            |(currency, value, fraction)| {
                Amount::new(Currency::parse(&currency).unwrap(), value, fraction).unwrap()
            },
        )
    }

    fn euros() -> impl Strategy<Value = Amount> {
        let currency = Currency::parse("EUR").unwrap();
        let value = prop_oneof![0..100_u64, MAX_VALUE - 100..=MAX_VALUE, 0..=MAX_VALUE];
        (value, 0..FRACTION_BASE).prop_map(move |(v, f)| Amount::new(currency, v, f).unwrap())
    }

    /// One more than the largest amount, in units: (2^52 + 1) × 10⁸.
    const LIMIT: u128 = 450_359_962_737_049_700_000_000;

    proptest! {
        #[test]
        fn amounts_survive_text_and_wire(amount in any_amount()) {
            prop_assert_eq!(Amount::parse(&amount.to_string()), Ok(amount));
            let wire = serde_json::to_string(&amount).unwrap();
            prop_assert_eq!(serde_json::from_str::<Amount>(&wire).unwrap(), amount);
        }

        #[test]
        fn sums_agree_with_wide_integers(a in euros(), b in euros(), n in any::<u64>()) {
            let sum = a.units().checked_add(b.units()).unwrap();
            prop_assert_eq!(a.plus(&b).ok().map(|s| s.units()), (sum < LIMIT).then_some(sum));
            prop_assert_eq!(a.minus(&b).ok().map(|d| d.units()), a.units().checked_sub(b.units()));
            let product = a.units().checked_mul(n.into()).filter(|p| *p < LIMIT);
            prop_assert_eq!(a.times(n).ok().map(|p| p.units()), product);
            prop_assert_eq!(a.split(n).ok().map(|p| p.units()), a.units().checked_div(n.into()));
            prop_assert_eq!(a.compare(&b), Ok(a.units().cmp(&b.units())));
        }

        #[test]
        fn no_text_panics(text in "\\PC*") {
            let _ = Amount::parse(&text);
            let _ = Currency::parse(&text);
        }

        #[test]
        fn nearly_amounts_do_not_panic(text in "[A-Z]{0,13}:?[0-9+-]{0,30}\\.?[0-9e]{0,12}") {
            if let Ok(amount) = Amount::parse(&text) {
                prop_assert_eq!(Amount::parse(&amount.to_string()), Ok(amount));
            }
        }
    }
}
