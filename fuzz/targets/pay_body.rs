//! Payments: no body that was not made with coins pays for anything.
#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::json;
use shop::{Shop, posting};

thread_local! {
    static CLAIMED: &'static (Shop, String) = Box::leak(Box::new(claimed()));
}

/// The public key of RFC 8032's first test.
const NONCE: &str = "TXD9G0C2P45BFNABZV9WJS07787E2WQKVAK269DF08D6HXR7A4D0";

fn claimed() -> (Shop, String) {
    let shop = Shop::open();
    let order = json!({ "amount": "KUDOS:5", "summary": "Tea", "order_id": "tea" });
    let id = shop.order(&order);
    let claim = posting(&format!("/orders/{id}/claim"), json!({ "nonce": NONCE }).to_string());
    assert!(shop.ask(claim).status.is_success());
    (shop, format!("/orders/{id}/pay"))
}

fuzz_target!(|body: &[u8]| {
    CLAIMED.with(|(shop, path)| {
        let answer = shop.ask(posting(path, body.to_vec()));
        assert!(!answer.status.is_success(), "{answer:?}");
    });
});
