//! Quantities in bodies. Each is there twice: as a whole number, as clients of before protocol 25 know it, and
//! as a text with digits behind the dot (inventory 1).

use serde::{Deserialize, Serialize};

use super::error::Failure;
use crate::model::product::MAX_PRECISION;
use taler::quantity::{BadQuantity, DecimalQuantity};

/// Says that a stock is without end.
const INFINITE: &str = "-1";

/// A stock as a text: a quantity, or `-1` for one without end.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(try_from = "String", into = "String")]
pub(super) struct StockQuantity(pub(super) Option<DecimalQuantity>);

impl TryFrom<String> for StockQuantity {
    type Error = BadQuantity;

    fn try_from(text: String) -> Result<Self, BadQuantity> {
        Ok(Self(if text == INFINITE { None } else { Some(DecimalQuantity::parse(text)?) }))
    }
}

impl From<StockQuantity> for String {
    fn from(StockQuantity(quantity): StockQuantity) -> Self {
        quantity.map_or_else(|| INFINITE.to_owned(), |quantity| quantity.to_string())
    }
}

/// Digits behind the dot, as a client says them.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(try_from = "u8")]
pub(super) struct Precision(pub(super) u8);

impl TryFrom<u8> for Precision {
    type Error = BadQuantity;

    fn try_from(digits: u8) -> Result<Self, BadQuantity> {
        match digits <= MAX_PRECISION {
            true => Ok(Self(digits)),
            false => Err(BadQuantity("a quantity has at most 6 digits behind the dot")),
        }
    }
}

/// The whole number of a stock; -1 for one without end.
pub(super) fn whole_stock(stock: Option<DecimalQuantity>) -> i64 {
    stock.map_or(-1, |quantity| i64::try_from(quantity.whole()).unwrap_or(i64::MAX))
}

/// The stock that is said by `whole`, or by `decimal`, or by both alike; `name` is the text's.
///
/// # Errors
/// [`Failure::Malformed`] when they differ, or the number is below -1 or too large.
pub(super) fn stock(
    whole: Option<i64>,
    decimal: Option<StockQuantity>,
    name: &'static str,
) -> Result<Option<Option<DecimalQuantity>>, Failure> {
    let bad = || Failure::Malformed(name.into());
    let Some(whole) = whole else { return Ok(decimal.map(|StockQuantity(stock)| stock)) };
    match decimal {
        Some(StockQuantity(stock)) if whole_stock(stock) == whole => Ok(Some(stock)),
        Some(_) => Err(bad()),
        None if whole == -1 => Ok(Some(None)),
        None => {
            let whole = u64::try_from(whole).map_err(|_| bad())?;
            DecimalQuantity::from_whole(whole).map(|stock| Some(Some(stock))).map_err(|_| bad())
        }
    }
}

/// The same for a quantity that has an end.
///
/// # Errors
/// As [`stock`].
pub(super) fn quantity(
    whole: Option<i64>,
    decimal: Option<DecimalQuantity>,
    name: &'static str,
) -> Result<Option<DecimalQuantity>, Failure> {
    match stock(whole, decimal.map(|quantity| StockQuantity(Some(quantity))), name)? {
        Some(None) => Err(Failure::Malformed(name.into())),
        said => Ok(said.flatten()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_say_the_same_or_are_refused() {
        let text = |text: &str| StockQuantity::try_from(text.to_owned()).ok();
        let read = |whole, decimal: Option<&str>| {
            let decimal = decimal.map(|decimal| text(decimal).unwrap());
            stock(whole, decimal, "unit_total_stock")
                .ok()
                .map(|said| said.map(|stock| String::from(StockQuantity(stock))))
        };
        let says = |text: &str| Some(Some(text.to_owned()));
        assert_eq!(read(None, None), Some(None));
        assert_eq!(read(Some(3), None), says("3"));
        assert_eq!(read(Some(-1), None), says("-1"));
        assert_eq!(read(None, Some("1.50")), says("1.5"));
        assert_eq!(read(Some(1), Some("1.5")), says("1.5"));
        assert_eq!(read(Some(-1), Some("-1")), says("-1"));
        for (whole, decimal) in [(2, Some("1.5")), (-1, Some("1")), (1, Some("-1")), (-2, None)] {
            assert_eq!(read(Some(whole), decimal), None, "{whole} {decimal:?}");
        }
        assert!(text("-2").is_none() && text("").is_none());
        assert!(quantity(Some(-1), None, "quantity").is_err());
        assert_eq!(whole_stock(text("2.9").unwrap().0), 2);
    }
}
