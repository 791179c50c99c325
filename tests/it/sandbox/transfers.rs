//! `GET /deposits/…` and `GET /transfers/$WTID`.

use serde_json::Value;
use taler::amount::Amount;
use taler::hash;
use taler::sign::exchange::{TransferConfirmation, TransferredDeposit, WireConfirmation};
use taler::sign::merchant::DepositQuestion;
use taler::sign::{SigningKey, Statement};
use taler::time::Timestamp;

use super::{Merchant, PAYTO, failure, read};
use crate::common::Reply;
use crate::common::exchange::{Coin, Exchange, Purchase, fresh_key};

pub(super) fn track(
    exchange: &Exchange,
    key: &SigningKey,
    purchase: &Purchase,
    coin: &Coin,
) -> Reply {
    let question = DepositQuestion {
        h_contract: purchase.h_contract,
        h_wire: purchase.h_wire,
        coin_pub: coin.key.public_key(),
    };
    exchange.get(&format!(
        "deposits/{}/{}/{}/{}?merchant_sig={}",
        purchase.h_wire,
        purchase.merchant_pub,
        purchase.h_contract,
        coin.key.public_key(),
        question.sign(key)
    ))
}

fn amount(value: &Value) -> [u8; 24] {
    read::<Amount>(value).to_nbo()
}

#[test]
fn what_is_due_is_paid_out_and_accounted_for() {
    let exchange = Exchange::start();
    let shop = Merchant::new();
    let (book, pen) = (shop.purchase(&exchange, "a book"), shop.purchase(&exchange, "a pen"));
    let coins = [exchange.coin("5"), exchange.coin("2"), exchange.coin("1")];
    let deposits = [(&coins[0], &book, "5"), (&coins[1], &book, "2"), (&coins[2], &pen, "0.5")];
    for (coin, purchase, paid) in deposits {
        let reply = shop.deposit(&exchange, purchase, &[coin.deposited(purchase, paid)]);
        assert_eq!(reply.status, 200, "{reply:?}");
    }
    assert_eq!(shop.refund(&exchange, &coins[1], &book, "2", 1).status, 200);
    assert_eq!(shop.refund(&exchange, &coins[2], &pen, "0.1", 1).status, 200);
    let reply = track(&exchange, &shop.key, &book, &coins[0]);
    assert_eq!(reply.status, 202, "{reply:?}");
    assert_eq!(reply.json()["kyc_ok"], true);
    let due = read::<Timestamp>(&reply.json()["execution_time"]);
    assert_eq!(due.secs(), Some(book.refund_deadline_s + 3_600));
    let before = exchange.ledger();

    exchange.pass(7_200);
    let reply = track(&exchange, &shop.key, &book, &coins[0]);
    assert_eq!(reply.status, 200, "{reply:?}");
    let wired = reply.json();
    assert_eq!(wired["coin_contribution"], "KUDOS:4.99");
    let statement = WireConfirmation {
        h_wire: book.h_wire,
        h_contract: book.h_contract,
        wtid: read(&wired["wtid"]),
        coin_pub: coins[0].key.public_key(),
        execution_time_us: read::<Timestamp>(&wired["execution_time"]).to_micros(),
        coin_contribution: amount(&wired["coin_contribution"]),
    };
    assert!(statement.verify(&read(&wired["exchange_pub"]), &read(&wired["exchange_sig"])));
    // The others went with it.
    let other = track(&exchange, &shop.key, &pen, &coins[2]).json();
    assert_eq!(other["wtid"], wired["wtid"]);

    let reply = exchange.get(&format!("transfers/{}", wired["wtid"].as_str().unwrap()));
    assert_eq!(reply.status, 200, "{reply:?}");
    let transfer = reply.json();
    // 5 and 0.4, less a hundredth each for the deposits and one for the transfer.
    assert_eq!(transfer["total"], "KUDOS:5.37");
    let listed = transfer["deposits"].as_array().unwrap();
    let deposits: Vec<_> = listed
        .iter()
        .map(|deposit| TransferredDeposit {
            h_contract: read(&deposit["h_contract_terms"]),
            coin_pub: read(&deposit["coin_pub"]),
            deposit_value: amount(&deposit["deposit_value"]),
            deposit_fee: amount(&deposit["deposit_fee"]),
        })
        .collect();
    let statement = TransferConfirmation {
        total: amount(&transfer["total"]),
        wire_fee: amount(&transfer["wire_fee"]),
        merchant_pub: shop.key.public_key(),
        h_payto: hash::payto_hash(PAYTO),
        execution_time_us: read::<Timestamp>(&transfer["execution_time"]).to_micros(),
        deposits: &deposits,
    };
    assert!(statement.verify(&read(&transfer["exchange_pub"]), &read(&transfer["exchange_sig"])));
    // The sum is what merchants check.
    let read_amount = |value: &Value| read::<Amount>(value);
    let nothing = read_amount(&transfer["total"]).checked_mul(0).unwrap();
    let sum = listed.iter().fold(nothing, |sum, deposit| {
        let fee = read_amount(&deposit["deposit_fee"]);
        let net = read_amount(&deposit["deposit_value"]).checked_sub(&fee).unwrap();
        sum.checked_add(&net).unwrap()
    });
    let sum = sum.checked_sub(&read_amount(&transfer["wire_fee"])).unwrap();
    assert_eq!(sum, read_amount(&transfer["total"]));
    let after = exchange.ledger();
    assert_eq!(
        (&before["merchants"], &after["merchants"]),
        (&"KUDOS:5.38".into(), &"KUDOS:5.37".into())
    );
    assert_eq!(track(&exchange, &shop.key, &book, &coins[0]).json(), wired);
}

#[test]
fn the_bank_of_the_sandbox_pays_out_what_is_due_and_says_what_a_real_one_would() {
    let exchange = Exchange::start();
    let shop = Merchant::new();
    let (book, coin) = (shop.purchase(&exchange, "a book"), exchange.coin("5"));
    assert_eq!(shop.deposit(&exchange, &book, &[coin.deposited(&book, "5")]).status, 200);
    let statement = || exchange.get("sandbox/transfers").json()["transfers"].clone();
    assert_eq!(statement().as_array().unwrap().len(), 0);
    exchange.pass(7_200);
    // Nobody has asked for the deposit.
    let lines = statement();
    let [line] = &lines.as_array().unwrap()[..] else { panic!("{lines}") };
    assert_eq!((&line["credit_amount"], &line["payto_uri"]), (&"KUDOS:4.98".into(), &PAYTO.into()));
    let wtid = line["wtid"].as_str().unwrap();
    assert_eq!(line["subject"], format!("{wtid} {}", exchange.base_url()));
    assert_eq!(track(&exchange, &shop.key, &book, &coin).json()["wtid"], wtid);
    assert_eq!(statement(), lines);
}

#[test]
fn too_little_for_a_transfer_waits_for_more() {
    let exchange = Exchange::start();
    let shop = Merchant::new();
    let (sweet, more) = (exchange.coin("0.01"), exchange.coin("0.02"));
    let first = shop.purchase(&exchange, "a sweet");
    assert_eq!(shop.deposit(&exchange, &first, &[sweet.deposited(&first, "0.01")]).status, 200);
    exchange.pass(10_000);
    assert_eq!(track(&exchange, &shop.key, &first, &sweet).status, 202);
    let second = shop.purchase(&exchange, "another");
    assert_eq!(shop.deposit(&exchange, &second, &[more.deposited(&second, "0.02")]).status, 200);
    assert_eq!(track(&exchange, &shop.key, &first, &sweet).status, 202);
    exchange.pass(10_000);
    assert_eq!(track(&exchange, &shop.key, &first, &sweet).status, 200);
}

#[test]
fn every_mistake_has_its_code() {
    let exchange = Exchange::start();
    let shop = Merchant::new();
    let (coin, purchase) = (exchange.coin("1"), shop.purchase(&exchange, "a book"));
    let ask =
        |key: &SigningKey, purchase: &Purchase| failure(&track(&exchange, key, purchase, &coin));
    assert_eq!(ask(&shop.key, &purchase), (404, 1100));
    assert_eq!(shop.deposit(&exchange, &purchase, &[coin.deposited(&purchase, "1")]).status, 200);
    assert_eq!(ask(&fresh_key(), &purchase), (403, 1106));
    assert_eq!(ask(&shop.key, &shop.purchase(&exchange, "a pen")), (404, 1100));
    let other = Purchase { h_wire: purchase.h_contract, ..purchase };
    assert_eq!(ask(&shop.key, &other), (404, 1100));

    let (hash, key) = (other.h_wire.to_string(), other.merchant_pub.to_string());
    let good = [&hash, &key, &hash, &key].map(String::as_str);
    for (at, code) in [1101, 1102, 1103, 1104].into_iter().enumerate() {
        let mut path = good;
        path[at] = "x";
        assert_eq!(failure(&exchange.get(&format!("deposits/{}", path.join("/")))), (400, code));
    }
    let path = format!("deposits/{}", good.join("/"));
    assert_eq!(failure(&exchange.get(&path)), (400, 25));
    assert_eq!(failure(&exchange.get(&format!("{path}?merchant_sig=x"))), (400, 26));
    assert_eq!(failure(&exchange.get(&format!("transfers/{key}"))), (404, 1451));
    assert_eq!(failure(&exchange.get("transfers/x")), (400, 1450));
}
