//! Accounts: one that is read stays the same, and so does what it is compared by.
#![no_main]

use libfuzzer_sys::fuzz_target;
use taler::payto::Payto;

fuzz_target!(|text: &str| {
    let Ok(payto) = Payto::parse(text) else { return };
    let _ = payto.receiver_name();
    let again = Payto::parse(payto.as_str()).expect("it was one");
    assert_eq!(again, payto);
    // The normal form has no parameters, of which an account needs one.
    let normal = format!("{}?receiver-name=Shop", payto.normalized());
    if normal.len() > 1024 {
        return;
    }
    let normal = Payto::parse(normal).expect("the normal form of one is one");
    assert_eq!(normal.normalized(), payto.normalized());
    assert_eq!(normal.normalized_hash(), payto.normalized_hash());
});
