//! Which coins to withdraw, and which to pay with. Pure: amounts in, choices out.

use super::Error;
use taler::amount::{Amount, AmountError, Currency};
use taler::coin::age::AgeMask;
use taler::coin::denomination::DenominationKey;
use taler::exchange::Denomination;
use taler::payment::{Part, covers};
use taler::time::Timestamp;

/// Most coins in one withdrawal.
const MAX_WITHDRAWN: usize = 512;

/// Most coins in one payment; exchanges take as many in one request.
pub(super) const MAX_PAID: usize = 64;

/// Most coins that one is changed into. A coin is worth at most a few thousand of the smallest, so that
/// ten or so do.
const MAX_CHANGE: usize = 32;

/// From how many coins on small ones are spent first. Change is small, so that a wallet that paid with
/// as few coins as do would hold more and more of them.
const MANY: usize = 40;

/// A coin that could pay.
#[derive(Clone, Copy, Debug)]
pub(super) struct SpendableCoin {
    /// Its number in the file.
    pub(super) coin: i64,
    /// What is left of it; more than nothing.
    pub(super) remaining: Amount,
    /// What it costs to pay with it.
    pub(super) fee: Amount,
}

/// So much of a coin, the deposit fee included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) coin: i64,
    pub(super) contribution: Amount,
}

/// Chooses denominations of new coins that are worth `amount`: first one of each from the smallest
/// upwards, for at most half of it, so that there is change; then as few as do for the rest.
///
/// # Errors
/// [`Error::NoSuchCoins`] when the amount is nothing, cannot be made of what is issued now, or
/// would be too many coins.
pub(super) fn plan<'a>(
    issued: impl IntoIterator<Item = &'a Denomination>,
    amount: &Amount,
    now: Timestamp,
) -> Result<Vec<Denomination>, Error> {
    let kinds = kinds(issued, amount.currency(), now)?;
    let half = amount.checked_div(2)?;
    let mut chosen: Vec<Denomination> = Vec::new();
    let mut sum = Amount::zero(*amount.currency());
    for kind in &kinds {
        let more = sum.checked_add(&kind.value)?;
        if more.try_cmp(&half)?.is_gt() {
            break;
        }
        sum = more;
        chosen.push((*kind).clone());
    }
    // What is left may need more of the smallest, so the change must not be in its way.
    let rest = greedy(&kinds, amount.checked_sub(&sum)?)?;
    let coins = match rest {
        Some(rest) => [chosen, rest].concat(),
        None => greedy(&kinds, *amount)?.unwrap_or_default(),
    };
    let fits = !coins.is_empty() && coins.len() <= MAX_WITHDRAWN;
    if fits { Ok(coins) } else { Err(Error::NoSuchCoins(*amount)) }
}

/// Chooses denominations of new coins for what is left of an old one: as few as do, with their fees and
/// the refresh fee not above it. What they and their fees cost, without the refresh fee, comes with
/// them. Nothing if the change would cost more than half of what it brings: such a coin is rather spent
/// as it is.
///
/// # Errors
/// When amounts cannot be reckoned with.
pub(super) fn change<'a>(
    issued: impl IntoIterator<Item = &'a Denomination>,
    remaining: &Amount,
    fee_refresh: &Amount,
    now: Timestamp,
) -> Result<Option<(Vec<Denomination>, Amount)>, AmountError> {
    let currency = *remaining.currency();
    let mut rest = less(remaining, fee_refresh)?;
    let kinds = kinds(issued, &currency, now)?;
    let mut chosen = Vec::new();
    let (mut value, mut cost) = (Amount::zero(currency), Amount::zero(currency));
    for kind in kinds.iter().rev() {
        let price = kind.value.checked_add(&kind.fees.withdraw)?;
        while price.try_cmp(&rest)?.is_le() && chosen.len() < MAX_CHANGE {
            rest = rest.checked_sub(&price)?;
            cost = cost.checked_add(&price)?;
            value = value.checked_add(&kind.value)?;
            chosen.push((*kind).clone());
        }
    }
    let is_worth_it = value.checked_add(&value)?.try_cmp(remaining)?.is_ge();
    Ok((!chosen.is_empty() && is_worth_it).then_some((chosen, cost)))
}

/// One denomination of each value, the smallest first: the cheapest, and of these the one that
/// lives longest.
fn kinds<'a>(
    issued: impl IntoIterator<Item = &'a Denomination>,
    currency: &Currency,
    now: Timestamp,
) -> Result<Vec<&'a Denomination>, AmountError> {
    let mut kinds: Vec<&Denomination> = Vec::new();
    for one in issued {
        let is_ours = matches!(one.key, DenominationKey::Rsa(_)) && one.ages == AgeMask::NONE;
        if !is_ours
            || !one.is_issued(now)
            || one.value.is_zero()
            || one.value.currency() != currency
        {
            continue;
        }
        match kinds.iter_mut().find(|kind| kind.value == one.value) {
            Some(kind) => {
                let order = one.fees.withdraw.try_cmp(&kind.fees.withdraw)?;
                let order = order.then(kind.expire_deposit.cmp(&one.expire_deposit));
                if order.then(one.h_denom.cmp(&kind.h_denom)).is_lt() {
                    *kind = one;
                }
            }
            None => kinds.push(one),
        }
    }
    // All are of one currency, so the order is one.
    kinds.sort_by(|a, b| a.value.try_cmp(&b.value).unwrap_or(std::cmp::Ordering::Equal));
    Ok(kinds)
}

/// As many of the largest as fit, then of the next one; `None` if something is left.
fn greedy(
    kinds: &[&Denomination],
    mut rest: Amount,
) -> Result<Option<Vec<Denomination>>, AmountError> {
    let mut chosen = Vec::new();
    for kind in kinds.iter().rev() {
        while kind.value.try_cmp(&rest)?.is_le() && chosen.len() <= MAX_WITHDRAWN {
            rest = rest.checked_sub(&kind.value)?;
            chosen.push((*kind).clone());
        }
    }
    Ok(rest.is_zero().then_some(chosen))
}

/// What is to be paid, and what coins that are already booked bring towards it.
#[derive(Clone, Debug)]
pub(super) struct Price {
    pub(super) amount: Amount,
    /// How much of the deposit fees the shop bears.
    pub(super) max_fee: Amount,
    pub(super) booked: Vec<Part>,
}

impl Price {
    /// What the coins with these deposit fees must bring, besides what is booked: the rest of the
    /// amount and of the fees beyond the shop's (merchant-api 3.5).
    fn due(&self, fees: &Amount) -> Result<Amount, AmountError> {
        let currency = *self.amount.currency();
        let booked = Amount::sum(currency, self.booked.iter().map(|part| &part.contribution))?;
        let booked_fees = Amount::sum(currency, self.booked.iter().map(|part| &part.deposit_fee))?;
        let ours = less(&fees.checked_add(&booked_fees)?, &self.max_fee)?;
        less(&self.amount.checked_add(&ours)?, &booked)
    }

    fn is_met_by(&self, candidates: &[SpendableCoin]) -> Result<bool, AmountError> {
        let currency = *self.amount.currency();
        let brought = Amount::sum(currency, candidates.iter().map(|coin| &coin.remaining))?;
        let fees = Amount::sum(currency, candidates.iter().map(|coin| &coin.fee))?;
        Ok(brought.try_cmp(&self.due(&fees)?)?.is_ge())
    }
}

/// `amount` less `other`, or nothing.
fn less(amount: &Amount, other: &Amount) -> Result<Amount, AmountError> {
    match amount.checked_sub(other) {
        Err(AmountError::Negative) => Ok(Amount::zero(*amount.currency())),
        done => done,
    }
}

/// Chooses coins for a price: as few as do, exactly as much as is due, and of the largest no more
/// than the others leave. No coin pays less than its own fee, as exchanges refuse that; only then
/// can the sum be more than what is due.
///
/// # Errors
/// [`Error::Poor`] when all together are not enough, [`Error::TooManyCoins`] when they are too many.
pub(super) fn choose(candidates: &[SpendableCoin], price: &Price) -> Result<Vec<Piece>, Error> {
    let mut useful = Vec::new();
    for coin in candidates {
        let brings = less(&coin.remaining, &coin.fee)?;
        if !brings.is_zero() {
            useful.push((*coin, brings));
        }
    }
    useful.sort_by(|(a, brings), (b, other)| {
        let order = other.try_cmp(brings).unwrap_or(std::cmp::Ordering::Equal);
        order.then(a.coin.cmp(&b.coin))
    });
    let useful: Vec<SpendableCoin> = useful.into_iter().map(|(coin, _)| coin).collect();

    if candidates.len() > MANY
        && let Some(small) = smallest(&useful, price)?
    {
        return pieces_of(&small, price);
    }
    let mut chosen = Vec::new();
    let mut rest = useful.iter();
    while !price.is_met_by(&chosen)? {
        let Some(coin) = rest.next() else { return Err(Error::Poor(price.amount)) };
        chosen.push(*coin);
    }
    // Where the shop bears the fees, one that came later may do without one that came earlier.
    for coin in chosen.clone() {
        let fewer: Vec<_> = chosen.iter().filter(|one| one.coin != coin.coin).copied().collect();
        if price.is_met_by(&fewer)? {
            chosen = fewer;
        }
    }
    if chosen.len().saturating_add(price.booked.len()) > MAX_PAID {
        return Err(Error::TooManyCoins);
    }
    // A smaller coin may do as the last one; the smallest that does.
    for coin in rest.rev() {
        let Some((_, others)) = chosen.split_last() else { break };
        let tried = [others, &[*coin]].concat();
        if price.is_met_by(&tried)? {
            chosen = tried;
            break;
        }
    }
    pieces_of(&chosen, price)
}

/// The smallest coins, as many as do; `None` if those would be too many for a payment. `useful` has the
/// largest first.
fn smallest(
    useful: &[SpendableCoin],
    price: &Price,
) -> Result<Option<Vec<SpendableCoin>>, AmountError> {
    let most = MAX_PAID.saturating_sub(price.booked.len());
    let mut chosen = Vec::new();
    for coin in useful.iter().rev().take(most) {
        if price.is_met_by(&chosen)? {
            break;
        }
        chosen.push(*coin);
    }
    // What is too much stays on the first one.
    chosen.reverse();
    Ok(price.is_met_by(&chosen)?.then_some(chosen))
}

/// What each of the chosen coins pays, if it is what the shop will check.
fn pieces_of(chosen: &[SpendableCoin], price: &Price) -> Result<Vec<Piece>, Error> {
    let pieces = share(chosen, price)?;
    let parts: Vec<Part> = pieces
        .iter()
        .zip(chosen)
        .map(|(piece, coin)| Part { contribution: piece.contribution, deposit_fee: coin.fee })
        .chain(price.booked.iter().copied())
        .collect();
    // The shop will check the same.
    covers(&price.amount, &price.max_fee, &parts).map_err(|_| Error::Poor(price.amount))?;
    Ok(pieces)
}

/// Takes what is due from `chosen`, the smallest first and wholly.
fn share(chosen: &[SpendableCoin], price: &Price) -> Result<Vec<Piece>, AmountError> {
    let currency = *price.amount.currency();
    let brought = Amount::sum(currency, chosen.iter().map(|coin| &coin.remaining))?;
    let fees = Amount::sum(currency, chosen.iter().map(|coin| &coin.fee))?;
    let mut surplus = less(&brought, &price.due(&fees)?)?;
    let mut pieces = Vec::new();
    for coin in chosen {
        let spare = less(&coin.remaining, &coin.fee)?;
        let kept = if spare.try_cmp(&surplus)?.is_lt() { spare } else { surplus };
        surplus = surplus.checked_sub(&kept)?;
        let contribution = coin.remaining.checked_sub(&kept)?;
        pieces.push(Piece { coin: coin.coin, contribution });
    }
    Ok(pieces)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use taler::coin::rsa::RsaPublicKey;
    use taler::exchange::Fees;
    use taler::hash;
    use taler::time::Timestamp;

    fn cents(cents: u64) -> Amount {
        let fraction = u32::try_from(cents % 100).unwrap() * 1_000_000;
        Amount::from_parts(Currency::parse("KUDOS").unwrap(), cents / 100, fraction).unwrap()
    }

    fn in_cents(amount: &Amount) -> u64 {
        amount.value() * 100 + u64::from(amount.fraction()) / 1_000_000
    }

    fn candidates(list: &[(u64, u64)]) -> Vec<SpendableCoin> {
        let coin = |(coin, &(remaining, fee))| SpendableCoin {
            coin,
            remaining: cents(remaining),
            fee: cents(fee),
        };
        (0..).zip(list).map(coin).collect()
    }

    fn price(amount: u64, max_fee: u64) -> Price {
        Price { amount: cents(amount), max_fee: cents(max_fee), booked: Vec::new() }
    }

    fn chosen(list: &[(u64, u64)], price: &Price) -> Vec<(i64, u64)> {
        let pieces = choose(&candidates(list), price).unwrap();
        pieces.iter().map(|piece| (piece.coin, in_cents(&piece.contribution))).collect()
    }

    #[test]
    fn one_coin_that_does_is_taken_and_the_smallest_of_these() {
        assert_eq!(chosen(&[(1000, 0), (500, 0), (200, 0)], &price(300, 0)), [(1, 300)]);
        assert_eq!(chosen(&[(1000, 0), (500, 0), (200, 0)], &price(200, 0)), [(2, 200)]);
    }

    #[test]
    fn several_coins_are_few_and_the_smaller_ones_are_used_up() {
        let coins = [(100, 0), (500, 0), (50, 0), (1000, 0), (20, 0)];
        assert_eq!(chosen(&coins, &price(1120, 0)), [(3, 620), (1, 500)]);
        assert_eq!(chosen(&coins, &price(1020, 0)), [(3, 1000), (4, 20)]);
    }

    #[test]
    fn fees_are_borne_by_the_shop_as_far_as_it_says() {
        assert_eq!(chosen(&[(1000, 3)], &price(300, 3)), [(0, 300)]);
        assert_eq!(chosen(&[(1000, 3)], &price(300, 2)), [(0, 301)]);
        assert_eq!(chosen(&[(303, 3)], &price(300, 0)), [(0, 303)]);
        assert!(choose(&candidates(&[(302, 3)]), &price(300, 0)).is_err());
    }

    #[test]
    fn a_coin_pays_at_least_its_own_fee() {
        assert_eq!(chosen(&[(1000, 5)], &price(2, 100)), [(0, 5)]);
        // One that is worth no more than that is of no use.
        assert!(matches!(choose(&candidates(&[(5, 5)]), &price(2, 100)), Err(Error::Poor(_))));
    }

    #[test]
    fn what_is_booked_counts_and_only_the_rest_is_chosen() {
        let booked = vec![Part { contribution: cents(200), deposit_fee: cents(1) }];
        let price = Price { booked, ..price(300, 1) };
        assert_eq!(chosen(&[(500, 2)], &price), [(0, 102)]);
    }

    #[test]
    fn nothing_is_paid_with_nothing() {
        assert_eq!(chosen(&[], &price(0, 0)), []);
        assert!(matches!(choose(&[], &price(1, 0)), Err(Error::Poor(_))));
    }

    #[test]
    fn more_coins_than_a_request_may_have_are_not_sent() {
        assert_eq!(chosen(&[(1, 0); 64], &price(64, 0)).len(), 64);
        let refused = choose(&candidates(&[(1, 0); 65]), &price(65, 0));
        assert!(matches!(refused, Err(Error::TooManyCoins)));
    }

    proptest! {
        #[test]
        fn a_choice_pays_exactly_and_never_more_than_is_left(
            list in prop::collection::vec((1..2_000_u64, 0..30_u64), 0..20),
            booked in prop::collection::vec((30..500_u64, 0..30_u64), 0..3),
            amount in 0..6_000_u64,
            max_fee in 0..60_u64,
        ) {
            let part = |&(contribution, fee): &(u64, u64)| Part {
                contribution: cents(contribution),
                deposit_fee: cents(fee),
            };
            let booked_parts: Vec<Part> = booked.iter().map(part).collect();
            let price = Price { booked: booked_parts.clone(), ..price(amount, max_fee) };
            let owed = |coins: &[(u64, u64)]| {
                let fees: u64 = coins.iter().chain(&booked).map(|(_, fee)| fee).sum();
                amount + fees.saturating_sub(max_fee)
            };
            let has: u64 = booked.iter().map(|(contribution, _)| contribution).sum();
            let useful: Vec<_> = list.iter().copied().filter(|(left, fee)| left > fee).collect();
            let all: u64 = useful.iter().map(|(left, _)| left).sum();
            match choose(&candidates(&list), &price) {
                Ok(pieces) => {
                    let mut paid = has;
                    let mut coins = Vec::new();
                    let mut at_least = true;
                    for piece in &pieces {
                        let coin = list[usize::try_from(piece.coin).unwrap()];
                        let contribution = in_cents(&piece.contribution);
                        prop_assert!(contribution <= coin.0 && contribution >= coin.1);
                        at_least &= contribution == coin.1;
                        paid += contribution;
                        coins.push(coin);
                    }
                    let mut seen: Vec<_> = pieces.iter().map(|piece| piece.coin).collect();
                    seen.dedup();
                    prop_assert_eq!(seen.len(), pieces.len());
                    let due = owed(&coins);
                    prop_assert!(paid == due || (paid > due && at_least), "{} for {}", paid, due);
                    // No coin could have been left out.
                    for at in 0..coins.len() {
                        let mut fewer = coins.clone();
                        fewer.remove(at);
                        let left: u64 = fewer.iter().map(|(left, _)| left).sum();
                        prop_assert!(has + left < owed(&fewer));
                    }
                    let parts: Vec<Part> = pieces.iter().zip(&coins).map(|(piece, coin)| {
                        Part { contribution: piece.contribution, deposit_fee: cents(coin.1) }
                    }).chain(booked_parts).collect();
                    prop_assert_eq!(covers(&price.amount, &price.max_fee, &parts), Ok(()));
                }
                Err(_) => prop_assert!(has + all < owed(&useful)),
            }
        }

        #[test]
        fn a_withdrawal_is_worth_what_was_asked_and_brings_change(amount in 1..60_000_u64) {
            let issued: Vec<_> = LADDER.map(|value| denomination(value, 0, 10)).into();
            let coins = plan(&issued, &cents(amount), Timestamp::ZERO).unwrap();
            let values: Vec<u64> = coins.iter().map(|coin| in_cents(&coin.value)).collect();
            prop_assert_eq!(values.iter().sum::<u64>(), amount);
            if amount >= 2 {
                prop_assert!(values.contains(&1));
            }
            if amount >= 1_000 {
                prop_assert!([1, 2, 5, 10, 20, 50, 100].iter().all(|value| values.contains(value)));
            }
        }
    }

    const LADDER: [u64; 11] = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000];

    fn denomination(value: u64, fee: u64, expire: u64) -> Denomination {
        let key = RsaPublicKey::from_numbers(&[0xFF; 128], &[1, 0, 1]).unwrap();
        let until = Timestamp::from_secs(expire).unwrap();
        Denomination {
            h_denom: hash::sha512(format!("{value} {fee} {expire}").as_bytes()),
            key: DenominationKey::Rsa(key),
            ages: AgeMask::NONE,
            value: cents(value),
            fees: Fees {
                withdraw: cents(fee),
                deposit: cents(fee),
                refresh: cents(fee),
                refund: cents(fee),
            },
            start: Timestamp::ZERO,
            expire_withdraw: until,
            expire_deposit: until,
            expire_legal: until,
            is_lost: false,
            is_revoked: false,
        }
    }

    fn planned(issued: &[Denomination], amount: u64) -> Vec<(u64, u64)> {
        let coins = plan(issued, &cents(amount), Timestamp::ZERO).unwrap();
        let fee = |coin: &Denomination| in_cents(&coin.fees.withdraw);
        coins.iter().map(|coin| (in_cents(&coin.value), fee(coin))).collect()
    }

    #[test]
    fn the_cheapest_denomination_of_a_value_is_withdrawn() {
        let mut issued =
            vec![denomination(5, 2, 10), denomination(5, 1, 9), denomination(5, 3, 10)];
        assert_eq!(planned(&issued, 5), [(5, 1)]);
        issued[1].is_revoked = true;
        assert_eq!(planned(&issued, 5), [(5, 2)]);
        issued[0].ages = AgeMask::new(257);
        assert_eq!(planned(&issued, 5), [(5, 3)]);
    }

    #[test]
    fn an_amount_that_is_no_coins_is_refused() {
        let issued = [denomination(5, 0, 10), denomination(2, 0, 10)];
        let refused = |amount| {
            matches!(plan(&issued, &cents(amount), Timestamp::ZERO), Err(Error::NoSuchCoins(_)))
        };
        assert!(refused(0) && refused(1) && refused(3) && refused(10_000));
        assert!(!refused(4) && !refused(7));
    }

    #[test]
    fn change_is_given_up_if_the_amount_needs_it() {
        let issued = [denomination(5, 0, 10), denomination(3, 0, 10)];
        // A three for change would leave seven, which cannot be had.
        assert_eq!(planned(&issued, 10), [(5, 0), (5, 0)]);
    }

    #[test]
    fn a_full_wallet_spends_its_small_coins_first() {
        // One more than few: hundredths, and one of fifty.
        let mut list = vec![(1, 0); MANY];
        list.push((50, 0));
        let large = 40;
        let paid = chosen(&list, &price(10, 0));
        assert_eq!((paid.len(), paid.iter().map(|(_, cents)| cents).sum::<u64>()), (10, 10));
        assert!(paid.iter().all(|(coin, _)| *coin != large));
        // Where they are not enough, the large one pays the rest.
        let paid = chosen(&list, &price(60, 0));
        assert_eq!(paid.len(), 41);
        assert!(paid.contains(&(large, 20)));
        // With one coin less, as few as do.
        assert_eq!(chosen(&list[1..], &price(10, 0)), [(39, 10)]);
        // More than a payment can have are not taken.
        let mut many = vec![(1, 0); 100];
        many.push((200, 0));
        assert_eq!(chosen(&many, &price(150, 0)), [(100, 150)]);
    }

    fn changed(issued: &[Denomination], left: u64, fee: u64) -> Option<(Vec<u64>, u64)> {
        let chosen = change(issued, &cents(left), &cents(fee), Timestamp::ZERO).unwrap();
        chosen.map(|(kinds, cost)| {
            (kinds.iter().map(|kind| in_cents(&kind.value)).collect(), in_cents(&cost))
        })
    }

    #[test]
    fn change_that_costs_more_than_half_is_none() {
        let issued: Vec<_> = LADDER.map(|value| denomination(value, 0, 10)).into();
        assert_eq!(changed(&issued, 37, 2), Some((vec![20, 10, 5], 35)));
        assert_eq!(changed(&issued, 4, 2), Some((vec![2], 2)));
        assert_eq!(changed(&issued, 3, 2), None);
        assert_eq!(changed(&issued, 2, 2), None);
        assert_eq!(changed(&issued, 1, 2), None);
        // Withdrawal fees count, too; what is too little for another coin stays on the old one.
        let dear = [denomination(10, 3, 10)];
        assert_eq!(changed(&dear, 30, 1), Some((vec![10, 10], 26)));
        assert_eq!(changed(&dear, 12, 0), None);
        assert_eq!(changed(&[], 100, 0), None);
    }

    proptest! {
        #[test]
        fn change_never_costs_more_than_is_left(left in 1..5_000_u64, fee in 0..5_u64) {
            let issued: Vec<_> = LADDER.map(|value| denomination(value, 0, 10)).into();
            if let Some((values, cost)) = changed(&issued, left, fee) {
                prop_assert_eq!(values.iter().sum::<u64>(), cost);
                prop_assert_eq!(cost + fee, left);
                prop_assert!(values.len() <= 12);
            } else {
                prop_assert!(left < 2 * fee + 2);
            }
        }
    }
}
