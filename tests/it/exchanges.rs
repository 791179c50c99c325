//! Exchanges that are well, that are down, and that lie: the daemon stays up with all of them.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use taler::sign::SigningKey;

use crate::common::eventually;
use crate::common::fake_peer::{Exchange, Manners};
use crate::common::shop::Shop;
use crate::common::{Daemon, Reply};

fn order(shop: &Shop) -> Reply {
    shop.order(&json!({ "order": { "summary": "Tea", "amount": "KUDOS:1" } }))
}

/// What the daemon says of its only exchange.
fn state(daemon: &Daemon) -> Value {
    let states = daemon.get("/exchanges").json();
    assert_eq!(states["exchanges"].as_array().unwrap().len(), 1);
    states["exchanges"][0].clone()
}

fn has(daemon: &Daemon, member: &str) {
    eventually(member, || !state(daemon)[member].is_null());
}

#[test]
fn keys_are_fetched_soon_after_the_start_and_outlive_the_daemon() {
    let exchange = Exchange::start();
    exchange.behave(Manners::Tells(exchange.keys(&exchange.master, "^payto://iban/DE")));
    let shop = Shop::configured(&exchange.settings());
    has(&shop.daemon, "keys_downloaded");
    let before = state(&shop.daemon);
    assert_eq!(before["keys_http_status"], 200);
    assert_eq!(before["keys_ec"], 0);
    let secs = |member: &str| before[member]["t_s"].as_u64().unwrap();
    assert_eq!(secs("keys_expiration"), secs("keys_downloaded") + 3600);
    assert_eq!(secs("next_download"), secs("keys_downloaded") + 3240);
    assert_eq!(before["problem"], Value::Null);
    assert_eq!(order(&shop).status, 200);

    exchange.behave(Manners::HangsUp);
    let settings = shop.place.dir.path().join("tilld.toml");
    std::fs::write(&settings, exchange.settings()).unwrap();
    let Shop { place, daemon, .. } = shop;
    assert_eq!(daemon.stop(), 0);
    let again = place.start_with(&[("TILLD_CONFIG", settings.to_str().unwrap())]);
    has(&again, "keys_downloaded");
    assert_eq!(state(&again), before);
}

#[test]
fn an_exchange_that_cannot_pay_the_shop_is_in_no_contract() {
    let exchange = Exchange::start();
    exchange.behave(Manners::Tells(exchange.keys(&exchange.master, "^payto://iban/CH")));
    let shop = Shop::configured(&exchange.settings());
    has(&shop.daemon, "keys_downloaded");
    assert_eq!(order(&shop).failure(), (409, 2509));
}

#[test]
fn an_exchange_that_is_down_does_not_stop_sales() {
    let dead = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut exchange = Exchange::start();
    exchange.address = dead;
    let shop = Shop::configured(&exchange.settings());
    assert_eq!(order(&shop).status, 200);
    has(&shop.daemon, "problem");
    let state = state(&shop.daemon);
    assert_eq!(state["keys_http_status"], 0);
    assert!(state["problem"].as_str().unwrap().starts_with("it is unreachable: "), "{state}");
    assert!(state["next_download"]["t_s"].is_u64());
    assert_eq!(order(&shop).status, 200);
    assert_eq!(shop.daemon.stop(), 0);
}

#[test]
fn an_exchange_with_another_master_key_is_not_believed() {
    let exchange = Exchange::start();
    let other = SigningKey::from_seed([9; 32]);
    exchange.behave(Manners::Tells(exchange.keys(&other, "^payto://iban/CH")));
    let shop = Shop::configured(&exchange.settings());
    has(&shop.daemon, "problem");
    let state = state(&shop.daemon);
    let problem = format!("its master public key is {}", other.public_key());
    assert_eq!(state["problem"], problem);
    assert_eq!(
        (&state["keys_http_status"], &state["keys_downloaded"]),
        (&json!(200), &Value::Null)
    );
    // Nothing that it said of its accounts counts.
    assert_eq!(order(&shop).status, 200);
    assert_eq!(shop.daemon.stop(), 0);
}

#[test]
fn an_exchange_that_does_not_answer_holds_up_neither_orders_nor_the_end() {
    let exchange = Exchange::start();
    exchange.behave(Manners::Silent);
    let shop = Shop::configured(&exchange.settings());
    let begun = Instant::now();
    assert_eq!(order(&shop).status, 200);
    assert_eq!(state(&shop.daemon)["keys_http_status"], 0);
    assert_eq!(shop.daemon.stop(), 0);
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
}

#[test]
fn a_command_adds_an_exchange_and_the_daemon_that_runs_takes_it_up() {
    let exchange = Exchange::start();
    exchange.behave(Manners::Tells(exchange.keys(&exchange.master, "^payto://iban/DE")));
    let (url, key) = (format!("http://{}/", exchange.address), exchange.master.public_key());
    let shop = Shop::new();
    let add = |more: &[&str]| [&["exchange", "add", &*url], more].concat().join(" ");
    let run = |line: &str| shop.place.run(&line.split(' ').collect::<Vec<_>>());
    // Where nobody can be asked, somebody must have said so.
    let asked = run(&add(&[]));
    let (printed, said) =
        (String::from_utf8(asked.stdout).unwrap(), String::from_utf8(asked.stderr).unwrap());
    assert_eq!(asked.status.code(), Some(2), "{said}");
    assert!(
        printed.contains(&format!("master key\t{key}")) && printed.contains("KUDOS"),
        "{printed}"
    );
    assert!(said.contains("--master-key KEY") && said.contains("by another way"), "{said}");
    let other = SigningKey::from_seed([9; 32]).public_key().to_string();
    for (more, status) in [
        (&["--master-key", &*other][..], 1),
        (&["--master-key", "KEY"], 2),
        (&["--yes", "--master-key", &*other], 2),
    ] {
        assert_eq!(run(&add(more)).status.code(), Some(status), "{more:?}");
    }
    for bad in ["http://exchange.example/", "exchange", "ftp://exchange.example/"] {
        assert_eq!(shop.place.fails(&["exchange", "add", bad, "--yes"]).0, 2, "{bad}");
    }
    assert_eq!(shop.place.ok(&["exchange", "list"]), "");
    let key = key.to_string();
    shop.place.ok(&["exchange", "add", &url, "--master-key", &key]);
    assert_eq!(shop.place.ok(&["exchange", "list"]), format!("{url}\tKUDOS\t{key}\tdatabase"));
    let count = || shop.daemon.get("/exchanges").json()["exchanges"].as_array().unwrap().len();
    eventually("the daemon takes it up", || count() == 1);
    // And fetches its keys without being asked.
    has(&shop.daemon, "keys_downloaded");
    assert_eq!(order(&shop).status, 200);
    shop.place.ok(&["exchange", "remove", url.trim_end_matches('/')]);
    eventually("the daemon offers it no more", || count() == 0);
    assert_eq!(shop.place.ok(&["exchange", "list"]), format!("{url}\tKUDOS\t{key}\tremoved"));
    // A second time does no harm; what was never there is named.
    shop.place.ok(&["exchange", "remove", &url]);
    let (status, said) = shop.place.fails(&["exchange", "remove", "https://never.example/"]);
    assert!(status == 1 && said.contains("there is no such exchange"), "{said}");
}

#[test]
fn so_many_exchanges_can_be_added_and_no_more() {
    let exchange = Exchange::start();
    exchange.behave(Manners::Tells(exchange.keys(&exchange.master, "")));
    let shop = Shop::new();
    let db = rusqlite::Connection::open(shop.place.db()).unwrap();
    db.busy_timeout(crate::common::PATIENCE).unwrap();
    for number in 0..tilld::till::MAX_EXCHANGES {
        // Removed ones count, for what was begun with them is finished.
        db.execute_batch(&format!(
            "INSERT INTO trusted_exchanges (base_url, master_pub, currency, added_at_s, removed_at_s)
             VALUES ('https://e{number}.invalid/', zeroblob(32), 'CHF', 1, 2)"
        ))
        .unwrap();
    }
    let url = format!("http://{}/", exchange.address);
    let (status, said) = shop.place.fails(&["exchange", "add", &url, "--yes"]);
    assert!(status == 1 && said.contains("32 exchanges already"), "{said}");
}
