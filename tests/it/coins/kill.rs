//! A daemon that is killed leaves no coin in between.

use serde_json::{Value, json};

use super::{claimed, confirmed, market, order};
use crate::common::rng::Dice;
use crate::common::shop::Shop;

/// Sends a request, and kills the daemon some moments later; the shop after its restart.
fn killed_during(shop: Shop, path: &str, body: &Value, after_us: u64) -> Shop {
    let request = shop.daemon.ask("POST", path).json(body).request;
    let asked = std::thread::spawn(move || drop(request.send()));
    std::thread::park_timeout(std::time::Duration::from_micros(after_us));
    let shop = shop.restarted();
    asked.join().unwrap();
    shop
}

#[test]
fn a_daemon_that_is_killed_at_any_moment_takes_each_coin_once() {
    let (mut shop, exchange) = market();
    let mut rng = Dice(0x5EED);
    for round in 0..200 {
        let claimed = claimed(&shop, &order("1"));
        let coin = exchange.coin("1");
        let body = claimed.payment(&exchange, &[(&coin, "1")]);
        let path = format!("/orders/{}/pay", claimed.id);
        shop = killed_during(shop, &path, &body, rng.below(9_000));
        let reply = claimed.pay(&shop, &body);
        assert_eq!(reply.status, 200, "round {round}: {reply:?}");
        assert_eq!(exchange.account_of(&coin)["spent"], "KUDOS:1", "round {round}");
        if round % 2 == 0 {
            continue;
        }
        assert_eq!(shop.refund(&claimed.id, "KUDOS:0.4").status, 200);
        let path = format!("/orders/{}/refund", claimed.id);
        let body = json!({ "h_contract": claimed.contract.h_contract });
        shop = killed_during(shop, &path, &body, rng.below(6_000));
        let reply = claimed.pick_up(&shop);
        assert_eq!(reply.status, 200, "round {round}: {reply:?}");
        confirmed(&claimed, &reply.json()["refunds"][0]);
        assert_eq!(exchange.account_of(&coin)["refunded"], "KUDOS:0.39", "round {round}");
        let seen = shop.seen(&claimed.id, &claimed.query()).json();
        assert_eq!(seen["refund_taken"], "KUDOS:0.4", "round {round}");
    }
    let findings = shop.place.run(&["check"]);
    assert!(findings.status.success(), "{findings:?}");
}
