//! The API of 2019, as shops of that time speak it (legacy-2019 16).

use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tilld::http::{Access, LEGACY, RouteSpec};

use crate::common::{Ask, Daemon, PATIENCE, Place, Reply, client};

const IBAN: &str = "payto://iban/DE75512108001245126199?receiver-name=Shop";
/// The key of a wallet, and of another one.
const NONCE: &str = "8307MFV7XKCZ2QQTTJ5RCKX613WVXNBTRTE41XSJMZAT49742QD0";
const OTHER_NONCE: &str = "0307MFV7XKCZ2QQTTJ5RCKX613WVXNBTRTE41XSJMZAT49742QD0";
/// The hash of no contract.
const NO_HASH: &str = "0000000000000000000000000000000000000000000000000000\
                       000000000000000000000000000000000000000000000000000";
/// An article.
const PAGE: &str = "https://shop.example/article";
/// How long a poll would wait that nobody wakes: longer than anybody here waits for it.
const LONG: &str = "timeout=20";

/// Two shops with an account each, the special one and `bar`.
struct Shop {
    place: Place,
    daemon: Daemon,
    token: String,
    bar: String,
}

/// An order that a wallet has claimed.
struct Contract {
    order_id: String,
    h_contract: String,
    /// Its terms, as they were signed.
    terms: Value,
    token: String,
}

/// An answer that was asked for in the background.
struct Later(JoinHandle<(u16, Value, Duration)>);

impl Later {
    fn answer(self) -> (u16, Value) {
        let (status, body, _) = self.0.join().unwrap();
        (status, body)
    }
}

impl Shop {
    fn open() -> Self {
        Self::open_with(&[])
    }

    fn open_with(variables: &[(&str, &str)]) -> Self {
        let place = Place::new();
        for instance in ["admin", "bar"] {
            place.instance(instance);
            place.ok(&["account", "add", instance, IBAN]);
        }
        let (token, bar) = (place.token("admin", "all"), place.token("bar", "all"));
        let mut all = vec![("TILLD_ADMIN__LISTEN", "127.0.0.1:0")];
        all.extend(variables);
        let daemon = place.start_with(&all);
        Self { place, daemon, token, bar }
    }

    fn ask(&self, method: &str, path: &str) -> Ask<'_> {
        self.daemon.ask(method, path).token(&self.token)
    }

    fn get(&self, path: &str) -> Reply {
        self.ask("GET", path).send()
    }

    fn post(&self, path: &str, body: &Value) -> Reply {
        self.ask("POST", path).json(body).send()
    }

    /// Makes an order for `page`, as a shop of 2019 would.
    fn order(&self, order_id: &str, page: &str) {
        self.order_with(&old_order(order_id, page));
    }

    fn order_with(&self, order: &Value) {
        let reply = self.post("/order", &json!({ "order": order }));
        assert_eq!(
            (reply.status, reply.json()["order_id"].clone()),
            (200, order["order_id"].clone())
        );
    }

    /// The claim token of an unclaimed order: a client that has its address has it.
    fn claim_token(&self, order_id: &str) -> String {
        let status = self.get(&format!("/check-payment?order_id={order_id}")).json();
        status["taler_pay_uri"].as_str().unwrap().split_once("?c=").unwrap().1.to_owned()
    }

    /// Has a wallet claim an order.
    fn claim(&self, order_id: &str) -> Contract {
        let token = self.claim_token(order_id);
        let path = format!("/public/proposal?order_id={order_id}&nonce={NONCE}&token={token}");
        let reply = self.daemon.get(&path);
        assert_eq!(reply.status, 200, "{reply:?}");
        let terms = reply.json()["contract_terms"].clone();
        let h_contract = taler::contract::contract_hash(&terms).unwrap().to_string();
        Contract { order_id: order_id.to_owned(), h_contract, terms, token }
    }

    /// A claimed order for `page`.
    fn contract(&self, order_id: &str, page: &str) -> Contract {
        self.order(order_id, page);
        self.claim(order_id)
    }

    /// Takes money at the counter; the receipt.
    fn pay(&self, order_id: &str, session: Option<&str>) -> Value {
        let body = json!({ "method": "cash", "session_id": session });
        let reply = self.post(&format!("/private/orders/{order_id}/payments"), &body);
        assert_eq!(reply.status, 200, "{reply:?}");
        reply.json()
    }

    /// Has the wallet bring a payment into another session.
    fn replay(&self, contract: &Contract, receipt: &Value, session: &str) {
        let body = json!({
            "sig": receipt["sig"], "h_contract": contract.h_contract, "session_id": session,
        });
        let path = format!("/orders/{}/paid", contract.order_id);
        assert_eq!(self.daemon.ask("POST", &path).json(&body).send().status, 200);
    }

    fn refund(&self, order_id: &str, total: &str) -> Reply {
        self.post("/refund", &json!({ "order_id": order_id, "refund": total, "reason": "broken" }))
    }

    /// What a customer's browser sees.
    fn poll(&self, contract: &Contract, more: &str) -> Reply {
        self.daemon.get(&contract.poll(more))
    }

    /// Asks in the background, without credentials, and gives up before any poll's time is over.
    fn later(&self, path: &str) -> Later {
        self.later_as(path, None)
    }

    fn later_as(&self, path: &str, token: Option<&str>) -> Later {
        let url = format!("{}{path}", self.daemon.address);
        let token = token.map(|token| format!("Bearer {token}"));
        Later(std::thread::spawn(move || {
            let wait = Duration::from_secs(10);
            let client = client().timeout(wait);
            let mut request = client.build().unwrap().get(url);
            if let Some(token) = token {
                request = request.header("Authorization", token);
            }
            let started = Instant::now();
            let response = request.send().unwrap();
            let status = response.status().as_u16();
            (status, response.json().unwrap(), started.elapsed())
        }))
    }

    /// Waits until so many requests wait for news.
    fn parked(&self, count: usize) {
        let url = format!("{}/metrics", self.daemon.admin.as_ref().unwrap());
        let wanted = format!("tilld_polls_parked {count}\n");
        let asker = client().build().unwrap();
        let started = Instant::now();
        while !asker.get(&url).send().unwrap().text().unwrap().contains(&wanted) {
            assert!(started.elapsed() < PATIENCE, "{count} requests shall wait");
            std::thread::yield_now();
        }
    }

    /// The body that says that a contract is not paid.
    fn unpaid(&self, contract: &Contract, session: &str) -> Value {
        let Contract { order_id, token, .. } = contract;
        let socket = self.daemon.socket();
        json!({
            "paid": false,
            "taler_pay_uri": format!("taler+http://pay/{socket}/{order_id}/{session}?c={token}"),
            "contract_url": format!("http://{socket}/public/proposal?order_id={order_id}"),
        })
    }

    /// As [`Shop::unpaid`], when the session has paid for the page with `before`.
    fn paid_before(&self, contract: &Contract, session: &str, before: &str) -> Value {
        let mut body = self.unpaid(contract, session);
        body["already_paid_order_id"] = json!(before);
        body
    }
}

impl Contract {
    fn poll(&self, more: &str) -> String {
        let Self { order_id, h_contract, .. } = self;
        format!("/public/poll-payment?order_id={order_id}&h_contract={h_contract}&{more}")
    }
}

fn old_order(order_id: &str, page: &str) -> Value {
    json!({
        "order_id": order_id, "amount": "KUDOS:10", "summary": "Donation", "fulfillment_url": page,
    })
}

fn paid() -> Value {
    json!({ "paid": true, "refunded": false })
}

fn refunded(amount: &str) -> Value {
    json!({ "paid": true, "refunded": true, "refund_amount": amount })
}

/// A whole error body, but for the number of the request.
fn error(reply: &Reply) -> (u16, Value) {
    reply.failure();
    let mut body = reply.json();
    body.as_object_mut().unwrap().remove("request_id");
    (reply.status, body)
}

const FORMS: [&str; 4] = ["", "/public", "/instances/bar", "/public/instances/bar"];

fn is_private(row: &RouteSpec) -> bool {
    row.access != Access::Public
}

// Paths and instances.

#[test]
fn every_call_has_four_paths_in_any_case_and_private_ones_two() {
    let shop = Shop::open();
    for row in LEGACY {
        let shared = LEGACY.iter().any(|other| other.path == row.path && !is_private(other));
        let upper = row.path.to_uppercase();
        let mixed = row.path.replace("pay", "Pay").replace("ref", "Ref");
        for form in FORMS {
            for path in [row.path, &upper, &mixed, &format!("{}/", row.path)] {
                let reply = shop.daemon.ask(row.method, &format!("{form}{path}")).send();
                let what = format!("{} {form}{path}: {reply:?}", row.method);
                match (is_private(row), form.starts_with("/public")) {
                    (true, true) if shared => assert_eq!(reply.failure(), (405, 20), "{what}"),
                    (true, true) => assert_eq!(reply.failure(), (404, 21), "{what}"),
                    (true, false) => assert_eq!(reply.failure(), (401, 2015), "{what}"),
                    (false, _) if reply.status == 200 => assert_eq!(row.path, "/config", "{what}"),
                    (false, _) => {
                        let (status, code) = reply.failure();
                        assert!([400, 410].contains(&status) && code > 1000, "{what}");
                    }
                }
            }
        }
    }
}

#[test]
fn only_the_calls_name_is_read_in_any_case() {
    let shop = Shop::open();
    for path in [
        "/Public/poll-payment",
        "/PUBLIC/poll-payment",
        "/Instances/bar/poll-payment",
        "/public/public/poll-payment",
        "/public",
        "/public/instances/bar",
        "/public/nothing",
        "/public/private/orders",
        "/instances/bar/instances/bar/poll-payment",
        "/poll-payment/more",
    ] {
        assert_eq!(shop.daemon.get(path).failure(), (404, 21), "{path}");
    }
}

#[test]
fn a_wrong_method_is_told_from_a_wrong_path() {
    let shop = Shop::open();
    for (method, path, allowed) in [
        ("POST", "/public/poll-payment", "GET, HEAD, OPTIONS"),
        ("DELETE", "/instances/bar/check-payment", "GET, HEAD, OPTIONS"),
        ("GET", "/order", "POST, OPTIONS"),
        ("HEAD", "/order", "POST, OPTIONS"),
        ("PUT", "/refund", "POST, GET, HEAD, OPTIONS"),
        ("POST", "/public/refund", "GET, HEAD, OPTIONS"),
    ] {
        let reply = shop.daemon.ask(method, path).send();
        assert_eq!((reply.status, reply.headers["allow"].as_str()), (405, allowed), "{path}");
    }
}

#[test]
fn unknown_instances_are_not_found() {
    let shop = Shop::open();
    for (method, path) in [
        ("GET", "/public/instances/nobody/poll-payment"),
        ("GET", "/instances/nobody/poll-payment"),
        ("GET", "/public/instances/nobody/proposal"),
        ("GET", "/public/instances/nobody/refund"),
        ("GET", "/instances/nobody/check-payment"),
        ("GET", "/instances/nobody/history"),
        ("POST", "/instances/nobody/order"),
        ("POST", "/instances/nobody/refund"),
        ("GET", "/public/instances/nobody/config"),
        ("GET", "/public/instances/!/poll-payment"),
        ("POST", "/instances/!/order"),
    ] {
        let path = format!("{path}?order_id=O&h_contract={NO_HASH}&nonce={NONCE}");
        let reply = shop.ask(method, &path).body("{}").send();
        assert_eq!(reply.failure(), (404, 2000), "{method} {path}");
    }
}

#[test]
fn the_instance_is_in_the_path_or_the_query_or_the_body() {
    let shop = Shop::open();
    let make = |path: &str, order_id: &str, instance: Option<&str>| {
        let order = old_order(order_id, PAGE);
        let body = json!({ "order": order, "instance": instance });
        shop.daemon.ask("POST", path).token(&shop.bar).json(&body).send()
    };
    assert_eq!(make("/instances/bar/order", "A", None).status, 200);
    assert_eq!(make("/instances/BAR/ORDER", "B", Some("bar")).status, 200);
    assert_eq!(make("/order", "C", Some("bar")).status, 200);
    assert_eq!(make("/order?instance=bar", "D", None).status, 200);
    for order_id in ["A", "B", "C", "D"] {
        for path in ["/instances/bar/check-payment?", "/check-payment?instance=bar&"] {
            let path = format!("{path}order_id={order_id}");
            let reply = shop.daemon.ask("GET", &path).token(&shop.bar).send();
            let url = format!(
                "http://{}/public/instances/bar/proposal?order_id={order_id}",
                shop.daemon.socket()
            );
            assert_eq!((reply.status, &reply.json()["contract_url"]), (200, &json!(url)));
        }
    }

    // A name that nobody has names nobody, and then the special instance is meant, as ever.
    shop.order("E", PAGE);
    for name in ["nobody", "default", "admin", "%21", ""] {
        let path = format!("/check-payment?order_id=E&instance={name}");
        assert_eq!(shop.get(&path).status, 200, "{name}");
    }
}

#[test]
fn path_and_field_must_not_name_two_instances() {
    let shop = Shop::open();
    let parameter = |reply: Reply| {
        let parameter = reply.json()["parameter"].clone();
        (reply.failure(), parameter)
    };
    let disagree = ((400, 1009), json!("instance"));
    for name in ["default", "nobody"] {
        let body = json!({ "order": old_order("A", PAGE), "instance": name });
        let ask = shop.daemon.ask("POST", "/instances/bar/order").token(&shop.bar);
        assert_eq!(parameter(ask.json(&body).send()), disagree);
        let path = format!("/instances/bar/check-payment?order_id=A&instance={name}");
        assert_eq!(parameter(shop.daemon.ask("GET", &path).token(&shop.bar).send()), disagree);
        let path = format!("/public/instances/bar/poll-payment?instance={name}");
        assert_eq!(parameter(shop.daemon.get(&path)), disagree);
    }
    let body = json!({ "order": old_order("A", PAGE), "instance": 5 });
    assert_eq!(parameter(shop.post("/order", &body)), disagree);
}

#[test]
fn the_switch_turns_all_of_it_off_and_nothing_else() {
    let shop = Shop::open_with(&[("TILLD_LEGACY__ENABLED", "false")]);
    for row in LEGACY {
        for form in FORMS {
            let path = format!("{form}{}", row.path);
            let todays = ["/config", "/instances/bar/config"].contains(&path.as_str());
            let reply = shop.ask(row.method, &path).send();
            match todays {
                true => assert_eq!(reply.status, 200, "{path}"),
                false => assert_eq!(reply.failure(), (404, 21), "{} {path}", row.method),
            }
        }
    }
    let body = json!({ "order": { "amount": "KUDOS:1", "summary": "x" } });
    assert_eq!(shop.post("/private/orders", &body).status, 200);
}

#[test]
fn both_eras_read_the_same_configuration() {
    let shop = Shop::open();
    let today = shop.daemon.get("/config").json();
    for path in ["/public/config", "/public/instances/bar/config", "/CONFIG"] {
        assert_eq!(shop.daemon.get(path).json(), today, "{path}");
    }
    assert_eq!(today["version"], "27:0:26");
}

// Credentials.

#[test]
fn a_key_of_2019_is_todays_token() {
    let shop = Shop::open();
    shop.order("O", PAGE);
    let bare = shop.token.strip_prefix("secret-token:").unwrap();
    let with = |authorization: String| {
        let ask = shop.daemon.ask("GET", "/check-payment?order_id=O");
        ask.header("Authorization", &authorization).send()
    };
    for good in [
        format!("Bearer {}", shop.token),
        format!("Bearer {bare}"),
        format!("ApiKey {}", shop.token),
        format!("ApiKey {bare}"),
        format!("apikey  {bare}"),
    ] {
        assert_eq!(with(good.clone()).status, 200, "{good}");
    }
    for bad in [
        format!("ApiKey {}", shop.bar),
        "ApiKey sandbox".into(),
        "ApiKey".into(),
        "ApiKey ".into(),
        bare.to_owned(),
        format!("Basic {bare}"),
        format!("ApiKey {bare} {bare}"),
    ] {
        assert_eq!(with(bad.clone()).failure(), (401, 2015), "{bad}");
    }
}

#[test]
fn private_calls_want_a_token_of_the_instance_with_the_right_scope() {
    let shop = Shop::open();
    let readonly = shop.place.token("admin", "readonly");
    let simple = shop.place.token("admin", "order-simple");
    let barely = shop.place.token("bar", "readonly");
    let ask = |method: &str, path: &str, token: Option<&str>| {
        let ask = shop.daemon.ask(method, path);
        let ask = token.into_iter().fold(ask, Ask::token);
        let order = old_order("O", PAGE);
        let body = json!({ "order": order, "order_id": "O", "refund": "KUDOS:1", "reason": "x" });
        if method == "GET" { ask.send() } else { ask.json(&body).send() }
    };
    for row in LEGACY.iter().filter(|row| is_private(row)) {
        let (method, path) = (row.method, row.path);
        assert_eq!(ask(method, path, None).failure(), (401, 2015), "{path}");
        assert_eq!(ask(method, path, Some("secret-token:guess")).failure(), (401, 2015), "{path}");
        assert_eq!(ask(method, path, Some(&shop.bar)).failure(), (401, 2015), "{path}");
        let at_bar = format!("/instances/bar{path}");
        assert_eq!(ask(method, &at_bar, Some(&shop.token)).failure(), (401, 2015), "{at_bar}");
        let asked = format!("{path}?instance=bar");
        assert_eq!(ask(method, &asked, Some(&shop.token)).failure(), (401, 2015), "{asked}");
        if method == "POST" {
            assert_eq!(ask(method, path, Some(&readonly)).failure(), (403, 16), "{path}");
            assert_eq!(ask(method, &at_bar, Some(&barely)).failure(), (403, 16), "{path}");
        }
    }
    assert_eq!(ask("POST", "/order", Some(&simple)).status, 200);
    assert_eq!(ask("POST", "/refund", Some(&simple)).failure(), (403, 16));
    assert_eq!(ask("GET", "/check-payment?order_id=O", Some(&readonly)).status, 200);
}

#[test]
fn a_strangers_body_is_not_read() {
    let shop = Shop::open();
    let readonly = shop.place.token("admin", "readonly");
    let start = |path: &str, authorization: &str| {
        let mut stream = TcpStream::connect(shop.daemon.socket()).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n{authorization}\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).unwrap();
        let mut start = [0; 12];
        stream.read_exact(&mut start).unwrap();
        String::from_utf8(start.to_vec()).unwrap()
    };
    for path in ["/order", "/refund", "/instances/bar/order", "/instances/bar/refund"] {
        assert_eq!(start(path, "X-Nothing: 1"), "HTTP/1.1 401", "{path}");
        assert_eq!(start(path, "Authorization: ApiKey sandbox"), "HTTP/1.1 401", "{path}");
    }
    let weak = format!("Authorization: Bearer {readonly}");
    assert_eq!(start("/order", &weak), "HTTP/1.1 403");
    assert_eq!(start("/instances/bar/order", &weak), "HTTP/1.1 401");
}

#[test]
fn a_body_that_is_too_long_is_not_waited_for() {
    let shop = Shop::open();
    let head = format!(
        "POST /refund HTTP/1.1\r\nHost: x\r\nAuthorization: ApiKey {}\r\nContent-Length: 2000000\r\n\r\n{{",
        shop.token
    );
    // Read to its end: the daemon closes the connection.
    let answer = shop.daemon.raw(head.as_bytes());
    assert!(answer.starts_with("HTTP/1.1 413") && answer.contains("\"code\": 32"), "{answer}");
    assert!(answer.to_lowercase().contains("connection: close"), "{answer}");
}

// poll-payment.

#[test]
fn a_poll_says_unpaid_then_paid_then_refunded() {
    let shop = Shop::open();
    let contract = shop.contract("2019.306-01G3QCP1HBZRA", PAGE);
    let answer = |more: &str| {
        let reply = shop.poll(&contract, more);
        (reply.status, reply.json())
    };
    assert_eq!(answer(""), (200, shop.unpaid(&contract, "")));
    assert_eq!(answer("session_id=sess-1"), (200, shop.unpaid(&contract, "sess-1")));
    assert_eq!(answer("session_id=a%2Fb"), (200, shop.unpaid(&contract, "a%2Fb")));

    shop.pay(&contract.order_id, Some("sess-1"));
    assert_eq!(answer(""), (200, paid()));
    assert_eq!(answer("session_id=sess-1"), (200, paid()));
    assert_eq!(answer("session_id=sess-2"), (200, shop.unpaid(&contract, "sess-2")));

    assert_eq!(shop.refund(&contract.order_id, "KUDOS:1.5").status, 200);
    assert_eq!(answer(""), (200, refunded("KUDOS:1.5")));
    assert_eq!(shop.refund(&contract.order_id, "KUDOS:10").status, 200);
    assert_eq!(answer("session_id=sess-1"), (200, refunded("KUDOS:10")));
}

#[test]
fn the_address_of_the_contract_is_the_shops_or_our_own() {
    let shop = Shop::open_with(&[("TILLD_SERVER__TRUSTED_PROXIES", "127.0.0.1")]);
    let contract = shop.contract("O", PAGE);
    let url = "https://shop.example/proposal?a=b&c=ü";
    let said =
        shop.poll(&contract, "contract_url=https://shop.example/proposal%3Fa%3Db%26c%3D%C3%BC");
    assert_eq!(said.json()["contract_url"], url);
    let ask = shop.daemon.ask("GET", &contract.poll(""));
    let behind = ask
        .header("X-Forwarded-Host", "pay.example")
        .header("X-Forwarded-Proto", "https")
        .header("X-Forwarded-Prefix", "/till")
        .send();
    let own = "https://pay.example/till/public/proposal?order_id=O";
    assert_eq!(behind.json()["contract_url"], own);
}

#[test]
fn what_a_poll_lacks_or_garbles_is_named() {
    let shop = Shop::open();
    let contract = shop.contract("O", PAGE);
    let hash = &contract.h_contract;
    let missing = |name: &str| {
        let hint = "a required parameter is missing";
        json!({
            "code": 1008, "hint": hint, "error": hint, "detail": name, "parameter": name, "ec": 25,
        })
    };
    let malformed = |name: &str| {
        let hint = "a parameter is malformed";
        json!({
            "code": 1009, "hint": hint, "error": hint, "detail": name, "parameter": name, "ec": 26,
        })
    };
    let ask = |query: &str| error(&shop.daemon.get(&format!("/public/poll-payment?{query}")));
    assert_eq!(ask(&format!("h_contract={hash}")), (400, missing("order_id")));
    assert_eq!(ask(&format!("order_id=&h_contract={hash}")), (400, missing("order_id")));
    assert_eq!(ask("order_id=O"), (400, missing("h_contract")));
    assert_eq!(ask("order_id=O&h_contract=nonsense"), (400, malformed("h_contract")));
    assert_eq!(ask(&format!("order_id=O&h_contract={hash}0")), (400, malformed("h_contract")));
    let ask = |more: &str| error(&shop.poll(&contract, more));
    for timeout in ["abc", "-1", "10x", "%2B1", "%201", "1.5", "1e3", "99999999999"] {
        assert_eq!(ask(&format!("timeout={timeout}")), (400, malformed("timeout")), "{timeout}");
    }
    assert_eq!(ask("timeout_ms=abc"), (400, malformed("timeout_ms")));
    for refund in ["1", "KUDOS", "KUDOS:-1", "KUDOS:x", "EUR:1"] {
        assert_eq!(ask(&format!("refund={refund}")), (400, malformed("refund")), "{refund}");
        let waiting = format!("refund={refund}&{LONG}");
        assert_eq!(ask(&waiting), (400, malformed("refund")), "{waiting}");
    }
    let session = "x".repeat(5000);
    assert_eq!(ask(&format!("session_id={session}")), (400, malformed("session_id")));
}

#[test]
fn a_time_that_is_no_time_asks_for_an_answer_at_once() {
    let shop = Shop::open();
    let contract = shop.contract("O", PAGE);
    for timeout in ["", "timeout=", "timeout=0", "timeout=0&timeout_ms=20000", "timeout_ms=0"] {
        let reply = shop.later(&contract.poll(timeout)).answer();
        assert_eq!(reply, (200, shop.unpaid(&contract, "")), "{timeout}");
    }
}

#[test]
fn who_does_not_know_the_hash_learns_nothing_and_waits_for_nothing() {
    let shop = Shop::open();
    let contract = shop.contract("O", PAGE);
    let other = shop.contract("P", "https://shop.example/other");
    shop.order("UNCLAIMED", PAGE);
    let hint = "there is no such contract";
    let unknown = json!({ "code": 2250, "hint": hint, "error": hint, "ec": 2005 });
    for (order_id, hash) in [
        ("O", NO_HASH),
        ("O", &other.h_contract),
        ("NOBODY", &contract.h_contract),
        ("UNCLAIMED", NO_HASH),
    ] {
        for more in ["", "timeout=20", "timeout=20&session_id=S&refund=KUDOS:1"] {
            let path = format!("/public/poll-payment?order_id={order_id}&h_contract={hash}&{more}");
            let started = Instant::now();
            assert_eq!(error(&shop.daemon.get(&path)), (404, unknown.clone()), "{path}");
            assert!(started.elapsed() < Duration::from_secs(10), "{path}");
        }
    }
    let elsewhere = contract.poll("").replace("/public/", "/public/instances/bar/");
    assert_eq!(error(&shop.daemon.get(&elsewhere)), (404, unknown));
}

#[test]
fn the_hash_may_be_in_lower_case() {
    let shop = Shop::open();
    let mut contract = shop.contract("O", PAGE);
    contract.h_contract.make_ascii_lowercase();
    assert_eq!(shop.poll(&contract, "").json(), shop.unpaid(&contract, ""));
}

#[test]
fn an_unpaid_poll_waits_its_whole_time() {
    let shop = Shop::open();
    let contract = shop.contract("O", PAGE);
    for more in
        ["timeout=1", "timeout_ms=1000", "timeout=1&timeout_ms=20000", "timeout=1&session_id=S"]
    {
        let (status, body, took) = shop.later(&contract.poll(more)).0.join().unwrap();
        assert_eq!((status, &body["paid"]), (200, &json!(false)), "{more}");
        let second = Duration::from_millis(1000);
        assert!(second <= took && took < 3 * second, "{more}: {took:?}");
    }
}

#[test]
fn a_long_time_is_cut_to_our_limit() {
    let shop = Shop::open_with(&[("TILLD_POLLS__MAX_WAIT_S", "1")]);
    let contract = shop.contract("O", PAGE);
    for timeout in ["20", "4294967296", "9999999999"] {
        let answer = shop.later(&contract.poll(&format!("timeout={timeout}"))).answer();
        assert_eq!(answer, (200, shop.unpaid(&contract, "")), "{timeout}");
    }
}

#[test]
fn a_payment_wakes_who_waits_for_it() {
    let shop = Shop::open();
    let contract = shop.contract("O", PAGE);
    let any = shop.later(&contract.poll(LONG));
    let own = shop.later(&contract.poll(&format!("{LONG}&session_id=S1")));
    let other = shop.later(&contract.poll("timeout=3&session_id=S2"));
    shop.parked(3);
    shop.pay("O", Some("S1"));
    assert_eq!(any.answer(), (200, paid()));
    assert_eq!(own.answer(), (200, paid()));
    assert_eq!(other.answer(), (200, shop.unpaid(&contract, "S2")));
    shop.parked(0);
}

#[test]
fn a_poll_for_refunds_waits_until_they_exceed_what_is_known() {
    let shop = Shop::open();
    let contract = shop.contract("O", PAGE);
    shop.pay("O", None);
    let now = shop.later(&contract.poll("timeout=1&refund=KUDOS:0"));
    assert_eq!(now.answer(), (200, paid()));

    let first = shop.later(&contract.poll(&format!("{LONG}&refund=KUDOS:0")));
    shop.parked(1);
    assert_eq!(shop.refund("O", "KUDOS:2").status, 200);
    assert_eq!(first.answer(), (200, refunded("KUDOS:2")));

    let below = shop.later(&contract.poll(&format!("{LONG}&refund=KUDOS:1.99999999")));
    assert_eq!(below.answer(), (200, refunded("KUDOS:2")));
    let equal = shop.later(&contract.poll(&format!("{LONG}&refund=KUDOS:2")));
    let far = shop.later(&contract.poll("timeout=3&refund=KUDOS:9"));
    shop.parked(2);
    assert_eq!(shop.refund("O", "KUDOS:3").status, 200);
    assert_eq!(equal.answer(), (200, refunded("KUDOS:3")));
    assert_eq!(far.answer(), (200, refunded("KUDOS:3")));
}

#[test]
fn a_poll_for_refunds_of_an_unpaid_order_waits_for_both() {
    let shop = Shop::open();
    let contract = shop.contract("O", PAGE);
    let poll = shop.later(&contract.poll(&format!("{LONG}&refund=KUDOS:0")));
    shop.parked(1);
    shop.pay("O", None);
    shop.parked(1);
    assert_eq!(shop.refund("O", "KUDOS:1").status, 200);
    assert_eq!(poll.answer(), (200, refunded("KUDOS:1")));
}

#[test]
fn a_purchase_shown_again_in_another_session_wakes_who_would_buy_it_there() {
    let shop = Shop::open();
    let old = shop.contract("OLD", PAGE);
    let receipt = shop.pay("OLD", Some("S1"));
    let new = shop.contract("NEW", PAGE);

    let browser = shop.later(&new.poll(&format!("{LONG}&session_id=S2")));
    let server = format!("/check-payment?order_id=NEW&session_id=S2&{LONG}");
    let server = shop.later_as(&server, Some(&shop.token));
    shop.parked(2);
    shop.replay(&old, &receipt, "S2");
    assert_eq!(browser.answer(), (200, shop.paid_before(&new, "S2", "OLD")));
    assert_eq!(server.answer(), (200, shop.paid_before(&new, "S2", "OLD")));

    // One session at a time: what is in S2 has left S1 (decision 9).
    let status = |contract: &Contract, session: &str| {
        shop.later(&contract.poll(&format!("session_id={session}"))).answer().1
    };
    assert_eq!(status(&old, "S2"), paid());
    assert_eq!(status(&old, "S1"), shop.unpaid(&old, "S1"));
    assert_eq!(status(&new, "S1"), shop.unpaid(&new, "S1"));
}

#[test]
fn what_the_session_has_bought_before_is_named_at_once() {
    let shop = Shop::open();
    let old = shop.contract("OLD", PAGE);
    shop.pay("OLD", Some("S1"));
    let new = shop.contract("NEW", PAGE);
    let elsewhere = shop.contract("ELSEWHERE", "https://shop.example/other");
    let answer = |contract: &Contract, more: &str| shop.later(&contract.poll(more)).answer();
    let waiting = format!("{LONG}&session_id=S1");
    assert_eq!(answer(&new, &waiting), (200, shop.paid_before(&new, "S1", "OLD")));
    assert_eq!(answer(&new, ""), (200, shop.unpaid(&new, "")));
    let other = answer(&elsewhere, "session_id=S1");
    assert_eq!(other, (200, shop.unpaid(&elsewhere, "S1")));

    // Only who got all their money back must buy again (decision 12).
    assert_eq!(shop.refund("OLD", "KUDOS:9").status, 200);
    assert_eq!(answer(&new, &waiting), (200, shop.paid_before(&new, "S1", "OLD")));
    assert_eq!(shop.refund("OLD", "KUDOS:10").status, 200);
    assert_eq!(answer(&new, "session_id=S1"), (200, shop.unpaid(&new, "S1")));
    assert_eq!(answer(&old, "session_id=S1"), (200, refunded("KUDOS:10")));
}

#[test]
fn a_message_instead_of_a_page_is_no_purchase_to_be_found_again() {
    let shop = Shop::open();
    shop.contract("OLD", "taler://fulfillment-success/Thanks");
    shop.pay("OLD", Some("S1"));
    let new = shop.contract("NEW", "taler://fulfillment-success/Thanks");
    assert_eq!(shop.poll(&new, "session_id=S1").json(), shop.unpaid(&new, "S1"));
}

#[test]
fn paid_in_one_session_and_polled_in_another_waits_for_its_wallet() {
    let shop = Shop::open();
    let contract = shop.contract("O", PAGE);
    let receipt = shop.pay("O", Some("S1"));
    let poll = shop.later(&contract.poll("timeout=1&session_id=S2"));
    assert_eq!(poll.answer(), (200, shop.unpaid(&contract, "S2")));
    let poll = shop.later(&contract.poll(&format!("{LONG}&session_id=S2")));
    shop.parked(1);
    shop.replay(&contract, &receipt, "S2");
    assert_eq!(poll.answer(), (200, paid()));
}

#[test]
fn an_expired_order_is_unpaid_at_once_and_wakes_who_waits() {
    let shop = Shop::open();
    shop.order("CLOCK", PAGE);
    let now = shop.claim("CLOCK").terms["timestamp"]["t_s"].as_u64().unwrap();
    let mut order = old_order("O", "https://shop.example/other");
    order["pay_deadline"] = json!({ "t_ms": (now + 4) * 1000 });
    shop.order_with(&order);
    let contract = shop.claim("O");
    let poll = shop.later(&contract.poll(LONG));
    assert_eq!(poll.answer(), (200, shop.unpaid(&contract, "")));
    let again = shop.later(&contract.poll(&format!("{LONG}&session_id=S")));
    assert_eq!(again.answer(), (200, shop.unpaid(&contract, "S")));
}

#[test]
fn a_deleted_order_and_the_end_of_the_daemon_end_the_wait() {
    let shop = Shop::open();
    let gone = shop.contract("GONE", PAGE);
    let stays = shop.contract("STAYS", PAGE);
    let first = shop.later(&gone.poll(LONG));
    let second = shop.later(&stays.poll(LONG));
    shop.parked(2);
    let path = "/private/orders/GONE?force=yes";
    assert_eq!(shop.ask("DELETE", path).send().status, 204);
    let (status, body) = first.answer();
    assert_eq!((status, &body["code"]), (404, &json!(2250)));
    shop.daemon.signal("TERM");
    assert_eq!(second.answer(), (200, shop.unpaid(&stays, "")));
}

// check-payment.

#[test]
fn a_shop_checks_an_order_from_offer_to_refund() {
    let shop = Shop::open();
    shop.order("O", PAGE);
    let check = |more: &str| {
        let reply = shop.get(&format!("/check-payment?order_id=O&{more}"));
        (reply.status, reply.json())
    };
    let offered = check("session_id=S1");
    let contract = shop.claim("O");
    assert_eq!(offered, (200, shop.unpaid(&contract, "S1")));
    assert_eq!(check(""), (200, shop.unpaid(&contract, "")));
    assert_eq!(check("contract_url=x:y").1["contract_url"], "x:y");

    shop.pay("O", Some("S1"));
    let with_terms = |mut body: Value| {
        body["contract_terms"] = contract.terms.clone();
        (200, body)
    };
    assert_eq!(check(""), with_terms(paid()));
    assert_eq!(check("session_id=S1"), with_terms(paid()));
    assert_eq!(check("session_id=S2"), (200, shop.unpaid(&contract, "S2")));
    assert_eq!(shop.refund("O", "KUDOS:1").status, 200);
    assert_eq!(check("timeout=20"), with_terms(refunded("KUDOS:1")));
}

#[test]
fn a_check_waits_for_the_payment_or_its_time() {
    let shop = Shop::open();
    shop.order("O", PAGE);
    let check =
        |more: &str| shop.later_as(&format!("/check-payment?order_id=O&{more}"), Some(&shop.token));
    let (status, body, took) = check("timeout=1").0.join().unwrap();
    assert_eq!((status, &body["paid"]), (200, &json!(false)));
    assert!(took >= Duration::from_secs(1), "{took:?}");
    let waiting = check(LONG);
    shop.parked(1);
    shop.pay("O", None);
    let (status, body) = waiting.answer();
    assert_eq!((status, &body["paid"]), (200, &json!(true)));
}

#[test]
fn a_check_names_what_the_session_has_bought_before() {
    let shop = Shop::open();
    shop.contract("OLD", PAGE);
    shop.pay("OLD", Some("S1"));
    shop.order("NEW", PAGE);
    let path = format!("/check-payment?order_id=NEW&session_id=S1&{LONG}");
    let (status, body) = shop.later_as(&path, Some(&shop.token)).answer();
    let new = shop.claim("NEW");
    assert_eq!((status, body), (200, shop.paid_before(&new, "S1", "OLD")));
}

#[test]
fn a_check_of_nothing_says_so() {
    let shop = Shop::open();
    let hint = "there is no such order";
    let unknown = json!({ "code": 2913, "hint": hint, "error": hint, "ec": 2005 });
    assert_eq!(error(&shop.get("/check-payment?order_id=X&timeout=20")), (404, unknown));
    assert_eq!(shop.get("/check-payment").failure(), (400, 1008));
    assert_eq!(shop.get("/check-payment?order_id=X&timeout=soon").failure(), (400, 1009));
}

// order.

#[test]
fn the_tutorials_order_is_taken_and_named_as_then() {
    let shop = Shop::open();
    let order = json!({
        "amount": "KUDOS:10", "summary": "Donation", "fulfillment_url": "https://shop.example/x",
    });
    let reply = shop.post("/order", &json!({ "order": order, "instance": "default" }));
    assert_eq!(reply.status, 200);
    let order_id = reply.json()["order_id"].as_str().unwrap().to_owned();
    assert_eq!(reply.json(), json!({ "order_id": order_id }));
    let (date, chance) = order_id.split_once('-').unwrap();
    assert_eq!((date.len(), date.as_bytes()[4], chance.len()), (8, b'.', 13), "{order_id}");
    let today = shop.get(&format!("/private/orders/{order_id}")).json();
    assert_eq!((&today["order_status"], &today["summary"]), (&json!("unpaid"), &json!("Donation")));
}

#[test]
fn times_are_read_in_all_three_forms() {
    let shop = Shop::open();
    for (name, form) in [
        ("A", json!("/Date(4102444800)/")),
        ("B", json!({ "t_ms": 4_102_444_800_000_u64 })),
        ("C", json!({ "t_s": 4_102_444_800_u64 })),
    ] {
        let mut order = old_order(name, PAGE);
        for member in ["pay_deadline", "refund_deadline", "wire_transfer_deadline"] {
            order[member] = form.clone();
        }
        shop.order_with(&order);
        let terms = shop.claim(name).terms;
        for member in ["pay_deadline", "refund_deadline", "wire_transfer_deadline"] {
            assert_eq!(terms[member], json!({ "t_s": 4_102_444_800_u64 }), "{form}");
        }
    }
    let mut order = old_order("NEVER", PAGE);
    order["pay_deadline"] = json!("/never/");
    order["auto_refund"] = json!("/Delay(60)/");
    shop.order_with(&order);
    let terms = shop.claim("NEVER").terms;
    assert_eq!(terms["pay_deadline"], json!({ "t_s": "never" }));
    assert_eq!(terms["auto_refund"], json!({ "d_us": 60_000_000 }));
}

#[test]
fn a_refund_deadline_of_zero_means_no_refunds_and_none_means_the_usual() {
    let shop = Shop::open();
    for (name, zero) in [("A", json!("/Date(0)/")), ("B", json!({ "t_ms": 0 }))] {
        let mut order = old_order(name, PAGE);
        order["refund_deadline"] = zero;
        shop.order_with(&order);
        let terms = shop.claim(name).terms;
        assert_eq!(terms["refund_deadline"], terms["timestamp"]);
    }
    let terms = shop.contract("C", PAGE).terms;
    let seconds = |name: &str| terms[name]["t_s"].as_u64().unwrap();
    assert_eq!(seconds("refund_deadline") - seconds("timestamp"), 15 * 86_400);
}

#[test]
fn an_order_keeps_what_we_do_not_know_and_loses_what_is_gone() {
    let shop = Shop::open();
    let mut order = old_order("O", PAGE);
    order["max_fee"] = json!("KUDOS:0.50");
    order["max_wire_fee"] = json!("KUDOS:1");
    order["wire_fee_amortization"] = json!(3);
    order["H_wire"] = json!("x");
    order["extra"] = json!({ "article": "ü", "deep": [1, { "a": null }] });
    order["mine"] = json!(["kept", 5]);
    order["locations"] =
        json!({ "home": { "city": "Bern", "zip_code": "3000", "street": "Gasse" } });
    order["delivery_location"] = json!("home");
    order["products"] = json!([{ "description": "Tea", "quantity": "2", "price": "KUDOS:5" }]);
    shop.order_with(&order);

    let contract = shop.claim("O");
    let mut terms = contract.terms;
    let members = terms.as_object_mut().unwrap();
    for varies in [
        "h_wire",
        "merchant",
        "merchant_pub",
        "pay_deadline",
        "refund_deadline",
        "timestamp",
        "wire_transfer_deadline",
    ] {
        assert!(members.remove(varies).is_some(), "{varies}");
    }
    let expected = json!({
        "order_id": "O", "amount": "KUDOS:10", "summary": "Donation", "fulfillment_url": PAGE,
        "max_fee": "KUDOS:0.5", "extra": order["extra"], "mine": ["kept", 5],
        "delivery_location": { "town": "Bern", "post_code": "3000", "street": "Gasse" },
        "products": [{ "description": "Tea", "quantity": 2, "price": "KUDOS:5" }],
        "exchanges": [], "nonce": NONCE, "wire_method": "iban", "version": 0, "minimum_age": 0,
        "auditors": [],
        "merchant_base_url": format!("{}/", shop.daemon.address),
    });
    assert_eq!(terms, expected);
}

#[test]
fn the_same_order_again_is_the_same_and_another_of_its_name_is_refused() {
    let shop = Shop::open();
    shop.order("O", PAGE);
    let token = shop.claim_token("O");
    shop.order("O", PAGE);
    assert_eq!(shop.claim_token("O"), token);
    shop.claim("O");
    shop.order("O", PAGE);
    let other = json!({ "order": old_order("O", "https://shop.example/other") });
    let hint = "there is an order of this name with other content";
    let refused = json!({ "code": 2508, "hint": hint, "error": hint, "ec": 2503 });
    assert_eq!(error(&shop.post("/order", &other)), (409, refused));
    let at_bar = shop.daemon.ask("POST", "/instances/bar/order").token(&shop.bar).json(&other);
    assert_eq!(at_bar.send().status, 200);
}

#[test]
fn an_order_that_makes_no_contract_is_refused_in_the_words_of_2020() {
    let shop = Shop::open();
    let with = |name: &str, value: Value| {
        let mut order = old_order("O", PAGE);
        order[name] = value;
        shop.post("/order", &json!({ "order": order })).failure()
    };
    assert_eq!(shop.ask("POST", "/order").body("{").send().failure(), (400, 1006));
    assert_eq!(shop.ask("POST", "/order").body("").send().failure(), (400, 1006));
    assert_eq!(shop.post("/order", &json!({})).failure(), (400, 1008));
    for name in ["amount", "summary", "fulfillment_url"] {
        assert_eq!(with(name, Value::Null), (400, 1007), "{name}");
        assert_eq!(with(name, json!(5)), (400, 1007), "{name}");
    }
    assert_eq!(with("amount", json!("KUDOS:x")), (400, 1007));
    assert_eq!(with("products", json!([{ "quantity": 1 }])), (400, 1007));
    assert_eq!(with("fulfillment_url", json!("nowhere")), (400, 1007));
    for time in [json!("/Date(x)/"), json!("tomorrow"), json!({ "t_ms": -1 }), json!(5)] {
        assert_eq!(with("pay_deadline", time), (400, 1007));
    }
    assert_eq!(with("pay_deadline", json!("/Date(1572652800)/")), (400, 1009));
    assert_eq!(with("wire_transfer_deadline", json!("/Date(1572652800)/")), (400, 1009));
    assert_eq!(with("order_id", json!("a/b")), (400, 1009));
    assert_eq!(with("amount", json!("FOO:1")), (400, 2509));
    assert_eq!(with("max_fee", json!("EUR:1")), (400, 2509));
    let mut free = old_order("FREE", PAGE);
    free["amount"] = json!("KUDOS:0");
    shop.order_with(&free);
}

#[test]
fn an_order_needs_an_account_of_the_kind_that_is_asked_for() {
    let shop = Shop::open();
    let body = json!({ "order": old_order("O", PAGE) });
    assert_eq!(shop.post("/order?payment_target=bitcoin", &body).failure(), (404, 2002));
    assert_eq!(shop.post("/order?payment_target=IBAN", &body).status, 200);
    shop.place.ok(&["account", "remove", "bar", IBAN]);
    let ask = shop.daemon.ask("POST", "/instances/bar/order").token(&shop.bar).json(&body);
    assert_eq!(ask.send().failure(), (404, 2002));
}

// proposal.

#[test]
fn a_wallet_claims_an_order_by_the_old_path() {
    let shop = Shop::open();
    shop.order("O", PAGE);
    let token = shop.claim_token("O");
    let propose = |query: &str| shop.daemon.get(&format!("/public/proposal?{query}"));
    let unknown = (404, 2503);
    assert_eq!(propose(&format!("nonce={NONCE}")).failure(), (400, 1008));
    assert_eq!(propose("order_id=O").failure(), (400, 1008));
    assert_eq!(propose("order_id=O&nonce=short").failure(), (400, 1009));
    assert_eq!(propose(&format!("order_id=X&nonce={NONCE}&token={token}")).failure(), unknown);
    assert_eq!(propose(&format!("order_id=O&nonce={NONCE}")).failure(), unknown);
    let wrong = "0".repeat(26);
    assert_eq!(propose(&format!("order_id=O&nonce={NONCE}&token={wrong}")).failure(), unknown);

    let first = propose(&format!("order_id=O&nonce={NONCE}&token={token}"));
    assert_eq!((first.status, &first.json()["contract_terms"]["nonce"]), (200, &json!(NONCE)));
    assert_eq!(first.json()["sig"].as_str().unwrap().len(), 103);
    let again = propose(&format!("order_id=O&nonce={NONCE}&token={token}"));
    assert_eq!(again.json(), first.json());
    let today = json!({ "nonce": NONCE, "token": token });
    let today = shop.daemon.ask("POST", "/orders/O/claim").json(&today).send();
    assert_eq!(today.json(), first.json());

    let hint = "another wallet has claimed the order";
    let claimed = json!({ "code": 2503, "hint": hint, "error": hint, "ec": 2301 });
    let other = propose(&format!("order_id=O&nonce={OTHER_NONCE}&token={token}"));
    assert_eq!(error(&other), (400, claimed));
}

// History.

#[test]
fn the_history_has_paid_orders_in_the_order_asked_for() {
    let shop = Shop::open();
    let mut made = 0;
    for order_id in ["A", "B", "UNPAID", "C"] {
        let terms = shop.contract(order_id, PAGE).terms;
        made = terms["timestamp"]["t_s"].as_u64().unwrap();
        if order_id != "UNPAID" {
            shop.pay(order_id, None);
        }
    }
    let history = |query: &str| {
        let reply = shop.get(&format!("/history?{query}"));
        assert_eq!(reply.status, 200, "{reply:?}");
        reply.json()
    };
    let ids = |query: &str| {
        let body = history(query);
        let rows = body["history"].as_array().unwrap().clone();
        rows.iter().map(|row| row["order_id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let all = history("");
    let row = |at: usize| all["history"][at]["row_id"].as_i64().unwrap();
    let (c, a) = (row(0), row(2));
    let mut last = all["history"][2].clone();
    let time = last.as_object_mut().unwrap().remove("timestamp").unwrap();
    let secs = time["t_s"].as_u64().unwrap();
    assert_eq!(time, json!({ "t_ms": secs * 1000, "t_s": secs }));
    let expected = json!({
        "row_id": a, "order_id": "A", "amount": "KUDOS:10", "instance": "default",
        "summary": "Donation",
    });
    assert_eq!(last, expected);

    assert_eq!(ids(""), ["C", "B", "A"]);
    assert_eq!(ids("ordering=descending"), ["C", "B", "A"]);
    assert_eq!(ids("ordering=ascending"), ["A", "B", "C"]);
    assert_eq!(ids("delta=-2"), ["C", "B"]);
    assert_eq!(ids("delta=-2&ordering=ascending"), ["B", "C"]);
    assert_eq!(ids(&format!("delta=-2&start={c}")), ["B", "A"]);
    assert_eq!(ids(&format!("delta=2&start={a}&ordering=ascending")), ["B", "C"]);
    assert_eq!(ids(&format!("delta=1&start={a}")), ["B"]);
    assert_eq!(ids("delta=20&start=0"), ["C", "B", "A"]);
    assert_eq!(ids(&format!("date={}", made + 9)), ["C", "B", "A"]);
    assert_eq!(ids("date=1572652800"), [""; 0]);
    assert_eq!(ids("delta=20&date=1572652800"), ["C", "B", "A"]);
    assert_eq!(ids(&format!("delta=20&date={}", made + 9)), [""; 0]);

    // With an order's name, a bare list.
    assert_eq!(history("order_id=A"), json!([all["history"][2]]));
    assert_eq!(history("order_id=UNPAID"), json!([]));
    assert_eq!(history("order_id=NOBODY"), json!([]));
    for bad in ["delta=0", "delta=x", "start=x", "date=x", "date=-1"] {
        assert_eq!(shop.get(&format!("/history?{bad}")).failure(), (400, 1009), "{bad}");
    }
    for late in ["date=18446744073709551615", "date=99999999999999999999"] {
        assert_eq!(shop.get(&format!("/history?{late}")).failure(), (400, 2200), "{late}");
    }
    let bars = shop.daemon.ask("GET", "/instances/bar/history").token(&shop.bar).send();
    assert_eq!(bars.json(), json!({ "history": [] }));
}

// Refunds.

#[test]
fn a_refund_is_a_new_total_and_its_address_has_three_names() {
    let shop = Shop::open();
    let contract = shop.contract("O", PAGE);
    assert_eq!(shop.refund("O", "KUDOS:1").failure(), (409, 2602));
    shop.pay("O", None);
    let uri = format!("taler+http://refund/{}/O/", shop.daemon.socket());
    let granted = json!({
        "h_contract_terms": contract.h_contract, "taler_refund_uri": uri,
        "taler_refund_url": uri, "refund_redirect_url": uri,
    });
    let total = || shop.get("/check-payment?order_id=O").json()["refund_amount"].clone();
    for (wanted, got) in [("KUDOS:2", "KUDOS:2"), ("KUDOS:2", "KUDOS:2"), ("KUDOS:1", "KUDOS:2")] {
        let reply = shop.refund("O", wanted);
        assert_eq!((reply.status, reply.json()), (200, granted.clone()));
        assert_eq!(total(), got);
    }
    let hint = "the refund is more than can be refunded";
    let too_much = json!({ "code": 2602, "hint": hint, "error": hint, "ec": 2530 });
    assert_eq!(error(&shop.refund("O", "KUDOS:10.01")), (409, too_much));
    assert_eq!(total(), "KUDOS:2");
    assert_eq!(shop.refund("O", "EUR:1").failure(), (400, 1009));
    assert_eq!(shop.refund("X", "KUDOS:1").failure(), (404, 2601));
}

#[test]
fn a_refund_that_cannot_be_read_is_refused_in_the_words_of_2020() {
    let shop = Shop::open();
    let refund = |body: &str| shop.ask("POST", "/refund").body(body.to_owned()).send().failure();
    assert_eq!(refund("{"), (400, 1006));
    assert_eq!(refund("[]"), (400, 1009));
    assert_eq!(refund("{}"), (400, 1008));
    assert_eq!(refund(r#"{"order_id":"O","refund":"KUDOS:1"}"#), (400, 1008));
    assert_eq!(refund(r#"{"order_id":"O","refund":1,"reason":"x"}"#), (400, 1009));
    assert_eq!(refund(r#"{"order_id":"O","refund":1.5,"reason":"x"}"#), (400, 1009));
}

#[test]
fn a_customer_sees_refunds_of_coins_by_the_old_path() {
    let shop = Shop::open();
    let contract = shop.contract("O", PAGE);
    let fetch = |query: &str| shop.daemon.get(&format!("/public/refund{query}"));
    assert_eq!(fetch("").failure(), (400, 1008));
    assert_eq!(fetch("?order_id=X").failure(), (404, 2601));
    assert_eq!(fetch("?order_id=O").failure(), (404, 2607));
    shop.pay("O", None);
    assert_eq!(fetch("?order_id=O").failure(), (404, 2607));
    assert_eq!(shop.refund("O", "KUDOS:1").status, 200);
    // Money of the counter went back over the counter; there are no coins.
    let mut expected = json!({
        "refunds": [], "merchant_pub": contract.terms["merchant_pub"],
    });
    let reply = fetch("?order_id=O");
    assert_eq!((reply.status, reply.json()), (200, expected.clone()));
    assert_eq!(shop.daemon.get("/refund?order_id=O").json(), expected);
    // The hash opens the order, so nobody learns it here.
    let with = |hash: &str| fetch(&format!("?order_id=O&h_contract={hash}"));
    assert_eq!(with(NO_HASH).status, 403);
    expected["h_contract_terms"] = json!(contract.h_contract);
    assert_eq!(with(&contract.h_contract).json(), expected);
}

// What is gone, and what every call has.

#[test]
fn wallets_and_tips_of_2019_are_told_that_their_time_is_over() {
    let shop = Shop::open();
    for path in ["/public/pay", "/pay", "/instances/bar/pay"] {
        let reply = shop.daemon.ask("POST", path).body("{").send();
        assert_eq!(reply.failure(), (410, 2121), "{path}");
    }
    for (method, path) in [
        ("POST", "/tip-authorize"),
        ("GET", "/tip-query"),
        ("POST", "/tip-query"),
        ("POST", "/public/tip-pickup"),
        ("GET", "/public/tip-pickup"),
    ] {
        let reply = shop.daemon.ask(method, path).send();
        let hint = "tips were removed from Taler";
        let gone = json!({ "code": 2701, "hint": hint, "error": hint, "detail": hint, "ec": 76 });
        assert_eq!(error(&reply), (410, gone), "{path}");
    }
}

#[test]
fn head_is_answered_and_browsers_of_all_origins_may_ask() {
    let shop = Shop::open();
    let contract = shop.contract("O", PAGE);
    let get = shop.poll(&contract, "");
    let head = shop.daemon.ask("HEAD", &contract.poll("")).send();
    assert_eq!((head.status, head.text.as_str()), (200, ""));
    assert_eq!(head.headers["content-length"], get.headers["content-length"]);
    assert_eq!(get.headers["access-control-allow-origin"], "*");
    assert_eq!(shop.daemon.ask("HEAD", "/public/poll-payment").send().status, 400);

    for path in ["/public/poll-payment", "/check-payment", "/instances/bar/order"] {
        let preflight = shop
            .daemon
            .ask("OPTIONS", path)
            .header("Origin", "https://shop.example")
            .header("Access-Control-Request-Method", "POST")
            .header("Access-Control-Request-Headers", "authorization")
            .send();
        assert_eq!(preflight.status, 204, "{path}");
        assert_eq!(preflight.headers["access-control-allow-origin"], "*");
        assert!(preflight.headers["access-control-allow-headers"].contains("Authorization"));
        assert!(preflight.headers["access-control-allow-methods"].contains("POST"));
    }
}
