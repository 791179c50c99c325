//! Signing in, staying and leaving.

use serde_json::json;
use tilld::http::{Access, EVERYWHERE, LATER, LATER_ROOT, ROOT};

use super::{PASSWORD, VISITOR, Visitor, office, store, tamper};
use crate::common::eventually;

/// A stranger with the form for signing in before them.
fn at_the_sign_in(address: &str) -> Visitor {
    let mut visitor = Visitor::of(address);
    let page = visitor.get("/webui/sign-in");
    assert_eq!(page.status, 200);
    visitor.csrf = page.csrf();
    visitor.cookies = vec![page.cookie("__Host-tilld-presession").unwrap()];
    visitor
}

#[test]
fn a_password_opens_the_office_and_nothing_else_does() {
    let shop = office();
    let visitor = at_the_sign_in(&shop.daemon.address);
    let wrong = visitor.sign_in("admin", "battery staple");
    let nobody = visitor.sign_in("nobody", PASSWORD);
    for page in [&wrong, &nobody, &visitor.sign_in("admin", ""), &visitor.sign_in("a b", "x")] {
        assert_eq!(page.status, 403);
        assert!(page.cookie("__Host-tilld").is_none());
        assert!(page.text.contains("Wrong shop or password."), "{}", page.text);
        assert!(!page.text.contains("battery"), "passwords are not shown");
    }
    let page = visitor.sign_in("admin", PASSWORD);
    assert_eq!((page.status, page.location()), (303, "/webui"));
    let web_session = page.whole_cookie("__Host-tilld").unwrap();
    assert!(web_session.ends_with("; HttpOnly; SameSite=Strict; Secure; Path=/"), "{web_session}");
    let mut clerk = Visitor::of(&shop.daemon.address);
    clerk.cookies = vec![page.cookie("__Host-tilld").unwrap()];
    assert_eq!(clerk.get("/webui").location(), "/webui/check-list", "there is something to do");
    assert_eq!(clerk.get("/webui/orders").status, 200);
}

#[test]
fn two_daemons_on_one_machine_keep_separate_web_sessions() {
    let (one, two) = (office(), office());
    // A browser keeps the cookies of a host in one place, whatever the port.
    let mut first = Visitor::seated(&one.daemon.address, "admin");
    let mut second = Visitor::seated(&two.daemon.address, "admin");
    let jar = [first.cookies.clone(), second.cookies.clone()].concat();
    let name = |cookie: &String| cookie.split_once('=').unwrap().0.to_owned();
    assert_ne!(name(&jar[0]), name(&jar[1]), "one would take the other's place");
    (first.cookies, second.cookies) = (jar.clone(), jar);
    assert_eq!(first.get("/webui/orders").status, 200);
    assert_eq!(second.get("/webui/orders").status, 200);
    first.post("/webui/sign-out", &[]);
    assert_eq!(second.get("/webui/orders").status, 200);
}

#[test]
fn passwords_cannot_be_guessed_for_long() {
    let shop = office();
    let visitor = at_the_sign_in(&shop.daemon.address);
    let last = (0..30).map(|_| visitor.sign_in("admin", "guess")).find(|page| page.status != 403);
    let last = last.expect("an end of it");
    assert_eq!(last.status, 429);
    assert!(last.headers["retry-after"].parse::<u32>().unwrap() > 0);
    assert_eq!(visitor.sign_in("admin", PASSWORD).status, 429, "nor with the right one then");
    // They are counted together with those of the API.
    let wish = serde_json::json!({ "scope": "all" });
    let api = |from: &str| {
        let ask = shop.daemon.ask("POST", "/private/token").header("X-Forwarded-For", from);
        ask.basic("admin", PASSWORD).json(&wish).send().status
    };
    assert_eq!(api(VISITOR), 429);
    assert_eq!(api("192.0.2.11"), 200);
}

#[test]
fn the_form_is_good_for_the_browser_that_got_it() {
    let shop = office();
    let mut without = at_the_sign_in(&shop.daemon.address);
    without.csrf = String::new();
    let mut other = at_the_sign_in(&shop.daemon.address);
    other.csrf = at_the_sign_in(&shop.daemon.address).csrf;
    let mut bare = at_the_sign_in(&shop.daemon.address);
    bare.cookies.clear();
    for visitor in [without, other, bare] {
        let page = visitor.sign_in("admin", PASSWORD);
        assert_eq!(page.status, 403);
        assert!(page.text.contains("not sent from here"), "{}", page.text);
        assert!(page.cookies.is_empty());
    }
}

#[test]
fn over_plain_http_in_the_shops_network_the_page_says_so() {
    let shop = office();
    let mut visitor = Visitor::of(&shop.daemon.address);
    visitor.host = Some("192.168.1.2:9966".into());
    let page = visitor.get("/webui/sign-in");
    assert!(page.text.contains("not encrypted"), "{}", page.text);
    assert!(page.cookies.iter().all(|cookie| !cookie.contains("Secure")), "{page:?}");
    visitor.csrf = page.csrf();
    visitor.cookies = vec![page.cookie("tilld-presession").unwrap()];
    let page = visitor.sign_in("admin", PASSWORD);
    assert_eq!(page.status, 303, "{page:?}");
    let web_session = page.whole_cookie("tilld").unwrap();
    assert!(web_session.ends_with("; HttpOnly; SameSite=Strict; Path=/"), "{web_session}");
    visitor.cookies = vec![page.cookie("tilld").unwrap()];
    assert_eq!(visitor.get("/webui/orders").status, 200);
    assert!(
        !Visitor::of(&shop.daemon.address).get("/webui/sign-in").text.contains("not encrypted")
    );
}

#[test]
fn signing_out_revokes_the_token() {
    let shop = office();
    let clerk = Visitor::seated(&shop.daemon.address, "admin");
    let web_sessions = || {
        store(&shop.place)
            .query_row("SELECT count(*) FROM tokens WHERE kind = 'web'", [], |row| {
                row.get::<_, i64>(0)
            })
            .unwrap()
    };
    assert_eq!(web_sessions(), 1);
    let page = clerk.post("/webui/sign-out", &[]);
    assert_eq!((page.status, page.location()), (303, "/webui/sign-in?said=signed-out"));
    assert!(page.whole_cookie("__Host-tilld").unwrap().contains("=; "), "{page:?}");
    assert_eq!(web_sessions(), 0);
    assert_eq!(clerk.get("/webui/orders").status, 303);
}

#[test]
fn a_web_session_ends_after_half_an_hour_of_inactivity() {
    let shop = office();
    let clerk = Visitor::seated(&shop.daemon.address, "admin");
    let store = store(&shop.place);
    let idle = |secs: i64| {
        let sql = format!(
            "UPDATE tokens SET created_at_s = created_at_s - 4000,
             last_used_s = CAST(strftime('%s') AS INTEGER) - {secs}
             WHERE kind = 'web'"
        );
        tamper(&store, &sql);
    };
    eventually("the first use is kept", || {
        let sql = "SELECT count(*) FROM tokens WHERE kind = 'web' AND last_used_s > 0";
        store.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap() == 1
    });
    idle(29 * 60);
    assert_eq!(clerk.get("/webui/orders").status, 200);
    eventually("the use is kept", || {
        let sql = "SELECT max(last_used_s) > strftime('%s') - 60 FROM tokens WHERE kind = 'web'";
        store.query_row(sql, [], |row| row.get(0)).unwrap()
    });
    idle(30 * 60 + 1);
    let page = clerk.get("/webui/orders?show=paid");
    assert_eq!(page.status, 303);
    assert_eq!(page.location(), "/webui/sign-in?next=webui%2Forders%3Fshow%3Dpaid&why=over");
    eventually("the token is gone", || {
        let sql = "SELECT count(*) FROM tokens WHERE kind = 'web'";
        store.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap() == 0
    });
}

#[test]
fn polling_by_a_page_prolongs_no_web_session() {
    let shop = office();
    let (order, _) =
        shop.made(&serde_json::json!({ "order": { "summary": "x", "amount": "EUR:1" } }));
    let clerk = Visitor::seated(&shop.daemon.address, "admin");
    let store = store(&shop.place);
    let last = || {
        let sql = "SELECT last_used_s FROM tokens WHERE kind = 'web'";
        store.query_row(sql, [], |row| row.get::<_, Option<i64>>(0)).unwrap()
    };
    eventually("the first use is kept", || last().is_some());
    let long_ago = last().unwrap() - 1000;
    let sql = format!(
        "UPDATE tokens SET last_used_s = {long_ago}, created_at_s = {long_ago}
         WHERE kind = 'web'"
    );
    tamper(&store, &sql);
    for path in [
        "/webui/orders-live?tag=other".to_owned(),
        format!("/webui/orders/{order}/live?tag=other"),
        format!("/webui/till/{order}?again=yes"),
    ] {
        assert_eq!(clerk.get(&path).status, 200, "{path}");
    }
    // The writer works in turn: what those had written would be there by now.
    shop.made(&serde_json::json!({ "order": { "summary": "y", "amount": "EUR:1" } }));
    assert_eq!(last(), Some(long_ago));
    clerk.get("/webui/orders");
    eventually("this is somebody", || last() > Some(long_ago));
}

#[test]
fn the_use_of_a_token_of_the_api_is_kept_too() {
    let shop = office();
    let token = shop.place.token("admin", "readonly");
    let store = store(&shop.place);
    let last = || {
        let sql = "SELECT last_used_s FROM tokens WHERE scope = 'readonly'";
        store.query_row(sql, [], |row| row.get::<_, Option<i64>>(0)).unwrap()
    };
    assert_eq!(last(), None);
    assert_eq!(shop.daemon.ask("GET", "/private/orders").token(&token).send().status, 200);
    eventually("the use is kept", || last().is_some());
}

#[test]
fn after_signing_in_one_is_where_one_wanted_to_be_but_never_elsewhere() {
    let shop = office();
    let stranger = Visitor::of(&shop.daemon.address);
    let page = stranger.get("/webui/orders?show=paid");
    assert_eq!(page.location(), "/webui/sign-in?next=webui%2Forders%3Fshow%3Dpaid");
    let visitor = at_the_sign_in(&shop.daemon.address);
    let go = |next: &str| {
        let inputs = [("instance", "admin"), ("password", PASSWORD), ("next", next)];
        visitor.post("/webui/sign-in", &inputs).location().to_owned()
    };
    assert_eq!(go("webui/orders?show=paid"), "/webui/orders?show=paid");
    for bad in ["//evil.example", "https://evil.example/", "webui\\..\\x", "/evil", "webuix"] {
        assert_eq!(go(bad), "/webui", "{bad}");
    }
}

#[test]
fn a_web_session_opens_the_back_office_and_not_the_api() {
    let shop = office();
    let clerk = Visitor::seated(&shop.daemon.address, "admin");
    let web_session = clerk.cookies[0].split_once('=').unwrap().1;
    let all = EVERYWHERE.iter().chain(ROOT).chain(LATER).chain(LATER_ROOT);
    for row in all.filter(|row| row.access != Access::Public) {
        let ask = shop.daemon.ask(row.method, &row.path.replace("{id}", "x")).token(web_session);
        assert_eq!(ask.send().failure(), (401, 2015), "{row:?}");
    }
    let ask = shop.daemon.ask("POST", "/private/token").token(web_session);
    assert_eq!(ask.json(&json!({ "scope": "all" })).send().failure(), (401, 2015));
    assert_eq!(clerk.get("/webui/orders").status, 200, "it is good where it should be");
}

#[test]
fn a_description_makes_no_token_a_web_session() {
    let shop = office();
    let wish = json!({ "scope": "all", "description": "web: my browser" });
    let ask = shop.daemon.ask("POST", "/private/token").basic("admin", PASSWORD).json(&wish);
    let reply = ask.send();
    assert_eq!(reply.status, 200, "{reply:?}");
    let by_password = reply.json()["access_token"].as_str().unwrap().to_owned();
    let args = ["token", "create", "admin", "--scope", "all", "--description", "web: my browser"];
    for token in [by_password, shop.place.ok(&args)] {
        let token = token.trim();
        assert_eq!(shop.daemon.ask("GET", "/private").token(token).send().status, 200);
        let mut visitor = Visitor::seated(&shop.daemon.address, "admin");
        let name = visitor.cookies[0].split_once('=').unwrap().0.to_owned();
        visitor.cookies = vec![format!("{name}={token}")];
        assert_eq!(visitor.get("/webui/orders").status, 303, "it opens no page");
    }
    // A new password ends web sessions only.
    shop.place.passwd("admin", PASSWORD);
    let listed = shop.place.ok(&["token", "list", "admin"]);
    assert_eq!(listed.matches("web: my browser").count(), 2, "{listed}");
}

#[test]
fn a_new_password_ends_every_web_session_and_no_api_token() {
    let shop = office();
    let renew: [&dyn Fn(); 3] = [
        &|| shop.place.passwd("admin", PASSWORD),
        &|| {
            let body = json!({ "method": "token", "password": PASSWORD });
            assert_eq!(shop.post("/private/auth", &body).status, 204);
        },
        &|| {
            let body = json!({ "method": "token", "password": PASSWORD });
            assert_eq!(shop.post("/management/instances/admin/auth", &body).status, 204);
        },
    ];
    for renew in renew {
        let clerk = Visitor::seated(&shop.daemon.address, "admin");
        renew();
        assert_eq!(clerk.get("/webui/orders").status, 303);
        assert_eq!(shop.get("/private/orders").status, 200);
    }
}

#[test]
fn signing_in_again_ends_the_web_session_before() {
    let shop = office();
    let before = Visitor::seated(&shop.daemon.address, "admin");
    let elsewhere = Visitor::seated(&shop.daemon.address, "admin");
    let mut again = at_the_sign_in(&shop.daemon.address);
    again.cookies.extend(before.cookies.iter().cloned());
    assert_eq!(again.sign_in("admin", "wrong").status, 403);
    assert_eq!(before.get("/webui/orders").status, 200, "nothing has come of it");
    assert_eq!(again.sign_in("admin", PASSWORD).status, 303);
    assert_eq!(before.get("/webui/orders").status, 303);
    assert_eq!(
        elsewhere.get("/webui/orders").status,
        200,
        "another browser is another web session"
    );
}
