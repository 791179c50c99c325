//! Transfers as the shop sees them: the API of what exchanges have wired and of what has arrived (settlement 3).

use playground::sandbox::{FaultAction, Faults};
use serde_json::{Value, json};

use super::{Claimed, claimed, market, shop_with};
use crate::common::eventually;
use crate::common::exchange::Exchange;
use crate::common::shop::{Shop, now};

const ACCOUNT: &str = "payto://x-taler-bank/localhost/shop?receiver-name=Shop";

/// An order that exchanges must wire in some seconds.
fn quick(amount: &str) -> Value {
    let at = |seconds: u64| json!({ "t_s": now() + seconds });
    json!({ "order": {
        "summary": "tea", "amount": format!("KUDOS:{amount}"), "max_fee": "KUDOS:1",
        "fulfillment_message": "here", "pay_deadline": at(5), "refund_deadline": at(5),
        "wire_transfer_deadline": at(5),
    }})
}

/// One that was paid with a coin of its value.
fn sold(shop: &Shop, exchange: &Exchange, value: &str) -> Claimed {
    let coin = exchange.coin(value);
    let claimed = claimed(shop, &quick(value));
    claimed.paid(shop, exchange, &[(&coin, value)]);
    claimed
}

fn wired(shop: &Shop, claimed: &Claimed) -> Value {
    eventually("it is wired", || shop.status(&claimed.id, "")["wired"] == true);
    shop.status(&claimed.id, "")
}

fn listed(shop: &Shop, query: &str) -> Vec<Value> {
    let reply = shop.get(&format!("/private/orders{query}"));
    let orders = reply.json()["orders"].as_array().unwrap().clone();
    orders.into_iter().map(|order| order["order_id"].clone()).collect()
}

fn incoming(shop: &Shop, query: &str) -> Vec<Value> {
    let reply = shop.get(&format!("/private/incoming{query}"));
    assert_eq!(reply.status, 200, "{reply:?}");
    reply.json()["incoming"].as_array().unwrap().clone()
}

fn confirmed(shop: &Shop, query: &str) -> Vec<Value> {
    let reply = shop.get(&format!("/private/transfers{query}"));
    assert_eq!(reply.status, 200, "{reply:?}");
    reply.json()["transfers"].as_array().unwrap().clone()
}

#[test]
fn a_poll_hears_that_an_order_is_wired_and_the_shop_sees_by_which_transfer() {
    let (shop, exchange) = market();
    let sold = sold(&shop, &exchange, "5");
    let cash = shop.sold(&json!({ "order": { "summary": "tea", "amount": "KUDOS:1" } }));
    let path = format!("/private/orders/{}", sold.id);
    let before = shop.get(&path);
    let etag = before.headers["etag"].trim_matches('"').to_owned();
    assert_eq!(before.json()["wired"], false);
    assert_eq!(before.json()["wire_details"], json!([]));
    assert_eq!(before.json()["deposit_total"], "KUDOS:4.99");
    assert_eq!(listed(&shop, "?wired=no"), [json!(sold.id)], "cash is not waited for");
    assert_eq!(listed(&shop, "?wired=yes"), [json!(null); 0]);

    // Nobody asks meanwhile: what wakes the poll is the transfer.
    let mut etag = etag;
    let status = loop {
        let reply = shop.get(&format!("{path}?lp_not_etag={etag}&timeout_ms=20000"));
        let status = reply.json();
        if status["wired"] == true {
            break status;
        }
        etag = reply.headers["etag"].trim_matches('"').to_owned();
    };
    let [detail] = &status["wire_details"].as_array().unwrap()[..] else { panic!("{status}") };
    assert_eq!(detail["exchange_url"], exchange.base_url());
    assert_eq!(
        (&detail["amount"], &detail["deposit_fee"], &detail["confirmed"]),
        (&json!("KUDOS:4.99"), &json!("KUDOS:0.01"), &json!(false))
    );
    assert_eq!(status["wire_reports"], json!([]));
    assert_eq!(status["exchange_code"], 0);
    assert_eq!(listed(&shop, "?wired=yes"), [json!(sold.id)]);
    assert_eq!(listed(&shop, "?wired=no"), [json!(null); 0]);
    assert_eq!(shop.status(&cash, "")["wired"], false, "it does not apply");

    let [transfer] = &incoming(&shop, "")[..] else { panic!() };
    assert_eq!(transfer["wtid"], detail["wtid"]);
    assert_eq!(transfer["expected_transfer_serial_id"], detail["expected_transfer_serial_id"]);
    assert_eq!(
        (&transfer["expected_credit_amount"], &transfer["payto_uri"]),
        (&json!("KUDOS:4.98"), &json!(ACCOUNT))
    );
    assert_eq!(
        (&transfer["validated"], &transfer["confirmed"], &transfer["last_http_status"]),
        (&json!(true), &json!(false), &json!(200))
    );
    let one = shop.get(&format!("/private/incoming/{}", transfer["expected_transfer_serial_id"]));
    assert_eq!(one.json()["wire_fee"], "KUDOS:0.01");
    assert_eq!(
        one.json()["reconciliation_details"],
        json!([{ "order_id": sold.id, "remaining_deposit": "KUDOS:5", "deposit_fee": "KUDOS:0.01" }])
    );
    assert_eq!(shop.get("/private/incoming/99").failure(), (404, 2040));
}

#[test]
fn a_shop_says_what_has_arrived_and_takes_back_only_what_no_exchange_knows() {
    let (shop, exchange) = market();
    let sold = sold(&shop, &exchange, "5");
    let wtid = wired(&shop, &sold)["wire_details"][0]["wtid"].clone();
    let arrived = |credit: &str, wtid: &Value| {
        let body = json!({
            "credit_amount": credit, "wtid": wtid, "exchange_url": exchange.base_url(),
            // Banks have their own ways with names.
            "payto_uri": "payto://x-taler-bank/LOCALHOST/shop?receiver-name=SHOP+LTD",
        });
        shop.post("/private/transfers", &body)
    };
    for _ in 0..2 {
        assert_eq!(arrived("KUDOS:4.98", &wtid).status, 204);
    }
    assert_eq!(arrived("KUDOS:4.97", &wtid).failure(), (409, 2557));
    let status = shop.status(&sold.id, "");
    assert_eq!(status["wire_details"][0]["confirmed"], true);
    let [transfer] = &confirmed(&shop, "")[..] else { panic!() };
    assert_eq!(
        (&transfer["verified"], &transfer["confirmed"], &transfer["expected"]),
        (&json!(true), &json!(true), &json!(true))
    );
    assert_eq!(incoming(&shop, "?confirmed=yes").len(), 1);
    assert_eq!(incoming(&shop, "?confirmed=NO").len(), 0);
    let serial = &transfer["transfer_serial_id"];
    assert_eq!(shop.delete(&format!("/private/transfers/{serial}")).failure(), (409, 2556));

    let stranger = json!("0".repeat(52));
    assert_eq!(arrived("KUDOS:1", &stranger).status, 204);
    assert_eq!(confirmed(&shop, "?expected=no").len(), 1);
    assert_eq!(incoming(&shop, "").len(), 1, "no exchange has named it");
    let serial = confirmed(&shop, "?expected=no")[0]["transfer_serial_id"].clone();
    assert_eq!(shop.delete(&format!("/private/transfers/{serial}")).status, 204);
    assert_eq!(shop.delete(&format!("/private/transfers/{serial}")).failure(), (404, 2017));

    let elsewhere = json!({
        "credit_amount": "KUDOS:1", "wtid": wtid, "exchange_url": exchange.base_url(),
        "payto_uri": "payto://x-taler-bank/localhost/other?receiver-name=Other",
    });
    assert_eq!(shop.post("/private/transfers", &elsewhere).failure(), (404, 2022));
    for query in ["limit=0", "offset=-1", "before=x", "after=x", "payto_uri=x"] {
        for list in ["transfers", "incoming"] {
            let failure = shop.get(&format!("/private/{list}?{query}")).failure();
            assert_eq!(failure, (400, 26), "{list} {query}");
        }
    }
    let to = |account: &str| {
        let at = format!("payto%3A%2F%2Fx-taler-bank%2Flocalhost%2F{account}%3Freceiver-name%3DX");
        confirmed(&shop, &format!("?payto_uri={at}")).len()
    };
    assert_eq!((to("shop"), to("other")), (1, 0));
    assert_eq!(confirmed(&shop, "?after=4000000000").len(), 0);
    assert_eq!(confirmed(&shop, "?before=4000000000&limit=5").len(), 1);
}

#[test]
fn less_than_the_exchange_says_is_seen_as_that() {
    let (shop, exchange) = market();
    let sold = sold(&shop, &exchange, "5");
    let wtid = wired(&shop, &sold)["wire_details"][0]["wtid"].clone();
    let body = json!({
        "credit_amount": "KUDOS:4", "wtid": wtid, "exchange_url": exchange.base_url(),
        "payto_uri": ACCOUNT,
    });
    assert_eq!(shop.post("/private/transfers", &body).status, 204);
    assert_eq!(confirmed(&shop, "")[0]["verified"], false);
    let row = &incoming(&shop, "")[0];
    assert_eq!((&row["validated"], &row["last_ec"]), (&json!(false), &json!(2552)));
}

#[test]
fn a_transfer_that_has_arrived_wires_its_orders_though_the_exchange_lists_nothing() {
    let exchange = Exchange::start();
    let shop = shop_with(&exchange, "[exchanges]\nattempts = 1\n");
    let fails = Some(FaultAction::NotFound.into());
    exchange.misbehave(Faults { transfer: fails, ..Faults::default() });
    let sold = sold(&shop, &exchange, "5");
    eventually("it is named", || !incoming(&shop, "").is_empty());
    eventually("it is asked for", || incoming(&shop, "")[0]["last_ec"] == 2261);
    let status = shop.status(&sold.id, "");
    assert_eq!(status["wired"], false);
    let [report] = &status["wire_reports"].as_array().unwrap()[..] else { panic!("{status}") };
    assert_eq!((&report["code"], &report["exchange_http_status"]), (&json!(2261), &json!(404)));
    assert_eq!(status["exchange_http_status"], 404);

    let wtid = incoming(&shop, "")[0]["wtid"].clone();
    let body = json!({
        "credit_amount": "KUDOS:4.98", "wtid": wtid, "exchange_url": exchange.base_url(),
        "payto_uri": ACCOUNT,
    });
    assert_eq!(shop.post("/private/transfers", &body).status, 204);
    assert_eq!(shop.status(&sold.id, "")["wired"], true);
    assert_eq!(confirmed(&shop, "")[0].get("verified"), None);
}

#[test]
fn whenever_the_daemon_is_killed_all_is_wired_in_the_end() {
    let (mut shop, exchange) = market();
    let mut rng = crate::common::rng::Dice(0x5E77);
    let mut all = Vec::new();
    for _ in 0..12 {
        all.push(sold(&shop, &exchange, ["5", "2", "1"][rng.place(3)]));
        std::thread::park_timeout(std::time::Duration::from_millis(rng.below(900)));
        shop = shop.restarted();
    }
    for sold in &all {
        let status = wired(&shop, sold);
        assert_eq!(status["wire_details"][0]["amount"], status["deposit_total"]);
    }
    let findings = shop.place.run(&["check"]);
    assert!(findings.status.success(), "{findings:?}");
}
