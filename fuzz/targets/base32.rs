//! Base32: what decodes encodes to the same, but for letters that stand for each other.
#![no_main]

use libfuzzer_sys::fuzz_target;
use taler::base32::{Bytes, decode, encode};

fuzz_target!(|input: &[u8]| {
    assert_eq!(decode(&encode(input)).as_deref(), Ok(input));
    let Ok(text) = str::from_utf8(input) else { return };
    if let Ok(bytes) = decode(text) {
        assert_eq!(decode(&encode(&bytes)), Ok(bytes));
    }
    if let Ok(fixed) = Bytes::<32>::parse(text) {
        assert_eq!(Bytes::parse(&fixed.to_string()), Ok(fixed));
    }
});
