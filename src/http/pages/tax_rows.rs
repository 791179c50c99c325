//! Net, tax and gross of each rate of tax, as people read them.

use super::items::shortened;
use crate::model::tax::TaxSums;
use taler::amount::Amount;
use taler::currency::CurrencySpecification;
use ui::{Locale, money};

/// Most characters of a rate's name that a page shows.
const MAX_NAME: usize = 40;

/// A rate of tax.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(in crate::http) struct TaxRow {
    pub(in crate::http) rate: String,
    pub(in crate::http) net: String,
    pub(in crate::http) tax: String,
    pub(in crate::http) gross: String,
}

/// The same with numbers only, for tables: their heading names the currency.
pub(in crate::http) fn plain_tax_rows(
    sums: &TaxSums,
    currencies: &[CurrencySpecification],
    locale: Locale,
) -> Vec<TaxRow> {
    tax_rows(sums, &|amount| money::typed(amount, currencies, locale), locale)
}

/// A row for each rate of `sums` that has something, what says of no tax last, and a row of all where there are several;
/// `show` writes an amount.
pub(in crate::http) fn tax_rows(
    sums: &TaxSums,
    show: &dyn Fn(&Amount) -> String,
    locale: Locale,
) -> Vec<TaxRow> {
    let messages = locale.messages();
    let row = |rate: &str, net: &Amount, tax: &Amount, gross: &Amount| TaxRow {
        rate: shortened(rate, MAX_NAME),
        net: show(net),
        tax: show(tax),
        gross: show(gross),
    };
    let (with_tax, without): (Vec<_>, Vec<_>) =
        sums.rates().filter(|sum| !sum.gross.is_zero()).partition(|sum| sum.rate.is_some());
    let mut rows: Vec<TaxRow> = with_tax
        .into_iter()
        .chain(without)
        .map(|sum| {
            let name = match sum.rate.as_deref() {
                Some("") => messages.tax,
                Some(name) => name,
                None => messages.without_tax,
            };
            row(name, &sum.net(), &sum.tax, &sum.gross)
        })
        .collect();
    if rows.len() > 1 {
        rows.push(row(messages.all_rates, &sums.net(), &sums.tax(), &sums.gross()));
    }
    rows
}
