//! What the sandbox does when it is set to misbehave.

use playground::sandbox::{Fault, FaultAction, Faults};
use serde_json::{Value, json};
use taler::sign::PublicKey;
use taler::time::Timestamp;

use super::{Merchant, confirms, failure, keys, read};
use crate::common::exchange::{Exchange, Planchet, fresh_key, times};

#[test]
fn what_was_deposited_is_deposited_even_if_the_answer_is_lost() {
    let exchange = Exchange::start();
    let shop = Merchant::new();
    for act in [FaultAction::LoseAnswer, FaultAction::FailAfterwards(500)] {
        let (coin, purchase) = (exchange.coin("1"), shop.purchase(&exchange, "a book"));
        let request = shop.request(&purchase, &[coin.deposited(&purchase, "1")]);
        exchange.deposits(times(1, act));
        match exchange.try_post("batch-deposit", &request) {
            Ok(reply) => assert_eq!((act, reply.status), (FaultAction::FailAfterwards(500), 500)),
            Err(error) => assert!(act == FaultAction::LoseAnswer && !error.is_timeout(), "{error}"),
        }
        assert_eq!(exchange.account_of(&coin)["left"], "KUDOS:0", "{act:?}");
        let reply = exchange.post("batch-deposit", &request);
        assert!(confirms(&exchange, &request, "0.99", &reply), "{act:?}");
    }
}

#[test]
fn a_deposit_can_be_lied_about_or_refused_and_is_true_afterwards() {
    let exchange = Exchange::start();
    let shop = Merchant::new();
    let (coin, purchase) = (exchange.coin("1"), shop.purchase(&exchange, "a book"));
    let request = shop.request(&purchase, &[coin.deposited(&purchase, "1")]);
    for (act, expected) in [
        (FaultAction::Status(503), (503, 50)),
        (FaultAction::KycRequired, (451, 1028)),
        (FaultAction::Frozen, (451, 1036)),
        (FaultAction::DenominationUnknown, (404, 1005)),
        (FaultAction::DoubleSpending, (409, 1012)),
    ] {
        exchange.deposits(act);
        assert_eq!(failure(&exchange.post("batch-deposit", &request)), expected, "{act:?}");
    }
    exchange.deposits(FaultAction::NotJson);
    let reply = exchange.post("batch-deposit", &request);
    assert!(reply.status == 200 && reply.text.starts_with('<'), "{reply:?}");
    let unseen = exchange.get(&format!("sandbox/coins/{}", coin.key.public_key()));
    assert_eq!(failure(&unseen), (404, 1019));
    for act in [FaultAction::WrongSignature, FaultAction::UnknownSigningKey] {
        exchange.deposits(act);
        let reply = exchange.post("batch-deposit", &request);
        assert!(!confirms(&exchange, &request, "0.99", &reply), "{act:?}");
    }
    exchange.behave();
    let reply = exchange.post("batch-deposit", &request);
    assert!(confirms(&exchange, &request, "0.99", &reply));
}

#[test]
fn refunds_and_withdrawals_can_go_wrong_too() {
    let exchange = Exchange::start();
    let shop = Merchant::new();
    let (coin, purchase) = (exchange.coin("1"), shop.purchase(&exchange, "a book"));
    assert_eq!(shop.deposit(&exchange, &purchase, &[coin.deposited(&purchase, "1")]).status, 200);
    let refund = |act: FaultAction| {
        let refund = Some(act.into());
        exchange.misbehave(Faults { refund, ..Faults::default() });
        shop.refund(&exchange, &coin, &purchase, "0.5", 1)
    };
    assert_eq!(failure(&refund(FaultAction::KycRequired)), (451, 1028));
    assert_eq!(exchange.account_of(&coin)["left"], "KUDOS:0");
    let lies = [refund(FaultAction::FailAfterwards(502)), refund(FaultAction::WrongSignature)];
    assert_eq!(exchange.account_of(&coin)["left"], "KUDOS:0.49");
    let truth = refund(FaultAction::Behave);
    assert_eq!((lies[0].status, lies[1].status, truth.status), (502, 200, 200));
    let [lie, truth] = [&lies[1], &truth].map(|reply| reply.json());
    assert_eq!(lie["exchange_pub"], truth["exchange_pub"]);
    assert_ne!(lie["exchange_sig"], truth["exchange_sig"]);

    let reserve = exchange.reserve("5");
    let planchets = [Planchet::new(&reserve, fresh_key(), &exchange.denomination("1"), None)];
    let withdraw = |act: FaultAction| {
        let withdraw = Some(act.into());
        exchange.misbehave(Faults { withdraw, ..Faults::default() });
        exchange.withdraw(&reserve, &planchets)
    };
    assert_eq!(failure(&withdraw(FaultAction::DenominationUnknown)), (404, 1005));
    assert_eq!(failure(&withdraw(FaultAction::Frozen)), (451, 1036));
    let [bad, good] =
        [FaultAction::WrongSignature, FaultAction::Behave].map(|act| withdraw(act).json());
    assert!(!planchets[0].coin(&bad["ev_sigs"][0]).is_good());
    assert!(planchets[0].coin(&good["ev_sigs"][0]).is_good());
    assert_eq!(exchange.balance(&reserve), "KUDOS:4");
}

#[test]
fn the_list_of_keys_can_lie() {
    let exchange = Exchange::start();
    let list = |act: FaultAction| {
        let keys = Some(act.into());
        exchange.misbehave(Faults { keys, ..Faults::default() });
        exchange.get("keys").json()
    };
    let ends = |keys: &Value, group: &str, stamp: &str| {
        let entry = match group {
            "signkeys" => &keys["signkeys"][0],
            _ => &keys["denominations"][0]["denoms"][0],
        };
        read::<Timestamp>(&entry[stamp]).secs().unwrap()
    };
    assert!(keys::is_signed(&list(FaultAction::Behave)));
    assert!(!keys::is_signed(&list(FaultAction::WrongSignature)));
    let unlisted = list(FaultAction::UnknownSigningKey);
    assert!(keys::is_signed(&unlisted));
    assert!(!keys::lists_signer(&unlisted) && keys::lists_signer(&list(FaultAction::Behave)));
    let expired = list(FaultAction::ExpiredSigningKeys);
    assert!(ends(&expired, "signkeys", "stamp_end") < exchange.now());
    keys::assert_vouched(&expired, &exchange.master_key());
    let expired = list(FaultAction::ExpiredDenominations);
    assert!(ends(&expired, "denominations", "stamp_expire_legal") < exchange.now());
    keys::assert_vouched(&expired, &exchange.master_key());
    let other = list(FaultAction::OtherMasterKey);
    let stranger: PublicKey = read(&other["master_public_key"]);
    assert_ne!(stranger, exchange.master_key());
    keys::assert_vouched(&other, &stranger);
    exchange.behave();
    keys::assert_vouched(&exchange.keys(), &exchange.master_key());
}

#[test]
fn only_this_machine_tells_the_sandbox_to_misbehave() {
    let exchange = Exchange::start();
    let faults = json!({ "keys": { "act": { "status": 500 }, "times": 1 } });
    let url = format!("{}sandbox/faults", exchange.base_url());
    let client = crate::common::client().build().unwrap();
    let forwarded = client.post(url).header("X-Forwarded-For", "203.0.113.7").json(&faults);
    assert_eq!(forwarded.send().unwrap().status(), 403);
    assert_eq!(exchange.get("keys").status, 200);
    assert_eq!(exchange.post("sandbox/faults", &faults).status, 204);
    assert_eq!(exchange.get("keys").status, 500);
    assert_eq!(exchange.get("keys").status, 200);
    assert_eq!(failure(&exchange.post("sandbox/faults", &json!({ "key": {} }))), (400, 22));
    // No fault at all is the end of them.
    let always = json!({ "keys": { "act": "not_json" } });
    assert_eq!(exchange.post("sandbox/faults", &always).status, 204);
    assert!(exchange.get("keys").text.starts_with('<'));
    assert_eq!(exchange.post("sandbox/faults", &json!({})).status, 204);
    assert_eq!(exchange.get("keys").status, 200);
}

#[test]
fn an_answer_can_be_late() {
    let exchange = Exchange::start();
    let started = std::time::Instant::now();
    exchange.deposits(Fault { delay_ms: 60, ..times(1, FaultAction::Status(503)) });
    assert_eq!(exchange.post("batch-deposit", &json!({})).status, 400);
    let shop = Merchant::new();
    let (coin, purchase) = (exchange.coin("1"), shop.purchase(&exchange, "a book"));
    let coins = [coin.deposited(&purchase, "1")];
    assert_eq!(shop.deposit(&exchange, &purchase, &coins).status, 503);
    assert!(started.elapsed().as_millis() >= 60);
    assert_eq!(shop.deposit(&exchange, &purchase, &coins).status, 200);
}
