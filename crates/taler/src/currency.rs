//! Display of a currency: its name, its symbol, its digits (merchant-api 1.7).
//!
//! Wallets and shops get this from `/config`, and our own pages use it. It is about looks only:
//! arithmetic does not depend on it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::amount::{Amount, Currency};
use super::text::bad_text;

bad_text! {
    /// This is no description of a currency; the sentence says why.
    BadCurrencySpecification
}

/// Most digits that an amount has behind the dot.
const MAX_DIGITS: u8 = 8;

/// Longest name of a currency, in bytes.
const MAX_NAME: usize = 128;

/// Most amounts that are offered as buttons.
const MAX_COMMON: usize = 16;

/// How people write amounts of one currency.
///
/// ```
/// use taler::amount::{Amount, Currency};
/// use taler::currency::CurrencySpecification;
/// let euro = CurrencySpecification::shipped(Currency::parse("EUR").unwrap());
/// assert_eq!(euro.show(&Amount::parse("EUR:4.3").unwrap()), "4.30 €");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Unchecked")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(description = "How people write amounts of one currency."))]
pub struct CurrencySpecification {
    /// The currency in words.
    #[cfg_attr(feature = "openapi", schema(example = "Kudos (Taler demonstrator)"))]
    name: String,
    /// The currency's name in amounts.
    currency: Currency,
    /// How many digits people may type after the point.
    #[cfg_attr(feature = "openapi", schema(example = 2, maximum = 8))]
    num_fractional_input_digits: u8,
    /// How many digits after the point are shown in normal size.
    #[cfg_attr(feature = "openapi", schema(example = 2, maximum = 8))]
    num_fractional_normal_digits: u8,
    /// How many digits after the point are shown even if they are zeros.
    #[cfg_attr(feature = "openapi", schema(example = 2, maximum = 8))]
    num_fractional_trailing_zero_digits: u8,
    /// Signs of the currency, by the power of ten that each stands for; that for `0` is always there.
    #[cfg_attr(feature = "openapi", schema(example = json!({ "0": "KUDOS" })))]
    alt_unit_names: BTreeMap<String, String>,
    /// Amounts that people often pay.
    common_amounts: Vec<Amount>,
}

impl CurrencySpecification {
    /// What we know about this currency: a full description of the common ones (`EUR`, `CHF`,
    /// `USD`, `HUF`, and the play money `KUDOS` and `TESTKUDOS`), else the digits that ISO 4217 gives it,
    /// two where it says nothing, and the currency's own letters as its sign.
    pub fn shipped(currency: Currency) -> Self {
        const FEW: &[u64] = &[5, 10, 20, 50];
        let (name, sign, digits, common): (_, _, _, &[u64]) = match currency.as_str() {
            "CHF" => ("Swiss franc", "CHF", 2, FEW),
            "EUR" => ("Euro", "€", 2, FEW),
            "HUF" => ("Hungarian forint", "Ft", 0, &[1_000, 2_000, 5_000, 10_000]),
            "KUDOS" => ("Kudos (Taler demonstrator)", "KUDOS", 2, FEW),
            "TESTKUDOS" => ("Test-kudos (Taler demonstrator)", "TESTKUDOS", 2, FEW),
            "USD" => ("US dollar", "$", 2, FEW),
            other => (other, other, iso_digits(other), &[]),
        };
        // All of them are far below the largest amount.
        let common = common.iter().filter_map(|value| Amount::from_parts(currency, *value, 0).ok());
        Self {
            name: name.to_owned(),
            currency,
            num_fractional_input_digits: digits,
            num_fractional_normal_digits: digits,
            num_fractional_trailing_zero_digits: digits,
            alt_unit_names: BTreeMap::from([("0".to_owned(), sign.to_owned())]),
            common_amounts: common.collect(),
        }
    }

    /// The currency in words.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Which currency it is about.
    pub const fn currency(&self) -> &Currency {
        &self.currency
    }

    /// Most digits that people may type behind the dot.
    pub const fn input_digits(&self) -> u8 {
        self.num_fractional_input_digits
    }

    /// The currency's sign.
    pub fn sign(&self) -> &str {
        self.alt_unit_names.get("0").map_or(self.currency.as_str(), String::as_str)
    }

    /// An amount as people read it: all its digits, zeros as is the custom, and the sign. An amount
    /// of another currency is shown in its wire form.
    pub fn show(&self, amount: &Amount) -> String {
        if *amount.currency() != self.currency {
            return amount.to_string();
        }
        let digits = format!("{:08}", amount.fraction());
        let digits = digits.trim_end_matches('0');
        let width = usize::from(self.num_fractional_trailing_zero_digits);
        let dot = if digits.is_empty() && width == 0 { "" } else { "." };
        format!("{}{dot}{digits:0<width$} {}", amount.value(), self.sign())
    }
}

/// Digits behind the dot by ISO 4217, whose exceptions these are.
fn iso_digits(currency: &str) -> u8 {
    match currency {
        "BIF" | "CLP" | "DJF" | "GNF" | "ISK" | "JPY" | "KMF" | "KRW" | "PYG" | "RWF" | "UGX"
        | "UYI" | "VND" | "VUV" | "XAF" | "XOF" | "XPF" => 0,
        "BHD" | "IQD" | "JOD" | "KWD" | "LYD" | "OMR" | "TND" => 3,
        "CLF" | "UYW" => 4,
        _ => 2,
    }
}

/// A description as in the settings.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Unchecked {
    name: String,
    currency: Currency,
    num_fractional_input_digits: u8,
    num_fractional_normal_digits: u8,
    num_fractional_trailing_zero_digits: u8,
    alt_unit_names: BTreeMap<String, String>,
    #[serde(default)]
    common_amounts: Vec<Amount>,
}

impl TryFrom<Unchecked> for CurrencySpecification {
    type Error = BadCurrencySpecification;

    fn try_from(unchecked: Unchecked) -> Result<Self, BadCurrencySpecification> {
        let Unchecked {
            name,
            currency,
            num_fractional_input_digits,
            num_fractional_normal_digits,
            num_fractional_trailing_zero_digits,
            alt_unit_names,
            common_amounts,
        } = unchecked;
        if name.is_empty() || name.len() > MAX_NAME {
            return Err(BadCurrencySpecification("a currency's name has 1 to 128 bytes"));
        }
        let digits = [
            num_fractional_input_digits,
            num_fractional_normal_digits,
            num_fractional_trailing_zero_digits,
        ];
        if digits.iter().any(|digits| *digits > MAX_DIGITS) {
            return Err(BadCurrencySpecification("a currency has at most 8 digits behind the dot"));
        }
        if !alt_unit_names.contains_key("0") {
            return Err(BadCurrencySpecification(
                "alt_unit_names lacks the sign of the unit, \"0\"",
            ));
        }
        if !alt_unit_names.keys().all(|power| power.parse::<i8>().is_ok()) {
            return Err(BadCurrencySpecification("alt_unit_names is keyed by powers of ten"));
        }
        let is_own = |amount: &Amount| *amount.currency() == currency && !amount.is_zero();
        if common_amounts.len() > MAX_COMMON || !common_amounts.iter().all(is_own) {
            return Err(BadCurrencySpecification(
                "common_amounts has at most 16 amounts, of this currency and above zero",
            ));
        }
        Ok(Self {
            name,
            currency,
            num_fractional_input_digits,
            num_fractional_normal_digits,
            num_fractional_trailing_zero_digits,
            alt_unit_names,
            common_amounts,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn shipped(currency: &str) -> CurrencySpecification {
        CurrencySpecification::shipped(Currency::parse(currency).unwrap())
    }

    #[test]
    fn people_read_amounts_as_is_the_custom() {
        for (amount, shown) in [
            ("EUR:4", "4.00 €"),
            ("EUR:4.3", "4.30 €"),
            ("EUR:0.123", "0.123 €"),
            ("EUR:0.00000001", "0.00000001 €"),
            ("HUF:1200", "1200 Ft"),
            ("HUF:1200.5", "1200.5 Ft"),
            ("KUDOS:1", "1.00 KUDOS"),
            ("XYZ:1", "1.00 XYZ"),
            ("JPY:1200", "1200 JPY"),
            ("KWD:1.5", "1.500 KWD"),
        ] {
            let amount = Amount::parse(amount).unwrap();
            assert_eq!(shipped(amount.currency().as_str()).show(&amount), shown);
        }
        assert_eq!(shipped("EUR").show(&Amount::parse("USD:1.5").unwrap()), "USD:1.5");
    }

    #[test]
    fn the_wire_form_is_that_of_the_protocol() {
        let euro = json!({
            "name": "Euro",
            "currency": "EUR",
            "num_fractional_input_digits": 2,
            "num_fractional_normal_digits": 2,
            "num_fractional_trailing_zero_digits": 2,
            "alt_unit_names": { "0": "€" },
            "common_amounts": ["EUR:5", "EUR:10", "EUR:20", "EUR:50"],
        });
        assert_eq!(serde_json::to_value(shipped("EUR")).unwrap(), euro);
        for (member, bad) in [
            ("name", json!("")),
            ("currency", json!("E1")),
            ("num_fractional_input_digits", json!(9)),
            ("num_fractional_normal_digits", json!(-1)),
            ("num_fractional_trailing_zero_digits", json!(1.5)),
            ("alt_unit_names", json!({ "3": "k€" })),
            ("alt_unit_names", json!({ "0": "€", "x": "€" })),
            ("common_amounts", json!(["USD:5"])),
            ("common_amounts", json!(["EUR:0"])),
            ("common_amounts", json!(vec!["EUR:1"; 17])),
            ("unheard_of", json!(1)),
        ] {
            let mut value = euro.clone();
            value[member] = bad;
            assert!(serde_json::from_value::<CurrencySpecification>(value).is_err(), "{member}");
        }
    }

    proptest! {
        #[test]
        fn wire_gives_the_description_back(currency in "[A-Za-z]{1,11}") {
            let known = shipped(&currency);
            let json = serde_json::to_string(&known).unwrap();
            prop_assert_eq!(serde_json::from_str::<CurrencySpecification>(&json).unwrap(), known);
        }
    }
}
