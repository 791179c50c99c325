//! What the daemon says while it works, at its most talkative, and what it keeps: no secret is in
//! it, and nobody but the daemon decides where a line of it begins.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use data_encoding::{BASE64, HEXLOWER};
use playground::sandbox::FaultAction;
use rusqlite::Connection;
use serde_json::json;
use taler::base32;
use taler::sign::{SigningKey, Statement};
use tilld::http::{EVERYWHERE, LATER, LATER_ROOT, LEGACY, ROOT};

use crate::backoffice::{PASSWORD, Visitor};
use crate::coins::{claimed, order};
use crate::common::exchange::Exchange;
use crate::common::shop::{Shop, nonce, plain};
use crate::common::{Daemon, PATIENCE, Place, Reply, client, eventually, tilld};

/// What somebody holds that nobody else may learn, by what it is.
#[derive(Default)]
struct Secrets(Vec<(&'static str, String)>);

impl Secrets {
    fn add(&mut self, what: &'static str, text: impl Into<String>) -> String {
        let text = text.into();
        assert!(text.len() >= 8, "{what}: {text} could be there by chance");
        self.0.push((what, text.clone()));
        text
    }

    /// A key or the like, in every way in which programs write bytes.
    fn add_bytes(&mut self, what: &'static str, bytes: &[u8]) {
        self.add(what, HEXLOWER.encode(bytes));
        self.add(what, base32::encode(bytes));
        self.add(what, BASE64.encode(bytes));
        let list: Vec<_> = bytes.iter().take(8).map(u8::to_string).collect();
        self.add(what, list.join(", "));
    }

    /// None of them is in `text`, however it is written.
    fn are_not_in(&self, place: &str, text: &str) {
        let text = text.to_lowercase();
        for (what, secret) in &self.0 {
            let bare = secret.strip_prefix("secret-token:").unwrap_or(secret);
            let encoded: String = url::form_urlencoded::byte_serialize(bare.as_bytes()).collect();
            for form in [bare.to_owned(), encoded, BASE64.encode(bare.as_bytes())] {
                let at = text.find(&form.to_lowercase());
                let line = at.map(|at| text[..at].lines().last().unwrap_or_default().to_owned());
                assert!(at.is_none(), "{place} tells the {what} {form}: {line:?}…");
            }
        }
    }
}

/// Everything that a daemon says until its end.
fn last_words(daemon: &Daemon) -> String {
    daemon.signal("TERM");
    let lines: Vec<String> = daemon.lines.lock().unwrap().iter().collect();
    daemon.greeting.clone() + &lines.join("\n")
}

/// What the operator's listener answers.
fn operators(daemon: &Daemon, path: &str) -> Reply {
    let url = format!("{}{path}", daemon.admin.as_deref().unwrap());
    Reply::of(client().timeout(PATIENCE).build().unwrap().get(url).send().unwrap())
}

/// Bytes of every file of the place.
fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let entries = entries.filter(|path| path.is_file());
    entries.map(|path| (path.display().to_string(), fs::read(&path).unwrap())).collect()
}

fn holds(bytes: &[u8], needle: &str) -> bool {
    bytes.windows(needle.len()).any(|window| window == needle.as_bytes())
}

/// A shop that takes coins and says all it can.
fn talkative(exchange: &Exchange) -> Shop {
    let settings = format!(
        "[log]\nlevel = \"trace\"\n[webhooks]\nallow = [\"localhost\"]\n\
         [exchanges]\nrequest_timeout_s = 5\nattempts = 2\n{}",
        exchange.trusted()
    );
    Shop::configured_at("payto://x-taler-bank/localhost/shop?receiver-name=Shop", &settings)
}

/// Passwords and tokens, right and wrong, in good and bad forms. Answers those that must not even be
/// kept.
fn people_sign_in(shop: &Shop) -> Secrets {
    let mut secrets = Secrets::default();
    let password = secrets.add("password", "right-password-4711");
    shop.place.passwd("admin", &password);
    secrets.add("token of the command line", &shop.token);
    let basic = |name: &str, password: &str, body: &str| {
        let ask = shop.daemon.ask("POST", "/private/token").basic(name, password);
        ask.body(body.to_owned()).send()
    };
    let wish = r#"{"scope":"all:refreshable","description":"till"}"#;
    let text = |reply: &Reply| reply.json()["access_token"].as_str().unwrap().to_owned();
    let token = secrets.add("token for a password", text(&basic("admin", &password, wish)));
    secrets.add("credentials in the header", BASE64.encode(format!("admin:{password}").as_bytes()));
    let refresh = shop.daemon.ask("POST", "/private/token").token(&token);
    let reply = refresh.body(wish).send();
    secrets.add("token for a token", text(&reply));
    for wrong in ["wrong-password-4712", "wrong\u{fc}-password-4713", &"too-long-4714".repeat(99)] {
        let wrong = secrets.add("refused password", wrong);
        assert_eq!(basic("admin", &wrong, wish).status, 401);
    }
    basic("admin", &secrets.add("password for nobody", "password-for-nobody"), "{");
    basic("no such one", &secrets.add("password for no name", "password-for-no-name"), wish);
    let fixed = secrets.add("fixed token", "secret-token:fixed-by-hand-4715");
    let auth = |auth| json!({ "id": "bar", "name": "Bar", "auth": auth });
    let body = auth(json!({ "method": "token", "token": fixed }));
    assert_eq!(shop.post("/management/instances", &body).status, 204);
    let fresh = secrets.add("new password", "fresh-password-4716");
    let body = json!({ "method": "token", "password": fresh });
    assert_eq!(shop.post("/management/instances/bar/auth", &body).status, 204);

    // Before all attempts are used up: what is shown as a token may be a password.
    people_sign_in_at_the_office(shop, &mut secrets);
    let shown = |scheme: &str, secret: &str| format!("{scheme}{secret}");
    let mut forms: Vec<String> = Vec::new();
    for (n, scheme) in [
        "Bearer ",
        "bearer secret-token: ",
        "Bearer secret-token:",
        "Basic ",
        "Basic !",
        "ApiKey ",
        "ApiKey secret-token:",
        "Digest username=\"admin\", response=",
        "Token token=",
        "",
        "secret-token:",
    ]
    .into_iter()
    .enumerate()
    {
        forms.push(shown(
            scheme,
            &secrets.add("misplaced credential", format!("misplaced-{n}-cred")),
        ));
    }
    let colonless = secrets.add("credential without a colon", "credential-without-colon");
    forms.push(shown("Basic ", &BASE64.encode(colonless.as_bytes())));
    for form in &forms {
        for (method, path) in [
            ("GET", "/private/orders"),
            ("POST", "/private/token"),
            ("GET", "/check-payment?order_id=x"),
            ("GET", "/management/instances"),
            ("GET", "/webui/orders"),
        ] {
            let ask = shop.daemon.ask(method, path).header("Authorization", form);
            // A browser that is sent to sign in is sent to a page.
            let refused = ask.send().status >= 400 || path.starts_with("/webui");
            assert!(refused, "{form}");
        }
    }

    // In addresses, where they do not belong; also in ones that are refused unread.
    let query = secrets.add("secret in a query", "secret-in-a-query");
    for path in [
        "/config?token=".to_owned(),
        "/private/orders?access_token=".to_owned(),
        "/nowhere?password=".to_owned(),
        "/webui/sign-in?password=".to_owned(),
        "/webui/orders?password=".to_owned(),
        "/orders/nothing?token=".to_owned(),
        "/public/poll-payment?order_id=x&h_contract=".to_owned(),
        "/sessions/x?fulfillment_url=".to_owned(),
        format!("/config?{}token=", "x=y&".repeat(101)),
        format!("/config?{}&token=", "x".repeat(9000)),
    ] {
        shop.daemon.get(&format!("{path}{query}"));
        shop.get(&format!("{path}{query}"));
    }
    let path = secrets.add("token in a path", "token-in-a-path");
    for start in ["/secret-token:", "/orders/secret-token%3A", "/webui/SECRET-TOKEN%3a"] {
        assert!(shop.daemon.get(&format!("{start}{path}")).status >= 400);
    }
    secrets
}

fn people_sign_in_at_the_office(shop: &Shop, secrets: &mut Secrets) {
    shop.place.passwd("admin", PASSWORD);
    secrets.add("password", PASSWORD);
    let mut visitor = Visitor::of(&shop.daemon.address);
    let page = visitor.get("/webui/sign-in");
    let value = |cookie: String| cookie.split_once('=').unwrap().1.to_owned();
    visitor.cookies = vec![page.cookie("__Host-tilld-presession").unwrap()];
    visitor.csrf = secrets.add("CSRF token before the sign-in", page.csrf());
    secrets.add("cookie before the sign-in", value(visitor.cookies[0].clone()));
    let wrong = secrets.add("refused password", "wrong-password-4717");
    assert_eq!(visitor.sign_in("admin", &wrong).status, 403);
    let clerk = Visitor::seated(&shop.daemon.address, "admin");
    secrets.add("web session", value(clerk.cookies[0].clone()));
    secrets.add("CSRF token of the web session", clerk.csrf.clone());
    let inputs = [
        ("description", "scanner"),
        ("scope", "order-pos"),
        ("life", "86400"),
        ("password", PASSWORD),
    ];
    let page = clerk.get(clerk.post("/webui/tokens", &inputs).location());
    let (_, token) = page.text.split_once("secret-token:").unwrap();
    secrets.add("token of the office", &token[..52]);
    let fresh = secrets.add("new password", "fresh-password-4718");
    let inputs = [("old", PASSWORD), ("new", &fresh), ("again", &fresh)];
    assert_eq!(clerk.post("/webui/password", &inputs).status, 303);
    let mut forger = Visitor::of(&shop.daemon.address);
    forger.csrf = secrets.add("forged seal", "forged-seal-4719");
    let forged = secrets.add("forged web session", "secret-token:forged-session-4720");
    let (_, port) = shop.daemon.address.rsplit_once(':').unwrap();
    for name in ["__Host-tilld", "tilld", "__Host-tilld-presession"] {
        forger.cookies = vec![format!("{name}-{port}={forged}")];
        forger.get("/webui/orders");
        forger.post("/webui/orders/x/refund", &[("reason", "x")]);
    }
}

/// Orders are made, claimed, paid and refunded, and requests of every kind fail.
fn people_buy(shop: &Shop, exchange: &Exchange, secrets: &mut Secrets) {
    let session = secrets.add("session", "session-of-a-visitor");
    let page = "https://shop.example/tea";
    let mut wish = order("5");
    wish["session_id"] = json!(session);
    wish["order"]["summary"] = json!(secrets.add("what is bought", "what-is-bought"));
    let paid = claimed(shop, &wish);
    secrets.add("claim token", &paid.token);
    secrets.add("nonce", nonce(1));
    secrets.add_bytes("wallet's key", &[1; 32]);
    let coin = exchange.coin("5");
    let mut payment = paid.payment(exchange, &[(&coin, "5")]);
    payment["session_id"] = json!(session);
    secrets.add("coin's signature", payment["coins"][0]["coin_sig"].as_str().unwrap());
    let ub_sig = payment["coins"][0]["ub_sig"]["rsa_signature"].as_str().unwrap();
    secrets.add("exchange's signature on the coin", ub_sig);
    let poll = format!("/sessions/{session}?fulfillment_url={page}&timeout_ms=1");
    assert_eq!(shop.daemon.get(&poll).status, 202);
    for odd in ["//sessions//", "/%73essions/", "/instances/admin/sessions/", "/sessions%2F"] {
        shop.daemon.get(&format!("{odd}{session}?fulfillment_url={page}"));
    }
    exchange.deposits(FaultAction::NotJson);
    assert!(paid.pay(shop, &payment).status >= 500, "the exchange fails");
    exchange.behave();
    let reply = paid.pay(shop, &payment);
    assert_eq!(reply.status, 200, "{reply:?}");
    let receipt = secrets.add("receipt", reply.json()["sig"].as_str().unwrap());
    assert_eq!(shop.daemon.get(&poll).status, 200);
    let replay = json!({ "sig": receipt, "h_contract": paid.contract.h_contract,
        "session_id": secrets.add("other session", "session-of-another") });
    assert_eq!(shop.strange_post(&format!("/orders/{}/paid", paid.id), &replay).status, 200);
    let reason = secrets.add("reason of a refund", "reason-of-a-refund");
    let refund = json!({ "refund": "KUDOS:1", "reason": reason });
    assert_eq!(shop.post(&format!("/private/orders/{}/refund", paid.id), &refund).status, 200);
    assert_eq!(paid.pick_up(shop).status, 200);

    let cash = claimed(shop, &order("2"));
    secrets.add("claim token", &cash.token);
    let reference = secrets.add("payment's reference", "reference-of-a-payment");
    let body = json!({ "method": "bank", "reference": reference });
    assert_eq!(shop.pay(&cash.id, &body).status, 200);
    let body = json!({ "method": "card", "reference": reference });
    assert_eq!(shop.pay(&cash.id, &body).status, 409, "it is paid in another way");
    let offer = secrets.add("offer of a template", "offer-of-a-template");
    let body = json!({ "template_id": "tea", "template_description": "x",
        "template_contract": { "summary": offer, "amount": "KUDOS:1" } });
    assert_eq!(shop.post("/private/templates", &body).status, 204);
    assert_eq!(shop.strange_post("/templates/tea", &json!({ "amount": "KUDOS:9" })).status, 409);
    let credentials = secrets.add("bank's credentials", "credentials-for-the-bank");
    let body = json!({ "payto_uri": "payto://iban/CH9300762011623852957?receiver-name=x",
        "credit_facade_url": "https://bank.example/",
        "credit_facade_credentials": { "type": "bearer", "token": credentials } });
    assert_eq!(shop.post("/private/accounts", &body).status, 200);
    let broken = json!({ "payto_uri": 1, "credit_facade_credentials": { "type": credentials } });
    assert_eq!(shop.post("/private/accounts", &broken).status, 400);
}

/// Every request that has a body, with bodies that are invalid.
fn people_err(shop: &Shop, secrets: &mut Secrets) {
    let wrong = secrets.add("mistyped", "mistyped-somewhere");
    let names = [
        "id",
        "name",
        "auth",
        "password",
        "token",
        "method",
        "nonce",
        "sig",
        "h_contract",
        "coins",
        "session_id",
        "amount",
        "refund",
        "reason",
        "fields",
        "scope",
        "duration",
        "order",
        "description",
        "payto_uri",
        "credit_facade_url",
        "credit_facade_credentials",
        "order_id",
        "template_id",
        "template_description",
        "template_contract",
        "editable_defaults",
        "summary",
        "website",
        "paivana_id",
        "reference",
        "instance",
        "unclaim_sig",
        "wallet_data",
        "otp_id",
    ];
    let all = |value: serde_json::Value| {
        let members = names.iter().map(|name| ((*name).to_owned(), value.clone()));
        serde_json::Value::Object(members.collect()).to_string()
    };
    let nested =
        json!({ "method": "token", "password": [wrong], "token": wrong, "summary": wrong });
    let bodies = [
        all(json!(wrong)),
        all(json!([wrong])),
        all(nested),
        format!("{{\"password\": \"{wrong}"),
        format!("{{\"password\": {wrong}}}"),
        format!("\"{wrong}\""),
        format!("{{\"order\": {{\"summary\": \"{wrong}\", \"amount\": 1.5}}}}"),
        format!("password={wrong}&csrf={wrong}"),
        wrong.repeat(70_000),
    ];
    for row in EVERYWHERE.iter().chain(ROOT).chain(LATER).chain(LATER_ROOT).chain(LEGACY) {
        // What would change the shop's own keys must not succeed by chance.
        if ["GET", "DELETE"].contains(&row.method) {
            continue;
        }
        for body in &bodies {
            let path = row.path.replace("{id}", "nothing");
            let ask = || shop.daemon.ask(row.method, &path).token(&shop.token);
            let reply = ask().body(body.clone()).send();
            assert!(reply.status >= 400, "{row:?} {body}: {reply:?}");
            ask().header("Content-Encoding", "deflate").body(body.clone()).send();
        }
    }
}

/// Webhooks with credentials in all their texts, good and bad ones, and a receiver that is not there.
fn programs_are_told(shop: &Shop, secrets: &mut Secrets) {
    let url = secrets.add("credential in a webhook's URL", "url-credential-4731");
    let header = secrets.add("credential in a webhook's header", "header-credential-4732");
    let body = secrets.add("credential in a webhook's body", "body-credential-4733");
    let mut hook = json!({
        "webhook_id": "w", "event_type": "pay", "url": format!("http://127.0.0.1:1024/{url}"),
        "http_method": "POST", "header_template": format!("X-Auth: {header}"),
        "body_template": format!("{{\"key\":\"{body}\"}}"),
    });
    assert_eq!(shop.post("/private/webhooks", &hook).status, 204);
    let secret = shop.post("/private/webhooks/w/secret", &json!({})).json();
    secrets.add(
        "secret of a webhook",
        secret["secret"].as_str().unwrap().trim_start_matches("whsec_"),
    );
    assert_eq!(shop.post("/private/webhooks/w/test", &json!({})).status, 200);
    shop.sold(&plain("tea", "KUDOS:1"));
    eventually("the receiver was called", || {
        shop.get("/private/webhooks/w/deliveries").json()["deliveries"][0]["attempts"] == 1
    });
    for (name, bad) in
        [("url", "{{"), ("header_template", "\nHost: x"), ("body_template", "{{#a}}")]
    {
        let good = hook[name].as_str().unwrap().to_owned();
        hook[name] = json!(format!("{good}{bad}"));
        assert_eq!(shop.post("/private/webhooks", &hook).status, 400);
        hook[name] = json!(good);
    }
}

#[test]
fn the_most_talkative_daemon_tells_no_secret() {
    let exchange = Exchange::start();
    let shop = talkative(&exchange);
    let hashed = people_sign_in(&shop);
    let mut kept = Secrets::default();
    people_buy(&shop, &exchange, &mut kept);
    people_err(&shop, &mut kept);
    programs_are_told(&shop, &mut kept);
    let db = Connection::open(shop.place.db()).unwrap();
    let mut keys = db.prepare_cached("SELECT private_key FROM instances").unwrap();
    let keys: Vec<Vec<u8>> =
        keys.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    assert_eq!(keys.len(), 2);
    keys.iter().for_each(|key| kept.add_bytes("signing key", key));

    // The operator's listener.
    let query = hashed.0.iter().find(|(what, _)| *what == "secret in a query").unwrap().1.clone();
    for path in ["/metrics", "/livez", "/readyz", "/private", "/", "/webui/orders", "/files/x"] {
        let reply = operators(&shop.daemon, &format!("{path}?token={query}"));
        let said = format!("{reply:?}");
        for secrets in [&hashed, &kept] {
            secrets.are_not_in(path, &said);
        }
        let is_open = reply.headers.keys().any(|name| name.starts_with("access-control-"));
        assert!(!is_open, "pages of other origins are told nothing: {reply:?}");
    }
    let metrics = operators(&shop.daemon, "/metrics").text;
    assert!(metrics.contains("status=\"401\"") && metrics.contains("status=\"502\""), "{metrics}");

    // What is kept.
    let copy = shop.place.dir.path().join("copy.db");
    shop.place.ok(&["backup", copy.to_str().unwrap()]);
    let mut found = 0;
    for (name, bytes) in files(shop.place.dir.path()) {
        for (what, secret) in &hashed.0 {
            let bare = secret.trim_start_matches("secret-token:");
            assert!(!holds(&bytes, bare), "{name} has the {what} {secret}");
        }
        found += usize::from(holds(&bytes, "reference-of-a-payment"));
    }
    assert!(found >= 2, "the file, or its log, and its copy were read: {found}");

    let log = last_words(&shop.daemon);
    hashed.are_not_in("the log", &log);
    kept.are_not_in("the log", &log);
    // It did speak, of just those things.
    for said in [
        "POST /private/token: 200",
        "POST /private/token: 401",
        "GET /sessions/***: 200",
        "GET /instances/admin/sessions/***",
        "/orders/secret-token:***",
        "admin: wrong password, from an unknown client",
        "admin: created token 2 (all:refreshable) with the password, from an unknown client",
        "bar: password or fixed token changed, by token 1 of admin",
        "admin: password changed, from 192.0.2.10",
        "/pay: 502",
    ] {
        assert!(log.contains(said), "{said}: {log}");
    }
}

/// Requests whose words would like to be lines of the log, or more.
fn people_forge(shop: &Shop) {
    for line in [
        &b"GET /FORGED\x7f HTTP/1.1"[..],
        b"GET /\x1b[2JFORGED HTTP/1.1",
        b"GET /\x0bFORGED HTTP/1.1",
        b"GET /%0D%0AFORGED%1B[2J HTTP/1.1",
        "GET /\u{85}FORGED HTTP/1.1".as_bytes(),
        "GET /\u{9b}31mFORGED HTTP/1.1".as_bytes(),
        "GET /\u{2028}FORGED HTTP/1.1".as_bytes(),
        "GET /orders/\u{202e}FORGED HTTP/1.1".as_bytes(),
        "GET /webui/\u{85}FORGED HTTP/1.1".as_bytes(),
        "GET /instances/\u{85}FORGED/config HTTP/1.1".as_bytes(),
        "GET /instances/\u{85}FORGED/sessions/x HTTP/1.1".as_bytes(),
        "PATCH /\u{85}FORGED HTTP/1.1".as_bytes(),
        b"FORGED /config HTTP/1.1",
        "FORGED\u{85} /config HTTP/1.1".as_bytes(),
        "GET /config HTTP/1.1\r\nUser-Agent: \u{9b}31mFORGED".as_bytes(),
        b"GET /nowhere HTTP/1.1\r\nUser-Agent: a\tFORGED\r\nX-Request-Id: a\tFORGED",
        b"GET /nowhere HTTP/1.1\r\nX-Forwarded-For: 192.0.2.1\tFORGED",
        b"GET /webui/sign-in HTTP/1.1\r\nHost: a\tFORGED",
        b"GET /config HTTP/1.1\rFORGED: x",
        b"GET /config HTTP/1.1\nFORGED: x",
    ] {
        let mut head = line.to_vec();
        head.extend(b"\r\nHost: x\r\nConnection: close\r\n\r\n");
        shop.daemon.raw(&head);
    }
    let from = |peer: &str| {
        let ask = shop.daemon.ask("POST", "/private/token").header("X-Forwarded-For", peer);
        ask.basic("admin", "guess").json(&json!({ "scope": "all" })).send()
    };
    shop.place.passwd("admin", PASSWORD);
    for peer in ["192.0.2.7", "192.0.2.8\tFORGED", "2001:db8::7, FORGED"] {
        assert_eq!(from(peer).status, 401, "{peer}");
    }
    for member in ["\n<3>FORGED", "\r\nFORGED", "\u{1b}[2JFORGED", "\u{85}FORGED"] {
        let mut order = json!({ "summary": "x", "amount": "EUR:1" });
        order[member] = json!(1.5);
        assert_eq!(shop.order(&json!({ "order": order })).status, 400);
        let order = json!({ "summary": "x", "amount": "EUR:1", "extra": { member: "\0" } });
        assert_eq!(shop.order(&json!({ "order": order })).status, 400);
        let path = format!("$.{member}");
        let reply = shop.patch("/private/orders/x/forget", &json!({ "fields": [path] }));
        assert!(reply.status >= 400);
        let browser = [("User-Agent", member)];
        if reqwest::header::HeaderValue::from_str(member).is_ok() {
            Visitor::of(&shop.daemon.address).ask("GET", "/webui/no", None, &browser);
        }
    }
}

#[test]
fn no_client_text_begins_a_line_of_the_log() {
    for journal in [false, true] {
        let mut variables = vec![("TILLD_LOG__LEVEL", "trace")];
        if journal {
            variables.push(("JOURNAL_STREAM", "8:1234"));
        }
        let shop = Shop::with(&variables);
        people_forge(&shop);
        let log = last_words(&shop.daemon);
        let mut told = 0;
        for line in log.lines().filter(|line| !line.is_empty()) {
            let head = match journal {
                true => line.get(..3).is_some_and(|head| {
                    head.starts_with('<') && "34567".contains(&head[1..2]) && head.ends_with('>')
                }),
                false => line.get(..20).is_some_and(|time| {
                    time.starts_with("20") && time.ends_with('Z') && time.contains('T')
                }),
            };
            // What is said once, to the operator who has just begun.
            let is_ours =
                head || line.starts_with("tilld is running.") || line.starts_with("  tilld ");
            assert!(is_ours, "journal {journal}: {line:?}");
            let turns = ['\u{2028}', '\u{2029}', '\u{202e}', '\u{2066}'];
            let is_plain = !line.chars().any(|c| c.is_control() || turns.contains(&c));
            assert!(is_plain, "journal {journal}: {line:?}");
            told += usize::from(line.contains("FORGED"));
        }
        assert!(told >= 5, "they were told of, though: {log}");
    }
}

#[test]
fn the_log_has_one_line_for_each_order_paid_and_each_refund() {
    let shop = Shop::with(&[("TILLD_LOG__LEVEL", "info")]);
    let day = json!({ "d_us": 86_400_000_000_u64 });
    let order = json!({ "order": { "summary": "Tea", "amount": "EUR:5" }, "refund_delay": day });
    let (id, _) = shop.made(&order);
    for _ in 0..2 {
        assert_eq!(shop.pay(&id, &json!({ "method": "cash", "amount": "EUR:5" })).status, 200);
        assert_eq!(shop.refund(&id, "EUR:2").status, 200);
    }
    let log = last_words(&shop.daemon);
    let start = format!("order {id}: ");
    let told: Vec<_> =
        log.lines().filter_map(|line| line.split_once(&start)).map(|(_, told)| told).collect();
    assert_eq!(told, ["paid EUR:5 at the counter (cash)", "granted a refund of EUR:2"], "{log}");
}

#[test]
fn no_answer_but_a_page_may_be_used_as_one() {
    let shop = Shop::new();
    shop.place.passwd("admin", PASSWORD);
    for (method, path) in [
        ("GET", "/config"),
        ("GET", "/private/orders"),
        ("POST", "/private/orders"),
        ("GET", "/nowhere"),
        ("OPTIONS", "/config"),
        ("TRACE", "/config"),
        ("DELETE", "/config"),
        ("GET", "/files/style.css"),
        ("GET", "/webui"),
        ("GET", "/webui/orders"),
        ("GET", "/check-payment"),
        ("GET", "/orders/a%ff"),
    ] {
        let reply = shop.daemon.ask(method, path).send();
        let policy = &reply.headers["content-security-policy"];
        for part in
            ["default-src 'none'", "object-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"]
        {
            assert!(policy.contains(part), "{method} {path}: {policy}");
        }
        assert_eq!(reply.headers["x-content-type-options"], "nosniff", "{method} {path}");
        assert!(
            ["no-referrer", "same-origin"].contains(&&*reply.headers["referrer-policy"]),
            "{method} {path}"
        );
        assert!(method != "TRACE" || reply.status == 405, "{reply:?}");
    }
}

/// Buys a coffee in the demonstration; everything that it said, and where its wallet is.
#[test]
fn the_demonstration_tells_nothing_of_its_wallet() {
    // Without its commands there is nothing to tell.
    if !cfg!(feature = "demo") {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let mut command: Command = tilld();
    command.args(["demo", "--listen", "127.0.0.1:0", "--data-dir"]).arg(home.path());
    command.env("TILLD_LOG__LEVEL", "trace").stdout(Stdio::piped());
    let errors = tempfile::NamedTempFile::new().unwrap();
    let mut child = command.stderr(errors.reopen().unwrap()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let mut said: Vec<String> = lines.by_ref().take(6).collect();
    let api = said[1].strip_prefix("API: ").unwrap().to_owned();
    let token = said[3].strip_prefix("Token: ").unwrap().to_owned();
    said.remove(3);
    let data = home.path().to_str().unwrap();
    let exchange = format!("{api}sandbox-exchange/");
    let wallet = |args: &[&str]| {
        let mut command = tilld();
        command.args(["wallet", "--data-dir", data, "--exchange", &exchange]).args(args);
        command.env("RUST_LOG", "trace");
        let done = command.output().unwrap();
        let words = String::from_utf8([done.stdout, done.stderr].concat()).unwrap();
        (done.status.success(), words)
    };
    eventually("the exchange has keys", || {
        let keys = client().timeout(PATIENCE).build().unwrap().get(format!("{exchange}keys"));
        keys.send().unwrap().status().is_success()
    });
    let (done, words) = wallet(&["withdraw", "KUDOS:20"]);
    assert!(done, "{words}");
    said.push(words);
    let shop = client().timeout(PATIENCE).build().unwrap();
    let order = json!({ "order": { "summary": "Coffee", "amount": "KUDOS:2" },
        "refund_delay": { "d_us": 86_400_000_000_u64 } });
    let made = shop.post(format!("{api}private/orders")).bearer_auth(&token).json(&order);
    let id = Reply::of(made.send().unwrap()).json()["order_id"].as_str().unwrap().to_owned();
    let status = shop.get(format!("{api}private/orders/{id}")).bearer_auth(&token);
    let status = Reply::of(status.send().unwrap()).json();
    let (done, words) = wallet(&["pay", status["taler_pay_uri"].as_str().unwrap()]);
    assert!(done, "{words}");
    said.push(words);
    let pid = child.id().to_string();
    assert!(Command::new("kill").args(["-s", "TERM", &pid]).status().unwrap().success());
    said.extend(lines);
    assert!(child.wait().unwrap().success());
    said.push(fs::read_to_string(errors.path()).unwrap());

    let mut secrets = Secrets::default();
    secrets.add("token", token);
    for (file, columns) in [
        (
            "wallet.sqlite",
            &[
                "withdrawals.reserve_seed",
                "coins.coin_seed",
                "coins.blinding_seed",
                "purchases.nonce_seed",
            ][..],
        ),
        (
            "sandbox.db",
            &["identity.master_seed", "signing_keys.seed", "denominations.private_exponent"],
        ),
        ("tilld.db", &["instances.private_key", "orders.claim_token"]),
    ] {
        let db = Connection::open(home.path().join(file)).unwrap();
        for column in columns {
            let (table, name) = column.split_once('.').unwrap();
            let query = format!("SELECT {name} FROM {table} WHERE {name} IS NOT NULL");
            let mut statement = db.prepare_cached(&query).unwrap();
            let found = statement.query_map([], |row| row.get::<_, Vec<u8>>(0)).unwrap();
            let before = secrets.0.len();
            found.for_each(|bytes| secrets.add_bytes("key", &bytes.unwrap()));
            // What hides coins is forgotten when they are there.
            assert!(secrets.0.len() > before || *name == *"blinding_seed", "{column}");
        }
    }
    let said = said.join("\n");
    assert!(
        said.contains("GET /sandbox-exchange/keys") || said.contains("/private/orders"),
        "{said}"
    );
    secrets.are_not_in("the demonstration", &said);
}

#[test]
fn a_key_tells_nothing_of_itself() {
    let key = SigningKey::from_seed([7; 32]);
    let mut secrets = Secrets::default();
    secrets.add_bytes("key", &[7; 32]);
    secrets.are_not_in("a debugger's view", &format!("{key:?}"));
    let statement =
        taler::sign::wallet::OrderUnclaim { h_contract: base32::HashCode::new([1; 64]) };
    secrets.are_not_in("a signature", &statement.sign(&key).to_string());
}

/// A file of the place that only its owner can read, whatever the umask.
#[test]
fn what_is_kept_is_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::new();
    place.passwd("admin", PASSWORD);
    let copy = place.dir.path().join("copy.db");
    let daemon = place.start();
    place.ok(&["backup", copy.to_str().unwrap()]);
    for entry in fs::read_dir(place.dir.path()).unwrap() {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{}: {mode:o}", entry.path().display());
    }
    drop(daemon);
}

#[test]
fn a_key_whose_instance_is_deleted_is_in_no_copy_made_later() {
    let place = Place::new();
    let names = ["admin", "bar", "pub"];
    names.iter().for_each(|name| place.instance(name));
    let db = Connection::open(place.db()).unwrap();
    let key = |name: &str| -> Vec<u8> {
        let query = format!("SELECT private_key FROM instances WHERE id = '{name}'");
        db.query_row(&query, [], |row| row.get(0)).unwrap()
    };
    let [admin, bar, other] = names.map(key);
    place.ok(&["instance", "delete", "bar"]);
    place.ok(&["instance", "delete", "pub", "--purge"]);
    let copy = place.dir.path().join("copy.db");
    place.ok(&["backup", copy.to_str().unwrap()]);
    let copy = fs::read(copy).unwrap();
    let holds = |key: &[u8]| copy.windows(key.len()).any(|window| window == key);
    assert!(holds(&admin), "the copy has those that are used");
    assert!(!holds(&bar) && !holds(&other));
}
