//! Waiting itself: its ends, its limits, and who is woken by what.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use taler::contract::contract_hash;

use crate::common::{Daemon, PATIENCE, Place, Reply};
use crate::story::{parked, post, shop, start};

const PAGE: &str = "https%3A%2F%2Fnews.example%2Fa";

fn order(daemon: &Daemon, token: &str, extra: &Value) -> String {
    let mut order = json!({
        "summary": "x", "amount": "KUDOS:2", "fulfillment_url": "https://news.example/a",
    });
    for (name, value) in extra.as_object().unwrap() {
        order[name] = value.clone();
    }
    let wish = json!({ "order": order, "session_id": "S1", "create_token": false });
    let made = post(daemon, token, "/private/orders", &wish);
    made["order_id"].as_str().unwrap().to_owned()
}

fn pay(daemon: &Daemon, token: &str, id: &str) -> Value {
    post(daemon, token, &format!("/private/orders/{id}/payments"), &json!({ "method": "cash" }))
}

/// The answer to a poll that was parked when `act` happened.
fn woken_by(daemon: &Daemon, path: &str, token: Option<&str>, act: impl FnOnce()) -> Reply {
    thread::scope(|scope| {
        let polling = scope.spawn(|| {
            let ask = daemon.ask("GET", path);
            match token {
                Some(token) => ask.token(token).send(),
                None => ask.send(),
            }
        });
        parked(daemon, 1);
        act();
        polling.join().unwrap()
    })
}

/// Opens a connection and sends a request for `path` on it, without waiting for the answer.
fn ask_raw(daemon: &Daemon, path: &str, headers: &str) -> TcpStream {
    let mut stream = TcpStream::connect(daemon.socket()).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let head = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{headers}\r\n");
    stream.write_all(head.as_bytes()).unwrap();
    stream
}

fn rest(mut stream: TcpStream) -> String {
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn a_poll_that_nothing_happens_to_ends_with_its_time() {
    let (place, _) = shop();
    let daemon = start(&place);
    for (wait, least) in [("timeout_ms=700", 700), ("timeout_ms=0", 0), ("", 0)] {
        let start = Instant::now();
        let reply = daemon.get(&format!("/sessions/S1?fulfillment_url={PAGE}&{wait}"));
        assert_eq!(reply.failure(), (404, 2038));
        assert!(start.elapsed() >= Duration::from_millis(least), "{wait}");
    }
}

#[test]
fn a_wait_without_end_is_cut_to_our_own_limit() {
    let (place, _) = shop();
    let daemon = place.start_with(&[("TILLD_POLLS__MAX_WAIT_S", "1")]);
    let path = format!("/sessions/S1?fulfillment_url={PAGE}&timeout_ms=99999999999999999999");
    assert_eq!(daemon.get(&path).failure(), (404, 2038));
}

#[test]
fn a_client_that_hangs_up_waits_no_more() {
    let (place, _) = shop();
    let daemon = start(&place);
    let stream =
        ask_raw(&daemon, &format!("/sessions/S1?fulfillment_url={PAGE}&timeout_ms=60000"), "");
    parked(&daemon, 1);
    drop(stream);
    parked(&daemon, 0);
    // One that says only that it will send no more is gone as well.
    let stream =
        ask_raw(&daemon, &format!("/sessions/S1?fulfillment_url={PAGE}&timeout_ms=60000"), "");
    parked(&daemon, 1);
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    parked(&daemon, 0);
}

#[test]
fn stopping_answers_every_parked_poll_with_the_current_state() {
    let (place, token) = shop();
    let daemon = start(&place);
    let id = order(&daemon, &token, &json!({}));
    let wait = "timeout_ms=60000";
    let polls = [
        ask_raw(&daemon, &format!("/sessions/S1?fulfillment_url={PAGE}&{wait}"), ""),
        ask_raw(&daemon, &format!("/sessions/S2?fulfillment_url={PAGE}&{wait}"), ""),
        ask_raw(&daemon, &format!("/orders/{id}?{wait}"), ""),
    ];
    parked(&daemon, 3);
    assert_eq!(daemon.stop(), 0);
    let starts = ["HTTP/1.1 202", "HTTP/1.1 404", "HTTP/1.1 402"];
    for (poll, status) in polls.into_iter().zip(starts) {
        let answer = rest(poll);
        assert!(answer.starts_with(status), "{status}: {answer}");
    }
}

#[test]
fn past_a_cap_the_answer_comes_at_once() {
    let (place, _) = shop();
    let caps = [
        ("TILLD_ADMIN__LISTEN", "127.0.0.1:0"),
        ("TILLD_POLLS__MAX_TOTAL", "5"),
        ("TILLD_POLLS__MAX_PER_TOPIC", "2"),
        ("TILLD_POLLS__MAX_PER_CLIENT", "2"),
        ("TILLD_SERVER__TRUSTED_PROXIES", "127.0.0.1"),
    ];
    let daemon = place.start_with(&caps);
    let path =
        |session: &str| format!("/sessions/{session}?fulfillment_url={PAGE}&timeout_ms=60000");
    let from = |client: &str| format!("X-Forwarded-For: {client}\r\n");

    // Two for one key.
    let mut held = vec![ask_raw(&daemon, &path("A"), ""), ask_raw(&daemon, &path("A"), "")];
    parked(&daemon, 2);
    assert!(rest(ask_raw(&daemon, &path("A"), "")).starts_with("HTTP/1.1 404"));

    // Two from one client, of whom a proxy tells; another client still may.
    held.push(ask_raw(&daemon, &path("B"), &from("192.0.2.1")));
    held.push(ask_raw(&daemon, &path("C"), &from("192.0.2.1")));
    parked(&daemon, 4);
    assert!(rest(ask_raw(&daemon, &path("D"), &from("192.0.2.1"))).starts_with("HTTP/1.1 404"));
    held.push(ask_raw(&daemon, &path("D"), &from("192.0.2.2")));
    parked(&daemon, 5);

    // Five in all; then there is room again.
    assert!(rest(ask_raw(&daemon, &path("E"), "")).starts_with("HTTP/1.1 404"));
    held.pop();
    parked(&daemon, 4);
    held.push(ask_raw(&daemon, &path("E"), ""));
    parked(&daemon, 5);
}

#[test]
fn few_may_wait_with_a_long_head() {
    let (place, _) = shop();
    let daemon = start(&place);
    let path = format!("/sessions/S1?fulfillment_url={PAGE}&timeout_ms=60000");
    let long = format!("X-Long: {}\r\n", "x".repeat(8_000));
    let held: Vec<_> = (0..256).map(|_| ask_raw(&daemon, &path, &long)).collect();
    parked(&daemon, 256);
    assert!(rest(ask_raw(&daemon, &path, &long)).starts_with("HTTP/1.1 404"));
    let short = ask_raw(&daemon, &path, "");
    parked(&daemon, 257);
    drop(held);
    parked(&daemon, 1);
    // There is room again.
    let _long = ask_raw(&daemon, &path, &long);
    parked(&daemon, 2);
    drop(short);
}

#[test]
fn the_pay_deadline_itself_wakes_who_waits() {
    let (place, token) = shop();
    let daemon = start(&place);
    let now = std::process::Command::new("date").arg("+%s").output().unwrap().stdout;
    let now: u64 = String::from_utf8(now).unwrap().trim().parse().unwrap();
    let id = order(&daemon, &token, &json!({ "pay_deadline": { "t_s": now + 2 } }));
    let claim = json!({ "nonce": "0".repeat(52) });
    assert_eq!(daemon.ask("POST", &format!("/orders/{id}/claim")).json(&claim).send().status, 200);
    let status = daemon.ask("GET", &format!("/private/orders/{id}")).token(&token).send().json();
    let hash = contract_hash(&status["contract_terms"]).unwrap().to_string();

    let old = format!("/public/poll-payment?order_id={id}&h_contract={hash}&timeout=60");
    thread::scope(|scope| {
        let today =
            scope.spawn(|| daemon.get(&format!("/orders/{id}?h_contract={hash}&timeout_ms=60000")));
        let old = cfg!(feature = "legacy").then(|| scope.spawn(|| daemon.get(&old)));
        assert_eq!(today.join().unwrap().failure(), (410, 2161));
        if let Some(old) = old.map(|poll| poll.join().unwrap()) {
            assert_eq!((old.status, &old.json()["paid"]), (200, &json!(false)));
        }
    });
    // A session has no order any more, and the shop may still take the money.
    assert_eq!(daemon.get(&format!("/sessions/S1?fulfillment_url={PAGE}")).failure(), (404, 2038));
    let status = daemon.ask("GET", &format!("/private/orders/{id}")).token(&token).send().json();
    assert_eq!(status["order_status"], "claimed");
    pay(&daemon, &token, &id);
    let page = daemon.get(&format!("/sessions/S1?fulfillment_url={PAGE}"));
    assert_eq!((page.status, page.json()), (200, json!({ "order_id": id })));
}

#[test]
fn every_change_wakes_whom_it_concerns() {
    let (place, token) = shop();
    let daemon = start(&place);
    let wait = "timeout_ms=60000";

    // A new order: the list.
    let mut id = String::new();
    let list = woken_by(&daemon, &format!("/private/orders?limit=5&{wait}"), Some(&token), || {
        id = order(&daemon, &token, &json!({}));
    });
    assert_eq!(list.json()["orders"][0]["order_id"], *id);

    // A claim: who waits for any change of the status.
    let status_path = format!("/private/orders/{id}");
    let tag = daemon.ask("GET", &status_path).token(&token).send().headers["etag"].clone();
    let changed = format!("{status_path}?lp_not_etag={}&{wait}", tag.trim_matches('"'));
    let status = woken_by(&daemon, &changed, Some(&token), || {
        let claim = json!({ "nonce": "0".repeat(52) });
        let path = format!("/orders/{id}/claim");
        assert_eq!(daemon.ask("POST", &path).json(&claim).send().status, 200);
    });
    assert_eq!(status.json()["order_status"], "claimed");
    let hash = contract_hash(&status.json()["contract_terms"]).unwrap().to_string();

    // The payment: the shop that waits for it, in the session.
    let status =
        woken_by(&daemon, &format!("{status_path}?session_id=S1&{wait}"), Some(&token), || {
            drop(pay(&daemon, &token, &id))
        });
    assert_eq!(status.json()["order_status"], "paid");

    // A refund: who waits for more than there was, in both generations.
    let refund = |total: &str| {
        let wish = json!({ "refund": total, "reason": "x" });
        post(&daemon, &token, &format!("/private/orders/{id}/refund"), &wish);
    };
    let path = format!("/orders/{id}?h_contract={hash}&refund=KUDOS:0&{wait}");
    let seen = woken_by(&daemon, &path, None, || refund("KUDOS:0.5"));
    assert_eq!(seen.json()["refund_amount"], "KUDOS:0.5");
    if cfg!(feature = "legacy") {
        let path = format!(
            "/public/poll-payment?order_id={id}&h_contract={hash}&refund=KUDOS:0.5&timeout=60"
        );
        let seen = woken_by(&daemon, &path, None, || refund("KUDOS:1"));
        let refunded = json!({ "paid": true, "refunded": true, "refund_amount": "KUDOS:1" });
        assert_eq!(seen.json(), refunded);
    } else {
        refund("KUDOS:1");
    }

    // A replay: who waits with another order of the same page, in the new session.
    let receipt = pay(&daemon, &token, &id);
    let other = order(&daemon, &token, &json!({ "summary": "again" }));
    let path =
        format!("/private/orders/{other}?session_id=S2&allow_refunded_for_repurchase=YES&{wait}");
    let seen = woken_by(&daemon, &path, Some(&token), || {
        let replay = json!({ "sig": receipt["sig"], "h_contract": hash, "session_id": "S2" });
        let path = format!("/orders/{id}/paid");
        let reply = daemon.ask("POST", &path).json(&replay).send();
        assert_eq!((reply.status, reply.json()), (200, json!({ "refunded": true })));
    });
    let seen = seen.json();
    assert_eq!(seen["order_status"], "unpaid");
    assert_eq!(seen["already_paid_order_id"], *id);
    assert_eq!(seen["already_paid_fulfillment_url"], "https://news.example/a");

    // A deletion: who waits for the order.
    let gone = woken_by(&daemon, &format!("/orders/{other}?{wait}"), None, || {
        let path = format!("/private/orders/{other}");
        assert_eq!(daemon.ask("DELETE", &path).token(&token).send().status, 204);
    });
    assert_eq!(gone.failure(), (404, 2005));
}

#[test]
fn a_refund_of_all_takes_the_page_away_again() {
    let (place, token) = shop();
    let daemon = start(&place);
    let id = order(&daemon, &token, &json!({ "refund_deadline": { "t_s": 4_000_000_000_u64 } }));
    pay(&daemon, &token, &id);
    let page = || daemon.get(&format!("/sessions/S1?fulfillment_url={PAGE}"));
    let refund = |total: &str| {
        let wish = json!({ "refund": total, "reason": "x" });
        post(&daemon, &token, &format!("/private/orders/{id}/refund"), &wish);
    };
    refund("KUDOS:1");
    assert_eq!(page().status, 200);
    refund("KUDOS:2");
    assert_eq!(page().failure(), (404, 2038));
}

#[test]
fn a_session_and_its_page_are_compared_byte_for_byte() {
    let (place, token) = shop();
    let daemon = start(&place);
    let wish = json!({
        "order": { "summary": "x", "amount": "KUDOS:1", "fulfillment_url": "https://news.example/a?b=%2F" },
        "session_id": "a/b %2F?ü",
    });
    let made = post(&daemon, &token, "/private/orders", &wish);
    let ask = |session: &str, url: &str| {
        daemon.get(&format!("/sessions/{session}?fulfillment_url={url}")).status
    };
    let session = "a%2Fb%20%252F%3F%C3%BC";
    let url = "https%3A%2F%2Fnews.example%2Fa%3Fb%3D%252F";
    let reply = daemon.get(&format!("/sessions/{session}?fulfillment_url={url}"));
    assert_eq!((reply.status, reply.json()), (202, json!({ "order_id": made["order_id"] })));
    assert_eq!(ask("a%2Fb%20%2F%3F%C3%BC", url), 404);
    assert_eq!(ask(session, "https%3A%2F%2Fnews.example%2Fa%3Fb%3D%2F"), 404);
    assert_eq!(ask(session, "https%3A%2F%2FNEWS.example%2Fa%3Fb%3D%252F"), 404);
    assert_eq!(ask(session, &format!("{url}/")), 404);
    // Another shop's session of the same name is another session.
    place.instance("other");
    let other = format!("/instances/other/sessions/{session}?fulfillment_url={url}");
    assert_eq!(daemon.get(&other).failure(), (404, 2038));
    let nowhere = format!("/instances/nowhere/sessions/{session}?fulfillment_url={url}");
    assert_eq!(daemon.get(&nowhere).failure(), (404, 2000));
}

#[test]
fn a_session_is_asked_for_with_its_page_and_no_key() {
    let (place, _) = shop();
    let daemon = start(&place);
    assert_eq!(daemon.get("/sessions/S1").failure(), (400, 25));
    assert_eq!(daemon.get("/sessions/S1?fulfillment_url=").failure(), (400, 25));
    assert_eq!(daemon.get("/sessions/S1?fulfillment_url=nonsense").failure(), (400, 26));
    assert_eq!(daemon.get("/sessions/%00?fulfillment_url=https%3A%2F%2Fa%2F").failure(), (400, 26));
    let path = format!("/sessions/S1?fulfillment_url={PAGE}&timeout_ms=soon");
    assert_eq!(daemon.get(&path).failure(), (400, 26));
    let preflight = daemon
        .ask("OPTIONS", "/sessions/S1")
        .header("Origin", "https://news.example")
        .header("Access-Control-Request-Method", "GET")
        .send();
    assert_eq!(preflight.status, 204);
    assert_eq!(preflight.headers["access-control-allow-origin"], "*");
    let place: &Place = &place;
    assert!(place.db().exists());
}
