//! KYC requirements of exchanges (merchant-api 6.5).

use playground::sandbox::FaultAction;
use serde_json::{Value, json};
use taler::base32::HashCode;

use super::{claimed, market, order, refused, shop_with};
use crate::backoffice::{PASSWORD, Visitor};
use crate::common::Reply;
use crate::common::exchange::{Exchange, kudos};
use crate::common::shop::Shop;

#[test]
fn accounts_say_what_exchanges_ask_of_them() {
    let (shop, exchange) = market();
    let status = |query: &str| {
        let reply = shop.get(&format!("/private/kyc{query}"));
        assert_eq!(reply.status, 200, "{reply:?}");
        let data = reply.json()["kyc_data"].clone();
        assert_eq!(data.as_array().unwrap().len(), 1, "{data}");
        assert_eq!(data[0]["exchange_url"], exchange.base_url());
        (data[0]["status"].as_str().unwrap().to_owned(), data[0]["exchange_code"].clone())
    };
    assert_eq!(status(""), ("ready".into(), Value::Null));
    let claimed = claimed(&shop, &order("1"));
    let coin = exchange.coin("1");
    let body = claimed.payment(&exchange, &[(&coin, "1")]);
    exchange.deposits(FaultAction::KycRequired);
    let reply = claimed.pay(&shop, &body);
    refused(&reply, 451, 2186);
    assert_eq!(reply.json()["exchange_base_urls"], json!([exchange.base_url()]));
    let (word, code) = status("");
    assert!(["kyc-required", "kyc-wire-required"].contains(&&*word), "{word}");
    assert_eq!(code, 1028);
    exchange.behave();
    assert_eq!(claimed.pay(&shop, &body).status, 200);
    assert_eq!(status(""), ("ready".into(), Value::Null));
    let h_wire = claimed.contract.terms["h_wire"].as_str().unwrap();
    assert_eq!(status(&format!("?h_wire={h_wire}")).0, "ready");
    let other = HashCode::new([1; 64]);
    assert_eq!(shop.get(&format!("/private/kyc?h_wire={other}")).status, 204);
    assert_eq!(shop.get("/private/kyc?exchange_url=https://other.example/").status, 204);
    assert_eq!(shop.get("/management/instances/admin/kyc").status, 200);
}

/// The sandbox's own account, as it is listed.
const SANDBOX: &str =
    "payto://x-taler-bank/localhost/sandbox-exchange?receiver-name=Sandbox+exchange";

#[test]
fn the_first_refusal_of_an_exchange_is_a_whole_instruction() {
    let exchange = Exchange::start_with(|settings| settings.deposit_limit = Some(kudos("5")));
    let shop = shop_with(&exchange, "");
    shop.place.passwd("admin", PASSWORD);
    let account = shop.get("/private/accounts").json()["accounts"][0]["payto_uri"].clone();
    let kyc = || shop.get("/private/kyc").json()["kyc_data"][0].clone();
    let claimed = claimed(&shop, &order("4"));
    let key = claimed.merchant_pub();
    let coin = exchange.coin("5");
    let body = claimed.payment(&exchange, &[(&coin, "4")]);
    refused(&claimed.pay(&shop, &body), 451, 2186);

    let asked = kyc();
    let told = ["status", "payto_uri", "exchange_http_status", "exchange_code"];
    assert_eq!(
        told.map(|member| asked[member].clone()),
        [json!("kyc-wire-required"), account.clone(), json!(451), json!(1028)]
    );
    let subject = format!("KYC:{key}");
    let transfer = format!("{SANDBOX}&amount=KUDOS:0.01&message={subject}");
    assert_eq!(asked["payto_kycauths"], json!([transfer]));

    let page = Visitor::seated(&shop.daemon.address, "admin").get("/webui/status").text;
    for part in [
        &subject,
        "payto://x-taler-bank/localhost/sandbox-exchange",
        "Sandbox exchange",
        "0.01",
        "payto://x-taler-bank/localhost/shop",
        "From exactly this account",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    let doctor = doctor(&shop, &exchange);
    for part in [&subject, SANDBOX, "KUDOS:0.01", account.as_str().unwrap(), "exactly this account"]
    {
        assert!(doctor.contains(part), "{part}: {doctor}");
    }

    // The transfer arrives.
    exchange.prove_account(account.as_str().unwrap(), &key);
    assert_eq!(claimed.pay(&shop, &body).status, 200);
    assert_eq!((&kyc()["status"], kyc().get("payto_kycauths")), (&json!("ready"), None));
    // Beyond the limit, the exchange knows the key, and no transfer helps.
    let other = self::claimed(&shop, &order("1.5"));
    let coin = exchange.coin("2");
    refused(&other.pay(&shop, &other.payment(&exchange, &[(&coin, "1.5")])), 451, 2186);
    assert_eq!((&kyc()["status"], kyc().get("payto_kycauths")), (&json!("kyc-required"), None));
}

/// What `tilld doctor` says beside the running daemon.
fn doctor(shop: &Shop, exchange: &Exchange) -> String {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), exchange.trusted()).unwrap();
    let mut command = crate::common::tilld();
    command.arg("--config").arg(file.path()).arg("--database").arg(shop.place.db()).arg("doctor");
    String::from_utf8(command.output().unwrap().stdout).unwrap()
}

#[test]
fn a_parked_kyc_request_is_answered_when_coins_are_refused_and_accepted_again() {
    let (shop, exchange) = market();
    let claimed = claimed(&shop, &order("1"));
    let coin = exchange.coin("1");
    let body = claimed.payment(&exchange, &[(&coin, "1")]);
    let status = |reply: &Reply| reply.json()["kyc_data"][0]["status"].clone();
    let begun = std::time::Instant::now();
    exchange.deposits(FaultAction::KycRequired);
    let reply = shop.parked_while("/private/kyc?lp_not_status=ready&timeout_ms=20000", || {
        refused(&claimed.pay(&shop, &body), 451, 2186);
    });
    let word = status(&reply);
    assert_ne!(word, "ready");
    exchange.behave();
    for wanted in ["lp_status=ready", "lpt=3"] {
        exchange.deposits(FaultAction::Frozen);
        let other = self::claimed(&shop, &order("1"));
        let coin = exchange.coin("1");
        let body = other.payment(&exchange, &[(&coin, "1")]);
        refused(&other.pay(&shop, &body), 451, 2186);
        exchange.behave();
        let path = format!("/private/kyc?{wanted}&timeout_ms=20000");
        let reply = shop.parked_while(&path, || {
            assert_eq!(other.pay(&shop, &body).status, 200);
        });
        assert_eq!(status(&reply), "ready", "{wanted}");
    }
    // Not because the time was over.
    assert!(begun.elapsed() < std::time::Duration::from_secs(20), "{:?}", begun.elapsed());
    // What is so already is answered at once, and what never comes when the time is over.
    let reply = shop.get("/private/kyc?lpt=3&timeout_ms=20000");
    assert_eq!(status(&reply), "ready");
    let reply = shop.get("/private/kyc?lp_status=kyc-required&timeout_ms=30");
    assert_eq!((reply.status, status(&reply)), (200, json!("ready")));
    refused(&shop.get("/private/kyc?lpt=4"), 400, 26);
}

#[test]
fn an_account_is_shown_by_a_transfer_that_the_exchange_names() {
    let (shop, exchange) = market();
    let account = shop.get("/private/accounts").json()["accounts"][0].clone();
    let ask = |h_wire: &str, url: &str| {
        let path = format!("/private/accounts/{h_wire}/kycauth");
        shop.post(&path, &json!({ "exchange_url": url }))
    };
    let h_wire = account["h_wire"].as_str().unwrap();
    let reply = ask(h_wire, exchange.base_url());
    assert_eq!(reply.status, 200, "{reply:?}");
    let key = claimed(&shop, &order("1")).merchant_pub();
    let expected = json!([{
        "amount": "KUDOS:0.01", "target_payto": SANDBOX, "expiration": { "t_s": "never" },
        "subject": {
            "type": "SIMPLE", "credit_amount": "KUDOS:0.01", "subject": format!("KYC:{key}"),
        },
    }]);
    assert_eq!(reply.json()["wire_instructions"], expected);
    assert_eq!(ask(h_wire, "https://other.example/").failure(), (400, 2025));
    let other = HashCode::new([1; 64]).to_string();
    assert_eq!(ask(&other, exchange.base_url()).failure(), (404, 2022));
    assert_eq!(ask("x", exchange.base_url()).failure(), (400, 2023));
}
