//! What public clients send and expect, where that is more than the interface's description says. Each
//! test names whose behaviour is the reason.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use tilld::http::{Access, LATER, LATER_ROOT};

use crate::coins::{claimed, order};
use crate::common::exchange::{Exchange, kudos};
use crate::common::fake_peer::{Exchange as Peer, Manners};
use crate::common::shop::{IBAN, Shop, now, plain};
use crate::common::{PATIENCE, Reply, eventually};

/// What a browser is shown at `path`.
fn page(shop: &Shop, path: &str) -> Reply {
    shop.daemon.ask("GET", path).header("Accept", "text/html,*/*;q=0.8").send()
}

fn tokenless(more: &Value) -> Value {
    let mut order = json!({
        "summary": "Tea", "amount": "KUDOS:5", "fulfillment_url": "https://shop.example/tea",
    });
    for (name, value) in more.as_object().unwrap() {
        order[name] = value.clone();
    }
    json!({ "order": order, "create_token": false })
}

/// Shops mail the bare address of such an order (recorded from the reference backend in January 2026:
/// `order_status_url` stays as it is in every state).
#[test]
fn the_bare_address_of_an_order_without_token_is_open_in_every_state() {
    let shop = Shop::new();
    let (id, token) = shop.made(&tokenless(&json!({})));
    assert_eq!(token, "");
    let (path, url) = (format!("/orders/{id}"), format!("https://shop.example/orders/{id}"));
    let state = || shop.status(&id, "");

    assert_eq!((shop.seen(&id, "").status, page(&shop, &path).status), (402, 402));
    assert_eq!(state()["order_status_url"], json!(url));

    let contract = shop.claimed(&id, "");
    let seen = shop.seen(&id, "");
    assert_eq!((seen.status, seen.headers["taler"].starts_with("taler://pay/")), (402, true));
    let claimed = page(&shop, &path);
    assert_eq!(claimed.status, 402);
    assert!(claimed.text.contains("A wallet has opened this order"), "{}", claimed.text);
    assert_eq!(state()["order_status_url"], json!(url));
    // Who shows a hash is told that it is wrong, and a hash that is right is as good as none.
    let wrong = format!("?h_contract={}", "0".repeat(103));
    assert_eq!(shop.seen(&id, &wrong).failure(), (403, 2106));
    assert_eq!(shop.seen(&id, &format!("?h_contract={}", contract.h_contract)).status, 402);

    assert_eq!(shop.pay(&id, &json!({ "method": "cash" })).status, 200);
    let paid = shop.seen(&id, "");
    assert_eq!((paid.status, &paid.json()["refunded"]), (200, &json!(false)));
    let receipt = page(&shop, &path);
    assert_eq!(receipt.status, 200);
    assert!(receipt.text.contains("Receipt") && receipt.text.contains("Tea"), "{}", receipt.text);
    assert_eq!(state()["order_status_url"], json!(url));
}

#[test]
fn a_refund_is_shown_and_collected_at_the_bare_address_and_hidden_by_no_redirect() {
    let exchange = Exchange::start();
    let shop = Shop::configured_at(
        "payto://x-taler-bank/localhost/shop?receiver-name=Shop",
        &exchange.trusted(),
    );
    let mut request = order("5");
    request["create_token"] = json!(false);
    let claimed = claimed(&shop, &request);
    let path = format!("/orders/{}", claimed.id);
    let coin = exchange.coin("5");
    let body = claimed.payment(&exchange, &[(&coin, "5")]);
    assert_eq!(claimed.pay(&shop, &body).status, 200);
    assert_eq!(shop.refund(&claimed.id, "KUDOS:4").status, 200);

    for query in
        ["", "?waited=yes", "?session_id=S1", "?session_id=other", "?session_id=S1&waited=yes"]
    {
        let shown = page(&shop, &format!("{path}{query}"));
        assert_eq!(shown.status, 200, "{query}: {shown:?}");
        assert!(shown.headers["taler"].starts_with("taler://refund/"), "{query}");
        assert!(shown.text.contains("4.00"), "{query}: {}", shown.text);
    }
    let seen = shop.seen(&claimed.id, "").json();
    assert_eq!((&seen["refund_pending"], &seen["refund_taken"]), (&json!(true), &json!("KUDOS:0")));
    let parked =
        shop.parked_while(&format!("{path}?await_refund_obtained=yes&timeout_ms=20000"), || {
            assert_eq!(claimed.pick_up(&shop).status, 200);
        });
    assert_eq!(parked.json()["refund_pending"], json!(false));
    assert!(page(&shop, &format!("{path}?waited=yes")).text.contains("4.00"));
}

/// The gates of the `WooCommerce` plug-in (2021), the `PoS` app (2024) and others (observed-2026 5); `BTCPay`
/// and a pydantic client read the currencies.
#[test]
fn the_config_passes_the_gates_of_clients() {
    let shop = Shop::new();
    let paths = ["/config", "/instances/admin/config", "/public/config"];
    for path in &paths[..if cfg!(feature = "legacy") { 3 } else { 2 }] {
        let config = shop.daemon.get(path).json();
        assert_eq!(config["version"], "27:0:26", "{path}");
        let [current, age] = [27, 26];
        // 2021 wants an age that reaches down to 1, 2024 a range that meets 5:0:1, others up to 27.
        assert!(current - age <= 1 && current >= 27);
        let kudos = &config["currencies"]["KUDOS"];
        assert_eq!(kudos["common_amounts"], json!(["KUDOS:5", "KUDOS:10", "KUDOS:20", "KUDOS:50"]));
    }
}

/// The `WooCommerce` plug-in of 2021 sends `refund_delay` as `d_ms`.
#[test]
fn milliseconds_are_read_where_older_clients_send_them() {
    let shop = Shop::new();
    let later = (now() + 7200) * 1000;
    let request = json!({
        "order": { "summary": "Tea", "amount": "KUDOS:1", "pay_deadline": { "t_ms": later + 999 } },
        "refund_delay": { "d_ms": 86_400_000 },
    });
    let (id, _) = shop.made(&request);
    let terms = &shop.status(&id, "")["proto_contract_terms"];
    let begin = terms["timestamp"]["t_s"].as_u64().unwrap();
    assert_eq!(terms["refund_deadline"], json!({ "t_s": begin + 86_400 }));
    assert_eq!(terms["pay_deadline"], json!({ "t_s": later / 1000 }));
}

/// taler-php packs bodies of 4,096 bytes and more with gzip.
#[test]
fn a_body_may_be_packed_with_gzip_and_begin_with_a_mark() {
    let shop = Shop::new();
    let pack = |text: &str| {
        let mut packer = GzEncoder::new(Vec::new(), Compression::best());
        packer.write_all(text.as_bytes()).unwrap();
        packer.finish().unwrap()
    };
    let send = |encoding: &str, body: Vec<u8>| {
        let ask = shop.daemon.ask("POST", "/private/orders").token(&shop.token);
        ask.header("Content-Encoding", encoding).body(body).send()
    };
    let text = plain(&"Tea ".repeat(1024), "KUDOS:1").to_string();
    for encoding in ["gzip", "x-gzip", "GZIP"] {
        assert_eq!(send(encoding, pack(&text)).status, 200, "{encoding}");
    }
    assert_eq!(send("gzip", pack(&format!("\u{feff}{text}"))).status, 200);
    assert_eq!(send("identity", format!("\u{feff}{text}").into_bytes()).status, 200);
    assert_eq!(send("gzip", b"no gzip".to_vec()).failure(), (400, 28));
    assert_eq!(send("deflate", pack(&text)).failure(), (400, 28));
    assert_eq!(send("br", pack(&text)).failure(), (400, 28));
    assert_eq!(send("gzip", pack(&" ".repeat(10_000_000))).failure(), (413, 32));
}

/// Recorded from the reference backend in January 2026; wallets of 2022 demand `auditors`.
#[test]
fn contracts_and_paid_orders_have_the_members_that_were_recorded() {
    let exchange = Exchange::start();
    let shop = Shop::configured_at(
        "payto://x-taler-bank/localhost/shop?receiver-name=Shop",
        &exchange.trusted(),
    );
    let request = json!({
        "order": { "summary": "Tea", "amount": "KUDOS:5", "max_fee": "KUDOS:1" },
    });
    let claimed = claimed(&shop, &request);
    let terms = &claimed.contract.terms;
    assert_eq!(terms["version"], 0);
    assert_eq!(terms["minimum_age"], 0);
    assert_eq!(terms["auditors"], json!([]));
    assert_eq!(terms["merchant"]["address"], json!({}));
    assert_eq!(terms["merchant"]["jurisdiction"], json!({}));
    for exchange in terms["exchanges"].as_array().unwrap() {
        assert!(exchange["max_contribution"].as_str().unwrap().starts_with("KUDOS:"), "{exchange}");
    }

    let coin = exchange.coin("5");
    assert_eq!(claimed.pay(&shop, &claimed.payment(&exchange, &[(&coin, "5")])).status, 200);
    let fee = exchange.denomination("5").fee_deposit;
    let owed = |refunded: &str| {
        let rest = kudos("5").checked_sub(&fee).unwrap();
        rest.checked_sub(&kudos(refunded)).unwrap().to_string()
    };
    let paid = shop.status(&claimed.id, "");
    for name in ["exchange_code", "exchange_http_status", "exchange_ec", "exchange_hc"] {
        assert_eq!(paid[name], 0, "{name}");
    }
    assert_eq!((&paid["wire_reports"], &paid["wire_details"]), (&json!([]), &json!([])));
    // What the exchange has confirmed, without its fee and without what was given back.
    assert_eq!(paid["deposit_total"], json!(owed("0")));
    assert_eq!(shop.refund(&claimed.id, "KUDOS:2").status, 200);
    assert_eq!(shop.status(&claimed.id, "")["deposit_total"], json!(owed("2")));

    // No exchange has taken anything for what was paid at the counter.
    let cash = shop.sold(&plain("Tea", "KUDOS:3"));
    assert_eq!(shop.status(&cash, "")["deposit_total"], "KUDOS:0");
}

/// The Android wallet opens no template without these members, and takes a scanned or pasted address
/// by the header `Taler`.
#[test]
fn a_template_tells_everything_that_the_android_wallet_reads() {
    let shop = Shop::new();
    let add = |id: &str, contract: Value| {
        let body = json!({
            "template_id": id, "template_description": "x", "template_contract": contract,
        });
        assert_eq!(shop.post("/private/templates", &body).status, 204);
    };
    add("tea", json!({ "summary": "Tea", "amount": "KUDOS:1" }));
    let own = json!({
        "template_type": "fixed-order", "summary": "Rum", "minimum_age": 18,
        "pay_duration": { "d_us": 600_000_000_u64 },
    });
    add("rum", own.clone());
    let delay = shop.get("/private").json()["default_pay_delay"].clone();
    for private in [false, true] {
        let shown = |id: &str| match private {
            true => shop.get(&format!("/private/templates/{id}")).json(),
            false => shop.daemon.get(&format!("/templates/{id}")).json(),
        };
        assert_eq!(
            shown("tea")["template_contract"],
            json!({
                "summary": "Tea", "amount": "KUDOS:1", "template_type": "fixed-order",
                "minimum_age": 0, "pay_duration": delay,
            })
        );
        assert_eq!(shown("rum")["template_contract"], own);
    }
    // What is completed is not what was written: the same again is the same.
    add("tea", json!({ "summary": "Tea", "amount": "KUDOS:1" }));
    for path in ["/templates/tea", "/templates/rum", "/templates/tea?print=a6"] {
        let uri = path
            .split('?')
            .next()
            .unwrap()
            .replace("/templates/", "taler://pay-template/shop.example/");
        for method in ["GET", "HEAD"] {
            let seen = shop.daemon.ask(method, path).header("Accept", "text/html").send();
            assert_eq!((seen.status, &seen.headers["taler"]), (200, &uri), "{method} {path}");
        }
    }
    let wall = json!({ "template_type": "paivana", "choices": [{ "amount": "KUDOS:1" }] });
    add("wall", wall);
    let seen = page(&shop, "/templates/wall");
    assert!(!seen.headers.contains_key("taler"), "only its own page has what its orders need");
}

/// Wallets in JavaScript take such a member for one that every object has, and compute another hash.
#[test]
fn a_forgettable_member_is_not_called_like_one_of_every_object() {
    let shop = Shop::new();
    let ask = |name: &str| {
        let extra = json!({ name: "x", "$forgettable": { name: true } });
        shop.order(&json!({ "order": { "summary": "Tea", "amount": "KUDOS:1", "extra": extra } }))
    };
    for name in ["constructor", "__proto__", "toString", "valueOf", "hasOwnProperty"] {
        assert_eq!(ask(name).failure(), (400, 2502), "{name}");
    }
    assert_eq!(ask("construction").status, 200);
}

/// A wallet with small change: seventy-eight coins were too long a body before.
#[test]
fn a_payment_of_256_coins_passes() {
    let exchange = Exchange::start();
    let shop = Shop::configured_at(
        "payto://x-taler-bank/localhost/shop?receiver-name=Shop",
        &exchange.trusted(),
    );
    let mut request = order("5.12");
    request["order"]["max_fee"] = json!("KUDOS:100");
    let claimed = claimed(&shop, &request);
    let coins: Vec<_> = (0..256).map(|_| exchange.coin("0.1")).collect();
    let parts: Vec<_> = coins.iter().map(|coin| (coin, "0.02")).collect();
    let body = claimed.payment(&exchange, &parts);
    assert!(body.to_string().len() > 128 * 1024, "{}", body.to_string().len());
    let reply = claimed.pay(&shop, &body);
    assert_eq!(reply.status, 200, "{reply:?}");
    assert_eq!(shop.status(&claimed.id, "")["order_status"], "paid");
    // The same list is aborted by a body of the same order; it is read, and comes too late.
    let abort = json!({ "h_contract": claimed.contract.h_contract, "coins": body["coins"] });
    let path = format!("/orders/{}/abort", claimed.id);
    assert_eq!(shop.strange_post(&path, &abort).failure(), (412, 2254));
    let long = json!({ "coins": [], "padding": " ".repeat(600_000) });
    assert_eq!(claimed.pay(&shop, &long).failure(), (413, 32));
}

/// `BTCPay` tries other addresses after 404, Dolibarr checks its credentials at `/private/categories`.
#[test]
fn what_is_not_offered_yet_says_so_to_admitted_clients() {
    let shop = Shop::new();
    let readonly = shop.place.token("admin", "readonly");
    let fill = |path: &str| path.replace("{id}", "1").replace("{slug}", "x");
    for row in LATER.iter().chain(LATER_ROOT) {
        let path = fill(row.path);
        let ask = || shop.daemon.ask(row.method, &path).body("no json");
        let reply = ask().token(&shop.token).send();
        assert_eq!(reply.failure(), (501, 76), "{row:?}");
        if row.access != Access::Public {
            assert_eq!(ask().send().failure(), (401, 2015), "{row:?}");
            let reads = row.method == "GET";
            let expected = if reads { (501, 76) } else { (403, 16) };
            assert_eq!(ask().token(&readonly).send().failure(), expected, "{row:?}");
        }
        assert_eq!(shop.daemon.ask("BREW", &path).send().failure(), (405, 20), "{row:?}");
    }
    // Other names and what came later or was removed are no part of it.
    for path in ["/private/reserves", "/private/notifications", "/private/nothing", "/rewards/1"] {
        assert_eq!(shop.get(path).failure(), (404, 21), "{path}");
    }
    assert_eq!(shop.get("/instances/nobody/private/products").failure(), (404, 2000));
}

/// `BTCPay` makes instances at `/management/instances`, and at `/instances` where that is 404.
#[test]
fn an_instance_is_created_at_both_addresses_by_admitted_clients() {
    let shop = Shop::new();
    let order_pos = shop.place.token("admin", "order-pos");
    let wish = |id: &str| {
        json!({
            "id": id, "name": id, "auth": { "method": "token", "password": "correct horse" },
            "address": { "country": "CH" }, "jurisdiction": { "country": "CH" }, "use_stefan": false,
        })
    };
    let ask = |id: &str| shop.daemon.ask("POST", "/instances").json(&wish(id));
    assert_eq!(ask("bar").send().failure(), (403, 2015));
    assert_eq!(ask("bar").token("secret-token:guess").send().failure(), (401, 2015));
    assert_eq!(ask("bar").token(&order_pos).send().failure(), (403, 16));
    assert_eq!(ask("bar").token(&shop.token).send().status, 204);
    assert_eq!(ask("bar").token(&shop.token).send().status, 204);
    assert_eq!(shop.get("/management/instances/bar").json()["name"], "bar");
    let mut other = wish("bar");
    other["name"] = json!("Another");
    let reply = shop.daemon.ask("POST", "/instances").token(&shop.token).json(&other).send();
    assert_eq!(reply.failure(), (409, 2600));
    let ask = shop.daemon.ask("POST", "/instances?token_validity_ms=3600000").token(&shop.token);
    let issued = ask.json(&wish("pub")).send();
    let token = issued.json()["access_token"].as_str().unwrap().to_owned();
    assert_eq!(shop.daemon.ask("GET", "/instances/pub/private").token(&token).send().status, 200);
}

/// A shop that has had a bank account before it met an exchange which pays another kind.
#[test]
fn the_account_of_an_order_is_one_that_an_exchange_can_pay() {
    let exchange = Peer::start();
    exchange.behave(Manners::Tells(exchange.keys(&exchange.master, "^payto://iban/DE")));
    let first = "payto://x-taler-bank/localhost/shop?receiver-name=Shop";
    let shop = Shop::configured_at(first, &exchange.settings());
    let known = || shop.daemon.get("/exchanges").json()["exchanges"][0]["keys_downloaded"].clone();
    eventually("the keys are there", || !known().is_null());
    assert_eq!(shop.order(&plain("Tea", "KUDOS:1")).failure(), (409, 2509));
    assert_eq!(shop.order(&plain("Tea", "EUR:1")).failure(), (409, 2514));
    let added = shop.post("/private/accounts", &json!({ "payto_uri": IBAN })).json();
    let (id, _) = shop.made(&plain("Tea", "KUDOS:1"));
    let terms = &shop.status(&id, "")["proto_contract_terms"];
    assert_eq!((&terms["wire_method"], &terms["h_wire"]), (&json!("iban"), &added["h_wire"]));
    assert_eq!(terms["exchanges"].as_array().unwrap().len(), 1);
    // Who asks for the other one is told that it does not go.
    let mut asked = plain("Tea", "KUDOS:1");
    asked["payment_target"] = json!("x-taler-bank");
    assert_eq!(shop.order(&asked).failure(), (409, 2509));
}

/// Recorded: an order with a wire deadline of 12 minutes and nothing about refunds, and refunds while the
/// contract says `refund_deadline: 0`.
#[test]
fn refunds_end_when_the_money_is_wired_where_nobody_says_more() {
    let shop = Shop::new();
    let soon = now() + 720;
    let mut request = plain("Tea", "KUDOS:1");
    request["order"]["wire_transfer_deadline"] = json!({ "t_s": soon });
    let (id, _) = shop.made(&request);
    let terms = &shop.status(&id, "")["proto_contract_terms"];
    assert_eq!(terms["refund_deadline"], json!({ "t_s": soon }));
    assert_eq!(terms["wire_transfer_deadline"], json!({ "t_s": soon }));
    // A shop that says how long it can be refunded must say it so that it fits.
    request["refund_delay"] = json!({ "d_us": 86_400_000_000_u64 });
    assert_eq!(shop.order(&request).failure(), (400, 2504));
}

#[test]
fn coins_are_refunded_until_the_wire_deadline_where_the_contract_has_no_refund_deadline() {
    let exchange = Exchange::start();
    let shop = Shop::configured_at(
        "payto://x-taler-bank/localhost/shop?receiver-name=Shop",
        &exchange.trusted(),
    );
    let mut request = order("5");
    request.as_object_mut().unwrap().remove("refund_delay");
    request["order"]["refund_deadline"] = json!({ "t_s": 0 });
    let claimed = claimed(&shop, &request);
    assert_eq!(claimed.contract.terms["refund_deadline"], json!({ "t_s": 0 }));
    let coin = exchange.coin("5");
    assert_eq!(claimed.pay(&shop, &claimed.payment(&exchange, &[(&coin, "5")])).status, 200);
    assert_eq!(shop.refund(&claimed.id, "KUDOS:4").status, 200);
    assert_eq!(claimed.pick_up(&shop).json()["refunds"][0]["type"], "success");
    // Once the money is on its way it is too late.
    let file = rusqlite::Connection::open(shop.place.db()).unwrap();
    file.busy_timeout(PATIENCE).unwrap();
    let (made, end, id) = (now() - 1000, now() - 1, &claimed.id);
    let sql = format!(
        "UPDATE orders SET timestamp_s = {made}, refund_deadline_s = {end} WHERE order_id = '{id}'"
    );
    file.execute_batch(&sql).unwrap();
    assert_eq!(shop.refund(&claimed.id, "KUDOS:5").failure(), (410, 2169));
}

#[test]
fn coins_are_not_refunded_where_the_contract_forbids_it_or_its_time_is_over() {
    let exchange = Exchange::start();
    let shop = Shop::configured_at(
        "payto://x-taler-bank/localhost/shop?receiver-name=Shop",
        &exchange.trusted(),
    );
    let refused = |change: &dyn Fn(&mut Value)| {
        let mut request = order("1");
        change(&mut request);
        let claimed = claimed(&shop, &request);
        let coin = exchange.coin("1");
        let paid = claimed.pay(&shop, &claimed.payment(&exchange, &[(&coin, "1")]));
        assert_eq!(paid.status, 200, "{paid:?}");
        shop.refund(&claimed.id, "KUDOS:0.5").failure()
    };
    let ago = json!({ "t_s": now() - 1000 });
    assert_eq!(refused(&|request| request["refund_delay"] = json!({ "d_us": 0 })), (403, 2532));
    let never = |request: &mut Value| {
        request["order"]["timestamp"] = ago.clone();
        request["order"]["refund_deadline"] = ago.clone();
    };
    assert_eq!(refused(&never), (403, 2532));
    let late = |request: &mut Value| {
        request["order"]["timestamp"] = ago.clone();
        request["refund_delay"] = json!({ "d_us": 10_000_000 });
    };
    assert_eq!(refused(&late), (410, 2169));
}

#[test]
fn what_was_paid_at_the_counter_is_given_back_whenever_that_is() {
    let shop = Shop::new();
    let mut request = plain("Tea", "KUDOS:5");
    request["refund_delay"] = json!({ "d_us": 0 });
    let id = shop.sold(&request);
    let row = |id: &str| {
        let all = shop.get("/private/orders").json();
        all["orders"].as_array().unwrap().iter().find(|row| row["order_id"] == *id).unwrap().clone()
    };
    assert_eq!(row(&id)["refundable"], json!(true));
    assert_eq!(shop.refund(&id, "KUDOS:2").status, 200);
    let status = shop.status(&id, "");
    assert_eq!(
        (&status["refund_amount"], &status["refund_pending"]),
        (&json!("KUDOS:2"), &json!(false))
    );
    assert_eq!(shop.refund(&id, "KUDOS:6").failure(), (409, 2530));
    assert_eq!(shop.refund(&id, "KUDOS:5").status, 200);
    assert_eq!(row(&id)["refundable"], json!(false));
}

/// Settings that were taken, and after which no order could be made.
#[test]
fn whatever_is_set_with_success_an_order_goes_right_after_it() {
    let shop = Shop::new();
    let forever = json!({ "d_us": "forever" });
    let long = json!({ "d_us": 9_007_199_254_740_991_u64 });
    let texts = ["x", "", "a\u{0}b", "ü\u{1}"];
    let delays =
        [json!({ "d_us": 0 }), json!({ "d_us": 1 }), json!({ "d_ms": 1000 }), forever, long];
    let mut changes = Vec::new();
    for text in texts {
        for name in ["name", "email", "phone_number", "website", "logo"] {
            changes.push((name, json!(text)));
        }
        for place in ["address", "jurisdiction"] {
            changes.push((place, json!({ "town": text })));
            changes.push((place, json!({ "address_lines": [text] })));
        }
    }
    changes.push(("logo", json!("data:image/\u{0};base64,AAAA")));
    changes.push(("website", json!("https://shop.example/\u{0}")));
    for delay in &delays {
        for name in ["pay", "refund", "wire_transfer"] {
            let name = format!("default_{name}_delay").leak();
            changes.push((name, delay.clone()));
        }
    }
    let (mut taken, mut refused) = (0, 0);
    for (name, value) in changes {
        let mut settings = json!({
            "name": "Shop", "default_pay_delay": { "d_us": 60_000_000 },
            "default_refund_delay": { "d_us": 60_000_000 },
            "default_wire_transfer_delay": { "d_us": 60_000_000 },
        });
        settings[name] = value.clone();
        match shop.patch("/private", &settings).status {
            204 => taken += 1,
            _ => refused += 1,
        }
        let order = shop.order(&plain("Tea", "KUDOS:1"));
        assert_eq!(order.status, 200, "{name}: {value}: {order:?}");
    }
    assert!(taken > 10 && refused > 10, "{taken} {refused}");

    let mut contracts: Vec<Value> =
        texts.iter().map(|text| json!({ "summary": text, "amount": "KUDOS:1" })).collect();
    for delay in delays {
        contracts.push(json!({ "summary": "Tea", "amount": "KUDOS:1", "pay_duration": delay }));
    }
    for contract in contracts {
        let body = json!({
            "template_id": "t", "template_description": "x", "template_contract": contract,
        });
        if shop.post("/private/templates", &body).status == 204 {
            let made = shop.strange_post("/templates/t", &json!({}));
            assert_eq!(made.status, 200, "{contract}: {made:?}");
            assert_eq!(shop.delete("/private/templates/t").status, 204);
        }
    }
    let id = shop.sold(&plain("Tea", "KUDOS:1"));
    let refund = json!({ "refund": "KUDOS:1", "reason": "a\u{0}b" });
    assert_eq!(shop.post(&format!("/private/orders/{id}/refund"), &refund).failure(), (400, 26));
}

/// Shops that forget to divide milliseconds by a thousand.
#[test]
fn a_deadline_in_another_century_is_refused() {
    let shop = Shop::new();
    for name in
        ["timestamp", "pay_deadline", "refund_deadline", "wire_transfer_deadline", "delivery_date"]
    {
        let mut request = plain("Tea", "KUDOS:1");
        request["order"][name] = json!({ "t_s": (now() + 3600) * 1000 });
        let reply = shop.order(&request);
        assert_eq!(reply.failure(), (400, 2502), "{name}");
        assert!(reply.json()["detail"].as_str().unwrap().contains("milliseconds"), "{reply:?}");
    }
}

/// Nobody writes yen with two digits, and nobody has to describe the currency of an exchange first.
#[test]
fn the_currency_of_an_exchange_is_known_and_written_as_iso_4217_says() {
    let key = "8307MFV7XKCZ2QQTTJ5RCKX613WVXNBTRTE41XSJMZAT49742QD0";
    let shop = Shop::configured(&format!(
        "[[exchange]]\nbase_url = 'http://127.0.0.1:1/'\nmaster_public_key = '{key}'\n\
         currency = 'JPY'\n"
    ));
    let known = shop.daemon.get("/config").json()["currencies"]["JPY"].clone();
    assert_eq!(known["num_fractional_input_digits"], 0, "{known}");
    shop.made(&plain("Tea", "JPY:500"));
}
