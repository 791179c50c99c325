//! Taxes in prices: rates, the tax in a line, and the sums of an order by rate (inventory 10, decision 168).
//!
//! A tax is rounded once, half up, to the digits of its currency; net is what is left of the price. So net and tax
//! are the price in each line, and sums of lines add up. Prices include their taxes everywhere.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde_json::Value;

use super::product::Tax;
use taler::amount::{Amount, AmountError, Currency};
use taler::text::bad_text;

/// Thousandths of a per cent in a whole.
const WHOLE: u32 = 100_000;
/// Digits behind the dot of the tax on one piece: as many as an amount has, so that the tax on many pieces is rounded
/// once, with the line.
const PIECE_DIGITS: u8 = 8;
/// Longest name of a tax that is distinguished, in characters.
const MAX_NAME: usize = 80;
/// Most rates that sums of many orders keep apart; what is beyond is summed under [`OTHER`].
const MAX_RATES: usize = 200;
/// Stands for the rates that are beyond [`MAX_RATES`].
const OTHER: &str = "…";
/// Between the names of several taxes on one line.
const AND: &str = " + ";

bad_text! {
    /// This text is no rate of a tax; the sentence says why.
    BadPercent
}

/// A rate in per cent with up to three digits behind the dot, from 0 to 100.
///
/// ```
/// use tilld::model::tax::TaxPercent;
/// assert_eq!(TaxPercent::parse("8.10").unwrap().to_string(), "8.1");
/// assert!(TaxPercent::parse("100.001").is_err());
/// ```
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct TaxPercent(u32);

impl TaxPercent {
    /// Reads `19` or `2.525`.
    ///
    /// # Errors
    /// For anything but digits with at most one dot, more than three digits behind it, or more than 100.
    pub fn parse(text: impl AsRef<str>) -> Result<Self, BadPercent> {
        let text = text.as_ref();
        let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
        let is_number = |text: &str| {
            (1..=3).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
        };
        if !is_number(whole) || !is_number(fraction) {
            return Err(BadPercent("a rate is digits, with up to three more behind one dot"));
        }
        match format!("{whole}{fraction:0<3}").parse() {
            Ok(thousandths) if thousandths <= WHOLE => Ok(Self(thousandths)),
            _ => Err(BadPercent("a tax is at most 100 per cent")),
        }
    }

    /// The tax that a price with tax contains, rounded half up to so many digits.
    ///
    /// # Errors
    /// When the price is too large to be reckoned with.
    pub fn in_gross(self, gross: &Amount, digits: u8) -> Result<Amount, AmountError> {
        let with_tax = WHOLE.saturating_add(self.0);
        gross.checked_ratio(self.0.into(), with_tax.into(), digits)
    }

    /// The tax that is added to a price without tax, rounded half up to so many digits.
    ///
    /// # Errors
    /// When the price is too large to be reckoned with.
    pub fn on_net(self, net: &Amount, digits: u8) -> Result<Amount, AmountError> {
        net.checked_ratio(self.0.into(), WHOLE.into(), digits)
    }
}

impl fmt::Display for TaxPercent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const THOUSANDTHS: u32 = 1000;
        let (whole, fraction) = (self.0 / THOUSANDTHS, self.0 % THOUSANDTHS);
        write!(f, "{whole}")?;
        match fraction {
            0 => Ok(()),
            _ => write!(f, ".{}", format!("{fraction:03}").trim_end_matches('0')),
        }
    }
}

/// A tax of the shop.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TaxRate {
    /// What it is called, without its per cent.
    pub name: String,
    /// How much it is.
    pub percent: TaxPercent,
}

impl TaxRate {
    /// Its name in contracts, by which sums are kept apart: `VAT 19 %`.
    pub fn label(&self) -> String {
        format!("{} {} %", self.name, self.percent).trim_start().to_owned()
    }

    /// The tax on one piece of a product with this price, as the inventory has it: with all digits, for it is
    /// rounded with the line.
    ///
    /// # Errors
    /// When the price is too large to be reckoned with.
    pub fn on_piece(&self, price: &Amount, is_net: bool) -> Result<Tax, AmountError> {
        let tax = match is_net {
            true => self.percent.on_net(price, PIECE_DIGITS)?,
            false => self.percent.in_gross(price, PIECE_DIGITS)?,
        };
        Ok(Tax { name: self.label(), tax })
    }
}

/// What of a price belongs to one rate.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TaxSum {
    /// Names of the tax, or of all taxes that are on the same lines; `None`: the order says of no tax.
    pub rate: Option<String>,
    /// The price with tax.
    pub gross: Amount,
    /// The tax in it.
    pub tax: Amount,
}

impl TaxSum {
    /// The price without tax.
    pub fn net(&self) -> Amount {
        self.gross.checked_sub(&self.tax).unwrap_or(Amount::zero(*self.gross.currency()))
    }
}

/// A price by rates of taxes.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TaxSums {
    currency: Currency,
    /// Price and tax of each rate.
    rates: BTreeMap<Option<String>, (Amount, Amount)>,
}

/// What a contract says of prices. Parts may be forgotten.
#[derive(Default, Deserialize)]
#[serde(default)]
struct PricedTerms {
    products: Option<Vec<PricedLine>>,
    tip: Option<Amount>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct PricedLine {
    price: Option<Amount>,
    prices: Option<Vec<Amount>>,
    taxes: Option<Vec<LineTax>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct LineTax {
    name: Value,
    tax: Option<Amount>,
}

impl PricedLine {
    /// Its price in `currency`, if it says one.
    fn price(&self, currency: &Currency) -> Option<Amount> {
        let all = self.price.iter().chain(self.prices.iter().flatten());
        all.copied().find(|price| price.currency() == currency)
    }

    /// The names of its taxes, and their sum, which is no more than its price.
    fn tax(&self, price: &Amount) -> (Option<String>, Amount) {
        let none = Amount::zero(*price.currency());
        let taxes = self.taxes.iter().flatten();
        let (mut names, mut sum) = (Vec::new(), none);
        for tax in taxes {
            let name = tax.name.as_str().unwrap_or_default();
            names.push(name.chars().take(MAX_NAME).collect::<String>());
            let tax = tax.tax.unwrap_or(none);
            sum = sum.checked_add(&tax).unwrap_or(*price);
        }
        if price.checked_sub(&sum).is_err() {
            sum = *price;
        }
        ((!names.is_empty()).then(|| names.join(AND)), sum)
    }
}

impl TaxSums {
    /// Nothing.
    pub fn none(currency: Currency) -> Self {
        Self { currency, rates: BTreeMap::new() }
    }

    /// The price `amount` of a contract by the rates on its lines; `digits` are those of its currency.
    ///
    /// A line's price is with tax. The tip, and what no line accounts for, say of no tax. Where the price is
    /// less than the lines and the tip, the difference is a discount, which is spread over the rates as
    /// [`Self::take`] does; only where it exceeds the lines, the tip is less. Lines that nobody can sum up say of no tax.
    pub fn of_contract(terms: &str, amount: &Amount, digits: u8) -> Self {
        Self::read(terms, amount, digits).unwrap_or_else(|| {
            let mut whole = Self::none(*amount.currency());
            let _ = whole.add(None, amount, &Amount::zero(whole.currency));
            whole
        })
    }

    fn read(terms: &str, amount: &Amount, digits: u8) -> Option<Self> {
        let terms: PricedTerms = serde_json::from_str(terms).ok()?;
        let currency = *amount.currency();
        let none = Amount::zero(currency);
        let mut sums = Self::none(currency);
        for line in terms.products.into_iter().flatten() {
            if let Some(price) = line.price(&currency) {
                let (rate, tax) = line.tax(&price);
                sums.add(rate, &price, &tax).ok()?;
            }
        }
        let lines = sums.gross();
        let tip = terms.tip.filter(|tip| *tip.currency() == currency).unwrap_or(none);
        // The tip, or what is left of it.
        let tip = if amount.checked_sub(&tip).is_ok() { tip } else { *amount };
        let for_lines = amount.checked_sub(&tip).ok()?;
        match for_lines.checked_sub(&lines) {
            Ok(rest) => sums.add(None, &rest, &none).ok()?,
            Err(_) => drop(sums.take(&lines.checked_sub(&for_lines).ok()?, digits)),
        }
        sums.add(None, &tip, &none).ok()?;
        Some(sums)
    }

    /// Adds a price of one rate.
    fn add(
        &mut self,
        rate: Option<String>,
        gross: &Amount,
        tax: &Amount,
    ) -> Result<(), AmountError> {
        if gross.is_zero() && rate.is_none() {
            return Ok(());
        }
        let is_new = !self.rates.contains_key(&rate);
        let rate = match rate {
            Some(_) if is_new && self.rates.len() >= MAX_RATES => Some(OTHER.to_owned()),
            rate => rate,
        };
        // No sum may be too large, also that of all.
        self.gross_checked()?.checked_add(gross)?;
        let none = Amount::zero(self.currency);
        let (all_gross, all_tax) = self.rates.entry(rate).or_insert((none, none));
        let sums = (all_gross.checked_add(gross)?, all_tax.checked_add(tax)?);
        (*all_gross, *all_tax) = sums;
        Ok(())
    }

    /// Adds the sums of another order.
    ///
    /// # Errors
    /// When currencies differ, or a sum is more than an amount can be.
    pub fn add_all(&mut self, other: &Self) -> Result<(), AmountError> {
        other.rates.iter().try_for_each(|(rate, (gross, tax))| self.add(rate.clone(), gross, tax))
    }

    /// Takes `part` out of the price, as a discount or a refund does, and returns its sums. Each rate bears its share, to
    /// the last unit, as [`Amount::split`] divides it, and of each rate's tax goes the share that goes of its price,
    /// rounded half up. What exceeds the price is not taken. Parts that are taken one after the other are
    /// together what there was, in each rate.
    pub fn take(&mut self, part: &Amount, digits: u8) -> Self {
        let mut taken = Self::none(self.currency);
        let all = self.gross();
        if part.currency() != all.currency() {
            return taken;
        }
        let part = if all.checked_sub(part).is_ok() { part } else { &all };
        let weights: Vec<Amount> = self.rates.values().map(|(gross, _)| *gross).collect();
        let Ok(parts) = part.split(&weights, digits) else { return taken };
        for ((rate, (gross, tax)), part) in self.rates.iter_mut().zip(parts) {
            let Ok(tax_part) = tax.share(&part, gross, digits) else { continue };
            let (Ok(gross_left), Ok(tax_left)) =
                (gross.checked_sub(&part), tax.checked_sub(&tax_part))
            else {
                continue;
            };
            taken.rates.insert(rate.clone(), (part, tax_part));
            (*gross, *tax) = (gross_left, tax_left);
        }
        taken
    }

    fn gross_checked(&self) -> Result<Amount, AmountError> {
        Amount::sum(self.currency, self.rates.values().map(|(gross, _)| gross))
    }

    /// All of it with tax.
    pub fn gross(&self) -> Amount {
        // No sum that is too large was added.
        self.gross_checked().unwrap_or(Amount::largest(self.currency))
    }

    /// All taxes.
    pub fn tax(&self) -> Amount {
        let taxes = Amount::sum(self.currency, self.rates.values().map(|(_, tax)| tax));
        taxes.unwrap_or(Amount::largest(self.currency))
    }

    /// All of it without tax.
    pub fn net(&self) -> Amount {
        self.gross().checked_sub(&self.tax()).unwrap_or(Amount::zero(self.currency))
    }

    /// Whether anything is said of taxes.
    pub fn says_taxes(&self) -> bool {
        self.rates.keys().any(Option::is_some)
    }

    /// The rates in alphabetical order, what says of no tax first.
    pub fn rates(&self) -> impl Iterator<Item = TaxSum> {
        self.rates.iter().map(|(rate, (gross, tax))| TaxSum {
            rate: rate.clone(),
            gross: *gross,
            tax: *tax,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn amount(text: &str) -> Amount {
        Amount::parse(text).unwrap()
    }

    fn percent(text: &str) -> TaxPercent {
        TaxPercent::parse(text).unwrap()
    }

    /// Rate, net, tax and price of each rate.
    fn shown(sums: &TaxSums) -> Vec<[String; 4]> {
        sums.rates()
            .map(|sum| {
                let rate = sum.rate.clone().unwrap_or("none".into());
                [rate, sum.net().to_string(), sum.tax.to_string(), sum.gross.to_string()]
            })
            .collect()
    }

    #[test]
    fn rates_are_numbers_with_up_to_three_digits() {
        for (text, read) in
            [("19", "19"), ("7.0", "7"), ("008.10", "8.1"), ("100", "100"), ("0", "0")]
        {
            assert_eq!(percent(text).to_string(), read);
        }
        assert_eq!(percent("2.525").to_string(), "2.525");
        for bad in
            ["", ".5", "5.", "1.2345", "100.001", "1e1", "-1", "+1", "1,5", " 1", "１", "1000"]
        {
            assert!(TaxPercent::parse(bad).is_err(), "{bad}");
        }
        let rate = TaxRate { name: "VAT".into(), percent: percent("19") };
        assert_eq!(rate.label(), "VAT 19 %");
    }

    #[test]
    fn a_tax_is_in_a_price_or_comes_on_top() {
        assert_eq!(percent("19").in_gross(&amount("EUR:119"), 2), Ok(amount("EUR:19")));
        assert_eq!(percent("19").in_gross(&amount("EUR:0.99"), 2), Ok(amount("EUR:0.16")));
        assert_eq!(percent("7").on_net(&amount("EUR:0.50"), 2), Ok(amount("EUR:0.04")));
        assert_eq!(percent("0").in_gross(&amount("EUR:5"), 2), Ok(amount("EUR:0")));
        assert_eq!(percent("100").in_gross(&amount("JPY:3"), 0), Ok(amount("JPY:2")));
        let rate = TaxRate { name: "VAT".into(), percent: percent("19") };
        let tax = rate.on_piece(&amount("EUR:0.99"), false).unwrap();
        assert_eq!((tax.name.as_str(), tax.tax), ("VAT 19 %", amount("EUR:0.15806723")));
        // A hundred of them: what is rounded with the line is the tax in its price.
        let line = tax.tax.checked_mul(100).unwrap().rounded(2).unwrap();
        assert_eq!(Ok(line), percent("19").in_gross(&amount("EUR:99"), 2));
    }

    #[test]
    fn lines_are_summed_by_the_names_of_their_taxes() {
        let terms = json!({
            "tip": "EUR:1",
            "products": [
                { "price": "EUR:1.19", "taxes": [{ "name": "VAT 19 %", "tax": "EUR:0.19" }] },
                { "prices": ["EUR:2.14"], "taxes": [{ "name": "VAT 7 %", "tax": "EUR:0.14" }] },
                { "price": "EUR:2.38", "taxes": [{ "name": "VAT 19 %", "tax": "EUR:0.38" }] },
                { "price": "EUR:3", "taxes": [
                    { "name": "State", "tax": "EUR:0.2" }, { "name": "City", "tax": "EUR:0.1" },
                ] },
                { "price": "EUR:0.5" },
                { "description": "says no price", "taxes": [{ "name": "VAT 7 %", "tax": "EUR:9" }] },
            ],
        });
        let sums = TaxSums::of_contract(&terms.to_string(), &amount("EUR:11"), 2);
        let row = |texts: [&str; 4]| texts.map(str::to_owned);
        // What no line accounts for is with the tip.
        assert_eq!(
            shown(&sums),
            [
                row(["none", "EUR:2.29", "EUR:0", "EUR:2.29"]),
                row(["State + City", "EUR:2.7", "EUR:0.3", "EUR:3"]),
                row(["VAT 19 %", "EUR:3", "EUR:0.57", "EUR:3.57"]),
                row(["VAT 7 %", "EUR:2", "EUR:0.14", "EUR:2.14"]),
            ]
        );
        assert_eq!((sums.gross(), sums.tax()), (amount("EUR:11"), amount("EUR:1.01")));
    }

    #[test]
    fn a_discount_is_spread_over_the_rates() {
        let terms = json!({
            "tip": "EUR:2",
            "products": [
                { "price": "EUR:11.9", "taxes": [{ "name": "A", "tax": "EUR:1.9" }] },
                { "price": "EUR:10.7", "taxes": [{ "name": "B", "tax": "EUR:0.7" }] },
            ],
        });
        let of = |price: &str| TaxSums::of_contract(&terms.to_string(), &amount(price), 2);
        let row = |texts: [&str; 4]| texts.map(str::to_owned);
        // A tenth of the lines: 2.26.
        assert_eq!(
            shown(&of("EUR:22.34")),
            [
                row(["none", "EUR:2", "EUR:0", "EUR:2"]),
                row(["A", "EUR:9", "EUR:1.71", "EUR:10.71"]),
                row(["B", "EUR:9", "EUR:0.63", "EUR:9.63"]),
            ]
        );
        // Even the tip is less.
        assert_eq!(
            shown(&of("EUR:1")),
            [
                row(["none", "EUR:1", "EUR:0", "EUR:1"]),
                row(["A", "EUR:0", "EUR:0", "EUR:0"]),
                row(["B", "EUR:0", "EUR:0", "EUR:0"]),
            ]
        );
    }

    #[test]
    fn what_a_shop_says_oddly_is_no_more_than_the_price() {
        let of = |terms: Value| {
            let sums = TaxSums::of_contract(&terms.to_string(), &amount("EUR:1"), 2);
            assert_eq!(sums.gross(), amount("EUR:1"));
            sums.tax().to_string()
        };
        let tax = |tax: Value| json!({ "products": [{ "price": "EUR:1", "taxes": [tax] }] });
        assert_eq!(of(tax(json!({ "name": "VAT", "tax": "EUR:2" }))), "EUR:1");
        assert_eq!(of(tax(json!({ "name": 7 }))), "EUR:0");
        assert_eq!(of(tax(json!({}))), "EUR:0");
        assert_eq!(of(json!({ "products": null, "tip": null })), "EUR:0");
        assert_eq!(of(json!({ "products": 5 })), "EUR:0");
        let most = "EUR:4503599627370496";
        assert_eq!(of(json!({ "products": [{ "price": most }, { "price": most }] })), "EUR:0");
        let many: Vec<_> = (0..1000)
            .map(|at| json!({ "price": "EUR:0.001", "taxes": [{ "name": at.to_string(), "tax": "EUR:0.0001" }] }))
            .collect();
        let sums =
            TaxSums::of_contract(&json!({ "products": many }).to_string(), &amount("EUR:1"), 2);
        assert_eq!(sums.rates().count(), MAX_RATES + 1);
        assert_eq!(sums.tax(), amount("EUR:0.1"));
    }

    proptest! {
        #[test]
        fn sums_are_the_price_and_parts_are_the_whole(
            lines in proptest::collection::vec((0..100_000_u32, 0..6_usize), 0..8),
            tip in 0..500_u32,
            price in 0..400_000_u32,
            cuts in proptest::collection::vec(0..100_000_u32, 0..6),
            digits in 0..=3_u8,
        ) {
            let euro = Currency::parse("EUR").unwrap();
            let cents = |cents: u32| {
                Amount::parse(format!("EUR:{}.{:02}", cents / 100, cents % 100)).unwrap()
            };
            let rates = ["19", "7", "8.1", "2.525", "0", "100"];
            let products: Vec<_> = lines
                .iter()
                .map(|(price, rate)| {
                    let price = cents(*price);
                    let rate = TaxRate { name: "T".into(), percent: percent(rates[*rate]) };
                    let tax = rate.percent.in_gross(&price, 2).unwrap();
                    let net = price.checked_sub(&tax).unwrap();
                    prop_assert_eq!(net.checked_add(&tax), Ok(price));
                    Ok(json!({ "price": price, "taxes": [{ "name": rate.label(), "tax": tax }] }))
                })
                .collect::<Result<_, _>>()?;
            let terms = json!({ "products": products, "tip": cents(tip) }).to_string();
            let price = cents(price);
            let sums = TaxSums::of_contract(&terms, &price, digits);
            let adds_up = |sums: &TaxSums| {
                sums.rates().all(|sum| {
                    sum.net().checked_add(&sum.tax) == Ok(sum.gross)
                }) && sums.net().checked_add(&sums.tax()) == Ok(sums.gross())
            };
            prop_assert_eq!(sums.gross(), price);
            prop_assert!(adds_up(&sums));
            // Refunds one after the other, the last of all that is left.
            let (mut left, mut taken) = (sums.clone(), TaxSums::none(euro));
            for cut in cuts.into_iter().map(cents).chain([price]) {
                let before = left.gross();
                let part = left.take(&cut, digits);
                prop_assert!(adds_up(&part) && adds_up(&left));
                prop_assert_eq!(part.gross(), if before.checked_sub(&cut).is_ok() { cut } else { before });
                taken.add_all(&part).unwrap();
            }
            prop_assert!(left.gross().is_zero() && left.tax().is_zero());
            for (sum, all) in sums.rates().filter(|sum| !sum.gross.is_zero()).zip(
                taken.rates().filter(|sum| !sum.gross.is_zero()),
            ) {
                prop_assert_eq!(sum, all);
            }
        }
    }
}
