//! The main stories, told by the real program: a customer pays and everybody who waits hears of it
//! at once; a paywall asks before there is any order; afterwards nothing is forgotten.

use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::common::{Daemon, Place, Reply, client};

const PAYTO: &str = "payto://iban/DE75512108001245126199?receiver-name=Shop";
const PAGE: &str = "https%3A%2F%2Fnews.example%2Fa7";
const NONCE: &str = "0000000000000000000000000000000000000000000000000000";
/// How long polls wait: longer than a client's own patience here, so that a lost wake fails.
const LONG: &str = "timeout_ms=60000";

/// A shop that can sell: its folder and its token.
pub(crate) fn shop() -> (Place, String) {
    let place = Place::new();
    place.instance("admin");
    place.ok(&["account", "add", "admin", PAYTO]);
    let token = place.token("admin", "all");
    (place, token)
}

pub(crate) fn post(daemon: &Daemon, token: &str, path: &str, body: &Value) -> Value {
    let reply = daemon.ask("POST", path).token(token).json(body).send();
    assert_eq!(reply.status, 200, "{path}: {reply:?}");
    reply.json()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}"))
}

/// Asks for all `paths` at the same time, waits until so many polls are parked, does `act`, and
/// gives the answers with the time that each took from then on.
fn while_parked(daemon: &Daemon, paths: &[String], act: impl FnOnce()) -> Vec<(Reply, Duration)> {
    thread::scope(|scope| {
        let asking: Vec<_> = paths
            .iter()
            .map(|path| scope.spawn(move || (daemon.get(path), Instant::now())))
            .collect();
        parked(daemon, paths.len());
        let start = Instant::now();
        act();
        asking
            .into_iter()
            .map(|asked| {
                let (reply, at) = asked.join().unwrap();
                (reply, at.saturating_duration_since(start))
            })
            .collect()
    })
}

/// Waits until so many polls are parked.
pub(crate) fn parked(daemon: &Daemon, count: usize) {
    let admin = daemon.admin.as_ref().unwrap();
    let deadline = Instant::now() + crate::common::PATIENCE;
    let wanted = format!("tilld_polls_parked {count}");
    let asker = client().build().unwrap();
    loop {
        let text = asker.get(format!("{admin}/metrics")).send().unwrap().text().unwrap();
        if text.lines().any(|line| line == wanted) {
            return;
        }
        assert!(Instant::now() < deadline, "never {wanted}: {text}");
        thread::yield_now();
    }
}

pub(crate) fn start(place: &Place) -> Daemon {
    place.start_with(&[("TILLD_ADMIN__LISTEN", "127.0.0.1:0")])
}

#[test]
fn every_parked_poll_hears_of_the_payment_and_a_restart_loses_nothing() {
    let (place, token) = shop();
    let daemon = start(&place);
    let order = json!({
        "order": {
            "summary": "Article 7", "amount": "KUDOS:0.50",
            "fulfillment_url": "https://news.example/a7",
        },
        "session_id": "S1",
    });
    let made = post(&daemon, &token, "/private/orders", &order);
    let (id, claim_token) = (text(&made["order_id"]), text(&made["token"]));
    let claim = json!({ "nonce": NONCE, "token": claim_token });
    assert_eq!(daemon.ask("POST", &format!("/orders/{id}/claim")).json(&claim).send().status, 200);
    let status = daemon.ask("GET", &format!("/private/orders/{id}")).token(&token).send().json();
    let h_contract =
        text(&status["order_status_url"]).split_once("h_contract=").unwrap().1.to_owned();

    let paths = |wait: &str| {
        [
            format!("/sessions/S1?fulfillment_url={PAGE}&{wait}"),
            format!("/orders/{id}?token={claim_token}&session_id=S1&{wait}"),
            format!(
                "/public/poll-payment?order_id={id}&h_contract={h_contract}&session_id=S1&{wait}"
            ),
        ]
    };
    // The last of them is of 2019.
    let there = if cfg!(feature = "legacy") { 3 } else { 2 };
    let answers = while_parked(&daemon, &paths(LONG)[..there], || {
        let paid = post(
            &daemon,
            &token,
            &format!("/private/orders/{id}/payments"),
            &json!({ "method": "cash" }),
        );
        assert_eq!(paid["amount"], "KUDOS:0.5");
    });

    let documented = [
        json!({ "order_id": id }),
        json!({
            "refunded": false, "refund_pending": false, "refund_amount": "KUDOS:0",
            "refund_taken": "KUDOS:0", "fulfillment_url": "https://news.example/a7",
        }),
        json!({ "paid": true, "refunded": false }),
    ];
    for ((reply, took), body) in answers.iter().zip(&documented) {
        assert_eq!((reply.status, &reply.json()), (200, body));
        assert!(*took < Duration::from_secs(5), "{took:?}");
    }
    parked(&daemon, 0);

    assert_eq!(daemon.stop(), 0);
    let daemon = start(&place);
    for (path, body) in paths("")[..there].iter().zip(&documented) {
        let reply = daemon.get(path);
        assert_eq!((reply.status, &reply.json()), (200, body), "{path}");
    }
}

#[cfg(not(feature = "legacy"))]
#[test]
fn without_the_api_of_2019_its_paths_are_not_there() {
    let (place, token) = shop();
    let daemon = start(&place);
    for (method, path) in [
        ("GET", "/public/poll-payment?order_id=x"),
        ("GET", "/check-payment?order_id=x"),
        ("GET", "/public/config"),
        ("GET", "/history"),
        ("POST", "/order"),
        ("GET", "/instances/admin/proposal"),
    ] {
        let reply = daemon.ask(method, path).token(&token).send();
        assert_eq!(reply.failure(), (404, 21), "{method} {path}");
    }
    assert_eq!(daemon.get("/config").status, 200);
}

#[test]
fn a_paywall_asks_first_and_the_order_comes_later() {
    let (place, token) = shop();
    let daemon = start(&place);
    let template = json!({
        "template_id": "article", "template_description": "Any article",
        "template_contract": {
            "template_type": "paivana", "summary": "Article",
            "choices": [{ "amount": "KUDOS:1" }], "website_regex": "^https://news\\.example/",
        },
    });
    let added = daemon.ask("POST", "/private/templates").token(&token).json(&template).send();
    assert_eq!(added.status, 204, "{added:?}");

    // The page asks for a session of which nobody knows anything yet, from another origin.
    let mut made = Value::Null;
    let mut receipt = Value::Null;
    let first = "1777503600-abc_-";
    let answers = while_parked(
        &daemon,
        &[format!("/sessions/{first}?fulfillment_url={PAGE}&{LONG}")],
        || {
            let wish = json!({
                "template_type": "paivana", "website": "https://news.example/a7",
                "paivana_id": first,
            });
            let reply = daemon.ask("POST", "/templates/article").json(&wish).send();
            assert_eq!(reply.status, 200, "{reply:?}");
            made = reply.json();
            let id = text(&made["order_id"]);
            // An unpaid order is shown to who asks without patience, and does not end the wait.
            let unpaid = daemon.get(&format!("/sessions/{first}?fulfillment_url={PAGE}"));
            assert_eq!((unpaid.status, unpaid.json()), (202, json!({ "order_id": id })));
            let claim = json!({ "nonce": NONCE, "token": made["token"] });
            let claimed = daemon.ask("POST", &format!("/orders/{id}/claim")).json(&claim).send();
            assert_eq!(claimed.status, 200);
            parked(&daemon, 1);
            let path = format!("/private/orders/{id}/payments");
            receipt = post(&daemon, &token, &path, &json!({ "method": "card", "reference": "77" }));
        },
    );
    let id = text(&made["order_id"]).to_owned();
    let (reply, _) = &answers[0];
    assert_eq!((reply.status, reply.json()), (200, json!({ "order_id": id })));
    assert_eq!(reply.headers["access-control-allow-origin"], "*");
    assert_eq!(receipt["session_id"], first);

    // The paywall's own server asks with its token.
    let path = format!("/private/orders/{id}?session_id={first}");
    let status = daemon.ask("GET", &path).token(&token).send().json();
    assert_eq!(status["order_status"], "paid");
    assert_eq!(status["contract_terms"]["fulfillment_url"], "https://news.example/a7");

    // The same customer in another browser: the wallet shows the receipt of the payment again.
    let h_contract = text(&status["order_status_url"])
        .split_once("h_contract=")
        .unwrap()
        .1
        .split('&')
        .next()
        .unwrap();
    let second = "1777503999-def";
    let answers = while_parked(
        &daemon,
        &[format!("/sessions/{second}?fulfillment_url={PAGE}&{LONG}")],
        || {
            let replay = json!({
                "sig": receipt["sig"], "h_contract": h_contract, "session_id": second,
            });
            let paid = daemon.ask("POST", &format!("/orders/{id}/paid")).json(&replay).send();
            assert_eq!((paid.status, paid.json()), (200, json!({ "refunded": false })));
        },
    );
    let (reply, _) = &answers[0];
    assert_eq!((reply.status, reply.json()), (200, json!({ "order_id": id })));
    // The first browser has lost it, and a replay could bring it back.
    let left = daemon.get(&format!("/sessions/{first}?fulfillment_url={PAGE}"));
    assert_eq!((left.status, left.json()), (202, json!({ "order_id": id })));
}

#[test]
fn an_answer_that_says_paid_is_in_the_file_before_it_is_given() {
    let (place, token) = shop();
    for round in 0..10 {
        let daemon = start(&place);
        let session = format!("S{round}");
        let order = json!({
            "order": { "summary": "x", "amount": "KUDOS:1", "fulfillment_url": "https://news.example/a7" },
            "session_id": session, "create_token": false,
        });
        let made = post(&daemon, &token, "/private/orders", &order);
        let id = text(&made["order_id"]).to_owned();
        thread::scope(|scope| {
            // Whichever client is answered first: the program is killed in that very moment.
            let polling = scope.spawn(|| {
                daemon.get(&format!("/sessions/{session}?fulfillment_url={PAGE}&{LONG}"))
            });
            parked(&daemon, 1);
            let paying = scope.spawn(|| {
                // It may be gone before it has answered.
                let url = format!("{}/private/orders/{id}/payments", daemon.address);
                let client = client().build().unwrap();
                let _ =
                    client.post(url).bearer_auth(&token).json(&json!({ "method": "cash" })).send();
            });
            let reply = polling.join().unwrap();
            daemon.signal("KILL");
            assert_eq!((reply.status, reply.json()), (200, json!({ "order_id": id })));
            paying.join().unwrap();
        });
        drop(daemon);
        let db = rusqlite::Connection::open(place.db()).unwrap();
        let paid: i64 = db
            .query_row(
                "SELECT count(*) FROM orders JOIN payments ON order_serial = orders.serial
                 WHERE order_id = ?1 AND orders.paid_at_s IS NOT NULL AND paid_session = ?2",
                [&id, &session],
                |row| row.get(0),
            )
            .unwrap();
        assert_eq!(paid, 1, "round {round}");
    }
    assert_eq!(place.ok(&["check"]), place.ok(&["check"]));
}
