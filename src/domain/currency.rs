//! How a currency is shown: its name, its symbols, its digits (merchant-api 1.7).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::amount::{Amount, Currency};
use super::ids::BadId;

/// Most digits after the dot that an amount can have.
const MAX_DIGITS: u8 = 8;

/// How amounts of a currency are written for people.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct CurrencySpecification {
    /// The currency's name in words.
    pub name: String,
    /// Digits after the dot that people may type.
    pub num_fractional_input_digits: u8,
    /// Digits after the dot that are shown in normal size.
    pub num_fractional_normal_digits: u8,
    /// Digits after the dot that are shown even if they are zero.
    pub num_fractional_trailing_zero_digits: u8,
    /// Symbols by the power of ten that they stand for; `"0"` is the currency's own.
    pub alt_unit_names: BTreeMap<String, String>,
}

impl CurrencySpecification {
    /// Those that come with tilld.
    pub fn shipped() -> Vec<(Currency, Self)> {
        let table: [(&str, &str, &str, u8); 6] = [
            ("KUDOS", "Kudos (Taler Demonstrator)", "ク", 2),
            ("TESTKUDOS", "Test-Kudos (Taler Demonstrator)", "テ", 2),
            ("EUR", "Euro", "€", 2),
            ("CHF", "Swiss Franc", "Fr.", 2),
            ("USD", "US Dollar", "$", 2),
            ("HUF", "Hungarian Forint", "Ft", 0),
        ];
        table
            .into_iter()
            .filter_map(|(code, name, symbol, digits)| {
                let specification = Self {
                    name: name.to_owned(),
                    num_fractional_input_digits: digits,
                    num_fractional_normal_digits: digits,
                    num_fractional_trailing_zero_digits: digits,
                    alt_unit_names: BTreeMap::from([("0".to_owned(), symbol.to_owned())]),
                };
                Some((Currency::parse(code).ok()?, specification))
            })
            .collect()
    }

    /// For a currency of which nothing is known but its letters: two digits, no symbol.
    pub fn plain(currency: &Currency) -> Self {
        Self {
            name: currency.to_string(),
            num_fractional_input_digits: 2,
            num_fractional_normal_digits: 2,
            num_fractional_trailing_zero_digits: 2,
            alt_unit_names: BTreeMap::from([("0".to_owned(), currency.to_string())]),
        }
    }

    /// Does it make sense?
    ///
    /// # Errors
    /// [`BadId`] names the member that does not.
    pub fn check(&self) -> Result<(), BadId> {
        let power = |text: &String| text.parse::<i8>().is_ok_and(|n| n.to_string() == *text);
        let checks = [
            ("name", !self.name.trim().is_empty() && self.name.len() <= 128),
            ("num_fractional_input_digits", self.num_fractional_input_digits <= MAX_DIGITS),
            ("num_fractional_normal_digits", self.num_fractional_normal_digits <= MAX_DIGITS),
            (
                "num_fractional_trailing_zero_digits",
                self.num_fractional_trailing_zero_digits <= MAX_DIGITS,
            ),
            ("alt_unit_names", self.alt_unit_names.contains_key("0")),
            ("alt_unit_names", self.alt_unit_names.keys().all(power)),
        ];
        match checks.into_iter().find(|(_, fits)| !fits) {
            Some((member, _)) => Err(BadId(member)),
            None => Ok(()),
        }
    }

    /// Can people type this amount: has it no more digits than the currency allows?
    pub fn allows(&self, amount: &Amount) -> bool {
        let dropped = u32::from(MAX_DIGITS.saturating_sub(self.num_fractional_input_digits));
        amount.fraction().checked_rem(10_u32.saturating_pow(dropped)) == Some(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_that_are_shipped_make_sense_and_are_complete() {
        let shipped = CurrencySpecification::shipped();
        let names: Vec<_> = shipped.iter().map(|(currency, _)| currency.to_string()).collect();
        assert_eq!(names, ["KUDOS", "TESTKUDOS", "EUR", "CHF", "USD", "HUF"]);
        for (currency, specification) in shipped {
            assert_eq!(specification.check(), Ok(()), "{currency}");
            assert_eq!(CurrencySpecification::plain(&currency).check(), Ok(()));
        }
    }

    #[test]
    fn a_forint_has_no_hundredths() {
        let shipped = CurrencySpecification::shipped();
        let of = |code: &str| &shipped.iter().find(|(c, _)| c.as_str() == code).unwrap().1;
        assert!(!of("HUF").allows(&Amount::parse("HUF:1.50").unwrap()));
        assert!(of("HUF").allows(&Amount::parse("HUF:1.0").unwrap()));
        assert!(of("EUR").allows(&Amount::parse("EUR:1.50").unwrap()));
        assert!(!of("EUR").allows(&Amount::parse("EUR:1.505").unwrap()));
    }

    #[test]
    fn one_without_its_own_symbol_is_refused() {
        let mut specification = CurrencySpecification::plain(&Currency::parse("ABC").unwrap());
        specification.alt_unit_names.clear();
        assert_eq!(specification.check(), Err(BadId("alt_unit_names")));
        specification.alt_unit_names =
            BTreeMap::from([("0".into(), "x".into()), ("+3".into(), "k".into())]);
        assert_eq!(specification.check(), Err(BadId("alt_unit_names")));
    }
}
