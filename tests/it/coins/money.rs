//! Money is neither made nor lost.

use playground::sandbox::{FaultAction, Faults};
use serde_json::json;

use super::{Claimed, claimed, order, shop_with};
use crate::common::exchange::{Coin, Exchange, times};
use crate::common::rng::Dice;

/// So many hundredths.
fn cents(amount: &taler::amount::Amount) -> u64 {
    amount.value() * 100 + u64::from(amount.fraction()) / 1_000_000
}

#[test]
fn money_is_neither_made_nor_lost_whichever_coins_are_shown_twice() {
    let exchange = Exchange::start();
    let mut shop = shop_with(&exchange, "[exchanges]\nrequest_timeout_s = 1\nattempts = 2");
    let mut rng = Dice(0xCA5E);
    // What is paid for, with which coin, and how much of it went back, in hundredths.
    let mut sold: Vec<(Claimed, Coin, u64)> = Vec::new();
    let mut earned = 0;
    for step in 0..300 {
        match rng.below(12) {
            0..=4 => {
                let value = ["0.2", "0.5", "1"][rng.place(3)];
                let claimed = claimed(&shop, &order(value));
                let coin = exchange.coin(value);
                if rng.below(4) == 0 {
                    exchange.deposits(times(1, FaultAction::LoseAnswer));
                }
                claimed.paid(&shop, &exchange, &[(&coin, value)]);
                earned += cents(&coin.denomination.value) - cents(&coin.denomination.fee_deposit);
                sold.push((claimed, coin, 0));
            }
            5 => {
                let claimed = claimed(&shop, &order("0.2"));
                let coin = exchange.coin("0.2");
                exchange.deposits(FaultAction::FailAfterwards(500));
                let reply = claimed.pay(&shop, &claimed.payment(&exchange, &[(&coin, "0.2")]));
                assert_eq!(reply.status, 502, "step {step}: {reply:?}");
                exchange.behave();
                let reply = claimed.abort(&shop, &[&coin]);
                assert_eq!(reply.json()["refunds"][0]["type"], "success", "step {step}: {reply:?}");
            }
            6..=8 if !sold.is_empty() => {
                let place = rng.place(sold.len());
                let (claimed, coin, back) = &mut sold[place];
                let more = 5;
                if *back + more > cents(&coin.denomination.value) / 2 {
                    continue;
                }
                *back += more;
                let total = format!("KUDOS:0.{back:02}");
                let reply = shop.refund(&claimed.id, &total);
                assert_eq!(reply.status, 200, "step {step}: {reply:?}");
                if rng.below(3) == 0 {
                    let refund = Some(times(2, FaultAction::LoseAnswer));
                    exchange.misbehave(Faults { refund, ..Faults::default() });
                    claimed.pick_up(&shop);
                    exchange.behave();
                }
                let reply = claimed.pick_up(&shop);
                assert_eq!(reply.status, 200, "step {step}: {reply:?}");
                earned -= more;
            }
            9 if !sold.is_empty() => {
                let place = rng.place(sold.len());
                let (spent, other) = (&sold[place].1, claimed(&shop, &order("0.2")));
                let reply = other.pay(&shop, &other.payment(&exchange, &[(spent, "0.2")]));
                // What was given back can be spent again, and some of these have.
                if reply.status == 200 {
                    earned += 20 - cents(&spent.denomination.fee_deposit).min(20);
                } else {
                    assert_eq!(reply.status, 409, "step {step}: {reply:?}");
                }
            }
            10 if rng.below(4) == 0 => shop = shop.restarted(),
            _ => {}
        }
    }
    let ledger = exchange.ledger();
    let of =
        |name: &str| cents(&taler::amount::Amount::parse(ledger[name].as_str().unwrap()).unwrap());
    assert_eq!(of("topped_up"), of("reserves") + of("coins") + of("merchants") + of("fees"));
    let merchant = sold[0].0.merchant_pub().to_string();
    let ours = ledger["by_merchant"][&merchant].as_str().unwrap();
    assert_eq!(cents(&taler::amount::Amount::parse(ours).unwrap()), earned, "{ledger}");
    for (claimed, _, back) in &sold {
        let status = shop.status(&claimed.id, "");
        assert_eq!(
            status["refund_amount"],
            json!(
                taler::amount::Amount::parse(format!("KUDOS:{}.{:02}", back / 100, back % 100))
                    .unwrap()
            )
        );
    }
    let findings = shop.place.run(&["check"]);
    assert!(findings.status.success(), "{findings:?}");
}
