//! How much of a product: a number with up to six digits behind the dot (inventory 1).

use std::fmt;

use super::text::bad_text;

bad_text! {
    /// This text is no quantity; the sentence says why.
    BadQuantity
}

/// Digits behind the dot.
pub const DIGITS: u8 = 6;
/// Millionths in a whole.
const MILLION: u64 = 1_000_000;
/// The largest quantity in millionths, 2^53 − 1: a number that every JSON reader keeps as it is.
pub const MAX_MILLIONTHS: u64 = (1 << 53) - 1;
/// Longest text that is looked at. What is needed is 17 characters; zeros may lead.
pub const MAX_TEXT: usize = 32;

/// A quantity, never negative: `3`, `0.25`. It is exact and prints without zeros at its end.
///
/// ```
/// use taler::quantity::DecimalQuantity;
/// let half = DecimalQuantity::parse("1.50").unwrap();
/// assert_eq!(half.to_string(), "1.5");
/// assert_eq!((half.whole(), half.digits()), (1, 1));
/// assert!(DecimalQuantity::parse("-1").is_err());
/// ```
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct DecimalQuantity(u64);

impl DecimalQuantity {
    /// Nothing.
    pub const ZERO: Self = Self(0);
    /// One.
    pub const ONE: Self = Self(MILLION);
    /// The largest quantity.
    pub const MAX: Self = Self(MAX_MILLIONTHS);

    /// Reads `INT` or `INT.FRACTION`.
    ///
    /// # Errors
    /// When there is anything but digits around at most one dot, no digit before or behind it, more than six
    /// behind it, or when the number is above [`DecimalQuantity::MAX`].
    pub fn parse(text: impl AsRef<str>) -> Result<Self, BadQuantity> {
        let text = text.as_ref();
        if text.len() > MAX_TEXT {
            return Err(BadQuantity("a quantity has at most 32 characters"));
        }
        let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
        let is_number = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        if !is_number(whole) || !is_number(fraction) {
            return Err(BadQuantity("a quantity is digits, with more behind one dot"));
        }
        let width = usize::from(DIGITS);
        if fraction.len() > width {
            return Err(BadQuantity("a quantity has at most 6 digits behind the dot"));
        }
        let whole: u64 = whole.parse().map_err(|_| TOO_LARGE)?;
        let fraction: u64 = format!("{fraction:0<width$}").parse().map_err(|_| TOO_LARGE)?;
        let millionths = whole.checked_mul(MILLION).and_then(|wholes| wholes.checked_add(fraction));
        Self::from_millionths(millionths.ok_or(TOO_LARGE)?)
    }

    /// A quantity in millionths.
    ///
    /// # Errors
    /// Above [`DecimalQuantity::MAX`].
    pub fn from_millionths(millionths: u64) -> Result<Self, BadQuantity> {
        if millionths > MAX_MILLIONTHS { Err(TOO_LARGE) } else { Ok(Self(millionths)) }
    }

    /// A whole number.
    ///
    /// # Errors
    /// Above [`DecimalQuantity::MAX`].
    pub fn from_whole(whole: u64) -> Result<Self, BadQuantity> {
        Self::from_millionths(whole.checked_mul(MILLION).ok_or(TOO_LARGE)?)
    }

    /// The quantity in millionths.
    pub const fn millionths(self) -> u64 {
        self.0
    }

    /// The whole number in it; the rest is dropped.
    pub fn whole(self) -> u64 {
        self.0.checked_div(MILLION).unwrap_or_default()
    }

    /// Whether it is a whole number.
    pub fn is_whole(self) -> bool {
        self.digits() == 0
    }

    /// Whether it is nothing.
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// How many digits behind the dot it needs.
    pub fn digits(self) -> u8 {
        let (mut digits, mut unit) = (DIGITS, 10);
        while digits > 0 && self.0.checked_rem(unit) == Some(0) {
            digits = digits.saturating_sub(1);
            unit = unit.saturating_mul(10);
        }
        digits
    }

    /// The sum; `None` above [`DecimalQuantity::MAX`].
    pub fn checked_add(self, other: Self) -> Option<Self> {
        Self::from_millionths(self.0.checked_add(other.0)?).ok()
    }

    /// The sum, or [`DecimalQuantity::MAX`] where it would be more.
    #[must_use]
    pub fn saturating_add(self, other: Self) -> Self {
        self.checked_add(other).unwrap_or(Self::MAX)
    }

    /// The difference, or nothing where `other` is more.
    #[must_use]
    pub const fn saturating_sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

/// The number is too large.
const TOO_LARGE: BadQuantity = BadQuantity("a quantity is at most 9007199254.740991");

impl fmt::Display for DecimalQuantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.whole())?;
        let fraction = self.0.checked_rem(MILLION).unwrap_or_default();
        if fraction > 0 {
            write!(f, ".{}", format!("{fraction:06}").trim_end_matches('0'))?;
        }
        Ok(())
    }
}

impl std::str::FromStr for DecimalQuantity {
    type Err = BadQuantity;

    fn from_str(text: &str) -> Result<Self, BadQuantity> {
        Self::parse(text)
    }
}

impl serde::Serialize for DecimalQuantity {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for DecimalQuantity {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <String as serde::Deserialize>::deserialize(deserializer)?;
        Self::parse(text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_no_quantity_is_refused() {
        for (good, printed) in [
            ("0", "0"),
            ("1", "1"),
            ("007", "7"),
            ("1.0", "1"),
            ("1.500000", "1.5"),
            ("0.000001", "0.000001"),
            ("9007199254.740991", "9007199254.740991"),
        ] {
            assert_eq!(DecimalQuantity::parse(good).unwrap().to_string(), printed, "{good}");
        }
        for bad in [
            "",
            "-1",
            "+1",
            "1.",
            ".5",
            "1e3",
            "1.0000000",
            "1 ",
            "1,5",
            "٣",
            "1.2.3",
            "9007199254.740992",
            "18446744073709551616",
            "0.00000000000000000000000000000000",
        ] {
            assert!(DecimalQuantity::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn sums_end_at_the_largest_quantity() {
        let max = DecimalQuantity::MAX;
        assert_eq!(max.checked_add(DecimalQuantity::ONE), None);
        assert_eq!(max.saturating_add(DecimalQuantity::ONE), max);
        assert_eq!(DecimalQuantity::ONE.saturating_sub(max), DecimalQuantity::ZERO);
        assert!(DecimalQuantity::from_whole(u64::MAX).is_err());
    }

    proptest! {
        #[test]
        fn what_is_printed_is_read_again(millionths in 0..=MAX_MILLIONTHS) {
            let quantity = DecimalQuantity::from_millionths(millionths).unwrap();
            let text = quantity.to_string();
            prop_assert_eq!(DecimalQuantity::parse(&text), Ok(quantity));
            prop_assert!(!text.contains('.') || !text.ends_with('0'));
            let behind = text.split_once('.').map_or(0, |(_, fraction)| fraction.len());
            prop_assert_eq!(usize::from(quantity.digits()), behind);
            prop_assert_eq!(quantity.is_whole(), behind == 0);
            prop_assert_eq!(quantity.whole(), millionths / 1_000_000);
        }

        #[test]
        fn no_text_stops_it(text in ".{0,40}") {
            if let Ok(quantity) = DecimalQuantity::parse(&text) {
                prop_assert!(quantity <= DecimalQuantity::MAX);
            }
        }

        #[test]
        fn sums_and_differences_are_those_of_wider_numbers(a in 0..=MAX_MILLIONTHS, b in 0..=MAX_MILLIONTHS) {
            let quantity = |n| DecimalQuantity::from_millionths(n).unwrap();
            let sum = quantity(a).checked_add(quantity(b));
            prop_assert_eq!(sum.map(DecimalQuantity::millionths), a.checked_add(b).filter(|sum| *sum <= MAX_MILLIONTHS));
            prop_assert_eq!(quantity(a).saturating_sub(quantity(b)).millionths(), a.saturating_sub(b));
        }
    }
}
