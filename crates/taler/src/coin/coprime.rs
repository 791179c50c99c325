//! Whether two numbers have a factor in common, by Lehmer's variant of Euclid's algorithm.
//!
//! Euclid's algorithm divides the larger number by the smaller one, again and again. Nearly all its
//! quotients are small, and the highest 64 bits of both numbers tell them; so dozens of its steps are taken
//! with those alone, and then once with all digits (Knuth, The Art of Computer Programming, 4.5.2,
//! algorithm L; when to stop is Collins's condition). The numbers are public: the time may tell them.
//!
//! crypto-bigint finds the greatest common divisor in a time that does not depend on the numbers, which takes
//! more than all the rest of checking a coin's signature (decision 183).

use std::cmp::Ordering;

use crypto_bigint::BoxedUint;

/// Whether the numbers, big-endian, have no common factor but 1.
pub(super) fn are_coprime(one: &[u8], other: &[u8]) -> bool {
    let (mut larger, mut smaller) = (digits(one), digits(other));
    if compare(&larger, &smaller) == Ordering::Less {
        std::mem::swap(&mut larger, &mut smaller);
    }
    loop {
        if let ([large], [small]) = (larger.as_slice(), smaller.as_slice()) {
            return is_one(*large, *small);
        }
        match smaller.as_slice() {
            [] => return larger == [1],
            [1] => return true,
            _ => {}
        }
        match Steps::of(&larger, &smaller) {
            Some(steps) => {
                (larger, smaller) = steps.taken(&larger, &smaller);
            }
            // The next quotient is not small.
            None => {
                let rest = remainder(&larger, &smaller);
                larger = std::mem::replace(&mut smaller, rest);
            }
        }
    }
}

/// Some steps of Euclid's algorithm, as what they make of both numbers: of the larger one `a` and the smaller
/// one `b` they make `a.0 * larger - a.1 * smaller` and `b.1 * smaller - b.0 * larger`, or the same with
/// the other signs.
struct Steps {
    a: (u64, u64),
    b: (u64, u64),
    is_negative: bool,
}

impl Steps {
    /// The steps that are certain from the highest 64 bits of the larger number, and from those of the
    /// smaller one at the same place; `None` if that are none.
    fn of(larger: &[u64], smaller: &[u64]) -> Option<Self> {
        let (mut high, mut low) = leading(larger, smaller);
        let (mut before, mut a, mut b) = ((0_u64, 0_u64), (1_u64, 0_u64), (0_u64, 1_u64));
        let mut is_negative = true;
        // Collins: what was cut off changes none of the quotients so far.
        while low >= b.1 && high.wrapping_sub(low) >= a.1.wrapping_add(b.1) {
            let quotient = quotient(high, low)?;
            (high, low) = (low, high.wrapping_sub(quotient.wrapping_mul(low)));
            let next = |a: u64, b: u64| a.wrapping_add(quotient.wrapping_mul(b));
            (before, a, b) = (a, b, (next(a.0, b.0), next(a.1, b.1)));
            is_negative = !is_negative;
        }
        (before.1 != 0).then_some(Self { a: before, b: a, is_negative })
    }

    /// What they make of the numbers.
    fn taken(&self, larger: &[u64], smaller: &[u64]) -> (Vec<u64>, Vec<u64>) {
        match self.is_negative {
            true => (
                difference(self.a.1, smaller, self.a.0, larger),
                difference(self.b.0, larger, self.b.1, smaller),
            ),
            false => (
                difference(self.a.0, larger, self.a.1, smaller),
                difference(self.b.1, smaller, self.b.0, larger),
            ),
        }
    }
}

/// Of small quotients, which are most, a division takes longer than some subtractions. `None`: by zero.
fn quotient(high: u64, low: u64) -> Option<u64> {
    let once = high.wrapping_sub(low);
    match once.checked_sub(low) {
        None => Some(1),
        Some(twice) if twice < low => Some(2),
        Some(_) => high.checked_div(low),
    }
}

/// The highest 64 bits of the larger number, and those of the smaller one at the same place.
fn leading(larger: &[u64], smaller: &[u64]) -> (u64, u64) {
    let shift = larger.last().map_or(0, |digit| digit.leading_zeros());
    let at = larger.len().wrapping_sub(1);
    let cut = |number: &[u64]| {
        let digit = |at: usize| u128::from(number.get(at).copied().unwrap_or_default());
        let both = (digit(at) << 64) | digit(at.wrapping_sub(1));
        u64::try_from((both << shift) >> 64).unwrap_or_default()
    };
    (cut(larger), cut(smaller))
}

/// `p * x - q * y`, which is not negative.
fn difference(p: u64, x: &[u64], q: u64, y: &[u64]) -> Vec<u64> {
    let length = x.len().max(y.len());
    let mut carry = 0_i128;
    let digit = |number: &[u64], at: usize| i128::from(number.get(at).copied().unwrap_or_default());
    let all = (0..length).map(|at| {
        let product = |factor: u64, digit: i128| i128::from(factor).wrapping_mul(digit);
        carry = carry.wrapping_add(product(p, digit(x, at))).wrapping_sub(product(q, digit(y, at)));
        let low = u64::try_from(carry & i128::from(u64::MAX)).unwrap_or_default();
        carry >>= 64;
        low
    });
    trimmed(all.collect())
}

/// What is left when the larger number is divided by the smaller one, which is not zero.
fn remainder(larger: &[u64], smaller: &[u64]) -> Vec<u64> {
    let divisor = BoxedUint::from_words(smaller.iter().copied());
    match divisor.into_nz().into_option() {
        Some(divisor) => trimmed(
            BoxedUint::from_words(larger.iter().copied()).rem_vartime(&divisor).to_words().to_vec(),
        ),
        None => Vec::new(),
    }
}

/// Whether two numbers that are not zero have no common factor but 1.
fn is_one(mut larger: u64, mut smaller: u64) -> bool {
    while let Some(rest) = larger.checked_rem(smaller) {
        (larger, smaller) = (smaller, rest);
    }
    larger == 1
}

/// Digits of 64 bits, the lowest first, without leading zeros.
fn digits(number: &[u8]) -> Vec<u64> {
    let digit = |bytes: &[u8]| bytes.iter().fold(0_u64, |sum, byte| (sum << 8) | u64::from(*byte));
    trimmed(number.rchunks(8).map(digit).collect())
}

fn trimmed(mut digits: Vec<u64>) -> Vec<u64> {
    while digits.last() == Some(&0) {
        digits.pop();
    }
    digits
}

fn compare(one: &[u64], other: &[u64]) -> Ordering {
    one.len().cmp(&other.len()).then_with(|| one.iter().rev().cmp(other.iter().rev()))
}

#[cfg(test)]
mod tests {
    use crypto_bigint::Gcd;
    use proptest::prelude::*;

    use super::*;

    /// What crypto-bigint says.
    fn expected(one: &[u8], other: &[u8]) -> bool {
        let [one, other] = [one, other].map(|number| {
            let number = BoxedUint::from_be_slice_vartime(number);
            crypto_bigint::Resize::resize(number, 4096)
        });
        one.gcd_vartime(&other) == BoxedUint::one()
    }

    /// Numbers with long runs of zeros and ones among them, in which quotients are large.
    fn number() -> impl Strategy<Value = Vec<u8>> {
        let byte = prop_oneof![any::<u8>(), Just(0), Just(0xff)];
        prop_oneof![
            proptest::collection::vec(byte, 0..80),
            proptest::collection::vec(any::<u8>(), 240..260),
        ]
    }

    proptest! {
        #[test]
        fn two_numbers_have_a_common_factor_exactly_when_crypto_bigint_finds_one(
            one in number(), other in number(),
        ) {
            prop_assert_eq!(are_coprime(&one, &other), expected(&one, &other));
        }

        #[test]
        fn multiples_of_a_number_share_it(factor in 2_u64.., one in 1_u64.., other in 1_u64..) {
            let times = |number: u64| u128::from(factor).wrapping_mul(number.into()).to_be_bytes();
            prop_assert!(!are_coprime(&times(one), &times(other)));
        }
    }

    #[test]
    fn nothing_one_and_equal_numbers_have_the_factors_that_they_have() {
        let cases: &[(&[u8], &[u8], bool)] = &[
            (&[], &[], false),
            (&[0], &[1], true),
            (&[1], &[1], true),
            (&[], &[5], false),
            (&[6], &[6], false),
            (&[0, 0, 2], &[7; 40], true),
            (&[9; 300], &[9; 300], false),
        ];
        for (one, other, coprime) in cases {
            assert_eq!(are_coprime(one, other), *coprime, "{one:?} {other:?}");
            assert_eq!(are_coprime(other, one), *coprime, "{other:?} {one:?}");
        }
    }

    /// Each quotient is one: the most steps that two numbers of a length can take.
    #[test]
    fn neighbours_of_fibonacci_are_coprime() {
        let (mut one, mut other) = (vec![1_u64], vec![1_u64]);
        let bytes = |digits: &[u64]| -> Vec<u8> {
            digits.iter().rev().flat_map(|digit| digit.to_be_bytes()).collect()
        };
        for _ in 0..3_000 {
            let mut carry = 0_u128;
            let padded = one.iter().chain(std::iter::repeat(&0)).zip(other.iter().chain([&0]));
            let sum = padded.map(|(a, b)| {
                carry += u128::from(*a) + u128::from(*b);
                let low = u64::try_from(carry & u128::from(u64::MAX)).unwrap();
                carry >>= 64;
                low
            });
            let sum = trimmed(sum.collect());
            (one, other) = (other, sum);
            assert!(are_coprime(&bytes(&one), &bytes(&other)));
        }
    }
}
