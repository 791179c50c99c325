//! Money is spent, once.

use playground::wallet::{Error, How, PayOptions};
use serde_json::json;

use super::Customer;
use crate::common::exchange::{Exchange, fresh_key, kudos};
use crate::common::merchant::{Merchant, Trouble};

fn shop() -> (Exchange, Merchant) {
    let exchange = Exchange::start();
    let merchant = Merchant::start(&exchange);
    (exchange, merchant)
}

fn trouble(status: u16, code: u32) -> (u16, serde_json::Value) {
    (status, json!({ "code": code, "hint": "no" }))
}

fn instead(status: u16, code: u32) -> Trouble {
    let (status, body) = trouble(status, code);
    Trouble::Instead(status, body)
}

fn afterwards(status: u16, code: u32) -> Trouble {
    let (status, body) = trouble(status, code);
    Trouble::Afterwards(status, body)
}

#[test]
fn an_order_is_paid_exactly_and_the_rest_stays() {
    let (exchange, merchant) = shop();
    let customer = Customer::with(&exchange, "10");
    let uri = merchant.order(&exchange, "O-1", "3.33", &json!({ "max_fee": "KUDOS:1" }));
    let paid = customer.pay(&format!("{uri}S%2F1")).unwrap();
    assert_eq!(
        (paid.order.as_str(), paid.summary.as_str(), paid.how, paid.amount, paid.spent),
        ("O-1", "Tea", How::Now, kudos("3.33"), kudos("3.33"))
    );
    assert_eq!(customer.has(), "KUDOS:6.67");
    assert_eq!(merchant.session("O-1"), "S/1");
    assert_eq!(merchant.count("pay"), 1);
}

#[test]
fn the_customer_bears_what_the_shop_does_not_of_the_fees() {
    let (exchange, merchant) = shop();
    let customer = Customer::with(&exchange, "5");
    let paid = customer.pay(&merchant.order(&exchange, "O-1", "4", &json!({}))).unwrap();
    let fees = paid.spent.checked_sub(&kudos("4")).unwrap();
    // A hundredth for each coin of half a KUDOS or more.
    let coins = merchant.coins("O-1").len().try_into().unwrap();
    let most = kudos("0.01").checked_mul(coins).unwrap();
    assert!(!fees.is_zero() && fees.try_cmp(&most).unwrap().is_le(), "{fees}");
    assert_eq!(exchange.ledger()["coins"], customer.has());
}

#[test]
fn too_little_money_and_money_of_others_pay_nothing() {
    let (exchange, merchant) = shop();
    let customer = Customer::with(&exchange, "2");
    let dear = merchant.order(&exchange, "O-1", "2", &json!({}));
    assert!(matches!(customer.pay(&dear), Err(Error::Poor(_))));
    // An exchange of the same address with another key is another one.
    let other = json!([{ "url": exchange.base_url(), "master_pub": fresh_key().public_key() }]);
    let elsewhere = merchant.order(&exchange, "O-2", "1", &json!({ "exchanges": other }));
    assert!(matches!(customer.pay(&elsewhere), Err(Error::Poor(_))));
    let euros = json!({ "amount": "EUR:1", "max_fee": "EUR:0" });
    assert!(matches!(
        customer.pay(&merchant.order(&exchange, "O-3", "1", &euros)),
        Err(Error::Poor(_))
    ));
    assert_eq!(customer.has(), "KUDOS:2");
    assert_eq!(merchant.count("pay"), 0);
    // With more money the same order can be paid.
    customer.withdraw(&exchange, "1").unwrap();
    assert_eq!(customer.pay(&dear).unwrap().how, How::Now);
}

#[test]
fn an_offer_that_has_run_out_or_is_somebody_elses_is_not_paid() {
    let (exchange, merchant) = shop();
    let customer = Customer::with(&exchange, "2");
    let late = merchant.order(&exchange, "O-1", "1", &json!({ "pay_deadline": { "t_s": 1 } }));
    assert!(matches!(customer.pay(&late), Err(Error::Expired)));
    let uri = merchant.order(&exchange, "O-2", "1", &json!({}));
    Customer::with(&exchange, "2").pay(&uri).unwrap();
    let refused = customer.pay(&uri);
    assert!(matches!(refused, Err(Error::Refused { code: 2301, .. })), "{refused:?}");
    let uri = merchant.order(&exchange, "O-3", "1", &json!({ "merchant_base_url": "http://x/" }));
    assert!(matches!(customer.pay(&uri), Err(Error::Nonsense(_))));
    assert_eq!(customer.has(), "KUDOS:2");
}

#[test]
fn a_free_order_takes_no_coins() {
    let (exchange, merchant) = shop();
    let customer = Customer::with(&exchange, "1");
    let uri = merchant.order(&exchange, "O-1", "0", &json!({ "exchanges": [] }));
    assert_eq!(customer.pay(&uri).unwrap().spent, kudos("0"));
    assert_eq!(customer.has(), "KUDOS:1");
}

#[test]
fn the_same_order_is_not_paid_twice_but_bound_to_the_other_session() {
    let (exchange, merchant) = shop();
    let mut customer = Customer::with(&exchange, "5");
    merchant.order(&exchange, "O-1", "1", &json!({}));
    customer.pay(&merchant.uri("O-1", "S1")).unwrap();
    let left = customer.has();
    customer.restart();
    let again = customer.pay(&merchant.uri("O-1", "S2")).unwrap();
    assert_eq!((again.how, again.spent), (How::Before, kudos("0")));
    assert_eq!(merchant.session("O-1"), "S2");
    let options = PayOptions { session: Some("S3".parse().unwrap()) };
    let uri = merchant.uri("O-1", "S1");
    customer.runtime.block_on(customer.wallet.pay(&uri, options)).unwrap();
    assert_eq!(merchant.session("O-1"), "S3");
    assert_eq!((customer.has(), merchant.count("pay")), (left, 1));
}

#[test]
fn another_order_for_the_same_page_is_a_repurchase() {
    let (exchange, merchant) = shop();
    let customer = Customer::with(&exchange, "5");
    let page = json!({ "fulfillment_url": "https://news.example/7" });
    customer.pay(&merchant.order(&exchange, "O-1", "1", &page)).unwrap();
    let left = customer.has();
    merchant.order(&exchange, "O-2", "1", &page);
    let paid = customer.pay(&merchant.uri("O-2", "S2")).unwrap();
    assert_eq!(paid.how, How::Repurchase("O-1".parse().unwrap()));
    assert_eq!((merchant.session("O-1"), customer.has()), ("S2".into(), left));

    // What was refunded wholly is bought again; a message is no page.
    merchant.grant("O-1", 0, 1, "1");
    assert_eq!(customer.pay(&merchant.uri("O-2", "S2")).unwrap().how, How::Now);
    let message = json!({ "fulfillment_url": "taler://fulfillment-success/Thanks" });
    for id in ["O-3", "O-4"] {
        let uri = merchant.order(&exchange, id, "0.1", &message);
        assert_eq!(customer.pay(&uri).unwrap().how, How::Now);
    }
}

#[test]
fn a_payment_whose_answer_is_lost_is_finished_with_the_same_coins() {
    let (exchange, merchant) = shop();
    let mut customer = Customer::with(&exchange, "9");
    for (id, trouble) in [
        ("O-1", afterwards(500, 53)),
        ("O-2", instead(408, 2011)),
        ("O-3", afterwards(504, 2011)),
        ("O-4", Trouble::Afterwards(200, json!({ "sig": "x" }))),
    ] {
        merchant.fail("pay", &[trouble]);
        let uri = merchant.order(&exchange, id, "1", &json!({}));
        let failed = customer.pay(&uri).unwrap_err();
        let is_open = matches!(failed, Error::Pending(_) | Error::Nonsense(_));
        assert!(is_open, "{id}: {failed:?}");
        let booked = customer.has();
        customer.restart();
        customer.finish().unwrap();
        assert_eq!(customer.has(), booked, "{id}");
        assert_eq!(customer.pay(&uri).unwrap().how, How::Before, "{id}");
    }
    assert_eq!(exchange.ledger()["coins"], customer.has());
}

#[test]
fn a_coin_that_was_spent_elsewhere_is_set_aside_and_another_one_pays() {
    let (exchange, merchant) = shop();
    let customer = Customer::with(&exchange, "2");
    let thief = customer.copy();
    thief.pay(&merchant.order(&exchange, "O-1", "0.5", &json!({}))).unwrap();
    let paid = customer.pay(&merchant.order(&exchange, "O-2", "0.5", &json!({}))).unwrap();
    assert_eq!(paid.how, How::Now);
    let names =
        |id| -> Vec<_> { merchant.coins(id).iter().map(|coin| coin["coin_pub"].clone()).collect() };
    assert!(names("O-1").iter().all(|coin| !names("O-2").contains(coin)));
    // When nothing else is there, the payment is called off and the bad coins do not come back.
    thief.pay(&merchant.order(&exchange, "O-3", "0.2", &json!({}))).unwrap();
    let all = customer.has();
    let uri = merchant.order(
        &exchange,
        "O-4",
        all.trim_start_matches("KUDOS:"),
        &json!({ "max_fee": "KUDOS:1" }),
    );
    assert!(matches!(customer.pay(&uri), Err(Error::Poor(_))));
    let left: taler::amount::Amount = customer.has().parse().unwrap();
    assert!(left.try_cmp(&all.parse().unwrap()).unwrap().is_lt(), "{left}");
}

#[test]
fn a_refusal_for_good_gives_the_coins_back() {
    let (exchange, merchant) = shop();
    let customer = Customer::with(&exchange, "3");
    for (id, status, code) in
        [("O-1", 410, 2161), ("O-2", 400, 2025), ("O-3", 403, 2157), ("O-4", 451, 2186)]
    {
        merchant.fail("pay", &[instead(status, code)]);
        let uri = merchant.order(&exchange, id, "1", &json!({}));
        let refused = customer.pay(&uri).unwrap_err();
        assert!(matches!(refused, Error::Refused { code: c, .. } if c == code), "{refused:?}");
        assert_eq!((customer.has(), merchant.count("abort")), ("KUDOS:3".into(), code_count(id)));
        // What never reached the exchange can be paid once more.
        if id == "O-4" {
            assert_eq!(customer.pay(&uri).unwrap().how, How::Now);
        }
    }
    assert_eq!(exchange.ledger()["coins"], customer.has());
}

fn code_count(id: &str) -> usize {
    id.trim_start_matches("O-").parse().unwrap()
}

#[test]
fn an_order_that_somebody_else_paid_costs_nothing() {
    let (exchange, merchant) = shop();
    let customer = Customer::with(&exchange, "3");
    merchant.fail("pay", &[instead(409, 2160)]);
    let uri = merchant.order(&exchange, "O-1", "1", &json!({}));
    let refused = customer.pay(&uri);
    assert!(matches!(refused, Err(Error::Refused { code: 2160, .. })), "{refused:?}");
    assert_eq!((customer.has(), merchant.count("abort")), ("KUDOS:3".into(), 0));
}

#[test]
fn a_payment_cut_short_at_any_moment_is_made_once() {
    let (exchange, merchant) = shop();
    let mut customer = Customer::with(&exchange, "20");
    let mut looks = 0;
    loop {
        looks += 1;
        let id = format!("O-{looks}");
        let uri = merchant.order(&exchange, &id, "0.06", &json!({}));
        let done = customer.cut(looks, async |wallet| {
            wallet.pay(&uri, PayOptions::default()).await.unwrap();
        });
        let paid = customer.pay(&uri).unwrap();
        assert_eq!(paid.amount, kudos("0.06"));
        assert_eq!(exchange.ledger()["coins"], customer.has(), "cut after {looks} looks");
        if done.is_some() {
            break;
        }
    }
    assert!(looks > 8, "it was cut {looks} times only");
}

#[test]
fn several_programs_with_one_wallet_pay_with_different_coins() {
    let (exchange, merchant) = shop();
    let customer = Customer::with(&exchange, "3");
    let uris: Vec<_> = (0..6)
        .map(|number| merchant.order(&exchange, &format!("O-{number}"), "0.4", &json!({})))
        .collect();
    std::thread::scope(|scope| {
        for uri in &uris {
            let (merchant, dir) = (&merchant, customer.dir.path());
            scope.spawn(move || {
                let other = Customer::beside(dir);
                assert_eq!(other.pay(uri).unwrap().how, How::Now);
                assert!(merchant.count("pay") > 0);
            });
        }
    });
    assert_eq!(merchant.count("pay"), 6);
    assert_eq!(exchange.ledger()["coins"], customer.has());
}
