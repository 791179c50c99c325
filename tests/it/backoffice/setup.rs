//! First setup: the first shop by a link that works once, and the check list.

use std::thread;

use super::{PASSWORD, Page, Visitor, office, store, tamper};
use crate::common::fake_peer::{Exchange, Manners};
use crate::common::shop::IBAN;
use crate::common::{Place, eventually};

/// The code at the end of the link in `text`.
fn code(text: &str) -> String {
    let (_, rest) = text.split_once("/webui/setup#").unwrap_or_else(|| panic!("{text}"));
    rest.split_whitespace().next().unwrap().to_owned()
}

/// Everything that a daemon says until it ends.
fn started(place: &Place) -> (crate::common::Daemon, String) {
    let daemon = place.start();
    let said = std::cell::RefCell::new(daemon.greeting.clone());
    eventually("the link is printed", || {
        let lines: Vec<_> = daemon.lines.lock().unwrap().try_iter().collect();
        said.borrow_mut().push_str(&lines.join("\n"));
        said.borrow().contains("/webui/setup#")
    });
    (daemon, said.into_inner())
}

fn inputs<'a>(code: &'a str, name: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![("code", code), ("name", name), ("new", PASSWORD), ("again", PASSWORD)]
}

fn send(visitor: &Visitor, code: &str) -> Page {
    visitor.post("/webui/setup", &inputs(code, "The bar"))
}

#[test]
fn the_first_shop_is_made_by_the_link_that_the_daemon_prints_and_by_it_once() {
    let place = Place::new();
    let (daemon, said) = started(&place);
    let code = code(&said);
    // A visitor who wants to sign in is led to where the first shop is made.
    let stranger = Visitor::of(&daemon.address);
    let lost = stranger.get("/webui/orders");
    assert!(lost.location().starts_with("/webui/sign-in"), "{lost:?}");
    let lost = stranger.get(lost.location());
    assert_eq!((lost.status, lost.location()), (303, "/webui/setup"));
    let page = stranger.get("/webui/setup");
    for way in ["tilld setup-link", "journalctl -u tilld"] {
        assert!(page.text.contains(way), "{}", page.text);
    }
    assert!(!page.text.contains(&code), "it is told to nobody");

    let visitor = Visitor::at_form(&daemon.address, "/webui/setup");
    // What is typed wrong costs nothing.
    let short = visitor.post(
        "/webui/setup",
        &[("code", &code), ("name", ""), ("new", "short"), ("again", "short")],
    );
    assert_eq!(short.status, 400);
    for wrong in ["name-wrong", "new-wrong"] {
        assert!(short.text.contains(wrong), "{wrong}: {}", short.text);
    }
    assert_eq!(send(&visitor, &"0".repeat(26)).status, 403);
    let made = send(&visitor, &code);
    assert_eq!((made.status, made.location()), (303, "/webui"), "{made:?}");
    let mut keeper = Visitor::of(&daemon.address);
    keeper.cookies = vec![made.cookie("__Host-tilld").unwrap()];
    assert_eq!(keeper.get("/webui").location(), "/webui/check-list");
    let list = keeper.get("/webui/check-list");
    assert!(list.text.contains("The bar"), "{}", list.text);
    assert!(place.ok(&["instance", "list"]).starts_with("admin\tactive\tno account\tThe bar"));
    assert_eq!(Visitor::of(&daemon.address).sign_in_anew("admin", PASSWORD).status, 303);

    // It was for once, and there is a shop now.
    let again = send(&visitor, &code);
    assert_eq!((again.status, again.location()), (303, "/webui/sign-in?said=shop-exists"));
    assert_eq!(stranger.get("/webui/setup").location(), "/webui/sign-in?said=shop-exists");
    let kept: i64 =
        store(&place).query_row("SELECT count(*) FROM setup_code", [], |row| row.get(0)).unwrap();
    assert_eq!(kept, 0);
    let (status, said) = place.fails(&["setup-link"]);
    assert_eq!(status, 1);
    assert!(said.contains("there is a shop already"), "{said}");
    assert_eq!(daemon.stop(), 0);
    // Nor does a later start print one.
    let later = place.start();
    assert!(!later.greeting.contains("setup#"));
}

#[test]
fn two_who_have_the_link_make_one_shop() {
    let place = Place::new();
    let (daemon, said) = started(&place);
    let code = code(&said);
    let (one, two) = (
        Visitor::at_form(&daemon.address, "/webui/setup"),
        Visitor::at_form(&daemon.address, "/webui/setup"),
    );
    let (first, second) = thread::scope(|scope| {
        let other = scope.spawn(|| two.post("/webui/setup", &inputs(&code, "Two")));
        (one.post("/webui/setup", &inputs(&code, "One")), other.join().unwrap())
    });
    let places = [first.location(), second.location()];
    assert!(
        places.contains(&"/webui") && places.contains(&"/webui/sign-in?said=shop-exists"),
        "{places:?}"
    );
    assert_eq!(place.ok(&["instance", "list"]).lines().count(), 1);
}

#[test]
fn a_new_link_a_restart_and_time_end_the_link_before() {
    let place = Place::new();
    let (daemon, said) = started(&place);
    let first = code(&said);
    let again = place.ok(&["setup-link"]);
    // It listens where an option of its own told it to.
    assert!(again.contains(&daemon.address), "{again} {}", daemon.address);
    let second = code(&again);
    assert_ne!(first, second);
    let visitor = Visitor::at_form(&daemon.address, "/webui/setup");
    assert_eq!(send(&visitor, &first).status, 403, "another one was made");
    drop(visitor);
    assert_eq!(daemon.stop(), 0);
    let (daemon, said) = started(&place);
    let third = code(&said);
    let visitor = Visitor::at_form(&daemon.address, "/webui/setup");
    assert_eq!(send(&visitor, &second).status, 403, "the daemon was started anew");
    tamper(&store(&place), "UPDATE setup_code SET expires_at_s = 5");
    let late = send(&visitor, &third);
    assert_eq!(late.status, 403, "its time is over");
    assert!(late.text.contains("tilld setup-link"), "{}", late.text);
    // However it is typed.
    let fourth = code(&place.ok(&["setup-link"])).to_lowercase();
    let (start, end) = fourth.split_at(5);
    assert_eq!(send(&visitor, &format!(" {start}-{end} ")).status, 303);
}

#[test]
fn codes_cannot_be_guessed_for_long_and_the_file_does_not_hold_the_code() {
    let place = Place::new();
    let base = [
        ("TILLD_SERVER__BASE_URL", "http://127.0.0.1:1/"),
        ("TILLD_SERVER__TRUSTED_PROXIES", "127.0.0.1"),
    ];
    let daemon = place.start_with(&base);
    let code = code(&place.ok(&["setup-link"]));
    let visitor = Visitor::at_form(&daemon.address, "/webui/setup");
    for number in 0..10 {
        assert_eq!(send(&visitor, &format!("GUESS{number}")).status, 403);
    }
    let refused = send(&visitor, "GUESS");
    assert_eq!(refused.status, 429, "{refused:?}");
    assert!(refused.headers.contains_key("retry-after"));
    assert_eq!(send(&visitor, &code).status, 429, "nor is the right one looked at");
    for name in ["tilld.db", "tilld.db-wal"] {
        let bytes = std::fs::read(place.dir.path().join(name)).unwrap_or_default();
        assert!(!bytes.windows(code.len()).any(|part| part == code.as_bytes()), "{name}");
    }
}

#[test]
fn a_shop_that_is_made_in_another_way_ends_the_link() {
    let place = Place::new();
    let (daemon, said) = started(&place);
    let code = code(&said);
    let visitor = Visitor::at_form(&daemon.address, "/webui/setup");
    place.passwd("admin", "battery staple");
    let late = send(&visitor, &code);
    assert_eq!((late.status, late.location()), (303, "/webui/sign-in?said=shop-exists"));
    assert_eq!(Visitor::of(&daemon.address).sign_in_anew("admin", PASSWORD).status, 403);
    assert_eq!(Visitor::of(&daemon.address).sign_in_anew("admin", "battery staple").status, 303);
}

#[test]
fn the_list_is_the_first_page_until_all_is_done_or_it_is_put_away() {
    let exchange = Exchange::start();
    exchange.behave(Manners::Tells(exchange.keys(&exchange.master, "^payto://iban/DE")));
    let place = Place::new();
    place.passwd("admin", PASSWORD);
    let base = [
        ("TILLD_SERVER__BASE_URL", "https://shop.example/"),
        ("TILLD_SERVER__TRUSTED_PROXIES", "127.0.0.1"),
    ];
    let daemon = place.start_with(&base);
    let keeper = Visitor::seated(&daemon.address, "admin");
    let open = || {
        let text = keeper.get("/webui/check-list").text;
        text.matches(">to do<").count()
    };
    assert_eq!(keeper.get("/webui").location(), "/webui/check-list");
    // All but the address, which is by https.
    assert_eq!(open(), 5);
    let page = keeper.get("/webui/check-list").text;
    for place in ["details", "exchanges", "accounts", "status#address", "status#backup"] {
        assert!(page.contains(&format!("href=\"/webui/{place}\"")), "{place}: {page}");
    }
    assert_eq!(keeper.post("/webui/details", &[("name", "The bar")]).status, 303);
    assert_eq!(open(), 4);
    place.ok(&["account", "add", "admin", IBAN]);
    assert_eq!(open(), 3);
    place.ok(&["exchange", "add", &format!("http://{}", exchange.address), "--yes"]);
    eventually("exchange and currency are done", || open() == 1);
    assert!(keeper.get("/webui/check-list").text.contains("Prices are in KUDOS."));
    assert_eq!(keeper.get("/webui").location(), "/webui/check-list");
    let elsewhere = tempfile::tempdir().unwrap();
    place.ok(&["backup", elsewhere.path().join("copy.db").to_str().unwrap()]);
    assert_eq!(open(), 0);
    // It goes by itself then, and its tab when it is put away.
    assert_eq!(keeper.get("/webui").location(), "/webui/orders");
    assert!(keeper.get("/webui/orders").text.contains("/webui/check-list"));
    let hidden = keeper.post("/webui/check-list", &[]);
    assert_eq!(hidden.location(), "/webui/orders?said=list-hidden");
    assert!(!keeper.get("/webui/orders").text.contains("/webui/check-list"));
    assert!(keeper.get("/webui/status").text.contains("/webui/check-list"));
}

#[test]
fn who_does_not_want_the_list_puts_it_away_and_that_is_for_their_shop() {
    let shop = office();
    shop.place.instance("bar");
    shop.place.passwd("bar", PASSWORD);
    let admin = Visitor::seated(&shop.daemon.address, "admin");
    let bar = Visitor::seated(&shop.daemon.address, "bar");
    assert_eq!(bar.get("/webui").location(), "/webui/check-list");
    let list = bar.get("/webui/check-list").text;
    // What is the operator's to do is not theirs.
    assert!(!list.contains("status#") && !list.contains("/webui/exchanges"), "{list}");
    assert_eq!(bar.post("/webui/check-list", &[]).status, 303);
    assert_eq!(bar.get("/webui").location(), "/webui/orders");
    assert_eq!(admin.get("/webui").location(), "/webui/check-list");
    // After a restart, too.
    let shop = shop.restarted();
    let bar = Visitor::seated(&shop.daemon.address, "bar");
    assert_eq!(bar.get("/webui").location(), "/webui/orders");
}
