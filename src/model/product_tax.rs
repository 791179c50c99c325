//! The tax that a product keeps, as the rate that it was made of, so that it can be made anew for another price.

use super::product::Tax;
use super::tax::{TaxPercent, TaxRate};
use taler::amount::{Amount, AmountError};

/// Stands behind the number of a rate.
const SIGN: &str = " %";

/// The rate that `tax` was made of, by its label; `None` where another program has made it in another way.
pub fn rate_of(tax: &Tax) -> Option<TaxRate> {
    let label = tax.name.strip_suffix(SIGN)?;
    let (name, percent) = label.rsplit_once(' ').unwrap_or(("", label));
    let rate = TaxRate { name: name.to_owned(), percent: TaxPercent::parse(percent).ok()? };
    (rate.label() == tax.name).then_some(rate)
}

/// Taxes for another price: those that were made of a rate are made anew, others stay as they are.
///
/// # Errors
/// When the price is too large to be reckoned with.
pub fn anew(taxes: &[Tax], price: &Amount, is_net: bool) -> Result<Vec<Tax>, AmountError> {
    let one = |tax: &Tax| match rate_of(tax) {
        Some(rate) => rate.on_piece(price, is_net),
        None => Ok(tax.clone()),
    };
    taxes.iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_read_back_from_the_tax_that_it_made() {
        let price = Amount::parse("EUR:11.9").unwrap();
        for name in ["VAT", "MwSt. ermäßigt", ""] {
            for percent in ["19", "8.1", "0"] {
                let rate =
                    TaxRate { name: name.to_owned(), percent: TaxPercent::parse(percent).unwrap() };
                let tax = rate.on_piece(&price, false).unwrap();
                assert_eq!(rate_of(&tax), Some(rate), "{tax:?}");
            }
        }
        let other = |name: &str| Tax { name: name.to_owned(), tax: price };
        for name in ["VAT", "VAT 19%", "VAT 019 %", "%", " %", "VAT x %"] {
            assert_eq!(rate_of(&other(name)), None, "{name}");
        }
    }

    #[test]
    fn a_tax_follows_its_price() {
        let rate = TaxRate { name: "VAT".to_owned(), percent: TaxPercent::parse("19").unwrap() };
        let of = |price: &str| rate.on_piece(&Amount::parse(price).unwrap(), false).unwrap();
        let fixed = Tax { name: "Deposit".to_owned(), tax: Amount::parse("EUR:0.25").unwrap() };
        let taxes = [of("EUR:11.9"), fixed.clone()];
        let then = anew(&taxes, &Amount::parse("EUR:23.8").unwrap(), false).unwrap();
        assert_eq!(then, [of("EUR:23.8"), fixed]);
    }
}
