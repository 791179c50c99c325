//! The sandbox answers as a real exchange was seen to, point by point: what the till is tested
//! against here is what it meets there. Recorded answers are in `tests/vectors/real-exchange/`.

use std::collections::BTreeSet;
use std::time::Duration;

use playground::sandbox::Generations;
use serde_json::{Value, json};
use taler::base32::HashCode;
use taler::canonical;
use taler::sign::exchange::Extensions;
use taler::sign::merchant::{ContractOffer, KycQuestion};
use taler::sign::{SigningKey, Statement};
use taler::time::Timestamp;

use super::transfers::track;
use super::{Merchant, PAYTO, confirms, denies_denomination, denies_time, failure, read};
use crate::common::Reply;
use crate::common::exchange::{Exchange, fresh_key, kudos};

const DAY: u64 = 86_400;

/// A recorded file.
macro_rules! recorded {
    ($name:literal) => {
        serde_json::from_str::<Value>(include_str!(concat!(
            "../../vectors/real-exchange/",
            $name,
            ".json"
        )))
        .unwrap()
    };
}

/// The names of a body's members.
fn members(body: &Value) -> BTreeSet<&str> {
    body.as_object().unwrap().keys().map(String::as_str).collect()
}

/// Fails unless the reply has status, code and members of the recorded answer.
#[track_caller]
fn is_alike(reply: &Reply, recorded: &Value) {
    let (body, real) = (reply.json(), &recorded["answer"]["body"]);
    assert_eq!(json!(reply.status), recorded["answer"]["status"], "{reply:?} {real}");
    assert_eq!(members(&body), members(real), "{reply:?} {real}");
    for member in ["code", "field", "line", "bad_kyc_auth", "requirement_row", "oper", "kyc_ok"] {
        assert_eq!(body.get(member), real.get(member), "{member}: {reply:?} {real}");
    }
}

/// The recorded answer to the request of this name.
fn wrong(name: &str) -> Value {
    let found = recorded!("answers-to-wrong-requests")["answers"][name].clone();
    assert!(found.is_object(), "{name}");
    found
}

fn secs(value: &Value) -> u64 {
    read::<Timestamp>(value).secs().unwrap()
}

#[test]
fn point_1_transfers_list_values_after_refunds_and_fees_that_shrink() {
    let exchange = Exchange::start();
    let shop = Merchant::new();
    let (coins, paid) = (["5", "1", "2"].map(|value| exchange.coin(value)), ["1.11", "1", "2"]);
    let purchases = ["a book", "a pen", "ink"].map(|what| shop.purchase(&exchange, what));
    for ((coin, purchase), paid) in coins.iter().zip(&purchases).zip(paid) {
        let reply = shop.deposit(&exchange, purchase, &[coin.deposited(purchase, paid)]);
        assert_eq!(reply.status, 200, "{reply:?}");
    }
    for (at, refund) in [(0, "0.4"), (1, "0.995"), (2, "2")] {
        let reply = shop.refund(&exchange, &coins[at], &purchases[at], refund, 1);
        assert_eq!(reply.status, 200, "{reply:?}");
    }
    exchange.pass(7_200);
    let wtid = track(&exchange, &shop.key, &purchases[0], &coins[0]).json()["wtid"].clone();
    let reply = exchange.get(&format!("transfers/{}", wtid.as_str().unwrap()));
    is_alike(&reply, &recorded!("transfers-200-4-coins-one-refunded"));
    let transfer = reply.json();
    let listed = transfer["deposits"].as_array().unwrap();
    let row = |at: usize| {
        ["deposit_value", "deposit_fee", "refund_total"].map(|name| listed[at][name].clone())
    };
    assert_eq!(row(0), ["KUDOS:0.71", "KUDOS:0.01", "KUDOS:0.4"]);
    assert_eq!(row(1), ["KUDOS:0.005", "KUDOS:0.005", "KUDOS:0.995"]);
    assert_eq!(row(2), ["KUDOS:0", "KUDOS:0", "KUDOS:2"]);
    assert_eq!(
        (&transfer["wire_fee"], &transfer["total"]),
        (&json!("KUDOS:0.01"), &json!("KUDOS:0.69"))
    );
}

#[test]
fn point_2_a_deposits_contribution_is_not_reduced_by_refunds() {
    let exchange = Exchange::start();
    let shop = Merchant::new();
    let (whole, rest) = (exchange.coin("2"), exchange.coin("1"));
    let (book, pen) = (shop.purchase(&exchange, "a book"), shop.purchase(&exchange, "a pen"));
    assert_eq!(shop.deposit(&exchange, &book, &[whole.deposited(&book, "1.51")]).status, 200);
    assert_eq!(shop.deposit(&exchange, &pen, &[rest.deposited(&pen, "1")]).status, 200);
    is_alike(&track(&exchange, &shop.key, &book, &whole), &recorded!("deposits-202-before-wire"));
    assert_eq!(shop.refund(&exchange, &whole, &book, "1.51", 1).status, 200);
    exchange.pass(7_200);
    let reply = track(&exchange, &shop.key, &book, &whole);
    is_alike(&reply, &recorded!("deposits-200-fully-refunded-coin"));
    assert_eq!(reply.json()["coin_contribution"], "KUDOS:1.5");
}

#[test]
fn points_3_and_15_the_list_of_keys_has_the_members_of_a_real_one() {
    let exchange = Exchange::start_with(|settings| settings.generations = Generations::Old);
    let reply = exchange.get("keys");
    // A parser that wants a real number does not take a whole one.
    assert!(reply.text.contains("\"stefan_lin\":0.0,"), "{}", reply.text);
    let (keys, real) = (reply.json(), recorded!("keys-23.0.6"));
    assert_eq!(members(&keys), members(&real));
    assert_eq!(keys["version"], real["version"]);
    for group in ["signkeys", "global_fees"] {
        assert_eq!(members(&keys[group][0]), members(&real[group][0]), "{group}");
    }
    let group = |keys: &Value, cipher: &str| {
        let groups = keys["denominations"].as_array().unwrap();
        groups.iter().find(|group| group["cipher"] == cipher).unwrap().clone()
    };
    for cipher in ["RSA", "RSA+age_restricted"] {
        let (ours, theirs) = (group(&keys, cipher), group(&real, cipher));
        assert_eq!(members(&ours), members(&theirs), "{cipher}");
        assert_eq!(members(&ours["denoms"][0]), members(&theirs["denoms"][0]), "{cipher}");
    }
    let fees = |keys: &Value| keys["wire_fees"]["x-taler-bank"][0].clone();
    assert_eq!(members(&fees(&keys)), members(&fees(&real)));
    assert!(keys.get("kyc_enabled").is_none());
    let extensions = canonical::canonical(&keys["extensions"]).unwrap();
    let statement = Extensions { manifests: &extensions };
    assert!(statement.verify(&exchange.master_key(), &read(&keys["extensions_sig"])));
    // As many ages as the denomination has that knows them.
    assert_eq!(keys["extensions"]["age_restriction"]["config"]["age_groups"], "8:10:12:14:16:18");
}

/// An exchange that lets an account be paid 5 a day before it asks whose it is.
fn with_limit() -> Exchange {
    Exchange::start_with(|settings| settings.deposit_limit = Some(kudos("5")))
}

#[test]
fn point_4_a_new_account_is_refused_until_a_transfer_names_the_shops_key() {
    let exchange = with_limit();
    let shop = Merchant::new();
    let (coin, purchase) = (exchange.coin("5"), shop.purchase(&exchange, "a book"));
    let request = shop.request(&purchase, &[coin.deposited(&purchase, "4")]);
    let bad_kyc_auth = recorded!("batch-deposit-451-1028-bad-kyc-auth");
    let reply = exchange.post("batch-deposit", &request);
    is_alike(&reply, &bad_kyc_auth);
    // Neither another key nor another way to write the account counts.
    exchange.prove_account(PAYTO, &fresh_key().public_key());
    exchange.prove_account(&PAYTO.replace("=Shop", "=shop"), &shop.key.public_key());
    is_alike(&exchange.post("batch-deposit", &request), &bad_kyc_auth);
    exchange.prove_account(PAYTO, &shop.key.public_key());
    let reply = exchange.post("batch-deposit", &request);
    assert!(confirms(&exchange, &request, "3.99", &reply));
    // Beyond the limit of a day, the exchange knows the key, and wants to know more.
    let (coin, purchase) = (exchange.coin("2"), shop.purchase(&exchange, "a pen"));
    let request = shop.request(&purchase, &[coin.deposited(&purchase, "1.01")]);
    let reply = exchange.post("batch-deposit", &request);
    is_alike(&reply, &recorded!("batch-deposit-451-1028-kyc-required"));
    assert_eq!(reply.json()["account_pub"], json!(shop.key.public_key()));
    exchange.pass(DAY);
    assert_eq!(exchange.post("batch-deposit", &request).status, 200);
}

/// Asks how it stands with the account, by this key, which is named only if `is_named`.
fn kyc_check(exchange: &Exchange, key: &SigningKey, is_named: bool) -> Reply {
    let h_payto = taler::payto::Payto::parse(PAYTO).unwrap().normalized_hash();
    let url = format!("{}kyc-check/{h_payto}", exchange.base_url());
    let client = crate::common::client().build().unwrap();
    let mut request =
        client.get(url).header("Account-Owner-Signature", KycQuestion.sign(key).to_string());
    if is_named {
        request = request.header("Account-Owner-Pub", key.public_key().to_string());
    }
    Reply::of(request.send().unwrap())
}

#[test]
fn point_5_an_accounts_owner_asks_for_its_state() {
    let exchange = with_limit();
    let shop = Merchant::new();
    assert_eq!(failure(&kyc_check(&exchange, &shop.key, true)), (404, 1939));
    let (coin, purchase) = (exchange.coin("5"), shop.purchase(&exchange, "a book"));
    let coins = [coin.deposited(&purchase, "5")];
    assert_eq!(shop.deposit(&exchange, &purchase, &coins).status, 451);
    let unproven = kyc_check(&exchange, &shop.key, true);
    is_alike(&unproven, &recorded!("kyc-check-409-1940-key-not-proven"));
    exchange.prove_account(PAYTO, &shop.key.public_key());
    let other = kyc_check(&exchange, &fresh_key(), true);
    is_alike(&other, &recorded!("kyc-check-403-1930-wrong-signature-or-key"));
    assert_eq!(other.json()["expected_account_pub"], json!(shop.key.public_key()));
    assert_eq!(kyc_check(&exchange, &shop.key, false).status, 200);
    assert_eq!(shop.deposit(&exchange, &purchase, &coins).status, 200);
    for is_named in [false, true] {
        let reply = kyc_check(&exchange, &shop.key, is_named);
        is_alike(&reply, &recorded!("kyc-check-202"));
        let limit = &reply.json()["limits"][0];
        assert_eq!(
            members(limit),
            members(&recorded!("kyc-check-202")["answer"]["body"]["limits"][0])
        );
        assert_eq!(limit["threshold"], "KUDOS:5");
    }
    // Where there is no limit, there is nothing to say.
    let free = Exchange::start();
    free.prove_account(PAYTO, &shop.key.public_key());
    assert_eq!(kyc_check(&free, &shop.key, true).status, 204);
    assert_eq!(failure(&free.get("kyc-check/x")).0, 400);
}

#[test]
fn point_6_a_refund_of_a_coin_never_seen_denies_a_denomination_of_zeros() {
    let exchange = Exchange::start();
    let shop = Merchant::new();
    let (coin, purchase) = (exchange.coin("1"), shop.purchase(&exchange, "a book"));
    let reply = shop.refund(&exchange, &coin, &purchase, "1", 0);
    is_alike(&reply, &recorded!("refund-404-1005-coin-never-seen"));
    assert_eq!(reply.json()["h_denom_pub"], json!(HashCode::ZERO));
    assert!(denies_denomination(&reply));
}

#[test]
fn point_7_a_refund_after_the_transfer_is_too_late() {
    let exchange = Exchange::start();
    let shop = Merchant::new();
    let (coin, purchase) = (exchange.coin("1"), shop.purchase(&exchange, "a book"));
    assert_eq!(shop.deposit(&exchange, &purchase, &[coin.deposited(&purchase, "1")]).status, 200);
    exchange.pass(7_200);
    let reply = shop.refund(&exchange, &coin, &purchase, "1", 1);
    is_alike(&reply, &recorded!("refund-410-1503-already-wired"));
}

#[test]
fn point_8_a_list_is_out_of_date_when_a_denomination_is_revoked() {
    let exchange = Exchange::start();
    let shop = Merchant::new();
    let (coin, purchase) = (exchange.coin("1"), shop.purchase(&exchange, "a book"));
    let coins = [coin.deposited(&purchase, "1")];
    let before = exchange.keys();
    assert_eq!(before["recoup"], json!([]));
    exchange.revoke(&coin.denomination);
    let reply = shop.deposit(&exchange, &purchase, &coins);
    is_alike(&reply, &recorded!("batch-deposit-410-1010-revoked"));
    assert!(denies_time(&reply, "DEPOSIT"));
    let after = exchange.keys();
    let revoked = json!(coin.denomination.h_denom);
    assert_eq!(after["recoup"], json!([{ "h_denom_pub": revoked }]));
    let hashes: Vec<_> =
        exchange.denominations().iter().map(|denomination| json!(denomination.h_denom)).collect();
    assert!(!hashes.contains(&revoked));
    super::keys::assert_vouched(&after, &exchange.master_key());
    assert!(super::keys::is_signed(&after));
    // Soon there is another one of this value.
    assert!(exchange.coin("1").is_good());
    let mut unknown = coin;
    unknown.denomination.h_denom = purchase.h_contract;
    let reply = shop.deposit(&exchange, &purchase, &[unknown.deposited(&purchase, "1")]);
    is_alike(&reply, &recorded!("batch-deposit-404-1005-unknown-denomination"));
}

#[test]
fn point_9_a_coin_that_is_twice_in_a_request_is_taken_once() {
    let exchange = Exchange::start();
    let shop = Merchant::new();
    let (coin, purchase) = (exchange.coin("1"), shop.purchase(&exchange, "a book"));
    let twice = coin.deposited(&purchase, "0.5");
    let request = shop.request(&purchase, &[twice.clone(), twice]);
    let reply = exchange.post("batch-deposit", &request);
    is_alike(&reply, &wrong("the same coin twice in a batch"));
    assert!(confirms(&exchange, &request, "0.98", &reply));
    assert_eq!(exchange.account_of(&coin)["spent"], "KUDOS:0.5");
}

#[test]
fn point_10_all_confirmations_of_a_contract_carry_the_time_of_the_first() {
    let exchange = Exchange::start();
    let shop = Merchant::new();
    let purchase = shop.purchase(&exchange, "a book");
    let (five, one) = (exchange.coin("5"), exchange.coin("1"));
    let first = shop.deposit(&exchange, &purchase, &[five.deposited(&purchase, "5")]);
    let at = secs(&first.json()["exchange_timestamp"]);
    exchange.pass(60);
    let request = shop.request(&purchase, &[one.deposited(&purchase, "0.5")]);
    let second = exchange.post("batch-deposit", &request);
    is_alike(&second, &recorded!("batch-deposit-1-coin"));
    assert_eq!(secs(&second.json()["exchange_timestamp"]), at);
    assert!(confirms(&exchange, &request, "0.49", &second));
    let other = shop.purchase(&exchange, "a pen");
    let third = shop.deposit(&exchange, &other, &[one.deposited(&other, "0.2")]);
    assert!(secs(&third.json()["exchange_timestamp"]) >= at + 60);
}

#[test]
fn point_11_what_is_not_refunded_any_more_goes_along_before_its_deadline() {
    let exchange = Exchange::start();
    let shop = Merchant::new();
    let (coins, purchase) = (["1", "2", "5"].map(|value| exchange.coin(value)), |what: &str| {
        shop.purchase(&exchange, what)
    });
    // The first is due in two hours; the second in ten days, though refunded for an hour only; the
    // third is refunded for ten days.
    let (due, early, late) = (purchase("due"), purchase("early"), {
        let mut late = purchase("late");
        late.refund_deadline_s += 10 * DAY;
        late
    });
    let mut requests = [(&due, &coins[0]), (&early, &coins[1]), (&late, &coins[2])]
        .map(|(purchase, coin)| shop.request(purchase, &[coin.deposited(purchase, "1")]));
    requests[1]["wire_transfer_deadline"]["t_s"] = json!(early.refund_deadline_s + 10 * DAY);
    for request in &requests {
        assert_eq!(exchange.post("batch-deposit", request).status, 200);
    }
    exchange.pass(3_700);
    let asked = |purchase, coin| track(&exchange, &shop.key, purchase, coin);
    is_alike(&asked(&early, &coins[1]), &recorded!("deposits-202-early"));
    exchange.pass(3_700);
    let wired = asked(&early, &coins[1]);
    is_alike(&wired, &recorded!("deposits-200"));
    assert!(secs(&wired.json()["execution_time"]) < early.refund_deadline_s + 10 * DAY);
    assert_eq!(asked(&due, &coins[0]).json()["wtid"], wired.json()["wtid"]);
    is_alike(&asked(&late, &coins[2]), &recorded!("deposits-202-late"));
    // And so it is too late for a refund.
    assert_eq!(failure(&shop.refund(&exchange, &coins[1], &early, "1", 1)), (410, 1503));
    assert_eq!(shop.refund(&exchange, &coins[2], &late, "1", 1).status, 200);
}

#[test]
fn point_12_without_keys_the_list_is_held_open() {
    let exchange = Exchange::with(|settings| settings.denominations.truncate(1));
    exchange.keys();
    exchange.pass(4_000 * DAY);
    // All are out of date, and new ones only begun.
    assert_eq!(exchange.get("keys").status, 200);
    let exchange = Exchange::with(|settings| {
        settings.denominations.truncate(1);
        settings.key_bits = 2048;
        settings.keys_hold = Duration::ZERO;
    });
    exchange.keys();
    exchange.pass(4_000 * DAY);
    assert_eq!(failure(&exchange.get("keys")), (503, 1007));
    assert_eq!(exchange.keys()["denominations"].as_array().unwrap().len(), 1);
}

#[test]
fn point_13_another_amount_is_a_further_deposit_and_another_account_a_conflict() {
    let exchange = Exchange::start();
    let shop = Merchant::new();
    let (coin, purchase) = (exchange.coin("1"), shop.purchase(&exchange, "a book"));
    let request = shop.request(&purchase, &[coin.deposited(&purchase, "0.4")]);
    assert_eq!(exchange.post("batch-deposit", &request).status, 200);
    let further = shop.deposit(&exchange, &purchase, &[coin.deposited(&purchase, "0.25")]);
    is_alike(&further, &wrong("same coin and contract, other amount"));
    assert_eq!(exchange.account_of(&coin)["spent"], "KUDOS:0.65");
    // Both can be refunded, each as far as it goes.
    assert_eq!(failure(&shop.refund(&exchange, &coin, &purchase, "0.41", 1)), (409, 1501));
    assert_eq!(shop.refund(&exchange, &coin, &purchase, "0.4", 1).status, 200);
    assert_eq!(shop.refund(&exchange, &coin, &purchase, "0.25", 2).status, 200);
    assert_eq!(exchange.account_of(&coin)["left"], "KUDOS:0.98");

    let other = Merchant { key: shop.key.clone(), ..Merchant::new() };
    let (coin, mut elsewhere) = (exchange.coin("1"), other.purchase(&exchange, "a book"));
    let reply = other.deposit(&exchange, &elsewhere, &[coin.deposited(&elsewhere, "0.4")]);
    is_alike(&reply, &wrong("same contract, other account"));
    assert_eq!(reply.json()["h_wire"], json!(purchase.h_wire));
    elsewhere = shop.purchase(&exchange, "a book");
    elsewhere.timestamp_s = purchase.timestamp_s - 1;
    elsewhere.refund_deadline_s = purchase.refund_deadline_s;
    let reply = shop.deposit(&exchange, &elsewhere, &[coin.deposited(&elsewhere, "0.4")]);
    is_alike(&reply, &wrong("same contract, other timestamp"));
    let later = request["wire_transfer_deadline"]["t_s"].as_u64().unwrap() + 1;
    let mut request = request;
    request["wire_transfer_deadline"]["t_s"] = json!(later);
    assert_eq!(failure(&exchange.post("batch-deposit", &request)), (409, 1206));
    let unseen = exchange.get(&format!("sandbox/coins/{}", coin.key.public_key()));
    assert_eq!(failure(&unseen), (404, 1019));
}

#[test]
fn point_14_refusals_tell_no_more_than_real_ones() {
    let exchange = Exchange::start();
    let shop = Merchant::new();
    let (coin, purchase) = (exchange.coin("1"), shop.purchase(&exchange, "a book"));
    let good = coin.deposited(&purchase, "0.5");
    let request = shop.request(&purchase, std::slice::from_ref(&good));
    let with = |member: &str, value: Value| {
        let mut request = request.clone();
        request[member] = value;
        exchange.post("batch-deposit", &request)
    };
    let with_coin = |member: &str, value: Value| {
        let mut coin = good.clone();
        match value {
            Value::Null => drop(coin.as_object_mut().unwrap().remove(member)),
            value => coin[member] = value,
        }
        with("coins", json!([coin]))
    };
    let other = ContractOffer { h_contract: purchase.h_wire }.sign(&shop.key);
    let never = json!({ "t_s": "never" });
    for (reply, name) in [
        (with("coins", json!([])), "no coins"),
        (
            with("wire_transfer_deadline", json!({ "t_s": 7 })),
            "refund deadline after wire deadline",
        ),
        (with("wire_transfer_deadline", never), "wire deadline never"),
        (with_coin("coin_sig", json!(other)), "bad coin signature"),
        (with_coin("ub_sig", json!(exchange.coin("1").ub_sig)), "bad denomination signature"),
        (with("merchant_sig", json!(other)), "bad merchant signature"),
        (with_coin("contribution", json!("KUDOS:1.01")), "contribution above the coin"),
        (with_coin("contribution", json!("KUDOS:0.001")), "contribution below the fee"),
        (
            with(
                "merchant_payto_uri",
                json!("payto://iban/DE00512108001245126199?receiver-name=X"),
            ),
            "bad iban",
        ),
        (
            with("merchant_payto_uri", json!("payto://x-taler-bank/localhost/x")),
            "payto without receiver-name",
        ),
        (with_coin("contribution", Value::Null), "a member missing"),
        (with_coin("contribution", json!("EUR:1")), "other currency"),
        (
            with("wallet_data_hash", json!(purchase.h_contract)),
            "wallet_data_hash that was not signed",
        ),
    ] {
        is_alike(&reply, &wrong(name));
    }
    let reply = with_coin("coin_sig", json!(other));
    let letters = coin.key.public_key().to_string()[..8].to_owned();
    assert_eq!(reply.json()["detail"], json!(letters));
    // Whichever member it is that cannot be read.
    for (reply, field) in [
        (with("merchant_pub", json!("?")), "merchant_pub"),
        (with("timestamp", json!({ "t_s": -1 })), "t_s"),
        (with("coins", json!([good, 7])), "coins"),
        (with_coin("ub_sig", json!({ "cipher": "RSA" })), "rsa_signature"),
    ] {
        assert_eq!((failure(&reply), reply.json()["field"].clone()), ((400, 22), json!(field)));
    }

    assert_eq!(exchange.post("batch-deposit", &request).status, 200);
    let again = exchange.post("batch-deposit", &request);
    is_alike(&again, &wrong("good, repeated"));
    let second = shop.purchase(&exchange, "a pen");
    let spent = shop.deposit(&exchange, &second, &[coin.deposited(&second, "0.6")]);
    is_alike(&spent, &wrong("double spend"));
    let refund = |amount: &str, id: u64| shop.refund(&exchange, &coin, &purchase, amount, id);
    is_alike(&refund("0.2", 1), &wrong("refund"));
    is_alike(&refund("0.1", 1), &wrong("refund, same id, other amount"));
    is_alike(&refund("0.4", 2), &wrong("refund above the deposit"));
    is_alike(&refund("0.001", 3), &wrong("refund below the fee"));
    is_alike(
        &shop.refund(&exchange, &coin, &second, "0.1", 1),
        &wrong("refund of an unknown contract"),
    );
    let mut request = shop.refund_request(&coin, &purchase, "0.1", 5);
    request["rtransaction_id"] = json!(6);
    let path = format!("coins/{}/refund", coin.key.public_key());
    is_alike(&exchange.post(&path, &request), &wrong("refund, bad signature"));
    is_alike(&track(&exchange, &fresh_key(), &purchase, &coin), &wrong("deposits: bad signature"));
    is_alike(&track(&exchange, &shop.key, &second, &coin), &wrong("deposits: unknown coin"));
}
