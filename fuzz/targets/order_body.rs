//! Orders: each is refused with a reason, or becomes a contract that wallets can check.
#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::json;
use shop::{Shop, posting};
use taler::base32::HashCode;
use taler::contract::contract_hash;
use taler::sign::merchant::ContractOffer;
use taler::sign::{PublicKey, Signature, Statement};

thread_local! {
    static SHOP: &'static Shop = Box::leak(Box::new(Shop::open()));
}

/// The public key of RFC 8032's first test.
const NONCE: &str = "TXD9G0C2P45BFNABZV9WJS07787E2WQKVAK269DF08D6HXR7A4D0";

fuzz_target!(|body: &[u8]| {
    SHOP.with(|shop| {
        let made = shop.post("/private/orders", body.to_vec());
        if !made.status.is_success() {
            return;
        }
        let id = made.body["order_id"].as_str().expect("an order has a name");
        let claim = json!({ "nonce": NONCE, "token": made.body["token"] }).to_string();
        let claimed = shop.ask(posting(&format!("/orders/{id}/claim"), claim));
        // The same order may have been claimed, and its time may be over.
        if !claimed.status.is_success() {
            return;
        }
        let terms = &claimed.body["contract_terms"];
        let h_contract: HashCode = contract_hash(terms).expect("a contract has a hash");
        let text = |value: &serde_json::Value| value.as_str().expect("a text").to_owned();
        let key = PublicKey::parse(&text(&terms["merchant_pub"])).expect("a key");
        let sig = Signature::parse(&text(&claimed.body["sig"])).expect("a signature");
        assert!(ContractOffer { h_contract }.verify(&key, &sig), "{terms}");
    });
});
