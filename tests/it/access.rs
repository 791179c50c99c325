//! Every private route refuses every kind of client that it must not admit.

use std::time::{Duration, Instant};

use serde_json::json;
use tilld::http::{Access, EVERYWHERE, LATER, LATER_ROOT, ROOT, RouteSpec};
use tilld::model::access::Scope;

use crate::common::{Daemon, Place, eventually};

/// The path of `row` at `instance`, its blanks filled.
fn path(row: &RouteSpec, instance: &str) -> String {
    let at_root = matches!(row.access, Access::Management(_)) || instance == "admin";
    let prefix = if at_root { String::new() } else { format!("/instances/{instance}") };
    let id = if row.path.starts_with("/management") { "nobody" } else { "12345" };
    format!(
        "{prefix}{}",
        row.path.replace("{id}", id).replace("{slug}", "x").replace("{serial}", "1")
    )
}

fn closed_rows() -> Vec<&'static RouteSpec> {
    let all = EVERYWHERE.iter().chain(ROOT).chain(LATER).chain(LATER_ROOT);
    all.filter(|row| row.access != Access::Public).collect()
}

fn ask(daemon: &Daemon, row: &RouteSpec, instance: &str, token: Option<&str>) -> (u16, u64) {
    let mut ask = daemon.ask(row.method, &path(row, instance));
    if let Some(token) = token {
        ask = ask.token(token);
    }
    let reply = ask.send();
    if reply.status < 400 { (reply.status, 0) } else { reply.failure() }
}

#[test]
fn no_private_route_opens_to_a_stranger() {
    let place = Place::new();
    for instance in ["admin", "bar"] {
        place.instance(instance);
    }
    let other = place.token("bar", "all");
    let daemon = place.start();
    let expired = expired_token(&place, &daemon, "admin");
    // It is remembered as expired, also when more are made.
    place.token("admin", "all");
    for row in closed_rows() {
        for token in
            [None, Some(other.as_str()), Some("secret-token:guess"), Some("guess"), Some("")]
        {
            assert_eq!(ask(&daemon, row, "admin", token), (401, 2015), "{row:?} {token:?}");
        }
        assert_eq!(ask(&daemon, row, "admin", Some(&expired)), (401, 42), "{row:?}");
    }
}

/// A token whose time was over when it was made.
fn expired_token(place: &Place, daemon: &Daemon, instance: &str) -> String {
    let key = place.token(instance, "all:refreshable");
    let wish = json!({ "scope": "all", "duration": { "d_us": 0 } });
    let reply = daemon.ask("POST", "/private/token").token(&key).json(&wish).send();
    reply.json()["access_token"].as_str().unwrap().to_owned()
}

#[test]
fn every_scope_opens_what_the_table_says_and_nothing_else() {
    let place = Place::new();
    place.instance("admin");
    let tokens: Vec<_> =
        Scope::EVERY.iter().map(|scope| (*scope, place.token("admin", scope.as_str()))).collect();
    let daemon = place.start();
    let mut opened = 0;
    for row in closed_rows() {
        for (scope, token) in &tokens {
            let may = match row.access {
                Access::Private(permission) | Access::Management(permission) => {
                    scope.grants(permission)
                }
                Access::AnyToken => true,
                Access::Public
                | Access::AnySession
                | Access::Session(_)
                | Access::SessionBackground(_)
                | Access::Till(_)
                | Access::TillBackground(_) => false,
            };
            if !may {
                assert_eq!(ask(&daemon, row, "admin", Some(token)), (403, 16), "{row:?} {scope}");
            } else if row.method != "DELETE" {
                // What is deleted is gone for the rest of this test.
                let (status, code) = ask(&daemon, row, "admin", Some(token));
                assert!(status != 401 && code != 16, "{row:?} {scope}: {status} {code}");
                opened += 1;
            }
        }
    }
    assert!(opened > 20, "{opened}");
}

#[test]
fn a_token_of_one_instance_opens_nothing_of_another() {
    let place = Place::new();
    for instance in ["admin", "bar", "pub"] {
        place.instance(instance);
    }
    let own = place.token("bar", "all");
    let admin = place.token("admin", "all");
    let daemon = place.start();
    for row in closed_rows() {
        assert_eq!(ask(&daemon, row, "pub", Some(&own)), (401, 2015), "{row:?}");
        if !matches!(row.access, Access::Management(_)) {
            assert_eq!(ask(&daemon, row, "pub", Some(&admin)), (401, 2015), "{row:?}");
        }
    }
    assert_eq!(daemon.ask("GET", "/instances/bar/private").token(&own).send().status, 200);
}

#[test]
fn a_password_is_traded_for_a_token() {
    let place = Place::new();
    place.passwd("bar", "correct horse");
    let daemon = place.start();
    let log_in = |name: &str, password: &str, body| {
        daemon.ask("POST", "/instances/bar/private/token").basic(name, password).json(&body).send()
    };

    let reply = log_in("bar", "correct horse", json!({ "scope": "readonly", "refreshable": true }));
    assert_eq!(reply.status, 200);
    assert_eq!(reply.headers["cache-control"], "no-store");
    let body = reply.json();
    let token = body["access_token"].as_str().unwrap();
    assert!(token.starts_with("secret-token:") && body["token"] == token);
    assert_eq!(body["scope"], "readonly:refreshable");
    assert_eq!(body["refreshable"], true);
    let life = body["expiration"]["t_s"].as_u64().unwrap();
    assert!(life > 1_700_000_000);
    let private = daemon.ask("GET", "/instances/bar/private").token(token).send();
    assert_eq!(private.json()["name"], "bar");

    for (name, password) in [("bar", "battery staple"), ("pub", "correct horse"), ("bar", "")] {
        let reply = log_in(name, password, json!({ "scope": "readonly" }));
        assert_eq!(reply.failure(), (401, 2015), "{name} {password}");
        assert_eq!(reply.headers["www-authenticate"], "Bearer");
    }
    let nobody = daemon.ask("POST", "/instances/bar/private/token").body("{}").send();
    assert_eq!(nobody.failure(), (401, 2015));
    let forever = log_in(
        "bar",
        "correct horse",
        json!({ "scope": "all", "duration": { "d_us": "forever" }, "description": "till" }),
    );
    assert_eq!(forever.json()["expiration"]["t_s"], "never");
}

#[test]
fn a_refreshable_token_is_traded_downwards_only() {
    let place = Place::new();
    place.instance("admin");
    let fixed = place.token("admin", "all");
    let fresh = place.token("admin", "order-full:refreshable");
    let daemon = place.start();
    let trade = |token: &str, scope: &str| {
        daemon.ask("POST", "/private/token").token(token).json(&json!({ "scope": scope })).send()
    };
    assert_eq!(trade(&fixed, "readonly").failure(), (403, 16));
    assert_eq!(trade(&fresh, "all").failure(), (403, 16));
    assert_eq!(trade(&fresh, "readonly").failure(), (403, 16));
    let traded = trade(&fresh, "order-simple:refreshable");
    assert_eq!(traded.status, 200);
    let traded = traded.json()["access_token"].as_str().unwrap().to_owned();
    assert_eq!(trade(&traded, "order-simple").status, 200);
}

#[test]
fn a_token_for_a_token_has_an_end() {
    let place = Place::new();
    place.instance("admin");
    let first = place.token("admin", "all:refreshable");
    let daemon = place.start();
    let now = crate::common::shop::now();
    let cap = 90 * 86_400;
    for (asked, most) in [
        (json!({ "d_us": "forever" }), cap),
        (json!({ "d_us": 9_007_199_254_740_991_u64 }), cap),
        (json!({ "d_us": (cap + 1) * 1_000_000 }), cap),
        (json!({ "d_us": 3_600_000_000_u64 }), 3600),
    ] {
        let wish = json!({ "scope": "all:refreshable", "duration": asked });
        let reply = daemon.ask("POST", "/private/token").token(&first).json(&wish).send();
        assert_eq!(reply.status, 200, "{asked}: {reply:?}");
        let end = reply.json()["expiration"]["t_s"].as_u64().unwrap();
        // A minute for a slow machine.
        assert!((now + most..now + most + 60).contains(&end), "{asked}: {}", end - now);
    }
}

#[test]
fn tokens_are_listed_without_their_values_and_taken_back() {
    let place = Place::new();
    place.instance("admin");
    let mine = place.token("admin", "all");
    let lost = place.token("admin", "readonly");
    let daemon = place.start();
    let list =
        |query: &str| daemon.ask("GET", &format!("/private/tokens{query}")).token(&mine).send();

    let newest_first = list("").json();
    assert_eq!(newest_first["tokens"][0]["scope"], "readonly");
    assert_eq!(newest_first["tokens"][1]["scope"], "all");
    let text = newest_first.to_string();
    assert!(!text.contains("secret-token"), "{text}");
    assert_eq!(list("?limit=1").json()["tokens"][0]["serial"], 1);
    assert_eq!(list("?limit=5&offset=1").json()["tokens"][0]["serial"], 2);
    assert_eq!(list("?limit=-5&offset=1").status, 204);
    assert_eq!(list("?limit=x").failure(), (400, 26));
    assert_eq!(list("?limit=-9223372036854775808").json()["tokens"].as_array().unwrap().len(), 2);

    let revoke = |serial: u32| {
        daemon.ask("DELETE", &format!("/private/tokens/{serial}")).token(&mine).send()
    };
    assert_eq!(revoke(2).status, 204);
    assert_eq!(revoke(2).failure(), (404, 2042));
    assert_eq!(daemon.ask("GET", "/private").token(&lost).send().failure(), (401, 2015));
    let log_out = || daemon.ask("DELETE", "/private/token").token(&mine).send();
    assert_eq!(log_out().status, 204);
    assert_eq!(log_out().failure(), (401, 2015));
}

#[test]
fn passwords_cannot_be_tried_for_ever() {
    let place = Place::new();
    place.instance("admin");
    let daemon = place.start_with(&[("TILLD_SERVER__TRUSTED_PROXIES", "127.0.0.1")]);
    let attempt = |from: &str| {
        daemon
            .ask("POST", "/private/token")
            .header("X-Forwarded-For", from)
            .basic("admin", "guess")
            .json(&json!({ "scope": "all" }))
            .send()
    };
    let refused = (0..20).map(|_| attempt("203.0.113.5")).find(|reply| reply.status != 401);
    let refused = refused.expect("at some point it is enough");
    assert_eq!(refused.failure(), (429, 2015));
    assert!(refused.headers["retry-after"].parse::<u64>().unwrap() > 0);
    // Junk in front of what the proxy wrote changes nothing.
    for forged in ["junk, 203.0.113.5", "127.0.0.1, 203.0.113.5:4711", "x,, 203.0.113.5,"] {
        assert_eq!(attempt(forged).failure(), (429, 2015), "{forged}");
    }
    // Somebody else may still try.
    assert_eq!(attempt("203.0.113.6").failure(), (401, 2015));
}

#[test]
fn a_right_password_is_never_one_too_many() {
    let place = Place::new();
    place.passwd("admin", "correct horse");
    let daemon = place.start_with(&[("TILLD_SERVER__TRUSTED_PROXIES", "127.0.0.1")]);
    for from in ["203.0.113.5", ""] {
        for _ in 0..15 {
            let ask = daemon.ask("POST", "/private/token").basic("admin", "correct horse");
            let ask = ask.header("X-Forwarded-For", from).json(&json!({ "scope": "readonly" }));
            assert_eq!(ask.send().status, 200);
        }
    }
}

#[test]
fn whom_no_proxy_names_is_slowed_down_and_not_locked_out() {
    let place = Place::new();
    place.passwd("admin", "correct horse");
    let (bare, proxied) = (vec![], vec![("TILLD_SERVER__BASE_URL", "https://shop.example/")]);
    for settings in [bare, proxied] {
        let daemon = place.start_with(&settings);
        let attempt = |password: &str| {
            let ask = daemon.ask("POST", "/private/token").basic("admin", password);
            ask.json(&json!({ "scope": "readonly" })).send().status
        };
        let begun = Instant::now();
        (0..12).for_each(|_| assert_eq!(attempt("guess"), 401));
        assert!(begun.elapsed() > Duration::from_secs(1), "guessing has its time");
        assert_eq!(attempt("correct horse"), 200);
        // Nor does a crowd that guesses at the same time keep the owner waiting for all of it.
        std::thread::scope(|scope| {
            let crowd: Vec<_> = (0..40).map(|_| scope.spawn(|| attempt("guess"))).collect();
            // All have come when no more than those who wait are left.
            let left = || crowd.iter().filter(|client| !client.is_finished()).count();
            eventually("the others are refused", || left() <= 16);
            let begun = Instant::now();
            assert_eq!(attempt("correct horse"), 200);
            assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
        });
    }
}

#[test]
fn what_is_stored_and_logged_opens_nothing() {
    let place = Place::new();
    place.passwd("admin", "correct horse battery");
    let token = place.token("admin", "all");
    let daemon = place.start_with(&[("TILLD_LOG__LEVEL", "trace")]);
    daemon.ask("GET", "/private").token(&token).send();
    let bearer = "secret-token:correct horse battery";
    assert_eq!(daemon.ask("GET", "/private").token(bearer).send().status, 200);
    daemon
        .ask("POST", "/private/token")
        .basic("admin", "correct horse battery")
        .json(&json!({ "scope": "all" }))
        .send();
    daemon.signal("TERM");
    let log: String = daemon.lines.lock().unwrap().iter().collect();
    assert!(log.contains("GET /private"), "{log}");
    let secret = token.trim_start_matches("secret-token:");
    let mut kept = crate::common::bytes(&place.db());
    kept.extend(log.bytes());
    let holds = |needle: &str| kept.windows(needle.len()).any(|w| w == needle.as_bytes());
    assert!(!holds(secret) && !holds("correct horse battery"));
    assert!(holds("$argon2id$"));
}

/// The password in the place of a token, as Open Food Network, Odoo, Tryton, SAP and taler-ferias send
/// it; the live reference takes it (observed-2026 1).
#[test]
fn the_password_opens_what_a_token_opens() {
    let place = Place::new();
    place.instance("admin");
    place.passwd("bar", "Fünf große Äpfel");
    place.passwd("pub", "battery staple");
    let daemon = place.start();
    let ask = |authorization: &[u8]| {
        let value = reqwest::header::HeaderValue::from_bytes(authorization).unwrap();
        let mut ask = daemon.ask("GET", "/instances/bar/private/orders");
        ask.request = ask.request.header("Authorization", value);
        ask.send()
    };
    for good in [
        "Bearer secret-token:Fünf große Äpfel",
        "bearer secret-token:Fünf große Äpfel",
        // taler-go, pretix, Odoo, Tryton and taler-ruby put the prefix before what was pasted.
        "Bearer secret-token:secret-token:Fünf große Äpfel",
        // The modules for Drupal and WordPress send only what was pasted.
        "secret-token:Fünf große Äpfel",
    ] {
        let reply = ask(good.as_bytes());
        assert_eq!((reply.status, reply.json()), (200, json!({ "orders": [] })), "{good}");
    }
    for bad in [
        "Bearer secret-token:battery staple",
        "Bearer Fünf große Äpfel",
        "Fünf große Äpfel",
        "Bearer secret-token:",
        "Bearer secret-token:fünf große äpfel",
    ] {
        let reply = ask(bad.as_bytes());
        assert_eq!(reply.failure(), (401, 2015), "{bad}");
        assert!(reply.json()["hint"].as_str().unwrap().contains("Bearer secret-token:"), "{bad}");
    }
    assert_eq!(ask(b"Bearer secret-token:\xff\xfe").failure(), (401, 2015));

    // With a new password the old one is good for nothing, at once.
    place.passwd("bar", "correct horse");
    assert_eq!(ask("Bearer secret-token:Fünf große Äpfel".as_bytes()).failure(), (401, 2015));
    let new = "secret-token:correct horse";
    assert_eq!(ask(format!("Bearer {new}").as_bytes()).status, 200);

    // As recorded: one day, not refreshable, and the text twice.
    let path = "/instances/bar/private/token";
    let traded = daemon.ask("POST", path).token(new).json(&json!({ "scope": "write" })).send();
    let body = traded.json();
    assert_eq!((&body["scope"], &body["refreshable"]), (&json!("write"), &json!(false)), "{body}");
    assert_eq!(body["token"], body["access_token"]);
    let token = body["token"].as_str().unwrap();
    assert_eq!(daemon.ask("GET", "/instances/bar/private").token(token).send().status, 200);
    // The password itself is no token that could end.
    assert_eq!(daemon.ask("DELETE", path).token(new).send().failure(), (404, 2042));
}

#[test]
fn the_password_of_admin_opens_management_and_no_other_instance() {
    let place = Place::new();
    place.passwd("admin", "correct horse");
    place.passwd("bar", "battery staple");
    let daemon = place.start();
    let ask = |path: &str, password: &str| {
        daemon.ask("GET", path).token(&format!("secret-token:{password}")).send()
    };
    assert_eq!(ask("/management/instances", "correct horse").status, 200);
    assert_eq!(ask("/management/instances", "battery staple").failure(), (401, 2015));
    assert_eq!(ask("/instances/bar/private", "correct horse").failure(), (401, 2015));
    if !cfg!(feature = "legacy") {
        return;
    }
    // Shops of 2019 sent theirs as ApiKey.
    let old =
        |path: &str| daemon.ask("GET", path).header("Authorization", "ApiKey correct horse").send();
    assert_eq!(old("/history").json(), json!({ "history": [] }));
    assert_eq!(old("/instances/bar/history").status, 401);
    let order = json!({ "order": { "summary": "x", "amount": "KUDOS:1", "fulfillment_url": "https://shop.example/" } });
    let made = daemon.ask("POST", "/order").header("Authorization", "ApiKey correct horse");
    // It came as far as to the missing account.
    assert_eq!(made.json(&order).send().json()["ec"], 2500);
}

#[test]
fn a_right_password_is_hashed_once_and_is_no_attempt_each_time() {
    let place = Place::new();
    place.passwd("admin", "correct horse");
    let daemon = place.start();
    let ask = || daemon.ask("GET", "/private").token("secret-token:correct horse");
    // A shop that comes with all its pages at once, and goes on: far more than attempts are let through.
    let send = |request: reqwest::blocking::RequestBuilder| {
        std::thread::spawn(move || request.send().unwrap().status().as_u16())
    };
    let at_once: Vec<_> = (0..30).map(|_| send(ask().request)).collect();
    for reply in at_once {
        assert_eq!(reply.join().unwrap(), 200);
    }
    for _ in 0..30 {
        assert_eq!(ask().send().status, 200);
    }
}

#[test]
fn wrong_texts_are_limited_as_passwords_are_and_the_same_one_is_told_no_again_and_again() {
    let place = Place::new();
    place.passwd("admin", "correct horse");
    let token = place.token("admin", "all");
    let daemon = place.start_with(&[("TILLD_SERVER__TRUSTED_PROXIES", "127.0.0.1")]);
    let from = |text: &str| daemon.ask("GET", "/private").token(text);
    let ask = |text: &str| from(text).header("X-Forwarded-For", "203.0.113.5").send();
    assert_eq!(ask("secret-token:correct horse").status, 200);
    // A program whose token was revoked costs its neighbours one attempt.
    for _ in 0..30 {
        assert_eq!(ask("secret-token:REVOKED").failure(), (401, 2015));
    }
    let guesses = (0..30).map(|guess| ask(&format!("secret-token:{guess}")));
    let refused =
        guesses.map(|reply| (reply.failure(), reply)).find(|(failure, _)| failure.0 != 401);
    let (failure, reply) = refused.expect("at some point it is enough");
    assert_eq!(failure, (429, 2015));
    assert!(reply.headers["retry-after"].parse::<u64>().unwrap() > 0);
    // A client that was admitted stays admitted, and a token is no password.
    assert_eq!(ask("secret-token:correct horse").status, 200);
    assert_eq!(ask(&token).status, 200);
    assert_eq!(ask("secret-token:REVOKED").failure(), (401, 2015));
}

#[test]
fn a_fixed_token_is_traded_for_one_of_any_scope() {
    let place = Place::new();
    place.instance("admin");
    let token = place.token("admin", "all");
    let daemon = place.start();
    let auth = json!({ "method": "token", "token": "secret-token:sandbox" });
    assert_eq!(daemon.ask("POST", "/private/auth").token(&token).json(&auth).send().status, 204);
    for scope in ["readonly", "all:refreshable", "write", "spa"] {
        let wish = json!({ "scope": scope });
        let ask = daemon.ask("POST", "/private/token").token("secret-token:sandbox");
        let traded = ask.json(&wish).send();
        assert_eq!((traded.status, &traded.json()["scope"]), (200, &json!(scope)));
    }
    // One that was made by request is not, unless it is refreshable.
    let wish = json!({ "scope": "readonly" });
    let traded = daemon.ask("POST", "/private/token").token(&token).json(&wish).send();
    assert_eq!(traded.failure(), (403, 16));
}
