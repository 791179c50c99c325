//! Taxes of orders and refunds, by the rates in their contracts (decision 168).

use crate::model::order::OrderSerial;
use crate::model::tax::TaxSums;
use crate::store::{self, Read, orders, refunds};
use taler::amount::{Amount, Currency};
use taler::currency::CurrencySpecification;

/// How many digits behind the dot amounts of a currency have.
#[derive(Clone, Debug)]
pub(super) struct Digits(Vec<CurrencySpecification>);

impl Digits {
    /// As these say; a currency that is not among them has its usual ones.
    pub(super) fn of(currencies: &[CurrencySpecification]) -> Self {
        Self(currencies.to_vec())
    }

    fn in_currency(&self, currency: &Currency) -> u8 {
        let known = self.0.iter().find(|known| known.currency() == currency);
        match known {
            Some(known) => known.input_digits(),
            None => CurrencySpecification::shipped(*currency).input_digits(),
        }
    }

    /// The taxes in the price of an order with these terms.
    pub(super) fn taxes(&self, terms: &str, price: &Amount) -> TaxSums {
        TaxSums::of_contract(terms, price, self.in_currency(price.currency()))
    }

    /// The taxes of a price after these refunds.
    pub(super) fn after<'a>(
        &self,
        taxes: &TaxSums,
        refunds: impl IntoIterator<Item = &'a Amount>,
    ) -> TaxSums {
        let mut left = taxes.clone();
        for refund in refunds {
            left.take(refund, self.in_currency(refund.currency()));
        }
        left
    }
}

/// The taxes in the price of an order.
pub(super) fn of_order(
    db: &Read<'_>,
    order: OrderSerial,
    price: &Amount,
    digits: &Digits,
) -> store::Result<TaxSums> {
    Ok(digits.taxes(&orders::bare_terms(db, order)?, price))
}

/// The taxes in one refund of an order: its share of what the refunds before it left.
pub(super) fn of_refund(
    db: &Read<'_>,
    order: OrderSerial,
    price: &Amount,
    refund: i64,
    digits: &Digits,
) -> store::Result<TaxSums> {
    let mut left = of_order(db, order, price, digits)?;
    let granted = refunds::amounts(db, order)?;
    for (serial, amount) in granted {
        let taken = left.take(&amount, digits.in_currency(amount.currency()));
        if serial == refund {
            return Ok(taken);
        }
    }
    Ok(TaxSums::none(*price.currency()))
}
