//! `POST /coins/$COIN_PUB/refund`.

use taler::sign::exchange::RefundConfirmation;
use taler::sign::{PublicKey, Statement};

use super::{Merchant, failure, read};
use crate::common::exchange::{Exchange, kudos};

#[test]
fn a_refund_gives_back_what_can_be_spent_again() {
    let exchange = Exchange::start();
    let shop = Merchant::new();
    let coin = exchange.coin("2");
    let purchase = shop.purchase(&exchange, "a book");
    assert_eq!(shop.deposit(&exchange, &purchase, &[coin.deposited(&purchase, "2")]).status, 200);
    let reply = shop.refund(&exchange, &coin, &purchase, "0.5", 1);
    assert_eq!(reply.status, 200, "{reply:?}");
    let body = reply.json();
    let confirmation = RefundConfirmation {
        h_contract: purchase.h_contract,
        coin_pub: coin.key.public_key(),
        merchant_pub: purchase.merchant_pub,
        rtransaction_id: 1,
        amount: kudos("0.5").to_nbo(),
    };
    let signer: PublicKey = read(&body["exchange_pub"]);
    assert!(confirmation.verify(&signer, &read(&body["exchange_sig"])));
    // The fee of a hundredth is lost.
    assert_eq!(exchange.account_of(&coin)["left"], "KUDOS:0.49");

    let again = shop.refund(&exchange, &coin, &purchase, "0.5", 1);
    assert_eq!((again.status, &again.text), (200, &reply.text));
    assert_eq!(failure(&shop.refund(&exchange, &coin, &purchase, "0.4", 1)), (424, 1510));
    assert_eq!(failure(&shop.refund(&exchange, &coin, &purchase, "1.51", 2)), (409, 1501));
    assert_eq!(shop.refund(&exchange, &coin, &purchase, "1.5", 2).status, 200);
    assert_eq!(exchange.account_of(&coin)["left"], "KUDOS:1.98");
    let second = shop.purchase(&exchange, "two pens");
    assert_eq!(shop.deposit(&exchange, &second, &[coin.deposited(&second, "1.98")]).status, 200);

    exchange.pass(7_200);
    let reply = shop.refund(&exchange, &coin, &second, "1", 1);
    assert_eq!(failure(&reply), (410, 1503));
    assert_eq!(shop.refund(&exchange, &coin, &purchase, "0.5", 1).status, 200);
}

#[test]
fn every_mistake_has_its_code() {
    let exchange = Exchange::start();
    let shop = Merchant::new();
    let (coin, other) = (exchange.coin("2"), exchange.coin("2"));
    let purchase = shop.purchase(&exchange, "a book");
    assert_eq!(failure(&shop.refund(&exchange, &coin, &purchase, "1", 1)), (404, 1005));
    assert_eq!(shop.deposit(&exchange, &purchase, &[coin.deposited(&purchase, "2")]).status, 200);
    assert_eq!(failure(&shop.refund(&exchange, &other, &purchase, "1", 1)), (404, 1005));
    let unpaid = shop.purchase(&exchange, "a pen");
    assert_eq!(failure(&shop.refund(&exchange, &coin, &unpaid, "1", 1)), (404, 1502));
    assert_eq!(failure(&shop.refund(&exchange, &coin, &purchase, "0.009", 1)), (500, 53));
    assert_eq!(failure(&shop.refund(&exchange, &coin, &purchase, "2.01", 1)), (409, 1501));

    let path = format!("coins/{}/refund", coin.key.public_key());
    let mut request = shop.refund_request(&coin, &purchase, "1", 1);
    request["rtransaction_id"] = 2.into();
    assert_eq!(failure(&exchange.post(&path, &request)), (403, 1506));
    request["rtransaction_id"] = "2".into();
    assert_eq!(failure(&exchange.post(&path, &request)), (400, 22));
    assert_eq!(failure(&exchange.post("coins/me/refund", &request)), (400, 22));
    let request = shop.refund_request(&coin, &purchase, "1", 1);
    assert_eq!(failure(&exchange.post("coins/me/refund", &request)), (400, 29));
    let largest = shop.refund(&exchange, &coin, &purchase, "1", u64::MAX);
    assert_eq!(largest.status, 200, "{largest:?}");
    assert_eq!(exchange.account_of(&coin)["left"], "KUDOS:0.99");
}

#[test]
fn a_deposit_has_no_more_refunds_than_one_can_follow() {
    let exchange = Exchange::start();
    let shop = Merchant::new();
    let (coin, purchase) = (exchange.coin("1"), shop.purchase(&exchange, "a book"));
    assert_eq!(shop.deposit(&exchange, &purchase, &[coin.deposited(&purchase, "1")]).status, 200);
    for id in 0..64 {
        assert_eq!(shop.refund(&exchange, &coin, &purchase, "0.01", id).status, 200, "{id}");
    }
    assert_eq!(failure(&shop.refund(&exchange, &coin, &purchase, "0.01", 64)), (413, 32));
    // All of it was fees.
    assert_eq!(exchange.account_of(&coin)["left"], "KUDOS:0");
}
