//! Webhooks on the command line, and what the doctor says of them.

use super::sink::{Sink, says};
use super::{added, names, shop, webhook};
use crate::common::shop::{Shop, plain};
use crate::common::{eventually, tilld};

/// A command about webhooks with the shop's own settings: its exit status, and what it prints.
fn command(shop: &Shop, args: &[&str]) -> (i32, String, String) {
    let mut command = tilld();
    command.arg("--database").arg(shop.place.db()).arg("webhook").args(args);
    let done = command.env("TILLD_WEBHOOKS__ALLOW", "localhost").output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (done.status.code().unwrap(), text(&done.stdout), text(&done.stderr))
}

fn printed(shop: &Shop, args: &[&str]) -> String {
    let (status, out, error) = command(shop, args);
    assert_eq!(status, 0, "{args:?}: {error}");
    out
}

#[test]
fn the_command_line_lists_tries_shows_and_sends_again() {
    let (shop, sink) = (shop(), Sink::start());
    names(&shop, &sink, "paid", "pay");
    let list = printed(&shop, &["list", "admin"]);
    let url = sink.url("/paid");
    let cells = ["paid", "pay", "active", "never delivered", "0 waiting", &url];
    assert_eq!(list, cells.join("\t") + "\n");

    let order = shop.sold(&plain("tea", "KUDOS:5"));
    sink.hears(1);
    let row = || printed(&shop, &["log", "admin", "paid"]);
    eventually("the delivery is in the log", || row().contains("delivered"));
    let log = row();
    let cells: Vec<_> = log.trim_end().split('\t').collect();
    assert_eq!(cells[1..5], ["delivered", "pay", &order, "1 attempts"], "{log}");
    assert_eq!(cells[6], "answered 204", "{log}");
    assert_eq!(printed(&shop, &["log", "admin", "paid", "--state", "waiting"]), "");
    assert!(!printed(&shop, &["list", "admin"]).contains("never delivered"));

    // The daemon finds within a minute what another process has written; a payment wakes it at once.
    let again = printed(&shop, &["resend", "admin", "paid", cells[0]]);
    assert!(again.starts_with("1 waiting"), "{again}");
    shop.sold(&plain("coffee", "KUDOS:5"));
    let heard = sink.hears(3);
    assert_eq!(heard.iter().filter(|one| one.body == order).count(), 2);

    let tried = printed(&shop, &["test", "admin", "paid"]);
    for words in [format!("POST {url}"), "webhook-test: yes".into(), "answer: 204".into()] {
        assert!(tried.contains(&words), "{words}: {tried}");
    }
    assert!(sink.hears(4)[3].body.starts_with("TEST-"));
    sink.behave(says(401));
    let (status, out, error) = command(&shop, &["test", "admin", "paid"]);
    assert_eq!(status, 1, "{out}");
    assert!(error.contains("not delivered: the receiver answered 401"), "{error}");
}

#[test]
fn the_command_line_says_what_it_cannot_find() {
    let shop = shop();
    added(&shop, &webhook("paid", "pay", "http://127.0.0.1:8080/", "x"));
    for (args, status, words) in [
        (&["list", "nobody"][..], 1, "there is no instance nobody"),
        (&["log", "admin", "other"], 1, "there is no webhook other"),
        (&["log", "admin", "a/b"], 2, "a/b"),
        (&["log", "admin", "paid", "--state", "lost"], 2, "given_up"),
        (&["resend", "admin", "paid", "7"], 1, "paid has no call 7"),
        (&["resend", "admin", "other"], 1, "there is no webhook other"),
        (&["test", "admin", "other"], 1, "there is no webhook other"),
    ] {
        let (got, _, error) = command(&shop, args);
        assert_eq!(got, status, "{args:?}: {error}");
        assert!(error.contains(words), "{args:?}: {error}");
    }
    assert!(printed(&shop, &["resend", "admin", "paid"]).starts_with("0 waiting"));
}

/// What the doctor says of webhooks, with these settings.
fn diagnosis(shop: &Shop, allow: &str) -> String {
    let mut command = tilld();
    command.arg("--database").arg(shop.place.db()).arg("doctor");
    let done = command.env("TILLD_WEBHOOKS__ALLOW", allow).output().unwrap();
    String::from_utf8(done.stdout).unwrap()
}

#[test]
fn the_doctor_names_webhooks_that_fail_and_addresses_that_are_not_allowed() {
    let (shop, sink) = (shop(), Sink::start());
    names(&shop, &sink, "paid", "pay");
    let said = diagnosis(&shop, "localhost");
    assert!(said.contains("ok    webhooks: 1, none of which fails"), "{said}");
    sink.behave(says(500));
    shop.sold(&plain("tea", "KUDOS:5"));
    let fails = "warn  webhook paid of admin: fails since";
    eventually("the doctor sees it", || diagnosis(&shop, "localhost").contains(fails));
    assert!(diagnosis(&shop, "localhost").contains("tilld webhook log admin paid"));
    // With settings that allow nothing, it is not even called.
    let said = diagnosis(&shop, "");
    assert!(said.contains("FAIL  webhook paid of admin: "), "{said}");
}
