//! Instances: their life from the operator's and the owner's side.

use serde_json::{Value, json};

use crate::common::{Daemon, Place, Reply};

struct Operator {
    place: Place,
    daemon: Daemon,
    token: String,
}

impl Operator {
    fn new() -> Self {
        let place = Place::new();
        place.instance("admin");
        let token = place.token("admin", "all");
        let daemon = place.start();
        Self { place, daemon, token }
    }

    fn ask(&self, method: &str, path: &str, body: &Value) -> Reply {
        let path = format!("/management/instances{path}");
        let ask = self.daemon.ask(method, &path).token(&self.token);
        if body.is_null() { ask.send() } else { ask.json(body).send() }
    }

    fn create(&self, body: &Value) -> Reply {
        self.ask("POST", "", body)
    }
}

/// What the till of another maker posts, old members and all.
fn bar() -> Value {
    json!({
        "id": "Bar", "name": "The Bar", "auth": { "method": "token", "password": "correct horse" },
        "address": { "country": "DE" }, "jurisdiction": { "country": "DE" }, "use_stefan": false,
        "default_pay_delay": { "d_us": 3_600_000_000_u64 }, "website": "https://bar.example/",
        "default_wire_transfer_delay": { "d_us": 0 }, "payto_uris": [], "user_type": "business",
    })
}

#[test]
fn an_instance_is_made_once_however_often_it_is_asked_for() {
    let operator = Operator::new();
    assert_eq!(operator.create(&bar()).status, 204);
    assert_eq!(operator.create(&bar()).status, 204);
    let mut other = bar();
    other["name"] = json!("Another Bar");
    assert_eq!(operator.create(&other).failure(), (409, 2600));
    let mut other = bar();
    other["auth"]["password"] = json!("battery staple");
    assert_eq!(operator.create(&other).failure(), (409, 2600));

    let shown = operator.ask("GET", "/bar", &Value::Null).json();
    assert_eq!(shown["name"], "The Bar");
    assert_eq!(shown["address"], json!({ "country": "DE" }));
    assert_eq!(shown["use_stefan"], false);
    assert_eq!(shown["default_pay_delay"]["d_us"], 3_600_000_000_u64);
    assert_eq!(shown["default_refund_delay"]["d_us"], 1_296_000_000_000_u64);
    assert_eq!(shown["auth"], json!({ "method": "token" }));
    assert_eq!(shown["merchant_pub"].as_str().unwrap().len(), 52);
    let list = operator.ask("GET", "", &Value::Null).json();
    let ids: Vec<_> = list["instances"].as_array().unwrap().iter().map(|i| &i["id"]).collect();
    assert_eq!(ids, ["admin", "bar"]);
    assert_eq!(list["instances"][1]["deleted"], false);
}

#[test]
fn what_does_not_fit_is_named() {
    let operator = Operator::new();
    let with = |name: &str, value: Value| {
        let mut body = bar();
        body[name] = value;
        let reply = operator.create(&body);
        (reply.failure(), reply.json()["detail"].as_str().map(str::to_owned))
    };
    assert_eq!(with("id", json!("a/b")), ((400, 26), Some("id".into())));
    assert_eq!(with("id", Value::Null), ((400, 25), Some("id".into())));
    assert_eq!(with("name", json!("")), ((400, 26), Some("name".into())));
    assert_eq!(with("website", json!("ftp://x")), ((400, 26), Some("website".into())));
    assert_eq!(with("logo", json!("data:text/html,x")), ((400, 26), Some("logo".into())));
    let forever = json!({ "d_us": "forever" });
    assert_eq!(with("default_pay_delay", forever), ((400, 26), Some("default_pay_delay".into())));
    assert_eq!(with("auth", Value::Null).0, (400, 25));
    assert_eq!(with("auth", json!({ "method": "external" })).0, (400, 2601));
    assert_eq!(with("auth", json!({ "method": "token" })).0, (400, 2601));
    assert_eq!(operator.ask("GET", "/bar", &Value::Null).failure(), (404, 2000));
}

#[test]
fn a_picture_may_be_longer_than_other_bodies() {
    let operator = Operator::new();
    let mut body = bar();
    body["logo"] = json!(format!("data:image/png;base64,{}", "A".repeat(200_000)));
    assert_eq!(operator.create(&body).status, 204);
    body["logo"] = json!(format!("data:image/png;base64,{}", "A".repeat(1_200_000)));
    assert_eq!(operator.create(&body).failure(), (413, 32));
}

#[test]
fn an_owner_changes_what_is_theirs() {
    let operator = Operator::new();
    operator.create(&bar());
    let token = operator.place.token("bar", "all");
    let own = |method: &str, body: &Value| {
        operator.daemon.ask(method, "/instances/bar/private/").token(&token).json(body).send()
    };
    let change = json!({ "name": "Bar & Sons", "address": {}, "jurisdiction": {} });
    assert_eq!(own("PATCH", &change).status, 204);
    let shown = own("GET", &Value::Null).json();
    assert_eq!(shown["name"], "Bar & Sons");
    assert_eq!(shown.get("website"), None);
    assert_eq!(shown["default_pay_delay"]["d_us"], 3_600_000_000_u64);
    assert_eq!(own("PATCH", &json!({})).failure(), (400, 25));
    assert_eq!(own("PATCH", &json!({ "name": 5 })).failure(), (400, 26));
}

#[test]
fn credentials_change_and_the_old_ones_end() {
    let operator = Operator::new();
    operator.create(&bar());
    let token = operator.place.token("bar", "all");
    let log_in = |password: &str| {
        let ask = operator.daemon.ask("POST", "/instances/bar/private/token");
        ask.basic("bar", password).json(&json!({ "scope": "all" })).send().status
    };
    let auth = |body: Value| {
        let ask = operator.daemon.ask("POST", "/instances/bar/private/auth").token(&token);
        ask.json(&body).send()
    };
    assert_eq!(log_in("correct horse"), 200);
    assert_eq!(auth(json!({ "method": "token", "password": "new one" })).status, 204);
    assert_eq!((log_in("correct horse"), log_in("new one")), (401, 200));
    assert_eq!(auth(json!({ "method": "token" })).failure(), (400, 2602));
    assert_eq!(auth(json!({ "method": "token", "token": "bare" })).failure(), (400, 2602));

    // The fixed token of before protocol 19 takes the password's place.
    let fixed = json!({ "method": "token", "token": "secret-token:my-own-choice" });
    assert_eq!(auth(fixed).status, 204);
    let private =
        |key: &str| operator.daemon.ask("GET", "/instances/bar/private").token(key).send();
    assert_eq!(private("secret-token:my-own-choice").status, 200);
    assert_eq!(log_in("new one"), 401);
    let by_operator = json!({ "method": "token", "password": "reset" });
    assert_eq!(operator.ask("POST", "/bar/auth", &by_operator).status, 204);
    assert_eq!(private("secret-token:my-own-choice").failure(), (401, 2015));
    assert_eq!(log_in("reset"), 200);
}

#[test]
fn a_deleted_instance_leaves_its_name_until_it_is_purged() {
    let operator = Operator::new();
    operator.create(&bar());
    let token = operator.place.token("bar", "all");
    let delete = |query: &str| operator.ask("DELETE", &format!("/bar{query}"), &Value::Null);
    assert_eq!(delete("?purge=maybe").failure(), (400, 26));
    assert_eq!(delete("").status, 204);
    assert_eq!(delete("").failure(), (404, 2016));
    assert_eq!(operator.daemon.get("/instances/bar/config").failure(), (404, 2016));
    let private = operator.daemon.ask("GET", "/instances/bar/private").token(&token).send();
    assert_eq!(private.failure(), (404, 2016));
    assert_eq!(operator.create(&bar()).failure(), (409, 2603));
    assert_eq!(operator.ask("PATCH", "/bar", &bar()).failure(), (409, 2625));
    let list = operator.ask("GET", "", &Value::Null).json();
    assert_eq!(list["instances"][1]["deleted"], true);

    assert_eq!(delete("?purge=YES").status, 204);
    assert_eq!(delete("?purge=YES").failure(), (404, 2000));
    assert_eq!(operator.create(&bar()).status, 204);
    let again = operator.daemon.ask("GET", "/instances/bar/private").token(&token).send();
    assert_eq!(again.failure(), (401, 2015));
}

#[test]
fn who_asks_for_a_token_with_the_instance_gets_one() {
    let operator = Operator::new();
    let path = "/management/instances?token_validity_ms=60000";
    let reply = operator.daemon.ask("POST", path).token(&operator.token).json(&bar()).send();
    assert_eq!(reply.status, 200);
    let token = reply.json()["access_token"].as_str().unwrap().to_owned();
    let private = operator.daemon.ask("GET", "/instances/bar/private").token(&token).send();
    assert_eq!(private.status, 200);
}

#[test]
fn no_instance_is_created_without_the_operator() {
    let place = Place::new();
    let daemon = place.start();
    assert_eq!(daemon.ask("POST", "/instances").json(&bar()).send().failure(), (403, 2015));
    // Before the first password, there is no operator either.
    let create = daemon.ask("POST", "/management/instances").json(&bar()).send();
    assert_eq!(create.failure(), (401, 2015));
    assert_eq!(daemon.get("/private").failure(), (404, 2000));
    place.instance("admin");
    assert_eq!(daemon.ask("POST", "/forgot-password").body("{}").send().failure(), (501, 76));
    assert_eq!(daemon.get("/private/kyc").failure(), (401, 2015));
}

/// The instance was made, and the answer said that the request was malformed.
#[test]
fn an_instance_is_not_made_with_a_time_for_its_token_that_cannot_be_read() {
    let place = Place::new();
    place.instance("admin");
    let token = place.token("admin", "all");
    let daemon = place.start();
    let wish =
        json!({ "id": "bar", "name": "Bar", "auth": { "method": "token", "password": "x" } });
    let path = "/management/instances?token_validity_ms=soon";
    let refused = daemon.ask("POST", path).token(&token).json(&wish).send();
    assert_eq!(refused.failure(), (400, 26));
    let there = daemon.ask("GET", "/management/instances/bar").token(&token).send();
    assert_eq!(there.failure(), (404, 2000));
}
