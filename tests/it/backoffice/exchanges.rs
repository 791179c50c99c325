//! Exchanges, added and removed in a browser; and what follows for what prices can be in.

use std::net::TcpListener;

use serde_json::json;
use taler::sign::SigningKey;

use super::{PASSWORD, Visitor, office};
use crate::common::fake_peer::{Exchange, Manners};
use crate::common::shop::{IBAN, Shop};

fn exchange() -> Exchange {
    let exchange = Exchange::start();
    exchange.behave(Manners::Tells(exchange.keys(&exchange.master, "^payto://iban/DE")));
    exchange
}

fn url(exchange: &Exchange) -> String {
    format!("http://{}/", exchange.address)
}

/// The addresses of the exchanges in `/config`.
fn offered(shop: &Shop) -> Vec<String> {
    let config = shop.daemon.get("/config").json();
    let urls = config["exchanges"].as_array().unwrap().iter();
    urls.map(|one| one["base_url"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn an_exchange_is_added_after_its_key_was_compared_and_removed_again() {
    let (shop, exchange) = (office(), exchange());
    let (url, key) = (url(&exchange), exchange.master.public_key().to_string());
    let keeper = Visitor::seated(&shop.daemon.address, "admin");
    let page = keeper.get("/webui/exchanges").text;
    for known in ["https://exchange.taler-ops.ch/", "https://exchange.demo.taler.net/"] {
        assert!(page.contains(&format!("<option value=\"{known}\"")), "{page}");
    }
    assert!(!page.contains(&key));
    // The slash at the end may be missing.
    let asked =
        keeper.post("/webui/exchanges", &[("known", ""), ("url", url.trim_end_matches('/'))]);
    assert_eq!(asked.status, 303, "{asked:?}");
    let compare = keeper.get(asked.location());
    assert_eq!(compare.status, 200);
    assert!(compare.text.contains(&key) && compare.text.contains("KUDOS"), "{}", compare.text);
    assert!(compare.text.contains("Compare the master key"), "{}", compare.text);
    assert!(offered(&shop).is_empty(), "nothing is trusted before it is said");
    // Reload shows it again, and asks nobody.
    exchange.behave(Manners::HangsUp);
    assert_eq!(keeper.get(asked.location()).status, 200);
    assert_eq!(
        keeper.get("/webui/new-exchange?url=https://never.example/").location(),
        "/webui/exchanges"
    );

    exchange.behave(Manners::Tells(exchange.keys(&exchange.master, "^payto://iban/DE")));
    let added = keeper.post("/webui/new-exchange", &[("url", &url), ("key", &key)]);
    assert_eq!(added.location(), "/webui/exchanges?said=exchange-added", "{added:?}");
    assert_eq!(offered(&shop), [&*url], "at once, without a restart");
    let listed = shop.place.ok(&["exchange", "list"]);
    assert_eq!(listed, format!("{url}\tKUDOS\t{key}\tdatabase"));
    let order = json!({ "order": { "summary": "Tea", "amount": "KUDOS:1" } });
    let (id, token) = shop.made(&order);
    let contract = shop.claimed(&id, &token);
    assert_eq!(contract.terms["exchanges"][0]["url"], url.as_str());

    // It outlives the daemon.
    let shop = shop.restarted();
    assert_eq!(offered(&shop), [&*url]);
    let keeper = Visitor::seated(&shop.daemon.address, "admin");
    let removed = keeper.post("/webui/exchanges/remove", &[("base_url", &url)]);
    assert_eq!(removed.location(), "/webui/exchanges?said=exchange-removed", "{removed:?}");
    assert!(offered(&shop).is_empty());
    let page = keeper.get("/webui/exchanges").text;
    assert!(page.contains("removed") && !page.contains("exchanges/remove"), "{page}");
    let (id, token) = shop.made(&order);
    assert_eq!(shop.claimed(&id, &token).terms["exchanges"], json!([]));
}

#[test]
fn what_is_no_exchange_or_another_one_than_was_compared_is_not_trusted() {
    let (shop, exchange) = (office(), exchange());
    let (url, key) = (url(&exchange), exchange.master.public_key().to_string());
    let keeper = Visitor::seated(&shop.daemon.address, "admin");
    let asked = |address: &str| keeper.post("/webui/exchanges", &[("url", address)]);
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for (address, status, said) in [
        ("exchange", 400, "whole web address"),
        // Nobody is asked whom others could speak for.
        ("http://exchange.example/", 409, "must begin with https://"),
        ("http://192.168.1.7/", 409, "must begin with https://"),
        (&format!("http://{free}/"), 502, "is unreachable"),
        // The till is no exchange.
        (&shop.daemon.address, 502, "The address does not answer like an exchange"),
    ] {
        let page = asked(address);
        assert_eq!(page.status, status, "{address}: {}", page.text);
        assert!(page.text.contains(said), "{address}: {}", page.text);
    }
    // Nor one whose list is not signed by the key that it names.
    let mut forged = exchange.keys(&exchange.master, "");
    forged["master_public_key"] = json!(SigningKey::from_seed([9; 32]).public_key());
    exchange.behave(Manners::Tells(forged));
    let page = asked(&url);
    assert_eq!(page.status, 502);
    assert!(page.text.contains("not signed"), "{}", page.text);
    // Another key than was compared is shown to be compared.
    let other = SigningKey::from_seed([8; 32]);
    exchange.behave(Manners::Tells(exchange.keys(&other, "")));
    let page = keeper.post("/webui/new-exchange", &[("url", &url), ("key", &key)]);
    assert_eq!(page.status, 409);
    assert!(page.text.contains(&other.public_key().to_string()), "{}", page.text);
    assert!(offered(&shop).is_empty());
}

#[test]
fn another_key_for_a_trusted_address_is_a_conflict_until_that_is_removed() {
    let (shop, exchange) = (office(), exchange());
    let (url, key) = (url(&exchange), exchange.master.public_key().to_string());
    let keeper = Visitor::seated(&shop.daemon.address, "admin");
    let trust = |key: &str| keeper.post("/webui/new-exchange", &[("url", &url), ("key", key)]);
    assert_eq!(trust(&key).status, 303);
    assert_eq!(trust(&key).status, 303, "again is no conflict");
    let other = SigningKey::from_seed([8; 32]);
    exchange.behave(Manners::Tells(exchange.keys(&other, "")));
    let page = trust(&other.public_key().to_string());
    assert_eq!(page.status, 409);
    assert!(page.text.contains("with another master key") && page.text.contains(&key));
    assert_eq!(keeper.post("/webui/exchanges/remove", &[("base_url", &url)]).status, 303);
    assert_eq!(trust(&other.public_key().to_string()).status, 303);
    let config = shop.daemon.get("/config").json();
    assert_eq!(config["exchanges"][0]["master_pub"], json!(other.public_key()));
}

#[test]
fn exchanges_of_the_settings_file_stay_and_a_conflict_is_named() {
    let exchange = exchange();
    let url = url(&exchange);
    let shop = Shop::configured(&exchange.settings());
    shop.place.passwd("admin", PASSWORD);
    let keeper = Visitor::seated(&shop.daemon.address, "admin");
    let page = keeper.get("/webui/exchanges").text;
    assert!(page.contains("in the settings file") && !page.contains("exchanges/remove"), "{page}");
    let refused = keeper.post("/webui/exchanges/remove", &[("base_url", &url)]);
    assert_eq!(refused.status, 409);
    assert!(refused.text.contains("can be changed only there"), "{}", refused.text);
    let key = exchange.master.public_key().to_string();
    let again = keeper.post("/webui/new-exchange", &[("url", &url), ("key", &key)]);
    assert_eq!(again.status, 409);
    // A command that does not know the settings file has added the same with another key.
    let other = SigningKey::from_seed([8; 32]);
    exchange.behave(Manners::Tells(exchange.keys(&other, "")));
    shop.place.ok(&["exchange", "add", &url, "--yes"]);
    crate::common::eventually("the conflict is seen", || {
        let page = keeper.get("/webui/exchanges").text;
        page.contains("The settings file is used.")
            && page.contains(&other.public_key().to_string())
    });
    let config = shop.daemon.get("/config").json();
    assert_eq!(config["exchanges"].as_array().unwrap().len(), 1);
    assert_eq!(config["exchanges"][0]["master_pub"], json!(exchange.master.public_key()));
    let removed = keeper.post("/webui/exchanges/remove", &[("base_url", &url)]);
    assert_eq!(removed.status, 303, "{removed:?}");
    assert!(!keeper.get("/webui/exchanges").text.contains("The settings file is used."));
    assert_eq!(offered(&shop), [url]);
}

#[test]
fn only_the_operator_has_exchanges_asked() {
    let (shop, exchange) = (office(), exchange());
    let url = url(&exchange);
    shop.place.instance("bar");
    shop.place.passwd("bar", PASSWORD);
    shop.place.ok(&["account", "add", "bar", IBAN]);
    let bar = Visitor::seated(&shop.daemon.address, "bar");
    exchange.behave(Manners::Silent);
    let key = exchange.master.public_key().to_string();
    for (path, inputs) in [
        ("/webui/exchanges", vec![("url", url.as_str())]),
        ("/webui/new-exchange", vec![("url", url.as_str()), ("key", key.as_str())]),
        ("/webui/exchanges/remove", vec![("base_url", url.as_str())]),
    ] {
        assert_eq!(bar.post(path, &inputs).status, 403, "{path}");
    }
    assert_eq!(bar.get("/webui/exchanges").status, 403);
    assert_eq!(bar.get(&format!("/webui/new-exchange?url={url}")).status, 403);
}

/// The codes that the form of `page` lets choose from for a price.
fn choices(page: &str) -> Vec<String> {
    if let Some((_, rest)) = page.split_once("<select id=\"currency\"") {
        let (list, _) = rest.split_once("</select>").unwrap();
        let options = list.split("<option").skip(1);
        return options
            .map(|one| one.split_once('>').unwrap().1.split('<').next().unwrap().to_owned())
            .collect();
    }
    let (_, rest) = page.split_once("name=\"currency\" value=\"").unwrap();
    vec![rest.split('"').next().unwrap().to_owned()]
}

/// An `[[exchange]]` that is never reached.
fn settings(name: &str, currency: &str) -> String {
    format!(
        "[[exchange]]\nbase_url = 'https://{name}.invalid/'\nmaster_public_key = '{}'\n\
         currency = '{currency}'\n",
        SigningKey::from_seed([1; 32]).public_key()
    )
}

#[test]
fn prices_are_in_what_an_exchange_has() {
    let pages = ["/webui/till", "/webui/new-order", "/webui/new-template"];
    let all = |settings: &str| {
        let shop = Shop::configured(settings);
        shop.place.passwd("admin", PASSWORD);
        let keeper = Visitor::seated(&shop.daemon.address, "admin");
        let found: Vec<_> = pages.iter().map(|page| choices(&keeper.get(page).text)).collect();
        assert!(found.iter().all(|one| *one == found[0]), "{found:?}");
        let default = shop.daemon.get("/config").json()["currency"].as_str().unwrap().to_owned();
        assert_eq!(default, found[0][0]);
        (shop, keeper, found.into_iter().next().unwrap())
    };
    // Without an exchange, as the settings say.
    assert_eq!(all("").2, ["KUDOS"]);
    assert_eq!(all("[currency]\ndefault = 'EUR'\n").2, ["EUR"]);
    // With one, its own.
    let (shop, keeper, found) = all(&settings("one", "CHF"));
    assert_eq!(found, ["CHF"]);
    let made = keeper.post("/webui/till", &[("amount", "3")]);
    assert_eq!(made.status, 303, "{made:?}");
    assert_eq!(shop.get("/private/orders").json()["orders"][0]["amount"], "CHF:3");
    assert!(keeper.get("/webui/accounts").text.contains("The exchanges pay out: CHF"));
    let template = json!({ "template_id": "tea", "template_description": "",
        "template_contract": { "summary": "Tea", "amount": "KUDOS:1" } });
    assert_eq!(shop.post("/private/templates", &template).failure(), (409, 2514));
    // A form that was made when it was another one means that.
    let old = keeper.post("/webui/till", &[("amount", "3"), ("currency", "KUDOS")]);
    assert_eq!(old.status, 400);
    assert!(old.text.contains("does not know the currency"), "{}", old.text);
    // With several, what the settings say comes first.
    let two = settings("one", "CHF") + &settings("two", "PLN") + &settings("three", "EUR");
    assert_eq!(all(&two).2, ["CHF", "PLN", "EUR"]);
    let (shop, keeper, found) = all(&format!("[currency]\ndefault = 'EUR'\n{two}"));
    assert_eq!(found, ["EUR", "CHF", "PLN"]);
    for (page, inputs) in [
        ("/webui/till", vec![("amount", "3"), ("currency", "PLN")]),
        ("/webui/new-order", vec![("summary", "Tea"), ("amount", "3"), ("currency", "PLN")]),
    ] {
        let made = keeper.post(page, &inputs);
        assert_eq!(made.status, 303, "{made:?}");
        assert_eq!(shop.get("/private/orders").json()["orders"][0]["amount"], "PLN:3");
    }
    let inputs = [
        ("id", "tea"),
        ("description", "Tea"),
        ("summary", "Tea"),
        ("summary_by", "shop"),
        ("amount", "2"),
        ("amount_by", "shop"),
        ("kind", "fixed-order"),
        ("currency", "CHF"),
    ];
    assert_eq!(keeper.post("/webui/new-template", &inputs).status, 303);
    let template = shop.get("/private/templates/tea").json();
    assert_eq!(template["template_contract"]["amount"], "CHF:2");
    // One that is changed keeps its currency unless another one is chosen.
    assert_eq!(choices(&keeper.get("/webui/templates/tea").text), ["CHF", "EUR", "PLN"]);
    // Customers, too, choose from what can be paid.
    let body = json!({ "template_id": "tip", "template_description": "Tip",
        "template_contract": { "summary": "Tip" } });
    assert_eq!(shop.post("/private/templates", &body).status, 204);
    let accept = [("Accept", "text/html")];
    let page = Visitor::of(&shop.daemon.address).ask("GET", "/templates/tip", None, &accept).text;
    for code in ["EUR", "CHF", "PLN"] {
        assert!(page.contains(&format!("value=\"{code}\"")), "{code}: {page}");
    }
    assert!(!page.contains("KUDOS"), "{page}");
}
