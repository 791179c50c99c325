//! Tests against a fake exchange that answers correctly and one that does not.

use std::net::TcpListener;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::json;

use super::fake_exchange::{FakeExchange, Turn};
use super::*;
use taler::base32::ShortHash;
use taler::base32::{HashCode, Salt};
use taler::coin::age::AgeCommitment;
use taler::coin::permission::Coin;
use taler::exchange::sample::{START_S, Sample, after, amount};
use taler::hash;
use taler::payto::Payto;
use taler::sign::exchange::{TransferConfirmation, TransferredDeposit, WireConfirmation};
use taler::sign::{Signature, SigningKey, Statement};
use taler::web::BaseUrl;

impl FakeExchange {
    fn exchange(&self, now: &Now) -> Exchange {
        self.exchange_with(now, None, |_| ())
    }

    fn exchange_with(
        &self,
        now: &Now,
        remembered: Option<PersistedKeys>,
        remember: impl Fn(&PersistedKeys) + Send + Sync + 'static,
    ) -> Exchange {
        Exchange::new(self.sample.trusted(), http(), now.clock(), remembered, remember)
    }
}

/// A clock that tests move.
#[derive(Clone)]
struct Now(Arc<AtomicU64>);

impl Now {
    fn at(secs: u64) -> Self {
        Self(Arc::new(AtomicU64::new(START_S + secs)))
    }

    fn passes(&self, secs: u64) {
        self.0.fetch_add(secs, Ordering::SeqCst);
    }

    fn is_set_back(&self, secs: u64) {
        self.0.fetch_sub(secs, Ordering::SeqCst);
    }

    fn clock(&self) -> Clock {
        let now = self.0.clone();
        Clock::from_fn(move || Duration::from_secs(now.load(Ordering::SeqCst)))
    }
}

fn http() -> Http {
    Http::new(Times {
        connect: Duration::from_secs(1),
        request: Duration::from_millis(250),
        download: Duration::from_secs(2),
        overall: Duration::from_secs(3),
        attempts: 3,
        pause: Duration::from_millis(4),
    })
}

fn deposit() -> Deposit {
    let payto = Payto::parse("payto://iban/DE75512108001245126199?receiver-name=Shop").unwrap();
    let wire_salt = Salt::new([3; 16]);
    let [(_, plain, none), (_, aged, ages), _] = Sample::denominations();
    let coin = |byte: u8, h_denom, contribution| Coin {
        coin_pub: PublicKey::new([byte; 32]),
        coin_sig: Signature::new([byte; 64]),
        ub_sig: serde_json::from_value(json!({ "cipher": "RSA", "rsa_signature": "G40G" }))
            .unwrap(),
        h_denom,
        contribution: amount(contribution),
        exchange_url: BaseUrl::parse("https://exchange.example/").unwrap(),
        minimum_age_sig: None,
        age_commitment: None,
        h_age_commitment: None,
    };
    let keys = vec![PublicKey::new([8; 32]), PublicKey::new([9; 32])];
    let grown = Coin { age_commitment: Some(keys), ..coin(2, aged.hash(ages), "KUDOS:0.5") };
    Deposit {
        merchant_pub: PublicKey::new([4; 32]),
        merchant_sig: Signature::new([4; 64]),
        h_contract: hash::sha512(b"a contract"),
        h_wire: payto.h_wire(&wire_salt),
        wallet_data_hash: None,
        timestamp: after(1),
        refund_deadline: None,
        wire_transfer_deadline: after(500),
        coins: vec![coin(1, plain.hash(none), "KUDOS:1"), grown],
        payto,
        wire_salt,
    }
}

fn refund() -> CoinRefund {
    CoinRefund {
        coin_pub: PublicKey::new([1; 32]),
        h_contract: hash::sha512(b"a contract"),
        merchant_pub: PublicKey::new([4; 32]),
        rtransaction_id: 7,
        amount: amount("KUDOS:0.5"),
        merchant_sig: Signature::new([5; 64]),
    }
}

async fn deposits(peer: &FakeExchange) -> Result<DepositConfirmed, Error> {
    counted(peer).await.map_err(|failed| failed.error)
}

async fn counted(peer: &FakeExchange) -> Result<DepositConfirmed, NotConfirmed> {
    let exchange = peer.exchange(&Now::at(100));
    let keys = exchange.keys().await.unwrap();
    exchange.deposit(&keys, &deposit()).await
}

#[actix_web::test]
async fn an_answer_is_told_with_how_often_the_request_was_sent() {
    let peer = FakeExchange::start();
    let refusal = || Turn::Says(409, json!({ "code": 1012 }));
    let sent = async || counted(&peer).await.unwrap_err().sent;
    peer.turn([refusal()]);
    assert_eq!(sent().await, Sendings::One);
    peer.turn([Turn::Sleeps, refusal()]);
    assert_eq!(sent().await, Sendings::Several);
    peer.turn([Turn::Says(503, json!({})), refusal()]);
    assert_eq!(sent().await, Sendings::Several);
    peer.turn([Turn::Errs, refusal()]);
    assert_eq!(sent().await, Sendings::Several);
    peer.turn((0..3).map(|_| Turn::Sleeps));
    assert_eq!(sent().await, Sendings::Several);

    // Where nobody listens, nothing is sent, however often it is tried.
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let exchange = peer.exchange(&Now::at(100));
    let keys = exchange.keys().await.unwrap();
    let trusted = Trusted {
        base_url: BaseUrl::parse(format!("http://{gone}/")).unwrap(),
        ..peer.sample.trusted()
    };
    let nobody = Exchange::new(trusted, http(), Now::at(100).clock(), None, |_| ());
    let failed = nobody.deposit(&keys, &deposit()).await.unwrap_err();
    assert!(matches!(failed.error, Error::Unreachable(_)), "{failed:?}");
    assert_eq!(failed.sent, Sendings::None);
}

#[actix_web::test]
async fn whether_a_deposit_is_there_is_told_and_believed_only_in_the_exchanges_own_words() {
    let peer = FakeExchange::start();
    let exchange = peer.exchange(&Now::at(100));
    let keys = exchange.keys().await.unwrap();
    let merchant = SigningKey::from_seed([6; 32]);
    let which = WhichDeposit {
        coin_pub: PublicKey::new([1; 32]),
        h_contract: HashCode::new([2; 64]),
        h_wire: HashCode::new([3; 64]),
    };
    let statement = WireConfirmation {
        h_wire: which.h_wire,
        h_contract: which.h_contract,
        wtid: ShortHash::new([7; 32]),
        coin_pub: which.coin_pub,
        execution_time_us: after(50).to_micros(),
        coin_contribution: amount("KUDOS:0.9").to_nbo(),
    };
    let key = &peer.sample.signing;
    let wired = |coin_contribution: &str, key: &SigningKey| {
        json!({
            "wtid": statement.wtid, "execution_time": after(50),
            "coin_contribution": coin_contribution,
            "exchange_pub": key.public_key(), "exchange_sig": statement.sign(key),
        })
    };
    let says = async |status, reply| {
        peer.turn([Turn::Says(status, reply)]);
        exchange.deposit_state(&keys, &which, &merchant).await
    };
    assert_eq!(says(404, json!({ "code": 1100 })).await, Ok(DepositState::Unknown));
    for (kyc_ok, requirement_row) in [(true, None), (false, Some(7))] {
        let waiting = json!({
            "execution_time": after(500), "kyc_ok": kyc_ok, "requirement_row": requirement_row,
        });
        let execution_time = after(500);
        let expected = NotWired { execution_time, kyc_ok, requirement_row, account_pub: None };
        assert_eq!(says(202, waiting).await, Ok(DepositState::Waiting(expected)));
    }
    let Ok(DepositState::Wired(told)) = says(200, wired("KUDOS:0.9", key)).await else { panic!() };
    assert_eq!(told.coin_contribution, amount("KUDOS:0.9"));
    assert_eq!((told.wtid, told.execution_time), (statement.wtid, after(50)));
    let path = peer.asked.lock().unwrap().last().unwrap().0.clone();
    let named = format!(
        "/deposits/{}/{}/{}/{}",
        which.h_wire,
        merchant.public_key(),
        which.h_contract,
        which.coin_pub
    );
    assert_eq!(path, named);

    // A closed port is no answer of the exchange.
    for reply in [json!({}), json!({ "code": 21 }), json!({ "code": 1005 })] {
        assert!(matches!(says(404, reply).await, Err(Error::Refused { status: 404, .. })));
    }
    assert!(matches!(says(403, json!({ "code": 1106 })).await, Err(Error::Refused { .. })));
    peer.turn([Turn::Says(200, wired("KUDOS:0.91", key))]);
    let lie = exchange.deposit_state(&keys, &which, &merchant).await;
    assert_eq!(lie, Err(Error::Unconfirmed));
    let stranger = SigningKey::from_seed([9; 32]);
    assert!(says(200, wired("KUDOS:0.9", &stranger)).await.is_err());
    assert!(says(202, json!({})).await.is_err());
}

/// A transfer of one deposit, signed with `key`.
fn transfer(key: &SigningKey) -> TransferReport {
    let deposit = ReportedDeposit {
        h_contract_terms: HashCode::new([2; 64]),
        coin_pub: PublicKey::new([1; 32]),
        deposit_value: amount("KUDOS:1"),
        deposit_fee: amount("KUDOS:0.02"),
        refund_total: None,
    };
    let listed = TransferredDeposit {
        h_contract: deposit.h_contract_terms,
        coin_pub: deposit.coin_pub,
        deposit_value: deposit.deposit_value.to_nbo(),
        deposit_fee: deposit.deposit_fee.to_nbo(),
    };
    let (total, wire_fee) = (amount("KUDOS:0.97"), amount("KUDOS:0.01"));
    let statement = TransferConfirmation {
        total: total.to_nbo(),
        wire_fee: wire_fee.to_nbo(),
        merchant_pub: PublicKey::new([4; 32]),
        h_payto: ShortHash::new([5; 32]),
        execution_time_us: after(50).to_micros(),
        deposits: &[listed],
    };
    TransferReport {
        total,
        wire_fee,
        merchant_pub: statement.merchant_pub,
        h_payto: statement.h_payto,
        execution_time: after(50),
        deposits: vec![deposit],
        exchange_pub: key.public_key(),
        exchange_sig: statement.sign(key),
    }
}

#[actix_web::test]
async fn what_a_transfer_paid_for_counts_only_with_a_signature_of_the_exchange() {
    let peer = FakeExchange::start();
    let exchange = peer.exchange(&Now::at(100));
    let keys = exchange.keys().await.unwrap();
    let wtid = ShortHash::new([7; 32]);
    let good = transfer(&peer.sample.signing);
    let says = async |turn| {
        peer.turn([turn]);
        exchange.transfer(&keys, &wtid).await
    };
    let told = |report: &TransferReport| Turn::Says(200, json!(report));
    assert_eq!(says(told(&good)).await, Ok(good.clone()));
    let path = peer.asked.lock().unwrap().last().unwrap().0.clone();
    assert_eq!(path, format!("/transfers/{wtid}"));

    // Each member is signed, but for what was refunded, which follows from the others.
    let changes: [fn(&mut TransferReport); 7] = [
        |report| report.total = amount("KUDOS:0.98"),
        |report| report.wire_fee = amount("KUDOS:0.02"),
        |report| report.merchant_pub = PublicKey::new([9; 32]),
        |report| report.h_payto = ShortHash::ZERO,
        |report| report.execution_time = after(51),
        |report| report.deposits[0].deposit_value = amount("KUDOS:2"),
        |report| report.deposits.clear(),
    ];
    for (number, change) in changes.iter().enumerate() {
        let mut report = good.clone();
        change(&mut report);
        assert_eq!(says(told(&report)).await, Err(Error::Unconfirmed), "{number}");
    }
    let stranger = SigningKey::from_seed([9; 32]);
    let answer = says(told(&transfer(&stranger))).await;
    assert_eq!(answer, Err(Error::UnknownSigningKey(stranger.public_key())));
}

#[actix_web::test]
async fn an_exchange_that_does_not_list_a_transfer_says_why_and_takes_no_memory() {
    let peer = FakeExchange::start();
    let exchange = peer.exchange(&Now::at(100));
    let keys = exchange.keys().await.unwrap();
    let asks = async |turns: Vec<Turn>| {
        peer.turn(turns);
        exchange.transfer(&keys, &ShortHash::ZERO).await.unwrap_err()
    };
    let unknown = asks(vec![Turn::Says(404, json!({ "code": 1451 }))]).await;
    assert_eq!((unknown.status(), unknown.code()), (Some(404), Some(1451)));
    assert_eq!(asks(vec![Turn::Floods]).await, Error::TooLarge);
    let busy = || Turn::Says(429, json!({ "code": 74 }));
    assert_eq!(asks((0..3).map(|_| busy()).collect()).await.status(), Some(429));
    let odd = asks(vec![Turn::Says(200, json!({ "total": "KUDOS:1" }))]).await;
    assert!(matches!(odd, Error::Malformed(_)), "{odd}");
}

#[actix_web::test]
async fn a_deposit_is_asked_for_in_the_newest_form_and_confirmed() {
    let peer = FakeExchange::start();

    let confirmed = deposits(&peer).await.unwrap();

    assert_eq!(confirmed.exchange_pub, peer.sample.signing.public_key());
    assert_eq!(confirmed.exchange_timestamp, after(9));
    let (path, mut body) = peer.asked.lock().unwrap()[0].clone();
    assert_eq!(path, "/batch-deposit");
    let members = body.as_object_mut().unwrap();
    let coins = members.remove("coins").unwrap();
    let names: Vec<_> = members.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "h_contract_terms",
            "merchant_payto_uri",
            "merchant_pub",
            "merchant_sig",
            "timestamp",
            "wire_salt",
            "wire_transfer_deadline",
        ]
    );
    let coin = |coin: &Coin| {
        json!({
            "coin_pub": coin.coin_pub,
            "denom_pub_hash": coin.h_denom,
            "ub_sig": { "cipher": "RSA", "rsa_signature": "G40G" },
            "contribution": coin.contribution,
            "coin_sig": coin.coin_sig,
        })
    };
    let mut expected: Vec<_> = deposit().coins.iter().map(coin).collect();
    let commitment = AgeCommitment::new(deposit().coins[1].age_commitment.clone().unwrap());
    expected[1]["h_age_commitment"] = json!(commitment.hash());
    assert_eq!(coins, json!(expected));
}

#[actix_web::test]
async fn deadlines_and_wallet_data_go_along_when_there_are_any() {
    let peer = FakeExchange::start();
    let exchange = peer.exchange(&Now::at(100));
    let keys = exchange.keys().await.unwrap();
    let deposit = Deposit {
        refund_deadline: Some(after(300)),
        wallet_data_hash: Some(HashCode::new([6; 64])),
        ..deposit()
    };

    exchange.deposit(&keys, &deposit).await.unwrap();

    let body = peer.asked.lock().unwrap()[0].1.clone();
    assert_eq!(body["refund_deadline"], json!(after(300)));
    assert_eq!(body["wallet_data_hash"], json!(HashCode::new([6; 64])));
}

#[actix_web::test]
async fn a_confirmation_of_the_total_with_fees_counts_too() {
    let peer = FakeExchange::start();
    peer.turn([Turn::WithFees]);
    deposits(&peer).await.unwrap();
    assert_eq!(peer.times_asked(), 1);
}

#[actix_web::test]
async fn what_may_pass_is_asked_again_unchanged() {
    let peer = FakeExchange::start();
    peer.turn([Turn::Says(503, json!({ "code": 55 })), Turn::Babbles(502)]);
    deposits(&peer).await.unwrap();
    let asked = peer.asked.lock().unwrap();
    assert_eq!(asked.len(), 3);
    assert!(asked.iter().all(|one| *one == asked[0]));
}

#[actix_web::test]
async fn an_exchange_that_never_answers_is_given_up_in_time() {
    let peer = FakeExchange::start();
    peer.turn([Turn::Sleeps, Turn::Sleeps, Turn::Sleeps]);
    let begun = std::time::Instant::now();
    assert_eq!(deposits(&peer).await, Err(Error::Timeout));
    assert!(begun.elapsed() < Duration::from_secs(5));
    assert_eq!(peer.times_asked(), 3);
}

#[actix_web::test]
async fn garbage_is_no_confirmation() {
    let peer = FakeExchange::start();
    peer.turn((0..3).map(|_| Turn::Babbles(200)));
    assert_eq!(deposits(&peer).await, Err(Error::NotJson { status: 200 }));
    peer.turn((0..2).map(|_| Turn::Says(200, json!({ "exchange_pub": 1 }))));
    assert!(matches!(deposits(&peer).await, Err(Error::Malformed(_))));
    assert_eq!(peer.times_asked(), 5);
}

#[actix_web::test]
async fn a_signature_that_does_not_hold_is_no_confirmation_but_may_be_mended() {
    let peer = FakeExchange::start();
    peer.turn([Turn::Errs, Turn::Errs]);
    assert_eq!(deposits(&peer).await, Err(Error::Unconfirmed));
    peer.turn([Turn::Errs]);
    deposits(&peer).await.unwrap();
    assert_eq!(peer.times_asked(), 4);
}

#[actix_web::test]
async fn a_stranger_confirms_nothing_unless_the_exchange_says_that_he_is_none() {
    let peer = FakeExchange::start();
    let now = Now::at(100);
    let exchange = peer.exchange(&now);
    let keys = exchange.keys().await.unwrap();
    let stranger = || SigningKey::from_seed([9; 32]);
    now.passes(61);

    peer.turn([Turn::By(stranger())]);
    let refused = exchange.deposit(&keys, &deposit()).await;
    assert_eq!(
        refused.as_ref().unwrap_err().error,
        Error::UnknownSigningKey(stranger().public_key())
    );
    assert_eq!(peer.times_keys_asked(), 2);

    // Within a minute the exchange is not asked again.
    peer.turn([Turn::By(stranger())]);
    assert_eq!(exchange.deposit(&keys, &deposit()).await, refused);
    assert_eq!(peer.times_keys_asked(), 2);

    now.passes(60);
    let mut sample = Sample::at(peer.sample.base_url.as_str());
    sample.signing = stranger();
    *peer.keys.lock().unwrap() = sample.keys();
    peer.turn([Turn::By(stranger())]);
    exchange.deposit(&keys, &deposit()).await.unwrap();
    assert_eq!(peer.times_keys_asked(), 3);
}

#[actix_web::test]
async fn a_refusal_comes_at_once_with_all_that_the_exchange_says() {
    let peer = FakeExchange::start();
    for (status, code) in [(409, 1012), (451, 1028), (410, 1009), (404, 1005)] {
        let reply = json!({ "code": code, "coin_pub": "…", "proof": [status] });
        peer.turn([Turn::Says(status, reply.clone())]);
        let refused = deposits(&peer).await.unwrap_err();
        assert_eq!(refused, Error::Refused { status, code: Some(code), reply });
        assert_eq!((refused.status(), refused.code()), (Some(status), Some(code)));
        assert!(!refused.may_pass());
    }
    peer.turn([Turn::Says(400, json!(["no code"]))]);
    assert_eq!(deposits(&peer).await.unwrap_err().code(), None);
    assert_eq!(peer.times_asked(), 5);
}

#[actix_web::test]
async fn an_answer_without_end_is_not_read_to_the_end() {
    let peer = FakeExchange::start();
    peer.turn([Turn::Floods]);
    assert_eq!(deposits(&peer).await, Err(Error::TooLarge));
    peer.keys_turn([Turn::Floods]);
    assert_eq!(peer.exchange(&Now::at(100)).keys().await.unwrap_err(), Error::TooLarge);
}

#[actix_web::test]
async fn no_redirect_is_followed() {
    let peer = FakeExchange::start();
    peer.turn([Turn::Redirects]);
    assert_eq!(deposits(&peer).await, Err(Error::NotJson { status: 307 }));
    assert_eq!(peer.times_asked(), 1);
}

#[actix_web::test]
async fn what_makes_no_sense_is_not_sent() {
    let peer = FakeExchange::start();
    let exchange = peer.exchange(&Now::at(100));
    let keys = exchange.keys().await.unwrap();
    let changes: [fn(&mut Deposit); 6] = [
        |deposit| deposit.coins.clear(),
        |deposit| deposit.coins = vec![deposit.coins[0].clone(); MAX_COINS + 1],
        |deposit| deposit.coins[0].h_denom = HashCode::ZERO,
        |deposit| deposit.coins[0].contribution = amount("KUDOS:0.01"),
        |deposit| deposit.coins[0].contribution = amount("EUR:1"),
        |deposit| deposit.wire_transfer_deadline = Timestamp::NEVER,
    ];
    for change in changes {
        let mut deposit = deposit();
        change(&mut deposit);
        let unfit = exchange.deposit(&keys, &deposit).await.unwrap_err();
        assert!(matches!(unfit.error, Error::InvalidField(_)));
        assert_eq!(unfit.sent, Sendings::None);
    }
    assert_eq!(peer.times_asked(), 0);
}

#[actix_web::test]
async fn a_refund_is_confirmed_or_refused() {
    let peer = FakeExchange::start();
    let exchange = peer.exchange(&Now::at(100));
    let keys = exchange.keys().await.unwrap();

    let confirmed = exchange.refund(&keys, &refund()).await.unwrap();
    assert_eq!(confirmed.exchange_pub, peer.sample.signing.public_key());
    let (path, body) = peer.asked.lock().unwrap()[0].clone();
    assert_eq!(path, format!("/coins/{}/refund", refund().coin_pub));
    let expected = json!({
        "refund_amount": "KUDOS:0.5",
        "h_contract_terms": refund().h_contract,
        "rtransaction_id": 7,
        "merchant_pub": refund().merchant_pub,
        "merchant_sig": refund().merchant_sig,
    });
    assert_eq!(body, expected);

    peer.turn([Turn::Errs, Turn::Errs]);
    assert_eq!(exchange.refund(&keys, &refund()).await, Err(Error::Unconfirmed));
    let stranger = SigningKey::from_seed([9; 32]);
    let unknown = Error::UnknownSigningKey(stranger.public_key());
    peer.turn([Turn::By(stranger)]);
    assert_eq!(exchange.refund(&keys, &refund()).await, Err(unknown));
    peer.turn([Turn::Says(410, json!({ "code": 1503 }))]);
    assert_eq!(exchange.refund(&keys, &refund()).await.unwrap_err().code(), Some(1503));
}

#[actix_web::test]
async fn many_who_want_keys_make_one_download() {
    let peer = FakeExchange::start();
    let exchange = peer.exchange(&Now::at(100));
    let all = futures_util::future::join_all((0..50).map(|_| exchange.keys())).await;
    assert!(all.iter().all(Result::is_ok));
    assert_eq!(peer.times_keys_asked(), 1);
}

#[actix_web::test]
async fn keys_are_kept_as_long_as_the_exchange_says_within_reason() {
    for (says, holds) in [(None, 3600), (Some(900), 900), (Some(0), 120), (Some(900_000), 86_400)] {
        let peer = FakeExchange::start();
        *peer.expires_s.lock().unwrap() = says.map(|says| START_S + 100 + says);
        let now = Now::at(100);
        let exchange = peer.exchange(&now);
        exchange.keys().await.unwrap();
        assert_eq!(exchange.state().expires, Some(after(100 + holds)), "{says:?}");
        if holds > 3600 {
            continue; // By then the sample's signing key is out of date.
        }

        now.passes(holds - 1);
        exchange.keys().await.unwrap();
        assert_eq!(peer.times_keys_asked(), 1, "{says:?}");
        now.passes(1);
        exchange.keys().await.unwrap();
        assert_eq!(peer.times_keys_asked(), 2, "{says:?}");
    }
}

#[actix_web::test]
async fn keys_that_were_fetched_by_a_clock_that_was_ahead_are_not_good_until_it_gets_there() {
    let peer = FakeExchange::start();
    let now = Now::at(3_000);
    let exchange = peer.exchange(&now);
    exchange.keys().await.unwrap();
    now.is_set_back(30);
    exchange.keys().await.unwrap();
    assert_eq!(peer.times_keys_asked(), 1, "clocks are set a little, now and then");
    now.is_set_back(2_900);
    exchange.keys().await.unwrap();
    assert_eq!(peer.times_keys_asked(), 2);
    assert_eq!(exchange.state().expires, Some(after(70 + 3_600)));
}

#[actix_web::test]
async fn keys_are_refreshed_before_they_expire() {
    let peer = FakeExchange::start();
    let now = Now::at(100);
    let exchange = peer.exchange(&now);
    assert_eq!(exchange.state().next_download, after(100));
    exchange.refresh().await.unwrap();
    assert_eq!(exchange.state().next_download, after(100 + 3240));
    now.passes(3239);
    exchange.refresh().await.unwrap();
    assert_eq!(peer.times_keys_asked(), 1);
    now.passes(1);
    exchange.refresh().await.unwrap();
    assert_eq!(peer.times_keys_asked(), 2);
}

#[actix_web::test]
async fn old_keys_serve_while_there_are_no_newer_ones() {
    let peer = FakeExchange::start();
    let now = Now::at(100);
    let exchange = peer.exchange(&now);
    exchange.keys().await.unwrap();
    now.passes(3600);

    peer.keys_turn((0..9).map(|_| Turn::Says(500, json!({ "code": 59 }))));
    exchange.keys().await.unwrap();
    let (failed_at, error) = exchange.state().failure.unwrap();
    assert_eq!((failed_at, error.status(), error.code()), (after(3700), Some(500), Some(59)));
    assert_eq!(exchange.state().next_download, after(3760));
    assert_eq!(peer.times_keys_asked(), 4);
    // Nobody else waits for the same.
    exchange.keys().await.unwrap();
    assert_eq!(peer.times_keys_asked(), 4);

    // Without a key that signs, old lists are of no use.
    now.passes(9900);
    assert!(exchange.known_keys().is_none());
    assert_eq!(exchange.keys().await.unwrap_err(), error);

    // As soon as the exchange is back, so are its keys, and nothing is said of old failures.
    peer.keys_turns.lock().unwrap().clear();
    now.0.store(START_S + 5000, Ordering::SeqCst);
    exchange.keys().await.unwrap();
    assert_eq!(exchange.state().failure, None);
}

#[actix_web::test]
async fn an_exchange_that_is_down_is_not_hammered() {
    let unused = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let sample = Sample::at(&format!("http://{unused}/"));
    let now = Now::at(100);
    let exchange = Exchange::new(sample.trusted(), http(), now.clock(), None, |_| ());
    let error = exchange.keys().await.unwrap_err();
    assert!(matches!(error, Error::Unreachable(_)), "{error}");
    assert!(exchange.known_keys().is_none());
    assert_eq!(exchange.state().failure, Some((after(100), error.clone())));
    let begun = std::time::Instant::now();
    for _ in 0..100 {
        assert_eq!(exchange.keys().await.unwrap_err(), error);
    }
    assert!(begun.elapsed() < Duration::from_secs(1));
}

#[actix_web::test]
async fn another_exchange_than_the_trusted_one_has_no_keys_for_us() {
    let peer = FakeExchange::start();
    let mut other = Sample::at(peer.sample.base_url.as_str());
    other.master = SigningKey::from_seed([8; 32]);
    *peer.keys.lock().unwrap() = other.keys();
    let error = peer.exchange(&Now::at(100)).keys().await.unwrap_err();
    assert_eq!(error, Error::Keys(BadKeys::MasterKey(other.master.public_key())));
    assert_eq!(peer.times_keys_asked(), 1, "asking again would not help");
}

#[actix_web::test]
async fn an_unknown_denomination_is_asked_for_once_a_minute_at_most() {
    let peer = FakeExchange::start();
    let now = Now::at(100);
    let exchange = peer.exchange(&now);
    let known: Vec<_> =
        Sample::denominations().iter().map(|(_, key, ages)| key.hash(*ages)).collect();
    exchange.keys_with(&known).await.unwrap();
    let unknown = [known[0], HashCode::ZERO];
    for (secs, asked) in [(0, 1), (59, 1), (1, 2), (0, 2), (59, 2), (1, 3)] {
        now.passes(secs);
        let keys = exchange.keys_with(&unknown).await.unwrap();
        assert!(keys.denomination(&known[0]).is_some());
        assert_eq!(peer.times_keys_asked(), asked);
    }
}

/// Waits until the exchange was asked for its keys so often.
async fn await_keys_asked(peer: &FakeExchange, times: usize) {
    let asked = async {
        while peer.times_keys_asked() < times {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    let in_time = tokio::time::timeout(Duration::from_secs(10), asked).await;
    assert!(in_time.is_ok(), "asked {} times, not {times}", peer.times_keys_asked());
}

#[actix_web::test]
async fn keys_are_fetched_anew_when_a_deposit_is_refused_because_they_are_out_of_date() {
    let peer = FakeExchange::start();
    let now = Now::at(100);
    let exchange = peer.exchange(&now);
    let keys = exchange.keys().await.unwrap();
    let refused = |status: u16, code: u32| Turn::Says(status, json!({ "code": code }));
    let mut asked = 1;
    for (status, code) in [(404, 1005), (410, 1008), (412, 1008), (410, 1009), (410, 1010)] {
        now.passes(60);
        peer.turn([refused(status, code)]);
        exchange.deposit(&keys, &deposit()).await.unwrap_err();
        asked += 1;
        await_keys_asked(&peer, asked).await;
        // A request that waits for keys waits for the one that fetches them.
        exchange.newer_keys().await.unwrap();
    }
    assert_eq!(peer.times_keys_asked(), asked);
    // Nobody makes us ask more than once a minute, and other refusals say nothing of the keys.
    for (secs, status, code) in
        [(0, 404, 1005), (59, 410, 1010), (60, 409, 1012), (0, 404, 1100), (0, 451, 1028)]
    {
        now.passes(secs);
        peer.turn([refused(status, code)]);
        exchange.deposit(&keys, &deposit()).await.unwrap_err();
        tokio::task::yield_now().await;
    }
    exchange.keys().await.unwrap();
    assert_eq!(peer.times_keys_asked(), asked);
    // A refund says so of coins that it has never seen.
    peer.turn([refused(404, 1005)]);
    exchange.refund(&keys, &refund()).await.unwrap_err();
    tokio::task::yield_now().await;
    assert_eq!(peer.times_keys_asked(), asked);
}

#[actix_web::test]
async fn an_exchange_that_holds_its_keys_open_is_asked_once_however_many_deposits_it_refuses() {
    let peer = FakeExchange::start();
    let now = Now::at(100);
    let exchange = peer.exchange(&now);
    let keys = exchange.keys().await.unwrap();
    now.passes(60);
    peer.keys_turn([Turn::Sleeps]);
    for _ in 0..50 {
        peer.turn([Turn::Says(410, json!({ "code": 1010 }))]);
        // The deposit's answer does not wait for the keys.
        exchange.deposit(&keys, &deposit()).await.unwrap_err();
    }
    await_keys_asked(&peer, 2).await;
    assert_eq!(peer.times_keys_asked(), 2);
    // Nor does a payment with the cached keys.
    let at_hand = tokio::time::timeout(Duration::from_millis(200), exchange.keys()).await;
    assert!(Arc::ptr_eq(&at_hand.unwrap().unwrap(), &keys));
}

#[actix_web::test]
async fn keys_that_are_held_open_are_given_up_in_time_by_all_who_wait() {
    // An exchange without keys was seen to do so for more than ten minutes.
    let peer = FakeExchange::start();
    peer.keys_turn((0..8).map(|_| Turn::Sleeps));
    let exchange = peer.exchange(&Now::at(100));
    let begun = std::time::Instant::now();
    let waiting = (0..20).map(|_| exchange.keys());
    let outcomes = futures_util::future::join_all(waiting).await;
    assert!(outcomes.iter().all(|outcome| matches!(outcome, Err(Error::Timeout))));
    // All tries together, and not one after another for each who waits.
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    assert!(peer.times_keys_asked() <= 2, "{}", peer.times_keys_asked());
}

#[actix_web::test]
async fn keys_outlive_the_process_and_are_verified_again() {
    let peer = FakeExchange::start();
    let now = Now::at(100);
    let memory: Arc<Mutex<Option<PersistedKeys>>> = Arc::default();
    let remember = memory.clone();
    let exchange =
        peer.exchange_with(&now, None, move |it| *remember.lock().unwrap() = Some(it.clone()));
    exchange.keys().await.unwrap();
    let remembered = memory.lock().unwrap().clone().unwrap();
    assert_eq!((remembered.fetched_at, remembered.expires), (after(100), after(3700)));

    let again = peer.exchange_with(&now, Some(remembered.clone()), |_| panic!("nothing new"));
    assert_eq!(again.keys().await.unwrap().denominations().len(), 3);
    assert_eq!(again.state().fetched_at, Some(after(100)));
    assert_eq!(peer.times_keys_asked(), 1);

    let bent = remembered.text.replace("KUDOS:0.07", "KUDOS:0.71");
    for text in [bent.as_str(), "", "{}"] {
        let bad = PersistedKeys { text: text.into(), ..remembered.clone() };
        let asked = peer.times_keys_asked();
        peer.exchange_with(&now, Some(bad), |_| ()).keys().await.unwrap();
        assert_eq!(peer.times_keys_asked(), asked + 1);
    }
}
