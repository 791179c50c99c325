//! The shop's settings in the back office: templates, accounts, tokens, password, status, shops.

use std::fs;
use std::net::TcpListener;

use serde_json::{Value, json};
use tilld::http::{OFFICE, RouteSpec};

use super::{PASSWORD, Page, Visitor, office};
use crate::common::eventually;
use crate::common::fake_peer::{Exchange, Manners};
use crate::common::shop::{BASE, IBAN, Shop};

const HOSTILE: &str = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>{{7*7}}";
/// What of it must not be in any page.
const MARKUP: [&str; 2] = ["<script>alert", "<img"];
const LONG: &str = "battery staple";

fn admin(shop: &Shop) -> Visitor {
    Visitor::seated(&shop.daemon.address, "admin")
}

/// The page that a form led to.
fn sent_on(visitor: &Visitor, page: &Page) -> Page {
    assert_eq!(page.status, 303, "{page:?}");
    let next = visitor.get(page.location());
    assert_eq!(next.status, 200, "{next:?}");
    next
}

/// A form that is shown again, with this said of what was typed.
fn refused(page: &Page, status: u16, why: &str) {
    assert_eq!(page.status, status, "{page:?}");
    assert!(page.text.contains(why), "{why}: {}", page.text);
}

fn has_no_markup(page: &Page) {
    for markup in MARKUP {
        assert!(!page.text.contains(markup), "{markup}: {}", page.text);
    }
    let shown =
        ["&#60;script&#62;", "&#60;SCRIPT&#62;"].iter().any(|text| page.text.contains(text));
    assert!(shown, "{}", page.text);
}

fn coffee<'a>(more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let mut inputs = vec![
        ("id", "coffee"),
        ("description", "Counter"),
        ("summary", "Coffee"),
        ("summary_by", "shop"),
        ("amount", "2,50"),
        ("amount_by", "shop"),
        ("kind", "fixed-order"),
    ];
    for (name, value) in more {
        inputs.retain(|(known, _)| known != name);
        inputs.push((name, value));
    }
    inputs
}

fn template(shop: &Shop, id: &str) -> Value {
    let reply = shop.get(&format!("/private/templates/{id}"));
    assert_eq!(reply.status, 200, "{reply:?}");
    reply.json()
}

#[test]
fn a_template_is_made_changed_and_deleted_by_form() {
    let shop = office();
    let clerk = admin(&shop);
    assert!(clerk.get("/webui/templates").text.contains("no templates yet"));
    let page = clerk.post("/webui/new-template", &coffee(&[("pay_minutes", "10")]));
    assert!(page.location().starts_with("/webui/templates/coffee?"), "{page:?}");
    let page = sent_on(&clerk, &page);
    assert!(page.text.contains("taler://pay-template/shop.example/coffee"), "{}", page.text);
    assert!(page.text.contains("/templates/coffee?print=a6"));
    let kept = json!({
        "template_type": "fixed-order", "summary": "Coffee", "amount": "EUR:2.5",
        "pay_duration": { "d_us": 600_000_000 }, "minimum_age": 0,
    });
    let currency = shop.daemon.get("/config").json()["currency"].as_str().unwrap().to_owned();
    let kept: Value = serde_json::from_str(&kept.to_string().replace("EUR", &currency)).unwrap();
    assert_eq!(template(&shop, "coffee")["template_contract"], kept);

    // What the form shows is what it takes.
    let again = [("amount", "2.5"), ("pay_minutes", "10")];
    sent_on(&clerk, &clerk.post("/webui/templates/coffee", &coffee(&again)));
    assert_eq!(template(&shop, "coffee")["template_contract"], kept);

    let open = [
        ("summary_by", "customer"),
        ("amount_by", "customer"),
        ("minimum_age", "18"),
        ("description", "Bar"),
    ];
    sent_on(&clerk, &clerk.post("/webui/templates/coffee", &coffee(&open)));
    let changed = template(&shop, "coffee");
    let contract = json!({
        "template_type": "fixed-order", "currency": currency, "minimum_age": 18,
        "pay_duration": { "d_us": 86_400_000_000_u64 },
    });
    assert_eq!(changed["template_contract"], contract);
    let suggested = json!({ "summary": "Coffee", "amount": format!("{currency}:2.5") });
    assert_eq!(changed["editable_defaults"], suggested);
    assert_eq!(changed["template_description"], "Bar");
    assert!(clerk.get("/webui/templates").text.contains(">Bar</a>"));

    let blank =
        [("summary_by", "customer"), ("amount_by", "customer"), ("summary", ""), ("amount", "")];
    sent_on(&clerk, &clerk.post("/webui/templates/coffee", &coffee(&blank)));
    assert_eq!(template(&shop, "coffee").get("editable_defaults"), None);

    sent_on(&clerk, &clerk.post("/webui/templates/coffee/delete", &[]));
    assert_eq!(shop.get("/private/templates/coffee").status, 404);
    assert_eq!(clerk.get("/webui/templates/coffee").status, 404);
}

#[test]
fn a_template_that_makes_no_sense_is_asked_for_again_with_what_was_typed() {
    let shop = office();
    let clerk = admin(&shop);
    for (more, why) in [
        (&[("id", "a/b")][..], "A name has 1 to 128"),
        (&[("description", "")], "give it a name"),
        (&[("summary", "")], "say what is bought"),
        (&[("amount", "")], "type an amount"),
        (&[("amount", "nothing")], "type an amount"),
        (&[("amount", "x"), ("amount_by", "customer")], "type an amount"),
        (&[("pay_minutes", "0")], "whole number"),
        (&[("pay_minutes", "soon")], "whole number"),
        (&[("minimum_age", "121")], "whole number"),
        (&[("website", "^https:")], "Only a paywall has pages"),
        (&[("kind", "paivana"), ("website", "(")], "not a regular expression"),
        (&[("kind", "paivana"), ("amount_by", "customer")], "fixed by the shop"),
    ] {
        let page = clerk.post("/webui/new-template", &coffee(more));
        refused(&page, 400, why);
        assert!(page.text.contains("aria-invalid"), "{more:?}");
    }
    let hostile = [("description", HOSTILE), ("summary", HOSTILE), ("amount", HOSTILE)];
    has_no_markup(&clerk.post("/webui/new-template", &coffee(&hostile)));
    assert_eq!(shop.get("/private/templates").json(), json!({ "templates": [] }));

    sent_on(&clerk, &clerk.post("/webui/new-template", &coffee(&[])));
    refused(&clerk.post("/webui/new-template", &coffee(&[("amount", "3")])), 409, "is taken");
    refused(&clerk.post("/webui/templates/coffee", &coffee(&[("amount", "")])), 400, "an amount");
    assert_eq!(clerk.post("/webui/templates/tea", &coffee(&[])).status, 404);
    assert_eq!(clerk.post("/webui/templates/tea/delete", &[]).status, 404);
}

#[test]
fn a_form_changes_of_a_template_only_what_it_shows() {
    let shop = office();
    let clerk = admin(&shop);
    let contract = json!({
        "template_type": "paivana", "summary": "Article", "request_tip": true,
        "pay_duration": { "d_us": 90_000_000 }, "website_regex": "^https://news\\.example/",
        "choices": [{ "amount": "KUDOS:1", "max_fee": "KUDOS:0.1" }], "own": [1],
    });
    let wall = json!({
        "template_id": "wall", "template_description": HOSTILE, "template_contract": contract,
    });
    assert_eq!(shop.post("/private/templates", &wall).status, 204);
    has_no_markup(&clerk.get("/webui/templates"));
    let page = clerk.get("/webui/templates/wall");
    has_no_markup(&page);
    for shown in ["value=\"Article\"", "Amount in KUDOS", "value=\"1\"", "news\\.example/\""] {
        assert!(page.text.contains(shown), "{shown}: {}", page.text);
    }
    let inputs = coffee(&[
        ("summary", "Article"),
        ("amount", "2"),
        ("pay_minutes", "1"),
        ("kind", "paivana"),
        ("website", "^https://news\\.example/"),
    ]);
    sent_on(&clerk, &clerk.post("/webui/templates/wall", &inputs));
    let mut changed = contract;
    changed["choices"][0]["amount"] = json!("KUDOS:2");
    changed["minimum_age"] = json!(0);
    assert_eq!(template(&shop, "wall")["template_contract"], changed);
}

#[test]
fn an_account_is_added_by_its_iban_retired_and_used_again() {
    let shop = office();
    let clerk = admin(&shop);
    let page = clerk.get("/webui/accounts");
    assert!(page.text.contains("DE75\u{a0}5121\u{a0}0800"), "{}", page.text);

    let inputs = [("iban", "ch93 0076 2011 6238 5295 7"), ("holder", "Café & Söhne")];
    sent_on(&clerk, &clerk.post("/webui/accounts", &inputs));
    let uri = "payto://iban/CH9300762011623852957?receiver-name=Caf%C3%A9%20%26%20S%C3%B6hne";
    let accounts = || shop.get("/private/accounts").json()["accounts"].as_array().unwrap().clone();
    let found = || accounts().into_iter().find(|one| one["payto_uri"] == uri).expect(uri);
    let h_wire = found()["h_wire"].as_str().unwrap().to_owned();
    assert_eq!(found()["active"], true);
    assert!(clerk.get("/webui/accounts").text.contains("Café &#38; Söhne"));

    for _ in 0..2 {
        sent_on(&clerk, &clerk.post(&format!("/webui/accounts/{h_wire}/retire"), &[]));
        assert_eq!(found()["active"], false);
    }
    sent_on(&clerk, &clerk.post(&format!("/webui/accounts/{h_wire}/use"), &[]));
    assert_eq!(found()["active"], true);
    assert_eq!(found()["h_wire"], h_wire.as_str(), "with its old salt");

    let payto = "payto://x-taler-bank/bank.example/shop?receiver-name=Shop";
    sent_on(&clerk, &clerk.post("/webui/accounts", &[("payto", payto)]));
    assert!(accounts().iter().any(|one| one["payto_uri"] == payto));
    for path in ["/webui/accounts/nonsense/retire", "/webui/accounts/nonsense/use"] {
        assert_eq!(clerk.post(path, &[]).status, 404);
    }
}

#[test]
fn a_mistake_in_an_account_is_explained() {
    let shop = office();
    let clerk = admin(&shop);
    for (inputs, why) in [
        (&[("iban", "DE75512108001245126198"), ("holder", "x")][..], "typing mistake"),
        (&[("iban", "DE755121"), ("holder", "x")], "too short or too long"),
        (&[("iban", "US75512108001245126199"), ("holder", "x")], "No country"),
        (&[("iban", "DE75512108001245126199"), ("holder", " ")], "say whose account"),
        (&[("payto", "payto://iban/DE75512108001245126199")], "does not say whose"),
        (&[("payto", "https://bank.example/")], "This is not an account"),
        (&[("payto", "payto://void/x")], "does not say whose"),
    ] {
        refused(&clerk.post("/webui/accounts", inputs), 400, why);
    }
    has_no_markup(&clerk.post("/webui/accounts", &[("iban", HOSTILE), ("holder", HOSTILE)]));
    has_no_markup(&clerk.post("/webui/accounts", &[("payto", HOSTILE)]));
    assert_eq!(shop.get("/private/accounts").json()["accounts"].as_array().unwrap().len(), 1);

    let hostile = format!("{IBAN}%3Cscript%3Ealert(1)%3C/script%3E");
    sent_on(&clerk, &clerk.post("/webui/accounts", &[("payto", &hostile)]));
    has_no_markup(&clerk.get("/webui/accounts"));
}

/// The inputs for a token.
fn wish<'a>(more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let mut inputs = vec![
        ("description", "Tablet"),
        ("scope", "order-pos"),
        ("life", "604800"),
        ("password", PASSWORD),
    ];
    for (name, value) in more {
        inputs.retain(|(known, _)| known != name);
        inputs.push((name, value));
    }
    inputs
}

/// The text of the element called `id`.
fn element(page: &Page, id: &str) -> String {
    let start = format!("id=\"{id}\">");
    let (_, rest) = page.text.split_once(&start).unwrap_or_else(|| panic!("{id}: {}", page.text));
    rest.split('<').next().unwrap().to_owned()
}

fn tokens(shop: &Shop) -> Vec<Value> {
    shop.get("/private/tokens?limit=-100").json()["tokens"].as_array().unwrap().clone()
}

#[test]
fn a_token_is_shown_once_and_good_for_its_scope_until_it_is_revoked() {
    let shop = office();
    let clerk = admin(&shop);
    let page = sent_on(&clerk, &clerk.post("/webui/tokens", &wish(&[])));
    assert_eq!(page.headers["cache-control"], "no-store");
    let (token, base) = (element(&page, "token"), element(&page, "base-url"));
    assert_eq!(base, BASE);
    assert!(page.text.contains("<svg class=\"qr\""));
    assert!(!clerk.get("/webui/tokens").text.contains(&token), "only once");

    let ask = |path: &str| shop.daemon.ask("GET", path).token(&token).send().status;
    let unused = clerk.get("/webui/tokens").text;
    assert_eq!((ask("/private/orders"), ask("/private/accounts")), (200, 403));
    let made = tokens(&shop).into_iter().find(|one| one["description"] == "Tablet").unwrap();
    assert_eq!(made["scope"], "order-pos");
    assert_eq!(made["refreshable"], false);
    let second = |name: &str| made[name]["t_s"].as_u64().unwrap();
    assert_eq!(second("expiration") - second("creation_time"), 604_800);

    // Its use is kept behind the answer's back.
    let never = |text: &str| text.matches("<dd>never</dd>").count();
    eventually("the use", || never(&clerk.get("/webui/tokens").text) < never(&unused));

    let serial = made["serial"].as_i64().unwrap();
    for _ in 0..2 {
        sent_on(&clerk, &clerk.post(&format!("/webui/tokens/{serial}/revoke"), &[]));
        assert_eq!(ask("/private/orders"), 401);
    }
    assert_eq!(clerk.post("/webui/tokens/x/revoke", &[]).status, 404);
    sent_on(&clerk, &clerk.post("/webui/tokens", &wish(&[("life", "forever"), ("scope", "all")])));
    let last = tokens(&shop).into_iter().next().unwrap();
    assert_eq!((&last["expiration"]["t_s"], &last["scope"]), (&json!("never"), &json!("all")));
}

#[test]
fn a_token_wants_the_password_and_attempts_are_counted() {
    let shop = office();
    let clerk = admin(&shop);
    let before = tokens(&shop).len();
    for (more, status, why) in [
        (&[("description", "")][..], 400, "give it a name"),
        (&[("scope", "root")], 400, "choose one"),
        // What stands in no list is not to be had by typing it.
        (&[("scope", "spa")], 400, "choose one"),
        (&[("life", "60")], 400, "choose one"),
        (&[("password", "")], 400, "type the password"),
        (&[("password", "wrong")], 403, "not the password"),
    ] {
        refused(&clerk.post("/webui/tokens", &wish(more)), status, why);
    }
    let page = clerk.post("/webui/tokens", &wish(&[("description", HOSTILE), ("password", "x")]));
    has_no_markup(&page);
    assert_eq!(tokens(&shop).len(), before);
    has_no_markup(&sent_on(
        &clerk,
        &clerk.post("/webui/tokens", &wish(&[("description", HOSTILE)])),
    ));
    has_no_markup(&clerk.get("/webui/tokens"));
    assert!(!page.text.contains(PASSWORD));

    let refusal = (0..30).find_map(|_| {
        let page = clerk.post("/webui/tokens", &wish(&[("password", "wrong")]));
        (page.status != 403).then_some(page)
    });
    refused(&refusal.expect("an end"), 429, "Too many password attempts");
}

#[test]
fn revoking_the_own_web_session_signs_out() {
    let shop = office();
    let clerk = admin(&shop);
    let page = clerk.get("/webui/tokens");
    let (before, _) = page.text.split_once("this browser").expect("a mark at the own web session");
    assert!(!before.contains("/revoke"), "the newest one is the own");
    let (_, rest) = page.text.split_once("/webui/tokens/").unwrap();
    let serial = rest.split('/').next().unwrap();
    let page = clerk.post(&format!("/webui/tokens/{serial}/revoke"), &[]);
    assert_eq!(page.status, 303);
    assert!(clerk.get("/webui/tokens").location().starts_with("/webui/sign-in"));
}

#[test]
fn many_tokens_are_listed_in_pages() {
    let shop = office();
    for _ in 0..60 {
        shop.place.token("admin", "readonly");
    }
    let clerk = admin(&shop);
    let count = |page: &Page| page.text.matches("/revoke\"").count();
    let first = clerk.get("/webui/tokens");
    assert_eq!(count(&first), 50);
    let (_, rest) = first.text.split_once("rel=\"next\" href=\"").expect("a link to older ones");
    let second = clerk.get(rest.split('"').next().unwrap());
    assert_eq!(count(&second), 12, "60, the shop's own and the web session");
    assert!(!second.text.contains("rel=\"next\""));
    assert_eq!(clerk.get("/webui/tokens?before=x").status, 400);
}

#[test]
fn a_new_password_needs_the_old_one_and_ends_other_web_sessions_but_no_tokens() {
    let shop = office();
    let (clerk, other) = (admin(&shop), admin(&shop));
    let change = |old, new, again| {
        clerk.post("/webui/password", &[("old", old), ("new", new), ("again", again)])
    };
    refused(&change("wrong", LONG, LONG), 403, "not the password");
    refused(&change("", LONG, LONG), 400, "type the password");
    refused(&change(PASSWORD, "short", "short"), 400, "at least 8");
    refused(&change(PASSWORD, LONG, "battery stable"), 400, "not the same");
    let long = "x".repeat(1025);
    refused(&change(PASSWORD, &long, &long), 400, "too long");
    let visitor = Visitor::seated(&shop.daemon.address, "admin");
    assert_eq!(other.get("/webui/password").status, 200, "nothing was changed");

    let page = sent_on(&clerk, &change(PASSWORD, LONG, LONG));
    assert!(page.text.contains("The password was changed"), "{}", page.text);
    assert!(!page.text.contains(LONG));
    for gone in [&other, &visitor] {
        assert!(gone.get("/webui/orders").location().starts_with("/webui/sign-in"));
    }
    assert_eq!(shop.get("/private/orders").status, 200, "a program's token is still good");
    refused(&change(PASSWORD, LONG, LONG), 403, "not the password");
    let mut stranger = Visitor::of(&shop.daemon.address);
    let page = stranger.get("/webui/sign-in");
    stranger.csrf = page.csrf();
    stranger.cookies = page.cookie("__Host-tilld-presession").into_iter().collect();
    assert_eq!(stranger.sign_in("admin", PASSWORD).status, 403);
    assert_eq!(stranger.sign_in("admin", LONG).status, 303);

    let refusal = (0..30).find_map(|_| {
        let page = change("wrong", LONG, LONG);
        (page.status != 403).then_some(page)
    });
    refused(&refusal.expect("an end"), 429, "Too many password attempts");
    // They are counted together with those to sign in.
    assert_eq!(stranger.sign_in("admin", LONG).status, 429);
}

#[test]
fn the_status_page_tells_payments_backups_and_what_is_missing() {
    let shop = office();
    let clerk = admin(&shop);
    let status = || clerk.get("/webui/status").text;
    let fact = |name: &str| {
        let text = status();
        let (_, rest) = text.split_once(&format!("<dt>{name}</dt><dd>")).expect(name);
        rest.split("</dd>").next().unwrap().to_owned()
    };
    assert_eq!(fact("Last payment"), "never");
    assert_eq!(fact("Last backup"), "never");
    assert_eq!(fact("Version"), format!("tilld {}", env!("CARGO_PKG_VERSION")));
    assert_eq!(fact("Address of the shop"), BASE);
    assert_eq!(fact("Bank accounts in use"), "1");
    assert!(fact("Free space on the disk").ends_with('B'));
    assert!(fact("Size of the database").ends_with("MB"));
    assert_eq!(fact("Waiting pages and programs"), "0");
    assert!(status().contains("There was no backup with"));
    assert!(!status().contains("does not begin with https"));

    let (id, _) = shop.made(&json!({ "order": { "summary": "x", "amount": "KUDOS:1" } }));
    let paid = shop.post(&format!("/private/orders/{id}/payments"), &json!({ "method": "cash" }));
    assert_eq!(paid.status, 200, "{paid:?}");
    assert!(fact("Last payment").starts_with("<time datetime=\"20"));

    let folder = shop.place.db().parent().unwrap().join("backups");
    fs::create_dir(&folder).unwrap();
    shop.place.ok(&["backup", folder.join("wherever").to_str().unwrap()]);
    assert!(fact("Last backup").starts_with("<time datetime=\"20"));
    assert!(!status().contains("There was no backup with"));

    let accounts = shop.get("/private/accounts").json();
    let h_wire = accounts["accounts"][0]["h_wire"].as_str().unwrap();
    sent_on(&clerk, &clerk.post(&format!("/webui/accounts/{h_wire}/retire"), &[]));
    assert_eq!(fact("Bank accounts in use"), "0");
    assert!(status().contains("no bank account in use"));
}

#[test]
fn the_status_page_tells_who_pays_to_which_account() {
    let exchange = Exchange::start();
    exchange.behave(Manners::Tells(exchange.keys(&exchange.master, "^payto://iban/DE")));
    let shop = Shop::configured(&exchange.settings());
    shop.place.passwd("admin", PASSWORD);
    let clerk = admin(&shop);
    let status = || clerk.get("/webui/status").text;
    eventually("keys", || status().contains(">ready</span>"));
    let page = status();
    assert!(page.contains("pays to this account") && page.contains("Keys of"), "{page}");
    assert!(!page.contains("trusts no exchange") && !page.contains("could be reached"), "{page}");
    sent_on(
        &clerk,
        &clerk.post("/webui/accounts", &[("iban", "CH9300762011623852957"), ("holder", "x")]),
    );
    assert!(status().contains("cannot pay to this kind of account"), "{}", status());
}

#[test]
fn the_status_page_does_not_wait_for_an_exchange_that_is_down() {
    let dead = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut exchange = Exchange::start();
    exchange.address = dead;
    let shop = Shop::configured(&exchange.settings());
    shop.place.passwd("admin", PASSWORD);
    let clerk = admin(&shop);
    let status = || clerk.get("/webui/status").text;
    eventually("a failure", || status().contains("could not be reached"));
    let page = status();
    for said in ["No exchange could be reached", "Last failure on", "is not known yet"] {
        assert!(page.contains(said), "{said}: {page}");
    }
}

#[test]
fn an_address_without_https_is_warned_of() {
    let shop = Shop::with(&[("TILLD_SERVER__BASE_URL", "http://shop.example/")]);
    shop.place.passwd("admin", PASSWORD);
    let page = admin(&shop).get("/webui/status");
    assert!(page.text.contains("does not begin with https"), "{}", page.text);
}

const BAR: [(&str, &str); 3] = [("id", "Bar"), ("name", "The Bar"), ("password", PASSWORD)];

#[test]
fn a_shop_is_made_with_its_password_deleted_and_purged() {
    let shop = office();
    let clerk = admin(&shop);
    let page = clerk.post("/webui/instances", &BAR);
    assert!(page.location().starts_with("/webui/instances/bar?"), "{page:?}");
    assert!(sent_on(&clerk, &page).text.contains(&format!("{BASE}instances/bar/")));
    let keeper = Visitor::seated(&shop.daemon.address, "bar");
    assert!(keeper.get("/webui/orders").text.contains("The Bar"));
    assert!(!keeper.get("/webui/orders").text.contains("/webui/instances"));

    let with = |name, value| {
        let mut inputs = BAR.to_vec();
        inputs.retain(|(known, _)| *known != name);
        inputs.push((name, value));
        clerk.post("/webui/instances", &inputs)
    };
    refused(&with("name", "Other"), 409, "is taken");
    refused(&with("id", "admin"), 409, "is taken");
    refused(&with("id", "b"), 400, "A short name has");
    refused(&with("name", " "), 400, "what the shop is called");
    refused(&with("password", "short"), 400, "at least 8");
    has_no_markup(&with("id", HOSTILE));
    sent_on(
        &clerk,
        &clerk
            .post("/webui/instances", &[("id", "evil"), ("name", HOSTILE), ("password", PASSWORD)]),
    );
    for path in ["/webui/instances", "/webui/instances/evil"] {
        has_no_markup(&clerk.get(path));
    }
    has_no_markup(&Visitor::seated(&shop.daemon.address, "evil").get("/webui/status"));

    let ask = |what: &str, confirm: &str| {
        clerk.post(&format!("/webui/instances/bar/{what}"), &[("confirm", confirm)])
    };
    refused(&ask("delete", "baz"), 400, "not the short name");
    refused(&ask("purge", "bar"), 400, "Delete the shop first");
    assert_eq!(keeper.get("/webui/orders").status, 200);
    for _ in 0..2 {
        let page = sent_on(&clerk, &ask("delete", "bar"));
        assert!(page.text.contains("Delete its history, too"));
    }
    assert!(keeper.get("/webui/orders").location().starts_with("/webui/sign-in"));
    refused(&with("name", "The Bar"), 409, "Delete its history first");
    refused(&ask("purge", ""), 400, "not the short name");
    sent_on(&clerk, &ask("purge", "bar"));
    assert_eq!(clerk.get("/webui/instances/bar").status, 404);
    assert_eq!(ask("delete", "bar").status, 404);
    assert_eq!(clerk.get("/webui/instances/%00").status, 404);

    let own = clerk.post("/webui/instances/admin/delete", &[("confirm", "admin")]);
    refused(&own, 400, "cannot be deleted here");
    assert_eq!(clerk.get("/webui/instances").status, 200);
}

#[test]
fn a_shop_with_money_under_way_is_deleted_by_form_when_the_box_is_ticked() {
    let shop = office();
    let clerk = admin(&shop);
    sent_on(&clerk, &clerk.post("/webui/instances", &BAR));
    shop.place.ok(&["account", "add", "bar", IBAN]);
    let token = shop.place.token("bar", "all");
    let order = json!({ "order": { "summary": "tea", "amount": "KUDOS:1" } });
    let ask = shop.daemon.ask("POST", "/instances/bar/private/orders").token(&token).json(&order);
    assert_eq!(ask.send().status, 200);
    let db = rusqlite::Connection::open(shop.place.db()).unwrap();
    db.busy_timeout(crate::common::PATIENCE).unwrap();
    db.execute_batch("INSERT INTO partial_payments SELECT max(serial) FROM orders").unwrap();
    let ask = |more: &[(&str, &str)]| {
        let inputs = [&[("confirm", "bar")], more].concat();
        clerk.post("/webui/instances/bar/delete", &inputs)
    };
    let page = ask(&[]);
    refused(
        &page,
        409,
        "coins that their exchange has not confirmed: 0; part-paid orders: 1; refunds that were not collected: 0",
    );
    assert!(page.text.contains("name=\"force\""), "{}", page.text);
    assert!(!clerk.get("/webui/instances/bar").text.contains("name=\"force\""));
    let page = sent_on(&clerk, &ask(&[("force", "yes")]));
    assert!(page.text.contains("Delete its history, too"));
}

const DETAILS: [(&str, &str); 12] = [
    ("name", "The Public Bar"),
    ("email", "bar@example.org"),
    ("phone", "+41 44 000 00 00"),
    ("website", "https://bar.example/"),
    ("street", "Main Street"),
    ("number", "1a"),
    ("post_code", "8000"),
    ("town", "Zürich"),
    ("country", "CH"),
    ("law_country", "CH"),
    ("law_subdivision", "ZH"),
    ("law_town", ""),
];

#[test]
fn the_details_of_a_shop_are_changed_by_itself_and_by_the_special_instance() {
    let shop = office();
    let clerk = admin(&shop);
    sent_on(&clerk, &clerk.post("/webui/instances", &BAR));
    let keeper = Visitor::seated(&shop.daemon.address, "bar");
    let kept = || shop.get("/management/instances/bar").json();
    let before = kept();
    let logo = "data:image/png;base64,AA==";
    let patch = json!({ "name": "The Bar", "logo": logo, "use_stefan": false,
        "address": { "district": "Old town", "town": "Bern" } });
    let patched =
        shop.daemon.ask("PATCH", "/management/instances/bar").token(&shop.token).json(&patch);
    assert_eq!(patched.send().status, 204);

    let page = keeper.get("/webui/details");
    assert!(page.text.contains("value=\"The Bar\"") && page.text.contains("value=\"Bern\""));
    let page = sent_on(&keeper, &keeper.post("/webui/details", &DETAILS));
    assert!(page.text.contains("Saved.") && page.text.contains("value=\"Zürich\""), "{page:?}");
    let now = kept();
    assert_eq!(
        now["address"],
        json!({ "street": "Main Street", "building_number": "1a", "post_code": "8000",
            "town": "Zürich", "country": "CH", "district": "Old town" })
    );
    assert_eq!(now["jurisdiction"], json!({ "country": "CH", "country_subdivision": "ZH" }));
    assert_eq!(now["email"], "bar@example.org");
    // What the form does not show stays as it was.
    assert_eq!((&now["logo"], &now["use_stefan"]), (&json!(logo), &json!(false)));
    assert_eq!(now["default_pay_delay"], before["default_pay_delay"]);

    let with = |visitor: &Visitor, path: &str, name, value| {
        let mut inputs = DETAILS.to_vec();
        inputs.retain(|(known, _)| *known != name);
        inputs.push((name, value));
        visitor.post(path, &inputs)
    };
    let long = "x".repeat(600);
    for (visitor, path) in [(&keeper, "/webui/details"), (&clerk, "/webui/instances/bar")] {
        refused(&with(visitor, path, "name", " "), 400, "what the shop is called");
        refused(&with(visitor, path, "email", "nobody"), 400, "no e-mail address");
        refused(&with(visitor, path, "website", "javascript:1"), 400, "a whole web address");
        refused(&with(visitor, path, "phone", &long), 400, "too long");
        let page = with(visitor, path, "town", &long);
        refused(&page, 400, "too long");
        assert!(page.text.contains("value=\"Main Street\""), "what was typed is there again");
        assert_eq!(kept(), now);
        has_no_markup(&sent_on(visitor, &with(visitor, path, "name", HOSTILE)));
        sent_on(visitor, &with(visitor, path, "name", "The Public Bar"));
    }
    assert_eq!(kept(), now);
    assert_eq!(clerk.post("/webui/instances/none", &DETAILS).status, 404);
    sent_on(&clerk, &clerk.post("/webui/instances/admin", &[("name", "Head office")]));
    assert_eq!(shop.get("/private").json()["name"], "Head office");
}

#[test]
fn the_special_instance_sets_a_new_password_of_another_with_its_own() {
    let shop = office();
    let clerk = admin(&shop);
    sent_on(&clerk, &clerk.post("/webui/instances", &BAR));
    let keeper = Visitor::seated(&shop.daemon.address, "bar");
    let token = shop.place.ok(&["token", "create", "bar", "--scope", "all"]);
    let reset = |new: &str, again: &str, own: &str| {
        let inputs = [("new", new), ("again", again), ("own", own)];
        clerk.post("/webui/instances/bar/password", &inputs)
    };
    refused(&reset("short", "short", PASSWORD), 400, "at least 8");
    refused(&reset(LONG, "battery stable", PASSWORD), 400, "not the same");
    refused(&reset(LONG, LONG, ""), 400, "type the password");
    refused(&reset(LONG, LONG, "not this one"), 403, "not the password");
    assert_eq!(keeper.get("/webui/orders").status, 200);
    assert!(sent_on(&clerk, &reset(LONG, LONG, PASSWORD)).text.contains("has a new password"));

    assert!(keeper.get("/webui/orders").location().starts_with("/webui/sign-in"));
    assert_eq!(clerk.get("/webui/orders").status, 200, "the operator stays");
    let mut stranger = Visitor::of(&shop.daemon.address);
    let page = stranger.get("/webui/sign-in");
    stranger.csrf = page.csrf();
    stranger.cookies = page.cookie("__Host-tilld-presession").into_iter().collect();
    assert_eq!(stranger.sign_in("bar", PASSWORD).status, 403);
    assert_eq!(stranger.sign_in("bar", LONG).status, 303);
    // A token that was made by request is not the password's.
    let asked = shop.daemon.ask("GET", "/instances/bar/private/orders").token(token.trim()).send();
    assert_eq!(asked.status, 200, "{asked:?}");
    // Its own password is changed where the old one is asked for.
    let own = [("new", LONG), ("again", LONG), ("own", PASSWORD)];
    let page = clerk.post("/webui/instances/admin/password", &own);
    assert_eq!((page.status, page.location()), (303, "/webui/password"));
    assert_eq!(clerk.post("/webui/instances/none/password", &own).status, 404);
}

#[test]
fn only_the_special_instance_reaches_the_shops() {
    let shop = office();
    let clerk = admin(&shop);
    sent_on(&clerk, &clerk.post("/webui/instances", &BAR));
    let keeper = Visitor::seated(&shop.daemon.address, "bar");
    let rows: Vec<&RouteSpec> =
        OFFICE.iter().filter(|row| row.path.starts_with("/instances")).collect();
    assert_eq!(rows.len(), 7);
    for row in rows {
        for id in ["admin", "bar"] {
            let path = format!("/webui{}", row.path.replace("{id}", id));
            let page = match row.method {
                "POST" => keeper.post(&path, &[("confirm", id), ("name", "x"), ("id", "new")]),
                _ => keeper.get(&path),
            };
            assert_eq!(page.status, 403, "{row:?}");
            assert!(page.text.contains("does not allow this"), "{row:?}");
            assert!(!page.text.contains("The Bar"), "{row:?}");
        }
    }
    assert_eq!(clerk.get("/webui/instances/new").status, 404);
    // What the daemon's shops share is the operator's business.
    let page = keeper.get("/webui/status").text;
    assert!(page.contains("Last payment") && !page.contains("Free space"), "{page}");
}

#[test]
fn a_shop_sees_and_changes_nothing_of_another() {
    let shop = office();
    let clerk = admin(&shop);
    sent_on(&clerk, &clerk.post("/webui/instances", &BAR));
    sent_on(&clerk, &clerk.post("/webui/new-template", &coffee(&[])));
    let keeper = Visitor::seated(&shop.daemon.address, "bar");
    let serial = tokens(&shop)[0]["serial"].as_i64().unwrap();
    let accounts = shop.get("/private/accounts").json();
    let h_wire = accounts["accounts"][0]["h_wire"].as_str().unwrap().to_owned();

    assert!(!keeper.get("/webui/templates").text.contains("coffee"));
    assert!(!keeper.get("/webui/accounts").text.contains("DE75"));
    assert!(!keeper.get("/webui/tokens").text.contains(&format!("/tokens/{serial}/")));
    for path in ["/webui/templates/coffee", "/webui/templates/coffee/delete"] {
        assert_eq!(keeper.post(path, &coffee(&[])).status, 404, "{path}");
    }
    let use_again = format!("/webui/accounts/{h_wire}/use");
    assert_eq!(keeper.post(&use_again, &[]).status, 404);
    keeper.post(&format!("/webui/accounts/{h_wire}/retire"), &[]);
    keeper.post(&format!("/webui/tokens/{serial}/revoke"), &[]);
    assert_eq!(shop.get("/private/accounts").json(), accounts);
    assert!(tokens(&shop).iter().any(|one| one["serial"] == serial));
    assert_eq!(template(&shop, "coffee")["template_description"], "Counter");

    // Its own template leads to its own address.
    sent_on(&keeper, &keeper.post("/webui/new-template", &coffee(&[])));
    let page = keeper.get("/webui/templates/coffee").text;
    assert!(page.contains("taler://pay-template/shop.example/instances/bar/coffee"), "{page}");
    assert!(page.contains("/instances/bar/templates/coffee?print=a4"), "{page}");
}
