//! Wallets pay with coins: what is checked, what the exchange is asked, what is kept, and what goes
//! back (merchant-api 3.3 and 3.5 to 3.8).

use serde_json::{Value, json};
use tilld::sandbox::{Act, Fault, Faults};
use tilld::taler::base32::HashCode;
use tilld::taler::coin::age::AgeMask;
use tilld::taler::sign::merchant::PaymentOk;
use tilld::taler::sign::wallet::OrderUnclaim;
use tilld::taler::sign::{PublicKey, Signature, SigningKey, Statement};

use crate::common::Reply;
use crate::common::exchange::{Coin, Exchange, Purchase, kudos, times};
use crate::common::shop::{Contract, Shop, nonce};

/// A shop that trusts an exchange, and the exchange.
fn market() -> (Shop, Exchange) {
    let exchange = Exchange::start();
    let shop = shop_with(&exchange, "");
    (shop, exchange)
}

fn shop_with(exchange: &Exchange, settings: &str) -> Shop {
    // A bank that the sandbox can wire to.
    let account = "payto://x-taler-bank/localhost/shop?receiver-name=Shop";
    Shop::configured_at(account, &format!("{settings}\n{}", exchange.trusted()))
}

/// An order over `amount` in which the shop bears fees up to one KUDOS.
fn order(amount: &str) -> Value {
    json!({
        "order": {
            "summary": "tea",
            "amount": format!("KUDOS:{amount}"),
            "max_fee": "KUDOS:1",
            "fulfillment_url": "https://shop.example/tea",
        },
        "session_id": "S1",
        "refund_delay": { "d_us": 86_400_000_000_u64 },
    })
}

/// An order that a wallet has claimed.
struct Claimed {
    id: String,
    token: String,
    contract: Contract,
}

fn claimed(shop: &Shop, request: &Value) -> Claimed {
    let (id, token) = shop.made(request);
    let contract = shop.claimed(&id, &token);
    Claimed { id, token, contract }
}

impl Claimed {
    fn purchase(&self) -> Purchase {
        let terms = &self.contract.terms;
        let seconds = |name: &str| terms[name]["t_s"].as_u64().unwrap();
        Purchase {
            h_contract: self.h_contract(),
            h_wire: terms["h_wire"].as_str().unwrap().parse().unwrap(),
            timestamp_s: seconds("timestamp"),
            refund_deadline_s: seconds("refund_deadline"),
            merchant_pub: self.merchant_pub(),
            wallet_data_hash: None,
        }
    }

    fn h_contract(&self) -> HashCode {
        self.contract.h_contract.parse().unwrap()
    }

    fn merchant_pub(&self) -> PublicKey {
        self.contract.terms["merchant_pub"].as_str().unwrap().parse().unwrap()
    }

    /// The body of a payment with these coins, each of them giving so much.
    fn payment(&self, exchange: &Exchange, coins: &[(&Coin, &str)]) -> Value {
        let purchase = self.purchase();
        let coins: Vec<_> =
            coins.iter().map(|(coin, part)| coin.paying(exchange, &purchase, part)).collect();
        json!({ "coins": coins, "session_id": "S1" })
    }

    fn pay(&self, shop: &Shop, body: &Value) -> Reply {
        shop.strange_post(&format!("/orders/{}/pay", self.id), body)
    }

    /// Pays, which must go well; the receipt.
    fn paid(&self, shop: &Shop, exchange: &Exchange, coins: &[(&Coin, &str)]) -> String {
        let reply = self.pay(shop, &self.payment(exchange, coins));
        assert_eq!(reply.status, 200, "{reply:?}");
        reply.json()["sig"].as_str().unwrap().to_owned()
    }

    fn pick_up(&self, shop: &Shop) -> Reply {
        let body = json!({ "h_contract": self.contract.h_contract });
        shop.strange_post(&format!("/orders/{}/refund", self.id), &body)
    }

    fn abort(&self, shop: &Shop, coins: &[&Coin]) -> Reply {
        let coins: Vec<_> = coins
            .iter()
            .map(|coin| {
                json!({
                    "coin_pub": coin.key.public_key(),
                    "contribution": "KUDOS:1",
                    "exchange_url": "https://exchange.example/",
                })
            })
            .collect();
        let body = json!({ "h_contract": self.contract.h_contract, "coins": coins });
        shop.strange_post(&format!("/orders/{}/abort", self.id), &body)
    }

    fn query(&self) -> String {
        format!("?h_contract={}", self.contract.h_contract)
    }
}

#[track_caller]
fn refused(reply: &Reply, status: u16, code: u64) {
    assert_eq!((reply.status, reply.json()["code"].as_u64().unwrap()), (status, code), "{reply:?}");
}

#[test]
fn coins_pay_for_an_order_and_are_deposited_once() {
    let (shop, exchange) = market();
    let claimed = claimed(&shop, &order("5"));
    let (five, half) = (exchange.coin("5"), exchange.coin("0.5"));
    let coins = [(&five, "4.75"), (&half, "0.25")];
    let sig = claimed.paid(&shop, &exchange, &coins);
    let paid = PaymentOk { h_contract: claimed.h_contract() };
    let signature: Signature = sig.parse().unwrap();
    assert!(paid.verify(&claimed.merchant_pub(), &signature));
    assert_eq!(exchange.account_of(&five)["spent"], "KUDOS:4.75");
    assert_eq!(shop.status(&claimed.id, "")["order_status"], "paid");
    assert_eq!(shop.seen(&claimed.id, &claimed.query()).status, 200);

    // Again, in another order, and after a restart: the same answer, and nothing is spent twice.
    let again = claimed.paid(&shop, &exchange, &[(&half, "0.25"), (&five, "4.75")]);
    assert_eq!(again, sig);
    let shop = shop.restarted();
    assert_eq!(claimed.paid(&shop, &exchange, &coins), sig);
    assert_eq!(exchange.account_of(&five)["spent"], "KUDOS:4.75");
    assert_eq!(exchange.account_of(&half)["spent"], "KUDOS:0.25");

    // Other coins come too late and are not even sent.
    let other = exchange.coin("5");
    let reply = claimed.pay(&shop, &claimed.payment(&exchange, &[(&other, "5")]));
    refused(&reply, 409, 2160);
    assert_eq!(exchange.get(&format!("sandbox/coins/{}", other.key.public_key())).status, 404);
}

#[test]
fn whoever_waits_hears_of_a_payment_with_coins() {
    let (shop, exchange) = market();
    let claimed = claimed(&shop, &order("2"));
    let coin = exchange.coin("2");
    let url = "fulfillment_url=https%3A%2F%2Fshop.example%2Ftea&timeout_ms=20000";
    let reply = shop.parked_while(&format!("/sessions/S1?{url}"), || {
        claimed.paid(&shop, &exchange, &[(&coin, "2")]);
    });
    assert_eq!((reply.status, reply.json()["order_id"].clone()), (200, json!(claimed.id)));
}

#[test]
fn coins_that_cannot_pay_are_refused_with_their_reason() {
    let (shop, exchange) = market();
    let claimed = claimed(&shop, &order("5"));
    let (five, one) = (exchange.coin("5"), exchange.coin("1"));
    let pay = |body: &Value| claimed.pay(&shop, body);
    let with = |change: &dyn Fn(&mut Value)| {
        let mut body = claimed.payment(&exchange, &[(&five, "5")]);
        change(&mut body["coins"][0]);
        pay(&body)
    };
    refused(&pay(&json!({})), 400, 25);
    refused(&pay(&json!({ "coins": 5 })), 400, 26);
    refused(&pay(&json!({ "coins": [{}] })), 400, 26);
    refused(&pay(&json!({ "coins": [] })), 400, 2156);
    let twice = claimed.payment(&exchange, &[(&five, "3"), (&five, "2")]);
    refused(&pay(&twice), 400, 26);
    refused(&pay(&claimed.payment(&exchange, &[(&one, "1")])), 400, 2156);
    refused(&pay(&claimed.payment(&exchange, &[(&five, "4"), (&one, "1.01")])), 400, 2156);
    refused(&with(&|coin| coin["exchange_url"] = json!("https://other.example/")), 400, 2025);
    refused(&with(&|coin| coin["h_denom"] = json!(HashCode::new([9; 64]))), 400, 2151);
    refused(&with(&|coin| coin["contribution"] = json!("EUR:5")), 409, 2024);
    refused(&with(&|coin| coin["contribution"] = json!("KUDOS:4.99")), 403, 2157);
    refused(&with(&|coin| coin["coin_sig"] = json!(Signature::new([1; 64]))), 403, 2157);
    refused(&with(&|coin| coin["ub_sig"] = json!(one.ub_sig)), 403, 2157);
    refused(&with(&|coin| coin["coin_pub"] = json!(one.key.public_key())), 403, 2157);
    let unknown = shop.strange_post("/orders/nothing/pay", &json!({ "coins": [] }));
    refused(&unknown, 404, 2005);
    let (unclaimed, _) = shop.made(&order("5"));
    let reply = shop.strange_post(&format!("/orders/{unclaimed}/pay"), &json!({ "coins": [] }));
    refused(&reply, 404, 2005);
    // Nothing of all this has reached the exchange, or stands in the way.
    assert_eq!(exchange.get(&format!("sandbox/coins/{}", five.key.public_key())).status, 404);
    claimed.paid(&shop, &exchange, &[(&five, "5")]);
}

#[test]
fn fees_beyond_what_the_shop_bears_are_the_customers() {
    let (shop, exchange) = market();
    let mut request = order("5");
    request["order"]["max_fee"] = json!("KUDOS:0");
    let claimed = claimed(&shop, &request);
    let coin = exchange.coin("10");
    let fee = coin.denomination.fee_deposit;
    assert!(!fee.is_zero());
    refused(&claimed.pay(&shop, &claimed.payment(&exchange, &[(&coin, "5")])), 400, 2155);
    let with_fee = kudos("5").checked_add(&fee).unwrap().to_string();
    let part = with_fee.trim_start_matches("KUDOS:");
    claimed.paid(&shop, &exchange, &[(&coin, part)]);
}

#[test]
fn data_that_the_wallet_signed_along_are_covered() {
    let (shop, exchange) = market();
    let claimed = claimed(&shop, &order("1"));
    let coin = exchange.coin("1");
    let data = json!({ "choice_index": 0 });
    let hash = tilld::taler::canonical::json_hash(&data).unwrap();
    let purchase = Purchase { wallet_data_hash: Some(hash), ..claimed.purchase() };
    let coins = json!([coin.paying(&exchange, &purchase, "1")]);
    let without = json!({ "coins": coins });
    refused(&claimed.pay(&shop, &without), 403, 2157);
    let reply = claimed.pay(&shop, &json!({ "coins": coins, "wallet_data": data }));
    assert_eq!(reply.status, 200, "{reply:?}");
}

#[test]
fn an_offer_that_has_expired_takes_no_coins() {
    let (shop, exchange) = market();
    let mut request = order("1");
    request["order"]["pay_deadline"] = json!({ "t_s": crate::common::shop::now() + 1 });
    let claimed = claimed(&shop, &request);
    let coin = exchange.coin("1");
    let path = format!("/orders/{}{}&timeout_ms=5000", claimed.id, claimed.query());
    assert_eq!(shop.daemon.get(&path).status, 410);
    refused(&claimed.pay(&shop, &claimed.payment(&exchange, &[(&coin, "1")])), 410, 2161);
}

#[test]
fn a_coin_spent_elsewhere_is_named_and_the_others_stay() {
    let (shop, exchange) = market();
    let first = claimed(&shop, &order("1"));
    let (one, two) = (exchange.coin("1"), exchange.coin("2"));
    first.paid(&shop, &exchange, &[(&one, "1")]);
    let second = claimed(&shop, &order("3"));
    let reply = second.pay(&shop, &second.payment(&exchange, &[(&one, "1"), (&two, "2")]));
    refused(&reply, 409, 2150);
    let body = reply.json();
    assert_eq!(body["exchange_url"], exchange.base_url());
    assert_eq!(
        (&body["exchange_http_status"], &body["exchange_code"]),
        (&json!(409), &json!(1012))
    );
    assert_eq!(body["exchange_reply"]["coin_pub"], json!(one.key.public_key()));
    let other = exchange.coin("1");
    second.paid(&shop, &exchange, &[(&other, "1"), (&two, "2")]);
}

#[test]
fn every_way_of_misbehaving_has_its_answer() {
    let exchange = Exchange::start();
    let shop = shop_with(&exchange, "[exchanges]\nrequest_timeout_s = 1\nattempts = 2");
    let quick = |act| Fault { act, ..Fault::default() };
    for (fault, status, code) in [
        (quick(Act::Status(500)), 502, 2014),
        (quick(Act::Status(503)), 502, 2014),
        (quick(Act::NotJson), 502, 2013),
        (quick(Act::LoseAnswer), 502, 2012),
        (quick(Act::FailAfterwards(500)), 502, 2014),
        (quick(Act::WrongSignature), 502, 2013),
        (quick(Act::UnknownSigningKey), 502, 2013),
        (quick(Act::KycRequired), 451, 2186),
        (quick(Act::Frozen), 451, 2186),
        (quick(Act::DenominationUnknown), 400, 2151),
        (quick(Act::DoubleSpending), 409, 2150),
        (Fault { act: Act::Behave, delay_ms: 20_000, times: None }, 504, 2011),
    ] {
        let claimed = claimed(&shop, &order("1"));
        let coin = exchange.coin("1");
        let body = claimed.payment(&exchange, &[(&coin, "1")]);
        exchange.deposits(fault);
        let reply = claimed.pay(&shop, &body);
        refused(&reply, status, code);
        assert_eq!(reply.json()["exchange_url"], exchange.base_url());
        assert_eq!(shop.status(&claimed.id, "")["order_status"], "claimed", "{fault:?}");
        // Once the exchange behaves, the same request goes through, and the coin is spent once.
        exchange.behave();
        let reply = claimed.pay(&shop, &body);
        assert_eq!(reply.status, 200, "after {fault:?}: {reply:?}");
        assert_eq!(exchange.account_of(&coin)["spent"], "KUDOS:1");
    }
}

#[test]
fn an_exchange_that_stumbles_is_asked_again_while_the_wallet_waits() {
    let (shop, exchange) = market();
    for act in [Act::Status(503), Act::LoseAnswer, Act::FailAfterwards(500), Act::NotJson] {
        let claimed = claimed(&shop, &order("1"));
        let coin = exchange.coin("1");
        exchange.deposits(times(1, act));
        claimed.paid(&shop, &exchange, &[(&coin, "1")]);
        assert_eq!(exchange.account_of(&coin)["spent"], "KUDOS:1");
    }
}

#[test]
fn keys_that_cannot_be_believed_take_no_coins_and_nothing_down() {
    for (act, code) in [
        (Act::OtherMasterKey, 2002),
        (Act::WrongSignature, 2010),
        (Act::NotJson, 2010),
        (Act::Status(500), 2014),
    ] {
        let exchange = Exchange::start();
        let coin = exchange.coin("1");
        exchange.misbehave(Faults { keys: Some(act.into()), ..Faults::default() });
        let shop = shop_with(&exchange, "[exchanges]\nattempts = 1");
        let claimed = claimed(&shop, &order("1"));
        let body = claimed.payment(&exchange, &[(&coin, "1")]);
        refused(&claimed.pay(&shop, &body), 502, code);
        assert_eq!(shop.daemon.get("/config").status, 200);
        // With a counter beside it the shop goes on selling.
        assert_eq!(shop.pay(&claimed.id, &json!({ "method": "cash" })).status, 200);
    }
}

#[test]
fn a_payment_at_the_counter_wins_over_coins_whose_answer_was_lost() {
    let exchange = Exchange::start();
    let shop = shop_with(&exchange, "[exchanges]\nrequest_timeout_s = 1\nattempts = 1");
    let claimed = claimed(&shop, &order("1"));
    let coin = exchange.coin("1");
    let body = claimed.payment(&exchange, &[(&coin, "1")]);
    exchange.deposits(Act::LoseAnswer);
    assert_eq!(claimed.pay(&shop, &body).status, 502);
    let reply = shop.pay(&claimed.id, &json!({ "method": "cash" }));
    assert_eq!(reply.status, 200, "{reply:?}");
    exchange.behave();
    // The daemon finds out by itself that the exchange has the coin, and gives it back.
    refused(&claimed.pay(&shop, &body), 409, 2160);
    let shop = shop.restarted();
    await_account(&exchange, &coin, "refunded", "KUDOS:0.99");
    assert_eq!(shop.status(&claimed.id, "")["refund_amount"], "KUDOS:0");
}

/// Waits until the exchange says so of a coin.
fn await_account(exchange: &Exchange, coin: &Coin, member: &str, wanted: &str) {
    let started = std::time::Instant::now();
    while exchange.account_of(coin)[member] != wanted {
        let account = exchange.account_of(coin);
        assert!(started.elapsed() < crate::common::PATIENCE, "{account}");
        std::thread::park_timeout(std::time::Duration::from_millis(20));
    }
}

#[test]
fn a_payment_that_the_daemon_did_not_live_to_see_is_finished_by_the_next() {
    let exchange = Exchange::start();
    let shop = shop_with(&exchange, "[exchanges]\nrequest_timeout_s = 1\nattempts = 1");
    let claimed = claimed(&shop, &order("1"));
    let coin = exchange.coin("1");
    exchange.deposits(Act::LoseAnswer);
    assert_eq!(claimed.pay(&shop, &claimed.payment(&exchange, &[(&coin, "1")])).status, 502);
    exchange.behave();
    let shop = shop.restarted();
    let path = format!("/orders/{}{}&timeout_ms=20000", claimed.id, claimed.query());
    assert_eq!(shop.daemon.get(&path).status, 200);
    let session = "/sessions/S1?fulfillment_url=https%3A%2F%2Fshop.example%2Ftea";
    assert_eq!(shop.daemon.get(session).status, 200);
}

#[test]
fn a_refund_is_fetched_by_the_wallet_and_ends_its_wait() {
    let (shop, exchange) = market();
    let claimed = claimed(&shop, &order("5"));
    let (five, one) = (exchange.coin("5"), exchange.coin("1"));
    claimed.paid(&shop, &exchange, &[(&five, "4"), (&one, "1")]);

    let none = claimed.pick_up(&shop);
    assert_eq!((none.status, none.json()["refunds"].clone()), (200, json!([])));
    assert_eq!(shop.refund(&claimed.id, "KUDOS:4.5").status, 200);
    let seen = shop.seen(&claimed.id, &claimed.query()).json();
    assert_eq!((&seen["refund_pending"], &seen["refund_taken"]), (&json!(true), &json!("KUDOS:0")));
    // The exchange knows nothing before the wallet asks.
    assert_eq!(exchange.account_of(&five)["refunded"], "KUDOS:0");
    let waiting = format!(
        "/orders/{}{}&await_refund_obtained=yes&timeout_ms=20000",
        claimed.id,
        claimed.query()
    );
    let reply = shop.parked_while(&waiting, || {
        let reply = claimed.pick_up(&shop);
        assert_eq!(reply.status, 200, "{reply:?}");
        let body = reply.json();
        assert_eq!(body["refund_amount"], "KUDOS:4.5");
        assert_eq!(body["merchant_pub"], json!(claimed.merchant_pub()));
        let refunds = body["refunds"].as_array().unwrap();
        assert_eq!(refunds.len(), 2);
        for refund in refunds {
            assert_eq!(
                (&refund["type"], &refund["exchange_status"]),
                (&json!("success"), &json!(200))
            );
            confirmed(&claimed, refund);
        }
    });
    assert_eq!(reply.json()["refund_taken"], "KUDOS:4.5");
    // Less the fee, which the exchange keeps of each.
    assert_eq!(exchange.account_of(&five)["refunded"], "KUDOS:3.99");
    assert_eq!(exchange.account_of(&one)["refunded"], "KUDOS:0.49");
    // Again, and after a restart: the same signatures.
    let before = claimed.pick_up(&shop).json();
    let shop = shop.restarted();
    assert_eq!(claimed.pick_up(&shop).json(), before);
    // The rest.
    assert_eq!(shop.refund(&claimed.id, "KUDOS:5").status, 200);
    claimed.pick_up(&shop);
    assert_eq!(exchange.account_of(&one)["refunded"], "KUDOS:0.98");
    refused(&shop.refund(&claimed.id, "KUDOS:5.01"), 409, 2530);
}

/// Checks the exchange's signature on a refund.
fn confirmed(claimed: &Claimed, refund: &Value) {
    let read = |name: &str| refund[name].as_str().unwrap();
    let statement = tilld::taler::sign::exchange::RefundConfirmation {
        h_contract: claimed.h_contract(),
        coin_pub: read("coin_pub").parse().unwrap(),
        merchant_pub: claimed.merchant_pub(),
        rtransaction_id: refund["rtransaction_id"].as_u64().unwrap(),
        amount: tilld::domain::amount::Amount::parse(read("refund_amount")).unwrap().to_nbo(),
    };
    let key: PublicKey = read("exchange_pub").parse().unwrap();
    assert!(statement.verify(&key, &read("exchange_sig").parse().unwrap()), "{refund}");
}

#[test]
fn a_refund_that_the_exchange_does_not_answer_is_finished_later() {
    let exchange = Exchange::start();
    let shop = shop_with(&exchange, "[exchanges]\nrequest_timeout_s = 1\nattempts = 1");
    let claimed = claimed(&shop, &order("1"));
    let coin = exchange.coin("1");
    claimed.paid(&shop, &exchange, &[(&coin, "1")]);
    assert_eq!(shop.refund(&claimed.id, "KUDOS:1").status, 200);
    for (act, status) in
        [(Act::Status(503), 503), (Act::WrongSignature, 502), (Act::LoseAnswer, 504)]
    {
        exchange.misbehave(Faults { refund: Some(act.into()), ..Faults::default() });
        let reply = claimed.pick_up(&shop);
        assert_eq!(reply.status, 200, "{reply:?}");
        let refund = &reply.json()["refunds"][0];
        assert_eq!(
            (&refund["type"], &refund["exchange_status"]),
            (&json!("failure"), &json!(status))
        );
    }
    exchange.behave();
    // Nobody asks again but the daemon.
    let shop = shop.restarted();
    let path = format!(
        "/orders/{}{}&await_refund_obtained=yes&timeout_ms=20000",
        claimed.id,
        claimed.query()
    );
    assert_eq!(shop.daemon.get(&path).json()["refund_taken"], "KUDOS:1");
}

#[test]
fn a_refund_below_its_fee_is_refused_when_it_is_granted() {
    let (shop, exchange) = market();
    let claimed = claimed(&shop, &order("5"));
    let coin = exchange.coin("5");
    claimed.paid(&shop, &exchange, &[(&coin, "5")]);
    refused(&shop.refund(&claimed.id, "KUDOS:0.00000001"), 409, 2530);
    let wrong = json!({ "h_contract": HashCode::new([1; 64]) });
    refused(&shop.strange_post(&format!("/orders/{}/refund", claimed.id), &wrong), 403, 2009);
    refused(&shop.strange_post("/orders/nothing/refund", &wrong), 404, 2005);
}

#[test]
fn what_was_paid_in_cash_is_not_for_the_wallet_to_fetch() {
    let (shop, _exchange) = market();
    let claimed = claimed(&shop, &order("5"));
    assert_eq!(claimed.pick_up(&shop).status, 204);
    assert_eq!(shop.pay(&claimed.id, &json!({ "method": "cash" })).status, 200);
    assert_eq!(shop.refund(&claimed.id, "KUDOS:1").status, 200);
    assert_eq!(claimed.pick_up(&shop).status, 204);
}

#[test]
fn an_unfinished_payment_can_be_aborted() {
    let (shop, exchange) = market();
    let claimed = claimed(&shop, &order("3"));
    let (one, two, stranger) = (exchange.coin("1"), exchange.coin("2"), exchange.coin("1"));
    // One coin of two exchanges' worth: the payment needs both, and one of them is spent elsewhere.
    let elsewhere = self::claimed(&shop, &order("2"));
    elsewhere.paid(&shop, &exchange, &[(&two, "2")]);
    let first = claimed.payment(&exchange, &[(&one, "1"), (&two, "2")]);
    refused(&claimed.pay(&shop, &first), 409, 2150);
    // All or nothing: the exchange has taken neither.
    let reply = claimed.abort(&shop, &[&one, &stranger]);
    assert_eq!(reply.status, 200, "{reply:?}");
    let undeposited = json!({ "type": "undeposited" });
    assert_eq!(reply.json()["refunds"], json!([undeposited, undeposited]));

    // Now one is there, for its answer was lost.
    let exchange_only = claimed.payment(&exchange, &[(&one, "1"), (&exchange.coin("2"), "2")]);
    exchange.deposits(Act::FailAfterwards(500));
    assert_eq!(claimed.pay(&shop, &exchange_only).status, 502);
    exchange.behave();
    let reply = claimed.abort(&shop, &[&one]);
    let aborted = &reply.json()["refunds"][0];
    assert_eq!((&aborted["type"], &aborted["exchange_status"]), (&json!("success"), &json!(200)));
    assert_eq!(exchange.account_of(&one)["refunded"], "KUDOS:0.99");
    let again = claimed.abort(&shop, &[&one]);
    assert_eq!(again.json(), reply.json());
    // It has had its chance.
    refused(&claimed.pay(&shop, &exchange_only), 402, 2167);
    assert_eq!(shop.status(&claimed.id, "")["order_status"], "claimed");
    claimed.paid(&shop, &exchange, &[(&exchange.coin("5"), "3")]);
    refused(&claimed.abort(&shop, &[&one]), 412, 2254);
}

#[test]
fn what_cannot_be_aborted_is_said_so() {
    let (shop, exchange) = market();
    let claimed = claimed(&shop, &order("3"));
    let coin = exchange.coin("1");
    refused(&claimed.abort(&shop, &[]), 400, 2256);
    let body = json!({
        "h_contract": HashCode::new([1; 64]),
        "coins": [{ "coin_pub": coin.key.public_key() }],
    });
    refused(&shop.strange_post(&format!("/orders/{}/abort", claimed.id), &body), 403, 2255);
    refused(&shop.strange_post("/orders/nothing/abort", &body), 404, 2253);
    let (unclaimed, _) = shop.made(&order("3"));
    refused(&shop.strange_post(&format!("/orders/{unclaimed}/abort"), &body), 404, 2253);
}

#[test]
fn a_wallet_gives_an_order_back_and_another_may_have_it() {
    let (shop, exchange) = market();
    let claimed = claimed(&shop, &order("1"));
    let path = format!("/orders/{}/unclaim", claimed.id);
    let body = |seed: u8, hash: HashCode| {
        let key = SigningKey::from_seed([seed; 32]);
        let unclaim_sig = OrderUnclaim { h_contract: hash }.sign(&key);
        json!({ "nonce": key.public_key(), "h_contract": hash, "unclaim_sig": unclaim_sig })
    };
    let mut forged = body(1, claimed.h_contract());
    forged["unclaim_sig"] = json!(Signature::new([1; 64]));
    refused(&shop.strange_post(&path, &forged), 403, 2303);
    refused(&shop.strange_post(&path, &body(2, claimed.h_contract())), 404, 2300);
    refused(&shop.strange_post(&path, &body(1, HashCode::new([7; 64]))), 404, 2300);
    let right = body(1, claimed.h_contract());
    refused(&shop.strange_post("/orders/nothing/unclaim", &right), 404, 2300);
    assert_eq!(shop.strange_post(&path, &right).status, 204);
    assert_eq!(shop.status(&claimed.id, "")["order_status"], "unpaid");
    assert_eq!(shop.claim(&claimed.id, &claimed.token, &nonce(2)).status, 200);
    refused(&shop.strange_post(&path, &right), 404, 2300);

    let paid = self::claimed(&shop, &order("1"));
    paid.paid(&shop, &exchange, &[(&exchange.coin("1"), "1")]);
    let path = format!("/orders/{}/unclaim", paid.id);
    refused(&shop.strange_post(&path, &body(1, paid.h_contract())), 404, 2300);
}

#[test]
fn an_age_is_asked_for_only_of_coins_that_tell_it() {
    let (shop, exchange) = market();
    let mut request = order("1");
    request["order"]["minimum_age"] = json!(18);
    let claimed = claimed(&shop, &request);
    let kinds = exchange.denominations();
    let young = kinds.iter().find(|kind| kind.ages != AgeMask::NONE).unwrap();
    let keys: Vec<_> = (0..young.ages.upper_groups())
        .map(|group| SigningKey::from_seed([u8::try_from(group).unwrap() + 1; 32]))
        .collect();
    let public: Vec<_> = keys.iter().map(SigningKey::public_key).collect();
    let commitment = tilld::taler::coin::age::AgeCommitment::new(public.clone());
    let coin = exchange.coin_of(young, Some(commitment.hash()));
    let proof = tilld::taler::sign::wallet::AgeAttestation { age_mask: young.ages.bits(), age: 18 };
    let group = usize::try_from(young.ages.group_of(18)).unwrap();
    let mut body = claimed.payment(&exchange, &[(&coin, "1")]);
    body["coins"][0].as_object_mut().unwrap().remove("h_age_commitment");
    refused(&claimed.pay(&shop, &body), 400, 2171);
    body["coins"][0]["age_commitment"] = json!(public[1..]);
    refused(&claimed.pay(&shop, &body), 400, 2172);
    body["coins"][0]["age_commitment"] = json!(public);
    refused(&claimed.pay(&shop, &body), 400, 2173);
    body["coins"][0]["minimum_age_sig"] = json!(proof.sign(&keys[group - 1]));
    let reply = claimed.pay(&shop, &body);
    assert_eq!(reply.status, 200, "{reply:?}");

    // A contract that asks for no age only wants to know the commitment's hash.
    let open = self::claimed(&shop, &order("1"));
    let coin = exchange.coin_of(young, Some(commitment.hash()));
    let mut body = open.payment(&exchange, &[(&coin, "1")]);
    let hash = body["coins"][0].as_object_mut().unwrap().remove("h_age_commitment").unwrap();
    refused(&open.pay(&shop, &body), 400, 2174);
    body["coins"][0]["h_age_commitment"] = hash;
    assert_eq!(open.pay(&shop, &body).status, 200);
}

/// Numbers that look like chance and are the same each time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }

    /// A place in a list of so many.
    fn place(&mut self, places: usize) -> usize {
        usize::try_from(self.below(u64::try_from(places).unwrap())).unwrap()
    }
}

/// Sends a request, and kills the daemon some moments later; the shop after its restart.
fn killed_during(shop: Shop, path: &str, body: &Value, after_us: u64) -> Shop {
    let request = shop.daemon.ask("POST", path).json(body).request;
    let asked = std::thread::spawn(move || drop(request.send()));
    std::thread::park_timeout(std::time::Duration::from_micros(after_us));
    let shop = shop.restarted();
    asked.join().unwrap();
    shop
}

#[test]
fn a_daemon_that_is_killed_at_any_moment_takes_each_coin_once() {
    let (mut shop, exchange) = market();
    let mut dice = Dice(0x5EED);
    for round in 0..200 {
        let claimed = claimed(&shop, &order("1"));
        let coin = exchange.coin("1");
        let body = claimed.payment(&exchange, &[(&coin, "1")]);
        let path = format!("/orders/{}/pay", claimed.id);
        shop = killed_during(shop, &path, &body, dice.below(9_000));
        let reply = claimed.pay(&shop, &body);
        assert_eq!(reply.status, 200, "round {round}: {reply:?}");
        assert_eq!(exchange.account_of(&coin)["spent"], "KUDOS:1", "round {round}");
        if round % 2 == 0 {
            continue;
        }
        assert_eq!(shop.refund(&claimed.id, "KUDOS:0.4").status, 200);
        let path = format!("/orders/{}/refund", claimed.id);
        let body = json!({ "h_contract": claimed.contract.h_contract });
        shop = killed_during(shop, &path, &body, dice.below(6_000));
        let reply = claimed.pick_up(&shop);
        assert_eq!(reply.status, 200, "round {round}: {reply:?}");
        confirmed(&claimed, &reply.json()["refunds"][0]);
        assert_eq!(exchange.account_of(&coin)["refunded"], "KUDOS:0.39", "round {round}");
        let seen = shop.seen(&claimed.id, &claimed.query()).json();
        assert_eq!(seen["refund_taken"], "KUDOS:0.4", "round {round}");
    }
    let findings = shop.place.run(&["check"]);
    assert!(findings.status.success(), "{findings:?}");
}

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
    exchange.deposits(Act::KycRequired);
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

/// So many hundredths.
fn cents(amount: &tilld::domain::amount::Amount) -> u64 {
    amount.value() * 100 + u64::from(amount.fraction()) / 1_000_000
}

#[test]
fn money_is_neither_made_nor_lost_in_a_thousand_steps() {
    let exchange = Exchange::start();
    let mut shop = shop_with(&exchange, "[exchanges]\nrequest_timeout_s = 1\nattempts = 2");
    let mut dice = Dice(0xCA5E);
    // What is paid for, with which coin, and how much of it went back, in hundredths.
    let mut sold: Vec<(Claimed, Coin, u64)> = Vec::new();
    let mut earned = 0;
    for step in 0..1_000 {
        match dice.below(12) {
            0..=4 => {
                let value = ["0.2", "0.5", "1"][dice.place(3)];
                let claimed = claimed(&shop, &order(value));
                let coin = exchange.coin(value);
                if dice.below(4) == 0 {
                    exchange.deposits(times(1, Act::LoseAnswer));
                }
                claimed.paid(&shop, &exchange, &[(&coin, value)]);
                earned += cents(&coin.denomination.value) - cents(&coin.denomination.fee_deposit);
                sold.push((claimed, coin, 0));
            }
            5 => {
                let claimed = claimed(&shop, &order("0.2"));
                let coin = exchange.coin("0.2");
                exchange.deposits(Act::FailAfterwards(500));
                let reply = claimed.pay(&shop, &claimed.payment(&exchange, &[(&coin, "0.2")]));
                assert_eq!(reply.status, 502, "step {step}: {reply:?}");
                exchange.behave();
                let reply = claimed.abort(&shop, &[&coin]);
                assert_eq!(reply.json()["refunds"][0]["type"], "success", "step {step}: {reply:?}");
            }
            6..=8 if !sold.is_empty() => {
                let place = dice.place(sold.len());
                let (claimed, coin, back) = &mut sold[place];
                let more = 5;
                if *back + more > cents(&coin.denomination.value) / 2 {
                    continue;
                }
                *back += more;
                let total = format!("KUDOS:0.{back:02}");
                let reply = shop.refund(&claimed.id, &total);
                assert_eq!(reply.status, 200, "step {step}: {reply:?}");
                if dice.below(3) == 0 {
                    let refund = Some(times(2, Act::LoseAnswer));
                    exchange.misbehave(Faults { refund, ..Faults::default() });
                    claimed.pick_up(&shop);
                    exchange.behave();
                }
                let reply = claimed.pick_up(&shop);
                assert_eq!(reply.status, 200, "step {step}: {reply:?}");
                earned -= more;
            }
            9 if !sold.is_empty() => {
                let place = dice.place(sold.len());
                let (spent, other) = (&sold[place].1, claimed(&shop, &order("0.2")));
                let reply = other.pay(&shop, &other.payment(&exchange, &[(spent, "0.2")]));
                // What was given back can be spent again, and some of these have.
                if reply.status == 200 {
                    earned += 20 - cents(&spent.denomination.fee_deposit).min(20);
                } else {
                    assert_eq!(reply.status, 409, "step {step}: {reply:?}");
                }
            }
            10 if dice.below(4) == 0 => shop = shop.restarted(),
            _ => {}
        }
    }
    let ledger = exchange.ledger();
    let of = |name: &str| {
        cents(&tilld::domain::amount::Amount::parse(ledger[name].as_str().unwrap()).unwrap())
    };
    assert_eq!(of("topped_up"), of("reserves") + of("coins") + of("merchants") + of("fees"));
    let merchant = sold[0].0.merchant_pub().to_string();
    let ours = ledger["by_merchant"][&merchant].as_str().unwrap();
    assert_eq!(cents(&tilld::domain::amount::Amount::parse(ours).unwrap()), earned, "{ledger}");
    for (claimed, _, back) in &sold {
        let status = shop.status(&claimed.id, "");
        assert_eq!(
            status["refund_amount"],
            json!(
                tilld::domain::amount::Amount::parse(format!(
                    "KUDOS:{}.{:02}",
                    back / 100,
                    back % 100
                ))
                .unwrap()
            )
        );
    }
    let findings = shop.place.run(&["check"]);
    assert!(findings.status.success(), "{findings:?}");
}
