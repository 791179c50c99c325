//! The money of orders on its way to the bank: what exchanges are asked, what is believed, what comes of it
//! (settlement 4 and 9).

use std::collections::BTreeMap;

use playground::sandbox::{Fault, FaultAction, Faults};
use taler::amount::Amount;
use tilld::till::WireState;

use super::inside::{ACCOUNT, Deal, Given, Inside, units};
use crate::common::exchange::{Exchange, times};
use crate::common::rng::Dice;

const HOUR: u64 = 3_600;
const DAY: u64 = 24 * HOUR;
/// Past the deadline of an order made now, and all that is waited beyond it.
const DUE: u64 = 15 * DAY + HOUR;

/// Lets time pass for all.
fn pass(shop: &Inside, exchanges: &[&Exchange], seconds: u64) {
    shop.pass(seconds);
    for exchange in exchanges {
        exchange.pass(seconds);
    }
}

/// An order over so much that is paid with one coin of this value.
fn sold(shop: &Inside, exchange: &Exchange, value: &str) -> Deal {
    let (deal, coin) = (shop.deal(value), exchange.coin(value));
    let given: Given<'_> = (exchange, &coin, value);
    shop.pay(&deal, &[given]).unwrap();
    deal
}

/// What transfers brought for an order, in units of 10⁻⁸.
fn wired(state: &WireState) -> i64 {
    state.details.iter().map(|detail| units(&detail.amount.to_string())).sum()
}

fn five() -> Amount {
    Amount::parse("KUDOS:5").unwrap()
}

fn kudos(text: &str) -> i64 {
    units(&format!("KUDOS:{text}"))
}

/// The codes of what is wrong.
fn codes(state: &WireState) -> Vec<u32> {
    state.reports.iter().map(|report| report.trouble.code).collect()
}

fn lists(fault: impl Into<Fault>) -> Faults {
    Faults { transfer: Some(fault.into()), ..Faults::default() }
}

fn tracks(fault: impl Into<Fault>) -> Faults {
    Faults { track: Some(fault.into()), ..Faults::default() }
}

#[test]
fn two_questions_tell_of_a_transfer_however_many_orders_are_in_it() {
    let exchange = Exchange::start();
    let shop = Inside::trusting(&[&exchange]);
    let deals: Vec<Deal> =
        ["5", "2", "1"].iter().map(|value| sold(&shop, &exchange, value)).collect();
    shop.settle();
    assert!(deals.iter().all(|deal| !shop.wire(deal).is_wired));
    assert_eq!(exchange.questions(), 0, "nothing is due");

    pass(&shop, &[&exchange], DUE);
    shop.settle();
    for (deal, net) in deals.iter().zip(["4.99", "1.99", "0.99"]) {
        let state = shop.wire(deal);
        assert!(state.is_wired && codes(&state).is_empty(), "{state:?}");
        assert_eq!(wired(&state), kudos(net));
        let [detail] = &state.details[..] else { panic!("{state:?}") };
        assert_eq!(detail.deposit_fee.unwrap().to_string(), "KUDOS:0.01");
        assert!(!detail.is_confirmed);
    }
    assert_eq!(exchange.questions(), 2);
    let total = "SELECT total = 'KUDOS:7.96' AND wire_fee = 'KUDOS:0.01' FROM expected_transfers";
    assert_eq!(shop.count(total), 1);

    pass(&shop, &[&exchange], DUE);
    shop.settle();
    assert_eq!(exchange.questions(), 2, "what is known is not asked again");
}

#[test]
fn an_idle_day_with_money_that_is_not_due_costs_no_question_and_a_day_later_none_either() {
    let exchange = Exchange::start();
    let shop = Inside::trusting(&[&exchange]);
    sold(&shop, &exchange, "5");
    for _ in 0..24 {
        pass(&shop, &[&exchange], HOUR);
        shop.settle();
    }
    assert_eq!(exchange.questions(), 0);
    // The job sleeps as long as it may.
    assert_eq!(shop.next_look(), std::time::Duration::from_secs(HOUR));
    pass(&shop, &[&exchange], DUE);
    shop.settle();
    let asked = exchange.questions();
    for _ in 0..24 {
        pass(&shop, &[&exchange], HOUR);
        shop.settle();
    }
    assert_eq!(exchange.questions(), asked);
}

#[test]
fn what_was_refunded_before_is_not_wired_and_what_is_refunded_afterwards_does_not_undo_it() {
    let exchange = Exchange::start();
    let shop = Inside::trusting(&[&exchange]);
    let (early, late) = (sold(&shop, &exchange, "5"), sold(&shop, &exchange, "2"));
    shop.grant(&early, "0.4").unwrap();
    shop.pick_up(&early).unwrap();
    // Nobody fetches this one in time.
    shop.grant(&late, "1").unwrap();
    let (whole, lone) =
        (sold(&shop, &exchange, "1"), shop.count("SELECT count(*) FROM settlements"));
    assert_eq!(lone, 3);
    shop.grant(&whole, "1").unwrap();
    shop.pick_up(&whole).unwrap();

    pass(&shop, &[&exchange], DUE);
    shop.settle();
    let (before, after) = (shop.wire(&early), shop.wire(&late));
    assert!(before.is_wired && after.is_wired, "{before:?} {after:?}");
    assert_eq!((wired(&before), wired(&after)), (kudos("4.59"), kudos("1.99")));
    shop.pick_up(&late).unwrap();
    shop.settle();
    let after = shop.wire(&late);
    assert!(after.is_wired, "{after:?}");
    assert_eq!(wired(&after), kudos("1.99"));
    let refused = "SELECT count(*) FROM coin_refunds WHERE refused_code = 1503";
    assert_eq!(shop.count(refused), 1, "the exchange had paid the shop for it");
    // It is in the list with nothing, as real exchanges do it.
    assert_eq!(wired(&shop.wire(&whole)), 0);
    let open = "SELECT count(*) FROM settlements WHERE state = 0";
    assert_eq!(shop.count(open), 0);
}

#[test]
fn an_order_that_was_refunded_as_a_whole_is_not_waited_for() {
    let exchange = Exchange::start();
    let shop = Inside::trusting(&[&exchange]);
    let deal = sold(&shop, &exchange, "1");
    shop.grant(&deal, "1").unwrap();
    shop.pick_up(&deal).unwrap();
    pass(&shop, &[&exchange], DUE);
    shop.settle();
    let state = shop.wire(&deal);
    assert!(!state.is_wired && state.details.is_empty(), "{state:?}");
    assert_eq!(shop.count("SELECT count(*) FROM settlements WHERE state = 2"), 1);
    assert_eq!(exchange.questions(), 1);
}

#[test]
fn an_order_with_coins_of_two_exchanges_is_wired_when_both_have_wired() {
    let (one, other) = (Exchange::start(), Exchange::start());
    let shop = Inside::trusting(&[&one, &other]);
    let deal = shop.deal("3");
    let (two, single) = (one.coin("2"), other.coin("1"));
    shop.pay(&deal, &[(&one, &two, "2"), (&other, &single, "1")]).unwrap();
    other.misbehave(tracks(FaultAction::Status(503)));
    pass(&shop, &[&one, &other], DUE);
    shop.settle();
    let state = shop.wire(&deal);
    assert!(!state.is_wired, "{state:?}");
    assert_eq!(wired(&state), kudos("1.99"));

    other.behave();
    pass(&shop, &[&one, &other], HOUR);
    shop.settle();
    let state = shop.wire(&deal);
    assert!(state.is_wired, "{state:?}");
    assert_eq!((state.details.len(), wired(&state)), (2, kudos("2.98")));
    assert_eq!((one.questions(), other.questions()), (2, 3));
}

#[test]
fn whatever_an_exchange_says_instead_is_seen_at_the_order_until_it_says_what_is_so() {
    use FaultAction::*;
    let silent: &[u32] = &[2263];
    let all: [(Faults, &[u32]); 17] = [
        (tracks(WrongSignature), &[2264]),
        (tracks(UnknownSigningKey), &[2029]),
        (tracks(NotFound), &[2553]),
        (tracks(Status(400)), &[2264]),
        (tracks(Status(429)), &[]),
        (tracks(NotJson), &[]),
        (tracks(LoseAnswer), &[]),
        (lists(WrongSignature), &[2264]),
        (lists(UnknownSigningKey), &[2029]),
        (lists(NotFound), &[2261]),
        (lists(WrongTotal), &[2014]),
        (lists(WrongDepositFee), &[2563]),
        (lists(EndlessBody), &[2264]),
        (lists(Status(429)), &[2262]),
        (lists(Status(503)), silent),
        (lists(NotJson), silent),
        (lists(LoseAnswer), silent),
    ];
    for (faults, expected) in all {
        let exchange = Exchange::start();
        let shop = Inside::trusting(&[&exchange]);
        let deal = sold(&shop, &exchange, "5");
        exchange.misbehave(faults);
        pass(&shop, &[&exchange], DUE);
        shop.settle();
        let state = shop.wire(&deal);
        assert!(!state.is_wired, "{faults:?}: {state:?}");
        assert_eq!(codes(&state), expected, "{faults:?}");

        exchange.behave();
        pass(&shop, &[&exchange], DAY + HOUR);
        shop.settle();
        let state = shop.wire(&deal);
        assert!(state.is_wired, "{faults:?}: {state:?}");
        assert_eq!((codes(&state), wired(&state)), (vec![], kudos("4.99")), "{faults:?}");
    }
}

#[test]
fn an_order_that_a_list_leaves_out_is_not_wired_by_it() {
    let exchange = Exchange::start();
    let shop = Inside::trusting(&[&exchange]);
    let deals = [sold(&shop, &exchange, "5"), sold(&shop, &exchange, "2")];
    exchange.misbehave(lists(FaultAction::OmitDeposit));
    pass(&shop, &[&exchange], DUE);
    shop.settle();
    let left_out = shop.wire(&deals[0]);
    assert!(!left_out.is_wired, "{left_out:?}");
    assert_eq!(codes(&left_out), [2563]);

    exchange.behave();
    pass(&shop, &[&exchange], DAY + HOUR);
    shop.settle();
    for (deal, net) in deals.iter().zip(["4.99", "1.99"]) {
        let state = shop.wire(deal);
        assert!(state.is_wired && codes(&state).is_empty(), "{state:?}");
        assert_eq!(wired(&state), kudos(net));
    }
}

#[test]
fn another_contribution_or_wire_fee_keeps_no_order_from_being_wired() {
    use FaultAction::{WrongTotal, WrongWireFee};
    for (faults, code) in [(tracks(WrongTotal), None), (lists(WrongWireFee), Some(2554))] {
        let exchange = Exchange::start();
        let shop = Inside::trusting(&[&exchange]);
        let deal = sold(&shop, &exchange, "5");
        exchange.misbehave(faults);
        pass(&shop, &[&exchange], DUE);
        shop.settle();
        let state = shop.wire(&deal);
        assert!(state.is_wired, "{faults:?}: {state:?}");
        assert_eq!(codes(&state).first().copied(), code, "{faults:?}");
        assert_eq!(wired(&state), kudos("4.99"));
    }
}

#[test]
fn an_exchange_that_wants_to_know_more_first_is_asked_rarely_and_the_shop_hears_of_it() {
    let exchange = Exchange::start();
    let shop = Inside::trusting(&[&exchange]);
    let deals = [sold(&shop, &exchange, "5"), sold(&shop, &exchange, "2")];
    exchange.misbehave(tracks(FaultAction::KycRequired));
    pass(&shop, &[&exchange], DUE);
    shop.settle();
    assert_eq!(exchange.questions(), 1, "the account's other orders wait as well");
    let state = shop.wire(&deals[0]);
    assert_eq!(codes(&state), [2259]);
    assert_eq!(state.reports[0].trouble.exchange_code, Some(1028));
    assert_eq!(shop.count("SELECT count(*) FROM kyc WHERE status = 202"), 1);
    for _ in 0..24 {
        pass(&shop, &[&exchange], HOUR);
        shop.settle();
    }
    assert!((3..=14).contains(&exchange.questions()), "{}", exchange.questions());

    exchange.behave();
    pass(&shop, &[&exchange], DAY + HOUR);
    shop.settle();
    assert!(deals.iter().all(|deal| shop.wire(deal).is_wired));
    assert_eq!(shop.count("SELECT count(*) FROM kyc"), 0);
}

#[test]
fn an_exchange_that_asked_is_asked_whether_it_does_so_still() {
    let exchange = Exchange::start_with(|settings| settings.deposit_limit = Some(five()));
    let shop = Inside::trusting(&[&exchange]);
    let (deal, coin) = (shop.deal("4"), exchange.coin("5"));
    assert!(shop.pay(&deal, &[(&exchange, &coin, "4.01")]).is_err());
    let code = "SELECT max(code) FROM kyc";
    shop.check_kyc();
    assert_eq!(shop.count(code), 1028, "it said so only now");
    pass(&shop, &[&exchange], 700);
    shop.check_kyc();
    assert_eq!(shop.count(code), 1940, "it knows no key yet");
    exchange.prove_account(ACCOUNT, &deal.purchase.merchant_pub);
    shop.check_kyc();
    assert_eq!(shop.count(code), 1940, "it is not asked all the time");
    pass(&shop, &[&exchange], 700);
    shop.check_kyc();
    assert_eq!(shop.count("SELECT count(*) FROM kyc"), 0);
    let (deal, coin) = (shop.deal("4"), exchange.coin("5"));
    shop.pay(&deal, &[(&exchange, &coin, "4.01")]).unwrap();
}

#[test]
fn a_till_that_ends_between_two_questions_goes_on_there() {
    let exchange = Exchange::start();
    let mut shop = Inside::trusting(&[&exchange]);
    let deal = sold(&shop, &exchange, "5");
    pass(&shop, &[&exchange], DUE);
    exchange.misbehave(lists(FaultAction::LoseAnswer));
    shop.settle();
    assert!(!shop.wire(&deal).is_wired);
    exchange.behave();
    let asked = exchange.questions();
    shop.restart();
    // Its clock has jumped since it was last seen, so that it is not believed for some hours.
    shop.settle();
    assert_eq!(exchange.questions(), asked);
    pass(&shop, &[&exchange], 5 * HOUR);
    shop.settle();
    assert!(shop.wire(&deal).is_wired);
    assert_eq!(exchange.questions(), asked + 1, "the transfer was named before");
}

#[test]
fn coins_of_a_payment_that_came_to_nothing_spoil_no_list() {
    let exchange = Exchange::start();
    let shop = Inside::trusting(&[&exchange]);
    let (half, whole) = (shop.deal("2"), shop.deal("5"));
    let (little, coin) = (exchange.coin("1"), exchange.coin("5"));
    // The exchange has the coin, and refuses to give it back until it has wired it.
    shop.pay(&half, &[(&exchange, &little, "1"), (&exchange, &coin, "1")]).unwrap();
    let other = exchange.coin("5");
    shop.pay(&whole, &[(&exchange, &other, "5")]).unwrap();
    shop.forget_settlement(&half);
    pass(&shop, &[&exchange], DUE);
    shop.settle();
    let state = shop.wire(&whole);
    assert!(state.is_wired && codes(&state).is_empty(), "{state:?}");
}

/// What is asked, granted, fetched, and how exchanges behave meanwhile, at random.
fn random_history(seed: u64, steps: usize) {
    use FaultAction::*;
    let exchanges = [Exchange::start(), Exchange::start()];
    let both = [&exchanges[0], &exchanges[1]];
    let mut shop = Inside::trusting(&both);
    let mut rng = Dice(seed);
    let mut deals: Vec<Deal> = Vec::new();
    let mut days = 0;
    for step in 0..steps {
        match rng.below(20) {
            0..=7 => {
                let exchange = both[rng.place(2)];
                let value = ["0.05", "0.5", "1", "2", "5"][rng.place(5)];
                deals.push(sold(&shop, exchange, value));
            }
            8 => {
                let deal = shop.deal("3");
                let (two, one) = (both[0].coin("2"), both[1].coin("1"));
                shop.pay(&deal, &[(both[0], &two, "2"), (both[1], &one, "1")]).unwrap();
                deals.push(deal);
            }
            9..=11 if !deals.is_empty() => {
                let deal = &deals[rng.place(deals.len())];
                let price = deal.terms["amount"].as_str().unwrap().split_once(':').unwrap().1;
                let total = if rng.below(3) == 0 { price } else { "0.04" };
                // Too late, or less than before: the shop is told so.
                let _ = shop.grant(deal, total);
            }
            12..=14 if !deals.is_empty() => {
                let _ = shop.pick_up(&deals[rng.place(deals.len())]);
            }
            15 => {
                let faults = [
                    WrongSignature,
                    UnknownSigningKey,
                    NotFound,
                    WrongTotal,
                    NotJson,
                    LoseAnswer,
                    Status(503),
                    Status(429),
                ];
                let fault = times(u32::try_from(rng.below(3)).unwrap() + 1, faults[rng.place(8)]);
                let at = rng.place(2);
                both[at].misbehave(if rng.below(2) == 0 { tracks(fault) } else { lists(fault) });
            }
            16 if days < 60 => {
                let seconds = [HOUR, DAY, 3 * DAY][rng.place(3)];
                days += seconds / DAY;
                pass(&shop, &both, seconds);
            }
            17 | 18 => {
                shop.settle();
                shop.job();
            }
            19 if step % 3 == 0 => shop.restart(),
            _ => {}
        }
    }
    for exchange in both {
        exchange.behave();
    }
    for pause in [DUE, 2 * DAY, 2 * DAY, 2 * DAY, 2 * DAY] {
        pass(&shop, &both, pause);
        shop.job();
        shop.settle();
    }
    // What is left of each coin at the exchanges, the fees included, is what the lists say.
    let mut theirs: BTreeMap<[u8; 64], i64> = BTreeMap::new();
    for exchange in both {
        for ((_, h_contract), left) in exchange.held() {
            *theirs.entry(h_contract).or_default() += left;
        }
    }
    let mut sum = 0;
    for deal in &deals {
        let state = shop.wire(deal);
        let fee = |fee: Option<Amount>| fee.map_or(0, |fee| units(&fee.to_string()));
        let fees: i64 = state.details.iter().map(|detail| fee(detail.deposit_fee)).sum();
        let left = theirs.get(deal.purchase.h_contract.as_bytes()).copied().unwrap_or_default();
        assert_eq!(wired(&state) + fees, left, "{seed:#x} {:?}: {state:?}", deal.id);
        assert_eq!(codes(&state), [0; 0], "{seed:#x} {:?}", deal.id);
        assert!(state.is_wired || left == 0, "{seed:#x} {:?}: {state:?}", deal.id);
        sum += wired(&state);
    }
    let of_transfers: i64 =
        shop.totals().iter().map(|(total, fee)| units(total) + units(fee)).sum();
    assert_eq!(of_transfers, sum, "{seed:#x}");
    assert_eq!(shop.count("SELECT count(*) FROM settlements WHERE state = 0"), 0, "{seed:#x}");
    assert_eq!(shop.count("SELECT count(*) FROM expected_transfers WHERE validated IS NOT 1"), 0);
}

#[test]
fn money_is_neither_made_nor_lost_on_its_way_to_the_bank_in_a_thousand_random_steps() {
    for (seed, steps) in [(0x5E77_1E01, 400), (0x5E77_1E02, 300), (0x5E77_1E03, 300)] {
        random_history(seed, steps);
    }
}
