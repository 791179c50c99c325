//! Amounts as the visitor writes them: the currency's digits and sign, the visitor's marks.

use super::visitor::Visitor;
use crate::domain::amount::Amount;
use crate::domain::currency::CurrencySpecification;

/// Not broken at the end of a line.
const HARD_BLANK: char = '\u{a0}';

/// `amount` as `visitor` reads it, by the one of `currencies` that it is in: `1.234,50 €`. All its
/// digits are shown; nothing is rounded.
pub fn show(amount: &Amount, currencies: &[CurrencySpecification], visitor: Visitor) -> String {
    let known = currencies.iter().find(|one| one.currency() == amount.currency());
    let shown = match known {
        Some(specification) => specification.show(amount),
        None => CurrencySpecification::shipped(*amount.currency()).show(amount),
    };
    // `show` gives digits, perhaps a dot and more digits, a blank, and the sign.
    let Some((number, sign)) = shown.split_once(' ') else { return shown };
    let (whole, fraction) = match number.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (number, None),
    };
    let mut text = grouped(whole, visitor.group);
    if let Some(fraction) = fraction {
        text.push(visitor.decimal);
        text.push_str(fraction);
    }
    text.push(HARD_BLANK);
    text.push_str(sign);
    text
}

/// `digits` with `mark` between groups of three; four digits stay together.
fn grouped(digits: &str, mark: char) -> String {
    if digits.len() < 5 {
        return digits.to_owned();
    }
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(mark);
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::amount::Currency;

    #[test]
    fn amounts_are_written_as_the_visitor_does() {
        let known = ["EUR", "HUF", "KUDOS"]
            .map(|code| CurrencySpecification::shipped(Currency::parse(code).unwrap()));
        let of = |amount: &str, language: &str| {
            show(&Amount::parse(amount).unwrap(), &known, Visitor::of(language))
                .replace(HARD_BLANK, "_")
        };
        assert_eq!(of("EUR:4.3", "en"), "4.30_€");
        assert_eq!(of("EUR:1234.5", "de"), "1234,50_€");
        assert_eq!(of("EUR:12345.5", "de"), "12.345,50_€");
        assert_eq!(of("EUR:1234567.00000001", "de-CH"), "1’234’567.00000001_€");
        assert_eq!(of("HUF:100000", "en"), "100,000_Ft");
        assert_eq!(of("KUDOS:0.05", "en"), "0.05_ク");
        // Not configured, but written nevertheless.
        assert_eq!(of("XYZ:7", "de"), "7,00_XYZ");
    }
}
