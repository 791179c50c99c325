//! What becomes of a coin whose answer was lost is decided by an answer to that very coin.

use playground::sandbox::FaultAction;
use taler::base32::HashCode;
use tilld::till::{Aborted, Error, Refusal};

use super::inside::Inside;
use crate::common::exchange::{Coin, Exchange};

/// Longer than a request may be on its way.
const LONG: u64 = 16 * 60;

fn shop() -> (Inside, Exchange) {
    let exchange = Exchange::start();
    (Inside::trusting(&[&exchange]), exchange)
}

/// Till and exchange must agree on every coin, and nothing may be left over.
#[track_caller]
fn agree(shop: &Inside, exchange: &Exchange) {
    exchange.behave();
    shop.pass(LONG);
    // What one job finds out, another one may have to act upon.
    for _ in 0..3 {
        shop.job();
    }
    assert_eq!(shop.unfinished(), (0, 0));
    assert_eq!(shop.held(), exchange.held());
}

fn spent(exchange: &Exchange, coin: &Coin) -> String {
    let account = exchange.account_of(coin);
    account["spent"].as_str().unwrap().to_owned()
}

fn is_unsettled<T: std::fmt::Debug>(outcome: &Result<T, Error>) -> bool {
    matches!(outcome, Err(Error::Refused(Refusal::Unsettled(_))))
}

#[test]
fn a_refusal_of_another_coin_decides_nothing() {
    let (shop, exchange) = shop();
    let (deal, elsewhere) = (shop.deal("1"), shop.deal("1"));
    let (lost, other) = (exchange.coin("1"), exchange.coin("1"));
    exchange.deposits(FaultAction::LoseAnswer);
    shop.pay(&deal, &[(&exchange, &lost, "1")]).unwrap_err();
    exchange.deposits(FaultAction::Status(503));
    shop.pay(&deal, &[(&exchange, &other, "1")]).unwrap_err();
    exchange.behave();
    shop.pay(&elsewhere, &[(&exchange, &other, "1")]).unwrap();
    shop.job();
    assert!(shop.is_paid(&deal), "the exchange has the first coin");
    assert_eq!(spent(&exchange, &lost), "KUDOS:1");
    agree(&shop, &exchange);
    assert!(shop.is_paid(&deal));
    assert_eq!(exchange.account_of(&lost)["refunded"], "KUDOS:0");
}

#[test]
fn a_refusal_of_a_payment_drops_only_what_was_sent_first_in_it() {
    let (shop, exchange) = shop();
    let (deal, elsewhere) = (shop.deal("2"), shop.deal("1"));
    let [one, two, three] = [(); 3].map(|()| exchange.coin("1"));
    exchange.deposits(FaultAction::LoseAnswer);
    shop.pay(&deal, &[(&exchange, &one, "1"), (&exchange, &two, "1")]).unwrap_err();
    exchange.behave();
    shop.pay(&elsewhere, &[(&exchange, &three, "1")]).unwrap();
    let refused = shop.pay(&deal, &[(&exchange, &one, "1"), (&exchange, &three, "1")]);
    assert!(matches!(refused, Err(Error::Exchange(_))), "{refused:?}");
    // The wallet gives up, and has both coins back that the exchange had taken.
    let aborted = shop.abort(&deal, &[&one, &two, &three]).unwrap();
    assert!(
        matches!(&aborted[..], [Aborted::Done { .. }, Aborted::Done { .. }, Aborted::Undeposited]),
        "{aborted:?}"
    );
    agree(&shop, &exchange);
    assert!(!shop.is_paid(&deal));
}

#[test]
fn a_permission_that_was_sent_is_finished_before_another_one_is_taken() {
    let (shop, exchange) = shop();
    let deal = shop.deal("1");
    let coin = exchange.coin("2");
    exchange.deposits(FaultAction::LoseAnswer);
    shop.pay(&deal, &[(&exchange, &coin, "1.5")]).unwrap_err();
    exchange.behave();
    let sig = shop.pay(&deal, &[(&exchange, &coin, "1.2")]).unwrap();
    assert_eq!(spent(&exchange, &coin), "KUDOS:1.5");
    assert_eq!(shop.pay(&deal, &[(&exchange, &coin, "1.5")]).unwrap(), sig);
    agree(&shop, &exchange);
    assert!(shop.is_paid(&deal));
}

#[test]
fn another_permission_waits_until_it_is_certain_that_the_first_never_arrived() {
    let (shop, exchange) = shop();
    let (deal, elsewhere) = (shop.deal("1"), shop.deal("0.8"));
    let coin = exchange.coin("2");
    exchange.deposits(FaultAction::Status(503));
    shop.pay(&deal, &[(&exchange, &coin, "1.5")]).unwrap_err();
    exchange.behave();
    shop.pay(&elsewhere, &[(&exchange, &coin, "0.8")]).unwrap();
    // The first permission is more than the coin has left; but it may still be on its way.
    let told = shop.pay(&deal, &[(&exchange, &coin, "1.2")]);
    assert!(is_unsettled(&told), "{told:?}");
    shop.pass(LONG);
    shop.pay(&deal, &[(&exchange, &coin, "1.2")]).unwrap();
    assert_eq!(spent(&exchange, &coin), "KUDOS:2");
    agree(&shop, &exchange);
    assert!(shop.is_paid(&deal));
}

#[test]
fn a_coin_that_was_given_back_pays_no_more() {
    let (shop, exchange) = shop();
    let deal = shop.deal("1");
    let coin = exchange.coin("1");
    let pay = || shop.pay(&deal, &[(&exchange, &coin, "1")]);
    exchange.deposits(FaultAction::LoseAnswer);
    pay().unwrap_err();
    exchange.behave();
    let aborted = shop.abort(&deal, &[&coin]).unwrap();
    assert!(matches!(aborted[..], [Aborted::Done { .. }]), "{aborted:?}");
    // Whatever the exchange says of deposits now, this one has its end.
    exchange.deposits(FaultAction::KycRequired);
    shop.job();
    exchange.behave();
    let again = pay();
    assert!(matches!(again, Err(Error::Refused(Refusal::Refunded(_)))), "{again:?}");
    shop.job();
    assert!(!shop.is_paid(&deal));
    assert_eq!(exchange.account_of(&coin)["refunded"], "KUDOS:0.99");
    agree(&shop, &exchange);
}

#[test]
fn coins_of_two_attempts_are_sent_again_each_with_its_own_data() {
    let (shop, exchange) = shop();
    let deal = shop.deal("1");
    let (first, second) = (exchange.coin("1"), exchange.coin("1"));
    let data = Some(HashCode::new([7; 64]));
    exchange.deposits(FaultAction::LoseAnswer);
    shop.pay(&deal, &[(&exchange, &first, "1")]).unwrap_err();
    shop.pay_with(&deal, data, &[(&exchange, &second, "1")]).unwrap_err();
    exchange.behave();
    shop.job();
    assert!(shop.is_paid(&deal));
    agree(&shop, &exchange);
    // One pays, and the other one went back.
    let gone = [&first, &second].map(|coin| exchange.account_of(coin)["refunded"].clone());
    assert_eq!(gone, ["KUDOS:0", "KUDOS:0.99"]);
}

#[test]
fn a_refusal_for_legal_reasons_after_a_lost_answer_decides_nothing() {
    let (shop, exchange) = shop();
    let deal = shop.deal("1");
    let coin = exchange.coin("1");
    let pay = || shop.pay(&deal, &[(&exchange, &coin, "1")]);
    for act in
        [FaultAction::KycRequired, FaultAction::DenominationUnknown, FaultAction::DoubleSpending]
    {
        exchange.deposits(FaultAction::LoseAnswer);
        pay().unwrap_err();
        exchange.deposits(act);
        let refused = pay();
        assert!(matches!(refused, Err(Error::Exchange(_))), "{refused:?}");
        shop.pass(LONG);
        shop.job();
        assert_eq!(shop.unfinished(), (1, 0), "{act:?}: the exchange has it");
    }
    exchange.behave();
    // The wallet gives up, and has its coin back.
    let aborted = shop.abort(&deal, &[&coin]).unwrap();
    assert!(matches!(aborted[..], [Aborted::Done { .. }]), "{aborted:?}");
    agree(&shop, &exchange);
}

#[test]
fn a_payment_that_is_called_off_is_not_deposited_afterwards() {
    let (shop, exchange) = shop();
    let deal = shop.deal("1");
    let coin = exchange.coin("1");
    let pay = || shop.pay(&deal, &[(&exchange, &coin, "1")]);
    let seen = || exchange.get(&format!("sandbox/coins/{}", coin.key.public_key())).status;
    exchange.deposits(FaultAction::Status(503));
    pay().unwrap_err();
    exchange.behave();
    let aborted = shop.abort(&deal, &[&coin]).unwrap();
    assert!(matches!(aborted[..], [Aborted::Undeposited]), "{aborted:?}");
    shop.job();
    assert_eq!(seen(), 404, "nobody has deposited it");
    // Nothing was given back, and nobody says so; but the deposit may still be on its way.
    let told = pay();
    assert!(is_unsettled(&told), "{told:?}");
    shop.pass(LONG);
    shop.job();
    assert_eq!((shop.unfinished(), seen()), ((0, 0), 404));
    pay().unwrap();
    agree(&shop, &exchange);
    assert!(shop.is_paid(&deal));
}

#[test]
fn a_deposit_that_arrives_after_it_was_called_off_is_given_back() {
    let (shop, exchange) = shop();
    let deal = shop.deal("1");
    let coin = exchange.coin("1");
    exchange.deposits(FaultAction::Status(503));
    shop.pay(&deal, &[(&exchange, &coin, "1")]).unwrap_err();
    let [(_, kept, data)] = shop.sent_now().try_into().unwrap();
    exchange.behave();
    let aborted = shop.abort(&deal, &[&coin]).unwrap();
    assert!(matches!(aborted[..], [Aborted::Undeposited]), "{aborted:?}");
    // It was not lost, but slow.
    let reply = exchange.post("batch-deposit", &shop.request(&deal, &kept, data));
    assert_eq!(reply.status, 200, "{reply:?}");
    shop.job();
    assert_eq!(exchange.account_of(&coin)["refunded"], "KUDOS:0.99");
    agree(&shop, &exchange);
}

#[test]
fn what_never_left_the_till_is_nowhere_else() {
    let (mut shop, mut exchange) = shop();
    let (deal, other) = (shop.deal("1"), shop.deal("1"));
    let (coin, second) = (exchange.coin("1"), exchange.coin("1"));
    // The till knows the keys, and has no connection open any more.
    shop.pay(&other, &[(&exchange, &exchange.coin("1"), "1")]).unwrap();
    shop.restart();
    let wish = super::inside::offer(&deal, &[(&exchange, &coin, "1")]);
    let mut told = None;
    exchange.restart_after(|| told = Some(shop.pay_wish(&deal, wish)));
    let told = told.unwrap();
    assert!(matches!(told, Err(Error::Exchange(_))), "{told:?}");
    // Called off at once, and free at once.
    let aborted = shop.abort(&deal, &[&coin]).unwrap();
    assert!(matches!(aborted[..], [Aborted::Undeposited]), "{aborted:?}");
    assert_eq!(shop.unfinished(), (0, 0));
    // What nobody calls off is paid when the exchange is there again.
    let wish = super::inside::offer(&deal, &[(&exchange, &second, "1")]);
    exchange.restart_after(|| drop(shop.pay_wish(&deal, wish)));
    shop.restart();
    shop.job();
    assert!(shop.is_paid(&deal));
    agree(&shop, &exchange);
}

#[test]
fn cash_that_was_taken_meanwhile_deposits_no_coin() {
    let (shop, exchange) = shop();
    let deal = shop.deal("1");
    let coin = exchange.coin("1");
    exchange.deposits(FaultAction::Status(503));
    shop.pay(&deal, &[(&exchange, &coin, "1")]).unwrap_err();
    exchange.behave();
    shop.cash(&deal).unwrap();
    shop.job();
    agree(&shop, &exchange);
    let seen = exchange.get(&format!("sandbox/coins/{}", coin.key.public_key()));
    assert_eq!(seen.status, 404, "nobody has deposited it");
}
