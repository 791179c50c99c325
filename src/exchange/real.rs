//! Tests with recorded answers of a real exchange, read and verified by the production code.
//! See `tests/vectors/real-exchange/README.md`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::fake_exchange::{FakeExchange, Turn};
use super::*;
use taler::amount::{Amount, Currency};
use taler::base32::{HashCode, Salt, ShortHash};
use taler::canonical;
use taler::coin::coin_hash;
use taler::coin::denomination::envelope_hash;
use taler::coin::permission::Coin;
use taler::coin::rsa::{BlindSignature, BlindedMessage};
use taler::hash;
use taler::payto::Payto;
use taler::sign::exchange::{
    DenominationExpired, DenominationUnknown, Extensions, TransferConfirmation, TransferredDeposit,
    WireConfirmation,
};
use taler::sign::merchant::{ContractOffer, DepositQuestion, KycQuestion, RefundRequest};
use taler::sign::wallet::{DepositPermission, ReserveWithdraw};
use taler::sign::{Signature, SigningKey, Statement};
use taler::web::BaseUrl;

/// Every file, and what it is about.
const FILES: [(&str, Kind); 32] = [
    ("answers-to-wrong-requests", Kind::Others),
    ("batch-deposit-1-coin", Kind::Deposit),
    ("batch-deposit-2-coins", Kind::Deposit),
    ("batch-deposit-404-1005-unknown-denomination", Kind::Refusal),
    ("batch-deposit-409-1012-double-spend", Kind::Refusal),
    ("batch-deposit-410-1010-revoked", Kind::Refusal),
    ("batch-deposit-451-1028-bad-kyc-auth", Kind::Refusal),
    ("batch-deposit-451-1028-kyc-required", Kind::Refusal),
    ("batch-deposit-age-restricted", Kind::Deposit),
    ("batch-deposit-no-refund", Kind::Deposit),
    ("batch-withdraw", Kind::Others),
    ("deposits-200-3", Kind::Wired),
    ("deposits-200-fully-refunded-coin", Kind::Wired),
    ("deposits-200-refunded-coin", Kind::Wired),
    ("deposits-200", Kind::Wired),
    ("deposits-202-before-wire", Kind::NotWired),
    ("deposits-202-early", Kind::NotWired),
    ("deposits-202-kyc-on-before-aggregation", Kind::NotWired),
    ("deposits-202-kyc-required", Kind::NotWired),
    ("deposits-202-late", Kind::NotWired),
    ("keys-23.0.6", Kind::Keys),
    ("keys-with-limits", Kind::Keys),
    ("keys-with-recoup", Kind::Keys),
    ("kyc-check-202", Kind::Others),
    ("kyc-check-403-1930-wrong-signature-or-key", Kind::Others),
    ("kyc-check-409-1940-key-not-proven", Kind::Others),
    ("refund-1", Kind::Refund),
    ("refund-2", Kind::Refund),
    ("refund-404-1005-coin-never-seen", Kind::Refused),
    ("refund-410-1503-already-wired", Kind::Refused),
    ("transfers-200-4-coins-one-refunded", Kind::Others),
    ("README", Kind::Text),
];

/// What a file is about.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Keys,
    /// A deposit that was confirmed.
    Deposit,
    /// A deposit that was refused.
    Refusal,
    /// A refund that was confirmed.
    Refund,
    /// A refund that was refused.
    Refused,
    /// A deposit that was paid out.
    Wired,
    /// A deposit that was not paid out yet.
    NotWired,
    /// Each has a test of its own.
    Others,
    Text,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/real-exchange")
}

/// The file of this name.
fn recorded(name: &str) -> Value {
    let text = std::fs::read_to_string(folder().join(format!("{name}.json"))).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// All files of this kind, with their names.
fn all(kind: Kind) -> impl Iterator<Item = (&'static str, Value)> {
    let meant = FILES.iter().filter(move |(_, of)| *of == kind);
    meant.map(|(name, _)| (*name, recorded(name)))
}

/// The 49 requests of one file by what is wrong with each.
fn others() -> Vec<(String, Value)> {
    let all = recorded("answers-to-wrong-requests")["answers"].as_object().unwrap().clone();
    assert_eq!(all.len(), 49);
    all.into_iter().collect()
}

fn read<T: serde::de::DeserializeOwned>(value: &Value) -> T {
    serde_json::from_value(value.clone()).unwrap_or_else(|bad| panic!("{value}: {bad}"))
}

fn time(value: &Value) -> Timestamp {
    read(value)
}

fn nbo(value: &Value) -> [u8; 24] {
    read::<Amount>(value).to_nbo()
}

/// The exchange as an operator trusts it.
fn trusted() -> Trusted {
    let keys = recorded("keys-23.0.6");
    Trusted {
        base_url: BaseUrl::parse(keys["base_url"].as_str().unwrap()).unwrap(),
        master_public_key: read(&keys["master_public_key"]),
        currency: Currency::parse("KUDOS").unwrap(),
    }
}

fn keys_of(list: &Value) -> Result<Keys, BadKeys> {
    Keys::read(&trusted(), list.to_string().as_bytes())
}

/// The keys that were good when everything was recorded.
fn keys() -> Keys {
    keys_of(&recorded("keys-23.0.6")).unwrap()
}

/// When the exchange answered.
fn recorded_at(file: &Value) -> Clock {
    let secs = file.get("time").map_or(1_796_015_487.0, |time| time.as_f64().unwrap());
    Clock::from_fn(move || Duration::from_secs_f64(secs))
}

/// A client of an exchange that gives the recorded answer to whatever it is asked.
fn client_of(peer: &Arc<FakeExchange>, file: &Value) -> Exchange {
    let answer = &file["answer"];
    let status = u16::try_from(answer["status"].as_u64().unwrap()).unwrap();
    peer.turn((0..2).map(|_| Turn::Says(status, answer["body"].clone())));
    let http = Http::new(Times { attempts: 1, ..Times::default() });
    Exchange::new(peer.sample.trusted(), http, recorded_at(file), None, |_| ())
}

/// The recorded request, as the till would make it.
fn deposit_of(request: &Value) -> Deposit {
    let payto = Payto::parse(request["merchant_payto_uri"].as_str().unwrap()).unwrap();
    let wire_salt: Salt = read(&request["wire_salt"]);
    let optional = |name: &str| request.get(name).map(read::<HashCode>);
    let coin = |coin: &Value| Coin {
        coin_pub: read(&coin["coin_pub"]),
        coin_sig: read(&coin["coin_sig"]),
        ub_sig: read(&coin["ub_sig"]),
        h_denom: read(&coin["denom_pub_hash"]),
        contribution: read(&coin["contribution"]),
        exchange_url: trusted().base_url,
        minimum_age_sig: None,
        age_commitment: None,
        h_age_commitment: coin.get("h_age_commitment").map(read),
    };
    Deposit {
        h_wire: payto.h_wire(&wire_salt),
        payto,
        wire_salt,
        merchant_pub: read(&request["merchant_pub"]),
        merchant_sig: read(&request["merchant_sig"]),
        h_contract: read(&request["h_contract_terms"]),
        wallet_data_hash: optional("wallet_data_hash"),
        timestamp: time(&request["timestamp"]),
        refund_deadline: request.get("refund_deadline").map(time),
        wire_transfer_deadline: time(&request["wire_transfer_deadline"]),
        coins: request["coins"].as_array().unwrap().iter().map(coin).collect(),
    }
}

/// Whether shop, coins and denominations have signed the request.
fn is_signed(keys: &Keys, deposit: &Deposit) -> bool {
    let offer = ContractOffer { h_contract: deposit.h_contract };
    let coins = deposit.coins.iter().map(|coin| {
        let denomination = keys.denomination(&coin.h_denom).unwrap();
        let h_age_commitment = coin.h_age_commitment.filter(|hash| *hash != ShortHash::ZERO);
        let permission = DepositPermission {
            h_contract: deposit.h_contract,
            h_age_commitment,
            h_policy: None,
            h_wire: deposit.h_wire,
            h_denom: coin.h_denom,
            timestamp_us: deposit.timestamp.to_micros(),
            refund_deadline_us: deposit.refund_deadline.map_or(0, Timestamp::to_micros),
            contribution: coin.contribution.to_nbo(),
            deposit_fee: denomination.fees.deposit.to_nbo(),
            merchant_pub: deposit.merchant_pub,
            wallet_data_hash: deposit.wallet_data_hash,
        };
        let hash = coin_hash(&coin.coin_pub, h_age_commitment.as_ref());
        permission.verify(&coin.coin_pub, &coin.coin_sig)
            && denomination.key.verify(&hash, &coin.ub_sig)
    });
    offer.verify(&deposit.merchant_pub, &deposit.merchant_sig) && coins.into_iter().all(|ok| ok)
}

async fn deposited(
    exchange: &Exchange,
    keys: &Keys,
    deposit: &Deposit,
) -> Result<DepositConfirmed, Error> {
    exchange.deposit(keys, deposit).await.map_err(|failed| failed.error)
}

/// The text with one bit of it turned over: of base32, a letter that is not the last one, whose
/// bits may not all count; of anything else, the last digit.
fn turned(text: &str, at: usize) -> String {
    let mut letters: Vec<char> = text.chars().collect();
    let letter = &mut letters[at];
    *letter = match *letter {
        '0' => '1',
        '1' => '0',
        'A' => 'B',
        _ => 'A',
    };
    letters.into_iter().collect()
}

#[test]
fn every_file_is_known() {
    let there: BTreeSet<String> = std::fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    let known: BTreeSet<String> = FILES.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(there, known);
}

#[test]
fn lists_of_keys_hold_from_the_master_key_down() {
    for (name, list) in all(Kind::Keys) {
        let keys = keys_of(&list).unwrap_or_else(|bad| panic!("{name}: {bad}"));
        let listed = list["denominations"].as_array().unwrap();
        let listed: usize =
            listed.iter().map(|group| group["denoms"].as_array().unwrap().len()).sum();
        assert_eq!((keys.denominations().len(), keys.left_out()), (listed, 0), "{name}");
        assert_eq!(keys.version(), "23:0:6");
        assert_eq!(keys.accounts().len(), 1);
        assert_eq!(keys.tiny_amount(), Some(&Amount::parse("KUDOS:0.01").unwrap()));
        assert!(keys.stefan().is_some());
        // Nothing that a shop does hangs on these, but the sandbox signs them as well.
        let extensions = canonical::canonical(&list["extensions"]).unwrap();
        let master = &trusted().master_public_key;
        if let Some(signature) = list.get("extensions_sig") {
            assert!(Extensions { manifests: &extensions }.verify(master, &read(signature)));
        }
    }
    let limits = keys_of(&recorded("keys-with-limits")).unwrap();
    let hard: Vec<_> = limits
        .hard_limits()
        .iter()
        .map(|limit| (limit.operation.as_str(), limit.threshold.to_string(), limit.is_soft))
        .collect();
    let threshold = |text: &str| text.to_owned();
    assert_eq!(
        hard,
        [
            ("TRANSACTION", threshold("KUDOS:40"), false),
            ("REFUND", threshold("KUDOS:20"), false),
            ("DEPOSIT", threshold("KUDOS:50"), false),
        ]
    );
    assert_eq!(limits.zero_limits(), ["AGGREGATE"]);
    // A denomination that was revoked is not listed any more.
    let recoup = recorded("keys-with-recoup");
    let revoked: HashCode = read(&recoup["recoup"][0]["h_denom_pub"]);
    assert!(keys().denomination(&revoked).is_some());
    assert!(keys_of(&recoup).unwrap().denomination(&revoked).is_none());
}

/// Pointers to all texts and numbers within a value.
fn leaves(value: &Value, place: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            members
                .iter()
                .for_each(|(name, below)| leaves(below, &format!("{place}/{name}"), found));
        }
        Value::Array(items) => {
            items
                .iter()
                .enumerate()
                .for_each(|(at, below)| leaves(below, &format!("{place}/{at}"), found));
        }
        Value::String(_) | Value::Number(_) => found.push(place.to_owned()),
        Value::Null | Value::Bool(_) => {}
    }
}

#[test]
fn a_list_of_keys_of_which_anything_is_changed_is_not_believed() {
    // Nobody signs these, or no shop reads them.
    let unsigned = [
        "/version",
        "/currency_specification",
        "/stefan_",
        "/asset_type",
        "/reserve_closing_delay",
        "/tiny_amount",
        "/extensions",
        "/accounts/0/bank_label",
        "/accounts/0/priority",
    ];
    let list = recorded("keys-23.0.6");
    let all = keys().denominations().len();
    let mut places = Vec::new();
    leaves(&list, "", &mut places);
    places.retain(|place| !unsigned.iter().any(|start| place.starts_with(start)));
    assert!(places.len() > 300, "{}", places.len());
    // Of the many denominations, some are enough.
    let few = places
        .iter()
        .enumerate()
        .filter(|(at, place)| !place.starts_with("/denominations") || at % 9 == 0);
    for (_, place) in few {
        let mut list = list.clone();
        let leaf = list.pointer_mut(place).unwrap();
        *leaf = match leaf.as_str() {
            Some(text) => turned(text, text.len() / 2).into(),
            None => (leaf.as_u64().unwrap() + 1).into(),
        };
        // A denomination that does not hold is left out, anything else spoils the list.
        let is_believed = keys_of(&list).is_ok_and(|keys| keys.denominations().len() == all);
        assert!(!is_believed, "{place}");
    }
}

#[actix_web::test]
async fn deposits_are_asked_for_as_then_and_their_confirmations_hold() {
    let keys = keys();
    for (name, file) in all(Kind::Deposit) {
        let peer = FakeExchange::start();
        let deposit = deposit_of(&file["request"]["body"]);
        assert!(is_signed(&keys, &deposit), "{name}");
        let confirmed = deposited(&client_of(&peer, &file), &keys, &deposit).await;
        let confirmed = confirmed.unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(
            confirmed.exchange_timestamp,
            time(&file["answer"]["body"]["exchange_timestamp"])
        );
        let asked = peer.asked.lock().unwrap()[0].clone();
        let path = file["request"]["path"].as_str().unwrap().to_owned();
        assert_eq!(asked, (path, file["request"]["body"].clone()), "{name}");
    }
}

#[actix_web::test]
async fn a_deposit_of_which_anything_is_changed_is_not_confirmed() {
    let keys = keys();
    let file = recorded("batch-deposit-2-coins");
    let deposit = deposit_of(&file["request"]["body"]);
    let later = |time: Timestamp| Timestamp::from_secs(time.secs().unwrap() + 1).unwrap();
    let mut changed = vec![deposit.clone(); 8];
    changed[0].h_contract = hash::sha512(b"another");
    changed[1].h_wire = hash::sha512(b"another");
    changed[2].merchant_pub = deposit.coins[0].coin_pub;
    changed[3].refund_deadline = deposit.refund_deadline.map(later);
    changed[4].wire_transfer_deadline = later(deposit.wire_transfer_deadline);
    changed[5].coins.swap(0, 1);
    changed[6].coins[1].contribution = Amount::parse("KUDOS:4.99999999").unwrap();
    changed[7].coins[0].coin_sig = deposit.coins[1].coin_sig;
    for (at, changed) in changed.iter().enumerate() {
        let peer = FakeExchange::start();
        let outcome = deposited(&client_of(&peer, &file), &keys, changed).await;
        assert_eq!(outcome, Err(Error::Unconfirmed), "{at}");
    }
    let signature = file["answer"]["body"]["exchange_sig"].as_str().unwrap();
    for at in 0..signature.len() - 1 {
        let mut file = file.clone();
        file["answer"]["body"]["exchange_sig"] = turned(signature, at).into();
        let peer = FakeExchange::start();
        let outcome = deposited(&client_of(&peer, &file), &keys, &deposit).await;
        assert_eq!(outcome, Err(Error::Unconfirmed), "{at}");
    }
    let mut late = file.clone();
    late["answer"]["body"]["exchange_timestamp"]["t_s"] =
        (time(&file["answer"]["body"]["exchange_timestamp"]).secs().unwrap() + 1).into();
    let peer = FakeExchange::start();
    let outcome = deposited(&client_of(&peer, &late), &keys, &deposit).await;
    assert_eq!(outcome, Err(Error::Unconfirmed));
}

#[actix_web::test]
async fn refusals_come_through_with_all_that_proves_them() {
    let keys = keys();
    for (name, file) in all(Kind::Refusal) {
        let peer = FakeExchange::start();
        let deposit = deposit_of(&file["request"]["body"]);
        assert!(is_signed(&keys, &deposit), "{name}");
        let Err(error) = deposited(&client_of(&peer, &file), &keys, &deposit).await else {
            panic!("{name}")
        };
        let answer = &file["answer"];
        assert_eq!(error.status().map(u64::from), answer["status"].as_u64(), "{name}");
        assert_eq!(error.code().map(u64::from), answer["body"]["code"].as_u64(), "{name}");
        assert!(matches!(&error, Error::Refused { reply, .. } if *reply == answer["body"]));
        let reply = &answer["body"];
        match error.code().unwrap() {
            1005 => assert!(denies_denomination(&keys, reply), "{name}"),
            1010 => assert!(denies_time(&keys, reply), "{name}"),
            1012 => {
                let named: PublicKey = read(&reply["coin_pub"]);
                assert!(deposit.coins.iter().any(|coin| coin.coin_pub == named), "{name}");
            }
            1028 => {
                assert_eq!(read::<ShortHash>(&reply["h_payto"]), deposit.payto.normalized_hash());
                if let Some(key) = reply.get("account_pub") {
                    assert_eq!(read::<PublicKey>(key), deposit.merchant_pub);
                }
            }
            other => panic!("{name}: {other}"),
        }
    }
}

/// Whether a signing key states that a denomination is unknown.
fn denies_denomination(keys: &Keys, reply: &Value) -> bool {
    let (at, signer) = (time(&reply["timestamp"]), read(&reply["exchange_pub"]));
    let statement =
        DenominationUnknown { timestamp_us: at.to_micros(), h_denom: read(&reply["h_denom_pub"]) };
    let other = DenominationUnknown { timestamp_us: at.to_micros() + 1_000_000, ..statement };
    let signature = read(&reply["exchange_sig"]);
    keys.signing_key(&signer, at)
        && statement.verify(&signer, &signature)
        && !other.verify(&signer, &signature)
}

/// Whether a signing key states that a denomination cannot be deposited.
fn denies_time(keys: &Keys, reply: &Value) -> bool {
    let (at, signer) = (time(&reply["timestamp"]), read(&reply["exchange_pub"]));
    let statement = DenominationExpired {
        timestamp_us: at.to_micros(),
        operation: DenominationExpired::DEPOSIT,
        h_denom: read(&reply["h_denom_pub"]),
    };
    let other = DenominationExpired { operation: *b"WITHDRAW", ..statement };
    let signature = read(&reply["exchange_sig"]);
    reply["oper"] == "DEPOSIT"
        && keys.signing_key(&signer, at)
        && statement.verify(&signer, &signature)
        && !other.verify(&signer, &signature)
}

/// The recorded request, as the till would make it.
fn refund_of(file: &Value) -> CoinRefund {
    let (path, body) = (file["request"]["path"].as_str().unwrap(), &file["request"]["body"]);
    CoinRefund {
        coin_pub: PublicKey::parse(path.split('/').nth(2).unwrap()).unwrap(),
        h_contract: read(&body["h_contract_terms"]),
        merchant_pub: read(&body["merchant_pub"]),
        rtransaction_id: read(&body["rtransaction_id"]),
        amount: read(&body["refund_amount"]),
        merchant_sig: read(&body["merchant_sig"]),
    }
}

fn is_wanted(refund: &CoinRefund) -> bool {
    let wish = RefundRequest {
        h_contract: refund.h_contract,
        coin_pub: refund.coin_pub,
        rtransaction_id: refund.rtransaction_id,
        amount: refund.amount.to_nbo(),
    };
    wish.verify(&refund.merchant_pub, &refund.merchant_sig)
}

#[actix_web::test]
async fn refunds_are_asked_for_as_then_and_their_confirmations_hold() {
    let keys = keys();
    for (name, file) in all(Kind::Refund) {
        let refund = refund_of(&file);
        assert!(is_wanted(&refund), "{name}");
        let peer = FakeExchange::start();
        client_of(&peer, &file).refund(&keys, &refund).await.unwrap();
        let asked = peer.asked.lock().unwrap()[0].clone();
        let path = file["request"]["path"].as_str().unwrap().to_owned();
        assert_eq!(asked, (path, file["request"]["body"].clone()), "{name}");
        let mut changed = vec![refund; 5];
        changed[0].h_contract = hash::sha512(b"another");
        changed[1].coin_pub = refund.merchant_pub;
        changed[2].merchant_pub = refund.coin_pub;
        changed[3].rtransaction_id += 1;
        changed[4].amount = Amount::parse("KUDOS:1.49999999").unwrap();
        for changed in changed {
            let peer = FakeExchange::start();
            let outcome = client_of(&peer, &file).refund(&keys, &changed).await;
            assert_eq!(outcome, Err(Error::Unconfirmed), "{name}: {changed:?}");
        }
    }
    for (name, file) in all(Kind::Refused) {
        let refund = refund_of(&file);
        assert!(is_wanted(&refund), "{name}");
        let peer = FakeExchange::start();
        let error = client_of(&peer, &file).refund(&keys, &refund).await.unwrap_err();
        let answer = &file["answer"];
        assert_eq!(error.status().map(u64::from), answer["status"].as_u64(), "{name}");
        assert_eq!(error.code().map(u64::from), answer["body"]["code"].as_u64(), "{name}");
        if error.code() == Some(1005) {
            assert!(denies_denomination(&keys, &answer["body"]), "{name}");
            assert_eq!(read::<HashCode>(&answer["body"]["h_denom_pub"]), HashCode::ZERO);
        }
    }
}

#[actix_web::test]
async fn right_and_wrong_requests_get_what_they_got() {
    let keys = keys();
    let (mut confirmed, mut refused) = (0, 0);
    for (name, file) in others() {
        let request = &file["request"];
        let path = request["path"].as_str().unwrap();
        let status = file["answer"]["status"].as_u64().unwrap();
        let (is_deposit, is_refund) = (path == "/batch-deposit", path.ends_with("/refund"));
        if !is_deposit && !is_refund {
            continue;
        }
        let peer = FakeExchange::start();
        let client = client_of(&peer, &file);
        // What cannot be read is nothing that the till could have asked.
        let readable = request["body"].is_object()
            && ![
                "bad iban",
                "payto without receiver-name",
                "a member missing",
                "no coins",
                "wire deadline never",
                "unknown denomination",
                "contribution below the fee",
                "other currency",
            ]
            .contains(&name.as_str());
        let outcome = match (readable, is_deposit) {
            (true, true) => {
                let deposit = deposit_of(&request["body"]);
                deposited(&client, &keys, &deposit).await.map(|_| ())
            }
            (true, false) => client.refund(&keys, &refund_of(&file)).await.map(|_| ()),
            (false, _) => client.post(&client.url(&["any"]), &Value::Null).await.map(|_| ()),
        };
        match outcome {
            Ok(()) => {
                assert_eq!(status, 200, "{name}");
                confirmed += 1;
            }
            Err(error) => {
                assert_eq!(error.status().map(u64::from), Some(status), "{name}: {error}");
                let code = file["answer"]["body"]["code"].as_u64();
                assert_eq!(error.code().map(u64::from), code, "{name}");
                refused += 1;
            }
        }
    }
    assert_eq!((confirmed, refused), (13, 26));
}

/// What the path of `GET /deposits/…` asks for, and whether the shop has signed the question.
fn question(file: &Value) -> (DepositQuestion, PublicKey, bool) {
    let path = file["request"]["path"].as_str().unwrap();
    let (path, signature) = path.split_once("?merchant_sig=").unwrap();
    let parts: Vec<_> = path.split('/').collect();
    let question = DepositQuestion {
        h_wire: HashCode::parse(parts[2]).unwrap(),
        h_contract: HashCode::parse(parts[4]).unwrap(),
        coin_pub: PublicKey::parse(parts[5]).unwrap(),
    };
    let shop = PublicKey::parse(parts[3]).unwrap();
    let is_signed = question.verify(&shop, &Signature::parse(signature).unwrap());
    (question, shop, is_signed)
}

#[test]
fn what_became_of_deposits_is_signed_once_they_are_paid_out() {
    let keys = keys();
    for (name, file) in all(Kind::Wired) {
        let (question, _, is_signed) = question(&file);
        assert!(is_signed, "{name}");
        let body = &file["answer"]["body"];
        let at = time(&body["execution_time"]);
        let statement = WireConfirmation {
            h_wire: question.h_wire,
            h_contract: question.h_contract,
            wtid: read(&body["wtid"]),
            coin_pub: question.coin_pub,
            execution_time_us: at.to_micros(),
            coin_contribution: nbo(&body["coin_contribution"]),
        };
        let (signer, signature) = (read(&body["exchange_pub"]), read(&body["exchange_sig"]));
        assert!(keys.signing_key(&signer, at) && statement.verify(&signer, &signature), "{name}");
        let others = [
            WireConfirmation { h_wire: question.h_contract, ..statement },
            WireConfirmation { h_contract: question.h_wire, ..statement },
            WireConfirmation { wtid: ShortHash::ZERO, ..statement },
            WireConfirmation { coin_pub: signer, ..statement },
            WireConfirmation { execution_time_us: at.to_micros() + 1_000_000, ..statement },
            WireConfirmation { coin_contribution: nbo(&"KUDOS:0.01".into()), ..statement },
        ];
        assert!(others.iter().all(|other| !other.verify(&signer, &signature)), "{name}");
    }
    for (name, file) in all(Kind::NotWired) {
        assert!(question(&file).2, "{name}");
        assert_eq!(file["answer"]["status"], 202, "{name}");
        let body = &file["answer"]["body"];
        let _: Timestamp = read(&body["execution_time"]);
        assert_eq!(body["kyc_ok"] == true, name != "deposits-202-kyc-required", "{name}");
        if let Some(key) = body.get("account_pub") {
            assert_eq!(read::<PublicKey>(key), question(&file).1, "{name}");
        }
    }
}

#[test]
fn a_transfer_lists_what_it_paid_for_after_refunds() {
    let file = recorded("transfers-200-4-coins-one-refunded");
    let body = &file["answer"]["body"];
    let rows = body["deposits"].as_array().unwrap();
    let deposits: Vec<_> = rows
        .iter()
        .map(|row| TransferredDeposit {
            h_contract: read(&row["h_contract_terms"]),
            coin_pub: read(&row["coin_pub"]),
            deposit_value: nbo(&row["deposit_value"]),
            deposit_fee: nbo(&row["deposit_fee"]),
        })
        .collect();
    let at = time(&body["execution_time"]);
    let statement = TransferConfirmation {
        total: nbo(&body["total"]),
        wire_fee: nbo(&body["wire_fee"]),
        merchant_pub: read(&body["merchant_pub"]),
        h_payto: read(&body["h_payto"]),
        execution_time_us: at.to_micros(),
        deposits: &deposits,
    };
    let (signer, signature) = (read(&body["exchange_pub"]), read(&body["exchange_sig"]));
    assert!(keys().signing_key(&signer, at) && statement.verify(&signer, &signature));
    let mut swapped = deposits.clone();
    swapped.swap(0, 1);
    let others = [
        TransferConfirmation { total: nbo(&"KUDOS:3.71".into()), ..statement },
        TransferConfirmation { wire_fee: nbo(&"KUDOS:0.02".into()), ..statement },
        TransferConfirmation { merchant_pub: signer, ..statement },
        TransferConfirmation { h_payto: ShortHash::ZERO, ..statement },
        TransferConfirmation { execution_time_us: at.to_micros() + 1_000_000, ..statement },
        TransferConfirmation { deposits: &deposits[1..], ..statement },
        TransferConfirmation { deposits: &swapped, ..statement },
    ];
    assert!(others.iter().all(|other| !other.verify(&signer, &signature)));
    // The values are after refunds: less fees, they sum to what arrived.
    let amount = |value: &Value| read::<Amount>(value);
    let nets = rows.iter().map(|row| {
        amount(&row["deposit_value"]).checked_sub(&amount(&row["deposit_fee"])).unwrap()
    });
    let nets: Vec<_> = nets.collect();
    let sum = Amount::sum(Currency::parse("KUDOS").unwrap(), &nets).unwrap();
    assert_eq!(sum.checked_sub(&amount(&body["wire_fee"])).unwrap(), amount(&body["total"]));
    // The same account and transfer as one of the deposits tells.
    let deposit = recorded("deposits-200");
    assert!(
        file["request"]["path"]
            .as_str()
            .unwrap()
            .ends_with(deposit["answer"]["body"]["wtid"].as_str().unwrap())
    );
    let payto = recorded("batch-deposit-1-coin");
    let payto = payto["request"]["body"]["merchant_payto_uri"].as_str().unwrap();
    assert_eq!(hash::payto_hash(payto), read(&body["h_payto"]));
}

#[actix_web::test]
async fn the_client_believes_what_a_real_exchange_said_of_deposits_and_transfers() {
    // Whoever asks: the answer is about the deposit.
    let shop = SigningKey::from_seed([1; 32]);
    for (name, file) in all(Kind::Wired).chain(all(Kind::NotWired)) {
        let peer = FakeExchange::start();
        let DepositQuestion { h_wire, h_contract, coin_pub } = question(&file).0;
        let which = WhichDeposit { coin_pub, h_contract, h_wire };
        let state = client_of(&peer, &file).deposit_state(&keys(), &which, &shop).await.unwrap();
        let body = &file["answer"]["body"];
        match state {
            DepositState::Wired(wired) => {
                assert_eq!(wired.wtid, read(&body["wtid"]), "{name}");
                assert_eq!(wired.coin_contribution, read(&body["coin_contribution"]), "{name}");
            }
            DepositState::Waiting(waiting) => {
                assert_eq!(waiting.execution_time, time(&body["execution_time"]), "{name}");
                assert_eq!(waiting.kyc_ok, body["kyc_ok"] == true, "{name}");
                assert_eq!(waiting.kyc_ok, waiting.requirement_row.is_none(), "{name}");
            }
            DepositState::Unknown => panic!("{name}"),
        }
    }
    let peer = FakeExchange::start();
    let file = recorded("transfers-200-4-coins-one-refunded");
    let path = file["request"]["path"].as_str().unwrap();
    let wtid = ShortHash::parse(path.strip_prefix("/transfers/").unwrap()).unwrap();
    let report = client_of(&peer, &file).transfer(&keys(), &wtid).await.unwrap();
    assert_eq!(report.total, read(&file["answer"]["body"]["total"]));
    assert_eq!(report.deposits.len(), 4);
    let published = keys();
    let published = published.wire_fee("x-taler-bank", report.execution_time).unwrap();
    assert_eq!(published.wire_fee, report.wire_fee);
}

#[test]
fn an_accounts_owner_asks_for_its_state_as_then() {
    let required = recorded("batch-deposit-451-1028-kyc-required");
    let (request, refusal) = (&required["request"]["body"], &required["answer"]["body"]);
    let owner: PublicKey = read(&request["merchant_pub"]);
    let payto = Payto::parse(request["merchant_payto_uri"].as_str().unwrap()).unwrap();
    assert_eq!(read::<ShortHash>(&refusal["h_payto"]), payto.normalized_hash());
    let signature = |file: &Value| -> Signature {
        read(&file["request"]["headers"]["Account-Owner-Signature"])
    };
    let path = |payto: &Payto| format!("/kyc-check/{}", payto.normalized_hash());

    let file = recorded("kyc-check-202");
    assert_eq!(file["request"]["path"], path(&payto));
    assert!(KycQuestion.verify(&owner, &signature(&file)));
    assert_eq!(file["answer"]["body"]["aml_review"], false);
    for limit in file["answer"]["body"]["limits"].as_array().unwrap() {
        let _: (Amount, bool) = (read(&limit["threshold"]), read(&limit["soft_limit"]));
    }
    let file = recorded("kyc-check-403-1930-wrong-signature-or-key");
    assert_eq!(file["request"]["path"], path(&payto));
    assert!(!KycQuestion.verify(&owner, &signature(&file)));
    assert_eq!(read::<PublicKey>(&file["answer"]["body"]["expected_account_pub"]), owner);

    // The account of the other refusal: no transfer has named a key yet.
    let unproven = recorded("batch-deposit-451-1028-bad-kyc-auth");
    let request = &unproven["request"]["body"];
    let owner: PublicKey = read(&request["merchant_pub"]);
    let payto = Payto::parse(request["merchant_payto_uri"].as_str().unwrap()).unwrap();
    let file = recorded("kyc-check-409-1940-key-not-proven");
    assert_eq!(file["request"]["path"], path(&payto));
    assert!(KycQuestion.verify(&owner, &signature(&file)));
    assert_eq!(file["answer"]["body"]["code"], 1940);
}

#[actix_web::test]
async fn what_a_real_exchange_said_of_accounts_is_told_apart() {
    let owner = SigningKey::from_seed([1; 32]);
    let request = recorded("batch-deposit-1-coin");
    let payto = request["request"]["body"]["merchant_payto_uri"].as_str().unwrap();
    let payto = Payto::parse(payto).unwrap();
    let says = async |name: &str| {
        let peer = FakeExchange::start();
        client_of(&peer, &recorded(name)).kyc_state(&payto, &owner).await.unwrap()
    };
    let KycState::Required(reply) = says("kyc-check-202").await else { panic!() };
    assert_eq!(reply["access_token"].as_str().unwrap().len(), 52);
    assert_eq!(says("kyc-check-409-1940-key-not-proven").await, KycState::KeyUnknown);
    let differs = says("kyc-check-403-1930-wrong-signature-or-key").await;
    assert!(matches!(differs, KycState::KeyDiffers(_)), "{differs:?}");
}

#[test]
fn a_reserve_has_signed_what_it_withdrew() {
    let file = recorded("batch-withdraw");
    let path = file["request"]["path"].as_str().unwrap();
    let reserve = PublicKey::parse(path.split('/').nth(2).unwrap()).unwrap();
    let planchets = file["request"]["body"]["planchets"].as_array().unwrap();
    let signed = file["answer"]["body"]["ev_sigs"].as_array().unwrap();
    assert_eq!(planchets.len(), signed.len());
    let keys = keys();
    let mut seen = 0;
    for (planchet, signed) in planchets.iter().zip(signed) {
        let h_denom: HashCode = read(&planchet["denom_pub_hash"]);
        let denomination = keys.denomination(&h_denom).unwrap();
        let blinded = &planchet["coin_ev"]["rsa_blinded_planchet"];
        if blinded.is_null() {
            continue;
        }
        let blinded: BlindedMessage = read(blinded);
        let price = denomination.value.checked_add(&denomination.fees.withdraw).unwrap();
        let wish = ReserveWithdraw {
            amount_with_fee: price.to_nbo(),
            h_denom,
            h_coin_ev: envelope_hash(&h_denom, &blinded),
        };
        assert!(wish.verify(&reserve, &read(&planchet["reserve_sig"])), "{planchet}");
        let _: BlindSignature = read(&signed["ev_sig"]["blinded_rsa_signature"]);
        seen += 1;
    }
    assert!(seen > 3, "{seen}");
}
