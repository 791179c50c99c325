//! Amounts: what is read is written the same, and no sum is wrong or wraps.
#![no_main]

use libfuzzer_sys::fuzz_target;
use taler::amount::Amount;

fuzz_target!(|text: &str| {
    let mut amounts = text.split(' ').filter_map(|text| Amount::parse(text).ok());
    let Some(a) = amounts.next() else { return };
    assert_eq!(Amount::parse(a.to_string()).as_ref(), Ok(&a));
    let parts = Amount::from_parts(*a.currency(), a.value(), a.fraction());
    assert_eq!(parts.as_ref(), Ok(&a));
    let Some(b) = amounts.next() else { return };
    if let Ok(sum) = a.checked_add(&b) {
        assert_eq!(sum.checked_sub(&b).as_ref(), Ok(&a));
        assert_eq!(b.checked_add(&a).as_ref(), Ok(&sum));
    }
    let times = text.len() as u64 + 1;
    if let Ok(product) = a.checked_mul(times) {
        assert_eq!(product.checked_div(times).as_ref(), Ok(&a));
    }
});
