//! A refund that the shop has granted and the exchange refuses for good: nobody waits for it any more,
//! and the shop learns that it must give the money back in another way.

use serde_json::{Value, json};

use super::{Claimed, claimed, market, order, refused};
use crate::backoffice::{PASSWORD, Visitor};
use crate::common::Daemon;
use crate::common::exchange::Exchange;
use crate::common::shop::Shop;

/// A paid order with a refund that is granted, after the exchange has paid the shop.
fn too_late(shop: &Shop, exchange: &Exchange) -> Claimed {
    let claimed = claimed(shop, &order("5"));
    let coins = [exchange.coin("5"), exchange.coin("1")];
    claimed.paid(shop, exchange, &[(&coins[0], "4"), (&coins[1], "1")]);
    assert_eq!(shop.refund(&claimed.id, "KUDOS:4.5").status, 200);
    // Not as long as keys are good, but longer than any deadline of the contract.
    exchange.pass(60 * 86_400);
    claimed
}

/// All lines that the daemon has logged until it ended.
fn log_of(daemon: &Daemon) -> Vec<String> {
    daemon.signal("TERM");
    daemon.lines.lock().unwrap().iter().collect()
}

#[test]
fn the_shop_is_told_and_no_request_waits_for_it() {
    let (shop, exchange) = market();
    let claimed = too_late(&shop, &exchange);
    let listed = || shop.get("/private/orders").json()["orders"][0].clone();
    assert_eq!(listed()["pending_refund_amount"], "KUDOS:4.5");
    assert_eq!(shop.status(&claimed.id, "")["refund_details"][0]["pending"], true);

    let waiting = format!(
        "/orders/{}{}&await_refund_obtained=yes&timeout_ms=20000",
        claimed.id,
        claimed.query()
    );
    let seen = shop.parked_while(&waiting, || {
        let reply = claimed.pick_up(&shop);
        assert_eq!(reply.status, 200, "{reply:?}");
        let body = reply.json();
        assert_eq!(body["refund_amount"], "KUDOS:0");
        let refunds = body["refunds"].as_array().unwrap();
        assert_eq!(refunds.len(), 2);
        for refund in refunds {
            let told = ["type", "exchange_status", "exchange_code"].map(|name| &refund[name]);
            assert_eq!(told, [&json!("failure"), &json!(410), &json!(1503)]);
        }
    });
    // The customer is promised nothing.
    assert!(!seen.headers.contains_key("taler"), "{seen:?}");
    let seen = seen.json();
    let told = ["refunded", "refund_pending", "refund_amount", "refund_taken"].map(|m| &seen[m]);
    assert_eq!(told, [&json!(false), &json!(false), &json!("KUDOS:0"), &json!("KUDOS:0")]);
    let page = shop
        .daemon
        .ask("GET", &format!("/orders/{}{}", claimed.id, claimed.query()))
        .header("Accept", "text/html")
        .send();
    assert_eq!(page.status, 200, "{page:?}");
    assert!(page.text.contains("Paid. Thank you!"), "{}", page.text);
    for promise in ["taler://refund", "for you", "Refunded", "given back"] {
        assert!(!page.text.contains(promise), "{promise}: {}", page.text);
    }

    // The shop sees what was granted, and that it will not go that way.
    let status = shop.status(&claimed.id, "");
    let told = ["refunded", "refund_pending", "refund_amount"].map(|member| &status[member]);
    assert_eq!(told, [&json!(true), &json!(false), &json!("KUDOS:4.5")]);
    let told = ["exchange_code", "exchange_http_status"].map(|member| &status[member]);
    assert_eq!(told, [&json!(1503), &json!(410)]);
    let mut detail = status["refund_details"][0].clone();
    detail.as_object_mut().unwrap().retain(|name, _| name != "timestamp" && name != "reason");
    assert_eq!(
        detail,
        json!({
            "amount": "KUDOS:4.5",
            "pending": false,
            "refused_amount": "KUDOS:4.5",
            "exchange_http_status": 410,
            "exchange_code": 1503,
        })
    );
    assert_eq!(listed()["pending_refund_amount"], "KUDOS:0");
    // To grant more would be refused as well, and is not granted.
    refused(&shop.refund(&claimed.id, "KUDOS:5"), 410, 2169);
}

#[test]
fn it_is_said_in_the_back_office_and_once_in_the_log() {
    let (shop, exchange) = market();
    shop.place.passwd("admin", PASSWORD);
    let claimed = too_late(&shop, &exchange);
    let visitor = Visitor::seated(&shop.daemon.address, "admin");
    let page = |what: &str| visitor.get(&format!("/webui/{what}")).text;
    let own = format!("orders/{}", claimed.id);
    assert!(page(&own).contains("not fetched yet") && page("orders").contains("refund waiting"));
    for _ in 0..3 {
        assert_eq!(claimed.pick_up(&shop).status, 200);
    }
    let text = page(&own);
    for said in ["refund refused", "4.50", "410/1503", "pay the customer back in another way"] {
        assert!(text.contains(said), "{said}: {text}");
    }
    for promise in ["taler://refund", "not fetched yet", "refund waiting"] {
        assert!(!text.contains(promise), "{promise}: {text}");
    }
    assert!(page("orders").contains("refund refused"));
    let log = log_of(&shop.daemon);
    let told: Vec<_> = log.iter().filter(|line| line.contains("refused a refund")).collect();
    // For both coins together.
    let [line] = told[..] else { panic!("{log:?}") };
    let parts = [&*claimed.id, exchange.base_url(), "KUDOS:4.5", "410", "1503", "in another way"];
    for part in parts {
        assert!(line.contains(part), "{part}: {line}");
    }
}

#[test]
fn the_daemon_does_not_ask_again_after_a_restart() {
    let (shop, exchange) = market();
    let claimed = too_late(&shop, &exchange);
    assert_eq!(claimed.pick_up(&shop).status, 200);
    let before = shop.status(&claimed.id, "");
    let shop = shop.restarted();
    // Were it asked again, the exchange would do it now.
    exchange.turn_back(60 * 86_400);
    let refunds: Value = claimed.pick_up(&shop).json()["refunds"].clone();
    assert!(refunds.as_array().unwrap().iter().all(|refund| refund["type"] == "failure"));
    assert_eq!(shop.status(&claimed.id, ""), before);
}
