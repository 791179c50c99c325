//! The wallet and the till, both true.

use serde_json::json;

use super::command_line::run;
use crate::common::eventually;
use crate::common::exchange::{AHEAD, Exchange};
use crate::common::{Daemon, Place, tilld};

/// A shop of our own that takes the exchange's coins, at the address where it listens.
fn shop(exchange: &Exchange) -> (Place, Daemon) {
    // The daemon's clock is the machine's.
    exchange.turn_back(AHEAD);
    let place = Place::new();
    place.instance("admin");
    place.ok(&["account", "add", "admin", "payto://x-taler-bank/bank.example/s?receiver-name=S"]);
    let settings = place.dir.path().join("tilld.toml");
    std::fs::write(&settings, exchange.trusted()).unwrap();
    let mut command = tilld();
    command.arg("--database").arg(place.db()).arg("serve").env("TILLD_CONFIG", &settings);
    let daemon = Daemon::start(command);
    eventually("keys", || {
        let states = daemon.get("/exchanges").json();
        !states["exchanges"][0]["keys_downloaded"].is_null()
    });
    (place, daemon)
}

#[test]
fn a_template_of_the_till_becomes_an_offer_that_the_wallet_believes() {
    let exchange = Exchange::start();
    let (place, daemon) = shop(&exchange);
    let template = json!({
        "template_id": "tea", "template_description": "Tea",
        "template_contract": { "summary": "Tea", "minimum_age": 0,
            "pay_duration": { "d_us": 600_000_000 } },
    });
    let made = daemon
        .ask("POST", "/private/templates")
        .token(&place.token("admin", "all"))
        .json(&template)
        .send();
    assert_eq!(made.status, 204, "{made:?}");
    let uri = format!("{}/tea", daemon.address.replace("http://", "taler+http://pay-template/"));
    let (status, said) = run(place.dir.path(), &["use-template", &uri]);
    assert_eq!((status, said.contains("--amount")), (2, true), "{said}");
    // Everything is checked before the wallet looks for money.
    let (status, said) = run(place.dir.path(), &["use-template", &uri, "--amount", "KUDOS:0.3"]);
    assert_eq!(
        (status, said.as_str()),
        (1, "tilld: not enough money for KUDOS:0.3 from an exchange that the shop takes")
    );
}

#[test]
fn a_wallet_pays_the_till_moves_its_receipt_and_collects_its_refund() {
    let exchange = Exchange::start();
    let (place, daemon) = shop(&exchange);
    let (token, dir) = (place.token("admin", "all"), place.dir.path());
    let wallet = |args: &[&str]| {
        let (status, said) = run(dir, args);
        assert_eq!(status, 0, "{args:?}: {said}");
        said
    };
    // What the wallet says it has is what the exchange says is out, to the last unit.
    let agree = || {
        let out = exchange.ledger()["coins"].as_str().unwrap().to_owned();
        let said = wallet(&["balance"]);
        assert!(said.split_whitespace().any(|word| word == out), "{said}, not {out}");
        out
    };
    let post = |path: &str, body| daemon.ask("POST", path).token(&token).json(&body).send();
    let order = |amount: &str| {
        let page = "https://tea.example/";
        let made = post(
            "/private/orders",
            json!({
                "order": { "summary": "Tea", "amount": amount, "fulfillment_url": page },
                "refund_delay": { "d_us": 3_600_000_000_u64 },
                "session_id": "S1",
            }),
        );
        made.json()["order_id"].as_str().unwrap().to_owned()
    };
    let status = |id: &str, session: &str| {
        let path = format!("/private/orders/{id}?session_id={session}");
        daemon.ask("GET", &path).token(&token).send().json()
    };
    let sold_to = |session: &str| {
        let page = "fulfillment_url=https%3A%2F%2Ftea.example%2F";
        daemon.get(&format!("/sessions/{session}?{page}")).status
    };

    wallet(&["--exchange", exchange.base_url(), "withdraw", "KUDOS:5"]);
    assert_eq!(agree(), "KUDOS:5");
    let id = order("KUDOS:2.5");
    let uri = status(&id, "S1")["taler_pay_uri"].as_str().unwrap().to_owned();
    wallet(&["pay", &uri]);
    assert_eq!(status(&id, "S1")["order_status"], "paid");
    let left = agree();

    // The same order for another session: the receipt moves, the money does not.
    assert_eq!((sold_to("S1"), sold_to("S2")), (200, 404));
    wallet(&["pay", &uri, "--session", "S2"]);
    assert_eq!((sold_to("S1"), sold_to("S2")), (202, 200));
    // The same page in the first session again: bought before, so nothing is paid.
    let again = status(&order("KUDOS:2.5"), "S1")["taler_pay_uri"].as_str().unwrap().to_owned();
    wallet(&["pay", &again]);
    assert_eq!(sold_to("S1"), 200);
    assert_eq!(agree(), left);

    let refund = json!({ "refund": "KUDOS:1", "reason": "cold" });
    let granted = post(&format!("/private/orders/{id}/refund"), refund).json();
    wallet(&["refund", granted["taler_refund_uri"].as_str().unwrap()]);
    assert_ne!(agree(), left);
    assert_eq!(status(&id, "S1")["refund_pending"], false);
    let ledger = exchange.ledger();
    let sum = ["reserves", "coins", "merchants", "fees"].iter().map(|name| kudos_of(&ledger[name]));
    assert_eq!(sum.sum::<u64>(), kudos_of(&ledger["topped_up"]));
}

/// An amount of the ledger, in units of 10⁻⁸.
fn kudos_of(amount: &serde_json::Value) -> u64 {
    let amount = taler::amount::Amount::parse(amount.as_str().unwrap()).unwrap();
    amount.value() * 100_000_000 + u64::from(amount.fraction())
}

#[test]
fn an_order_that_is_given_back_is_for_another_wallet_and_refunds_come_by_themselves() {
    let exchange = Exchange::start();
    let (place, daemon) = shop(&exchange);
    let (token, dir) = (place.token("admin", "all"), place.dir.path());
    let other = tempfile::tempdir().unwrap();
    let order = json!({
        "order": { "summary": "Tea", "amount": "KUDOS:0.3", "fulfillment_message": "Here it is.",
            "auto_refund": { "d_us": 3_600_000_000_u64 } },
        "refund_delay": { "d_us": 3_600_000_000_u64 }, "create_token": false,
    });
    let made = daemon.ask("POST", "/private/orders").token(&token).json(&order).send();
    let id = made.json()["order_id"].as_str().unwrap().to_owned();
    let host = daemon.address.trim_start_matches("http://");
    let uri = format!("taler+http://pay/{host}/{id}/");
    // Without money an order is only claimed, and nobody else can have it.
    let (status, _) = run(dir, &["pay", &uri]);
    assert_eq!(status, 1);
    let (status, said) = run(dir, &["--json", "history"]);
    let claimed: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!((status, &claimed[0]["state"]), (0, &json!("claimed")), "{said}");
    run(other.path(), &["--exchange", exchange.base_url(), "withdraw", "KUDOS:1"]);
    let (status, said) = run(other.path(), &["pay", &uri]);
    assert!(status == 1 && said.contains("/2301"), "{said}");
    assert_eq!(run(dir, &["unclaim", &uri]), (0, "order given back".into()));
    let (status, said) = run(dir, &["unclaim", &uri]);
    assert_eq!((status, said.as_str()), (1, "tilld: this wallet has not paid for that order"));
    let (status, said) = run(other.path(), &["--json", "pay", &uri]);
    let paid: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!((status, &paid["paid"], &paid["amount"]), (0, &json!("now"), &json!("KUDOS:0.3")));
    let (status, _) = run(other.path(), &["unclaim", &uri]);
    assert_eq!(status, 1);

    // The contract says that refunds come by themselves: nobody brings an address of one.
    let path = format!("/private/orders/{id}/refund");
    let refund = json!({ "refund": "KUDOS:0.1", "reason": "cold" });
    assert_eq!(daemon.ask("POST", &path).token(&token).json(&refund).send().status, 200);
    let (status, said) = run(other.path(), &["update"]);
    assert_eq!(status, 0, "{said}");
    assert!(said.starts_with("refunded KUDOS:0."), "{said}");
    let (_, said) = run(other.path(), &["history"]);
    let words: Vec<_> = said.lines().map(|line| line.get(22..).unwrap()).collect();
    for start in ["refunded KUDOS:0.", "paid KUDOS:0.3 for \"Tea\"", "withdrew KUDOS:1"] {
        assert!(words.iter().any(|words| words.starts_with(start)), "{start}: {said}");
    }
    let (_, said) = run(other.path(), &["--json", "balance"]);
    let balance: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!(balance[0]["available"], exchange.ledger()["coins"]);
    assert_eq!(balance[0]["pending"], "KUDOS:0");
}
