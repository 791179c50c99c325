//! What coins bring: whether they cover a price, and from which of them a refund is taken
//! (merchant-api 3.5, crypto 14.3).

use super::amount::{Amount, AmountError};

/// A coin's part in a payment, with what its denomination charges.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Part {
    /// How much of the coin is spent, the deposit fee included.
    pub contribution: Amount,
    /// What depositing it costs.
    pub deposit_fee: Amount,
}

/// Why coins do not pay for an order.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum TooLittle {
    /// They are worth less than the price.
    #[error("the coins are worth less than the price")]
    Price,
    /// They are worth the price, but not the fees that the shop does not bear.
    #[error("the coins are worth less than the price and the fees")]
    Fees,
    /// Their fees are higher than they themselves.
    #[error("a coin's fee is higher than what it brings")]
    Nothing,
    /// The sum is more than an amount can be, or the currencies differ.
    #[error("the coins cannot be added up")]
    Sum,
}

impl From<AmountError> for TooLittle {
    fn from(_: AmountError) -> Self {
        Self::Sum
    }
}

/// Checks that `parts` pay `price`. Of the deposit fees the shop bears as much as `max_fee`; the
/// customer adds the rest to the price.
///
/// # Errors
/// [`TooLittle`].
pub fn covers(price: &Amount, max_fee: &Amount, parts: &[Part]) -> Result<(), TooLittle> {
    let currency = *price.currency();
    let total = Amount::sum(currency, parts.iter().map(|part| &part.contribution))?;
    let fees = Amount::sum(currency, parts.iter().map(|part| &part.deposit_fee))?;
    for part in parts {
        if part.deposit_fee.try_cmp(&part.contribution)?.is_gt() {
            return Err(TooLittle::Nothing);
        }
    }
    if total.try_cmp(price)?.is_lt() {
        return Err(TooLittle::Price);
    }
    let beyond = match fees.try_cmp(max_fee)?.is_gt() {
        true => fees.checked_sub(max_fee)?,
        false => Amount::zero(currency),
    };
    match total.try_cmp(&price.checked_add(&beyond)?)?.is_lt() {
        true => Err(TooLittle::Fees),
        false => Ok(()),
    }
}

/// What of a coin can still be refunded.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Rest {
    /// The contribution, less earlier refunds.
    pub left: Amount,
    /// What refunding costs, to be paid out of each refund.
    pub refund_fee: Amount,
}

/// No refund of this amount can be made of the coins: too little is left, or a part of it would be
/// below a coin's refund fee, which the exchange refuses.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the exchange's refund fee is higher than the refund")]
pub struct CannotSpread;

impl From<AmountError> for CannotSpread {
    fn from(_: AmountError) -> Self {
        Self
    }
}

/// Takes `amount` from the coins, from as few as can be since each one costs its fee: how much from
/// which, by place.
///
/// # Errors
/// [`CannotSpread`].
pub fn spread(amount: &Amount, coins: &[Rest]) -> Result<Vec<(usize, Amount)>, CannotSpread> {
    let mut order: Vec<(usize, &Rest)> = coins.iter().enumerate().collect();
    // The largest first; where that says nothing, the first one first.
    order.sort_by(|(_, a), (_, b)| {
        (b.left.value(), b.left.fraction()).cmp(&(a.left.value(), a.left.fraction()))
    });
    let mut wanted = *amount;
    let mut taken: Vec<(usize, Amount, &Rest)> = Vec::new();
    for (place, rest) in order {
        if wanted.is_zero() {
            break;
        }
        // A coin whose rest is eaten up by its fee has nothing to give.
        if rest.left.is_zero() || rest.left.try_cmp(&rest.refund_fee)?.is_lt() {
            continue;
        }
        let part = match rest.left.try_cmp(&wanted)?.is_lt() {
            true => rest.left,
            false => wanted,
        };
        wanted = wanted.checked_sub(&part)?;
        taken.push((place, part, rest));
    }
    if !wanted.is_zero() {
        return Err(CannotSpread);
    }
    // Only the last part can be too small; what it lacks is left with those before it.
    if let Some((last, before)) = taken.split_last_mut()
        && last.1.try_cmp(&last.2.refund_fee)?.is_lt()
    {
        let mut lacking = last.2.refund_fee.checked_sub(&last.1)?;
        for (_, part, rest) in before {
            let spare = part.checked_sub(&rest.refund_fee)?;
            let moved = if spare.try_cmp(&lacking)?.is_lt() { spare } else { lacking };
            *part = part.checked_sub(&moved)?;
            last.1 = last.1.checked_add(&moved)?;
            lacking = lacking.checked_sub(&moved)?;
        }
        if !lacking.is_zero() {
            return Err(CannotSpread);
        }
    }
    Ok(taken.into_iter().map(|(place, part, _)| (place, part)).collect())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::amount::Currency;

    fn amount(text: &str) -> Amount {
        Amount::parse(format!("KUDOS:{text}")).unwrap()
    }

    fn part(contribution: &str, fee: &str) -> Part {
        Part { contribution: amount(contribution), deposit_fee: amount(fee) }
    }

    fn rest(left: &str, fee: &str) -> Rest {
        Rest { left: amount(left), refund_fee: amount(fee) }
    }

    #[test]
    fn the_shop_bears_fees_up_to_its_maximum() {
        let pays = |max_fee, parts: &[Part]| covers(&amount("5"), &amount(max_fee), parts);
        assert_eq!(pays("0", &[part("5", "0")]), Ok(()));
        assert_eq!(pays("0.1", &[part("4", "0.05"), part("1", "0.05")]), Ok(()));
        assert_eq!(pays("0.09", &[part("4", "0.05"), part("1", "0.05")]), Err(TooLittle::Fees));
        assert_eq!(pays("0.09", &[part("4.01", "0.05"), part("1", "0.05")]), Ok(()));
        assert_eq!(pays("1", &[part("4.99", "0")]), Err(TooLittle::Price));
        assert_eq!(pays("1", &[part("5", "0"), part("0.01", "0.02")]), Err(TooLittle::Nothing));
        assert_eq!(pays("1", &[]), Err(TooLittle::Price));
        assert_eq!(covers(&amount("0"), &amount("0"), &[]), Ok(()));
    }

    #[test]
    fn sums_that_are_no_amounts_are_refused() {
        let most = "4503599627370496";
        let pays = covers(&amount("1"), &amount("0"), &[part(most, "0"), part(most, "0")]);
        assert_eq!(pays, Err(TooLittle::Sum));
        let foreign = Part { contribution: Amount::parse("EUR:9").unwrap(), ..part("9", "0") };
        assert_eq!(covers(&amount("1"), &amount("0"), &[foreign]), Err(TooLittle::Sum));
    }

    #[test]
    fn a_refund_is_taken_from_few_coins_and_never_below_their_fee() {
        let spread = |text, coins: &[Rest]| spread(&amount(text), coins);
        let coins = [rest("1", "0.1"), rest("4", "0.1")];
        assert_eq!(spread("3", &coins), Ok(vec![(1, amount("3"))]));
        assert_eq!(spread("5", &coins), Ok(vec![(1, amount("4")), (0, amount("1"))]));
        assert_eq!(
            spread("4.01", &coins),
            Ok(vec![(1, amount("3.91")), (0, amount("0.1"))]),
            "the second part is raised to its fee"
        );
        assert_eq!(spread("5.01", &coins), Err(CannotSpread));
        assert_eq!(spread("0.05", &coins), Err(CannotSpread));
        assert_eq!(spread("0.05", &[rest("0.05", "0.1"), rest("1", "0")]).unwrap()[0].0, 1);
    }

    proptest! {
        #[test]
        fn what_is_taken_adds_up_and_fits(
            wanted in 1_u32..5_000,
            coins in proptest::collection::vec((0_u32..2_000, 0_u32..30), 1..8),
        ) {
            let kudos = Currency::parse("KUDOS").unwrap();
            let of = |units: u32| Amount::from_parts(kudos, 0, units).unwrap();
            let rests: Vec<Rest> = coins
                .iter()
                .map(|(left, fee)| Rest { left: of(*left), refund_fee: of(*fee) })
                .collect();
            if let Ok(taken) = spread(&of(wanted), &rests) {
                let sum = Amount::sum(kudos, taken.iter().map(|(_, part)| part)).unwrap();
                prop_assert_eq!(sum, of(wanted));
                let mut places: Vec<_> = taken.iter().map(|(place, _)| *place).collect();
                places.sort_unstable();
                places.dedup();
                prop_assert_eq!(places.len(), taken.len());
                for (place, part) in taken {
                    prop_assert!(!part.is_zero());
                    prop_assert!(part.try_cmp(&rests[place].left).unwrap().is_le());
                    prop_assert!(part.try_cmp(&rests[place].refund_fee).unwrap().is_ge());
                }
            }
        }
    }
}
