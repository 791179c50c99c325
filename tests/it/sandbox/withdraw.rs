//! Reserves and `POST /reserves/$RESERVE_PUB/batch-withdraw`.

use std::slice;

use serde_json::json;

use super::{denies_denomination, denies_time, failure};
use crate::common::exchange::{Exchange, Planchet, Reserve, fresh_key};

#[test]
fn a_coin_is_withdrawn_and_is_good() {
    let exchange = Exchange::start();
    let reserve = exchange.reserve("10");
    let denomination = exchange.denomination("5");
    let planchet = Planchet::new(&reserve, fresh_key(), &denomination, None);
    let reply = exchange.withdraw(&reserve, slice::from_ref(&planchet));
    assert_eq!(reply.status, 200, "{reply:?}");
    assert!(planchet.coin(&reply.json()["ev_sigs"][0]).is_good());
    assert_eq!(exchange.balance(&reserve), "KUDOS:4.99");

    // Again is the same, and costs nothing.
    let again = exchange.withdraw(&reserve, slice::from_ref(&planchet));
    assert_eq!((again.status, &again.text), (200, &reply.text));
    assert_eq!(exchange.balance(&reserve), "KUDOS:4.99");

    // Another one is too much.
    let another = [Planchet::new(&reserve, fresh_key(), &denomination, None)];
    let reply = exchange.withdraw(&reserve, &another);
    assert_eq!(failure(&reply), (409, 1150));
    assert_eq!(reply.json()["balance"], "KUDOS:4.99");
}

#[test]
fn a_denomination_that_does_not_exist_is_denied_with_a_signature() {
    let exchange = Exchange::start();
    let reserve = exchange.reserve("10");
    let mut denomination = exchange.denomination("1");
    denomination.h_denom = taler::hash::sha512(b"none");
    let planchet = [Planchet::new(&reserve, fresh_key(), &denomination, None)];
    let reply = exchange.withdraw(&reserve, &planchet);
    assert_eq!(failure(&reply), (404, 1005));
    assert_eq!(reply.json()["h_denom_pub"], json!(denomination.h_denom));
    assert!(denies_denomination(&reply));
}

#[test]
fn a_denomination_issues_in_its_time_only() {
    let exchange = Exchange::with(|settings| settings.denominations.truncate(1));
    let reserve = exchange.reserve("1");
    let planchet = [Planchet::new(&reserve, fresh_key(), &exchange.denomination("0.01"), None)];
    exchange.turn_back(1_000);
    let reply = exchange.withdraw(&reserve, &planchet);
    assert_eq!(failure(&reply), (410, 1008));
    assert!(denies_time(&reply, "WITHDRAW"));
    exchange.pass(1_000 + 90 * 86_400);
    let reply = exchange.withdraw(&reserve, &planchet);
    assert_eq!(failure(&reply), (410, 1009));
    assert!(denies_time(&reply, "WITHDRAW"));
    assert_eq!(exchange.balance(&reserve), "KUDOS:1");
}

#[test]
fn a_withdrawal_happens_whole_or_not_at_all() {
    let exchange = Exchange::start();
    let reserve = exchange.reserve("7");
    let denomination = exchange.denomination("2");
    let planchets: Vec<_> =
        (0..4).map(|_| Planchet::new(&reserve, fresh_key(), &denomination, None)).collect();
    assert_eq!(failure(&exchange.withdraw(&reserve, &planchets)), (409, 1150));
    assert_eq!(exchange.balance(&reserve), "KUDOS:7");
    let reply = exchange.withdraw(&reserve, &planchets[..3]);
    assert_eq!(reply.status, 200, "{reply:?}");
    assert_eq!(exchange.balance(&reserve), "KUDOS:1");
    for (at, planchet) in planchets[..3].iter().enumerate() {
        assert!(planchet.coin(&reply.json()["ev_sigs"][at]).is_good());
    }
    // Three that are paid for, and one more.
    assert_eq!(failure(&exchange.withdraw(&reserve, &planchets)), (409, 1150));
    assert_eq!(exchange.top_up(&reserve, "1").status, 200);
    assert_eq!(exchange.withdraw(&reserve, &planchets).status, 200);
    assert_eq!(exchange.balance(&reserve), "KUDOS:0");
}

#[test]
fn the_same_withdrawal_at_the_same_time_is_paid_once() {
    let exchange = Exchange::start();
    let reserve = exchange.reserve("20");
    let planchets = [Planchet::new(&reserve, fresh_key(), &exchange.denomination("2"), None)];
    let texts = std::thread::scope(|scope| {
        let send = |_| scope.spawn(|| exchange.withdraw(&reserve, &planchets).text);
        let sent: Vec<_> = (0..6).map(send).collect();
        sent.into_iter().map(|reply| reply.join().unwrap()).collect::<Vec<_>>()
    });
    assert!(texts.iter().all(|text| *text == texts[0]), "{texts:?}");
    assert_eq!(exchange.balance(&reserve), "KUDOS:18");
}

#[test]
fn every_mistake_has_its_code() {
    let exchange = Exchange::start();
    let (reserve, other) = (exchange.reserve("5"), exchange.reserve("5"));
    let denomination = exchange.denomination("1");
    let planchet = Planchet::new(&reserve, fresh_key(), &denomination, None);
    let path = format!("reserves/{}/batch-withdraw", reserve.key.public_key());
    let send = |path: &str, planchets: serde_json::Value| {
        failure(&exchange.post(path, &json!({ "planchets": planchets })))
    };
    let empty = Reserve::new();
    assert_eq!(failure(&exchange.withdraw(&empty, slice::from_ref(&planchet))), (404, 1027));
    assert_eq!(
        failure(&exchange.get(&format!("reserves/{}", empty.key.public_key()))),
        (404, 1027)
    );
    assert_eq!(failure(&exchange.get("reserves/me")), (400, 27));
    assert_eq!(send("reserves/me/batch-withdraw", json!([])), (400, 27));
    assert_eq!(send(&path, json!([])), (400, 26));
    assert_eq!(send(&path, json!(vec![&planchet.body; 65])), (400, 26));
    assert_eq!(send(&path, json!([planchet.body, planchet.body])), (400, 26));
    assert_eq!(failure(&exchange.withdraw(&other, slice::from_ref(&planchet))), (403, 1154));
    let mut cs = planchet.body.clone();
    cs["coin_ev"]["cipher"] = json!("CS");
    assert_eq!(send(&path, json!([cs])), (400, 22));
    assert_eq!(failure(&exchange.post(&path, &json!({}))), (400, 22));
    assert_eq!(exchange.withdraw(&reserve, slice::from_ref(&planchet)).status, 200);
    // Nobody else gets what was signed for somebody.
    assert_eq!(failure(&exchange.withdraw(&other, &[planchet])), (409, 26));
    assert_eq!(exchange.balance(&other), "KUDOS:5");
}

#[test]
fn play_money_is_given_in_its_currency_and_up_to_a_limit() {
    let exchange = Exchange::start();
    let reserve = exchange.reserve("1000");
    let ask = |amount: &str| {
        let body = json!({ "reserve_pub": reserve.key.public_key(), "amount": amount });
        failure(&exchange.post("sandbox/reserves", &body))
    };
    assert_eq!(ask("KUDOS:1000.00000001"), (400, 26));
    assert_eq!(ask("KUDOS:4503599627370496"), (400, 26));
    assert_eq!(ask("KUDOS:0"), (400, 26));
    assert_eq!(ask("KUDOS:x"), (400, 22));
    assert_eq!(ask("EUR:1"), (400, 30));
    let reply = exchange.top_up(&reserve, "0.00000001");
    assert_eq!(reply.json(), json!({ "balance": "KUDOS:1000.00000001" }));
}
