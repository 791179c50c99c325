//! Amounts as the visitor writes them: the currency's digits and sign, the visitor's marks.

use super::locale::Locale;
use taler::amount::Amount;
use taler::currency::CurrencySpecification;

/// Not broken at the end of a line.
const HARD_BLANK: char = '\u{a0}';
/// Stands in no number that anybody types.
const THIN: char = '\u{202f}';

/// `amount` as `visitor` reads it, by the one of `currencies` that it is in: `1.234,50 €`. All its
/// digits are shown; nothing is rounded.
pub fn show(amount: &Amount, currencies: &[CurrencySpecification], locale: Locale) -> String {
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
    let mut text = grouped(whole, locale.group);
    if let Some(fraction) = fraction {
        text.push(locale.decimal);
        text.push_str(fraction);
    }
    text.push(HARD_BLANK);
    text.push_str(sign);
    text
}

/// What `visitor` has typed, without a currency, as an amount in that of `currency`: `2,50`,
/// `1.234,5`, `1'000`. `None` if it is no number, or has more digits than the currency is paid in.
///
/// Many type a dot where they would write a comma, so a single mark that does not stand before
/// three last digits divides as well.
pub fn read(text: &str, currency: &CurrencySpecification, locale: Locale) -> Option<Amount> {
    let text: String = text.chars().filter(|c| !c.is_whitespace() && !"'’".contains(*c)).collect();
    let marks = text.chars().filter(|c| ".,".contains(*c)).count();
    let tail = text.rsplit(['.', ',']).next().map_or(0, str::len);
    let divides = match text.chars().rev().find(|c| ".,".contains(*c)) {
        None => false,
        Some(mark) if mark == locale.decimal => true,
        Some(_) => marks == 1 && tail != 3,
    };
    let (whole, fraction) = match text.rsplit_once(['.', ',']) {
        Some((whole, fraction)) if divides => (whole, fraction),
        _ => (text.as_str(), ""),
    };
    let is_payable = fraction.len() <= usize::from(currency.input_digits());
    if text.is_empty() || !is_payable || (divides && fraction.is_empty()) {
        return None;
    }
    let whole = ungrouped(whole)?;
    let (whole, fraction) =
        (if whole.is_empty() { "0" } else { whole.as_str() }, if divides { fraction } else { "0" });
    Amount::parse(format!("{}:{whole}.{fraction}", currency.currency())).ok()
}

/// Digits without the marks between groups of three; `None` if they stand elsewhere.
fn ungrouped(text: &str) -> Option<String> {
    let mut groups = text.split(['.', ',']);
    let first = groups.next()?;
    let rest: Vec<&str> = groups.collect();
    let fits = rest.iter().all(|group| group.len() == 3);
    let headed = rest.is_empty() || (1..=3).contains(&first.len());
    (fits && headed).then(|| format!("{first}{}", rest.concat()))
}

/// The number of `amount` as `visitor` would type it: `2,50`.
pub fn typed(amount: &Amount, currencies: &[CurrencySpecification], locale: Locale) -> String {
    let shown = show(amount, currencies, Locale { group: THIN, ..locale });
    shown.split(HARD_BLANK).next().unwrap_or_default().replace(THIN, "")
}

/// Why what somebody typed is no amount.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum BadNumber {
    /// There are other signs than digits and one mark, or too many digits before it.
    NoNumber,
    /// There are more digits behind the mark than this currency has; perhaps it was meant to stand
    /// between groups of digits.
    TooFine,
}

/// As [`read`], for the shop's own people, whose money it is: a comma or a dot before the decimals, and
/// no mark between groups, so that nothing can be read in two ways: `12,5`, `12.50`.
///
/// # Errors
/// [`BadNumber`].
pub fn read_strictly(text: &str, currency: &CurrencySpecification) -> Result<Amount, BadNumber> {
    let text: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    let plain = text.replace(',', ".");
    let fraction = plain.split_once('.').map_or("", |(_, fraction)| fraction);
    // As on a pocket calculator: `.5` is a half.
    let zero = if plain.starts_with('.') { "0" } else { "" };
    let amount = Amount::parse(format!("{}:{zero}{plain}", currency.currency()));
    let amount = amount.map_err(|_| BadNumber::NoNumber)?;
    match fraction.len() > usize::from(currency.input_digits()) {
        true => Err(BadNumber::TooFine),
        false => Ok(amount),
    }
}

/// An amount as [`read_strictly`] takes it, for a form: `12.5`, or `12,5` where that is the custom.
pub fn number(amount: &Amount, locale: Locale) -> String {
    let wire = amount.to_string();
    let number = wire.split_once(':').map_or("", |(_, number)| number);
    number.replace('.', &locale.decimal.to_string())
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
    use taler::amount::Currency;

    #[test]
    fn what_is_typed_is_read_with_either_mark_and_never_guessed_at() {
        let euro = CurrencySpecification::shipped(Currency::parse("EUR").unwrap());
        let of = |text: &str| read_strictly(text, &euro).map(|amount| amount.to_string());
        for (text, amount) in [
            ("12", "EUR:12"),
            ("12,5", "EUR:12.5"),
            (" 12.50 ", "EUR:12.5"),
            ("1 000", "EUR:1000"),
            (".5", "EUR:0.5"),
            (",05", "EUR:0.05"),
        ] {
            assert_eq!(of(text).as_deref(), Ok(amount), "{text}");
        }
        for text in ["1.234", "0,001"] {
            assert_eq!(of(text), Err(BadNumber::TooFine), "{text}");
        }
        for text in ["", "1.234,50", "-1", "1e3", "EUR:1", ".", ",", "..5", "5,", "\u{ff11}"] {
            assert_eq!(of(text), Err(BadNumber::NoNumber), "{text}");
        }
        let back = number(&Amount::parse("EUR:1234.5").unwrap(), Locale::of("de"));
        assert_eq!(back, "1234,5");
        assert_eq!(of(&back).as_deref(), Ok("EUR:1234.5"));
    }

    #[test]
    fn amounts_are_written_as_the_visitor_does() {
        let known = ["EUR", "HUF", "KUDOS"]
            .map(|code| CurrencySpecification::shipped(Currency::parse(code).unwrap()));
        let of = |amount: &str, language: &str| {
            show(&Amount::parse(amount).unwrap(), &known, Locale::of(language))
                .replace(HARD_BLANK, "_")
        };
        assert_eq!(of("EUR:4.3", "en"), "4.30_€");
        assert_eq!(of("EUR:1234.5", "de"), "1234,50_€");
        assert_eq!(of("EUR:12345.5", "de"), "12.345,50_€");
        assert_eq!(of("EUR:1234567.00000001", "de-CH"), "1’234’567.00000001_€");
        assert_eq!(of("HUF:100000", "en"), "100,000_Ft");
        assert_eq!(of("KUDOS:0.05", "en"), "0.05_KUDOS");
        // Not configured, but written nevertheless.
        assert_eq!(of("XYZ:7", "de"), "7,00_XYZ");
    }

    #[test]
    fn what_people_type_is_understood_or_refused() {
        let euro = CurrencySpecification::shipped(Currency::parse("EUR").unwrap());
        let of = |text: &str, language: &str| {
            read(text, &euro, Locale::of(language)).map(|amount| amount.to_string())
        };
        for (text, language, amount) in [
            ("2", "en", "EUR:2"),
            ("2.50", "en", "EUR:2.5"),
            ("2,50", "en", "EUR:2.5"),
            ("2.50", "de", "EUR:2.5"),
            (" 2,5 ", "de", "EUR:2.5"),
            ("1.234", "de", "EUR:1234"),
            ("1,234", "en", "EUR:1234"),
            ("1.234,50", "de", "EUR:1234.5"),
            ("1,234,567.8", "en", "EUR:1234567.8"),
            ("1 234,5", "de", "EUR:1234.5"),
            ("1’234.5", "de-CH", "EUR:1234.5"),
            (".5", "en", "EUR:0.5"),
        ] {
            assert_eq!(of(text, language).as_deref(), Some(amount), "{text} {language}");
        }
        let bad = ["", "-1", "2.505", "1,23,4", "2.", "1.2.3", "1e3", "EUR:2", "١", "12.345,6,7"];
        for text in bad {
            assert_eq!(of(text, "en"), None, "{text}");
        }
        let amount = Amount::parse("EUR:12345.5").unwrap();
        let known = [euro];
        assert_eq!(typed(&amount, &known, Locale::of("de")), "12345,50");
        assert_eq!(typed(&amount, &known, Locale::of("en")), "12345.50");
    }
}
