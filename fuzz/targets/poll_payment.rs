//! The question of 2019: any query gets a documented answer, and at once or in time.
#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::json;
use shop::{Shop, getting};

thread_local! {
    static SHOP: &'static Shop = Box::leak(Box::new(furnished()));
}

fn furnished() -> Shop {
    let shop = Shop::open();
    shop.order(&json!({ "amount": "KUDOS:5", "summary": "Tea", "order_id": "tea" }));
    shop
}

fuzz_target!(|query: &str| {
    let Some(request) = getting(&format!("/public/poll-payment?{query}")) else { return };
    SHOP.with(|shop| {
        let answer = shop.ask(request);
        assert_ne!(answer.body["paid"], true, "nothing is");
    });
});
