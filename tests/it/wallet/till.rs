//! The wallet and the till, both true.

use serde_json::json;

use super::command_line::run;
use crate::common::exchange::{AHEAD, Exchange};
use crate::common::{Daemon, Place, tilld};
use crate::life::eventually;

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
