//! Addresses for wallets: what is read means the same when it is written again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use taler::taler_uri::{Pay, PayTemplate, Refund};

fuzz_target!(|text: &str| {
    if let Ok(pay) = Pay::parse(text) {
        assert_eq!(Pay::parse(&pay.to_string()).as_ref(), Ok(&pay), "{pay}");
    }
    if let Ok(refund) = Refund::parse(text) {
        assert_eq!(Refund::parse(&refund.to_string()).as_ref(), Ok(&refund), "{refund}");
    }
    if let Ok(template) = PayTemplate::parse(text) {
        assert_eq!(PayTemplate::parse(&template.to_string()).as_ref(), Ok(&template), "{template}");
    }
});
