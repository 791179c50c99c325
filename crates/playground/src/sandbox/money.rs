//! How amounts sit in columns: as whole numbers of one currency, so that SQLite can add them up and
//! check that none goes below zero.

use rusqlite::Row;

use super::failure::Failure;
use taler::amount::{Amount, Currency};

/// Units in one whole of a currency.
const UNITS: u32 = 100_000_000;

/// The one currency of the file.
#[derive(Clone, Copy, Debug)]
pub(super) struct Money(pub(super) Currency);

impl Money {
    /// Units of 10⁻⁸.
    pub(super) fn units(self, amount: &Amount) -> Result<i64, Failure> {
        if *amount.currency() != self.0 {
            return Err(Failure::Currency);
        }
        let sum = || {
            let wholes = i64::try_from(amount.value()).ok()?.checked_mul(UNITS.into())?;
            wholes.checked_add(amount.fraction().into())
        };
        sum().ok_or(Failure::Malformed("an amount is too large for the sandbox".into()))
    }

    /// The amount of so many units.
    pub(super) fn amount(self, units: i64) -> Result<Amount, Failure> {
        let units = u64::try_from(units).map_err(|_| Failure::Bug("an amount below zero"))?;
        let fraction = u32::try_from(units % u64::from(UNITS)).unwrap_or_default();
        Amount::from_parts(self.0, units / u64::from(UNITS), fraction)
            .map_err(|_| Failure::Bug("an amount beyond all amounts"))
    }

    /// The amount in this column.
    pub(super) fn column(self, row: &Row<'_>, name: &str) -> Result<Amount, Failure> {
        self.amount(row.get(name)?)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn columns_give_the_amount_back(units in 0..=i64::MAX) {
            let money = Money(Currency::parse("KUDOS").unwrap());
            let amount = money.amount(units).unwrap();
            prop_assert_eq!(money.units(&amount).unwrap(), units);
        }
    }

    #[test]
    fn what_does_not_fit_a_column_is_refused() {
        let money = Money(Currency::parse("KUDOS").unwrap());
        let units = |text| money.units(&Amount::parse(text).unwrap());
        assert!(units("KUDOS:92233720368.54775807").is_ok());
        assert!(matches!(units("KUDOS:92233720368.54775808"), Err(Failure::Malformed(_))));
        assert!(matches!(units("KUDOS:4503599627370496"), Err(Failure::Malformed(_))));
        assert!(matches!(units("EUR:1"), Err(Failure::Currency)));
        assert!(money.amount(-1).is_err());
    }
}
