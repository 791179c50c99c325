//! Every route of the back office refuses clients that it must not admit.

use serde_json::json;
use tilld::http::{Access, OFFICE, RouteSpec};

use super::{Visitor, office};
use crate::common::shop::{IBAN, Shop};

const HOSTILE: &str = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>{{7*7}}";

fn path(row: &RouteSpec, id: &str) -> String {
    format!("/webui{}", row.path.replace("{id}", id))
}

fn closed() -> impl Iterator<Item = &'static RouteSpec> {
    OFFICE.iter().filter(|row| row.access != Access::Public)
}

/// A shop, and beside it the shop `bar` with a password and an account.
fn two_shops() -> Shop {
    let shop = office();
    shop.place.instance("bar");
    shop.place.passwd("bar", super::PASSWORD);
    shop.place.ok(&["account", "add", "bar", IBAN]);
    shop
}

#[test]
fn no_page_opens_without_a_session() {
    let shop = office();
    let api = shop.token.clone();
    let (_, port) = shop.daemon.address.rsplit_once(':').unwrap();
    for cookie in [
        None,
        Some(format!("__Host-tilld-{port}=secret-token:GUESS")),
        // An API token is no web session, nor is a web session's cookie without the prefix valid over TLS.
        Some(format!("__Host-tilld-{port}={api}")),
        Some(format!("tilld-{port}={api}")),
    ] {
        let mut stranger = Visitor::of(&shop.daemon.address);
        stranger.cookies = cookie.iter().cloned().collect();
        for row in closed() {
            let inputs = (row.method == "POST").then_some(&[][..]);
            let origin = [("Origin", shop.daemon.address.as_str())];
            let page = stranger.ask(row.method, &path(row, "12345"), inputs, &origin);
            match row.access {
                Access::SessionBackground(_) | Access::TillBackground(_) => {
                    assert_eq!(page.status, 401, "{row:?}")
                }
                _ => {
                    assert_eq!(page.status, 303, "{row:?}");
                    assert!(page.location().starts_with("/webui/sign-in"), "{row:?} {page:?}");
                }
            }
        }
    }
}

#[test]
fn no_form_is_accepted_without_its_csrf_token_or_from_elsewhere() {
    let shop = two_shops();
    let (id, _) = shop.made(&json!({ "order": { "summary": "x", "amount": "EUR:1" } }));
    let clerk = Visitor::seated(&shop.daemon.address, "admin");
    let other = Visitor::seated(&shop.daemon.address, "admin");
    let own = shop.daemon.address.as_str();
    let inputs = [("amount", "1"), ("summary", "forged"), ("method", "cash"), ("reason", "x")];
    let with = |csrf| [&inputs[..], &[("csrf", csrf)]].concat();
    for row in closed().filter(|row| row.method == "POST") {
        let path = path(row, &id);
        let refused = |inputs: &[(&str, &str)], headers: &[(&str, &str)]| {
            let page = clerk.ask("POST", &path, Some(inputs), headers);
            assert_eq!(page.status, 403, "{row:?} {inputs:?} {headers:?}");
            assert!(page.text.contains("not sent from here"), "{row:?}");
        };
        let origin = [("Origin", own)];
        refused(&inputs, &origin);
        refused(&with(""), &origin);
        refused(&with("FORGED"), &origin);
        refused(&with(&other.csrf), &origin);
        let good = with(&clerk.csrf);
        refused(&good, &[("Origin", "http://evil.example")]);
        refused(&good, &[("Origin", "null")]);
        refused(&good, &[("Origin", own), ("Sec-Fetch-Site", "cross-site")]);
        refused(&good, &[("Sec-Fetch-Site", "same-site")]);
        refused(&good, &[]);
        // Multipart, text or JSON is no form of ours.
        let plain = [("Origin", own), ("Content-Type", "text/plain")];
        let page = clerk.ask("POST", &path, None, &plain);
        assert_eq!(page.status, 403, "{row:?}");
    }
    assert_eq!(shop.status(&id, "")["order_status"], "unpaid", "and nothing was done");
    assert_eq!(clerk.get("/webui/orders").status, 200);
}

#[test]
fn no_other_site_may_read_or_frame_the_back_office() {
    let shop = office();
    let clerk = Visitor::seated(&shop.daemon.address, "admin");
    for (method, path) in [
        ("GET", "/webui"),
        ("GET", "/webui/sign-in"),
        ("GET", "/webui/orders"),
        ("GET", "/webui/no"),
        ("GET", "/%77ebui/orders"),
        ("GET", "//webui/orders"),
        ("OPTIONS", "/webui/orders"),
        ("PUT", "/webui/orders"),
        ("POST", "/webui/orders"),
    ] {
        let page = clerk.ask(method, path, None, &[("Origin", "http://evil.example")]);
        let cors = page.headers.keys().find(|name| name.starts_with("access-control-"));
        assert_eq!(cors, None, "{method} {path}");
        assert_eq!(page.headers["cache-control"], "no-store", "{method} {path}");
        if page.status != 303 {
            assert_eq!(page.headers["x-frame-options"], "DENY", "{method} {path}");
            assert!(page.headers["content-security-policy"].starts_with("default-src 'none'"));
            assert_eq!(page.headers["referrer-policy"], "same-origin");
        }
    }
    assert_eq!(clerk.get("/webui/no").status, 404);
    let api = clerk.ask("GET", "/config", None, &[]);
    assert_eq!(api.headers["access-control-allow-origin"], "*");
}

#[test]
fn one_shop_sees_and_changes_nothing_of_another() {
    let shop = two_shops();
    let order = json!({ "order": { "summary": "Adminbread", "amount": "EUR:7.77" }, "refund_delay": { "d_us": 86_400_000_000_u64 } });
    let (open, _) = shop.made(&order);
    let paid = shop.sold(&order);
    assert_eq!(shop.refund(&paid, "EUR:1.11").status, 200);
    let before = (shop.status(&open, ""), shop.status(&paid, ""));
    let bar = Visitor::seated(&shop.daemon.address, "bar");
    let inputs = [
        ("amount", "1"),
        ("granted", "EUR:1.11"),
        ("method", "cash"),
        ("reason", "x"),
        ("force", "yes"),
    ];
    // What ends the web session comes last.
    let rows = closed().filter(|row| row.path != "/sign-out");
    for row in rows {
        for id in [&open, &paid] {
            let path = path(row, id);
            let page = match row.method {
                "POST" => bar.post(&path, &inputs),
                _ => bar.get(&path),
            };
            for secret in ["Adminbread", "7.77", "1.11"] {
                assert!(!page.text.contains(secret), "{row:?}");
            }
            if row.path.ends_with("/cancel") {
                assert_eq!(page.status, 303, "as if it were gone already");
            } else if row.path.starts_with("/instances") {
                assert_eq!(page.status, 403, "they are the operator's");
            } else if row.path.contains("{id}") {
                assert_eq!(page.status, 404, "{row:?} {page:?}");
            }
        }
    }
    for query in ["?q=Adminbread", "?show=paid", "-live?tag=none"] {
        assert!(!bar.get(&format!("/webui/orders{query}")).text.contains(&open));
    }
    for ledger in ["orders", "payments", "refunds"] {
        let path = format!(
            "/webui/export-file?ledger={ledger}&format=csv&from=2020-01-01&until=2100-01-01&zone=UTC"
        );
        let page = bar.get(&path);
        assert_eq!(page.status, 200);
        assert!(!page.text.contains(&open) && !page.text.contains(&paid), "{}", page.text);
        assert!(!page.text.contains("EUR"), "{}", page.text);
    }
    assert!(!bar.get("/webui/export").text.contains("7.77"));
    assert_eq!((shop.status(&open, ""), shop.status(&paid, "")), before);
}

#[test]
fn what_others_wrote_is_shown_as_text() {
    let shop = office();
    shop.patch("/private", &json!({ "name": HOSTILE, "address": {}, "jurisdiction": {}, "use_stefan": true,
        "default_pay_delay": { "d_us": 3_600_000_000_u64 }, "default_wire_transfer_delay": { "d_us": 0 } }));
    let order = json!({ "order": { "summary": HOSTILE, "amount": "EUR:7" }, "refund_delay": { "d_us": 86_400_000_000_u64 } });
    let (open, _) = shop.made(&order);
    let paid = shop.sold(&order);
    let body = json!({ "refund": "EUR:1", "reason": HOSTILE });
    assert_eq!(shop.post(&format!("/private/orders/{paid}/refund"), &body).status, 200);
    let clerk = Visitor::seated(&shop.daemon.address, "admin");
    let mut shown = 0;
    let hostile: String =
        url::form_urlencoded::Serializer::new(String::new()).append_pair("q", HOSTILE).finish();
    for path in [
        "orders".to_owned(),
        format!("orders?{hostile}"),
        format!("orders/{open}"),
        format!("orders/{paid}"),
        format!("till/{open}"),
        "till".to_owned(),
        "new-order".to_owned(),
        format!("export?zone={hostile}&from={hostile}"),
        format!("sign-in?next={hostile}&said={hostile}"),
    ] {
        let page = clerk.get(&format!("/webui/{path}"));
        assert!(!page.text.contains("<script>alert") && !page.text.contains("<img"), "{path}");
        shown += page.text.matches("&#60;script&#62;").count();
    }
    let again = clerk.post("/webui/new-order", &[("summary", HOSTILE), ("amount", HOSTILE)]);
    assert_eq!(again.status, 400);
    assert!(!again.text.contains("<script>alert"), "{}", again.text);
    assert!(shown >= 10, "it is shown, though: {shown}");
}
