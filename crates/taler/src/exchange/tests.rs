//! Lists that are read, and lists that are not believed.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::sample::{Sample, after, amount};
use super::{BadKeys, Keys};
use crate::payto::Payto;
use crate::sign::{PublicKey, Signature, SigningKey};
use crate::time::Timestamp;

fn sample() -> Sample {
    Sample::at("https://exchange.example/")
}

fn read(answer: &Value) -> Result<Keys, BadKeys> {
    Keys::read(&sample().trusted(), answer.to_string().as_bytes())
}

fn with(change: impl FnOnce(&mut Value)) -> Result<Keys, BadKeys> {
    let mut answer = sample().keys();
    change(&mut answer);
    read(&answer)
}

#[test]
fn a_list_is_read_and_answers_what_a_shop_asks() {
    let keys = read(&sample().keys()).unwrap();
    assert_eq!(keys.version(), "23:0:6");
    assert_eq!(keys.issued(), after(5));
    assert_eq!((keys.denominations().len(), keys.left_out()), (3, 0));
    for (_, key, ages) in Sample::denominations() {
        let found = keys.denomination(&key.hash(ages)).unwrap();
        assert_eq!((&found.key, found.ages), (&key, ages));
        assert_eq!(found.value, amount("KUDOS:2"));
        assert_eq!(found.fees.withdraw, amount("KUDOS:0.01"));
        assert_eq!(found.fees.deposit, amount("KUDOS:0.02"));
        assert_eq!(found.fees.refresh, amount("KUDOS:0.03"));
        assert_eq!(found.fees.refund, amount("KUDOS:0.04"));
        assert_eq!(found.expire_legal, after(3000));
        let issued = [0, 999, 1000].map(|at| found.is_issued(after(at)));
        assert_eq!(issued, [true, true, false]);
        let spendable = [0, 1999, 2000].map(|at| found.is_spendable(after(at)));
        assert_eq!(spendable, [true, true, false]);
        assert!(!found.is_spendable(Timestamp::ZERO) && !found.is_issued(Timestamp::ZERO));
    }
    let fee = keys.wire_fee("iban", after(999)).unwrap();
    assert_eq!((fee.wire_fee, fee.closing_fee), (amount("KUDOS:0.05"), amount("KUDOS:0.06")));
    assert!(keys.wire_fee("iban", after(1000)).is_none());
    assert!(keys.wire_fee("bitcoin", after(0)).is_none());
    let [german, swiss] = ["DE75512108001245126199", "CH9300762011623852957"]
        .map(|iban| Payto::parse(format!("payto://iban/{iban}?receiver-name=Shop")).unwrap());
    assert!(keys.may_pay(&german) && !keys.may_pay(&swiss));
    assert_eq!(keys.accounts()[0].priority, 3);
    assert_eq!(keys.hard_limits()[0].operation, "DEPOSIT");
    assert!(keys.hard_limits()[0].is_soft);
    assert_eq!(keys.zero_limits(), ["AGGREGATE"]);
    assert_eq!(keys.stefan().unwrap().abs, amount("KUDOS:0.1"));
}

#[test]
fn a_signing_key_is_good_in_its_time_and_an_hour_around_it() {
    let keys = read(&sample().keys()).unwrap();
    let key = sample().signing.public_key();
    let before = Timestamp::from_secs(super::sample::START_S - 3601).unwrap();
    for (at, signs, is_evidence) in [
        (before, false, false),
        (after(0), true, true),
        (after(13_599), true, true),
        (after(13_600), false, true),
        (after(103_599), false, true),
        (after(103_600), false, false),
        (Timestamp::NEVER, false, false),
    ] {
        assert_eq!(keys.signing_key(&key, at), signs, "{at:?}");
        assert_eq!(keys.can_sign(at), signs, "{at:?}");
        assert_eq!(keys.is_evidence(&key, at), is_evidence, "{at:?}");
    }
    let other = PublicKey::new([9; 32]);
    assert!(!keys.signing_key(&other, after(0)) && !keys.is_evidence(&other, after(0)));
}

#[test]
fn another_exchange_than_the_trusted_one_is_refused_in_plain_words() {
    let said = |change: fn(&mut Value)| with(change).unwrap_err().to_string();
    assert_eq!(
        said(|list| list["base_url"] = json!("https://other.example/")),
        "it calls itself https://other.example/"
    );
    assert_eq!(said(|list| list["currency"] = json!("EUR")), "its currency is EUR");
    let other = SigningKey::from_seed([9; 32]).public_key();
    let refused = with(|list| list["master_public_key"] = json!(other)).unwrap_err();
    assert_eq!(refused, BadKeys::MasterKey(other));
    assert_eq!(
        said(|list| list["version"] = json!("12:0:3")),
        "it speaks version 12:0:3 of the protocol, we 17 to 30"
    );
    assert!(said(|list| *list = json!({})).starts_with("its keys cannot be read: missing field"));
    assert!(Keys::read(&sample().trusted(), b"<html>").is_err());
    assert!(Keys::read(&sample().trusted(), b"\xff").is_err());
}

#[test]
fn a_version_must_have_something_in_common_with_ours() {
    for (version, good) in [
        ("17:0:0", true),
        ("30:2:13", true),
        ("45:0:15", true),
        ("16:0:0", false),
        ("31:0:0", false),
        ("45:0:14", false),
        ("20:0:21", false),
        ("20", false),
        ("20:0", false),
        ("20:0:0:0", false),
        ("a:b:c", false),
        ("-20:0:0", false),
        ("99999999999:0:0", false),
    ] {
        let read = with(|list| list["version"] = json!(version));
        assert_eq!(read.is_ok(), good, "{version}");
    }
}

#[test]
fn a_denomination_that_makes_no_sense_is_left_out_and_the_rest_stays() {
    let changes: [fn(&mut Value); 7] = [
        |group| group["age_mask"] = json!(3),
        |group| _ = group.as_object_mut().unwrap().remove("age_mask"),
        |group| group["cipher"] = json!("CS+age_restricted"),
        |group| group["value"] = json!("EUR:2"),
        |group| group["fee_refund"] = json!("nothing"),
        |group| group["denoms"][0]["rsa_pub"] = json!("G40G"),
        |group| group["denoms"][0]["stamp_start"] = json!(null),
    ];
    for change in changes {
        let keys = with(|list| change(&mut list["denominations"][1])).unwrap();
        assert_eq!((keys.denominations().len(), keys.left_out()), (2, 1));
    }
    // Ciphers of the future are nobody's fault.
    let keys = with(|list| list["denominations"][1]["cipher"] = json!("PQ")).unwrap();
    assert_eq!((keys.denominations().len(), keys.left_out()), (2, 0));
    let none = with(|list| {
        for group in list["denominations"].as_array_mut().unwrap() {
            group["value"] = json!("KUDOS:3");
        }
    });
    assert_eq!(none.unwrap_err(), BadKeys::NoDenomination);
}

#[test]
fn a_denomination_taken_out_of_the_list_is_missed() {
    let short = with(|list| _ = list["denominations"].as_array_mut().unwrap().pop());
    assert_eq!(short.unwrap_err(), BadKeys::Unsigned("the list of denominations"));
}

#[test]
fn revoked_and_lost_denominations_are_marked() {
    let hashes: Vec<_> =
        Sample::denominations().iter().map(|(_, key, ages)| key.hash(*ages)).collect();
    let keys = with(|list| {
        list["recoup"] = json!([{ "h_denom_pub": hashes[0] }]);
        list["denominations"][1]["denoms"][0]["lost"] = json!(true);
    })
    .unwrap();
    let [revoked, lost, good] = [0, 1, 2].map(|place| keys.denomination(&hashes[place]).unwrap());
    let can = |one: &super::Denomination| [one.is_issued(after(1)), one.is_spendable(after(1))];
    assert_eq!([can(revoked), can(lost), can(good)], [[false; 2], [false, true], [true; 2]]);
}

#[test]
fn members_that_a_shop_can_do_without_may_be_absent() {
    let keys = with(|list| {
        let members = list.as_object_mut().unwrap();
        for name in ["recoup", "hard_limits", "zero_limits", "global_fees", "stefan_abs"] {
            members.remove(name).unwrap();
        }
        members.insert("from_the_future".into(), json!([1.5]));
    })
    .unwrap();
    assert!(keys.stefan().is_none() && keys.hard_limits().is_empty());
}

#[test]
fn what_is_odd_among_limits_and_revocations_is_left_out_alone() {
    let limit = |operation: &str, threshold: &str| {
        json!({
            "operation_type": operation, "threshold": threshold,
            "timeframe": { "d_us": "forever" },
        })
    };
    let keys = with(|list| {
        list["hard_limits"] = json!([
            limit("TELEPORT", "KUDOS:1"),
            limit("DEPOSIT", "EUR:1"),
            { "operation_type": 7 },
            "DEPOSIT",
            limit("DEPOSIT", "KUDOS:30"),
            limit("TRANSACTION", "KUDOS:20.5"),
            limit("REFUND", "KUDOS:9"),
        ]);
        list["zero_limits"] = json!([{}, null, { "operation_type": "WITHDRAW" }]);
        list["recoup"] = json!([{ "h_denom": "?" }, 5]);
    })
    .unwrap();
    let operations: Vec<_> = keys.hard_limits().iter().map(|limit| &*limit.operation).collect();
    assert_eq!(operations, ["TELEPORT", "DEPOSIT", "TRANSACTION", "REFUND"]);
    assert_eq!(keys.zero_limits(), ["WITHDRAW"]);
    assert_eq!(keys.most_deposited(), Some(amount("KUDOS:20.5")));
    assert_eq!(keys.most_refunded(), Some(amount("KUDOS:9")));
    // A limit that goes away is for the exchange to enforce.
    let soft = with(|_| {}).unwrap();
    assert_eq!((soft.most_deposited(), soft.most_refunded()), (None, None));
}

#[test]
fn a_list_beyond_all_measure_is_not_looked_through() {
    let many = |name: &str, count| {
        with(|list| {
            let one = list[name][0].clone();
            list[name] = json!(vec![one; count]);
        })
        .unwrap_err()
    };
    // These nobody signs, and a revoked denomination must not be overlooked.
    let crowded = with(|list| {
        let limit = list["hard_limits"][0].clone();
        list["hard_limits"] = json!(vec![limit; 1025]);
        list["recoup"] =
            json!(vec![json!({ "h_denom_pub": crate::base32::HashCode::new([7; 64]) }); 5000]);
    })
    .unwrap();
    assert_eq!(crowded.hard_limits().len(), 1024);
    assert_eq!(many("signkeys", 1025), BadKeys::TooMany("signing keys"));
    assert_eq!(many("global_fees", 1025), BadKeys::TooMany("global fees"));
    assert_eq!(many("accounts", 1025), BadKeys::TooMany("accounts"));
    assert_eq!(many("denominations", 8193), BadKeys::TooMany("denominations"));
    let crowded = with(|list| {
        let one = json!({ "master_sig": Signature::new([0; 64]) });
        list["denominations"][0]["denoms"] = json!(vec![one; 8193]);
    });
    assert_eq!(crowded.unwrap_err(), BadKeys::TooMany("denominations"));
}

/// Where signed fields stand, and whether a change spoils the list or one denomination.
const SIGNED: &[(&str, bool)] = &[
    ("/list_issue_date/t_s", true),
    ("/exchange_pub", true),
    ("/exchange_sig", true),
    ("/signkeys/0/key", true),
    ("/signkeys/0/stamp_start/t_s", true),
    ("/signkeys/0/stamp_expire/t_s", true),
    ("/signkeys/0/stamp_end/t_s", true),
    ("/signkeys/0/master_sig", true),
    ("/denominations/1/value", false),
    ("/denominations/1/fee_withdraw", false),
    ("/denominations/1/fee_deposit", false),
    ("/denominations/1/fee_refresh", false),
    ("/denominations/1/fee_refund", false),
    ("/denominations/1/age_mask", false),
    ("/denominations/1/denoms/0/stamp_start/t_s", false),
    ("/denominations/1/denoms/0/stamp_expire_withdraw/t_s", false),
    ("/denominations/1/denoms/0/stamp_expire_deposit/t_s", false),
    ("/denominations/1/denoms/0/stamp_expire_legal/t_s", false),
    ("/denominations/1/denoms/0/rsa_pub", false),
    ("/denominations/2/denoms/0/cs_pub", false),
    // In the list's signature too.
    ("/denominations/1/denoms/0/master_sig", true),
    ("/accounts/0/payto_uri", true),
    ("/accounts/0/conversion_url", true),
    ("/accounts/0/debit_restrictions/0/payto_regex", true),
    ("/accounts/0/debit_restrictions/0/type", true),
    ("/accounts/0/master_sig", true),
    ("/wire_fees/iban/0/wire_fee", true),
    ("/wire_fees/iban/0/closing_fee", true),
    ("/wire_fees/iban/0/start_date/t_s", true),
    ("/wire_fees/iban/0/end_date/t_s", true),
    ("/wire_fees/iban/0/sig", true),
    ("/global_fees/0/start_date/t_s", true),
    ("/global_fees/0/end_date/t_s", true),
    ("/global_fees/0/purse_timeout/d_us", true),
    ("/global_fees/0/purse_account_limit", true),
    ("/global_fees/0/history_fee", true),
    ("/global_fees/0/account_fee", true),
    ("/global_fees/0/purse_fee", true),
    ("/global_fees/0/master_sig", true),
];

/// Another value of the same kind: an amount, a number, a base32 text, another text.
fn bend(value: &mut Value, at: prop::sample::Index) {
    match value {
        Value::Number(number) => *value = json!(number.as_u64().unwrap() ^ (1 << at.index(12))),
        Value::String(text) if text.starts_with("KUDOS:") => text.push('1'),
        Value::String(text) => {
            // Not the last character, which has bits that mean nothing.
            let at = at.index(text.len() - 1);
            let other = if &text[at..=at] == "7" { "8" } else { "7" };
            text.replace_range(at..=at, other);
        }
        other => panic!("nothing to bend in {other}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    #[test]
    fn no_signed_field_can_be_changed_unnoticed(at: prop::sample::Index) {
        let answer = sample().keys();
        for (path, spoils_all) in SIGNED {
            let mut bent = answer.clone();
            bend(bent.pointer_mut(path).unwrap(), at);
            prop_assert_ne!(&bent, &answer);
            match read(&bent) {
                Ok(keys) => {
                    prop_assert!(!spoils_all, "{} went unnoticed", path);
                    prop_assert_eq!((keys.denominations().len(), keys.left_out()), (2, 1));
                }
                Err(bad) => prop_assert!(*spoils_all, "{}: {}", path, bad),
            }
        }
        for list in ["debit_restrictions", "credit_restrictions"] {
            let mut bent = answer.clone();
            bent["accounts"][0][list] = json!([{ "type": "deny" }]);
            prop_assert_eq!(read(&bent).unwrap_err(), BadKeys::Unsigned("an account"));
        }
    }

    #[test]
    fn no_answer_panics(at: prop::sample::Index, byte: u8) {
        let mut text = sample().keys().to_string().into_bytes();
        for step in 0..64 {
            let place = (at.index(text.len()) + step * 37) % text.len();
            let before = std::mem::replace(&mut text[place], byte);
            let _ = Keys::read(&sample().trusted(), &text);
            let _ = Keys::read(&sample().trusted(), &text[..place]);
            text[place] = before;
        }
    }
}
