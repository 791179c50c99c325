//! Webhooks in the back office, on the status page and among the metrics.

use serde_json::json;

use super::sink::{Sink, says};
use super::{ALLOWED, names, shop};
use crate::backoffice::{PASSWORD, Visitor};
use crate::common::shop::{Shop, plain};
use crate::common::{client, eventually};

#[test]
fn failing_webhooks_are_seen_on_every_screen() {
    let (shop, sink) = (shop(), Sink::start());
    shop.place.passwd("admin", PASSWORD);
    let metric = |name: &str| {
        let url = format!("{}/metrics", shop.daemon.admin.as_ref().unwrap());
        let text = client().build().unwrap().get(url).send().unwrap().text().unwrap();
        let line = text.lines().find(|line| line.starts_with(name)).map(str::to_owned);
        line.unwrap_or_else(|| panic!("no {name}: {text}"))
    };
    names(&shop, &sink, "paid", "pay");
    assert_eq!(metric("tilld_webhooks_failing"), "tilld_webhooks_failing 0");

    sink.behave(says(500));
    let order = shop.sold(&plain("tea", "KUDOS:5"));
    sink.hears(1);
    eventually("the failure is counted", || metric("tilld_webhooks_failing").ends_with(" 1"));
    assert_eq!(metric("tilld_webhooks_waiting"), "tilld_webhooks_waiting 1");
    assert_eq!(metric("tilld_webhooks_lost_total"), "tilld_webhooks_lost_total 0");

    let clerk = Visitor::seated(&shop.daemon.address, "admin");
    let page = clerk.get("/webui/status").text;
    assert!(page.contains("A webhook fails") && page.contains("/webui/webhooks"), "{page}");
    let page = clerk.get("/webui/webhooks").text;
    assert!(page.contains("Failing since"), "{page}");
    let page = clerk.get("/webui/webhooks/paid").text;
    assert!(page.contains(&order) && page.contains("has a fault of its own. (500)"), "{page}");
}

#[test]
fn a_webhook_is_made_in_the_back_office_and_its_secret_shown_once() {
    let (shop, sink) = (Shop::configured(ALLOWED), Sink::start());
    shop.place.passwd("admin", PASSWORD);
    let clerk = Visitor::seated(&shop.daemon.address, "admin");
    let url = sink.url("/paid");
    let form = |more: &[(&'static str, &'static str)]| {
        let mut inputs =
            vec![("id", "paid"), ("event_type", "pay"), ("url", &*url), ("http_method", "POST")];
        inputs.retain(|(name, _)| more.iter().all(|(other, _)| other != name));
        inputs.extend(more.iter().copied());
        clerk.post("/webui/new-webhook", &inputs)
    };
    for (name, value, words) in [
        ("id", "a/b", "letters, digits"),
        ("event_type", "order_pay", "Please choose"),
        ("http_method", "TRACE", "Please choose"),
        ("url", "https://192.168.1.1/", "may not be called"),
        ("url", "shop.example", "cannot be used"),
        ("body_template", "{{order_id", "a tag is not closed"),
        ("header_template", "Host: a", "tilld sets itself"),
    ] {
        let page = form(&[(name, value)]);
        assert_eq!(page.status, 400, "{name}={value}: {page:?}");
        assert!(page.text.contains(words), "{name}={value}: {}", page.text);
    }
    let made = form(&[("header_template", "X-A: 1\r\nX-B: 2")]);
    let page = clerk.get(made.location());
    let (_, rest) = page.text.split_once("whsec_").unwrap();
    let secret = format!("whsec_{}", rest.split('<').next().unwrap());
    for path in [made.location(), "/webui/webhooks/paid", "/webui/webhooks"] {
        assert!(!clerk.get(path).text.contains("whsec_"), "{path}");
    }
    // It is taken already, and its secret stays.
    assert_eq!(form(&[]).status, 409);
    shop.sold(&plain("tea", "KUDOS:5"));
    let heard = sink.hears(1).swap_remove(0);
    assert_eq!((&*heard.headers["x-a"], &*heard.headers["x-b"]), ("1", "2"));
    assert_eq!(heard.headers["webhook-signature"], super::signature(&heard, &secret));
    // Strangers to the shop see nothing of it.
    shop.place.instance("other");
    assert_eq!(
        shop.daemon
            .ask("GET", "/instances/other/private/webhooks/paid")
            .token(&shop.token)
            .send()
            .status,
        401
    );
    assert_eq!(shop.post("/private/webhooks/paid/secret", &json!({})).status, 200);
}
