//! Pages for people, as any program sees them: statuses, headers, and what they may not tell. How
//! they look and move is tested in a browser (`tests/browser`).

use reqwest::blocking::RequestBuilder;
use reqwest::redirect;
use serde_json::{Value, json};

use crate::common::shop::{Shop, now};
use crate::common::{PATIENCE, Reply, client};

/// What Chromium sends.
const BROWSER: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8";
/// What is behind a paywall.
const GOODS: &str = "https://news.example/a7";

/// A request of a browser that goes nowhere without being told.
fn browser(shop: &Shop, method: &str, path: &str) -> RequestBuilder {
    let client = client().timeout(PATIENCE).redirect(redirect::Policy::none()).build().unwrap();
    let url = format!("{}{path}", shop.daemon.address);
    client.request(method.parse().unwrap(), url).header("Accept", BROWSER)
}

/// A page as a browser in this language gets it.
fn look_in(shop: &Shop, path: &str, language: &str) -> Reply {
    Reply::of(browser(shop, "GET", path).header("Accept-Language", language).send().unwrap())
}

fn look(shop: &Shop, path: &str) -> Reply {
    look_in(shop, path, "en")
}

/// Checks what holds for every page.
fn is_page(reply: &Reply) {
    assert_eq!(reply.headers["content-type"], "text/html; charset=utf-8", "{reply:?}");
    let policy = &reply.headers["content-security-policy"];
    assert!(policy.starts_with("default-src 'none'; ") && !policy.contains("unsafe"), "{policy}");
    assert_eq!(reply.headers["x-frame-options"], "DENY");
    assert_eq!(reply.headers["referrer-policy"], "no-referrer");
    assert_eq!(reply.headers["cache-control"], "no-store");
    assert_eq!(reply.headers["vary"], "Accept, Accept-Language");
    assert!(reply.text.starts_with("<!doctype html>"), "{reply:?}");
    assert!(!reply.text.contains("<style") && !reply.text.contains(" style="));
    assert!(!reply.text.contains("<script>") && !reply.text.contains(" onclick"));
    assert!(reply.text.len() < 50_000, "{}", reply.text.len());
}

fn order(shop: &Shop, order: &Value) -> (String, String) {
    let (id, token) = shop.made(&json!({ "order": order }));
    (format!("/orders/{id}?token={token}"), id)
}

fn pay(shop: &Shop, id: &str, session: Option<&str>) {
    let mut payment = json!({ "method": "cash", "amount": "KUDOS:5" });
    payment["session_id"] = json!(session);
    assert_eq!(shop.pay(id, &payment).status, 200);
}

fn template(shop: &Shop, id: &str, contract: &Value) -> String {
    let body = json!({
        "template_id": id, "template_description": "secret note", "template_contract": contract,
    });
    assert_eq!(shop.post("/private/templates", &body).status, 204);
    format!("/templates/{id}")
}

/// Sends a form as a browser does.
fn post(shop: &Shop, path: &str, form: &str) -> Reply {
    let request = browser(shop, "POST", path).body(form.to_owned());
    let request = request.header("Content-Type", "application/x-www-form-urlencoded");
    Reply::of(request.send().unwrap())
}

#[test]
fn clients_that_prefer_html_get_a_page_and_others_json() {
    let shop = Shop::new();
    let (path, _) = order(&shop, &json!({ "summary": "Tea", "amount": "KUDOS:5" }));
    for (accept, is_html) in [
        (BROWSER, true),
        ("text/html", true),
        ("text/html, application/json", false),
        ("text/html;q=0.5, application/json;q=0.9", false),
        ("application/json", false),
        ("*/*", false),
        ("", false),
    ] {
        let reply = shop.daemon.ask("GET", &path).header("Accept", accept).send();
        assert_eq!(reply.status, 402, "{accept}");
        let kind = &reply.headers["content-type"];
        assert_eq!(kind.starts_with("text/html"), is_html, "{accept}: {kind}");
        let uri = &reply.headers["taler"];
        if is_html {
            is_page(&reply);
            assert!(reply.text.contains(&format!("<meta name=\"taler-uri\" content=\"{uri}\">")));
        } else {
            assert_eq!(reply.json()["taler_pay_uri"], **uri);
        }
    }
    let head = shop.daemon.ask("HEAD", &path).header("Accept", BROWSER).send();
    assert_eq!((head.status, head.text.as_str()), (402, ""));
    assert!(head.headers["taler"].starts_with("taler://pay/shop.example/"));
}

#[test]
fn a_page_speaks_the_language_and_the_numbers_of_its_reader() {
    let shop = Shop::new();
    let terms = json!({
        "summary": "Tea", "summary_i18n": { "de": "Tee" }, "amount": "KUDOS:12345.5",
    });
    let (path, _) = order(&shop, &terms);
    for (language, tag, summary, amount) in [
        ("en-GB", "en", "<h1>Tea</h1>", "12,345.50"),
        ("de-DE,en;q=0.5", "de", "<h1>Tee</h1>", "12.345,50"),
        ("de-CH", "de", "<h1>Tee</h1>", "12’345.50"),
    ] {
        let reply = look_in(&shop, &path, language);
        is_page(&reply);
        assert_eq!(reply.headers["content-language"], tag);
        assert!(reply.text.contains(&format!("<html lang=\"{tag}\">")));
        assert!(reply.text.contains(summary) && reply.text.contains(amount), "{}", reply.text);
    }
}

#[test]
fn the_page_of_an_order_is_in_the_state_that_json_tells() {
    let shop = Shop::new();
    let (path, id) = order(&shop, &json!({ "summary": "Tea", "amount": "KUDOS:5" }));
    let unpaid = look(&shop, &format!("{path}&timeout_ms=never&session_id=S%2F1"));
    is_page(&unpaid);
    assert_eq!(unpaid.status, 402, "a page waits for nothing");
    assert!(unpaid.headers["taler"].contains(&format!("{id}/S%2F1?c=")), "{unpaid:?}");
    assert!(!unpaid.text.contains("A wallet has opened"));

    let token = path.split("token=").nth(1).unwrap();
    let contract = shop.claimed(&id, token);
    let claimed = look(&shop, &path);
    assert_eq!(claimed.status, 402);
    assert!(claimed.text.contains("A wallet has opened this order"));
    let by_hash = format!("/orders/{id}?h_contract={}", contract.h_contract);
    assert_eq!(look(&shop, &by_hash).status, 402);

    pay(&shop, &id, Some("S/1"));
    for path in [&path, &by_hash, &format!("{path}&session_id=S%2F1")] {
        let paid = look(&shop, path);
        is_page(&paid);
        assert_eq!(paid.status, 200);
        assert!(!paid.headers.contains_key("taler"));
        assert!(paid.text.contains("Paid. Thank you!") && !paid.text.contains("waited=yes"));
    }
    // Another session is offered to bring it here.
    let other = look(&shop, &format!("{path}&session_id=S2"));
    assert_eq!(other.status, 402);
    assert!(other.headers["taler"].contains(&format!("{id}/S2?c=")));
    assert!(other.text.contains("but not for this visit") && !other.text.contains("data-left"));

    assert_eq!(shop.refund(&id, "KUDOS:5").status, 200);
    let refunded = look(&shop, &path);
    is_page(&refunded);
    // At the counter it is handed out at once (decision 5).
    assert!(refunded.text.contains("All of it was given back."), "{}", refunded.text);
    assert!(!refunded.headers.contains_key("taler"));
}

#[test]
fn an_order_whose_time_is_over_is_gone() {
    let shop = Shop::new();
    let terms = json!({
        "summary": "Tea", "amount": "KUDOS:5", "pay_deadline": { "t_s": now() + 1 },
    });
    let (path, _) = order(&shop, &terms);
    // Answered when it is over, so that this test need not sleep.
    let gone = shop.daemon.get(&format!("{path}&timeout_ms=10000"));
    assert_eq!(gone.failure(), (410, 2161));
    let gone = look(&shop, &path);
    is_page(&gone);
    assert_eq!(gone.status, 410);
    assert!(gone.text.contains("The time to pay has passed"));
}

#[test]
fn no_page_reveals_which_orders_exist() {
    let shop = Shop::new();
    let (path, id) = order(&shop, &json!({ "summary": "Tea", "amount": "KUDOS:5" }));
    let (_, claimed) = {
        let (path, id) = order(&shop, &json!({ "summary": "Tea", "amount": "KUDOS:5" }));
        shop.claimed(&id, path.split("token=").nth(1).unwrap());
        (path, id)
    };
    let (wrong, hash) = ("0".repeat(26), "0".repeat(103));
    let unknown = look(&shop, "/orders/unknown");
    is_page(&unknown);
    assert_eq!(unknown.status, 404);
    for path in [
        format!("/orders/{id}"),
        format!("/orders/{id}?token={wrong}"),
        format!("/orders/{id}?token={}", &path[path.len() - 9..]),
        format!("/orders/{id}?h_contract={hash}"),
        format!("/orders/{claimed}"),
        format!("/orders/{claimed}?token={wrong}"),
        format!("/orders/{claimed}?h_contract={hash}"),
        format!("/orders/unknown?token={wrong}"),
        "/orders/unknown?h_contract=half".to_owned(),
    ] {
        let reply = look(&shop, &path);
        assert_eq!((reply.status, &reply.text), (404, &unknown.text), "{path}");
        let headers = |reply: &Reply| {
            let mut headers = reply.headers.clone();
            headers.remove("x-request-id");
            headers.remove("date");
            headers
        };
        assert_eq!(headers(&reply), headers(&unknown), "{path}");
    }
}

#[test]
fn a_browser_is_sent_where_its_order_leads() {
    let shop = Shop::new();
    let article = json!({ "summary": "Tea", "amount": "KUDOS:5", "fulfillment_url": GOODS });
    // Somebody else's order: to where one gets an own one.
    let mut reorder = article.clone();
    reorder["public_reorder_url"] = json!("https://news.example/é?again");
    let (path, id) = order(&shop, &reorder);
    shop.claimed(&id, path.split("token=").nth(1).unwrap());
    let sent = look(&shop, &format!("/orders/{id}?token={}", "0".repeat(26)));
    assert_eq!((sent.status, sent.text.as_str()), (302, ""));
    assert_eq!(sent.headers["location"], "https://news.example/%C3%A9?again");
    assert_eq!(sent.headers["vary"], "Accept, Accept-Language");

    // Paid by the session with another order.
    let (_, first) = order(&shop, &article);
    pay(&shop, &first, Some("S1"));
    let (second, _) = order(&shop, &article);
    let sent = look(&shop, &format!("{second}&session_id=S1"));
    assert_eq!((sent.status, sent.headers["location"].as_str()), (302, GOODS));
    assert_eq!(look(&shop, &format!("{second}&session_id=S2")).status, 402);

    // A visitor who waited without script is sent on; one who only looks gets a receipt with a link.
    let (third, id) = order(&shop, &article);
    let waiting = look(&shop, &third);
    let again = third.split_once('?').unwrap().1;
    let refresh = format!("content=\"5;url=?{again}&#38;waited=yes\"");
    assert!(waiting.text.contains(&refresh), "{}", waiting.text);
    let twice = look(&shop, &format!("{third}&waited=yes"));
    assert!(twice.text.contains(&refresh), "{}", twice.text);
    pay(&shop, &id, None);
    let sent = look(&shop, &format!("{third}&waited=yes"));
    assert_eq!((sent.status, sent.headers["location"].as_str()), (302, GOODS));
    let receipt = look(&shop, &third);
    assert_eq!(receipt.status, 200);
    assert!(receipt.text.contains(&format!("href=\"{GOODS}\"")));
    // Money given back is news that is not to be passed over.
    assert_eq!(shop.refund(&id, "KUDOS:1").status, 200);
    assert_eq!(look(&shop, &format!("{third}&waited=yes")).status, 200);
}

#[test]
fn a_message_is_shown_to_the_payer() {
    let shop = Shop::new();
    for (name, value) in [
        ("fulfillment_message", "Your tea <b>comes</b>"),
        ("fulfillment_url", "taler://fulfillment-success/Your+tea%20%3Cb%3Ecomes%3C/b%3E"),
    ] {
        let mut terms = json!({ "summary": "Tea", "amount": "KUDOS:5" });
        terms[name] = json!(value);
        let (path, id) = order(&shop, &terms);
        assert!(!look(&shop, &path).text.contains("Your tea"));
        pay(&shop, &id, None);
        let paid = look(&shop, &format!("{path}&waited=yes"));
        assert_eq!(paid.status, 200);
        let message = "Your tea &#60;b&#62;comes&#60;/b&#62;";
        assert!(paid.text.contains(message), "{}", paid.text);
        assert!(!paid.text.contains("href=\"taler:"), "no link of it");
    }
}

#[test]
fn behind_a_proxy_pages_find_their_files_and_wallets_the_api() {
    let shop = Shop::new();
    let ask = |accept: &str| {
        let (path, _) = order(&shop, &json!({ "summary": "Tea", "amount": "KUDOS:5" }));
        shop.daemon.ask("GET", &path).header("Accept", accept)
    };
    // The configured address is at the root; a prefix is seen when none is configured.
    assert!(ask(BROWSER).send().text.contains("href=\"/files/style.css\""));
    let shop = Shop::with(&[("TILLD_SERVER__BASE_URL", "https://shop.example/till/")]);
    let url = template(&shop, "tea", &json!({ "summary": "Tea", "amount": "KUDOS:5" }));
    let form = look(&shop, &url);
    assert!(form.text.contains("href=\"/till/files/style.css\""), "{}", form.text);
    assert!(form.text.contains("taler://pay-template/shop.example/till/tea"));
    let sent = post(&shop, &url, "");
    assert_eq!(sent.status, 303);
    assert!(sent.headers["location"].starts_with("/till/orders/"), "{sent:?}");
}

#[test]
fn a_templates_form_makes_an_order_for_people_and_json_for_programs() {
    let shop = Shop::new();
    let url = template(&shop, "tea", &json!({ "currency": "KUDOS" }));
    let page = look(&shop, &url);
    is_page(&page);
    assert_eq!(page.status, 200);
    assert!(page.text.contains("taler://pay-template/shop.example/tea"));
    assert!(!page.text.contains("secret note"));

    let sent = post(&shop, &url, "summary=Two+teas&amount=1%2C234.5");
    assert_eq!((sent.status, sent.text.as_str()), (303, ""));
    let at = sent.headers["location"].clone();
    assert!(at.starts_with("/orders/") && at.contains("?token="), "{at}");
    let made = shop.daemon.get(&at);
    assert_eq!(made.status, 402);
    let order = look(&shop, &at);
    assert!(order.text.contains("<h1>Two teas</h1>") && order.text.contains("1234.50"));

    let program = shop.daemon.ask("POST", &url);
    let program = program.header("Content-Type", "application/x-www-form-urlencoded");
    let program = program.body("summary=Tea&amount=KUDOS:3").send();
    assert_eq!(program.status, 200);
    assert!(program.json()["order_id"].is_string());
    assert_eq!(shop.daemon.get(&url).json()["required_currency"], "KUDOS");
}

#[test]
fn a_form_that_makes_no_order_is_shown_again_with_what_was_typed() {
    let shop = Shop::new();
    let open = template(&shop, "open", &json!({ "request_tip": true }));
    let fixed = template(&shop, "fixed", &json!({ "summary": "Tea", "amount": "KUDOS:5" }));
    let wall = template(
        &shop,
        "wall",
        &json!({ "template_type": "paivana", "summary": "A", "choices": [{ "amount": "KUDOS:1" }] }),
    );
    let euro = template(&shop, "euro", &json!({ "summary": "Tea", "currency": "EUR" }));
    // The till knew this currency once.
    let file = rusqlite::Connection::open(shop.place.db()).unwrap();
    file.busy_timeout(PATIENCE).unwrap();
    file.execute_batch("UPDATE templates SET contract = replace(contract, '\"EUR\"', '\"XYZ\"')")
        .unwrap();
    for (path, form, status, said) in [
        (&open, "summary=Tea%22%3E", 400, "id=\"amount-fault\""),
        (&open, "summary=Tea%22%3E&amount=0", 400, "id=\"amount-fault\""),
        (&open, "summary=Tea%22%3E&amount=1.234", 400, "id=\"amount-fault\""),
        (&open, "summary=Tea%22%3E&amount=5&tip=x", 400, "id=\"tip-fault\""),
        (&open, "summary=Tea%22%3E&amount=5&currency=EUX", 409, "id=\"amount-fault\""),
        (&open, "summary=+&amount=5.25", 400, "id=\"summary-fault\""),
        (&fixed, "tip=1", 409, "This was changed by the shop"),
        (&euro, "amount=1", 409, "This is sold in another currency"),
        (&wall, "", 409, "This is sold on a page on the web"),
    ] {
        let reply = post(&shop, path, form);
        is_page(&reply);
        assert_eq!(reply.status, status, "{path} {form}: {}", reply.text);
        assert!(reply.text.contains(said), "{path} {form}: {}", reply.text);
        if form.contains("%22") {
            assert!(reply.text.contains("value=\"Tea&#34;&#62;\""), "{}", reply.text);
        }
    }
    assert!(post(&shop, &open, "summary=+&amount=5.25").text.contains("value=\"5.25\""));
    assert_eq!(shop.get("/private/orders").json()["orders"], json!([]), "no order was made");
    let sent = post(&shop, &open, "summary=Tea&amount=5&tip=1&currency=KUDOS");
    assert_eq!(sent.status, 303, "{sent:?}");

    for (path, status) in [("/templates/none", 404), ("/templates/fixed?print=a5", 400)] {
        let reply = look(&shop, path);
        is_page(&reply);
        assert_eq!(reply.status, status, "{path}");
    }
    let long = format!("summary={}", "x".repeat(70_000));
    assert_eq!(post(&shop, &open, &long).status, 413);
    assert_eq!(look(&shop, "/templates/wall?print=a6").status, 404);
    let sheet = look(&shop, "/templates/fixed?print=A6");
    is_page(&sheet);
    assert!(sheet.text.contains("class=\"sheet a6\""));
}

#[test]
fn a_shop_without_account_says_so_beside_the_form() {
    let shop = Shop::new();
    let url = template(&shop, "tea", &json!({ "summary": "Tea", "amount": "KUDOS:5" }));
    let accounts = shop.get("/private/accounts").json();
    let hash = accounts["accounts"][0]["h_wire"].as_str().unwrap().to_owned();
    assert_eq!(shop.delete(&format!("/private/accounts/{hash}")).status, 204);
    let reply = post(&shop, &url, "");
    assert_eq!(reply.status, 409);
    assert!(reply.text.contains("cannot take this payment at the moment"), "{}", reply.text);
}

#[test]
fn the_front_page_is_a_page_for_people_only() {
    let shop = Shop::new();
    let page = look(&shop, "/");
    is_page(&page);
    assert_eq!(page.status, 200);
    assert!(page.text.contains("<code>https://shop.example/</code>"), "{}", page.text);
    assert!(shop.daemon.get("/").text.starts_with("This is tilld"));
    shop.place.instance("tea");
    for path in ["/instances/tea", "/instances/tea/"] {
        let page = look(&shop, path);
        assert!(page.text.contains("<code>https://shop.example/instances/tea/</code>"), "{page:?}");
    }
    assert_eq!(look(&shop, "/instances/none/").status, 404);
}

#[test]
fn a_page_stays_small_whatever_is_sold() {
    let shop = Shop::new();
    let product =
        json!({ "description": "<&\">".repeat(1000), "unit": "<".repeat(900), "quantity": 1 });
    let terms = json!({
        "summary": "\"&<".repeat(1300), "amount": "KUDOS:5", "products": vec![product; 80],
        "fulfillment_message": "<".repeat(4000),
    });
    let (path, id) = order(&shop, &terms);
    is_page(&look(&shop, &path));
    pay(&shop, &id, None);
    let paid = look(&shop, &path);
    is_page(&paid);
    assert!(paid.text.contains("and 50 more"));
}

/// The query with which the page asks again when it has no script.
fn again(page: &Reply) -> String {
    let (_, rest) = page.text.split_once("http-equiv=\"refresh\" content=\"5;url=").unwrap();
    rest.split('"').next().unwrap().replace("&#38;", "&")
}

#[test]
fn an_order_without_token_needs_no_mark_in_its_links() {
    let shop = Shop::new();
    let order = json!({ "summary": "Tea", "amount": "KUDOS:5", "fulfillment_message": "42" });
    let (id, _) = shop.made(&json!({ "order": order, "create_token": false }));
    let path = format!("/orders/{id}");
    let first = again(&look(&shop, &format!("{path}?session_id=S")));
    assert_eq!(first, "?session_id=S&waited=yes");
    shop.claimed(&id, "");
    let claimed = look(&shop, &format!("{path}{first}"));
    is_page(&claimed);
    assert_eq!((claimed.status, again(&claimed)), (402, first));
    pay(&shop, &id, None);
    // Links that were made with a mark lead to the same.
    for query in ["", "?waited=yes", "?waited=yes&seen=x"] {
        let paid = look(&shop, &format!("{path}{query}"));
        is_page(&paid);
        assert!(paid.status == 200 && paid.text.contains("Receipt"), "{query}: {paid:?}");
    }
}

#[test]
fn a_receipt_waits_for_refunds_only_while_there_can_be_one() {
    let shop = Shop::new();
    let sold = |delay: u64| {
        let order = json!({ "order": { "summary": "Tea", "amount": "KUDOS:5" },
            "refund_delay": { "d_us": delay } });
        let (id, token) = shop.made(&order);
        pay(&shop, &id, None);
        (format!("/orders/{id}?token={token}"), id)
    };
    let (path, id) = sold(86_400_000_000);
    let fresh = look(&shop, &path).text;
    for part in [
        "data-until=\"refunded\" data-refunded=\"KUDOS:0\"",
        "http-equiv=\"refresh\" content=\"30\"",
    ] {
        assert!(fresh.contains(part), "{part}: {fresh}");
    }
    assert_eq!(shop.refund(&id, "KUDOS:2").status, 200);
    assert!(look(&shop, &path).text.contains("data-refunded=\"KUDOS:2\""));
    let file = rusqlite::Connection::open(shop.place.db()).unwrap();
    file.busy_timeout(PATIENCE).unwrap();
    // The longer ago it was paid, the more rarely it looks.
    for (ago, secs) in [(200, 30), (3000, 300), (80_000, 3600)] {
        let at = i64::try_from(now()).unwrap() - ago;
        let sql = format!("UPDATE orders SET paid_at_s = {at} WHERE order_id = '{id}'");
        file.execute_batch(&sql).unwrap();
        let page = look(&shop, &path).text;
        let (_, rest) = page.split_once("http-equiv=\"refresh\" content=\"").unwrap();
        let every: i64 = rest.split('"').next().unwrap().parse().unwrap();
        assert!((secs..=secs + 2).contains(&every), "{ago}: {every}");
    }
    assert_eq!(shop.refund(&id, "KUDOS:5").status, 200);
    // One that coins have paid, and whose time for refunds is over.
    let (late, id) = sold(86_400_000_000);
    let past = now() - 1;
    let sql = format!("UPDATE orders SET refund_deadline_s = {past} WHERE order_id = '{id}'");
    file.execute_batch(&sql).unwrap();
    let never = [look(&shop, &path).text, look(&shop, &late).text];
    for page in never {
        assert!(page.contains("Receipt"), "{page}");
        assert!(!page.contains("data-poll") && !page.contains("http-equiv"), "{page}");
    }
}
