//! Melts and reveals of both generations, by a wallet that was written from the formulas.

use playground::sandbox::{FaultAction, Faults, Generations};
use serde_json::{Value, json};
use taler::base32::HashCode;
use taler::coin::age::{AgeCommitment, AgeKey};
use taler::sign::wallet::AgeAttestation;
use taler::sign::{PublicKey, Purpose, Signature};

use super::{Merchant, denies_denomination, failure, read};
use crate::common::Reply;
use crate::common::exchange::refresh::{Refresh, found};
use crate::common::exchange::{Coin, Denomination, Exchange, kudos};

const BOTH: [bool; 2] = [false, true];

fn change(is_new: bool, coin: &Coin, denominations: &[Denomination]) -> Refresh {
    Refresh::aged(is_new, coin, denominations, None)
}

fn melt(exchange: &Exchange, refresh: &Refresh) -> Reply {
    exchange.post(&refresh.melt_path, &refresh.melt)
}

/// Which candidate stays hidden, if a listed key has signed that.
fn hidden(exchange: &Exchange, refresh: &Refresh, reply: &Reply) -> usize {
    assert_eq!(reply.status, 200, "{reply:?}");
    let body = reply.json();
    let index = u32::try_from(body["noreveal_index"].as_u64().unwrap()).unwrap();
    let signer: PublicKey = read(&body["exchange_pub"]);
    let keys = exchange.keys();
    let listed = keys["signkeys"].as_array().unwrap();
    assert!(listed.iter().any(|key| read::<PublicKey>(&key["key"]) == signer));
    let words = [&refresh.rc[..], &index.to_be_bytes()].concat();
    let signature: Signature = read(&body["exchange_sig"]);
    assert!(signer.verify(Purpose::ExchangeMelt, &words, &signature), "{body}");
    usize::try_from(index).unwrap()
}

fn reveal(exchange: &Exchange, refresh: &Refresh, hidden: usize) -> Reply {
    let (path, body) = refresh.reveal(hidden);
    exchange.post(&path, &body)
}

/// All of a refresh.
fn changed(exchange: &Exchange, refresh: &Refresh) -> Vec<Coin> {
    let at = hidden(exchange, refresh, &melt(exchange, refresh));
    let reply = reveal(exchange, refresh, at);
    assert_eq!(reply.status, 200, "{reply:?}");
    refresh.coins(at, &reply.json())
}

fn of(exchange: &Exchange, values: &[&str]) -> Vec<Denomination> {
    values.iter().map(|value| exchange.denomination(value)).collect()
}

/// What is somewhere, in all.
fn sum_of(ledger: &Value) -> String {
    ["reserves", "coins", "melting", "merchants", "fees"]
        .iter()
        .map(|part| read(&ledger[part]))
        .reduce(|a: taler::amount::Amount, b| a.checked_add(&b).unwrap())
        .unwrap()
        .to_string()
}

#[test]
fn what_is_left_of_a_coin_becomes_new_coins_in_both_generations() {
    let exchange = Exchange::start();
    let shop = Merchant::new();
    for is_new in BOTH {
        let purchase = shop.purchase(&exchange, &format!("a book {is_new}"));
        let coin = exchange.coin("5");
        let paid = shop.deposit(&exchange, &purchase, &[coin.deposited(&purchase, "2.5")]);
        assert_eq!(paid.status, 200, "{paid:?}");
        // 2.50 are left: 1 + 1 + 0.2 + 0.2 + 0.05 and the fee of two hundredths.
        let refresh = change(is_new, &coin, &of(&exchange, &["1", "1", "0.2", "0.2", "0.05"]));
        assert_eq!(refresh.value_with_fee, kudos("2.47"));
        let answer = melt(&exchange, &refresh);
        let at = hidden(&exchange, &refresh, &answer);
        assert_eq!(exchange.account_of(&coin)["left"], "KUDOS:0.03");
        let ledger = exchange.ledger();
        assert_eq!(ledger["melting"], "KUDOS:2.45");
        assert_eq!(sum_of(&ledger), ledger["topped_up"]);
        // The same again is the same, and takes nothing.
        assert_eq!(melt(&exchange, &refresh).text, answer.text);
        assert_eq!(exchange.account_of(&coin)["left"], "KUDOS:0.03");

        let signed = reveal(&exchange, &refresh, at);
        assert_eq!(signed.status, 200, "{signed:?}");
        assert_eq!(reveal(&exchange, &refresh, at).text, signed.text);
        let coins = refresh.coins(at, &signed.json());
        assert!(coins.iter().all(Coin::is_good));
        let ledger = exchange.ledger();
        assert_eq!(ledger["melting"], "KUDOS:0");
        assert_eq!(sum_of(&ledger), ledger["topped_up"]);

        // The new coins pay, and can be changed themselves.
        let second = shop.purchase(&exchange, &format!("a pen {is_new}"));
        let paid = shop.deposit(&exchange, &second, &[coins[0].deposited(&second, "0.4")]);
        assert_eq!(paid.status, 200, "{paid:?}");
        let more = changed(&exchange, &change(!is_new, &coins[0], &of(&exchange, &["0.5"])));
        assert!(more[0].is_good());
        assert_eq!(exchange.account_of(&coins[0])["left"], "KUDOS:0.08");
        let ledger = exchange.ledger();
        assert_eq!(sum_of(&ledger), ledger["topped_up"]);
    }
}

#[test]
fn an_owner_finds_the_coins_that_come_of_a_coin() {
    let exchange = Exchange::start();
    let coin = exchange.coin("1");
    let link = || exchange.get(&format!("coins/{}/link", coin.key.public_key()));
    assert_eq!(failure(&link()), (404, 1400));
    let old = change(false, &coin, &of(&exchange, &["0.2", "0.1"]));
    let at = hidden(&exchange, &old, &melt(&exchange, &old));
    // Melted and not revealed is not enough.
    assert_eq!(failure(&link()), (404, 1400));
    let coins = old.coins(at, &reveal(&exchange, &old, at).json());
    let reply = link().json();
    let key = reply[0]["transfer_pub"].as_str().unwrap();
    let keys = [(0, key.to_owned()), (1, key.to_owned())];
    let public: Vec<_> = coins.iter().map(|coin| coin.key.public_key()).collect();
    assert_eq!(found(&coin, &keys), public);
    assert_eq!(reply[0]["new_coins"][1]["coin_idx"], 1);
    assert_eq!(reply[0]["new_coins"][0]["ewv"], json!({ "cipher": "RSA" }));

    // In the new generation the history says it.
    let new = change(true, &coin, &of(&exchange, &["0.05", "0.02"]));
    let at = hidden(&exchange, &new, &melt(&exchange, &new));
    let coins = new.coins(at, &reveal(&exchange, &new, at).json());
    let history = history(&exchange, &coin, 0).json();
    let entry = history["history"].as_array().unwrap().last().unwrap();
    assert_eq!(entry["noreveal_index"], at);
    let keys: Vec<String> = read(&entry["transfer_pubs"][at]);
    let keys: Vec<_> = keys.into_iter().enumerate().collect();
    let public: Vec<_> = coins.iter().map(|coin| coin.key.public_key()).collect();
    assert_eq!(found(&coin, &keys), public);
    assert_eq!(entry["ev_sigs"].as_array().unwrap().len(), 2);
}

fn history(exchange: &Exchange, coin: &Coin, start: u64) -> Reply {
    let signature = coin.key.sign(Purpose::WalletCoinHistory, &start.to_be_bytes());
    asked(exchange, coin, start, Some(signature), None)
}

fn asked(
    exchange: &Exchange,
    coin: &Coin,
    start: u64,
    signature: Option<Signature>,
    tag: Option<&str>,
) -> Reply {
    let name = coin.key.public_key();
    let url = format!("{}coins/{name}/history?start={start}", exchange.base_url());
    let mut request = crate::common::client().build().unwrap().get(url);
    if let Some(signature) = signature {
        request = request.header("Taler-Coin-History-Signature", signature.to_string());
    }
    if let Some(tag) = tag {
        request = request.header("If-None-Match", tag);
    }
    Reply::of(request.send().unwrap())
}

#[test]
fn a_coins_history_lists_what_it_paid_got_back_and_became() {
    let exchange = Exchange::start();
    let shop = Merchant::new();
    let (coin, purchase) = (exchange.coin("1"), shop.purchase(&exchange, "a book"));
    let unknown = history(&exchange, &coin, 0);
    assert_eq!(failure(&unknown), (404, 1019));
    assert_eq!(failure(&asked(&exchange, &coin, 0, None, None)), (400, 25));
    let wrong = coin.key.sign(Purpose::WalletCoinHistory, &1_u64.to_be_bytes());
    assert_eq!(failure(&asked(&exchange, &coin, 0, Some(wrong), None)), (403, 1251));

    assert_eq!(shop.deposit(&exchange, &purchase, &[coin.deposited(&purchase, "0.5")]).status, 200);
    assert_eq!(shop.refund(&exchange, &coin, &purchase, "0.3", 7).status, 200);
    let refresh = change(false, &coin, &of(&exchange, &["0.2"]));
    changed(&exchange, &refresh);
    let reply = history(&exchange, &coin, 0);
    assert_eq!(reply.status, 200, "{reply:?}");
    assert_eq!(reply.headers["cache-control"], "no-cache");
    let body = reply.json();
    assert_eq!(body["h_denom_pub"], json!(coin.denomination.h_denom));
    // 1 − 0.5 + 0.29 − 0.22
    assert_eq!(body["balance"], "KUDOS:0.57");
    let entries = body["history"].as_array().unwrap();
    let short: Vec<_> = entries.iter().map(|entry| (&entry["type"], &entry["amount"])).collect();
    assert_eq!(
        short,
        [
            (&json!("DEPOSIT"), &json!("KUDOS:0.5")),
            (&json!("REFUND"), &json!("KUDOS:0.29")),
            (&json!("MELT"), &json!("KUDOS:0.22")),
        ]
    );
    assert_eq!(entries[0]["merchant_pub"], json!(purchase.merchant_pub));
    assert_eq!(entries[0]["h_wire"], json!(purchase.h_wire));
    assert_eq!(entries[1]["rtransaction_id"], 7);
    assert_eq!(entries[1]["refund_fee"], "KUDOS:0.01");
    assert!(entries[1]["merchant_sig"].is_string());
    assert_eq!(entries[2]["rc"], json!(HashCode::new(refresh.rc)));
    assert_eq!(entries[2]["coin_sig"], refresh.melt["confirm_sig"]);

    // What is not new is not told again.
    let newest: u64 = reply.headers["etag"].trim_matches('"').parse().unwrap();
    let reply = history(&exchange, &coin, newest - 1).json();
    assert_eq!(reply["history"].as_array().unwrap().len(), 1);
    assert_eq!(history(&exchange, &coin, newest).status, 204);
    assert_eq!(history(&exchange, &coin, u64::MAX).status, 204);
    let signature = coin.key.sign(Purpose::WalletCoinHistory, &0_u64.to_be_bytes());
    let known = format!("\"{newest}\"");
    assert_eq!(asked(&exchange, &coin, 0, Some(signature), Some(&known)).status, 304);
    assert_eq!(asked(&exchange, &coin, 0, Some(signature), Some("\"1\"")).status, 200);
}

#[test]
fn a_melt_that_does_not_hold_takes_nothing() {
    let exchange = Exchange::start();
    let (coin, other) = (exchange.coin("1"), exchange.coin("1"));
    let new = of(&exchange, &["0.5", "0.2"]);
    for is_new in BOTH {
        let refresh = change(is_new, &coin, &new);
        let with = |member: &str, value: Value| {
            let mut melt = refresh.melt.clone();
            melt[member] = value;
            exchange.post(&refresh.melt_path, &melt)
        };
        let (h_denom, sig) = match is_new {
            false => ("denom_pub_hash", "denom_sig"),
            true => ("old_denom_pub_h", "old_denom_sig"),
        };
        let unknown = with(h_denom, json!(HashCode::ZERO));
        assert_eq!(failure(&unknown), (404, 1005));
        assert!(denies_denomination(&unknown));
        // Of another denomination, the coin is none at all.
        let another = json!(exchange.denomination("0.2").h_denom);
        assert_eq!(failure(&with(h_denom, another)), (403, 1006));
        assert_eq!(failure(&with(sig, json!(other.ub_sig))), (403, 1006));
        let signature = json!(Signature::new([7; 64]));
        assert_eq!(failure(&with("confirm_sig", signature)), (403, 1303));
        assert_eq!(failure(&with("value_with_fee", json!("KUDOS:0.01"))), (400, 1302));
        let foreign = with("value_with_fee", json!("EUR:0.3"));
        assert_eq!(failure(&foreign), (400, 22));
        assert_eq!(foreign.json()["field"], "value_with_fee");
        for member in refresh.melt.as_object().unwrap().keys() {
            if member == "transfer_pubs" {
                continue;
            }
            let mut melt = refresh.melt.clone();
            melt.as_object_mut().unwrap().remove(member);
            let reply = exchange.post(&refresh.melt_path, &melt);
            assert_eq!(failure(&reply), (400, 22), "{member}");
            assert_eq!(reply.json()["field"], json!(member));
        }
        // Unknown members are no mistake.
        let too_much = Refresh::paying(is_new, &coin, &new, None, kudos("1.01"));
        let reply = melt(&exchange, &too_much);
        let expected = if is_new { (400, 26) } else { (409, 1012) };
        assert_eq!(failure(&reply), expected, "{reply:?}");
        let unseen = exchange.get(&format!("sandbox/coins/{}", coin.key.public_key()));
        assert_eq!(failure(&unseen), (404, 1019));
    }
    for is_new in BOTH {
        let mut refresh = change(is_new, &coin, &of(&exchange, &["0.2"]));
        refresh.melt["a_member_of_tomorrow"] = json!({ "x": [1, null] });
        hidden(&exchange, &refresh, &melt(&exchange, &refresh));
    }
    // 1 less two times 0.22.
    assert_eq!(exchange.account_of(&coin)["left"], "KUDOS:0.56");
    for is_new in BOTH {
        let refresh = change(is_new, &coin, &of(&exchange, &["0.5", "0.05"]));
        let reply = melt(&exchange, &refresh);
        assert_eq!(failure(&reply), (409, 1012));
        assert_eq!(reply.json()["coin_pub"], json!(coin.key.public_key()));
        assert_eq!(reply.json()["h_denom_pub"], json!(coin.denomination.h_denom));
    }
    assert_eq!(exchange.account_of(&coin)["left"], "KUDOS:0.56");
}

#[test]
fn the_commitment_alone_says_whether_an_old_melt_is_the_same() {
    let exchange = Exchange::start();
    let (coin, other) = (exchange.coin("1"), exchange.coin("1"));
    let refresh = change(false, &coin, &of(&exchange, &["0.1"]));
    let first = melt(&exchange, &refresh);
    // The same commitment from another coin and for another amount, rightly signed.
    let body = [
        &refresh.rc[..],
        other.denomination.h_denom.as_ref(),
        &[0; 32],
        &kudos("0.5").to_nbo(),
        &other.denomination.fee_refresh.to_nbo(),
    ]
    .concat();
    let mut request = refresh.melt;
    request["value_with_fee"] = json!("KUDOS:0.5");
    request["denom_sig"] = json!(other.ub_sig);
    request["confirm_sig"] = json!(other.key.sign(Purpose::WalletCoinMelt, &body));
    let path = format!("coins/{}/melt", other.key.public_key());
    assert_eq!(exchange.post(&path, &request).text, first.text);
    assert_eq!(exchange.account_of(&coin)["left"], "KUDOS:0.88");
    assert_eq!(
        failure(&exchange.get(&format!("sandbox/coins/{}", other.key.public_key()))),
        (404, 1019)
    );
}

#[test]
fn a_wrong_reveal_gets_nothing_and_spoils_nothing() {
    let exchange = Exchange::start();
    let coin = exchange.coin("2");
    let new = of(&exchange, &["0.5", "0.2"]);
    let refresh = change(false, &coin, &new);
    let at = hidden(&exchange, &refresh, &melt(&exchange, &refresh));
    let (path, body) = refresh.reveal(at);
    let with = |change: &dyn Fn(&mut Value)| {
        let mut body = body.clone();
        change(&mut body);
        exchange.post(&path, &body)
    };
    let set = |member: &'static str, value: Value| with(&move |body| body[member] = value.clone());
    let pop =
        |member: &'static str| with(&move |body| drop(body[member].as_array_mut().unwrap().pop()));
    assert_eq!(failure(&exchange.post("refreshes/ABC/reveal", &body)), (400, 1362));
    let nowhere = format!("refreshes/{}/reveal", HashCode::ZERO);
    assert_eq!(failure(&exchange.post(&nowhere, &body)), (404, 1355));
    assert_eq!(failure(&pop("transfer_privs")), (400, 1356));
    assert_eq!(failure(&pop("link_sigs")), (400, 1358));
    assert_eq!(failure(&pop("coin_evs")), (400, 1358));
    let none = with(&|body| {
        for member in ["new_denoms_h", "coin_evs", "link_sigs"] {
            body[member] = json!([]);
        }
    });
    assert_eq!(failure(&none), (400, 1018));
    let unknown = with(&|body| body["new_denoms_h"][0] = json!(HashCode::ZERO));
    assert_eq!(failure(&unknown), (404, 1005));
    let unsigned = with(&|body| body["link_sigs"][1] = json!(Signature::new([7; 64])));
    assert_eq!(failure(&unsigned), (403, 1361));
    let other_key = with(&|body| {
        body["transfer_privs"][0] = json!(PublicKey::new([9; 32]));
    });
    assert_eq!(failure(&other_key), (409, 1353));
    assert_eq!(other_key.json()["rc_expected"].as_str().unwrap().len(), 103);
    // All that is revealed must be of the two others.
    let (_, wrong) = refresh.reveal((at + 1) % 3);
    assert_eq!(failure(&exchange.post(&path, &wrong)), (409, 1353));
    assert_eq!(failure(&set("transfer_pub", json!("x"))), (400, 22));
    let right = exchange.post(&path, &body);
    assert_eq!(right.status, 200, "{right:?}");
    assert!(refresh.coins(at, &right.json()).iter().all(Coin::is_good));

    let refresh = change(true, &coin, &new);
    let at = hidden(&exchange, &refresh, &melt(&exchange, &refresh));
    let (_, wrong) = refresh.reveal((at + 1) % 3);
    assert_eq!(failure(&exchange.post("reveal-melt", &wrong)), (409, 1353));
    let (_, body) = refresh.reveal(at);
    let with = |member: &str, value: Value| {
        let mut body = body.clone();
        body[member] = value;
        exchange.post("reveal-melt", &body)
    };
    assert_eq!(failure(&with("rc", json!(HashCode::ZERO))), (404, 1355));
    assert_eq!(failure(&with("batch_seeds", json!([HashCode::ZERO]))), (400, 1356));
    let zeros = json!([HashCode::ZERO, HashCode::ZERO]);
    assert_eq!(failure(&with("batch_seeds", zeros)), (409, 1353));
    let right = with("a_member_of_tomorrow", json!(7));
    assert_eq!(right.status, 200, "{right:?}");
    assert!(refresh.coins(at, &right.json()).iter().all(Coin::is_good));
    let ledger = exchange.ledger();
    assert_eq!(sum_of(&ledger), ledger["topped_up"]);
}

#[test]
fn what_is_paid_too_little_is_not_signed_and_what_is_paid_too_much_is_lost() {
    let exchange = Exchange::start();
    let coin = exchange.coin("2");
    let new = of(&exchange, &["0.5", "0.2"]);
    // The melt of the old generation does not see it.
    let poor = Refresh::paying(false, &coin, &new, None, kudos("0.71"));
    let at = hidden(&exchange, &poor, &melt(&exchange, &poor));
    assert_eq!(failure(&reveal(&exchange, &poor, at)), (400, 1360));
    let rich = Refresh::paying(false, &coin, &new, None, kudos("0.8"));
    assert_eq!(changed(&exchange, &rich).len(), 2);
    let ledger = exchange.ledger();
    assert_eq!(ledger["melting"], "KUDOS:0.69");
    assert_eq!(sum_of(&ledger), ledger["topped_up"]);
    for amount in ["0.71", "0.73"] {
        let wrong = Refresh::paying(true, &coin, &new, None, kudos(amount));
        assert_eq!(failure(&melt(&exchange, &wrong)), (400, 26));
    }
}

#[test]
fn a_denomination_that_is_issued_no_more_is_no_change_and_can_be_changed() {
    let exchange = Exchange::start();
    let new = exchange.denomination("0.1");
    for is_new in BOTH {
        let coin = exchange.coin("1");
        let refresh = change(is_new, &coin, std::slice::from_ref(&new));
        let early = melt(&exchange, &refresh);
        let at = hidden(&exchange, &refresh, &early);
        if is_new {
            exchange.revoke(&new);
            // What was answered before is answered again.
            assert_eq!(melt(&exchange, &refresh).text, early.text);
        }
        let reply = reveal(&exchange, &refresh, at);
        if is_new {
            assert_eq!(failure(&reply), (410, 1010));
        } else {
            assert_eq!(reply.status, 200);
        }
    }
    let coin = exchange.coin("1");
    let small = of(&exchange, &["0.2"]);
    let before = BOTH.map(|is_new| {
        let refresh = change(is_new, &coin, &small);
        let answer = melt(&exchange, &refresh).text;
        (refresh, answer)
    });
    exchange.revoke(&coin.denomination);
    for (refresh, answer) in before {
        assert_eq!(melt(&exchange, &refresh).text, answer);
    }
    for is_new in BOTH {
        let refresh = change(is_new, &coin, &small);
        assert_eq!(failure(&melt(&exchange, &refresh)), (410, 1010));
    }
}

#[test]
fn a_refresh_survives_a_power_cut_at_every_moment() {
    let exchange = Exchange::start();
    for is_new in BOTH {
        let coin = exchange.coin("1");
        let refresh = change(is_new, &coin, &of(&exchange, &["0.2", "0.1"]));
        let melted = melt(&exchange, &refresh);
        let at = hidden(&exchange, &refresh, &melted);
        let after = exchange.after_power_cut();
        assert_eq!(melt(&after, &refresh).text, melted.text);
        assert_eq!(after.ledger(), exchange.ledger());
        let revealed = reveal(&exchange, &refresh, at);
        assert_eq!(revealed.status, 200, "{revealed:?}");
        // RSA signs the same bytes alike, whoever was cut off.
        assert_eq!(reveal(&after, &refresh, at).text, revealed.text);
        let after = exchange.after_power_cut();
        assert_eq!(reveal(&after, &refresh, at).text, revealed.text);
        assert_eq!(melt(&after, &refresh).text, melted.text);
        assert_eq!(after.ledger(), exchange.ledger());
    }
}

#[test]
fn melts_and_reveals_can_go_wrong_and_are_true_afterwards() {
    let exchange = Exchange::start();
    for is_new in BOTH {
        let coin = exchange.coin("1");
        let refresh = change(is_new, &coin, &of(&exchange, &["0.2"]));
        let melt_with = |act: FaultAction| {
            exchange.misbehave(Faults { melt: Some(act.into()), ..Faults::default() });
            melt(&exchange, &refresh)
        };
        assert_eq!(failure(&melt_with(FaultAction::Status(503))), (503, 50));
        assert_eq!(failure(&melt_with(FaultAction::DenominationUnknown)), (404, 1005));
        assert_eq!(failure(&melt_with(FaultAction::DoubleSpending)), (409, 1012));
        let unseen = exchange.get(&format!("sandbox/coins/{}", coin.key.public_key()));
        assert_eq!(failure(&unseen), (404, 1019));
        assert_eq!(melt_with(FaultAction::FailAfterwards(500)).status, 500);
        assert_eq!(exchange.account_of(&coin)["left"], "KUDOS:0.78");
        let lie = melt_with(FaultAction::WrongSignature).json();
        let truth = melt_with(FaultAction::Behave);
        let at = hidden(&exchange, &refresh, &truth);
        assert_eq!(lie["noreveal_index"], at);
        assert_ne!(lie["exchange_sig"], truth.json()["exchange_sig"]);
        let reveal_with = |act: FaultAction| {
            exchange.misbehave(Faults { reveal: Some(act.into()), ..Faults::default() });
            reveal(&exchange, &refresh, at)
        };
        assert_eq!(failure(&reveal_with(FaultAction::Status(502))), (502, 50));
        assert_eq!(reveal_with(FaultAction::FailAfterwards(500)).status, 500);
        let bad = reveal_with(FaultAction::WrongSignature).json();
        assert!(!refresh.coins(at, &bad)[0].is_good());
        let good = reveal_with(FaultAction::Behave).json();
        assert!(refresh.coins(at, &good)[0].is_good());
    }
    for (fault, act) in [("melt", "frozen"), ("reveal", "unknown_signing_key")] {
        let faults = json!({ fault: { "act": act } });
        assert_eq!(failure(&exchange.post("sandbox/faults", &faults)), (400, 26));
    }
}

#[test]
fn change_of_a_coin_that_knows_ages_is_as_old_as_the_coin() {
    let exchange = Exchange::start();
    let aged: Vec<_> =
        exchange.denominations().into_iter().filter(|one| one.ages.bits() != 0).collect();
    let values: Vec<_> = aged.iter().map(|one| one.value.to_string()).collect();
    assert_eq!(values, ["KUDOS:1", "KUDOS:0.1", "KUDOS:0.01"]);
    for is_new in BOTH {
        let seeds = (1..=u8::try_from(aged[0].ages.upper_groups()).unwrap()).map(|n| [n; 32]);
        let keys: Vec<_> = seeds.map(|seed| AgeKey::from_seed(&seed)).collect();
        let public: Vec<_> = keys.iter().map(AgeKey::public_key).collect();
        let hash = AgeCommitment::new(public.clone()).hash();
        let coin = exchange.coin_of(&aged[0], Some(hash));
        let new = [aged[1].clone(), aged[2].clone(), exchange.denomination("0.1")];
        let refresh = Refresh::aged(is_new, &coin, &new, Some(&public));
        let at = hidden(&exchange, &refresh, &melt(&exchange, &refresh));
        let (path, body) = refresh.reveal(at);
        let name = if is_new { "age_commitment" } else { "old_age_commitment" };
        let mut wrong = body.clone();
        wrong[name][0] = json!(PublicKey::new([9; 32]));
        assert_eq!(failure(&exchange.post(&path, &wrong)), (400, 1365));
        wrong.as_object_mut().unwrap().remove(name);
        assert_eq!(failure(&exchange.post(&path, &wrong)), (400, 1365));
        let signed = exchange.post(&path, &body);
        assert_eq!(signed.status, 200, "{signed:?}");
        let coins = refresh.coins(at, &signed.json());
        assert!(coins.iter().all(Coin::is_good));
        // A new coin proves the age that the old one proves, and is another one.
        let commitment = AgeCommitment::new(refresh.ages(at, 0).to_vec());
        assert_eq!(Some(commitment.hash()), coins[0].h_age_commitment);
        assert_ne!(Some(hash), coins[0].h_age_commitment);
        let spent = Merchant::new();
        let purchase = spent.purchase(&exchange, "wine");
        let paid = spent.deposit(&exchange, &purchase, &[coins[0].deposited(&purchase, "0.1")]);
        assert_eq!(paid.status, 200, "{paid:?}");
        let statement = AgeAttestation { age_mask: aged[0].ages.bits(), age: 18 };
        assert!(!commitment.proves(aged[0].ages, 18, None));
        let other = keys[5].sign(&statement);
        assert!(!commitment.proves(aged[0].ages, 18, Some(&other)));
    }
}

#[test]
fn an_exchange_of_the_old_generation_has_no_new_paths() {
    let exchange = Exchange::start_with(|settings| settings.generations = Generations::Old);
    assert_eq!(exchange.get("config").json()["version"], "23:0:6");
    for path in ["withdraw", "melt", "reveal-melt"] {
        assert_eq!(failure(&exchange.post(path, &json!({}))), (404, 21), "{path}");
    }
    let coin = exchange.coin("1");
    assert_eq!(changed(&exchange, &change(false, &coin, &of(&exchange, &["0.2"]))).len(), 1);
    let exchange = Exchange::start();
    assert_eq!(exchange.get("config").json()["version"], "32:0:9");
    // The forms in between are not served, and say so.
    let coin = exchange.coin("1");
    let refresh = change(true, &coin, &of(&exchange, &["0.2"]));
    let mut request = refresh.melt.clone();
    request.as_object_mut().unwrap().remove("transfer_pubs");
    assert_eq!(failure(&exchange.post("melt", &request)), (501, 76));
    let at = hidden(&exchange, &refresh, &melt(&exchange, &refresh));
    let (_, mut body) = refresh.reveal(at);
    body["signatures"] = body.as_object_mut().unwrap().remove("batch_seeds").unwrap();
    assert_eq!(failure(&exchange.post("reveal-melt", &body)), (501, 76));
}
