//! `order_settled` is told once for each order, whenever the daemon is killed (settlement 5 and 9).

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use super::sink::Sink;
use super::{ALLOWED, added, webhook};
use crate::coins::claimed;
use crate::common::eventually;
use crate::common::exchange::Exchange;
use crate::common::rng::Dice;
use crate::common::shop::{Shop, now};

const BODY: &str =
    "{\"order\":\"{{order_id}}\",\"wtid\":\"{{wtid}}\",\"amount\":\"{{wired_amount}}\"}";

#[test]
fn each_order_is_settled_once_whenever_the_daemon_is_killed() {
    let exchange = Exchange::start();
    let account = "payto://x-taler-bank/localhost/shop?receiver-name=Shop";
    let settings = format!("{ALLOWED}\n{}", exchange.trusted());
    let mut shop = Shop::configured_at(account, &settings);
    let sink = Sink::start();
    added(&shop, &webhook("w", "order_settled", &sink.url("/w"), BODY));
    let (mut orders, mut rng) = (BTreeSet::new(), Dice(0x5E7));
    for _ in 0..8 {
        let coin = exchange.coin("2");
        let at = json!({ "t_s": now() + 4 });
        let sold = claimed(
            &shop,
            &json!({ "order": {
                "summary": "tea", "amount": "KUDOS:2", "max_fee": "KUDOS:1",
                "fulfillment_message": "here", "pay_deadline": at, "refund_deadline": at,
                "wire_transfer_deadline": at,
            }}),
        );
        let reply = sold.pay(&shop, &sold.payment(&exchange, &[(&coin, "2")]));
        assert_eq!(reply.status, 200, "{reply:?}");
        orders.insert(sold.id);
        std::thread::park_timeout(std::time::Duration::from_millis(rng.below(1_500)));
        shop = shop.restarted();
    }
    let told = || -> BTreeMap<String, BTreeSet<String>> {
        let mut told: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
        for heard in sink.heard() {
            let body = heard.json();
            assert_eq!(body["amount"], "KUDOS:1.99");
            let order = body["order"].as_str().unwrap().to_owned();
            told.entry(order).or_default().insert(heard.headers["webhook-id"].clone());
        }
        told
    };
    eventually("all are told", || told().len() == orders.len());
    assert_eq!(told().into_keys().collect::<BTreeSet<_>>(), orders);
    // An event can come twice, and is the same then.
    assert!(told().values().all(|events| events.len() == 1), "{:?}", told());
    let wtids: BTreeSet<_> =
        sink.heard().iter().map(|one| one.json()["wtid"].to_string()).collect();
    let known = shop.get("/private/incoming?limit=100").json();
    let known = known["incoming"].as_array().unwrap();
    assert_eq!(known.iter().map(|one| one["wtid"].to_string()).collect::<BTreeSet<_>>(), wtids);
}
