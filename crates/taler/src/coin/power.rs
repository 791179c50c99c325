//! Raising public numbers to a public exponent: nearly all the time that checking a coin takes.
//!
//! Libraries offer this for secrets, or for any two numbers. Here modulus and exponent stay the
//! same for thousands of coins, and nothing is secret: so what they give is worked out once, a
//! squaring does half of a multiplication's work, and no number is ever carried into another
//! form and back. That saves a third of the time, about as much as looking for the common factor
//! takes besides.
//!
//! The method is Montgomery's. Numbers are words, the lowest first, in an even count that holds the
//! modulus. With R = 2⁶⁴ to the power of that count, the product of a and b is a·b/R. Messages are
//! multiplied two rows at once, so that the sum is read and written half as often.

use std::cmp::Ordering;

/// An odd modulus and an exponent, and what is worked out of them.
#[derive(Clone)]
pub(super) struct Power {
    modulus: Box<[u64]>,
    /// What the modulus' two lowest words are multiplied by to give −1.
    inverse: u128,
    exponent: u64,
    /// R to the power of the exponent, modulo the modulus: makes good for all divisions by R.
    factor: Box<[u64]>,
}

impl Power {
    /// Takes modulus, exponent, and a function that gives 2 to the power of its argument and then
    /// to that of the exponent, below the modulus. Numbers are big-endian. `None` when the modulus
    /// is even or of more than 2³² bits.
    pub(super) fn new(
        modulus: &[u8],
        exponent: u64,
        power_of_two: impl FnOnce(u32) -> Box<[u8]>,
    ) -> Option<Self> {
        let modulus = words(modulus, modulus.len().div_ceil(16).checked_mul(2)?)?;
        let lowest = join(modulus.first_chunk().filter(|[low, _]| low % 2 == 1)?);
        // Newton's way to an inverse: five right bits, and twice as many with each step.
        let mut inverse = lowest.wrapping_mul(3) ^ 2;
        for _ in 0..5 {
            inverse = inverse.wrapping_mul(2_u128.wrapping_sub(lowest.wrapping_mul(inverse)));
        }
        let bits = u32::try_from(modulus.len()).ok()?.checked_mul(u64::BITS)?;
        let factor = words(&power_of_two(bits), modulus.len())?;
        Some(Self { modulus, inverse: inverse.wrapping_neg(), exponent, factor })
    }

    /// Whether `base`, raised to the exponent, is `result`, both big-endian. No number that is not
    /// below the modulus fits.
    pub(super) fn leads(&self, base: &[u8], result: &[u8]) -> bool {
        let (Some(base), Some(result)) = (self.number(base), self.number(result)) else {
            return false;
        };
        // Each product divides by R; in the end that was done once less than the exponent says,
        // and the last product, with R to the power of the exponent, does it once more.
        let mut power = base.clone();
        for bit in (0..self.exponent.checked_ilog2().unwrap_or(0)).rev() {
            power = self.square(&power);
            if self.exponent.unbounded_shr(bit) & 1 == 1 {
                power = self.product(&power, &base);
            }
        }
        self.product(&power, &self.factor) == result
    }

    /// The number in words, if it is below the modulus.
    fn number(&self, number: &[u8]) -> Option<Box<[u64]>> {
        let number = words(number, self.modulus.len())?;
        order(&number, &self.modulus).is_lt().then_some(number)
    }

    /// a·b/R, for two numbers below the modulus.
    fn product(&self, a: &[u64], b: &[u64]) -> Box<[u64]> {
        let mut sum = vec![0; a.len().saturating_add(b.len())];
        let mut rest = &mut *sum;
        for rows in a.as_chunks().0 {
            let (row, above) = rest.split_at_mut(b.len());
            let top = add_rows(row, rows, b, 0);
            put(above, top);
            rest = rest.split_at_mut(2).1;
        }
        self.reduce(&mut sum)
    }

    /// a·a/R, for a number below the modulus.
    fn square(&self, a: &[u64]) -> Box<[u64]> {
        let mut sum = vec![0; a.len().saturating_mul(2)];
        // Each word with those above it, once.
        let (mut rest, mut a_rest) = (&mut *sum, a);
        while let Some((rows @ [low, high], above)) = a_rest.split_first_chunk() {
            let [_, first, following @ ..] = rest else { break };
            let mut carry = 0;
            *first = multiply_add(*low, *high, *first, &mut carry);
            let (row, end) = following.split_at_mut(above.len());
            let top = add_rows(row, rows, above, carry);
            put(end, top);
            a_rest = above;
            rest = rest.split_at_mut(4).1;
        }
        // Twice that, and each word with itself.
        let (mut shifted, mut carry) = (0, false);
        for (place, word) in sum.as_chunks_mut().0.iter_mut().zip(a) {
            let once = join(place);
            let (twice, over) = ((once << 1) | shifted)
                .overflowing_add(u128::from(*word).wrapping_mul(u128::from(*word)));
            let (twice, further) = twice.overflowing_add(u128::from(carry));
            *place = split(twice);
            (shifted, carry) = (once >> 127, over || further);
        }
        self.reduce(&mut sum)
    }

    /// Divides by R what is below modulus times R, and takes up to twice as many words.
    fn reduce(&self, sum: &mut [u64]) -> Box<[u64]> {
        let count = self.modulus.len();
        // Multiples of the modulus make the lower half zero.
        let (mut rest, mut carry) = (&mut *sum, false);
        while let Some(lowest) = rest.first_chunk().filter(|_| rest.len() > count) {
            let times = split(join(lowest).wrapping_mul(self.inverse));
            let (row, above) = rest.split_at_mut(count);
            let top = add_rows(row, &times, &self.modulus, 0);
            if let Some(place) = above.first_chunk_mut() {
                let (high, over) = join(place).overflowing_add(top);
                let (high, further) = high.overflowing_add(u128::from(carry));
                *place = split(high);
                carry = over || further;
            }
            rest = rest.split_at_mut(2).1;
        }
        // It is below two moduli now.
        if carry || order(rest, &self.modulus).is_ge() {
            let mut borrow = false;
            for (word, less) in rest.iter_mut().zip(&self.modulus) {
                let (difference, under) = word.overflowing_sub(*less);
                let (difference, further) = difference.overflowing_sub(u64::from(borrow));
                (*word, borrow) = (difference, under || further);
            }
        }
        (&*rest).into()
    }
}

/// Adds to `sum` the product of two words and as many as `sum` has, and `carry`; gives what
/// belongs above.
#[inline(always)]
fn add_rows(sum: &mut [u64], [low, high]: &[u64; 2], by: &[u64], carry: u64) -> u128 {
    let (mut carry, mut carry_high, mut before) = (carry, 0, 0);
    for (place, word) in sum.iter_mut().zip(by) {
        let once = multiply_add(*low, *word, *place, &mut carry);
        *place = multiply_add(*high, before, once, &mut carry_high);
        before = *word;
    }
    let top = u128::from(*high).wrapping_mul(u128::from(before));
    top.wrapping_add(u128::from(carry)).wrapping_add(u128::from(carry_high))
}

/// The lower word of a·b + c + carry; the upper is the new carry.
#[inline(always)]
fn multiply_add(a: u64, b: u64, c: u64, carry: &mut u64) -> u64 {
    let product = u128::from(a).wrapping_mul(u128::from(b));
    let [low, high] = split(product.wrapping_add(u128::from(c)).wrapping_add(u128::from(*carry)));
    *carry = high;
    low
}

/// Puts two words in the first two places.
#[inline(always)]
fn put(places: &mut [u64], words: u128) {
    if let Some(place) = places.first_chunk_mut() {
        *place = split(words);
    }
}

#[inline(always)]
fn join([low, high]: &[u64; 2]) -> u128 {
    u128::from(*low) | (u128::from(*high) << 64)
}

#[inline(always)]
fn lowest(words: u128) -> u64 {
    u64::try_from(words & u128::from(u64::MAX)).unwrap_or_default()
}

#[inline(always)]
fn split(words: u128) -> [u64; 2] {
    [lowest(words), lowest(words >> 64)]
}

/// How two numbers of the same count of words compare.
fn order(a: &[u64], b: &[u64]) -> Ordering {
    a.iter().rev().cmp(b.iter().rev())
}

/// A big-endian number explicitly, the lowest first. `None` if it needs more.
fn words(bytes: &[u8], count: usize) -> Option<Box<[u64]>> {
    let zeros = bytes.iter().take_while(|&&byte| byte == 0).count();
    let (high, rest) = bytes.get(zeros..)?.as_rchunks::<8>();
    let high = match high {
        [] => None,
        _ => Some(high.iter().fold(0, |word, &byte| (word << 8) | u64::from(byte))),
    };
    let mut words = Vec::with_capacity(count);
    words.extend(rest.iter().rev().map(|bytes| u64::from_be_bytes(*bytes)));
    words.extend(high);
    let spare = count.checked_sub(words.len())?;
    words.extend(std::iter::repeat_n(0, spare));
    Some(words.into())
}

#[cfg(test)]
#[expect(clippy::arithmetic_side_effects, reason = "a sum that overflows fails its test")]
mod tests {
    use crypto_bigint::modular::{BoxedMontyForm, BoxedMontyParams};
    use crypto_bigint::{BoxedUint, Resize};
    use proptest::prelude::*;

    use super::*;

    /// `base` to the power of `exponent`, by a library.
    fn power(modulus: &[u8], base: &BoxedUint, exponent: u64) -> Box<[u8]> {
        let modulus = BoxedUint::from_be_slice_vartime(modulus).into_odd().unwrap();
        let base = base.resize(modulus.bits_precision());
        let form = BoxedMontyForm::new(base, &BoxedMontyParams::new_vartime(modulus));
        form.pow(&BoxedUint::from(exponent)).retrieve().to_be_bytes()
    }

    fn odd(modulus: &[u8], exponent: u64) -> Option<Power> {
        Power::new(modulus, exponent, |bits| {
            let two = power(modulus, &BoxedUint::from(2_u64), bits.into());
            let step = BoxedUint::from_be_slice_vartime(&two);
            power(modulus, &step, exponent)
        })
    }

    /// Numbers of up to so many bytes, often with words of nothing but zeros or ones, where a carry
    /// goes furthest.
    fn numbers(bytes: usize) -> impl Strategy<Value = Vec<u8>> {
        let byte = prop_oneof![Just(0), Just(0xff), Just(0xfe), any::<u8>()];
        prop_oneof![
            prop::collection::vec(any::<u8>(), 1..bytes),
            prop::collection::vec(byte, 1..bytes),
            (prop_oneof![Just(0), Just(0xff)], 1..bytes).prop_map(|(byte, n)| vec![byte; n]),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(512))]

        #[test]
        fn the_power_is_that_of_a_library(
            mut modulus in numbers(140),
            base in numbers(140),
            near: bool,
            exponent in prop_oneof![Just(3), Just(65_537), any::<u64>().prop_map(|e| e | 3)],
        ) {
            *modulus.last_mut().unwrap() |= 1;
            prop_assume!(modulus.iter().any(|&byte| byte > 1));
            let ours = odd(&modulus, exponent).unwrap();
            let width = BoxedUint::from_be_slice_vartime(&modulus);
            // As large as can be, or any number below the modulus.
            let base = match near {
                true => width.wrapping_sub(BoxedUint::from(u64::from(base[0] % 3) + 1)),
                false => {
                    let base = BoxedUint::from_be_slice_vartime(&base);
                    base.rem_vartime(&width.clone().into_nz().unwrap())
                }
            };
            prop_assume!(base < width);
            let result = power(&modulus, &base, exponent);
            prop_assert!(ours.leads(&base.to_be_bytes(), &result));
            let padded = [&[0; 9][..], &base.to_be_bytes()].concat();
            prop_assert!(ours.leads(&padded, &result));
            let other = BoxedUint::from_be_slice_vartime(&result) ^ BoxedUint::one();
            prop_assert!(!ours.leads(&base.to_be_bytes(), &other.to_be_bytes()));
            // The same number again, but not below the modulus.
            let above = base.resize(width.bits_precision() + 64)
                .wrapping_add(width.clone().resize(width.bits_precision() + 64));
            prop_assert!(!ours.leads(&above.to_be_bytes(), &result));
        }
    }

    #[test]
    fn an_even_modulus_has_no_powers() {
        assert!(odd(&[1, 1], 3).is_some());
        for modulus in [&[][..], &[0; 20], &[1, 0], &[0xff, 0xfe]] {
            assert!(Power::new(modulus, 3, |_| [1].into()).is_none());
        }
    }
}
