//! The session's question: any name and any query get a documented answer, and at once or in time.
#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::json;
use shop::{Shop, getting};

thread_local! {
    static SHOP: &'static Shop = Box::leak(Box::new(furnished()));
}

/// A shop that has sold to session `S1` at `https://paper.example/1`, and not yet to `S2`.
fn furnished() -> Shop {
    let shop = Shop::open();
    for session in ["S1", "S2"] {
        let order = json!({
            "amount": "KUDOS:5", "summary": "Tea", "order_id": session,
            "fulfillment_url": "https://paper.example/1",
        });
        let body = json!({ "order": order, "session_id": session }).to_string();
        assert!(shop.post("/private/orders", body).status.is_success());
    }
    let paid = shop.post("/private/orders/S1/payments", r#"{"method":"cash"}"#);
    assert!(paid.status.is_success());
    shop
}

fuzz_target!(|text: &str| {
    let Some(request) = getting(&format!("/sessions/{text}")) else { return };
    SHOP.with(|shop| {
        let answer = shop.ask(request);
        if answer.status.as_u16() == 200 && answer.body.get("order_id").is_some() {
            assert_eq!(answer.body["order_id"], "S1", "only that is paid");
        }
    });
});
